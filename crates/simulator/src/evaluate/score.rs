//! Which alerts of a day are about what was played.

use serde::{Serialize, Serializer};
use std::collections::BTreeSet;
use std::time::Duration;

use super::events::{Alert, Events};
use super::truth::Truth;
use super::{Families, Plan, Severity};
use crate::attacks::{Family, Scenario};
use crate::clock::Time;

/// What alerts must be to count.
#[derive(Clone, Copy)]
pub(super) struct Rules<'a> {
    /// How long after the end they may come.
    pub(super) tolerance: Duration,
    /// How bad they must be.
    pub(super) severity: Severity,
    /// What detections are about.
    pub(super) families: &'a Families,
}

impl<'a> Rules<'a> {
    pub(super) fn of(plan: &'a Plan) -> Self {
        Self { tolerance: plan.tolerance, severity: plan.severity, families: &plan.families }
    }
}

/// What a detector made of a scenario.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Verdict {
    /// An alert is about it.
    pub found: bool,
    /// One of those says what kind of thing it is; nothing where none says any kind.
    pub right: Option<bool>,
    /// The detections of those alerts, by when they came first.
    pub by: Vec<Finder>,
    /// The worst of their severities.
    pub severity: Option<Severity>,
    /// How long after the scenario's begin the first of them was raised; seconds in JSON.
    #[serde(serialize_with = "as_seconds")]
    pub after: Option<Duration>,
    /// How many they are.
    pub alerts: usize,
    /// In how many incidents they are; nothing where the detector tells of none.
    pub incidents: Option<usize>,
    /// Other alerts of that day.
    pub others: usize,
    /// It would have been found on the same day without it.
    pub without: bool,
    /// On what share of the clean days it would have been found without it.
    pub chance: f64,
}

/// A detection that found a scenario.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finder {
    /// Which.
    pub detection: String,
    /// One of its alerts says what kind of thing it is; nothing where none says any kind.
    pub right: Option<bool>,
    /// The worst of its severities.
    pub severity: Severity,
}

/// Scores a scenario's day beside the same day without it.
pub(super) fn score(
    rules: &Rules<'_>,
    scenario: &Scenario,
    truth: &Truth,
    day: &Events,
    control: &Events,
    incidents: bool,
) -> Verdict {
    let everyday: BTreeSet<_> = control.alerts.iter().map(identity).collect();
    let counted = |events: &&Alert| events.severity >= rules.severity;
    let (about, others): (Vec<&Alert>, Vec<&Alert>) = day
        .alerts
        .iter()
        .filter(counted)
        .partition(|alert| is_about(alert, truth, rules.tolerance) && !everyday.contains(&identity(alert)));
    let mut by: Vec<Finder> = Vec::new();
    for alert in &about {
        let (right, severity) = (is_right(alert, scenario.family, scenario.techniques, rules.families), alert.severity);
        if let Some(finder) = by.iter_mut().find(|finder| finder.detection == alert.detection) {
            (finder.right, finder.severity) = (finder.right.max(right), finder.severity.max(severity));
        } else {
            by.push(Finder { detection: alert.detection.clone(), right, severity });
        }
    }
    let with_one = || {
        day.incidents.values().filter(|incident| about.iter().any(|alert| incident.alerts.contains(&alert.id))).count()
    };
    Verdict {
        found: !about.is_empty(),
        right: by.iter().filter_map(|finder| finder.right).max(),
        severity: by.iter().map(|finder| finder.severity).max(),
        by,
        after: about.iter().map(|alert| alert.raised.since(truth.begin())).min(),
        alerts: about.len(),
        incidents: incidents.then(with_one),
        others: others.len(),
        without: would_find(rules, truth, control),
        chance: 0.0,
    }
}

/// Whether something of a day without it would have been taken for it. Frames have other numbers there: only hosts can be
/// asked for.
pub(super) fn would_find(rules: &Rules<'_>, truth: &Truth, without: &Events) -> bool {
    without.alerts.iter().any(|alert| {
        alert.severity >= rules.severity && in_time(alert, truth, rules.tolerance) && names_host(alert, truth)
    })
}

fn as_seconds<S: Serializer>(time: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    time.map(|time| time.as_secs_f64()).serialize(to)
}

/// What makes two alerts of two runs the same one.
fn identity(alert: &Alert) -> (&str, Time, &BTreeSet<String>, &BTreeSet<String>) {
    (&alert.detection, alert.first_seen, &alert.device, &alert.peer)
}

/// An alert is about what was played: it comes in time, and names one of its hosts or shows one of its frames.
fn is_about(alert: &Alert, truth: &Truth, tolerance: Duration) -> bool {
    in_time(alert, truth, tolerance)
        && (names_host(alert, truth) || alert.frames.iter().any(|frame| truth.has_frame(*frame)))
}

/// An alert that was raised before it all began is about something else, however long it lasts. One that was raised later
/// may have been seen since before: detections that count look at a window as a whole.
fn in_time(alert: &Alert, truth: &Truth, tolerance: Duration) -> bool {
    alert.raised >= truth.begin() && alert.last_seen >= truth.begin() && alert.first_seen <= truth.end() + tolerance
}

fn names_host(alert: &Alert, truth: &Truth) -> bool {
    alert.device.union(&alert.peer).any(|address| truth.addresses.contains(address))
}

/// Whether an alert says what kind of thing it is, and rightly.
fn is_right(alert: &Alert, family: Family, techniques: &[&str], families: &Families) -> Option<bool> {
    let of_detection = families.get(&alert.detection).map(|families| families.contains(&family));
    // A technique and one below it (T1691, T1691.001) are the same kind of thing.
    let related = |a: &str, b: &str| a == b || a.strip_prefix(b).is_some_and(|rest| rest.starts_with('.'));
    let named = |told: &String| techniques.iter().any(|right| related(told, right) || related(right, told));
    let of_techniques = (!alert.techniques.is_empty()).then(|| alert.techniques.iter().any(named));
    of_detection.max(of_techniques)
}

#[cfg(test)]
mod tests;
