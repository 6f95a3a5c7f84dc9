#![doc = include_str!("unusual_hour.md")]

use std::collections::VecDeque;

use wardtap_net::address::Address;
use wardtap_net::packet::{NANOS_PER_SECOND, Timestamp};

use crate::alert::{Deviation, Severity};
use crate::attack::technique;
use crate::detection::{About, Detection, Raise};
use crate::links::{Link, by_initiator, kind_of, readable};
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

/// Somebody who is up late does several things: they are one alert while no pause between them is longer.
const TOGETHER_NANOS: u64 = 4 * 3600 * NANOS_PER_SECOND;

/// The most who are remembered to have been active at an unusual hour; who was quiet longest gives way.
const UP_MAX: usize = 256;

/// Who was active at an unusual hour lately, and with whom first.
#[derive(Default)]
pub struct UnusualHour {
    up: VecDeque<Up>,
    forgotten: u64,
}

struct Up {
    initiator: Address,
    first: Address,
    last: Timestamp,
}

impl UnusualHour {
    /// With whom an initiator began to be active, of whom it is told once more.
    fn first(&mut self, initiator: Address, responder: Address, now: Timestamp) -> Address {
        self.up.retain(|up| now.since(up.last) <= TOGETHER_NANOS);
        let known = self.up.iter().position(|up| up.initiator == initiator);
        let known = known.and_then(|place| self.up.remove(place));
        let first = known.map_or(responder, |up| up.first);
        if self.up.len() >= UP_MAX {
            self.up.pop_front();
            self.forgotten += 1;
        }
        self.up.push_back(Up { initiator, first, last: now });
        first
    }
}

/// The same is done with several at an hour at which each of them is quiet else.
fn of_many(departure: &Departure<'_>, name: &str, hour: u8, (now, excess): (u64, f64)) -> Deviation {
    let Link { initiator, responder, .. } = departure.link;
    let (who, with) = if by_initiator(name) { (initiator, responder) } else { (responder, initiator) };
    let judged = Judged {
        severity: departure.severity(excess, Severity::Medium),
        score: score(excess * 5.0),
        explanation: format!("{who} does with many at this hour what it does with each of them only at others."),
        expected: format!("with none of them at that hour on {} learned days", departure.days),
        observed: format!("with {now} between {hour}:00 and {hour}:59, {}", readable(name)),
    };
    departure.deviation(&ABOUT, with, kind_of(name).to_owned(), judged)
}

impl Detection for UnusualHour {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        let Link { initiator, responder, service } = departure.link;
        if let What::HourOfMany { operation, hour, now, excess } = departure.what {
            return raise.raise(of_many(departure, operation, hour, (now, excess)));
        }
        let What::Hour { operation, hour, surprise } = departure.what else { return };
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
        let Some(name) = operation else {
            let device = self.first(initiator, responder, departure.time);
            let deviation = departure.deviation(&ABOUT, device, String::new(), judged);
            return raise.raise(Deviation { peer: Some(initiator), ..deviation });
        };
        raise.raise(departure.deviation(&ABOUT, responder, kind_of(name).to_owned(), judged));
    }

    fn forgotten(&self) -> u64 {
        self.forgotten
    }
}
