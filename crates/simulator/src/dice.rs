//! Chance from a seed.
//!
//! An own generator and own distributions, since the same seed must give the same bytes in years to come, and libraries
//! change how they draw between versions. xoshiro256++ and SplitMix64 as published by Blackman and Vigna; logarithms of
//! libm, since those of systems differ in the last bit.

use std::ops::Range;
use std::time::Duration;

use crate::clock::seconds;

/// A stream of chance, independent of all others of the same seed.
#[derive(Clone, Debug)]
pub struct Dice {
    state: [u64; 4],
}

fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl Dice {
    /// The dice of one who draws: `who` and `number` tell the streams of a seed apart.
    pub fn new(seed: u64, who: &str, number: u64) -> Self {
        let mut state = seed;
        for byte in who.bytes() {
            state = split_mix(&mut state) ^ u64::from(byte);
        }
        state = split_mix(&mut state) ^ number;
        Self { state: std::array::from_fn(|_| split_mix(&mut state)) }
    }

    /// Dice of their own for what comes later.
    pub fn fork(&mut self) -> Self {
        Self::new(self.bits(), "fork", 0)
    }

    /// 64 even bits.
    pub fn bits(&mut self) -> u64 {
        let [a, b, c, d] = &mut self.state;
        let result = a.wrapping_add(*d).rotate_left(23).wrapping_add(*a);
        let shifted = *b << 17;
        *c ^= *a;
        *d ^= *b;
        *b ^= *c;
        *a ^= *d;
        *c ^= shifted;
        *d = d.rotate_left(45);
        result
    }

    /// Even in 0.0 to 1.0, without 1.0.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Even in a range; its start when it is empty.
    pub fn range(&mut self, range: Range<u64>) -> u64 {
        let width = range.end.saturating_sub(range.start);
        range.start + ((u128::from(self.bits()) * u128::from(width)) >> 64) as u64
    }

    /// Even among numbers.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// One of several.
    ///
    /// # Panics
    /// When there are none.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.range(0..of.len() as u64) as usize]
    }

    /// Times between events that happen at any moment alike.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * libm::log(1.0 - self.unit())
    }

    /// Around a mean (Box and Muller).
    pub fn normal(&mut self, mean: f64, deviation: f64) -> f64 {
        let radius = (-2.0 * libm::log(1.0 - self.unit())).sqrt();
        mean + deviation * radius * libm::cos(std::f64::consts::TAU * self.unit())
    }

    /// Skewed, as people's and servers' times are: half lie below the median.
    pub fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * libm::exp(self.normal(0.0, sigma))
    }

    /// A duration within so much of its middle, both ways.
    pub fn around(&mut self, middle: Duration, part: f64) -> Duration {
        seconds(middle.as_secs_f64() * self.between(1.0 - part, 1.0 + part))
    }

    /// A skewed duration around a median.
    pub fn skewed(&mut self, median: Duration, sigma: f64) -> Duration {
        seconds(self.log_normal(median.as_secs_f64(), sigma))
    }

    /// The wait until somebody does something that happens `per_hour` times an hour. People come in clumps: after one
    /// event in three the next follows within a few minutes, and the others wait longer for it.
    pub fn clumped(&mut self, per_hour: f64) -> Duration {
        let mean = 3600.0 / per_hour.max(1e-6);
        let [soon, late] = Self::clumps(mean);
        let mean = if self.chance(1.0 / 3.0) { soon } else { late };
        seconds(self.exponential(mean))
    }

    /// The mean of the one wait in three that is short, and that of the others, so that all have this mean.
    pub fn clumps(mean: f64) -> [f64; 2] {
        let soon = (mean * 0.1).min(120.0);
        [soon, mean * 1.5 - soon / 2.0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same() {
        let draw = |seed, who, number| Dice::new(seed, who, number).bits();
        assert_eq!(draw(1, "pump", 7), draw(1, "pump", 7));
        assert_ne!(draw(1, "pump", 7), draw(2, "pump", 7));
        assert_ne!(draw(1, "pump", 7), draw(1, "pumps", 7));
        assert_ne!(draw(1, "pump", 7), draw(1, "pump", 8));
        // Kept for ever: captures of old seeds must come out again.
        assert_eq!(draw(42, "pump", 0), 10970054869423304936);
    }

    #[test]
    fn means_are_where_they_belong() {
        let mut dice = Dice::new(3, "means", 0);
        let mean = |draw: &mut dyn FnMut() -> f64| (0..40_000).map(|_| draw()).sum::<f64>() / 40_000.0;
        assert!((mean(&mut || dice.exponential(5.0)) - 5.0).abs() < 0.15);
        assert!((mean(&mut || dice.normal(5.0, 2.0)) - 5.0).abs() < 0.05);
        assert!((mean(&mut || dice.range(0..11) as f64) - 5.0).abs() < 0.06);
        assert!((mean(&mut || dice.clumped(10.0).as_secs_f64()) - 360.0).abs() < 9.0);
    }
}
