//! Every capture gives the events that stand beside it in `NAME.jsonl`.
//!
//! `UPDATE=1 cargo test -p wardtap --test it goldens` writes them anew: review them as a diff.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::{Value, json};

use crate::run::{captures, replay, root};

/// A golden with more events than fit in this many octets holds its messages as counts only.
const MESSAGES_MAX: usize = 120_000;

/// All goldens together.
const TOTAL_MAX: usize = 4_500_000;

/// Where a capture's golden stands.
fn golden_of(capture: &str) -> String {
    let name = [".pcap.gz", ".pcapng.gz", ".pcap.zst", ".pcapng.zst", ".pcapng", ".pcap"]
        .iter()
        .find_map(|end| capture.strip_suffix(end))
        .unwrap_or(capture);
    format!("{name}.jsonl")
}

/// The events as the golden holds them: all, or with one line of counts instead of the messages.
fn as_golden(events: &str) -> String {
    if events.len() <= MESSAGES_MAX {
        return events.to_owned();
    }
    let mut kept = String::new();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for line in events.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        if event["type"] != "message" {
            kept.push_str(line);
            kept.push('\n');
            continue;
        }
        let message = &event["message"];
        let mut body = message[message["protocol"].as_str().unwrap()].as_object().unwrap().clone();
        // What differs from message to message; what is left says what kind of message it was.
        for numbered in ["transaction_id", "unit_id", "address", "control_id", "ack_control_id"] {
            body.remove(numbered);
        }
        let direction = message["direction"].as_str().unwrap();
        *counts.entry(format!("{direction} {}", Value::Object(body))).or_default() += 1;
    }
    format!("{}\n{kept}", json!({ "messages": counts }))
}

#[test]
fn captures_give_their_golden_events() {
    let update = std::env::var_os("UPDATE").is_some_and(|value| value == "1");
    let mut differences = Vec::new();
    let mut total = 0;
    for capture in captures() {
        let replayed = replay(&capture, &[]);
        assert_eq!(replayed.ran.status, 0, "{capture}: {}", replayed.ran.stderr);
        let events = as_golden(&replayed.events);
        total += events.len();
        let golden = golden_of(&capture);
        let path = root().join(&golden);
        if update {
            fs::write(&path, events).unwrap();
            continue;
        }
        match fs::read_to_string(&path) {
            Ok(expected) => differences.extend(difference(&golden, &expected, &events)),
            Err(error) => differences.push(format!("{golden}: {error}: run with UPDATE=1 to write it")),
        }
    }
    assert!(total < TOTAL_MAX, "{total} octets of goldens: lower MESSAGES_MAX");
    assert!(differences.is_empty(), "{}\nUPDATE=1 writes them anew", differences.join("\n"));
}

#[test]
fn no_golden_is_left_over() {
    let wanted: BTreeSet<String> = captures().iter().map(|capture| golden_of(capture)).collect();
    for protocol in wardtap_dissect::PROTOCOLS {
        for entry in fs::read_dir(root().join("captures").join(protocol.name)).unwrap() {
            let name = format!("captures/{}/{}", protocol.name, entry.unwrap().file_name().to_str().unwrap());
            assert!(!name.ends_with(".jsonl") || wanted.contains(&name), "{name} belongs to no capture");
        }
    }
}

/// The first lines that differ, side by side.
fn difference(golden: &str, expected: &str, got: &str) -> Option<String> {
    const SHOWN: usize = 3;
    if expected == got {
        return None;
    }
    let (expected, got): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), got.lines().collect());
    let mut text = format!("{golden}: {} lines expected, {} got", expected.len(), got.len());
    let longest = expected.len().max(got.len());
    let differing = (0..longest).filter(|&line| expected.get(line) != got.get(line));
    for line in differing.clone().take(SHOWN) {
        let side = |lines: &[&str]| lines.get(line).map_or("(no line)".to_owned(), |line| (*line).to_owned());
        let (was, is) = (side(&expected), side(&got));
        let same = was.bytes().zip(is.bytes()).take_while(|(a, b)| a == b).count();
        text.push_str(&format!(
            "\n  line {}, from octet {same}:\n  - {}\n  + {}",
            line + 1,
            from(&was, same),
            from(&is, same)
        ));
    }
    let more = differing.count().saturating_sub(SHOWN);
    if more > 0 {
        text.push_str(&format!("\n  and {more} more"));
    }
    Some(text)
}

/// A little of a line, from shortly before the place where it differs.
fn from(line: &str, place: usize) -> String {
    let skipped = line.chars().count().min(place.saturating_sub(60));
    line.chars().skip(skipped).take(240).collect()
}

#[test]
fn a_difference_is_shown_where_it_is() {
    let text = difference("a.jsonl", "one\ntwo\nthree\n", "one\ntwos\nthree\nfour\n").unwrap();
    assert_eq!(
        text,
        "a.jsonl: 3 lines expected, 4 got\n  line 2, from octet 3:\n  - two\n  + twos\n  line 4, from octet 0:\n  - (no line)\n  + four"
    );
    assert!(difference("a.jsonl", "one\n", "one\n").is_none());
}
