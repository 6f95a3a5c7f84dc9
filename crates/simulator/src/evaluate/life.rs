//! The days of a measurement: those that are learned, the clean ones, and those with a scenario.

use anyhow::{Context, Result};
use std::convert::Infallible;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::Plan;
use super::detector::{self, Detector, Feed};
use super::fork::Pool;
use super::truth::{Day, Frames, Truth};
use crate::assets;
use crate::attacks::{self, Scenario};
use crate::clock::{DAY, OPENING, Time};
use crate::network::OUTSIDE;
use crate::sim::Sim;
use crate::tap::Tap;
use crate::ward;

/// So many days a day without scenario goes on, over its midnight as scenarios of the evening do; and no scenario is followed
/// for longer, since there would be nothing to hold its alerts against.
const LONGEST: u32 = 2;

/// What is true of a day, in its folder.
const DAY_FILE: &str = "day.json";

/// Where the clean days' events lie.
pub(super) fn clean_folder(plan: &Plan) -> PathBuf {
    plan.work.join("clean")
}

/// Where the events of a day without scenario lie.
pub(super) fn control_folder(plan: &Plan, day: u32) -> PathBuf {
    plan.work.join(format!("control-{day}"))
}

/// Where a scenario's events lie.
pub(super) fn scenario_folder(plan: &Plan, scenario: &Scenario) -> PathBuf {
    plan.work.join(format!("scenario-{}", scenario.name))
}

/// Lives through all of it; gives what could not be played.
pub(super) fn live(plan: &Plan, detectors: &mut [Detector]) -> Result<Vec<String>> {
    let mut sim = Sim::new(plan.seed, OPENING);
    ward::open(&mut sim, plan.devices);
    let learned = OPENING + DAY * plan.learn;
    eprintln!("{} days are learned", plan.learn);
    detector::learn(detectors, &plan.work, |feed| watch(&mut sim, plan, feed, |_| learned).map(drop))?;

    if plan.assets {
        let path = plan.work.join("assets.csv");
        let mut file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        assets::write(&sim, &mut file)?;
        detectors.iter_mut().try_for_each(|detector| detector.inform(&path, &plan.work))?;
    }

    let days: Vec<u32> = (0..plan.clean.clamp(1, 7)).collect();
    let on = |day: u32| plan.scenarios.iter().filter(move |scenario| plan.day_of(scenario) == day);
    let used = days.iter().filter(|day| on(**day).next().is_some()).count();
    let mut pool = Pool::new(plan.jobs, 1 + used + plan.scenarios.len());
    pool.spawn(format!("{} clean days", plan.clean), || {
        observe(&mut sim, plan, detectors, &clean_folder(plan), learned + DAY * plan.clean, None)
    })?;
    for day in days {
        let midnight = learned + DAY * day;
        sim.run(midnight, |_| Ok::<_, Infallible>(()))?;
        if on(day).next().is_some() {
            pool.spawn(format!("day {day} without scenario"), || {
                observe(&mut sim, plan, detectors, &control_folder(plan, day), midnight + DAY * LONGEST, None)
            })?;
        }
        for scenario in on(day) {
            pool.spawn(scenario.name.to_owned(), || {
                let folder = scenario_folder(plan, scenario);
                observe(&mut sim, plan, detectors, &folder, midnight + DAY, Some(scenario))
            })?;
        }
    }
    pool.finish()?;
    Ok(pool.failed)
}

/// Has detectors see what happens from now until `end`, or until a scenario is over, and leaves behind what is true of it.
fn observe(
    sim: &mut Sim,
    plan: &Plan,
    detectors: &[Detector],
    folder: &Path,
    end: Time,
    scenario: Option<&'static Scenario>,
) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    detector::forget(&folder.join(DAY_FILE))?;
    let devices = sim.net.hosts.iter().filter(|host| host.zone != OUTSIDE).count();
    if let Some(scenario) = scenario {
        attacks::play(sim, scenario, sim.now);
    }
    let latest = sim.now + DAY * LONGEST;
    let over = |sim: &Sim| {
        let last = sim.played.iter().map(|played| played.cast.end + plan.tolerance).max();
        end.max(last.unwrap_or(end).min(latest))
    };
    let mut watched = Watched::default();
    let failures = detector::replay(detectors, folder, |feed| {
        watched = watch(sim, plan, feed, over)?;
        Ok(())
    })?;
    let truth = match scenario {
        Some(scenario) => {
            let played = sim.played.first().with_context(|| format!("{} did not begin on its day", scenario.name))?;
            Some(Truth::new(played, sim, watched.marked))
        }
        None => None,
    };
    let day = Day { truth, devices, frames: watched.frames, failures };
    fs::write(folder.join(DAY_FILE), serde_json::to_vec(&day)?).context("cannot write what is true of the day")
}

/// Reads what `observe` left behind.
pub(super) fn read(folder: &Path) -> Result<Day> {
    let path = folder.join(DAY_FILE);
    let file = File::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_reader(BufReader::new(file)).with_context(|| format!("{} is damaged", path.display()))
}

/// What went by.
#[derive(Default)]
struct Watched {
    frames: u64,
    marked: Frames,
}

/// Lets time go by until a time that is asked for again when it has come, and writes the frames to detectors.
fn watch(sim: &mut Sim, plan: &Plan, feed: &mut Feed, until: impl Fn(&Sim) -> Time) -> Result<Watched> {
    let mut tap = Tap::new(Box::new(feed), None, plan.faults, sim.dice("tap", 0));
    let mut marked = Frames::default();
    while sim.now < until(sim) {
        let end = tap.look_around(&sim.net, sim.now).min(until(sim));
        sim.run(end, |frame| {
            let before = tap.frames;
            tap.see(&frame)?;
            if frame.mark != 0 {
                (before + 1..=tap.frames).for_each(|number| marked.add(number));
            }
            anyhow::Ok(())
        })?;
    }
    let frames = tap.frames;
    tap.finish()?;
    Ok(Watched { frames, marked })
}
