#![doc = include_str!("slow_answers.md")]

use wardtap_net::address::Address;

use crate::alert::{Deviation, Severity};
use crate::attack::technique;
use crate::baseline::measure::Measure;
use crate::detection::{About, Detection, Raise};
use crate::detections::many::{self, Many};
use crate::links::{Link, Service, readable};
use crate::scoring::{Departure, Judged, What, score};

/// What the detection is.
pub static ABOUT: About = About {
    name: "slow-answers",
    title: "A system answers far more slowly than ever",
    attack: &[technique("T0814"), technique("T0826"), technique("T0815")],
    impact: "Who waits for a slow system works without its data, or by hand.",
    response: "Call the owner of the slow system; prepare the manual procedure.",
    page: include_str!("slow_answers.md"),
};

/// Who answered whom slowly lately.
#[derive(Default)]
pub struct SlowAnswers {
    slow: Many<(Address, Service), Address>,
}

impl Detection for SlowAnswers {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        let What::Beyond { measure: Measure::ResponseTime, operation, now, normal, excess, .. } = departure.what else {
            return;
        };
        let Link { initiator, responder, service } = departure.link;
        let mut judged = Judged {
            severity: departure.severity(excess, Severity::Medium),
            score: score(excess * 5.0),
            explanation: format!("{responder} answers {initiator} far more slowly than ever before."),
            expected: format!("at most {normal} \u{b5}s on average"),
            observed: format!("{now} \u{b5}s on average, {}", readable(operation.unwrap_or_default())),
        };
        let group = self.slow.take((responder, service), initiator, departure.time);
        if !group.is_many() {
            raise.raise(departure.deviation(&ABOUT, responder, service.to_string(), judged));
            return;
        }
        judged.explanation = format!("{responder} answers everybody far more slowly than ever before.");
        judged.observed = format!("{}, {}", judged.observed, group.named());
        let deviation = departure.deviation(&ABOUT, responder, many::of(service), judged);
        raise.raise(Deviation { peer: None, ..deviation });
    }

    fn forgotten(&self) -> u64 {
        self.slow.forgotten()
    }
}
