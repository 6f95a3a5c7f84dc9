//! Operations that were not there in hours in which they mostly are: see [`crate::baseline::absence`].

use wardtap_net::packet::Timestamp;

use super::Scorer;
use super::known::{KnownOperation, SeenOperation};
use super::live::SAID_AGAIN_MINUTES;
use super::silence::{Silence, is_taken_over};
use super::table::Entry;
use crate::baseline::absence::{ABSENCE_HOURS, surprise};
use crate::baseline::measure::Measure;
use crate::baseline::pauses::{Pauses, Slot};
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

/// The hours that are over, as all operations are compared with them.
pub(super) struct Look {
    /// The hour at hand, counted from 1970.
    hour: u32,
    /// Each of the last day that the sensor heard, its slot, and how surprising it is without something that was there on so many
    /// days.
    over: Vec<(u32, Slot, Vec<u32>)>,
    /// The most that an hour can surprise.
    most: f64,
    /// From when on a silence deviates.
    factor: f64,
    /// From when on it does that something does not follow.
    pub(super) follows: f64,
}

impl Look {
    fn at(hour: u32, scorer: &Scorer, site: &Site) -> Self {
        let coverage = &scorer.profiles.coverage;
        let first = hour.saturating_sub(ABSENCE_HOURS);
        let over = (first..hour).filter(|hour| !scorer.blind_hours.has(*hour)).map(|hour| {
            let slot = Slot::of(&site.local(Timestamp::from_seconds(u64::from(hour) * 3600)));
            let days = coverage.days(slot);
            (hour, slot, (0..=days).map(|there| surprise(days, there)).collect())
        });
        Self {
            hour,
            over: over.collect(),
            most: surprise(coverage.most(), coverage.most()).max(1).into(),
            factor: scorer.profiles.thresholds.factor(Measure::Absence),
            follows: scorer.profiles.thresholds.factor(Measure::Unfollowed),
        }
    }

    /// How surprising the silence of an operation is since an hour, and how many hours of it count.
    fn sum(&self, pauses: &Pauses, since: u32, senders: [LastHours; 2]) -> (u64, u64) {
        let of = self.over.iter().filter(|(hour, ..)| *hour > since && senders.iter().all(|sender| sender.has(*hour)));
        of.fold((0, 0), |(all, hours), (_, slot, surprises)| {
            let one = surprises.get(usize::from(pauses.days(*slot))).or(surprises.last()).copied().unwrap_or(0);
            (all + u64::from(one), hours + 1)
        })
    }

    /// In how many hours after one all of these were, the next one being over and heard as well.
    pub(super) fn followed(&self, since: u32, of: [LastHours; 2]) -> u64 {
        let hours = self.over.iter().map(|(hour, ..)| *hour);
        let next = hours.clone().skip(1);
        let both = hours.zip(next).filter(|(hour, next)| hour + 1 == *next && *hour > since);
        both.filter(|(hour, _)| of.iter().all(|one| one.has(*hour))).count() as u64
    }

    /// The first hour in which a silence that is so surprising by now can deviate.
    fn next(&self, now: u64, normal: u64) -> u32 {
        let missing = self.factor * normal.saturating_add(Measure::Absence.floor()) as f64 - now as f64;
        self.hour.saturating_add((missing / self.most).max(0.0) as u32)
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
        let look = Look::at(minute / MINUTES_PER_HOUR, self, site);
        self.unfollowed(minute, &look, found);
        let patience = self.patience();
        for number in 0..self.links.seen_count() {
            let Some(Entry { key, normal: Some(profile), live: Some(live), .. }) = self.links.numbered(number) else {
                continue;
            };
            if live.silence.iter().any(|silence| silence.is_said()) {
                continue;
            }
            let is_anybody = key.initiator == Party::ANYBODY;
            let ends = [key.initiator, key.responder].map(|end| self.active.get(end.index()));
            let activity = ends.map(|end| end.map(|party| party.activity).unwrap_or_default());
            let heard = ends.map(|end| end.map(|party| party.hours).unwrap_or_default());
            let mut silent = Vec::new();
            let (days, minutes) = live.bounds.map_or((0, [0; 2]), |bounds| (bounds.days, bounds.minutes));
            let payloads = live.operations.payloads();
            for known in live.operations.used() {
                let normal = |known: &KnownOperation| known.normal(profile).filter(|of| of.is_missed(days));
                let is_due = known.seen.as_ref().is_some_and(|seen| seen.live.absent_from <= look.hour);
                let of = is_due.then(|| normal(known));
                let place = known.sender();
                let (Some(of), Some(SeenOperation { name, live: operation, .. })) = (of, known.seen.as_deref_mut())
                else {
                    continue;
                };
                let Some(of) = of else {
                    operation.absent_from = u32::MAX;
                    continue;
                };
                let since = operation.last.last.max(live.unheard[place]) / MINUTES_PER_HOUR;
                let (now, hours) = look.sum(&of.pauses, since, witnesses_of(heard, place, is_anybody));
                let normal = of.absence.next();
                let excess = Measure::Absence.ratio(now, normal) / (look.factor * patience);
                if excess <= 1.0 {
                    operation.absent_from = look.next(now, normal);
                    continue;
                }
                let others = live.payloads[place].saturating_sub(operation.payloads);
                let alone = operation.last.alone(&witnesses(&activity, is_anybody)[place], minute);
                let of_sender = (payloads[place], minutes[place].into());
                let is_taken_over =
                    name.is_opaque() && is_taken_over(operation.learned, of_sender, (others, alone.into()));
                if !is_taken_over && operation.silence.is_due(minute) {
                    silent.push(Silence {
                        key: *key,
                        measure: Measure::Absence,
                        operation: Some((**name).to_owned()),
                        follow: None,
                        minutes: hours * u64::from(MINUTES_PER_HOUR),
                        now,
                        normal,
                        excess,
                        days: of.days,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_remembered_for_longer_than_they_are_looked_back_at() {
        let mut hours = LastHours::default();
        assert!(!hours.has(0), "nothing was noted");
        [100, 101, 103].into_iter().for_each(|hour| hours.note(hour * MINUTES_PER_HOUR + 59));
        hours.note(102 * MINUTES_PER_HOUR - 1);
        let known = |hours: LastHours| (90..200).filter(|hour| hours.has(*hour)).collect::<Vec<u32>>();
        assert_eq!(known(hours), [100, 101, 103]);
        hours.note((100 + ABSENCE_HOURS) * MINUTES_PER_HOUR);
        assert_eq!(known(hours), [100, 101, 103, 100 + ABSENCE_HOURS]);
        hours.note(180 * MINUTES_PER_HOUR);
        assert_eq!(known(hours), [180], "what is too long ago is forgotten");
        hours.note(100 * MINUTES_PER_HOUR);
        assert_eq!(known(hours), [180]);
    }
}
