//! Archives and modalities that do not do their work, by themselves or by somebody's doing; and steps that never were.

use super::images::first;
use super::queries::stations;
use crate::attacks::{Cast, any_pc};
use crate::clock::{HOUR, MINUTE, ms, secs};
use crate::sim::Sim;
use crate::ward::imaging::association::Association;
use crate::ward::imaging::dial;
use crate::ward::imaging::entity::{Condition, Entity, EntityId, makes};
use crate::ward::imaging::services;
use crate::ward::imaging::study::{self, Kind, Step, Study};
use crate::wire::dicom::command::OUT_OF_RESOURCES;
use crate::wire::dicom::uid;

/// Calling AE title not recognized, for good, by the service user (PS3.8 table 9-21).
const CALLING_UNKNOWN: [u8; 3] = [1, 1, 3];

pub(super) fn tamper_with_worklist(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("dicom-worklist-tampering", 0);
    let pc = any_pc(sim, &mut dice);
    let (place, victim) = first(sim, Kind::Ct);
    let imaging = &mut sim.ward.imaging;
    let title = imaging.entities[imaging.modalities[place].entity.0].title.clone();
    let impostor = imaging.add(Entity::modality(pc, title, &makes::TOOLKIT));
    let ris = imaging.ris;
    let mut at = sim.now;
    for number in 0..12 {
        sim.at(at, move |sim| tamper(sim, [impostor, ris], number));
        at += dice.skewed(2 * MINUTE, 0.5);
    }
    let victims = vec![sim.ward.imaging.host(ris), victim];
    Cast { victims, attackers: vec![pc], end: at + MINUTE }
}

/// Reads the worklist, then creates and ends a step of it.
fn tamper(sim: &mut Sim, [impostor, ris]: [EntityId; 2], number: u64) {
    let mut dice = sim.dice("dicom-worklist-tampering", 1 + number);
    let entity = &sim.ward.imaging.entities[impostor.0];
    let title = entity.title.clone();
    let proposals = [uid::WORKLIST, uid::PROCEDURE_STEP].map(|syntax| entity.propose(syntax));
    let Some(mut association) = dial(sim, sim.now, impostor, ris, &proposals) else { return };
    let date = sim.calendar.digits(sim.now);
    let explicit = association.explicit(uid::WORKLIST).unwrap_or_default();
    let study = Study::new(1_000_500 + number, Kind::Ct, &makes::CT, date.clone(), &mut dice);
    let key = study::worklist_key(explicit, Kind::Ct, &title, &date[..8]);
    services::find(&mut sim.net, &mut association, uid::WORKLIST, &key, 3, |_| study.scheduled(explicit, &title));
    if number.is_multiple_of(3) {
        services::step(&mut sim.net, &mut association, &study, &title, Step::Begins);
    }
    association.pause(secs(2));
    services::step(&mut sim.net, &mut association, &study, &title, Step::Discontinued);
    association.release(&mut sim.net);
}

pub(super) fn refuse(sim: &mut Sim) -> Cast {
    let pacs = sim.ward.imaging.pacs;
    sim.ward.imaging.entities[pacs.0].refusal = Some(OUT_OF_RESOURCES);
    sim.after(150 * MINUTE, move |sim| sim.ward.imaging.entities[pacs.0].refusal = None);
    Cast { victims: vec![sim.ward.imaging.host(pacs)], attackers: Vec::new(), end: sim.now + 150 * MINUTE }
}

pub(super) fn slow(sim: &mut Sim) -> Cast {
    let pacs = sim.ward.imaging.pacs;
    let usual = sim.ward.imaging.entities[pacs.0].slowness;
    sim.ward.imaging.entities[pacs.0].slowness = usual * 90.0;
    sim.after(3 * HOUR, move |sim| sim.ward.imaging.entities[pacs.0].slowness = usual);
    Cast { victims: vec![sim.ward.imaging.host(pacs)], attackers: Vec::new(), end: sim.now + 3 * HOUR }
}

pub(super) fn silence(sim: &mut Sim) -> Cast {
    let (place, host) = first(sim, Kind::Ct);
    let end = sim.now + 4 * HOUR;
    sim.ward.imaging.modalities[place].silent_until = end;
    Cast { victims: vec![host], attackers: Vec::new(), end }
}

pub(super) fn storm(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("dicom-reject-storm", 0);
    let station = dice.pick(stations(sim)).entity;
    let pacs = sim.ward.imaging.pacs;
    let renamed = Entity { title: "WORKSTATION".into(), ..sim.ward.imaging.entities[station.0].clone() };
    let host = renamed.host;
    let end = sim.now + 25 * MINUTE;
    sim.repeat(sim.now, move |sim| {
        let Sim { net, ward, now, .. } = sim;
        let called = &ward.imaging.entities[pacs.0];
        if net.host(host).up && net.host(called.host).up && called.condition == Condition::Serves {
            let proposals = [uid::FIND, uid::MOVE].map(|syntax| renamed.propose(syntax));
            Association::rejected(net, *now, [&renamed, called], &called.title, &proposals, CALLING_UNKNOWN);
        }
        Some(sim.now + dice.around(ms(1500), 0.3)).filter(|next| *next < end)
    });
    Cast { victims: vec![host, sim.ward.imaging.host(pacs)], attackers: Vec::new(), end }
}

pub(super) fn flood(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("dicom-association-flood", 0);
    let pc = any_pc(sim, &mut dice);
    let imaging = &mut sim.ward.imaging;
    let pacs = imaging.pacs;
    let flooder = imaging.add(Entity::reading(pc, "ECHOSCU".into(), &makes::TOOLS));
    let (mut at, mut open) = (sim.now, 0);
    while open < 600 {
        at += dice.skewed(ms(180), 0.7);
        open += 1;
        // The archive takes some hundred at a time.
        let full = open == 400;
        sim.at(at, move |sim| {
            if full {
                sim.ward.imaging.entities[pacs.0].condition = Condition::Congested;
            }
            let proposals = [sim.ward.imaging.entities[flooder.0].propose(uid::VERIFICATION)];
            if let Some(association) = dial(sim, sim.now, flooder, pacs, &proposals) {
                association.leave();
            }
        });
    }
    let end = at + 20 * MINUTE;
    sim.at(end, move |sim| sim.ward.imaging.entities[pacs.0].condition = Condition::Serves);
    Cast { victims: vec![sim.ward.imaging.host(pacs)], attackers: vec![pc], end }
}
