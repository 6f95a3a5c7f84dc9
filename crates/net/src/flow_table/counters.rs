//! What a table has done, in numbers.

use super::Arriving;
use crate::checksum;

/// What a table has done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counters {
    /// Flows that began.
    pub opened: u64,
    /// Flows that ended having been heard from one end only.
    pub one_sided: u64,
    /// Flows that ended with bytes missing.
    pub with_gaps: u64,
    /// Holes given up, and packets captured short.
    pub gaps: u64,
    /// Bytes missing in them.
    pub gap_bytes: u64,
    /// Packets that the mirror had copied.
    pub duplicates: u64,
    /// TCP segments sent again.
    pub retransmissions: u64,
    /// TCP segments with other bytes than the first time.
    pub conflicts: u64,
    /// TCP segments before their time.
    pub out_of_order: u64,
    /// TCP segments from outside of any window.
    pub out_of_window: u64,
    /// Flows given up for want of room.
    pub evicted_flows: u64,
    /// Holes given up for want of room.
    pub evicted_holes: u64,
    /// Transport headers that were cut or contradict themselves.
    pub bad_transport: u64,
    /// Packets, of the first [`super::VERIFIED_PACKETS`] from each end of a flow, with a wrong IP, TCP or UDP checksum.
    pub bad_checksums: u64,
}

impl Counters {
    /// Counts a packet with a wrong checksum.
    #[inline]
    pub(super) fn verify(&mut self, arriving: &Arriving<'_>) {
        if checksum::is_wrong(arriving.packet, arriving.layout) {
            self.bad_checksums = self.bad_checksums.saturating_add(1);
        }
    }

    /// Adds another table's counters.
    pub fn add(&mut self, other: &Self) {
        for (into, from) in [
            (&mut self.opened, other.opened),
            (&mut self.one_sided, other.one_sided),
            (&mut self.with_gaps, other.with_gaps),
            (&mut self.gaps, other.gaps),
            (&mut self.gap_bytes, other.gap_bytes),
            (&mut self.duplicates, other.duplicates),
            (&mut self.retransmissions, other.retransmissions),
            (&mut self.conflicts, other.conflicts),
            (&mut self.out_of_order, other.out_of_order),
            (&mut self.out_of_window, other.out_of_window),
            (&mut self.evicted_flows, other.evicted_flows),
            (&mut self.evicted_holes, other.evicted_holes),
            (&mut self.bad_transport, other.bad_transport),
            (&mut self.bad_checksums, other.bad_checksums),
        ] {
            *into = into.saturating_add(from);
        }
    }
}
