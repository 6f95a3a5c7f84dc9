//! The state of one SSH connection: how far each end has come before all is encrypted.

use wardtap_net::stream::{Chunk, Side};

use super::wire::{IDENTIFICATION_MAX, Identification, KeyExchange, packet_length};
use super::{IDENTIFICATION, KEY_EXCHANGE, NOT_A_KEY_EXCHANGE, PORT, PROTOCOL, TOO_LONG};
use crate::clues::Clue;
use crate::plain::{Plain, Value};
use crate::public::Public;
use crate::{Direction, Dissector, Envelope, FlowFacts, Gap, MessageHandler, Outcome, Progress, Protocol};

/// What an end sends next.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Identification,
    KeyExchange,
    /// It is encrypted, or lost.
    Encrypted,
}

pub(super) struct Ssh {
    client: Option<Side>,
    stages: [Stage; 2],
}

impl Ssh {
    pub(super) fn new(flow: &FlowFacts) -> Self {
        let client = flow.originator.or_else(|| flow.side_with_port(&[PORT]).map(Side::other));
        Self { client, stages: [Stage::default(); 2] }
    }

    fn tell(
        &self,
        kind: usize,
        side: Side,
        bytes: usize,
        fields: [Value<'_>; 2],
        more: (&'static str, Value<'_>),
        to: &mut dyn MessageHandler,
    ) {
        let is_client = self.client == Some(side);
        let envelope = Envelope {
            kind,
            side,
            direction: if is_client { Direction::Request } else { Direction::Response },
            bytes: bytes as u64,
            incomplete: false,
            response_nanos: None,
            outcome: Outcome::Neutral,
        };
        let [software, hassh] = fields;
        to.message(&Plain { protocol: &PROTOCOL, envelope, features: &[software, hassh], more: &[more] });
    }

    fn identification(&mut self, line: &[u8], side: Side, to: &mut dyn MessageHandler) {
        let Some(identification) = Identification::read(line) else {
            // RFC 4253 section 4.2: a server may send other lines before it.
            return;
        };
        *side.of_mut(&mut self.stages) = Stage::KeyExchange;
        let Identification { version, software } = identification;
        if !software.is_unreadable() && !software.as_str().is_empty() {
            to.clue(side, Clue::SshSoftware, &software);
        }
        let fields = [Value::Text(software), Value::None];
        self.tell(IDENTIFICATION, side, line.len(), fields, ("protocol_version", Value::Text(version)), to);
    }

    fn key_exchange(&mut self, packet: &[u8], side: Side, to: &mut dyn MessageHandler) {
        *side.of_mut(&mut self.stages) = Stage::Encrypted;
        let Some(KeyExchange { hassh: [client, server], is_weak }) = KeyExchange::read(packet) else {
            return to.anomaly(&PROTOCOL, NOT_A_KEY_EXCHANGE);
        };
        let hassh = if self.client == Some(side) { client } else { server };
        let hassh = Public::shaped(hassh.as_bytes(), 32, |byte| byte.is_ascii_hexdigit());
        to.clue(side, Clue::SshHassh, &hassh);
        let weak = if is_weak { Value::Flag(true) } else { Value::None };
        self.tell(KEY_EXCHANGE, side, packet.len(), [Value::None, Value::Text(hassh)], ("weak", weak), to);
    }
}

impl Dissector for Ssh {
    fn protocol(&self) -> &'static Protocol {
        &PROTOCOL
    }

    fn dissect(&mut self, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) -> Progress {
        let (side, mut took) = (chunk.side, 0usize);
        loop {
            let rest = chunk.bytes.get(took..).unwrap_or_default();
            if rest.is_empty() {
                return Progress::All;
            }
            let length = match *side.of(&self.stages) {
                Stage::Encrypted => return Progress::All,
                Stage::Identification => {
                    let line = rest.get(..IDENTIFICATION_MAX).unwrap_or(rest);
                    let Some(end) = line.iter().position(|byte| *byte == b'\n') else {
                        if rest.len() < IDENTIFICATION_MAX {
                            return Progress::Need { took, more: 1 };
                        }
                        to.anomaly(&PROTOCOL, TOO_LONG);
                        *side.of_mut(&mut self.stages) = Stage::Encrypted;
                        continue;
                    };
                    let length = end.saturating_add(1);
                    self.identification(rest.get(..length).unwrap_or_default(), side, to);
                    length
                }
                Stage::KeyExchange => {
                    if rest.len() < 4 {
                        return Progress::Need { took, more: 4usize.saturating_sub(rest.len()) };
                    }
                    let Some(length) = packet_length(rest) else {
                        to.anomaly(&PROTOCOL, NOT_A_KEY_EXCHANGE);
                        *side.of_mut(&mut self.stages) = Stage::Encrypted;
                        continue;
                    };
                    let Some(packet) = rest.get(..length) else {
                        return Progress::Need { took, more: length.saturating_sub(rest.len()) };
                    };
                    self.key_exchange(packet, side, to);
                    length
                }
            };
            took = took.saturating_add(length);
        }
    }

    fn gap(&mut self, gap: &Gap<'_>, _: &mut dyn MessageHandler) {
        // What follows is hardly the rest of a handshake.
        *gap.side.of_mut(&mut self.stages) = Stage::Encrypted;
    }

    fn finish(&mut self, _: [Chunk<'_>; 2], _: &mut dyn MessageHandler) {}

    fn requester(&self) -> Option<Side> {
        self.client
    }
}
