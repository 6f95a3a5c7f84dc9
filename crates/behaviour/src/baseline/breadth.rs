//! With how many a device does the same in one hour.
//!
//! Worked out of what links did hour by hour: nothing is stored for it.

use std::collections::BTreeMap;

use super::store::{HOURS_PER_DAY, LinkKey, Store};
use crate::links::{done, is_opaque};
use crate::parties::ANYBODY;

/// What is done, and with how many partners in each hour (counted from 1970); those with one alone are left out.
#[derive(Default)]
pub struct Breadths<'a> {
    of: BTreeMap<Doing<'a>, BTreeMap<u32, u32>>,
}

/// Who does what by which service, and whether that is the initiator.
type Doing<'a> = (&'a str, (u8, u16), &'a str, bool);

impl<'a> Breadths<'a> {
    /// What a store holds of it.
    #[must_use]
    pub fn of(store: &'a Store) -> Self {
        let mut of: BTreeMap<Doing<'a>, BTreeMap<u32, u32>> = BTreeMap::new();
        for (key, link) in store.links.iter().filter(|(key, _)| key.initiator != ANYBODY) {
            // The hours of each day: operations of one link that are the same thing done count once.
            let mut hours: BTreeMap<(Doing<'a>, u32), u32> = BTreeMap::new();
            // Of what is read, who answers does nothing by itself.
            let by_itself = |name: &str, from: u8| from == 0 || is_opaque(name);
            for (name, operation) in link.operations.iter().filter(|(name, known)| by_itself(name, known.from)) {
                for (day, cell) in operation.days.iter() {
                    *hours.entry((doing(key, name, operation.from), day)).or_default() |= cell.hours;
                }
            }
            for ((doing, day), mask) in hours {
                let partners = of.entry(doing).or_default();
                for hour in (0..HOURS_PER_DAY).filter(|hour| mask >> hour & 1 == 1) {
                    *partners.entry(day.saturating_mul(HOURS_PER_DAY).saturating_add(hour)).or_default() += 1;
                }
            }
        }
        of.retain(|_, hours| hours.values().any(|partners| *partners > 1));
        Self { of }
    }

    /// With how many the sender of an operation did, in an hour in which it did so on this link, what that does.
    #[must_use]
    pub fn partners(&self, key: &LinkKey, (name, from): (&str, u8), hour: u32) -> u32 {
        self.of.get(&doing(key, name, from)).and_then(|hours| hours.get(&hour)).copied().unwrap_or(1)
    }
}

fn doing<'a>(key: &'a LinkKey, name: &'a str, from: u8) -> Doing<'a> {
    let who = if from == 0 { &key.initiator } else { &key.responder };
    (who, (key.transport, key.port), done(name), from == 0)
}
