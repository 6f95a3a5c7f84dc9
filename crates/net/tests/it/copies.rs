//! Copies that a mirror makes add nothing but their own count.

use crate::frames::{IPV4, V4, ethernet, ipv6, udp, vlan};
use crate::wire::*;
use wardtap_net::flow_table::Limits;

/// One conversation, with everything in it that a connection has.
fn conversation() -> Vec<Tcp> {
    vec![
        client().at(CLIENT - 1).ack(0).flags(SYN),
        server().at(SERVER - 1).flags(SYN | ACK),
        client(),
        client().data(b"question one"),
        server().ack(CLIENT + 12),
        server().ack(CLIENT + 12).data(&[b'a'; 1400]),
        server().ack(CLIENT + 12).octet(1400).data(&[b'b'; 1400]),
        client().octet(12).ack(SERVER + 2800),
        // A hole, filled later; the acknowledgement in between says the same twice, as receivers do.
        server().octet(2810).ack(CLIENT + 12).data(b"late"),
        client().octet(12).ack(SERVER + 2800),
        client().octet(12).ack(SERVER + 2800),
        server().octet(2800).ack(CLIENT + 12).data(b"0123456789"),
        // Sent again.
        client().data(b"question one"),
        client().octet(11).ack(SERVER + 2814), // keep-alive
        client().octet(12).ack(SERVER + 2814).flags(FIN | ACK).data(b"bye"),
        server().octet(2814).ack(CLIENT + 16).flags(FIN | ACK),
        client().octet(16).ack(SERVER + 2815),
        server().octet(2815).ack(CLIENT + 16).flags(RST),
    ]
}

fn plain(v6: bool) -> Wire {
    let mut wire = Wire::new();
    for mut segment in conversation() {
        if v6 {
            segment.options = stamp(wire.frame);
        }
        segment.v6 = v6;
        wire.send(&segment);
    }
    wire
}

/// A timestamp option, which is what tells IPv6 packets apart.
fn stamp(number: u64) -> Vec<u8> {
    [&[1, 1, 8, 10][..], &number.to_be_bytes()].concat()
}

/// The mirror shows each packet before and after the router; the copy comes `late` packets later.
fn mirrored(v6: bool, late: usize) -> Wire {
    let mut wire = Wire::new();
    let mut copies = std::collections::VecDeque::new();
    for mut segment in conversation() {
        if v6 {
            segment.options = stamp(copies.len() as u64 + wire.table.counters().duplicates);
        }
        segment.v6 = v6;
        wire.send(&segment);
        segment.id = Some(wire.id);
        copies.push_back(segment.routed());
        if copies.len() > late {
            wire.copy(&copies.pop_front().unwrap());
        }
    }
    for copy in copies {
        wire.copy(&copy);
    }
    wire
}

#[test]
fn a_conversation_routed_through_two_mirrored_vlans() {
    for v6 in [false, true] {
        for late in [0, 1, 3] {
            let (mut once, mut twice) = (plain(v6), mirrored(v6, late));
            let (alone, both) = (once.only(), twice.only());
            assert_eq!(once.seen.streams, twice.seen.streams);
            assert!(once.server_stream().ends_with("b0123456789late"));
            assert_eq!(both.troubles.duplicates, conversation().len() as u64, "v6 {v6}, late by {late}");
            assert_eq!((both.volume, both.state), (alone.volume, alone.state));
            assert_eq!((both.macs, both.identity.vlan), (alone.macs, alone.identity.vlan));
            let counts = |flow: &Finished| {
                let troubles = &flow.troubles;
                (
                    troubles.retransmissions,
                    troubles.conflicts,
                    troubles.out_of_order,
                    troubles.keep_alives,
                    troubles.gaps,
                )
            };
            assert_eq!(counts(&both), counts(&alone));
            assert_eq!(counts(&alone), (1, 0, 1, 1, 0));
            assert_eq!(once.table.counters().duplicates, 0);
            assert_eq!(twice.table.counters().duplicates, conversation().len() as u64);
        }
    }
}

#[test]
fn a_copy_changed_in_its_checksum_alone() {
    let mut wire = Wire::open();
    let mut segment = client().data(b"abc");
    wire.send(&segment);
    segment.bad_checksum = true;
    wire.copy(&segment);
    assert_eq!(wire.only().troubles.duplicates, 1);
}

#[test]
fn later_than_ten_milliseconds_it_is_a_retransmission() {
    let mut wire = Wire::open();
    let segment = client().data(b"abc");
    wire.send(&segment).wait(10 * MILLISECOND).copy(&segment);
    wire.wait(1).copy(&segment);
    let flow = wire.only();
    assert_eq!((flow.troubles.duplicates, flow.troubles.retransmissions), (1, 1));
}

#[test]
fn what_differs_is_no_copy() {
    let original = client().data(b"abc");
    for other in [
        original.clone().data(b"abX"),
        original.clone().ack(SERVER + 1),
        original.clone().flags(ACK | 8),
        Tcp { window: 9, ..original.clone() },
        Tcp { id: Some(0xffff), ..original.clone() },
    ] {
        let mut wire = Wire::open();
        wire.send(&original).copy(&other);
        let flow = wire.only();
        assert_eq!((flow.troubles.duplicates, flow.troubles.retransmissions), (0, 1), "{other:?}");
    }
}

/// Identification and window must not cancel each other out.
#[test]
fn a_retransmission_with_another_window() {
    for bit in 0..8 {
        let mut wire = Wire::open();
        let first = Tcp { id: Some(0x100), window: 0x1000, ..client().data(b"abc") };
        let again = Tcp { id: Some(0x100 ^ 1 << bit), window: 0x1000 ^ 1 << (bit + 8), ..first.clone() };
        wire.send(&first).send(&again);
        assert_eq!(wire.only().troubles.retransmissions, 1, "bit {bit}");
    }
}

/// A tag more, and the snapshot length cuts four octets more of the payload.
#[test]
fn a_copy_captured_shorter() {
    let mut wire = Wire::open();
    let segment = client().data(&[b'x'; 200]);
    wire.send(&segment.clone().cut(100));
    wire.copy(&segment.routed().cut(104));
    let flow = wire.only();
    assert_eq!((flow.troubles.duplicates, flow.troubles.retransmissions, flow.troubles.gap_bytes), (1, 0, 100));
}

#[test]
fn with_vlans_kept_apart_there_are_two_flows() {
    let mut wire = Wire::with(Limits { by_vlan: true, ..LIMITS });
    let segment = client().data(b"abc");
    wire.send(&segment).copy(&segment.routed());
    wire.end();
    assert_eq!((wire.seen.finished.len(), wire.table.counters().duplicates), (2, 0));
}

#[test]
fn datagrams() {
    let datagram = |id: u16, payload: &[u8]| ethernet(IPV4, &V4 { id, ..V4 }.packet(17, &udp(40_000, 161, payload)));
    let mut wire = Wire::new();
    wire.frame(&datagram(5, b"poll"), 60);
    let mut routed =
        ethernet(0x8100, &vlan(3, IPV4, &V4 { id: 5, ttl: 63, ..V4 }.packet(17, &udp(40_000, 161, b"poll"))));
    let at = routed.len() - 6;
    routed[at] = 0xee; // the checksum of the copy
    wire.frame(&routed, 64);
    wire.frame(&datagram(6, b"poll"), 60);
    wire.frame(&datagram(6, b"POLL"), 60);
    let flow = wire.only();
    assert_eq!((flow.volume[0].packets, flow.volume[0].bytes, flow.troubles.duplicates), (3, 180, 1));
}

/// One poll to many devices: the same datagram, but for its receiver.
#[test]
fn the_same_datagram_to_neighbours_is_no_copy() {
    let mut wire = Wire::new();
    for host in 1..=250 {
        let header = V4 { source: [10, 0, 0, 251], destination: [10, 0, 0, host], id: 0, ..V4 };
        wire.frame(&ethernet(IPV4, &header.packet(17, &udp(40_000, 161, b"poll"))), 60);
        wire.frame(
            &ethernet(crate::frames::IPV6, &{
                let mut packet = ipv6(17, &udp(40_000, 161, b"poll"));
                packet[39] = host;
                packet
            }),
            60,
        );
    }
    assert_eq!(wire.table.counters().duplicates, 0);
}

#[test]
fn pings_with_other_numbers_are_no_copies() {
    let ping = |sequence: u8, checksum: u8| {
        ethernet(IPV4, &V4 { id: 0, ..V4 }.packet(1, &[8, 0, 0, checksum, 0, 1, 0, sequence, b'x', b'y']))
    };
    let mut wire = Wire::new();
    for sequence in 0..5 {
        wire.frame(&ping(sequence, sequence), 60);
    }
    wire.frame(&ping(4, 99), 60);
    let flow = wire.only();
    assert_eq!((flow.volume[0].packets, flow.troubles.duplicates), (5, 1));
}
