//! Modbus/TCP (MODBUS Application Protocol V1.1b3; MODBUS Messaging on TCP/IP Implementation Guide V1.0b).

use crate::truth::{self, Body};

/// The port of Modbus/TCP servers.
pub const PORT: u16 = 502;

/// Octets of the MBAP header.
const HEADER: usize = 7;

/// Exception codes (section 7 of the protocol).
pub const ILLEGAL_FUNCTION: u8 = 0x01;
/// See above.
pub const ILLEGAL_DATA_ADDRESS: u8 = 0x02;
/// See above.
pub const ILLEGAL_DATA_VALUE: u8 = 0x03;
/// A gateway's unit did not answer.
pub const TARGET_FAILED_TO_RESPOND: u8 = 0x0b;

/// The function under which Schneider's controllers are programmed (UMAS).
pub const UMAS: u8 = 90;

/// The most coils or inputs, and the most registers, that one request reads (sections 6.1 and 6.3).
const MOST: [u16; 2] = [2000, 125];

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Functions 1 to 4: coils, discrete inputs, holding registers, input registers.
    Read {
        /// 1 to 4.
        function: u8,
        /// The first.
        address: u16,
        /// How many.
        quantity: u16,
    },
    /// Function 5.
    WriteCoil {
        /// Which.
        address: u16,
        /// On or off.
        on: bool,
    },
    /// Function 6.
    WriteRegister {
        /// Which.
        address: u16,
        /// Its value.
        value: u16,
    },
    /// Function 8.
    Diagnostics {
        /// 0 echoes, 1 restarts communications, 4 forces listen only mode.
        subfunction: u16,
        /// Its data field.
        data: u16,
    },
    /// Function 15.
    WriteCoils {
        /// The first.
        address: u16,
        /// Their states.
        on: Vec<bool>,
    },
    /// Function 16.
    WriteRegisters {
        /// The first.
        address: u16,
        /// Their values.
        values: Vec<u16>,
    },
    /// Function 17.
    ReportServerId,
    /// Function 22.
    MaskWrite {
        /// Which.
        address: u16,
        /// Bits kept.
        and: u16,
        /// Bits set where they are not kept.
        or: u16,
    },
    /// Function 23.
    ReadWrite {
        /// First register read, and how many.
        read: (u16, u16),
        /// First register written.
        address: u16,
        /// Their values.
        values: Vec<u16>,
    },
    /// Function 43, MEI type 14.
    DeviceIdentification {
        /// 1 basic, 2 regular, 3 extended, 4 one object.
        code: u8,
        /// The first object.
        object: u8,
    },
    /// Any other.
    Other {
        /// Its function code.
        function: u8,
        /// What follows it.
        data: Vec<u8>,
    },
}

fn words(out: &mut Vec<u8>, words: &[u16]) {
    for word in words {
        out.extend_from_slice(&word.to_be_bytes());
    }
}

/// Coils or inputs as octets, the first in the lowest bit (section 6.1).
pub fn bits(out: &mut Vec<u8>, states: impl ExactSizeIterator<Item = bool>) {
    let start = out.len();
    out.resize(start + states.len().div_ceil(8), 0);
    for (number, on) in states.enumerate() {
        out[start + number / 8] |= u8::from(on) << (number % 8);
    }
}

impl Request {
    /// Its function code.
    pub fn function(&self) -> u8 {
        match self {
            Self::Read { function, .. } | Self::Other { function, .. } => *function,
            Self::WriteCoil { .. } => 5,
            Self::WriteRegister { .. } => 6,
            Self::Diagnostics { .. } => 8,
            Self::WriteCoils { .. } => 15,
            Self::WriteRegisters { .. } => 16,
            Self::ReportServerId => 17,
            Self::MaskWrite { .. } => 22,
            Self::ReadWrite { .. } => 23,
            Self::DeviceIdentification { .. } => 43,
        }
    }

    /// The first coil or register it is about and how many there are; what it reads, where it does both.
    pub fn span(&self) -> Option<(u16, u16)> {
        match self {
            Self::Read { address, quantity, .. } => Some((*address, *quantity)),
            Self::WriteCoil { address, .. } | Self::WriteRegister { address, .. } | Self::MaskWrite { address, .. } => {
                Some((*address, 1))
            }
            Self::WriteCoils { address, on } => Some((*address, on.len() as u16)),
            Self::WriteRegisters { address, values } => Some((*address, values.len() as u16)),
            Self::ReadWrite { read, .. } => Some(*read),
            _ => None,
        }
    }

    /// False where it reads more than one answer can hold, or nothing.
    pub fn is_within_limits(&self) -> bool {
        match self {
            Self::Read { function, quantity, .. } => (1..=MOST[usize::from(*function > 2)]).contains(quantity),
            _ => true,
        }
    }

    /// Appends its PDU.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.function());
        match self {
            Self::Read { address, quantity, .. } => words(out, &[*address, *quantity]),
            Self::WriteCoil { address, on } => words(out, &[*address, if *on { 0xff00 } else { 0 }]),
            Self::WriteRegister { address, value } => words(out, &[*address, *value]),
            Self::Diagnostics { subfunction, data } => words(out, &[*subfunction, *data]),
            Self::WriteCoils { address, on } => {
                words(out, &[*address, on.len() as u16]);
                out.push(on.len().div_ceil(8) as u8);
                bits(out, on.iter().copied());
            }
            Self::WriteRegisters { address, values } => write_registers(out, *address, values),
            Self::ReportServerId => {}
            Self::MaskWrite { address, and, or } => words(out, &[*address, *and, *or]),
            Self::ReadWrite { read, address, values } => {
                words(out, &[read.0, read.1]);
                write_registers(out, *address, values);
            }
            Self::DeviceIdentification { code, object } => out.extend_from_slice(&[14, *code, *object]),
            Self::Other { data, .. } => out.extend_from_slice(data),
        }
    }
}

fn write_registers(out: &mut Vec<u8>, address: u16, values: &[u16]) {
    words(out, &[address, values.len() as u16]);
    out.push((values.len() * 2) as u8);
    words(out, values);
}

/// Functions 1 and 2 answered.
pub fn answer_bits(out: &mut Vec<u8>, function: u8, states: &[u16]) {
    out.extend_from_slice(&[function, states.len().div_ceil(8) as u8]);
    bits(out, states.iter().map(|state| *state != 0));
}

/// Functions 3, 4 and 23 answered.
pub fn answer_registers(out: &mut Vec<u8>, function: u8, values: &[u16]) {
    out.extend_from_slice(&[function, (values.len() * 2) as u8]);
    words(out, values);
}

/// Functions 15 and 16 answered.
pub fn answer_written(out: &mut Vec<u8>, function: u8, address: u16, quantity: u16) {
    out.push(function);
    words(out, &[address, quantity]);
}

/// Function 17 answered: an identifier, running, and some text (section 6.13).
pub fn answer_server_id(out: &mut Vec<u8>, id: u8, text: &str) {
    out.extend_from_slice(&[17, 2 + text.len() as u8, id, 0xff]);
    out.extend_from_slice(text.as_bytes());
}

/// Function 43/14 answered: all objects of the basic category (section 6.21).
pub fn answer_identification(out: &mut Vec<u8>, code: u8, objects: [&str; 3]) {
    out.extend_from_slice(&[43, 14, code, 0x81, 0, 0, objects.len() as u8]);
    for (number, object) in (0..).zip(objects) {
        out.extend_from_slice(&[number, object.len() as u8]);
        out.extend_from_slice(object.as_bytes());
    }
}

/// An exception.
pub fn answer_exception(out: &mut Vec<u8>, function: u8, code: u8) {
    out.extend_from_slice(&[function | 0x80, code]);
}

/// Makes an ADU of what `pdu` appends.
pub fn adu(out: &mut Vec<u8>, transaction: u16, unit: u8, pdu: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&transaction.to_be_bytes());
    out.extend_from_slice(&[0, 0, 0, 0, unit]);
    pdu(out);
    // The length counts the unit identifier and the PDU.
    let length = (out.len() - start - HEADER + 1) as u16;
    out[start + 4..start + 6].copy_from_slice(&length.to_be_bytes());
}

/// The line of an ADU that was sent: a request, or what answers it.
pub fn truth(adu: &[u8], request: &Request, direction: &'static str, [src, dst]: [String; 2]) -> truth::Message {
    let span = request.span();
    let exception = (adu[HEADER] & 0x80 != 0).then(|| adu[HEADER + 1]);
    truth::Message {
        protocol: "modbus",
        direction,
        src,
        dst,
        bytes: adu.len() as u64,
        body: Body::Modbus(truth::Modbus {
            transaction_id: u16::from_be_bytes([adu[0], adu[1]]),
            unit_id: adu[6],
            function: adu[HEADER] & 0x7f,
            exception,
            address: span.map(|(address, _)| address),
            quantity: span.map(|(_, quantity)| quantity),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pdu(request: &Request) -> Vec<u8> {
        let mut out = Vec::new();
        request.encode(&mut out);
        out
    }

    /// The examples that the protocol's specification prints with each function.
    #[test]
    fn the_examples_of_the_specification() {
        let read = Request::Read { function: 3, address: 0x6b, quantity: 3 };
        assert_eq!(pdu(&read), [3, 0, 0x6b, 0, 3]);
        assert_eq!(pdu(&Request::WriteCoil { address: 0xac, on: true }), [5, 0, 0xac, 0xff, 0]);
        assert_eq!(pdu(&Request::WriteRegister { address: 1, value: 3 }), [6, 0, 1, 0, 3]);
        assert_eq!(pdu(&Request::Diagnostics { subfunction: 0, data: 0xa537 }), [8, 0, 0, 0xa5, 0x37]);
        let coils =
            Request::WriteCoils { address: 0x13, on: [1, 0, 1, 1, 0, 0, 1, 1, 1, 0].map(|state| state == 1).into() };
        assert_eq!(pdu(&coils), [15, 0, 0x13, 0, 0x0a, 2, 0xcd, 1]);
        let registers = Request::WriteRegisters { address: 1, values: vec![0x0a, 0x102] };
        assert_eq!(pdu(&registers), [16, 0, 1, 0, 2, 4, 0, 0x0a, 1, 2]);
        assert_eq!(pdu(&Request::MaskWrite { address: 4, and: 0xf2, or: 0x25 }), [22, 0, 4, 0, 0xf2, 0, 0x25]);
        let both = Request::ReadWrite { read: (3, 6), address: 14, values: vec![0xff; 3] };
        assert_eq!(pdu(&both), [23, 0, 3, 0, 6, 0, 14, 0, 3, 6, 0, 0xff, 0, 0xff, 0, 0xff]);
        assert_eq!(pdu(&Request::DeviceIdentification { code: 1, object: 0 }), [43, 14, 1, 0]);
    }

    #[test]
    fn a_length_counts_what_follows_it() {
        let mut out = Vec::new();
        adu(&mut out, 0x1501, 0xff, |out| answer_exception(out, 3, ILLEGAL_DATA_ADDRESS));
        assert_eq!(out, [0x15, 1, 0, 0, 0, 3, 0xff, 0x83, 2]);
    }
}
