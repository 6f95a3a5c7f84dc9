//! What a device offers to others, or uses of them.

use std::collections::{BTreeMap, BTreeSet};

use wardtap_net::address::Address;
use wardtap_net::packet::Timestamp;

use super::room::{Room, entry, text};
use crate::links::{Service, Use, is_opaque, kind_of};

/// Services of one device that are told apart.
const SERVICES_MAX: usize = 64;

/// Peers of one service that are told apart.
const PEERS_MAX: usize = 64;

/// Protocols of one service that are told apart.
const PROTOCOLS_MAX: usize = 8;

/// The services of a device, in order.
#[derive(Clone, Debug, Default)]
pub struct Services(BTreeMap<Service, ServiceUse>);

/// How a service is used.
#[derive(Clone, Debug, Default)]
pub struct ServiceUse {
    /// What is spoken there, by name, as far as it is read.
    pub protocols: BTreeSet<Box<str>>,
    /// With whom inside.
    pub inside: Peers,
    /// With whom outside of the site.
    pub outside: Peers,
    /// Conversations that began.
    pub conversations: u64,
    /// Octets that who asks and who answers sent.
    pub bytes: [u64; 2],
    /// When the first minute of it began.
    pub first: Timestamp,
    /// When the last one ended.
    pub last: Timestamp,
}

/// Peers, each once; those without room make the number a lower bound.
#[derive(Clone, Debug, Default)]
pub struct Peers {
    known: BTreeSet<Address>,
    /// There were more.
    pub more: bool,
}

impl Peers {
    /// How many are told apart.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// True where there was none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Those that are told apart, in order.
    pub fn iter(&self) -> impl Iterator<Item = Address> {
        self.known.iter().copied()
    }

    fn add(&mut self, peer: Address, has_room: impl FnOnce(usize) -> bool) {
        if self.known.contains(&peer) {
            return;
        }
        if self.known.len() < PEERS_MAX && has_room(entry::<Address, ()>(self.known.len())) {
            self.known.insert(peer);
        } else {
            self.more = true;
        }
    }

    fn absorb(&mut self, other: &Self) {
        self.more |= other.more;
        for peer in &other.known {
            self.add(*peer, |_| true);
        }
    }
}

impl Services {
    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = (&Service, &ServiceUse)> {
        self.0.iter()
    }

    /// True where there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn take(&mut self, service: Service, used: &Use, peer: (Address, bool), room: &mut Room) {
        let octets = entry::<Service, ServiceUse>(self.0.len());
        if !self.0.contains_key(&service) && (self.0.len() >= SERVICES_MAX || !room.take(octets)) {
            return;
        }
        let (peer, is_outside) = peer;
        let begins = Timestamp::from_seconds(used.minute * 60);
        let known = self.0.entry(service).or_insert_with(|| ServiceUse { first: begins, ..ServiceUse::default() });
        known.first = known.first.min(begins);
        known.last = known.last.max(Timestamp::from_seconds((used.minute + 1) * 60));
        known.conversations = known.conversations.saturating_add(used.opened.into());
        for (bytes, sent) in known.bytes.iter_mut().zip(used.sent) {
            *bytes = bytes.saturating_add(sent.bytes);
        }
        let peers = if is_outside { &mut known.outside } else { &mut known.inside };
        peers.add(peer, |octets| room.take(octets));
        for operation in used.operations.iter().filter(|operation| !is_opaque(&operation.name)) {
            let protocol = kind_of(&operation.name).split(' ').next().unwrap_or_default();
            let octets = entry::<Box<str>, ()>(known.protocols.len()) + text(protocol);
            let is_new = !known.protocols.contains(protocol) && known.protocols.len() < PROTOCOLS_MAX;
            if is_new && room.take(octets) {
                known.protocols.insert(protocol.into());
            }
        }
    }

    pub(super) fn absorb(&mut self, other: &Self) {
        for (service, more) in &other.0 {
            if !self.0.contains_key(service) && self.0.len() >= SERVICES_MAX {
                continue;
            }
            let known =
                self.0.entry(*service).or_insert_with(|| ServiceUse { first: more.first, ..ServiceUse::default() });
            known.first = known.first.min(more.first);
            known.last = known.last.max(more.last);
            known.conversations = known.conversations.saturating_add(more.conversations);
            for (bytes, more) in known.bytes.iter_mut().zip(more.bytes) {
                *bytes = bytes.saturating_add(more);
            }
            known.inside.absorb(&more.inside);
            known.outside.absorb(&more.outside);
            known.protocols.extend(more.protocols.iter().cloned());
        }
    }
}
