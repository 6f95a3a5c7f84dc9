//! Tunnels and overlays, alone and inside each other.

use crate::frames::*;
use wardtap_net::packet::LinkType;
use wardtap_net::peel::{Peeled, Undecoded};

const GRE: u8 = 47;
const BRIDGED: u16 = 0x6558;

fn inner4() -> Vec<u8> {
    ipv4(6, &tcp(40_000, 502, b"payload"))
}

fn inner6() -> Vec<u8> {
    ipv6(6, &tcp(40_000, 502, b"payload"))
}

/// GRE with the optional fields that `flags` announce.
fn gre(flags: u16, protocol: u16, payload: &[u8]) -> Vec<u8> {
    let mut header = join(&[&flags.to_be_bytes(), &protocol.to_be_bytes()]);
    if flags & 0x8000 != 0 {
        header.extend([0xcc, 0xcc, 0, 0]);
    }
    if flags & 0x2000 != 0 {
        header.extend(0x0012_3456u32.to_be_bytes());
    }
    if flags & 0x1000 != 0 {
        header.extend([0, 0, 0, 9]);
    }
    ethernet(IPV4, &ipv4(GRE, &join(&[&header, payload])))
}

fn vxlan(port: u16, network: u32, payload: &[u8]) -> Vec<u8> {
    let header = join(&[&[8, 0, 0, 0], &(network << 8).to_be_bytes()]);
    ethernet(IPV4, &ipv4(17, &udp(50_000, port, &join(&[&header, payload]))))
}

fn geneve(options: &[u8], protocol: u16, payload: &[u8]) -> Vec<u8> {
    let header =
        join(&[&[(options.len() / 4) as u8, 0], &protocol.to_be_bytes(), &(77u32 << 8).to_be_bytes(), options]);
    ethernet(IPV4, &ipv4(17, &udp(50_000, 6081, &join(&[&header, payload]))))
}

#[test]
fn mpls_with_ip_and_with_pseudowires() {
    let labels = |depth: usize| {
        let mut stack = [0, 1, 0, 64].repeat(depth);
        *stack.iter_mut().rev().nth(1).unwrap() |= 1; // bottom of stack
        stack
    };
    for ethertype in [0x8847, 0x8848] {
        for depth in [1, 2, 5] {
            finds_plain(LinkType::ETHERNET, &ethernet(ethertype, &join(&[&labels(depth), &inner4()])));
            finds_plain(LinkType::ETHERNET, &ethernet(ethertype, &join(&[&labels(depth), &inner6()])));
        }
    }
    let wire = join(&[&labels(1), &[0, 0, 0, 1], &plain()]);
    let layout = finds_plain(LinkType::ETHERNET, &ethernet(0x8847, &wire));
    assert_eq!(layout.network, 14 + 4 + 4 + 14);
    let in_ip = ethernet(IPV4, &ipv4(137, &join(&[&labels(1), &inner4()])));
    finds_plain(LinkType::ETHERNET, &in_ip);
    let channel = ethernet(0x8847, &join(&[&labels(1), &[0x10, 0, 0, 7], &[0; 20]]));
    assert_eq!(peeled(LinkType::ETHERNET, &channel), Peeled::Stopped(Undecoded::Mpls));
    let endless = ethernet(0x8847, &vec![0; 400]);
    assert_eq!(peeled(LinkType::ETHERNET, &endless), Peeled::Stopped(Undecoded::Nesting));
}

#[test]
fn gre_with_every_option() {
    for flags in (0..8).map(|bits: u16| (bits & 4) << 13 | (bits & 2) << 12 | (bits & 1) << 12) {
        let key = if flags & 0x2000 != 0 { 0x0012_3456 } else { 0 };
        assert_eq!(finds_plain(LinkType::ETHERNET, &gre(flags, IPV4, &inner4())).tunnel, key);
        finds_plain(LinkType::ETHERNET, &gre(flags, IPV6, &inner6()));
        finds_plain(LinkType::ETHERNET, &gre(flags, 0x8100, &vlan(4, IPV4, &inner4())));
        finds_plain(LinkType::ETHERNET, &gre(flags, 0x8847, &join(&[&[0, 1, 1, 64], &inner4()])));
        let bridged = finds_plain(LinkType::ETHERNET, &gre(flags, BRIDGED, &plain()));
        assert_eq!(bridged.tunnel, key >> 8, "NVGRE: the subnet without the flow id");
    }
    for (flags, protocol) in [(1, IPV4), (0x4000, IPV4), (2, IPV4), (0x2001, 0x880b), (0, 0), (0, 0x1234), (0, 0x8204)]
    {
        let frame = gre(flags, protocol, &inner4());
        assert_eq!(peeled(LinkType::ETHERNET, &frame), Peeled::Stopped(Undecoded::Gre), "{flags:x} {protocol:x}");
    }
}

#[test]
fn erspan_of_all_types() {
    finds_plain(LinkType::ETHERNET, &gre(0, 0x88be, &plain()));
    let second = join(&[&[0x10, 5, 0, 1, 0, 0, 0, 2], &plain()]);
    let layout = finds_plain(LinkType::ETHERNET, &gre(0x1000, 0x88be, &second));
    assert_eq!((layout.tunnel, layout.network), (0, 14 + 20 + 8 + 8 + 14), "a session is no tunnel");
    let third = |frame_type: u16, platform: bool, payload: &[u8]| {
        let last = 1 << 15 | frame_type << 10 | 0x3f << 4 | u16::from(platform);
        let header = join(&[&[0x20, 5, 0, 1, 0, 0, 0, 2, 0, 0], &last.to_be_bytes()]);
        let subheader: &[u8] = if platform { &[0xff; 8] } else { &[] };
        gre(0x1000, 0x22eb, &join(&[&header, subheader, payload]))
    };
    for platform in [false, true] {
        finds_plain(LinkType::ETHERNET, &third(0, platform, &plain()));
        finds_plain(LinkType::ETHERNET, &third(2, platform, &inner4()));
    }
    assert_eq!(peeled(LinkType::ETHERNET, &third(7, false, &plain())), Peeled::Stopped(Undecoded::Gre));
    let tagged = ethernet(0x8100, &vlan(21, IPV4, &inner4()));
    assert_eq!(finds_plain(LinkType::ETHERNET, &third(0, false, &tagged)).vlan(), Some(21));
}

#[test]
fn vxlan_on_both_ports() {
    for port in [4789, 8472] {
        let layout = finds_plain(LinkType::ETHERNET, &vxlan(port, 0xab_cdef, &plain()));
        assert_eq!((layout.tunnel, layout.network), (0xab_cdef, 14 + 20 + 8 + 8 + 14));
    }
}

#[test]
fn datagrams_to_an_overlay_port_that_are_none_stay_datagrams() {
    for (port, payload) in [(4789, vec![0; 30]), (4789, vec![8, 0, 0, 0, 0, 0, 1, 1]), (6081, vec![0xff; 30])] {
        let frame = ethernet(IPV4, &ipv4(17, &udp(1000, port, &payload)));
        let layout = layout(LinkType::ETHERNET, &frame);
        assert_eq!((layout.protocol(), layout.tunnel, layout.transport), (17, 0, 34));
    }
    let answer = ethernet(IPV4, &ipv4(17, &udp(4789, 1000, &join(&[&[8, 0, 0, 0, 0, 0, 1, 0], &plain()]))));
    assert_eq!(layout(LinkType::ETHERNET, &answer).transport, 34, "the source port says nothing");
}

#[test]
fn geneve_with_and_without_options() {
    for options in [&[][..], &[1, 2, 0x80, 1, 0, 0, 0, 9], &[7; 252]] {
        let layout = finds_plain(LinkType::ETHERNET, &geneve(options, BRIDGED, &plain()));
        assert_eq!(layout.tunnel, 77);
        finds_plain(LinkType::ETHERNET, &geneve(options, IPV4, &inner4()));
        finds_plain(LinkType::ETHERNET, &geneve(options, IPV6, &inner6()));
    }
    assert!(matches!(peeled(LinkType::ETHERNET, &geneve(&[], 0x0806, &[0; 28])), Peeled::Arp(_)));
    let other = geneve(&[], 0x8847, &[0; 40]);
    assert_eq!(peeled(LinkType::ETHERNET, &other), Peeled::Stopped(Undecoded::Overlay));
}

#[test]
fn ip_in_ip_of_each_kind() {
    for (outer, inner) in [
        (ipv4(4, &inner4()), 20),
        (ipv4(41, &inner6()), 20),
        (ipv6(4, &inner4()), 40),
        (ipv6(41, &inner6()), 40),
        (ipv6(0, &extension(4, 0, &inner4())), 48),
    ] {
        let ethertype = if outer[0] >> 4 == 4 { IPV4 } else { IPV6 };
        let layout = finds_plain(LinkType::ETHERNET, &ethernet(ethertype, &outer));
        assert_eq!(layout.network, 14 + inner);
    }
}

/// QinQ, MPLS, GRE with ERSPAN II, a tag, VXLAN, a tag: about the worst that was met in the field.
#[test]
fn real_nesting_fits() {
    let innermost = ethernet(0x8100, &vlan(3, IPV4, &inner4()));
    let overlay = vxlan(4789, 5, &innermost);
    let mirrored = join(&[&[0x10, 5, 0, 1, 0, 0, 0, 2], &overlay]);
    let gre = ipv4(GRE, &join(&[&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1], &mirrored]));
    let labelled = join(&[&[0, 1, 1, 64], &gre]);
    let frame = ethernet(0x88a8, &vlan(1, 0x8100, &vlan(2, 0x8847, &labelled)));
    let layout = finds_plain(LinkType::ETHERNET, &frame);
    assert_eq!((layout.vlan(), layout.tunnel), (Some(1), 5));
    assert_eq!(layout.source_mac(&frame).unwrap().0, SOURCE_MAC);
    assert_eq!(usize::from(layout.network), frame.len() - inner4().len());
}

#[test]
fn nesting_is_bounded() {
    let mut packet = inner4();
    for _ in 0..40 {
        packet = ipv4(4, &packet);
    }
    assert_eq!(peeled(LinkType::ETHERNET, &ethernet(IPV4, &packet)), Peeled::Stopped(Undecoded::Nesting));
    let mut tags = vlan(1, IPV4, &inner4());
    for _ in 0..40 {
        tags = vlan(1, 0x8100, &tags);
    }
    assert_eq!(peeled(LinkType::ETHERNET, &ethernet(0x8100, &tags)), Peeled::Stopped(Undecoded::Nesting));
}

#[test]
fn an_inner_packet_does_not_reach_beyond_the_outer_one() {
    let mut inner = inner4();
    let end = inner.len();
    inner[2..4].copy_from_slice(&500u16.to_be_bytes());
    let mut frame = ethernet(IPV4, &ipv4(4, &inner));
    frame.extend([0; 600]);
    assert_eq!(layout(LinkType::ETHERNET, &frame).end(), 14 + 20 + end);
}

#[test]
fn a_fragment_inside_a_tunnel_is_a_fragment() {
    let piece = V4 { fragment: 0x2000, id: 9, ..V4 }.packet(17, &[1; 16]);
    match peeled(LinkType::ETHERNET, &vxlan(4789, 5, &ethernet(0x8100, &vlan(8, IPV4, &piece)))) {
        Peeled::Fragment(layout, piece) => {
            assert_eq!((layout.tunnel, layout.vlan(), layout.protocol()), (5, Some(8), 17));
            assert_eq!((piece.id, piece.offset, piece.more), (9, 0, true));
        }
        other => panic!("{other:?}"),
    }
}
