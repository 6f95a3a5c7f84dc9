//! `message` events, written by hand into a reused buffer: the one output that is written per message.
//!
//! [`MessageBody`] and what it holds are the schema; a test holds what is written here against it.

use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use wardtap_dissect::json::number;
use wardtap_dissect::{Direction, Message};
use wardtap_net::flow::FlowIdentity;
use wardtap_net::packet::{NANOS_PER_SECOND, Timestamp};

use crate::event::FlowBody;

/// An application message, as dissected.
#[derive(Serialize, JsonSchema)]
pub struct MessageBody {
    /// `hl7`, `dicom`, `modbus`: the name of the object below.
    pub protocol: String,
    /// `request` or `response`: the message's own direction.
    pub direction: String,
    /// The number, in its capture and counted from 1, of the frame that completed it.
    pub frame: u64,
    /// The capture as given.
    pub capture: String,
    /// Its octets on the wire.
    pub bytes: u64,
    /// Present (and true) when bytes of it were missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<bool>,
    /// Of a response whose request was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_seconds: Option<f64>,
    /// What is unusual about protocol and port: `unusual-port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port_facts: Option<Vec<String>>,
    /// An HL7 message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hl7: Option<Hl7Body>,
    /// A DICOM association PDU or DIMSE message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dicom: Option<serde_json::Map<String, serde_json::Value>>,
    /// A Modbus ADU.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modbus: Option<serde_json::Map<String, serde_json::Value>>,
}

/// An HL7 v2 message.
#[derive(Serialize, JsonSchema)]
pub struct Hl7Body {
    /// MSH-3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sending_application: Option<String>,
    /// Segments counted by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segments: Option<BTreeMap<String, u64>>,
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
