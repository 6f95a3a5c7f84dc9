//! The state of one Telnet connection: where each end is between commands, and how far the login is.

use wardtap_net::stream::{Chunk, Side};

use super::wire::{IAC, Prompt, SB, SE, Tail, option, verb};
use super::{DATA, LOGIN, NEGOTIATION, PORT, PROMPT, PROTOCOL, REFUSED, SUBNEGOTIATION};
use crate::plain::{Plain, Value};
use crate::{Direction, Dissector, Envelope, FlowFacts, Gap, MessageHandler, Outcome, Progress, Protocol};

/// Where an end is in its stream.
#[derive(Clone, Copy, Default)]
enum Stage {
    #[default]
    Data,
    /// Behind an IAC.
    Command,
    /// Behind WILL, WONT, DO or DONT.
    Option(&'static str),
    /// Behind SB.
    Begin,
    /// Within what belongs to an option; octets so far.
    Sub { option: u8, bytes: u64 },
    /// Behind an IAC there.
    SubCommand { option: u8, bytes: u64 },
}

/// How far a login is.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Login {
    #[default]
    None,
    /// A password is asked for.
    Asked,
    /// Something was sent.
    Sent,
}

pub(super) struct Telnet {
    client: Option<Side>,
    stages: [Stage; 2],
    has_data: [bool; 2],
    tail: Tail,
    login: Login,
}

impl Telnet {
    pub(super) fn new(flow: &FlowFacts) -> Self {
        let by_port = flow.side_with_port(&[PORT]).map(Side::other);
        Self {
            client: flow.originator.or(flow.requester).or(by_port),
            stages: [Stage::Data; 2],
            has_data: [false; 2],
            tail: Tail::default(),
            login: Login::None,
        }
    }

    fn tell(&self, kind: usize, side: Side, bytes: u64, features: [Value<'static>; 3], to: &mut dyn MessageHandler) {
        let [verb, option, login] = features;
        to.message(&Plain {
            protocol: &PROTOCOL,
            envelope: Envelope {
                kind,
                side,
                direction: if self.client == Some(side) { Direction::Request } else { Direction::Response },
                bytes,
                incomplete: false,
                response_nanos: None,
                outcome: if kind == REFUSED { Outcome::Negative } else { Outcome::Neutral },
            },
            features: &[verb, option, login],
            more: &[],
        });
    }

    /// An octet that is none of the protocol's own.
    fn data(&mut self, octet: u8, side: Side, to: &mut dyn MessageHandler) {
        let none = Value::None;
        if !*side.of(&self.has_data) {
            *side.of_mut(&mut self.has_data) = true;
            self.tell(DATA, side, 1, [none; 3], to);
        }
        if self.client == Some(side) {
            if self.login == Login::Asked && matches!(octet, b'\r' | b'\n') {
                self.login = Login::Sent;
                self.tell(LOGIN, side, 1, [none, none, Value::word("clear")], to);
            }
            return;
        }
        self.tail.push(octet);
        if octet == b':'
            && let Some(prompt) = self.tail.prompt()
        {
            let (login, word) = match prompt {
                Prompt::Name => (Login::None, "name"),
                Prompt::Password => (Login::Asked, "password"),
            };
            self.login = login;
            self.client.get_or_insert(side.other());
            self.tell(PROMPT, side, 1, [none, none, Value::word(word)], to);
        } else if self.login == Login::Sent && self.tail.is_refusal() {
            self.login = Login::None;
            self.tell(REFUSED, side, 1, [none; 3], to);
        }
    }

    fn octet(&mut self, octet: u8, side: Side, to: &mut dyn MessageHandler) {
        let stage = *side.of(&self.stages);
        let next = match (stage, octet) {
            (Stage::Data, IAC) => Stage::Command,
            (Stage::Data, _) => {
                self.data(octet, side, to);
                Stage::Data
            }
            // An IAC that is data stands twice (RFC 854).
            (Stage::Command, IAC) => {
                self.data(octet, side, to);
                Stage::Data
            }
            (Stage::Command, SB) => Stage::Begin,
            (Stage::Command, command) => verb(command).map_or(Stage::Data, Stage::Option),
            (Stage::Option(verb), number) => {
                let features = [Value::word(verb), Value::word(option(number)), Value::None];
                self.tell(NEGOTIATION, side, 3, features, to);
                Stage::Data
            }
            (Stage::Begin, option) => Stage::Sub { option, bytes: 3 },
            (Stage::Sub { option, bytes }, IAC) => Stage::SubCommand { option, bytes: bytes.saturating_add(1) },
            (Stage::Sub { option, bytes }, _) => Stage::Sub { option, bytes: bytes.saturating_add(1) },
            (Stage::SubCommand { option: number, bytes }, SE) => {
                let features = [Value::None, Value::word(option(number)), Value::None];
                self.tell(SUBNEGOTIATION, side, bytes.saturating_add(1), features, to);
                Stage::Data
            }
            (Stage::SubCommand { option, bytes }, _) => Stage::Sub { option, bytes: bytes.saturating_add(1) },
        };
        *side.of_mut(&mut self.stages) = next;
    }
}

impl Dissector for Telnet {
    fn protocol(&self) -> &'static Protocol {
        &PROTOCOL
    }

    fn dissect(&mut self, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) -> Progress {
        for octet in chunk.bytes {
            self.octet(*octet, chunk.side, to);
        }
        Progress::All
    }

    fn gap(&mut self, gap: &Gap<'_>, _: &mut dyn MessageHandler) {
        *gap.side.of_mut(&mut self.stages) = Stage::Data;
        self.tail = Tail::default();
    }

    fn finish(&mut self, _: [Chunk<'_>; 2], _: &mut dyn MessageHandler) {}

    fn requester(&self) -> Option<Side> {
        self.client
    }
}
