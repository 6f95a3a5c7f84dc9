//! `evaluate`: how well detectors find what is played.

use anyhow::{Context, Result, ensure};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::thread;

use super::print;
use crate::attacks::{self, Scenario};
use crate::cli;
use crate::clock::MINUTE;
use crate::evaluate::{self, Plan, markdown};

/// Devices, learned days, clean days and scenarios of a whole measurement.
const WHOLE: (usize, u32, u32) = (200, 14, 14);

/// Those of the small one.
const QUICK: (usize, u32, u32) = (50, 3, 2);

/// Scenarios of the small one.
const QUICK_SCENARIOS: usize = 12;

/// Marks in a document between which the tables stand.
const BEGIN: &str = "<!-- evaluate: begin -->\n";
const END: &str = "<!-- evaluate: end -->";

/// Measures, and prints the report.
///
/// # Errors
/// Where a detector cannot be run, a file cannot be written or a scenario cannot be played.
pub fn run(options: &cli::Evaluate) -> Result<()> {
    let plan = plan(options)?;
    // Before the work, which may take hours.
    if let Some(path) = &options.into {
        with_tables(path, "")?;
    }
    let measured = evaluate::run(&plan);
    if options.work.is_none() {
        fs::remove_dir_all(&plan.work).with_context(|| format!("cannot remove {}", plan.work.display()))?;
    }
    let report = measured?;
    let text = markdown::render(&report);
    if let Some(path) = &options.into {
        put_into(path, &text)?;
    }
    if let Some(path) = &options.json {
        let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        let mut file = BufWriter::new(file);
        serde_json::to_writer_pretty(&mut file, &report)?;
        file.flush()?;
    }
    print(&text)?;
    ensure!(report.failures.is_empty(), "could not be simulated: {}", report.failures.join(", "));
    Ok(())
}

fn plan(options: &cli::Evaluate) -> Result<Plan> {
    let (devices, learn, clean) = if options.quick { QUICK } else { WHOLE };
    let families = options.families.as_deref().map(evaluate::read_families).transpose()?;
    let own = || std::env::temp_dir().join(format!("wardtap-evaluate-{}", process::id()));
    Ok(Plan {
        seed: options.seed,
        devices: options.devices.unwrap_or(devices),
        learn: options.learn.unwrap_or(learn),
        clean: options.clean.unwrap_or(clean),
        tolerance: MINUTE * options.tolerance,
        severity: options.severity,
        detectors: options.detectors.clone(),
        scenarios: scenarios(options),
        families: families.unwrap_or_default(),
        assets: options.assets,
        faults: options.faults.into(),
        jobs: options.jobs.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from)),
        work: options.work.clone().map_or_else(own, PathBuf::from),
    })
}

fn scenarios(options: &cli::Evaluate) -> Vec<&'static Scenario> {
    if !options.scenarios.is_empty() {
        let mut once = options.scenarios.clone();
        once.sort_by_key(|scenario| scenario.name);
        once.dedup_by_key(|scenario| scenario.name);
        return once;
    }
    if options.quick { evaluate::subset(QUICK_SCENARIOS) } else { attacks::all().collect() }
}

/// Puts the report between a document's marks.
fn put_into(path: &Path, text: &str) -> Result<()> {
    fs::write(path, with_tables(path, text)?).with_context(|| format!("cannot write {}", path.display()))
}

/// The document with these tables.
fn with_tables(path: &Path, text: &str) -> Result<String> {
    let old = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    replaced(&old, text)
        .with_context(|| format!("{} has no lines {} and {END} behind it", path.display(), BEGIN.trim()))
}

fn replaced(old: &str, text: &str) -> Option<String> {
    let (before, rest) = old.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{text}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_around_the_marks_stays() {
        let old = format!("# A\n{BEGIN}old\n{END}\nB\n");
        let new = replaced(&old, "new\n").unwrap();
        assert_eq!(new, format!("# A\n{BEGIN}new\n{END}\nB\n"));
        assert_eq!(replaced(&new, "new\n"), Some(new.clone()), "as often as one likes");
        assert_eq!(replaced(&format!("{END}{BEGIN}"), ""), None);
    }
}
