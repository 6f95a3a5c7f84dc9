//! Who feels out what an archive offers, and who speaks in its name.

use super::BASE;
use super::queries::stations;
use crate::attacks::Family::{Integrity, Reconnaissance};
use crate::attacks::{Cast, Scenario, any_pc};
use crate::clock::{MINUTE, secs};
use crate::sim::Sim;
use crate::tcp::Side;
use crate::ward::imaging::entity::{EITHER, Entity, EntityId, makes};
use crate::ward::imaging::study::Study;
use crate::ward::imaging::{dial, services};
use crate::wire::dicom::pdu::Proposal;
use crate::wire::dicom::{command, uid};

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "dicom-services-probed",
        title: "A reading workstation asks the archive for one service after the other, and uses none of them",
        family: Reconnaissance,
        techniques: &["T0846", "T0888", "T0840", "T1046", "T1018", "T1592"],
        endangers: "Nothing yet: somebody learns how the archive can be changed, printed from or emptied.",
        within_normal: true,
        hour: 16.7,
        start: probe,
        ..BASE
    },
    Scenario {
        name: "dicom-commitments-forged",
        title: "A PC tells modalities in the archive's name that it has their images for good",
        family: Integrity,
        techniques: &[
            "T0856",
            "T1692.002",
            "T0855",
            "T1692.001",
            "T0832",
            "T0849",
            "T0848",
            "T0859",
            "T1036",
            "T1565",
            "T1565.002",
            "T1078",
        ],
        endangers: "Modalities delete images that no archive has: examinations are lost and must be made again.",
        hour: 11.9,
        start: commit,
        ..BASE
    },
];

/// Services of other kinds of devices, and those that change what an archive has (PS3.4 and PS3.6 annex A).
const SERVICES: [&str; 36] = [
    "1.2.840.10008.5.1.4.1.1.1",
    "1.2.840.10008.5.1.4.1.1.1.2",
    "1.2.840.10008.5.1.4.1.1.1.3",
    "1.2.840.10008.5.1.4.1.1.2.1",
    "1.2.840.10008.5.1.4.1.1.3.1",
    "1.2.840.10008.5.1.4.1.1.4.1",
    "1.2.840.10008.5.1.4.1.1.9.1.1",
    "1.2.840.10008.5.1.4.1.1.11.1",
    "1.2.840.10008.5.1.4.1.1.12.1",
    "1.2.840.10008.5.1.4.1.1.20",
    "1.2.840.10008.5.1.4.1.1.66",
    "1.2.840.10008.5.1.4.1.1.77.1.6",
    "1.2.840.10008.5.1.4.1.1.88.11",
    "1.2.840.10008.5.1.4.1.1.88.22",
    uid::KEY_OBJECTS,
    "1.2.840.10008.5.1.4.1.1.88.67",
    "1.2.840.10008.5.1.4.1.1.104.2",
    "1.2.840.10008.5.1.4.1.1.128",
    "1.2.840.10008.5.1.4.1.1.481.1",
    "1.2.840.10008.5.1.4.1.1.481.5",
    "1.2.840.10008.5.1.4.1.2.1.1",
    "1.2.840.10008.5.1.4.1.2.1.2",
    "1.2.840.10008.5.1.4.1.2.1.3",
    "1.2.840.10008.5.1.4.1.2.3.1",
    "1.2.840.10008.5.1.4.32.1",
    "1.2.840.10008.5.1.4.33",
    "1.2.840.10008.5.1.4.34.6.1",
    "1.2.840.10008.5.1.4.34.6.2",
    "1.2.840.10008.5.1.1.9",
    "1.2.840.10008.5.1.1.18",
    "1.2.840.10008.5.1.1.33",
    "1.2.840.10008.3.1.2.1.1",
    "1.2.840.10008.3.1.2.2.1",
    "1.2.840.10008.3.1.2.3.4",
    "1.2.840.10008.1.40",
    "1.2.840.10008.1.42",
];

/// Three services in an association, which is released as soon as the archive has said which it has.
fn probe(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("dicom-services-probed", 0);
    let (station, pacs) = (dice.pick(stations(sim)).entity, sim.ward.imaging.pacs);
    let mut at = sim.now;
    for services in SERVICES.chunks(3) {
        sim.at(at, move |sim| {
            let propose = |syntax: &&'static str| Proposal { syntax, transfer: EITHER, roles: None };
            let proposals: Vec<Proposal> = services.iter().map(propose).collect();
            if let Some(association) = dial(sim, sim.now, station, pacs, &proposals) {
                association.release(&mut sim.net);
            }
        });
        at += dice.skewed(secs(25), 0.4);
    }
    super::queries::cast(sim, station, at + MINUTE, &[])
}

/// N-EVENT-REPORT of storage commitments (PS3.4 section J.3.3) that nobody has asked for, with the archive's title, from a
/// PC with a toolkit.
fn commit(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("dicom-commitments-forged", 0);
    let pc = any_pc(sim, &mut dice);
    let imaging = &mut sim.ward.imaging;
    let title = imaging.entities[imaging.pacs.0].title.clone();
    let forger = imaging.add(Entity::archive(pc, &title, &makes::TOOLKIT));
    let modalities: Vec<EntityId> = imaging.modalities.iter().map(|modality| modality.entity).take(8).collect();
    let (mut at, mut number) = (sim.now, 0);
    for _ in 0..4 {
        for modality in modalities.iter().copied() {
            number += 1;
            sim.at(at, move |sim| report(sim, [forger, modality], number));
            at += dice.skewed(secs(35), 0.5);
        }
    }
    let victims = modalities.iter().map(|modality| sim.ward.imaging.host(*modality)).collect();
    Cast { victims, attackers: vec![pc], end: at + MINUTE }
}

fn report(sim: &mut Sim, [forger, modality]: [EntityId; 2], number: u64) {
    let mut dice = sim.dice("dicom-commitments-forged", number);
    let (make, date) = (sim.ward.imaging.entities[modality.0].make, sim.calendar.digits(sim.now));
    let kinds = &sim.ward.imaging.modalities;
    let Some(kind) = kinds.iter().find(|known| known.entity == modality).map(|known| known.kind) else { return };
    let study = Study::new(540_000_000 + number, kind, make, date, &mut dice);
    let propose = sim.ward.imaging.entities[forger.0].propose(uid::COMMITMENT);
    let propose = Proposal { roles: Some([false, true]), ..propose };
    let Some(mut association) = dial(sim, sim.now, forger, modality, &[propose]) else { return };
    let set = study.commitment(association.explicit(uid::COMMITMENT).unwrap_or_default());
    let names = [uid::COMMITMENT, uid::COMMITMENT_INSTANCE];
    services::normalized(&mut sim.net, &mut association, Side::Opener, [command::EVENT, 1], names, &set);
    association.release(&mut sim.net);
}
