//! The state of one NTP conversation: the requests that wait.

use wardtap_net::packet::Timestamp;
use wardtap_net::stream::{Chunk, Side};

use super::wire::{Header, Time};
use super::{NOT_NTP, PROTOCOL};
use crate::datagrams::Datagrams;
use crate::pending::Pending;
use crate::plain::{Plain, Value};
use crate::{Direction, Envelope, MessageHandler, Outcome, Protocol};

/// Requests that wait in one flow: a client asks again a few times at most before it gives up.
const WAITING_MAX: usize = 8;

#[derive(Default)]
pub(super) struct Ntp {
    waiting: Pending<(Time, Timestamp)>,
    requester: Option<Side>,
}

impl Datagrams for Ntp {
    fn protocol(&self) -> &'static Protocol {
        &PROTOCOL
    }

    fn datagram(&mut self, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        match Header::read(chunk.bytes) {
            Some(header) => self.message(&header, chunk, to),
            None => to.anomaly(&PROTOCOL, NOT_NTP),
        }
    }

    fn requester(&self) -> Option<Side> {
        self.requester
    }

    fn held_bytes(&self) -> usize {
        self.waiting.held_bytes()
    }
}

impl Ntp {
    fn message(&mut self, header: &Header<'_>, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        let Chunk { side, time, bytes, .. } = *chunk;
        self.requester = self.requester.or(header.requester(side));
        let response_nanos = if header.is_answer() {
            let asked = self.waiting.take(|(origin, _)| *origin == header.origin && *origin != Time::default());
            asked.map(|(_, asked)| time.nanos().saturating_sub(asked.nanos()))
        } else {
            if self.waiting.len() >= WAITING_MAX {
                self.waiting.pop_oldest();
            }
            self.waiting.push((header.transmit, time));
            None
        };
        to.held_changed();
        let envelope = Envelope {
            kind: header.mode as usize,
            side,
            direction: if header.is_answer() { Direction::Response } else { Direction::Request },
            bytes: bytes.len() as u64,
            incomplete: false,
            response_nanos,
            outcome: Outcome::Neutral,
        };
        to.message(&Plain {
            protocol: &PROTOCOL,
            envelope,
            features: &[
                Value::Number(header.version.into()),
                Value::number(header.stratum()),
                Value::text(header.reference()),
                Value::number(header.offset(time)),
            ],
            more: &[],
        });
    }
}
