//! What is normal, as scoring needs it: worked out of a store once, when learning ends.
//!
//! The profile of many days is the fold of the profiles of each: days and messages add up, all else is the widest. So a day
//! can be held out, and judged by the others.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wardtap_net::packet::Timestamp;

use super::absence::{Attendance, Sent};
use super::breadth::Breadths;
use super::by_hour::{ByHour, hold_against_others};
use super::by_time::ByTime;
use super::calibrate::Thresholds;
use super::follows::{FOLLOWS_MAX, Follow, Follows};
use super::named::{Named, in_order};
use super::pauses::{Coverage, Pauses, Slot};
use super::points::PointsProfile;
use super::results::ResultsProfile;
use super::store::{HOURS_PER_DAY, LinkKey, OperationDay, StoredLink, StoredOperation, wider};
use crate::links::manner::Manner;
use crate::links::{is_opaque, kind_of};
use crate::site::{DayKind, Site};

/// What is normal at a site.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Profiles {
    /// The days that were learned, counted from 1970.
    pub days: Vec<u32>,
    /// On how many of them each hour of the day was learned.
    pub coverage: Coverage,
    /// From when on something deviates.
    pub thresholds: Thresholds,
    /// Of a million octets so many were missing.
    pub missing: u32,
    /// Of each device, by id.
    #[serde(deserialize_with = "in_order")]
    pub devices: BTreeMap<String, DeviceProfile>,
    /// Of each link.
    #[serde(deserialize_with = "in_order")]
    pub links: BTreeMap<LinkKey, Box<LinkProfile>>,
}

/// What is normal for a device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeviceProfile {
    /// Its own MAC address, on evidence.
    pub mac: Option<[u8; 6]>,
    /// The addresses that it had, as 128 bits, and of each the last minute in which it sent from it; 0 where it never did.
    pub addresses: BTreeMap<(u64, u64), u32>,
    /// Those of its addresses that a server gave it.
    pub leased: Vec<(u64, u64)>,
    /// Whose addresses it takes over, and whose part it plays there: their ids, in order.
    pub stands_in_for: Vec<String>,
    /// On how many days it was there.
    pub days: u32,
    /// The longest time in which it sent nothing, in minutes.
    pub pause: u32,
    /// The longest time, in minutes, in which it sent nothing and before which it had not taken leave, if that is longer than
    /// [`super::store::VANISHED_MIN`].
    pub vanished: u32,
}

/// What is normal on a link.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LinkProfile {
    /// On how many days there was something.
    pub days: u32,
    /// The hours in which there was something, on working days and on days of rest.
    pub hours: [Hours; 2],
    /// The most octets in a minute, from the initiator and from the responder.
    pub minute_bytes: [Top; 2],
    /// The most octets in an hour.
    pub hour_bytes: [Top; 2],
    /// The most octets in a day (UTC).
    pub day_bytes: [Top; 2],
    /// The most conversations that began in a minute.
    pub minute_opened: Top,
    /// The most conversations that began in an hour.
    pub hour_opened: Top,
    /// The most conversations of an hour that ended without an answer.
    pub hour_failed: Top,
    /// The most conversations of an hour that were answered.
    pub hour_reconnected: Top,
    /// How often within an hour it was spoken at most in each [`Manner`](crate::links::manner::Manner).
    pub manners: [Top; Manner::ALL.len()],
    /// The fewest packets in a hundred minutes of an hour, of the minutes with something, where those were
    /// [`PACE_MINUTES_MIN`] at least.
    pub pace: [Least; 2],
    /// The silences of the initiator and of the responder, in minutes of the [`super::store::witnesses`].
    pub pauses: [Pauses; 2],
    /// Minutes in which they sent something.
    pub minutes: [u32; 2],
    /// The most octets of an hour that were missing.
    pub hour_missing: u64,
    /// The most minutes with something of its initiator in hours one behind the other.
    pub stay: Top,
    /// It did more than was told apart: what it holds of operations is not all that is normal.
    pub is_cut: bool,
    /// What it does.
    pub operations: Named<OperationProfile>,
    /// The values at the places that operations read or write, by operation.
    pub points: Named<PointsProfile>,
    /// The means of the results that operations carry, by operation.
    pub results: Named<ResultsProfile>,
}

/// The greatest values of the two days with the greatest.
///
/// How far they lie apart says how far the next one may: of what is the same every day little more is a lot, of what comes in
/// bursts twice as much is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Top {
    /// The greatest.
    pub max: u64,
    /// That of the day that comes next.
    pub second: u64,
}

impl Top {
    /// Of one day.
    const fn of(max: u64) -> Self {
        Self { max, second: 0 }
    }

    /// A value of its one day.
    const fn raise(&mut self, value: u64) {
        if value > self.max {
            self.max = value;
        }
    }

    /// Takes in that of other days.
    pub const fn absorb(&mut self, other: Self) {
        let (high, low) = if self.max >= other.max { (*self, other) } else { (other, *self) };
        self.max = high.max;
        self.second = if high.second >= low.max { high.second } else { low.max };
    }

    /// What the next record would be if it was to the greatest as that is to the second; twice the greatest where there is
    /// no second.
    #[must_use]
    pub const fn next(self) -> u64 {
        match self.max.checked_div(self.second) {
            Some(0..=1) => self.max.saturating_add((self.max - self.second).saturating_mul(self.max) / self.second),
            _ => self.max.saturating_mul(2),
        }
    }
}

/// The least values of the two days with the least; 0 where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Least {
    /// The least.
    pub min: u64,
    /// That of the day that comes next.
    pub second: u64,
}

impl Least {
    /// A value of its one day.
    const fn lower(&mut self, value: u64) {
        if self.min == 0 || value < self.min {
            self.min = value;
        }
    }

    /// Takes in that of other days.
    pub const fn absorb(&mut self, other: Self) {
        let (low, high) =
            if other.min == 0 || self.min != 0 && self.min <= other.min { (*self, other) } else { (other, *self) };
        self.min = low.min;
        self.second = if low.second != 0 && (high.min == 0 || low.second <= high.min) { low.second } else { high.min };
    }

    /// What the next record would be if it was to the least as that is to the second; 0 where there is no second.
    #[must_use]
    pub const fn next(self) -> u64 {
        match self.min.saturating_mul(self.min).checked_div(self.second) {
            Some(next) => next,
            None => 0,
        }
    }
}

/// Over fewer minutes of an hour packets a minute say little.
pub const PACE_MINUTES_MIN: u32 = 30;

/// Packets in a hundred of these minutes: how often something is sent, whatever its size.
#[must_use]
pub fn pace(packets: u64, minutes: u32) -> u64 {
    packets.saturating_mul(100) / u64::from(minutes.max(1))
}

/// What is normal for an operation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OperationProfile {
    /// On how many days there was one.
    pub days: u32,
    /// Messages.
    pub count: u64,
    /// The hours in which there was something, on working days and on days of rest.
    pub hours: [Hours; 2],
    /// The most in a minute.
    pub minute_count: Top,
    /// The most in an hour.
    pub hour_count: Top,
    /// The same by the hour of the day, of what is read.
    pub by_hour: ByHour,
    /// The most in a day (UTC).
    pub day_count: Top,
    /// The most partners with whom its sender did the same in an hour in which it did so here: see [`Breadths`].
    pub hour_partners: Top,
    /// Octets of the largest.
    pub largest: Top,
    /// The greatest share of answers of a day that refused, in thousandths.
    pub refused: u32,
    /// Its silences, in minutes of the [`super::store::witnesses`].
    pub pauses: Pauses,
    /// The most surprising of them: see [`super::absence`].
    pub absence: Top,
    /// Who sends it: 0 the initiator of the link, 1 the responder.
    pub from: u8,
    /// The least and greatest values.
    pub ranges: [Option<(u64, u64)>; 2],
    /// The greatest mean of the response times of a minute, in microseconds.
    pub slowest: Top,
    /// What the other end sends for it: see [`super::follows`].
    pub follows: Vec<Follow>,
}

/// The hours of a day are judged by so many others of its kind.
pub const HOUR_DAYS_MIN: u32 = 3;

/// Hours of the day, by the site's clocks, in which there was something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// Bit n: in hour n.
    pub seen: u32,
    /// Bit n: in hour n of one day only.
    pub once: u32,
    /// On how many days of which half the hours of their kind at least were learned.
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

    /// Whether there are days enough to say which hours are quiet: each of them was judged by enough others, which is what
    /// the threshold comes from.
    #[must_use]
    pub const fn are_known(&self) -> bool {
        self.days > HOUR_DAYS_MIN
    }

    /// How unlikely it is that there is something in this hour, in halvings: one where it was, or the one before or behind
    /// it; else as a [`Chance`].
    #[must_use]
    pub fn unlikely(&self, hour: u8) -> u8 {
        const DAY: u32 = (1 << 24) - 1;
        let beside = (self.seen | self.seen << 1 | self.seen >> 1 | self.seen >> 23 | self.seen << 23) & DAY;
        if beside >> hour & 1 == 1 {
            return 0;
        }
        Chance { once: self.once.count_ones(), all: self.all }.unlikely()
    }
}

/// How likely it is that the next is a new one: as many of all were there once (Good 1953).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chance {
    /// Those that were there on one day only.
    pub once: u32,
    /// All, each as often as there were days with it.
    pub all: u32,
}

impl Chance {
    /// How unlikely a new one is, in halvings.
    #[must_use]
    pub fn unlikely(self) -> u8 {
        let new = (f64::from(self.once) + 0.5) / (f64::from(self.all) + 1.0);
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

/// How long somebody has been there: the minutes with something, in hours one behind the other.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stay {
    hour: u32,
    before: u32,
    minutes: u32,
}

impl Stay {
    /// How many minutes it is by an hour that has so many of them itself.
    pub const fn at(&mut self, hour: u32, minutes: u32) -> u32 {
        if hour != self.hour {
            let goes_on = hour == self.hour.saturating_add(1) && self.minutes > 0;
            self.before = if goes_on { self.before.saturating_add(self.minutes) } else { 0 };
            self.hour = hour;
        }
        self.minutes = minutes;
        self.before.saturating_add(minutes)
    }
}

impl LinkProfile {
    /// Takes in what was normal at other times.
    pub fn absorb(&mut self, other: &Self) {
        self.days += other.days;
        for place in 0..2 {
            self.hours[place].absorb(&other.hours[place]);
            self.minute_bytes[place].absorb(other.minute_bytes[place]);
            self.hour_bytes[place].absorb(other.hour_bytes[place]);
            self.day_bytes[place].absorb(other.day_bytes[place]);
            self.pace[place].absorb(other.pace[place]);
            self.pauses[place].absorb(&other.pauses[place]);
            self.minutes[place] = self.minutes[place].saturating_add(other.minutes[place]);
        }
        self.minute_opened.absorb(other.minute_opened);
        self.hour_opened.absorb(other.hour_opened);
        self.hour_failed.absorb(other.hour_failed);
        self.hour_reconnected.absorb(other.hour_reconnected);
        self.manners.iter_mut().zip(other.manners).for_each(|(manner, other)| manner.absorb(other));
        self.hour_missing = self.hour_missing.max(other.hour_missing);
        self.stay.absorb(other.stay);
        self.is_cut |= other.is_cut;
        self.operations.absorb(&other.operations, OperationProfile::absorb);
        self.points.absorb(&other.points, PointsProfile::absorb);
        self.results.absorb(&other.results, ResultsProfile::absorb);
    }

    /// What a link did, day by day.
    #[must_use]
    pub fn by_day(
        key: &LinkKey,
        link: &StoredLink,
        (breadths, attendance, follows): (&Breadths<'_>, &Attendance<'_>, &Follows<'_>),
        site: &Site,
    ) -> BTreeMap<u32, Self> {
        let mut closed = link.clone();
        closed.close_before(u32::MAX);
        let mut days: BTreeMap<u32, Self> = BTreeMap::new();
        let mut stay = Stay::default();
        for (hour, cell) in closed.hours.iter() {
            let day = days.entry(hour / HOURS_PER_DAY).or_insert_with(|| Self {
                days: 1,
                is_cut: link.other_messages > 0,
                ..Self::default()
            });
            let local = site.local(Timestamp::from_seconds(u64::from(hour) * 3600));
            day.hours[kind_index(local.kind)].active(local.hour);
            day.minute_opened.raise(cell.peak_opened.into());
            day.hour_opened.raise(cell.opened.into());
            day.hour_failed.raise(cell.failed.into());
            day.hour_reconnected.raise(cell.opened.saturating_sub(cell.failed).into());
            day.manners.iter_mut().zip(cell.manners).for_each(|(most, now)| most.raise(now.into()));
            day.hour_missing = day.hour_missing.max(cell.gap_bytes);
            day.stay.raise(stay.at(hour, cell.minutes[0]).into());
            for place in 0..2 {
                day.minute_bytes[place].raise(cell.peak_bytes[place]);
                day.hour_bytes[place].raise(cell.bytes[place]);
                day.day_bytes[place].max = day.day_bytes[place].max.saturating_add(cell.bytes[place]);
                day.minutes[place] = day.minutes[place].saturating_add(cell.minutes[place]);
                if cell.minutes[place] >= PACE_MINUTES_MIN && cell.gap_bytes == 0 {
                    day.pace[place].lower(pace(cell.packets[place], cell.minutes[place]));
                }
                if cell.minutes[place] > 0 {
                    day.pauses[place].ended(Slot::of(&local), cell.pause[place], attendance.shows(hour));
                }
            }
        }
        let sent = Sent::of(&closed);
        for (name, operation) in closed.operations.iter() {
            let absences = attendance.absences(key, &sent, name);
            let told = operation.days.unpacked();
            let mut by_day = OperationProfile::by_day(operation, is_opaque(name), attendance, site);
            hold_against_others(by_day.values_mut().map(|day| (&day.hours, &mut day.by_hour)));
            for (day, mut profile) in by_day {
                if operation.from == 0 || is_opaque(name) {
                    let hours = told.get(day).map_or(0, |cell| cell.hours);
                    let hours = (0..HOURS_PER_DAY).filter(|hour| hours >> hour & 1 == 1);
                    let partners =
                        hours.map(|hour| breadths.partners(key, (name, operation.from), day * HOURS_PER_DAY + hour));
                    profile.hour_partners = Top::of(partners.max().unwrap_or_default().into());
                }
                profile.absence = Top::of(absences.get(&day).copied().unwrap_or_default().into());
                profile.follows = follows.on(key, name, day);
                let link = days.entry(day).or_insert_with(|| Self { days: 1, ..Self::default() });
                link.operations.or_insert_with(name, || profile);
            }
        }
        for (name, points) in closed.points.iter() {
            for (day, profile) in points.by_day() {
                let link = days.entry(day).or_insert_with(|| Self { days: 1, ..Self::default() });
                link.points.or_insert_with(name, || profile);
            }
        }
        for (name, results) in closed.results.iter() {
            for (day, profile) in results.by_day() {
                let link = days.entry(day).or_insert_with(|| Self { days: 1, ..Self::default() });
                link.results.or_insert_with(name, || profile);
            }
        }
        days
    }
}

impl LinkProfile {
    /// Says of which kinds of days enough of its one day was learned to tell when it is quiet.
    pub(super) fn show(&mut self, shown: [bool; 2]) {
        let operations = self.operations.iter_mut().map(|(_, operation)| &mut operation.hours);
        for hours in operations.chain([&mut self.hours]) {
            for (hours, _) in hours.iter_mut().zip(shown).filter(|(_, shown)| !shown) {
                *hours = Hours { seen: hours.seen, ..Hours::default() };
            }
        }
    }

    /// How many minutes are normal for a silence of one of its operations, see [`Pauses::normal`]; what cut off one of the
    /// same kind once may cut off another.
    #[must_use]
    pub fn normal_pause(&self, name: &str, slot: Slot, minutes: u64, coverage: &Coverage) -> Option<u64> {
        let own = self.operations.get(name)?;
        let normal = own.pauses.normal(slot, minutes, coverage)?;
        let is_like = |other: &str| !is_opaque(name) && kind_of(other) == kind_of(name);
        let like = self.operations.iter().filter(|(other, known)| known.from == own.from && is_like(other));
        Some(like.map(|(_, known)| known.pauses.cut_off()).fold(normal, u64::max))
    }
}

impl OperationProfile {
    fn absorb(&mut self, other: &Self) {
        self.days += other.days;
        self.count = self.count.saturating_add(other.count);
        for place in 0..2 {
            self.hours[place].absorb(&other.hours[place]);
            self.ranges[place] = wider(self.ranges[place], other.ranges[place]);
        }
        self.minute_count.absorb(other.minute_count);
        self.hour_count.absorb(other.hour_count);
        self.by_hour.absorb(&other.by_hour);
        self.day_count.absorb(other.day_count);
        self.hour_partners.absorb(other.hour_partners);
        self.largest.absorb(other.largest);
        self.refused = self.refused.max(other.refused);
        self.pauses.absorb(&other.pauses);
        self.absence.absorb(other.absence);
        self.from = other.from;
        self.slowest.absorb(other.slowest);
        for follow in &other.follows {
            match self.follows.iter().position(|known| known.is(follow)) {
                Some(place) => self.follows[place].absorb(follow),
                None if self.follows.len() < FOLLOWS_MAX => self.follows.push(follow.clone()),
                None => {}
            }
        }
    }

    fn by_day(
        operation: &StoredOperation,
        is_opaque: bool,
        attendance: &Attendance<'_>,
        site: &Site,
    ) -> BTreeMap<u32, Self> {
        let mut closed = operation.clone();
        closed.close_before(u32::MAX, is_opaque);
        let by_hour = [closed.pauses.unpacked(), closed.many.unpacked()];
        let days = closed.days.iter();
        days.map(|(day, cell)| (day, Self::of_day(day, &cell, (closed.from, &by_hour, attendance), site))).collect()
    }

    fn of_day(
        day: u32,
        cell: &OperationDay,
        (from, [silences, many], attendance): (u8, &[ByTime<u32>; 2], &Attendance<'_>),
        site: &Site,
    ) -> Self {
        let mut hours = [Hours::default(); 2];
        let (mut pauses, mut by_hour) = (Pauses::default(), ByHour::default());
        for hour in (0..HOURS_PER_DAY).filter(|hour| cell.hours >> hour & 1 == 1) {
            let hour = day * HOURS_PER_DAY + hour;
            let local = site.local(Timestamp::from_seconds(u64::from(hour) * 3600));
            hours[kind_index(local.kind)].active(local.hour);
            let longest = silences.get(hour).copied().unwrap_or(0);
            pauses.ended(Slot::of(&local), longest, attendance.shows(hour));
            if let Some(count) = many.get(hour) {
                by_hour.counted(Slot::of(&local), (*count).into());
            }
        }
        Self {
            days: 1,
            count: u64::from(cell.count),
            hours,
            minute_count: Top::of(cell.peak_minute.into()),
            hour_count: Top::of(cell.peak_hour.into()),
            by_hour,
            day_count: Top::of(cell.count.into()),
            hour_partners: Top::default(),
            largest: Top::of(cell.largest),
            refused: u32::try_from(u64::from(cell.refused) * 1000 / u64::from(cell.count.max(1))).unwrap_or(1000),
            pauses,
            absence: Top::default(),
            from,
            ranges: cell.ranges,
            slowest: Top::of(cell.slowest),
            follows: Vec::new(),
        }
    }
}
