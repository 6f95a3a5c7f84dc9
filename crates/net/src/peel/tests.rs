//! The short path against the long one, and both against etherparse.

use super::*;
use crate::packet::Timestamp;
use etherparse::{Ethernet2Slice, LaxIpSlice, LaxLinkExtSlice, LaxNetSlice, LaxSlicedPacket, SlicedPacket, VlanSlice};
use proptest::prelude::*;

const VLAN_ID: u16 = 321;

fn packet(frame: &[u8], sent: usize) -> Packet<'_> {
    Packet { time: Timestamp::EPOCH, link: LinkType::ETHERNET, bytes: frame, sent: sent as u32 }
}

/// A frame of the kind that almost all are, as etherparse writes it.
fn frames() -> impl Strategy<Value = Vec<u8>> {
    let payload = prop::collection::vec(any::<u8>(), 0..80);
    let options = prop::collection::vec(any::<u8>(), 0..6).prop_map(|words| words.repeat(4));
    (any::<[u8; 4]>(), any::<[bool; 4]>(), any::<[u16; 2]>(), payload, options, prop::sample::select(vec![0, 10, 46]))
        .prop_map(|(seed, [v6, tagged, udp, double], [source, destination], payload, options, padding)| {
            use etherparse::*;
            let start = PacketBuilder::ethernet2([seed[0]; 6], [seed[1]; 6]);
            let tag = VlanId::try_new(VLAN_ID).unwrap();
            let ip = if v6 {
                IpHeaders::Ipv6(
                    Ipv6Header { source: [seed[2]; 16], destination: [seed[3]; 16], ..Ipv6Header::default() },
                    Ipv6Extensions::default(),
                )
            } else {
                let options = Ipv4Options::try_from(&options[..]).unwrap();
                let header = Ipv4Header::new(0, 64, IpNumber(0), [seed[2]; 4], [seed[3]; 4]).unwrap();
                IpHeaders::Ipv4(Ipv4Header { options, ..header }, Ipv4Extensions::default())
            };
            let start = match (tagged, double) {
                (false, _) => start.ip(ip),
                (true, false) => start.single_vlan(tag).ip(ip),
                (true, true) => start.double_vlan(tag, VlanId::try_new(5).unwrap()).ip(ip),
            };
            let mut frame = Vec::new();
            if udp {
                start.udp(source, destination).write(&mut frame, &payload).unwrap();
            } else {
                start.tcp(source, destination, 7, 8).write(&mut frame, &payload).unwrap();
            }
            frame.extend(vec![0; padding]);
            frame
        })
}

/// Frames as above, some octets of the headers changed, cut somewhere.
fn mutated() -> impl Strategy<Value = (Vec<u8>, usize)> {
    let changes = prop::collection::vec((12usize..80, any::<u8>()), 0..4);
    (frames(), changes, any::<prop::sample::Index>(), any::<bool>(), 0usize..40).prop_map(
        |(mut frame, changes, cut, whole, unsent)| {
            for (at, value) in changes {
                if let Some(octet) = frame.get_mut(at) {
                    *octet = value;
                }
            }
            let length = frame.len();
            if !whole {
                frame.truncate(cut.index(length + 1));
            }
            let sent = if whole { length + unsent } else { length };
            (frame, sent)
        },
    )
}

/// Where etherparse finds IP header, payload and its end, and the payload's protocol.
fn oracle(frame: &[u8]) -> Option<(usize, usize, usize, u8)> {
    let offset = |part: &[u8]| part.as_ptr().addr() - frame.as_ptr().addr();
    let network = match LaxSlicedPacket::from_ethernet(frame).ok()?.net? {
        LaxNetSlice::Ipv4(v4) => offset(v4.header().slice()),
        LaxNetSlice::Ipv6(v6) => offset(v6.header().slice()),
        LaxNetSlice::Arp(_) => return None,
    };
    let (ip, stopped) = LaxIpSlice::from_slice(&frame[network..]).ok()?;
    let payload = ip.payload();
    let transport = offset(payload.payload);
    (stopped.is_none() && !payload.fragmented).then_some((
        network,
        transport,
        transport + payload.payload.len(),
        payload.ip_number.0,
    ))
}

proptest! {
    #[test]
    fn the_short_path_finds_what_the_long_one_finds((frame, sent) in mutated()) {
        if let Some(layout) = fast(&frame, sent) {
            prop_assert_eq!(peel_slowly(&packet(&frame, sent)), Peeled::Ip(layout));
        }
    }

    #[test]
    fn plain_frames_take_the_short_path(frame in frames()) {
        let double = frame[12..14] == [0x88, 0xa8];
        let layout = fast(&frame, frame.len());
        let parsed = SlicedPacket::from_ethernet(&frame).unwrap();
        let overlay = matches!(&parsed.transport, Some(etherparse::TransportSlice::Udp(udp))
            if [4789, 8472, 6081, 2152, 3544, 1701].contains(&udp.destination_port())
                || [2152, 3544, 1701].contains(&udp.source_port()));
        prop_assert_eq!(layout.is_some(), !overlay && !double);
    }

    #[test]
    fn both_find_what_etherparse_finds((frame, sent) in mutated()) {
        let (Peeled::Ip(layout), Some(found)) = (peel(&packet(&frame, sent)), oracle(&frame)) else { return Ok(()) };
        let (network, transport, end, protocol) = found;
        // What etherparse does not look into: tunnels, tags of old, some extension headers.
        if usize::from(layout.network) != network || [135, 139, 140].contains(&protocol) {
            return Ok(());
        }
        prop_assert_eq!((usize::from(layout.transport), layout.protocol()), (transport, protocol));
        prop_assert_eq!(layout.end().min(frame.len()), end);
        let ethernet = Ethernet2Slice::from_slice_without_fcs(&frame).unwrap();
        prop_assert_eq!(layout.source_mac(&frame), Some(Mac(ethernet.source())));
        prop_assert_eq!(layout.destination_mac(&frame), Some(Mac(ethernet.destination())));
        let parsed = LaxSlicedPacket::from_ethernet(&frame).unwrap();
        let vlan = parsed.link_exts.first().and_then(|tag| match tag {
            LaxLinkExtSlice::Vlan(tag) => Some(tag.vlan_identifier().value()),
            LaxLinkExtSlice::Macsec(_) => None,
        });
        prop_assert_eq!(layout.vlan(), vlan);
    }

    #[test]
    fn valid_frames_are_all_read(frame in frames()) {
        let found = oracle(&frame).unwrap();
        let Peeled::Ip(layout) = peel_slowly(&packet(&frame, frame.len())) else {
            // A datagram to an overlay's port, with something else inside.
            prop_assert_eq!(found.3, protocol::UDP);
            return Ok(());
        };
        let place = (usize::from(layout.network), usize::from(layout.transport), layout.end(), layout.protocol());
        prop_assert_eq!(place, found);
        let tagged = matches!(SlicedPacket::from_ethernet(&frame).unwrap().vlan(), Some(VlanSlice::SingleVlan(_) | VlanSlice::DoubleVlan(_)));
        prop_assert_eq!(layout.vlan(), tagged.then_some(VLAN_ID));
    }

    /// Chains of extension headers, whole, broken and cut.
    #[test]
    fn ipv6_extension_headers(
        chain in prop::collection::vec((prop::sample::select(vec![0u8, 43, 44, 51, 60]), any::<[u8; 24]>(), 0u8..3), 0..6),
        short in -9isize..9,
        cut in any::<prop::sample::Index>(),
    ) {
        let mut frame = [&[2u8; 12][..], &[0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, 6, 64], &[9; 32]].concat();
        let mut link = 20;
        for (kind, content, units) in chain {
            frame[link] = kind;
            link = frame.len();
            let length = if kind == 44 { 8 } else if kind == 51 { 4 * (usize::from(units) + 2) } else { 8 * (usize::from(units) + 1) };
            frame.extend(&content[..length.min(24)]);
            frame[link] = 6;
            frame[link + 1] = units;
        }
        frame.extend([7; 20]);
        let length = (frame.len() - 54).saturating_add_signed(short) as u16;
        frame[18..20].copy_from_slice(&length.to_be_bytes());
        let sent = frame.len();
        for frame in [&frame[..], &frame[..cut.index(sent + 1)]] {
            let parsed = LaxSlicedPacket::from_ethernet(frame);
            let (ours, theirs) = (peel_slowly(&packet(frame, sent)), oracle(frame));
            match ours {
                Peeled::Ip(layout) => {
                    let (network, transport, end, protocol) = theirs.unwrap();
                    prop_assert_eq!((usize::from(layout.network), usize::from(layout.transport)), (network, transport));
                    prop_assert_eq!((layout.end().min(frame.len()), layout.protocol()), (end, protocol));
                }
                Peeled::Fragment(layout, piece) => {
                    prop_assert!(piece.more || piece.offset > 0);
                    prop_assert!(usize::from(layout.transport) <= frame.len());
                }
                Peeled::Stopped(_) => prop_assert!(theirs.is_none(), "{:?} {:?}", ours, parsed),
                Peeled::Arp(_) => prop_assert!(false),
            }
        }
    }

    #[test]
    fn nothing_panics_and_offsets_are_sound(
        link in prop::sample::select(vec![
            0u16, 1, 6, 9, 10, 12, 14, 50, 51, 101, 104, 105, 107, 108, 113, 119, 127, 163, 228, 229, 276, 9999,
        ]),
        start in prop::sample::select(vec![
            &[][..], &[0x45], &[0x60], &[2, 0, 0, 0, 0x45], &[0, 4, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 8, 0, 0x45],
            &[1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 8, 0, 0x45, 0, 0, 99, 0, 0, 0, 0, 9, 47],
            &[1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 0x88, 0x47],
            &[1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 0x88, 0x64, 0x11, 0, 0, 1],
            &[1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 0x88, 0xe5, 0x20],
            &[0, 0, 8, 0, 0, 0, 0, 0, 8], &[0, 0, 9, 0, 2, 0, 0, 0], &[0x88, 0], &[0x88, 0x83], &[0xff, 3, 0, 0x21, 0x45],
            &[0x18, 0x41, 3, 0xcc, 0x45], &[0x0f, 0, 8, 0],
            &[0x45, 0, 0, 200, 0, 0, 0, 0, 9, 17, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 8, 0x68, 8, 0x68, 0, 180, 0, 0, 0x34, 255],
            &[0x45, 0, 0, 200, 0, 0, 0, 0, 9, 17, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 0xd, 0xd8, 6, 0xa5, 0, 180, 0, 0, 0],
            &[0x45, 0, 0, 200, 0, 0, 0, 0, 9, 17, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 6, 0xa5, 6, 0xa5, 0, 180, 0, 0, 0, 2],
            &[0x45, 0, 0, 200, 0, 0, 0, 0, 9, 47, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 0x30, 1, 0x88, 0x0b],
        ]),
        rest in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(vec![0u8, 0x45, 0x60, 4, 6, 8, 17, 41, 47, 0x81, 0x88])], 0..200),
        unsent in 0usize..2000,
    ) {
        let frame = [start, &rest].concat();
        let found = peel(&Packet { link: LinkType(link), ..packet(&frame, frame.len() + unsent) });
        if let Peeled::Ip(layout) | Peeled::Fragment(layout, _) = found {
            prop_assert!(layout.network < layout.transport && usize::from(layout.transport) <= frame.len());
            prop_assert!(usize::from(layout.transport) <= layout.end() && layout.end() <= frame.len() + unsent);
            prop_assert!(layout.source_mac(&frame).is_none_or(|_| layout.network > 0));
        }
    }
}

#[test]
fn a_layout_is_small() {
    assert_eq!(size_of::<Layout>(), 16);
}
