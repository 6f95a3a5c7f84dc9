//! wardtap: see the README.
#![forbid(unsafe_code)]

mod batch;
mod cli;
mod clock;
mod commands;
mod front;
mod judgement;
mod pipeline;
mod progress;
mod worker;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use cli::{Cli, Command};

/// Could not do it.
const FAILED: u8 = 1;
/// Wrong usage.
pub const USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output and are no failure; clap's own code for wrong usage is 2.
            let code = u8::try_from(error.exit_code()).unwrap_or(USAGE);
            return if error.print().is_ok() { ExitCode::from(code) } else { ExitCode::from(FAILED) };
        }
    };
    let result = match cli.command {
        Command::Replay(replay) => commands::replay::run(*replay),
        Command::Schema => commands::schema::run(),
        Command::Learn(_) => commands::not_built("learn"),
        Command::Watch(_) => commands::not_built("watch"),
        Command::Baseline(_) => commands::not_built("baseline"),
        Command::Extract(_) => commands::not_built("extract"),
        Command::Check(_) => commands::not_built("check"),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be closed: there is nobody left to tell.
            drop(writeln!(std::io::stderr(), "wardtap: {error:#}"));
            ExitCode::from(FAILED)
        }
    }
}

/// Whoever read our output has seen enough (`| head`): a quiet end.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
