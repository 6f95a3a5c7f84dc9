//! The building: medical gas, isolation rooms, power and blood fridges, and the system that polls them over Modbus/TCP.

pub mod client;
pub mod operate;
pub mod poll;
pub mod process;
pub mod service;
pub mod unit;

use self::client::Channel;
use self::unit::{Kind, Unit};
use crate::clock::Time;
use crate::network::{HostId, WINDOWS};
use crate::queue::Mark;
use crate::sim::Sim;

/// A channel by its place in [`Building::channels`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelId(pub usize);

/// A host that answers Modbus/TCP: a controller, or a gateway to serial units.
#[derive(Debug)]
pub struct Server {
    /// The host.
    pub host: HostId,
    /// What can be asked there.
    pub units: Vec<Unit>,
    /// It is a gateway: units share a serial line, and it answers for those that do not.
    pub gateway: bool,
    /// Scenarios make this more than 1.0: answers become slow.
    pub slowness: f64,
    /// It takes requests and answers none.
    pub hung: bool,
    /// All its connections are taken: it refuses others.
    pub full: bool,
    /// It answers every read twice: first with what this makes of the answer.
    pub forged: Option<fn(&mut [u8])>,
    /// What it answers belongs to a scenario as long as it is slow, or otherwise odd.
    pub mark: Mark,
}

/// What goes on there.
#[derive(Debug, Default)]
pub struct Building {
    /// All that answer.
    pub servers: Vec<Server>,
    /// Who asks whom: first the building management system's, one for each server in their order.
    pub channels: Vec<Channel>,
    /// The engineering station of the building's technicians.
    pub engineering: Option<HostId>,
    /// From when on the polls have a further block.
    pub upgraded: Time,
    /// Octets of the ADU under way.
    buffer: Vec<u8>,
}

impl Building {
    /// The management system's channels to controllers of a kind, by their servers' places.
    pub fn of_kind(&self, kind: Kind) -> Vec<ChannelId> {
        let is = |server: &Server| server.units.iter().any(|unit| unit.kind == kind);
        (0..self.servers.len()).filter(|&at| is(&self.servers[at])).map(ChannelId).collect()
    }

    /// The server at the other end of a channel.
    pub fn server(&mut self, channel: ChannelId) -> &mut Server {
        let place = self.channels[channel.0].server;
        &mut self.servers[place]
    }
}

/// Sets it up.
pub fn open(sim: &mut Sim) {
    let site = sim.ward.site();
    let (bms, zone, fridges) = (site.bms, site.zones.building, site.fridges);
    // As many fridges as wards need: 12 at 200 devices.
    let fridge_count = (site.pumps.len() / 4).clamp(8, 24) as u8;
    let direct = [(&site.gas, Kind::Gas), (&site.isolation, Kind::Isolation), (&site.ups, Kind::Ups)];
    let mut hosts: Vec<(HostId, Kind)> =
        direct.iter().flat_map(|(hosts, kind)| hosts.iter().map(|host| (*host, *kind))).collect();
    hosts.push((fridges, Kind::Fridge));
    for (place, (host, kind)) in hosts.into_iter().enumerate() {
        let ids = if kind == Kind::Fridge { 1..=fridge_count } else { 1..=1 };
        let units = ids.map(|id| Unit::new(id, kind, sim.dice("unit", place as u64 * 256 + u64::from(id)))).collect();
        let gateway = kind == Kind::Fridge;
        let server = Server { host, units, gateway, slowness: 1.0, hung: false, full: false, forged: None, mark: 0 };
        sim.ward.building.servers.push(server);
        sim.channel(bms, place);
    }
    let station = sim.net.add_host("engineering".into(), "engineering-station", zone, [0x00, 0x14, 0x22], WINDOWS);
    sim.ward.building.engineering = Some(station);
    poll::open(sim);
    operate::open(sim);
    service::open(sim);
}
