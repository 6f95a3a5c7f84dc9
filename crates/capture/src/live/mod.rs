//! Live capture from interfaces: one kernel ring and one reader for each, merged by time into the same blocks as captures.
//!
//! The ring is TPACKET_V3 (Linux, Documentation/networking/packet_mmap.rst): the kernel writes packets into blocks that it
//! shares with us, and hands a block over when it is full or has been open for a while. Frames are copied out of it once,
//! counted, and the block goes back at once, so that nothing further on can pin the kernel's memory: decision 0017.
//!
//! Nothing is ever sent: there is no code for it, and whoever runs this refuses it to the process besides.
//!
//! Where the kernel has no such ring, or that is wanted, libpcap takes its place (`portable.rs`).
//!
//! What unsafe code there is in this crate stands in `socket.rs`, `ring.rs`, `portable.rs` and `heap.rs`, each block with its
//! argument.

mod addresses;
mod clock;
mod counters;
mod heap;
mod interface;
#[cfg(feature = "pcap")]
mod portable;
mod reader;
mod ring;
mod socket;
mod source;
mod stop;

pub use heap::release_free_memory;
pub use source::{Live, LiveOptions, Method};
pub use stop::Stopper;

/// How long the kernel keeps a block open that has packets but is not full, in milliseconds. It looks once in this time,
/// so that a block is handed over after at most twice as long.
const RETIRE_MILLIS: u32 = 15;

/// A packet that is older than this is in a block that was handed over, whatever its interface.
const HOLD_NANOS: u64 = 40_000_000;

/// Octets of a block of a ring: many small ones, since a block that holds a single packet is used up as well.
pub(crate) const RING_BLOCK_BYTES: usize = 256 * 1024;
