//! Simulated time and the hospital's calendar.

use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

/// Nanoseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

/// A minute.
pub const MINUTE: Duration = Duration::from_secs(60);
/// An hour.
pub const HOUR: Duration = Duration::from_secs(3600);
/// A day: the hospital knows no summer time.
pub const DAY: Duration = Duration::from_secs(86_400);
/// A week.
pub const WEEK: Duration = Duration::from_secs(7 * 86_400);

/// When every hospital opens: a Monday, midnight on its own clocks.
pub const OPENING: Time = Time::from_secs(1_767_567_600); // 2026-01-04T23:00:00Z

/// Milliseconds, shortly.
pub const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Microseconds, shortly.
pub const fn us(count: u64) -> Duration {
    Duration::from_micros(count)
}

/// Seconds, shortly.
pub const fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A duration from seconds that dice made, to the nearest nanosecond; a negative one is none.
pub fn seconds(count: f64) -> Duration {
    // So many nanoseconds are rounded by less than a hundredth when they are multiplied. Only where that may count, the
    // standard library has to look at all digits, which takes longer: two durations are made for every packet.
    const SHORT: f64 = 1e13;
    let nanos = count * 1e9;
    let whole = nanos as i64;
    let rest = nanos - whole as f64;
    if (0.0..SHORT).contains(&nanos) && (rest - 0.5).abs() > 0.01 {
        Duration::from_nanos(whole as u64 + u64::from(rest > 0.5))
    } else {
        Duration::try_from_secs_f64(count).unwrap_or_default()
    }
}

impl Time {
    /// A time from whole seconds since 1970.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds * 1_000_000_000)
    }

    /// Whole seconds since 1970.
    pub const fn secs(self) -> u64 {
        self.0 / 1_000_000_000
    }

    /// From `earlier` to this time; nothing when it lies before.
    pub fn since(self, earlier: Time) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// RFC 3339 in UTC, with nanoseconds.
    pub fn rfc3339(self) -> String {
        let (year, month, day) = civil(self.secs() / 86_400);
        let second = self.secs() % 86_400;
        let (hour, minute) = (second / 3600, second / 60 % 60);
        let (second, nanos) = (second % 60, self.0 % 1_000_000_000);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanos:09}Z")
    }
}

impl Add<Duration> for Time {
    type Output = Time;
    fn add(self, later: Duration) -> Time {
        Time(self.0 + later.as_nanos() as u64)
    }
}

impl AddAssign<Duration> for Time {
    fn add_assign(&mut self, later: Duration) {
        *self = *self + later;
    }
}

impl Sub<Duration> for Time {
    type Output = Time;
    fn sub(self, earlier: Duration) -> Time {
        Time(self.0.saturating_sub(earlier.as_nanos() as u64))
    }
}

/// Year, month and day of a day counted from 1970-01-01 (days_from_civil of Howard Hinnant, the other way round).
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

/// The hospital's wall clock, its time zone as an offset from UTC, and how busy people are at what hour.
#[derive(Clone, Copy, Debug)]
pub struct Calendar {
    /// When the hospital opened.
    pub opened: Time,
    /// Hours that the hospital's clocks are ahead of UTC.
    pub utc_offset_hours: u64,
}

impl Calendar {
    fn local(self, time: Time) -> Time {
        time + HOUR * self.utc_offset_hours as u32
    }

    /// The hour of the day with its fraction: 0 to 24.
    pub fn hour(self, time: Time) -> f64 {
        (self.local(time).secs() % 86_400) as f64 / 3600.0
    }

    /// Monday is 0.
    pub fn weekday(self, time: Time) -> u64 {
        // 1970-01-01 was a Thursday.
        (self.local(time).secs() / 86_400 + 3) % 7
    }

    /// Saturday or Sunday.
    pub fn is_weekend(self, time: Time) -> bool {
        self.weekday(time) >= 5
    }

    /// The day of the month, from 1.
    pub fn day_of_month(self, time: Time) -> u64 {
        civil(self.local(time).secs() / 86_400).2
    }

    /// The next time that the local clock shows this hour of the day.
    pub fn next(self, time: Time, hour: f64) -> Time {
        let since_midnight = Duration::from_nanos(self.local(time).0 % 86_400_000_000_000);
        let wanted = seconds(hour * 3600.0);
        let midnight = time - since_midnight;
        if wanted > since_midnight { midnight + wanted } else { midnight + DAY + wanted }
    }

    /// As HL7 and DICOM write it: YYYYMMDDHHMMSS in local time.
    pub fn digits(self, time: Time) -> String {
        let local = self.local(time);
        let (year, month, day) = civil(local.secs() / 86_400);
        let second = local.secs() % 86_400;
        format!("{year:04}{month:02}{day:02}{:02}{:02}{:02}", second / 3600, second / 60 % 60, second % 60)
    }

    /// Hospitals grow: there is one part in a hundred more to do with every week.
    fn growth(self, time: Time) -> f64 {
        1.0 + 0.01 * (time.since(self.opened).as_secs() / WEEK.as_secs()) as f64
    }

    /// How busy the wards are, 1.0 at the busiest of the first week: patients are there at night too.
    pub fn clinical(self, time: Time) -> f64 {
        let curve = [
            0.30, 0.25, 0.22, 0.22, 0.25, 0.35, 0.60, 0.85, 1.00, 1.00, 0.95, 0.90, 0.80, 0.85, 0.90, 0.85, 0.75, 0.70,
            0.65, 0.60, 0.55, 0.50, 0.40, 0.35,
        ];
        along(&curve, self.hour(time)) * if self.is_weekend(time) { 0.65 } else { 1.0 } * self.growth(time)
    }

    /// How busy clinics, theatres and offices are, 1.0 at the busiest of the first week.
    pub fn office(self, time: Time) -> f64 {
        let curve = [
            0.01, 0.01, 0.01, 0.01, 0.01, 0.02, 0.10, 0.50, 0.95, 1.00, 1.00, 0.90, 0.55, 0.85, 0.95, 0.90, 0.70, 0.35,
            0.12, 0.06, 0.04, 0.03, 0.02, 0.01,
        ];
        along(&curve, self.hour(time)) * if self.is_weekend(time) { 0.06 } else { 1.0 } * self.growth(time)
    }
}

/// The value of a curve of 24 hours between its hours.
fn along(curve: &[f64; 24], hour: f64) -> f64 {
    let before = hour as usize % 24;
    let part = hour.fract();
    curve[before] * (1.0 - part) + curve[(before + 1) % 24] * part
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALENDAR: Calendar = Calendar { opened: Time(0), utc_offset_hours: 1 };

    #[test]
    fn a_known_moment() {
        let time = Time::from_secs(1_772_323_200); // date -u -d @1772323200
        assert_eq!(time.rfc3339(), "2026-03-01T00:00:00.000000000Z");
        assert_eq!(CALENDAR.digits(time), "20260301010000");
        assert_eq!(CALENDAR.weekday(time), 6, "a Sunday");
    }

    #[test]
    fn seconds_are_those_of_the_standard_library() {
        let mut dice = crate::dice::Dice::new(1, "seconds", 0);
        let ties = (1..2000).map(|number| f64::from(number) / 1024.0 / 1024.0 / 1024.0);
        let drawn = (0..100_000).map(|number| dice.log_normal(1e-3, f64::from(number % 20)));
        for count in ties.chain(drawn).chain([0.0, -1.0, -1e-10, 1e-9, 5e-10, 1.5e-9, 1e4, 1e9, 1e300, f64::NAN]) {
            assert_eq!(seconds(count), Duration::try_from_secs_f64(count).unwrap_or_default(), "{count}");
        }
    }

    #[test]
    fn the_hospital_grows_week_by_week() {
        let busy = |week: u32| CALENDAR.office(Time(0) + WEEK * week + HOUR * 8);
        assert_eq!(busy(0), 1.0);
        assert_eq!(busy(5), 1.05);
    }

    #[test]
    fn the_next_morning() {
        let time = Time::from_secs(1_772_323_200);
        let morning = CALENDAR.next(time, 7.5);
        assert_eq!(CALENDAR.digits(morning), "20260301073000");
        assert_eq!(CALENDAR.digits(CALENDAR.next(morning, 7.5)), "20260302073000");
    }
}
