//! Archives asked for what nobody needs.

use crate::attacks::{Cast, any_pc};
use crate::clock::{MINUTE, Time, ms, secs};
use crate::network::LINUX;
use crate::sim::Sim;
use crate::ward::imaging::archive::{self, Destination};
use crate::ward::imaging::association::Association;
use crate::ward::imaging::dial;
use crate::ward::imaging::entity::{Entity, EntityId, makes};
use crate::ward::imaging::reading::Station;
use crate::ward::imaging::services;
use crate::ward::imaging::study::{self, Kind, Study};
use crate::wire::dicom::uid;

/// Called AE title not recognized, for good, by the service user (PS3.8 table 9-21).
const CALLED_UNKNOWN: [u8; 3] = [1, 1, 7];
/// Calling AE title not recognized.
const CALLING_UNKNOWN: [u8; 3] = [1, 1, 3];

/// Titles that installations have as they were delivered, or that are easily thought of.
const TITLES: [&str; 24] = [
    "ANY-SCP",
    "DCM4CHEE",
    "ORTHANC",
    "CONQUESTSRV1",
    "STORESCP",
    "FINDSCP",
    "MOVESCP",
    "DICOM",
    "SERVER",
    "PACS_SCP",
    "PACSSRV",
    "PACS01",
    "IMAGING",
    "RADIOLOGY",
    "HOSPITAL",
    "AE_TITLE",
    "CENTRAL",
    "MAIN",
    "QRSCP",
    "SYNAPSE",
    "IMPAX",
    "WORKLIST",
    "ARCHIVE1",
    "TEST",
];

pub(super) fn guess_titles(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("dicom-title-guessing", 0);
    let pc = any_pc(sim, &mut dice);
    let imaging = &mut sim.ward.imaging;
    let (pacs, ris) = (imaging.pacs, imaging.ris);
    let guest = imaging.add(Entity::reading(pc, "ECHOSCU".into(), &makes::TOOLS));
    let mut at = sim.now;
    for to in [pacs, ris] {
        for title in TITLES {
            at += dice.skewed(ms(1300), 0.4);
            sim.at(at, move |sim| knock(sim, guest, to, title, CALLED_UNKNOWN));
        }
        // The right one, with a name that is not known, and then with one that is.
        for _ in 0..6 {
            at += dice.skewed(ms(1500), 0.4);
            sim.at(at, move |sim| {
                let title = sim.ward.imaging.entities[to.0].title.clone();
                knock(sim, guest, to, &title, CALLING_UNKNOWN);
            });
        }
        at += secs(3);
        sim.at(at, move |sim| {
            let known = sim.ward.imaging.modalities[0].entity;
            let title = sim.ward.imaging.entities[known.0].title.clone();
            sim.ward.imaging.entities[guest.0].title = title;
            enter(sim, guest, to);
            sim.ward.imaging.entities[guest.0].title = "ECHOSCU".into();
        });
    }
    let victims = [pacs, ris].map(|to| sim.ward.imaging.host(to)).to_vec();
    Cast { victims, attackers: vec![pc], end: at + MINUTE }
}

fn knock(sim: &mut Sim, guest: EntityId, to: EntityId, title: &str, why: [u8; 3]) {
    let Sim { net, ward, now, .. } = sim;
    let (calling, called) = (&ward.imaging.entities[guest.0], &ward.imaging.entities[to.0]);
    if net.host(calling.host).up && net.host(called.host).up {
        let proposals = [calling.propose(uid::VERIFICATION)];
        Association::rejected(net, *now, [calling, called], title, &proposals, why);
    }
}

fn enter(sim: &mut Sim, guest: EntityId, to: EntityId) {
    let entity = &sim.ward.imaging.entities[guest.0];
    let proposals = [uid::VERIFICATION, uid::FIND, uid::WORKLIST].map(|syntax| entity.propose(syntax));
    if let Some(mut association) = dial(sim, sim.now, guest, to, &proposals) {
        services::echo(&mut sim.net, &mut association);
        association.release(&mut sim.net);
    }
}

/// A study of any kind, as the archive has thousands of.
pub(super) fn any_study(sim: &Sim, number: u64, who: &str) -> Study {
    let mut dice = sim.dice(who, number);
    let kinds = [(Kind::Xr, &makes::XR), (Kind::Us, &makes::US), (Kind::Xr, &makes::XR), (Kind::Ct, &makes::CT)];
    let (kind, make) = *dice.pick(&kinds);
    let study = Study::new(600_000_000 + number, kind, make, sim.calendar.digits(sim.now), &mut dice);
    study.prior(&mut dice)
}

/// Workstations that were there from the beginning: with one that joined later, everything would be new.
pub(super) fn stations(sim: &Sim) -> &[Station] {
    &sim.ward.imaging.stations[..sim.ward.site().reading.len()]
}

/// A workstation that is used every day.
fn used_station(sim: &Sim, who: &str) -> EntityId {
    let mut dice = sim.dice(who, 1);
    dice.pick(stations(sim)).entity
}

pub(super) fn move_all(sim: &mut Sim) -> Cast {
    let station = used_station(sim, "dicom-bulk-move");
    let mut dice = sim.dice("dicom-bulk-move", 0);
    let mut at = sim.now;
    for number in 0..240 {
        at += dice.skewed(secs(15), 0.5);
        sim.at(at, move |sim| {
            let study = any_study(sim, number, "dicom-bulk-move");
            take(sim, station, Destination::Known(station), &study);
        });
    }
    cast(sim, station, at + MINUTE, &[])
}

pub(super) fn take(sim: &mut Sim, station: EntityId, destination: Destination<'_>, study: &Study) {
    let pacs = sim.ward.imaging.pacs;
    let proposals = [uid::FIND, uid::MOVE].map(|syntax| sim.ward.imaging.entities[station.0].propose(syntax));
    let Some(mut association) = dial(sim, sim.now, station, pacs, &proposals) else { return };
    archive::move_study(sim, &mut association, [station, pacs], destination, study, None);
    association.release(&mut sim.net);
}

/// The archive is robbed, and by a workstation.
pub(super) fn cast(sim: &Sim, station: EntityId, end: Time, helpers: &[EntityId]) -> Cast {
    let attackers = [station].iter().chain(helpers).map(|entity| sim.ward.imaging.host(*entity)).collect();
    Cast { victims: vec![sim.ward.imaging.host(sim.ward.imaging.pacs)], attackers, end }
}

pub(super) fn harvest(sim: &mut Sim) -> Cast {
    let station = used_station(sim, "dicom-wildcard-harvest");
    let mut dice = sim.dice("dicom-wildcard-harvest", 0);
    let mut at = sim.now;
    for letter in b'A'..=b'Z' {
        let found = dice.range(60..260);
        sim.at(at, move |sim| ask_for_all(sim, station, letter, found));
        at += dice.skewed(secs(40), 0.4);
    }
    cast(sim, station, at + MINUTE, &[])
}

fn ask_for_all(sim: &mut Sim, station: EntityId, letter: u8, found: u64) {
    let studies: Vec<Study> =
        (0..found).map(|number| any_study(sim, u64::from(letter) * 1_000 + number, "dicom-wildcard-harvest")).collect();
    ask(sim, station, [&format!("CANARY^{}*", char::from(letter)), "", ""], &studies);
}

/// Asks the archive for studies of a patient's name, number and date, and is told some.
pub(super) fn ask(sim: &mut Sim, from: EntityId, wanted: [&str; 3], found: &[Study]) {
    let pacs = sim.ward.imaging.pacs;
    let propose = sim.ward.imaging.entities[from.0].propose(uid::FIND);
    let Some(mut association) = dial(sim, sim.now, from, pacs, &[propose]) else { return };
    let explicit = association.explicit(uid::FIND).unwrap_or_default();
    let key = study::studies_key(explicit, wanted);
    services::find(&mut sim.net, &mut association, uid::FIND, &key, found.len(), |place| found[place].found(explicit));
    association.release(&mut sim.net);
}

pub(super) fn move_abroad(sim: &mut Sim) -> Cast {
    let station = used_station(sim, "dicom-foreign-destination");
    let mut dice = sim.dice("dicom-foreign-destination", 0);
    let zone = sim.ward.site().zones.imaging;
    let notebook = sim.net.add_host("notebook".into(), "notebook", zone, [0x00, 0x21, 0xcc], LINUX);
    sim.net.announce(sim.now, notebook);
    let abroad = sim.ward.imaging.add(Entity::reading(notebook, "STORESCP".into(), &makes::TOOLKIT));
    // First the archive does not know it; then somebody has entered it.
    sim.after(secs(20), move |sim| {
        let study = any_study(sim, 999, "dicom-foreign-destination");
        take(sim, station, Destination::Unknown("STORESCP"), &study);
    });
    let mut at = sim.now + 5 * MINUTE;
    for number in 0..24 {
        at += dice.skewed(secs(70), 0.6);
        sim.at(at, move |sim| {
            let study = any_study(sim, number, "dicom-foreign-destination");
            take(sim, station, Destination::Known(abroad), &study);
        });
    }
    cast(sim, station, at + MINUTE, &[abroad])
}
