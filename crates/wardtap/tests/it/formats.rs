//! The same packets give the same events, whatever file they stand in.

use std::fs::{self, File};
use std::io::Write;
use std::process::Stdio;

use crate::pcap::{PLAIN, Shape, pcap, pcapng, read};
use crate::run::{ALL_TYPES, captures, replay, wardtap, wardtap_fed};

/// The events without what names the capture or counts the file's octets.
fn events_of(events: &str, capture: &str) -> Vec<String> {
    let name = format!("{:?}", capture);
    let mut lines: Vec<String> = events.lines().map(|line| line.replace(&name, "\"CAPTURE\"")).collect();
    let last = lines.pop().expect("there is a stats event");
    let mut stats: serde_json::Value = serde_json::from_str(&last).unwrap();
    assert_eq!(stats["type"], "stats");
    let stats_object = stats["stats"].as_object_mut().unwrap();
    // Bytes that had to be moved depend on where blocks end, and blocks on the file's format.
    assert!(stats_object.remove("copied_bytes").is_some());
    for input in stats_object["inputs"].as_array_mut().unwrap() {
        assert!(input.as_object_mut().unwrap().remove("bytes").is_some());
    }
    lines.push(stats.to_string());
    lines
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

#[test]
fn pcap_pcapng_gz_zst_and_a_pipe_give_the_same_events() {
    let folder = tempfile::TempDir::new().unwrap();
    let mut compared = 0;
    for capture in captures().iter().step_by(3) {
        let Some(packets) = read(capture) else { continue };
        let plain = pcap(&packets, PLAIN);
        let big = Shape { big_endian: true, nanoseconds: true };
        let formats = [
            ("plain.pcap", plain.clone()),
            ("big.pcap", pcap(&packets, big)),
            ("little.pcapng", pcapng(&packets, false)),
            ("big.pcapng", pcapng(&packets, true)),
            ("packed.pcap.gz", gzip(&plain)),
            ("packed.pcapng.gz", gzip(&pcapng(&packets, false))),
            ("packed.pcap.zst", zstd::encode_all(plain.as_slice(), 1).unwrap()),
            // Told by content, not by name.
            ("misnamed.txt", zstd::encode_all(pcapng(&packets, true).as_slice(), 1).unwrap()),
        ];
        let mut reference: Option<Vec<String>> = None;
        for (name, bytes) in formats {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            let path = path.to_str().unwrap();
            let replayed = replay(path, &[]);
            assert_eq!(replayed.ran.status, 0, "{capture} as {name}: {}", replayed.ran.stderr);
            let events = events_of(&replayed.events, path);
            let reference = reference.get_or_insert_with(|| events.clone());
            assert_eq!(&events, reference, "{capture} as {name}");
            let pipe = Stdio::from(File::open(path).unwrap());
            let piped = wardtap_fed(&["replay", "-", "--events", "-", "--event-types", ALL_TYPES], pipe).expect(0);
            assert_eq!(&events_of(&piped.stdout, "-"), reference, "{capture} as {name} from standard input");
            compared += 1;
        }
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn more_captures_than_may_be_open_are_merged() {
    let packets = read("captures/modbus/functions.pcap").unwrap();
    let folder = tempfile::TempDir::new().unwrap();
    let paths: Vec<String> = (0..packets.len())
        .map(|index| {
            let path = folder.path().join(format!("{index:03}.pcap.gz")).to_str().unwrap().to_owned();
            fs::write(&path, gzip(&pcap(&packets[index..=index], PLAIN))).unwrap();
            path
        })
        .collect();
    assert!(paths.len() > 100, "{}", paths.len());
    let events = folder.path().join("events.jsonl");
    let script = format!("ulimit -n 60; exec \"$0\" replay \"$@\" --events {}", events.display());
    let ran = std::process::Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_wardtap")])
        .args(&paths)
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let events = fs::read_to_string(events).unwrap();
    let stats: serde_json::Value = serde_json::from_str(events.lines().last().unwrap()).unwrap();
    assert_eq!(stats["stats"]["messages"], replay("captures/modbus/functions.pcap", &[]).stats()["messages"]);
}

#[test]
fn a_zstd_window_must_fit_into_the_memory() {
    let plain = pcap(&read("captures/modbus/functions.pcap").unwrap(), PLAIN);
    let mut packer = zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
    packer.window_log(22).unwrap();
    // With its size known the window would be no larger than the content.
    packer.include_contentsize(false).unwrap();
    packer.write_all(&plain).unwrap();
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("ward.pcap.zst");
    fs::write(&path, packer.finish().unwrap()).unwrap();
    let path = path.to_str().unwrap();
    wardtap(&["replay", path, "--memory", "32M"]).expect(0);
    let refused = wardtap(&["replay", path, "--memory", "16M"]).expect(1);
    let expected =
        "a zstd frame needs a window of 4 MiB, more than the 2 MiB that --memory leaves for it: raise --memory";
    assert!(refused.stderr.contains(path) && refused.stderr.contains(expected), "{}", refused.stderr);
}

#[test]
fn standard_input_may_be_a_pipe_that_is_slow() {
    let capture = "captures/hl7/feeds.pcap";
    let bytes = fs::read(crate::run::root().join(capture)).unwrap();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let feeder = std::thread::spawn(move || {
        // Pieces that end within headers and records.
        for piece in bytes.chunks(777) {
            writer.write_all(piece).unwrap();
            std::thread::yield_now();
        }
    });
    let piped = wardtap_fed(&["replay", "-", "--events", "-", "--event-types", ALL_TYPES], reader.into()).expect(0);
    feeder.join().unwrap();
    let replayed = replay(capture, &[]);
    assert_eq!(events_of(&piped.stdout, "-"), events_of(&replayed.events, capture));
}

#[test]
fn a_capture_cut_in_two_gives_the_same_messages_when_both_halves_are_given() {
    let capture = "captures/modbus/functions.pcap";
    let packets = read(capture).unwrap();
    let folder = tempfile::TempDir::new().unwrap();
    let (first, second) = packets.split_at(packets.len() / 2);
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (one, two) = (path("1.pcap"), path("2.pcap"));
    fs::write(&one, pcap(first, PLAIN)).unwrap();
    fs::write(&two, pcap(second, PLAIN)).unwrap();
    let messages = |replayed: &crate::run::Replayed| -> Vec<(serde_json::Value, serde_json::Value)> {
        let events = replayed.parsed();
        let messages = events.iter().filter(|event| event["type"] == "message");
        messages.map(|event| (event["time"].clone(), event["message"]["modbus"].clone())).collect()
    };
    let whole = messages(&replay(capture, &[]));
    assert_eq!(whole.len(), 156);
    // Times order them, not the order of arguments.
    assert_eq!(messages(&replay(&two, &[&one])), whole);
    let stats = replay(&two, &[&one]).stats();
    assert_eq!(stats["packets"], packets.len());
    assert_eq!(stats["inputs"][0]["capture"], two.as_str());
    assert_eq!(stats["inputs"][0]["packets"], second.len());
}
