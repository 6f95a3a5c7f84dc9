//! Tunnels in UDP whose headers say little of themselves: GTP-U, Teredo, L2TP.
//!
//! Any datagram may come to their ports. So nothing is taken for a tunnel unless lengths, versions and the header of the
//! IP packet inside hold, and what turns out not to hold further in leaves the datagram what it is.
//!
//! None of them names a network. The tunnel endpoint identifier of GTP-U is chosen by who receives (3GPP TS 29.281 clause
//! 5.1), as the session of L2TP is (RFC 2661 section 3.1): the directions of a conversation differ in it.

use etherparse::{UdpHeader, UdpHeaderSlice};

use super::ppp;
use crate::reader::Reader;

/// UDP ports: GTP-U (3GPP TS 29.281 clause 4.4.2), Teredo servers (RFC 4380 section 2.7), L2TP (RFC 2661 section 8.1).
pub(super) const GTP_U: u16 = 2152;
pub(super) const TEREDO: u16 = 3544;
pub(super) const L2TP: u16 = 1701;

/// The most extension headers of a GTP-U message: clause 5.2.1 has nine, each once.
const GTP_EXTENSIONS_MAX: usize = 16;

/// What is carried.
pub(super) struct Carried {
    /// Octets from the start of the UDP header to the IP packet.
    pub(super) offset: usize,
    /// Octets to where the tunnel's payload ends.
    pub(super) end: usize,
}

/// The IP packet in a datagram of which `left` octets were sent, if it is that of a tunnel.
pub(super) fn carried(datagram: &[u8], left: usize) -> Option<Carried> {
    let udp = UdpHeaderSlice::from_slice(datagram).ok()?;
    let length = usize::from(udp.length());
    if length > left {
        return None;
    }
    let wire = length.checked_sub(UdpHeader::LEN)?;
    let payload = datagram.get(UdpHeader::LEN..)?;
    let payload = payload.get(..wire).unwrap_or(payload);
    let is_port = |port| udp.destination_port() == port || udp.source_port() == port;
    let (offset, end) = match () {
        () if is_port(GTP_U) => gtp_u(payload)?,
        () if is_port(TEREDO) => (teredo(payload)?, wire),
        () if is_port(L2TP) => l2tp(payload, wire)?,
        () => return None,
    };
    if end > wire || !is_ip(payload.get(offset..)?, end.checked_sub(offset)?) {
        return None;
    }
    Some(Carried { offset: offset.saturating_add(UdpHeader::LEN), end: end.saturating_add(UdpHeader::LEN) })
}

/// Whether the header of an IP packet that was captured is sound, and the packet within what was sent.
fn is_ip(packet: &[u8], sent: usize) -> bool {
    match packet {
        [first, _, total @ ..] if first >> 4 == 4 && packet.len() >= 20 => {
            let header = usize::from(first & 15).saturating_mul(4);
            let total = Reader::new(total).be16().map_or(0, usize::from);
            header >= 20 && (header..=sent).contains(&total)
        }
        [first, _, _, _, length @ ..] if first >> 4 == 6 && packet.len() >= 40 => {
            Reader::new(length).be16().is_some_and(|length| usize::from(length).saturating_add(40) <= sent)
        }
        _ => false,
    }
}

/// A G-PDU (3GPP TS 29.281 clauses 5.1 and 5.2): where its T-PDU begins and ends.
fn gtp_u(payload: &[u8]) -> Option<(usize, usize)> {
    /// Version 1 and the protocol type that is not charging's; sequence number, N-PDU number, extension header.
    const VERSION: u8 = 0xf0;
    const VERSION_1: u8 = 0x30;
    const OPTIONAL: u8 = 0x07;
    const EXTENSION: u8 = 0x04;
    const G_PDU: u8 = 255;

    let mut message = Reader::new(payload);
    let (flags, kind, length) = (message.u8()?, message.u8()?, usize::from(message.be16()?));
    if flags & VERSION != VERSION_1 || kind != G_PDU {
        return None;
    }
    message.skip(4)?;
    let end = message.position().checked_add(length)?;
    if flags & OPTIONAL != 0 {
        message.skip(3)?;
        // Without the flag the field is there, and says nothing.
        let next = message.u8()?;
        if flags & EXTENSION != 0 {
            extensions(&mut message, next)?;
        }
    }
    Some((message.position(), end))
}

/// Moves past extension headers: each begins with its length in units of four octets, and ends with the type of the next
/// (clause 5.2.1).
fn extensions(message: &mut Reader<'_>, mut next: u8) -> Option<()> {
    for _ in 0..GTP_EXTENSIONS_MAX {
        if next == 0 {
            return Some(());
        }
        let content = usize::from(message.u8()?).checked_mul(4)?.checked_sub(2)?;
        message.skip(content)?;
        next = message.u8()?;
    }
    None
}

/// Where the IPv6 packet begins behind an authentication and an origin indication (RFC 4380 sections 5.1.1 and 5.2.2).
///
/// One of its ends has a Teredo address (section 2.6), or it looks for a router or answers (section 5.2.1). The prefix of
/// old is that of before the standard.
fn teredo(payload: &[u8]) -> Option<usize> {
    const PREFIXES: [[u8; 4]; 2] = [[0x20, 1, 0, 0], [0x3f, 0xfe, 0x83, 0x1f]];
    const LINK_LOCAL: [u8; 2] = [0xfe, 0x80];

    let mut message = Reader::new(payload);
    if message.rest().starts_with(&[0, 1]) {
        message.skip(2)?;
        let (client, value) = (message.u8()?, message.u8()?);
        message.skip(usize::from(client))?;
        message.skip(usize::from(value))?;
        message.skip(9)?; // nonce and confirmation
    }
    if message.rest().starts_with(&[0, 0]) {
        message.skip(8)?; // port and address, obfuscated
    }
    let offset = message.position();
    if message.u8()? >> 4 != 6 {
        return None;
    }
    message.skip(7)?;
    let (source, destination) = (message.take(16)?, message.take(16)?);
    let is_teredo = |address: &[u8]| PREFIXES.iter().any(|prefix| address.starts_with(prefix));
    (is_teredo(source) || is_teredo(destination) || source.starts_with(&LINK_LOCAL)).then_some(offset)
}

/// Where the IP packet of a data message begins, and where the message ends (RFC 2661 section 3.1).
fn l2tp(payload: &[u8], wire: usize) -> Option<(usize, usize)> {
    const CONTROL: u16 = 0x8000;
    const LENGTH: u16 = 0x4000;
    const SEQUENCE: u16 = 0x0800;
    const OFFSET: u16 = 0x0200;
    /// Reserved bits, and the version.
    const FIXED: u16 = 0x34ff;
    const VERSION_2: u16 = 2;

    let mut message = Reader::new(payload);
    let flags = message.be16()?;
    if flags & CONTROL != 0 || flags & FIXED != VERSION_2 {
        return None;
    }
    let end = if flags & LENGTH != 0 { usize::from(message.be16()?) } else { wire };
    message.skip(4)?; // tunnel and session
    if flags & SEQUENCE != 0 {
        message.skip(4)?;
    }
    if flags & OFFSET != 0 {
        let padding = message.be16()?;
        message.skip(usize::from(padding))?;
    }
    let frame = message.rest();
    Some((message.position().checked_add(ppp::to_ip(frame)?)?, end))
}
