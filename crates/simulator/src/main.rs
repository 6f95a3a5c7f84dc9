//! `wardtap-simulator`: see the library.

use clap::Parser;
use std::process::ExitCode;
use wardtap_simulator::cli::{Cli, Command};
use wardtap_simulator::commands;

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Generate(options) => commands::generate::run(&options),
        Command::Evaluate(options) => commands::evaluate::run(&options),
        Command::List => commands::list::run().map_err(Into::into),
    };
    commands::end("wardtap-simulator", outcome.map(|()| ExitCode::SUCCESS))
}
