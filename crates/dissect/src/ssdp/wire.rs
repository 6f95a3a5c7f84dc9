//! Messages of SSDP (UPnP Device Architecture 2.0 sections 1.2 and 1.3): heads as those of HTTP.

use crate::clues::{CLUE_MAX, is_of_product};
use crate::plain::Value;
use crate::public::Public;

/// Header fields that are looked at: a message has a dozen.
const FIELDS_MAX: usize = 32;

/// Characters of a type of device or service.
const TARGET_MAX: usize = 96;

/// What a message is for, as the protocol's kinds number it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Search,
    Alive,
    Byebye,
    Update,
    Response,
}

/// Who names types of devices and services: consortia and makers (UPnP Device Architecture section 1.2.2).
const DOMAINS: [&[u8]; 8] = [
    b"schemas-upnp-org",
    b"dial-multiscreen-org",
    b"schemas-wifialliance-org",
    b"schemas-microsoft-com",
    b"microsoft.com",
    b"schemas-sony-com",
    b"samsung.com",
    b"schemas-wisa-org",
];

/// What is read of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    pub kind: Kind,
    /// What is searched, announced or found (`ST`, `NT`).
    pub target: Option<&'a [u8]>,
    /// It has a name (`USN`), which is not read.
    pub has_name: bool,
    server: &'a [u8],
    /// Seconds for which it holds.
    pub max_age: Option<u32>,
}

impl<'a> Message<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
        let first = lines.next()?;
        let kind = if first.starts_with(b"M-SEARCH * HTTP/1.") {
            Some(Kind::Search)
        } else if first.starts_with(b"HTTP/1.1 200") || first.starts_with(b"HTTP/1.0 200") {
            Some(Kind::Response)
        } else if first.starts_with(b"NOTIFY * HTTP/1.") {
            None
        } else {
            return None;
        };
        let mut message = Self { kind: Kind::Response, target: None, has_name: false, server: &[], max_age: None };
        let mut announced = None;
        for line in lines.take(FIELDS_MAX).take_while(|line| !line.is_empty()) {
            let Some((name, value)) = field(line) else { continue };
            let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
            if is(b"ST") && kind.is_some() || is(b"NT") && kind.is_none() {
                message.target = Some(value);
            } else if is(b"NTS") {
                announced = announcement(value);
            } else if is(b"USN") {
                message.has_name = true;
            } else if is(b"SERVER") {
                message.server = value;
            } else if is(b"CACHE-CONTROL") {
                message.max_age = max_age(value);
            }
        }
        message.kind = kind.or(announced)?;
        Some(message)
    }

    /// What the sender runs: an operating system, UPnP and a product, each with a version.
    pub(super) fn server(&self) -> Option<Public<'a>> {
        let text = Public::shaped(self.server, CLUE_MAX, is_of_product);
        (!text.is_unreadable() && !text.as_str().is_empty()).then_some(text)
    }

    /// The target in few words: a type as it stands, a name only as one.
    pub(super) fn target(&self) -> Value<'a> {
        match self.target {
            None => Value::None,
            Some(b"ssdp:all") => Value::word("ssdp:all"),
            Some(b"upnp:rootdevice") => Value::word("upnp:rootdevice"),
            Some(target) if target.starts_with(b"uuid:") => Value::word("uuid"),
            Some(target) if is_type(target) => Value::Text(Public::shaped(target, TARGET_MAX, is_of_type)),
            Some(_) => Value::word("other"),
        }
    }
}

fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    Some((line.get(..colon)?.trim_ascii_end(), line.get(colon.saturating_add(1)..)?.trim_ascii()))
}

fn announcement(value: &[u8]) -> Option<Kind> {
    match value {
        b"ssdp:alive" => Some(Kind::Alive),
        b"ssdp:byebye" => Some(Kind::Byebye),
        b"ssdp:update" => Some(Kind::Update),
        _ => None,
    }
}

fn is_of_type(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b":-_.".contains(&byte)
}

/// `urn:DOMAIN:device:TYPE:VERSION`, or a service.
fn is_type(target: &[u8]) -> bool {
    let mut parts = target.split(|byte| *byte == b':');
    let (urn, domain, what) = (parts.next(), parts.next(), parts.next());
    let (name, version) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    urn == Some(b"urn")
        && domain.is_some_and(|domain| DOMAINS.contains(&domain))
        && matches!(what, Some(b"device" | b"service"))
        && name.first().is_some_and(u8::is_ascii_alphabetic)
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte))
        && (1..=3).contains(&version.len())
        && version.iter().all(u8::is_ascii_digit)
        && parts.next().is_none()
        && target.len() <= TARGET_MAX
}

/// `max-age=1800` (section 1.2.2).
fn max_age(value: &[u8]) -> Option<u32> {
    let value = std::str::from_utf8(value).ok()?;
    let (name, seconds) = value.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("max-age") {
        return None;
    }
    seconds.trim().parse().ok()
}
