#![doc = include_str!("clock_shifted.md")]

use crate::alert::{Deviation, Severity};
use crate::attack::technique;
use crate::baseline::measure::Measure;
use crate::detection::{About, Detection, Raise};
use crate::links::{is_answer, protocol_of};
use crate::scoring::{Departure, Judged, What, score};

/// What the detection is.
pub static ABOUT: About = About {
    name: "clock-shifted",
    title: "A time server gives another time",
    attack: &[technique("T0832"), technique("T0856"), technique("T0836"), technique("T0814")],
    impact: "Results, alarms and doses get wrong times, and logins fail, on every device that follows that server.",
    response: "Compare the server with another clock. Set it right slowly, and tell wards that times since then are wrong.",
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
        if protocol_of(name) != "ntp" || !is_answer(name) {
            return;
        }
        let server = departure.link.responder;
        let judged = Judged {
            severity: departure.severity(excess, Severity::High),
            score: score(excess * 5.0),
            explanation: format!(
                "The time that {server} gives and the sensor's are further apart than ever: one of the two is wrong."
            ),
            expected: format!("at most {normal} s away from the sensor's clock"),
            observed: format!("{now} s away from it"),
        };
        // All who ask it are told the same.
        let deviation = departure.deviation(&ABOUT, server, String::new(), judged);
        raise.raise(Deviation { peer: None, ..deviation });
    }
}
