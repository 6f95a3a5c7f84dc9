//! Tests by hazard. Every name, number and byte of content is invented.

use proptest::prelude::*;
use wardtap_net::stream::Side;

use super::dissector::Hl7;
use crate::FlowFacts;
use crate::Transport;
use crate::exercise::{Step, Transcript, exercise};

mod blocks;
mod fence;
mod fingerprints;
mod guards;
mod oracle;
mod results;

const CUTS: [&[usize]; 8] = [&[1], &[2], &[3], &[7], &[1, 50], &[5, 1, 1, 300], &[100], &[1460]];

/// A flow on the usual port, seen from its start, opened by side B.
const FLOW: FlowFacts = FlowFacts {
    ports: [2575, 50_000],
    originator: Some(Side::B),
    from_start: [true, true],
    requester: None,
    transport: Transport::Tcp,
};

const ADT: &str = "MSH|^~\\&|REG|MAIN|EHR|HOSP|20260921120000||ADT^A01^ADT_A01|C1|P|2.5.1\r\
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

/// A request with another control id.
fn adt(control_id: &str) -> Vec<u8> {
    framed(&ADT.replace("|C1|", &format!("|{control_id}|")))
}

/// Request 1, with MSH-15 and MSH-16.
fn asking(how: &str) -> Vec<u8> {
    framed(&ADT.replace("|C1|P|2.5.1", &format!("|1|P|2.5.1|||{how}")))
}

/// An acknowledgement of `control_id`.
fn ack(code: &str, control_id: &str) -> Vec<u8> {
    framed(&ACK.replace("|AA|C1", &format!("|{code}|{control_id}")))
}

#[test]
fn several_messages_in_a_segment_and_one_in_many() {
    let burst: Vec<u8> = ["1", "2", "3"].into_iter().flat_map(adt).collect();
    let acks: Vec<u8> = ["3", "1", "2"].into_iter().flat_map(|id| ack("AA", id)).collect();
    let seen = run(&[sent(burst), answered(acks)]);
    assert_eq!(seen.messages.len(), 6);
    assert_eq!(seen.messages.iter().filter(|line| line.contains(" positive paired ")).count(), 3);
    assert!(seen.anomalies.is_empty());
}

#[test]
fn every_separator_may_be_another() {
    let other: String = ADT
        .chars()
        .map(|c| match c {
            '|' => '!',
            '^' => '$',
            '~' => '+',
            '\\' => '*',
            '&' => '%',
            c => c,
        })
        .collect();
    let usual = run(&[sent(framed(ADT))]);
    let unusual = run(&[sent(framed(&other))]);
    assert_eq!(usual.messages, unusual.messages);
    let usual = run(&[sent(framed(ADT)), answered(framed(ACK))]);
    let tabs = |text: &str| framed(&text.replace('|', "\t"));
    let unusual = run(&[sent(tabs(ADT)), answered(tabs(ACK))]);
    assert_eq!(usual.messages, unusual.messages);
    assert_eq!(usual.anomalies, unusual.anomalies);
    assert_eq!(named(&FlowFacts { ports: [1, 2], ..FLOW }, &tabs(ADT)), "hl7");
    for encoding in ["^~\\", "^~\\&#", "^~&"] {
        let seen = run(&[sent(framed(&ADT.replacen("^~\\&", encoding, 1)))]);
        assert!(seen.messages[0].contains("\"version\":\"2.5.1\""), "{encoding}");
        assert!(seen.anomalies.is_empty() || encoding.len() == 2);
    }
    for encoding in ["", "^", "^~", "^~\\&#!", "^^\\&", "ABCD", "^~|&"] {
        let seen = run(&[sent(framed(&ADT.replacen("^~\\&", encoding, 1)))]);
        assert_eq!(seen.anomalies, ["unreadable-header"], "{encoding}");
    }
}

#[test]
fn segments_may_end_otherwise() {
    let usual = run(&[sent(framed(ADT))]);
    for (end, anomalies) in [("\r\n", vec!["line-ends"]), ("\n", vec!["line-ends"]), ("\r\r", vec![])] {
        let seen = run(&[sent(framed(&ADT.replace('\r', end)))]);
        assert_eq!(seen.anomalies, anomalies);
        let bytes = |line: &str, length: usize| line.replacen(&format!(" {} ", ADT.len()), &format!(" {length} "), 1);
        assert_eq!(seen.messages, [bytes(&usual.messages[0], ADT.replace('\r', end).len())]);
    }
    let seen = run(&[sent(framed(ADT.trim_end()))]);
    assert_eq!(seen.anomalies, ["line-ends"]);
    assert!(seen.messages[0].contains("\"PV1\":1"));
    assert!(seen.messages[0].contains(&format!(" {} ", ADT.len() - 1)));
}

#[test]
fn batches_are_messages() {
    let two = "MSH|^~\\&|A|B|C|D|20260921||ACK|2|P|2.3\rMSA|AA|9\r";
    let batch = format!("FHS|^~\\&|A\rBHS|^~\\&|A\r{ADT}{two}BTS|2\rBHS|^~\\&|A\r{ADT}BTS|1\rFTS|2\r");
    let seen = run(&[sent(framed(&batch))]);
    assert!(seen.anomalies.is_empty());
    let lengths: Vec<_> = seen.messages.iter().map(|line| line.split(' ').nth(4).unwrap().to_owned()).collect();
    assert_eq!(lengths, [ADT.len(), two.len(), ADT.len()].map(|length| length.to_string()));
    assert!(seen.messages.iter().all(|line| !line.contains("BTS") && !line.contains("BHS")));
    // Without a batch header the frame is odd, and read all the same.
    let seen = run(&[sent(framed(&format!("{ADT}{two}")))]);
    assert_eq!((seen.messages.len(), seen.anomalies), (2, vec!["several-messages-in-frame"]));
}

#[test]
fn mllp_that_is_not_hl7() {
    let seen = run(&[sent(adt("1")), sent(framed("GET / HTTP/1.1\r\nHost: CANARYNAME\r\n\r\n")), sent(adt("2"))]);
    assert_eq!(seen.messages.len(), 2);
    assert_eq!(seen.anomalies[0], "not-hl7");
}

#[test]
fn segment_names() {
    // Line ends in free text make lines of it: `ZOE` may be a name, `Z21` a diagnosis.
    let text = format!("{ADT}ZX1|1\rZX1|\rCANARYNAME|1\rXYZ|1\rOBXI\rPID\rlower\rZOE\rZ21\rZOE B\r");
    let seen = run(&[sent(framed(&text))]);
    let counts = "\"segments\":{\"MSH\":1,\"EVN\":1,\"PID\":2,\"PV1\":1,\"ZX1\":2,\"other\":7}";
    assert!(seen.messages[0].ends_with(&format!("{counts}}}")), "{}", seen.messages[0]);
    assert_eq!(seen.anomalies, ["unknown-segment"]);
    // More names than are kept apart.
    let many: String = (0..60).map(|number| format!("Z{number:02}|\r")).collect();
    let seen = run(&[sent(framed(&format!("{ADT}{many}")))]);
    assert!(seen.messages[0].contains("\"other\":32"), "{}", seen.messages[0]);
}

#[test]
fn acknowledgements_judged() {
    for (code, outcome) in [
        ("AA", "positive"),
        ("CA", "positive"),
        ("AE", "negative"),
        ("AR", "negative"),
        ("CE", "negative"),
        ("CR", "negative"),
    ] {
        let seen = run(&[sent(adt("1")), answered(ack(code, "1"))]);
        assert!(seen.messages[1].contains(&format!(" {outcome} paired ")), "{code}: {}", seen.messages[1]);
    }
    let seen = run(&[sent(adt("1")), answered(ack("AX", "1"))]);
    assert!(seen.messages[1].contains("\"ack_code\":\"(unreadable)\",\"ack_control_id\":\"(unreadable)\""));
    assert_eq!(seen.anomalies, ["unreadable-acknowledgement", "unacknowledged"]);
}

#[test]
fn acknowledgements_repeated_or_unasked() {
    let seen = run(&[sent(adt("1")), answered(ack("AA", "1")), answered(ack("AA", "1")), answered(ack("AA", "7"))]);
    assert_eq!(seen.anomalies, ["repeated-acknowledgement", "unsolicited-acknowledgement"]);
    // Enhanced mode: first the commit, then the application's answer.
    let seen = run(&[sent(asking("AL|AL")), answered(ack("CA", "1")), answered(ack("AA", "1"))]);
    assert!(seen.anomalies.is_empty(), "{:?}", seen.anomalies);
    assert!(seen.messages[2].contains(" paired "));
    // Not seen from the start, or with a gap among the requests: it may have been asked for.
    let middle = FlowFacts { from_start: [true, false], ..FLOW };
    assert!(
        run_on(&middle, &[sent(adt("1")), answered(ack("AA", "1")), answered(ack("AA", "7"))]).anomalies.is_empty()
    );
    let gap = Step::Gap(Side::B, None);
    assert!(run(&[sent(adt("1")), answered(ack("AA", "1")), gap, answered(ack("AA", "7"))]).anomalies.is_empty());
    // Answers to messages that went over another connection.
    let alone = run(&[answered(ack("AA", "1")), answered(ack("AA", "2"))]);
    assert!(alone.anomalies.is_empty());
}

#[test]
fn acknowledgements_missing() {
    let quiet = adt("1");
    // Nobody asks and nobody answers.
    assert!(run(&[sent(&quiet)]).anomalies.is_empty());
    // Asked for; but of this stream nothing was seen, not even its start.
    assert_eq!(run(&[sent(asking("AL|NE"))]).anomalies, ["unacknowledged"]);
    let one_sided = FlowFacts { from_start: [false, true], ..FLOW };
    assert!(run_on(&one_sided, &[sent(asking("AL|NE"))]).anomalies.is_empty());
    // Others are answered.
    assert_eq!(run(&[sent(&quiet), sent(adt("2")), answered(ack("AA", "2"))]).anomalies, ["unacknowledged"]);
    // Perhaps it was answered where bytes are missing; sent again, and answered once.
    assert!(run(&[sent(&quiet), Step::Gap(Side::A, Some(90))]).anomalies.is_empty());
    assert!(run(&[sent(&quiet), sent(&quiet), answered(ack("AA", "1"))]).anomalies.is_empty());
}

#[test]
fn gap_in_the_body() {
    let (before, after) = ADT.split_at(ADT.find("CANARYNAME").unwrap());
    let steps = [
        sent([b"\x0b", before.as_bytes()].concat()),
        Step::Gap(Side::B, Some(4)),
        sent([&after.as_bytes()[4..], b"\x1c\r", &adt("2")].concat()),
    ];
    let seen = run(&steps);
    assert!(seen.messages[0].starts_with(&format!("B hl7 ADT request {} incomplete ", ADT.len())));
    assert!(seen.messages[0].contains("\"segments\":{\"MSH\":1,\"EVN\":1,\"PV1\":1}"));
    assert!(!seen.messages[1].contains("incomplete"));
    assert!(seen.anomalies.is_empty());
    // The gap took the end of the frame and the start of the next.
    let steps = [sent([b"\x0b", before.as_bytes()].concat()), Step::Gap(Side::B, None), sent(adt("2"))];
    let seen = run(&steps);
    assert_eq!(seen.messages.len(), 2);
    assert!(seen.messages[0].contains(" incomplete "));
    assert!(!seen.anomalies.contains(&"missing-frame-end"));
}

#[test]
fn gap_in_the_header_or_between() {
    // Between frames it costs nothing.
    let seen = run(&[sent(adt("1")), Step::Gap(Side::B, Some(10)), sent([b"rest\x1c\r", &adt("2")[..]].concat())]);
    assert_eq!(seen.messages.len(), 2);
    assert!(seen.messages.iter().all(|line| !line.contains("incomplete")));
    // In the header: a message, of which nothing else is known.
    let steps = [sent(b"\x0bMSH|^~\\&|REG|MA"), Step::Gap(Side::B, Some(9)), sent(&ADT[24..]), sent(b"\x1c\r")];
    let seen = run(&steps);
    assert_eq!(
        seen.messages,
        [format!(
            "B hl7 other request {} incomplete {{\"sending_application\":\"(unreadable)\",\
             \"sending_facility\":\"(unreadable)\",\"segments\":{{\"MSH\":1,\"EVN\":1,\"PID\":1,\"PV1\":1}}}}",
            ADT.len()
        )]
    );
    // In front of what tells a header: perhaps a message, perhaps not.
    let seen =
        run(&[sent(adt("1")), sent(b"\x0bMS"), Step::Gap(Side::B, Some(9)), sent(&ADT[12..]), sent(framed(ADT))]);
    assert_eq!(seen.messages.len(), 2);
    assert!(!seen.anomalies.contains(&"not-hl7"));
}

#[test]
fn the_end_of_the_flow_inside_a_message() {
    for end in 1..ADT.len() {
        let seen = run_on(&FlowFacts::default(), &[sent(adt("1")), sent([b"\x0b", &ADT.as_bytes()[..end]].concat())]);
        assert_eq!(seen.messages.len(), if end < 4 { 1 } else { 2 });
        assert_eq!(end >= 4, seen.messages.last().unwrap().contains(&format!(" {end} incomplete ")));
    }
}

#[test]
fn a_large_message_is_never_gathered() {
    let start = format!("\x0b{ADT}OBX|1|ED|DOC||^^^Base64^");
    let mut steps = vec![sent(start)];
    steps.extend((0..100).map(|_| sent(vec![b'Q'; 60_000])));
    steps.push(sent(b"\r\x1c\r"));
    let seen = crate::exercise::transcript(&FLOW, &steps);
    assert!(seen.held_max < 6144, "{}", seen.held_max);
    assert!(seen.messages[0].contains(&format!(" {} ", ADT.len() + 25 + 6_000_000)), "{}", seen.messages[0]);
    // Nor is a header without end.
    let mut steps = vec![sent(b"\x0bMSH|^~\\&|")];
    steps.extend((0..100).map(|_| sent(vec![b'Q'; 60_000])));
    steps.push(sent(b"\rPID|\r\x1c\r"));
    let seen = crate::exercise::transcript(&FLOW, &steps);
    assert!(seen.held_max < 16_384, "{}", seen.held_max);
    assert_eq!(seen.anomalies, ["long-header"]);
    assert!(seen.messages[0].contains("\"sending_application\":\"(unreadable)\""));
}

#[test]
fn the_device_is_named_once() {
    let oru = ADT.replace("ADT^A01^ADT_A01", "ORU^R01^ORU_R01");
    let obx = "OBX|1|NM|1^A^L||61|||||||||||||MON1^ACME^00122100000000AF^EUI-64\r";
    let measured = framed(&format!("{oru}OBX|1|NM|1^A^L||60\r{obx}{obx}"));
    let seen = run(&[sent(adt("1")), sent(&measured), sent(&measured)]);
    let named = "\"device_identity\":{\"scheme\":\"EUI-64\",\"id\":\"00122100000000AF\"}}";
    assert_eq!(seen.messages.iter().map(|line| line.ends_with(named)).collect::<Vec<_>>(), [false, true, false]);
    // Not where bytes are missing, the header is not sound, or the line is not whole.
    let (before, after) = measured.split_at(measured.len() - obx.len() - 2);
    let torn = [sent(before), Step::Gap(Side::B, Some(3)), sent(&after[3..])];
    let odd = sent(String::from_utf8(measured.clone()).unwrap().replace("|2.5.1", "|2.5.7"));
    let cut = sent([before[..before.len() - 1].to_vec(), adt("2")].concat());
    for steps in [&torn[..], &[odd], &[cut]] {
        let seen = crate::exercise::transcript(&FLOW, steps);
        assert!(seen.messages[0].contains("\"OBX\":"), "{}", seen.messages[0]);
        assert!(!seen.messages[0].contains("device_identity"), "{}", seen.messages[0]);
    }
}

#[test]
fn an_idle_flow_is_small() {
    assert!(size_of::<Hl7>() <= 96, "{}", size_of::<Hl7>());
}

#[test]
fn requests_without_answers_do_not_pile_up() {
    let steps: Vec<Step> = (0..5000).map(|number| sent(adt(&number.to_string()))).collect();
    let seen = crate::exercise::transcript(&FLOW, &steps);
    assert!(seen.held_max < 4096, "{}", seen.held_max);
    assert_eq!(seen.anomalies, vec!["too-many-pending"; 5000 - 32]);
    // Where an answer is due to all, each is either unacknowledged or forgotten.
    let numbered = |asks, number: usize| {
        let message = String::from_utf8(asking(asks)).unwrap();
        sent(message.replace("|1|P|", &format!("|{number}|P|")))
    };
    let steps: Vec<Step> = (0..100).map(|number| numbered("AL|NE", number)).collect();
    let count = |anomalies: &[&str], reason| anomalies.iter().filter(|anomaly| **anomaly == reason).count();
    let seen = run(&steps);
    let counts = ["too-many-pending", "unacknowledged"].map(|reason| count(&seen.anomalies, reason));
    assert_eq!(counts, [68, 32]);
    // Nothing is lost where no answer is wanted.
    let steps: Vec<Step> = (0..100).map(|number| numbered("NE|NE", number)).collect();
    assert!(run(&steps).anomalies.is_empty());
}

#[test]
fn found_by_content_on_any_port() {
    let odd = FlowFacts { ports: [1, 2], ..FLOW };
    for start in [&framed(ADT)[..], &framed("BHS|^~\\&|A\r"), b"\x0b\rMSH|"] {
        assert_eq!(named(&odd, start), "hl7");
        assert_eq!(named(&FLOW, &[b"CANARY\x1c\r", start].concat()), "hl7");
        assert_eq!(named(&odd, &[b"CANARY\x1c\r", start].concat()), "");
    }
    for start in [&b"\x0bMSHA"[..], b"\x0bGET / HTTP/1.1", b"MSH|^~\\&|", b"\x0b", b"\x0bMS"] {
        assert_eq!(named(&FLOW, start), "", "{start:?}");
    }
}

fn named(flow: &FlowFacts, bytes: &[u8]) -> &'static str {
    let mut conversation = crate::identify::Conversation::default();
    let time = wardtap_net::packet::Timestamp::EPOCH;
    let chunk = wardtap_net::stream::Chunk { side: Side::B, time, frame: 1, bytes };
    conversation.push(flow, &chunk, &mut Transcript::default());
    match conversation.recognised() {
        crate::identify::Recognised::Protocol(protocol) => protocol.name,
        _ => "",
    }
}

#[test]
fn who_asks_is_seen_from_the_first_message() {
    for (first, requester) in [(framed(ADT), Side::B), (framed(ACK), Side::A)] {
        let mut conversation = crate::identify::Conversation::default();
        let time = wardtap_net::packet::Timestamp::EPOCH;
        let chunk = wardtap_net::stream::Chunk { side: Side::B, time, frame: 1, bytes: &first };
        conversation.push(&FLOW, &chunk, &mut Transcript::default());
        assert_eq!(conversation.requester(), Some(requester));
    }
}

fn piece() -> impl Strategy<Value = Step> {
    let text = prop_oneof![
        4 => Just(framed(ADT)),
        4 => Just(framed(ACK)),
        1 => Just(framed(&format!("BHS|^~\\&\r{ADT}{ADT}BTS|2\r"))),
        1 => Just(ADT.as_bytes().to_vec()),
        2 => prop::collection::vec(prop_oneof![Just(0x0b), Just(0x1c), Just(b'\r'), Just(b'\n'), Just(b'M'), Just(b'S'), Just(b'H'), Just(b'A'), Just(b'|'), any::<u8>()], 0..60),
        1 => Just(b"\x0b\x15\x1c\r".to_vec()),
        1 => (0..ADT.len()).prop_map(|end| framed(&ADT[..end])),
        1 => (0..ADT.len()).prop_map(|end| [b"\x0b", &ADT.as_bytes()[..end]].concat()),
    ];
    let side = prop_oneof![Just(Side::A), Just(Side::B)];
    prop_oneof![
        9 => (side.clone(), text).prop_map(|(side, bytes)| Step::Bytes(side, bytes)),
        1 => (side, prop::option::of(0u64..2000)).prop_map(|(side, missing)| Step::Gap(side, missing)),
    ]
}

proptest! {
    #[test]
    fn cuts_never_show(steps in prop::collection::vec(piece(), 1..12), lengths in prop::collection::vec(1usize..80, 1..6)) {
        let steps = [vec![sent(framed(ADT))], steps].concat();
        let whole = exercise(&FLOW, &steps, &lengths);
        let pieces = crate::exercise::transcript(&FLOW, &crate::exercise::cut(&steps, &lengths));
        prop_assert_eq!(whole.anomalies, pieces.anomalies);
    }
}

#[test]
fn blank_lines_before_the_first_header_are_looked_through_only_so_far() {
    let flow = FlowFacts { ports: [40_000, 4343], ..FLOW };
    for blank in [3000, 17, 16, 1, 0] {
        let frame = [b"\x0b", &vec![b'\r'; blank][..], ADT.as_bytes(), b"\x1c\r"].concat();
        let steps = [sent(frame), answered(framed(ACK))];
        // Longer pieces than what is kept of a flow without a name.
        let whole = exercise(&flow, &steps, &[1, 2500, 1110]);
        assert_eq!(whole.messages.len(), if blank <= 16 { 2 } else { 1 }, "{blank}");
    }
}
