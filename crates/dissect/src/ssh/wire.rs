//! Identification strings and the first packet of a key exchange (RFC 4253 sections 4.2, 6 and 7.1).

use md5::{Digest, Md5};
use wardtap_net::hexadecimal::hexadecimal;
use wardtap_net::reader::Reader;

use crate::Probe;
use crate::clues::{CLUE_MAX, is_of_product};
use crate::public::Public;

/// Octets of an identification string, its end included (RFC 4253 section 4.2).
pub(super) const IDENTIFICATION_MAX: usize = 255;

/// Octets of a packet without its length (RFC 4253 section 6.1).
const PACKET_MAX: u32 = 35_000;

/// Of a key exchange's first packet: the lists of all algorithms that any program offers stay far below it.
pub(super) const KEY_EXCHANGE_MAX: u32 = 16_384;

/// The message number of a key exchange's first packet (RFC 4250 section 4.1.2).
const MSG_KEXINIT: u8 = 20;

/// What a comment begins with that names the system, as distributions put it there.
const SYSTEMS: [&[u8]; 6] = [b"Debian", b"Ubuntu", b"Raspbian", b"FreeBSD", b"NetBSD", b"OpenBSD"];

/// What an identification begins with.
const VERSIONS: [&[u8]; 3] = [b"SSH-2.0-", b"SSH-1.99-", b"SSH-1.5-"];

/// Algorithms that are not to be used any more: RFC 9142 table 6 (MUST NOT), RFC 8758 (RC4), and single DES.
const WEAK: [&[u8]; 6] =
    [b"diffie-hellman-group1-sha1", b"rsa1024-sha1", b"arcfour", b"arcfour128", b"arcfour256", b"des-cbc"];

/// Whether the bytes of an end begin an identification.
pub(super) fn begins(bytes: &[u8]) -> Probe {
    if VERSIONS.iter().any(|version| bytes.starts_with(version)) {
        Probe::Yes(None)
    } else if !bytes.is_empty() && VERSIONS.iter().any(|version| version.starts_with(bytes)) {
        Probe::Unsure
    } else {
        Probe::No
    }
}

/// An identification string: `SSH-protoversion-softwareversion SP comments CR LF`.
#[derive(Clone, Copy)]
pub(super) struct Identification<'a> {
    /// "2.0", "1.99": digits and a dot.
    pub version: Public<'a>,
    /// The software, and a comment that names a distribution; what has not the shape of that does not leave.
    pub software: Public<'a>,
}

impl<'a> Identification<'a> {
    pub(super) fn read(line: &'a [u8]) -> Option<Self> {
        let line = line.strip_suffix(b"\n")?;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let version = VERSIONS.iter().find(|version| line.starts_with(version))?;
        let software = line.get(version.len()..)?;
        let version = version.get(4..version.len().saturating_sub(1)).unwrap_or_default();
        Some(Self {
            version: Public::shaped(version, 4, |byte| byte.is_ascii_digit() || byte == b'.'),
            software: Public::shaped(without_words(software), CLUE_MAX, is_of_product),
        })
    }
}

/// The software without its comments, which may be anybody's words, but for one that begins with a system's name.
fn without_words(software: &[u8]) -> &[u8] {
    let Some(end) = software.iter().position(|byte| *byte == b' ') else { return software };
    let comment = software.get(end.saturating_add(1)..).unwrap_or_default();
    let is_system = SYSTEMS.iter().any(|system| comment.starts_with(system));
    let is_one_word = comment.iter().all(|byte| *byte != b' ');
    if is_system && is_one_word { software } else { software.get(..end).unwrap_or_default() }
}

/// How long a packet is, its length included; None for a length that no packet has.
pub(super) fn packet_length(bytes: &[u8]) -> Option<usize> {
    let length = Reader::new(bytes).be32()?;
    (5..=PACKET_MAX.min(KEY_EXCHANGE_MAX)).contains(&length).then(|| (length as usize).saturating_add(4))
}

/// The first packet of a key exchange.
pub(super) struct KeyExchange {
    /// HASSH of what the client offers for what it sends, and of what the server does.
    pub hassh: [String; 2],
    pub is_weak: bool,
}

impl KeyExchange {
    pub(super) fn read(packet: &[u8]) -> Option<Self> {
        let mut packet = Reader::new(packet);
        packet.skip(4)?;
        let padding = packet.u8()?;
        if packet.u8()? != MSG_KEXINIT || packet.remaining() < usize::from(padding) {
            return None;
        }
        // The cookie.
        packet.skip(16)?;
        let mut lists: [&[u8]; 8] = [&[]; 8];
        for list in &mut lists {
            let length = packet.be32()?;
            *list = packet.take(length.try_into().ok()?)?;
        }
        let [kex, _, encrypt_out, encrypt_in, mac_out, mac_in, compress_out, compress_in] = lists;
        let digest = |of: [&[u8]; 4]| hexadecimal(&Md5::digest(of.join(&b';')));
        let offered = [kex, encrypt_out, encrypt_in];
        let is_weak = offered.iter().any(|list| list.split(|byte| *byte == b',').any(|name| WEAK.contains(&name)));
        Some(Self {
            hassh: [digest([kex, encrypt_out, mac_out, compress_out]), digest([kex, encrypt_in, mac_in, compress_in])],
            is_weak,
        })
    }
}
