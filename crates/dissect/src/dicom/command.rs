//! Command sets (DICOM PS3.7 clause 6.3 and annex E): which elements are read, and how.
//!
//! A command set is implicit VR little endian whatever the transfer syntax of its context (PS3.7 6.3.1). `dicom-parser`
//! reads the values, but it trusts lengths: a value of 3.75 GiB announced in 23 octets makes it allocate and clear them.
//! So every command set is walked first: group 0000 only, tags ascending, lengths known and within what is there. The
//! walk hands on the elements that are wanted and nothing else, so that no comment, no instance UID and no oversized
//! value ever reaches the parser, and the parser's headers are compared with the walk's before a value is asked for.

use dicom_core::{PrimitiveValue, Tag};
use dicom_encoding::decode::basic::LittleEndianBasicDecoder;
use dicom_encoding::decode::implicit_le::ImplicitVRLittleEndianDecoder;
use dicom_encoding::text::SpecificCharacterSet;
use dicom_parser::StatefulDecoder;
use dicom_parser::dataset::DataToken;
use dicom_parser::dataset::read::{DataSetReader, DataSetReaderOptions};
use wardtap_net::reader::Reader;

use super::wire::{Text, ae_title, uid};
use super::{Anomaly, kind};

/// The most elements of a command set; the standard knows 28 that are not retired (PS3.7 annex E.1).
const ELEMENTS_MAX: usize = 64;
/// Room for the wanted elements: 2 UIDs, 2 AE titles and 12 numbers, each once and with its header, need 312 octets.
const WANTED_MAX: usize = 512;
/// The most elements that are wanted.
const WANTED_COUNT: usize = 16;
/// (0000,0800) of a message without a data set (PS3.7 annex E.1).
const NO_DATA_SET: u16 = 0x0101;
/// The bit of (0000,0100) that makes a response (PS3.7 annex E.1).
const RESPONSE: u16 = 0x8000;

/// What is read of a command set; `None` is absent or unreadable.
#[derive(Clone, Debug, Default)]
pub(super) struct Command {
    /// (0000,0100) Command Field.
    pub(super) field: Option<u16>,
    /// (0000,0110) Message ID.
    pub(super) message_id: Option<u16>,
    /// (0000,0120) Message ID Being Responded To.
    pub(super) responded_to: Option<u16>,
    /// (0000,0700) Priority: 0 medium, 1 high, 2 low.
    pub(super) priority: Option<u16>,
    /// (0000,0800) Command Data Set Type.
    pub(super) data_set_type: Option<u16>,
    /// (0000,0900) Status.
    pub(super) status: Option<u16>,
    /// (0000,1020) to (0000,1023): remaining, completed, failed, warning.
    pub(super) suboperations: [Option<u16>; 4],
    /// (0000,1031) Move Originator Message ID.
    pub(super) move_originator_message_id: Option<u16>,
    /// (0000,0002) Affected or (0000,0003) Requested SOP Class UID.
    pub(super) sop_class: Option<Text<64>>,
    /// (0000,0600) Move Destination.
    pub(super) move_destination: Option<Text<16>>,
    /// (0000,1030) Move Originator Application Entity Title.
    pub(super) move_originator: Option<Text<16>>,
}

/// (0000,1000) Affected SOP Instance UID.
const AFFECTED_INSTANCE: u16 = 0x1000;
/// (0000,1001) Requested SOP Instance UID.
const REQUESTED_INSTANCE: u16 = 0x1001;

/// The value of an element of a whole command set.
fn value(bytes: &[u8], wanted: u16) -> Option<&[u8]> {
    let mut reader = Reader::new(bytes);
    for _ in 0..ELEMENTS_MAX {
        let (_, element, length) = (reader.le16()?, reader.le16()?, reader.le32()?);
        let value = reader.take(usize::try_from(length).ok()?)?;
        if element == wanted {
            return Some(value);
        }
    }
    None
}

impl Command {
    /// Reads a whole command set; with an anomaly, what was readable of it, and no text.
    pub(super) fn read(bytes: &[u8]) -> (Self, Option<Anomaly>) {
        let mut wanted = Wanted { bytes: [0; WANTED_MAX], length: 0, headers: [(0, 0); WANTED_COUNT], count: 0 };
        let mut anomaly = walk(bytes, &mut wanted).is_none().then_some(Anomaly::CommandSet);
        let mut command = Self::default();
        if command.parse(&wanted).is_none() {
            anomaly = Some(anomaly.unwrap_or(Anomaly::CommandParser));
        }
        if anomaly.is_none() && command.field.is_none() {
            anomaly = Some(Anomaly::CommandSet);
        }
        if anomaly.is_some() {
            // What is not a sound command set may be something else: its numbers are harmless, its text may not be.
            command.sop_class = None;
            command.move_destination = None;
            command.move_originator = None;
        }
        (command, anomaly)
    }

    /// (0000,1000) Affected SOP Instance UID of a whole command set: it tells an object from others, and leaves in no other
    /// form than as a digest.
    pub(super) fn instance(bytes: &[u8]) -> Option<&[u8]> {
        value(bytes, AFFECTED_INSTANCE).filter(|value| (1..=65).contains(&value.len()))
    }

    /// Whether a whole command set names an object by the path of a file; and where. A UID has digits and full stops
    /// (PS3.5 section 9.1).
    pub(super) fn path(bytes: &[u8]) -> Option<&'static str> {
        let is_path = |value: &[u8]| value.iter().any(|octet| matches!(octet, b'/' | b'\\'));
        let places =
            [(AFFECTED_INSTANCE, "Affected SOP Instance UID"), (REQUESTED_INSTANCE, "Requested SOP Instance UID")];
        places.into_iter().find(|(element, _)| value(bytes, *element).is_some_and(is_path)).map(|(_, place)| place)
    }

    /// Lets `dicom-parser` read the wanted elements, in step with the walk.
    fn parse(&mut self, wanted: &Wanted) -> Option<()> {
        let source = wanted.bytes.get(..wanted.length)?;
        let decoder = StatefulDecoder::new(
            source,
            ImplicitVRLittleEndianDecoder::with_std_dict(),
            LittleEndianBasicDecoder,
            SpecificCharacterSet::default(),
        );
        let mut tokens = DataSetReader::new(decoder, DataSetReaderOptions::default());
        for &(element, length) in wanted.headers.get(..wanted.count)? {
            match tokens.next()?.ok()? {
                DataToken::ElementHeader(header)
                    if header.tag == Tag(0, element) && header.len.get() == Some(u32::from(length)) => {}
                _ => return None,
            }
            match tokens.next()?.ok()? {
                DataToken::PrimitiveValue(value) => self.set(element, &value)?,
                _ => return None,
            }
        }
        // Not asked for more: it would build an error to say that there is none, with a backtrace if those are on.
        Some(())
    }

    fn set(&mut self, element: u16, value: &PrimitiveValue) -> Option<()> {
        match element {
            0x0002 | 0x0003 => {
                let value = value.to_str();
                self.sop_class = uid(value.as_bytes()).map(Text::of).or(self.sop_class);
            }
            0x0600 => self.move_destination = Some(Text::of(ae_title(value.to_str().as_bytes()))),
            0x1030 => self.move_originator = Some(Text::of(ae_title(value.to_str().as_bytes()))),
            _ => {
                let number = Some(value.to_int::<u16>().ok()?);
                match element {
                    0x0100 => self.field = number,
                    0x0110 => self.message_id = number,
                    0x0120 => self.responded_to = number,
                    0x0700 => self.priority = number,
                    0x0800 => self.data_set_type = number,
                    0x0900 => self.status = number,
                    0x1020..=0x1023 => {
                        *self.suboperations.get_mut(usize::from(element.wrapping_sub(0x1020)))? = number;
                    }
                    0x1031 => self.move_originator_message_id = number,
                    _ => {}
                }
            }
        }
        Some(())
    }

    /// Whether a data set follows; `None` when the command set does not say.
    pub(super) fn has_data_set(&self) -> Option<bool> {
        self.data_set_type.map(|kind| kind != NO_DATA_SET)
    }

    /// True for the responses.
    pub(super) fn is_response(&self) -> bool {
        self.field.is_some_and(|field| field & RESPONSE != 0)
    }

    /// The command field of the request that a response answers, or of the request itself.
    pub(super) fn operation(&self) -> Option<u16> {
        self.field.map(|field| field & !RESPONSE)
    }

    /// The message id by which request and response are paired: of a response and of C-CANCEL-RQ (PS3.7 9.3.2.3), that
    /// of the request they refer to.
    pub(super) fn pairing_id(&self) -> Option<u16> {
        if self.is_response() || self.field == Some(kind::C_CANCEL) { self.responded_to } else { self.message_id }
    }

    /// The class of the status, where there is one.
    pub(super) fn status_class(&self) -> Option<Status> {
        self.status.map(Status::of)
    }
}

/// Classes of status (PS3.7 annex C).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// 0000: done.
    Success,
    /// FF00, FF01: more responses follow.
    Pending,
    /// 0001, 0107, 0116, Bxxx: done, with a remark.
    Warning,
    /// FE00: ended by C-CANCEL-RQ.
    Cancel,
    /// Axxx, Cxxx and the other 01xx and 02xx: refused or failed.
    Failure,
    /// A value the standard does not know.
    Unknown,
}

impl Status {
    fn of(status: u16) -> Self {
        match status {
            0 => Self::Success,
            0xff00 | 0xff01 => Self::Pending,
            0x0001 | 0x0107 | 0x0116 | 0xb000..=0xbfff => Self::Warning,
            0xfe00 => Self::Cancel,
            0xa000..=0xafff | 0xc000..=0xcfff | 0x0100..=0x02ff => Self::Failure,
            _ => Self::Unknown,
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Pending => "pending",
            Self::Warning => "warning",
            Self::Cancel => "cancel",
            Self::Failure => "failure",
            Self::Unknown => "unknown",
        }
    }
}

/// The wanted elements of a command set, copied one behind the other.
struct Wanted {
    bytes: [u8; WANTED_MAX],
    length: usize,
    headers: [(u16, u16); WANTED_COUNT],
    count: usize,
}

impl Wanted {
    fn add(&mut self, element: u16, encoded: &[u8], length: u16) -> Option<()> {
        let end = self.length.checked_add(encoded.len())?;
        self.bytes.get_mut(self.length..end)?.copy_from_slice(encoded);
        *self.headers.get_mut(self.count)? = (element, length);
        self.length = end;
        self.count = self.count.saturating_add(1);
        Some(())
    }
}

/// Walks a command set and picks what is wanted; `None` where it is not one, with what came before picked.
fn walk(bytes: &[u8], wanted: &mut Wanted) -> Option<()> {
    let mut reader = Reader::new(bytes);
    let mut last = None;
    for _ in 0..ELEMENTS_MAX {
        let rest = reader.rest();
        if rest.is_empty() {
            return last.map(|_| ());
        }
        let (group, element, length) = (reader.le16()?, reader.le16()?, reader.le32()?);
        // Ascending, each once (PS3.5 7.1), and first of all the group's length (PS3.7 6.3.1).
        if group != 0 || last.map_or(element != 0, |last| element <= last) {
            return None;
        }
        last = Some(element);
        reader.skip(usize::try_from(length).ok()?)?;
        // A UID is 64 octets at most, an AE title 16 (PS3.5 6.2); one more for padding that should not be there.
        let longest = match element {
            0x0002 | 0x0003 => 65,
            0x0600 | 0x1030 => 17,
            0x0100 | 0x0110 | 0x0120 | 0x0700 | 0x0800 | 0x0900 | 0x1020..=0x1023 | 0x1031 => 2,
            _ => continue,
        };
        if longest == 2 && length == 0 {
            // Sent empty: absent.
            continue;
        }
        let length = u16::try_from(length).ok().filter(|&length| length <= longest && (longest > 2 || length == 2))?;
        wanted.add(element, rest.get(..usize::from(length).checked_add(8)?)?, length)?;
    }
    reader.is_empty().then_some(())
}
