//! Protocols are named as tshark 4.0 names them, and none is taken for another.
//!
//! `captures/peers/recognition.py` compares, and knows the differences that have a reason. All captures take it minutes:
//! by hand, see `docs/recognition.md`. Here a sample is compared, and every capture in which a name is explained to be
//! another one than tshark's.

use std::process::{Command, Stdio};

use crate::run::{corpus, root};

/// The release of tshark that the explanations are of.
const TSHARK: &str = "TShark (Wireshark) 4.0.";

/// Every so many captures are taken.
const STEP: &str = "10";

#[test]
fn conversations_are_named_as_tshark_names_them() {
    let Some(version) = said_by("tshark", &["--version"]).filter(|version| version.starts_with(TSHARK)) else {
        eprintln!("skipped: no {TSHARK}x");
        return;
    };
    if said_by("python3", &["-c", "import tomllib"]).is_none() {
        eprintln!("skipped: no python3 from 3.11 on");
        return;
    }
    let mut command = Command::new("python3");
    command.arg(root().join("captures/peers/recognition.py")).arg(env!("CARGO_BIN_EXE_wardtap"));
    command.args(["--sample", STEP]).env("PYTHONDONTWRITEBYTECODE", "1");
    let corpus = corpus();
    match &corpus {
        Some(folder) => _ = command.arg("--corpus").arg(folder),
        None => eprintln!("no corpus (set WARDTAP_CAPTURES): only the repository's captures are compared"),
    }
    let done = command.stdin(Stdio::null()).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{}\n{out}\n{err}", version.lines().next().unwrap());
    // "104 captures, 575 conversations, 438 named alike, ..."
    let numbers: Vec<u64> = out.split(|end: char| !end.is_ascii_digit()).filter_map(|word| word.parse().ok()).collect();
    let least = if corpus.is_some() { 200 } else { 50 };
    assert!(numbers[2] >= least && numbers[1] >= numbers[2], "{out}");
}

/// What a program says, where there is one and it succeeds.
fn said_by(program: &str, arguments: &[&str]) -> Option<String> {
    let done = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    done.status.success().then(|| String::from_utf8_lossy(&done.stdout).into_owned())
}
