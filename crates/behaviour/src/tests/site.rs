//! The site's calendar and networks.

use std::net::IpAddr;

use wardtap_net::address::Address;
use wardtap_net::packet::Timestamp;

use crate::site::{Day, DayKind, HOLIDAYS_MAX, Local, Network, Site, SiteError};

fn berlin() -> Site {
    Site::from_text("Europe/Berlin", ["2026-12-25", "2026-05-01", "2026-05-01"], ["10.0.0.0/8"]).unwrap()
}

fn at(site: &Site, text: &str) -> Local {
    site.local(site.moment(text).unwrap())
}

fn day(text: &str) -> i32 {
    text.parse::<Day>().unwrap().0
}

#[test]
fn hours_follow_the_sites_clocks_through_summer_time() {
    let site = berlin();
    // Clocks were put forward on 2026-03-29 at 01:00 UTC, and back on 2026-10-25 at 01:00 UTC.
    for (utc, hour) in [
        ("2026-03-29T00:59:59Z", 1),
        ("2026-03-29T01:00:00Z", 3),
        ("2026-10-25T00:59:59Z", 2),
        ("2026-10-25T01:00:00Z", 2),
        ("2026-10-25T02:00:00Z", 3),
        ("1970-01-01T00:00:00Z", 1),
        ("2200-07-01T12:00:00Z", 14),
    ] {
        assert_eq!(at(&site, utc).hour, hour, "{utc}");
    }
    // Half an hour before midnight UTC it is the next day there already.
    assert_eq!(at(&site, "2026-11-24T23:30:00Z").day, day("2026-11-25"));
    let west = Site::from_text("America/St_Johns", [], []).unwrap();
    assert_eq!(at(&west, "2026-11-25T03:29:00Z"), Local { day: day("2026-11-24"), hour: 23, kind: DayKind::Work });
    assert_eq!(at(&west, "1970-01-01T00:00:00Z").day, -1, "before the first day");
    let last = Site::default().local(Timestamp::from_nanos(u64::MAX));
    assert_eq!((last.day, last.hour), (day("2554-07-21"), 23));
}

#[test]
fn weekends_and_holidays_are_rest() {
    let site = berlin();
    for (moment, kind) in [
        ("2026-11-27T12:00", DayKind::Work),
        ("2026-11-28T00:00", DayKind::Rest),
        ("2026-11-29T23:59", DayKind::Rest),
        ("2026-11-30T00:00", DayKind::Work),
        ("2026-12-25T00:00", DayKind::Rest),
        ("2026-12-24T23:59", DayKind::Work),
    ] {
        assert_eq!(at(&site, moment).kind, kind, "{moment}");
    }
    assert_eq!(Site::default().kind(day("2026-12-25")), DayKind::Work, "holidays are the site's");
}

#[test]
fn what_a_site_prints_makes_it_again() {
    let site = berlin();
    let holidays: Vec<String> = site.holidays().iter().map(ToString::to_string).collect();
    let networks: Vec<String> = site.networks().iter().map(ToString::to_string).collect();
    assert_eq!(holidays, ["2026-05-01", "2026-12-25"]);
    assert_eq!(networks, ["10.0.0.0/8"]);
    let text = |all: &[String]| all.to_vec();
    let (holidays, networks) = (text(&holidays), text(&networks));
    let again =
        Site::from_text(site.timezone_name(), holidays.iter().map(String::as_str), networks.iter().map(String::as_str));
    assert_eq!(again.unwrap(), site);
    let default = Site::default();
    let networks: Vec<String> = default.networks().iter().map(ToString::to_string).collect();
    let again = Site::from_text(default.timezone_name(), [], networks.iter().map(String::as_str)).unwrap();
    assert_eq!(again.timezone_name(), "UTC");
    assert!(again.networks().iter().all(|network| default.networks().contains(network)));
    // A zone's name is the database's, whatever was typed.
    assert_eq!(Site::from_text("europe/berlin", [], []).unwrap().timezone_name(), "Europe/Berlin");
}

#[test]
fn networks_say_what_is_inside() {
    let inside = |site: &Site, text: &str| site.is_inside(Address::from(text.parse::<IpAddr>().unwrap()));
    let default = Site::default();
    for ip in ["10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.1.1", "100.127.0.1", "fd12::1", "fe80::1"] {
        assert!(inside(&default, ip), "{ip}");
    }
    for ip in ["11.0.0.0", "172.32.0.0", "172.15.255.255", "192.169.0.0", "100.128.0.1", "8.8.8.8", "2001:db8::1"] {
        assert!(!inside(&default, ip), "{ip}");
    }
    let own = Site::from_text("UTC", [], ["198.51.100.0/24", "2001:db8:7::/48", "203.0.113.9"]).unwrap();
    for ip in ["198.51.100.255", "2001:db8:7:ffff::1", "203.0.113.9"] {
        assert!(inside(&own, ip), "{ip}");
    }
    for ip in ["10.0.0.1", "198.51.101.0", "2001:db8:8::1", "203.0.113.10"] {
        assert!(!inside(&own, ip), "{ip}: given networks stand in place of the default ones");
    }
    for ip in ["169.254.9.9", "fe80::1", "127.0.0.1", "::1", "224.0.0.251", "ff02::fb", "255.255.255.255", "0.0.0.0"] {
        assert!(inside(&own, ip), "{ip} does not leave any site");
    }
}

#[test]
fn mistakes_are_told_with_what_is_right() {
    let told = |site: Result<Site, SiteError>| site.unwrap_err().to_string();
    assert_eq!(
        told(Site::from_text("Berlin", [], [])),
        "there is no time zone \"Berlin\" (did you mean Europe/Berlin?): write a name of the IANA database, for example Europe/Berlin"
    );
    assert!(told(Site::from_text("Middle/Earth", [], [])).starts_with("there is no time zone \"Middle/Earth\": "));
    for text in ["25.12.2026", "2026-02-30", "2026-12-25T00:00", ""] {
        let told = told(Site::from_text("UTC", [text], []));
        assert_eq!(told, format!("\"{text}\" is no date: a holiday looks like 2026-12-25"));
    }
    for (text, why) in [
        ("10.1.0.0/8", "it has bits behind its length: write 10.0.0.0/8"),
        ("2001:db8::1/32", "it has bits behind its length: write 2001:db8::/32"),
        ("10.0.0.0/33", "the length behind the / is a number from 0 to 32"),
        ("fd00::/129", "the length behind the / is a number from 0 to 128"),
        ("ward-7", "write an address and a length, for example 10.20.0.0/16 or fd00:12::/32"),
    ] {
        assert_eq!(told(Site::from_text("UTC", [], [text])), format!("\"{text}\" is no network: {why}"));
    }
    let days = (0..=HOLIDAYS_MAX as i32).map(Day).collect();
    assert_eq!(told(Site::new("UTC", days, Vec::new())), "more than 4096 holidays: leave some out");
}

#[test]
fn moments_are_the_sites_or_have_an_offset() {
    let site = berlin();
    let seconds = |text: &str| site.moment(text).map(Timestamp::seconds).map_err(|error| error.to_string());
    let noon = seconds("2026-12-01T12:00:00Z").unwrap();
    for text in ["2026-12-01T13:00", "2026-12-01T12:00Z", "2026-12-01T07:00-05:00", "2026-12-01 13:00:00"] {
        assert_eq!(seconds(text), Ok(noon), "{text}");
    }
    // Of an hour that is there twice, the first is meant.
    assert_eq!(seconds("2026-10-25T02:30"), seconds("2026-10-25T00:30Z"));
    assert!(seconds("2026-03-29T02:30").unwrap_err().contains("put forward over it"));
    for text in ["2026-12-01", "tomorrow", "22:00", ""] {
        assert!(seconds(text).unwrap_err().contains("write 2026-12-01T22:00 (the site's clocks)"), "{text}");
    }
    for text in ["1969-12-31T23:59Z", "2600-01-01T00:00Z"] {
        assert!(seconds(text).unwrap_err().ends_with("times go from 1970 to 2554"), "{text}");
    }
}

#[test]
fn a_network_of_all_addresses_has_length_zero() {
    let all: Network = "::/0".parse().unwrap();
    assert!(all.contains(Address::v4(0x0808_0808)) && all.to_string() == "::/0");
    let v4: Network = "0.0.0.0/0".parse().unwrap();
    assert!(v4.contains(Address::v4(0x0808_0808)) && v4.to_string() == "0.0.0.0/0");
    assert!(!v4.contains(Address::v6([0xfd; 16])));
}

#[test]
fn what_hosts_outside_say_that_they_are_is_no_habit() {
    use crate::links::{Link, OperationUse, Service, Use};
    let [inside, outside] = [Address::v4(0x0a00_0001), Address::v4(0x0808_0808)];
    let certificate = || OperationUse::once("tls certificate (answer)\tcertificate=8d3b6900a0168bcf".into(), 1);
    let hello = || OperationUse::once("tls server-hello (answer)\tversion=1.2\tcipher=c02f".into(), 1);
    let used = |responder: Address| {
        let link = Link { initiator: inside, responder, service: Service::at(6, 443) };
        let mut used = Use::once(link, certificate(), super::place(1, 1));
        used.operations.push(hello());
        used
    };
    let site = Site::default();
    let names = |used: &Use| used.habits(&site).operations.iter().map(|it| it.name.to_string()).collect::<Vec<_>>();
    assert_eq!(names(&used(inside)).len(), 2);
    assert_eq!(names(&used(outside)), [hello().name.to_string()]);
}
