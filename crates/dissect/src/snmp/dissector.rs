//! The state of one conversation with an agent: the requests that wait.

use wardtap_net::stream::{Chunk, Side};

use super::clues::{Text, description, maker, object_id};
use super::names::{self, Subtree};
use super::wire::{Pdu, Snmp, Version};
use super::{ENCRYPTED, GET_BULK, NOT_SNMP, PORT, PROTOCOL, REPORT, RESPONSE, SET, TRAP};
use crate::clues::Clue;
use crate::datagrams::Datagrams;
use crate::dns::Waiting;
use crate::plain::{Plain, Value};
use crate::public::Public;
use crate::{Direction, Envelope, FlowFacts, MessageHandler, Outcome, Protocol};

/// Bits of a version 3 message's flags (RFC 3412 section 6.4).
const AUTHENTICATED: u8 = 1;
const PRIVATE: u8 = 2;

pub(super) struct Dissecting {
    flow: FlowFacts,
    requester: Option<Side>,
    waiting: Waiting,
    /// The last request to write: what refuses it refuses that.
    last_set: Option<u32>,
}

impl Dissecting {
    pub(super) fn new(flow: &FlowFacts) -> Self {
        Self { flow: *flow, requester: flow.requester, waiting: Waiting::default(), last_set: None }
    }
}

/// Whether a message answers another. Of one that is encrypted the ports say so.
pub(super) fn is_response(message: &Snmp<'_>, flow: &FlowFacts, side: Side) -> bool {
    match message.pdu {
        Some(pdu) => matches!(pdu.kind(), RESPONSE | REPORT),
        None => flow.side_with_port(&[PORT]) == Some(side),
    }
}

impl Datagrams for Dissecting {
    fn protocol(&self) -> &'static Protocol {
        &PROTOCOL
    }

    fn datagram(&mut self, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        match Snmp::read(chunk.bytes) {
            Some(message) => self.message(&message, chunk, to),
            None => to.anomaly(&PROTOCOL, NOT_SNMP),
        }
    }

    fn requester(&self) -> Option<Side> {
        self.requester
    }

    fn held_bytes(&self) -> usize {
        self.waiting.held_bytes()
    }
}

impl Dissecting {
    fn message(&mut self, message: &Snmp<'_>, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        let Chunk { side, time, bytes, .. } = *chunk;
        let kind = message.pdu.map_or(ENCRYPTED, |pdu| pdu.kind());
        let is_response = is_response(message, &self.flow, side);
        self.requester = self.requester.or(Some(if is_response { side.other() } else { side }));
        let id = id(message);
        // Nobody answers a trap.
        let response_nanos = if kind == TRAP { None } else { self.waiting.pair(id, is_response, time, to) };
        let answers_set = is_response && self.last_set == Some(id);
        if kind == SET {
            self.last_set = Some(id);
        } else if !is_response && self.last_set == Some(id) {
            self.last_set = None;
        }
        let error = error(message, kind);
        let envelope = Envelope {
            kind,
            side,
            direction: if is_response { Direction::Response } else { Direction::Request },
            bytes: bytes.len() as u64,
            incomplete: false,
            response_nanos,
            outcome: outcome(message, kind, answers_set),
        };
        let none = Value::None;
        let (version, community, security) = match message.version {
            Version::Community { is_2c, community } => {
                (if is_2c { "2c" } else { "1" }, Value::word(community_word(community)), none)
            }
            Version::Three { flags, .. } => ("3", none, Value::word(security_word(flags))),
        };
        let mut buffer = [0; SUBTREE_MAX];
        let subtree = message.pdu.and_then(|pdu| pdu.subject()).map(|oid| subtree_text(oid, &mut buffer));
        to.message(&Plain {
            protocol: &PROTOCOL,
            envelope,
            features: &[
                Value::word(version),
                community,
                security,
                Value::text(subtree),
                message.pdu.and_then(|pdu| pdu.trap).map_or(none, |trap| Value::word(names::trap(trap))),
                error.map_or(none, Value::word),
            ],
            more: &[
                ("varbinds", message.pdu.map_or(none, |pdu| Value::Number(pdu.count as u64))),
                (
                    "repetitions",
                    message.pdu.filter(|_| kind == GET_BULK).map_or(none, |pdu| Value::number(pdu.repetitions())),
                ),
            ],
        });
        clues(message, kind, is_response, answers_set, side, to);
    }
}

/// What an agent says of itself, in its answers and reports. What answers a request to set something, or fails, returns what
/// was sent (RFC 3416 section 4.2.5), whatever that is.
fn clues(
    message: &Snmp<'_>,
    kind: usize,
    is_response: bool,
    answers_set: bool,
    side: Side,
    to: &mut dyn MessageHandler,
) {
    let mut tell = |clue, text: Option<Text>| {
        if let Some(text) = text.as_ref().and_then(Text::public) {
            to.clue(side, clue, &text);
        }
    };
    if let Version::Three { engine, .. } = message.version
        && (is_response || kind == TRAP)
    {
        tell(Clue::SnmpEngine, maker(engine).map(Text::of_number));
    }
    let is_read = |pdu: &Pdu<'_>| kind == RESPONSE && pdu.status() == 0 && !answers_set;
    if let Some(pdu) = message.pdu.filter(is_read) {
        tell(Clue::SnmpDescription, description(&pdu));
        tell(Clue::SnmpObjectId, object_id(&pdu));
    }
}

/// What an answer has the same as its request: in version 3 the number of the message, which is never encrypted.
fn id(message: &Snmp<'_>) -> u32 {
    let id = match (message.version, message.pdu) {
        (Version::Three { id, .. }, _) => id,
        (_, Some(pdu)) => pdu.request,
        (_, None) => 0,
    };
    // Of 32 bits with a sign (RFC 3416 section 3).
    u32::try_from(id & i64::from(u32::MAX)).unwrap_or_default()
}

fn error(message: &Snmp<'_>, kind: usize) -> Option<&'static str> {
    let pdu = message.pdu?;
    match kind {
        RESPONSE => Some(names::error(pdu.status())),
        REPORT => Some(pdu.subject().map_or("other", names::report)),
        _ => None,
    }
}

fn outcome(message: &Snmp<'_>, kind: usize, answers_set: bool) -> Outcome {
    let Some(pdu) = message.pdu else { return Outcome::Neutral };
    match kind {
        RESPONSE if pdu.status() == 0 => Outcome::Positive,
        RESPONSE if names::is_refusal(pdu.status(), answers_set) => Outcome::Negative,
        REPORT if matches!(error(message, kind), Some(names::UNKNOWN_USER | names::WRONG_DIGEST)) => Outcome::Negative,
        _ => Outcome::Neutral,
    }
}

/// The two that devices are delivered with; any other is a password.
fn community_word(community: &[u8]) -> &'static str {
    match community {
        b"public" => "public",
        b"private" => "private",
        _ => "other",
    }
}

fn security_word(flags: u8) -> &'static str {
    match (flags & AUTHENTICATED != 0, flags & PRIVATE != 0) {
        (false, false) => "noAuthNoPriv",
        (true, false) => "authNoPriv",
        // RFC 3412 section 6.4: privacy without authentication is not allowed.
        (_, true) => "authPriv",
    }
}

/// Characters of "enterprises." and a number of 32 bits.
const SUBTREE_MAX: usize = 22;

fn subtree_text<'a>(oid: super::ber::Oid<'_>, buffer: &'a mut [u8; SUBTREE_MAX]) -> Public<'a> {
    const BEFORE: &[u8] = b"enterprises.";
    let number = match Subtree::of(oid) {
        Subtree::Word(word) => return Public::word(word),
        Subtree::Enterprise(number) => number,
    };
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(number).as_bytes();
    let mut length = 0usize;
    for (place, byte) in buffer.iter_mut().zip(BEFORE.iter().chain(digits)) {
        *place = *byte;
        length = length.saturating_add(1);
    }
    let text = buffer.get(..length).unwrap_or_default();
    Public::shaped(text, SUBTREE_MAX, |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.')
}
