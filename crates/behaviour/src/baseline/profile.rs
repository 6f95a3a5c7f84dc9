//! What is normal, as scoring needs it: worked out of a store once, when learning ends.
//!
//! The profile of many days is the fold of the profiles of each: days and messages add up, all else is the widest. So a day
//! can be held out, and judged by the others.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wardtap_net::packet::Timestamp;

use super::calibrate::Thresholds;
use super::points::PointsProfile;
use super::store::{HOURS_PER_DAY, LinkKey, MINUTES_PER_HOUR, OperationDay, StoredLink, StoredOperation, wider};
use crate::site::{DayKind, Site};

/// What is normal at a site.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Profiles {
    /// The days that were learned, counted from 1970.
    pub days: Vec<u32>,
    /// From when on something deviates.
    pub thresholds: Thresholds,
    /// Of each device, by id.
    pub devices: BTreeMap<String, DeviceProfile>,
    /// Of each link.
    pub links: BTreeMap<LinkKey, LinkProfile>,
}

/// What is normal for a device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeviceProfile {
    /// Its own MAC address, on evidence.
    pub mac: Option<[u8; 6]>,
    /// The addresses that it had, as 128 bits.
    pub addresses: Vec<(u64, u64)>,
    /// On how many days it was there.
    pub days: u32,
}

/// What is normal on a link.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LinkProfile {
    /// On how many days there was something.
    pub days: u32,
    /// The hours in which there was something, on working days and on days of rest.
    pub hours: [Hours; 2],
    /// The most octets in a minute, from the initiator and from the responder.
    pub minute_bytes: [u64; 2],
    /// The most octets in an hour.
    pub hour_bytes: [u64; 2],
    /// The most conversations that began in a minute.
    pub minute_opened: u32,
    /// The most conversations that began in an hour.
    pub hour_opened: u32,
    /// The most conversations of an hour that ended without an answer.
    pub hour_failed: u32,
    /// The longest silence of the initiator and of the responder, in minutes.
    pub pause: [u32; 2],
    /// Minutes in which they sent something.
    pub minutes: [u32; 2],
    /// What it does.
    pub operations: BTreeMap<String, OperationProfile>,
    /// The values at the places that operations read or write, by operation.
    pub points: BTreeMap<String, PointsProfile>,
}

/// What is normal for an operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OperationProfile {
    /// On how many days there was one.
    pub days: u32,
    /// Messages.
    pub count: u64,
    /// The hours in which there was something, on working days and on days of rest.
    pub hours: [Hours; 2],
    /// The most in a minute.
    pub minute_count: u32,
    /// The most in an hour.
    pub hour_count: u32,
    /// Octets of the largest.
    pub largest: u64,
    /// The greatest share of answers of a day that refused, in thousandths.
    pub refused: u32,
    /// The longest time without one, in minutes.
    pub pause: u32,
    /// The least and greatest values.
    pub ranges: [Option<(u64, u64)>; 2],
    /// The greatest mean of the response times of a minute, in microseconds.
    pub slowest: u64,
}

/// Hours of the day, by the site's clocks, in which there was something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// Bit n: in hour n.
    pub seen: u32,
    /// Bit n: in hour n of one day only.
    pub once: u32,
    /// On how many days.
    pub days: u32,
    /// Hours of all days together.
    pub all: u32,
}

impl Hours {
    /// There was something in an hour of its one day.
    const fn active(&mut self, hour: u8) {
        let bit = 1 << hour;
        self.all += (self.seen & bit == 0) as u32;
        self.seen |= bit;
        self.once |= bit;
        self.days = 1;
    }

    /// Takes in those of other days.
    pub const fn absorb(&mut self, other: &Self) {
        self.once = (self.once & !other.seen) | (other.once & !self.seen);
        self.seen |= other.seen;
        self.days += other.days;
        self.all += other.all;
    }

    /// How unlikely it is that there is something in this hour, in halvings: one where it was, or the one before or behind
    /// it; else by how many of all hours were there on one day only (Good 1953).
    #[must_use]
    pub fn unlikely(&self, hour: u8) -> u8 {
        const DAY: u32 = (1 << 24) - 1;
        let beside = (self.seen | self.seen << 1 | self.seen >> 1 | self.seen >> 23 | self.seen << 23) & DAY;
        if beside >> hour & 1 == 1 {
            return 0;
        }
        let new = (f64::from(self.once.count_ones()) + 0.5) / (f64::from(self.all) + 1.0);
        (-libm::log2(new)).clamp(0.0, 20.0) as u8
    }
}

/// The place of a kind of day in `hours`.
#[must_use]
pub const fn kind_index(kind: DayKind) -> usize {
    match kind {
        DayKind::Work => 0,
        DayKind::Rest => 1,
    }
}

impl LinkProfile {
    /// Takes in what was normal at other times.
    pub fn absorb(&mut self, other: &Self) {
        self.days += other.days;
        for place in 0..2 {
            self.hours[place].absorb(&other.hours[place]);
            self.minute_bytes[place] = self.minute_bytes[place].max(other.minute_bytes[place]);
            self.hour_bytes[place] = self.hour_bytes[place].max(other.hour_bytes[place]);
            self.pause[place] = self.pause[place].max(other.pause[place]);
            self.minutes[place] = self.minutes[place].saturating_add(other.minutes[place]);
        }
        self.minute_opened = self.minute_opened.max(other.minute_opened);
        self.hour_opened = self.hour_opened.max(other.hour_opened);
        self.hour_failed = self.hour_failed.max(other.hour_failed);
        for (name, operation) in &other.operations {
            match self.operations.get_mut(name) {
                Some(known) => known.absorb(operation),
                None => drop(self.operations.insert(name.clone(), *operation)),
            }
        }
        for (name, points) in &other.points {
            match self.points.get_mut(name) {
                Some(known) => known.absorb(points),
                None => drop(self.points.insert(name.clone(), points.clone())),
            }
        }
    }

    /// What a link did, day by day.
    #[must_use]
    pub fn by_day(link: &StoredLink, site: &Site) -> BTreeMap<u32, Self> {
        let mut closed = link.clone();
        closed.close_before(u32::MAX);
        let mut days: BTreeMap<u32, Self> = BTreeMap::new();
        let mut last = [None; 2];
        for (&hour, cell) in &closed.hours {
            let day = days.entry(hour / HOURS_PER_DAY).or_insert_with(|| Self { days: 1, ..Self::default() });
            let local = site.local(Timestamp::from_seconds(u64::from(hour) * 3600));
            day.hours[kind_index(local.kind)].active(local.hour);
            day.minute_opened = day.minute_opened.max(cell.peak_opened);
            day.hour_opened = day.hour_opened.max(cell.opened);
            day.hour_failed = day.hour_failed.max(cell.failed);
            for (place, last) in last.iter_mut().enumerate() {
                day.minute_bytes[place] = day.minute_bytes[place].max(cell.peak_bytes[place]);
                day.hour_bytes[place] = day.hour_bytes[place].max(cell.bytes[place]);
                day.minutes[place] += cell.minutes[place].count_ones();
                let (pause, end) = longest_pause(hour * MINUTES_PER_HOUR, cell.minutes[place], *last);
                day.pause[place] = day.pause[place].max(pause);
                *last = end;
            }
        }
        for (name, operation) in &closed.operations {
            for (day, profile) in OperationProfile::by_day(operation, site) {
                let link = days.entry(day).or_insert_with(|| Self { days: 1, ..Self::default() });
                link.operations.insert(name.clone(), profile);
            }
        }
        for (name, points) in &closed.points {
            for (day, profile) in points.by_day() {
                let link = days.entry(day).or_insert_with(|| Self { days: 1, ..Self::default() });
                link.points.insert(name.clone(), profile);
            }
        }
        days
    }
}

/// The longest time between two active minutes, the last before this hour among them, and the last in it.
fn longest_pause(first_minute: u32, active: u64, mut last: Option<u32>) -> (u32, Option<u32>) {
    let mut longest = 0;
    for minute in (0..MINUTES_PER_HOUR).filter(|minute| active >> minute & 1 == 1) {
        let now = first_minute + minute;
        longest = longest.max(last.map_or(0, |last| now - last));
        last = Some(now);
    }
    (longest, last)
}

impl OperationProfile {
    fn absorb(&mut self, other: &Self) {
        self.days += other.days;
        self.count = self.count.saturating_add(other.count);
        for place in 0..2 {
            self.hours[place].absorb(&other.hours[place]);
            self.ranges[place] = wider(self.ranges[place], other.ranges[place]);
        }
        self.minute_count = self.minute_count.max(other.minute_count);
        self.hour_count = self.hour_count.max(other.hour_count);
        self.largest = self.largest.max(other.largest);
        self.refused = self.refused.max(other.refused);
        self.pause = self.pause.max(other.pause);
        self.slowest = self.slowest.max(other.slowest);
    }

    fn by_day(operation: &StoredOperation, site: &Site) -> BTreeMap<u32, Self> {
        let mut closed = operation.clone();
        closed.close_before(u32::MAX);
        closed.days.iter().map(|(&day, cell)| (day, Self::of_day(day, cell, site))).collect()
    }

    fn of_day(day: u32, cell: &OperationDay, site: &Site) -> Self {
        let mut hours = [Hours::default(); 2];
        for hour in (0..HOURS_PER_DAY).filter(|hour| cell.hours >> hour & 1 == 1) {
            let local = site.local(Timestamp::from_seconds(u64::from(day * HOURS_PER_DAY + hour) * 3600));
            hours[kind_index(local.kind)].active(local.hour);
        }
        Self {
            days: 1,
            count: u64::from(cell.count),
            hours,
            minute_count: cell.peak_minute,
            hour_count: cell.peak_hour,
            largest: cell.largest,
            refused: u32::try_from(u64::from(cell.refused) * 1000 / u64::from(cell.count.max(1))).unwrap_or(1000),
            pause: cell.pause,
            ranges: cell.ranges,
            slowest: cell.slowest,
        }
    }
}
