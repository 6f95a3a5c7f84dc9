#![doc = include_str!("unusual_hour.md")]

use std::collections::VecDeque;

use wardtap_net::address::Address;
use wardtap_net::packet::{NANOS_PER_SECOND, Timestamp};

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

/// A device that is up at an hour at which it never was does then all that it always does: that is one piece of news.
const AWAKE_NANOS: u64 = 12 * 3600 * NANOS_PER_SECOND;

/// The most devices whose night is remembered; of whom most time has passed gives way, and may be told again.
const AWAKE_MAX: usize = 256;

/// Who was told of lately for all that it does with another, and when.
#[derive(Default)]
pub struct UnusualHour {
    awake: VecDeque<(Address, Timestamp)>,
}

impl UnusualHour {
    fn is_awake(&mut self, initiator: Address, now: Timestamp) -> bool {
        self.awake.retain(|(_, told)| now.since(*told) <= AWAKE_NANOS);
        let known = self.awake.iter().any(|(awake, _)| *awake == initiator);
        if !known {
            if self.awake.len() >= AWAKE_MAX {
                self.awake.pop_front();
            }
            self.awake.push_back((initiator, now));
        }
        known
    }
}

impl Detection for UnusualHour {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        let What::Hour { operation, hour, surprise } = departure.what else { return };
        let Link { initiator, responder, service } = departure.link;
        let is_outside = departure.parties.responder == Party::OUTSIDE;
        if operation.is_none() && self.is_awake(initiator, departure.time) && !is_outside {
            return;
        }
        let judged = Judged {
            // Night work is rare and mostly in order; what leaves the site then is worth a look at once.
            severity: if is_outside { Severity::Medium } else { Severity::Low },
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
