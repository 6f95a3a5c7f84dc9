//! Digests that tell whether a message, or what it carries, was there before. By a key of the run: they enter no output
//! and no baseline.

use wardtap_net::flow::{HashKey, fold};

/// What tells a message from others, and what it carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint {
    /// Of what its sender calls it: the same when it is sent again or passed on.
    pub identity: u64,
    /// Of its content, without what changes when it is sent again or passed on.
    pub content: u64,
    /// The identity belongs to one content for ever, as a UID does (DICOM PS3.5 section 9): else a sender may begin to count
    /// anew.
    pub for_ever: bool,
}

/// Octets taken at a time.
const BLOCK: usize = 16;

/// A digest of octets: the same however they are cut.
#[derive(Clone, Copy, Debug)]
pub struct Digest {
    key: HashKey,
    state: u64,
    rest: [u8; BLOCK],
    /// Octets in `rest`.
    filled: usize,
    length: u64,
}

impl Digest {
    /// Of nothing yet.
    #[must_use]
    pub const fn new(key: HashKey) -> Self {
        Self { key, state: key.0, rest: [0; BLOCK], filled: 0, length: 0 }
    }

    /// Of nothing yet, by the same key.
    #[must_use]
    pub const fn anew(&self) -> Self {
        Self::new(self.key)
    }

    /// Takes octets.
    #[inline]
    pub fn write(&mut self, bytes: &[u8]) {
        self.length = self.length.wrapping_add(bytes.len() as u64);
        let mut bytes = bytes;
        if self.filled > 0 {
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK.saturating_sub(self.filled)));
            self.keep(now);
            bytes = later;
            if self.filled < BLOCK {
                return;
            }
            self.take(self.rest);
            self.filled = 0;
        }
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        blocks.iter().for_each(|block| self.take(*block));
        self.keep(rest);
    }

    /// The digest of all.
    #[must_use]
    pub fn finish(mut self) -> u64 {
        if let Some(padding) = self.rest.get_mut(self.filled..) {
            padding.fill(0);
        }
        self.take(self.rest);
        fold(self.state ^ self.length, self.key.1 | 1)
    }

    fn keep(&mut self, bytes: &[u8]) {
        let end = self.filled.saturating_add(bytes.len());
        if let Some(free) = self.rest.get_mut(self.filled..end) {
            free.copy_from_slice(bytes);
        }
        self.filled = end;
    }

    #[inline]
    fn take(&mut self, block: [u8; BLOCK]) {
        let both = u128::from_le_bytes(block);
        #[allow(clippy::cast_possible_truncation)] // its halves
        let (low, high) = (both as u64, (both >> 64) as u64);
        self.state = fold(self.state ^ low, self.key.1 ^ high) ^ self.state.rotate_left(23);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_same_however_it_is_cut(bytes in proptest::collection::vec(any::<u8>(), 0..100), cut in 0usize..100, other in 0usize..100) {
            let digest = |pieces: &[&[u8]]| {
                let mut digest = Digest::new(HashKey(0x1234_5678_9abc_def1, 0xfedc_ba98_7654_3211));
                pieces.iter().for_each(|piece| digest.write(piece));
                digest.finish()
            };
            let (first, last) = bytes.split_at(cut.min(bytes.len()));
            let (middle, last) = last.split_at(other.min(last.len()));
            prop_assert_eq!(digest(&[&bytes]), digest(&[first, middle, last]));
            let mut changed = bytes.clone();
            changed.push(0);
            prop_assert_ne!(digest(&[&bytes]), digest(&[&changed]));
        }
    }
}
