//! Flows that begin with a loss, or in the middle, until they have a name.

use wardtap_dissect::exercise::{Step, Transcript, exercise, transcript};
use wardtap_dissect::identify::{Conversation, Recognised};
use wardtap_dissect::{FlowFacts, Transport};
use wardtap_net::packet::Timestamp;
use wardtap_net::stream::{Chunk, Side};

/// The rest of a frame that was not seen.
const FRAME_END: &[u8] = b"\x1c";

pub(crate) const ACKNOWLEDGEMENT: &[u8] = b"\x0bMSH|^~\\&|EHR|MAIN|LAB|MAIN|20261124||ACK|2|P|2.5.1\rMSA|AA|1\r\x1c\r";

/// A P-DATA-TF with C-ECHO-RSP. Many peers send its first twelve octets in a segment of their own.
pub(crate) const ECHO: [u8; 90] = *b"\x04\0\0\0\0\x54\0\0\0\x50\x01\x03\
    \0\0\0\0\x04\0\0\0\x42\0\0\0\
    \0\0\x02\0\x12\0\0\x001.2.840.10008.1.1\0\
    \0\0\0\x01\x02\0\0\0\x30\x80\
    \0\0\x20\x01\x02\0\0\0\x01\0\
    \0\0\0\x08\x02\0\0\0\x01\x01\
    \0\0\0\x09\x02\0\0\0\0\0";

pub(crate) const RELEASE: &[u8] = b"\x06\0\0\0\0\x04\0\0\0\0";

/// Two requests for registers; the first eight octets of the first were not seen.
const REQUESTS: [u8; 16] = *b"\0\0\0\x01\0\x02\0\0\0\x06\x02\x03\0\x01\0\x02";

pub(crate) fn from_start(ports: [u16; 2]) -> FlowFacts {
    FlowFacts { ports, originator: Some(Side::A), from_start: [true; 2], requester: None, transport: Transport::Tcp }
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
fn a_message_behind_a_lone_frame_end() {
    let seen = told(&midstream([40_000, 2575]), &[a(FRAME_END), b(ACKNOWLEDGEMENT)]);
    assert_eq!(seen.messages.len(), 1, "{seen:?}");
    let seen = told(&midstream([40_000, 2575]), &[a(FRAME_END), a(b"\r"), a(ACKNOWLEDGEMENT)]);
    assert_eq!(seen.messages.len(), 1, "{seen:?}");
}

#[test]
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
    assert!(seen.anomalies.is_empty(), "{seen:?}");
}

/// Its first eight octets are a sound header on Modbus' own port, before what makes it an association has come.
pub(crate) fn association() -> Vec<u8> {
    let fixed = [&b"\0\x01\0\0"[..], &[b' '; 32], &[0; 32]].concat();
    let items = b"\x10\0\0\x151.2.840.10008.3.1.1.1\
        \x20\0\0\x2e\x01\0\0\0\x30\0\0\x111.2.840.10008.1.1\x40\0\0\x111.2.840.10008.1.2";
    let length = u32::try_from(fixed.len() + items.len()).unwrap();
    [&b"\x01\0"[..], &length.to_be_bytes(), &fixed, items].concat()
}

#[test]
fn an_association_on_the_port_of_another_protocol() {
    for port in [502, 2575, 104, 50_000] {
        for length in 1..80 {
            let seen = exercise(&from_start([40_000, port]), &[a(&association()), b(RELEASE)], &[length]);
            assert_eq!((seen.protocol, seen.messages.len()), (Some("dicom"), 2), "{port}: {seen:?}");
        }
    }
}

/// What begins as one protocol is not another one because of what stands further on.
#[test]
fn an_hl7_header_within_an_association() {
    let mut association = association();
    association[12..18].copy_from_slice(b"\x0bMSH|^");
    for length in 1..80 {
        let seen = exercise(&from_start([40_000, 2575]), &[a(&association)], &[length]);
        assert_eq!((seen.protocol, seen.depends_on_cuts), (Some("dicom"), false), "{seen:?}");
    }
}

/// What may still be an association hides no header that stands further on.
#[test]
fn a_header_behind_what_may_be_an_association() {
    let garbage = [&[1, 0, 0, 0, 0, 0xf2, 0, 1, 0, 0][..], &[b' '; 40]].concat();
    let steps = [a(&[&garbage, ACKNOWLEDGEMENT, &[b' '; 40]].concat())];
    for length in 1..80 {
        let seen = exercise(&midstream([40_000, 2575]), &steps, &[length]);
        assert_eq!((seen.protocol, seen.messages.len()), (Some("hl7"), 1), "{length}: {seen:?}");
    }
}

/// A flow that began with TLS stays TLS: of what follows, no record says so by itself.
#[test]
fn encrypted_records_behind_a_handshake() {
    let mut flow = Conversation::default();
    let records: [(Side, &[u8]); 4] = [
        (Side::A, b"\x16\x03\x01\0\xc8\x01\0\0\xc4\x03\x03"),
        (Side::B, b"\x16\x03\x03\0\x7a\x02\0\0\x76\x03\x03"),
        (Side::A, b"\x14\x03\x03\0\x01\x01"),
        (Side::B, b"\x17\x03\x03\0\x20secret secret secret secret secre"),
    ];
    for (side, bytes) in records {
        let chunk = Chunk { side, time: Timestamp::EPOCH, frame: 1, bytes };
        flow.push(&from_start([40_000, 2762]), &chunk, &mut Transcript::default());
        assert!(matches!(flow.recognised(), Recognised::Protocol(protocol) if protocol.name == "tls"), "{bytes:?}");
    }
    flow.finish(&mut Transcript::default());
    assert!(matches!(flow.recognised(), Recognised::Protocol(protocol) if protocol.name == "tls"));
}
