//! What happens to segments between their sender and the tap, where in the end all of them pass it.
//!
//! Cause stays before effect: segments change places only with those that the same end sent before it heard from the
//! other one again.

use std::collections::BTreeMap;

use super::random::Random;
use super::segment::{FIN, RST, SYN, Segment, again, part, routed};
use crate::pcap::Packet;

/// How far apart segments may be that pass each other.
const LATE_NANOS: u64 = 3_000_000;

/// A retransmission timeout (RFC 6298 allows less than its second, and Linux has this much at least).
const TIMEOUT_NANOS: u64 = 250_000_000;

/// What a mirror copies comes within this time (the program takes what comes later for sent again).
const COPY_NANOS: u64 = 9_000_000;

/// The places of segments that one end sent, one after the other, while the other end was silent.
fn runs(packets: &[Packet]) -> Vec<Vec<usize>> {
    let segments: Vec<Option<Segment>> = packets.iter().map(|packet| Segment::read(&packet.bytes)).collect();
    let mut runs: Vec<Vec<usize>> = Vec::new();
    for (place, segment) in segments.iter().enumerate() {
        let Some(segment) = segment else { continue };
        // A flow's latest run is the only one that can go on.
        let latest = runs.iter_mut().rev().find(|run| segments[run[0]].as_ref().unwrap().flow() == segment.flow());
        match latest {
            Some(run)
                if segments[run[0]].as_ref().unwrap().source == segment.source
                    && !segments[run[0]].as_ref().unwrap().has(SYN | RST)
                    && !segment.has(SYN | RST)
                    && packets[place].time.saturating_sub(packets[run[0]].time) < LATE_NANOS =>
            {
                run.push(place);
            }
            _ => runs.push(vec![place]),
        }
    }
    runs
}

/// Cuts segments into up to four.
pub(crate) fn cut(packets: &[Packet], random: &mut Random) -> Vec<Packet> {
    let mut out = Vec::new();
    for packet in packets {
        match Segment::read(&packet.bytes) {
            Some(segment) if random.percent(60) => out.extend(pieces(packet, &segment, random)),
            _ => out.push(packet.clone()),
        }
    }
    out
}

/// A segment in up to four parts.
fn pieces(packet: &Packet, segment: &Segment, random: &mut Random) -> Vec<Packet> {
    let length = segment.payload.len();
    if length < 2 {
        return vec![packet.clone()];
    }
    let mut cuts: Vec<usize> = (0..1 + random.below(3)).map(|_| 1 + random.below(length - 1)).collect();
    cuts.extend([0, length]);
    cuts.sort_unstable();
    cuts.dedup();
    cuts.windows(2).map(|cut| part(packet, segment, cut[0], cut[1])).collect()
}

/// Lets segments pass each other; says how many are now behind one that was sent later.
pub(crate) fn reorder(packets: &[Packet], random: &mut Random) -> (Vec<Packet>, usize) {
    let mut order: Vec<usize> = (0..packets.len()).collect();
    let mut moved = 0;
    for run in runs(packets) {
        let mut shuffled = run.clone();
        random.shuffle(&mut shuffled);
        moved += shuffled.windows(2).filter(|pair| pair[0] > pair[1]).count();
        for (place, from) in run.into_iter().zip(shuffled) {
            order[place] = from;
        }
    }
    // The tap stamps what it sees when it sees it.
    let arrived = |(place, from): (usize, &usize)| Packet { time: packets[place].time, ..packets[*from].clone() };
    (order.iter().enumerate().map(arrived).collect(), moved)
}

/// Lets the mirror copy segments, as they are or as a router passed them on; says how many.
pub(crate) fn copy(packets: &[Packet], random: &mut Random) -> (Vec<Packet>, usize) {
    let mut copies = Vec::new();
    for packet in packets.iter().filter(|packet| Segment::read(&packet.bytes).is_some()) {
        if random.percent(30) {
            let copy = if random.percent(50) { routed(packet) } else { packet.clone() };
            copies.push(Packet { time: packet.time + random.below(COPY_NANOS as usize) as u64, ..copy });
        }
    }
    let count = copies.len();
    (merged(packets, copies), count)
}

/// Lets ends send segments again of which they missed the acknowledgement; says how many.
pub(crate) fn resend(packets: &[Packet], random: &mut Random) -> (Vec<Packet>, usize) {
    let mut resent = Vec::new();
    for packet in packets {
        // One octet sent again is taken for a keep-alive, which is not counted here.
        if Segment::read(&packet.bytes).is_some_and(|segment| segment.payload.len() > 1) && random.percent(30) {
            resent.push(Packet { time: packet.time + 1 + random.below(20_000_000) as u64, ..again(packet) });
        }
    }
    let count = resent.len();
    (merged(packets, resent), count)
}

/// Shows acknowledgements before what they acknowledge, as a tap on two fibres does of which one is ahead; says how many.
pub(crate) fn hurry(packets: &[Packet], random: &mut Random) -> (Vec<Packet>, usize) {
    let mut opened = BTreeMap::new();
    let (mut slow, mut fast) = (Vec::new(), Vec::new());
    for packet in packets {
        let Some(segment) = Segment::read(&packet.bytes) else {
            slow.push(packet.clone());
            continue;
        };
        let flow = segment.flow().map(Clone::clone);
        if segment.has(SYN) {
            opened.insert(flow, packet.time);
        } else if segment.payload.is_empty() && !segment.has(FIN | RST) {
            let earliest = opened.get(&flow).map_or(packet.time, |opened| opened + 1);
            let time = packet.time.saturating_sub(random.below(LATE_NANOS as usize) as u64);
            fast.push(Packet { time: time.clamp(earliest, packet.time), ..packet.clone() });
            continue;
        }
        slow.push(packet.clone());
    }
    let count = fast.len();
    (merged(&fast, slow), count)
}

/// Both by time; what happens at the same time in the order given.
fn merged(packets: &[Packet], more: Vec<Packet>) -> Vec<Packet> {
    let mut all = packets.to_vec();
    all.extend(more);
    all.sort_by_key(|packet| packet.time);
    all
}

/// Loses segments, or parts of them, on their way to the tap: they come once the sender has waited long enough, whole.
/// Everything later happens later by that. Says how many.
pub(crate) fn delay(packets: &[Packet], random: &mut Random) -> (Vec<Packet>, usize) {
    let mut instead: Vec<Vec<Packet>> = packets.iter().map(|packet| vec![packet.clone()]).collect();
    let mut behind: Vec<Option<Packet>> = vec![None; packets.len()];
    let mut count = 0;
    for run in runs(packets) {
        let place = run[random.below(run.len())];
        let packet = &packets[place];
        let Some(segment) = Segment::read(&packet.bytes).filter(|segment| !segment.payload.is_empty()) else {
            continue;
        };
        if !random.percent(40) {
            continue;
        }
        let mut parts = pieces(packet, &segment, random);
        parts.remove(random.below(parts.len()));
        instead[place] = parts;
        behind[*run.last().unwrap()] = Some(again(packet));
        count += 1;
    }
    let (mut out, mut later) = (Vec::new(), 0);
    for (place, packets) in instead.into_iter().enumerate() {
        out.extend(packets.into_iter().map(|packet| Packet { time: packet.time + later, ..packet }));
        if let Some(packet) = behind[place].take() {
            later += TIMEOUT_NANOS;
            out.push(Packet {
                time: out.last().map_or(packet.time, |last: &Packet| last.time) + TIMEOUT_NANOS,
                ..packet
            });
        }
    }
    (out, count)
}
