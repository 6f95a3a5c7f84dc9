//! What a server that gives addresses tells all its clients of the network: an operation of the server's with whoever it is.

use wardtap_net::address::Address;
use wardtap_net::dhcp::SERVER;
use wardtap_net::peel::protocol;

use super::{Link, OperationName, OperationNews, OperationUse, Service, Use};
use crate::observation::Leased;

/// What a lease comes to: what the server did, for all its clients as one, and what may be news of it, with this client.
#[must_use]
pub fn of_lease(seen: &Leased) -> (Use, OperationNews) {
    let lease = &seen.lease;
    let service = Service::at(protocol::UDP, SERVER);
    let with_all = Link { initiator: Address::v4(u32::MAX), responder: lease.server, service };
    let name: OperationName =
        format!("lease (answer)\trouters={}\tname_servers={}", listed(&lease.routers), listed(&lease.name_servers))
            .into();
    let link = Link { initiator: lease.address, ..with_all };
    let (ranges, points, place) = (Default::default(), None, seen.place);
    let news = OperationNews { link, name: name.clone(), is_new: true, refuses: false, ranges, points, place };
    (Use::once(with_all, OperationUse::once(name, 1), seen.place), news)
}

fn listed(addresses: &[Address]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<String>>().join(",")
}
