//! Properties: whatever comes, and however it is cut.

use super::streams::{DATA, ECHO, READ, brief};
use super::*;

fn chunk(side: Side, bytes: &[u8]) -> Chunk<'_> {
    Chunk { side, time: Timestamp::EPOCH, frame: 1, bytes }
}

/// Feeds the dissector itself, as its caller does: the rest of each chunk is kept and given again.
fn feed(flow: &FlowFacts, steps: &[Step], cut: usize) -> Transcript {
    let mut dissector = ModbusDissector::new(flow);
    let mut held = [Vec::new(), Vec::new()];
    let mut found = Transcript::default();
    for step in steps {
        match step {
            Step::Gap(side, missing) => {
                let held = std::mem::take(side.of_mut(&mut held));
                dissector.gap(&Gap { side: *side, held: chunk(*side, &held), missing: *missing }, &mut found);
            }
            Step::Bytes(side, bytes) => {
                for piece in bytes.chunks(cut) {
                    let held: &mut Vec<u8> = side.of_mut(&mut held);
                    held.extend_from_slice(piece);
                    let took = match dissector.dissect(&chunk(*side, held), &mut found) {
                        crate::Progress::All => held.len(),
                        crate::Progress::Need { took, more } => {
                            assert!(more > 0 && took <= held.len() && held.len() - took + more <= 268);
                            took
                        }
                    };
                    held.drain(..took);
                }
            }
        }
    }
    dissector.finish([chunk(Side::A, &held[0]), chunk(Side::B, &held[1])], &mut found);
    found
}

fn pdu() -> impl Strategy<Value = Vec<u8>> {
    let golden: Vec<&[u8]> = vec![
        READ,
        DATA,
        ECHO,
        &[1, 0, 0x13, 0, 0x13],
        &[1, 3, 0xcd, 0x6b, 5],
        &[7],
        &[7, 1],
        &[8, 0, 0, 0xa5, 0x37],
        &[0x0f, 0, 0x13, 0, 0x0a, 2, 0xcd, 1],
        &[0x10, 0, 1, 0, 1, 2, 0, 0],
        &[0x10, 0, 1, 0, 1],
        &[0x83, 2],
        &[0x17, 0, 3, 0, 6, 0, 0x0e, 0, 1, 2, 0, 0xff],
        &[0x2b, 0x0e, 1, 0],
        &[90, 1, 2, 3],
        &[0x18, 4, 0xde],
        &[0x14, 7, 6, 0, 4, 0, 1, 0, 2],
        &[0x2b, 0x0e, 1, 1, 0, 0, 1, 0, 2, b'A', b'B'],
        &[0x16, 0, 4, 0, 0, 0, 0],
    ];
    prop_oneof![
        6 => proptest::sample::select(golden).prop_map(<[u8]>::to_vec),
        1 => proptest::collection::vec(any::<u8>(), 1..253),
    ]
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::A), Just(Side::B)]
}

fn step() -> impl Strategy<Value = Step> {
    // Small numbers and zeros, of which headers are made.
    let small = prop_oneof![4 => Just(0u8), 3 => 1u8..9, 1 => any::<u8>()];
    prop_oneof![
        8 => (side(), 0u16..4, 1u8..3, pdu()).prop_map(|(side, id, unit, pdu)| Step::Bytes(side, adu(id, unit, &pdu))),
        1 => (side(), proptest::collection::vec(small, 1..60)).prop_map(|(side, bytes)| Step::Bytes(side, bytes)),
        1 => (side(), proptest::collection::vec(any::<u8>(), 1..60)).prop_map(|(side, bytes)| Step::Bytes(side, bytes)),
        1 => (side(), 0u16..4, pdu(), 1usize..20).prop_map(|(side, id, pdu, length)| {
            let bytes = adu(id, 1, &pdu);
            let length = length.min(bytes.len());
            Step::Bytes(side, bytes[..length].to_vec())
        }),
        1 => (side(), proptest::option::of(0u64..40)).prop_map(|(side, missing)| Step::Gap(side, missing)),
    ]
}

fn flow() -> impl Strategy<Value = FlowFacts> {
    proptest::sample::select(vec![
        ON_502,
        MIDDLE,
        UNKNOWN,
        FlowFacts { originator: Some(Side::B), from_start: [true; 2], ..UNKNOWN },
        FlowFacts { originator: Some(Side::B), ..ON_502 },
        FlowFacts { ports: [502, 502], ..ON_502 },
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// The dissector: whatever comes, the same messages and the same anomalies however it is cut.
    #[test]
    fn cuts_do_not_show(flow in flow(), steps in proptest::collection::vec(step(), 1..24), cut in 1usize..40) {
        let whole = feed(&flow, &steps, usize::MAX);
        let pieces = feed(&flow, &steps, cut);
        prop_assert_eq!(whole, pieces);
    }

    /// The same through the naming of the flow, where something that names it comes first.
    #[test]
    fn cuts_do_not_show_in_named_flows(
        flow in flow(),
        steps in proptest::collection::vec(step(), 1..24),
        lengths in proptest::collection::vec(1usize..40, 1..6),
    ) {
        let named = [ask(1, READ), ask(2, READ)].into_iter().chain(steps).collect::<Vec<_>>();
        exercise(&flow, &named, &lengths);
    }

    /// Good ADUs are all found, in order, whatever the functions are.
    #[test]
    fn every_sound_adu_is_one_message(adus in proptest::collection::vec((side(), any::<u16>(), any::<u8>(), pdu()), 1..40)) {
        let steps: Vec<_> =
            adus.iter().map(|(side, id, unit, pdu)| Step::Bytes(*side, adu(*id, *unit, pdu))).collect();
        let found = feed(&ON_502, &steps, 5);
        let ids: Vec<_> = adus.iter().map(|(_, id, unit, pdu)| format!("{}/{id}/{unit}", pdu[0] & 0x7f)).collect();
        let seen: Vec<_> = brief(&found)
            .iter()
            .map(|line| {
                let mut words = line.split([' ', '+']).skip(1);
                format!("{}/{}", words.next().unwrap(), words.next().unwrap())
            })
            .collect();
        prop_assert_eq!(ids, seen);
    }

    /// Behind any garbage, an ADU of the unit seen before is found: at the latest the second.
    #[test]
    fn garbage_ends(garbage in proptest::collection::vec(any::<u8>(), 0..700)) {
        let tail: Vec<_> = (100..140).map(|number| adu(number, 1, READ)).collect();
        let steps = [ask(1, READ), Step::Bytes(Side::A, [garbage, tail.concat()].concat())];
        let found = feed(&ON_502, &steps, usize::MAX);
        let brief = brief(&found);
        prop_assert_eq!(brief.last().map(String::as_str), Some("asks 3 139/1"));
    }
}
