//! The judge: observations in sequence, devices, detections, alerts. One thread, no clock but the ticks.

use std::collections::BTreeMap;

use wardtap_dissect::Protocol;
use wardtap_net::address::{Address, Mac};
use wardtap_net::packet::{NANOS_PER_SECOND, Timestamp};

use crate::alert::{Alert, Alerts, Deviation, OPEN_MAX, SENSOR};
use crate::assets::{self, Assets, Status};
use crate::baseline::change::{Change, Changed};
use crate::baseline::learner::Learner;
use crate::detection::{Detection, Found, Raise, ask};
use crate::detections;
use crate::device::{DEVICES_MAX, DeviceId, Devices, IdentityChange, Name, Reworded, Words};
use crate::incident::Incident;
use crate::incident::open::{Incidents, OPEN_INCIDENTS_MAX};
use crate::inventory::Inventory;
use crate::links::{Use, of_lease};
use crate::observation::{self, Clued, Leased, Observation, OutOfService, Place};
use crate::parties::Parties;
use crate::repeats::Repeats;
use crate::scoring::{Departure, LIVE_MAX, Scorer};
use crate::sensor::Trouble;
use crate::suppression::{Suppression, Who, Why, explained};

/// What the judge has to tell, in order.
pub enum Verdict {
    /// A device was heard for the first time, or its identity has changed.
    Device(DeviceNews),
    /// An alert, new, changed or over.
    Alert(Box<Alert>),
    /// An incident, new, changed or over: behind the alert that made it so.
    Incident(Box<Incident>),
}

/// What is new of a device.
#[derive(Clone, Debug)]
pub struct DeviceNews {
    /// Which; the older one, where two proved to be one.
    pub device: DeviceId,
    /// The address that it is about.
    pub address: Address,
    /// When.
    pub time: Timestamp,
    /// What has changed; None where it was heard for the first time.
    pub change: Option<DeviceChange>,
}

/// What has changed of a device that was known.
#[derive(Clone, Debug)]
pub enum DeviceChange {
    /// Its hardware address has become known.
    Mac,
    /// It has a further address, which that device had before.
    Address(Option<DeviceId>),
    /// It proved to be the same as a younger one, which had that name.
    Same(Name),
    /// It says something else of itself than before.
    Said(Reworded),
    /// It answers in a protocol, and had been heard for a day without doing so.
    Role(&'static Protocol, Place),
}

/// How long a device is heard for what it begins to do to be a change of it.
const NEWCOMER_NANOS: u64 = 24 * 60 * 60 * NANOS_PER_SECOND;

/// Keeps devices and alerts, and asks the detections.
pub struct Judge {
    devices: Devices,
    detections: Vec<Box<dyn Detection>>,
    alerts: Alerts,
    incidents: Incidents,
    assets: Assets,
    suppressions: Vec<Suppression>,
    changes: Vec<IdentityChange>,
    behaviour: Option<Box<Behaviour>>,
    /// The most links that are compared with a baseline.
    links_max: usize,
    /// The most octets that are learned of links.
    learned_max: Option<usize>,
    repeats: Repeats,
    inventory: Option<Box<Inventory>>,
    words: Words,
}

/// What is done with what links do.
pub struct Behaviour {
    /// Who takes part.
    pub parties: Parties,
    /// Compares it with a baseline.
    pub scorer: Option<Scorer>,
    /// Learns it.
    pub learner: Option<Learner>,
    minute: u64,
}

impl Behaviour {
    /// Compares, learns, or both.
    #[must_use]
    pub const fn new(parties: Parties, scorer: Option<Scorer>, learner: Option<Learner>) -> Self {
        Self { parties, scorer, learner, minute: 0 }
    }

    /// Makes the devices that were learned known, with the addresses that they had: of several, who sent from it last has it.
    fn introduce(&self, devices: &mut Devices) {
        let address = |&(high, low): &(u64, u64)| Address::from_halves(high, low);
        let scored = self.scorer.iter().flat_map(|scorer| &scorer.profiles().devices);
        let scored = scored
            .map(|(id, device)| (id.as_str(), device.mac, (&device.addresses, &device.leased), &device.stands_in_for));
        let learned = self.learner.iter().flat_map(|learner| learner.devices(&self.parties));
        let learned =
            learned.map(|(id, device)| (id, device.mac, (&device.addresses, &device.leased), &device.stands_in_for));
        let mut latest: BTreeMap<Address, (u32, DeviceId)> = BTreeMap::new();
        for (id, mac, (addresses, leased), parts) in scored.chain(learned) {
            let had: Vec<Address> = addresses.keys().map(address).collect();
            let device = devices.learned(id, mac.map(Mac), &had);
            for (address, minute) in had.into_iter().zip(addresses.values()) {
                let Some(device) = device else { continue };
                let last = latest.entry(address).or_insert((*minute, device));
                *last = (*last).max((*minute, device));
            }
            leased.iter().map(address).for_each(|address| devices.leases(address));
            let mut of_v4 = addresses.keys().filter(|halves| address(halves).as_v4().is_some()).peekable();
            if of_v4.peek().is_some() && of_v4.all(|halves| leased.binary_search(halves).is_ok()) {
                device.into_iter().for_each(|device| devices.becomes_lessee(device));
            }
            for part in parts {
                if let (Some(device), Some(part)) = (device, devices.learned(part, None, &[])) {
                    devices.stands_in(device, part);
                }
            }
        }
        for (address, (_, device)) in latest {
            devices.has(address, device);
        }
    }
}

impl Default for Judge {
    fn default() -> Self {
        Self::new(DEVICES_MAX, OPEN_MAX, OPEN_INCIDENTS_MAX)
    }
}

impl Judge {
    /// A judge that knows at most so many devices, open alerts and open incidents, and never more than [`DEVICES_MAX`],
    /// [`OPEN_MAX`] and [`OPEN_INCIDENTS_MAX`].
    #[must_use]
    pub fn new(devices_max: usize, alerts_max: usize, incidents_max: usize) -> Self {
        Self {
            devices: Devices::new(devices_max),
            detections: detections::all(),
            alerts: Alerts::new(alerts_max),
            incidents: Incidents::new(incidents_max),
            assets: Assets::default(),
            suppressions: Vec::new(),
            changes: Vec::new(),
            behaviour: None,
            links_max: LIVE_MAX,
            learned_max: None,
            repeats: Repeats::default(),
            inventory: None,
            words: Words::default(),
        }
    }

    /// With what the hospital knows of its devices, and the alerts that it does not want to see.
    #[must_use]
    pub fn informed(self, assets: Assets, suppressions: Vec<Suppression>) -> Self {
        Self { assets, suppressions, ..self }
    }

    /// Compares at most so many links with a baseline, and never more than [`LIVE_MAX`].
    #[must_use]
    pub fn comparing(self, links_max: usize) -> Self {
        Self { links_max, ..self }
    }

    /// Learns at most so many octets of links.
    #[must_use]
    pub fn learning(self, octets: usize) -> Self {
        Self { learned_max: Some(octets), ..self }
    }

    /// Has it compare or learn what links do.
    pub fn with_behaviour(&mut self, mut behaviour: Behaviour) {
        if let Some(scorer) = &mut behaviour.scorer {
            scorer.bound(self.links_max);
        }
        if let Some((learner, octets)) = behaviour.learner.as_mut().zip(self.learned_max) {
            learner.bound(octets);
        }
        behaviour.introduce(&mut self.devices);
        self.behaviour = Some(Box::new(behaviour));
    }

    /// Has it keep what every device does.
    pub fn with_inventory(&mut self, inventory: Inventory) {
        self.inventory = Some(Box::new(inventory));
    }

    /// What every device does, where that is kept.
    #[must_use]
    pub fn inventory(&self) -> Option<&Inventory> {
        self.inventory.as_deref()
    }

    /// What was compared and learned.
    pub const fn behaviour(&mut self) -> &mut Option<Box<Behaviour>> {
        &mut self.behaviour
    }

    /// Takes the next observation.
    pub fn observe(&mut self, observation: &Observation, tell: &mut dyn FnMut(Verdict)) {
        match observation {
            Observation::Heard { address, vlan, place } => {
                self.devices.heard(*address, *vlan, place.time, &mut self.changes);
                self.identities(*place, tell);
            }
            Observation::Met { address, mac, vlan, place } => {
                self.devices.met(*address, *mac, *vlan, &mut self.changes);
                self.identities(*place, tell);
            }
            Observation::Claimed(claimed) => {
                self.devices.claimed(claimed, &mut self.changes);
                self.identities(claimed.place, tell);
                self.ask(observation, tell);
            }
            Observation::Leased(lease) => {
                self.devices.leased(lease, &mut self.changes);
                self.identities(lease.place, tell);
                self.leased(lease, tell);
                self.ask(observation, tell);
            }
            Observation::Role { address, protocol, requester, place } => {
                let gained = self.devices.role(*address, protocol.index, *requester);
                let is_known = |device: &DeviceId| {
                    let heard = self.devices.get(*device).filter(|device| device.is_heard());
                    heard.is_some_and(|device| place.time.since(device.first) >= NEWCOMER_NANOS)
                };
                if let Some(device) = gained.filter(|_| !requester).filter(is_known) {
                    let change = Some(DeviceChange::Role(protocol, *place));
                    tell(Verdict::Device(DeviceNews { device, address: *address, time: place.time, change }));
                }
            }
            Observation::Opened(opened) => self.score(tell, |scorer, parties, devices, to| {
                scorer.opened(opened, parties, devices, to);
            }),
            Observation::Operation(news) => {
                if let Some(inventory) = &mut self.inventory {
                    inventory.news(news);
                }
                if self.behaviour.as_ref().is_some_and(|behaviour| news.is_habit(behaviour.parties.site())) {
                    self.score(tell, |scorer, parties, devices, to| scorer.operation(news, parties, devices, to));
                }
            }
            Observation::Used(used) => self.used(used, tell),
            Observation::Clued(clued) => {
                self.said(clued, tell);
                if let Some(inventory) = &mut self.inventory {
                    inventory.clued(clued, &self.devices);
                }
            }
            Observation::Content(_)
            | Observation::Tally(_)
            | Observation::Called(_)
            | Observation::Offered(_)
            | Observation::AskedBelow(_) => self.ask(observation, tell),
        }
    }

    /// Nobody watched from a time to another: nothing was silent in it. Is said before the tick of the latter.
    pub fn unwatched(&mut self, since: Timestamp, until: Timestamp) {
        let Some(behaviour) = &mut self.behaviour else { return };
        let [since, until] = [since, until].map(|time| u32::try_from(time.seconds() / 60).unwrap_or(u32::MAX));
        if let Some(scorer) = &mut behaviour.scorer {
            scorer.unwatched(since, until);
        }
        if let Some(learner) = &mut behaviour.learner {
            learner.unwatched(since, until);
        }
    }

    /// Capture time has reached `now`.
    pub fn tick(&mut self, now: Timestamp, tell: &mut dyn FnMut(Verdict)) {
        self.devices.tick(now, &mut self.changes);
        self.identities(Place { time: now, ..Place::default() }, tell);
        let mut raise = Raise::new(&self.alerts);
        for detection in &mut self.detections {
            detection.tick(now, &mut raise);
        }
        self.tell(raise.found, tell);
        self.look_for_repeats(tell);
        let minute = now.seconds() / 60;
        let is_new =
            self.behaviour.as_mut().is_some_and(|behaviour| std::mem::replace(&mut behaviour.minute, minute) != minute);
        if is_new {
            let minute = u32::try_from(minute).unwrap_or(u32::MAX);
            self.look_for_blindness(minute, tell);
            self.score(tell, |scorer, parties, _, to| scorer.minute(minute, parties.site(), to));
        }
        let over = self.alerts.tick(now);
        self.told(over, tell);
        tell_incidents(self.incidents.tick(now), tell);
    }

    /// Something keeps the live sensor from its work.
    pub fn sensor(&mut self, trouble: &Trouble, tell: &mut dyn FnMut(Verdict)) {
        let mut raise = Raise::new(&self.alerts);
        for detection in &mut self.detections {
            detection.sensor(trouble, &mut raise);
        }
        self.tell(raise.found, tell);
    }

    /// The capture is over: open alerts and incidents are closed.
    pub fn finish(&mut self, tell: &mut dyn FnMut(Verdict)) {
        self.look_for_repeats(tell);
        let over = self.alerts.finish();
        self.told(over, tell);
        tell_incidents(self.incidents.finish(), tell);
    }

    /// The devices.
    #[must_use]
    pub const fn devices(&self) -> &Devices {
        &self.devices
    }

    /// What devices say that they are.
    #[must_use]
    pub const fn words(&self) -> &Words {
        &self.words
    }

    /// What the hospital knows of its devices.
    #[must_use]
    pub const fn assets(&self) -> &Assets {
        &self.assets
    }

    /// How much the detections gave up of what they watched, for want of room.
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        self.detections.iter().map(|detection| detection.forgotten()).sum::<u64>()
            + self.devices.contests_forgotten()
            + self.repeats.forgotten()
            + self.words.refused()
    }

    /// How often a link was neither compared nor learned, for want of room.
    #[must_use]
    pub fn links_refused(&self) -> u64 {
        let Some(Behaviour { scorer, learner, .. }) = self.behaviour.as_deref() else { return 0 };
        scorer.as_ref().map_or(0, Scorer::refused) + learner.as_ref().map_or(0, Learner::refused)
    }

    /// The alerts.
    #[must_use]
    pub const fn alerts(&self) -> &Alerts {
        &self.alerts
    }

    /// The incidents.
    #[must_use]
    pub const fn incidents(&self) -> &Incidents {
        &self.incidents
    }

    fn used(&mut self, used: &Use, tell: &mut dyn FnMut(Verdict)) {
        for (address, sent) in [used.link.initiator, used.link.responder].into_iter().zip(&used.sent) {
            if sent.packets > 0 {
                self.devices.seen(address, used.place.time);
            }
        }
        self.repeats.take(used.link, &used.accepted, used.accepted_more);
        if let Some(behaviour) = &self.behaviour {
            let habits = used.habits(behaviour.parties.site());
            self.score(tell, |scorer, parties, devices, to| scorer.used(&habits, parties, devices, to));
            self.learn(&habits);
        }
        if let Some(inventory) = &mut self.inventory {
            inventory.used(used, &self.devices);
        }
    }

    /// Tells where a device says something else of itself than before.
    fn said(&mut self, clued: &Clued, tell: &mut dyn FnMut(Verdict)) {
        let device = match clued.who {
            observation::Who::Address(address) => self.devices.owner(address),
            observation::Who::Mac(mac) => self.devices.with_mac(mac),
        };
        let Some(device) = device else { return };
        let Some(reworded) = self.words.take(device, clued) else { return };
        let address = match clued.who {
            observation::Who::Address(address) => Some(address),
            observation::Who::Mac(_) => self.devices.address_of(device),
        };
        if let Some(address) = address {
            let (time, change) = (reworded.place.time, Some(DeviceChange::Said(reworded)));
            tell(Verdict::Device(DeviceNews { device, address, time, change }));
        }
    }

    fn leased(&mut self, lease: &Leased, tell: &mut dyn FnMut(Verdict)) {
        let (told, news) = of_lease(lease);
        self.score(tell, |scorer, parties, devices, to| scorer.leased((&told, &news), parties, devices, to));
        self.learn(&told);
    }

    fn learn(&mut self, used: &Use) {
        let Some(Behaviour { learner: Some(learner), parties, .. }) = self.behaviour.as_deref_mut() else { return };
        let Some(key) = parties.link(&used.link, &self.devices) else { return };
        learner.used(key, used);
        for address in [used.link.initiator, used.link.responder] {
            if let Some(party) = parties.stand_in(address, &self.devices) {
                learner.stood_in(party, used.minute);
            }
        }
    }

    /// Has the scorer look at something, and the detections at what departs from the baseline.
    fn score(
        &mut self,
        tell: &mut dyn FnMut(Verdict),
        look: impl FnOnce(&mut Scorer, &mut Parties, &Devices, &mut dyn FnMut(Departure<'_>)),
    ) {
        let Some(behaviour) = &mut self.behaviour else { return };
        let Some(scorer) = &mut behaviour.scorer else { return };
        let mut raise = Raise::new(&self.alerts);
        let (detections, mut told) = (&mut self.detections, Vec::new());
        look(scorer, &mut behaviour.parties, &self.devices, &mut |departure| {
            raise.departs = Some((departure.parties, Changed::of(&departure)));
            let before = raise.found.len();
            raise.before = before;
            for detection in &mut *detections {
                detection.departure(&departure, &mut raise);
            }
            if raise.found.len() > before {
                told.push(departure.parties);
            }
        });
        told.into_iter().for_each(|link| scorer.told(link));
        let found = raise.found;
        self.tell(found, tell);
    }

    /// Asks whether the sensor hears less than it did while learning: before anybody is called silent.
    fn look_for_blindness(&mut self, minute: u32, tell: &mut dyn FnMut(Verdict)) {
        let Some(scorer) = self.behaviour.as_mut().and_then(|behaviour| behaviour.scorer.as_mut()) else { return };
        let mut raise = Raise::new(&self.alerts);
        for blindness in scorer.blindness(minute) {
            for detection in &mut self.detections {
                detection.blindness(&blindness, &mut raise);
            }
        }
        let found = raise.found;
        self.tell(found, tell);
    }

    /// Looks at the messages that were accepted since the last tick.
    fn look_for_repeats(&mut self, tell: &mut dyn FnMut(Verdict)) {
        let mut raise = Raise::new(&self.alerts);
        let detections = &mut self.detections;
        self.repeats.look(|repeat| {
            for detection in &mut *detections {
                detection.repeat(&repeat, &mut raise);
            }
        });
        let found = raise.found;
        self.tell(found, tell);
    }

    fn ask(&mut self, observation: &Observation, tell: &mut dyn FnMut(Verdict)) {
        let mut raise = Raise::new(&self.alerts);
        ask(&mut self.detections, observation, &mut raise);
        self.tell(raise.found, tell);
    }

    /// Tells what has changed about who is who, and asks the detections.
    fn identities(&mut self, place: Place, tell: &mut dyn FnMut(Verdict)) {
        if self.changes.is_empty() {
            return;
        }
        let time = place.time;
        let (mut raise, mut taken_over) = (Raise::new(&self.alerts), Vec::new());
        for change in self.changes.drain(..) {
            let mut news =
                |device, address, change| tell(Verdict::Device(DeviceNews { device, address, time, change }));
            match change {
                IdentityChange::Appeared { device, address, .. } => news(device, address, None),
                IdentityChange::Gained { device, address, from, is_mac } => {
                    let change = if is_mac { DeviceChange::Mac } else { DeviceChange::Address(from) };
                    news(device, address, Some(change));
                }
                IdentityChange::Same { device, was, address } => news(device, address, Some(DeviceChange::Same(was))),
                IdentityChange::Contended { .. } | IdentityChange::Defended { .. } => {}
            }
            for detection in &mut self.detections {
                detection.identity(&change, &mut raise);
            }
            if let IdentityChange::Appeared { address, from: Some(_), .. }
            | IdentityChange::Gained { address, from: Some(_), .. } = change
            {
                taken_over.push(address);
            }
            if let IdentityChange::Appeared { device, address, .. } | IdentityChange::Gained { device, address, .. } =
                change
                && let Some(asset) = self.assets.of(address, self.devices.get(device).and_then(|device| device.mac))
                && asset.status != Status::InService
            {
                let heard = OutOfService { address, status: asset.status, place };
                for detection in &mut self.detections {
                    detection.out_of_service(&heard, &mut raise);
                }
            }
        }
        self.tell(raise.found, tell);
        for address in taken_over {
            self.score(tell, |scorer, parties, devices, to| scorer.came_to(address, place, parties, devices, to));
        }
    }

    fn tell(&mut self, found: Vec<Found>, tell: &mut dyn FnMut(Verdict)) {
        for Found { mut deviation, departs } in found {
            let asset = self.assets.of(deviation.device, self.mac(deviation.device));
            deviation.severity = assets::severity(deviation.severity, asset.and_then(|asset| asset.criticality));
            let peer = deviation.peer.and_then(|peer| self.assets.of(peer, self.mac(peer)));
            let configured = self.is_suppressed(&deviation).then_some(Why::Configuration);
            let why = configured.or_else(|| explained(&deviation, [asset, peer]));
            let change = departs.zip(self.behaviour.as_deref()).map(|((link, what), Behaviour { parties, .. })| {
                Change::at(deviation.last, parties.site(), parties.key(link), what)
            });
            let alerts = match (why, change) {
                (Some(why), change) => self.alerts.suppress(deviation, change, why),
                (None, Some(change)) => self.alerts.departed(deviation, change),
                (None, None) => self.alerts.raise(deviation),
            };
            self.told(alerts, tell);
        }
    }

    /// Tells alerts, and what becomes of incidents by them. What no baseline was needed for is kept out of one that is being learned.
    fn told(&mut self, alerts: Vec<Alert>, tell: &mut dyn FnMut(Verdict)) {
        for mut alert in alerts {
            let incidents = self.incidents.take(&mut alert, &self.devices);
            if alert.changes.is_empty()
                && alert.deviation.device != SENSOR
                && let Some(Behaviour { parties, learner: Some(learner), .. }) = self.behaviour.as_deref_mut()
            {
                learner.alerted(&alert, parties, &self.devices);
            }
            tell(Verdict::Alert(Box::new(alert)));
            tell_incidents(incidents, tell);
        }
    }

    fn is_suppressed(&self, deviation: &Deviation) -> bool {
        let is_peer = |who: Who| deviation.peer.is_some_and(|peer| who.is(peer, self.mac(peer)));
        self.suppressions.iter().any(|suppression| {
            suppression.detection == deviation.about.name
                && deviation.last < suppression.until
                && suppression.device.is(deviation.device, self.mac(deviation.device))
                && suppression.peer.is_none_or(is_peer)
        })
    }

    /// The MAC address that is proven to be a device's own.
    fn mac(&self, address: Address) -> Option<Mac> {
        self.devices.of(address)?.mac
    }
}

fn tell_incidents(incidents: Vec<Incident>, tell: &mut dyn FnMut(Verdict)) {
    incidents.into_iter().for_each(|incident| tell(Verdict::Incident(Box::new(incident))));
}
