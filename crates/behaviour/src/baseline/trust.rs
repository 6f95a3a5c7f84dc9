//! How far a baseline is from being trustworthy, by device and by facet.
//!
//! What was seen on one day only says how much there is still to come: by Good (1953) the share of one-day links among all
//! links of a device estimates how likely its next link is a new one. Quantities, hours and silences are judged from so
//! many days on; what has fewer is not judged at all.

use std::collections::BTreeMap;

use super::measure::Measure;
use super::novelty::Facet;
use super::pauses::Coverage;
use super::profile::{LinkProfile, Profiles};
use crate::parties::ANYBODY;

/// A device that was there on fewer days is hardly known: a week has its working days and its days of rest.
pub const DAYS_MIN: u32 = 7;

/// Something that is known well enough, of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// How many are known well enough.
    pub known: u32,
    /// How many there are.
    pub all: u32,
}

impl Share {
    fn add(&mut self, known: bool) {
        self.known += u32::from(known);
        self.all += 1;
    }
}

/// How well a device is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceTrust {
    /// On how many days it was there.
    pub days: u32,
    /// Its links: known are those of more than one day.
    pub links: Share,
    /// Their operations: known are those of more than one day.
    pub operations: Share,
    /// Links whose hours are judged.
    pub hours: Share,
    /// Links whose quantities are judged by other days.
    pub quantities: Share,
    /// Links of which an end is so steady that its silence is told.
    pub silences: Share,
}

impl DeviceTrust {
    /// Whether it was there on enough days, and most of what it does was seen more than once.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        self.days >= DAYS_MIN
            && self.links.known * 2 >= self.links.all
            && self.operations.known * 2 >= self.operations.all
    }

    fn add(&mut self, link: &LinkProfile, coverage: &Coverage) {
        self.links.add(link.days > 1);
        for operation in link.operations.values() {
            self.operations.add(operation.days > 1);
        }
        self.hours.add(link.hours.iter().any(|hours| hours.are_known()));
        self.quantities.add(link.is_measured());
        self.silences.add(link.pauses.iter().any(|pauses| pauses.told(coverage) > 0));
    }
}

/// A kind of finding that thresholds were worked out for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something new.
    New(Facet),
    /// A quantity.
    Beyond(Measure),
}

/// How a threshold did on the days that were held out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeldOut {
    /// Of what.
    pub kind: Kind,
    /// From where on it deviates: how surprising something new is, or how many times as much as was normal.
    pub threshold: f64,
    /// What was new on those days, for what can be new.
    pub seen: Option<u32>,
    /// What would have deviated.
    pub beyond: u32,
}

/// How far a baseline is from being trustworthy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trust {
    /// The devices by id.
    pub devices: BTreeMap<String, DeviceTrust>,
    /// The thresholds.
    pub held_out: Vec<HeldOut>,
    /// Alerts that the budget allowed for on the days learned.
    pub allowed: f64,
}

/// How far profiles are from being trustworthy.
#[must_use]
pub fn trust(profiles: &Profiles) -> Trust {
    let mut devices: BTreeMap<String, DeviceTrust> = BTreeMap::new();
    for (id, device) in &profiles.devices {
        devices.insert(id.clone(), DeviceTrust { days: device.days, ..DeviceTrust::default() });
    }
    // What is with anybody is the same once more.
    for (key, link) in profiles.links.iter().filter(|(key, _)| key.initiator != ANYBODY) {
        for id in [&key.initiator, &key.responder] {
            if let Some(device) = devices.get_mut(id) {
                device.add(link, &profiles.coverage);
            }
        }
    }
    let thresholds = &profiles.thresholds;
    let new = Facet::ALL.iter().zip(&thresholds.novelty.facets).map(|(facet, rarity)| HeldOut {
        kind: Kind::New(*facet),
        threshold: rarity.cutoff,
        seen: Some(rarity.all),
        beyond: rarity.beyond,
    });
    let quantities = Measure::ALL.iter().zip(thresholds.factors.iter().zip(&thresholds.beyond));
    let beyond = quantities.map(|(measure, (factor, beyond))| HeldOut {
        kind: Kind::Beyond(*measure),
        threshold: *factor,
        seen: None,
        beyond: *beyond,
    });
    let allowed = thresholds.budget * profiles.days.len() as f64 / 7.0;
    Trust { devices, held_out: new.chain(beyond).collect(), allowed }
}
