//! The handshake of the remote framebuffer protocol (RFC 6143 sections 7.1 and 7.2).

use crate::Probe;
use crate::public::Public;

/// Octets of a version: `RFB 003.008\n` (RFC 6143 section 7.1.1).
pub(super) const VERSION_LENGTH: usize = 12;

/// Whether bytes begin with a version.
pub(super) fn begins(bytes: &[u8]) -> Probe {
    let fits = bytes.iter().take(VERSION_LENGTH).zip(b"RFB ddd.ddd\n").all(|(octet, expected)| match expected {
        b'd' => octet.is_ascii_digit(),
        expected => octet == expected,
    });
    match (fits && !bytes.is_empty(), bytes.len() >= VERSION_LENGTH) {
        (true, true) => Probe::Yes(None),
        (true, false) => Probe::Unsure,
        (false, _) => Probe::No,
    }
}

/// How the handshake goes on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Version {
    /// The server decides (appendix A.1).
    Three,
    /// No result where nobody has to log in (appendix A.2).
    Seven,
    Eight,
}

impl Version {
    /// Digits and a dot; what stands between the versions of the standard is 3.3, and what is above is read as 3.8.
    pub(super) fn read(bytes: &[u8]) -> Option<(Self, Public<'_>)> {
        if begins(bytes) != Probe::Yes(None) {
            return None;
        }
        let text = bytes.get(4..11)?;
        let version = match text {
            [b'0', b'0', b'3', b'.', b'0', b'0', b'7'] => Self::Seven,
            text if text < b"003.007" => Self::Three,
            _ => Self::Eight,
        };
        Some((version, Public::shaped(text, 7, |octet| octet.is_ascii_digit() || octet == b'.')))
    }
}

/// No login: whoever reaches the port sees and does all that is on the screen.
pub(super) const NONE: u32 = 1;
/// A password of eight characters (RFC 6143 section 7.2.2).
pub(super) const VNC_AUTHENTICATION: u32 = 2;

/// A way to log in, by IANA's list.
pub(super) const fn security(number: u32) -> &'static str {
    match number {
        0 => "refused",
        NONE => "none",
        VNC_AUTHENTICATION => "vnc",
        5 | 13 | 129 | 133 => "ra2",
        6 | 130 => "ra2ne",
        16 => "tight",
        17 => "ultra",
        18 => "tls",
        19 => "vencrypt",
        20 => "sasl",
        21 => "md5",
        22 => "xvp",
        30..=36 => "apple",
        _ => "other",
    }
}

/// Ways that are listed of an offer.
const LISTED_MAX: usize = 16;

/// What a server offers, as one word: each once, in its order.
pub(super) fn offered(types: &[u8]) -> String {
    let mut words: Vec<&str> = Vec::new();
    for number in types.iter().take(LISTED_MAX) {
        let word = security((*number).into());
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join("+")
}

/// Characters of [`offered`].
pub(super) const OFFER_MAX: usize = LISTED_MAX * 9;
