//! IPv4 (RFC 791) and IPv6 (RFC 8200) with options and extension headers; loopback links.
//!
//! etherparse checks this in a property test, but does not do it: its lax slices, walked over a chain of extension headers
//! that is cut or contradicts itself, read past the end of the packet (0.21.0).

use super::{Next, Peeled, Peeler, Piece, Step, TRUNCATED, Undecoded, protocol, tunnel};
use crate::reader::{be16_at, be32_at};

const V6_HEADER: usize = 40;

/// Extension headers (IANA), in the order of RFC 8200 section 4.1.
const HOP_BY_HOP: u8 = 0;
const DESTINATION: u8 = 60;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;
const MOBILITY: u8 = 135;
const HOST_IDENTITY: u8 = 139;
const SHIM6: u8 = 140;

/// The most extension headers of a packet: the standard has each of seven kinds once, one twice.
const EXTENSIONS_MAX: usize = 16;

const CONTRADICTION: Peeled = Peeled::Stopped(Undecoded::IpHeader);

pub(super) fn loopback(peeler: &mut Peeler<'_>) -> Step {
    let family = peeler.be32(0)?;
    peeler.advance(4)?;
    // AF_INET is 2 everywhere; AF_INET6 is 10, 23, 24, 28 or 30. NULL has the byte order of the host that captured.
    match if family > 0xffff { family.swap_bytes() } else { family } {
        2 | 10 | 23 | 24 | 28 | 30 => Ok(Next::Ip),
        _ => Err(Peeled::Stopped(Undecoded::AddressFamily)),
    }
}

pub(super) fn ip(peeler: &mut Peeler<'_>) -> Step {
    let header = peeler.rest();
    let first = *header.first().ok_or(TRUNCATED)?;
    let (needed, length_field) = match first >> 4 {
        4 if first & 15 < 5 => return Err(CONTRADICTION),
        4 => (usize::from(first & 15).saturating_mul(4), usize::from(peeler.be16(2)?)),
        6 => (V6_HEADER, usize::from(peeler.be16(4)?)),
        _ => return Err(CONTRADICTION),
    };
    if header.len() < needed {
        return Err(TRUNCATED);
    }
    let own_end = match (first >> 4, length_field) {
        // Segmentation offload leaves the length 0, a jumbogram puts it elsewhere: the frame's end is what is left.
        (_, 0) => peeler.end,
        (4, total) if total < needed => return Err(CONTRADICTION),
        (4, total) => peeler.at.saturating_add(total),
        (_, payload) => peeler.at.saturating_add(V6_HEADER).saturating_add(payload),
    };
    let limit = own_end.saturating_sub(peeler.at);
    let (length, ip_number, piece) = if first >> 4 == 4 { v4(header, needed, limit) } else { v6(header, limit) }?;
    let transport = peeler.at.saturating_add(length);
    let network = peeler.at;
    peeler.end = own_end.min(peeler.end).max(transport);
    peeler.layout.network = peeler.offset(network)?;
    peeler.layout.transport = peeler.offset(transport)?;
    let end = peeler.end;
    peeler.layout.set_end(end, ip_number);
    peeler.at = transport;
    if let Some(piece) = piece {
        return Err(Peeled::Fragment(peeler.layout, piece));
    }
    match ip_number {
        protocol::IPV4 | protocol::IPV6 => Ok(Next::Ip),
        protocol::GRE => Ok(Next::Gre),
        protocol::MPLS => Ok(Next::Mpls),
        protocol::UDP if peeler.be32(0).is_ok_and(tunnel::is_tunnel_port) && tunnel::is_overlay(peeler.rest()) => {
            Ok(Next::Overlay)
        }
        _ => Err(Peeled::Ip(peeler.layout)),
    }
}

/// The octets of headers in front of the payload, the payload's protocol, and which piece of a datagram it is.
///
/// What follows the header of a fragment belongs to the datagram, extension headers too, and is read when that is whole.
type Headers = Result<(usize, u8, Option<Piece>), Peeled>;

fn v4(packet: &[u8], length: usize, limit: usize) -> Headers {
    let (id, fragment) = (be16_at(packet, 4).ok_or(TRUNCATED)?, be16_at(packet, 6).ok_or(TRUNCATED)?);
    let protocol = *packet.get(9).ok_or(TRUNCATED)?;
    let (offset, more) = (u32::from(fragment & 0x1fff).saturating_mul(8), fragment & 0x2000 != 0);
    if more || offset != 0 {
        return Ok((length, protocol, Some(Piece { id: u32::from(id), offset, more })));
    }
    if protocol != AUTHENTICATION {
        return Ok((length, protocol, None));
    }
    let (length, protocol) = extension(packet, length, limit, protocol)?;
    Ok((length, protocol, None))
}

fn v6(packet: &[u8], limit: usize) -> Headers {
    let (mut length, mut protocol) = (V6_HEADER, *packet.get(6).ok_or(TRUNCATED)?);
    for _ in 0..EXTENSIONS_MAX {
        match protocol {
            HOP_BY_HOP if length != V6_HEADER => return Err(CONTRADICTION),
            FRAGMENT => {
                let (fields, id) =
                    (be16_at(packet, length.saturating_add(2)), be32_at(packet, length.saturating_add(4)));
                (length, protocol) = extension(packet, length, limit, protocol)?;
                let (fields, id) = (fields.ok_or(TRUNCATED)?, id.ok_or(TRUNCATED)?);
                let (offset, more) = (u32::from(fields & 0xfff8), fields & 1 != 0);
                // An atomic fragment (RFC 6946) is a whole packet.
                if more || offset != 0 {
                    return Ok((length, protocol, Some(Piece { id, offset, more })));
                }
            }
            HOP_BY_HOP | ROUTING | DESTINATION | AUTHENTICATION | MOBILITY | HOST_IDENTITY | SHIM6 => {
                (length, protocol) = extension(packet, length, limit, protocol)?;
            }
            _ => return Ok((length, protocol, None)),
        }
    }
    Err(Peeled::Stopped(Undecoded::Nesting))
}

/// Where the extension header at `at` ends, and what follows. It must lie within `limit` octets of packet.
fn extension(packet: &[u8], at: usize, limit: usize, protocol: u8) -> Result<(usize, u8), Peeled> {
    let missing = if limit > packet.len() { TRUNCATED } else { CONTRADICTION };
    let header = packet.get(at..).and_then(|rest| rest.first_chunk::<2>()).ok_or(missing)?;
    let [following, field] = *header;
    let length = match (protocol, usize::from(field)) {
        (FRAGMENT, _) => 8,
        (AUTHENTICATION, 0) => return Err(CONTRADICTION),
        (AUTHENTICATION, words) => words.saturating_add(2).saturating_mul(4),
        (_, units) => units.saturating_add(1).saturating_mul(8),
    };
    let end = at.saturating_add(length);
    if end > limit {
        return Err(CONTRADICTION);
    }
    if end > packet.len() {
        return Err(TRUNCATED);
    }
    Ok((end, following))
}
