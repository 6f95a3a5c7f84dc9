//! tshark as the judge of what was written: every checksum right, nothing malformed, and every message where it is said
//! to be. Skipped, saying so, where tshark is not installed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use serde_json::Value;
use wardtap_simulator::tap::Faults;

use crate::{Morning, hours};

/// Options by which tshark checks what it mostly takes on trust.
const CHECKS: [&str; 6] =
    ["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"];

fn tshark(morning: &Morning, arguments: &[&str]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hours.pcap");
    fs::write(&file, &morning.capture).unwrap();
    match Command::new("tshark").arg("-r").arg(&file).args(CHECKS).args(arguments).output() {
        Ok(output) if output.status.success() => Some(String::from_utf8(output.stdout).unwrap()),
        Ok(output) => panic!("tshark: {}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => {
            eprintln!("SKIPPED: tshark cannot be run: {error}");
            None
        }
    }
}

/// What must not be there. Resets are: devices roam, and servers restart. So are attempts that nobody answers.
const WRONG: &str = "_ws.expert.severity >= 8388608 || tcp.analysis.retransmission && !(tcp.flags.syn == 1) \
                     || tcp.analysis.out_of_order || tcp.analysis.lost_segment || tcp.analysis.ack_lost_segment";

#[test]
fn nothing_is_malformed() {
    for (skip, faults) in [(0, Faults::default()), (8, Faults { vlan: true, routed: true, ..Faults::default() })] {
        let morning = hours(11, skip, 3, faults);
        let fields = ["-Y", WRONG, "-T", "fields", "-e", "frame.number", "-e", "_ws.col.Protocol", "-e", "_ws.expert"];
        let Some(found) = tshark(&morning, &fields) else { return };
        let found: Vec<&str> = found.lines().collect();
        let allowed = if skip == 0 { 0 } else { 200 };
        assert!(found.len() <= allowed, "{} frames, the first: {:?}", found.len(), &found[..found.len().min(10)]);
    }
}

#[test]
fn every_message_stands_in_its_frame() {
    let morning = hours(12, 0, 14, Faults::default());
    let mut sent: BTreeMap<(String, u64), u64> = BTreeMap::new();
    let mut ports = BTreeSet::new();
    for line in morning.messages.lines() {
        let message: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| message[name].as_str().unwrap().to_owned();
        let protocol = text("protocol");
        // tshark goes by ports first, the ephemeral one too.
        let port = text("dst").rsplit_once(':').unwrap().1.to_owned();
        if message["direction"] == "request" && port.parse::<u16>().unwrap() < 49_152 {
            ports.insert((if protocol == "modbus" { "mbtcp".to_owned() } else { protocol.clone() }, port));
        }
        *sent.entry((protocol, message["frame"].as_u64().unwrap())).or_default() += 1;
    }
    let decode_as: Vec<String> = ports.iter().map(|(protocol, port)| format!("tcp.port=={port},{protocol}")).collect();
    for protocol in ["hl7", "modbus", "dicom"] {
        let ours: Vec<u64> = sent.keys().filter(|(name, _)| name == protocol).map(|(_, frame)| *frame).collect();
        assert!(!ours.is_empty(), "no {protocol} was sent");
        let mut arguments = vec!["-Y", protocol, "-T", "fields", "-e", "frame.number"];
        arguments.extend(decode_as.iter().flat_map(|rule| ["-d", rule]));
        let Some(theirs) = tshark(&morning, &arguments) else { return };
        let theirs: Vec<u64> = theirs.lines().map(|line| line.parse().unwrap()).collect();
        let missing: Vec<&u64> = ours.iter().filter(|frame| theirs.binary_search(frame).is_err()).collect();
        assert!(missing.is_empty(), "{protocol}: {} frames of {}, first {:?}", missing.len(), ours.len(), missing[0]);
    }
}
