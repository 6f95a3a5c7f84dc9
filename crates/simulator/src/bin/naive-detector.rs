//! `naive-detector`: see [`wardtap_simulator::naive`].

use clap::Parser;
use std::process::ExitCode;
use wardtap_simulator::naive::{self, Cli};

fn main() -> ExitCode {
    match naive::run(&Cli::parse()) {
        Ok(false) => ExitCode::SUCCESS,
        Ok(true) => ExitCode::from(3),
        Err(error) => {
            eprintln!("naive-detector: {error:#}");
            ExitCode::FAILURE
        }
    }
}
