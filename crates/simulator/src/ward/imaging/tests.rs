//! Hazards of a day in imaging, each with what would show it.

use super::entity::Condition;
use crate::clock::{DAY, HOUR, OPENING, Time};
use crate::sim::Sim;
use crate::truth::{Body, Dicom};

/// A DICOM message as it passed: time, source, destination, what it said.
struct Passed {
    time: Time,
    src: String,
    dst: String,
    dicom: Dicom,
}

impl Passed {
    fn is(&self, command: &str) -> bool {
        self.dicom.dimse.as_ref().map_or(self.dicom.pdu, |dimse| dimse.command) == command
    }

    fn status(&self) -> &str {
        self.dicom.dimse.as_ref().and_then(|dimse| dimse.status.as_deref()).unwrap_or_default()
    }
}

/// A hospital of 50 devices, and what `change` makes of it.
fn day(days: u32, change: impl FnOnce(&mut Sim)) -> (Sim, Vec<Passed>) {
    let mut sim = Sim::new(7, OPENING);
    sim.net.keep_messages = true;
    crate::ward::open(&mut sim, 50);
    change(&mut sim);
    let mut all = Vec::new();
    let outcome = sim.run(OPENING + DAY * days, |frame| {
        for (_, message) in frame.messages {
            if let Body::Dicom(dicom) = &message.body {
                let (src, dst) = (message.src.clone(), message.dst.clone());
                all.push(Passed { time: frame.time, src, dst, dicom: dicom.clone() });
            }
        }
        Ok::<_, std::convert::Infallible>(())
    });
    assert!(outcome.is_ok());
    (sim, all)
}

#[test]
fn every_association_ends_and_every_image_is_answered() {
    let (_, all) = day(2, |_| {});
    let count = |name| all.iter().filter(|passed| passed.is(name)).count();
    assert!(count("C-STORE-RQ") > 500);
    assert_eq!(count("C-STORE-RQ"), count("C-STORE-RSP"));
    assert_eq!(count("A-ASSOCIATE-RQ"), count("A-ASSOCIATE-AC") + count("A-ASSOCIATE-RJ"));
    assert_eq!(count("A-ASSOCIATE-AC"), count("A-RELEASE-RP") + count("A-ABORT"));
}

#[test]
fn what_the_archive_refuses_is_stored_later() {
    let noon = OPENING + 12 * HOUR;
    let (_, all) = day(1, move |sim| {
        let pacs = sim.ward.imaging.pacs;
        sim.at(noon - 3 * HOUR, move |sim| sim.ward.imaging.entities[pacs.0].refusal = Some(0xa700));
        sim.at(noon, move |sim| sim.ward.imaging.entities[pacs.0].refusal = None);
    });
    let refused: Vec<&Passed> = all.iter().filter(|passed| passed.status() == "a700").collect();
    assert!(!refused.is_empty());
    assert!(refused.iter().all(|passed| passed.time < noon + HOUR));
    for passed in refused {
        let host = |name: &str| name.split(':').next().unwrap_or_default().to_owned();
        let modality = host(&passed.dst);
        let stored = |later: &&Passed| later.is("C-STORE-RSP") && later.status() == "0000" && later.time > passed.time;
        assert!(all.iter().filter(stored).any(|later| host(&later.dst) == modality), "{modality} gave up");
    }
}

#[test]
fn a_silent_modality_is_silent_and_speaks_again() {
    let (from, to) = (OPENING + 8 * HOUR, OPENING + 12 * HOUR);
    let (sim, all) = day(1, move |sim| sim.at(from, move |sim| sim.ward.imaging.modalities[0].silent_until = to));
    let imaging = &sim.ward.imaging;
    let name = format!("{}:", sim.net.host(imaging.host(imaging.modalities[0].entity)).ip);
    let spoke = |from: Time, to: Time| {
        all.iter().filter(|passed| passed.src.starts_with(&name) && passed.time > from && passed.time < to).count()
    };
    assert!(spoke(OPENING, from) > 0 && spoke(to, OPENING + DAY) > 0);
    // What was under way when it fell silent may still pass, and it answers who calls it.
    let calls = |passed: &&Passed| passed.is("A-ASSOCIATE-RQ") && passed.src.starts_with(&name);
    assert_eq!(all.iter().filter(calls).filter(|passed| passed.time > from && passed.time < to).count(), 0);
}

#[test]
fn a_restart_of_the_archive_rejects_and_then_serves() {
    let nine = OPENING + 9 * HOUR;
    let (_, all) = day(1, move |sim| {
        let pacs = sim.ward.imaging.pacs;
        sim.at(nine, move |sim| sim.ward.imaging.entities[pacs.0].condition = Condition::Congested);
        sim.at(nine + HOUR, move |sim| sim.ward.imaging.entities[pacs.0].condition = Condition::Serves);
    });
    let rejected = |passed: &&Passed| passed.is("A-ASSOCIATE-RJ") && passed.time > nine && passed.time < nine + HOUR;
    assert!(all.iter().filter(rejected).count() > 0);
    assert!(all.iter().any(|passed| passed.is("C-STORE-RSP") && passed.time > nine + HOUR));
}
