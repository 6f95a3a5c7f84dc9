//! How `--memory` is shared out.

use wardtap_behaviour::device::DEVICES_MAX;
use wardtap_net::address::SHARDS;

/// Octets that a live flow costs, its index entry and dissector included.
const FLOW_BYTES: u64 = 320;
/// Octets that a pair costs.
const PAIR_BYTES: u64 = 512;
/// Octets that a device costs: itself, its places in two indexes, and half a refused address.
const DEVICE_BYTES: u64 = 128;

/// Pairs of a shard that are remembered: enough for every conversation of a hospital, little enough to stay in cache.
const PAIRS_MAX: u64 = 256;
/// The least that a shard has of flows and of pairs.
const LEAST: u64 = 16;

/// What each table gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    /// Flows of a shard.
    pub flows: u64,
    /// Octets that wait behind holes in a shard.
    pub held_bytes: u64,
    /// Pairs of a shard.
    pub pairs: u64,
    /// Devices.
    pub devices: u64,
    /// Octets of the window of a zstd frame.
    pub zstd_window: u64,
}

impl Shares {
    /// Half for flows, an eighth each for pairs and for what waits behind holes, a sixteenth for devices, a sixteenth for
    /// blocks and the fixed parts; the rest, of which there is more the less the caps of pairs and devices leave them,
    /// for a zstd window.
    pub fn of(memory: u64) -> Self {
        let shards = SHARDS as u64;
        let pairs = (memory / 8 / PAIR_BYTES / shards).clamp(LEAST, PAIRS_MAX);
        let devices = (memory / 16 / DEVICE_BYTES).min(DEVICES_MAX as u64);
        let taken = memory / 2 + memory / 8 + memory / 16 + pairs * PAIR_BYTES * shards + devices * DEVICE_BYTES;
        Self {
            flows: (memory / 2 / FLOW_BYTES / shards).max(LEAST),
            held_bytes: memory / 8 / shards,
            pairs,
            devices,
            zstd_window: memory.saturating_sub(taken),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_no_more_than_there_is() {
        for memory in (24..40).flat_map(|log| [1 << log, (1 << log) + 12_345, 3 << log]) {
            let shares = Shares::of(memory);
            let shards = SHARDS as u64;
            let tables = shares.flows * FLOW_BYTES + shares.held_bytes + shares.pairs * PAIR_BYTES;
            let sum = tables * shards + shares.devices * DEVICE_BYTES + shares.zstd_window;
            assert!(sum + memory / 16 <= memory, "{memory}: {shares:?}");
        }
    }

    #[test]
    fn shares_of_little_of_the_default_and_of_much() {
        let of = |memory| {
            let Shares { flows, held_bytes, pairs, devices, zstd_window } = Shares::of(memory);
            // zstd rounds down to a power of two.
            (flows, held_bytes, pairs, devices, 1_u64 << zstd_window.ilog2())
        };
        assert_eq!(of(16 << 20), (409, 32 << 10, 64, 8192, 2 << 20), "what zstd packs without being told otherwise");
        assert_eq!(of(64 << 20), (1638, 128 << 10, 256, 32_768, 8 << 20), "what it takes to pack smallest");
        assert_eq!(of(512 << 20), (13_107, 1 << 20, 256, 131_072, 128 << 20), "the largest there is");
        assert_eq!(of(64 << 30).2, 256);
    }
}
