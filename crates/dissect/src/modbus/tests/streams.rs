//! Hazards of the stream: pairing, roles, loss, garbage, limits, naming.

use super::super::wire::HEADER;
use super::*;

pub(super) const READ: &[u8] = &[3, 0, 0x6b, 0, 3];
pub(super) const DATA: &[u8] = &[3, 6, 2, 0x2b, 0, 0, 0, 0x64];
pub(super) const ECHO: &[u8] = &[6, 0, 1, 0, 3];

/// Kind, direction and ids of each message: `"3 request 7/1"`, `+` for a response whose request was found.
pub(super) fn brief(found: &Transcript) -> Vec<String> {
    let field = |line: &str, name: &str| -> String {
        let value = line.split(&format!("\"{name}\":")).nth(1).unwrap_or_default();
        value.chars().take_while(char::is_ascii_digit).collect()
    };
    let brief = |line: &String| {
        let direction = if line.contains(" request ") { "asks" } else { "tells" };
        let (paired, incomplete) = (line.contains(" paired "), line.contains(" incomplete "));
        format!(
            "{direction} {} {}/{}{}{}",
            field(line, "function"),
            field(line, "transaction_id"),
            field(line, "unit_id"),
            if paired { "+" } else { "" },
            if incomplete { " cut" } else { "" }
        )
    };
    found.messages.iter().map(brief).collect()
}

fn bytes(side: Side, adus: &[Vec<u8>]) -> Step {
    Step::Bytes(side, adus.concat())
}

#[test]
fn pipelined_out_of_order_and_through_a_gateway() {
    let requests: Vec<_> = (0..20).map(|number| adu(number, number as u8 / 2, READ)).collect();
    let mut responses: Vec<_> = (0..20).map(|number| adu(number, number as u8 / 2, DATA)).collect();
    responses.reverse();
    let found = run(&ON_502, &[bytes(Side::A, &requests), bytes(Side::B, &responses)]);
    assert_eq!(found.messages.iter().filter(|line| line.contains(" paired ")).count(), 20);
    assert_eq!(found.anomalies, [""; 0]);
    // The same transaction for another unit or another function is another request.
    let steps = [
        bytes(Side::A, &[adu(1, 1, READ), adu(1, 2, READ), adu(1, 1, &[4, 0, 9, 0, 3])]),
        bytes(Side::B, &[adu(1, 2, DATA), adu(1, 3, DATA), adu(1, 1, &[0x84, 2])]),
    ];
    let found = run(&ON_502, &steps);
    assert_eq!(brief(&found)[3..], ["tells 3 1/2+", "tells 3 1/3", "tells 4 1/1+"]);
    assert!(found.messages[5].contains("\"address\":9"));
    assert_eq!(found.anomalies, ["unsolicited-response"]);
}

/// The other end's ADUs do not say that this end's first octets begin one: here they are the rest of one, and look like a
/// header of another protocol with a length that covers the next.
#[test]
fn an_end_caught_in_the_middle_behind_the_other_one() {
    let steps = [
        Step::Bytes(Side::B, adu(2, 2, &[3, 4, 0, 0, 0, 0])),
        Step::Bytes(Side::A, [&[2, 3, 0, 1, 0, 2][..], &adu(3, 2, &[3, 0, 2, 0, 3])].concat()),
    ];
    assert_eq!(brief(&run(&MIDDLE, &steps)), ["tells 3 2/2", "asks 3 3/2"]);
}

#[test]
fn repeated_transaction_ids_pair_oldest_first() {
    // A client that always sends 0.
    let asked: Vec<_> = (1..=3u8).map(|address| adu(0, 1, &[6, 0, address, 0, 0])).collect();
    let found = run(&ON_502, &[bytes(Side::A, &asked), bytes(Side::B, &asked)]);
    assert_eq!(found.anomalies, [""; 0]);
    for (line, address) in found.messages[3..].iter().zip(1..) {
        assert!(line.contains(" paired ") && line.contains(&format!("\"address\":{address},")), "{line}");
    }
    // What came decides among requests with the same ids.
    let steps = [ask(0, &[3, 0, 1, 0, 1]), ask(0, &[3, 0, 2, 0, 2]), tell(0, &[3, 4, 0, 0, 0, 0])];
    let found = run(&ON_502, &steps);
    assert!(found.messages[2].contains("\"address\":2,\"quantity\":2"), "{:?}", found.messages);
}

#[test]
fn an_answer_lost_by_the_capture_does_not_shift_all_later_ones() {
    let poll = |address: u8| ask(0, &[3, 0, address, 0, 3]);
    let steps = [poll(1), Step::Gap(Side::B, Some(15)), poll(2), tell(0, DATA), poll(3), tell(0, DATA)];
    let found = run(&ON_502, &steps);
    assert!(found.messages[2].contains("\"address\":2,"), "{:?}", found.messages);
    assert!(found.messages[4].contains("\"address\":3,"), "{:?}", found.messages);
    // Where ids tell requests apart, those asked before the loss are still answered.
    let steps = [ask(1, READ), ask(2, READ), Step::Gap(Side::B, Some(15)), ask(3, READ), tell(1, DATA), tell(2, DATA)];
    assert_eq!(brief(&run(&ON_502, &steps))[3..], ["tells 3 1/1+", "tells 3 2/1+"]);
}

#[test]
fn response_times_are_those_of_the_frames() {
    struct Nanos(Vec<Option<u64>>, Vec<Features>);
    impl MessageHandler for Nanos {
        fn message(&mut self, message: &dyn Message) {
            self.0.push(message.envelope().response_nanos);
            self.1.push(message.features(&|_| 0));
        }
        fn anomaly(&mut self, _: &'static Protocol, _: usize) {}
        fn finding(&mut self, _: &'static Protocol, _: Finding) {}
        fn copied(&mut self, _: usize) {}
    }
    let mut dissector = ModbusDissector::new(&ON_502);
    let mut seen = Nanos(Vec::new(), Vec::new());
    let mut send = |side, nanos, pdu: &[u8]| {
        let chunk = Chunk { side, time: Timestamp::from_nanos(nanos), frame: 1, bytes: &adu(1, 9, pdu) };
        dissector.dissect(&chunk, &mut seen);
    };
    send(Side::A, 1_000, READ);
    send(Side::B, 1_400, DATA);
    send(Side::A, 2_000, &[0x17, 0, 3, 0, 6, 0, 0x0e, 0, 1, 2, 0x01, 0x02]);
    send(Side::B, 2_070, &[0x97, 4]);
    send(Side::A, 3_000, &[8, 0, 4, 0, 0]);
    assert_eq!(seen.0, [None, Some(400), None, Some(70), None]);
    let none = NO_VALUE;
    let expected = [
        [3, 9, none, none, 0x6b, none, 3, none, 0, 0],
        [3, 9, none, none, 0x6b, none, 3, none, 0, 0],
        [0x17, 9, none, none, 14, 0x0102, 1, none, 0, 0],
        [0x17, 9, 4, none, 14, none, 1, none, 0, 0],
        [8, 9, none, 4, none, none, none, none, 0, 0],
    ];
    assert_eq!(seen.1, expected);
    // Whoever tells of another revision is another; what is not whole tells nothing.
    let revision = |text: &[u8]| [&[0x2b, 14, 1, 0x81, 0, 0, 1, 2, text.len() as u8][..], text].concat();
    let told =
        [revision(b"V2.11"), revision(b"V2.11"), revision(b"V2.12"), revision(b"V2.11")[..12].to_vec()].map(|pdu| {
            let mut seen = Nanos(Vec::new(), Vec::new());
            let bytes = &adu(2, 9, &pdu);
            let chunk = Chunk { side: Side::B, time: Timestamp::from_nanos(4_000), frame: 2, bytes };
            ModbusDissector::new(&ON_502).dissect(&chunk, &mut seen);
            seen.1[0][FEATURE_IDENTITY]
        });
    assert_eq!(told[0], told[1]);
    assert_ne!(told[0], told[2]);
    assert_eq!(told[3], NO_VALUE);
    assert_eq!(PROTOCOL.features[FEATURE_IDENTITY].name, "identity");
    assert_eq!(PROTOCOL.features[FEATURE_ADDRESS].name, "address");
    assert_eq!(PROTOCOL.features[FEATURE_QUANTITY].name, "quantity");
    assert_eq!(PROTOCOL.features[FEATURE_VALUE].name, "value");
}

#[test]
fn one_sided_flows() {
    let requests: Vec<_> = (1..4).map(|number| ask(number, READ)).collect();
    let responses: Vec<_> = (1..4).map(|number| tell(number, DATA)).collect();
    for flow in [MIDDLE, UNKNOWN] {
        let found = run(&flow, &requests);
        assert_eq!(brief(&found), ["asks 3 1/1", "asks 3 2/1", "asks 3 3/1"]);
        assert_eq!(found.anomalies, [""; 0]);
        // Answers of which no request can have been seen are no anomaly.
        let found = run(&flow, &responses);
        assert_eq!(brief(&found), ["tells 3 1/1", "tells 3 2/1", "tells 3 3/1"]);
        assert_eq!(found.anomalies, [""; 0]);
    }
    // From the start of a flow that was seen whole, they are.
    assert_eq!(run(&ON_502, &responses).anomalies, ["unsolicited-response"; 3]);
    // In the middle, as soon as the requests are seen.
    let steps = [tell(1, DATA), ask(2, READ), tell(2, DATA), tell(3, DATA)];
    assert_eq!(run(&MIDDLE, &steps).anomalies, ["unsolicited-response"]);
}

#[test]
fn who_asks_on_another_port() {
    let opened_by = |originator, from_start| FlowFacts { originator, from_start: [from_start; 2], ..UNKNOWN };
    // Content decides, whoever opened the flow.
    for flow in [UNKNOWN, opened_by(Some(Side::A), true), opened_by(Some(Side::B), true)] {
        let found = run(&flow, &[ask(1, READ), tell(1, DATA), ask(2, ECHO), tell(2, ECHO)]);
        assert_eq!(brief(&found), ["asks 3 1/1", "tells 3 1/1+", "asks 6 2/1", "tells 6 2/1+"]);
        assert_eq!(found.anomalies, [""; 0]);
    }
    // Caught in the middle, at an answer.
    let found = run(&UNKNOWN, &[tell(1, DATA), ask(2, READ), tell(2, DATA)]);
    assert_eq!(brief(&found), ["tells 3 1/1", "asks 3 2/1", "tells 3 2/1+"]);
    // Only echoes: who sent first asked.
    for flow in [UNKNOWN, opened_by(Some(Side::A), true), opened_by(Some(Side::B), true)] {
        let found = run(&flow, &[ask(1, ECHO), tell(1, ECHO), ask(2, ECHO), tell(2, ECHO)]);
        assert_eq!(brief(&found), ["asks 6 1/1", "tells 6 1/1+", "asks 6 2/1", "tells 6 2/1+"], "{flow:?}");
    }
    // Nothing but the first is known when the flow is named; nobody answers before anybody asked.
    let steps = [ask(1, ECHO), ask(2, ECHO), tell(1, ECHO), tell(2, ECHO)];
    let found = run(&opened_by(Some(Side::B), true), &steps);
    assert_eq!(brief(&found), ["asks 6 1/1", "asks 6 2/1", "tells 6 1/1+", "tells 6 2/1+"]);
    // Two echoes from one end, then content that shows that the guess was wrong.
    let steps = [ask(1, ECHO), ask(2, ECHO), ask(3, READ), tell(3, DATA)];
    let found = run(&opened_by(Some(Side::B), false), &steps);
    assert_eq!(brief(&found)[2..], ["asks 3 3/1", "tells 3 3/1+"]);
    assert_eq!(found.anomalies, ["roles-reversed"]);
}

#[test]
fn who_asks_on_port_502() {
    // A fuzzer sends what only a server would: it still asks.
    let steps = [ask(1, DATA), tell(1, &[0x83, 3]), ask(2, DATA), ask(3, READ)];
    let found = run(&ON_502, &steps);
    assert_eq!(brief(&found), ["asks 3 1/1", "tells 3 1/1+", "asks 3 2/1", "asks 3 3/1"]);
    assert_eq!(found.anomalies, ["length-mismatch"; 2]);
    // The end on port 502 opened the flow and asks: content against port and no handshake for the port.
    let reversed = FlowFacts { originator: Some(Side::B), ..ON_502 };
    let steps = [tell(1, READ), ask(1, DATA), tell(2, READ), ask(2, DATA)];
    let found = run(&reversed, &steps);
    assert_eq!(brief(&found), ["asks 3 1/1", "tells 3 1/1+", "asks 3 2/1", "tells 3 2/1+"]);
    assert_eq!(found.anomalies, ["roles-reversed"]);
    // Both contradict for long: content wins in the end.
    let steps: Vec<_> = (1..10).map(|number| tell(number, READ)).collect();
    let found = run(&ON_502, &steps);
    assert_eq!(brief(&found)[2], "tells 3 3/1");
    assert_eq!(brief(&found)[3..5], ["asks 3 4/1", "asks 3 5/1"]);
    let mut dissector = ModbusDissector::new(&ON_502);
    assert_eq!(dissector.requester(), Some(Side::A));
    for _ in 0..4 {
        let chunk = Chunk { side: Side::B, time: Timestamp::EPOCH, frame: 1, bytes: &adu(1, 1, READ) };
        dissector.dissect(&chunk, &mut Transcript::default());
    }
    assert_eq!(dissector.requester(), Some(Side::B));
}

#[test]
fn a_gap_inside_an_adu_keeps_the_stream_in_step() {
    let first = adu(1, 1, DATA);
    let rest = adu(2, 1, DATA);
    for cut in 0..first.len() {
        for missing in 1..=first.len() - cut {
            let behind = [&first[cut + missing..], &rest].concat();
            let steps = [
                bytes(Side::A, &[adu(1, 1, READ), adu(2, 1, READ)]),
                Step::Bytes(Side::B, first[..cut].to_vec()),
                Step::Gap(Side::B, Some(missing as u64)),
                Step::Bytes(Side::B, behind),
            ];
            let found = run(&ON_502, &steps);
            let brief = brief(&found);
            // Whatever is missing, the next one is read; the cut one is told of once its header was there.
            assert_eq!(brief.last().map(String::as_str), Some("tells 3 2/1+"), "{cut} {missing}");
            let told = brief.contains(&"tells 3 1/1+ cut".to_owned()) || brief.contains(&"tells 3 1/1 cut".to_owned());
            assert_eq!(told, cut >= 8, "{cut} {missing} {brief:?}");
            assert_eq!(brief.len(), if told { 4 } else { 3 });
            // In step, not found again: where the length was there, nothing is looked for.
            assert!(cut < 6 || found.anomalies.is_empty(), "{cut} {missing} {:?}", found.anomalies);
        }
    }
}

#[test]
fn an_incomplete_message_tells_what_is_known() {
    let write = adu(5, 1, &[0x10, 0, 1, 0, 2, 4, 0, 0x0a, 1, 2]);
    let steps = [Step::Bytes(Side::A, write[..15].to_vec()), Step::Gap(Side::A, Some(2)), tell(5, &[0x10, 0, 1, 0, 2])];
    let found = run(&ON_502, &steps);
    assert_eq!(
        found.messages,
        [
            "A modbus write-multiple-registers request 17 incomplete {\"transaction_id\":5,\"unit_id\":1,\"function\":16,\
             \"function_name\":\"write-multiple-registers\",\"address\":1,\"quantity\":2,\"values\":[10]}",
            // The request is found, but not its time.
            "B modbus write-multiple-registers response 12 positive {\"transaction_id\":5,\"unit_id\":1,\"function\":16,\
             \"function_name\":\"write-multiple-registers\",\"address\":1,\"quantity\":2}",
        ]
    );
    assert_eq!(found.anomalies, [""; 0]);
    // The end of the flow, one byte short, and before the function code.
    let read = adu(5, 1, READ);
    let ended = |length: usize| run(&ON_502, &[ask(4, READ), Step::Bytes(Side::A, read[..length].to_vec())]);
    assert_eq!(brief(&ended(11)), ["asks 3 4/1", "asks 3 5/1 cut"]);
    assert_eq!(brief(&ended(8)), ["asks 3 4/1", "asks 3 5/1 cut"]);
    assert_eq!(brief(&ended(7)), ["asks 3 4/1"]);
}

#[test]
fn a_gap_beyond_the_adu_looks_for_the_next_one() {
    for missing in [Some(30), Some(100_000), None] {
        let steps = [
            ask(1, READ),
            Step::Bytes(Side::A, adu(2, 1, READ)[..9].to_vec()),
            Step::Gap(Side::A, missing),
            // The tail of an ADU, full of zeros as registers are.
            Step::Bytes(Side::A, [&[0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0][..], &adu(9, 1, READ)].concat()),
            ask(10, READ),
        ];
        let found = run(&ON_502, &steps);
        assert_eq!(brief(&found), ["asks 3 1/1", "asks 3 2/1 cut", "asks 3 9/1", "asks 3 10/1"], "{missing:?}");
        assert_eq!(found.anomalies, ["resynchronised"]);
        // Mostly an ADU begins the segment; its function may be anybody's.
        let steps = [ask(1, READ), Step::Gap(Side::A, missing), ask(9, &[90, 1, 2]), ask(10, READ)];
        let found = run(&ON_502, &steps);
        assert_eq!(brief(&found), ["asks 3 1/1", "asks 90 9/1", "asks 3 10/1"]);
        assert_eq!(found.anomalies, ["unknown-function"]);
    }
}

#[test]
fn garbage_between_adus() {
    let mut wrong_protocol = adu(2, 1, &[3, 0, 0, 0, 6]);
    wrong_protocol[3] = 1;
    let mut too_short = adu(2, 1, &[3, 0, 0, 0, 6]);
    too_short[5] = 1;
    let mut too_long = too_short.clone();
    too_long[5] = 255;
    let cases: [(&[u8], &str); 4] = [
        // Their tails and the head of what follows make up "read 6 discrete inputs of unit 0".
        (&wrong_protocol, "protocol-id"),
        (&too_short, "length-out-of-range"),
        (&too_long, "length-out-of-range"),
        (b"GET / HTTP/1.0\r\n\r\n", "protocol-id"),
    ];
    for (garbage, reason) in cases {
        let steps = [ask(1, READ), Step::Bytes(Side::A, [garbage, &adu(2, 1, READ), &adu(3, 1, READ)].concat())];
        let found = run(&ON_502, &steps);
        assert_eq!(brief(&found), ["asks 3 1/1", "asks 3 2/1", "asks 3 3/1"], "{garbage:?}");
        assert_eq!(found.anomalies[0], reason);
        // An ADU of another unit is believed when something sound follows, else at the end.
        let other = [garbage, &adu(2, 17, READ)].concat();
        let steps = [ask(1, READ), Step::Bytes(Side::A, other.clone())];
        assert_eq!(brief(&run(&ON_502, &steps)), ["asks 3 1/1", "asks 3 2/17"], "{garbage:?}");
        let steps = [ask(1, READ), Step::Bytes(Side::A, [other, adu(3, 18, READ)].concat())];
        assert_eq!(brief(&run(&ON_502, &steps)), ["asks 3 1/1", "asks 3 2/17", "asks 3 3/18"], "{garbage:?}");
    }
}

#[test]
fn a_flow_that_begins_with_damage() {
    let mut damaged = adu(2, 1, &[3, 0, 0, 0, 6]);
    damaged[3] = 1;
    let steps = [Step::Bytes(Side::A, [damaged, adu(2, 1, READ), adu(3, 1, READ)].concat())];
    let found = run(&ON_502, &steps);
    assert_eq!(brief(&found), ["asks 3 2/1", "asks 3 3/1"]);
    assert_eq!(found.anomalies, ["protocol-id"]);
}

#[test]
fn undefined_functions_behind_damage_need_the_unit_and_a_successor() {
    let mut damaged = adu(2, 1, READ);
    damaged[5] = 0;
    let fuzzed: Vec<_> = (30..36u8).map(|function| adu(0, 1, &[function, 0, 0, 0, 0])).collect();
    let steps = [ask(1, READ), Step::Bytes(Side::A, [damaged.clone(), fuzzed.concat()].concat())];
    let expected: Vec<_> = (30..36).map(|function| format!("asks {function} 0/1")).collect();
    assert_eq!(brief(&run(&ON_502, &steps))[1..], expected);
    // Of another unit they are not believed, nor when another unit's follows.
    let others: Vec<_> = (30..36u8).map(|function| adu(0, 1 + function % 2, &[function, 0, 0, 0, 0])).collect();
    let steps = [ask(1, READ), Step::Bytes(Side::A, [damaged, others.concat()].concat())];
    assert_eq!(brief(&run(&ON_502, &steps)), ["asks 3 1/1"]);
}

#[test]
fn garbage_is_read_in_place() {
    #[derive(Default)]
    struct Copied(usize);
    impl MessageHandler for Copied {
        fn message(&mut self, _: &dyn Message) {}
        fn anomaly(&mut self, _: &'static Protocol, _: usize) {}
        fn finding(&mut self, _: &'static Protocol, _: Finding) {}
        fn copied(&mut self, bytes: usize) {
            self.0 += bytes;
        }
    }
    let mut conversation = crate::identify::Conversation::default();
    let mut copied = Copied::default();
    let garbage = [0x55; 1460];
    for bytes in [&adu(1, 1, READ)[..], &garbage, &garbage, &garbage] {
        let chunk = Chunk { side: Side::A, time: Timestamp::EPOCH, frame: 1, bytes };
        conversation.push(&ON_502, &chunk, &mut copied);
    }
    // What may begin an ADU at the end of one chunk, and what completes it from the next.
    assert!(copied.0 <= 3 * HEADER, "{}", copied.0);
}

#[test]
fn exception_storms_and_floods_stay_within_limits() {
    let storm: Vec<_> = (0..5000u16).map(|number| adu(number, 1, &[0x83, 2])).collect();
    let found = run(&ON_502, &[bytes(Side::B, &storm)]);
    assert_eq!(found.messages.len(), 5000);
    assert_eq!(found.anomalies, vec!["unsolicited-response"; 5000]);
    let flood: Vec<_> = (0..5000u16).map(|number| adu(number, 1, READ)).collect();
    let answers: Vec<_> = (0..5000u16).map(|number| adu(number, 1, DATA)).collect();
    let found = transcript(&ON_502, &[bytes(Side::A, &flood), bytes(Side::B, &answers)]);
    assert_eq!(found.messages.iter().filter(|line| line.contains(" paired ")).count(), WAITING_MAX);
    let forgotten = 5000 - WAITING_MAX;
    let expected = [vec!["too-many-pending"; forgotten], vec!["unsolicited-response"; forgotten]].concat();
    assert_eq!(found.anomalies, expected);
    assert!(found.held_max > 0 && found.held_max <= 16 * 1024, "{}", found.held_max);
    assert!(size_of::<ModbusDissector>() <= 64, "{}", size_of::<ModbusDissector>());
}

fn looked(flow: &FlowFacts, first: Side, a: &[u8], b: &[u8]) -> Probe {
    probe(&Evidence { flow, bytes: [a, b], first })
}

#[test]
fn named_on_the_own_port() {
    assert_eq!(looked(&MIDDLE, Side::A, &adu(1, 1, READ), &[]), Probe::Yes(None));
    assert_eq!(looked(&MIDDLE, Side::B, &[], &adu(1, 1, DATA)), Probe::Yes(None));
    assert_eq!(looked(&MIDDLE, Side::A, &adu(1, 1, READ)[..8], &[]), Probe::Yes(None));
    assert_eq!(looked(&MIDDLE, Side::A, &adu(1, 1, &[99]), &[]), Probe::Yes(None));
    assert_eq!(looked(&MIDDLE, Side::A, &adu(1, 1, READ)[..7], &[]), Probe::Unsure);
    assert_eq!(looked(&MIDDLE, Side::A, &[&[7; 100][..], &adu(1, 1, READ)].concat(), &[]), Probe::Behind(None));
    assert_eq!(looked(&MIDDLE, Side::A, &[7; 100], &[]), Probe::Unsure);
    assert_eq!(looked(&MIDDLE, Side::A, &[7; 600], &[]), Probe::No);
    assert_eq!(looked(&MIDDLE, Side::A, b"GET / HTTP/1.1\r\n", &[]), Probe::No);
    assert_eq!(looked(&MIDDLE, Side::A, &[0x16, 3, 1, 0, 0x50, 1, 0, 0], &[]), Probe::No);
    // Garbage before the first ADU is passed over.
    let steps = [Step::Bytes(Side::A, [&[7; 40][..], &adu(1, 1, READ)].concat()), ask(2, READ)];
    assert_eq!(brief(&run(&MIDDLE, &steps)), ["asks 3 1/1", "asks 3 2/1"]);
}

#[test]
fn named_on_any_other_port() {
    let read = adu(1, 1, READ);
    let two = [adu(1, 1, READ), adu(2, 1, READ)].concat();
    assert_eq!(looked(&UNKNOWN, Side::A, &read, &[]), Probe::Unsure);
    assert_eq!(looked(&UNKNOWN, Side::A, &two, &[]), Probe::Yes(Some(Side::A)));
    assert_eq!(looked(&UNKNOWN, Side::A, &two[..two.len() - 1], &[]), Probe::Unsure);
    assert_eq!(looked(&UNKNOWN, Side::A, &read, &adu(1, 1, DATA)), Probe::Yes(Some(Side::A)));
    assert_eq!(looked(&UNKNOWN, Side::A, &read, &adu(1, 1, &[0x83, 2])), Probe::Yes(Some(Side::A)));
    assert_eq!(looked(&UNKNOWN, Side::B, &adu(1, 1, ECHO), &adu(1, 1, ECHO)), Probe::Yes(Some(Side::B)));
    assert_eq!(looked(&UNKNOWN, Side::A, &adu(1, 1, DATA), &read), Probe::Yes(Some(Side::B)));
    // Two requests do not answer each other; another transaction, unit or function is no answer.
    assert_eq!(looked(&UNKNOWN, Side::A, &read, &read), Probe::Unsure);
    for other in [adu(2, 1, DATA), adu(1, 2, DATA), adu(1, 1, &[4, 2, 0, 0])] {
        assert_eq!(looked(&UNKNOWN, Side::A, &read, &other), Probe::Unsure);
    }
    // Two that cannot come from one end; one of no defined function; one that is wrong in itself; one cut.
    assert_eq!(looked(&UNKNOWN, Side::A, &[adu(1, 1, READ), adu(1, 1, DATA)].concat(), &[]), Probe::No);
    for bad in [adu(1, 1, &[99, 1]), adu(1, 1, &[3, 0, 0, 0]), adu(1, 1, &[0, 0])] {
        assert_eq!(looked(&UNKNOWN, Side::A, &bad, &[]), Probe::No);
    }
    for no in [&b"\x0bMSH|"[..], b"HTTP", b"\x16\x03\x01\x02", b"SSH-", &[1, 2, 0, 0, 1], &[0, 0, 0, 0, 0, 0, 0, 0]] {
        assert_eq!(looked(&UNKNOWN, Side::A, no, &[]), Probe::No, "{no:?}");
    }
    // A DICOM association request, read as a header, is function 1 of unit 0: its byte count is not.
    let associate = [&[1, 0, 0, 0, 0, 0xcd, 0, 1, 0, 0][..], &[b'A'; 201]].concat();
    assert_eq!(looked(&UNKNOWN, Side::A, &associate, &[]), Probe::No);
    assert_eq!(looked(&UNKNOWN, Side::A, &adu(1, 1, READ)[..3], &[]), Probe::Unsure);
}
