//! Writes captures for tests, from nothing but the drafts: it shares no code with the readers.

use std::io::{Read, Write};

use wardtap_capture::{Block, Damage, PacketSource, open_bytes};

/// A packet to write, and what is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    pub(crate) nanos: u64,
    pub(crate) bytes: Vec<u8>,
    pub(crate) sent: u32,
    pub(crate) link: u16,
    pub(crate) frame: u64,
}

/// Packets numbered as they stand.
pub(crate) fn numbered(packets: &[(u64, Vec<u8>, u32)], link: u16) -> Vec<Packet> {
    packets
        .iter()
        .enumerate()
        .map(|(index, (nanos, bytes, more))| Packet {
            nanos: *nanos,
            sent: bytes.len() as u32 + more,
            bytes: bytes.clone(),
            link,
            frame: index as u64 + 1,
        })
        .collect()
}

/// Writes numbers in one byte order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    pub(crate) big: bool,
}

impl Order {
    pub(crate) fn u16(self, out: &mut Vec<u8>, value: u16) {
        out.extend_from_slice(&if self.big { value.to_be_bytes() } else { value.to_le_bytes() });
    }
    pub(crate) fn u32(self, out: &mut Vec<u8>, value: u32) {
        out.extend_from_slice(&if self.big { value.to_be_bytes() } else { value.to_le_bytes() });
    }
    pub(crate) fn u64(self, out: &mut Vec<u8>, value: u64) {
        out.extend_from_slice(&if self.big { value.to_be_bytes() } else { value.to_le_bytes() });
    }
}

/// A pcap file header.
pub(crate) fn pcap_header(order: Order, magic: u32, version: (u16, u16), snaplen: u32, link: u32) -> Vec<u8> {
    let mut out = Vec::new();
    order.u32(&mut out, magic);
    order.u16(&mut out, version.0);
    order.u16(&mut out, version.1);
    order.u64(&mut out, 0);
    order.u32(&mut out, snaplen);
    order.u32(&mut out, link);
    out
}

/// A pcap record.
pub(crate) fn pcap_record(order: Order, out: &mut Vec<u8>, time: (u32, u32), lengths: (u32, u32), bytes: &[u8]) {
    order.u32(out, time.0);
    order.u32(out, time.1);
    order.u32(out, lengths.0);
    order.u32(out, lengths.1);
    out.extend_from_slice(bytes);
}

/// A whole pcap file.
pub(crate) fn pcap(order: Order, nanos: bool, packets: &[Packet]) -> Vec<u8> {
    let link = packets.first().map_or(1, |packet| packet.link);
    let magic = if nanos { 0xa1b2_3c4d } else { 0xa1b2_c3d4 };
    let mut out = pcap_header(order, magic, (2, 4), 262_144, u32::from(link));
    for packet in packets {
        let (seconds, rest) = ((packet.nanos / 1_000_000_000) as u32, (packet.nanos % 1_000_000_000) as u32);
        let time = (seconds, if nanos { rest } else { rest / 1000 });
        pcap_record(order, &mut out, time, (packet.bytes.len() as u32, packet.sent), &packet.bytes);
    }
    out
}

/// A pcapng block with this body.
pub(crate) fn block(order: Order, out: &mut Vec<u8>, kind: u32, body: &[u8]) {
    let length = (12 + body.len().next_multiple_of(4)) as u32;
    order.u32(out, kind);
    order.u32(out, length);
    out.extend_from_slice(body);
    out.resize(out.len().next_multiple_of(4), 0);
    order.u32(out, length);
}

/// A section header block.
pub(crate) fn section(order: Order, out: &mut Vec<u8>) {
    let mut body = Vec::new();
    order.u32(&mut body, 0x1a2b_3c4d);
    order.u16(&mut body, 1);
    order.u16(&mut body, 0);
    order.u64(&mut body, u64::MAX);
    block(order, out, 0x0a0d_0d0a, &body);
}

/// An interface description block with these options (code, value).
pub(crate) fn interface(order: Order, out: &mut Vec<u8>, link: u16, snaplen: u32, options: &[(u16, Vec<u8>)]) {
    let mut body = Vec::new();
    order.u16(&mut body, link);
    order.u16(&mut body, 0);
    order.u32(&mut body, snaplen);
    for (code, value) in options {
        order.u16(&mut body, *code);
        order.u16(&mut body, value.len() as u16);
        body.extend_from_slice(value);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    if !options.is_empty() {
        order.u32(&mut body, 0);
    }
    block(order, out, 1, &body);
}

/// An enhanced packet block.
pub(crate) fn enhanced(order: Order, out: &mut Vec<u8>, interface: u32, units: u64, bytes: &[u8], sent: u32) {
    let mut body = Vec::new();
    order.u32(&mut body, interface);
    order.u32(&mut body, (units >> 32) as u32);
    order.u32(&mut body, units as u32);
    order.u32(&mut body, bytes.len() as u32);
    order.u32(&mut body, sent);
    body.extend_from_slice(bytes);
    block(order, out, 6, &body);
}

/// A whole pcapng file, in nanoseconds, with blocks and options in it that nobody knows.
pub(crate) fn pcapng(order: Order, packets: &[Packet]) -> Vec<u8> {
    let mut out = Vec::new();
    section(order, &mut out);
    let link = packets.first().map_or(1, |packet| packet.link);
    interface(order, &mut out, link, 262_144, &[(2, b"eth0".to_vec()), (9, vec![9]), (60_000, vec![1, 2, 3])]);
    for packet in packets {
        enhanced(order, &mut out, 0, packet.nanos, &packet.bytes, packet.sent);
        if packet.frame % 3 == 0 {
            block(order, &mut out, 0x0bad_cafe, &packet.bytes);
        }
    }
    out
}

/// Packed with gzip, in this many members.
pub(crate) fn gzip(bytes: &[u8], members: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for part in bytes.chunks(bytes.len().div_ceil(members).max(1)) {
        let mut encoder = flate2::write::GzEncoder::new(&mut out, flate2::Compression::fast());
        encoder.write_all(part).unwrap();
        encoder.finish().unwrap();
    }
    out
}

/// Packed with zstd, in this many frames, with a skippable frame before each.
pub(crate) fn zstd(bytes: &[u8], frames: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for part in bytes.chunks(bytes.len().div_ceil(frames).max(1)) {
        out.extend_from_slice(&[0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 7, 7, 7]);
        out.extend_from_slice(&zstd::encode_all(part, 1).unwrap());
    }
    out
}

/// Gives at most so many bytes a read, the numbers taken in turn.
pub(crate) struct Choppy {
    pub(crate) bytes: Vec<u8>,
    pub(crate) at: usize,
    pub(crate) steps: Vec<usize>,
    pub(crate) turn: usize,
}

impl Read for Choppy {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let step = self.steps[self.turn % self.steps.len()];
        self.turn += 1;
        let length = step.min(into.len()).min(self.bytes.len() - self.at);
        into[..length].copy_from_slice(&self.bytes[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

/// All a source gives.
pub(crate) fn drain(source: &mut dyn PacketSource) -> Vec<Packet> {
    let (mut block, mut packets) = (Block::new(), Vec::new());
    while source.fill(&mut block) {
        assert!(!block.records.is_empty());
        packets.extend(block.records.iter().map(|record| Packet {
            nanos: record.time.nanos(),
            bytes: block.frame(record).to_vec(),
            sent: record.sent,
            link: record.link.0,
            frame: record.frame,
        }));
    }
    assert!(block.records.is_empty());
    assert!(!source.fill(&mut block), "the end is the end");
    packets
}

/// All that is read of these bytes, and the damage; panics when they do not open.
pub(crate) fn read(bytes: Vec<u8>) -> (Vec<Packet>, Vec<Damage>) {
    let mut source = open_bytes("test", Box::new(std::io::Cursor::new(bytes))).unwrap();
    let packets = drain(&mut *source);
    (packets, source.damage())
}
