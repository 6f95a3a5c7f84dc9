//! How far the date of a message is from the day on which it was seen.
//!
//! HL7 v2.5.1 clause 2.15.9.7 (MSH-7, when the sending system made the message; data type TS, clause 2.A.76: `YYYYMMDD…`).
//! What comes of it is a number of days, which says nothing of a patient: a device whose clock was set back to where it began
//! files its results under a day on which nobody looks for them.

use wardtap_net::packet::Timestamp;

/// The sender's clock shows its own zone's time, and what is sent at midnight may be seen after it.
const SAME_DAYS: u64 = 1;

const SECONDS_PER_DAY: u64 = 86_400;

/// Days between the date that MSH-7 begins with and that of `now`, 0 where they are as good as the same; None where it begins
/// with no date since 1970.
pub(super) fn days_apart(time: &[u8], now: Timestamp) -> Option<u64> {
    let (date, rest) = time.split_first_chunk::<8>()?;
    if rest.first().is_some_and(|next| !next.is_ascii_digit() && !b".+-".contains(next)) {
        return None;
    }
    let digit = |at: usize| date.get(at).filter(|byte| byte.is_ascii_digit()).map(|byte| u64::from(byte & 15));
    let number = |from: usize, to: usize| {
        (from..to).try_fold(0_u64, |all, at| Some(all.wrapping_mul(10).wrapping_add(digit(at)?)))
    };
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let apart = days_from_civil(year, month, day).abs_diff(now.seconds() / SECONDS_PER_DAY);
    Some(if apart <= SAME_DAYS { 0 } else { apart })
}

/// (year, month, day) of the proleptic Gregorian calendar to days since 1970-01-01, by eras of 400 years that begin on 1 March.
/// Years of four digits never overflow.
#[allow(clippy::arithmetic_side_effects)]
const fn days_from_civil(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year / 400, year % 400);
    let month_from_march = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_apart_whatever_is_behind_them() {
        // 2026-09-21T12:00:00Z
        let now = Timestamp::from_seconds(1_789_992_000);
        for (time, apart) in [
            ("20260921120000", Some(0)),
            ("20260921", Some(0)),
            ("20260922003000.125+1200", Some(0)),
            ("20260920", Some(0)),
            ("20260919", Some(2)),
            ("20260930", Some(9)),
            ("20250921", Some(365)),
            ("20240229", Some(935)),
            ("20100101000000", Some(6107)),
            ("19700101", Some(20_717)),
            ("19691231", None),
            ("20261301", None),
            ("20260900", None),
            ("2026092", None),
            ("2026-09-21", None),
            ("20260921T12", None),
            ("", None),
        ] {
            assert_eq!(days_apart(time.as_bytes(), now), apart, "{time}");
        }
    }
}
