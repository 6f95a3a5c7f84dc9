//! `wardtap baseline`: looks into baselines, compares and merges them, and accepts changes into them.

pub mod approve;
mod diff;
mod merge;
pub mod report;
mod show;
mod text;

use crate::cli::BaselineCommand;

pub fn run(command: &BaselineCommand) -> anyhow::Result<u8> {
    match command {
        BaselineCommand::Show(show) => show::run(show),
        BaselineCommand::Diff(diff) => diff::run(diff),
        BaselineCommand::Merge(merge) => merge::run(merge),
        BaselineCommand::Approve(approve) => approve::run(approve),
    }
}
