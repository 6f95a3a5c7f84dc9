//! Finds the bytes that structure a frame: one look at each byte, eight at a time.
//!
//! What ends a line or a frame (CR, LF, FS, VT) lies below 0x20, and hardly anything else in a message does
//! ("Transport Specification: MLLP, Release 1": content is CR and bytes above 0x1F). So one comparison finds all four,
//! where `memchr3` finds three and costs a call through a pointer for every line of some 70 bytes.

/// Start of a frame: `<SB>`, vertical tab.
pub(super) const VT: u8 = 0x0b;
/// End of a frame's content: `<EB>`, file separator.
pub(super) const FS: u8 = 0x1c;
/// Ends a segment, and follows [`FS`].
pub(super) const CR: u8 = b'\r';
/// Not the standard's, but common as a segment's end.
pub(super) const LF: u8 = b'\n';

/// The place of the first CR, LF, FS or VT, and which of them it is.
#[inline]
pub(super) fn line_end(bytes: &[u8]) -> Option<(usize, u8)> {
    let mut from = 0usize;
    loop {
        let at = from.saturating_add(control(bytes.get(from..)?)?);
        match bytes.get(at) {
            Some(&end @ (CR | LF | FS | VT)) => return Some((at, end)),
            _ => from = at.saturating_add(1),
        }
    }
}

/// The place of the first byte below 0x20.
#[inline]
fn control(bytes: &[u8]) -> Option<usize> {
    let (blocks, _) = bytes.as_chunks::<32>();
    let mut passed = 0usize;
    for block in blocks {
        if block.as_chunks::<8>().0.iter().fold(0, |all, word| all | below_0x20(*word)) != 0 {
            break;
        }
        passed = passed.saturating_add(32);
    }
    let rest = bytes.get(passed..)?;
    let (words, tail) = rest.as_chunks::<8>();
    for word in words {
        let found = below_0x20(*word);
        if found != 0 {
            return Some(passed.saturating_add(first(found)));
        }
        passed = passed.saturating_add(8);
    }
    tail.iter().position(|&byte| byte < 0x20).map(|at| passed.saturating_add(at))
}

/// Sets the high bit of every byte that is below 0x20. A borrow can set it in bytes behind such a one as well, never
/// before: the lowest bit set is exact.
#[inline]
const fn below_0x20(word: [u8; 8]) -> u64 {
    let word = u64::from_le_bytes(word);
    word.wrapping_sub(0x2020_2020_2020_2020) & !word & 0x8080_8080_8080_8080
}

#[inline]
const fn first(found: u64) -> usize {
    // At most 7: no loss.
    (found.trailing_zeros() / 8) as usize
}

/// Calls `found` with the place of every `byte` in `bytes`, in order, until it answers `false`.
///
/// For the few dozen separators of a header that lie some bytes apart: collecting them as bits first leaves one branch
/// to guess for eight bytes, not one for each separator.
#[inline]
pub(super) fn each(bytes: &[u8], byte: u8, mut found: impl FnMut(usize) -> bool) {
    let pattern = u64::from(byte).wrapping_mul(ONES);
    let mut passed = 0usize;
    for block in bytes.chunks(64) {
        let (words, tail) = block.as_chunks::<8>();
        let mut marks = 0u64;
        let mut shift = 0u32;
        for word in words {
            marks |= equal(u64::from_le_bytes(*word) ^ pattern).wrapping_shl(shift);
            shift = shift.wrapping_add(8);
        }
        for one in tail {
            marks |= u64::from(*one == byte).wrapping_shl(shift);
            shift = shift.wrapping_add(1);
        }
        while marks != 0 {
            if !found(passed.saturating_add(marks.trailing_zeros() as usize)) {
                return;
            }
            marks &= marks.wrapping_sub(1);
        }
        passed = passed.saturating_add(64);
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;

/// A bit for each byte that is zero, the first byte's lowest.
#[inline]
const fn equal(word: u64) -> u64 {
    let low = ONES.wrapping_mul(0x7f);
    let zeros = !((word & low).wrapping_add(low) | word | low);
    // The high bits, moved together: the product brings each to its place in the top byte.
    (zeros >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn same_as_one_byte_at_a_time(bytes in proptest::collection::vec(prop_oneof![9 => 0x20u8..=255, 1 => 0u8..0x20], 0..200)) {
            let slow = bytes.iter().position(|byte| matches!(*byte, CR | LF | FS | VT));
            prop_assert_eq!(line_end(&bytes).map(|(at, _)| at), slow);
            prop_assert_eq!(line_end(&bytes).map(|(_, end)| end), slow.map(|at| bytes[at]));
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
