//! Records, blocks, and what every packet source answers.
//!
//! A block is one owned buffer with many records in it. It crosses threads as a whole and comes back to be refilled,
//! so that a packet costs neither an allocation nor a copy after the read. A record says where its frame lies in the
//! block; frames are reached through [`Block::frame`] alone, since `bytes` also holds headers and the rests of
//! earlier fills.
//!
//! Limits: a block aims at [`BLOCK_BYTES`] and grows only for a single record larger than that, up to 16 MiB.

use wardtap_net::packet::{LinkType, Timestamp};

use crate::damage::{Damage, DamageReason};

/// What a block aims at: small enough to stay in the second-level cache while it is looked at, large enough that the
/// system call that fills it costs less than a nanosecond a packet.
pub const BLOCK_BYTES: usize = 256 * 1024;

/// A block whose buffer has grown past this for one huge record gives the rest back at its next fill.
const KEEP_BYTES: usize = 4 * BLOCK_BYTES;

/// One packet record of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// When it was captured.
    pub time: Timestamp,
    /// Its number in its capture file, counted from 1; 0 for a mark ([`Record::mark`]).
    pub frame: u64,
    /// Where its bytes begin in the block.
    pub offset: u32,
    /// How many bytes were captured.
    pub captured: u32,
    /// How long it was on the wire. Never below `captured`: an original length of 0 beside data, as some writers leave
    /// it, counts as captured.
    pub sent: u32,
    /// Which of the captures it came from, by argument order.
    pub input: u16,
    /// How its first byte is to be understood.
    pub link: LinkType,
}

const _: () = assert!(size_of::<Record>() == 32, "a record is half a cache line");

impl Record {
    /// A record without a frame, which only says that time has come to here: a live source gives one when the wire is idle,
    /// and its recording keeps it.
    #[must_use]
    pub const fn mark(time: Timestamp) -> Self {
        Self { time, frame: 0, offset: 0, captured: 0, sent: 0, input: 0, link: LinkType(u16::MAX) }
    }

    /// True for one that has no frame.
    #[must_use]
    pub const fn is_mark(&self) -> bool {
        self.frame == 0
    }
}

/// One owned buffer, many records.
#[derive(Debug, Default)]
pub struct Block {
    /// The buffer. Longer than what the records name: only their ranges mean anything.
    pub bytes: Vec<u8>,
    /// The records, in order.
    pub records: Vec<Record>,
    /// The latest time of the records (for merging: whether a whole block may pass).
    pub(crate) latest: Timestamp,
}

impl Block {
    /// An empty block that owns no memory yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The captured bytes of a record of this block; empty for a record of another one that does not fit.
    #[inline]
    #[must_use]
    pub fn frame(&self, record: &Record) -> &[u8] {
        let begin = record.offset as usize;
        self.bytes.get(begin..begin.saturating_add(record.captured as usize)).unwrap_or_default()
    }

    /// Appends a record with a copy of its bytes, whose `offset` and `captured` are set here. Whoever mixes this with
    /// `fill` gets what `fill` leaves: `fill` starts anew.
    pub fn push(&mut self, record: Record, frame: &[u8]) {
        let (Ok(offset), Ok(captured)) = (u32::try_from(self.bytes.len()), u32::try_from(frame.len())) else {
            return;
        };
        self.bytes.extend_from_slice(frame);
        self.latest = self.latest.max(record.time);
        self.records.push(Record { offset, captured, sent: record.sent.max(captured), ..record });
    }

    /// No records, and a buffer of exactly `room` bytes, whatever they hold: how much is read at once, and so where
    /// blocks end and what is copied, must not depend on which block of a pool comes round.
    pub(crate) fn restart(&mut self, room: usize) {
        self.records.clear();
        self.latest = Timestamp::EPOCH;
        self.bytes.resize(room, 0);
        if self.bytes.capacity() > KEEP_BYTES.max(room) {
            self.bytes.shrink_to(room);
        }
    }

    /// No records and no bytes, for whoever appends with [`Block::push`].
    pub(crate) fn restart_empty(&mut self) {
        self.records.clear();
        self.latest = Timestamp::EPOCH;
        self.bytes.clear();
        self.bytes.shrink_to(KEEP_BYTES);
    }
}

/// Where packets come from.
pub trait PacketSource: Send {
    /// Refills `block` with the next records, in order. True while there was something; false at the end, with the
    /// block empty.
    fn fill(&mut self, block: &mut Block) -> bool;

    /// What was read so far of each capture, in the order given.
    fn inputs(&self) -> Vec<Input>;

    /// What was found wrong so far, in the order given.
    fn damage(&self) -> Vec<Damage>;

    /// Records without a time of their own (pcapng simple packet blocks). They take the time of the record before them
    /// in their capture; the first of a capture takes the epoch.
    fn untimed(&self) -> u64;

    /// Bytes copied after they were read: by merging, by unpacking's hand-over, and to move a record that straddles two
    /// blocks to the front of the second.
    fn copied_bytes(&self) -> u64;

    /// Bytes consumed of the captures as they are stored, and all there are, where that is known.
    fn progress(&self) -> (u64, Option<u64>);

    /// What the source itself left out, since a filter had it do so.
    fn left_out(&self) -> LeftOut {
        LeftOut::default()
    }

    /// What was lost before it could be read; nothing of captures.
    fn losses(&self) -> Losses {
        Losses::default()
    }

    /// The interfaces that are read from; none of captures.
    fn interfaces(&self) -> Vec<InterfaceState> {
        Vec::new()
    }
}

/// Packets that a filter left out in the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// How many.
    pub packets: u64,
    /// Their octets.
    pub bytes: u64,
}

/// Packets that were lost, by where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// The network card or its driver had no room.
    pub interface: u64,
    /// The kernel's ring had no room.
    pub ring: u64,
    /// The ring was three quarters full, since what comes behind it did not keep up, and the oldest were given up.
    pub pipeline: u64,
}

/// An interface, as far as it was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfaceState {
    /// Its name.
    pub name: String,
    /// Whether its link is up, where that is known.
    pub up: Option<bool>,
    /// Packets heard, filtered or not.
    pub packets: u64,
    /// The latest time of a packet.
    pub last: Option<Timestamp>,
    /// An address that it has.
    pub address: Option<String>,
    /// That it has one was allowed.
    pub may_have_address: bool,
}

/// One capture, as far as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The capture as given.
    pub capture: String,
    /// Bytes read of it as stored.
    pub bytes: u64,
    /// Packet records read.
    pub packets: u64,
    /// The earliest time of its records, where any has one.
    pub first: Option<Timestamp>,
    /// The latest time of its records, where any has one.
    pub last: Option<Timestamp>,
    /// The link types of its interfaces, each once, in order of appearance.
    pub link_types: Vec<LinkType>,
    /// The largest number of bytes a frame was captured with, as the capture states it; 0 where it states none.
    pub snaplen: u32,
}

impl Input {
    /// A capture with one link type, of which nothing was read yet.
    #[must_use]
    pub fn begun(capture: &str, link: LinkType) -> Self {
        Self {
            capture: capture.to_owned(),
            bytes: 0,
            packets: 0,
            first: None,
            last: None,
            link_types: vec![link],
            snaplen: 0,
        }
    }
}

/// Where a walk over a buffer stopped.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The record where it stopped needs this many bytes, counted from its beginning, to be looked at further.
    Need(usize),
    /// The record where it stopped is faulty; nothing after it can be trusted.
    Fault(DamageReason),
}

/// Where a walk over a buffer leaves its records, and what it counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tally {
    /// The capture's number.
    pub(crate) input: u16,
    /// Records so far.
    pub(crate) packets: u64,
    /// Records without a time of their own so far.
    pub(crate) untimed: u64,
    /// The earliest time of those with one; the largest there is while there are none.
    pub(crate) oldest: Timestamp,
    /// The latest time.
    pub(crate) newest: Timestamp,
    /// The latest time of the present block.
    pub(crate) newest_of_block: Timestamp,
    /// The time of the last record.
    pub(crate) previous: Timestamp,
}

impl Tally {
    /// Nothing counted yet.
    pub(crate) const fn new(input: u16) -> Self {
        Self {
            input,
            packets: 0,
            untimed: 0,
            oldest: Timestamp::from_nanos(u64::MAX),
            newest: Timestamp::EPOCH,
            newest_of_block: Timestamp::EPOCH,
            previous: Timestamp::EPOCH,
        }
    }
}

/// The most bytes one packet can have, for a link type and the snapshot length its capture states.
///
/// libpcap and Wireshark agree on 262,144, and on far more for D-Bus and USB captures. Beyond them this takes the
/// capture's own word up to 16 MiB.
pub(crate) fn packet_limit(link: LinkType, snaplen: u32) -> u32 {
    const USUAL: u32 = 262_144;
    const MOST: u32 = 16 * 1024 * 1024;
    match link.0 {
        // USB_LINUX, USB_LINUX_MMAPPED, DBUS, USBPCAP, USB_DARWIN, EBHSCR
        189 | 220 | 231 | 249 | 266 | 279 => MOST,
        _ => snaplen.clamp(USUAL, MOST),
    }
}
