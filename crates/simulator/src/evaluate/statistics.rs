//! How sure a counted rate is, and what chance would find at it.

use serde::Serialize;
use std::time::Duration;

use crate::clock::DAY;

/// Probability outside of the interval on each side.
const TAIL: f64 = 0.025;

/// A rate that was counted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rate {
    /// How often it happened.
    pub count: u64,
    /// How often in a unit of what was watched.
    pub rate: f64,
    /// The 95 % interval of that.
    pub interval: [f64; 2],
}

impl Rate {
    /// So many in so many units.
    pub(super) fn new(count: u64, units: f64) -> Self {
        let [low, high] = garwood(count);
        Self { count, rate: count as f64 / units, interval: [low / units, high / units] }
    }
}

/// The exact 95 % interval of a Poisson mean of which `count` was seen (Garwood 1936): the means at which so many or more,
/// and so many or fewer, would be seen once in forty times.
fn garwood(count: u64) -> [f64; 2] {
    let low = if count == 0 { 0.0 } else { mean_where(count, |mean| 1.0 - at_most(count - 1, mean) > TAIL) };
    [low, mean_where(count, |mean| at_most(count, mean) < TAIL)]
}

/// The least mean at which something is so, by halving.
fn mean_where(count: u64, is_so: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 2.0 * count as f64 + 10.0);
    for _ in 0..80 {
        let middle = (low + high) / 2.0;
        if is_so(middle) { high = middle } else { low = middle }
    }
    high
}

/// The probability of `count` or fewer events of a Poisson mean.
fn at_most(count: u64, mean: f64) -> f64 {
    if mean <= 0.0 {
        return 1.0;
    }
    // From the likeliest number on, both ways: the others may be too small to be a number.
    let middle = count.min(mean as u64);
    let number = middle as f64;
    let likeliest = libm::exp(number * libm::log(mean) - mean - libm::lgamma(number + 1.0));
    let mut sum = likeliest;
    let mut add = |term: f64| {
        sum += term;
        (term > sum * 1e-17).then_some(term)
    };
    (0..middle).rev().try_fold(likeliest, |term, number| add(term * (number + 1) as f64 / mean));
    (middle + 1..=count).try_fold(likeliest, |term, number| add(term * mean / number as f64));
    sum.min(1.0)
}

/// The probability that something that happens so often per host and day happens to one of some hosts within a time.
pub(super) fn chance(per_host_day: f64, hosts: usize, time: Duration) -> f64 {
    -libm::expm1(-per_host_day * hosts as f64 * time.as_secs_f64() / DAY.as_secs_f64())
}

/// The middle of some durations: the lower one of two.
pub(super) fn median(mut of: Vec<Duration>) -> Option<Duration> {
    of.sort_unstable();
    of.get(of.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, known: f64) {
        assert!((found - known).abs() < 0.0006 * known.max(1.0), "{found} is not {known}");
    }

    /// From tables of exact Poisson limits.
    #[test]
    fn intervals_are_those_of_tables() {
        for (count, low, high) in [
            (0, 0.0, 3.689),
            (1, 0.0253, 5.572),
            (2, 0.242, 7.225),
            (5, 1.623, 11.668),
            (10, 4.795, 18.390),
            (20, 12.217, 30.888),
            (50, 37.111, 65.918),
            (100, 81.364, 121.627),
        ] {
            let [found_low, found_high] = garwood(count);
            near(found_low, low);
            near(found_high, high);
        }
    }

    #[test]
    fn many_are_no_trouble() {
        let [low, high] = garwood(1_000_000);
        near(low, 998_041.0);
        near(high, 1_001_962.0);
    }

    #[test]
    fn chance_grows_with_hosts_and_time() {
        near(chance(0.5, 1, DAY), 0.3935);
        near(chance(0.5, 4, DAY / 2), 0.6321);
        assert_eq!(chance(0.0, 4, DAY), 0.0);
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![DAY, DAY / 4, DAY / 2]), Some(DAY / 2));
    }
}
