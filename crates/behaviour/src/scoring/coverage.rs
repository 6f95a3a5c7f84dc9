//! How well the sensor hears. A feed that is gone, of which only one direction comes, or of which part is missing, is told
//! once, in place of the silence of all that is not heard.

use wardtap_net::packet::Timestamp;
use wardtap_net::peel::protocol;

use super::Scorer;
use super::live::LiveParty;
use super::table::Entry;
use crate::baseline::calibrate::parts_per_million;
use crate::baseline::measure::Measure;
use crate::baseline::store::MINUTES_PER_HOUR;
use crate::links::{Use, answers_less, tells_less};
use crate::observation::Place;
use crate::parties::Party;

/// Where more than this share of all steady devices is silent, the sensor is blind and no device. Where of more than this
/// share of all conversations only one end is heard, no silence shows anything.
const BLIND_SHARE: f64 = 0.5;

/// Fewer steady devices say nothing of the sensor.
const BLIND_OF_MIN: usize = 4;

/// A shorter time without a packet is nothing to speak of, in minutes.
const FEED_PAUSE_MIN: u32 = 5;

/// Fewer conversations of which one end is not heard may take another way.
const ONE_SIDED_MIN: usize = 3;

/// Of a million octets so many may be missing anywhere.
const MISSING_MIN: u32 = 2000;

/// Of fewer octets in one or two hours it is not known how many are missing.
const HEARD_MIN: u64 = 1_000_000;

/// While packets are missing, a silence must be so many times as long: of a hundred packets that come once in a pause,
/// two of them missing in a row is rare at losses that anybody would call one.
pub(super) const LOSSY_PATIENCE: f64 = 3.0;

/// The sensor hears less than it did while learning.
#[derive(Clone, Copy, Debug)]
pub struct Blindness {
    /// How.
    pub how: Blind,
    /// Since when.
    pub first: Timestamp,
    /// Until when, at least.
    pub last: Timestamp,
    /// The last frame that was heard.
    pub place: Place,
    /// On how many days what is normal was seen.
    pub days: u32,
}

/// How the sensor hears less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blind {
    /// Nothing came at all.
    Nothing {
        /// For so many minutes.
        minutes: u32,
        /// The longest that would be normal.
        normal: u32,
    },
    /// Nothing came of most devices.
    Few {
        /// Devices that are silent.
        silent: usize,
        /// Of so many that never are.
        of: usize,
    },
    /// Only one end of conversations is heard.
    OneSided {
        /// Of so many.
        conversations: usize,
        /// Of so many that there are.
        of: usize,
    },
    /// Octets are missing.
    Lossy {
        /// Octets.
        octets: u64,
        /// Of a million so many.
        missing: u32,
        /// That would be normal.
        normal: u32,
    },
}

/// For so long sessions may go on that were under way when it began to watch.
const SESSION_MINUTES: u32 = 8 * 60;

/// Whether a name tells less than another one.
pub(super) type Less = fn(&str, &str) -> bool;

/// What is known of how well the sensor hears.
#[derive(Default)]
pub(super) struct Coverage {
    /// The last minute in which something was heard.
    last: u32,
    place: Place,
    /// The longest time without anything that is normal, as far as is known.
    pause: Option<u32>,
    /// There was a longer one that is not told yet: since when, how long, and what would have been normal.
    nothing: Option<(u32, u32, u32)>,
    /// Minutes in which the sensor was blind: nobody was silent in them.
    pub(super) lost: u32,
    /// Those of them that are known to who asked last.
    lost_before: u32,
    /// Silences show nothing now.
    pub(super) is_blind: bool,
    /// Packets are missing now.
    pub(super) is_lossy: bool,
    /// When it began to watch; 0 where it has not yet.
    began: u32,
    /// From this minute on, what is missing is lost between other packets.
    whole_from: u32,
    hour: u32,
    /// Octets that were heard and that were missing, in the hour at hand and the one before.
    heard: [u64; 2],
    missing: [u64; 2],
}

impl Coverage {
    /// What was not heard that names would tell, as a name is compared with a known one: what sessions said that were under way
    /// when it began to watch; or what is lost.
    pub(super) fn unheard(&mut self, minute: u32) -> Option<Less> {
        self.begin(minute);
        if minute.saturating_sub(self.began) < SESSION_MINUTES {
            return Some(tells_less);
        }
        if self.is_lossy { Some(answers_less) } else { None }
    }

    fn begin(&mut self, minute: u32) {
        self.began = if self.began == 0 { minute } else { self.began };
    }

    /// Takes what was heard in a minute.
    pub(super) fn take(&mut self, minute: u32, used: &Use) {
        self.begin(minute);
        let hour = minute / MINUTES_PER_HOUR;
        if hour > self.hour {
            let follows = hour == self.hour + 1;
            for counts in [&mut self.heard, &mut self.missing] {
                *counts = [0, if follows { counts[0] } else { 0 }];
            }
            self.hour = hour;
        }
        self.heard_nothing_until(minute);
        if minute >= self.last {
            (self.last, self.place) = (minute, used.place);
        }
        if minute < self.whole_from {
            return;
        }
        let add = |to: &mut u64, more: [u64; 2]| *to = to.saturating_add(more[0]).saturating_add(more[1]);
        add(&mut self.heard[0], used.sent.map(|sent| sent.bytes));
        add(&mut self.missing[0], used.gap_bytes);
    }

    /// Nothing was heard up to a minute: if that is too long, it counts for nobody's silence.
    fn heard_nothing_until(&mut self, minute: u32) {
        let minutes = minute.saturating_sub(self.last);
        if let Some(normal) = self.pause.filter(|pause| self.last > 0 && minutes > *pause) {
            self.nothing = Some((self.last, minutes, normal));
            self.last = minute;
            self.lose(minutes, minute);
        }
    }

    /// So many minutes up to one are not known of.
    fn lose(&mut self, minutes: u32, until: u32) {
        self.lost = self.lost.saturating_add(minutes);
        // Connections that went on meanwhile tell for a while what of them was missing: all of it, as is known already.
        (self.heard, self.missing) = ([0; 2], [0; 2]);
        self.whole_from = until.saturating_add(MINUTES_PER_HOUR);
    }

    /// Whether minutes were lost since this was asked last.
    pub(super) const fn has_lost(&mut self) -> bool {
        let before = self.lost_before;
        self.lost_before = self.lost;
        self.lost != before
    }

    /// Octets that are missing, and how many of a million these are; None where too few were heard.
    fn missing(&self) -> Option<(u64, u32)> {
        let sum = |counts: [u64; 2]| counts[0].saturating_add(counts[1]);
        let (heard, missing) = (sum(self.heard), sum(self.missing));
        (heard >= HEARD_MIN).then(|| (missing, parts_per_million(missing, heard)))
    }
}

impl Scorer {
    /// Nobody watched from a minute to another.
    pub fn unwatched(&mut self, since: u32, until: u32) {
        let minutes = until.saturating_sub(since);
        let coverage = &mut self.coverage;
        coverage.last = if coverage.last == 0 { 0 } else { coverage.last.saturating_add(minutes) };
        coverage.began = until;
        coverage.lose(minutes, until);
    }

    /// Capture time has come to a minute: in which ways the sensor hears less than it did. Is asked for before silences are.
    pub fn blindness(&mut self, minute: u32) -> Vec<Blindness> {
        let mut found = Vec::new();
        let at = |minute: u32| Timestamp::from_seconds(u64::from(minute) * 60);
        let (place, days) = (self.coverage.place, self.profiles.days.len() as u32);
        let mut tell = |how, since| found.push(Blindness { how, first: at(since), last: at(minute), place, days });
        self.coverage.pause = self.feed_pause();
        self.coverage.heard_nothing_until(minute);
        if let Some((since, minutes, normal)) = self.coverage.nothing.take() {
            tell(Blind::Nothing { minutes, normal }, since);
        }
        let few = self.few_heard(minute);
        let one_sided = self.one_sided(minute);
        let lossy = self.coverage.missing().and_then(|(octets, missing)| {
            let normal = self.profiles.missing;
            let is_more = missing > normal.saturating_mul(2).max(MISSING_MIN);
            is_more.then_some(Blind::Lossy { octets, missing, normal })
        });
        for how in [few, one_sided, lossy].into_iter().flatten() {
            tell(how, minute);
        }
        self.coverage.lost += u32::from(few.is_some());
        self.coverage.is_lossy = lossy.is_some();
        self.coverage.is_blind = few.is_some()
            || one_sided.is_some_and(|how| match how {
                Blind::OneSided { conversations, of } => conversations as f64 > of as f64 * BLIND_SHARE,
                _ => false,
            });
        found
    }

    /// The longest time without anything that is normal: the feed is never silent for longer than the least silent device.
    fn feed_pause(&self) -> Option<u32> {
        let steady = || self.steady_parties().filter_map(LiveParty::steady_pause);
        let least = steady().min().filter(|_| steady().count() >= BLIND_OF_MIN)?;
        let factor = self.profiles.thresholds.factor(Measure::DevicePause);
        Some((factor * f64::from(least.max(FEED_PAUSE_MIN))).ceil() as u32)
    }

    /// More than half of the devices that never are for so long are silent.
    fn few_heard(&self, minute: u32) -> Option<Blind> {
        let steady = || self.steady_parties().filter_map(|party| Some((party, party.steady_pause()?)));
        let (of, silent) = (steady().count(), steady().filter(|(party, pause)| self.is_silent(party, *pause, minute)));
        let silent = silent.count();
        (of >= BLIND_OF_MIN && silent as f64 > of as f64 * BLIND_SHARE).then_some(Blind::Few { silent, of })
    }

    fn steady_parties(&self) -> impl Iterator<Item = &LiveParty> {
        self.steady.iter().filter_map(|party| self.active.get(party.index()))
    }

    /// Conversations of which both ends were heard while learning, and only one is now that acknowledges what the other
    /// sends. Other transports than TCP do not show that.
    fn one_sided(&mut self, minute: u32) -> Option<Blind> {
        let is_recent = |at: u32| at > 0 && minute.saturating_sub(at) <= MINUTES_PER_HOUR;
        let links = &mut self.links;
        self.unheard.retain(|id| {
            let Some(live) = &mut links.at_mut(*id).live else { return false };
            if !is_recent(live.one_sided) {
                live.one_sided = 0;
            }
            live.is_unheard()
        });
        let counts = |entry: &Entry| {
            let (Some(_), Some(live)) = (&entry.normal, &entry.live) else { return false };
            entry.key.service.transport == protocol::TCP
                && entry.key.initiator != Party::ANYBODY
                && live.bounds.is_some_and(|bounds| bounds.minutes.iter().all(|minutes| *minutes > 0))
                && live.last.iter().any(|last| is_recent(last.last))
        };
        let conversations = self.unheard.iter().filter(|id| counts(self.links.at(**id))).count();
        // Of how many is counted only where there are some.
        (conversations >= ONE_SIDED_MIN).then(|| {
            let of = self.links.seen().filter(|entry| counts(entry)).count();
            Blind::OneSided { conversations, of }
        })
    }
}
