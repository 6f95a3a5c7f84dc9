//! A flow's state: between frames almost nothing, inside one a [`Frame`] on the heap.

use wardtap_net::packet::Timestamp;
use wardtap_net::stream::{Chunk, Side};

use super::exchanges::{Answered, Asks, Exchanges};
use super::frame::{Frame, Open};
use super::profile::{DeviceIdentity, identify, may_identify};
use super::scan::{CR, VT};
use super::wire::{Acknowledgement, Header, LINE_MAX};
use super::{
    BYTES_OUTSIDE_FRAMES, FRAME_END_WITHOUT_CR, Hl7Message, LINE_ENDS, LONG_HEADER, PROTOCOL, REPEATED_ACKNOWLEDGEMENT,
    TOO_MANY_PENDING, UNACKNOWLEDGED, UNKNOWN_SEGMENT, UNREADABLE_ACKNOWLEDGEMENT, UNREADABLE_HEADER,
    UNSOLICITED_ACKNOWLEDGEMENT,
};
use crate::fingerprint::Fingerprint;
use crate::{Direction, Dissector, Envelope, FlowFacts, Gap, MessageHandler, Outcome, Progress, Protocol};

/// The state of a flow that speaks HL7.
pub(super) struct Hl7 {
    /// The frame that each end is in the middle of.
    open: [Option<Box<Frame<'static>>>; 2],
    exchanges: Exchanges,
    between: [Between; 2],
    requester: Option<Side>,
    /// Whose device is not looked for any more.
    profiled: [bool; 2],
}

/// Where a stream is, outside frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Between {
    /// In the middle of nobody knows what: a frame will begin some time.
    Adrift,
    /// Where a frame should begin.
    Start,
    /// Behind FS.
    Ended,
    /// Among bytes that belong to no frame, which were counted.
    Outside,
}

impl Hl7 {
    pub(super) fn new(flow: &FlowFacts) -> Self {
        let between = flow.from_start.map(|seen| if seen { Between::Start } else { Between::Adrift });
        Self {
            open: [None, None],
            exchanges: Exchanges::new(flow.from_start),
            between,
            requester: flow.requester,
            profiled: [false; 2],
        }
    }

    /// Gives out the message of one end that waits for the CR behind its FS, as of its FS; true where there was one.
    fn let_go(&mut self, side: Side, to: &mut dyn MessageHandler) -> bool {
        let Self { open, exchanges, requester, profiled, .. } = self;
        let Some(mut frame) = side.of_mut(open).take_if(|frame| frame.has_ended()) else { return false };
        let mut out = Output { side, now: frame.last(), exchanges, requester, profiled, to };
        out.at(frame.last());
        frame.let_go(&mut out);
        true
    }
}

impl Dissector for Hl7 {
    fn protocol(&self) -> &'static Protocol {
        &PROTOCOL
    }

    /// Takes everything: lines that go on in the next chunk are kept here, as far as they are needed.
    fn dissect(&mut self, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) -> Progress {
        let now = (chunk.time, chunk.frame);
        let held = self.exchanges.held_bytes() > 0 || self.open.iter().any(Option::is_some);
        // Whoever answers has taken the block for complete.
        if self.let_go(chunk.side.other(), to) {
            to.at(now.0, now.1);
        }
        let Self { open, exchanges, between, requester, profiled } = self;
        let mut out = Output { side: chunk.side, now, exchanges, requester, profiled, to };
        let between = chunk.side.of_mut(between);
        let open = chunk.side.of_mut(open);
        // The allocation outlives the chunks of one frame.
        let mut shelf = open.take();
        let mut inside = shelf.is_some();
        let mut frame: Frame<'_> = match &mut shelf {
            Some(shelf) => std::mem::take(shelf),
            None => Frame::default(),
        };
        let mut rest = chunk.bytes;
        if let Some(first) = rest.first()
            && frame.has_ended()
        {
            if *first == CR {
                frame.let_go(&mut out);
            } else {
                out.at(frame.last());
                frame.let_go(&mut out);
                out.at(now);
            }
            inside = false;
        }
        while !rest.is_empty() {
            if inside {
                if frame.read(&mut rest, &mut out) {
                    inside = frame.has_ended();
                    *between = Between::Ended;
                }
            } else if find_frame(&mut rest, between, &mut out) {
                frame.begin(!*chunk.side.of(out.profiled), out.to.fingerprints());
                inside = true;
            }
        }
        if inside {
            let frame = frame.into_owned(&mut out);
            *open = Some(match shelf {
                Some(mut shelf) => {
                    *shelf = frame;
                    shelf
                }
                None => Box::new(frame),
            });
        }
        if held || inside || self.exchanges.held_bytes() > 0 {
            to.held_changed();
        }
        Progress::All
    }

    fn gap(&mut self, gap: &Gap<'_>, to: &mut dyn MessageHandler) {
        self.let_go(Side::A, to);
        self.let_go(Side::B, to);
        let Self { open, exchanges, between, requester, profiled } = self;
        exchanges.lose(gap.side);
        match gap.side.of_mut(open) {
            Some(frame) => {
                let now = frame.last();
                let mut out = Output { side: gap.side, now, exchanges, requester, profiled, to };
                out.at(now);
                frame.gap(gap.missing.unwrap_or(0), &mut out);
            }
            None => *gap.side.of_mut(between) = Between::Adrift,
        }
    }

    fn finish(&mut self, _: [Chunk<'_>; 2], to: &mut dyn MessageHandler) {
        self.let_go(Side::A, to);
        self.let_go(Side::B, to);
        for side in Side::BOTH {
            let Self { open, exchanges, requester, profiled, .. } = self;
            if let Some(mut frame) = side.of_mut(open).take() {
                let now = frame.last();
                let mut out = Output { side, now, exchanges, requester, profiled, to };
                out.at(now);
                frame.finish(&mut out);
            }
        }
        for _ in 0..self.exchanges.unanswered() {
            to.anomaly(&PROTOCOL, UNACKNOWLEDGED);
        }
    }

    fn requester(&self) -> Option<Side> {
        self.requester
    }

    fn held_bytes(&self) -> usize {
        let frames = self.open.iter().flatten().map(|frame| frame.held_bytes());
        frames.fold(self.exchanges.held_bytes(), usize::saturating_add)
    }
}

/// Goes to the start of the next frame; true where it was found, `rest` then being the frame's content.
fn find_frame(rest: &mut &[u8], between: &mut Between, out: &mut Output<'_>) -> bool {
    if *between == Between::Ended {
        *between = Between::Start;
        match rest.split_first() {
            Some((&CR, after)) => {
                *rest = after;
                return false;
            }
            _ => out.anomaly(FRAME_END_WITHOUT_CR),
        }
    }
    let start = memchr::memchr(VT, rest);
    if start != Some(0) && *between == Between::Start {
        out.anomaly(BYTES_OUTSIDE_FRAMES);
        *between = Between::Outside;
    }
    *rest = start.and_then(|start| rest.get(start.saturating_add(1)..)).unwrap_or_default();
    start.is_some()
}

/// Where messages go, with what belongs to them beyond their bytes.
pub(super) struct Output<'o> {
    side: Side,
    /// The time and frame of what is read.
    pub(super) now: (Timestamp, u64),
    exchanges: &'o mut Exchanges,
    requester: &'o mut Option<Side>,
    profiled: &'o mut [bool; 2],
    pub(super) to: &'o mut dyn MessageHandler,
}

impl Output<'_> {
    pub(super) fn anomaly(&mut self, reason: usize) {
        self.to.anomaly(&PROTOCOL, reason);
    }

    /// What is told next belongs to this time and frame.
    pub(super) fn at(&mut self, now: (Timestamp, u64)) {
        self.now = now;
        self.to.at(now.0, now.1);
    }

    /// A message has come to its end.
    pub(super) fn message(&mut self, open: &Open<'_>) {
        let header = Header::new(&open.header, open.header_ended);
        let mut acknowledgement = (!open.acknowledgement.is_empty())
            .then(|| Acknowledgement::new(&open.acknowledgement, open.acknowledgement_ended, &header));
        self.count(open, &header, acknowledgement.as_ref());
        let responds = acknowledgement.is_some() || header.is_acknowledgement();
        let ((response_nanos, answered), outcome) = match &mut acknowledgement {
            Some(acknowledgement) => {
                let alone = header.is_acknowledgement() && open.counts.only_acknowledges();
                (self.answer(acknowledgement, alone), outcome(acknowledgement))
            }
            None => ((None, None), Outcome::Neutral),
        };
        let accepted = answered.filter(|_| outcome == Outcome::Positive);
        if !responds || header.asks_commit() {
            // An answer of the application is itself answered by a commit, where it asks for one.
            let asks = Asks {
                always: header.asks_always(),
                never: header.asks_never(),
                application: header.asks_application(),
            };
            let fingerprint = open.content.and_then(|content| header.fingerprint(content));
            self.exchanges.request(self.side, header.control_id_bytes(), self.now.0, asks, fingerprint);
        }
        if self.exchanges.has_forgotten() {
            self.anomaly(TOO_MANY_PENDING);
        }
        if self.requester.is_none() {
            *self.requester = Some(if responds { self.side.other() } else { self.side });
        }
        let envelope = Envelope {
            kind: header.kind(),
            side: self.side,
            direction: if responds { Direction::Response } else { Direction::Request },
            bytes: open.bytes,
            incomplete: open.incomplete,
            response_nanos,
            outcome,
        };
        let device = self.device(open, &header);
        let results = if responds { &[] } else { open.results.of_patients() };
        self.to.message(&Hl7Message {
            accepted,
            results,
            result_status: open.results.retraction().filter(|_| !responds),
            order_control: open.orders.control(),
            days_apart: header.days_apart(self.now.0),
            ..Hl7Message::new(envelope, &header, acknowledgement, &open.counts, device)
        });
    }

    /// Who measured, at the first message of a stream that has observations; where that does not say so, no other will
    /// be asked, for the looking costs as much as all the rest.
    fn device(&mut self, open: &Open<'_>, header: &Header<'_>) -> Option<DeviceIdentity> {
        let profiled = self.side.of_mut(self.profiled);
        if *profiled || open.incomplete || !header.is_sound() || !open.counts.any(may_identify) {
            return None;
        }
        *profiled = true;
        if open.equipment.is_empty() { None } else { identify(&open.header, &open.equipment) }
    }

    /// What is odd about a message; what a gap explains is not.
    fn count(&mut self, open: &Open<'_>, header: &Header<'_>, acknowledgement: Option<&Acknowledgement<'_>>) {
        if open.header.len() > LINE_MAX {
            self.anomaly(LONG_HEADER);
        } else if !header.is_sound() && (open.header_ended || !open.incomplete) {
            self.anomaly(UNREADABLE_HEADER);
        }
        if header.is_sound() && open.acknowledgement_ended && acknowledgement.is_some_and(|ack| !ack.is_sound()) {
            self.anomaly(UNREADABLE_ACKNOWLEDGEMENT);
        }
        if open.odd_ends {
            self.anomaly(LINE_ENDS);
        }
        if open.unknown {
            self.anomaly(UNKNOWN_SEGMENT);
        }
    }

    /// How long the answer took, and what it answers.
    fn answer(&mut self, acknowledgement: &mut Acknowledgement<'_>, alone: bool) -> (Option<u64>, Option<Fingerprint>) {
        let (control_id, commit) = (acknowledgement.control_id_bytes(), acknowledgement.is_commit());
        let answered = self.exchanges.answer(self.side, control_id, self.now.0, commit);
        let requested = !matches!(answered, Answered::Unasked | Answered::Unknown);
        acknowledgement.vouch(requested, alone);
        match answered {
            Answered::After(nanos, fingerprint) => return (Some(nanos), fingerprint),
            Answered::Again => self.anomaly(REPEATED_ACKNOWLEDGEMENT),
            Answered::Unasked => self.anomaly(UNSOLICITED_ACKNOWLEDGEMENT),
            Answered::Further | Answered::Unknown => {}
        }
        (None, None)
    }
}

fn outcome(acknowledgement: &Acknowledgement<'_>) -> Outcome {
    match acknowledgement.accepted() {
        Some(true) => Outcome::Positive,
        Some(false) => Outcome::Negative,
        None => Outcome::Neutral,
    }
}
