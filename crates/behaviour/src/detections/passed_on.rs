//! What is told of one link is not told again of those that pass the same on: an engine that relays what it is sent.

use std::collections::VecDeque;

use wardtap_net::packet::{NANOS_PER_SECOND, Timestamp};

use crate::links::{is_opaque, kind_of};
use crate::parties::PartyLink;

/// It belongs together for so long after it was last seen.
const WINDOW_NANOS: u64 = 4 * 3600 * NANOS_PER_SECOND;

/// The most that are remembered; what was quiet longest gives way.
const KNOWN_MAX: usize = 256;

/// What was seen lately, and on which links.
pub struct PassedOn<W> {
    known: VecDeque<Known<W>>,
    forgotten: u64,
}

struct Known<W> {
    link: PartyLink,
    what: W,
    last: Timestamp,
    /// It is that of another link.
    passed_on: bool,
}

impl<W> Default for PassedOn<W> {
    fn default() -> Self {
        Self { known: VecDeque::new(), forgotten: 0 }
    }
}

impl<W> PassedOn<W> {
    /// Takes what is seen on a link; true where a link that leads to it, or that it leads to, has shown the same.
    pub fn take(&mut self, link: PartyLink, what: W, now: Timestamp, is_same: impl Fn(&W, &W) -> bool) -> bool {
        self.known.retain(|known| now.since(known.last) <= WINDOW_NANOS);
        let same = |known: &Known<W>| is_same(&known.what, &what);
        if let Some(known) = self.known.iter_mut().find(|known| known.link == link && same(known)) {
            known.last = now;
            return known.passed_on;
        }
        let leads =
            |one: &PartyLink, next: &PartyLink| one.responder == next.initiator && one.initiator != next.responder;
        let passed_on =
            self.known.iter().any(|known| same(known) && (leads(&known.link, &link) || leads(&link, &known.link)));
        if self.known.len() >= KNOWN_MAX {
            self.known.pop_front();
            self.forgotten += 1;
        }
        self.known.push_back(Known { link, what, last: now, passed_on });
        passed_on
    }

    /// What gave way while the same might have been passed on.
    #[must_use]
    pub const fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

/// True where two messages of what is read are of one kind, and differ in one feature at most: who passes a message on
/// writes its own name, or that of the next one.
#[must_use]
pub fn is_like_but_for_one(one: &str, other: &str) -> bool {
    let parts = one.split('\t').zip(other.split('\t'));
    let is_same_kind = kind_of(one) == kind_of(other) && one.matches('\t').count() == other.matches('\t').count();
    is_same_kind && !is_opaque(one) && parts.filter(|(one, other)| one != other).count() <= 1
}
