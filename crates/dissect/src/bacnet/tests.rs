use proptest::prelude::*;
use wardtap_net::stream::Side;

use super::{KINDS, Kind};
use crate::exercise::{Step, Transcript, exercise};
use crate::{FlowFacts, Transport};

const FLOW: FlowFacts = FlowFacts {
    ports: [0xbac0, 0xbac0],
    originator: None,
    from_start: [false; 2],
    requester: None,
    transport: Transport::Udp,
};

/// A message of the link layer.
fn bvll(function: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 4).unwrap().to_be_bytes();
    [&[0x81, function, length[0], length[1]], body].concat()
}

/// An APDU from one device to another.
fn apdu(body: &[u8]) -> Vec<u8> {
    bvll(0x0a, &[&[1, 0], body].concat())
}

fn read(flow: &FlowFacts, steps: &[(Side, Vec<u8>)]) -> Transcript {
    let steps: Vec<Step> = steps.iter().map(|(side, bytes)| Step::Bytes(*side, bytes.clone())).collect();
    exercise(flow, &steps, &[1])
}

fn of_a(bytes: Vec<u8>) -> Transcript {
    read(&FLOW, &[(Side::A, bytes)])
}

/// The one line that came of it.
fn line(bytes: Vec<u8>) -> String {
    let found = of_a(bytes);
    let [line] = &found.messages[..] else { panic!("{found:?}") };
    assert!(found.anomalies.is_empty(), "{found:?}");
    line.clone()
}

/// analog-output 101, property 85, priority 8; the value between.
fn write(value: &[u8]) -> Vec<u8> {
    apdu(&[&[0, 5, 7, 15, 0x0c, 0, 0x40, 0, 101, 0x19, 85, 0x3e][..], value, &[0x3f, 0x49, 8]].concat())
}

#[test]
fn the_kinds_stand_in_their_order() {
    for (kind, name) in [(Kind::WhoIs, "who-is"), (Kind::OtherConfirmed, "other-confirmed"), (Kind::Secure, "secure")] {
        assert_eq!(KINDS[kind as usize], name);
    }
    assert_eq!(KINDS.len(), Kind::Secure as usize + 1);
}

#[test]
fn a_write_says_what_it_sets_and_its_answer_belongs_to_it() {
    let answer = apdu(&[0x20, 7, 15]);
    let found =
        read(&FLOW, &[(Side::A, write(&[0x44, 0x41, 0xac, 0, 0])), (Side::B, answer.clone()), (Side::B, answer)]);
    assert_eq!(
        found.messages,
        [
            "A bacnet write-property request 26 {\"kind\":\"write-property\",\"object_type\":\"analog-output\",\
             \"property\":\"present-value\",\"priority\":8,\"instance\":101,\"value\":22}",
            "B bacnet simple-ack response 9 positive paired {\"kind\":\"simple-ack\",\"service\":\"write-property\"}",
            // Nobody waits for it any more.
            "B bacnet simple-ack response 9 positive {\"kind\":\"simple-ack\",\"service\":\"write-property\"}",
        ]
    );
}

#[test]
fn numbers_are_rounded_and_their_sign_is_apart() {
    for (value, shown) in [
        (&[0x44, 0xc0, 0xb0, 0, 0][..], "\"negative\":true,\"instance\":101,\"value\":6}"),
        (&[0x44, 0x3e, 0x80, 0, 0], "\"priority\":8,\"instance\":101,\"value\":0}"),
        (&[0x44, 0xbe, 0x80, 0, 0], "\"priority\":8,\"instance\":101,\"value\":0}"),
        (&[0x44, 0x7f, 0xc0, 0, 0], "\"priority\":8,\"instance\":101}"),
        (&[0x44, 0x7f, 0x7f, 0, 0], "\"value\":9223372036854775807}"),
        (&[0x55, 8, 0x40, 0x59, 0, 0, 0, 0, 0, 0], "\"value\":100}"),
        (&[0x31, 0xfe], "\"negative\":true,\"instance\":101,\"value\":2}"),
        (&[0x22, 1, 0], "\"value\":256}"),
        (&[0x91, 3], "\"value\":3}"),
        (&[0x11], "\"value\":1}"),
        // A command given up; several values; text.
        (&[0x00], "\"state\":\"relinquish\",\"priority\":8,\"instance\":101}"),
        (&[0x21, 1, 0x21, 2], "\"priority\":8,\"instance\":101}"),
        (&[0x75, 7, 0, b'C', b'A', b'N', b'A', b'R', b'Y'], "\"priority\":8,\"instance\":101}"),
        (&[], "\"object_type\":\"analog-output\",\"property\":\"present-value\""),
    ] {
        let line = line(write(value));
        assert!(line.contains(shown) && !line.contains("CANARY"), "{value:?}: {line}");
    }
}

#[test]
fn several_objects_show_what_they_have_in_common() {
    // Two analog outputs, both present-value, with values.
    let one = |instance| [0x0c, 0, 0x40, 0, instance, 0x1e, 0x09, 85, 0x2e, 0x21, 5, 0x2f, 0x39, 8, 0x1f];
    let writes = line(apdu(&[&[0, 5, 7, 16][..], &one(1), &one(2)].concat()));
    assert!(
        writes.ends_with(r#""object_type":"analog-output","property":"present-value","priority":8,"properties":2}"#),
        "{writes}"
    );
    let reads =
        line(apdu(&[0, 5, 7, 14, 0x0c, 0, 0x40, 0, 1, 0x1e, 9, 85, 9, 28, 0x1f, 0x0c, 2, 0, 0, 1, 0x1e, 9, 70, 0x1f]));
    assert!(reads.ends_with(r#""object_type":"several","property":"several","properties":3}"#), "{reads}");
}

#[test]
fn devices_say_whose_make_they_are() {
    let i_am = [0x10, 0, 0xc4, 2, 0, 0, 9, 0x22, 5, 0xc4, 0x91, 3, 0x22, 1, 4];
    let found = of_a(bvll(0x0b, &[&[1, 0x20, 0xff, 0xff, 0, 0xff][..], &i_am].concat()));
    assert_eq!(
        found.messages,
        [r#"A bacnet i-am request 25 {"kind":"i-am","device":9,"vendor":260,"destination_network":65535}"#]
    );
    assert_eq!(found.clues, ["A bacnet-vendor 260"]);
    // What a router passes on for a device behind it, and what a broadcast device does, is not of the sender.
    let routed = [&[1, 8, 0, 3, 1, 77][..], &i_am].concat();
    assert_eq!(of_a(bvll(0x0a, &routed)).clues, [""; 0]);
    let forwarded = [&[10, 0, 0, 1, 0xba, 0xc0, 1, 0][..], &i_am].concat();
    let found = of_a(bvll(0x04, &forwarded));
    assert_eq!((found.clues.len(), found.messages[0].contains("\"forwarded\":true")), (0, true));
}

#[test]
fn model_and_versions_leave_and_names_do_not() {
    let text = |property: u8, text: &[u8]| {
        let length = u8::try_from(text.len() + 1).unwrap();
        [&[0x29, property, 0x4e, 0x75, length, 0][..], text, &[0x4f]].concat()
    };
    let device = [0x30, 9, 14, 0x0c, 2, 0, 0, 9, 0x1e];
    let body = [
        &device[..],
        &text(70, b"AX-2000"),
        &text(44, b"1.2.3"),
        &text(12, b"CANARY@ward"),
        &text(77, b"CANARY"),
        &text(28, b"CANARY"),
        &text(58, b"CANARY"),
        &[0x29, 139, 0x5e, 0x91, 2, 0x91, 32, 0x5f, 0x1f],
    ]
    .concat();
    let found = read(&FLOW, &[(Side::B, apdu(&body))]);
    assert_eq!(found.clues, ["B bacnet-model AX-2000", "B bacnet-firmware 1.2.3"]);
    assert!(found.anomalies.is_empty() && !found.messages[0].contains("CANARY"), "{found:?}");
    // A text of another object is none.
    let other = [&[0x30, 9, 12, 0x0c, 0, 0, 0, 9, 0x19, 70, 0x3e, 0x75, 3, 0], &b"AB"[..], &[0x3f]].concat();
    assert_eq!(of_a(apdu(&other)).clues, [""; 0]);
}

#[test]
fn refusals_are_told_from_what_clients_try() {
    let ask = apdu(&[0, 5, 7, 12, 0x0c, 0, 0, 0, 1, 0x19, 85]);
    for (answer, end) in [
        (
            &[0x50, 7, 12, 0x91, 2, 0x91, 40][..],
            r#"negative paired {"kind":"error","service":"read-property","error_class":"property","error_code":"write-access-denied"}"#,
        ),
        (
            &[0x50, 7, 12, 0x91, 2, 0x91, 32],
            r#"13 paired {"kind":"error","service":"read-property","error_class":"property","error_code":"unknown-property"}"#,
        ),
        (&[0x50, 7, 12, 0x0e, 0x91, 5, 0x91, 200, 0x0f], r#""error_class":"services","error_code":200}"#),
        (
            &[0x60, 7, 9],
            r#"negative paired {"kind":"reject","reason":"unrecognized-service","refused":"read-property"}"#,
        ),
        (&[0x71, 7, 4], r#"9 paired {"kind":"abort","reason":"segmentation-not-supported","refused":"read-property"}"#),
        (&[0x71, 7, 5], r#"negative paired {"kind":"abort","reason":"security-error","refused":"read-property"}"#),
        // Of another invoke id.
        (&[0x60, 8, 9], r#"negative {"kind":"reject","reason":"unrecognized-service"}"#),
    ] {
        let found = read(&FLOW, &[(Side::A, ask.clone()), (Side::B, apdu(answer))]);
        assert!(found.messages[1].ends_with(end) || found.messages[1].contains(end), "{found:?}");
    }
}

#[test]
fn segments_are_messages_of_one_answer() {
    let ask = apdu(&[2, 5, 7, 14, 0x0c, 2, 0, 0, 1, 0x1e, 9, 76, 0x1f]);
    let steps = [
        (Side::A, ask),
        (Side::B, apdu(&[0x3c, 7, 0, 4, 14, 0x0c, 2])),
        (Side::A, apdu(&[0x40, 7, 0, 4])),
        (Side::B, apdu(&[0x38, 7, 1, 4, 14, 0xff])),
    ];
    let found = read(&FLOW, &steps);
    assert!(found.anomalies.is_empty(), "{found:?}");
    assert!(found.messages[1].contains("paired") && found.messages[1].ends_with(r#""segment":0}"#));
    assert!(found.messages[2].contains("segment-ack request"));
    assert!(!found.messages[3].contains("paired") && found.messages[3].ends_with(r#""segment":1}"#));
}

#[test]
fn what_is_below_the_services() {
    for (bytes, shown) in [
        (bvll(0x05, &[0, 60]), r#"foreign-device request 6 {"kind":"foreign-device","service":"register"}"#),
        (bvll(0x00, &[0, 0x30]), r#"bvlc-result response 6 negative {"kind":"bvlc-result","result":48}"#),
        (bvll(0x00, &[0, 0]), r#"bvlc-result response 6 positive {"kind":"bvlc-result","result":0}"#),
        (bvll(0x01, &[0; 10]), r#"broadcast-table request 14 {"kind":"broadcast-table","service":"write"}"#),
        (bvll(0x03, &[]), r#"broadcast-table response 4 positive {"kind":"broadcast-table","service":"read"}"#),
        (bvll(0x0c, &[7; 9]), r#"secure request 13 {"kind":"secure"}"#),
        (bvll(0x0b, &[1, 0x80, 0]), r#"{"kind":"network-message","service":"who-is-router-to-network"}"#),
        (bvll(0x0b, &[1, 0x80, 200, 0, 1]), r#"{"kind":"network-message","service":"proprietary"}"#),
    ] {
        let line = line(bytes);
        assert!(line.contains(shown), "{line}");
    }
}

#[test]
fn commands_to_devices_are_named() {
    for (body, shown) in [
        (
            &[0, 5, 1, 20, 9, 0, 0x1d, 7, 0, b'C', b'A', b'N', b'A', b'R', b'Y'][..],
            r#"{"kind":"reinitialize-device","state":"coldstart"}"#,
        ),
        (&[0, 5, 1, 17, 9, 60, 0x19, 1], r#"{"kind":"device-communication-control","state":"disable"}"#),
        (&[0, 5, 1, 7, 0xc4, 2, 0x80, 0, 1], r#"{"kind":"atomic-write-file","object_type":"file","instance":1}"#),
        (
            &[0, 5, 1, 5, 9, 18, 0x1c, 0, 0, 0, 10, 0x29, 1, 0x39, 0],
            r#"{"kind":"subscribe-cov","object_type":"analog-input","instance":10}"#,
        ),
        (&[0x10, 8, 9, 0, 0x1b, 0x3f, 0xff, 0xff], r#"{"kind":"who-is","low":0,"high":4194303}"#),
        (&[0x10, 8], r#"{"kind":"who-is"}"#),
        (
            &[0, 5, 1, 11, 0xc4, 0, 0, 0, 1],
            r#"{"kind":"other-confirmed","service":"delete-object","object_type":"analog-input","instance":1}"#,
        ),
        (
            &[0x10, 2, 9, 0, 0x1c, 2, 0, 0, 4, 0x2c, 0xff, 0xc0, 0, 1],
            r#"{"kind":"cov-notification","object_type":"proprietary","instance":1,"device":4}"#,
        ),
    ] {
        let line = line(apdu(body));
        assert!(line.ends_with(shown), "{line}");
    }
}

#[test]
fn on_another_port_only_a_whole_service_names_it() {
    let flow = FlowFacts { ports: [40_000, 40_001], ..FLOW };
    let named = |bytes: Vec<u8>| read(&flow, &[(Side::A, bytes)]).protocol;
    assert_eq!(named(apdu(&[0x10, 8])), Some("bacnet"));
    assert_eq!(named(apdu(&[0x10, 99])), None);
    assert_eq!(named(bvll(0x05, &[0, 60])), None);
    assert_eq!(named([apdu(&[0x10, 8]), vec![0]].concat()), None);
    assert_eq!(named(bvll(0x0a, &[1, 0x40, 0x10, 8])), None);
    assert_eq!(named(bvll(0x0a, &[2, 0, 0x10, 8])), None);
    // On its own, a message whose length is wrong is one all the same, and counted.
    let found = of_a([apdu(&[0x10, 8]), vec![0]].concat());
    assert_eq!((found.messages.len(), found.anomalies), (1, vec!["wrong-length"]));
}

#[test]
fn what_cannot_be_read_is_counted() {
    let start = apdu(&[0x10, 8]);
    for (bytes, messages, reason) in [
        (vec![0x82, 0, 0, 4], 0, "not-bacnet"),
        (apdu(&[0x90]), 0, "not-bacnet"),
        (bvll(0x0a, &[1]), 0, "not-bacnet"),
        (apdu(&[0, 5, 7, 15, 0x0c, 0]), 1, "bad-service"),
        (apdu(&[0x50, 7, 12]), 1, "bad-service"),
    ] {
        let found = read(&FLOW, &[(Side::A, start.clone()), (Side::A, bytes.clone())]);
        assert_eq!((found.messages.len(), &found.anomalies[..]), (1 + messages, &[reason][..]), "{bytes:?}");
    }
}

#[test]
fn requests_that_nobody_answers_are_given_up() {
    let ask = |invoke| (Side::A, apdu(&[0, 5, invoke, 12, 0x0c, 0, 0, 0, 1, 0x19, 85]));
    let steps: Vec<_> = (0..=255).map(ask).collect();
    let found = read(&FLOW, &steps);
    assert!(found.held_max < 8192, "{}", found.held_max);
}

proptest! {
    /// Whatever stands behind a head: nothing panics, and no text but a make's leaves.
    #[test]
    fn no_octets_are_too_strange(head in 0usize..5, rest in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..200) {
        let starts: [&[u8]; 5] = [&[0, 5, 1], &[0x30, 1], &[0x10], &[0x50, 1], &[]];
        let body = [starts[head], &rest[..cut.min(rest.len())]].concat();
        let found = read(&FLOW, &[(Side::A, apdu(&[0x10, 8])), (Side::A, apdu(&body)), (Side::B, bvll(4, &body))]);
        prop_assert!(found.messages.len() <= 3);
    }
}
