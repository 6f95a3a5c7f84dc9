//! Each alert has its section in the runbook, its test, and its words.

use std::collections::BTreeSet;
use std::fs;

use super::prometheus::Prometheus;
use super::text;
use crate::run::root;

#[test]
fn every_alert_has_its_words_its_test_and_its_page() {
    // Nobody listens there: the rules are what is asked for.
    let Some(prometheus) = Prometheus::start("127.0.0.1:9".parse().unwrap()) else { return };
    let (runbook, tests) = (text("docs/runbook.md"), text("deploy/prometheus/rules.test.yml"));
    let rules = prometheus.rules();
    let alerts: Vec<_> = rules.iter().filter(|rule| rule["type"] == "alerting").collect();
    assert!(alerts.len() > 20, "{} alerts", alerts.len());
    let mut names = BTreeSet::new();
    for alert in alerts {
        let name = alert["name"].as_str().unwrap();
        assert!(names.insert(name.to_owned()), "{name} stands twice");
        let annotation = |key: &str| alert["annotations"][key].as_str().unwrap_or_default();
        assert!(annotation("summary").len() > 10 && annotation("description").len() > 40, "{name}: its words");
        assert_eq!(annotation("runbook_url"), format!("docs/runbook.md#{}", name.to_lowercase()));
        assert!(["critical", "warning", "none"].contains(&alert["labels"]["severity"].as_str().unwrap()), "{name}");
        assert!(tests.contains(name), "{name}: no test in rules.test.yml");
    }
    let sections: BTreeSet<String> =
        runbook.lines().filter_map(|line| line.strip_prefix("### ")).map(str::to_owned).collect();
    assert_eq!(sections, names, "docs/runbook.md has a section for each alert, and for nothing else");
}

#[test]
fn every_test_that_the_threat_model_names_is_there() {
    let page = text("THREAT_MODEL.md");
    let (_, live) = page.split_once("\n## The live sensor\n").unwrap();
    let mut sources = String::new();
    let mut folders = vec![root().join("crates")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                sources += &fs::read_to_string(path).unwrap();
            }
        }
    }
    let mut rows = 0;
    for row in live.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---")) {
        let shown_by = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        for name in shown_by.split('`').skip(1).step_by(2) {
            let is_there = if name.contains('/') {
                root().join(name).exists()
            } else {
                sources.contains(&format!("#[test]\n    fn {name}()"))
                    || sources.contains(&format!("#[test]\nfn {name}()"))
            };
            assert!(is_there, "THREAT_MODEL.md: no test {name}");
            rows += 1;
        }
    }
    assert!(rows > 15, "{rows} tests are named");
}
