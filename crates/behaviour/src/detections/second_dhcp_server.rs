#![doc = include_str!("second_dhcp_server.md")]

use wardtap_net::address::Address;
use wardtap_net::packet::{NANOS_PER_SECOND, Timestamp};

use crate::alert::{Deviation, Severity};
use crate::attack::technique;
use crate::detection::{About, Detection, Raise};
use crate::observation::Leased;
use crate::scoring::Judged;

/// What the detection is.
pub static ABOUT: About = About {
    name: "second-dhcp-server",
    title: "A second server gives addresses, and other ways with them",
    attack: &[technique("T1557.003"), technique("T0830")],
    impact: "What devices send may be read, changed or lost on its way, since another machine is named as the way out.",
    response: "Find the switch port of the second server and shut it. Give the devices their addresses anew, one by one.",
    page: include_str!("second_dhcp_server.md"),
};

/// How long a server counts after its last lease: clients renew at half of theirs (RFC 2131 section 4.4.5), which are of days.
const COUNTS_NANOS: u64 = 7 * 24 * 3600 * NANOS_PER_SECOND;

/// The most servers that are kept of all networks; the one quiet longest makes room.
const SERVERS_MAX: usize = 1024;

/// A server of a network, and what it told last.
struct Server {
    network: (Option<u16>, u32),
    address: Address,
    ways: Ways,
    /// When it was first heard there, and when last.
    first: Timestamp,
    last: Timestamp,
    /// The first client that got something else from this server than others got from another.
    misled: Option<Address>,
}

/// Which ways out a server names, in order.
#[derive(Clone, PartialEq, Eq)]
struct Ways {
    routers: Vec<Address>,
    name_servers: Vec<Address>,
}

/// Keeps who gives addresses in which network.
#[derive(Default)]
pub struct SecondDhcpServer {
    servers: Vec<Server>,
    forgotten: u64,
}

impl Detection for SecondDhcpServer {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn leased(&mut self, seen: &Leased, raise: &mut Raise<'_>) {
        self.gave(seen, raise);
    }

    fn offered(&mut self, seen: &Leased, raise: &mut Raise<'_>) {
        self.gave(seen, raise);
    }

    fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

impl SecondDhcpServer {
    /// A server gave an address, or offered one: the faster of two is taken.
    fn gave(&mut self, seen: &Leased, raise: &mut Raise<'_>) {
        let Leased { lease, vlan, place } = seen;
        let Some(client) = lease.address.as_v4() else { return };
        let network = (*vlan, client >> 8);
        let sorted = |addresses: &[Address]| {
            let mut sorted = addresses.to_vec();
            sorted.sort_unstable();
            sorted
        };
        let ways = Ways { routers: sorted(&lease.routers), name_servers: sorted(&lease.name_servers) };
        let at = self.server(network, lease.server, &ways, place.time);
        // The one that was there first counts, whoever of the two is right.
        let since = self.servers[at].first;
        let counts = |server: &&Server| place.time.since(server.last) < COUNTS_NANOS && server.first < since;
        let other = self.servers.iter().filter(counts).find(|server| {
            server.network == network && server.address != lease.server && server.ways.differ_from(&ways)
        });
        let other = other.map(|server| (server.address, server.ways.clone()));
        let Some((first, expected)) = other else { return };
        let misled = *self.servers[at].misled.get_or_insert(lease.address);
        let judged = Judged {
            severity: Severity::High,
            score: 85,
            explanation: format!(
                "{misled} was given an address by {}, which names other ways out of the network than {first} does.",
                lease.server
            ),
            expected: expected.told(),
            observed: ways.told(),
        };
        raise.raise(Deviation::new(&ABOUT, (misled, Some(lease.server)), first.to_string(), *place, judged));
    }

    /// The place of a server of a network, which gave an address just now.
    fn server(&mut self, network: (Option<u16>, u32), address: Address, ways: &Ways, now: Timestamp) -> usize {
        let is_it = |server: &Server| server.network == network && server.address == address;
        if let Some(at) = self.servers.iter().position(is_it) {
            let server = &mut self.servers[at];
            if now.since(server.last) >= COUNTS_NANOS {
                server.first = now;
            }
            (server.ways, server.last) = (ways.clone(), now);
            return at;
        }
        let new = Server { network, address, ways: ways.clone(), first: now, last: now, misled: None };
        if self.servers.len() < SERVERS_MAX {
            self.servers.push(new);
            return self.servers.len() - 1;
        }
        self.forgotten += 1;
        let quiet = (0..self.servers.len()).min_by_key(|at| self.servers[*at].last).unwrap_or(0);
        self.servers[quiet] = new;
        quiet
    }
}

impl Ways {
    /// True where both name something of a kind, and not the same.
    fn differ_from(&self, other: &Self) -> bool {
        let differ = |one: &[Address], other: &[Address]| !one.is_empty() && !other.is_empty() && one != other;
        differ(&self.routers, &other.routers) || differ(&self.name_servers, &other.name_servers)
    }

    fn told(&self) -> String {
        let listed = |addresses: &[Address]| match addresses {
            [] => "none".to_owned(),
            some => some.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        };
        format!("routers: {}; name servers: {}", listed(&self.routers), listed(&self.name_servers))
    }
}
