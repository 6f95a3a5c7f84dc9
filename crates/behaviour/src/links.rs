//! What hosts do with each other, folded on the worker: by link, and on a link by operation.
//!
//! A flow costs a look-up when it begins and an addition a minute, a message a few additions. The judge hears at once of a
//! link or an operation that was not seen before and of a value beyond those seen; of all the rest once a minute, in
//! [`Use`]s that begin anew whenever they were told: the judge adds them up, so that neither the number of workers nor the
//! cuts between batches show.

mod leases;
pub mod manner;
mod name;
mod naming;
mod operations;
pub mod points;
pub mod results;

use std::borrow::Cow;
use std::fmt;

use wardtap_dissect::fingerprint::Fingerprint;
use wardtap_dissect::{Direction, Envelope, Features, Message};
use wardtap_net::address::Address;
use wardtap_net::flow::{HashKey, Volume, fold};
use wardtap_net::peel::protocol;

use crate::observation::Place;
use crate::site::Site;
use crate::slots::{self, Slot, Slots};
pub use leases::of_lease;
use manner::{Manner, Manners};
pub use name::{OperationName, digest};
pub use naming::{
    answers_less, by_initiator, differing_feature, does_by_itself, done, is_answer, is_of_session, is_opaque, kind_of,
    parts, protocol_of, readable, tells_less, tells_who, value_of, whoever_it_is_for, without_each,
};
use operations::Operations;
pub use operations::{OPERATIONS_MAX, OperationNews, OperationUse, RANGES_MAX, ResponseTimes};

/// The first of the ports that no service is registered on (RFC 6335 section 6): which of them it is says nothing.
pub const DYNAMIC_PORTS: u16 = 49152;

/// Links of a shard that may take the place of others in a minute: who opens links by the thousand costs no more than this.
pub const REPLACED_MAX: usize = 64;

/// Messages that all links of a shard accept in a minute, and that are told one by one; further ones are counted.
pub const ACCEPTED_MAX: usize = 4096;

/// When a minute begins, one in so many octets for operations is free, as far as links are quiet.
const KEPT_FREE: usize = 8;

/// What one host uses of another: a port of a transport, or an IP protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Service {
    /// The IP protocol.
    pub transport: u8,
    /// The port of the end that answers; 0 stands for any of [`DYNAMIC_PORTS`], and for protocols without ports.
    pub port: u16,
}

impl Service {
    /// The service at a port of a transport.
    #[must_use]
    pub const fn at(transport: u8, port: u16) -> Self {
        match transport {
            protocol::TCP | protocol::UDP if port < DYNAMIC_PORTS => Self { transport, port },
            _ => Self { transport, port: 0 },
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.transport {
            protocol::TCP => "tcp",
            protocol::UDP => "udp",
            protocol::ICMP => return f.write_str("icmp"),
            protocol::ICMPV6 => return f.write_str("icmpv6"),
            other => return write!(f, "ip/{other}"),
        };
        if self.port == 0 { write!(f, "{name}/dynamic") } else { write!(f, "{name}/{}", self.port) }
    }
}

/// Who uses what of whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Link {
    /// Who opens conversations.
    pub initiator: Address,
    /// Who answers.
    pub responder: Address,
    /// What for.
    pub service: Service,
}

impl Link {
    /// The other way round, at the same service.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self { initiator: self.responder, responder: self.initiator, ..self }
    }

    fn hash(&self, key: HashKey) -> u64 {
        let ((a, b), (c, d)) = (self.initiator.halves(), self.responder.halves());
        let service = u64::from(self.service.transport) << 16 | u64::from(self.service.port);
        fold(fold(b ^ key.0, d ^ key.1 ^ service), (a ^ c.rotate_left(32)) ^ key.0)
    }
}

/// What a link did in one minute, or in a part of it.
#[derive(Clone, Debug)]
pub struct Use {
    /// The link.
    pub link: Link,
    /// The minute, counted from 1970-01-01T00:00:00Z.
    pub minute: u64,
    /// A frame of it.
    pub place: Place,
    /// Conversations that began.
    pub opened: u32,
    /// Conversations that ended without an answer.
    pub failed: u32,
    /// Conversations that an end of them closed.
    pub closed: u32,
    /// What the initiator and the responder sent.
    pub sent: [Volume; 2],
    /// Bytes of theirs that were missing.
    pub gap_bytes: [u64; 2],
    /// They were there and were not heard: the other end acknowledged what they sent.
    pub unheard: [bool; 2],
    /// How it was spoken.
    pub manners: Manners,
    /// What it did, by operation.
    pub operations: Vec<OperationUse>,
    /// Messages of operations that are not told apart.
    pub other_messages: u64,
    /// The messages that were accepted, where what carries them has fingerprints.
    pub accepted: Vec<Accepted>,
    /// Further ones that are not told one by one.
    pub accepted_more: u64,
}

impl Use {
    /// What of it is a habit: all but what hosts outside of the site say that they are.
    #[must_use]
    pub fn habits<'a>(&'a self, site: &Site) -> Cow<'a, Self> {
        let is_habit = |operation: &OperationUse| is_habit(&self.link, operation.from, &operation.name, site);
        if self.operations.iter().all(is_habit) {
            return Cow::Borrowed(self);
        }
        let mut habits = self.clone();
        habits.operations.retain(is_habit);
        Cow::Owned(habits)
    }
}

impl OperationNews {
    /// True unless a host outside of the site says what it is.
    #[must_use]
    pub fn is_habit(&self, site: &Site) -> bool {
        is_habit(&self.link, u8::from(is_answer(&self.name)), &self.name, site)
    }
}

fn is_habit(link: &Link, from: u8, name: &str, site: &Site) -> bool {
    let sender = if from == 0 { link.initiator } else { link.responder };
    site.is_inside(sender) || !tells_who(name)
}

/// A message that was accepted.
#[derive(Clone, Copy, Debug)]
pub struct Accepted {
    /// Which, and what it carried.
    pub fingerprint: Fingerprint,
    /// The frame that accepted it.
    pub place: Place,
}

/// A place in [`Links`], kept with a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkSlot(Slot);

/// The links of one shard.
pub struct Links {
    key: HashKey,
    slots: Slots<Entry>,
    /// Links that did something since they were told.
    active: Vec<Slot>,
    /// What links did that made room for others.
    gone: Vec<Use>,
    evicted: u64,
    /// Of those, the ones in the minute at hand.
    replaced: usize,
    /// Octets of the operations of all links.
    octets: usize,
    /// Octets of what waits to be told.
    waiting: usize,
    room: Room,
    /// Messages accepted in the minute at hand.
    accepted: usize,
    /// The minute at hand.
    minute: u64,
}

/// How much there may be of the links of a shard.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Links.
    pub links: usize,
    /// Octets of their operations: of their names, of what they are used for and what was seen of their values.
    pub operations: usize,
    /// Octets of what they did that wait to be told: with more, all of it is told before the minute is over.
    pub waiting: usize,
}

/// Octets that a link takes beside its operations: itself, and its place among others.
pub const LINK_OCTETS: usize = size_of::<Entry>() + 16;

/// Octets that what it did takes while it is told.
const TOLD_OCTETS: usize = 2 * size_of::<Use>();

struct Entry {
    hash: u64,
    /// It stands among the active ones.
    active: bool,
    told: Use,
    operations: Operations,
}

impl slots::Entry for Entry {
    fn hash(&self) -> u64 {
        self.hash
    }
}

impl Links {
    /// An empty table.
    #[must_use]
    pub fn new(key: HashKey, room: Room) -> Self {
        Self {
            key,
            slots: Slots::new(room.links),
            active: Vec::new(),
            gone: Vec::new(),
            evicted: 0,
            replaced: 0,
            octets: 0,
            waiting: 0,
            room,
            accepted: 0,
            minute: 0,
        }
    }

    /// Links given up for want of room, after what they did was told, and flows whose links found none.
    #[must_use]
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// True while a place belongs to the link that it was given for.
    #[inline]
    pub fn holds(&mut self, slot: LinkSlot) -> bool {
        self.slots.get_mut(slot.0).is_some()
    }

    /// True for a link that has a place.
    #[must_use]
    pub fn is_known(&self, link: &Link) -> bool {
        self.slots.find(link.hash(self.key), |entry| entry.told.link == *link).is_some()
    }

    /// The place of a link, and whether it is a new one; None where there is no room in this minute.
    pub fn open(&mut self, link: Link, place: Place) -> Option<(LinkSlot, bool)> {
        let hash = link.hash(self.key);
        if let Some(slot) = self.slots.find(hash, |entry| entry.told.link == link) {
            return Some((LinkSlot(slot), false));
        }
        if self.slots.is_full() && self.replaced >= REPLACED_MAX {
            return None;
        }
        let told = Use::nothing(link, self.minute, place);
        let (slot, old) = self.slots.add(Entry { hash, active: false, told, operations: Operations::default() });
        if let Some(mut old) = old {
            self.evicted += 1;
            self.replaced += 1;
            self.octets -= old.operations.octets();
            if old.active {
                old.told.operations = old.operations.hand_over();
                self.gone.push(old.told);
            }
        }
        Some((LinkSlot(slot), true))
    }

    /// A flow has ended whose link found no room.
    pub const fn turned_away(&mut self) {
        self.evicted += 1;
    }

    /// A conversation of the link began.
    pub fn began(&mut self, slot: LinkSlot, place: Place) {
        if let Some(entry) = self.entry(slot) {
            entry.told.opened = entry.told.opened.saturating_add(1);
            entry.told.place = place;
        }
    }

    /// A conversation of the link ended without an answer.
    pub fn failed(&mut self, slot: LinkSlot) {
        if let Some(entry) = self.entry(slot) {
            entry.told.failed = entry.told.failed.saturating_add(1);
        }
    }

    /// A conversation of the link was closed.
    pub fn closed(&mut self, slot: LinkSlot) {
        if let Some(entry) = self.entry(slot) {
            entry.told.closed = entry.told.closed.saturating_add(1);
        }
    }

    /// What the initiator and the responder have sent on top of what was told.
    pub fn sent(&mut self, slot: LinkSlot, more: [Volume; 2]) {
        if let Some(entry) = self.entry(slot) {
            for (sent, more) in entry.told.sent.iter_mut().zip(more) {
                sent.packets = sent.packets.saturating_add(more.packets);
                sent.bytes = sent.bytes.saturating_add(more.bytes);
            }
        }
    }

    /// Bytes were missing of what the initiator (0) or the responder (1) sent.
    pub fn gap(&mut self, slot: LinkSlot, from: u8, bytes: u64) {
        if let Some(entry) = self.entry(slot) {
            let missing = &mut entry.told.gap_bytes[usize::from(from & 1)];
            *missing = missing.saturating_add(bytes);
        }
    }

    /// The initiator (0) or the responder (1) was there and was not heard.
    pub fn unheard(&mut self, slot: LinkSlot, from: u8) {
        if let Some(entry) = self.entry(slot) {
            entry.told.unheard[usize::from(from & 1)] = true;
        }
    }

    /// Folds a message in, from the initiator (0) or the responder (1); what is to be told of it at once.
    #[inline]
    pub fn message(
        &mut self,
        slot: LinkSlot,
        from: u8,
        message: &dyn Message,
        envelope: &Envelope,
        features: &Features,
        place: Place,
    ) -> Option<Box<OperationNews>> {
        if envelope.direction == Direction::Response
            && let Some(fingerprint) = message.accepted()
        {
            self.accept(slot, Accepted { fingerprint, place });
        }
        let key = self.key;
        self.operation(slot, place, |operations, room| operations.take(key, room, from, message, envelope, features))
    }

    /// Folds in a payload of a protocol that is not read.
    #[inline]
    pub fn opaque(&mut self, slot: LinkSlot, from: u8, bytes: u64, place: Place) -> Option<Box<OperationNews>> {
        self.operation(slot, place, |operations, room| operations.take_opaque(room, from, bytes))
    }

    /// It was spoken in some manner.
    pub fn manner(&mut self, slot: LinkSlot, manner: Manner) {
        if let Some(entry) = self.entry(slot) {
            let count = &mut entry.told.manners[manner as usize];
            *count = count.saturating_add(1);
        }
    }

    #[inline]
    fn operation(
        &mut self,
        slot: LinkSlot,
        place: Place,
        take: impl FnOnce(&mut Operations, usize) -> operations::Outcome,
    ) -> Option<Box<OperationNews>> {
        let room = self.room.operations.saturating_sub(self.octets);
        let entry = self.entry(slot)?;
        entry.told.place = place;
        let before = (entry.operations.octets(), entry.operations.waiting());
        let outcome = take(&mut entry.operations, room);
        let more = (entry.operations.octets() - before.0, entry.operations.waiting() - before.1);
        let news = match outcome {
            operations::Outcome::Nothing => None,
            operations::Outcome::NotTold => {
                entry.told.other_messages = entry.told.other_messages.saturating_add(1);
                None
            }
            operations::Outcome::News { name, is_new, refuses, ranges, points } => {
                let link = entry.told.link;
                Some(Box::new(OperationNews { link, name, is_new, refuses, ranges, points, place }))
            }
        };
        self.octets += more.0;
        self.waiting += more.1;
        news
    }

    fn accept(&mut self, slot: LinkSlot, accepted: Accepted) {
        let is_told = self.accepted < ACCEPTED_MAX;
        self.accepted += usize::from(is_told);
        let Some(entry) = self.entry(slot) else { return };
        if is_told {
            entry.told.accepted.push(accepted);
            self.waiting += size_of::<Accepted>();
        } else {
            entry.told.accepted_more = entry.told.accepted_more.saturating_add(1);
        }
    }

    /// True where so much waits to be told that it is not to wait until the minute is over.
    #[inline]
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.waiting > self.room.waiting
    }

    /// The minute at hand.
    #[must_use]
    pub const fn minute(&self) -> u64 {
        self.minute
    }

    /// Hands over what links did in the minute at hand, in the order in which they did something first; `next` is the minute
    /// that begins, or the one at hand.
    pub fn hand_over(&mut self, next: u64, mut to: impl FnMut(Use)) {
        let is_over = next != self.minute;
        if is_over {
            (self.accepted, self.replaced) = (0, 0);
        }
        self.waiting = 0;
        self.gone.drain(..).for_each(&mut to);
        let minute = std::mem::replace(&mut self.minute, next);
        for slot in std::mem::take(&mut self.active) {
            let Some(entry) = self.slots.get_mut(slot) else { continue };
            entry.active = false;
            let nothing = Use::nothing(entry.told.link, next, entry.told.place);
            let mut told = std::mem::replace(&mut entry.told, nothing);
            told.minute = minute;
            told.operations = entry.operations.hand_over();
            to(told);
        }
        if is_over {
            self.keep_room();
        }
    }

    /// Where little room is left for operations, those of links that were quiet longest are forgotten: a site's devices meet
    /// ever more hosts outside, and what they did with each would be kept for good. Who comes back is told anew.
    fn keep_room(&mut self) {
        let most = self.room.operations - self.room.operations / KEPT_FREE;
        let octets = &mut self.octets;
        if *octets <= most {
            return;
        }
        self.slots.pass(|entry| {
            *octets -= std::mem::take(&mut entry.operations).octets();
            *octets > most
        });
    }

    /// The entry of a place that does something.
    #[inline]
    fn entry(&mut self, slot: LinkSlot) -> Option<&mut Entry> {
        self.slots.touch(slot.0);
        let entry = self.slots.get_mut(slot.0)?;
        if !entry.active {
            entry.active = true;
            entry.told.minute = self.minute;
            self.active.push(slot.0);
            self.waiting += TOLD_OCTETS;
        }
        Some(entry)
    }
}

impl Use {
    /// A link did something once in a minute.
    #[must_use]
    pub fn once(link: Link, operation: OperationUse, place: Place) -> Self {
        Self { operations: vec![operation], ..Self::nothing(link, place.time.seconds() / 60, place) }
    }

    const fn nothing(link: Link, minute: u64, place: Place) -> Self {
        let nothing = Volume { packets: 0, bytes: 0 };
        Self {
            link,
            minute,
            place,
            opened: 0,
            failed: 0,
            closed: 0,
            sent: [nothing; 2],
            gap_bytes: [0; 2],
            unheard: [false; 2],
            manners: [0; Manner::ALL.len()],
            operations: Vec::new(),
            other_messages: 0,
            accepted: Vec::new(),
            accepted_more: 0,
        }
    }
}

/// A link that was not seen before.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The link.
    pub link: Link,
    /// The frame that showed it.
    pub place: Place,
    /// It may be the other way round: neither a handshake nor ports say who asked.
    pub either_way: bool,
}
