//! What physicians order and nurses give: laboratory, radiology, drugs, appointments.

use crate::clock::{MINUTE, Time};
use crate::dice::Dice;
use crate::sim::Sim;
use crate::ward::records::{self, CLINICAL_HOURS, OFFICE_HOURS, Patient, forward_then, reports};
use crate::ward::{activity::activity, laboratory, pharmacy};
use crate::wire::hl7::Message;

/// Sets the orders up that follow from who lies in the house.
pub fn open(sim: &mut Sim) {
    let by_census = |per_patient: f64| {
        move |sim: &Sim, at: Time| {
            sim.ward.records.patients.len() as f64 * per_patient / CLINICAL_HOURS * sim.calendar.clinical(at)
        }
    };
    activity(sim, "laboratory orders", 0, by_census(2.0), |sim, dice| {
        let Some(patient) = records::somebody(sim, dice) else { return };
        laboratory(sim, dice, &patient);
    });
    activity(sim, "radiology orders", 0, by_census(0.35), |sim, dice| {
        let Some(patient) = records::somebody(sim, dice) else { return };
        radiology(sim, dice, &patient);
    });
    activity(sim, "drug orders", 0, by_census(3.0), |sim, dice| {
        let Some(patient) = records::somebody(sim, dice) else { return };
        pharmacy::prescribe(sim, dice, &patient);
    });
    let appointments =
        |sim: &Sim, at: Time| sim.ward.records.beds as f64 * 1.2 / OFFICE_HOURS * sim.calendar.office(at);
    activity(sim, "appointments", 0, appointments, appointment);
    morning_round(sim);
}

/// Early each morning blood is drawn on all wards: the day's greatest clump of orders.
fn morning_round(sim: &mut Sim) {
    let mut dice = sim.dice("morning round", 0);
    let first = sim.calendar.next(sim.now, 5.4);
    sim.repeat(first, move |sim| {
        let share = if sim.calendar.is_weekend(sim.now) { 0.4 } else { 0.65 };
        for patient in sim.ward.records.patients.clone() {
            if dice.chance(share) {
                let mut own = sim.dice("morning", patient.visit ^ sim.now.0);
                sim.after(dice.skewed(25 * MINUTE, 0.5), move |sim| laboratory(sim, &mut own, &patient));
            }
        }
        Some(sim.calendar.next(sim.now + MINUTE, 5.4))
    });
}

/// The orders of a new inpatient.
pub fn on_admission(sim: &mut Sim, dice: &mut Dice, patient: &Patient) {
    let mut own = sim.dice("admission", patient.visit);
    let patient = patient.clone();
    sim.after(dice.skewed(20 * MINUTE, 0.6), move |sim| {
        laboratory(sim, &mut own, &patient);
        if own.chance(0.5) {
            radiology(sim, &mut own, &patient);
        }
        for _ in 0..own.range(2..6) {
            pharmacy::prescribe(sim, &mut own, &patient);
        }
    });
}

/// The orders of a visit to the clinics.
pub fn on_visit(sim: &mut Sim, dice: &mut Dice, patient: &Patient) {
    let mut own = sim.dice("visit", patient.visit);
    let patient = patient.clone();
    sim.after(dice.skewed(25 * MINUTE, 0.5), move |sim| {
        if own.chance(0.45) {
            laboratory(sim, &mut own, &patient);
        }
        if own.chance(0.35) {
            radiology(sim, &mut own, &patient);
        }
    });
}

/// A laboratory order's message, with its number.
pub fn laboratory_order(sim: &mut Sim, patient: &Patient, panel: usize, urgent: bool) -> (Message, u64) {
    sim.ward.records.orders += 1;
    let number = sim.ward.records.orders;
    let time = sim.calendar.digits(sim.now);
    let (code, name) = laboratory::PANELS[panel].order;
    let mut message = records::message(sim, patient, "OML^O21^OML_O21", "");
    let priority = if urgent { 'S' } else { 'R' };
    message.segments.extend([
        format!("ORC|NW|{number}^EHR|||||||{time}|||{}", patient.physician()),
        format!("TQ1|1||||||||{priority}"),
        format!("OBR|1|{number}^EHR||{code}^{name}^L|||{time}|||||||||{}", patient.physician()),
        format!("SPM|1|{number}-1||{}^^HL70487", laboratory::PANELS[panel].specimen),
    ]);
    (message, number)
}

/// A laboratory order: the tube follows.
fn laboratory(sim: &mut Sim, dice: &mut Dice, patient: &Patient) {
    let urgent = dice.chance(0.12);
    for panel in laboratory::panels(dice) {
        let (message, number) = laboratory_order(sim, patient, panel, urgent);
        let ehr = sim.ward.site().ehr;
        let order = laboratory::Order { number, panel, urgent, patient: patient.clone() };
        forward_then(sim, ehr, message, move |sim, _| laboratory::ordered(sim, order));
    }
}

/// A radiology order (ORM, as most radiology systems still take it).
fn radiology(sim: &mut Sim, dice: &mut Dice, patient: &Patient) {
    sim.ward.records.orders += 1;
    let number = sim.ward.records.orders;
    let time = sim.calendar.digits(sim.now);
    let exam = dice.range(0..reports::EXAMS.len() as u64) as usize;
    let (code, name, modality) = reports::EXAMS[exam];
    let mut message = records::message(sim, patient, "ORM^O01^ORM_O01", "");
    message.segments.extend([
        format!("ORC|NW|{number}^EHR||||||^^^{time}^^R|{time}|||{}", patient.physician()),
        format!("OBR|1|{number}^EHR||{code}^{name}^L|R||{time}|||||||||{}||||||||{modality}", patient.physician()),
    ]);
    let ehr = sim.ward.site().ehr;
    let patient = patient.clone();
    forward_then(sim, ehr, message, move |sim, _| reports::ordered(sim, number, exam, patient));
}

/// An appointment is made, changed or cancelled.
fn appointment(sim: &mut Sim, dice: &mut Dice) {
    let Some(patient) = records::somebody(sim, dice) else { return };
    let event =
        *dice.pick(&["SIU^S12^SIU_S12", "SIU^S12^SIU_S12", "SIU^S12^SIU_S12", "SIU^S13^SIU_S12", "SIU^S15^SIU_S12"]);
    sim.ward.records.orders += 1;
    let number = sim.ward.records.orders;
    let begin = sim.calendar.digits(sim.now + 60 * 24 * MINUTE * (1 + dice.range(0..60) as u32));
    let mut message = records::message(sim, &patient, event, "");
    message
        .segments
        .insert(0, format!("SCH|{number}^EHR|||||ROUTINE^^HL70276|||30|min|^^30^{begin}|||||{}", patient.physician()));
    message.segments.extend(["RGS|1|A".into(), format!("AIS|1|A|XRAY^Radiography^L|{begin}|||30|min")]);
    records::send(sim, message);
}
