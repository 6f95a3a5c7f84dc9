//! The fence around what is read of flows: a mistake of ours that shows on one flow costs that flow, and nothing else.
//!
//! One fence stands around a whole batch, so that no packet pays for it: the record at hand names the flow. What is read when
//! flows end, or bytes are missing, comes at ticks too, where no record names it, and has a fence each time.

use wardtap_net::flow::Flow;

use super::hands::Hands;
use super::{Application, Worker};
use crate::batch::Batch;
use crate::panics::fenced;

impl Worker {
    /// Takes all records of a batch; of a flow on which we fail it reads no further.
    pub(super) fn take_all(&mut self, batch: &Batch) {
        let mut at = 0;
        while fenced(|| self.take_records(batch, &mut at)).is_none() {
            self.abandon(batch, at);
            // The next one.
            at += 1;
        }
    }

    /// Reads no further on the flow of a record.
    #[cold]
    fn abandon(&mut self, batch: &Batch, at: usize) {
        self.shared.abandoned();
        let Some(entry) = batch.entries.get(at) else { return };
        let Some(shard) = self.place(entry).and_then(|place| self.shards.get_mut(place)) else { return };
        if let Some(flow) = shard.table.flow(&entry.sought) {
            flow.application.conversation.abandon();
            let freed = flow.application.conversation.count_held();
            shard.kept.held = shard.kept.held.saturating_add_signed(freed);
        }
    }
}

impl super::Shared {
    /// Counts it, and takes back what was begun to be written.
    fn abandoned(&mut self) {
        self.counts.abandoned += 1;
        let whole = self.bundle.line_ends.last().map_or(0, |(_, end)| *end);
        self.bundle.lines.truncate(whole);
    }
}

impl Hands<'_> {
    /// Does something with what is read of a flow, beside the packets of a batch.
    pub(super) fn fenced(&mut self, flow: &mut Flow<Application>, act: impl FnOnce(&mut Self, &mut Flow<Application>)) {
        if fenced(|| act(self, flow)).is_none() {
            self.shared.abandoned();
            flow.application.conversation.abandon();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use wardtap_behaviour::links::Room;

    use wardtap_behaviour::links::Use;
    use wardtap_behaviour::observation::Observation;
    use wardtap_capture::{Block, Input, Losses, PacketSource, Record};
    use wardtap_net::defragment::Defragmenter;
    use wardtap_net::flow::HashKey;
    use wardtap_net::flow_table::{Limits, Seeker};
    use wardtap_net::packet::{LinkType, Timestamp};

    use super::super::{TRIP, WorkerOptions};
    use super::*;
    use crate::batch::Bundle;
    use crate::front::{Front, Selection};

    /// Segments of flows, by source port.
    struct Segments(Vec<(u16, u32, Vec<u8>)>);

    impl PacketSource for Segments {
        fn fill(&mut self, block: &mut Block) -> bool {
            let segments = std::mem::take(&mut self.0);
            for (number, (port, sequence, payload)) in (1..).zip(&segments) {
                let frame = segment(*port, *sequence, payload);
                let time = Timestamp::from_seconds(1000 + number);
                let link = LinkType::ETHERNET;
                let sent = frame.len() as u32;
                block.push(Record { time, frame: number, offset: 0, captured: 0, sent, input: 0, link }, &frame);
            }
            !segments.is_empty()
        }

        fn inputs(&self) -> Vec<Input> {
            Vec::new()
        }

        fn damage(&self) -> Vec<wardtap_capture::Damage> {
            Vec::new()
        }

        fn untimed(&self) -> u64 {
            0
        }

        fn copied_bytes(&self) -> u64 {
            0
        }

        fn progress(&self) -> (u64, Option<u64>) {
            (0, None)
        }

        fn losses(&self) -> Losses {
            Losses::default()
        }
    }

    /// A segment from one of two hosts to the other.
    fn segment(port: u16, sequence: u32, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0];
        frame.extend((40 + payload.len() as u16).to_be_bytes());
        frame.extend([0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        frame.extend(port.to_be_bytes());
        frame.extend(502_u16.to_be_bytes());
        frame.extend(sequence.to_be_bytes());
        frame.extend([0, 0, 0, 1, 0x50, 0x18, 16, 0, 0, 0, 0, 0]);
        frame.extend(payload);
        frame
    }

    /// Asks for a register.
    fn request(transaction: u16) -> Vec<u8> {
        let [high, low] = transaction.to_be_bytes();
        vec![high, low, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1]
    }

    #[test]
    fn a_panic_costs_the_flow_on_which_it_is_and_nothing_else() {
        let mut segments = Vec::new();
        for round in 0..20_u32 {
            for port in [40_000, 40_001] {
                let payload = if (port, round) == (40_000, 5) { TRIP.to_vec() } else { request(round as u16) };
                segments.push((port, 1 + round * 12, payload));
            }
        }
        let (worker, lines, _) = worked(segments, 60);
        assert_eq!(worker.counted().counts.abandoned, 1);
        let of = |port: u16, kind: &str| {
            let (port, kind) = (format!("\"port\":{port}"), format!("\"type\":\"{kind}\""));
            lines.lines().filter(|line| line.contains(&port) && line.contains(&kind)).count()
        };
        assert_eq!((of(40_000, "message"), of(40_001, "message")), (5, 20), "the other flow is read on");
        assert_eq!((of(40_000, "flow"), of(40_001, "flow")), (1, 1), "and both are told of at their ends");
        assert!(lines.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
    }

    #[test]
    fn what_links_did_is_told_in_parts_of_a_minute_that_add_up() {
        let told = |every| {
            let requests = (0..40_u32).map(|round| (40_000, 1 + round * 12, request(round as u16))).collect();
            let uses = worked(requests, every).2;
            let packets: u64 = uses.iter().map(|used| used.sent[0].packets + used.sent[1].packets).sum();
            let messages: u64 = uses.iter().flat_map(|used| &used.operations).map(|operation| operation.count).sum();
            let minutes: BTreeSet<u64> = uses.iter().map(|used| used.minute).collect();
            (uses.len(), packets, messages, minutes)
        };
        // From second 1,001 to 1,040, which is in two minutes.
        let (whole, parts) = (told(60), told(10));
        assert_eq!((whole.0, whole.1, whole.2), (2, 40, 40));
        assert_eq!((parts.0, parts.1, parts.2), (5, 40, 40));
        assert_eq!(whole.3, parts.3);
    }

    /// A worker that took them, what it wrote, and what links did, told every so many seconds.
    fn worked(segments: Vec<(u16, u32, Vec<u8>)>, links_every: u64) -> (Worker, String, Vec<Use>) {
        let options = WorkerOptions {
            limits: Limits { flows_max: 64, held_bytes_max: 1 << 20, by_vlan: false },
            pairs_max: 64,
            targets_bytes_max: 1 << 20,
            dissectors_bytes_max: 1 << 20,
            rendered_bytes_max: 1 << 20,
            links: true,
            links_room: Room { links: 64, operations: 1 << 16, waiting: 1 << 16 },
            links_every,
            clues: true,
            messages: true,
            flows: true,
            captures: vec![b"\"capture\"".to_vec()],
            key: HashKey(1, 2),
        };
        let seeker = Seeker { key: options.key, by_vlan: false };
        let mut front =
            Front::new(Box::new(Segments(segments)), Selection::default(), seeker, Defragmenter::new(1 << 20));
        let mut worker = Worker::new(0, 1, options);
        let (mut batch, mut lines, mut uses) = (Batch::default(), String::new(), Vec::new());
        while front.fill(&mut batch) {
            let bundle: Bundle = worker.take(&batch, Bundle::default());
            assert_eq!(bundle.line_ends.last().map_or(0, |(_, end)| *end), bundle.lines.len(), "no torn line");
            lines += std::str::from_utf8(&bundle.lines).unwrap();
            uses.extend(bundle.observations.into_iter().filter_map(|(_, observation)| match observation {
                Observation::Used(used) => Some(*used),
                _ => None,
            }));
        }
        (worker, lines, uses)
    }
}
