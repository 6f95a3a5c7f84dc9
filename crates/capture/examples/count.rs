//! Counts the packets of captures and says how long a record took: `count CAPTURE...`.
//!
//! The yardstick for the readers alone, without a pipeline behind them.
#![allow(missing_docs)]

use std::{path::PathBuf, process::ExitCode, time::Instant};

use wardtap_capture::{Block, open};

fn main() -> ExitCode {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let begin = Instant::now();
    let mut source = match open(&paths) {
        Ok(source) => source,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let (mut block, mut packets, mut blocks, mut sum) = (Block::new(), 0_u64, 0_u64, 0_u64);
    while source.fill(&mut block) {
        blocks += 1;
        packets += block.records.len() as u64;
        sum += block.records.last().map_or(0, |record| record.time.nanos());
    }
    let nanos = begin.elapsed().as_nanos();
    println!(
        "{packets} packets in {blocks} blocks, {nanos} ns, {:.2} ns a packet, {} bytes copied (last times {sum:x})",
        nanos as f64 / packets.max(1) as f64,
        source.copied_bytes()
    );
    for damage in source.damage() {
        println!("{damage}");
    }
    ExitCode::SUCCESS
}
