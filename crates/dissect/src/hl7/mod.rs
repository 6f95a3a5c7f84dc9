#![doc = include_str!("README.md")]

mod dated;
mod dissector;
mod exchanges;
mod frame;
mod orders;
mod profile;
mod results;
mod scan;
mod segments;
#[cfg(test)]
mod tests;
mod wire;

use wardtap_net::stream::Side;

use self::dissector::Hl7;
pub use self::profile::DeviceIdentity;
use self::scan::{CR, FS, LF, VT};
use self::segments::{Counts, KINDS, Name};
use self::wire::{Acknowledgement, Event, Header, is_field_separator};
use crate::fingerprint::Fingerprint;
use crate::json::Object;
use crate::public::Public;
use crate::results::Measured;
use crate::{Envelope, Evidence, Feature, Features, Learned, Message, NO_VALUE, Probe, Protocol, Transport};

/// 2575 is IANA's; the others are what interface engines and sites choose most. Others use 5000 as well: that costs
/// nothing, since a frame with a header in it decides and not the port.
const PORTS: [u16; 5] = [2575, 6661, 6660, 6662, 5000];

/// HL7 version 2 over MLLP.
pub static PROTOCOL: Protocol = Protocol {
    index: 0,
    name: "hl7",
    title: "HL7 v2 (MLLP)",
    responder_role: "HL7 receiver",
    requester_role: Some("HL7 sender"),
    transports: &[Transport::Tcp],
    is_opaque: false,
    sessions: &[],
    ports: &PORTS,
    kinds: &KINDS,
    anomalies: &ANOMALIES,
    features: &[
        Feature { name: "sending_application", learned: Learned::Set },
        Feature { name: "receiving_application", learned: Learned::Set },
        Feature { name: "event", learned: Learned::Set },
        Feature { name: "ack_code", learned: Learned::Set },
        Feature { name: "processing_id", learned: Learned::Set },
        Feature { name: "days_apart", learned: Learned::Range },
        Feature { name: "own_segments", learned: Learned::Set },
        Feature { name: "result_status", learned: Learned::Set },
        Feature { name: "order_control", learned: Learned::Set },
        Feature { name: "version", learned: Learned::Set },
    ],
    target: None,
    probe,
    dissector: |flow| Box::new(Hl7::new(flow)),
};

/// Index of the feature "sending_application": MSH-3.1.
pub const SENDING_APPLICATION: usize = 0;
/// Index of the feature "receiving_application": MSH-5.1.
pub const RECEIVING_APPLICATION: usize = 1;
/// Index of the feature "event": message code and trigger event, `ADT^A01`.
pub const EVENT: usize = 2;
/// Index of the feature "ack_code": MSA-1.
pub const ACK_CODE: usize = 3;
/// Index of the feature "processing_id": MSH-11.1 (table 0103), where it is not P, production.
pub const PROCESSING_ID: usize = 4;
/// Index of the feature "days_apart": how far MSH-7 is from the day on which the message was seen.
pub const DAYS_APART: usize = 5;
/// Index of the feature "own_segments": whether it has segments that are none of the standard's (`Z..`, 2.5.1 clause 2.11).
pub const OWN_SEGMENTS: usize = 6;
/// Index of the feature "result_status": OBR-25 (table 0123) or OBX-11 (table 0085), where results that were final are replaced
/// or withdrawn.
pub const RESULT_STATUS: usize = 7;
/// Index of the feature "order_control": ORC-1 (table 0119).
pub const ORDER_CONTROL: usize = 8;
/// Index of the feature "version": MSH-12.1 (table 0104).
pub const VERSION: usize = 9;

const ANOMALIES: [&str; 15] = [
    "bytes-outside-frames",
    "frame-end-without-cr",
    "missing-frame-end",
    "not-hl7",
    "commit-nak",
    "several-messages-in-frame",
    "line-ends",
    "unknown-segment",
    "unreadable-header",
    "long-header",
    "unreadable-acknowledgement",
    "repeated-acknowledgement",
    "unsolicited-acknowledgement",
    "unacknowledged",
    "too-many-pending",
];
const BYTES_OUTSIDE_FRAMES: usize = 0;
const FRAME_END_WITHOUT_CR: usize = 1;
const MISSING_FRAME_END: usize = 2;
const NOT_HL7: usize = 3;
const COMMIT_NAK: usize = 4;
const SEVERAL_MESSAGES_IN_FRAME: usize = 5;
const LINE_ENDS: usize = 6;
const UNKNOWN_SEGMENT: usize = 7;
const UNREADABLE_HEADER: usize = 8;
const LONG_HEADER: usize = 9;
const UNREADABLE_ACKNOWLEDGEMENT: usize = 10;
const REPEATED_ACKNOWLEDGEMENT: usize = 11;
const UNSOLICITED_ACKNOWLEDGEMENT: usize = 12;
const UNACKNOWLEDGED: usize = 13;
const TOO_MANY_PENDING: usize = 14;

/// One HL7 message, for as long as its bytes are at hand.
pub struct Hl7Message<'a> {
    envelope: Envelope,
    header: &'a Header<'a>,
    acknowledgement: Option<Acknowledgement<'a>>,
    counts: &'a Counts,
    event: Event,
    device: Option<DeviceIdentity>,
    accepted: Option<Fingerprint>,
    results: &'a [Measured],
    result_status: Option<&'static str>,
    order_control: Option<&'static str>,
    days_apart: Option<u64>,
}

impl<'a> Hl7Message<'a> {
    fn new(
        envelope: Envelope,
        header: &'a Header<'a>,
        acknowledgement: Option<Acknowledgement<'a>>,
        counts: &'a Counts,
        device: Option<DeviceIdentity>,
    ) -> Self {
        Self {
            envelope,
            event: header.event(),
            header,
            acknowledgement,
            counts,
            device,
            accepted: None,
            results: &[],
            result_status: None,
            order_control: None,
            days_apart: None,
        }
    }

    /// The device that measured, where this is the first message of its stream that identifies one.
    #[must_use]
    pub const fn device_identity(&self) -> Option<&DeviceIdentity> {
        self.device.as_ref()
    }

    /// MSH-10, the control id.
    #[must_use]
    pub fn control_id(&self) -> Option<Public<'a>> {
        self.header.control_id()
    }
}

impl Message for Hl7Message<'_> {
    fn protocol(&self) -> &'static Protocol {
        &PROTOCOL
    }

    fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    fn features(&self, digest: &dyn Fn(&[u8]) -> u64) -> Features {
        let text = |text: Option<Public<'_>>| text.map_or(NO_VALUE, |text| digest(text.as_str().as_bytes()));
        [
            text(self.feature_text(SENDING_APPLICATION)),
            text(self.feature_text(RECEIVING_APPLICATION)),
            text(self.feature_text(EVENT)),
            text(self.feature_text(ACK_CODE)),
            text(self.feature_text(PROCESSING_ID)),
            self.days_apart.unwrap_or(NO_VALUE),
            text(self.feature_text(OWN_SEGMENTS)),
            text(self.feature_text(RESULT_STATUS)),
            text(self.feature_text(ORDER_CONTROL)),
            text(self.feature_text(VERSION)),
        ]
    }

    fn write_json(&self, out: &mut Vec<u8>) {
        let Self { header, acknowledgement, .. } = self;
        let acknowledgement = acknowledgement.as_ref();
        let mut object = Object::begin(out);
        for (name, text) in [
            ("sending_application", header.namespace(3)),
            ("sending_facility", header.namespace(4)),
            ("receiving_application", header.namespace(5)),
            ("receiving_facility", header.namespace(6)),
            ("message_code", header.message_code()),
            ("trigger_event", header.trigger_event()),
            ("message_structure", header.message_structure()),
            ("control_id", header.control_id()),
            ("processing_id", header.processing_id()),
            ("version", header.version()),
            ("ack_code", acknowledgement.and_then(Acknowledgement::code)),
            ("ack_control_id", acknowledgement.and_then(Acknowledgement::control_id)),
        ] {
            if let Some(text) = text {
                object.text(name, text);
            }
        }
        self.counts.write_json(object.key("segments"));
        if let Some(device) = &self.device {
            let mut identity = Object::begin(object.key("device_identity"));
            identity.word("scheme", device.scheme());
            identity.text("id", device.id());
            identity.end();
        }
        object.end();
    }

    fn results(&self) -> &[Measured] {
        self.results
    }

    fn accepted(&self) -> Option<Fingerprint> {
        self.accepted
    }

    fn feature_text(&self, feature: usize) -> Option<Public<'_>> {
        match feature {
            SENDING_APPLICATION => self.header.namespace(3),
            RECEIVING_APPLICATION => self.header.namespace(5),
            EVENT => self.event.text(),
            ACK_CODE => self.acknowledgement.as_ref().and_then(Acknowledgement::code),
            PROCESSING_ID => self.header.processing_id().filter(|id| id.as_str() != "P"),
            OWN_SEGMENTS => self.counts.any(Name::is_local).then(|| Public::word("yes")),
            RESULT_STATUS => self.result_status.map(Public::word),
            ORDER_CONTROL => self.order_control.map(Public::word),
            VERSION => self.header.version(),
            _ => None,
        }
    }
}

/// The most blank bytes in front of a header that names a flow: with more, a flow without a name would be given up within
/// them where they come in pieces, and named where they come at once.
const BLANK_MAX: usize = 16;

/// A frame that begins with a header says it all. On a usual port the frame may begin later: the flow was caught in
/// the middle of a message.
fn probe(evidence: &Evidence<'_>) -> Probe {
    let usual_port = evidence.flow.uses_port(&PORTS);
    let mut verdict = Probe::No;
    for side in Side::BOTH {
        match probe_stream(side.of::<&[u8]>(&evidence.bytes), usual_port) {
            Start::Header(0, content) => return Probe::Yes(requester(side, content)),
            Start::Header(_, content) => return Probe::Behind(requester(side, content)),
            Start::Unsure(0) => verdict = Probe::Unsure,
            Start::Unsure(_) if verdict == Probe::No => verdict = Probe::UnsureBehind,
            Start::Unsure(_) | Start::None => {}
        }
    }
    verdict
}

enum Start<'a> {
    /// A frame begins behind so many bytes, and with a header.
    Header(usize, &'a [u8]),
    /// A frame may begin behind so many bytes.
    Unsure(usize),
    None,
}

fn probe_stream(bytes: &[u8], anywhere: bool) -> Start<'_> {
    if !anywhere && bytes.first() != Some(&VT) {
        return Start::None;
    }
    for at in memchr::memchr_iter(VT, bytes) {
        if at > 0 && !anywhere {
            break;
        }
        // Blank lines in front of the header are seen now and then.
        let content = bytes.get(at.saturating_add(1)..).unwrap_or_default();
        let blank = content.iter().take(BLANK_MAX).take_while(|byte| matches!(**byte, CR | LF)).count();
        let line = content.get(blank..).unwrap_or_default();
        match (Name::first_of(line), line.get(3)) {
            (Some(Name::MSH | Name::BHS | Name::FHS), Some(&separator)) if is_field_separator(separator) => {
                return Start::Header(at, line);
            }
            (Some(Name::MSH | Name::BHS | Name::FHS), None) => return Start::Unsure(at),
            (None, _) if ["MSH", "BHS", "FHS"].iter().any(|name| name.as_bytes().starts_with(line)) => {
                return Start::Unsure(at);
            }
            _ => {}
        }
    }
    Start::None
}

/// Who sends requests, where the first message shows it.
fn requester(side: Side, line: &[u8]) -> Option<Side> {
    let end = memchr::memchr3(CR, LF, FS, line)?;
    let header = Header::new(line.get(..end)?, true);
    let answers = header.is_acknowledgement() || line.get(end..)?.get(1..4) == Some(b"MSA");
    header.is_sound().then(|| if answers { side.other() } else { side })
}
