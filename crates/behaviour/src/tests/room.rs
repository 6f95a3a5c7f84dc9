//! What links do when more is done than there is room for.

use super::*;
use crate::links::{Link, Links, Service};

/// Links of one device with ever more hosts, each of which does as much, a minute after the other.
#[test]
fn operations_of_links_that_are_quiet_make_room_for_others() {
    let operations = 64 << 10;
    let mut links = Links::new(HashKey(1, 2), Room { operations, ..room(256) });
    let service = Service::at(6, 443);
    let mut told = Vec::new();
    for minute in 0..200 {
        let responder = Address::v4(0x0a00_0000 + minute);
        let time = u64::from(minute) * 60;
        let place = place(time, time * NANOS_PER_SECOND);
        let link = Link { initiator: Address::v4(1), responder, service };
        let (slot, _) = links.open(link, place).unwrap();
        let news = (0..12).filter_map(|size| links.opaque(slot, 0, 1 << size, place)).count();
        assert_eq!(news, 12, "minute {minute}");
        links.hand_over(u64::from(minute) + 1, |used| told.push((used.operations.len(), used.other_messages)));
    }
    assert_eq!(told, [(12, 0); 200]);
}
