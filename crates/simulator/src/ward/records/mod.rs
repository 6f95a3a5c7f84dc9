//! The health record: admissions, and everything that other systems hear of them.

pub mod engine;
pub mod orders;
pub mod patients;
pub mod reports;

use crate::clock::{HOUR, MINUTE, Time};
use crate::dice::Dice;
use crate::sim::Sim;
use crate::ward::activity::activity;
use crate::wire::hl7::{Message, Sender};

pub use self::engine::{forward, forward_then};
pub use self::patients::Patient;

/// How full the house is.
const OCCUPANCY: f64 = 0.85;

/// Mean length of a stay, in days.
const STAY_DAYS: f64 = 3.7;

/// Hours of a weekday as busy as the busiest, on the wards; see [`crate::clock::Calendar::clinical`].
pub const CLINICAL_HOURS: f64 = 15.0;

/// The same for clinics and offices.
pub const OFFICE_HOURS: f64 = 8.6;

/// What goes on there.
#[derive(Debug)]
pub struct Records {
    /// The interface engine.
    pub engine: engine::Engine,
    /// Who is in the house, in the order of admission.
    pub patients: Vec<Patient>,
    /// Places for inpatients.
    pub beds: u64,
    /// The record as a sender.
    pub ehr: Sender,
    /// The radiology information system as a sender.
    pub ris: Sender,
    /// Placer order numbers given so far.
    pub orders: u64,
    visits: u64,
    free: Vec<u64>,
}

impl Default for Records {
    fn default() -> Self {
        let mut ris = Sender::new("RIS", "2.3.1", "R", 1_240_517);
        ris.trailing = true;
        Self {
            engine: engine::Engine::default(),
            patients: Vec::new(),
            beds: 0,
            ehr: Sender::new("EHR", "2.5.1||||||8859/1", "E", 38_210_442),
            ris,
            orders: 5_310_000,
            visits: 771_000,
            free: Vec::new(),
        }
    }
}

/// Sets the feeds up.
pub fn open(sim: &mut Sim) {
    engine::open(sim);
    let mut dice = sim.dice("census", 0);
    let beds = (sim.ward.site().monitors.len() as u64 * 4).max(12);
    sim.ward.records.beds = beds;
    sim.ward.records.free = (0..beds).collect();
    for _ in 0..(beds as f64 * OCCUPANCY) as u64 {
        let admitted = sim.now - HOUR.mul_f64(dice.between(1.0, 24.0 * STAY_DAYS));
        let Some(patient) = arrive(sim, &mut dice, true, admitted) else { break };
        // Those who are there at the start leave over the next days.
        let hours = dice.between(0.0, 24.0 * STAY_DAYS);
        let leave = sim.calendar.next(sim.now + HOUR.mul_f64(hours), 9.0 + hours % 6.0);
        sim.at(leave, move |sim| discharge(sim, patient.visit));
    }
    flow(sim);
    orders::open(sim);
    reports::open(sim);
}

/// Patients come, move, are corrected and go.
fn flow(sim: &mut Sim) {
    let beds = sim.ward.records.beds as f64;
    let admissions = beds * OCCUPANCY / STAY_DAYS;
    let by_ward = |per_day: f64| move |sim: &Sim, at: Time| per_day / CLINICAL_HOURS * sim.calendar.clinical(at);
    let by_clinic = |per_day: f64| move |sim: &Sim, at: Time| per_day / OFFICE_HOURS * sim.calendar.office(at);
    activity(sim, "admissions", 0, by_ward(admissions), admit);
    activity(sim, "registrations", 0, by_clinic(beds * 1.1), register);
    activity(sim, "transfers", 0, by_ward(beds * 0.45), transfer);
    activity(sim, "updates", 0, by_ward(beds * 2.2), |sim, dice| {
        let Some(patient) = somebody(sim, dice) else { return };
        let event = *dice.pick(&["ADT^A08^ADT_A01", "ADT^A08^ADT_A01", "ADT^A08^ADT_A01", "ADT^A31^ADT_A05"]);
        tell(sim, &patient, event, "");
    });
    activity(sim, "merges", 0, by_clinic(1.5), |sim, dice| {
        let Some(patient) = somebody(sim, dice) else { return };
        let mut message = message(sim, &patient, "ADT^A40^ADT_A39", "");
        message.segments.insert(2, format!("MRG|{}^^^WARD^MR", patient.number + 1));
        send(sim, message);
    });
}

/// One of the inpatients.
pub fn somebody(sim: &Sim, dice: &mut Dice) -> Option<Patient> {
    let patients = &sim.ward.records.patients;
    if patients.is_empty() { None } else { Some(dice.pick(patients).clone()) }
}

/// Sends a message of the record's.
pub fn send(sim: &mut Sim, message: Message) {
    let ehr = sim.ward.site().ehr;
    forward(sim, ehr, message);
}

/// A message of the record's about a patient, with its first segments.
pub fn message(sim: &mut Sim, patient: &Patient, event: &str, before: &str) -> Message {
    let time = sim.calendar.digits(sim.now);
    let mut segments = vec![patient.pid(), patient.pv1(sim.calendar, before)];
    if let Some(trigger) = event.strip_prefix("ADT^") {
        segments.insert(0, format!("EVN|{}|{time}|||{}", &trigger[..3], patient.physician()));
    }
    sim.ward.records.ehr.message(time, "ENGINE", event, segments)
}

/// An ADT message about a patient goes out.
pub fn tell(sim: &mut Sim, patient: &Patient, event: &str, before: &str) {
    let mut message = message(sim, patient, event, before);
    match event {
        "ADT^A01^ADT_A01" | "ADT^A04^ADT_A01" | "ADT^A08^ADT_A01" => {
            let mut dice = sim.dice("details", patient.visit);
            message.segments.insert(2, "NK1|1|CANARY^KIN|SPO^Spouse^HL70063||^PRN^PH^^^555^0100".into());
            if dice.chance(0.4) {
                message.segments.push("AL1|1|DA|70618^Penicillin^RXNORM|MO|Rash".into());
            }
            let codes = [
                "I50.1^Left ventricular failure",
                "J18.9^Pneumonia",
                "K35.8^Acute appendicitis",
                "S72.0^Fracture of neck of femur",
            ];
            message.segments.push(format!("DG1|1||{}^I10|||A", dice.pick(&codes)));
            message.segments.push("IN1|1|PLAN1^CANARY PLAN|4471|CANARY INSURANCE".into());
        }
        _ => {}
    }
    send(sim, message);
}

/// Gives a new patient a place; an outpatient needs none.
fn arrive(sim: &mut Sim, dice: &mut Dice, inpatient: bool, admitted: Time) -> Option<Patient> {
    let records = &mut sim.ward.records;
    let bed = if inpatient {
        let place = dice.range(0..records.free.len() as u64) as usize;
        if records.free.is_empty() {
            return None;
        }
        records.free.swap_remove(place)
    } else {
        dice.range(0..24)
    };
    records.visits += 1;
    let patient = Patient::new(dice, records.visits, bed, inpatient, admitted);
    if inpatient {
        records.patients.push(patient.clone());
    }
    Some(patient)
}

fn admit(sim: &mut Sim, dice: &mut Dice) {
    let now = sim.now;
    let Some(patient) = arrive(sim, dice, true, now) else { return };
    tell(sim, &patient, "ADT^A01^ADT_A01", "");
    orders::on_admission(sim, dice, &patient);
    let visit = patient.visit;
    if dice.chance(0.015) {
        // Entered by mistake.
        sim.after(dice.skewed(6 * MINUTE, 0.5), move |sim| leave(sim, visit, "ADT^A11^ADT_A09"));
        return;
    }
    let end = patients::end_of_stay(dice, sim.calendar, now);
    sim.at(end, move |sim| discharge(sim, visit));
}

/// A patient goes; now and then that was told too early and is taken back.
fn discharge(sim: &mut Sim, visit: u64) {
    let mut dice = sim.dice("discharge", visit);
    let Some(patient) = sim.ward.records.patients.iter().find(|patient| patient.visit == visit).cloned() else {
        return;
    };
    if dice.chance(0.012) {
        tell(sim, &patient, "ADT^A03^ADT_A03", "");
        let wait = dice.skewed(12 * MINUTE, 0.6);
        return sim.after(wait, move |sim| {
            tell(sim, &patient, "ADT^A13^ADT_A01", "");
            sim.after(HOUR, move |sim| leave(sim, visit, "ADT^A03^ADT_A03"));
        });
    }
    leave(sim, visit, "ADT^A03^ADT_A03");
}

fn leave(sim: &mut Sim, visit: u64, event: &str) {
    let records = &mut sim.ward.records;
    let Some(place) = records.patients.iter().position(|patient| patient.visit == visit) else { return };
    let patient = records.patients.remove(place);
    records.free.push(patient.bed);
    tell(sim, &patient, event, "");
}

/// A visit to the clinics.
fn register(sim: &mut Sim, dice: &mut Dice) {
    let now = sim.now;
    let Some(patient) = arrive(sim, dice, false, now) else { return };
    tell(sim, &patient, "ADT^A04^ADT_A01", "");
    orders::on_visit(sim, dice, &patient);
}

fn transfer(sim: &mut Sim, dice: &mut Dice) {
    let Some(mut patient) = somebody(sim, dice) else { return };
    let records = &mut sim.ward.records;
    if records.free.is_empty() {
        return;
    }
    let place = dice.range(0..records.free.len() as u64) as usize;
    let old = std::mem::replace(&mut records.free[place], patient.bed);
    let before = patient.location();
    patient.bed = old;
    if let Some(known) = records.patients.iter_mut().find(|known| known.visit == patient.visit) {
        known.bed = old;
    }
    tell(sim, &patient, "ADT^A02^ADT_A02", &before);
    if dice.chance(0.02) {
        let wait = dice.skewed(9 * MINUTE, 0.5);
        sim.after(wait, move |sim| tell(sim, &patient, "ADT^A12^ADT_A12", ""));
    }
}
