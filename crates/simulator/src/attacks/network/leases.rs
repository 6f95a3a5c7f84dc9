//! Addresses that nobody gives.

use super::{Cast, scenario, within_normal};
use crate::attacks::{Family, Scenario};
use crate::clock::HOUR;
use crate::sim::Sim;

/// All of them.
pub const ALL: &[Scenario] = &[within_normal(scenario(
    "dhcp-silent",
    "the domain controllers give no addresses any more: who asks, or asks to keep his, is not answered",
    Family::Availability,
    &["T0814", "T0826", "T0813", "T0815", "T0881", "T1489", "T1499", "T1499.002", "T1498"],
    "Devices that start, or whose time is over, get no address: pumps and monitors that nobody sees.",
    12.4,
    silent,
))];

/// The service was stopped, or lost its database in an update: names and time go on as ever. What devices have lasts for
/// eight hours, so that for three nobody misses it but those who ask.
fn silent(sim: &mut Sim) -> Cast {
    let end = sim.now + 3 * HOUR;
    sim.ward.office.leases.silent = Some(sim.net.mark);
    sim.at(end, |sim| sim.ward.office.leases.silent = None);
    Cast { victims: sim.ward.site().domain.clone(), attackers: Vec::new(), end }
}
