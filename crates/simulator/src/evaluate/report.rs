//! What a measurement found out.

use anyhow::Result;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Plan;
use super::detector::Detector;
use super::events::{Alert, Events, Severity};
use super::life;
use super::score::{self, Rules, Verdict};
use super::statistics::{Rate, chance};
use super::truth::Day;
use crate::attacks::{Family, Scenario};
use crate::clock::{DAY, Time};
use crate::commands::generate::OPENING;

/// All of it. Nothing here depends on how fast the machine is: the same input gives the same report.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Seed of the hospital.
    pub seed: u64,
    /// Devices inside it, exactly.
    pub devices: usize,
    /// Days learned.
    pub learn: u32,
    /// Clean days.
    pub clean: u32,
    /// Minutes after a scenario's end in which alerts about it may come.
    pub tolerance_minutes: u64,
    /// Alerts below are not looked at.
    pub severity: Severity,
    /// What was played.
    pub scenarios: Vec<Entry>,
    /// The detectors.
    pub detectors: Vec<Measured>,
    /// Days that could not be simulated.
    pub failures: Vec<String>,
}

/// A scenario in the report.
#[derive(Debug, Serialize)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// What happens.
    pub title: &'static str,
    /// What kind of thing it is.
    pub family: Family,
    /// It happens inside normal connections.
    pub within_normal: bool,
    /// It was kept out of tuning.
    pub held_out: bool,
    /// The day, counted from the first behind the learned ones.
    pub day: u32,
}

/// A detector in the report.
#[derive(Debug, Serialize)]
pub struct Measured {
    /// Its name.
    pub name: String,
    /// It had a baseline.
    pub learned: bool,
    /// What is to be said about its runs.
    pub notes: Vec<String>,
    /// Its false alerts.
    pub clean: Clean,
    /// What it made of each scenario, in their order; nothing of one that could not be played.
    pub verdicts: Vec<Option<Verdict>>,
}

/// False alerts on clean days.
#[derive(Debug, Default, Serialize)]
pub struct Clean {
    /// Devices times days.
    pub device_days: f64,
    /// All together.
    pub all: Option<Group>,
    /// All together on the days without scenario that begin with a restart: what a detector tells anew then.
    pub restarted: Option<Rate>,
    /// By severity, the worst first.
    pub by_severity: Vec<Group>,
    /// By detection.
    pub by_detection: Vec<Group>,
    /// Incidents, where it tells of them.
    pub incidents: Option<Rate>,
}

/// Alerts of a kind.
#[derive(Debug, Serialize)]
pub struct Group {
    /// Which.
    pub name: String,
    /// How many for a device and day.
    pub alerts: Rate,
    /// Days with one at least.
    pub days: usize,
}

/// Reads what all days left behind and scores it.
pub(super) fn build(plan: &Plan, detectors: &[Detector], failures: Vec<String>) -> Result<Report> {
    let clean = life::read(&life::clean_folder(plan))?;
    let entry = |scenario: &&'static Scenario| Entry {
        name: scenario.name,
        title: scenario.title,
        family: scenario.family,
        within_normal: scenario.within_normal,
        held_out: scenario.held_out,
        day: plan.day_of(scenario),
    };
    let mut report = Report {
        seed: plan.seed,
        devices: clean.devices,
        learn: plan.learn,
        clean: plan.clean,
        tolerance_minutes: plan.tolerance.as_secs() / 60,
        severity: plan.severity,
        scenarios: plan.scenarios.iter().map(entry).collect(),
        detectors: Vec::new(),
        failures,
    };
    for (place, detector) in detectors.iter().enumerate() {
        report.detectors.push(Scored { plan, detector, place, troubles: Vec::new() }.measure(&clean));
    }
    Ok(report)
}

/// A detector while its events are read.
struct Scored<'a> {
    plan: &'a Plan,
    detector: &'a Detector,
    place: usize,
    troubles: Vec<String>,
}

impl Scored<'_> {
    fn measure(mut self, clean: &Day) -> Measured {
        let events = self.events(&life::clean_folder(self.plan), clean, "the clean days");
        let devices = clean.devices;
        let mut clean = self.clean(&events, devices);
        let controls: BTreeMap<u32, Events> = self
            .plan
            .scenarios
            .iter()
            .map(|scenario| self.plan.day_of(scenario))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .filter_map(|day| {
                self.day(&life::control_folder(self.plan, day), &format!("day {day}")).map(|is| (day, is.1))
            })
            .collect();
        let midnight = |day: u32| OPENING + DAY * (self.plan.learn + day + 1);
        let first_days: Vec<Events> = controls.iter().map(|(day, events)| events.until(midnight(*day))).collect();
        let restarted = self.counted(&first_days).count() as u64;
        let restarted_days = devices as f64 * first_days.len() as f64;
        clean.restarted = (!controls.is_empty()).then(|| Rate::new(restarted, restarted_days));
        // Scenarios are played on such days too, yet they are few: the worse of the two rates.
        let touches = self.touches([&events], clean.device_days).max(self.touches(&first_days, restarted_days));
        let scenarios = self.plan.scenarios.iter();
        let verdicts = scenarios.map(|scenario| self.verdict(scenario, &controls, touches)).collect();
        let mut notes = self.detector.notes.clone();
        if let Some(first) = self.troubles.first() {
            notes.push(format!("{} replays failed, the first on {first}", self.troubles.len()));
        }
        Measured { name: self.detector.name.clone(), learned: self.detector.baseline.is_some(), notes, clean, verdicts }
    }

    fn verdict(&mut self, scenario: &Scenario, controls: &BTreeMap<u32, Events>, touches: f64) -> Option<Verdict> {
        let control = controls.get(&self.plan.day_of(scenario))?;
        let (day, events) = self.day(&life::scenario_folder(self.plan, scenario), scenario.name)?;
        let truth = day.truth?;
        let incidents = self.detector.tells_incidents();
        let mut verdict = score::score(&Rules::of(self.plan), scenario, &truth, &events, control, incidents);
        let time = truth.end().since(truth.begin()) + self.plan.tolerance;
        verdict.chance = chance(touches, truth.hosts, time);
        Some(verdict)
    }

    /// A day that was simulated, and what the detector told of it.
    fn day(&mut self, folder: &Path, name: &str) -> Option<(Day, Events)> {
        let day = life::read(folder).ok()?;
        let events = self.events(folder, &day, name);
        Some((day, events))
    }

    fn events(&mut self, folder: &Path, day: &Day, name: &str) -> Events {
        if let Some(Some(failure)) = day.failures.get(self.place) {
            self.troubles.push(format!("{name} ({failure})"));
        }
        Events::read(&self.detector.events(folder)).unwrap_or_else(|error| {
            self.troubles.push(format!("{name} ({error:#})"));
            Events::default()
        })
    }

    fn counted<'e>(&self, events: impl IntoIterator<Item = &'e Events>) -> impl Iterator<Item = &'e Alert> {
        let least = self.plan.severity;
        events.into_iter().flat_map(|events| &events.alerts).filter(move |alert| alert.severity >= least)
    }

    /// How many alerts name a host on a day, be it as device or as peer.
    fn touches<'e>(&self, events: impl IntoIterator<Item = &'e Events>, device_days: f64) -> f64 {
        let touches: usize = self.counted(events).map(|alert| 1 + usize::from(!alert.peer.is_empty())).sum();
        if touches == 0 { 0.0 } else { touches as f64 / device_days }
    }

    /// False alerts.
    fn clean(&self, events: &Events, devices: usize) -> Clean {
        let begin = OPENING + DAY * self.plan.learn;
        let device_days = devices as f64 * f64::from(self.plan.clean);
        let counted = || self.counted([events]);
        let group = |name: &str, of: &[&Alert]| Group {
            name: name.to_owned(),
            alerts: Rate::new(of.len() as u64, device_days),
            days: of.iter().map(|alert| day_since(begin, alert.raised)).collect::<BTreeSet<_>>().len(),
        };
        let groups = |key: &dyn Fn(&Alert) -> String| {
            let mut groups: BTreeMap<String, Vec<&Alert>> = BTreeMap::new();
            counted().for_each(|alert| groups.entry(key(alert)).or_default().push(alert));
            groups.iter().map(|(name, of)| group(name, of)).collect::<Vec<_>>()
        };
        let mut by_severity = groups(&|alert| alert.severity.name().to_owned());
        let worst_first = ["critical", "high", "medium", "low", "info"];
        by_severity.sort_by_key(|group| worst_first.iter().position(|name| *name == group.name));
        Clean {
            device_days,
            all: Some(group("all", &counted().collect::<Vec<_>>())),
            restarted: None,
            by_severity,
            by_detection: groups(&|alert| alert.detection.clone()),
            incidents: self
                .detector
                .tells_incidents()
                .then(|| Rate::new(events.incidents.len() as u64, f64::from(self.plan.clean))),
        }
    }
}

fn day_since(begin: Time, time: Time) -> u64 {
    time.since(begin).as_secs() / DAY.as_secs()
}
