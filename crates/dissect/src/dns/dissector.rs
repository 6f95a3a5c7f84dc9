//! The state of one conversation with a name server: the requests that wait.

use wardtap_net::stream::{Chunk, Side};

use super::wire::{
    AUTHORITATIVE, CHAOS, End, Message, Name, RECURSION_AVAILABLE, RECURSION_DESIRED, Section, TRUNCATED, TXT,
};
use super::{
    MALFORMED, NOTIFY, OCTETS_BEHIND, OTHER_OPCODE, PROTOCOL, Part, QUERY, RESPONSE, Talk, UPDATE, Waiting,
    is_of_proxies, names,
};
use crate::beneath::Beneath;
use crate::clues::{CLUE_MAX, Clue, is_of_product};
use crate::plain::{Plain, Value};
use crate::public::Public;
use crate::{Direction, Envelope, Features, MessageHandler, Outcome, Protocol};

/// What is known of the conversation.
#[derive(Default)]
pub(super) struct Dns {
    waiting: Waiting,
    requester: Option<Side>,
}

impl Talk for Dns {
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
        let (end, edns) = message.ending();
        // Of a long message over TCP only the first octets are looked at.
        let is_short = end == End::Short && part.bytes.len() >= part.length;
        match end {
            End::Malformed => to.anomaly(&PROTOCOL, MALFORMED),
            End::Behind if part.bytes.len() == part.length => to.anomaly(&PROTOCOL, OCTETS_BEHIND),
            _ => {}
        }
        let code = edns.map_or_else(|| message.code().into(), |edns| edns.code(message.code()));
        let question = message.question;
        let kind = question.map(|question| question.kind);
        let envelope = Envelope {
            kind: kind_of(message),
            side,
            direction: if is_response { Direction::Response } else { Direction::Request },
            bytes: part.length as u64,
            incomplete: part.incomplete || is_short,
            response_nanos,
            outcome: outcome(is_response, kind, code),
        };
        let flag = |is_set| if is_set { Value::Flag(true) } else { Value::None };
        let word = |word: Option<&'static str>| word.map_or(Value::None, Value::word);
        let of_answer = |value| if is_response { value } else { Value::None };
        let (length, labels) = question.map(|question| message.measure(question.name)).unzip();
        let none = Value::None;
        let [questions, answers, ..] = message.counts;
        let beneath = question
            .filter(|_| !is_response && message.opcode() == 0)
            .and_then(|question| Beneath::of(message.labels(question.name)));
        let plain = Plain {
            protocol: &PROTOCOL,
            envelope,
            features: &[
                word(kind.map(names::kind)),
                word(question.and_then(|question| names::class(question.class))),
                of_answer(Value::word(names::code(code))),
                if is_response { none } else { Value::number(length) },
                of_answer(Value::Number(message.record_octets(part.length) as u64)),
            ],
            more: &[
                ("labels", if is_response { none } else { Value::number(labels) }),
                ("questions", if questions == 1 { none } else { Value::Number(questions.into()) }),
                ("answers", of_answer(Value::Number(answers.into()))),
                ("edns", Value::number(edns.map(|edns| edns.size))),
                ("proxy", flag(question.is_some_and(|question| is_of_proxies(message, question.name)))),
                ("authoritative", flag(message.has(AUTHORITATIVE))),
                ("recursion", flag(message.has(if is_response { RECURSION_AVAILABLE } else { RECURSION_DESIRED }))),
                ("truncated", flag(message.has(TRUNCATED))),
            ],
        };
        to.message(&Asking { plain, beneath });
        if let Some(software) = software(message) {
            to.clue(side, Clue::DnsSoftware, &software);
        }
    }
}

/// A message, and of a question how it is counted.
struct Asking<'a> {
    plain: Plain<'a>,
    beneath: Option<Beneath>,
}

impl crate::Message for Asking<'_> {
    fn protocol(&self) -> &'static Protocol {
        self.plain.protocol()
    }

    fn envelope(&self) -> &Envelope {
        self.plain.envelope()
    }

    fn features(&self, digest: &dyn Fn(&[u8]) -> u64) -> Features {
        self.plain.features(digest)
    }

    fn write_json(&self, out: &mut Vec<u8>) {
        self.plain.write_json(out);
    }

    fn feature_text(&self, feature: usize) -> Option<Public<'_>> {
        self.plain.feature_text(feature)
    }

    fn beneath(&self) -> Option<Beneath> {
        self.beneath
    }
}

fn kind_of(message: &Message<'_>) -> usize {
    // RFC 1035 section 4.1.1, RFC 1996 section 3.3, RFC 2136 section 2.2.
    match (message.opcode(), message.is_response()) {
        (0, false) => QUERY,
        (0, true) => RESPONSE,
        (4, _) => NOTIFY,
        (5, _) => UPDATE,
        _ => OTHER_OPCODE,
    }
}

/// A name that is not there is nothing out of the ordinary, nor is a dynamic update that is refused until it is signed. Who
/// is refused a whole zone should not have asked.
fn outcome(is_response: bool, kind: Option<u16>, code: u16) -> Outcome {
    if !is_response {
        Outcome::Neutral
    } else if code == 0 {
        Outcome::Positive
    } else if names::is_refusal(code) && kind.is_some_and(names::is_transfer) {
        Outcome::Negative
    } else {
        Outcome::Neutral
    }
}

/// What a server answers to the question for its version, `version.bind` or `version.server` in the class CH (RFC 4892
/// section 2): the name of a product, or whatever an administrator has put there in its shape.
fn software<'a>(message: &Message<'a>) -> Option<Public<'a>> {
    let question = message.question.filter(|question| question.class == CHAOS && question.kind == TXT)?;
    if !message.is_response() || !is_of_version(message, question.name) {
        return None;
    }
    let mut text = None;
    message.walk(|record| {
        if record.section == Section::Answer && record.kind == TXT && text.is_none() {
            text = character_string(record.data);
        }
    });
    let text = text.filter(|text| !text.is_empty())?;
    Some(Public::shaped(text, CLUE_MAX, is_of_product)).filter(|text| !text.is_unreadable())
}

fn is_of_version(message: &Message<'_>, name: Name) -> bool {
    let mut labels = message.labels(name);
    let is = |label: Option<&[u8]>, word: &[u8]| label.is_some_and(|label| label.eq_ignore_ascii_case(word));
    let of = labels.next();
    let whose = labels.next();
    is(of, b"version") && (is(whose, b"bind") || is(whose, b"server")) && labels.next().is_none()
}

/// The first character-string of the data of a TXT record (RFC 1035 section 3.3.14).
fn character_string(data: &[u8]) -> Option<&[u8]> {
    let (length, rest) = data.split_first()?;
    rest.get(..usize::from(*length))
}
