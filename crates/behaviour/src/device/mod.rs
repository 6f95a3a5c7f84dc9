//! Devices: who is who, what each speaks.
//!
//! A device is `mac:…` only on evidence that the MAC address is its own (it claimed an address in ARP or neighbour
//! discovery, or a DHCP server gave it one), else `ip:…`. Its id stays whatever address it takes later; addresses move
//! between devices. Who claims what is in [`claims`], who holds what in [`holdings`], who holds what was leased while nobody watched in [`met`].

mod claims;
mod holdings;
mod met;
mod name;
mod roles;
mod words;

use std::collections::BTreeSet;

use hashbrown::{HashMap, HashSet};
use wardtap_net::address::{Address, Mac};
use wardtap_net::packet::Timestamp;

use claims::Contest;
use holdings::{ADDRESSES_MAX, Holdings};
pub use name::Name;
use roles::Roles;
pub use words::{CHANGES_MAX, Reworded, WORDS_MAX, Words};

use crate::observation::Claimed;

/// The most devices known at once, and the most addresses. Later ones are refused and counted: giving up a known one
/// would make what is told depend on how often workers repeat themselves.
pub const DEVICES_MAX: usize = 131_072;

/// The most refused addresses that are told apart, so that each is counted once however often workers tell of it, and
/// never more than half as many as devices. The count ends here: who floods a network with more invented ones than this
/// needs no better figure.
pub const REFUSED_MAX: usize = 65_536;

/// The most devices that play the part of others and are known by it when they come back.
pub const STAND_INS_MAX: usize = 4096;

/// A device by its place in [`Devices`]: never another's, in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(pub u32);

impl DeviceId {
    /// Its place in lists by device.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What is known of a device. Kept small: a scan must not fill the memory.
#[derive(Clone, Copy, Debug)]
pub struct Device {
    /// What names it, for ever.
    pub name: Name,
    /// Its own MAC address, on evidence.
    pub mac: Option<Mac>,
    /// The VLAN it was first heard in.
    pub vlan: Option<u16>,
    /// When it was first heard; of one that is only known from a baseline or the assets file, 0.
    pub first: Timestamp,
    roles: Roles,
    heard: bool,
    /// A baseline made it known.
    learned: bool,
    /// All of its addresses are leased.
    lessee: bool,
    /// When it was last heard, in seconds since 1970; 0 where that is not kept.
    last: u32,
    /// The older device that it proved to be.
    same_as: Option<DeviceId>,
}

impl Device {
    /// The id in events.
    #[must_use]
    pub fn id(&self) -> String {
        self.name.to_string()
    }

    /// True once it was heard in this capture.
    #[must_use]
    pub const fn is_heard(&self) -> bool {
        self.heard
    }

    /// True where a baseline made it known.
    #[must_use]
    pub const fn is_learned(&self) -> bool {
        self.learned
    }

    /// When it was last heard, to the second; None where what links do is not looked at.
    #[must_use]
    pub const fn last_seen(&self) -> Option<u32> {
        if self.last > 0 { Some(self.last) } else { None }
    }

    /// What it does in each protocol that it speaks: (index of the protocol, it asks, it answers).
    pub fn roles(&self) -> impl Iterator<Item = (usize, bool, bool)> {
        self.roles.each()
    }
}

/// Something has changed about who is who.
#[derive(Clone, Debug)]
pub enum IdentityChange {
    /// A device was heard for the first time.
    Appeared {
        /// Which.
        device: DeviceId,
        /// By which address.
        address: Address,
        /// Who had it before.
        from: Option<DeviceId>,
    },
    /// A known device has a further address, or is known to have this one.
    Gained {
        /// Which.
        device: DeviceId,
        /// The address.
        address: Address,
        /// Who had it before.
        from: Option<DeviceId>,
        /// It had the address, and its hardware address has become known.
        is_mac: bool,
    },
    /// Two devices proved to be one.
    Same {
        /// The older of the two, which stays.
        device: DeviceId,
        /// What named the younger.
        was: Name,
        /// The address that proved it.
        address: Address,
    },
    /// An address was claimed while its owner lives; the owner keeps it for now.
    Contended {
        /// The owner.
        owner: DeviceId,
        /// Who claims it, where its hardware address is known, and an address that it has.
        claimant: Option<(DeviceId, Address)>,
        /// The claim.
        claim: Claimed,
    },
    /// The owner of an address that was contended claims it again.
    Defended {
        /// The owner.
        owner: DeviceId,
        /// Its claim.
        claim: Claimed,
    },
}

/// All devices, in the order in which they became known.
pub struct Devices {
    max: usize,
    all: Vec<Device>,
    /// Some device proved to be another.
    any_same: bool,
    /// Some device has leased addresses alone.
    any_lessee: bool,
    /// The networks in which addresses are leased.
    leased_networks: HashSet<u32, foldhash::fast::RandomState>,
    /// The addresses of which a frame was met.
    met: HashSet<Address, foldhash::fast::RandomState>,
    holdings: Holdings,
    by_mac: HashMap<Mac, DeviceId, foldhash::fast::RandomState>,
    contests: Vec<Contest>,
    contests_forgotten: u64,
    refused: HashSet<Address, foldhash::fast::RandomState>,
    /// Who plays whose part.
    stand_ins: BTreeSet<(DeviceId, DeviceId)>,
}

impl Default for Devices {
    fn default() -> Self {
        Self::new(DEVICES_MAX)
    }
}

impl Devices {
    /// At most so many, and never more than [`DEVICES_MAX`].
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self {
            max: max.min(DEVICES_MAX),
            all: Vec::new(),
            any_same: false,
            any_lessee: false,
            leased_networks: HashSet::default(),
            met: HashSet::default(),
            holdings: Holdings::default(),
            by_mac: HashMap::default(),
            contests: Vec::new(),
            contests_forgotten: 0,
            refused: HashSet::default(),
            stand_ins: BTreeSet::new(),
        }
    }

    /// Makes a device known before it is heard, from a baseline or the assets file: it has that id from the start.
    /// Called again with the same id, another MAC address and further addresses are those of its other interfaces.
    ///
    /// None where the table is full, or `id` is none.
    pub fn learned(&mut self, id: &str, mac: Option<Mac>, addresses: &[Address]) -> Option<DeviceId> {
        let name: Name = id.parse().ok()?;
        let known = match name {
            Name::Mac(mac) => self.by_mac(mac),
            Name::Ip { address, .. } => self.owner(address),
        };
        let known = known.filter(|&known| self.get(known).is_some_and(|device| device.name == name));
        let device = match known {
            Some(device) => device,
            None => self.add(name)?,
        };
        self.all[device.0 as usize].learned = true;
        let named = if let Name::Mac(mac) = name { Some(mac) } else { None };
        for mac in named.into_iter().chain(mac) {
            self.by_mac.entry(mac).or_insert(device);
            let known = &mut self.all[device.0 as usize].mac;
            *known = known.or(Some(mac));
        }
        let named = if let Name::Ip { address, .. } = name { Some(address) } else { None };
        for address in addresses.iter().copied().chain(named) {
            if self.holdings.find(address).is_none() && self.holdings.len() < self.max {
                self.holdings.add(address, device, None);
            }
        }
        Some(device)
    }

    /// Gives a known address to a known device. Where either has too many, it stays as it is.
    pub fn has(&mut self, address: Address, device: DeviceId) {
        let few = |device: DeviceId| self.holdings.count(device) <= ADDRESSES_MAX;
        let (Some(place), Some(owner)) = (self.holdings.find(address), self.owner(address)) else { return };
        if owner != device && few(owner) && few(device) {
            self.holdings.give(place, device);
        }
    }

    /// Takes note of a packet from an address.
    pub fn heard(&mut self, address: Address, vlan: Option<u16>, time: Timestamp, changes: &mut Vec<IdentityChange>) {
        let device = self.owner(address).or_else(|| self.add_by_address(address, vlan));
        if let Some(device) = device {
            self.appear(device, address, None, vlan, time, changes);
        }
    }

    /// The device of an address sent something.
    pub fn seen(&mut self, address: Address, time: Timestamp) {
        let Some(device) = self.owner(address) else { return };
        let last = &mut self.all[device.0 as usize].last;
        *last = (*last).max(u32::try_from(time.seconds()).unwrap_or(u32::MAX));
    }

    /// Takes note of what the device of an address speaks; gives the device back where it did not do so before.
    ///
    /// Each role counts once for an address, for who had it then: how often workers repeat it must not show.
    pub fn role(&mut self, address: Address, protocol: usize, requester: bool) -> Option<DeviceId> {
        let role = Roles::one(protocol, requester);
        let place = self.holdings.find(address)?;
        if !self.holdings.is_first_role(place, role) {
            return None;
        }
        let owner = self.resolve(self.holdings.owner(place));
        self.all.get_mut(owner.0 as usize)?.roles.add(role).then_some(owner)
    }

    /// Whose hardware address it is.
    #[must_use]
    pub fn with_mac(&self, mac: Mac) -> Option<DeviceId> {
        self.by_mac(mac)
    }

    /// Who has an address now.
    #[must_use]
    pub fn owner(&self, address: Address) -> Option<DeviceId> {
        self.holdings.find(address).map(|place| self.resolve(self.holdings.owner(place)))
    }

    /// Whose part the owner of an address plays there: its own, or that of who had the address before.
    #[must_use]
    pub fn part(&self, address: Address) -> Option<DeviceId> {
        self.holdings.find(address).map(|place| self.resolve(self.holdings.part(place)))
    }

    /// True where a server gives an address to whom it likes.
    #[must_use]
    pub fn is_leased(&self, address: Address) -> bool {
        self.holdings.find(address).is_some_and(|place| self.holdings.is_leased(place))
    }

    /// A server gives an address to whom it likes.
    pub fn leases(&mut self, address: Address) {
        if let Some(place) = self.holdings.find(address) {
            self.holdings.becomes_leased(place);
            self.leased_networks.extend(met::network(address));
        }
    }

    /// A device takes the addresses of another over, and plays its part there. Further ones than [`STAND_INS_MAX`] are not
    /// remembered beyond the addresses that they have.
    pub fn stands_in(&mut self, device: DeviceId, part: DeviceId) {
        if device != part && self.stand_ins.len() < STAND_INS_MAX {
            self.stand_ins.insert((device, part));
        }
    }

    /// Who plays whose part.
    pub fn stand_ins(&self) -> impl Iterator<Item = (DeviceId, DeviceId)> {
        self.stand_ins.iter().map(|&(device, part)| (self.resolve(device), self.resolve(part)))
    }

    fn stands_in_for(&self, device: DeviceId, part: DeviceId) -> bool {
        device == part || self.stand_ins.contains(&(device, part))
    }

    /// The device that has an address now.
    #[must_use]
    pub fn of(&self, address: Address) -> Option<&Device> {
        self.get(self.owner(address)?)
    }

    /// A device; of one that proved to be another, that one.
    #[must_use]
    pub fn get(&self, device: DeviceId) -> Option<&Device> {
        self.all.get(self.resolve(device).0 as usize)
    }

    /// A device's id in events.
    #[must_use]
    pub fn id_of(&self, device: DeviceId) -> String {
        self.get(device).map(Device::id).unwrap_or_default()
    }

    /// An address that the device has: the latest that it came to.
    #[must_use]
    pub fn address_of(&self, device: DeviceId) -> Option<Address> {
        self.addresses(device).next()
    }

    /// The addresses that the device has, the latest first.
    pub fn addresses(&self, device: DeviceId) -> impl Iterator<Item = Address> {
        self.holdings.of(self.resolve(device))
    }

    /// All devices in the order in which they became known, each once whatever it was taken for.
    pub fn iter(&self) -> impl Iterator<Item = (DeviceId, &Device)> {
        (0..).map(DeviceId).zip(&self.all).filter(|(_, device)| device.same_as.is_none())
    }

    /// Addresses for which there was no room; the most that are told apart stand for as many or more.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.len() as u64
    }

    /// Contested addresses that were given up for want of room.
    #[must_use]
    pub const fn contests_forgotten(&self) -> u64 {
        self.contests_forgotten
    }

    /// Follows what proved to be the same; always to an older one, so it ends.
    #[must_use]
    pub fn resolve(&self, mut device: DeviceId) -> DeviceId {
        // Hardly ever so, and who is asked for in vain is far away in memory.
        if !self.any_same {
            return device;
        }
        while let Some(older) = self.all.get(device.0 as usize).and_then(|device| device.same_as) {
            device = older;
        }
        device
    }

    /// True where a device has a hardware address.
    #[must_use]
    pub fn has_mac(&self, mac: Mac) -> bool {
        self.by_mac.contains_key(&mac)
    }

    fn by_mac(&self, mac: Mac) -> Option<DeviceId> {
        self.by_mac.get(&mac).map(|&device| self.resolve(device))
    }

    /// A new device without an address; None where the table is full.
    fn add(&mut self, name: Name) -> Option<DeviceId> {
        if self.all.len() >= self.max {
            return None;
        }
        let device = DeviceId(self.all.len() as u32);
        self.all.push(Device {
            name,
            mac: None,
            vlan: None,
            first: Timestamp::default(),
            roles: Roles::default(),
            heard: false,
            learned: false,
            lessee: false,
            last: 0,
            same_as: None,
        });
        self.holdings.add_device();
        Some(device)
    }

    /// A new device that is named by its address.
    fn add_by_address(&mut self, address: Address, vlan: Option<u16>) -> Option<DeviceId> {
        let device = if self.has_room(address) { self.add(Name::Ip { address, vlan: None }) } else { None }?;
        self.holdings.add(address, device, vlan);
        Some(device)
    }

    /// True where a further address can be kept; it is counted where not.
    fn has_room(&mut self, address: Address) -> bool {
        let room = self.holdings.len() < self.max && self.all.len() < self.max;
        if !room && self.refused.len() < REFUSED_MAX.min(self.max / 2) {
            self.refused.insert(address);
        }
        room
    }

    /// A device has shown itself; true where it was the first time.
    fn appear(
        &mut self,
        device: DeviceId,
        address: Address,
        from: Option<DeviceId>,
        vlan: Option<u16>,
        time: Timestamp,
        changes: &mut Vec<IdentityChange>,
    ) -> bool {
        let Some(known) = self.all.get_mut(device.0 as usize).filter(|known| !known.heard) else { return false };
        (known.heard, known.first, known.vlan) = (true, time, vlan);
        changes.push(IdentityChange::Appeared { device, address, from });
        true
    }
}
