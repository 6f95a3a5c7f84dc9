//! The state of the connections of one flow: who began, and what it offers.

use wardtap_net::packet::Timestamp;
use wardtap_net::stream::{Chunk, Side};

use super::hello::{Hello, Unreadable};
use super::keys::Keys;
use super::wire::{Id, Kind, Packet, Version, each_piece};
use super::{
    ANSWER, CLIENT_HELLO, NOT_QUIC, PORTS, PROTOCOL, RETRY, UNKNOWN_VERSION, UNREADABLE_HELLO, UNREADABLE_INITIAL,
    VERSION_NEGOTIATION,
};
use crate::datagrams::Datagrams;
use crate::plain::{Plain, Value};
use crate::tls::{Offer, Shown};
use crate::{Direction, Envelope, FlowFacts, MessageHandler, Outcome, Protocol};

/// Packets of a datagram that are looked at: one of each kind, and none is sent twice in one.
const PACKETS_MAX: usize = 4;

/// Initial packets of a flow that are opened: a hello takes a few, sent again some more. It bounds what making keys costs.
const OPENED_MAX: u8 = 64;

pub(super) struct Quic {
    client: Option<Side>,
    keyed: Option<Keyed>,
    /// The client's own id.
    source: Id,
    /// When the client began, while no answer was seen.
    asked: Option<Timestamp>,
    /// What came of the hello; None once it was told, or cannot be.
    hello: Option<Hello>,
    /// Initial packets that were tried.
    opened: u8,
}

/// What the client's keys were made of.
#[derive(Clone, Copy)]
struct Keyed {
    version: &'static Version,
    /// The server's id, as the client made it up.
    made_up: Id,
    /// The server's id as the server says it, once it has.
    chosen: Option<Id>,
}

impl Keyed {
    /// Whether a packet of the client belongs to the same beginning. Under another version, or to another id that is made up, it
    /// begins anew.
    fn is_of(&self, version: &Version, to: Id) -> bool {
        self.made_up == to && self.version == version || self.chosen == Some(to)
    }
}

/// The datagram at hand.
#[derive(Clone, Copy)]
struct At {
    side: Side,
    time: Timestamp,
    bytes: u64,
}

impl Quic {
    pub(super) fn new(flow: &FlowFacts) -> Self {
        let client = flow.requester.or_else(|| flow.side_with_port(&PORTS).map(Side::other));
        Self { client, keyed: None, source: Id::default(), asked: None, hello: Some(Hello::default()), opened: 0 }
    }

    /// A packet; where it ends, unless it is the last.
    fn packet(&mut self, packet: &Packet, bytes: &[u8], at: At, to: &mut dyn MessageHandler) -> Option<usize> {
        match packet.kind {
            Kind::Initial(version, number, end) => {
                if self.client == Some(at.side.other()) && self.is_answer(packet) {
                    self.answer(version, packet, at, to);
                } else if let Some(bytes) = bytes.get(..end) {
                    self.initial(version, packet, (bytes, number), at, to);
                }
                Some(end)
            }
            Kind::Sealed(end) => Some(end),
            Kind::Retry(version) => {
                self.client = Some(at.side.other());
                let version = Value::word(version.name);
                self.tell(RETRY, [version, Value::None], &[], at, to);
                None
            }
            Kind::Negotiation => {
                self.client = Some(at.side.other());
                self.tell(VERSION_NEGOTIATION, [Value::None; 2], &[], at, to);
                None
            }
            Kind::Unknown => {
                to.anomaly(&PROTOCOL, UNKNOWN_VERSION);
                None
            }
        }
    }

    /// It is for the client that began, as far as its id is known (RFC 9000 section 7.2).
    fn is_answer(&self, packet: &Packet) -> bool {
        self.keyed.is_none() || packet.destination == self.source
    }

    fn answer(&mut self, version: &Version, packet: &Packet, at: At, to: &mut dyn MessageHandler) {
        let Some(Keyed { chosen: chosen @ None, .. }) = &mut self.keyed else { return };
        *chosen = Some(packet.source);
        self.tell(ANSWER, [Value::word(version.name), Value::None], &[], at, to);
    }

    /// An Initial packet of who may be a client.
    fn initial(
        &mut self,
        version: &'static Version,
        packet: &Packet,
        (bytes, number): (&[u8], usize),
        at: At,
        to: &mut dyn MessageHandler,
    ) {
        let known = self.keyed.filter(|keyed| keyed.is_of(version, packet.destination));
        if known.is_some() && self.hello.is_none() || self.opened >= OPENED_MAX {
            return;
        }
        self.opened = self.opened.saturating_add(1);
        // With the id of a server the keys stay those of the first (RFC 9001 section 5.2); a server that wants a second try
        // has others made.
        let id = known.map_or(packet.destination, |keyed| keyed.made_up);
        let Some(payload) = Keys::of_client(version, &id).and_then(|keys| keys.open(bytes, number)) else {
            if self.client == Some(at.side) {
                to.anomaly(&PROTOCOL, UNREADABLE_INITIAL);
            }
            return;
        };
        self.client = Some(at.side);
        if known.is_none() {
            self.keyed = Some(Keyed { version, made_up: id, chosen: None });
            self.source = packet.source;
            self.hello = Some(Hello::default());
            self.asked = Some(at.time);
        }
        self.frames(version, &payload, at, to);
    }

    fn frames(&mut self, version: &Version, payload: &[u8], at: At, to: &mut dyn MessageHandler) {
        let Some(mut hello) = self.hello.take() else { return };
        let mut added = Ok(());
        let mut copied = 0_usize;
        let is_whole = each_piece(payload, |offset, piece| {
            copied = copied.saturating_add(piece.len());
            if added.is_ok() {
                added = hello.add(offset, piece);
            }
        });
        to.copied(copied);
        if !is_whole {
            to.anomaly(&PROTOCOL, UNREADABLE_INITIAL);
        }
        match added.and_then(|()| hello.whole()) {
            Ok(None) => self.hello = Some(hello),
            Ok(Some(message)) => self.offer(version, message, at, to),
            Err(Unreadable) => to.anomaly(&PROTOCOL, UNREADABLE_HELLO),
        }
    }

    fn offer(&mut self, version: &Version, message: &[u8], at: At, to: &mut dyn MessageHandler) {
        let Some(offer) = Offer::read(message) else { return to.anomaly(&PROTOCOL, UNREADABLE_HELLO) };
        let shown = Shown::of(&offer, 'q');
        shown.clues(at.side, to);
        let at = At { bytes: message.len() as u64, ..at };
        self.tell(CLIENT_HELLO, [Value::word(version.name), Value::Text(shown.ciphers())], &shown.fields(), at, to);
    }

    fn tell(
        &mut self,
        kind: usize,
        [version, ciphers]: [Value<'_>; 2],
        more: &[(&'static str, Value<'_>)],
        at: At,
        to: &mut dyn MessageHandler,
    ) {
        let is_client = self.client == Some(at.side);
        let asked = if is_client { None } else { self.asked.take() };
        to.message(&Plain {
            protocol: &PROTOCOL,
            envelope: Envelope {
                kind,
                side: at.side,
                direction: if is_client { Direction::Request } else { Direction::Response },
                bytes: at.bytes,
                incomplete: false,
                response_nanos: asked.map(|asked| at.time.since(asked)),
                outcome: Outcome::Neutral,
            },
            features: &[version, ciphers],
            more,
        });
    }
}

impl Datagrams for Quic {
    fn protocol(&self) -> &'static Protocol {
        &PROTOCOL
    }

    fn datagram(&mut self, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        // With a short header all is sealed (RFC 9000 section 17.3).
        if chunk.bytes.first().is_none_or(|first| *first < 0x80) {
            return;
        }
        let at = At { side: chunk.side, time: chunk.time, bytes: chunk.bytes.len() as u64 };
        let mut rest = chunk.bytes;
        for number in 0..PACKETS_MAX {
            let Some(packet) = Packet::read(rest) else {
                // Behind others there may be one with a short header, or nothing that counts.
                if number == 0 {
                    to.anomaly(&PROTOCOL, NOT_QUIC);
                }
                return;
            };
            let Some(end) = self.packet(&packet, rest, at, to) else { return };
            rest = rest.get(end..).unwrap_or_default();
            if rest.is_empty() {
                return;
            }
        }
    }

    fn requester(&self) -> Option<Side> {
        self.client
    }

    fn held_bytes(&self) -> usize {
        self.hello.as_ref().map_or(0, Hello::held_bytes)
    }
}
