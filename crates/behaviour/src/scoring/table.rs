//! The links: what is normal on each, and what it does now, found together.

use std::hash::BuildHasher;

use hashbrown::HashTable;

use super::LIVE_MAX;
use super::live::Live;
use crate::baseline::packed::PackedLink;
use crate::links::Link;
use crate::parties::PartyLink;

/// A link by its place in [`Table`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LinkId(u32);

/// A link that was learned, or is live, or both.
pub(super) struct Entry {
    pub(super) key: PartyLink,
    pub(super) normal: Option<PackedLink>,
    pub(super) live: Option<Box<Live>>,
}

/// All links: those of the baseline, and at most [`LIVE_MAX`] that are live.
#[derive(Default)]
pub(super) struct Table {
    index: HashTable<LinkId>,
    hasher: foldhash::fast::RandomState,
    all: Vec<Entry>,
    /// The live ones in the order in which they were first seen.
    order: Vec<LinkId>,
    refused: u64,
}

impl Table {
    /// Takes in what is normal on a link.
    pub(super) fn learned(&mut self, key: PartyLink, normal: PackedLink) {
        let id = self.find(key).unwrap_or_else(|| self.add(key));
        self.at_mut(id).normal = Some(normal);
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

    /// The live link, and whether it is so from now on; None where there is no room.
    pub(super) fn begin(&mut self, key: PartyLink, link: Link) -> Option<(LinkId, bool)> {
        let known = self.find(key);
        if let Some(id) = known.filter(|id| self.at(*id).live.is_some()) {
            return Some((id, false));
        }
        if self.order.len() >= LIVE_MAX {
            self.refused += 1;
            return None;
        }
        let anybody = key.to_anybody().and_then(|anybody| self.find_learned(anybody));
        let id = known.unwrap_or_else(|| self.add(key));
        let number = self.order.len() as u32;
        self.order.push(id);
        let entry = self.at_mut(id);
        entry.live = Some(Box::new(Live::new(link, number, anybody, entry.normal.as_ref())));
        Some((id, true))
    }

    /// The live links in the order in which they were first seen.
    pub(super) fn live(&self) -> impl Iterator<Item = &Entry> {
        self.order.iter().map(|id| self.at(*id))
    }

    /// How many are live.
    pub(super) const fn live_count(&self) -> u32 {
        self.order.len() as u32
    }

    /// The live link that was so first, second, ...
    pub(super) fn numbered(&mut self, number: u32) -> Option<&mut Entry> {
        self.order.get(number as usize).copied().map(|id| self.at_mut(id))
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
        self.all.push(Entry { key, normal: None, live: None });
        let (all, hasher) = (&self.all, &self.hasher);
        self.index.insert_unique(hasher.hash_one(key), id, |id| hasher.hash_one(all[id.0 as usize].key));
        id
    }
}
