use super::*;
use crate::attacks::Cast;
use crate::clock::{HOUR, secs};
use crate::evaluate::events::Incident;
use crate::evaluate::truth::Frames;
use crate::sim::Sim;

fn nothing(sim: &mut Sim) -> Cast {
    Cast { victims: Vec::new(), attackers: Vec::new(), end: sim.now }
}

const SCENARIO: Scenario = Scenario {
    name: "sweep",
    title: "",
    family: Family::Reconnaissance,
    techniques: &["T0846", "T1691"],
    endangers: "",
    within_normal: false,
    held_out: false,
    tool: None,
    hour: 0.0,
    prepared: Duration::ZERO,
    start: nothing,
};

/// It lasts from second 10,000 to 11,000, concerns two hosts, and has frames 50 and 51.
fn truth() -> Truth {
    let mut frames = Frames::default();
    frames.add(50);
    frames.add(51);
    Truth::of(10_000, 11_000, &["10.0.0.1", "aa:00:00:00:00:01"], frames)
}

fn alert(device: &str, first: u64, raised: u64, last: u64) -> Alert {
    Alert {
        id: format!("{device} {first}"),
        raised: Time::from_secs(raised),
        first_seen: Time::from_secs(first),
        last_seen: Time::from_secs(last),
        detection: "new-edge".into(),
        severity: Severity::Low,
        device: BTreeSet::from([device.to_owned()]),
        peer: BTreeSet::new(),
        techniques: BTreeSet::new(),
        frames: Vec::new(),
    }
}

fn judge(alerts: &[Alert], control: &[Alert]) -> Verdict {
    let families = Families::default();
    let rules = Rules { tolerance: HOUR, severity: Severity::Low, families: &families };
    let events = |alerts: &[Alert]| Events { alerts: alerts.to_vec(), ..Events::default() };
    score(&rules, &SCENARIO, &truth(), &events(alerts), &events(control), false)
}

fn names(verdict: &Verdict) -> Vec<&str> {
    verdict.by.iter().map(|finder| &*finder.detection).collect()
}

#[test]
fn an_alert_on_a_host_of_it_in_time_finds_it() {
    let verdict = judge(&[alert("10.0.0.1", 10_030, 10_040, 10_050)], &[]);
    assert!(verdict.found);
    assert_eq!(verdict.after, Some(secs(40)));
    assert_eq!(names(&verdict), ["new-edge"]);
    assert_eq!((verdict.alerts, verdict.others, verdict.incidents), (1, 0, None));
    assert_eq!(verdict.right, None, "it says no kind");
    let mut by_peer = alert("10.0.0.9", 10_030, 10_040, 10_050);
    by_peer.peer.insert("aa:00:00:00:00:01".into());
    assert!(judge(&[by_peer], &[]).found);
}

#[test]
fn time_and_hosts_must_be_right() {
    for (wrong, why) in [
        (alert("10.0.0.9", 10_030, 10_040, 10_050), "another host"),
        (alert("10.0.0.1", 9_000, 9_000, 9_100), "before it"),
        (alert("10.0.0.1", 9_000, 9_000, 10_500), "raised before it, seen on"),
        (alert("10.0.0.1", 14_601, 14_601, 14_700), "longer after it than is tolerated"),
    ] {
        let verdict = judge(&[wrong], &[]);
        assert!(!verdict.found, "{why}");
        assert_eq!((verdict.alerts, verdict.others, verdict.after), (0, 1, None), "{why}");
    }
    assert!(judge(&[alert("10.0.0.1", 14_600, 14_600, 14_700)], &[]).found, "at the end of what is tolerated");
    assert!(judge(&[alert("10.0.0.1", 9_900, 10_200, 10_200)], &[]).found, "a window that began before it");
}

#[test]
fn a_frame_of_it_names_it() {
    let mut shown = alert("10.0.0.9", 10_030, 10_040, 10_050);
    shown.frames = vec![3, 51];
    assert!(judge(&[shown.clone()], &[]).found);
    shown.frames = vec![3, 52];
    assert!(!judge(&[shown], &[]).found);
}

#[test]
fn what_comes_without_it_too_is_not_about_it() {
    let same = alert("10.0.0.1", 10_030, 10_040, 10_050);
    let verdict = judge(std::slice::from_ref(&same), std::slice::from_ref(&same));
    assert!(!verdict.found && verdict.without);
    assert_eq!(verdict.others, 1);
    // Another moment is another alert, though chance would have found it.
    let verdict = judge(&[alert("10.0.0.1", 10_031, 10_040, 10_050)], &[same]);
    assert!(verdict.found && verdict.without);
}

/// Chance is looked for on the same hosts at the same hours of other days.
#[test]
fn a_day_later_it_is_found_by_what_comes_a_day_later() {
    let families = Families::default();
    let rules = Rules { tolerance: HOUR, severity: Severity::Low, families: &families };
    let day = 86_400;
    let later = alert("10.0.0.1", day + 10_030, day + 10_040, day + 10_050);
    let clean = Events { alerts: vec![later], ..Events::default() };
    assert!(!would_find(&rules, &truth(), &clean));
    assert!(would_find(&rules, &truth().on_day(0, 1), &clean));
    assert!(!would_find(&rules, &truth().on_day(0, 2), &clean));
    assert_eq!(truth().on_day(1, 3).on_day(3, 1).begin(), truth().begin());
}

#[test]
fn what_is_not_bad_enough_does_not_count() {
    let mut info = alert("10.0.0.1", 10_030, 10_040, 10_050);
    info.severity = Severity::Info;
    assert_eq!(judge(&[info.clone()], &[info]), Verdict::default());
}

#[test]
fn the_first_and_the_worst_are_told() {
    let mut later = alert("10.0.0.1", 10_100, 10_100, 10_100);
    later.severity = Severity::High;
    later.detection = "sweep".into();
    let verdict = judge(&[alert("10.0.0.1", 10_030, 10_040, 10_050), later.clone(), later], &[]);
    assert_eq!(names(&verdict), ["new-edge", "sweep"]);
    assert_eq!(verdict.by.iter().map(|finder| finder.severity).collect::<Vec<_>>(), [Severity::Low, Severity::High]);
    assert_eq!((verdict.after, verdict.severity), (Some(secs(40)), Some(Severity::High)));
}

#[test]
fn incidents_are_those_with_an_alert_about_it() {
    let families = Families::default();
    let rules = Rules { tolerance: HOUR, severity: Severity::Low, families: &families };
    let (about, other) = (alert("10.0.0.1", 10_030, 10_040, 10_050), alert("10.0.0.9", 10_030, 10_040, 10_050));
    let incident = |of: &[&Alert]| {
        let alerts = of.iter().map(|alert| alert.id.clone()).collect();
        Incident { raised: Time::from_secs(10_060), alerts }
    };
    let day = Events {
        incidents: [("a".into(), incident(&[&about, &other])), ("b".into(), incident(&[&other]))].into(),
        alerts: vec![about, other],
    };
    let verdict = score(&rules, &SCENARIO, &truth(), &day, &Events::default(), true);
    assert_eq!((verdict.incidents, verdict.others), (Some(1), 1));
}

#[test]
fn kinds_come_from_techniques_or_from_the_table() {
    let families = Families::from([("new-edge".to_owned(), BTreeSet::from([Family::Access]))]);
    let right = |techniques: &[&str], families: &Families, family| {
        let mut alert = alert("10.0.0.1", 0, 0, 0);
        alert.techniques = techniques.iter().map(|technique| (*technique).to_owned()).collect();
        is_right(&alert, family, SCENARIO.techniques, families)
    };
    let none = Families::default();
    assert_eq!(right(&[], &none, Family::Access), None);
    assert_eq!(right(&["T0800", "T0846"], &none, Family::Access), Some(true));
    assert_eq!(right(&["T0800"], &none, Family::Access), Some(false));
    assert_eq!(right(&["T1691.001"], &none, Family::Access), Some(true));
    assert_eq!(right(&["T16910"], &none, Family::Access), Some(false));
    assert_eq!(right(&[], &families, Family::Access), Some(true));
    assert_eq!(right(&[], &families, Family::Fault), Some(false));
    assert_eq!(right(&["T0846"], &families, Family::Fault), Some(true));
}
