//! IEEE 802.11 data frames in clear, bare and behind what captures put in front: radiotap, AVS, Prism.
//!
//! Clauses are those of IEEE 802.11-2020. Of an A-MSDU the first subframe is read: a frame gives one packet here.

use super::{Peeled, Peeler, Place, Step, TRUNCATED, Undecoded, ethernet};
use crate::reader::Reader;

/// Bits of the frame control field, as its two octets come (clause 9.2.4.1).
mod control {
    pub(super) const VERSION: u8 = 0x03;
    pub(super) const KIND: u8 = 0x0c;
    pub(super) const MANAGEMENT: u8 = 0x00;
    pub(super) const DATA: u8 = 0x08;
    /// Subtypes of data frames with this bit have no frame body (table 9-1).
    pub(super) const EMPTY: u8 = 0x40;
    pub(super) const QOS: u8 = 0x80;
    pub(super) const TO_DS: u8 = 0x01;
    pub(super) const FROM_DS: u8 = 0x02;
    pub(super) const BOTH: u8 = TO_DS | FROM_DS;
    pub(super) const MORE_FRAGMENTS: u8 = 0x04;
    pub(super) const PROTECTED: u8 = 0x40;
    pub(super) const HT_CONTROL: u8 = 0x80;
}

/// Octets of a data frame's header up to the sequence control field (clause 9.3.2.1), and of what may follow.
const HEADER: usize = 24;
const FOURTH_ADDRESS: usize = 6;
const QOS_CONTROL: usize = 2;
const HT_CONTROL: usize = 4;
const FRAME_CHECK: usize = 4;

/// The bit of the QoS control field that says "A-MSDU" (clause 9.2.4.5.9).
const AGGREGATED: u8 = 0x80;

/// What a subframe never begins with: it would be an address that is the start of LLC and SNAP. Drivers that took an
/// A-MSDU apart leave the bit set and have this.
const SNAP: [u8; 6] = [0xaa, 0xaa, 3, 0, 0, 0];

/// Radiotap's version 0, its fields that stand in front of the flags, and bits of these (radiotap.org).
mod tap {
    pub(super) const TSFT: u32 = 1;
    pub(super) const FLAGS: u32 = 1 << 1;
    pub(super) const MORE_WORDS: u32 = 1 << 31;
    pub(super) const HAS_FRAME_CHECK: u8 = 0x10;
    pub(super) const IS_PADDED: u8 = 0x20;
    pub(super) const BAD_FRAME_CHECK: u8 = 0x40;
}

const DAMAGED: Peeled = Peeled::Stopped(Undecoded::WlanDamaged);

/// LINKTYPE_IEEE802_11_RADIOTAP.
pub(super) fn radiotap(peeler: &mut Peeler<'_>) -> Step {
    let mut header = Reader::new(peeler.rest());
    let version = header.u8().ok_or(TRUNCATED)?;
    let length = header.skip(1).and_then(|()| header.le16()).map(usize::from).ok_or(TRUNCATED)?;
    if version != 0 || length < 8 {
        return Err(DAMAGED);
    }
    let header = peeler.rest().get(..length).ok_or(TRUNCATED)?;
    let flags = radiotap_flags(header).ok_or(DAMAGED)?;
    peeler.advance(length)?;
    if flags & tap::BAD_FRAME_CHECK != 0 {
        return Err(DAMAGED);
    }
    if flags & tap::HAS_FRAME_CHECK != 0 {
        peeler.end = peeler.end.saturating_sub(FRAME_CHECK).max(peeler.at);
    }
    frame(peeler, flags & tap::IS_PADDED != 0)
}

/// The flags field, 0 where there is none; `None` where the header is too short for what it says it has.
fn radiotap_flags(header: &[u8]) -> Option<u8> {
    let mut reader = Reader::new(header);
    reader.skip(4)?;
    let present = reader.le32()?;
    let mut word = present;
    // As many words as have the bit, within the header.
    while word & tap::MORE_WORDS != 0 {
        word = reader.le32()?;
    }
    if present & tap::TSFT != 0 {
        // Fields are aligned to their size, from the start of the header.
        reader.skip(reader.position().next_multiple_of(8).checked_sub(reader.position())?)?;
        reader.skip(8)?;
    }
    if present & tap::FLAGS != 0 { reader.u8() } else { Some(0) }
}

/// LINKTYPE_IEEE802_11_AVS: a cookie with the version, and the length of the header.
pub(super) fn avs(peeler: &mut Peeler<'_>) -> Step {
    const COOKIE: u32 = 0x8021_1000;
    if peeler.be32(0)? & 0xffff_f000 != COOKIE {
        return Err(DAMAGED);
    }
    let length = usize::try_from(peeler.be32(4)?).unwrap_or(usize::MAX);
    if length < 8 {
        return Err(DAMAGED);
    }
    peeler.advance(length)?;
    frame(peeler, false)
}

/// LINKTYPE_IEEE802_11_PRISM: 144 octets, or an AVS header, which begins with its cookie.
pub(super) fn prism(peeler: &mut Peeler<'_>) -> Step {
    if peeler.be16(0)? == 0x8021 {
        return avs(peeler);
    }
    peeler.advance(144)?;
    frame(peeler, false)
}

/// A frame from its frame control field on. `is_padded`: up to a multiple of four octets between header and body.
pub(super) fn frame(peeler: &mut Peeler<'_>, is_padded: bool) -> Step {
    let (kind, flags) = (peeler.u8(0)?, peeler.u8(1)?);
    if kind & control::VERSION != 0 {
        return Err(DAMAGED);
    }
    // Source and destination (table 9-30); all four addresses are there between two access points alone. Frames of management,
    // which are of kind 0, have no bits for that (clause 9.3.3.1).
    if matches!(kind & control::KIND, control::DATA | control::MANAGEMENT) {
        match flags & control::BOTH {
            control::TO_DS => peeler.source_mac(10, Place::Behind)?,
            control::FROM_DS => peeler.source_mac(16, Place::Twelve)?,
            control::BOTH => peeler.source_mac(24, Place::Eight)?,
            _ => peeler.source_mac(10, Place::Six)?,
        }
    }
    if kind & control::KIND != control::DATA || kind & control::EMPTY != 0 {
        return Err(Peeled::Stopped(Undecoded::WlanWithoutData));
    }
    if flags & control::PROTECTED != 0 {
        return Err(Peeled::Stopped(Undecoded::WlanProtected));
    }
    // The fragment number (clause 9.2.4.4.3). Stations send unprotected data in fragments hardly ever.
    if peeler.u8(22)? & 0x0f != 0 || flags & control::MORE_FRAGMENTS != 0 {
        return Err(Peeled::Stopped(Undecoded::WlanFragment));
    }
    let mut length = HEADER;
    if flags & control::BOTH == control::BOTH {
        length = length.saturating_add(FOURTH_ADDRESS);
    }
    let mut is_aggregated = false;
    if kind & control::QOS != 0 {
        is_aggregated = peeler.u8(length)? & AGGREGATED != 0;
        length = length.saturating_add(QOS_CONTROL);
        // In frames without QoS the bit says that the order is strict (clause 9.2.4.1.10).
        if flags & control::HT_CONTROL != 0 {
            length = length.saturating_add(HT_CONTROL);
        }
    }
    peeler.advance(if is_padded { length.next_multiple_of(4) } else { length })?;
    if is_aggregated && !peeler.rest().starts_with(&SNAP) {
        // Destination, source and length of a subframe (clause 9.3.2.2.2).
        let length = usize::from(peeler.be16(12)?);
        peeler.source_mac(6, Place::Six)?;
        peeler.advance(14)?;
        peeler.end = peeler.end.min(peeler.at.saturating_add(length));
    }
    ethernet::logical_link(peeler)
}

/// What Aruba's access points send their controllers in GRE: frames without check sequence, the protocol by their queue.
pub(super) const fn is_aruba(protocol: u16) -> bool {
    matches!(protocol, 0x8200..=0x8370) && protocol & 0x0f == 0
}
