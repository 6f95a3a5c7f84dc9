//! Who takes part in a link: a device under its id, whatever address it has; everybody outside of the site as one; groups
//! (multicast and broadcast) as one.

use std::sync::Arc;

use hashbrown::HashMap;
use wardtap_net::address::Address;

use crate::baseline::makes::{Make, make};
use crate::baseline::store::LinkKey;
use crate::device::{DeviceId, Devices};
use crate::links::{Link, Service};
use crate::site::Site;

/// The id of all that is outside of the site.
pub const OUTSIDE: &str = "outside";
/// The id of all groups.
pub const GROUP: &str = "group";
/// The id of whoever it is.
pub const ANYBODY: &str = "anybody";

/// Somebody who takes part in a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Party(u32);

impl Party {
    /// All that is outside of the site.
    pub const OUTSIDE: Self = Self(0);
    /// All groups.
    pub const GROUP: Self = Self(1);
    /// Whoever it is.
    pub const ANYBODY: Self = Self(2);

    /// True for a device.
    #[must_use]
    pub const fn is_device(self) -> bool {
        self.0 > 2
    }

    /// Its place in lists by party.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A link between parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartyLink {
    /// Who opens conversations.
    pub initiator: Party,
    /// Who answers.
    pub responder: Party,
    /// What for.
    pub service: Service,
}

impl PartyLink {
    /// What a device's service does with whoever it is: what all together never leave off, each one may.
    #[must_use]
    pub fn to_anybody(self) -> Option<Self> {
        let of_device = self.responder.is_device() && self.initiator != Party::ANYBODY;
        of_device.then_some(Self { initiator: Party::ANYBODY, ..self })
    }
}

/// All parties, numbered in the order in which they were first met.
pub struct Parties {
    site: Site,
    ids: Vec<Arc<str>>,
    makes: Vec<Option<Make>>,
    by_id: HashMap<Arc<str>, Party, foldhash::fast::RandomState>,
    by_device: Vec<Option<Party>>,
}

impl Parties {
    /// Nobody but the outside and groups.
    #[must_use]
    pub fn new(site: Site) -> Self {
        let (ids, makes, by_device) = (Vec::new(), Vec::new(), Vec::new());
        let mut parties = Self { site, ids, makes, by_id: HashMap::default(), by_device };
        parties.named(OUTSIDE);
        parties.named(GROUP);
        parties.named(ANYBODY);
        parties
    }

    /// The site.
    #[must_use]
    pub const fn site(&self) -> &Site {
        &self.site
    }

    /// The party with an id.
    pub fn named(&mut self, id: &str) -> Party {
        if let Some(party) = self.by_id.get(id) {
            return *party;
        }
        let party = Party(u32::try_from(self.ids.len()).unwrap_or(u32::MAX));
        let id: Arc<str> = id.into();
        self.makes.push(make(&id));
        self.ids.push(Arc::clone(&id));
        self.by_id.insert(id, party);
        party
    }

    /// The id of the party at a place in lists by party.
    #[must_use]
    pub fn id_at(&self, place: usize) -> Option<&str> {
        self.ids.get(place).map(|id| &**id)
    }

    /// The id of a party.
    #[must_use]
    pub fn id(&self, party: Party) -> &str {
        self.ids.get(party.index()).map_or(OUTSIDE, |id| id)
    }

    /// Who made a party, where its id says so.
    #[must_use]
    pub fn make(&self, party: Party) -> Option<Make> {
        self.makes.get(party.index()).copied().flatten()
    }

    /// A link by the ids of its ends.
    #[must_use]
    pub fn key(&self, link: PartyLink) -> LinkKey {
        let PartyLink { initiator, responder, service: Service { transport, port } } = link;
        let (initiator, responder) = (self.id(initiator).to_owned(), self.id(responder).to_owned());
        LinkKey { initiator, responder, transport, port }
    }

    /// The party that has an address now, or whose part is played there; None for an address of the site that no device
    /// was heard from, and for which there is nothing to learn.
    pub fn of(&mut self, address: Address, devices: &Devices) -> Option<Party> {
        if !address.is_host() {
            return Some(Party::GROUP);
        }
        if !self.site.is_inside(address) {
            return Some(Party::OUTSIDE);
        }
        Some(self.of_device(devices.part(address)?, devices))
    }

    /// Who has an address and plays the part of another there.
    pub fn stand_in(&mut self, address: Address, devices: &Devices) -> Option<Party> {
        let owner = devices.owner(address).filter(|owner| devices.part(address) != Some(*owner))?;
        self.site.is_inside(address).then(|| self.of_device(owner, devices))
    }

    fn of_device(&mut self, device: DeviceId, devices: &Devices) -> Party {
        if let Some(Some(party)) = self.by_device.get(device.index()) {
            return *party;
        }
        let party = self.named(&devices.id_of(device));
        if self.by_device.len() <= device.index() {
            self.by_device.resize(device.index() + 1, None);
        }
        self.by_device[device.index()] = Some(party);
        party
    }

    /// A link between the parties that have its addresses now.
    pub fn link(&mut self, link: &Link, devices: &Devices) -> Option<PartyLink> {
        let (initiator, responder) = (self.of(link.initiator, devices), self.of(link.responder, devices)?);
        Some(PartyLink { initiator: initiator?, responder, service: link.service })
    }
}
