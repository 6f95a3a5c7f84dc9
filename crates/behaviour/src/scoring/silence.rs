//! What does not happen any more: devices that send nothing, and links and operations on which nothing comes while their
//! sender is still there.

use wardtap_net::packet::Timestamp;

use super::coverage::LOSSY_PATIENCE;
use super::live::{LiveOperation, LiveParty};
use super::{Departure, Scorer, What};
use crate::baseline::calibrate::Thresholds;
use crate::baseline::measure::Measure;
use crate::baseline::profile::OperationProfile;
use crate::parties::PartyLink;

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
pub(super) fn patience(name: &str, profile: Option<&OperationProfile>, thresholds: &Thresholds) -> u32 {
    let steady = profile.filter(|normal| normal.is_steady(name));
    steady.map_or(u32::MAX, |normal| {
        let measure = Measure::of_pause(name);
        (thresholds.factor(measure) * normal.pause.next().max(measure.floor()) as f64) as u32
    })
}

impl Scorer {
    /// Capture time has come to a minute: tells what has been silent for too long.
    pub fn minute(&mut self, minute: u32, to: &mut dyn FnMut(Departure<'_>)) {
        if self.coverage.is_blind {
            return;
        }
        let mut found = self.silent_devices(minute);
        self.silent_links(minute, &mut found);
        let time = Timestamp::from_seconds(u64::from(minute) * 60);
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

    /// How many times as long as deviates a steady device has been silent.
    fn excess(&self, party: &LiveParty, pause: u32, minute: u32) -> f64 {
        let silent = party.silent_for(minute, self.coverage.lost);
        Measure::DevicePause.ratio(silent.into(), pause.into()) / self.silence_factor(Measure::DevicePause)
    }

    /// True for a device that is silent for longer than it ever was.
    pub(super) fn is_silent(&self, party: &LiveParty, pause: u32, minute: u32) -> bool {
        self.excess(party, pause, minute) > 1.0
    }

    /// How many times as long as was normal a silence deviates: longer while packets are missing.
    fn silence_factor(&self, measure: Measure) -> f64 {
        let patience = if self.coverage.is_lossy { LOSSY_PATIENCE } else { 1.0 };
        self.profiles.thresholds.factor(measure) * patience
    }

    /// Devices that send nothing any more.
    fn silent_devices(&mut self, minute: u32) -> Vec<Silence> {
        let mut active = std::mem::take(&mut self.active);
        let mut found = Vec::new();
        for (place, party) in active.iter_mut().enumerate() {
            let (Some(normal), Some(key)) = (party.steady_pause(), party.link) else { continue };
            let excess = self.excess(party, normal, minute);
            if excess > 1.0 && party.silence.is_due(minute) {
                found.push(Silence {
                    key,
                    measure: Measure::DevicePause,
                    operation: None,
                    now: party.silent_for(minute, self.coverage.lost).into(),
                    normal: normal.into(),
                    excess,
                    days: party.days,
                    of_responder: key.responder.index() == place,
                });
            }
        }
        self.active = active;
        found
    }

    /// Links and operations on which nothing comes any more, while their sender is still there.
    fn silent_links(&mut self, minute: u32, found: &mut Vec<Silence>) {
        let [of_links, of_operations, of_payloads] =
            [Measure::LinkPause, Measure::OperationPause, Measure::PayloadPause]
                .map(|measure| self.silence_factor(measure));
        for key in &self.order {
            let (Some(live), Some(profile)) = (self.live.get_mut(key), self.links.get(key)) else { continue };
            let ends = [key.initiator, key.responder];
            let activity = ends.map(|end| self.active.get(end.index()).map(|party| party.activity).unwrap_or_default());
            for (place, activity) in activity.iter().enumerate() {
                if !profile.is_steady(place) {
                    continue;
                }
                let now = live.last[place].alone(activity, minute).min(minute.saturating_sub(live.unheard[place]));
                let now = u64::from(now);
                let normal = profile.pause[place].next();
                let measure = Measure::LinkPause;
                let excess = measure.ratio(now, normal) / of_links;
                if excess > 1.0 && live.silence[place].is_due(minute) {
                    let (days, of_responder) = (profile.days, place == 1);
                    let key = *key;
                    found.push(Silence { key, measure, operation: None, now, normal, excess, days, of_responder });
                }
            }
            if live.silence.iter().any(|silence| silence.is_said()) {
                continue;
            }
            let mut silent = Vec::new();
            let due = |operation: &LiveOperation| minute.saturating_sub(operation.last.last) > operation.patience;
            for (name, operation) in live.operations.iter_mut().filter(|(_, operation)| due(operation)) {
                let Some(profile) = profile.operations.get(&**name).filter(|normal| normal.is_steady(name)) else {
                    continue;
                };
                let place = usize::from(profile.from & 1);
                let heard = minute.saturating_sub(live.unheard[place]);
                let now = u64::from(operation.last.alone(&activity[place], minute).min(heard));
                let (measure, normal) = (Measure::of_pause(name), profile.pause.next());
                let factor = if measure == Measure::PayloadPause { of_payloads } else { of_operations };
                let excess = measure.ratio(now, normal) / factor;
                if excess > 1.0 && operation.silence.is_due(minute) {
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
