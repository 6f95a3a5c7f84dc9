//! Devices at their cap, and claims that contradict each other.

use wardtap_net::address::{Address, Mac};
use wardtap_net::packet::Timestamp;

use crate::device::{DEVICES_MAX, Devices, REFUSED_MAX};

const NOW: Timestamp = Timestamp::from_seconds(1);

fn address(number: usize) -> Address {
    Address::v4(0x0a00_0001 + u32::try_from(number).unwrap())
}

fn full() -> Devices {
    let mut devices = Devices::default();
    for number in 0..DEVICES_MAX {
        assert!(devices.heard(address(number), None, None, NOW).is_some());
    }
    devices
}

#[test]
fn a_refused_address_counts_once_however_often_it_is_told() {
    let mut devices = full();
    for told in [DEVICES_MAX, DEVICES_MAX + 1, DEVICES_MAX, 0, DEVICES_MAX + 1] {
        assert!(devices.heard(address(told), None, None, NOW).is_none());
    }
    assert_eq!((devices.refused(), devices.iter().count()), (2, DEVICES_MAX));
    assert!(devices.get(address(DEVICES_MAX)).is_none() && devices.get(address(0)).is_some());
}

#[test]
fn the_count_of_refused_addresses_has_an_end() {
    let mut devices = full();
    for _ in 0..2 {
        for number in DEVICES_MAX..DEVICES_MAX + REFUSED_MAX + 10 {
            assert!(devices.heard(address(number), None, None, NOW).is_none());
        }
        assert_eq!(devices.refused(), REFUSED_MAX as u64);
    }
}

#[test]
fn the_first_claim_counts() {
    let (first, second) = (Mac([0, 9, 0xfb, 0, 0, 1]), Mac([0, 9, 0xfb, 0, 0, 2]));
    let mut devices = Devices::default();
    devices.heard(address(0), None, None, NOW);
    for mac in [first, second, first, second] {
        devices.heard(address(0), Some(mac), None, NOW);
        assert_eq!(devices.get(address(0)).unwrap().mac, Some(first));
    }
    assert_eq!(devices.get(address(0)).unwrap().id(), "ip:10.0.0.1", "it was heard before it was claimed");
}
