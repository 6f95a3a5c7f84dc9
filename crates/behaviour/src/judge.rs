//! The judge: observations in sequence, devices, detections, alerts. One thread, no clock but the ticks.

use wardtap_net::address::Address;
use wardtap_net::packet::Timestamp;

use crate::alert::{Alert, Alerts, OPEN_MAX};
use crate::detection::{Detection, Raise, ask, detections};
use crate::device::{DEVICES_MAX, DeviceId, Devices, IdentityChange, Name};
use crate::observation::Observation;

/// What the judge has to tell, in order.
pub enum Verdict {
    /// A device was heard for the first time, or its identity has changed.
    Device(DeviceNews),
    /// An alert, new, changed or over.
    Alert(Box<Alert>),
}

/// What is new of a device.
#[derive(Clone, Copy, Debug)]
pub struct DeviceNews {
    /// Which; the older one, where two proved to be one.
    pub device: DeviceId,
    /// The address that it is about.
    pub address: Address,
    /// When.
    pub time: Timestamp,
    /// What named the younger one, where two proved to be one.
    pub was: Option<Name>,
}

/// Keeps devices and alerts, and asks the detections.
pub struct Judge {
    devices: Devices,
    detections: Vec<Box<dyn Detection>>,
    alerts: Alerts,
    changes: Vec<IdentityChange>,
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
        Self { devices, detections: detections(), alerts, changes: Vec::new() }
    }

    /// Takes the next observation.
    pub fn observe(&mut self, observation: &Observation, tell: &mut dyn FnMut(Verdict)) {
        match observation {
            Observation::Heard { address, vlan, place } => {
                self.devices.heard(*address, *vlan, place.time, &mut self.changes);
                self.identities(place.time, tell);
            }
            Observation::Claimed(claimed) => {
                self.devices.claimed(claimed, &mut self.changes);
                self.identities(claimed.place.time, tell);
            }
            Observation::Leased(lease) => {
                self.devices.leased(lease, &mut self.changes);
                self.identities(lease.place.time, tell);
                self.ask(observation, tell);
            }
            Observation::Role { address, protocol, requester } => {
                self.devices.role(*address, protocol.index, *requester);
            }
            Observation::Content(_) | Observation::Tally(_) => self.ask(observation, tell),
        }
    }

    /// Capture time has reached `now`.
    pub fn tick(&mut self, now: Timestamp, tell: &mut dyn FnMut(Verdict)) {
        self.devices.tick(now, &mut self.changes);
        self.identities(now, tell);
        let mut raise = Raise { alerts: &self.alerts, found: Vec::new() };
        for detection in &mut self.detections {
            detection.tick(now, &mut raise);
        }
        self.tell(raise.found, tell);
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
        self.detections.iter().map(|detection| detection.forgotten()).sum::<u64>() + self.devices.contests_forgotten()
    }

    /// The alerts.
    #[must_use]
    pub const fn alerts(&self) -> &Alerts {
        &self.alerts
    }

    fn ask(&mut self, observation: &Observation, tell: &mut dyn FnMut(Verdict)) {
        let mut raise = Raise { alerts: &self.alerts, found: Vec::new() };
        ask(&mut self.detections, observation, &mut raise);
        self.tell(raise.found, tell);
    }

    /// Tells what has changed about who is who, and asks the detections.
    fn identities(&mut self, time: Timestamp, tell: &mut dyn FnMut(Verdict)) {
        if self.changes.is_empty() {
            return;
        }
        let mut raise = Raise { alerts: &self.alerts, found: Vec::new() };
        for change in self.changes.drain(..) {
            let mut news = |device, address, was| tell(Verdict::Device(DeviceNews { device, address, time, was }));
            match change {
                IdentityChange::Appeared { device, address, .. } | IdentityChange::Gained { device, address, .. } => {
                    news(device, address, None);
                }
                IdentityChange::Same { device, was, address } => news(device, address, Some(was)),
                IdentityChange::Contended { .. } | IdentityChange::Defended { .. } => {}
            }
            for detection in &mut self.detections {
                detection.identity(&change, &mut raise);
            }
        }
        self.tell(raise.found, tell);
    }

    fn tell(&mut self, found: Vec<crate::alert::Deviation>, tell: &mut dyn FnMut(Verdict)) {
        for deviation in found {
            for alert in self.alerts.raise(deviation) {
                tell(Verdict::Alert(Box::new(alert)));
            }
        }
    }
}
