//! How long something is normally silent, by the hour of the day: at noon five minutes may be long, and a night be nothing.
//!
//! A silence is told only in hours in which there was something on each learned day: what was left out once may be left out
//! again. What a silence is compared with is the longest of those that ended in the hours that it spans, or in the next.

use serde::{Deserialize, Serialize};

use super::profile::{Top, kind_index};
use super::store::HOURS_PER_DAY;
use crate::site::Local;

/// On fewer days nothing is shown to be steady.
const DAYS_MIN: u16 = 2;

/// On one day in so many an hour may have been left out.
const LEFT_OUT: u16 = 10;

/// An hour of the day, on working days or on days of rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Slot(u8);

impl Slot {
    /// All of them.
    pub const ALL: u8 = 2 * HOURS_PER_DAY as u8;

    /// All of them, in order.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        (0..Self::ALL).map(Self)
    }

    /// That of a moment.
    #[must_use]
    pub const fn of(local: &Local) -> Self {
        Self(kind_index(local.kind) as u8 * HOURS_PER_DAY as u8 + local.hour % HOURS_PER_DAY as u8)
    }

    /// Its place among all.
    pub(super) const fn place(self) -> usize {
        self.0 as usize
    }

    /// So many hours later, on days of the same kind.
    const fn later(self, hours: u8) -> Self {
        const DAY: u8 = HOURS_PER_DAY as u8;
        Self(self.0 / DAY * DAY + (self.0 % DAY + hours) % DAY)
    }

    /// The hour before, this one and the next, on days of its kind.
    pub(super) fn around(self) -> impl Iterator<Item = Self> {
        [HOURS_PER_DAY as u8 - 1, 0, 1].into_iter().map(move |hours| self.later(hours))
    }

    /// By the site's clocks.
    #[must_use]
    pub const fn hour(self) -> u8 {
        self.0 % HOURS_PER_DAY as u8
    }

    /// The place of its kind of day, see [`kind_index`].
    #[must_use]
    pub const fn kind(self) -> usize {
        self.0 as usize / HOURS_PER_DAY as usize
    }

    /// Whether it is one of those that there are.
    pub(super) const fn is_sound(self) -> bool {
        self.0 < Self::ALL
    }

    /// The hours that a silence of so many minutes spans that has come to this one, and the next: there it would end.
    fn spanned(self, minutes: u64) -> impl Iterator<Item = Self> {
        const DAY: u8 = HOURS_PER_DAY as u8;
        let hours = (minutes / 60 + 1).min(u64::from(DAY) - 2) as u8;
        (0..=hours + 1).map(move |hour| self.later(DAY - hours + hour))
    }
}

/// On how many days each hour of the day was learned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage(Vec<u16>);

impl Coverage {
    /// The hour was learned on one more day.
    pub fn add(&mut self, slot: Slot) {
        self.0.resize(Slot::ALL.into(), 0);
        if let Some(days) = self.0.get_mut(usize::from(slot.0)) {
            *days = days.saturating_add(1);
        }
    }

    /// What is left without these hours.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let other = other.0.iter().chain(std::iter::repeat(&0));
        Self(self.0.iter().zip(other).map(|(days, other)| days.saturating_sub(*other)).collect())
    }

    /// How many hours were learned of each kind of day.
    pub(super) fn hours(&self) -> [usize; 2] {
        let mut kinds = self.0.chunks(HOURS_PER_DAY as usize);
        [kinds.next(), kinds.next()].map(|hours| hours.unwrap_or_default().iter().filter(|days| **days > 0).count())
    }

    /// On how many days an hour of the day was learned.
    #[must_use]
    pub fn days(&self, slot: Slot) -> u16 {
        self.0.get(usize::from(slot.0)).copied().unwrap_or(0)
    }

    /// On how many days the hour was that was learned on most.
    #[must_use]
    pub fn most(&self) -> u16 {
        self.0.iter().copied().max().unwrap_or(0)
    }

    /// The least number of days on which there must have been something for its silence to be told.
    fn needed(&self, slot: Slot) -> u16 {
        let days = self.days(slot);
        (days - days / LEFT_OUT).max(DAYS_MIN)
    }

    /// No more slots than there are.
    pub(super) fn is_sound(&self) -> bool {
        self.0.len() <= usize::from(Slot::ALL)
    }
}

/// The silences that ended in an hour of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Hour {
    slot: Slot,
    /// On how many days there was something.
    days: u16,
    /// The longest of each day, in minutes.
    pause: Top,
}

/// How long something is normally silent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pauses {
    /// In order.
    hours: Vec<Hour>,
    /// So many minutes were accepted as normal at any hour.
    accepted: u64,
}

impl Pauses {
    /// On a day, there was something in an hour; silences that ended in it had at most so many minutes. An hour of which only
    /// some was watched is none of the days: of others it is not known what was not there in it.
    pub fn ended(&mut self, slot: Slot, minutes: u32, was_watched: bool) {
        let (days, pause) = (u16::from(was_watched), Top { max: minutes.into(), second: 0 });
        match self.hours.binary_search_by_key(&slot, |hour| hour.slot) {
            Ok(place) => {
                let hour = &mut self.hours[place];
                (hour.days, hour.pause.max) = (hour.days.max(days), hour.pause.max.max(minutes.into()));
            }
            Err(place) => self.hours.insert(place, Hour { slot, days, pause }),
        }
    }

    /// Takes in what was normal on other days.
    pub fn absorb(&mut self, other: &Self) {
        for more in &other.hours {
            match self.hours.binary_search_by_key(&more.slot, |hour| hour.slot) {
                Ok(place) => {
                    let hour = &mut self.hours[place];
                    hour.days = hour.days.saturating_add(more.days);
                    hour.pause.absorb(more.pause);
                }
                Err(place) => self.hours.insert(place, *more),
            }
        }
        self.accepted = self.accepted.max(other.accepted);
    }

    /// The longest silence that there was, in minutes.
    #[must_use]
    pub fn longest(&self) -> u64 {
        self.hours.iter().map(|hour| hour.pause.max).max().unwrap_or(0).max(self.accepted)
    }

    /// How many minutes are normal for a silence that has lasted for so many and come to an hour; None where it need not end.
    #[must_use]
    pub fn normal(&self, slot: Slot, minutes: u64, coverage: &Coverage) -> Option<u64> {
        let mut longest = self.accepted;
        for slot in slot.spanned(minutes) {
            longest = longest.max(self.steady(slot, coverage)?);
        }
        Some(longest)
    }

    /// The least that is normal at any hour; None where silence is never told.
    #[must_use]
    pub fn least(&self, coverage: &Coverage) -> Option<u64> {
        let steady = self.hours.iter().filter_map(|hour| self.steady(hour.slot, coverage));
        steady.min().map(|least| least.max(self.accepted))
    }

    /// The longest silence of what pauses at no hour on more than one day: something has cut it off, as it may at any other.
    #[must_use]
    pub fn cut_off(&self) -> u64 {
        const BY_ITSELF: u64 = 2;
        if self.hours.iter().all(|hour| hour.pause.second <= BY_ITSELF) { self.longest() } else { 0 }
    }

    /// On how many days there was something at an hour of the day.
    #[must_use]
    pub fn days(&self, slot: Slot) -> u16 {
        let place = self.hours.binary_search_by_key(&slot, |hour| hour.slot).ok();
        place.and_then(|place| self.hours.get(place)).map_or(0, |hour| hour.days)
    }

    /// At how many hours of the day silence is told.
    #[must_use]
    pub fn told(&self, coverage: &Coverage) -> usize {
        self.hours.iter().filter(|hour| self.normal(hour.slot, 0, coverage).is_some()).count()
    }

    /// The longest silences of a day by the hour, each beside what is normal for it.
    pub(super) fn compare(&self, normal: impl Fn(Slot, u64) -> Option<u64>, mut to: impl FnMut(u64, u64)) {
        for hour in &self.hours {
            if let Some(normal) = normal(hour.slot, hour.pause.max) {
                to(hour.pause.max, normal);
            }
        }
    }

    /// Makes a silence of so many minutes normal, where what was is what an alert says.
    pub(super) fn accept(&mut self, known: &Self, minutes: u64, normal: u64) -> bool {
        let is_it = known.accepted == normal || known.hours.iter().any(|hour| hour.pause.next() == normal);
        if is_it {
            self.accepted = self.accepted.max(minutes);
        }
        is_it
    }

    /// What is longer than what is known adds as much as was accepted, and no days.
    pub(super) fn without_days(&mut self, known: &Self) {
        let longest = self.longest();
        *self = Self { hours: Vec::new(), accepted: if longest > known.longest() { longest } else { 0 } };
    }

    /// Each hour once, in order.
    pub(super) fn is_sound(&self) -> bool {
        let hours = &self.hours;
        hours.is_sorted_by(|one, next| one.slot < next.slot)
            && hours.iter().all(|hour| hour.slot.is_sound() && hour.pause.second <= hour.pause.max)
    }

    fn steady(&self, slot: Slot, coverage: &Coverage) -> Option<u64> {
        let hour = self.hours.get(self.hours.binary_search_by_key(&slot, |hour| hour.slot).ok()?)?;
        (hour.days >= coverage.needed(slot)).then(|| hour.pause.next())
    }
}
