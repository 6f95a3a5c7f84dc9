#![doc = include_str!("silence.md")]

use wardtap_net::address::Address;

use crate::alert::{Deviation, Severity};
use crate::attack::technique;
use crate::baseline::measure::Measure;
use crate::detection::{About, Detection, Raise};
use crate::detections::many::Many;
use crate::links::{Link, is_opaque, readable};
use crate::parties::Party;
use crate::scoring::{Departure, Judged, What, score};

/// What the detection is.
pub static ABOUT: About = About {
    name: "silence",
    title: "A steady conversation has stopped",
    attack: &[technique("T0815"), technique("T0804"), technique("T0814"), technique("T0878")],
    impact: "Readings, alarms or results are missing, and nobody is told.",
    response: "Look at the device and its connection; until it is back, watch the patient or the place by other means.",
    page: include_str!("silence.md"),
};

/// Whose conversations fell silent lately.
#[derive(Default)]
pub struct Silence {
    with: Many<Address, Address>,
}

impl Detection for Silence {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        let What::Silence { measure, operation, minutes, normal, excess, of_responder, .. } = departure.what else {
            return;
        };
        let Link { initiator, responder, service } = departure.link;
        let anybody = departure.parties.initiator == Party::ANYBODY;
        let (device, other) = if of_responder || anybody { (responder, initiator) } else { (initiator, responder) };
        let gone = measure == Measure::DevicePause;
        let explanation = match (gone, anybody) {
            (true, _) => format!("{device} has said nothing for far longer than ever."),
            (_, true) => format!("{device} gets nothing any more of what it always got."),
            _ => format!("{device} is still there, but sends {other} nothing any more of what it always did."),
        };
        // Sizes of what is not read come and go with its contents: that one is missing says little by itself.
        let clear = if operation.is_some_and(is_opaque) { Severity::Low } else { Severity::Medium };
        let judged = Judged {
            severity: departure.severity(excess, clear),
            score: score(excess * 5.0),
            explanation,
            expected: match measure {
                Measure::Absence => "something in most of these hours of the day".to_owned(),
                _ => format!("silent for at most {normal} minutes"),
            },
            observed: format!(
                "silent for {}{}",
                match measure {
                    Measure::Absence => format!("{} hours", minutes / 60),
                    _ => format!("{minutes} minutes"),
                },
                operation.map(|name| format!(", {}", readable(name))).unwrap_or_default()
            ),
        };
        if gone {
            raise.raise(departure.deviation(&ABOUT, device, String::new(), judged));
        } else if anybody {
            raise.raise(departure.deviation(&ABOUT, device, service.to_string(), judged));
        } else {
            // What one end has ceased to ask for the other one ceases to answer.
            let is_told = raise.is_told_between(ABOUT.name, other, device, &service.to_string());
            let device = if is_told { other } else { device };
            raise.raise(self.folded(departure, device, judged));
        }
    }

    fn forgotten(&self) -> u64 {
        self.with.forgotten()
    }
}

impl Silence {
    /// Those of two devices are told singly; what one has ceased with many others, or they with it, as one.
    fn folded(&mut self, departure: &Departure<'_>, device: Address, mut judged: Judged) -> Deviation {
        let Some(around) = self.with.around(departure) else {
            return departure.deviation(&ABOUT, device, departure.link.service.to_string(), judged);
        };
        let common = around.common;
        judged.explanation = format!("Between {common} and many others nothing is sent any more of what always was.");
        around.deviation(departure, &ABOUT, judged)
    }
}
