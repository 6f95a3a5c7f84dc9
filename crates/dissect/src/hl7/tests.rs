//! Tests by hazard. Every name, number and byte of content is invented.

use proptest::prelude::*;
use wardtap_net::stream::Side;

use super::dissector::Hl7;
use crate::exercise::{Step, Transcript, exercise};
use crate::{FlowFacts, PROTOCOLS};

mod fence;
mod oracle;

const CUTS: [&[usize]; 8] = [&[1], &[2], &[3], &[7], &[1, 50], &[5, 1, 1, 300], &[100], &[1460]];

/// A flow on the usual port, seen from its start, opened by side B.
const FLOW: FlowFacts =
    FlowFacts { ports: [2575, 50_000], originator: Some(Side::B), from_start: [true, true], requester: None };

const ADT: &str = "MSH|^~\\&|REG|MAIN|EHR|HOSP|20260921120000||ADT^A01^ADT_A01|C1|P|2.5.1|||AL|NE\r\
    EVN|A01|20260921120000\rPID|1||00042^^^HOSP^MR||CANARYNAME^CANARYGIVEN||19811128|M\rPV1|1|I|ICU^1^A\r";
const ACK: &str = "MSH|^~\\&|EHR|HOSP|REG|MAIN|20260921120001||ACK^A01^ACK|A1|P|2.5.1\rMSA|AA|C1\r";

fn framed(text: &str) -> Vec<u8> {
    [b"\x0b", text.as_bytes(), b"\x1c\r"].concat()
}

fn sent(bytes: impl AsRef<[u8]>) -> Step {
    Step::Bytes(Side::B, bytes.as_ref().to_vec())
}

fn answered(bytes: impl AsRef<[u8]>) -> Step {
    Step::Bytes(Side::A, bytes.as_ref().to_vec())
}

/// Runs a conversation on `flow` under many cuts.
fn run_on(flow: &FlowFacts, steps: &[Step]) -> Transcript {
    let mut whole = Transcript::default();
    for cuts in CUTS {
        whole = exercise(flow, steps, cuts);
        let pieces = crate::exercise::transcript(flow, &crate::exercise::cut(steps, cuts));
        assert_eq!(whole.anomalies, pieces.anomalies, "the cuts {cuts:?} changed the anomalies");
    }
    whole
}

fn run(steps: &[Step]) -> Transcript {
    run_on(&FLOW, steps)
}

#[test]
fn a_message_and_its_acknowledgement() {
    let seen = run(&[sent(framed(ADT)), answered(framed(ACK))]);
    let adt = ADT.len();
    let ack = ACK.len();
    assert_eq!(
        seen.messages,
        [
            format!(
                "B hl7 ADT request {adt} {{\"sending_application\":\"REG\",\"sending_facility\":\"MAIN\",\
                 \"receiving_application\":\"EHR\",\"receiving_facility\":\"HOSP\",\"message_code\":\"ADT\",\
                 \"trigger_event\":\"A01\",\"message_structure\":\"ADT_A01\",\"control_id\":\"C1\",\
                 \"processing_id\":\"P\",\"version\":\"2.5.1\",\
                 \"segments\":{{\"MSH\":1,\"EVN\":1,\"PID\":1,\"PV1\":1}}}}"
            ),
            format!(
                "A hl7 ACK response {ack} positive paired {{\"sending_application\":\"EHR\",\
                 \"sending_facility\":\"HOSP\",\"receiving_application\":\"REG\",\"receiving_facility\":\"MAIN\",\
                 \"message_code\":\"ACK\",\"trigger_event\":\"A01\",\"message_structure\":\"ACK\",\
                 \"control_id\":\"A1\",\"processing_id\":\"P\",\"version\":\"2.5.1\",\"ack_code\":\"AA\",\
                 \"ack_control_id\":\"C1\",\"segments\":{{\"MSH\":1,\"MSA\":1}}}}"
            ),
        ]
    );
    assert!(seen.anomalies.is_empty(), "{:?}", seen.anomalies);
}
