#![doc = include_str!("unusual_hour.md")]

use crate::alert::Severity;
use crate::attack::technique;
use crate::detection::{About, Detection, Raise};
use crate::links::{Link, kind_of, readable};
use crate::parties::Party;
use crate::scoring::{Departure, Judged, What, score};

/// What the detection is.
pub static ABOUT: About = About {
    name: "unusual-hour",
    title: "Active at an hour that is quiet else",
    attack: &[technique("T0859"), technique("T1078")],
    impact: "Work at an hour when nobody works may be somebody else's.",
    response: "Ask whether somebody works there now; if nobody does, look at what the device does.",
    page: include_str!("unusual_hour.md"),
};

/// Keeps nothing: the scorer holds all that it needs.
pub struct UnusualHour;

impl Detection for UnusualHour {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        let What::Hour { operation, hour, surprise } = departure.what else { return };
        let Link { initiator, responder, service } = departure.link;
        let judged = Judged {
            // Night work is rare and mostly in order; what leaves the site then is worth a look at once.
            severity: if departure.parties.responder == Party::OUTSIDE { Severity::Medium } else { Severity::Low },
            score: score(surprise),
            explanation: match operation {
                None => format!("{initiator} contacts {responder} at an hour at which it never has before."),
                Some(_) => {
                    format!("{initiator} and {responder} do at this hour what they only ever did at others.")
                }
            },
            expected: format!("nothing at that hour on {} learned days", departure.days),
            observed: match operation {
                None => format!("{service} between {hour}:00 and {hour}:59"),
                Some(name) => format!("{} between {hour}:00 and {hour}:59", readable(name)),
            },
        };
        let subject = operation.map_or_else(|| service.to_string(), |name| kind_of(name).to_owned());
        raise.raise(departure.deviation(&ABOUT, responder, subject, judged));
    }
}
