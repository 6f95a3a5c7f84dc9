//! Who opened a flow, and how that is known.

use crate::frames::*;
use crate::wire::*;
use wardtap_net::address::Mac;
use wardtap_net::flow::{FlowState, OrientedBy};
use wardtap_net::stream::Side;

#[track_caller]
fn oriented(wire: &mut Wire) -> (Side, OrientedBy) {
    let identity = wire.only().identity;
    (identity.originator, identity.oriented_by)
}

#[test]
fn by_the_syn() {
    let mut wire = Wire::new();
    // Against the ports.
    wire.send(&server().at(SERVER - 1).ack(0).flags(SYN));
    assert_eq!(oriented(&mut wire), (Side::B, OrientedBy::Syn));
}

#[test]
fn by_the_answer() {
    let mut wire = Wire::new();
    wire.send(&client().at(CLIENT - 1).flags(SYN | ACK));
    assert_eq!(oriented(&mut wire), (Side::B, OrientedBy::SynAck));
}

#[test]
fn by_the_smaller_port_or_by_who_was_first() {
    let mut wire = Wire::new();
    wire.send(&server().data(b"x"));
    assert_eq!(oriented(&mut wire), (Side::A, OrientedBy::Port));
    for (first, side) in [(client(), Side::A), (server(), Side::B)] {
        let mut wire = Wire::new();
        let mut same = first.data(b"x");
        (same.source.1, same.destination.1) = (7, 7);
        wire.send(&same);
        assert_eq!(oriented(&mut wire), (side, OrientedBy::Port));
    }
}

#[test]
fn by_what_icmp_asks() {
    let v4 = |from: u8, to: u8, kind: u8, code: u8| {
        let header = V4 { source: [10, 0, 0, from], destination: [10, 0, 0, to], ..V4 };
        ethernet(IPV4, &header.packet(1, &[kind, code, 0, 0, 0, 0, 0, 0]))
    };
    let v6 = |from: u8, to: u8, kind: u8, code: u8| {
        let mut packet = ipv6(58, &[kind, code, 0, 0, 0, 0, 0, 0]);
        (packet[23], packet[39]) = (from, to);
        ethernet(IPV6, &packet)
    };
    for (asking, answering, is_v6) in
        [(8, 0, false), (13, 14, false), (17, 18, false), (10, 9, false), (128, 129, true), (135, 136, true)]
    {
        let message: &dyn Fn(u8, u8, u8, u8) -> Vec<u8> = if is_v6 { &v6 } else { &v4 };
        for (asker, answerer, side) in [(1, 2, Side::A), (2, 1, Side::B)] {
            // Only the answer is seen, or both.
            for both in [false, true] {
                let mut wire = Wire::new();
                if both {
                    wire.frame(&message(asker, answerer, asking, 0), 60);
                }
                wire.frame(&message(answerer, asker, answering, 0), 60);
                let flow = wire.only();
                let found = (flow.identity.originator, flow.identity.oriented_by);
                assert_eq!(found, (side, OrientedBy::Protocol), "{asking} from {asker}");
                assert_eq!(side.of(&flow.volume).packets, u64::from(both));
            }
        }
    }
    // What nothing answers was opened by its sender, whatever type and code are.
    for (kind, code) in [(3, 13), (3, 3), (11, 0), (5, 2)] {
        let mut wire = Wire::new();
        wire.frame(&v4(2, 1, kind, code), 60);
        let flow = wire.only();
        assert_eq!(
            (flow.identity.originator, flow.identity.key.addresses[0].to_string()),
            (Side::A, "10.0.0.2".into())
        );
    }
}

#[test]
fn one_way_messages_of_both_ends_are_two_flows() {
    let mut wire = Wire::new();
    for (from, to) in [(1, 2), (2, 1)] {
        let header = V4 { source: [10, 0, 0, from], destination: [10, 0, 0, to], ..V4 };
        wire.frame(&ethernet(IPV4, &header.packet(1, &[3, 1, 0, 0, 0, 0, 0, 0])), 60);
    }
    wire.end();
    assert_eq!(wire.seen.finished.len(), 2);
    assert!(wire.seen.finished.iter().all(|flow| flow.volume[1].packets == 0));
}

#[test]
fn mac_addresses_are_the_senders_own_where_they_were_heard() {
    let mut wire = Wire::new();
    wire.send(&client());
    let mut answer = server();
    answer.macs = [0x77, 0x11];
    wire.send(&answer);
    let flow = wire.only();
    assert_eq!(flow.macs, [0x11, 0x77].map(|last| Mac([2, 0, 0, 0, 0, last])));
    let mut wire = Wire::new();
    wire.send(&client());
    assert_eq!(wire.only().macs, [0x11, 0x22].map(|last| Mac([2, 0, 0, 0, 0, last])));
}

#[test]
fn states() {
    let mut wire = Wire::new();
    wire.send(&client().at(CLIENT - 1).ack(0).flags(SYN));
    assert_eq!(wire.only().state, FlowState::SynSent);
    assert_eq!(Wire::open().only().state, FlowState::Established);
    let mut wire = Wire::open();
    wire.send(&client().flags(RST));
    assert_eq!(wire.only().state, FlowState::Reset);
    assert_eq!(FlowState::Closing.name(), "closing");
}

#[test]
fn tunnels_keep_flows_apart_and_both_directions_together() {
    let overlay = |network: u32, inner: &[u8]| {
        let header = join(&[&[8, 0, 0, 0], &(network << 8).to_be_bytes(), inner]);
        ethernet(IPV4, &ipv4(17, &udp(50_000, 4789, &header)))
    };
    let back = V4 { source: [10, 0, 0, 2], destination: [10, 0, 0, 1], ..V4 }.packet(6, &tcp(502, 40_000, b"answer"));
    let mut wire = Wire::new();
    for network in [0, 1, 2] {
        let frame = if network == 0 { plain() } else { overlay(network, &plain()) };
        wire.frame(&frame, frame.len() as u32);
        let frame = if network == 0 { ethernet(IPV4, &back) } else { overlay(network, &ethernet(IPV4, &back)) };
        wire.frame(&frame, frame.len() as u32);
    }
    wire.end();
    assert_eq!(wire.seen.finished.len(), 3);
    assert!(wire.seen.finished.iter().all(|flow| flow.volume.map(|volume| volume.packets) == [1, 1]));
    assert_eq!(wire.seen.finished.iter().map(|flow| flow.identity.key.tunnel).collect::<Vec<_>>(), [0, 1, 2]);
}
