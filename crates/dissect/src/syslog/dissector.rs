//! The state of one syslog conversation: where each end is in its message.

use memchr::memchr;
use wardtap_net::packet::Timestamp;
use wardtap_net::stream::{Chunk, Side};

use super::wire::{Frame, HEAD_MAX, Head, begins, frame};
use super::{NOT_SYSLOG, PROTOCOL, RFC3164, RFC5424};
use crate::plain::{Plain, Value};
use crate::{Direction, Dissector, Envelope, FlowFacts, Gap, MessageHandler, Outcome, Progress, Protocol, Transport};

/// A message under way.
#[derive(Clone, Copy)]
struct Message {
    head: Head,
    /// Its octets so far, or where its length is known all of them, with what frames it.
    bytes: u64,
    is_incomplete: bool,
    /// When and in which frame its last octet so far came.
    last: (Timestamp, u64),
}

/// Where an end of a stream is.
#[derive(Clone, Copy, Default)]
enum Stage {
    /// At the start of a message.
    #[default]
    Start,
    /// In a message of known length, of which so much is left.
    Counted(Message, u64),
    /// In a message that ends with its line.
    Line(Message),
    /// In something that is no message, up to the end of its line.
    Lost,
}

pub(super) struct Syslog {
    transport: Transport,
    stages: [Stage; 2],
    requester: Option<Side>,
}

impl Syslog {
    pub(super) fn new(flow: &FlowFacts) -> Self {
        Self { transport: flow.transport, stages: [Stage::Start; 2], requester: flow.requester }
    }

    fn tell(&mut self, message: &Message, side: Side, to: &mut dyn MessageHandler) {
        self.requester = self.requester.or(Some(side));
        let Message { head, bytes, is_incomplete, .. } = message;
        let none = Value::None;
        let audit = if head.is_audit { Value::Flag(true) } else { none };
        to.message(&Plain {
            protocol: &PROTOCOL,
            envelope: Envelope {
                kind: if head.is_rfc5424 { RFC5424 } else { RFC3164 },
                side,
                direction: Direction::Request,
                bytes: *bytes,
                incomplete: *is_incomplete,
                response_nanos: None,
                outcome: Outcome::Neutral,
            },
            features: &[head.facility(), head.application(), audit],
            more: &[("severity", head.severity())],
        });
    }

    fn datagram(&mut self, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        match Head::read(chunk.bytes) {
            Some(head) => {
                let last = (chunk.time, chunk.frame);
                let message = Message { head, bytes: chunk.bytes.len() as u64, is_incomplete: false, last };
                self.tell(&message, chunk.side, to);
            }
            None => to.anomaly(&PROTOCOL, NOT_SYSLOG),
        }
    }

    /// Reads the start of a message; how many octets were used, or how many more are needed.
    fn start(&mut self, rest: &[u8], chunk: &Chunk<'_>, to: &mut dyn MessageHandler) -> Result<usize, usize> {
        let (side, last) = (chunk.side, (chunk.time, chunk.frame));
        // What some senders put between messages, whatever frames those (RFC 6587 section 3.4.2).
        if let Some(b'\n' | b'\r' | 0) = rest.first() {
            return Ok(1);
        }
        let (start, length) = match frame(rest) {
            Frame::Unsure => return Err(1),
            Frame::None => return Ok(self.lose(side, to)),
            Frame::Line => (0, None),
            Frame::Counted { start, length } => (start, Some(length)),
        };
        let text = rest.get(start..).unwrap_or_default();
        match begins(text) {
            None => return Err(1),
            Some(false) => return Ok(self.lose(side, to)),
            Some(true) => {}
        }
        let wanted = length.map_or(HEAD_MAX, |length| usize::try_from(length).unwrap_or(HEAD_MAX).min(HEAD_MAX));
        let window = text.get(..wanted).unwrap_or(text);
        let end = if length.is_none() { memchr(b'\n', window) } else { None };
        let head = match end {
            Some(end) => window.get(..end).unwrap_or_default(),
            None if window.len() == wanted => window,
            None => return Err(if length.is_some() { wanted.saturating_sub(window.len()) } else { 1 }),
        };
        let took = start.saturating_add(head.len());
        // A message that is said to be shorter than its priority is none.
        let Some(read) = Head::read(head) else { return Ok(self.lose(side, to)) };
        let message = |bytes| Message { head: read, bytes, is_incomplete: false, last };
        *side.of_mut(&mut self.stages) = match length {
            Some(length) => {
                let whole = length.saturating_add(start as u64);
                Stage::Counted(message(whole), length.saturating_sub(head.len() as u64))
            }
            None => Stage::Line(message(took as u64)),
        };
        Ok(took)
    }

    fn lose(&mut self, side: Side, to: &mut dyn MessageHandler) -> usize {
        to.anomaly(&PROTOCOL, NOT_SYSLOG);
        *side.of_mut(&mut self.stages) = Stage::Lost;
        0
    }

    /// A message ends before its last octet, of which so many are missing; `held` is the start of one.
    fn cut(&mut self, held: &Chunk<'_>, missing: Option<u64>, to: &mut dyn MessageHandler) {
        let side = held.side;
        let stage = std::mem::take(side.of_mut(&mut self.stages));
        let message = match stage {
            Stage::Counted(message, _) => Some(message),
            Stage::Line(message) => {
                Some(Message { bytes: message.bytes.saturating_add(missing.unwrap_or(0)), ..message })
            }
            Stage::Start if frame(held.bytes) == Frame::Line => {
                let bytes = missing.unwrap_or(0).saturating_add(held.bytes.len() as u64);
                let last = (held.time, held.frame);
                Head::read(held.bytes).map(|head| Message { head, bytes, is_incomplete: true, last })
            }
            Stage::Start | Stage::Lost => None,
        };
        if !matches!(stage, Stage::Start) || !held.bytes.is_empty() {
            *side.of_mut(&mut self.stages) = Stage::Lost;
        }
        if let Some(message) = message {
            let (time, frame) = message.last;
            to.at(time, frame);
            self.tell(&Message { is_incomplete: true, ..message }, side, to);
        }
    }
}

impl Dissector for Syslog {
    fn protocol(&self) -> &'static Protocol {
        &PROTOCOL
    }

    fn dissect(&mut self, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) -> Progress {
        if self.transport == Transport::Udp {
            self.datagram(chunk, to);
            return Progress::All;
        }
        let (side, mut took) = (chunk.side, 0usize);
        loop {
            let rest = chunk.bytes.get(took..).unwrap_or_default();
            let stage = *side.of(&self.stages);
            if let Stage::Counted(message, 0) = stage {
                *side.of_mut(&mut self.stages) = Stage::Start;
                self.tell(&message, side, to);
                continue;
            }
            if rest.is_empty() {
                return Progress::All;
            }
            let length = match stage {
                Stage::Start => match self.start(rest, chunk, to) {
                    Ok(length) => length,
                    Err(more) => return Progress::Need { took, more: more.max(1) },
                },
                Stage::Counted(mut message, left) => {
                    message.last = (chunk.time, chunk.frame);
                    let length = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                    *side.of_mut(&mut self.stages) = Stage::Counted(message, left.saturating_sub(length as u64));
                    length
                }
                Stage::Line(mut message) => match memchr(b'\n', rest) {
                    Some(end) => {
                        let length = end.saturating_add(1);
                        message.bytes = message.bytes.saturating_add(length as u64);
                        *side.of_mut(&mut self.stages) = Stage::Start;
                        self.tell(&message, side, to);
                        length
                    }
                    None => {
                        message.last = (chunk.time, chunk.frame);
                        message.bytes = message.bytes.saturating_add(rest.len() as u64);
                        *side.of_mut(&mut self.stages) = Stage::Line(message);
                        rest.len()
                    }
                },
                Stage::Lost => match memchr(b'\n', rest) {
                    Some(end) => {
                        *side.of_mut(&mut self.stages) = Stage::Start;
                        end.saturating_add(1)
                    }
                    None => rest.len(),
                },
            };
            took = took.saturating_add(length);
        }
    }

    fn gap(&mut self, gap: &Gap<'_>, to: &mut dyn MessageHandler) {
        let stage = gap.side.of_mut(&mut self.stages);
        match (*stage, gap.missing) {
            // It lies in a message of known length.
            (Stage::Counted(message, left), Some(missing)) if missing < left => {
                let message = Message { is_incomplete: true, ..message };
                *stage = Stage::Counted(message, left.saturating_sub(missing));
            }
            (Stage::Counted(message, left), Some(missing)) if missing == left => {
                *stage = Stage::Start;
                let (time, frame) = message.last;
                to.at(time, frame);
                self.tell(&Message { is_incomplete: true, ..message }, gap.side, to);
            }
            (_, missing) => self.cut(&gap.held, missing, to),
        }
    }

    fn finish(&mut self, held: [Chunk<'_>; 2], to: &mut dyn MessageHandler) {
        for chunk in held {
            self.cut(&chunk, None, to);
        }
    }

    fn requester(&self) -> Option<Side> {
        self.requester
    }
}
