//! Flows that begin with a loss, or in the middle, until they have a name.

use wardtap_dissect::FlowFacts;
use wardtap_dissect::exercise::{Step, Transcript, transcript};
use wardtap_net::stream::Side;

/// The rest of a frame that was not seen.
const FRAME_END: &[u8] = b"\x1c";

const ACKNOWLEDGEMENT: &[u8] = b"\x0bMSH|^~\\&|EHR|MAIN|LAB|MAIN|20261124||ACK|2|P|2.5.1\rMSA|AA|1\r\x1c\r";

/// A P-DATA-TF with C-ECHO-RSP. Many peers send its first twelve octets in a segment of their own.
const ECHO: [u8; 90] = *b"\x04\0\0\0\0\x54\0\0\0\x50\x01\x03\
    \0\0\0\0\x04\0\0\0\x42\0\0\0\
    \0\0\x02\0\x12\0\0\x001.2.840.10008.1.1\0\
    \0\0\0\x01\x02\0\0\0\x30\x80\
    \0\0\x20\x01\x02\0\0\0\x01\0\
    \0\0\0\x08\x02\0\0\0\x01\x01\
    \0\0\0\x09\x02\0\0\0\0\0";

const RELEASE: &[u8] = b"\x06\0\0\0\0\x04\0\0\0\0";

/// Two requests for registers; the first eight octets of the first were not seen.
const REQUESTS: [u8; 16] = *b"\0\0\0\x01\0\x02\0\0\0\x06\x02\x03\0\x01\0\x02";

fn from_start(ports: [u16; 2]) -> FlowFacts {
    FlowFacts { ports, originator: Some(Side::A), from_start: [true; 2], requester: None }
}

fn midstream(ports: [u16; 2]) -> FlowFacts {
    FlowFacts { ports, ..FlowFacts::default() }
}

fn a(bytes: &[u8]) -> Step {
    Step::Bytes(Side::A, bytes.to_vec())
}

fn b(bytes: &[u8]) -> Step {
    Step::Bytes(Side::B, bytes.to_vec())
}

fn told(flow: &FlowFacts, steps: &[Step]) -> Transcript {
    transcript(flow, steps)
}

/// What the tests below rest on: each is named and told by itself.
#[test]
fn whole_and_alone() {
    for (ports, bytes) in [([40_000, 2575], ACKNOWLEDGEMENT), ([40_000, 104], &ECHO), ([40_000, 104], RELEASE)] {
        assert_eq!(told(&midstream(ports), &[b(bytes)]).messages.len(), 1, "{bytes:?}");
    }
    let whole = told(&midstream([40_000, 502]), &[a(&REQUESTS[4..])]);
    assert_eq!(whole.messages.len(), 1);
}

#[test]
#[ignore = "while a flow may be Modbus, the next segment is not tried as anything else"]
fn a_message_behind_a_lone_frame_end() {
    let seen = told(&midstream([40_000, 2575]), &[a(FRAME_END), b(ACKNOWLEDGEMENT)]);
    assert_eq!(seen.messages.len(), 1, "{seen:?}");
    let seen = told(&midstream([40_000, 2575]), &[a(FRAME_END), a(b"\r"), a(ACKNOWLEDGEMENT)]);
    assert_eq!(seen.messages.len(), 1, "{seen:?}");
}

#[test]
#[ignore = "while a flow may be DICOM by one end's octets, the other's next segment is not tried as the first"]
fn a_short_pdu_behind_the_rest_of_another() {
    let seen = told(&midstream([40_000, 104]), &[a(&ECHO[..12]), b(&ECHO[12..]), b(RELEASE)]);
    assert_eq!(seen.messages.len(), 1, "{seen:?}");
}

#[test]
fn a_gap_in_the_other_direction() {
    let steps = [b(&ECHO[..12]), Step::Gap(Side::A, Some(100)), b(&ECHO[12..])];
    let seen = told(&midstream([40_000, 104]), &steps);
    assert_eq!(seen.messages.len(), 1, "{seen:?}");
}

#[test]
fn a_gap_before_the_first_octets() {
    let steps = [Step::Gap(Side::A, Some(8)), a(&REQUESTS)];
    let seen = told(&from_start([40_000, 502]), &steps);
    assert_eq!(seen.messages.len(), 1, "{seen:?}");
}
