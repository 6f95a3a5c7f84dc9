//! The state of one conversation over LLMNR: the requests that wait. Who asks all is answered on a flow of its own.

use wardtap_net::stream::{Chunk, Side};

use super::{MALFORMED, PROTOCOL, QUERY, RESPONSE};
use crate::dns::wire::{AUTHORITATIVE, End, Message, RECURSION_DESIRED, TRUNCATED};
use crate::dns::{Part, Talk, Waiting, is_of_proxies, names};
use crate::plain::{Plain, Value};
use crate::{Direction, Envelope, MessageHandler, Outcome, Protocol};

/// Where DNS has those of an authoritative answer and of recursion (RFC 4795 section 2.1.1).
const CONFLICT: u16 = AUTHORITATIVE;
const TENTATIVE: u16 = RECURSION_DESIRED;

#[derive(Default)]
pub(super) struct Llmnr {
    waiting: Waiting,
    requester: Option<Side>,
}

impl Talk for Llmnr {
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
        let (end, _) = message.ending();
        if end == End::Malformed {
            to.anomaly(&PROTOCOL, MALFORMED);
        }
        let envelope = Envelope {
            kind: if is_response { RESPONSE } else { QUERY },
            side,
            direction: if is_response { Direction::Response } else { Direction::Request },
            bytes: part.length as u64,
            incomplete: part.incomplete || end == End::Short && part.bytes.len() >= part.length,
            response_nanos,
            outcome: if is_response && message.code() == 0 { Outcome::Positive } else { Outcome::Neutral },
        };
        let question = message.question;
        let (length, labels) = question.map(|question| message.measure(question.name)).unzip();
        let none = Value::None;
        let flag = |is_set| if is_set { Value::Flag(true) } else { Value::None };
        let [_, answers, ..] = message.counts;
        to.message(&Plain {
            protocol: &PROTOCOL,
            envelope,
            features: &[
                question.map_or(none, |question| Value::word(names::kind(question.kind))),
                if is_response { Value::word(names::code(message.code().into())) } else { none },
            ],
            more: &[
                ("name_length", Value::number(length)),
                ("labels", Value::number(labels)),
                ("answers", if is_response { Value::Number(answers.into()) } else { none }),
                ("proxy", flag(question.is_some_and(|question| is_of_proxies(message, question.name)))),
                ("conflict", flag(message.has(CONFLICT))),
                ("tentative", flag(is_response && message.has(TENTATIVE))),
                ("truncated", flag(message.has(TRUNCATED))),
            ],
        });
    }
}
