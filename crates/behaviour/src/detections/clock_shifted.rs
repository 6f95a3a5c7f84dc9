#![doc = include_str!("clock_shifted.md")]

use crate::alert::{Deviation, Severity};
use crate::attack::technique;
use crate::baseline::measure::Measure;
use crate::detection::{About, Detection, Raise};
use crate::links::{Link, is_answer, protocol_of};
use crate::scoring::{Departure, Judged, What, score};

/// What the detection is.
pub static ABOUT: About = About {
    name: "clock-shifted",
    title: "A clock gives another time",
    attack: &[technique("T0832"), technique("T0856"), technique("T0836"), technique("T0814")],
    impact: "Results, alarms and doses get wrong times, and logins fail, wherever that clock is followed.",
    response: "Compare it with another clock. Set it right slowly, and tell wards that times since then are wrong.",
    page: include_str!("clock_shifted.md"),
};

/// Keeps nothing: the scorer holds all that it needs.
pub struct ClockShifted;

impl Detection for ClockShifted {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        let What::Beyond { measure: Measure::Value, operation: Some(name), now, normal, excess, .. } = departure.what
        else {
            return;
        };
        let Link { initiator, responder, .. } = departure.link;
        let (clock, worst, explanation, unit) = match protocol_of(name) {
            "ntp" if is_answer(name) => (
                responder,
                Severity::High,
                format!(
                    "The time that {responder} gives and the sensor's are further apart than ever: one of the two is wrong."
                ),
                "s",
            ),
            // MSH-7 (HL7 v2.5.1 clause 2.15.9.7).
            "hl7" => {
                let sender = if is_answer(name) { responder } else { initiator };
                let explanation = format!(
                    "Messages of {sender} have a date that is days from the sensor's: one of the two is wrong."
                );
                (sender, Severity::Medium, explanation, "days")
            }
            _ => return,
        };
        let judged = Judged {
            severity: departure.severity(excess, worst),
            score: score(excess * 5.0),
            explanation,
            expected: format!("at most {normal} {unit} away from the sensor's clock"),
            observed: format!("{now} {unit} away from it"),
        };
        // All who ask it are told the same.
        let deviation = departure.deviation(&ABOUT, clock, String::new(), judged);
        raise.raise(Deviation { peer: None, ..deviation });
    }
}
