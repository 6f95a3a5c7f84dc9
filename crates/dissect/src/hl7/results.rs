//! What is measured, of the results that a message carries: for aggregates alone.
//!
//! HL7 v2.5.1 clause 7.4.2 (OBX). A result counts where it is a number (OBX-2 `NM`), final or corrected (OBX-11 `F`, `C`),
//! and of an analyte that LOINC has a number for (OBX-3 `…^…^LN`): the number's check digit tells it from whatever else
//! a sender writes there. Results of control material (SPM-11 `Q`, table 0369) are no patients' and do not count.
//!
//! What is read here is patient data. It leaves this crate as [`Measured`], to be folded where it is counted, and in no
//! output; but for whether results that were final are replaced or withdrawn, which says nothing of whom: OBR-25 (clause 7.4.1,
//! table 0123) or OBX-11 (table 0085).

use super::scan::each;
use crate::results::{Analyte, Measured, RESULTS_MAX};

/// A longer line is no number with what belongs to it.
pub(super) const RESULT_LINE_MAX: usize = 256;

/// So much of an order's line is read: OBR-25 stands behind names of physicians.
pub(super) const ORDER_LINE_MAX: usize = 1024;

/// The results of a message so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Results {
    all: Vec<Measured>,
    /// They are those of control material.
    control: bool,
    /// What becomes of those that were final before.
    retraction: Option<Retraction>,
}

/// What becomes of results that were final: the gravest of a message counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Retraction {
    /// Replaced.
    Corrected,
    /// As if they had never been there.
    Deleted,
    /// They were another patient's, or of another specimen.
    Wrong,
}

impl Retraction {
    const fn of(status: &[u8]) -> Option<Self> {
        match status {
            b"C" => Some(Self::Corrected),
            b"D" => Some(Self::Deleted),
            b"W" => Some(Self::Wrong),
            _ => None,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Corrected => "C",
            Self::Deleted => "D",
            Self::Wrong => "W",
        }
    }
}

impl Results {
    /// Those that count.
    pub(super) fn of_patients(&self) -> &[Measured] {
        if self.control { &[] } else { &self.all }
    }

    /// The status that takes back what was final.
    pub(super) fn retraction(&self) -> Option<&'static str> {
        self.retraction.map(Retraction::word)
    }

    /// Forgets all; keeps the room.
    pub(super) fn clear(&mut self) {
        self.all.clear();
        (self.control, self.retraction) = (false, None);
    }

    pub(super) const fn held_bytes(&self) -> usize {
        self.all.capacity().saturating_mul(size_of::<Measured>())
    }

    /// Takes an OBX line of a message with this MSH line.
    #[inline]
    pub(super) fn observation(&mut self, line: &[u8], header: &[u8]) {
        if self.all.len() >= RESULTS_MAX || line.len() > RESULT_LINE_MAX {
            return;
        }
        if let Some(&[field, component]) = header.get(3..5) {
            let fields = fields(line, field);
            self.retraction = self.retraction.max(fields.last().and_then(|status| Retraction::of(status)));
            self.all.extend(measured(&fields, component));
        }
    }

    /// Takes an OBR line.
    pub(super) fn order(&mut self, line: &[u8], field: u8) {
        if line.len() <= ORDER_LINE_MAX {
            let status = line.split(|byte| *byte == field).nth(25);
            self.retraction = self.retraction.max(status.and_then(Retraction::of));
        }
    }

    /// Takes an SPM line.
    pub(super) fn specimen(&mut self, line: &[u8], header: &[u8]) {
        if let Some(&[field, component]) = header.get(3..5) {
            let role = line.split(|byte| *byte == field).nth(11).unwrap_or_default();
            self.control |= role.split(|byte| *byte == component).next() == Some(b"Q");
        }
    }
}

/// OBX-11, the last field that is looked at.
const FIELDS: usize = 12;

/// The fields of an OBX line.
fn fields(line: &[u8], field: u8) -> [&[u8]; FIELDS] {
    let (mut fields, mut from, mut count): ([&[u8]; FIELDS], usize, usize) = ([&[]; FIELDS], 0, 0);
    each(line, field, |at| {
        if let Some(field) = fields.get_mut(count) {
            *field = line.get(from..at).unwrap_or_default();
        }
        (from, count) = (at.saturating_add(1), count.saturating_add(1));
        count < FIELDS
    });
    if let Some(last) = fields.get_mut(count) {
        *last = line.get(from..).unwrap_or_default();
    }
    fields
}

/// The result of an OBX line with these fields, where it counts.
fn measured(fields: &[&[u8]; FIELDS], component: u8) -> Option<Measured> {
    let [_, _, b"NM", identifier, _, value, _, _, _, _, _, b"F" | b"C"] = fields else { return None };
    let mut identifier = identifier.splitn(4, |byte| *byte == component);
    let number = identifier.next()?;
    if identifier.nth(1)? != b"LN" {
        return None;
    }
    Some(Measured { analyte: Analyte::loinc(number)?, value: millionths(value)? })
}

/// A number in millionths (2.5.1 clause 2.A.47, NM): a sign, digits, a point and digits.
fn millionths(text: &[u8]) -> Option<i64> {
    const PLACES: usize = 6;
    const DIGITS: usize = 12;
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let point = digits.iter().position(|byte| *byte == b'.');
    let (whole, part) = digits.split_at(point.unwrap_or(digits.len()));
    let part = part.get(1..).unwrap_or_default();
    if whole.len() > DIGITS || (whole.is_empty() && part.is_empty()) {
        return None;
    }
    // What lies behind the places that are kept must still be a number.
    if !whole.iter().chain(part).all(u8::is_ascii_digit) {
        return None;
    }
    let kept = part.get(..PLACES).unwrap_or(part);
    // No more than eighteen digits: none is too large.
    let digits = whole.iter().chain(kept).map(|byte| i64::from(byte.wrapping_sub(b'0')));
    let value = digits.fold(0i64, |value, digit| value.wrapping_mul(10).wrapping_add(digit));
    let value = (kept.len()..PLACES).fold(value, |value, _| value.wrapping_mul(10));
    Some(if negative { value.wrapping_neg() } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (text, value) in [
            ("4.2", Some(4_200_000)),
            ("138", Some(138_000_000)),
            ("-2.75", Some(-2_750_000)),
            ("+.5", Some(500_000)),
            ("7.", Some(7_000_000)),
            ("0.12345678", Some(123_456)),
            ("", None),
            (".", None),
            ("-", None),
            ("<0.1", None),
            ("1e9", None),
            ("4,2", None),
            ("0.1234567x", None),
            ("1234567890123", None),
        ] {
            assert_eq!(millionths(text.as_bytes()), value, "{text}");
        }
    }

    #[test]
    fn only_final_numbers_with_a_loinc_number_count() {
        let read = |line: &str| measured(&fields(line.as_bytes(), b'|'), b'^').map(|measured| measured.value);
        let line = "OBX|1|NM|2823-3^Potassium^LN||4.2|mmol/L|3.5-5.1|N|||F|||20260921120000";
        assert_eq!(read(line), Some(4_200_000));
        assert_eq!(read(&line.replace("|F|", "|C|")), Some(4_200_000));
        for (from, to) in [
            ("|F|", "|P|"),
            ("|F|", "|X|"),
            ("|NM|", "|ST|"),
            ("2823-3", "2823-4"),
            ("2823-3", "28233"),
            ("^LN", "^L"),
            ("4.2", ">4.2"),
            ("4.2", ""),
        ] {
            assert_eq!(read(&line.replace(from, to)), None, "{to}");
        }
        assert_eq!(read("OBX|1|NM"), None);
    }
}
