//! What is wrong with a capture, and where: everything before it was delivered.

use std::fmt;

use crate::{pcapng::LEAST_BLOCK, window::MOST_WINDOW};

/// A fault in a capture. What lies before it was delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The capture as given.
    pub capture: String,
    /// Where the faulty record begins (or the bytes end), counted in the capture as unpacked.
    pub offset: u64,
    /// What is wrong.
    pub reason: DamageReason,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: at byte {}: {}", self.capture, self.offset, self.reason)
    }
}

/// What is wrong with a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DamageReason {
    /// It ends inside the fixed part of a record or block.
    CutHeader {
        /// Bytes there are.
        have: u64,
        /// Bytes there should be at least.
        need: u64,
    },
    /// It ends inside a record or block.
    CutRecord {
        /// Bytes there are.
        have: u64,
        /// Bytes there should be.
        need: u64,
    },
    /// A record claims to hold more than any packet can.
    PacketLength {
        /// The captured length it claims.
        captured: u32,
        /// The most that can be.
        limit: u32,
    },
    /// A packet claims to be longer than the block it stands in.
    PacketOverruns {
        /// The captured length it claims.
        captured: u32,
        /// The room there is in its block.
        room: u32,
    },
    /// A block length that cannot be.
    BlockLength {
        /// The length it states.
        length: u32,
    },
    /// A block too short for its kind.
    BlockTooShort {
        /// Its type.
        kind: u32,
        /// The length it states.
        length: u32,
    },
    /// A block's two lengths differ.
    BlockLengthsDiffer {
        /// The length at its beginning.
        first: u32,
        /// The length at its end.
        last: u32,
    },
    /// A section without a readable byte-order magic.
    ByteOrder {
        /// What stands there.
        magic: u32,
    },
    /// A section of a version nobody has defined.
    Version {
        /// The major version it states.
        major: u16,
        /// The minor version it states.
        minor: u16,
    },
    /// A packet of an interface that its section has not described.
    NoInterface {
        /// The interface's number.
        interface: u32,
        /// How many have been described.
        described: u32,
    },
    /// More interfaces in a section than anybody has.
    TooManyInterfaces {
        /// The most that are kept.
        limit: u32,
    },
    /// An interface whose options overrun their block, so that the unit of its times is unknown.
    InterfaceOptions {
        /// The interface's number.
        interface: u32,
    },
    /// The interface is gone: taken out, or deleted.
    InterfaceGone,
    /// Reading failed.
    Read {
        /// What the system said.
        what: String,
    },
    /// The packed data are damaged.
    Packed {
        /// "gzip" or "zstd".
        format: &'static str,
        /// What the unpacker said.
        what: String,
    },
    /// A zstd frame that takes more memory to unpack than it may.
    PackedWindow {
        /// Octets of its window.
        window: u64,
        /// Octets that it may have.
        limit: u64,
    },
    /// The packed data end early.
    PackedCut {
        /// "gzip" or "zstd".
        format: &'static str,
    },
    /// Something else follows the packed data.
    PackedTrailing {
        /// "gzip" or "zstd".
        format: &'static str,
    },
    /// The packed data grow beyond what any capture packs to.
    PackedBomb {
        /// "gzip" or "zstd".
        format: &'static str,
        /// Bytes unpacked at most.
        limit: u64,
    },
}

impl fmt::Display for DamageReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CutHeader { have, need } => {
                write!(f, "cut short: the capture ends inside a record header ({have} of {need} bytes)")
            }
            Self::CutRecord { have, need } => {
                write!(f, "cut short: the capture ends inside a record ({have} of {need} bytes)")
            }
            Self::PacketLength { captured, limit } => {
                write!(f, "a record claims {captured} captured bytes, more than the {limit} that can be")
            }
            Self::PacketOverruns { captured, room } => {
                write!(f, "a packet claims {captured} captured bytes where its block holds {room}")
            }
            Self::BlockLength { length } => {
                write!(f, "a block states a length of {length} bytes, which is {}", block_length_fault(*length))
            }
            Self::BlockTooShort { kind, length } => {
                write!(f, "a block of type {kind:#x} is too short for its kind with {length} bytes")
            }
            Self::BlockLengthsDiffer { first, last } => {
                write!(f, "a block states a length of {first} bytes at its beginning and of {last} at its end")
            }
            Self::ByteOrder { magic } => {
                write!(f, "a section begins with {magic:#010x} where the byte-order magic 0x1a2b3c4d should stand")
            }
            Self::Version { major, minor } => {
                write!(f, "a section of pcapng version {major}.{minor}, which is not known (known: 1.0)")
            }
            Self::NoInterface { interface, described } => write!(
                f,
                "a packet of interface {interface}, of which nothing is known: its section has described {described} so far"
            ),
            Self::TooManyInterfaces { limit } => write!(f, "a section describes more than {limit} interfaces"),
            Self::InterfaceOptions { interface } => write!(
                f,
                "the options of interface {interface} overrun their block, so the unit of its times is unknown"
            ),
            Self::InterfaceGone => write!(f, "the interface is gone: plug or make it again, then start wardtap again"),
            Self::Read { what } => write!(f, "reading failed: {what}"),
            Self::Packed { format, what } => write!(f, "the {format} data are damaged: {what}"),
            Self::PackedWindow { window, limit } => {
                let (asked, allowed) = (size(*window), size(*limit));
                write!(f, "a zstd frame needs a window of {asked}, more than the {allowed} that ")?;
                if *window > MOST_WINDOW {
                    write!(f, "can be: pack it anew with a smaller one")?;
                } else {
                    write!(
                        f,
                        "--memory leaves for it: raise --memory (512M is enough), or pack it anew with a smaller one"
                    )?;
                }
                write!(f, ", for example zstd -dc --long=31 FILE | zstd -o SMALLER")
            }
            Self::PackedCut { format } => write!(f, "cut short: the {format} data end early"),
            Self::PackedTrailing { format } => write!(f, "bytes that are not {format} follow the {format} data"),
            Self::PackedBomb { format, limit } => write!(
                f,
                "the {format} data unpack to more than {limit} bytes, which no capture does: unpacking stopped"
            ),
        }
    }
}

/// Octets in the largest unit that leaves none over.
fn size(octets: u64) -> String {
    match octets {
        octets if octets.is_multiple_of(1 << 20) => format!("{} MiB", octets >> 20),
        octets if octets.is_multiple_of(1 << 10) => format!("{} KiB", octets >> 10),
        octets => format!("{octets} bytes"),
    }
}

/// Why a block cannot have this length.
fn block_length_fault(length: u32) -> &'static str {
    if length < LEAST_BLOCK {
        "below the least possible"
    } else if !length.is_multiple_of(4) {
        "not a multiple of 4"
    } else {
        "more than the 16 MiB that can be"
    }
}
