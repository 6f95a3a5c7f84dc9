//! The life of a connection (RFC 9293 section 3.3.2): how it opens, ends, and gives way to another between its ports.

use super::segment::{ACK, RST, SYN, Segment};
use crate::flow::{Flow, FlowState, OrientedBy};
use crate::reassembler::{self, Half, distance};
use crate::stream::Side;

/// How far behind the next octet the number of a late SYN may lie and still be taken for the flow's own.
const LATE_MAX: i32 = 1_000_000;

/// A SYN that may start a flow anew, if the other end agrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Proposal {
    side: Side,
    /// The number of the first octet that it announces.
    first: u32,
    /// It is the answer to a SYN that was not seen.
    answers: bool,
}

/// How a segment stands to the flow between its ports.
pub(super) enum Standing {
    /// It belongs to it.
    Own,
    /// It belongs to a new connection; the SYN proposed that was seen before.
    Anew(Option<Proposal>),
    /// A SYN of no connection known: forged, or to be confirmed.
    Foreign,
}

/// Tells whether a segment begins a new connection.
///
/// After an end, a SYN does. While the old connection lives it takes the other end as well: its answer, its
/// acknowledgement of the new number, or, where that end is not captured at all, data that follow the new number. A
/// forged SYN must not tear a conversation apart.
pub(super) fn standing<S>(flow: &mut Flow<S>, side: Side, segment: &Segment) -> Standing {
    let half = *side.of(&flow.tcp);
    let other = *side.other().of(&flow.tcp);
    let first = segment.sequence.wrapping_add(u32::from(segment.flags & SYN != 0));
    if half.known() && half.next == first {
        return Standing::Own;
    }
    let answers = segment.flags & ACK != 0;
    if let Some(proposal) = flow.troubles.as_ref().and_then(|rare| rare.proposal) {
        let agreed = proposal.side != side && answers && segment.acknowledgement == proposal.first;
        let followed = proposal.side == side && segment.sent > 0 && first == proposal.first && flow.is_one_sided();
        if agreed || followed && segment.flags & SYN == 0 {
            return Standing::Anew(Some(proposal));
        }
    }
    if segment.flags & SYN == 0 {
        return Standing::Own;
    }
    let over = flow.state.is_over() || half.has_finished();
    let own = if half.known() {
        !over && half.is_from_start() && is_late(first, &half)
    } else if answers {
        !other.known() || is_late(segment.acknowledgement, &other)
    } else {
        // Also where the answer was captured first, and where both ends opened at once.
        !over && (!other.known() || other.acknowledged == first || flow.state == FlowState::SynSent)
    };
    if own {
        return Standing::Own;
    }
    if over {
        return Standing::Anew(None);
    }
    let rare = flow.troubles.get_or_insert_default();
    rare.proposal = Some(Proposal { side, first, answers });
    rare.troubles.out_of_window = rare.troubles.out_of_window.saturating_add(1);
    Standing::Foreign
}

fn is_late(number: u32, half: &Half) -> bool {
    (0..LATE_MAX).contains(&distance(number, half.next))
}

/// Gives a new flow what the SYN said that proposed it.
pub(super) fn accept<S>(flow: &mut Flow<S>, proposal: Proposal) {
    let Proposal { side, first, answers } = proposal;
    side.of_mut(&mut flow.tcp).start(first, true);
    if answers {
        flow.oriented = Some((side.other(), OrientedBy::SynAck));
        flow.state = FlowState::Established;
    } else {
        flow.oriented = Some((side, OrientedBy::Syn));
        flow.state = FlowState::SynSent;
    }
}

/// What SYN and RST say of the connection.
pub(super) fn control<S>(flow: &mut Flow<S>, side: Side, segment: &Segment) {
    if segment.flags & SYN != 0 {
        let half = side.of_mut(&mut flow.tcp);
        if !half.known() {
            half.start(segment.sequence.wrapping_add(1), true);
        } else if segment.sent == 0 && side.of(&flow.volume).packets > 1 {
            again(flow);
        }
        let answers = segment.flags & ACK != 0;
        if answers {
            // The other end's SYN was not seen, but here is its number.
            let other = side.other().of_mut(&mut flow.tcp);
            if !other.known() {
                other.start(segment.acknowledgement, true);
            }
        }
        flow.state = match flow.state {
            FlowState::Seen | FlowState::SynSent if answers => FlowState::Established,
            FlowState::Seen => FlowState::SynSent,
            state => state,
        };
        if flow.oriented.is_none() {
            flow.oriented = Some(if answers { (side.other(), OrientedBy::SynAck) } else { (side, OrientedBy::Syn) });
        }
    }
    if segment.flags & RST != 0 && is_plausible(flow, side, segment) {
        flow.state = FlowState::Reset;
    }
}

/// What FIN says, after the payload that came with it was taken.
pub(super) fn close<S>(flow: &mut Flow<S>, side: Side, segment: &Segment) {
    if !is_plausible(flow, side, segment) {
        return;
    }
    let half = side.of_mut(&mut flow.tcp);
    if half.known() {
        let end = segment.sequence.wrapping_add(u32::from(segment.flags & SYN != 0)).wrapping_add(segment.sent);
        if half.next == end {
            half.next = half.next.wrapping_add(1);
        } else if segment.sent == 0 && distance(half.next, end) < 0 {
            again(flow);
        }
    }
    side.of_mut(&mut flow.tcp).finish();
    if flow.state != FlowState::Reset {
        let both = flow.tcp.iter().all(Half::has_finished);
        flow.state = if both { FlowState::Closed } else { FlowState::Closing };
    }
}

/// Counts a SYN or FIN without data that was sent again.
fn again<S>(flow: &mut Flow<S>) {
    let troubles = &mut flow.troubles.get_or_insert_default().troubles;
    troubles.retransmissions = troubles.retransmissions.saturating_add(1);
}

/// Counts, and answers false for, a FIN or RST with a number that its receiver would not take.
fn is_plausible<S>(flow: &mut Flow<S>, side: Side, segment: &Segment) -> bool {
    let half = side.of(&flow.tcp);
    if !half.known() || reassembler::is_near(distance(half.next, segment.sequence)) {
        return true;
    }
    if segment.sent == 0 {
        let troubles = &mut flow.troubles.get_or_insert_default().troubles;
        troubles.out_of_window = troubles.out_of_window.saturating_add(1);
    }
    false
}
