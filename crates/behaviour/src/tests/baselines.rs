//! Baselines as files and as sums: merging, setting aside, accepting, and files that somebody has tampered with.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::ops::Range;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;
use crate::baseline::approval::{Accepted, Approval};
use crate::baseline::change::{Change, Changed};
use crate::baseline::difference::{How, Of, differences};
use crate::baseline::file::{Baseline, BaselineError, FrontReader, Header, LearnedCapture, StoredSite};
use crate::baseline::kept_out::KeptOut;
use crate::baseline::measure::Measure;
use crate::baseline::named::Named;
use crate::baseline::normal::{Normal, PackedKey};
use crate::baseline::points::{PointDay, PointsDay, PointsState, StoredPoints};
use crate::baseline::profile::{Profiles, Top};
use crate::baseline::results::{Means, StoredResults};
use crate::baseline::shared::Shared;
use crate::baseline::store::{
    Activity, Heard, LinkHour, LinkKey, LinkMinute, OperationDay, OperationMinute, Store, StoredDevice, StoredLink,
    StoredOperation,
};
use crate::links::points::PointRange;
use crate::parties::Parties;
use crate::scoring::Scorer;
use crate::site::Site;

const DAY: u32 = 20_000;

fn id() -> impl Strategy<Value = String> {
    prop_oneof!["ip:10\\.0\\.0\\.[1-4]", Just("outside".to_owned()), Just("group".to_owned())]
}

fn key() -> impl Strategy<Value = LinkKey> {
    let port = prop_oneof![Just(104), Just(502), Just(0)];
    (id(), id(), port).prop_map(|(initiator, responder, port)| LinkKey { initiator, responder, transport: 6, port })
}

fn hour() -> impl Strategy<Value = LinkHour> {
    (any::<[u32; 2]>(), any::<[u64; 2]>(), any::<[u64; 2]>()).prop_map(|(counts, bytes, minutes)| LinkHour {
        opened: counts[0],
        failed: counts[1],
        bytes,
        packets: bytes.map(|bytes| bytes / 100),
        minutes: minutes.map(|minutes| (minutes >> 60) as u32),
        pause: [counts[0] / 5, 7],
        peak_bytes: bytes.map(|bytes| bytes / 3),
        peak_opened: counts[0] / 2,
        gap_bytes: bytes[0],
        manners: [counts[1], counts[0] / 3, 1, 0],
    })
}

fn operation() -> impl Strategy<Value = StoredOperation> {
    let day = (any::<[u32; 4]>(), any::<[u64; 2]>()).prop_map(|(small, large)| OperationDay {
        count: small[0],
        hours: small[1] >> 8,
        bytes: large[0],
        largest: large[1],
        refused: small[2],
        peak_hour: small[3],
        ranges: [Some((large[0].min(large[1]), large[0].max(large[1]))), None],
        ..OperationDay::default()
    });
    let days = by_time(DAY..DAY + 4, day, 0..4);
    let open = by_time(
        DAY * 1440..(DAY + 4) * 1440,
        any::<[u32; 2]>().prop_map(|[count, answers]| OperationMinute { count, answers, micros: 9 }),
        0..3,
    );
    let open_hours = by_time(DAY * 24..(DAY + 4) * 24, any::<u32>(), 0..2);
    let many = by_time(DAY * 24..(DAY + 4) * 24, any::<u32>(), 0..2);
    let pauses = by_time(DAY * 24..(DAY + 4) * 24, 1..90u32, 0..4);
    (days, open, (open_hours, many, pauses), heard(), 0..2u8).prop_map(
        |(days, open, (open_hours, many, pauses), last, from)| StoredOperation {
            days,
            open,
            open_hours,
            many,
            pauses,
            last,
            from,
        },
    )
}

fn by_time<T: Debug, C: Debug + FromIterator<(u32, T)>>(
    times: Range<u32>,
    of: impl Strategy<Value = T>,
    count: Range<usize>,
) -> impl Strategy<Value = C> {
    btree_map(times, of, count).prop_map(C::from_iter)
}

fn named<T: Debug>(of: impl Strategy<Value = T>, count: Range<usize>) -> impl Strategy<Value = Named<T>> {
    btree_map("[ab]".prop_map(|name| format!("say\tdoor={name}")), of, count).prop_map(Named::from_iter)
}

fn points() -> impl Strategy<Value = StoredPoints> {
    let range = any::<[u16; 2]>().prop_map(|[one, other]| {
        let mut range = PointRange::of(one);
        range.widen(PointRange::of(other));
        range
    });
    let point = (range.clone(), any::<u32>(), any::<[bool; 2]>());
    let point = point.prop_map(|(range, still, [rose, fell])| PointDay { range, still, rose, fell });
    let day = (any::<u32>(), any::<bool>(), vec(point, 0..3));
    let day = day.prop_map(|(minutes, looped, points)| PointsDay { minutes, looped, points });
    let days = by_time(DAY..DAY + 4, day, 0..4);
    let open = by_time(DAY * 1440..(DAY + 4) * 1440, vec(range.clone(), 1..3), 0..3);
    let state = (DAY * 1440..(DAY + 4) * 1440, vec((range, any::<u32>()), 0..3));
    let state = state.prop_map(|(minute, points)| PointsState { minute, points });
    (0..2u32, days, open, state).prop_map(|(first, days, open, state)| StoredPoints { first, days, open, state })
}

fn activity() -> impl Strategy<Value = Activity> {
    (DAY * 1440..(DAY + 4) * 1440, 0..9000u32).prop_map(|(last, minutes)| Activity { last, minutes })
}

fn heard() -> impl Strategy<Value = Heard> {
    (DAY * 1440..(DAY + 4) * 1440, [0..9000u32, 0..9000u32]).prop_map(|(last, minutes)| Heard { last, minutes })
}

fn store() -> impl Strategy<Value = Store> {
    let hours = by_time(DAY * 24..(DAY + 4) * 24, hour(), 1..6);
    let minute = any::<[u64; 2]>().prop_map(|bytes| LinkMinute { bytes, opened: 3 });
    let open = by_time(DAY * 1440..(DAY + 4) * 1440, minute, 0..3);
    let operations = named(operation(), 0..3);
    let points = named(points(), 0..2);
    let means = (1..9u32, -9..0i64, 0..9i64).prop_map(|(windows, low, high)| Means { days: 1, windows, low, high });
    let results = by_time(DAY..DAY + 4, btree_map(0..9u64, means, 1..3), 1..3).prop_map(|days| StoredResults { days });
    let results = named(results, 0..2);
    let link = (hours, open, operations, points, results, (heard(), heard()), any::<u64>()).prop_map(
        |(hours, open, operations, points, results, (one, other), other_messages)| StoredLink {
            hours,
            open,
            operations,
            points,
            results,
            last: [one, other],
            other_messages,
        },
    );
    let device = (vec(DAY..DAY + 4, 1..4), vec(any::<(u64, u64)>(), 0..3), any::<Option<[u8; 6]>>(), activity());
    let device = device.prop_map(|(days, addresses, mac, activity)| {
        let pauses = days.iter().map(|day| (*day, 5)).collect();
        let vanished = days.iter().map(|day| (*day, day % 3 * 40)).collect();
        let closed = activity.last - 1;
        let mut device = StoredDevice { mac, pauses, vanished, closed, activity, ..StoredDevice::default() };
        days.into_iter().for_each(|day| device.was_there(day));
        addresses.into_iter().for_each(|address| device.has(address, 0));
        device
    });
    (btree_map("ip:10\\.0\\.0\\.[1-4]", device, 0..4), btree_map(key(), link.prop_map(Shared::from), 0..5))
        .prop_map(|(devices, links)| Store { devices, links })
}

fn kept_out() -> impl Strategy<Value = Vec<KeptOut>> {
    let one = (id(), id(), DAY..DAY + 4, prop_oneof!["sweep", "refusal-storm"], "[a-c]");
    let one =
        one.prop_map(|(device, peer, day, detection, observed)| KeptOut { device, peer, day, detection, observed });
    vec(one, 0..4)
}

fn baseline() -> impl Strategy<Value = Baseline> {
    let capture = (any::<[u8; 32]>(), 0..1000u64).prop_map(|(digest, first)| LearnedCapture {
        digest,
        first,
        last: first + 1,
        packets: 1,
    });
    let approval = ("[a-c]", 0..3u64, key(), kept_out()).prop_map(|(by, time, link, kept_out)| {
        let mut accepted = Accepted { kept_out, ..Accepted::default() };
        accepted.unmeasured.insert((link, None));
        Approval { time, by, reason: "it is".to_owned(), alerts: Vec::new(), accepted }
    });
    (store(), kept_out(), vec(capture, 0..2), vec(approval, 0..2), 1..9u32).prop_map(
        |(store, kept_out, captures, approvals, budget)| {
            let mut baseline = of_store(store);
            let front = &mut baseline.front;
            (front.kept_out, front.captures, front.approvals) = (kept_out, captures, approvals);
            baseline.calibrate(budget.into()).unwrap();
            baseline
        },
    )
}

fn of_store(store: Store) -> Baseline {
    let mut baseline = Baseline { store, ..Baseline::default() };
    baseline.front.site = StoredSite::of(&Site::default());
    baseline
}

fn merged(all: &[&Baseline]) -> Vec<u8> {
    let (first, others) = all.split_first().unwrap();
    let mut merged = (*first).clone();
    for other in others {
        merged.merge((*other).clone()).unwrap();
        // What a file between the two would hold.
        merged.calibrate(merged.front.profiles.thresholds.budget).unwrap();
        merged = Baseline::from_bytes(&merged.to_bytes().unwrap()).unwrap();
    }
    merged.to_bytes().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn merging_does_not_depend_on_order((a, b, c) in (baseline(), baseline(), baseline())) {
        prop_assert_eq!(merged(&[&a, &b]), merged(&[&b, &a]));
        let (ab, bc) = (merged(&[&a, &b]), merged(&[&b, &c]));
        let (ab, bc) = (Baseline::from_bytes(&ab).unwrap(), Baseline::from_bytes(&bc).unwrap());
        prop_assert_eq!(merged(&[&ab, &c]), merged(&[&a, &bc]));
    }

    #[test]
    fn what_is_set_aside_is_only_set_aside(all in store(), kept_out in kept_out()) {
        let mut stays = all.clone();
        let aside = stays.set_aside(&kept_out);
        for kept in &kept_out {
            for (key, link) in &stays.links {
                let between = [(&key.initiator, &key.responder), (&key.responder, &key.initiator)];
                let all_of_peer = kept.is_all_of_peer() && [&key.initiator, &key.responder].contains(&&kept.peer);
                if all_of_peer || between.contains(&(&kept.device, &kept.peer)) {
                    prop_assert!(link.hours.times().all(|hour| hour / 24 != kept.day));
                    prop_assert!(link.operations.values().all(|operation| operation.days.times().all(|day| day != kept.day)));
                }
            }
        }
        let mut both = stays;
        both.merge(aside);
        prop_assert_eq!(both, all);
    }

    #[test]
    fn a_file_holds_all_of_it(mut baseline in baseline()) {
        baseline.calibrate(5.0).unwrap();
        let file = baseline.to_bytes().unwrap();
        let Normal { profiles, links, .. } = packed(&file).unwrap();
        let mut unpacked = BTreeMap::new();
        links.each(|PackedKey { initiator, responder, transport, port }, profile, packed| {
            assert!(packed.unpack() == profile);
            let (initiator, responder) = (initiator.to_owned(), responder.to_owned());
            unpacked.insert(LinkKey { initiator, responder, transport, port }, Box::new(profile));
        }).unwrap();
        let is_the_same = Profiles { links: unpacked, ..profiles } == baseline.front.profiles;
        prop_assert!(is_the_same);
        prop_assert_eq!(Baseline::from_bytes(&file).unwrap(), baseline);
    }
}

/// What scoring goes by of a file.
fn packed(file: &[u8]) -> Result<Normal, BaselineError> {
    let mut reader = FrontReader::new(Header::of(file)?);
    file.chunks(100).for_each(|piece| reader.take(piece));
    let front = reader.first_part();
    reader.check()?;
    Normal::of(front.unwrap_or_default())
}

fn link(initiator: &str, responder: &str) -> LinkKey {
    LinkKey { initiator: initiator.to_owned(), responder: responder.to_owned(), transport: 6, port: 104 }
}

const SAY: &str = "speech say\tdoor=1";

/// Two devices that talk every day.
fn talking(days: std::ops::Range<u32>) -> Store {
    let mut store = Store::default();
    for name in ["ip:10.0.0.1", "ip:10.0.0.2"] {
        let device = store.devices.entry(name.to_owned()).or_default();
        days.clone().for_each(|day| device.was_there(day));
    }
    let stored = store.links.entry(link("ip:10.0.0.1", "ip:10.0.0.2")).or_default();
    for day in days {
        let hour =
            LinkHour { opened: 3, bytes: [1000, 2000], minutes: [1, 1], peak_bytes: [500, 900], ..LinkHour::default() };
        *stored.hours.or_default(day * 24 + 9) = hour;
        let cell = OperationDay {
            count: 20,
            hours: 1 << 9,
            largest: 300,
            ranges: [Some((5, 9)), None],
            ..OperationDay::default()
        };
        let operation = stored.operations.or_default(SAY);
        *operation.days.or_default(day) = cell;
        operation.last = Heard { last: day * 1440 + 545, minutes: [1; 2] };
    }
    store
}

fn learned(store: Store) -> Baseline {
    let mut baseline = of_store(store);
    baseline.calibrate(5.0).unwrap();
    baseline
}

#[test]
fn what_is_accepted_is_normal_and_nothing_else_is() {
    let baseline = learned(talking(DAY..DAY + 5));
    let known = link("ip:10.0.0.1", "ip:10.0.0.2");
    let beyond = |measure, operation: Option<&str>, now, normal| Changed::Beyond {
        measure,
        operation: operation.map(ToOwned::to_owned),
        now,
        normal,
    };
    let accept = |link: &LinkKey, what: Changed| {
        let mut accepted = Accepted::default();
        accepted.add(&Change { link: link.clone(), what }, Some(Address::v4(0x0a00_0009)), &baseline.front.profiles)?;
        let mut widened = baseline.clone();
        widened.front.approvals.push(Approval { accepted, ..Approval::default() });
        widened.calibrate(5.0).unwrap();
        assert_eq!(widened.front.profiles.thresholds, baseline.front.profiles.thresholds, "thresholds stay");
        Ok::<_, crate::baseline::approval::NotAccepted>(widened.front.profiles)
    };
    let profiles = accept(&known, beyond(Measure::Value, Some(SAY), 40, 9)).unwrap();
    assert_eq!(profiles.links[&known].operations[SAY].ranges, [Some((5, 40)), None]);
    let profiles = accept(&known, beyond(Measure::MinuteBytes, None, 70_000, 900)).unwrap();
    let next = profiles.links[&known].minute_bytes.map(Top::next);
    assert_eq!(next, [500, 70_000], "the end for which that was normal");
    let profiles = accept(&known, beyond(Measure::MessageBytes, Some(SAY), 9000, 300)).unwrap();
    assert_eq!(profiles.links[&known].operations[SAY].largest.next(), 9000);
    let profiles = accept(&known, Changed::Hours { operation: None, hours: [1 << 3, 0] }).unwrap();
    assert_eq!(profiles.links[&known].hours[0].unlikely(3), 0);
    assert_eq!(profiles.links[&known].hours[0].days, baseline.front.profiles.links[&known].hours[0].days);
    let profiles = accept(&known, Changed::Operation("speech shout".to_owned())).unwrap();
    assert_eq!(profiles.links[&known].operations.len(), 2);
    let new = link("ip:10.0.0.9", "ip:10.0.0.2");
    let profiles = accept(&new, Changed::Device { initiates: true }).unwrap();
    assert_eq!(
        profiles.devices["ip:10.0.0.9"].addresses.keys().copied().collect::<Vec<_>>(),
        [Address::v4(0x0a00_0009).halves()]
    );
    assert_eq!(profiles.links[&new].minute_bytes.map(Top::next), [u64::MAX; 2], "nothing of it is measured");
    assert!(profiles.links[&known] == baseline.front.profiles.links[&known]);
    // Of what the alert compared with nothing is there, or it has changed since.
    assert!(accept(&new, beyond(Measure::MinuteBytes, None, 1, 1)).is_err());
    assert!(accept(&known, beyond(Measure::Value, Some("speech shout"), 40, 9)).is_err());
    assert!(accept(&known, beyond(Measure::Value, Some(SAY), 40, 10)).is_err());
}

#[test]
fn what_is_accepted_unmeasured_is_judged_once_it_is_learned() {
    let mut baseline = learned(talking(DAY..DAY + 5));
    let known = link("ip:10.0.0.1", "ip:10.0.0.2");
    let mut accepted = Accepted::default();
    accepted.unmeasured.insert((known.clone(), None));
    baseline.front.approvals.push(Approval { accepted, ..Approval::default() });
    let before = baseline.front.profiles.clone();
    baseline.calibrate(5.0).unwrap();
    assert_eq!(baseline.front.profiles, before);
}

#[test]
fn accepting_a_difference_leaves_none() {
    let mut baseline = learned(talking(DAY..DAY + 5));
    let mut more = talking(DAY + 3..DAY + 9);
    more.devices.entry("ip:10.0.0.3".to_owned()).or_default().was_there(DAY + 4);
    let hour = LinkHour { opened: 90, bytes: [1, 2], peak_bytes: [1, 50_000], ..LinkHour::default() };
    let new = more.links.entry(link("ip:10.0.0.3", "ip:10.0.0.2")).or_default();
    new.hours = [((DAY + 4) * 24, hour)].into_iter().collect();
    let known = more.links.get_mut(&link("ip:10.0.0.1", "ip:10.0.0.2")).unwrap();
    *known.hours.or_default((DAY + 4) * 24 + 3) = hour;
    let other = learned(more);
    let found = differences(&baseline.front.profiles, &other.front.profiles);
    let new = |of: &Of| found.iter().any(|it| it.of == *of && it.how == How::New);
    assert!(new(&Of::Device("ip:10.0.0.3".to_owned())) && new(&Of::Link(link("ip:10.0.0.3", "ip:10.0.0.2"))));
    let wider = How::Wider { what: "minute-bytes", end: Some(1), from: 900, to: 50_000 };
    assert!(found.iter().any(|it| it.how == wider), "{found:#?}");
    assert!(found.iter().any(|it| matches!(it.how, How::Hours(_))), "{found:#?}");
    let mut accepted = Accepted::default();
    accepted.add_difference(&baseline.front.profiles, &other.front.profiles);
    baseline.front.approvals.push(Approval { accepted, ..Approval::default() });
    baseline.calibrate(5.0).unwrap();
    let left = differences(&baseline.front.profiles, &other.front.profiles);
    assert_eq!(left, []);
    let mut nothing = Accepted::default();
    nothing.add_difference(&baseline.front.profiles, &other.front.profiles);
    assert!(nothing.is_empty());
}

#[test]
fn what_was_kept_out_comes_back_when_it_is_accepted() {
    let mut baseline = of_store(talking(DAY..DAY + 5));
    let all = baseline.store.clone();
    let kept = |day| KeptOut {
        device: "ip:10.0.0.2".to_owned(),
        peer: "ip:10.0.0.1".to_owned(),
        day,
        detection: "sweep".to_owned(),
        observed: "many".to_owned(),
    };
    baseline.front.kept_out = vec![kept(DAY + 1), kept(DAY + 2), kept(DAY + 1)];
    baseline.calibrate(5.0).unwrap();
    assert_eq!(baseline.front.kept_out.len(), 2);
    assert_eq!(baseline.front.profiles.links[&link("ip:10.0.0.1", "ip:10.0.0.2")].days, 3);
    assert_eq!(baseline.front.profiles.devices["ip:10.0.0.1"].days, 3, "all of who searched is kept out");
    assert_eq!(baseline.front.profiles.devices["ip:10.0.0.2"].days, 5);
    let accepted = Accepted { kept_out: baseline.front.kept_out.clone(), ..Accepted::default() };
    baseline.front.approvals.push(Approval { accepted, ..Approval::default() });
    baseline.calibrate(5.0).unwrap();
    assert_eq!((baseline.front.still_kept_out().count(), &baseline.store), (0, &all));
}

#[test]
fn baselines_of_different_sites_say_which_field_differs() {
    let (one, mut other) = (learned(Store::default()), learned(Store::default()));
    other.front.site = StoredSite::of(&Site::from_text("Europe/Berlin", [], ["10.0.0.0/8"]).unwrap());
    let error = one.clone().merge(other.clone()).unwrap_err();
    assert_eq!((error.field, &*error.one, &*error.other), ("the time zone", "UTC", "Europe/Berlin"));
    other.front.site.timezone = "UTC".to_owned();
    assert_eq!(one.clone().merge(other).unwrap_err().field, "the networks");
}

/// A file of these parts, with the first and last line that fit them.
fn signed(front: &[u8], store: &[u8]) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    let line = format!("wardtap baseline 7 {} {}\n", front.len(), store.len());
    let before = [line.as_bytes(), front, store].concat();
    let digest: String = Sha256::digest(&before).iter().map(|byte| format!("{byte:02x}")).collect();
    [&before, digest.as_bytes(), b"\n"].concat()
}

#[test]
fn no_tampered_file_does_harm() {
    let baseline = learned(talking(DAY..DAY + 3));
    let file = baseline.to_bytes().unwrap();
    for end in 0..file.len() {
        assert!(Baseline::from_bytes(&file[..end]).is_err(), "cut at {end}");
    }
    for place in 0..file.len() {
        for bit in 0..8 {
            let mut flipped = file.clone();
            flipped[place] ^= 1 << bit;
            assert!(Baseline::from_bytes(&flipped).is_err(), "bit {bit} of {place}");
        }
    }
    // With a digest that is right: it may be a baseline, and then it can be computed with.
    let line = file.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    let words = String::from_utf8(file[..line].to_vec()).unwrap();
    let front: usize = words.split(' ').nth(3).unwrap().parse().unwrap();
    let (front, store) = file[line..file.len() - 65].split_at(front);
    assert_eq!(signed(front, store), file);
    let mut taken = 0;
    for place in 0..front.len() + store.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let (mut front, mut store) = (front.to_vec(), store.to_vec());
            let length = front.len();
            let byte = if place < length { &mut front[place] } else { &mut store[place - length] };
            *byte = value;
            let file = signed(&front, &store);
            let loads = packed(&file).and_then(|normal| Scorer::load(normal, &mut Parties::new(Site::default())));
            if let Ok(mut read) = Baseline::from_bytes(&file) {
                assert!(loads.is_ok(), "{value} at {place}");
                read.calibrate(5.0).unwrap();
                read.to_bytes().unwrap();
                taken += 1;
            }
        }
    }
    assert!(taken > 0);
}

#[test]
fn a_file_that_is_none_of_another_version_or_too_large_says_so() {
    let error = |file: &[u8]| Baseline::from_bytes(file).unwrap_err();
    assert!(matches!(error(b""), BaselineError::NoBaseline));
    assert!(matches!(error(&[0xd4, 0xc3, 0xb2, 0xa1]), BaselineError::NoBaseline));
    let of = |line: &str| error(format!("wardtap baseline {line}\n").as_bytes());
    assert!(matches!(of("7 0 0 0"), BaselineError::NoBaseline));
    assert!(matches!(of("8 0 0"), BaselineError::Newer(8)));
    assert!(matches!(of("6 0 0"), BaselineError::Older(6)));
    assert!(matches!(of("7 99999999999 0"), BaselineError::TooLarge(_)));
    assert!(matches!(of("7 18446744073709551615 18446744073709551615"), BaselineError::TooLarge(_)));
    assert!(matches!(of("7 5 5"), BaselineError::Length { .. }));
}
