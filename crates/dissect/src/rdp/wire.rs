//! The first packet of each end (MS-RDPBCGR sections 2.2.1.1 and 2.2.1.2) in TPKT (RFC 1006 section 6) and X.224 (section 13).

use wardtap_net::reader::Reader;

use super::PORT;
use crate::digest::digest;
use crate::{Evidence, Probe};

/// Octets of a first packet; cookies of load balancers and of those who connect are some dozens.
pub(super) const PACKET_MAX: usize = 512;

/// Octets of the headers of TPKT and X.224.
const HEADERS: usize = 11;

/// What is asked for, or chosen.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Connection {
    /// A request: flags of what the client can (section 2.2.1.1.1), none where it can only the oldest; a digest of the name or
    /// token that stands in it.
    Request { protocols: Option<u32>, cookie: Option<u32> },
    /// A choice (section 2.2.1.2.1).
    Confirm { protocol: Option<u32> },
    /// A refusal (section 2.2.1.2.2).
    Failure { code: u32 },
}

/// How long the packet is that bytes begin; None where they do not begin one. At least four of them.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    let mut header = Reader::new(bytes);
    let (version, reserved, length) = (header.u8()?, header.u8()?, usize::from(header.be16()?));
    (version == 3 && reserved == 0 && (HEADERS..=PACKET_MAX).contains(&length)).then_some(length)
}

impl Connection {
    /// A whole packet.
    pub(super) fn read(packet: &[u8]) -> Option<Self> {
        let mut header = Reader::new(packet.get(4..)?);
        let (indicator, code) = (usize::from(header.u8()?), header.u8()?);
        header.skip(5)?;
        // X.224 section 13.2.1: the length is that of the header without itself.
        if indicator.saturating_add(5) != packet.len() {
            return None;
        }
        let rest = header.rest();
        // Section 13.3.1 and 13.4.1: the four lower bits are credit, of which class 0 has none.
        match code {
            0xe0 => {
                let (cookie, negotiation) = match rest.strip_prefix(b"Cookie: ") {
                    Some(cookie) => {
                        let end = cookie.windows(2).position(|end| end == b"\r\n")?.saturating_add(2);
                        let (cookie, behind) = cookie.split_at_checked(end)?;
                        (Some(digest(cookie.iter().copied())), behind)
                    }
                    None => (None, rest),
                };
                let protocols = match negotiation {
                    [] => None,
                    // RDP_NEG_REQ; RDP_NEG_CORRELATION_INFO may follow (section 2.2.1.1.2).
                    [1, _, 8, 0, a, b, c, d, ..] => Some(u32::from_le_bytes([*a, *b, *c, *d])),
                    _ => return None,
                };
                Some(Self::Request { protocols, cookie })
            }
            0xd0 => match rest {
                [] => Some(Self::Confirm { protocol: None }),
                [2, _, 8, 0, a, b, c, d] => {
                    Some(Self::Confirm { protocol: Some(u32::from_le_bytes([*a, *b, *c, *d])) })
                }
                [3, _, 8, 0, a, b, c, d] => Some(Self::Failure { code: u32::from_le_bytes([*a, *b, *c, *d]) }),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) const fn is_request(self) -> bool {
        matches!(self, Self::Request { .. })
    }

    /// Nothing of it is RDP's own: others use TPKT, too.
    const fn is_bare(self) -> bool {
        matches!(self, Self::Request { protocols: None, cookie: None } | Self::Confirm { protocol: None })
    }
}

/// Whether either end begins a connection.
pub(super) fn probe(evidence: &Evidence<'_>) -> Probe {
    let usual = evidence.flow.uses_port(&[PORT]);
    let mut answer = Probe::No;
    for bytes in evidence.bytes {
        match one(bytes, usual) {
            Probe::Yes(_) => return Probe::Yes(None),
            Probe::Unsure => answer = Probe::Unsure,
            _ => {}
        }
    }
    answer
}

fn one(bytes: &[u8], usual: bool) -> Probe {
    if bytes.len() < 4 {
        let begins = !bytes.is_empty() && [3, 0, 0].iter().zip(bytes).all(|(expected, octet)| expected == octet);
        return if begins { Probe::Unsure } else { Probe::No };
    }
    let Some(length) = length(bytes) else { return Probe::No };
    if bytes.get(5).is_some_and(|code| !matches!(code, 0xe0 | 0xd0)) {
        return Probe::No;
    }
    match bytes.get(..length).map(Connection::read) {
        None => Probe::Unsure,
        Some(Some(connection)) if usual || !connection.is_bare() => Probe::Yes(None),
        Some(_) => Probe::No,
    }
}

/// What both ends can, or is chosen, as one word (MS-RDPBCGR section 2.2.1.1.1). Which of CredSSP's two forms does not matter.
pub(super) const fn security(protocols: u32) -> &'static str {
    let (tls, credssp, rdstls, aad) =
        (protocols & 1 != 0, protocols & (2 | 8) != 0, protocols & 4 != 0, protocols & 16 != 0);
    match (tls, credssp, rdstls || aad) {
        (false, false, false) => "standard",
        (true, false, false) => "tls",
        (false, true, false) => "credssp",
        (true, true, false) => "tls+credssp",
        (false, false, true) => "other",
        (true, false, true) => "tls+other",
        (false, true, true) => "credssp+other",
        (true, true, true) => "tls+credssp+other",
    }
}

/// Why a server refuses (section 2.2.1.2.2).
pub(super) const fn failure(code: u32) -> &'static str {
    match code {
        1 => "tls-required",
        2 => "tls-not-allowed",
        3 => "no-certificate",
        4 => "inconsistent-flags",
        5 => "credssp-required",
        6 => "user-authentication-required",
        _ => "other",
    }
}
