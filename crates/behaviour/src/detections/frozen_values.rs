#![doc = include_str!("frozen_values.md")]

use crate::alert::Severity;
use crate::attack::technique;
use crate::detection::{About, Detection, Raise};
use crate::links::{Link, kind_of, readable};
use crate::scoring::{Departure, Judged, What, score};

/// What the detection is.
pub static ABOUT: About = About {
    name: "frozen-values",
    title: "Values that always move stand still, or repeat themselves",
    attack: &[technique("T0856"), technique("T0832"), technique("T0835")],
    impact: "What the device reports may not be so: a failing supply, room or fridge would not be seen.",
    response: "Look at the device itself and watch by hand what it watches, until sensor and controller are checked.",
    page: include_str!("frozen_values.md"),
};

/// Keeps nothing: the scorer holds all that it needs.
pub struct FrozenValues;

impl Detection for FrozenValues {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        let responder = departure.link.responder;
        let Link { initiator, .. } = departure.link;
        let (operation, judged) = match departure.what {
            What::Frozen { operation, place, now, normal, excess } => {
                let judged = Judged {
                    severity: Severity::High,
                    score: score(excess * 7.0),
                    explanation: format!(
                        "{responder} reports to {initiator} the same value for far longer than ever before."
                    ),
                    expected: format!("another value after {normal} min at most"),
                    observed: format!("the same for {now} min at {place}, {}", readable(operation)),
                };
                (operation, judged)
            }
            What::Looped { operation, messages } => {
                let judged = Judged {
                    severity: Severity::High,
                    score: 90,
                    explanation: format!("{responder} reports to {initiator} the same series of values over and over."),
                    expected: "values that do not repeat themselves".to_owned(),
                    observed: format!("a series of {messages}, for the third time at least, {}", readable(operation)),
                };
                (operation, judged)
            }
            _ => return,
        };
        raise.raise(departure.deviation(&ABOUT, responder, kind_of(operation).to_owned(), judged));
    }
}
