//! Learning in place: a live run learns for a while, then compares with what it has learned.

use sha2::{Digest, Sha256};
use wardtap_behaviour::baseline::calibrate::BUDGET;
use wardtap_behaviour::baseline::file::{Baseline, LearnedCapture, StoredSite};
use wardtap_behaviour::baseline::learner::Learner;
use wardtap_behaviour::judge::{Behaviour, Judge};
use wardtap_behaviour::parties::Parties;
use wardtap_behaviour::site::Site;
use wardtap_net::packet::{NANOS_PER_SECOND, Timestamp};

use super::state::{Checkpoint, Kept};

/// A step of time that is longer than this was not watched: the clock was set.
const STEP_MAX: u64 = 60 * NANOS_PER_SECOND;

/// Parts that such steps cut a run into; what comes behind more of them belongs to the last.
const PARTS_MAX: usize = 1024;

/// Learns for a while.
pub struct Learning {
    /// For how long is to be watched, and was.
    length: u64,
    watched: u64,
    /// What was learned before, without what the learner goes on with.
    base: Baseline,
    /// What was watched since the start, up to the latest step.
    parts: Vec<LearnedCapture>,
    first: Option<Timestamp>,
    last: Timestamp,
    /// Packets since the start, and those of them that were read before the part at hand.
    packets: u64,
    before: u64,
    interfaces: String,
}

impl Learning {
    /// Begins, or goes on with what an earlier run has left. Answers what the judge is to learn with as well.
    pub fn begin(
        seconds: u64,
        site: &Site,
        before: Option<Checkpoint>,
        interfaces: &[String],
    ) -> anyhow::Result<(Self, Behaviour)> {
        let mut base = Baseline::default();
        let (mut watched, mut until) = (0, None);
        if let Some(Checkpoint { kept, learned: Some(learned) }) = before {
            until = Some(minute(Timestamp::from_nanos(kept.time)));
            watched = kept.learned_seconds.unwrap_or(0).saturating_mul(NANOS_PER_SECOND);
            base = *learned;
            base.front.site.is_same(&StoredSite::of(site)).map_err(|error| {
                anyhow::anyhow!("{error}: what was learned so far goes with one of them: restore the configuration, or give an empty --state")
            })?;
        } else {
            base.front.site = StoredSite::of(site);
            base.front.profiles.thresholds.budget = BUDGET;
        }
        let mut parties = Parties::new(base.front.site.site()?);
        let learner = Learner::going_on(base.take_learned(), &mut parties);
        let learner = until.into_iter().fold(learner, Learner::behind);
        let learning = Self {
            length: seconds.saturating_mul(NANOS_PER_SECOND),
            watched,
            base,
            parts: Vec::new(),
            first: None,
            last: Timestamp::EPOCH,
            packets: 0,
            before: 0,
            interfaces: interfaces.join("\0"),
        };
        Ok((learning, Behaviour::new(parties, None, Some(learner))))
    }

    /// Time has come to `now`, with so many packets read.
    pub fn second(&mut self, now: Timestamp, packets: u64) {
        if self.first.replace(self.first.unwrap_or(now)).is_some() {
            let step = now.since(self.last);
            self.watched = self.watched.saturating_add(step.min(STEP_MAX));
            if step > STEP_MAX && self.parts.len() < PARTS_MAX {
                self.parts.extend(self.part());
                (self.first, self.before) = (Some(now), self.packets);
            }
        }
        self.last = now;
        self.packets = packets;
    }

    /// Whether it was learned for long enough.
    pub const fn is_over(&self) -> bool {
        self.watched >= self.length
    }

    /// For how many seconds is still to be learned.
    pub const fn left(&self) -> u64 {
        self.length.saturating_sub(self.watched) / NANOS_PER_SECOND
    }

    /// What was learned up to now, to be kept.
    pub fn checkpoint(&self, judge: &mut Judge) -> Checkpoint {
        let kept =
            Kept { time: self.last.nanos(), learned_seconds: Some(self.watched / NANOS_PER_SECOND), ..Kept::default() };
        let learned = judge.behaviour().take().map(|mut behaviour| {
            let mut baseline = self.base.clone();
            if let (Some(learner), Some(first)) = (&mut behaviour.learner, self.first) {
                // Nothing was heard yet since the start: what comes is counted from here on.
                learner.watches(minute(first));
            }
            let learner = behaviour.learner.clone().unwrap_or_default();
            baseline.front.kept_out.extend(learner.kept_out());
            baseline.front.captures.extend(self.parts.iter().cloned().chain(self.part()));
            baseline.store = learner.into_store(&behaviour.parties, judge.devices());
            *judge.behaviour() = Some(behaviour);
            Box::new(baseline)
        });
        Checkpoint { kept, learned }
    }

    /// What was watched since the start or the latest step, as the part of a capture that was learned.
    fn part(&self) -> Option<LearnedCapture> {
        let first = self.first?;
        let name = format!("wardtap watch\0{}\0{}", self.interfaces, first.nanos());
        Some(LearnedCapture {
            digest: Sha256::digest(name.as_bytes()).into(),
            first: first.nanos(),
            last: self.last.nanos(),
            packets: self.packets.saturating_sub(self.before),
        })
    }
}

/// Minutes since 1970.
fn minute(time: Timestamp) -> u32 {
    u32::try_from(time.seconds() / 60).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_time_that_was_watched_counts() {
        let begin = |before| Learning::begin(100, &Site::default(), before, &[]).unwrap().0;
        let at = Timestamp::from_seconds;
        let mut learning = begin(None);
        for second in 0..=60 {
            learning.second(at(1_000_000 + second), 1);
        }
        assert_eq!((learning.left(), learning.is_over()), (40, false));
        let mut judge = Judge::default();
        judge.with_behaviour(Learning::begin(100, &Site::default(), None, &[]).unwrap().1);
        let checkpoint = learning.checkpoint(&mut judge);
        assert_eq!(checkpoint.kept.learned_seconds, Some(60));
        assert!(judge.behaviour().is_some(), "it learns on");
        // A day later.
        let mut learning = begin(Some(checkpoint));
        learning.second(at(1_086_400), 1);
        assert_eq!(learning.left(), 40);
        // The clock is set forward by a day.
        learning.second(at(1_172_800), 1);
        assert!(learning.is_over(), "a minute at most of it counts");
        let last = learning.checkpoint(&mut judge).learned.unwrap().front.captures;
        let seconds = |capture: &LearnedCapture| (capture.first / NANOS_PER_SECOND, capture.last / NANOS_PER_SECOND);
        let parts: Vec<(u64, u64)> = last.iter().map(seconds).collect();
        assert_eq!(parts, [(1_000_000, 1_000_060), (1_086_400, 1_086_400), (1_172_800, 1_172_800)], "and in parts");
    }
}
