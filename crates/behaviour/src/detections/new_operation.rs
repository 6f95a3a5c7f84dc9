#![doc = include_str!("new_operation.md")]

use std::collections::VecDeque;

use wardtap_net::address::Address;
use wardtap_net::packet::{NANOS_PER_SECOND, Timestamp};

use crate::alert::{Deviation, Severity};
use crate::attack::technique;
use crate::detection::{About, Detection, Raise};
use crate::detections::hazard;
use crate::detections::many::{self, Many};
use crate::detections::passed_on::{PassedOn, is_like_but_for_one};
use crate::links::{Link, by_initiator, is_answer, is_opaque, kind_of, readable};
use crate::scoring::{Departure, Judged, What, score};

/// What the detection is.
pub static ABOUT: About = About {
    name: "new-operation",
    title: "A device is asked for what it never was",
    attack: &[technique("T0855"), technique("T0801")],
    impact: "A command or request that does not belong here can change a treatment, a record or a building's safety.",
    response: "Ask the owners of both systems whether this was planned; if not, stop the sender.",
    page: include_str!("new_operation.md"),
};

/// Within so many seconds a new answer belongs to the new request before it.
const ANSWERED_WITHIN: u64 = 10;

/// The most new requests whose answers are waited for.
const REQUESTS_MAX: usize = 256;

/// What is told of an end that has only ever listened.
const FIRST_WORD: &str = "first word";

/// The last new requests: their answers are no news of their own. And of whom the same was new lately.
#[derive(Default)]
pub struct NewOperation {
    requests: VecDeque<Request>,
    of_initiators: Many<(Address, String), Address>,
    with_responders: Many<(Address, String), Address>,
    passed_on: PassedOn<String>,
}

struct Request {
    link: Link,
    time: Timestamp,
    kind: String,
    /// It is told already: by a detection of its own, or of the link from which an engine passed it on.
    is_told: bool,
}

impl NewOperation {
    /// What kind of message it is told as: an answer as the request that it answers.
    ///
    /// None for what is told already (`is_told` by a detection of its own; or of another link, from which an engine passes it on
    /// in another name), and for its answers.
    fn subject(&mut self, departure: &Departure<'_>, name: &str, is_told: bool) -> Option<String> {
        let kind = kind_of(name).to_owned();
        let (link, time) = (departure.link, departure.time);
        let in_another_name = |one: &String, other: &String| one != other && is_like_but_for_one(one, other);
        let is_told = self.passed_on.take(departure.parties, name.to_owned(), time, in_another_name) || is_told;
        self.requests.retain(|request| time.since(request.time) <= ANSWERED_WITHIN * NANOS_PER_SECOND);
        if is_answer(name) {
            let request = self.requests.iter().rev().find(|request| request.link == link);
            let is_told = is_told || request.is_some_and(|request| request.is_told);
            return (!is_told).then(|| request.map_or(kind, |request| request.kind.clone()));
        }
        if self.requests.len() >= REQUESTS_MAX {
            self.requests.pop_front();
        }
        self.requests.push_back(Request { link, time, kind: kind.clone(), is_told });
        (!is_told).then_some(kind)
    }

    /// The first two of a kind between one device and others are told singly, those that follow as one.
    fn folded(&mut self, departure: &Departure<'_>, subject: String, mut judged: Judged) -> Deviation {
        let Link { initiator, responder, .. } = departure.link;
        let asked = self.of_initiators.take((initiator, subject.clone()), responder, departure.time);
        let asking = self.with_responders.take((responder, subject.clone()), initiator, departure.time);
        if let Some(first) = asked.first_of_many() {
            judged.severity = asked.severity(judged.severity);
            judged.explanation =
                format!("{initiator} and many others exchange a kind of message that they never have before.");
            judged.observed = format!("{}, {}", judged.observed, asked.named());
            let deviation = departure.deviation(&ABOUT, first, many::of(subject), judged);
            return Deviation { peer: Some(initiator), ..deviation };
        }
        if asking.is_many() {
            judged.explanation =
                format!("{responder} and many others exchange a kind of message that they never have before.");
            judged.observed = format!("{}, {}", judged.observed, asking.named());
            let deviation = departure.deviation(&ABOUT, responder, many::of(subject), judged);
            return Deviation { peer: None, ..deviation };
        }
        departure.deviation(&ABOUT, responder, subject, judged)
    }
}

/// Whether registers are read of a controller of which others are read anyway: it changes nothing, and maintenance does so.
fn reads_on(name: &str, known: &[&str]) -> bool {
    let reads = |name: &str| {
        ["coils", "discrete-inputs", "holding-registers", "input-registers"]
            .iter()
            .any(|what| kind_of(name).strip_prefix("modbus read-") == Some(what))
    };
    reads(name) && known.iter().any(|known| reads(known))
}

impl Detection for NewOperation {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        let Link { initiator, responder, .. } = departure.link;
        if let What::FirstWord { name, surprise, rare } = departure.what {
            let (speaker, listener) = if by_initiator(name) { (initiator, responder) } else { (responder, initiator) };
            let judged = Judged {
                severity: if rare { Severity::Medium } else { Severity::Low },
                score: score(surprise),
                explanation: format!("{speaker} says something to {listener}, to which it only ever listened."),
                expected: format!("nothing from this end, as on {} learned days", departure.days),
                observed: readable(name),
            };
            return raise.raise(self.folded(departure, FIRST_WORD.to_owned(), judged));
        }
        let What::Operation { name, surprise, rare, ref known, .. } = departure.what else { return };
        let Some(subject) = self.subject(departure, name, raise.is_told()) else { return };
        let judged = Judged {
            severity: match rare {
                // A size of what is not read says little by itself.
                true if !is_opaque(name) && !reads_on(name, known) => Severity::High,
                false if hazard::of_operation(departure, name, known) => Severity::Medium,
                _ => Severity::Low,
            },
            score: score(surprise),
            explanation: format!("{initiator} and {responder} exchange a kind of message that they never have before."),
            expected: format!("the kinds of messages of {} learned days", departure.days),
            observed: readable(name),
        };
        raise.raise(self.folded(departure, subject, judged));
    }

    fn forgotten(&self) -> u64 {
        self.of_initiators.forgotten() + self.with_responders.forgotten() + self.passed_on.forgotten()
    }
}
