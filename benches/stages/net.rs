//! The peel and the flow table: nanoseconds a packet.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput};
use wardtap_net::flow::{Flow, HashKey};
use wardtap_net::flow_table::{FlowTable, Limits};
use wardtap_net::packet::Timestamp;
use wardtap_net::peel::{Layout, Peeled};
use wardtap_net::reassembler::StreamHandler;
use wardtap_net::stream::{Chunk, Side};

use crate::traffic::{self, Frame, Wrapping};

/// The fast path (Ethernet, one VLAN tag) and the slow one (a remote mirror's tunnel).
pub(crate) fn peel(criterion: &mut Criterion) {
    let talk = traffic::modbus(100);
    let mut group = criterion.benchmark_group("peel");
    for (name, wrapping) in
        [("fast: Ethernet", Wrapping::Plain), ("fast: VLAN", Wrapping::Vlan), ("slow: ERSPAN", Wrapping::Erspan)]
    {
        let frames = traffic::interleaved(&talk, 16, wrapping);
        layouts(&frames);
        group.throughput(Throughput::Elements(frames.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                for frame in &frames {
                    black_box(wardtap_net::peel::peel(&frame.packet()));
                }
            });
        });
    }
    group.finish();
}

/// The flow table with the reassembler, and nothing behind it.
pub(crate) fn flows(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("flows");
    let talk = traffic::modbus(50);
    for (name, frames) in [
        ("in order, 256 connections", traffic::interleaved(&talk, 256, Wrapping::Plain)),
        ("in order, full segments", traffic::interleaved(&traffic::dicom(2, 512 * 1024), 4, Wrapping::Plain)),
        ("every second segment early", traffic::swapped(4 << 20)),
        ("short connections", traffic::short_lived(&talk, 4000)),
        ("50 000 connections open", traffic::interleaved(&traffic::modbus(1), 50_000, Wrapping::Plain)),
    ] {
        let layouts = layouts(&frames);
        group.throughput(Throughput::Elements(frames.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(table, |table| run(table, &frames, &layouts), BatchSize::PerIteration);
        });
    }
    group.finish();
}

fn layouts(frames: &[Frame]) -> Vec<Layout> {
    let layout = |frame: &Frame| match wardtap_net::peel::peel(&frame.packet()) {
        Peeled::Ip(layout) => layout,
        other => panic!("{other:?}"),
    };
    frames.iter().map(layout).collect()
}

fn table() -> FlowTable<()> {
    let limits = Limits { flows_max: 100_000, held_bytes_max: 64 << 20, by_vlan: false };
    FlowTable::new(HashKey(0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210), limits)
}

fn run(table: &mut FlowTable<()>, frames: &[Frame], layouts: &[Layout]) -> Bytes {
    let mut bytes = Bytes::default();
    let mut second = 0;
    for (frame, layout) in frames.iter().zip(layouts) {
        if frame.time.seconds() > second {
            second = frame.time.seconds();
            table.tick(frame.time, &mut bytes);
        }
        table.packet(&frame.packet(), 0, layout, &mut bytes);
    }
    assert_eq!(bytes.missing, 0, "nothing is missing in this traffic");
    bytes
}

/// Counts what would go to the dissectors.
#[derive(Default)]
struct Bytes {
    passed: usize,
    missing: u64,
}

impl StreamHandler for Bytes {
    type Application = ();

    #[inline]
    fn chunk(&mut self, _: &mut Flow<()>, chunk: &Chunk<'_>) {
        self.passed += black_box(chunk.bytes).len();
    }

    fn gap(&mut self, _: &mut Flow<()>, _: Side, missing: Option<u64>) {
        self.missing += missing.unwrap_or(1);
    }

    fn heard(&mut self, _: &mut Flow<()>, _: Side) {}

    fn finished(&mut self, _: &mut Flow<()>, _: Timestamp) {}

    fn copied(&mut self, _: usize) {}
}
