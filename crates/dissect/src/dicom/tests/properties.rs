//! Random conversations, random bytes, random damage.

use proptest::prelude::*;
use wardtap_net::stream::Side;

use super::super::command::Command;
use super::wire::*;
use crate::exercise::Step;

/// A PDU of some message; not always a sensible one.
fn any_pdu() -> impl Strategy<Value = Vec<u8>> {
    let control = prop_oneof![Just(0u8), Just(1), Just(2), Just(3), any::<u8>()];
    prop_oneof![
        Just(associate_rq()),
        Just(associate_ac()),
        (0u8..4, 0u8..4, 0u8..8).prop_map(|(result, source, reason)| pdu(3, &[0, result, source, reason])),
        Just(pdu(5, &[0; 4])),
        Just(pdu(6, &[0; 4])),
        Just(pdu(7, &[0, 0, 2, 1])),
        (1u16..4).prop_map(|id| data(1, 3, &store_rq(id))),
        (1u16..4).prop_map(|id| data(3, 3, &request(0x0020, id, STUDY_ROOT_FIND, true))),
        (1u16..4, any::<bool>()).prop_map(|(id, more)| data(3, 3, &response(0x8020, id, 0xff00, more))),
        Just(data(3, 2, &query("SERIES"))),
        (0usize..2000, control.clone()).prop_map(|(pixels, control)| data(1, control, &patient(pixels))),
        (prop::collection::vec(any::<u8>(), 0..60), control, any::<u8>())
            .prop_map(|(bytes, control, context)| data(context, control, &bytes)),
        prop::collection::vec(any::<u8>(), 0..40),
    ]
}

fn any_conversation() -> impl Strategy<Value = Vec<Step>> {
    let side = prop_oneof![Just(Side::A), Just(Side::B)];
    let step = prop_oneof![
        12 => (side.clone(), any_pdu()).prop_map(|(side, bytes)| Step::Bytes(side, bytes)),
        1 => (side, prop::option::of(0u64..3000)).prop_map(|(side, missing)| Step::Gap(side, missing)),
    ];
    prop::collection::vec(step, 0..24)
}

proptest! {
    #[test]
    fn conversations(
        steps in any_conversation(),
        lengths in prop::collection::vec(1usize..200, 1..6),
        start in any::<bool>(),
        damage in prop::collection::vec((0usize..24, any::<prop::sample::Index>(), any::<u8>()), 0..3),
    ) {
        let mut all = vec![a(associate_rq())];
        all.extend(steps);
        for (step, place, value) in damage {
            if let Some(Step::Bytes(_, bytes)) = all.get_mut(step + 1)
                && !bytes.is_empty()
            {
                let place = place.index(bytes.len());
                bytes[place] = value;
            }
        }
        let flow = if start { from_start() } else { midstream() };
        same_however_cut(&flow, &all, &[&lengths]);
    }

    #[test]
    fn any_bytes(
        bytes in prop::collection::vec(prop_oneof![3 => 0u8..8, 1 => any::<u8>()], 0..600),
        lengths in prop::collection::vec(1usize..60, 1..6),
    ) {
        same_however_cut(&from_start(), &[a(associate_rq()), a(bytes.clone()), b(bytes)], &[&lengths]);
    }

    /// A stream whose start is lost, at any place, gives out nothing that it should not.
    #[test]
    fn shifted(cut in 1usize..600, lengths in prop::collection::vec(1usize..200, 1..4)) {
        let stream = [associate_rq(), data(1, 3, &store_rq(1)), data(1, 2, &patient(200)), data(1, 3, &store_rq(2))].concat();
        let rest = stream.get(cut..).unwrap_or_default().to_vec();
        same_however_cut(&from_start(), &[b(associate_ac()), a(rest)], &[&lengths]);
    }

    /// `dicom-parser` reads what stands there.
    #[test]
    fn command_sets(field: u16, id: u16, status: u16, counts: [u16; 4], class in "[0-2](\\.[1-9][0-9]{0,4}){1,9}") {
        let bytes = command(&[
            text(0x0002, &class),
            number(0x0100, field),
            number(0x0110, id),
            number(0x0120, id),
            number(0x0800, 0x0101),
            number(0x0900, status),
            implicit(0, 0x0901, &[1, 0, 2, 0, 3, 0, 4, 0]),
            text(0x0902, CANARIES[0]),
            number(0x1020, counts[0]),
            number(0x1021, counts[1]),
            number(0x1022, counts[2]),
            number(0x1023, counts[3]),
        ]);
        let (read, anomaly) = Command::read(&bytes);
        prop_assert_eq!(anomaly, None);
        prop_assert_eq!((read.field, read.message_id, read.responded_to, read.status), (Some(field), Some(id), Some(id), Some(status)));
        prop_assert_eq!(read.suboperations, counts.map(Some));
        prop_assert_eq!(read.sop_class.unwrap().public().to_string(), class);
        prop_assert_eq!(read.has_data_set(), Some(false));
    }

    #[test]
    fn any_command_set(bytes in prop::collection::vec(prop_oneof![4 => 0u8..4, 1 => any::<u8>()], 0..200)) {
        let _ = Command::read(&bytes);
        let mut headed = implicit(0, 0, &[0; 4]);
        headed.extend(bytes);
        let _ = Command::read(&headed);
    }
}
