//! Offices and what every host needs: names, addresses, time, files, mail and the web.

pub mod clocks;
pub mod desk;
pub mod leases;
pub mod management;
pub mod names;
pub mod nightly;
pub mod secure;
pub mod shares;

use std::net::Ipv4Addr;

use crate::network::{HostId, LINUX, OUTSIDE};
use crate::queue::Mark;
use crate::sim::Sim;
use crate::wire::tls::Version;

/// What goes on there.
#[derive(Debug, Default)]
pub struct Office {
    /// DNS.
    pub names: names::Names,
    /// DHCP.
    pub leases: leases::Leases,
    /// NTP.
    pub clocks: clocks::Clocks,
    /// Who sits at which PC.
    pub desks: desk::Desks,
    /// Services that do not offer the newest TLS.
    pub services: Vec<Service>,
    /// Servers of content networks, outside.
    pub content: Vec<HostId>,
    /// The server of the archive's viewer.
    pub viewer: management::Viewer,
    /// Who gives the hospital names and time from outside.
    pub provider: Option<HostId>,
    /// Scenarios have rooms answer nothing by BACnet.
    pub quiet_rooms: Vec<HostId>,
    /// A scenario has the backup server take nothing.
    pub no_backups: Option<Mark>,
}

/// A web service that is unlike the others.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// Its server.
    pub host: HostId,
    /// The newest version that it speaks; none where it does not encrypt at all.
    pub newest: Option<Version>,
    /// The scenario that made it so.
    pub mark: Mark,
}

impl Office {
    /// What a server's service is like: the last word about it counts.
    pub fn service(&self, host: HostId) -> Service {
        let known = self.services.iter().rev().find(|service| service.host == host);
        known.copied().unwrap_or(Service { host, newest: Some(Version::V13), mark: 0 })
    }
}

/// Addresses of content networks that PCs meet: a small part of those there are.
const CONTENT_SERVERS: u16 = 3000;

/// Sets it up.
pub fn open(sim: &mut Sim) {
    let provider = Ipv4Addr::new(192, 0, 2, 53);
    let cisco = [0x00, 0x1b, 0x54];
    let provider = sim.net.add_host_at("ns.provider.example".into(), "provider", OUTSIDE, cisco, LINUX, provider);
    let content = (0..CONTENT_SERVERS)
        .map(|number| {
            let [high, low] = number.to_be_bytes();
            let ip = Ipv4Addr::new(198, 18, high, low);
            sim.net.add_host_at(format!("edge{number}.content.example"), "content", OUTSIDE, cisco, LINUX, ip)
        })
        .collect();
    let site = sim.ward.site();
    let old = [site.ris, site.pharmacy];
    let office = &mut sim.ward.office;
    (office.provider, office.content) = (Some(provider), content);
    office.services = old.map(|host| Service { host, newest: Some(Version::V12), mark: 0 }).to_vec();
    names::open(sim);
    clocks::open(sim);
    leases::open(sim);
    desk::open(sim);
    nightly::open(sim);
    management::open(sim);
}

/// Everybody who asks for names and time: all hosts inside but the domain controllers.
fn everybody(sim: &Sim) -> Vec<HostId> {
    let domain = &sim.ward.site().domain;
    (0..sim.net.hosts.len() as u16)
        .map(HostId)
        .filter(|host| sim.net.host(*host).zone != OUTSIDE && !domain.contains(host))
        .collect()
}

impl Sim {
    /// The domain controller that a host asks: each prefers one, and takes another while that is down.
    pub fn controller(&self, asker: HostId) -> Option<HostId> {
        let domain = &self.ward.site().domain;
        let first = usize::from(asker.0) % domain.len().max(1);
        domain[first..].iter().chain(&domain[..first]).copied().find(|host| self.net.host(*host).up && *host != asker)
    }
}
