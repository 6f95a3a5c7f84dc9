//! The report as tables for people.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use super::report::{Entry, Group, Measured, Report};
use super::score::{Finder, Verdict};
use super::statistics::{Rate, median};
use crate::attacks::Family;
use crate::evaluate::Severity;

/// Detections named for a scenario; how many more there are is said.
const NAMED: usize = 3;

/// The whole report.
pub fn render(report: &Report) -> String {
    let mut out = String::new();
    preface(&mut out, report);
    summary(&mut out, report);
    families(&mut out, report);
    for measured in &report.detectors {
        details(&mut out, report, measured);
    }
    out
}

/// Writing to a string does not fail.
macro_rules! line {
    ($out:expr, $($rest:tt)*) => { writeln!($out, $($rest)*).unwrap_or_default() };
}

fn preface(out: &mut String, report: &Report) {
    let Report { seed, devices, learn, clean, tolerance_minutes, severity, .. } = report;
    let held_out = report.scenarios.iter().filter(|scenario| scenario.held_out).count();
    line!(
        out,
        "A hospital of {devices} devices (seed {seed}): {learn} days learned, {clean} clean days, {} scenarios, of which \
         {held_out} were kept out of tuning. Alerts count from severity `{}` on, up to {tolerance_minutes} minutes after a \
         scenario's end.\n",
        report.scenarios.len(),
        severity.name()
    );
    for failure in &report.failures {
        line!(out, "**Could not be simulated: {failure}.**\n");
    }
}

/// A row of a table: its cells as they are.
fn row(out: &mut String, cells: impl IntoIterator<Item = String>) {
    let cells: Vec<String> = cells.into_iter().map(|cell| cell.replace('|', "\\|")).collect();
    line!(out, "| {} |", cells.join(" | "));
}

/// The head of a table: names that begin with `>` stand above numbers.
fn head(out: &mut String, names: &[&str]) {
    row(out, names.iter().map(|name| name.trim_start_matches('>').to_owned()));
    row(out, names.iter().map(|name| if name.starts_with('>') { "---:" } else { "---" }.to_owned()));
}

/// The head of a table with a column for each detector behind the first ones.
fn head_of_detectors(out: &mut String, report: &Report, first: &[&str]) {
    let names: Vec<String> = report.detectors.iter().map(|measured| format!(">{}", code(&measured.name))).collect();
    let columns: Vec<&str> = first.iter().copied().chain(names.iter().map(String::as_str)).collect();
    head(out, &columns);
}

type Cell<'a> = Box<dyn Fn(&Measured) -> String + 'a>;

fn summary(out: &mut String, report: &Report) {
    head_of_detectors(out, report, &[""]);
    let part = |is: fn(&Entry) -> bool, so: fn(&Verdict) -> bool| -> Cell<'_> {
        Box::new(move |measured| share(report, measured, is, so))
    };
    let all: fn(&Entry) -> bool = |_| true;
    let found: fn(&Verdict) -> bool = |verdict| verdict.found;
    let serious: fn(&Verdict) -> bool = |verdict| verdict.severity.is_some_and(|severity| severity >= Severity::Medium);
    let right = |is: fn(&Entry) -> bool| -> Cell<'_> {
        Box::new(move |measured| {
            let tells = verdicts(measured).any(|verdict| verdict.right.is_some());
            if tells { share(report, measured, is, |verdict| verdict.right == Some(true)) } else { "-".into() }
        })
    };
    let rows: Vec<(&str, Cell<'_>)> = vec![
        ("with a baseline", Box::new(|measured| if measured.learned { "yes" } else { "no" }.into())),
        ("**found**", part(all, found)),
        ("and of the right kind", right(all)),
        ("and told as `medium` or worse", part(all, serious)),
        ("found, kept out of tuning", part(|entry| entry.held_out, found)),
        ("and of the right kind", right(|entry| entry.held_out)),
        ("and told as `medium` or worse", part(|entry| entry.held_out, serious)),
        ("found, inside normal connections", part(|entry| entry.within_normal, found)),
        ("what chance would find", Box::new(|measured| format!("{:.1}", sum_of_chance(measured)))),
        ("found on the same day without it", part(all, |verdict| verdict.without)),
        ("median time to the first alert, of those found", Box::new(median_time)),
        ("alerts of a found scenario, median", Box::new(|measured| middle(measured, |verdict| Some(verdict.alerts)))),
        ("alerts of a found scenario, mean", Box::new(|measured| mean(measured, |verdict| Some(verdict.alerts)))),
        ("incidents of a found scenario, mean", Box::new(|measured| mean(measured, |verdict| verdict.incidents))),
        ("incidents of a found scenario, median", Box::new(|measured| middle(measured, |verdict| verdict.incidents))),
        ("**false alerts per device-day** (95 %)", Box::new(|measured| rate(&measured.clean.all.alerts))),
        (
            "**of severity `medium` or above, per 1,000 device-days** (95 %)",
            Box::new(|measured| thousand(&measured.clean.serious)),
        ),
        (
            "the same after a restart (95 %)",
            Box::new(|measured| measured.clean.restarted.as_ref().map_or("-".into(), rate)),
        ),
        ("false alerts, days with one", Box::new(|measured| days(report, measured))),
        (
            "false incidents per day (95 %)",
            Box::new(|measured| measured.clean.incidents.as_ref().map_or("-".into(), rate)),
        ),
    ];
    for (name, cell) in rows {
        row(out, [name.to_owned()].into_iter().chain(report.detectors.iter().map(cell)));
    }
    line!(out, "");
}

fn share(report: &Report, measured: &Measured, is: fn(&Entry) -> bool, so: fn(&Verdict) -> bool) -> String {
    let of = report.scenarios.iter().zip(&measured.verdicts).filter(|(entry, _)| is(entry));
    let verdicts: Vec<&Verdict> = of.filter_map(|(_, verdict)| verdict.as_ref()).collect();
    format!("{} of {}", verdicts.iter().filter(|verdict| so(verdict)).count(), verdicts.len())
}

fn verdicts(measured: &Measured) -> impl Iterator<Item = &Verdict> {
    measured.verdicts.iter().flatten()
}

fn sum_of_chance(measured: &Measured) -> f64 {
    verdicts(measured).fold(0.0, |sum, verdict| sum + verdict.chance)
}

fn median_time(measured: &Measured) -> String {
    median(verdicts(measured).filter_map(|verdict| verdict.after).collect()).map_or("-".into(), time)
}

fn mean(measured: &Measured, of: fn(&Verdict) -> Option<usize>) -> String {
    let counts: Vec<usize> = verdicts(measured).filter(|verdict| verdict.found).filter_map(of).collect();
    if counts.is_empty() {
        return "-".into();
    }
    format!("{:.1}", counts.iter().sum::<usize>() as f64 / counts.len() as f64)
}

fn middle(measured: &Measured, of: fn(&Verdict) -> Option<usize>) -> String {
    let mut counts: Vec<usize> = verdicts(measured).filter(|verdict| verdict.found).filter_map(of).collect();
    counts.sort_unstable();
    counts.get(counts.len() / 2).map_or("-".into(), usize::to_string)
}

fn days(report: &Report, measured: &Measured) -> String {
    let Group { alerts, days, .. } = &measured.clean.all;
    format!("{}, on {days} of {}", alerts.count, report.clean)
}

fn families(out: &mut String, report: &Report) {
    let mut of: BTreeMap<(bool, Family), Vec<usize>> = BTreeMap::new();
    for (place, entry) in report.scenarios.iter().enumerate() {
        of.entry((entry.held_out, entry.family)).or_default().push(place);
    }
    if of.is_empty() {
        return;
    }
    head_of_detectors(out, report, &["found, by family", "tuning"]);
    for ((held_out, family), places) in of {
        let cell = |measured: &Measured| {
            let played: Vec<&Verdict> = places.iter().filter_map(|place| measured.verdicts[*place].as_ref()).collect();
            format!("{} of {}", played.iter().filter(|verdict| verdict.found).count(), played.len())
        };
        let apart = if held_out { "kept out" } else { "used" };
        row(out, [name_of(family), apart.into()].into_iter().chain(report.detectors.iter().map(cell)));
    }
    line!(out, "");
}

fn details(out: &mut String, report: &Report, measured: &Measured) {
    line!(out, "### {}\n", code(&measured.name));
    if !measured.learned {
        line!(out, "It was run without a baseline.\n");
    }
    for note in &measured.notes {
        line!(out, "* {note}");
    }
    if !measured.notes.is_empty() {
        line!(out, "");
    }
    for (held_out, title) in [(false, "Scenarios"), (true, "Scenarios that were kept out of tuning")] {
        let of = report.scenarios.iter().zip(&measured.verdicts).filter(|(entry, _)| entry.held_out == held_out);
        let of: Vec<_> = of.collect();
        if of.is_empty() {
            continue;
        }
        line!(out, "{title}:\n");
        let names = [
            "scenario",
            "family",
            "found",
            "right",
            "by",
            "severity",
            ">after",
            ">alerts",
            ">incidents",
            ">others",
            ">chance",
        ];
        head(out, &names);
        for (entry, verdict) in of {
            row(out, scenario(entry, verdict.as_ref()));
        }
        line!(out, "");
    }
    shares(out, measured);
    clean(out, report, measured);
}

/// What would be lost without each detection.
fn shares(out: &mut String, measured: &Measured) {
    let mut of: BTreeMap<&str, [usize; 5]> = BTreeMap::new();
    for by in verdicts(measured).filter(|verdict| verdict.found).map(|verdict| &verdict.by) {
        for (place, finder) in by.iter().enumerate() {
            let others = || by.iter().filter(|other| other.detection != finder.detection);
            let is_right_alone = finder.right == Some(true) && others().all(|other| other.right != Some(true));
            let is_worst_alone = by.len() > 1 && others().all(|other| other.severity < finder.severity);
            let counts = of.entry(&finder.detection).or_default();
            for (count, holds) in
                counts.iter_mut().zip([true, place == 0, by.len() == 1, is_right_alone, is_worst_alone])
            {
                *count += usize::from(holds);
            }
        }
    }
    if of.len() < 2 {
        return;
    }
    line!(out, "What each detection found, and what would be worse without it:\n");
    head(out, &["detection", ">scenarios", ">later", ">missed", ">not of the right kind", ">less severe"]);
    for (detection, counts) in of {
        row(out, [code(detection)].into_iter().chain(counts.map(|count| count.to_string())));
    }
    line!(out, "");
}

fn scenario(entry: &Entry, verdict: Option<&Verdict>) -> Vec<String> {
    let mut cells = vec![code(entry.name), name_of(entry.family)];
    let Some(verdict) = verdict else {
        cells.push("not played".into());
        cells.resize(11, "-".into());
        return cells;
    };
    let yes = |is: bool| if is { "yes" } else { "**no**" }.to_owned();
    let dash = || "-".to_owned();
    cells.extend([
        yes(verdict.found),
        verdict.right.map_or_else(dash, yes),
        by(&verdict.by),
        verdict.severity.map_or_else(dash, |severity| severity.name().into()),
        verdict.after.map_or_else(dash, time),
        verdict.alerts.to_string(),
        verdict.incidents.map_or_else(dash, |count| count.to_string()),
        verdict.others.to_string(),
        format!("{:.2}", verdict.chance),
    ]);
    cells
}

fn by(finders: &[Finder]) -> String {
    if finders.is_empty() {
        return "-".into();
    }
    let named: Vec<String> = finders.iter().take(NAMED).map(|finder| code(&finder.detection)).collect();
    let more = finders.len().saturating_sub(NAMED);
    if more > 0 { format!("{} and {more} more", named.join(", ")) } else { named.join(", ") }
}

fn clean(out: &mut String, report: &Report, measured: &Measured) {
    line!(out, "False alerts in {} device-days:\n", measured.clean.device_days);
    head(out, &["", ">alerts", ">per device-day (95 %)", ">days with one"]);
    let groups =
        [&measured.clean.all].into_iter().chain(&measured.clean.by_severity).chain(&measured.clean.by_detection);
    for Group { name, alerts, days } in groups {
        let days = format!("{days} of {}", report.clean);
        row(out, [code(name), alerts.count.to_string(), rate(alerts), days]);
    }
    line!(out, "");
}

fn rate(of: &Rate) -> String {
    let [low, high] = of.interval;
    format!("{} ({} to {})", digits(of.rate), digits(low), digits(high))
}

fn thousand(of: &Rate) -> String {
    let [low, high] = of.interval;
    format!("{} ({} to {})", digits(of.rate * 1000.0), digits(low * 1000.0), digits(high * 1000.0))
}

/// A number with two digits that say something.
fn digits(number: f64) -> String {
    let decimals = if number == 0.0 { 0 } else { (1 - libm::log10(number).floor() as i32).clamp(0, 6) as usize };
    format!("{number:.decimals$}")
}

/// A time as people say it.
fn time(of: Duration) -> String {
    let seconds = of.as_secs_f64();
    match seconds {
        ..1.0 => "< 1 s".into(),
        ..120.0 => format!("{seconds:.0} s"),
        ..7200.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn name_of(family: Family) -> String {
    format!("{family:?}").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{ms, secs};

    #[test]
    fn numbers_are_short() {
        assert_eq!(
            [0.0, 0.000_123, 0.0234, 1.26, 12.6, 1234.0].map(digits),
            ["0", "0.00012", "0.023", "1.3", "13", "1234"]
        );
        assert_eq!([ms(3), secs(70), secs(600), secs(9000)].map(time), ["< 1 s", "70 s", "10 min", "2.5 h"]);
        let of = |name: &str| Finder { detection: name.into(), right: None, severity: Severity::Low };
        assert_eq!(by(&["a", "b", "c", "d", "e"].map(of)), "`a`, `b`, `c` and 2 more");
    }
}
