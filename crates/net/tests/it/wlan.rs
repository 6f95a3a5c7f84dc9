//! IEEE 802.11: whose a frame is, where its data begins, and what is none.

use crate::frames::*;
use wardtap_net::address::Mac;
use wardtap_net::packet::LinkType;
use wardtap_net::peel::{Peeled, Undecoded};

const ACCESS_POINT: [u8; 6] = [2, 0, 0, 0, 0, 0xaa];
const OTHER: [u8; 6] = [2, 0, 0, 0, 0, 0xbb];

/// LLC and SNAP (RFC 1042) in front of the packet of [`plain`].
fn snap() -> Vec<u8> {
    join(&[&[0xaa, 0xaa, 3, 0, 0, 0], &IPV4.to_be_bytes(), &plain()[14..]])
}

/// A data frame (IEEE 802.11-2020 clause 9.3.2.1): subtype in the upper half of `kind`, flags, what follows the third
/// address and the sequence control field, and the body.
fn data(kind: u8, flags: u8, more: &[u8], body: &[u8]) -> Vec<u8> {
    let [first, second, third] = match flags & 3 {
        0 => [DESTINATION_MAC, SOURCE_MAC, ACCESS_POINT],
        1 => [ACCESS_POINT, SOURCE_MAC, DESTINATION_MAC],
        2 => [DESTINATION_MAC, ACCESS_POINT, SOURCE_MAC],
        _ => [OTHER, ACCESS_POINT, DESTINATION_MAC],
    };
    let fourth: &[u8] = if flags & 3 == 3 { &SOURCE_MAC } else { &[] };
    join(&[&[kind, flags, 0x2c, 0], &first, &second, &third, &[0x10, 0x32], fourth, more, body])
}

/// A radiotap header (radiotap.org) with what its present words and fields are.
fn radiotap(fields: &[u8], frame: &[u8]) -> Vec<u8> {
    join(&[&[0, 0], &(4 + fields.len() as u16).to_le_bytes(), fields, frame])
}

#[track_caller]
fn stops(link: LinkType, frame: &[u8], reason: Undecoded) {
    assert_eq!(peeled(link, frame), Peeled::Stopped(reason));
}

#[test]
fn addresses_by_the_way_through_the_distribution_system() {
    for flags in 0..4 {
        for (kind, more) in [(0x08, &[][..]), (0x88, &[0, 0]), (0x18, &[]), (0xb8, &[5, 1])] {
            let frame = data(kind, flags, more, &snap());
            let layout = finds_plain(LinkType::IEEE802_11, &frame);
            assert_eq!(layout.source_mac(&frame), Some(Mac(SOURCE_MAC)), "{flags}");
            assert_eq!(layout.destination_mac(&frame), Some(Mac(DESTINATION_MAC)), "{flags}");
            assert_eq!((layout.vlan(), layout.tunnel), (None, 0));
            let fourth = if flags == 3 { 6 } else { 0 };
            assert_eq!(usize::from(layout.network), 24 + fourth + more.len() + 8);
        }
    }
}

#[test]
fn ht_control_is_there_in_qos_frames_only() {
    finds_plain(LinkType::IEEE802_11, &data(0x88, 0x81, &[0, 0, 1, 2, 3, 4], &snap()));
    // The order is strict, and that is all.
    finds_plain(LinkType::IEEE802_11, &data(0x08, 0x81, &[], &snap()));
}

#[test]
fn the_first_of_an_aggregate() {
    let subframe =
        |payload: &[u8]| join(&[&OTHER, &[2, 0, 0, 0, 0, 0xcc], &(payload.len() as u16).to_be_bytes(), payload]);
    let two = join(&[&subframe(&snap()), &[0; 2], &subframe(&snap())]);
    let frame = data(0x88, 2, &[0x80, 0], &two);
    let layout = finds_plain(LinkType::IEEE802_11, &frame);
    assert_eq!(layout.source_mac(&frame), Some(Mac([2, 0, 0, 0, 0, 0xcc])));
    assert_eq!(layout.destination_mac(&frame), Some(Mac(OTHER)));
    assert_eq!(usize::from(layout.network), 26 + 14 + 8);
    // The packet does not reach beyond its subframe.
    let mut long = frame;
    long[48 + 2..48 + 4].copy_from_slice(&500u16.to_be_bytes());
    assert_eq!(crate::frames::layout(LinkType::IEEE802_11, &long).end(), 40 + snap().len());
    // A driver has taken it apart.
    finds_plain(LinkType::IEEE802_11, &data(0x88, 2, &[0x80, 0], &snap()));
}

#[test]
fn what_holds_no_data_in_clear_has_a_name() {
    use Undecoded::{WlanDamaged, WlanFragment, WlanProtected, WlanWithoutData};
    let wlan = LinkType::IEEE802_11;
    for kind in [0x80, 0x40, 0xb4, 0xd4, 0x48, 0xc8, 0x0c] {
        stops(wlan, &data(kind, 0, &[], &[0; 40]), WlanWithoutData);
    }
    stops(wlan, &data(0x88, 0x41, &[0, 0], &snap()), WlanProtected);
    stops(wlan, &data(0x08, 0x04, &[], &snap()), WlanFragment);
    let mut last = data(0x08, 0, &[], &snap());
    last[22] |= 1;
    stops(wlan, &last, WlanFragment);
    stops(wlan, &data(0x09, 0, &[], &snap()), WlanDamaged);
    stops(wlan, &data(0x08, 0, &[], &[0x42, 0x42, 3, 0]), Undecoded::Llc);
    let eapol = join(&[&[0xaa, 0xaa, 3, 0, 0, 0, 0x88, 0x8e], &[0; 20]]);
    stops(wlan, &data(0x08, 0, &[], &eapol), Undecoded::Eapol);
}

#[test]
fn radiotap_headers() {
    let frame = data(0x88, 1, &[0, 0], &snap());
    let link = LinkType::IEEE802_11_RADIOTAP;
    for fields in [
        &[0, 0, 0, 0][..],
        // Rate and channel.
        &[0x0c, 0, 0, 0, 2, 0, 0x6c, 9, 0xa0, 0],
        // TSFT and flags.
        &[3, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0],
        // Two more words of what is present, so that TSFT is moved to a multiple of eight.
        &[3, 0, 0, 0x80, 0, 0, 0, 0x80, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0],
    ] {
        let layout = finds_plain(link, &radiotap(fields, &frame));
        assert_eq!(usize::from(layout.network), 4 + fields.len() + 26 + 8);
    }
    // Three words end at 16: there nothing is between them and TSFT, behind two words four octets are.
    let moved = [3, 0, 0, 0x80, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5, 6, 7, 8, 0];
    finds_plain(link, &radiotap(&moved, &frame));
}

#[test]
fn flags_of_radiotap() {
    let link = LinkType::IEEE802_11_RADIOTAP;
    let frame = data(0x88, 1, &[0, 0], &snap());
    let with = |flags: u8, frame: &[u8]| radiotap(&[2, 0, 0, 0, flags], frame);
    // The check sequence is no part of the packet, whose length segmentation offload left at 0.
    let mut offloaded = frame.clone();
    offloaded[26 + 8 + 2..26 + 8 + 4].fill(0);
    offloaded.extend([9; 4]);
    let end = 9 + offloaded.len();
    assert_eq!(layout(link, &with(0x10, &offloaded)).end(), end - 4);
    assert_eq!(layout(link, &with(0, &offloaded)).end(), end);
    stops(link, &with(0x50, &frame), Undecoded::WlanDamaged);
    // Up to a multiple of four octets behind the header of 26.
    let padded = join(&[&frame[..26], &[0, 0], &frame[26..]]);
    finds_plain(link, &with(0x20, &padded));
    finds_plain(link, &with(0x20, &data(0x08, 1, &[], &snap())));
}

#[test]
fn radiotap_headers_that_are_none() {
    let link = LinkType::IEEE802_11_RADIOTAP;
    let frame = data(0x08, 1, &[], &snap());
    stops(link, &join(&[&[1, 0, 8, 0, 0, 0, 0, 0], &frame]), Undecoded::WlanDamaged);
    for length in 0..8 {
        stops(link, &join(&[&[0, 0, length, 0, 0, 0, 0, 0], &frame]), Undecoded::WlanDamaged);
    }
    stops(link, &radiotap(&[3, 0, 0, 0, 1, 2, 3], &frame), Undecoded::WlanDamaged);
    stops(link, &radiotap(&[0, 0, 0, 0x80], &frame), Undecoded::WlanDamaged);
    stops(link, &[0, 0, 0xff, 0xff, 0, 0, 0, 0], Undecoded::Truncated);
}

#[test]
fn headers_of_prism_and_avs() {
    let frame = data(0x08, 1, &[], &snap());
    let avs = join(&[&0x8021_1001u32.to_be_bytes(), &64u32.to_be_bytes(), &[0; 56], &frame]);
    let prism = join(&[&[0x44, 0, 0, 0], &[0; 140], &frame]);
    finds_plain(LinkType::IEEE802_11_AVS, &avs);
    finds_plain(LinkType::IEEE802_11_PRISM, &avs);
    finds_plain(LinkType::IEEE802_11_PRISM, &prism);
    stops(LinkType::IEEE802_11_AVS, &prism, Undecoded::WlanDamaged);
    let mut endless = avs.clone();
    endless[4] = 0xff;
    stops(LinkType::IEEE802_11_AVS, &endless, Undecoded::Truncated);
    let mut short = avs;
    short[7] = 7;
    stops(LinkType::IEEE802_11_AVS, &short, Undecoded::WlanDamaged);
}

#[test]
fn what_access_points_send_their_controllers() {
    let frame = data(0x88, 2, &[0, 0], &snap());
    for protocol in [0x8200u16, 0x8240, 0x8370] {
        let gre = ethernet(IPV4, &ipv4(47, &join(&[&[0, 0], &protocol.to_be_bytes(), &frame])));
        let layout = finds_plain(LinkType::ETHERNET, &gre);
        assert_eq!(layout.source_mac(&gre), Some(Mac(SOURCE_MAC)));
    }
}
