//! Modbus: setpoints, alarms and controllers of the building.
//!
//! Techniques are those of ATT&CK for ICS v18.1 with their successors of v19 (T0855: T1692.001, T0856: T1692.002, T0857:
//! T1693.001, T0804: T1691.002), and of ATT&CK for Enterprise.

mod commands;
mod faults;
pub mod gateway;
pub mod limits;
mod oddities;
pub mod panels;
pub mod plant;
mod reports;
mod strangers;
mod usual;

use std::time::Duration;

use super::{Cast, Family, Scenario};
use crate::clock::Time;
use crate::network::HostId;
use crate::sim::Sim;
use crate::ward::building::ChannelId;
use crate::ward::building::unit::Kind;
use crate::wire::modbus::Request;

/// An attack by the right master in its own connection.
const COMMAND: Scenario = Scenario {
    name: "",
    title: "",
    family: Family::Command,
    techniques: &["T0836", "T0855", "T1692.001", "T0831"],
    endangers: "",
    within_normal: true,
    held_out: false,
    tool: None,
    hour: 10.0,
    prepared: Duration::ZERO,
    start: commands::isolation_setpoint,
};

/// What is reported is not what is so.
const REPORT: Scenario = Scenario {
    family: Family::Integrity,
    techniques: &["T0856", "T1692.002", "T0832", "T0830", "T0835"],
    start: reports::frozen,
    ..COMMAND
};

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "modbus-isolation-setpoint",
        title: "The management system sets isolation rooms to a pressure above that of the corridor",
        endangers: "Isolation rooms blow germs out into the corridor: patients and staff there can be infected.",
        hour: 10.4,
        ..COMMAND
    },
    Scenario {
        name: "modbus-gas-alarm-limit",
        title: "The management system lowers the oxygen alarm limit of the gas panels far below its usual values",
        techniques: &["T0838", "T0836", "T0855", "T1692.001", "T0878", "T0831"],
        endangers: "A falling oxygen pressure raises no alarm: ventilated patients can run out of oxygen unnoticed.",
        hour: 2.6,
        start: commands::gas_alarm_limit,
        ..COMMAND
    },
    Scenario {
        name: "modbus-unused-register",
        title: "The management system writes to calibration registers that nobody ever writes",
        endangers: "Gas panels and room controllers measure wrongly from now on: nobody can rely on what they show.",
        hour: 14.3,
        start: commands::unused_register,
        ..COMMAND
    },
    Scenario {
        name: "modbus-restart",
        title: "The management system restarts gas panels with diagnostics, again and again",
        techniques: &["T0816", "T0814", "T0855", "T1692.001", "T0815", "T0829"],
        endangers: "Gas panels are away for half a minute each time: alarms of medical gas come late or not at all.",
        hour: 11.2,
        start: commands::restart,
        ..COMMAND
    },
    Scenario {
        name: "modbus-listen-only",
        title: "The management system forces controllers of isolation rooms into listen only mode",
        techniques: &["T0814", "T0816", "T0855", "T1692.001", "T0815", "T0829", "T0804", "T1691.002", "T0826"],
        endangers: "Isolation rooms can be neither watched nor set until somebody switches their controllers off and on.",
        hour: 3.4,
        start: commands::listen_only,
        ..COMMAND
    },
    Scenario {
        name: "modbus-write-file",
        title: "The management system writes file records into a room controller, as for a new program",
        techniques: &["T0843", "T0889", "T0857", "T1693.001", "T0855", "T1692.001", "T0836"],
        endangers: "The room's controller may run somebody else's program: its pressure can no longer be trusted.",
        hour: 4.1,
        start: commands::write_file,
        ..COMMAND
    },
    Scenario {
        name: "modbus-slow-drift",
        title: "A room's pressure setpoint is moved towards zero, half a pascal every quarter of an hour",
        endangers: "An isolation room slowly loses the pressure that keeps germs inside.",
        hour: 9.1,
        start: commands::slow_drift,
        ..COMMAND
    },
    Scenario {
        name: "modbus-coil-toggling",
        title: "A room's fan is switched off and on twice a second for minutes",
        techniques: &["T0806", "T0855", "T1692.001", "T0831", "T0835", "T0836", "T0879"],
        endangers: "The fan of an isolation room can break: the room loses its pressure.",
        hour: 13.2,
        start: commands::coil_toggling,
        ..COMMAND
    },
    Scenario {
        name: "modbus-register-sweep",
        title: "The management system reads all registers of gas panels in small blocks that it never read",
        family: Family::Reconnaissance,
        techniques: &["T0861", "T0801", "T0888", "T0802", "T0846"],
        endangers: "Somebody on the management system learns what gas panels can be told to do.",
        hour: 1.7,
        start: strangers::register_sweep,
        ..COMMAND
    },
    Scenario {
        name: "modbus-unit-sweep",
        title: "An office PC asks every controller, every unit and many registers who they are",
        family: Family::Reconnaissance,
        techniques: &["T0846", "T0888", "T0840", "T0861", "T0801", "T0886", "T1046"],
        endangers: "Somebody in the office network learns which building controllers there are and how to reach them.",
        within_normal: false,
        hour: 15.3,
        start: strangers::unit_sweep,
        ..COMMAND
    },
    Scenario {
        name: "modbus-rogue-master",
        title: "A new device in the building's network writes setpoints and gas panel coils",
        techniques: &["T0848", "T0864", "T0855", "T1692.001", "T0836", "T0831", "T0886"],
        endangers: "A stranger moves the pressure of isolation rooms and the outputs of gas panels.",
        within_normal: false,
        hour: 16.1,
        start: strangers::rogue_master,
        ..COMMAND
    },
    Scenario {
        name: "modbus-frozen-readings",
        title: "Isolation rooms report the same values again and again while their pressure is lost",
        endangers: "Isolation rooms look safe and are not: germs can leave them unnoticed.",
        hour: 8.6,
        ..REPORT
    },
    Scenario {
        name: "modbus-looped-readings",
        title: "A gas panel reports what was recorded earlier, in a loop",
        endangers: "What the gas panel shows was true an hour ago: a failing oxygen supply would not be seen.",
        hour: 19.2,
        prepared: reports::RECORDED,
        start: reports::looped,
        ..REPORT
    },
    Scenario {
        name: "modbus-alarm-suppressed",
        title: "Oxygen pressure falls far below its limit and the panel's alarm inputs stay off",
        techniques: &["T0878", "T0856", "T1692.002", "T0832", "T0830", "T0835", "T0804", "T1691.002"],
        endangers: "Oxygen runs out on the wards and no alarm is raised.",
        hour: 12.5,
        start: reports::alarm_suppressed,
        ..REPORT
    },
    Scenario {
        name: "modbus-device-dead",
        title: "A gas panel still takes requests, and answers none",
        family: Family::Availability,
        techniques: &["T0814", "T0815", "T0829", "T0804", "T1691.002", "T0826", "T0881"],
        endangers: "Nobody sees the pressure of medical gas on the wards that this panel serves.",
        hour: 17.4,
        start: faults::device_dead,
        ..COMMAND
    },
    Scenario {
        name: "modbus-slow-answers",
        title: "A gas panel's answers take most of a second instead of milliseconds",
        family: Family::Availability,
        techniques: &["T0814", "T0815", "T0830", "T0804", "T1691.002", "T0826"],
        endangers: "Values and alarms of medical gas come late; the panel may be overloaded or somebody in between.",
        hour: 5.2,
        start: faults::slow_answers,
        ..COMMAND
    },
    Scenario {
        name: "modbus-exception-storm",
        title: "After a wrong configuration a power supply refuses every request",
        family: Family::Fault,
        techniques: &["T0814", "T0815", "T0826", "T0804", "T1691.002"],
        endangers: "The emergency power of theatres is not watched: a failing battery would not be seen.",
        hour: 9.8,
        start: faults::exception_storm,
        ..COMMAND
    },
    Scenario {
        name: "modbus-fridge-warming",
        title: "The compressor of a blood fridge gives out: its temperature rises for hours",
        family: Family::Fault,
        techniques: &["T0831", "T0879", "T0880", "T0856", "T1692.002", "T0832"],
        endangers: "Blood above 6 °C for more than half an hour must be thrown away.",
        hour: 0.5,
        start: faults::fridge_warming,
        ..COMMAND
    },
    Scenario {
        name: "modbus-mask-write",
        title: "The management system clears bits of the gas panels' alarm limits by a function it never uses with them",
        techniques: &["T0838", "T0836", "T0855", "T1692.001", "T0878", "T0831"],
        endangers: "A falling oxygen pressure raises no alarm: ventilated patients can run out of oxygen unnoticed.",
        hour: 18.3,
        start: usual::mask_write,
        ..COMMAND
    },
    Scenario {
        name: "modbus-setpoint-pulse",
        title: "A room's pressure setpoint is put above the corridor's for less than a minute, again and again, and put back",
        endangers: "An isolation room blows germs out for a minute each time, and whoever looks sees the right setpoint.",
        hour: 1.2,
        start: usual::pulse,
        ..COMMAND
    },
    Scenario {
        name: "modbus-fan-hunting",
        title: "A room's least fan speed is written every few seconds at night, always with a usual value",
        techniques: &["T0806", "T0855", "T1692.001", "T0831", "T0835", "T0836", "T0879"],
        endangers: "The fan of an isolation room can break: the room loses its pressure.",
        hour: 3.6,
        start: usual::fan_hunting,
        ..COMMAND
    },
    Scenario {
        name: "modbus-fridge-limits",
        title: "The management system raises the alarm limits of all blood fridges, one after the other within a minute",
        techniques: &["T0838", "T0836", "T0855", "T1692.001", "T0878", "T0831"],
        endangers: "Blood that has become too warm raises no alarm and is given to patients.",
        hour: 22.2,
        start: usual::fridge_limits,
        ..COMMAND
    },
    Scenario {
        name: "modbus-writes-replayed",
        title: "The night's settings and the time of that night are written again in the middle of the morning",
        techniques: &["T0855", "T1692.001", "T0836", "T0831", "T0835"],
        endangers: "Isolation rooms are aired as at night while patients are treated, and all controllers have a wrong time.",
        hour: 11.4,
        start: usual::writes_replayed,
        ..COMMAND
    },
    Scenario {
        name: "modbus-polls-tenfold",
        title: "After a wrong setting the management system polls a gas panel ten times as often",
        family: Family::Fault,
        techniques: &["T0814", "T0801", "T0802", "T0861"],
        endangers: "The panel can be overloaded: values and alarms of medical gas would come late or not at all.",
        hour: 14.8,
        start: usual::polls_tenfold,
        ..COMMAND
    },
    Scenario {
        name: "modbus-polls-stop",
        title: "The management system polls no gas panel any more, while its connections stay",
        family: Family::Availability,
        techniques: &["T0814", "T0815", "T0829", "T0804", "T1691.002", "T0826", "T0881"],
        endangers: "Nobody sees the pressure of medical gas, and the screens show the last values as if they were of now.",
        hour: 15.6,
        start: usual::polls_stop,
        ..COMMAND
    },
    Scenario {
        name: "modbus-sensor-broken",
        title: "The pressure sensor of an isolation room is broken: it reports the greatest value there is",
        family: Family::Fault,
        techniques: &["T0856", "T1692.002", "T0832", "T0815"],
        endangers: "Nobody knows any more whether an isolation room keeps germs inside.",
        hour: 13.9,
        start: oddities::sensor_broken,
        ..COMMAND
    },
    Scenario {
        name: "modbus-pressure-swinging",
        title: "The control of an isolation room swings: its pressure goes up and down every four minutes",
        family: Family::Fault,
        techniques: &["T0831", "T0806", "T0856", "T1692.002", "T0832"],
        endangers: "An isolation room has hardly any pressure for a minute in four: germs can leave it.",
        hour: 16.9,
        start: oddities::swinging,
        ..COMMAND
    },
    Scenario {
        name: "modbus-ups-on-battery",
        title: "A power supply has no mains, and its battery empties",
        family: Family::Fault,
        techniques: &["T0826", "T0831", "T0879", "T0856", "T1692.002", "T0832"],
        endangers: "In half an hour theatres have no power: ventilators and monitors would stop.",
        hour: 6.7,
        start: oddities::on_battery,
        ..COMMAND
    },
    Scenario {
        name: "modbus-device-busy",
        title: "A gas panel refuses a third of all requests, since it is busy",
        family: Family::Availability,
        techniques: &["T0814", "T0815", "T0804", "T1691.002", "T0826"],
        endangers: "Values and alarms of medical gas come late: something else keeps the panel busy.",
        hour: 20.9,
        start: oddities::busy,
        ..COMMAND
    },
    Scenario {
        name: "modbus-answers-doubled",
        title: "The fridges' gateway answers every poll twice: first with made-up temperatures, then with the true ones",
        endangers: "A blood fridge that warms up is shown as cold: spoilt blood is given to patients.",
        hour: 4.8,
        start: oddities::answers_doubled,
        ..REPORT
    },
    Scenario {
        name: "modbus-revision-changed",
        title: "A room controller starts anew without reason and has another program from then on",
        family: Family::Integrity,
        techniques: &["T0857", "T1693.001", "T0839", "T1693.002", "T0889", "T0843", "T0816", "T0831"],
        endangers: "The room's controller runs a program that nobody has planned: its pressure can no longer be trusted.",
        hour: 19.7,
        start: oddities::revision_changed,
        ..COMMAND
    },
];

/// At most so many of the management system's channels to controllers of a kind.
fn channels(sim: &Sim, kind: Kind, most: usize) -> Vec<ChannelId> {
    sim.ward.building.of_kind(kind).into_iter().take(most).collect()
}

/// The management system.
fn bms(sim: &Sim) -> HostId {
    sim.ward.site().bms
}

/// Whom it concerns.
fn cast(sim: &Sim, channels: &[ChannelId], attackers: Vec<HostId>, end: Time) -> Cast {
    let building = &sim.ward.building;
    let victims = channels.iter().map(|id| building.servers[building.channels[id.0].server].host).collect();
    Cast { victims, attackers, end }
}

/// A write of one register.
fn register(address: u16, value: u16) -> Request {
    Request::WriteRegister { address, value }
}

/// Somebody notices and puts a value back, which is no attack.
fn put_back(sim: &mut Sim, end: Time, id: ChannelId, request: Request) {
    sim.at(end, move |sim| {
        sim.net.mark = 0;
        sim.ask(id, 0, &request);
    });
}

/// A technician switches a controller off and on, which is no attack.
fn switch_off_and_on(sim: &mut Sim, end: Time, id: ChannelId) {
    sim.at(end, move |sim| {
        sim.net.mark = 0;
        commands::start_anew(sim, id);
    });
}
