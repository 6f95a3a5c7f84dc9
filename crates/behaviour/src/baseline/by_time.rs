//! What is known of minutes, hours or days: a list in the order of time.
//!
//! What is learned comes in order, so that it is put at the end. A list takes the room of what is in it, where the nodes of a
//! tree take that of eleven, and most of what a link does it does on a few days. It is written as a map is.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::named::entries;

/// Things by a time, counted from 1970, each time once.
#[derive(Clone, PartialEq, Eq)]
pub struct ByTime<T>(Vec<(u32, T)>);

/// A list that is full grows by a part of so many.
const GROWTH: usize = 4;

impl<T> ByTime<T> {
    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// True when there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The octets of the list.
    #[must_use]
    pub const fn octets(&self) -> usize {
        self.0.capacity() * size_of::<(u32, T)>()
    }

    /// What is known of a time.
    #[must_use]
    pub fn get(&self, time: u32) -> Option<&T> {
        let place = self.0.binary_search_by_key(&time, |(known, _)| *known).ok()?;
        self.0.get(place).map(|(_, it)| it)
    }

    /// What is known of a time; nothing so far, where there is none.
    pub fn or_default(&mut self, time: u32) -> &mut T
    where
        T: Default,
    {
        // Nearly always it is the last one, or a later one.
        let place = match self.0.last() {
            Some((last, _)) if *last == time => self.0.len() - 1,
            Some((last, _)) if *last > time => {
                self.0.binary_search_by_key(&time, |(known, _)| *known).unwrap_or_else(|place| self.insert(place, time))
            }
            _ => self.insert(self.0.len(), time),
        };
        &mut self.0[place].1
    }

    fn insert(&mut self, place: usize, time: u32) -> usize
    where
        T: Default,
    {
        if self.0.len() == self.0.capacity() {
            self.0.reserve_exact((self.0.len() / GROWTH).max(1));
        }
        self.0.insert(place, (time, T::default()));
        place
    }

    /// Takes out what lies before a time, in order.
    pub fn take_before(&mut self, time: u32, mut to: impl FnMut(u32, T)) {
        let count = self.0.partition_point(|(known, _)| *known < time);
        self.0.drain(..count).for_each(|(time, it)| to(time, it));
    }

    /// Takes out what lies at some times.
    #[must_use]
    pub fn take(&mut self, is_taken: impl Fn(u32) -> bool) -> Self {
        Self(self.0.extract_if(.., |(time, _)| is_taken(*time)).collect())
    }

    /// Takes in others, which count where both know of a time.
    pub fn extend(&mut self, others: Self)
    where
        T: Default,
    {
        others.into_iter().for_each(|(time, it)| *self.or_default(time) = it);
    }

    /// All in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (u32, &T)> + ExactSizeIterator {
        self.0.iter().map(|(time, it)| (*time, it))
    }

    /// The times in order.
    pub fn times(&self) -> impl DoubleEndedIterator<Item = u32> + ExactSizeIterator {
        self.0.iter().map(|(time, _)| *time)
    }

    /// What is known of each.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &T> + ExactSizeIterator {
        self.0.iter().map(|(_, it)| it)
    }
}

impl<T> Default for ByTime<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: fmt::Debug> fmt::Debug for ByTime<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<T> IntoIterator for ByTime<T> {
    type Item = (u32, T);
    type IntoIter = std::vec::IntoIter<(u32, T)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<T: Default> FromIterator<(u32, T)> for ByTime<T> {
    fn from_iter<I: IntoIterator<Item = (u32, T)>>(all: I) -> Self {
        let mut by_time = Self::default();
        for (time, it) in all {
            *by_time.or_default(time) = it;
        }
        by_time
    }
}

impl<T: Serialize> Serialize for ByTime<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.iter())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ByTime<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        entries(from).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_holds_and_is_written_as_a_map_is(all: Vec<(u8, u16)>, cut: u8) {
            let (mut by_time, mut map) = (ByTime::default(), BTreeMap::new());
            for (time, it) in all {
                *by_time.or_default(time.into()) = it;
                map.insert(u32::from(time), it);
            }
            let octets = postcard::to_allocvec(&map).unwrap();
            prop_assert_eq!(&postcard::to_allocvec(&by_time).unwrap(), &octets);
            prop_assert_eq!(&postcard::from_bytes::<ByTime<u16>>(&octets).unwrap(), &by_time);
            prop_assert_eq!(by_time.get(cut.into()), map.get(&cut.into()));
            let later = map.split_off(&cut.into());
            let mut before = Vec::new();
            by_time.take_before(cut.into(), |time, it| before.push((time, it)));
            prop_assert_eq!(before, map.into_iter().collect::<Vec<_>>());
            prop_assert_eq!(by_time.take(|time| time % 2 == 0).len(), later.keys().filter(|time| *time % 2 == 0).count());
            prop_assert!(by_time.times().eq(later.into_keys().filter(|time| time % 2 == 1)));
        }
    }

    #[test]
    fn times_out_of_order_or_twice_are_put_right() {
        let octets = postcard::to_allocvec([(2_u32, 1_u32), (1, 2), (2, 3)].as_slice()).unwrap();
        let by_time: ByTime<u32> = postcard::from_bytes(&octets).unwrap();
        assert_eq!(by_time.iter().collect::<Vec<_>>(), [(1, &2), (2, &3)]);
    }
}
