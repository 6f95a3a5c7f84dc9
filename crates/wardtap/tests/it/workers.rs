//! What is written does not depend on the number of workers.

use crate::pcap::{PLAIN, Packet, pcap, read};
use crate::run::{Replayed, captures, corpus, corpus_files, replay, wardtap};

/// A single thread is the reference; 3 and 5 do not divide the shards evenly.
const WORKERS: [&str; 4] = ["2", "3", "5", "8"];

fn same(capture: &str, one: &Replayed, other: &Replayed, workers: &str) {
    assert_eq!(one.ran.status, other.ran.status, "{capture}: exit status with {workers} workers");
    for (what, (one, other)) in ["events", "metrics", "inventory", "summary", "stderr"]
        .iter()
        .zip(one.everything().into_iter().zip(other.everything()))
    {
        if one == other {
            continue;
        }
        let line = one.lines().zip(other.lines()).position(|(a, b)| a != b).unwrap_or(0);
        let at = |text: &str| text.lines().nth(line).unwrap_or_default().to_owned();
        panic!("{capture}: {what} with {workers} workers, line {}:\n- {}\n+ {}", line + 1, at(one), at(other));
    }
}

#[test]
fn the_captures_give_the_same_with_any_number_of_workers() {
    for capture in captures() {
        let one = replay(&capture, &["--workers", "1"]);
        assert!(!one.events.is_empty(), "{capture}: {}", one.ran.stderr);
        for workers in WORKERS {
            same(&capture, &one, &replay(&capture, &["--workers", workers]), workers);
        }
    }
}

#[test]
fn all_captures_merged_give_the_same_with_any_number_of_workers() {
    let all = captures();
    let rest: Vec<&str> = all.iter().skip(1).map(String::as_str).collect();
    let with = |workers: &'static str| {
        let mut options = rest.clone();
        options.extend(["--workers", workers]);
        replay(&all[0], &options)
    };
    let one = with("1");
    assert!(one.events.lines().count() > 3000, "{}", one.ran.stderr);
    for workers in WORKERS {
        same("all captures", &one, &with(workers), workers);
    }
}

#[test]
fn a_capture_of_many_blocks_gives_the_same_with_any_number_of_workers() {
    // Everything there is, over and over, each time later: some megabytes, with records that straddle blocks.
    let one: Vec<Packet> = captures().iter().filter_map(|capture| read(capture)).flatten().collect();
    let span =
        one.iter().map(|packet| packet.time).max().unwrap() - one.iter().map(|packet| packet.time).min().unwrap();
    let mut packets = Vec::new();
    for round in 0..4 {
        let later = |packet: &Packet| Packet { time: packet.time + round * (span + 1_000_000_000), ..packet.clone() };
        packets.extend(one.iter().map(later));
    }
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("many.pcap");
    let bytes = pcap(&packets, PLAIN);
    assert!(bytes.len() > 3_000_000, "{}", bytes.len());
    std::fs::write(&path, bytes).unwrap();
    let path = path.to_str().unwrap();
    let one = replay(path, &["--workers", "1"]);
    for workers in WORKERS {
        same("many blocks", &one, &replay(path, &["--workers", workers]), workers);
    }
}

#[test]
fn a_sample_of_the_corpus_gives_the_same_with_any_number_of_workers() {
    /// Every so many files are taken.
    const STEP: usize = 12;
    let Some(folder) = corpus() else {
        eprintln!("skipped: no corpus (set WARDTAP_CAPTURES)");
        return;
    };
    let files = corpus_files(&folder);
    let mut compared = 0;
    for file in files.iter().step_by(STEP) {
        let file = file.to_str().unwrap();
        let one = replay(file, &["--workers", "1"]);
        for workers in ["2", "5"] {
            same(file, &one, &replay(file, &["--workers", workers]), workers);
        }
        compared += usize::from(!one.events.is_empty());
    }
    assert!(compared > 0, "no capture among {} files", files.len());
}

/// A UDP packet of an address to a server.
fn datagram(source: u32, port: u16, time: u64) -> Packet {
    let mut bytes = vec![2; 12];
    bytes.extend([8, 0, 0x45, 0, 0, 29, 0, 0, 0, 0, 64, 17, 0, 0]);
    bytes.extend(source.to_be_bytes());
    bytes.extend([192, 168, 0, 1]);
    bytes.extend([port.to_be_bytes(), [0, 53], [0, 9], [0, 0]].concat());
    bytes.push(b'!');
    Packet { time, sent: bytes.len() as u32, bytes }
}

#[test]
fn more_devices_than_are_known_give_the_same_with_any_number_of_workers() {
    const KNOWN: u32 = 131_072;
    const MORE: u32 = 20_000;
    // Twice all addresses, and more of them than a worker remembers: it tells of each a second time.
    let packets: Vec<Packet> = [1000, 1001]
        .into_iter()
        .flat_map(|port| (0..KNOWN + MORE).map(move |number| (number, port)))
        .zip(1..)
        .map(|((number, port), place)| datagram(0x0a00_0001 + number, port, place * 10_000))
        .collect();
    let folder = tempfile::TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("many.pcap"), pcap(&packets, PLAIN)).unwrap();
    let events = |workers: &str| {
        let (capture, events) = (path("many.pcap"), path("events.jsonl"));
        wardtap(&["replay", &capture, "--workers", workers, "--events", &events]).expect(0);
        std::fs::read_to_string(events).unwrap()
    };
    let one = events("1");
    let stats: serde_json::Value = serde_json::from_str(one.lines().last().unwrap()).unwrap();
    assert_eq!((&stats["stats"]["devices"], &stats["stats"]["evicted"]["devices"]), (&KNOWN.into(), &MORE.into()));
    assert!(one == events("3"), "events differ with 3 workers");
}
