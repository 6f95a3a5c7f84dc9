//! The dissectors, with the recognition of the protocol before them: nanoseconds a message.

use criterion::{Criterion, Throughput};
use wardtap_dissect::identify::Conversation;
use wardtap_dissect::{Finding, FlowFacts, Message, MessageHandler, Protocol, Transport};
use wardtap_net::packet::Timestamp;
use wardtap_net::stream::{Chunk, Side};

use crate::traffic::{self, Talk, Turn};

/// Whole conversations in segments, from the first octet to the end.
pub(crate) fn conversations(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("dissect");
    for (name, talk) in [
        ("modbus", traffic::modbus(2000)),
        ("hl7, 1 kB", traffic::hl7(500, 5)),
        ("hl7, 10 kB", traffic::hl7(100, 100)),
        ("dicom, echoes", traffic::dicom(500, 0)),
        ("dicom, images of 1 MB", traffic::dicom(4, 1 << 20)),
    ] {
        let segments = talk.segments();
        let mut seen = Counted::default();
        run(&talk, &segments, &mut seen);
        assert_eq!((seen.messages, seen.anomalies), (talk.messages, 0), "{name}");
        group.throughput(Throughput::Elements(talk.messages));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut seen = Counted::default();
                run(&talk, &segments, &mut seen);
                seen.messages
            });
        });
    }
    group.finish();
}

/// Takes the segments of a talk through a conversation.
pub(crate) fn run(talk: &Talk, segments: &[Turn], to: &mut dyn MessageHandler) {
    let facts = FlowFacts {
        ports: [talk.port, 40_000],
        originator: Some(Side::B),
        from_start: [true, true],
        requester: None,
        transport: Transport::Tcp,
    };
    let mut conversation = Conversation::default();
    for (frame, (side, bytes)) in (1u64..).zip(segments) {
        let time = Timestamp::from_nanos(1_790_000_000_000_000_000 + frame * 100_000);
        conversation.push(&facts, &Chunk { side: *side, time, frame, bytes }, to);
    }
    conversation.finish(to);
}

#[derive(Default)]
struct Counted {
    messages: u64,
    anomalies: u64,
}

impl MessageHandler for Counted {
    fn message(&mut self, _: &dyn Message) {
        self.messages += 1;
    }

    fn anomaly(&mut self, _: &'static Protocol, _: usize) {
        self.anomalies += 1;
    }

    fn finding(&mut self, _: &'static Protocol, _: Finding) {}

    fn copied(&mut self, _: usize) {}
}
