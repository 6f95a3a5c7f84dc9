//! A capture with the streams in it put together, and where in them each message lies.
//!
//! The streams and the frames are reckoned here, from TCP headers alone. That the messages are those that the peers sent
//! is what the goldens and `captures/peers/check.py` hold; how long each is stands in its event, and here it has to fit:
//! one message begins where the one before it ends, and its last octet came in the frame that its event names.

use std::ops::Range;

use serde_json::Value;

use super::segment::{SYN, Segment};
use crate::pcap::{Packet, read};
use crate::run::replay;

/// The octets of one direction of a connection.
pub(crate) struct Way {
    /// The first segment of it, for its ends.
    pub(crate) ends: Segment,
    /// The number of its first octet.
    pub(crate) first: u32,
    pub(crate) pieces: Vec<Piece>,
    /// The first message of it.
    pub(crate) told: Option<usize>,
    bytes: Vec<u8>,
}

/// What one record has of a way.
pub(crate) struct Piece {
    pub(crate) record: usize,
    /// Its place among the octets of the way.
    pub(crate) octets: Range<usize>,
}

/// A message of the undamaged capture.
pub(crate) struct Told {
    pub(crate) event: Value,
    pub(crate) way: usize,
    /// Its octets.
    pub(crate) own: Range<usize>,
    /// What has to be there for it to be told: its own octets and, in HL7, what shows where they begin and end.
    pub(crate) needed: Vec<Range<usize>>,
    /// The frame of its last octet, or in HL7 of the FS behind it. That of the CR behind FS may be another, and is then
    /// the one that the message is told with.
    pub(crate) ends_in: usize,
}

pub(crate) struct Recording {
    pub(crate) capture: String,
    pub(crate) packets: Vec<Packet>,
    pub(crate) segments: Vec<Option<Segment>>,
    pub(crate) ways: Vec<Way>,
    pub(crate) told: Vec<Told>,
}

impl Way {
    /// True where the records that were kept hold all of these octets.
    pub(crate) fn holds(&self, octets: &Range<usize>, kept: &[bool]) -> bool {
        self.pieces.iter().all(|piece| !meet(&piece.octets, octets) || kept[piece.record])
    }

    /// True where they hold any of these octets.
    pub(crate) fn holds_some(&self, octets: &Range<usize>, kept: &[bool]) -> bool {
        self.pieces.iter().any(|piece| meet(&piece.octets, octets) && kept[piece.record])
    }

    /// True where a frame brought any of these octets.
    pub(crate) fn came_in(&self, octets: &Range<usize>, frame: &Value) -> bool {
        self.pieces.iter().any(|piece| meet(&piece.octets, octets) && *frame == piece.record + 1)
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn is_of(&self, segment: &Segment) -> bool {
        self.ends.source == segment.source && self.ends.destination == segment.destination
    }

    pub(crate) fn is_against(&self, segment: &Segment) -> bool {
        self.ends.source == segment.destination && self.ends.destination == segment.source
    }
}

fn meet(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

impl Recording {
    /// Takes a capture apart. Segments that repeat octets are left out: which of the two was lost would not matter.
    pub(crate) fn new(capture: &str) -> Self {
        let mut recording = Self {
            capture: capture.to_owned(),
            packets: Vec::new(),
            segments: Vec::new(),
            ways: Vec::new(),
            told: Vec::new(),
        };
        for packet in read(capture).unwrap_or_else(|| panic!("{capture} is in no format that is read here")) {
            let segment = Segment::read(&packet.bytes);
            if segment.as_ref().is_none_or(|segment| recording.put(segment, &packet)) {
                recording.packets.push(packet);
                recording.segments.push(segment);
            }
        }
        recording
    }

    /// Puts a segment in its place; false where its octets were there already.
    fn put(&mut self, segment: &Segment, packet: &Packet) -> bool {
        let number = segment.sequence.wrapping_add(u32::from(segment.has(SYN)));
        let known = self.ways.iter_mut().find(|way| way.is_of(segment));
        let way = match known {
            Some(way) => way,
            None => {
                assert!(segment.has(SYN), "{}: a connection without its beginning", self.capture);
                let ends = segment.clone();
                self.ways.push(Way { ends, first: number, pieces: Vec::new(), told: None, bytes: Vec::new() });
                self.ways.last_mut().unwrap()
            }
        };
        assert!(!segment.has(SYN) || number == way.first, "{}: two connections with the same ports", self.capture);
        let start = number.wrapping_sub(way.first) as usize;
        let octets = start..start + segment.payload.len();
        if octets.is_empty() {
            return true;
        }
        if octets.end <= way.bytes.len() {
            return false;
        }
        assert_eq!(start, way.bytes.len(), "{}: segments that are not in order", self.capture);
        way.bytes.extend(&packet.bytes[segment.payload.clone()]);
        way.pieces.push(Piece { record: self.packets.len(), octets });
        true
    }

    /// Finds the messages of the undamaged capture in the streams.
    pub(crate) fn with_messages(capture: &str) -> Self {
        let mut recording = Self::new(capture);
        let replayed = recording.replay(&vec![true; recording.packets.len()]);
        let mut ends = vec![0; recording.ways.len()];
        for event in replayed.into_iter().filter(|event| event["type"] == "message") {
            let message = &event["message"];
            let record = message["frame"].as_u64().unwrap() as usize - 1;
            let segment = recording.segments[record].as_ref().expect("a message comes in a segment");
            let way = recording.ways.iter().position(|way| way.is_of(segment)).unwrap();
            let length = message["bytes"].as_u64().unwrap() as usize;
            let (own, needed) = recording.ways[way].find(ends[way], length, message["protocol"] == "hl7");
            let end = recording.ways[way].complete(needed.last().unwrap().end, message["protocol"] == "hl7");
            assert_eq!(recording.ways[way].told_in(end), Some(record), "{capture}: the frame of {message}");
            ends[way] = own.end;
            recording.ways[way].told.get_or_insert(recording.told.len());
            let ends_in = recording.ways[way].told_in(needed.last().unwrap().end).unwrap() + 1;
            recording.told.push(Told { event, way, own, needed, ends_in });
        }
        assert!(!recording.told.is_empty(), "{capture} has no messages");
        recording
    }

    /// The events of the capture without the records that were not kept; frames are numbered as in [`Self::packets`].
    pub(crate) fn replay(&self, kept: &[bool]) -> Vec<Value> {
        let places: Vec<usize> = (0..kept.len()).filter(|&record| kept[record]).collect();
        let packets: Vec<Packet> = places.iter().map(|&record| self.packets[record].clone()).collect();
        let mut events = events_of(&packets);
        for event in &mut events {
            if let Some(frame) = event["message"]["frame"].as_u64() {
                event["message"]["frame"] = (places[frame as usize - 1] + 1).into();
            }
        }
        events
    }
}

/// All events of packets.
pub(crate) fn events_of(packets: &[Packet]) -> Vec<Value> {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("worse.pcap");
    std::fs::write(&path, crate::pcap::pcap(packets, crate::pcap::PLAIN)).unwrap();
    let replayed = replay(path.to_str().unwrap(), &["--workers", "1"]);
    assert_eq!(replayed.ran.status, 0, "{}", replayed.ran.stderr);
    replayed.parsed()
}

impl Way {
    /// The record that brought the octet before `end`.
    fn told_in(&self, end: usize) -> Option<usize> {
        self.pieces.iter().find(|piece| piece.octets.contains(&(end - 1))).map(|piece| piece.record)
    }

    /// Where what makes a message complete ends: with the CR behind FS, where it is a block of MLLP.
    fn complete(&self, end: usize, hl7: bool) -> usize {
        end + usize::from(hl7 && self.bytes[end - 1..].starts_with(b"\x1c\r"))
    }

    /// The next message of so many octets: where it is, and what is needed to see it.
    fn find(&self, from: usize, length: usize, hl7: bool) -> (Range<usize>, Vec<Range<usize>>) {
        const VT: u8 = 0x0b;
        const FS: u8 = 0x1c;
        const CR: u8 = b'\r';
        if !hl7 {
            let own = from..from + length;
            return (own.clone(), vec![own]);
        }
        let header = self.bytes[from..].windows(3).position(|name| name == b"MSH").expect("a message has a header");
        let own = from + header..from + header + length;
        let block = self.bytes[..own.start].iter().rposition(|&byte| byte == VT).expect("a block has a beginning");
        // In a batch the line behind a message ends it, not FS.
        let ends = |&byte: &u8| byte == FS || byte == CR;
        let line = self.bytes[own.end..].iter().position(ends).expect("a block has an end");
        let needed = own.start - 1..own.end + line + 1;
        (own, vec![block..block + 1, needed])
    }
}
