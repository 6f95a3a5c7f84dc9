//! Trouble on the way to the tap, which sees everything in the end: every message comes out as if there had been none.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::random::Random;
use super::recording::events_of;
use super::worsen::{copy, cut, delay, hurry, reorder, resend};
use crate::pcap::{Packet, read};
use crate::run::recordings;

/// What is compared of a capture's events.
#[derive(Debug, PartialEq)]
struct Seen {
    /// By flow, both ways together: requests stay before their answers.
    messages: BTreeMap<String, Vec<Value>>,
    /// Anomalies by protocol and reason.
    malformed: Value,
}

/// A capture that something happened to.
struct Worse {
    packets: Vec<Packet>,
    /// How often.
    touched: usize,
    /// What must be counted beyond what the capture itself has; nothing where segments were cut or came at other places,
    /// so that the number follows from how they met.
    counted: Vec<(&'static str, usize)>,
}

/// What was seen of packets, and what was counted of their transport.
fn see(packets: &[Packet]) -> (Seen, Value) {
    let mut messages: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut events = events_of(packets);
    let stats = events.pop().unwrap()["stats"].take();
    for mut event in events.into_iter().filter(|event| event["type"] == "message") {
        // Where and when it came is not the same, and a flow's id is made from the time of its first packet. That the
        // request of a response was found is the same.
        event["flow"].as_object_mut().unwrap().remove("id");
        let mut message = event["message"].take();
        message.as_object_mut().unwrap().retain(|name, _| name != "frame" && name != "capture");
        if let Some(seconds) = message.get_mut("response_seconds") {
            *seconds = json!("known");
        }
        messages.entry(event["flow"].to_string()).or_default().push(message);
    }
    (Seen { messages, malformed: stats["malformed"].clone() }, stats["transport"].clone())
}

/// Worsens every capture, and compares what is seen.
fn compare(seed: u64, worsen: impl Fn(&[Packet], &mut Random) -> Worse) {
    let (mut touched, mut differences) = (0, Vec::new());
    // What begins with garbage is named by what stands behind it, which depends on the cuts.
    for capture in recordings().into_iter().filter(|capture| capture != "captures/http/pipelined.pcap") {
        let packets = read(&capture).unwrap();
        let worse = worsen(&packets, &mut Random::new(&capture, seed));
        touched += worse.touched;
        let ((good, usual), (seen, transport)) = (see(&packets), see(&worse.packets));
        assert!(!good.messages.is_empty(), "{capture} has no messages");
        differences.extend(difference(&good, &seen).map(|difference| format!("{capture}: {difference}")));
        let never = ["gaps", "gap_bytes", "conflicts", "out_of_window"].map(|counter| (counter, 0));
        for (counter, more) in never.into_iter().chain(worse.counted) {
            let (was, is) = (usual[counter].as_u64().unwrap(), transport[counter].as_u64().unwrap());
            if is != was + more as u64 {
                differences.push(format!("{capture}: {counter} {is}, not {was} and {more}"));
            }
        }
        // What is written here is sound, too.
        assert!(transport["bad_checksums"].as_u64() <= usual["bad_checksums"].as_u64(), "{capture}: {transport}");
    }
    assert!(touched > 1000, "only {touched} segments were touched");
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}

/// Where what was seen is not what is there.
fn difference(good: &Seen, seen: &Seen) -> Option<String> {
    for (flow, messages) in &good.messages {
        let others = seen.messages.get(flow).map_or(&[][..], Vec::as_slice);
        if let Some((one, other)) = messages.iter().zip(others).find(|(one, other)| one != other) {
            return Some(format!("\n- {one}\n+ {other}"));
        }
        if messages.len() != others.len() {
            return Some(format!("{} messages, not {}, in {flow}", others.len(), messages.len()));
        }
    }
    (good != seen).then(|| format!("anomalies {}, not {}, or more flows", seen.malformed, good.malformed))
}

#[test]
fn segments_that_pass_each_other() {
    compare(1, |packets, random| {
        let (packets, touched) = reorder(&cut(packets, random), random);
        Worse { packets, touched, counted: vec![("duplicates", 0)] }
    });
}

#[test]
fn acknowledgements_that_pass_what_they_acknowledge() {
    compare(7, |packets, random| {
        let (packets, hurried) = hurry(packets, random);
        let (packets, moved) = reorder(&cut(&packets, random), random);
        Worse { packets, touched: hurried + moved, counted: vec![] }
    });
}

#[test]
fn segments_that_the_mirror_copies() {
    compare(2, |packets, random| {
        let (packets, touched) = copy(packets, random);
        Worse { packets, touched, counted: vec![("duplicates", touched), ("retransmissions", 0), ("out_of_order", 0)] }
    });
}

#[test]
fn segments_that_are_sent_again_though_they_arrived() {
    compare(3, |packets, random| {
        let (packets, touched) = resend(packets, random);
        Worse { packets, touched, counted: vec![("duplicates", 0), ("retransmissions", touched), ("out_of_order", 0)] }
    });
}

#[test]
fn segments_that_are_sent_again_because_they_were_lost() {
    compare(4, |packets, random| {
        let (packets, touched) = delay(packets, random);
        Worse { packets, touched, counted: vec![("duplicates", 0)] }
    });
}

#[test]
fn everything_at_once() {
    for seed in [5, 6] {
        compare(seed, |packets, random| {
            let (packets, delayed) = delay(&cut(packets, random), random);
            let (packets, moved) = reorder(&packets, random);
            let (packets, resent) = resend(&packets, random);
            let (packets, copies) = copy(&packets, random);
            Worse { packets, touched: delayed + moved + resent + copies, counted: vec![] }
        });
    }
}

#[test]
fn acknowledgements_that_pass_what_was_sent_again() {
    compare(8, |packets, random| {
        let (packets, delayed) = delay(packets, random);
        let (packets, hurried) = hurry(&packets, random);
        Worse { packets, touched: delayed + hurried, counted: vec![] }
    });
}
