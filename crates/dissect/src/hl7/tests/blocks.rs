//! Where a block ends: with FS and CR, however they come, and where the CR does not.

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
