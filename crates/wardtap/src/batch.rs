//! What crosses threads: a batch of records on its way to the workers, a bundle of results on its way back.

use wardtap_behaviour::observation::Observation;
use wardtap_capture::Block;
use wardtap_net::address::SHARDS;
use wardtap_net::flow_table::Sought;
use wardtap_net::packet::Timestamp;
use wardtap_net::peel::Layout;

use crate::totals::Read;
use crate::worker::Counted;

/// What a worker is to do with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Nothing: filtered, undecoded or kept as a fragment; counted already.
    Nothing,
    /// An IP packet in the record's own frame.
    Packet,
    /// An IP packet put together from fragments: its frame is this one of [`Batch::datagrams`].
    Datagram(u16),
    /// ARP.
    Arp,
    /// LLDP, or what may be CDP: counted already as holding no IP packet, and read where clues are wanted.
    Discovery,
}

/// The shard of all packets that tell who has which address, or who is what: ARP, neighbour discovery, DHCP, LLDP and CDP.
pub const IDENTITY_SHARD: u8 = 0;

/// A record's headers, read, and where it goes.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub layout: Layout,
    /// The flow of an IP packet.
    pub sought: Sought,
    pub task: Task,
    pub shard: u8,
}

/// A tick stands before a record.
#[derive(Clone, Copy, Debug)]
pub struct Tick {
    /// Index of the record that it stands before.
    pub before: usize,
    /// The new capture time.
    pub now: Timestamp,
    /// Since when nobody had watched: the time before it, where the two are too far apart for a live source.
    pub unwatched: Option<Timestamp>,
}

/// The end of a shard's flows. One shard after the other, each in a batch of its own: the events of all flows at once would
/// take more memory than the flows did.
#[derive(Clone, Copy, Debug)]
pub struct Last {
    pub now: Timestamp,
    pub shard: u8,
}

impl Last {
    /// Nothing comes after it.
    pub fn is_all(self) -> bool {
        usize::from(self.shard) + 1 == SHARDS
    }
}

/// Records in sequence, their headers read.
#[derive(Default)]
pub struct Batch {
    pub block: Block,
    /// One for each record of the block.
    pub entries: Vec<Entry>,
    pub ticks: Vec<Tick>,
    /// Frames put together from fragments.
    pub datagrams: Vec<Vec<u8>>,
    /// The sequence number of the first record.
    pub first: u64,
    /// The capture is over: no records, and the flows of one shard end.
    pub last: Option<Last>,
    /// What was read up to here, in a live run about once a second: the workers say then what they have counted.
    pub read: Option<Box<Read>>,
}

/// Where a result stands in the sequence: (record or tick, shard).
///
/// Of record number n the key is 2n + 1, of a tick that stands before it 2n. Within one key the shards follow each other,
/// and a shard's results keep their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    sequence: u64,
    shard: u8,
}

impl Key {
    /// Of a record.
    pub fn record(number: u64, shard: u8) -> Self {
        Self { sequence: number * 2 + 1, shard }
    }

    /// Of a tick before a record.
    pub fn tick(number: u64, shard: u8) -> Self {
        Self { sequence: number * 2, shard }
    }

    /// Behind everything that the shards say at the same place.
    pub fn after_shards(self) -> Self {
        Self { shard: u8::MAX, ..self }
    }
}

/// What a worker found in a batch.
#[derive(Default)]
pub struct Bundle {
    pub observations: Vec<(Key, Observation)>,
    /// Event lines, one after the other.
    pub lines: Vec<u8>,
    /// Where each run of lines of one key ends.
    pub line_ends: Vec<(Key, usize)>,
    /// What the worker has counted, where the batch asks for it.
    pub counted: Option<Box<Counted>>,
}

impl Bundle {
    /// Empties it for the next batch, keeping its memory.
    pub fn clear(&mut self) {
        self.observations.clear();
        self.lines.clear();
        self.line_ends.clear();
        self.counted = None;
    }

    /// Notes that lines were appended at `key`.
    pub fn end_line(&mut self, key: Key) {
        let end = self.lines.len();
        match self.line_ends.last_mut() {
            Some((last, until)) if *last == key => *until = end,
            _ => self.line_ends.push((key, end)),
        }
    }
}
