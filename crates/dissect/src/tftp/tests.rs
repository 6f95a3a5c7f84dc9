use wardtap_net::stream::Side;

use crate::exercise::{Step, Transcript, exercise};
use crate::{FlowFacts, Transport};

const FLOW: FlowFacts = FlowFacts {
    ports: [40_000, 69],
    originator: None,
    from_start: [false; 2],
    requester: None,
    transport: Transport::Udp,
};

fn read(flow: &FlowFacts, steps: &[(Side, &[u8])]) -> Transcript {
    let steps: Vec<Step> = steps.iter().map(|(side, bytes)| Step::Bytes(*side, bytes.to_vec())).collect();
    exercise(flow, &steps, &[1])
}

#[test]
fn requests_tell_what_is_wanted_and_no_name() {
    let found = read(
        &FLOW,
        &[
            (Side::A, b"\0\x01CANARY.BIN\0octet\0BLKSIZE\x001428\0tsize\x000\0timeout\x005\0"),
            (Side::A, b"\0\x02canary.cfg\0NetASCII\0"),
            (Side::B, b"\0\x06blksize\x001428\0tsize\x00123456\0"),
            (Side::B, b"\0\x05\0\x02CANARY may not\0"),
            (Side::A, b"\0\x04\0\x01"),
            (Side::B, b"\0\x03\0\x02CANARY"),
            (Side::A, b"\0\x05\0\x63no\0"),
        ],
    );
    assert_eq!(
        found.messages,
        [
            r#"A tftp read-request request 50 {"kind":"read-request","mode":"octet","program":true,"block_size":1428,"size":0}"#,
            r#"A tftp write-request request 22 {"kind":"write-request","mode":"netascii","program":false}"#,
            r#"B tftp option-acknowledgement response 28 paired {"kind":"option-acknowledgement","block_size":1428,"size":123456}"#,
            r#"B tftp error response 19 negative {"kind":"error","error":"access-violation"}"#,
            r#"A tftp acknowledgement request 4 {"kind":"acknowledgement"}"#,
            r#"B tftp data response 10 {"kind":"data"}"#,
            r#"A tftp error request 7 {"kind":"error","error":"other","complete":false}"#,
        ]
    );
    assert!(!format!("{found:?}").to_lowercase().contains("canary"));
}

#[test]
fn a_request_names_it_on_any_port_and_the_rest_on_its_own() {
    let elsewhere = FlowFacts { ports: [40_000, 6969], ..FLOW };
    let request: &[u8] = b"\0\x01a.bin\0octet\0tsize\x000\0";
    assert_eq!(read(&elsewhere, &[(Side::A, request)]).protocol, Some("tftp"));
    for length in 0..request.len() {
        // Up to the mode it is one without options.
        let expected = (length == 14).then_some("tftp");
        assert_eq!(read(&FLOW, &[(Side::A, &request[..length])]).protocol, expected, "{length}");
    }
    for other in
        [&b"\0\x01\0octet\0"[..], b"\0\x01a\0binary\0", b"\0\x01a\x01\0octet\0", b"\0\x07a\0octet\0", b"\0\0a\0octet\0"]
    {
        assert_eq!(read(&FLOW, &[(Side::A, other)]).protocol, None, "{other:?}");
    }
    let acknowledgement: &[u8] = b"\0\x04\0\x01";
    assert_eq!(read(&elsewhere, &[(Side::B, acknowledgement)]).protocol, None);
    let found = read(&FLOW, &[(Side::B, acknowledgement), (Side::A, b"\0\x04\0\x01\0"), (Side::A, b"")]);
    // The client is at the other port.
    assert!(found.messages[0].starts_with("B tftp acknowledgement response"), "{found:?}");
    assert_eq!(found.anomalies, ["not-tftp", "not-tftp"]);
}

/// A transfer on a flow of its own, for which end A has asked on another.
const TRANSFER: FlowFacts = FlowFacts { ports: [40_000, 50_000], requester: Some(Side::A), ..FLOW };

fn data(number: u16, octets: usize) -> Vec<u8> {
    let [high, low] = number.to_be_bytes();
    [vec![0, 3, high, low], vec![b'C'; octets]].concat()
}

fn acknowledgement(number: u16) -> Vec<u8> {
    let [high, low] = number.to_be_bytes();
    vec![0, 4, high, low]
}

fn transferred(steps: &[(Side, Vec<u8>)]) -> Transcript {
    let steps: Vec<(Side, &[u8])> = steps.iter().map(|(side, bytes)| (*side, bytes.as_slice())).collect();
    read(&TRANSFER, &steps)
}

#[test]
fn the_end_of_a_transfer_tells_how_much_it_was() {
    use Side::{A, B};
    // Read, with options; a block and its acknowledgement are sent twice.
    let found = transferred(&[
        (B, b"\0\x06blksize\x001024\0tsize\x001034\0".to_vec()),
        (A, acknowledgement(0)),
        (B, data(1, 1024)),
        (B, data(1, 1024)),
        (A, acknowledgement(1)),
        (B, data(2, 10)),
        (A, acknowledgement(2)),
        (A, acknowledgement(2)),
    ]);
    assert_eq!(
        found.messages[6..],
        [
            r#"A tftp acknowledgement request 4 {"kind":"acknowledgement","complete":true,"octets":1034}"#,
            r#"A tftp acknowledgement request 4 {"kind":"acknowledgement"}"#,
        ]
    );
    assert_eq!(found.anomalies, [""; 0]);
    // Written, of whole blocks: the last one is empty. What comes first is the server's.
    let found = transferred(&[
        (B, acknowledgement(0)),
        (A, data(1, 512)),
        (B, acknowledgement(1)),
        (A, data(2, 0)),
        (B, acknowledgement(2)),
    ]);
    assert_eq!(
        found.messages[4],
        r#"B tftp acknowledgement response 4 {"kind":"acknowledgement","complete":true,"octets":512}"#
    );
    // In windows (RFC 7440), sent again from the middle on.
    let found = transferred(&[
        (B, data(1, 512)),
        (B, data(2, 512)),
        (B, data(3, 9)),
        (A, acknowledgement(1)),
        (B, data(2, 512)),
        (B, data(3, 9)),
        (A, acknowledgement(3)),
    ]);
    assert!(found.messages[6].contains(r#""complete":true,"octets":1033"#), "{found:?}");
}

#[test]
fn numbers_of_blocks_begin_anew_with_0_or_with_1() {
    for after in [0, 1] {
        let mut steps: Vec<(Side, Vec<u8>)> = (1..=u16::MAX).map(|number| (Side::B, data(number, 512))).collect();
        steps.push((Side::B, data(after, 3)));
        steps.push((Side::A, acknowledgement(after)));
        let found = transferred(&steps);
        let end = format!(r#""octets":{}}}"#, 65_535 * 512 + 3);
        assert!(found.messages.last().unwrap().ends_with(&end), "{:?}", found.messages.last());
    }
}

#[test]
fn what_was_not_seen_is_not_counted_and_what_broke_off_is_told() {
    use Side::{A, B};
    let found = transferred(&[(B, data(1, 512)), (B, data(3, 7)), (A, acknowledgement(3))]);
    assert!(found.messages[2].ends_with(r#""complete":true}"#), "{found:?}");
    let found = transferred(&[(B, data(1, 512)), (A, b"\0\x05\0\x03CANARY\0".to_vec()), (A, acknowledgement(1))]);
    assert_eq!(
        found.messages[1],
        r#"A tftp error request 11 {"kind":"error","error":"disk-full","complete":false,"octets":512}"#
    );
    assert_eq!(found.anomalies, [""; 0]);
    // Nothing was transferred.
    let found = transferred(&[(B, b"\0\x05\0\x01none\0".to_vec())]);
    assert_eq!(found.messages, [r#"B tftp error response 9 {"kind":"error","error":"file-not-found"}"#]);
    let found = transferred(&[(B, data(1, 512)), (A, acknowledgement(1))]);
    assert_eq!((found.messages.len(), found.anomalies), (2, vec!["unfinished"]));
}

#[test]
fn what_was_not_asked_for_is_none() {
    let unasked = FlowFacts { requester: None, ..TRANSFER };
    for bytes in [data(1, 512), acknowledgement(0), b"\0\x06blksize\x001024\0".to_vec(), b"\0\x05\0\x01none\0".to_vec()]
    {
        assert_eq!(read(&unasked, &[(Side::B, &bytes)]).protocol, None, "{bytes:?}");
        assert_eq!(read(&TRANSFER, &[(Side::B, &bytes)]).protocol, Some("tftp"), "{bytes:?}");
    }
    assert_eq!(read(&TRANSFER, &[(Side::B, b"\0\x03\0")]).protocol, None);
}
