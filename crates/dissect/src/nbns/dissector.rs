//! The state of one conversation over the name service: the requests that wait.

use wardtap_net::stream::{Chunk, Side};

use super::wire::{NBSTAT, Owner, code};
use super::{MALFORMED, NAME_QUERY, OTHER_OPCODE, PROTOCOL, REFRESH, REGISTRATION, RELEASE, STATUS, WAIT};
use crate::clues::Clue;
use crate::dns::wire::{End, Message};
use crate::dns::{Part, Talk, Waiting};
use crate::plain::{Plain, Value};
use crate::{Direction, Envelope, MessageHandler, Outcome, Protocol};

/// It was sent to all (RFC 1002 section 4.2.1.1).
const BROADCAST: u16 = 0x0010;

/// Of a name's flags: many may have it (RFC 1002 section 4.2.2).
const GROUP: u8 = 0x80;

#[derive(Default)]
pub(super) struct Nbns {
    waiting: Waiting,
    requester: Option<Side>,
}

impl Talk for Nbns {
    fn protocol(&self) -> &'static Protocol {
        &PROTOCOL
    }

    fn requester(&self) -> Option<Side> {
        self.requester
    }

    fn held_bytes(&self) -> usize {
        self.waiting.held_bytes()
    }

    fn message(&mut self, message: &Message<'_>, part: &Part<'_>, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        let Chunk { side, time, .. } = *chunk;
        let is_response = message.is_response();
        self.requester = self.requester.or(Some(if is_response { side.other() } else { side }));
        let response_nanos = self.waiting.pair(message.id.into(), is_response, time, to);
        let owner = Owner::of(message);
        let kind = kind_of(message.opcode(), owner);
        let mut first = None;
        let end = message.walk(|record| first = first.or(record.data.first().copied()));
        if end == End::Malformed {
            to.anomaly(&PROTOCOL, MALFORMED);
        }
        let envelope = Envelope {
            kind,
            side,
            direction: if is_response { Direction::Response } else { Direction::Request },
            bytes: part.length as u64,
            incomplete: part.incomplete || end == End::Short,
            response_nanos,
            outcome: if is_response && message.code() == 0 { Outcome::Positive } else { Outcome::Neutral },
        };
        let none = Value::None;
        let flag = |is_set| if is_set { Value::Flag(true) } else { Value::None };
        let is_status = kind == STATUS;
        let is_own = !is_response && matches!(kind, REGISTRATION | REFRESH);
        if let Some(name) =
            owner.as_ref().filter(|_| is_own && first.is_some_and(|flags| flags & GROUP == 0)).and_then(Owner::host)
        {
            to.clue(side, Clue::HostName, &name);
        }
        to.message(&Plain {
            protocol: &PROTOCOL,
            envelope,
            features: &[
                owner.map_or(none, |owner| Value::word(owner.role())),
                if is_response { Value::word(code(message.code())) } else { none },
            ],
            more: &[
                // RFC 1002 section 4.2.18: how many names a host has.
                ("names", if is_status && is_response { Value::number(first) } else { none }),
                ("group", flag(!is_status && first.is_some_and(|flags| flags & GROUP != 0))),
                ("proxy", flag(owner.is_some_and(|owner| owner.is_of_proxies()))),
                ("broadcast", flag(message.has(BROADCAST))),
            ],
        });
    }
}

/// RFC 1002 section 4.2.1.1; 15 is the registration of a host with several addresses, which Windows has.
fn kind_of(opcode: u8, owner: Option<Owner>) -> usize {
    match opcode {
        0 if owner.is_some_and(|owner| owner.kind == NBSTAT) => STATUS,
        0 => NAME_QUERY,
        5 | 15 => REGISTRATION,
        6 => RELEASE,
        7 => WAIT,
        8 | 9 => REFRESH,
        _ => OTHER_OPCODE,
    }
}
