//! IPv4 (RFC 791) and IPv6 (RFC 8200) with options and extension headers, read by etherparse; loopback links.

use etherparse::{Ipv6ExtensionSlice, LaxIpSlice};

use super::{Next, Peeled, Peeler, Piece, Step, TRUNCATED, Undecoded, protocol, tunnel};

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
        4 => (usize::from(first & 15).saturating_mul(4).max(20), usize::from(peeler.be16(2)?)),
        6 => (40, usize::from(peeler.be16(4)?)),
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
        (_, payload) => peeler.at.saturating_add(40).saturating_add(payload),
    };
    let (slice, stopped) = LaxIpSlice::from_slice(header).map_err(|_| CONTRADICTION)?;
    let (transport, ip_number, piece) = match fragment(&slice, header) {
        Some((length, ip_number, piece)) => (peeler.at.saturating_add(length), ip_number, Some(piece)),
        // An extension header that leads nowhere.
        None if stopped.is_some() => {
            return Err(if own_end > peeler.frame.len() { TRUNCATED } else { CONTRADICTION });
        }
        None => (offset_in(peeler.frame, slice.payload().payload), slice.payload().ip_number.0, None),
    };
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

/// Where `inner`, a part of `frame`, begins.
fn offset_in(frame: &[u8], inner: &[u8]) -> usize {
    inner.as_ptr().addr().saturating_sub(frame.as_ptr().addr()).min(frame.len())
}

/// Of a fragment: the octets of headers before its piece, the protocol named there, and the piece.
///
/// What follows belongs to the datagram, extension headers too, and is read when that is whole.
fn fragment(slice: &LaxIpSlice<'_>, packet: &[u8]) -> Option<(usize, u8, Piece)> {
    match slice {
        LaxIpSlice::Ipv4(v4) => {
            let header = v4.header();
            let offset = u32::from(header.fragments_offset().value()).saturating_mul(8);
            let more = header.more_fragments();
            let piece = Piece { id: u32::from(header.identification()), offset, more };
            (more || offset != 0).then(|| (header.slice().len(), header.protocol().0, piece))
        }
        LaxIpSlice::Ipv6(v6) => v6.extensions().clone().into_iter().find_map(|extension| match extension {
            Ipv6ExtensionSlice::Fragment(header) => {
                let length = offset_in(packet, header.slice()).saturating_add(header.slice().len());
                let header = header.to_header();
                let offset = u32::from(header.fragment_offset.value()).saturating_mul(8);
                let piece = Piece { id: header.identification, offset, more: header.more_fragments };
                // An atomic fragment (RFC 6946) is a whole packet.
                (header.more_fragments || offset != 0).then_some((length, header.next_header.0, piece))
            }
            _ => None,
        }),
    }
}
