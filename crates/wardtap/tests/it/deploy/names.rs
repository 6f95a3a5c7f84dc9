//! What rules and dashboards ask for: every name in them is one that wardtap exports, or that a rule records.

use std::collections::BTreeSet;

use serde_json::Value;
use wardtap_behaviour::detections::DETECTIONS;

use super::{files, text};

/// A panel of a dashboard, or what else of it asks.
pub(super) struct Panel {
    /// Dashboard and title.
    pub(super) name: String,
    /// As it stands there, with Grafana's variables.
    pub(super) expression: String,
    /// It shows the present, not a course.
    pub(super) instant: bool,
}

impl Panel {
    /// The expression with values for Grafana's variables, which must all be known.
    pub(super) fn filled(&self) -> String {
        let mut filled = self.expression.clone();
        for (variable, value) in [
            ("$__rate_interval", "1m"),
            ("$__interval", "15s"),
            ("$__range", "5m"),
            ("$instance", ".*"),
            ("$interface", ".*"),
            ("$protocol", ".*"),
        ] {
            filled = filled.replace(variable, value);
        }
        assert!(!filled.contains('$'), "{}: an unknown variable: {filled}", self.name);
        filled
    }
}

/// All dashboards.
pub(super) fn dashboards() -> Vec<Value> {
    let read = |path: &std::path::PathBuf| serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    files("deploy/grafana/dashboards", ".json").iter().map(read).collect()
}

/// Whatever of the dashboards asks Prometheus.
pub(super) fn panels() -> Vec<Panel> {
    let mut all = Vec::new();
    for dashboard in dashboards() {
        let title = dashboard["title"].as_str().unwrap();
        let panels = dashboard["panels"].as_array().unwrap().iter();
        let mut asking: Vec<&Value> = panels.filter(|panel| panel["type"] != "row").collect();
        asking.extend(dashboard["annotations"]["list"].as_array().unwrap());
        for panel in asking {
            let own = panel["title"].as_str().or_else(|| panel["name"].as_str()).unwrap();
            let targets = panel["targets"].as_array().cloned().unwrap_or_else(|| vec![panel.clone()]);
            assert!(!targets.is_empty(), "{title}: {own} asks nothing");
            for target in targets {
                let expression = target["expr"].as_str().unwrap().to_owned();
                all.push(Panel { name: format!("{title}: {own}"), expression, instant: target["instant"] == true });
            }
        }
        for variable in dashboard["templating"]["list"].as_array().unwrap() {
            let Some(query) = variable["query"]["query"].as_str() else { continue };
            let inner = query.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')'));
            let (series, label) = inner.and_then(|inner| inner.rsplit_once(", ")).unwrap();
            let expression = format!("count by ({label}) ({series})");
            all.push(Panel { name: format!("{title}: variable {label}"), expression, instant: true });
        }
    }
    assert!(all.len() > 50, "{} queries", all.len());
    all
}

/// The series that an expression selects, each with what its labels must be: metrics of ours, and what rules record.
pub(super) fn selectors(expression: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut rest = expression;
    while let Some(first) = rest.chars().next() {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        let name = &rest[..rest.find(|c| !is_name(c)).unwrap_or(rest.len())];
        let (token, is_series) = match first {
            '"' => (&rest[..rest[1..].find('"').unwrap() + 2], false),
            '{' => (&rest[..=rest.find('}').unwrap()], false),
            _ if !name.is_empty() => {
                let ours = name.starts_with("wardtap_") || name.starts_with("process_") || name.contains(":wardtap_");
                (name, ours)
            }
            _ => (&rest[..first.len_utf8()], false),
        };
        rest = &rest[token.len()..];
        if is_series {
            let labels = if rest.starts_with('{') { &rest[..=rest.find('}').unwrap()] } else { "" };
            found.insert(format!("{token}{labels}"));
        }
    }
    found
}

/// The metric of a selector.
pub(super) fn metric(selector: &str) -> &str {
    selector.split('{').next().unwrap()
}

/// Metrics that the documents describe, in the first cells of their tables.
pub(super) fn documented() -> BTreeSet<String> {
    let pages = ["docs/metrics.md", "docs/watch.md"].map(text).concat();
    let cells = pages.lines().filter_map(|line| line.strip_prefix("| `")?.split(" |").next());
    let names = cells.flat_map(|cell| cell.split('`').map(|name| name.split('{').next().unwrap().to_owned()));
    names.filter(|name| name.starts_with("wardtap_") || name.starts_with("process_")).collect()
}

/// Expressions and recorded names of the rules' files, by their lines: enough for names.
fn rules() -> (String, BTreeSet<String>) {
    let all: String =
        files("deploy/prometheus", ".rules.yml").iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let code: String =
        all.lines().filter(|line| !line.trim_start().starts_with('#')).map(|l| format!("{l}\n")).collect();
    let recorded = code.lines().filter_map(|line| Some(line.trim().strip_prefix("- record: ")?.to_owned())).collect();
    (code, recorded)
}

#[test]
fn rules_and_dashboards_name_only_what_is_documented_or_recorded() {
    let (code, recorded) = rules();
    let documented = documented();
    assert!(documented.len() > 30 && recorded.len() > 5, "{documented:?} {recorded:?}");
    let is_known = |name: &str| {
        let base = ["_bucket", "_count", "_sum"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        documented.contains(name) || documented.contains(base) || recorded.contains(name)
    };
    let asked = panels().into_iter().map(|panel| (panel.name, panel.expression));
    let mut used = BTreeSet::new();
    for (name, expression) in asked.chain([("rules".to_owned(), code)]) {
        for selector in selectors(&expression) {
            let metric = metric(&selector);
            assert!(is_known(metric), "{name}: no metric {metric}");
            used.insert(metric.to_owned());
        }
    }
    let unused: Vec<&String> = recorded.difference(&used).collect();
    assert!(unused.is_empty(), "recorded, and asked for by nobody: {unused:?}");
}

#[test]
fn rules_and_dashboards_name_only_detections_that_there_are() {
    let asked: String = panels().into_iter().map(|panel| panel.expression).chain([rules().0]).collect();
    let mut count = 0;
    for rest in asked.split("detection=").skip(1) {
        let names = rest.trim_start_matches('~').trim_start_matches('"').split('"').next().unwrap();
        for name in names.split('|') {
            assert!(DETECTIONS.iter().any(|about| about.name == name), "no detection {name}");
            count += 1;
        }
    }
    assert!(count > 5, "{count} are named");
}

#[test]
fn selectors_are_found_in_all_forms() {
    let found = selectors(
        "sum by (wardtap) (rate(wardtap_a_total{x=\"wardtap_no\"}[5m])) / on (job) a:wardtap_b:c > 1 or up{y=~\"a|b\"} + process_d",
    );
    let wanted = ["a:wardtap_b:c", "process_d", "wardtap_a_total{x=\"wardtap_no\"}"];
    assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), wanted);
}
