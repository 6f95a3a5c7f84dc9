//! What real programs do to each other that a baseline knows nothing of: detections with a name of their own.

use std::collections::BTreeSet;

use serde_json::Value;
use tempfile::TempDir;

use crate::run::{replay, wardtap};

/// Captures of real peers, and which of these detections each raises beside those that tell of new conversations.
const CAPTURES: [(&str, &[&str]); 16] = [
    ("captures/snmp/agent.pcap", &["clear-login", "foreign-command"]),
    ("captures/snmp/odd-port.pcap", &["clear-login", "foreign-command"]),
    ("captures/snmp/guesses.pcap", &["clear-login"]),
    ("captures/snmp/v3.pcap", &[]),
    ("captures/bacnet/controller.pcap", &["foreign-command"]),
    ("captures/tftp/transfers.pcap", &["firmware-push"]),
    ("captures/tftp/dnsmasq.pcap", &[]),
    ("captures/http/upload.pcap", &["firmware-push"]),
    ("captures/http/scan.pcap", &[]),
    ("captures/ftp/transfers.pcap", &["clear-login"]),
    ("captures/ftp/tls.pcap", &[]),
    ("captures/telnet/login.pcap", &["clear-login"]),
    ("captures/vnc/open.pcap", &["clear-login"]),
    ("captures/vnc/password.pcap", &[]),
    ("captures/mqtt/v311.pcap", &["clear-login"]),
    ("captures/tls/tls12.pcap", &[]),
];

const NAMED: [&str; 8] = [
    "foreign-command",
    "firmware-push",
    "clear-login",
    "all-topics",
    "certificate-changed",
    "encryption-weakened",
    "way-changed",
    "clock-shifted",
];

/// What those that know what they see stand for, whatever else such a message may.
const TECHNIQUES: [(&str, &str); 2] = [("clear-login", "T0859"), ("firmware-push", "T0857")];

#[test]
fn what_was_never_done_between_two_has_its_name() {
    let folder = TempDir::new().unwrap();
    let baseline = folder.path().join("known.baseline").to_str().unwrap().to_owned();
    wardtap(&["learn", "--out", &baseline, "captures/hl7/feeds.pcap"]).expect(0);
    for (capture, expected) in CAPTURES {
        let events: Vec<Value> = replay(capture, &["--baseline", &baseline]).parsed();
        let names: BTreeSet<&str> =
            events.iter().filter_map(|event| event.pointer("/alert/detection")?.as_str()).collect();
        let told: Vec<&str> = names.iter().copied().filter(|name| NAMED.contains(name)).collect();
        assert_eq!(told, expected, "{capture}");
        for alert in events.iter().filter_map(|event| event.get("alert")) {
            let stands_for = |technique: &str| {
                alert["attack"].as_array().is_some_and(|all| all.iter().any(|of| of["technique"] == technique))
            };
            let known = TECHNIQUES.iter().find(|(name, _)| alert["detection"] == *name);
            assert!(known.is_none_or(|(_, technique)| stands_for(technique)), "{capture}: {alert}");
        }
        // Without one there is nothing to compare with.
        let events: Vec<Value> = replay(capture, &[]).parsed();
        assert!(events.iter().all(|event| event["type"] != "alert"), "{capture}");
    }
}
