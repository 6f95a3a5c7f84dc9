//! Devices: who was heard, what each speaks.
//!
//! A device is `mac:…` only on evidence that the MAC address is its own (an ARP packet in which it claims the address),
//! else `ip:…`. The first id of an address stays.

use hashbrown::{HashMap, HashSet};
use wardtap_dissect::PROTOCOLS;
use wardtap_net::address::{Address, Mac};
use wardtap_net::packet::Timestamp;

/// The most devices known at once. Later ones are refused and counted: giving up a known one would make what is told
/// depend on how often workers repeat themselves.
pub const DEVICES_MAX: usize = 131_072;

/// The most refused addresses that are told apart, so that each is counted once however often workers tell of it, and
/// never more than half as many as devices. The count ends here: who floods a network with more invented ones than this
/// needs no better figure.
pub const REFUSED_MAX: usize = 65_536;

/// What is known of a device. Kept small: a scan must not fill the memory.
#[derive(Clone, Copy, Debug)]
pub struct Device {
    /// The address it was first heard from.
    pub address: Address,
    /// Its own MAC address, on evidence.
    pub mac: Option<Mac>,
    /// Whether `mac` names it.
    pub named_by_mac: bool,
    /// The VLAN it was first heard in.
    pub vlan: Option<u16>,
    /// When.
    pub first: Timestamp,
    roles: [u8; PROTOCOLS.len()],
}

const REQUESTER: u8 = 1;
const RESPONDER: u8 = 2;

impl Device {
    /// The id in events.
    #[must_use]
    pub fn id(&self) -> String {
        match self.mac {
            Some(mac) if self.named_by_mac => format!("mac:{mac}"),
            _ => format!("ip:{}", self.address),
        }
    }

    /// What it does in each protocol that it speaks: (index of the protocol, it asks, it answers).
    pub fn roles(&self) -> impl Iterator<Item = (usize, bool, bool)> {
        let roles = self.roles;
        (0..)
            .zip(roles)
            .filter(|&(_, role)| role != 0)
            .map(|(protocol, role)| (protocol, role & REQUESTER != 0, role & RESPONDER != 0))
    }
}

/// All devices, in the order in which they were first heard.
pub struct Devices {
    max: usize,
    all: Vec<Device>,
    by_address: HashMap<Address, u32, foldhash::fast::RandomState>,
    macs: HashSet<Mac, foldhash::fast::RandomState>,
    refused: HashSet<Address, foldhash::fast::RandomState>,
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
            by_address: HashMap::default(),
            macs: HashSet::default(),
            refused: HashSet::default(),
        }
    }

    /// Takes note of an address; gives back the device when it is new.
    pub fn heard(&mut self, address: Address, mac: Option<Mac>, vlan: Option<u16>, time: Timestamp) -> Option<&Device> {
        if let Some(&id) = self.by_address.get(&address) {
            // The id stays; that the address is this MAC's is known from now on. Of several the first counts: how often
            // a worker repeats a claim must not show.
            if let Some(device) = self.all.get_mut(id as usize) {
                device.mac = device.mac.or(mac);
            }
            return None;
        }
        if self.all.len() >= self.max {
            if self.refused.len() < REFUSED_MAX.min(self.max / 2) {
                self.refused.insert(address);
            }
            return None;
        }
        let named_by_mac = mac.is_some_and(|mac| self.macs.insert(mac));
        self.by_address.insert(address, self.all.len() as u32);
        self.all.push(Device { address, mac, named_by_mac, vlan, first: time, roles: [0; PROTOCOLS.len()] });
        self.all.last()
    }

    /// Takes note of what a device speaks.
    pub fn role(&mut self, address: Address, protocol: usize, requester: bool) {
        if let Some(&id) = self.by_address.get(&address)
            && let Some(device) = self.all.get_mut(id as usize)
            && let Some(role) = device.roles.get_mut(protocol)
        {
            *role |= if requester { REQUESTER } else { RESPONDER };
        }
    }

    /// The device of an address.
    #[must_use]
    pub fn get(&self, address: Address) -> Option<&Device> {
        self.all.get(*self.by_address.get(&address)? as usize)
    }

    /// All devices in the order in which they were first heard.
    pub fn iter(&self) -> impl Iterator<Item = &Device> {
        self.all.iter()
    }

    /// A number that changes whenever a device comes to have another id or address.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.all.len() as u64
    }

    /// Addresses for which there was no room; the most that are told apart stand for as many or more.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.len() as u64
    }
}
