//! What `deploy/` ships: rules, dashboards, units and examples, tried with the programs that they are for.
//!
//! Needs Debian's `prometheus`, `rsyslog` and `systemd`; a test says that it skips where they are missing. With
//! `WARDTAP_TOOLS=required`, which `.ci/test` sets where it has installed them, it fails then.

mod attack;
mod documents;
mod names;
mod notify;
mod prometheus;
mod rights;
mod rsyslog;
mod unit;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::run::root;

/// The text of a file of the repository.
fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Files of a folder of the repository whose names end so, sorted.
fn files(folder: &str, end: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().is_some_and(|path| path.ends_with(end)))
        .collect();
    found.sort();
    assert!(!found.is_empty(), "{folder}: no *{end}");
    found
}

/// Whether a program is there.
fn is_there(program: &str) -> bool {
    let found =
        ["/usr/bin", "/usr/sbin", "/bin", "/sbin"].iter().any(|folder| PathBuf::from(folder).join(program).exists());
    if !found {
        assert!(std::env::var_os("WARDTAP_TOOLS").is_none(), "there is no {program}");
        println!("skipped: there is no {program}");
    }
    found
}

/// Runs a program at the root; answers what it printed on both outputs, and fails where it fails.
#[track_caller]
fn passes(program: &str, arguments: &[&str]) -> String {
    let done = Command::new(program).args(arguments).current_dir(root()).output().unwrap();
    let told = [done.stdout, done.stderr].concat();
    let told = String::from_utf8_lossy(&told).into_owned();
    assert!(done.status.success(), "{program} {arguments:?}: {told}");
    told
}
