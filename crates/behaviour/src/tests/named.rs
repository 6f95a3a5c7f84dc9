//! Detections with a name of their own for what departs: what they tell, and that the general ones leave it to them.

use std::collections::BTreeMap;

use wardtap_net::peel::protocol::{TCP, UDP};

use super::*;
use crate::alert::{Alert, Alerts, Deviation, Severity};
use crate::baseline::change::Changed;
use crate::baseline::measure::Measure;
use crate::baseline::novelty::circumstances::{OFFERED, TYPICAL_OF_INITIATOR, USED};
use crate::detection::{Detection, Raise};
use crate::detections;
use crate::links::{Link, Service};
use crate::parties::{Parties, Party, PartyLink};
use crate::scoring::{Departure, What};
use crate::site::Site;

/// All detections, and what they have raised.
struct All {
    detections: Vec<Box<dyn Detection>>,
    alerts: Alerts,
    seconds: u64,
    outside: bool,
    /// Neither end belongs to the site.
    foreign: bool,
    service: Service,
}

impl Default for All {
    fn default() -> Self {
        let service = Service { transport: TCP, port: 443 };
        Self {
            detections: detections::all(),
            alerts: Alerts::default(),
            seconds: 1000,
            outside: false,
            foreign: false,
            service,
        }
    }
}

impl All {
    fn take(&mut self, what: What<'_>, from: u32, to: u32) {
        let mut parties = Parties::new(Site::default());
        let [initiator, responder] = ["ip:10.0.0.1", "ip:10.0.0.2"].map(|id| parties.named(id));
        let responder = if self.outside { Party::OUTSIDE } else { responder };
        let [initiator, responder] = if self.foreign { [Party::OUTSIDE; 2] } else { [initiator, responder] };
        let link = PartyLink { initiator, responder, service: self.service };
        let departure = Departure {
            what,
            link: Link {
                initiator: Address::v4(0x0a00_0000 + from),
                responder: Address::v4(0x0a00_0000 + to),
                service: self.service,
            },
            parties: link,
            place: place(self.seconds, self.seconds * NANOS_PER_SECOND),
            time: Timestamp::from_seconds(self.seconds),
            days: 14,
            gap_bytes: 0,
            one_sided: false,
        };
        let mut raise = Raise::new(&self.alerts);
        raise.departs = Some((link, Changed::of(&departure)));
        self.detections.iter_mut().for_each(|detection| detection.departure(&departure, &mut raise));
        let found: Vec<Deviation> = raise.found.into_iter().map(|found| found.deviation).collect();
        found.into_iter().for_each(|deviation| drop(self.alerts.raise(deviation)));
        self.seconds += 1;
    }

    /// What stands at the end: name and severity of each alert.
    fn told(&mut self) -> Vec<(&'static str, Severity)> {
        self.alerts
            .finish()
            .iter()
            .map(|alert: &Alert| (alert.deviation.about.name, alert.deviation.severity))
            .collect()
    }
}

fn anew<'a>(name: &'a str, rare: bool, known: &[&'a str]) -> What<'a> {
    What::Operation { name, circumstances: 0, surprise: 1.0, rare, known: known.to_vec() }
}

/// What is told of one departure.
fn of(what: What<'_>) -> Vec<(&'static str, Severity)> {
    let mut all = All::default();
    all.take(what, 1, 2);
    all.told()
}

#[test]
fn what_a_stranger_does_has_a_name_and_what_he_asks_has_none() {
    for (name, expected) in [
        ("snmp set\tversion=2c\tcommunity=other", &[("foreign-command", Severity::High)][..]),
        ("bacnet write-property\tproperty=present-value", &[("foreign-command", Severity::High)]),
        ("bacnet reinitialize-device\tstate=coldstart", &[("foreign-command", Severity::High)]),
        ("modbus write-single-register\tfunction=6", &[("foreign-command", Severity::High)]),
        ("tftp write-request\tmode=octet\tprogram=yes", &[("firmware-push", Severity::High)]),
        ("http put\tagent=curl\tauth=basic\tprogram=yes", &[("firmware-push", Severity::High)]),
        ("bacnet atomic-write-file", &[("firmware-push", Severity::High)]),
        ("ftp pass\tlogin=clear", &[("clear-login", Severity::Low)]),
        ("telnet login\tlogin=clear", &[("clear-login", Severity::Low)]),
        ("mqtt connect\tversion=5\tlogin=user+password", &[("clear-login", Severity::Low)]),
        ("snmp get\tversion=2c\tcommunity=public", &[("clear-login", Severity::Low)]),
        ("vnc security-type\tsecurity=none", &[("clear-login", Severity::Medium)]),
        ("mqtt subscribe\tfilter=all", &[("all-topics", Severity::Medium)]),
        ("snmp get\tversion=2c\tcommunity=other", &[]),
        ("snmp response (answer)\tcommunity=public", &[]),
        ("bacnet read-property", &[]),
        ("modbus read-input-registers\tfunction=4", &[]),
        ("tftp write-request\tmode=octet\tprogram=no", &[]),
        ("http get\tprogram=yes", &[]),
        ("mqtt subscribe", &[]),
        ("vnc security-type\tsecurity=vnc", &[]),
        ("tls certificate (answer)\tcertificate=aa", &[]),
    ] {
        assert_eq!(of(What::Foreign { name, usual: false, offered: true }), expected, "{name}");
    }
}

#[test]
fn who_does_it_with_others_has_one_more_to_look_after() {
    let told = |name| of(What::Foreign { name, usual: true, offered: true });
    assert_eq!(told("snmp set\tcommunity=other"), [("foreign-command", Severity::Low)]);
    assert_eq!(told("tftp write-request\tprogram=yes"), [("firmware-push", Severity::Low)]);
    assert_eq!(told("telnet login\tlogin=clear"), []);
    assert_eq!(told("mqtt subscribe\tfilter=all"), [("all-topics", Severity::Medium)]);
}

#[test]
fn who_logs_in_for_the_first_time_is_worse_than_who_does_so_at_others() {
    let told = |transport, port, circumstances, outside| {
        let mut all = All { service: Service { transport, port }, outside, ..All::default() };
        all.take(What::Link { circumstances, surprise: 1.0, rare: false }, 1, 2);
        all.told()
    };
    let [low, medium] = [Severity::Low, Severity::Medium].map(|severity| vec![("new-conversation", severity)]);
    for port in [22, 23, 3389, 445, 502, 11112, 2575] {
        assert_eq!(told(TCP, port, OFFERED, false), medium, "{port}");
        assert_eq!(told(TCP, port, OFFERED | USED, false), low, "{port}: it is what it does");
        assert_eq!(told(TCP, port, OFFERED | TYPICAL_OF_INITIATOR, false), low, "{port}: it is what its make does");
    }
    assert_eq!(told(TCP, 8443, OFFERED, false), low);
    assert_eq!(told(TCP, 8443, OFFERED, true), medium, "out of the site");
    assert_eq!(told(TCP, 8443, OFFERED | USED, true), low);
}

#[test]
fn what_is_said_makes_a_new_conversation_worse_on_whatever_port() {
    let told = |what: What<'static>, said: &'static str, usual| {
        let mut all = All::default();
        all.take(what, 1, 2);
        all.take(What::Foreign { name: said, usual, offered: true }, 1, 2);
        all.told()
    };
    let link = || What::Link { circumstances: OFFERED, surprise: 1.0, rare: false };
    let device = || What::Device { initiates: true, usual: false, rare: false };
    let record = "hl7 ADT\tsending_application=A\treceiving_application=B\tevent=ADT^A01";
    let image = "dicom c-store-rq\tcommand=C-STORE-RQ\tcalling_ae=A\tcalled_ae=B";
    for said in [record, image] {
        assert_eq!(told(link(), said, false), [("new-conversation", Severity::Medium)], "{said}");
        assert_eq!(told(link(), said, true), [("new-conversation", Severity::Low)], "{said}: it says so to others");
        assert_eq!(told(device(), said, false), [("new-device", Severity::Medium)], "{said}");
    }
    for said in ["dicom c-echo-rq\tcommand=C-ECHO-RQ", "ntp client\tversion=4", "hl7 ACK (answer)\tack_code=AA"] {
        assert_eq!(told(link(), said, false), [("new-conversation", Severity::Low)], "{said}");
        assert_eq!(told(device(), said, false), [("new-device", Severity::Low)], "{said}");
    }
    let mut all = All::default();
    all.take(What::Foreign { name: record, usual: false, offered: true }, 1, 2);
    assert_eq!(all.told(), [], "nobody was told of the conversation: it is typical");
}

#[test]
fn another_name_and_another_aim_are_worse_than_other_news() {
    let told = |name: &str, known: &str| {
        let told = of(anew(name, false, &[known]));
        let [(detection, severity)] = told[..] else { panic!("one alert") };
        assert_eq!(detection, "new-operation");
        severity
    };
    let hl7 = |application: &str, event: &str| {
        format!("hl7 ADT\tsending_application={application}\treceiving_application=EHR\tevent={event}")
    };
    let known = hl7("ENGINE", "ADT^A01");
    assert_eq!(told(&hl7("OTHER", "ADT^A01"), &known), Severity::Medium);
    assert_eq!(told(&format!("{known}\tprocessing_id=T"), &known), Severity::Medium);
    assert_eq!(told(&hl7("ENGINE", "ADT^A60"), &known), Severity::Low);
    assert_eq!(told(&hl7("OTHER", "ADT^A60"), &known), Severity::Low, "another message altogether");
    let moves = |to: &str| format!("dicom c-move-rq\tcommand=C-MOVE-RQ\tcalling_ae=A\tmove_destination={to}");
    assert_eq!(told(&moves("THIEF"), &moves("A")), Severity::Medium);
    let many: Vec<String> = (0..4).map(|to| moves(&format!("WS{to}"))).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(
        of(anew(&moves("THIEF"), false, &many)),
        [("new-operation", Severity::Low)],
        "it has images sent to many"
    );
    let is = |revision| format!("modbus read-device-identification (answer)\tfunction=43\tunit=1\tidentity={revision}");
    assert_eq!(told(&is(2), &is(1)), Severity::Medium);
    assert_eq!(told("modbus exception (answer)\tfunction=3\texception=4", &is(1)), Severity::Medium);
}

#[test]
fn a_restart_is_none_of_what_a_master_does_that_sets_registers() {
    let writes = ["modbus write-single-register\tfunction=6\tunit=1\taddress=1"];
    let does = |subfunction| format!("modbus diagnostics\tfunction=8\tunit=1\tsubfunction={subfunction}");
    for subfunction in [1, 4, 10] {
        let told = of(anew(&does(subfunction), false, &writes));
        assert_eq!(told, [("foreign-command", Severity::Medium)], "{subfunction}");
    }
    assert_eq!(of(anew(&does(0), false, &writes)), [("new-operation", Severity::Low)], "it returns what was asked");
    assert_eq!(of(anew(&does(1), false, &[&does(4)])), [("new-operation", Severity::Low)], "it does so anyway");
    let file = "modbus write-file-record\tfunction=21\tunit=1";
    assert_eq!(of(anew(file, false, &writes)), [("foreign-command", Severity::Medium)]);
}

#[test]
fn what_a_partner_never_did_has_its_name_instead_of_the_general_one() {
    let polls = ["snmp get\tcommunity=other", "snmp response (answer)"];
    assert_eq!(of(anew("snmp set\tcommunity=other", true, &polls)), [("foreign-command", Severity::High)]);
    assert_eq!(of(anew("snmp set\tcommunity=other", false, &polls)), [("foreign-command", Severity::Medium)]);
    let sets = ["snmp set\tcommunity=other\tsubtree=ups"];
    assert_eq!(of(anew("snmp set\tcommunity=other", false, &sets)), [("new-operation", Severity::Low)]);
    // Known masters have habits of their own, register by register.
    assert_eq!(of(anew("modbus write-single-register\tfunction=6", true, &[])), [("new-operation", Severity::High)]);
    assert_eq!(of(anew("http put\tprogram=yes", false, &["http get"])), [("firmware-push", Severity::Medium)]);
    let pushes = ["http put\tagent=a\tprogram=yes"];
    assert_eq!(of(anew("http put\tprogram=yes", false, &pushes)), [("new-operation", Severity::Low)]);
    assert_eq!(of(anew("http post\tauth=basic", false, &["http get\tauth=none"])), [("clear-login", Severity::Low)]);
    assert_eq!(
        of(anew("http post\tauth=basic", false, &["http get\tauth=basic"])),
        [("new-operation", Severity::Low)],
        "that login is no news"
    );
}

#[test]
fn the_answer_to_what_has_its_name_is_told_with_it() {
    let mut all = All::default();
    all.take(anew("snmp set\tcommunity=other", true, &[]), 1, 2);
    all.take(anew("snmp response (answer)\terror=none", true, &[]), 1, 2);
    assert_eq!(all.told(), [("foreign-command", Severity::High)]);
}

#[test]
fn a_certificate_of_another_authority_is_worse_than_a_renewed_one() {
    let before = ["tls certificate (answer)\tcertificate=aa\tauthority=01", "tls server-hello (answer)\tversion=1.2"];
    let renewed = "tls certificate (answer)\tcertificate=bb\tauthority=01";
    let other = "tls certificate (answer)\tcertificate=bb\tauthority=02";
    assert_eq!(of(anew(renewed, true, &before)), [("certificate-changed", Severity::Low)]);
    assert_eq!(of(anew(other, false, &before)), [("certificate-changed", Severity::High)]);
    assert_eq!(of(anew(other, false, &before[1..])), [("new-operation", Severity::Low)], "none was ever seen");
    let many: Vec<String> =
        (0..4).map(|n| format!("tls certificate (answer)\tcertificate={n}\tauthority=01")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(of(anew(other, false, &many)), [("new-operation", Severity::Low)], "it has no habit");
    let mut all = All { outside: true, ..All::default() };
    all.take(anew(other, false, &before), 1, 2);
    assert_eq!(all.told(), [("new-operation", Severity::Low)], "servers outside do as they like");
    let mut all = All::default();
    (10..30).for_each(|client| all.take(anew(other, false, &before), client, 2));
    assert_eq!(all.told(), [("certificate-changed", Severity::High)], "all clients see the same");
}

#[test]
fn weaker_is_an_older_version_or_a_worse_kind_of_cipher() {
    let told = |name: &str, known: &[&str]| {
        let name = format!("tls server-hello (answer)\t{name}");
        let known: Vec<String> = known.iter().map(|known| format!("tls server-hello (answer)\t{known}")).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        of(anew(&name, false, &known))
    };
    let weakened = |severity| vec![("encryption-weakened", severity)];
    let good = "version=1.2\tcipher=c030";
    assert_eq!(told("version=1.0\tcipher=c014", &[good]), weakened(Severity::High));
    assert_eq!(told("version=1.2\tcipher=000a", &[good]), weakened(Severity::High));
    assert_eq!(told("version=1.2\tcipher=002f", &[good]), weakened(Severity::Medium));
    assert_eq!(told("version=1.2\tcipher=c02f", &["version=1.3\tcipher=1301"]), weakened(Severity::Medium));
    let general = vec![("new-operation", Severity::Low)];
    let shown = "tls certificate (answer)\tcertificate=aa\tauthority=01";
    let newest = "tls server-hello (answer)\tversion=1.3\tcipher=1301";
    assert_eq!(of(anew(shown, false, &[newest])), weakened(Severity::Medium), "it was encrypted");
    assert_eq!(of(anew(shown, false, &["tls server-hello (answer)\tversion=1.2\tcipher=c030"])), general);
    assert_eq!(told("version=1.3\tcipher=1301", &[good]), general, "better");
    assert_eq!(told("version=1.2\tcipher=cca8", &[good]), general, "as good");
    assert_eq!(
        told("version=1.2\tcipher=002f", &[good, "version=1.2\tcipher=0035"]),
        general,
        "as bad as one that was"
    );
    assert_eq!(told("version=1.0\tcipher=002f", &[]), general, "nothing to compare with");
    assert_eq!(told("version=fefd\tcipher=002f", &[good]), general, "no version that is known");
}

#[test]
fn other_name_and_time_servers_and_ways_are_told_of_once_they_are_many() {
    let lease = "lease (answer)\trouters=10.0.0.9\tname_servers=10.0.0.9";
    let mut all = All::default();
    (10..30).for_each(|client| all.take(anew(lease, false, &[]), client, 2));
    assert_eq!(all.told(), [("way-changed", Severity::Medium)]);

    let ack = "dhcp ack (answer)\trouter=10.0.0.9\tname_server=10.0.0.5";
    let known = ["dhcp ack (answer)\trouter=10.0.0.1\tname_server=10.0.0.5"];
    let mut all = All::default();
    (10..30).for_each(|client| all.take(anew(ack, false, &known), client, 2));
    assert_eq!(all.told(), [("way-changed", Severity::Medium)]);
    let same = "dhcp ack (answer)\tboot=yes\trouter=10.0.0.1\tname_server=10.0.0.5";
    assert_eq!(of(anew(same, false, &known)), [("new-operation", Severity::Low)], "the same ways");

    let link = |circumstances| What::Link { circumstances, surprise: 1.0, rare: false };
    let names = Service { transport: UDP, port: 53 };
    for (service, circumstances, outside, expected) in [
        (names, 0, false, ("way-changed", Severity::Medium)),
        (names, OFFERED, false, ("new-conversation", Severity::Low)),
        (names, OFFERED, true, ("way-changed", Severity::Medium)),
        (Service { transport: UDP, port: 123 }, 0, false, ("way-changed", Severity::Medium)),
        (Service { transport: TCP, port: 123 }, 0, false, ("new-conversation", Severity::Low)),
        (Service { transport: TCP, port: 443 }, OFFERED, true, ("new-conversation", Severity::Medium)),
    ] {
        let mut all = All { service, outside, ..All::default() };
        all.take(link(circumstances), 1, 2);
        assert_eq!(all.told(), [expected], "{service} {outside}");
    }
    let mut all = All { service: names, ..All::default() };
    (10..16).for_each(|client| all.take(link(0), client, 2));
    assert_eq!(all.told().len(), 3, "two singly, then all of them as one");
}

#[test]
fn a_time_server_is_told_of_once_and_other_values_by_the_general_detection() {
    let far = |operation| What::Beyond {
        measure: Measure::Value,
        operation: Some(operation),
        now: 240,
        normal: 0,
        excess: 20.0,
        is_sent: false,
    };
    let mut all = All::default();
    (10..30).for_each(|client| all.take(far("ntp server (answer)\tversion=4"), client, 2));
    assert_eq!(all.told(), [("clock-shifted", Severity::High)]);
    assert_eq!(of(far("hl7 ORU\tevent=ORU^R01")), [("clock-shifted", Severity::Medium)], "days");
    assert_eq!(of(far("modbus write-single-register")), [("unusual-value", Severity::High)]);
}

#[test]
fn what_is_told_to_people_is_short() {
    for about in detections::DETECTIONS {
        for text in [about.impact, about.response] {
            let words = text.split_whitespace().count();
            assert!((5..=25).contains(&words), "{}: {words} words: {text}", about.name);
        }
    }
    // Each is known by one name.
    let mut names = BTreeMap::new();
    for (place, detection) in detections::all().iter().enumerate() {
        assert!(names.insert(detection.about().name, place).is_none(), "{}", detection.about().name);
    }
}

#[test]
fn a_crowd_of_strangers_is_told_as_one_and_who_comes_later_singly() {
    let link = || What::Link { circumstances: OFFERED, surprise: 1.0, rare: false };
    let device = || What::Device { initiates: true, usual: false, rare: false };
    let told = |what: &dyn Fn() -> What<'static>, foreign: bool, later: u64| {
        let mut all = All { foreign, ..All::default() };
        (0..500).for_each(|pair| all.take(what(), 2 * pair + 1, 2 * pair + 2));
        all.seconds += later;
        all.take(what(), 2001, 2002);
        all.told()
    };
    for (what, name) in [(&link as &dyn Fn() -> What<'static>, "new-conversation"), (&device, "new-device")] {
        let crowd = told(what, false, 0);
        assert_eq!(crowd.len(), 33, "{crowd:?}");
        assert_eq!(crowd.iter().filter(|alert| **alert == (name, Severity::High)).count(), 1, "{crowd:?}");
        assert_eq!(told(what, false, 700).len(), 34, "{name}: it is calm again");
    }
    assert_eq!(told(&link, true, 0).len(), 3, "they do not belong here");
}
