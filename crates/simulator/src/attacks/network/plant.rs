//! The building's other protocols: rooms whose objects are listed or that are started anew, and readings that are made up.

use super::{Cast, intruder, pc, scenario, within_normal};
use crate::attacks::{Family, Scenario};
use crate::clock::{HOUR, MINUTE, ms, secs};
use crate::dice::Dice;
use crate::network::HostId;
use crate::sim::Sim;
use crate::tcp::{Connection, Side};
use crate::ward::office::management::BROKER_PORT;
use crate::wire::{bacnet, mqtt};

/// All of them.
pub const ALL: &[Scenario] = &[
    within_normal(scenario(
        "bacnet-objects-listed",
        "the building management has isolation rooms list all objects that they have, and what each is called",
        Family::Reconnaissance,
        &["T0888", "T0846", "T0861", "T0840", "T0801", "T0802", "T1046", "T1082", "T1592", "T1592.002"],
        "Nothing yet: somebody learns by which object a room's pressure or its alarm can be set.",
        20.7,
        objects_listed,
    )),
    scenario(
        "bacnet-rooms-restarted",
        "a foreign device in the building's network has isolation rooms start anew, again and again",
        Family::Command,
        &[
            "T0816",
            "T0855",
            "T1692.001",
            "T0814",
            "T0813",
            "T0815",
            "T0826",
            "T0827",
            "T0829",
            "T0831",
            "T0846",
            "T0848",
            "T0858",
            "T0864",
            "T0812",
            "T1200",
            "T1529",
        ],
        "While its controller starts nobody holds a room's pressure, and nobody sees it.",
        8.2,
        rooms_restarted,
    ),
    scenario(
        "mqtt-readings-forged",
        "a PC tells the building management temperatures of blood fridges, in the name of their gateway",
        Family::Integrity,
        &[
            "T0856",
            "T1692.002",
            "T0832",
            "T0831",
            "T0848",
            "T0849",
            "T0855",
            "T1692.001",
            "T0859",
            "T1036",
            "T1078",
            "T1565",
            "T1565.002",
        ],
        "A blood fridge that warms up is shown as cold: spoilt blood is given to patients.",
        11.1,
        readings_forged,
    ),
];

/// Objects of a room: kinds and numbers (clause 21), and what stands for their names.
const OBJECTS: [(u32, u32, &str); 18] = [
    (8, 1, "ROOM-CTRL"),
    (0, 1, "PRESSURE-DIFF"),
    (0, 2, "TEMP-ROOM"),
    (0, 3, "HUMIDITY"),
    (0, 4, "FLOW-SUPPLY"),
    (0, 5, "FLOW-EXHAUST"),
    (1, 1, "FAN-SUPPLY"),
    (1, 2, "FAN-EXHAUST"),
    (2, 1, "TEMP-SHOWN"),
    (2, 10, "TEMP-SETPOINT"),
    (2, 11, "PRESSURE-SETPOINT"),
    (2, 12, "PRESSURE-ALARM-LOW"),
    (3, 1, "DOOR"),
    (4, 1, "HORN"),
    (5, 1, "ISOLATION-MODE"),
    (5, 2, "ALARM-ENABLE"),
    (17, 1, "SCHEDULE-NIGHT"),
    (15, 1, "ALARM-CLASS"),
];

/// What is asked of the device itself: description, maker, model, firmware and program.
const ITSELF: [(u8, &str); 5] =
    [(28, "Isolation room"), (121, "Siemens"), (70, "POL687.00/STD"), (44, "11.42.00"), (12, "ISO-ROOM 3.1")];

/// What an explorer of such networks asks, on the way by which readings are asked for every minute: the list item by item,
/// then a name for each (clause 15.5; nmap's bacnet-info asks the first part).
fn objects_listed(sim: &mut Sim) -> Cast {
    let (bms, victims) = (sim.ward.site().bms, sim.ward.site().isolation.clone());
    let mut dice = sim.dice("objects listed", 0);
    let mut at = sim.now + ms(10);
    for (instance, room) in (1..).zip(victims.iter().copied()) {
        for (invoke, [asked, told]) in (0_u8..).zip(questions(instance)) {
            sim.at(at, move |sim| {
                if sim.net.host(bms).up && sim.net.host(room).up {
                    let [asked, told] = [asked(invoke), told(invoke)];
                    sim.asked(sim.now, [bms, room], [bacnet::PORT; 2], [&asked, &told]);
                }
            });
            at += dice.skewed(ms(350), 0.4);
        }
        at += dice.around(secs(25), 0.4);
    }
    Cast { victims, attackers: vec![bms], end: at + MINUTE }
}

/// Writes a message with the number of its invocation.
type Said = Box<dyn FnOnce(u8) -> Vec<u8>>;

/// All questions to a room, which is a device of this number, with their answers.
fn questions(instance: u32) -> Vec<[Said; 2]> {
    let own = [bacnet::DEVICE, instance];
    let of = move |kind: u32, number: u32| if kind == bacnet::DEVICE { own } else { [kind, number] };
    let said = |of: [u32; 2], property: u8, index: Option<u8>, value: Vec<u8>| -> [Said; 2] {
        [
            Box::new(move |invoke| bacnet::ask(invoke, of, property, index)),
            Box::new(move |invoke| bacnet::tell(invoke, of, property, index, &value)),
        ]
    };
    let itself = ITSELF.into_iter().map(|(property, value)| said(own, property, None, bacnet::text(value)));
    let count = said(own, bacnet::OBJECT_LIST, Some(0), bacnet::number(OBJECTS.len() as u8));
    let list = (1..).zip(OBJECTS).map(|(place, (kind, instance, _))| {
        let [kind, instance] = of(kind, instance);
        said(own, bacnet::OBJECT_LIST, Some(place), bacnet::identifier(kind, instance))
    });
    let names = OBJECTS
        .into_iter()
        .map(|(kind, instance, name)| said(of(kind, instance), bacnet::OBJECT_NAME, None, bacnet::text(name)));
    itself.chain([count]).chain(list).chain(names).collect()
}

/// How often all rooms are started.
const ROUNDS: u32 = 4;

/// ReinitializeDevice (clause 16.4), first without the password, then with the one that the maker's first page names; rooms
/// are found by Who-Is. Devices of a building in Germany were made useless so in 2021, and nobody could log in to them again.
fn rooms_restarted(sim: &mut Sim) -> Cast {
    let (zone, victims) = (sim.ward.site().zones.building, sim.ward.site().isolation.clone());
    let rogue = intruder(sim, zone);
    let ready = sim.join_network(rogue, true);
    let mut dice = sim.dice("rooms restarted", 0);
    let rooms = victims.clone();
    sim.at(ready + secs(30), move |sim| {
        sim.net.broadcast(sim.now, rogue, [bacnet::PORT; 2], &bacnet::who_is());
        for (number, room) in (1..).zip(rooms) {
            if sim.net.host(room).up {
                sim.net.broadcast(sim.now + ms(9) * number, room, [bacnet::PORT; 2], &bacnet::i_am(number, 7));
            }
        }
    });
    let mut at = ready + 3 * MINUTE;
    for round in 0..ROUNDS {
        for room in victims.iter().copied() {
            let invoke = dice.range(1..250) as u8;
            sim.at(at, move |sim| restart(sim, [rogue, room], invoke));
            at += dice.skewed(secs(14), 0.4);
        }
        at += dice.around(7 * MINUTE, 0.3) * u32::from(round + 1 < ROUNDS);
    }
    let end = at + MINUTE;
    sim.at(end, move |sim| sim.net.host_mut(rogue).up = false);
    Cast { victims, attackers: vec![rogue], end }
}

fn restart(sim: &mut Sim, [rogue, room]: [HostId; 2], invoke: u8) {
    if sim.net.host(room).up {
        let said = [bacnet::restart(invoke, "filister"), bacnet::restarting(invoke)];
        sim.asked(sim.now, [rogue, room], [bacnet::PORT; 2], [&said[0], &said[1]]);
        sim.after(secs(1), move |sim| sim.restart(room, secs(38)));
    }
}

/// A broker takes whoever calls himself as a device does, and lets that one go (MQTT 3.1.4 rule 2); tens of thousands of
/// brokers ask for nothing at all (Avast, 2018). Readings come every minute, more often than the true ones.
fn readings_forged(sim: &mut Sim) -> Cast {
    let (liar, broker, end) = (pc(sim, 0), sim.ward.site().bms, sim.now + HOUR.mul_f64(1.6));
    let victims = vec![broker, sim.ward.site().fridges];
    let mut dice = sim.dice("readings forged", 0);
    let mut session = None;
    sim.repeat(sim.now + ms(10), move |sim| {
        if !sim.net.host(broker).up {
            session = None;
            return Some(sim.now + MINUTE).filter(|next| *next < end);
        }
        let mut open = session.take().unwrap_or_else(|| log_in(sim, [liar, broker]));
        let net = &mut sim.net;
        if sim.now >= end {
            let at = open.send(net, sim.now, Side::Opener, mqtt::GOODBYE).arrived;
            open.close(net, at, Side::Opener);
            return None;
        }
        let mut at = sim.now + secs(1);
        for fridge in 1..5 {
            at = open.send(net, at + ms(8), Side::Opener, &reading(fridge, &mut dice)).arrived;
        }
        session = Some(open);
        Some((at + dice.around(MINUTE, 0.02)).min(end.max(at)))
    });
    Cast { victims, attackers: vec![liar], end: end + MINUTE }
}

fn log_in(sim: &mut Sim, [liar, broker]: [HostId; 2]) -> Connection {
    let net = &mut sim.net;
    let (mut open, ready) = Connection::open(net, sim.now, liar, broker, BROKER_PORT);
    let at = open.send(net, ready, Side::Opener, &mqtt::connect("fridges", "fridges")).arrived;
    open.send(net, at + ms(1), Side::Answerer, mqtt::WELCOME);
    open
}

fn reading(fridge: u8, dice: &mut Dice) -> Vec<u8> {
    mqtt::publish(&format!("fridges/{fridge}/temperature"), &format!("{:.1}", dice.normal(4.0, 0.2)))
}
