//! Any bytes as a capture file: opened, drained, every frame peeled.
//!
//! Checks that every record lies in its block, that records are numbered without a hole, that what is told of the
//! capture is what came of it, that the same comes of it however few bytes a read gives, and that a small file does not
//! take much memory.

use std::io::{Cursor, Read};

use wardtap_capture::{Block, CaptureError, Damage, DamageReason, Input, Record, open_bytes};
use wardtap_net::cdp::{self, Cdp};
use wardtap_net::lldp::{self, Lldp};
use wardtap_net::packet::{Packet, Timestamp};
use wardtap_net::peel::{Discovery, Peeled, Undecoded, discovery, peel};

/// What reading may take beyond a multiple of the file: a block, the unpacker's buffers and windows (zstd's windows go
/// up to 8 MiB and are allocated in C, so not even counted), and the hand-over.
const MEMORY: usize = 8 * 1024 * 1024;

/// What unpacking may take for each octet of the file.
const MEMORY_EACH: usize = 16;

/// The most records that a run looks at: a packed file may hold millions.
const RECORDS_MAX: usize = 100_000;

/// A reader that gives few bytes at a time.
struct Dribble {
    bytes: Cursor<Vec<u8>>,
    step: usize,
}

impl Read for Dribble {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.step = self.step % 61 + 7;
        let most = self.step.min(into.len());
        self.bytes.read(&mut into[..most])
    }
}

/// What came of a capture, without what depends on how it was read.
#[derive(Debug, PartialEq)]
struct Found {
    records: Vec<(Record, Vec<u8>)>,
    inputs: Vec<Input>,
    damage: Vec<Damage>,
    untimed: u64,
}

/// Runs the target.
///
/// # Panics
/// Where an invariant does not hold.
pub fn run(input: &[u8]) {
    // An unpacker that is left behind holds its thread's memory until it has noticed.
    let packed = input.starts_with(b"\x1f\x8b") || input.starts_with(b"\x28\xb5\x2f\xfd");
    let (at_once, peak) = crate::memory::peak_during(|| {
        drain(Box::new(Cursor::new(input.to_vec())), false).map_err(|error| error.to_string())
    });
    assert!(packed || peak <= MEMORY + MEMORY_EACH * input.len(), "{peak} bytes in use for {} bytes", input.len());
    let at_once =
        at_once.map(|_| drain(Box::new(Cursor::new(input.to_vec())), true).map_err(|error| error.to_string()));
    if input.len() > 4096 || packed && input.len() > 512 {
        return;
    }
    let dribble = Dribble { bytes: Cursor::new(input.to_vec()), step: input.len() };
    let dribbled = drain(Box::new(dribble), true).map_err(|error| error.to_string());
    match at_once {
        Ok(at_once) => assert_eq!(at_once, dribbled, "the reads changed what was found"),
        // What zlib-rs says of the same damage depends on how it is fed.
        Err(_) if packed => assert!(dribbled.is_err(), "the reads changed an error into {dribbled:?}"),
        Err(error) => assert_eq!(Err(error), dribbled.map(|_| ()), "the reads changed the error"),
    }
}

/// Opens and drains a capture; keeps what came only on demand.
fn drain(reader: Box<dyn Read + Send>, keep: bool) -> Result<Found, CaptureError> {
    let mut source = open_bytes("capture", reader)?;
    let mut block = Block::new();
    let mut records = Vec::new();
    let (mut count, mut newest) = (0_u64, Timestamp::EPOCH);
    while source.fill(&mut block) {
        assert!(!block.records.is_empty(), "a fill that gave nothing is the end");
        assert!(block.bytes.len() <= 17 * 1024 * 1024 + wardtap_capture::BLOCK_BYTES, "a block has a bound");
        for record in &block.records {
            count += 1;
            let frame = block.frame(record);
            assert_eq!(frame.len(), record.captured as usize, "a record lies in its block");
            assert!(record.sent >= record.captured);
            assert_eq!((record.frame, record.input), (count, 0), "records are numbered without a hole");
            newest = newest.max(record.time);
            let packet = Packet { time: record.time, link: record.link, bytes: frame, sent: record.sent };
            check_peel(&packet);
            if keep && records.len() < RECORDS_MAX {
                records.push((Record { offset: 0, ..*record }, frame.to_vec()));
            }
        }
    }
    assert!(block.records.is_empty(), "nothing is left in a block at the end");
    assert!(!source.fill(&mut block), "the end is the end");
    let (mut inputs, mut damage) = (source.inputs(), source.damage());
    assert_eq!(inputs.len(), 1);
    if !damage.is_empty() {
        // How much is read beyond a fault is a matter of the reads.
        inputs[0].bytes = 0;
    }
    for fault in &mut damage {
        if let DamageReason::Packed { what, .. } = &mut fault.reason {
            what.clear();
        }
    }
    assert_eq!(inputs[0].packets, count);
    assert!(source.untimed() <= count);
    assert!(inputs[0].last.is_none_or(|last| last == newest), "the latest time is one of a record");
    assert!(inputs[0].first <= inputs[0].last);
    assert!(damage.len() <= 1);
    Ok(Found { records, inputs, damage, untimed: source.untimed() })
}

/// Peels a frame and asks of what was found all that can be asked.
pub(super) fn check_peel(packet: &Packet<'_>) -> Peeled {
    let peeled = peel(packet);
    let layout = match peeled {
        Peeled::Ip(layout) | Peeled::Fragment(layout, _) => {
            assert!(wardtap_net::flow_table::endpoints(packet.bytes, &layout).is_some(), "IP has addresses");
            assert!(layout.network <= layout.transport);
            assert!(usize::from(layout.transport) <= packet.bytes.len());
            assert!(usize::from(layout.transport) <= layout.end());
            layout
        }
        Peeled::Arp(layout) => layout,
        Peeled::Stopped(reason) => {
            match discovery(packet) {
                Some((Discovery::Lldp(unit), _)) => {
                    assert_eq!(reason, Undecoded::Lldp);
                    assert!(Lldp::read(unit).is_none_or(|lldp| lldp.management.len() <= lldp::MANAGEMENT_MAX));
                }
                Some((Discovery::Cdp(message), _)) => {
                    assert_eq!(reason, Undecoded::Snap);
                    assert!(Cdp::read(message).is_none_or(|cdp| cdp.addresses.len() <= cdp::ADDRESSES_MAX));
                }
                None => assert_ne!(reason, Undecoded::Lldp),
            }
            return peeled;
        }
    };
    assert!(layout.vlan().is_none_or(|vlan| vlan < 4096));
    let _ = (layout.source_mac(packet.bytes), layout.destination_mac(packet.bytes));
    peeled
}
