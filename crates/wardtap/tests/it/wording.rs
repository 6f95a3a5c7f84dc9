//! Explanations are for a nurse manager: one short sentence, without the words of the trade.
//!
//! Looks at what detections write in their sources, so that each is held to it, and at what the captures raise.

use std::fs;

use serde_json::Value;
use wardtap_behaviour::detections::DETECTIONS;
use wardtap_dissect::PROTOCOLS;

use crate::run::{captures, root};

const WORDS_MAX: usize = 25;

/// Words of protocols, ports and scores, lower case, beside the protocols' own names.
const TERMS: [&str; 51] = [
    "tcp",
    "udp",
    "ip",
    "ipv4",
    "ipv6",
    "arp",
    "icmp",
    "dhcp",
    "dns",
    "tls",
    "quic",
    "http",
    "https",
    "smb",
    "rdp",
    "ssh",
    "vnc",
    "telnet",
    "ftp",
    "tftp",
    "snmp",
    "mllp",
    "mac",
    "vlan",
    "pdu",
    "aet",
    "ae",
    "scu",
    "scp",
    "uid",
    "port",
    "ports",
    "socket",
    "packet",
    "packets",
    "frame",
    "frames",
    "segment",
    "segments",
    "register",
    "registers",
    "coil",
    "coils",
    "unit-id",
    "association",
    "c-find",
    "c-move",
    "c-store",
    "c-echo",
    "score",
    "probability",
];

/// What is wrong with an explanation; a `{}` stands for a device or a thing.
fn fault(explanation: &str) -> Option<String> {
    let words = explanation.split_whitespace().count();
    if words > WORDS_MAX {
        return Some(format!("{words} words, {WORDS_MAX} at most"));
    }
    if !explanation.ends_with('.') || explanation.trim_end_matches('.').contains(". ") {
        return Some("not one sentence with a full stop at its end".to_owned());
    }
    term(explanation).map(|term| format!("\"{term}\" is a word of the trade"))
}

/// A word of the trade in a text.
fn term(text: &str) -> Option<String> {
    let protocols: Vec<String> =
        PROTOCOLS.iter().flat_map(|protocol| [protocol.name, protocol.title]).map(str::to_lowercase).collect();
    let lower = text.to_lowercase();
    let parts = |text: &str| -> Vec<String> {
        text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).map(str::to_owned).collect()
    };
    let words = parts(&lower);
    let term = TERMS.iter().copied().chain(protocols.iter().map(String::as_str)).find(|term| {
        let term = parts(term);
        words.windows(term.len()).any(|words| words == term)
    });
    term.map(str::to_owned)
}

/// The texts in double quotes that stand behind `explanation` in a source, up to the end of the field.
fn written(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = Vec::new();
    for (place, _) in source.match_indices("explanation") {
        let field = &source[place..];
        let (mut depth, mut text, mut escaped) = (0i32, None::<String>, false);
        for character in field.chars() {
            match &mut text {
                Some(inside) if escaped => {
                    inside.push(character);
                    escaped = false;
                }
                Some(_) if character == '\\' => escaped = true,
                Some(_) if character == '"' => found.extend(text.take()),
                Some(inside) => inside.push(character),
                None => match character {
                    '"' => text = Some(String::new()),
                    '(' | '{' | '[' => depth += 1,
                    ')' | '}' | ']' => depth -= 1,
                    ',' | ';' if depth == 0 => break,
                    _ => {}
                },
            }
            if depth < 0 {
                break;
            }
        }
    }
    // Where several texts make one sentence, the parts are looked at as they are.
    found.into_iter().filter(|text| text.contains(' ')).collect()
}

#[test]
fn every_detection_explains_in_plain_words() {
    for about in DETECTIONS {
        let path = format!("crates/behaviour/src/detections/{}.rs", about.name.replace('-', "_"));
        let texts = written(&fs::read_to_string(root().join(&path)).unwrap());
        assert!(!texts.is_empty(), "{path}: no text behind `explanation`: this test does not find it");
        for text in texts {
            assert_eq!(fault(&text), None, "{path}: {text}");
        }
    }
}

#[test]
fn what_captures_raise_is_explained_in_plain_words() {
    let mut seen = 0;
    for capture in captures() {
        let name = capture.split_once(".pcap").unwrap().0;
        for line in fs::read_to_string(root().join(format!("{name}.jsonl"))).unwrap_or_default().lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            if event["type"] == "alert" {
                let explanation = event["alert"]["explanation"].as_str().unwrap();
                assert_eq!(fault(explanation), None, "{name}: {explanation}");
                seen += 1;
            }
        }
    }
    assert!(seen >= 10, "{seen} alerts");
}

#[test]
fn what_captures_show_is_summed_up_in_plain_words() {
    let mut seen = 0;
    for capture in captures() {
        let name = capture.split_once(".pcap").unwrap().0;
        for line in fs::read_to_string(root().join(format!("{name}.jsonl"))).unwrap_or_default().lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            if event["type"] == "incident" {
                let summary = event["incident"]["summary"].as_str().unwrap();
                // What to do is the detection's own text, which may name a switch port.
                let (story, response) = summary.split_once(" What to do first, at ").expect(summary);
                assert_eq!(term(story), None, "{name}: {story}");
                assert!(!story.contains('\n') && response.ends_with('.'), "{name}: {summary}");
                seen += 1;
            }
        }
    }
    assert!(seen >= 10, "{seen} incidents");
    for about in DETECTIONS {
        assert_eq!(term(about.title), None, "{}: its title stands in summaries", about.name);
    }
}

#[test]
fn the_rule_finds_what_it_is_there_for() {
    assert_eq!(fault("{} refuses most of what {} sends it."), None);
    for text in [
        "{} refuses most of what {} sends it over Modbus/TCP.",
        "{} refuses most of what {} sends it on port 502.",
        "{} asks for many registers of {}.",
        "{} asks {} for a lot",
        "{} asks {} for a lot. It never did.",
        "{} asks {} for a lot with a score of 95.",
    ] {
        assert!(fault(text).is_some(), "{text}");
    }
    assert!(fault(&format!("{}end.", "a ".repeat(WORDS_MAX))).is_some());
    assert_eq!(written("explanation: format!(\n\"{} \\\"x\\\" is\", who),\nobserved: \"not this\""), ["{} \"x\" is"]);
}
