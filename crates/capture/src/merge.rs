//! Several captures as one, by time.
//!
//! Of the next record of each capture the one with the smallest time goes first; equal times go by the order of the
//! arguments. Each capture keeps its own order, even where its times go back.
//!
//! Frames are copied into the merged block, which is counted, except where a whole block of one capture precedes all
//! others: then it is passed on as it is. Captures that follow each other (a sensor's rotated files) are merged without
//! a copy in this way.
//!
//! Where there are many captures, each is closed after its first record was seen, and opened again, and read again from
//! its beginning, when it is its turn: only those that overlap in time are open at once.
//!
//! Limits: one block a capture, smaller ones where there are many, [`ALL_BLOCKS`] together.

use std::{cmp::Reverse, collections::BinaryHeap};

use wardtap_net::packet::Timestamp;

use crate::{
    damage::Damage,
    file::FileSource,
    open::Place,
    source::{BLOCK_BYTES, Block, Input, PacketSource},
};

/// What the blocks of all captures may hold together.
pub(crate) const ALL_BLOCKS: usize = 32 * 1024 * 1024;
/// The least a block may hold, however many captures there are.
const LEAST_BLOCK: usize = 16 * 1024;
/// A whole block is passed on as it is only from this many records on: else the merged blocks would become small.
const WHOLE_RECORDS: usize = 128;

/// One of the captures, with its present block.
pub(crate) struct Lane {
    source: FileSource,
    /// What its blocks may hold.
    room: usize,
    block: Block,
    /// The next record in it.
    next: usize,
    /// Where to open it again, and the time of its first record.
    parked: Option<(Place, Timestamp)>,
}

impl Lane {
    /// A capture of `count`, whose blocks may hold `all` together.
    pub(crate) fn new(mut source: FileSource, count: usize, all: usize) -> Self {
        let room = all.min(ALL_BLOCKS).checked_div(count).unwrap_or(BLOCK_BYTES).clamp(LEAST_BLOCK, BLOCK_BYTES);
        source.set_room(room);
        Self { source, room, block: Block::new(), next: 0, parked: None }
    }

    /// The capture alone.
    pub(crate) fn into_source(self) -> FileSource {
        self.source
    }

    /// Closes a capture that has not been read from until its turn comes. One without a record has no turn.
    pub(crate) fn park(&mut self, place: Place) {
        if let Some(time) = self.head() {
            self.parked = Some((place, time));
            self.source.close();
            self.block = Block::new();
        }
    }

    /// Opens a parked capture again.
    fn resume(&mut self) {
        let Some((place, _)) = self.parked.take() else { return };
        match place.open() {
            Ok(mut source) => {
                source.set_room(self.room);
                self.source = source;
                // Its first block.
                self.head();
            }
            Err(error) => self.source.lose(error.to_string()),
        }
    }

    /// The time of the next record, taking a further block where necessary; None at the end.
    fn head(&mut self) -> Option<Timestamp> {
        if let Some((_, time)) = &self.parked {
            return Some(*time);
        }
        if self.next >= self.block.records.len() {
            self.next = 0;
            if !self.source.fill(&mut self.block) {
                self.block = Block::new();
                return None;
            }
        }
        self.block.records.get(self.next).map(|record| record.time)
    }
}

/// Several captures as one.
pub(crate) struct Merge {
    lanes: Vec<Lane>,
    /// The time of the next record of each lane that has one, with its index.
    heads: BinaryHeap<Reverse<(Timestamp, usize)>>,
    started: bool,
    copied: u64,
}

impl Merge {
    pub(crate) fn new(lanes: Vec<Lane>) -> Self {
        Self { heads: BinaryHeap::with_capacity(lanes.len()), lanes, started: false, copied: 0 }
    }

    /// Takes the first block of each capture.
    fn start(&mut self) {
        self.started = true;
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            if let Some(time) = lane.head() {
                self.heads.push(Reverse((time, index)));
            }
        }
    }
}

impl PacketSource for Merge {
    fn fill(&mut self, block: &mut Block) -> bool {
        if !self.started {
            self.start();
        }
        block.records.clear();
        let mut full = false;
        while !full {
            let Some(Reverse((_, index))) = self.heads.pop() else { break };
            // The next record of all others: what is not after it may go.
            let other = self.heads.peek().map(|Reverse(head)| *head);
            let may_go = |time| other.is_none_or(|head| (time, index) <= head);
            let Some(lane) = self.lanes.get_mut(index) else { continue };
            lane.resume();
            let whole = lane.next == 0 && lane.block.records.len() >= WHOLE_RECORDS && may_go(lane.block.latest);
            if whole {
                if block.records.is_empty() {
                    std::mem::swap(block, &mut lane.block);
                    lane.block.records.clear();
                } else if let Some(first) = lane.block.records.first() {
                    // It goes alone, next time.
                    self.heads.push(Reverse((first.time, index)));
                    break;
                }
                full = true;
            } else {
                (full, self.copied) = copy(lane, block, self.copied, may_go);
            }
            if let Some(time) = lane.head() {
                self.heads.push(Reverse((time, index)));
            }
        }
        if block.records.is_empty() {
            block.restart_empty();
        }
        !block.records.is_empty()
    }

    fn inputs(&self) -> Vec<Input> {
        self.lanes.iter().map(|lane| lane.source.input()).collect()
    }

    fn damage(&self) -> Vec<Damage> {
        self.lanes.iter().filter_map(|lane| lane.source.fault()).cloned().collect()
    }

    fn untimed(&self) -> u64 {
        self.lanes.iter().fold(0, |sum, lane| sum.saturating_add(lane.source.untimed()))
    }

    fn copied_bytes(&self) -> u64 {
        self.lanes.iter().fold(self.copied, |sum, lane| sum.saturating_add(lane.source.copied_bytes()))
    }

    fn progress(&self) -> (u64, Option<u64>) {
        let done = self.lanes.iter().fold(0_u64, |sum, lane| sum.saturating_add(lane.source.stored()));
        let total = self.lanes.iter().try_fold(0_u64, |sum, lane| Some(sum.saturating_add(lane.source.total()?)));
        (done, total)
    }
}

/// Copies records of a lane's block as long as they may go and there is room; answers whether the room is used up, and
/// the bytes copied, added to `copied`.
fn copy(lane: &mut Lane, block: &mut Block, mut copied: u64, may_go: impl Fn(Timestamp) -> bool) -> (bool, u64) {
    if block.records.is_empty() {
        block.restart_empty();
    }
    while let Some(record) = lane.block.records.get(lane.next).filter(|record| may_go(record.time)) {
        let frame = lane.block.frame(record);
        if !block.records.is_empty() && block.bytes.len().saturating_add(frame.len()) > BLOCK_BYTES {
            return (true, copied);
        }
        block.push(*record, frame);
        copied = copied.saturating_add(u64::from(record.captured));
        lane.next = lane.next.saturating_add(1);
    }
    (false, copied)
}
