//! A real Prometheus scrapes a sensor while an attack plays over a wire: its rules fire, and every panel of the dashboards
//! has an answer.

use std::collections::BTreeSet;
use std::fs;

use super::names::{documented, metric, panels, selectors};
use super::prometheus::Prometheus;
use crate::watch::wire::{Sensor, Wire, open_folder, run, unpacked, wait};

/// Somebody comes between Modbus devices, with arpspoof.
const SPOOFED: &str = "captures/simulated/tool-arpspoof-modbus.pcap.zst";

#[test]
fn rules_fire_for_an_attack_and_for_blindness_and_every_panel_has_an_answer() {
    let Some(wire) = Wire::new() else { return };
    let folder = open_folder();
    fs::write(folder.path().join("assets.csv"), "address,name\n10.20.10.28,one of them\n").unwrap();
    let sensor = Sensor::start_in(&wire, folder, &["--state", "state", "--assets", "assets.csv"]);
    let Some(prometheus) = Prometheus::start(sensor.address()) else { return };
    let is_seen = |expression: &str| !prometheus.query(expression).unwrap().is_empty();
    wait("alerts at rest are scraped", || is_seen("wardtap_alerts_total offset 2s"));
    wait("the Watchdog fires", || prometheus.alerts("firing").contains_key("Watchdog"));
    let before = prometheus.alerts("firing");
    assert_eq!(before.keys().collect::<Vec<_>>(), ["Watchdog"], "all is well before the attack");

    let (played, packets) = unpacked(SPOOFED, sensor.path("").as_path());
    wire.play(&played, &["--pps=2000"]);
    sensor.wait_for_packets(packets as f64);
    wait("the attack is told", || {
        is_seen("ALERTS{alertname=\"WardtapHighAlert\",detection=\"address-taken\",alertstate=\"firing\"}")
    });
    wait("the incident is told", || prometheus.alerts("firing").contains_key("WardtapIncidentOpen"));

    // What links did in a minute is known once it is over.
    wait("when a device was last heard is told", || is_seen("wardtap_device_last_seen_timestamp_seconds"));
    what_is_documented_is_exported(&sensor);
    every_panel_has_an_answer(&prometheus);
    every_selector_finds_something(&prometheus);

    run("ip", &["link", "set", &wire.near, "down"]).unwrap();
    wait("blindness is noticed", || prometheus.alerts("pending").contains_key("WardtapInterfaceDown"));
    assert_eq!(sensor.end().status, 0);
    wait("a sensor that is gone is noticed", || prometheus.alerts("pending").contains_key("WardtapSensorDown"));
}

fn what_is_documented_is_exported(sensor: &Sensor) {
    let (status, page) = sensor.get("/metrics");
    assert_eq!(status, 200);
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    let exported: BTreeSet<String> = types.map(str::to_owned).collect();
    assert_eq!(exported, documented(), "docs/metrics.md and docs/watch.md describe what is exported");
}

fn every_panel_has_an_answer(prometheus: &Prometheus) {
    let now = prometheus.query("vector(time())").unwrap()[0]["value"][1].as_str().unwrap().to_owned();
    let start = (now.parse::<f64>().unwrap() - 60.0).to_string();
    let mut answered = 0;
    for panel in panels() {
        let query = panel.filled();
        let range = [("query", query.as_str()), ("start", &start), ("end", &now), ("step", "5")];
        let answer =
            if panel.instant { prometheus.ask("query", &range[..1]) } else { prometheus.ask("query_range", &range) };
        let answer = answer.unwrap_or_else(|error| panic!("{}: {query}: {error}", panel.name));
        answered += usize::from(!answer["result"].as_array().unwrap().is_empty());
    }
    // Some ask for what does not happen here, and none is right.
    assert!(answered > 50, "only {answered} panels show something");
}

fn every_selector_finds_something(prometheus: &Prometheus) {
    let rules = prometheus.rules();
    let asked_by_rules = rules.iter().map(|rule| rule["query"].as_str().unwrap().to_owned());
    let all: BTreeSet<String> =
        asked_by_rules.chain(panels().iter().map(|panel| panel.filled())).flat_map(|it| selectors(&it)).collect();
    let exists = |selector: &str| !prometheus.query(&format!("count({selector})")).unwrap().is_empty();
    for selector in &all {
        assert!(exists(selector), "nothing is selected by {selector}");
        // What is misspelt would not be found either.
        assert!(!exists(&format!("{}x", metric(selector))));
    }
    assert!(all.len() > 40, "{} selectors", all.len());
}
