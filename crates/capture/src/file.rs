//! One capture, read block by block.
//!
//! `read()` fills the block itself, with neither a `BufReader` nor a mapping between: a mapping costs a page fault every
//! 4 KiB, more than the copy it saves, and dies when the file is cut while it is read. Every fill takes at least one
//! read and as many more as it takes to make one record whole, so that a slow pipe is never waited for longer than
//! necessary. What is left of a record at the end of a block is moved to the front of the next one.

use std::io::Read;

use wardtap_net::packet::Timestamp;

use crate::{
    bounds::Bounds,
    compressed::Packing,
    damage::{Damage, DamageReason},
    error::CaptureError,
    feed::Feed,
    recognise::{Format, Origin, read_head, recognise},
    source::{BLOCK_BYTES, Block, Input, PacketSource, Stop, Tally},
};

/// Bytes of a cache line.
const LINE: usize = 64;

/// Bytes of a page.
const PAGE: usize = 4096;

/// One capture being read.
pub(crate) struct FileSource {
    capture: String,
    /// None once there is nothing more to read: a file is closed as soon as it is read.
    feed: Option<Feed>,
    /// Bytes consumed of the capture as stored, once `feed` is gone.
    stored: u64,
    total: Option<u64>,
    format: Format,
    /// The rest of a record, to stand at the front of the next block.
    carry: Vec<u8>,
    /// Bytes that the record at the front of the next block needs to be looked at.
    need: usize,
    /// Where the next block begins in the capture as unpacked.
    offset: u64,
    room: usize,
    tally: Tally,
    damage: Option<Damage>,
    copied: u64,
}

impl FileSource {
    /// Recognises what `reader` gives. `total` is the number of bytes there are, where it is known.
    pub(crate) fn new(
        capture: String,
        input: u16,
        reader: Box<dyn Read + Send>,
        total: Option<u64>,
        bounds: Bounds,
    ) -> Result<Self, CaptureError> {
        let mut feed = Feed::plain(reader);
        let mut origin = if total.is_some() { Origin::File } else { Origin::Stream };
        let mut head = read_head(&capture, &mut feed)?;
        if let Some(packing) = Packing::recognise(&head) {
            origin = Origin::Unpacked;
            feed = feed
                .unpack(packing, bounds, head)
                .map_err(|source| CaptureError::Io { capture: capture.clone(), source })?;
            head = read_head(&capture, &mut feed)?;
            if Packing::recognise(&head).is_some() {
                return Err(CaptureError::PackedTwice { capture, program: packing.name() });
            }
        }
        let format = recognise(&capture, origin, &head)?;
        let (carry, offset) = match format {
            Format::Pcap(_) => (Vec::new(), head.len()),
            Format::Pcapng(_) => (head, 0),
        };
        Ok(Self {
            capture,
            feed: Some(feed),
            stored: 0,
            total,
            format,
            carry,
            need: 0,
            offset: u64::try_from(offset).unwrap_or(0),
            room: BLOCK_BYTES,
            tally: Tally::new(input),
            damage: None,
            copied: 0,
        })
    }

    /// Makes blocks of about this size (many captures at once would else take much memory).
    pub(crate) fn set_room(&mut self, room: usize) {
        self.room = room;
    }

    /// Closes the file, which is to be opened again before it is read on, from its beginning.
    pub(crate) fn close(&mut self) {
        self.feed = None;
        self.carry = Vec::new();
    }

    /// It could not be opened again: as if nothing of it had been read.
    pub(crate) fn lose(&mut self, what: String) {
        self.tally = Tally::new(self.tally.input);
        self.end(0, Some(DamageReason::Read { what }));
    }

    /// Nothing more is read.
    fn end(&mut self, offset: u64, reason: Option<DamageReason>) {
        if let Some(reason) = reason {
            self.damage = Some(Damage { capture: self.capture.clone(), offset, reason });
        }
        if let Some(feed) = self.feed.take() {
            self.stored = feed.stored();
            self.copied = self.copied.saturating_add(feed.copied());
        }
    }

    /// The capture as it was read so far.
    pub(crate) fn input(&self) -> Input {
        let timed = self.tally.packets > self.tally.untimed;
        Input {
            capture: self.capture.clone(),
            bytes: self.stored(),
            packets: self.tally.packets,
            first: timed.then_some(self.tally.oldest),
            last: timed.then_some(self.tally.newest),
            link_types: self.format.links(),
            snaplen: self.format.snaplen(),
        }
    }

    pub(crate) fn fault(&self) -> Option<&Damage> {
        self.damage.as_ref()
    }

    pub(crate) fn stored(&self) -> u64 {
        self.feed.as_ref().map_or(self.stored, Feed::stored)
    }

    pub(crate) const fn total(&self) -> Option<u64> {
        self.total
    }

    /// Empties a block and moves the rest of a record to its front; answers where that begins and ends.
    ///
    /// What is read then lies in memory as it lies in the page cache, and ends where a page does: with another alignment
    /// the kernel takes up to three times as long to copy it.
    fn bring(&mut self, block: &mut Block) -> (usize, usize) {
        let carried = self.carry.len();
        let position = usize::try_from(self.stored()).unwrap_or(0);
        let plain = self.feed.as_ref().is_some_and(Feed::is_plain);
        // Room for one whole hand-over of the unpacker behind what is carried over: if it did not fit, every other block
        // would hold just the few bytes left of one.
        let room = if plain { self.room.saturating_sub(position & PAGE.wrapping_sub(1)) } else { self.room };
        let room = carried.saturating_add(room.max(LINE));
        block.restart(room.saturating_add(LINE));
        let unaligned = block.bytes.as_ptr().addr().wrapping_add(carried);
        let begin = position.wrapping_sub(unaligned) & LINE.wrapping_sub(1);
        block.bytes.truncate(begin.saturating_add(room));
        let end = begin.saturating_add(carried);
        if let Some(front) = block.bytes.get_mut(begin..end) {
            front.copy_from_slice(&self.carry);
            self.copied = self.copied.saturating_add(wide(carried));
        }
        self.carry.clear();
        // Of the block's first byte, which may lie before the capture's.
        self.offset = self.offset.wrapping_sub(wide(begin));
        (begin, end)
    }

    /// Keeps the rest of a record, which begins at `at` in its block.
    fn keep(&mut self, rest: &[u8], at: usize, need: usize) {
        self.carry.extend_from_slice(rest);
        self.copied = self.copied.saturating_add(wide(rest.len()));
        self.offset = self.offset.wrapping_add(wide(at));
        self.need = need;
    }

    /// Reads once into `into`, which is not empty. True at the end of the capture, with its fault, if it has one.
    fn read(&mut self, into: &mut [u8], filled: &mut usize) -> (bool, Option<DamageReason>) {
        let Some(feed) = self.feed.as_mut() else { return (true, None) };
        match feed.read(into.get_mut(*filled..).unwrap_or_default()) {
            Ok(0) => (true, None),
            Ok(more) => {
                *filled = filled.saturating_add(more);
                (false, None)
            }
            Err(reason) => (true, Some(reason)),
        }
    }
}

impl PacketSource for FileSource {
    fn fill(&mut self, block: &mut Block) -> bool {
        if self.feed.is_none() {
            block.restart_empty();
            return false;
        }
        self.tally.newest_of_block = Timestamp::EPOCH;
        // The block holds `filled` bytes, of which the first `taken` are whole records.
        let (mut taken, mut filled) = self.bring(block);
        loop {
            let (ended, fault) = self.read(&mut block.bytes, &mut filled);
            let rest = block.bytes.get(taken..filled).unwrap_or_default();
            let at = u32::try_from(taken).unwrap_or(u32::MAX);
            let (more, stop) = if ended || rest.len() >= self.need {
                self.format.walk(rest, at, &mut block.records, &mut self.tally)
            } else {
                (0, Stop::Need(self.need))
            };
            taken = taken.saturating_add(more);
            let (left, here) = (filled.saturating_sub(taken), self.offset.wrapping_add(wide(taken)));
            let need = match stop {
                Stop::Fault(reason) => {
                    self.end(here, Some(reason));
                    break;
                }
                Stop::Need(need) if ended => {
                    let fault = match fault {
                        Some(fault) => Some((self.offset.wrapping_add(wide(filled)), fault)),
                        None => cut(left, need).map(|reason| (here, reason)),
                    };
                    let (offset, reason) = fault.map_or((here, None), |(offset, reason)| (offset, Some(reason)));
                    self.end(offset, reason);
                    break;
                }
                Stop::Need(need) => need,
            };
            if !block.records.is_empty() {
                self.keep(block.bytes.get(taken..filled).unwrap_or_default(), taken, need);
                break;
            }
            // Not one whole record yet: it gets the block to itself.
            if taken > 0 {
                block.bytes.copy_within(taken..filled, 0);
                self.copied = self.copied.saturating_add(wide(left));
                self.offset = here;
                (taken, filled) = (0, left);
            }
            self.need = need;
            if block.bytes.len() <= filled {
                // Doubling, so that a length alone does not take memory. The formats bound `need`.
                let grown = need.min(filled.saturating_mul(2)).max(filled.saturating_add(1));
                block.bytes.resize(grown, 0);
            }
        }
        block.latest = self.tally.newest_of_block;
        !block.records.is_empty()
    }

    fn inputs(&self) -> Vec<Input> {
        vec![self.input()]
    }

    fn damage(&self) -> Vec<Damage> {
        self.damage.iter().cloned().collect()
    }

    fn untimed(&self) -> u64 {
        self.tally.untimed
    }

    fn copied_bytes(&self) -> u64 {
        self.copied.saturating_add(self.feed.as_ref().map_or(0, Feed::copied))
    }

    fn progress(&self) -> (u64, Option<u64>) {
        (self.stored(), self.total)
    }
}

/// What a capture lacks that ends `left` bytes into a record; None when it ends between two.
fn cut(left: usize, need: usize) -> Option<DamageReason> {
    /// More than any fixed part of a record or block.
    const FIXED: usize = 24;
    let (have, need) = (wide(left), wide(need));
    match left {
        0 => None,
        1..FIXED if need <= wide(FIXED) => Some(DamageReason::CutHeader { have, need }),
        _ => Some(DamageReason::CutRecord { have, need }),
    }
}

/// A length as files count.
fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
