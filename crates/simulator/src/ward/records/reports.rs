//! The radiology information system's part: the state of orders, and reports.

use crate::clock::{HOUR, MINUTE, Time};
use crate::dice::Dice;
use crate::sim::Sim;
use crate::ward::activity::activity;
use crate::ward::records::{CLINICAL_HOURS, Patient, forward};

/// Examinations: code, name, modality.
pub const EXAMS: [(&str, &str, &str); 7] = [
    ("XCHEST2", "Chest 2 views", "CR"),
    ("XCHEST1", "Chest bedside", "CR"),
    ("XHIP", "Hip", "CR"),
    ("CTHEAD", "CT head", "CT"),
    ("CTABDO", "CT abdomen with contrast", "CT"),
    ("MRSPINE", "MR spine", "MR"),
    ("USABDO", "US abdomen", "US"),
];

const SENTENCES: [&str; 10] = [
    "No prior study is available for comparison.",
    "The heart is of normal size. The mediastinal contours are unremarkable.",
    "There is no pleural effusion and no pneumothorax.",
    "Both lungs are clear apart from slight basal atelectasis.",
    "No acute fracture. Degenerative changes of moderate degree.",
    "Liver, spleen, pancreas and both kidneys show normal size and structure.",
    "No intracranial haemorrhage, no midline shift, no mass effect.",
    "A small axial hiatal hernia is seen. No free fluid, no free air.",
    "The ventricular system is symmetric and of normal width for the age.",
    "Known lesion of segment VI, 14 mm in diameter, unchanged since the last study.",
];

/// Sets the transcribed letters up: documents that are filed beside the reports.
pub fn open(sim: &mut Sim) {
    let letters =
        |sim: &Sim, at: Time| sim.ward.records.patients.len() as f64 * 0.25 / CLINICAL_HOURS * sim.calendar.office(at);
    activity(sim, "letters", 0, letters, |sim, dice| {
        let Some(patient) = super::somebody(sim, dice) else { return };
        let number = sim.ward.records.orders;
        let time = sim.calendar.digits(sim.now);
        let mut segments = vec![
            format!("EVN|T02|{time}"),
            patient.pid(),
            patient.pv1(sim.calendar, ""),
            format!("TXA|1|DS^Discharge summary|TX|{time}||||||||{number}^RIS||||AU"),
        ];
        segments.extend(text(dice, 6, 18));
        send(sim, "MDM^T02", segments);
    });
}

/// An order has come: the examination follows, then the preliminary and the final report.
pub fn ordered(sim: &mut Sim, number: u64, exam: usize, patient: Patient) {
    let mut dice = sim.dice("examination", number);
    let begin = sim.now + dice.skewed(70 * MINUTE, 0.7);
    let done = begin + dice.skewed(14 * MINUTE, 0.4);
    let mut read = done + dice.skewed(50 * MINUTE, 0.8);
    // Only what is urgent is read at night.
    if sim.calendar.office(read) < 0.3 && dice.chance(0.7) {
        let hour = dice.between(7.6, 10.5);
        read = sim.calendar.next(read, hour);
    }
    let signed = read + dice.skewed(2 * HOUR, 0.8);
    for (at, state) in [(begin, "IP"), (done, "CM")] {
        let patient = patient.clone();
        sim.at(at, move |sim| {
            let segments =
                vec![patient.pid(), format!("ORC|SC|{number}^EHR|{number}^RIS||{state}"), obr(sim, number, exam, "")];
            send(sim, "ORM^O01", segments);
        });
    }
    for (at, state) in [(read, "P"), (signed, "F")] {
        let (patient, mut dice) = (patient.clone(), sim.dice("report", number));
        sim.at(at, move |sim| {
            let mut segments = vec![patient.pid(), patient.pv1(sim.calendar, ""), obr(sim, number, exam, state)];
            segments.extend(text(&mut dice, 4, 24));
            if state == "F" {
                segments.push("NTE|1||Electronically signed by CANARY".into());
            }
            send(sim, "ORU^R01", segments);
        });
    }
}

fn obr(sim: &Sim, number: u64, exam: usize, state: &str) -> String {
    let (code, name, modality) = EXAMS[exam];
    let time = sim.calendar.digits(sim.now);
    format!("OBR|1|{number}^EHR|{number}^RIS|{code}^{name}^L|||{time}|||||||||||||||{time}||{modality}|{state}")
}

/// Lines of a report.
fn text(dice: &mut Dice, least: u64, most: u64) -> Vec<String> {
    (0..dice.range(least..most))
        .map(|line| format!("OBX|{}|TX|&GDT^Report^L||{}||||||F", line + 1, dice.pick(&SENTENCES)))
        .collect()
}

fn send(sim: &mut Sim, event: &str, segments: Vec<String>) {
    let (time, ris) = (sim.calendar.digits(sim.now), sim.ward.site().ris);
    let message = sim.ward.records.ris.message(time, "ENGINE", event, segments);
    forward(sim, ris, message);
}
