//! Finds the bytes that structure a frame: one look at each byte, sixteen at a time.
//!
//! What ends a line or a frame (CR, LF, FS, VT) lies below 0x20, and hardly anything else in a message does
//! ("Transport Specification: MLLP, Release 1": content is CR and bytes above 0x1F). So one comparison finds all four,
//! where `memchr3` finds three and costs a call through a pointer for every line of some 70 bytes.

use wide::u8x16;

/// Start of a frame: `<SB>`, vertical tab.
pub(super) const VT: u8 = 0x0b;
/// End of a frame's content: `<EB>`, file separator.
pub(super) const FS: u8 = 0x1c;
/// Ends a segment, and follows [`FS`].
pub(super) const CR: u8 = b'\r';
/// Not the standard's, but common as a segment's end.
pub(super) const LF: u8 = b'\n';

/// The places of CR, LF, FS and VT, in order, and which of them each is.
pub(super) struct Ends<'a> {
    bytes: &'a [u8],
    /// Where the block begins that is looked at.
    block: usize,
    /// A bit for each of its bytes below 0x20 that is still to come.
    marks: u64,
}

impl<'a> Ends<'a> {
    #[inline]
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, block: 0, marks: marks(bytes, is_control) }
    }
}

impl Iterator for Ends<'_> {
    type Item = (usize, u8);

    #[inline]
    fn next(&mut self) -> Option<(usize, u8)> {
        loop {
            while self.marks == 0 {
                self.block = self.block.saturating_add(BLOCK);
                let rest = self.bytes.get(self.block..).filter(|rest| !rest.is_empty())?;
                self.marks = marks(rest, is_control);
            }
            let at = self.block.saturating_add(self.marks.trailing_zeros() as usize);
            self.marks &= self.marks.wrapping_sub(1);
            if let Some(&end @ (CR | LF | FS | VT)) = self.bytes.get(at) {
                return Some((at, end));
            }
        }
    }
}

/// Calls `found` with the place of every `byte` in `bytes`, in order, until it answers `false`.
///
/// For the few dozen separators of a header that lie some bytes apart: collecting them as bits first leaves one branch
/// to guess for a block, not one for each separator.
#[inline]
pub(super) fn each(bytes: &[u8], byte: u8, mut found: impl FnMut(usize) -> bool) {
    let mut from = 0usize;
    while let Some(rest) = bytes.get(from..).filter(|rest| !rest.is_empty()) {
        let mut marks = marks(rest, |block| block.simd_eq(u8x16::splat(byte)));
        while marks != 0 {
            if !found(from.saturating_add(marks.trailing_zeros() as usize)) {
                return;
            }
            marks &= marks.wrapping_sub(1);
        }
        from = from.saturating_add(BLOCK);
    }
}

/// Marks each byte below 0x20.
#[inline]
fn is_control(block: u8x16) -> u8x16 {
    let last = u8x16::splat(0x1f);
    block.max(last).simd_eq(last)
}

/// Bytes that are looked at before the first of those found is told.
const BLOCK: usize = 64;

/// A bit for each of the first 64 bytes that `test` marks, the first byte's lowest.
#[inline]
fn marks(bytes: &[u8], test: impl Fn(u8x16) -> u8x16) -> u64 {
    match bytes.first_chunk::<BLOCK>() {
        Some(block) => marks_of(block, test),
        None => marks_of_last(bytes, test),
    }
}

#[inline]
fn marks_of(block: &[u8; BLOCK], test: impl Fn(u8x16) -> u8x16) -> u64 {
    let (parts, _) = block.as_chunks::<16>();
    let bits = |part: &[u8; 16]| u64::from(test(u8x16::new(*part)).to_bitmask());
    match parts {
        [a, b, c, d] => bits(a) | bits(b) << 16 | bits(c) << 32 | bits(d) << 48,
        _ => 0,
    }
}

#[inline]
fn marks_of_last(bytes: &[u8], test: impl Fn(u8x16) -> u8x16) -> u64 {
    let mut block = [0u8; BLOCK];
    if let Some(front) = block.get_mut(..bytes.len()) {
        front.copy_from_slice(bytes);
    }
    // What is padding counts for nothing.
    let there = 1u64.wrapping_shl(u32::try_from(bytes.len()).unwrap_or(0)).wrapping_sub(1);
    marks_of(&block, test) & there
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn same_as_one_byte_at_a_time(bytes in proptest::collection::vec(prop_oneof![9 => 0x20u8..=255, 1 => 0u8..0x20], 0..200)) {
            let slow = (0..).zip(&bytes).filter(|(_, byte)| matches!(**byte, CR | LF | FS | VT)).map(|(at, &end)| (at, end));
            prop_assert_eq!(Ends::of(&bytes).collect::<Vec<_>>(), slow.collect::<Vec<_>>());
        }

        #[test]
        fn each_finds_all(bytes in proptest::collection::vec(prop_oneof![3 => any::<u8>(), 1 => Just(b'|'), 1 => Just(b'}')], 0..200)) {
            let mut places = Vec::new();
            each(&bytes, b'|', |at| {
                places.push(at);
                true
            });
            let slow: Vec<usize> = (0..bytes.len()).filter(|&at| bytes[at] == b'|').collect();
            prop_assert_eq!(places, slow);
        }
    }
}
