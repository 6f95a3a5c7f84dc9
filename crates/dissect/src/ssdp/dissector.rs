//! The state of one SSDP conversation: the search that waits.

use wardtap_net::packet::Timestamp;
use wardtap_net::stream::{Chunk, Side};

use super::wire::{Kind, Message};
use super::{NOT_SSDP, PROTOCOL};
use crate::clues::Clue;
use crate::datagrams::Datagrams;
use crate::plain::{Plain, Value};
use crate::{Direction, Envelope, MessageHandler, Outcome, Protocol};

#[derive(Default)]
pub(super) struct Ssdp {
    /// The last search that was not answered yet.
    searched: Option<(Side, Timestamp)>,
    requester: Option<Side>,
}

impl Datagrams for Ssdp {
    fn protocol(&self) -> &'static Protocol {
        &PROTOCOL
    }

    fn datagram(&mut self, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        match Message::read(chunk.bytes) {
            Some(message) => self.message(&message, chunk, to),
            None => to.anomaly(&PROTOCOL, NOT_SSDP),
        }
    }

    fn requester(&self) -> Option<Side> {
        self.requester
    }
}

impl Ssdp {
    fn message(&mut self, message: &Message<'_>, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        let Chunk { side, time, bytes, .. } = *chunk;
        let answers = message.kind == Kind::Response;
        let mut response_nanos = None;
        if message.kind == Kind::Search {
            self.searched = Some((side, time));
        } else if let Some((_, asked)) = self.searched.take_if(|(asker, _)| answers && *asker == side.other()) {
            response_nanos = Some(time.nanos().saturating_sub(asked.nanos()));
        }
        let envelope = Envelope {
            kind: message.kind as usize,
            side,
            direction: if answers { Direction::Response } else { Direction::Request },
            bytes: bytes.len() as u64,
            incomplete: false,
            response_nanos,
            outcome: Outcome::Neutral,
        };
        self.requester = self.requester.or(Some(envelope.requester()));
        if let Some(server) = message.server() {
            to.clue(side, Clue::SsdpServer, &server);
        }
        to.message(&Plain {
            protocol: &PROTOCOL,
            envelope,
            features: &[message.target()],
            more: &[("max_age", Value::number(message.max_age))],
        });
    }
}
