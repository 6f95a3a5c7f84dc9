//! tshark as the judge of what was written: every checksum right, nothing malformed, and every message where it is said
//! to be. Skipped, saying so, where tshark is not installed.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;
use wardtap_simulator::tap::Faults;

use crate::{Morning, hours};

/// Options by which tshark checks what it mostly takes on trust.
const CHECKS: [&str; 6] =
    ["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"];

/// Protocols of messages.
const PROTOCOLS: [&str; 3] = ["hl7", "dicom", "modbus"];

/// What no TCP should do here: send twice, out of order, or with gaps. SYNs are sent twice where nobody answers.
const ODD: [&str; 4] = [
    "tcp.analysis.retransmission",
    "tcp.analysis.out_of_order",
    "tcp.analysis.lost_segment",
    "tcp.analysis.ack_lost_segment",
];

/// tshark's "error" among the severities.
const ERROR: u32 = 0x0080_0000;

/// What tshark says of a capture.
pub(crate) struct Judgement {
    /// What is wrong, by the frame's number.
    pub(crate) wrong: Vec<(u64, String)>,
    /// Frames with messages of the protocols.
    messages: [BTreeSet<u64>; 3],
}

/// Has tshark read a capture; none where it is not installed.
pub(crate) fn judge(morning: &Morning) -> Option<Judgement> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hours.pcap");
    fs::write(&file, &morning.capture).unwrap();
    let filter = format!("_ws.expert.severity >= {ERROR} || {} || {}", ODD.join(" || "), PROTOCOLS.join(" || "));
    let mut tshark = Command::new("tshark");
    tshark.arg("-r").arg(&file).args(CHECKS).args(ports(morning).iter().flat_map(|rule| ["-d", rule]));
    tshark.args(["-Y", &filter, "-T", "fields", "-e", "frame.number"]);
    let fields = ["tcp.flags.syn", "_ws.expert.severity", "_ws.expert.message"];
    tshark.args(PROTOCOLS.iter().chain(&ODD).chain(&fields).flat_map(|field| ["-e", field]));
    let output = match tshark.output() {
        Ok(output) if output.status.success() => String::from_utf8(output.stdout).unwrap(),
        Ok(output) => panic!("tshark: {}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => {
            eprintln!("SKIPPED: tshark cannot be run: {error}");
            return None;
        }
    };
    let mut judgement = Judgement { wrong: Vec::new(), messages: Default::default() };
    for line in output.lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        let [number, a, b, c, again, order, lost, acked, syn, severities, said] = cells[..] else { panic!("{line}") };
        let number = number.parse().unwrap();
        for (frames, _) in judgement.messages.iter_mut().zip([a, b, c]).filter(|(_, name)| !name.is_empty()) {
            frames.insert(number);
        }
        let error = severities.split(',').any(|severity| severity.parse() == Ok(ERROR));
        let odd = ![order, lost, acked].concat().is_empty() || !again.is_empty() && !["1", "True"].contains(&syn);
        if error || odd {
            judgement.wrong.push((number, said.to_owned()));
        }
    }
    Some(judgement)
}

/// Which ports tshark is to take for which protocol: it goes by ports, and these are the hospital's own.
fn ports(morning: &Morning) -> BTreeSet<String> {
    let requests = messages(morning).filter(|message| message["direction"] == "request");
    let rules = requests.filter_map(|message| {
        let protocol = message["protocol"].as_str()?;
        let port = message["dst"].as_str()?.rsplit_once(':')?.1.parse::<u16>().ok()?;
        // An ephemeral one, which the next connection may have for something else.
        let name = if protocol == "modbus" { "mbtcp" } else { protocol };
        (port < 49_152).then(|| format!("tcp.port=={port},{name}"))
    });
    rules.collect()
}

fn messages(morning: &Morning) -> impl Iterator<Item = Value> {
    morning.messages.lines().map(|line| serde_json::from_str(line).unwrap())
}

/// What tshark and the list of messages do not agree on.
pub(crate) struct Difference {
    pub(crate) protocol: &'static str,
    /// Messages that were sent.
    pub(crate) sent: usize,
    /// Frames with a message where tshark finds none.
    pub(crate) missing: Vec<u64>,
    /// Frames in which tshark finds one that is not on the list.
    pub(crate) extra: Vec<u64>,
}

/// Lays the list of messages and what tshark found side by side.
pub(crate) fn compare(morning: &Morning, judgement: &Judgement) -> Vec<Difference> {
    let lists = PROTOCOLS.iter().zip(&judgement.messages).map(|(protocol, found)| {
        let sent = messages(morning).filter(|message| message["protocol"] == *protocol);
        let sent: BTreeSet<u64> = sent.map(|message| message["frame"].as_u64().unwrap()).collect();
        let missing = sent.difference(found).copied().collect();
        let extra = found.difference(&sent).copied().collect();
        Difference { protocol, sent: sent.len(), missing, extra }
    });
    lists.collect()
}

/// Of an association that was accepted before the capture begins, tshark cannot know the presentation contexts.
const UNDER_WAY: [&str; 1] = ["Invalid Presentation Context ID"];

/// Everything is as it should be, and both sides know the same messages.
fn check(morning: &Morning, excused: &[&str]) {
    let Some(judgement) = judge(morning) else { return };
    let wrong: Vec<_> = judgement.wrong.iter().filter(|(_, said)| !excused.contains(&said.as_str())).collect();
    assert!(wrong.is_empty(), "{} frames, the first: {:?}", wrong.len(), &wrong[..wrong.len().min(10)]);
    for Difference { protocol, sent, missing, extra } in compare(morning, &judgement) {
        assert!(sent > 0, "no {protocol} was sent");
        assert!(missing.is_empty(), "{protocol}: {} frames of {sent}, the first {}", missing.len(), missing[0]);
        // tshark tells of every part of a DIMSE message that fills several PDUs, the list of the whole message.
        assert!(protocol == "dicom" || extra.is_empty(), "{protocol}: {} frames more, first {}", extra.len(), extra[0]);
    }
}

#[test]
fn a_day_up_to_noon_is_as_it_is_said_to_be() {
    check(&hours(12, 0, 11, Faults::default()), &[]);
}

// These begin in the middle of connections. Nothing else may be odd for that: to tshark a connection begins with the first frame
// that it sees of it.

#[test]
fn what_is_tagged_and_seen_behind_the_router_is_as_it_is_said_to_be() {
    check(&hours(11, 8, 2, Faults { vlan: true, routed: true, ..Faults::default() }), &UNDER_WAY);
}

#[test]
fn what_comes_in_erspan_is_as_it_is_said_to_be() {
    check(&hours(11, 8, 2, Faults { vlan: true, erspan: true, ..Faults::default() }), &UNDER_WAY);
}
