//! One file a command.

use anyhow::Result;
use std::io::{self, Write};
use std::process::ExitCode;

pub mod evaluate;
pub mod generate;
pub mod list;

/// Writes a text to standard output.
///
/// # Errors
/// Where it cannot be written.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// How a program ends. Who has read enough of its output (`| head`) makes no failure of it.
pub fn end(program: &str, outcome: Result<ExitCode>) -> ExitCode {
    match outcome {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be closed: there is nobody left to tell.
            drop(writeln!(io::stderr(), "{program}: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kinds = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    kinds.into_iter().any(|kind| kind == io::ErrorKind::BrokenPipe)
}
