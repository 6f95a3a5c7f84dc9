#![doc = include_str!("silence.md")]

use crate::alert::Severity;
use crate::baseline::measure::Measure;
use crate::detection::{About, Detection, Raise, Technique};
use crate::links::{Link, readable};
use crate::scoring::{Departure, Judged, What, score};

/// What the detection is.
pub static ABOUT: About = About {
    name: "silence",
    title: "A steady conversation has stopped",
    attack: &[
        Technique { id: "T0815", name: "Denial of View", tactic: "Impact" },
        Technique { id: "T0803", name: "Block Command Message", tactic: "Inhibit Response Function" },
    ],
    impact: "Readings, alarms or results are missing, and nobody is told.",
    response: "Look at the device and its connection; until it is back, watch the patient or the place by other means.",
    page: include_str!("silence.md"),
};

/// Keeps nothing: the scorer holds all that it needs.
pub struct Silence;

impl Detection for Silence {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        let What::Beyond { measure, operation, now, normal, excess } = departure.what else { return };
        if !matches!(measure, Measure::LinkPause | Measure::OperationPause) {
            return;
        }
        let Link { initiator, responder, service } = departure.link;
        let judged = Judged {
            severity: Severity::Medium,
            score: score(excess * 5.0),
            explanation: format!("{initiator} and {responder} have stopped exchanging what they always did."),
            expected: format!("a message within {normal} minutes"),
            observed: format!(
                "none for {now} minutes{}",
                operation.map(|name| format!(", {}", readable(name))).unwrap_or_default()
            ),
        };
        raise.raise(departure.deviation(&ABOUT, initiator, service.to_string(), judged));
    }
}
