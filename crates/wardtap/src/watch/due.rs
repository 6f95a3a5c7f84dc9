//! When a checkpoint is begun: so early that whatever happens takes no more of what was learned than the interval.

use std::time::{Duration, Instant};

use crate::worker::SECONDS_PER_MINUTE;

/// It is looked once a second whether one is due, and so much later than that at most.
const LOOK: Duration = Duration::from_secs(1);
const LATE: Duration = Duration::from_millis(250);

/// So many times within an interval the workers tell what links did, and once a second at most.
const TOLD: u64 = 20;

/// When the next one is due.
pub struct Due {
    every: Duration,
    /// When the latest one was begun.
    latest: Option<Instant>,
}

impl Due {
    /// One for each of these intervals.
    pub const fn every(every: Duration) -> Self {
        Self { every, latest: None }
    }

    /// Every how many seconds the workers have to tell what links did, so that a checkpoint has what is not much older: a
    /// divisor of a minute.
    pub fn told_every(&self) -> u64 {
        let most = (self.every.as_secs() / TOLD).clamp(1, SECONDS_PER_MINUTE);
        (1..=most).rev().find(|seconds| SECONDS_PER_MINUTE.is_multiple_of(*seconds)).unwrap_or(1)
    }

    /// Whether one has to be begun at this look, and not at the next: it would be stored only after half as much again as the
    /// one before `took`, and until then what there is has only what was told before the latest was begun.
    pub fn is_now(&mut self, now: Instant, took: Duration) -> bool {
        // What was watched before the first look counts as well.
        let latest = *self.latest.get_or_insert(now.checked_sub(LOOK).unwrap_or(now));
        let older = Duration::from_secs(self.told_every()) - LOOK;
        let next = now.saturating_duration_since(latest) + LOOK + LATE;
        let is_due = next + older + took + took / 2 >= self.every;
        if is_due {
            self.latest = Some(now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::super::pulse::moment;
    use super::*;

    /// The most that is lost over two hours of looks, where storing takes so long, and every other look is so late.
    fn lost(every: Duration, took: Duration, late: Duration) -> Duration {
        let (begun, mut due) = (moment(), Due::every(every));
        let told = due.told_every();
        let (mut most, mut holds, mut known) = (Duration::ZERO, begun, Duration::ZERO);
        for second in 1..7200 {
            let now = begun + Duration::from_secs(second) + late * u32::from(second % 2 == 1);
            if due.is_now(now, known) {
                most = most.max(now + took - holds);
                holds = begun + Duration::from_secs(second - second % told);
                known = took;
            }
        }
        most
    }

    #[test]
    fn no_more_is_lost_than_the_interval() {
        for seconds in [2, 3, 10, 45, 60, 90, 300, 3600] {
            let every = Duration::from_secs(seconds);
            for (took, late) in [(0, 0), (10, 0), (400, 0), (0, 200), (10, 200), (300, 200)] {
                let most = lost(every, Duration::from_millis(took), Duration::from_millis(late));
                assert!(most <= every, "{every:?}, stored in {took} ms, {late} ms late: {most:?}");
                assert!(most >= every * 3 / 4 || seconds < 10, "{every:?}: one every {most:?} is too often");
            }
        }
    }

    #[test]
    fn what_links_did_is_told_in_parts_of_a_minute() {
        let told = [1, 10, 40, 300, 3600].map(|seconds| Due::every(Duration::from_secs(seconds)).told_every());
        assert_eq!(told, [1, 1, 2, 15, 60]);
    }
}
