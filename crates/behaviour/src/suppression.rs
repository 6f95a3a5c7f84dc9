//! Suppressions: alerts that somebody has looked into and does not want to see for a while.
//!
//! Each has an end, an owner and a reason. What is suppressed is counted and never lost: the alert lives on, and is told
//! once the suppression is over.

use wardtap_net::address::{Address, Mac};
use wardtap_net::packet::Timestamp;

use crate::alert::Deviation;
use crate::assets::{Asset, Status};
use crate::detection::About;
use crate::detections;

/// The most suppressions: every deviation is compared with all of them.
pub const SUPPRESSIONS_MAX: usize = 1024;

/// Why an alert is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// Somebody does not want to see it.
    Configuration,
    /// Work on the device is announced, and it looks like that.
    Maintenance,
    /// The device is not in service, and it looks like that.
    OutOfService,
}

impl Why {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::Configuration, Self::Maintenance, Self::OutOfService];

    /// The word in events and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Maintenance => "maintenance",
            Self::OutOfService => "out-of-service",
        }
    }
}

/// What work on a device looks like: it is switched off or restarts, is slow, or refuses. What comes to it or goes out from it
/// beside that is told as ever: who works there can be asked.
const WORK: [&About; 5] = [
    &detections::silence::ABOUT,
    &detections::slow_answers::ABOUT,
    &detections::refusals::ABOUT,
    &detections::refusal_storm::ABOUT,
    &detections::frozen_values::ABOUT,
];

/// Why a deviation is not told, where what the hospital says of the two devices explains it.
#[must_use]
pub fn explained(deviation: &Deviation, assets: [Option<&Asset>; 2]) -> Option<Why> {
    let is = |about: &&About| about.name == deviation.about.name;
    let any = |holds: &dyn Fn(&Asset) -> bool| assets.into_iter().flatten().any(holds);
    if WORK.iter().any(is) && any(&|asset| asset.in_maintenance(deviation.last)) {
        return Some(Why::Maintenance);
    }
    let is_silence = deviation.about.name == detections::silence::ABOUT.name;
    (is_silence && any(&|asset| asset.status != Status::InService)).then_some(Why::OutOfService)
}

/// A device as people write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// By its address.
    Address(Address),
    /// By the MAC address that is proven to be its own.
    Mac(Mac),
}

impl Who {
    /// True when this device is meant.
    #[must_use]
    pub fn is(self, address: Address, mac: Option<Mac>) -> bool {
        match self {
            Self::Address(meant) => meant == address,
            Self::Mac(meant) => Some(meant) == mac,
        }
    }
}

/// Which alerts are not to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// Of which detection.
    pub detection: &'static str,
    /// At which device.
    pub device: Who,
    /// By which peer; by any, where none is named.
    pub peer: Option<Who>,
    /// In capture time: what is seen from then on is told.
    pub until: Timestamp,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
}
