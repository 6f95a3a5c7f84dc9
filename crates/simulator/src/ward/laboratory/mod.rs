//! The laboratory: analysers and the laboratory information system.

pub mod analytes;

use std::time::Duration;

use crate::clock::{DAY, MINUTE, Time, ms, secs};
use crate::dice::Dice;
use crate::network::HostId;
use crate::queue::Mark;
use crate::sim::Sim;
use crate::ward::activity::activity;
use crate::ward::links::{LinkId, Reply};
use crate::ward::records::{Patient, forward};
use crate::wire::hl7::{Message, Sender};

pub use self::analytes::{ANALYTES, PANELS};

/// The port on which the information system listens for analysers.
pub const ANALYSER_PORT: u16 = 5100;

/// An analyser.
#[derive(Debug)]
pub struct Analyser {
    /// The host.
    pub host: HostId,
    /// Its link to the information system.
    pub link: LinkId,
    /// It as a sender.
    pub sender: Sender,
    /// How many standard deviations its results lie beside the truth, for each of [`ANALYTES`].
    pub bias: [f64; ANALYTES.len()],
    /// What its results are marked with while a scenario has a hand in them.
    pub mark: Mark,
    /// How far its clock is behind.
    pub behind: Duration,
    /// An older one, which asks nothing and says `ORU^R01` as version 2.3.1 has it.
    pub old: bool,
    /// When it is done with the tubes it has.
    busy: Time,
}

/// An order that the laboratory has.
#[derive(Clone, Debug)]
pub struct Order {
    /// Placer order number.
    pub number: u64,
    /// Place in [`PANELS`].
    pub panel: usize,
    /// To be measured at once.
    pub urgent: bool,
    /// Whose.
    pub patient: Patient,
}

/// What goes on there.
#[derive(Debug)]
pub struct Laboratory {
    /// The analysers.
    pub analysers: Vec<Analyser>,
    /// The information system as a sender.
    pub lis: Sender,
    /// Scenarios have the information system forget the orders that it accepts.
    pub forgetful: bool,
    /// Results that wait until somebody releases them.
    held: Vec<(Order, Vec<String>)>,
}

impl Default for Laboratory {
    fn default() -> Self {
        let lis = Sender::new("LIS", "2.5.1||||||8859/1", "L26", 4_417_209);
        Self { analysers: Vec::new(), lis, forgetful: false, held: Vec::new() }
    }
}

/// Names of analysers as senders.
const MODELS: [&str; 5] = ["COBAS", "XN", "ACL", "ATELLICA", "RAPID"];

/// Sets it up.
pub fn open(sim: &mut Sim) {
    let (hosts, lis) = (sim.ward.site().analysers.clone(), sim.ward.site().lis);
    for (number, host) in hosts.into_iter().enumerate() {
        let link = sim.link(host, lis, ANALYSER_PORT + number as u16 % 4);
        let mut dice = sim.dice("analyser", number as u64);
        let old = number % 4 == 3;
        sim.ward.links.get_mut(link).answer = ms(18);
        sim.ward.links.get_mut(link).lasting = !old;
        let version = if old { "2.3.1" } else { "2.5.1" };
        let mut sender =
            Sender::new(MODELS[number % MODELS.len()], version, format!("{}", number + 11), dice.range(1000..900_000));
        sender.trailing = old;
        let analyser = Analyser {
            host,
            link,
            sender,
            bias: [0.0; ANALYTES.len()],
            mark: 0,
            behind: Duration::ZERO,
            old,
            busy: Time::default(),
        };
        sim.ward.laboratory.analysers.push(analyser);
        controls(sim, number);
    }
    // Somebody looks through what is not released by itself.
    let look = |sim: &Sim, at: Time| 7.0 * sim.calendar.clinical(at);
    activity(sim, "release", 0, look, |sim, dice| {
        for (order, results) in std::mem::take(&mut sim.ward.laboratory.held) {
            sim.after(dice.around(secs(20), 0.95), move |sim| report(sim, &order, results, 'F'));
        }
    });
}

/// What a physician orders at once.
pub fn panels(dice: &mut Dice) -> Vec<usize> {
    let mut wanted: Vec<usize> = (0..PANELS.len()).filter(|panel| dice.chance(PANELS[*panel].weight)).collect();
    if wanted.is_empty() {
        wanted.push(0);
    }
    wanted
}

/// The analyser that measures a panel: one of its kind, or of another where there are few.
fn analyser_for(sim: &Sim, panel: usize, dice: &mut Dice) -> usize {
    let count = sim.ward.laboratory.analysers.len();
    if count < PANELS.len() {
        return panel % count.max(1);
    }
    let of_kind = (count - panel).div_ceil(PANELS.len()) as u64;
    panel + PANELS.len() * dice.range(0..of_kind) as usize
}

/// The information system has an order: the tube comes with the next round, or at once.
pub fn ordered(sim: &mut Sim, order: Order) {
    if sim.ward.laboratory.forgetful {
        return;
    }
    let mut dice = sim.dice("tube", order.number);
    let drawn = sim.now + dice.skewed((if order.urgent { 8 } else { 22 }) * MINUTE, 0.5);
    // The courier comes every quarter of an hour.
    let round = Time(drawn.0.next_multiple_of(900_000_000_000));
    let there = if order.urgent { drawn } else { round } + dice.skewed(3 * MINUTE, 0.8);
    let analyser = analyser_for(sim, order.panel, &mut dice);
    sim.at(there, move |sim| load(sim, analyser, order));
}

/// A tube is put on an analyser, which asks what is to be measured (IHE LAW, transaction LAB-27).
fn load(sim: &mut Sim, number: usize, order: Order) {
    let (now, calendar) = (sim.now, sim.calendar);
    let Some(analyser) = sim.ward.laboratory.analysers.get_mut(number) else { return };
    let time = calendar.digits(now - analyser.behind);
    if analyser.old {
        return measure(sim, number, order);
    }
    let tube = format!("{}-1", order.number);
    let query = query(&mut analyser.sender, time, &tube);
    let reply = Reply {
        code: "AA",
        event: ["RSP", "K11", "RSP_K11"],
        segments: vec![
            format!("QAK|{tube}|OK|WOS^Work Order Step^IHE_LABTF"),
            format!("QPD|WOS^Work Order Step^IHE_LABTF|{tube}|{tube}"),
            order.patient.pid(),
            format!("SPM|1|{tube}||{}^^HL70487", PANELS[order.panel].specimen),
            format!("ORC|NW|{}^EHR", order.number),
            format!("OBR|1|{}^EHR||{}^^L", order.number, PANELS[order.panel].order.0),
        ],
    };
    let link = analyser.link;
    sim.query(link, query, reply, move |sim, _| measure(sim, number, order));
}

/// A query for what is to be measured in a tube.
pub fn query(sender: &mut Sender, time: String, tube: &str) -> Message {
    let segments =
        vec![format!("QPD|WOS^Work Order Step^IHE_LABTF|{tube}|{tube}"), "RCP|I||R^Real Time^HL70394".into()];
    sender.message(time, "LIS", "QBP^Q11^QBP_Q11", segments)
}

/// An analyser measures; its results go to the information system.
fn measure(sim: &mut Sim, number: usize, order: Order) {
    let mut dice = sim.dice("measurement", order.number);
    let analyser = &mut sim.ward.laboratory.analysers[number];
    let minutes = PANELS[order.panel].minutes;
    // Tubes come out of an analyser one after the other.
    let done = sim.now + dice.skewed(MINUTE.mul_f64(minutes), 0.15);
    analyser.busy = done.max(analyser.busy + dice.around(secs(14), 0.3));
    let done = analyser.busy;
    sim.at(done, move |sim| {
        let analyser = &mut sim.ward.laboratory.analysers[number];
        let time = sim.calendar.digits(sim.now - analyser.behind);
        let results: Vec<String> = (1..)
            .zip(PANELS[order.panel].analytes.clone())
            .map(|(at, analyte)| {
                let value = ANALYTES[analyte].measure(&mut dice, analyser.bias[analyte]);
                ANALYTES[analyte].obx(at, value, 'F', &time)
            })
            .collect();
        let (code, tube) = (PANELS[order.panel].order.0, format!("{}-1", order.number));
        let message = results_message(analyser, time, code, &tube, 'P', &results);
        let (link, mark) = (analyser.link, analyser.mark);
        sim.net.mark = if mark == 0 { sim.net.mark } else { mark };
        sim.deliver(link, message, move |sim, _| validate(sim, order, results));
    });
}

/// Results of a tube (`P`) or of control material (`Q`), as the analyser says them.
fn results_message(
    analyser: &mut Analyser,
    time: String,
    code: &str,
    tube: &str,
    role: char,
    results: &[String],
) -> Message {
    let mut segments = if analyser.old {
        vec![format!("PID|1||{tube}"), format!("OBR|1|{tube}||{code}^^L|||{time}")]
    } else {
        vec![
            format!("SPM|1|{tube}||SER^^HL70487|||||||{role}^^HL70369"),
            format!("OBR|1|{tube}||{code}^^L"),
            format!("ORC|SC||||CM||||{time}"),
        ]
    };
    let (first, others) = results.split_at(results.len().min(1));
    segments.extend_from_slice(first);
    if !analyser.old {
        // How the tube was diluted stands behind a result (HL7 v2.5.1 chapter 7, OUL^R22).
        segments.push(format!("TCD|{code}^^L|^1^:^1"));
    }
    segments.extend_from_slice(others);
    let event = if analyser.old { "ORU^R01" } else { "OUL^R22^OUL_R22" };
    analyser.sender.message(time, "LIS", event, segments)
}

/// The information system releases most results by itself, and holds the rest for somebody to look at.
fn validate(sim: &mut Sim, order: Order, results: Vec<String>) {
    let mut dice = sim.dice("validation", order.number);
    if dice.chance(0.72) || order.urgent {
        let wait = dice.skewed(secs(40), 0.8);
        return sim.after(wait, move |sim| report(sim, &order, results, 'F'));
    }
    if dice.chance(0.5) {
        let (order, results) = (order.clone(), results.clone());
        let wait = dice.skewed(secs(30), 0.6);
        sim.after(wait, move |sim| report(sim, &order, results, 'P'));
    }
    sim.ward.laboratory.held.push((order, results));
}

/// A report to the health record.
fn report(sim: &mut Sim, order: &Order, results: Vec<String>, state: char) {
    let lis = sim.ward.site().lis;
    let message = report_message(sim, order, results, state);
    forward(sim, lis, message);
}

/// The laboratory's report of results: preliminary (`P`) or final (`F`).
pub fn report_message(sim: &mut Sim, order: &Order, results: Vec<String>, state: char) -> Message {
    let time = sim.calendar.digits(sim.now);
    let (number, (code, name)) = (order.number, PANELS[order.panel].order);
    let mut segments = vec![
        order.patient.pid(),
        order.patient.pv1(sim.calendar, ""),
        format!("ORC|RE|{number}^EHR|{number}^LIS|||||||||{}", order.patient.physician()),
        format!("OBR|1|{number}^EHR|{number}^LIS|{code}^{name}^L|||{time}|||||||||||||||{time}||LAB|{state}"),
    ];
    segments.extend(results);
    if sim.dice("note", number).chance(0.12) {
        segments.push("NTE|1|L|Sample slightly haemolytic".into());
    }
    sim.ward.laboratory.lis.message(time, "ENGINE", "ORU^R01^ORU_R01", segments)
}

/// Somebody's results as an analyser without fault would have them, for a scenario that makes a report up.
pub fn invented_report(sim: &mut Sim, dice: &mut Dice, patient: Patient, bias: f64) -> Message {
    let (time, panel) = (sim.calendar.digits(sim.now), 0);
    let number = sim.ward.records.orders - dice.range(1..200);
    let results = (1..).zip(PANELS[panel].analytes.clone());
    let results =
        results.map(|(at, analyte)| ANALYTES[analyte].obx(at, ANALYTES[analyte].measure(dice, bias), 'F', &time));
    let order = Order { number, panel, urgent: false, patient };
    report_message(sim, &order, results.collect(), 'C')
}

/// Each morning an analyser measures control materials: two levels of all it can, again where one is out.
fn controls(sim: &mut Sim, number: usize) {
    let mut dice = sim.dice("controls", number as u64);
    let mut day = 0_u64;
    let hour = dice.between(5.2, 6.6);
    let first = sim.calendar.next(sim.now, hour);
    sim.repeat(first, move |sim| {
        day += 1;
        let mut wait = Duration::ZERO;
        for (panel, high) in (0..PANELS.len()).flat_map(|panel| [(panel, false), (panel, true)]) {
            let count = sim.ward.laboratory.analysers.len();
            if count >= PANELS.len() && number % PANELS.len() != panel {
                continue;
            }
            let runs = if dice.chance(0.06) { 2 } else { 1 };
            for run in 0..runs {
                wait += dice.around(2 * MINUTE, 0.4);
                let lot = format!("QC{}{}{day:04}-{run}", panel, if high { 'H' } else { 'L' });
                let seed = sim.now.0 ^ (panel as u64) << 8 ^ u64::from(high) << 4 ^ run;
                sim.after(wait, move |sim| control(sim, number, panel, high, &lot, seed));
            }
        }
        Some(sim.calendar.next(sim.now + DAY / 2, hour + dice.between(-0.3, 0.3)))
    });
}

fn control(sim: &mut Sim, number: usize, panel: usize, high: bool, lot: &str, seed: u64) {
    let mut dice = sim.dice("control", seed ^ number as u64);
    let analyser = &mut sim.ward.laboratory.analysers[number];
    let time = sim.calendar.digits(sim.now - analyser.behind);
    let results: Vec<String> = (1..)
        .zip(PANELS[panel].analytes.clone())
        .map(|(at, analyte)| {
            let value = ANALYTES[analyte].control(&mut dice, analyser.bias[analyte], high);
            ANALYTES[analyte].obx(at, value, 'F', &time)
        })
        .collect();
    let message = results_message(analyser, time, PANELS[panel].order.0, lot, 'Q', &results);
    let link = analyser.link;
    sim.deliver(link, message, |_, _| {});
}
