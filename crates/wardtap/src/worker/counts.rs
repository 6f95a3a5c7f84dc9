//! What a worker counts.

use wardtap_dissect::{Envelope, PROTOCOLS};
use wardtap_export::metrics::{Responses, responses};
use wardtap_net::flow_table::Counters;

/// What a worker counts; added up over workers at the end, and in a live run each second.
#[derive(Clone)]
pub struct WorkerCounts {
    /// Messages by protocol and kind.
    pub kinds: Vec<Vec<u64>>,
    /// Anomalies by protocol and reason.
    pub anomalies: Vec<Vec<u64>>,
    /// Response times by protocol.
    pub responses: Vec<Responses>,
    /// Sums of response times by protocol, in nanoseconds.
    pub response_sums: Vec<u64>,
    /// Octets copied.
    pub copied: u64,
    /// ARP packets that could not be read.
    pub bad_arp: u64,
    /// LLDP units that could not be read, where clues are wanted.
    pub bad_lldp: u64,
    /// CDP messages that could not be read, where clues are wanted.
    pub bad_cdp: u64,
    /// Times that a dissector had to let go of what it held.
    pub forgotten: u64,
    /// Clues that found no room.
    pub clues_lost: u64,
    /// Flows that are read no further, since a mistake of ours showed on them.
    pub abandoned: u64,
}

impl Default for WorkerCounts {
    fn default() -> Self {
        Self {
            kinds: PROTOCOLS.iter().map(|protocol| vec![0; protocol.kinds.len()]).collect(),
            anomalies: PROTOCOLS.iter().map(|protocol| vec![0; protocol.anomalies.len()]).collect(),
            responses: PROTOCOLS.iter().map(|_| responses()).collect(),
            response_sums: vec![0; PROTOCOLS.len()],
            copied: 0,
            bad_arp: 0,
            bad_lldp: 0,
            bad_cdp: 0,
            forgotten: 0,
            clues_lost: 0,
            abandoned: 0,
        }
    }
}

impl WorkerCounts {
    #[inline]
    pub fn message(&mut self, protocol: usize, envelope: &Envelope) {
        if let Some(count) = self.kinds.get_mut(protocol).and_then(|kinds| kinds.get_mut(envelope.kind)) {
            *count += 1;
        }
        if let Some(nanos) = envelope.response_nanos
            && let (Some(responses), Some(sum)) =
                (self.responses.get_mut(protocol), self.response_sums.get_mut(protocol))
        {
            responses.saturating_record(nanos);
            *sum = sum.saturating_add(nanos);
        }
    }
}

/// What a worker has counted.
pub struct Counted {
    pub counts: WorkerCounts,
    /// By each shard's flow table.
    pub tables: Vec<Counters>,
    /// Registered names below which names are counted no more.
    pub parents: u64,
    /// Pairs given up.
    pub pairs: u64,
    /// Targets of pairs given up, or not told apart.
    pub targets: u64,
    /// Links given up, and flows whose links found no room.
    pub links: u64,
}
