//! What really happened: the messages that were sent and the attacks that were made, beside the capture.
//!
//! A message's line has the names of wardtap's `message` events, so that the two can be laid side by side. Patients are
//! invented, yet nothing of them stands here either.

use serde::{Deserialize, Serialize};

use crate::clock::Time;

/// A message of the application, as its sender knows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    /// `hl7`, `dicom` or `modbus`.
    pub protocol: &'static str,
    /// `request` or `response`.
    pub direction: &'static str,
    /// Source and destination, as `address:port`.
    pub src: String,
    /// See above.
    pub dst: String,
    /// Octets of the message itself, as the contract counts them for its protocol.
    pub bytes: u64,
    /// The object that is named after the protocol.
    #[serde(flatten)]
    pub body: Body,
}

/// What a message says, by protocol; the fields of the contract that its sender knows.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", bound(deserialize = "'de: 'static"))]
pub enum Body {
    /// HL7 v2.
    Hl7(Hl7),
    /// DICOM.
    Dicom(Dicom),
    /// Modbus/TCP.
    Modbus(Modbus),
}

/// HL7 v2: MSH and MSA.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hl7 {
    /// MSH-3.
    pub sending_application: String,
    /// MSH-5.
    pub receiving_application: String,
    /// MSH-9.1.
    pub message_code: String,
    /// MSH-9.2; an acknowledgement may have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger_event: Option<String>,
    /// MSH-10.
    pub control_id: String,
    /// MSA-1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ack_code: Option<String>,
    /// MSA-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ack_control_id: Option<String>,
}

/// DICOM: a PDU of an association, or a DIMSE message.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dicom {
    /// `A-ASSOCIATE-RQ`, ..., `P-DATA-TF` for a DIMSE message.
    pub pdu: &'static str,
    /// Calling AE title, of association requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calling_ae: Option<String>,
    /// Called AE title, of association requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub called_ae: Option<String>,
    /// The command, of a DIMSE message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dimse: Option<Dimse>,
}

/// A DIMSE command.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dimse {
    /// `C-STORE-RQ` and the like.
    pub command: &'static str,
    /// (0000,0110), or (0000,0120) of a response.
    pub message_id: u16,
    /// (0000,0900) as four hex digits, of a response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// Modbus/TCP: an ADU.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Modbus {
    /// Transaction identifier.
    pub transaction_id: u16,
    /// Unit identifier.
    pub unit_id: u8,
    /// Function code without the exception's bit.
    pub function: u8,
    /// Exception code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exception: Option<u8>,
    /// First register or coil.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<u16>,
    /// How many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<u16>,
}

/// A message's line: with the frame that completed it, counted from 1 in the capture.
#[derive(Debug, Serialize)]
pub struct MessageLine<'a> {
    /// The frame's number.
    pub frame: u64,
    /// The frame's time, RFC 3339.
    pub time: String,
    /// The message.
    #[serde(flatten)]
    pub message: &'a Message,
}

/// Where an attack's frames lie in a capture.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Span {
    /// Number of the first frame, counted from 1.
    pub first_frame: u64,
    /// Number of the last.
    pub last_frame: u64,
    /// How many frames there are.
    pub frames: u64,
    #[serde(skip)]
    /// Time of the first.
    pub first: Time,
    #[serde(skip)]
    /// Time of the last.
    pub last: Time,
}

impl Span {
    /// Takes one more frame in.
    pub fn add(&mut self, number: u64, time: Time) {
        if self.frames == 0 {
            (self.first_frame, self.first) = (number, time);
        }
        (self.last_frame, self.last) = (number, time);
        self.frames += 1;
    }
}
