//! The operations of a link that its baseline knows: found by digest, with what is normal of each and what is done now.

use std::collections::BTreeMap;

use super::follows::Followed;
use super::limits::{Normal, OperationLimits};
use super::live::LiveOperation;
use super::silence;
use crate::baseline::by_hour::BY_HOUR_MIN;
use crate::baseline::measure::Measure;
use crate::baseline::packed::{At, PackedLink};
use crate::baseline::pauses::{Coverage, Slot};
use crate::baseline::points::PointsProfile;
use crate::baseline::profile::{Hours, OperationProfile, Profiles};
use crate::baseline::results::ResultsProfile;
use crate::links::{OperationName, RANGES_MAX, digest, is_opaque, kind_of};

/// The known operations of a link that is live, in the order of their digests.
pub(super) struct KnownOperations {
    digests: Box<[u64]>,
    all: Box<[KnownOperation]>,
    /// Payloads of what is not read, of each end.
    payloads: [u64; 2],
}

/// The least and the greatest value of each feature that forms a range.
pub(super) type Ranges = [Option<(u64, u64)>; RANGES_MAX];

/// A known operation.
pub(super) struct KnownOperation {
    /// Where it stands among the operations of the link's profile, and among those with places.
    normal: Option<At>,
    normal_points: Option<At>,
    /// Who sends it.
    from: u8,
    /// The longest silence of those of its kind that something has cut off once, as it may any of them.
    cut_off: u64,
    /// What is done of it, once it was seen.
    pub(super) seen: Option<Box<SeenOperation>>,
}

/// A known operation that was seen: what is asked of its profile again and again is unpacked once.
pub(super) struct SeenOperation {
    pub(super) name: OperationName,
    pub(super) live: LiveOperation,
    /// Its values that are normal, where it has any, and on how many days they were learned.
    pub(super) ranges: Option<Box<(Ranges, u32)>>,
    /// What is normal at its places.
    pub(super) points: Option<PointsProfile>,
    /// What follows it, where something does.
    pub(super) follows: Option<Box<Followed>>,
    /// What is normal of its results, once it carried some.
    pub(super) results: Option<Box<ResultsProfile>>,
}

impl KnownOperations {
    /// Those of a profile.
    pub(super) fn of(profile: &PackedLink) -> Self {
        let known = |normal, normal_points| KnownOperation { normal, normal_points, from: 0, cut_off: 0, seen: None };
        let mut all: Vec<(u64, KnownOperation)> = Vec::new();
        let mut places: Vec<(u64, At)> = Vec::new();
        let mut cut_off: BTreeMap<(u8, u64), u64> = BTreeMap::new();
        let mut kinds = Vec::new();
        let mut payloads = [0_u64; 2];
        profile.each(
            |at, name, operation| {
                all.push((digest(name), KnownOperation { from: operation.from, ..known(Some(at), None) }));
                if is_opaque(name) {
                    let payloads = &mut payloads[usize::from(operation.from & 1)];
                    *payloads = payloads.saturating_add(operation.count);
                    kinds.push(None);
                } else {
                    let kind = (operation.from, digest(kind_of(name)));
                    let longest = cut_off.entry(kind).or_default();
                    *longest = operation.pauses.cut_off().max(*longest);
                    kinds.push(Some(kind));
                }
            },
            |at, name| places.push((digest(name), at)),
        );
        for ((_, known), kind) in all.iter_mut().zip(kinds) {
            known.cut_off = kind.and_then(|kind| cut_off.get(&kind)).copied().unwrap_or(0);
        }
        all.sort_by_key(|(digest, _)| *digest);
        let operations = all.len();
        for (digest, at) in places {
            let is_it =
                |known: &KnownOperation| known.normal.and_then(|normal| profile.name(normal)) == profile.name(at);
            let first = all[..operations].partition_point(|(known, _)| *known < digest);
            let same = all[first..operations].iter_mut().take_while(|(known, _)| *known == digest);
            match same.map(|(_, known)| known).find(|known| is_it(known)) {
                Some(known) => known.normal_points = Some(at),
                None => all.push((digest, known(None, Some(at)))),
            }
        }
        all.sort_by_key(|(digest, _)| *digest);
        let (digests, all): (Vec<u64>, Vec<KnownOperation>) = all.into_iter().unzip();
        Self { digests: digests.into(), all: all.into(), payloads }
    }

    /// An operation of the link with this profile.
    pub(super) fn find(&self, name: &OperationName, profile: &PackedLink) -> Option<usize> {
        let digest = name.digest();
        let first = self.digests.partition_point(|known| *known < digest);
        let same = self.digests.iter().skip(first).take_while(|known| **known == digest);
        (first..).zip(same).map(|(place, _)| place).find(|place| self.all[*place].is(name, profile))
    }

    /// An operation at a place.
    pub(super) fn at(&mut self, place: usize) -> &mut KnownOperation {
        &mut self.all[place]
    }

    /// The names that the profile holds, in their order.
    pub(super) fn names<'a>(&self, profile: &'a PackedLink) -> Vec<&'a str> {
        let mut places: Vec<At> = self.all.iter().filter_map(|known| known.normal).collect();
        places.sort_unstable();
        places.into_iter().filter_map(|at| profile.name(at)).collect()
    }

    /// All that were used: what was seen just now is told of behind the minute.
    pub(super) fn used(&mut self) -> impl Iterator<Item = &mut KnownOperation> {
        self.all.iter_mut().filter(|known| known.seen.as_deref().is_some_and(|seen| seen.live.last.last > 0))
    }

    /// The places of those that were seen and that something follows, and how many things do.
    pub(super) fn followed(&self) -> impl Iterator<Item = (usize, usize)> {
        let follows = |known: &KnownOperation| known.seen.as_deref()?.follows.as_deref().map(Followed::count);
        self.all.iter().enumerate().filter_map(move |(place, known)| Some((place, follows(known)?)))
    }

    /// Payloads of what is not read that each end sent while learning.
    pub(super) const fn payloads(&self) -> [u64; 2] {
        self.payloads
    }
}

impl SeenOperation {
    /// One that is seen for the first time.
    fn first(
        name: &OperationName,
        known: &KnownOperation,
        profile: &PackedLink,
        normal: Normal<'_>,
        profiles: &Profiles,
    ) -> Self {
        let (mut live, mut ranges, mut follows) = (LiveOperation::NOTHING, None, None);
        if let Some(of) = known.normal(profile) {
            live.patience = silence::patience(name, &of, profiles);
            live.limits = match name.is_opaque() {
                false => Some(OperationLimits::of(&of, normal)),
                true if of.from == 0 && profile.own().is_stream() => Some(OperationLimits::of_payloads(&of, normal)),
                true => None,
            };
            live.learned = of.count;
            live.partners = Some((of.hour_partners.next(), of.days));
            live.service_minute = of.service_minute(name, || profile.own().minute_opened.max);
            follows = Followed::of(&of.follows);
            ranges = of.ranges.iter().any(Option::is_some).then(|| Box::new((of.ranges, of.days)));
        }
        Self { name: name.clone(), live, ranges, points: known.normal_points(profile), follows, results: None }
    }
}

impl KnownOperation {
    /// It is seen, perhaps for the first time.
    pub(super) fn see(
        &mut self,
        name: &OperationName,
        profile: &PackedLink,
        normal: Normal<'_>,
        profiles: &Profiles,
    ) -> &mut SeenOperation {
        let seen = self.seen.take();
        let seen = seen.unwrap_or_else(|| Box::new(SeenOperation::first(name, self, profile, normal, profiles)));
        self.seen.insert(seen)
    }

    /// Up to where it is surely normal how many messages there are of it at an hour of the day, once there are many in it.
    pub(super) fn limit_at(&mut self, hour: u32, slot: Slot, profile: &PackedLink, normal: Normal<'_>) -> u32 {
        let (at, seen) = (self.normal, self.seen.as_deref_mut());
        let live = seen.map(|seen| &mut seen.live).filter(|live| u64::from(live.hour_count) > BY_HOUR_MIN);
        let Some((live, at)) = live.zip(at) else { return u32::MAX };
        if live.hour_of_day.0 != hour {
            let usual = profile.operation(at).and_then(|of| of.usual_at(slot));
            live.hour_of_day = (hour, usual.map_or(u32::MAX, |usual| normal.limit(Measure::HourOfDay, usual)));
        }
        live.hour_of_day.1
    }

    /// Whether its link has shown it while learning.
    pub(super) const fn is_normal(&self) -> bool {
        self.normal.is_some()
    }

    /// What is normal of it, in the profile of its link.
    pub(super) fn normal(&self, profile: &PackedLink) -> Option<OperationProfile> {
        profile.operation(self.normal?)
    }

    /// The hours in which it is normal.
    pub(super) fn hours(&self, profile: &PackedLink) -> Option<[Hours; 2]> {
        profile.hours(self.normal?)
    }

    /// What is normal of the values at its places.
    fn normal_points(&self, profile: &PackedLink) -> Option<PointsProfile> {
        profile.points(self.normal_points?)
    }

    /// The place of who sends it.
    pub(super) fn sender(&self) -> usize {
        usize::from(self.from & 1)
    }

    /// How many minutes are normal for its silence, see [`crate::baseline::profile::LinkProfile::normal_pause`].
    pub(super) fn normal_pause(
        &self,
        profile: &PackedLink,
        slot: Slot,
        minutes: u64,
        coverage: &Coverage,
    ) -> Option<u64> {
        let normal = self.normal(profile)?.pauses.normal(slot, minutes, coverage)?;
        Some(normal.max(self.cut_off))
    }

    /// Whether it has a name whose digest it has.
    fn is(&self, name: &OperationName, profile: &PackedLink) -> bool {
        match &self.seen {
            Some(seen) => seen.name == *name,
            None => self.normal.or(self.normal_points).is_some_and(|at| profile.is_named(at, name)),
        }
    }
}
