//! What is normal on a link, as it stands in a baseline file: a tenth of what it takes when it is unpacked.
//!
//! Scoring asks for most of it never, and for the rest seldom: links stay packed, and what is asked of one is read where it
//! stands. All of it was read once before, so that nothing here fails on what a file holds.

use crate::links::manner::Manner;
use std::num::NonZeroU32;
use std::sync::Arc;

use serde::Deserialize;

use super::pauses::Pauses;
use super::points::PointsProfile;
use super::profile::{Hours, Least, LinkProfile, OperationProfile, Top};
use super::results::ResultsProfile;

/// A link's profile, packed.
#[derive(Clone)]
pub struct PackedLink {
    octets: Arc<Vec<u8>>,
    start: u32,
    end: u32,
}

/// Where a name, and what is normal of what has it, stands in a [`PackedLink`]: behind its first octet, in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct At(NonZeroU32);

/// The fields of [`LinkProfile`] before what is known by name, in its order.
type Own = (
    u32,
    [Hours; 2],
    [Top; 2],
    [Top; 2],
    [Top; 2],
    Top,
    Top,
    Top,
    Top,
    [Top; Manner::ALL.len()],
    [Least; 2],
    [Pauses; 2],
    ([u32; 2], u64, Top, bool),
);

/// Numbers of a [`PointsProfile`] before its places, and of each place: all of their fields.
const POINTS_NUMBERS: usize = 4;
const POINT_NUMBERS: usize = 7;

/// What stands behind so many numbers (and truths, which are as short numbers are): the last octet of each is below 128.
fn behind(octets: &[u8], numbers: usize) -> Option<&[u8]> {
    let mut left = numbers;
    let last = octets.iter().position(|octet| {
        left -= usize::from(*octet < 128 && left > 0);
        left == 0
    })?;
    octets.get(last + 1..)
}

/// Numbers as they stand packed, one behind the other: seven bits an octet, the lowest first.
pub(super) struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    /// The next one, of so many bits as `T` has.
    #[inline]
    pub(super) fn next<T: TryFrom<u64>>(&mut self) -> Option<T> {
        let mut number = 0;
        for place in 0.. {
            let (octet, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(octet & 127).checked_shl(7 * place)?;
            if *octet < 128 {
                break;
            }
        }
        T::try_from(number).ok()
    }

    /// The next one with a sign, which is its lowest bit.
    #[inline]
    pub(super) fn signed(&mut self) -> Option<i16> {
        let number: u16 = self.next()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }
}

impl PackedLink {
    /// Packs a profile.
    #[must_use]
    pub fn of(profile: &LinkProfile) -> Self {
        // Nothing but a sequence of unknown length cannot be written, and there is none.
        let octets = postcard::to_stdvec(profile).unwrap_or_default();
        let end = u32::try_from(octets.len()).unwrap_or(0);
        Self { octets: Arc::new(octets), start: 0, end }
    }

    /// That which stands in a file from some place on, and what it holds.
    pub(super) fn at(octets: &Arc<Vec<u8>>, start: usize) -> postcard::Result<(Self, LinkProfile)> {
        let place = |place: usize| u32::try_from(place).map_err(|_| postcard::Error::DeserializeUnexpectedEnd);
        let (profile, rest) = postcard::take_from_bytes(octets.get(start..).unwrap_or_default())?;
        let packed = Self { octets: Arc::clone(octets), start: place(start)?, end: place(octets.len() - rest.len())? };
        Ok((packed, profile))
    }

    /// How many octets it has.
    pub(super) fn len(&self) -> usize {
        self.octets().len()
    }

    fn octets(&self) -> &[u8] {
        self.octets.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// All of it.
    #[must_use]
    pub fn unpack(&self) -> LinkProfile {
        postcard::from_bytes(self.octets()).unwrap_or_default()
    }

    /// What it holds of the link itself, and nothing of what the link does.
    #[must_use]
    pub fn own(&self) -> LinkProfile {
        self.split().map(|(own, _)| own).unwrap_or_default()
    }

    fn split(&self) -> Option<(LinkProfile, &[u8])> {
        let (own, rest) = postcard::take_from_bytes::<Own>(self.octets()).ok()?;
        let (days, hours, minute_bytes, hour_bytes, day_bytes, minute_opened, hour_opened, hour_failed, ..) = own;
        let (.., hour_reconnected, manners, pace, pauses, (minutes, hour_missing, stay, is_cut)) = own;
        let own = LinkProfile {
            days,
            hours,
            minute_bytes,
            hour_bytes,
            day_bytes,
            minute_opened,
            hour_opened,
            hour_failed,
            hour_reconnected,
            manners,
            pace,
            pauses,
            minutes,
            hour_missing,
            stay,
            is_cut,
            ..LinkProfile::default()
        };
        Some((own, rest))
    }

    /// The operations, each with its name and where it stands; and then where the places stand that they read or write.
    pub fn each(&self, mut operation: impl FnMut(At, &str, OperationProfile), mut points: impl FnMut(At, &str)) {
        let Some((_, rest)) = self.split() else { return };
        let rest = self.each_of(rest, &mut operation);
        self.each_points(rest.unwrap_or_default(), &mut points);
    }

    /// Passes over what is known of the places.
    fn each_points<'a>(&'a self, octets: &'a [u8], to: &mut dyn FnMut(At, &'a str)) -> Option<()> {
        let (count, mut rest) = postcard::take_from_bytes::<usize>(octets).ok()?;
        for _ in 0..count {
            let at = self.place_of(rest)?;
            let (name, of) = postcard::take_from_bytes::<&str>(rest).ok()?;
            let (places, of) = postcard::take_from_bytes::<usize>(behind(of, POINTS_NUMBERS)?).ok()?;
            rest = if places == 0 { of } else { behind(of, places.checked_mul(POINT_NUMBERS)?)? };
            to(at, name);
        }
        Some(())
    }

    /// The place of what stands before these octets.
    fn place_of(&self, rest: &[u8]) -> Option<At> {
        Some(At(NonZeroU32::new(u32::try_from(self.octets().len() - rest.len()).ok()?)?))
    }

    fn each_of<'a, T: Deserialize<'a>>(
        &'a self,
        octets: &'a [u8],
        to: &mut dyn FnMut(At, &'a str, T),
    ) -> Option<&'a [u8]> {
        let (count, mut rest) = postcard::take_from_bytes::<usize>(octets).ok()?;
        for _ in 0..count {
            let at = self.place_of(rest)?;
            let ((name, it), behind) = postcard::take_from_bytes::<(&str, T)>(rest).ok()?;
            to(at, name, it);
            rest = behind;
        }
        Some(rest)
    }

    fn named<'a, T: Deserialize<'a>>(&'a self, At(at): At) -> Option<T> {
        Some(postcard::take_from_bytes(self.octets().get(at.get() as usize..)?).ok()?.0)
    }

    /// The name that stands somewhere.
    #[must_use]
    pub fn name(&self, at: At) -> Option<&str> {
        self.named(at)
    }

    /// Whether that is the name that stands somewhere.
    #[must_use]
    pub fn is_named(&self, at: At, name: &str) -> bool {
        // A text and its octets stand there alike.
        self.named::<&[u8]>(at) == Some(name.as_bytes())
    }

    /// The operation that stands somewhere.
    #[must_use]
    pub fn operation(&self, at: At) -> Option<OperationProfile> {
        self.named::<(&[u8], _)>(at).map(|(_, operation)| operation)
    }

    /// The hours of the operation that stands somewhere, which come behind its days and its count.
    #[must_use]
    pub fn hours(&self, at: At) -> Option<[Hours; 2]> {
        self.named::<(&[u8], u32, u64, [Hours; 2])>(at).map(|(.., hours)| hours)
    }

    /// The places of an operation that stand somewhere.
    #[must_use]
    pub fn points(&self, At(at): At) -> Option<PointsProfile> {
        let (_, rest) = postcard::take_from_bytes::<&[u8]>(self.octets().get(at.get() as usize..)?).ok()?;
        PointsProfile::packed(&mut Numbers(rest))
    }

    /// The results that an operation carries.
    #[must_use]
    pub fn results(&self, operation: &str) -> Option<ResultsProfile> {
        self.unpack().results.get(operation).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile() -> LinkProfile {
        let mut profile =
            LinkProfile { days: 7, hour_missing: 300, is_cut: true, minutes: [5, 600], ..LinkProfile::default() };
        profile.hours[1].seen = 0b101;
        profile.minute_bytes[1] = Top { max: 70_000, second: 500 };
        profile.hour_reconnected = Top { max: 9, second: 8 };
        profile.manners[1] = Top { max: 5, second: 2 };
        profile.stay = Top { max: 90, second: 61 };
        profile.pace[0] = Least { min: 3, second: 4 };
        profile.operations.or_default("b").count = 1000;
        profile.operations.or_default("a").from = 1;
        profile.operations.or_default("a").hours[1].once = 0b11;
        profile.points.or_default("b").accept_value(0, 70);
        profile.points.or_default("b").first = 40_000;
        profile.points.or_default("c").first = 1;
        profile
            .results
            .or_default("c")
            .analytes
            .insert(7, super::super::results::Means { days: 1, windows: 2, low: -3, high: 4 });
        profile
    }

    #[test]
    fn what_was_packed_is_read_where_it_stands() {
        let profile = profile();
        let packed = PackedLink::of(&profile);
        assert_eq!(packed.unpack(), profile);
        let own = packed.own();
        let bare = LinkProfile {
            operations: own.operations.clone(),
            points: own.points.clone(),
            results: own.results.clone(),
            ..profile.clone()
        };
        assert!(own == bare && own.operations.is_empty() && own.points.is_empty() && own.results.is_empty());
        let (mut operations, mut points) = (Vec::new(), Vec::new());
        packed.each(
            |at, name, operation| operations.push((at, name.to_owned(), operation)),
            |at, name| points.push((at, name.to_owned())),
        );
        assert_eq!(operations.len(), 2);
        for (at, name, operation) in &operations {
            assert_eq!(profile.operations.get(name), Some(operation));
            assert_eq!((packed.name(*at), packed.operation(*at).as_ref()), (Some(name.as_str()), Some(operation)));
            assert_eq!(packed.hours(*at), Some(operation.hours));
            assert!(packed.is_named(*at, name) && !packed.is_named(*at, "c"));
        }
        assert_eq!(points.len(), 2);
        for (at, name) in &points {
            assert_eq!(
                (packed.name(*at), packed.points(*at).as_ref()),
                (Some(name.as_str()), profile.points.get(name))
            );
        }
        assert_eq!(packed.results("c").as_ref(), profile.results.get("c"));
        assert_eq!(packed.results("a"), None);
    }

    #[test]
    fn several_stand_behind_each_other() {
        let (one, other) = (LinkProfile { days: 3, ..LinkProfile::default() }, profile());
        let octets = Arc::new([postcard::to_stdvec(&one).unwrap(), postcard::to_stdvec(&other).unwrap()].concat());
        let (first, read) = PackedLink::at(&octets, 0).unwrap();
        assert_eq!(read, one);
        let (second, read) = PackedLink::at(&octets, first.octets().len()).unwrap();
        assert_eq!(read, other);
        assert_eq!((first.unpack(), second.unpack()), (one, other));
        assert!(PackedLink::at(&octets, octets.len()).is_err());
    }
}
