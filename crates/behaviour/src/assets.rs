//! What the hospital knows of its devices.
//!
//! Kept apart from the devices that were heard: an entry is found by the MAC address that is proven to be a device's own,
//! else by its address. One entry may have several of both, since one device may have several interfaces.

use hashbrown::HashMap;
use wardtap_net::address::{Address, Mac};
use wardtap_net::packet::Timestamp;

use crate::alert::Severity;
use crate::class::Class;

/// The most entries: as many as devices are known.
pub const ASSETS_MAX: usize = 131_072;
/// The most addresses, MAC addresses and maintenance windows of one entry, each.
pub const ASSET_PARTS_MAX: usize = 64;

/// What depends on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Criticality {
    /// Care goes on without it.
    Low,
    /// Care is slower without it.
    Medium,
    /// Care suffers without it.
    High,
    /// A life depends on it.
    LifeSupporting,
}

/// Where a device is in its service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// At its place.
    #[default]
    InService,
    /// Somewhere else for a while.
    OnLoan,
    /// Being repaired or checked.
    Workshop,
    /// Not to be seen any more.
    Retired,
}

/// Whether a device may be taken off the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Isolation {
    /// Never while it is in use on a patient.
    NeverWhileInUse,
    /// After clinical engineering was asked.
    Ask,
    /// At any time.
    Safe,
}

/// A closed list of words that stand in files and events.
macro_rules! words {
    ($type:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $type {
            /// All, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in files and events.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }
    };
}
words!(Criticality { Low = "low", Medium = "medium", High = "high", LifeSupporting = "life-supporting" });
words!(Status { InService = "in-service", OnLoan = "on-loan", Workshop = "workshop", Retired = "retired" });
words!(Isolation { NeverWhileInUse = "never-while-in-use", Ask = "ask", Safe = "safe" });

/// Time in which work on a device is announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// When it begins.
    pub from: Timestamp,
    /// When it is over: the first moment after it.
    pub to: Timestamp,
}

/// What the hospital knows of a device; what it does not say is empty or `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asset {
    /// The MAC addresses of its interfaces.
    pub macs: Vec<Mac>,
    /// Its addresses.
    pub addresses: Vec<Address>,
    /// What people call it.
    pub name: String,
    /// What it is.
    pub class: Class,
    /// Who made it.
    pub vendor: String,
    /// Which of the maker's.
    pub model: String,
    /// Where it is.
    pub location: String,
    /// What it does for patients.
    pub function: String,
    /// What depends on it.
    pub criticality: Option<Criticality>,
    /// Where it is in its service.
    pub status: Status,
    /// Whether it may be taken off the network.
    pub isolation: Option<Isolation>,
    /// What to do without it.
    pub workaround: String,
    /// When work on it is announced.
    pub maintenance: Vec<Window>,
}

impl Asset {
    /// True while work on it is announced.
    #[must_use]
    pub fn in_maintenance(&self, now: Timestamp) -> bool {
        self.maintenance.iter().any(|window| window.from <= now && now < window.to)
    }
}

/// Why an entry cannot be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The entry at this place, counted from 0, has the address already.
    Address(Address, usize),
    /// The entry at this place, counted from 0, has the MAC address already.
    Mac(Mac, usize),
    /// There are [`ASSETS_MAX`] entries.
    Full,
}

/// All entries.
#[derive(Clone, Debug, Default)]
pub struct Assets {
    all: Vec<Asset>,
    by_mac: HashMap<Mac, u32, foldhash::fast::RandomState>,
    by_address: HashMap<Address, u32, foldhash::fast::RandomState>,
}

impl Assets {
    /// Adds an entry.
    ///
    /// # Errors
    /// When another entry has one of its addresses, or there is no room.
    pub fn add(&mut self, asset: Asset) -> Result<(), Refused> {
        if self.all.len() >= ASSETS_MAX {
            return Err(Refused::Full);
        }
        if let Some((mac, other)) = asset.macs.iter().find_map(|mac| Some((*mac, *self.by_mac.get(mac)?))) {
            return Err(Refused::Mac(mac, other as usize));
        }
        if let Some((ip, other)) = asset.addresses.iter().find_map(|ip| Some((*ip, *self.by_address.get(ip)?))) {
            return Err(Refused::Address(ip, other as usize));
        }
        let place = self.all.len() as u32;
        self.by_mac.extend(asset.macs.iter().map(|mac| (*mac, place)));
        self.by_address.extend(asset.addresses.iter().map(|address| (*address, place)));
        self.all.push(asset);
        Ok(())
    }

    /// The entry of a device: of its own MAC address, where that is proven, else of its address.
    #[must_use]
    pub fn of(&self, address: Address, mac: Option<Mac>) -> Option<&Asset> {
        let by_mac = mac.and_then(|mac| self.by_mac.get(&mac));
        let place = by_mac.or_else(|| self.by_address.get(&address))?;
        self.all.get(*place as usize)
    }

    /// The entry of a device that has no address.
    #[must_use]
    pub fn of_mac(&self, mac: Mac) -> Option<&Asset> {
        self.all.get(*self.by_mac.get(&mac)? as usize)
    }

    /// All entries, as given.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Asset> {
        self.all.iter()
    }

    /// True without any entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

/// How bad a deviation is at a device: one step worse where care depends on the device, one step less where care goes on
/// without it. Nothing is known of the others. What may well be everyday life (`low`) does not become likelier by what depends
/// on the device, nor what is worth knowing at most (`info`).
#[must_use]
pub fn severity(base: Severity, criticality: Option<Criticality>) -> Severity {
    let step = match criticality {
        Some(Criticality::High | Criticality::LifeSupporting) if base > Severity::Low => 1,
        Some(Criticality::Low) => -1,
        _ => 0,
    };
    let place = (base as usize).saturating_add_signed(step).min(Severity::ALL.len() - 1);
    Severity::ALL.get(place).copied().unwrap_or(base)
}
