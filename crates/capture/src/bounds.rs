//! How much memory reading captures may take: what whoever opens them can choose.

use crate::{merge::ALL_BLOCKS, window::MOST_WINDOW};

/// What reading may take. The default is the most that is ever taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Octets of a zstd window. Rounded down to a power of two, as zstd has it; never more than 128 MiB.
    pub zstd_window: u64,
    /// Octets of the blocks of all captures that are merged, 16 KiB each at least; never more than 32 MiB.
    pub blocks: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { zstd_window: MOST_WINDOW, blocks: ALL_BLOCKS }
    }
}
