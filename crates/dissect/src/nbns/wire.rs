//! Names of NetBIOS in messages of DNS' form (RFC 1001 section 14, RFC 1002 section 4.2).

use crate::clues::names;
use crate::dns::wire::{Message, Name};
use crate::public::Public;

/// Octets of a name, the last of which says what it stands for, and letters that encode it (RFC 1001 section 14.1).
const NAME: usize = 16;
const ENCODED: usize = 2 * NAME;

/// The type of what a host has (RFC 1002 section 4.2.1.3); its number is that of SRV in DNS.
pub(super) const NBSTAT: u16 = 0x21;

/// Whose name a message is about.
#[derive(Clone, Copy)]
pub(super) struct Owner {
    name: [u8; NAME],
    /// The type of the question, or of the first record.
    pub kind: u16,
}

impl Owner {
    /// The name in the question, or in the first record where there is none.
    pub(super) fn of(message: &Message<'_>) -> Option<Self> {
        let (mut name, mut kind) = message.question.map(|question| (question.name, question.kind)).unzip();
        if name.is_none() {
            message.walk(|record| {
                name = name.or(Some(record.name));
                kind = kind.or(Some(record.kind));
            });
        }
        Some(Self { name: decode(message, name?)?, kind: kind? })
    }

    /// What the name stands for, by its last octet, or by all of it where it is no one's own: Microsoft's list of NetBIOS
    /// suffixes (KB163409). The rest of it is what people call their machines.
    pub(super) fn role(&self) -> &'static str {
        let [.., suffix] = self.name;
        if self.name.starts_with(b"*\0") {
            return "any";
        }
        if self.name.starts_with(b"\x01\x02__MSBROWSE__\x02") {
            return "master-browsers";
        }
        match suffix {
            0x00 => "workstation",
            0x01 => "messenger-01",
            0x03 => "messenger",
            0x06 => "ras-server",
            0x1b => "domain-master-browser",
            0x1c => "domain-controllers",
            0x1d => "master-browser",
            0x1e => "browser-election",
            0x1f => "netdde",
            0x20 => "file-server",
            0x21 => "ras-client",
            0x22..=0x24 => "exchange",
            0x2b | 0x2f | 0x33 => "lotus-notes",
            0x30 | 0x31 => "modem-sharing",
            0x43..=0x46 => "sms-client",
            0x4c | 0x52 => "dec-pathworks",
            0x6a | 0x87 => "exchange",
            0xbe | 0xbf => "network-monitor",
            _ => "other",
        }
    }

    /// What a host calls itself, where the name is one of its own: of a workstation or a file server.
    pub(super) fn host(&self) -> Option<Public<'_>> {
        let (suffix, name) = self.name.split_last()?;
        matches!(suffix, 0x00 | 0x20).then(|| names::shown(name))
    }

    /// It is the name under which browsers look for their proxy.
    pub(super) fn is_of_proxies(&self) -> bool {
        self.name.get(..NAME.saturating_sub(1)).is_some_and(|name| name.trim_ascii_end().eq_ignore_ascii_case(b"wpad"))
    }
}

/// The name behind the first label: 'A' and the upper half of an octet, 'A' and the lower one.
fn decode(message: &Message<'_>, name: Name) -> Option<[u8; NAME]> {
    let label = message.labels(name).next().filter(|label| label.len() == ENCODED)?;
    let mut decoded = [0; NAME];
    for (place, pair) in decoded.iter_mut().zip(label.as_chunks::<2>().0) {
        let [upper, lower] = pair.map(|letter| letter.wrapping_sub(b'A'));
        if upper > 15 || lower > 15 {
            return None;
        }
        *place = upper << 4 | lower;
    }
    Some(decoded)
}

/// Error codes (RFC 1002 sections 4.2.6, 4.2.11 and 4.2.14).
pub(super) const fn code(code: u8) -> &'static str {
    match code {
        0 => "none",
        1 => "format",
        2 => "server-failure",
        3 => "no-such-name",
        4 => "unsupported",
        5 => "refused",
        6 => "active",
        7 => "conflict",
        _ => "other",
    }
}
