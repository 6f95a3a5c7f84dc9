//! Names that a host asks another for below one that somebody has registered, counted on the worker.
//!
//! Of each (who asks, who is asked, registered name) a sketch of a few octets says about how many different names there were
//! (linear counting: Whang, Vander-Zanden and Taylor, ACM TODS 15(2), 1990). No name is kept.

use wardtap_dissect::beneath::Beneath;
use wardtap_net::address::Address;
use wardtap_net::flow::{HashKey, fold};
use wardtap_net::packet::NANOS_PER_SECOND;

use crate::observation::Place;
use crate::slots::{self, Slots};

/// The most registered names of a shard that are counted at once; the one not asked below for longest makes room.
pub const PARENTS_MAX: usize = 512;

/// Names are counted for so long, then anew.
const WINDOW_NANOS: u64 = 600 * NANOS_PER_SECOND;

/// So many different names are told, and so many characters in them ...
const NAMES_MIN: u64 = 150;
/// ... if they are, all told, as long as data would be.
const OCTETS_MIN: u64 = 3000;

/// Fewer names are enough that are longer than a digest in two labels (64 characters; one has 63 at most, RFC 1035 section
/// 2.3.4), as reputation services ask for: so many, ...
const LONG_NAMES_MIN: u64 = 50;
/// ... of so many characters each on average.
const LONG_OCTETS: u64 = 70;

/// Bits of a sketch.
const BITS: usize = 1024;

/// What a host asks another for below one name.
#[derive(Clone, Copy, Debug)]
pub struct AskedBelow {
    /// Who asks.
    pub requester: Address,
    /// Whom.
    pub responder: Address,
    /// Which registered name, as a number that means nothing but "the same".
    pub parent: u64,
    /// About how many different names.
    pub names: u64,
    /// Characters in them.
    pub octets: u64,
    /// The first of the questions.
    pub first: Place,
    /// The latest.
    pub last: Place,
}

struct Entry {
    hash: u64,
    requester: Address,
    responder: Address,
    parent: u64,
    first: Place,
    seen: [u64; BITS / 64],
    /// Characters of names not seen before.
    octets: u64,
    /// About so many names are the next to be told.
    tell_at: u64,
}

impl slots::Entry for Entry {
    fn hash(&self) -> u64 {
        self.hash
    }
}

/// The registered names of one shard below which names are asked for.
pub struct Parents {
    key: HashKey,
    slots: Slots<Entry>,
    evicted: u64,
}

impl Parents {
    /// An empty table for at most so many.
    #[must_use]
    pub fn new(key: HashKey, max: usize) -> Self {
        Self { key, slots: Slots::new(max), evicted: 0 }
    }

    /// Registered names given up for want of room.
    #[must_use]
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Takes a question; what is to be told of it and those before.
    pub fn take(
        &mut self,
        [requester, responder]: [Address; 2],
        asked: Beneath,
        place: Place,
    ) -> Option<Box<AskedBelow>> {
        let ((a, b), (c, d)) = (requester.halves(), responder.halves());
        let hash = fold(fold(b ^ self.key.0, d ^ self.key.1 ^ asked.parent), (a ^ c.rotate_left(32)) ^ self.key.0);
        let is_it = |entry: &Entry| {
            entry.requester == requester && entry.responder == responder && entry.parent == asked.parent
        };
        let slot = match self.slots.find(hash, is_it) {
            Some(slot) => slot,
            None => {
                let (slot, old) = self.slots.add(Entry::new(hash, [requester, responder], asked.parent, place));
                self.evicted += u64::from(old.is_some());
                slot
            }
        };
        self.slots.touch(slot);
        let entry = self.slots.get_mut(slot)?;
        if place.time.since(entry.first.time) > WINDOW_NANOS {
            *entry = Entry::new(hash, [requester, responder], asked.parent, place);
        }
        entry.take(asked);
        let names = entry.names();
        let is_much = names >= entry.tell_at && entry.octets >= OCTETS_MIN;
        let is_long = entry.tell_at == NAMES_MIN && names >= LONG_NAMES_MIN && entry.octets >= LONG_OCTETS * names;
        if !is_much && !is_long {
            return None;
        }
        entry.tell_at = names.saturating_mul(2).max(NAMES_MIN + 1);
        let (first, octets, parent) = (entry.first, entry.octets, entry.parent);
        Some(Box::new(AskedBelow { requester, responder, parent, names, octets, first, last: place }))
    }
}

impl Entry {
    const fn new(hash: u64, [requester, responder]: [Address; 2], parent: u64, first: Place) -> Self {
        Self { hash, requester, responder, parent, first, seen: [0; BITS / 64], octets: 0, tell_at: NAMES_MIN }
    }

    fn take(&mut self, asked: Beneath) {
        // The upper bits of what multiplications make depend on all that went in.
        let bit = (asked.below >> 32) as usize % BITS;
        if let Some(word) = self.seen.get_mut(bit / 64) {
            let is_new = *word >> (bit % 64) & 1 == 0;
            *word |= 1 << (bit % 64);
            self.octets = self.octets.saturating_add(if is_new { asked.octets.into() } else { 0 });
        }
    }

    /// About how many different names there were: as many as set so many bits on average, in whole numbers, so that it is the
    /// same everywhere.
    fn names(&self) -> u64 {
        let set: u64 = self.seen.iter().map(|word| u64::from(word.count_ones())).sum();
        let bits = BITS as u64;
        (0..set.min(bits - 1)).map(|set| (bits << 16) / (bits - set)).sum::<u64>() >> 16
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardtap_net::packet::Timestamp;

    const ENDS: [Address; 2] = [Address::v4(0x0a00_0001), Address::v4(0x0a00_0002)];

    fn at(seconds: u64) -> Place {
        Place { time: Timestamp::from_seconds(seconds), ..Place::default() }
    }

    /// Asks for so many names of so many characters, one a second; what was told.
    fn asked(names: u64, octets: u16, step: u64) -> Vec<AskedBelow> {
        let mut parents = Parents::new(HashKey(1, 2), 8);
        (0..names)
            .filter_map(|name| {
                let below = (name + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                parents.take(ENDS, Beneath { parent: 7, below, octets }, at(name * step))
            })
            .map(|told| *told)
            .collect()
    }

    #[test]
    fn many_different_long_names_are_told_again_at_twice_as_many() {
        let told = asked(400, 30, 1);
        assert_eq!(told.len(), 2);
        assert!((150..=156).contains(&told[0].names) && (300..=312).contains(&told[1].names), "{told:?}");
        let right = told[0].last.time.seconds() + 1;
        assert!(right.abs_diff(told[0].names) * 10 < right, "about {right}: {}", told[0].names);
    }

    #[test]
    fn fewer_names_that_are_as_long_as_they_can_be_are_enough() {
        let told = asked(140, 120, 1);
        assert_eq!(told.len(), 1);
        assert!((50..=52).contains(&told[0].names), "{told:?}");
        assert_eq!(asked(200, 120, 1).len(), 2, "and again when they are many");
    }

    #[test]
    fn few_slow_or_short_names_are_not() {
        assert!(asked(120, 30, 1).is_empty());
        assert!(asked(1000, 30, 6).is_empty(), "a hundred in ten minutes");
        assert!(asked(160, 12, 1).is_empty(), "they hold too little");
    }

    #[test]
    fn the_same_names_again_are_none_and_each_parent_counts_for_itself() {
        let mut parents = Parents::new(HashKey(1, 2), 8);
        for round in 0..4 {
            for name in 0..100_u64 {
                let below = (name + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                for parent in [1, 2] {
                    assert!(parents.take(ENDS, Beneath { parent, below, octets: 60 }, at(round)).is_none());
                }
            }
        }
        assert_eq!(parents.evicted(), 0);
        (3..20).for_each(|parent| {
            parents.take(ENDS, Beneath { parent, below: 1, octets: 60 }, at(5));
        });
        assert_eq!(parents.evicted(), 11);
    }
}
