//! A modality's day: worklists, procedure steps, images, storage commitment.

use std::ops::Range;
use std::time::Duration;

use super::association::Association;
use super::entity::EntityId;
use super::services::{self, Storing};
use super::study::{self, Kind, Step, Study};
use super::{archive, dial};
use crate::clock::{MINUTE, Time, ms, secs};
use crate::dice::Dice;
use crate::queue::Mark;
use crate::sim::Sim;
use crate::tcp::Side;
use crate::wire::dicom::command::SUCCESS;
use crate::wire::dicom::uid;

/// A modality.
#[derive(Clone, Debug)]
pub struct Modality {
    /// Who it is.
    pub entity: EntityId,
    /// What it does.
    pub kind: Kind,
    /// It says nothing until then.
    pub silent_until: Time,
    /// A scenario has its images go through the hands of somebody else, who calls in its name.
    pub proxy: Option<(EntityId, Mark)>,
    /// A scenario has its images go to somebody else too.
    pub copies: Option<(EntityId, Mark)>,
    /// Examinations so far.
    pub exams: u64,
    /// How often it was set back to a copy, and counts anew what others were counted as before.
    pub set_back: u64,
    busy: Time,
}

/// How a kind of modality works.
struct Habits {
    /// Examinations an hour, at the busiest.
    clinic: f64,
    /// Emergencies an hour, at the busiest.
    emergencies: f64,
    /// How long an examination takes.
    duration: Duration,
    /// Between queries of the worklist.
    poll: Duration,
}

fn habits(kind: Kind) -> Habits {
    let (clinic, emergencies, minutes, poll) = match kind {
        Kind::Ct => (1.3, 0.2, 9, 6),
        Kind::Mr => (1.0, 0.0, 24, 10),
        Kind::Us => (1.4, 0.0, 14, 15),
        Kind::Xr => (2.5, 0.4, 4, 8),
    };
    Habits { clinic, emergencies, duration: minutes * MINUTE, poll: poll * MINUTE }
}

impl Modality {
    /// One that is idle.
    pub fn new(entity: EntityId, kind: Kind) -> Self {
        let (silent_until, busy) = (Time::default(), Time::default());
        Self { entity, kind, silent_until, proxy: None, copies: None, exams: 0, set_back: 0, busy }
    }
}

/// Has a modality work from `from` on.
pub fn open(sim: &mut Sim, modality: usize, from: Time) {
    let Habits { clinic, emergencies, poll, .. } = habits(sim.ward.imaging.modalities[modality].kind);
    let mut dice = sim.dice("modality", modality as u64);
    let highest = clinic + emergencies;
    // Drawn for the busiest hour; in others fewer of them happen.
    let first = from + dice.clumped(highest);
    sim.repeat(first, move |sim| {
        let here = clinic * sim.calendar.office(sim.now) + emergencies * sim.calendar.clinical(sim.now);
        if dice.chance(here / highest) {
            examine(sim, modality);
        }
        Some(sim.now + dice.clumped(highest))
    });
    let mut dice = sim.dice("worklist", modality as u64);
    let first = from + dice.around(poll, 0.9);
    sim.repeat(first, move |sim| {
        // Those without emergencies are switched off at night.
        if emergencies > 0.0 || sim.calendar.office(sim.now) > 0.06 {
            query(sim, modality, &mut dice);
        }
        Some(sim.now + dice.around(poll, 0.02))
    });
    let mut dice = sim.dice("morning", modality as u64);
    let hour = 6.4 + dice.unit();
    let first = sim.calendar.next(from, hour);
    sim.repeat(first, move |sim| {
        check(sim, modality, &mut dice);
        Some(sim.calendar.next(sim.now + MINUTE, hour) + dice.skewed(3 * MINUTE, 0.8))
    });
}

fn is_silent(sim: &Sim, modality: usize) -> bool {
    let Modality { silent_until, entity, .. } = sim.ward.imaging.modalities[modality];
    silent_until > sim.now || !sim.net.host(sim.ward.imaging.entities[entity.0].host).up
}

/// Calls an entity for one service; none where the modality is silent, or nobody answers.
fn call(sim: &mut Sim, modality: usize, to: EntityId, syntax: &'static str) -> Option<Association> {
    if is_silent(sim, modality) {
        return None;
    }
    let from = sim.ward.imaging.modalities[modality].entity;
    let propose = sim.ward.imaging.entities[from.0].propose(syntax);
    dial(sim, sim.now, from, to, &[propose])
}

/// Each morning: do the others answer?
fn check(sim: &mut Sim, modality: usize, dice: &mut Dice) {
    if sim.calendar.is_weekend(sim.now) && dice.chance(0.6) {
        return;
    }
    for to in [sim.ward.imaging.pacs, sim.ward.imaging.ris] {
        if let Some(mut association) = call(sim, modality, to, uid::VERIFICATION) {
            services::echo(&mut sim.net, &mut association);
            association.release(&mut sim.net);
        }
    }
}

/// Asks for the worklist.
fn query(sim: &mut Sim, modality: usize, dice: &mut Dice) {
    let ris = sim.ward.imaging.ris;
    let Some(mut association) = call(sim, modality, ris, uid::WORKLIST) else { return };
    let Modality { entity, kind, exams, .. } = sim.ward.imaging.modalities[modality];
    let entity = &sim.ward.imaging.entities[entity.0];
    let date = sim.calendar.digits(sim.now);
    let explicit = association.explicit(uid::WORKLIST).unwrap_or_default();
    let key = study::worklist_key(explicit, kind, &entity.title, &date[..8]);
    // The later the day, the fewer are still to come.
    let left = (22.0 - sim.calendar.hour(sim.now)).max(1.0) / 16.0;
    let most = habits(kind).clinic * 5.0 * left * if sim.calendar.is_weekend(sim.now) { 0.2 } else { 1.0 };
    let entries: Vec<Study> = (0..dice.range(0..2 + most as u64))
        .map(|place| Study::new(number(modality, exams + place + 1), kind, entity.make, date.clone(), dice))
        .collect();
    let title = entity.title.clone();
    let count = if sim.ward.imaging.no_worklist { 0 } else { entries.len() };
    services::find(&mut sim.net, &mut association, uid::WORKLIST, &key, count, |place| {
        entries[place].scheduled(explicit, &title)
    });
    association.release(&mut sim.net);
}

fn number(modality: usize, exam: u64) -> u64 {
    (modality as u64 + 1) * 1_000_000 + exam
}

/// A patient is examined.
fn examine(sim: &mut Sim, modality: usize) {
    let (now, date) = (sim.now, sim.calendar.digits(sim.now));
    if sim.ward.imaging.modalities[modality].busy > now || is_silent(sim, modality) {
        return;
    }
    let this = &mut sim.ward.imaging.modalities[modality];
    this.exams += 1;
    let (kind, number, set_back) = (this.kind, number(modality, this.exams), this.set_back);
    let mut dice = sim.net.dice("exam", number | set_back << 32);
    let make = sim.ward.imaging.entities[this.entity.0].make;
    let study = Study::new(number, kind, make, date, &mut dice);
    let duration = dice.skewed(habits(kind).duration, 0.35);
    let begin = now + dice.skewed(secs(100), 0.6);
    this.busy = begin + duration;
    query(sim, modality, &mut dice);
    let created = study.clone();
    sim.at(begin, move |sim| step(sim, modality, &created, Step::Begins));
    if dice.chance(0.02) {
        // The patient has had enough, or was the wrong one.
        sim.at(begin + duration / 4, move |sim| step(sim, modality, &study, Step::Discontinued));
        return;
    }
    if kind == Kind::Us {
        store_one_by_one(sim, modality, study, begin, duration, &mut dice);
    } else {
        sim.at(begin + duration, move |sim| store(sim, modality, study, 0));
    }
}

/// Tells the radiology information system that a step begins or ends.
fn step(sim: &mut Sim, modality: usize, study: &Study, what: Step) {
    let ris = sim.ward.imaging.ris;
    let Some(mut association) = call(sim, modality, ris, uid::PROCEDURE_STEP) else { return };
    let title = sim.ward.imaging.entities[sim.ward.imaging.modalities[modality].entity.0].title.clone();
    services::step(&mut sim.net, &mut association, study, &title, what);
    association.release(&mut sim.net);
}

/// Each image goes when it is made, in an association of its own.
fn store_one_by_one(sim: &mut Sim, modality: usize, study: Study, begin: Time, duration: Duration, dice: &mut Dice) {
    let mut at = begin;
    for image in 1..=study.images {
        at += dice.around(duration / u32::from(study.images + 1), 0.8);
        let study = study.clone();
        sim.at(at, move |sim| send_again(sim, modality, study, image, 0));
    }
    sim.at(at + secs(20), move |sim| complete(sim, modality, study));
}

fn send_again(sim: &mut Sim, modality: usize, study: Study, image: u16, attempt: u32) {
    if !send(sim, modality, &study, image..image + 1) && attempt < 6 {
        sim.after(again(attempt), move |sim| send_again(sim, modality, study, image, attempt + 1));
    }
}

/// Images that could not be stored are tried again, later each time.
fn again(attempt: u32) -> Duration {
    secs(45) * (attempt + 1)
}

/// Stores a study, and what follows.
fn store(sim: &mut Sim, modality: usize, study: Study, attempt: u32) {
    if send(sim, modality, &study, 1..study.images + 1) {
        complete(sim, modality, study);
    } else if attempt < 12 {
        sim.after(again(attempt), move |sim| store(sim, modality, study, attempt + 1));
    }
}

/// Sends images to the picture archive, and where scenarios have them go.
fn send(sim: &mut Sim, modality: usize, study: &Study, images: Range<u16>) -> bool {
    if is_silent(sim, modality) {
        return false;
    }
    let Modality { entity, proxy, copies, .. } = sim.ward.imaging.modalities[modality];
    let pacs = sim.ward.imaging.pacs;
    let everyday = sim.net.mark;
    if let Some((to, mark)) = copies {
        sim.net.mark = mark;
        send_to(sim, entity, to, study, images.clone());
    }
    let (from, mark) = proxy.unwrap_or((entity, everyday));
    sim.net.mark = mark;
    let done = send_to(sim, from, pacs, study, images);
    sim.net.mark = everyday;
    done
}

/// Sends images from an entity to another; false where they were not all accepted.
pub fn send_to(sim: &mut Sim, from: EntityId, to: EntityId, study: &Study, images: Range<u16>) -> bool {
    let proposals = archive::storage(sim, from, &[study.kind]);
    let Some(mut association) = dial(sim, sim.now, from, to, &proposals) else { return false };
    let mut dice = sim.dice("images", study.number ^ sim.now.0);
    // Now and then somebody presses the wrong key.
    let share = sim.ward.imaging.entities[from.0].aborts;
    let aborted = dice.chance(share).then(|| dice.range(u64::from(images.start)..u64::from(images.end)) as u16);
    // Images come as fast as they are made ready.
    let between = dice.skewed(ms(90), 0.6);
    let mut done = true;
    for image in images {
        if aborted == Some(image) {
            association.abort(&mut sim.net, Side::Opener);
            return false;
        }
        let status = sim.ward.imaging.entities[to.0].refusal.unwrap_or(SUCCESS);
        services::store(sim, &mut association, study, image, Storing { status, ..Storing::default() });
        // Warnings (B000 and above) are no refusals (PS3.4 table B.2-1).
        if status != SUCCESS && status >> 12 != 0xb {
            done = false;
            break;
        }
        association.pause(between);
    }
    association.release(&mut sim.net);
    done
}

/// The images are stored: the step ends, the archive is asked to commit, and the study waits to be read.
fn complete(sim: &mut Sim, modality: usize, study: Study) {
    let mut dice = sim.dice("complete", study.number);
    let done = study.clone();
    sim.after(dice.skewed(secs(15), 0.6), move |sim| step(sim, modality, &done, Step::Completed));
    sim.ward.imaging.unread.push_back(study.clone());
    sim.ward.imaging.unarchived.push(study.clone());
    sim.after(dice.skewed(secs(35), 0.6), move |sim| {
        if !is_silent(sim, modality) {
            archive::commit(sim, modality, study);
        }
    });
}
