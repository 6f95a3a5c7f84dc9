//! What was really played on a day, as the copy that played it leaves it behind.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

use crate::attacks::Played;
use crate::clock::{DAY, Time};
use crate::sim::Sim;
use crate::truth::Span;

/// When, whom and in which frames.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Truth {
    /// When it began, in nanoseconds since 1970.
    begin: u64,
    end: u64,
    /// How many hosts it concerns.
    pub(super) hosts: usize,
    /// Their addresses, Ethernet's too.
    pub(super) addresses: BTreeSet<String>,
    /// Its frames by number, as ranges with both ends.
    frames: Vec<[u64; 2]>,
}

impl Truth {
    /// Of what was played.
    pub(super) fn new(played: &Played, sim: &Sim, frames: Frames) -> Self {
        let label = played.label(sim, Span::default());
        let parties = || label.victims.iter().chain(&label.attackers);
        Self {
            begin: played.begin.0,
            end: played.cast.end.0,
            hosts: parties().map(|party| &party.mac).collect::<BTreeSet<_>>().len(),
            addresses: parties().flat_map(|party| [party.ip.clone(), party.mac.clone()]).collect(),
            frames: frames.0,
        }
    }

    /// When it began.
    pub(super) fn begin(&self) -> Time {
        Time(self.begin)
    }

    /// When it was over.
    pub(super) fn end(&self) -> Time {
        Time(self.end)
    }

    /// The same hosts at the same hours of another day than its own: as if it had been played then, but for its frames.
    pub(super) fn on_day(&self, own: u32, other: u32) -> Self {
        let moved = |time: Time| (time + DAY * other - DAY * own).0;
        Self { begin: moved(self.begin()), end: moved(self.end()), frames: Vec::new(), ..self.clone() }
    }

    /// A frame is one of its frames.
    pub(super) fn has_frame(&self, number: u64) -> bool {
        let after = self.frames.partition_point(|[first, _]| *first <= number);
        after > 0 && number <= self.frames[after - 1][1]
    }

    /// One for tests, with the seconds of its ends.
    #[cfg(test)]
    pub(super) fn of(begin: u64, end: u64, addresses: &[&str], frames: Frames) -> Self {
        Self {
            begin: Time::from_secs(begin).0,
            end: Time::from_secs(end).0,
            hosts: addresses.len(),
            addresses: addresses.iter().map(|address| (*address).to_owned()).collect(),
            frames: frames.0,
        }
    }
}

/// Numbers of frames, as ranges.
#[derive(Clone, Debug, Default)]
pub(super) struct Frames(Vec<[u64; 2]>);

impl Frames {
    /// One more, behind all before it.
    pub(super) fn add(&mut self, number: u64) {
        match self.0.last_mut() {
            Some([_, last]) if *last + 1 >= number => *last = number,
            _ => self.0.push([number, number]),
        }
    }
}

/// What a copy leaves behind beside the detectors' events.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Day {
    /// What was played, where something was.
    pub(super) truth: Option<Truth>,
    /// Devices inside the hospital.
    pub(super) devices: usize,
    /// Frames in all.
    pub(super) frames: u64,
    /// What went wrong with each detector.
    pub(super) failures: Vec<Option<String>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_found_in_their_ranges() {
        let mut frames = Frames::default();
        [3, 4, 5, 9, 12, 13].into_iter().for_each(|number| frames.add(number));
        let truth = Truth::of(0, 1, &[], frames);
        let found: Vec<u64> = (0..20).filter(|number| truth.has_frame(*number)).collect();
        assert_eq!(found, [3, 4, 5, 9, 12, 13]);
    }
}
