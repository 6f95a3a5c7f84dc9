//! Hears an interface and does nothing with it: `heard IF PACKETS` prints a line once it listens, and once so many packets were
//! read or lost, how many of each.
//!
//! The yardstick for a live run: the kernel's ring and the copy out of it, without a pipeline behind them.
#![allow(missing_docs)]

use std::process::ExitCode;

use wardtap_capture::live::{Live, LiveOptions, Method};
use wardtap_capture::{Block, PacketSource};

/// As `wardtap watch` has it by default.
const RING_BYTES: usize = 64 << 20;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(interface), Some(wanted)) =
        (arguments.next(), arguments.next().and_then(|word| word.parse::<u64>().ok()))
    else {
        eprintln!("heard IF PACKETS");
        return ExitCode::FAILURE;
    };
    let options = LiveOptions {
        interfaces: vec![interface],
        allow_addressed: false,
        filter: None,
        kernel_filter: false,
        method: Method::Ring,
        ring_bytes: RING_BYTES,
    };
    let begun = Live::open(options).and_then(|(mut live, stopper)| live.start().map(|()| (live, stopper)));
    let (mut live, _stopper) = match begun {
        Ok(begun) => begun,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    println!("hears");
    let (mut block, mut read, mut lost) = (Block::new(), 0_u64, 0_u64);
    while read.saturating_add(lost) < wanted && live.fill(&mut block) {
        let frames = block.records.iter().filter(|record| !record.is_mark()).count();
        read = read.saturating_add(u64::try_from(frames).unwrap_or(0));
        let losses = live.losses();
        lost = losses.interface.saturating_add(losses.ring).saturating_add(losses.pipeline);
    }
    println!("{read} {lost}");
    ExitCode::SUCCESS
}
