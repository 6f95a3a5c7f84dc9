//! One file per command.

pub mod baseline;
pub mod check;
pub mod learn;
pub mod replay;
pub mod schema;
pub mod watch;

use crate::USAGE;

/// A command of the contract that this version does not have.
pub fn not_built(name: &str) -> anyhow::Result<u8> {
    eprintln!("wardtap: the command '{name}' is not built yet; `wardtap --help` lists those that are");
    Ok(USAGE)
}
