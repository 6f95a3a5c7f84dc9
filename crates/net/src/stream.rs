//! The words that the reassembler and the dissectors share: ends of a flow, chunks, gaps.

use crate::packet::Timestamp;

/// One end of a flow, by the order of its key: fixed from the first packet on, whoever opened the flow.
///
/// `A` is the end with the smaller (address, port).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The smaller (address, port).
    #[default]
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
    /// That frame, as [`FrameLabel::to_bits`].
    pub frame: u64,
    /// The bytes; valid for this call only.
    pub bytes: &'a [u8],
}

/// A frame's label: which capture, and which number in it, in one word.
///
/// Frames are labelled once, by whoever reads the captures; everything behind carries the label along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FrameLabel(u64);

/// Bits of a label that hold the frame number.
const NUMBER_BITS: u32 = 48;

impl FrameLabel {
    /// Frame `number` (counted from 1) of capture `input` (counted from 0).
    #[must_use]
    pub const fn new(input: u16, number: u64) -> Self {
        Self((input as u64) << NUMBER_BITS | number & ((1 << NUMBER_BITS) - 1))
    }

    /// Which capture, counted from 0.
    #[must_use]
    pub const fn input(self) -> usize {
        (self.0 >> NUMBER_BITS) as usize
    }

    /// The number of the frame in its capture, counted from 1.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0 & ((1 << NUMBER_BITS) - 1)
    }

    /// As the `frame` of a [`Chunk`].
    #[must_use]
    pub const fn to_bits(self) -> u64 {
        self.0
    }

    /// From the `frame` of a [`Chunk`].
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }
}
