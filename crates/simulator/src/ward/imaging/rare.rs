//! What happens rarely in imaging and is in order: a title typed wrongly, a restart of the archive, a new device, a board
//! that wants many studies, statistics at the end of a month.

use super::association::Association;
use super::dial;
use super::entity::{Condition, Entity, makes};
use super::modality::{self, Modality};
use super::reading::{self, Station};
use super::services;
use super::study::{self, Kind, Study};
use crate::clock::{DAY, HOUR, MINUTE, secs};
use crate::network::WINDOWS;
use crate::sim::Sim;
use crate::wire::dicom::uid;

/// Sets it up.
pub fn open(sim: &mut Sim) {
    let mut dice = sim.dice("wrong-title", 0);
    // A modality is serviced every six weeks or so.
    let per_hour = sim.ward.imaging.modalities.len() as f64 / (42.0 * 24.0);
    let first = sim.now + dice.clumped(per_hour);
    sim.repeat(first, move |sim| {
        let modality = dice.range(0..sim.ward.imaging.modalities.len() as u64) as usize;
        if sim.calendar.office(sim.now) > 0.05 {
            mistype(sim, modality);
        }
        Some(sim.now + dice.clumped(per_hour))
    });
    let mut dice = sim.dice("pacs-restart", 0);
    let first = sim.now + DAY * dice.range(4..16) as u32 + HOUR.mul_f64(dice.between(12.0, 22.0));
    sim.repeat(first, move |sim| {
        restart(sim);
        Some(sim.now + DAY * dice.range(16..34) as u32 + HOUR.mul_f64(dice.between(0.0, 8.0)))
    });
    open_new_devices(sim);
    let mut dice = sim.dice("tumour-board", 0);
    let noon = sim.calendar.next(sim.now, 12.8);
    sim.repeat(noon, move |sim| {
        // Wednesdays, at the workstation of who has drawn the lot.
        if sim.calendar.weekday(sim.now) == 2 {
            let station = dice.range(0..sim.ward.imaging.stations.len() as u64) as usize;
            reading::prepare_board(sim, station);
        }
        Some(sim.calendar.next(sim.now + MINUTE, 12.8) + dice.skewed(6 * MINUTE, 0.8))
    });
    let morning = sim.calendar.next(sim.now, 7.6);
    sim.repeat(morning, move |sim| {
        if sim.calendar.day_of_month(sim.now) == 1 {
            statistics(sim);
        }
        Some(sim.now + DAY)
    });
}

/// A technician types the archive's title wrongly, sees it, and mends it.
fn mistype(sim: &mut Sim, modality: usize) {
    let Sim { net, ward, now, .. } = sim;
    let imaging = &ward.imaging;
    let (calling, called) =
        (&imaging.entities[imaging.modalities[modality].entity.0], &imaging.entities[imaging.pacs.0]);
    if !net.host(calling.host).up || !net.host(called.host).up || called.condition != Condition::Serves {
        return;
    }
    let proposals = [calling.propose(uid::VERIFICATION)];
    // Rejected for good, by the service user: called AE title not recognized (PS3.8 table 9-21).
    let over = Association::rejected(net, *now, [calling, called], "PACS1", &proposals, [1, 1, 7]);
    let (from, to) = (imaging.modalities[modality].entity, imaging.pacs);
    sim.at(over + secs(70), move |sim| {
        let proposals = [sim.ward.imaging.entities[from.0].propose(uid::VERIFICATION)];
        if let Some(mut association) = dial(sim, sim.now, from, to, &proposals) {
            services::echo(&mut sim.net, &mut association);
            association.release(&mut sim.net);
        }
    });
}

/// The archive's software is stopped, starts, and takes a while until it serves.
fn restart(sim: &mut Sim) {
    let mut dice = sim.dice("restarting", sim.day());
    let pacs = sim.ward.imaging.pacs;
    sim.ward.imaging.entities[pacs.0].condition = Condition::Stopped;
    let starts = dice.around(4 * MINUTE, 0.4);
    let serves = starts + dice.around(2 * MINUTE, 0.4);
    sim.after(starts, move |sim| sim.ward.imaging.entities[pacs.0].condition = Condition::Congested);
    sim.after(serves, move |sim| sim.ward.imaging.entities[pacs.0].condition = Condition::Serves);
}

/// An ultrasound machine and a workstation are bought; each is switched on one morning.
fn open_new_devices(sim: &mut Sim) {
    let mut dice = sim.dice("new-devices", 0);
    let zone = sim.ward.site().zones.imaging;
    let machines = [("us-new", "us", [0x00, 0x40, 0x84]), ("reading-new", "workstation", [0x3c, 0xd9, 0x2b])];
    let [us, reading] = machines.map(|(name, role, oui)| {
        let host = sim.net.add_host(name.into(), role, zone, oui, WINDOWS);
        sim.net.host_mut(host).up = false;
        host
    });
    let [first, second] = [dice.range(6..14), dice.range(14..26)].map(|day| DAY * day as u32 + 9 * HOUR);
    sim.at(sim.now + first, move |sim| {
        switch_on(sim, us);
        let number = sim.ward.imaging.modalities.iter().filter(|modality| modality.kind == Kind::Us).count() + 1;
        let entity = sim.ward.imaging.add(Entity::modality(us, format!("US{number:02}"), &makes::US));
        sim.ward.imaging.modalities.push(Modality::new(entity, Kind::Us));
        modality::open(sim, sim.ward.imaging.modalities.len() - 1, sim.now);
    });
    sim.at(sim.now + second, move |sim| {
        switch_on(sim, reading);
        let number = sim.ward.imaging.stations.len() + 1;
        let entity = sim.ward.imaging.add(Entity::reading(reading, format!("READ{number:02}"), &makes::READING));
        sim.ward.imaging.stations.push(Station { entity, hours: [8.0, 16.5], on_call: false });
        reading::open(sim, sim.ward.imaging.stations.len() - 1, sim.now);
    });
}

fn switch_on(sim: &mut Sim, host: crate::network::HostId) {
    sim.net.host_mut(host).up = true;
    sim.net.announce(sim.now, host);
}

/// The radiology information system counts the last month's studies, a day after the other.
fn statistics(sim: &mut Sim) {
    let (ris, pacs) = (sim.ward.imaging.ris, sim.ward.imaging.pacs);
    let propose = sim.ward.imaging.entities[ris.0].propose(uid::FIND);
    let Some(mut association) = dial(sim, sim.now, ris, pacs, &[propose]) else { return };
    let explicit = association.explicit(uid::FIND).unwrap_or_default();
    let mut dice = sim.dice("statistics", sim.day());
    let modalities = sim.ward.imaging.modalities.len() as u64;
    for day in 1..=28_u64 {
        let digits = sim.calendar.digits(sim.now - DAY * (29 - day as u32));
        let key = study::studies_key(explicit, ["", "", &digits[..8]]);
        let found: Vec<Study> = (0..dice.range(modalities..modalities * 6))
            .map(|number| {
                Study::new(700_000_000 + day * 1_000 + number, Kind::Ct, &makes::CT, digits.clone(), &mut dice)
            })
            .collect();
        services::find(&mut sim.net, &mut association, uid::FIND, &key, found.len(), |place| {
            found[place].found(explicit)
        });
        association.pause(secs(1));
    }
    association.release(&mut sim.net);
}
