//! `list`: the scenarios.

use crate::attacks;

/// Prints them, a line each.
pub fn run() {
    for scenario in attacks::all() {
        println!("{:<32} {:<16} {}", scenario.name, format!("{:?}", scenario.family).to_lowercase(), scenario.title);
    }
}
