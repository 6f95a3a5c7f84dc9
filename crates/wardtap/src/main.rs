//! wardtap: see the README.
#![forbid(unsafe_code)]
// A program has no outside: `pub` here means "for the other modules".
#![allow(unreachable_pub)]

mod assets;
mod baselines;
mod batch;
mod cli;
mod clock;
mod commands;
mod config;
mod front;
mod heads;
mod judgement;
mod knowledge;
mod located;
mod memory;
mod output;
mod panics;
mod pipeline;
mod progress;
mod reading;
mod totals;
mod watch;
mod worker;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};
use cli::{Cli, Command, Given};

/// Could not do it.
pub const FAILED: u8 = 1;
/// Wrong usage.
pub const USAGE: u8 = 2;

fn main() -> ExitCode {
    panics::hide_messages();
    let (cli, given) = match parse() {
        Ok(parsed) => parsed,
        Err(error) => {
            // Help and version go to standard output and are no failure; clap's own code for wrong usage is 2.
            let code = u8::try_from(error.exit_code()).unwrap_or(USAGE);
            return match error.print() {
                Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => ExitCode::from(FAILED),
                _ => ExitCode::from(code),
            };
        }
    };
    let result = match cli.command {
        Command::Replay(replay) => commands::replay::run(*replay, &given),
        Command::Schema { of } => commands::schema::run(of),
        Command::Learn(learn) => commands::learn::run(*learn, &given),
        Command::Watch(watch) => commands::watch::run(*watch, &given),
        Command::Baseline(baseline) => commands::baseline::run(&baseline.command),
        Command::Extract(_) => commands::not_built("extract"),
        Command::Check(check) => commands::check::run(&check),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be closed: there is nobody left to tell.
            drop(writeln!(std::io::stderr(), "wardtap: {}", in_one_line(&error)));
            ExitCode::from(if is_usage(&error) { USAGE } else { FAILED })
        }
    }
}

/// What was typed, and which options of the command were typed: those of a configuration file give way to them.
fn parse() -> Result<(Cli, Given), clap::Error> {
    let matches = Cli::command().try_get_matches()?;
    let cli = Cli::from_arg_matches(&matches)?;
    let given = matches.subcommand().map_or_else(Given::default, |(_, matches)| Given::of(matches));
    Ok((cli, given))
}

/// The causes one after the other, without those that the one before has already named.
fn in_one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if line.is_empty() {
            line = cause;
        } else if !line.contains(&cause) {
            line = format!("{line}: {cause}");
        }
    }
    line
}

/// What was asked for makes no sense, or is not built: nothing was wrong with a file.
fn is_usage(error: &anyhow::Error) -> bool {
    use wardtap_capture::CaptureError;
    matches!(
        error.downcast_ref(),
        Some(
            CaptureError::StandardInputTwice
                | CaptureError::Nothing
                | CaptureError::TooMany { .. }
                | CaptureError::Filter { .. }
                | CaptureError::FilterWord { .. }
                | CaptureError::NoFilters { .. }
        )
    )
}

/// Whoever read our output has seen enough (`| head`): a quiet end.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
