//! The pharmacy: its server, and the cabinets on the wards.

use crate::clock::{DAY, MINUTE, Time, ms, secs};
use crate::dice::Dice;
use crate::network::HostId;
use crate::sim::Sim;
use crate::ward::activity::activity;
use crate::ward::links::LinkId;
use crate::ward::records::{self, Patient, forward, forward_then};
use crate::wire::hl7::Sender;

/// The port on which the pharmacy's server listens for cabinets.
pub const CABINET_PORT: u16 = 6800;

/// The port on which a cabinet listens for the pharmacy's server.
const ORDER_PORT: u16 = 6810;

/// A cabinet.
#[derive(Debug)]
pub struct Cabinet {
    /// The host.
    pub host: HostId,
    /// Its link to the pharmacy's server.
    pub up: LinkId,
    /// The server's link to it.
    pub down: LinkId,
    /// It as a sender.
    pub sender: Sender,
}

/// What goes on there.
#[derive(Debug)]
pub struct Pharmacy {
    /// The cabinets.
    pub cabinets: Vec<Cabinet>,
    /// The server as a sender.
    pub server: Sender,
    /// Charges since the last batch.
    charges: u64,
}

impl Default for Pharmacy {
    fn default() -> Self {
        Self { cabinets: Vec::new(), server: Sender::new("RXSYS", "2.5", "RX", 9_102_331), charges: 0 }
    }
}

/// A drug: code, name, strength, form, and whether a pump gives it.
struct Drug(&'static str, &'static str, u32, &'static str, bool);

const DRUGS: [Drug; 14] = [
    Drug("1191", "Aspirin", 100, "mg", false),
    Drug("7646", "Omeprazole", 20, "mg", false),
    Drug("6918", "Metoprolol", 47, "mg", false),
    Drug("29046", "Lisinopril", 10, "mg", false),
    Drug("83367", "Atorvastatin", 40, "mg", false),
    Drug("161", "Acetaminophen", 1000, "mg", false),
    Drug("67108", "Enoxaparin", 40, "mg", false),
    Drug("4603", "Furosemide", 40, "mg", false),
    Drug("2193", "Ceftriaxone", 2, "g", true),
    Drug("7512", "Norepinephrine", 5, "mg", true),
    Drug("8782", "Propofol", 1000, "mg", true),
    Drug("5224", "Heparin", 25_000, "[iU]", true),
    Drug("7052", "Morphine", 10, "mg", false),
    Drug("5856", "Insulin", 50, "[iU]", true),
];

/// Sets it up.
pub fn open(sim: &mut Sim) {
    let (hosts, server) = (sim.ward.site().cabinets.clone(), sim.ward.site().pharmacy);
    for (number, host) in hosts.into_iter().enumerate() {
        let (up, down) = (sim.link(host, server, CABINET_PORT), sim.link(server, host, ORDER_PORT));
        for (link, answer) in [(up, ms(35)), (down, ms(55))] {
            sim.ward.links.get_mut(link).answer = answer;
        }
        sim.ward.links.get_mut(down).short_answers = true;
        // Older cabinets open a connection for every message.
        sim.ward.links.get_mut(up).lasting = number % 3 != 2;
        let count = sim.dice("cabinet", number as u64).range(10_000..800_000);
        let mut sender = Sender::new("MEDSTATION", "2.3", format!("M{:02}", number + 1), count);
        sender.trailing = true;
        sim.ward.pharmacy.cabinets.push(Cabinet { host, up, down, sender });
        dispensing(sim, number);
    }
    let giving = |sim: &Sim, at: Time| sim.ward.records.patients.len() as f64 * 0.35 * rounds(sim, at);
    activity(sim, "administrations", 0, giving, administer);
    charges(sim);
}

/// How busy nurses are with drugs, 1.0 on average: four rounds a day.
fn rounds(sim: &Sim, at: Time) -> f64 {
    let hour = sim.calendar.hour(at);
    let near = |round: f64| {
        let off = (hour - round) / 0.6;
        libm::exp(-off * off / 2.0)
    };
    0.35 + 2.6 * (1.2 * near(8.1) + 0.8 * near(12.2) + near(18.0) + 0.8 * near(21.8))
}

/// A physician orders a drug: the pharmacist looks at it, the ward's cabinet learns of it, a pump may be told.
pub fn prescribe(sim: &mut Sim, dice: &mut Dice, patient: &Patient) {
    sim.ward.records.orders += 1;
    let number = sim.ward.records.orders;
    let Drug(code, name, amount, unit, pump) = *dice.pick(&DRUGS);
    let time = sim.calendar.digits(sim.now);
    let kind = if dice.chance(0.12) { "DC" } else { "NW" };
    let mut segments = vec![
        format!("ORC|{kind}|{number}^EHR|||||||{time}|||{}", patient.physician()),
        format!("TQ1|1|1|{}|||{time}", dice.pick(&["Q6H", "Q8H", "Q12H", "QD", "BID"])),
        format!("RXE||{code}^{name}^RXNORM|{amount}||{unit}|||||1"),
        format!("RXR|{}^^HL70162", if pump { "IV" } else { "PO" }),
    ];
    let mut order = records::message(sim, patient, "RDE^O11^RDE_O11", "");
    order.segments.append(&mut segments.clone());
    let (ehr, patient) = (sim.ward.site().ehr, patient.clone());
    let wait = dice.skewed(9 * MINUTE, 0.9);
    let infusion = pump && kind == "NW" && dice.chance(0.5);
    forward_then(sim, ehr, order, move |sim, _| {
        sim.after(wait, move |sim| {
            let (time, ward) = (sim.calendar.digits(sim.now), patient.ward());
            if infusion {
                give(sim, &patient, &segments, amount);
            }
            let pharmacy = &mut sim.ward.pharmacy;
            let Some(cabinet) = of_ward(pharmacy, ward) else { return };
            let down = pharmacy.cabinets[cabinet].down;
            segments.insert(0, patient.pid());
            let message = pharmacy.server.message(time, "MEDSTATION", "RDE^O11^RDE_O11", segments);
            sim.deliver(down, message, |_, _| {});
        });
    });
}

/// A pump is told what to give (RGV^O15, HL7 v2.5.1 section 4.15).
fn give(sim: &mut Sim, patient: &Patient, order: &[String], amount: u32) {
    let pumps = sim.ward.site().pumps.len() as u64;
    let mut message = records::message(sim, patient, "RGV^O15^RGV_O15", "");
    let mut dice = sim.dice("give", patient.visit ^ sim.now.0);
    message.segments.extend(order.iter().filter(|segment| !segment.starts_with("RXE")).cloned());
    message.segments.insert(4, format!("RXG|1|1||3^^|{amount}||mg||||||||{}|mL/h|{amount}|mg", 5 * dice.range(1..25)));
    message.segments.push(format!("OBX|1||69985^MDC_DEV_PUMP_INFUS_VMD^MDC||PUMP{:03}", 1 + dice.range(0..pumps)));
    records::send(sim, message);
}

/// The cabinet of a ward, by its place.
pub fn of_ward(pharmacy: &Pharmacy, ward: u64) -> Option<usize> {
    (ward as usize).checked_rem(pharmacy.cabinets.len())
}

/// A nurse documents what a patient was given.
fn administer(sim: &mut Sim, dice: &mut Dice) {
    let Some(patient) = records::somebody(sim, dice) else { return };
    let Drug(code, name, amount, unit, _) = *dice.pick(&DRUGS);
    let (number, time) = (sim.ward.records.orders, sim.calendar.digits(sim.now));
    let mut message = records::message(sim, &patient, "RAS^O17^RAS_O17", "");
    message.segments.extend([
        format!("ORC|RE|{number}^EHR"),
        format!("RXA|0|1|{time}|{time}|{code}^{name}^RXNORM|{amount}|{unit}||||{}", patient.location()),
        "RXR|PO^^HL70162".into(),
    ]);
    records::send(sim, message);
}

/// Drugs are taken from a cabinet at the rounds, which are not the same on every ward; once a day it is filled.
fn dispensing(sim: &mut Sim, number: usize) {
    let late = sim.dice("rounds", number as u64).between(-0.5, 0.5);
    let rate = move |sim: &Sim, at: Time| {
        let share = sim.ward.records.patients.len() as f64 / sim.ward.pharmacy.cabinets.len().max(1) as f64;
        share * 0.3 * rounds(sim, at + MINUTE.mul_f64(60.0 * (1.0 + late)) - 60 * MINUTE)
    };
    activity(sim, "dispensing", number as u64, rate, move |sim, dice| take(sim, dice, number));
    let mut dice = sim.dice("filling", number as u64);
    let first = sim.calendar.next(sim.now, dice.between(9.5, 14.5));
    sim.repeat(first, move |sim| {
        if !sim.calendar.is_weekend(sim.now) || dice.chance(0.3) {
            for place in 0..dice.range(6..24) {
                let (code, pocket) = (dice.pick(&DRUGS).0, 1 + dice.range(0..120));
                let wait = dice.around(secs(20 * (place + 1)), 0.4);
                let count = dice.range(5..60);
                sim.after(wait, move |sim| {
                    let time = sim.calendar.digits(sim.now);
                    let segment =
                        format!("ZPM|R|CAB{:02}|{pocket}||{code}||{count}||||{time}|2001^CANARY^NURSE", number + 1);
                    send_up(sim, number, "ZPM", vec![segment]);
                });
            }
        }
        Some(sim.now + dice.around(DAY, 0.02))
    });
}

/// Somebody takes a drug out: the pharmacy learns of it, and counts what it costs.
fn take(sim: &mut Sim, dice: &mut Dice, number: usize) {
    let cabinets = sim.ward.pharmacy.cabinets.len();
    let Some(patient) = (0..8)
        .find_map(|_| records::somebody(sim, dice).filter(|patient| patient.ward() as usize % cabinets == number))
    else {
        return;
    };
    let Drug(code, name, amount, unit, _) = *dice.pick(&DRUGS);
    let (order, time) = (sim.ward.records.orders - dice.range(0..400), sim.calendar.digits(sim.now));
    let segments = vec![
        patient.pid(),
        patient.pv1(sim.calendar, ""),
        format!("ORC|RE|{order}^EHR"),
        format!("RXD|1|{code}^{name}^RXNORM|{time}|{amount}|{unit}||{order}|1|||2001^CANARY^NURSE"),
    ];
    send_up(sim, number, "RDS^O13", segments);
    sim.ward.pharmacy.charges += 1;
    if dice.chance(0.03) {
        let segment =
            format!("ZPM|W|CAB{:02}|{}||{code}||1||||{time}|2001^CANARY^NURSE", number + 1, 1 + dice.range(0..120));
        send_up(sim, number, "ZPM", vec![segment]);
    }
}

fn send_up(sim: &mut Sim, number: usize, event: &str, segments: Vec<String>) {
    let time = sim.calendar.digits(sim.now);
    let cabinet = &mut sim.ward.pharmacy.cabinets[number];
    let (message, up) = (cabinet.sender.message(time, "RXSYS", event, segments), cabinet.up);
    sim.deliver(up, message, |_, _| {});
}

/// Each night the pharmacy sends a part of what was charged, and at the month's end all that is left of it in one batch.
fn charges(sim: &mut Sim) {
    let first = sim.calendar.next(sim.now, 0.6);
    let mut left = 0_u64;
    sim.repeat(first, move |sim| {
        let day = std::mem::take(&mut sim.ward.pharmacy.charges);
        let mut dice = sim.dice("charges", sim.now.0);
        left += day / 5;
        let count = if sim.calendar.day_of_month(sim.now) == 1 { std::mem::take(&mut left) } else { day / 6 };
        for number in 0..count {
            let wait = ms(180 * number + dice.range(0..150));
            let mut own = sim.dice("charge", number ^ sim.now.0);
            sim.after(wait, move |sim| charge(sim, &mut own));
        }
        Some(sim.calendar.next(sim.now + DAY / 2, 0.6 + dice.between(0.0, 0.1)))
    });
}

fn charge(sim: &mut Sim, dice: &mut Dice) {
    let Some(patient) = records::somebody(sim, dice) else { return };
    let Drug(code, name, ..) = *dice.pick(&DRUGS);
    let (time, pharmacy) = (sim.calendar.digits(sim.now), sim.ward.site().pharmacy);
    let segments = vec![
        format!("EVN|P03|{time}"),
        patient.pid(),
        patient.pv1(sim.calendar, ""),
        format!("FT1|1|||{time}||CG|{code}^{name}^L|||{}", 1 + dice.range(0..4)),
    ];
    let message = sim.ward.pharmacy.server.message(time, "ENGINE", "DFT^P03^DFT_P03", segments);
    forward(sim, pharmacy, message);
}
