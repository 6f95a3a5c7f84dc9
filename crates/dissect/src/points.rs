//! Values at places of the responder (registers, coils), as a message carries them: read where they stand, not copied.

/// Values at places that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Points<'a> {
    /// The place of the first.
    pub first: u32,
    packed: Packed<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packed<'a> {
    /// Two octets each, the high one first.
    Words(&'a [[u8; 2]]),
    /// So many bits, the first the lowest of the first octet.
    Bits(&'a [u8], usize),
}

impl<'a> Points<'a> {
    /// Values of 16 bits, the high octet first; at most `count`, and those that are there.
    #[must_use]
    pub fn words(first: u32, bytes: &'a [u8], count: usize) -> Self {
        let (words, _) = bytes.as_chunks::<2>();
        Self { first, packed: Packed::Words(words.get(..count).unwrap_or(words)) }
    }

    /// Values of one bit, the first in the lowest bit of the first octet; at most `count`, and those that are there.
    #[must_use]
    pub fn bits(first: u32, bytes: &'a [u8], count: usize) -> Self {
        let count = count.min(bytes.len().saturating_mul(8));
        Self { first, packed: Packed::Bits(bytes, count) }
    }

    /// How many.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self.packed {
            Packed::Words(words) => words.len(),
            Packed::Bits(_, count) => count,
        }
    }

    /// True when there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The octets, where the values are numbers and not bits.
    #[must_use]
    pub const fn numbers(&self) -> Option<&'a [u8]> {
        match self.packed {
            Packed::Words(words) => Some(words.as_flattened()),
            Packed::Bits(..) => None,
        }
    }

    /// Calls `to` with each value, in order, up to `most` of them.
    #[inline]
    pub fn each(&self, most: usize, mut to: impl FnMut(u16)) {
        match self.packed {
            Packed::Words(words) => words.iter().take(most).for_each(|&word| to(u16::from_be_bytes(word))),
            Packed::Bits(bytes, count) => {
                let bits = bytes.iter().flat_map(|&byte| (0..8).map(move |bit: u32| u16::from(byte) >> bit & 1));
                bits.take(count.min(most)).for_each(to);
            }
        }
    }
}
