//! IP headers: options, extensions, lengths that lie.

use crate::frames::*;
use wardtap_net::packet::{LinkType, Packet};
use wardtap_net::peel::{Peeled, Piece, Undecoded, peel};

fn segment() -> Vec<u8> {
    tcp(40_000, 502, b"payload")
}

#[track_caller]
fn finds_segment(ethertype: u16, ip: &[u8]) {
    let frame = ethernet(ethertype, ip);
    let layout = layout(LinkType::ETHERNET, &frame);
    assert_eq!(layout.protocol(), 6);
    assert_eq!(&frame[usize::from(layout.transport)..layout.end()], segment());
    for cut in 14..usize::from(layout.transport) {
        let snapped = Packet { sent: frame.len() as u32, ..packet(LinkType::ETHERNET, &frame[..cut]) };
        assert_eq!(peel(&snapped), Peeled::Stopped(Undecoded::Truncated), "cut to {cut}");
    }
}

#[test]
fn options_and_extensions() {
    finds_segment(IPV4, &V4 { options: &[1; 4], ..V4 }.packet(6, &segment()));
    finds_segment(IPV4, &V4 { options: &[1; 40], ..V4 }.packet(6, &segment()));
    finds_segment(IPV4, &ipv4(51, &authentication(6, &segment())));
    finds_segment(IPV6, &ipv6(0, &extension(6, 0, &segment())));
    finds_segment(IPV6, &ipv6(43, &extension(6, 2, &segment())));
    finds_segment(IPV6, &ipv6(60, &extension(6, 31, &segment())));
    finds_segment(IPV6, &ipv6(51, &authentication(6, &segment())));
    let all = extension(60, 1, &extension(43, 0, &extension(51, 2, &authentication(60, &extension(6, 0, &segment())))));
    finds_segment(IPV6, &ipv6(0, &all));
    finds_segment(IPV6, &ipv6(44, &fragment6(6, 7, 0, false, &segment())));
}

#[test]
fn encrypted_payload_is_its_own_transport() {
    for ip in [ipv4(50, &[9; 40]), ipv6(50, &[9; 40])] {
        let ethertype = if ip[0] >> 4 == 4 { IPV4 } else { IPV6 };
        assert_eq!(layout(LinkType::ETHERNET, &ethernet(ethertype, &ip)).protocol(), 50);
    }
}

#[test]
fn a_length_of_zero_means_up_to_the_end() {
    for mut ip in [ipv4(6, &segment()), ipv6(6, &segment())] {
        let (ethertype, at) = if ip[0] >> 4 == 4 { (IPV4, 2) } else { (IPV6, 4) };
        ip[at..at + 2].fill(0);
        finds_segment(ethertype, &ip);
        // Captured short: up to the end of what was sent.
        let frame = ethernet(ethertype, &ip);
        let snapped = Packet { sent: 60_000, ..packet(LinkType::ETHERNET, &frame) };
        match peel(&snapped) {
            Peeled::Ip(layout) => assert_eq!(layout.end(), 60_000),
            other => panic!("{other:?}"),
        }
    }
}

/// RFC 2675: the length is in a hop-by-hop option, and the payload longer than 65,535 octets.
#[test]
fn jumbograms() {
    let payload = tcp(40_000, 502, &vec![7; 70_000]);
    let hop_by_hop = [&[6, 0, 0xc2, 4][..], &(payload.len() as u32 + 8).to_be_bytes()].concat();
    let mut ip = ipv6(0, &[]);
    ip.extend(join(&[&hop_by_hop, &payload]));
    let frame = ethernet(IPV6, &ip);
    let layout = layout(LinkType::ETHERNET, &frame);
    assert_eq!((layout.protocol(), layout.transport, layout.end()), (6, 62, frame.len()));
}

#[test]
fn headers_that_contradict_themselves() {
    let mut short = ipv4(6, &segment());
    short[2..4].copy_from_slice(&19u16.to_be_bytes());
    let mut low = ipv4(6, &segment());
    low[0] = 0x44;
    let mut version = ipv4(6, &segment());
    version[0] = 0x55;
    let late_hop_by_hop = ipv6(60, &extension(0, 0, &extension(6, 0, &segment())));
    let no_room = ipv6(60, &[6, 9, 0, 0, 0, 0, 0, 0]);
    for ip in [short, low, version, late_hop_by_hop, no_room] {
        let frame = ethernet(IPV4, &ip);
        assert_eq!(peeled(LinkType::ETHERNET, &frame), Peeled::Stopped(Undecoded::IpHeader));
    }
}

#[test]
fn a_packet_longer_than_its_frame_ends_with_the_frame() {
    let mut ip = ipv4(6, &segment());
    ip[2..4].copy_from_slice(&1500u16.to_be_bytes());
    let frame = ethernet(IPV4, &ip);
    assert_eq!(layout(LinkType::ETHERNET, &frame).end(), frame.len());
    let snapped = Packet { sent: 1514, ..packet(LinkType::ETHERNET, &frame) };
    match peel(&snapped) {
        Peeled::Ip(layout) => assert_eq!(layout.end(), 1514),
        other => panic!("{other:?}"),
    }
}

/// What follows a fragment header belongs to the datagram: a later fragment would be misread as extension headers.
#[test]
fn fragments_end_the_chain_of_headers() {
    let piece = [60u8; 24];
    for offset in [0u16, 1480] {
        let ip = ipv6(0, &extension(44, 0, &fragment6(60, 0x0102_0304, offset, true, &piece)));
        match peeled(LinkType::ETHERNET, &ethernet(IPV6, &ip)) {
            Peeled::Fragment(layout, found) => {
                let expected = Piece { id: 0x0102_0304, offset: u32::from(offset), more: true };
                assert_eq!((layout.protocol(), layout.transport, found), (60, 14 + 40 + 8 + 8, expected));
                assert_eq!(layout.end() - usize::from(layout.transport), piece.len());
            }
            other => panic!("{other:?}"),
        }
        let ip = V4 { fragment: 0x2000 | (offset / 8), id: 77, ..V4 }.packet(51, &piece);
        match peeled(LinkType::ETHERNET, &ethernet(IPV4, &ip)) {
            Peeled::Fragment(layout, found) => {
                let expected = Piece { id: 77, offset: u32::from(offset), more: true };
                assert_eq!((layout.protocol(), layout.transport, found), (51, 34, expected));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn dont_fragment_and_the_evil_bit_make_no_fragment() {
    for fragment in [0x4000, 0x8000, 0xc000] {
        finds_segment(IPV4, &V4 { fragment, ..V4 }.packet(6, &segment()));
    }
}
