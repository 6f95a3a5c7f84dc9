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
        let What::Silence { measure, operation, follow, minutes, normal, excess, of_responder, .. } = departure.what
        else {
            return;
        };
        let Link { initiator, responder, service } = departure.link;
        let anybody = departure.parties.initiator == Party::ANYBODY;
        let (device, other) = if of_responder || anybody { (responder, initiator) } else { (initiator, responder) };
        let gone = matches!(measure, Measure::DevicePause | Measure::Vanished);
        let explanation = match (gone, anybody) {
            _ if measure == Measure::Vanished => {
                format!("{device} is gone for far longer than ever, and had not taken leave.")
            }
            _ if follow.is_some() => format!("{other} asks {device} for something, and nothing comes of it any more."),
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
                Measure::Unfollowed => {
                    format!("{} in nearly every hour with what it follows", readable(follow.unwrap_or_default()))
                }
                Measure::Absence => "something in most of these hours of the day".to_owned(),
                Measure::Vanished => {
                    format!("gone for at most {normal} minutes where it closed no conversation before")
                }
                _ => format!("silent for at most {normal} minutes"),
            },
            observed: if follow.is_some() {
                let asked = readable(operation.unwrap_or_default());
                format!("nothing in {} hours with {asked}", minutes / 60)
            } else {
                format!(
                    "silent for {}{}",
                    match measure {
                        Measure::Absence => format!("{} hours", minutes / 60),
                        _ => format!("{minutes} minutes"),
                    },
                    operation.map(|name| format!(", {}", readable(name))).unwrap_or_default()
                )
            },
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
