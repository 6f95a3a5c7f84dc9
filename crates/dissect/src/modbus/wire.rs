//! Views over the bytes of a Modbus/TCP ADU.
//!
//! "APS" is the MODBUS Application Protocol Specification V1.1b3, "TCP" the MODBUS Messaging on TCP/IP Implementation
//! Guide V1.0b. An ADU (TCP 3.1.2) is the MBAP header and a PDU; a PDU is a function code and what belongs to it. All
//! numbers are big-endian (APS 4.2). Views never fail on cut bytes: a field that is not there reads `None`.

use wardtap_net::reader::be16_at;

use super::fault::Fault;
use super::fields::{Fields, Place};
use super::function as code;
use super::parts::{Identification, Objects, RecordShape, Records, Written, exception_name, subfunction_name};
use crate::Direction;
use crate::digest::digest;
use crate::public::Public;

/// MBAP up to and with the length field: what a length counts from (TCP 3.1.3).
const PREFIX: usize = 6;
/// MBAP and the function code: the least that says what an ADU is, and the shortest ADU.
pub(super) const HEADER: usize = 8;
/// The unit identifier and a function code.
const LENGTH_MIN: u16 = 2;
/// The unit identifier and the longest PDU, 253 octets (APS 4.1).
const LENGTH_MAX: u16 = 254;
/// Set in the function code of an exception response (APS 4.1, 7).
const EXCEPTION_BIT: u8 = 0x80;
/// The longest identification text shown. Real ones are below 40 characters.
pub(super) const IDENTIFICATION_MAX: usize = 64;

/// The MBAP header (TCP 3.1.3) and the function code behind it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) transaction: u16,
    protocol: u16,
    length: u16,
    pub(super) unit: u8,
    /// As sent: with the exception bit.
    raw_function: u8,
}

impl Header {
    /// The first [`HEADER`] bytes, where they are there.
    #[inline]
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let &[t0, t1, p0, p1, l0, l1, unit, raw_function] = bytes.first_chunk::<HEADER>()?;
        let [transaction, protocol, length] = [[t0, t1], [p0, p1], [l0, l1]].map(u16::from_be_bytes);
        Some(Self { transaction, protocol, length, unit, raw_function })
    }

    /// What makes this no header of an ADU.
    #[inline]
    pub(super) fn fault(&self) -> Option<Fault> {
        if self.protocol != 0 {
            Some(Fault::ProtocolId)
        } else if self.has_length() {
            None
        } else {
            Some(Fault::LengthOutOfRange)
        }
    }

    /// True when the length is one that an ADU can have.
    #[inline]
    pub(super) fn has_length(&self) -> bool {
        (LENGTH_MIN..=LENGTH_MAX).contains(&self.length)
    }

    /// The whole ADU's length on the wire.
    #[inline]
    pub(super) fn total(&self) -> usize {
        PREFIX.saturating_add(usize::from(self.length))
    }

    /// The function code without the exception bit.
    #[inline]
    pub(super) fn function(&self) -> u8 {
        self.raw_function & !EXCEPTION_BIT
    }

    /// True when the specification defines the function. Those left to users (APS 5) are not: anything fits them.
    pub(super) fn is_defined(&self) -> bool {
        is_defined(self.function())
    }
}

/// The length of the ADU that begins here, once its length field is there and it has a sound one.
pub(super) fn announced(bytes: &[u8]) -> Option<usize> {
    let (protocol, length) = (be16_at(bytes, 2)?, be16_at(bytes, 4)?);
    let header = Header { transaction: 0, protocol, length, unit: 0, raw_function: 0 };
    header.fault().is_none().then(|| header.total())
}

/// An ADU: a sound header, and what is there of its PDU.
#[derive(Clone, Copy, Debug)]
pub(super) struct Adu<'a> {
    pub(super) header: Header,
    /// From the function code on; never longer than the header says, shorter when bytes are missing.
    pub(super) pdu: &'a [u8],
    /// How long the PDU is on the wire.
    length: usize,
}

impl<'a> Adu<'a> {
    /// The ADU that begins `bytes`; `header` was read there.
    #[inline]
    pub(super) fn new(header: Header, bytes: &'a [u8]) -> Self {
        let end = header.total().min(bytes.len());
        let pdu = bytes.get(HEADER.saturating_sub(1)..end).unwrap_or_default();
        Self { header, pdu, length: usize::from(header.length).saturating_sub(1) }
    }

    /// True when no byte is missing.
    #[inline]
    pub(super) fn is_whole(&self) -> bool {
        self.pdu.len() >= self.length
    }

    /// True for a function code with the exception bit.
    #[inline]
    pub(super) fn is_exception(&self) -> bool {
        self.header.raw_function & EXCEPTION_BIT != 0
    }

    /// The code of an exception (APS 7).
    pub(super) fn exception(&self) -> Option<u8> {
        if self.is_exception() { self.byte(1) } else { None }
    }

    #[inline]
    fn byte(&self, at: usize) -> Option<u8> {
        self.pdu.get(at).copied()
    }

    #[inline]
    fn word(&self, at: usize) -> Option<u16> {
        be16_at(self.pdu, at)
    }

    /// The sub-function of diagnostics (APS 6.8).
    pub(super) fn subfunction(&self) -> Option<u16> {
        if self.header.raw_function == code::DIAGNOSTICS { self.word(1) } else { None }
    }

    /// The type of an encapsulated interface (APS 6.19).
    pub(super) fn mei_type(&self) -> Option<u8> {
        if self.header.raw_function == code::ENCAPSULATED_INTERFACE_TRANSPORT { self.byte(1) } else { None }
    }

    /// Whether the PDU has the build of a request or of a response of its function. Lengths only, no values.
    #[inline(always)]
    pub(super) fn fit(&self, direction: Direction) -> Fit {
        use Direction::{Request, Response};
        match (self.header.raw_function, direction) {
            (code::READ_COILS..=code::READ_INPUT_REGISTERS, Request) => self.exact(5),
            (code::READ_COILS | code::READ_DISCRETE_INPUTS | code::REPORT_SERVER_ID, Response) => self.counted(1, 2),
            (
                code::READ_HOLDING_REGISTERS | code::READ_INPUT_REGISTERS | code::READ_WRITE_MULTIPLE_REGISTERS,
                Response,
            ) => self.counted_registers(),
            (code::WRITE_SINGLE_COIL | code::WRITE_SINGLE_REGISTER, _) => self.exact(5),
            (code::READ_EXCEPTION_STATUS, Response) => self.exact(2),
            (
                code::READ_EXCEPTION_STATUS
                | code::GET_COMM_EVENT_COUNTER
                | code::GET_COMM_EVENT_LOG
                | code::REPORT_SERVER_ID,
                Request,
            ) => self.exact(1),
            (code::DIAGNOSTICS, _) => self.diagnostics(),
            (code::GET_COMM_EVENT_COUNTER, Response) => self.exact(5),
            (code::GET_COMM_EVENT_LOG, Response) => self.counted(1, 2),
            (code::WRITE_MULTIPLE_COILS | code::WRITE_MULTIPLE_REGISTERS, Request) => self.counted(5, 6),
            (code::WRITE_MULTIPLE_COILS | code::WRITE_MULTIPLE_REGISTERS, Response) => self.exact(5),
            (code::READ_FILE_RECORD | code::WRITE_FILE_RECORD, _) => self.counted(1, 2),
            (code::MASK_WRITE_REGISTER, _) => self.exact(7),
            (code::READ_WRITE_MULTIPLE_REGISTERS, Request) => self.counted(9, 10),
            (code::READ_FIFO_QUEUE, Request) => self.exact(3),
            (code::READ_FIFO_QUEUE, Response) => match self.word(1) {
                None => self.short(3),
                Some(count) => self.exact(usize::from(count).saturating_add(3)),
            },
            (code::ENCAPSULATED_INTERFACE_TRANSPORT, _) => self.encapsulated(direction),
            (EXCEPTION_BIT.., Request) => Fit::Misfit(Fault::ExceptionInRequest),
            (EXCEPTION_BIT.., Response) => self.exact(2),
            _ => Fit::Fits,
        }
    }

    #[inline]
    fn exact(&self, length: usize) -> Fit {
        if self.length == length { Fit::Fits } else { Fit::Misfit(Fault::LengthMismatch) }
    }

    /// `enough` bytes of the PDU would tell; where it ends before, it is too short.
    #[inline]
    fn short(&self, enough: usize) -> Fit {
        if self.length < enough { Fit::Misfit(Fault::LengthMismatch) } else { Fit::Short(enough) }
    }

    /// A count of the bytes that follow stands at `at`, and they begin at `from`.
    #[inline]
    fn counted(&self, at: usize, from: usize) -> Fit {
        match self.byte(at) {
            None => self.short(from),
            Some(count) if self.length == from.saturating_add(usize::from(count)) => Fit::Fits,
            Some(_) => Fit::Misfit(Fault::ByteCountMismatch),
        }
    }

    /// A response of registers: their count of bytes is even and not 0, which tells it from a request for up to 125.
    #[inline]
    fn counted_registers(&self) -> Fit {
        match self.byte(1) {
            Some(count) if count == 0 || count & 1 != 0 => Fit::Misfit(Fault::ByteCountMismatch),
            _ => self.counted(1, 2),
        }
    }

    /// APS 6.8.1: the data of sub-function 0 is of any length ("N x 2 Bytes"), that of all others two bytes.
    fn diagnostics(&self) -> Fit {
        match self.word(1) {
            None => self.short(3),
            Some(0) if self.length & 1 == 1 => Fit::Fits,
            Some(_) => self.exact(5),
        }
    }

    fn encapsulated(&self, direction: Direction) -> Fit {
        match (self.mei_type(), direction) {
            (None, _) => self.short(2),
            (Some(code::MEI_READ_DEVICE_IDENTIFICATION), Direction::Request) => self.exact(4),
            (Some(code::MEI_READ_DEVICE_IDENTIFICATION), Direction::Response) if self.length < 7 => {
                Fit::Misfit(Fault::LengthMismatch)
            }
            _ => Fit::Fits,
        }
    }

    /// What is wrong with the values of a whole PDU that fits.
    #[inline(always)]
    pub(super) fn content_fault(&self, direction: Direction) -> Option<Fault> {
        let response = direction == Direction::Response;
        match self.header.raw_function {
            code::READ_COILS | code::READ_DISCRETE_INPUTS if response => None,
            code::READ_HOLDING_REGISTERS | code::READ_INPUT_REGISTERS if response => None,
            code::READ_COILS | code::READ_DISCRETE_INPUTS => self.quantity_fault(1, 2000),
            code::READ_HOLDING_REGISTERS | code::READ_INPUT_REGISTERS => self.quantity_fault(1, 125),
            code::WRITE_SINGLE_COIL => match self.word(3) {
                Some(0 | 0xff00) => None,
                _ => Some(Fault::CoilValue),
            },
            code::WRITE_MULTIPLE_COILS => self
                .quantity_fault(1, 1968)
                .or_else(|| self.count_fault(response, 5, usize::from(self.word(3)?).div_ceil(8))),
            code::WRITE_MULTIPLE_REGISTERS => self
                .quantity_fault(1, 123)
                .or_else(|| self.count_fault(response, 5, usize::from(self.word(3)?).saturating_mul(2))),
            code::READ_WRITE_MULTIPLE_REGISTERS if !response => self
                .quantity_fault(1, 125)
                .or_else(|| self.quantity_fault(5, 121))
                .or_else(|| self.count_fault(false, 9, usize::from(self.word(7)?).saturating_mul(2))),
            _ => self.rare_content_fault(response),
        }
    }

    /// [`Self::content_fault`] of what is seldom seen.
    fn rare_content_fault(&self, response: bool) -> Option<Fault> {
        if self.is_exception() {
            return exception_name(self.byte(1)?).is_none().then_some(Fault::ExceptionCode);
        }
        match self.header.raw_function {
            code::DIAGNOSTICS => subfunction_name(self.word(1)?).is_none().then_some(Fault::UnknownSubfunction),
            // The status, the count of events and the count of messages, then up to 64 events (APS 6.10).
            code::GET_COMM_EVENT_LOG if response => {
                (!matches!(self.byte(1), Some(6..=70))).then_some(Fault::ByteCountMismatch)
            }
            code::READ_FILE_RECORD | code::WRITE_FILE_RECORD => {
                let direction = if response { Direction::Response } else { Direction::Request };
                let mut records = self.records(direction);
                let count = records.by_ref().count();
                (count == 0 || !records.is_whole()).then_some(Fault::FileRecord)
            }
            code::READ_FIFO_QUEUE if response => {
                let (bytes, count) = (self.word(1)?, self.word(3));
                let fits = count.is_some_and(|count| count <= 31 && bytes == count.saturating_mul(2).saturating_add(2));
                (!fits).then_some(Fault::ByteCountMismatch)
            }
            code::ENCAPSULATED_INTERFACE_TRANSPORT => match self.mei_type()? {
                code::MEI_CANOPEN_GENERAL_REFERENCE => None,
                code::MEI_READ_DEVICE_IDENTIFICATION => {
                    let sound = matches!(self.byte(2), Some(1..=4)) && (!response || self.objects().is_whole());
                    (!sound).then_some(Fault::DeviceIdentification)
                }
                _ => Some(Fault::UnknownSubfunction),
            },
            function if is_defined(function) || is_user_defined(function) => None,
            _ => Some(Fault::UnknownFunction),
        }
    }

    /// An address at `at` and a quantity behind it: 1 to `most`, and not past the last address (APS 4.4).
    #[inline]
    fn quantity_fault(&self, at: usize, most: u16) -> Option<Fault> {
        let (address, quantity) = (self.word(at)?, self.word(at.saturating_add(2))?);
        let fits = (1..=most).contains(&quantity) && address.checked_add(quantity.saturating_sub(1)).is_some();
        (!fits).then_some(Fault::QuantityOutOfRange)
    }

    #[inline]
    fn count_fault(&self, response: bool, at: usize, expected: usize) -> Option<Fault> {
        (!response && usize::from(self.byte(at)?) != expected).then_some(Fault::ByteCountMismatch)
    }

    /// The addresses and quantities that the PDU itself names.
    #[inline(always)]
    pub(super) fn fields(&self, direction: Direction) -> Fields {
        let response = direction == Direction::Response;
        let (address, quantity) = match self.header.raw_function {
            code::READ_COILS..=code::READ_INPUT_REGISTERS if !response => (self.word(1), self.word(3)),
            code::WRITE_SINGLE_COIL | code::WRITE_SINGLE_REGISTER | code::MASK_WRITE_REGISTER => {
                let address = self.word(1);
                (address, address.map(|_| 1))
            }
            code::WRITE_MULTIPLE_COILS | code::WRITE_MULTIPLE_REGISTERS => (self.word(1), self.word(3)),
            code::READ_FIFO_QUEUE if response => (None, self.word(3)),
            code::READ_FIFO_QUEUE => (self.word(1), None),
            code::READ_WRITE_MULTIPLE_REGISTERS if !response => {
                return Fields::default()
                    .with(Place::Address, self.word(1))
                    .with(Place::Quantity, self.word(3))
                    .with(Place::WriteAddress, self.word(5))
                    .with(Place::WriteQuantity, self.word(7));
            }
            code::READ_FILE_RECORD | code::WRITE_FILE_RECORD => {
                let registers = self.records(direction).map(|record| record.length).fold(0, u16::saturating_add);
                (None, self.is_whole().then_some(registers))
            }
            _ => (None, None),
        };
        Fields::default().with(Place::Address, address).with(Place::Quantity, quantity)
    }

    /// True when this response, which tells `own`, is what a request that told `asked` leads to.
    #[inline]
    pub(super) fn answers(&self, own: Fields, asked: Fields) -> bool {
        let expected = match self.header.raw_function {
            code::READ_COILS | code::READ_DISCRETE_INPUTS => asked.quantity().map(|bits| usize::from(bits).div_ceil(8)),
            code::READ_HOLDING_REGISTERS | code::READ_INPUT_REGISTERS | code::READ_WRITE_MULTIPLE_REGISTERS => {
                asked.quantity().map(|registers| usize::from(registers).saturating_mul(2))
            }
            // What responses repeat; a FIFO queue is asked for by address and told of by quantity.
            _ => return !own.differ(asked),
        };
        match (expected, self.byte(1)) {
            (Some(expected), Some(count)) => expected == usize::from(count),
            _ => true,
        }
    }

    /// What the message writes: registers as numbers, coils as 0 and 1.
    pub(super) fn written(&self, direction: Direction) -> Option<Written<'a>> {
        let data = |from: usize| self.pdu.get(from..).unwrap_or_default();
        Some(match (self.header.raw_function, direction) {
            (code::WRITE_SINGLE_COIL, _) => Written::Coil(coil_value(self.word(3)?)),
            (code::WRITE_SINGLE_REGISTER, _) => Written::Registers(self.pdu.get(3..5)?),
            (code::WRITE_MULTIPLE_COILS, Direction::Request) => Written::Coils(data(6), self.word(3)?),
            (code::WRITE_MULTIPLE_REGISTERS, Direction::Request) => Written::Registers(data(6)),
            (code::READ_WRITE_MULTIPLE_REGISTERS, Direction::Request) => Written::Registers(data(10)),
            _ => return None,
        })
    }

    /// What is written, where it is one register or one coil.
    #[inline]
    pub(super) fn single_value(&self, direction: Direction) -> Option<u16> {
        match (self.header.raw_function, direction) {
            (code::WRITE_SINGLE_COIL, _) => self.word(3).map(coil_value),
            (code::WRITE_SINGLE_REGISTER, _) => self.word(3),
            (code::WRITE_MULTIPLE_COILS, Direction::Request) if self.word(3) == Some(1) => {
                self.byte(6).map(|bits| u16::from(bits & 1))
            }
            (code::WRITE_MULTIPLE_REGISTERS, Direction::Request) if self.word(3) == Some(1) => self.word(6),
            (code::READ_WRITE_MULTIPLE_REGISTERS, Direction::Request) if self.word(7) == Some(1) => self.word(10),
            _ => None,
        }
    }

    /// The AND and OR masks of function 22 (APS 6.16).
    pub(super) fn masks(&self) -> Option<(u16, u16)> {
        if self.header.raw_function != code::MASK_WRITE_REGISTER {
            return None;
        }
        Some((self.word(3)?, self.word(5)?))
    }

    /// The records of functions 20 and 21 (APS 6.14, 6.15); none for any other.
    pub(super) fn records(&self, direction: Direction) -> Records<'a> {
        let shape = match (self.header.raw_function, direction) {
            (code::READ_FILE_RECORD, Direction::Request) => RecordShape::Asked,
            (code::READ_FILE_RECORD, Direction::Response) => RecordShape::Read,
            (code::WRITE_FILE_RECORD, _) => RecordShape::Written,
            _ => return Records::new(&[], RecordShape::Asked),
        };
        Records::new(self.pdu.get(2..).unwrap_or_default(), shape)
    }

    /// The request or the head of a response of device identification (APS 6.21).
    pub(super) fn identification(&self, direction: Direction) -> Option<Identification> {
        if self.mei_type() != Some(code::MEI_READ_DEVICE_IDENTIFICATION) {
            return None;
        }
        let read_code = self.byte(2)?;
        Some(match direction {
            Direction::Request => Identification::Asked { read_code, object: self.byte(3)? },
            Direction::Response => Identification::Told {
                read_code,
                conformity_level: self.byte(3)?,
                more_follows: self.byte(4)? == 0xff,
                next_object: self.byte(5)?,
                objects: self.byte(6)?,
            },
        })
    }

    /// The objects of a response of device identification.
    /// A digest of what a device says that it is, where the answer is whole.
    pub(super) fn identity(&self, direction: Direction) -> Option<u32> {
        let Some(Identification::Told { .. }) = self.identification(direction) else { return None };
        let is_sound = self.is_whole() && self.objects().is_whole();
        let octets = self.objects().flat_map(|(id, value)| [id].into_iter().chain(value.iter().copied()));
        is_sound.then(|| digest(octets))
    }

    /// The objects of a device identification.
    pub(super) fn objects(&self) -> Objects<'a> {
        Objects::new(self.pdu.get(7..).unwrap_or_default(), self.byte(6).unwrap_or(0))
    }
}

/// How a PDU fits the build of its function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// It does.
    Fits,
    /// It does not.
    Misfit(Fault),
    /// The first so many bytes of the PDU will tell.
    Short(usize),
}

/// An identification object as outputs may show it: its name and text.
///
/// APS 6.21: objects 0 to 2 (basic) and 3 to 5 (regular) are the maker's words for the device; safe since the maker
/// fixes them for a series before any patient is near one. Object 6, the user's name for the application, is whatever
/// a technician typed ("bed 4, ..."), and objects from 128 on are private: neither leaves. The marks that separate the
/// parts of a person's name in HL7 and DICOM are not in the shape.
pub(super) fn public_object(id: u8, value: &[u8]) -> Option<(&'static str, Public<'_>)> {
    let text = |byte: u8| byte.is_ascii_alphanumeric() || b" .,:;-_/()+&#@*'".contains(&byte);
    let address = |byte: u8| byte.is_ascii_alphanumeric() || b".:-_/+&#@%?=~".contains(&byte);
    let name = match id {
        0 => "vendor_name",
        1 => "product_code",
        2 => "revision",
        3 => return Some(("vendor_url", Public::shaped(value, IDENTIFICATION_MAX, address))),
        4 => "product_name",
        5 => "model_name",
        _ => return None,
    };
    Some((name, Public::shaped(value, IDENTIFICATION_MAX, text)))
}

/// 1 for 0xff00, 0 for 0 (APS 6.5); what else was sent stays as it is.
#[inline]
const fn coil_value(sent: u16) -> u16 {
    if sent == 0xff00 { 1 } else { sent }
}

/// Function codes with a format in APS 6.
fn is_defined(function: u8) -> bool {
    matches!(function, 1..=8 | 11 | 12 | 15..=17 | 20..=24 | 43)
}

/// Function codes left to users (APS 5).
pub(super) fn is_user_defined(function: u8) -> bool {
    matches!(function, 65..=72 | 100..=110)
}
