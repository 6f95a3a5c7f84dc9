#![doc = include_str!("unusual_breadth.md")]

use crate::alert::Severity;
use crate::attack::technique;
use crate::baseline::measure::Measure;
use crate::detection::{About, Detection, Raise};
use crate::links::{Link, by_initiator, kind_of, readable};
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
        let What::Beyond { measure, operation: Some(operation), now, normal, excess, .. } = departure.what else {
            return;
        };
        let Link { initiator, responder, service } = departure.link;
        let (who, with) = if by_initiator(operation) { (initiator, responder) } else { (responder, initiator) };
        let explanation = match measure {
            Measure::HourPartners => format!("{who} does with many devices within an hour what it does with few else."),
            Measure::ServiceMinute => {
                format!("{who} tells those who use it within a minute what it tells one of them now and then.")
            }
            _ => return,
        };
        let (expected, observed) = match measure {
            Measure::HourPartners => (format!("with at most {normal} an hour"), format!("with {now} this hour")),
            _ => (format!("at most {normal} a minute, to all of them"), format!("{now} this minute")),
        };
        let judged = Judged {
            severity: departure.severity(excess, Severity::Medium),
            score: score(excess * 5.0),
            explanation,
            expected,
            observed: format!("{observed}, {}", readable(operation)),
        };
        let subject = format!("{service} {}", kind_of(operation));
        raise.raise(departure.deviation(&ABOUT, with, subject, judged));
    }
}
