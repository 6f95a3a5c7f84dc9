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
    }
}
