//! Counts the packets of captures and says how long a record took: `count [--filter EXPR] CAPTURE...`.
//!
//! The yardstick for the readers alone, without a pipeline behind them.
#![allow(missing_docs)]

use std::{path::PathBuf, process::ExitCode, time::Instant};

use wardtap_capture::{Block, Filter, open};

fn main() -> ExitCode {
    let mut arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let mut filter = None;
    if arguments.len() > 1 && arguments[0] == "--filter" {
        match Filter::compile(&arguments[1].to_string_lossy()) {
            Ok(made) => filter = Some(made),
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::FAILURE;
            }
        }
        arguments.drain(..2);
    }
    let paths: Vec<PathBuf> = arguments.into_iter().map(PathBuf::from).collect();
    #[allow(clippy::disallowed_methods)] // it times the machine, not the capture
    let begin = Instant::now();
    let mut source = match open(&paths) {
        Ok(source) => source,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let (mut block, mut packets, mut blocks, mut passed) = (Block::new(), 0_u64, 0_u64, 0_u64);
    while source.fill(&mut block) {
        blocks += 1;
        packets += block.records.len() as u64;
        if let Some(filter) = &mut filter {
            for record in &block.records {
                passed += u64::from(filter.matches(record.link, block.frame(record), record.sent));
            }
        }
    }
    let nanos = begin.elapsed().as_nanos();
    println!(
        "{packets} packets ({passed} passed a filter) in {blocks} blocks, {:.2} ns a packet, {} bytes copied",
        nanos as f64 / packets.max(1) as f64,
        source.copied_bytes()
    );
    for damage in source.damage() {
        println!("{damage}");
    }
    ExitCode::SUCCESS
}
