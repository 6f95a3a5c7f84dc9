//! What a modality tells the archive and the radiology information system, and is unlike it.

use super::images::first;
use crate::attacks::Cast;
use crate::clock::{DAY, MINUTE, secs};
use crate::sim::Sim;
use crate::tcp::Side;
use crate::ward::imaging::dial;
use crate::ward::imaging::entity::EntityId;
use crate::ward::imaging::modality;
use crate::ward::imaging::services;
use crate::ward::imaging::study::{self, Kind, Step, Study};
use crate::wire::dicom::command::{self, Command, SUCCESS};
use crate::wire::dicom::{DataSet, uid};

/// How a document begins that starts a script when it is opened (ISO 32000-1 sections 7.5.2 and 12.6.4.16).
const DOCUMENT: &[u8] = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\n";

/// A study that this modality might have made.
fn own_study(sim: &Sim, entity: EntityId, number: u64, who: &str) -> Study {
    let make = sim.ward.imaging.entities[entity.0].make;
    let mut dice = sim.dice(who, number);
    Study::new(520_000_000 + number, Kind::Ct, make, sim.calendar.digits(sim.now), &mut dice)
}

pub(super) fn documents(sim: &mut Sim) -> Cast {
    let (place, host) = first(sim, Kind::Ct);
    let entity = sim.ward.imaging.modalities[place].entity;
    let mut dice = sim.dice("dicom-pdf-stored", 0);
    let mut at = sim.now;
    for number in 1..=8 {
        sim.at(at, move |sim| store_document(sim, entity, number));
        at += dice.skewed(4 * MINUTE, 0.5);
    }
    let victims = vec![sim.ward.imaging.host(sim.ward.imaging.pacs)];
    Cast { victims, attackers: vec![host], end: at + MINUTE }
}

fn store_document(sim: &mut Sim, entity: EntityId, number: u64) {
    let pacs = sim.ward.imaging.pacs;
    let study = own_study(sim, entity, number, "dicom-pdf-stored");
    let propose = sim.ward.imaging.entities[entity.0].propose(uid::PDF);
    let Some(mut association) = dial(sim, sim.now, entity, pacs, &[propose]) else { return };
    let explicit = association.explicit(uid::PDF).unwrap_or_default();
    let mut file = DOCUMENT.to_vec();
    file.resize(DOCUMENT.len() + 20_000 + 3_000 * number as usize, b' ');
    file.extend_from_slice(b"\n%%EOF\n");
    let (uid, instance) = (study.uid(), study.instance(1));
    let mut set = DataSet::new(explicit);
    // PS3.3 table A.45.1-1.
    set.text(0x0008_0005, b"CS", "ISO_IR 100")
        .text(0x0008_0016, b"UI", uid::PDF)
        .text(0x0008_0018, b"UI", &instance)
        .text(0x0008_0020, b"DA", &study.date[..8])
        .text(0x0008_0060, b"CS", "DOC")
        .text(0x0010_0010, b"PN", "CANARY^ANNA")
        .text(0x0010_0020, b"LO", &study.patient.to_string())
        .text(0x0020_000d, b"UI", &uid)
        .text(0x0020_000e, b"UI", &format!("{uid}.7"))
        .text(0x0020_0013, b"IS", "1")
        .text(0x0042_0010, b"ST", "Protocol")
        .octets(0x0042_0011, b"OB", &file)
        .text(0x0042_0012, b"LO", "application/pdf");
    let message_id = association.next_id();
    let request =
        Command { field: command::STORE, class: uid::PDF, message_id, instance: Some(&instance), ..Command::default() };
    association.exchange(&mut sim.net, Side::Opener, &request, [&set.octets, &[]], SUCCESS);
    association.release(&mut sim.net);
}

/// A megabyte an image, where a CT of this hospital has some 40 kB.
pub(super) fn packed(sim: &mut Sim) -> Cast {
    let (place, host) = first(sim, Kind::Ct);
    let entity = sim.ward.imaging.modalities[place].entity;
    let mut dice = sim.dice("dicom-packed-images", 0);
    let mut at = sim.now;
    for number in 1..=6 {
        sim.at(at, move |sim| {
            let study = own_study(sim, entity, 100 + number, "dicom-packed-images");
            let study = Study { size: [512, 1000], images: 6, ..study };
            let pacs = sim.ward.imaging.pacs;
            modality::send_to(sim, entity, pacs, &study, 1..study.images + 1);
        });
        at += dice.skewed(7 * MINUTE, 0.5);
    }
    let victims = vec![sim.ward.imaging.host(sim.ward.imaging.pacs)];
    Cast { victims, attackers: vec![host], end: at + MINUTE }
}

pub(super) fn discontinue(sim: &mut Sim) -> Cast {
    let (place, host) = first(sim, Kind::Ct);
    let (entity, ris) = (sim.ward.imaging.modalities[place].entity, sim.ward.imaging.ris);
    let mut dice = sim.dice("dicom-steps-discontinued", 0);
    let mut at = sim.now;
    for number in 0..40 {
        sim.at(at, move |sim| {
            let study = own_study(sim, entity, 200 + number, "dicom-steps-discontinued");
            let entity_of = &sim.ward.imaging.entities[entity.0];
            let (title, propose) = (entity_of.title.clone(), entity_of.propose(uid::PROCEDURE_STEP));
            let Some(mut association) = dial(sim, sim.now, entity, ris, &[propose]) else { return };
            services::step(&mut sim.net, &mut association, &study, &title, Step::Discontinued);
            association.release(&mut sim.net);
        });
        at += dice.skewed(secs(25), 0.6);
    }
    Cast { victims: vec![sim.ward.imaging.host(ris)], attackers: vec![host], end: at + MINUTE }
}

/// Weeks that are asked for.
const WEEKS: u32 = 9;

/// A worklist is asked for with a station and a day, and whoever leaves the station out gets everybody's (PS3.4 section
/// K.6.1.2.2): names, births, doctors and what is suspected, weeks ahead.
pub(super) fn worklists(sim: &mut Sim) -> Cast {
    let (place, host) = first(sim, Kind::Us);
    let (entity, ris) = (sim.ward.imaging.modalities[place].entity, sim.ward.imaging.ris);
    let mut dice = sim.dice("worklists-of-all-stations", 0);
    let mut at = sim.now;
    for week in 0..WEEKS {
        for (kind, most) in [(Kind::Ct, 50), (Kind::Mr, 36), (Kind::Us, 60), (Kind::Xr, 90)] {
            let [first, last] = [7 * week, 7 * week + 6].map(|day| sim.calendar.digits(sim.now + DAY * day));
            let dates = format!("{}-{}", &first[..8], &last[..8]);
            // The further away, the less is planned.
            let found = dice.range(most / 3..most) / u64::from(1 + week / 2);
            let date = sim.calendar.digits(sim.now + DAY * (7 * week + 1));
            let make = sim.ward.imaging.entities[entity.0].make;
            let number = |place| 560_000_000 + u64::from(week) * 10_000 + most * 100 + place;
            let planned: Vec<Study> =
                (0..found).map(|place| Study::new(number(place), kind, make, date.clone(), &mut dice)).collect();
            sim.at(at, move |sim| ask_for_all(sim, [entity, ris], kind, &dates, &planned));
            at += dice.skewed(secs(20), 0.4);
        }
    }
    Cast { victims: vec![sim.ward.imaging.host(ris)], attackers: vec![host], end: at + MINUTE }
}

/// Asks for what is planned at all stations of a kind on these days.
fn ask_for_all(sim: &mut Sim, [from, ris]: [EntityId; 2], kind: Kind, dates: &str, planned: &[Study]) {
    let propose = sim.ward.imaging.entities[from.0].propose(uid::WORKLIST);
    let Some(mut association) = dial(sim, sim.now, from, ris, &[propose]) else { return };
    let explicit = association.explicit(uid::WORKLIST).unwrap_or_default();
    let key = study::worklist_key(explicit, kind, "", dates);
    services::find(&mut sim.net, &mut association, uid::WORKLIST, &key, planned.len(), |place| {
        let study = &planned[place];
        let station = if kind == Kind::Xr { "XR" } else { kind.code() };
        study.scheduled(explicit, &format!("{station}{:02}", 1 + study.number % 2))
    });
    association.release(&mut sim.net);
}
