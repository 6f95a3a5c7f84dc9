#![doc = include_str!("unusual_value.md")]

use wardtap_net::address::Address;

use crate::alert::Severity;
use crate::attack::technique;
use crate::baseline::measure::Measure;
use crate::detection::{About, Detection, Raise};
use crate::detections::many::Many;
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

/// With whom each device exchanged such a value lately, on which service: a server whose clock is wrong tells it to all
/// who ask.
#[derive(Default)]
pub struct UnusualValue {
    with: Many<(Address, String), Address>,
}

impl Detection for UnusualValue {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        if raise.is_told() {
            return;
        }
        let (operation, now, normal, excess, place) = match departure.what {
            What::Beyond { measure: Measure::Value, operation, now, normal, excess, .. } => {
                (operation.unwrap_or_default(), now.to_string(), normal.to_string(), excess, None)
            }
            What::Point { operation, place, now, normal, excess, .. } => {
                (operation, now.to_string(), normal.to_string(), excess, Some(place))
            }
            _ => return,
        };
        let Link { initiator, responder, service } = departure.link;
        let at = place.map_or_else(String::new, |place| format!(" at {place}"));
        let mut judged = Judged {
            severity: departure.severity(excess, Severity::High),
            score: score(excess * 5.0),
            explanation: format!("{initiator} and {responder} exchange a value far from all that were seen before."),
            expected: format!("as far as {normal}"),
            observed: format!("{now}{at}, {}", readable(operation)),
        };
        let Some(around) = self.with.around_for(departure, &service.to_string()) else {
            raise.raise(departure.deviation(&ABOUT, responder, service.to_string(), judged));
            return;
        };
        let common = around.common;
        judged.explanation = format!("{common} and many others exchange values far from all that were seen before.");
        raise.raise(around.deviation(departure, &ABOUT, judged));
    }

    fn forgotten(&self) -> u64 {
        self.with.forgotten()
    }
}
