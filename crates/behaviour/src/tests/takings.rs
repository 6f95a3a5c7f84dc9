//! Addresses that a second device claims: what is raised, and what is not.

use wardtap_net::address::{Address, Mac};
use wardtap_net::claim::{Claim, How};
use wardtap_net::dhcp::Lease;

use super::*;
use crate::alert::{Alert, State};
use crate::judge::{Judge, Verdict};
use crate::observation::{Claimed, Leased, Observation};

const PANEL: Mac = Mac([0, 9, 0xfb, 0, 0, 1]);
const STATION: Mac = Mac([0, 9, 0xfb, 0, 0, 2]);
const STRANGER: Mac = Mac([2, 9, 0xfb, 0, 0, 3]);
const VIRTUAL: Mac = Mac([0, 0, 0x5e, 0, 1, 7]);
const PANEL_IP: Address = Address::v4(0x0a00_0001);
const STATION_IP: Address = Address::v4(0x0a00_0002);
const STRANGER_IP: Address = Address::v4(0x0a00_0003);

/// A judge, and what it raised.
#[derive(Default)]
struct Segment {
    judge: Judge,
    raised: Vec<Alert>,
    frame: u64,
}

impl Segment {
    /// Two devices that claimed their addresses ten minutes into the capture.
    fn new() -> Self {
        let mut segment = Self::default();
        segment.says(600, PANEL, PANEL_IP, How::Asking);
        segment.says(601, STATION, STATION_IP, How::Answering);
        segment
    }

    fn observe(&mut self, observation: &Observation) {
        let raised = &mut self.raised;
        self.judge.observe(observation, &mut |verdict| match verdict {
            Verdict::Alert(alert) if alert.state == State::New => raised.push(*alert),
            Verdict::Alert(_) | Verdict::Incident(_) | Verdict::Device(_) => {}
        });
    }

    fn place(&mut self, second: u64) -> Place {
        self.frame += 1;
        place(self.frame, second * NANOS_PER_SECOND)
    }

    fn says(&mut self, second: u64, mac: Mac, address: Address, how: How) {
        let place = self.place(second);
        self.observe(&Observation::Claimed(Claimed { claim: Claim { address, mac, how }, vlan: None, place }));
    }

    fn leases(&mut self, second: u64, client: Mac, address: Address) {
        let place = self.place(second);
        let lease = Lease {
            client,
            address,
            server: STATION_IP,
            sender: STATION_IP,
            sender_mac: None,
            relay: None,
            to_relay: false,
            is_offer: false,
            routers: Vec::new(),
            name_servers: Vec::new(),
        };
        self.observe(&Observation::Leased(Box::new(Leased { lease, vlan: None, place })));
    }

    /// The addresses at risk.
    fn victims(&self) -> Vec<Address> {
        self.raised.iter().map(|alert| alert.deviation.device).collect()
    }
}

#[test]
fn who_claims_the_addresses_of_two_at_a_time_stands_between_them() {
    let mut segment = Segment::new();
    segment.says(602, STRANGER, STRANGER_IP, How::Announced);
    segment.says(700, STRANGER, PANEL_IP, How::Answering);
    assert_eq!(segment.victims(), []);
    segment.says(819, STRANGER, STATION_IP, How::Answering);
    assert_eq!(segment.victims(), [PANEL_IP, STATION_IP]);
    let deviation = &segment.raised[0].deviation;
    assert_eq!(deviation.peer, Some(STRANGER_IP));
    assert_eq!(
        deviation.observed,
        "10.0.0.1 claimed by hardware address 02:09:fb:00:00:03 with an address of another device"
    );
    assert!(deviation.explanation.split_whitespace().count() <= 25);
    // Further ones are of the same alerts.
    (820..900).for_each(|second| segment.says(second, STRANGER, PANEL_IP, How::Answering));
    assert_eq!(segment.raised.len(), 2);
}

#[test]
fn addresses_of_two_far_apart_in_time_are_two_replacements() {
    let mut segment = Segment::new();
    segment.says(700, STRANGER, PANEL_IP, How::Announced);
    segment.says(820, STRANGER, STATION_IP, How::Announced);
    assert_eq!(segment.victims(), []);
}

#[test]
fn an_owner_that_goes_on_is_being_robbed() {
    let mut segment = Segment::new();
    segment.says(700, STRANGER, PANEL_IP, How::Announced);
    segment.says(1299, PANEL, PANEL_IP, How::Asking);
    assert_eq!(segment.victims(), [PANEL_IP]);
    assert_eq!(segment.raised[0].deviation.peer, None);

    let mut segment = Segment::new();
    segment.says(700, STRANGER, PANEL_IP, How::Announced);
    segment.says(1300, PANEL, PANEL_IP, How::Asking);
    assert_eq!(segment.victims(), [], "ten minutes later it has come back");
}

#[test]
fn a_fail_over_and_back_is_none_but_a_struggle_is() {
    let mut segment = Segment::new();
    segment.says(700, STRANGER, PANEL_IP, How::Announced);
    segment.says(760, PANEL, PANEL_IP, How::Announced);
    assert_eq!(segment.victims(), []);
    segment.says(780, STRANGER, PANEL_IP, How::Announced);
    assert_eq!(segment.victims(), [PANEL_IP]);
}

#[test]
fn leases_and_replacements_are_none() {
    let mut segment = Segment::new();
    segment.leases(700, STRANGER, PANEL_IP);
    segment.leases(701, STRANGER, STATION_IP);
    segment.says(702, STRANGER, PANEL_IP, How::Announced);
    (703..2000).for_each(|second| segment.says(second, STRANGER, STATION_IP, How::Asking));
    assert_eq!(segment.victims(), []);

    let mut segment = Segment::new();
    (700..4000).step_by(60).for_each(|second| segment.says(second, STRANGER, PANEL_IP, How::Asking));
    assert_eq!(segment.victims(), [], "the former owner is silent");
}

#[test]
fn virtual_addresses_change_hands_but_are_not_robbed() {
    let mut segment = Segment::new();
    segment.says(700, VIRTUAL, STRANGER_IP, How::Answering);
    segment.says(701, Mac([0, 0, 0x5e, 0, 1, 8]), STRANGER_IP, How::Announced);
    segment.says(702, VIRTUAL, STRANGER_IP, How::Answering);
    assert_eq!(segment.victims(), []);
    segment.says(710, STATION, STRANGER_IP, How::Announced);
    segment.says(720, VIRTUAL, STRANGER_IP, How::Answering);
    assert_eq!(segment.victims(), [STRANGER_IP]);
    assert_eq!(segment.raised[0].deviation.peer, Some(STATION_IP));
}

#[test]
fn two_interfaces_of_one_host_that_answer_for_each_other_are_none() {
    let mut segment = Segment::new();
    segment.says(700, STATION, PANEL_IP, How::Answering);
    segment.says(701, PANEL, STATION_IP, How::Answering);
    for second in (760..1500).step_by(60) {
        for (mac, address) in [(PANEL, PANEL_IP), (STATION, PANEL_IP), (STATION, STATION_IP), (PANEL, STATION_IP)] {
            segment.says(second, mac, address, How::Answering);
        }
    }
    assert_eq!(segment.victims(), []);
}

#[test]
fn claims_that_are_watched_are_bounded() {
    let mut segment = Segment::default();
    let own = |number: u32| Mac([0, 1, 0, 0, (number >> 8) as u8, number as u8]);
    let other = |number: u32| Mac([2, 1, 0, 0, (number >> 8) as u8, number as u8]);
    for number in 1..=257 {
        segment.says(600, own(number), Address::v4(0x0a00_0000 + number), How::Asking);
        segment.says(600 + u64::from(number), other(number), Address::v4(0x0a00_0000 + number), How::Announced);
    }
    // One of what the detection watches, and one of the devices' own.
    assert_eq!(segment.judge.forgotten(), 2);
    segment.says(900, own(1), Address::v4(0x0a00_0001), How::Asking);
    assert_eq!(segment.victims(), [], "the one that was quiet longest");
    segment.says(900, own(2), Address::v4(0x0a00_0002), How::Asking);
    assert_eq!(segment.victims(), [Address::v4(0x0a00_0002)]);
}
