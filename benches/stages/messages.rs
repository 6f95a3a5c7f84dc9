//! What is done with a message: folding it into its pair's tally, writing it as an event. Nanoseconds a message.
//!
//! A message lives for one call only, so what is measured runs inside that call.

use std::hash::BuildHasher;

use criterion::{Bencher, Criterion};
use foldhash::fast::RandomState;
use wardtap_behaviour::observation::Place;
use wardtap_behaviour::tally::{Pair, Pairs};
use wardtap_dissect::{Direction, Finding, Message, MessageHandler, Protocol};
use wardtap_export::message::{self, Circumstances};
use wardtap_net::address::Address;
use wardtap_net::address::Mac;
use wardtap_net::flow::{FlowIdentity, FlowKey, HashKey, OrientedBy};
use wardtap_net::packet::Timestamp;
use wardtap_net::stream::Side;

use crate::dissect;
use crate::traffic::{self, Talk};

const RESPONDER: Address = Address::v4(0x0a14_0401);
const REQUESTER: Address = Address::v4(0x0a28_0001);
const TIME: Timestamp = Timestamp::from_seconds(1_790_000_000);

fn talks() -> [(&'static str, Talk); 3] {
    [("modbus", traffic::modbus(10)), ("hl7", traffic::hl7(10, 5)), ("dicom", traffic::dicom(10, 1024))]
}

/// A message's features, and their place in the tally of its pair.
pub(crate) fn fold(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fold");
    for (name, talk) in talks() {
        group.bench_function(name, |bencher| {
            let mut inside = Inside { bencher, seen: 0, measure: Some(fold_one) };
            dissect::run(&talk, &talk.segments(), &mut inside);
        });
    }
    group.finish();
}

fn fold_one(bencher: &mut Bencher<'_>, message: &dyn Message) {
    let pair = Pair { requester: REQUESTER, responder: RESPONDER, protocol: message.protocol() };
    let mut pairs = Pairs::new(HashKey(1, 2), 256, usize::MAX);
    let hasher = RandomState::default();
    let place = Place { time: TIME, ..Place::default() };
    let mut slot = None;
    bencher.iter(|| {
        let features = message.features(&|text| hasher.hash_one(text));
        slot = Some(pairs.fold(slot, || pair, message, message.envelope(), || features, place));
    });
}

/// A message's line of JSON into a buffer that is used again.
pub(crate) fn write(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("write");
    for (name, talk) in talks() {
        group.bench_function(name, |bencher| {
            let mut inside = Inside { bencher, seen: 0, measure: Some(write_one) };
            dissect::run(&talk, &talk.segments(), &mut inside);
        });
    }
    group.finish();
}

fn write_one(bencher: &mut Bencher<'_>, message: &dyn Message) {
    let (key, _) = FlowKey::new((RESPONDER, message.protocol().ports[0]), (REQUESTER, 40_000), 6, 0, 0);
    let identity = FlowIdentity {
        key,
        first: TIME,
        originator: Side::B,
        oriented_by: OrientedBy::Syn,
        macs: [Mac([0, 9, 0x6e, 0, 0, 1]), Mac([0, 0x1b, 0x21, 0, 0, 2])],
        vlan: None,
    };
    let flow = message::render_flow(&identity);
    let around = Circumstances { time: TIME, frame: 4711, capture: b"\"ward.pcap\"", flow: &flow, unusual_port: false };
    let mut line = Vec::new();
    bencher.iter(|| {
        line.clear();
        message::write(&mut line, message, &around);
        line.len()
    });
}

/// Measures with one message of a conversation: the first request after [`WARM`] messages.
struct Inside<'a, 'b> {
    bencher: &'a mut Bencher<'b>,
    seen: u32,
    measure: Option<Measure>,
}

type Measure = fn(&mut Bencher<'_>, &dyn Message);

/// After so many messages a conversation is past its beginning.
const WARM: u32 = 10;

impl MessageHandler for Inside<'_, '_> {
    fn message(&mut self, message: &dyn Message) {
        self.seen += 1;
        if self.seen > WARM
            && message.envelope().direction == Direction::Request
            && let Some(measure) = self.measure.take()
        {
            measure(self.bencher, message);
        }
    }

    fn anomaly(&mut self, _: &'static Protocol, _: usize) {}

    fn finding(&mut self, _: &'static Protocol, _: Finding) {}

    fn copied(&mut self, _: usize) {}
}
