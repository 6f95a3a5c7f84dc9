//! Tells DICOM by its bytes, on any port (DICOM PS3.8 9.3).
//!
//! An association with DICOM's application context is unmistakable, and so is a P-DATA-TF with a command set. A data
//! set alone takes a second PDU that begins where the first one ends, or a usual port. The PDUs of ten octets are nearly
//! all zeros and count only on a usual port, or when the other end speaks likewise.

use wardtap_net::stream::Side;

use super::PORTS;
use super::wire::{self, Look, PDU_HEADER, PDV_HEADER, PdvHeader, control, pdu};
use crate::{Evidence, Probe};

/// What one end's bytes look like.
enum Seen {
    /// DICOM; true where this end is the association's requestor, false where the other one is.
    Sure(Option<bool>),
    /// A PDU of ten octets.
    Weak,
    /// As far as it goes.
    Unsure,
    /// It has said nothing.
    Nothing,
    No,
}

/// The probe of [`PROTOCOL`].
pub(super) fn probe(evidence: &Evidence<'_>) -> Probe {
    let usual = evidence.flow.uses_port(&PORTS);
    let look = |side: Side| look(side.of::<&[u8]>(&evidence.bytes), usual);
    let seen = [look(Side::A), look(Side::B)];
    for side in Side::BOTH {
        if let Seen::Sure(requester) = side.of(&seen) {
            return Probe::Yes(requester.map(|this| if this { side } else { side.other() }));
        }
    }
    match seen {
        [Seen::Weak, Seen::Weak] => Probe::Yes(None),
        [Seen::Weak, _] | [_, Seen::Weak] if usual => Probe::Yes(None),
        [Seen::Nothing, Seen::Nothing | Seen::Weak] | [Seen::Weak, Seen::Nothing] => Probe::Unsure,
        // One end caught in the middle of a PDU says nothing against the other.
        [Seen::Unsure, _] | [_, Seen::Unsure] => Probe::Unsure,
        _ => Probe::No,
    }
}

fn look(bytes: &[u8], usual: bool) -> Seen {
    match bytes {
        [] => Seen::Nothing,
        [pdu::ASSOCIATE_RQ | pdu::ASSOCIATE_AC, ..] => match wire::associate(bytes) {
            Look::Yes => Seen::Sure(Some(bytes.first() == Some(&pdu::ASSOCIATE_RQ))),
            Look::Short(_) => Seen::Unsure,
            Look::No => Seen::No,
        },
        [pdu::P_DATA, ..] => p_data(bytes, usual),
        [pdu::ASSOCIATE_RJ | pdu::RELEASE_RQ | pdu::RELEASE_RP | pdu::ABORT, ..] => match wire::short_pdu(bytes) {
            Look::Yes => Seen::Weak,
            Look::Short(_) => Seen::Unsure,
            Look::No => Seen::No,
        },
        _ => Seen::No,
    }
}

/// Follows P-DATA-TF PDUs and the items in them.
fn p_data(bytes: &[u8], usual: bool) -> Seen {
    let mut rest = bytes;
    let mut before = false;
    loop {
        match rest {
            [] => return Seen::Unsure,
            [pdu::P_DATA, ..] => {}
            _ if before => {
                return match wire::plausible(rest) {
                    Look::Yes => Seen::Sure(None),
                    Look::Short(_) => Seen::Unsure,
                    Look::No => Seen::No,
                };
            }
            _ => return Seen::No,
        }
        let Some((_, length)) = wire::pdu_header(rest) else { return Seen::Unsure };
        let mut left = length;
        let mut at = PDU_HEADER;
        while left > 0 {
            let item = rest.get(at..).unwrap_or_default();
            if item.is_empty() {
                return Seen::Unsure;
            }
            let Some(pdv) = PdvHeader::read(item) else {
                return if left < 6 { Seen::No } else { Seen::Unsure };
            };
            let fragment = pdv.fragment(left).filter(|_| pdv.context & 1 == 1 && pdv.control <= control::KNOWN);
            let Some(fragment) = fragment else { return Seen::No };
            let first = at == PDU_HEADER;
            if before {
                return Seen::Sure(None);
            }
            if first && pdv.control & control::COMMAND != 0 {
                let command = item.get(PDV_HEADER..).unwrap_or_default();
                return match wire::group_length(command) {
                    _ if fragment < 8 => Seen::No,
                    Look::Yes => Seen::Sure(None),
                    Look::Short(_) => Seen::Unsure,
                    Look::No => Seen::No,
                };
            }
            left = left.saturating_sub(fragment).saturating_sub(6);
            if first && usual && left == 0 {
                return Seen::Sure(None);
            }
            at = at.saturating_add(PDV_HEADER).saturating_add(usize::try_from(fragment).unwrap_or(usize::MAX));
        }
        if at == PDU_HEADER {
            return Seen::No;
        }
        rest = rest.get(at..).unwrap_or_default();
        before = true;
    }
}
