//! Records and the messages of the handshake that can be read (RFC 8446 sections 4 and 5, RFC 5246 sections 6 and 7).

use wardtap_net::reader::Reader;
use wardtap_net::stream::Side;

use super::offer::Extension;
use crate::Probe;

/// Octets of what a record carries: those of TLS 1.2 may be 2,048 longer than the plain text (RFC 5246 section 6.2.3).
const FRAGMENT_MAX: u16 = 16_384 + 2_048;

/// Octets gathered of a hello message. Those of browsers, with keys that no quantum computer breaks, have some two thousand.
pub(super) const HELLO_MAX: usize = 16_384;

/// Octets gathered of a certificate: the longest in use, with hundreds of names, stay below it.
pub(super) const CERTIFICATE_MAX: usize = 16_384;

/// Extensions of a choice that are looked through.
const LISTED_MAX: usize = 128;

/// Octets of a record's header.
pub(super) const RECORD_HEADER: usize = 5;

/// Octets of a handshake message's header.
const MESSAGE_HEADER: usize = 4;

/// Octets from a record's header to the version of the hello message in it.
const HELLO_SEEN: usize = 11;

/// Handshake types (RFC 8446 section 4, RFC 5246 section 7.4).
pub(super) mod handshake {
    pub(crate) const CLIENT_HELLO: u8 = 1;
    pub(crate) const SERVER_HELLO: u8 = 2;
    pub(crate) const CERTIFICATE: u8 = 11;
    /// What else stands there in clear (IANA's registry of TLS handshake types): requests to begin, tickets, keys, what is
    /// asked of a client and that a server is done, the state of a certificate.
    pub(super) const OTHERS: [u8; 12] = [0, 4, 8, 12, 13, 14, 15, 16, 20, 21, 22, 23];
}

/// What a record carries (RFC 8446 section 5.1, RFC 5246 section 6.2.1).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    ChangeCipherSpec,
    Alert,
    Handshake,
    ApplicationData,
    /// RFC 6520.
    Heartbeat,
}

/// A record's header.
#[derive(Clone, Copy)]
pub(super) struct Record {
    pub content: Content,
    pub length: u16,
}

impl Record {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut header = Reader::new(bytes);
        let content = match header.u8()? {
            20 => Content::ChangeCipherSpec,
            21 => Content::Alert,
            22 => Content::Handshake,
            23 => Content::ApplicationData,
            24 => Content::Heartbeat,
            _ => return None,
        };
        let is_known = header.u8()? == 3 && header.u8()? <= 4;
        let length = header.be16()?;
        // RFC 8446 section 5.1: only what is encrypted may be empty.
        let may_be = length <= FRAGMENT_MAX && (length > 0 || content == Content::ApplicationData);
        (is_known && may_be).then_some(Self { content, length })
    }
}

/// Whether the bytes of an end begin with a hello message.
pub(super) fn begins_hello(bytes: &[u8], side: Side) -> Probe {
    if bytes.first() != Some(&22) {
        return Probe::No;
    }
    let fits = |place: usize, is_it: fn(u8) -> bool| bytes.get(place).is_none_or(|byte| is_it(*byte));
    // The header of the record; type and length of the message, which no hello has 65,536 octets of; its version.
    let is_hello = fits(1, |byte| byte == 3)
        && fits(2, |byte| byte <= 4)
        && fits(5, |byte| matches!(byte, handshake::CLIENT_HELLO | handshake::SERVER_HELLO))
        && fits(6, |byte| byte == 0)
        && fits(9, |byte| byte == 3)
        && fits(10, |byte| byte <= 4);
    let length = Reader::new(bytes.get(3..).unwrap_or_default()).be16();
    let has_room =
        |length: u16| usize::from(length) >= HELLO_SEEN.saturating_sub(RECORD_HEADER) && length <= FRAGMENT_MAX;
    if !is_hello || !length.is_none_or(has_room) {
        Probe::No
    } else if bytes.len() < HELLO_SEEN {
        Probe::Unsure
    } else if bytes.get(5) == Some(&handshake::CLIENT_HELLO) {
        Probe::Yes(Some(side))
    } else {
        Probe::Yes(Some(side.other()))
    }
}

/// Whether the bytes of the ends are application data of TLS, caught in the middle. One header is five octets, which may
/// stand anywhere in a file: there must be two, of one end or of each, or the port must say so, too.
///
/// Of an end whose second record is none the other end's may still come: a probe that has said no has said it for good.
pub(super) fn begins_data(ends: [&[u8]; 2], is_usual: bool) -> Probe {
    let headers = ends.map(begins_record_of_data);
    let both = ends.map(two_records_of_data);
    let is_open = ends.iter().zip(both).any(|(bytes, end)| !bytes.is_empty() && end == Probe::Unsure);
    match headers {
        [Probe::Yes(_), Probe::Yes(_)] => Probe::Yes(None),
        [Probe::Yes(_), _] | [_, Probe::Yes(_)] if is_usual => Probe::Yes(None),
        _ if both.iter().any(|end| matches!(end, Probe::Yes(_))) => Probe::Yes(None),
        [Probe::No, _] | [_, Probe::No] if !is_open => Probe::No,
        _ if ends.iter().all(|end| end.is_empty()) => Probe::No,
        _ => Probe::Unsure,
    }
}

/// Whether bytes begin with the header of a record of application data; of no bytes that is open.
fn begins_record_of_data(bytes: &[u8]) -> Probe {
    /// No cipher suite makes less of nothing (RFC 8446 section 5.2: type and tag; RFC 5246 section 6.2.3.1: SHA-1 or MD5).
    const LEAST: u16 = 16;
    let fits = |place: usize, is_it: fn(u8) -> bool| bytes.get(place).is_none_or(|byte| is_it(*byte));
    // That of TLS 1.3 is that of 1.2 (RFC 8446 section 5.2), those of 1.0 and 1.1 are their own.
    if !(fits(0, |byte| byte == 23) && fits(1, |byte| byte == 3) && fits(2, |byte| (1..=3).contains(&byte))) {
        return Probe::No;
    }
    match Reader::new(bytes.get(3..).unwrap_or_default()).be16() {
        Some(length) if (LEAST..=FRAGMENT_MAX).contains(&length) => Probe::Yes(None),
        Some(_) => Probe::No,
        None => Probe::Unsure,
    }
}

/// Whether bytes begin with two whole records of application data of one version.
fn two_records_of_data(bytes: &[u8]) -> Probe {
    let mut rest = Reader::new(bytes);
    for _ in 0..2 {
        let begins = rest.rest();
        match begins_record_of_data(begins) {
            Probe::Yes(_) => {}
            other => return other,
        }
        if begins.get(2) != bytes.get(2) {
            return Probe::No;
        }
        let length = rest.skip(3).and_then(|()| rest.be16());
        if length.and_then(|length| rest.skip(length.into())).is_none() {
            return Probe::Unsure;
        }
    }
    Probe::Yes(None)
}

/// What is to be done with a handshake message of which these octets are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// So many are needed to go on.
    Need(usize),
    /// The first `length` can be read; `rest` more belong to the message.
    Read { length: usize, rest: usize },
    /// All of so many are passed over; the message is one that is read, and too long for that.
    Pass { length: usize, is_too_long: bool },
    /// It is none.
    Nothing,
}

impl Plan {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut header = Reader::new(bytes);
        let (Some(kind), Some(length)) = (header.u8(), be24(&mut header)) else { return Self::Need(MESSAGE_HEADER) };
        let whole = length.saturating_add(MESSAGE_HEADER);
        let wanted = match kind {
            handshake::CLIENT_HELLO | handshake::SERVER_HELLO if length <= HELLO_MAX => whole,
            handshake::CERTIFICATE => match leaf_end(&mut header) {
                // RFC 5246 section 7.4.2: the list's length, and that of the first certificate; a client may have none.
                None => whole.min(LEAF_BEGINS),
                Some(end) if end > whole || end > CERTIFICATE_MAX => {
                    return Self::Pass { length: whole, is_too_long: true };
                }
                Some(end) => end,
            },
            handshake::CLIENT_HELLO | handshake::SERVER_HELLO => {
                return Self::Pass { length: whole, is_too_long: true };
            }
            kind if handshake::OTHERS.contains(&kind) => return Self::Pass { length: whole, is_too_long: false },
            _ => return Self::Nothing,
        };
        if bytes.len() < wanted {
            Self::Need(wanted)
        } else {
            Self::Read { length: wanted, rest: whole.saturating_sub(wanted) }
        }
    }
}

/// Where the first certificate of a list begins: behind the message's header and two lengths.
const LEAF_BEGINS: usize = MESSAGE_HEADER + 6;

/// Where the first certificate ends, once its length is there.
fn leaf_end(body: &mut Reader<'_>) -> Option<usize> {
    be24(body)?;
    Some(be24(body)?.saturating_add(LEAF_BEGINS))
}

/// A number of three octets.
pub(super) fn be24(bytes: &mut Reader<'_>) -> Option<usize> {
    let high = bytes.u8()?;
    let low = bytes.be16()?;
    Some(usize::from(high) << 16 | usize::from(low))
}

/// A handshake message without its header.
pub(super) fn body(message: &[u8]) -> Reader<'_> {
    Reader::new(message.get(MESSAGE_HEADER..).unwrap_or_default())
}

/// What a server chooses.
#[derive(Clone, Copy)]
pub(super) struct ServerHello<'a> {
    pub version: u16,
    pub cipher: u16,
    pub session: &'a [u8],
    /// The protocol inside.
    pub protocol: Option<&'a [u8]>,
    /// A key that both had is used (RFC 8446 section 4.2.11).
    pub has_shared_key: bool,
    /// The client is to offer again (RFC 8446 section 4.1.4).
    pub is_retry: bool,
}

/// The random of a hello that asks for another one: SHA-256 of "HelloRetryRequest" (RFC 8446 section 4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

impl<'a> ServerHello<'a> {
    /// Version, random, session, what was chosen, and extensions, the version of 1.3 among them.
    pub(super) fn read(message: &'a [u8]) -> Option<Self> {
        let mut hello = body(message);
        let version = hello.be16()?;
        let random = hello.take(32)?;
        let session = hello.u8()?;
        let session = hello.take(session.into())?;
        let cipher = hello.be16()?;
        let is_retry = random == RETRY;
        let mut choice = Self { version, cipher, session, protocol: None, has_shared_key: false, is_retry };
        // The compression method, and how long all extensions are.
        if hello.skip(3).is_some() {
            for _ in 0..LISTED_MAX {
                let (Some(kind), Some(length)) = (hello.be16(), hello.be16()) else { break };
                let Some(value) = hello.take(length.into()) else { break };
                match (Extension(kind), value) {
                    (Extension::VERSIONS, [high, low]) => choice.version = u16::from_be_bytes([*high, *low]),
                    (Extension::PROTOCOLS, [_, _, _, protocol @ ..]) => choice.protocol = Some(protocol),
                    (Extension::SHARED_KEY, _) => choice.has_shared_key = true,
                    _ => {}
                }
            }
        }
        Some(choice)
    }
}

/// A version by its name.
pub(super) fn version_name(version: u16) -> Option<&'static str> {
    Some(match version {
        0x0300 => "ssl3",
        0x0301 => "1.0",
        0x0302 => "1.1",
        0x0303 => "1.2",
        0x0304 => "1.3",
        _ => return None,
    })
}

/// An alert (RFC 8446 section 6).
#[derive(Clone, Copy)]
pub(super) struct Alert {
    pub level: u8,
    pub description: u8,
}

impl Alert {
    /// Octets of one; of one that is encrypted there are more.
    pub(super) const LENGTH: u16 = 2;

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut alert = Reader::new(bytes);
        Some(Self { level: alert.u8()?, description: alert.u8()? })
    }

    /// Whether it refuses what a client that goes well with its server does not ask for. Not `protocol_version` (70),
    /// `inappropriate_fallback` (86) and `user_canceled` (90): clients go on with another version, or stop by themselves.
    pub(super) const fn refuses(self) -> bool {
        self.level == 2 && !matches!(self.description, 0 | 70 | 86 | 90)
    }
}
