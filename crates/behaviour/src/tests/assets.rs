//! Assets, criticality, suppressions.

use wardtap_net::address::{Address, Mac};
use wardtap_net::packet::Timestamp;

use crate::alert::{Alerts, Deviation, Severity, State};
use crate::assets::{Asset, Assets, Criticality, Refused, Window, severity};
use crate::class::Class;
use crate::detections::sweep;
use crate::suppression::{Who, Why};

const ONE: Address = Address::v4(0x0a00_0001);
const TWO: Address = Address::v4(0x0a00_0002);
const OWN: Mac = Mac([0, 9, 0xfb, 0, 0, 1]);
const OTHER: Mac = Mac([0, 9, 0xfb, 0, 0, 2]);

fn asset(name: &str, macs: &[Mac], addresses: &[Address]) -> Asset {
    Asset { name: name.to_owned(), macs: macs.to_vec(), addresses: addresses.to_vec(), ..Asset::default() }
}

#[test]
fn an_entry_is_found_by_the_proven_mac_address_first() {
    let mut assets = Assets::default();
    assets.add(asset("both", &[OWN, OTHER], &[ONE])).unwrap();
    assets.add(asset("address", &[], &[TWO])).unwrap();
    let of = |address, mac| assets.of(address, mac).map(|asset| asset.name.as_str());
    assert_eq!(of(ONE, None), Some("both"));
    assert_eq!(of(TWO, None), Some("address"));
    // The second interface, with an address that DHCP gave before to another device.
    assert_eq!(of(TWO, Some(OTHER)), Some("both"));
    assert_eq!(of(Address::v4(9), None), None);
    assert_eq!(of(Address::v4(9), Some(OWN)), Some("both"));
}

#[test]
fn what_another_entry_has_is_refused_and_adds_nothing() {
    let mut assets = Assets::default();
    assets.add(asset("first", &[OWN], &[ONE])).unwrap();
    assert_eq!(assets.add(asset("second", &[OTHER], &[TWO, ONE])), Err(Refused::Address(ONE, 0)));
    assert_eq!(assets.add(asset("second", &[OWN], &[TWO])), Err(Refused::Mac(OWN, 0)));
    assert!(assets.of(TWO, Some(OTHER)).is_none());
    assert_eq!(assets.iter().len(), 1);
}

#[test]
fn severity_moves_by_one_step_at_most() {
    let step = |base, criticality| severity(base, criticality) as i32 - base as i32;
    for base in Severity::ALL {
        for criticality in [None, Some(Criticality::Medium)] {
            assert_eq!(step(base, criticality), 0, "{base}");
        }
        for &criticality in Criticality::ALL {
            assert!(step(base, Some(criticality)).abs() <= 1);
        }
    }
    assert_eq!(severity(Severity::Medium, Some(Criticality::LifeSupporting)), Severity::High);
    assert_eq!(severity(Severity::Medium, Some(Criticality::High)), Severity::High);
    assert_eq!(severity(Severity::Medium, Some(Criticality::Low)), Severity::Low);
    assert_eq!(severity(Severity::Info, Some(Criticality::High)), Severity::Info);
    assert_eq!(severity(Severity::Low, Some(Criticality::LifeSupporting)), Severity::Low);
    assert_eq!(severity(Severity::Critical, Some(Criticality::LifeSupporting)), Severity::Critical);
}

#[test]
fn maintenance_ends_before_its_last_moment() {
    let at = Timestamp::from_seconds;
    let asset = Asset { maintenance: vec![Window { from: at(10), to: at(20) }], ..Asset::default() };
    let times = [9, 10, 19, 20].map(|seconds| asset.in_maintenance(at(seconds)));
    assert_eq!(times, [false, true, true, false]);
}

#[test]
fn classes_have_names_that_read_back() {
    let mut words = std::collections::BTreeSet::new();
    for class in Class::all() {
        assert_eq!(class.name().parse(), Ok(class));
        for word in class.synonyms().iter().chain([&class.name()]) {
            assert_eq!(word.to_uppercase().replace('-', " ").parse(), Ok(class), "{word}");
            assert!(words.insert(*word), "{word} names two classes");
        }
    }
    assert!("toaster".parse::<Class>().is_err());
}

#[test]
fn a_suppression_names_a_device_by_address_or_proven_mac() {
    assert!(Who::Address(ONE).is(ONE, Some(OWN)) && !Who::Address(ONE).is(TWO, Some(OWN)));
    assert!(Who::Mac(OWN).is(TWO, Some(OWN)) && !Who::Mac(OWN).is(TWO, None));
}

fn deviation(seconds: u64) -> Deviation {
    Deviation {
        about: &sweep::ABOUT,
        device: ONE,
        peer: Some(TWO),
        subject: "speech".into(),
        attack: None,
        observations: 0,
        severity: Severity::Medium,
        score: 50,
        explanation: String::new(),
        expected: String::new(),
        observed: String::new(),
        count: 1,
        evidence: Vec::new(),
        first: Timestamp::from_seconds(seconds),
        last: Timestamp::from_seconds(seconds),
        flow: None,
        sha256: None,
        gap_bytes: 0,
        one_sided: false,
    }
}

#[test]
fn a_suppressed_alert_lives_on_and_is_told_as_new_once_it_is_not_suppressed_any_more() {
    let mut alerts = Alerts::default();
    for seconds in 0..20 {
        assert!(alerts.suppress(deviation(seconds), None, Why::Maintenance).is_empty());
    }
    assert!(alerts.raised().is_empty());
    assert_eq!(
        alerts.suppressed().iter().map(|(about, _, count)| (about.name, *count)).collect::<Vec<_>>(),
        [("sweep", 1)]
    );
    let told = alerts.raise(deviation(20));
    let [alert] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((alert.state, alert.revision, alert.deviation.count), (State::New, 1, 21));
    assert_eq!(alert.deviation.first, Timestamp::from_seconds(0));
    assert_eq!(alerts.raised()[0].1.iter().sum::<u64>(), 1);
    let closed = alerts.finish();
    assert_eq!(closed.iter().map(|alert| (alert.state, alert.revision)).collect::<Vec<_>>(), [(State::Closed, 2)]);
}

#[test]
fn a_suppressed_alert_closes_untold() {
    let mut alerts = Alerts::default();
    alerts.suppress(deviation(0), None, Why::Maintenance);
    assert!(alerts.tick(Timestamp::from_seconds(7200)).is_empty() && alerts.finish().is_empty());
    // After an hour of quiet it is another alert.
    alerts.suppress(deviation(9000), None, Why::Maintenance);
    assert_eq!(alerts.suppressed()[0].2, 2);
}
