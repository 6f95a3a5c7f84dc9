//! Each alert has its section in the runbook, its test, and its words.

use std::collections::BTreeSet;

use super::prometheus::Prometheus;
use super::text;

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
