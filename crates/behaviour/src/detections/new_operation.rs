#![doc = include_str!("new_operation.md")]

use std::collections::VecDeque;

use wardtap_net::packet::{NANOS_PER_SECOND, Timestamp};

use crate::alert::Severity;
use crate::attack::technique;
use crate::detection::{About, Detection, Raise};
use crate::links::{Link, is_answer, kind_of, readable};
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

/// The last new requests: their answers are no news of their own.
#[derive(Default)]
pub struct NewOperation {
    requests: VecDeque<Request>,
}

struct Request {
    link: Link,
    time: Timestamp,
    kind: String,
}

impl NewOperation {
    /// What kind of message it is told as: an answer as the request that it answers.
    fn subject(&mut self, departure: &Departure<'_>, name: &str) -> String {
        let kind = kind_of(name).to_owned();
        let (link, time) = (departure.link, departure.time);
        self.requests.retain(|request| time.since(request.time) <= ANSWERED_WITHIN * NANOS_PER_SECOND);
        if is_answer(name) {
            let request = self.requests.iter().rev().find(|request| request.link == link);
            return request.map_or(kind, |request| request.kind.clone());
        }
        if self.requests.len() >= REQUESTS_MAX {
            self.requests.pop_front();
        }
        self.requests.push_back(Request { link, time, kind: kind.clone() });
        kind
    }
}

impl Detection for NewOperation {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        let What::Operation { name, surprise, rare, .. } = departure.what else { return };
        let Link { initiator, responder, .. } = departure.link;
        let judged = Judged {
            severity: if rare { Severity::High } else { Severity::Low },
            score: score(surprise),
            explanation: format!("{initiator} and {responder} exchange a kind of message that they never have before."),
            expected: format!("the kinds of messages of {} learned days", departure.days),
            observed: readable(name),
        };
        let subject = self.subject(departure, name);
        raise.raise(departure.deviation(&ABOUT, responder, subject, judged));
    }
}
