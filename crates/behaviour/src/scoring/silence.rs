//! What does not happen any more: devices that send nothing, and links and operations on which nothing comes while their
//! sender is still there.

use std::cell::OnceCell;

use wardtap_net::packet::Timestamp;

use super::calendar::NEVER;
use super::coverage::LOSSY_PATIENCE;
use super::live::{Live, LiveParty};
use super::table::Entry;
use super::{Departure, Scorer, What};
use crate::baseline::measure::Measure;
use crate::baseline::packed::PackedLink;
use crate::baseline::pauses::{Pauses, Slot};
use crate::baseline::profile::{LinkProfile, OperationProfile, Profiles};
use crate::baseline::store::{Activity, witnesses};
use crate::parties::{Party, PartyLink};
use crate::site::Site;

/// A silence.
pub(super) struct Silence {
    pub(super) key: PartyLink,
    pub(super) measure: Measure,
    pub(super) operation: Option<String>,
    /// What does not follow it, where that is what is missing.
    pub(super) follow: Option<String>,
    /// For how many minutes, of those that count.
    pub(super) minutes: u64,
    pub(super) now: u64,
    pub(super) normal: u64,
    pub(super) excess: f64,
    pub(super) days: u32,
    /// The responder is silent, not the initiator.
    pub(super) of_responder: bool,
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
        if self.coverage.is_blind || self.coverage.has_lost() {
            self.blind_hours.note(minute);
        }
        if self.coverage.is_blind {
            return;
        }
        let mut found = self.silent_devices(minute);
        let time = Timestamp::from_seconds(u64::from(minute) * 60);
        let hour = Hour { slot: Slot::of(&site.local(time)), left: site.left_of_hour(time).div_ceil(60) };
        self.silent_links(minute, hour, &mut found);
        self.absent(minute, site, &mut found);
        for silence in found {
            let Silence { key, measure, operation, follow, minutes, now, normal, excess, days, of_responder } = silence;
            let Some((link, place)) = self.links.place_of(key) else { continue };
            to(Departure {
                what: What::Silence {
                    measure,
                    operation: operation.as_deref(),
                    follow: follow.as_deref(),
                    minutes,
                    now,
                    normal,
                    excess,
                    of_responder,
                },
                link,
                parties: key,
                place,
                time,
                days,
                gap_bytes: 0,
                one_sided: false,
            });
        }
    }

    /// How many times as long as deviates a device has been silent.
    fn excess(&self, measure: Measure, party: &LiveParty, pause: u32, minute: u32) -> f64 {
        let silent = party.silent_for(minute, self.coverage.lost);
        let factor = self.profiles.thresholds.factor(measure) * self.patience();
        measure.ratio(silent.into(), pause.into()) / factor
    }

    /// True for a device that is silent for longer than it ever was.
    pub(super) fn is_silent(&self, party: &LiveParty, pause: u32, minute: u32) -> bool {
        self.excess(Measure::DevicePause, party, pause, minute) > 1.0
    }

    /// So many times as long as else must a silence last: longer while packets are missing.
    pub(super) const fn patience(&self) -> f64 {
        if self.coverage.is_lossy { LOSSY_PATIENCE } else { 1.0 }
    }

    /// Devices that send nothing any more.
    fn silent_devices(&mut self, minute: u32) -> Vec<Silence> {
        let mut active = std::mem::take(&mut self.active);
        let mut found = Vec::new();
        for place in self.steady.iter().map(|party| party.index()) {
            let Some(party) = active.get_mut(place) else { continue };
            let steady = party.steady_pause().map(|pause| (Measure::DevicePause, pause));
            let vanished = || party.usual_absence().map(|pause| (Measure::Vanished, pause));
            let (Some((measure, normal)), Some(key)) = (steady.or_else(vanished), party.link) else { continue };
            let excess = self.excess(measure, party, normal, minute);
            if excess > 1.0 && party.silence.is_due(minute) {
                found.push(Silence {
                    key,
                    measure,
                    operation: None,
                    follow: None,
                    minutes: party.silent_for(minute, self.coverage.lost).into(),
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
    fn silent_links(&mut self, minute: u32, hour: Hour, found: &mut Vec<Silence>) {
        let patience = self.patience();
        for number in self.calendar.due(minute) {
            let Some(Entry { key, normal: Some(profile), live: Some(live), .. }) = self.links.numbered(number) else {
                continue;
            };
            if live.look_at > minute {
                continue;
            }
            let ends = [key.initiator, key.responder];
            let activity = ends.map(|end| self.active.get(end.index()).map(|party| party.activity).unwrap_or_default());
            let look = Look {
                minute,
                hour,
                key: *key,
                witnesses: witnesses(&activity, key.initiator == Party::ANYBODY),
                profiles: &self.profiles,
                patience,
            };
            let next = look.at_ends(profile, live, found).min(look.at_operations(profile, live, found));
            live.look_at = next;
            self.calendar.note(next, number);
        }
    }
}

/// Whether payloads of other sizes have taken the place of those of an operation, of which there were so many while learning,
/// and which make up a good part of what its sender sent in its minutes then: now these others were sent in these minutes.
pub(super) const fn is_taken_over(learned: u64, (all, active): (u64, u64), (others, minutes): (u64, u64)) -> bool {
    let usual = all.saturating_sub(learned);
    let is_good_part = learned.saturating_mul(4) >= usual;
    is_good_part && others.saturating_mul(active) >= usual.saturating_add(learned / 2).saturating_mul(minutes)
}

/// An hour by the site's clocks.
#[derive(Clone, Copy)]
struct Hour {
    slot: Slot,
    /// Minutes until the next.
    left: u32,
}

/// A look at a link for silences. What looks says when the next one is due: what is normal stays so until the hour is over, and a
/// silence grows by a minute a minute.
struct Look<'a> {
    minute: u32,
    hour: Hour,
    key: PartyLink,
    witnesses: [[Activity; 2]; 2],
    profiles: &'a Profiles,
    /// So many times as long as else must a silence last.
    patience: f64,
}

impl Look<'_> {
    /// Looks at both ends.
    fn at_ends(&self, profile: &PackedLink, live: &mut Live, found: &mut Vec<Silence>) -> u32 {
        let measure = Measure::LinkPause;
        let patience = live.bounds.map_or([NEVER; 2], |bounds| bounds.patience);
        let own = OnceCell::new();
        let own = || own.get_or_init(|| profile.own());
        let mut next = NEVER;
        for (place, patience) in patience.into_iter().enumerate() {
            let last = live.last[place];
            let passed = self.minute.saturating_sub(last.last);
            if last.last == 0 || passed <= patience {
                next = next.min(if last.last == 0 { NEVER } else { look_at(last.last, patience) });
                continue;
            }
            let now = last.alone(&self.witnesses[place], self.minute);
            let now = u64::from(now.min(self.minute.saturating_sub(live.unheard[place])));
            let normal = own().pauses[place].normal(self.hour.slot, passed.into(), &self.profiles.coverage);
            next = next.min(self.next(measure, now, normal));
            let Some(normal) = normal else { continue };
            let excess = self.excess(measure, now, normal);
            if excess > 1.0 && live.silence[place].is_due(self.minute) {
                let (key, days, of_responder) = (self.key, own().days, place == 1);
                found.push(Silence {
                    key,
                    measure,
                    operation: None,
                    follow: None,
                    minutes: now,
                    now,
                    normal,
                    excess,
                    days,
                    of_responder,
                });
            }
        }
        next
    }

    /// Looks at the operations, while the ends of the link are not silent themselves.
    fn at_operations(&self, profile: &PackedLink, live: &mut Live, found: &mut Vec<Silence>) -> u32 {
        if live.silence.iter().any(|silence| silence.is_said()) {
            return look_at(self.minute, 0);
        }
        let mut next = NEVER;
        let mut silent = Vec::new();
        let bounds = live.bounds;
        let (days, minutes) = bounds.map_or((0, [0; 2]), |bounds| (bounds.days, bounds.minutes));
        let payloads = live.operations.payloads();
        for known in live.operations.used() {
            let Some(seen) = known.seen.as_deref() else { continue };
            let (name, operation) = (&seen.name, &seen.live);
            let passed = self.minute.saturating_sub(operation.last.last);
            if passed <= operation.patience {
                next = next.min(look_at(operation.last.last, operation.patience));
                continue;
            }
            let place = known.sender();
            let heard = self.minute.saturating_sub(live.unheard[place]);
            let now = u64::from(operation.last.alone(&self.witnesses[place], self.minute).min(heard));
            let measure = Measure::of_pause(name);
            let normal = known.normal_pause(profile, self.hour.slot, passed.into(), &self.profiles.coverage);
            next = next.min(self.next(measure, now, normal));
            let Some(normal) = normal else { continue };
            let excess = self.excess(measure, now, normal);
            let others = live.payloads[place].saturating_sub(operation.payloads);
            let of_sender = (payloads[place], minutes[place].into());
            let is_taken_over = name.is_opaque() && is_taken_over(operation.learned, of_sender, (others, now));
            let Some(seen) = known.seen.as_deref_mut() else { continue };
            if excess > 1.0 && !is_taken_over && seen.live.silence.is_due(self.minute) {
                let (key, operation) = (self.key, Some((*seen.name).to_owned()));
                let of_responder = place == 1;
                silent.push(Silence {
                    key,
                    measure,
                    operation,
                    follow: None,
                    minutes: now,
                    now,
                    normal,
                    excess,
                    days,
                    of_responder,
                });
            }
        }
        silent.sort_by(|one, other| one.operation.cmp(&other.operation));
        found.append(&mut silent);
        next
    }

    /// How many times as long as deviates a silence has lasted.
    fn excess(&self, measure: Measure, now: u64, normal: u64) -> f64 {
        measure.ratio(now, normal) / (self.profiles.thresholds.factor(measure) * self.patience)
    }

    /// The minute of the next look, the one at hand over: the first in which the silence can be too long. More patience than
    /// usual may be over by then.
    fn next(&self, measure: Measure, now: u64, normal: Option<u64>) -> u32 {
        let may_last = normal.map_or(u32::MAX, |normal| {
            let bound = self.profiles.thresholds.factor(measure) * normal.saturating_add(measure.floor()) as f64;
            (bound as u32).saturating_sub(u32::try_from(now).unwrap_or(u32::MAX))
        });
        look_at(self.minute, may_last.min(self.hour.left.saturating_sub(1)))
    }
}
