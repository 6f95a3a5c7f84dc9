//! The same done with several at an hour at which each of them is quiet else.
//!
//! One operation at an hour at which it never was says little: something is late every day. The same done with many at such
//! an hour, in the same words, is no accident of each of them: a schedule that runs at another time, or what somebody has
//! recorded and plays again. Worked out of the hours that are stored anyway.

use std::collections::BTreeMap;

use super::store::LinkKey;
use crate::links::whoever_it_is_for;

/// On the days held out: how often each did the same at such an hour.
#[derive(Default)]
pub struct QuietHours {
    of: BTreeMap<Doing, BTreeMap<u32, [u32; 24]>>,
}

/// Who does what, whoever it is for, by which service, and whether that is the initiator.
type Doing = (String, (u8, u16), String, bool);

impl QuietHours {
    /// Takes the hours of a day at which an operation of a link is quiet else, one bit each.
    pub fn take(&mut self, key: &LinkKey, (name, from): (&str, u8), day: u32, hours: u32) {
        let who = if from == 0 { &key.initiator } else { &key.responder };
        let words: Vec<&str> = whoever_it_is_for(name).collect();
        let doing = (who.clone(), (key.transport, key.port), words.join("\t"), from == 0);
        let counts = self.of.entry(doing).or_default().entry(day).or_default();
        for (hour, count) in (0..).zip(counts) {
            *count += hours >> hour & 1;
        }
    }

    /// Of each who did something, and each day, the most in an hour; where that is with one alone, it is judged as an hour.
    pub fn days(&self) -> impl Iterator<Item = u32> {
        let days = self.of.values().flat_map(BTreeMap::values);
        days.map(|counts| counts.iter().copied().max().unwrap_or(0)).filter(|most| *most > 1)
    }
}
