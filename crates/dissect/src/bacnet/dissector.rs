//! The state of one BACnet conversation: the requests that wait.

use wardtap_net::packet::Timestamp;
use wardtap_net::reader::Reader;
use wardtap_net::stream::{Chunk, Side};

use super::names::{self, named};
use super::service::Content;
use super::wire::{Apdu, Bvll, Function, Npdu, Remote, Segment};
use super::{BAD_SERVICE, Kind, NOT_BACNET, PROTOCOL, WRONG_LENGTH};
use crate::clues::{CLUE_MAX, Clue, is_of_product};
use crate::datagrams::Datagrams;
use crate::pending::Pending;
use crate::plain::{Plain, Value};
use crate::public::Public;
use crate::{Direction, Envelope, MessageHandler, Outcome, Protocol};

/// Requests that wait in one flow: most devices have one at a time, and none more than 256 invoke ids of one peer
/// (clause 5.4.1); the oldest is given up.
const WAITING_MAX: usize = 64;

/// An error that a client gets that tries what a device may lack (clause 18.3: unknown-property).
const UNKNOWN_PROPERTY: u64 = 32;

/// A request that waits.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    side: Side,
    invoke: u8,
    /// The end behind a router that is asked.
    remote: Option<Remote>,
    service: u8,
    time: Timestamp,
}

#[derive(Default)]
pub(super) struct Bacnet {
    waiting: Pending<Waiting>,
    requester: Option<Side>,
}

/// A message before it is told.
struct Draft<'a> {
    kind: Kind,
    direction: Direction,
    outcome: Outcome,
    response_nanos: Option<u64>,
    service: Value<'static>,
    content: Content<'a>,
    reason: (&'static str, Value<'static>),
    refused: Value<'static>,
    segment: Option<Segment>,
    routes: [Option<Remote>; 2],
    is_forwarded: bool,
}

impl Draft<'_> {
    fn new(kind: Kind, direction: Direction) -> Self {
        Self {
            kind,
            direction,
            outcome: Outcome::Neutral,
            response_nanos: None,
            service: Value::None,
            content: Content::default(),
            reason: ("reason", Value::None),
            refused: Value::None,
            segment: None,
            routes: [None; 2],
            is_forwarded: false,
        }
    }
}

/// Whether a datagram asks, if it is one of BACnet: on a port that is not usual, one that carries a service only.
pub(super) fn asks(bytes: &[u8], usual: bool) -> Option<bool> {
    let bvll = Bvll::read(bytes).filter(|bvll| usual || bvll.is_whole)?;
    if !bvll.carries_npdu() {
        let answers = matches!(bvll.function, Function::Result | Function::ReadTableAck | Function::ReadForeignAck);
        return usual.then_some(!answers);
    }
    let mut npdu = Npdu::read(bvll.body)?;
    if npdu.is_network_message {
        return usual.then_some(true);
    }
    let apdu = Apdu::read(&mut npdu.body)?;
    let known = match apdu {
        Apdu::Confirmed { service, .. } | Apdu::SimpleAck { service, .. } | Apdu::ComplexAck { service, .. } => {
            usize::from(service) < names::CONFIRMED.len()
        }
        Apdu::Unconfirmed { service } => usize::from(service) < names::UNCONFIRMED.len(),
        _ => true,
    };
    (usual || known).then(|| direction(&apdu) == Direction::Request)
}

/// Who asks, by the type of APDU.
const fn direction(apdu: &Apdu) -> Direction {
    match *apdu {
        Apdu::Confirmed { .. } | Apdu::Unconfirmed { .. } => Direction::Request,
        Apdu::SegmentAck { by_server, .. } | Apdu::Abort { by_server, .. } if !by_server => Direction::Request,
        _ => Direction::Response,
    }
}

impl Datagrams for Bacnet {
    fn protocol(&self) -> &'static Protocol {
        &PROTOCOL
    }

    fn datagram(&mut self, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        let Some(bvll) = Bvll::read(chunk.bytes) else {
            return to.anomaly(&PROTOCOL, NOT_BACNET);
        };
        if !bvll.is_whole {
            to.anomaly(&PROTOCOL, WRONG_LENGTH);
        }
        let draft = if bvll.carries_npdu() { self.npdu(&bvll, chunk, to) } else { Some(link_layer(&bvll)) };
        match draft {
            Some(draft) => self.tell(&draft, chunk, to),
            None => to.anomaly(&PROTOCOL, NOT_BACNET),
        }
    }

    fn requester(&self) -> Option<Side> {
        self.requester
    }

    fn held_bytes(&self) -> usize {
        self.waiting.held_bytes()
    }
}

/// A message of annex J that carries none of the network layer.
fn link_layer(bvll: &Bvll<'_>) -> Draft<'static> {
    let mut body = bvll.body;
    let (kind, word) = match bvll.function {
        Function::Result => (Kind::BvlcResult, ""),
        Function::WriteTable => (Kind::BroadcastTable, "write"),
        Function::ReadTable | Function::ReadTableAck => (Kind::BroadcastTable, "read"),
        Function::RegisterForeign => (Kind::ForeignDevice, "register"),
        Function::ReadForeign | Function::ReadForeignAck => (Kind::ForeignDevice, "read"),
        Function::DeleteForeign => (Kind::ForeignDevice, "delete"),
        Function::Secure | Function::Forwarded | Function::Distribute | Function::Unicast | Function::Broadcast => {
            (Kind::Secure, "")
        }
    };
    let answers = matches!(bvll.function, Function::Result | Function::ReadTableAck | Function::ReadForeignAck);
    let mut draft = Draft::new(kind, if answers { Direction::Response } else { Direction::Request });
    if !word.is_empty() {
        draft.service = Value::word(word);
    }
    if bvll.function == Function::Result {
        let code = body.be16();
        draft.reason = ("result", Value::number(code));
        draft.outcome = match code {
            None => Outcome::Neutral,
            Some(0) => Outcome::Positive,
            Some(_) => Outcome::Negative,
        };
    } else if answers {
        draft.outcome = Outcome::Positive;
    }
    draft
}

impl Bacnet {
    fn npdu<'a>(&mut self, bvll: &Bvll<'a>, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) -> Option<Draft<'a>> {
        let npdu = Npdu::read(bvll.body)?;
        let mut draft = if npdu.is_network_message {
            network_message(npdu.body)?
        } else {
            let mut body = npdu.body;
            let apdu = Apdu::read(&mut body)?;
            let mut draft = self.apdu(&apdu, body, &npdu, chunk);
            draft.direction = direction(&apdu);
            if draft.content.is_bad {
                to.anomaly(&PROTOCOL, BAD_SERVICE);
            }
            draft
        };
        draft.routes = [npdu.source, npdu.destination];
        draft.is_forwarded = bvll.function == Function::Forwarded;
        Some(draft)
    }

    fn apdu<'a>(&mut self, apdu: &Apdu, body: Reader<'a>, npdu: &Npdu<'a>, chunk: &Chunk<'_>) -> Draft<'a> {
        let confirmed = |service: u8| named(&names::CONFIRMED, service.into());
        let response = |kind| Draft::new(kind, Direction::Response);
        let request = |kind| Draft::new(kind, Direction::Request);
        match *apdu {
            Apdu::Confirmed { invoke, service, segment } => {
                if segment.is_none_or(|segment| segment.number == 0) {
                    let (side, time, remote) = (chunk.side, chunk.time, npdu.destination);
                    self.wait(Waiting { side, invoke, remote, service, time });
                }
                let kind = Kind::confirmed(service);
                let content = if segment.is_none() { Content::confirmed(service, body) } else { Content::default() };
                let service = if kind == Kind::OtherConfirmed { confirmed(service) } else { Value::None };
                Draft { service, content, segment, ..request(kind) }
            }
            Apdu::Unconfirmed { service } => {
                let kind = Kind::unconfirmed(service);
                let name = named(&names::UNCONFIRMED, service.into());
                let name = if kind == Kind::OtherUnconfirmed { name } else { Value::None };
                Draft { service: name, content: Content::unconfirmed(service, body), ..request(kind) }
            }
            Apdu::SimpleAck { invoke, service } => {
                let response_nanos = self.answered(invoke, npdu, chunk).map(|(_, nanos)| nanos);
                let outcome = Outcome::Positive;
                Draft { service: confirmed(service), outcome, response_nanos, ..response(Kind::SimpleAck) }
            }
            Apdu::ComplexAck { invoke, service, segment } => {
                let is_first = segment.is_none_or(|segment| segment.number == 0);
                let asked = if is_first { self.answered(invoke, npdu, chunk) } else { None };
                let content = if segment.is_none() { Content::acknowledged(service, body) } else { Content::default() };
                Draft {
                    service: confirmed(service),
                    outcome: Outcome::Positive,
                    response_nanos: asked.map(|(_, nanos)| nanos),
                    content,
                    segment,
                    ..response(Kind::ComplexAck)
                }
            }
            Apdu::SegmentAck { is_negative, .. } => {
                let reason = if is_negative { Value::Flag(true) } else { Value::None };
                Draft { reason: ("negative_ack", reason), ..response(Kind::SegmentAck) }
            }
            Apdu::Error { invoke, service } => {
                let response_nanos = self.answered(invoke, npdu, chunk).map(|(_, nanos)| nanos);
                let content = Content::error(body);
                let is_usual = content.error.is_some_and(|[_, code]| code == UNKNOWN_PROPERTY);
                let outcome = if is_usual { Outcome::Neutral } else { Outcome::Negative };
                Draft { service: confirmed(service), outcome, response_nanos, content, ..response(Kind::Error) }
            }
            Apdu::Reject { invoke, reason } => {
                let asked = self.answered(invoke, npdu, chunk);
                let reason = ("reason", named(&names::REJECT_REASONS, reason.into()));
                let refused = asked.map_or(Value::None, |(service, _)| confirmed(service));
                let response_nanos = asked.map(|(_, nanos)| nanos);
                Draft { outcome: Outcome::Negative, response_nanos, reason, refused, ..response(Kind::Reject) }
            }
            Apdu::Abort { invoke, reason, by_server } => {
                let asked = if by_server { self.answered(invoke, npdu, chunk) } else { None };
                // Clause 18.10: the answer would be too long for one message. Clients then ask for less.
                let is_usual = matches!(reason, 1 | 4 | 11) || !by_server;
                Draft {
                    outcome: if is_usual { Outcome::Neutral } else { Outcome::Negative },
                    response_nanos: asked.map(|(_, nanos)| nanos),
                    reason: ("reason", named(&names::ABORT_REASONS, reason.into())),
                    refused: asked.map_or(Value::None, |(service, _)| confirmed(service)),
                    ..response(Kind::Abort)
                }
            }
        }
    }

    fn wait(&mut self, waiting: Waiting) {
        let Waiting { side, invoke, remote, .. } = waiting;
        // It is asked again, or its answer never came and the number is used again.
        self.waiting.take(|known| (known.side, known.invoke, known.remote) == (side, invoke, remote));
        if self.waiting.len() >= WAITING_MAX {
            self.waiting.pop_oldest();
        }
        self.waiting.push(waiting);
    }

    /// The service that was asked for, and how long ago.
    fn answered(&mut self, invoke: u8, npdu: &Npdu<'_>, chunk: &Chunk<'_>) -> Option<(u8, u64)> {
        let (asker, remote) = (chunk.side.other(), npdu.source);
        let is_it = |known: &Waiting| (known.side, known.invoke, known.remote) == (asker, invoke, remote);
        let asked = self.waiting.take(is_it)?;
        Some((asked.service, chunk.time.nanos().saturating_sub(asked.time.nanos())))
    }

    fn tell(&mut self, draft: &Draft<'_>, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        let Chunk { side, bytes, .. } = *chunk;
        let envelope = Envelope {
            kind: draft.kind as usize,
            side,
            direction: draft.direction,
            bytes: bytes.len() as u64,
            incomplete: false,
            response_nanos: draft.response_nanos,
            outcome: draft.outcome,
        };
        self.requester = self.requester.or(Some(envelope.requester()));
        to.held_changed();
        self.clues(draft, side, to);
        let content = &draft.content;
        let writes = matches!(draft.kind, Kind::WriteProperty | Kind::WritePropertyMultiple);
        let instance = Value::number(content.instance);
        let (place, which) = if writes { (instance, Value::None) } else { (Value::None, instance) };
        let word = |word: Option<&'static str>| word.map_or(Value::None, Value::word);
        let flag = |flag: bool| if flag { Value::Flag(true) } else { Value::None };
        let number = |number: Option<u64>| Value::number(number);
        let [low, high] = content.range.map_or([None; 2], |range| range.map(Some));
        let [class, code] = content.error.map_or([Value::None; 2], |[class, code]| {
            [named(&names::ERROR_CLASSES, class), named(&names::ERRORS, code)]
        });
        let [source, destination] = draft.routes.map(|route| Value::number(route.map(|remote| remote.network)));
        to.message(&Plain {
            protocol: &PROTOCOL,
            envelope,
            features: &[
                draft.service,
                word(content.object_type),
                content.property,
                word(content.state),
                number(content.priority),
                flag(content.value.is_some_and(|value| value.is_negative)),
                place,
                number(content.value.map(|value| value.size)),
            ],
            more: &[
                ("instance", which),
                ("properties", number(content.count)),
                ("device", Value::number(content.device)),
                ("vendor", number(content.vendor)),
                ("low", number(low)),
                ("high", number(high)),
                ("error_class", class),
                ("error_code", code),
                draft.reason,
                ("refused", draft.refused),
                ("segment", Value::number(draft.segment.map(|segment| segment.number))),
                ("source_network", source),
                ("destination_network", destination),
                ("forwarded", flag(draft.is_forwarded)),
            ],
        });
    }

    /// What a device says of its make; not what a router passes on for one behind it.
    fn clues(&self, draft: &Draft<'_>, side: Side, to: &mut dyn MessageHandler) {
        let [source, _] = draft.routes;
        if source.is_some() || draft.is_forwarded {
            return;
        }
        if let (Kind::IAm, Some(vendor)) = (draft.kind, draft.content.vendor) {
            let mut digits = itoa::Buffer::new();
            let digits = digits.format(vendor).as_bytes();
            to.clue(side, Clue::BacnetVendor, &Public::shaped(digits, 5, |byte| byte.is_ascii_digit()));
        }
        for (clue, text) in draft.content.make.iter().flatten() {
            let text = Public::shaped(text, CLUE_MAX, is_of_product);
            if !text.is_unreadable() && !text.as_str().is_empty() {
                to.clue(side, *clue, &text);
            }
        }
    }
}

fn network_message(mut body: Reader<'_>) -> Option<Draft<'static>> {
    let kind = body.u8()?;
    let service = match kind {
        // Clause 6.2.4: the makers' own.
        128.. => Value::word("proprietary"),
        _ => named(&names::NETWORK_MESSAGES, kind.into()),
    };
    Some(Draft { service, ..Draft::new(Kind::NetworkMessage, Direction::Request) })
}
