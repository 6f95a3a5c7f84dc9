//! How it is spoken, beside what is said: see [`Manner`].

use std::hash::{BuildHasher, Hash};
use std::ops::RangeInclusive;

use foldhash::fast::FixedState;
use wardtap_behaviour::links::manner::Manner;
use wardtap_net::address::Address;
use wardtap_net::packet::{NANOS_PER_SECOND, Timestamp};

/// Payloads of a shard that are known again; a further one takes the place of another.
pub const PAYLOADS_MAX: usize = 1 << 12;

const SECONDS_PER_HOUR: u64 = 3600;

/// Octets of payloads that are known again: shorter ones are signs of life, which are all alike, and longer ones parts of what
/// is sent in bulk.
const READING: RangeInclusive<usize> = 48..=1024;

/// So many nanoseconds behind its own last words a responder asks; sooner it goes on with an answer.
const UNASKED_AFTER: u64 = 2 * NANOS_PER_SECOND;

/// So many behind its own last words an initiator is late, if it is so seldom else.
const LATE_AFTER: u64 = 10 * NANOS_PER_SECOND;

/// When each end of a flow spoke last, the initiator first, and which of them did.
#[derive(Clone, Copy, Default)]
pub struct Spoken {
    at: [Timestamp; 2],
    /// Which of them have spoken yet.
    have: [bool; 2],
    last: u8,
}

impl Spoken {
    /// The initiator (0) or the responder (1) speaks.
    pub fn manner(&mut self, from: u8, now: Timestamp) -> Option<Manner> {
        let end = usize::from(from & 1);
        let before = std::mem::replace(&mut self.at[end], now);
        let had_spoken = std::mem::replace(&mut self.have[end], true);
        let last = std::mem::replace(&mut self.last, from);
        if !had_spoken {
            return None;
        }
        let pause = now.since(before);
        match from {
            0 if pause >= LATE_AFTER => Some(Manner::Late),
            1 if last == 1 && pause >= UNASKED_AFTER => Some(Manner::Unasked),
            _ => None,
        }
    }
}

/// Digests of payloads, and of names of logins, each at its own place; none before the first.
#[derive(Default)]
pub struct Said(Vec<u64>);

impl Said {
    /// Whether a payload was said before between two ends, unless that is forgotten.
    pub fn is_repeated(&mut self, ends: &[Address; 2], payload: &[u8]) -> bool {
        READING.contains(&payload.len()) && self.is_known((ends, payload))
    }

    /// Whether somebody has logged in under a name before in this hour.
    pub fn is_name_repeated(&mut self, ends: &[Address; 2], user: u32, now: Timestamp) -> bool {
        self.is_known((ends, user, now.seconds() / SECONDS_PER_HOUR))
    }

    fn is_known(&mut self, what: impl Hash) -> bool {
        if self.0.is_empty() {
            self.0 = vec![0; PAYLOADS_MAX];
        }
        // Without a secret: which of two takes the other's place must be the same in every run. Who makes them meet hides
        // nothing but that it repeats itself.
        let digest = FixedState::with_seed(0).hash_one(what);
        let place = self.0.get_mut(digest as usize % PAYLOADS_MAX);
        place.is_some_and(|known| std::mem::replace(known, digest) == digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(of: f64) -> Timestamp {
        Timestamp::from_nanos((of * 1e9) as u64)
    }

    #[test]
    fn who_answers_asks_once_it_speaks_again_after_a_pause() {
        let mut spoken = Spoken::default();
        let manners = [
            (0.0, 0, None),
            // A slow answer, and its second part.
            (7.0, 1, None),
            (8.0, 1, None),
            (11.0, 1, Some(Manner::Unasked)),
            (11.1, 0, Some(Manner::Late)),
            (20.0, 0, None),
            (29.0, 1, None),
        ];
        for (at, from, manner) in manners {
            assert_eq!(spoken.manner(from, seconds(at)), manner, "at {at}");
        }
    }

    #[test]
    fn a_reading_is_known_again_and_a_sign_of_life_is_not() {
        let mut said = Said::default();
        let ends = [Address::v4(1), Address::v4(2)];
        for round in 0..3 {
            for reading in 1..20_u8 {
                assert_eq!(said.is_repeated(&ends, &[reading; 200]), round > 0);
                assert!(!said.is_repeated(&ends, &[reading; 16]), "too short");
                assert!(!said.is_repeated(&ends, &[reading; 1400]), "too long");
            }
        }
        assert!(!said.is_repeated(&[ends[1], ends[0]], &[1; 200]), "others said it");
    }
}
