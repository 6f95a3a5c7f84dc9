//! A simulated hospital: every message that was sent is reported, in its frame, with its names; and nothing else is.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use serde_json::{Value, json};
use wardtap_simulator::clock::{HOUR, OPENING};
use wardtap_simulator::sim::Sim;
use wardtap_simulator::tap::{Faults, Tap};
use wardtap_simulator::ward;

use crate::run::wardtap;

/// Writes a working day of 50 devices and its messages.
fn day(folder: &Path, faults: Faults) -> Vec<Value> {
    let mut sim = Sim::new(2026, OPENING);
    sim.net.keep_messages = true;
    ward::open(&mut sim, 50);
    let create = |name| Box::new(BufWriter::new(File::create(folder.join(name)).unwrap()));
    let mut tap = Tap::new(create("day.pcap"), Some(create("sent.jsonl")), faults, sim.dice("tap", 0));
    let evening = OPENING + HOUR * 18;
    while sim.now < evening {
        let until = tap.look_around(&sim.net, sim.now).min(evening);
        sim.run(until, |frame| tap.see(&frame)).unwrap();
    }
    tap.finish().unwrap();
    lines(&folder.join("sent.jsonl"))
}

fn lines(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What both sides know of a message, in one order.
fn known(message: &Value, body: &Value, requests_seen: bool) -> Value {
    let protocol = message["protocol"].as_str().unwrap();
    let names: &[&str] = match protocol {
        "hl7" => &["sending_application", "message_code", "control_id", "ack_code", "ack_control_id"],
        // What a response answers is told where the request was seen.
        "modbus" if message["direction"] == "response" && !requests_seen => {
            &["transaction_id", "unit_id", "function", "exception"]
        }
        "modbus" => &["transaction_id", "unit_id", "function", "exception", "address", "quantity"],
        // Every PDU is told with the titles of its association; its sender lists them where they were sent.
        _ if body["pdu"] == "A-ASSOCIATE-RQ" => &["pdu", "calling_ae", "called_ae"],
        _ => &["pdu"],
    };
    let mut all: Vec<Value> = names.iter().map(|name| body[name].clone()).collect();
    if let Some(dimse) = body.get("dimse") {
        let status = dimse["status"].as_str().map(str::to_ascii_uppercase);
        all.extend([dimse["command"].clone(), dimse["message_id"].clone(), json!(status)]);
    }
    json!([message["frame"], protocol, message["direction"], message["bytes"], all])
}

/// What was sent, and what `wardtap` tells of it: each message as both sides know it, sorted; the told ones with whether
/// something of them was missing.
fn sent_and_told(faults: Faults) -> (Vec<String>, Vec<(String, bool)>) {
    let folder = tempfile::tempdir().unwrap();
    let sent = day(folder.path(), faults);
    let (capture, events) = (folder.path().join("day.pcap"), folder.path().join("events.jsonl"));
    let events_name = events.to_str().unwrap();
    wardtap(&["replay", "--event-types", "message", "--events", events_name, capture.to_str().unwrap()]).expect(0);
    let requests_seen = faults.loss == 0.0;
    let body = |message: &Value| message[message["protocol"].as_str().unwrap()].clone();
    let key = |message: &Value| known(message, &body(message), requests_seen).to_string();
    let mut sent: Vec<String> = sent.iter().map(key).collect();
    // What else is spoken there, the simulator keeps no list of.
    let is_listed = |event: &Value| ["hl7", "dicom", "modbus"].iter().any(|name| event["message"]["protocol"] == *name);
    let told = lines(&events).into_iter().filter(|event| event["type"] == "message" && is_listed(event));
    let mut told: Vec<(String, bool)> =
        told.map(|event| (key(&event["message"]), event["message"]["incomplete"] == true)).collect();
    assert!(sent.len() > 10_000, "only {} messages were sent", sent.len());
    sent.sort();
    told.sort();
    (sent, told)
}

#[test]
fn every_message_of_a_day_is_reported() {
    let routed = Faults { erspan: true, routed: true, ..Faults::default() };
    for faults in [Faults::default(), routed, Faults { duplicates: 0.05, ..Faults::default() }] {
        let (sent, told) = sent_and_told(faults);
        let told: Vec<String> = told.into_iter().map(|(message, _)| message).collect();
        let missing: Vec<_> = sent.iter().filter(|one| told.binary_search(one).is_err()).take(5).collect();
        let invented: Vec<_> = told.iter().filter(|one| sent.binary_search(one).is_err()).take(5).collect();
        assert!(missing.is_empty() && invented.is_empty(), "missing {missing:#?}\ninvented {invented:#?}");
        assert_eq!(sent.len(), told.len());
    }
}

#[test]
fn at_a_tap_that_loses_most_is_reported_and_nothing_invented() {
    let (sent, told) = sent_and_told(Faults { loss: 0.01, ..Faults::default() });
    let whole: Vec<String> =
        told.into_iter().filter(|(_, incomplete)| !incomplete).map(|(message, _)| message).collect();
    // An answer to a query that was lost: nothing vouches for what stands where the query's id does, so it is not shown.
    let invented = |one: &&String| sent.binary_search(one).is_err() && !one.contains("(unreadable)");
    let invented: Vec<&String> = whole.iter().filter(invented).take(5).collect();
    assert!(invented.is_empty(), "{invented:#?}");
    assert!(whole.len() * 100 > sent.len() * 97, "{} of {}", whole.len(), sent.len());
}
