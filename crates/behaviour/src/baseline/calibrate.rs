//! From a store to profiles and thresholds: each day is held out in turn and judged by the others, and thresholds lie where
//! the site's alert budget would have been kept.
//!
//! Quantities: the ratios of what a held-out day showed to what the others had shown are taken to have a Pareto tail (peaks
//! over a threshold: Pickands 1975, Balkema and de Haan 1974; its index by Hill 1975); the factor is where that tail has
//! the share of the budget. Half of the whole budget may go to single ratios far beyond all others. As for streams in Siffer et al., "Anomaly Detection in Streams with Extreme Value Theory",
//! KDD 2017, but from whole days, and fixed.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use wardtap_net::packet::Timestamp;

use super::absence::Attendance;
use super::breadth::Breadths;
use super::by_time::ByTime;
use super::fellows::Fellows;
use super::follows::Follows;
use super::kin::Kin;
use super::measure::{Measure, compare};
use super::novelty::{Facet, Novelties, Novelty};
use super::pauses::{Coverage, Slot};
use super::profile::{DeviceProfile, LinkProfile, Profiles};
use super::store::{HOURS_PER_DAY, LinkKey, Store, StoredDevice, StoredLink};
use super::trust::DAYS_MIN;
use super::watched::Watched;
use crate::parties::{ANYBODY, OUTSIDE};
use crate::site::Site;

/// Alerts that a site is ready to look at in a week, unless it says otherwise.
pub const BUDGET: f64 = 5.0;

/// So many days show what a site does. What rests on fewer must be farther beyond what they showed.
pub const DAYS: u32 = 14;

/// From when on something deviates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// Alerts that the site is ready to look at in a week.
    pub budget: f64,
    /// Of each [`Measure`], in the order of [`Measure::ALL`]: how many times as much as was normal deviates.
    pub factors: Vec<f64>,
    /// Of each measure, what would have been beyond its factor on the days held out.
    pub beyond: Vec<u32>,
    /// What is new, and how rare that is.
    pub novelty: Novelty,
}

impl Thresholds {
    /// How many times as much as was normal deviates.
    #[must_use]
    pub fn factor(&self, measure: Measure) -> f64 {
        self.factors.get(measure as usize).copied().unwrap_or(f64::INFINITY)
    }
}

/// Works out what is normal.
#[must_use]
pub fn profiles(store: &Store, watched: &Watched, site: &Site, budget: f64) -> Profiles {
    let mut ratios: Vec<Vec<f64>> = vec![Vec::new(); Measure::ALL.len()];
    let mut links: BTreeMap<LinkKey, Box<LinkProfile>> = BTreeMap::new();
    let mut kin = Kin::default();
    let (twice, breadths, attendance) = (twice(store), Breadths::of(store), Attendance::of(store, watched, site));
    let (follows, coverage) = (Follows::of(store, &attendance), covered(store, watched, site));
    let by_day = |key: &LinkKey, link: &StoredLink| {
        let mut days = LinkProfile::by_day(key, link, (&breadths, &attendance, &follows), site);
        days.iter_mut().for_each(|(day, profile)| profile.show(coverage.shown(*day)));
        days
    };
    for (key, link) in store.links.iter().filter(|(key, _)| !twice.contains(key)) {
        let mut profile = LinkProfile::default();
        by_day(key, link).values().for_each(|day| profile.absorb(day));
        if key.initiator != ANYBODY {
            kin.add([&key.initiator, &key.responder], (key.transport, key.port), &profile);
        }
        links.insert(key.clone(), Box::new(profile));
    }
    let keys: Vec<LinkKey> = links.keys().cloned().collect();
    let fellows = Fellows::of(keys.iter().filter_map(|key| Some((key, &**links.get(key)?))));
    links.iter_mut().for_each(|(key, link)| fellows.widen(key, link));
    let mut novelties = Novelties::default();
    let mut days: Vec<u32> = store.devices.values().flat_map(|device| device.days.iter().copied()).collect();
    days.sort_unstable();
    days.dedup();
    for (key, link) in store.links.iter().filter(|(key, _)| !twice.contains(key)) {
        let by_day = by_day(key, link);
        // What is with anybody is the same once more: it is there to be missed.
        if key.initiator != ANYBODY {
            novelties.link(key, &by_day);
        } else {
            novelties.service(key, &by_day);
        }
        hold_out(&by_day, key, (&coverage, &kin, &fellows), &mut ratios);
    }
    for (id, device) in store.devices.iter().filter(|(_, device)| !device.days.is_empty()) {
        novelties.device(id, &device.days);
        hold_out_pauses(device, &mut ratios);
    }
    if let Some(ratios) = ratios.get_mut(Measure::QuietHour as usize) {
        ratios.extend(novelties.quiet_hours().days().map(|most| Measure::QuietHour.ratio(most.into(), 0)));
    }
    let weeks = days.len() as f64 / 7.0;
    let share = budget / (Measure::ALL.len() + Facet::ALL.len()) as f64;
    let allowed = share * weeks;
    let factors = factors(&mut ratios, allowed, budget * weeks * SPENT_ON_RECORDS);
    let beyond = ratios.iter().zip(&factors);
    let beyond = beyond.map(|(ratios, factor)| ratios.iter().filter(|ratio| *ratio > factor).count() as u32).collect();
    let novelty = novelties.into_novelty(days.len() as u32, allowed);
    // What is outside and groups have no days.
    let devices = store.devices.iter().filter(|(_, device)| !device.days.is_empty());
    let devices = devices.map(|(id, device)| {
        let profile = DeviceProfile {
            mac: device.mac,
            addresses: device.addresses.clone(),
            leased: device.leased.clone(),
            stands_in_for: device.stands_in_for.clone(),
            days: device.days.len() as u32,
            pause: device.pauses.values().copied().max().unwrap_or(0),
            vanished: device.vanished.values().copied().max().unwrap_or(0),
        };
        (id.clone(), profile)
    });
    let devices = devices.collect();
    let (coverage, missing) = (coverage.all, missing(store));
    let thresholds = Thresholds { budget, factors, beyond, novelty };
    Profiles { days, coverage, missing, thresholds, devices, links }
}

/// The links with anybody where only one ever was: they hold the same once more.
fn twice(store: &Store) -> BTreeSet<&LinkKey> {
    let service = |key: &LinkKey| (key.responder.clone(), key.transport, key.port);
    let mut initiators: BTreeMap<(String, u8, u16), u32> = BTreeMap::new();
    for key in store.links.keys().filter(|key| key.initiator != ANYBODY) {
        *initiators.entry(service(key)).or_default() += 1;
    }
    let of_anybody = store.links.keys().filter(|key| key.initiator == ANYBODY);
    of_anybody.filter(|key| initiators.get(&service(key)) == Some(&1)).collect()
}

/// On how many days each hour of the day was learned.
#[derive(Default)]
struct Covered {
    all: Coverage,
    by_day: BTreeMap<u32, Coverage>,
}

impl Covered {
    /// Of which kinds of days enough of a day was learned to tell when it is quiet: a day by UTC has parts of two at the site,
    /// and learning begins and ends in the middle of one.
    fn shown(&self, day: u32) -> [bool; 2] {
        self.by_day.get(&day).map(Coverage::hours).unwrap_or_default().map(|hours| hours >= SHOWN_HOURS_MIN)
    }
}

/// Of a day that shows when it is quiet so many hours were learned.
const SHOWN_HOURS_MIN: usize = HOURS_PER_DAY as usize / 2;

/// The hours in which anybody did anything, as far as they were watched.
fn covered(store: &Store, watched: &Watched, site: &Site) -> Covered {
    let hours: BTreeSet<u32> = store.links.values().flat_map(|link| link.hours.times()).collect();
    let mut covered = Covered::default();
    for hour in hours.into_iter().filter(|hour| watched.has(*hour)) {
        let slot = Slot::of(&site.local(Timestamp::from_seconds(u64::from(hour) * 3600)));
        covered.all.add(slot);
        covered.by_day.entry(hour / HOURS_PER_DAY).or_default().add(slot);
    }
    covered
}

/// Of a million octets so many were missing.
fn missing(store: &Store) -> u32 {
    let hours =
        store.links.iter().filter(|(key, _)| key.initiator != ANYBODY).flat_map(|(_, link)| link.hours.values());
    let (heard, missing) = hours.fold((0u64, 0u64), |(heard, missing), hour| {
        (heard.saturating_add(hour.bytes[0]).saturating_add(hour.bytes[1]), missing.saturating_add(hour.gap_bytes))
    });
    parts_per_million(missing, heard)
}

/// How many of a million of all octets are missing.
#[must_use]
pub fn parts_per_million(missing: u64, heard: u64) -> u32 {
    let all = u128::from(missing) + u128::from(heard);
    u32::try_from(u128::from(missing) * 1_000_000 / all.max(1)).unwrap_or(1_000_000)
}

/// Judges each day of a link by the others.
fn hold_out(
    by_day: &BTreeMap<u32, LinkProfile>,
    key: &LinkKey,
    (coverage, kin, fellows): (&Covered, &Kin, &Fellows<'_>),
    ratios: &mut [Vec<f64>],
) {
    let kin = kin.others_than(&key.initiator, (key.transport, key.port));
    let is_service = key.initiator == ANYBODY;
    if by_day.len() < 2 {
        return;
    }
    for (held_out, now) in by_day {
        let mut normal = LinkProfile::default();
        by_day.iter().filter(|(day, _)| *day != held_out).for_each(|(_, day)| normal.absorb(day));
        // What is well known is held against its own days alone, be they one fewer: it may be the most of all fellows.
        if by_day.len() < DAYS_MIN as usize {
            fellows.widen(key, &mut normal);
        }
        let others = coverage.by_day.get(held_out).map(|day| coverage.all.without(day)).unwrap_or_default();
        compare(now, &normal, (&others, kin), &mut |measure, now, normal| {
            let counts = match measure {
                Measure::LinkPause | Measure::OperationPause | Measure::Absence => true,
                Measure::ServiceMinute | Measure::ServiceFailed => is_service,
                Measure::Stay => key.initiator == OUTSIDE,
                _ => !is_service,
            };
            if counts && let Some(ratios) = ratios.get_mut(measure as usize) {
                ratios.push(measure.ratio(now, normal));
            }
        });
    }
}

/// Judges the pauses of a device on each day by those of the others.
fn hold_out_pauses(device: &StoredDevice, ratios: &mut [Vec<f64>]) {
    for (held_out, now) in device.pauses.iter() {
        let of_others = |pauses: &ByTime<u32>| {
            let others = pauses.iter().filter(|(day, _)| *day != held_out);
            others.fold((0, 0), |(days, longest), (_, pause)| (days + 1, longest.max(*pause)))
        };
        let ((days, pause), (_, vanished)) = (of_others(&device.pauses), of_others(&device.vanished));
        let normal = DeviceProfile { days, pause, vanished, ..DeviceProfile::default() };
        let mut push = |measure: Measure, now: u32, normal: u32| {
            if let Some(ratios) = ratios.get_mut(measure as usize) {
                ratios.push(measure.ratio(now.into(), normal.into()));
            }
        };
        if normal.is_steady() {
            push(Measure::DevicePause, *now, pause);
        }
        if normal.takes_leave() {
            push(Measure::Vanished, device.vanished.get(held_out).copied().unwrap_or(0), vanished);
        }
    }
}

/// The fewest and most values that a tail is taken from.
const TAIL: std::ops::RangeInclusive<usize> = 10..=50;

/// Less than this beyond what was normal never deviates.
const FACTOR_MIN: f64 = 1.5;

/// A finite one, for the file.
const FACTOR_MAX: f64 = 1e6;

/// A record that brings the factor down by less is none.
const GAIN_MIN: f64 = 1.5;

/// The share of the whole budget that goes to records: single ratios that lie so far beyond all others of their measure
/// that a factor above them would hide everything in between.
const SPENT_ON_RECORDS: f64 = 0.5;

/// Of each measure the factor beyond which `allowed` of its ratios lie, by the tail and by the ratios themselves: where a tail
/// is not that of a Pareto distribution (all but a few days like each other), its index says nothing of those few. As many
/// as `records` of all ratios may lie beyond their factors besides, those whose measures gain most.
fn factors(ratios: &mut [Vec<f64>], allowed: f64, records: f64) -> Vec<f64> {
    let mut tails = Vec::new();
    for ratios in &mut *ratios {
        ratios.sort_by(|one, other| other.total_cmp(one));
        tails.push(by_tail(ratios, allowed));
    }
    let mut beyond = vec![allowed as usize; ratios.len()];
    let factor = |measure: usize, beyond: usize| {
        let seen = ratios[measure].get(beyond).copied().unwrap_or(FACTOR_MIN);
        seen.max(tails[measure]).clamp(FACTOR_MIN, FACTOR_MAX)
    };
    for _ in 0..records as usize {
        let gain = |measure: usize| factor(measure, beyond[measure]) / factor(measure, beyond[measure] + 1);
        let most = (0..ratios.len()).max_by(|one, other| gain(*one).total_cmp(&gain(*other)));
        let Some(most) = most.filter(|most| gain(*most) >= GAIN_MIN) else { break };
        beyond[most] += 1;
    }
    (0..).zip(beyond).map(|(measure, beyond)| factor(measure, beyond)).collect()
}

/// The factor by the tail of some ratios, the greatest first.
fn by_tail(ratios: &[f64], allowed: f64) -> f64 {
    let count = (ratios.len() / 10).clamp(*TAIL.start(), *TAIL.end());
    let tail = ratios.get(..count.min(ratios.len())).unwrap_or_default();
    let Some(&least) = tail.last().filter(|least| **least > 0.0) else { return FACTOR_MIN * 2.0 };
    let index = tail.iter().map(|ratio| libm::log(ratio / least)).sum::<f64>() / tail.len() as f64;
    least * libm::pow(tail.len() as f64 / allowed.max(f64::MIN_POSITIVE), index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heavier_tail_has_a_larger_factor() {
        let factor = |ratios: &mut [f64], allowed: f64| factors(&mut [ratios.to_vec()], allowed, 0.0)[0];
        let tail =
            |index: f64| (1..=1000).map(|place| libm::pow(1000.0 / f64::from(place), index)).collect::<Vec<f64>>();
        let (light, heavy) = (factor(&mut tail(0.2), 0.5), factor(&mut tail(0.6), 0.5));
        assert!(light > 3.9 && light < 5.0, "2000^0.2 is 4.6: {light}");
        assert!(heavy > 60.0 && heavy < 120.0, "2000^0.6 is 96: {heavy}");
        assert!(factor(&mut tail(0.2), 5.0) < light, "who looks at more alerts gets more");
        assert!((factor(&mut [], 1.0) - 3.0).abs() < 1e-9);
        assert!((factor(&mut [1.0; 50], 0.1) - FACTOR_MIN).abs() < 1e-9);
    }

    #[test]
    fn records_are_spent_where_they_hide_most() {
        let with = |records: &[f64]| [records, &[1.0; 500]].concat();
        let found = |records: f64| factors(&mut [with(&[10.0]), with(&[4.0, 3.9]), with(&[30.0])], 0.4, records);
        let near = |found: Vec<f64>, expected: [f64; 3]| {
            assert!(found.iter().zip(expected).all(|(one, other)| (one - other).abs() < 1e-9), "{found:?}");
        };
        near(found(0.9), [10.0, 4.0, 30.0]);
        near(found(1.0), [10.0, 4.0, FACTOR_MIN]);
        near(found(2.0), [FACTOR_MIN, 4.0, FACTOR_MIN]);
        near(found(9.0), [FACTOR_MIN, 4.0, FACTOR_MIN]);
    }
}
