//! HL7: messages that are forged, repeated, changed or held back.

mod abused;
pub mod altered;
pub mod answers;
mod astray;
mod feeds;
mod forged;
pub mod inside;
pub mod names;
pub mod rules;

use std::time::Duration;

use super::{Cast, Family, Scenario};
use crate::clock::{HOUR, MINUTE, Time, ms, seconds, secs};
use crate::dice::Dice;
use crate::network::HostId;
use crate::sim::Sim;
use crate::tcp::{Connection, Side};
use crate::ward::links::LinkId;
use crate::ward::records::engine;
use crate::wire::hl7::{self, Message};

/// What somebody does who makes messages up: unauthorized messages, spoofed reports, and what comes of them.
const FORGED: &[&str] = &[
    "T0855",
    "T1692",
    "T1692.001",
    "T0856",
    "T1692.002",
    "T0832",
    "T0831",
    "T0849",
    "T0848",
    "T0864",
    "T1565",
    "T1565.002",
    "T1036",
];

/// Messages that are changed on their way.
const CHANGED: &[&str] = &["T0830", "T0856", "T1692", "T1692.002", "T0832", "T0831", "T1557", "T1565", "T1565.002"];

/// Messages that do not get through.
const BLOCKED: &[&str] = &[
    "T0804",
    "T0803",
    "T1691",
    "T1691.001",
    "T1691.002",
    "T0805",
    "T1695",
    "T0814",
    "T0815",
    "T0829",
    "T0826",
    "T0813",
    "T0827",
    "T0881",
    "T1489",
    "T1499",
];

/// Records that are collected.
const COLLECTED: &[&str] = &["T0811", "T0802", "T0882", "T0861", "T1213", "T1119", "T1005", "T0888"];

/// What they have in common.
const BASE: Scenario = Scenario {
    name: "",
    title: "",
    family: Family::Fault,
    techniques: &[],
    endangers: "",
    within_normal: false,
    held_out: false,
    tool: None,
    hour: 10.0,
    prepared: Duration::ZERO,
    start: feeds::drift,
};

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "hl7-forged-admissions",
        title: "A PC sends admissions and discharges to the interface engine in the health record's name",
        family: Family::Integrity,
        techniques: FORGED,
        endangers: "Patients are moved or discharged on paper only: orders, results and alarms go to the wrong place.",
        hour: 10.4,
        start: forged::admissions,
        ..BASE
    },
    Scenario {
        name: "hl7-forged-results",
        title: "A device on a ward sends made-up results to the health record in the laboratory's name",
        family: Family::Integrity,
        techniques: FORGED,
        endangers: "Physicians treat by results that nobody measured.",
        hour: 14.2,
        start: forged::results,
        ..BASE
    },
    Scenario {
        name: "hl7-replay",
        title: "Results of this morning are sent again, hours later and several times",
        family: Family::Integrity,
        techniques: &[
            "T0856",
            "T1692",
            "T1692.002",
            "T0832",
            "T0831",
            "T0830",
            "T0855",
            "T1692.001",
            "T1565",
            "T1565.002",
            "T1557",
        ],
        endangers: "Old results stand as new ones in patients' records.",
        within_normal: true,
        hour: 9.0,
        prepared: MINUTE.saturating_mul(90),
        start: forged::replay,
        ..BASE
    },
    Scenario {
        name: "hl7-control-id-reuse",
        title: "Orders of other content go out under control ids that were used before",
        family: Family::Integrity,
        techniques: &[
            "T0855",
            "T1692",
            "T1692.001",
            "T0856",
            "T1692.002",
            "T0830",
            "T0831",
            "T0832",
            "T0836",
            "T1565",
            "T1565.002",
        ],
        endangers: "Receivers may take the forged order for the true one: a patient gets the wrong drug or dose.",
        within_normal: true,
        hour: 11.0,
        prepared: MINUTE.saturating_mul(105),
        start: forged::reused_ids,
        ..BASE
    },
    Scenario {
        name: "hl7-results-tampered",
        title: "Results are changed between the interface engine and the health record",
        family: Family::Integrity,
        techniques: CHANGED,
        endangers: "The record shows other values than the laboratory measured.",
        within_normal: true,
        hour: 9.5,
        start: feeds::tampered,
        ..BASE
    },
    Scenario {
        name: "laboratory-drift",
        title: "An analyser's results of one analyte drift over hours",
        family: Family::Fault,
        techniques: &["T0856", "T1692.002", "T0832", "T1565.001"],
        endangers: "Treatment follows values that are too high by more and more.",
        within_normal: true,
        hour: 8.0,
        start: feeds::drift,
        ..BASE
    },
    Scenario {
        name: "hl7-order-flood",
        title: "The health record's feed carries thousands of laboratory orders in minutes",
        family: Family::Command,
        techniques: &["T0855", "T1692", "T1692.001", "T0814", "T0813", "T0815", "T0826", "T0831", "T0827", "T1499"],
        endangers: "The laboratory drowns in orders; urgent ones wait.",
        within_normal: true,
        hour: 13.1,
        start: forged::order_flood,
        ..BASE
    },
    Scenario {
        name: "hl7-discharge-flood",
        title: "All patients are discharged within minutes, through the health record's own feed",
        family: Family::Integrity,
        techniques: &[
            "T0855",
            "T1692",
            "T1692.001",
            "T0856",
            "T1692.002",
            "T0813",
            "T0815",
            "T0826",
            "T0827",
            "T0831",
            "T0832",
            "T0878",
            "T1565",
            "T1565.001",
        ],
        endangers: "Monitors, pumps and cabinets lose their patients: alarms and drugs have no name.",
        within_normal: true,
        hour: 15.3,
        start: forged::discharge_flood,
        ..BASE
    },
    Scenario {
        name: "hl7-foreign-orders",
        title: "The laboratory's system sends infusion orders, which it never does",
        family: Family::Command,
        techniques: &["T0855", "T1692", "T1692.001", "T0831", "T0836", "T0821", "T0848", "T0849", "T1565"],
        endangers: "A pump may be told to give what no physician ordered.",
        within_normal: true,
        hour: 16.4,
        start: forged::foreign_orders,
        ..BASE
    },
    Scenario {
        name: "hl7-slow-acknowledgements",
        title: "The health record takes seconds for every acknowledgement",
        family: Family::Availability,
        techniques: BLOCKED,
        endangers: "Results and reports reach physicians late.",
        within_normal: true,
        hour: 10.0,
        start: feeds::slow,
        ..BASE
    },
    Scenario {
        name: "hl7-feed-silent",
        title: "The laboratory sends no results to the interface engine, while its system goes on otherwise",
        family: Family::Availability,
        techniques: BLOCKED,
        endangers: "Physicians wait for results that lie ready.",
        within_normal: true,
        hour: 9.2,
        start: feeds::silent,
        ..BASE
    },
    Scenario {
        name: "hl7-refusals",
        title: "The pharmacy refuses most messages",
        family: Family::Availability,
        techniques: BLOCKED,
        endangers: "Drug orders do not reach the pharmacy: patients get theirs late or not at all.",
        within_normal: true,
        hour: 11.3,
        start: feeds::refusals,
        ..BASE
    },
    Scenario {
        name: "hl7-acknowledgements-suppressed",
        title: "The interface engine gets no acknowledgements from the laboratory any more and sends everything again",
        family: Family::Availability,
        techniques: BLOCKED,
        endangers: "Orders reach the laboratory late and several times.",
        within_normal: true,
        hour: 14.6,
        start: feeds::suppressed,
        ..BASE
    },
    Scenario {
        name: "hl7-query-sweep",
        title: "A PC asks the laboratory's system for one patient's data after the other",
        family: Family::Theft,
        techniques: COLLECTED,
        endangers: "Patients' data leave the hospital's systems.",
        hour: 12.5,
        start: forged::query_sweep,
        ..BASE
    },
    Scenario {
        name: "hl7-copied-feed",
        title: "The interface engine sends a copy of all admissions and results to a PC",
        family: Family::Theft,
        techniques: &[
            "T0811",
            "T0802",
            "T0882",
            "T0830",
            "T1020",
            "T1020.001",
            "T1119",
            "T1213",
            "T1041",
            "T1048",
            "T0869",
            "T0885",
        ],
        endangers: "Patients' data leave the hospital's systems as they arise.",
        hour: 17.2,
        start: feeds::copied,
        ..BASE
    },
];

/// The link from the engine to an application; any of its links where there is none.
fn to_application(sim: &Sim, application: &str) -> LinkId {
    engine::link_to(sim, application).unwrap_or(sim.ward.records.engine.receivers[0].link)
}

/// The port of a link's receiver.
fn port(sim: &mut Sim, link: LinkId) -> u16 {
    sim.ward.links.get_mut(link).port
}

/// A connection of an intruder's own.
struct Intrusion {
    from: HostId,
    to: HostId,
    port: u16,
    /// MSA or a whole answer, made for each message.
    answer: fn(&Message, String, String) -> Message,
}

impl Intrusion {
    /// Sends messages, made one by one, about so far apart; gives the time when the connection is closed, about.
    fn run(
        self,
        sim: &mut Sim,
        count: u64,
        apart: f64,
        mut make: impl FnMut(&mut Sim, &mut Dice) -> Option<Message> + 'static,
    ) -> Time {
        let mut dice = sim.dice("intruder", sim.now.0);
        let (mut connection, ready) = Connection::open(&mut sim.net, sim.now, self.from, self.to, self.port);
        let times = moments(ready, count, apart, &mut dice);
        let end = times[times.len() - 1] + secs(5);
        let mut times = times.into_iter().skip(1);
        let mut done = 0;
        sim.repeat(ready, move |sim| {
            done += 1;
            let message = make(sim, &mut dice);
            let acknowledged = match message {
                Some(message) => exchange(sim, &mut connection, &message, &mut dice, done, self.answer),
                None => sim.now,
            };
            let next = times.next();
            if next.is_none() {
                connection.close(&mut sim.net, acknowledged + secs(1), Side::Opener);
            }
            next.map(|next| next.max(acknowledged))
        });
        end
    }
}

fn exchange(
    sim: &mut Sim,
    connection: &mut Connection,
    message: &Message,
    dice: &mut Dice,
    count: u64,
    answer: fn(&Message, String, String) -> Message,
) -> Time {
    let sent = connection.send(&mut sim.net, sim.now, Side::Opener, &hl7::frame(&message.encode()));
    sim.net.note(sent.frame, || message.truth(connection.names(Side::Opener)));
    let answered = sent.arrived + dice.skewed(ms(15), 0.4);
    let answer = answer(message, format!("F{count:07}"), sim.calendar.digits(answered));
    let sent = connection.send(&mut sim.net, answered, Side::Answerer, &hl7::frame(&answer.encode()));
    sim.net.note(sent.frame, || answer.truth(connection.names(Side::Answerer)));
    sent.arrived
}

/// What most receivers do: they look at nothing but the form.
fn accept(message: &Message, control_id: String, time: String) -> Message {
    message.acknowledge("AA", control_id, time)
}

/// So many moments from a time on, so many seconds apart on average.
fn moments(from: Time, count: u64, apart: f64, dice: &mut Dice) -> Vec<Time> {
    let mut next = from;
    let mut moment = |_| {
        let now = next;
        next += seconds(dice.exponential(apart));
        now
    };
    (0..count.max(1)).map(&mut moment).collect()
}

/// Does something so many times, about so many seconds apart; gives when it is over.
fn paced(
    sim: &mut Sim,
    who: &'static str,
    count: u64,
    apart: f64,
    mut work: impl FnMut(&mut Sim, &mut Dice, u64) + 'static,
) -> Time {
    let mut dice = sim.dice(who, sim.now.0);
    let times = moments(sim.now, count, apart, &mut dice);
    let end = times[times.len() - 1] + MINUTE;
    let mut times = times.into_iter().skip(1);
    let mut number = 0;
    sim.repeat(sim.now, move |sim| {
        work(sim, &mut dice, number);
        number += 1;
        times.next()
    });
    end
}

/// Until when something is that takes hours.
fn hours(sim: &Sim, count: f64) -> Time {
    sim.now + HOUR.mul_f64(count)
}

/// Whom it concerns, without anybody who does it.
fn fault(victims: Vec<HostId>, end: Time) -> Cast {
    Cast { victims, attackers: Vec::new(), end }
}
