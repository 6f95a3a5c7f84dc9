//! Judgement from outside: messages of an invented protocol in, tallies, deviations and alerts out.

mod absences;
mod address_servers;
mod alerts;
mod assets;
mod attack;
mod baselines;
mod breadth;
mod coverage;
mod crowds;
mod cut;
mod detections;
mod devices;
mod folding;
mod gaps;
mod incidents;
mod inventories;
mod learned;
mod named;
mod payloads;
mod quiet_hours;
mod repeats;
mod room;
mod shifts;
mod silences;
mod site;
mod stand_ins;
mod storms;
mod takings;
mod tallies;
mod values;
mod visits;

use std::sync::LazyLock;

use wardtap_dissect::public::Public;
use wardtap_dissect::{
    Direction, Envelope, Evidence, FEATURES_MAX, Feature, Features, Learned, Message, NO_VALUE, Outcome, PROTOCOLS,
    Probe, Protocol, Target, Transport,
};
use wardtap_net::address::Address;
use wardtap_net::flow::HashKey;
use wardtap_net::packet::{NANOS_PER_SECOND, Timestamp};
use wardtap_net::stream::{FrameLabel, Side};

use crate::links::Room;
use crate::observation::Place;
use crate::tally::{Pair, PairSlot, Pairs, Tally};

/// Room for so many links, and for all that they do.
const fn room(links: usize) -> Room {
    Room { links, operations: 1 << 20, waiting: 1 << 20 }
}

const FEATURES: &[Feature] =
    &[Feature { name: "door", learned: Learned::Set }, Feature { name: "step", learned: Learned::Position }];

fn protocol(named_by: &'static [usize]) -> Protocol {
    Protocol {
        index: 0,
        name: "speech",
        title: "Speech",
        responder_role: "speech listener",
        requester_role: Some("speech speaker"),
        transports: &[Transport::Tcp],
        is_opaque: false,
        sessions: &[],
        ports: &[],
        kinds: &["say"],
        anomalies: &[],
        features: FEATURES,
        target: Some(Target {
            plural: "doors",
            of: |_, features| features.first().copied().filter(|&d| d != NO_VALUE),
            named_by,
            told_by: named_by,
        }),
        probe: |_: &Evidence<'_>| Probe::No,
        dissector: PROTOCOLS[0].dissector,
    }
}

/// Its targets have no names.
static NUMBERED: LazyLock<Protocol> = LazyLock::new(|| protocol(&[]));
/// Its targets have names.
static NAMED: LazyLock<Protocol> = LazyLock::new(|| protocol(&[0]));

const ASKING: Address = Address::v4(0x0a00_0001);
const ASKED: Address = Address::v4(0x0a00_0002);

fn place(frame: u64, nanos: u64) -> Place {
    Place { frame: FrameLabel::new(0, frame), time: Timestamp::from_nanos(nanos) }
}

/// A message that asks for, or answers of, a door and a step.
struct Said {
    protocol: &'static Protocol,
    envelope: Envelope,
    features: Features,
    name: String,
}

impl Message for Said {
    fn protocol(&self) -> &'static Protocol {
        self.protocol
    }

    fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    fn features(&self, _: &dyn Fn(&[u8]) -> u64) -> Features {
        self.features
    }

    fn write_json(&self, _: &mut Vec<u8>) {}

    fn feature_text(&self, _: usize) -> Option<Public<'_>> {
        Some(Public::word(Box::leak(self.name.clone().into_boxed_str())))
    }
}

/// What one pair says to another, a message every millisecond.
struct Talk {
    protocol: &'static Protocol,
    pairs: Pairs,
    slot: Option<PairSlot>,
    frame: u64,
    nanos: u64,
}

impl Talk {
    fn new(protocol: &'static Protocol) -> Self {
        Self {
            protocol,
            pairs: Pairs::new(HashKey(1, 2), 8, usize::MAX),
            slot: None,
            frame: 0,
            nanos: NANOS_PER_SECOND,
        }
    }

    fn say(&mut self, direction: Direction, outcome: Outcome, door: u64, step: u64) {
        let envelope = Envelope {
            kind: 0,
            side: if direction == Direction::Request { Side::A } else { Side::B },
            direction,
            bytes: 10,
            incomplete: false,
            response_nanos: None,
            outcome,
        };
        let mut features = [NO_VALUE; FEATURES_MAX];
        (features[0], features[1]) = (door, step);
        let said = Said { protocol: self.protocol, envelope, features, name: format!("door {door}") };
        self.frame += 1;
        self.nanos += 1_000_000;
        let pair = Pair { requester: ASKING, responder: ASKED, protocol: self.protocol };
        let at = place(self.frame, self.nanos);
        self.slot = Some(self.pairs.fold(self.slot, || pair, &said, &envelope, || features, at));
    }

    fn ask(&mut self, door: u64, step: u64) {
        self.say(Direction::Request, Outcome::Neutral, door, step);
    }

    fn answer(&mut self, door: u64, step: u64) {
        self.say(Direction::Response, Outcome::Positive, door, step);
    }

    fn refuse(&mut self, door: u64, step: u64) {
        self.say(Direction::Response, Outcome::Negative, door, step);
    }

    fn later(&mut self, seconds: u64) {
        self.nanos += seconds * NANOS_PER_SECOND;
    }

    /// What the judge is handed at a tick.
    fn tick(&mut self) -> Option<Tally> {
        let mut told = Vec::new();
        self.pairs.hand_over(|tally| told.push(tally));
        assert!(told.len() <= 1, "one pair");
        told.pop()
    }
}
