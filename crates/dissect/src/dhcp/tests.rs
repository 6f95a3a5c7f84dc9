use proptest::prelude::*;
use wardtap_net::stream::Side;

use super::KINDS;
use crate::exercise::{Step, Transcript, exercise};
use crate::{FlowFacts, Transport};

const FLOW: FlowFacts =
    FlowFacts { ports: [68, 67], originator: None, from_start: [false; 2], requester: None, transport: Transport::Udp };

/// A message for IPv4; its address is 10.0.0.7.
fn message(operation: u8, transaction: u8, options: &[(u8, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![operation, 1, 6, 0, 0, 0, 0, transaction];
    bytes.resize(16, 0);
    bytes.extend(if operation == 2 { [10, 0, 0, 7] } else { [0; 4] });
    bytes.resize(28, 0);
    bytes.extend([2, 0x57, 0x54, 0, 0, 9]);
    bytes.resize(44, 0);
    bytes.extend(b"CANARY");
    bytes.resize(236, 0);
    bytes.extend([99, 130, 83, 99]);
    for (code, value) in options {
        bytes.extend([*code, u8::try_from(value.len()).unwrap()]);
        bytes.extend(*value);
    }
    bytes.push(255);
    bytes
}

fn read(flow: &FlowFacts, steps: &[(Side, Vec<u8>)]) -> Transcript {
    let steps: Vec<Step> = steps.iter().map(|(side, bytes)| Step::Bytes(*side, bytes.clone())).collect();
    exercise(flow, &steps, &[1])
}

#[test]
fn a_client_says_what_it_is_and_a_server_where_to_send() {
    let asks: [(u8, &[u8]); 6] = [
        (53, &[1]),
        (12, b"CANARY"),
        (61, &[1, 2, 3, 4, 5, 6, 7]),
        (60, b"MSFT 5.0"),
        (50, &[10, 0, 0, 7]),
        (55, &[1, 3, 6, 15]),
    ];
    let offers: [(u8, &[u8]); 9] = [
        (53, &[2]),
        (54, &[10, 0, 0, 8]),
        (51, &[0, 0, 14, 16]),
        (3, &[10, 0, 0, 1, 10, 0, 0, 2]),
        (6, &[10, 0, 0, 53]),
        (42, &[10, 0, 0, 123]),
        (66, b"CANARY"),
        (15, b"CANARY"),
        (82, b"CANARY"),
    ];
    let steps = [(Side::A, message(1, 1, &asks)), (Side::B, message(2, 1, &offers)), (Side::B, message(2, 1, &offers))];
    let found = read(&FLOW, &steps);
    let offer = r#"{"kind":"offer","router":"10.0.0.1","name_server":"10.0.0.53","time_server":"10.0.0.123","boot":true,"address":"10.0.0.7","server":"10.0.0.8","lease_seconds":3600,"relay_information":true}"#;
    assert_eq!(
        found.messages,
        [
            r#"A dhcp discover request 283 {"kind":"discover","vendor_class":"MSFT 5.0","parameters":"1,3,6,15","requested":"10.0.0.7","identifier_type":1,"host_name":true}"#.to_owned(),
            format!("B dhcp offer response 302 paired {offer}"),
            format!("B dhcp offer response 302 {offer}"),
        ]
    );
    // Clues of such clients are told by hardware address, elsewhere.
    assert!(found.clues.is_empty());
}

#[test]
fn kinds_are_those_of_the_standard() {
    for (kind, name) in [(1, "discover"), (5, "ack"), (8, "inform"), (9, "other"), (0, "other"), (255, "other")] {
        let found = read(&FLOW, &[(Side::A, message(1, 1, &[(53, &[kind])]))]);
        assert!(found.messages[0].starts_with(&format!("A dhcp {name} request")), "{found:?}");
    }
    for options in [&[][..], &[(53, &[][..])], &[(53, &[1, 1])]] {
        let found = read(&FLOW, &[(Side::B, message(2, 1, options))]);
        assert!(found.messages[0].starts_with("B dhcp bootp response"), "{found:?}");
    }
    let ack = read(&FLOW, &[(Side::B, message(2, 1, &[(53, &[5])])), (Side::B, message(2, 1, &[(53, &[6])]))]);
    assert!(ack.messages[0].contains(" positive {") && ack.messages[1].contains("nak response 244 {"), "{ack:?}");
}

#[test]
fn what_has_not_its_shape_does_not_leave() {
    let found = read(&FLOW, &[(Side::A, message(1, 1, &[(53, &[1]), (60, b"CANARY's phone"), (55, &[7; 41])]))]);
    assert_eq!(found.messages, [r#"A dhcp discover request 303 {"kind":"discover","vendor_class":"(unreadable)"}"#]);
    // Addresses that are cut are none; what a client tells of routers is not the network's.
    let found = read(&FLOW, &[(Side::B, message(2, 1, &[(53, &[5]), (3, &[10, 0, 0])]))]);
    assert!(!found.messages[0].contains("router"), "{found:?}");
    let found = read(&FLOW, &[(Side::A, message(1, 1, &[(53, &[1]), (3, &[10, 0, 0, 1])]))]);
    assert!(!found.messages[0].contains("router"), "{found:?}");
}

#[test]
fn the_cookie_names_it_on_any_port_and_every_cut_is_survived() {
    let flow = FlowFacts { ports: [40_000, 4011], ..FLOW };
    let whole = message(1, 1, &[(53, &[3]), (60, b"PXEClient")]);
    assert_eq!(read(&flow, &[(Side::A, whole.clone())]).protocol, Some("dhcp"));
    for cut in 0..whole.len() {
        let found = read(&FLOW, &[(Side::A, whole.clone()), (Side::A, whole[..cut].to_vec())]);
        let expected = if cut < 240 { (1, vec!["not-dhcp"]) } else { (2, vec![]) };
        assert_eq!((found.messages.len(), found.anomalies), expected, "{cut}");
    }
    let mut other = whole;
    other[236] = 0;
    assert_eq!(read(&FLOW, &[(Side::A, other)]).protocol, None);
}

#[test]
fn of_ipv6_too() {
    let flow = FlowFacts { ports: [546, 547], ..FLOW };
    let solicit =
        [&[1, 0, 0, 9][..], &[0, 16, 0, 14, 0, 0, 1, 0x37, 0, 8], b"MSFT 5.0", &[0, 6, 0, 4, 0, 23, 0, 24]].concat();
    let server = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
    let advertise = [&[2, 0, 0, 9, 0, 23, 0, 16][..], &server, &[0, 13, 0, 2, 0, 0]].concat();
    let relayed = [&[13, 0][..], &[0; 32], &[0, 9, 0, 30], &advertise].concat();
    let found = read(&flow, &[(Side::A, solicit), (Side::B, advertise), (Side::B, relayed)]);
    assert_eq!(
        found.messages,
        [
            r#"A dhcp v6-solicit request 30 {"kind":"v6-solicit","vendor_class":"MSFT 5.0","parameters":"23,24"}"#,
            r#"B dhcp v6-advertise response 30 paired {"kind":"v6-advertise","name_server":"fd00::9","status":0}"#,
            r#"B dhcp v6-advertise response 68 {"kind":"v6-advertise","name_server":"fd00::9","status":0,"relayed":true}"#,
        ]
    );
    assert_eq!(found.clues, ["A dhcp-vendor-class MSFT 5.0"]);
    assert_eq!(read(&FLOW, &[(Side::A, vec![1, 0, 0, 9])]).protocol, None);
    let elsewhere = FlowFacts { ports: [40_000, 40_001], ..FLOW };
    assert_eq!(read(&elsewhere, &[(Side::A, vec![1, 0, 0, 9])]).protocol, None);
    for (kind, name) in (1..=11).zip(&KINDS[10..]) {
        let found = read(&flow, &[(Side::A, vec![kind, 0, 0, 9])]);
        assert!(found.messages[0].contains(&format!(r#"{{"kind":"{name}""#)), "{found:?}");
    }
}

#[test]
fn requests_that_nobody_answers_are_given_up() {
    let steps: Vec<_> = (0..=255).map(|transaction| (Side::A, message(1, transaction, &[(53, &[3])]))).collect();
    let found = read(&FLOW, &steps);
    assert!((1..4096).contains(&found.held_max), "{}", found.held_max);
}

proptest! {
    #[test]
    fn no_octets_are_too_strange(operation in 1u8..3, rest in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut bytes = message(operation, 1, &[(53, &[3])]);
        bytes.pop();
        bytes.extend(&rest);
        prop_assert_eq!(read(&FLOW, &[(Side::A, bytes)]).messages.len(), 1);
        let flow = FlowFacts { ports: [546, 547], ..FLOW };
        let _ = read(&flow, &[(Side::A, [vec![1, 0, 0, 1], rest].concat())]);
    }
}
