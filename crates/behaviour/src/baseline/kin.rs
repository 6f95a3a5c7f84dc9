//! What devices of one kind have in common: the values of operations that one initiator exchanges with many devices, or with
//! many units behind one.
//!
//! What a controller of a kind shows for the first time is nothing to tell of where another of its kind has shown it. Of one
//! kind is what one initiator asks on one service in the same words, whatever the device and the unit: nothing need be known
//! of makers and models, which nobody sees behind a router.

use std::hash::{BuildHasher, Hash, Hasher};

use hashbrown::{HashMap, HashSet};

use super::profile::LinkProfile;
use crate::links::points::PointRange;
use crate::links::{RANGES_MAX, is_answer, is_opaque, kind_of, parts, whoever_it_is_for};

/// What is asked of so many is nothing new to ask of another of their kind.
pub const ASKED_MIN: u32 = 2;

/// The values of all kinds.
#[derive(Default)]
pub struct Kin {
    by_kind: HashMap<Kind, Values, foldhash::fast::RandomState>,
    /// Of how many it is asked.
    asked: HashMap<Kind, u32, foldhash::fast::RandomState>,
    /// To how many a service answers it.
    answered: HashMap<Kind, u32, foldhash::fast::RandomState>,
    /// Which words of kinds of messages an initiator exchanges with anybody, on a transport and port.
    done: HashSet<u64, foldhash::fast::RandomState>,
    digests: foldhash::quality::RandomState,
}

/// The digest of an initiator, the transport and port, and an operation, whoever it is for. There are far fewer than it
/// would take for two of them to be the same.
type Kind = u64;

/// The values of one kind.
#[derive(Default)]
struct Values {
    ranges: [Shared<Option<(u64, u64)>>; RANGES_MAX],
    /// The first place of those below.
    first: u32,
    points: Vec<Shared<PointRange>>,
}

/// The range of all, and the widest that is within those of two at least.
#[derive(Clone, Copy, Default)]
struct Shared<T> {
    all: T,
    two: T,
}

/// The kin of a link.
#[derive(Clone, Copy)]
pub struct KinOf<'a> {
    kin: &'a Kin,
    /// The digest of the initiator and what it uses.
    asks: u64,
    /// What one device alone has shown does not count: it may be the one that is asked about.
    others: bool,
}

impl Kin {
    /// Takes in what is normal on a link of an initiator and a responder, on a transport and port.
    pub fn add(&mut self, [initiator, responder]: [impl Hash; 2], service: (u8, u16), profile: &LinkProfile) {
        let (asks, answers) = (self.asks(initiator, service), self.asks(responder, service));
        let mut kinds = Vec::with_capacity(profile.operations.len());
        for (name, operation) in profile.operations.iter() {
            self.done.extend(words(name).map(|word| self.digests.hash_one((asks, word))));
            if is_answer(name) {
                *self.answered.entry(kind(&self.digests, answers, name)).or_default() += 1;
            }
            let kind = kind(&self.digests, asks, name);
            kinds.push((name, kind));
            if !is_opaque(name) {
                *self.asked.entry(kind).or_default() += 1;
            }
            if operation.ranges.iter().all(Option::is_none) {
                continue;
            }
            let values = self.by_kind.entry(kind).or_default();
            for (range, more) in values.ranges.iter_mut().zip(operation.ranges) {
                range.take_values(more);
            }
        }
        // Both are in the order of their names.
        let mut kinds = kinds.into_iter().peekable();
        for (name, points) in profile.points.iter() {
            while kinds.next_if(|(known, _)| *known < name).is_some() {}
            let kind = match kinds.next_if(|(known, _)| *known == name) {
                Some((_, kind)) => kind,
                None => kind(&self.digests, asks, name),
            };
            let values = self.by_kind.entry(kind).or_default();
            if values.points.is_empty() {
                values.first = points.first;
            }
            if values.first != points.first {
                continue;
            }
            if values.points.len() < points.points.len() {
                let none = Shared { all: PointRange::NONE, two: PointRange::NONE };
                values.points.resize(points.points.len(), none);
            }
            for (range, more) in values.points.iter_mut().zip(&points.points) {
                range.take_point(more.range);
            }
        }
    }

    /// Whether an initiator exchanges messages of the kind of an operation with anybody, on a transport and port, and each of
    /// its words.
    #[must_use]
    pub fn does(&self, initiator: impl Hash, service: (u8, u16), operation: &str) -> bool {
        let asks = self.asks(initiator, service);
        words(operation).all(|word| self.done.contains(&self.digests.hash_one((asks, word))))
    }

    /// Whether a responder answers so many others in the same words that it may answer anybody so, on a transport and port.
    #[must_use]
    pub fn answers(&self, responder: impl Hash, service: (u8, u16), operation: &str) -> bool {
        let answered = self.answered.get(&kind(&self.digests, self.asks(responder, service), operation));
        answered.is_some_and(|answered| *answered >= ASKED_MIN)
    }

    /// All is taken in: gives back the room that was made for more.
    pub(crate) fn shrink(&mut self) {
        self.by_kind.shrink_to_fit();
        self.by_kind.values_mut().for_each(|values| values.points.shrink_to_fit());
        self.asked.shrink_to_fit();
        self.answered.shrink_to_fit();
        self.done.shrink_to_fit();
    }

    /// The kin of a link of an initiator, itself among them.
    #[must_use]
    pub fn of(&self, initiator: impl Hash, service: (u8, u16)) -> KinOf<'_> {
        KinOf { kin: self, asks: self.asks(initiator, service), others: false }
    }

    /// The kin of a link of an initiator without the link itself.
    #[must_use]
    pub fn others_than(&self, initiator: impl Hash, service: (u8, u16)) -> KinOf<'_> {
        KinOf { others: true, ..self.of(initiator, service) }
    }

    fn asks(&self, initiator: impl Hash, service: (u8, u16)) -> u64 {
        self.digests.hash_one((initiator, service))
    }
}

/// The kind of an operation with nothing, and with each of the features that name it.
fn words(operation: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let kind = kind_of(operation);
    std::iter::once((kind, None)).chain(parts(operation).skip(1).map(move |part| (kind, Some(part))))
}

fn kind(digests: &impl BuildHasher, asks: u64, operation: &str) -> Kind {
    let mut kind = digests.build_hasher();
    asks.hash(&mut kind);
    whoever_it_is_for(operation).for_each(|part| part.hash(&mut kind));
    kind.finish()
}

impl KinOf<'_> {
    /// Whether an operation is asked, in the same words, of so many others that it may be of any of them.
    #[must_use]
    pub fn has_operation(&self, operation: &str) -> bool {
        let asked = self.kin.asked.get(&kind(&self.kin.digests, self.asks, operation));
        asked.is_some_and(|asked| *asked >= ASKED_MIN)
    }

    /// Whether a value of an operation is among those of its kin.
    #[must_use]
    pub fn has_value(&self, operation: &str, place: usize, value: u64) -> bool {
        let range = self.values(operation).and_then(|values| values.ranges.get(place));
        let range = range.and_then(|range| if self.others { range.two } else { range.all });
        range.is_some_and(|(low, high)| low <= value && value <= high)
    }

    /// Whether a value at a place, counted from `first`, is among those of its kin.
    #[must_use]
    pub fn has_point(&self, operation: &str, (first, place): (u32, usize), value: i32) -> bool {
        let values = self.values(operation).filter(|values| values.first == first);
        let range = values.and_then(|values| values.points.get(place));
        range.is_some_and(|range| if self.others { range.two } else { range.all }.has(value))
    }

    fn values(&self, operation: &str) -> Option<&Values> {
        self.kin.by_kind.get(&kind(&self.kin.digests, self.asks, operation))
    }
}

impl Shared<Option<(u64, u64)>> {
    fn take_values(&mut self, more: Option<(u64, u64)>) {
        let Some(more) = more else { return };
        let all = self.all.unwrap_or((u64::MAX, 0));
        let two = self.two.unwrap_or((u64::MAX, 0));
        self.two = Some((two.0.min(all.0.max(more.0)), two.1.max(all.1.min(more.1)))).filter(|(low, high)| low <= high);
        self.all = Some((all.0.min(more.0), all.1.max(more.1)));
    }
}

impl Shared<PointRange> {
    fn take_point(&mut self, more: PointRange) {
        if more.is_none() {
            return;
        }
        let (all, two) = (&self.all, &mut self.two);
        two.low = two.low.min(all.low.max(more.low));
        two.high = two.high.max(all.high.min(more.high));
        two.low_signed = two.low_signed.min(all.low_signed.max(more.low_signed));
        two.high_signed = two.high_signed.max(all.high_signed.min(more.high_signed));
        self.all.widen(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::points::{PointProfile, PointsProfile};
    use crate::baseline::profile::OperationProfile;

    const READ: &str = "modbus read-holding-registers (answer)\tfunction=3\tunit=1\taddress=100";
    const WRITE: &str = "modbus write-single-register\tfunction=6\tunit=1\taddress=100";

    const SERVICE: (u8, u16) = (6, 502);

    /// A link on which one place was read, and written, with values up to this.
    fn link(unit: &str, high: i16) -> LinkProfile {
        let named = |name: &str| name.replace("unit=1", unit);
        let mut range = PointRange::of(10);
        range.widen(PointRange::of(high.cast_unsigned()));
        let point = PointProfile { range, still: 0, rises: 0, only_rises: false };
        let points = PointsProfile { first: 100, points: vec![point], ..PointsProfile::default() };
        let ranges = [Some((10, high.unsigned_abs().into())), None];
        let write = OperationProfile { ranges, ..OperationProfile::default() };
        LinkProfile {
            operations: [(named(WRITE), write)].into_iter().collect(),
            points: [(named(READ), points)].into_iter().collect(),
            ..LinkProfile::default()
        }
    }

    #[test]
    fn who_asks_others_in_the_same_words_does_it_usually() {
        let mut kin = Kin::default();
        kin.add(["a", "r"], SERVICE, &link("unit=1", 20));
        assert!(kin.does("a", SERVICE, WRITE));
        assert!(!kin.does("a", SERVICE, &WRITE.replace("function=6", "function=16")), "another word");
        assert!(!kin.does("b", SERVICE, WRITE) && !kin.does("a", (6, 503), WRITE));
    }

    #[test]
    fn a_value_of_another_unit_is_of_the_kin() {
        let mut kin = Kin::default();
        kin.add(["a", "r"], SERVICE, &link("unit=1", 20));
        kin.add(["a", "r"], SERVICE, &link("unit=7", 50));
        let of = kin.of("a", SERVICE);
        assert!(of.has_point(READ, (100, 0), 50) && of.has_value(WRITE, 0, 50), "of another unit of another device");
        assert!(!of.has_point(READ, (100, 0), 51) && !of.has_value(WRITE, 0, 51), "of nobody");
        assert!(!of.has_point(READ, (100, 0), 9) && !of.has_value(WRITE, 0, 9));
        assert!(!of.has_point(READ, (99, 0), 50), "another place");
        let other_block = READ.replace("address=100", "address=99");
        assert!(!of.has_point(&other_block, (100, 0), 50) && !kin.of("a", (6, 503)).has_value(WRITE, 0, 50));
        assert!(!kin.of("b", SERVICE).has_value(WRITE, 0, 50), "what another initiator writes is of another kind");
    }

    #[test]
    fn what_is_asked_of_two_may_be_asked_of_a_third() {
        let mut kin = Kin::default();
        kin.add(["a", "r"], SERVICE, &link("unit=1", 20));
        assert!(!kin.of("a", SERVICE).has_operation(&WRITE.replace("unit=1", "unit=3")), "of one alone");
        kin.add(["a", "r"], SERVICE, &link("unit=2", 20));
        let of = kin.of("a", SERVICE);
        assert!(of.has_operation(&WRITE.replace("unit=1", "unit=3")));
        assert!(!of.has_operation(&WRITE.replace("address=100", "address=101")), "in other words");
        assert!(!kin.of("b", SERVICE).has_operation(WRITE), "by another");
        let mut kin = Kin::default();
        for unit in ["unit=1", "unit=2", "unit=3"] {
            let name = "payload\tfrom=initiator\tsize=64";
            let operations = [(name, OperationProfile::default())].into_iter().collect();
            kin.add(["a", "r"], SERVICE, &LinkProfile { operations, ..link(unit, 1) });
            assert!(!kin.of("a", SERVICE).has_operation(name), "a size says nothing of what is asked");
        }
    }

    #[test]
    fn what_two_were_answered_may_be_answered_to_a_third() {
        let answers = || {
            let operations = [READ, WRITE].map(|name| (name, OperationProfile::default())).into_iter().collect();
            LinkProfile { operations, ..LinkProfile::default() }
        };
        let mut kin = Kin::default();
        kin.add(["a", "r"], SERVICE, &answers());
        assert!(!kin.answers("r", SERVICE, READ), "to one alone");
        kin.add(["b", "r"], SERVICE, &answers());
        assert!(kin.answers("r", SERVICE, READ));
        assert!(!kin.answers("r", SERVICE, WRITE), "what is asked is no answer");
        assert!(!kin.answers("r", SERVICE, &READ.replace("address=100", "address=101")), "in other words");
        assert!(!kin.answers("s", SERVICE, READ) && !kin.answers("r", (6, 503), READ), "by another");
    }

    #[test]
    fn what_one_alone_has_shown_does_not_speak_for_itself() {
        let mut kin = Kin::default();
        kin.add(["a", "r"], SERVICE, &link("unit=1", 90));
        assert!(!kin.others_than("a", SERVICE).has_value(WRITE, 0, 10), "it has no kin");
        kin.add(["a", "r"], SERVICE, &link("unit=1", 50));
        kin.add(["a", "r"], SERVICE, &link("unit=1", -30));
        let others = kin.others_than("a", SERVICE);
        assert!(others.has_value(WRITE, 0, 50) && others.has_point(READ, (100, 0), 50));
        assert!(!others.has_value(WRITE, 0, 51) && !others.has_point(READ, (100, 0), 51), "it alone went to 90");
        assert!(!others.has_point(READ, (100, 0), -20), "one alone went below nought");
        assert!(kin.of("a", SERVICE).has_point(READ, (100, 0), -20), "but was of the kin");
    }
}
