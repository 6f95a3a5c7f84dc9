//! What is new, and how rare it is that something like it is new.
//!
//! On each learned day, links, operations, hours and devices appear that no other day has. How often that happens to which
//! devices, and in which circumstances, is what the next new thing is judged by: its surprise is the negative logarithm
//! of how often its like was new, as far as circumstances and the two devices are independent (naive Bayes), and what
//! surprises more than the site's budget allowed for on the held-out days deviates.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::calibrate::DAYS;
use super::kin::ASKED_MIN;
use super::makes::{Habit, Makes, make};
use super::named::Named;
use super::profile::{Chance, HOUR_DAYS_MIN, Hours, LinkProfile, OperationProfile};
use super::quiet_hours::QuietHours;
use super::store::LinkKey;
use crate::links::{does_by_itself, is_answer, is_opaque, whoever_it_is_for, without_each};

/// What can be new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Facet {
    /// A device.
    Device,
    /// A link between devices that are known.
    Link,
    /// An operation on a link that is known.
    Operation,
    /// A size class of payloads, of a protocol that is not read, on a link that is known.
    Shape,
    /// Activity of a link at an hour.
    Hour,
    /// An operation at an hour.
    OperationHour,
    /// A size class of payloads, of a protocol that is not read, at an hour.
    ShapeHour,
    /// What a service does, for whoever it is, at an hour.
    ServiceHour,
}

impl Facet {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Device,
        Self::Link,
        Self::Operation,
        Self::Shape,
        Self::Hour,
        Self::OperationHour,
        Self::ShapeHour,
        Self::ServiceHour,
    ];

    /// The hours of an operation.
    #[must_use]
    pub fn of_hour(operation: &str) -> Self {
        if is_opaque(operation) { Self::ShapeHour } else { Self::OperationHour }
    }
}

/// How rare new things are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Novelty {
    /// The days that were learned.
    pub days: u32,
    /// Of each [`Facet`], in the order of [`Facet::ALL`].
    pub facets: Vec<Rarity>,
}

/// How rare new things of a kind are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rarity {
    /// How many there were in which circumstances.
    pub circumstances: BTreeMap<u16, u32>,
    /// How many there were of whom in which circumstances.
    pub devices: BTreeMap<(String, u16), u32>,
    /// All of them.
    pub all: u32,
    /// What surprises more than this deviates.
    pub cutoff: f64,
    /// How many would have, on the days held out.
    pub beyond: u32,
}

/// Counts in place of none: half an event for circumstances that were never met (Krichevsky and Trofimov 1981).
const PRIOR: f64 = 0.5;

impl Rarity {
    /// How surprising a new thing is, in natural units.
    #[must_use]
    pub fn surprise(&self, days: u32, circumstances: u16, devices: &[&str]) -> f64 {
        let count = |count: Option<&u32>| f64::from(count.copied().unwrap_or(0));
        self.surprise_of(
            days,
            count(self.circumstances.get(&circumstances)),
            devices.iter().map(|device| count(self.devices.get(&((*device).to_owned(), circumstances)))),
        )
    }

    fn surprise_of(&self, days: u32, circumstances: f64, devices: impl Iterator<Item = f64>) -> f64 {
        let days = f64::from(days.max(1));
        let rate = |count: f64| -libm::log((count.max(0.0) + PRIOR) / (days + 1.0));
        rate(circumstances) + devices.map(rate).sum::<f64>()
    }
}

impl Novelty {
    /// How rare new things of a kind are.
    #[must_use]
    pub fn of(&self, facet: Facet) -> Option<&Rarity> {
        self.facets.get(facet as usize)
    }

    /// How much a rate is in doubt, in natural units: of few days no more is known than that something is rarer than once in
    /// them, and all that comes on the days after would surprise.
    fn unknown(&self) -> f64 {
        libm::log(f64::from(DAYS) / f64::from(self.days.clamp(1, DAYS)))
    }

    /// How surprising a new thing is, and whether that is more than the site's budget allows for.
    #[must_use]
    pub fn surprise(&self, facet: Facet, circumstances: u16, devices: &[&str]) -> (f64, bool) {
        let Some(rarity) = self.of(facet) else { return (0.0, false) };
        let surprise = rarity.surprise(self.days, circumstances, devices);
        (surprise, surprise > rarity.cutoff + self.unknown() * (devices.len() + 1) as f64)
    }
}

/// The circumstances of new things, one bit each.
pub mod circumstances {
    /// The responder of a new link offers the service to others.
    pub const OFFERED: u16 = 1;
    /// The initiator uses the service of others.
    pub const USED: u16 = 2;
    /// The two have another link.
    pub const ACQUAINTED: u16 = 4;
    /// Most devices of the initiator's make use the service of the responder.
    pub const TYPICAL_OF_INITIATOR: u16 = 8;
    /// The initiator uses the service of most devices of the responder's make.
    pub const TYPICAL_OF_RESPONDER: u16 = 16;
    /// One of these.
    pub const TYPICAL: u16 = TYPICAL_OF_INITIATOR | TYPICAL_OF_RESPONDER;
    /// The initiator has only ever answered the responder; how often that was new is not counted.
    pub const ONLY_ANSWERS: u16 = 32;
    /// A new operation is known between the responder and others.
    pub const KNOWN_TO_RESPONDER: u16 = 1 << 14;
    /// It is known between the initiator and others.
    pub const KNOWN_TO_INITIATOR: u16 = 1 << 15;

    /// The bit for: but for its feature at this place, it is known on the link.
    #[must_use]
    pub const fn but_for(feature: usize) -> u16 {
        if feature < 14 { 1 << feature } else { 0 }
    }
}

/// A new thing of a held-out day.
struct Event {
    day: u32,
    circumstances: u16,
    devices: Vec<String>,
}

type Service = (u8, u16);

/// Gathers what was new on each day.
#[derive(Default)]
pub(super) struct Novelties {
    links: Vec<(LinkKey, Vec<u32>)>,
    operations: Vec<(LinkKey, String, Vec<u32>, u32)>,
    devices: Vec<(String, Vec<u32>)>,
    shapes: Vec<Event>,
    /// Of links, operations, and size classes.
    hours: [Vec<Event>; 3],
    /// Of what services do for whoever it is.
    service_hours: Vec<Event>,
    quiet_hours: QuietHours,
    acquaintance: Acquaintance,
}

/// On which days who had to do with what.
#[derive(Default)]
struct Acquaintance {
    offered: BTreeMap<(String, Service), BTreeSet<u32>>,
    used: BTreeMap<(String, Service), BTreeSet<u32>>,
    pairs: BTreeMap<(String, String), BTreeSet<u32>>,
    responder_operations: BTreeMap<(String, String), BTreeSet<u32>>,
    initiator_operations: BTreeMap<(String, String), BTreeSet<u32>>,
    /// Of a link, the names of its operations but for a feature.
    like: BTreeMap<(LinkKey, String), BTreeSet<u32>>,
    /// Of who asks on what, what they ask whoever it is for, and on which days of each whom they ask it of.
    asked: BTreeMap<(String, Service, String), Vec<Vec<u32>>>,
    /// Of who answers on what, its answers, and on which days it gave them to each.
    answered: BTreeMap<(String, Service, String), Vec<Vec<u32>>>,
    makes: Makes<String>,
}

impl Acquaintance {
    /// Whether on other days an operation was asked of so many, or answered to so many, that it is nothing new with one more.
    fn is_usual_with_others(&self, key: &LinkKey, name: &str, day: u32) -> bool {
        let words: Vec<&str> = whoever_it_is_for(name).collect();
        let (service, words) = ((key.transport, key.port), words.join("\t"));
        let is_usual = |with: Option<&Vec<Vec<u32>>>| {
            let others = with.into_iter().flatten().filter(|days| days.iter().any(|on| *on != day)).count();
            others >= ASKED_MIN as usize
        };
        is_usual(self.asked.get(&(key.initiator.clone(), service, words.clone())))
            || is_usual(self.answered.get(&(key.responder.clone(), service, words)))
    }
}

impl Novelties {
    pub(super) fn link(&mut self, key: &LinkKey, by_day: &BTreeMap<u32, LinkProfile>) {
        let days: Vec<u32> = by_day.keys().copied().collect();
        let service = (key.transport, key.port);
        let LinkKey { initiator, responder, .. } = key;
        let known = &mut self.acquaintance;
        known.offered.entry((responder.clone(), service)).or_default().extend(&days);
        known.used.entry((initiator.clone(), service)).or_default().extend(&days);
        known.pairs.entry(pair(initiator, responder)).or_default().extend(&days);
        for (id, habit) in habits(key) {
            known.makes.has(make(id), habit, &days);
        }
        let mut operations: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for (day, profile) in by_day {
            for name in profile.operations.names() {
                operations.entry(name).or_default().push(*day);
            }
        }
        for (name, on) in operations {
            if is_opaque(name) {
                continue;
            }
            known.responder_operations.entry((responder.clone(), name.to_owned())).or_default().extend(&on);
            known.initiator_operations.entry((initiator.clone(), name.to_owned())).or_default().extend(&on);
            let asked: Vec<&str> = whoever_it_is_for(name).collect();
            let asked = asked.join("\t");
            if is_answer(name) {
                known.answered.entry((responder.clone(), service, asked.clone())).or_default().push(on.clone());
            }
            known.asked.entry((initiator.clone(), service, asked)).or_default().push(on.clone());
            for like in without_each(name) {
                known.like.entry((key.clone(), like)).or_default().extend(&on);
            }
            self.operations.push((key.clone(), name.to_owned(), on, days.len() as u32));
        }
        self.hours(key, by_day);
        self.shapes(key, by_day);
        self.links.push((key.clone(), days));
    }

    pub(super) fn device(&mut self, id: &str, days: &[u32]) {
        self.acquaintance.makes.device(make(id));
        self.devices.push((id.to_owned(), days.to_vec()));
    }

    /// Size classes of a day that no other day has.
    fn shapes(&mut self, key: &LinkKey, by_day: &BTreeMap<u32, LinkProfile>) {
        for (held_out, now) in by_day.iter().filter(|_| by_day.len() > 1) {
            let mut others = LinkProfile::default();
            by_day.iter().filter(|(day, _)| *day != held_out).for_each(|(_, day)| others.absorb(day));
            if now.operations.names().any(|name| is_opaque(name) && !others.operations.contains(name)) {
                let circumstances = shape(&others.operations).unlikely().into();
                let devices = vec![key.initiator.clone(), key.responder.clone()];
                self.shapes.push(Event { day: *held_out, circumstances, devices });
            }
        }
    }

    /// Hours of a day that are unlikely by the other days of their kind: of a link, and of what it does.
    fn hours(&mut self, key: &LinkKey, by_day: &BTreeMap<u32, LinkProfile>) {
        let [links, operations, shapes] = &mut self.hours;
        let event = |(day, unlikely): (u32, u8)| Event {
            day,
            circumstances: unlikely.into(),
            devices: vec![key.initiator.clone(), key.responder.clone()],
        };
        let link: HoursByDay<'_> = by_day.iter().map(|(day, profile)| (*day, &profile.hours)).collect();
        links.extend(unlikely_hours(&link).map(event));
        let mut by_operation: BTreeMap<(&str, u8), HoursByDay<'_>> = BTreeMap::new();
        for (day, profile) in by_day {
            for (name, operation) in profile.operations.iter() {
                by_operation.entry((name, operation.from)).or_default().push((*day, &operation.hours));
            }
        }
        let is_stream = by_day.values().filter(|day| day.pace[0].min > 0).nth(1).is_some();
        for ((name, from), hours) in by_operation {
            let events = if is_opaque(name) { &mut *shapes } else { &mut *operations };
            for New { day, hours, unlikely } in new_hours(&hours) {
                events.push(event((day, unlikely)));
                if does_by_itself(name, from, is_stream) {
                    self.quiet_hours.take(key, (name, from), day, hours);
                }
            }
        }
    }

    /// What was done with several at hours at which each of them is quiet else.
    pub(super) const fn quiet_hours(&self) -> &QuietHours {
        &self.quiet_hours
    }

    /// Takes what a service does for whoever it is, day by day.
    pub(super) fn service(&mut self, key: &LinkKey, by_day: &BTreeMap<u32, LinkProfile>) {
        let mut by_operation: BTreeMap<&str, HoursByDay<'_>> = BTreeMap::new();
        for (day, profile) in by_day {
            for (name, operation) in profile.operations.iter() {
                by_operation.entry(name).or_default().push((*day, &operation.hours));
            }
        }
        for hours in by_operation.values() {
            self.service_hours.extend(unlikely_hours(hours).map(|(day, unlikely)| Event {
                day,
                circumstances: unlikely.into(),
                devices: vec![key.responder.clone()],
            }));
        }
    }

    /// Counts all, and finds the cutoffs beyond which `allowed` lie.
    pub(super) fn into_novelty(self, days: u32, allowed: f64) -> Novelty {
        let mut events: [Vec<Event>; 8] = Default::default();
        let [devices, links, operations, shapes, of_links, of_operations, of_shapes, of_services] = &mut events;
        for (_, on) in &self.devices {
            if let [day] = on[..] {
                devices.push(Event { day, circumstances: 0, devices: Vec::new() });
            }
        }
        let known = |on: Option<&BTreeSet<u32>>, day: u32| on.is_some_and(|days| days.iter().any(|on| *on != day));
        for (key, on) in &self.links {
            if let [day] = on[..] {
                let service = (key.transport, key.port);
                let acquaintance = &self.acquaintance;
                let mut circumstances = 0;
                for (bit, on) in [
                    (circumstances::OFFERED, acquaintance.offered.get(&(key.responder.clone(), service))),
                    (circumstances::USED, acquaintance.used.get(&(key.initiator.clone(), service))),
                    (circumstances::ACQUAINTED, acquaintance.pairs.get(&pair(&key.initiator, &key.responder))),
                ] {
                    circumstances |= if known(on, day) { bit } else { 0 };
                }
                let typical = [circumstances::TYPICAL_OF_INITIATOR, circumstances::TYPICAL_OF_RESPONDER];
                for (bit, (id, habit)) in typical.into_iter().zip(habits(key)) {
                    circumstances |= if acquaintance.makes.is_typical(make(id), habit, Some(day)) { bit } else { 0 };
                }
                links.push(Event { day, circumstances, devices: vec![key.initiator.clone(), key.responder.clone()] });
            }
        }
        for (key, name, on, link_days) in &self.operations {
            if let ([day], true) = (&on[..], *link_days > 1) {
                let acquaintance = &self.acquaintance;
                if acquaintance.is_usual_with_others(key, name, *day) {
                    continue;
                }
                let mut circumstances = 0;
                for (bit, on) in [
                    (
                        circumstances::KNOWN_TO_RESPONDER,
                        acquaintance.responder_operations.get(&(key.responder.clone(), name.clone())),
                    ),
                    (
                        circumstances::KNOWN_TO_INITIATOR,
                        acquaintance.initiator_operations.get(&(key.initiator.clone(), name.clone())),
                    ),
                ] {
                    circumstances |= if known(on, *day) { bit } else { 0 };
                }
                for (feature, like) in without_each(name).enumerate() {
                    let like = acquaintance.like.get(&(key.clone(), like));
                    circumstances |= if known(like, *day) { circumstances::but_for(feature) } else { 0 };
                }
                let devices = vec![key.initiator.clone(), key.responder.clone()];
                operations.push(Event { day: *day, circumstances, devices });
            }
        }
        *shapes = self.shapes;
        [*of_links, *of_operations, *of_shapes] = self.hours;
        *of_services = self.service_hours;
        let facets = events.into_iter().map(|events| rarity(&events, days, allowed)).collect();
        Novelty { days, facets }
    }
}

/// The hours of some days, as they count on working days and on others.
type HoursByDay<'a> = Vec<(u32, &'a [Hours; 2])>;

/// Hours of a day that are unlikely by the other days of their kind.
struct New {
    day: u32,
    /// One bit each.
    hours: u32,
    /// How unlikely the most unlikely is, in halvings.
    unlikely: u8,
}

/// The days with an hour that is unlikely by the other days of their kind, and how unlikely.
fn unlikely_hours(by_day: &[(u32, &[Hours; 2])]) -> impl Iterator<Item = (u32, u8)> {
    new_hours(by_day).map(|new| (new.day, new.unlikely))
}

fn new_hours(by_day: &[(u32, &[Hours; 2])]) -> impl Iterator<Item = New> {
    let of_kind = move |kind: usize, held_out: u32, now: &Hours| {
        let mut others = Hours::default();
        by_day.iter().filter(|(day, _)| *day != held_out).for_each(|(_, hours)| others.absorb(&hours[kind]));
        let mut new = New { day: held_out, hours: 0, unlikely: 0 };
        for hour in (0..24).filter(|hour| now.seen >> hour & 1 == 1) {
            let unlikely = others.unlikely(hour);
            new.unlikely = unlikely.max(new.unlikely);
            new.hours |= u32::from(unlikely > 0) << hour;
        }
        Some(new).filter(|new| new.hours > 0 && others.days >= HOUR_DAYS_MIN)
    };
    by_day.iter().flat_map(move |&(day, now)| (0..2).filter_map(move |kind| of_kind(kind, day, &now[kind])))
}

/// How many of the size classes of a link were there on one day only.
#[must_use]
pub fn shape(operations: &Named<OperationProfile>) -> Chance {
    let mut chance = Chance::default();
    for (_, operation) in operations.iter().filter(|(name, _)| is_opaque(name)) {
        chance.once += u32::from(operation.days == 1);
        chance.all += operation.days;
    }
    chance
}

/// What the initiator and the responder do, each beside its id.
fn habits(key: &LinkKey) -> [(&str, Habit<String>); 2] {
    let LinkKey { initiator, responder, transport, port } = key;
    let habit = |other: &String, initiates| Habit { other: other.clone(), service: (*transport, *port), initiates };
    [(initiator, habit(responder, true)), (responder, habit(initiator, false))]
}

fn pair(one: &str, other: &str) -> (String, String) {
    let (least, greatest) = if one <= other { (one, other) } else { (other, one) };
    (least.to_owned(), greatest.to_owned())
}

fn rarity(events: &[Event], days: u32, allowed: f64) -> Rarity {
    let mut rarity = Rarity::default();
    let mut by_day: BTreeMap<(u32, u16), u32> = BTreeMap::new();
    let mut devices_by_day: BTreeMap<(u32, &str, u16), u32> = BTreeMap::new();
    for event in events {
        rarity.all += 1;
        *rarity.circumstances.entry(event.circumstances).or_default() += 1;
        *by_day.entry((event.day, event.circumstances)).or_default() += 1;
        for device in &event.devices {
            *rarity.devices.entry((device.clone(), event.circumstances)).or_default() += 1;
            *devices_by_day.entry((event.day, device, event.circumstances)).or_default() += 1;
        }
    }
    // Judged by the other days alone, but as if there were as many as will be: what was never met must surprise as much.
    let surprise = |event: &Event| {
        let on =
            |all: Option<&u32>, day: Option<&u32>| f64::from(all.copied().unwrap_or(0) - day.copied().unwrap_or(0));
        let circumstances =
            on(rarity.circumstances.get(&event.circumstances), by_day.get(&(event.day, event.circumstances)));
        let devices = event.devices.iter().map(|device| {
            let of = event.circumstances;
            let day = devices_by_day.get(&(event.day, device.as_str(), of));
            on(rarity.devices.get(&(device.clone(), of)), day)
        });
        rarity.surprise_of(days, circumstances, devices)
    };
    let mut surprises: Vec<f64> = events.iter().map(surprise).collect();
    surprises.sort_by(|one, other| other.total_cmp(one));
    let place = allowed as usize;
    let cutoff = surprises.get(place).copied().unwrap_or(0.0);
    let beyond = surprises.iter().filter(|surprise| **surprise > cutoff).count() as u32;
    Rarity { cutoff, beyond, ..rarity }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is done, and on which days.
    type Done<'a> = (&'a str, &'a [u32]);

    /// How many operations are new, of links of one initiator by responder, each with what it does on which days.
    fn new_operations(links: &[(&str, &[Done<'_>])]) -> u32 {
        let mut novelties = Novelties::default();
        for (responder, operations) in links {
            let key = LinkKey { initiator: "bms".into(), responder: (*responder).into(), transport: 6, port: 502 };
            let mut by_day: BTreeMap<u32, LinkProfile> = BTreeMap::new();
            for (name, days) in *operations {
                for day in *days {
                    let link = by_day.entry(*day).or_insert_with(|| LinkProfile { days: 1, ..LinkProfile::default() });
                    link.operations
                        .or_insert_with(name, || OperationProfile { days: 1, ..OperationProfile::default() });
                }
            }
            novelties.link(&key, &by_day);
        }
        novelties.into_novelty(14, 1.0).of(Facet::Operation).unwrap().all
    }

    const READ: &str = "modbus read-coils\tfunction=1\tunit=1\taddress=1";
    const WRITES: [&str; 3] = [
        "modbus write-single-coil\tfunction=5\tunit=1\taddress=1",
        "modbus write-single-coil\tfunction=5\tunit=2\taddress=1",
        "modbus write-single-coil\tfunction=5\tunit=3\taddress=1",
    ];

    #[test]
    fn what_was_asked_of_two_others_on_other_days_is_no_news_of_a_third() {
        let always: Done<'_> = (READ, &[1, 2, 3, 4]);
        let of_two = [always, (WRITES[0], &[1, 2]), (WRITES[1], &[3])];
        assert_eq!(new_operations(&[("a", &of_two)]), 1, "it has but one other");
        let of_three = [always, (WRITES[0], &[1, 2]), (WRITES[1], &[3]), (WRITES[2], &[4])];
        assert_eq!(new_operations(&[("a", &of_three)]), 0, "each has two others");
        let at_once = [always, (WRITES[0], &[4]), (WRITES[1], &[4]), (WRITES[2], &[4])];
        assert_eq!(new_operations(&[("a", &at_once)]), 3, "on one day none speaks for another");
        let elsewhere = [("b", &[always, (WRITES[0], &[2])][..]), ("c", &[always, (WRITES[0], &[3])][..])];
        let other_device: [Done<'_>; 2] = [always, (WRITES[0], &[4])];
        assert_eq!(new_operations(&[elsewhere[0], elsewhere[1], ("a", &other_device)]), 0, "of other devices");
    }
}
