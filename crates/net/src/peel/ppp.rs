//! PPP by itself and in PPPoE, and the serial links that are its kin: Cisco's HDLC and Frame Relay.

use super::{Next, Peeled, Peeler, Step, TRUNCATED, Undecoded, ethernet};
use crate::reader::Reader;

/// Protocol numbers (IANA, PPP numbers).
const IPV4: u16 = 0x0021;
const IPV6: u16 = 0x0057;
/// MPLS, unicast and multicast (RFC 3032 section 4.3).
const MPLS: [u16; 2] = [0x0281, 0x0283];

/// Addresses of Cisco's HDLC: unicast and broadcast (LINKTYPE_C_HDLC).
const CISCO: [u8; 2] = [0x0f, 0x8f];

/// The most octets of a Frame Relay address (Q.922 section 3.2).
const ADDRESS_MAX: usize = 4;

/// The protocol of a frame, and the octets in front of what it carries.
fn protocol(frame: &[u8]) -> Option<(u16, usize)> {
    let mut reader = Reader::new(frame);
    // Address and control (RFC 1662 section 3.1), which both ends may agree to leave out (RFC 1661 section 6.6).
    match frame {
        [0xff] => return None,
        [0xff, 3, ..] => reader.skip(2)?,
        _ => {}
    }
    // An odd octet is the last of the field, so one may stand alone (RFC 1661 sections 2 and 6.5).
    let first = reader.u8()?;
    let protocol = if first & 1 == 1 { u16::from(first) } else { u16::from_be_bytes([first, reader.u8()?]) };
    Some((protocol, reader.position()))
}

/// The octets in front of the IP packet of a frame, where it has one.
pub(super) fn to_ip(frame: &[u8]) -> Option<usize> {
    protocol(frame).filter(|(protocol, _)| [IPV4, IPV6].contains(protocol)).map(|(_, length)| length)
}

/// LINKTYPE_PPP, and PPP in whatever carries it.
pub(super) fn ppp(peeler: &mut Peeler<'_>) -> Step {
    let (protocol, length) = protocol(peeler.rest()).ok_or(TRUNCATED)?;
    peeler.advance(length)?;
    match protocol {
        IPV4 | IPV6 => Ok(Next::Ip),
        label if MPLS.contains(&label) => Ok(Next::Mpls),
        _ => Err(Peeled::Stopped(Undecoded::Ppp)),
    }
}

/// LINKTYPE_PPP_HDLC: PPP, or Cisco's HDLC by its address.
pub(super) fn serial(peeler: &mut Peeler<'_>) -> Step {
    if CISCO.contains(&peeler.u8(0)?) { hdlc(peeler) } else { ppp(peeler) }
}

/// LINKTYPE_C_HDLC: address, control, EtherType.
pub(super) fn hdlc(peeler: &mut Peeler<'_>) -> Step {
    if !CISCO.contains(&peeler.u8(0)?) {
        return Err(Peeled::Stopped(Undecoded::Serial));
    }
    let ethertype = peeler.be16(2)?;
    peeler.advance(4)?;
    Ok(Next::EtherType(ethertype))
}

/// A session's frame (RFC 2516 section 4: version and type 1, code 0), from the version on. A session names a line, not
/// a network: it is no tunnel to tell addresses apart by.
pub(super) fn over_ethernet(peeler: &mut Peeler<'_>) -> Step {
    if peeler.be16(0)? != 0x1100 {
        return Err(Peeled::Stopped(Undecoded::Pppoe));
    }
    let length = usize::from(peeler.be16(4)?);
    peeler.advance(6)?;
    peeler.end = peeler.end.min(peeler.at.saturating_add(length));
    Ok(Next::Ppp)
}

/// LINKTYPE_FRELAY: an address whose last octet is odd (Q.922 section 3.3.2), then multiprotocol encapsulation
/// (RFC 2427), or Cisco's, which has an EtherType at once.
pub(super) fn frame_relay(peeler: &mut Peeler<'_>) -> Step {
    /// Network layer protocol identifiers (RFC 2427 section 3 and appendix).
    const NLPID_SNAP: u8 = 0x80;
    const NLPID_IPV6: u8 = 0x8e;
    const NLPID_IPV4: u8 = 0xcc;
    const NLPID_PPP: u8 = 0xcf;
    /// Bridged Ethernet with and without its check sequence (section 4.2).
    const BRIDGED: [(u32, u16); 2] = [(0x80c2, 1), (0x80c2, 7)];
    const STOPPED: Peeled = Peeled::Stopped(Undecoded::Serial);

    let mut address = 1usize;
    while peeler.u8(address.saturating_sub(1))? & 1 == 0 {
        if address == ADDRESS_MAX {
            return Err(STOPPED);
        }
        address = address.saturating_add(1);
    }
    if address == 1 {
        return Err(STOPPED);
    }
    peeler.advance(address)?;
    if peeler.u8(0)? != 3 {
        let ethertype = peeler.be16(0)?;
        peeler.advance(2)?;
        return if ethertype < ethernet::ETHERTYPE_MIN { Err(STOPPED) } else { Ok(Next::EtherType(ethertype)) };
    }
    peeler.advance(1)?;
    if peeler.u8(0)? == 0 {
        peeler.advance(1)?; // to align what follows
    }
    let identifier = peeler.u8(0)?;
    peeler.advance(1)?;
    match identifier {
        NLPID_IPV4 | NLPID_IPV6 => Ok(Next::Ip),
        NLPID_PPP => Ok(Next::Ppp),
        NLPID_SNAP => {
            let (organisation, kind) = (peeler.be32(0)? >> 8, peeler.be16(3)?);
            peeler.advance(5)?;
            match (organisation, kind) {
                (0, ethertype) => Ok(Next::EtherType(ethertype)),
                bridged if BRIDGED.contains(&bridged) => Ok(Next::Ethernet),
                _ => Err(STOPPED),
            }
        }
        _ => Err(STOPPED),
    }
}
