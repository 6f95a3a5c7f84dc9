//! Entities that ail, in associations that they have every day.

use super::images::first;
use super::queries::stations;
use crate::attacks::Cast;
use crate::clock::{HOUR, MINUTE, ms};
use crate::sim::Sim;
use crate::ward::imaging::entity::{Condition, Entity, EntityId, makes};
use crate::ward::imaging::study::{Kind, Study};
use crate::ward::imaging::{dial, modality, services};
use crate::wire::dicom::uid;

/// Status: stored, with a warning that the data set does not match the SOP class (PS3.4 table B.2-1).
const NO_MATCH: u16 = 0xb007;

pub(super) fn echo(sim: &mut Sim) -> Cast {
    let (place, host) = first(sim, Kind::Xr);
    let (entity, pacs) = (sim.ward.imaging.modalities[place].entity, sim.ward.imaging.pacs);
    let mut dice = sim.dice("dicom-echo-flood", 0);
    let end = sim.now + 6 * MINUTE;
    sim.repeat(sim.now, move |sim| {
        let proposals = [sim.ward.imaging.entities[entity.0].propose(uid::VERIFICATION)];
        if let Some(mut association) = dial(sim, sim.now, entity, pacs, &proposals) {
            services::echo(&mut sim.net, &mut association);
            association.release(&mut sim.net);
        }
        Some(sim.now + dice.around(ms(250), 0.5)).filter(|next| *next < end)
    });
    Cast { victims: vec![sim.ward.imaging.host(pacs)], attackers: vec![host], end: end + MINUTE }
}

/// Nothing of it is marked: what is missing has no frames.
pub(super) fn no_worklist(sim: &mut Sim) -> Cast {
    let end = sim.now + 5 * HOUR;
    sim.ward.imaging.no_worklist = true;
    sim.at(end, |sim| sim.ward.imaging.no_worklist = false);
    Cast { victims: vec![sim.ward.imaging.host(sim.ward.imaging.ris)], attackers: Vec::new(), end }
}

/// As [`no_worklist`].
pub(super) fn no_reports(sim: &mut Sim) -> Cast {
    let end = sim.now + 6 * HOUR;
    sim.ward.imaging.no_reports = true;
    sim.at(end, |sim| sim.ward.imaging.no_reports = false);
    Cast { victims: vec![sim.ward.imaging.host(sim.ward.imaging.pacs)], attackers: Vec::new(), end }
}

/// The program on workstations that takes images does not run, as after an update: what they ask for fails with status
/// A702, and the archive finds their ports closed. Nothing of it is marked: it is asked for as ever.
pub(super) fn undelivered(sim: &mut Sim) -> Cast {
    let end = sim.now + 4 * HOUR;
    let stations: Vec<EntityId> = stations(sim).iter().map(|station| station.entity).collect();
    let set = move |sim: &mut Sim, condition| {
        for station in &stations {
            sim.ward.imaging.entities[station.0].condition = condition;
        }
    };
    set(sim, Condition::Stopped);
    let imaging = &sim.ward.imaging;
    let victims = sim.ward.site().reading.iter().copied().chain([imaging.host(imaging.pacs)]).collect();
    sim.at(end, move |sim| set(sim, Condition::Serves));
    Cast { victims, attackers: Vec::new(), end }
}

pub(super) fn warn(sim: &mut Sim) -> Cast {
    let (pacs, end) = (sim.ward.imaging.pacs, sim.now + 3 * HOUR);
    sim.ward.imaging.entities[pacs.0].refusal = Some(NO_MATCH);
    sim.at(end, move |sim| sim.ward.imaging.entities[pacs.0].refusal = None);
    Cast { victims: vec![sim.ward.imaging.host(pacs)], attackers: Vec::new(), end }
}

/// The same unit, with a transmitter that fails: all its transfers are marked.
pub(super) fn abort(sim: &mut Sim) -> Cast {
    let (place, host) = first(sim, Kind::Ct);
    let (end, mark) = (sim.now + 4 * HOUR, sim.net.mark);
    let imaging = &mut sim.ward.imaging;
    let entity = imaging.entities[imaging.modalities[place].entity.0].clone();
    let failing = imaging.add(Entity { aborts: 0.8, ..entity });
    imaging.modalities[place].proxy = Some((failing, mark));
    sim.at(end, move |sim| sim.ward.imaging.modalities[place].proxy = None);
    Cast { victims: vec![host, sim.ward.imaging.host(sim.ward.imaging.pacs)], attackers: Vec::new(), end }
}

pub(super) fn repeat(sim: &mut Sim) -> Cast {
    let (place, host) = first(sim, Kind::Xr);
    let (entity, pacs) = (sim.ward.imaging.modalities[place].entity, sim.ward.imaging.pacs);
    let mut dice = sim.dice("modality-repeats", 0);
    let study = Study::new(530_000_001, Kind::Xr, &makes::XR, sim.calendar.digits(sim.now), &mut dice);
    let mut at = sim.now;
    for _ in 0..70 {
        let study = study.clone();
        sim.at(at, move |sim| {
            modality::send_to(sim, entity, pacs, &study, 1..study.images + 1);
        });
        at += dice.around(2 * MINUTE, 0.1);
    }
    Cast { victims: vec![host, sim.ward.imaging.host(pacs)], attackers: Vec::new(), end: at + MINUTE }
}
