//! The invariants that every dissector keeps, as one function that tests, properties and fuzzing all call.
//!
//! * nothing panics, and every call makes progress or asks for a bounded number of bytes;
//! * **the same messages come out however the bytes are cut**, unless bytes stood before what names the flow;
//! * what is held stays below a cap, and nobody has to ask whether it has changed.

use wardtap_net::flow::HashKey;
use wardtap_net::packet::Timestamp;
use wardtap_net::stream::{Chunk, Side};

use crate::clues::Clue;
use crate::fingerprint::Fingerprint;
use crate::identify::{Conversation, HELD_MAX, Recognised};
use crate::public::Public;
use crate::results::Measured;
use crate::{
    Direction, Envelope, Features, Finding, FlowFacts, Message, MessageHandler, Outcome, PROTOCOLS, Protocol, Transport,
};

/// One step of a conversation.
#[derive(Clone, Debug)]
pub enum Step {
    /// Bytes from one end: of its stream, or a datagram.
    Bytes(Side, Vec<u8>),
    /// Missing bytes.
    Gap(Side, Option<u64>),
}

/// What came of a conversation: readable lines, in order, without anything that depends on the cuts.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    /// A line per message: its envelope and its JSON.
    pub messages: Vec<String>,
    /// The values at places that messages carry, each with the first place.
    pub values: Vec<(u32, Vec<u16>)>,
    /// What was accepted.
    pub accepted: Vec<Fingerprint>,
    /// The results that messages carry.
    pub results: Vec<Measured>,
    /// What is learned of each message: of texts, their lengths.
    pub features: Vec<Features>,
    /// Anomaly names.
    pub anomalies: Vec<&'static str>,
    /// Findings.
    pub findings: Vec<Finding>,
    /// Clues, each with whose it is.
    pub clues: Vec<String>,
    /// Who logs in, and digests of the names.
    pub logins: Vec<(Side, u32)>,
    /// The most bytes held at any time.
    pub held_max: usize,
    /// Bytes were dropped before the flow had a name, and the next segment tried as if it were the first; or, on a usual
    /// port, it has its name by what stood behind other bytes. The cuts do matter then.
    pub depends_on_cuts: bool,
    /// What the flow turned out to be.
    pub protocol: Option<&'static str>,
    /// What the flow holds may have changed: this was told.
    told_held: bool,
}

impl MessageHandler for Transcript {
    fn message(&mut self, message: &dyn Message) {
        let Envelope { kind, side, direction, bytes, incomplete, response_nanos, outcome } = *message.envelope();
        let protocol = message.protocol();
        let mut json = Vec::new();
        message.write_json(&mut json);
        self.features.push(message.features(&|text| text.len() as u64));
        if let Some(points) = message.points() {
            let mut values = Vec::new();
            points.each(usize::MAX, |value| values.push(value));
            self.values.push((points.first, values));
        }
        self.accepted.extend(message.accepted());
        self.results.extend(message.results());
        let kind = protocol.kinds.get(kind).copied().unwrap_or("KIND OUT OF RANGE");
        let direction = match direction {
            Direction::Request => "request",
            Direction::Response => "response",
        };
        let outcome = match outcome {
            Outcome::Neutral => "",
            Outcome::Positive => " positive",
            Outcome::Negative => " negative",
        };
        let incomplete = if incomplete { " incomplete" } else { "" };
        let paired = if response_nanos.is_some() { " paired" } else { "" };
        self.messages.push(format!(
            "{side:?} {} {kind} {direction} {bytes}{outcome}{incomplete}{paired} {}",
            protocol.name,
            String::from_utf8_lossy(&json)
        ));
    }

    fn anomaly(&mut self, protocol: &'static Protocol, reason: usize) {
        self.anomalies.push(protocol.anomalies.get(reason).copied().unwrap_or("REASON OUT OF RANGE"));
    }

    fn finding(&mut self, _: &'static Protocol, finding: Finding) {
        self.findings.push(finding);
    }

    fn clue(&mut self, side: Side, clue: Clue, text: &Public<'_>) {
        let text = text.as_str();
        assert!(!text.is_empty() && text.len() <= crate::clues::CLUE_MAX && text.is_ascii(), "{clue:?}: {text:?}");
        self.clues.push(format!("{side:?} {} {text}", clue.name()));
    }

    fn login(&mut self, side: Side, user: u32) {
        self.logins.push((side, user));
    }

    fn fingerprints(&self) -> Option<HashKey> {
        Some(HashKey(0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210))
    }

    fn copied(&mut self, _: usize) {
        self.told_held = true;
    }

    fn held_changed(&mut self) {
        self.told_held = true;
    }
}

/// Runs a conversation step by step.
#[must_use]
pub fn transcript(flow: &FlowFacts, steps: &[Step]) -> Transcript {
    let mut conversation = Conversation::default();
    let mut transcript = Transcript::default();
    for (number, step) in (1u64..).zip(steps) {
        match step {
            Step::Bytes(side, bytes) => {
                let time = Timestamp::from_seconds(number);
                let held = conversation.held_bytes();
                transcript.told_held = false;
                let chunk = Chunk { side: *side, time, frame: number, bytes };
                match flow.transport {
                    Transport::Tcp => conversation.push(flow, &chunk, &mut transcript),
                    Transport::Udp => conversation.datagram(flow, &chunk, &mut transcript),
                }
                let told = transcript.told_held || conversation.held_bytes() == held;
                assert!(told, "{held} bytes held became {} and nobody was told", conversation.held_bytes());
            }
            Step::Gap(side, missing) => {
                conversation.gap(*side, *missing, &mut transcript);
            }
        }
        transcript.depends_on_cuts |= conversation.depends_on_cuts();
        if let Recognised::Protocol(protocol) = conversation.recognised() {
            transcript.protocol = Some(protocol.name);
        }
        transcript.held_max = transcript.held_max.max(conversation.held_bytes());
    }
    conversation.finish(&mut transcript);
    // Where memory changed depends on the cuts.
    transcript.told_held = false;
    transcript
}

/// Cuts every step's bytes into pieces whose lengths cycle through `lengths` (zeros count as one).
#[must_use]
pub fn cut(steps: &[Step], lengths: &[usize]) -> Vec<Step> {
    let mut lengths = lengths.iter().copied().chain([usize::MAX]).cycle();
    let mut pieces = Vec::new();
    for step in steps {
        match step {
            Step::Gap(side, missing) => pieces.push(Step::Gap(*side, *missing)),
            Step::Bytes(side, bytes) => {
                let mut rest = bytes.as_slice();
                while !rest.is_empty() {
                    let length = lengths.next().unwrap_or(1).clamp(1, rest.len());
                    let (piece, after) = rest.split_at(length);
                    pieces.push(Step::Bytes(*side, piece.to_vec()));
                    rest = after;
                }
            }
        }
    }
    pieces
}

/// Whether two runs with different cuts must have found the same: what begins with a protocol is named so however it is
/// cut. On a usual port, what is unsure to the end when it comes at once may be dropped in pieces, and one of them found.
fn must_be_alike(flow: &FlowFacts, whole: &Transcript, pieces: &Transcript) -> bool {
    let usual_port = PROTOCOLS.iter().any(|protocol| flow.ports.iter().any(|port| protocol.ports.contains(port)));
    let unsure = usual_port && whole.protocol.is_none();
    !(whole.depends_on_cuts || unsure && pieces.depends_on_cuts)
}

/// Runs a conversation whole and cut, and checks the invariants; gives back what the uncut run found.
///
/// # Panics
/// When an invariant does not hold: that is what it is for.
#[allow(clippy::panic)]
pub fn exercise(flow: &FlowFacts, steps: &[Step], lengths: &[usize]) -> Transcript {
    let whole = transcript(flow, steps);
    if flow.transport == Transport::Udp {
        // Nothing cuts datagrams.
        assert!(whole.held_max <= HELD_MAX, "{} bytes held", whole.held_max);
        return whole;
    }
    let pieces = transcript(flow, &cut(steps, lengths));
    if must_be_alike(flow, &whole, &pieces) {
        assert_eq!(whole.protocol, pieces.protocol, "the cuts {lengths:?} changed the protocol");
        assert_eq!(whole.messages, pieces.messages, "the cuts {lengths:?} changed the messages");
        assert_eq!(whole.values, pieces.values, "the cuts {lengths:?} changed the values");
        assert_eq!(whole.accepted, pieces.accepted, "the cuts {lengths:?} changed the fingerprints");
        assert_eq!(whole.results, pieces.results, "the cuts {lengths:?} changed the results");
        assert_eq!(whole.features, pieces.features, "the cuts {lengths:?} changed the features");
        assert_eq!(whole.findings, pieces.findings, "the cuts {lengths:?} changed the findings");
        assert_eq!(whole.clues, pieces.clues, "the cuts {lengths:?} changed the clues");
        assert_eq!(whole.logins, pieces.logins, "the cuts {lengths:?} changed the logins");
    }
    for held in [whole.held_max, pieces.held_max] {
        assert!(held <= HELD_MAX.saturating_mul(4), "{held} bytes held");
    }
    whole
}
