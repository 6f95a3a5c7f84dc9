//! The simulation: a clock, and what is to be done when.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::time::Duration;

use crate::attacks::Played;
use crate::clock::{Calendar, Time};
use crate::dice::Dice;
use crate::network::Network;
use crate::queue::{Frame, Mark};
use crate::ward::Ward;

struct Task {
    time: Time,
    order: u64,
    mark: Mark,
    work: Work,
}

/// Work that says when it is to be done next, or never.
type Repeated = dyn FnMut(&mut Sim) -> Option<Time>;

enum Work {
    Once(Box<dyn FnOnce(&mut Sim)>),
    Again(Box<Repeated>),
}

impl Task {
    /// Its time, then its place among those of that time: one number, which is compared without branches.
    fn turn(&self) -> u128 {
        u128::from(self.time.0) << 64 | u128::from(self.order)
    }
}

impl PartialEq for Task {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Task {}

impl PartialOrd for Task {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Task {
    /// The first to be done is the greatest: the heap gives that one.
    fn cmp(&self, other: &Self) -> Ordering {
        other.turn().cmp(&self.turn())
    }
}

/// A hospital whose time goes by.
pub struct Sim {
    /// The present.
    pub now: Time,
    /// When it began.
    pub start: Time,
    /// The hospital's clocks.
    pub calendar: Calendar,
    /// Hosts and frames.
    pub net: Network,
    /// What the hospital does.
    pub ward: Ward,
    /// Scenarios that were played.
    pub played: Vec<Played>,
    tasks: BinaryHeap<Task>,
    order: u64,
}

impl Sim {
    /// An empty hospital.
    pub fn new(seed: u64, start: Time) -> Self {
        Self {
            now: start,
            start,
            calendar: Calendar { opened: start, utc_offset_hours: 1 },
            net: Network::new(seed, start),
            ward: Ward::default(),
            played: Vec::new(),
            tasks: BinaryHeap::new(),
            order: 0,
        }
    }

    /// Has something done at a time, or now when that has passed. What it sends belongs to the scenario of the one who asked.
    pub fn at(&mut self, time: Time, work: impl FnOnce(&mut Sim) + 'static) {
        self.plan(time, Work::Once(Box::new(work)));
    }

    fn plan(&mut self, time: Time, work: Work) {
        self.order += 1;
        self.tasks.push(Task { time: time.max(self.now), order: self.order, mark: self.net.mark, work });
    }

    /// Has something done after a while.
    pub fn after(&mut self, wait: Duration, work: impl FnOnce(&mut Sim) + 'static) {
        self.at(self.now + wait, work);
    }

    /// Has something done again and again: `work` says when next, or never.
    pub fn repeat(&mut self, time: Time, work: impl FnMut(&mut Sim) -> Option<Time> + 'static) {
        self.plan(time, Work::Again(Box::new(work)));
    }

    /// Dice of one who draws.
    pub fn dice(&self, who: &str, number: u64) -> Dice {
        self.net.dice(who, number)
    }

    /// Whole days since the simulation began.
    pub fn day(&self) -> u64 {
        self.now.since(self.start).as_secs() / 86_400
    }

    /// Lets time go by until `end`, and frames go by to `tap`.
    ///
    /// # Errors
    /// The first that `tap` gives.
    pub fn run<E>(&mut self, end: Time, mut tap: impl FnMut(Frame<'_>) -> Result<(), E>) -> Result<(), E> {
        while let Some(task) = self.tasks.peek()
            && task.time < end
        {
            let Some(task) = self.tasks.pop() else { break };
            if task.time.secs() > self.now.secs() {
                self.net.queue.release(task.time, &mut tap)?;
            }
            self.now = task.time;
            self.net.mark = task.mark;
            match task.work {
                Work::Once(work) => work(self),
                Work::Again(mut work) => {
                    if let Some(next) = work(self) {
                        self.plan(next, Work::Again(work));
                    }
                }
            }
        }
        self.now = end;
        self.net.mark = 0;
        self.net.queue.release(end, &mut tap)
    }
}
