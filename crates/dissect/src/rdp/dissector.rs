//! The state of one RDP connection: the first packet of each end, and nothing of what follows.

use wardtap_net::packet::Timestamp;
use wardtap_net::stream::{Chunk, Side};

use super::wire::{Connection, failure, length, security};
use super::{CONFIRM, NOT_A_CONNECTION, PORT, PROTOCOL, REQUEST};
use crate::plain::{Plain, Value};
use crate::{Direction, Dissector, Envelope, FlowFacts, Gap, MessageHandler, Outcome, Progress, Protocol};

pub(super) struct Rdp {
    client: Option<Side>,
    asked: Option<Timestamp>,
    /// What follows of an end is not read.
    is_opaque: [bool; 2],
}

impl Rdp {
    pub(super) fn new(flow: &FlowFacts) -> Self {
        let by_port = flow.side_with_port(&[PORT]).map(Side::other);
        Self { client: flow.originator.or(by_port), asked: None, is_opaque: [false; 2] }
    }

    fn tell(&mut self, connection: Connection, bytes: usize, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        let side = chunk.side;
        let is_request = connection.is_request();
        self.client = Some(if is_request { side } else { side.other() });
        let none = Value::None;
        let (chosen, failed, cookie) = match connection {
            Connection::Request { protocols, cookie } => {
                if let Some(name) = cookie {
                    to.login(side, name);
                }
                let cookie = cookie.map_or(none, |_| Value::Flag(true));
                (Value::word(security(protocols.unwrap_or_default())), none, cookie)
            }
            Connection::Confirm { protocol } => (Value::word(security(protocol.unwrap_or_default())), none, none),
            Connection::Failure { code } => (none, Value::word(failure(code)), none),
        };
        let response_nanos = if is_request {
            self.asked = Some(chunk.time);
            None
        } else {
            self.asked.take().map(|asked| chunk.time.nanos().saturating_sub(asked.nanos()))
        };
        let outcome = match connection {
            Connection::Confirm { .. } => Outcome::Positive,
            // Clients try what they can, one after the other: no refusal of who asks.
            Connection::Request { .. } | Connection::Failure { .. } => Outcome::Neutral,
        };
        to.message(&Plain {
            protocol: &PROTOCOL,
            envelope: Envelope {
                kind: if is_request { REQUEST } else { CONFIRM },
                side,
                direction: if is_request { Direction::Request } else { Direction::Response },
                bytes: bytes as u64,
                incomplete: false,
                response_nanos,
                outcome,
            },
            features: &[chosen, failed],
            more: &[("cookie", cookie)],
        });
    }
}

impl Dissector for Rdp {
    fn protocol(&self) -> &'static Protocol {
        &PROTOCOL
    }

    fn dissect(&mut self, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) -> Progress {
        let (side, bytes) = (chunk.side, chunk.bytes);
        if *side.of(&self.is_opaque) {
            return Progress::All;
        }
        if bytes.len() < 4 {
            return Progress::Need { took: 0, more: 4usize.saturating_sub(bytes.len()) };
        }
        let length = length(bytes);
        let missing = length.unwrap_or_default().saturating_sub(bytes.len());
        if missing > 0 {
            return Progress::Need { took: 0, more: missing };
        }
        *side.of_mut(&mut self.is_opaque) = true;
        match length.and_then(|length| bytes.get(..length)).and_then(|packet| Some((Connection::read(packet)?, packet)))
        {
            Some((connection, packet)) => self.tell(connection, packet.len(), chunk, to),
            None => to.anomaly(&PROTOCOL, NOT_A_CONNECTION),
        }
        Progress::All
    }

    fn gap(&mut self, gap: &Gap<'_>, _: &mut dyn MessageHandler) {
        *gap.side.of_mut(&mut self.is_opaque) = true;
    }

    fn finish(&mut self, _: [Chunk<'_>; 2], _: &mut dyn MessageHandler) {}

    fn requester(&self) -> Option<Side> {
        self.client
    }
}
