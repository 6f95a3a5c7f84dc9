//! Tunnels in UDP that are told by what is in them: GTP-U, Teredo, L2TP; and datagrams to their ports that are none.

use crate::frames::*;
use wardtap_net::packet::LinkType;
use wardtap_net::peel::{Peeled, Undecoded};

const GTP_U: u16 = 2152;
const TEREDO: u16 = 3544;
const L2TP: u16 = 1701;

fn inner4() -> Vec<u8> {
    ipv4(6, &tcp(40_000, 502, b"payload"))
}

fn inner6() -> Vec<u8> {
    ipv6(6, &tcp(40_000, 502, b"payload"))
}

fn datagram(source: u16, destination: u16, payload: &[u8]) -> Vec<u8> {
    ethernet(IPV4, &ipv4(17, &udp(source, destination, payload)))
}

/// Asserts that a datagram stays what it is, tunnel or not.
#[track_caller]
fn is_plain_udp(frame: &[u8]) {
    let layout = layout(LinkType::ETHERNET, frame);
    assert_eq!((layout.protocol(), layout.tunnel, layout.transport), (17, 0, 34));
    assert_eq!(layout.end(), frame.len());
}

/// A message of GTP-U (3GPP TS 29.281 clause 5.1): flags, type, length beyond the first eight octets.
fn gtp(flags: u8, kind: u8, rest: &[u8]) -> Vec<u8> {
    join(&[&[flags, kind], &(rest.len() as u16).to_be_bytes(), &[0xde, 0xad, 0xbe, 0xef], rest])
}

#[test]
fn gtp_u_with_and_without_optional_fields() {
    for inner in [inner4(), inner6()] {
        for (flags, optional) in [
            (0x30, &[][..]),
            (0x32, &[0, 7, 0, 0]),
            (0x31, &[0, 7, 9, 0]),
            // The type of an extension that the flags say nothing of.
            (0x33, &[0, 7, 9, 0x85]),
            // A PDU session container of four octets, then a long one and the last.
            (0x34, &[0, 0, 0, 0x85, 1, 0x10, 5, 0]),
            (0x36, &[0, 7, 0, 0x85, 1, 0x10, 5, 0x40, 2, 1, 2, 3, 4, 5, 6, 0]),
            (0x37, &[0, 7, 9, 0]),
        ] {
            let payload = gtp(flags, 255, &join(&[optional, &inner]));
            for (source, destination) in [(GTP_U, GTP_U), (40_000, GTP_U), (GTP_U, 40_000)] {
                let layout = finds_plain(LinkType::ETHERNET, &datagram(source, destination, &payload));
                assert_eq!(usize::from(layout.network), 14 + 20 + 8 + 8 + optional.len());
                assert_eq!(layout.tunnel, 0, "an endpoint's identifier is that of one direction");
            }
        }
    }
}

#[test]
fn messages_of_gtp_u_that_carry_nothing_stay_datagrams() {
    let good = gtp(0x30, 255, &inner4());
    // An echo request, version 2, GTP', a length beyond the datagram.
    let mut long = good.clone();
    long[3] += 1;
    for payload in [
        gtp(0x32, 1, &[0, 0, 0, 0]),
        gtp(0x30, 254, &[]),
        gtp(0x50, 255, &inner4()),
        gtp(0x20, 255, &inner4()),
        gtp(0x30, 255, &[]),
        gtp(0x30, 255, &[0x45; 19]),
        gtp(0x30, 255, b"neither IPv4 nor IPv6, but long enough to be a header"),
        long,
        // An extension without length, and more of them than there are.
        gtp(0x34, 255, &join(&[&[0, 0, 0, 0x85, 0], &inner4()])),
        gtp(0x34, 255, &join(&[&[0, 0, 0, 0x85], &[1, 0, 0, 0x85].repeat(17), &inner4()])),
        b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x00\x00\x01\x00\x01".to_vec(),
        vec![],
    ] {
        is_plain_udp(&datagram(GTP_U, GTP_U, &payload));
    }
    finds_plain(LinkType::ETHERNET, &datagram(GTP_U, GTP_U, &good));
    is_plain_udp(&datagram(2151, 2153, &good));
}

#[test]
fn packets_that_do_not_fit_are_not_taken_out() {
    let mut long = inner4();
    long[3] += 1;
    let mut short = inner4();
    short[3] = 19;
    let mut options = inner4();
    options[0] = 0x44;
    let mut long6 = inner6();
    long6[5] += 1;
    for inner in [long, short, options, long6] {
        is_plain_udp(&datagram(GTP_U, GTP_U, &gtp(0x30, 255, &inner)));
        is_plain_udp(&datagram(L2TP, L2TP, &join(&[&[0, 2, 0, 1, 0, 2, 0xff, 3, 0, 0x21], &inner])));
    }
    // The datagram is longer than the packet that holds it.
    let mut payload = udp(GTP_U, GTP_U, &gtp(0x30, 255, &inner4()));
    payload[5] += 1;
    is_plain_udp(&ethernet(IPV4, &ipv4(17, &payload)));
}

#[test]
fn an_inside_that_breaks_off_leaves_the_datagram() {
    // The header holds, and names a protocol whose own header does not.
    for inner in [ipv4(47, &[0x40, 0, 8, 0]), ipv6(51, &[6, 0]), ipv4(4, &[0x90; 20])] {
        is_plain_udp(&datagram(GTP_U, GTP_U, &gtp(0x30, 255, &inner)));
    }
    // In a tunnel that holds, the innermost datagram that does.
    let inside = ipv4(17, &udp(GTP_U, GTP_U, &gtp(0x30, 255, &ipv4(4, &[0x90; 20]))));
    let frame = datagram(GTP_U, GTP_U, &gtp(0x30, 255, &inside));
    let layout = layout(LinkType::ETHERNET, &frame);
    assert_eq!((layout.protocol(), layout.transport), (17, 34 + 8 + 8 + 20));
    // Nesting is bounded: the datagram at the bound is what is found.
    let mut deep = inner4();
    for _ in 0..40 {
        deep = ipv4(17, &udp(GTP_U, GTP_U, &gtp(0x30, 255, &deep)));
    }
    let layout = crate::frames::layout(LinkType::ETHERNET, &ethernet(IPV4, &deep));
    assert_eq!(layout.protocol(), 17);
}

#[test]
fn a_fragment_in_a_tunnel_is_a_fragment() {
    let piece = V4 { fragment: 0x2000, id: 9, ..V4 }.packet(17, &[1; 16]);
    let frame = datagram(GTP_U, GTP_U, &gtp(0x30, 255, &piece));
    assert!(matches!(peeled(LinkType::ETHERNET, &frame), Peeled::Fragment(_, piece) if piece.id == 9));
}

/// An IPv6 packet with a Teredo address (RFC 4380 section 4) as source, destination, or none.
fn teredo_packet(at: Option<usize>) -> Vec<u8> {
    let mut packet = inner6();
    if let Some(at) = at {
        packet[at..at + 4].copy_from_slice(&[0x20, 1, 0, 0]);
    }
    packet
}

#[test]
fn teredo_with_indications() {
    // RFC 4380 section 5.1.1.
    let origin = [0, 0, 0xf2, 0x21, 0x3f, 0xff, 0xfd, 0xfc];
    let authentication = [0, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0];
    let long = join(&[&[0, 1, 3, 4], b"idf", b"auth", &[1, 2, 3, 4, 5, 6, 7, 8, 1]]);
    for at in [8, 24] {
        for start in [&[][..], &origin, &authentication, &long, &join(&[&authentication, &origin])] {
            let payload = join(&[start, &teredo_packet(Some(at))]);
            for (source, destination) in [(TEREDO, 50_000), (50_000, TEREDO)] {
                let layout = finds_plain(LinkType::ETHERNET, &datagram(source, destination, &payload));
                assert_eq!(usize::from(layout.network), 42 + start.len());
            }
        }
    }
    // A router solicitation, and a bubble, which has no payload (section 2.8).
    let mut solicits = ipv6(58, &[133, 0, 0, 0, 0, 0, 0, 0]);
    solicits[8..10].copy_from_slice(&[0xfe, 0x80]);
    assert_eq!(layout(LinkType::ETHERNET, &datagram(50_000, TEREDO, &solicits)).protocol(), 58);
    let mut bubble = ipv6(59, &[]);
    bubble[8..12].copy_from_slice(&[0x20, 1, 0, 0]);
    assert_eq!(layout(LinkType::ETHERNET, &datagram(50_000, TEREDO, &bubble)).protocol(), 59);
}

#[test]
fn datagrams_to_teredos_port_that_are_none_stay_datagrams() {
    for payload in [
        teredo_packet(None),
        inner4(),
        join(&[&[0, 1, 200, 0], &teredo_packet(Some(8))]),
        join(&[&[0, 2], &teredo_packet(Some(8))]),
        teredo_packet(Some(8))[..39].to_vec(),
        b"`anything that begins with the letter of version 6".to_vec(),
        vec![0, 1],
        vec![],
    ] {
        is_plain_udp(&datagram(50_000, TEREDO, &payload));
    }
}

#[test]
fn l2tp_data_messages() {
    // RFC 2661 section 3.1: length, sequence numbers, an offset, priority.
    for inner in [join(&[&[0xff, 3, 0, 0x21], &inner4()]), join(&[&[0x57], &inner6()])] {
        let whole = (inner.len() as u16 + 8).to_be_bytes();
        for header in [
            join(&[&[0, 2, 0, 1, 0, 2]]),
            join(&[&[0x40, 2], &whole, &[0, 1, 0, 2]]),
            join(&[&[1, 2, 0, 1, 0, 2]]),
            join(&[&[8, 2, 0, 1, 0, 2, 0, 9, 0, 8]]),
            join(&[&[2, 2, 0, 1, 0, 2, 0, 3, 7, 7, 7]]),
            join(&[&[0x0b, 2, 0, 1, 0, 2, 0, 9, 0, 8, 0, 0]]),
        ] {
            let layout = finds_plain(LinkType::ETHERNET, &datagram(40_000, L2TP, &join(&[&header, &inner])));
            assert_eq!(layout.tunnel, 0, "a session has a number for each direction");
        }
    }
}

#[test]
fn datagrams_to_l2tps_port_that_are_none_stay_datagrams() {
    let inner = join(&[&[0xff, 3, 0, 0x21], &inner4()]);
    for (header, inner) in [
        // A control message, version 3, reserved bits, a length beyond the datagram, an offset beyond it.
        (&[0xc8, 2, 0, 12, 0, 1, 0, 0, 0, 0, 0, 1][..], &[][..]),
        (&[0, 3, 0, 1, 0, 2], &inner),
        (&[0x10, 2, 0, 1, 0, 2], &inner),
        (&[0, 0x12, 0, 1, 0, 2], &inner),
        (&[0x40, 2, 1, 0, 0, 1, 0, 2], &inner),
        (&[2, 2, 0, 1, 0, 2, 0xff, 0xff], &inner),
        // A length that ends in the packet.
        (&[0x40, 2, 0, 30, 0, 1, 0, 2], &inner),
        // LCP.
        (&[0, 2, 0, 1, 0, 2], &[0xff, 3, 0xc0, 0x21, 1, 1, 0, 4]),
    ] {
        is_plain_udp(&datagram(L2TP, L2TP, &join(&[header, inner])));
    }
}

#[test]
fn a_cut_tunnel_that_was_whole_is_no_error() {
    let frame = datagram(GTP_U, GTP_U, &gtp(0x30, 255, &inner4()));
    // All of the inner header must be there to tell.
    for cut in 42..50 + 20 {
        let packet =
            wardtap_net::packet::Packet { sent: frame.len() as u32, ..packet(LinkType::ETHERNET, &frame[..cut]) };
        let Peeled::Ip(layout) = wardtap_net::peel::peel(&packet) else { panic!("cut to {cut}") };
        assert_eq!(layout.transport, 34, "cut to {cut}");
    }
    assert_ne!(peeled(LinkType::ETHERNET, &frame[..41]), Peeled::Stopped(Undecoded::Nesting));
}
