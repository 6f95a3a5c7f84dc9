//! What a device says of itself in passing, or others call it.

use std::collections::BTreeMap;

use wardtap_dissect::clues::Clue;

use super::Happened;
use super::room::{Room, entry, text};
use wardtap_net::packet::Timestamp;

use crate::observation::Clued;

/// Clues of one device that are told apart: a host that shows more is many behind one address.
const SAYS_MAX: usize = 48;

/// Clues, each with what was said and how often.
#[derive(Clone, Debug, Default)]
pub struct Says {
    all: BTreeMap<(Clue, Box<str>), Happened>,
    /// When something was last said.
    pub(super) last: Timestamp,
    /// What it takes.
    pub(super) octets: usize,
}

impl Says {
    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Clue, &str, Happened)> {
        self.all.iter().map(|((clue, text), happened)| (*clue, &**text, *happened))
    }

    pub(super) fn take(&mut self, clued: &Clued, room: &mut Room) {
        let now = Happened { count: clued.count, first: clued.first };
        let key = (clued.clue, clued.text.clone());
        self.last = self.last.max(clued.first.time);
        let octets = entry::<(Clue, Box<str>), Happened>(self.all.len()) + text(&clued.text);
        if let Some(known) = self.all.get_mut(&key) {
            known.add(now);
        } else if self.all.len() < SAYS_MAX && room.take(octets) {
            self.all.insert(key, now);
            self.octets += octets;
        }
    }

    /// Without what any host is heard by on its way to an address.
    pub(super) fn settled(&self) -> Self {
        let is_on_its_way = |clue: Clue, text: &str| clue == Clue::LinkProtocol && ["arp", "dhcp"].contains(&text);
        let mut settled = self.clone();
        settled.all.retain(|(clue, text), _| !is_on_its_way(*clue, text));
        settled
    }

    pub(super) fn absorb(&mut self, other: &Self) {
        for (key, more) in &other.all {
            if let Some(known) = self.all.get_mut(key) {
                known.add(*more);
            } else if self.all.len() < SAYS_MAX {
                self.all.insert(key.clone(), *more);
            }
        }
    }
}
