#![doc = include_str!("README.md")]

mod association;
mod command;
mod content;
mod dissector;
mod exchange;
mod loss;
mod names;
mod open;
mod probe;
#[cfg(test)]
mod tests;
mod wire;

use crate::fingerprint::Fingerprint;
use crate::json::Object;
use crate::public::Public;
use crate::{
    Envelope, FEATURES_MAX, Feature, Features, Learned, Message, NO_VALUE, Outcome, Protocol, Target, Transport,
};

use association::{Associate, Association};
use command::{Command, Status};
use content::Query;
use names::kind;

/// acr-nema and dicom of IANA, and the default of a widely used archive. 2761 and 2762 are encrypted.
const PORTS: [u16; 3] = [104, 11112, 4242];

/// DICOM's upper layer over TCP, and the DIMSE messages on it.
pub static PROTOCOL: Protocol = Protocol {
    index: 1,
    name: "dicom",
    title: "DICOM",
    responder_role: "DICOM SCP",
    requester_role: Some("DICOM SCU"),
    transports: &[Transport::Tcp],
    is_opaque: false,
    sessions: &["associate-rq", "release-rq", "abort"],
    ports: &PORTS,
    kinds: &names::KINDS,
    anomalies: &ANOMALIES,
    features: &FEATURES,
    target: Some(Target {
        plural: "AE titles",
        of: application_entity,
        named_by: &[CALLED_AE, CALLING_AE],
        told_by: &[CALLED_AE, CALLING_AE],
    }),
    probe: probe::probe,
    dissector: |facts| Box::new(dissector::Dicom::new(facts)),
};

/// The pair of AE titles that an association asks for, or is answered for.
fn application_entity(kind: usize, features: &Features) -> Option<u64> {
    const ASSOCIATION_KINDS: std::ops::Range<usize> = 0..3;
    let (called, calling) = (features.get(CALLED_AE).copied()?, features.get(CALLING_AE).copied()?);
    (ASSOCIATION_KINDS.contains(&kind) && called != NO_VALUE).then_some(called ^ calling.rotate_left(32))
}

/// Feature: the PDU, or the command of a DIMSE message ("A-ASSOCIATE-RQ", "C-STORE-RQ").
pub const COMMAND: usize = 0;
/// Feature: the calling AE title of the association.
pub const CALLING_AE: usize = 1;
/// Feature: the called AE title of the association.
pub const CALLED_AE: usize = 2;
/// Feature: the SOP class of a DIMSE message, by its command or else by its presentation context; of an association the
/// implementation class of whoever asks or accepts (PS3.7 annex D.3.3.2): which program it is.
pub const CLASS: usize = 3;
/// Feature: the level of a query or retrieval.
pub const QUERY_LEVEL: usize = 4;
/// Feature: the class of a response's status, the reason of a rejection or abort, or that an acceptance accepts no context.
pub const STATUS: usize = 5;
/// Feature: where a C-MOVE sends its objects.
pub const MOVE_DESTINATION: usize = 6;
/// Feature: octets of the data set.
pub const DATASET_BYTES: usize = 7;
/// Feature: how the object of a C-STORE is encoded: its transfer syntax.
pub const TRANSFER_SYNTAX: usize = 8;
/// Feature: that nothing narrows down what a C-FIND, C-MOVE or C-GET asks for (PS3.4 C.2.2.2.3).
pub const MATCHING: usize = 9;

const FEATURES: [Feature; FEATURES_MAX] = [
    Feature { name: "command", learned: Learned::Set },
    Feature { name: "calling_ae", learned: Learned::Set },
    Feature { name: "called_ae", learned: Learned::Set },
    Feature { name: "class", learned: Learned::Set },
    Feature { name: "query_level", learned: Learned::Set },
    Feature { name: "status", learned: Learned::Set },
    Feature { name: "move_destination", learned: Learned::Set },
    Feature { name: "dataset_bytes", learned: Learned::Quantity },
    Feature { name: "transfer_syntax", learned: Learned::Set },
    Feature { name: "matching", learned: Learned::Set },
];

const ANOMALIES: [&str; 17] = [
    "unknown-pdu",
    "pdu-length",
    "association-too-long",
    "association-items",
    "too-many-contexts",
    "pdv-length",
    "context-id",
    "control-header",
    "command-too-long",
    "command-set",
    "command-parser",
    "command-lost",
    "dataset-without-command",
    "pdv-order",
    "message-unfinished",
    "too-many-open",
    "too-many-pending",
];

/// What can be wrong with input, in the order of [`ANOMALIES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Anomaly {
    /// No PDU begins where one has to: what follows is searched for the next.
    UnknownPdu,
    /// A PDU of fixed length says another one, or a P-DATA-TF holds nothing.
    PduLength,
    /// An association PDU that is too long to be gathered: only its fixed fields are read.
    AssociationTooLong,
    /// Items of an association PDU that do not fit into it, or no application context at their head.
    AssociationItems,
    /// More presentation contexts than there are ids.
    TooManyContexts,
    /// The lengths of a presentation data value and its PDU contradict each other.
    PdvLength,
    /// An even presentation context id.
    ContextId,
    /// Bits of a message control header that have no meaning.
    ControlHeader,
    /// A command set that is too long to be gathered: its message is not read.
    CommandTooLong,
    /// A command set that the walk refused.
    CommandSet,
    /// A command set that `dicom-parser` read differently.
    CommandParser,
    /// Bytes of a command set were missing: its message is not read.
    CommandLost,
    /// A data set for which no command came.
    DatasetWithoutCommand,
    /// A data set before the end of its command.
    PdvOrder,
    /// A new command before the end of the last message on its context.
    MessageUnfinished,
    /// More messages at once than are followed; the oldest was given up.
    TooManyOpen,
    /// More unanswered requests than are remembered; the oldest was forgotten.
    TooManyPending,
}

const _: () = assert!(Anomaly::TooManyPending.index() == ANOMALIES.len() - 1);

impl Anomaly {
    const fn index(self) -> usize {
        self as usize
    }
}

/// An association PDU or a DIMSE message.
struct DicomMessage<'a> {
    envelope: Envelope,
    association: Option<&'a Association>,
    body: Body<'a>,
}

enum Body<'a> {
    Associate(&'a Associate<'a>),
    Reject { result: u8, source: u8, reason: u8 },
    Release,
    Abort { source: u8, reason: u8 },
    Dimse(Dimse<'a>),
}

/// What a DIMSE message says.
struct Dimse<'a> {
    command: &'a Command,
    context: u8,
    dataset_bytes: u64,
    query: Query,
    /// Of a response that accepts an object: which, and what it was.
    stored: Option<Fingerprint>,
}

impl DicomMessage<'_> {
    fn operation(&self) -> &'static str {
        names::operation(self.envelope.kind)
    }

    fn calling(&self) -> Option<Public<'_>> {
        self.association?.calling()
    }

    fn called(&self) -> Option<Public<'_>> {
        self.association?.called()
    }

    fn dimse(&self) -> Option<&Dimse<'_>> {
        match &self.body {
            Body::Dimse(dimse) => Some(dimse),
            _ => None,
        }
    }

    fn class(&self) -> Option<Public<'_>> {
        if let Body::Associate(associate) = self.body {
            return associate.implementation_class;
        }
        let dimse = self.dimse()?;
        match &dimse.command.sop_class {
            Some(sop_class) => Some(sop_class.public()),
            None => self.association?.abstract_syntax(dimse.context),
        }
    }

    fn status(&self) -> Option<&'static str> {
        match self.body {
            Body::Dimse(ref dimse) => dimse.command.status_class().map(Status::word),
            Body::Reject { source, reason, .. } => Some(names::reject_reason(source, reason)),
            Body::Abort { source, reason } => Some(names::abort_reason(source, reason)),
            Body::Associate(associate) => associate.accepts_nothing().then_some("none-accepted"),
            Body::Release => None,
        }
    }

    fn write_dimse(&self, object: &mut Object<'_>, dimse: &Dimse<'_>) {
        let Dimse { command, context, dataset_bytes, query, .. } = *dimse;
        let mut out = Object::begin(object.key("dimse"));
        out.word("command", self.operation());
        if names::operation(usize::MAX) == self.operation() {
            out.optional_number("command_field", command.field.map(u64::from));
        }
        out.optional_number("message_id", command.pairing_id().map(u64::from));
        if let Some(sop_class) = &command.sop_class {
            out.text("sop_class_uid", sop_class.public());
        }
        if let Some(status) = command.status {
            let digits = out.key("status");
            digits.push(b'"');
            for shift in [12, 8, 4, 0] {
                digits.push(b"0123456789ABCDEF".get(usize::from(status >> shift & 15)).copied().unwrap_or(b'0'));
            }
            digits.push(b'"');
        }
        if let Some(class) = command.status_class() {
            out.word("status_class", class.word());
        }
        out.optional_number("priority", command.priority.map(u64::from));
        for (name, title) in
            [("move_destination", &command.move_destination), ("move_originator", &command.move_originator)]
        {
            if let Some(title) = title {
                out.text(name, title.public());
            }
        }
        out.optional_number("move_originator_message_id", command.move_originator_message_id.map(u64::from));
        if let Some(level) = query.level {
            out.word("query_level", level.word());
        }
        let [remaining, completed, failed, warning] = command.suboperations;
        for (name, count) in [
            ("suboperations_remaining", remaining),
            ("suboperations_completed", completed),
            ("suboperations_failed", failed),
            ("suboperations_warning", warning),
        ] {
            out.optional_number(name, count.map(u64::from));
        }
        out.number("dataset_bytes", dataset_bytes);
        out.number("context_id", u64::from(context));
        if let Some(association) = self.association {
            for (name, syntax) in [
                ("abstract_syntax", association.abstract_syntax(context)),
                ("transfer_syntax", association.transfer_syntax(context)),
            ] {
                if let Some(syntax) = syntax {
                    out.text(name, syntax);
                }
            }
        }
        out.end();
    }
}

impl Message for DicomMessage<'_> {
    fn protocol(&self) -> &'static Protocol {
        &PROTOCOL
    }

    fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    fn features(&self, digest: &dyn Fn(&[u8]) -> u64) -> Features {
        let mut features = [NO_VALUE; FEATURES_MAX];
        for (index, feature) in features.iter_mut().enumerate() {
            if let Some(text) = self.feature_text(index) {
                *feature = digest(text.as_str().as_bytes());
            }
        }
        features[DATASET_BYTES] = self.dimse().map_or(NO_VALUE, |dimse| dimse.dataset_bytes);
        features
    }

    fn write_json(&self, out: &mut Vec<u8>) {
        let mut object = Object::begin(out);
        let pdu = if self.dimse().is_some() { "P-DATA-TF" } else { self.operation() };
        object.word("pdu", pdu);
        for (name, title) in [("calling_ae", self.calling()), ("called_ae", self.called())] {
            if let Some(title) = title {
                object.text(name, title);
            }
        }
        match self.body {
            Body::Associate(associate) => associate.write_json(&mut object, self.association),
            Body::Release => {}
            Body::Reject { result, source, reason } => {
                let mut reject = Object::begin(object.key("reject"));
                reject.number("result", u64::from(result));
                reject.word("result_name", names::reject_result(result));
                reject.number("source", u64::from(source));
                reject.word("source_name", names::reject_source(source));
                reject.number("reason", u64::from(reason));
                reject.word("reason_name", names::reject_reason(source, reason));
                reject.end();
            }
            Body::Abort { source, reason } => {
                let mut abort = Object::begin(object.key("abort"));
                abort.number("source", u64::from(source));
                abort.word("source_name", names::abort_source(source));
                abort.number("reason", u64::from(reason));
                abort.word("reason_name", names::abort_reason(source, reason));
                abort.end();
            }
            Body::Dimse(ref dimse) => self.write_dimse(&mut object, dimse),
        }
        object.end();
    }

    fn accepted(&self) -> Option<Fingerprint> {
        self.dimse()?.stored
    }

    fn feature_text(&self, feature: usize) -> Option<Public<'_>> {
        match feature {
            COMMAND => Some(Public::word(self.operation())),
            CALLING_AE => self.calling(),
            CALLED_AE => self.called(),
            CLASS => self.class(),
            QUERY_LEVEL => self.dimse()?.query.level.map(|level| Public::word(level.word())),
            STATUS => self.status().map(Public::word),
            TRANSFER_SYNTAX if self.operation() == "C-STORE-RQ" => {
                self.association?.transfer_syntax(self.dimse()?.context)
            }
            MATCHING => self.dimse()?.query.is_of_all.then(|| Public::word("all")),
            MOVE_DESTINATION => self.dimse()?.command.move_destination.as_ref().map(|title| title.public()),
            _ => None,
        }
    }
}

/// How a response with a status turned out; a request says nothing of success.
fn outcome(command: &Command) -> Outcome {
    match command.status_class().filter(|_| command.is_response()) {
        Some(Status::Success | Status::Warning) => Outcome::Positive,
        Some(Status::Failure) => Outcome::Negative,
        _ => Outcome::Neutral,
    }
}
