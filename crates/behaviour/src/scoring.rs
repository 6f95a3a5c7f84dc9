//! What links do now beside what is normal: the live side of a baseline.
//!
//! A link costs a look-up and a few comparisons a minute, whatever the length of what was learned. What departs from the
//! baseline goes to the detections as [`Departure`]s; they decide what it means.

mod absence;
mod accept;
mod acquaintance;
mod adapt;
mod breadth;
mod calendar;
mod coverage;
mod departure;
mod follows;
mod hours;
mod kinship;
mod known;
mod limits;
mod live;
mod newcomers;
mod operations;
mod points;
mod silence;
mod table;
mod used;

use std::sync::LazyLock;

use hashbrown::HashMap;
use wardtap_net::address::Address;

use crate::baseline::file::BaselineError;
use crate::baseline::normal::Normal;
use crate::baseline::novelty::{Facet, circumstances};
use crate::baseline::packed::PackedLink;
use crate::baseline::profile::Profiles;
use crate::baseline::store::LinkKey;
use crate::device::Devices;
use crate::links::{Link, Opened, Service};
use crate::observation::Place;
use crate::parties::{Parties, Party, PartyLink};
use absence::LastHours;
use acquaintance::Acquaintance;
pub use adapt::{ADAPT_DAILY, ADAPT_MOST, Adaptation, Adapted, AdaptedQuantity};
use breadth::Breadth;
use calendar::Calendar;
use coverage::Coverage;
pub use coverage::{Blind, Blindness};
pub use departure::{Departure, Judged, KNOWN_MAX, What, score};
pub use kinship::Kinship;
use kinship::LazyKinship;
use live::LiveParty;
pub use newcomers::NEWCOMERS_MAX;
use newcomers::Newcomers;
pub use table::SEEN_OCTETS;
use table::{LinkId, Table};

/// The most links that are compared with the baseline; further ones are counted.
pub const LIVE_MAX: usize = 262_144;

/// Compares.
pub struct Scorer {
    profiles: Profiles,
    links: Table,
    kinship: LazyKinship,
    acquaintance: Acquaintance,
    calendar: Calendar,
    /// Where the operations of the minute at hand stand among those that its link knows.
    places: Vec<Option<usize>>,
    /// The links of which an end was there and not heard in the last hour.
    unheard: Vec<LinkId>,
    /// The parties that were active, by their place among parties.
    active: Vec<LiveParty>,
    /// Those of them that are missed where nothing comes of them, in order.
    steady: Vec<Party>,
    /// The devices that are not known, and whether all that each has done is typical of its make.
    new_devices: HashMap<Party, bool, foldhash::fast::RandomState>,
    breadth: Breadth,
    newcomers: Newcomers,
    coverage: Coverage,
    /// The half hour in which what is absent was looked for last.
    half_hour: u32,
    /// Hours in which the sensor heard little or nothing: nobody was silent in them.
    blind_hours: LastHours,
    adaptation: Option<Adaptation>,
}

impl Scorer {
    /// Compares with these profiles.
    #[must_use]
    pub fn new(mut profiles: Profiles, parties: &mut Parties) -> Self {
        let links = std::mem::take(&mut profiles.links);
        let mut scorer = Self::of_devices(profiles, parties);
        for (key, profile) in links {
            let LinkKey { initiator, responder, transport, port } = &key;
            let (ends, service) = ([&**initiator, &**responder], (*transport, *port));
            scorer.learned(ends, service, PackedLink::of(&profile), parties);
            LazyLock::force_mut(&mut scorer.kinship).take(ends, service, &profile);
        }
        scorer
    }

    /// Compares with what a file holds. What its links have in common is to be [given](Self::akin) to it.
    ///
    /// # Errors
    /// When it holds what no wardtap writes.
    pub fn load(normal: Normal, parties: &mut Parties) -> Result<Self, BaselineError> {
        let Normal { profiles, links, .. } = normal;
        let mut scorer = Self::of_devices(profiles, parties);
        links.each(|key, _, packed| {
            scorer.learned([key.initiator, key.responder], (key.transport, key.port), packed, parties);
        })?;
        scorer.acquaintance.shrink();
        scorer.links.shrink();
        Ok(scorer)
    }

    /// With what its links have in common, which is asked for once there is news.
    #[must_use]
    pub fn akin(self, kinship: impl FnOnce() -> Kinship + Send + 'static) -> Self {
        Self { kinship: LazyLock::new(Box::new(kinship)), ..self }
    }

    /// Takes in what is normal on a link.
    fn learned(&mut self, ends: [&str; 2], (transport, port): (u8, u16), packed: PackedLink, parties: &mut Parties) {
        let [initiator, responder] = ends.map(|end| parties.named(end));
        let link = PartyLink { initiator, responder, service: Service { transport, port } };
        if initiator != Party::ANYBODY {
            self.acquaintance.link(link, parties);
        }
        self.links.learned(link, packed);
    }

    /// With the devices of these profiles, and no links.
    fn of_devices(profiles: Profiles, parties: &mut Parties) -> Self {
        let mut acquaintance = Acquaintance::default();
        let (mut active, mut steady): (Vec<LiveParty>, _) = (Vec::new(), Vec::new());
        for (id, device) in &profiles.devices {
            let party = parties.named(id);
            acquaintance.device(party, parties);
            let live = LiveParty::new(device);
            steady.extend(live.is_missed().then_some(party));
            *at_place(&mut active, party) = live;
        }
        steady.sort_unstable();
        Self {
            profiles,
            links: Table::default(),
            kinship: LazyLock::new(Box::new(Kinship::default)),
            acquaintance,
            calendar: Calendar::default(),
            places: Vec::new(),
            unheard: Vec::new(),
            active,
            steady,
            new_devices: HashMap::default(),
            breadth: Breadth::default(),
            newcomers: Newcomers::default(),
            coverage: Coverage::default(),
            half_hour: 0,
            blind_hours: LastHours::default(),
            adaptation: None,
        }
    }

    /// Compares at most so many links, and never more than [`LIVE_MAX`].
    pub fn bound(&mut self, links_max: usize) {
        self.links.bound(links_max);
    }

    /// Has what is normal widen while it compares, or not.
    #[must_use]
    pub fn adapting(self, adaptation: Option<Adaptation>) -> Self {
        Self { adaptation, ..self }
    }

    /// Something was told of a link: what it does today is not taken for normal.
    pub fn told(&mut self, link: PartyLink) {
        if let Some(adaptation) = &mut self.adaptation {
            adaptation.told(link);
        }
    }

    /// What is normal; without the links.
    #[must_use]
    pub const fn profiles(&self) -> &Profiles {
        &self.profiles
    }

    /// Links, and things done on them, that were not compared for want of room.
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.links.refused().saturating_add(self.breadth.forgotten).saturating_add(self.newcomers.forgotten)
    }

    /// Takes a link that was not seen before.
    pub fn opened(
        &mut self,
        opened: &Opened,
        parties: &mut Parties,
        devices: &Devices,
        to: &mut dyn FnMut(Departure<'_>),
    ) {
        let Some(key) = parties.link(&opened.link, devices) else { return };
        let Some((id, true)) = self.links.begin(key, opened.link) else { return };
        let departure = |what| Departure {
            what,
            link: opened.link,
            parties: key,
            place: opened.place,
            time: opened.place.time,
            days: self.profiles.days.len() as u32,
            gap_bytes: 0,
            one_sided: false,
        };
        let novelty = &self.profiles.thresholds.novelty;
        let ids = [parties.id(key.initiator), parties.id(key.responder)];
        let typical = self.acquaintance.is_typical(key, parties);
        // Whoever is new to the site may use what a good part of it uses.
        let usual = [typical[0] || self.acquaintance.is_common(key), typical[1]];
        let mut strange = None;
        for (place, party) in [key.initiator, key.responder].into_iter().enumerate() {
            if !party.is_device() || self.acquaintance.has_device(party) {
                continue;
            }
            strange = Some(strange.unwrap_or(true) && usual[place]);
            // Told once, and again when it first does what others of its make do not.
            let before = self.new_devices.get(&party).copied();
            self.new_devices.insert(party, before.unwrap_or(true) && usual[place]);
            if before.is_none_or(|all_usual| all_usual && !usual[place]) {
                let (_, rare) = novelty.surprise(Facet::Device, 0, &[]);
                to(departure(What::Device { initiates: place == 0, usual: usual[place], rare }));
            }
        }
        if let Some(typical) = strange {
            let offered = self.acquaintance.is_offered(key);
            to(departure(What::Strange { offered, typical }));
            return;
        }
        let reversed = PartyLink { initiator: key.responder, responder: key.initiator, ..key };
        if self.links.at(id).normal.is_some() || opened.either_way && self.links.find_learned(reversed).is_some() {
            return;
        }
        let circumstances = self.acquaintance.of_link(key, typical);
        let (surprise, rare) = novelty.surprise(Facet::Link, circumstances, &ids);
        let acquainted = circumstances & circumstances::ACQUAINTED != 0;
        let only_answers = acquainted && !self.acquaintance.asks(key.initiator, key.responder);
        let circumstances = circumstances | if only_answers { circumstances::ONLY_ANSWERS } else { 0 };
        to(departure(What::Link { circumstances, surprise, rare }));
    }

    /// Takes a device that came to an address of another.
    pub fn came_to(
        &mut self,
        address: Address,
        place: Place,
        parties: &mut Parties,
        devices: &Devices,
        to: &mut dyn FnMut(Departure<'_>),
    ) {
        let Some(part) = parties.of(address, devices).filter(|part| self.acquaintance.has_device(*part)) else {
            return;
        };
        let Some(stand_in) = parties.stand_in(address, devices) else { return };
        if self.acquaintance.has_device(stand_in) || self.new_devices.contains_key(&stand_in) {
            return;
        }
        self.new_devices.insert(stand_in, true);
        let service = Service { transport: 0, port: 0 };
        to(Departure {
            what: What::StandIn,
            link: Link { initiator: address, responder: address, service },
            parties: PartyLink { initiator: stand_in, responder: part, service },
            place,
            time: place.time,
            days: self.profiles.days.len() as u32,
            gap_bytes: 0,
            one_sided: false,
        });
    }
}

fn at_place(active: &mut Vec<LiveParty>, party: Party) -> &mut LiveParty {
    if active.len() <= party.index() {
        active.resize(party.index() + 1, LiveParty::default());
    }
    &mut active[party.index()]
}
