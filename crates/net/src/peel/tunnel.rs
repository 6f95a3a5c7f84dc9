//! MPLS, GRE with ERSPAN, VXLAN and Geneve: what mirrors and overlays wrap frames in; and which UDP is a tunnel.

use etherparse::{UdpHeader, UdpHeaderSlice};

use super::datagram::{self, GTP_U, L2TP, TEREDO};
use super::{Next, Peeled, Peeler, Step, TRUNCATED, Undecoded, ethernet, wlan};

/// UDP destination ports of overlays: VXLAN (RFC 7348), Linux's VXLAN of old, Geneve (RFC 8926).
const VXLAN: u16 = 4789;
const VXLAN_LINUX: u16 = 8472;
const GENEVE: u16 = 6081;

/// Ports to which tunnels send, and those from which answers come.
const DESTINATIONS: [u16; 6] = [VXLAN, VXLAN_LINUX, GENEVE, GTP_U, TEREDO, L2TP];
const SOURCES: [u16; 3] = [GTP_U, TEREDO, L2TP];

/// A bit for each port, by bits of the port that those in daily use (DNS, NTP, SNMP and the like) do not share with them.
const fn bits(ports: &[u16]) -> u64 {
    match ports {
        [port, rest @ ..] => 1 << place(*port as u32) | bits(rest),
        [] => 0,
    }
}

const fn place(port: u32) -> u32 {
    port >> 2 & 63
}

/// Looks at the ports (source in the upper half) of a UDP header: cheap, for every UDP packet. Two bits decide for most of
/// them, and only the rest is compared.
#[inline]
pub(super) fn is_tunnel_port(ports: u32) -> bool {
    const MAYBE_DESTINATION: u64 = bits(&DESTINATIONS);
    const MAYBE_SOURCE: u64 = bits(&SOURCES);
    let (source, destination) = (ports >> 16, ports & 0xffff);
    let maybe = MAYBE_DESTINATION.wrapping_shr(place(destination)) | MAYBE_SOURCE.wrapping_shr(place(source));
    maybe & 1 != 0 && is_one_of_them(source, destination)
}

/// Out of the way of all other packets.
#[cold]
#[inline(never)]
fn is_one_of_them(source: u32, destination: u32) -> bool {
    let is_of = |ports: &[u16], port| ports.iter().any(|known| u32::from(*known) == port);
    is_of(&DESTINATIONS, destination) || is_of(&SOURCES, source)
}

/// A datagram from or to a tunnel's port: the tunnel, or else just a datagram.
pub(super) fn udp(peeler: &mut Peeler<'_>) -> Step {
    if is_overlay(peeler.rest()) {
        return Ok(Next::Overlay);
    }
    let left = peeler.end.saturating_sub(peeler.at);
    let Some(carried) = datagram::carried(peeler.rest(), left) else {
        return Err(Peeled::Ip(peeler.layout));
    };
    peeler.datagram = Some(peeler.layout);
    peeler.end = peeler.end.min(peeler.at.saturating_add(carried.end));
    peeler.advance(carried.offset)?;
    Ok(Next::Ip)
}

/// True where a datagram to an overlay's port has the overlay's header too.
fn is_overlay(datagram: &[u8]) -> bool {
    let Ok(udp) = UdpHeaderSlice::from_slice(datagram) else { return false };
    let payload = datagram.get(UdpHeader::LEN..).unwrap_or_default();
    match (udp.destination_port(), payload) {
        // The I flag and reserved fields (RFC 7348 section 5); the group policy extension uses G, D and A beside it.
        (VXLAN | VXLAN_LINUX, [flags, _, _, _, _, _, _, reserved, ..]) => flags & 0x08 != 0 && *reserved == 0,
        // Version 0 (RFC 8926 section 3.4).
        (GENEVE, [version_and_options, _, _, _, _, _, _, _, ..]) => version_and_options >> 6 == 0,
        _ => false,
    }
}

pub(super) fn overlay(peeler: &mut Peeler<'_>) -> Step {
    let port = UdpHeaderSlice::from_slice(peeler.rest()).map_err(|_| TRUNCATED)?.destination_port();
    peeler.advance(UdpHeader::LEN)?;
    let network = peeler.be32(4)? >> 8;
    peeler.layout.tunnel = network;
    if port != GENEVE {
        peeler.advance(8)?;
        return Ok(Next::Ethernet);
    }
    let options = usize::from(peeler.u8(0)? & 0x3f).saturating_mul(4);
    let inner = peeler.be16(2)?;
    peeler.advance(options.saturating_add(8))?;
    match inner {
        ethernet::BRIDGED | ethernet::IPV4 | ethernet::IPV6 | ethernet::ARP => Ok(Next::EtherType(inner)),
        _ => Err(Peeled::Stopped(Undecoded::Overlay)),
    }
}

/// A label stack (RFC 3032), then whatever the bottom label stands for: only its first nibble tells (RFC 4928).
pub(super) fn mpls(peeler: &mut Peeler<'_>) -> Step {
    for _ in 0..super::DEPTH_MAX {
        let entry = peeler.be32(0)?;
        peeler.advance(4)?;
        if entry & 0x100 != 0 {
            return match peeler.u8(0)? >> 4 {
                4 | 6 => Ok(Next::Ip),
                // A pseudowire's control word (RFC 4385), then Ethernet (RFC 4448).
                0 => peeler.advance(4).map(|()| Next::Ethernet),
                _ => Err(Peeled::Stopped(Undecoded::Mpls)),
            };
        }
    }
    Err(Peeled::Stopped(Undecoded::Nesting))
}

/// Flags of GRE (RFC 2784, 2890), and of PPTP's (RFC 2637 section 4.1).
mod flag {
    pub(super) const CHECKSUM: u16 = 0x8000;
    pub(super) const ROUTING: u16 = 0x4000;
    pub(super) const KEY: u16 = 0x2000;
    pub(super) const SEQUENCE: u16 = 0x1000;
    pub(super) const ACKNOWLEDGEMENT: u16 = 0x0080;
    pub(super) const VERSION: u16 = 0x0007;
}

/// GRE, and inside it IP, MPLS, bridged Ethernet (NVGRE, RFC 7637), ERSPAN (draft-foschiano-erspan-03), PPP or what access
/// points heard.
pub(super) fn gre(peeler: &mut Peeler<'_>) -> Step {
    use flag::{CHECKSUM, KEY, ROUTING, SEQUENCE, VERSION};
    let (flags, inner) = (peeler.be16(0)?, peeler.be16(2)?);
    if flags & VERSION == 1 {
        return pptp(peeler, flags, inner);
    }
    if flags & VERSION != 0 || flags & ROUTING != 0 {
        return Err(Peeled::Stopped(Undecoded::Gre));
    }
    peeler.advance(4)?;
    if flags & CHECKSUM != 0 {
        peeler.advance(4)?;
    }
    if flags & KEY != 0 {
        let key = peeler.be32(0)?;
        peeler.advance(4)?;
        // NVGRE: 24 bits of subnet and 8 of flow id, which differs between the directions (RFC 7637 section 3.2).
        peeler.layout.tunnel = if inner == ethernet::BRIDGED { key >> 8 } else { key };
    }
    if flags & SEQUENCE != 0 {
        peeler.advance(4)?;
    }
    match inner {
        // Type I has neither a sequence number nor a header of its own; type II has both (section 4.1).
        0x88be if flags & SEQUENCE == 0 => Ok(Next::Ethernet),
        0x88be => peeler.advance(8).map(|()| Next::Ethernet),
        // Type III: 12 octets, and 8 of a platform header where the O bit says so (section 4.3).
        0x22eb => {
            let platform = peeler.be32(8)? & 1 != 0;
            let frame_type = peeler.be16(10)? >> 10 & 0x1f;
            peeler.advance(if platform { 20 } else { 12 })?;
            match frame_type {
                0 => Ok(Next::Ethernet),
                2 => Ok(Next::Ip),
                _ => Err(Peeled::Stopped(Undecoded::Gre)),
            }
        }
        0 => Err(Peeled::Stopped(Undecoded::Gre)),
        ethernet::IPV4 | ethernet::IPV6 | ethernet::BRIDGED | ethernet::VLAN => Ok(Next::EtherType(inner)),
        tag if ethernet::MPLS.contains(&tag) => Ok(Next::EtherType(tag)),
        queue if wlan::is_aruba(queue) => Ok(Next::Wlan),
        _ => Err(Peeled::Stopped(Undecoded::Gre)),
    }
}

/// PPP in version 1 of GRE (RFC 2637 section 4.1): the key is the length of the payload and the call, which differs between
/// the directions.
fn pptp(peeler: &mut Peeler<'_>, flags: u16, inner: u16) -> Step {
    use flag::{ACKNOWLEDGEMENT, CHECKSUM, KEY, ROUTING, SEQUENCE};
    const PPP: u16 = 0x880b;
    let is_data = inner == PPP && flags & (CHECKSUM | ROUTING | KEY | SEQUENCE) == KEY | SEQUENCE;
    if !is_data {
        return Err(Peeled::Stopped(Undecoded::Gre)); // an acknowledgement alone, perhaps
    }
    let length = usize::from(peeler.be16(4)?);
    peeler.advance(if flags & ACKNOWLEDGEMENT != 0 { 16 } else { 12 })?;
    peeler.end = peeler.end.min(peeler.at.saturating_add(length));
    Ok(Next::Ppp)
}
