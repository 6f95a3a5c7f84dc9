//! Modbus that tshark 4.0 reads otherwise, frame by frame, and the clause that makes this reading right.
//!
//! tshark has two ways with TCP. As it comes (its default) it reads every segment that it does not take for one sent
//! again, wherever that lies in the stream. In order (`tcp.reassemble_out_of_order`) it waits at a hole, and never gives
//! it up. So one of its ways mostly agrees, and each of them leaves something out. The captures are Zeek's, and not part
//! of this repository.

use std::collections::BTreeSet;
use std::process::Command;

use crate::losses::segment::{ACK, Segment};
use crate::pcap::read;
use crate::run::{corpus, replay};

/// Where the captures are in the corpus.
const FOLDER: &str = "zeek__zeek/testing/btest/Traces/modbus";

/// The releases of tshark that were looked at.
const TSHARK: &str = "TShark (Wireshark) 4.0.";

/// A message: frame, transaction, unit, function without the exception bit.
type Read = (u64, u64, u64, u64);

/// A message that is read here, and not by tshark in one of its ways.
struct Difference {
    read: Read,
    /// tshark shows it as it comes.
    as_it_comes: bool,
    /// tshark shows it in order.
    in_order: bool,
}

const fn only_as_it_comes(frame: u64, transaction: u64, unit: u64, function: u64) -> Difference {
    Difference { read: (frame, transaction, unit, function), as_it_comes: true, in_order: false }
}

const fn only_in_order(frame: u64, transaction: u64, unit: u64, function: u64) -> Difference {
    Difference { read: (frame, transaction, unit, function), as_it_comes: false, in_order: true }
}

const fn only_here(frame: u64, transaction: u64, unit: u64, function: u64) -> Difference {
    Difference { read: (frame, transaction, unit, function), as_it_comes: false, in_order: false }
}

/// Frame 3149 acknowledges the octets of frame 3150: the capture has the two the wrong way round. tshark calls 3150 a
/// spurious retransmission. It is none: an octet is known by its number (RFC 9293 section 3.4), and these are in no
/// frame before. So its ADU is read, as in order tshark does, too.
const MODBUS_BIG: [Difference; 1] = [only_in_order(3150, 50382, 255, 1)];

/// Frames 5 and 6 lie behind holes of a capture without its beginning. What is missing in front of 5 is acknowledged by
/// frame 6: the receiver has it (RFC 9293 section 3.4: all octets before the number were received), so it is never sent
/// again. Nor is what is missing in front of 6: the capture ends. Both segments begin with an MBAP header (TCP 3.1.3) and
/// end where its length says. In order tshark waits for the octets, and shows neither.
const FUZZ_1011: [Difference; 2] = [only_as_it_comes(5, 12993, 255, 4), only_as_it_comes(6, 17667, 255, 4)];

/// A capture with holes and damaged headers. In order tshark waits at the hole in front of frame 4, which frame 5
/// acknowledges, and shows nothing more: all that it shows as it comes is read here, behind holes given up (RFC 9293
/// section 3.4, as above). Two messages are read here alone:
///
/// * The length in frame 6 is 4, so its ADU ends two octets before the segment does (TCP 3.1.3: the length counts what
///   follows it). What tshark reads from there on is an ADU of length 0, which cannot be (a unit identifier and a function
///   code are 2), and with it frame 7. Here the next sound header is looked for: it begins frame 7, and the header in
///   frame 9 confirms it.
/// * The length in frame 14 is 37, which an ADU can have (APS 4.1: up to 254). tshark waits for the rest. Nothing of it
///   came: the next octets are those of frame 16, 36 later, and 48 are missing. It is told as incomplete, and frame 16 is
///   read from its start.
const FUZZ_72: [Difference; 18] = [
    only_as_it_comes(5, 0, 1, 32),
    only_as_it_comes(6, 0, 1, 33),
    only_here(9, 0, 1, 34),
    only_as_it_comes(9, 21504, 1, 35),
    only_as_it_comes(10, 0, 1, 36),
    only_as_it_comes(11, 0, 1, 37),
    only_here(14, 0, 0, 38),
    only_as_it_comes(16, 0, 1, 43),
    only_as_it_comes(17, 0, 1, 46),
    only_as_it_comes(18, 0, 1, 47),
    only_as_it_comes(20, 0, 1, 50),
    only_as_it_comes(22, 0, 1, 52),
    only_as_it_comes(24, 0, 1, 54),
    only_as_it_comes(28, 37, 1, 71),
    only_as_it_comes(29, 0, 1, 63),
    only_as_it_comes(31, 0, 1, 65),
    only_as_it_comes(33, 0, 1, 71),
    only_as_it_comes(36, 0, 1, 70),
];

#[test]
fn modbus_that_tshark_reads_otherwise() {
    let Some(folder) = corpus().map(|folder| folder.join(FOLDER)).filter(|folder| folder.is_dir()) else {
        eprintln!("skipped: no corpus with {FOLDER} (set WARDTAP_CAPTURES)");
        return;
    };
    let version = Command::new("tshark").arg("--version").output().map_or_else(|_| Vec::new(), |done| done.stdout);
    let is_compared = String::from_utf8_lossy(&version).starts_with(TSHARK);
    if !is_compared {
        eprintln!("no {TSHARK}x: only what is read here is held");
    }
    let captures = [
        ("modbusBig.pcap", MODBUS_BIG.as_slice()),
        ("fuzz-1011.pcap", FUZZ_1011.as_slice()),
        ("fuzz-72.pcap", FUZZ_72.as_slice()),
    ];
    for (name, differences) in captures {
        let capture = folder.join(name);
        let capture = capture.to_str().unwrap();
        let ours = read_here(capture);
        for difference in differences {
            assert!(ours.contains(&difference.read), "{name}: {:?} is not read", difference.read);
        }
        if !is_compared {
            continue;
        }
        for in_order in [false, true] {
            let theirs = read_by_tshark(capture, in_order);
            assert!(theirs.is_subset(&ours), "{name}: only tshark: {:?}", theirs.difference(&ours));
            let more: BTreeSet<Read> = ours.difference(&theirs).copied().collect();
            let shows = |difference: &&Difference| if in_order { difference.in_order } else { difference.as_it_comes };
            let known = differences.iter().filter(|difference| !shows(difference)).map(|difference| difference.read);
            assert_eq!(more, known.collect(), "{name}: not read by tshark, in order: {in_order}");
        }
    }
}

/// The messages of a capture.
fn read_here(capture: &str) -> BTreeSet<Read> {
    let replayed = replay(capture, &[]);
    let events = replayed.parsed();
    let messages = events.iter().filter(|event| event["type"] == "message").map(|event| &event["message"]);
    let read = messages.map(|message| {
        let number = |name: &str| message["modbus"][name].as_u64().unwrap();
        (message["frame"].as_u64().unwrap(), number("transaction_id"), number("unit_id"), number("function"))
    });
    read.collect()
}

/// The messages that tshark shows.
fn read_by_tshark(capture: &str, in_order: bool) -> BTreeSet<Read> {
    let way = if in_order { "tcp.reassemble_out_of_order:TRUE" } else { "tcp.reassemble_out_of_order:FALSE" };
    let mut command = Command::new("tshark");
    command.args(["-r", capture, "-n", "-o", way, "-Y", "modbus", "-T", "fields"]);
    for field in ["frame.number", "mbtcp.trans_id", "mbtcp.unit_id", "modbus.func_code"] {
        command.args(["-e", field]);
    }
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let text = String::from_utf8(done.stdout).unwrap();
    let mut read = BTreeSet::new();
    for line in text.lines() {
        let columns: Vec<Vec<u64>> =
            line.split('\t').map(|column| column.split(',').map(|value| value.parse().unwrap()).collect()).collect();
        for ((transaction, unit), function) in columns[1].iter().zip(&columns[2]).zip(&columns[3]) {
            read.insert((columns[0][0], *transaction, *unit, *function));
        }
    }
    read
}

/// What the clauses above rest on: what is in the frames.
#[test]
fn octets_that_tshark_takes_for_sent_again_or_waits_for() {
    let Some(folder) = corpus().map(|folder| folder.join(FOLDER)).filter(|folder| folder.is_dir()) else {
        eprintln!("skipped: no corpus with {FOLDER} (set WARDTAP_CAPTURES)");
        return;
    };
    let segments = |name: &str| {
        let packets = read(folder.join(name).to_str().unwrap()).unwrap();
        let segments: Vec<Option<Segment>> = packets.iter().map(|packet| Segment::read(&packet.bytes)).collect();
        move |frame: usize| segments[frame - 1].clone()
    };
    let end = |segment: &Segment| segment.sequence.wrapping_add(segment.payload.len() as u32);

    let big = segments("modbusBig.pcap");
    let late = big(3150).unwrap();
    let earlier =
        (1..3150).filter_map(&big).filter(|segment| segment.source == late.source && !segment.payload.is_empty());
    assert!(earlier.clone().count() > 100);
    assert!(earlier.into_iter().all(|segment| end(&segment) != end(&late) && segment.sequence != late.sequence));
    let acknowledged = |by: &Segment, segment: &Segment| {
        by.has(ACK) && by.source == segment.destination && by.acknowledgement.wrapping_sub(end(segment)) < 1 << 31
    };
    assert!(acknowledged(&big(3149).unwrap(), &late), "3149 acknowledges 3150");

    let fuzz = segments("fuzz-1011.pcap");
    assert!(acknowledged(&fuzz(6).unwrap(), &fuzz(5).unwrap()), "6 acknowledges 5 and what is missing before it");
    let fuzz = segments("fuzz-72.pcap");
    assert!(acknowledged(&fuzz(5).unwrap(), &fuzz(4).unwrap()), "5 acknowledges what is missing in front of 4");
    assert_eq!(fuzz(16).unwrap().sequence.wrapping_sub(end(&fuzz(14).unwrap())), 48);
}
