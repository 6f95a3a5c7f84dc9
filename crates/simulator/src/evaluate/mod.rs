//! `evaluate`: how well detectors find what was played, and what they cost in false alerts.
//!
//! A hospital lives through the days that detectors learn. Then the process forks at midnights: one copy goes on through
//! clean days, and of every later day there are copies that play one scenario each, and one that plays none. So all days
//! follow on the same past, nothing that a scenario leaves behind reaches another, and no past is simulated twice. Frames
//! go straight into the detectors' standard input; nothing of them is stored.

mod detector;
mod events;
#[allow(unsafe_code)] // fork, waitpid and _exit: see there
mod fork;
mod life;
pub mod markdown;
pub mod report;
mod score;
mod statistics;
mod truth;

use anyhow::{Context, Result, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use self::report::Report;
use crate::attacks::{self, Family, Scenario};
use crate::dice::Dice;
use crate::tap::Faults;

pub use self::events::Severity;

/// Which families a detection's alerts are about, by the detection's name.
pub type Families = BTreeMap<String, BTreeSet<Family>>;

/// What is measured, and how.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Seed of the hospital.
    pub seed: u64,
    /// Devices, about.
    pub devices: usize,
    /// Days that detectors learn.
    pub learn: u32,
    /// Days without scenarios.
    pub clean: u32,
    /// How long after its end a scenario's alerts may come.
    pub tolerance: Duration,
    /// Alerts below are not looked at.
    pub severity: Severity,
    /// Command lines of detectors.
    pub detectors: Vec<String>,
    /// What is played.
    pub scenarios: Vec<&'static Scenario>,
    /// What detections are about where alerts name no techniques.
    pub families: Families,
    /// Detectors are told what the hospital knows of its devices.
    pub assets: bool,
    /// Faults of the tap.
    pub faults: Faults,
    /// Days that are simulated side by side.
    pub jobs: usize,
    /// Where baselines, events and labels lie meanwhile.
    pub work: PathBuf,
}

impl Plan {
    /// The day, counted from the first behind the learned ones, on which a scenario is played. It follows from its name, so
    /// that one scenario more changes nothing about the others.
    fn day_of(&self, scenario: &Scenario) -> u32 {
        let days = u64::from(self.clean.clamp(1, 7));
        Dice::new(self.seed, scenario.name, 0).range(0..days) as u32
    }
}

/// Measures.
///
/// # Errors
/// Where a detector cannot be run at all, or a file cannot be written.
pub fn run(plan: &Plan) -> Result<Report> {
    ensure!(plan.learn > 0 && plan.clean > 0, "there must be a day to learn, and a clean one");
    std::fs::create_dir_all(&plan.work).with_context(|| format!("cannot make {}", plan.work.display()))?;
    let mut detectors = detector::parse(&plan.detectors)?;
    for detector in &mut detectors {
        detector.probe(&plan.work)?;
    }
    let failures = life::live(plan, &mut detectors)?;
    report::build(plan, &detectors, failures)
}

/// A few scenarios of every family, in turn: none of those that nobody looks at while detections are made, since whoever
/// makes them looks at this.
pub fn subset(count: usize) -> Vec<&'static Scenario> {
    let mut by_family: BTreeMap<Family, Vec<&Scenario>> = BTreeMap::new();
    for scenario in attacks::all().filter(|scenario| !scenario.held_out) {
        by_family.entry(scenario.family).or_default().push(scenario);
    }
    let longest = by_family.values().map(Vec::len).max().unwrap_or(0);
    let in_turn = (0..longest).flat_map(|turn| by_family.values().filter_map(move |of| of.get(turn)));
    in_turn.copied().take(count).collect()
}

/// Reads which families detections are about: an object of lists, by detection.
///
/// # Errors
/// Where the file cannot be read or names what is no family.
pub fn read_families(path: &Path) -> Result<Families> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text)
        .with_context(|| format!("{} does not say which families detections have", path.display()))
}
