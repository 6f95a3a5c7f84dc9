//! What holds of every capture: the format does not show, nor how the bytes arrive; and no damage is more than damage.

use std::io::Cursor;

use proptest::prelude::*;
use wardtap_capture::open_bytes;

use crate::writer::{Choppy, Order, Packet, drain, gzip, numbered, pcap, pcapng, read, zstd};

/// How many cases: `PROPTEST_CASES`, or so many where it is not set.
pub(crate) fn cases(usual: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}

/// Some packets, small and large, at microseconds.
fn packets() -> impl Strategy<Value = Vec<Packet>> {
    let bytes = prop_oneof![
        8 => prop::collection::vec(any::<u8>(), 0..200),
        1 => (200_usize..70_000, any::<u8>()).prop_map(|(length, octet)| vec![octet; length]),
    ];
    let packet = (0_u64..4_000_000_000_000_000, bytes, prop_oneof![Just(0_u32), 0_u32..100_000]);
    (prop::collection::vec(packet, 0..40), prop_oneof![Just(1_u16), Just(101), Just(276)]).prop_map(
        |(packets, link)| {
            let packets: Vec<_> =
                packets.into_iter().map(|(micros, bytes, more)| (micros * 1000, bytes, more)).collect();
            numbered(&packets, link)
        },
    )
}

/// The same packets in every way they can be stored.
fn stored(packets: &[Packet]) -> Vec<(&'static str, Vec<u8>)> {
    let (little, big) = (Order { big: false }, Order { big: true });
    let plain = vec![
        ("pcap little micro", pcap(little, false, packets)),
        ("pcap big micro", pcap(big, false, packets)),
        ("pcap little nano", pcap(little, true, packets)),
        ("pcap big nano", pcap(big, true, packets)),
        ("pcapng little", pcapng(little, packets)),
        ("pcapng big", pcapng(big, packets)),
    ];
    let packed = vec![
        ("gzip", gzip(&plain[0].1, 1)),
        ("gzip of three members", gzip(&plain[5].1, 3)),
        ("gzip with padding", [gzip(&plain[2].1, 1), vec![0; 512]].concat()),
        ("zstd", zstd(&plain[1].1, 1)),
        ("zstd of three frames", zstd(&plain[4].1, 3)),
    ];
    [plain, packed].concat()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(48), ..ProptestConfig::default() })]

    #[test]
    fn the_format_does_not_show(packets in packets()) {
        for (how, bytes) in stored(&packets) {
            let (got, damage) = read(bytes);
            prop_assert_eq!(&damage, &vec![], "{}", how);
            prop_assert_eq!(&got, &packets, "{}", how);
        }
    }

    #[test]
    fn how_the_bytes_arrive_does_not_show(packets in packets(), steps in prop::collection::vec(1_usize..5000, 1..4)) {
        for (how, bytes) in stored(&packets) {
            let total = bytes.len() as u64;
            let reader = Choppy { bytes, at: 0, steps: steps.clone(), turn: 0 };
            let mut source = open_bytes("test", Box::new(reader)).unwrap();
            prop_assert_eq!(&drain(&mut *source), &packets, "{}", how);
            prop_assert_eq!(&source.damage(), &vec![], "{}", how);
            let input = &source.inputs()[0];
            prop_assert_eq!(input.bytes, total, "{}", how);
            prop_assert_eq!(input.packets, packets.len() as u64);
            prop_assert_eq!(input.first.map(|time| time.nanos()), packets.iter().map(|packet| packet.nanos).min());
            prop_assert_eq!(input.last.map(|time| time.nanos()), packets.iter().map(|packet| packet.nanos).max());
        }
    }

    #[test]
    fn a_capture_cut_anywhere_gives_all_before_the_cut_and_says_so(packets in packets(), at in any::<prop::sample::Index>()) {
        for (how, mut bytes) in stored(&packets) {
            let whole = bytes.len();
            bytes.truncate(at.index(whole + 1));
            let cut = bytes.len() < whole;
            let Ok(mut source) = open_bytes("test", Box::new(Cursor::new(bytes))) else {
                prop_assert!(cut, "{}", how);
                continue;
            };
            let got = drain(&mut *source);
            prop_assert!(packets.starts_with(&got), "{}", how);
            prop_assert!(source.damage().len() <= 1);
            // Without damage it was cut between two records, members or frames, or in the padding.
            if source.damage().is_empty() && !how.contains(' ') {
                prop_assert!(!cut || got.len() == packets.len(), "{}", how);
            }
        }
    }

    #[test]
    fn no_mutation_is_more_than_damage(
        packets in packets(),
        mutations in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        for (_, mut bytes) in stored(&packets) {
            for (place, octet) in &mutations {
                // The first bytes matter most: half of the mutations go there.
                let among = if octet % 2 == 0 { bytes.len() } else { bytes.len().min(80) };
                let place = place.index(among);
                bytes[place] = *octet;
            }
            match open_bytes("test", Box::new(Cursor::new(bytes))) {
                Ok(mut source) => {
                    let got = drain(&mut *source);
                    prop_assert_eq!(source.inputs()[0].packets, got.len() as u64);
                    prop_assert!(source.damage().len() <= 1);
                    for damage in source.damage() {
                        prop_assert!(!damage.to_string().is_empty());
                    }
                }
                Err(error) => prop_assert!(error.to_string().starts_with("test: ")),
            }
        }
    }
}

#[test]
fn one_byte_at_a_time() {
    let packets = numbered(&[(1000, vec![1; 60], 0), (2000, vec![], 0), (1_000_000_000, vec![3; 9000], 5)], 1);
    for (how, bytes) in stored(&packets) {
        let mut source = open_bytes("test", Box::new(Choppy { bytes, at: 0, steps: vec![1], turn: 0 })).unwrap();
        assert_eq!(drain(&mut *source), packets, "{how}");
    }
}

#[test]
fn records_larger_than_a_block_and_many_that_straddle() {
    let packets: Vec<_> =
        (0..3000_u64).map(|index| (index * 1000, vec![index as u8; (index * 7919 % 1514) as usize], 0)).collect();
    let mut packets = numbered(&packets, 1);
    packets[1500].bytes = vec![7; 262_144];
    packets[1500].sent = 262_144;
    for (how, bytes) in stored(&packets) {
        let mut source = open_bytes("test", Box::new(Cursor::new(bytes))).unwrap();
        assert!(drain(&mut *source) == packets, "{how}");
        assert!(source.copied_bytes() > 0);
    }
}
