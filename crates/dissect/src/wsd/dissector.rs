//! The state of one WS-Discovery conversation: who asks.

use wardtap_net::stream::{Chunk, Side};

use super::wire::{Kind, Message, SHOWN_MAX};
use super::{NOT_WSD, PROTOCOL};
use crate::clues::Clue;
use crate::datagrams::Datagrams;
use crate::plain::{Plain, Value};
use crate::{Direction, Envelope, MessageHandler, Outcome, Protocol};

#[derive(Default)]
pub(super) struct Wsd {
    requester: Option<Side>,
}

impl Datagrams for Wsd {
    fn protocol(&self) -> &'static Protocol {
        &PROTOCOL
    }

    fn datagram(&mut self, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        match Message::read(chunk.bytes) {
            Some(message) => self.message(&message, chunk, to),
            None => to.anomaly(&PROTOCOL, NOT_WSD),
        }
    }

    fn requester(&self) -> Option<Side> {
        self.requester
    }
}

impl Wsd {
    fn message(&mut self, message: &Message, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        let Chunk { side, bytes, .. } = *chunk;
        let answers = message.kind.answers();
        let envelope = Envelope {
            kind: message.kind as usize,
            side,
            direction: if answers { Direction::Response } else { Direction::Request },
            bytes: bytes.len() as u64,
            incomplete: false,
            response_nanos: None,
            outcome: Outcome::Neutral,
        };
        self.requester = self.requester.or(Some(envelope.requester()));
        let mut buffer = [0; SHOWN_MAX];
        let types = message.write_types(&mut buffer);
        // What is searched for says nothing of who searches.
        if let Some(types) = types.filter(|_| answers || message.kind == Kind::Hello) {
            to.clue(side, Clue::WsdType, &types);
        }
        to.message(&Plain {
            protocol: &PROTOCOL,
            envelope,
            features: &[Value::text(types)],
            more: &[("version", Value::word(message.version))],
        });
    }
}
