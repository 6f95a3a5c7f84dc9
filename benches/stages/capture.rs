//! Reading captures: nanoseconds a record.

use std::io::Cursor;

use criterion::{Criterion, Throughput};
use wardtap_capture::{Block, open_bytes};

use crate::traffic::{self, Frame, Wrapping};

/// Captures in memory, so that no disk is measured: small frames, full frames, and small ones as pcapng.
pub(crate) fn read(criterion: &mut Criterion) {
    let small = traffic::interleaved(&traffic::modbus(100), 64, Wrapping::Plain);
    let full = traffic::interleaved(&traffic::dicom(2, 512 * 1024), 4, Wrapping::Plain);
    let mut group = criterion.benchmark_group("capture");
    for (name, records, capture) in [
        ("pcap, 88 octets", small.len(), pcap(&small)),
        ("pcap, 1514 octets", full.len(), pcap(&full)),
        ("pcapng, 88 octets", small.len(), pcapng(&small)),
    ] {
        group.throughput(Throughput::Elements(records as u64));
        group.bench_function(name, |bencher| bencher.iter(|| assert_eq!(count(&capture), records)));
    }
    group.finish();
}

fn count(capture: &[u8]) -> usize {
    // One copy of the capture, as read() would make it.
    let mut source = open_bytes("bench", Box::new(Cursor::new(capture.to_vec()))).expect("a capture");
    let mut block = Block::new();
    let mut records = 0;
    while source.fill(&mut block) {
        records += block.records.len();
    }
    records
}

/// Classic pcap with microseconds, little endian.
fn pcap(frames: &[Frame]) -> Vec<u8> {
    let mut capture = Vec::new();
    for word in [0xa1b2_c3d4, 0x0004_0002, 0, 0, 262_144, 1u32] {
        capture.extend(word.to_le_bytes());
    }
    for frame in frames {
        let micros = (frame.time.nanos() / 1000 % 1_000_000) as u32;
        let length = frame.bytes.len() as u32;
        for word in [frame.time.seconds() as u32, micros, length, length] {
            capture.extend(word.to_le_bytes());
        }
        capture.extend(&frame.bytes);
    }
    capture
}

/// pcapng with one section and one interface, in microseconds, little endian.
fn pcapng(frames: &[Frame]) -> Vec<u8> {
    let mut capture = Vec::new();
    for word in [0x0a0d_0d0a, 28, 0x1a2b_3c4d, 0x0000_0001, u32::MAX, u32::MAX, 28, 1, 20, 1, 262_144, 20u32] {
        capture.extend(word.to_le_bytes());
    }
    for frame in frames {
        let micros = frame.time.nanos() / 1000;
        let length = frame.bytes.len();
        let block = (32 + length.next_multiple_of(4)) as u32;
        for word in [6, block, 0, (micros >> 32) as u32, micros as u32, length as u32, length as u32] {
            capture.extend(word.to_le_bytes());
        }
        capture.extend(&frame.bytes);
        capture.resize(capture.len().next_multiple_of(4), 0);
        capture.extend(block.to_le_bytes());
    }
    capture
}
