//! How `--memory` is shared out.

use wardtap_behaviour::alert::OPEN_MAX;
use wardtap_behaviour::device::DEVICES_MAX;
use wardtap_behaviour::incident::open::OPEN_INCIDENTS_MAX;
use wardtap_behaviour::links::{LINK_OCTETS, Room};
use wardtap_behaviour::scoring::{LIVE_MAX, SEEN_OCTETS};
use wardtap_capture::BLOCK_BYTES;
use wardtap_net::address::SHARDS;
use wardtap_net::defragment::HELD_MAX;

use crate::judgement::SUMMARY_ALERTS_MAX;

/// What a run takes whatever is in the capture, without its code: a batch, what a worker remembers having told, the rings
/// and wheels of 64 shards.
const FIXED: u64 = 5 << 20;
/// Octets that a live flow costs, its index entry and dissector included; half as much again once something was out of
/// order on it.
const FLOW_BYTES: u64 = 416;
/// Octets that a pair costs, its index entry and what it keeps of refusals included; not its targets.
const PAIR_BYTES: u64 = 512;
/// Octets that a device costs: itself, an address, their places in two indexes, and half a refused address.
const DEVICE_BYTES: u64 = 160;
/// Octets that an open alert costs, with all of its evidence.
const ALERT_BYTES: u64 = 1792;
/// Octets that an open incident costs with its share of the alerts, and as the summary shows it.
const INCIDENT_BYTES: u64 = 6144;
/// Octets that an alert costs as the summary shows it.
const SUMMARY_ALERT_BYTES: u64 = 4096;

/// Pairs of a shard that are remembered: enough for every conversation of a hospital, little enough to stay in cache.
const PAIRS_MAX: u64 = 256;
/// Links of a shard that are told apart.
const LINKS_MAX: u64 = 2048;
/// Octets that a link costs: its place, but not its operations.
const LINK_BYTES: u64 = LINK_OCTETS as u64;
/// Octets that a device costs where what links do is judged or learned: its id as a party, and when it was heard.
const PARTY_BYTES: u64 = 256;
/// Octets that a link costs which was compared and is not learned.
const SEEN_BYTES: u64 = SEEN_OCTETS as u64;
/// Octets that a baseline takes for each of its file, with what is kept of devices while they are compared with it, and with one
/// that SIGHUP brings in its place.
const BASELINE_FOLD: u64 = 3;
/// Where there is no more than this for all shares, none is set aside for a baseline that may come.
const LITTLE: u64 = 32 << 20;
/// The least that all shares but those of a baseline and of copies come to: these have nothing of it.
const LEAST_SUM: u64 = 15 << 20;
/// Octets of the targets of a shard's pairs: a tenth of them may go through all unit ids.
const TARGETS_BYTES_MAX: u64 = 256 * 1024;
/// Octets of the blocks of merged captures: whole ones for a hundred that overlap.
const ALL_BLOCKS: u64 = 24 << 20;
/// Octets of a block where there is little memory: the events of a block's messages can take sixty times as much.
const LEAST_BLOCK: u64 = 64 << 10;
/// The least that a shard has of flows and of pairs, and that there is of incidents.
const LEAST: u64 = 16;

/// What each table gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    /// Flows of a shard.
    pub flows: u64,
    /// Octets that wait behind holes in a shard.
    pub held_bytes: u64,
    /// Octets that the dissectors of a shard's flows hold.
    pub dissectors: u64,
    /// Octets of a shard's flows as events show them.
    pub rendered: u64,
    /// Pairs of a shard.
    pub pairs: u64,
    /// Octets of the targets of a shard's pairs.
    pub targets: u64,
    /// Devices.
    pub devices: u64,
    /// Open alerts.
    pub alerts: u64,
    /// Open incidents, and incidents kept for the summary.
    pub incidents: u64,
    /// Alerts kept for the summary.
    pub summary_alerts: u64,
    /// Octets of IP fragments.
    pub fragments: u64,
    /// Octets of the blocks of captures that are merged.
    pub blocks: u64,
    /// Octets of the window of a zstd frame.
    pub zstd_window: u64,
    /// Octets of the inventory.
    pub inventory: u64,
    /// Links of a shard.
    pub links: u64,
    /// Octets of the operations of a shard's links.
    pub operations: u64,
    /// Octets of what links did that wait to be told, in a shard.
    pub waiting: u64,
    /// Links that are compared with a baseline.
    pub seen: u64,
    /// Octets of what is learned of links; in a live run, from then on, of the baseline that is made of it.
    pub learned: u64,
    /// Octets of the devices as parties to links.
    parties: u64,
    /// Octets of the baseline.
    baseline: u64,
    /// Octets of the copies that a live run makes of what it writes beside the packets.
    copies: u64,
}

/// What is wanted beside conversations and alerts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sought {
    /// What every device does.
    pub inventory: bool,
    /// What links do.
    pub links: bool,
    /// What they do is learned; not beside an inventory, for which a live run has other room.
    pub learns: bool,
    /// Octets of the file of the baseline with which they are compared; none while it is learned, and where there is none.
    pub baseline: u64,
}

impl Shares {
    /// Of what the fixed parts leave: seven sixteenths for flows; a sixteenth each for what waits behind holes, what
    /// dissectors hold, pairs, their targets, and devices; less for alerts, incidents, fragments, and flows as events show them. The
    /// rest, of which there is more the less the caps leave to these, is for a zstd window.
    pub fn of(memory: u64) -> Self {
        let shards = SHARDS as u64;
        let memory = memory.saturating_sub(FIXED);
        let sixteenth = memory / 16;
        let mut shares = Self {
            flows: (sixteenth * 7 / FLOW_BYTES / shards).max(LEAST),
            held_bytes: sixteenth / shards,
            dissectors: sixteenth / shards,
            rendered: memory / 64 / shards,
            pairs: (sixteenth / PAIR_BYTES / shards).clamp(LEAST, PAIRS_MAX),
            targets: (sixteenth / shards).min(TARGETS_BYTES_MAX),
            devices: (sixteenth / DEVICE_BYTES).min(DEVICES_MAX as u64),
            alerts: (memory / 64 / ALERT_BYTES).min(OPEN_MAX as u64),
            incidents: (memory / 256 / INCIDENT_BYTES).clamp(LEAST, OPEN_INCIDENTS_MAX as u64),
            summary_alerts: (memory / 128 / SUMMARY_ALERT_BYTES).min(SUMMARY_ALERTS_MAX as u64),
            fragments: (memory / 64).min(HELD_MAX as u64),
            blocks: sixteenth.saturating_sub(1 << 20).clamp(LEAST_BLOCK, ALL_BLOCKS),
            zstd_window: 0,
            inventory: 0,
            links: 0,
            operations: 0,
            waiting: 0,
            seen: 0,
            learned: 0,
            parties: 0,
            baseline: 0,
            copies: 0,
        };
        shares.zstd_window = memory.saturating_sub(shares.sum());
        shares
    }

    /// What the baseline takes, somewhat less than two thirds at most; of what is left an eighth for the inventory, half of
    /// what is left then for what is learned, nine sixteenths of what is left then for links; of the rest as [`Self::of`].
    pub fn with(memory: u64, sought: Sought) -> Self {
        let baseline = sought.baseline.saturating_mul(BASELINE_FOLD).min(memory.saturating_sub(LEAST_SUM) / 3 * 2);
        let memory = memory - baseline;
        let inventory = if sought.inventory { memory / 8 } else { 0 };
        let learned = if sought.learns { (memory - inventory).saturating_sub(FIXED) / 2 } else { 0 };
        let memory = memory - inventory - learned;
        let shares = if sought.links { Self::with_links(memory) } else { Self::of(memory) };
        Self { inventory, learned, baseline, ..shares }
    }

    /// Of nine sixteenths six are for links and their operations, of which as many links as there may be have two at most;
    /// one is for what they did while it is told; two are for devices as parties, and for what is compared.
    fn with_links(memory: u64) -> Self {
        let (shards, sixteenth) = (SHARDS as u64, memory.saturating_sub(FIXED) / 16);
        let links = (sixteenth * 2 / LINK_BYTES / shards).min(LINKS_MAX);
        let shares = Self::of(memory - sixteenth * 9);
        let parties = shares.devices * PARTY_BYTES;
        Self {
            links,
            operations: sixteenth * 6 / shards - links * LINK_BYTES,
            waiting: sixteenth / shards,
            seen: ((sixteenth * 2).saturating_sub(parties) / SEEN_BYTES).min(LIVE_MAX as u64),
            parties,
            ..shares
        }
    }

    /// A sixteenth at most for copies, an eighth while it learns and makes a baseline of that; the rest as [`Self::with`], for a
    /// baseline that is a quarter larger, or of a twelfth of what is more than [`LITTLE`] where it is smaller: one in its place may be. A live run unpacks
    /// nothing: what that would have had is for the inventory.
    pub fn live(memory: u64, sought: Sought) -> Self {
        let free = memory.saturating_sub(LEAST_SUM);
        let copies = free / if sought.learns { 8 } else { 16 };
        let least = if sought.learns { 0 } else { free.saturating_sub(LITTLE) / 12 / BASELINE_FOLD };
        let baseline = (sought.baseline / 4).saturating_mul(5).max(least);
        let shares = Self::with(memory - copies, Sought { inventory: false, links: true, baseline, ..sought });
        Self { inventory: shares.zstd_window, zstd_window: 0, copies, ..shares }
    }

    /// Octets of the file of a baseline for which there is room: of what is learned one is made that takes its place.
    pub const fn baseline_file(&self) -> u64 {
        (self.baseline + self.learned) / BASELINE_FOLD
    }

    /// What there is for the links of a shard.
    pub fn room(&self) -> anyhow::Result<Room> {
        Ok(Room {
            links: usize::try_from(self.links)?,
            operations: usize::try_from(self.operations)?,
            waiting: usize::try_from(self.waiting)?,
        })
    }

    fn sum(&self) -> u64 {
        let shard = self.flows * FLOW_BYTES
            + self.held_bytes
            + self.dissectors
            + self.rendered
            + self.pairs * PAIR_BYTES
            + self.targets
            + self.links * LINK_BYTES
            + self.operations
            + self.waiting;
        shard * SHARDS as u64
            + self.parties
            + self.baseline
            + self.copies
            + self.learned
            + self.seen * SEEN_BYTES
            + self.devices * DEVICE_BYTES
            + self.alerts * ALERT_BYTES
            + self.incidents * INCIDENT_BYTES
            + self.summary_alerts * SUMMARY_ALERT_BYTES
            + self.fragments
            // The fixed parts hold one of them.
            + self.blocks.saturating_sub(BLOCK_BYTES as u64)
            + self.zstd_window
            + self.inventory
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_no_more_than_there_is() {
        for memory in (24..40).flat_map(|log| [1 << log, (1 << log) + 12_345, 3 << log]) {
            let sought = |bits: u8| Sought {
                inventory: bits & 1 != 0,
                links: bits & 2 != 0,
                learns: bits & 4 != 0,
                baseline: if bits & 8 == 0 { 0 } else { memory },
            };
            let sought =
                (0..16).map(sought).filter(|sought| !(sought.learns && (sought.inventory || sought.baseline > 0)));
            let with = sought.clone().map(|sought| Shares::with(memory, sought));
            for shares in with.chain(sought.map(|sought| Shares::live(memory, sought))) {
                assert!(shares.sum() + FIXED <= memory, "{memory}: {shares:?}");
            }
        }
    }

    #[test]
    fn shares_of_little_of_the_default_and_of_much() {
        let of = |memory| {
            let Shares { flows, dissectors, pairs, targets, devices, alerts, zstd_window, .. } = Shares::of(memory);
            // zstd rounds down to a power of two.
            (flows, dissectors, pairs, targets, devices, alerts, 1_u64 << zstd_window.ilog2())
        };
        assert_eq!(
            of(16 << 20),
            (189, 11 << 10, 22, 11 << 10, 4505, 100, 2 << 20),
            "what zstd packs without being told otherwise"
        );
        assert_eq!(
            of(64 << 20),
            (1016, 59 << 10, 118, 59 << 10, 24_166, 539, 8 << 20),
            "what it takes to pack smallest"
        );
        assert_eq!(of(512 << 20), (8736, 507 << 10, 256, 256 << 10, 131_072, 4096, 128 << 20), "the largest there is");
        assert_eq!(of(64 << 30).2, 256);
    }
}
