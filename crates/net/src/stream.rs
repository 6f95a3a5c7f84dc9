//! The words that the reassembler and the dissectors share: ends of a flow, chunks, gaps.

use crate::packet::Timestamp;

/// One end of a flow, by the order of its key: fixed from the first packet on, whoever opened the flow.
///
/// `A` is the end with the smaller (address, port).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The smaller (address, port).
    A,
    /// The larger (address, port).
    B,
}

impl Side {
    /// Both ends, in key order.
    pub const BOTH: [Self; 2] = [Self::A, Self::B];

    /// The other end.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// 0 for `A`, 1 for `B`: an index into a pair.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::A => 0,
            Self::B => 1,
        }
    }

    /// What belongs to this end of a pair kept in key order.
    pub const fn of<T>(self, pair: &[T; 2]) -> &T {
        let [a, b] = pair;
        match self {
            Self::A => a,
            Self::B => b,
        }
    }

    /// What belongs to this end of a pair kept in key order.
    pub const fn of_mut<T>(self, pair: &mut [T; 2]) -> &mut T {
        let [a, b] = pair;
        match self {
            Self::A => a,
            Self::B => b,
        }
    }
}

/// The next bytes of one direction of a flow, in order, each byte once.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'a> {
    /// Who sent them.
    pub side: Side,
    /// The capture time of the frame that made them available.
    pub time: Timestamp,
    /// That frame: its number in its capture file.
    pub frame: u64,
    /// The bytes; valid for this call only.
    pub bytes: &'a [u8],
}
