//! Which capture raises which alert, and how an alert lives.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use wardtap_behaviour::detection::DETECTIONS;

use crate::pcap::{PLAIN, Packet, pcap, read};
use crate::run::{Replayed, captures, replay};

/// What a capture raises: one alert, told when it is new and when the capture ends.
struct Expected {
    capture: &'static str,
    detection: &'static str,
    severity: &'static str,
    observed: &'static str,
    /// The frames of evidence at the end.
    frames: &'static [u64],
    count: u64,
    /// The frame of which `sha256` is the digest, where one decided.
    decided_by: Option<usize>,
}

const EXECUTABLE: Expected = Expected {
    capture: "",
    detection: "executable-in-image",
    severity: "critical",
    observed: "",
    frames: &[13],
    count: 1,
    decided_by: Some(13),
};

const SWEEP: Expected = Expected {
    capture: "",
    detection: "sweep",
    severity: "medium",
    observed: "",
    frames: &[],
    count: 1,
    decided_by: None,
};

/// All captures that raise anything; every other one must stay silent.
const EXPECTED: [Expected; 9] = [
    Expected {
        capture: "captures/modbus/unit-sweep.pcap",
        observed: "247 unit ids asked for, 245 of them in vain",
        frames: &[13, 503],
        ..SWEEP
    },
    Expected {
        // Two and a half seconds: told at the first whole one, then twice more.
        capture: "captures/modbus/unit-sweep-silent.pcap",
        observed: "247 unit ids asked for, 245 of them in vain",
        frames: &[7, 128, 302, 380],
        count: 3,
        ..SWEEP
    },
    Expected {
        capture: "captures/modbus/register-sweep.pcap",
        observed: "265 values of address refused in ascending order, 96 to 61440",
        frames: &[23, 551],
        ..SWEEP
    },
    Expected {
        capture: "captures/dicom/ae-guessing.pcap",
        observed: "20 AE titles asked for, 19 of them in vain (first: ANY-SCP from STATION, PACS from STATION, \
                   DICOM from STATION, STORESCP from STATION, ORTHANC from STATION, DCM4CHEE from STATION, \
                   CONQUEST from STATION, CLEARCANVAS from STATION)",
        frames: &[9, 204],
        ..SWEEP
    },
    Expected {
        capture: "captures/modbus/exception-storm.pcap",
        detection: "refusal-storm",
        severity: "medium",
        observed: "300 refusals among 300 answers within 1 s",
        frames: &[13, 611],
        count: 300,
        decided_by: None,
    },
    Expected {
        capture: "captures/hl7/nak-storm.pcap",
        detection: "refusal-storm",
        severity: "medium",
        observed: "60 refusals among 60 answers within 1 s",
        frames: &[10, 129],
        count: 60,
        decided_by: None,
    },
    Expected { capture: "captures/dicom/executable-elf.pcap", observed: "ELF start of a data set", ..EXECUTABLE },
    Expected { capture: "captures/dicom/part10-elf.pcap", observed: "ELF preamble of a DICOM file", ..EXECUTABLE },
    Expected { capture: "captures/dicom/part10-mz.pcap", observed: "Windows PE preamble of a DICOM file", ..EXECUTABLE },
    // executable-mz.pcap holds a DOS header and zeros behind it: no program that any system would run.
];

fn alerts(replayed: &Replayed) -> Vec<Value> {
    replayed.parsed().into_iter().filter(|event| event["type"] == "alert").collect()
}

#[test]
fn captures_raise_exactly_what_is_expected() {
    for expected in &EXPECTED {
        let Expected { capture, detection, severity, observed, frames, count, decided_by } = *expected;
        let replayed = replay(capture, &[]);
        assert_eq!(replayed.ran.status, 0, "{capture}");
        let alerts = alerts(&replayed);
        let states: Vec<&str> = alerts.iter().map(|event| event["alert"]["state"].as_str().unwrap()).collect();
        assert_eq!(states, ["new", "closed"], "{capture}");
        for (revision, event) in (1..).zip(&alerts) {
            assert_eq!(event["alert"]["revision"], revision, "{capture}");
            assert_eq!(event["alert"]["id"], alerts[0]["alert"]["id"], "{capture}: the id is stable");
            assert_eq!(event["alert"]["detection"], detection, "{capture}");
            assert_eq!(event["alert"]["severity"], severity, "{capture}");
            assert_eq!(event["device"]["id"], "mac:02:57:54:00:00:14", "{capture}: the device at risk");
            assert_eq!(event["peer"]["id"], "mac:02:57:54:00:00:0a", "{capture}: who did it");
            assert_eq!(event["time"], event["alert"]["last_seen"], "{capture}");
        }
        let last = &alerts[1]["alert"];
        assert_eq!(last["observed"], observed, "{capture}");
        assert_eq!(last["count"], count, "{capture}");
        let evidence: Vec<Value> = frames
            .iter()
            .map(|frame| {
                let told = last["evidence"]["frames"].as_array().unwrap().iter().find(|told| told["frame"] == *frame);
                json!({ "capture": capture, "frame": frame, "time": told.map(|told| &told["time"]) })
            })
            .collect();
        assert_eq!(last["evidence"]["frames"], Value::Array(evidence), "{capture}");
        assert_eq!(last["evidence"]["frames_total"], frames.len(), "{capture}");
        let digest = decided_by.map(|frame| {
            let digest = Sha256::digest(&read(capture).unwrap()[frame - 1].bytes);
            digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        });
        assert_eq!(last["evidence"].get("sha256"), digest.map(Value::String).as_ref(), "{capture}");
        assert_eq!(alerts[0]["flow"].is_object(), decided_by.is_some(), "{capture}: a flow where one frame decided");
        // The summary tells it as well.
        for line in [format!("  {}  ", severity.to_uppercase()), format!("observed  {observed}\n")] {
            assert!(replayed.ran.stdout.contains(&line), "{capture}: {line:?} is not in\n{}", replayed.ran.stdout);
        }
    }
}

#[test]
fn ordinary_captures_raise_nothing() {
    let loud: BTreeSet<&str> = EXPECTED.iter().map(|expected| expected.capture).collect();
    let mut quiet = 0;
    for capture in captures().iter().filter(|capture| !loud.contains(capture.as_str())) {
        let replayed = replay(capture, &[]);
        assert_eq!(alerts(&replayed), [Value::Null; 0], "{capture}");
        assert!(replayed.ran.stdout.contains("\nAlerts  0\n  none\n"), "{capture}");
        quiet += 1;
    }
    assert!(quiet >= 40, "{quiet}");
}

#[test]
fn every_detection_has_a_capture_that_fires() {
    let fire: BTreeSet<&str> = EXPECTED.iter().map(|expected| expected.detection).collect();
    let all: BTreeSet<&str> = DETECTIONS.iter().map(|about| about.name).collect();
    assert_eq!(fire, all);
}

/// Packets, later by so many seconds.
fn later(packets: &[Packet], seconds: u64) -> Vec<Packet> {
    let mut packets = packets.to_vec();
    for packet in &mut packets {
        packet.time += seconds * 1_000_000_000;
    }
    packets
}

/// The alerts of packets written to a capture.
fn alerts_of(packets: &[Packet]) -> Vec<Value> {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("made.pcap");
    fs::write(&path, pcap(packets, PLAIN)).unwrap();
    let replayed = replay(path.to_str().unwrap(), &[]);
    assert_eq!(replayed.ran.status, 0, "{}", replayed.ran.stderr);
    alerts(&replayed)
}

#[test]
fn repeats_are_folded_and_told_at_powers_of_ten() {
    const REPEATS: u64 = 120;
    let one = read("captures/dicom/executable-elf.pcap").unwrap();
    let packets: Vec<Packet> = (0..REPEATS).flat_map(|repeat| later(&one, 10 * repeat)).collect();
    let alerts = alerts_of(&packets);
    let told: Vec<(&str, u64, u64)> = alerts
        .iter()
        .map(|event| &event["alert"])
        .map(|alert| {
            (alert["state"].as_str().unwrap(), alert["revision"].as_u64().unwrap(), alert["count"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(told, [("new", 1, 1), ("update", 2, 10), ("update", 3, 100), ("closed", 4, REPEATS)]);
    for event in &alerts {
        assert_eq!(event["alert"]["id"], alerts[0]["alert"]["id"]);
        assert_eq!(event["alert"]["first_seen"], alerts[0]["alert"]["first_seen"]);
        assert_eq!(event["alert"]["evidence"]["sha256"], alerts[0]["alert"]["evidence"]["sha256"]);
    }
    // Of 120 frames, 32: the first sixteen and the latest sixteen.
    let frame = |repeat: u64| repeat * one.len() as u64 + 13;
    let kept: Vec<u64> = (0..16).chain(REPEATS - 16..REPEATS).map(frame).collect();
    let evidence = &alerts[3]["alert"]["evidence"];
    let shown: Vec<u64> = evidence["frames"].as_array().unwrap().iter().map(|it| it["frame"].as_u64().unwrap()).collect();
    assert_eq!(shown, kept);
    assert_eq!(evidence["frames_total"], REPEATS);
}

#[test]
fn an_alert_that_was_quiet_for_an_hour_is_over() {
    let one = read("captures/dicom/executable-elf.pcap").unwrap();
    let other = read("captures/dicom/find.pcap").unwrap();
    let start = |packets: &[Packet], from: u64| {
        let first = packets[0].time;
        let shift = |packet: &Packet| Packet { time: packet.time - first + from, ..packet.clone() };
        packets.iter().map(shift).collect::<Vec<_>>()
    };
    let begin = one[0].time;
    let hours = |hours: u64| begin + hours * 3_600_000_000_000;
    // Two hours later there is other traffic, so that the jump in time is believed; then the same again.
    let packets = [one.clone(), start(&other, hours(2)), start(&one, hours(2) + 60_000_000_000)].concat();
    let alerts = alerts_of(&packets);
    let states: Vec<&str> = alerts.iter().map(|event| event["alert"]["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["new", "closed", "new", "closed"]);
    assert_ne!(alerts[0]["alert"]["id"], alerts[2]["alert"]["id"], "another time, another alert");
    assert_eq!(alerts[2]["alert"]["count"], 1);
    // Within the hour it is the same one.
    let alerts = alerts_of(&[one.clone(), start(&one, begin + 3_000_000_000_000)].concat());
    let counts: Vec<&Value> = alerts.iter().map(|event| &event["alert"]["count"]).collect();
    assert_eq!(counts, [&json!(1), &json!(2)]);
}

#[test]
fn ids_do_not_depend_on_the_name_of_the_capture() {
    let capture = EXPECTED[0].capture;
    let packets = read(capture).unwrap();
    let named = alerts(&replay(capture, &[]));
    let copied = alerts_of(&packets);
    assert_eq!(named[0]["alert"]["id"], copied[0]["alert"]["id"]);
}
