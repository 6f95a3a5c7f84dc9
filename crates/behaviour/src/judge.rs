//! The judge: observations in sequence, devices, detections, alerts. One thread, no clock but the ticks.

use wardtap_net::address::{Address, Mac};
use wardtap_net::packet::Timestamp;

use crate::alert::{Alert, Alerts, OPEN_MAX};
use crate::detection::{Detection, Raise, ask, detections};
use crate::device::{DEVICES_MAX, Device, Devices};
use crate::observation::Observation;

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
        Self { devices: Devices::new(devices_max), detections: detections(), alerts: Alerts::new(alerts_max) }
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
