//! Servers that give addresses: when two of them are told, and when not.

use wardtap_net::address::{Address, Mac};
use wardtap_net::dhcp::Lease;

use super::*;
use crate::alert::{Alert, State};
use crate::judge::{Judge, Verdict};
use crate::observation::{Leased, Observation};

const SERVER: u32 = 0x0a14_0002;
const OTHER: u32 = 0x0a14_0063;
const WEEK: u64 = 7 * 24 * 3600;

/// A network, and what was raised in it.
#[derive(Default)]
struct Network {
    /// What it gives is only offered.
    offers: bool,
    judge: Judge,
    raised: Vec<Alert>,
}

impl Network {
    /// A server gives an address at a second, and names a router and a name server.
    fn gives(&mut self, second: u64, server: u32, address: u32, [router, name_server]: [u32; 2]) {
        let [server, address, router, name_server] = [server, address, router, name_server].map(Address::v4);
        let lease = Lease {
            client: Mac([2, 0, 0, 0, 0, 1]),
            address,
            server,
            sender: server,
            sender_mac: None,
            relay: None,
            to_relay: false,
            is_offer: self.offers,
            routers: vec![router],
            name_servers: vec![name_server],
        };
        let seen = Leased { lease, vlan: Some(20), place: place(second, second * NANOS_PER_SECOND) };
        let raised = &mut self.raised;
        let told = if self.offers { Observation::Offered } else { Observation::Leased };
        self.judge.observe(&told(Box::new(seen)), &mut |verdict| match verdict {
            Verdict::Alert(alert) if alert.state == State::New => raised.push(*alert),
            Verdict::Alert(_) | Verdict::Incident(_) | Verdict::Device(_) => {}
        });
    }

    fn told(&self) -> Vec<(&'static str, Address, Option<Address>)> {
        let told = |alert: &Alert| (alert.deviation.about.name, alert.deviation.device, alert.deviation.peer);
        self.raised.iter().map(told).collect()
    }
}

#[test]
fn what_is_only_offered_counts_as_well() {
    let mut network = Network::default();
    network.gives(10, SERVER, 0x0a14_0021, WAYS);
    network.offers = true;
    network.gives(20, OTHER, 0x0a14_0022, [OTHER, OTHER]);
    assert_eq!(network.told().len(), 1);
}

const WAYS: [u32; 2] = [0x0a14_0001, 0x0a14_0005];

#[test]
fn a_second_server_that_names_another_router_is_told_once_with_the_first_client_it_misled() {
    let mut network = Network::default();
    network.gives(10, SERVER, 0x0a14_0021, WAYS);
    network.gives(20, OTHER, 0x0a14_0022, [OTHER, OTHER]);
    network.gives(30, OTHER, 0x0a14_0023, [OTHER, OTHER]);
    network.gives(40, SERVER, 0x0a14_0024, WAYS);
    let [client, other] = [0x0a14_0022, OTHER].map(Address::v4);
    assert_eq!(network.told(), [("second-dhcp-server", client, Some(other))]);
    let told = &network.raised[0].deviation;
    assert_eq!(told.expected, "routers: 10.20.0.1; name servers: 10.20.0.5");
    assert_eq!(told.observed, "routers: 10.20.0.99; name servers: 10.20.0.99");
}

#[test]
fn servers_that_share_their_work_are_not_told() {
    let mut network = Network::default();
    network.gives(10, SERVER, 0x0a14_0021, WAYS);
    network.gives(20, OTHER, 0x0a14_0022, WAYS);
    // Of another network each names its own router.
    network.gives(30, OTHER, 0x0a14_0122, [0x0a14_0101, 0x0a14_0005]);
    assert_eq!(network.told(), []);
}

#[test]
fn a_server_that_was_not_heard_for_a_week_does_not_count() {
    let mut network = Network::default();
    network.gives(10, SERVER, 0x0a14_0021, WAYS);
    network.gives(10 + WEEK, OTHER, 0x0a14_0022, [OTHER, OTHER]);
    assert_eq!(network.told(), []);
    network.gives(9 + 2 * WEEK, SERVER, 0x0a14_0021, WAYS);
    let server = Some(Address::v4(SERVER));
    assert_eq!(network.told().iter().map(|told| told.2).collect::<Vec<_>>(), [server], "it is back, and they differ");
}
