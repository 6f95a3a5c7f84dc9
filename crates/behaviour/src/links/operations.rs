//! The operations of a link: what its messages do, told apart by the features that name an operation.

use hashbrown::HashTable;
use wardtap_dissect::results::Measured;
use wardtap_dissect::{
    Direction, Envelope, FEATURES_MAX, Features, Learned, Message, NO_VALUE, Outcome as Answered, Protocol,
};
use wardtap_net::flow::{HashKey, fold};

use super::naming::{name, opaque};
use super::points::{ExtremePoint, PointsSeen, PointsUse};
use super::results::{ResultsMean, ResultsSeen};
use super::{Link, OperationName};
use crate::observation::Place;

/// Operations told apart on one link; messages of further ones are counted.
pub const OPERATIONS_MAX: usize = 256;

/// Features of a protocol whose values form a range.
pub const RANGES_MAX: usize = 2;

/// Values beyond those seen are told at once so many times a minute; later ones when the minute is over.
const EXTREMES_MAX: u8 = 4;

/// The least and the greatest value of each feature that forms a range.
pub(super) type Ranges = [Option<(u64, u64)>; RANGES_MAX];

/// How often a link did something since it was last told.
#[derive(Clone, Debug)]
pub struct OperationUse {
    /// What it is.
    pub name: OperationName,
    /// Who sends it: 0 the initiator of the link, 1 the responder.
    pub from: u8,
    /// Messages.
    pub count: u64,
    /// Octets of them.
    pub bytes: u64,
    /// Octets of the largest.
    pub largest: u64,
    /// Answers that refused.
    pub refused: u64,
    /// Of each feature whose values form a range, the least and the greatest.
    pub ranges: Ranges,
    /// How long answers took.
    pub responses: ResponseTimes,
    /// The values at the places that it reads or writes.
    pub points: PointsUse,
    /// The means of the results that it carried, of windows that were filled.
    pub results: Vec<ResultsMean>,
}

/// How long answers took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResponseTimes {
    /// Answers whose request was seen.
    pub count: u64,
    /// Microseconds of all together.
    pub sum: u64,
    /// Microseconds of the slowest.
    pub max: u64,
}

/// What is told of an operation at once.
#[derive(Clone, Debug)]
pub struct OperationNews {
    /// On which link.
    pub link: Link,
    /// What it is.
    pub name: OperationName,
    /// The link has not shown it before; else a value is beyond those seen.
    pub is_new: bool,
    /// It is an answer that refuses.
    pub refuses: bool,
    /// The values that it showed so far.
    pub ranges: Ranges,
    /// The values at places that are beyond those seen there, and the first of all places that the message has.
    pub points: Option<(u32, Vec<ExtremePoint>)>,
    /// The message that showed it.
    pub place: Place,
}

/// What came of a message.
pub(super) enum Outcome {
    /// It was folded in.
    Nothing,
    /// There was no room to tell its operation apart.
    NotTold,
    /// It is to be told at once.
    News { name: OperationName, is_new: bool, refuses: bool, ranges: Ranges, points: Option<(u32, Vec<ExtremePoint>)> },
}

/// So many are looked through one by one.
const FEW: usize = 16;

/// The operations of a link, in the order in which they were first seen; what finds one stands apart.
#[derive(Default)]
pub(super) struct Operations {
    known: Vec<Known>,
    /// Where each is, once they are more than a few.
    index: HashTable<u16>,
    all: Vec<Operation>,
    /// The next of what each end sends, if it goes on as it did before: most devices do the same over and over.
    expected: [Option<Expected>; 2],
    /// What those that were used since they were last handed over were used for.
    told: Vec<(u16, OperationUse)>,
    /// Octets that they take, with their names and what was seen of their values.
    octets: usize,
    /// Octets of what waits to be handed over.
    waiting: usize,
}

/// What tells an operation apart, and what its sender did after it the last time.
#[derive(Clone, Copy)]
struct Known {
    key: u64,
    next: u16,
}

/// An operation that is likely to come next: who is right needs to look at nothing else to find it.
#[derive(Clone, Copy)]
struct Expected {
    key: u64,
    place: u16,
    /// What its sender did before.
    behind: u16,
}

/// Octets of an operation with a short name: where there are fewer left, a further one is not told apart.
const OPERATION_OCTETS: usize = size_of::<Operation>() + 64;

/// What an allocation takes beside what is asked for.
const ALLOCATION_OCTETS: usize = 16;

struct Operation {
    name: OperationName,
    from: u8,
    /// Where in what is told it stands, once it was used.
    told: Option<u16>,
    /// The values that it ever showed.
    ever: Ranges,
    points: Option<Box<PointsSeen>>,
    results: Option<Box<ResultsSeen>>,
    extremes: u8,
}

impl Operations {
    /// Octets that they take.
    pub(super) const fn octets(&self) -> usize {
        self.octets
    }

    /// Octets of what waits to be handed over.
    pub(super) const fn waiting(&self) -> usize {
        self.waiting
    }

    /// Takes a message, and no more octets than there is room for but for those of one name and its values.
    #[inline]
    pub(super) fn take(
        &mut self,
        key: HashKey,
        room: usize,
        from: u8,
        message: &dyn Message,
        envelope: &Envelope,
        features: &Features,
    ) -> Outcome {
        let protocol = message.protocol();
        let secret = key;
        let key = identify(secret, protocol, envelope, features);
        let Some((place, is_new)) = self.find_or_add(key, room, from, || name(message, envelope, features)) else {
            return Outcome::NotTold;
        };
        let Some((operation, used)) = used(&mut self.all, &mut self.told, place) else { return Outcome::Nothing };
        used.count(envelope);
        let room = room > size_of::<PointsSeen>();
        if envelope.direction == Direction::Request {
            operation.results(message.results(), room, (&mut self.octets, &mut self.waiting));
        }
        let points = operation.points(message, secret, room, &mut self.octets);
        let beyond = operation.values(protocol, features, &mut used.ranges) || points.is_some();
        let is_told = is_new || (beyond && operation.is_to_be_told());
        let refuses = envelope.outcome == Answered::Negative;
        operation.news(is_new, is_told, refuses, points)
    }

    /// Takes a payload of a protocol that is not read: its size class is the operation.
    pub(super) fn take_opaque(&mut self, room: usize, from: u8, bytes: u64) -> Outcome {
        let class = u64::from(bytes.max(1).ilog2());
        let key = class << 1 | u64::from(from);
        let Some((place, is_new)) = self.find_or_add(key, room, from, || opaque(from, 1u64 << class)) else {
            return Outcome::NotTold;
        };
        let Some((operation, used)) = used(&mut self.all, &mut self.told, place) else { return Outcome::Nothing };
        used.count += 1;
        used.bytes = used.bytes.saturating_add(bytes);
        operation.news(is_new, is_new, false, None)
    }

    /// The place of an operation, and whether it is new; None where there is no room for a new one.
    #[inline]
    fn find_or_add(&mut self, key: u64, room: usize, from: u8, name: impl FnOnce() -> String) -> Option<(usize, bool)> {
        let direction = usize::from(from & 1);
        let expected = self.expected.get(direction).copied().flatten();
        let (place, is_new) = match expected.filter(|expected| expected.key == key) {
            Some(expected) => (usize::from(expected.place), false),
            None => {
                let found = self.find(key);
                let is_new = found.is_none();
                let place = match found {
                    Some(place) => place,
                    None if room >= OPERATION_OCTETS && self.all.len() < OPERATIONS_MAX => {
                        self.add(key, Operation::new(name().into(), from))
                    }
                    None => return None,
                };
                if let Some(before) = expected.and_then(|expected| self.known.get_mut(usize::from(expected.behind))) {
                    before.next = place as u16;
                }
                (place, is_new)
            }
        };
        if let Some(to) = self.expected.get_mut(direction)
            && let Some(Known { next, .. }) = self.known.get(place).copied()
            && let Some(Known { key, .. }) = self.known.get(usize::from(next)).copied()
        {
            *to = Some(Expected { key, place: next, behind: place as u16 });
        }
        if let Some(operation) = self.all.get_mut(place)
            && operation.told.is_none()
        {
            operation.told = Some(self.told.len() as u16);
            self.told.push((place as u16, OperationUse::nothing(operation.name.clone(), operation.from)));
            self.waiting += size_of::<OperationUse>();
        }
        Some((place, is_new))
    }

    fn find(&self, key: u64) -> Option<usize> {
        if self.known.len() <= FEW {
            self.known.iter().position(|known| known.key == key)
        } else {
            let is_it = |place: &u16| self.known.get(usize::from(*place)).is_some_and(|known| known.key == key);
            self.index.find(key, is_it).map(|&place| usize::from(place))
        }
    }

    fn add(&mut self, key: u64, operation: Operation) -> usize {
        let (place, before) = (self.all.len(), self.room_octets());
        self.octets += operation.name.len() + 2 * ALLOCATION_OCTETS;
        if place == self.all.capacity() {
            // A vector would double it.
            let more = 4 + place / 4;
            self.known.reserve_exact(more);
            self.all.reserve_exact(more);
        }
        self.known.push(Known { key, next: place as u16 });
        self.all.push(operation);
        // At most [`OPERATIONS_MAX`]; a key is a digest already, and finds its place by itself.
        let unplaced = match place {
            ..FEW => 0..0,
            FEW => 0..place + 1,
            _ => place..place + 1,
        };
        let known = &self.known;
        let key_of = |place: &u16| known.get(usize::from(*place)).map_or(0, |known| known.key);
        for place in unplaced.map(|place| place as u16) {
            self.index.insert_unique(key_of(&place), place, key_of);
        }
        self.octets += self.room_octets() - before;
        place
    }

    /// Octets of the room that there is for them.
    fn room_octets(&self) -> usize {
        let each = size_of::<Operation>() + size_of::<Known>();
        self.all.capacity() * each + self.index.allocation_size()
    }

    /// What operations were used for since they were last handed over, in the order in which they were first seen.
    pub(super) fn hand_over(&mut self) -> Vec<OperationUse> {
        self.waiting = 0;
        let mut told = std::mem::take(&mut self.told);
        told.sort_unstable_by_key(|(place, _)| *place);
        let all = &mut self.all;
        let told = told.into_iter().map(|(place, mut used)| {
            if let Some(operation) = all.get_mut(usize::from(place)) {
                (operation.told, operation.extremes) = (None, 0);
                used.points = operation.points.as_mut().map(|points| points.hand_over()).unwrap_or_default();
                used.results = operation.results.as_mut().map(|results| results.hand_over()).unwrap_or_default();
            }
            used
        });
        told.collect()
    }
}

/// An operation that is used, and what it was used for so far.
#[inline]
fn used<'a>(
    all: &'a mut [Operation],
    told: &'a mut [(u16, OperationUse)],
    place: usize,
) -> Option<(&'a mut Operation, &'a mut OperationUse)> {
    let operation = all.get_mut(place)?;
    let (_, used) = told.get_mut(usize::from(operation.told?))?;
    Some((operation, used))
}

impl Operation {
    fn new(name: OperationName, from: u8) -> Self {
        Self { name, from, told: None, ever: Ranges::default(), points: None, results: None, extremes: 0 }
    }

    /// Whether values beyond all before are still told in this minute.
    const fn is_to_be_told(&mut self) -> bool {
        let told = self.extremes < EXTREMES_MAX;
        self.extremes += told as u8;
        told
    }

    fn news(&self, is_new: bool, told: bool, refuses: bool, points: Option<(u32, Vec<ExtremePoint>)>) -> Outcome {
        if told {
            Outcome::News { name: self.name.clone(), is_new, refuses, ranges: self.ever, points }
        } else {
            Outcome::Nothing
        }
    }

    /// Takes the values at the places that a message reads or writes: the first of the places, and those beyond all before.
    #[inline]
    fn points(
        &mut self,
        message: &dyn Message,
        key: HashKey,
        room: bool,
        octets: &mut usize,
    ) -> Option<(u32, Vec<ExtremePoint>)> {
        let points = message.points()?;
        let before = self.points.as_ref().map_or(0, |seen| seen.octets());
        if before == 0 && !room {
            return None;
        }
        let seen = self.points.get_or_insert_with(|| Box::new(PointsSeen::new(points.first)));
        let mut extremes = Vec::new();
        seen.take(&points, key, room, &mut extremes);
        *octets += seen.octets() - before;
        (!extremes.is_empty()).then_some((points.first, extremes))
    }

    /// Takes the results that a message carries.
    #[inline]
    fn results(&mut self, results: &[Measured], room: bool, (octets, waiting): (&mut usize, &mut usize)) {
        let before = self.results.as_ref().map_or((0, 0), |seen| (seen.octets(), seen.waiting()));
        if results.is_empty() || before.0 == 0 && !room {
            return;
        }
        let seen = self.results.get_or_insert_default();
        seen.take(results, room);
        *octets += seen.octets() - before.0;
        *waiting += seen.waiting() - before.1;
    }

    /// Takes the values of a message; true where one is beyond all before.
    #[inline]
    fn values(&mut self, protocol: &'static Protocol, features: &Features, now: &mut Ranges) -> bool {
        let mut beyond = false;
        for (place, feature) in ranged(protocol).enumerate() {
            let Some(&value) = features.get(feature).filter(|&&value| value != NO_VALUE) else { continue };
            if let Some(range) = now.get_mut(place) {
                widen(range, value);
            }
            if let Some(range) = self.ever.get_mut(place) {
                beyond |= widen(range, value);
            }
        }
        beyond
    }
}

impl OperationUse {
    /// It was done once.
    #[must_use]
    pub fn once(name: OperationName, from: u8) -> Self {
        Self { count: 1, ..Self::nothing(name, from) }
    }

    #[inline]
    fn count(&mut self, envelope: &Envelope) {
        self.count += 1;
        self.bytes = self.bytes.saturating_add(envelope.bytes);
        self.largest = self.largest.max(envelope.bytes);
        self.refused += u64::from(envelope.outcome == Answered::Negative);
        if let Some(nanos) = envelope.response_nanos {
            let micros = nanos / 1000;
            self.responses.count += 1;
            self.responses.sum = self.responses.sum.saturating_add(micros);
            self.responses.max = self.responses.max.max(micros);
        }
    }

    const fn nothing(name: OperationName, from: u8) -> Self {
        Self {
            name,
            from,
            count: 0,
            bytes: 0,
            largest: 0,
            refused: 0,
            ranges: [None; RANGES_MAX],
            responses: ResponseTimes { count: 0, sum: 0, max: 0 },
            points: PointsUse { first: 0, ranges: Vec::new(), looped: None },
            results: Vec::new(),
        }
    }
}

/// True where the range grows.
fn widen(range: &mut Option<(u64, u64)>, value: u64) -> bool {
    let (low, high) = range.unwrap_or((value, value));
    let beyond = range.is_none() || value < low || value > high;
    *range = Some((low.min(value), high.max(value)));
    beyond
}

/// The features of a protocol whose values form a range.
fn ranged(protocol: &'static Protocol) -> impl Iterator<Item = usize> {
    let range = |feature: &wardtap_dissect::Feature| feature.learned == Learned::Range;
    (0..).zip(protocol.features).filter(move |(_, feature)| range(feature)).map(|(place, _)| place).take(RANGES_MAX)
}

/// What tells operations apart: the protocol, the kind and direction, and the features that name one.
#[inline]
fn identify(key: HashKey, protocol: &'static Protocol, envelope: &Envelope, features: &Features) -> u64 {
    let mut named = [NO_VALUE; FEATURES_MAX];
    for ((named, feature), value) in named.iter_mut().zip(protocol.features).zip(features) {
        if feature.learned.names_operations() {
            *named = *value;
        }
    }
    let [a, b, c, d, e, f, g, h, i, j] = named;
    let one = fold(a ^ key.0, b ^ key.1) ^ fold(c ^ key.1, d ^ key.0.rotate_left(7)).rotate_left(21);
    let other = fold(e ^ key.0.rotate_left(13), f ^ key.1) ^ fold(g ^ key.1.rotate_left(29), h ^ key.0).rotate_left(43);
    let rest = (protocol.index as u64) << 33
        | (envelope.kind as u64) << 1
        | u64::from(envelope.direction == Direction::Response);
    fold(one ^ rest, other ^ fold(i ^ key.1.rotate_left(37), j ^ key.0))
}
