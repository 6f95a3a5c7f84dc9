//! Incidents as users read them: every alert is in one, in the events, the metrics and the summary.

use std::collections::BTreeMap;

use serde_json::Value;
use tempfile::TempDir;

use crate::pcap::{PLAIN, Packet, pcap, read};
use crate::run::{Replayed, captures, replay};

/// The last line of each id of a type.
fn last(replayed: &Replayed, kind: &str) -> BTreeMap<String, Value> {
    let events = replayed.parsed().into_iter().filter(|event| event["type"] == kind);
    events.map(|event| (event[kind]["id"].as_str().unwrap().to_owned(), event)).collect()
}

#[test]
fn every_alert_of_the_captures_is_in_one_incident() {
    let mut seen = 0;
    for capture in captures() {
        let replayed = replay(&capture, &[]);
        let (alerts, incidents) = (last(&replayed, "alert"), last(&replayed, "incident"));
        let mut of: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (id, event) in &incidents {
            let incident = &event["incident"];
            assert_eq!(incident["state"], "closed", "{capture}: {id}");
            for alert in incident["alerts"].as_array().unwrap() {
                of.entry(alert.as_str().unwrap()).or_default().push(id);
            }
            let worst = incident["alerts"].as_array().unwrap().iter().map(|id| &alerts[id.as_str().unwrap()]);
            assert!(worst.into_iter().any(|alert| alert["alert"]["severity"] == incident["severity"]), "{capture}");
        }
        let told = alerts.iter().filter(|(_, event)| event["alert"]["severity"] != "info");
        for (id, event) in told {
            assert_eq!(
                of.get(id.as_str()),
                Some(&vec![event["alert"]["incident"].as_str().unwrap()]),
                "{capture}: {id}"
            );
            seen += 1;
        }
        let began: f64 = metric(&replayed.metrics, "wardtap_incidents_total");
        assert_eq!(began, incidents.len() as f64, "{capture}");
        assert_eq!(metric(&replayed.metrics, "wardtap_incidents_open"), 0.0, "{capture}: closed at the end");
        assert!(
            replayed.ran.stdout.contains(&format!("\nIncidents  {}\n", incidents.len())),
            "{}",
            replayed.ran.stdout
        );
    }
    assert!(seen >= 10, "{seen} alerts");
}

/// All series of a metric together.
fn metric(text: &str, name: &str) -> f64 {
    let series = text.lines().filter(|line| line.starts_with(&format!("{name}{{")));
    series.map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()).sum()
}

#[test]
fn one_attack_again_within_hours_is_one_alert_and_two_days_later_another() {
    const HOUR: u64 = 3600 * 1_000_000_000;
    let one = read("captures/dicom/executable-mz.pcap").unwrap();
    // A jump of the clock counts once a few records confirm it.
    let before = read("captures/modbus/functions.pcap").unwrap();
    let mut packets: Vec<Packet> = Vec::new();
    for hours in [0, 3, 40] {
        let time = |place: u64| one[0].time + hours * HOUR - 60_000_000_000 + place;
        packets.extend((0..).zip(&before).map(|(place, packet)| Packet { time: time(place), ..packet.clone() }));
        packets.extend(one.iter().map(|packet| Packet { time: packet.time + hours * HOUR, ..packet.clone() }));
    }
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("thrice.pcap");
    std::fs::write(&path, pcap(&packets, PLAIN)).unwrap();
    let replayed = replay(path.to_str().unwrap(), &[]);
    let incidents = last(&replayed, "incident");
    let mut alerts: Vec<usize> =
        incidents.values().map(|event| event["incident"]["alerts"].as_array().unwrap().len()).collect();
    alerts.sort_unstable();
    assert_eq!(alerts, [1, 1], "{}", replayed.ran.stdout);
    let told = last(&replayed, "alert");
    let mut counts: Vec<u64> = told.values().map(|event| event["alert"]["count"].as_u64().unwrap()).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 2], "what comes back within a day is no new one");
    assert!(told.values().all(|event| event["alert"]["state"] == "closed"));
    // Incidents come first, and of equal ones the first begun.
    let of = |title: &str| replayed.ran.stdout.find(&format!("\n{title}  ")).unwrap();
    assert!(of("Incidents") < of("Alerts"));
}
