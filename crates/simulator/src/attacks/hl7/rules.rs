//! What an interface engine, or a server behind it, makes of messages once its rules or its hands are somebody else's.
//!
//! Engines are attacked for what they know and for what they can say in everybody's name (Mirth Connect, CVE-2023-43208), and
//! they change messages without anybody's doing after upgrades.

use super::{CHANGED, Cast, fault, hours, paced, to_application};
use crate::attacks::Family::{Command, Fault, Integrity};
use crate::attacks::Scenario;
use crate::clock::HOUR;
use crate::dice::Dice;
use crate::sim::Sim;
use crate::ward::links::Tamper;
use crate::ward::records;
use crate::wire::hl7::{Message, Sender, with_field};

/// What they have in common.
const BASE: Scenario = Scenario { within_normal: true, start: units, ..super::BASE };

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "hl7-allergies-stripped",
        title: "What the pharmacy hears of admissions has lost its allergies on the way through the interface engine",
        family: Integrity,
        techniques: CHANGED,
        endangers: "The pharmacy warns of no allergy of those who are admitted now.",
        hour: 8.3,
        start: allergies,
        ..BASE
    },
    Scenario {
        name: "hl7-results-to-one-patient",
        title: "Most of the laboratory's results reach the health record under one patient's number",
        family: Integrity,
        techniques: CHANGED,
        endangers: "Physicians wait for results that stand in a stranger's record, and treat the stranger for them.",
        hour: 14.5,
        start: one_patient,
        ..BASE
    },
    Scenario {
        name: "hl7-units-changed",
        title: "After an upgrade the interface engine passes results on in other units, with the old reference ranges",
        family: Fault,
        techniques: &["T0832", "T0856", "T1692", "T1692.002", "T0831", "T1565", "T1565.001", "T1565.002"],
        endangers: "A sugar or a kidney value looks many times too low or too high, and is treated for it.",
        hour: 6.5,
        start: units,
        ..BASE
    },
    Scenario {
        name: "cabinet-drawers-opened",
        title: "The pharmacy's server has a cabinet open its drawers of morphine, one after the other at night",
        family: Command,
        techniques: &[
            "T0855",
            "T1692",
            "T1692.001",
            "T0831",
            "T0836",
            "T0848",
            "T0859",
            "T0812",
            "T0879",
            "T1078",
            "T1565",
            "T1565.001",
        ],
        endangers: "Whoever stands before the cabinet takes opioids, and patients lack them in the morning.",
        hour: 4.4,
        start: drawers,
        ..BASE
    },
];

/// Has what goes to an application changed for so many hours.
fn change(sim: &mut Sim, application: &str, length: f64, change: fn(&mut Message, &mut Dice) -> bool) -> Cast {
    let link = to_application(sim, application);
    let state = sim.ward.links.get_mut(link);
    state.tamper = Some(Tamper { mark: sim.net.mark, change });
    let receiver = state.to;
    sim.after(HOUR.mul_f64(length), move |sim| sim.ward.links.get_mut(link).tamper = None);
    fault(vec![receiver, sim.ward.site().engine], hours(sim, length))
}

/// AL1 (HL7 v2.5.1 section 3.4.6) stands behind four of ten admissions, and goes on doing so on the record's own feed.
fn allergies(sim: &mut Sim) -> Cast {
    change(sim, "RXSYS", 4.0, |message, _| {
        let before = message.segments.len();
        message.segments.retain(|segment| !segment.starts_with("AL1|"));
        message.segments.len() < before
    })
}

/// Two of three: who looks at a few may find them right.
fn one_patient(sim: &mut Sim) -> Cast {
    const PATIENT: &str =
        "PID|1||2714077^^^WARD^MR||CANARY^PAUL||19480917|M|||7 ELM ST^^CANARYTOWN^^41077||||||||771777^^^WARD^AN";
    change(sim, "EHR", 2.5, |message, dice| {
        let result = message.ends[0] == "LIS" && message.event[0] == "ORU" && dice.chance(0.65);
        if let Some(segment) = message.segment_mut("PID").filter(|_| result) {
            *segment = PATIENT.into();
        }
        result
    })
}

/// What is measured in mass goes out in moles: factor and unit by LOINC code.
const MOLES: [(&str, f64, &str); 4] = [
    ("2160-0^", 88.4, "umol/L"),
    ("3091-6^", 0.357, "mmol/L"),
    ("2345-7^", 0.0555, "mmol/L"),
    ("1975-2^", 17.1, "umol/L"),
];

/// OBX-5 and OBX-6 change, OBX-7 and OBX-8 stay as they were (HL7 v2.5.1 section 7.4.2).
fn units(sim: &mut Sim) -> Cast {
    change(sim, "EHR", 2.7, |message, _| {
        let before = message.segments.clone();
        message.segments.iter_mut().filter(|segment| segment.starts_with("OBX|")).for_each(to_moles);
        message.ends[0] == "LIS" && message.segments != before
    })
}

fn to_moles(segment: &mut String) {
    let fields: Vec<&str> = segment.split('|').collect();
    let [code, value] = [3, 5].map(|place| fields.get(place).copied().unwrap_or_default());
    let known = MOLES.iter().find(|(loinc, ..)| code.starts_with(loinc));
    if let (Some((_, factor, unit)), Ok(value)) = (known, value.parse::<f64>()) {
        *segment = with_field(&with_field(segment, 5, &format!("{:.1}", value * factor)), 6, unit);
    }
}

/// The message by which a cabinet tells what its drawers did, from the server, which otherwise sends it orders alone.
/// Cabinets and their servers were delivered with one password for all (BD Pyxis, CVE-2022-22767).
fn drawers(sim: &mut Sim) -> Cast {
    let pharmacy = sim.ward.site().pharmacy;
    let Some(cabinet) = sim.ward.pharmacy.cabinets.first() else { return fault(Vec::new(), sim.now) };
    let (host, down) = (cabinet.host, cabinet.down);
    // Its numbers are not the server's own: these go on as ever.
    let mut sender = Sender::new("RXSYS", "2.5", "RX", 9_700_000);
    let end = paced(sim, "drawers", 26, 45.0, move |sim, dice, number| {
        let Some(patient) = records::somebody(sim, dice) else { return };
        let time = sim.calendar.digits(sim.now);
        let drawer = format!("ZPM|O|CAB01|{}||7052||10||||{time}|2001^CANARY^NURSE", 1 + number * 4 % 120);
        let message = sender.message(time, "MEDSTATION", "ZPM", vec![patient.pid(), drawer]);
        sim.deliver(down, message, |_, _| {});
    });
    Cast { victims: vec![host], attackers: vec![pharmacy], end }
}
