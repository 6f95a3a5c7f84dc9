//! Live time: the machine's clock, which may be set back, made to go on.
//!
//! Behind a source time is a high-water mark: were the clock set back by an hour, nothing would be due for an hour. So time goes on from
//! where it was, ahead of the clock by what it was set back, and a tenth slower until the two are one again. A clock
//! that is set forward is followed.

use std::time::SystemTime;

use wardtap_net::packet::{NANOS_PER_SECOND, Timestamp};

/// A clock that is this much behind what was given has been set back. Below it, packets of several processors are not in order.
const SET_BACK_NANOS: u64 = NANOS_PER_SECOND;

/// While ahead of the clock, time goes slower by one part in so many.
const SLOWER: u64 = 10;

/// Live time.
#[derive(Debug, Default)]
pub(super) struct LiveClock {
    /// What the machine's clock said last.
    real: Timestamp,
    /// How far ahead of it time is.
    ahead: u64,
}

impl LiveClock {
    /// The time now. `given` is the latest that was given to anybody.
    pub(super) fn now(&mut self, given: Timestamp) -> Timestamp {
        self.at(real(), given)
    }

    fn at(&mut self, real: Timestamp, given: Timestamp) -> Timestamp {
        let passed = real.since(self.real);
        self.real = real;
        self.ahead = self.ahead.saturating_sub(passed.div_euclid(SLOWER));
        let behind = given.since(real.plus(self.ahead));
        if behind > SET_BACK_NANOS {
            self.ahead = self.ahead.saturating_add(behind);
        }
        real.plus(self.ahead)
    }

    /// The time of a packet to which the kernel gave `time`: as far ahead, unless it came before the clock was set back.
    pub(super) fn of(&self, time: Timestamp) -> Timestamp {
        let moved = time.plus(self.ahead);
        if moved > self.real.plus(self.ahead).plus(SET_BACK_NANOS) { time } else { moved }
    }
}

/// The machine's clock, which is also what the kernel's times of packets are read from.
fn real() -> Timestamp {
    #[allow(clippy::disallowed_methods, reason = "the one place where live time begins")]
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn a_clock_that_is_set_back_is_caught_up_with_and_time_never_stands() {
        let mut clock = LiveClock::default();
        assert_eq!(clock.at(at(5000), at(4999)), at(5000));
        // An hour back, and one second later.
        assert_eq!(clock.at(at(1401), at(5000)), at(5000));
        assert_eq!(clock.of(at(1401)), at(5000), "a packet of now");
        assert_eq!(clock.of(at(4999)), at(4999), "one that came before");
        let mut now = at(5000);
        for second in 1402..60_000 {
            let next = clock.at(at(second), now);
            assert!(next.since(now) >= 900_000_000, "it goes on: {now} to {next}");
            now = next;
        }
        assert_eq!(now, at(59_999), "and is one with the clock again");
        assert_eq!(clock.at(at(90_000), now), at(90_000), "forward it is followed");
    }
}
