//! What follows: one of two devices asks for something, and the other sends something for it that is no answer but a message of
//! its own. A report on what an archive was asked to keep comes minutes later, by a connection that the archive opens; a
//! result comes for an order.
//!
//! Neither needs be steady for the second to be missed: each hour with the first and without the second is as surprising as
//! such hours were rare among those with the first, the negative logarithm of their share, with half an hour in place of none
//! (Krichevsky and Trofimov 1981). The hour and the next one count: what was asked at its end is followed in that. All of
//! it is worked out of the hours of operations that a store has anyway.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::absence::{ABSENCE_HOURS, Attendance, surprise};
use super::profile::Top;
use super::store::{HOURS_PER_DAY, LinkKey, Store, StoredOperation};
use crate::links::{is_answer, is_of_session, is_opaque};
use crate::parties::{ANYBODY, GROUP, OUTSIDE};

/// Operations of two devices that may follow, and that may be followed; further ones are not looked at.
const LOOKED_AT_MAX: usize = 128;

/// What follows an operation, at most.
pub const FOLLOWS_MAX: usize = 4;

/// Over fewer hours nothing is shown to follow.
const HOURS_MIN: u32 = 10;

/// What is missing in more than one of so many hours follows by chance.
const MISSED_OF: u32 = 5;

/// What follows an operation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Follow {
    /// Its link has its initiator where that of the operation has its responder.
    pub reversed: bool,
    /// The IP protocol of its link.
    pub transport: u8,
    /// The port of its link.
    pub port: u16,
    /// Its name.
    pub operation: String,
    /// Hours with the operation.
    pub hours: u32,
    /// Those of them without it, and the next one as well.
    pub missed: u32,
    /// The most of them within a day, it not being there in between.
    pub run: Top,
}

impl Follow {
    /// Whether it is the same that follows.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.reversed == other.reversed
            && (self.transport, self.port) == (other.transport, other.port)
            && self.operation == other.operation
    }

    /// Takes in what was normal on other days.
    pub fn absorb(&mut self, other: &Self) {
        self.hours = self.hours.saturating_add(other.hours);
        self.missed = self.missed.saturating_add(other.missed);
        self.run.absorb(other.run);
    }

    /// How surprising an hour without it is, in thousandths of a natural unit.
    #[must_use]
    pub fn surprise(&self) -> u32 {
        let narrow = |hours: u32| u16::try_from(hours).unwrap_or(u16::MAX);
        surprise(narrow(self.hours), narrow(self.hours.saturating_sub(self.missed)))
    }

    /// How surprising the most that is normal is.
    #[must_use]
    pub fn normal(&self) -> u64 {
        self.run.next().saturating_mul(self.surprise().into())
    }
}

/// What follows what, of all that was learned.
#[derive(Default)]
pub struct Follows<'a> {
    of: BTreeMap<(&'a LinkKey, &'a str), Vec<Following>>,
}

/// What follows, day by day.
struct Following {
    of: Follow,
    /// How much it says where it is missing, all hours together.
    worth: u64,
    days: BTreeMap<u32, Follow>,
}

/// An operation of two devices.
struct Done<'a> {
    key: &'a LinkKey,
    name: &'a str,
    /// In which hours of each of their days.
    hours: Vec<u32>,
    /// Messages.
    count: u64,
}

/// All of the day.
const DAY: u32 = (1 << HOURS_PER_DAY) - 1;

impl<'a> Follows<'a> {
    /// What a store holds of it.
    #[must_use]
    pub fn of(store: &'a Store, attendance: &Attendance<'_>) -> Self {
        let mut pairs: BTreeMap<(&str, &str), Vec<&LinkKey>> = BTreeMap::new();
        let is_device = |id: &String| ![OUTSIDE, GROUP, ANYBODY].contains(&id.as_str());
        for key in store.links.keys().filter(|key| is_device(&key.initiator) && is_device(&key.responder)) {
            let (one, other) = (key.initiator.as_str(), key.responder.as_str());
            pairs.entry((one.min(other), one.max(other))).or_default().push(key);
        }
        let mut follows = Self::default();
        for ((one, _), keys) in pairs {
            follows.of_pair(store, one, &keys, attendance);
        }
        for all in follows.of.values_mut() {
            all.sort_by_key(|following| Reverse(following.worth));
            all.truncate(FOLLOWS_MAX);
        }
        follows
    }

    /// Of each thing that one of two devices sends, that of the other that it follows most surely.
    fn of_pair(&mut self, store: &'a Store, one: &str, keys: &[&'a LinkKey], attendance: &Attendance<'_>) {
        let read = || {
            let links = keys.iter().filter_map(|key| Some((*key, store.links.get(*key)?)));
            links.flat_map(|(key, link)| link.operations.iter().map(move |(name, operation)| (key, name, operation)))
        };
        // What begins and ends sessions goes with all that is done in them.
        let read = || read().filter(|(_, name, _)| !is_opaque(name) && !is_answer(name) && !is_of_session(name));
        let days: Vec<u32> = {
            let mut days: Vec<u32> = read().flat_map(|(_, _, operation)| operation.days.times()).collect();
            days.sort_unstable();
            days.dedup();
            days
        };
        let shown: Vec<u32> = days.iter().map(|day| shown(*day, attendance)).collect();
        // By who sends it: the one of the two, or the other.
        let mut sent = [Vec::new(), Vec::new()];
        for (key, name, operation) in read() {
            let sender = if operation.from == 0 { &key.initiator } else { &key.responder };
            let list = &mut sent[usize::from(sender != one)];
            if list.len() < LOOKED_AT_MAX {
                let count = operation.days.values().map(|day| u64::from(day.count)).sum();
                list.push(Done { key, name, hours: hours(operation, &days), count });
            }
        }
        for place in 0..2 {
            for what in &sent[1 - place] {
                let covered = covered(&what.hours, &days);
                let mut sure: Vec<(u64, &Done<'a>, Follow)> = Vec::new();
                for ask in &sent[place] {
                    let mut of = Follow {
                        reversed: ask.key.initiator != what.key.initiator,
                        transport: what.key.transport,
                        port: what.key.port,
                        operation: what.name.to_owned(),
                        ..Follow::default()
                    };
                    for ((asked, covered), shown) in ask.hours.iter().zip(&covered).zip(&shown) {
                        of.hours += (asked & shown).count_ones();
                        of.missed += (asked & shown & !covered).count_ones();
                    }
                    let worth = u64::from(of.hours) * u64::from(of.surprise());
                    if of.hours >= HOURS_MIN && of.missed * MISSED_OF <= of.hours {
                        sure.push((worth, ask, of));
                    }
                }
                // Of those that are as sure, what there was as often.
                let most = sure.iter().map(|(worth, ..)| *worth).max().unwrap_or_default();
                let as_sure = sure.into_iter().filter(|(worth, ..)| worth.saturating_mul(5) >= most.saturating_mul(4));
                if let Some((worth, ask, of)) = as_sure.min_by_key(|(_, ask, _)| ask.count.abs_diff(what.count)) {
                    let days = by_day(ask, what, (&days, &shown, &covered), &of);
                    self.of.entry((ask.key, ask.name)).or_default().push(Following { of, worth, days });
                }
            }
        }
    }

    /// What follows an operation, as it did on a day.
    pub(super) fn on(&self, key: &LinkKey, name: &str, day: u32) -> Vec<Follow> {
        let Some(all) = self.of.get(&(key, name)) else { return Vec::new() };
        let none = |of: &Follow| Follow { hours: 0, missed: 0, run: Top::default(), ..of.clone() };
        all.iter().map(|follow| follow.days.get(&day).cloned().unwrap_or_else(|| none(&follow.of))).collect()
    }
}

/// The hours of a day that show whether something followed in them or the next.
fn shown(day: u32, attendance: &Attendance<'_>) -> u32 {
    let first = day.saturating_mul(HOURS_PER_DAY);
    let shows = |hour: u32| attendance.shows(first.saturating_add(hour));
    (0..HOURS_PER_DAY).filter(|hour| shows(*hour) && shows(hour + 1)).fold(0, |bits, hour| bits | 1 << hour)
}

/// In which hours of days there was an operation.
fn hours(operation: &StoredOperation, days: &[u32]) -> Vec<u32> {
    let known = operation.days.unpacked();
    days.iter().map(|day| known.get(*day).map_or(0, |cell| cell.hours & DAY)).collect()
}

/// The hours with something in them or in the next.
fn covered(hours: &[u32], days: &[u32]) -> Vec<u32> {
    let first_of_next = |place: usize| {
        let is_next = days.get(place + 1).zip(days.get(place)).is_some_and(|(next, day)| *next == day + 1);
        hours.get(place + 1).filter(|_| is_next).map_or(0, |next| next & 1)
    };
    let next = hours.iter().enumerate().map(|(place, bits)| bits >> 1 | first_of_next(place) << (HOURS_PER_DAY - 1));
    hours.iter().zip(next).map(|(bits, next)| bits | next).collect()
}

/// How something followed on each day.
fn by_day(
    ask: &Done<'_>,
    what: &Done<'_>,
    (days, shown, covered): (&[u32], &[u32], &[u32]),
    of: &Follow,
) -> BTreeMap<u32, Follow> {
    let mut run: VecDeque<u32> = VecDeque::new();
    let mut found = BTreeMap::new();
    for (place, day) in days.iter().enumerate() {
        let at = |list: &[u32]| list.get(place).copied().unwrap_or(0);
        let (asked, there, covered) = (at(&ask.hours) & at(shown), at(&what.hours), at(covered));
        let (missed, mut longest) = (asked & !covered, 0);
        for hour in 0..HOURS_PER_DAY {
            let (bit, now) = (1 << hour, day.saturating_mul(HOURS_PER_DAY).saturating_add(hour));
            if (there | asked & covered) & bit != 0 {
                run.clear();
            }
            if missed & bit != 0 {
                run.push_back(now);
                while run.front().is_some_and(|first| now - first >= ABSENCE_HOURS) {
                    run.pop_front();
                }
                longest = longest.max(run.len() as u64);
            }
        }
        if asked != 0 {
            let (hours, missed) = (asked.count_ones(), missed.count_ones());
            found.insert(*day, Follow { hours, missed, run: Top { max: longest, second: 0 }, ..of.clone() });
        }
    }
    found
}
