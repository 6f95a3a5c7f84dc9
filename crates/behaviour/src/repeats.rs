//! Messages that come again: the same from the same sender is a replay once it was accepted, other content under the same
//! identity is wrong.
//!
//! A message goes from link to link (a system passes it on), and comes again on any of them, so this belongs to the judge
//! and not to a shard. It holds digests by a key of the run: nothing of them is ever written. What links accepted in a
//! minute is looked at in order of time, whatever the order in which shards told of it.

use std::collections::VecDeque;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use crate::alert::Deviation;
use crate::detection::About;
use crate::links::{Accepted, Link};
use crate::observation::Place;
use crate::scoring::Judged;

/// Messages remembered by link: at five a second over each of three links nearly ten hours. The oldest gives way.
pub const REMEMBERED_MAX: usize = 1 << 19;

/// Links told apart, and pairs of links that carry the same messages. Further ones are not looked at.
pub const REPEAT_LINKS_MAX: usize = 4096;

/// A message that comes again later than this is none that its sender was not sure of.
const LATE_SECONDS: u32 = 600;

/// Several are told: so many late ones within an hour.
const LATE_MIN: u32 = 3;
const HOUR_SECONDS: u32 = 3600;

/// Accepted so many times more, it is told however soon.
const AGAIN_MIN: u16 = 3;

/// A message is passed on within this.
const PASSED_ON_SECONDS: u32 = 600;

/// Two links carry the same messages when so many were the same on both, and at most a tenth as many were not.
const SAME_MIN: u32 = 20;

/// So many identities in a row that were used before: the sender has begun to count anew.
const ANEW_MIN: usize = 8;

/// A link has shown that its identities are its messages' own after so many.
const OWN_MIN: u32 = 20;

/// A message that came again.
#[derive(Clone, Copy, Debug)]
pub struct Repeat {
    /// How.
    pub kind: RepeatKind,
    /// On which link.
    pub link: Link,
    /// Which frame accepted it.
    pub place: Place,
}

impl Repeat {
    /// The deviation: the receiver is at risk, the sender did it.
    #[must_use]
    pub fn deviation(&self, about: &'static About, subject: &'static str, judged: Judged) -> Deviation {
        Deviation::new(about, (self.link.responder, Some(self.link.initiator)), subject, self.place, judged)
    }
}

/// How a message came again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepeatKind {
    /// The same, on the same link, so many seconds later.
    Again {
        /// Seconds after it was first accepted.
        seconds: u32,
        /// How often it has come again.
        times: u16,
    },
    /// The same, to the same receiver from another sender.
    FromElsewhere {
        /// How it first came.
        first: Link,
        /// Seconds later.
        seconds: u32,
    },
    /// Other content, on the same link.
    OtherContent {
        /// Seconds after the first.
        seconds: u32,
    },
    /// The same under an identity that is never to have another content.
    OtherForEver {
        /// Seconds after the first.
        seconds: u32,
    },
    /// Other content than on a link with which this one had all messages in common.
    ChangedOnTheWay {
        /// How it first came.
        first: Link,
    },
}

/// What was accepted on a link.
#[derive(Clone, Copy)]
struct Seen {
    content: u32,
    first: u32,
    last: u32,
    times: u16,
}

/// How a message first came.
#[derive(Clone, Copy)]
struct Origin {
    content: u32,
    time: u32,
    link: u32,
}

struct LinkState {
    link: Link,
    /// Messages with an identity of their own.
    own: u32,
    /// Late repeats in the hour that began then.
    late: (u32, u32),
    /// Other contents in a row: told once another identity follows, for a sender may have begun to count anew.
    held: Vec<(Place, u32)>,
    /// It has begun to count anew: its identities say nothing.
    counts_anew: bool,
}

/// Messages of two links with the same identity.
#[derive(Clone, Copy, Default)]
struct InCommon {
    same: u32,
    other: u32,
}

/// Remembers what was accepted.
#[derive(Default)]
pub struct Repeats {
    waiting: Vec<(Link, Accepted)>,
    links: Vec<LinkState>,
    by_link: HashMap<Link, u32, RandomState>,
    seen: HashMap<(u64, u32), Seen, RandomState>,
    origins: HashMap<u64, Origin, RandomState>,
    /// The messages in the order in which they came.
    order: VecDeque<(u64, u32)>,
    in_common: HashMap<(u32, u32), InCommon, RandomState>,
    forgotten: u64,
}

impl Repeats {
    /// What a link accepted, and how much more; looked at with [`Self::look`].
    pub fn take(&mut self, link: Link, accepted: &[Accepted], more: u64) {
        self.waiting.extend(accepted.iter().map(|accepted| (link, *accepted)));
        self.forgotten = self.forgotten.saturating_add(more);
    }

    /// Messages that were forgotten for others, or not looked at for want of room.
    #[must_use]
    pub const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Looks at what was taken, in order of time.
    pub fn look(&mut self, mut to: impl FnMut(Repeat)) {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.sort_by_key(|(link, accepted)| (accepted.place.time, accepted.place.frame.to_bits(), *link));
        for (link, accepted) in waiting.drain(..) {
            self.message(link, &accepted, &mut to);
        }
        self.waiting = waiting;
    }

    fn message(&mut self, link: Link, accepted: &Accepted, to: &mut dyn FnMut(Repeat)) {
        let Some(number) = self.number(link) else {
            self.forgotten += 1;
            return;
        };
        let place = accepted.place;
        let now = u32::try_from(place.time.seconds()).unwrap_or(u32::MAX);
        let (identity, content) = (accepted.fingerprint.identity, accepted.fingerprint.content as u32);
        let on_link = (identity, number);
        if accepted.fingerprint.for_ever {
            self.object(on_link, link, (content, now), place, to);
            return;
        }
        let Some(state) = self.links.get_mut(number as usize) else { return };
        let mut tell = |kind, place| to(Repeat { kind, link, place });
        let mut is_new = false;
        match self.seen.entry(on_link) {
            Entry::Vacant(vacant) => {
                vacant.insert(Seen { content, first: now, last: now, times: 0 });
                is_new = true;
                state.own = state.own.saturating_add(1);
                for (place, seconds) in state.held.drain(..) {
                    tell(RepeatKind::OtherContent { seconds }, place);
                }
            }
            Entry::Occupied(mut seen) => {
                let seen = seen.get_mut();
                let (later, seconds) = (now.saturating_sub(seen.last), now.saturating_sub(seen.first));
                if seen.content == content {
                    seen.times = seen.times.saturating_add(1);
                    seen.last = now;
                    if state.is_replayed(later, now) || seen.times >= AGAIN_MIN {
                        tell(RepeatKind::Again { seconds, times: seen.times }, place);
                    }
                } else {
                    *seen = Seen { content, first: now, last: now, times: 0 };
                    state.other_content(place, seconds);
                }
            }
        }
        let origin = self.origins.get(&identity).copied();
        match origin {
            Some(origin) if origin.link != number && now.saturating_sub(origin.time) <= PASSED_ON_SECONDS => {
                self.passed_on(number, origin, content, (place, now), to);
            }
            _ => drop(self.origins.insert(identity, Origin { content, time: now, link: number })),
        }
        if is_new {
            self.order.push_back(on_link);
            self.make_room();
        }
    }

    /// An object that is stored: who passes it on may add to it, and sends it as often as it is wanted.
    fn object(
        &mut self,
        on_link: (u64, u32),
        link: Link,
        (content, now): (u32, u32),
        place: Place,
        to: &mut dyn FnMut(Repeat),
    ) {
        match self.seen.entry(on_link) {
            Entry::Vacant(vacant) => {
                vacant.insert(Seen { content, first: now, last: now, times: 0 });
                self.order.push_back(on_link);
                self.make_room();
            }
            Entry::Occupied(mut seen) => {
                let seen = seen.get_mut();
                if seen.content != content {
                    let seconds = now.saturating_sub(seen.first);
                    to(Repeat { kind: RepeatKind::OtherForEver { seconds }, link, place });
                }
                *seen = Seen { content, first: now, last: now, times: 0 };
            }
        }
    }

    /// The message came on another link before.
    fn passed_on(
        &mut self,
        number: u32,
        origin: Origin,
        content: u32,
        (place, now): (Place, u32),
        to: &mut dyn FnMut(Repeat),
    ) {
        let link_of = |number: u32| self.links.get(number as usize).map(|state| state.link);
        let (Some(link), Some(first)) = (link_of(number), link_of(origin.link)) else { return };
        let pair = (number.min(origin.link), number.max(origin.link));
        let is_full = self.in_common.len() >= REPEAT_LINKS_MAX;
        let in_common = match self.in_common.entry(pair) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(_) if is_full => return,
            Entry::Vacant(vacant) => vacant.insert(InCommon::default()),
        };
        let before = *in_common;
        if origin.content == content {
            in_common.same = in_common.same.saturating_add(1);
            let elsewhere = link.responder == first.responder && link.initiator != first.initiator;
            if elsewhere && before.same < SAME_MIN {
                let seconds = now.saturating_sub(origin.time);
                to(Repeat { kind: RepeatKind::FromElsewhere { first, seconds }, link, place });
            }
        } else {
            in_common.other = in_common.other.saturating_add(1);
            if before.same >= SAME_MIN && before.other <= before.same / 10 {
                to(Repeat { kind: RepeatKind::ChangedOnTheWay { first }, link, place });
            }
        }
    }

    fn number(&mut self, link: Link) -> Option<u32> {
        if let Some(number) = self.by_link.get(&link) {
            return Some(*number);
        }
        if self.links.len() >= REPEAT_LINKS_MAX {
            return None;
        }
        let number = self.links.len() as u32;
        self.links.push(LinkState { link, own: 0, late: (0, 0), held: Vec::new(), counts_anew: false });
        self.by_link.insert(link, number);
        Some(number)
    }

    fn make_room(&mut self) {
        while self.order.len() > REMEMBERED_MAX {
            let Some(on_link) = self.order.pop_front() else { return };
            self.seen.remove(&on_link);
            self.origins.remove(&on_link.0);
            self.forgotten += 1;
        }
    }
}

impl LinkState {
    /// Whether a message that came again so late is one of several within an hour.
    const fn is_replayed(&mut self, later: u32, now: u32) -> bool {
        if later < LATE_SECONDS {
            return false;
        }
        if now.saturating_sub(self.late.0) > HOUR_SECONDS {
            self.late = (now, 0);
        }
        self.late.1 = self.late.1.saturating_add(1);
        self.late.1 >= LATE_MIN
    }

    fn other_content(&mut self, place: Place, seconds: u32) {
        if self.counts_anew || self.own < OWN_MIN {
            return;
        }
        self.held.push((place, seconds));
        if self.held.len() >= ANEW_MIN {
            self.held.clear();
            self.counts_anew = true;
        }
    }
}
