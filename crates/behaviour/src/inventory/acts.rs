//! What a device says and is told: kinds of messages, and the values of what names them.

use std::collections::BTreeMap;

use super::room::{Room, entry, text};
use crate::links::{OperationUse, is_answer, is_opaque, kind_of};
use crate::observation::Place;

/// Kinds of messages of one device that are told apart.
const ACTS_MAX: usize = 128;

/// Values that are kept of one feature of a kind.
const VALUES_MAX: usize = 16;

/// Which part a device plays in an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// It asks.
    Requester,
    /// It answers.
    Responder,
}

/// How often something happened, and when first.
#[derive(Clone, Copy, Debug, Default)]
pub struct Happened {
    /// Messages.
    pub count: u64,
    /// The frame that showed it first.
    pub first: Place,
}

/// Messages of a kind.
#[derive(Clone, Debug)]
pub struct Act {
    /// All of them.
    pub happened: Happened,
    /// By the name of a feature, and its value.
    values: BTreeMap<Box<str>, BTreeMap<Box<str>, Happened>>,
}

/// What a device says and is told.
#[derive(Clone, Debug, Default)]
pub struct Acts(BTreeMap<Which, Act>);

/// A kind of message, and on which end of it a device is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Which {
    end: End,
    is_answer: bool,
    kind: Box<str>,
}

impl Act {
    /// The values of a feature that are told apart, in order.
    pub fn values(&self, feature: &str) -> impl Iterator<Item = (&str, Happened)> {
        self.values.get(feature).into_iter().flatten().map(|(value, happened)| (&**value, *happened))
    }
}

impl Acts {
    /// Messages of a kind, where a device is on that end of them.
    #[must_use]
    pub fn get(&self, end: End, is_answer: bool, kind: &str) -> Option<&Act> {
        self.0.get(&Which { end, is_answer, kind: kind.into() })
    }

    /// All messages of kinds that begin so, where a device is on that end of them.
    pub fn of<'a>(&'a self, end: End, begins: &'a str) -> impl Iterator<Item = (&'a str, bool, &'a Act)> {
        let is_it = move |which: &Which| which.end == end && which.kind.starts_with(begins);
        self.0.iter().filter(move |(which, _)| is_it(which)).map(|(which, act)| (&*which.kind, which.is_answer, act))
    }

    pub(super) fn take(&mut self, operation: &OperationUse, is_initiator: bool, first: Place, room: &mut Room) {
        let name = &*operation.name;
        if is_opaque(name) {
            return;
        }
        let is_answer = is_answer(name);
        let is_sender = is_initiator == (operation.from == 0);
        let end = if is_sender == is_answer { End::Responder } else { End::Requester };
        let which = Which { end, is_answer, kind: kind_of(name).into() };
        let now = Happened { count: operation.count, first };
        let octets = entry::<Which, Act>(self.0.len()) + text(&which.kind);
        if !self.0.contains_key(&which) && (self.0.len() >= ACTS_MAX || !room.take(octets)) {
            return;
        }
        let act = self.0.entry(which).or_insert_with(|| Act::new(first));
        act.happened.add(now);
        for (feature, value) in name.split('\t').skip(1).filter_map(|part| part.split_once('=')) {
            act.take(feature, value, now, |octets| room.take(octets));
        }
    }

    pub(super) fn absorb(&mut self, other: &Self) {
        for (which, more) in &other.0 {
            if !self.0.contains_key(which) && self.0.len() >= ACTS_MAX {
                continue;
            }
            let known = self.0.entry(which.clone()).or_insert_with(|| Act::new(more.happened.first));
            known.happened.add(more.happened);
            for (feature, values) in &more.values {
                values.iter().for_each(|(value, happened)| known.take(feature, value, *happened, |_| true));
            }
        }
    }
}

impl Act {
    const fn new(first: Place) -> Self {
        Self { happened: Happened { count: 0, first }, values: BTreeMap::new() }
    }

    fn take(&mut self, feature: &str, value: &str, now: Happened, mut has_room: impl FnMut(usize) -> bool) {
        let known = self.values.len();
        let values = match self.values.get_mut(feature) {
            Some(values) => values,
            // A kind of message has a handful of features.
            None if has_room(entry::<Box<str>, BTreeMap<Box<str>, Happened>>(known) + text(feature)) => {
                self.values.entry(feature.into()).or_default()
            }
            None => return,
        };
        let octets = entry::<Box<str>, Happened>(values.len()) + text(value);
        if let Some(known) = values.get_mut(value) {
            known.add(now);
        } else if values.len() < VALUES_MAX && has_room(octets) {
            values.insert(value.into(), now);
        }
    }
}

impl Happened {
    pub(super) fn add(&mut self, more: Self) {
        self.count = self.count.saturating_add(more.count);
        if (more.first.time, more.first.frame.to_bits()) < (self.first.time, self.first.frame.to_bits()) {
            self.first = more.first;
        }
    }
}
