//! What repeats inside PDUs (values, file records, identification objects), and the names of codes.
//!
//! "APS" is the MODBUS Application Protocol Specification V1.1b3. The walks end at the first element that is cut or
//! not one; whether anything was left over, they can say.

use wardtap_net::reader::Reader;

/// The reference type of every sub-request of functions 20 and 21 (APS 6.14, 6.15).
const REFERENCE_TYPE: u8 = 6;

/// What a message writes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Written<'a> {
    /// 1 or 0; what else was sent stays as it is.
    Coil(u16),
    /// Packed, the first in the lowest bit (APS 6.11), and how many.
    Coils(&'a [u8], u16),
    /// Two bytes each.
    Registers(&'a [u8]),
}

impl<'a> Written<'a> {
    /// The values, at most those that are there.
    pub(super) fn values(self) -> impl Iterator<Item = u16> + use<'a> {
        let (single, coils, quantity, registers) = match self {
            Written::Coil(value) => (Some(value), &[][..], 0, &[][..]),
            Written::Coils(bytes, quantity) => (None, bytes, quantity, &[][..]),
            Written::Registers(bytes) => (None, &[][..], 0, bytes),
        };
        let coils = coils.iter().flat_map(|&byte| (0..8).map(move |bit: u32| u16::from(byte) >> bit & 1));
        let registers = registers.as_chunks::<2>().0.iter().map(|&register| u16::from_be_bytes(register));
        single.into_iter().chain(coils.take(usize::from(quantity))).chain(registers)
    }
}

/// A record of a file: where and how many registers, never what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileRecord {
    /// The file and the record in it; a response of function 20 does not repeat them.
    pub(super) place: Option<(u16, u16)>,
    pub(super) length: u16,
}

/// How a record is built.
#[derive(Clone, Copy, Debug)]
pub(super) enum RecordShape {
    /// Reference type, file, record, length.
    Asked,
    /// Length in bytes with the reference type, reference type, data.
    Read,
    /// As asked, then the data.
    Written,
}

/// Walks over file records; ends at the first that is not one.
pub(super) struct Records<'a> {
    reader: Reader<'a>,
    shape: RecordShape,
}

impl<'a> Records<'a> {
    /// `bytes` follow the count of bytes.
    pub(super) const fn new(bytes: &'a [u8], shape: RecordShape) -> Self {
        Self { reader: Reader::new(bytes), shape }
    }

    /// After the last record: true when nothing else stood there.
    pub(super) fn is_whole(&self) -> bool {
        self.reader.is_empty()
    }

    fn read(&self, reader: &mut Reader<'_>) -> Option<FileRecord> {
        if matches!(self.shape, RecordShape::Read) {
            let bytes = usize::from(reader.u8()?).checked_sub(1)?;
            let sound = reader.u8()? == REFERENCE_TYPE && bytes & 1 == 0;
            reader.skip(bytes)?;
            return sound.then_some(FileRecord { place: None, length: u16::try_from(bytes >> 1).ok()? });
        }
        let sound = reader.u8()? == REFERENCE_TYPE;
        let (place, length) = (Some((reader.be16()?, reader.be16()?)), reader.be16()?);
        if matches!(self.shape, RecordShape::Written) {
            reader.skip(usize::from(length).saturating_mul(2))?;
        }
        sound.then_some(FileRecord { place, length })
    }
}

impl Iterator for Records<'_> {
    type Item = FileRecord;

    fn next(&mut self) -> Option<FileRecord> {
        let mut reader = self.reader;
        let record = self.read(&mut reader)?;
        self.reader = reader;
        Some(record)
    }
}

/// Device identification without its texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Identification {
    /// A request.
    Asked { read_code: u8, object: u8 },
    /// A response.
    Told { read_code: u8, conformity_level: u8, more_follows: bool, next_object: u8, objects: u8 },
}

/// Walks over identification objects: an id and the value's bytes (APS 6.21).
#[derive(Clone, Copy)]
pub(super) struct Objects<'a> {
    reader: Reader<'a>,
    left: u8,
}

impl<'a> Objects<'a> {
    /// `bytes` follow the number of objects.
    pub(super) const fn new(bytes: &'a [u8], number: u8) -> Self {
        Self { reader: Reader::new(bytes), left: number }
    }

    /// True when the objects are as many as announced and end where the PDU ends.
    pub(super) fn is_whole(self) -> bool {
        let mut objects = self;
        let announced = usize::from(self.left);
        objects.by_ref().count() == announced && objects.reader.is_empty()
    }
}

impl<'a> Iterator for Objects<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        self.left = self.left.checked_sub(1)?;
        let mut reader = self.reader;
        let (id, length) = (reader.u8()?, reader.u8()?);
        let value = reader.take(usize::from(length))?;
        self.reader = reader;
        Some((id, value))
    }
}

/// The name of an exception code (APS 7).
pub(super) fn exception_name(code: u8) -> Option<&'static str> {
    Some(match code {
        1 => "illegal-function",
        2 => "illegal-data-address",
        3 => "illegal-data-value",
        4 => "server-device-failure",
        5 => "acknowledge",
        6 => "server-device-busy",
        8 => "memory-parity-error",
        10 => "gateway-path-unavailable",
        11 => "gateway-target-failed-to-respond",
        _ => return None,
    })
}

/// The name of a sub-function of diagnostics (APS 6.8.1).
pub(super) fn subfunction_name(code: u16) -> Option<&'static str> {
    Some(match code {
        0 => "return-query-data",
        1 => "restart-communications-option",
        2 => "return-diagnostic-register",
        3 => "change-ascii-input-delimiter",
        4 => "force-listen-only-mode",
        10 => "clear-counters-and-diagnostic-register",
        11 => "return-bus-message-count",
        12 => "return-bus-communication-error-count",
        13 => "return-bus-exception-error-count",
        14 => "return-server-message-count",
        15 => "return-server-no-response-count",
        16 => "return-server-nak-count",
        17 => "return-server-busy-count",
        18 => "return-bus-character-overrun-count",
        20 => "clear-overrun-counter-and-flag",
        _ => return None,
    })
}
