#![doc = include_str!("new_device.md")]

use crate::alert::Severity;
use crate::detection::{About, Detection, Raise, Technique};
use crate::links::Link;
use crate::scoring::{Departure, Judged, What};

/// What the detection is.
pub static ABOUT: About = About {
    name: "new-device",
    title: "A device that was never seen before",
    attack: &[Technique { id: "T0864", name: "Transient Cyber Asset", tactic: "Initial Access" }],
    impact: "A device that nobody expects can read, disturb or command what care depends on.",
    response: "Find out who brought it and what for; if nobody knows it, take it off the network.",
    page: include_str!("new_device.md"),
};

/// Keeps nothing: the scorer holds all that it needs.
pub struct NewDevice;

impl Detection for NewDevice {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        let What::Device { initiates, rare } = departure.what else { return };
        let Link { initiator, responder, service } = departure.link;
        let device = if initiates { initiator } else { responder };
        let judged = Judged {
            severity: if rare { Severity::Medium } else { Severity::Low },
            score: if rare { 60 } else { 30 },
            explanation: format!("{device} was never seen on this network before."),
            expected: format!("the devices of {} learned days", departure.days),
            observed: format!("{initiator} to {responder}, {service}"),
        };
        raise.raise(departure.deviation(&ABOUT, device, String::new(), judged));
    }
}
