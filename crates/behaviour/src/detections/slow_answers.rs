#![doc = include_str!("slow_answers.md")]

use crate::alert::Severity;
use crate::attack::technique;
use crate::baseline::measure::Measure;
use crate::detection::{About, Detection, Raise};
use crate::links::{Link, readable};
use crate::scoring::{Departure, Judged, What, score, severity};

/// What the detection is.
pub static ABOUT: About = About {
    name: "slow-answers",
    title: "A system answers far more slowly than ever",
    attack: &[technique("T0814"), technique("T0826")],
    impact: "Who waits for a slow system works without its data, or by hand.",
    response: "Call the owner of the slow system; prepare the manual procedure.",
    page: include_str!("slow_answers.md"),
};

/// Keeps nothing: the scorer holds all that it needs.
pub struct SlowAnswers;

impl Detection for SlowAnswers {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        let What::Beyond { measure: Measure::ResponseTime, operation, now, normal, excess } = departure.what else {
            return;
        };
        let Link { initiator, responder, service } = departure.link;
        let judged = Judged {
            severity: severity(excess, Severity::Medium),
            score: score(excess * 5.0),
            explanation: format!("{responder} answers {initiator} far more slowly than ever before."),
            expected: format!("at most {normal} \u{b5}s on average"),
            observed: format!("{now} \u{b5}s on average, {}", readable(operation.unwrap_or_default())),
        };
        raise.raise(departure.deviation(&ABOUT, responder, service.to_string(), judged));
    }
}
