//! Images that go where they should not, or are not what they should be.

use super::queries::stations;
use crate::attacks::{Cast, any_pc};
use crate::clock::{HOUR, MINUTE, secs};
use crate::dice::Dice;
use crate::network::{HostId, LINUX};
use crate::sim::Sim;
use crate::tcp::Side;
use crate::ward::imaging::entity::{Entity, EntityId, makes};
use crate::ward::imaging::modality;
use crate::ward::imaging::study::{Kind, Study};
use crate::ward::imaging::{archive, dial};
use crate::wire::dicom::command::{self, Command, SUCCESS};
use crate::wire::dicom::{DataSet, uid};

/// The MS-DOS header of a program for Windows, with its stub, and the signature that it points to behind the preamble's end:
/// as much of it as the 128 octets of a DICOM file's preamble (PS3.10 section 7.1) have room for.
fn program_start() -> [u8; 128] {
    let mut start = [0; 128];
    start[..16].copy_from_slice(&[0x4d, 0x5a, 0x90, 0, 3, 0, 0, 0, 4, 0, 0, 0, 0xff, 0xff, 0, 0]);
    start[16] = 0xb8;
    start[24] = 0x40;
    // e_lfanew: the PE header stands behind the first attributes, in a private one.
    start[60..64].copy_from_slice(&0x0000_0400_u32.to_le_bytes());
    start[64..78].copy_from_slice(&[0x0e, 0x1f, 0xba, 0x0e, 0, 0xb4, 9, 0xcd, 0x21, 0xb8, 1, 0x4c, 0xcd, 0x21]);
    start[78..117].copy_from_slice(b"This program cannot be run in DOS mode.");
    start
}

/// An image as a file, preamble and all: what a careless sender takes for a data set.
fn poisoned(study: &Study, image: u16, explicit: bool) -> DataSet {
    let mut file = DataSet::new(true);
    file.octets.extend_from_slice(&program_start());
    file.octets.extend_from_slice(b"DICM");
    let mut meta = DataSet::new(true);
    meta.octets(0x0002_0001, b"OB", &[0, 1])
        .text(0x0002_0002, b"UI", study.kind.class())
        .text(0x0002_0003, b"UI", &study.instance(image))
        .text(0x0002_0010, b"UI", if explicit { uid::EXPLICIT } else { uid::IMPLICIT })
        .text(0x0002_0012, b"UI", makes::TOOLKIT.user.implementation);
    // (0002,0000), a UL: the length of what follows of its group (PS3.10 table 7.1-1).
    file.octets.extend_from_slice(&[2, 0, 0, 0, b'U', b'L', 4, 0]);
    file.octets.extend_from_slice(&(meta.octets.len() as u32).to_le_bytes());
    file.octets.extend_from_slice(&meta.octets);
    file.octets.extend_from_slice(&study.image(explicit, image).octets);
    file
}

pub(super) fn store_programs(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("dicom-executable-stored", 0);
    let pc = any_pc(sim, &mut dice);
    let sender = sim.ward.imaging.add(Entity::reading(pc, "STORESCU".into(), &makes::TOOLKIT));
    let mut at = sim.now;
    for number in 0..6 {
        sim.at(at, move |sim| store_program(sim, sender, number));
        at += dice.skewed(secs(50), 0.4);
    }
    Cast { victims: vec![sim.ward.imaging.host(sim.ward.imaging.pacs)], attackers: vec![pc], end: at + MINUTE }
}

fn store_program(sim: &mut Sim, sender: EntityId, number: u64) {
    let mut dice = sim.dice("dicom-executable-stored", 1 + number);
    let study = made_up(sim, 500_000_000 + number, Kind::Ct, &mut dice);
    let proposals = archive::storage(sim, sender, &[Kind::Ct]);
    let pacs = sim.ward.imaging.pacs;
    let Some(mut association) = dial(sim, sim.now, sender, pacs, &proposals) else { return };
    let explicit = association.explicit(uid::CT).unwrap_or_default();
    let pixels: Vec<u8> = (0..study.pixels()).map(|place| (place * 7) as u8).collect();
    let instance = study.instance(1);
    let message_id = association.next_id();
    let request =
        Command { field: command::STORE, class: uid::CT, message_id, instance: Some(&instance), ..Command::default() };
    let file = poisoned(&study, 1, explicit);
    association.exchange(&mut sim.net, Side::Opener, &request, [&file.octets, &pixels], SUCCESS);
    association.release(&mut sim.net);
}

fn made_up(sim: &Sim, number: u64, kind: Kind, dice: &mut Dice) -> Study {
    Study::new(number, kind, &makes::TOOLKIT, today(sim), dice)
}

/// The first modality of a kind, and its host.
pub(super) fn first(sim: &Sim, kind: Kind) -> (usize, HostId) {
    let modalities = &sim.ward.imaging.modalities;
    let place = modalities.iter().position(|modality| modality.kind == kind).unwrap_or_default();
    (place, sim.ward.imaging.host(modalities[place].entity))
}

fn send_own(sim: &mut Sim, from: EntityId, kind: Kind, number: u64) {
    let mut dice = sim.dice("dicom-images-in-the-middle", number);
    let study = Study { make: &makes::CT, ..made_up(sim, number, kind, &mut dice) };
    let pacs = sim.ward.imaging.pacs;
    modality::send_to(sim, from, pacs, &study, 1..study.images + 1);
}

fn today(sim: &Sim) -> String {
    sim.calendar.digits(sim.now)
}

/// The box speaks to the archive in the modality's name and from its address, with its own software and Ethernet address;
/// to everything else it is a cable.
pub(super) fn intercept(sim: &mut Sim) -> Cast {
    let (place, host) = first(sim, Kind::Ct);
    let ip = sim.net.host(host).ip;
    let zone = sim.ward.site().zones.imaging;
    let middle = sim.net.add_host_at("in-the-middle".into(), "in-the-middle", zone, [0xdc, 0xa6, 0x32], LINUX, ip);
    // The address stays the modality's.
    sim.net.readdress(host, ip);
    let imaging = &mut sim.ward.imaging;
    let title = imaging.entities[imaging.modalities[place].entity.0].title.clone();
    let proxy = imaging.add(Entity::modality(middle, title, &makes::TOOLS));
    imaging.modalities[place].proxy = Some((proxy, sim.net.mark));
    // Patient or not: it sends one study of its own too.
    sim.after(25 * MINUTE, move |sim| send_own(sim, proxy, Kind::Ct, 510_000_000));
    sim.after(5 * HOUR, move |sim| sim.ward.imaging.modalities[place].proxy = None);
    let victims = vec![host, sim.ward.imaging.host(sim.ward.imaging.pacs)];
    Cast { victims, attackers: vec![middle], end: sim.now + 5 * HOUR }
}

pub(super) fn copy(sim: &mut Sim) -> Cast {
    let (place, host) = first(sim, Kind::Xr);
    let mut dice = sim.dice("dicom-second-destination", 0);
    let pc = any_pc(sim, &mut dice);
    let imaging = &mut sim.ward.imaging;
    let thief = imaging.add(Entity::reading(pc, "BACKUP".into(), &makes::TOOLS));
    let entity = imaging.modalities[place].entity;
    imaging.modalities[place].copies = Some((thief, sim.net.mark));
    // And what it still has of other days.
    for number in 0..4 {
        sim.after(dice.around(70 * MINUTE, 0.25) * (number + 1), move |sim| {
            let mut dice = sim.dice("dicom-second-destination", 1 + u64::from(number));
            let study = Study::new(4_000_000 + u64::from(number), Kind::Xr, &makes::XR, today(sim), &mut dice);
            let study = study.prior(&mut dice);
            modality::send_to(sim, entity, thief, &study, 1..study.images + 1);
        });
    }
    sim.after(6 * HOUR, move |sim| sim.ward.imaging.modalities[place].copies = None);
    Cast { victims: vec![host], attackers: vec![pc], end: sim.now + 6 * HOUR }
}

pub(super) fn replace(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("dicom-images-replaced", 0);
    let station = dice.pick(stations(sim)).entity;
    let pacs = sim.ward.imaging.pacs;
    let mut at = sim.now;
    for number in 0..5 {
        sim.at(at, move |sim| {
            let mut dice = sim.dice("dicom-images-replaced", 1 + number);
            let study = Study { make: &makes::CT, ..made_up(sim, 1_000_001 + number, Kind::Ct, &mut dice) };
            modality::send_to(sim, station, pacs, &study, 1..study.images + 1);
        });
        at += dice.skewed(3 * MINUTE, 0.5);
    }
    let (victim, attacker) = (sim.ward.imaging.host(pacs), sim.ward.imaging.host(station));
    Cast { victims: vec![victim], attackers: vec![attacker], end: at + MINUTE }
}
