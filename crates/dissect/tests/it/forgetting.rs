//! Flows that let go of what they hold, for want of room, and are read on.

use wardtap_dissect::exercise::Transcript;
use wardtap_dissect::identify::{Conversation, Recognised};
use wardtap_dissect::{FlowFacts, Transport};
use wardtap_net::packet::Timestamp;
use wardtap_net::stream::{Chunk, Side};

struct Flow {
    facts: FlowFacts,
    conversation: Conversation,
    told: Transcript,
    now: u64,
}

impl Flow {
    fn new(port: u16) -> Self {
        let facts = FlowFacts {
            ports: [40_000, port],
            originator: Some(Side::A),
            from_start: [true; 2],
            requester: None,
            transport: Transport::Tcp,
        };
        Self { facts, conversation: Conversation::default(), told: Transcript::default(), now: 1 }
    }

    fn say(&mut self, side: Side, bytes: &[u8]) {
        self.now += 1;
        let chunk = Chunk { side, time: Timestamp::from_seconds(self.now), frame: self.now, bytes };
        self.conversation.push(&self.facts, &chunk, &mut self.told);
    }

    /// Lets go of more than `least` octets; the flow is what it was.
    #[track_caller]
    fn forget(&mut self, least: usize) {
        let counted = self.conversation.count_held();
        assert!(counted > least.cast_signed(), "{counted} octets held");
        let name = |flow: &Self| match flow.conversation.recognised() {
            Recognised::Protocol(protocol) => Some(protocol.name),
            _ => None,
        };
        let (named, requester) = (name(self), self.conversation.requester());
        self.conversation.forget(&self.facts, &mut self.told);
        assert_eq!((name(self), self.conversation.requester()), (named, requester));
        assert_eq!(self.conversation.count_held(), -counted);
        assert_eq!(self.conversation.counted_bytes(), 0);
    }
}

#[test]
fn half_a_message_is_told_and_the_next_one_is_whole() {
    let mut flow = Flow::new(2575);
    let message = |id: u8| format!("\x0bMSH|^~\\&|LAB|MAIN|EHR|MAIN|2026||ADT^A01|{id}|P|2.5.1\rPID|1||x\r\x1c\r");
    flow.say(Side::A, message(1).as_bytes());
    flow.say(Side::A, &message(2).as_bytes()[..50]);
    flow.forget(50);
    let [whole, half] = &flow.told.messages[..] else { panic!("{:?}", flow.told.messages) };
    assert!(!whole.contains("incomplete") && half.contains(" incomplete "), "{half}");
    // The rest of the second is nothing; its answer and that to the first are to nothing that is known, and no fault.
    flow.say(Side::A, &message(2).as_bytes()[50..]);
    flow.say(Side::A, message(3).as_bytes());
    for id in 1..=3 {
        let answer = format!("\x0bMSH|^~\\&|EHR|MAIN|LAB|MAIN|2026||ACK|{id}|P|2.5.1\rMSA|AA|{id}\r\x1c\r");
        flow.say(Side::B, answer.as_bytes());
    }
    flow.conversation.finish(&mut flow.told);
    assert_eq!((flow.told.messages.len(), flow.told.anomalies.as_slice()), (6, &[][..]));
    assert!(flow.told.messages[5].contains(" paired "), "{}", flow.told.messages[5]);
}

#[test]
fn requests_that_wait_are_forgotten_without_a_fault() {
    let mut flow = Flow::new(502);
    let request = |id: u8| [0, id, 0, 0, 0, 6, 1, 3, 0, id, 0, 1];
    let response = |id: u8| [0, id, 0, 0, 0, 5, 1, 3, 2, 0, id];
    for id in 0..100 {
        flow.say(Side::A, &request(id));
    }
    flow.forget(100 * 16);
    flow.say(Side::B, &response(7));
    flow.say(Side::A, &request(200));
    flow.say(Side::B, &response(200));
    assert_eq!((flow.told.messages.len(), flow.told.anomalies.as_slice()), (103, &[][..]));
    assert!(flow.told.messages[102].contains(" paired ") && !flow.told.messages[100].contains(" paired "));
}

#[test]
fn half_an_association_request_is_forgotten_and_the_next_pdu_is_read() {
    let mut flow = Flow::new(104);
    let mut request = b"\x01\0\0\0\x20\0\0\x01\0\0ARCHIVE         STATION         ".to_vec();
    request.extend([0; 32]);
    request.extend(b"\x10\0\0\x151.2.840.10008.3.1.1.1");
    request.resize(6000, 0);
    flow.say(Side::A, &request);
    flow.forget(6000);
    // The rest of the request would be searched; the peer gives up instead.
    flow.say(Side::A, b"\x07\0\0\0\0\x04\0\0\0\0");
    assert!(flow.told.messages.last().unwrap().contains(" abort "), "{:?}", flow.told.messages);
}

#[test]
fn what_came_before_a_name_is_forgotten() {
    let mut flow = Flow::new(2575);
    flow.say(Side::A, b"\x01\0\0");
    flow.forget(3);
    assert!(matches!(flow.conversation.recognised(), Recognised::Unknown));
    flow.say(Side::A, b"\x0bMSH|^~\\&|LAB|MAIN|EHR|MAIN|2026||ADT^A01|1|P|2.5.1\r\x1c\r");
    assert_eq!(flow.told.messages.len(), 1);
}
