//! The results of an operation, folded into means of [`WINDOW`] of them.
//!
//! A single result is a patient's and stays here, in memory, until its window is full. A window is full after so many
//! results of one analyte, however long that takes: what lies far from all others (a very ill patient, a bad sample) does
//! not count, since a fourth of the least and of the greatest are left out of the mean.

use wardtap_dissect::results::{Analyte, Measured};

/// So many results make a mean.
pub const WINDOW: usize = 20;

/// Of those so many of the least, and as many of the greatest, are left out.
const LEFT_OUT: usize = 5;

/// Analytes told apart of one operation; further ones are not looked at.
pub const ANALYTES_MAX: usize = 64;

/// The mean of the results of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResultsMean {
    /// Of what.
    pub analyte: Analyte,
    /// In millionths.
    pub mean: i64,
}

/// The results of an operation.
#[derive(Default)]
pub(super) struct ResultsSeen {
    windows: Vec<Window>,
    /// Where the next one is, if panels come in the same order again.
    next: usize,
    told: Vec<ResultsMean>,
}

struct Window {
    analyte: Analyte,
    values: [i64; WINDOW],
    count: usize,
}

impl ResultsSeen {
    /// Takes the results of a message.
    pub(super) fn take(&mut self, results: &[Measured], room: bool) {
        for Measured { analyte, value } in results {
            let is_it = |window: &Window| window.analyte == *analyte;
            let place = match self.windows.get(self.next) {
                Some(window) if is_it(window) => Some(self.next),
                _ => self.windows.iter().position(is_it),
            };
            let place = match place {
                Some(place) => place,
                None if room && self.windows.len() < ANALYTES_MAX => {
                    self.windows.reserve_exact(1);
                    self.windows.push(Window { analyte: *analyte, values: [0; WINDOW], count: 0 });
                    self.windows.len() - 1
                }
                None => continue,
            };
            self.next = place + 1;
            let Some(window) = self.windows.get_mut(place) else { continue };
            self.told.extend(window.take(*value).map(|mean| ResultsMean { analyte: *analyte, mean }));
        }
    }

    /// Octets that it takes without the means that wait.
    pub(super) const fn octets(&self) -> usize {
        size_of::<Self>() + self.windows.capacity() * size_of::<Window>()
    }

    /// Octets of the means that wait to be handed over.
    pub(super) const fn waiting(&self) -> usize {
        self.told.len() * size_of::<ResultsMean>()
    }

    /// The means of windows that were filled since this was last handed over.
    pub(super) fn hand_over(&mut self) -> Vec<ResultsMean> {
        std::mem::take(&mut self.told)
    }
}

impl Window {
    /// Takes one more; the mean, once they are enough.
    fn take(&mut self, value: i64) -> Option<i64> {
        if let Some(place) = self.values.get_mut(self.count) {
            *place = value;
        }
        self.count += 1;
        if self.count < WINDOW {
            return None;
        }
        self.count = 0;
        self.values.sort_unstable();
        let middle = self.values.get(LEFT_OUT..WINDOW - LEFT_OUT).unwrap_or_default();
        let sum: i128 = middle.iter().map(|value| i128::from(*value)).sum();
        i64::try_from(sum / middle.len().max(1) as i128).ok()
    }
}

/// A number of millionths for people, to four significant digits: more would say nothing of a mean.
#[must_use]
pub fn decimal(millionths: i64) -> String {
    const PLACES: u32 = 6;
    const DIGITS: u32 = 4;
    let size = millionths.unsigned_abs();
    let digits = size.checked_ilog10().unwrap_or(0) + 1;
    let unit = 10u64.pow(digits.saturating_sub(DIGITS).min(PLACES));
    let rounded = size.saturating_add(unit / 2) / unit * unit;
    let (whole, part) = (rounded / 1_000_000, format!("{:06}", rounded % 1_000_000));
    let sign = if millionths < 0 { "-" } else { "" };
    match part.trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        part => format!("{sign}{whole}.{part}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_told_to_four_digits() {
        for (millionths, text) in [
            (4_237_182, "4.237"),
            (138_550_000, "138.6"),
            (12_345_678_900, "12346"),
            (7_399_999, "7.4"),
            (-2_750_000, "-2.75"),
            (141, "0.000141"),
            (0, "0"),
        ] {
            assert_eq!(decimal(millionths), text);
        }
    }
}
