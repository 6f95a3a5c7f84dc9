//! How sure a counted rate is.

use serde::Serialize;
use std::time::Duration;

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
    /// So many on each of some days, which are so many units together. Alerts come in clumps, which a Poisson count does not:
    /// the interval is that of as many independent events as the days' dispersion leaves of them (quasi-Poisson).
    pub(super) fn new(daily: &[u64], units: f64) -> Self {
        let count: u64 = daily.iter().sum();
        let clump = dispersion(daily);
        let [low, high] = garwood(count as f64 / clump).map(|mean| mean * clump / units);
        Self { count, rate: count as f64 / units, interval: [low, high] }
    }
}

/// How much more than a Poisson count's the days' variance is; one where it is less, or there is but one day.
fn dispersion(daily: &[u64]) -> f64 {
    let days = daily.len() as f64;
    let mean = daily.iter().sum::<u64>() as f64 / days;
    let squares = daily.iter().fold(0.0, |sum, count| sum + (*count as f64 - mean) * (*count as f64 - mean));
    if days < 2.0 || mean == 0.0 { 1.0 } else { (squares / (days - 1.0) / mean).max(1.0) }
}

/// The exact 95 % interval of a Poisson mean of which `count` was seen (Garwood 1936): the means at which so many or more,
/// and so many or fewer, would be seen once in forty times.
fn garwood(count: f64) -> [f64; 2] {
    let low = if count == 0.0 { 0.0 } else { mean_where(count, |mean| at_least(count, mean) > TAIL) };
    [low, mean_where(count, |mean| at_least(count + 1.0, mean) > 1.0 - TAIL)]
}

/// The least mean at which something is so, by halving; it is so ten deviations above `count`.
fn mean_where(count: f64, is_so: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, count + 10.0 * count.sqrt() + 10.0);
    for _ in 0..80 {
        let middle = (low + high) / 2.0;
        if is_so(middle) { high = middle } else { low = middle }
    }
    high
}

/// The probability of `count` or more events of a Poisson mean. Between whole numbers it is what the regularised incomplete
/// gamma function P(count, mean) makes of it (NIST Digital Library of Mathematical Functions, 8.7.1).
fn at_least(count: f64, mean: f64) -> f64 {
    if mean <= 0.0 {
        return 0.0;
    }
    let mut number = count;
    let mut term = libm::exp(count * libm::log(mean) - mean - libm::lgamma(count + 1.0));
    let mut sum = term;
    while number < mean || term > sum * 1e-17 {
        number += 1.0;
        term *= mean / number;
        sum += term;
    }
    sum.min(1.0)
}

/// The middle of some durations: the lower one of two.
pub(super) fn median(mut of: Vec<Duration>) -> Option<Duration> {
    of.sort_unstable();
    of.get(of.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::DAY;

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
            let [found_low, found_high] = garwood(f64::from(count));
            near(found_low, low);
            near(found_high, high);
        }
    }

    #[test]
    fn many_are_no_trouble() {
        let [low, high] = garwood(1e6);
        near(low, 998_041.0);
        near(high, 1_001_962.0);
    }

    /// Five alerts of one day say as much as one.
    #[test]
    fn clumps_widen_the_interval() {
        let even = Rate::new(&[1, 0, 1, 2, 1], 10.0);
        assert_eq!((even.count, even.rate), (5, 0.5));
        near(even.interval[0], 0.1623);
        let clumped = Rate::new(&[0, 0, 5, 0, 0], 10.0);
        assert_eq!(clumped.rate, 0.5);
        near(clumped.interval[0], 0.5 * 0.0253);
        near(clumped.interval[1], 0.5 * 5.572);
        near(Rate::new(&[5], 10.0).interval[1], 1.1668);
        near(Rate::new(&[0, 0], 2.0).interval[1], 3.689 / 2.0);
    }

    #[test]
    fn a_median_is_one_of_them() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![DAY, DAY / 4, DAY / 2]), Some(DAY / 2));
        assert_eq!(median(vec![DAY, DAY / 4]), Some(DAY / 4));
    }
}
