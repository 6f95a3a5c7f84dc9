#![doc = include_str!("unusual_value.md")]

use crate::alert::Severity;
use crate::attack::technique;
use crate::baseline::measure::Measure;
use crate::detection::{About, Detection, Raise};
use crate::links::{Link, readable};
use crate::scoring::{Departure, Judged, What, score};

/// What the detection is.
pub static ABOUT: About = About {
    name: "unusual-value",
    title: "A value far from all that were seen",
    attack: &[technique("T0836"), technique("T0855"), technique("T0831"), technique("T0832")],
    impact: "A wrong setting or reading can harm patients where a room, gas or device depends on it.",
    response: "Check the setting at the device itself and set it right; find out who changed it.",
    page: include_str!("unusual_value.md"),
};

/// Keeps nothing: the scorer holds all that it needs.
pub struct UnusualValue;

impl Detection for UnusualValue {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        if raise.is_told() {
            return;
        }
        let (operation, now, normal, excess, place) = match departure.what {
            What::Beyond { measure: Measure::Value, operation, now, normal, excess } => {
                (operation.unwrap_or_default(), now.to_string(), normal.to_string(), excess, None)
            }
            What::Point { operation, place, now, normal, excess, .. } => {
                (operation, now.to_string(), normal.to_string(), excess, Some(place))
            }
            _ => return,
        };
        let Link { initiator, responder, service } = departure.link;
        let at = place.map_or_else(String::new, |place| format!(" at {place}"));
        let judged = Judged {
            severity: departure.severity(excess, Severity::High),
            score: score(excess * 5.0),
            explanation: format!("{initiator} and {responder} exchange a value far from all that were seen before."),
            expected: format!("as far as {normal}"),
            observed: format!("{now}{at}, {}", readable(operation)),
        };
        raise.raise(departure.deviation(&ABOUT, responder, service.to_string(), judged));
    }
}
