//! Where the next message begins, once an end's place in its stream is lost.

use super::head::{METHODS, VERSION, is_of_target};

/// Octets of a request's line that are looked for.
const LINE_MAX: usize = 2048;

/// Octets of a status line that tell it from other text.
const STATUS_LINE: usize = 13;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A message begins here.
    At(usize),
    /// None yet; one may begin from here on.
    From(usize),
}

pub(super) fn next(bytes: &[u8], is_request: bool) -> Next {
    if is_request { next_request(bytes) } else { next_response(bytes) }
}

/// `HTTP/1.1 200 `.
fn next_response(bytes: &[u8]) -> Next {
    for place in memchr::memmem::find_iter(bytes, VERSION) {
        let line = bytes.get(place..).unwrap_or_default();
        if line.len() < STATUS_LINE {
            return Next::From(place);
        }
        if let [_, _, _, _, _, _, _, b'0' | b'1', b' ', a, b, c, b' ' | b'\r' | b'\n', ..] = line
            && [a, b, c].into_iter().all(u8::is_ascii_digit)
        {
            return Next::At(place);
        }
    }
    Next::From(bytes.len().saturating_sub(VERSION.len()))
}

/// `GET /path HTTP/1.1` and the end of the line: found from its end.
fn next_request(bytes: &[u8]) -> Next {
    const END: &[u8] = b" HTTP/1.";
    for place in memchr::memmem::find_iter(bytes, END) {
        let behind = bytes.get(place.saturating_add(END.len())..).unwrap_or_default();
        if let [b'0' | b'1', b'\r', b'\n', ..] | [b'0' | b'1', b'\n', ..] = behind
            && let Some(start) = start_of_line(bytes, place)
        {
            return Next::At(start);
        }
    }
    // What may still become a line: text behind the last control character, but the one that ends it.
    let text = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    let least = text.len().saturating_sub(LINE_MAX.saturating_add(END.len()).saturating_add(1));
    let start = text.iter().rposition(|byte| !is_of_line(*byte)).map_or(0, |last| last.saturating_add(1));
    Next::From(start.max(least))
}

fn is_of_line(byte: u8) -> bool {
    byte == b' ' || is_of_target(byte)
}

/// Where the method begins whose target ends here.
fn start_of_line(bytes: &[u8], end: usize) -> Option<usize> {
    let text = bytes.get(end.saturating_sub(LINE_MAX)..end)?;
    let space = memchr::memrchr(b' ', text)?;
    let (method, target) = text.split_at(space);
    let target = target.get(1..)?;
    if target.is_empty() || !target.iter().all(|byte| is_of_target(*byte)) {
        return None;
    }
    let method = METHODS.iter().filter(|known| method.ends_with(known)).map(|known| known.len()).max()?;
    let length = method.saturating_add(1).saturating_add(target.len());
    end.checked_sub(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_behind_anything() {
        assert_eq!(next(b"\0\xffbodyGET /a HTTP/1.1\r\nHost: b", true), Next::At(6));
        assert_eq!(next(b"a PUT /a HTTP/1.0\n", true), Next::At(2));
        assert_eq!(next(b"text HTTP/1.1 404\r\nbodyHTTP/1.1 200 OK", false), Next::At(5));
        for not in
            [&b"GET /a b HTTP/1.1\r\n"[..], b"GOT /a HTTP/1.1\r\n", b"GET  HTTP/1.1\r\n", b"GET /a HTTP/1.12\r\n"]
        {
            assert!(matches!(next(not, true), Next::From(_)), "{not:?}");
        }
        assert!(matches!(next(b"HTTP/1.1 2x0 OK HTTP/2.0 200 OK", false), Next::From(_)));
    }

    #[test]
    fn what_may_become_one_is_kept() {
        let line = b"..\nGET /abc HTTP/1.1\r\n";
        for end in 4..line.len() {
            assert!(matches!(next(&line[..end], true), Next::From(from) if from <= 3), "{end}");
        }
        let line = b"...HTTP/1.1 200 ";
        for end in 4..line.len() {
            assert!(matches!(next(&line[..end], false), Next::From(from) if from <= 3), "{end}");
        }
        assert!(matches!(next(&[b'a'; 9000], true), Next::From(from) if from > 6000));
    }
}
