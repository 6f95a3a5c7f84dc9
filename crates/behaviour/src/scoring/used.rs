//! What a link did in a minute, beside what is normal.

use wardtap_net::packet::Timestamp;

use std::cell::OnceCell;

use super::limits::{LinkLimits, Normal};
use super::live::Bounds;
use super::table::{Entry, LinkId};
use super::{Departure, Scorer, What, at_place, hours, points, silence};
use crate::baseline::measure::{Measure, REFUSALS_OF_MIN};
use crate::baseline::pauses::Slot;
use crate::baseline::profile::{LinkProfile, OperationProfile, Top};
use crate::baseline::store::{ANSWERS_MIN, Activity, MINUTES_PER_HOUR, witnesses};
use crate::device::Devices;
use crate::links::Use;
use crate::links::manner::Manner;
use crate::links::results::ResultsMean;
use crate::parties::{Parties, Party, PartyLink};

impl Scorer {
    /// Takes what a link did in a minute.
    pub fn used(&mut self, used: &Use, parties: &mut Parties, devices: &Devices, to: &mut dyn FnMut(Departure<'_>)) {
        let Some(key) = parties.link(&used.link, devices) else { return };
        let minute = u32::try_from(used.minute).unwrap_or(u32::MAX);
        self.coverage.take(minute, used);
        let activity = self.activity(key, minute, used);
        self.used_by_anybody(key, minute, used, (&activity, parties), to);
        let Some((id, _)) = self.links.begin(key, used.link) else { return };
        let witnesses = witnesses(&activity, false);
        self.take(id, minute, used, &witnesses);
        self.compare(id, minute, used, parties, to);
        self.compare_newcomer(id, minute, used, to);
        self.refused_anew(id, minute, used, parties, to);
        self.compare_breadth(id, minute, used, to);
        self.compare_quiet_hours(id, minute, used, parties, to);
    }

    /// What the responder does for whoever it is.
    fn used_by_anybody(
        &mut self,
        key: PartyLink,
        minute: u32,
        used: &Use,
        (activity, parties): (&[Activity; 2], &Parties),
        to: &mut dyn FnMut(Departure<'_>),
    ) {
        let known = self.links.find(key).and_then(|id| self.links.at(id).seen_with());
        let anybody = match known {
            Some(anybody) => anybody.map(|id| self.links.at(id).key),
            None => key.to_anybody().filter(|anybody| self.links.find_learned(*anybody).is_some()),
        };
        let Some((id, _)) = anybody.and_then(|anybody| self.links.begin(anybody, used.link)) else { return };
        self.take(id, minute, used, &witnesses(activity, true));
        self.compare_hours_of_service(id, used, parties, to);
        self.compare_service_minute(id, (key, minute), used, to);
        if used.failed > 0 {
            self.compare_service_failed(id, used, to);
        }
    }

    /// Takes what was done on a live link into what it does now, and looks for its silence in time.
    fn take(&mut self, id: LinkId, minute: u32, used: &Use, witnesses: &[[Activity; 2]; 2]) {
        let Entry { normal: Some(profile), live: Some(live), .. } = self.links.at_mut(id) else { return };
        let is_unheard = live.is_unheard();
        let normal = Normal { thresholds: &self.profiles.thresholds, adapts: self.adaptation.is_some() };
        let bounds = *live.bounds.get_or_insert_with(|| {
            let profile = profile.own();
            Bounds {
                patience: silence::patience_of_ends(&profile, &self.profiles),
                hour_missing: profile.hour_missing,
                days: profile.days,
                hours: profile.hours,
                minutes: profile.minutes,
                is_stream: profile.is_stream(),
                limits: LinkLimits::of(&profile, normal),
            }
        });
        live.take(minute, used, witnesses, bounds.hour_missing);
        if !is_unheard && live.is_unheard() {
            self.unheard.push(id);
        }
        let payloads = live.payloads;
        let mut look_at = live.look_at;
        for (sent, patience) in used.sent.iter().zip(bounds.patience) {
            if sent.packets > 0 {
                look_at = look_at.min(silence::look_at(minute, patience));
            }
        }
        self.places.clear();
        for operation in &used.operations {
            let place = live.operations.find(&operation.name, profile);
            self.places.push(place);
            let Some(known) = place.map(|place| live.operations.at(place)) else { continue };
            let seen = known.see(&operation.name, profile, normal, &self.profiles);
            if let Some(followed) = &mut seen.follows {
                followed.hours.note(minute);
            }
            seen.live.take(minute, operation, witnesses, payloads);
            look_at = look_at.min(silence::look_at(minute, seen.live.patience));
        }
        if look_at < live.look_at {
            live.look_at = look_at;
            self.calendar.note(look_at, live.number);
        }
    }

    /// Compares what a link does now with what is normal.
    fn compare(&mut self, id: LinkId, minute: u32, used: &Use, parties: &Parties, to: &mut dyn FnMut(Departure<'_>)) {
        let Entry { key, normal: Some(profile), live: Some(live), .. } = self.links.at_mut(id) else { return };
        let Some(Bounds { limits, days, hour_missing, .. }) = live.bounds else { return };
        let (key, packed, profile) = (*key, &*profile, OnceCell::new());
        // Asked for where something is beyond what is surely normal, and once an hour.
        let profile = || profile.get_or_init(|| packed.own());
        let thresholds = &self.profiles.thresholds;
        let time = Timestamp::from_seconds(used.minute * 60);
        let local = parties.site().local(time);
        let (slot, normal) = (Slot::of(&local), Normal { thresholds, adapts: self.adaptation.is_some() });
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
        let is_lossy = self.coverage.is_lossy;
        for (place, pace) in std::mem::take(&mut live.ended_pace).into_iter().enumerate() {
            if pace == 0 || is_lossy {
                continue;
            }
            let normal = profile().pace[place].next();
            let excess = Measure::HourPace.ratio(normal, pace) / thresholds.factor(Measure::HourPace);
            if excess > 1.0 && profile().is_measured() {
                let (measure, now) = (Measure::HourPace, pace);
                tell(What::Beyond { measure, operation: None, now, normal, excess, is_sent: place == 0 }, days);
            }
        }
        let mut check = |measure: Measure, place: usize, operation: Option<&str>, (now, normal): (u64, u64), days| {
            let times = measure.ratio(now, normal);
            let times = match &mut adapted {
                Some(adapted) => adapted.of_normal(measure, place, operation, times),
                None => times,
            };
            let excess = times / thresholds.factor(measure);
            let is_measured = operation.is_some() || profile().is_measured();
            if excess > 1.0 && is_measured {
                tell(What::Beyond { measure, operation, now, normal, excess, is_sent: place == 0 }, days);
            }
        };
        let [minute_bytes, hour_bytes, day_bytes] = limits.bytes;
        for place in 0..2 {
            let mut check = |measure, now: [u64; 2], limit: [u32; 2], normal: fn(&LinkProfile) -> &[Top; 2]| {
                if now[place] > limit[place].into() {
                    check(measure, place, None, (now[place], normal(profile())[place].next()), days);
                }
            };
            check(Measure::MinuteBytes, live.minute_bytes, minute_bytes, |of| &of.minute_bytes);
            check(Measure::HourBytes, live.hour_bytes, hour_bytes, |of| &of.hour_bytes);
            check(Measure::DayBytes, live.day_bytes, day_bytes, |of| &of.day_bytes);
        }
        let reconnected = std::mem::take(&mut live.ended_reconnected);
        if reconnected > 0 && profile().lasts() {
            let normal = profile().hour_reconnected.next();
            check(Measure::HourReconnected, 0, None, (reconnected.into(), normal), days);
        }
        let [minute_opened, hour_opened, hour_failed] = limits.conversations;
        let mut check_opened = |measure, now: u32, limit: u32, normal: fn(&LinkProfile) -> Top| {
            if now > limit {
                check(measure, 0, None, (now.into(), normal(profile()).next()), days);
            }
        };
        check_opened(Measure::MinuteOpened, live.minute_opened, minute_opened, |of| of.minute_opened);
        check_opened(Measure::HourOpened, live.hour_opened, hour_opened, |of| of.hour_opened);
        check_opened(Measure::HourFailed, live.hour_failed, hour_failed, |of| of.hour_failed);
        for (place, manner) in Manner::ALL.into_iter().enumerate() {
            let now = live.hour_manners[place];
            // What was not heard may have been asked, or said between.
            if now > limits.manners[place] && !is_lossy && !live.is_unheard() && !live.misses_more(hour_missing) {
                let normal = profile().manners[place].next();
                check(Measure::of_manner(manner), 0, None, (now.into(), normal), days);
            }
        }
        let stay = live.stay();
        if key.initiator == Party::OUTSIDE && stay > limits.stay {
            check(Measure::Stay, 0, None, (stay.into(), profile().stay.next()), days);
        }
        for (operation, place) in used.operations.iter().zip(&self.places) {
            let Some(known) = place.map(|place| live.operations.at(place)) else { continue };
            let limit_at = known.limit_at(minute / MINUTES_PER_HOUR, slot, packed, normal);
            let known = &*known;
            let Some(now) = known.seen.as_deref().map(|seen| &seen.live) else { continue };
            let Some(limits) = now.limits else { continue };
            let mut check = |measure, now: u64, limit: u32, normal: &dyn Fn(&OperationProfile) -> u64| {
                if now > limit.into()
                    && let Some(profile) = known.normal(packed)
                {
                    check(measure, 0, Some(&operation.name), (now, normal(&profile)), profile.days);
                }
            };
            let [minute_limit, hour_limit, day_limit] = limits.messages;
            check(Measure::MinuteMessages, now.minute_count.into(), minute_limit, &|of| of.minute_count.next());
            if operation.name.is_opaque() {
                check(Measure::HourPayloads, now.hour_count.into(), hour_limit, &|of| of.hour_count.next());
                continue;
            }
            check(Measure::HourMessages, now.hour_count.into(), hour_limit, &|of| of.hour_count.next());
            let usual = |of: &OperationProfile| of.usual_at(slot).unwrap_or(u64::MAX);
            check(Measure::HourOfDay, now.hour_count.into(), limit_at, &usual);
            check(Measure::DayMessages, now.day_count.into(), day_limit, &|of| of.day_count.next());
            check(Measure::MessageBytes, operation.largest, limits.largest, &|of| of.largest.next());
            if u64::from(now.hour_count) >= REFUSALS_OF_MIN {
                let share = u64::from(now.hour_refused) * 1000 / u64::from(now.hour_count);
                check(Measure::Refusals, share, limits.refused, &|of| of.refused.into());
            }
            if now.answers >= ANSWERS_MIN {
                let mean = now.micros / u64::from(now.answers);
                check(Measure::ResponseTime, mean, limits.slowest, &|of| of.slowest.next());
            }
        }
        let kin = || self.kinship.kin.of(parties.id(key.initiator), (key.service.transport, key.service.port));
        for (operation, place) in used.operations.iter().zip(&self.places) {
            let (name, seen) = (&operation.name, &operation.points);
            let Some(place) = place.filter(|_| !seen.ranges.is_empty()) else { continue };
            let Some(known) = live.operations.at(place).seen.as_deref_mut() else { continue };
            let Some(normal) = &known.points else { continue };
            let live = known.live.points.get_or_insert_default();
            let ranges = seen.ranges.iter().copied().enumerate();
            let looped =
                seen.looped.filter(|_| !normal.loops).map(|messages| What::Looped { operation: name, messages });
            points::unusual(ranges, seen.first, name, (normal, &kin), thresholds)
                .into_iter()
                .chain(live.take(minute, seen, name, normal, thresholds.factor(Measure::Frozen)))
                .chain(looped)
                .for_each(|what| tell(what, normal.days));
        }
        for (operation, place) in used.operations.iter().zip(&self.places) {
            if operation.results.is_empty() {
                continue;
            }
            let Some(seen) = place.and_then(|place| live.operations.at(place).seen.as_deref_mut()) else { continue };
            let unpack = || Box::new(packed.results(&operation.name).unwrap_or_default());
            let normal = seen.results.get_or_insert_with(unpack);
            for ResultsMean { analyte, mean } in &operation.results {
                let Some(means) = normal.of(analyte.number()) else { continue };
                let excess = Measure::Results.ratio(means.beside(*mean), 1000) / thresholds.factor(Measure::Results);
                if excess > 1.0 {
                    let (now, normal) = (*mean, (means.low, means.high));
                    tell(
                        What::Results { operation: &operation.name, analyte: *analyte, now, normal, excess },
                        means.days,
                    );
                }
            }
        }
        let this_hour = minute / MINUTES_PER_HOUR;
        let ids = [parties.id(key.initiator), parties.id(key.responder)];
        if live.hour_told != this_hour
            && let Some(what) = hours::unusual(&local, (live, packed), (used, &self.places), &thresholds.novelty, &ids)
        {
            live.hour_told = this_hour;
            tell(what, days);
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
            if used.closed > 0 {
                live.closed(minute);
            }
            activity[place] = live.activity;
        }
        activity
    }
}
