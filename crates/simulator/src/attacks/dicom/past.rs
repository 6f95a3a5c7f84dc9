//! Studies of the past: put away, added to, and numbers that are given twice.

use super::images::first;
use super::queries::{any_study, cast, stations};
use crate::attacks::Family::{Command, Fault, Integrity};
use crate::attacks::{Cast, Scenario};
use crate::clock::{HOUR, MINUTE, secs};
use crate::sim::Sim;
use crate::tcp::Side;
use crate::ward::imaging::entity::{EITHER, Entity, EntityId};
use crate::ward::imaging::study::{Kind, Study};
use crate::ward::imaging::{dial, modality};
use crate::wire::dicom::command::{self, SUCCESS};
use crate::wire::dicom::pdu::Proposal;
use crate::wire::dicom::{DataSet, uid};

/// What they have in common.
const BASE: Scenario = Scenario { within_normal: true, ..super::BASE };

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "dicom-studies-rejected",
        title: "A reading workstation tells the archive of one study after the other that it is to be kept no longer",
        family: Command,
        techniques: &[
            "T0855",
            "T1692.001",
            "T0809",
            "T0826",
            "T0829",
            "T0831",
            "T0832",
            "T0859",
            "T1485",
            "T1565",
            "T1565.001",
            "T1078",
        ],
        endangers: "Images vanish from the archive, and with them what new ones are to be compared with.",
        hour: 20.8,
        start: rejected,
        ..BASE
    },
    Scenario {
        name: "dicom-priors-extended",
        title: "A CT stores images in studies of last year, of patients who are not there",
        family: Integrity,
        techniques: &[
            "T0832",
            "T0856",
            "T1692.002",
            "T0855",
            "T1692.001",
            "T0831",
            "T0849",
            "T1565",
            "T1565.001",
            "T1078",
            "T1036",
        ],
        endangers: "A finding looks as if it had been there a year ago, and a growing tumour as if it did not grow.",
        hour: 17.9,
        start: extended,
        ..BASE
    },
    Scenario {
        name: "modality-uids-repeated",
        title: "An X-ray unit that was set back to a copy gives studies the numbers that others had before",
        family: Fault,
        techniques: &["T0832", "T0856", "T1692.002", "T0826", "T1565", "T1565.001"],
        endangers: "The archive puts one patient's images into another's study, or drops them as old.",
        hour: 11.2,
        start: repeated,
        ..BASE
    },
];

/// Studies that are put away.
const REJECTED: u64 = 28;

/// What an archive takes that knows such notes.
const NOTES: &[&str] = &[uid::VERIFICATION, uid::KEY_OBJECTS];

/// A key object selection of the title "data retention policy expired" (113039 of DCM; IHE Imaging Object Change Management,
/// RAD-66), by which archives hide studies or delete them, and which most take from whoever may store.
fn rejected(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("dicom-studies-rejected", 0);
    let station = dice.pick(stations(sim)).entity;
    let imaging = &mut sim.ward.imaging;
    let pacs = Entity { serves: NOTES, ..imaging.entities[imaging.pacs.0].clone() };
    let pacs = imaging.add(pacs);
    let mut at = sim.now;
    for number in 0..REJECTED {
        sim.at(at, move |sim| reject(sim, [station, pacs], number));
        at += dice.skewed(secs(75), 0.5);
    }
    cast(sim, station, at + MINUTE, &[])
}

fn reject(sim: &mut Sim, [station, pacs]: [EntityId; 2], number: u64) {
    let study = any_study(sim, number, "dicom-studies-rejected");
    let propose = Proposal { syntax: uid::KEY_OBJECTS, transfer: EITHER, roles: None };
    let Some(mut association) = dial(sim, sim.now, station, pacs, &[propose]) else { return };
    let explicit = association.explicit(uid::KEY_OBJECTS).unwrap_or_default();
    let instance = format!("{}.6.{number}", study.uid());
    let note = note(&study, &instance, explicit, &sim.calendar.digits(sim.now));
    let message_id = association.next_id();
    let (field, class) = (command::STORE, uid::KEY_OBJECTS);
    let request = command::Command { field, class, message_id, instance: Some(&instance), ..Default::default() };
    association.exchange(&mut sim.net, Side::Opener, &request, [&note.octets, &[]], SUCCESS);
    association.release(&mut sim.net);
}

/// The note (PS3.3 tables A.35.4-1 and C.17.6-2): why, and which images.
fn note(study: &Study, instance: &str, explicit: bool, now: &str) -> DataSet {
    let mut set = DataSet::new(explicit);
    let code = |set: &mut DataSet, value: &str, meaning: &str| {
        set.text(0x0008_0100, b"SH", value).text(0x0008_0102, b"SH", "DCM").text(0x0008_0104, b"LO", meaning);
    };
    let images = usize::from(study.images);
    set.text(0x0008_0016, b"UI", uid::KEY_OBJECTS)
        .text(0x0008_0018, b"UI", instance)
        .text(0x0008_0020, b"DA", &study.date[..8])
        .text(0x0008_0023, b"DA", &now[..8])
        .text(0x0008_0033, b"TM", &now[8..])
        .text(0x0008_0060, b"CS", "KO")
        .text(0x0010_0010, b"PN", "CANARY")
        .text(0x0010_0020, b"LO", &study.patient.to_string())
        .text(0x0020_000d, b"UI", &study.uid())
        .text(0x0020_000e, b"UI", &format!("{}.6", study.uid()))
        .text(0x0020_0013, b"IS", "1")
        .text(0x0040_a040, b"CS", "CONTAINER")
        .sequence(0x0040_a043, 1, |set, _| code(set, "113039", "Data Retention Policy Expired"))
        .text(0x0040_a050, b"CS", "SEPARATE")
        .sequence(0x0040_a375, 1, |set, _| {
            set.sequence(0x0008_1115, 1, |set, _| {
                set.sequence(0x0008_1199, images, |set, number| study.reference(set, number)).text(
                    0x0020_000e,
                    b"UI",
                    &format!("{}.1", study.uid()),
                );
            })
            .text(0x0020_000d, b"UI", &study.uid());
        });
    set
}

/// What was measured of scans that were changed on their way holds for those of before too (arXiv 1901.03597), and whoever
/// has the scanner's computer may store into any study: new images under an old study's number and date.
fn extended(sim: &mut Sim) -> Cast {
    let (place, host) = first(sim, Kind::Ct);
    let (entity, pacs) = (sim.ward.imaging.modalities[place].entity, sim.ward.imaging.pacs);
    let mut dice = sim.dice("dicom-priors-extended", 0);
    let mut at = sim.now;
    for number in 0..9 {
        let make = sim.ward.imaging.entities[entity.0].make;
        let study = Study::new(550_000_000 + number, Kind::Ct, make, sim.calendar.digits(at), &mut dice);
        let study = study.prior(&mut dice);
        sim.at(at, move |sim| {
            modality::send_to(sim, entity, pacs, &study, 1..study.images + 1);
        });
        at += dice.skewed(6 * MINUTE, 0.5);
    }
    Cast { victims: vec![sim.ward.imaging.host(pacs)], attackers: vec![host], end: at + MINUTE }
}

/// Examinations that the copy does not know of.
const FORGOTTEN: u64 = 14;

/// UIDs are to be unique for ever (PS3.5 section 9), and units make them of a counter, which a restored disk turns back.
fn repeated(sim: &mut Sim) -> Cast {
    let (place, host) = first(sim, Kind::Xr);
    let (end, mark) = (sim.now + 5 * HOUR, sim.net.mark);
    let modality = &mut sim.ward.imaging.modalities[place];
    let forgotten = FORGOTTEN.min(modality.exams);
    modality.exams -= forgotten;
    modality.set_back += 1;
    modality.proxy = Some((modality.entity, mark));
    sim.at(end, move |sim| {
        let modality = &mut sim.ward.imaging.modalities[place];
        modality.exams += forgotten;
        modality.set_back -= 1;
        modality.proxy = None;
    });
    Cast { victims: vec![host, sim.ward.imaging.host(sim.ward.imaging.pacs)], attackers: Vec::new(), end }
}
