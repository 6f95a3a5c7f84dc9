//! What does not happen any more: devices that send nothing, and links and operations on which nothing comes while their
//! sender is still there.

use wardtap_net::packet::Timestamp;

use super::live::LiveOperation;
use super::{Departure, LiveParty, Scorer, What};
use crate::baseline::measure::Measure;
use crate::baseline::pauses::Slot;
use crate::baseline::profile::{OperationProfile, Profiles};
use crate::baseline::store::witnesses;
use crate::parties::{Party, PartyLink};
use crate::site::Site;

/// Where more than this share of all steady devices is silent, the sensor is blind and no device.
const BLIND_SHARE: f64 = 0.5;

/// Fewer steady devices say nothing of the sensor.
const BLIND_OF_MIN: usize = 4;

/// A silence.
struct Silence {
    key: PartyLink,
    measure: Measure,
    operation: Option<String>,
    now: u64,
    normal: u64,
    excess: f64,
    days: u32,
    /// The responder is silent, not the initiator.
    of_responder: bool,
}

/// So many minutes must pass at least before the silence of an operation is too long.
pub(super) fn patience(name: &str, profile: Option<&OperationProfile>, profiles: &Profiles) -> u32 {
    profile.and_then(|profile| profile.pauses.least(&profiles.coverage)).map_or(u32::MAX, |least| {
        let measure = Measure::of_pause(name);
        (profiles.thresholds.factor(measure) * least.saturating_add(measure.floor()) as f64) as u32
    })
}

impl Scorer {
    /// Capture time has come to a minute: tells what has been silent for too long.
    pub fn minute(&mut self, minute: u32, site: &Site, to: &mut dyn FnMut(Departure<'_>)) {
        let Some(mut found) = self.silent_devices(minute) else { return };
        let time = Timestamp::from_seconds(u64::from(minute) * 60);
        self.silent_links(minute, Slot::of(&site.local(time)), &mut found);
        for silence in found {
            let Silence { key, measure, operation, now, normal, excess, days, of_responder } = silence;
            let Some(live) = self.live.get(&key) else { continue };
            to(Departure {
                what: What::Silence { measure, operation: operation.as_deref(), now, normal, excess, of_responder },
                link: live.link,
                parties: key,
                place: live.place,
                time,
                days,
                gap_bytes: 0,
                one_sided: false,
            });
        }
    }

    /// Devices that send nothing any more; None where the sensor is blind.
    fn silent_devices(&mut self, minute: u32) -> Option<Vec<Silence>> {
        let factor = self.profiles.thresholds.factor(Measure::DevicePause);
        let excess = |party: &LiveParty, pause: u32| {
            let silent = minute.saturating_sub(party.activity.last);
            Measure::DevicePause.ratio(silent.into(), pause.into()) / factor
        };
        let steady = |party: &LiveParty| party.pause.filter(|_| party.activity.last > 0 && party.link.is_some());
        let (mut watched, mut silent) = (0, 0);
        for party in &self.active {
            let Some(pause) = steady(party) else { continue };
            watched += 1;
            silent += usize::from(excess(party, pause) > 1.0);
        }
        if watched >= BLIND_OF_MIN && silent as f64 > watched as f64 * BLIND_SHARE {
            return None;
        }
        let mut found = Vec::new();
        for (place, party) in self.active.iter_mut().enumerate() {
            let (Some(normal), Some(key)) = (steady(party), party.link) else { continue };
            let excess = excess(party, normal);
            if excess > 1.0 && !std::mem::replace(&mut party.silent, true) {
                found.push(Silence {
                    key,
                    measure: Measure::DevicePause,
                    operation: None,
                    now: (minute - party.activity.last).into(),
                    normal: normal.into(),
                    excess,
                    days: party.days,
                    of_responder: key.responder.index() == place,
                });
            }
        }
        Some(found)
    }

    /// Links and operations on which nothing comes any more, while their sender is still there.
    fn silent_links(&mut self, minute: u32, slot: Slot, found: &mut Vec<Silence>) {
        let (thresholds, coverage) = (&self.profiles.thresholds, &self.profiles.coverage);
        let of_links = thresholds.factor(Measure::LinkPause);
        for key in &self.order {
            let (Some(live), Some(profile)) = (self.live.get_mut(key), self.links.get(key)) else { continue };
            let ends = [key.initiator, key.responder];
            let activity = ends.map(|end| self.active.get(end.index()).map(|party| party.activity).unwrap_or_default());
            let witnesses = witnesses(&activity, key.initiator == Party::ANYBODY);
            for (place, witnesses) in witnesses.iter().enumerate() {
                let measure = Measure::LinkPause;
                let now = u64::from(live.last[place].alone(witnesses, minute));
                if live.silent[place] || measure.ratio(now, 0) <= of_links {
                    continue;
                }
                let passed = u64::from(minute.saturating_sub(live.last[place].last));
                let Some(normal) = profile.pauses[place].normal(slot, passed, coverage) else { continue };
                let excess = measure.ratio(now, normal) / of_links;
                if excess > 1.0 {
                    live.silent[place] = true;
                    let (days, of_responder) = (profile.days, place == 1);
                    let key = *key;
                    found.push(Silence { key, measure, operation: None, now, normal, excess, days, of_responder });
                }
            }
            if live.silent.contains(&true) {
                continue;
            }
            let mut silent = Vec::new();
            let due = |operation: &LiveOperation| minute.saturating_sub(operation.last.last) > operation.patience;
            for (name, operation) in live.operations.iter_mut().filter(|(_, operation)| due(operation)) {
                if operation.silent {
                    continue;
                }
                let passed = u64::from(minute.saturating_sub(operation.last.last));
                let Some(normal) = profile.normal_pause(name, slot, passed, coverage) else { continue };
                let place = profile.operations.get(&**name).map_or(0, |known| usize::from(known.from & 1));
                let now = u64::from(operation.last.alone(&witnesses[place], minute));
                let measure = Measure::of_pause(name);
                let excess = measure.ratio(now, normal) / thresholds.factor(measure);
                let others = live.payloads[place].saturating_sub(operation.payloads);
                if excess > 1.0 && !profile.is_taken_over(name, others, now) {
                    operation.silent = true;
                    let (days, operation, of_responder) = (profile.days, Some((**name).to_owned()), place == 1);
                    let key = *key;
                    silent.push(Silence { key, measure, operation, now, normal, excess, days, of_responder });
                }
            }
            silent.sort_by(|one, other| one.operation.cmp(&other.operation));
            found.append(&mut silent);
        }
    }
}
