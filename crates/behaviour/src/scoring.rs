//! What links do now beside what is normal: the live side of a baseline.
//!
//! A link costs a look-up and a few comparisons a minute, whatever the length of what was learned. What departs from the
//! baseline goes to the detections as [`Departure`]s; they decide what it means.

mod adapt;
mod coverage;
mod departure;
mod hours;
mod live;
mod points;
mod silence;

use hashbrown::{HashMap, HashSet};
use wardtap_net::address::Address;
use wardtap_net::packet::Timestamp;

use crate::baseline::kin::Kin;
use crate::baseline::makes::{Habit, Makes};
use crate::baseline::measure::{Measure, REFUSALS_OF_MIN, beside, beyond};
use crate::baseline::novelty::{Facet, circumstances, shape};
use crate::baseline::profile::{LinkProfile, Profiles};
use crate::baseline::store::{ANSWERS_MIN, Activity, MINUTES_PER_HOUR, witnesses};
use crate::device::Devices;
use crate::links::{Link, Opened, OperationNews, Service, Use, is_opaque, tells_less, without_each};
use crate::observation::Place;
use crate::parties::{Parties, Party, PartyLink};
pub use adapt::{ADAPT_DAILY, ADAPT_MOST, Adaptation};
use coverage::Coverage;
pub use coverage::{Blind, Blindness};
pub use departure::{Departure, Judged, What, score};
use live::{Live, LiveParty};

/// The most links that are compared with the baseline at once; further ones that it does not hold are counted.
pub const LIVE_MAX: usize = 262_144;

/// Compares.
pub struct Scorer {
    profiles: Profiles,
    links: HashMap<PartyLink, LinkProfile, foldhash::fast::RandomState>,
    kin: Kin,
    acquaintance: Acquaintance,
    live: HashMap<PartyLink, Live, foldhash::fast::RandomState>,
    /// The live links in the order in which they were first seen.
    order: Vec<PartyLink>,
    /// The parties that were active, by their place among parties.
    active: Vec<LiveParty>,
    /// The devices that are not known, and whether all that each has done is typical of its make.
    new_devices: HashMap<Party, bool, foldhash::fast::RandomState>,
    coverage: Coverage,
    adaptation: Option<Adaptation>,
    refused: u64,
}

/// Who has to do with what.
#[derive(Default)]
struct Acquaintance {
    devices: HashSet<Party, foldhash::fast::RandomState>,
    /// What is offered, to how many.
    offered: HashMap<(Party, Service), u32, foldhash::fast::RandomState>,
    used: HashSet<(Party, Service), foldhash::fast::RandomState>,
    pairs: HashSet<(Party, Party), foldhash::fast::RandomState>,
    makes: Makes<Party>,
    responder_operations: HashSet<(Party, String), foldhash::fast::RandomState>,
    initiator_operations: HashSet<(Party, String), foldhash::fast::RandomState>,
}

/// A service that every fourth device uses is there for all.
const COMMON_SHARE: u32 = 4;

impl Acquaintance {
    /// Whether a good part of all devices use a service of a responder.
    fn is_common(&self, link: PartyLink) -> bool {
        let users = self.offered.get(&(link.responder, link.service)).copied().unwrap_or(0);
        users.saturating_mul(COMMON_SHARE) > u32::try_from(self.devices.len()).unwrap_or(u32::MAX)
    }
}

impl Scorer {
    /// Compares with these profiles.
    #[must_use]
    pub fn new(mut profiles: Profiles, parties: &mut Parties) -> Self {
        let mut acquaintance = Acquaintance::default();
        let (mut links, mut kin) = (HashMap::default(), Kin::default());
        let mut active: Vec<LiveParty> = Vec::new();
        for (id, device) in &profiles.devices {
            let party = parties.named(id);
            acquaintance.devices.insert(party);
            acquaintance.makes.device(id);
            let pause = Some(device.pause).filter(|_| device.is_steady());
            *at_place(&mut active, party) = LiveParty::new(pause, device.days);
        }
        for (key, profile) in std::mem::take(&mut profiles.links) {
            kin.add(&key, &profile);
            let (initiator, responder) = (parties.named(&key.initiator), parties.named(&key.responder));
            let service = Service { transport: key.transport, port: key.port };
            let link = PartyLink { initiator, responder, service };
            if initiator == Party::ANYBODY {
                links.insert(link, profile);
                continue;
            }
            *acquaintance.offered.entry((responder, service)).or_default() += 1;
            acquaintance.used.insert((initiator, service));
            acquaintance.pairs.insert(pair(initiator, responder));
            for (id, habit) in [&key.initiator, &key.responder].into_iter().zip(habits(link)) {
                acquaintance.makes.has(id, habit, &[]);
            }
            for name in profile.operations.keys() {
                acquaintance.responder_operations.insert((responder, name.clone()));
                acquaintance.initiator_operations.insert((initiator, name.clone()));
            }
            links.insert(link, profile);
        }
        let (live, new_devices, coverage) = (HashMap::default(), HashMap::default(), Coverage::default());
        Self {
            profiles,
            links,
            kin,
            acquaintance,
            live,
            order: Vec::new(),
            active,
            new_devices,
            coverage,
            adaptation: None,
            refused: 0,
        }
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

    /// Links that were not compared for want of room.
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.refused
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
        if self.live.contains_key(&key) {
            return;
        }
        if !self.add(key, opened.link) {
            return;
        }
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
        let makes = &self.acquaintance.makes;
        let [of_initiator, of_responder] = habits(key);
        let typical = [makes.is_typical(ids[0], of_initiator, None), makes.is_typical(ids[1], of_responder, None)];
        // Whoever is new to the site may use what a good part of it uses.
        let usual = [typical[0] || self.acquaintance.is_common(key), typical[1]];
        let mut strange = None;
        for (place, party) in [key.initiator, key.responder].into_iter().enumerate() {
            if !party.is_device() || self.acquaintance.devices.contains(&party) {
                continue;
            }
            strange = Some(strange.unwrap_or(true) && usual[place]);
            // Told once, and again when it first does what others of its make do not.
            let before = self.new_devices.get(&party).copied();
            self.new_devices.insert(party, before.unwrap_or(true) && usual[place]);
            if before.is_none_or(|all_usual| all_usual && !usual[place]) {
                let (_, rare) = novelty.surprise(Facet::Device, 0, &[]);
                to(departure(What::Device { initiates: place == 0, rare: rare && !usual[place] }));
            }
        }
        if let Some(typical) = strange {
            let offered = self.acquaintance.offered.contains_key(&(key.responder, key.service));
            to(departure(What::Strange { offered, typical }));
            return;
        }
        let reversed = PartyLink { initiator: key.responder, responder: key.initiator, ..key };
        if self.links.contains_key(&key) || opened.either_way && self.links.contains_key(&reversed) {
            return;
        }
        let acquaintance = &self.acquaintance;
        let mut circumstances = 0;
        for (bit, holds) in [
            (circumstances::OFFERED, acquaintance.offered.contains_key(&(key.responder, key.service))),
            (circumstances::USED, acquaintance.used.contains(&(key.initiator, key.service))),
            (circumstances::ACQUAINTED, acquaintance.pairs.contains(&pair(key.initiator, key.responder))),
            (circumstances::TYPICAL_OF_INITIATOR, typical[0]),
            (circumstances::TYPICAL_OF_RESPONDER, typical[1]),
        ] {
            circumstances |= if holds { bit } else { 0 };
        }
        let (surprise, rare) = novelty.surprise(Facet::Link, circumstances, &ids);
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
        let Some(part) = parties.of(address, devices).filter(|part| self.acquaintance.devices.contains(part)) else {
            return;
        };
        let Some(stand_in) = parties.stand_in(address, devices) else { return };
        if self.acquaintance.devices.contains(&stand_in) || self.new_devices.contains_key(&stand_in) {
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

    /// Takes an operation that its link has not shown before, or values beyond those it has shown.
    pub fn operation(
        &mut self,
        news: &OperationNews,
        parties: &mut Parties,
        devices: &Devices,
        to: &mut dyn FnMut(Departure<'_>),
    ) {
        if let Some(key) = parties.link(&news.link, devices) {
            self.news(key, news, parties, to);
        }
    }

    /// Takes what a server told a client of the network, which is the same for all of them.
    pub fn leased(
        &mut self,
        (told, news): (&Use, &OperationNews),
        parties: &mut Parties,
        devices: &Devices,
        to: &mut dyn FnMut(Departure<'_>),
    ) {
        self.used(told, parties, devices, to);
        if let Some(key) = parties.link(&told.link, devices) {
            self.news(key, news, parties, to);
        }
    }

    fn news(&mut self, key: PartyLink, news: &OperationNews, parties: &Parties, to: &mut dyn FnMut(Departure<'_>)) {
        let Some(profile) = self.links.get(&key) else { return };
        let departure = |what, days| Departure {
            what,
            link: news.link,
            parties: key,
            place: news.place,
            time: news.place.time,
            days,
            gap_bytes: 0,
            one_sided: false,
        };
        if let Some(normal) = profile.operations.get(&*news.name) {
            let thresholds = &self.profiles.thresholds;
            let kin = self.kin.of(parties.id(key.initiator), key.service.transport, key.service.port);
            if let (Some((first, extremes)), Some(normal)) = (&news.points, profile.points.get(&*news.name)) {
                let seen = points::of_message(extremes);
                let what = points::unusual(seen, *first, &news.name, (normal, kin), thresholds);
                what.into_iter().for_each(|what| to(departure(what, normal.days)));
            }
            for (place, (now, range)) in news.ranges.iter().zip(&normal.ranges).enumerate() {
                let (Some(now), Some(range)) = (now, range) else { continue };
                let beside = beside(*range, *now, normal.count);
                let excess = Measure::Value.ratio(beside, 1000) / thresholds.factor(Measure::Value);
                let (value, edge) = beyond(*range, *now);
                if excess > 1.0 && !kin.has_value(&news.name, place, value) {
                    let (measure, operation) = (Measure::Value, Some(&*news.name));
                    to(departure(What::Beyond { measure, operation, now: value, normal: edge, excess }, normal.days));
                }
            }
            return;
        }
        if self.coverage.is_lossy && profile.operations.keys().any(|known| tells_less(&news.name, known)) {
            return;
        }
        let Some(live) = self.live.get_mut(&key).filter(|_| news.is_new) else { return };
        if !live.first_seen(&news.name) {
            return;
        }
        let mut circumstances = 0;
        for (bit, known, party) in [
            (circumstances::KNOWN_TO_RESPONDER, &self.acquaintance.responder_operations, key.responder),
            (circumstances::KNOWN_TO_INITIATOR, &self.acquaintance.initiator_operations, key.initiator),
        ] {
            circumstances |= if known.contains(&(party, (*news.name).to_owned())) { bit } else { 0 };
        }
        for (feature, like) in without_each(&news.name).enumerate() {
            let is_like = |known: &String| without_each(known).nth(feature).is_some_and(|known| known == like);
            circumstances |= if profile.operations.keys().any(is_like) { circumstances::but_for(feature) } else { 0 };
        }
        let ids = [parties.id(key.initiator), parties.id(key.responder)];
        let novelty = &self.profiles.thresholds.novelty;
        let (facet, circumstances) = if is_opaque(&news.name) {
            (Facet::Shape, u16::from(shape(&profile.operations).unlikely()))
        } else {
            (Facet::Operation, circumstances)
        };
        let (surprise, rare) = novelty.surprise(facet, circumstances, &ids);
        if facet == Facet::Shape && !rare {
            return;
        }
        to(departure(What::Operation { name: &news.name, circumstances, surprise, rare }, profile.days));
    }

    /// Takes what a link did in a minute.
    pub fn used(&mut self, used: &Use, parties: &mut Parties, devices: &Devices, to: &mut dyn FnMut(Departure<'_>)) {
        let Some(key) = parties.link(&used.link, devices) else { return };
        let minute = u32::try_from(used.minute).unwrap_or(u32::MAX);
        let time = Timestamp::from_seconds(used.minute * 60);
        self.coverage.take(minute, used);
        let activity = self.activity(key, minute, used);
        if let Some(key) = key.to_anybody()
            && self.links.contains_key(&key)
            && (self.live.contains_key(&key) || self.add(key, used.link))
            && let (Some(live), Some(profile)) = (self.live.get_mut(&key), self.links.get(&key))
        {
            let witnesses = witnesses(&activity, true);
            live.take(minute, used, &witnesses, profile.hour_missing);
            for operation in &used.operations {
                let normal = || profile.operations.get(&*operation.name);
                let patience = || silence::patience(&operation.name, normal(), &self.profiles);
                live.operation(minute, operation, &witnesses, patience);
            }
        }
        if !self.live.contains_key(&key) && !self.add(key, used.link) {
            return;
        }
        let (Some(live), Some(profile)) = (self.live.get_mut(&key), self.links.get(&key)) else { return };
        let witnesses = witnesses(&activity, false);
        live.take(minute, used, &witnesses, profile.hour_missing);
        let thresholds = &self.profiles.thresholds;
        let local = parties.site().local(time);
        let mut adapted = self.adaptation.as_mut().map(|adaptation| adaptation.link(key, local.day));
        let mut tell = |what: What<'_>, days: u32| {
            to(Departure {
                what,
                link: used.link,
                parties: key,
                place: used.place,
                time,
                days,
                gap_bytes: used.gap_bytes[0].saturating_add(used.gap_bytes[1]),
                one_sided: used.sent.iter().any(|sent| sent.packets == 0),
            });
        };
        let mut check = |measure: Measure, place: usize, operation: Option<&str>, (now, normal): (u64, u64), days| {
            let times = measure.ratio(now, normal);
            let times = match &mut adapted {
                Some(adapted) => adapted.of_normal(measure, place, operation, times),
                None => times,
            };
            let excess = times / thresholds.factor(measure);
            let is_measured = operation.is_some() || profile.is_measured();
            if excess > 1.0 && is_measured {
                tell(What::Beyond { measure, operation, now, normal, excess }, days);
            }
        };
        for place in 0..2 {
            check(
                Measure::MinuteBytes,
                place,
                None,
                (live.minute_bytes[place], profile.minute_bytes[place].next()),
                profile.days,
            );
            check(
                Measure::HourBytes,
                place,
                None,
                (live.hour_bytes[place], profile.hour_bytes[place].next()),
                profile.days,
            );
            check(
                Measure::DayBytes,
                place,
                None,
                (live.day_bytes[place], profile.day_bytes[place].next()),
                profile.days,
            );
        }
        for (measure, now, normal) in [
            (Measure::MinuteOpened, live.minute_opened, profile.minute_opened.next()),
            (Measure::HourOpened, live.hour_opened, profile.hour_opened.next()),
            (Measure::HourFailed, live.hour_failed, profile.hour_failed.next()),
        ] {
            check(measure, 0, None, (now.into(), normal), profile.days);
        }
        for operation in &used.operations {
            let Some(normal) = profile.operations.get(&*operation.name) else { continue };
            let patience = || silence::patience(&operation.name, Some(normal), &self.profiles);
            let now = live.operation(minute, operation, &witnesses, patience);
            if is_opaque(&operation.name) {
                continue;
            }
            let mut check = |measure, now: u64, normal_now: u64| {
                check(measure, 0, Some(&operation.name), (now, normal_now), normal.days);
            };
            check(Measure::MinuteMessages, now.minute_count.into(), normal.minute_count.next());
            check(Measure::HourMessages, now.hour_count.into(), normal.hour_count.next());
            check(Measure::DayMessages, now.day_count.into(), normal.day_count.next());
            check(Measure::MessageBytes, operation.largest, normal.largest.next());
            if u64::from(now.hour_count) >= REFUSALS_OF_MIN {
                let share = u64::from(now.hour_refused) * 1000 / u64::from(now.hour_count);
                check(Measure::Refusals, share, normal.refused.into());
            }
            if now.answers >= ANSWERS_MIN && normal.slowest.max > 0 {
                check(Measure::ResponseTime, now.micros / u64::from(now.answers), normal.slowest.next());
            }
        }
        let kin = self.kin.of(parties.id(key.initiator), key.service.transport, key.service.port);
        for operation in used.operations.iter().filter(|operation| !operation.points.ranges.is_empty()) {
            let (name, seen) = (&operation.name, &operation.points);
            let Some(normal) = profile.points.get(&**name) else { continue };
            let live = live.points.entry_ref(name).or_default();
            let ranges = seen.ranges.iter().copied().enumerate();
            let looped =
                seen.looped.filter(|_| !normal.loops).map(|messages| What::Looped { operation: name, messages });
            points::unusual(ranges, seen.first, name, (normal, kin), thresholds)
                .into_iter()
                .chain(live.take(minute, seen, name, normal, thresholds.factor(Measure::Frozen)))
                .chain(looped)
                .for_each(|what| tell(what, normal.days));
        }
        let this_hour = minute / MINUTES_PER_HOUR;
        let ids = [parties.id(key.initiator), parties.id(key.responder)];
        if live.hour_told != this_hour
            && let Some(what) = hours::unusual(&local, profile, used, &thresholds.novelty, &ids)
        {
            live.hour_told = this_hour;
            tell(what, profile.days);
        }
    }

    /// The activity of both ends, this minute counted.
    fn activity(&mut self, key: PartyLink, minute: u32, used: &Use) -> [Activity; 2] {
        let mut activity = [Activity::default(); 2];
        for (place, party) in [key.initiator, key.responder].into_iter().enumerate() {
            let live = at_place(&mut self.active, party);
            let is_heard = used.sent[place].packets > 0;
            if is_heard {
                live.heard(minute, key);
            }
            if is_heard || used.unheard[place] {
                live.was_there(minute, self.coverage.lost);
            }
            activity[place] = live.activity;
        }
        activity
    }

    /// A link becomes live; false where there is no room.
    fn add(&mut self, key: PartyLink, link: Link) -> bool {
        if self.live.len() >= LIVE_MAX {
            self.refused += 1;
            return false;
        }
        self.live.insert(key, Live::new(link));
        self.order.push(key);
        true
    }
}

fn at_place(active: &mut Vec<LiveParty>, party: Party) -> &mut LiveParty {
    if active.len() <= party.index() {
        active.resize(party.index() + 1, LiveParty::default());
    }
    &mut active[party.index()]
}

/// What the initiator and the responder of a link do.
const fn habits(link: PartyLink) -> [Habit<Party>; 2] {
    let service = (link.service.transport, link.service.port);
    [
        Habit { other: link.responder, service, initiates: true },
        Habit { other: link.initiator, service, initiates: false },
    ]
}

fn pair(one: Party, other: Party) -> (Party, Party) {
    (one.min(other), one.max(other))
}
