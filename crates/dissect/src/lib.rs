//! Ordered streams in, application messages out.
//!
//! A protocol is a folder with one line in [`PROTOCOLS`]. [`identify::Conversation`] finds out which protocol a flow
//! speaks, by content first, and feeds its [`Dissector`]; messages, anomalies and findings go to a [`MessageHandler`].
//!
//! Pure: no files, no clock, no threads, no `unsafe`. Nothing panics or grows without bound, whatever the bytes are.
//! No patient's data leaves this crate: text goes out as [`public::Public`] only.
#![forbid(unsafe_code)]
#![deny(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]
#![cfg_attr(
    test,
    allow(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation
    )
)]

pub mod bacnet;
pub mod beneath;
pub mod clues;
mod datagrams;
pub mod dhcp;
pub mod dicom;
mod digest;
pub mod dns;
pub mod exercise;
pub mod fingerprint;
pub mod ftp;
pub mod hl7;
pub mod http;
pub mod identify;
pub mod json;
pub mod llmnr;
pub mod mdns;
pub mod modbus;
pub mod mqtt;
pub mod nbns;
pub mod ntp;
pub mod pending;
pub mod plain;
pub mod points;
pub mod public;
pub mod quic;
pub mod rdp;
pub mod results;
pub mod smb;
pub mod snmp;
pub mod ssdp;
pub mod ssh;
pub mod syslog;
#[cfg(test)]
mod talks;
pub mod telnet;
pub mod tftp;
pub mod tls;
pub mod vnc;
pub mod wsd;

use wardtap_net::flow::HashKey;
use wardtap_net::packet::Timestamp;
use wardtap_net::stream::{Chunk, Side};

/// A protocol that wardtap dissects: everything the rest of the program needs to know of it.
pub struct Protocol {
    /// Its place in [`PROTOCOLS`].
    pub index: usize,
    /// Its name in events and metrics.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What the end that answers requests is called ("Modbus server", "DICOM SCP", "HL7 receiver").
    pub responder_role: &'static str,
    /// What the end that sends requests is called; none where nearly everything is one, and it tells nothing.
    pub requester_role: Option<&'static str>,
    /// What carries it.
    pub transports: &'static [Transport],
    /// Not all that it carries is read (it is encrypted, or files and pages of any kind): the sizes of its payloads are
    /// habits, too.
    pub is_opaque: bool,
    /// The kinds of messages that begin and end sessions, whatever is done in them.
    pub sessions: &'static [&'static str],
    /// Ports on which it is usual; they only break ties.
    pub ports: &'static [u16],
    /// The closed set of message kinds: the metric label `kind`.
    pub kinds: &'static [&'static str],
    /// The closed set of anomaly reasons: the metric label `reason`.
    pub anomalies: &'static [&'static str],
    /// Habits worth learning; [`Features`] holds a value for each.
    pub features: &'static [Feature],
    /// What a message asks for behind the responder's address, where the protocol has such a thing (a unit id behind
    /// a gateway, an application entity): going through many of them is a sweep.
    pub target: Option<Target>,
    /// Says whether bytes of a flow look like this protocol.
    pub probe: fn(&Evidence<'_>) -> Probe,
    /// Makes the state for one flow.
    pub dissector: fn(&FlowFacts) -> Box<dyn Dissector>,
}

/// All protocols; those of each transport are probed in this order.
pub static PROTOCOLS: [&Protocol; 25] = [
    &hl7::PROTOCOL,
    &dicom::PROTOCOL,
    &modbus::PROTOCOL,
    &ntp::PROTOCOL,
    &ssh::PROTOCOL,
    &dns::PROTOCOL,
    &tls::PROTOCOL,
    &http::PROTOCOL,
    &dhcp::PROTOCOL,
    &snmp::PROTOCOL,
    &smb::PROTOCOL,
    &ftp::PROTOCOL,
    &tftp::PROTOCOL,
    &telnet::PROTOCOL,
    &mqtt::PROTOCOL,
    &syslog::PROTOCOL,
    &rdp::PROTOCOL,
    &vnc::PROTOCOL,
    &mdns::PROTOCOL,
    &llmnr::PROTOCOL,
    &nbns::PROTOCOL,
    &ssdp::PROTOCOL,
    &wsd::PROTOCOL,
    &bacnet::PROTOCOL,
    &quic::PROTOCOL,
];

/// Those that TCP carries, in the order of [`PROTOCOLS`].
static OVER_TCP: [&Protocol; 15] = [
    &hl7::PROTOCOL,
    &dicom::PROTOCOL,
    &modbus::PROTOCOL,
    &ssh::PROTOCOL,
    &dns::PROTOCOL,
    &tls::PROTOCOL,
    &http::PROTOCOL,
    &smb::PROTOCOL,
    &ftp::PROTOCOL,
    &telnet::PROTOCOL,
    &mqtt::PROTOCOL,
    &syslog::PROTOCOL,
    &rdp::PROTOCOL,
    &vnc::PROTOCOL,
    &llmnr::PROTOCOL,
];

/// Those that UDP carries, in the order of [`PROTOCOLS`].
static OVER_UDP: [&Protocol; 13] = [
    &ntp::PROTOCOL,
    &dns::PROTOCOL,
    &dhcp::PROTOCOL,
    &snmp::PROTOCOL,
    &tftp::PROTOCOL,
    &syslog::PROTOCOL,
    &mdns::PROTOCOL,
    &llmnr::PROTOCOL,
    &nbns::PROTOCOL,
    &ssdp::PROTOCOL,
    &wsd::PROTOCOL,
    &bacnet::PROTOCOL,
    &quic::PROTOCOL,
];

/// What carries the messages of a protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// Streams, cut anywhere.
    #[default]
    Tcp,
    /// Datagrams: each is dissected as a chunk by itself, and nothing of it is kept for the next.
    Udp,
}

impl Transport {
    /// The protocols that it carries, in the order in which they are probed.
    #[must_use]
    pub fn protocols(self) -> &'static [&'static Protocol] {
        match self {
            Self::Tcp => &OVER_TCP,
            Self::Udp => &OVER_UDP,
        }
    }
}

/// How the values of a feature are learned and compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learned {
    /// One of a closed set: together with the others of its kind it names the operation.
    Set,
    /// What the sender says that it is (its software, its certificate): names the operation as [`Learned::Set`] does, but is no
    /// habit of hosts outside of the site. There is any number of them, and they change as they like.
    Identity,
    /// A place that others come before and behind (a register's address): names the operation too, and going up through
    /// many of them is a sweep.
    Position,
    /// A number of which the least and the greatest matter (what is written to a register).
    Range,
    /// An amount, to be added up (bytes, registers).
    Quantity,
}

/// One habit of a protocol.
#[derive(Clone, Copy, Debug)]
pub struct Feature {
    /// The name, as events and baselines show it.
    pub name: &'static str,
    /// How it is learned.
    pub learned: Learned,
}

/// What is addressed behind an IP address.
pub struct Target {
    /// What it is called, in the plural ("unit ids").
    pub plural: &'static str,
    /// The value that a message of this kind asks for, or answers for.
    pub of: fn(kind: usize, features: &Features) -> Option<u64>,
    /// The features whose text names it, for people.
    pub named_by: &'static [usize],
    /// The features that say which it is: what is the same but for them is asked of another one.
    pub told_by: &'static [usize],
}

/// The most features a protocol may declare.
pub const FEATURES_MAX: usize = 10;

/// A message's value for each feature of its protocol, in that order; unused places are 0.
///
/// Numbers stand as they are, text as [`MessageHandler::digest`]. What does not apply to a message is [`NO_VALUE`].
pub type Features = [u64; FEATURES_MAX];

/// The value of a feature that a message does not have.
pub const NO_VALUE: u64 = u64::MAX;

/// What a dissector may know of its flow when it begins.
#[derive(Clone, Copy, Debug, Default)]
pub struct FlowFacts {
    /// What carries it.
    pub transport: Transport,
    /// The port of each end, in key order.
    pub ports: [u16; 2],
    /// Who opened the flow, where a handshake was seen.
    pub originator: Option<Side>,
    /// Whether the stream of each end was seen from its first byte on.
    pub from_start: [bool; 2],
    /// Who sends the requests, where the probe that named the flow saw it, or who asked for this flow on another one: see
    /// [`MessageHandler::awaits`].
    pub requester: Option<Side>,
}

impl std::fmt::Debug for Protocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Learned {
    /// True where the value tells one operation from another.
    #[inline]
    #[must_use]
    pub const fn names_operations(self) -> bool {
        matches!(self, Self::Set | Self::Identity | Self::Position)
    }
}

impl Protocol {
    /// The feature that is a place: addresses, which a sweep goes through one by one.
    #[must_use]
    pub fn position(&self) -> Option<usize> {
        self.features.iter().position(|feature| feature.learned == Learned::Position)
    }
}

impl FlowFacts {
    /// The end whose port is one of `ports`, when exactly one is.
    #[inline]
    #[must_use]
    pub fn side_with_port<const N: usize>(&self, ports: &[u16; N]) -> Option<Side> {
        match self.with_port(ports) {
            [true, false] => Some(Side::A),
            [false, true] => Some(Side::B),
            _ => None,
        }
    }

    /// True where an end's port is one of `ports`.
    #[inline]
    pub(crate) fn uses_port<const N: usize>(&self, ports: &[u16; N]) -> bool {
        self.with_port(ports) != [false; 2]
    }

    /// Of each end whether its port is one of `ports`: of so many, or each new flow would pay for a dozen loops.
    #[inline]
    fn with_port<const N: usize>(&self, ports: &[u16; N]) -> [bool; 2] {
        let is_one = |port: u16| ports.iter().fold(false, |any, known| any | (*known == port));
        let [a, b] = self.ports;
        [is_one(a), is_one(b)]
    }
}

/// What is known of a flow that has no name yet.
pub struct Evidence<'a> {
    /// The flow.
    pub flow: &'a FlowFacts,
    /// The bytes of each end so far, in key order: from the start of its stream, or from the start of a segment.
    pub bytes: [&'a [u8]; 2],
    /// The end that sent first.
    pub first: Side,
}

/// A probe's answer. It must not depend on how the bytes were cut: with more of them [`Probe::Yes`] stays, and
/// [`Probe::No`] becomes [`Probe::Behind`] at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// It is this protocol; the end that sends the requests, where the bytes show it.
    Yes(Option<Side>),
    /// It is, but other bytes stand in front: unless those begin another protocol.
    Behind(Option<Side>),
    /// It is not.
    No,
    /// More bytes are needed to tell.
    Unsure,
    /// More bytes are needed to tell whether it is [`Probe::Behind`].
    UnsureBehind,
}

/// How far a dissector got with a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// All bytes were used.
    All,
    /// The first `took` bytes were used; the rest belong to something of which at least `more` bytes (1 or more) are
    /// still to come. The caller keeps the rest and calls again with it and at least one further byte.
    Need {
        /// Bytes used.
        took: usize,
        /// Bytes that are missing, at least.
        more: usize,
    },
}

/// Bytes that will never come.
#[derive(Clone, Copy, Debug)]
pub struct Gap<'a> {
    /// Whose bytes.
    pub side: Side,
    /// What was kept from the last [`Progress::Need`]: given back here, for the last time. Its time and frame are those
    /// of its last byte.
    pub held: Chunk<'a>,
    /// How many bytes are missing behind `held`; unknown after a jump that no sequence number explains.
    pub missing: Option<u64>,
}

/// One flow's protocol state.
///
/// Directions are independent streams. A dissector resynchronises by itself: after bytes that it cannot read it looks
/// for the next plausible message and counts an anomaly; one bad message never ends a flow.
///
/// What [`Dissector::gap`] and [`Dissector::finish`] tell came before: they say [`MessageHandler::at`] which frame had
/// its last byte.
pub trait Dissector: Send {
    /// What it reads.
    fn protocol(&self) -> &'static Protocol;

    /// Reads on in one direction. The chunk begins where the last call's progress ended.
    fn dissect(&mut self, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) -> Progress;

    /// Bytes are missing; the next chunk of that side begins behind them.
    ///
    /// A gap inside a body of known length only shortens it; the message then counts as incomplete.
    fn gap(&mut self, gap: &Gap<'_>, to: &mut dyn MessageHandler);

    /// The flow ended or expired; `held` is what was kept of each direction, in key order, with the time and frame of its
    /// last byte.
    fn finish(&mut self, held: [Chunk<'_>; 2], to: &mut dyn MessageHandler);

    /// The end that sends the requests, as far as messages have shown.
    fn requester(&self) -> Option<Side>;

    /// Bytes of memory held beyond the dissector itself, for the limits; cheap. Whenever a call of
    /// [`dissect`](Self::dissect) has changed it, that was told: [`MessageHandler::held_changed`].
    fn held_bytes(&self) -> usize {
        0
    }
}

/// Whether a message asks or answers: the message's own direction, not the flow's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Asks, reports or commands.
    Request,
    /// Answers.
    Response,
}

/// How an answer turned out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Not an answer, or one that says nothing of success.
    Neutral,
    /// Done as asked.
    Positive,
    /// Refused or failed: a Modbus exception, an HL7 AE/AR/CE/CR, a DICOM rejection or failure status.
    Negative,
}

/// What every message says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Envelope {
    /// Index into the protocol's `kinds`.
    pub kind: usize,
    /// Who sent it.
    pub side: Side,
    /// Request or response.
    pub direction: Direction,
    /// Its length on the wire, as the contract defines it for the protocol; missing bytes of known number count.
    pub bytes: u64,
    /// Some of its bytes were missing.
    pub incomplete: bool,
    /// Of a response: nanoseconds after the request, where that was seen.
    pub response_nanos: Option<u64>,
    /// Of a response.
    pub outcome: Outcome,
}

impl Envelope {
    /// Who asks: the sender of a request, the receiver of a response.
    #[inline]
    #[must_use]
    pub const fn requester(&self) -> Side {
        match self.direction {
            Direction::Request => self.side,
            Direction::Response => self.side.other(),
        }
    }
}

/// An application message, borrowed for one call.
pub trait Message {
    /// What it is.
    fn protocol(&self) -> &'static Protocol;
    /// Its common facts.
    fn envelope(&self) -> &Envelope;
    /// A value for each feature of the protocol; text by `digest`.
    fn features(&self, digest: &dyn Fn(&[u8]) -> u64) -> Features;
    /// Appends the protocol's own JSON object (`{...}`), public text only.
    fn write_json(&self, out: &mut Vec<u8>);
    /// The values at places of the responder that it carries, where both are known: what was read, or several that are
    /// written. Read on demand; one value that is written alone is a feature.
    fn points(&self) -> Option<points::Points<'_>> {
        None
    }
    /// The results of measurements that it carries, where they are wanted: with fingerprints. They are patients'.
    fn results(&self) -> &[results::Measured] {
        &[]
    }
    /// Of an answer that accepts a request: what tells that request from others, and what it carried. Where fingerprints
    /// are wanted, once for a request.
    fn accepted(&self) -> Option<fingerprint::Fingerprint> {
        None
    }
    /// Of a question for a name: which, below what somebody has registered.
    fn beneath(&self) -> Option<beneath::Beneath> {
        None
    }
    /// The text of a `Set` feature as people read it, where it is text ("MODALITY1"); numbers need none.
    fn feature_text(&self, feature: usize) -> Option<public::Public<'_>> {
        let _ = feature;
        None
    }
}

/// Something in the content of a message that is a finding in itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// An executable at the start of a transferred object, or in its preamble.
    Executable {
        /// Who sent it.
        side: Side,
        /// What kind of program ("Windows PE", "ELF", ...).
        format: &'static str,
        /// Where it was.
        place: &'static str,
    },
    /// The path of a file where an identifier belongs.
    Path {
        /// Who sent it.
        side: Side,
        /// Where it was.
        place: &'static str,
    },
    /// Many files get a name with something behind the one that they have.
    Renaming {
        /// Who does it.
        side: Side,
        /// How many so far.
        files: u32,
    },
}

impl Finding {
    /// Who sent it, or does it.
    #[must_use]
    pub const fn side(&self) -> Side {
        match *self {
            Self::Executable { side, .. } | Self::Path { side, .. } | Self::Renaming { side, .. } => side,
        }
    }
}

/// Receives what dissectors read.
pub trait MessageHandler {
    /// A message was read. The reference is valid for this call only.
    fn message(&mut self, message: &dyn Message);
    /// Something was wrong with the input: counted by `reason`, an index into the protocol's `anomalies`.
    fn anomaly(&mut self, protocol: &'static Protocol, reason: usize);
    /// Content that is a finding in itself.
    fn finding(&mut self, protocol: &'static Protocol, finding: Finding);
    /// What follows comes from this frame, not from the chunk at hand: bytes that were kept until the flow had a name, or
    /// a message of which only something later (other bytes, a gap, the flow's end) shows that no more of it comes.
    fn at(&mut self, time: Timestamp, frame: u64) {
        let _ = (time, frame);
    }
    /// Bytes were copied (held for a message that spans chunks): what the flow holds has changed.
    fn copied(&mut self, bytes: usize);
    /// What one end says of itself, or of the other, in passing (see [`clues::Clue`]).
    fn clue(&mut self, side: Side, clue: clues::Clue, text: &public::Public<'_>) {
        let _ = (side, clue, text);
    }
    /// An end logs in at the other one: under which name, by a digest that is the same for ever.
    fn login(&mut self, side: Side, user: u32) {
        let _ = (side, user);
    }
    /// The key of fingerprints, where they are wanted: they take a look at every octet.
    fn fingerprints(&self) -> Option<HashKey> {
        None
    }
    /// What the flow holds may have changed without a copy: a request waits, or has been answered.
    fn held_changed(&mut self) {}
    /// The answer comes on a flow of its own: the same protocol, from another port of the responder to the port of the
    /// requester. See [`identify::Conversation::take_up`].
    fn awaits(&mut self, protocol: &'static Protocol, requester: Side) {
        let _ = (protocol, requester);
    }
}
