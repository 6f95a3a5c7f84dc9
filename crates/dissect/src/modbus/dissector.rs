//! One flow's Modbus state: where each direction stands in its stream, who asks, and what waits for an answer.

use wardtap_net::packet::Timestamp;
use wardtap_net::stream::{Chunk, Side};

use super::fault::Fault;
use super::fields::Fields;
use super::message::ModbusMessage;
use super::probe::{Candidate, candidate, is_undefined, search};
use super::wire::{Adu, Fit, HEADER, Header, announced};
use super::{PORT, PROTOCOL};
use crate::pending::Pending;
use crate::{Direction, Dissector, FlowFacts, Gap, MessageHandler, Progress, Protocol};

/// The most requests that wait for answers. The guide tells servers to accept 1 to 16 at a time (TCP 4.4.1.1); sixteen
/// times that keeps the memory of a flow of which only the requests are seen at 8 KiB.
pub(super) const WAITING_MAX: usize = 256;

/// Certainty about who asks from which on it takes this many contradictions in a row, and one more, to change it.
const SURE: u8 = 3;

/// A request that waits for its answer.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    /// When it was complete; unknown for one whose end is missing.
    time: Timestamp,
    fields: Fields,
    /// What an answer repeats.
    ids: Ids,
    /// Who asked.
    side: Side,
    /// The dissector's `losses` when it came.
    losses: u8,
}

/// Stands for a time that is not known.
const NO_TIME: Timestamp = Timestamp::from_nanos(u64::MAX);

/// Transaction, unit and function as one number: compared for every answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ids(u32);

impl Ids {
    #[inline]
    fn new(header: &Header) -> Self {
        let [high, low] = header.transaction.to_be_bytes();
        Self(u32::from_be_bytes([high, low, header.unit, header.function()]))
    }
}

/// Where a direction stands in its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The next byte begins an ADU (or the rest of one that is passed over).
    InStep,
    /// At the start of a segment, where ADUs mostly begin, but this one need not.
    Resuming,
    /// Lost; looking for something that can only be an ADU.
    Searching,
}

/// What stands at the front of the bytes.
enum Front {
    /// A whole ADU.
    Adu(Header),
    /// So many bytes of nothing.
    Nothing(usize),
    /// The start of an ADU; so many bytes more are needed.
    Part(usize),
}

/// One flow's state. Small: an idle flow keeps nothing else.
pub(super) struct ModbusDissector {
    waiting: Pending<Waiting>,
    /// How much of an ADU is still to be passed over, per side.
    skip: [u16; 2],
    place: [Place; 2],
    /// Who asks, once anybody sent anything.
    requester: Option<Side>,
    /// How sure that is: 0 is a guess, which the first message that shows otherwise corrects.
    certainty: u8,
    /// The unit of the last ADU.
    unit: Option<u8>,
    /// Whose bytes should be ADUs: an end's that was seen from its first byte, or has sent one. What comes before in the
    /// other streams is the rest of something.
    known: [bool; 2],
    /// Requests may have been missed, so that an answer without one is no wonder: at the start of a flow that was
    /// caught in the middle, and behind a gap, until an answer finds its request again.
    excused: bool,
    /// Both ends were seen from their first byte on.
    from_start: bool,
    /// Losses in the direction of the answers, counted round.
    losses: u8,
    /// The oldest waiting request is from before such a loss.
    doubtful: bool,
}

impl ModbusDissector {
    pub(super) fn new(flow: &FlowFacts) -> Self {
        let (requester, certainty) = orientation(flow);
        let from_start = flow.from_start == [true, true];
        Self {
            waiting: Pending::default(),
            skip: [0; 2],
            place: [Place::InStep; 2],
            requester,
            certainty,
            unit: None,
            known: flow.from_start,
            excused: !from_start,
            from_start,
            losses: 0,
            doubtful: false,
        }
    }

    /// Says what `bytes` begins with; changes the place where that is not what was expected.
    #[inline]
    fn front(&mut self, side: Side, bytes: &[u8], to: &mut dyn MessageHandler) -> Front {
        if *side.of(&self.place) != Place::InStep {
            return self.recover(side, bytes, to);
        }
        let Some(header) = Header::read(bytes) else {
            return Front::Part(HEADER.saturating_sub(bytes.len()));
        };
        let Some(fault) = header.fault() else {
            return match header.total().checked_sub(bytes.len()) {
                None | Some(0) => Front::Adu(header),
                Some(more) => Front::Part(more),
            };
        };
        if *side.of(&self.known) {
            count(fault, to);
            self.lose(side);
            // Among ADUs: a damaged one, or another protocol in the same frame. Its length is as good as any, whereas
            // its inside may look like an ADU.
            if fault == Fault::ProtocolId && header.has_length() {
                return Front::Nothing(header.total());
            }
        }
        *side.of_mut(&mut self.place) = Place::Searching;
        Front::Nothing(1)
    }

    /// Something that this end sent was not seen.
    fn lose(&mut self, side: Side) {
        if self.requester != Some(side.other()) {
            self.excused = true;
        }
        if self.requester != Some(side) {
            self.losses = self.losses.wrapping_add(1);
            self.doubtful = !self.waiting.is_empty();
        }
    }

    /// [`Self::front`] where the start of an ADU is not known.
    #[cold]
    fn recover(&mut self, side: Side, bytes: &[u8], to: &mut dyn MessageHandler) -> Front {
        let resuming = *side.of(&self.place) == Place::Resuming;
        let direction = self.requester.filter(|_| self.certainty > 0).map(|requester| direction(side, requester));
        let (at, found) = match Header::read(bytes) {
            Some(header) if resuming && is_undefined(header) => (0, Candidate::Yes(HEADER)),
            _ if resuming => (0, candidate(bytes, None)),
            _ => search(bytes, direction, self.unit),
        };
        match found {
            Candidate::Yes(_) => {
                *side.of_mut(&mut self.place) = Place::InStep;
                if !resuming && *side.of(&self.known) {
                    count(Fault::Resynchronised, to);
                }
                Front::Nothing(at)
            }
            Candidate::No => {
                *side.of_mut(&mut self.place) = Place::Searching;
                Front::Nothing(0)
            }
            Candidate::Need(_) if at > 0 => Front::Nothing(at),
            Candidate::Need(more) => Front::Part(more),
        }
    }

    /// Reports an ADU, whole or cut; a cut one has no time.
    #[inline]
    fn report(&mut self, side: Side, time: Timestamp, adu: Adu<'_>, to: &mut dyn MessageHandler) {
        let (direction, fit) = self.direct(side, &adu, to);
        let fault = match fit {
            Fit::Misfit(fault) => Some(fault),
            Fit::Fits if adu.is_whole() => adu.content_fault(direction),
            Fit::Fits | Fit::Short(_) => None,
        };
        if let Some(fault) = fault {
            count(fault, to);
        }
        self.unit = Some(adu.header.unit);
        *side.of_mut(&mut self.known) = true;
        let fields = adu.fields(direction);
        let ids = Ids::new(&adu.header);
        if direction == Direction::Request {
            let held = self.waiting.held_bytes();
            self.ask(Waiting { time, fields, ids, side, losses: self.losses }, to);
            if self.waiting.held_bytes() != held {
                to.held_changed();
            }
            to.message(&ModbusMessage::new(adu, side, direction, fields, None));
            return;
        }
        let asker = side.other();
        let asked = self.answer(
            |waiting| waiting.ids == ids && waiting.side == asker,
            |waiting| adu.is_exception() || adu.answers(fields, waiting.fields),
            to,
        );
        if let Some(asked) = asked {
            let timed = asked.time != NO_TIME && time != NO_TIME;
            let nanos = timed.then(|| time.since(asked.time));
            let message = ModbusMessage::new(adu, side, direction, fields.or(asked.fields), nanos);
            to.message(&message);
            message.tell_identity(to);
        } else {
            to.message(&ModbusMessage::new(adu, side, direction, fields, None));
        }
    }

    /// Whether the ADU asks or answers: by who sent it, unless its build shows that the ends are the other way round.
    #[inline]
    fn direct(&mut self, side: Side, adu: &Adu<'_>, to: &mut dyn MessageHandler) -> (Direction, Fit) {
        let requester = *self.requester.get_or_insert(side);
        let expected = direction(side, requester);
        let fit = adu.fit(expected);
        if self.certainty == SURE && fit == Fit::Fits {
            return (expected, fit);
        }
        let turned = direction(side, requester.other());
        let turned_fit = adu.fit(turned);
        let reversed = match (fit, turned_fit) {
            (Fit::Fits, Fit::Misfit(_)) => {
                self.certainty = SURE;
                false
            }
            (Fit::Misfit(_), Fit::Fits) if self.certainty > 0 => {
                self.certainty = self.certainty.saturating_sub(1);
                false
            }
            (Fit::Misfit(_), Fit::Fits) => true,
            // Fits both ways. Nobody answers before anybody asked; what was asked was seen if all was.
            (Fit::Fits, Fit::Fits) => {
                let early = expected == Direction::Response && self.waiting.is_empty() && !self.excused;
                early && self.certainty == 0 && self.from_start
            }
            _ => false,
        };
        if !reversed {
            return (expected, fit);
        }
        count(Fault::RolesReversed, to);
        self.requester = Some(requester.other());
        self.certainty = if fit == Fit::Fits { 0 } else { 1 };
        (turned, turned_fit)
    }

    #[inline]
    fn ask(&mut self, request: Waiting, to: &mut dyn MessageHandler) {
        // An answer that was lost would otherwise stay in the way of those to all later requests with the same ids.
        if self.doubtful {
            let losses = self.losses;
            let _ = self
                .waiting
                .take(|waiting| waiting.losses != losses && waiting.ids == request.ids && waiting.side == request.side);
            self.doubtful = self.waiting.iter().next().is_some_and(|oldest| oldest.losses != losses);
        }
        self.waiting.push(request);
        if self.waiting.len() > WAITING_MAX {
            self.forget_oldest(to);
        }
    }

    #[cold]
    fn forget_oldest(&mut self, to: &mut dyn MessageHandler) {
        self.waiting.pop_oldest();
        count(Fault::TooManyPending, to);
    }

    /// Takes the request that an answer belongs to: the oldest with its ids that asked for what came, else the oldest
    /// with its ids.
    #[inline]
    fn answer(
        &mut self,
        has_ids: impl Fn(&Waiting) -> bool,
        fits: impl Fn(&Waiting) -> bool,
        to: &mut dyn MessageHandler,
    ) -> Option<Waiting> {
        let held = self.waiting.held_bytes();
        let mut some_has_ids = false;
        let fitting = self.waiting.take(|waiting| {
            let has_ids = has_ids(waiting);
            some_has_ids |= has_ids;
            has_ids && fits(waiting)
        });
        if held > 0 {
            to.held_changed();
        }
        let found = match fitting {
            None if some_has_ids => {
                count(Fault::ResponseMismatch, to);
                self.waiting.take(has_ids)
            }
            found => found,
        };
        match found {
            Some(_) => {
                self.excused = false;
                self.certainty = self.certainty.max(1);
            }
            None if !self.excused => count(Fault::UnsolicitedResponse, to),
            None => {}
        }
        found
    }

    /// No more bytes follow `held`: reports what it holds. Gives back how much of the ADU at its end is still to come.
    fn cut_off(&mut self, held: &Chunk<'_>, to: &mut dyn MessageHandler) -> usize {
        let Chunk { side, time, frame, bytes: held } = *held;
        to.at(time, frame);
        if *side.of(&self.place) != Place::InStep {
            // An ADU that waited for another one to confirm it: that it ends where the bytes end confirms it too.
            let last = (0..held.len())
                .filter_map(|at| held.get(at..))
                .find(|tail| candidate(tail, None) == Candidate::Yes(tail.len()));
            if let Some((tail, header)) = last.and_then(|tail| Some((tail, Header::read(tail)?))) {
                if *side.of(&self.known) {
                    count(Fault::Resynchronised, to);
                }
                self.report(side, NO_TIME, Adu::new(header, tail), to);
            }
            return 0;
        }
        if let Some(header) = Header::read(held).filter(|header| header.fault().is_none()) {
            self.report(side, NO_TIME, Adu::new(header, held), to);
        }
        announced(held).map_or(0, |total| total.saturating_sub(held.len()))
    }
}

impl Dissector for ModbusDissector {
    fn protocol(&self) -> &'static Protocol {
        &PROTOCOL
    }

    fn dissect(&mut self, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) -> Progress {
        let mut rest = chunk.bytes;
        loop {
            let skip = chunk.side.of_mut(&mut self.skip);
            if *skip > 0 {
                let passed = usize::from(*skip).min(rest.len());
                *skip = skip.saturating_sub(u16::try_from(passed).unwrap_or(u16::MAX));
                rest = rest.get(passed..).unwrap_or_default();
            }
            if rest.is_empty() {
                return Progress::All;
            }
            match self.front(chunk.side, rest, to) {
                Front::Adu(header) => {
                    self.report(chunk.side, chunk.time, Adu::new(header, rest), to);
                    rest = rest.get(header.total()..).unwrap_or_default();
                }
                Front::Nothing(length) => {
                    let there = length.min(rest.len());
                    rest = rest.get(there..).unwrap_or_default();
                    let beyond = u16::try_from(length.saturating_sub(there)).unwrap_or(u16::MAX);
                    *chunk.side.of_mut(&mut self.skip) = beyond;
                }
                Front::Part(more) => {
                    return Progress::Need { took: chunk.bytes.len().saturating_sub(rest.len()), more };
                }
            }
        }
    }

    fn gap(&mut self, gap: &Gap<'_>, to: &mut dyn MessageHandler) {
        let side = gap.side;
        let skip = usize::from(*side.of(&self.skip));
        let open = if skip > 0 { skip } else { self.cut_off(&gap.held, to) };
        let missing = gap.missing.and_then(|missing| usize::try_from(missing).ok());
        if let Some(left) = missing.and_then(|missing| open.checked_sub(missing)).filter(|_| open > 0) {
            *side.of_mut(&mut self.skip) = u16::try_from(left).unwrap_or(0);
            return;
        }
        *side.of_mut(&mut self.skip) = 0;
        *side.of_mut(&mut self.place) = Place::Resuming;
        self.lose(side);
    }

    fn finish(&mut self, held: [Chunk<'_>; 2], to: &mut dyn MessageHandler) {
        for held in &held {
            self.cut_off(held, to);
        }
    }

    fn requester(&self) -> Option<Side> {
        self.requester.filter(|_| self.certainty > 0)
    }

    fn held_bytes(&self) -> usize {
        self.waiting.held_bytes()
    }
}

/// Who asks before anything was read, and how sure that is.
fn orientation(flow: &FlowFacts) -> (Option<Side>, u8) {
    let Some(server) = flow.side_with_port(&[PORT]) else {
        return match flow.requester {
            Some(shown) => (Some(shown), SURE),
            // Whoever opened it, or (`None`) sends first: a guess, since devices behind firewalls call their clients.
            None => (flow.originator, 0),
        };
    };
    // The port is believed against the build of messages, which a scanner chooses, but not against the handshake.
    (Some(server.other()), if flow.originator == Some(server) { 0 } else { SURE })
}

const fn direction(side: Side, requester: Side) -> Direction {
    match (side, requester) {
        (Side::A, Side::A) | (Side::B, Side::B) => Direction::Request,
        _ => Direction::Response,
    }
}

fn count(fault: Fault, to: &mut dyn MessageHandler) {
    to.anomaly(&PROTOCOL, fault as usize);
}
