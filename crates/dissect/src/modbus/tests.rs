//! Modbus by hazard. Bytes marked "APS" are the examples of the MODBUS Application Protocol Specification V1.1b3.

use proptest::prelude::*;
use wardtap_net::packet::Timestamp;
use wardtap_net::stream::{Chunk, Side};

use super::dissector::{ModbusDissector, WAITING_MAX};
use super::probe::probe;
use super::*;
use crate::Probe;
use crate::exercise::{Step, Transcript, exercise, transcript};
use crate::{Dissector, Evidence, Features, Finding, FlowFacts, Gap, Message, MessageHandler, NO_VALUE};

/// The client is `A`.
const ON_502: FlowFacts = FlowFacts {
    ports: [40_000, 502],
    originator: Some(Side::A),
    from_start: [true, true],
    requester: None,
    transport: Transport::Tcp,
};
/// The same, caught in the middle.
const MIDDLE: FlowFacts = FlowFacts {
    ports: [40_000, 502],
    originator: None,
    from_start: [false; 2],
    requester: None,
    transport: Transport::Tcp,
};
/// Nothing known, not even a port.
const UNKNOWN: FlowFacts = FlowFacts {
    ports: [40_000, 5020],
    originator: None,
    from_start: [false; 2],
    requester: None,
    transport: Transport::Tcp,
};
/// Cuts that every conversation is tried with.
const CUTS: [&[usize]; 7] = [&[1], &[2], &[3, 5], &[7], &[8, 1], &[6, 2, 11], &[13]];

/// An ADU of a PDU.
fn adu(transaction: u16, unit: u8, pdu: &[u8]) -> Vec<u8> {
    let length = u16::try_from(pdu.len() + 1).unwrap();
    [&transaction.to_be_bytes()[..], &[0, 0], &length.to_be_bytes(), &[unit], pdu].concat()
}

fn ask(transaction: u16, pdu: &[u8]) -> Step {
    Step::Bytes(Side::A, adu(transaction, 1, pdu))
}

fn tell(transaction: u16, pdu: &[u8]) -> Step {
    Step::Bytes(Side::B, adu(transaction, 1, pdu))
}

/// Runs a conversation whole and with every cut.
fn run(flow: &FlowFacts, steps: &[Step]) -> Transcript {
    for lengths in CUTS {
        let whole = exercise(flow, steps, lengths);
        assert_eq!(whole.anomalies, transcript(flow, &crate::exercise::cut(steps, lengths)).anomalies, "{lengths:?}");
    }
    transcript(flow, steps)
}

/// The JSON of each message, without the ids that [`ask`] and [`tell`] give.
fn bodies(found: &Transcript) -> Vec<&str> {
    found
        .messages
        .iter()
        .map(|line| line.split_once("\"unit_id\":1,").map_or(line.as_str(), |(_, body)| body))
        .collect()
}

/// A request and its answer, in order, on the usual port, with nothing wrong.
#[track_caller]
fn pair(request: &[u8], response: &[u8], kind: &str, asked: &str, told: &str) {
    let found = run(&ON_502, &[ask(7, request), tell(7, response)]);
    assert_eq!(found.anomalies, [""; 0], "{kind}");
    let outcome = if response[0] >= 0x80 { "negative" } else { "positive" };
    let told_kind = if response[0] >= 0x80 { "exception" } else { kind };
    let [one, other] = [request, response].map(|pdu| pdu.len() + 7);
    let ids = "{\"transaction_id\":7,\"unit_id\":1,\"function\"";
    let function = request[0];
    let expected = [
        format!("A modbus {kind} request {one} {ids}:{function},\"function_name\":\"{kind}\"{asked}}}"),
        format!(
            "B modbus {told_kind} response {other} {outcome} paired {ids}:{function},\"function_name\":\"{kind}\"{told}}}"
        ),
    ];
    assert_eq!(found.messages, expected);
    for line in &found.messages {
        let json = &line[line.find('{').unwrap()..];
        serde_json::from_str::<serde_json::Value>(json).unwrap();
    }
}

#[test]
fn functions_read() {
    let nineteen = ",\"address\":19,\"quantity\":19";
    pair(&[1, 0, 0x13, 0, 0x13], &[1, 3, 0xcd, 0x6b, 5], "read-coils", nineteen, nineteen); // APS 6.1
    let inputs = ",\"address\":196,\"quantity\":22";
    pair(&[2, 0, 0xc4, 0, 0x16], &[2, 3, 0xac, 0xdb, 0x35], "read-discrete-inputs", inputs, inputs); // APS 6.2
    let registers = ",\"address\":107,\"quantity\":3";
    let response = [3, 6, 2, 0x2b, 0, 0, 0, 0x64];
    pair(&[3, 0, 0x6b, 0, 3], &response, "read-holding-registers", registers, registers); // APS 6.3
    let input = ",\"address\":8,\"quantity\":1";
    pair(&[4, 0, 8, 0, 1], &[4, 2, 0, 0x0a], "read-input-registers", input, input); // APS 6.4
    pair(&[7], &[7, 0x6d], "read-exception-status", "", ""); // APS 6.7
    pair(&[0x0b], &[0x0b, 0xff, 0xff, 1, 8], "get-comm-event-counter", "", ""); // APS 6.9
    let log = [0x0c, 8, 0, 0, 1, 8, 1, 0x21, 0x20, 0];
    pair(&[0x0c], &log, "get-comm-event-log", "", ""); // APS 6.10
    pair(&[0x11], &[0x11, 3, 0x2a, 0xff, 9], "report-server-id", "", ""); // APS 6.13
    let queue = [0x18, 0, 6, 0, 2, 1, 0xb8, 0x12, 0x84];
    pair(&[0x18, 4, 0xde], &queue, "read-fifo-queue", ",\"address\":1246", ",\"address\":1246,\"quantity\":2"); // APS 6.18
}

#[test]
fn functions_write() {
    let on = ",\"address\":172,\"quantity\":1,\"values\":[1]";
    pair(&[5, 0, 0xac, 0xff, 0], &[5, 0, 0xac, 0xff, 0], "write-single-coil", on, on); // APS 6.5
    let three = ",\"address\":1,\"quantity\":1,\"values\":[3]";
    pair(&[6, 0, 1, 0, 3], &[6, 0, 1, 0, 3], "write-single-register", three, three); // APS 6.6
    pair(
        &[0x0f, 0, 0x13, 0, 0x0a, 2, 0xcd, 1],
        &[0x0f, 0, 0x13, 0, 0x0a],
        "write-multiple-coils",
        ",\"address\":19,\"quantity\":10,\"values\":[1,0,1,1,0,0,1,1,1,0]",
        ",\"address\":19,\"quantity\":10",
    ); // APS 6.11
    pair(
        &[0x10, 0, 1, 0, 2, 4, 0, 0x0a, 1, 2],
        &[0x10, 0, 1, 0, 2],
        "write-multiple-registers",
        ",\"address\":1,\"quantity\":2,\"values\":[10,258]",
        ",\"address\":1,\"quantity\":2",
    ); // APS 6.12
    let mask = ",\"address\":4,\"quantity\":1,\"and_mask\":242,\"or_mask\":37";
    let bytes = [0x16, 0, 4, 0, 0xf2, 0, 0x25];
    pair(&bytes, &bytes, "mask-write-register", mask, mask); // APS 6.16
    let both = ",\"address\":3,\"quantity\":6,\"write_address\":14,\"write_quantity\":3";
    pair(
        &[0x17, 0, 3, 0, 6, 0, 0x0e, 0, 3, 6, 0, 0xff, 0, 0xff, 0, 0xff],
        &[0x17, 0x0c, 0, 0xfe, 0x0a, 0xcd, 0, 1, 0, 3, 0, 0x0d, 0, 0xff],
        "read-write-multiple-registers",
        &format!("{both},\"values\":[255,255,255]"),
        both,
    ); // APS 6.17
}

#[test]
fn functions_on_files() {
    pair(
        &[0x14, 0x0e, 6, 0, 4, 0, 1, 0, 2, 6, 0, 3, 0, 9, 0, 2],
        &[0x14, 0x0c, 5, 6, 0x0d, 0xfe, 0, 0x20, 5, 6, 0x33, 0xcd, 0, 0x40],
        "read-file-record",
        ",\"quantity\":4,\"records\":[{\"file\":4,\"record\":1,\"length\":2},{\"file\":3,\"record\":9,\"length\":2}]",
        ",\"quantity\":4,\"records\":[{\"length\":2},{\"length\":2}]",
    ); // APS 6.14
    let bytes = [0x15, 0x0d, 6, 0, 4, 0, 7, 0, 3, 6, 0xaf, 4, 0xbe, 0x10, 0x0d];
    let written = ",\"quantity\":3,\"records\":[{\"file\":4,\"record\":7,\"length\":3}]";
    pair(&bytes, &bytes, "write-file-record", written, written); // APS 6.15
}

#[test]
fn functions_that_diagnose() {
    let loopback = ",\"subfunction\":0,\"subfunction_name\":\"return-query-data\"";
    pair(&[8, 0, 0, 0xa5, 0x37], &[8, 0, 0, 0xa5, 0x37], "diagnostics", loopback, loopback); // APS 6.8
    let restart = ",\"subfunction\":1,\"subfunction_name\":\"restart-communications-option\"";
    pair(&[8, 0, 1, 0xff, 0], &[8, 0, 1, 0xff, 0], "diagnostics", restart, restart);
    // Loopback data of other lengths, up to all that fits.
    pair(&[8, 0, 0], &[8, 0, 0], "diagnostics", loopback, loopback);
    let long = [&[8, 0, 0][..], &[0x55; 250]].concat();
    pair(&long, &long, "diagnostics", loopback, loopback);
    // Silences the device: there is no answer, and none is missed.
    let found = run(&ON_502, &[ask(1, &[8, 0, 4, 0, 0])]);
    assert_eq!(
        bodies(&found)[0],
        "\"function\":8,\"function_name\":\"diagnostics\",\"subfunction\":4,\"subfunction_name\":\"force-listen-only-mode\"}"
    );
    assert_eq!(found.anomalies, [""; 0]);
}

/// A response of device identification.
fn identification(objects: &[(u8, &[u8])]) -> Vec<u8> {
    let mut pdu = vec![0x2b, 0x0e, 1, 0x81, 0, 0, objects.len() as u8];
    for (id, value) in objects {
        pdu.extend([*id, value.len() as u8]);
        pdu.extend(*value);
    }
    pdu
}

#[test]
fn device_identification() {
    let asked = ",\"mei_type\":14,\"device_identification\":{\"read_code\":1,\"object_id\":0}";
    let head = ",\"mei_type\":14,\"device_identification\":{\"read_code\":1,\"conformity_level\":129,\"more_follows\":false,\"next_object_id\":0,\"objects\"";
    pair(
        &[0x2b, 0x0e, 1, 0],
        &identification(&[(0, b"Company identification"), (1, b"Product code XX"), (2, b"V2.11")]),
        "read-device-identification",
        asked,
        &format!(
            "{head}:3,\"vendor_name\":\"Company identification\",\"product_code\":\"Product code XX\",\"revision\":\"V2.11\"}}"
        ),
    ); // APS 6.21
    pair(
        &[0x2b, 0x0e, 1, 0],
        &identification(&[(3, b"http://example.com/?id=1"), (4, b"Gas panel"), (5, b"GP-4 (EU)")]),
        "read-device-identification",
        asked,
        &format!(
            "{head}:3,\"vendor_url\":\"http://example.com/?id=1\",\"product_name\":\"Gas panel\",\"model_name\":\"GP-4 (EU)\"}}"
        ),
    );
    let canopen = ",\"mei_type\":13";
    pair(&[0x2b, 0x0d, 1, 2, 3], &[0x2b, 0x0d, 9], "canopen-general-reference", canopen, canopen); // APS 6.20
}

#[test]
fn a_server_says_in_passing_what_it_is() {
    let objects: [(u8, &[u8]); 5] =
        [(0, b"Invented Devices"), (1, b"GP 4"), (2, b"V2.11"), (5, b"JANE^DOE"), (6, b"bed 4, JANE")];
    let answer = identification(&objects);
    let found = run(&ON_502, &[ask(7, &[0x2b, 0x0e, 1, 0]), tell(7, &answer)]);
    let expected = ["B modbus-maker Invented Devices", "B modbus-product GP 4", "B modbus-revision V2.11"];
    assert_eq!(found.clues, expected);
    // What nobody asked for may be anything; so may what does not add up.
    assert_eq!(run(&ON_502, &[tell(7, &answer)]).clues, [""; 0]);
    let mut many = identification(&[(0, b"JANE")]);
    many[6] = 2;
    assert_eq!(run(&ON_502, &[ask(7, &[0x2b, 0x0e, 1, 0]), tell(7, &many)]).clues, [""; 0]);
}

#[test]
fn identification_shows_no_text_out_of_shape() {
    let canary: &[u8] = b"DOE^JANE";
    let told = |pdu: &[u8]| run(&ON_502, &[ask(7, &[0x2b, 0x0e, 1, 0]), tell(7, pdu)]);
    // The user's words, private objects, the marks of a person's name, what is not text, what is too long.
    let hidden: [(u8, &[u8]); 6] =
        [(6, b"JANE DOE"), (0x80, b"JANE DOE"), (0, canary), (1, b"JANE\x80DOE"), (3, b"JANE DOE"), (4, &[b'J'; 65])];
    for object in hidden {
        let found = told(&identification(&[object]));
        let shown = found.messages.join("");
        assert!(!shown.contains("JANE") && !shown.contains("JJJ"), "{shown}");
        assert_eq!(shown.contains("(unreadable)"), object.0 < 6, "{shown}");
    }
    // Objects that do not add up: one too many announced, and bytes behind the last.
    let mut many = identification(&[(0, b"JANE")]);
    many[6] = 2;
    let mut behind = identification(&[(0, b"JANE")]);
    behind.push(0);
    for pdu in [many, behind] {
        let found = told(&pdu);
        assert!(found.messages[1].contains("\"vendor_name\":\"(unreadable)\""), "{:?}", found.messages);
        assert_eq!(found.anomalies, ["device-identification"]);
    }
    // Cut off.
    let whole = adu(7, 1, &identification(&[(0, b"JANE"), (1, b"JANE")]));
    let steps = [ask(7, &[0x2b, 0x0e, 1, 0]), Step::Bytes(Side::B, whole[..21].to_vec()), Step::Gap(Side::B, Some(5))];
    let found = run(&ON_502, &steps);
    assert!(
        found.messages[1].contains("incomplete") && found.messages[1].contains("unreadable"),
        "{:?}",
        found.messages
    );
    // Cut off behind the last object, where more was announced.
    let whole = adu(7, 1, &[&identification(&[(0, b"JANE")])[..], &[0; 5]].concat());
    let (there, _) = whole.split_at(whole.len() - 5);
    let steps = [ask(7, &[0x2b, 0x0e, 1, 0]), Step::Bytes(Side::B, there.to_vec()), Step::Gap(Side::B, Some(5))];
    let found = run(&ON_502, &steps);
    assert!(found.messages[1].contains("\"vendor_name\":\"(unreadable)\""), "{:?}", found.messages);
    // One name once.
    let found = told(&identification(&[(0, b"one"), (0, b"two")]));
    assert_eq!(found.messages[1].matches("vendor_name").count(), 1);
    assert_eq!(found.anomalies, [""; 0]);
}

#[test]
fn exceptions_are_named_and_carry_what_was_asked() {
    let asked = ",\"address\":1185,\"quantity\":1";
    for (code, name) in [
        (1, "illegal-function"),
        (2, "illegal-data-address"), // APS 7
        (3, "illegal-data-value"),
        (4, "server-device-failure"),
        (6, "server-device-busy"),
        (8, "memory-parity-error"),
        (10, "gateway-path-unavailable"),
        (11, "gateway-target-failed-to-respond"),
    ] {
        let told = format!(",\"exception\":{code},\"exception_name\":\"{name}\"{asked}");
        pair(&[1, 4, 0xa1, 0, 1], &[0x81, code], "read-coils", asked, &told);
    }
    // Accepted, but slow: not a refusal.
    let found = run(&ON_502, &[ask(1, &[1, 4, 0xa1, 0, 1]), tell(1, &[0x81, 5])]);
    assert!(found.messages[1].starts_with("B modbus exception response 9 paired "), "{:?}", found.messages);
    let found = run(&ON_502, &[ask(1, &[1, 4, 0xa1, 0, 1]), tell(1, &[0x81, 7])]);
    assert_eq!(found.anomalies, ["exception-code"]);
    assert!(found.messages[1].contains("\"exception\":7,\"exception_name\":\"unknown\""));
}

#[test]
fn functions_outside_the_specification() {
    for (function, kind) in [(65, "user-defined"), (72, "user-defined"), (100, "user-defined"), (110, "user-defined")] {
        pair(&[function, 1, 2, 3], &[function], kind, "", "");
    }
    for function in [0, 9, 10, 13, 14, 18, 19, 25, 42, 44, 64, 73, 90, 99, 111, 127] {
        let found = run(&ON_502, &[ask(1, &[function, 1]), tell(1, &[function | 0x80, 1])]);
        assert_eq!(found.messages[0].split(' ').nth(2), Some("unknown-function"));
        assert!(found.messages[1].starts_with("B modbus exception response 9 negative paired "));
        assert_eq!(found.anomalies, ["unknown-function"]);
    }
}

/// What each kind of bad message is counted as; it is reported all the same.
#[test]
fn hostile_values_are_counted_by_reason() {
    let cases: [(&[u8], &str); 32] = [
        (&[1, 0, 0, 0, 0], "quantity-out-of-range"),
        (&[1, 0, 0, 7, 0xd1], "quantity-out-of-range"),
        (&[2, 0, 0, 7, 0xd1], "quantity-out-of-range"),
        (&[3, 0, 0, 0, 126], "quantity-out-of-range"),
        (&[4, 0, 0, 0, 126], "quantity-out-of-range"),
        (&[3, 0xff, 0xff, 0, 2], "quantity-out-of-range"),
        (&[0x0f, 0, 0, 0, 0, 0], "quantity-out-of-range"),
        (&[0x10, 0, 0, 0, 124, 2, 0, 0], "quantity-out-of-range"),
        (&[0x17, 0, 0, 0, 126, 0, 0, 0, 1, 2, 0, 0], "quantity-out-of-range"),
        (&[0x17, 0, 0, 0, 1, 0, 0, 0, 122, 2, 0, 0], "quantity-out-of-range"),
        (&[0x17, 0, 0, 0, 1, 0, 0, 0, 2, 2, 0, 0], "byte-count-mismatch"),
        (&[0x0f, 0, 0, 0, 9, 1, 0], "byte-count-mismatch"),
        (&[0x10, 0, 0, 0, 2, 2, 0, 0], "byte-count-mismatch"),
        (&[0x10, 0, 0, 0, 1, 4, 0, 0], "byte-count-mismatch"),
        (&[0x10, 0, 0, 0, 1], "length-mismatch"),
        (&[3, 0, 0, 0, 1, 0], "length-mismatch"),
        (&[3], "length-mismatch"),
        (&[7, 0], "length-mismatch"),
        (&[5, 0, 0, 0x12, 0x34], "coil-value"),
        (&[8, 0, 5, 0, 0], "unknown-subfunction"),
        (&[8, 0, 1, 0, 0, 0, 0], "length-mismatch"),
        (&[8], "length-mismatch"),
        (&[8, 0, 0, 1], "length-mismatch"),
        (&[0x14, 7, 5, 0, 4, 0, 1, 0, 2], "file-record"),
        (&[0x14, 0], "file-record"),
        (&[0x14, 8, 6, 0, 4, 0, 1, 0, 2, 0], "file-record"),
        (&[0x15, 9, 6, 0, 4, 0, 7, 0, 2, 6, 0xaf], "file-record"),
        (&[0x18, 0], "length-mismatch"),
        (&[0x2b], "length-mismatch"),
        (&[0x2b, 1], "unknown-subfunction"),
        (&[0x2b, 14, 9, 0], "device-identification"),
        (&[0x83, 2], "exception-in-request"),
    ];
    for (pdu, reason) in cases {
        // Twice, and then something good: a bad message ends nothing.
        let found = run(&ON_502, &[ask(1, pdu), ask(2, pdu), ask(3, &[1, 0, 0, 0, 1])]);
        assert_eq!(found.anomalies, [reason; 2], "{pdu:?}");
        assert_eq!(found.messages.len(), 3, "{pdu:?}");
        assert!(found.messages.iter().all(|line| line.contains(" request ")), "{:?}", found.messages);
    }
    let responses: [(&[u8], &[u8], &str); 7] = [
        (&[3, 0, 0, 0, 1], &[3, 3, 0, 0, 0], "byte-count-mismatch"),
        (&[3, 0, 0, 0, 1], &[3, 4, 0, 0, 0, 0], "response-mismatch"),
        (&[1, 0, 0, 0, 9], &[1, 1, 0], "response-mismatch"),
        (&[6, 0, 1, 0, 3], &[6, 0, 2, 0, 3], "response-mismatch"),
        (&[0x10, 0, 1, 0, 1, 2, 0, 0], &[0x10, 0, 1, 0, 2], "response-mismatch"),
        (&[0x0c], &[0x0c, 2, 0, 0], "byte-count-mismatch"),
        (&[0x18, 0, 0], &[0x18, 0, 4, 0, 2, 0, 0], "byte-count-mismatch"),
    ];
    for (request, response, reason) in responses {
        let found = run(&ON_502, &[ask(1, request), tell(1, response)]);
        assert!(found.anomalies.contains(&reason), "{response:?}: {:?}", found.anomalies);
        assert!(found.messages[1].contains(" paired "), "{:?}", found.messages);
    }
    // Where an answer contradicts its request, its own word stands.
    let found = run(&ON_502, &[ask(1, &[6, 0, 1, 0, 3]), tell(1, &[6, 0, 2, 0, 3])]);
    assert!(found.messages[1].contains("\"address\":2,"), "{:?}", found.messages);
    // The value of a coil that is none is shown as it was sent.
    let found = run(&ON_502, &[ask(1, &[5, 0, 0, 0x12, 0x34])]);
    assert!(found.messages[0].ends_with("\"values\":[4660]}"));
}

mod cuts;
mod streams;
mod values;
