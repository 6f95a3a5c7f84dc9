//! IPv6 (RFC 8200) with what neighbours say of themselves (RFC 4861), as whole frames on a segment.

use std::net::Ipv6Addr;

use crate::frame::{self, Mac};

const ICMP: u8 = 58;
const UDP: u8 = 17;

/// All hosts of a segment.
pub const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

/// Where the type, code and checksum of ICMPv6 and the checksum of UDP stand.
const CHECKSUMS: [usize; 2] = [2, 6];

/// The address that a host makes for its own segment out of its Ethernet address (RFC 4291 appendix A).
pub fn link_local([a, b, c, d, e, f]: Mac) -> Ipv6Addr {
    let pair = |high, low| u16::from_be_bytes([high, low]);
    Ipv6Addr::new(0xfe80, 0, 0, 0, pair(a ^ 2, b), pair(c, 0xff), pair(0xfe, d), pair(e, f))
}

/// The Ethernet address of a group (RFC 2464 section 7).
fn group(address: Ipv6Addr) -> Mac {
    let [.., c, d, e, f] = address.octets();
    [0x33, 0x33, c, d, e, f]
}

fn packet(out: &mut Vec<u8>, [from_mac, to_mac]: [Mac; 2], [from, to]: [Ipv6Addr; 2], next: u8, mut body: Vec<u8>) {
    let length = (body.len() as u16).to_be_bytes();
    let pseudo = [&from.octets()[..], &to.octets(), &[0, 0], &length, &[0, 0, 0, next], &body].concat();
    let place = CHECKSUMS[usize::from(next == UDP)];
    body[place..place + 2].copy_from_slice(&frame::checksum(&pseudo));
    out.extend_from_slice(&to_mac);
    out.extend_from_slice(&from_mac);
    out.extend_from_slice(&[0x86, 0xdd, 0x60, 0, 0, 0]);
    out.extend_from_slice(&length);
    out.extend_from_slice(&[next, 255]);
    out.extend_from_slice(&from.octets());
    out.extend_from_slice(&to.octets());
    out.extend_from_slice(&body);
}

/// A router advertisement to all (RFC 4861 section 4.2), which names its sender as the name server too (RFC 8106).
pub fn advertisement(out: &mut Vec<u8>, router: Mac) {
    let own = link_local(router);
    // Hop limit 64, no flags, half an hour; the sender's Ethernet address; a name server for ten minutes.
    let mut body = vec![134, 0, 0, 0, 64, 0, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1];
    body.extend_from_slice(&router);
    body.extend_from_slice(&[25, 3, 0, 0, 0, 0, 0x02, 0x58]);
    body.extend_from_slice(&own.octets());
    packet(out, [router, group(ALL_NODES)], [own, ALL_NODES], ICMP, body);
}

/// Somebody asks for a neighbour's Ethernet address (RFC 4861 section 4.3).
pub fn solicitation(out: &mut Vec<u8>, asker: Mac, target: Ipv6Addr) {
    let [.., d, e, f] = target.octets();
    let asked = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00 | u16::from(d), u16::from_be_bytes([e, f]));
    let body = [&[135, 0, 0, 0, 0, 0, 0, 0][..], &target.octets(), &[1, 1], &asker].concat();
    packet(out, [asker, group(asked)], [link_local(asker), asked], ICMP, body);
}

/// And is told (RFC 4861 section 4.4): solicited, in place of what was known.
pub fn neighbour(out: &mut Vec<u8>, told: Mac, own: Mac) {
    let address = link_local(own);
    let body = [&[136, 0, 0, 0, 0x60, 0, 0, 0][..], &address.octets(), &[2, 1], &own].concat();
    packet(out, [own, told], [address, link_local(told)], ICMP, body);
}

/// A UDP datagram between neighbours.
pub fn udp(out: &mut Vec<u8>, [from, to]: [Mac; 2], ports: [u16; 2], payload: &[u8]) {
    let [source, target] = ports.map(u16::to_be_bytes);
    let length = (8 + payload.len() as u16).to_be_bytes();
    let body = [&source[..], &target, &length, &[0, 0], payload].concat();
    packet(out, [from, to], [link_local(from), link_local(to)], UDP, body);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 4291 appendix A.
    #[test]
    fn an_address_of_an_ethernet_address() {
        assert_eq!(link_local([0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde]).to_string(), "fe80::3656:78ff:fe9a:bcde");
    }
}
