//! `wardtap-simulator`: see the library.

use clap::Parser;
use std::process::ExitCode;
use wardtap_simulator::cli::{Cli, Command};
use wardtap_simulator::commands;

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Generate(options) => commands::generate::run(&options),
        Command::Evaluate(options) => commands::evaluate::run(&options),
        Command::List => {
            commands::list::run();
            Ok(())
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wardtap-simulator: {error:#}");
            ExitCode::FAILURE
        }
    }
}
