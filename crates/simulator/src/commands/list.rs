//! `list`: the scenarios.

use std::io;

use super::print;
use crate::attacks;

/// Prints them, a line each.
///
/// # Errors
/// Where standard output cannot be written.
pub fn run() -> io::Result<()> {
    let line = |scenario: &attacks::Scenario| {
        let family = format!("{:?}", scenario.family).to_lowercase();
        format!("{:<32} {family:<16} {}\n", scenario.name, scenario.title)
    };
    print(&attacks::all().map(line).collect::<String>())
}
