//! A recording is read back as it was written, marks of time included, and is pcapng to others.

use std::process::Command;

use wardtap_capture::{Block, Input, Record, Recording, open_bytes};
use wardtap_net::packet::{LinkType, Timestamp};

fn input(name: &str, link: LinkType) -> Input {
    Input {
        capture: name.to_owned(),
        bytes: 0,
        packets: 0,
        first: None,
        last: None,
        link_types: vec![link],
        snaplen: 262_144,
    }
}

fn record(nanos: u64, frame: u64, input: u16) -> Record {
    let link = if input == 0 { LinkType::ETHERNET } else { LinkType::RAW };
    Record { time: Timestamp::from_nanos(nanos), frame, offset: 0, captured: 0, sent: 1500, input, link }
}

/// Packets of two interfaces, one behind the other's time, between marks and with one at the end.
fn recorded() -> (Block, Vec<u8>) {
    let mut block = Block::new();
    let second = 1_700_000_000_000_000_000;
    block.push(Record::mark(Timestamp::from_nanos(second)), b"");
    block.push(record(second + 1, 1, 0), &[1; 60]);
    block.push(record(second + 7, 2, 1), &[2; 61]);
    block.push(record(second + 3, 3, 0), &[]);
    block.push(Record::mark(Timestamp::from_nanos(second + 1_000_000_000)), b"");
    block.push(Record::mark(Timestamp::from_nanos(second + 2_000_000_000)), b"");
    let mut bytes = Vec::new();
    let inputs = [input("eth1", LinkType::ETHERNET), input("tun0", LinkType::RAW)];
    let mut recording = Recording::begin(&mut bytes, "wardtap 0.1.0", &inputs).unwrap();
    recording.write(&block).unwrap();
    recording.flush().unwrap();
    (block, bytes)
}

#[test]
fn a_recording_is_read_back_as_it_was_written() {
    let (written, bytes) = recorded();
    let mut source = open_bytes("recording", Box::new(std::io::Cursor::new(bytes))).unwrap();
    let mut read = Vec::new();
    let mut block = Block::new();
    while source.fill(&mut block) {
        read.extend(block.records.iter().map(|record| (*record, block.frame(record).to_vec())));
    }
    assert_eq!(source.damage(), []);
    assert_eq!(source.inputs()[0].packets, 3, "marks are no packets");
    assert_eq!(read.len(), written.records.len());
    for ((record, frame), expected) in read.iter().zip(&written.records) {
        assert_eq!((record.time, record.frame, record.is_mark()), (expected.time, expected.frame, expected.is_mark()));
        if !expected.is_mark() {
            assert_eq!((record.sent, record.link), (expected.sent, expected.link));
            assert_eq!(frame, written.frame(expected));
        }
    }
}

#[test]
fn statistics_of_other_programs_move_no_clock() {
    let (_, mut bytes) = recorded();
    for at in 0..bytes.len().saturating_sub(13) {
        if &bytes[at..at + 13] == b"wardtap: idle" {
            bytes[at] = b'W';
        }
    }
    let mut source = open_bytes("recording", Box::new(std::io::Cursor::new(bytes))).unwrap();
    let mut block = Block::new();
    assert!(source.fill(&mut block));
    assert!(block.records.iter().all(|record| !record.is_mark()));
    assert_eq!(block.records.len(), 3);
}

#[test]
fn others_read_it() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("recording.pcapng");
    std::fs::write(&path, recorded().1).unwrap();
    let Ok(done) = Command::new("capinfos").arg("-c").arg(&path).output() else {
        println!("skipped: there is no capinfos");
        return;
    };
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success() && text.contains("packets:   3"), "{text}{}", String::from_utf8_lossy(&done.stderr));
}
