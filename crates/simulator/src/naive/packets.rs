//! Packets of a capture, one after the other: the addresses and ports of IPv4 in Ethernet, with or without VLAN tags.

use anyhow::{Context, Result};
use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::net::Ipv4Addr;
use std::path::Path;

use crate::clock::Time;
use crate::pcap::{self, Frame};

/// What headers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packet {
    /// When it passed.
    pub(super) time: Time,
    /// Who sent it.
    pub(super) src: Ipv4Addr,
    /// Whom it is for.
    pub(super) dst: Ipv4Addr,
    /// What it carries.
    pub(super) transport: Transport,
}

/// Ports, and whether the packet opens a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    /// TCP with SYN and without ACK.
    Syn([u16; 2]),
    /// UDP.
    Udp([u16; 2]),
    /// All else.
    Other,
}

/// What a capture held.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// Records.
    pub(super) packets: u64,
    /// Octets captured.
    pub(super) bytes: u64,
    /// Time of the last.
    pub(super) last: Time,
    /// The last record is cut short, or makes no sense.
    pub(super) damaged: bool,
}

/// Has each IPv4 packet of a capture looked at; `-` is standard input.
///
/// # Errors
/// Where it cannot be read, is no pcap of Ethernet frames, or `each` fails.
pub(super) fn read(path: &Path, each: impl FnMut(&Packet) -> Result<()>) -> Result<Seen> {
    if path.as_os_str() == "-" {
        return read_from(io::stdin().lock(), each);
    }
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    read_from(file, each).with_context(|| format!("cannot read {}", path.display()))
}

fn read_from(from: impl Read, mut each: impl FnMut(&Packet) -> Result<()>) -> Result<Seen> {
    let mut reader = pcap::Reader::new(BufReader::with_capacity(1 << 18, from))?;
    let (mut seen, mut frame) = (Seen::default(), Frame::default());
    loop {
        match reader.next(&mut frame) {
            Ok(true) => {}
            Ok(false) => return Ok(seen),
            Err(error) if error.kind() == ErrorKind::InvalidData => return Ok(Seen { damaged: true, ..seen }),
            Err(error) => return Err(error.into()),
        }
        seen.packets += 1;
        seen.bytes += frame.bytes.len() as u64;
        seen.last = frame.time;
        if let Some(packet) = parse(frame.time, &frame.bytes) {
            each(&packet)?;
        }
    }
}

fn parse(time: Time, frame: &[u8]) -> Option<Packet> {
    let mut at = 12;
    // 802.1Q and 802.1ad tags.
    while let [0x81, 0x00] | [0x88, 0xa8] = frame.get(at..at + 2)? {
        at += 4;
    }
    if frame[at..at + 2] != [0x08, 0x00] {
        return None;
    }
    let ip = &frame[at + 2..];
    let header = usize::from(ip.first()? & 0x0f) * 4;
    if ip[0] >> 4 != 4 || header < 20 || ip.len() < header {
        return None;
    }
    let address = |at: usize| Ipv4Addr::new(ip[at], ip[at + 1], ip[at + 2], ip[at + 3]);
    let later_fragment = u16::from_be_bytes([ip[6] & 0x1f, ip[7]]) > 0;
    let ports = |rest: &[u8]| [u16::from_be_bytes([rest[0], rest[1]]), u16::from_be_bytes([rest[2], rest[3]])];
    let transport = match (ip[9], &ip[header..]) {
        _ if later_fragment => Transport::Other,
        // SYN is 2, ACK 16.
        (6, rest) if rest.len() >= 14 && rest[13] & 0x12 == 0x02 => Transport::Syn(ports(rest)),
        (17, rest) if rest.len() >= 4 => Transport::Udp(ports(rest)),
        _ => Transport::Other,
    };
    Some(Packet { time, src: address(12), dst: address(16), transport })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{self, Route, Segment};
    use crate::pcap::Writer;

    const ROUTE: Route = Route {
        from_mac: [2, 0, 0, 0, 0, 1],
        to_mac: [2, 0, 0, 0, 0, 2],
        from: Ipv4Addr::new(10, 0, 0, 1),
        to: Ipv4Addr::new(10, 0, 0, 2),
        ttl: 64,
    };

    fn tcp(flags: u8) -> Vec<u8> {
        let mut out = Vec::new();
        let segment =
            Segment { ports: [50_000, 104], seq: 1, ack: 0, flags, window: 1, options: &[], payload: b"payload" };
        frame::tcp(&mut out, &ROUTE, 1, &segment);
        out
    }

    fn capture(frames: &[&[u8]]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes);
        for (number, frame) in (1..).zip(frames) {
            writer.frame(Time::from_secs(number), frame, frame.len()).unwrap();
        }
        writer.finish().unwrap();
        bytes
    }

    fn packets(bytes: &[u8]) -> (Vec<Packet>, Seen) {
        let mut found = Vec::new();
        let seen = read_from(bytes, |packet| {
            found.push(*packet);
            Ok(())
        });
        (found, seen.unwrap())
    }

    #[test]
    fn a_syn_is_told_from_its_answer_with_and_without_tag() {
        let (syn, both) = (tcp(2), tcp(0x12));
        let mut tagged = syn.clone();
        tagged.splice(12..12, [0x81, 0x00, 0x00, 110]);
        let (found, seen) = packets(&capture(&[&syn, &both, &tagged, b"short"]));
        assert_eq!(seen.packets, 4);
        assert!(!seen.damaged);
        let transports: Vec<_> = found.iter().map(|packet| packet.transport).collect();
        assert_eq!(
            transports,
            [Transport::Syn([50_000, 104]), Transport::Other, Transport::Syn([50_000, 104])],
            "and five octets are no packet"
        );
        assert_eq!((found[2].src, found[2].dst), (ROUTE.from, ROUTE.to));
    }

    #[test]
    fn a_later_fragment_has_no_ports() {
        let mut fragment = tcp(2);
        fragment[20..22].copy_from_slice(&[0x00, 0x10]);
        assert_eq!(packets(&capture(&[&fragment])).0[0].transport, Transport::Other);
    }

    #[test]
    fn no_octet_less_makes_it_fail() {
        let whole = capture(&[&tcp(2), &tcp(16)]);
        for end in 24..whole.len() {
            let (found, seen) = packets(&whole[..end]);
            let boundary = end == 24 || end == 24 + (whole.len() - 24) / 2;
            assert_eq!(seen.damaged, !boundary, "cut at {end}");
            assert!(found.len() < 2);
        }
        for end in 0..tcp(2).len() {
            parse(Time(0), &tcp(2)[..end]);
        }
    }
}
