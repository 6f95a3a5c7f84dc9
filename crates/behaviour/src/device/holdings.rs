//! Which address is whose: a table of addresses, those of one device chained, the latest first.

use hashbrown::HashTable;
use std::hash::BuildHasher;
use wardtap_net::address::Address;
use wardtap_net::packet::Timestamp;

use super::DeviceId;
use super::roles::Roles;

/// The most addresses of one device: many more than a host has, few enough to look through. Whoever claims more has no
/// further ones: they are devices by themselves, as those behind a router are.
pub(super) const ADDRESSES_MAX: usize = 64;

/// No address, at the end of a chain.
const NONE: u32 = u32::MAX;

/// An address.
#[derive(Clone, Copy, Debug)]
struct Held {
    address: Address,
    /// When its owner last claimed it; 0 where it never did.
    spoke: Timestamp,
    owner: DeviceId,
    /// The next of its owner's.
    next: u32,
    /// The VLAN in which its owner claimed it, or else it was first heard.
    vlan: Option<u16>,
    /// Roles that were told of it.
    roles: Roles,
    /// It is claimed for hardware addresses that stand for several routers or servers.
    is_virtual: bool,
    /// A server gives it to whom it likes.
    is_leased: bool,
    /// Whose part the owner plays there; itself where it is nobody's else.
    part: DeviceId,
}

/// The addresses of a device.
#[derive(Clone, Copy, Debug)]
struct Chain {
    first: u32,
    length: u32,
}

/// All addresses.
#[derive(Default)]
pub(super) struct Holdings {
    all: Vec<Held>,
    chains: Vec<Chain>,
    index: HashTable<u32>,
    hasher: foldhash::fast::RandomState,
}

impl Holdings {
    /// How many addresses there are.
    pub(super) const fn len(&self) -> usize {
        self.all.len()
    }

    /// The next device has no address yet.
    pub(super) fn add_device(&mut self) {
        self.chains.push(Chain { first: NONE, length: 0 });
    }

    /// The place of an address.
    pub(super) fn find(&self, address: Address) -> Option<usize> {
        let hash = self.hasher.hash_one(address);
        self.index.find(hash, |&place| self.all[place as usize].address == address).map(|&place| place as usize)
    }

    /// Adds an address that is not there.
    pub(super) fn add(&mut self, address: Address, owner: DeviceId, vlan: Option<u16>) -> usize {
        let (place, hash) = (self.all.len(), self.hasher.hash_one(address));
        let (all, hasher) = (&self.all, &self.hasher);
        self.index.insert_unique(hash, place as u32, |&place| hasher.hash_one(all[place as usize].address));
        self.all.push(Held {
            address,
            spoke: Timestamp::default(),
            owner,
            next: NONE,
            vlan,
            roles: Roles::default(),
            is_virtual: false,
            is_leased: false,
            part: owner,
        });
        self.link(place, owner);
        place
    }

    /// The address at a place.
    pub(super) fn address(&self, place: usize) -> Address {
        self.all[place].address
    }

    /// Whose the address at a place is.
    pub(super) fn owner(&self, place: usize) -> DeviceId {
        self.all[place].owner
    }

    /// The VLAN of the address at a place.
    pub(super) fn vlan(&self, place: usize) -> Option<u16> {
        self.all[place].vlan
    }

    /// When its owner last claimed it; None where it never did.
    pub(super) fn spoke(&self, place: usize) -> Option<Timestamp> {
        Some(self.all[place].spoke).filter(|spoke| *spoke > Timestamp::default())
    }

    /// Its owner has claimed it, in the VLAN that it is in: what is routed is heard in others too.
    pub(super) fn speaks(&mut self, place: usize, vlan: Option<u16>, time: Timestamp) {
        let held = &mut self.all[place];
        held.spoke = held.spoke.max(time);
        held.vlan = vlan.or(held.vlan);
    }

    /// True where it is claimed for a virtual hardware address.
    pub(super) fn is_virtual(&self, place: usize) -> bool {
        self.all[place].is_virtual
    }

    /// It is claimed for a virtual hardware address.
    pub(super) fn becomes_virtual(&mut self, place: usize) {
        self.all[place].is_virtual = true;
    }

    /// A server gives it to whom it likes.
    pub(super) fn becomes_leased(&mut self, place: usize) {
        self.all[place].is_leased = true;
    }

    /// True where a server gives it to whom it likes.
    pub(super) fn is_leased(&self, place: usize) -> bool {
        self.all[place].is_leased
    }

    /// Whose part the owner plays at an address.
    pub(super) fn part(&self, place: usize) -> DeviceId {
        self.all[place].part
    }

    /// The owner plays the part of another at an address.
    pub(super) fn plays(&mut self, place: usize, part: DeviceId) {
        self.all[place].part = part;
    }

    /// Notes a role; true where it is the first time.
    pub(super) fn is_first_role(&mut self, place: usize, role: Roles) -> bool {
        self.all[place].roles.add(role)
    }

    /// Gives an address to another device.
    pub(super) fn give(&mut self, place: usize, to: DeviceId) {
        let (from, next) = (self.all[place].owner, self.all[place].next);
        let chain = &mut self.chains[from.0 as usize];
        chain.length -= 1;
        if chain.first == place as u32 {
            chain.first = next;
        } else {
            let mut before = chain.first as usize;
            while self.all[before].next != place as u32 {
                before = self.all[before].next as usize;
            }
            self.all[before].next = next;
        }
        self.link(place, to);
    }

    /// Gives all addresses of a device to another.
    pub(super) fn give_all(&mut self, from: DeviceId, to: DeviceId) {
        let mut places: Vec<usize> = self.places(from).collect();
        places.reverse();
        places.into_iter().for_each(|place| self.give(place, to));
    }

    /// How many addresses a device has.
    pub(super) fn count(&self, device: DeviceId) -> usize {
        self.chains[device.0 as usize].length as usize
    }

    /// A device's addresses, the latest first.
    pub(super) fn of(&self, device: DeviceId) -> impl Iterator<Item = Address> {
        self.places(device).map(|place| self.all[place].address)
    }

    fn places(&self, device: DeviceId) -> impl Iterator<Item = usize> {
        let first = self.chains.get(device.0 as usize).map_or(NONE, |chain| chain.first);
        let known = |place: u32| Some(place as usize).filter(|_| place != NONE);
        std::iter::successors(known(first), move |&place| known(self.all[place].next))
    }

    fn link(&mut self, place: usize, owner: DeviceId) {
        let chain = &mut self.chains[owner.0 as usize];
        (self.all[place].owner, self.all[place].part) = (owner, owner);
        self.all[place].next = chain.first;
        (chain.first, chain.length) = (place as u32, chain.length + 1);
    }
}
