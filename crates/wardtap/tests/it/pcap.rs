//! Captures taken apart and written anew, independently of the program.

use std::fs;
use std::io::Read;

use crate::run::root;

/// A packet record.
#[derive(Clone)]
pub(crate) struct Packet {
    /// Nanoseconds since 1970.
    pub(crate) time: u64,
    /// Octets on the wire.
    pub(crate) sent: u32,
    pub(crate) bytes: Vec<u8>,
}

/// The packets of one of the repository's captures, where it is a pcap (plain or gzip) or a little-endian pcapng.
pub(crate) fn read(capture: &str) -> Option<Vec<Packet>> {
    let mut bytes = fs::read(root().join(capture)).unwrap();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_end(&mut unpacked).unwrap();
        bytes = unpacked;
    }
    let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let nanos_per_unit = match u32_at(0) {
        0xa1b2_c3d4 => 1000,
        0xa1b2_3c4d => 1,
        0x0a0d_0d0a => return enhanced_packets(&bytes),
        _ => return None,
    };
    assert_eq!(u32_at(20), 1, "{capture} is not Ethernet");
    let mut packets = Vec::new();
    let mut at = 24;
    while at < bytes.len() {
        let (captured, sent) = (u32_at(at + 8) as usize, u32_at(at + 12));
        let time = u64::from(u32_at(at)) * 1_000_000_000 + u64::from(u32_at(at + 4)) * nanos_per_unit;
        packets.push(Packet { time, sent, bytes: bytes[at + 16..at + 16 + captured].to_vec() });
        at += 16 + captured;
    }
    Some(packets)
}

/// The packets of a pcapng with a section, and an interface on Ethernet with nanoseconds.
fn enhanced_packets(bytes: &[u8]) -> Option<Vec<Packet>> {
    let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let mut packets = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let (kind, length) = (u32_at(at), u32_at(at + 4) as usize);
        match kind {
            0x0a0d_0d0a if u32_at(at + 8) != 0x1a2b_3c4d => return None,
            1 => {
                let resolution = [9, 0, 1, 0, 9].as_slice();
                let options = &bytes[at + 16..at + length];
                assert_eq!(u32_at(at + 8) & 0xffff, 1, "not Ethernet");
                assert!(options.windows(5).any(|option| option == resolution), "not in nanoseconds");
            }
            6 => {
                let (captured, sent) = (u32_at(at + 20) as usize, u32_at(at + 24));
                let time = u64::from(u32_at(at + 12)) << 32 | u64::from(u32_at(at + 16));
                packets.push(Packet { time, sent, bytes: bytes[at + 28..at + 28 + captured].to_vec() });
            }
            _ => {}
        }
        at += length;
    }
    Some(packets)
}

/// How a pcap is written.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) big_endian: bool,
    pub(crate) nanoseconds: bool,
}

/// Little endian with nanoseconds.
pub(crate) const PLAIN: Shape = Shape { big_endian: false, nanoseconds: true };

/// Packets as pcap.
pub(crate) fn pcap(packets: &[Packet], shape: Shape) -> Vec<u8> {
    let Shape { big_endian, nanoseconds } = shape;
    let word = |value: u32| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let half = |value: u16| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let mut out = Vec::new();
    out.extend(word(if nanoseconds { 0xa1b2_3c4d } else { 0xa1b2_c3d4 }));
    out.extend([half(2), half(4)].concat());
    for value in [0, 0, 262_144, 1] {
        out.extend(word(value));
    }
    for packet in packets {
        let fraction = packet.time % 1_000_000_000 / if nanoseconds { 1 } else { 1000 };
        for value in [packet.time / 1_000_000_000, fraction, packet.bytes.len() as u64, u64::from(packet.sent)] {
            out.extend(word(u32::try_from(value).unwrap()));
        }
        out.extend(&packet.bytes);
    }
    out
}

/// Packets as pcapng: one section, one interface with nanoseconds.
pub(crate) fn pcapng(packets: &[Packet], big_endian: bool) -> Vec<u8> {
    let word = |value: u32| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let half = |value: u16| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let mut out = Vec::new();
    let mut block = |kind: u32, body: &[u8]| {
        let padded = body.len().next_multiple_of(4);
        let length = word(u32::try_from(padded + 12).unwrap());
        out.extend(word(kind));
        out.extend(length);
        out.extend(body);
        out.resize(out.len() + padded - body.len(), 0);
        out.extend(length);
    };
    let section = [word(0x1a2b_3c4d).as_slice(), &half(1), &half(0), &[0xff; 8]].concat();
    block(0x0a0d_0d0a, &section);
    let resolution = [half(9).as_slice(), &half(1), &[9, 0, 0, 0], &half(0), &half(0)].concat();
    block(1, &[half(1).as_slice(), &half(0), &word(262_144), &resolution].concat());
    for packet in packets {
        let [high, low] = [(packet.time >> 32) as u32, packet.time as u32];
        let mut body = Vec::new();
        for value in [0, high, low, u32::try_from(packet.bytes.len()).unwrap(), packet.sent] {
            body.extend(word(value));
        }
        body.extend(&packet.bytes);
        block(6, &body);
    }
    out
}

/// Where the TCP payload of an Ethernet frame (IPv4 or IPv6 without extensions, no tag) begins and ends.
pub(crate) fn payload(frame: &[u8]) -> Option<std::ops::Range<usize>> {
    let ethertype = frame.get(12..14)?;
    let (tcp, end) = match (ethertype, frame.get(14)?) {
        ([0x08, 0x00], first) => {
            let total = usize::from(u16::from_be_bytes(frame.get(16..18)?.try_into().ok()?));
            (*frame.get(23)? == 6).then_some((14 + usize::from(first & 15) * 4, 14 + total))?
        }
        ([0x86, 0xdd], _) => {
            let length = usize::from(u16::from_be_bytes(frame.get(18..20)?.try_into().ok()?));
            (*frame.get(20)? == 6).then_some((54, 54 + length))?
        }
        _ => return None,
    };
    let begin = tcp + usize::from(frame.get(tcp + 12)? >> 4) * 4;
    (begin <= end && end <= frame.len()).then_some(begin..end)
}
