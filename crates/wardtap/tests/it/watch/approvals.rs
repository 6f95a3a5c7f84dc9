//! Approvals of a sensor that is running.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

use serde_json::Value;

use super::wire::{Sensor, Wire, open_folder, unpacked, wait};
use super::{SETPOINT, TAMPERED, stats};
use crate::run::{Ran, wardtap};

const APPROVED: &str = "wardtap_approvals_total{result=\"done\"}";

fn approve(sensor: &Sensor, alert: &str, status: i32) -> Ran {
    let state = sensor.path("state");
    let state = state.to_str().unwrap();
    let who = ["--by", "A. Jansen", "--reason", "new pump"];
    wardtap(&[&["baseline", "approve", "--state", state, "--alert", alert], &who[..]].concat()).expect(status)
}

/// What a client gets who says something.
fn say(sensor: &Sensor, request: &[u8]) -> String {
    let mut stream = UnixStream::connect(sensor.path("state/approve.sock")).unwrap();
    // It may be cut off before all of it was said.
    drop(stream.write_all(request));
    let mut answer = String::new();
    drop(stream.read_to_string(&mut answer));
    answer
}

#[test]
fn an_alert_is_approved_while_it_watches_and_the_approval_stays() {
    let Some(wire) = Wire::new() else { return };
    let folder = open_folder();
    let (played, packets) = unpacked(SETPOINT, folder.path());
    let baseline = folder.path().join("site.baseline").to_str().unwrap().to_owned();
    wardtap(&["learn", TAMPERED, "--out", &baseline]).expect(0);
    std::fs::set_permissions(&baseline, std::fs::Permissions::from_mode(0o666)).unwrap();
    let sensor = Sensor::start_in(&wire, folder, &["--baseline", "site.baseline", "--state", "state"]);
    wire.play(&played, &["--pps=20000"]);
    sensor.wait_for_packets(packets as f64);
    let events = || std::fs::read_to_string(sensor.path("events.jsonl")).unwrap();
    let new = |text: &str| -> Vec<Value> {
        let all = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        all.filter(|event| !event["alert"]["departures"].is_null() && event["alert"]["state"] == "new").collect()
    };
    let alerts = new(&events());
    let id = alerts[0]["alert"]["id"].as_str().unwrap();
    let unknown = approve(&sensor, "0123456789abcdef", 1);
    assert!(unknown.stderr.contains("there is no alert 0123456789abcdef"), "{}", unknown.stderr);
    let done = approve(&sensor, id, 0);
    assert!(done.stdout.contains("approved by A. Jansen"), "{}", done.stdout);
    assert_eq!((sensor.metric(APPROVED), sensor.metric("wardtap_approvals_total{result=\"refused\"}")), (1.0, 1.0));
    // Again: the baseline that is compared with is the one that it was written to.
    approve(&sensor, alerts[1]["alert"]["id"].as_str().unwrap(), 0);
    let shown = wardtap(&["baseline", "show", &baseline, "--json"]).expect(0);
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    let approval = &shown["approvals"][0];
    assert_eq!((&approval["by"], &approval["reason"]), (&"A. Jansen".into(), &"new pump".into()));
    assert_eq!(approval["alerts"], serde_json::json!([id]));
    let mode = std::fs::metadata(sensor.path("state/approve.sock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
    sensor.signal("HUP");
    wait("nothing has changed", || sensor.metric("wardtap_reloads_total{result=\"done\"}") == 1.0);
    let ended = sensor.end();
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    assert!(ended.stderr.contains("A. Jansen has approved"), "{}", ended.stderr);
    let digest = stats(&ended)["run"]["digests"]["baseline"].as_str().unwrap().to_owned();
    // Another start compares with it, and tells neither.
    let sensor = Sensor::start_in(&wire, ended.folder, &["--baseline", "site.baseline", "--state", "state"]);
    let before = std::fs::read_to_string(sensor.path("events.jsonl")).unwrap().len();
    wire.play(&played, &["--pps=20000"]);
    sensor.wait_for_packets(packets as f64);
    let ended = sensor.end();
    assert_eq!(stats(&ended)["run"]["digests"]["baseline"], digest.as_str());
    let text = std::fs::read_to_string(ended.folder.path().join("events.jsonl")).unwrap();
    let after = new(&text[before..]);
    // What was approved is not told; what was behind it may be.
    let departures = |event: &Value| event["alert"]["departures"].clone();
    assert!(alerts.len() > 2 && after.len() > 2, "{} and {}: others are told as before", alerts.len(), after.len());
    for approved in &alerts[..2] {
        assert!(after.iter().all(|event| departures(event) != departures(approved)), "{approved:#}");
    }
}

#[test]
fn whoever_says_nonsense_or_nothing_is_cut_off_and_the_next_is_served() {
    let Some(wire) = Wire::new() else { return };
    let sensor = Sensor::start(&wire, &["--state", "state"]);
    wait("it watches", || sensor.metric("wardtap_clock_timestamp_seconds") > 0.0);
    for (request, told) in [
        (&b"nonsense\n"[..], "no request that this wardtap knows"),
        (b"{\"approve\":{\"alerts\":[],\"by\":\"x\",\"reason\":\"y\"}}\n", "1 to 64 alerts"),
        (b"{\"approve\":{\"alerts\":[\"a\"],\"by\":\"\",\"reason\":\"y\"}}\n", "by: a few words are wanted"),
        (b"{\"approve\":{\"alerts\":[\"a\"],\"by\":\"x\",\"reason\":\"y\"}}\n", "compares with no baseline"),
    ] {
        assert!(say(&sensor, request).contains(told), "{}", say(&sensor, request));
    }
    assert!(!say(&sensor, &vec![b'x'; 1 << 20]).contains("done"), "a line without end");
    // One that says nothing keeps the others waiting for as long as it may, and no longer.
    let silent = UnixStream::connect(sensor.path("state/approve.sock")).unwrap();
    assert!(say(&sensor, b"nonsense\n").contains("no request"), "it is served behind the silent one");
    drop(silent);
    assert_eq!((sensor.get("/healthz").0, sensor.metric(APPROVED)), (200, 0.0));
    let nobody =
        wardtap(&["baseline", "approve", "--state", "/nonexistent", "--alert", "a", "--by", "x", "--reason", "y"]);
    assert!(nobody.expect(1).stderr.contains("no sensor answers there"));
    let both = ["baseline", "approve", "x.baseline", "--alert", "a", "--by", "x", "--reason", "y"];
    assert!(wardtap(&both).expect(2).stderr.contains("--alert needs --events"));
    assert_eq!(sensor.end().status, 0);
}
