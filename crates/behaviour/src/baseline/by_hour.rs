//! How many messages there normally are within an hour, by the hour of the day: at noon fifty may be few, and at night a flood.
//!
//! What is normal at an hour of the day is the most that a day of its kind had in it, or in the one before or behind it: what
//! is done at a time is now and then done a little earlier or later. What comes in bursts at any hour shows it: each learned day
//! is held against the others, and how far it is beyond them is normal as well.

use serde::{Deserialize, Serialize};

use super::pauses::Slot;
use super::profile::{HOUR_DAYS_MIN, Hours, Top};

/// What is not more in an hour at any hour of the day is no flood at any other.
pub const BY_HOUR_MIN: u64 = 10;

/// The most messages of an hour, by the hour of the day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByHour {
    /// In order of the hours; none where it was no more than [`BY_HOUR_MIN`].
    hours: Vec<(Slot, u64)>,
    /// How many times as many as on the others there were on a day, in thousandths.
    excess: Top,
    /// So many were accepted as normal at any hour.
    accepted: u64,
}

impl ByHour {
    /// On a day, there were so many in an hour.
    pub fn counted(&mut self, slot: Slot, count: u64) {
        match self.hours.binary_search_by_key(&slot, |(slot, _)| *slot) {
            Ok(place) => self.hours[place].1 = self.hours[place].1.max(count),
            Err(place) => self.hours.insert(place, (slot, count)),
        }
    }

    /// Takes in what was normal on other days.
    pub fn absorb(&mut self, other: &Self) {
        other.hours.iter().for_each(|(slot, most)| self.counted(*slot, *most));
        self.excess.absorb(other.excess);
        self.accepted = self.accepted.max(other.accepted);
    }

    /// Takes in what is normal for another.
    pub fn widen(&mut self, other: &Self) {
        other.hours.iter().for_each(|(slot, most)| self.counted(*slot, *most));
        if other.excess.next() > self.excess.next() {
            self.excess = other.excess;
        }
    }

    /// How many are normal at an hour of the day.
    #[must_use]
    pub fn normal(&self, slot: Slot) -> u64 {
        let most = slot.around().map(|slot| self.at(slot)).fold(BY_HOUR_MIN, u64::max);
        (most.saturating_mul(self.excess.next().max(1000)) / 1000).max(self.accepted)
    }

    /// The most there were at an hour of the day.
    fn at(&self, slot: Slot) -> u64 {
        let place = self.hours.binary_search_by_key(&slot, |(slot, _)| *slot).ok();
        place.and_then(|place| self.hours.get(place)).map_or(0, |(_, most)| *most)
    }

    /// The hours with the most there were in each.
    pub fn each(&self) -> impl Iterator<Item = (Slot, u64)> {
        self.hours.iter().copied()
    }

    /// Makes so many normal, where what was is what an alert says.
    pub(super) fn accept(&mut self, known: &Self, now: u64, normal: u64) -> bool {
        let is_it = Slot::all().any(|slot| known.normal(slot) == normal);
        if is_it {
            self.accepted = self.accepted.max(now);
        }
        is_it
    }

    /// What is not beyond what is known adds nothing.
    pub(super) fn keep_wider(&mut self, known: &Self) {
        self.hours.retain(|(slot, most)| *most > known.at(*slot));
        if self.excess.max <= known.excess.max {
            self.excess = Top::default();
        }
        if self.accepted <= known.accepted {
            self.accepted = 0;
        }
    }

    /// Each hour once, in order.
    pub(super) fn is_sound(&self) -> bool {
        self.hours.is_sorted_by(|(one, _), (next, _)| one < next)
            && self.hours.iter().all(|(slot, _)| slot.is_sound())
            && self.excess.second <= self.excess.max
    }
}

/// Holds each day, with the hours in which there was something, against the others, where there are enough of its kind.
pub fn hold_against_others<'a>(days: impl Iterator<Item = (&'a [Hours; 2], &'a mut ByHour)>) {
    let days: Vec<(&[Hours; 2], &mut ByHour)> = days.collect();
    if days.iter().all(|(_, day)| day.hours.is_empty()) {
        return;
    }
    let mut most = vec![[0; 2]; Slot::ALL.into()];
    let mut kinds = [0; 2];
    for (hours, day) in &days {
        for (slot, count) in &day.hours {
            let [first, second] = &mut most[slot.place()];
            (*first, *second) = if count > first { (*count, *first) } else { (*first, *count.max(second)) };
        }
        for (kind, days) in kinds.iter_mut().enumerate() {
            *days += hours[kind].days;
        }
    }
    for (_, day) in days {
        let of_others = |slot: Slot| {
            let [first, second] = most[slot.place()];
            if day.at(slot) == first { second } else { first }
        };
        let excess = |(slot, count): &(Slot, u64)| {
            let normal = slot.around().map(of_others).fold(BY_HOUR_MIN, u64::max);
            (kinds[slot.kind()] > HOUR_DAYS_MIN).then(|| count.saturating_mul(1000) / normal)
        };
        day.excess = Top { max: day.hours.iter().filter_map(excess).max().unwrap_or(0), second: 0 };
    }
}
