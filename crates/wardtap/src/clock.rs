//! The capture clock: a high-water mark of record times, and the ticks that all timers run on.
//!
//! Capture time is hostile. A record behind the mark keeps its own time and never moves the mark; a jump of more than
//! an hour counts only when [`CONFIRMATIONS`] further records are there too.

use wardtap_net::packet::{NANOS_PER_SECOND, Timestamp};

/// A step further than this must be confirmed.
const JUMP_NANOS: u64 = 3600 * NANOS_PER_SECOND;

/// Further records that confirm a jump.
const CONFIRMATIONS: u32 = 16;

/// The capture clock.
#[derive(Debug, Default)]
pub struct Clock {
    now: Option<Timestamp>,
    /// The whole second that follows: no record before it pays for a division.
    next: Timestamp,
    beyond: u32,
    /// Records whose time lay before the mark.
    pub went_back: u64,
}

impl Clock {
    /// Takes a record's time; gives back the new time when a whole second was passed.
    #[inline]
    pub fn advance(&mut self, time: Timestamp) -> Option<Timestamp> {
        let Some(now) = self.now else {
            self.now = Some(time);
            return Some(self.tick(time));
        };
        if time <= now {
            self.went_back += u64::from(time < now);
            return None;
        }
        if time.since(now) > JUMP_NANOS {
            self.beyond += 1;
            if self.beyond <= CONFIRMATIONS {
                return None;
            }
        }
        self.beyond = 0;
        self.now = Some(time);
        (time >= self.next && time.seconds() > now.seconds()).then(|| self.tick(time))
    }

    fn tick(&mut self, time: Timestamp) -> Timestamp {
        self.next = Timestamp::from_seconds(time.seconds().saturating_add(1));
        time
    }

    /// The mark; the epoch before the first record.
    pub fn now(&self) -> Timestamp {
        self.now.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn ticks_at_whole_seconds_only() {
        let mut clock = Clock::default();
        assert_eq!(clock.advance(at(100)), Some(at(100)));
        assert_eq!(clock.advance(at(100).plus(5)), None);
        assert_eq!(clock.advance(at(101).plus(7)), Some(at(101).plus(7)));
        assert_eq!(clock.advance(at(99)), None);
        assert_eq!((clock.now(), clock.went_back), (at(101).plus(7), 1));
    }

    #[test]
    fn a_lone_record_from_the_future_does_not_move_time() {
        let mut clock = Clock::default();
        clock.advance(at(100));
        assert_eq!(clock.advance(at(90_000)), None);
        assert_eq!(clock.advance(at(101)), Some(at(101)));
        for _ in 0..CONFIRMATIONS {
            assert_eq!(clock.advance(at(90_000)), None);
        }
        assert_eq!(clock.advance(at(90_000)), Some(at(90_000)));
    }
}
