//! Entities that are trusted, in the hands of somebody else: what they do is allowed, and unlike them.

use super::queries::{any_study, ask, cast, stations, take};
use crate::attacks::Cast;
use crate::clock::{DAY, MINUTE, secs};
use crate::sim::Sim;
use crate::tcp::Side;
use crate::ward::imaging::archive::Destination;
use crate::ward::imaging::dial;
use crate::ward::imaging::entity::{Entity, EntityId, makes};
use crate::ward::imaging::reading;
use crate::ward::imaging::services::{self, Storing};
use crate::ward::imaging::study::{Kind, Study};
use crate::wire::dicom::command::{self, Command, PENDING, RESPONSE, SUCCESS};
use crate::wire::dicom::pdu::Proposal;
use crate::wire::dicom::uid;

/// Two workstations side by side; the same one twice where there is one.
fn two_stations(sim: &Sim, who: &str) -> [EntityId; 2] {
    let stations = stations(sim);
    let count = stations.len() as u64;
    let first = sim.dice(who, 1).range(0..count);
    [first, (first + 1) % count].map(|place| stations[place as usize].entity)
}

/// Does something with a study of any kind so many times, about so far apart; gives when it is over.
fn with_studies(
    sim: &mut Sim,
    who: &'static str,
    [count, apart]: [u64; 2],
    work: impl Fn(&mut Sim, &Study) + Copy + 'static,
) -> crate::clock::Time {
    let mut dice = sim.dice(who, 0);
    let mut at = sim.now;
    for number in 0..count {
        sim.at(at, move |sim| {
            let study = any_study(sim, number, who);
            work(sim, &study);
        });
        at += dice.skewed(secs(apart), 0.5);
    }
    at + MINUTE
}

/// The title, the host and what is done are the viewer's; implementation and version are a toolkit's.
pub(super) fn other_software(sim: &mut Sim) -> Cast {
    let [station, _] = two_stations(sim, "dicom-other-software");
    let entity = Entity { make: &makes::TOOLS, ..sim.ward.imaging.entities[station.0].clone() };
    let tool = sim.ward.imaging.add(entity);
    let end = with_studies(sim, "dicom-other-software", [20, 200], move |sim, study| {
        take(sim, tool, Destination::Known(station), study);
    });
    cast(sim, station, end, &[])
}

/// Looks for a patient's studies, and takes none.
fn look(sim: &mut Sim, from: EntityId, study: &Study) {
    ask(sim, from, ["", &study.patient.to_string(), ""], &[study.clone(), study.clone()]);
}

pub(super) fn neighbours_title(sim: &mut Sim) -> Cast {
    let [station, neighbour] = two_stations(sim, "dicom-neighbours-title");
    let title = sim.ward.imaging.entities[neighbour.0].title.clone();
    let entity = Entity { title, ..sim.ward.imaging.entities[station.0].clone() };
    let borrower = sim.ward.imaging.add(entity);
    let end = with_studies(sim, "dicom-neighbours-title", [25, 150], move |sim, study| look(sim, borrower, study));
    cast(sim, station, end, &[])
}

pub(super) fn neighbour_destination(sim: &mut Sim) -> Cast {
    let [station, neighbour] = two_stations(sim, "dicom-neighbour-destination");
    let end = with_studies(sim, "dicom-neighbour-destination", [30, 120], move |sim, study| {
        take(sim, station, Destination::Known(neighbour), study);
    });
    cast(sim, station, end, &[neighbour])
}

/// As a radiologist does it who is called: a search, then the study.
pub(super) fn slow_harvest(sim: &mut Sim) -> Cast {
    let stations = &sim.ward.imaging.stations;
    let place = stations.iter().position(|station| station.on_call).unwrap_or_default();
    let station = stations[place].entity;
    let end = with_studies(sim, "dicom-slow-harvest", [26, 1000], move |sim, study| {
        let dice = sim.dice("dicom-slow-harvest-search", study.number);
        reading::fetch(sim, place, study, dice);
    });
    cast(sim, station, end, &[])
}

/// C-GET (PS3.4 section C.4.3): the images come in the association of the request.
pub(super) fn get(sim: &mut Sim) -> Cast {
    let [station, _] = two_stations(sim, "dicom-get");
    let end = with_studies(sim, "dicom-get", [24, 150], move |sim, study| get_study(sim, station, study));
    cast(sim, station, end, &[])
}

fn get_study(sim: &mut Sim, station: EntityId, study: &Study) {
    let pacs = sim.ward.imaging.pacs;
    let entity = &sim.ward.imaging.entities[station.0];
    let class = study.kind.class();
    // The requester takes the provider's role for storing (PS3.4 section C.5.3).
    let storing = Proposal { roles: Some([false, true]), ..entity.propose(class) };
    let proposals = [entity.propose(uid::FIND), entity.propose(uid::GET), storing];
    let Some(mut association) = dial(sim, sim.now, station, pacs, &proposals) else { return };
    let key = study.key(association.explicit(uid::GET).unwrap_or_default(), "STUDY");
    let message_id = association.next_id();
    let request = Command { field: command::GET, class: uid::GET, message_id, ..Command::default() };
    association.send(&mut sim.net, Side::Opener, &request, [&key.octets, &[]]);
    association.think();
    let mut response = Command { field: command::GET | RESPONSE, status: PENDING, ..request };
    for image in 1..=study.images {
        services::store(sim, &mut association, study, image, Storing { fetched: true, ..Storing::default() });
        if image % 8 == 0 && image < study.images {
            response.counts = Some([study.images - image, image, 0, 0]);
            association.send(&mut sim.net, Side::Answerer, &response, [&[], &[]]);
        }
    }
    (response.status, response.counts) = (SUCCESS, Some([0, study.images, 0, 0]));
    association.send(&mut sim.net, Side::Answerer, &response, [&[], &[]]);
    association.release(&mut sim.net);
}

/// Before the day begins: C-FIND from a unit that only stores and has storage committed to.
pub(super) fn modality_queries(sim: &mut Sim) -> Cast {
    let (place, host) = super::images::first(sim, Kind::Xr);
    let entity = sim.ward.imaging.modalities[place].entity;
    let mut dice = sim.dice("dicom-modality-queries", 0);
    let mut at = sim.now;
    for day in 1..=60_u64 {
        let found = dice.range(6..40);
        sim.at(at, move |sim| ask_for_day(sim, entity, day, found));
        at += dice.skewed(secs(18), 0.4);
    }
    let victims = vec![sim.ward.imaging.host(sim.ward.imaging.pacs)];
    Cast { victims, attackers: vec![host], end: at + MINUTE }
}

fn ask_for_day(sim: &mut Sim, from: EntityId, day: u64, found: u64) {
    let digits = sim.calendar.digits(sim.now - DAY * day as u32);
    let studies: Vec<Study> =
        (0..found).map(|number| any_study(sim, day * 100 + number, "dicom-modality-queries")).collect();
    ask(sim, from, ["", "", &digits[..8]], &studies);
}
