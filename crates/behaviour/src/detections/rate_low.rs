#![doc = include_str!("rate_low.md")]

use wardtap_net::address::Address;

use crate::alert::Severity;
use crate::attack::technique;
use crate::baseline::measure::Measure;
use crate::detection::{About, Detection, Raise};
use crate::detections::many::Many;
use crate::links::Link;
use crate::scoring::{Departure, Judged, What, score};

/// What the detection is.
pub static ABOUT: About = About {
    name: "rate-low",
    title: "Far less is sent than ever",
    attack: &[technique("T0815"), technique("T0826"), technique("T0814"), technique("T0804")],
    impact: "What is shown or recorded may lag behind, or parts of it may be missing.",
    response: "Compare what the device shows with what arrives; have its connection and settings looked at.",
    page: include_str!("rate_low.md"),
};

/// With whom each device does so lately.
#[derive(Default)]
pub struct RateLow {
    with: Many<Address, Address>,
}

impl Detection for RateLow {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        let What::Beyond { measure: Measure::HourPace, now, normal, excess, .. } = departure.what else { return };
        let Link { initiator, responder, service } = departure.link;
        let mut judged = Judged {
            severity: departure.severity(excess, Severity::Medium),
            score: score(excess * 5.0),
            explanation: format!("{initiator} and {responder} exchange far less in an hour than they ever did."),
            expected: format!("at least {} packets a minute, over an hour", per_minute(normal)),
            observed: format!("{} packets a minute, {service}", per_minute(now)),
        };
        let Some(around) = self.with.around(departure) else {
            raise.raise(departure.deviation(&ABOUT, initiator, service.to_string(), judged));
            return;
        };
        let common = around.common;
        judged.explanation = format!("{common} and many others exchange far less in an hour than they ever did.");
        raise.raise(around.deviation(departure, &ABOUT, judged));
    }

    fn forgotten(&self) -> u64 {
        self.with.forgotten()
    }
}

/// A pace for people.
fn per_minute(pace: u64) -> String {
    format!("{}.{:02}", pace / 100, pace % 100)
}
