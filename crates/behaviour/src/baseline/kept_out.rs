//! Learning does not approve: what detections that need no baseline found while learning is set aside.
//!
//! Of the devices of such an alert nothing that they did with each other on its days is learned; of who searched or
//! posed as another, nothing at all of those days. It is kept in a store of its own, so that it can be accepted later without
//! the captures, and so that learning on comes to the same whether captures come together or one after the other.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::by_time::ByTime;
use super::history::{History, Kept};
use super::points::{PointsState, StoredPoints};
use super::results::StoredResults;
use super::store::{HOURS_PER_DAY, LinkKey, MINUTES_PER_HOUR, Store, StoredDevice, StoredLink, StoredOperation};
use crate::detections::{address_taken, sweep};
use crate::parties::{ANYBODY, GROUP, OUTSIDE};

/// What a detection that needs no baseline found while learning.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KeptOut {
    /// The id of the device at risk.
    pub device: String,
    /// The id of who did it; empty where nobody is known.
    pub peer: String,
    /// On which day (UTC), counted from 1970.
    pub day: u32,
    /// Which detection.
    pub detection: String,
    /// What it saw.
    pub observed: String,
}

/// One of each device, peer, day and detection, in order.
pub fn in_order(kept_out: &mut Vec<KeptOut>) {
    kept_out.sort_unstable();
    kept_out.dedup_by(|one, before| one.is_about_the_same(before));
}

impl KeptOut {
    /// Whether the two differ in nothing but what was seen.
    #[must_use]
    pub fn is_about_the_same(&self, other: &Self) -> bool {
        let about = |kept: &Self| (kept.day, kept.device.clone(), kept.peer.clone(), kept.detection.clone());
        about(self) == about(other)
    }

    /// Whether a device has to do with it.
    #[must_use]
    pub fn concerns(&self, id: &str) -> bool {
        self.device == id || self.peer == id
    }

    /// Whether nothing at all of who did it is learned on that day.
    #[must_use]
    pub fn is_all_of_peer(&self) -> bool {
        let author = [sweep::ABOUT.name, address_taken::ABOUT.name].contains(&self.detection.as_str());
        author && ![OUTSIDE, GROUP, ANYBODY, ""].contains(&self.peer.as_str())
    }
}

/// The days that are kept out.
#[derive(Default)]
struct Days<'a> {
    of_pairs: BTreeMap<(&'a str, &'a str), BTreeSet<u32>>,
    of_devices: BTreeMap<&'a str, BTreeSet<u32>>,
}

impl<'a> Days<'a> {
    fn of(kept_out: &'a [KeptOut]) -> Self {
        let mut days = Self::default();
        for kept in kept_out {
            days.of_pairs.entry(pair(&kept.device, &kept.peer)).or_default().insert(kept.day);
            if kept.is_all_of_peer() {
                days.of_devices.entry(&kept.peer).or_default().insert(kept.day);
            }
        }
        days
    }

    fn of_link(&self, key: &LinkKey) -> BTreeSet<u32> {
        let (initiator, responder) = (key.initiator.as_str(), key.responder.as_str());
        let pair = self.of_pairs.get(&pair(initiator, responder));
        let ends = [initiator, responder].into_iter().filter_map(|end| self.of_devices.get(end));
        pair.into_iter().chain(ends).flatten().copied().collect()
    }
}

fn pair<'a>(one: &'a str, other: &'a str) -> (&'a str, &'a str) {
    (one.min(other), one.max(other))
}

impl Store {
    /// Takes out what is kept out; merged again, the two are what this was.
    #[must_use]
    pub fn set_aside(&mut self, kept_out: &[KeptOut]) -> Self {
        let mut aside = Self::default();
        if kept_out.is_empty() {
            return aside;
        }
        let days = Days::of(kept_out);
        self.links.retain(|key, link| {
            let days = days.of_link(key);
            let Some(taken) = link.take_days(&days) else { return true };
            aside.links.insert(key.clone(), taken.into());
            !link.is_empty()
        });
        for (id, days) in days.of_devices {
            let Some(device) = self.devices.get_mut(id) else { continue };
            let (out, stay) = device.days.iter().partition(|day| days.contains(day));
            device.days = stay;
            let pauses = take(&mut device.pauses, &days, |day| day);
            if device.days.is_empty() {
                let mut device = self.devices.remove(id).unwrap_or_default();
                device.pauses.extend(pauses);
                aside.devices.insert(id.to_owned(), StoredDevice { days: out, ..device });
            } else if !out.is_empty() || !pauses.is_empty() {
                aside.devices.insert(id.to_owned(), StoredDevice { days: out, pauses, ..StoredDevice::default() });
            }
        }
        aside
    }
}

/// Moves what lies on some days; `day_of` gives the day of a key.
fn take<V>(from: &mut ByTime<V>, days: &BTreeSet<u32>, day_of: impl Fn(u32) -> u32) -> ByTime<V> {
    from.take(|time| days.contains(&day_of(time)))
}

fn take_past<V: Kept>(from: &mut History<V>, days: &BTreeSet<u32>, day_of: impl Fn(u32) -> u32) -> History<V> {
    from.take(|time| days.contains(&day_of(time)))
}

const fn day_of_hour(hour: u32) -> u32 {
    hour / HOURS_PER_DAY
}

const fn day_of_minute(minute: u32) -> u32 {
    minute / MINUTES_PER_HOUR / HOURS_PER_DAY
}

impl StoredLink {
    fn take_days(&mut self, days: &BTreeSet<u32>) -> Option<Self> {
        if days.is_empty() {
            return None;
        }
        let mut taken = Self {
            hours: take_past(&mut self.hours, days, day_of_hour),
            open: take(&mut self.open, days, day_of_minute),
            ..Self::default()
        };
        self.operations.retain(|name, operation| {
            let Some(out) = operation.take_days(days) else { return true };
            *taken.operations.or_default(name) = out;
            !operation.is_empty()
        });
        self.points.retain(|name, points| {
            let Some(out) = points.take_days(days) else { return true };
            *taken.points.or_default(name) = out;
            !points.is_empty()
        });
        self.results.retain(|name, results| {
            let out = take(&mut results.days, days, |day| day);
            if !out.is_empty() {
                *taken.results.or_default(name) = StoredResults { days: out };
            }
            !results.days.is_empty()
        });
        if self.is_empty() {
            // By day they are not known: they stay while anything does.
            taken.other_messages = std::mem::take(&mut self.other_messages);
            taken.last = std::mem::take(&mut self.last);
        }
        (!taken.is_empty()).then_some(taken)
    }

    fn is_empty(&self) -> bool {
        self.hours.is_empty()
            && self.open.is_empty()
            && self.operations.is_empty()
            && self.points.is_empty()
            && self.results.is_empty()
    }
}

impl StoredOperation {
    fn take_days(&mut self, days: &BTreeSet<u32>) -> Option<Self> {
        let taken = Self {
            days: take_past(&mut self.days, days, |day| day),
            open: take(&mut self.open, days, day_of_minute),
            open_hours: take(&mut self.open_hours, days, day_of_hour),
            many: take_past(&mut self.many, days, day_of_hour),
            pauses: take_past(&mut self.pauses, days, day_of_hour),
            ..Self::default()
        };
        if taken.is_empty() {
            return None;
        }
        let (last, from) = if self.is_empty() { (self.last, self.from) } else { Default::default() };
        Some(Self { last, from, ..taken })
    }

    fn is_empty(&self) -> bool {
        let is_over = self.days.is_empty() && self.many.is_empty() && self.pauses.is_empty();
        is_over && self.open.is_empty() && self.open_hours.is_empty()
    }
}

impl StoredPoints {
    fn take_days(&mut self, days: &BTreeSet<u32>) -> Option<Self> {
        let taken = Self {
            first: self.first,
            days: take(&mut self.days, days, |day| day),
            open: take(&mut self.open, days, day_of_minute),
            ..Self::default()
        };
        if taken.is_empty() {
            return None;
        }
        let state = if self.is_empty() { std::mem::take(&mut self.state) } else { PointsState::default() };
        Some(Self { state, ..taken })
    }

    fn is_empty(&self) -> bool {
        self.days.is_empty() && self.open.is_empty()
    }
}
