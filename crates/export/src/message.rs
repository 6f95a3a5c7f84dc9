//! `message` events, written by hand into a reused buffer: the one output that is written per message.
//!
//! [`MessageBody`] and what it holds are the schema; a test holds what is written here against it.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::{Value, json};
use wardtap_dissect::json::number;
use wardtap_dissect::{Direction, Message, PROTOCOLS};
use wardtap_net::flow::FlowIdentity;
use wardtap_net::packet::{NANOS_PER_SECOND, Timestamp};

use crate::event::FlowBody;

/// An application message, as dissected.
///
/// Of the protocols whose messages are no more than their fields, the schema is made from what the protocols say of themselves.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, transform = with_plain_messages)]
pub struct MessageBody {
    /// The name of the object below.
    #[schemars(transform = with_protocols)]
    pub protocol: String,
    /// The message's own direction, not the flow's.
    #[schemars(extend("enum" = ["request", "response"]))]
    pub direction: String,
    /// The number, in its capture and counted from 1, of the frame that completed it.
    #[schemars(range(min = 1))]
    pub frame: u64,
    /// The capture as given.
    pub capture: String,
    /// Its octets on the wire.
    pub bytes: u64,
    /// Present (and true) when bytes of it were missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("const" = true))]
    pub incomplete: Option<bool>,
    /// Of a response whose request was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0))]
    pub response_seconds: Option<f64>,
    /// What is unusual about protocol and port.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(inner(regex(pattern = r"^unusual-port$")))]
    pub port_facts: Option<Vec<String>>,
    /// An HL7 message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hl7: Option<Hl7Body>,
    /// A DICOM association PDU or DIMSE message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dicom: Option<DicomBody>,
    /// A Modbus ADU.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modbus: Option<ModbusBody>,
}

/// Lets a schema be that of a protocol's name.
pub(crate) fn with_protocols(schema: &mut Schema) {
    let names: Vec<&str> = PROTOCOLS.iter().map(|protocol| protocol.name).collect();
    schema.insert("enum".to_owned(), json!(names));
}

/// Adds the objects of the protocols that [`MessageBody`] has no field for.
fn with_plain_messages(schema: &mut Schema) {
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for protocol in PROTOCOLS {
        let plain = json!({
            "description": format!("A message of {}: its kind, and what else is read of it.", protocol.title),
            "type": "object",
            "required": ["kind"],
            "properties": { "kind": { "enum": protocol.kinds } },
            "additionalProperties": { "type": ["string", "integer", "boolean"] },
        });
        properties.entry(protocol.name).or_insert(plain);
    }
}

/// An HL7 v2 message. Text that does not have its field's shape reads `(unreadable)`; an empty field is absent.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Hl7Body {
    /// MSH-3.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sending_application: Option<String>,
    /// MSH-4.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sending_facility: Option<String>,
    /// MSH-5.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receiving_application: Option<String>,
    /// MSH-6.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receiving_facility: Option<String>,
    /// MSH-9.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_code: Option<String>,
    /// MSH-9.2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger_event: Option<String>,
    /// MSH-9.3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_structure: Option<String>,
    /// MSH-10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_id: Option<String>,
    /// MSH-11.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processing_id: Option<String>,
    /// MSH-12.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// MSA-1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ack_code: Option<String>,
    /// MSA-2: the control id of the message that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ack_control_id: Option<String>,
    /// Segments counted by name; `other` counts those with names that do not say what they are.
    pub segments: BTreeMap<String, u64>,
}

/// A DICOM association PDU, or a DIMSE message however many PDUs carried it.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct DicomBody {
    /// `P-DATA-TF` for a DIMSE message.
    #[schemars(extend("enum" = ["A-ASSOCIATE-RQ", "A-ASSOCIATE-AC", "A-ASSOCIATE-RJ", "A-RELEASE-RQ", "A-RELEASE-RP", "A-ABORT", "P-DATA-TF"]))]
    pub pdu: String,
    /// Who opened the association.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calling_ae: Option<String>,
    /// Whom it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub called_ae: Option<String>,
    /// The application context name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_context: Option<String>,
    /// Of the sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub implementation_class_uid: Option<String>,
    /// Of the sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub implementation_version: Option<String>,
    /// The longest P-DATA-TF that the sender takes; 0 is without limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_pdu: Option<u32>,
    /// What is proposed, or answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presentation_contexts: Option<Vec<PresentationContextBody>>,
    /// Roles proposed or accepted other than the usual ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<RoleBody>>,
    /// How many operations may be under way at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asynchronous_operations: Option<AsynchronousBody>,
    /// How many SOP classes negotiate further.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extended_negotiations: Option<u64>,
    /// How the user is authenticated; never who.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_identity: Option<String>,
    /// Of an A-ASSOCIATE-RJ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reject: Option<RejectBody>,
    /// Of an A-ABORT.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abort: Option<AbortBody>,
    /// Of a DIMSE message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dimse: Option<DimseBody>,
}

/// A presentation context (PS3.8 9.3.2.2, 9.3.3.2).
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct PresentationContextBody {
    /// Its id.
    pub id: u8,
    /// The SOP class: of an answer, the one that was proposed, where that was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abstract_syntax: Option<String>,
    /// Proposed, or accepted.
    pub transfer_syntaxes: Vec<String>,
    /// Of an answer; 0 is acceptance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<u8>,
    /// The result in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_name: Option<String>,
}

/// A role selection (PS3.7 D.3.3.4).
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RoleBody {
    /// For which SOP class.
    pub sop_class_uid: String,
    /// The requester is a user.
    pub scu: bool,
    /// The requester is a provider.
    pub scp: bool,
}

/// An asynchronous operations window (PS3.7 D.3.3.3); 0 is without limit.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct AsynchronousBody {
    /// Operations that the requester may have under way.
    pub invoked: u16,
    /// Operations that it performs at once.
    pub performed: u16,
}

/// Why an association was rejected (PS3.8 9.3.4).
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RejectBody {
    /// Permanent or transient.
    pub result: u8,
    /// The result in words.
    pub result_name: String,
    /// Who rejected it.
    pub source: u8,
    /// The source in words.
    pub source_name: String,
    /// Why.
    pub reason: u8,
    /// The reason in words.
    pub reason_name: String,
}

/// Why an association was aborted (PS3.8 9.3.8).
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct AbortBody {
    /// Who aborted it.
    pub source: u8,
    /// The source in words.
    pub source_name: String,
    /// Why, where the provider aborted it.
    pub reason: u8,
    /// The reason in words.
    pub reason_name: String,
}

/// A DIMSE message (PS3.7 9.3, 10.3).
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct DimseBody {
    /// `C-STORE-RQ` and the like; `unknown` with the number in `command_field`.
    pub command: String,
    /// Of a command that has no name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command_field: Option<u16>,
    /// Its own of a request; of a response, the one that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<u16>,
    /// The affected or requested SOP class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sop_class_uid: Option<String>,
    /// Of a response: four hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[0-9A-F]{4}$"))]
    pub status: Option<String>,
    /// The status in a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_class: Option<String>,
    /// 0 medium, 1 high, 2 low.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<u16>,
    /// Where a C-MOVE sends to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub move_destination: Option<String>,
    /// Of a C-STORE: who asked for the C-MOVE that it is part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub move_originator: Option<String>,
    /// Of a C-STORE: the message id of that C-MOVE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub move_originator_message_id: Option<u16>,
    /// (0008,0052).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["PATIENT", "STUDY", "SERIES", "IMAGE"]))]
    pub query_level: Option<String>,
    /// C-STOREs still to come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suboperations_remaining: Option<u16>,
    /// C-STOREs that were done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suboperations_completed: Option<u16>,
    /// C-STOREs that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suboperations_failed: Option<u16>,
    /// C-STOREs that were done with a warning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suboperations_warning: Option<u16>,
    /// Octets of the data set; 0 without one.
    pub dataset_bytes: u64,
    /// The presentation context.
    pub context_id: u8,
    /// Of the context, where its negotiation was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abstract_syntax: Option<String>,
    /// Of the context, where its negotiation was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transfer_syntax: Option<String>,
}

/// A Modbus ADU (MODBUS Application Protocol V1.1b3).
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ModbusBody {
    /// Of the MBAP header.
    pub transaction_id: u16,
    /// Of the MBAP header: a device behind a gateway.
    pub unit_id: u8,
    /// Without the exception bit.
    #[schemars(range(max = 127))]
    pub function: u8,
    /// The function in words; `user-defined` or `reserved` where the standard has no name.
    pub function_name: String,
    /// Of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exception: Option<u8>,
    /// The exception in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exception_name: Option<String>,
    /// Of diagnostics (8).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subfunction: Option<u16>,
    /// The subfunction in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subfunction_name: Option<String>,
    /// Of encapsulated interface transport (43).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mei_type: Option<u8>,
    /// The first register or coil; of a response, of the request that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<u16>,
    /// How many; of a response, those that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<u32>,
    /// Of read/write multiple registers (23): the first one written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_address: Option<u16>,
    /// Of read/write multiple registers (23): how many are written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_quantity: Option<u16>,
    /// Of mask write register (22).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub and_mask: Option<u16>,
    /// Of mask write register (22).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub or_mask: Option<u16>,
    /// Written values; coils are 0 or 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<u16>>,
    /// Of file records (20, 21).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<Vec<FileRecordBody>>,
    /// Of read device identification (43/14).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_identification: Option<DeviceIdentificationBody>,
}

/// A piece of a file (6.14, 6.15).
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct FileRecordBody {
    /// The file; absent from answers to reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<u16>,
    /// Its first record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<u16>,
    /// In registers.
    pub length: u16,
}

/// What a device says of itself, or is asked to (6.21).
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct DeviceIdentificationBody {
    /// Basic, regular, extended, or one object.
    pub read_code: u8,
    /// Of a request: the first object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_id: Option<u8>,
    /// Of a response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conformity_level: Option<u8>,
    /// Of a response: it did not all fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub more_follows: Option<bool>,
    /// Of a response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_object_id: Option<u8>,
    /// Of a response: how many objects it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objects: Option<u8>,
    /// Object 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor_name: Option<String>,
    /// Object 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_code: Option<String>,
    /// Object 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// Object 3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor_url: Option<String>,
    /// Object 4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_name: Option<String>,
    /// Object 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_name: Option<String>,
}

/// Renders the `flow` object of a flow, to be kept with it.
#[must_use]
pub fn render_flow(flow: &FlowIdentity) -> Box<[u8]> {
    serde_json::to_vec(&FlowBody::from(flow)).unwrap_or_default().into()
}

/// What stands around a message's own object.
pub struct Circumstances<'a> {
    /// When it was complete.
    pub time: Timestamp,
    /// The frame that completed it.
    pub frame: u64,
    /// The capture's name as a JSON string, quotes included.
    pub capture: &'a [u8],
    /// The flow as [`render_flow`] gave it.
    pub flow: &'a [u8],
    /// The protocol is on a port where it is not usual.
    pub unusual_port: bool,
}

/// Appends one line.
pub fn write(out: &mut Vec<u8>, message: &dyn Message, around: &Circumstances<'_>) {
    let envelope = message.envelope();
    let protocol = message.protocol().name.as_bytes();
    out.extend_from_slice(b"{\"schema\":\"wardtap/1\",\"type\":\"message\",\"time\":\"");
    around.time.write_rfc3339(out);
    out.extend_from_slice(b"\",\"flow\":");
    out.extend_from_slice(around.flow);
    out.extend_from_slice(b",\"message\":{\"protocol\":\"");
    out.extend_from_slice(protocol);
    out.extend_from_slice(match envelope.direction {
        Direction::Request => b"\",\"direction\":\"request\",\"frame\":".as_slice(),
        Direction::Response => b"\",\"direction\":\"response\",\"frame\":",
    });
    number(out, around.frame);
    out.extend_from_slice(b",\"capture\":");
    out.extend_from_slice(around.capture);
    out.extend_from_slice(b",\"bytes\":");
    number(out, envelope.bytes);
    if envelope.incomplete {
        out.extend_from_slice(b",\"incomplete\":true");
    }
    if let Some(nanos) = envelope.response_nanos {
        out.extend_from_slice(b",\"response_seconds\":");
        write_seconds(out, nanos);
    }
    if around.unusual_port {
        out.extend_from_slice(b",\"port_facts\":[\"unusual-port\"]");
    }
    out.extend_from_slice(b",\"");
    out.extend_from_slice(protocol);
    out.extend_from_slice(b"\":");
    message.write_json(out);
    out.extend_from_slice(b"}}\n");
}

/// Seconds with nine decimals: exact, and no float on the way.
fn write_seconds(out: &mut Vec<u8>, nanos: u64) {
    number(out, nanos / NANOS_PER_SECOND);
    out.push(b'.');
    let mut digits = [b'0'; 9];
    let mut rest = nanos % NANOS_PER_SECOND;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    out.extend_from_slice(&digits);
}
