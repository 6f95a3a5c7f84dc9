//! What somebody accepted as normal although it was not learned.
//!
//! An approval does not add to the store, from which thresholds are worked out: it widens the profiles after that, each
//! time anew. So accepting something makes nothing else less surprising, baselines merge by joining their approvals, and
//! what was accepted, by whom and why stays readable.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use wardtap_net::address::Address;

use super::change::{Change, Changed};
use super::follows::Follow;
use super::kept_out::KeptOut;
use super::measure::Measure;
use super::points::{PointProfile, PointsProfile};
use super::profile::{DeviceProfile, Hours, Least, LinkProfile, OperationProfile, Profiles, Top};
use super::results::ResultsProfile;
use super::store::{LinkKey, wider};
use crate::device::Name;
use crate::links::manner::Manner;
use crate::links::points::PointRange;
use crate::parties::{ANYBODY, GROUP, OUTSIDE};

/// An operation of a link, or the link itself.
pub type Whole = (LinkKey, Option<String>);

/// What an approval adds to the profiles.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Accepted {
    /// Devices.
    pub devices: BTreeMap<String, DeviceProfile>,
    /// Links and operations of which nothing is known but that they are all right: until they are learned, their
    /// quantities and hours are not judged.
    pub unmeasured: BTreeSet<Whole>,
    /// What links do besides.
    pub links: BTreeMap<LinkKey, LinkProfile>,
    /// What was kept out while learning, and is learned after all.
    pub kept_out: Vec<KeptOut>,
}

/// Somebody accepted something.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    /// When, in nanoseconds since 1970.
    pub time: u64,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// The ids of the alerts, where it was alerts.
    pub alerts: Vec<String>,
    /// What.
    pub accepted: Accepted,
}

/// Why a change cannot be accepted.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NotAccepted {
    /// The link is not in the baseline.
    #[error(
        "the baseline has no conversation of {0} with {1} on that service: it is not the one that the alert comes of"
    )]
    NoLink(String, String),
    /// The operation is not in the baseline.
    #[error("the baseline has no such operation of {0} with {1}: it is not the one that the alert comes of")]
    NoOperation(String, String),
    /// What was normal is something else by now.
    #[error(
        "what is normal between {0} and {1} has changed since the alert: replay with this baseline, and take the new alert"
    )]
    Changed(String, String),
}

impl Accepted {
    /// True where it adds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what an alert tells of; `address` is that of the device at risk.
    ///
    /// # Errors
    /// Where the alert does not come of these profiles.
    pub fn add(&mut self, change: &Change, address: Option<Address>, profiles: &Profiles) -> Result<(), NotAccepted> {
        let link = &change.link;
        match &change.what {
            Changed::Device { initiates } => {
                let id = if *initiates { &link.initiator } else { &link.responder };
                self.device(id, address);
                self.link(link);
            }
            Changed::StandIn => {
                self.device(&link.initiator, None);
                let device = self.devices.entry(link.initiator.clone()).or_default();
                device.stands_in_for = vec![link.responder.clone()];
            }
            Changed::Link => self.link(link),
            Changed::Operation(name) => {
                self.unmeasured.insert((link.clone(), Some(name.clone())));
            }
            Changed::Hours { operation, hours } => {
                let known = profiles.links.get(link);
                let into = self.links.entry(link.clone()).or_default();
                let into = match operation {
                    Some(name) if known.is_none_or(|known| !known.operations.contains(name)) => {
                        return Err(NotAccepted::no_operation(link));
                    }
                    Some(name) => &mut into.operations.or_default(name).hours,
                    None => &mut into.hours,
                };
                into.iter_mut().zip(hours).for_each(|(into, hours)| into.seen |= hours & ALL_HOURS);
            }
            Changed::Beyond { measure: measure @ (Measure::DevicePause | Measure::Vanished), now, normal, .. } => {
                self.device_silence(link, *measure, profiles, (*now, *normal))?;
            }
            Changed::Beyond { measure, operation, now, normal } => {
                let known = profiles.links.get(link).ok_or_else(|| NotAccepted::no_link(link))?;
                let into = self.links.entry(link.clone()).or_default();
                let is_taken = match operation {
                    Some(name) => {
                        let known = known.operations.get(name).ok_or_else(|| NotAccepted::no_operation(link))?;
                        let into = into.operations.or_default(name);
                        widen_operation(into, known, *measure, *now, *normal)
                    }
                    None => widen_link(into, known, *measure, *now, *normal),
                };
                if !is_taken {
                    return Err(NotAccepted::changed(link));
                }
            }
            Changed::Point { operation, place, low, high } => {
                let point = self.point(link, operation, *place, profiles)?;
                for value in [low, high] {
                    // Either way of reading it has the same sixteen bits.
                    point.range.widen(PointRange::of(*value as u16));
                }
            }
            Changed::Still { operation, place, minutes } => {
                let point = self.point(link, operation, *place, profiles)?;
                point.still = point.still.max(*minutes);
            }
            Changed::Results { operation, analyte, low, high } => {
                let known = profiles.links.get(link).ok_or_else(|| NotAccepted::no_link(link))?;
                let known = known.results.get(operation).and_then(|results| results.analytes.get(&analyte.number()));
                known.ok_or_else(|| NotAccepted::no_operation(link))?;
                let into = self.links.entry(link.clone()).or_default();
                let accepted = ResultsProfile::accepted(*analyte, *low, *high);
                into.results.or_insert_with(operation, ResultsProfile::default).absorb(&accepted);
            }
            Changed::Loop { operation } => {
                self.points(link, operation, profiles)?.loops = true;
            }
        }
        Ok(())
    }

    /// The places of an operation that is known.
    fn points(
        &mut self,
        link: &LinkKey,
        operation: &str,
        profiles: &Profiles,
    ) -> Result<&mut PointsProfile, NotAccepted> {
        let known = profiles.links.get(link).ok_or_else(|| NotAccepted::no_link(link))?;
        let known = known.points.get(operation).ok_or_else(|| NotAccepted::no_operation(link))?;
        let into = self.links.entry(link.clone()).or_default();
        let nothing = PointsProfile { first: known.first, ..PointsProfile::default() };
        Ok(into.points.or_insert_with(operation, || nothing))
    }

    /// A place of an operation that is known.
    fn point(
        &mut self,
        link: &LinkKey,
        operation: &str,
        place: u32,
        profiles: &Profiles,
    ) -> Result<&mut PointProfile, NotAccepted> {
        let points = self.points(link, operation, profiles)?;
        let known = profiles.links.get(link).and_then(|link| link.points.get(operation));
        let place = place.checked_sub(points.first).map_or(usize::MAX, |place| place as usize);
        if known.is_none_or(|known| place >= known.points.len()) {
            return Err(NotAccepted::no_operation(link));
        }
        if points.points.len() <= place {
            points.points.resize(place + 1, NO_POINT);
        }
        points.points.get_mut(place).ok_or_else(|| NotAccepted::no_operation(link))
    }

    /// Accepts a device.
    fn device(&mut self, id: &str, address: Option<Address>) {
        let name = id.parse::<Name>().ok();
        let mac = name.and_then(|name| if let Name::Mac(mac) = name { Some(mac.0) } else { None });
        let device = self.devices.entry(id.to_owned()).or_default();
        device.mac = device.mac.or(mac);
        device.addresses.extend(address.map(|address| (address.halves(), 0)));
    }

    /// Accepts that a device is silent: the end of a link for which that silence was normal.
    fn device_silence(
        &mut self,
        link: &LinkKey,
        measure: Measure,
        known: &Profiles,
        (now, normal): (u64, u64),
    ) -> Result<(), NotAccepted> {
        let has_left = measure == Measure::DevicePause;
        let of = |device: &DeviceProfile| if has_left { device.pause } else { device.vanished };
        let is_it = |id: &&String| known.devices.get(*id).is_some_and(|device| u64::from(of(device)) == normal);
        let mut silent = [&link.initiator, &link.responder].into_iter().filter(is_it).peekable();
        silent.peek().ok_or_else(|| NotAccepted::changed(link))?;
        for id in silent {
            let device = self.devices.entry(id.clone()).or_default();
            let longest = if has_left { &mut device.pause } else { &mut device.vanished };
            *longest = u32::try_from(now).unwrap_or(u32::MAX).max(*longest);
        }
        Ok(())
    }

    /// Accepts a link.
    fn link(&mut self, link: &LinkKey) {
        self.unmeasured.insert((link.clone(), None));
    }

    /// Adds all that other profiles hold beyond these.
    pub fn add_difference(&mut self, profiles: &Profiles, other: &Profiles) {
        for (id, device) in &other.devices {
            if !profiles.devices.contains_key(id) {
                self.devices.insert(id.clone(), device.clone());
            }
        }
        for (key, link) in &other.links {
            match profiles.links.get(key) {
                None => drop(self.links.insert(key.clone(), (**link).clone())),
                Some(known) => {
                    let mut both = known.clone();
                    let more = uncounted(link, known);
                    both.absorb(&more);
                    if both != *known {
                        self.links.insert(key.clone(), more);
                    }
                }
            }
        }
    }

    /// Widens what is normal by it.
    pub fn apply(&self, profiles: &mut Profiles) {
        for (id, device) in &self.devices {
            let known = profiles.devices.entry(id.clone()).or_default();
            known.mac = known.mac.or(device.mac);
            for (address, minute) in &device.addresses {
                let last = known.addresses.entry(*address).or_default();
                *last = (*last).max(*minute);
            }
            known.stands_in_for.extend(device.stands_in_for.iter().cloned());
            known.stands_in_for.sort_unstable();
            known.stands_in_for.dedup();
            known.days = known.days.max(device.days);
            known.pause = known.pause.max(device.pause);
            known.vanished = known.vanished.max(device.vanished);
        }
        for (key, operation) in &self.unmeasured {
            let link = profiles.links.entry(key.clone()).or_insert_with(|| Box::new(unmeasured_link()));
            if let Some(name) = operation {
                link.operations.or_insert_with(name, unmeasured_operation);
            }
        }
        for (key, link) in &self.links {
            profiles.links.entry(key.clone()).or_default().absorb(link);
        }
        for (key, _) in &self.unmeasured {
            for id in [&key.initiator, &key.responder] {
                if ![OUTSIDE, GROUP, ANYBODY].contains(&id.as_str()) {
                    profiles.devices.entry(id.clone()).or_default();
                }
            }
        }
    }
}

impl NotAccepted {
    fn no_link(link: &LinkKey) -> Self {
        Self::NoLink(link.initiator.clone(), link.responder.clone())
    }

    fn no_operation(link: &LinkKey) -> Self {
        Self::NoOperation(link.initiator.clone(), link.responder.clone())
    }

    fn changed(link: &LinkKey) -> Self {
        Self::Changed(link.initiator.clone(), link.responder.clone())
    }
}

/// A link's profile to be taken in beside one that is known: what is new in it with its days; of all else what is wider,
/// without days.
fn uncounted(link: &LinkProfile, known: &LinkProfile) -> LinkProfile {
    let hours = further(&link.hours, &known.hours);
    let mut more = LinkProfile { days: 0, minutes: [0; 2], hours, ..link.clone() };
    for end in 0..2 {
        keep_wider(&mut more.minute_bytes[end], known.minute_bytes[end]);
        keep_wider(&mut more.hour_bytes[end], known.hour_bytes[end]);
        keep_wider(&mut more.day_bytes[end], known.day_bytes[end]);
        if more.pace[end].min >= known.pace[end].min {
            more.pace[end] = Least::default();
        }
        more.pauses[end].without_days(&known.pauses[end]);
    }
    keep_wider(&mut more.minute_opened, known.minute_opened);
    keep_wider(&mut more.hour_opened, known.hour_opened);
    keep_wider(&mut more.hour_failed, known.hour_failed);
    keep_wider(&mut more.hour_reconnected, known.hour_reconnected);
    more.manners.iter_mut().zip(known.manners).for_each(|(more, known)| keep_wider(more, known));
    keep_wider(&mut more.stay, known.stay);
    for (name, operation) in more.operations.iter_mut() {
        let Some(known) = known.operations.get(name) else { continue };
        let hours = further(&operation.hours, &known.hours);
        (operation.days, operation.count, operation.hours) = (0, 0, hours);
        keep_wider(&mut operation.minute_count, known.minute_count);
        keep_wider(&mut operation.hour_count, known.hour_count);
        operation.by_hour.keep_wider(&known.by_hour);
        keep_wider(&mut operation.day_count, known.day_count);
        keep_wider(&mut operation.hour_partners, known.hour_partners);
        keep_wider(&mut operation.largest, known.largest);
        operation.pauses.without_days(&known.pauses);
        keep_wider(&mut operation.absence, known.absence);
        keep_wider(&mut operation.slowest, known.slowest);
        operation.follows.clear();
    }
    for (name, points) in more.points.iter_mut() {
        if known.points.contains(name) {
            (points.days, points.minutes) = (0, 0);
            points.points.iter_mut().for_each(|point| point.rises = 0);
        }
    }
    for (name, results) in more.results.iter_mut() {
        if known.results.contains(name) {
            results.uncount();
        }
    }
    more
}

/// Hours in which there was something only here, without the days.
fn further(hours: &[Hours; 2], known: &[Hours; 2]) -> [Hours; 2] {
    [0, 1].map(|kind| Hours { seen: hours[kind].seen & !known[kind].seen, ..Hours::default() })
}

/// What is not beyond what is known adds nothing: a greatest that is taken in twice would look like that of two days.
fn keep_wider(more: &mut Top, known: Top) {
    if more.max <= known.max {
        *more = Top::default();
    }
}

/// A place of which nothing is known: taken in, it changes nothing.
const NO_POINT: PointProfile = PointProfile { range: PointRange::NONE, still: 0, rises: 0, only_rises: true };

/// Every hour of the day.
const ALL_HOURS: u32 = (1 << 24) - 1;

/// Any amount is normal.
const ANY: Top = Top { max: u64::MAX, second: u64::MAX };

/// What is normal for a link of which nothing was measured.
fn unmeasured_link() -> LinkProfile {
    let hours = Hours { seen: ALL_HOURS, ..Hours::default() };
    LinkProfile {
        hours: [hours; 2],
        minute_bytes: [ANY; 2],
        hour_bytes: [ANY; 2],
        day_bytes: [ANY; 2],
        minute_opened: ANY,
        hour_opened: ANY,
        hour_failed: ANY,
        hour_reconnected: ANY,
        manners: [ANY; Manner::ALL.len()],
        stay: ANY,
        ..LinkProfile::default()
    }
}

/// What is normal for an operation of which nothing was measured.
fn unmeasured_operation() -> OperationProfile {
    let hours = Hours { seen: ALL_HOURS, ..Hours::default() };
    OperationProfile {
        hours: [hours; 2],
        minute_count: ANY,
        hour_count: ANY,
        hour_partners: ANY,
        day_count: ANY,
        largest: ANY,
        refused: 1000,
        ..OperationProfile::default()
    }
}

/// Widens a quantity of a link; false where what was normal is something else. Of two ends it is the one for which
/// that was normal.
fn widen_link(into: &mut LinkProfile, known: &LinkProfile, measure: Measure, now: u64, normal: u64) -> bool {
    let both = |into: &mut [Top; 2], known: &[Top; 2]| {
        let [one, other] = into;
        // Each of them, also where the first is it already.
        widen(one, known[0], now, normal) | widen(other, known[1], now, normal)
    };
    match measure {
        Measure::MinuteBytes => both(&mut into.minute_bytes, &known.minute_bytes),
        Measure::HourBytes => both(&mut into.hour_bytes, &known.hour_bytes),
        Measure::DayBytes => both(&mut into.day_bytes, &known.day_bytes),
        Measure::HourPace => {
            let mut is_it = false;
            for (into, _) in into.pace.iter_mut().zip(known.pace).filter(|(_, known)| known.next() == normal) {
                into.absorb(Least { min: now, second: now });
                is_it = true;
            }
            is_it
        }
        Measure::LinkPause => {
            let [one, other] = &mut into.pauses;
            one.accept(&known.pauses[0], now, normal) | other.accept(&known.pauses[1], now, normal)
        }
        Measure::MinuteOpened => widen(&mut into.minute_opened, known.minute_opened, now, normal),
        Measure::HourOpened => widen(&mut into.hour_opened, known.hour_opened, now, normal),
        Measure::Stay => widen(&mut into.stay, known.stay, now, normal),
        Measure::HourUnasked | Measure::HourLate | Measure::HourRepeated | Measure::HourNames => {
            let manner = Manner::ALL.into_iter().position(|manner| Measure::of_manner(manner) == measure);
            let Some((into, known)) = manner.map(|at| (&mut into.manners[at], known.manners[at])) else { return false };
            widen(into, known, now, normal)
        }
        Measure::HourReconnected => widen(&mut into.hour_reconnected, known.hour_reconnected, now, normal),
        Measure::HourFailed | Measure::ServiceFailed => widen(&mut into.hour_failed, known.hour_failed, now, normal),
        _ => false,
    }
}

/// Makes an amount normal, where what was is what the alert says, and nothing beyond it.
fn widen(into: &mut Top, known: Top, now: u64, normal: u64) -> bool {
    let is_it = known.next() == normal;
    if is_it {
        into.absorb(Top { max: now, second: now });
    }
    is_it
}

/// Widens a quantity of an operation; false where what was normal is something else.
fn widen_operation(
    into: &mut OperationProfile,
    known: &OperationProfile,
    measure: Measure,
    now: u64,
    normal: u64,
) -> bool {
    match measure {
        Measure::MinuteMessages => widen(&mut into.minute_count, known.minute_count, now, normal),
        Measure::ServiceMinute => {
            let is_it = normal <= known.minute_count.max;
            if is_it {
                into.minute_count.absorb(Top { max: now, second: now });
            }
            is_it
        }
        Measure::HourMessages | Measure::HourPayloads => widen(&mut into.hour_count, known.hour_count, now, normal),
        Measure::HourOfDay => into.by_hour.accept(&known.by_hour, now, normal),
        Measure::DayMessages => widen(&mut into.day_count, known.day_count, now, normal),
        Measure::HourPartners => widen(&mut into.hour_partners, known.hour_partners, now, normal),
        Measure::MessageBytes => widen(&mut into.largest, known.largest, now, normal),
        Measure::ResponseTime => widen(&mut into.slowest, known.slowest, now, normal),
        Measure::OperationPause | Measure::PayloadPause => into.pauses.accept(&known.pauses, now, normal),
        Measure::Absence => widen(&mut into.absence, known.absence, now, normal),
        Measure::Unfollowed => {
            let mut is_it = false;
            for follow in known.follows.iter().filter(|follow| follow.normal() == normal) {
                let hours = now / u64::from(follow.surprise().max(1)) + 1;
                let run = Top { max: hours, second: hours };
                into.follows.push(Follow { hours: 0, missed: 0, run, ..follow.clone() });
                is_it = true;
            }
            is_it
        }
        Measure::Refusals => {
            into.refused = into.refused.max(u32::try_from(now).unwrap_or(1000));
            u64::from(known.refused) == normal
        }
        Measure::Value => {
            // What was normal is the edge of one of the ranges that it is beside.
            let edge =
                |range: &(u64, u64)| (now < range.0 && range.0 == normal) || (now > range.1 && range.1 == normal);
            let of = (0..).zip(&known.ranges).filter(|(_, range)| range.as_ref().is_some_and(edge));
            let places: Vec<usize> = of.map(|(place, _)| place).collect();
            for &place in &places {
                into.ranges[place] = wider(into.ranges[place], Some((now, now)));
            }
            !places.is_empty()
        }
        _ => false,
    }
}
