//! Devices at their cap, and who has an address when claims contradict each other.

use wardtap_net::address::{Address, Mac};
use wardtap_net::claim::{Claim, How};
use wardtap_net::dhcp::Lease;
use wardtap_net::packet::{NANOS_PER_SECOND, Timestamp};

use super::place;
use crate::device::{DEVICES_MAX, DeviceId, Devices, IdentityChange, Name, REFUSED_MAX};
use crate::observation::{Claimed, Leased};

const NOW: Timestamp = Timestamp::from_seconds(1);
const PUMP: Mac = Mac([0, 9, 0xfb, 0, 0, 1]);
const OTHER: Mac = Mac([0, 9, 0xfb, 0, 0, 2]);
const ROUTER: Mac = Mac([0, 9, 0xfb, 0, 0, 3]);
const VIRTUAL: Mac = Mac([0, 0, 0x5e, 0, 1, 7]);

fn address(number: usize) -> Address {
    Address::v4(0x0a00_0001 + u32::try_from(number).unwrap())
}

/// Devices, and what changed of them.
#[derive(Default)]
struct Register {
    devices: Devices,
    changes: Vec<IdentityChange>,
}

impl Register {
    fn heard(&mut self, number: usize) {
        self.devices.heard(address(number), None, NOW, &mut self.changes);
    }

    fn says(&mut self, minute: u64, mac: Mac, number: usize, how: How) {
        self.says_in(minute, mac, number, how, None);
    }

    fn says_in(&mut self, minute: u64, mac: Mac, number: usize, how: How, vlan: Option<u16>) {
        let claim = Claim { address: address(number), mac, how };
        let seen = Claimed { claim, vlan, place: place(minute, minute * 60 * NANOS_PER_SECOND) };
        self.devices.claimed(&seen, &mut self.changes);
    }

    fn leases(&mut self, minute: u64, client: Mac, number: usize) {
        let lease = Lease {
            client,
            address: address(number),
            server: address(200),
            sender: address(200),
            sender_mac: None,
            relay: None,
            to_relay: false,
            is_offer: false,
            routers: Vec::new(),
            name_servers: Vec::new(),
        };
        let seen = Leased { lease, vlan: None, place: place(minute, minute * 60 * NANOS_PER_SECOND) };
        self.devices.leased(&seen, &mut self.changes);
    }

    fn tick(&mut self, minute: u64) {
        self.devices.tick(Timestamp::from_seconds(minute * 60), &mut self.changes);
    }

    /// The id of who has an address; empty where nobody has.
    fn id(&self, number: usize) -> String {
        self.devices.owner(address(number)).map(|device| self.devices.id_of(device)).unwrap_or_default()
    }

    /// What has changed since the last time, in words.
    fn told(&mut self) -> Vec<String> {
        let devices = &self.devices;
        let told = self.changes.drain(..).map(|change| match change {
            IdentityChange::Appeared { device, .. } => format!("{} appeared", devices.id_of(device)),
            IdentityChange::Gained { device, address, .. } => format!("{} has {address}", devices.id_of(device)),
            IdentityChange::Same { device, was, .. } => format!("{was} is {}", devices.id_of(device)),
            IdentityChange::Contended { claim, .. } => format!("{} claims {}", claim.claim.mac, claim.claim.address),
            IdentityChange::Defended { claim, .. } => format!("{} goes on", claim.claim.mac),
        });
        told.collect()
    }
}

fn full() -> Register {
    let mut register = Register::default();
    (0..DEVICES_MAX).for_each(|number| register.heard(number));
    assert_eq!(register.told().len(), DEVICES_MAX);
    register
}

#[test]
fn a_refused_address_counts_once_however_often_it_is_told() {
    let mut register = full();
    for told in [DEVICES_MAX, DEVICES_MAX + 1, DEVICES_MAX, 0, DEVICES_MAX + 1] {
        register.heard(told);
    }
    register.says(1, PUMP, DEVICES_MAX + 1, How::Asking);
    assert_eq!(register.told(), [""; 0]);
    assert_eq!((register.devices.refused(), register.devices.iter().count()), (2, DEVICES_MAX));
    assert_eq!((register.id(DEVICES_MAX).as_str(), register.id(0).as_str()), ("", "ip:10.0.0.1"));
    assert_eq!(register.devices.learned("ip:192.0.2.1", None, &[]), None);
}

#[test]
fn the_count_of_refused_addresses_has_an_end() {
    let mut register = full();
    for _ in 0..2 {
        (DEVICES_MAX..DEVICES_MAX + REFUSED_MAX + 10).for_each(|number| register.heard(number));
        assert_eq!(register.devices.refused(), REFUSED_MAX as u64);
    }
}

#[test]
fn a_claim_names_a_device_that_was_not_heard_before() {
    let mut register = Register::default();
    register.heard(0);
    register.says(1, PUMP, 0, How::Answering);
    register.says(1, OTHER, 1, How::Answering);
    assert_eq!(register.told(), ["ip:10.0.0.1 appeared", "ip:10.0.0.1 has 10.0.0.1", "mac:00:09:fb:00:00:02 appeared"]);
    let pump = register.devices.owner(address(0)).unwrap();
    assert_eq!(register.devices.get(pump).unwrap().mac, Some(PUMP));
}

#[test]
fn a_lease_moves_an_address_and_the_id_goes_along() {
    let mut register = Register::default();
    register.says(1, PUMP, 0, How::Asking);
    register.says(1, OTHER, 1, How::Asking);
    register.leases(2, PUMP, 5);
    register.leases(3, OTHER, 0);
    register.told();
    assert_eq!(register.id(5), "mac:00:09:fb:00:00:01");
    assert_eq!(register.id(0), "mac:00:09:fb:00:00:02");
    let other = register.devices.owner(address(0)).unwrap();
    assert_eq!(register.devices.addresses(other).collect::<Vec<_>>(), [address(0), address(1)]);
    // What another worker tells once more changes nothing.
    register.heard(0);
    assert_eq!(register.told(), [""; 0]);
}

#[test]
fn what_another_claims_stays_the_owners_while_that_lives() {
    let mut register = Register::default();
    register.says(1, PUMP, 0, How::Asking);
    register.says(5, OTHER, 0, How::Announced);
    register.says(9, PUMP, 0, How::Asking);
    register.tick(36);
    assert_eq!(
        register.told(),
        ["mac:00:09:fb:00:00:01 appeared", "00:09:fb:00:00:02 claims 10.0.0.1", "00:09:fb:00:00:01 goes on"]
    );
    assert_eq!(register.id(0), "mac:00:09:fb:00:00:01");
}

#[test]
fn a_silent_owner_loses_its_address() {
    let mut register = Register::default();
    register.says(1, PUMP, 0, How::Asking);
    register.says(5, OTHER, 0, How::Announced);
    register.tick(34);
    assert_eq!(register.id(0), "mac:00:09:fb:00:00:01");
    register.tick(35);
    assert_eq!(register.id(0), "mac:00:09:fb:00:00:02");
    // Silent for long before anybody asks for it: at once.
    register.says(90, PUMP, 0, How::Asking);
    assert_eq!(register.id(0), "mac:00:09:fb:00:00:01");
    assert_eq!(register.devices.iter().count(), 2);
}

#[test]
fn who_claims_the_addresses_of_several_takes_none() {
    let mut register = Register::default();
    register.says(1, PUMP, 0, How::Asking);
    register.says(1, ROUTER, 1, How::Asking);
    register.says(5, OTHER, 0, How::Answering);
    register.says(5, OTHER, 1, How::Answering);
    register.tick(40);
    assert_eq!((register.id(0).as_str(), register.id(1).as_str()), ("mac:00:09:fb:00:00:01", "mac:00:09:fb:00:00:03"));
}

#[test]
fn a_proxy_has_one_address() {
    let mut register = Register::default();
    register.says(1, ROUTER, 0, How::Asking);
    register.heard(7);
    (1..9).for_each(|number| register.says(2, ROUTER, number, How::Answering));
    assert_eq!(register.told(), ["mac:00:09:fb:00:00:03 appeared", "ip:10.0.0.8 appeared"]);
    assert_eq!((register.id(1).as_str(), register.id(7).as_str()), ("", "ip:10.0.0.8"));
}

#[test]
fn two_that_prove_to_be_one_are_the_older() {
    let mut register = Register::default();
    register.says(1, PUMP, 0, How::Asking);
    register.heard(1);
    register.devices.role(address(1), 0, true);
    assert_eq!(register.told(), ["mac:00:09:fb:00:00:01 appeared", "ip:10.0.0.2 appeared"]);
    register.says(2, PUMP, 1, How::Asking);
    let pump = register.devices.owner(address(0)).unwrap();
    assert_eq!(register.told(), ["ip:10.0.0.2 is mac:00:09:fb:00:00:01"]);
    assert_eq!((register.id(1), register.devices.iter().count()), (register.id(0), 1));
    assert_eq!(register.devices.id_of(DeviceId(1)), "mac:00:09:fb:00:00:01");
    assert_eq!(register.devices.get(pump).unwrap().roles().collect::<Vec<_>>(), [(0, true, false)]);

    let mut register = Register::default();
    register.heard(1);
    register.says(1, PUMP, 0, How::Asking);
    register.says(2, PUMP, 1, How::Asking);
    assert_eq!(register.told()[2], "mac:00:09:fb:00:00:01 is ip:10.0.0.2");
    assert_eq!(register.id(0), "ip:10.0.0.2");
}

#[test]
fn virtual_addresses_name_no_device_and_can_be_taken() {
    let mut register = Register::default();
    register.says(1, VIRTUAL, 0, How::Answering);
    register.says(2, VIRTUAL, 1, How::Answering);
    assert_eq!(register.told(), ["ip:10.0.0.1 appeared", "ip:10.0.0.2 appeared"]);
    register.says(3, OTHER, 0, How::Announced);
    register.says(4, VIRTUAL, 0, How::Answering);
    register.tick(90);
    assert_eq!(register.told(), ["00:09:fb:00:00:02 claims 10.0.0.1", "00:00:5e:00:01:07 goes on"]);
    assert_eq!(register.id(0), "ip:10.0.0.1");
}

#[test]
fn the_same_address_in_another_vlan_is_another_network() {
    let mut register = Register::default();
    register.says_in(1, PUMP, 0, How::Asking, Some(10));
    register.says_in(2, OTHER, 0, How::Asking, Some(20));
    assert_eq!(register.told(), ["mac:00:09:fb:00:00:01 appeared"]);

    // What is routed is heard in other VLANs as well: the owner's claim says where it is.
    let mut register = Register::default();
    register.devices.heard(address(0), Some(20), NOW, &mut register.changes);
    register.says_in(1, PUMP, 0, How::Asking, Some(10));
    register.told();
    register.says_in(2, OTHER, 0, How::Asking, Some(10));
    assert_eq!(register.told(), ["00:09:fb:00:00:02 claims 10.0.0.1"]);
}

#[test]
fn what_was_learned_is_told_once_it_is_heard() {
    let mut register = Register::default();
    let pump = register.devices.learned("ip:10.0.0.1@20", Some(PUMP), &[address(0)]).unwrap();
    let host = register.devices.learned("mac:00:09:fb:00:00:02", None, &[address(1)]).unwrap();
    assert_eq!(register.devices.learned("mac:00:09:fb:00:00:02", Some(ROUTER), &[address(2)]), Some(host));
    assert!(register.devices.iter().all(|(_, device)| !device.is_heard()));
    // It has another address now.
    register.says(1, PUMP, 5, How::Asking);
    register.says(2, ROUTER, 1, How::Answering);
    register.heard(1);
    assert_eq!(register.told(), ["ip:10.0.0.1@20 appeared", "mac:00:09:fb:00:00:02 appeared"]);
    assert_eq!(register.devices.owner(address(5)), Some(pump));
    assert_eq!(register.devices.learned("archive", None, &[]), None);
}

/// A pump whose addresses are leased, as a baseline knows it, and another that had the address of place 1 last.
fn lessees() -> (Register, [DeviceId; 2]) {
    let mut register = Register::default();
    let mut learned = |mac: &str, addresses: &[Address]| {
        let device = register.devices.learned(mac, None, addresses).unwrap();
        addresses.iter().for_each(|address| register.devices.leases(*address));
        register.devices.becomes_lessee(device);
        device
    };
    let pumps = [learned("mac:00:09:fb:00:00:01", &[address(1)]), learned("mac:00:09:fb:00:00:02", &[address(2)])];
    (register, pumps)
}

#[test]
fn who_has_a_leased_address_is_told_by_the_first_frame() {
    let (mut register, [pump, other]) = lessees();
    register.devices.met(address(2), PUMP, None, &mut register.changes);
    assert_eq!(register.devices.owner(address(2)), Some(pump));
    register.devices.met(address(2), OTHER, None, &mut register.changes);
    assert_eq!(register.devices.owner(address(2)), Some(pump), "the first one counts");
    register.devices.met(address(7), OTHER, None, &mut register.changes);
    assert_eq!(
        register.devices.owner(address(7)),
        Some(other),
        "an address that was never seen, beside those that are leased"
    );
    register.devices.met(Address::v4(0x0a01_0007), OTHER, None, &mut register.changes);
    assert_eq!(register.devices.owner(Address::v4(0x0a01_0007)), None, "an invented sender");
    assert_eq!(register.told(), [""; 0], "nobody was heard yet");
    register.heard(2);
    register.devices.met(address(8), PUMP, None, &mut register.changes);
    assert_eq!(register.told(), ["mac:00:09:fb:00:00:01 appeared", "mac:00:09:fb:00:00:01 has 10.0.0.9"]);
}

#[test]
fn a_frame_tells_nothing_of_what_is_claimed_or_never_leased_and_nothing_by_a_router() {
    let (mut register, [pump, other]) = lessees();
    let archive = register.devices.learned("mac:00:09:fb:00:00:03", None, &[address(3)]).unwrap();
    register.devices.met(address(3), PUMP, None, &mut register.changes);
    assert_eq!(register.devices.owner(address(3)), Some(archive), "no server gives it away");
    register.devices.met(address(1), ROUTER, None, &mut register.changes);
    assert_eq!(register.devices.owner(address(1)), Some(pump), "who has an address of its own may be a router");
    register.leases(1, OTHER, 2);
    register.devices.met(address(2), PUMP, None, &mut register.changes);
    assert_eq!(register.devices.owner(address(2)), Some(other), "its lease was seen");
}

#[test]
fn who_sent_from_an_address_last_has_it() {
    let (mut register, [pump, other]) = lessees();
    register.devices.has(address(2), pump);
    assert_eq!(register.devices.owner(address(2)), Some(pump));
    assert_eq!(register.devices.addresses(other).count(), 0);
    register.devices.has(address(9), pump);
    assert_eq!(register.devices.owner(address(9)), None, "nobody has it");
}

#[test]
fn a_role_counts_for_who_had_the_address_when_it_was_first_told() {
    let mut register = Register::default();
    register.says(1, PUMP, 0, How::Asking);
    register.devices.role(address(0), 1, false);
    register.leases(2, OTHER, 0);
    register.devices.role(address(0), 1, false);
    let roles: Vec<usize> = register.devices.iter().map(|(_, device)| device.roles().count()).collect();
    assert_eq!(roles, [1, 0]);
}

#[test]
fn names_are_read_as_they_are_written() {
    for text in ["mac:00:09:fb:00:00:01", "ip:10.0.0.1", "ip:10.0.0.1@20", "ip:fe80::1"] {
        assert_eq!(text.parse::<Name>().unwrap().to_string(), text);
    }
    for text in [
        "",
        "10.0.0.1",
        "mac:00:09:fb:00:00",
        "mac:00:09:fb:00:00:01:02",
        "mac:0:09:fb:00:00:001",
        "ip:x",
        "ip:10.0.0.1@x",
    ] {
        assert!(text.parse::<Name>().is_err(), "{text}");
    }
}
