//! What is told of many: the first two singly, the others as one, and what it all may stand for.

use wardtap_net::peel::protocol;

use super::*;
use crate::alert::{Alert, Alerts, Deviation, Severity};
use crate::attack::TECHNIQUES_MAX;
use crate::attack::Technique;
use crate::baseline::measure::Measure;
use crate::baseline::novelty::circumstances::{self, ACQUAINTED, OFFERED};
use crate::detection::{Detection, Raise};
use crate::detections::DETECTIONS;
use crate::detections::techniques::of_departure;
use crate::detections::{
    new_conversation, new_device, new_operation, silence, slow_answers, unusual_hour, unusual_value, unusual_volume,
    way_changed,
};
use crate::links::{Link, Service};
use crate::parties::{Parties, Party, PartyLink};
use crate::scoring::{Departure, What};
use crate::site::Site;

const WEB: Service = Service { transport: 6, port: 8443 };

fn host(number: u32) -> Address {
    Address::v4(0x0a00_0000 + number)
}

/// Two devices that are known.
fn parties(service: Service) -> PartyLink {
    let mut parties = Parties::new(Site::default());
    let [initiator, responder] = ["ip:10.0.0.1", "ip:10.0.0.2"].map(|id| parties.named(id));
    PartyLink { initiator, responder, service }
}

fn departure(what: What<'_>, from: u32, to: u32, seconds: u64) -> Departure<'_> {
    let time = Timestamp::from_seconds(seconds);
    Departure {
        what,
        link: Link { initiator: host(from), responder: host(to), service: WEB },
        parties: parties(WEB),
        place: place(seconds + 1, seconds * NANOS_PER_SECOND),
        time,
        days: 7,
        gap_bytes: 0,
        one_sided: false,
    }
}

/// What becomes of the departures of pairs, a second apart: the alerts as they stand at the end.
fn alerts(detection: &mut dyn Detection, what: &What<'_>, pairs: impl IntoIterator<Item = (u32, u32)>) -> Vec<Alert> {
    let mut alerts = Alerts::default();
    for (seconds, (from, to)) in (1000..).zip(pairs) {
        take(&mut alerts, detection, &departure(what.clone(), from, to, seconds));
    }
    alerts.finish()
}

fn take(alerts: &mut Alerts, detection: &mut dyn Detection, departure: &Departure<'_>) {
    let mut raise = Raise::new(alerts);
    detection.departure(departure, &mut raise);
    let found: Vec<Deviation> = raise.found.into_iter().map(|found| found.deviation).collect();
    found.into_iter().for_each(|deviation| drop(alerts.raise(deviation)));
}

/// Device, peer, count and severity of each.
fn told(alerts: &[Alert]) -> Vec<(Address, Option<Address>, u64, Severity)> {
    let of = |Deviation { device, peer, count, severity, .. }: &Deviation| (*device, *peer, *count, *severity);
    alerts.iter().map(|alert| of(&alert.deviation)).collect()
}

const fn link(offered: bool) -> What<'static> {
    What::Link { circumstances: if offered { OFFERED } else { 0 }, surprise: 1.0, rare: false }
}

const SLOW: What<'static> =
    What::Beyond { measure: Measure::ResponseTime, operation: None, now: 9, normal: 1, excess: 9.0, is_sent: false };

#[test]
fn who_contacts_many_is_told_twice_and_then_once_for_all_others() {
    let mut detection = new_conversation::NewConversation::default();
    let all = alerts(&mut detection, &link(true), (2..=7).map(|responder| (1, responder)));
    let low = Severity::Low;
    let expected =
        [(host(2), Some(host(1)), 1, low), (host(3), Some(host(1)), 1, low), (host(4), Some(host(1)), 4, low)];
    assert_eq!(told(&all), expected);
    let observed = &all[2].deviation.observed;
    assert!(observed.starts_with("6: 10.0.0.2 tcp/8443, ") && observed.ends_with("10.0.0.7 tcp/8443"), "{observed}");
}

#[test]
fn what_may_be_an_answer_from_another_port_is_told_as_low() {
    let severity = |circumstances, transport, port| {
        let what = What::Link { circumstances, surprise: 9.0, rare: true };
        let mut departure = departure(what, 1, 2, 10_000);
        departure.link.service = Service { transport, port };
        let mut all = Alerts::default();
        take(&mut all, &mut new_conversation::NewConversation::default(), &departure);
        all.finish()[0].deviation.severity
    };
    assert_eq!(severity(ACQUAINTED, protocol::UDP, 0), Severity::Low);
    assert_eq!(severity(0, protocol::UDP, 0), Severity::High, "nothing was asked");
    assert_eq!(severity(ACQUAINTED, protocol::TCP, 0), Severity::High);
    assert_eq!(severity(ACQUAINTED, protocol::UDP, 69), Severity::High);
}

#[test]
fn who_contacts_ever_more_is_worse_than_each_but_not_alarming_where_each_is_low() {
    let mut detection = new_conversation::NewConversation::default();
    let all = alerts(&mut detection, &link(true), (2..=200).map(|responder| (1, responder)));
    assert_eq!(told(&all)[2..], [(host(4), Some(host(1)), 197, Severity::Medium)]);
    assert!(all[2].deviation.observed.starts_with("at least 64: "), "{}", all[2].deviation.observed);
}

#[test]
fn another_who_contacts_many_is_told_by_himself() {
    let mut detection = new_conversation::NewConversation::default();
    let pairs = (10..20).flat_map(|responder| [(1, responder), (2, responder)]);
    let all = alerts(&mut detection, &link(true), pairs);
    let by = |who: u32| all.iter().filter(|alert| alert.deviation.peer == Some(host(who))).count();
    assert_eq!((all.len(), by(1), by(2)), (6, 3, 3));
}

#[test]
fn many_who_use_what_was_always_there_are_told_of_each_and_of_what_is_new_as_one() {
    let pairs = || (10..20).map(|initiator| (initiator, 2));
    let mut detection = new_conversation::NewConversation::default();
    assert_eq!(alerts(&mut detection, &link(true), pairs()).len(), 10, "each of them may be up to something else");
    let mut detection = new_conversation::NewConversation::default();
    let drawn = alerts(&mut detection, &link(false), pairs());
    assert_eq!(told(&drawn)[2..], [(host(2), None, 8, Severity::Low)]);
    assert_eq!(ids(drawn[2].deviation.attack)[0], "T0830");
}

#[test]
fn after_half_an_hour_it_begins_anew() {
    let (mut detection, mut all) = (new_conversation::NewConversation::default(), Alerts::default());
    let at = [(0, 2), (1800, 3), (3601, 4), (3602, 5), (3603, 6), (3603 + 4 * 3600, 7), (3604 + 8 * 3600, 8)];
    for (seconds, responder) in at {
        take(&mut all, &mut detection, &departure(link(true), 1, responder, 10_000 + seconds));
    }
    let all = all.finish();
    let singly = |alert: &&Alert| alert.deviation.subject != "many";
    let singly: Vec<Address> = all.iter().filter(singly).map(|alert| alert.deviation.device).collect();
    assert_eq!(singly, [2, 3, 4, 5, 8].map(host), "and once they are many, four hours later");
}

#[test]
fn the_same_refusal_for_many_is_one_alert_of_who_refuses() {
    let name = "dicom c-store-rsp (answer)\tstatus=failure";
    let what = What::Operation { name, circumstances: 0, surprise: 1.0, rare: false, known: Vec::new() };
    let mut detection = new_operation::NewOperation::default();
    let all = alerts(&mut detection, &what, (10..30).map(|initiator| (initiator, 2)));
    assert_eq!(told(&all)[2..], [(host(2), None, 18, Severity::Medium)]);
    assert_eq!(ids(all[2].deviation.attack), ["T0814", "T0826", "T0815"]);
}

#[test]
fn what_a_device_asks_of_many_is_one_alert_of_who_asks() {
    let what = What::Operation {
        name: "modbus write-file-record",
        circumstances: 0,
        surprise: 9.0,
        rare: true,
        known: Vec::new(),
    };
    let mut detection = new_operation::NewOperation::default();
    let all = alerts(&mut detection, &what, (10..14).map(|responder| (1, responder)));
    assert_eq!(told(&all)[2..], [(host(12), Some(host(1)), 2, Severity::High)]);
}

#[test]
fn registers_read_beside_others_are_told_as_low() {
    let severity = |name, known: &[&'static str]| {
        let what = What::Operation { name, circumstances: 0, surprise: 9.0, rare: true, known: known.to_vec() };
        alerts(&mut new_operation::NewOperation::default(), &what, [(1, 2)])[0].deviation.severity
    };
    let (read, write) = ("modbus read-input-registers\tfunction=4", "modbus write-single-coil\tfunction=5");
    let known = "modbus read-holding-registers\tfunction=3";
    assert_eq!(severity(read, &[known]), Severity::Low);
    assert_eq!(severity(read, &[write]), Severity::High, "nothing was read of it");
    assert_eq!(severity(write, &[known]), Severity::High);
    assert_eq!(severity("modbus read-write-multiple-registers\tfunction=23", &[known]), Severity::High);
    assert_eq!(severity("modbus read-device-identification\tfunction=43", &[known]), Severity::High);
}

#[test]
fn silences_that_hang_together_are_one_alert() {
    let silent = |of_responder| What::Silence {
        follow: None,
        measure: Measure::LinkPause,
        operation: None,
        minutes: 60,
        now: 60,
        normal: 5,
        excess: 1.5,
        of_responder,
    };
    let mut detection = silence::Silence::default();
    let all = alerts(&mut detection, &silent(true), (10..16).map(|responder| (1, responder)));
    assert_eq!(told(&all)[2..], [(host(12), Some(host(1)), 4, Severity::Low)], "nobody is asked any more");
    let mut detection = silence::Silence::default();
    let all = alerts(&mut detection, &silent(false), (10..16).map(|initiator| (initiator, 2)));
    assert_eq!(told(&all)[2..], [(host(2), None, 4, Severity::Low)], "nobody asks any more");

    // Neither what is asked nor what is answered: of the same two.
    let (mut detection, mut both) = (silence::Silence::default(), Alerts::default());
    for (seconds, of_responder) in [(1000, true), (1600, false)] {
        take(&mut both, &mut detection, &departure(silent(of_responder), 1, 2, seconds));
    }
    assert_eq!(told(&both.finish()), [(host(2), Some(host(1)), 2, Severity::Low)]);
}

#[test]
fn too_much_of_one_with_many_is_one_alert_whoever_begins() {
    let what = beyond(Measure::MinuteBytes, None);
    let volume = |pairs: Vec<(u32, u32)>| alerts(&mut unusual_volume::UnusualVolume::default(), &what, pairs);
    let begins = volume((10..16).map(|responder| (1, responder)).collect());
    assert_eq!(told(&begins)[2..], [(host(12), Some(host(1)), 4, Severity::Medium)]);
    let answers = volume((10..16).map(|initiator| (initiator, 2)).collect());
    assert_eq!(told(&answers)[2..], [(host(2), None, 4, Severity::Medium)]);
    assert!(answers[2].deviation.observed.contains("10.0.0.15"), "each is named: {}", answers[2].deviation.observed);
}

#[test]
fn who_is_slow_for_many_is_one_alert() {
    let mut detection = slow_answers::SlowAnswers::default();
    let all = alerts(&mut detection, &SLOW, (10..16).map(|initiator| (initiator, 2)));
    assert_eq!(told(&all)[2..], [(host(2), None, 4, Severity::Medium)]);
}

#[test]
fn new_devices_with_the_same_one_are_one_alert_that_becomes_bad_where_nobody_can_have_brought_them() {
    let what = What::Device { initiates: true, usual: true, rare: true };
    let of = |count: u32| {
        let mut detection = new_device::NewDevice::default();
        alerts(&mut detection, &what, (10..10 + count).map(|device| (device, 2)))
    };
    assert_eq!(told(&of(5))[2..], [(host(2), None, 3, Severity::Low)]);
    let flood = of(500);
    assert_eq!(told(&flood)[2..], [(host(2), None, 498, Severity::High)]);
    assert_eq!(ids(flood[2].deviation.attack)[0], "T0814");
    // Whoever begins to look finds all that came since the learned days, each at what it does.
    let mut detection = new_device::NewDevice::default();
    let found = alerts(&mut detection, &what, (0..20).map(|device| (10 + device, 100 + device)));
    assert!(found.iter().all(|alert| alert.deviation.severity == Severity::Low));
    assert_eq!(found.len(), 20);
}

fn ids(attack: Option<&'static [Technique]>) -> Vec<&'static str> {
    attack.unwrap_or_default().iter().map(|technique| technique.id).collect()
}

fn stands_for(what: &What<'_>, port: u16) -> Vec<&'static str> {
    ids(of_departure(what, &parties(Service { transport: 6, port })))
}

const fn beyond(measure: Measure, operation: Option<&str>) -> What<'_> {
    What::Beyond { measure, operation, now: 9, normal: 1, excess: 9.0, is_sent: false }
}

#[test]
fn no_list_is_longer_than_an_analyst_reads() {
    for about in DETECTIONS {
        assert!(about.attack.len() <= TECHNIQUES_MAX, "{}", about.name);
    }
}

#[test]
fn what_is_late_or_too_much_is_none_of_what_is_asked() {
    let asks = Some("dicom c-find-rq\tcalling_ae=WS");
    assert!(stands_for(&beyond(Measure::ResponseTime, asks), 104).is_empty(), "the detection says it");
    assert_eq!(stands_for(&beyond(Measure::HourMessages, asks), 104)[0], "T0811");
    assert_eq!(stands_for(&beyond(Measure::MinuteMessages, Some("dicom c-echo-rq")), 104)[0], "T0814");
    assert_eq!(stands_for(&beyond(Measure::MinuteOpened, None), 22)[0], "T1110");
    assert_eq!(stands_for(&beyond(Measure::MinuteOpened, None), 8443)[0], "T0814");
    assert_eq!(stands_for(&beyond(Measure::MessageBytes, Some("hl7 MDM")), 2575)[0], "T0867");
}

#[test]
fn what_is_new_stands_for_what_it_does() {
    let new = |name| What::Operation { name, circumstances: 0, surprise: 1.0, rare: false, known: Vec::new() };
    assert_eq!(stands_for(&new("modbus write-single-coil\tfunction=5"), 502)[0], "T0855");
    assert_eq!(stands_for(&new("modbus exception (answer)\texception=4"), 502)[0], "T0814");
    assert_eq!(stands_for(&new("hl7 ACK (answer)\tack_code=AR"), 2575)[0], "T0814");
    assert_eq!(stands_for(&new("modbus read-device-identification (answer)\tidentity=7"), 502)[0], "T0889");
    assert_eq!(stands_for(&new("tls server-hello (answer)\tversion=1.0"), 443)[0], "T0830");
    let reading = What::Point {
        measure: Measure::Reading,
        operation: "modbus read-input-registers (answer)",
        place: 1,
        now: 9,
        normal: 1,
        excess: 9.0,
    };
    assert_eq!(stands_for(&reading, 502)[0], "T0856");
}

#[test]
fn what_a_service_is_for_tells_what_a_conversation_may_be() {
    for (port, technique) in [
        (389, "T1087"),
        (88, "T1558"),
        (5432, "T0811"),
        (143, "T1114"),
        (9100, "T1491"),
        (135, "T1047"),
        (2049, "T1039"),
    ] {
        assert_eq!(stands_for(&link(true), port)[0], technique, "{port}");
        assert_eq!(stands_for(&link(false), port)[0], technique, "{port}");
    }
    assert_eq!(stands_for(&link(true), 502)[0], "T0848");
    assert!(stands_for(&link(false), 4001).contains(&"T0846"), "not known what it is for");
}

#[test]
fn who_is_outside_tells_what_a_conversation_may_be() {
    let to_outside = PartyLink { responder: Party::OUTSIDE, ..parties(WEB) };
    assert!(ids(of_departure(&link(true), &to_outside)).contains(&"T1041"));
    let hello = What::Operation {
        name: "tls client-hello\tversion=1.3",
        circumstances: 0,
        surprise: 1.0,
        rare: false,
        known: Vec::new(),
    };
    assert!(ids(of_departure(&hello, &to_outside)).contains(&"T1071"));
    let from_outside = PartyLink { initiator: Party::OUTSIDE, ..parties(WEB) };
    assert!(ids(of_departure(&link(true), &from_outside)).contains(&"T1133"));
    // What nobody else gets from there is a copy; what was always offered may be searched.
    assert!(stands_for(&link(false), 2575).contains(&"T0882"));
    assert!(stands_for(&link(true), 104).contains(&"T0811"));
    // So it is of what is sent, on whatever port; where others send the like, it may be forged.
    let sent = |offered| What::Foreign { name: "hl7 ORU\tevent=ORU^R01", usual: false, offered };
    assert!(stands_for(&sent(false), 8443).contains(&"T0882"));
    assert!(stands_for(&sent(true), 8443).contains(&"T0856"));
}

#[test]
fn an_alert_that_becomes_worse_stands_for_what_it_was_before_as_well() {
    let mut detection = new_conversation::NewConversation::default();
    let mut all = Alerts::default();
    let circumstances = ACQUAINTED | circumstances::ONLY_ANSWERS;
    let begins = What::Link { circumstances, surprise: 1.0, rare: false };
    let orders = What::Foreign { name: "hl7 ORM\tevent=ORM^O01", usual: false, offered: false };
    for (seconds, what) in [(1000, begins), (1001, orders)] {
        take(&mut all, &mut detection, &departure(what, 1, 2, seconds));
    }
    let all = all.finish();
    assert_eq!(told(&all), [(host(2), Some(host(1)), 2, Severity::Medium)]);
    let named: Vec<&str> = all[0].techniques().iter().map(|technique| technique.id).collect();
    assert_eq!(named, ["T0811", "T0855", "T0882", "T0886"]);
}

#[test]
fn a_name_server_that_is_asked_over_tcp_as_well_is_no_other_one() {
    let mut detection = way_changed::WayChanged::default();
    let found = |detection: &mut way_changed::WayChanged, circumstances: u16, transport: u8| {
        let mut departure = departure(What::Link { circumstances, surprise: 1.0, rare: false }, 1, 2, 1000);
        departure.link.service = Service { transport, port: 53 };
        let mut all = Alerts::default();
        take(&mut all, detection, &departure);
        all.finish().len()
    };
    assert_eq!(found(&mut detection, ACQUAINTED, protocol::TCP), 0);
    assert_eq!(found(&mut detection, ACQUAINTED, protocol::UDP), 1, "who never answered for names");
    assert_eq!(found(&mut detection, 0, protocol::TCP), 1);
    let asks = |circumstances| What::Link { circumstances, surprise: 1.0, rare: false };
    assert_eq!(stands_for(&asks(ACQUAINTED), 53)[0], "T1071.004");
    assert_eq!(stands_for(&asks(0), 53)[0], "T0830");
    let all_names = What::Foreign { name: "dns query\ttype=AXFR", usual: false, offered: false };
    assert_eq!(stands_for(&all_names, 53)[0], "T0846");
}

#[test]
fn the_largest_of_a_few_days_says_little() {
    let severity = |days: u32, excess: f64| {
        let seen = Departure { days, ..departure(SLOW, 1, 2, 1000) };
        seen.severity(excess, Severity::High)
    };
    assert_eq!([1.9, 2.1].map(|excess| severity(14, excess)), [Severity::Low, Severity::High]);
    assert_eq!([3.9, 4.1].map(|excess| severity(7, excess)), [Severity::Low, Severity::High]);
    assert_eq!([27.0, 29.0].map(|excess| severity(1, excess)), [Severity::Low, Severity::High]);
    assert_eq!(severity(60, 2.1), Severity::High, "more than two weeks say no more");
}

const HOUR: u64 = 3600;

#[test]
fn a_server_that_tells_all_the_wrong_time_is_told_twice_and_then_once() {
    let what = What::Beyond {
        measure: Measure::Value,
        operation: Some("ntp server (answer)\tstratum=2"),
        now: 3600,
        normal: 0,
        excess: 9.0,
        is_sent: false,
    };
    let mut detection = unusual_value::UnusualValue::default();
    let all = alerts(&mut detection, &what, (10..40).map(|client| (client, 2)));
    assert_eq!(all.len(), 3);
    assert_eq!(told(&all)[2], (host(2), None, 28, Severity::High));
    assert!(all[2].deviation.observed.contains("with 30: "), "{}", all[2].deviation.observed);
}

#[test]
fn who_is_up_late_is_told_once_whatever_he_does() {
    let what = What::Hour { operation: None, hour: 23, surprise: 9.0 };
    let mut detection = unusual_hour::UnusualHour::default();
    let all = alerts(&mut detection, &what, [(1, 2), (1, 3), (1, 2), (1, 4)]);
    assert_eq!(told(&all), [(host(2), Some(host(1)), 4, Severity::Low)]);
    let mut detection = unusual_hour::UnusualHour::default();
    assert_eq!(alerts(&mut detection, &what, [(1, 2), (5, 2)]).len(), 2, "another by himself");

    let mut detection = unusual_hour::UnusualHour::default();
    let mut all = Alerts::default();
    for (hours, to) in [(1, 2), (4, 3), (9, 4)] {
        take(&mut all, &mut detection, &departure(what.clone(), 1, to, hours * HOUR));
    }
    let all = told(&all.finish());
    assert_eq!(all.iter().map(|(device, ..)| *device).collect::<Vec<_>>(), [host(2), host(4)], "hours later anew");
}

#[test]
fn a_new_device_is_one_alert_with_whomever_it_has_to_do() {
    let mut detection = new_device::NewDevice::default();
    let mut all = Alerts::default();
    for (seconds, to, rare) in [(1, 2, false), (9, 3, true)] {
        take(
            &mut all,
            &mut detection,
            &departure(What::Device { initiates: true, usual: false, rare }, 1, to, seconds),
        );
    }
    assert_eq!(told(&all.finish()), [(host(1), Some(host(2)), 2, Severity::Medium)]);
}

/// An event that is new on link after link, as its request and its answer.
fn event(parties: &mut Parties, detection: &mut dyn Detection, alerts: &mut Alerts, links: &[(u32, u32, &str)]) {
    for (seconds, (from, to, receiver)) in (1000..).zip(links) {
        let names = [
            format!("hl7 ADT\tsending_application=EHR\treceiving_application={receiver}\tevent=ADT^A13"),
            format!("hl7 ACK (answer)\tsending_application={receiver}\treceiving_application=EHR\tevent=ACK^A13"),
        ];
        let [initiator, responder] = [from, to].map(|number| parties.named(&format!("ip:10.0.0.{number}")));
        for name in &names {
            let what = What::Operation { name, circumstances: 0, surprise: 1.0, rare: false, known: Vec::new() };
            let of = PartyLink { initiator, responder, service: WEB };
            take(alerts, detection, &Departure { parties: of, ..departure(what, *from, *to, seconds) });
        }
    }
}

#[test]
fn a_kind_of_message_that_an_engine_passes_on_is_told_where_it_came_from() {
    let (mut parties, mut alerts) = (Parties::new(Site::default()), Alerts::default());
    let mut detection = new_operation::NewOperation::default();
    event(&mut parties, &mut detection, &mut alerts, &[(1, 2, "ENGINE"), (2, 3, "LAB"), (2, 4, "PHARMACY")]);
    assert_eq!(told(&alerts.finish()), [(host(2), Some(host(1)), 2, Severity::Low)]);

    let (mut alerts, mut detection) = (Alerts::default(), new_operation::NewOperation::default());
    event(&mut parties, &mut detection, &mut alerts, &[(1, 2, "ENGINE"), (5, 6, "LAB")]);
    assert_eq!(alerts.finish().len(), 2, "between others it is news of its own");

    let (mut alerts, mut detection) = (Alerts::default(), new_operation::NewOperation::default());
    event(&mut parties, &mut detection, &mut alerts, &[(1, 2, "ENGINE"), (2, 3, "ENGINE")]);
    assert_eq!(alerts.finish().len(), 2, "the very same words are not passed on: what spreads says them again");
}
