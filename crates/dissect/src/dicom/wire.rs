//! Views of PDUs, presentation data values and items, and the shapes that their text must have (DICOM PS3.8 clause 9).
//!
//! Everything of the upper layer is big-endian (PS3.8 9.3.1). Reserved octets are not tested there either, so neither
//! are they here, except where a PDU has to be told from chance bytes: in [`plausible`] and in the probe.

use wardtap_net::reader::{Reader, be16_at, be32_at};

use crate::public::{Public, UNREADABLE};

/// Octets of a PDU header: type, reserved, length (PS3.8 9.3.1).
pub(super) const PDU_HEADER: usize = 6;
/// Octets of a presentation data value item before its fragment: length, context id, control header (PS3.8 9.3.5.1, E.2).
pub(super) const PDV_HEADER: usize = 6;
/// Fixed fields of A-ASSOCIATE-RQ and -AC behind the PDU header (PS3.8 tables 9-11 and 9-17).
pub(super) const ASSOCIATE_FIXED: usize = 68;
/// What A-ASSOCIATE-RJ, A-RELEASE-* and A-ABORT say their length is (PS3.8 9.3.4, 9.3.6 to 9.3.8).
pub(super) const SHORT_LENGTH: u32 = 4;
/// The longest length that one of those is forgiven; anything above is no such PDU.
pub(super) const SHORT_LENGTH_MAX: u32 = 256;
/// DICOM's only application context (PS3.7 annex A.2.1).
pub(super) const APPLICATION_CONTEXT: &[u8] = b"1.2.840.10008.3.1.1.1";
/// The first element of every command set, (0000,0000) with its length of 4 (PS3.7 6.3.1, E.1).
pub(super) const GROUP_LENGTH_ELEMENT: [u8; 8] = [0, 0, 0, 0, 4, 0, 0, 0];

/// A P-DATA-TF that is longer is not taken for one while looking for the next PDU.
const P_DATA_SEARCH_MAX: u32 = 64 << 20;
/// An association PDU that is longer is not taken for one while looking for the next PDU.
const ASSOCIATE_SEARCH_MAX: u32 = 1 << 20;
/// The longest P-DATA-TF with several items whose chain is followed while looking for the next PDU.
const CHAIN_SEARCH_MAX: u32 = 128 << 10;
/// The most items of such a chain; it is walked anew as its bytes come in.
const CHAIN_ITEMS_MAX: usize = 64;

/// PDU types (PS3.8 9.3.1).
pub(super) mod pdu {
    pub(in super::super) const ASSOCIATE_RQ: u8 = 1;
    pub(in super::super) const ASSOCIATE_AC: u8 = 2;
    pub(in super::super) const ASSOCIATE_RJ: u8 = 3;
    pub(in super::super) const P_DATA: u8 = 4;
    pub(in super::super) const RELEASE_RQ: u8 = 5;
    pub(in super::super) const RELEASE_RP: u8 = 6;
    pub(in super::super) const ABORT: u8 = 7;
}

/// The type and length of a PDU; `None` when fewer than 6 octets are there.
#[inline]
pub(super) fn pdu_header(bytes: &[u8]) -> Option<(u8, u32)> {
    Some((*bytes.first()?, be32_at(bytes, 2)?))
}

/// The head of a presentation data value item (PS3.8 9.3.5.1 and annex E.2).
#[derive(Clone, Copy, Debug)]
pub(super) struct PdvHeader {
    /// Counts the context id, the control header and the fragment.
    pub(super) length: u32,
    /// Presentation context id: odd, 1 to 255 (PS3.8 7.1.1.13).
    pub(super) context: u8,
    /// Message control header: bit 0 command, bit 1 last fragment; the others are sent as 0 and not checked.
    pub(super) control: u8,
}

impl PdvHeader {
    #[inline]
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        Some(Self { length: reader.be32()?, context: reader.u8()?, control: reader.u8()? })
    }

    /// Octets of the fragment, where the length has room for the two octets before it and fits into the rest of its
    /// PDU (`pdu_left`, counted from this item's first octet).
    #[inline]
    pub(super) fn fragment(self, pdu_left: u32) -> Option<u32> {
        (self.length <= pdu_left.checked_sub(4)?).then_some(self.length)?.checked_sub(2)
    }

    fn orderly(self) -> bool {
        self.context & 1 == 1 && self.control <= 3
    }
}

/// Bits of the message control header (PS3.8 E.2).
pub(super) mod control {
    pub(in super::super) const COMMAND: u8 = 1;
    pub(in super::super) const LAST: u8 = 2;
    pub(in super::super) const KNOWN: u8 = 3;
}

/// Whether bytes begin a PDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Yes,
    No,
    /// More octets are needed to tell: this many until the next one that can make a difference. (With more than that,
    /// a "no" would come late or never, depending on how the bytes are cut.)
    Short(usize),
}

impl Look {
    fn when(condition: bool) -> Self {
        if condition { Self::Yes } else { Self::No }
    }
}

/// Whether `bytes` begin a PDU, strictly: for finding the next one among bytes that could be anything, pixels included.
///
/// Never changes its mind when more bytes come, so that what is found does not depend on how they were cut.
pub(super) fn plausible(bytes: &[u8]) -> Look {
    match bytes {
        [] => Look::Short(1),
        [pdu::ASSOCIATE_RQ | pdu::ASSOCIATE_AC, ..] => associate(bytes),
        [pdu::ASSOCIATE_RJ..=pdu::ABORT] => Look::Short(1),
        [pdu::ASSOCIATE_RJ | pdu::RELEASE_RQ | pdu::RELEASE_RP | pdu::ABORT, 0, ..] => short_pdu(bytes),
        [pdu::P_DATA, 0, ..] => p_data(bytes),
        _ => Look::No,
    }
}

/// Whether `bytes` begin an A-ASSOCIATE-RQ or -AC with DICOM's application context as its first item.
pub(super) fn associate(bytes: &[u8]) -> Look {
    const SHORTEST: usize = ASSOCIATE_FIXED + 4 + APPLICATION_CONTEXT.len();
    let shortest = u32::try_from(SHORTEST).unwrap_or(0);
    if !matches!(bytes, [pdu::ASSOCIATE_RQ | pdu::ASSOCIATE_AC, ..])
        || pdu_header(bytes).is_some_and(|(_, length)| !(shortest..=ASSOCIATE_SEARCH_MAX).contains(&length))
    {
        return Look::No;
    }
    application_context(bytes)
}

/// Whether DICOM's application context follows the fixed fields of an A-ASSOCIATE-RQ or -AC.
pub(super) fn application_context(bytes: &[u8]) -> Look {
    const ITEM: usize = PDU_HEADER + ASSOCIATE_FIXED;
    const NAME: usize = ITEM + 4;
    const END: usize = NAME + APPLICATION_CONTEXT.len();
    // Annex F wants no padding, yet a name padded to even length is no reason to overlook an association.
    let length = be16_at(bytes, ITEM + 2);
    let name = bytes.get(NAME..).unwrap_or_default();
    if bytes.get(ITEM).is_some_and(|&kind| kind != item::APPLICATION_CONTEXT)
        || length.is_some_and(|length| !matches!(length, 21 | 22))
        || name.iter().zip(APPLICATION_CONTEXT).any(|(a, b)| a != b)
    {
        return Look::No;
    }
    // Up to what tells more: the header's length, the item's type, its length, then every octet of the name.
    match [PDU_HEADER, ITEM + 1, NAME].into_iter().find(|&end| end > bytes.len()) {
        Some(end) => Look::Short(end.saturating_sub(bytes.len())),
        None if bytes.len() < END => Look::Short(1),
        None => Look::Yes,
    }
}

/// Whether `bytes` begin one of the PDUs of ten octets, with all values in range and all reserved octets 0.
pub(super) fn short_pdu(bytes: &[u8]) -> Look {
    let &[kind, 0, ref rest @ ..] = bytes else {
        return if bytes.len() == 1 { Look::Short(1) } else { Look::No };
    };
    // From the length on: the set of values that each octet may have.
    let allowed = |position: usize, value: u8| match (position, kind) {
        (3, _) => value == 4,
        (5, pdu::ASSOCIATE_RJ) => matches!(value, 1 | 2),
        (6, pdu::ASSOCIATE_RJ) => matches!(value, 1..=3),
        (7, pdu::ASSOCIATE_RJ) => matches!(value, 1..=10),
        (6, pdu::ABORT) => matches!(value, 0 | 2),
        (7, pdu::ABORT) => value <= 6,
        _ => value == 0,
    };
    if !rest.iter().take(8).enumerate().all(|(position, &value)| allowed(position, value)) {
        return Look::No;
    }
    if rest.len() < 8 { Look::Short(1) } else { Look::Yes }
}

/// Whether `bytes` begin a P-DATA-TF: an orderly item that fills it, a command set at its start, or a chain of orderly
/// items that ends where the PDU ends.
fn p_data(bytes: &[u8]) -> Look {
    let Some((_, length)) = pdu_header(bytes) else { return Look::Short(PDU_HEADER.saturating_sub(bytes.len())) };
    if !(6..=P_DATA_SEARCH_MAX).contains(&length) {
        return Look::No;
    }
    let mut at = PDU_HEADER;
    let mut left = length;
    for _ in 0..CHAIN_ITEMS_MAX {
        let item = bytes.get(at..).unwrap_or_default();
        let Some(pdv) = PdvHeader::read(item) else {
            return Look::Short(at.saturating_add(PDV_HEADER).saturating_sub(bytes.len()));
        };
        let Some(fragment) = pdv.fragment(left).filter(|_| pdv.orderly()) else { return Look::No };
        if at == PDU_HEADER && pdv.control & control::COMMAND != 0 && fragment >= 8 {
            return group_length(item.get(PDV_HEADER..).unwrap_or_default());
        }
        left = left.saturating_sub(fragment).saturating_sub(6);
        match left {
            0 => return Look::Yes,
            1..=5 => return Look::No,
            _ if length > CHAIN_SEARCH_MAX => return Look::No,
            _ => at = at.saturating_add(usize::try_from(fragment).unwrap_or(usize::MAX)).saturating_add(PDV_HEADER),
        }
    }
    Look::No
}

/// Whether a command set begins as it has to.
pub(super) fn group_length(command: &[u8]) -> Look {
    if command.len() >= GROUP_LENGTH_ELEMENT.len() {
        Look::when(command.starts_with(&GROUP_LENGTH_ELEMENT))
    } else if GROUP_LENGTH_ELEMENT.starts_with(command) {
        Look::Short(1)
    } else {
        Look::No
    }
}

/// Types of items and sub-items (PS3.8 9.3.2, 9.3.3, annex D; PS3.7 annex D.3.3).
pub(super) mod item {
    pub(in super::super) const APPLICATION_CONTEXT: u8 = 0x10;
    pub(in super::super) const PROPOSED_CONTEXT: u8 = 0x20;
    pub(in super::super) const ANSWERED_CONTEXT: u8 = 0x21;
    pub(in super::super) const ABSTRACT_SYNTAX: u8 = 0x30;
    pub(in super::super) const TRANSFER_SYNTAX: u8 = 0x40;
    pub(in super::super) const USER_INFORMATION: u8 = 0x50;
    pub(in super::super) const MAXIMUM_LENGTH: u8 = 0x51;
    pub(in super::super) const IMPLEMENTATION_CLASS: u8 = 0x52;
    pub(in super::super) const ASYNCHRONOUS_OPERATIONS: u8 = 0x53;
    pub(in super::super) const ROLE_SELECTION: u8 = 0x54;
    pub(in super::super) const IMPLEMENTATION_VERSION: u8 = 0x55;
    pub(in super::super) const EXTENDED_NEGOTIATION: u8 = 0x56;
    pub(in super::super) const COMMON_EXTENDED_NEGOTIATION: u8 = 0x57;
    pub(in super::super) const USER_IDENTITY: u8 = 0x58;
}

/// Items or sub-items one after the other: type, reserved, length of 16 bits, value (PS3.8 9.3.2 and annex D.1).
#[derive(Clone, Copy, Debug)]
pub(super) struct Items<'a>(Reader<'a>);

impl<'a> Items<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(Reader::new(bytes))
    }

    /// True while something is left; behind the last `next` it means that the rest is no item.
    pub(super) const fn leftover(&self) -> bool {
        !self.0.is_empty()
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let mut reader = self.0;
        let kind = reader.u8()?;
        reader.skip(1)?;
        let length = reader.be16()?;
        let value = reader.take(usize::from(length))?;
        self.0 = reader;
        Some((kind, value))
    }
}

/// An application entity title: identifies a system, not a person; `(unreadable)` where it is not of the default
/// repertoire without control characters and backslash, 16 octets at most (PS3.5 6.2, VR AE).
///
/// Spaces around it do not count; trailing NULs are forgiven, as the field of an association has no other end.
pub(super) fn ae_title(field: &[u8]) -> Public<'_> {
    let end = field.iter().rposition(|&byte| byte != 0).map_or(0, |last| last.saturating_add(1));
    Public::shaped(trim_spaces(field.get(..end).unwrap_or_default()), 16, printable_but_backslash)
}

/// A unique identifier of a class, syntax or implementation, which names a kind of thing and never a patient
/// (instances are not read): digits in components with dots between, the first 0, 1 or 2 (PS3.5 9.1).
///
/// At least one dot: a record number must not pass for one. `None` when the field is empty.
pub(super) fn uid(field: &[u8]) -> Option<Public<'_>> {
    let end = field.iter().rposition(|&byte| byte != 0 && byte != b' ').map_or(0, |last| last.saturating_add(1));
    let field = field.get(..end).filter(|field| !field.is_empty())?;
    let components =
        matches!(field, [b'0'..=b'2', b'.', ..]) && field.split(|&byte| byte == b'.').all(|c| !c.is_empty());
    Some(if components { Public::uid(field) } else { Public::word(UNREADABLE) })
}

/// An implementation version name: names software; 16 characters of ISO 646 at most (PS3.7 D.3.3.2.3).
pub(super) fn version_name(field: &[u8]) -> Public<'_> {
    Public::shaped(trim_spaces(field), 16, printable_but_backslash)
}

fn trim_spaces(mut text: &[u8]) -> &[u8] {
    while let [b' ', rest @ ..] | [rest @ .., b' '] = text {
        text = rest;
    }
    text
}

fn printable_but_backslash(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7e) && byte != b'\\'
}

/// Public text kept beyond its bytes, in place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<const N: usize> {
    length: u8,
    bytes: [u8; N],
}

impl<const N: usize> Text<N> {
    /// Keeps `text`, which has a shape that fits; what does not fit is unreadable.
    pub(super) fn of(text: Public<'_>) -> Self {
        let mut kept = Self { length: 0, bytes: [0; N] };
        let text = if text.as_str().len() <= N { text.as_str() } else { UNREADABLE };
        if let Some(place) = kept.bytes.get_mut(..text.len()) {
            place.copy_from_slice(text.as_bytes());
            kept.length = u8::try_from(text.len()).unwrap_or(0);
        }
        kept
    }

    /// The text again.
    pub(super) fn public(&self) -> Public<'_> {
        Public::shaped(self.bytes.get(..usize::from(self.length)).unwrap_or_default(), N, |_| true)
    }
}
