//! Frames as octets: Ethernet, ARP, IPv4, UDP, TCP and ICMP headers with right checksums.

use std::net::Ipv4Addr;

/// An Ethernet address.
pub type Mac = [u8; 6];

/// All stations.
pub const BROADCAST: Mac = [0xff; 6];

/// Where an IP packet comes from and goes to.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// The source's Ethernet address on this segment.
    pub from_mac: Mac,
    /// The next hop's Ethernet address.
    pub to_mac: Mac,
    /// Source address.
    pub from: Ipv4Addr,
    /// Destination address.
    pub to: Ipv4Addr,
    /// Time to live.
    pub ttl: u8,
}

/// The one's complement sum of octets (RFC 1071), not yet folded.
fn sum(bytes: &[u8]) -> u64 {
    let mut words = bytes.chunks_exact(8);
    let mut sum = 0_u64;
    for word in &mut words {
        let word = u64::from_le_bytes([word[0], word[1], word[2], word[3], word[4], word[5], word[6], word[7]]);
        sum += (word & 0xffff_ffff) + (word >> 32);
    }
    let rest = words.remainder();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let last = u64::from_le_bytes(last);
    sum + (last & 0xffff_ffff) + (last >> 32)
}

/// The checksum of a sum, in the order it stands in a header.
fn fold(mut sum: u64) -> [u8; 2] {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!(sum as u16)).to_le_bytes()
}

/// The Internet checksum of octets (RFC 1071).
pub fn checksum(bytes: &[u8]) -> [u8; 2] {
    fold(sum(bytes))
}

/// Sets the checksum of a UDP or TCP segment, whose own field is at `at`: `ip` begins with its IPv4 header.
pub(crate) fn close_segment(ip: &mut [u8], at: usize) {
    ip[20 + at..22 + at].fill(0);
    let protocol = ip[9];
    let length = (ip.len() - 20) as u16;
    let pseudo = sum(&ip[12..20]) + u64::from(u16::from_le_bytes([0, protocol])) + u64::from(length.swap_bytes());
    let sum = pseudo + sum(&ip[20..]);
    let value = if protocol == UDP { udp_checksum(sum) } else { fold(sum) };
    ip[20 + at..22 + at].copy_from_slice(&value);
}

/// Sets the checksum of an IPv4 header without options.
pub fn close_ip(ip: &mut [u8]) {
    ip[10..12].fill(0);
    let value = checksum(&ip[..20]);
    ip[10..12].copy_from_slice(&value);
}

/// IP protocol numbers.
pub const ICMP: u8 = 1;
/// See above.
pub const TCP: u8 = 6;
/// See above.
pub const UDP: u8 = 17;

/// Octets of an Ethernet and an IPv4 header without options.
const HEADERS: usize = 34;

/// Octets of headers up to that of TCP without options.
const TCP_HEADERS: usize = HEADERS + 20;

/// Octets of headers up to that of UDP.
const UDP_HEADERS: usize = HEADERS + 8;

/// The sum of numbers as they stand in a header. Of what is written here the sums come from the numbers: to read octets that
/// were written a moment ago takes processors longer.
fn sum_of<const N: usize>(numbers: [u16; N]) -> u64 {
    numbers.map(|number| u64::from(number.to_be())).iter().sum()
}

/// The sum of the addresses of a route.
fn sum_of_addresses(route: &Route) -> u64 {
    [route.from, route.to].map(|address| u64::from(u32::from_le_bytes(address.octets()))).iter().sum()
}

/// Ethernet and IPv4 headers for a payload of `length` octets, and room for the payload's own header.
fn headers<const N: usize>(route: &Route, protocol: u8, id: u16, length: usize) -> [u8; N] {
    let length = (20 + length) as u16;
    // Do not fragment, as all common systems set it for TCP; datagrams that fit are sent so too.
    let words = [0x4500, length, id, 0x4000, u16::from_be_bytes([route.ttl, protocol])];
    let mut out = [0; N];
    out[..6].copy_from_slice(&route.to_mac);
    out[6..12].copy_from_slice(&route.from_mac);
    out[12..14].copy_from_slice(&[0x08, 0x00]);
    put(&mut out[14..24], words);
    out[24..26].copy_from_slice(&fold(sum_of(words) + sum_of_addresses(route)));
    out[26..30].copy_from_slice(&route.from.octets());
    out[30..34].copy_from_slice(&route.to.octets());
    out
}

/// Writes numbers in network order.
fn put<const N: usize>(out: &mut [u8], numbers: [u16; N]) {
    for (place, number) in out.chunks_exact_mut(2).zip(numbers) {
        place.copy_from_slice(&number.to_be_bytes());
    }
}

/// A UDP datagram.
pub fn udp(out: &mut Vec<u8>, route: &Route, id: u16, ports: [u16; 2], payload: &[u8]) {
    let length = (8 + payload.len()) as u16;
    let words = [ports[0], ports[1], length];
    // The length counts twice: it stands in the pseudo header too (RFC 768).
    let pseudo = sum_of_addresses(route) + sum_of([u16::from(UDP), length]);
    let mut head: [u8; UDP_HEADERS] = headers(route, UDP, id, usize::from(length));
    put(&mut head[HEADERS..], words);
    head[40..42].copy_from_slice(&udp_checksum(pseudo + sum_of(words) + sum(payload)));
    out.reserve(head.len() + payload.len());
    out.extend_from_slice(&head);
    out.extend_from_slice(payload);
}

/// The checksum of a UDP datagram: zero says that it has none (RFC 768).
fn udp_checksum(sum: u64) -> [u8; 2] {
    match fold(sum) {
        [0, 0] => [0xff, 0xff],
        value => value,
    }
}

/// The parts of a TCP header that change (RFC 9293).
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// Source and destination port.
    pub ports: [u16; 2],
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number.
    pub ack: u32,
    /// FIN 1, SYN 2, RST 4, PSH 8, ACK 16.
    pub flags: u8,
    /// Window as it stands in the header.
    pub window: u16,
    /// Options, a multiple of four octets.
    pub options: &'a [u8],
    /// Payload.
    pub payload: &'a [u8],
}

/// A TCP segment.
pub fn tcp(out: &mut Vec<u8>, route: &Route, id: u16, segment: &Segment<'_>) {
    let Segment { ports, seq, ack, flags, window, options, payload } = *segment;
    let header = 20 + options.len();
    let length = header + payload.len();
    let [seq, ack] = [seq, ack].map(|number| [(number >> 16) as u16, number as u16]);
    let offset = u16::from_be_bytes([((header / 4) << 4) as u8, flags]);
    let words = [ports[0], ports[1], seq[0], seq[1], ack[0], ack[1], offset, window];
    let pseudo = sum_of_addresses(route) + sum_of([u16::from(TCP), length as u16]);
    let mut head: [u8; TCP_HEADERS] = headers(route, TCP, id, length);
    put(&mut head[HEADERS..], words);
    head[50..52].copy_from_slice(&fold(pseudo + sum_of(words) + sum(options) + sum(payload)));
    out.reserve(HEADERS + length);
    out.extend_from_slice(&head);
    out.extend_from_slice(options);
    out.extend_from_slice(payload);
}

/// An ICMP message (RFC 792) from its type, code and the rest behind the checksum.
pub fn icmp(out: &mut Vec<u8>, route: &Route, id: u16, kind: u8, code: u8, rest: &[u8]) {
    let start = out.len();
    out.extend_from_slice(&headers::<HEADERS>(route, ICMP, id, 4 + rest.len()));
    out.extend_from_slice(&[kind, code, 0, 0]);
    out.extend_from_slice(rest);
    let message = &mut out[start + HEADERS..];
    let value = checksum(message);
    message[2..4].copy_from_slice(&value);
}

/// One of the two ARP packets (RFC 826).
#[derive(Clone, Copy, Debug)]
pub struct Arp {
    /// 1 asks, 2 answers.
    pub operation: u8,
    /// Who sends, as it says.
    pub sender: (Mac, Ipv4Addr),
    /// Who is meant; a question leaves the Ethernet address zero.
    pub target: (Mac, Ipv4Addr),
    /// Where the frame goes.
    pub to_mac: Mac,
}

/// An ARP packet, padded to the shortest Ethernet frame.
pub fn arp(out: &mut Vec<u8>, arp: &Arp) {
    out.extend_from_slice(&arp.to_mac);
    out.extend_from_slice(&arp.sender.0);
    out.extend_from_slice(&[0x08, 0x06, 0, 1, 0x08, 0x00, 6, 4, 0, arp.operation]);
    out.extend_from_slice(&arp.sender.0);
    out.extend_from_slice(&arp.sender.1.octets());
    out.extend_from_slice(&arp.target.0);
    out.extend_from_slice(&arp.target.1.octets());
    out.extend_from_slice(&[0; 18]);
}
