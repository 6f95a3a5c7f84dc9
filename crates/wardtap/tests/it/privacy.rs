//! Patients' data enter no output, also not when messages are shifted, cut, merged or missing.
//!
//! The captures' invented patients carry the words of `captures/peers/canaries.txt` in every protected field.

use std::fs;
use std::process::Command;

use crate::pcap::{PLAIN, Packet, payload, pcap, read};
use crate::run::{ALL_TYPES, Replayed, captures, captures_of, replay, root};

/// What must not be found: each canary, and of each made of letters every piece of six octets, for damage may cut one.
fn forbidden() -> Vec<String> {
    const PIECE: usize = 6;
    let text = fs::read_to_string(root().join("captures/peers/canaries.txt")).unwrap();
    let mut words: Vec<String> = Vec::new();
    for canary in text.lines() {
        words.push(canary.to_owned());
        if canary.starts_with("CANARY") {
            // Pieces that begin within the mark: those behind it may be ordinary words.
            let letters: Vec<char> = canary.chars().collect();
            words.extend(letters.windows(PIECE).take(PIECE).map(String::from_iter));
        }
    }
    words.sort();
    words.dedup();
    assert!(words.len() > 60, "{}", words.len());
    words
}

fn search(replayed: &Replayed, forbidden: &[String], what: &str) {
    for (name, text) in ["events", "metrics", "inventory", "stdout", "stderr"].iter().zip(replayed.everything()) {
        for word in forbidden {
            let Some(at) = text.find(word) else { continue };
            let around = &text.as_bytes()[at.saturating_sub(300)..text.len().min(at + 100)];
            panic!("{what}: {word:?} in {name}: {}", String::from_utf8_lossy(around));
        }
    }
}

#[test]
fn no_canary_leaves_whole_captures() {
    let forbidden = forbidden();
    let mut planted = 0;
    for capture in captures().into_iter().chain(captures_of("lldp")) {
        search(&replay(&capture, &[]), &forbidden, &capture);
        let packets = read(&capture).unwrap_or_default();
        let holds = |packet: &Packet| packet.bytes.windows(6).any(|window| window == b"CANARY");
        planted += usize::from(packets.iter().any(holds));
    }
    assert!(planted >= 25, "only {planted} captures hold a canary: the test proves little");
}

/// There is no log, and what libraries would log goes nowhere: not even when everything is asked for.
#[test]
fn no_canary_leaves_however_loud_the_surroundings() {
    let forbidden = forbidden();
    for capture in captures().iter().step_by(5) {
        let ran = Command::new(env!("CARGO_BIN_EXE_wardtap"))
            .args(["replay", capture, "--events", "-", "--event-types", ALL_TYPES])
            .envs([("RUST_LOG", "trace"), ("RUST_BACKTRACE", "full"), ("CLICOLOR_FORCE", "1")])
            .current_dir(root())
            .output()
            .unwrap();
        for text in [&ran.stdout, &ran.stderr] {
            let text = String::from_utf8_lossy(text);
            assert!(!text.is_empty());
            for word in &forbidden {
                assert!(!text.contains(word), "{capture}: {word:?}");
            }
        }
    }
}

/// xorshift64*: damage that is the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % end.max(1)
    }
}

/// Octets on which protocols hinge.
const HINGES: &[u8] = b"|^~\\&\r\n\x0b\x1cMSH\x00\x01\x04\xff ";

/// Damages one packet; false when it is lost.
fn damage(packet: &mut Packet, chance: &mut Chance) -> bool {
    let Some(payload) = payload(&packet.bytes).filter(|payload| !payload.is_empty()) else { return true };
    let length = payload.len();
    let begin = payload.start;
    let at = chance.below(length);
    // A few octets, or enough to reach from one segment into the next.
    let most = if chance.below(2) == 0 { 40 } else { 400 };
    let count = 1 + chance.below(length.min(most));
    let bytes = &mut packet.bytes[payload];
    match chance.below(12) {
        0 => return false,
        // Cut as by a small snapshot length: `sent` still says how long it was.
        1 => packet.bytes.truncate(begin + at),
        // Octets taken out, the rest moved forward; the end is filled so that lengths stay.
        2 | 3 => {
            bytes.copy_within((at + count).min(length).., at);
            let from = length - count.min(length - at);
            bytes[from..].fill(b'|');
        }
        // Octets put in, the rest moved back.
        4 => {
            let moved = length.saturating_sub(at + count);
            bytes.copy_within(at..at + moved, length - moved);
        }
        // Rotated: another beginning.
        5 => bytes.rotate_left(at),
        // Single octets of consequence.
        6 | 7 => {
            for _ in 0..1 + chance.below(6) {
                bytes[chance.below(length)] = HINGES[chance.below(HINGES.len())];
            }
        }
        // One piece copied over another.
        8 => {
            let from = chance.below(length);
            let count = count.min(length - from).min(length - at);
            bytes.copy_within(from..from + count, at);
        }
        // What would have told the end of a segment or of an element.
        9 => bytes.iter_mut().filter(|byte| **byte == b'\r').for_each(|byte| *byte = b'|'),
        _ => {}
    }
    true
}

#[test]
fn no_canary_leaves_damaged_captures() {
    const SEEDS: u64 = 6;
    let forbidden = forbidden();
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("damaged.pcap");
    let (mut incomplete, mut messages) = (0, 0);
    for capture in captures().into_iter().chain(captures_of("lldp")) {
        let Some(packets) = read(&capture) else { continue };
        for seed in 1..=SEEDS {
            let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let mut damaged = packets.clone();
            damaged.retain_mut(|packet| damage(packet, &mut chance));
            fs::write(&path, pcap(&damaged, PLAIN)).unwrap();
            let replayed = replay(path.to_str().unwrap(), &[]);
            let what = format!("{capture}, seed {seed}");
            assert_eq!(replayed.ran.status, 0, "{what}: {}", replayed.ran.stderr);
            search(&replayed, &forbidden, &what);
            incomplete += replayed.events.matches("\"incomplete\":true").count();
            messages += replayed.events.matches("\"type\":\"message\"").count();
        }
    }
    // Damage is neither nothing nor everything.
    assert!(incomplete > 50 && messages > 5000, "{incomplete} of {messages} messages incomplete");
}
