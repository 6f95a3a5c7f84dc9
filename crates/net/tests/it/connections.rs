//! Connections that begin anew between the same ports, and packets that only pretend so.

use crate::wire::*;
use wardtap_net::flow::{FlowState, OrientedBy};
use wardtap_net::stream::Side;

/// The numbers of the next connection, far from those of the first.
const NEXT_CLIENT: u32 = 0x5000_0000;
const NEXT_SERVER: u32 = 0x6000_0000;

fn next_client() -> Tcp {
    client().at(NEXT_CLIENT).ack(NEXT_SERVER)
}

fn next_server() -> Tcp {
    server().at(NEXT_SERVER).ack(NEXT_CLIENT)
}

fn next_syn() -> Tcp {
    next_client().at(NEXT_CLIENT - 1).ack(0).flags(SYN)
}

fn next_answer() -> Tcp {
    next_server().at(NEXT_SERVER - 1).flags(SYN | ACK)
}

#[track_caller]
fn assert_two(wire: &mut Wire, first: FlowState) {
    wire.end();
    let seen = &wire.seen;
    assert_eq!(seen.finished.len(), 2, "{:#?}", seen.finished);
    assert_eq!(seen.finished[0].state, first);
    let next = &seen.finished[1];
    assert_eq!((next.from_start, next.troubles.gaps), ([true, true], 0));
    assert_eq!((next.identity.originator, next.identity.oriented_by), (Side::A, OrientedBy::Syn));
    assert_eq!((wire.client_stream().as_str(), wire.server_stream().as_str()), ("abcABC", "uvwUVW"));
    assert_eq!(wire.table.counters().opened, 2);
    assert_eq!(seen.heard.len(), 4);
}

fn first_and_next(between: impl FnOnce(&mut Wire)) -> Wire {
    let mut wire = Wire::open();
    wire.send(&client().data(b"abc")).send(&server().ack(CLIENT + 3).data(b"uvw"));
    between(&mut wire);
    wire.send(&next_syn()).send(&next_answer()).send(&next_client());
    wire.send(&next_client().data(b"ABC")).send(&next_server().ack(NEXT_CLIENT + 3).data(b"UVW"));
    wire
}

#[test]
fn after_fin_from_both_ends() {
    let mut wire = first_and_next(|wire| {
        wire.send(&client().octet(3).flags(FIN | ACK)).send(&server().octet(3).flags(FIN | ACK));
    });
    assert_two(&mut wire, FlowState::Closed);
}

#[test]
fn after_rst() {
    let mut wire = first_and_next(|wire| {
        wire.send(&server().octet(3).flags(RST));
    });
    assert_two(&mut wire, FlowState::Reset);
}

/// Nothing of the end was seen: the answer of the other end tells.
#[test]
fn after_an_end_that_was_not_seen() {
    let mut wire = first_and_next(|_| ());
    assert_two(&mut wire, FlowState::Established);
    let mut wire = first_and_next(|wire| {
        wire.wait(1800 * SECOND);
    });
    assert_two(&mut wire, FlowState::Established);
}

#[test]
fn with_holes_open() {
    let mut wire = Wire::open();
    wire.send(&client().octet(3).data(b"def"));
    wire.send(&next_syn()).send(&next_answer()).send(&next_client().octet(3).data(b"DEF"));
    wire.wait(SECOND).send(&next_client().data(b"ABC"));
    assert_eq!(wire.client_stream(), "...defABCDEF");
    wire.wait(3 * SECOND);
    wire.end();
    assert_eq!(wire.seen.finished.len(), 2);
}

/// The answer is lost at the tap: the server's acknowledgement of the new number tells.
#[test]
fn with_the_answer_lost() {
    let mut wire = Wire::open();
    wire.send(&client().data(b"abc"));
    wire.send(&next_syn());
    wire.send(&next_server());
    wire.send(&next_client().data(b"ABC"));
    assert_eq!(wire.client_stream(), "abcABC");
    wire.end();
    assert_eq!(wire.seen.finished.len(), 2);
    assert!(wire.seen.finished[1].from_start[0]);
}

/// The SYN is lost at the tap.
#[test]
fn with_the_syn_lost() {
    let mut wire = Wire::open();
    wire.send(&client().data(b"abc")).send(&server().data(b"uvw"));
    wire.send(&next_answer());
    wire.send(&next_client().data(b"ABC")).send(&next_server().data(b"UVW"));
    assert_eq!((wire.client_stream().as_str(), wire.server_stream().as_str()), ("abcABC", "uvwUVW"));
    wire.end();
    assert_eq!(wire.seen.finished.len(), 2);
    let identity = wire.seen.finished[1].identity;
    assert_eq!((identity.originator, identity.oriented_by), (Side::A, OrientedBy::SynAck));
}

#[test]
fn of_which_one_direction_is_seen() {
    let mut wire = Wire::new();
    wire.send(&client().at(CLIENT - 1).ack(0).flags(SYN));
    wire.send(&client()).send(&client().data(b"abc"));
    wire.send(&next_syn()).send(&next_client());
    assert_eq!(wire.table.counters().opened, 1, "a SYN alone could be forged");
    wire.send(&next_client().data(b"ABC"));
    assert_eq!(wire.client_stream(), "abcABC");
    wire.end();
    assert_eq!(wire.seen.finished.len(), 2);
    assert_eq!(wire.seen.finished[1].identity.oriented_by, OrientedBy::Syn);

    let mut wire = Wire::new();
    wire.send(&server().at(SERVER - 1).flags(SYN | ACK)).send(&server().data(b"abc"));
    wire.send(&next_answer()).send(&next_server().data(b"ABC"));
    assert_eq!(wire.server_stream(), "abcABC");
    wire.end();
    assert_eq!(wire.seen.finished.len(), 2);
    assert_eq!(wire.seen.finished[1].from_start, [false, true]);
    assert_eq!(wire.seen.finished[1].identity.originator, Side::A);

    // Closed by the one end that is seen: no need to wait.
    let mut wire = Wire::new();
    wire.send(&server().at(SERVER - 1).flags(SYN | ACK)).send(&server().flags(FIN | ACK).data(b"abc"));
    wire.send(&next_answer());
    assert_eq!(wire.table.counters().opened, 2);
}

#[test]
fn seen_from_the_middle_and_then_anew() {
    let mut wire = Wire::new();
    wire.send(&server().octet(77).data(b"uvw")); // of the client nothing was seen
    wire.send(&next_syn()).send(&next_answer());
    wire.send(&next_client().data(b"ABC")).send(&next_server().data(b"UVW"));
    assert_eq!((wire.client_stream().as_str(), wire.server_stream().as_str()), ("ABC", "uvwUVW"));
    wire.end();
    assert_eq!(wire.seen.finished.len(), 2);
}

#[test]
fn a_forged_syn_tears_nothing_apart() {
    for idle in [MILLISECOND, 1800 * SECOND] {
        let mut wire = Wire::open();
        wire.send(&client().data(b"abc")).wait(idle);
        wire.send(&next_syn());
        wire.send(&server().ack(CLIENT + 3)); // the server challenges: RFC 5961 section 4.2
        wire.send(&next_syn().data(b"forged"));
        wire.send(&next_answer().ack(77));
        wire.send(&client().octet(3).data(b"def")).send(&server().data(b"uvw"));
        assert_eq!((wire.client_stream().as_str(), wire.server_stream().as_str()), ("abcdef", "uvw"));
        let flow = wire.only();
        assert_eq!((flow.state, flow.troubles.out_of_window), (FlowState::Established, 3));
    }
}

#[test]
fn a_forged_syn_does_not_turn_a_flow_around() {
    let mut wire = Wire::new();
    wire.send(&client().data(b"abc"));
    wire.send(&server().data(b"uvw"));
    wire.send(&next_server().flags(SYN));
    let flow = wire.only();
    assert_eq!(
        (flow.state, flow.identity.originator, flow.identity.oriented_by),
        (FlowState::Seen, Side::A, OrientedBy::Port)
    );
}

#[test]
fn a_forged_rst_or_fin_from_outside_the_window_ends_nothing() {
    let mut wire = Wire::open();
    wire.send(&client().data(b"abc"));
    wire.send(&next_client().flags(RST)).send(&next_client().flags(FIN | ACK)).send(&next_server().flags(FIN | ACK));
    wire.send(&client().octet(3).data(b"def"));
    assert_eq!(wire.client_stream(), "abcdef");
    let flow = wire.only();
    assert_eq!((flow.state, flow.troubles.out_of_window), (FlowState::Established, 3));
}

#[test]
fn data_after_rst_are_still_the_flow_s() {
    let mut wire = Wire::open();
    wire.send(&client().data(b"abc"));
    wire.send(&server().flags(RST));
    wire.send(&client().octet(3).data(b"def"));
    assert_eq!(wire.client_stream(), "abcdef");
    let flow = wire.only();
    assert_eq!(flow.state, FlowState::Reset);
}

#[test]
fn a_refused_syn_tried_again() {
    let mut wire = Wire::new();
    let refusal = server().at(0).flags(RST | ACK);
    let syn = client().at(CLIENT - 1).ack(0).flags(SYN);
    // Windows tries three times with one number; Linux takes another.
    wire.send(&syn).send(&refusal).send(&syn).send(&refusal);
    assert_eq!(wire.table.counters().opened, 1);
    wire.send(&next_syn()).send(&server().at(0).ack(NEXT_CLIENT).flags(RST | ACK));
    wire.end();
    assert_eq!(wire.seen.finished.iter().map(|flow| flow.state).collect::<Vec<_>>(), [FlowState::Reset; 2]);
    assert_eq!(wire.seen.finished[0].troubles.retransmissions, 1);
}

#[test]
fn accepted_after_a_refusal() {
    let mut wire = Wire::new();
    wire.send(&client().at(CLIENT - 1).ack(0).flags(SYN)).send(&server().at(0).flags(RST | ACK));
    wire.handshake();
    wire.send(&client().data(b"abc")).send(&server().data(b"uvw"));
    assert_eq!((wire.client_stream().as_str(), wire.server_stream().as_str()), ("abc", "uvw"));
    let flow = wire.only();
    assert_eq!(flow.from_start, [true, true]);
}

#[test]
fn a_late_syn_of_the_same_connection() {
    let mut wire = Wire::open();
    wire.send(&client().data(b"abc"));
    wire.wait(100 * MILLISECOND).send(&client().at(CLIENT - 1).ack(0).flags(SYN));
    wire.send(&server().data(b"uvw"));
    wire.wait(100 * MILLISECOND).send(&server().at(SERVER - 1).flags(SYN | ACK));
    wire.send(&client().octet(3).data(b"def"));
    assert_eq!(wire.client_stream(), "abcdef");
    let flow = wire.only();
    assert_eq!((flow.state, flow.troubles.out_of_window), (FlowState::Established, 0));
}

#[test]
fn late_packets_of_an_ended_connection_open_none() {
    let mut wire = Wire::open();
    wire.send(&client().flags(FIN | ACK)).send(&server().ack(CLIENT + 1).flags(FIN | ACK));
    wire.wait(5 * SECOND).send(&client().octet(1).ack(SERVER + 1));
    wire.send(&server().octet(1).ack(CLIENT + 1).flags(RST));
    wire.only();
    assert_eq!(wire.table.counters().opened, 1);
}

/// A thousand conversations between two ports, each closed: one flow each, and nothing left over.
#[test]
fn many_in_a_row() {
    let mut wire = Wire::new();
    for round in 0..1000u32 {
        let (c, s) = (round.wrapping_mul(0x9e37_79b9), round.wrapping_mul(0x85eb_ca6b));
        wire.send(&client().at(c.wrapping_sub(1)).ack(0).flags(SYN));
        wire.send(&server().at(s.wrapping_sub(1)).ack(c).flags(SYN | ACK));
        wire.send(&client().at(c).ack(s).octet(1).data(b"b")).send(&client().at(c).ack(s).data(b"a"));
        wire.send(&server().at(s).ack(c.wrapping_add(2)).flags(FIN | ACK).data(b"z"));
        wire.send(&client().at(c.wrapping_add(2)).ack(s.wrapping_add(2)).flags(FIN | ACK));
        wire.wait(10 * MILLISECOND);
    }
    wire.end();
    assert_eq!(wire.seen.finished.len(), 1000);
    assert!(wire.seen.finished.iter().all(|flow| flow.state == FlowState::Closed && flow.from_start == [true, true]));
    assert_eq!((wire.client_stream(), wire.server_stream()), ("ab".repeat(1000), "z".repeat(1000)));
}
