//! Runs every file of the corpus, and changes of it that are the same every time, through its target; no fuzzer needed.
//!
//! `replay [--changes N] [FILE...]`: with files, only those, each through the target that its folder is named after.
//! Leaves with 1 when an invariant did not hold, after saving the input beside `artifacts/`.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use wardtap_fuzz::TARGETS;
use wardtap_fuzz::script::{Numbers, mutate};

/// How many changes of each file are tried.
const CHANGES: usize = 24;

fn main() -> ExitCode {
    let mut changes = CHANGES;
    let mut files = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--changes" {
            let Some(count) = arguments.next().and_then(|count| count.parse().ok()) else {
                eprintln!("replay: --changes takes a number");
                return ExitCode::from(2);
            };
            changes = count;
        } else {
            files.push(PathBuf::from(argument));
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut failed = 0_usize;
    for (name, target) in TARGETS {
        // What this machine takes, not what a capture says.
        #[allow(clippy::disallowed_methods)]
        let began = Instant::now();
        let chosen: Vec<PathBuf> = if files.is_empty() {
            let (corpus, regressions) = (root.join("corpus").join(name), root.join("regressions").join(name));
            listed(&corpus).into_iter().chain(listed(&regressions)).collect()
        } else {
            let named = |file: &&PathBuf| file.parent().and_then(Path::file_name).is_some_and(|folder| folder == name);
            files.iter().filter(named).cloned().collect()
        };
        let mut runs = 0_usize;
        for file in &chosen {
            let input = match std::fs::read(file) {
                Ok(input) => input,
                Err(error) => {
                    eprintln!("replay: {}: {error}", file.display());
                    return ExitCode::from(2);
                }
            };
            for number in 0..=changes {
                let changed = if number == 0 { input.clone() } else { change(name, &input, number) };
                runs += 1;
                if catch_unwind(AssertUnwindSafe(|| target(&changed))).is_err() {
                    failed += 1;
                    save(root, name, file, number, &changed);
                }
            }
        }
        let seconds = began.elapsed().as_secs_f64();
        println!("{name}: {} files, {runs} runs, {seconds:.1} s", chosen.len());
        if chosen.is_empty() && files.is_empty() {
            eprintln!("replay: no corpus for {name}: fuzz/seed.sh makes one");
            failed += 1;
        }
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The files of a folder, in order; none where there is no folder.
fn listed(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.sort();
    files
}

/// A change of an input that depends on nothing but the input and a number.
fn change(target: &str, input: &[u8], number: usize) -> Vec<u8> {
    let digest = input.iter().fold(number as u64, |sum, &octet| sum.wrapping_mul(0x100_0000_01b3) ^ u64::from(octet));
    let mut numbers = Numbers::new(digest);
    let mut changed = input.to_vec();
    for _ in 0..=numbers.below(3) {
        if target == "capture" || numbers.below(4) == 0 {
            disturb(&mut changed, &mut numbers);
        } else {
            let size = changed.len();
            changed.resize(size + 512, 0);
            let seed = numbers.below(usize::MAX) as u32;
            let size = mutate(&mut changed, size, seed, disturb);
            changed.truncate(size);
        }
    }
    changed
}

/// Changes bytes in one way.
fn disturb(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    const TELLING: [u8; 8] = [0, 1, 0x7f, 0x80, 0xff, 0x0b, 0x1c, b'|'];
    let length = bytes.len();
    let at = numbers.below(length);
    let random = numbers.below(256) as u8;
    match numbers.below(6) {
        _ if length == 0 => bytes.push(random),
        0 => bytes[at] ^= 1 << numbers.below(8),
        1 => bytes[at] = random,
        2 => bytes[at] = TELLING[numbers.below(TELLING.len())],
        3 => bytes.truncate(at),
        4 => drop(bytes.drain(at..(at + 1 + numbers.below(8)).min(length))),
        _ => bytes.insert(at, random),
    }
}

/// Keeps an input that failed, and says how to run it again.
fn save(root: &Path, target: &str, file: &Path, number: usize, input: &[u8]) {
    let folder = root.join("artifacts").join(target);
    let stem = file.file_name().unwrap_or_default().to_string_lossy();
    let path = folder.join(format!("{stem}-{number}"));
    let written = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, input));
    let mut out = std::io::stderr().lock();
    let told = match written {
        Ok(()) => writeln!(out, "replay: failed: fuzz/run replay --changes 0 {}", path.display()),
        Err(error) => writeln!(out, "replay: failed, and {} could not be written: {error}", path.display()),
    };
    if let Err(error) = told {
        eprintln!("replay: {error}");
    }
}
