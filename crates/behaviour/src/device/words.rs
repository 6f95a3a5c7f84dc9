//! What devices say that they are, and when they say something else than before.
//!
//! Only clues of which a device has one at a time tell: its system, its model, the version of its firmware. What is said of a kind
//! for the first time, or within an hour of that, is how a device is got to know, and no change. A device that says many things
//! of one kind is several behind one address, or makes its words up: it is passed over.

use hashbrown::HashMap;
use wardtap_dissect::clues::Clue;
use wardtap_dissect::clues::names::WITHHELD;
use wardtap_net::packet::{NANOS_PER_SECOND, Timestamp};

use super::DeviceId;
use crate::observation::{Clued, Place};

/// Words that are kept of all devices together.
pub const WORDS_MAX: usize = 262_144;

/// Words of one kind that are kept of a device; what it has not said for longest makes room.
const WORDS_OF_KIND_MAX: usize = 8;

/// A device that says more than so many things of one kind within a day is not one device.
const VOICES_MAX: usize = 4;

/// Changes of one device that are told in a day of capture time.
pub const CHANGES_MAX: u32 = 8;

/// How long a device is got to know.
const SETTLES_NANOS: u64 = 60 * 60 * NANOS_PER_SECOND;

/// What was not said for so long is no longer so, where something else was said.
const DAY_NANOS: u64 = 24 * 60 * 60 * NANOS_PER_SECOND;

/// What a machine says while it starts, before its own system does (Intel, Preboot Execution Environment 2.1).
const STARTS: &str = "PXEClient";

/// What devices say that they are.
#[derive(Default)]
pub struct Words {
    all: HashMap<DeviceId, Said, foldhash::fast::RandomState>,
    kept: usize,
    refused: u64,
    untold: u64,
}

#[derive(Default)]
struct Said {
    words: Vec<Word>,
    /// The day in which changes were told, and how many.
    told: (u64, u32),
}

struct Word {
    clue: Clue,
    text: Box<str>,
    first: Timestamp,
    last: Timestamp,
}

/// A device says something else than before.
#[derive(Clone, Debug)]
pub struct Reworded {
    /// What kind of clue.
    pub clue: Clue,
    /// What it said.
    pub from: Box<str>,
    /// What it says.
    pub to: Box<str>,
    /// How often in the minute in which it began to.
    pub count: u64,
    /// The first frame that did.
    pub place: Place,
}

impl Words {
    /// Takes what a device said in a minute; gives back what has changed.
    pub fn take(&mut self, device: DeviceId, clued: &Clued) -> Option<Reworded> {
        if !clued.clue.is_of_one() || clued.text.starts_with(STARTS) || &*clued.text == WITHHELD {
            return None;
        }
        let now = clued.first.time;
        let said = match self.all.get_mut(&device) {
            Some(said) => said,
            None if self.kept < WORDS_MAX => self.all.entry(device).or_default(),
            None => {
                self.refused += 1;
                return None;
            }
        };
        let of_kind = |word: &&Word| word.clue == clued.clue;
        let before =
            said.words.iter().filter(of_kind).filter(|word| word.text != clued.text).max_by_key(|word| word.last);
        let from = before.map(|before| (before.text.clone(), before.last));
        let voices = said.words.iter().filter(of_kind).filter(|word| now.since(word.last) < DAY_NANOS).count();
        let is_settled = said.words.iter().filter(of_kind).any(|word| now.since(word.first) >= SETTLES_NANOS)
            && voices <= VOICES_MAX;
        let known = said.words.iter_mut().find(|word| word.clue == clued.clue && word.text == clued.text);
        let is_new = match known {
            Some(word) => {
                let was_away = now.since(word.last) >= DAY_NANOS;
                let after = from.as_ref().is_some_and(|(_, last)| *last > word.last);
                word.last = word.last.max(now);
                was_away && after
            }
            None => said.add(clued, &mut self.kept, &mut self.refused),
        };
        let (from, _) = from.filter(|_| is_new && is_settled)?;
        let day = now.since(Timestamp::default()) / DAY_NANOS;
        if said.told.0 != day {
            said.told = (day, 0);
        }
        if said.told.1 >= CHANGES_MAX {
            self.untold += 1;
            return None;
        }
        said.told.1 += 1;
        Some(Reworded { clue: clued.clue, from, to: clued.text.clone(), count: clued.count, place: clued.first })
    }

    /// What a device says, of each kind what it said last.
    pub fn of(&self, device: DeviceId) -> impl Iterator<Item = (Clue, &str)> {
        let words = self.all.get(&device).map(|said| said.words.as_slice()).unwrap_or_default();
        let is_last = |word: &&Word| !words.iter().any(|other| other.clue == word.clue && other.last > word.last);
        words.iter().filter(is_last).map(|word| (word.clue, &*word.text))
    }

    /// What found no room, and changes that were too many to be told.
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.refused + self.untold
    }
}

impl Said {
    /// Keeps a word that is new; false where there is no room.
    fn add(&mut self, clued: &Clued, kept: &mut usize, refused: &mut u64) -> bool {
        let of_kind = self.words.iter().enumerate().filter(|(_, word)| word.clue == clued.clue);
        let count = of_kind.clone().count();
        let oldest = of_kind.min_by_key(|(_, word)| word.last).map(|(place, _)| place);
        match oldest {
            Some(oldest) if count >= WORDS_OF_KIND_MAX => {
                self.words.remove(oldest);
            }
            _ if *kept >= WORDS_MAX => {
                *refused += 1;
                return false;
            }
            _ => *kept += 1,
        }
        let time = clued.first.time;
        self.words.push(Word { clue: clued.clue, text: clued.text.clone(), first: time, last: time });
        true
    }
}
