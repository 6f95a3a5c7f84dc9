//! The inventory's room: what it takes is bounded, and who gives way when there is none left.

use wardtap_dissect::clues::Clue;
use wardtap_net::address::Mac;
use wardtap_net::claim::{Claim, How};
use wardtap_net::flow::Volume;

use super::*;
use crate::device::Devices;
use crate::inventory::Inventory;
use crate::links::{Link, OperationUse, Service, Use};
use crate::observation::{Claimed, Clued, Who};
use crate::site::Site;

/// Room for some hundred devices.
const OCTETS: usize = 1 << 20;

struct Gathered {
    devices: Devices,
    inventory: Inventory,
}

impl Gathered {
    fn new() -> Self {
        Self { devices: Devices::default(), inventory: Inventory::new(Site::default(), OCTETS) }
    }

    /// A device claims an address.
    fn claims(&mut self, number: u32, mac: Mac) {
        let claim = Claim { address: Address::v4(0x0a00_0000 + number), mac, how: How::Asking };
        self.devices.claimed(&Claimed { claim, vlan: None, place: Place::default() }, &mut Vec::new());
    }

    /// One asks another something in a minute, and is answered or not.
    fn talk(&mut self, minute: u64, [asks, answers]: [u32; 2], name: &str, is_answered: bool) {
        let [initiator, responder] = [asks, answers].map(|number| Address::v4(0x0a00_0000 + number));
        let link = Link { initiator, responder, service: Service { transport: 17, port: 53 } };
        let place = Place { time: Timestamp::from_seconds(minute * 60), ..Place::default() };
        let mut used = Use::once(link, OperationUse::once(name.to_owned().into(), 0), place);
        let sent = Volume { packets: 1, bytes: 80 };
        used.sent = if is_answered { [sent; 2] } else { [sent, Volume { packets: 0, bytes: 0 }] };
        self.inventory.used(&used, &self.devices);
    }

    fn says(&mut self, minute: u64, who: Who, text: &str) {
        let first = Place { time: Timestamp::from_seconds(minute * 60), ..Place::default() };
        let clued = Clued { who, clue: Clue::DhcpVendorClass, text: text.into(), count: 1, first };
        self.inventory.clued(&clued, &self.devices);
    }

    /// How many are known of whom something is kept, and whether this one is among them.
    fn knows(&self, number: u32) -> bool {
        let device = self.devices.owner(Address::v4(0x0a00_0000 + number)).expect("it claimed it");
        self.inventory.by_device(&self.devices).get(&device).is_some_and(|doing| {
            doing.acts.get(crate::inventory::End::Requester, false, "dns query").is_some()
                || doing.says.iter().count() > 0
        })
    }
}

const fn mac(number: u32) -> Mac {
    let [a, b, c, d] = number.to_be_bytes();
    Mac([0, 9, a, b, c, d])
}

#[test]
fn who_has_no_address_gives_way_before_who_was_answered() {
    let mut gathered = Gathered::new();
    for number in [1, 2, 3] {
        gathered.claims(number, mac(number));
    }
    gathered.talk(100, [1, 2], "dns query\ttype=A", true);
    gathered.talk(100, [3, 2], "dns query\ttype=A", false);
    for number in 0..20_000 {
        gathered.says(101 + u64::from(number), Who::Mac(mac(0x100_0000 + number)), &format!("host-{number}"));
    }
    assert!(gathered.inventory.refused() > 10_000, "{}", gathered.inventory.refused());
    assert!(gathered.knows(1) && gathered.knows(3), "though they were silent longest");
    // Of one that came last there is room again.
    gathered.says(30_000, Who::Mac(mac(7)), "late");
    gathered.claims(7, mac(7));
    assert!(gathered.knows(7));
}

#[test]
fn who_was_never_answered_gives_way_before_who_was() {
    let mut gathered = Gathered::new();
    for number in 1..2000 {
        gathered.claims(number, mac(number));
    }
    gathered.talk(100, [1, 2], "dns query\ttype=A", true);
    for number in 3..2000 {
        gathered.talk(100 + u64::from(number), [number, 2], &format!("dns query\ttype=A\tname={number}"), false);
    }
    gathered.talk(3000, [1999, 2], "dns query\ttype=A", false);
    assert!(gathered.inventory.refused() > 100, "{}", gathered.inventory.refused());
    assert!(gathered.knows(1) && !gathered.knows(3) && gathered.knows(1999), "it has done something last");
}

#[test]
fn who_works_on_end_is_told_from_who_works_as_long_in_parts() {
    let mut gathered = Gathered::new();
    for number in [1, 2, 3] {
        gathered.claims(number, mac(number));
    }
    // By day from noon of the first of January 1970, and into the night: a word every four minutes is work on end.
    for minute in (12 * 60..23 * 60).step_by(4) {
        gathered.talk(minute, [1, 3], "dns query", true);
    }
    // The same minutes in two parts.
    for minute in (8 * 60..10 * 60).chain(12 * 60..15 * 60) {
        gathered.talk(minute, [2, 3], "dns query", true);
    }
    let worked = |number: u32| {
        let device = gathered.devices.owner(Address::v4(0x0a00_0000 + number)).expect("it claimed it");
        gathered.inventory.by_device(&gathered.devices).get(&device).map(|doing| doing.worked).expect("it was heard")
    };
    let [on_end, in_parts] = [1, 2].map(worked);
    assert_eq!((on_end.all, on_end.longest, on_end.night), (165, 657, 15));
    assert_eq!((in_parts.all, in_parts.longest, in_parts.night), (300, 180, 0));
}
