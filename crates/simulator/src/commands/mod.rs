//! One file a command.

pub mod evaluate;
pub mod generate;
pub mod list;
