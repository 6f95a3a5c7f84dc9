//! IPv4 (RFC 791) and IPv6 (RFC 8200) with options and extension headers; loopback links.
//!
//! etherparse reads each header by itself. The chain of IPv6 extension headers is walked here: etherparse's iterator over
//! a chain that is cut reads past the end of the packet (0.21.0; docs/decisions/0009).

use etherparse::{Ipv4HeaderSlice, Ipv6FragmentHeaderSlice, Ipv6Header, Ipv6HeaderSlice};

use super::{Next, Peeled, Peeler, Piece, Step, TRUNCATED, Undecoded, protocol, tunnel};

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
    let (packet, left) = (peeler.rest(), peeler.end.saturating_sub(peeler.at));
    let headers = match packet.first().ok_or(TRUNCATED)? >> 4 {
        4 => v4(packet, left),
        6 => v6(packet, left),
        _ => Err(CONTRADICTION),
    }?;
    let network = peeler.at;
    let transport = network.saturating_add(headers.length);
    peeler.end = network.saturating_add(headers.packet).min(peeler.end).max(transport);
    peeler.layout.network = peeler.offset(network)?;
    peeler.layout.transport = peeler.offset(transport)?;
    let end = peeler.end;
    peeler.layout.set_end(end, headers.protocol);
    peeler.at = transport;
    if let Some(piece) = headers.piece {
        return Err(Peeled::Fragment(peeler.layout, piece));
    }
    match headers.protocol {
        protocol::IPV4 | protocol::IPV6 => Ok(Next::Ip),
        protocol::GRE => Ok(Next::Gre),
        protocol::MPLS => Ok(Next::Mpls),
        protocol::UDP if peeler.be32(0).is_ok_and(tunnel::is_tunnel_port) => tunnel::udp(peeler),
        _ => Err(Peeled::Ip(peeler.layout)),
    }
}

/// The headers in front of the payload.
///
/// What follows the header of a fragment belongs to the datagram, extension headers too, and is read when that is whole.
struct Headers {
    /// Octets of all of them.
    length: usize,
    /// Octets of the packet by its own word.
    packet: usize,
    /// What the payload is.
    protocol: u8,
    /// Which piece of a datagram this is.
    piece: Option<Piece>,
}

/// `left` is what there is of a packet whose length field is 0: segmentation offload leaves it so, and a jumbogram
/// (RFC 2675) has its length elsewhere.
fn v4(bytes: &[u8], left: usize) -> Result<Headers, Peeled> {
    let header = Ipv4HeaderSlice::from_slice(bytes).map_err(|_| match bytes.first() {
        Some(first) if first & 15 < 5 => CONTRADICTION,
        _ => TRUNCATED,
    })?;
    let (length, protocol) = (header.slice().len(), header.protocol().0);
    let packet = match usize::from(header.total_len()) {
        0 => left,
        total if total < length => return Err(CONTRADICTION),
        total => total,
    };
    if header.is_fragmenting_payload() {
        let piece = Piece {
            id: u32::from(header.identification()),
            offset: u32::from(header.fragments_offset().byte_offset()),
            more: header.more_fragments(),
        };
        return Ok(Headers { length, packet, protocol, piece: Some(piece) });
    }
    let (length, protocol) = match protocol {
        AUTHENTICATION => extension(bytes, length, packet, protocol)?,
        _ => (length, protocol),
    };
    Ok(Headers { length, packet, protocol, piece: None })
}

fn v6(bytes: &[u8], left: usize) -> Result<Headers, Peeled> {
    let header = Ipv6HeaderSlice::from_slice(bytes).map_err(|_| TRUNCATED)?;
    let packet = match usize::from(header.payload_length()) {
        0 => left,
        payload => payload.saturating_add(Ipv6Header::LEN),
    };
    let (mut length, mut protocol) = (Ipv6Header::LEN, header.next_header().0);
    for _ in 0..EXTENSIONS_MAX {
        match protocol {
            HOP_BY_HOP if length != Ipv6Header::LEN => return Err(CONTRADICTION),
            FRAGMENT => {
                let at = length;
                (length, protocol) = extension(bytes, at, packet, protocol)?;
                let fragment = bytes.get(at..).unwrap_or_default();
                let fragment = Ipv6FragmentHeaderSlice::from_slice(fragment).map_err(|_| TRUNCATED)?;
                // An atomic fragment (RFC 6946) is a whole packet.
                if fragment.is_fragmenting_payload() {
                    let piece = Piece {
                        id: fragment.identification(),
                        offset: u32::from(fragment.fragment_offset().byte_offset()),
                        more: fragment.more_fragments(),
                    };
                    return Ok(Headers { length, packet, protocol, piece: Some(piece) });
                }
            }
            HOP_BY_HOP | ROUTING | DESTINATION | AUTHENTICATION | MOBILITY | HOST_IDENTITY | SHIM6 => {
                (length, protocol) = extension(bytes, length, packet, protocol)?;
            }
            _ => return Ok(Headers { length, packet, protocol, piece: None }),
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
