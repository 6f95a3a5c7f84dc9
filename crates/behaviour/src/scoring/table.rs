//! The links: what is normal on each, and what it does now, found together.

use std::hash::BuildHasher;
use std::num::NonZeroU32;

use hashbrown::HashTable;

use super::LIVE_MAX;
use super::live::Live;
use crate::baseline::packed::PackedLink;
use crate::links::Link;
use crate::observation::Place;
use crate::parties::PartyLink;

/// A link by its place in [`Table`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct LinkId(u32);

/// A link that was learned, or seen, or both.
pub(super) struct Entry {
    pub(super) key: PartyLink,
    pub(super) normal: Option<PackedLink>,
    /// What it does now, where it was learned and seen. Of others there is nothing to compare: any number of them takes little.
    pub(super) live: Option<Box<Live>>,
    /// So many were seen before it, where it was.
    number: Option<NonZeroU32>,
    /// What its responder does for whoever it is, where that was learned and it was seen.
    anybody: Option<LinkId>,
}

/// A link that was seen.
struct Seen {
    id: LinkId,
    link: Link,
}

/// Octets that a link takes that was seen and not learned.
pub const SEEN_OCTETS: usize = size_of::<Entry>() + size_of::<Seen>() + 16;

/// All links: those of the baseline, and so many that were seen.
pub(super) struct Table {
    index: HashTable<LinkId>,
    hasher: foldhash::fast::RandomState,
    all: Vec<Entry>,
    /// Those that were seen, in the order in which they were first.
    seen: Vec<Seen>,
    max: usize,
    refused: u64,
}

impl Default for Table {
    fn default() -> Self {
        let (index, hasher) = (HashTable::new(), foldhash::fast::RandomState::default());
        Self { index, hasher, all: Vec::new(), seen: Vec::new(), max: LIVE_MAX, refused: 0 }
    }
}

impl Table {
    /// Takes in what is normal on a link.
    pub(super) fn learned(&mut self, key: PartyLink, normal: PackedLink) {
        let id = self.find(key).unwrap_or_else(|| self.add(key));
        self.at_mut(id).normal = Some(normal);
    }

    /// At most so many are seen, and never more than [`LIVE_MAX`].
    pub(super) fn bound(&mut self, max: usize) {
        self.max = max.min(LIVE_MAX);
    }

    /// All are taken in: gives back the room that was made for more.
    pub(super) fn shrink(&mut self) {
        self.all.shrink_to_fit();
    }

    /// A link.
    pub(super) fn find(&self, key: PartyLink) -> Option<LinkId> {
        self.index.find(self.hasher.hash_one(key), |id| self.at(*id).key == key).copied()
    }

    /// A link of which it is known what is normal.
    pub(super) fn find_learned(&self, key: PartyLink) -> Option<LinkId> {
        self.find(key).filter(|id| self.at(*id).normal.is_some())
    }

    /// All of which it is known what is normal.
    pub(super) fn learned_links(&self) -> impl Iterator<Item = (PartyLink, &PackedLink)> {
        self.all.iter().filter_map(|entry| Some((entry.key, entry.normal.as_ref()?)))
    }

    /// The link that is seen, and whether it is so for the first time; None where there is no room.
    pub(super) fn begin(&mut self, key: PartyLink, link: Link) -> Option<(LinkId, bool)> {
        let known = self.find(key);
        if let Some(id) = known.filter(|id| self.at(*id).number.is_some()) {
            return Some((id, false));
        }
        if self.seen.len() >= self.max {
            self.refused += 1;
            return None;
        }
        let anybody = key.to_anybody().and_then(|anybody| self.find_learned(anybody));
        let id = known.unwrap_or_else(|| self.add(key));
        self.seen.push(Seen { id, link });
        let number = NonZeroU32::new(self.seen.len() as u32);
        let entry = self.at_mut(id);
        (entry.number, entry.anybody) = (number, anybody);
        self.begin_anew(id);
        Some((id, true))
    }

    /// A link that was seen does nothing so far.
    pub(super) fn begin_anew(&mut self, id: LinkId) {
        let entry = self.at(id);
        let Some((number, normal)) = entry.number().zip(entry.normal.as_ref()) else { return };
        let Some(Seen { link, .. }) = self.seen.get(number as usize) else { return };
        self.at_mut(id).live = Some(Box::new(Live::new(*link, number, normal)));
    }

    /// The links that were seen in the order in which they were first.
    pub(super) fn seen(&self) -> impl Iterator<Item = &Entry> {
        self.seen.iter().map(|seen| self.at(seen.id))
    }

    /// How many were seen.
    pub(super) const fn seen_count(&self) -> u32 {
        self.seen.len() as u32
    }

    /// The link that was seen first, second, ...
    pub(super) fn numbered(&mut self, number: u32) -> Option<&mut Entry> {
        let id = self.seen.get(number as usize)?.id;
        Some(self.at_mut(id))
    }

    /// The link that was seen by the addresses of its ends, and where it was last.
    pub(super) fn place_of(&self, key: PartyLink) -> Option<(Link, Place)> {
        let entry = self.at(self.find(key)?);
        let Seen { link, .. } = self.seen.get(entry.number()? as usize)?;
        Some(entry.live.as_ref().map_or((*link, Place::default()), |live| (live.link, live.place)))
    }

    pub(super) fn at(&self, id: LinkId) -> &Entry {
        &self.all[id.0 as usize]
    }

    pub(super) fn at_mut(&mut self, id: LinkId) -> &mut Entry {
        &mut self.all[id.0 as usize]
    }

    /// Links that were not compared for want of room.
    pub(super) const fn refused(&self) -> u64 {
        self.refused
    }

    fn add(&mut self, key: PartyLink) -> LinkId {
        let id = LinkId(self.all.len() as u32);
        self.all.push(Entry { key, normal: None, live: None, number: None, anybody: None });
        let (all, hasher) = (&self.all, &self.hasher);
        self.index.insert_unique(hasher.hash_one(key), id, |id| hasher.hash_one(all[id.0 as usize].key));
        id
    }
}

impl Entry {
    /// So many links were seen before it, where it was.
    fn number(&self) -> Option<u32> {
        self.number.map(|number| number.get() - 1)
    }

    /// Of a link that was seen: what its responder does for whoever it is, where that was learned.
    pub(super) fn seen_with(&self) -> Option<Option<LinkId>> {
        self.number.map(|_| self.anybody)
    }
}
