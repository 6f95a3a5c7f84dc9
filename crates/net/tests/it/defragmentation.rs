//! Fragments, in and out of order, whole and broken.

use crate::frames::*;
use proptest::prelude::*;
use wardtap_net::checksum;
use wardtap_net::defragment::*;
use wardtap_net::packet::{LinkType, Packet, Timestamp};
use wardtap_net::peel::{Layout, Peeled, peel};

struct Host {
    fragments: Defragmenter,
    now: Timestamp,
}

impl Host {
    fn new() -> Self {
        Self { fragments: Defragmenter::default(), now: Timestamp::from_seconds(1000) }
    }

    fn take(&mut self, frame: &[u8]) -> Outcome {
        self.snapped(frame, frame.len())
    }

    fn snapped(&mut self, frame: &[u8], captured: usize) -> Outcome {
        let bytes = &frame[..captured];
        let packet = Packet { time: self.now, link: LinkType::ETHERNET, bytes, sent: frame.len() as u32 };
        match peel(&packet) {
            Peeled::Fragment(layout, piece) => self.fragments.take(&packet, &layout, &piece),
            other => panic!("{other:?}"),
        }
    }

    /// Takes fragments of which the last completes the datagram.
    #[track_caller]
    fn whole(&mut self, frames: &[Vec<u8>]) -> Vec<u8> {
        let (last, others) = frames.split_last().unwrap();
        for frame in others {
            assert_eq!(self.take(frame), Outcome::Kept);
        }
        match self.take(last) {
            Outcome::Whole(frame) => {
                assert_eq!(self.fragments.held_bytes(), 0);
                frame
            }
            other => panic!("{other:?}"),
        }
    }
}

fn datagram() -> Vec<u8> {
    udp(40_000, 161, &(0..80).collect::<Vec<u8>>())
}

/// IPv4 fragments of `datagram`, cut at the offsets given.
fn pieces4(id: u16, datagram: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
    pieces(datagram, cuts)
        .map(|(offset, more, bytes)| {
            let fragment = (offset / 8) as u16 | if more { 0x2000 } else { 0 };
            ethernet(IPV4, &V4 { id, fragment, options: &[1; 4], ..V4 }.packet(17, bytes))
        })
        .collect()
}

fn pieces6(id: u32, next: u8, datagram: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
    pieces(datagram, cuts)
        .map(|(offset, more, bytes)| {
            let fragment = fragment6(next, id, offset as u16, more, bytes);
            ethernet(IPV6, &ipv6(0, &extension(44, 0, &fragment)))
        })
        .collect()
}

fn pieces<'a>(datagram: &'a [u8], cuts: &'a [usize]) -> impl Iterator<Item = (usize, bool, &'a [u8])> {
    let starts = [0].into_iter().chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain([datagram.len()]);
    starts.zip(ends).map(|(start, end)| (start, end != datagram.len(), &datagram[start..end]))
}

#[track_caller]
fn holds(frame: &[u8], expected: &[u8]) -> Layout {
    let layout = layout(LinkType::ETHERNET, frame);
    assert_eq!((layout.protocol(), layout.end()), (17, frame.len()));
    assert_eq!(&frame[usize::from(layout.transport)..], expected);
    assert_eq!(layout.source_mac(frame).unwrap().0, SOURCE_MAC);
    assert_eq!(layout.destination_mac(frame).unwrap().0, DESTINATION_MAC);
    assert!(!checksum::is_wrong(&packet(LinkType::ETHERNET, frame), &layout));
    layout
}

#[test]
fn in_any_order() {
    let cuts = [16, 40, 48];
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]] {
        for frames in [pieces4(7, &datagram(), &cuts), pieces6(7, 17, &datagram(), &cuts)] {
            let mut host = Host::new();
            let whole = host.whole(&order.map(|index| frames[index].clone()));
            holds(&whole, &datagram());
            assert_eq!((host.fragments.reassembled, host.fragments.given_up), (1, 0));
        }
    }
}

#[test]
fn the_first_fragment_s_header_with_its_options_is_kept() {
    let whole = Host::new().whole(&pieces4(7, &datagram(), &[8]));
    assert_eq!((whole[14], &whole[34..38]), (0x46, &[1; 4][..]));
    assert_eq!(&whole[18..22], [0, 7, 0, 0], "its identification, and no flags");
}

/// What is a wrong checksum in the first fragment is one in the datagram.
#[test]
fn a_wrong_header_checksum_stays_wrong() {
    let mut frames = pieces4(7, &datagram(), &[8]);
    frames[0][24] ^= 1;
    let whole = Host::new().whole(&frames);
    let layout = layout(LinkType::ETHERNET, &whole);
    assert!(checksum::is_wrong(&packet(LinkType::ETHERNET, &whole), &layout));
}

/// The extension headers behind the fragment header are cut as everything else is.
#[test]
fn ipv6_extension_headers_across_fragments() {
    let payload = extension(17, 3, &datagram());
    let whole = Host::new().whole(&pieces6(9, 60, &payload, &[16, 40]));
    holds(&whole, &datagram());
}

#[test]
fn conversations_are_kept_apart() {
    let mut host = Host::new();
    let (a, b) = (pieces4(7, &datagram(), &[16]), pieces4(8, &datagram(), &[16]));
    let other_source: Vec<_> = pieces(&datagram(), &[16])
        .map(|(offset, more, bytes)| {
            let fragment = (offset / 8) as u16 | if more { 0x2000 } else { 0 };
            ethernet(IPV4, &V4 { id: 7, fragment, source: [10, 0, 0, 9], ..V4 }.packet(17, bytes))
        })
        .collect();
    for frame in [&a[0], &b[0], &other_source[0]] {
        assert_eq!(host.take(frame), Outcome::Kept);
    }
    for frame in [&a[1], &b[1], &other_source[1]] {
        assert!(matches!(host.take(frame), Outcome::Whole(_)));
    }
    assert_eq!((host.fragments.held_bytes(), host.fragments.reassembled), (0, 3));
}

#[test]
fn copies_change_nothing() {
    let mut host = Host::new();
    let frames = pieces4(7, &datagram(), &[16, 40]);
    for frame in [&frames[0], &frames[0], &frames[2], &frames[2]] {
        assert_eq!(host.take(frame), Outcome::Kept);
    }
    assert!(matches!(host.take(&frames[1]), Outcome::Whole(_)));
    // And the mirror's copies of those that came last.
    for frame in &frames {
        assert_eq!(host.take(frame), Outcome::Kept);
    }
    assert_eq!((host.fragments.copies, host.fragments.held_bytes(), host.fragments.given_up), (5, 0, 0));
    // Later it is another datagram with the same number.
    host.now = host.now.plus(11_000_000);
    host.whole(&frames);
    assert_eq!(host.fragments.reassembled, 2);
}

#[test]
fn overlaps_give_the_datagram_up() {
    let frames = pieces4(7, &datagram(), &[16, 40, 64]);
    let piece = |offset: usize, more: bool, bytes: &[u8]| {
        let fragment = (offset / 8) as u16 | if more { 0x2000 } else { 0 };
        ethernet(IPV4, &V4 { id: 7, fragment, ..V4 }.packet(17, bytes))
    };
    for (hostile, what) in [
        (piece(16, true, &[9; 24]), "other bytes"),
        (piece(8, true, &[9; 16]), "over the front"),
        (piece(32, true, &[9; 16]), "over the back"),
        (piece(16, true, &[9; 8]), "inside"),
        (piece(0, true, &[9; 80]), "around"),
        (piece(16, false, &datagram()[16..40]), "the same, said to be the last"),
        (piece(24, false, &[9; 3]), "an end before the end"),
    ] {
        let mut host = Host::new();
        assert_eq!(host.take(&frames[1]), Outcome::Kept);
        assert_eq!(host.take(&hostile), Outcome::GivenUp, "{what}");
        assert_eq!((host.fragments.overlapping, host.fragments.given_up), (1, 2), "{what}");
        assert_eq!(host.fragments.held_bytes(), 0);
    }
    // Two ends.
    for (end, what) in
        [(piece(96, false, &[9; 8]), "later"), (piece(48, true, &[9; 40]), "none"), (piece(80, true, &[9; 8]), "more")]
    {
        let mut host = Host::new();
        assert_eq!(host.take(&frames[3]), Outcome::Kept);
        assert_eq!(host.take(&end), Outcome::GivenUp, "{what}");
    }
}

#[test]
fn fragments_that_cannot_be() {
    let piece = |offset: usize, more: bool, bytes: &[u8]| {
        let fragment = (offset / 8) as u16 | if more { 0x2000 } else { 0 };
        ethernet(IPV4, &V4 { id: 7, fragment, ..V4 }.packet(17, bytes))
    };
    for (frame, what) in [
        (piece(65_528, false, &[0; 16]), "ping of death"),
        (piece(8, true, &[0; 12]), "no multiple of 8"),
        (piece(8, false, &[]), "empty"),
    ] {
        let mut host = Host::new();
        assert_eq!(host.take(&piece(0, true, &[0; 8])), Outcome::Kept);
        assert_eq!(host.take(&frame), Outcome::GivenUp, "{what}");
        assert_eq!((host.fragments.given_up, host.fragments.held_bytes()), (2, 0));
    }
    // Each fragment is possible, the whole is not: 65,528 octets and a header.
    let mut host = Host::new();
    let payload = vec![0; 65_528];
    let frames = pieces4(7, &payload, &[30_000, 60_000]);
    for frame in &frames[..2] {
        assert_eq!(host.take(frame), Outcome::Kept);
    }
    assert_eq!(host.take(&frames[2]), Outcome::GivenUp);
    assert_eq!((host.fragments.given_up, host.fragments.held_bytes()), (3, 0));
}

#[test]
fn captured_short() {
    let mut host = Host::new();
    let frames = pieces4(7, &datagram(), &[16]);
    assert_eq!(host.take(&frames[0]), Outcome::Kept);
    assert_eq!(host.snapped(&frames[1], frames[1].len() - 1), Outcome::GivenUp);
    assert_eq!((host.fragments.given_up, host.fragments.held_bytes()), (2, 0));
}

#[test]
fn behind_tags_and_in_tunnels() {
    let inner = pieces4(7, &datagram(), &[16, 40]);
    let wrap = |frame: &Vec<u8>| {
        let tagged = ethernet(0x8100, &vlan(8, IPV4, &frame[14..]));
        let header = join(&[&[8, 0, 0, 0], &(5u32 << 8).to_be_bytes(), &tagged]);
        ethernet(0x8100, &vlan(3, IPV4, &ipv4(17, &udp(50_000, 4789, &header))))
    };
    let frames: Vec<_> = inner.iter().map(wrap).collect();
    let whole = Host::new().whole(&frames);
    let found = holds(&whole, &datagram());
    let Peeled::Fragment(fragment, _) = peeled(LinkType::ETHERNET, &frames[2]) else { unreachable!() };
    let inherited = found.inherit(&fragment);
    assert_eq!((inherited.vlan(), inherited.tunnel), (Some(3), 5));
    assert_eq!(
        (inherited.network, inherited.transport, inherited.end()),
        (found.network, found.transport, found.end())
    );
    // The tunnel's own packets in fragments.
    let outer = ipv4(17, &udp(50_000, 4789, &join(&[&[8, 0, 0, 0, 0, 0, 5, 0], &plain()])));
    let whole = Host::new().whole(&pieces4(9, &outer[20..], &[48]));
    assert_eq!(layout(LinkType::ETHERNET, &whole).tunnel, 5);
    finds_plain(LinkType::ETHERNET, &whole);
}

#[test]
fn incomplete_for_too_long() {
    let mut host = Host::new();
    let frames = pieces4(7, &datagram(), &[16, 40]);
    host.take(&frames[0]);
    host.take(&frames[1]);
    host.fragments.tick(Timestamp::from_nanos(host.now.nanos() + TIMEOUT_NANOS - 1));
    assert_eq!(host.fragments.given_up, 0);
    host.fragments.tick(Timestamp::EPOCH);
    host.fragments.tick(Timestamp::from_nanos(host.now.nanos() + TIMEOUT_NANOS));
    assert_eq!((host.fragments.given_up, host.fragments.held_bytes()), (2, 0));
    assert_eq!(host.take(&frames[2]), Outcome::Kept, "the start of another");
    host.fragments.finish();
    assert_eq!((host.fragments.given_up, host.fragments.held_bytes()), (3, 0));
}

#[test]
fn limits() {
    // Too many datagrams: the oldest go.
    let mut host = Host::new();
    for id in 0..DATAGRAMS_MAX as u16 + 10 {
        host.take(&pieces4(id, &datagram(), &[16])[0]);
    }
    assert_eq!(host.fragments.given_up, 10);
    assert_eq!(host.fragments.held_bytes(), DATAGRAMS_MAX * (16 + PIECE_COST));
    assert!(matches!(host.take(&pieces4(10, &datagram(), &[16])[1]), Outcome::Whole(_)));
    assert!(matches!(host.take(&pieces4(9, &datagram(), &[16])[1]), Outcome::Kept));
    // Too many octets.
    let mut host = Host::new();
    for id in 0..100 {
        host.take(&pieces4(id, &vec![0; 60_000], &[59_992])[0]);
        assert!(host.fragments.held_bytes() <= HELD_MAX);
    }
    assert_eq!(host.fragments.given_up, 100 - HELD_MAX as u64 / (59_992 + PIECE_COST as u64));
    // Too many pieces.
    let mut host = Host::new();
    let cuts: Vec<usize> = (1..=PIECES_MAX).map(|piece| piece * 8).collect();
    let frames = pieces4(7, &vec![0; 8 * PIECES_MAX + 8], &cuts);
    for frame in &frames[..PIECES_MAX] {
        assert_eq!(host.take(frame), Outcome::Kept);
    }
    assert_eq!(host.take(&frames[PIECES_MAX]), Outcome::GivenUp);
    assert_eq!((host.fragments.held_bytes(), host.fragments.overlapping), (0, 0));
    assert_eq!(host.fragments.given_up, PIECES_MAX as u64 + 1);
}

proptest! {
    #[test]
    fn any_cut_in_any_order_with_copies(
        payload in prop::collection::vec(any::<u8>(), 9..600),
        at in prop::collection::btree_set(2usize..75, 0..10),
        order in any::<[u8; 32]>(),
        is_v6 in any::<bool>(),
    ) {
        let cuts: Vec<usize> =
            [1].into_iter().chain(at).map(|units| units * 8).filter(|&cut| cut < payload.len()).collect();
        let datagram = udp(1, 2, &payload);
        let frames = if is_v6 { pieces6(3, 17, &datagram, &cuts) } else { pieces4(3, &datagram, &cuts) };
        let mut sent: Vec<(u8, &Vec<u8>)> =
            order.iter().copied().zip(frames.iter().chain(&frames[..frames.len() / 2])).collect();
        sent.sort();
        let mut host = Host::new();
        let mut found = Vec::new();
        for (_, frame) in sent {
            if let Outcome::Whole(frame) = host.take(frame) {
                found.push(frame);
            }
        }
        prop_assert_eq!(found.len(), 1);
        holds(&found[0], &datagram);
        prop_assert_eq!((host.fragments.held_bytes(), host.fragments.copies), (0, frames.len() as u64 / 2));
    }

    /// Whatever comes, what is held is under the limit, and in the end nothing is held or lost sight of.
    #[test]
    fn every_octet_is_accounted_for(
        fragments in prop::collection::vec((0u16..3, 0u16..24, 0usize..40, any::<bool>(), any::<bool>(), 0u64..9), 0..120)
    ) {
        let mut host = Host::new();
        let (mut taken, mut used) = (0u64, 0u64);
        for (id, offset, length, more, is_v6, wait) in fragments {
            if offset == 0 && !more {
                continue;
            }
            host.now = host.now.plus(wait * 1_000_000_000);
            host.fragments.tick(host.now);
            let bytes = vec![0; length];
            let frame = if is_v6 {
                ethernet(IPV6, &ipv6(44, &fragment6(17, id.into(), offset * 8, more, &bytes)))
            } else {
                ethernet(IPV4, &V4 { id, fragment: offset | u16::from(more) << 13, ..V4 }.packet(17, &bytes))
            };
            taken += 1;
            let before = host.fragments.copies;
            if let Outcome::Whole(frame) = host.take(&frame) {
                prop_assert!(matches!(peeled(LinkType::ETHERNET, &frame), Peeled::Ip(_) | Peeled::Stopped(_)));
            }
            used += host.fragments.copies - before;
            prop_assert!(host.fragments.held_bytes() <= HELD_MAX);
        }
        host.fragments.finish();
        prop_assert_eq!(host.fragments.held_bytes(), 0);
        prop_assert!(host.fragments.given_up + used <= taken);
    }
}
