//! `naive-detector`: see [`wardtap_simulator::naive`].

use clap::Parser;
use std::process::ExitCode;
use wardtap_simulator::commands;
use wardtap_simulator::naive::{self, Cli};

/// The capture was damaged.
const DAMAGED: u8 = 3;

fn main() -> ExitCode {
    let damaged = naive::run(&Cli::parse());
    commands::end("naive-detector", damaged.map(|damaged| ExitCode::from(if damaged { DAMAGED } else { 0 })))
}
