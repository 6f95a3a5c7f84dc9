//! Where an ADU may begin, and whether a flow speaks Modbus at all.
//!
//! A header alone is little evidence: three of its bytes are 0 in every sound ADU, and registers are full of zeros. So
//! wherever the start of an ADU is not known, the function must be one of the specification's and the lengths in the
//! PDU must agree with the header's. "APS" is the MODBUS Application Protocol Specification V1.1b3.

use wardtap_net::stream::Side;

use super::PORT;
use super::wire::{Adu, Fit, HEADER, Header};
use crate::{Direction, Evidence, Probe};

/// How much of one direction is looked through for an ADU on Modbus' own port before the flow is given up: two of the
/// longest, so that a capture which begins inside one still shows the next.
const LOOKED_THROUGH: usize = 520;

/// Whether an ADU begins a run of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Candidate {
    /// No.
    No,
    /// So many bytes more are needed to tell, at least 1.
    Need(usize),
    /// Yes, one of this length.
    Yes(usize),
}

/// Whether an ADU of a defined function begins `bytes`, of that direction where one is given.
pub(super) fn candidate(bytes: &[u8], direction: Option<Direction>) -> Candidate {
    let zero = |at: usize| bytes.get(at).is_none_or(|&byte| byte == 0);
    // The protocol identifier and the high byte of the length.
    if !(zero(2) && zero(3) && zero(4)) {
        return Candidate::No;
    }
    let Some(header) = Header::read(bytes) else {
        return Candidate::Need(HEADER.saturating_sub(bytes.len()));
    };
    if header.fault().is_some() || !header.is_defined() {
        return Candidate::No;
    }
    let mut needed = None;
    for tried in [Direction::Request, Direction::Response] {
        if direction.is_some_and(|direction| direction != tried) {
            continue;
        }
        match Adu::new(header, bytes).fit(tried) {
            Fit::Fits => return Candidate::Yes(header.total()),
            Fit::Misfit(_) => {}
            // The PDU begins with the function code, the last byte of what HEADER counts.
            Fit::Short(enough) => needed = Some(enough.saturating_add(HEADER).saturating_sub(1)),
        }
    }
    needed.map_or(Candidate::No, |needed| Candidate::Need(needed.saturating_sub(bytes.len()).max(1)))
}

/// The first offset at which an ADU begins, or may begin when more bytes come.
///
/// Where `unit` is known, an ADU of another unit is believed only when a sound header follows it: the tail of a damaged
/// request and the head of the next one make up a third that is in order in itself. An undefined function is believed
/// when both its unit and that of the next header are the known one.
pub(super) fn search(bytes: &[u8], direction: Option<Direction>, unit: Option<u8>) -> (usize, Candidate) {
    for at in 0..bytes.len() {
        let tail = bytes.get(at..).unwrap_or_default();
        // Whatever else garbage is, it is long.
        if let [_, _, protocol_high, protocol_low, length_high, ..] = tail
            && protocol_high | protocol_low | length_high != 0
        {
            continue;
        }
        let header = Header::read(tail);
        let of_unit = |header: Header| unit == Some(header.unit);
        let (total, next_of_unit) = match (candidate(tail, direction), header) {
            (Candidate::Yes(total), Some(header)) if unit.is_none() || of_unit(header) => {
                return (at, Candidate::Yes(total));
            }
            (Candidate::Yes(total), _) => (total, false),
            (Candidate::No, Some(header)) if is_undefined(header) && of_unit(header) => (header.total(), true),
            (Candidate::No, _) => continue,
            (need @ Candidate::Need(_), _) => return (at, need),
        };
        let Some(next) = tail.get(total..).and_then(Header::read) else {
            let confirmed = total.saturating_add(HEADER);
            return (at, Candidate::Need(confirmed.saturating_sub(tail.len()).max(1)));
        };
        if next.fault().is_none() && (of_unit(next) || !next_of_unit) {
            return (at, Candidate::Yes(total));
        }
    }
    (bytes.len(), Candidate::Need(1))
}

/// True for a sound header of a function that the specification does not define, so that only the header can be judged.
/// Function 0 does not exist (APS 4.1), and registers are full of zeros.
pub(super) fn is_undefined(header: Header) -> bool {
    header.fault().is_none() && !header.is_defined() && header.function() != 0
}

/// Says whether a flow speaks Modbus.
pub(super) fn probe(evidence: &Evidence<'_>) -> Probe {
    if evidence.flow.uses_port(&[PORT]) { probe_own_port(evidence) } else { probe_any_port(evidence) }
}

/// On port 502: one sound header at the start of a segment will do, whatever its function, and so will a consistent ADU
/// behind other bytes. What also runs there (scans, TLS) is told by its first bytes.
fn probe_own_port(evidence: &Evidence<'_>) -> Probe {
    let mut verdict = Probe::No;
    for side in [evidence.first, evidence.first.other()] {
        let bytes = *side.of(&evidence.bytes);
        if bytes.is_empty() {
            continue;
        }
        if let Some(header) = Header::read(bytes)
            && header.fault().is_none()
        {
            // The port says who asks.
            return Probe::Yes(None);
        }
        if is_something_else(bytes) {
            continue;
        }
        match search(bytes, None, None) {
            (_, Candidate::Yes(_)) => return Probe::Behind(None),
            _ if bytes.len() < LOOKED_THROUGH => verdict = Probe::Unsure,
            _ => {}
        }
    }
    verdict
}

/// TLS records (RFC 8446 section 5.1) and protocols that begin with a word, such as HTTP's. Where a header has its three
/// zeros, a record of SSL 3.0 would have no length: it waits for them, so as not to take a transaction identifier for TLS.
fn is_something_else(bytes: &[u8]) -> bool {
    matches!(bytes, [0x14..=0x17, 3, rest @ ..] if rest.iter().take(3).any(|&byte| byte != 0))
        || bytes.first_chunk::<4>().is_some_and(|word| word.iter().all(|&byte| (b' '..=b'~').contains(&byte)))
}

/// On any other port: two consistent ADUs, one the answer to the other or in a row.
///
/// Of an answer the first ADU of each end decides, whatever came with it: names and roles must not depend on how much that is.
fn probe_any_port(evidence: &Evidence<'_>) -> Probe {
    let looks = Side::BOTH.map(|side| look(side.of::<&[u8]>(&evidence.bytes)));
    let [a, b] = &looks;
    if let (Some(one), Some(other)) = (a.first, b.first)
        && one.header.transaction == other.header.transaction
        && one.header.unit == other.header.unit
        && one.header.function() == other.header.function()
        && ((one.fits.asks && other.fits.answers) || (other.fits.asks && one.fits.answers))
    {
        // Of a request and its echo, the first is the request.
        return Probe::Yes(requester_shown([Some(one.fits), Some(other.fits)]).or(Some(evidence.first)));
    }
    if a.broken || b.broken {
        return Probe::No;
    }
    if a.adus == 2 || b.adus == 2 {
        return Probe::Yes(requester_shown([a, b].map(|look| look.first.map(|_| look.fits))));
    }
    Probe::Unsure
}

/// Who asks, where the build of what one end sent can only be a request or only a response.
fn requester_shown(fits: [Option<Fits>; 2]) -> Option<Side> {
    Side::BOTH.into_iter().zip(fits).find_map(|(side, fits)| match fits? {
        Fits { asks: true, answers: false } => Some(side),
        Fits { asks: false, answers: true } => Some(side.other()),
        _ => None,
    })
}

/// What ADUs can be by their build.
#[derive(Clone, Copy)]
struct Fits {
    asks: bool,
    answers: bool,
}

/// A whole ADU at the start of one end's bytes.
#[derive(Clone, Copy)]
struct First {
    header: Header,
    fits: Fits,
}

/// What the first bytes of one end hold.
struct Look {
    first: Option<First>,
    /// Whole ADUs, up to 2.
    adus: u8,
    /// What all of them can be.
    fits: Fits,
    /// Something is there that is no ADU, or two that no one end sends.
    broken: bool,
}

/// Looks at the first two ADUs.
fn look(bytes: &[u8]) -> Look {
    let mut look = Look { first: None, adus: 0, fits: Fits { asks: true, answers: true }, broken: false };
    let mut rest = bytes;
    while look.adus < 2 && !rest.is_empty() {
        let total = match candidate(rest, None) {
            Candidate::No => {
                look.broken = true;
                break;
            }
            Candidate::Need(_) => break,
            Candidate::Yes(total) => total,
        };
        let Some(header) = Header::read(rest).filter(|_| rest.len() >= total) else { break };
        let adu = Adu::new(header, rest);
        look.fits.asks &= adu.fit(Direction::Request) == Fit::Fits;
        look.fits.answers &= adu.fit(Direction::Response) == Fit::Fits;
        look.broken = !(look.fits.asks || look.fits.answers);
        look.first.get_or_insert(First { header, fits: look.fits });
        look.adus = look.adus.saturating_add(1);
        rest = rest.get(total..).unwrap_or_default();
    }
    look
}
