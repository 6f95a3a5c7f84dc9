//! What a measurement found out.

use anyhow::Result;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Plan;
use super::detector::Detector;
use super::events::{Alert, Events, Incident, Severity};
use super::life;
use super::score::{self, Rules, Verdict};
use super::statistics::Rate;
use super::truth::Day;
use crate::attacks::{Family, Scenario};
use crate::clock::{DAY, OPENING, Time};

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
#[derive(Debug, Serialize)]
pub struct Clean {
    /// Devices times days.
    pub device_days: f64,
    /// All together.
    pub all: Group,
    /// Those of severity medium or above.
    pub serious: Rate,
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
        let used: BTreeSet<u32> = self.plan.scenarios.iter().map(|scenario| self.plan.day_of(scenario)).collect();
        let control = |day: u32| {
            let (_, events) = self.day(&life::control_folder(self.plan, day), &format!("day {day}"))?;
            Some((day, events))
        };
        let controls: BTreeMap<u32, Events> = used.into_iter().filter_map(control).collect();
        let clean = self.clean(&events, &controls, devices);
        let scenarios = self.plan.scenarios.iter();
        let verdicts = scenarios.map(|scenario| self.verdict(scenario, &controls, &events)).collect();
        let mut notes = self.detector.notes.clone();
        if let Some(first) = self.troubles.first() {
            notes.push(format!("{} replays failed, the first on {first}", self.troubles.len()));
        }
        Measured { name: self.detector.name.clone(), learned: self.detector.baseline.is_some(), notes, clean, verdicts }
    }

    fn verdict(&mut self, scenario: &Scenario, controls: &BTreeMap<u32, Events>, clean: &Events) -> Option<Verdict> {
        let own = self.plan.day_of(scenario);
        let control = controls.get(&own)?;
        let (day, events) = self.day(&life::scenario_folder(self.plan, scenario), scenario.name)?;
        let truth = day.truth?;
        let (rules, incidents) = (Rules::of(self.plan), self.detector.tells_incidents());
        let mut verdict = score::score(&rules, scenario, &truth, &events, control, incidents);
        let found_on = |day: &u32| score::would_find(&rules, &truth.on_day(own, *day), clean);
        verdict.chance = (0..self.plan.clean).filter(found_on).count() as f64 / f64::from(self.plan.clean);
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

    fn counts(&self, alert: &Alert) -> bool {
        alert.severity >= self.plan.severity
    }

    /// False alerts: on the clean days, and on the first days of `controls`.
    fn clean(&self, events: &Events, controls: &BTreeMap<u32, Events>, devices: usize) -> Clean {
        let midnight = |day: u32| OPENING + DAY * (self.plan.learn + day);
        // What is told when all is over belongs to the last day.
        let day_of = |time: Time| time.since(midnight(0)).as_secs() / DAY.as_secs();
        let daily = |times: &mut dyn Iterator<Item = Time>| {
            let mut days = vec![0; self.plan.clean as usize];
            times.for_each(|time| days[(day_of(time) as usize).min(self.plan.clean as usize - 1)] += 1);
            days
        };
        let device_days = devices as f64 * f64::from(self.plan.clean);
        let group = |name: &str, of: &[&Alert]| {
            let daily = daily(&mut of.iter().map(|alert| alert.raised));
            let days = daily.iter().filter(|count| **count > 0).count();
            Group { name: name.to_owned(), alerts: Rate::new(&daily, device_days), days }
        };
        let counted: Vec<&Alert> = events.alerts.iter().filter(|alert| self.counts(alert)).collect();
        let serious: Vec<&Alert> = counted.iter().copied().filter(|alert| alert.severity >= Severity::Medium).collect();
        let groups = |key: &dyn Fn(&Alert) -> String| {
            let mut groups: BTreeMap<String, Vec<&Alert>> = BTreeMap::new();
            counted.iter().for_each(|alert| groups.entry(key(alert)).or_default().push(alert));
            groups.iter().map(|(name, of)| group(name, of)).collect::<Vec<_>>()
        };
        let mut by_severity = groups(&|alert| alert.severity.name().to_owned());
        let worst_first = ["critical", "high", "medium", "low", "info"];
        by_severity.sort_by_key(|group| worst_first.iter().position(|name| *name == group.name));
        let of_first_day = |(day, events): (&u32, &Events)| {
            let alerts = events.alerts.iter().filter(|alert| self.counts(alert));
            alerts.filter(|alert| alert.raised < midnight(day + 1)).count() as u64
        };
        let restarted: Vec<u64> = controls.iter().map(of_first_day).collect();
        let ids: BTreeSet<&String> = counted.iter().map(|alert| &alert.id).collect();
        let is_counted = |incident: &&Incident| incident.alerts.iter().any(|id| ids.contains(id));
        let incidents = || daily(&mut events.incidents.values().filter(is_counted).map(|incident| incident.raised));
        Clean {
            device_days,
            all: group("all", &counted),
            serious: group("serious", &serious).alerts,
            restarted: (!restarted.is_empty()).then(|| Rate::new(&restarted, (devices * restarted.len()) as f64)),
            by_severity,
            by_detection: groups(&|alert| alert.detection.clone()),
            incidents: self.detector.tells_incidents().then(|| Rate::new(&incidents(), f64::from(self.plan.clean))),
        }
    }
}
