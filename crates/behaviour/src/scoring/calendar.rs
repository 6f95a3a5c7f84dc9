//! When links are worth a look for silences: one that is busy is not looked at before it can have been silent for too long.

use std::collections::BTreeMap;

/// Links by the minute in which they are to be looked at.
///
/// A link stands here once for its minute, and perhaps for later ones that are void: no more often than it and its operations
/// were first seen.
#[derive(Default)]
pub(super) struct Calendar {
    by_minute: BTreeMap<u32, Vec<u32>>,
}

/// Never.
pub(super) const NEVER: u32 = u32::MAX;

impl Calendar {
    /// A link, by its number, is to be looked at in a minute.
    pub(super) fn note(&mut self, minute: u32, number: u32) {
        if minute != NEVER {
            self.by_minute.entry(minute).or_default().push(number);
        }
    }

    /// The links whose minute has come, by number, each once.
    pub(super) fn due(&mut self, minute: u32) -> Vec<u32> {
        let mut due = Vec::new();
        while let Some(entry) = self.by_minute.first_entry().filter(|entry| *entry.key() <= minute) {
            due.append(&mut entry.remove());
        }
        due.sort_unstable();
        due.dedup();
        due
    }
}
