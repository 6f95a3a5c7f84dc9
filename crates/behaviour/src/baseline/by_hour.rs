//! How many messages there normally are within an hour, by the hour of the day: at noon fifty may be few, and at night a flood.
//!
//! What is normal at an hour of the day is the most of what the days of its kind had in it, and in the one before and behind
//! it: what is done at a time is now and then done a little earlier or later.

use serde::{Deserialize, Serialize};

use super::pauses::Slot;
use super::profile::Top;

/// The most messages of an hour, by the hour of the day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByHour {
    /// In order of the hours.
    hours: Vec<(Slot, Top)>,
    /// So many were accepted as normal at any hour.
    accepted: u64,
}

impl ByHour {
    /// On a day, there were so many in an hour.
    pub fn counted(&mut self, slot: Slot, count: u64) {
        self.take(slot, |top| top.max = top.max.max(count), Top { max: count, second: 0 });
    }

    /// Takes in what was normal on other days.
    pub fn absorb(&mut self, other: &Self) {
        for (slot, more) in &other.hours {
            self.take(*slot, |top| top.absorb(*more), *more);
        }
        self.accepted = self.accepted.max(other.accepted);
    }

    /// Takes in what is normal for another where that is more.
    pub fn widen(&mut self, other: &Self, wider: impl Fn(&mut Top, Top)) {
        for (slot, most) in &other.hours {
            self.take(*slot, |top| wider(top, *most), *most);
        }
    }

    fn take(&mut self, slot: Slot, change: impl FnOnce(&mut Top), first: Top) {
        match self.hours.binary_search_by_key(&slot, |(slot, _)| *slot) {
            Ok(place) => change(&mut self.hours[place].1),
            Err(place) => self.hours.insert(place, (slot, first)),
        }
    }

    /// How many are normal at an hour of the day.
    #[must_use]
    pub fn normal(&self, slot: Slot) -> u64 {
        slot.around().map(|slot| self.at(slot).next()).fold(self.accepted, u64::max)
    }

    /// The most there were at an hour of the day.
    #[must_use]
    pub fn at(&self, slot: Slot) -> Top {
        let place = self.hours.binary_search_by_key(&slot, |(slot, _)| *slot).ok();
        place.and_then(|place| self.hours.get(place)).map_or(Top::default(), |(_, top)| *top)
    }

    /// The hours with the most there were in each.
    pub fn each(&self) -> impl Iterator<Item = (Slot, u64)> {
        self.hours.iter().map(|(slot, top)| (*slot, top.max))
    }

    /// Makes so many normal, where what was is what an alert says.
    pub(super) fn accept(&mut self, known: &Self, now: u64, normal: u64) -> bool {
        let is_it = known.accepted == normal || known.hours.iter().any(|(_, top)| top.next() == normal) || normal == 0;
        if is_it {
            self.accepted = self.accepted.max(now);
        }
        is_it
    }

    /// What is not beyond what is known adds nothing.
    pub(super) fn keep_wider(&mut self, known: &Self) {
        self.hours.retain(|(slot, top)| top.max > known.at(*slot).max);
        if self.accepted <= known.accepted {
            self.accepted = 0;
        }
    }

    /// Forgets all but what was accepted.
    pub(super) fn forget(&mut self) {
        self.hours = Vec::new();
    }

    /// Each hour once, in order.
    pub(super) fn is_sound(&self) -> bool {
        self.hours.is_sorted_by(|(one, _), (next, _)| one < next)
            && self.hours.iter().all(|(slot, top)| slot.is_sound() && top.second <= top.max)
    }
}
