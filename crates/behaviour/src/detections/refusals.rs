#![doc = include_str!("refusals.md")]

use crate::alert::{Deviation, Severity};
use crate::attack::technique;
use crate::baseline::measure::Measure;
use crate::detection::{About, Detection, Raise};
use crate::links::{Link, readable};
use crate::scoring::{Departure, Judged, What, score};

/// What the detection is.
pub static ABOUT: About = About {
    name: "refusals",
    title: "A system refuses far more than ever",
    attack: &[technique("T0814"), technique("T0826"), technique("T0815")],
    impact: "Results, orders, images or commands do not arrive.",
    response: "Call the owners of both systems: one has changed. Use the manual procedure until it works again.",
    page: include_str!("refusals.md"),
};

/// Keeps nothing: the scorer holds all that it needs.
pub struct Refusals;

impl Detection for Refusals {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        let What::Beyond { measure, operation, now, normal, excess, .. } = departure.what else { return };
        let unit = match measure {
            Measure::Refusals => "of 1000 answers refuse",
            Measure::HourFailed | Measure::ServiceFailed => "attempts an hour without an answer",
            _ => return,
        };
        let Link { initiator, responder, service } = departure.link;
        let is_of_all = measure == Measure::ServiceFailed;
        let judged = Judged {
            severity: Severity::Medium,
            score: score(excess * 5.0),
            explanation: if is_of_all {
                format!("{responder} leaves far more of those who use it without an answer than ever before.")
            } else {
                format!("{responder} refuses far more of what {initiator} sends than ever before.")
            },
            expected: format!("at most {normal} {unit}"),
            observed: format!(
                "{now} {unit}{}",
                operation.map(|name| format!(", {}", readable(name))).unwrap_or_default()
            ),
        };
        if is_of_all {
            let deviation = departure.deviation(&ABOUT, responder, format!("{service} of all"), judged);
            return raise.raise(Deviation { peer: None, ..deviation });
        }
        raise.raise(departure.deviation(&ABOUT, responder, service.to_string(), judged));
    }
}
