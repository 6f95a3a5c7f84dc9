#![doc = include_str!("unusual_breadth.md")]

use crate::alert::Severity;
use crate::attack::technique;
use crate::baseline::measure::Measure;
use crate::detection::{About, Detection, Raise};
use crate::links::{Link, is_opaque, kind_of, readable};
use crate::scoring::{Departure, Judged, What, score};

/// What the detection is.
pub static ABOUT: About = About {
    name: "unusual-breadth",
    title: "One device does with many what it does with few",
    attack: &[technique("T0855"), technique("T0836"), technique("T0846"), technique("T0831")],
    impact: "Many devices may be told at once to work otherwise than they should.",
    response: "Ask who gave the command; if nobody did, look at what each of these devices was told.",
    page: include_str!("unusual_breadth.md"),
};

/// The detection.
pub struct UnusualBreadth;

impl Detection for UnusualBreadth {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        let What::Beyond { measure: Measure::HourPartners, operation: Some(operation), now, normal, excess, .. } =
            departure.what
        else {
            return;
        };
        let Link { initiator, responder, service } = departure.link;
        // Only of what is not read the end that answers does something by itself.
        let by_initiator = !is_opaque(operation) || operation.contains("from=initiator");
        let (who, with) = if by_initiator { (initiator, responder) } else { (responder, initiator) };
        let judged = Judged {
            severity: departure.severity(excess, Severity::Medium),
            score: score(excess * 5.0),
            explanation: format!("{who} does with many devices within an hour what it does with few else."),
            expected: format!("with at most {normal} an hour"),
            observed: format!("with {now} this hour, {}", readable(operation)),
        };
        let subject = format!("{service} {}", kind_of(operation));
        raise.raise(departure.deviation(&ABOUT, with, subject, judged));
    }
}
