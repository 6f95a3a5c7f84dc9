//! Which capture raises which alert, and how an alert lives.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use wardtap_behaviour::detections::DETECTIONS;

use crate::pcap::{PLAIN, Packet, pcap, read};
use crate::run::{Replayed, recordings, replay, wardtap};

/// What a capture raises: one alert, told when it is new and when the capture ends.
struct Expected {
    capture: &'static str,
    detection: &'static str,
    severity: &'static str,
    /// What is observed at the end; `#` stands for any number.
    observed: &'static str,
    /// The first frame of the evidence.
    first: First,
}

/// Which frame shows it first.
enum First {
    /// The first in which these octets stand; it decides, and its digest is told.
    Holding(&'static [u8]),
    /// That of the first message with this member, by the message events.
    Message(&'static str),
}

/// All captures that raise anything; every other one must stay silent.
const EXPECTED: [Expected; 11] = [
    Expected {
        capture: "captures/modbus/unit-sweep.pcap",
        detection: "sweep",
        severity: "medium",
        observed: "247 unit ids asked for, 245 of them in vain",
        first: First::Message("/message/modbus/exception"),
    },
    Expected {
        capture: "captures/modbus/unit-sweep-silent.pcap",
        detection: "sweep",
        severity: "medium",
        observed: "247 unit ids asked for, 245 of them in vain",
        first: First::Message("/message/modbus/unit_id"),
    },
    Expected {
        capture: "captures/modbus/register-sweep.pcap",
        detection: "sweep",
        severity: "medium",
        observed: "265 values of address refused in ascending order, 96 to 61440",
        first: First::Message("/message/modbus/exception"),
    },
    Expected {
        capture: "captures/dicom/ae-guessing.pcap",
        detection: "sweep",
        severity: "medium",
        observed: "20 AE titles asked for, 19 of them in vain (first: ANY-SCP from STATION, PACS from STATION, \
                   DICOM from STATION, STORESCP from STATION, ORTHANC from STATION, DCM4CHEE from STATION, \
                   CONQUEST from STATION, CLEARCANVAS from STATION)",
        first: First::Message("/message/dicom/reject"),
    },
    Expected {
        capture: "captures/modbus/exception-storm.pcap",
        detection: "refusal-storm",
        severity: "medium",
        observed: "# refusals among # answers within # s",
        first: First::Message("/message/modbus/exception"),
    },
    Expected {
        capture: "captures/hl7/nak-storm.pcap",
        detection: "refusal-storm",
        severity: "medium",
        observed: "# refusals among # answers within # s",
        first: First::Message("/message/hl7/ack_code"),
    },
    Expected {
        capture: "captures/smb/encrypt.pcap.gz",
        detection: "ransomware",
        severity: "critical",
        observed: "40 files opened, and kept or written again under their names with an ending more",
        first: First::Holding(RENAMED),
    },
    Expected {
        capture: "captures/dicom/executable-elf.pcap",
        detection: "executable-in-image",
        severity: "critical",
        observed: "ELF at the start of a data set",
        first: First::Holding(b"\x7fELF"),
    },
    Expected {
        capture: "captures/dicom/executable-mz.pcap",
        detection: "executable-in-image",
        severity: "critical",
        observed: "DOS or Windows program at the start of a data set",
        first: First::Holding(b"MZ\x90\0"),
    },
    Expected {
        capture: "captures/dicom/part10-elf.pcap",
        detection: "executable-in-image",
        severity: "critical",
        observed: "ELF in the preamble of a DICOM file",
        first: First::Holding(b"\x7fELF"),
    },
    Expected {
        capture: "captures/dicom/part10-mz.pcap",
        detection: "executable-in-image",
        severity: "critical",
        observed: "Windows PE in the preamble of a DICOM file",
        first: First::Holding(b"MZ\x90\0"),
    },
];

/// The new name of the twentieth file, in UTF-16.
const RENAMED: &[u8] = b"2\x000\0.\0d\0c\0m\0.\0l\0o\0c\0k\0e\0d\0";

/// A tunnel of iodine, of which a second was recorded.
const TUNNEL: &str = "captures/dns/tunnel.pcap";

/// Numbers as `#`.
fn without_numbers(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter.is_ascii_digit() {
            true if out.ends_with('#') => {}
            true => out.push('#'),
            false => out.push(letter),
        }
    }
    out
}

/// The number, counted from 1, of the first frame in which these octets stand.
fn frame_holding(packets: &[Packet], octets: &[u8]) -> usize {
    let holds = |packet: &Packet| packet.bytes.windows(octets.len()).any(|window| window == octets);
    1 + packets.iter().position(holds).expect("some frame holds them")
}

fn alerts(replayed: &Replayed) -> Vec<Value> {
    replayed.parsed().into_iter().filter(|event| event["type"] == "alert").collect()
}

#[test]
fn captures_raise_exactly_what_is_expected() {
    for expected in &EXPECTED {
        let Expected { capture, detection, severity, observed, ref first } = *expected;
        let replayed = replay(capture, &[]);
        assert_eq!(replayed.ran.status, 0, "{capture}");
        let alerts = alerts(&replayed);
        let states: Vec<&str> = alerts.iter().map(|event| event["alert"]["state"].as_str().unwrap()).collect();
        let ids: BTreeSet<&str> = alerts.iter().map(|event| event["alert"]["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), 1, "{capture}: one alert with a stable id");
        assert_eq!((states.first(), states.last()), (Some(&"new"), Some(&"closed")), "{capture}");
        for (revision, event) in (1..).zip(&alerts) {
            assert_eq!(event["alert"]["revision"], revision, "{capture}");
            assert_eq!(event["alert"]["detection"], detection, "{capture}");
            assert_eq!(event["alert"]["severity"], severity, "{capture}");
            assert_eq!(event["device"]["id"], "mac:02:57:54:00:00:14", "{capture}: the device at risk");
            assert_eq!(event["peer"]["id"], "mac:02:57:54:00:00:0a", "{capture}: who did it");
            assert_eq!(event["time"], event["alert"]["last_seen"], "{capture}");
        }
        let last = &alerts[alerts.len() - 1]["alert"];
        let told = last["observed"].as_str().unwrap();
        assert!(told == observed || without_numbers(told) == observed, "{capture}: {told}");
        check_evidence(capture, &replayed, &alerts, first);
        // The summary tells it as well.
        for line in [format!("  {}  ", severity.to_uppercase()), format!("observed  {told}\n")] {
            assert!(replayed.ran.stdout.contains(&line), "{capture}: {line:?} is not in\n{}", replayed.ran.stdout);
        }
    }
}

fn check_evidence(capture: &str, replayed: &Replayed, alerts: &[Value], first: &First) {
    let packets = read(capture).unwrap();
    let evidence = &alerts[alerts.len() - 1]["alert"]["evidence"];
    let shown: Vec<(usize, &str)> = evidence["frames"]
        .as_array()
        .unwrap()
        .iter()
        .map(|frame| (frame["frame"].as_u64().unwrap() as usize, frame["time"].as_str().unwrap()))
        .collect();
    for (frame, time) in &shown {
        let since = std::time::Duration::from_nanos(packets[frame - 1].time);
        let at = humantime::format_rfc3339_nanos(std::time::UNIX_EPOCH + since).to_string();
        assert_eq!(*time, at, "{capture}: the time of frame {frame}");
    }
    assert!(shown.is_sorted_by(|a, b| a.0 < b.0), "{capture}: {shown:?}: in order, none twice");
    assert_eq!(evidence["frames_total"], shown.len(), "{capture}");
    let messages: Vec<Value> = replayed.parsed().into_iter().filter(|event| event["type"] == "message").collect();
    let (frame, digest) = match first {
        First::Holding(octets) => {
            let frame = frame_holding(&packets, octets);
            let digest = Sha256::digest(&packets[frame - 1].bytes);
            (frame, Some(digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
        }
        First::Message(pointer) => {
            let message = messages.iter().find(|event| event.pointer(pointer).is_some()).unwrap();
            (message["message"]["frame"].as_u64().unwrap() as usize, None)
        }
    };
    assert_eq!(shown[0].0, frame, "{capture}: the first frame of the evidence");
    assert_eq!(alerts[0]["flow"].is_object(), digest.is_some(), "{capture}: a flow where one frame decided");
    assert_eq!(evidence.get("sha256"), digest.map(Value::String).as_ref(), "{capture}");
}

#[test]
fn a_tunnel_in_names_is_told_by_numbers_alone() {
    let alerts = alerts(&replay(TUNNEL, &[]));
    assert_eq!(alerts.len(), 2, "new, and closed");
    let told = &alerts[0]["alert"];
    assert_eq!((&told["detection"], &told["severity"]), (&json!("dns-tunnel"), &json!("high")));
    let observed = told["observed"].as_str().unwrap();
    assert_eq!(without_numbers(observed), "about # different names with # characters in # minutes");
    assert_eq!(alerts[0]["peer"]["id"], "mac:02:57:54:00:00:0a", "who asks");
    assert_eq!(told["evidence"]["frames_total"], 2, "the first question, and the one that is too many");
}

#[test]
fn a_storm_counts_what_was_refused() {
    for (capture, refusals) in [("captures/modbus/exception-storm.pcap", 300), ("captures/hl7/nak-storm.pcap", 60)] {
        let alerts = alerts(&replay(capture, &[]));
        // Up to 19 at the end are not a storm of their own, where a second ends among them.
        let count = alerts[alerts.len() - 1]["alert"]["count"].as_u64().unwrap();
        assert!((refusals - 19..=refusals).contains(&count), "{capture}: {count} of {refusals}");
    }
}

#[test]
fn ordinary_captures_raise_nothing() {
    let loud: BTreeSet<&str> = EXPECTED.iter().map(|expected| expected.capture).chain([TWO_SERVERS, TUNNEL]).collect();
    let mut quiet = 0;
    // Simulated ones hold attacks; which of them raise what stands in their golden events.
    for capture in recordings().iter().filter(|capture| !loud.contains(capture.as_str())) {
        let replayed = replay(capture, &[]);
        assert_eq!(alerts(&replayed), [Value::Null; 0], "{capture}");
        assert!(replayed.ran.stdout.contains("\nAlerts  0\n  none\n"), "{capture}");
        quiet += 1;
    }
    assert!(quiet >= 40, "{quiet}");
}

/// What an alert is about: (device, its address, who did it).
fn about(event: &Value) -> [&str; 3] {
    ["/device/id", "/device/ip", "/peer/id"].map(|pointer| event.pointer(pointer).unwrap().as_str().unwrap())
}

#[test]
fn a_stranger_between_two_devices_takes_both_addresses() {
    let taken = |capture: &str| -> Vec<Value> {
        let told = alerts(&replay(capture, &[]));
        told.into_iter().filter(|event| event["alert"]["detection"] == TAKEN).collect()
    };
    let alerts = taken("captures/simulated/tool-arpspoof-modbus.pcap.zst");
    let new: Vec<&Value> = alerts.iter().filter(|event| event["alert"]["state"] == "new").collect();
    let stranger = "mac:00:1b:21:fd:0c:10";
    assert_eq!(
        new.iter().map(|event| about(event)).collect::<Vec<_>>(),
        [["mac:00:14:22:ee:00:0f", "10.20.50.10", stranger], ["mac:00:80:f4:9e:00:10", "10.20.50.11", stranger]]
    );
    assert!(new.iter().all(|event| event["alert"]["severity"] == "high"));
    // The owners keep their addresses to the end.
    assert!(alerts.iter().all(|event| new.iter().any(|new| about(new) == about(event))));
    // Addresses that a server leases, whoever that is, are the clients' own.
    assert_eq!(taken("captures/simulated/tool-dnsmasq-rogue-dhcp.pcap.zst"), [Value::Null; 0]);
}

#[test]
fn an_identifier_that_is_a_path_is_told_of_who_takes_it_and_who_sent_it() {
    let told = alerts(&replay("captures/simulated/dicom-uids-with-paths.pcap.zst", &[]));
    let told: Vec<&Value> = told.iter().filter(|event| event["alert"]["detection"] == PATH).collect();
    let ids: BTreeSet<[&str; 3]> = told.iter().map(|event| about(event)).collect();
    assert_eq!(ids.len(), 1, "one device, one sender");
    let last = &told.last().unwrap()["alert"];
    assert_eq!((&last["count"], &last["severity"]), (&json!(14), &json!("critical")));
    assert_eq!(last["observed"], "a path as Affected SOP Instance UID");
    assert!(!told.iter().any(|event| event.to_string().contains("..")), "what it says stays inside");
}

#[test]
fn a_storm_of_broadcasts_is_one_alert() {
    let told = |capture: &str| -> Vec<Value> {
        let told = alerts(&replay(capture, &[]));
        told.into_iter().filter(|event| event["alert"]["detection"] == STORM).collect()
    };
    let alerts = told("captures/simulated/broadcast-storm.pcap.zst");
    let id = &alerts[0]["alert"]["id"];
    assert!(alerts.iter().all(|event| &event["alert"]["id"] == id && event["alert"]["severity"] == "high"));
    // One host alone that claims again and again.
    assert_eq!(told("captures/simulated/tool-arpspoof-modbus.pcap.zst"), [Value::Null; 0]);
}

#[test]
fn a_second_server_that_names_another_router_is_told() {
    // In the first one the laptop gives addresses before the server does: who is right, nobody can tell.
    for (capture, second) in
        [("captures/simulated/tool-dnsmasq-rogue-dhcp.pcap.zst", "10.20.60.1"), (TWO_SERVERS, "10.77.0.99")]
    {
        let alerts = alerts(&replay(capture, &[]));
        let told: Vec<&Value> = alerts
            .iter()
            .filter(|event| event["alert"]["detection"] == SECOND && event["alert"]["state"] == "new")
            .collect();
        let [alert] = &told[..] else { panic!("{capture}: {alerts:?}") };
        assert_eq!((&alert["alert"]["severity"], &alert["peer"]["ip"]), (&"high".into(), &second.into()), "{alert}");
    }
}

/// Two servers that offer addresses of one network, each with itself as the name server.
const TWO_SERVERS: &str = "captures/dhcp/two-servers.pcap";

#[test]
fn a_packet_to_an_address_that_is_built_into_devices_is_told() {
    let mut frame = vec![0, 9, 0xfb, 0, 0, 1, 0, 9, 0xfb, 0, 0, 2, 8, 0];
    frame.extend([0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 10, 20, 1, 7, 202, 114, 4, 119]);
    frame.extend([0xc0, 0, 0x27, 0x0f, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff, 0, 0, 0, 0]);
    let packet = |second: u64, last: u8| {
        let mut bytes = frame.clone();
        bytes[33] = last;
        bytes[35] = second as u8;
        Packet { time: second * 1_000_000_000, sent: 54, bytes }
    };
    assert_eq!(alerts_of(&[packet(1, 118)]), [Value::Null; 0]);
    let alerts = alerts_of(&[packet(1, 119), packet(2, 119), packet(3, 118)]);
    let [new, closed] = &alerts[..] else { panic!("{alerts:?}") };
    assert_eq!((&new["alert"]["detection"], &new["alert"]["severity"]), (&HOME.into(), &"high".into()));
    assert_eq!((&new["device"]["ip"], &new["peer"]["ip"]), (&"10.20.1.7".into(), &"202.114.4.119".into()));
    assert_eq!(closed["alert"]["count"], 2);
}

/// Fire in simulated captures, or ones made here.
const TAKEN: &str = "address-taken";
/// See [`TAKEN`].
const SECOND: &str = "second-dhcp-server";
/// See [`TAKEN`].
const HOME: &str = "call-home";
/// See [`TAKEN`].
const STORM: &str = "broadcast-storm";
/// See [`TAKEN`].
const PATH: &str = "path-in-identifier";

/// Fires with an assets file: see `assets.rs`.
const NEEDS_ASSETS: &str = "out-of-service";

/// Fire in a live run alone: see `watch.rs`.
const LIVE: [&str; 2] = ["sensor-overloaded", "sensor-cannot-write"];

/// Those that need days of a hospital: `evaluate` plays what they are for, and what they must not tell.
const NEED_DAYS: [&str; 23] = [
    "all-topics",
    "clock-shifted",
    "feed-lossy",
    "feed-lost",
    "feed-one-sided",
    "frozen-values",
    "long-visit",
    "message-changed",
    "message-replayed",
    "network-sweep",
    "new-conversation",
    "new-device",
    "new-operation",
    "rate-low",
    "refusals",
    "results-drift",
    "silence",
    "slow-answers",
    "unusual-breadth",
    "unusual-hour",
    "unusual-rate",
    "unusual-value",
    "unusual-volume",
];

/// What is learned, what is played then, and how what is new in it is told.
const NAMED: [(&str, &str, &str); 6] = [
    ("dns/questions", "telnet/login", "clear-login"),
    ("dns/questions", "tftp/transfers", "firmware-push"),
    ("dns/questions", "bacnet/controller", "foreign-command"),
    ("dns/questions", "ntp/shifted", "way-changed"),
    ("tls/browser", "tls/tls12", "certificate-changed"),
    ("tls/browser", "tls/tls12", "encryption-weakened"),
];

#[test]
fn what_is_new_is_told_by_its_name_where_it_has_one() {
    let folder = tempfile::TempDir::new().unwrap();
    for (learned, played, detection) in NAMED {
        let [learned, played] = [learned, played].map(|name| format!("captures/{name}.pcap"));
        let baseline = folder.path().join("baseline").to_str().unwrap().to_owned();
        wardtap(&["learn", &learned, "--out", &baseline]).expect(0);
        let told = |capture: &str| -> Vec<String> {
            let told = alerts(&replay(capture, &["--baseline", &baseline]));
            told.iter().map(|event| event["alert"]["detection"].as_str().unwrap().to_owned()).collect()
        };
        assert!(told(&played).iter().any(|told| told == detection), "{learned}, {played}: {:?}", told(&played));
        assert_eq!(told(&learned), [""; 0], "{learned}");
    }
}

#[test]
fn every_detection_has_a_capture_that_fires() {
    let fire = EXPECTED
        .iter()
        .map(|expected| expected.detection)
        .chain([TAKEN, STORM, SECOND, HOME, PATH, NEEDS_ASSETS, "dns-tunnel"])
        .chain(NAMED.iter().map(|(_, _, detection)| *detection))
        .chain(LIVE);
    let fire: BTreeSet<&str> = fire.chain(NEED_DAYS.iter().copied()).collect();
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
fn the_summary_has_the_worst_alert_first() {
    // The one that guesses is months before the one that hides a program, and less bad.
    let both = ["captures/simulated/dicom-title-guessing.pcap.zst", "captures/dicom/executable-mz.pcap"];
    let summary = wardtap(&["replay", both[0], both[1]]).expect(0).stdout;
    let place = |severity: &str| summary.find(&format!("\n  {severity}  ")).unwrap_or_else(|| panic!("{summary}"));
    assert!(place("CRITICAL") < place("MEDIUM"), "{summary}");
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
    let frame = |repeat: u64| repeat * one.len() as u64 + frame_holding(&one, b"\x7fELF") as u64;
    let kept: Vec<u64> = (0..16).chain(REPEATS - 16..REPEATS).map(frame).collect();
    let evidence = &alerts[3]["alert"]["evidence"];
    let shown: Vec<u64> =
        evidence["frames"].as_array().unwrap().iter().map(|it| it["frame"].as_u64().unwrap()).collect();
    assert_eq!(shown, kept);
    assert_eq!(evidence["frames_total"], REPEATS);
}

#[test]
fn an_alert_that_was_quiet_for_an_hour_is_over() {
    let one = read("captures/dicom/executable-elf.pcap").unwrap();
    let other = read("captures/dicom/echo.pcap").unwrap();
    let start = |packets: &[Packet], from: u64| {
        let first = packets[0].time;
        let shift = |packet: &Packet| Packet { time: packet.time - first + from, ..packet.clone() };
        packets.iter().map(shift).collect::<Vec<_>>()
    };
    let begin = one[0].time;
    let hours = |hours: u64| begin + hours * 3_600_000_000_000;
    // Hours later there is other traffic, so that the jump in time is believed; then the same again.
    let again =
        |after: u64| [one.clone(), start(&other, hours(after)), start(&one, hours(after) + 60_000_000_000)].concat();
    let told = |alerts: &[Value]| -> Vec<(String, String, u64)> {
        let text = |event: &Value, field: &str| event["alert"][field].as_str().unwrap().to_owned();
        let count = |event: &Value| event["alert"]["count"].as_u64().unwrap();
        alerts.iter().map(|event| (text(event, "state"), text(event, "id"), count(event))).collect()
    };
    let alerts = told(&alerts_of(&again(2)));
    let states: Vec<(&str, u64)> = alerts.iter().map(|(state, _, count)| (&state[..], *count)).collect();
    assert_eq!(states, [("new", 1), ("closed", 1), ("update", 2), ("closed", 2)], "it has come back");
    assert_eq!(alerts[0].1, alerts[2].1);
    let alerts = told(&alerts_of(&again(26)));
    let states: Vec<(&str, u64)> = alerts.iter().map(|(state, _, count)| (&state[..], *count)).collect();
    assert_eq!(states, [("new", 1), ("closed", 1), ("new", 1), ("closed", 1)]);
    assert_ne!(alerts[0].1, alerts[2].1, "another day, another alert");
    // Within the hour it is the same one.
    let alerts = alerts_of(&[one.clone(), start(&one, begin + 3_000_000_000_000)].concat());
    let counts: Vec<&Value> = alerts.iter().map(|event| &event["alert"]["count"]).collect();
    assert_eq!(counts, [&json!(1), &json!(2)]);
}

/// The digest that the first alert of packets tells, if it tells one; fails when it is not that of the frame named.
fn digest_of(packets: &[Packet], what: &str) -> Option<bool> {
    let alerts = alerts_of(packets);
    let evidence = &alerts.first()?["alert"]["evidence"];
    let frame = evidence["frames"][0]["frame"].as_u64().unwrap() as usize;
    let digest: String = Sha256::digest(&packets[frame - 1].bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let told = evidence.get("sha256");
    assert!(told.is_none_or(|told| *told == digest.as_str()), "{what}: another frame's digest");
    Some(told.is_some())
}

#[test]
fn the_digest_is_that_of_the_frame_told_or_absent() {
    let packets = read("captures/dicom/executable-elf.pcap").unwrap();
    let decisive = frame_holding(&packets, b"\x7fELF") - 1;
    // The segment with the program comes late, or early: the frame that makes it readable is told.
    for to in decisive - 5..decisive + 5 {
        let mut moved = packets.clone();
        let packet = moved.remove(decisive);
        moved.insert(to, packet);
        let mut times: Vec<u64> = moved.iter().map(|packet| packet.time).collect();
        times.sort_unstable();
        moved.iter_mut().zip(times).for_each(|(packet, time)| packet.time = time);
        assert_eq!(digest_of(&moved, &format!("moved to {to}")), Some(true));
    }
    // A segment before it is lost: it is read when the hole is given up, and its frame is gone by then.
    let lost = (0..decisive).map(|lost| {
        let mut left = packets.clone();
        left.remove(lost);
        digest_of(&left, &format!("{lost} lost"))
    });
    assert!(lost.collect::<Vec<_>>().contains(&Some(false)), "some loss makes it wait");
}

#[test]
fn ids_do_not_depend_on_the_name_of_the_capture() {
    let capture = EXPECTED[0].capture;
    let packets = read(capture).unwrap();
    let named = alerts(&replay(capture, &[]));
    let copied = alerts_of(&packets);
    assert_eq!(named[0]["alert"]["id"], copied[0]["alert"]["id"]);
}
