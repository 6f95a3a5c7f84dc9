//! The judge: observations in sequence, devices, detections, alerts. One thread, no clock but the ticks.

use wardtap_net::address::{Address, Mac};
use wardtap_net::packet::Timestamp;

use crate::alert::{Alert, Alerts, Deviation, OPEN_MAX};
use crate::assets::{self, Assets};
use crate::detection::{Detection, Raise, ask, detections};
use crate::device::{DEVICES_MAX, Device, Devices};
use crate::observation::Observation;
use crate::suppression::{Suppression, Who};

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
    assets: Assets,
    suppressions: Vec<Suppression>,
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
        Self {
            devices: Devices::new(devices_max),
            detections: detections(),
            alerts: Alerts::new(alerts_max),
            assets: Assets::default(),
            suppressions: Vec::new(),
        }
    }

    /// With what the hospital knows of its devices, and the alerts that it does not want to see.
    #[must_use]
    pub fn informed(self, assets: Assets, suppressions: Vec<Suppression>) -> Self {
        Self { assets, suppressions, ..self }
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

    /// What the hospital knows of its devices.
    #[must_use]
    pub const fn assets(&self) -> &Assets {
        &self.assets
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

    fn tell(&mut self, found: Vec<Deviation>, tell: &mut dyn FnMut(Verdict)) {
        for mut deviation in found {
            let asset = self.assets.of(deviation.device, self.mac(deviation.device));
            deviation.severity = assets::severity(deviation.severity, asset.and_then(|asset| asset.criticality));
            let told = if self.is_suppressed(&deviation) {
                self.alerts.suppress(deviation)
            } else {
                self.alerts.raise(deviation)
            };
            for alert in told {
                tell(Verdict::Alert(Box::new(alert)));
            }
        }
    }

    fn is_suppressed(&self, deviation: &Deviation) -> bool {
        let is_peer = |who: Who| deviation.peer.is_some_and(|peer| who.is(peer, self.mac(peer)));
        self.suppressions.iter().any(|suppression| {
            suppression.detection == deviation.about.name
                && deviation.last < suppression.until
                && suppression.device.is(deviation.device, self.mac(deviation.device))
                && suppression.peer.is_none_or(is_peer)
        })
    }

    /// The MAC address that is proven to be a device's own.
    fn mac(&self, address: Address) -> Option<Mac> {
        self.devices.get(address)?.mac
    }
}
