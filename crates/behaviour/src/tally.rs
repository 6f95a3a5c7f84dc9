//! What a pair of devices does in one protocol, folded on the worker.
//!
//! A message costs a few additions here. The judge hears of a pair only when something about it has become worth a
//! look: a refusal, a further target, a long ascent through addresses. Counts are cumulative, so that neither the
//! number of workers nor the cuts between batches show.

use wardtap_dissect::{Direction, Envelope, FEATURES_MAX, Features, Message, NO_VALUE, Outcome, Protocol, Target};
use wardtap_net::address::Address;
use wardtap_net::flow::{HashKey, fold};
use wardtap_net::stream::Side;

use crate::observation::Place;
use crate::slots::{self, Slot, Slots};

/// Targets told apart for one pair: all Modbus unit ids, and more AE titles than any archive has. Messages for further
/// ones are counted.
pub const TARGETS_MAX: usize = 256;

/// Target names kept for people to read.
pub const TARGET_NAMES_MAX: usize = 8;

/// Pairs looked at to find the one that gives its targets up.
const GIVING_UP: usize = 8;

/// A run of ascending addresses is reported whenever it has grown by so much.
const ASCENT_STEP: u32 = 64;

/// A run of refused ascending addresses is reported from this length on, at every step.
pub const REFUSED_ASCENT_MIN: u32 = 8;

/// Who asks whom, in which protocol.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// Who asks.
    pub requester: Address,
    /// Who answers.
    pub responder: Address,
    /// In what.
    pub protocol: &'static Protocol,
}

impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        self.requester == other.requester
            && self.responder == other.responder
            && self.protocol.index == other.protocol.index
    }
}

impl Eq for Pair {}

impl Pair {
    fn hash(&self, key: HashKey) -> u64 {
        let ((a, b), (c, d)) = (self.requester.halves(), self.responder.halves());
        fold(fold(b ^ key.0, d ^ key.1 ^ self.protocol.index as u64), (a ^ c.rotate_left(32)) ^ key.0)
    }
}

/// What a pair has done since it was first seen.
#[derive(Clone, Debug)]
pub struct Tally {
    /// The pair.
    pub pair: Pair,
    /// Messages that ask.
    pub requests: u64,
    /// Messages that answer.
    pub responses: u64,
    /// Answers that refuse.
    pub refusals: u64,
    /// The targets asked for.
    pub targets: TargetCounts,
    /// The first names of targets, where they have names.
    pub target_names: Vec<String>,
    /// The longest run of requests each for a higher address than the one before.
    pub ascent: Ascent,
    /// The longest run of refusals each for a higher address than the one before.
    pub refused_ascent: Ascent,
    /// Bytes missing on the pair's flows.
    pub gap_bytes: u64,
    /// The first request.
    pub first: Place,
    /// The latest message.
    pub last: Place,
    /// The first and latest refusal since the tally was last told.
    pub refused: Option<(Place, Place)>,
}

/// How the targets of a pair have fared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TargetCounts {
    /// Different targets asked for.
    pub distinct: u32,
    /// Asked for a few times only, and never answered but with a refusal, or not at all.
    pub in_vain: u32,
    /// Asked for at most twice, and answered.
    pub visited: u32,
}

/// A run of ever higher addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ascent {
    /// How many messages.
    pub length: u32,
    /// The address it began with.
    pub from: u64,
    /// The address it has reached.
    pub to: u64,
}

impl Ascent {
    /// Takes the next address; true when the run has become longer.
    fn take(&mut self, address: u64) -> bool {
        if self.length > 0 && address > self.to {
            self.length = self.length.saturating_add(1);
            self.to = address;
            true
        } else {
            *self = Self { length: 1, from: address, to: address };
            false
        }
    }
}

/// What became of the messages for one target.
#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    target: u64,
    requests: u32,
    positive: u32,
    refused: u32,
}

/// Asking for the same target more often than this is polling, not searching; retries are allowed for.
const SEARCH_REQUESTS_MAX: u32 = 5;

/// Features that nobody asks for.
const NONE: Features = [NO_VALUE; FEATURES_MAX];

/// A pair as it is kept. What every message touches comes first: two cache lines of it.
#[repr(C)]
struct Entry {
    /// Of its pair.
    hash: u64,
    /// The judge is to hear of it.
    told: bool,
    /// Whether `latest` holds a target.
    has_targets: bool,
    /// The place of the feature that is an address.
    position: Option<u8>,
    requests: u64,
    responses: u64,
    last: Place,
    /// The ascent under way; `longest` is the longest so far.
    ascent: Ascent,
    /// The target asked for last: most pairs ask for one.
    latest: Asked,
    target: Option<&'static Target>,
    longest: Ascent,
    pair: Pair,
    first: Place,
    rare: Option<Box<Rare>>,
}

/// What most pairs never need.
#[derive(Default)]
struct Rare {
    /// The targets but for the latest.
    asked: Vec<Asked>,
    target_names: Vec<String>,
    gap_bytes: u64,
    refusals: u64,
    /// The run of refusals under way; `longest` is the longest so far.
    ascent: Ascent,
    longest: Ascent,
    refused: Option<(Place, Place)>,
}

/// The pairs of one shard.
pub struct Pairs {
    key: HashKey,
    slots: Slots<Entry>,
    news: Vec<Slot>,
    evicted: u64,
    targets: Targets,
    targets_bytes_max: usize,
    /// The pair whose targets were looked at last.
    targets_hand: usize,
}

/// What the targets of all pairs take.
#[derive(Default)]
struct Targets {
    bytes: usize,
    /// Targets given up, and messages for targets that are not told apart.
    evicted: u64,
}

/// A place in [`Pairs`], kept with a flow so that its messages need no look-up; it is void once the pair was given up, and
/// for messages by which the other end asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairSlot {
    slot: Slot,
    requester: Side,
}

// One stands in every flow.
const _: () = assert!(size_of::<Option<PairSlot>>() == 8);

impl PairSlot {
    /// The end of the flow that asks.
    #[must_use]
    pub const fn requester(self) -> Side {
        self.requester
    }
}

impl Pairs {
    /// An empty table for at most `max` pairs (and never more than 65,536), whose targets and their names take no more than
    /// `targets_bytes_max` octets.
    #[must_use]
    pub fn new(key: HashKey, max: usize, targets_bytes_max: usize) -> Self {
        Self {
            key,
            slots: Slots::new(max),
            news: Vec::new(),
            evicted: 0,
            targets: Targets::default(),
            targets_bytes_max,
            targets_hand: 0,
        }
    }

    /// Pairs given up for want of room.
    #[must_use]
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Targets given up for want of room, and messages for targets that are not told apart.
    #[must_use]
    pub const fn evicted_targets(&self) -> u64 {
        self.targets.evicted
    }

    /// Octets that the targets of all pairs take.
    #[must_use]
    pub const fn targets_bytes(&self) -> usize {
        self.targets.bytes
    }

    /// Folds a message in. `slot` is what the last call for the same flow gave back; the pair is asked for only where that
    /// does not serve, and the features only of a protocol with targets or positions.
    #[inline]
    pub fn fold(
        &mut self,
        slot: Option<PairSlot>,
        pair: impl FnOnce() -> Pair,
        message: &dyn Message,
        envelope: &Envelope,
        features: impl FnOnce() -> Features,
        place: Place,
    ) -> PairSlot {
        let requester = envelope.requester();
        let slot = match slot {
            Some(slot) if slot.requester == requester && self.slots.get_mut(slot.slot).is_some() => slot,
            _ => PairSlot { slot: self.find_or_add(&pair(), place), requester },
        };
        self.slots.touch(slot.slot);
        if let Some(entry) = self.slots.get_mut(slot.slot)
            && entry.take(message, envelope, features, place, &mut self.targets)
            && !entry.told
        {
            entry.told = true;
            self.news.push(slot.slot);
        }
        if self.targets.bytes > self.targets_bytes_max {
            self.give_up_targets();
        }
        slot
    }

    /// Bytes were missing on a flow of the pair.
    pub fn gap(&mut self, slot: PairSlot, bytes: u64) {
        if let Some(entry) = self.slots.get_mut(slot.slot) {
            let rare = entry.rare.get_or_insert_default();
            rare.gap_bytes = rare.gap_bytes.saturating_add(bytes);
        }
    }

    /// Hands over the tallies of all pairs that have become worth a look, in the order in which they did.
    pub fn hand_over(&mut self, mut to: impl FnMut(Tally)) {
        if self.news.is_empty() {
            return;
        }
        for slot in std::mem::take(&mut self.news) {
            let Some(entry) = self.slots.get_mut(slot) else { continue };
            if std::mem::take(&mut entry.told) {
                to(entry.tally());
                if let Some(rare) = &mut entry.rare {
                    rare.refused = None;
                }
            }
        }
    }

    fn find_or_add(&mut self, pair: &Pair, place: Place) -> Slot {
        let hash = pair.hash(self.key);
        if let Some(slot) = self.slots.find(hash, |entry| entry.pair == *pair) {
            return slot;
        }
        let (slot, old) = self.slots.add(Entry::new(*pair, hash, place));
        if let Some(old) = old {
            self.evicted += 1;
            self.targets.bytes = self.targets.bytes.saturating_sub(old.targets_bytes());
        }
        slot
    }

    /// Of the next pairs that have targets, the one that has been silent longest gives them up, until there is room.
    #[cold]
    fn give_up_targets(&mut self) {
        while self.targets.bytes > self.targets_bytes_max {
            let mut chosen: Option<(Place, usize)> = None;
            let mut passed = 0;
            for _ in 0..self.slots.len() {
                self.targets_hand = (self.targets_hand + 1) % self.slots.len().max(1);
                let Some(entry) = self.slots.at_mut(self.targets_hand).filter(|entry| entry.targets_bytes() > 0) else {
                    continue;
                };
                if chosen.is_none_or(|(last, _)| entry.last.time < last.time) {
                    chosen = Some((entry.last, self.targets_hand));
                }
                passed += 1;
                if passed >= GIVING_UP {
                    break;
                }
            }
            let Some(entry) = chosen.and_then(|(_, place)| self.slots.at_mut(place)) else { return };
            self.targets.bytes = self.targets.bytes.saturating_sub(entry.targets_bytes());
            self.targets.evicted += u64::from(entry.target_counts().distinct);
            entry.forget_targets();
        }
    }
}

impl slots::Entry for Entry {
    fn hash(&self) -> u64 {
        self.hash
    }
}

impl Entry {
    fn new(pair: Pair, hash: u64, place: Place) -> Self {
        let protocol = pair.protocol;
        Self {
            hash,
            told: false,
            has_targets: false,
            position: protocol.position().and_then(|feature| u8::try_from(feature).ok()),
            requests: 0,
            responses: 0,
            last: place,
            ascent: Ascent::default(),
            latest: Asked::default(),
            target: protocol.target.as_ref(),
            longest: Ascent::default(),
            pair,
            first: place,
            rare: None,
        }
    }

    /// What it has done so far.
    fn tally(&self) -> Tally {
        let rare = self.rare.as_deref();
        Tally {
            pair: self.pair,
            requests: self.requests,
            responses: self.responses,
            refusals: rare.map_or(0, |rare| rare.refusals),
            targets: self.target_counts(),
            target_names: rare.map_or(Vec::new(), |rare| rare.target_names.clone()),
            ascent: self.longest,
            refused_ascent: rare.map_or(Ascent::default(), |rare| rare.longest),
            gap_bytes: rare.map_or(0, |rare| rare.gap_bytes),
            first: self.first,
            last: self.last,
            refused: rare.and_then(|rare| rare.refused),
        }
    }

    /// Folds a message in; true when the judge should hear of it.
    #[inline]
    fn take(
        &mut self,
        message: &dyn Message,
        envelope: &Envelope,
        features: impl FnOnce() -> Features,
        place: Place,
        targets: &mut Targets,
    ) -> bool {
        self.last = place;
        let features = if self.target.is_some() || self.position.is_some() { features() } else { NONE };
        let value = |feature: u8| features.get(usize::from(feature)).copied().filter(|&value| value != NO_VALUE);
        let address = self.position.and_then(value);
        let mut news = false;
        match envelope.direction {
            Direction::Request => {
                self.requests += 1;
                if let Some(address) = address
                    && self.ascent.take(address)
                    && self.ascent.length > self.longest.length
                {
                    self.longest = self.ascent;
                    news = self.ascent.length.is_multiple_of(ASCENT_STEP);
                }
            }
            Direction::Response => {
                self.responses += 1;
                if envelope.outcome == Outcome::Negative {
                    news = true;
                    self.refusal(address, place);
                }
            }
        }
        if let Some(target) = self.target
            && let Some(value) = (target.of)(envelope.kind, &features)
        {
            if !self.has_targets || self.latest.target != value {
                news |= self.turn_to(value, message, target.named_by, targets);
            }
            if self.latest.target == value {
                self.latest.count(envelope);
            }
        }
        news
    }

    #[cold]
    fn refusal(&mut self, address: Option<u64>, place: Place) {
        let rare = self.rare.get_or_insert_default();
        rare.refusals += 1;
        let first = rare.refused.map_or(place, |(first, _)| first);
        rare.refused = Some((first, place));
        if let Some(address) = address
            && rare.ascent.take(address)
            && rare.ascent.length > rare.longest.length
        {
            rare.longest = rare.ascent;
        }
    }

    /// Makes another target the latest, where there is room to remember it; true when it is a further one.
    fn turn_to(&mut self, value: u64, message: &dyn Message, named_by: &[usize], targets: &mut Targets) -> bool {
        if self.has_targets
            && let Some(known) =
                self.rare.as_mut().and_then(|rare| rare.asked.iter_mut().find(|asked| asked.target == value))
        {
            std::mem::swap(known, &mut self.latest);
            return false;
        }
        let others = self.rare.as_ref().map_or(0, |rare| rare.asked.len());
        if others + usize::from(self.has_targets) >= TARGETS_MAX {
            targets.evicted += 1;
            return false;
        }
        let held = self.targets_bytes();
        if !named_by.is_empty() {
            self.name(message, named_by);
        }
        let further = std::mem::replace(&mut self.has_targets, true);
        let before = std::mem::replace(&mut self.latest, Asked { target: value, ..Asked::default() });
        if further {
            self.rare.get_or_insert_default().asked.push(before);
        }
        targets.bytes += self.targets_bytes() - held;
        further
    }

    /// Octets that its targets and their names take: they only grow, until they are given up.
    fn targets_bytes(&self) -> usize {
        self.rare.as_deref().map_or(0, |rare| {
            let names: usize = rare.target_names.iter().map(String::capacity).sum();
            rare.asked.capacity() * size_of::<Asked>() + rare.target_names.capacity() * size_of::<String>() + names
        })
    }

    fn forget_targets(&mut self) {
        self.has_targets = false;
        self.latest = Asked::default();
        if let Some(rare) = &mut self.rare {
            rare.asked = Vec::new();
            rare.target_names = Vec::new();
        }
    }

    /// Keeps the name of a target for people to read, if it is one of the first.
    fn name(&mut self, message: &dyn Message, named_by: &[usize]) {
        let rare = self.rare.get_or_insert_default();
        if rare.target_names.len() < TARGET_NAMES_MAX {
            let names = named_by.iter().filter_map(|&feature| message.feature_text(feature));
            let names: Vec<String> = names.map(|text| text.to_string()).collect();
            if !names.is_empty() {
                rare.target_names.push(names.join(" from "));
            }
        }
    }

    fn target_counts(&self) -> TargetCounts {
        let others = self.rare.as_ref().map_or(&[][..], |rare| &rare.asked);
        let mut counts = TargetCounts::default();
        for asked in others.iter().chain(self.has_targets.then_some(&self.latest)) {
            counts.distinct += 1;
            if asked.positive == 0 && asked.requests <= SEARCH_REQUESTS_MAX {
                counts.in_vain += 1;
            } else if asked.positive > 0 && asked.requests <= 2 {
                counts.visited += 1;
            }
        }
        counts
    }
}

impl Asked {
    #[inline]
    fn count(&mut self, envelope: &Envelope) {
        let count = match (envelope.direction, envelope.outcome) {
            (Direction::Request, _) => &mut self.requests,
            (_, Outcome::Negative) => &mut self.refused,
            _ => &mut self.positive,
        };
        *count = count.saturating_add(1);
    }
}
