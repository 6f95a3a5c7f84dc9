//! Hours in which something that is usual was not there: how surprising that is, over up to a day.
//!
//! A nurse call comes in most hours, and in none for certain: no single hour without one says anything, and eight of them
//! do. Each hour of a silence adds the negative logarithm of how often there was nothing at this hour of the day, as far
//! as hours are independent (naive Bayes), with half an event in place of none (Krichevsky and Trofimov 1981). Where they
//! are not, the learned days themselves were as surprising: what counts is the sum beside the greatest of those.
//!
//! Only hours count in which who would have sent it sent something else, and nothing took its place. A silence is looked at over a day: what is there
//! on some days of the week only is no more missed the longer it is away.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use wardtap_net::packet::Timestamp;

use super::by_time::ByTime;
use super::pauses::Slot;
use super::store::{HOURS_PER_DAY, LinkHour, LinkKey, Store, StoredLink, StoredOperation};
use super::watched::Watched;
use crate::links::is_opaque;
use crate::parties::ANYBODY;
use crate::site::Site;

/// How many hours are looked back.
pub const ABSENCE_HOURS: u32 = HOURS_PER_DAY;

/// How surprising it is that there is nothing in an hour, in thousandths of a natural unit: of `days` on which the hour of the
/// day was learned, there was something on so many. Of an hour that was never learned nothing is known.
#[must_use]
pub fn surprise(days: u16, there: u16) -> u32 {
    if days == 0 {
        return 0;
    }
    let (days, there) = (f64::from(days), f64::from(there.min(days)));
    let nothing = (days - there + 0.5) / (days + 1.0);
    (-libm::log(nothing).min(0.0) * 1000.0) as u32
}

/// When who was there, of all that was learned.
pub struct Attendance<'a> {
    /// The hours, counted from 1970, in which anybody did anything and that were watched, and what the site's clocks showed.
    hours: Vec<(u32, Slot)>,
    /// On how many days each hour of the day was one of them.
    days: [u16; Slot::ALL as usize],
    /// By party and day: the hours of the day in which it sent something, bit n: in hour n.
    sent: BTreeMap<&'a str, BTreeMap<u32, u32>>,
}

impl<'a> Attendance<'a> {
    /// That of a store.
    #[must_use]
    pub fn of(store: &'a Store, watched: &Watched, site: &Site) -> Self {
        let mut sent: BTreeMap<&str, BTreeMap<u32, u32>> = BTreeMap::new();
        let mut all = BTreeSet::new();
        for (key, link) in store.links.iter().filter(|(key, _)| key.initiator != ANYBODY) {
            for (hour, cell) in link.hours.iter() {
                if watched.has(hour) {
                    all.insert(hour);
                }
                for (id, minutes) in [&key.initiator, &key.responder].into_iter().zip(cell.minutes) {
                    if minutes > 0 {
                        *sent.entry(id).or_default().entry(hour / HOURS_PER_DAY).or_default() |= bit(hour);
                    }
                }
            }
        }
        let slot = |hour: u32| Slot::of(&site.local(Timestamp::from_seconds(u64::from(hour) * 3600)));
        let hours: Vec<(u32, Slot)> = all.into_iter().map(|hour| (hour, slot(hour))).collect();
        let days = count(hours.iter().map(|(_, slot)| *slot));
        Self { hours, days, sent }
    }

    /// Whether an hour in which somebody did something was watched, so that it also shows what is not there.
    pub(super) fn shows(&self, hour: u32) -> bool {
        self.hours.binary_search_by_key(&hour, |(hour, _)| *hour).is_ok()
    }

    /// By day, how surprising the silences of an operation of a link were that ended on it: the most that any was, each of its
    /// hours beside those of other days.
    pub(super) fn absences(&self, key: &LinkKey, link: &Sent<'_>, name: &str) -> BTreeMap<u32, u32> {
        let mut ended: BTreeMap<u32, u32> = BTreeMap::new();
        let Some(operation) = link.of.operations.get(name) else { return ended };
        let has = |hours: Option<u32>, hour: u32| hours.is_some_and(|hours| hours & bit(hour) != 0);
        let days = operation.days.unpacked();
        let is_there = |hour: u32| has(days.get(hour / HOURS_PER_DAY).map(|day| day.hours), hour);
        let witnesses = witnesses(key, operation.from).map(|id| self.sent.get(id));
        let sends = |days: Option<&BTreeMap<u32, u32>>, hour: u32| {
            has(days.and_then(|days| days.get(&(hour / HOURS_PER_DAY))).copied(), hour)
        };
        let enough = link.without(name, operation);
        let is_missed = |hour: u32| {
            let is_taken_over = enough.is_some_and(|enough| link.is_as_much(operation.from, hour, enough));
            witnesses.iter().all(|sent| sends(*sent, hour)) && !is_taken_over
        };
        let there = count(self.hours.iter().filter(|(hour, _)| is_there(*hour)).map(|(_, slot)| *slot));
        let mut silence: Option<Silence> = None;
        for &(hour, slot) in &self.hours {
            if is_there(hour) {
                let before = silence.replace(Silence::default());
                let most = ended.entry(hour / HOURS_PER_DAY).or_default();
                *most = before.map_or(0, |silence| silence.most).max(*most);
            } else if let Some(silence) = silence.as_mut().filter(|_| is_missed(hour)) {
                let of = |counts: &[u16; Slot::ALL as usize]| counts.get(slot.place()).copied().unwrap_or(0);
                silence.take(hour, surprise(of(&self.days).saturating_sub(1), of(&there)));
            }
        }
        ended
    }
}

/// What the ends of a link sent, all days together.
pub(super) struct Sent<'a> {
    of: &'a StoredLink,
    hours: ByTime<LinkHour>,
    /// Payloads of what is not read.
    payloads: [u64; 2],
    packets: [u64; 2],
    /// Minutes with something.
    minutes: [u64; 2],
}

impl<'a> Sent<'a> {
    pub(super) fn of(link: &'a StoredLink) -> Self {
        let mut sent =
            Self { of: link, hours: link.hours.unpacked(), payloads: [0; 2], packets: [0; 2], minutes: [0; 2] };
        for operation in link.operations.iter().filter(|(name, _)| is_opaque(name)).map(|(_, operation)| operation) {
            let payloads = &mut sent.payloads[usize::from(operation.from & 1)];
            *payloads = payloads.saturating_add(messages(operation));
        }
        for hour in sent.hours.values() {
            for end in 0..2 {
                sent.packets[end] = sent.packets[end].saturating_add(hour.packets[end]);
                sent.minutes[end] = sent.minutes[end].saturating_add(hour.minutes[end].into());
            }
        }
        sent
    }

    /// How many packets the sender of an operation would send without it, where payloads of other sizes may take its place:
    /// see [`super::profile::LinkProfile::is_taken_over`].
    fn without(&self, name: &str, operation: &StoredOperation) -> Option<u64> {
        let (end, own) = (usize::from(operation.from & 1), messages(operation));
        let others = self.payloads[end].saturating_sub(own);
        let is_good_part = is_opaque(name) && own.saturating_mul(4) >= others;
        is_good_part.then(|| self.packets[end].saturating_sub(own / 2))
    }

    /// Whether in an hour an end sent as much, for the minutes in which it sent something, as that many packets are of all.
    fn is_as_much(&self, end: u8, hour: u32, packets: u64) -> bool {
        let end = usize::from(end & 1);
        self.hours.get(hour).is_some_and(|hour| {
            let minutes = u64::from(hour.minutes[end]);
            minutes > 0 && hour.packets[end].saturating_mul(self.minutes[end]) >= packets.saturating_mul(minutes)
        })
    }
}

/// How many there were.
fn messages(operation: &StoredOperation) -> u64 {
    operation.days.values().map(|day| u64::from(day.count)).sum()
}

/// Whose silence it is when an operation is not there: see [`super::store::witnesses`].
fn witnesses(key: &LinkKey, from: u8) -> [&str; 2] {
    match (key.initiator == ANYBODY, from) {
        (true, _) => [&key.responder, &key.responder],
        (false, 0) => [&key.initiator, &key.initiator],
        (false, _) => [&key.initiator, &key.responder],
    }
}

/// An hour among those of its day.
const fn bit(hour: u32) -> u32 {
    1 << (hour % HOURS_PER_DAY)
}

/// How often there is each slot.
fn count(slots: impl Iterator<Item = Slot>) -> [u16; Slot::ALL as usize] {
    let mut counts = [0; Slot::ALL as usize];
    for slot in slots {
        if let Some(count) = counts.get_mut(slot.place()) {
            *count = u16::saturating_add(*count, 1);
        }
    }
    counts
}

/// Hours without something.
#[derive(Default)]
struct Silence {
    /// Those of the last day, and how surprising each is.
    hours: VecDeque<(u32, u32)>,
    /// How surprising those of a day were together, at most.
    most: u32,
}

impl Silence {
    fn take(&mut self, hour: u32, surprise: u32) {
        self.hours.push_back((hour, surprise));
        while self.hours.front().is_some_and(|(first, _)| hour - first >= ABSENCE_HOURS) {
            self.hours.pop_front();
        }
        let together = self.hours.iter().fold(0, |all: u32, (_, surprise)| all.saturating_add(*surprise));
        self.most = self.most.max(together);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_on_more_days_is_missed_more() {
        assert_eq!(surprise(10, 0), 46, "nothing was there on any of them");
        assert_eq!(surprise(10, 5), 693, "on half of them");
        assert_eq!(surprise(10, 10), 3091, "on all");
        assert!(surprise(20, 20) > surprise(10, 10), "more days say more");
        assert_eq!(surprise(10, 11), surprise(10, 10));
        assert_eq!(surprise(0, 0), 0, "none was learned");
    }

    #[test]
    fn a_silence_counts_over_one_day() {
        let mut silence = Silence::default();
        (100..148).for_each(|hour| silence.take(hour, if hour < 110 { 500 } else { 10 }));
        assert_eq!(silence.most, 10 * 500 + 14 * 10);
    }
}
