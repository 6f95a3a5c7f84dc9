#![doc = include_str!("sweep.md")]

use wardtap_net::address::Address;

use crate::alert::{Deviation, Severity};
use crate::attack::technique;
use crate::detection::{About, Detection, Raise};
use crate::detections::many::Many;
use crate::scoring::Judged;
use crate::tally::Tally;

/// What the detection is.
pub static ABOUT: About = About {
    name: "sweep",
    title: "One device searches through another",
    attack: &[technique("T0846"), technique("T0888")],
    impact: "Somebody finds out what can be commanded here; some controllers fail when asked for what they lack.",
    response: "Ask who works on the asking device. If nobody does, have clinical engineering take it off the network.",
    page: include_str!("sweep.md"),
};

/// Refused AE titles: an archive has few, and a wrong title is always the same one.
const NAMED_IN_VAIN_MIN: u32 = 5;
/// Unit ids in vain: gateways with some dead units are common.
const UNNAMED_IN_VAIN_MIN: u32 = 10;
/// Targets that answered and were asked for at most twice.
const VISITED_MIN: u32 = 64;
/// Addresses refused in ascending order.
const REFUSED_ASCENT_MIN: u32 = 12;
/// Addresses asked for in ascending order.
const ASCENT_MIN: u32 = 256;

/// What each device searched through lately: tallies hold all else that it needs.
#[derive(Default)]
pub struct Sweep {
    searched: Many<(Address, &'static str), Address>,
}

impl Detection for Sweep {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn tally(&mut self, tally: &Tally, raise: &mut Raise<'_>) {
        let Some((observed, expected)) = targets(tally).or_else(|| addresses(tally)) else { return };
        let (first, last) = tally.refused.unwrap_or((tally.first, tally.last));
        let (requester, responder, protocol) = (tally.pair.requester, tally.pair.responder, tally.pair.protocol.name);
        let group = self.searched.take((requester, protocol), responder, tally.last.time);
        let mut judged = Judged {
            severity: group.severity(Severity::Medium),
            score: 70,
            explanation: format!(
                "{requester} is searching through what {responder} offers, as somebody does who does not know it yet."
            ),
            expected,
            observed,
        };
        // Once for who searches: the alert is that of the first device.
        if group.is_several() {
            judged.explanation = format!(
                "{requester} is searching through what many devices offer, as somebody does who does not know them yet."
            );
            judged.observed = format!("{}, through {}", judged.observed, group.named());
        }
        raise.raise(Deviation {
            evidence: vec![first, last],
            first: tally.first.time,
            last: tally.last.time,
            gap_bytes: tally.gap_bytes,
            one_sided: tally.responses == 0,
            ..Deviation::new(&ABOUT, (group.first, Some(requester)), protocol, last, judged)
        });
    }

    fn forgotten(&self) -> u64 {
        self.searched.forgotten()
    }
}

/// Many targets, hardly any of which answers, or none of which is asked for again.
fn targets(tally: &Tally) -> Option<(String, String)> {
    let target = tally.pair.protocol.target.as_ref()?;
    let counts = tally.targets;
    let enough = if target.named_by.is_empty() { UNNAMED_IN_VAIN_MIN } else { NAMED_IN_VAIN_MIN };
    let in_vain = counts.in_vain >= enough && counts.in_vain * 4 >= counts.distinct * 3;
    if !(in_vain || counts.visited >= VISITED_MIN) {
        return None;
    }
    let names = if tally.target_names.is_empty() {
        String::new()
    } else {
        format!(" (first: {})", tally.target_names.join(", "))
    };
    Some((
        format!("{} {} asked for, {} of them in vain{names}", counts.distinct, target.plural, counts.in_vain),
        format!("few {}, asked for again and again", target.plural),
    ))
}

/// A long ascent through addresses.
fn addresses(tally: &Tally) -> Option<(String, String)> {
    let name = tally.pair.protocol.features.get(tally.pair.protocol.position()?)?.name;
    let (ascent, how) = if tally.refused_ascent.length >= REFUSED_ASCENT_MIN {
        (tally.refused_ascent, "refused")
    } else if tally.ascent.length >= ASCENT_MIN {
        (tally.ascent, "asked for")
    } else {
        return None;
    };
    Some((
        format!("{} values of {name} {how} in ascending order, {} to {}", ascent.length, ascent.from, ascent.to),
        format!("a set of values of {name} that is asked for again and again"),
    ))
}
