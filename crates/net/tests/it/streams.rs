//! What order, repetition and overlap do to a stream.

use crate::wire::*;
use wardtap_net::flow::FlowState;
use wardtap_net::packet::{LinkType, Packet, Timestamp};
use wardtap_net::peel::{Peeled, peel};

#[test]
fn in_order_bytes_are_not_copied() {
    let mut wire = Wire::open();
    let frame = crate::frames::ethernet(
        crate::frames::IPV4,
        &crate::frames::V4 { source: [10, 0, 0, 9], ..crate::frames::V4 }
            .packet(6, &crate::frames::tcp(40_000, 502, b"payload")),
    );
    let packet = Packet { time: wire.now, link: LinkType::ETHERNET, bytes: &frame, sent: frame.len() as u32 };
    let Peeled::Ip(layout) = peel(&packet) else { unreachable!() };
    wire.table.packet(&packet, 1, &layout, &mut wire.seen);
    assert_eq!(wire.seen.places, [&raw const frame[54]]);
    assert_eq!(wire.seen.copied, 0);
}

#[test]
fn a_whole_conversation() {
    let mut wire = Wire::open();
    wire.send(&client().data(b"question"));
    wire.send(&server().ack(CLIENT + 8).data(b"answer"));
    wire.send(&client().octet(8).ack(SERVER + 6).flags(FIN | ACK));
    wire.send(&server().octet(6).ack(CLIENT + 9).flags(FIN | ACK));
    wire.send(&client().octet(9).ack(SERVER + 7));
    assert_eq!((wire.client_stream().as_str(), wire.server_stream().as_str()), ("question", "answer"));
    let flow = wire.only();
    assert_eq!((flow.state, flow.from_start), (FlowState::Closed, [true, true]));
    assert_eq!(flow.volume.map(|volume| volume.packets), [5, 3]);
    assert_eq!(format!("{:?}", flow.troubles), format!("{:?}", wardtap_net::flow::Troubles::default()));
    assert_eq!(wire.seen.heard.len(), 2);
}

#[test]
fn out_of_order_is_held_and_told_with_the_frame_that_completed_it() {
    let mut wire = Wire::open();
    wire.send(&client().octet(3).data(b"def"));
    wire.send(&client().octet(9).data(b"jkl"));
    wire.send(&client().octet(6).data(b"ghi"));
    assert_eq!(wire.client_stream(), "");
    assert_eq!(wire.table.held_bytes(), 9 + 3 * 64);
    wire.send(&client().data(b"abc"));
    assert_eq!(wire.client_stream(), "abcdefghijkl");
    assert_eq!(wire.seen.frames, [7, 7, 7, 7]);
    assert_eq!((wire.table.held_bytes(), wire.seen.copied), (0, 9));
    let flow = wire.only();
    assert_eq!((flow.troubles.out_of_order, flow.troubles.retransmissions, flow.troubles.gaps), (3, 0, 0));
}

#[test]
fn retransmissions_change_nothing() {
    let mut wire = Wire::open();
    let (first, second) = (client().data(b"abc"), client().octet(3).data(b"def"));
    wire.send(&first).send(&first).send(&second).send(&first).send(&client().data(b"abcdef"));
    assert_eq!(wire.client_stream(), "abcdef");
    // Held data that come again are retransmissions, not further disorder.
    let early = client().octet(9).data(b"jkl");
    wire.send(&early).send(&early).send(&client().octet(6).data(b"ghi"));
    assert_eq!(wire.client_stream(), "abcdefghijkl");
    let flow = wire.only();
    assert_eq!((flow.troubles.retransmissions, flow.troubles.conflicts, flow.troubles.out_of_order), (4, 0, 1));
}

#[test]
fn a_retransmission_with_more_brings_what_is_new() {
    let mut wire = Wire::open();
    wire.send(&client().data(b"abc"));
    wire.send(&client().octet(1).data(b"bcde"));
    wire.send(&client().data(b"abcdefgh"));
    assert_eq!(wire.client_stream(), "abcdefgh");
    assert_eq!(wire.only().troubles.retransmissions, 2);
}

#[test]
fn the_first_copy_of_held_bytes_is_kept() {
    let mut wire = Wire::open();
    wire.send(&client().octet(3).data(b"def"));
    // Overlaps on both sides, with other bytes inside.
    wire.send(&client().octet(2).data(b"cXXXg"));
    wire.send(&client().data(b"ab"));
    assert_eq!(wire.client_stream(), "abcdefg");
    let flow = wire.only();
    assert_eq!((flow.troubles.conflicts, flow.troubles.out_of_order), (1, 2));
}

/// What fills a hole may reach over what is held: that came first.
#[test]
fn what_is_held_wins_over_what_arrives_in_order() {
    let mut wire = Wire::open();
    wire.send(&client().octet(3).data(b"def"));
    wire.send(&client().octet(9).data(b"jkl"));
    wire.send(&client().data(b"abcXXXghiYYYm"));
    assert_eq!(wire.client_stream(), "abcdefghijklm");
    assert_eq!(wire.only().troubles.conflicts, 1);
}

#[test]
fn the_same_bytes_overlapping_are_no_conflict() {
    let mut wire = Wire::open();
    wire.send(&client().octet(3).data(b"def"));
    wire.send(&client().octet(4).data(b"efgh"));
    wire.send(&client().data(b"abcdefghij"));
    assert_eq!(wire.client_stream(), "abcdefghij");
    assert_eq!(wire.only().troubles.conflicts, 0);
}

#[test]
fn other_bytes_than_were_delivered_are_counted_where_it_can_be_known() {
    let mut wire = Wire::open();
    wire.send(&client().data(b"abc"));
    wire.send(&client().octet(3).data(b"def"));
    wire.send(&client().data(b"aXc"));
    wire.send(&client().octet(3).data(b"def"));
    // Another length: nothing is left to compare with.
    wire.send(&client().octet(3).data(b"XX"));
    assert_eq!(wire.client_stream(), "abcdef");
    let flow = wire.only();
    assert_eq!((flow.troubles.conflicts, flow.troubles.retransmissions), (1, 3));
}

#[test]
fn sequence_numbers_wrap() {
    for start in [u32::MAX - 4, u32::MAX, 0x7fff_fffc] {
        let mut wire = Wire::new();
        let client = client().ack(0);
        wire.send(&client.clone().at(start).flags(SYN));
        wire.send(&server().at(SERVER - 1).ack(start.wrapping_add(1)).flags(SYN | ACK));
        let data = client.at(start.wrapping_add(1)).ack(SERVER);
        wire.send(&data.clone().data(b"abc"));
        wire.send(&data.clone().octet(6).data(b"ghi"));
        wire.send(&data.clone().octet(3).data(b"def"));
        wire.send(&data.clone().octet(2).data(b"cdefghijk"));
        wire.send(&data.octet(11).flags(FIN | ACK));
        assert_eq!(wire.client_stream(), "abcdefghijk", "{start}");
        let flow = wire.only();
        assert_eq!((flow.troubles.gaps, flow.troubles.out_of_window), (0, 0));
        assert_eq!(flow.state, FlowState::Closing);
    }
}

#[test]
fn keep_alives_are_not_data() {
    let mut wire = Wire::open();
    wire.send(&client().data(b"abc"));
    wire.send(&client().octet(2)); // empty, as most hosts do
    wire.send(&client().octet(2).data(b"X")); // with an octet of garbage, as RFC 9293 section 3.8.4 has it
    wire.send(&client().octet(3).data(b"def"));
    assert_eq!(wire.client_stream(), "abcdef");
    let flow = wire.only();
    assert_eq!((flow.troubles.keep_alives, flow.troubles.retransmissions, flow.troubles.conflicts), (2, 0, 0));
}

#[test]
fn a_stream_without_its_syn_starts_with_what_is_seen_first() {
    let mut wire = Wire::new();
    wire.send(&client().octet(5000).data(b"abc"));
    wire.send(&server().octet(700).data(b"uvw"));
    wire.send(&client().octet(5003).data(b"def"));
    assert_eq!((wire.client_stream().as_str(), wire.server_stream().as_str()), ("abcdef", "uvw"));
    let flow = wire.only();
    assert_eq!((flow.from_start, flow.state), ([false, false], FlowState::Seen));
    assert_eq!(flow.troubles.gaps, 0);
}

#[test]
fn one_direction_only() {
    let mut wire = Wire::new();
    wire.send(&server().at(SERVER - 1).flags(SYN | ACK));
    wire.send(&server().data(b"abc"));
    wire.send(&server().octet(6).data(b"ghi"));
    wire.send(&server().octet(3).data(b"def"));
    assert_eq!(wire.server_stream(), "abcdefghi");
    wire.end();
    assert_eq!(wire.seen.finished[0].from_start, [true, true], "the answer names the client's number too");
    assert_eq!((wire.table.counters().one_sided, wire.seen.heard.len()), (1, 1));
}

/// The SYN-ACK says where the client's stream begins: what is missing there is known.
#[test]
fn a_lost_syn_hides_nothing_that_the_answer_shows() {
    let mut wire = Wire::new();
    wire.send(&server().at(SERVER - 1).flags(SYN | ACK));
    wire.send(&client().octet(3).data(b"def"));
    wire.send(&client().data(b"abc"));
    assert_eq!(wire.client_stream(), "abcdef");
}

#[test]
fn syn_and_fin_with_data() {
    let mut wire = Wire::new();
    wire.send(&client().at(CLIENT - 1).ack(0).flags(SYN).data(b"abc"));
    wire.send(&server().at(SERVER - 1).ack(CLIENT + 3).flags(SYN | ACK));
    wire.send(&client().octet(3).flags(FIN | ACK).data(b"def"));
    wire.send(&client().octet(6).flags(FIN | ACK)); // the FIN alone, again
    wire.send(&client().octet(3).flags(FIN | ACK).data(b"def")); // with its data
    wire.send(&client().octet(7)); // behind the FIN: what is expected
    wire.send(&client().octet(6)); // one before that
    assert_eq!(wire.client_stream(), "abcdef");
    let flow = wire.only();
    assert_eq!((flow.troubles.retransmissions, flow.troubles.keep_alives), (2, 1));
    assert_eq!((flow.state, flow.from_start[0]), (FlowState::Closing, true));
}

#[test]
fn syn_and_fin_sent_again_are_retransmissions() {
    let mut wire = Wire::new();
    let syn = client().at(CLIENT - 1).ack(0).flags(SYN);
    wire.send(&syn).wait(SECOND).send(&syn);
    wire.send(&server().at(SERVER - 1).flags(SYN | ACK)).send(&server().at(SERVER - 1).flags(SYN | ACK));
    wire.send(&client().flags(FIN | ACK)).send(&client().flags(FIN | ACK));
    let flow = wire.only();
    assert_eq!((flow.troubles.retransmissions, flow.state), (3, FlowState::Closing));
    assert_eq!(flow.volume.map(|volume| volume.packets), [4, 2]);
}

/// Two fibres, two clocks: the answer may be seen before the question.
#[test]
fn the_answer_may_be_captured_before_the_syn() {
    let mut wire = Wire::new();
    wire.send(&server().at(SERVER - 1).flags(SYN | ACK));
    wire.send(&client().at(CLIENT - 1).ack(0).flags(SYN));
    wire.send(&client().data(b"abc"));
    assert_eq!(wire.client_stream(), "abc");
    let flow = wire.only();
    assert_eq!((flow.from_start, flow.state), ([true, true], FlowState::Established));
    assert_eq!((flow.troubles.retransmissions, flow.troubles.out_of_window), (0, 0));
}

#[test]
fn both_ends_may_open_at_once() {
    let mut wire = Wire::new();
    wire.send(&client().at(CLIENT - 1).ack(0).flags(SYN));
    wire.send(&server().at(SERVER - 1).ack(0).flags(SYN));
    wire.send(&client().at(CLIENT - 1).flags(SYN | ACK));
    wire.send(&server().at(SERVER - 1).flags(SYN | ACK));
    wire.send(&client().data(b"abc")).send(&server().data(b"uvw"));
    assert_eq!((wire.client_stream().as_str(), wire.server_stream().as_str()), ("abc", "uvw"));
    let flow = wire.only();
    assert_eq!((flow.from_start, flow.troubles.out_of_window), ([true, true], 0));
}

#[test]
fn wrong_checksums_are_counted_and_accepted() {
    let mut wire = Wire::open();
    let mut wrong = client().data(b"abc");
    wrong.bad_checksum = true;
    wire.send(&wrong);
    assert_eq!(wire.client_stream(), "abc");
    assert_eq!(wire.table.counters().bad_checksums, 1);
    let mut table = wardtap_net::flow_table::Counters::default();
    table.add(wire.table.counters());
    assert_eq!(table.bad_checksums, 1);
}

#[test]
fn headers_that_are_cut_or_lie() {
    let mut wire = Wire::new();
    for (offset, captured) in [(0x40, 60), (0xf0, 60), (0x50, 45), (0x50, 35)] {
        let mut segment = crate::frames::tcp(1, 2, &[]);
        segment[12] = offset;
        let frame = crate::frames::ethernet(crate::frames::IPV4, &crate::frames::ipv4(6, &segment));
        wire.frame(&frame[..captured.min(frame.len())], frame.len() as u32);
    }
    assert_eq!(wire.table.counters().bad_transport, 4);
    assert!(wire.table.is_empty());
}

#[test]
fn time_of_chunks_is_the_frame_s() {
    let mut wire = Wire::open();
    wire.now = Timestamp::EPOCH;
    wire.send(&client().data(b"abc"));
    let flow = wire.only();
    assert_eq!(wire.client_stream(), "abc");
    assert!(flow.identity.first > Timestamp::from_seconds(999));
}

/// Data behind a FIN are nothing that RFC 9293 knows, but they must not upset the accounts.
#[test]
fn data_behind_a_fin() {
    let mut wire = Wire::open();
    wire.send(&client().octet(1).data(b"XYZ"));
    wire.send(&client().flags(FIN | ACK));
    wire.send(&client().octet(6).data(b"W"));
    assert_eq!(wire.only().troubles.gap_bytes, 2);
    assert_eq!(wire.client_stream(), "XYZ..W");
}
