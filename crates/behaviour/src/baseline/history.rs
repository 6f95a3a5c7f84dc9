//! What is known of hours and days that are mostly over: those before the last ones are kept packed.
//!
//! A hospital's links have hundreds of hours each, which nobody looks at before all is learned: packed they take a fourth of the
//! room. It is written as a map is.

use serde::de::DeserializeOwned;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::by_time::ByTime;
use super::named::{HEAP_OCTETS, entries};

/// Things by a time, counted from 1970, each time once.
#[derive(Clone, Debug)]
pub struct History<T> {
    /// The first ones, in order: how long after the one before, and what is known of it, as `postcard` writes them.
    past: Box<[u8]>,
    /// How many those are.
    past_count: u32,
    /// The last of their times.
    past_last: u32,
    /// Those after them.
    recent: ByTime<T>,
}

/// So many are not packed yet; when there are more, all but [`STILL_OPEN`] of them are.
const RECENT: usize = 4;

/// What may still change: the hour that a minute belongs to which is not closed, and the one after it.
const STILL_OPEN: usize = 2;

/// What is kept of a time: small, and nothing in the heap.
pub trait Kept: Copy + Default + PartialEq + Serialize + DeserializeOwned {}

impl<T: Copy + Default + PartialEq + Serialize + DeserializeOwned> Kept for T {}

impl<T> History<T> {
    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.past_count as usize + self.recent.len()
    }

    /// True when there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The octets of the lists.
    #[must_use]
    pub const fn octets(&self) -> usize {
        let heap = if self.past.is_empty() { 0 } else { HEAP_OCTETS };
        self.past.len() + heap + self.recent.octets()
    }
}

impl<T: Kept> History<T> {
    /// What is known of a time; nothing so far, where there is none.
    pub fn or_default(&mut self, time: u32) -> &mut T {
        if self.past_count > 0 && time <= self.past_last {
            self.recent = self.unpacked();
            (self.past, self.past_count) = (Box::default(), 0);
        }
        let is_last = self.recent.times().next_back().is_none_or(|last| last < time);
        if is_last && self.recent.len() >= RECENT {
            self.pack();
        }
        self.recent.or_default(time)
    }

    fn pack(&mut self) {
        let mut packed = std::mem::take(&mut self.past).into_vec();
        let count = self.recent.len().saturating_sub(STILL_OPEN);
        let until = self.recent.times().nth(count).unwrap_or(u32::MAX);
        self.recent.take_before(until, |time, it| {
            let since = time - if self.past_count == 0 { 0 } else { self.past_last };
            // Numbers always can be written.
            packed = postcard::to_extend(&(since, it), std::mem::take(&mut packed)).unwrap_or_default();
            (self.past_count, self.past_last) = (self.past_count + 1, time);
        });
        self.past = packed.into_boxed_slice();
    }

    /// All in order.
    pub fn iter(&self) -> impl Iterator<Item = (u32, T)> {
        let (mut left, mut last) = (&*self.past, 0);
        let past = std::iter::from_fn(move || {
            let ((since, it), rest) = postcard::take_from_bytes::<(u32, T)>(left).ok()?;
            (left, last) = (rest, last + since);
            Some((last, it))
        });
        past.chain(self.recent.iter().map(|(time, it)| (time, *it)))
    }

    /// The times in order.
    pub fn times(&self) -> impl Iterator<Item = u32> {
        self.iter().map(|(time, _)| time)
    }

    /// What is known of each.
    pub fn values(&self) -> impl Iterator<Item = T> {
        self.iter().map(|(_, it)| it)
    }

    /// The last of the times.
    #[must_use]
    pub fn last_time(&self) -> Option<u32> {
        self.recent.times().next_back().or((self.past_count > 0).then_some(self.past_last))
    }

    /// As a list in which any time is found.
    #[must_use]
    pub fn unpacked(&self) -> ByTime<T> {
        self.iter().collect()
    }

    /// Takes out what lies at some times.
    #[must_use]
    pub fn take(&mut self, is_taken: impl Fn(u32) -> bool) -> Self {
        if !self.times().any(&is_taken) {
            return Self::default();
        }
        let (taken, stay): (Vec<_>, Vec<_>) = self.iter().partition(|(time, _)| is_taken(*time));
        *self = stay.into_iter().collect();
        taken.into_iter().collect()
    }
}

impl<T> Default for History<T> {
    fn default() -> Self {
        Self { past: Box::default(), past_count: 0, past_last: 0, recent: ByTime::default() }
    }
}

impl<T: Kept> PartialEq for History<T> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl<T: Kept + Eq> Eq for History<T> {}

impl<T: Kept> FromIterator<(u32, T)> for History<T> {
    fn from_iter<I: IntoIterator<Item = (u32, T)>>(all: I) -> Self {
        let mut history = Self::default();
        for (time, it) in all {
            *history.or_default(time) = it;
        }
        history
    }
}

impl<T: Kept> Serialize for History<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.len()))?;
        for (time, it) in self.iter() {
            map.serialize_entry(&time, &it)?;
        }
        map.end()
    }
}

impl<'de, T: Kept> Deserialize<'de> for History<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        entries(from).map(Self::from_iter)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_holds_and_is_written_as_a_map_is(all: Vec<(u8, u16)>, odd: bool) {
            let (mut history, mut map) = (History::default(), BTreeMap::new());
            for (time, it) in all {
                *history.or_default(time.into()) = it;
                map.insert(u32::from(time), it);
            }
            prop_assert_eq!(history.len(), map.len());
            prop_assert_eq!(history.last_time(), map.keys().next_back().copied());
            prop_assert!(history.iter().eq(map.clone()));
            let octets = postcard::to_allocvec(&map).unwrap();
            prop_assert_eq!(&postcard::to_allocvec(&history).unwrap(), &octets);
            prop_assert_eq!(&postcard::from_bytes::<History<u16>>(&octets).unwrap(), &history);
            let taken = history.take(|time| (time % 2 == 1) == odd);
            prop_assert!(taken.iter().eq(map.extract_if(.., |time, _| (time % 2 == 1) == odd)));
            prop_assert!(history.iter().eq(map));
        }
    }

    #[test]
    fn what_is_over_takes_little() {
        let of = |hours: u32| (480_000..480_000 + hours).map(|hour| (hour, [7_u64; 10])).collect::<History<_>>();
        let (one_day, two_weeks) = (of(24).octets(), of(14 * 24).octets());
        assert!(two_weeks - one_day <= 13 * 24 * 11, "{one_day} {two_weeks}");
    }
}
