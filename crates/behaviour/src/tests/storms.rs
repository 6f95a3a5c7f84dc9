//! Too many broadcasts.

use wardtap_net::address::{Address, Mac};
use wardtap_net::claim::{Claim, How};
use wardtap_net::packet::NANOS_PER_SECOND;

use super::place;
use crate::judge::{Judge, Verdict};
use crate::observation::{Claimed, Observation};

#[test]
fn a_storm_is_many_hosts_that_ask_far_too_often_at_once() {
    let raised = |hosts: u32, claims: u64, apart: u64| {
        let mut judge = Judge::default();
        let mut names = Vec::new();
        for number in 0..claims {
            for host in 0..hosts {
                let address = Address::v4(0x0a00_0001 + host);
                let claim = Claim { address, mac: Mac([2, 0, 0, 0, 0, host as u8]), how: How::Asking };
                let seen = Claimed { claim, vlan: Some(7), place: place(number, number * apart) };
                judge.observe(&Observation::Claimed(seen), &mut |verdict| {
                    if let Verdict::Alert(alert) = verdict {
                        names.push(alert.deviation.about.name);
                    }
                });
            }
        }
        names
    };
    let millisecond = NANOS_PER_SECOND / 1000;
    assert_eq!(raised(5, 1000, millisecond), ["broadcast-storm"; 1]);
    assert_eq!(raised(2, 1000, millisecond), [""; 0], "a search by two hosts");
    assert_eq!(raised(5, 1000, 200 * millisecond), [""; 0], "often, but not so often");
}
