//! The state of one VNC connection: how far each end is in the handshake.

use wardtap_net::reader::be32_at;
use wardtap_net::stream::{Chunk, Side};

use super::wire::{NONE, OFFER_MAX, VERSION_LENGTH, VNC_AUTHENTICATION, Version, offered, security};
use super::{CHOICE, NOT_A_HANDSHAKE, PORTS, PROTOCOL, RESULT, TYPES, VERSION};
use crate::clues::Clue;
use crate::plain::{Plain, Value};
use crate::public::Public;
use crate::{Direction, Dissector, Envelope, FlowFacts, Gap, MessageHandler, Outcome, Progress, Protocol};

/// What an end sends next.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Version,
    /// The server's offer, or what it demands.
    Types,
    /// The client's choice.
    Choice,
    /// Octets of a challenge, then the result.
    Challenge,
    Result,
    /// Screens, keys, and what the other ways to log in have; or lost.
    Opaque,
}

pub(super) struct Vnc {
    server: Option<Side>,
    version: Option<Version>,
    chosen: Option<u32>,
    stages: [Stage; 2],
}

impl Vnc {
    pub(super) fn new(flow: &FlowFacts) -> Self {
        Self { server: flow.side_with_port(&PORTS), version: None, chosen: None, stages: [Stage::Version; 2] }
    }

    fn tell(&self, kind: usize, side: Side, bytes: usize, values: [Value<'_>; 3], to: &mut dyn MessageHandler) {
        let [version, security, result] = values;
        let failed = matches!(result, Value::Text(text) if text.as_str() != "ok");
        to.message(&Plain {
            protocol: &PROTOCOL,
            envelope: Envelope {
                kind,
                side,
                direction: if self.server == Some(side) { Direction::Response } else { Direction::Request },
                bytes: bytes as u64,
                incomplete: false,
                response_nanos: None,
                outcome: match (kind, failed) {
                    (RESULT, true) => Outcome::Negative,
                    (RESULT, false) => Outcome::Positive,
                    _ => Outcome::Neutral,
                },
            },
            features: &[version, security, result],
            more: &[],
        });
    }

    /// An end's version: a server speaks first, also to a viewer that waits for it.
    fn version(&mut self, bytes: &[u8], side: Side, to: &mut dyn MessageHandler) -> Option<Stage> {
        let (version, text) = Version::read(bytes)?;
        let server = *self.server.get_or_insert(side);
        self.version = Some(self.version.map_or(version, |other| other.min(version)));
        if server == side {
            to.clue(side, Clue::RfbVersion, &text);
        }
        self.tell(VERSION, side, bytes.len(), [Value::Text(text), Value::None, Value::None], to);
        Some(if server == side { Stage::Types } else { Stage::Choice })
    }

    /// What follows of the server.
    fn behind(&self, chosen: u32) -> Stage {
        match chosen {
            // Appendix A: before 3.8 nothing is said of a login that is none.
            NONE if self.version >= Some(Version::Eight) => Stage::Result,
            VNC_AUTHENTICATION => Stage::Challenge,
            _ => Stage::Opaque,
        }
    }

    /// The next part of an end's handshake: octets used, and what follows; or octets that are missing.
    fn next(&mut self, bytes: &[u8], side: Side, to: &mut dyn MessageHandler) -> Result<(usize, Stage), usize> {
        let none = Value::None;
        let need = |length: usize| bytes.get(..length).ok_or_else(|| length.saturating_sub(bytes.len()));
        match *side.of(&self.stages) {
            Stage::Version => {
                let version = need(VERSION_LENGTH)?;
                let next = self.version(version, side, to).unwrap_or_else(|| {
                    to.anomaly(&PROTOCOL, NOT_A_HANDSHAKE);
                    Stage::Opaque
                });
                Ok((VERSION_LENGTH, next))
            }
            Stage::Types if self.version == Some(Version::Three) => {
                let number = be32_at(need(4)?, 0).unwrap_or_default();
                self.chosen = Some(number);
                self.tell(TYPES, side, 4, [none, Value::word(security(number)), none], to);
                Ok((4, self.behind(number)))
            }
            Stage::Types => {
                let count = usize::from(need(1)?.first().copied().unwrap_or_default());
                let length = count.saturating_add(1);
                let types = need(length)?.get(1..).unwrap_or_default();
                let offer = if types.is_empty() { security(0).to_owned() } else { offered(types) };
                let is_of_offer = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'+';
                let offer = Public::shaped(offer.as_bytes(), OFFER_MAX, is_of_offer);
                self.tell(TYPES, side, length, [none, Value::Text(offer), none], to);
                // The client's choice comes next; it says what follows.
                Ok((length, if types.is_empty() { Stage::Opaque } else { Stage::Choice }))
            }
            Stage::Choice if self.server == Some(side) => {
                // This is behind the client's choice, which must have been seen.
                Ok((0, self.chosen.map_or(Stage::Opaque, |chosen| self.behind(chosen))))
            }
            // What follows of a client of 3.3 is no choice.
            Stage::Choice if self.version == Some(Version::Three) => Ok((0, Stage::Opaque)),
            Stage::Choice => {
                let number = u32::from(need(1)?.first().copied().unwrap_or_default());
                self.chosen = Some(number);
                self.tell(CHOICE, side, 1, [none, Value::word(security(number)), none], to);
                Ok((1, Stage::Opaque))
            }
            Stage::Challenge => {
                need(16)?;
                Ok((16, Stage::Result))
            }
            Stage::Result => {
                // RFC 6143 section 7.1.3, and 2 of appendix A.1.
                let result = match be32_at(need(4)?, 0) {
                    Some(0) => "ok",
                    Some(1) => "failed",
                    Some(2) => "too-many",
                    _ => {
                        to.anomaly(&PROTOCOL, NOT_A_HANDSHAKE);
                        return Ok((4, Stage::Opaque));
                    }
                };
                self.tell(RESULT, side, 4, [none, none, Value::word(result)], to);
                Ok((4, Stage::Opaque))
            }
            Stage::Opaque => Ok((bytes.len(), Stage::Opaque)),
        }
    }
}

impl Dissector for Vnc {
    fn protocol(&self) -> &'static Protocol {
        &PROTOCOL
    }

    fn dissect(&mut self, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) -> Progress {
        let mut took = 0usize;
        loop {
            let rest = chunk.bytes.get(took..).unwrap_or_default();
            if rest.is_empty() {
                return Progress::All;
            }
            match self.next(rest, chunk.side, to) {
                Err(more) => return Progress::Need { took, more },
                Ok((length, stage)) => {
                    *chunk.side.of_mut(&mut self.stages) = stage;
                    took = took.saturating_add(length);
                }
            }
        }
    }

    fn gap(&mut self, gap: &Gap<'_>, _: &mut dyn MessageHandler) {
        *gap.side.of_mut(&mut self.stages) = Stage::Opaque;
    }

    fn finish(&mut self, _: [Chunk<'_>; 2], _: &mut dyn MessageHandler) {}

    fn requester(&self) -> Option<Side> {
        self.server.map(Side::other)
    }
}
