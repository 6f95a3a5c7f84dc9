//! Frames, header by header, innermost first: what a test says is what is in the frame.

use wardtap_net::packet::{LinkType, Packet, Timestamp};
use wardtap_net::peel::{Layout, Peeled, Undecoded, peel};

pub const DESTINATION_MAC: [u8; 6] = [2, 0, 0, 0, 0, 0xdd];
pub const SOURCE_MAC: [u8; 6] = [2, 0, 0, 0, 0, 0x55];
pub const IPV4: u16 = 0x0800;
pub const IPV6: u16 = 0x86dd;

pub fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

pub fn ethernet(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    join(&[&DESTINATION_MAC, &SOURCE_MAC, &ethertype.to_be_bytes(), payload])
}

/// A tag, to stand behind the EtherType `0x8100` and the like.
pub fn vlan(id: u16, ethertype: u16, payload: &[u8]) -> Vec<u8> {
    join(&[&id.to_be_bytes(), &ethertype.to_be_bytes(), payload])
}

pub fn checksum(parts: &[&[u8]]) -> u16 {
    let mut bytes = parts.concat();
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    let mut sum: u32 = bytes.chunks(2).map(|word| u32::from(word[0]) << 8 | u32::from(word[1])).sum();
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    !(sum as u16)
}

pub struct V4<'a> {
    pub source: [u8; 4],
    pub destination: [u8; 4],
    pub id: u16,
    pub ttl: u8,
    /// Flags and offset, as on the wire.
    pub fragment: u16,
    pub options: &'a [u8],
}

pub const V4: V4<'static> =
    V4 { source: [10, 0, 0, 1], destination: [10, 0, 0, 2], id: 1, ttl: 64, fragment: 0, options: &[] };

impl V4<'_> {
    pub fn packet(&self, protocol: u8, payload: &[u8]) -> Vec<u8> {
        let header = 20 + self.options.len();
        let total = u16::try_from(header + payload.len()).unwrap();
        let mut packet = vec![0x40 | (header / 4) as u8, 0];
        packet.extend(total.to_be_bytes());
        packet.extend(self.id.to_be_bytes());
        packet.extend(self.fragment.to_be_bytes());
        packet.extend([self.ttl, protocol, 0, 0]);
        packet.extend(self.source);
        packet.extend(self.destination);
        packet.extend(self.options);
        let sum = checksum(&[&packet]);
        packet[10..12].copy_from_slice(&sum.to_be_bytes());
        packet.extend(payload);
        packet
    }
}

pub fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    V4.packet(protocol, payload)
}

pub fn v6_address(last: u8) -> [u8; 16] {
    [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]
}

pub fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap();
    join(&[&[0x60, 0, 0, 0], &length.to_be_bytes(), &[next, 64], &v6_address(1), &v6_address(2), payload])
}

/// A hop-by-hop, routing or destination header of `8 * (1 + more)` octets.
pub fn extension(next: u8, more: u8, payload: &[u8]) -> Vec<u8> {
    let mut header = vec![0; 8 * (1 + usize::from(more))];
    header[0] = next;
    header[1] = more;
    // PadN over the rest.
    header[2] = 1;
    header[3] = (header.len() - 4) as u8;
    join(&[&header, payload])
}

/// An IPv6 fragment header.
pub fn fragment6(next: u8, id: u32, offset: u16, more: bool, payload: &[u8]) -> Vec<u8> {
    join(&[&[next, 0], &(offset | u16::from(more)).to_be_bytes(), &id.to_be_bytes(), payload])
}

/// An authentication header with a check value of 12 octets.
pub fn authentication(next: u8, payload: &[u8]) -> Vec<u8> {
    join(&[&[next, 4, 0, 0], &[7; 20], payload])
}

pub fn udp(source: u16, destination: u16, payload: &[u8]) -> Vec<u8> {
    let length = (8 + payload.len()) as u16;
    join(&[&source.to_be_bytes(), &destination.to_be_bytes(), &length.to_be_bytes(), &[0, 0], payload])
}

/// A TCP header without options, flags ACK and PSH, in front of `payload`.
pub fn tcp(source: u16, destination: u16, payload: &[u8]) -> Vec<u8> {
    join(&[
        &source.to_be_bytes(),
        &destination.to_be_bytes(),
        &1000u32.to_be_bytes(),
        &2000u32.to_be_bytes(),
        &[0x50, 0x18, 1, 0, 0, 0, 0, 0],
        payload,
    ])
}

/// A frame that is nothing unusual, to be wrapped.
pub fn plain() -> Vec<u8> {
    ethernet(IPV4, &ipv4(6, &tcp(40_000, 502, b"payload")))
}

pub fn packet(link: LinkType, bytes: &[u8]) -> Packet<'_> {
    Packet { time: Timestamp::from_seconds(1), link, bytes, sent: bytes.len() as u32 }
}

pub fn peeled(link: LinkType, bytes: &[u8]) -> Peeled {
    peel(&packet(link, bytes))
}

#[track_caller]
pub fn layout(link: LinkType, bytes: &[u8]) -> Layout {
    match peeled(link, bytes) {
        Peeled::Ip(layout) => layout,
        other => panic!("{other:?}"),
    }
}

/// Asserts that the innermost packet is the TCP segment of [`plain`], wherever it is, and gives back its layout.
#[track_caller]
pub fn finds_plain(link: LinkType, bytes: &[u8]) -> Layout {
    let layout = layout(link, bytes);
    assert_eq!(layout.protocol(), 6);
    assert_eq!(&bytes[usize::from(layout.transport)..layout.end()], tcp(40_000, 502, b"payload"));
    let (network, version) = (usize::from(layout.network), bytes[usize::from(layout.network)] >> 4);
    assert_eq!(usize::from(layout.transport) - network, if version == 4 { 20 } else { 40 });
    for cut in 0..bytes.len() {
        match peeled(link, &bytes[..cut]) {
            Peeled::Ip(_) | Peeled::Stopped(_) => {}
            other => panic!("cut to {cut}: {other:?}"),
        }
        // Cut by the snapshot length: the layout is the same as long as the headers are there.
        let snapped = Packet { sent: bytes.len() as u32, ..packet(link, &bytes[..cut]) };
        match peel(&snapped) {
            Peeled::Ip(found) if cut >= usize::from(layout.transport) => assert_eq!(found, layout, "cut to {cut}"),
            Peeled::Ip(_) => {} // an outer packet, where the tunnel's header is not there
            Peeled::Stopped(reason) => {
                assert!(cut < usize::from(layout.transport), "cut to {cut}: {reason:?}");
                assert_eq!(reason, Undecoded::Truncated, "cut to {cut}");
            }
            other => panic!("cut to {cut}: {other:?}"),
        }
    }
    layout
}
