//! The site: what is inside, and what its clocks and its calendar show.
//!
//! Hours of the day follow the site's time zone and never the host's. The rules of all zones (IANA's time zone database)
//! are part of the program, so that a capture means the same wherever and whenever it is read.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use wardtap_net::address::Address;
use wardtap_net::packet::Timestamp;

const SECONDS_PER_DAY: i64 = 86_400;

/// The most holidays: a century of them.
pub const HOLIDAYS_MAX: usize = 4096;
/// The most networks: each address of a link that was never seen before is compared with all of them.
pub const NETWORKS_MAX: usize = 1024;

/// What is wrong with a description of a site.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SiteError {
    /// No such zone.
    #[error("there is no time zone \"{name}\"{}: write a name of the IANA database, for example Europe/Berlin", maybe(similar.as_deref()))]
    Timezone {
        /// As given.
        name: String,
        /// The name that was probably meant.
        similar: Option<String>,
    },
    /// Not a date.
    #[error("\"{text}\" is no date: a holiday looks like 2026-12-25")]
    Holiday {
        /// As given.
        text: String,
    },
    /// Not a network.
    #[error("\"{text}\" is no network: {why}")]
    Network {
        /// As given.
        text: String,
        /// What is wrong, and what is right.
        why: String,
    },
    /// Not a moment.
    #[error("\"{text}\" is no time: {why}")]
    Moment {
        /// As given.
        text: String,
        /// What is wrong, and what is right.
        why: &'static str,
    },
    /// More than anybody has.
    #[error("more than {most} {what}: leave some out")]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// How many there may be.
        most: usize,
    },
}

fn maybe(similar: Option<&str>) -> String {
    similar.map(|name| format!(" (did you mean {name}?)")).unwrap_or_default()
}

/// Addresses that begin alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    first: Address,
    /// How many of the 128 bits of [`Address`] are given.
    bits: u8,
}

/// How many bits an IPv4 address has before it in an [`Address`].
const MAPPED_BITS: u8 = 96;

impl Network {
    const fn v4(octets: u32, length: u8) -> Self {
        Self { first: Address::v4(octets), bits: MAPPED_BITS + length }
    }

    const fn v6(group: u16, length: u8) -> Self {
        Self { first: Address::from_halves((group as u64) << 48, 0), bits: length }
    }

    /// True when the address lies in it.
    #[must_use]
    pub const fn contains(&self, address: Address) -> bool {
        (number(address) ^ number(self.first)) & mask(self.bits) == 0
    }
}

const fn number(address: Address) -> u128 {
    let (high, low) = address.halves();
    ((high as u128) << 64) | low as u128
}

const fn mask(bits: u8) -> u128 {
    if bits == 0 { 0 } else { u128::MAX << (128 - bits as u32) }
}

impl FromStr for Network {
    type Err = SiteError;

    fn from_str(text: &str) -> Result<Self, SiteError> {
        let wrong = |why: String| SiteError::Network { text: text.to_owned(), why };
        let (address, length) = text.split_once('/').map_or((text, None), |(ip, length)| (ip, Some(length)));
        let ip: IpAddr = address
            .parse()
            .map_err(|_| wrong("write an address and a length, for example 10.20.0.0/16 or fd00:12::/32".to_owned()))?;
        let (before, all) = if ip.is_ipv4() { (MAPPED_BITS, 32) } else { (0, 128) };
        let length = match length {
            None => all,
            Some(text) => text
                .parse()
                .ok()
                .filter(|length| *length <= all)
                .ok_or_else(|| wrong(format!("the length behind the / is a number from 0 to {all}")))?,
        };
        let (first, bits) = (Address::from(ip), before + length);
        let begin = number(first) & mask(bits);
        if begin != number(first) {
            #[allow(clippy::cast_possible_truncation)] // two halves of 128 bits
            let network = Self { first: Address::from_halves((begin >> 64) as u64, begin as u64), bits };
            return Err(wrong(format!("it has bits behind its length: write {network}")));
        }
        Ok(Self { first, bits })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = if self.first.as_v4().is_some() && self.bits >= MAPPED_BITS { MAPPED_BITS } else { 0 };
        write!(f, "{}/{}", self.first, self.bits - before)
    }
}

/// The day that all others are counted from.
const FIRST: Date = Date::constant(1970, 1, 1);

/// A day of the calendar, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

impl FromStr for Day {
    type Err = SiteError;

    fn from_str(text: &str) -> Result<Self, SiteError> {
        let wrong = || SiteError::Holiday { text: text.to_owned() };
        // Nothing but year, month and day: jiff would take a time behind it as well.
        let date: Date = Some(text).filter(|text| text.len() == 10).ok_or_else(wrong)?.parse().map_err(|_| wrong())?;
        FIRST.until(date).map(|since| Self(since.get_days())).map_err(|_| wrong())
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        FIRST.saturating_add(i64::from(self.0).days()).fmt(f)
    }
}

/// Whether people are there as on most days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DayKind {
    /// Monday to Friday.
    Work,
    /// A Saturday, Sunday or holiday.
    Rest,
}

/// A moment as the site's clocks and its calendar show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// The day, counted from 1970-01-01.
    pub day: i32,
    /// The hour of that day, 0 to 23: one is missing and one there twice on the days when clocks are changed.
    pub hour: u8,
    /// What kind of day that is.
    pub kind: DayKind,
}

/// Where the monitored network is.
#[derive(Clone, Debug)]
pub struct Site {
    timezone: String,
    zone: TimeZone,
    /// From which second since 1970 on which offset in seconds holds, up to the end of [`Timestamp`]: the first from 0.
    offsets: Vec<(u64, i32)>,
    holidays: Vec<Day>,
    networks: Vec<Network>,
}

/// What a site that says nothing else has: private addresses (RFC 1918), those of a provider's address translation (RFC
/// 6598) and unique local ones (RFC 4193).
const PRIVATE: [Network; 5] = [
    Network::v4(0x0a00_0000, 8),
    Network::v4(0xac10_0000, 12),
    Network::v4(0xc0a8_0000, 16),
    Network::v4(0x6440_0000, 10),
    Network::v6(0xfc00, 7),
];

/// What no router passes on, so that it is inside everywhere: link-local (RFC 3927, RFC 4291) and loopback.
const NEVER_ROUTED: [Network; 4] = [
    Network::v4(0xa9fe_0000, 16),
    Network::v4(0x7f00_0000, 8),
    Network::v6(0xfe80, 10),
    Network { first: Address::from_halves(0, 1), bits: 128 },
];

impl Default for Site {
    /// UTC, no holidays, private and unique local addresses.
    fn default() -> Self {
        Self::with("UTC".to_owned(), TimeZone::UTC, Vec::new(), PRIVATE.to_vec())
    }
}

impl PartialEq for Site {
    fn eq(&self, other: &Self) -> bool {
        // The rest follows from the name.
        self.timezone == other.timezone && self.holidays == other.holidays && self.networks == other.networks
    }
}

impl Eq for Site {}

impl Site {
    /// A site in the time zone with this name.
    ///
    /// # Errors
    /// When there is no such zone, or there are more holidays or networks than anybody has.
    pub fn new(timezone: &str, mut holidays: Vec<Day>, mut networks: Vec<Network>) -> Result<Self, SiteError> {
        let (name, zone) = zone(timezone)?;
        for (what, count, most) in
            [("holidays", holidays.len(), HOLIDAYS_MAX), ("networks", networks.len(), NETWORKS_MAX)]
        {
            if count > most {
                return Err(SiteError::TooMany { what, most });
            }
        }
        holidays.sort_unstable();
        holidays.dedup();
        networks.sort_unstable();
        networks.dedup();
        Ok(Self::with(name, zone, holidays, networks))
    }

    /// A site from what [`Self::timezone_name`], [`Self::holidays`] and [`Self::networks`] print.
    ///
    /// # Errors
    /// As [`Self::new`], and when a date or a network is none.
    pub fn from_text<'a>(
        timezone: &str,
        holidays: impl IntoIterator<Item = &'a str>,
        networks: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, SiteError> {
        let holidays = holidays.into_iter().map(str::parse).collect::<Result<_, _>>()?;
        let networks = networks.into_iter().map(str::parse).collect::<Result<_, _>>()?;
        Self::new(timezone, holidays, networks)
    }

    fn with(timezone: String, zone: TimeZone, holidays: Vec<Day>, networks: Vec<Network>) -> Self {
        let offsets = offsets(&zone);
        Self { timezone, zone, offsets, holidays, networks }
    }

    /// The name of its time zone.
    #[must_use]
    pub fn timezone_name(&self) -> &str {
        &self.timezone
    }

    /// Its holidays, in order.
    #[must_use]
    pub fn holidays(&self) -> &[Day] {
        &self.holidays
    }

    /// Its networks, as given or by default.
    #[must_use]
    pub fn networks(&self) -> &[Network] {
        &self.networks
    }

    /// True for an address of the site, and for one that no router passes on: link-local, loopback, multicast, broadcast.
    #[must_use]
    pub fn is_inside(&self, address: Address) -> bool {
        !address.is_host() || self.networks.iter().chain(&NEVER_ROUTED).any(|network| network.contains(address))
    }

    /// A moment as its clocks and its calendar show it.
    #[must_use]
    pub fn local(&self, time: Timestamp) -> Local {
        let local = self.local_seconds(time);
        let day = local.div_euclid(SECONDS_PER_DAY) as i32;
        let hour = (local.rem_euclid(SECONDS_PER_DAY) / 3600) as u8;
        Local { day, hour, kind: self.kind(day) }
    }

    /// How many seconds are left until its clocks show the next hour.
    #[must_use]
    pub fn left_of_hour(&self, time: Timestamp) -> u32 {
        3600 - self.local_seconds(time).rem_euclid(3600) as u32
    }

    /// A moment as people write what its clocks and its calendar show: 2026-12-01 22:00.
    #[must_use]
    pub fn clock(&self, time: Timestamp) -> String {
        let (day, minutes) = (self.local(time).day, self.local_seconds(time).rem_euclid(SECONDS_PER_DAY) / 60);
        format!("{} {:02}:{:02}", Day(day), minutes / 60, minutes % 60)
    }

    fn local_seconds(&self, time: Timestamp) -> i64 {
        let seconds = time.seconds();
        let after = self.offsets.partition_point(|&(from, _)| from <= seconds);
        let offset = after.checked_sub(1).and_then(|place| self.offsets.get(place)).map_or(0, |&(_, offset)| offset);
        // Below 2^35: a timestamp ends in 2554.
        seconds as i64 + i64::from(offset)
    }

    /// What kind of day a day is.
    #[must_use]
    pub fn kind(&self, day: i32) -> DayKind {
        // 1970-01-01 was a Thursday.
        let weekend = (day + 3).rem_euclid(7) >= 5;
        if weekend || self.holidays.binary_search(&Day(day)).is_ok() { DayKind::Rest } else { DayKind::Work }
    }

    /// A moment that a person wrote: 2026-12-01T22:00, by the site's clocks, or with Z or an offset (+01:00) behind it.
    ///
    /// # Errors
    /// When it is none, when the clocks are put forward over it, or when it is before 1970 or after 2554.
    pub fn moment(&self, text: &str) -> Result<Timestamp, SiteError> {
        const LIKE: &str = "write 2026-12-01T22:00 (the site's clocks), 2026-12-01T22:00Z or 2026-12-01T22:00+01:00";
        const SKIPPED: &str = "the site's clocks are put forward over it: write another, or one with an offset";
        let wrong = |why| SiteError::Moment { text: text.to_owned(), why };
        let instant: jiff::Timestamp = match text.parse::<jiff::Timestamp>() {
            Ok(instant) => instant,
            Err(_) if text.contains(['T', 't', ' ']) => {
                let civil: DateTime = text.parse().map_err(|_| wrong(LIKE))?;
                let there = self.zone.to_ambiguous_timestamp(civil);
                if matches!(there.offset(), AmbiguousOffset::Gap { .. }) {
                    return Err(wrong(SKIPPED));
                }
                there.compatible().map_err(|_| wrong(LIKE))?
            }
            Err(_) => return Err(wrong(LIKE)),
        };
        let nanos = u64::try_from(instant.as_nanosecond()).map_err(|_| wrong("times go from 1970 to 2554"))?;
        Ok(Timestamp::from_nanos(nanos))
    }
}

/// The zone with a name, whatever its letters' case, and the name as the database has it.
fn zone(name: &str) -> Result<(String, TimeZone), SiteError> {
    let all = TimeZoneDatabase::bundled();
    // "UTC" is in the database too: as itself, whatever the case.
    match all.get(name) {
        Ok(zone) => Ok((zone.iana_name().unwrap_or(name).to_owned(), zone)),
        Err(_) => {
            let last = |name: &str| name.rsplit('/').next().unwrap_or_default().to_lowercase().replace(' ', "_");
            let similar = all.available().map(|known| known.to_string()).find(|known| last(known) == last(name));
            Err(SiteError::Timezone { name: name.to_owned(), similar })
        }
    }
}

/// All offsets of a zone from 1970 to the end of [`Timestamp`]: at most two a year, so that looking one up is a search in
/// a small table, without state.
fn offsets(zone: &TimeZone) -> Vec<(u64, i32)> {
    let last = Timestamp::from_nanos(u64::MAX).seconds();
    let begin = jiff::Timestamp::UNIX_EPOCH;
    let mut offsets = vec![(0, zone.to_offset(begin).seconds())];
    for change in zone.following(begin) {
        let Some(from) = u64::try_from(change.timestamp().as_second()).ok().filter(|from| *from <= last) else { break };
        let offset = change.offset().seconds();
        // A change of the name or of what counts as summer time changes no clock.
        if offsets.last().is_some_and(|&(_, before)| before != offset) {
            offsets.push((from, offset));
        }
    }
    offsets
}
