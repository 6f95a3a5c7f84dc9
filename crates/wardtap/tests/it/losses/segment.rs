//! TCP segments in Ethernet frames (IPv4 and IPv6, without tags or extensions): read, and written anew.

use std::ops::Range;

use crate::pcap::{Packet, payload};

pub(crate) const FIN: u8 = 1;
pub(crate) const SYN: u8 = 2;
pub(crate) const RST: u8 = 4;
pub(crate) const PSH: u8 = 8;
pub(crate) const ACK: u8 = 16;

/// Address and port.
pub(crate) type End = (Vec<u8>, u16);

/// What a TCP header says, and where its payload lies in the frame.
#[derive(Clone)]
pub(crate) struct Segment {
    pub(crate) source: End,
    pub(crate) destination: End,
    pub(crate) sequence: u32,
    pub(crate) acknowledgement: u32,
    pub(crate) flags: u8,
    pub(crate) payload: Range<usize>,
}

impl Segment {
    /// The segment in a frame, where there is one.
    pub(crate) fn read(frame: &[u8]) -> Option<Self> {
        let payload = payload(frame)?;
        let at = tcp_at(frame);
        let port = |at: usize| u16::from_be_bytes([frame[at], frame[at + 1]]);
        let word = |at: usize| u32::from_be_bytes(frame[at..at + 4].try_into().unwrap());
        let [source, destination] = addresses(frame).map(|range| frame[range].to_vec());
        Some(Self {
            source: (source, port(at)),
            destination: (destination, port(at + 2)),
            sequence: word(at + 4),
            acknowledgement: word(at + 8),
            flags: frame[at + 13],
            payload,
        })
    }

    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Both ends, whoever sent.
    pub(crate) fn flow(&self) -> [&End; 2] {
        let mut ends = [&self.source, &self.destination];
        ends.sort();
        ends
    }
}

fn is_v4(frame: &[u8]) -> bool {
    frame[12..14] == [8, 0]
}

fn tcp_at(frame: &[u8]) -> usize {
    if is_v4(frame) { 14 + usize::from(frame[14] & 15) * 4 } else { 54 }
}

fn addresses(frame: &[u8]) -> [Range<usize>; 2] {
    if is_v4(frame) { [26..30, 30..34] } else { [22..38, 38..54] }
}

/// The part of a segment's payload from one octet to another, as a segment of its own.
pub(crate) fn part(packet: &Packet, segment: &Segment, from: usize, to: usize) -> Packet {
    let Range { start, end } = segment.payload.clone();
    let mut bytes = packet.bytes[..start].to_vec();
    bytes.extend(&packet.bytes[start + from..start + to]);
    let at = tcp_at(&bytes);
    bytes[at + 4..at + 8].copy_from_slice(&segment.sequence.wrapping_add(from as u32).to_be_bytes());
    if start + to < end {
        bytes[at + 13] &= !(FIN | PSH);
    }
    seal(&mut bytes);
    Packet { time: packet.time, sent: bytes.len() as u32, bytes }
}

/// A segment as its sender sends it again: numbered anew and, with IPv6, which has no numbers, at another time.
pub(crate) fn again(packet: &Packet) -> Packet {
    let mut again = packet.clone();
    let bytes = &mut again.bytes;
    if is_v4(bytes) {
        bytes[18] ^= 0x55;
    }
    let at = tcp_at(bytes);
    let end = at + usize::from(bytes[at + 12] >> 4) * 4;
    let mut option = at + 20;
    while option < end {
        match bytes[option] {
            1 => option += 1,
            8 => {
                // RFC 7323 section 3.2: TSval is the sender's clock.
                bytes[option + 5] = bytes[option + 5].wrapping_add(1);
                break;
            }
            _ => option += usize::from(bytes[option + 1]),
        }
    }
    seal(bytes);
    again
}

/// A packet as a router passes it on: one hop less to go, between other MAC addresses.
pub(crate) fn routed(packet: &Packet) -> Packet {
    let mut routed = packet.clone();
    let bytes = &mut routed.bytes;
    bytes[..12].copy_from_slice(&[2, 0, 0, 0, 0, 0x88, 2, 0, 0, 0, 0, 0x99]);
    let hops = if is_v4(bytes) { 22 } else { 21 };
    bytes[hops] -= 1;
    seal(bytes);
    routed
}

/// Puts lengths and checksums right.
fn seal(frame: &mut [u8]) {
    let at = tcp_at(frame);
    if is_v4(frame) {
        let length = (frame.len() - 14) as u16;
        frame[16..18].copy_from_slice(&length.to_be_bytes());
        frame[24..26].fill(0);
        let sum = checksum(&[&frame[14..at]]);
        frame[24..26].copy_from_slice(&sum.to_be_bytes());
    } else {
        let length = (frame.len() - 54) as u16;
        frame[18..20].copy_from_slice(&length.to_be_bytes());
    }
    frame[at + 16..at + 18].fill(0);
    let length = ((frame.len() - at) as u32).to_be_bytes();
    let [source, destination] = addresses(frame);
    let sum = checksum(&[&frame[source], &frame[destination], &length, &[0, 6], &frame[at..]]);
    frame[at + 16..at + 18].copy_from_slice(&sum.to_be_bytes());
}

/// RFC 1071, over parts of which only the last may have an odd length.
fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum = 0u64;
    for pair in parts.iter().flat_map(|part| part.chunks(2)) {
        sum += u64::from(pair[0]) << 8 | u64::from(pair.get(1).copied().unwrap_or(0));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}
