//! PPP, PPPoE, serial lines, rings and MACsec.

use crate::frames::*;
use wardtap_net::address::Mac;
use wardtap_net::packet::LinkType;
use wardtap_net::peel::{Peeled, Undecoded};

fn inner4() -> Vec<u8> {
    ipv4(6, &tcp(40_000, 502, b"payload"))
}

fn inner6() -> Vec<u8> {
    ipv6(6, &tcp(40_000, 502, b"payload"))
}

/// LLC and SNAP in front of the packet of [`plain`].
fn snap() -> Vec<u8> {
    join(&[&[0xaa, 0xaa, 3, 0, 0, 0], &IPV4.to_be_bytes(), &inner4()])
}

#[track_caller]
fn stops(link: LinkType, frame: &[u8], reason: Undecoded) {
    assert_eq!(peeled(link, frame), Peeled::Stopped(reason));
}

/// PPP frames of the packet, with what both ends may leave out (RFC 1661 sections 6.5 and 6.6).
fn ppp() -> [Vec<u8>; 5] {
    [
        join(&[&[0xff, 3, 0, 0x21], &inner4()]),
        join(&[&[0, 0x21], &inner4()]),
        join(&[&[0x21], &inner4()]),
        join(&[&[0xff, 3, 0, 0x57], &inner6()]),
        join(&[&[2, 0x81, 0, 1, 1, 64], &inner4()]),
    ]
}

#[test]
fn ppp_by_itself() {
    for frame in ppp() {
        let layout = finds_plain(LinkType::PPP, &frame);
        assert_eq!((layout.source_mac(&frame), layout.tunnel), (None, 0));
        finds_plain(LinkType::PPP_HDLC, &frame);
    }
    // LCP, a compressed datagram (RFC 1962 section 4).
    for protocol in [[0xc0, 0x21], [0, 0xfd]] {
        stops(LinkType::PPP, &join(&[&protocol, &[1, 1, 0, 4]]), Undecoded::Ppp);
    }
}

#[test]
fn ppp_over_ethernet() {
    for frame in ppp() {
        let length = (frame.len() as u16).to_be_bytes();
        let session = join(&[&[0x11, 0, 0, 9], &length, &frame, &[0; 9]]);
        finds_plain(LinkType::PPP_ETHER, &session);
        let framed = ethernet(0x8864, &session);
        let layout = finds_plain(LinkType::ETHERNET, &framed);
        assert_eq!((layout.source_mac(&framed), layout.tunnel), (Some(Mac(SOURCE_MAC)), 0));
        let tagged = ethernet(0x88a8, &vlan(5, 0x8100, &vlan(6, 0x8864, &session)));
        assert_eq!(finds_plain(LinkType::ETHERNET, &tagged).vlan(), Some(5));
    }
    // Version, type and code (RFC 2516 section 4).
    for start in [[0x21, 0], [0x12, 0], [0x11, 9]] {
        let session = join(&[&start, &[0, 9, 0, 60], &ppp()[1]]);
        stops(LinkType::ETHERNET, &ethernet(0x8864, &session), Undecoded::Pppoe);
    }
}

#[test]
fn a_packet_does_not_reach_beyond_the_session_frame() {
    let mut inner = inner4();
    inner[2..4].copy_from_slice(&500u16.to_be_bytes());
    let length = (inner.len() as u16 + 2).to_be_bytes();
    let frame = ethernet(0x8864, &join(&[&[0x11, 0, 0, 9], &length, &[0, 0x21], &inner, &[0; 600]]));
    assert_eq!(layout(LinkType::ETHERNET, &frame).end(), 14 + 6 + 2 + inner.len());
}

/// PPTP's GRE (RFC 2637 section 4.1).
#[test]
fn ppp_in_gre() {
    for frame in ppp() {
        for (flags, more) in [(0x3001u16, &[0, 0, 0, 5][..]), (0x3081, &[0, 0, 0, 5, 0, 0, 0, 4])] {
            let key = join(&[&(frame.len() as u16).to_be_bytes(), &[0x12, 0x34]]);
            let gre = join(&[&flags.to_be_bytes(), &[0x88, 0x0b], &key, more, &frame]);
            let layout = finds_plain(LinkType::ETHERNET, &ethernet(IPV4, &ipv4(47, &gre)));
            assert_eq!(layout.tunnel, 0, "a call has a number for each direction");
        }
    }
    for start in [
        // Acknowledges alone; with a checksum; without a key; something else inside.
        [0x20, 0x81, 0x88, 0x0b],
        [0xb0, 1, 0x88, 0x0b],
        [0x10, 1, 0x88, 0x0b],
        [0x30, 1, 8, 0],
    ] {
        let gre = join(&[&start, &[0, 60, 0, 1, 0, 0, 0, 5], &ppp()[0]]);
        stops(LinkType::ETHERNET, &ethernet(IPV4, &ipv4(47, &gre)), Undecoded::Gre);
    }
}

#[test]
fn hdlc_of_cisco() {
    for start in [[0x0f, 0, 8, 0], [0x8f, 0, 8, 0]] {
        let frame = join(&[&start, &inner4()]);
        finds_plain(LinkType::C_HDLC, &frame);
        finds_plain(LinkType::PPP_HDLC, &frame);
    }
    stops(LinkType::C_HDLC, &join(&[&[0xff, 3, 8, 0], &inner4()]), Undecoded::Serial);
    stops(LinkType::C_HDLC, &join(&[&[0x8f, 0, 0x80, 0x35], &[0; 18]]), Undecoded::EtherType);
}

/// RFC 2427, and what Cisco has in its place.
#[test]
fn frame_relay() {
    let link = LinkType::FRELAY;
    // Addresses of two, three and four octets (Q.922 section 3.3).
    for address in [&[0x18, 0x41][..], &[0x18, 0x40, 0x41], &[0x18, 0x40, 0x40, 0x41]] {
        finds_plain(link, &join(&[address, &[3, 0xcc], &inner4()]));
        finds_plain(link, &join(&[address, &[3, 0x8e], &inner6()]));
        finds_plain(link, &join(&[address, &[3, 0, 0x80, 0, 0, 0, 8, 0], &inner4()]));
        finds_plain(link, &join(&[address, &[3, 0x80, 0, 0, 0, 8, 0], &inner4()]));
        finds_plain(link, &join(&[address, &[3, 0xcf, 0, 0x21], &inner4()]));
        finds_plain(link, &join(&[address, &IPV4.to_be_bytes(), &inner4()]));
        for bridged in [1, 7] {
            let frame = join(&[address, &[3, 0, 0x80, 0, 0x80, 0xc2, 0, bridged], &plain()]);
            assert_eq!(finds_plain(link, &frame).source_mac(&frame), Some(Mac(SOURCE_MAC)));
        }
    }
    for other in [
        &[0x19, 0x41, 3, 0xcc][..],
        &[0x18, 0x40, 0x40, 0x40, 0x41, 3, 0xcc],
        // Q.933, the LMI of old, bridged FDDI.
        &[0, 1, 3, 8, 0, 0x75],
        &[0xfc, 0xf1, 0, 8],
        &[0x18, 0x41, 3, 0, 0x80, 0, 0x80, 0xc2, 0, 4],
    ] {
        stops(link, &join(&[other, &inner4()]), Undecoded::Serial);
    }
}

#[test]
fn rings() {
    let fddi = |control: u8| join(&[&[control], &DESTINATION_MAC, &SOURCE_MAC, &snap()]);
    for control in [0x50, 0x57, 0xd0] {
        let frame = fddi(control);
        let layout = finds_plain(LinkType::FDDI, &frame);
        assert_eq!(layout.source_mac(&frame), Some(Mac(SOURCE_MAC)));
        assert_eq!(layout.destination_mac(&frame), Some(Mac(DESTINATION_MAC)));
    }
    for control in [0x4f, 0x41, 0xc3, 0x80] {
        stops(LinkType::FDDI, &fddi(control), Undecoded::Ring);
    }
    let token = |control: u8, source: [u8; 6], route: &[u8]| {
        join(&[&[0x10, control], &DESTINATION_MAC, &source, route, &snap()])
    };
    let routed = [0x82, 0, 0, 0, 0, 0x55];
    finds_plain(LinkType::IEEE802_5, &token(0x40, SOURCE_MAC, &[]));
    finds_plain(LinkType::IEEE802_5, &token(0x40, routed, &[2, 0]));
    finds_plain(LinkType::IEEE802_5, &token(0x40, routed, &[0xc6, 0, 0, 0x11, 0, 0x20]));
    for length in [0, 1, 3] {
        stops(LinkType::IEEE802_5, &token(0x40, routed, &[length, 0]), Undecoded::Ring);
    }
    stops(LinkType::IEEE802_5, &token(0, SOURCE_MAC, &[]), Undecoded::Ring);
}

/// IEEE 802.1AE clause 9: control, short length, packet number, perhaps a channel; the check value at the end.
fn macsec(control: u8, short: u8, ethertype: u16, payload: &[u8]) -> Vec<u8> {
    let channel: &[u8] = if control & 0x20 != 0 { &[2, 0, 0, 0, 0, 0x55, 0, 1] } else { &[] };
    let tag = join(&[&[control, short, 0, 0, 0, 7], channel]);
    ethernet(0x88e5, &join(&[&tag, &ethertype.to_be_bytes(), payload, &[0xcc; 16]]))
}

#[test]
fn macsec_that_is_not_encrypted() {
    for (control, tag) in [(0, 8), (1, 8), (0x20, 16), (0x43, 8)] {
        let frame = macsec(control, 0, IPV4, &inner4());
        let layout = finds_plain(LinkType::ETHERNET, &frame);
        assert_eq!(usize::from(layout.network), 14 + tag);
        assert_eq!(layout.source_mac(&frame), Some(Mac(SOURCE_MAC)));
        let tagged = macsec(control, 0, 0x8100, &vlan(9, IPV4, &inner4()));
        assert_eq!(finds_plain(LinkType::ETHERNET, &tagged).vlan(), Some(9));
    }
    for control in [0x08, 0x0c, 0x04, 0x2c, 0x80] {
        stops(LinkType::ETHERNET, &macsec(control, 0, IPV4, &inner4()), Undecoded::Macsec);
    }
}

#[test]
fn a_check_value_is_no_payload() {
    let mut inner = inner4();
    inner[2..4].fill(0); // segmentation offload
    let end = 14 + 8 + inner.len();
    assert_eq!(layout(LinkType::ETHERNET, &macsec(0, 0, IPV4, &inner)).end(), end);
    // What is below 48 octets, EtherType and all, says so; here the padding is behind the check value.
    let short = macsec(0, 42, IPV4, &inner);
    assert_eq!(layout(LinkType::ETHERNET, &short).end(), 14 + 6 + 42);
}
