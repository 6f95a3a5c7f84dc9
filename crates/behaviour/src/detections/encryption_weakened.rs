#![doc = include_str!("encryption_weakened.md")]

use crate::alert::{Deviation, Severity};
use crate::attack::technique;
use crate::detection::{About, Detection, Raise};
use crate::links::{is_answer, kind_of, readable, value_of};
use crate::parties::Party;
use crate::scoring::{Departure, Judged, What};

/// What the detection is.
pub static ABOUT: About = About {
    name: "encryption-weakened",
    title: "A server encrypts worse than ever before",
    attack: &[technique("T1562.010"), technique("T1557"), technique("T0830"), technique("T1600")],
    impact: "What goes to that server may be read or changed by others, passwords and records among it.",
    response: "Ask the server's owner what was changed. If nothing was, look for a device between the server and its clients.",
    page: include_str!("encryption_weakened.md"),
};

/// Keeps nothing: the scorer holds all that it needs.
pub struct EncryptionWeakened;

/// How strong a cipher suite is, by its number (IANA's registry of TLS parameters).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cipher {
    /// No encryption, export keys, RC4, DES or triple DES.
    Broken,
    /// The key is sent under the server's: who gets that later reads all (RFC 9325 section 4.1).
    FixedKey,
    /// A key of its own, in chained blocks (RFC 9325 section 4.2 wants others).
    Chained,
    /// As RFC 9325 recommends.
    Good,
}

impl Cipher {
    const fn of(number: u16) -> Self {
        match number {
            // Of TLS 1.3; AEAD of elliptic curves and of Diffie and Hellman (RFC 5288, RFC 5289, RFC 6655, RFC 7905).
            0x1301..=0x1305 | 0xc02b | 0xc02c | 0xc02f | 0xc030 | 0x9e | 0x9f | 0xa2 | 0xa3 => Self::Good,
            0xcca8..=0xccaa | 0xc09e | 0xc09f | 0xc0a2 | 0xc0a3 | 0xc0ac..=0xc0af => Self::Good,
            0xc009 | 0xc00a | 0xc013 | 0xc014 | 0xc023 | 0xc024 | 0xc027 | 0xc028 => Self::Chained,
            0x32 | 0x33 | 0x38 | 0x39 | 0x40 | 0x67 | 0x6a | 0x6b => Self::Chained,
            0x2f | 0x35 | 0x3c | 0x3d | 0x41 | 0x84 | 0x96 | 0x9c | 0x9d => Self::FixedKey,
            _ => Self::Broken,
        }
    }
}

/// TLS 1.3, as a number for comparison.
const NEWEST: u8 = 4;

/// Version and cipher of what a server chose; None where it is not that, or its version is none that is known.
fn strength(name: &str) -> Option<(u8, Cipher)> {
    if kind_of(name) != "tls server-hello" || !is_answer(name) {
        return None;
    }
    let version = match value_of(name, "version")? {
        "ssl3" => 0,
        "1.0" => 1,
        "1.1" => 2,
        "1.2" => 3,
        "1.3" => NEWEST,
        _ => return None,
    };
    let cipher = u16::from_str_radix(value_of(name, "cipher")?, 16).ok()?;
    Some((version, Cipher::of(cipher)))
}

impl Detection for EncryptionWeakened {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        let What::Operation { name, rare, known, .. } = &departure.what else { return };
        if departure.parties.responder == Party::OUTSIDE {
            return;
        }
        let before = || known.iter().filter_map(|known| strength(known));
        let is_certificate = |name: &str| kind_of(name) == "tls certificate" && is_answer(name);
        // From TLS 1.3 on certificates are encrypted: one in clear belongs to what was chosen before it.
        let is_shown = is_certificate(name)
            && !known.iter().any(|known| is_certificate(known))
            && before().next().is_some()
            && before().all(|(version, _)| version >= NEWEST);
        let chosen = if is_shown { Some((NEWEST - 1, Cipher::Good)) } else { strength(name) };
        let Some((version, cipher)) = chosen else { return };
        let (Some(least_version), Some(least_cipher)) =
            (before().map(|(version, _)| version).min(), before().map(|(_, cipher)| cipher).min())
        else {
            return;
        };
        if version >= least_version && cipher >= least_cipher {
            return;
        }
        let server = departure.link.responder;
        // What nobody should use any more (RFC 8996, RFC 9325 section 4.1).
        let is_bad = version < 3 || cipher == Cipher::Broken;
        let worst = known.iter().filter(|known| strength(known).is_some()).map(|known| readable(known));
        let judged = Judged {
            severity: if *rare || is_bad { Severity::High } else { Severity::Medium },
            score: if is_bad { 80 } else { 60 },
            explanation: format!("{server} encrypts what it exchanges worse than it ever did."),
            expected: worst.take(3).collect::<Vec<_>>().join(", "),
            observed: readable(name),
        };
        // All clients see the same: it is told once.
        let deviation = departure.deviation(&ABOUT, server, String::new(), judged);
        raise.raise(Deviation { peer: None, ..deviation });
    }
}
