//! Bytes that are missing: how long they are waited for, and what is said of them.

use crate::wire::*;
use wardtap_net::flow_table::Limits;
use wardtap_net::packet::Timestamp;
use wardtap_net::reassembler::{GRACE_NANOS, HELD_SEGMENTS_MAX, HELD_SIDE_MAX, STALL_NANOS};

#[test]
fn a_hole_that_the_receiver_has_acknowledged_is_given_up_after_the_grace() {
    let mut wire = Wire::open();
    wire.send(&client().octet(3).data(b"def"));
    wire.send(&server().ack(CLIENT + 6));
    assert_eq!(wire.client_stream(), "");
    wire.wait(GRACE_NANOS).send(&server().ack(CLIENT + 6).data(b"uvw"));
    assert_eq!((wire.client_stream().as_str(), wire.server_stream().as_str()), ("...def", "uvw"));
    let flow = wire.only();
    assert_eq!((flow.troubles.gaps, flow.troubles.gap_bytes), (1, 3));
    assert_eq!(
        (wire.table.counters().gaps, wire.table.counters().gap_bytes, wire.table.counters().with_gaps),
        (1, 3, 1)
    );
}

#[test]
fn an_acknowledgement_seen_first_does_not_shorten_the_grace() {
    let mut wire = Wire::open();
    wire.send(&server().ack(CLIENT + 6));
    wire.send(&client().octet(3).data(b"def"));
    wire.send(&client().data(b"abc"));
    assert_eq!(wire.client_stream(), "abcdef");
}

#[test]
fn an_acknowledgement_of_what_was_never_sent_says_nothing() {
    let mut wire = Wire::open();
    wire.send(&client().octet(3).data(b"def"));
    wire.send(&server().ack(CLIENT + 0x2000_0000));
    wire.wait(2 * GRACE_NANOS).send(&server());
    assert_eq!(wire.client_stream(), "");
    wire.send(&client().data(b"abc"));
    assert_eq!(wire.client_stream(), "abcdef");
}

#[test]
fn a_hole_that_nobody_fills_is_given_up_at_a_tick() {
    let mut wire = Wire::open();
    wire.send(&client().octet(3).data(b"def"));
    wire.send(&client().octet(9).data(b"jkl"));
    wire.wait(SECOND).wait(SECOND - 10 * MILLISECOND);
    assert_eq!(wire.client_stream(), "");
    wire.wait(STALL_NANOS);
    assert_eq!(wire.client_stream(), "...def...jkl");
    assert_eq!(wire.table.held_bytes(), 0);
    // Too late.
    wire.send(&client().data(b"abc"));
    assert_eq!(wire.client_stream(), "...def...jkl");
    assert_eq!(wire.only().troubles.gaps, 2);
}

#[test]
fn a_hole_ends_with_its_flow() {
    let mut wire = Wire::open();
    wire.send(&client().octet(3).data(b"def"));
    wire.send(&server().octet(2).data(b"w"));
    let flow = wire.only();
    assert_eq!((wire.client_stream().as_str(), wire.server_stream().as_str()), ("...def", "..w"));
    assert_eq!((flow.troubles.gaps, flow.troubles.gap_bytes), (2, 5));
}

#[test]
fn too_much_behind_a_hole() {
    let mut wire = Wire::open();
    let mut sent = 10;
    while sent < HELD_SIDE_MAX as u32 + 2000 {
        wire.send(&client().octet(sent).data(&[b'x'; 1000]));
        assert!(wire.table.held_bytes() <= HELD_SIDE_MAX);
        sent += 1000;
    }
    assert_eq!(wire.seen.gaps[0], [Some(10)]);
    assert_eq!(wire.seen.streams[0].len() as u32, sent);
    assert_eq!(wire.only().troubles.gaps, 1);
}

#[test]
fn too_many_segments_behind_holes() {
    let mut wire = Wire::open();
    for number in 0..HELD_SEGMENTS_MAX as u32 + 5 {
        wire.send(&client().octet(2 * number + 1).data(b"x"));
    }
    assert_eq!(wire.client_stream(), ".x".repeat(5));
    wire.end();
    assert_eq!(wire.client_stream(), ".x".repeat(HELD_SEGMENTS_MAX + 5));
}

/// One large segment far ahead must not be held beside many small ones for ever.
#[test]
fn holes_are_given_up_until_there_is_room() {
    let mut wire = Wire::open();
    for number in 0..200 {
        wire.send(&client().octet(2 * number + 1).data(b"x"));
    }
    for number in 0..10 {
        wire.send(&client().octet(100_000 * (number + 1)).data(&[b'y'; 60_000]));
        assert!(wire.table.held_bytes() <= HELD_SIDE_MAX);
    }
}

#[test]
fn all_flows_of_a_table_share_a_limit() {
    let mut wire = Wire::with(Limits { held_bytes_max: 10_000, ..LIMITS });
    for port in 1..=20 {
        let mut segment = client();
        segment.source.1 = port;
        wire.send(&segment.clone().data(b"a"));
        wire.send(&segment.octet(11).data(&[b'x'; 900]));
        assert!(wire.table.held_bytes() <= 10_000);
    }
    assert_eq!(wire.table.counters().evicted_holes, 10);
    assert_eq!(wire.seen.gaps[0].len(), 10);
    wire.end();
    assert_eq!(wire.seen.gaps[0], [Some(10); 20]);
}

#[test]
fn captured_short_is_a_gap_of_known_length() {
    let mut wire = Wire::open();
    wire.send(&client().data(b"abcdef").cut(2));
    wire.send(&client().octet(6).data(b"ghi"));
    wire.send(&client().octet(9).data(b"jkl").cut(3));
    wire.send(&client().octet(12).data(b"mno"));
    assert_eq!(wire.client_stream(), "abcd..ghi...mno");
    let flow = wire.only();
    assert_eq!((flow.troubles.gaps, flow.troubles.gap_bytes, flow.troubles.retransmissions), (2, 5, 0));
}

#[test]
fn captured_short_and_out_of_order() {
    let mut wire = Wire::open();
    wire.send(&client().octet(3).data(b"defghi").cut(4));
    wire.send(&client().octet(12).data(b"mno").cut(3));
    // Reaches into what was cut off: a first copy is kept, with what it lacks.
    wire.send(&client().octet(7).data(b"hijkl"));
    wire.send(&client().data(b"abc"));
    assert_eq!(wire.client_stream(), "abcde....jkl...");
    assert_eq!(wire.only().troubles.gap_bytes, 7);
}

#[test]
fn captured_short_in_options_has_no_payload() {
    let mut wire = Wire::open();
    let mut segment = client().data(b"abc").cut(9);
    segment.options = vec![1; 12];
    wire.send(&segment);
    assert_eq!(wire.client_stream(), "...");
}

#[test]
fn a_lone_segment_from_far_away_is_ignored() {
    let mut wire = Wire::open();
    wire.send(&client().data(b"abc"));
    for _ in 0..100 {
        wire.send(&client().octet(0x4000_0000).data(b"XXX"));
        wire.send(&client().octet(0xc000_0000).data(b"XXX"));
        wire.send(&client().octet(wire.seen.streams[0].len() as u32).data(b"y"));
    }
    assert_eq!(wire.client_stream(), format!("abc{}", "y".repeat(100)));
    let flow = wire.only();
    assert_eq!((flow.troubles.out_of_window, flow.troubles.gaps), (200, 0));
}

/// A capture that slept, or a middlebox that renumbered.
#[test]
fn a_stream_that_has_moved_is_followed() {
    let mut wire = Wire::open();
    wire.send(&client().data(b"abc"));
    wire.send(&client().octet(6).data(b"ghi"));
    wire.send(&server().octet(2).data(b"w"));
    for number in 0..12u32 {
        wire.send(&client().octet(0x4000_0000 + number).data(b"x"));
    }
    assert_eq!(wire.client_stream(), "abc...ghi?xxxxx");
    assert_eq!(wire.seen.gaps[0], [Some(3), None]);
    assert_eq!(wire.server_stream(), "", "the other end's hole stays open");
    let flow = wire.only();
    assert_eq!((flow.troubles.out_of_window, flow.troubles.gap_bytes), (8, 5));
}

#[test]
fn time_that_goes_back_gives_nothing_up() {
    let mut wire = Wire::open();
    wire.send(&client().octet(3).data(b"def"));
    wire.send(&server().ack(CLIENT + 6));
    wire.now = Timestamp::EPOCH;
    wire.send(&server().ack(CLIENT + 6));
    assert_eq!(wire.client_stream(), "");
    wire.send(&client().data(b"abc"));
    assert_eq!(wire.client_stream(), "abcdef");
}
