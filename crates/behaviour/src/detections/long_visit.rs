#![doc = include_str!("long_visit.md")]

use crate::alert::Severity;
use crate::attack::technique;
use crate::baseline::measure::Measure;
use crate::detection::{About, Detection, Raise};
use crate::links::Link;
use crate::scoring::{Departure, Judged, What, score};

/// What the detection is.
pub static ABOUT: About = About {
    name: "long-visit",
    title: "Somebody from outside stays far longer than ever",
    attack: &[technique("T1133"), technique("T0822"), technique("T0886"), technique("T0859")],
    impact: "Who stays on after the work is done may do what nobody has asked for.",
    response: "Ask the vendor, by a number that you know, whether the session is theirs; end it if nobody can say what it is for.",
    page: include_str!("long_visit.md"),
};

/// Keeps nothing: the scorer holds all that it needs.
pub struct LongVisit;

impl Detection for LongVisit {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        let What::Beyond { measure: Measure::Stay, now, normal, excess, .. } = departure.what else { return };
        let Link { initiator, responder, service } = departure.link;
        let judged = Judged {
            severity: departure.severity(excess, Severity::Medium),
            score: score(excess * 5.0),
            explanation: format!(
                "{initiator}, from outside, works at {responder} for far longer than anybody ever did."
            ),
            expected: format!("at most {normal} minutes"),
            observed: format!("{now} minutes so far, {service}"),
        };
        raise.raise(departure.recognised(&ABOUT, responder, service.to_string(), judged));
    }
}
