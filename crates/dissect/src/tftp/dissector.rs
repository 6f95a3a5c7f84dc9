//! The state of one flow of TFTP: who asks, when that was, and what is transferred.

use wardtap_net::packet::Timestamp;
use wardtap_net::stream::{Chunk, Side};

use super::transfer::Transfer;
use super::wire::{ACCESS_VIOLATION, Packet, error};
use super::{NOT_TFTP, PROTOCOL, UNFINISHED};
use crate::plain::{Plain, Value};
use crate::{Direction, Dissector, Envelope, FlowFacts, Gap, MessageHandler, Outcome, Progress, Protocol};

pub(super) struct Tftp {
    requester: Option<Side>,
    /// When the request that waits was sent.
    asked: Option<Timestamp>,
    transfer: Transfer,
}

impl Tftp {
    pub(super) const fn new(flow: &FlowFacts) -> Self {
        Self { requester: flow.requester, asked: None, transfer: Transfer::NONE }
    }
}

impl Dissector for Tftp {
    fn protocol(&self) -> &'static Protocol {
        &PROTOCOL
    }

    fn dissect(&mut self, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) -> Progress {
        match Packet::read(chunk.bytes) {
            Some(packet) => self.packet(&packet, chunk, to),
            None => to.anomaly(&PROTOCOL, NOT_TFTP),
        }
        Progress::All
    }

    fn gap(&mut self, _: &Gap<'_>, _: &mut dyn MessageHandler) {}

    fn finish(&mut self, _: [Chunk<'_>; 2], to: &mut dyn MessageHandler) {
        if self.transfer.is_unfinished() {
            to.anomaly(&PROTOCOL, UNFINISHED);
        }
    }

    fn requester(&self) -> Option<Side> {
        self.requester
    }
}

impl Tftp {
    fn packet(&mut self, packet: &Packet, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        let Chunk { side, time, bytes, .. } = *chunk;
        let requester = *self.requester.get_or_insert(side);
        let is_of_requester = side == requester;
        let response_nanos = if is_of_requester {
            // Asked again, it was asked the first time.
            if packet.is_request() {
                self.asked = self.asked.or(Some(time));
            }
            None
        } else {
            self.asked.take().map(|asked| time.since(asked))
        };
        if packet.is_request() {
            to.awaits(&PROTOCOL, side);
        }
        let end = self.transfer.take(packet);
        let word = packet.error.map(error);
        let envelope = Envelope {
            kind: packet.kind,
            side,
            direction: if is_of_requester { Direction::Request } else { Direction::Response },
            bytes: bytes.len() as u64,
            incomplete: false,
            response_nanos,
            outcome: match word {
                Some(ACCESS_VIOLATION) if !is_of_requester => Outcome::Negative,
                _ => Outcome::Neutral,
            },
        };
        let none = Value::None;
        to.message(&Plain {
            protocol: &PROTOCOL,
            envelope,
            features: &[
                packet.mode.map_or(none, Value::word),
                packet.is_program.map_or(none, Value::Flag),
                word.map_or(none, Value::word),
            ],
            more: &[
                ("block_size", Value::number(packet.block_size)),
                ("size", Value::number(packet.size)),
                ("complete", end.map_or(none, |end| Value::Flag(end.complete))),
                ("octets", Value::number(end.and_then(|end| end.octets))),
            ],
        });
    }
}
