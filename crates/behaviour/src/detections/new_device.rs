#![doc = include_str!("new_device.md")]

use std::collections::VecDeque;

use wardtap_net::address::Address;
use wardtap_net::packet::{NANOS_PER_SECOND, Timestamp};

use crate::alert::{Deviation, Severity};
use crate::attack::{Technique, technique};
use crate::detection::{About, Detection, Raise};
use crate::detections::hazard;
use crate::detections::many::{self, Crowd, Many};
use crate::links::{Link, Service, readable};
use crate::scoring::{Departure, Judged, What};

/// What the detection is.
pub static ABOUT: About = About {
    name: "new-device",
    title: "A device that was never seen before",
    attack: &[technique("T0864"), technique("T1200")],
    impact: "A device that nobody expects can read, disturb or command what care depends on.",
    response: "Find out who brought it and what for; if nobody knows it, have clinical engineering take it off the network.",
    page: include_str!("new_device.md"),
};

const WINDOW_NANOS: u64 = 600 * NANOS_PER_SECOND;

/// More new devices than this within the window are no devices that people brought.
const BROUGHT_MAX: usize = 5;

/// The latest new devices that are remembered.
const LATELY_MAX: usize = 64;

/// New devices of whom it is remembered with whom they had to do first.
const FIRST_MAX: usize = 256;

/// What those stand for: addresses that are made up, or tried.
static FLOOD: [Technique; 4] = [technique("T0814"), technique("T1498"), technique("T0849"), technique("T0846")];

/// When the last new devices came, what they did first, and with whom they had to do.
#[derive(Default)]
pub struct NewDevice {
    lately: VecDeque<(Timestamp, Address, Service)>,
    with: Many<Address, Address>,
    /// Those that have nothing in common.
    crowd: Crowd<Address>,
    /// With whom each had to do first: what it does later is no other news.
    first: VecDeque<(Address, Address)>,
}

impl NewDevice {
    fn first(&mut self, device: Address, other: Address) -> Address {
        let known = self.first.iter().find(|(known, _)| *known == device).map(|(_, first)| *first);
        known.unwrap_or_else(|| {
            if self.first.len() >= FIRST_MAX {
                self.first.pop_front();
            }
            self.first.push_back((device, other));
            other
        })
    }
}

impl Detection for NewDevice {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        let (initiates, serious) = match departure.what {
            What::Device { initiates, usual, rare } => {
                (initiates, !usual && (rare || initiates && hazard::of_stranger(departure)))
            }
            What::Foreign { name, .. } => return self.says(departure, name, raise),
            What::StandIn => return raise.raise(stand_in(departure)),
            _ => return,
        };
        let Link { initiator, responder, service } = departure.link;
        let (device, other) = if initiates { (initiator, responder) } else { (responder, initiator) };
        // Devices that are there for long are new to whoever begins to look. Each of them does something of its own; those
        // that are made up, or tried, are all there for one thing.
        self.lately.retain(|(time, ..)| departure.time.since(*time) <= WINDOW_NANOS);
        if self.lately.len() >= LATELY_MAX {
            self.lately.pop_front();
        }
        self.lately.push_back((departure.time, other, service));
        let alike = self.lately.iter().filter(|(_, with, of)| (*with, *of) == (other, service)).count();
        let flood = alike > BROUGHT_MAX;
        let group = self.with.take(other, device, departure.time);
        let mut judged = Judged {
            severity: if serious { Severity::Medium } else { Severity::Low },
            score: if serious { 60 } else { 30 },
            explanation: format!("{device} was never seen on this network before."),
            expected: format!("the devices of {} learned days", departure.days),
            observed: format!("{initiator} to {responder}, {service}"),
        };
        if !flood && !group.is_many() {
            if let Some(crowd) = self.crowd.take(device, departure.time) {
                (judged.severity, judged.score) = (Severity::High, 80);
                judged.explanation = "Many devices that were never seen before are there at once.".to_owned();
                judged.observed = crowd.named();
                let deviation = departure.deviation(&ABOUT, crowd.first, many::of("of many"), judged);
                raise.raise(Deviation { peer: None, attack: Some(&FLOOD), ..deviation });
                return;
            }
            let peer = Some(self.first(device, other));
            raise.raise(Deviation { peer, ..departure.deviation(&ABOUT, device, String::new(), judged) });
            return;
        }
        if flood {
            (judged.severity, judged.score) = (Severity::High, 80);
        }
        judged.explanation = format!("{other} has to do with many devices at once that were never seen before.");
        judged.observed = format!("{}, {}", judged.observed, group.named());
        let attack = flood.then_some(&FLOOD[..]);
        let deviation = departure.deviation(&ABOUT, other, many::SUBJECT.to_owned(), judged);
        raise.raise(Deviation { peer: None, attack, ..deviation });
    }

    fn forgotten(&self) -> u64 {
        self.with.forgotten()
    }
}

impl NewDevice {
    /// What a new device that was told of singly says makes its alert worse, where harm can be done by it.
    fn says(&self, departure: &Departure<'_>, name: &str, raise: &mut Raise<'_>) {
        let Link { initiator, service, responder } = departure.link;
        let first = self.first.iter().find(|(device, _)| *device == initiator);
        let Some((_, other)) = first.filter(|_| hazard::of_message(departure, name) && !raise.is_told()) else {
            return;
        };
        if !raise.is_told_between(ABOUT.name, initiator, *other, "") {
            return;
        }
        let judged = Judged {
            severity: Severity::Medium,
            score: 60,
            explanation: format!("{initiator} was never seen on this network before."),
            expected: format!("the devices of {} learned days", departure.days),
            observed: format!("{initiator} to {responder}, {service}, {}", readable(name)),
        };
        let deviation = departure.deviation(&ABOUT, initiator, String::new(), judged);
        raise.raise(Deviation { peer: Some(*other), attack: None, ..deviation });
    }
}

/// Another machine has an address that was a known device's.
fn stand_in(departure: &Departure<'_>) -> Deviation {
    let address = departure.link.initiator;
    let judged = Judged {
        severity: Severity::Low,
        score: 30,
        explanation: format!("{address} is another machine now, which was never seen on this network before."),
        expected: format!("the devices of {} learned days", departure.days),
        observed: format!("another hardware address at {address}, whose owner was silent"),
    };
    Deviation { peer: None, ..departure.deviation(&ABOUT, address, String::new(), judged) }
}
