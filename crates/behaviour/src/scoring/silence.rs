//! What does not happen any more: devices that send nothing, and links and operations on which nothing comes while their
//! sender is still there.

use wardtap_net::packet::Timestamp;

use super::calendar::NEVER;
use super::coverage::LOSSY_PATIENCE;
use super::live::{LiveOperation, LiveParty};
use super::table::Entry;
use super::{Departure, Scorer, What};
use crate::baseline::measure::Measure;
use crate::baseline::pauses::{Pauses, Slot};
use crate::baseline::profile::{LinkProfile, OperationProfile, Profiles};
use crate::baseline::store::witnesses;
use crate::parties::{Party, PartyLink};
use crate::site::Site;

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
pub(super) fn patience(name: &str, profile: &OperationProfile, profiles: &Profiles) -> u32 {
    patience_of(&profile.pauses, Measure::of_pause(name), profiles)
}

/// So many must before that of an end of a link is.
pub(super) fn patience_of_ends(profile: &LinkProfile, profiles: &Profiles) -> [u32; 2] {
    profile.pauses.each_ref().map(|pauses| patience_of(pauses, Measure::LinkPause, profiles))
}

fn patience_of(pauses: &Pauses, measure: Measure, profiles: &Profiles) -> u32 {
    pauses.least(&profiles.coverage).map_or(NEVER, |least| {
        (profiles.thresholds.factor(measure) * least.saturating_add(measure.floor()) as f64) as u32
    })
}

/// The first minute in which something can have been silent for longer than its patience that there was in a minute.
pub(super) const fn look_at(minute: u32, patience: u32) -> u32 {
    minute.saturating_add(patience).saturating_add(1)
}

impl Scorer {
    /// Capture time has come to a minute: tells what has been silent for too long.
    pub fn minute(&mut self, minute: u32, site: &Site, to: &mut dyn FnMut(Departure<'_>)) {
        if self.coverage.is_blind {
            return;
        }
        let mut found = self.silent_devices(minute);
        let time = Timestamp::from_seconds(u64::from(minute) * 60);
        self.silent_links(minute, Slot::of(&site.local(time)), &mut found);
        for silence in found {
            let Silence { key, measure, operation, now, normal, excess, days, of_responder } = silence;
            let Some(live) = self.links.find(key).and_then(|id| self.links.at(id).live.as_ref()) else { continue };
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
        for place in self.steady.iter().map(|party| party.index()) {
            let Some(party) = active.get_mut(place) else { continue };
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
    fn silent_links(&mut self, minute: u32, slot: Slot, found: &mut Vec<Silence>) {
        let coverage = &self.profiles.coverage;
        let [of_links, of_operations, of_payloads] =
            [Measure::LinkPause, Measure::OperationPause, Measure::PayloadPause]
                .map(|measure| self.silence_factor(measure));
        for number in self.calendar.due(minute) {
            let Some(Entry { key, normal: Some(profile), live: Some(live) }) = self.links.numbered(number) else {
                continue;
            };
            if live.look_at > minute {
                continue;
            }
            live.look_at = live.next_look().max(look_at(minute, 0));
            self.calendar.note(live.look_at, number);
            let key = *key;
            let ends = [key.initiator, key.responder];
            let activity = ends.map(|end| self.active.get(end.index()).map(|party| party.activity).unwrap_or_default());
            let witnesses = witnesses(&activity, key.initiator == Party::ANYBODY);
            for (place, witnesses) in witnesses.iter().enumerate() {
                let measure = Measure::LinkPause;
                let now = live.last[place].alone(witnesses, minute).min(minute.saturating_sub(live.unheard[place]));
                let now = u64::from(now);
                if measure.ratio(now, 0) <= of_links {
                    continue;
                }
                let passed = u64::from(minute.saturating_sub(live.last[place].last));
                let Some(normal) = profile.pauses[place].normal(slot, passed, coverage) else { continue };
                let excess = measure.ratio(now, normal) / of_links;
                if excess > 1.0 && live.silence[place].is_due(minute) {
                    let (days, of_responder) = (profile.days, place == 1);
                    found.push(Silence { key, measure, operation: None, now, normal, excess, days, of_responder });
                }
            }
            if live.silence.iter().any(|silence| silence.is_said()) {
                continue;
            }
            let mut silent = Vec::new();
            let due = |operation: &LiveOperation| minute.saturating_sub(operation.last.last) > operation.patience;
            for (name, operation) in live.operations.seen().filter(|(_, operation)| due(operation)) {
                let passed = u64::from(minute.saturating_sub(operation.last.last));
                let Some(normal) = profile.normal_pause(name, slot, passed, coverage) else { continue };
                let place = profile.operations.get(name).map_or(0, |known| usize::from(known.from & 1));
                let heard = minute.saturating_sub(live.unheard[place]);
                let now = u64::from(operation.last.alone(&witnesses[place], minute).min(heard));
                let measure = Measure::of_pause(name);
                let factor = if measure == Measure::PayloadPause { of_payloads } else { of_operations };
                let excess = measure.ratio(now, normal) / factor;
                let others = live.payloads[place].saturating_sub(operation.payloads);
                if excess > 1.0 && !profile.is_taken_over(name, others, now) && operation.silence.is_due(minute) {
                    let (days, operation, of_responder) = (profile.days, Some((**name).to_owned()), place == 1);
                    silent.push(Silence { key, measure, operation, now, normal, excess, days, of_responder });
                }
            }
            silent.sort_by(|one, other| one.operation.cmp(&other.operation));
            found.append(&mut silent);
        }
    }
}
