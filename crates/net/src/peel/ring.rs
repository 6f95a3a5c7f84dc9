//! Token Ring and FDDI: LLC behind their own headers.

use super::{Peeled, Peeler, Place, Step, Undecoded, ethernet};

const STOPPED: Peeled = Peeled::Stopped(Undecoded::Ring);

/// LINKTYPE_IEEE802_5: access control, frame control, addresses, and a route where the source's first bit says so.
pub(super) fn token_ring(peeler: &mut Peeler<'_>) -> Step {
    // Frame type LLC (IEEE 802.5 section 3.2.3).
    if peeler.u8(1)? & 0xc0 != 0x40 {
        return Err(STOPPED);
    }
    let has_route = peeler.u8(8)? & 0x80 != 0;
    peeler.source_mac(8, Place::Six)?;
    peeler.advance(14)?;
    if has_route {
        // Its length counts the two octets that hold it, and is even (IEEE 802.1D annex C.3.3.2).
        let length = usize::from(peeler.u8(0)? & 0x1f);
        if length < 2 || length & 1 == 1 {
            return Err(STOPPED);
        }
        peeler.advance(length)?;
    }
    ethernet::logical_link(peeler)
}

/// LINKTYPE_FDDI: frame control, addresses.
pub(super) fn fddi(peeler: &mut Peeler<'_>) -> Step {
    // Class, address length and format of LLC frames: 48-bit addresses (ISO 9314-2 section 7.3.3).
    if peeler.u8(0)? & 0x70 != 0x50 {
        return Err(STOPPED);
    }
    peeler.source_mac(7, Place::Six)?;
    peeler.advance(13)?;
    ethernet::logical_link(peeler)
}
