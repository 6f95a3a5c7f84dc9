//! What holds for every stream, however it is cut, shuffled, repeated and lost; and for every packet, however broken.

use crate::wire::*;
use proptest::prelude::*;
use wardtap_net::flow_table::Limits;
use wardtap_net::packet::{LinkType, Packet, Timestamp};
use wardtap_net::peel::{Peeled, peel};

/// A stream of octets that tell their place: what is delivered can be compared with what was sent.
fn octets(length: usize) -> Vec<u8> {
    // No `.` or `?`, which stand for gaps.
    (0..length).map(|place| 0x80 | (place * 7 / 3 % 127) as u8).collect()
}

/// One way to send a part of the stream.
#[derive(Clone, Debug)]
struct Sent {
    from: usize,
    to: usize,
    /// Its place in the order of sending is its place in the stream and so much more.
    late: usize,
    lost: bool,
}

fn cuts(loss: bool) -> impl Strategy<Value = (usize, Vec<Sent>)> {
    let lost = if loss { prop::bool::weighted(0.2).boxed() } else { Just(false).boxed() };
    let first = (1usize..40, 0usize..12, lost);
    // Sent again, from anywhere, as long as one likes.
    let again = (any::<prop::sample::Index>(), 1usize..90, 0usize..12);
    (prop::collection::vec(first, 1..40), prop::collection::vec(again, 0..12)).prop_map(|(parts, again)| {
        let mut sent = Vec::new();
        let mut end = 0;
        for (length, late, lost) in parts {
            sent.push(Sent { from: end, to: end + length, late: sent.len() + late, lost });
            end += length;
        }
        for (start, length, late) in again {
            let from = start.index(end);
            let place = sent.iter().position(|part| part.to > from).unwrap_or(0);
            sent.push(Sent { from, to: (from + length).min(end), late: place + late, lost: false });
        }
        sent.sort_by_key(|part| part.late);
        (end, sent)
    })
}

/// Sends the parts, the FIN of the client last; acknowledges on the way if asked to.
fn play(start: u32, length: usize, parts: &[Sent], answers: bool) -> Wire {
    let stream = octets(length);
    let mut wire = Wire::new();
    wire.send(&client().at(start.wrapping_sub(1)).ack(0).flags(SYN));
    wire.send(&server().at(SERVER - 1).ack(start).flags(SYN | ACK));
    for part in parts.iter().filter(|part| !part.lost) {
        wire.send(&client().at(start).octet(part.from as u32).data(&stream[part.from..part.to]));
        if answers {
            let received = wire.seen.streams[0].len() as u32;
            wire.send(&server().ack(start.wrapping_add(received)));
        }
    }
    wire.send(&client().at(start).octet(length as u32).flags(FIN | ACK));
    wire
}

proptest! {
    #[test]
    fn the_same_stream_comes_out((length, parts) in cuts(false), start in any::<u32>(), answers in any::<bool>()) {
        let mut wire = play(start, length, &parts, answers);
        prop_assert_eq!(&wire.seen.streams[0], &octets(length), "before the end of the flow");
        prop_assert_eq!(wire.table.held_bytes(), 0);
        let flow = wire.only();
        prop_assert_eq!((flow.troubles.gaps, flow.troubles.conflicts, flow.troubles.out_of_window), (0, 0, 0));
    }

    /// With losses, every octet is either delivered, in its place, or told as missing.
    #[test]
    fn bytes_and_gaps_add_up((length, parts) in cuts(true), start in any::<u32>(), answers in any::<bool>()) {
        let mut wire = play(start, length, &parts, answers);
        let flow = wire.only();
        let sent = octets(length);
        let stream = &wire.seen.streams[0];
        let last = parts.iter().filter(|part| !part.lost).map(|part| part.to).max().unwrap_or(0);
        prop_assert_eq!(stream.len(), last);
        for (place, octet) in stream.iter().enumerate() {
            prop_assert!(*octet == b'.' || *octet == sent[place], "octet {}", place);
        }
        let missing = stream.iter().filter(|octet| **octet == b'.').count() as u64;
        prop_assert_eq!(flow.troubles.gap_bytes, missing);
        prop_assert_eq!(wire.seen.gaps[0].iter().map(|gap| gap.unwrap()).sum::<u64>(), missing);
        // What was captured and came in time is there.
        let seen = |place: usize| parts.iter().any(|part| !part.lost && (part.from..part.to).contains(&place));
        prop_assert!((0..last).all(|place| seen(place) == (stream[place] != b'.')));
    }

    /// Packets captured short: the same, with the octets that were cut off missing.
    #[test]
    fn short_packets_only_shorten((length, parts) in cuts(false), kept in prop::collection::vec(0usize..50, 60)) {
        let stream = octets(length);
        let mut wire = Wire::open();
        for (part, kept) in parts.iter().zip(&kept) {
            let cut = (part.to - part.from).saturating_sub(*kept);
            wire.send(&client().octet(part.from as u32).data(&stream[part.from..part.to]).cut(cut));
        }
        let flow = wire.only();
        let delivered = &wire.seen.streams[0];
        let last = parts.iter().map(|part| part.to).max().unwrap();
        prop_assert_eq!(delivered.len(), last);
        for (place, octet) in delivered.iter().enumerate() {
            prop_assert!(*octet == b'.' || *octet == stream[place], "octet {}", place);
        }
        prop_assert_eq!(flow.troubles.gap_bytes, delivered.iter().filter(|octet| **octet == b'.').count() as u64);
        prop_assert_eq!(flow.troubles.conflicts, 0);
    }

    /// A mirror that copies some packets, at once or a little later, changes nothing but its own count.
    #[test]
    fn copies_add_nothing((length, parts) in cuts(false), copied in prop::collection::vec(0usize..4, 60)) {
        let stream = octets(length);
        let (mut once, mut twice) = (Wire::open(), Wire::open());
        let mut waiting = Vec::new();
        for (number, (part, copied)) in parts.iter().zip(&copied).enumerate() {
            let mut segment = client().octet(part.from as u32).data(&stream[part.from..part.to]);
            once.send(&segment);
            twice.send(&segment);
            segment.id = Some(twice.id);
            if *copied > 0 {
                waiting.push((number + copied, segment.routed()));
            }
            waiting.retain(|(due, copy)| {
                if *due <= number + 1 {
                    twice.copy(copy);
                }
                *due > number + 1
            });
        }
        for (_, copy) in waiting {
            twice.copy(&copy);
        }
        let (alone, both) = (once.only(), twice.only());
        prop_assert_eq!(&once.seen.streams, &twice.seen.streams);
        prop_assert_eq!(both.troubles.duplicates, copied.iter().take(parts.len()).filter(|copied| **copied > 0).count() as u64);
        prop_assert_eq!(both.troubles.retransmissions, alone.troubles.retransmissions);
        prop_assert_eq!(both.troubles.out_of_order, alone.troubles.out_of_order);
        prop_assert_eq!(both.volume, alone.volume);
    }

    /// Segments that make no sense, in a table that is too small for them.
    #[test]
    fn no_segments_break_the_accounts(
        steps in prop::collection::vec(
            (0u8..3, any::<bool>(), prop_oneof![0u32..40, any::<u32>()], prop_oneof![0u32..40, any::<u32>()], 0u8..32, 0usize..50, 0usize..50, 0u64..8),
            0..150,
        ),
    ) {
        let limits = Limits { flows_max: 2, held_bytes_max: 700, by_vlan: false };
        let mut wire = Wire::with(limits);
        let mut delivered = 0;
        for (port, from_client, sequence, acknowledgement, flags, length, cut, pause) in steps {
            let mut segment = if from_client { client() } else { server() };
            if from_client { segment.source.1 += u16::from(port) } else { segment.destination.1 += u16::from(port) }
            let segment = segment.at(sequence).ack(acknowledgement).flags(flags).data(&vec![b'x'; length]).cut(cut.min(length));
            delivered += length;
            wire.send(&segment);
            wire.wait([0, 0, 0, MILLISECOND, 21 * MILLISECOND, SECOND, 70 * SECOND, 4000 * SECOND][pause as usize]);
            prop_assert!(wire.table.len() <= 2 && wire.table.held_bytes() <= 700);
        }
        wire.end();
        prop_assert!(wire.seen.streams.iter().flatten().filter(|octet| **octet == b'x').count() <= delivered);
        prop_assert_eq!(wire.table.counters().opened, wire.seen.finished.len() as u64);
        let gaps = wire.seen.finished.iter().map(|flow| flow.troubles.gaps).sum::<u64>();
        prop_assert_eq!(gaps, wire.seen.gaps.iter().flatten().count() as u64);
        prop_assert_eq!(wire.table.counters().gaps, gaps);
        // Frees the places on the wheel, and forgets nothing.
        wire.wait(10_000 * SECOND);
        prop_assert!(wire.table.is_empty());
    }
    /// Arbitrary octets, with the layout of another packet: nothing panics.
    #[test]
    fn layouts_of_other_packets(
        frames in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..120), any::<bool>(), 0u32..100), 1..12),
        shapes in prop::collection::vec((any::<bool>(), prop::sample::select(vec![1u8, 6, 17, 58, 132, 99]), 0usize..60), 1..4),
    ) {
        let (mut wire, mut wrong) = (Wire::new(), false);
        let layouts: Vec<_> = shapes.iter().filter_map(|(v6, protocol, length)| {
            use crate::frames::{IPV4, IPV6, ethernet, ipv4, ipv6};
            let payload = vec![0; *length];
            let frame = if *v6 { ethernet(IPV6, &ipv6(*protocol, &payload)) } else { ethernet(IPV4, &ipv4(*protocol, &payload)) };
            match peel(&crate::frames::packet(LinkType::ETHERNET, &frame)) {
                Peeled::Ip(layout) => Some(layout),
                _ => None,
            }
        }).collect();
        for (bytes, tick, unsent) in &frames {
            for layout in &layouts {
                wire.now = wire.now.plus(MILLISECOND);
                let packet = Packet { time: wire.now, link: LinkType::ETHERNET, bytes, sent: bytes.len() as u32 + unsent };
                wire.table.packet(&packet, 1, layout, &mut wire.seen);
                wrong |= wardtap_net::checksum::is_wrong(&packet, layout);
                if *tick {
                    wire.wait(SECOND);
                }
            }
        }
        wire.table.tick(Timestamp::from_nanos(u64::MAX), &mut wire.seen);
        wire.end();
        prop_assert!(!wrong || !frames.is_empty());
    }
}
