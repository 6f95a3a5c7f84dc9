//! The judge: observations in sequence, devices, detections, alerts. One thread, no clock but the ticks.

use wardtap_net::address::{Address, Mac};
use wardtap_net::packet::Timestamp;

use crate::alert::{Alert, Alerts, OPEN_MAX};
use crate::detection::{Detection, Raise, ask, detections};
use crate::baseline::learner::Learner;
use crate::device::{DEVICES_MAX, Device, Devices};
use crate::links::Use;
use crate::observation::Observation;
use crate::parties::Parties;
use crate::scoring::{Departure, Scorer};

/// What the judge has to tell, in order.
pub enum Verdict {
    /// A device was heard for the first time.
    Device(Device),
    /// An alert, new, changed or over.
    Alert(Box<Alert>),
}

/// Keeps devices and alerts, and asks the detections.
pub struct Judge {
    devices: Devices,
    detections: Vec<Box<dyn Detection>>,
    alerts: Alerts,
    behaviour: Option<Box<Behaviour>>,
}

/// What is done with what links do.
pub struct Behaviour {
    /// Who takes part.
    pub parties: Parties,
    /// Compares it with a baseline.
    pub scorer: Option<Scorer>,
    /// Learns it.
    pub learner: Option<Learner>,
    minute: u64,
}

impl Behaviour {
    /// Compares, learns, or both.
    #[must_use]
    pub const fn new(parties: Parties, scorer: Option<Scorer>, learner: Option<Learner>) -> Self {
        Self { parties, scorer, learner, minute: 0 }
    }
}

impl Default for Judge {
    fn default() -> Self {
        Self::new(DEVICES_MAX, OPEN_MAX)
    }
}

impl Judge {
    /// A judge that knows at most so many devices and open alerts, and never more than [`DEVICES_MAX`] and [`OPEN_MAX`].
    #[must_use]
    pub fn new(devices_max: usize, alerts_max: usize) -> Self {
        let (devices, alerts) = (Devices::new(devices_max), Alerts::new(alerts_max));
        Self { devices, detections: detections(), alerts, behaviour: None }
    }

    /// Has it compare or learn what links do.
    pub fn with_behaviour(&mut self, behaviour: Behaviour) {
        self.behaviour = Some(Box::new(behaviour));
    }

    /// What was compared and learned.
    pub const fn behaviour(&mut self) -> &mut Option<Box<Behaviour>> {
        &mut self.behaviour
    }

    /// Takes the next observation.
    pub fn observe(&mut self, observation: &Observation, tell: &mut dyn FnMut(Verdict)) {
        match observation {
            Observation::Heard { address, vlan, place } => self.heard(*address, None, *vlan, place.time, tell),
            Observation::Claimed { address, mac, vlan, place } => {
                self.heard(*address, Some(*mac), *vlan, place.time, tell);
            }
            Observation::Role { address, protocol, requester } => {
                self.devices.role(*address, protocol.index, *requester);
            }
            Observation::Opened(opened) => self.score(tell, |scorer, parties, devices, to| {
                scorer.opened(opened, parties, devices, to);
            }),
            Observation::Operation(news) => self.score(tell, |scorer, parties, devices, to| {
                scorer.operation(news, parties, devices, to);
            }),
            Observation::Used(used) => self.used(used, tell),
            Observation::Content(_) | Observation::Tally(_) => {
                let mut raise = Raise { alerts: &self.alerts, found: Vec::new() };
                ask(&mut self.detections, observation, &mut raise);
                self.tell(raise.found, tell);
            }
        }
    }

    /// Capture time has reached `now`.
    pub fn tick(&mut self, now: Timestamp, tell: &mut dyn FnMut(Verdict)) {
        let mut raise = Raise { alerts: &self.alerts, found: Vec::new() };
        for detection in &mut self.detections {
            detection.tick(now, &mut raise);
        }
        self.tell(raise.found, tell);
        let minute = now.seconds() / 60;
        let is_new = self.behaviour.as_mut().is_some_and(|behaviour| {
            std::mem::replace(&mut behaviour.minute, minute) != minute
        });
        if is_new {
            let minute = u32::try_from(minute).unwrap_or(u32::MAX);
            self.score(tell, |scorer, _, _, to| scorer.minute(minute, to));
        }
        for alert in self.alerts.tick(now) {
            tell(Verdict::Alert(Box::new(alert)));
        }
    }

    /// The capture is over: open alerts are closed.
    pub fn finish(&mut self, tell: &mut dyn FnMut(Verdict)) {
        for alert in self.alerts.finish() {
            tell(Verdict::Alert(Box::new(alert)));
        }
    }

    /// The devices.
    #[must_use]
    pub const fn devices(&self) -> &Devices {
        &self.devices
    }

    /// How much the detections gave up of what they watched, for want of room.
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        self.detections.iter().map(|detection| detection.forgotten()).sum()
    }

    /// The alerts.
    #[must_use]
    pub const fn alerts(&self) -> &Alerts {
        &self.alerts
    }

    fn used(&mut self, used: &Use, tell: &mut dyn FnMut(Verdict)) {
        self.score(tell, |scorer, parties, devices, to| scorer.used(used, parties, devices, to));
        if let Some(behaviour) = &mut self.behaviour
            && let Some(learner) = &mut behaviour.learner
            && let Some(key) = behaviour.parties.link(&used.link, &self.devices)
        {
            learner.used(key, used);
        }
    }

    /// Has the scorer look at something, and the detections at what departs from the baseline.
    fn score(
        &mut self,
        tell: &mut dyn FnMut(Verdict),
        look: impl FnOnce(&mut Scorer, &mut Parties, &Devices, &mut dyn FnMut(Departure<'_>)),
    ) {
        let Some(behaviour) = &mut self.behaviour else { return };
        let Some(scorer) = &mut behaviour.scorer else { return };
        let mut raise = Raise { alerts: &self.alerts, found: Vec::new() };
        let detections = &mut self.detections;
        look(scorer, &mut behaviour.parties, &self.devices, &mut |departure| {
            for detection in &mut *detections {
                detection.departure(&departure, &mut raise);
            }
        });
        let found = raise.found;
        self.tell(found, tell);
    }

    fn heard(
        &mut self,
        address: Address,
        mac: Option<Mac>,
        vlan: Option<u16>,
        time: Timestamp,
        tell: &mut dyn FnMut(Verdict),
    ) {
        if let Some(device) = self.devices.heard(address, mac, vlan, time) {
            tell(Verdict::Device(*device));
        }
    }

    fn tell(&mut self, found: Vec<crate::alert::Deviation>, tell: &mut dyn FnMut(Verdict)) {
        for deviation in found {
            for alert in self.alerts.raise(deviation) {
                tell(Verdict::Alert(Box::new(alert)));
            }
        }
    }
}
