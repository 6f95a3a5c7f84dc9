//! Makes seeds out of captures: `seed INTO CAPTURE...` fills INTO/capture, INTO/frame and INTO/stream.
//!
//! Seeds are short: the fuzzer lengthens them by itself where that pays.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use wardtap_capture::{Block, open_bytes};
use wardtap_dissect::exercise::Step;
use wardtap_fuzz::script::{Record, Script};
use wardtap_fuzz::targets::stream;
use wardtap_net::flow::{Flow, HashKey};
use wardtap_net::flow_table::{FlowTable, Limits};
use wardtap_net::packet::{Packet, Timestamp};
use wardtap_net::peel::{Peeled, peel};
use wardtap_net::reassembler::StreamHandler;
use wardtap_net::stream::{Chunk, Side};

/// How long a seed of a capture file may be.
const CAPTURE_MAX: usize = 2048;
/// How long one of frames.
const FRAME_MAX: usize = 4096;
/// How long one of a conversation.
const STREAM_MAX: usize = 6144;
/// How many conversations are taken of one capture.
const FLOWS_MAX: usize = 2;

/// Writes down what each flow says.
#[derive(Default)]
struct Scribe {
    /// (ports, from the start, steps), in the order in which flows ended.
    flows: Vec<([u16; 2], [bool; 2], Vec<Step>)>,
}

impl StreamHandler for Scribe {
    type Application = Vec<Step>;

    fn chunk(&mut self, flow: &mut Flow<Self::Application>, chunk: &Chunk<'_>) {
        flow.application.push(Step::Bytes(chunk.side, chunk.bytes.to_vec()));
    }

    fn gap(&mut self, flow: &mut Flow<Self::Application>, side: Side, missing: Option<u64>) {
        flow.application.push(Step::Gap(side, missing));
    }

    fn heard(&mut self, _: &mut Flow<Self::Application>, _: Side) {}

    fn finished(&mut self, flow: &mut Flow<Self::Application>, _: Timestamp) {
        let (view, steps) = flow.parts();
        if !steps.is_empty() {
            self.flows.push((view.key().ports, view.from_start(), std::mem::take(steps)));
        }
    }

    fn copied(&mut self, _: usize) {}
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let into = arguments.next().ok_or("seed INTO CAPTURE...")?;
    let into = Path::new(&into);
    for target in ["capture", "frame", "stream"] {
        std::fs::create_dir_all(into.join(target))?;
    }
    for path in arguments {
        let path = Path::new(&path);
        let mut bytes = Vec::new();
        File::open(path)?.read_to_end(&mut bytes)?;
        let folder = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let name = format!("{folder}-{}", stem.trim_end_matches(".pcap"));
        one(into, &name, bytes)?;
    }
    Ok(())
}

fn one(into: &Path, name: &str, bytes: Vec<u8>) -> Result<(), Box<dyn std::error::Error>> {
    let head = &bytes[..bytes.len().min(CAPTURE_MAX)];
    std::fs::write(into.join("capture").join(name), head)?;
    if head.len() < bytes.len() && name.ends_with("echo") {
        std::fs::write(into.join("capture").join(format!("{name}-zstd")), zstd::bulk::compress(head, 3)?)?;
    }

    let mut table =
        FlowTable::new(HashKey(1, 2), Limits { flows_max: 10_000, held_bytes_max: usize::MAX, by_vlan: false });
    let mut scribe = Scribe::default();
    let mut frames = Script { options: [0b1_1110, 0, 0, 0, 0, 0, 0, 0], records: Vec::new() };
    let mut source = open_bytes(name, Box::new(std::io::Cursor::new(bytes)))?;
    let mut block = Block::new();
    let (mut last, mut number) = (Timestamp::EPOCH, 0);
    while source.fill(&mut block) {
        for record in &block.records {
            let bytes = block.frame(record);
            let step = u8::try_from(record.time.since(last).checked_ilog2().unwrap_or(0)).unwrap_or(0);
            let step = if frames.records.is_empty() { 0 } else { step.min(39) };
            frames.records.push(Record { control: [step, 0], bytes: bytes.to_vec() });
            last = record.time;
            number += 1;
            let packet = Packet { time: record.time, link: record.link, bytes, sent: record.sent };
            if let Peeled::Ip(layout) = peel(&packet) {
                table.packet(&packet, number, &layout, &mut scribe);
            }
        }
    }
    table.finish(last, &mut scribe);
    std::fs::write(into.join("frame").join(name), frames.encode(FRAME_MAX))?;

    for (number, (ports, from_start, steps)) in scribe.flows.iter().take(FLOWS_MAX).enumerate() {
        let script = Script {
            options: options(*ports, *from_start, number),
            records: steps.iter().flat_map(stream::records).collect(),
        };
        std::fs::write(into.join("stream").join(format!("{name}-{number}")), script.encode(STREAM_MAX))?;
    }
    Ok(())
}

/// Options of a conversation: as it was, with one of a few ways to cut it.
fn options(ports: [u16; 2], from_start: [bool; 2], number: usize) -> [u8; 8] {
    let lengths = [[0, 0], [2, 3], [10, 9], [9, 40]][number % 4];
    let start = u8::from(from_start[0]) << 4 | u8::from(from_start[1]) << 5;
    let port = (0..16)
        .find(|&first| {
            let facts = stream::facts(&Script { options: [first, 0, 0, 0, 0, 0, 0, 0], records: Vec::new() });
            (0..2).any(|end| facts.ports[end] == ports[end] && ports[end] != 49_152)
        })
        .unwrap_or(7);
    let [how, length] = lengths;
    [port | start, how, length, 1, 30, 0, 0, 0]
}
