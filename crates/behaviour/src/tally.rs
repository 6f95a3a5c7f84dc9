//! What a pair of devices does in one protocol, folded on the worker.
//!
//! A message costs a few additions here. The judge hears of a pair only when something about it has become worth a
//! look: a refusal, a further target, a long ascent through addresses. Counts are cumulative, so that neither the
//! number of workers nor the cuts between batches show.

use hashbrown::HashTable;
use wardtap_dissect::{Direction, Features, Message, NO_VALUE, Outcome, Protocol};
use wardtap_net::address::Address;
use wardtap_net::flow::{HashKey, fold};

use crate::observation::Place;

/// Targets told apart for one pair: all Modbus unit ids, and more AE titles than any archive has.
pub const TARGETS_MAX: usize = 256;

/// Target names kept for people to read.
pub const TARGET_NAMES_MAX: usize = 8;

/// A run of ascending addresses is reported whenever it has grown by so much.
const ASCENT_STEP: u32 = 64;

/// A run of refused ascending addresses is reported from this length on, at every step.
pub const REFUSED_ASCENT_MIN: u32 = 8;

/// Who asks whom, in which protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Who asks.
    pub requester: Address,
    /// Who answers.
    pub responder: Address,
    /// Index of the protocol.
    pub protocol: usize,
}

impl Pair {
    fn hash(&self, key: HashKey) -> u64 {
        let ((a, b), (c, d)) = (self.requester.halves(), self.responder.halves());
        fold(fold(b ^ key.0, d ^ key.1 ^ self.protocol as u64), (a ^ c.rotate_left(32)) ^ key.0)
    }
}

/// What a pair has done since it was first seen.
#[derive(Clone, Debug)]
pub struct Tally {
    /// The pair.
    pub pair: Pair,
    /// The protocol.
    pub protocol: &'static Protocol,
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

#[derive(Clone, Copy, Debug)]
struct Asked {
    target: u64,
    requests: u32,
    positive: u32,
    refused: u32,
}

/// Asking for the same target more often than this is polling, not searching; retries are allowed for.
const SEARCH_REQUESTS_MAX: u32 = 5;

struct Entry {
    tally: Tally,
    asked: Vec<Asked>,
    /// The ascent under way; `tally.ascent` holds the longest.
    ascent: Ascent,
    refused_ascent: Ascent,
    told: bool,
}

/// The pairs of one shard.
pub struct Pairs {
    key: HashKey,
    max: usize,
    index: HashTable<u32>,
    entries: Vec<Entry>,
    /// Whether a pair has said anything since the hand passed it; apart, so that the hand passes many at once.
    used: Vec<bool>,
    hand: usize,
    news: Vec<u32>,
    evicted: u64,
}

/// A place in [`Pairs`], kept with a flow so that its messages need no look-up; checked before it is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PairSlot(u32);

impl Pairs {
    /// An empty table for at most `max` pairs.
    #[must_use]
    pub fn new(key: HashKey, max: usize) -> Self {
        Self {
            key,
            max,
            index: HashTable::new(),
            entries: Vec::new(),
            used: Vec::new(),
            hand: 0,
            news: Vec::new(),
            evicted: 0,
        }
    }

    /// Pairs given up for want of room.
    #[must_use]
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Folds a message in. `slot` is what an earlier call for the same flow gave back.
    #[inline]
    pub fn fold(
        &mut self,
        slot: Option<PairSlot>,
        pair: &Pair,
        message: &dyn Message,
        features: &Features,
        place: Place,
    ) -> PairSlot {
        let id = match slot {
            Some(PairSlot(id)) if self.entries.get(id as usize).is_some_and(|entry| entry.tally.pair == *pair) => id,
            _ => self.find_or_add(pair, message.protocol(), place),
        };
        if let Some(used) = self.used.get_mut(id as usize) {
            *used = true;
        }
        if let Some(entry) = self.entries.get_mut(id as usize)
            && entry.take(message, features, place)
            && !entry.told
        {
            entry.told = true;
            self.news.push(id);
        }
        PairSlot(id)
    }

    /// Bytes were missing on a flow of the pair.
    pub fn gap(&mut self, slot: PairSlot, pair: &Pair, bytes: u64) {
        if let Some(entry) = self.entries.get_mut(slot.0 as usize).filter(|entry| entry.tally.pair == *pair) {
            entry.tally.gap_bytes = entry.tally.gap_bytes.saturating_add(bytes);
        }
    }

    /// Hands over the tallies of all pairs that have become worth a look, in the order in which they did.
    pub fn hand_over(&mut self, mut to: impl FnMut(Tally)) {
        for id in std::mem::take(&mut self.news) {
            let Some(entry) = self.entries.get_mut(id as usize) else { continue };
            if std::mem::take(&mut entry.told) {
                entry.tally.targets = entry.target_counts();
                to(entry.tally.clone());
                entry.tally.refused = None;
            }
        }
    }

    fn find_or_add(&mut self, pair: &Pair, protocol: &'static Protocol, place: Place) -> u32 {
        let hash = pair.hash(self.key);
        let entries = &self.entries;
        let same = |&id: &u32| entries.get(id as usize).is_some_and(|entry| entry.tally.pair == *pair);
        if let Some(&id) = self.index.find(hash, same) {
            return id;
        }
        let entry = Entry::new(*pair, protocol, place);
        let id = if self.entries.len() < self.max {
            self.entries.push(entry);
            self.used.push(false);
            (self.entries.len() - 1) as u32
        } else {
            self.replace(entry)
        };
        let (entries, key) = (&self.entries, self.key);
        self.index
            .insert_unique(hash, id, |&id| entries.get(id as usize).map_or(0, |entry| entry.tally.pair.hash(key)));
        id
    }

    /// Gives up the next pair that has said nothing since the hand last passed it.
    fn replace(&mut self, entry: Entry) -> u32 {
        self.evicted += 1;
        loop {
            self.hand = (self.hand + 1) % self.used.len().max(1);
            match self.used.get_mut(self.hand) {
                Some(used) if *used => *used = false,
                _ => break,
            }
        }
        let id = self.hand as u32;
        let Some(place) = self.entries.get_mut(self.hand) else { return id };
        let old = std::mem::replace(place, entry);
        if let Ok(found) = self.index.find_entry(old.tally.pair.hash(self.key), |&other| other == id) {
            found.remove();
        }
        id
    }
}

impl Entry {
    fn new(pair: Pair, protocol: &'static Protocol, place: Place) -> Self {
        Self {
            tally: Tally {
                pair,
                protocol,
                requests: 0,
                responses: 0,
                refusals: 0,
                targets: TargetCounts::default(),
                target_names: Vec::new(),
                ascent: Ascent::default(),
                refused_ascent: Ascent::default(),
                gap_bytes: 0,
                first: place,
                last: place,
                refused: None,
            },
            asked: Vec::new(),
            ascent: Ascent::default(),
            refused_ascent: Ascent::default(),
            told: false,
        }
    }

    /// Folds a message in; true when the judge should hear of it.
    #[inline]
    fn take(&mut self, message: &dyn Message, features: &Features, place: Place) -> bool {
        let envelope = message.envelope();
        let protocol = self.tally.protocol;
        self.tally.last = place;
        let address = protocol.range().and_then(|feature| features.get(feature)).copied().filter(|&at| at != NO_VALUE);
        let mut news = false;
        match envelope.direction {
            Direction::Request => {
                self.tally.requests += 1;
                if let Some(address) = address
                    && self.ascent.take(address)
                    && self.ascent.length > self.tally.ascent.length
                {
                    self.tally.ascent = self.ascent;
                    news = self.ascent.length.is_multiple_of(ASCENT_STEP);
                }
            }
            Direction::Response => {
                self.tally.responses += 1;
                if envelope.outcome == Outcome::Negative {
                    news = true;
                    self.refusal(address, place);
                }
            }
        }
        if let Some(target) = &protocol.target
            && let Some(value) = (target.of)(envelope.kind, features)
        {
            news |= self.target(value, message, target.named_by);
        }
        news
    }

    #[cold]
    fn refusal(&mut self, address: Option<u64>, place: Place) {
        self.tally.refusals += 1;
        let first = self.tally.refused.map_or(place, |(first, _)| first);
        self.tally.refused = Some((first, place));
        if let Some(address) = address
            && self.refused_ascent.take(address)
            && self.refused_ascent.length > self.tally.refused_ascent.length
        {
            self.tally.refused_ascent = self.refused_ascent;
        }
    }

    /// Counts a message for its target; true when the target is a further one.
    #[inline]
    fn target(&mut self, value: u64, message: &dyn Message, named_by: &[usize]) -> bool {
        let envelope = message.envelope();
        let mut news = false;
        let position = match self.asked.iter().position(|asked| asked.target == value) {
            Some(position) => position,
            None if self.asked.len() < TARGETS_MAX => {
                self.asked.push(Asked { target: value, requests: 0, positive: 0, refused: 0 });
                if self.tally.target_names.len() < TARGET_NAMES_MAX {
                    let names: Vec<String> = named_by
                        .iter()
                        .filter_map(|&feature| message.feature_text(feature))
                        .map(|t| t.to_string())
                        .collect();
                    if !names.is_empty() {
                        self.tally.target_names.push(names.join(" from "));
                    }
                }
                news = self.asked.len() > 1;
                self.asked.len() - 1
            }
            None => return false,
        };
        if let Some(asked) = self.asked.get_mut(position) {
            match (envelope.direction, envelope.outcome) {
                (Direction::Request, _) => asked.requests = asked.requests.saturating_add(1),
                (_, Outcome::Negative) => asked.refused = asked.refused.saturating_add(1),
                _ => asked.positive = asked.positive.saturating_add(1),
            }
        }
        // Keeps the target in use at the front: most pairs ask for one.
        if position > 0 {
            self.asked.swap(0, position);
        }
        news
    }

    fn target_counts(&self) -> TargetCounts {
        let mut counts = TargetCounts { distinct: self.asked.len() as u32, ..TargetCounts::default() };
        for asked in &self.asked {
            if asked.positive == 0 && asked.requests <= SEARCH_REQUESTS_MAX {
                counts.in_vain += 1;
            } else if asked.positive > 0 && asked.requests <= 2 {
                counts.visited += 1;
            }
        }
        counts
    }
}
