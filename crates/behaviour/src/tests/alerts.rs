use super::*;
use crate::alert::{Alert, Alerts, Deviation, EVIDENCE_MAX, OPEN_MAX, Severity, State};
use crate::detections::sweep::ABOUT;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn deviation(seconds: u64) -> Deviation {
    Deviation {
        about: &ABOUT,
        attack: None,
        device: ASKED,
        peer: Some(ASKING),
        subject: "speech".into(),
        observations: 0,
        severity: Severity::Medium,
        score: 50,
        explanation: String::new(),
        expected: String::new(),
        observed: format!("at {seconds}"),
        count: 1,
        evidence: vec![place(seconds, seconds * NANOS_PER_SECOND)],
        first: at(seconds),
        last: at(seconds),
        flow: None,
        sha256: None,
        gap_bytes: 0,
        one_sided: false,
    }
}

fn told(alerts: &[Alert]) -> Vec<(State, u32, u64)> {
    alerts.iter().map(|alert| (alert.state, alert.revision, alert.deviation.count)).collect()
}

#[test]
fn a_life() {
    let mut alerts = Alerts::default();
    let mut all = Vec::new();
    for second in 1..=120 {
        all.extend(alerts.raise(deviation(second)));
    }
    assert_eq!(told(&all), [(State::New, 1, 1), (State::Update, 2, 10), (State::Update, 3, 100)]);
    assert_eq!(told(&alerts.tick(at(120 + 3599))), [], "not quiet for an hour yet");
    let closed = alerts.tick(at(120 + 3600));
    assert_eq!(told(&closed), [(State::Closed, 4, 120)]);
    assert_eq!((closed[0].deviation.first, closed[0].deviation.last), (at(1), at(120)));
    assert_eq!(closed[0].deviation.observed, "at 120", "the latest words");
    assert!(all.iter().chain(&closed).all(|alert| alert.id == closed[0].id));
    assert_eq!(told(&alerts.finish()), [], "closed once");
    let raised: Vec<(&str, [u64; 5])> = alerts.raised().iter().map(|(about, raised)| (about.name, *raised)).collect();
    assert_eq!(raised, [("sweep", [0, 0, 1, 0, 0])]);
}

#[test]
fn evidence_keeps_the_first_and_the_latest_frames() {
    let mut alerts = Alerts::default();
    for second in 1..=100 {
        // A repeat shows the first frame again.
        let mut repeat = deviation(second);
        repeat.evidence.insert(0, place(1, NANOS_PER_SECOND));
        alerts.raise(repeat);
    }
    let closed = alerts.finish().pop().unwrap();
    let frames: Vec<u64> = closed.evidence.iter().map(|place| place.frame.number()).collect();
    let half = EVIDENCE_MAX as u64 / 2;
    assert_eq!(frames, (1..=half).chain(101 - half..=100).collect::<Vec<_>>());
    assert_eq!(closed.frames_total, 100, "each frame counts once");
}

#[test]
fn it_is_told_again_when_it_becomes_worse_and_never_gets_better() {
    let mut alerts = Alerts::default();
    alerts.raise(deviation(1));
    assert_eq!(
        told(&alerts.raise(Deviation { severity: Severity::High, score: 80, ..deviation(2) })),
        [(State::Update, 2, 2)]
    );
    assert_eq!(told(&alerts.raise(Deviation { severity: Severity::Low, score: 10, ..deviation(3) })), []);
    let closed = alerts.finish().pop().unwrap();
    assert_eq!((closed.deviation.severity, closed.deviation.score), (Severity::High, 80));
    // What was raised counts as it was raised: `new` alone.
    assert_eq!(alerts.raised()[0].1, [0, 0, 1, 0, 0]);
}

#[test]
fn the_first_decisive_frame_stays() {
    let mut alerts = Alerts::default();
    alerts.raise(Deviation { sha256: Some([1; 32]), ..deviation(1) });
    alerts.raise(Deviation { sha256: Some([2; 32]), ..deviation(2) });
    assert_eq!(alerts.finish()[0].deviation.sha256, Some([1; 32]));
}

#[test]
fn what_differs_in_device_peer_or_subject_is_another_alert() {
    let mut alerts = Alerts::default();
    let variants = [
        deviation(1),
        Deviation { device: ASKING, peer: Some(ASKED), ..deviation(1) },
        Deviation { peer: None, ..deviation(1) },
        Deviation { subject: "writing".into(), ..deviation(1) },
    ];
    let mut ids: Vec<String> =
        variants.iter().flat_map(|variant| alerts.raise(variant.clone())).map(|it| it.id).collect();
    assert_eq!(ids.len(), 4);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4);
    assert!(alerts.is_open(ABOUT.name, ASKED, None, "speech"));
    // Closed in the order in which they were raised; then nothing is open.
    let closed = alerts.finish();
    assert_eq!(
        closed.iter().map(|alert| alert.deviation.subject.clone()).collect::<Vec<_>>(),
        ["speech", "speech", "speech", "writing"]
    );
    assert!(!alerts.is_open(ABOUT.name, ASKED, None, "speech"));
}

#[test]
fn ids_are_stable_and_of_the_first_time() {
    let id = |seconds| Alerts::default().raise(deviation(seconds)).pop().unwrap().id;
    assert_eq!(id(1), id(1));
    assert_ne!(id(1), id(2));
    assert_eq!(id(1).len(), 16);
}

#[test]
fn closing_one_leaves_the_others_in_place() {
    let mut alerts = Alerts::default();
    let other = |seconds| Deviation { subject: "writing".into(), ..deviation(seconds) };
    alerts.raise(deviation(1));
    alerts.raise(other(3000));
    assert_eq!(told(&alerts.tick(at(3601))), [(State::Closed, 2, 1)]);
    // Still open, at another place of the list: the repeat is folded into it.
    assert_eq!(told(&alerts.raise(other(3602))), []);
    assert_eq!(told(&alerts.finish()), [(State::Closed, 2, 2)]);
}

#[test]
fn open_alerts_are_bounded() {
    let mut alerts = Alerts::default();
    for number in 0..OPEN_MAX as u32 {
        let fresh = Deviation { device: Address::v4(number + 1), ..deviation(10 + u64::from(number)) };
        assert_eq!(alerts.raise(fresh).len(), 1);
    }
    // The one that was quiet longest is closed for the next.
    let next = alerts.raise(Deviation { device: Address::v4(u32::MAX), ..deviation(9999) });
    assert_eq!(told(&next), [(State::Closed, 2, 1), (State::New, 1, 1)]);
    assert_eq!(next[0].deviation.device, Address::v4(1));
    assert_eq!((alerts.finish().len(), alerts.evicted()), (OPEN_MAX, 1));

    let mut few = Alerts::new(3);
    for number in 1..=10 {
        few.raise(Deviation { device: Address::v4(number), ..deviation(10) });
    }
    assert_eq!((few.finish().len(), few.evicted()), (3, 7));
}

#[test]
fn what_comes_back_within_a_day_is_the_same_alert() {
    const HOUR: u64 = 3600;
    let mut alerts = Alerts::default();
    let first = alerts.raise(deviation(HOUR)).pop().unwrap();
    assert_eq!(told(&alerts.tick(at(2 * HOUR))), [(State::Closed, 2, 1)]);
    assert!(!alerts.is_open(ABOUT.name, ASKED, Some(ASKING), "speech") && !alerts.is_open_by(ABOUT.name, ASKING));
    assert_eq!(told(&alerts.tick(at(20 * HOUR))), [], "closed once");

    let back = alerts.raise(Deviation { severity: Severity::High, ..deviation(20 * HOUR) });
    assert_eq!(told(&back), [(State::Update, 3, 2)], "told again, be it only the second time");
    assert_eq!((&back[0].id, back[0].deviation.severity), (&first.id, Severity::High));
    assert!(alerts.is_open(ABOUT.name, ASKED, Some(ASKING), "speech") && alerts.is_open_by(ABOUT.name, ASKING));
    assert_eq!(told(&alerts.tick(at(21 * HOUR))), [(State::Closed, 4, 2)]);

    alerts.tick(at(45 * HOUR));
    let next = alerts.raise(deviation(45 * HOUR)).pop().unwrap();
    assert_eq!((next.state, next.deviation.count), (State::New, 1), "a day later");
    assert_ne!(next.id, first.id);
    assert_eq!(alerts.raised()[0].1, [0, 0, 2, 0, 0]);
}

#[test]
fn what_comes_back_every_day_is_a_new_alert_after_a_week() {
    let mut alerts = Alerts::default();
    let mut new = Vec::new();
    for hour in (1..21 * 24).step_by(12) {
        alerts.tick(at(hour * 3600));
        let told = alerts.raise(deviation(hour * 3600));
        new.extend(told.iter().filter(|alert| alert.state == State::New).map(|_| hour / 24));
    }
    assert_eq!(new, [0, 7, 14]);
}

#[test]
fn what_is_over_gives_way_first_and_takes_no_room() {
    let mut alerts = Alerts::new(2);
    let of = |device: u32, seconds| Deviation { device: Address::v4(device), ..deviation(seconds) };
    alerts.raise(of(1, 1));
    alerts.tick(at(3601));
    alerts.raise(of(2, 3700));
    assert_eq!(told(&alerts.raise(of(3, 3701))), [(State::New, 1, 1)], "the first one is closed already");
    assert_eq!(alerts.evicted(), 0);
    assert_eq!(told(&alerts.raise(of(1, 3702))), [(State::Closed, 2, 1), (State::New, 1, 1)], "and forgotten");
    assert_eq!((alerts.evicted(), alerts.finish().len()), (1, 2));
}
