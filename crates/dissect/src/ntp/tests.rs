use wardtap_net::stream::Side;

use crate::exercise::{Step, Transcript, exercise};
use crate::{FlowFacts, Transport};

const FLOW: FlowFacts = FlowFacts {
    ports: [40_000, 123],
    originator: None,
    from_start: [false; 2],
    requester: None,
    transport: Transport::Udp,
};

fn message(first: u8, stratum: u8, reference: &[u8; 4], times: [u32; 3]) -> Vec<u8> {
    let mut bytes = vec![first, stratum, 6, 0xe9];
    bytes.extend([0; 8]);
    bytes.extend(reference);
    bytes.extend([0; 8]);
    for seconds in times {
        bytes.extend(seconds.to_be_bytes());
        bytes.extend([0, 0, 0, 9]);
    }
    bytes
}

/// The tests' steps are a second apart, from 1970 on.
const EPOCH: u32 = 2_208_988_800;

fn read(flow: &FlowFacts, steps: &[(Side, Vec<u8>)]) -> Transcript {
    let steps: Vec<Step> = steps.iter().map(|(side, bytes)| Step::Bytes(*side, bytes.clone())).collect();
    exercise(flow, &steps, &[1])
}

#[test]
fn an_answer_belongs_to_its_request_and_tells_the_servers_clock() {
    let ask = message(0x23, 0, &[0; 4], [0, 0, 77]);
    let answer = message(0x24, 1, b"GPS\0", [77, EPOCH + 3602, EPOCH + 3602]);
    let found = read(&FLOW, &[(Side::A, ask), (Side::B, answer)]);
    assert_eq!(
        found.messages,
        [
            r#"A ntp client request 48 {"kind":"client","version":4}"#,
            r#"B ntp server response 48 paired {"kind":"server","version":4,"stratum":1,"reference":"GPS","offset":3600}"#,
        ]
    );
}

#[test]
fn a_server_that_is_not_set_says_so() {
    let found = read(&FLOW, &[(Side::B, message(0xe4, 16, b"INIT", [0, EPOCH, EPOCH]))]);
    let [line] = &found.messages[..] else { panic!("{found:?}") };
    assert!(line.contains(r#""stratum":16"#), "{line}");
}

#[test]
fn a_reference_that_has_not_its_shape_does_not_leave() {
    let found = read(&FLOW, &[(Side::B, message(0x24, 1, b"M\xfcll", [0, EPOCH, EPOCH]))]);
    assert!(found.messages[0].contains("(unreadable)"), "{found:?}");
}

#[test]
fn on_another_port_only_an_answer_names_it() {
    let flow = FlowFacts { ports: [40_000, 40_001], ..FLOW };
    let ask = message(0x23, 0, &[0; 4], [0, 0, 77]);
    let answer = message(0x24, 2, &[10, 0, 0, 1], [77, 3_900_000_000, 3_900_000_000]);
    assert_eq!(read(&flow, &[(Side::A, ask.clone())]).protocol, None);
    assert_eq!(read(&flow, &[(Side::A, ask), (Side::B, answer)]).protocol, Some("ntp"));
    let apart = message(0x24, 2, &[10, 0, 0, 1], [77, 3_900_000_000, 3_900_000_002]);
    assert_eq!(read(&flow, &[(Side::B, apart)]).protocol, None);
}

#[test]
fn what_has_no_header_is_counted() {
    let ask = message(0x23, 0, &[0; 4], [0, 0, 77]);
    let found = read(&FLOW, &[(Side::A, ask), (Side::B, vec![0x24; 47]), (Side::B, vec![0x3c; 48])]);
    assert_eq!((found.messages.len(), found.anomalies), (1, vec!["not-ntp", "not-ntp"]));
    let control = read(
        &FLOW,
        &[(Side::A, vec![0x16, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]), (Side::A, vec![0x17, 0, 3, 42, 0, 0, 0, 0])],
    );
    let kinds: Vec<&str> = control.messages.iter().map(|line| line.split(' ').nth(2).unwrap()).collect();
    assert_eq!(kinds, ["control", "private"]);
}
