//! Where a block begins and ends: with FS and CR, however they come, and where the CR does not.

use wardtap_net::packet::Timestamp;
use wardtap_net::stream::Chunk;

use super::*;
use crate::identify::Conversation;
use crate::{Finding, Message, MessageHandler, Protocol};

/// Messages with the time and frame that they were told with.
#[derive(Default)]
struct Placed {
    now: (Timestamp, u64),
    messages: Vec<(Side, Option<u64>, u64, u64)>,
    anomalies: Vec<&'static str>,
}

impl MessageHandler for Placed {
    fn message(&mut self, message: &dyn Message) {
        let (envelope, (time, frame)) = (message.envelope(), self.now);
        let seconds = |nanos| nanos / 1_000_000_000;
        self.messages.push((envelope.side, envelope.response_nanos.map(seconds), seconds(time.nanos()), frame));
    }

    fn anomaly(&mut self, protocol: &'static Protocol, reason: usize) {
        self.anomalies.push(protocol.anomalies[reason]);
    }

    fn finding(&mut self, _: &'static Protocol, _: Finding) {}

    fn at(&mut self, time: Timestamp, frame: u64) {
        self.now = (time, frame);
    }

    fn copied(&mut self, _: usize) {}
}

/// Runs steps as frames 1, 2, ... that come ten seconds apart.
fn placed(steps: &[Step]) -> Placed {
    let mut to = Placed::default();
    let mut conversation = Conversation::default();
    for (frame, step) in (1u64..).zip(steps) {
        to.now = (Timestamp::from_seconds(frame * 10), frame);
        match step {
            Step::Bytes(side, bytes) => {
                let chunk = Chunk { side: *side, time: to.now.0, frame, bytes };
                conversation.push(&FLOW, &chunk, &mut to);
            }
            Step::Gap(side, missing) => conversation.gap(*side, *missing, &mut to),
        }
        let gap = matches!(step, Step::Gap(..));
        assert!(gap || to.now.1 == frame, "what follows would be told with another frame");
    }
    to.now = (Timestamp::from_seconds(990), 99);
    conversation.finish(&mut to);
    to
}

/// A block without its CR.
fn ended(text: &str) -> Vec<u8> {
    [b"\x0b", text.as_bytes(), b"\x1c"].concat()
}

#[test]
fn a_block_is_complete_with_its_cr() {
    let whole = placed(&[sent(framed(ADT)), answered(framed(ACK))]);
    assert_eq!(whole.messages, [(Side::B, None, 10, 1), (Side::A, Some(10), 20, 2)]);
    // FS and CR in segments of their own, both ways; the CR with what follows.
    let split = [sent(ended(ADT)), sent("\r"), answered(ended(ACK)), answered("\r")];
    let split = placed(&split);
    assert_eq!(split.messages, [(Side::B, None, 20, 2), (Side::A, Some(20), 40, 4)]);
    let next = placed(&[sent(ended(ADT)), sent([b"\r".to_vec(), adt("2")].concat())]);
    assert_eq!(next.messages, [(Side::B, None, 20, 2); 2]);
    let apart = placed(&[sent(&ended(ADT)[..ADT.len() + 1]), sent("\x1c"), sent("\r")]);
    assert_eq!(apart.messages, [(Side::B, None, 30, 3)]);
    for seen in [whole, split, next, apart] {
        assert!(seen.anomalies.is_empty(), "{:?}", seen.anomalies);
    }
}

#[test]
fn without_cr_a_block_ended_with_its_fs() {
    // Something else follows, the other end answers, bytes are missing on either side, or nothing comes any more.
    let first = (Side::B, None, 10, 1);
    let next = placed(&[sent(ended(ADT)), sent(ended(ADT))]);
    assert_eq!(next.messages, [first, (Side::B, None, 20, 2)]);
    assert_eq!(next.anomalies, ["frame-end-without-cr"]);
    let answer = placed(&[sent(ended(ADT)), answered(ended(ACK))]);
    assert_eq!(answer.messages, [first, (Side::A, Some(10), 20, 2)]);
    // The CR may still come, and is then no byte outside of frames.
    let late = placed(&[sent(ended(ADT)), answered(framed(ACK)), sent("\r"), sent(adt("2")), answered(ack("AA", "2"))]);
    assert_eq!(late.messages[..2], [first, (Side::A, Some(10), 20, 2)]);
    for (side, anomalies) in [(Side::A, &["frame-end-without-cr"][..]), (Side::B, &[])] {
        let gap = placed(&[sent(ended(ADT)), Step::Gap(side, Some(9)), sent(adt("2"))]);
        assert_eq!(gap.messages, [first, (Side::B, None, 30, 3)]);
        assert_eq!(gap.anomalies, anomalies);
    }
    for seen in [placed(&[sent(ended(ADT))]), answer, late] {
        assert_eq!(seen.messages[0], first);
        assert!(seen.anomalies.is_empty(), "{:?}", seen.anomalies);
    }
    // The other end is in the middle of a message of its own.
    let both = placed(&[answered(&framed(ACK)[..60]), sent(ended(ADT))]);
    assert_eq!(both.messages, [(Side::B, None, 20, 2), (Side::A, None, 10, 1)]);
}

#[test]
fn cuts_around_the_end_never_show() {
    for text in [framed(ADT), ended(ADT)] {
        let steps = [sent(&text), answered(framed(ACK)), sent(&text), sent(&text), answered(ended(ACK))];
        for length in ADT.len() - 2..ADT.len() + 4 {
            exercise(&FLOW, &steps, &[length, 1, 1]);
        }
    }
}

#[test]
fn frames_may_end_otherwise() {
    let bare = |text: &str| [b"\x0b", text.as_bytes()].concat();
    // FS without CR, once with a frame behind it and once with the end of the stream.
    let fs = [bare(ADT), vec![0x1c]].concat();
    let seen = run(&[sent([&fs[..], &fs[..]].concat())]);
    assert_eq!((seen.messages.len(), seen.anomalies), (2, vec!["frame-end-without-cr"]));
    // No FS: the next frame ends the message.
    let seen = run(&[sent([bare(ADT), adt("C2")].concat())]);
    assert_eq!((seen.messages.len(), seen.anomalies), (2, vec!["missing-frame-end"]));
    assert!(seen.messages[0].contains(&format!(" {} ", ADT.len())));
    assert!(seen.messages.iter().all(|line| !line.contains("incomplete")));
    // Not even the last segment's end.
    let seen = run(&[sent([bare(ADT.trim_end()), adt("C2")].concat())]);
    assert_eq!((seen.messages.len(), seen.anomalies), (2, vec!["missing-frame-end"]));
    // A VT inside a line is data.
    let seen = run(&[sent(framed(&ADT.replace("CANARYGIVEN", "CAN\x0bARY\x0bMSG|")))]);
    assert_eq!((seen.messages.len(), seen.anomalies.len()), (1, 0));
    assert!(seen.messages[0].contains("\"PID\":1,\"PV1\":1}"));
    // A repeated VT at the start.
    let seen = run(&[sent([b"\x0b".to_vec(), adt("C3")].concat())]);
    assert_eq!((seen.messages.len(), seen.anomalies.len()), (1, 0));
}

#[test]
fn bytes_outside_frames() {
    let steps = [sent([&adt("1")[..], b"\nnoise ", &adt("2"), b" more"].concat())];
    let seen = run(&steps);
    assert_eq!((seen.messages.len(), seen.anomalies), (2, vec!["bytes-outside-frames"; 2]));
    // Caught in the middle: what comes before the first frame is nothing odd.
    let middle = FlowFacts { from_start: [false, false], ..FLOW };
    let seen = run_on(&middle, &[sent([b"OBX|1|TX|CANARYNAME\r\x1c\r".as_slice(), &adt("2")].concat())]);
    assert_eq!((seen.messages.len(), seen.anomalies.len()), (1, 0));
}

#[test]
fn commit_bytes_of_release_2() {
    let seen = run(&[sent(adt("1")), answered(b"\x0b\x06\x1c\r"), sent(adt("2")), answered(b"\x0b\x15\x1c\r")]);
    assert_eq!((seen.messages.len(), seen.anomalies.clone()), (2, vec!["commit-nak"]));
}

#[test]
fn the_last_line_may_end_with_the_block() {
    let without = |text: &str| framed(text.trim_end());
    let seen = run(&[sent(adt("C1")), answered(without(ACK))]);
    assert!(seen.messages[1].contains(" positive paired "), "{}", seen.messages[1]);
    assert!(seen.messages[1].contains("\"ack_code\":\"AA\",\"ack_control_id\":\"C1\""));
    assert_eq!(seen.anomalies, ["line-ends"]);
    let alone = &ACK[..ACK.find("MSA").unwrap()];
    let seen = run(&[sent(without(alone))]);
    assert!(seen.messages[0].contains("\"sending_application\":\"EHR\""), "{}", seen.messages[0]);
    // What a VT cuts may have been longer.
    let cut = |text: &str| [b"\x0b", text.trim_end().as_bytes(), &adt("C2")].concat();
    let seen = run(&[answered(cut(alone))]);
    assert!(seen.messages[0].contains("\"sending_application\":\"(unreadable)\""), "{}", seen.messages[0]);
    let seen = run(&[sent(adt("C1")), answered(cut(ACK))]);
    assert!(seen.messages[1].contains("\"ack_code\":\"(unreadable)\",\"ack_control_id\":\"(unreadable)\""));
}
