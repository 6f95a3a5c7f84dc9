#![doc = include_str!("README.md")]

mod dissector;
mod fault;
mod fields;
mod message;
mod parts;
mod probe;
#[cfg(test)]
mod tests;
mod values;
mod wire;

use crate::{Feature, Features, Learned, Protocol, Target, Transport};
use fault::Fault;

/// The port that IANA gave to Modbus/TCP; TLS ("mbaps", 802) is another protocol.
const PORT: u16 = 502;

/// Modbus/TCP.
pub static PROTOCOL: Protocol = Protocol {
    index: 2,
    name: "modbus",
    title: "Modbus/TCP",
    responder_role: "Modbus server",
    requester_role: Some("Modbus client"),
    transports: &[Transport::Tcp],
    is_opaque: false,
    sessions: &[],
    ports: &[PORT],
    kinds: &KINDS,
    anomalies: &Fault::NAMES,
    features: &[
        Feature { name: "function", learned: Learned::Set },
        Feature { name: "unit", learned: Learned::Set },
        Feature { name: "exception", learned: Learned::Set },
        Feature { name: "subfunction", learned: Learned::Set },
        Feature { name: "address", learned: Learned::Position },
        Feature { name: "value", learned: Learned::Range },
        Feature { name: "quantity", learned: Learned::Range },
        Feature { name: "identity", learned: Learned::Set },
    ],
    target: Some(Target { plural: "unit ids", of: unit, named_by: &[], told_by: &[FEATURE_UNIT] }),
    probe: probe::probe,
    dissector: |flow| Box::new(dissector::ModbusDissector::new(flow)),
};

/// Feature: the function code, without the exception bit.
pub const FEATURE_FUNCTION: usize = 0;
/// Feature: the unit identifier.
pub const FEATURE_UNIT: usize = 1;
/// Feature: the exception code; none when the message is no exception.
pub const FEATURE_EXCEPTION: usize = 2;
/// Feature: the sub-function of diagnostics (function 8), the MEI type of function 43.
pub const FEATURE_SUBFUNCTION: usize = 3;
/// Feature: the first address; where a message reads and writes (function 23), the first that it writes.
pub const FEATURE_ADDRESS: usize = 4;
/// Feature: what is written, where it is one register or one coil (0 or 1).
pub const FEATURE_VALUE: usize = 5;
/// Feature: how many coils or registers; where a message reads and writes, how many it writes.
pub const FEATURE_QUANTITY: usize = 6;
/// Feature: a digest of what a device says that it is (device identification), its revision included.
pub const FEATURE_IDENTITY: usize = 7;

/// Function codes as "MODBUS Application Protocol Specification V1.1b3", section 6, numbers them.
pub mod function {
    /// Reads outputs of one bit.
    pub const READ_COILS: u8 = 1;
    /// Reads inputs of one bit.
    pub const READ_DISCRETE_INPUTS: u8 = 2;
    /// Reads registers that can be written.
    pub const READ_HOLDING_REGISTERS: u8 = 3;
    /// Reads registers that cannot be written.
    pub const READ_INPUT_REGISTERS: u8 = 4;
    /// Switches one output.
    pub const WRITE_SINGLE_COIL: u8 = 5;
    /// Writes one register.
    pub const WRITE_SINGLE_REGISTER: u8 = 6;
    /// Reads eight bits of status.
    pub const READ_EXCEPTION_STATUS: u8 = 7;
    /// Tests, resets and silences a device, by sub-function.
    pub const DIAGNOSTICS: u8 = 8;
    /// Reads a status and a count of events.
    pub const GET_COMM_EVENT_COUNTER: u8 = 11;
    /// Reads the log of communication events.
    pub const GET_COMM_EVENT_LOG: u8 = 12;
    /// Switches outputs.
    pub const WRITE_MULTIPLE_COILS: u8 = 15;
    /// Writes registers.
    pub const WRITE_MULTIPLE_REGISTERS: u8 = 16;
    /// Asks what the device is, in its maker's own format.
    pub const REPORT_SERVER_ID: u8 = 17;
    /// Reads records of files.
    pub const READ_FILE_RECORD: u8 = 20;
    /// Writes records of files.
    pub const WRITE_FILE_RECORD: u8 = 21;
    /// Sets and clears bits of a register.
    pub const MASK_WRITE_REGISTER: u8 = 22;
    /// Writes registers, then reads others.
    pub const READ_WRITE_MULTIPLE_REGISTERS: u8 = 23;
    /// Reads a queue of registers.
    pub const READ_FIFO_QUEUE: u8 = 24;
    /// Carries another protocol, by MEI type.
    pub const ENCAPSULATED_INTERFACE_TRANSPORT: u8 = 43;

    /// MEI type of function 43: CANopen.
    pub const MEI_CANOPEN_GENERAL_REFERENCE: u8 = 13;
    /// MEI type of function 43: what the device is, in text.
    pub const MEI_READ_DEVICE_IDENTIFICATION: u8 = 14;

    /// True for the functions that change outputs, registers or files.
    #[must_use]
    pub const fn writes(function: u8) -> bool {
        matches!(function, 5 | 6 | 15 | 16 | 21..=23)
    }
}

/// The unit that a message is for or from: a gateway has many behind one address.
fn unit(_: usize, features: &Features) -> Option<u64> {
    features.get(FEATURE_UNIT).copied()
}

/// The kinds of messages, in the order that [`kind`] numbers them.
static KINDS: [&str; 24] = [
    "read-coils",
    "read-discrete-inputs",
    "read-holding-registers",
    "read-input-registers",
    "write-single-coil",
    "write-single-register",
    "read-exception-status",
    "diagnostics",
    "get-comm-event-counter",
    "get-comm-event-log",
    "write-multiple-coils",
    "write-multiple-registers",
    "report-server-id",
    "read-file-record",
    "write-file-record",
    "mask-write-register",
    "read-write-multiple-registers",
    "read-fifo-queue",
    "canopen-general-reference",
    "read-device-identification",
    "encapsulated-interface-transport",
    "user-defined",
    "unknown-function",
    "exception",
];

/// The kind of every exception, whatever its function.
const KIND_EXCEPTION: usize = 23;

/// The kind of a message of this function that is no exception, and the function's name.
#[inline]
fn kind(function: u8, mei_type: Option<u8>) -> usize {
    match function {
        1..=8 => usize::from(function).saturating_sub(1),
        function::GET_COMM_EVENT_COUNTER => 8,
        function::GET_COMM_EVENT_LOG => 9,
        function::WRITE_MULTIPLE_COILS => 10,
        function::WRITE_MULTIPLE_REGISTERS => 11,
        function::REPORT_SERVER_ID => 12,
        20..=24 => usize::from(function).saturating_sub(7),
        function::ENCAPSULATED_INTERFACE_TRANSPORT => match mei_type {
            Some(function::MEI_CANOPEN_GENERAL_REFERENCE) => 18,
            Some(function::MEI_READ_DEVICE_IDENTIFICATION) => 19,
            _ => 20,
        },
        function if wire::is_user_defined(function) => 21,
        _ => 22,
    }
}
