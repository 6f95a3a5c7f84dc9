//! What is learned where there is no room for all of it.

use wardtap_net::address::Address;
use wardtap_net::peel::protocol;

use super::*;
use crate::baseline::learner::Learner;
use crate::baseline::store::Store;
use crate::device::Devices;
use crate::links::{Link, OperationUse, Service, Use};
use crate::parties::{Parties, PartyLink};
use crate::site::Site;

const MINUTE: u64 = 20_000 * 1440;

/// Minutes of `old`, which does the same in each, beside ever others that are never heard again.
fn learned(octets: Option<usize>, minutes: u64) -> (Store, u64) {
    let (mut learner, mut parties, devices) =
        (Learner::default(), Parties::new(Site::default()), Devices::new(100_000));
    if let Some(octets) = octets {
        learner.bound(octets);
    }
    for minute in MINUTE..MINUTE + minutes {
        let strangers = (0..50).map(|number| u32::try_from((minute - MINUTE) * 50 + number).unwrap() + 10);
        for host in std::iter::once(1).chain(strangers) {
            let link = Link {
                initiator: Address::v4(0x0a00_0000 + host),
                responder: Address::v4(0x0a00_0002),
                service: Service { transport: protocol::TCP, port: 502 },
            };
            let place = place(minute, minute * 60 * NANOS_PER_SECOND);
            let mut used = Use::once(link, OperationUse::once("modbus read-coils".into(), 0), place);
            used.minute = minute;
            let [initiator, responder] =
                [link.initiator, link.responder].map(|address| parties.named(&format!("ip:{address}")));
            learner.used(PartyLink { initiator, responder, service: link.service }, &used);
        }
    }
    let refused = learner.refused();
    (learner.into_store(&parties, &devices), refused)
}

#[test]
fn who_makes_up_new_ones_takes_nothing_from_those_that_are_known() {
    let days = 3;
    let (all, refused) = learned(None, days * 1440 / 20);
    assert_eq!((all.links.len() as u64, refused), (days * 1440 / 20 * 50 + 2, 0));
    let (some, refused) = learned(Some(1 << 20), days * 1440 / 20);
    assert!((500..3000).contains(&some.links.len()) && refused > 5000, "{} links, {refused}", some.links.len());
    let old = |store: &Store| {
        let (_, link) = store.links.iter().find(|(key, _)| key.initiator == "ip:10.0.0.1").unwrap();
        link.clone()
    };
    assert_eq!(old(&some), old(&all), "it is learned to the end");
}

#[test]
fn once_all_is_taken_nothing_more_is_learned() {
    let (none, refused) = learned(Some(0), 3);
    assert_eq!((none.links.len(), refused), (0, 3 * 51 * 2));
}
