//! Operations that were not there in hours in which they mostly are: see [`crate::baseline::absence`].

use wardtap_net::packet::Timestamp;

use super::Scorer;
use super::live::SAID_AGAIN_MINUTES;
use super::silence::Silence;
use super::table::Entry;
use crate::baseline::absence::ABSENCE_HOURS;
use crate::baseline::measure::Measure;
use crate::baseline::pauses::Slot;
use crate::baseline::store::{MINUTES_PER_HOUR, witnesses};
use crate::parties::Party;
use crate::site::Site;

/// Which of the last hours something was in.
#[derive(Clone, Copy, Default)]
pub(super) struct LastHours {
    /// The last of them, counted from 1970.
    hour: u32,
    /// Bit n: it was in the hour so many before that.
    bits: u32,
}

impl LastHours {
    /// It is in a minute.
    pub(super) const fn note(&mut self, minute: u32) {
        let hour = minute / MINUTES_PER_HOUR;
        if hour > self.hour {
            self.bits = match self.bits.checked_shl(hour - self.hour) {
                Some(bits) => bits,
                None => 0,
            };
            self.hour = hour;
        }
        if let Some(bit) = 1u32.checked_shl(self.hour - hour) {
            self.bits |= bit;
        }
    }

    /// Whether it was in an hour.
    const fn has(self, hour: u32) -> bool {
        match self.hour.checked_sub(hour) {
            Some(before) => before < u32::BITS && self.bits >> before & 1 == 1,
            None => false,
        }
    }
}

impl Scorer {
    /// Looks at all that was seen, twice an hour, for what was not there in the hours that are over: the sender was, and the
    /// sensor heard it.
    pub(super) fn absent(&mut self, minute: u32, site: &Site, found: &mut Vec<Silence>) {
        let half = minute / SAID_AGAIN_MINUTES;
        if std::mem::replace(&mut self.half_hour, half) == half {
            return;
        }
        let hour = minute / MINUTES_PER_HOUR;
        let first = hour.saturating_sub(ABSENCE_HOURS);
        let slot = |hour: u32| Slot::of(&site.local(Timestamp::from_seconds(u64::from(hour) * 3600)));
        let slots: Vec<(u32, Slot)> = (first..hour).map(|hour| (hour, slot(hour))).collect();
        let factor = self.profiles.thresholds.factor(Measure::Absence) * self.patience();
        let coverage = &self.profiles.coverage;
        for number in 0..self.links.live_count() {
            let Some(Entry { key, normal: Some(profile), live: Some(live) }) = self.links.numbered(number) else {
                continue;
            };
            if live.silence.iter().any(|silence| silence.is_said()) {
                continue;
            }
            let ends = [key.initiator, key.responder].map(|end| self.active.get(end.index()));
            let activity = ends.map(|end| end.map(|party| party.activity).unwrap_or_default());
            let witnesses = witnesses(&activity, key.initiator == Party::ANYBODY);
            let heard = ends.map(|end| end.map(|party| party.hours).unwrap_or_default());
            let mut silent = Vec::new();
            for (name, operation) in live.operations.seen() {
                let Some(known) = profile.operations.get(name).filter(|known| profile.is_missed(known)) else {
                    continue;
                };
                let place = usize::from(known.from & 1);
                let last = operation.last.last.max(live.unheard[place]) / MINUTES_PER_HOUR;
                let senders = witnesses_of(heard, place, key.initiator == Party::ANYBODY);
                let since = last.saturating_add(1).saturating_sub(first) as usize;
                let counts = |hour: u32| senders.iter().all(|sender| sender.has(hour)) && !self.blind_hours.has(hour);
                let (mut hours, mut now) = (0, 0);
                for (_, slot) in slots.iter().skip(since).filter(|(hour, _)| counts(*hour)) {
                    hours += 1;
                    now += u64::from(known.pauses.surprise(*slot, coverage));
                }
                let normal = known.absence.next();
                let excess = Measure::Absence.ratio(now, normal) / factor;
                if excess <= 1.0 {
                    continue;
                }
                let others = live.payloads[place].saturating_sub(operation.payloads);
                let alone = operation.last.alone(&witnesses[place], minute);
                if !profile.is_taken_over(name, others, alone.into()) && operation.silence.is_due(minute) {
                    silent.push(Silence {
                        key: *key,
                        measure: Measure::Absence,
                        operation: Some((**name).to_owned()),
                        minutes: hours * u64::from(MINUTES_PER_HOUR),
                        now,
                        normal,
                        excess,
                        days: known.days,
                        of_responder: place == 1,
                    });
                }
            }
            silent.sort_by(|one, other| one.operation.cmp(&other.operation));
            found.append(&mut silent);
        }
    }
}

/// Whose hours the silence of an end of a link is counted by: see [`witnesses`].
fn witnesses_of([initiator, responder]: [LastHours; 2], place: usize, anybody: bool) -> [LastHours; 2] {
    match (anybody, place) {
        (true, _) => [responder; 2],
        (false, 0) => [initiator; 2],
        (false, _) => [initiator, responder],
    }
}
