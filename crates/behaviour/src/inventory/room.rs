//! How much may be kept, in octets: what is inserted into a map, and the text of it.

/// What a block of memory takes beside what was asked for.
const BLOCK: usize = 16;

/// What a map of the standard library takes for an entry: a node holds eleven, and five at least once there are several.
/// The first entry pays for a node.
pub(super) const fn entry<K, V>(known: usize) -> usize {
    let node = 11 * (size_of::<K>() + size_of::<V>()) + 2 * BLOCK;
    if known == 0 { node } else { node / 5 }
}

/// What a text takes.
pub(super) const fn text(text: &str) -> usize {
    text.len() + BLOCK
}

/// How much more can be kept.
pub(super) struct Room {
    pub(super) left: usize,
    pub(super) refused: u64,
}

impl Room {
    /// Takes so many octets; false, and counted, where there are not as many.
    pub(super) const fn take(&mut self, octets: usize) -> bool {
        match self.left.checked_sub(octets) {
            Some(left) => {
                self.left = left;
                true
            }
            None => {
                self.refused += 1;
                false
            }
        }
    }
}
