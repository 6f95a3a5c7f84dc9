//! Imaging: modalities, archive, workstations and worklists.

pub mod archive;
pub mod association;
pub mod entity;
pub mod modality;
pub mod rare;
pub mod reading;
pub mod services;
pub mod study;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use self::association::Association;
use self::entity::{Condition, Entity, EntityId, makes};
use self::modality::Modality;
use self::reading::Station;
use self::study::{Kind, Study};
use crate::clock::Time;
use crate::network::HostId;
use crate::sim::Sim;
use crate::tcp::Connection;
use crate::wire::dicom::pdu::Proposal;

/// Octets that images' pixels are taken from.
const NOISE: usize = 1 << 20;

/// What goes on there.
#[derive(Debug, Default)]
pub struct Imaging {
    /// All application entities.
    pub entities: Vec<Entity>,
    /// The picture archive.
    pub pacs: EntityId,
    /// The long-term archive.
    pub archive: EntityId,
    /// The radiology information system.
    pub ris: EntityId,
    /// The modalities; one may join later.
    pub modalities: Vec<Modality>,
    /// The workstations; one may join later.
    pub stations: Vec<Station>,
    /// Studies that nobody has read yet.
    pub unread: VecDeque<Study>,
    /// Studies that the long-term archive does not have yet.
    pub unarchived: Vec<Study>,
    /// Scenarios have worklists come empty.
    pub no_worklist: bool,
    /// Scenarios have storage commitments asked for, and never reported.
    pub no_reports: bool,
    noise: Vec<u8>,
}

impl Imaging {
    /// A further entity.
    pub fn add(&mut self, entity: Entity) -> EntityId {
        self.entities.push(entity);
        EntityId(self.entities.len() - 1)
    }

    /// The host of an entity.
    pub fn host(&self, entity: EntityId) -> HostId {
        self.entities[entity.0].host
    }
}

/// Sets it up.
pub fn open(sim: &mut Sim) {
    let mut dice = sim.dice("noise", 0);
    let imaging = &mut sim.ward.imaging;
    imaging.noise = (0..NOISE / 8).flat_map(|_| dice.bits().to_le_bytes()).collect();
    let site = sim.ward.site().clone();
    let imaging = &mut sim.ward.imaging;
    imaging.pacs = imaging.add(Entity::archive(site.pacs, "PACS", &makes::PACS));
    imaging.archive = imaging.add(Entity::archive(site.archive, "ARCHIVE", &makes::ARCHIVE));
    imaging.ris = imaging.add(Entity::ris(site.ris));
    let kinds = [
        (Kind::Ct, "CT", &site.ct, &makes::CT),
        (Kind::Mr, "MR", &site.mr, &makes::MR),
        (Kind::Us, "US", &site.us, &makes::US),
        (Kind::Xr, "XR", &site.xr, &makes::XR),
    ];
    for (kind, title, hosts, make) in kinds {
        for (host, number) in hosts.iter().zip(1..) {
            let entity = imaging.add(Entity::modality(*host, format!("{title}{number:02}"), make));
            imaging.modalities.push(Modality::new(entity, kind));
        }
    }
    for (host, number) in site.reading.iter().zip(1..) {
        let entity = imaging.add(Entity::reading(*host, format!("READ{number:02}"), &makes::READING));
        let begins = dice.between(6.8, 9.5);
        let hours = [begins, begins + dice.between(7.5, 9.5)];
        imaging.stations.push(Station { entity, hours, on_call: number % 12 == 1 });
    }
    for modality in 0..sim.ward.imaging.modalities.len() {
        modality::open(sim, modality, sim.now);
    }
    for station in 0..sim.ward.imaging.stations.len() {
        reading::open(sim, station, sim.now);
    }
    archive::open(sim);
    rare::open(sim);
}

/// Opens an association from entity to entity; none where nobody answers, or it is rejected.
pub fn dial(sim: &mut Sim, at: Time, from: EntityId, to: EntityId, proposals: &[Proposal]) -> Option<Association> {
    let Sim { net, ward, .. } = sim;
    let (calling, called) = (&ward.imaging.entities[from.0], &ward.imaging.entities[to.0]);
    if !net.host(calling.host).up {
        return None;
    }
    if !net.host(called.host).up {
        Connection::unanswered(net, at, calling.host, called.host, called.port);
        return None;
    }
    match called.condition {
        Condition::Serves => Some(Association::open(net, at, calling, called, proposals)),
        Condition::Stopped => {
            Connection::refused(net, at, calling.host, called.host, called.port);
            None
        }
        Condition::Congested => {
            // Rejected for now, by the provider's presentation layer: congestion (PS3.8 table 9-21).
            Association::rejected(net, at, [calling, called], &called.title, proposals, [2, 3, 1]);
            None
        }
    }
}
