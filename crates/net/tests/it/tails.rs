//! The end of a stream when the tap missed it: what the other end acknowledged, or FIN shows, was there.

use crate::wire::*;
use wardtap_net::reassembler::GRACE_NANOS;

#[test]
#[ignore = "octets that nothing follows are not missed"]
fn octets_that_were_acknowledged_and_never_seen() {
    let mut wire = Wire::open();
    wire.send(&client().data(b"abc"));
    wire.send(&server().ack(CLIENT + 9));
    let flow = wire.only();
    assert_eq!(wire.client_stream(), "abc......");
    assert_eq!((flow.troubles.gaps, flow.troubles.gap_bytes), (1, 6));
    assert_eq!((wire.table.counters().gaps, wire.table.counters().with_gaps), (1, 1));
}

#[test]
#[ignore = "octets that nothing follows are not missed"]
fn octets_before_a_fin_that_were_never_seen() {
    let mut wire = Wire::open();
    wire.send(&client().data(b"abc"));
    wire.send(&client().octet(9).flags(FIN | ACK));
    let flow = wire.only();
    assert_eq!(wire.client_stream(), "abc......");
    assert_eq!((flow.troubles.gaps, flow.troubles.gap_bytes), (1, 6));
}

#[test]
#[ignore = "octets that nothing follows are not missed"]
fn octets_behind_those_that_were_held() {
    let mut wire = Wire::open();
    wire.send(&client().octet(3).data(b"def"));
    wire.send(&server().ack(CLIENT + 10));
    wire.send(&client().octet(9).flags(FIN | ACK));
    wire.send(&server().ack(CLIENT + 10).flags(FIN | ACK));
    let flow = wire.only();
    assert_eq!(wire.client_stream(), "...def...");
    assert_eq!((flow.troubles.gaps, flow.troubles.gap_bytes), (2, 6));
}

#[test]
fn the_numbers_of_syn_and_fin_are_no_octets() {
    let mut wire = Wire::open();
    wire.send(&client().data(b"abc"));
    wire.send(&client().octet(3).flags(FIN | ACK));
    wire.send(&server().ack(CLIENT + 4).flags(FIN | ACK));
    wire.send(&client().octet(4).ack(SERVER + 1));
    assert_eq!(wire.only().troubles.gaps, 0);
    let mut wire = Wire::open();
    assert_eq!(wire.only().troubles.gaps, 0);
}

/// It is counted as heard from one end; its whole other half is no gap.
#[test]
fn a_flow_of_which_one_end_is_not_captured() {
    let mut wire = Wire::new();
    wire.send(&server().at(SERVER - 1).flags(SYN | ACK));
    wire.send(&server().data(b"uvw").ack(CLIENT + 9));
    assert_eq!(wire.only().troubles.gaps, 0);
    assert_eq!(wire.table.counters().one_sided, 1);
}

#[test]
fn an_acknowledgement_from_nowhere_is_no_end() {
    let mut wire = Wire::open();
    wire.send(&client().data(b"abc"));
    wire.send(&server().ack(CLIENT + 0x4000_0000));
    assert_eq!(wire.only().troubles.gaps, 0);
}

/// A tap on two fibres shows it before the segment that was sent again.
#[test]
#[ignore = "the grace runs from when the hole opened, not from when its end was acknowledged"]
fn an_acknowledgement_before_the_segment_that_was_sent_again() {
    let mut wire = Wire::open();
    wire.send(&client().octet(3).data(b"def"));
    wire.wait(250 * MILLISECOND).send(&server().ack(CLIENT + 6));
    wire.wait(GRACE_NANOS / 10).send(&client().data(b"abc"));
    assert_eq!(wire.client_stream(), "abcdef");
}
