//! Link types, and what stands between them and IP.

use crate::frames::*;
use wardtap_net::address::Mac;
use wardtap_net::packet::LinkType;
use wardtap_net::peel::{Peeled, Undecoded};

fn inner() -> Vec<u8> {
    ipv4(6, &tcp(40_000, 502, b"payload"))
}

#[test]
fn ethernet_frame() {
    let frame = plain();
    let layout = finds_plain(LinkType::ETHERNET, &frame);
    assert_eq!((layout.network, layout.transport, layout.end()), (14, 34, frame.len()));
    assert_eq!(layout.source_mac(&frame), Some(Mac(SOURCE_MAC)));
    assert_eq!(layout.destination_mac(&frame), Some(Mac(DESTINATION_MAC)));
    assert_eq!((layout.vlan(), layout.tunnel), (None, 0));
}

#[test]
fn padding_is_no_payload() {
    let mut frame = plain();
    let end = frame.len();
    frame.extend([0; 20]);
    assert_eq!(layout(LinkType::ETHERNET, &frame).end(), end);
}

#[test]
fn tags_of_any_depth_show_the_outermost() {
    for service in [0x8100, 0x88a8, 0x9100, 0x9200, 0x9300] {
        let one = ethernet(service, &vlan(0x6000 | 7, IPV4, &inner()));
        assert_eq!(finds_plain(LinkType::ETHERNET, &one).vlan(), Some(7), "priority bits are no id");
        let two = ethernet(service, &vlan(100, 0x8100, &vlan(7, IPV4, &inner())));
        let layout = finds_plain(LinkType::ETHERNET, &two);
        assert_eq!((layout.vlan(), layout.network), (Some(100), 22));
        let four = ethernet(service, &vlan(0, 0x88a8, &vlan(5, 0x8100, &vlan(6, 0x8100, &vlan(7, IPV4, &inner())))));
        let layout = finds_plain(LinkType::ETHERNET, &four);
        assert_eq!((layout.vlan(), layout.source_mac(&four)), (Some(0), Some(Mac(SOURCE_MAC))));
    }
}

#[test]
fn tags_that_switches_put_on_for_each_other() {
    for (ethertype, content) in [
        (0x8926, &[0x80, 0x0c, 0x0f, 0xff][..]),
        (0x893f, &[0xe0, 0x01, 0x10, 0x64, 0, 0]),
        (0x8909, &[1, 1, 0, 1, 0, 100]),
    ] {
        let tag = |following: u16, rest: &[u8]| join(&[content, &following.to_be_bytes(), rest]);
        let frame = ethernet(ethertype, &tag(IPV4, &inner()));
        let layout = finds_plain(LinkType::ETHERNET, &frame);
        assert_eq!((layout.vlan(), layout.source_mac(&frame)), (None, Some(Mac(SOURCE_MAC))));
        assert_eq!(usize::from(layout.network), 16 + content.len());
        // In front of a VLAN tag as extenders have it, behind one as TrustSec has it.
        let before = ethernet(ethertype, &tag(0x8100, &vlan(7, IPV4, &inner())));
        let behind = ethernet(0x8100, &vlan(7, ethertype, &tag(IPV4, &inner())));
        for frame in [before, behind] {
            assert_eq!(finds_plain(LinkType::ETHERNET, &frame).vlan(), Some(7));
        }
        let llc = join(&[&[0xaa, 0xaa, 3, 0, 0, 0], &IPV4.to_be_bytes(), &inner()]);
        finds_plain(LinkType::ETHERNET, &ethernet(ethertype, &tag(llc.len() as u16, &llc)));
        for cut in 14..16 + content.len() {
            assert_eq!(peeled(LinkType::ETHERNET, &frame[..cut]), Peeled::Stopped(Undecoded::Truncated), "{cut}");
        }
    }
}

#[test]
fn tags_of_unknown_versions_are_not_guessed_at() {
    for (ethertype, content, reason) in [
        (0x8926, &[0x80, 0x0c, 0x1f, 0xff][..], Undecoded::VnTag),
        (0x8909, &[2, 1, 0, 1, 0, 100], Undecoded::EtherType),
        (0x8909, &[1, 2, 0, 1, 0, 100, 0, 2, 0, 0], Undecoded::EtherType),
    ] {
        let frame = ethernet(ethertype, &join(&[content, &IPV4.to_be_bytes(), &inner()]));
        assert_eq!(peeled(LinkType::ETHERNET, &frame), Peeled::Stopped(reason));
    }
}

#[test]
fn ieee_802_3_with_llc_and_snap() {
    let snap = |organisation: [u8; 3], ethertype: u16| {
        let rest = join(&[&[0xaa, 0xaa, 3], &organisation, &ethertype.to_be_bytes(), &inner()]);
        ethernet(rest.len() as u16, &rest)
    };
    finds_plain(LinkType::ETHERNET, &snap([0, 0, 0], IPV4));
    finds_plain(LinkType::ETHERNET, &snap([0, 0, 0xf8], IPV4));
    let cdp = snap([0, 0, 0xc], 0x2000);
    assert_eq!(peeled(LinkType::ETHERNET, &cdp), Peeled::Stopped(Undecoded::Snap));
    let rest = join(&[&[6, 6, 3], &inner()]);
    finds_plain(LinkType::ETHERNET, &ethernet(rest.len() as u16, &rest));
    let spanning_tree = ethernet(38, &join(&[&[0x42, 0x42, 3], &[0; 35]]));
    assert_eq!(peeled(LinkType::ETHERNET, &spanning_tree), Peeled::Stopped(Undecoded::Llc));
    let tagged = join(&[&[0xaa, 0xaa, 3, 0, 0, 0], &IPV4.to_be_bytes(), &inner()]);
    let tagged = ethernet(0x8100, &vlan(9, tagged.len() as u16, &tagged));
    assert_eq!(finds_plain(LinkType::ETHERNET, &tagged).vlan(), Some(9));
}

#[test]
fn what_is_no_ip_has_a_name() {
    for (ethertype, reason) in [
        (0x88cc, Undecoded::Lldp),
        (0x8863, Undecoded::Pppoe),
        (0x8864, Undecoded::Pppoe),
        (0x888e, Undecoded::Eapol),
        (0x8892, Undecoded::Industrial),
        (0x9000, Undecoded::LinkTest),
        (0x8137, Undecoded::Legacy),
        (0x1234, Undecoded::EtherType),
    ] {
        assert_eq!(peeled(LinkType::ETHERNET, &ethernet(ethertype, &[0; 46])), Peeled::Stopped(reason));
    }
    for reason in Undecoded::ALL {
        assert!(reason.name().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", reason.name());
    }
}

#[test]
fn arp_behind_tags() {
    let frame = ethernet(0x8100, &vlan(3, 0x0806, &[0; 28]));
    match peeled(LinkType::ETHERNET, &frame) {
        Peeled::Arp(layout) => assert_eq!((layout.network, layout.vlan()), (18, Some(3))),
        other => panic!("{other:?}"),
    }
}

#[test]
fn linux_cooked() {
    let v1 = |hardware: u16, protocol: u16, payload: &[u8]| {
        let address = join(&[&SOURCE_MAC, &[0, 0]]);
        join(&[&[0, 4], &hardware.to_be_bytes(), &[0, 6], &address, &protocol.to_be_bytes(), payload])
    };
    let v2 = |hardware: u16, protocol: u16, payload: &[u8]| {
        let start = join(&[&protocol.to_be_bytes(), &[0, 0, 0, 0, 0, 2], &hardware.to_be_bytes(), &[4, 6]]);
        join(&[&start, &SOURCE_MAC, &[0, 0], payload])
    };
    for link in [LinkType::LINUX_SLL, LinkType::LINUX_SLL2] {
        let cooked = |hardware: u16, protocol: u16, payload: &[u8]| {
            if link == LinkType::LINUX_SLL { v1(hardware, protocol, payload) } else { v2(hardware, protocol, payload) }
        };
        let frame = cooked(1, IPV4, &inner());
        let layout = finds_plain(link, &frame);
        assert_eq!(layout.source_mac(&frame), Some(Mac(SOURCE_MAC)));
        assert_eq!(layout.destination_mac(&frame), None, "there is none in a cooked header");
        let tagged = cooked(1, 0x8100, &vlan(12, IPV4, &inner()));
        assert_eq!(finds_plain(link, &tagged).vlan(), Some(12));
        let tunnel_device = cooked(778, 0, &inner());
        assert_eq!(finds_plain(link, &tunnel_device).source_mac(&tunnel_device), None);
        let snap = join(&[&[0xaa, 0xaa, 3, 0, 0, 0], &IPV4.to_be_bytes(), &inner()]);
        finds_plain(link, &cooked(1, 4, &snap));
        assert_eq!(peeled(link, &cooked(1, 4, &[0x42, 0x42, 3, 0])), Peeled::Stopped(Undecoded::Llc));
        assert_eq!(peeled(link, &cooked(1, 0, &[])), Peeled::Stopped(Undecoded::Truncated));
    }
}

#[test]
fn loopback_families_in_both_byte_orders() {
    for (family, payload) in [(2u32, inner()), (10, v6()), (23, v6()), (24, v6()), (28, v6()), (30, v6())] {
        finds_plain(LinkType::NULL, &join(&[&family.to_le_bytes(), &payload]));
        finds_plain(LinkType::NULL, &join(&[&family.to_be_bytes(), &payload]));
        finds_plain(LinkType::LOOP, &join(&[&family.to_be_bytes(), &payload]));
    }
    let appletalk = join(&[&16u32.to_le_bytes(), &[0; 40]]);
    assert_eq!(peeled(LinkType::NULL, &appletalk), Peeled::Stopped(Undecoded::AddressFamily));
}

fn v6() -> Vec<u8> {
    ipv6(6, &tcp(40_000, 502, b"payload"))
}

#[test]
fn raw_ip() {
    for link in [LinkType::RAW, LinkType::RAW_DLT_12, LinkType::RAW_DLT_14, LinkType::IPV4] {
        let frame = inner();
        assert_eq!(finds_plain(link, &frame).source_mac(&frame), None);
    }
    finds_plain(LinkType::RAW, &v6());
    finds_plain(LinkType::IPV6, &v6());
    assert_eq!(peeled(LinkType::RAW, &[0x90; 60]), Peeled::Stopped(Undecoded::IpHeader));
    assert_eq!(peeled(LinkType(147), &inner()), Peeled::Stopped(Undecoded::LinkType));
}

#[test]
fn nothing_at_all() {
    for link in [0, 1, 6, 9, 10, 12, 14, 50, 51, 101, 104, 105, 107, 108, 113, 119, 127, 163, 228, 229, 276] {
        assert_eq!(peeled(LinkType(link), &[]), Peeled::Stopped(Undecoded::Truncated), "link type {link}");
    }
}
