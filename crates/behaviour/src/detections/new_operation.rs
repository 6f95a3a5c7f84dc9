#![doc = include_str!("new_operation.md")]

use crate::alert::Severity;
use crate::attack::technique;
use crate::detection::{About, Detection, Raise};
use crate::links::{Link, kind_of, readable};
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

/// Keeps nothing: the scorer holds all that it needs.
pub struct NewOperation;

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
        raise.raise(departure.deviation(&ABOUT, responder, kind_of(name).to_owned(), judged));
    }
}
