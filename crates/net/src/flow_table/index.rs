//! Which flow has which hash: open addressing, eight slots to a cache line, 32 bits of the hash beside each number.
//!
//! The part of the hash that is kept is enough to move slots when the table grows, so that growing touches no flow, and
//! to tell almost every other flow apart, so that a look-up touches only the flow that is found.

/// No flow has this number.
pub(super) const NONE: u32 = u32::MAX;

/// The upper half of an occupied slot is the hash's tag, the lower the flow's number.
const VACANT: u64 = u64::MAX;

/// Slots of an index that holds anything.
const SLOTS_MIN: usize = 16;

/// Slots; a power of two of them, or none.
#[derive(Default)]
pub(super) struct Index {
    slots: Box<[u64]>,
    used: usize,
}

/// Tag and number of a slot.
#[inline]
#[allow(clippy::cast_possible_truncation)] // two halves of 64 bits
pub(super) const fn parts(slot: u64) -> (u32, u32) {
    ((slot >> 32) as u32, slot as u32)
}

impl Index {
    pub(super) const fn len(&self) -> usize {
        self.used
    }

    #[inline]
    const fn mask(&self) -> usize {
        self.slots.len().wrapping_sub(1)
    }

    /// The slot at which a search for this tag begins.
    #[inline]
    pub(super) fn first(&self, tag: u32) -> u64 {
        self.slots.get(tag as usize & self.mask()).copied().unwrap_or(VACANT)
    }

    /// The number of the flow with this tag that `is_it` accepts.
    #[inline]
    pub(super) fn find(&self, tag: u32, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        let mut at = tag as usize & self.mask();
        loop {
            // None only where there are no slots at all; a vacant one is always left.
            let slot = *self.slots.get(at)?;
            if slot == VACANT {
                return None;
            }
            let (other, id) = parts(slot);
            if other == tag && is_it(id) {
                return Some(id);
            }
            at = at.wrapping_add(1) & self.mask();
        }
    }

    /// Adds a flow that is not there.
    pub(super) fn insert(&mut self, tag: u32, id: u32) {
        // At most five eighths are used: with linear steps a miss then costs three or four.
        if self.used.wrapping_mul(8) >= self.slots.len().wrapping_mul(5) {
            self.grow();
        }
        self.used = self.used.wrapping_add(1);
        self.put(u64::from(tag) << 32 | u64::from(id));
    }

    fn put(&mut self, slot: u64) {
        let mask = self.mask();
        let mut at = parts(slot).0 as usize & mask;
        while let Some(place) = self.slots.get_mut(at) {
            if *place == VACANT {
                *place = slot;
                return;
            }
            at = at.wrapping_add(1) & mask;
        }
    }

    #[cold]
    fn grow(&mut self) {
        let slots = self.slots.len().saturating_mul(2).max(SLOTS_MIN);
        let old = std::mem::replace(&mut self.slots, vec![VACANT; slots].into_boxed_slice());
        for slot in old.into_iter().filter(|&slot| slot != VACANT) {
            self.put(slot);
        }
    }

    /// Removes a flow, and moves those that had to step past it, so that no search meets a hole too early.
    pub(super) fn remove(&mut self, tag: u32, id: u32) {
        let mask = self.mask();
        let wanted = u64::from(tag) << 32 | u64::from(id);
        let mut hole = tag as usize & mask;
        loop {
            match self.slots.get(hole) {
                Some(&slot) if slot == wanted => break,
                Some(&VACANT) | None => return,
                Some(_) => hole = hole.wrapping_add(1) & mask,
            }
        }
        self.used = self.used.wrapping_sub(1);
        let mut at = hole;
        loop {
            at = at.wrapping_add(1) & mask;
            let slot = self.slots.get(at).copied().unwrap_or(VACANT);
            if slot == VACANT {
                break;
            }
            let stepped = at.wrapping_sub(parts(slot).0 as usize) & mask;
            if stepped >= at.wrapping_sub(hole) & mask {
                if let Some(place) = self.slots.get_mut(hole) {
                    *place = slot;
                }
                hole = at;
            }
        }
        if let Some(place) = self.slots.get_mut(hole) {
            *place = VACANT;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever is added and removed, the index finds what a map does, tags that collide included.
        #[test]
        fn agrees_with_a_map(steps in prop::collection::vec((0u32..24, 0u32..6, any::<bool>()), 0..400)) {
            let mut index = Index::default();
            let mut map = BTreeMap::new();
            let tag = |id: u32, spread: u32| id.wrapping_mul(spread).wrapping_mul(0x1000_0001);
            for (id, spread, add) in steps {
                if let Some(known) = map.remove(&id) {
                    index.remove(known, id);
                }
                if add {
                    map.insert(id, tag(id, spread));
                    index.insert(tag(id, spread), id);
                }
                prop_assert_eq!(index.len(), map.len());
                for id in 0..24 {
                    let found = map.get(&id).and_then(|&tag| index.find(tag, |other| other == id));
                    prop_assert_eq!(found, map.get(&id).map(|_| id));
                }
            }
        }
    }
}
