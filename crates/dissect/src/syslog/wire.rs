//! The heads of syslog messages (RFC 3164 section 4.1, RFC 5424 section 6) and frames over TCP (RFC 6587 section 3.4).

use memchr::memchr;
use wardtap_net::reader::Reader;

use crate::plain::Value;
use crate::public::Public;

/// Octets of a message that are looked at: the longest header of RFC 5424 section 6 (its fields add up to 511).
pub(super) const HEAD_MAX: usize = 512;

/// Digits of the length in front of a message (RFC 6587 section 3.4.1): a megabyte, where receivers need take 8 KiB.
const COUNT_DIGITS_MAX: usize = 6;

/// The greatest priority (RFC 5424 section 6.2.1).
const PRIORITY_MAX: u8 = 191;

/// Octets of a priority with its brackets.
const PRIORITY_OCTETS_MAX: usize = 5;

/// Characters of a program's name (RFC 3164 section 4.1.3).
const APPLICATION_MAX: usize = 32;

/// Octets of a host's name (RFC 5424 section 6).
const HOST_MAX: usize = 255;

/// Facilities (RFC 5424 table 1) by their usual names.
#[rustfmt::skip]
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp", "audit",
    "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];

/// Severities (RFC 5424 table 2).
const SEVERITIES: [&str; 8] =
    ["emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug"];

/// Programs that are named without their process: any other word with a colon may begin a text.
const WITHOUT_PROCESS: [&[u8]; 10] =
    [b"kernel", b"su", b"sudo", b"syslogd", b"rsyslogd", b"systemd", b"last", b"CRON", b"dhcpd", b"ntpd"];

/// Message ids of audit trails of health care (IHE ITI-20, DICOM PS3.15 section A.6).
const AUDIT: [&[u8]; 4] = [b"IHE+RFC-3881", b"IHE+DICOM", b"DICOM+RFC3881", b"IHE-RFC-3881"];

const MONTHS: [&[u8]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// How a date and time of RFC 3339 looks, up to its seconds.
const DATE_TIME: &[u8] = b"0000-00-00T00:00:00";

/// The same of RFC 3164 behind the month: a day with a space for its first digit, and the time.
const DAY_TIME: &[u8] = b" _0 00:00:00 ";

/// What is read of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    priority: u8,
    pub is_rfc5424: bool,
    application: [u8; APPLICATION_MAX],
    length: u8,
    /// It is of an audit trail of health care.
    pub is_audit: bool,
}

impl Head {
    /// Reads the head of a message; None where it does not begin with a priority.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..HEAD_MAX).unwrap_or(bytes);
        let (priority, length) = priority(bytes)??;
        let text = bytes.get(length..).unwrap_or_default();
        let mut head =
            Self { priority, is_rfc5424: false, application: [0; APPLICATION_MAX], length: 0, is_audit: false };
        match header(text) {
            Some([application, id]) => {
                head.is_rfc5424 = true;
                head.is_audit = AUDIT.contains(&id);
                if is_application(application) && application != b"-" {
                    head.name(application);
                }
            }
            None => head.name(tag(text).unwrap_or_default()),
        }
        Some(head)
    }

    fn name(&mut self, application: &[u8]) {
        for (to, from) in self.application.iter_mut().zip(application) {
            *to = *from;
        }
        self.length = u8::try_from(application.len().min(APPLICATION_MAX)).unwrap_or(0);
    }

    pub(super) fn facility(&self) -> Value<'static> {
        FACILITIES.get(usize::from(self.priority >> 3)).map_or(Value::None, |word| Value::word(word))
    }

    pub(super) fn severity(&self) -> Value<'static> {
        SEVERITIES.get(usize::from(self.priority & 7)).map_or(Value::None, |word| Value::word(word))
    }

    pub(super) fn application(&self) -> Value<'_> {
        let name = self.application.get(..self.length.into()).filter(|name| !name.is_empty());
        Value::text(name.map(|name| Public::shaped(name, APPLICATION_MAX, is_of_application)))
    }
}

/// Characters of a program's name: none that a person's has and a word of a text has not, but it stands where only a
/// program is named.
fn is_of_application(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

fn is_application(name: &[u8]) -> bool {
    (1..=APPLICATION_MAX).contains(&name.len()) && name.iter().all(|byte| is_of_application(*byte))
}

/// `<PRI>` and how long it is; inner None where the bytes end before that shows, outer None where it is none.
#[allow(clippy::option_option)]
fn priority(bytes: &[u8]) -> Option<Option<(u8, usize)>> {
    let Some((first, digits)) = bytes.split_first() else { return Some(None) };
    if *first != b'<' {
        return None;
    }
    let mut number = 0u8;
    for (read, byte) in digits.iter().enumerate() {
        match byte {
            b'>' if read > 0 => return Some(Some((number, read.saturating_add(2)))),
            // RFC 5424 section 6.2.1: no leading zeros.
            b'0'..=b'9' if read == 0 || number > 0 && read < PRIORITY_OCTETS_MAX.saturating_sub(2) => {
                number = number.checked_mul(10)?.checked_add(byte.checked_sub(b'0')?)?;
                if number > PRIORITY_MAX {
                    return None;
                }
            }
            _ => return None,
        }
    }
    Some(None)
}

/// The name of the program and the id of the message in a header of RFC 5424 behind its priority; None where it is none.
fn header(text: &[u8]) -> Option<[&[u8]; 2]> {
    let mut words = text.split(|byte| *byte == b' ');
    let (version, time) = (words.next()?, words.next()?);
    let is_time = time == b"-" || looks_like(time.get(..DATE_TIME.len())?, DATE_TIME);
    if version != b"1" || !is_time || words.next()?.len() > HOST_MAX {
        return None;
    }
    let application = words.next()?;
    words.next()?;
    let id = words.next()?;
    // Structured data follows, or there is none.
    let data = words.next().unwrap_or_default();
    (data.is_empty() || data.starts_with(b"-") || data.starts_with(b"[")).then_some([application, id])
}

/// The program that a message of RFC 3164 names behind its priority: `name[process]:`, behind the time and the host where
/// those are there.
fn tag(text: &[u8]) -> Option<&[u8]> {
    let month = MONTHS.iter().any(|month| text.starts_with(month));
    let is_time =
        month && text.get(3..).is_some_and(|rest| looks_like(rest.get(..DAY_TIME.len()).unwrap_or(b""), DAY_TIME));
    let behind = if is_time { text.get(DAY_TIME.len().saturating_add(3)..)? } else { text };
    behind.split(|byte| *byte == b' ').take(2).find_map(program)
}

/// The program of a word like `sshd[123]:`.
fn program(word: &[u8]) -> Option<&[u8]> {
    let word = word.strip_suffix(b":")?;
    let Some(inner) = word.strip_suffix(b"]") else {
        return WITHOUT_PROCESS.contains(&word).then_some(word);
    };
    let open = memchr(b'[', inner)?;
    let (name, process) = (inner.get(..open)?, inner.get(open.saturating_add(1)..)?);
    let is_process = (1..=10).contains(&process.len()) && process.iter().all(u8::is_ascii_digit);
    (is_process && is_application(name)).then_some(name)
}

/// Whether bytes have a shape: a digit where it has a 0, a digit or a space where it has a line, else the same.
fn looks_like(bytes: &[u8], shape: &[u8]) -> bool {
    bytes.len() == shape.len() && could_be(bytes, shape)
}

/// The same of as many bytes as there are.
fn could_be(bytes: &[u8], shape: &[u8]) -> bool {
    bytes.iter().zip(shape).all(|(byte, shape)| match shape {
        b'0' => byte.is_ascii_digit(),
        b'_' => byte.is_ascii_digit() || *byte == b' ',
        _ => byte == shape,
    })
}

/// Whether bytes begin a message: None where they are too few.
pub(super) fn begins(bytes: &[u8]) -> Option<bool> {
    match priority(bytes) {
        None => Some(false),
        Some(None) => None,
        Some(Some(_)) => Some(true),
    }
}

/// Whether they begin one of RFC 5424 with a time.
pub(super) fn begins_with_header(bytes: &[u8]) -> Option<bool> {
    let length = match priority(bytes) {
        None => return Some(false),
        Some(None) => return None,
        Some(Some((_, length))) => length,
    };
    let text = bytes.get(length..).unwrap_or_default();
    let (version, time) = text.split_at(text.len().min(2));
    if !b"1 ".starts_with(version) || !could_be(time, DATE_TIME) {
        return Some(false);
    }
    (time.len() >= DATE_TIME.len()).then_some(true)
}

/// Where the message of a frame begins: behind its length, where it has one; None where it is no frame.
pub(super) fn start_of_frame(bytes: &[u8]) -> Option<usize> {
    match frame(bytes) {
        Frame::Line => Some(0),
        Frame::Counted { start, .. } => Some(start),
        // There is nothing of it yet.
        Frame::Unsure => Some(bytes.len()),
        Frame::None => None,
    }
}

/// How a message is framed (RFC 6587 section 3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// It ends with a line.
    Line,
    /// Its length stands in front.
    Counted { start: usize, length: u64 },
    /// More bytes are needed to tell.
    Unsure,
    /// It is none.
    None,
}

/// How what begins here is framed.
pub(super) fn frame(bytes: &[u8]) -> Frame {
    let mut reader = Reader::new(bytes);
    let mut length = 0u64;
    loop {
        let digits = reader.position();
        match reader.u8() {
            None => return Frame::Unsure,
            Some(b'<') if digits == 0 => return Frame::Line,
            Some(byte @ b'0'..=b'9') if digits < COUNT_DIGITS_MAX && (digits > 0 || byte != b'0') => {
                length = length.saturating_mul(10).saturating_add(u64::from(byte & 15));
            }
            Some(b' ') if digits > 0 => return Frame::Counted { start: reader.position(), length },
            Some(_) => return Frame::None,
        }
    }
}
