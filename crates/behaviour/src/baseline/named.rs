//! What is known by name: a list in the order of the names.
//!
//! Most links do a handful of things, and a baseline holds hundreds of thousands of links: a list takes the room of what is in
//! it, where the nodes of a tree take that of eleven. It is written as a map is.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Index;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Reads a map that was written in order: all at once, where adding one by one compares each with many.
///
/// # Errors
/// As the format has them.
pub fn in_order<'de, D, K, T>(from: D) -> Result<BTreeMap<K, T>, D::Error>
where
    D: Deserializer<'de>,
    K: Deserialize<'de> + Ord,
    T: Deserialize<'de>,
{
    entries(from).map(BTreeMap::from_iter)
}

/// What a map holds, each key once, in order.
///
/// # Errors
/// As the format has them.
pub(super) fn entries<'de, D, K, T>(from: D) -> Result<Vec<(K, T)>, D::Error>
where
    D: Deserializer<'de>,
    K: Deserialize<'de> + Ord,
    T: Deserialize<'de>,
{
    struct Entries<K, T>(PhantomData<(K, T)>);

    impl<'de, K: Deserialize<'de>, T: Deserialize<'de>> Visitor<'de> for Entries<K, T> {
        type Value = Vec<(K, T)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<(K, T)>, A::Error> {
            let mut all = Vec::with_capacity(map.size_hint().unwrap_or(0).min(ROOM_AHEAD));
            while let Some(entry) = map.next_entry()? {
                all.push(entry);
            }
            Ok(all)
        }
    }

    from.deserialize_map(Entries(PhantomData)).map(put_in_order)
}

/// What wardtap writes is in order. Of what has one key twice, the last counts, as in any map.
fn put_in_order<K: Ord, T>(mut all: Vec<(K, T)>) -> Vec<(K, T)> {
    if !all.is_sorted_by(|(one, _), (next, _)| one < next) {
        all.reverse();
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        all.dedup_by(|(one, _), (other, _)| one == other);
    }
    all.shrink_to_fit();
    all
}

/// Things by name, each name once.
#[derive(Clone, PartialEq, Eq)]
pub struct Named<T>(Vec<(Box<str>, T)>);

/// Octets that something in the heap takes beside itself.
pub(super) const HEAP_OCTETS: usize = 16;

/// A list that is full grows by a part of so many.
const GROWTH: usize = 4;

/// Room for so many is made before they are read: who says that there are more has to show them.
const ROOM_AHEAD: usize = 1024;

impl<T> Named<T> {
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

    /// The octets of the list, with the names.
    #[must_use]
    pub fn octets(&self) -> usize {
        self.0.capacity() * size_of::<(Box<str>, T)>()
            + self.names().map(|name| name.len() + HEAP_OCTETS).sum::<usize>()
    }

    /// The place of a name in order; else the one where it would stand.
    fn search(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| (**known).cmp(name))
    }

    /// The place of a name; it stays as long as nothing is added.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<usize> {
        self.search(name).ok()
    }

    /// The name at a place.
    #[must_use]
    pub fn name_at(&self, place: usize) -> Option<&str> {
        self.0.get(place).map(|(name, _)| &**name)
    }

    /// What is at a place.
    #[must_use]
    pub fn at(&self, place: usize) -> Option<&T> {
        self.0.get(place).map(|(_, it)| it)
    }

    /// What has a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&T> {
        self.at(self.place(name)?)
    }

    /// True where something has a name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.search(name).is_ok()
    }

    /// What has a name; made now, where there is none.
    pub fn or_insert_with(&mut self, name: &str, make: impl FnOnce() -> T) -> &mut T {
        let place = match self.search(name) {
            Ok(place) => place,
            Err(place) => {
                if self.0.len() == self.0.capacity() {
                    self.0.reserve_exact((self.0.len() / GROWTH).max(1));
                }
                self.0.insert(place, (name.into(), make()));
                place
            }
        };
        &mut self.0[place].1
    }

    /// Takes in others: what has a name here already `absorb`s what has it there.
    pub fn absorb(&mut self, others: &Self, absorb: impl Fn(&mut T, &T))
    where
        T: Clone,
    {
        let (mut known, mut merged) = (std::mem::take(&mut self.0).into_iter().peekable(), Vec::new());
        for (name, other) in &others.0 {
            while let Some(before) = known.next_if(|(known, _)| known < name) {
                merged.push(before);
            }
            merged.push(match known.next_if(|(known, _)| known == name) {
                Some((name, mut own)) => {
                    absorb(&mut own, other);
                    (name, own)
                }
                None => (name.clone(), other.clone()),
            });
        }
        merged.extend(known);
        self.0 = merged;
    }

    /// All in the order of their names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &T)> {
        self.0.iter().map(|(name, it)| (&**name, it))
    }

    /// All in the order of their names, to be changed.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&str, &mut T)> {
        self.0.iter_mut().map(|(name, it)| (&**name, it))
    }

    /// What has a name, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        let place = self.place(name)?;
        self.0.get_mut(place).map(|(_, it)| it)
    }

    /// Keeps those for which it says so.
    pub fn retain(&mut self, mut stays: impl FnMut(&str, &mut T) -> bool) {
        self.0.retain_mut(|(name, it)| stays(name, it));
    }

    /// The names in order.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.iter().map(|(name, _)| name)
    }

    /// All that have a name.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &T> {
        self.iter().map(|(_, it)| it)
    }
}

impl<T: Default> Named<T> {
    /// What has a name; one of which nothing is known, where there is none.
    pub fn or_default(&mut self, name: &str) -> &mut T {
        self.or_insert_with(name, T::default)
    }
}

impl<T> IntoIterator for Named<T> {
    type Item = (Box<str>, T);
    type IntoIter = std::vec::IntoIter<(Box<str>, T)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: fmt::Debug> fmt::Debug for Named<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<T> Index<&str> for Named<T> {
    type Output = T;

    fn index(&self, name: &str) -> &T {
        self.get(name).expect("something has this name")
    }
}

impl<T, S: AsRef<str>> FromIterator<(S, T)> for Named<T> {
    fn from_iter<I: IntoIterator<Item = (S, T)>>(all: I) -> Self {
        let mut named = Self::default();
        for (name, it) in all {
            match named.search(name.as_ref()) {
                Ok(place) => named.0[place].1 = it,
                Err(place) => named.0.insert(place, (name.as_ref().into(), it)),
            }
        }
        named
    }
}

impl<T: Serialize> Serialize for Named<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.iter())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        entries(from).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_and_read_as_a_map() {
        let map: BTreeMap<String, u32> = [("b", 2), ("a", 1), ("c", 3)].map(|(name, it)| (name.to_owned(), it)).into();
        let named: Named<u32> = map.iter().map(|(name, it)| (name, *it)).collect();
        let octets = postcard::to_allocvec(&map).unwrap();
        assert_eq!(postcard::to_allocvec(&named).unwrap(), octets);
        assert_eq!(postcard::from_bytes::<Named<u32>>(&octets).unwrap(), named);
        assert_eq!((named.get("b"), named.get("d"), named.place("c")), (Some(&2), None, Some(2)));
    }

    #[test]
    fn names_out_of_order_or_twice_are_put_right() {
        let octets = postcard::to_allocvec(&[("b", 1), ("a", 2), ("b", 3)].as_slice()).unwrap();
        let named: Named<i32> = postcard::from_bytes(&octets).unwrap();
        assert_eq!(named.iter().collect::<Vec<_>>(), [("a", &2), ("b", &3)]);
    }

    #[test]
    fn others_are_taken_in_by_name() {
        let named = |all: &[(&str, u32)]| all.iter().copied().collect::<Named<u32>>();
        let mut known = named(&[("b", 1), ("d", 1), ("e", 1)]);
        known.absorb(&named(&[("a", 2), ("d", 2), ("f", 2)]), |own, other| *own += other);
        assert_eq!(known, named(&[("a", 2), ("b", 1), ("d", 3), ("e", 1), ("f", 2)]));
        *known.or_default("c") += 7;
        assert_eq!(known.names().collect::<String>(), "abcdef");
    }
}
