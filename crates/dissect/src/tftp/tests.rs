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
            r#"A tftp error request 7 {"kind":"error","error":"other"}"#,
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
