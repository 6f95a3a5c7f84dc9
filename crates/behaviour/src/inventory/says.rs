//! What a device says of itself in passing, or others call it.

use std::collections::BTreeMap;

use wardtap_dissect::clues::Clue;

use super::{Happened, Room};
use crate::observation::Clued;

/// Clues of one device that are told apart: a host that shows more is many behind one address.
const SAYS_MAX: usize = 48;

/// Clues, each with what was said and how often.
#[derive(Clone, Debug, Default)]
pub struct Says(BTreeMap<(Clue, Box<str>), Happened>);

impl Says {
    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Clue, &str, Happened)> {
        self.0.iter().map(|((clue, text), happened)| (*clue, &**text, *happened))
    }

    pub(super) fn take(&mut self, clued: &Clued, room: &mut Room) {
        let now = Happened { count: clued.count, first: clued.first };
        let key = (clued.clue, clued.text.clone());
        if let Some(known) = self.0.get_mut(&key) {
            known.add(now);
        } else if self.0.len() < SAYS_MAX && room.take() {
            self.0.insert(key, now);
        }
    }

    /// Without what any host is heard by on its way to an address.
    pub(super) fn settled(&self) -> Self {
        let is_on_its_way = |clue: Clue, text: &str| clue == Clue::LinkProtocol && ["arp", "dhcp"].contains(&text);
        let stays = self.0.iter().filter(|((clue, text), _)| !is_on_its_way(*clue, text));
        Self(stays.map(|(said, happened)| (said.clone(), *happened)).collect())
    }

    pub(super) fn absorb(&mut self, other: &Self) {
        for (key, more) in &other.0 {
            if let Some(known) = self.0.get_mut(key) {
                known.add(*more);
            } else if self.0.len() < SAYS_MAX {
                self.0.insert(key.clone(), *more);
            }
        }
    }
}
