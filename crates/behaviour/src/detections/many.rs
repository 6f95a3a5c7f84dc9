//! The same told of many: the first ones singly, those that follow as one alert that counts and names them.

use std::collections::VecDeque;
use std::fmt::Display;

use wardtap_net::address::Address;
use wardtap_net::packet::{NANOS_PER_SECOND, Timestamp};

use crate::alert::{Deviation, Severity};
use crate::detection::About;
use crate::links::Link;
use crate::scoring::{Departure, Judged};

/// What tells the alert of many from those of two devices.
pub const SUBJECT: &str = "many";

/// The same where several things are told of them.
#[must_use]
pub fn of(what: impl Display) -> String {
    format!("{SUBJECT} {what}")
}

/// So many are told singly.
const SINGLY_MAX: usize = 2;

/// So many for one that does it are worth more than each of them.
const SPREADING_MIN: usize = 10;

/// They belong together while no pause between them is longer ...
const WINDOW_NANOS: u64 = 1800 * NANOS_PER_SECOND;

/// ... and once they are many, this.
const MANY_NANOS: u64 = 4 * 3600 * NANOS_PER_SECOND;

/// Members of a group that are told apart; those beyond are not counted.
const MEMBERS_MAX: usize = 64;

/// Members that are named: the first ones.
const NAMED_MAX: usize = 16;

/// The most groups at once; the one quiet longest gives way.
const GROUPS_MAX: usize = 256;

/// Groups of those of whom the same was told lately.
pub struct Many<K, M> {
    groups: VecDeque<(K, Group<M>)>,
    forgotten: u64,
}

/// Those of whom the same was told.
pub struct Group<M> {
    /// The first of them.
    pub first: M,
    members: Vec<M>,
    last: Timestamp,
}

impl<K, M> Default for Many<K, M> {
    fn default() -> Self {
        Self { groups: VecDeque::new(), forgotten: 0 }
    }
}

impl<K: PartialEq, M: Copy + PartialEq + Display> Many<K, M> {
    /// Takes one more of whom the same is told; gives the group.
    pub fn take(&mut self, key: K, member: M, now: Timestamp) -> &Group<M> {
        let known = self.groups.iter().position(|(known, _)| *known == key);
        let known = known.and_then(|place| self.groups.remove(place));
        let (key, mut group) = known
            .filter(|(_, group)| group.lasts_until(now))
            .unwrap_or_else(|| (key, Group { first: member, members: Vec::new(), last: now }));
        group.add(member, now);
        if self.groups.len() >= GROUPS_MAX {
            let quiet = self.groups.pop_front();
            self.forgotten += u64::from(quiet.is_some_and(|(_, group)| group.lasts_until(now)));
        }
        self.groups.push_back((key, group));
        &self.groups[self.groups.len() - 1].1
    }

    /// Groups that gave way while more might have followed.
    #[must_use]
    pub const fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

/// More within ten minutes that have nothing in common but that each is new are told as one: nobody reads them, and addresses are
/// easily made up.
const CROWD_MAX: usize = 32;

const CROWD_NANOS: u64 = 600 * NANOS_PER_SECOND;

/// What is told singly, until it is too much of it.
pub struct Crowd<M> {
    lately: VecDeque<Timestamp>,
    /// Those that were too many.
    group: Option<Group<M>>,
}

impl<M> Default for Crowd<M> {
    fn default() -> Self {
        Self { lately: VecDeque::new(), group: None }
    }
}

impl<M: Copy + PartialEq + Display> Crowd<M> {
    /// Takes one more that would be told singly; where it is one too many, those that were.
    pub fn take(&mut self, member: M, now: Timestamp) -> Option<&Group<M>> {
        self.lately.retain(|time| now.since(*time) <= CROWD_NANOS);
        if self.lately.len() <= CROWD_MAX {
            self.lately.push_back(now);
        }
        if self.lately.len() <= CROWD_MAX {
            return None;
        }
        // While it goes on it stays a crowd, however many there are.
        self.lately.pop_front();
        self.lately.push_back(now);
        let group = self.group.take().filter(|group| group.lasts_until(now));
        let mut group = group.unwrap_or_else(|| Group { first: member, members: Vec::new(), last: now });
        group.add(member, now);
        Some(self.group.insert(group))
    }
}

/// What one end of a link and many others have in common.
pub struct Around {
    /// That end.
    pub common: Address,
    /// How many the others are, and who.
    pub others: String,
    device: Address,
    peer: Option<Address>,
    kind: String,
}

impl Many<Address, Address> {
    /// Takes a link of which something is told that others of one of its ends may share; that end, once they are many.
    pub fn around(&mut self, departure: &Departure<'_>) -> Option<Around> {
        ends(departure).into_iter().find_map(|(common, other)| {
            Around::of(departure, common, self.take(common, other, departure.time), String::new())
        })
    }
}

impl Many<(Address, String), Address> {
    /// The same for what is of one kind.
    pub fn around_for(&mut self, departure: &Departure<'_>, kind: &str) -> Option<Around> {
        ends(departure).into_iter().find_map(|(common, other)| {
            let group = self.take((common, kind.to_owned()), other, departure.time);
            Around::of(departure, common, group, kind.to_owned())
        })
    }
}

/// Each end of a link, and the other one.
const fn ends(departure: &Departure<'_>) -> [(Address, Address); 2] {
    let Link { initiator, responder, .. } = departure.link;
    [(initiator, responder), (responder, initiator)]
}

impl Around {
    fn of(departure: &Departure<'_>, common: Address, group: &Group<Address>, kind: String) -> Option<Self> {
        let first = group.first_of_many()?;
        // Who begins conversations with many does it to each of them; with whom many begin them is what they share.
        let does_it = common == departure.link.initiator;
        let (device, peer) = if does_it { (first, Some(common)) } else { (common, None) };
        Some(Self { common, others: group.named(), device, peer, kind })
    }

    /// The deviation of all of them.
    #[must_use]
    pub fn deviation(&self, departure: &Departure<'_>, about: &'static About, mut judged: Judged) -> Deviation {
        judged.observed = format!("{}, with {}", judged.observed, self.others);
        let subject = if self.kind.is_empty() { SUBJECT.to_owned() } else { of(&self.kind) };
        let deviation = departure.deviation(about, self.device, subject, judged);
        Deviation { peer: self.peer, ..deviation }
    }
}

impl<M: Copy + PartialEq + Display> Group<M> {
    fn add(&mut self, member: M, now: Timestamp) {
        self.last = now;
        if self.members.len() < MEMBERS_MAX && !self.members.contains(&member) {
            self.members.push(member);
        }
    }

    fn lasts_until(&self, now: Timestamp) -> bool {
        now.since(self.last) <= if self.is_many() { MANY_NANOS } else { WINDOW_NANOS }
    }

    /// True for more than one.
    #[must_use]
    pub fn is_several(&self) -> bool {
        self.members.len() > 1
    }

    /// True for more than are told singly.
    #[must_use]
    pub fn is_many(&self) -> bool {
        self.members.len() > SINGLY_MAX
    }

    /// The first of those who are not told singly, where they are many.
    #[must_use]
    pub fn first_of_many(&self) -> Option<M> {
        self.members.get(SINGLY_MAX).copied()
    }

    /// How many they are, in words, and who.
    #[must_use]
    pub fn named(&self) -> String {
        let count = self.members.len();
        let named: Vec<String> = self.members.iter().take(NAMED_MAX).map(M::to_string).collect();
        let more = if count > NAMED_MAX { ", ..." } else { "" };
        let at_least = if count >= MEMBERS_MAX { "at least " } else { "" };
        format!("{at_least}{count}: {}{more}", named.join(", "))
    }

    /// How bad it is that one does to so many what is so bad for each: spreading is worse. What is hardly worth a look by
    /// itself, as when a server takes over for another one, is never more than worth one within days.
    #[must_use]
    pub fn severity(&self, of_each: Severity) -> Severity {
        match of_each {
            _ if self.members.len() < SPREADING_MIN => of_each,
            Severity::Low => Severity::Medium,
            Severity::Medium => Severity::High,
            other => other,
        }
    }
}
