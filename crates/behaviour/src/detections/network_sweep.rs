#![doc = include_str!("network_sweep.md")]

use std::collections::VecDeque;

use wardtap_net::address::Address;
use wardtap_net::packet::{NANOS_PER_SECOND, Timestamp};

use crate::alert::{Deviation, Severity};
use crate::attack::technique;
use crate::baseline::novelty::circumstances;
use crate::detection::{About, Detection, Raise};
use crate::links::{Link, Service};
use crate::scoring::{Departure, Judged, What};

/// What the detection is.
pub static ABOUT: About = About {
    name: "network-sweep",
    title: "One device tries many others",
    attack: &[technique("T0846"), technique("T0888"), technique("T1046")],
    impact: "Somebody finds out which devices there are and what they offer; some devices fail when they are tried.",
    response: "Ask who works on the asking device; if nobody does, have clinical engineering take it off the network.",
    page: include_str!("network_sweep.md"),
};

const WINDOW_NANOS: u64 = 1800 * NANOS_PER_SECOND;

/// So many new conversations of one device within the window are a search.
const NEW_MIN: usize = 5;

/// The most devices whose new conversations are counted at once; the one that began first gives way.
const WATCHED_MAX: usize = 256;

/// Devices that began new conversations lately.
#[derive(Default)]
pub struct NetworkSweep {
    watched: VecDeque<Watched>,
    forgotten: u64,
}

struct Watched {
    initiator: Address,
    /// Who was tried first: the alert's device.
    first: Address,
    tried: VecDeque<(Timestamp, Address, Service)>,
}

impl Detection for NetworkSweep {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        let Link { initiator, responder, service } = departure.link;
        // What others use there as well is how a new device, or one with a new task, begins its work.
        let counts = match departure.what {
            What::Link { circumstances, .. } if circumstances & circumstances::TYPICAL != 0 => false,
            What::Link { circumstances, rare, .. } => rare || circumstances & circumstances::OFFERED == 0,
            What::Strange { offered, typical } => !offered && !typical,
            _ => false,
        };
        if !counts {
            return;
        }
        let place = self.watched.iter().position(|watched| watched.initiator == initiator);
        let mut watched = place.and_then(|place| self.watched.remove(place)).unwrap_or_else(|| Watched {
            initiator,
            first: responder,
            tried: VecDeque::new(),
        });
        watched.tried.retain(|(time, _, _)| departure.time.since(*time) <= WINDOW_NANOS);
        if watched.tried.is_empty() {
            watched.first = responder;
        }
        if watched.tried.len() > NEW_MIN {
            watched.tried.pop_front();
        }
        watched.tried.push_back((departure.time, responder, service));
        if watched.tried.len() >= NEW_MIN {
            let hosts = distinct(watched.tried.iter().map(|(_, responder, _)| *responder));
            let services = distinct(watched.tried.iter().map(|(_, _, service)| *service));
            let judged = Judged {
                severity: Severity::High,
                score: 80,
                explanation: format!("{initiator} tries one device after the other that it has never contacted."),
                expected: format!("no new conversations on most of {} learned days", departure.days),
                observed: format!(
                    "{} new conversations within half an hour, the last {} with {hosts} devices on {services} services",
                    if watched.tried.len() > NEW_MIN { "more" } else { "five" },
                    watched.tried.len()
                ),
            };
            let deviation = departure.deviation(&ABOUT, watched.first, String::new(), judged);
            raise.raise(Deviation { peer: Some(initiator), attack: None, ..deviation });
        }
        self.watched.push_back(watched);
        if self.watched.len() > WATCHED_MAX {
            self.watched.pop_front();
            self.forgotten += 1;
        }
    }

    fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

fn distinct<T: Ord>(all: impl Iterator<Item = T>) -> usize {
    all.collect::<std::collections::BTreeSet<T>>().len()
}
