//! From what links did, minute by minute, to a [`Store`].

use std::collections::BTreeMap;

use hashbrown::HashMap;
use wardtap_net::address::Address;
use wardtap_net::packet::{NANOS_PER_SECOND, Timestamp};

use super::kept_out::KeptOut;
use super::shared::Shared;
use super::store::{
    Activity, HOURS_PER_DAY, LinkHour, LinkMinute, MINUTES_PER_HOUR, OperationMinute, Store, StoredDevice, StoredLink,
    StoredOperation, wider, witnesses,
};
use crate::alert::Alert;
use crate::device::Devices;
use crate::links::{OperationUse, Service, Use, manner};
use crate::parties::{Parties, Party, PartyLink};

/// The most links of a baseline: ten times those of a large hospital.
pub const LEARNED_MAX: usize = 262_144;

/// Octets of a link beside what is known of it: its key, itself and its place among others, of which not all are taken.
const LINK_OCTETS: usize = size_of::<StoredLink>() + 2 * size_of::<PartyLink>() + 64;

/// Learns. A copy shares with it the links that neither changes.
#[derive(Clone, Default)]
pub struct Learner {
    links: HashMap<PartyLink, Shared<StoredLink>, foldhash::fast::RandomState>,
    refused: u64,
    /// Octets of the links.
    octets: usize,
    /// The most that they may be; None for as many as it takes.
    octets_max: Option<usize>,
    /// Days on which the parties were there, by their place among parties.
    days: Vec<StoredDevice>,
    /// The last minute that was watched before what comes next, where there is a gap.
    before: Option<u32>,
    /// What alerts said, by day, device, peer and detection; what they said first.
    alerted: BTreeMap<(u32, String, String, &'static str), String>,
}

impl Learner {
    /// Nothing was watched from a minute until what comes next: whatever is learned then, or [`Self::watches`].
    #[must_use]
    pub fn behind(self, minute: u32) -> Self {
        Self { before: Some(minute), ..self }
    }

    /// From a minute on it is watched again.
    pub fn watches(&mut self, minute: u32) {
        if let Some(before) = self.before.take() {
            self.unwatched(before, minute);
        }
    }

    /// Nobody watched between two minutes: nobody was silent meanwhile.
    ///
    /// Links and operations need not be told: their silences are counted in minutes in which others were heard.
    pub fn unwatched(&mut self, since: u32, until: u32) {
        let between = until.saturating_sub(since).saturating_sub(1);
        self.days.iter_mut().for_each(|device| device.was_unwatched(between));
    }

    /// Goes on with what a store holds.
    #[must_use]
    pub fn going_on(store: Store, parties: &mut Parties) -> Self {
        let mut learner = Self::default();
        for (id, device) in store.devices {
            let party = parties.named(&id);
            *learner.device(party.index()) = device;
        }
        for (key, link) in store.links {
            let (initiator, responder) = (parties.named(&key.initiator), parties.named(&key.responder));
            let service = Service { transport: key.transport, port: key.port };
            learner.octets += LINK_OCTETS + link.octets();
            learner.links.insert(PartyLink { initiator, responder, service }, link);
        }
        learner
    }

    /// Learns no more than so many octets of links. Links and operations that are new may take half of them: whoever makes up
    /// new ones takes nothing from what goes on with those that are known.
    pub const fn bound(&mut self, octets: usize) {
        self.octets_max = Some(octets);
    }

    /// Takes what a link did in a minute.
    pub fn used(&mut self, key: PartyLink, used: &Use) {
        let minute = u32::try_from(used.minute).unwrap_or(u32::MAX);
        self.watches(minute);
        let day = minute / MINUTES_PER_HOUR / HOURS_PER_DAY;
        let ends = [(key.initiator, used.link.initiator), (key.responder, used.link.responder)];
        let mut activity = [Activity::default(); 2];
        for (((party, address), sent), activity) in ends.into_iter().zip(&used.sent).zip(&mut activity) {
            let device = self.device(party.index());
            if party.is_device() {
                device.was_there(day);
                device.has(address.halves(), if sent.packets > 0 { minute } else { 0 });
            }
            if sent.packets > 0 {
                device.was_heard(minute);
            }
            if used.closed > 0 {
                device.has_closed(minute);
            }
            *activity = device.activity;
        }
        for (key, anybody) in [(Some(key), false), (key.to_anybody(), true)] {
            let Some(key) = key else { continue };
            let left = self.octets_max.map_or(usize::MAX, |most| most.saturating_sub(self.octets));
            let takes_new = left > self.octets_max.unwrap_or(0) / 2;
            let is_new = !self.links.contains_key(&key);
            if left == 0 || is_new && (!takes_new || self.links.len() >= LEARNED_MAX) {
                self.refused += 1;
                continue;
            }
            let link = self.links.entry(key).or_default();
            let (more, refused) = link.learn(minute, used, &witnesses(&activity, anybody), takes_new);
            self.octets = self.octets.saturating_add_signed(more) + if is_new { LINK_OCTETS } else { 0 };
            self.refused += refused;
        }
    }

    /// A device was there and played the part of another: what it did is the other's.
    pub fn stood_in(&mut self, party: Party, minute: u64) {
        let minute = u32::try_from(minute).unwrap_or(u32::MAX);
        self.device(party.index()).was_there(minute / MINUTES_PER_HOUR / HOURS_PER_DAY);
    }

    /// Minutes of links that were not learned for want of room.
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.refused
    }

    /// Takes an alert that was raised while learning: what it is about is not to be learned.
    pub fn alerted(&mut self, alert: &Alert, parties: &mut Parties, devices: &Devices) {
        let found = &alert.deviation;
        let mut id = |address: Option<Address>| {
            let Some(address) = address else { return String::new() };
            // Who was only given the address, and was not heard yet, goes by it.
            let party = parties.of(address, devices);
            party.map_or_else(|| format!("ip:{address}"), |party| parties.id(party).to_owned())
        };
        let (device, peer) = (id(Some(found.device)), id(found.peer));
        for day in day_of(found.first)..=day_of(found.last) {
            let key = (day, device.clone(), peer.clone(), found.about.name);
            self.alerted.entry(key).or_insert_with(|| found.observed.clone());
        }
    }

    /// What is to be kept out of what was learned.
    pub fn kept_out(&self) -> impl Iterator<Item = KeptOut> {
        self.alerted.iter().map(|((day, device, peer, detection), observed)| KeptOut {
            device: device.clone(),
            peer: peer.clone(),
            day: *day,
            detection: (*detection).to_owned(),
            observed: observed.clone(),
        })
    }

    /// What was learned.
    #[must_use]
    pub fn into_store(self, parties: &Parties, devices: &Devices) -> Store {
        let mut stored: BTreeMap<String, StoredDevice> = BTreeMap::new();
        for (place, device) in self.days.into_iter().enumerate() {
            if let Some(id) = parties.id_at(place).filter(|_| device != StoredDevice::default()) {
                stored.insert(id.to_owned(), device);
            }
        }
        for (_, device) in devices.iter() {
            if let (Some(stored), Some(mac)) = (stored.get_mut(&device.id()), device.mac) {
                stored.mac.get_or_insert(mac.0);
            }
        }
        for stored in stored.values_mut() {
            let leased = |&&(high, low): &&(u64, u64)| devices.is_leased(Address::from_halves(high, low));
            stored.leased = stored.addresses.keys().filter(leased).copied().collect();
        }
        for (device, part) in devices.stand_ins() {
            if let Some(stored) = stored.get_mut(&devices.id_of(device)) {
                stored.stands_in(devices.id_of(part));
            }
        }
        let links = self.links.into_iter().map(|(key, link)| (parties.key(key), link));
        Store { devices: stored, links: links.collect() }
    }

    /// The devices that were learned.
    pub fn devices<'a>(&'a self, parties: &'a Parties) -> impl Iterator<Item = (&'a str, &'a StoredDevice)> {
        let named = |(place, device)| Some((parties.id_at(place)?, device));
        self.days.iter().enumerate().filter_map(named).filter(|(_, device)| !device.days.is_empty())
    }

    fn device(&mut self, place: usize) -> &mut StoredDevice {
        if self.days.len() <= place {
            self.days.resize_with(place + 1, StoredDevice::default);
        }
        &mut self.days[place]
    }
}

/// The day (UTC) of a time, counted from 1970.
fn day_of(time: Timestamp) -> u32 {
    const NANOS_PER_DAY: u64 = 86_400 * NANOS_PER_SECOND;
    u32::try_from(time.nanos() / NANOS_PER_DAY).unwrap_or(u32::MAX)
}

impl StoredLink {
    /// Takes what it did in a minute; gives by how many octets it has grown, and how many operations were not learned.
    fn learn(&mut self, minute: u32, used: &Use, witnesses: &[[Activity; 2]; 2], takes_new: bool) -> (isize, u64) {
        let (before, mut grown, mut refused) = (self.own_octets(), 0, 0);
        let hour = self.hours.or_default(minute / MINUTES_PER_HOUR);
        hour.learn(used);
        for (place, sent) in used.sent.iter().enumerate() {
            let (last, witnesses) = (&mut self.last[place], &witnesses[place]);
            if sent.packets > 0 {
                hour.minutes[place] += u32::from(minute > last.last);
                hour.pause[place] = hour.pause[place].max(last.alone(witnesses, minute));
                last.at(witnesses, minute);
            }
        }
        let open = self.open.or_default(minute);
        open.learn(used);
        self.close_before(minute);
        for operation in &used.operations {
            if !takes_new && !self.operations.contains(&operation.name) {
                refused += 1;
                self.other_messages = self.other_messages.saturating_add(operation.count);
                continue;
            }
            let known = self.operations.or_default(&operation.name);
            let before = known.octets();
            known.learn(minute, operation, witnesses);
            grown += known.octets().cast_signed() - before.cast_signed();
            if !operation.results.is_empty() {
                let results = self.results.or_default(&operation.name);
                let before = results.octets();
                results.learn(minute, &operation.results);
                grown += results.octets().cast_signed() - before.cast_signed();
            }
            if !operation.points.ranges.is_empty() {
                let points = self.points.or_default(&operation.name);
                let before = points.octets();
                points.learn(minute, &operation.points);
                grown += points.octets().cast_signed() - before.cast_signed();
            }
        }
        self.other_messages = self.other_messages.saturating_add(used.other_messages);
        (grown + self.own_octets().cast_signed() - before.cast_signed(), refused)
    }
}

impl LinkHour {
    fn learn(&mut self, used: &Use) {
        self.opened = self.opened.saturating_add(used.opened);
        self.failed = self.failed.saturating_add(used.failed);
        self.gap_bytes = self.gap_bytes.saturating_add(used.gap_bytes[0]).saturating_add(used.gap_bytes[1]);
        manner::add(&mut self.manners, &used.manners);
        for ((bytes, packets), sent) in self.bytes.iter_mut().zip(&mut self.packets).zip(&used.sent) {
            *bytes = bytes.saturating_add(sent.bytes);
            *packets = packets.saturating_add(sent.packets);
        }
    }
}

impl LinkMinute {
    fn learn(&mut self, used: &Use) {
        self.opened = self.opened.saturating_add(used.opened);
        for (bytes, sent) in self.bytes.iter_mut().zip(&used.sent) {
            *bytes = bytes.saturating_add(sent.bytes);
        }
    }
}

impl StoredOperation {
    fn learn(&mut self, minute: u32, used: &OperationUse, witnesses: &[[Activity; 2]; 2]) {
        let count = u32::try_from(used.count).unwrap_or(u32::MAX);
        let answers = u32::try_from(used.responses.count).unwrap_or(u32::MAX);
        let hour = minute / MINUTES_PER_HOUR;
        let day = self.days.or_default(hour / HOURS_PER_DAY);
        day.count = day.count.saturating_add(count);
        day.hours |= 1 << (hour % HOURS_PER_DAY);
        day.bytes = day.bytes.saturating_add(used.bytes);
        day.largest = day.largest.max(used.largest);
        day.refused = day.refused.saturating_add(u32::try_from(used.refused).unwrap_or(u32::MAX));
        day.answers = day.answers.saturating_add(answers);
        day.micros = day.micros.saturating_add(used.responses.sum);
        self.from = self.from.max(used.from);
        let witnesses = &witnesses[usize::from(used.from & 1)];
        let pause = self.last.alone(witnesses, minute);
        if pause > 0 {
            let longest = self.pauses.or_default(hour);
            *longest = pause.max(*longest);
        }
        for (range, seen) in day.ranges.iter_mut().zip(used.ranges) {
            *range = wider(*range, seen);
        }
        self.last.at(witnesses, minute);
        let OperationMinute { count: open, answers: open_answers, micros } = self.open.or_default(minute);
        *open = open.saturating_add(count);
        *open_answers = open_answers.saturating_add(answers);
        *micros = micros.saturating_add(used.responses.sum);
        let open = self.open_hours.or_default(hour);
        *open = open.saturating_add(count);
        self.close_before(minute, used.name.is_opaque());
    }
}
