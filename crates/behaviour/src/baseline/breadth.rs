//! With how many a device does the same in one hour.
//!
//! Worked out of what links did hour by hour: nothing is stored for it.

use std::collections::BTreeMap;

use super::store::{HOURS_PER_DAY, LinkKey, Store};
use crate::links::done;
use crate::parties::ANYBODY;

/// What initiators do, and with how many partners in each hour (counted from 1970); those with one alone are left out.
#[derive(Default)]
pub struct Breadths<'a> {
    of: BTreeMap<Doing<'a>, BTreeMap<u32, u32>>,
}

/// Who does what by which service.
type Doing<'a> = (&'a str, (u8, u16), &'a str);

impl<'a> Breadths<'a> {
    /// What a store holds of it.
    #[must_use]
    pub fn of(store: &'a Store) -> Self {
        let mut of: BTreeMap<Doing<'a>, BTreeMap<u32, u32>> = BTreeMap::new();
        for (key, link) in store.links.iter().filter(|(key, _)| key.initiator != ANYBODY) {
            // The hours of each day: operations of one link that are the same thing done count once.
            let mut hours: BTreeMap<(Doing<'a>, u32), u32> = BTreeMap::new();
            for (name, operation) in link.operations.iter().filter(|(_, operation)| operation.from == 0) {
                for (&day, cell) in &operation.days {
                    *hours.entry((doing(key, name), day)).or_default() |= cell.hours;
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

    /// With how many the initiator of a link did, in an hour in which it did so on this link, what an operation does.
    #[must_use]
    pub fn partners(&self, key: &LinkKey, name: &str, hour: u32) -> u32 {
        self.of.get(&doing(key, name)).and_then(|hours| hours.get(&hour)).copied().unwrap_or(1)
    }
}

fn doing<'a>(key: &'a LinkKey, name: &'a str) -> Doing<'a> {
    (&key.initiator, (key.transport, key.port), done(name))
}
