//! Heads of messages (RFC 9112 sections 2 to 5), and what in them says how long the body is (section 6).

use wardtap_net::stream::Side;

use super::vocabulary;
use crate::Probe;
use crate::clues::{CLUE_MAX, is_of_product};
use crate::digest::digest;
use crate::public::{Public, UNREADABLE};

/// Octets gathered of a head; servers take 8 KiB and more (RFC 9112 section 3: request lines of 8,000 octets at least).
pub(super) const HEAD_MAX: usize = 16 * 1024;

/// Header fields of a head; one with more is not read.
const FIELDS_MAX: usize = 100;

/// Characters of a method: IANA's registry has none of more than seventeen.
const METHOD_MAX: usize = 24;

/// Octets of a request's line that are waited for before its end decides whether it is HTTP.
const LINE_SEEN: usize = 1024;

/// What a connection of HTTP/2 begins with (RFC 9113 section 3.4).
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What a response begins with.
pub(super) const VERSION: &[u8] = b"HTTP/1.";

/// Methods in the order of their kinds (RFC 9110 section 9.3, RFC 5789), then those of WebDAV (RFC 4918, RFC 3253, RFC 5323,
/// RFC 4791) and UPnP, which have none of their own.
pub(super) const METHODS: [&[u8]; 24] = [
    b"GET",
    b"HEAD",
    b"POST",
    b"PUT",
    b"DELETE",
    b"OPTIONS",
    b"PATCH",
    b"CONNECT",
    b"TRACE",
    b"PROPFIND",
    b"PROPPATCH",
    b"MKCOL",
    b"COPY",
    b"MOVE",
    b"LOCK",
    b"UNLOCK",
    b"REPORT",
    b"SEARCH",
    b"MKCALENDAR",
    b"SUBSCRIBE",
    b"UNSUBSCRIBE",
    b"NOTIFY",
    b"QUERY",
    b"BPROPFIND",
];

/// Whether the bytes of an end begin with a message.
pub(super) fn begins(bytes: &[u8], side: Side) -> Probe {
    match bytes.first() {
        Some(b'A'..=b'Z') => {}
        _ => return Probe::No,
    }
    if bytes.starts_with(b"HTTP") || b"HTTP".starts_with(bytes) {
        return begins_response(bytes, side);
    }
    if bytes.starts_with(PREFACE) {
        return Probe::Yes(Some(side));
    }
    if PREFACE.starts_with(bytes) {
        return Probe::Unsure;
    }
    begins_request(bytes, side)
}

/// `HTTP/1.1 200 `: a status line (RFC 9112 section 4).
fn begins_response(bytes: &[u8], side: Side) -> Probe {
    for (place, byte) in bytes.iter().enumerate().take(13) {
        let fits = match place {
            0..7 => VERSION.get(place) == Some(byte),
            7 => matches!(byte, b'0' | b'1'),
            8 => *byte == b' ',
            9..12 => byte.is_ascii_digit(),
            _ => matches!(byte, b' ' | b'\r' | b'\n'),
        };
        if !fits {
            return Probe::No;
        }
    }
    if bytes.len() < 13 { Probe::Unsure } else { Probe::Yes(Some(side.other())) }
}

/// `GET /path HTTP/1.1`: a request line (RFC 9112 section 3). RTSP, SIP and others have lines that only end otherwise.
fn begins_request(bytes: &[u8], side: Side) -> Probe {
    let line = bytes.get(..LINE_SEEN).unwrap_or(bytes);
    let Some(method) = memchr::memchr(b' ', line.get(..METHOD_MAX).unwrap_or(line)) else {
        let may_be = METHODS.iter().any(|method| method.starts_with(line));
        return if may_be { Probe::Unsure } else { Probe::No };
    };
    let (method, rest) = line.split_at(method);
    if !METHODS.contains(&method) {
        return Probe::No;
    }
    let rest = rest.get(1..).unwrap_or_default();
    match memchr::memchr(b'\n', rest) {
        Some(end) => {
            let line = rest.get(..end).unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let is_it = line.ends_with(b" HTTP/1.1") || line.ends_with(b" HTTP/1.0");
            if is_it && is_target(line.get(..line.len().saturating_sub(9)).unwrap_or_default()) {
                Probe::Yes(Some(side))
            } else {
                Probe::No
            }
        }
        None if !rest.iter().all(|byte| is_of_target(*byte) || matches!(byte, b' ' | b'\r')) => Probe::No,
        // A long line: by its target.
        None if bytes.len() >= LINE_SEEN && rest.first() == Some(&b'/') => Probe::Yes(Some(side)),
        None if bytes.len() >= LINE_SEEN => Probe::No,
        None => Probe::Unsure,
    }
}

fn is_target(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| is_of_target(*byte))
}

/// RFC 3986 section 2, and what is not ASCII, which some send all the same.
pub(super) fn is_of_target(byte: u8) -> bool {
    byte.is_ascii_graphic() || !byte.is_ascii()
}

/// Whether these are, or may become, the first octets of a message of an end of a conversation.
pub(super) fn may_begin(bytes: &[u8], is_request: bool) -> bool {
    if !is_request {
        return bytes.starts_with(VERSION) || VERSION.starts_with(bytes);
    }
    let start = bytes.get(..METHOD_MAX).unwrap_or(bytes);
    match start.iter().position(|byte| !(byte.is_ascii_uppercase() || matches!(byte, b'-' | b'_'))) {
        Some(0) => false,
        Some(end) => start.get(end) == Some(&b' '),
        None => start.len() < METHOD_MAX,
    }
}

/// Where a head ends, behind its empty line; `from` octets were looked through before.
pub(super) fn end(bytes: &[u8], from: usize) -> Option<usize> {
    let from = from.saturating_sub(2).min(bytes.len());
    let lines = memchr::memchr_iter(b'\n', bytes.get(from..)?).map(|place| place.saturating_add(from));
    for line in lines {
        match bytes.get(line.saturating_add(1)..)? {
            [b'\n', ..] => return Some(line.saturating_add(2)),
            [b'\r', b'\n', ..] => return Some(line.saturating_add(3)),
            _ => {}
        }
    }
    None
}

/// How long the body is, as the head says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Length {
    #[default]
    Unsaid,
    Octets(u64),
    Chunks,
    /// What is sent until the connection is closed: encoded otherwise than in chunks.
    UntilClose,
    /// It says two things, or none that can be.
    Unclear,
}

/// What is kept of a head.
#[derive(Clone, Copy)]
pub(super) struct Head {
    /// The kind of message.
    pub kind: usize,
    /// Of a response.
    pub status: u16,
    pub length: Length,
    /// It says two lengths, of which one counts (RFC 9112 section 6.3): others may take the other one.
    pub is_ambiguous: bool,
    pub software: Option<Text>,
    pub resource: Option<&'static str>,
    pub auth: Option<&'static str>,
    /// A digest of a name with its password.
    pub login: Option<u32>,
    pub media: Option<&'static str>,
    pub is_program: bool,
}

/// Text of a product's shape, kept until its message is complete.
#[derive(Clone, Copy)]
pub(super) struct Text {
    bytes: [u8; CLUE_MAX],
    length: usize,
}

impl Text {
    fn of(bytes: &[u8]) -> Self {
        let shaped = Public::shaped(bytes, CLUE_MAX, is_of_product).as_str().as_bytes();
        let mut text = Self { bytes: [0; CLUE_MAX], length: shaped.len() };
        text.bytes.iter_mut().zip(shaped).for_each(|(to, from)| *to = *from);
        text
    }

    pub(super) fn public(&self) -> Public<'_> {
        let bytes = self.bytes.get(..self.length).unwrap_or_default();
        if bytes == UNREADABLE.as_bytes() {
            Public::word(UNREADABLE)
        } else {
            Public::shaped(bytes, CLUE_MAX, is_of_product)
        }
    }
}

/// Reads the head of a request.
pub(super) fn request(bytes: &[u8]) -> Option<Head> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut request = httparse::Request::new(&mut fields);
    if request.parse(bytes).ok()?.is_partial() {
        return None;
    }
    let method = request.method?.as_bytes();
    let target = request.path?.as_bytes();
    let kind = METHODS.iter().take(super::OTHER_METHOD).position(|known| *known == method);
    let mut head = Head::new(kind.unwrap_or(super::OTHER_METHOD), "user-agent", request.headers);
    head.resource = Some(vocabulary::resource(method, target));
    head.is_program = vocabulary::is_program(target);
    head.auth = head.auth.or(Some("none"));
    Some(head)
}

/// Reads the head of a response.
pub(super) fn response(bytes: &[u8]) -> Option<Head> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut response = httparse::Response::new(&mut fields);
    // RFC 9112 section 5.2: who takes a response must take fields of several lines; who takes a request must not.
    let mut config = httparse::ParserConfig::default();
    config.allow_obsolete_multiline_headers_in_responses(true);
    if config.parse_response(&mut response, bytes).ok()?.is_partial() {
        return None;
    }
    let status = response.code?;
    let mut head = Head::new(super::RESPONSE, "server", response.headers);
    head.status = status;
    head.auth = None;
    Some(head)
}

impl Head {
    fn new(kind: usize, software: &str, fields: &[httparse::Header<'_>]) -> Self {
        let mut head = Self {
            kind,
            status: 0,
            length: Length::Unsaid,
            is_ambiguous: false,
            software: None,
            resource: None,
            auth: None,
            login: None,
            media: None,
            is_program: false,
        };
        let (mut octets, mut coded) = (Length::Unsaid, Length::Unsaid);
        for field in fields {
            let (name, value) = (field.name, field.value.trim_ascii());
            let is = |known: &str| name.eq_ignore_ascii_case(known);
            if is("content-length") {
                octets = match (octets, number(value)) {
                    (Length::Unsaid, Some(length)) => Length::Octets(length),
                    (Length::Octets(before), Some(length)) if before == length => octets,
                    _ => Length::Unclear,
                };
            } else if is("transfer-encoding") {
                coded = coding(value);
            } else if is(software) {
                head.software = head.software.or_else(|| (!value.is_empty()).then(|| Text::of(value)));
            } else if is("authorization") || is("proxy-authorization") {
                let scheme = vocabulary::scheme(value);
                head.auth = head.auth.or(Some(scheme));
                if scheme == "basic" {
                    head.login = Some(digest(value.iter().skip(scheme.len()).copied()));
                }
            } else if is("content-type") {
                head.media = head.media.or_else(|| Some(vocabulary::media(value)));
            }
        }
        // RFC 9112 section 6.3: the encoding counts, not the length beside it.
        head.is_ambiguous = octets == Length::Unclear || octets != Length::Unsaid && coded != Length::Unsaid;
        head.length = if coded == Length::Unsaid { octets } else { coded };
        head
    }
}

/// A length of digits alone; the same one may stand there twice (RFC 9110 section 8.6).
fn number(value: &[u8]) -> Option<u64> {
    let mut same = None;
    for part in value.split(|byte| *byte == b',') {
        let part = part.trim_ascii();
        let is_number = !part.is_empty() && part.len() <= 18 && part.iter().all(u8::is_ascii_digit);
        let number: u64 = std::str::from_utf8(part).ok().filter(|_| is_number)?.parse().ok()?;
        if same.is_some_and(|same| same != number) {
            return None;
        }
        same = Some(number);
    }
    same
}

/// RFC 9112 section 6.1: chunks are the last encoding where there are any.
fn coding(value: &[u8]) -> Length {
    let last = value.rsplit(|byte| *byte == b',').next().unwrap_or_default().trim_ascii();
    if last.eq_ignore_ascii_case(b"chunked") {
        Length::Chunks
    } else if last.eq_ignore_ascii_case(b"identity") {
        Length::Unsaid
    } else {
        Length::UntilClose
    }
}
