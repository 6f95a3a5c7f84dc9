//! Workstations: radiologists read what is new, and older studies beside it.

use super::archive::{self, Destination};
use super::association::Association;
use super::dial;
use super::entity::EntityId;
use super::services;
use super::study::{self, Study};
use crate::clock::{MINUTE, Time, secs};
use crate::dice::Dice;
use crate::sim::Sim;
use crate::tcp::Side;
use crate::wire::dicom::uid;

/// A workstation.
#[derive(Clone, Debug)]
pub struct Station {
    /// Who it is.
    pub entity: EntityId,
    /// Somebody sits at it on working days from one hour to another.
    pub hours: [f64; 2],
    /// One of them serves who is on call.
    pub on_call: bool,
}

/// Studies that somebody reads in an hour, at most.
const PER_HOUR: f64 = 7.0;

/// Has a workstation used from `from` on.
pub fn open(sim: &mut Sim, station: usize, from: Time) {
    let mut dice = sim.dice("reading", station as u64);
    let first = from + dice.clumped(PER_HOUR);
    let mut count = 0_u64;
    sim.repeat(first, move |sim| {
        count += 1;
        if is_used(sim, station) {
            let dice = sim.dice("read", (station as u64) << 32 | count);
            read(sim, station, dice);
        }
        Some(sim.now + dice.clumped(PER_HOUR))
    });
    let mut dice = sim.dice("reading-morning", station as u64);
    let hour = sim.ward.imaging.stations[station].hours[0];
    let first = sim.calendar.next(from, hour);
    sim.repeat(first, move |sim| {
        check(sim, station);
        Some(sim.calendar.next(sim.now + MINUTE, hour) + dice.skewed(4 * MINUTE, 0.9))
    });
}

fn is_used(sim: &Sim, station: usize) -> bool {
    let Station { entity, hours: [from, to], on_call } = sim.ward.imaging.stations[station];
    let up = sim.net.host(sim.ward.imaging.entities[entity.0].host).up;
    let working = !sim.calendar.is_weekend(sim.now) && (from..to).contains(&sim.calendar.hour(sim.now));
    up && (working || on_call)
}

/// The software looks for the archive when somebody logs in.
fn check(sim: &mut Sim, station: usize) {
    if !is_used(sim, station) {
        return;
    }
    if let Some(mut association) = call(sim, station, &[uid::VERIFICATION]) {
        services::echo(&mut sim.net, &mut association);
        association.release(&mut sim.net);
    }
}

fn call(sim: &mut Sim, station: usize, syntaxes: &[&'static str]) -> Option<Association> {
    let entity = sim.ward.imaging.stations[station].entity;
    let pacs = sim.ward.imaging.pacs;
    let proposals: Vec<_> = syntaxes.iter().map(|syntax| sim.ward.imaging.entities[entity.0].propose(syntax)).collect();
    dial(sim, sim.now, entity, pacs, &proposals)
}

/// Reads the oldest study that nobody has read; every other is fetched, since the viewer shows the others in the archive.
fn read(sim: &mut Sim, station: usize, mut dice: Dice) {
    let Some(study) = sim.ward.imaging.unread.pop_front() else { return };
    let Some(mut association) = call(sim, station, &[uid::FIND, uid::MOVE]) else {
        sim.ward.imaging.unread.push_front(study);
        return;
    };
    let older: Vec<Study> = (0..dice.range(0..4)).map(|_| study.prior(&mut dice)).collect();
    search(sim, &mut association, &study, &older, &mut dice);
    let entity = sim.ward.imaging.stations[station].entity;
    let mut wanted: Vec<&Study> = Vec::new();
    if dice.chance(0.5) {
        wanted.push(&study);
    }
    if dice.chance(0.3) {
        wanted.extend(older.first());
    }
    for study in wanted {
        association.pause(secs(4));
        let cancel = dice.chance(0.01).then(|| 1 + dice.range(0..u64::from(study.images)) as u16);
        let pacs = sim.ward.imaging.pacs;
        archive::move_study(sim, &mut association, [entity, pacs], Destination::Known(entity), study, cancel);
    }
    if dice.chance(0.01) {
        association.abort(&mut sim.net, Side::Opener);
    } else {
        association.release(&mut sim.net);
    }
}

/// Fetches the studies of many patients one after the other, for the tumour board.
pub fn prepare_board(sim: &mut Sim, station: usize) {
    if !is_used(sim, station) {
        return;
    }
    let mut dice = sim.dice("board", sim.day());
    let mut at = sim.now;
    for number in 0..dice.range(10..26) {
        let modality = dice.pick(&sim.ward.imaging.modalities).clone();
        let make = sim.ward.imaging.entities[modality.entity.0].make;
        let date = sim.calendar.digits(sim.now);
        let study = Study::new(810_000_000 + sim.day() * 100 + number, modality.kind, make, date, &mut dice);
        let study = study.prior(&mut dice);
        let dice_of_one = sim.dice("board-search", study.number);
        sim.at(at, move |sim| fetch(sim, station, &study, dice_of_one));
        at += dice.skewed(secs(50), 0.7);
    }
}

/// Looks for a study and fetches it.
pub fn fetch(sim: &mut Sim, station: usize, study: &Study, mut dice: Dice) {
    let Some(mut association) = call(sim, station, &[uid::FIND, uid::MOVE]) else { return };
    search(sim, &mut association, study, &[], &mut dice);
    let (entity, pacs) = (sim.ward.imaging.stations[station].entity, sim.ward.imaging.pacs);
    archive::move_study(sim, &mut association, [entity, pacs], Destination::Known(entity), study, None);
    association.release(&mut sim.net);
}

/// Looks for a patient's studies, then for the series of the newest, and now and then for its images.
fn search(sim: &mut Sim, association: &mut Association, study: &Study, older: &[Study], dice: &mut Dice) {
    let Some(explicit) = association.explicit(uid::FIND) else { return };
    let net = &mut sim.net;
    if dice.chance(0.03) {
        // The number is not at hand: the name's beginning finds others too.
        let key = study::studies_key(explicit, [&study.beginning(), "", ""]);
        let others: Vec<Study> = (0..dice.range(4..40)).map(|_| study.prior(dice)).collect();
        services::find(net, association, uid::FIND, &key, others.len(), |place| others[place].found(explicit));
        association.pause(secs(3));
    }
    let key = study::studies_key(explicit, ["", &study.patient.to_string(), ""]);
    let all: Vec<&Study> = std::iter::once(study).chain(older).collect();
    services::find(net, association, uid::FIND, &key, all.len(), |place| all[place].found(explicit));
    association.pause(secs(2));
    services::find(net, association, uid::FIND, &study.key(explicit, "SERIES"), 1, |_| study.found_series(explicit));
    if dice.chance(0.1) {
        let images = usize::from(study.images);
        services::find(net, association, uid::FIND, &study.key(explicit, "IMAGE"), images, |place| {
            study.found_image(explicit, place as u16 + 1)
        });
    }
}
