//! Where LLDP and CDP are found in frames.

use crate::frames::*;
use wardtap_net::address::Mac;
use wardtap_net::cdp::Cdp;
use wardtap_net::lldp::{Id, Lldp};
use wardtap_net::packet::{LinkType, Packet};
use wardtap_net::peel::{Discovery, Peeled, Undecoded, discovery};

const LLDP: &[u8] = b"\x02\x03\x07sw\x04\x05\x05eth0\x06\x02\x00\x78\x00\x00";
const CDP: &[u8] = b"\x02\xb4\x00\x00\x00\x01\x00\x06sw";

fn lldp() -> Vec<u8> {
    ethernet(0x88cc, &join(&[LLDP, &[0; 28]]))
}

/// IEEE 802.3 with SNAP of an organisation.
fn snap(organisation: &[u8; 5], message: &[u8]) -> Vec<u8> {
    let content = join(&[&[0xaa, 0xaa, 3], organisation, message]);
    join(&[&ethernet(content.len() as u16, &content), &[0; 28]])
}

/// A message in an ERSPAN of type I.
fn mirrored(frame: &[u8]) -> Vec<u8> {
    ethernet(IPV4, &ipv4(47, &join(&[&[0, 0, 0x88, 0xbe], frame])))
}

#[test]
fn messages_behind_tags_and_in_mirrors() {
    let tagged = ethernet(0x8100, &vlan(5, 0x88cc, LLDP));
    for frame in [lldp(), tagged, mirrored(&lldp())] {
        assert_eq!(peeled(LinkType::ETHERNET, &frame), Peeled::Stopped(Undecoded::Lldp));
        let (found, source) = discovery(&packet(LinkType::ETHERNET, &frame)).unwrap();
        let Discovery::Lldp(unit) = found else { panic!("{found:?}") };
        assert_eq!(Lldp::read(unit).unwrap().chassis, Id::Text("sw"));
        assert_eq!(source, Some(Mac(SOURCE_MAC)));
    }
    let cdp = snap(&[0, 0, 0x0c, 0x20, 0], CDP);
    for frame in [mirrored(&cdp), ethernet(0x8100, &vlan(5, 18, &cdp[14..])), cdp] {
        assert_eq!(peeled(LinkType::ETHERNET, &frame), Peeled::Stopped(Undecoded::Snap));
        let (found, source) = discovery(&packet(LinkType::ETHERNET, &frame)).unwrap();
        let Discovery::Cdp(message) = found else { panic!("{found:?}") };
        assert_eq!(Cdp::read(message).unwrap().device, "sw");
        assert_eq!(source, Some(Mac(SOURCE_MAC)));
    }
}

#[test]
fn what_is_no_message_of_discovery() {
    for frame in [
        plain(),
        // VTP and UDLD; spanning tree; another EtherType.
        snap(&[0, 0, 0x0c, 0x20, 3], CDP),
        snap(&[0, 0, 0x0c, 1, 0x11], CDP),
        ethernet(38, &join(&[&[0x42, 0x42, 3], &[0; 35]])),
        ethernet(0x888e, LLDP),
        vec![],
    ] {
        assert_eq!(discovery(&packet(LinkType::ETHERNET, &frame)), None, "{frame:?}");
    }
    let frame = lldp();
    for cut in 0..frame.len() {
        let found = discovery(&Packet { sent: frame.len() as u32, ..packet(LinkType::ETHERNET, &frame[..cut]) });
        assert_eq!(found.is_some(), cut >= 14, "cut to {cut}");
    }
}
