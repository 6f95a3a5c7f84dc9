#![doc = include_str!("unusual_volume.md")]

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
    name: "unusual-volume",
    title: "Far more data than ever",
    attack: &[technique("T0882"), technique("T0811"), technique("T1041"), technique("T1048")],
    impact: "Patients' data may be leaving, or a system may be kept from its work.",
    response: "Ask the owner of the sending system what is copied; if nobody knows, stop the transfer.",
    page: include_str!("unusual_volume.md"),
};

/// With whom each device does so lately.
#[derive(Default)]
pub struct UnusualVolume {
    with: Many<Address, Address>,
}

impl Detection for UnusualVolume {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        let What::Beyond { measure, operation, now, normal, excess, .. } = departure.what else { return };
        let unit = match measure {
            Measure::MinuteBytes => "octets a minute",
            Measure::HourBytes => "octets an hour",
            Measure::DayBytes => "octets a day",
            Measure::MessageBytes => "octets in a message",
            _ => return,
        };
        let Link { initiator, responder, service } = departure.link;
        let mut judged = Judged {
            severity: departure.severity(excess, Severity::Medium),
            score: score(excess * 5.0),
            explanation: format!("{initiator} and {responder} exchange far more data than ever before."),
            expected: format!("at most {normal} {unit}"),
            observed: format!(
                "{now} {unit}{}",
                operation.map(|name| format!(", {}", readable(name))).unwrap_or_default()
            ),
        };
        let Some(around) = self.with.around(departure) else {
            raise.raise(departure.deviation(&ABOUT, responder, service.to_string(), judged));
            return;
        };
        let common = around.common;
        judged.explanation = format!("{common} and many others exchange far more data than ever before.");
        raise.raise(around.deviation(departure, &ABOUT, judged));
    }

    fn forgotten(&self) -> u64 {
        self.with.forgotten()
    }
}
