//! Results of measurements, as messages carry them to where they are folded into aggregates.
//!
//! A single result is a patient's: it enters no output and no baseline. What is told is the mean of a number of them.

use std::fmt;

/// Results that are taken of one message; further ones do not count.
pub const RESULTS_MAX: usize = 64;

/// What is measured: its number in LOINC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Analyte(u64);

/// A result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// Of what.
    pub analyte: Analyte,
    /// In millionths of whatever unit the sender uses.
    pub value: i64,
}

impl Analyte {
    /// By a LOINC number: up to seven digits, a hyphen and the right check digit (LOINC Users' Guide, appendix C: modulus 10).
    #[must_use]
    pub fn loinc(text: &[u8]) -> Option<Self> {
        const DIGITS: usize = 7;
        let (digits, check) = text.split_last_chunk::<2>()?;
        let [b'-', check @ b'0'..=b'9'] = check else { return None };
        if digits.is_empty() || digits.len() > DIGITS || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let (mut number, mut sum) = (0u64, 0u64);
        for (place, byte) in digits.iter().rev().enumerate() {
            let digit = u64::from(byte.wrapping_sub(b'0'));
            let doubled = digit.wrapping_mul(2);
            let weighed =
                if place.is_multiple_of(2) { doubled.wrapping_sub(if doubled > 9 { 9 } else { 0 }) } else { digit };
            sum = sum.wrapping_add(weighed);
        }
        for byte in digits.iter().chain([check]) {
            number = number.wrapping_mul(10).wrapping_add(u64::from(byte.wrapping_sub(b'0')));
        }
        let check = u64::from(check.wrapping_sub(b'0'));
        sum.wrapping_add(check).is_multiple_of(10).then_some(Self(number))
    }

    /// Its number, the check digit last.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// Of a number that [`Self::number`] gave.
    #[must_use]
    pub const fn numbered(number: u64) -> Self {
        Self(number)
    }
}

impl fmt::Display for Analyte {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.0 / 10, self.0 % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_counts_with_its_check_digit() {
        for known in ["2823-3", "2951-2", "67151-1", "2345-7", "718-7", "33959-8"] {
            let analyte = Analyte::loinc(known.as_bytes()).expect(known);
            assert_eq!(analyte.to_string(), known);
            assert_eq!(Analyte::numbered(analyte.number()), analyte);
        }
        for other in ["2823-4", "28233", "-3", "2823-", "2823-x", "12345678-9", "K-3", ""] {
            assert_eq!(Analyte::loinc(other.as_bytes()), None, "{other}");
        }
    }
}
