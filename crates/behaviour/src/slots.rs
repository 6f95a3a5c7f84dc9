//! A bounded table whose entries flows point at. When it is full, the next entry that was not used since a hand last
//! passed it makes room.

use hashbrown::HashTable;

/// The most entries of a table.
pub const SLOTS_MAX: usize = 1 << 16;

/// A place in [`Slots`]; void once its entry has made room for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    generation: Generation,
    id: u16,
}

/// Counts the entries there were; in halves, so that a place takes six octets wherever it stands.
type Generation = [u16; 2];

/// What finds an entry.
pub trait Entry {
    /// The hash of its key.
    fn hash(&self) -> u64;
}

/// The table.
pub struct Slots<E> {
    max: usize,
    index: HashTable<u16>,
    entries: Vec<(Generation, E)>,
    /// Whether an entry was used since the hand passed it; apart, so that the hand passes many at once.
    used: Vec<bool>,
    hand: usize,
    generation: u32,
}

impl<E: Entry> Slots<E> {
    /// An empty table for at most `max` entries, and never more than [`SLOTS_MAX`].
    #[must_use]
    pub fn new(max: usize) -> Self {
        let max = max.clamp(1, SLOTS_MAX);
        Self { max, index: HashTable::new(), entries: Vec::new(), used: Vec::new(), hand: 0, generation: 0 }
    }

    /// The entry of a place, unless that is void.
    #[inline]
    pub fn get_mut(&mut self, slot: Slot) -> Option<&mut E> {
        self.entries
            .get_mut(usize::from(slot.id))
            .filter(|(generation, _)| *generation == slot.generation)
            .map(|(_, entry)| entry)
    }

    /// Says that an entry was used.
    #[inline]
    pub fn touch(&mut self, slot: Slot) {
        if let Some(used) = self.used.get_mut(usize::from(slot.id)) {
            *used = true;
        }
    }

    /// The place of the entry with this hash that is the `same`.
    pub fn find(&self, hash: u64, same: impl Fn(&E) -> bool) -> Option<Slot> {
        let id =
            *self.index.find(hash, |&id| self.entries.get(usize::from(id)).is_some_and(|(_, entry)| same(entry)))?;
        self.entries.get(usize::from(id)).map(|(generation, _)| Slot { generation: *generation, id })
    }

    /// Adds an entry that is not there; gives back its place, and the entry that made room for it.
    #[inline]
    pub fn add(&mut self, entry: E) -> (Slot, Option<E>) {
        self.generation = self.generation.wrapping_add(1);
        let hash = entry.hash();
        let generation = [(self.generation >> 16) as u16, self.generation as u16];
        let (id, old) = if self.entries.len() < self.max {
            self.entries.push((generation, entry));
            self.used.push(false);
            ((self.entries.len() - 1) as u16, None)
        } else {
            self.replace((generation, entry))
        };
        let entries = &self.entries;
        self.index.insert_unique(hash, id, |&id| entries.get(usize::from(id)).map_or(0, |(_, entry)| entry.hash()));
        (Slot { generation, id }, old)
    }

    /// Shows those that were not used since the hand passed them, and passes on while more are wanted; twice round at most.
    pub fn pass(&mut self, mut wants_more: impl FnMut(&mut E) -> bool) {
        for _ in 0..2 * self.used.len() {
            self.hand = (self.hand + 1) % self.used.len().max(1);
            let Some(used) = self.used.get_mut(self.hand) else { return };
            if !std::mem::take(used)
                && let Some((_, entry)) = self.entries.get_mut(self.hand)
                && !wants_more(entry)
            {
                return;
            }
        }
    }

    #[inline]
    fn replace(&mut self, entry: (Generation, E)) -> (u16, Option<E>) {
        loop {
            self.hand = (self.hand + 1) % self.used.len().max(1);
            match self.used.get_mut(self.hand) {
                Some(used) if *used => *used = false,
                _ => break,
            }
        }
        let id = self.hand as u16;
        let Some(place) = self.entries.get_mut(self.hand) else { return (id, None) };
        let (_, old) = std::mem::replace(place, entry);
        if let Ok(found) = self.index.find_entry(old.hash(), |&other| other == id) {
            found.remove();
        }
        (id, Some(old))
    }

    /// True when a new entry takes the place of another.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.entries.len() >= self.max
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entry at a place in the order of places.
    pub fn at_mut(&mut self, place: usize) -> Option<&mut E> {
        self.entries.get_mut(place).map(|(_, entry)| entry)
    }
}
