//! The values at the places that an operation reads or writes, minute by minute.
//!
//! Of each place the least and the greatest value are kept, with and without sign: which of the two a place means is not
//! known, and the narrower range will be the one. A sequence of values that comes again in the same order is found by
//! digests of the last messages: what measures never repeats itself for long.

use serde::{Deserialize, Serialize};
use wardtap_dissect::points::Points;
use wardtap_net::flow::{HashKey, fold};

/// Places told apart of one operation; further ones are not looked at.
pub const POINTS_MAX: usize = 64;

/// Values beyond those seen that are told at once of one message.
pub const EXTREME_POINTS_MAX: usize = 16;

/// Messages with other values than the one before that are remembered.
const RECENT: usize = 128;

/// Fewer numbers in a message come again by chance.
const REPEATING_NUMBERS_MIN: usize = 3;

/// A shorter sequence may be that of a machine.
const PERIOD_MIN: usize = 8;

/// A sequence that came once, and so many times again, is a loop.
const REPETITIONS_MIN: usize = 2;

/// A loop that skips so many messages, or says them again, is still the same.
const SLIP: usize = 2;

/// The least and the greatest value, without and with sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PointRange {
    /// The least.
    pub low: u16,
    /// The greatest.
    pub high: u16,
    /// The least, where the highest bit is a sign.
    pub low_signed: i16,
    /// The greatest, where the highest bit is a sign.
    pub high_signed: i16,
}

impl PointRange {
    /// Without a value.
    pub const NONE: Self = Self { low: u16::MAX, high: 0, low_signed: i16::MAX, high_signed: i16::MIN };

    /// Of one value.
    #[must_use]
    pub const fn of(value: u16) -> Self {
        let signed = value.cast_signed();
        Self { low: value, high: value, low_signed: signed, high_signed: signed }
    }

    /// True without a value.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.low > self.high
    }

    /// Takes in those of another.
    #[inline]
    pub fn widen(&mut self, other: Self) {
        self.low = self.low.min(other.low);
        self.high = self.high.max(other.high);
        self.low_signed = self.low_signed.min(other.low_signed);
        self.high_signed = self.high_signed.max(other.high_signed);
    }

    /// True when a value lies in it, with or without sign, as the range is narrower.
    #[must_use]
    pub fn has(&self, value: i32) -> bool {
        let raw = value as u16;
        if self.is_signed() {
            (self.low_signed..=self.high_signed).contains(&raw.cast_signed())
        } else {
            (self.low..=self.high).contains(&raw)
        }
    }

    /// True where the values are closer together when the highest bit is taken for a sign.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        let signed = i32::from(self.high_signed) - i32::from(self.low_signed);
        signed < i32::from(self.high) - i32::from(self.low)
    }

    /// True when it holds all of another.
    #[inline]
    #[must_use]
    pub const fn holds(&self, other: &Self) -> bool {
        self.low <= other.low
            && other.high <= self.high
            && self.low_signed <= other.low_signed
            && other.high_signed <= self.high_signed
    }
}

/// Takes the ranges of places into others, place by place.
pub fn widen_all(ranges: &mut Vec<PointRange>, others: &[PointRange]) {
    if ranges.len() < others.len() {
        ranges.resize(others.len(), PointRange::NONE);
    }
    for (range, other) in ranges.iter_mut().zip(others) {
        range.widen(*other);
    }
}

/// What was seen of the places of an operation in a minute, or in a part of it.
#[derive(Clone, Debug, Default)]
pub struct PointsUse {
    /// The first place.
    pub first: u32,
    /// What was seen at it and those that follow.
    pub ranges: Vec<PointRange>,
    /// The values are those of a sequence that came before, more than once: so many messages ago.
    pub looped: Option<u16>,
}

/// A value beyond all that were seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtremePoint {
    /// Behind the first place.
    pub offset: u16,
    /// What.
    pub value: u16,
}

/// The places of an operation.
pub(super) struct PointsSeen {
    used: PointsUse,
    ever: Vec<PointRange>,
    recent: Recent,
}

impl PointsSeen {
    pub(super) const fn new(first: u32) -> Self {
        let used = PointsUse { first, ranges: Vec::new(), looped: None };
        Self { used, ever: Vec::new(), recent: Recent::new() }
    }

    /// Takes the values of a message; those that are beyond all before go into `extremes`.
    #[inline]
    pub(super) fn take(&mut self, points: &Points<'_>, key: HashKey, room: bool, extremes: &mut Vec<ExtremePoint>) {
        // Of an operation that reads at one place and writes at another, the first decides.
        if points.first != self.used.first {
            return;
        }
        let count = points.len().min(if room { POINTS_MAX } else { self.ever.len() });
        for ranges in [&mut self.used.ranges, &mut self.ever] {
            if ranges.len() < count {
                ranges.reserve_exact(count - ranges.len());
                ranges.resize(count, PointRange::NONE);
            }
        }
        let mut places = self.used.ranges.iter_mut().zip(&mut self.ever).zip(0..);
        points.each(count, |value| {
            let Some(((now, ever), offset)) = places.next() else { return };
            let seen = PointRange::of(value);
            if now.holds(&seen) {
                return;
            }
            now.widen(seen);
            if !ever.holds(&seen) {
                ever.widen(seen);
                if extremes.len() < EXTREME_POINTS_MAX {
                    extremes.push(ExtremePoint { offset, value });
                }
            }
        });
        if let Some(numbers) = points.numbers()
            && numbers.len() >= 2 * REPEATING_NUMBERS_MIN
            && self.recent.has_place(room)
        {
            self.recent.take(digest(numbers, key));
            self.used.looped = self.used.looped.or(self.recent.period());
        }
    }

    /// Octets that it takes, what is seen and not handed over yet among them.
    pub(super) const fn octets(&self) -> usize {
        size_of::<Self>()
            + 2 * self.ever.capacity() * size_of::<PointRange>()
            + self.recent.digests.capacity() * size_of::<u32>()
    }

    /// What was seen since this was last handed over.
    pub(super) fn hand_over(&mut self) -> PointsUse {
        let nothing = PointsUse { first: self.used.first, ranges: Vec::new(), looped: None };
        std::mem::replace(&mut self.used, nothing)
    }
}

/// The messages of an operation whose values differed from those before.
struct Recent {
    digests: Vec<u32>,
    next: usize,
    /// The values are those of so many messages before, as they were for a run of messages.
    lag: usize,
    run: usize,
}

impl Recent {
    const fn new() -> Self {
        Self { digests: Vec::new(), next: 0, lag: 0, run: 0 }
    }

    /// Makes a place for all of them, if there is room; whether there is one.
    fn has_place(&mut self, room: bool) -> bool {
        if room && self.digests.capacity() == 0 {
            self.digests.reserve_exact(RECENT);
        }
        self.digests.capacity() > 0
    }

    #[inline]
    fn take(&mut self, digest: u32) {
        if self.before(1) == Some(digest) {
            return;
        }
        if self.lag == 0 || self.before(self.lag) != Some(digest) {
            self.seek(digest);
        } else {
            self.run += 1;
        }
        if self.digests.len() < RECENT {
            self.digests.push(digest);
        } else if let Some(place) = self.digests.get_mut(self.next) {
            *place = digest;
        }
        self.next = (self.next + 1) % RECENT;
    }

    /// The digest so many messages before the one to come.
    #[inline]
    fn before(&self, lag: usize) -> Option<u32> {
        self.digests.get((self.next + RECENT - lag) % RECENT).copied()
    }

    /// Finds the latest message with the same values.
    fn seek(&mut self, digest: u32) {
        let near = (1..=RECENT).find(|lag| *lag <= self.digests.len() && self.before(*lag) == Some(digest));
        let goes_on = near.is_some_and(|lag| self.lag > 0 && lag.abs_diff(self.lag) <= SLIP);
        self.run = if goes_on { self.run + 1 } else { usize::from(near.is_some()) };
        self.lag = near.unwrap_or(0);
    }

    /// After how many messages the values come again, where they have done so often enough.
    #[inline]
    fn period(&self) -> Option<u16> {
        let loops = self.lag >= PERIOD_MIN && self.run >= REPETITIONS_MIN * self.lag;
        if loops { u16::try_from(self.lag).ok() } else { None }
    }
}

#[inline]
fn digest(numbers: &[u8], key: HashKey) -> u32 {
    let (words, rest) = numbers.as_chunks::<8>();
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    let all = words.iter().chain([&last]).fold(key.0, |hash, word| fold(hash ^ u64::from_le_bytes(*word), key.1));
    (all >> 32) as u32 ^ all as u32
}
