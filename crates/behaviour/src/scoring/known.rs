//! The operations of a link that its baseline knows: found by digest, with what is normal of each and what is done now.

use super::live::LiveOperation;
use crate::baseline::points::PointsProfile;
use crate::baseline::profile::{LinkProfile, OperationProfile};
use crate::links::{OperationName, digest};

/// The known operations of a link that is live, in the order of their digests.
#[derive(Default)]
pub(super) struct KnownOperations {
    digests: Box<[u64]>,
    all: Box<[KnownOperation]>,
}

/// A known operation.
pub(super) struct KnownOperation {
    /// Where it stands among the operations of the link's profile, and among those with places.
    normal: Option<u32>,
    normal_points: Option<u32>,
    /// Its name, once it was seen.
    pub(super) name: Option<OperationName>,
    pub(super) live: LiveOperation,
}

impl KnownOperations {
    /// Those of a profile.
    pub(super) fn of(profile: &LinkProfile) -> Self {
        let known =
            |normal, normal_points| KnownOperation { normal, normal_points, name: None, live: LiveOperation::NOTHING };
        let operations = (0..).zip(profile.operations.names());
        let mut all: Vec<(u64, KnownOperation)> =
            operations.map(|(place, name)| (digest(name), known(Some(place), None))).collect();
        for (place, name) in (0..).zip(profile.points.names()) {
            match profile.operations.place(name) {
                Some(known) => all[known].1.normal_points = Some(place),
                None => all.push((digest(name), known(None, Some(place)))),
            }
        }
        all.sort_by_key(|(digest, _)| *digest);
        let (digests, all): (Vec<u64>, Vec<KnownOperation>) = all.into_iter().unzip();
        Self { digests: digests.into(), all: all.into() }
    }

    /// An operation of the link with this profile.
    pub(super) fn find(&self, name: &OperationName, profile: &LinkProfile) -> Option<usize> {
        let digest = name.digest();
        let first = self.digests.partition_point(|known| *known < digest);
        let same = self.digests.iter().skip(first).take_while(|known| **known == digest);
        (first..).zip(same).map(|(place, _)| place).find(|place| self.all[*place].is(name, profile))
    }

    /// An operation at a place.
    pub(super) fn at(&mut self, place: usize) -> &mut KnownOperation {
        &mut self.all[place]
    }

    /// All that were seen.
    pub(super) fn seen(&mut self) -> impl Iterator<Item = (&OperationName, &mut LiveOperation)> {
        self.all.iter_mut().filter_map(|known| Some((known.name.as_ref()?, &mut known.live)))
    }
}

impl KnownOperation {
    /// What is normal of it, in the profile of its link.
    pub(super) fn normal<'a>(&self, profile: &'a LinkProfile) -> Option<&'a OperationProfile> {
        profile.operations.at(self.normal? as usize)
    }

    /// What is normal of the values at its places.
    pub(super) fn normal_points<'a>(&self, profile: &'a LinkProfile) -> Option<&'a PointsProfile> {
        profile.points.at(self.normal_points? as usize)
    }

    /// Whether it has a name whose digest it has.
    fn is(&self, name: &OperationName, profile: &LinkProfile) -> bool {
        match (&self.name, self.normal, self.normal_points) {
            (Some(known), ..) => known == name,
            (None, Some(place), _) => profile.operations.name_at(place as usize) == Some(name),
            (None, None, place) => place.and_then(|place| profile.points.name_at(place as usize)) == Some(name),
        }
    }
}
