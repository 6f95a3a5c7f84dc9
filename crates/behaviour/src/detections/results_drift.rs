#![doc = include_str!("results_drift.md")]

use std::collections::VecDeque;

use wardtap_dissect::results::Analyte;
use wardtap_net::packet::{NANOS_PER_SECOND, Timestamp};

use crate::alert::Severity;
use crate::attack::technique;
use crate::detection::{About, Detection, Raise};
use crate::detections::passed_on::PassedOn;
use crate::links::readable;
use crate::links::results::{WINDOW, decimal};
use crate::parties::PartyLink;
use crate::scoring::{Departure, Judged, What, score};

/// What the detection is.
pub static ABOUT: About = About {
    name: "results-drift",
    title: "The results of a test have shifted",
    attack: &[technique("T0856"), technique("T0832"), technique("T1565.001")],
    impact: "Results may be too high or too low for everybody, and treatment follows them.",
    response: "Have control material measured; hold results of this test back until they are known to be right.",
    page: include_str!("results_drift.md"),
};

/// A second mean beside all that were learned belongs to the first for so long.
const GOES_ON_NANOS: u64 = 24 * 3600 * NANOS_PER_SECOND;

/// The most tests whose results have shifted lately; the one told first gives way.
const SHIFTED_MAX: usize = 256;

/// The tests whose results have shifted lately.
#[derive(Default)]
pub struct ResultsDrift {
    shifted: VecDeque<(PartyLink, Analyte, Timestamp)>,
    passed_on: PassedOn<Analyte>,
    forgotten: u64,
}

impl ResultsDrift {
    /// Takes note of a shift; true where it is not the first of late.
    fn goes_on(&mut self, link: PartyLink, analyte: Analyte, now: Timestamp) -> bool {
        self.shifted.retain(|(.., at)| now.since(*at) <= GOES_ON_NANOS);
        let known = self.shifted.iter().position(|(of, what, _)| (*of, *what) == (link, analyte));
        known.and_then(|place| self.shifted.remove(place));
        if self.shifted.len() >= SHIFTED_MAX {
            self.shifted.pop_front();
            self.forgotten += 1;
        }
        self.shifted.push_back((link, analyte, now));
        known.is_some()
    }
}

impl Detection for ResultsDrift {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        let What::Results { operation, analyte, now, normal: (low, high), excess } = departure.what else { return };
        let (link, now_is) = (departure.parties, departure.time);
        if self.passed_on.take(link, analyte, now_is, |one, other| one == other) {
            return;
        }
        let goes_on = self.goes_on(departure.parties, analyte, departure.time);
        let initiator = departure.link.initiator;
        let judged = Judged {
            severity: if goes_on { Severity::Medium } else { departure.severity(excess, Severity::Medium) },
            score: score(excess * 5.0),
            explanation: format!(
                "Results of one test that {initiator} sends have shifted from where they always were."
            ),
            expected: format!("{} to {}, means of {WINDOW} results of LOINC {analyte}", decimal(low), decimal(high)),
            observed: format!("{}, the mean of the last {WINDOW}, {}", decimal(now), readable(operation)),
        };
        raise.raise(departure.deviation(&ABOUT, initiator, analyte.to_string(), judged));
    }

    fn forgotten(&self) -> u64 {
        self.forgotten + self.passed_on.forgotten()
    }
}
