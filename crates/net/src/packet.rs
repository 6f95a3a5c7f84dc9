//! What a capture delivers: a borrowed frame with its time, and the number of its link type.

use std::fmt;

/// A moment in capture time: nanoseconds since 1970-01-01T00:00:00Z, never the clock of this machine.
///
/// Covers 1970 to 2554; what lies outside is clamped by whoever reads it from a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

/// Nanoseconds in a second.
pub const NANOS_PER_SECOND: u64 = 1_000_000_000;

impl Timestamp {
    /// The Unix epoch, which also stands for "no time known".
    pub const EPOCH: Self = Self(0);

    /// From nanoseconds since the epoch.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// From whole seconds since the epoch (clamped).
    #[must_use]
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(NANOS_PER_SECOND))
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0.div_euclid(NANOS_PER_SECOND)
    }

    /// Nanoseconds from `earlier` to here; 0 when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// This moment and `nanos` more (clamped).
    #[must_use]
    pub const fn plus(self, nanos: u64) -> Self {
        Self(self.0.saturating_add(nanos))
    }

    /// Appends RFC 3339 UTC with nine decimals, as every event carries it.
    pub fn write_rfc3339(self, out: &mut Vec<u8>) {
        let (year, month, day) = civil_from_days(self.seconds().div_euclid(86_400));
        let second_of_day = self.seconds().rem_euclid(86_400);
        let (hour, minute, second) =
            (second_of_day.div_euclid(3600), second_of_day.div_euclid(60).rem_euclid(60), second_of_day.rem_euclid(60));
        let nanos = self.0.rem_euclid(NANOS_PER_SECOND);
        let mut text = *b"0000-00-00T00:00:00.000000000Z";
        put_decimal::<4>(&mut text, 0, year);
        put_decimal::<2>(&mut text, 5, month);
        put_decimal::<2>(&mut text, 8, day);
        put_decimal::<2>(&mut text, 11, hour);
        put_decimal::<2>(&mut text, 14, minute);
        put_decimal::<2>(&mut text, 17, second);
        put_decimal::<9>(&mut text, 20, nanos);
        out.extend_from_slice(&text);
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::with_capacity(30);
        self.write_rfc3339(&mut text);
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

/// Puts the last `DIGITS` decimal digits of `value`, up to nine of them, at an offset of `text`.
#[inline]
fn put_decimal<const DIGITS: usize>(text: &mut [u8; 30], at: usize, value: u64) {
    #[allow(clippy::cast_possible_truncation)] // nine digits
    let mut rest = value.rem_euclid(1_000_000_000) as u32;
    let Some(field) = text.get_mut(at..).and_then(|text| text.first_chunk_mut::<DIGITS>()) else { return };
    for digit in field.iter_mut().rev() {
        #[allow(clippy::cast_possible_truncation)] // one digit
        let last = rest.rem_euclid(10) as u8;
        *digit = b'0'.saturating_add(last);
        rest = rest.div_euclid(10);
    }
}

/// Days since 1970-01-01 to (year, month, day) of the proleptic Gregorian calendar, by eras of 400 years that begin
/// on 1 March, so that the leap day ends a year. Days in the range of [`Timestamp`] never overflow.
#[allow(clippy::arithmetic_side_effects)]
fn civil_from_days(days: u64) -> (u64, u64, u64) {
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

/// A link type as capture files number them (the LINKTYPE_ registry of tcpdump.org, DLT_ where they agree).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback: a 4-octet address family in the byte order of the capturing host.
    pub const NULL: Self = Self(0);
    /// Ethernet II and IEEE 802.3.
    pub const ETHERNET: Self = Self(1);
    /// Token Ring (IEEE 802.5).
    pub const IEEE802_5: Self = Self(6);
    /// PPP, with or without address and control fields.
    pub const PPP: Self = Self(9);
    /// FDDI.
    pub const FDDI: Self = Self(10);
    /// Raw IP as some captures number it (DLT_RAW of BSD and Linux).
    pub const RAW_DLT_12: Self = Self(12);
    /// Raw IP as OpenBSD numbers it.
    pub const RAW_DLT_14: Self = Self(14);
    /// PPP in HDLC-like framing, or Cisco's HDLC.
    pub const PPP_HDLC: Self = Self(50);
    /// PPPoE, from its own header on.
    pub const PPP_ETHER: Self = Self(51);
    /// Raw IPv4 or IPv6, told apart by the version nibble.
    pub const RAW: Self = Self(101);
    /// Cisco's HDLC.
    pub const C_HDLC: Self = Self(104);
    /// IEEE 802.11, from the frame control field on.
    pub const IEEE802_11: Self = Self(105);
    /// Frame Relay (Q.922).
    pub const FRELAY: Self = Self(107);
    /// OpenBSD loopback: a 4-octet address family, most significant octet first.
    pub const LOOP: Self = Self(108);
    /// Linux cooked capture v1.
    pub const LINUX_SLL: Self = Self(113);
    /// IEEE 802.11 behind a Prism header.
    pub const IEEE802_11_PRISM: Self = Self(119);
    /// IEEE 802.11 behind a radiotap header.
    pub const IEEE802_11_RADIOTAP: Self = Self(127);
    /// IEEE 802.11 behind an AVS header.
    pub const IEEE802_11_AVS: Self = Self(163);
    /// Raw IPv4.
    pub const IPV4: Self = Self(228);
    /// Raw IPv6.
    pub const IPV6: Self = Self(229);
    /// Linux cooked capture v2.
    pub const LINUX_SLL2: Self = Self(276);
}

/// A captured frame: borrowed, with the facts of its record.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// The time of the record.
    pub time: Timestamp,
    /// How the first byte of `bytes` is to be understood.
    pub link: LinkType,
    /// What was captured of the frame.
    pub bytes: &'a [u8],
    /// How long the frame was on the wire; never below `bytes.len()` after the reader.
    pub sent: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        for (nanos, text) in [
            (0, "1970-01-01T00:00:00.000000000Z"),
            (951_782_400_000_000_000, "2000-02-29T00:00:00.000000000Z"),
            (1_790_000_000_123_456_789, "2026-09-21T14:13:20.123456789Z"),
            (4_107_542_399_999_999_999, "2100-02-28T23:59:59.999999999Z"),
            (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000000000Z"),
            (u64::MAX, "2554-07-21T23:34:33.709551615Z"),
        ] {
            assert_eq!(Timestamp::from_nanos(nanos).to_string(), text);
        }
    }
}
