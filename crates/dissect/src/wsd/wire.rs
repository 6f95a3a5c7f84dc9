//! Envelopes of SOAP with a message of WS-Discovery: two elements of them, found without a parser for XML.

use memchr::{memchr, memmem};

use crate::public::Public;

/// Tags of a message that are gone through: one has thirty or so.
const TAGS_MAX: usize = 512;

/// Octets of a datagram: beyond that of an envelope as SOAP-over-UDP sends them nothing is looked at.
const ENVELOPE_MAX: usize = 16 * 1024;

/// Types of a message that are looked at.
const TYPES_MAX: usize = 64;

/// Octets of the types that are shown: the longest few have room.
pub(super) const SHOWN_MAX: usize = 128;

/// What a message is for, as the protocol's kinds number it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Hello,
    Bye,
    Probe,
    ProbeMatches,
    Resolve,
    ResolveMatches,
}

impl Kind {
    /// Of an action (WS-Discovery 1.1 appendix B, and the draft of 2005 that devices speak as well).
    fn of(action: &[u8]) -> Option<(Self, &'static str)> {
        let version = VERSIONS.iter().find(|(namespace, _)| action.starts_with(namespace));
        let (namespace, version) = version?;
        let kind = match action.get(namespace.len()..)? {
            b"Hello" => Self::Hello,
            b"Bye" => Self::Bye,
            b"Probe" => Self::Probe,
            b"ProbeMatches" => Self::ProbeMatches,
            b"Resolve" => Self::Resolve,
            b"ResolveMatches" => Self::ResolveMatches,
            _ => return None,
        };
        Some((kind, version))
    }

    pub(super) const fn answers(self) -> bool {
        matches!(self, Self::ProbeMatches | Self::ResolveMatches)
    }
}

/// What actions begin with, and the version that it is of.
const VERSIONS: [(&[u8], &str); 2] = [
    (b"http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01/", "1.1"),
    (b"http://schemas.xmlsoap.org/ws/2005/04/discovery/", "1.0"),
];

/// Types of devices by their local names: of DPWS, of ONVIF's cameras, of Windows' printers, scanners and computers, and of
/// medical devices (IEEE 11073-20702, MDPWS).
pub(super) const TYPES: [&str; 13] = [
    "MedicalDevice",
    "NetworkVideoTransmitter",
    "NetworkVideoDisplay",
    "NetworkVideoStorage",
    "NetworkVideoAnalytics",
    "Computer",
    "PrintDeviceType",
    "PrinterServiceType",
    "ScanDeviceType",
    "ScannerServiceType",
    "DiscoveryProxy",
    "TargetService",
    "Device",
];

/// What stands for any other.
const OTHER: &str = "other";

/// What is read of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message {
    pub kind: Kind,
    pub version: &'static str,
    /// Which of [`TYPES`] there are, a bit for each; the one behind them is for others.
    types: u32,
}

impl Message {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
        if bytes.first() != Some(&b'<') {
            return None;
        }
        let mut rest = bytes.get(..ENVELOPE_MAX).unwrap_or(bytes);
        let (mut found, mut types) = (None, 0);
        for _ in 0..TAGS_MAX {
            let Some((tag, behind)) = element(rest) else { break };
            rest = behind;
            let Tag::Opening(name) = tag else { continue };
            let text = || behind.get(..memchr(b'<', behind).unwrap_or(behind.len())).unwrap_or_default().trim_ascii();
            match name {
                b"Action" if found.is_none() => found = Some(Kind::of(text())?),
                b"Types" => types |= types_of(text()),
                _ => {}
            }
        }
        found.map(|(kind, version)| Self { kind, version, types })
    }

    /// The types by name, in the order of our list, with commas.
    pub(super) fn write_types<'b>(&self, buffer: &'b mut [u8; SHOWN_MAX]) -> Option<Public<'b>> {
        let mut length = 0usize;
        let names = TYPES.iter().copied().chain([OTHER]).enumerate();
        for (_, name) in names.filter(|(place, _)| self.types >> place & 1 != 0) {
            let comma = usize::from(length > 0);
            let start = length.saturating_add(comma);
            let end = start.saturating_add(name.len());
            let Some(room) = buffer.get_mut(start..end) else { break };
            room.copy_from_slice(name.as_bytes());
            if let Some(place) = buffer.get_mut(length..start) {
                place.fill(b',');
            }
            length = end;
        }
        let text = buffer.get(..length).filter(|text| !text.is_empty())?;
        Some(Public::shaped(text, SHOWN_MAX, |byte| byte.is_ascii_alphanumeric() || byte == b','))
    }
}

/// The bits of qualified names, with spaces between them (WS-Discovery section 2.6: a list of QNames).
fn types_of(text: &[u8]) -> u32 {
    let mut types = 0;
    let names = text.split(u8::is_ascii_whitespace).filter(|name| !name.is_empty());
    for name in names.take(TYPES_MAX) {
        let known = TYPES.iter().position(|known| known.as_bytes() == local(name));
        types |= 1u32.checked_shl(u32::try_from(known.unwrap_or(TYPES.len())).unwrap_or(0)).unwrap_or(0);
    }
    types
}

/// A name without the prefix of its namespace.
fn local(name: &[u8]) -> &[u8] {
    memchr(b':', name).and_then(|colon| name.get(colon.saturating_add(1)..)).unwrap_or(name)
}

enum Tag<'a> {
    /// An element begins that has content: its local name.
    Opening(&'a [u8]),
    /// An end, an element without content, a declaration, a comment.
    Other,
}

/// The next tag, and what stands behind it.
fn element(bytes: &[u8]) -> Option<(Tag<'_>, &[u8])> {
    let start = memchr(b'<', bytes)?.saturating_add(1);
    let bytes = bytes.get(start..)?;
    // XML 1.0 sections 2.5 and 2.7: what looks like a tag in there is none.
    for (begins, ends) in [(&b"!--"[..], &b"-->"[..]), (b"![CDATA[", b"]]>")] {
        if bytes.starts_with(begins) {
            let end = memmem::find(bytes, ends)?.saturating_add(ends.len());
            return Some((Tag::Other, bytes.get(end..)?));
        }
    }
    let end = memchr(b'>', bytes)?;
    let (tag, behind) = (bytes.get(..end)?, bytes.get(end.saturating_add(1)..)?);
    if matches!(tag.first(), Some(b'/' | b'?' | b'!') | None) || tag.last() == Some(&b'/') {
        return Some((Tag::Other, behind));
    }
    let name = tag.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    Some((Tag::Opening(local(name)), behind))
}
