//! The picture archive's own doings: moving studies, forwarding them to the long-term archive, fetching back, committing.

use super::association::Association;
use super::dial;
use super::entity::EntityId;
use super::modality::Modality;
use super::services::{self, Storing};
use super::study::{Kind, Study};
use crate::clock::{DAY, MINUTE, ms, secs};
use crate::sim::Sim;
use crate::tcp::Side;
use crate::wire::dicom::command::{self, Command, PENDING, RESPONSE, SUCCESS};
use crate::wire::dicom::pdu::Proposal;
use crate::wire::dicom::uid;

/// Status: refused, the destination is unknown (PS3.4 table C.4-2).
const DESTINATION_UNKNOWN: u16 = 0xa801;
/// Status: refused, sub-operations cannot be performed.
const CANNOT_PERFORM: u16 = 0xa702;

/// Responses of a C-MOVE-RQ stand between so many sub-operations.
const REPORT_EVERY: u16 = 8;

/// Where the mover shall send a study.
#[derive(Clone, Copy, Debug)]
pub enum Destination<'a> {
    /// To an entity that it knows.
    Known(EntityId),
    /// To a title that it does not know.
    Unknown(&'a str),
}

/// Has a study moved (PS3.4 section C.4.2): `mover` answers in `association` and stores the images in one of its own. After
/// `cancel` images the requester has enough. Gives how many images were stored.
pub fn move_study(
    sim: &mut Sim,
    association: &mut Association,
    [requester, mover]: [EntityId; 2],
    destination: Destination<'_>,
    study: &Study,
    cancel: Option<u16>,
) -> u16 {
    let title = match destination {
        Destination::Known(id) => sim.ward.imaging.entities[id.0].title.clone(),
        Destination::Unknown(title) => title.to_owned(),
    };
    let key = study.key(association.explicit(uid::MOVE).unwrap_or_default(), "STUDY");
    let message_id = association.next_id();
    let destination_title = Some(title.as_str());
    let request = Command {
        field: command::MOVE,
        class: uid::MOVE,
        message_id,
        destination: destination_title,
        ..Command::default()
    };
    if association.send(&mut sim.net, Side::Opener, &request, [&key.octets, &[]]).is_none() {
        return 0;
    }
    association.think();
    let field = command::MOVE | RESPONSE;
    let Destination::Known(to) = destination else {
        let refused =
            Command { field, class: uid::MOVE, message_id, status: DESTINATION_UNKNOWN, ..Command::default() };
        association.send(&mut sim.net, Side::Answerer, &refused, [&[], &[]]);
        return 0;
    };
    let proposals = storage(sim, mover, &[study.kind]);
    let Some(mut storing) = dial(sim, association.at, mover, to, &proposals) else {
        let counts = Some([0, 0, study.images, 0]);
        let failed =
            Command { field, class: uid::MOVE, message_id, status: CANNOT_PERFORM, counts, ..Command::default() };
        association.at += ms(40);
        association.send(&mut sim.net, Side::Answerer, &failed, [&[], &[]]);
        return 0;
    };
    let wanted = cancel.map_or(study.images, |images| images.min(study.images));
    let asked_by = sim.ward.imaging.entities[requester.0].title.clone();
    let moved_for = Some((asked_by.as_str(), message_id));
    let mut response = Command { field, class: uid::MOVE, message_id, status: PENDING, ..Command::default() };
    for image in 1..=wanted {
        storing.pause(ms(14));
        services::store(sim, &mut storing, study, image, Storing { moved_for, ..Storing::default() });
        if image % REPORT_EVERY == 0 && image < wanted {
            association.at = association.at.max(storing.at);
            response.counts = Some([study.images - image, image, 0, 0]);
            association.send(&mut sim.net, Side::Answerer, &response, [&[], &[]]);
        }
    }
    association.at = association.at.max(storing.at);
    if wanted < study.images {
        let cancel = Command { field: command::CANCEL, class: uid::MOVE, message_id, ..Command::default() };
        association.send(&mut sim.net, Side::Opener, &cancel, [&[], &[]]);
        association.think();
    }
    let over = storing.release(&mut sim.net);
    association.at = association.at.max(over);
    response.counts = Some([study.images - wanted, wanted, 0, 0]);
    response.status = if wanted < study.images { command::CANCELLED } else { SUCCESS };
    association.send(&mut sim.net, Side::Answerer, &response, [&[], &[]]);
    wanted
}

/// What an entity proposes for storing images of these kinds.
pub fn storage(sim: &Sim, from: EntityId, kinds: &[Kind]) -> Vec<Proposal> {
    let entity = &sim.ward.imaging.entities[from.0];
    kinds.iter().map(|kind| kind.class()).chain([uid::SECONDARY]).map(|class| entity.propose(class)).collect()
}

/// Sets up forwarding by rules and by night, and fetching before the day begins.
pub fn open(sim: &mut Sim) {
    let mut dice = sim.dice("archive", 0);
    sim.repeat(sim.now + 3 * MINUTE, move |sim| {
        let number = dice.bits();
        forward_by_rule(sim, number);
        Some(sim.now + dice.around(10 * MINUTE, 0.05))
    });
    let mut dice = sim.dice("archive", 1);
    let night = sim.calendar.next(sim.now, 1.5);
    sim.repeat(night, move |sim| {
        let waiting = std::mem::take(&mut sim.ward.imaging.unarchived);
        let mut at = sim.now + dice.around(2 * MINUTE, 0.5);
        for study in waiting {
            sim.at(at, move |sim| forward(sim, study));
            at += dice.skewed(secs(9), 0.5);
        }
        Some(sim.calendar.next(sim.now + MINUTE, 1.5))
    });
    let morning = sim.calendar.next(sim.now, 5.0);
    sim.repeat(morning, move |sim| {
        prefetch(sim);
        Some(sim.now + DAY)
    });
}

/// Radiographs and ultrasound go at once; the others wait for the night.
fn forward_by_rule(sim: &mut Sim, number: u64) {
    let waiting = std::mem::take(&mut sim.ward.imaging.unarchived);
    let (now, later): (Vec<Study>, _) =
        waiting.into_iter().partition(|study| matches!(study.kind, Kind::Xr | Kind::Us));
    sim.ward.imaging.unarchived = later;
    let mut dice = sim.dice("forward", number);
    let mut at = sim.now;
    for study in now {
        at += dice.skewed(secs(5), 0.5);
        sim.at(at, move |sim| forward(sim, study));
    }
}

/// Sends a study to the long-term archive; one that cannot be reached gets it with the next ones.
fn forward(sim: &mut Sim, study: Study) {
    let (pacs, archive) = (sim.ward.imaging.pacs, sim.ward.imaging.archive);
    let proposals = storage(sim, pacs, &[study.kind]);
    let Some(mut association) = dial(sim, sim.now, pacs, archive, &proposals) else {
        sim.ward.imaging.unarchived.push(study);
        return;
    };
    for image in 1..=study.images {
        services::store(sim, &mut association, &study, image, Storing::default());
        association.pause(ms(5));
    }
    association.release(&mut sim.net);
}

/// Gets older studies of the day's patients back from the long-term archive: a couple for each modality.
fn prefetch(sim: &mut Sim) {
    let mut dice = sim.dice("prefetch", sim.day());
    let modalities = sim.ward.imaging.modalities.len() as u64;
    let wanted = if sim.calendar.is_weekend(sim.now) { 1 + modalities / 8 } else { modalities };
    let mut at = sim.now + dice.around(MINUTE, 0.5);
    for number in 0..wanted {
        let modality = &sim.ward.imaging.modalities[dice.range(0..modalities) as usize];
        let (kind, make) = (modality.kind, sim.ward.imaging.entities[modality.entity.0].make);
        let day = sim.calendar.digits(sim.now);
        let study = Study::new(800_000_000 + sim.day() * 1_000 + number, kind, make, day, &mut dice).prior(&mut dice);
        let found = 1 + dice.range(0..4) as usize;
        sim.at(at, move |sim| fetch(sim, &study, found));
        at += dice.skewed(secs(25), 0.7);
    }
}

fn fetch(sim: &mut Sim, study: &Study, found: usize) {
    let (pacs, archive) = (sim.ward.imaging.pacs, sim.ward.imaging.archive);
    let entity = &sim.ward.imaging.entities[pacs.0];
    let proposals = [entity.propose(uid::FIND), entity.propose(uid::MOVE)];
    let Some(mut association) = dial(sim, sim.now, pacs, archive, &proposals) else { return };
    let explicit = association.explicit(uid::FIND).unwrap_or_default();
    let key = super::study::studies_key(explicit, ["", &study.patient.to_string(), ""]);
    services::find(&mut sim.net, &mut association, uid::FIND, &key, found, |_| study.found(explicit));
    move_study(sim, &mut association, [pacs, archive], Destination::Known(pacs), study, None);
    association.release(&mut sim.net);
}

/// A modality asks the picture archive to commit to a study's storage; the report comes in the same association or, later,
/// in one that the archive opens, as the service's provider (PS3.4 section J.3.3).
pub fn commit(sim: &mut Sim, modality: usize, study: Study) {
    let Modality { entity, .. } = sim.ward.imaging.modalities[modality];
    let pacs = sim.ward.imaging.pacs;
    let propose = sim.ward.imaging.entities[entity.0].propose(uid::COMMITMENT);
    let waits = sim.ward.imaging.entities[entity.0].make.waits_for_report;
    let Some(mut association) = dial(sim, sim.now, entity, pacs, &[propose]) else { return };
    let set = study.commitment(association.explicit(uid::COMMITMENT).unwrap_or_default());
    let names = [uid::COMMITMENT, uid::COMMITMENT_INSTANCE];
    services::normalized(&mut sim.net, &mut association, Side::Opener, [command::ACTION, 1], names, &set);
    let reports = !sim.ward.imaging.no_reports;
    if waits {
        association.pause(secs(2));
        if !reports {
            association.release(&mut sim.net);
            return;
        }
        services::normalized(&mut sim.net, &mut association, Side::Answerer, [command::EVENT, 1], names, &set);
        association.release(&mut sim.net);
        return;
    }
    let wait = sim.dice("commitment", study.number).skewed(secs(40), 0.8).min(20 * MINUTE);
    let over = association.release(&mut sim.net);
    if !reports {
        return;
    }
    sim.at(over.max(sim.now) + wait, move |sim| report(sim, entity, &study));
}

fn report(sim: &mut Sim, modality: EntityId, study: &Study) {
    let pacs = sim.ward.imaging.pacs;
    let propose = sim.ward.imaging.entities[pacs.0].propose(uid::COMMITMENT);
    let propose = Proposal { roles: Some([false, true]), ..propose };
    let Some(mut association) = dial(sim, sim.now, pacs, modality, &[propose]) else { return };
    let set = study.commitment(association.explicit(uid::COMMITMENT).unwrap_or_default());
    let names = [uid::COMMITMENT, uid::COMMITMENT_INSTANCE];
    services::normalized(&mut sim.net, &mut association, Side::Opener, [command::EVENT, 1], names, &set);
    association.release(&mut sim.net);
}
