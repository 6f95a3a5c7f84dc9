//! Frames with their times: peeled, put together from fragments, sorted into flows, TCP put in order.
//!
//! Two kinds of input. *Frames* are the records' bytes as they are: any headers. *Segments* are built here from records
//! that say which piece of a known stream they carry, in which order and how often they come, and what was lost: what
//! the reassembler then delivers is compared with the stream, octet for octet.
//!
//! ```text
//! options[0]  bit 7 segments; bit 0 flows of VLANs apart; bits 1, 2 how many flows; bits 3, 4 how much may be held
//! options[1]  which link type (frames); options[1..5] the first sequence number of both ends (segments)
//! control[0]  time: 0..=39 so many powers of two nanoseconds on, 40..=79 back, else not at all
//! control[1]  how many octets more were sent than captured (frames); bit 0 whose, bit 1 FIN, bit 2 an old identification,
//!             bit 3 acknowledges all that the other end has sent, bits 4.. octets not captured (segments)
//! bytes       [offset back or on: 2 octets, signed, from the end of the last segment] [length: 2 octets] (segments)
//! ```

use wardtap_net::defragment::{Defragmenter, Outcome};
use wardtap_net::flow::{Flow, HashKey};
use wardtap_net::flow_table::{FlowTable, Limits};
use wardtap_net::packet::{LinkType, Packet, Timestamp};
use wardtap_net::peel::{Layout, Peeled, peel};
use wardtap_net::reassembler::StreamHandler;
use wardtap_net::stream::{Chunk, Side};

use super::capture::check_peel;
use crate::script::{Record, Script};

/// The link types that frames may have.
const LINKS: [LinkType; 21] = [
    LinkType::ETHERNET,
    LinkType::NULL,
    LinkType::RAW,
    LinkType::LOOP,
    LinkType::LINUX_SLL,
    LinkType::IPV4,
    LinkType::IPV6,
    LinkType::LINUX_SLL2,
    LinkType::RAW_DLT_12,
    LinkType(147),
    LinkType::IEEE802_11,
    LinkType::IEEE802_11_RADIOTAP,
    LinkType::IEEE802_11_AVS,
    LinkType::IEEE802_11_PRISM,
    LinkType::PPP,
    LinkType::PPP_HDLC,
    LinkType::PPP_ETHER,
    LinkType::C_HDLC,
    LinkType::FRELAY,
    LinkType::IEEE802_5,
    LinkType::FDDI,
];

/// What tables may take beyond what is held: the slab of flows, the wheel, the ring, datagrams put together.
const MEMORY: usize = 1024 * 1024;

/// What an octet of input may take: held copies, and a segment's own 56 octets for as little as a record of 5.
const MEMORY_EACH: usize = 128;

/// When captures begin.
const BEGIN: Timestamp = Timestamp::from_seconds(1_700_000_000);

/// Runs the target.
///
/// # Panics
/// Where an invariant does not hold.
pub fn run(input: &[u8]) {
    let script = Script::decode(input);
    let ((), peak) =
        crate::memory::peak_during(|| if script.options[0] & 0x80 == 0 { frames(&script) } else { segments(&script) });
    assert!(peak <= MEMORY + MEMORY_EACH * input.len(), "{peak} bytes in use for {} bytes", input.len());
}

fn limits(script: &Script) -> Limits {
    let [first, ..] = script.options;
    Limits {
        by_vlan: first & 1 != 0,
        flows_max: [1, 2, 16, 1000][usize::from(first >> 1 & 3)],
        held_bytes_max: [0, 100, 10_000, 1 << 24][usize::from(first >> 3 & 3)],
    }
}

/// What a table must have done in the end, told from outside of it.
#[derive(Default)]
struct Totals {
    finished: u64,
    chunk_bytes: u64,
    gaps: u64,
    gap_bytes: u64,
    copied: u64,
    /// The streams that the segments come from, where they are known.
    truth: Option<[Truth; 2]>,
}

/// What was sent of a stream so far, by position.
#[derive(Default)]
struct Truth {
    /// What was captured.
    arrived: Vec<(u64, u64)>,
    /// What was not captured of packets that were: of a held one it stays missing, even if a later copy has it.
    cut: Vec<(u64, u64)>,
    furthest: u64,
}

/// What is kept of a flow.
#[derive(Default)]
struct Seen {
    heard: [bool; 2],
    chunk_bytes: [u64; 2],
    gap_bytes: [u64; 2],
    gaps: u64,
    lost_place: bool,
}

impl Seen {
    /// The position in its stream that an end has reached.
    fn position(&self, side: Side) -> u64 {
        side.of(&self.chunk_bytes) + side.of(&self.gap_bytes)
    }
}

impl StreamHandler for Totals {
    type Application = Seen;

    fn chunk(&mut self, flow: &mut Flow<Seen>, chunk: &Chunk<'_>) {
        assert!(!chunk.bytes.is_empty(), "an empty chunk");
        let seen = &mut flow.application;
        assert!(*chunk.side.of(&seen.heard), "bytes of an end that was never heard");
        if let Some(truth) = self.truth.as_ref()
            && !seen.lost_place
        {
            let at = seen.position(chunk.side);
            assert!(at + chunk.bytes.len() as u64 <= chunk.side.of(truth).furthest, "bytes beyond what was sent");
            for (position, &octet) in (at..).zip(chunk.bytes) {
                assert_eq!(octet, octet_at(chunk.side, position), "{:?} at {position}", chunk.side);
            }
        }
        *chunk.side.of_mut(&mut seen.chunk_bytes) += chunk.bytes.len() as u64;
        self.chunk_bytes += chunk.bytes.len() as u64;
    }

    fn gap(&mut self, flow: &mut Flow<Seen>, side: Side, missing: Option<u64>) {
        let seen = &mut flow.application;
        let octets = missing.unwrap_or(0);
        assert!(missing != Some(0), "a gap of nothing");
        if let Some(truth) = self.truth.as_ref()
            && !seen.lost_place
            && missing.is_some()
        {
            let (begin, end) = (seen.position(side), seen.position(side) + octets);
            let over = |&&(from, to): &&(u64, u64)| from < end && begin < to;
            let truth = side.of(truth);
            let had_come = truth.arrived.iter().find(over).filter(|_| !truth.cut.iter().any(|cut| over(&cut)));
            assert_eq!(had_come, None, "a gap {begin}..{end} over what had come");
        }
        seen.lost_place |= missing.is_none();
        *side.of_mut(&mut seen.gap_bytes) += octets;
        seen.gaps += 1;
        self.gaps += 1;
        self.gap_bytes += octets;
    }

    fn heard(&mut self, flow: &mut Flow<Seen>, side: Side) {
        let heard = side.of_mut(&mut flow.application.heard);
        assert!(!*heard, "heard twice for the first time");
        *heard = true;
        // A flow after another one has its own beginning, which nobody knows.
        flow.application.lost_place |= self.finished > 0;
    }

    fn finished(&mut self, flow: &mut Flow<Seen>, _: Timestamp) {
        self.finished += 1;
        let (troubles, volume) = (flow.troubles(), *flow.volume());
        let seen = &flow.application;
        assert_eq!(troubles.gaps, seen.gaps, "gaps as counted");
        assert_eq!(troubles.gap_bytes, seen.gap_bytes.iter().sum::<u64>(), "missing bytes as counted");
        for side in Side::BOTH {
            assert!(side.of(&seen.chunk_bytes) <= &side.of(&volume).bytes, "more bytes than were sent");
            assert_eq!(*side.of(&seen.heard), side.of(&volume).packets > 0);
        }
        assert_eq!(flow.is_one_sided(), seen.heard != [true, true]);
        let identity = flow.identity(None);
        assert_eq!(identity.key, *flow.key());
    }

    fn copied(&mut self, bytes: usize) {
        self.copied += bytes as u64;
    }
}

/// A table, with what it is told and what it must have done.
struct Bench {
    table: FlowTable<Seen>,
    totals: Totals,
    limits: Limits,
    now: Timestamp,
    packets: u64,
    bytes: u64,
}

impl Bench {
    fn new(limits: Limits, truth: Option<[Truth; 2]>) -> Self {
        Self {
            table: FlowTable::new(HashKey(0x1234_5678_9abc_def0, 0x0fed_cba9_8765_4321), limits),
            totals: Totals { truth, ..Totals::default() },
            limits,
            now: BEGIN,
            packets: 0,
            bytes: 0,
        }
    }

    /// The time of the next record, as a step from the last; ticks where a second has passed.
    fn time(&mut self, step: u8, last: Timestamp) -> Timestamp {
        let nanos = |power: u8| (1_u64 << power) - 1;
        let time = match step {
            0..=39 => last.plus(nanos(step)),
            40..=79 => Timestamp::from_nanos(last.nanos().saturating_sub(nanos(step - 40))),
            _ => last,
        };
        if time.seconds() > self.now.seconds() {
            self.table.tick(time, &mut self.totals);
        }
        self.now = self.now.max(time);
        time
    }

    fn packet(&mut self, packet: &Packet<'_>, layout: &Layout) {
        self.packets += 1;
        self.bytes += packet.bytes.len() as u64;
        self.table.packet(packet, self.packets, layout, &mut self.totals);
        assert!(self.table.len() <= self.limits.flows_max, "{} flows", self.table.len());
        assert!(self.table.held_bytes() <= self.limits.held_bytes_max, "{} bytes held", self.table.held_bytes());
        assert_eq!(self.table.len() as u64, self.table.counters().opened - self.totals.finished, "flows in the table");
    }

    fn finish(mut self) {
        self.table.finish(self.now, &mut self.totals);
        let (counters, totals) = (*self.table.counters(), &self.totals);
        assert!(self.table.is_empty());
        assert_eq!(self.table.held_bytes(), 0, "nothing is held for nobody");
        assert_eq!(counters.opened, totals.finished, "what began has ended");
        assert_eq!((counters.gaps, counters.gap_bytes), (totals.gaps, totals.gap_bytes));
        assert!(totals.chunk_bytes <= self.bytes && totals.copied <= self.bytes, "more bytes out than in");
        assert!(counters.opened <= self.packets);
    }
}

/// Any frames.
fn frames(script: &Script) {
    let link = LINKS[usize::from(script.options[1]) % LINKS.len()];
    let mut bench = Bench::new(limits(script), None);
    let mut fragments = Defragmenter::default();
    let mut last = BEGIN;
    for record in &script.records {
        let [step, more] = record.control;
        last = bench.time(step, last);
        fragments.tick(last);
        let sent = record.bytes.len() as u32 + u32::from(more);
        let packet = Packet { time: last, link, bytes: &record.bytes, sent };
        match check_peel(&packet) {
            Peeled::Ip(layout) => bench.packet(&packet, &layout),
            Peeled::Fragment(layout, piece) => {
                if let Outcome::Whole(frame) = fragments.take(&packet, &layout, &piece) {
                    assert!(frame.len() <= 14 + 65_535 + 40, "{} octets in a datagram", frame.len());
                    let whole = Packet { link: LinkType::ETHERNET, bytes: &frame, sent: frame.len() as u32, ..packet };
                    if let Peeled::Ip(inner) = check_peel(&whole) {
                        bench.packet(&whole, &inner.inherit(&layout));
                    }
                }
            }
            Peeled::Arp(_) | Peeled::Stopped(_) => {}
        }
    }
    fragments.finish();
    bench.finish();
}

/// What stands at a position of a stream.
fn octet_at(side: Side, position: u64) -> u8 {
    let mixed = (position + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17 + side.index() as u32);
    (mixed >> 56) as u8
}

/// Segments of two known streams.
fn segments(script: &Script) {
    let [_, s0, s1, s2, s3, ..] = script.options;
    let first = u32::from_be_bytes([s0, s1, s2, s3]);
    let first = [first, !first];
    // One flow, which nothing pushes out.
    let mut bench =
        Bench::new(Limits { flows_max: 4, by_vlan: false, ..limits(script) }, Some(<[Truth; 2]>::default()));
    let mut identification = 0;
    for side in Side::BOTH {
        let (sequence, answers) = (*side.of(&first), side == Side::B);
        let acknowledgement = if answers { first[0].wrapping_add(1) } else { 0 };
        let flags = if answers { 2 | 16 } else { 2 };
        let syn = Header { side, sequence, acknowledgement, flags, identification: 0 };
        send(&mut bench, BEGIN, &syn, &[], 0);
    }
    let mut last = BEGIN;
    let mut ends = [0_u64; 2];
    let mut closed_at = [None; 2];
    for record in &script.records {
        let [step, control] = record.control;
        // The connection is not to end by idleness, or the position would be lost.
        last = bench.time(if step % 40 > 37 { 0 } else { step }, last);
        let side = if control & 1 == 0 { Side::A } else { Side::B };
        let (begin, length) = piece(record, *side.of(&ends));
        let end = begin + length as u64;
        *side.of_mut(&mut ends) = end;
        // Nothing is sent behind a FIN, and a FIN only behind everything.
        if side.of(&closed_at).is_some_and(|closed| closed < end) {
            continue;
        }
        let furthest = bench.totals.truth.as_ref().map_or(0, |truth| side.of(truth).furthest);
        let closes = control & 2 != 0 && end >= furthest;
        if closes {
            *side.of_mut(&mut closed_at) = Some(end);
        }
        let lost = usize::from(control >> 4).min(length);
        let bytes: Vec<u8> = (begin..end).map(|position| octet_at(side, position)).collect();
        if control & 4 == 0 {
            identification += 1;
        }
        let sequence = |side: Side, position: u64| side.of(&first).wrapping_add(1).wrapping_add(position as u32);
        let other = side.other();
        let acknowledged = match bench.totals.truth.as_ref() {
            Some(truth) if control & 8 != 0 => other.of(truth).furthest,
            _ => 0,
        };
        let header = Header {
            side,
            sequence: sequence(side, begin),
            acknowledgement: sequence(other, acknowledged),
            flags: 16 | u8::from(closes),
            identification,
        };
        if let Some(truth) = bench.totals.truth.as_mut() {
            let truth = side.of_mut(truth);
            // What comes far off counts for nothing; the rest is passed on or held. Before it may be refused, the
            // packet has arrived.
            truth.furthest = truth.furthest.max(end);
            if lost > 0 {
                truth.cut.push((end - lost as u64, end));
            }
        }
        send(&mut bench, last, &header, &bytes, lost);
        if let Some(truth) = bench.totals.truth.as_mut() {
            let (truth, captured) = (side.of_mut(truth), end - lost as u64);
            if captured > begin {
                truth.arrived.push((begin, captured));
            }
        }
    }
    bench.finish();
}

/// Which piece of its stream a record carries, where the one before ended at `end`.
fn piece(record: &Record, end: u64) -> (u64, usize) {
    let octet = |at: usize| record.bytes.get(at).copied().unwrap_or(0);
    let step = i64::from(i16::from_le_bytes([octet(0), octet(1)]));
    let length = usize::from(u16::from_le_bytes([octet(2), octet(3)])) % 9000;
    (end.saturating_add_signed(step), length)
}

/// What differs between the headers of a connection.
#[derive(Clone, Copy)]
struct Header {
    side: Side,
    sequence: u32,
    acknowledgement: u32,
    flags: u8,
    identification: u16,
}

/// Hands a TCP segment in an IPv4 packet to the table, of whose payload the last `lost` octets were not captured.
fn send(bench: &mut Bench, time: Timestamp, header: &Header, payload: &[u8], lost: usize) {
    let ends = [([10, 0, 0, 1], 4242_u16), ([10, 0, 0, 2], 2575_u16)];
    let ((source, source_port), (destination, destination_port)) =
        (header.side.of(&ends), header.side.other().of(&ends));
    let total = (40 + payload.len()) as u16;
    let mut frame = vec![0x45, 0];
    frame.extend_from_slice(&total.to_be_bytes());
    frame.extend_from_slice(&header.identification.to_be_bytes());
    frame.extend_from_slice(&[0x40, 0, 64, 6, 0, 0]);
    frame.extend_from_slice(source);
    frame.extend_from_slice(destination);
    frame.extend_from_slice(&source_port.to_be_bytes());
    frame.extend_from_slice(&destination_port.to_be_bytes());
    frame.extend_from_slice(&header.sequence.to_be_bytes());
    frame.extend_from_slice(&header.acknowledgement.to_be_bytes());
    frame.extend_from_slice(&[0x50, header.flags, 0xff, 0xff, 0, 0, 0, 0]);
    frame.extend_from_slice(payload);
    let sent = frame.len() as u32;
    frame.truncate(frame.len() - lost);
    let packet = Packet { time, link: LinkType::IPV4, bytes: &frame, sent };
    match peel(&packet) {
        Peeled::Ip(layout) => bench.packet(&packet, &layout),
        other => panic!("a packet made here was not understood: {other:?}"),
    }
}
