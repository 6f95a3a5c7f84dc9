#![doc = include_str!("unusual_rate.md")]

use wardtap_net::address::Address;

use crate::alert::Severity;
use crate::attack::technique;
use crate::baseline::measure::Measure;
use crate::detection::{About, Detection, Raise};
use crate::detections::many::Many;
use crate::detections::passed_on::{PassedOn, is_like_but_for_one};
use crate::links::{Link, readable};
use crate::scoring::{Departure, Judged, What, score};

/// What the detection is.
pub static ABOUT: About = About {
    name: "unusual-rate",
    title: "Far more messages than ever",
    attack: &[technique("T0814"), technique("T0806"), technique("T1119")],
    impact: "A flood of messages can stop a system, fill a record with errors, or be a search for data.",
    response: "Ask the owner of the sending system; if it is a fault, have it stopped before the receiver fails.",
    page: include_str!("unusual_rate.md"),
};

/// With whom each device does so lately.
#[derive(Default)]
pub struct UnusualRate {
    with: Many<Address, Address>,
    passed_on: PassedOn<String>,
}

impl Detection for UnusualRate {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        let What::Beyond { measure, operation, now, normal, excess, .. } = departure.what else { return };
        let unit = match measure {
            Measure::MinuteOpened => "conversations a minute",
            Measure::HourOpened => "conversations an hour",
            Measure::HourReconnected => "conversations an hour, of which one lasted else",
            Measure::HourUnasked => "payloads an hour that the other end did not ask for",
            Measure::HourLate => "payloads an hour after a pause",
            Measure::HourRepeated => "payloads an hour as they were sent before",
            Measure::HourNames => "names an hour under which it logs in",
            Measure::MinuteMessages => "messages a minute",
            Measure::HourMessages => "messages an hour",
            Measure::HourPayloads => "payloads an hour",
            Measure::HourOfDay => "messages an hour, at this hour of the day",
            Measure::DayMessages => "messages a day",
            _ => return,
        };
        let (link, now_is) = (departure.parties, departure.time);
        if let Some(name) = operation
            && self.passed_on.take(link, name.to_owned(), now_is, |one, other| is_like_but_for_one(one, other))
        {
            return;
        }
        let Link { initiator, responder, service } = departure.link;
        // Of what nothing reads it is not known what there is so much of.
        let is_vague = matches!(measure, Measure::HourPayloads | Measure::HourLate);
        let worst = if is_vague { Severity::Low } else { Severity::Medium };
        let mut judged = Judged {
            severity: departure.severity(excess, worst),
            score: score(excess * 5.0),
            explanation: format!("{initiator} and {responder} exchange far more messages than ever before."),
            expected: format!("at most {normal} {unit}"),
            observed: format!(
                "{now} {unit}{}",
                operation.map(|name| format!(", {}", readable(name))).unwrap_or_default()
            ),
        };
        match measure {
            Measure::HourReconnected => {
                judged.explanation =
                    format!("{initiator} breaks off with {responder} and begins anew again and again.");
            }
            Measure::HourOfDay => {
                judged.explanation = format!(
                    "{initiator} and {responder} exchange far more messages than ever at this hour of the day."
                );
            }
            Measure::HourUnasked => {
                judged.explanation =
                    format!("{responder} tells or asks {initiator} by itself, far more often than ever before.");
            }
            Measure::HourLate => {
                judged.explanation =
                    format!("What {initiator} sends to {responder} is held up again and again, as it never was.");
            }
            Measure::HourRepeated => {
                judged.explanation =
                    format!("{initiator} sends {responder} the same as before again and again, as it never did.");
            }
            Measure::HourNames => {
                judged.explanation =
                    format!("{initiator} logs in at {responder} as one user after the other, as it never did.");
            }
            _ => {}
        }
        let Some(around) = self.with.around(departure) else {
            raise.raise(departure.deviation(&ABOUT, responder, service.to_string(), judged));
            return;
        };
        let common = around.common;
        judged.explanation = format!("{common} and many others exchange far more messages than ever before.");
        raise.raise(around.deviation(departure, &ABOUT, judged));
    }

    fn forgotten(&self) -> u64 {
        self.with.forgotten() + self.passed_on.forgotten()
    }
}
