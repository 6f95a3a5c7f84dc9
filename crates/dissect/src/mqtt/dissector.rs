//! The state of one MQTT connection: where each end is in its stream, and the requests that wait.

use wardtap_net::packet::Timestamp;
use wardtap_net::stream::{Chunk, Side};

use super::wire::{Connect, Facts, Header, NoHeader, is_refusal, packet, version};
use super::{MALFORMED, PORT, PROTOCOL};
use crate::pending::Pending;
use crate::plain::{Plain, Value};
use crate::{Direction, Dissector, Envelope, FlowFacts, Gap, MessageHandler, Outcome, Progress, Protocol};

/// Requests that wait in one flow; the oldest is given up. A client may have more under way only where a broker lets it.
const WAITING_MAX: usize = 64;

/// Where an end is in its stream.
#[derive(Clone, Copy, Default)]
enum Stage {
    #[default]
    Packet,
    /// So many octets of a packet are still to come.
    Body(usize),
    /// Nothing tells where a packet begins.
    Lost,
}

/// A packet that was read, of which octets are still to come.
struct Open {
    told: Told,
    last: (Timestamp, u64),
}

/// All that is told of a packet.
struct Told {
    envelope: Envelope,
    features: [Value<'static>; 7],
    more: [(&'static str, Value<'static>); 2],
}

impl Told {
    fn tell(&self, to: &mut dyn MessageHandler) {
        to.message(&Plain { protocol: &PROTOCOL, envelope: self.envelope, features: &self.features, more: &self.more });
    }
}

pub(super) struct Mqtt {
    client: Option<Side>,
    /// 3, 4 or 5; 4 where the first packet was not seen.
    level: u8,
    stages: [Stage; 2],
    open: [Option<Box<Open>>; 2],
    /// Who waits for which packet, with which id.
    waiting: Pending<(Side, u8, u16, Timestamp)>,
}

/// What answers a packet first.
const fn answer(kind: u8) -> Option<u8> {
    match kind {
        packet::CONNECT => Some(packet::CONNACK),
        packet::SUBSCRIBE => Some(packet::SUBACK),
        packet::UNSUBSCRIBE => Some(packet::UNSUBACK),
        packet::PINGREQ => Some(packet::PINGRESP),
        packet::PUBREL => Some(packet::PUBCOMP),
        _ => None,
    }
}

impl Mqtt {
    pub(super) fn new(flow: &FlowFacts) -> Self {
        let by_port = flow.side_with_port(&[PORT]).map(Side::other);
        Self {
            client: flow.requester.or(flow.originator).or(by_port),
            level: 4,
            stages: [Stage::Packet; 2],
            open: [None, None],
            waiting: Pending::default(),
        }
    }

    /// Reads a packet's start: None where it is none.
    fn read(&mut self, header: Header, body: &[u8], chunk: &Chunk<'_>, to: &mut dyn MessageHandler) -> Option<Told> {
        let side = chunk.side;
        let (mut shown, mut login, mut will) = (Value::None, Value::None, Value::None);
        if header.kind == packet::CONNECT {
            let connect = Connect::read(body)?;
            (self.client, self.level) = (Some(side), connect.level);
            shown = version(connect.level).map_or(Value::None, Value::word);
            login = Value::word(connect.login());
            will = if connect.has_will() { Value::Flag(true) } else { Value::None };
        }
        let facts = Facts::read(header, body, self.level);
        let outcome = match (header.kind, facts.code) {
            (kind, Some(code)) if is_refusal(kind, self.level, code) => Outcome::Negative,
            (packet::CONNACK, Some(0)) | (packet::SUBACK, None) => Outcome::Positive,
            _ => Outcome::Neutral,
        };
        let response_nanos = self.pair(header, &facts, chunk);
        to.held_changed();
        let envelope = Envelope {
            kind: usize::from(header.kind).saturating_sub(1),
            side,
            // What a broker sends answers a client, also what is published: it was subscribed to.
            direction: if self.client == Some(side) { Direction::Request } else { Direction::Response },
            bytes: header.length.saturating_add(header.rest) as u64,
            incomplete: false,
            response_nanos,
            outcome,
        };
        let filter = if facts.is_of_all { Value::word("all") } else { Value::None };
        let retain = if header.retain() { Value::Flag(true) } else { Value::None };
        Some(Told {
            envelope,
            features: [
                shown,
                login,
                Value::number(facts.code),
                Value::number(header.qos()),
                filter,
                Value::number(facts.levels),
                if facts.is_order { Value::word("order") } else { Value::None },
            ],
            more: [("will", will), ("retain", retain)],
        })
    }

    /// Keeps what waits for an answer; how long an answer took.
    fn pair(&mut self, header: Header, facts: &Facts, chunk: &Chunk<'_>) -> Option<u64> {
        let (side, id) = (chunk.side, facts.id.unwrap_or_default());
        let asked =
            self.waiting.take(|(who, what, which, _)| *who == side.other() && *what == header.kind && *which == id);
        let awaited = match header.qos() {
            Some(1) => Some(packet::PUBACK),
            Some(2) => Some(packet::PUBREC),
            _ => answer(header.kind),
        };
        if let Some(awaited) = awaited {
            if self.waiting.len() >= WAITING_MAX {
                self.waiting.pop_oldest();
            }
            self.waiting.push((side, awaited, id, chunk.time));
        }
        asked.map(|(.., at)| chunk.time.nanos().saturating_sub(at.nanos()))
    }

    /// No more comes of the packet under way.
    fn cut(&mut self, side: Side, to: &mut dyn MessageHandler) {
        if let Some(mut open) = side.of_mut(&mut self.open).take() {
            let (time, frame) = open.last;
            to.at(time, frame);
            open.told.envelope.incomplete = true;
            open.told.tell(to);
        }
    }

    /// A packet's start: octets used, and what follows; or octets that are missing.
    fn begin(&mut self, bytes: &[u8], chunk: &Chunk<'_>, to: &mut dyn MessageHandler) -> Result<(usize, Stage), usize> {
        let header = match Header::read(bytes) {
            Ok(header) => header,
            Err(NoHeader::Short) => return Err(1),
            Err(NoHeader::Wrong) => {
                to.anomaly(&PROTOCOL, MALFORMED);
                return Ok((0, Stage::Lost));
            }
        };
        let body = bytes.get(header.length..).unwrap_or_default();
        let wanted = header.wanted(body);
        let Some(body) = body.get(..wanted) else { return Err(wanted.saturating_sub(body.len())) };
        let Some(told) = self.read(header, body, chunk, to) else {
            to.anomaly(&PROTOCOL, MALFORMED);
            return Ok((0, Stage::Lost));
        };
        let used = header.length.saturating_add(wanted);
        let left = header.rest.saturating_sub(wanted);
        if left == 0 {
            told.tell(to);
            return Ok((used, Stage::Packet));
        }
        let last = (chunk.time, chunk.frame);
        *chunk.side.of_mut(&mut self.open) = Some(Box::new(Open { told, last }));
        Ok((used, Stage::Body(left)))
    }
}

impl Dissector for Mqtt {
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
            let (length, next) = match *side.of(&self.stages) {
                Stage::Lost => return Progress::All,
                Stage::Packet => match self.begin(rest, chunk, to) {
                    Err(more) => return Progress::Need { took, more },
                    Ok(done) => done,
                },
                Stage::Body(left) => {
                    let passed = left.min(rest.len());
                    if let Some(open) = side.of_mut(&mut self.open) {
                        open.last = (chunk.time, chunk.frame);
                    }
                    if passed == left {
                        if let Some(open) = side.of_mut(&mut self.open).take() {
                            open.told.tell(to);
                        }
                        to.held_changed();
                        (passed, Stage::Packet)
                    } else {
                        (passed, Stage::Body(left.saturating_sub(passed)))
                    }
                }
            };
            *side.of_mut(&mut self.stages) = next;
            took = took.saturating_add(length);
        }
    }

    fn gap(&mut self, gap: &Gap<'_>, to: &mut dyn MessageHandler) {
        let side = gap.side;
        let missing = gap.missing.and_then(|missing| usize::try_from(missing).ok());
        let next = match (*side.of(&self.stages), missing) {
            (Stage::Body(left), Some(missing)) if missing < left => {
                if let Some(open) = side.of_mut(&mut self.open) {
                    open.told.envelope.incomplete = true;
                }
                Stage::Body(left.saturating_sub(missing))
            }
            _ => {
                self.cut(side, to);
                Stage::Lost
            }
        };
        *side.of_mut(&mut self.stages) = next;
    }

    fn finish(&mut self, _: [Chunk<'_>; 2], to: &mut dyn MessageHandler) {
        for side in Side::BOTH {
            self.cut(side, to);
        }
    }

    fn requester(&self) -> Option<Side> {
        self.client
    }

    fn held_bytes(&self) -> usize {
        let open = self.open.iter().flatten().count().saturating_mul(size_of::<Open>());
        self.waiting.held_bytes().saturating_add(open)
    }
}
