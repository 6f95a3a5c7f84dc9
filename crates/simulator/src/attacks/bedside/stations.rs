//! Wards whose pumps are asked who they are, whose beds are put to sleep from afar, and whose gateway crashes.

use super::PLAIN;
use super::pumps::call;
use crate::attacks::{Cast, Family, Scenario};
use crate::clock::{MINUTE, ms, secs};
use crate::dice::Dice;
use crate::network::HostId;
use crate::sim::Sim;
use crate::tcp::{Connection, Side};
use crate::ward::bedside::Bedside;
use crate::ward::bedside::monitors::{self, Stream};
use crate::ward::bedside::session::Air;
use crate::wire::opaque::{ACKNOWLEDGED, BED, PUMP};

/// What they have in common.
const BASE: Scenario = Scenario { start: asked, ..PLAIN };

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "pumps-asked-who-they-are",
        title: "a dispensing cabinet calls one pump after the other on its service port and asks what it is",
        family: Family::Reconnaissance,
        techniques: &["T0846", "T0888", "T0840", "T0848", "T0861", "T0886", "T1018", "T1046", "T1082"],
        endangers: "Nothing yet: somebody learns which pumps have software that is known to be open to attack.",
        hour: 19.4,
        start: asked,
        ..BASE
    },
    Scenario {
        name: "beds-discharged-from-afar",
        title: "a central station discharges its beds one after the other at night, while patients lie in them",
        family: Family::Command,
        techniques: &[
            "T0855",
            "T1692.001",
            "T0831",
            "T0836",
            "T0858",
            "T0878",
            "T0815",
            "T0829",
            "T0813",
            "T0826",
            "T0804",
            "T1691.002",
            "T0859",
            "T1078",
        ],
        endangers: "Monitors go to sleep beside patients, and nobody is told when a heart stops.",
        within_normal: true,
        hour: 4.1,
        start: discharged,
        ..BASE
    },
    Scenario {
        name: "device-gateway-crashes",
        title: "the device gateway crashes and starts again every few minutes",
        techniques: &[
            "T0814",
            "T0813",
            "T0815",
            "T0826",
            "T0827",
            "T0829",
            "T0804",
            "T1691.002",
            "T0805",
            "T1695",
            "T0816",
            "T1499",
            "T1499.004",
            "T1529",
        ],
        endangers: "Vitals have gaps in records, and alarms reach nurses' phones late or never.",
        within_normal: true,
        hour: 17.6,
        start: crashes,
        ..BASE
    },
];

/// As software for service does it, pump after pump: of two hundred thousand pumps that were looked at so three of four had
/// known gaps (Palo Alto Networks, 2022).
fn asked(sim: &mut Sim) -> Cast {
    let cabinet = sim.ward.site().cabinets[0];
    let mut dice = sim.dice("pumps asked", 0);
    let victims: Vec<HostId> = sim.ward.bedside.pumps.iter().map(|pump| pump.host).collect();
    let mut at = sim.now + ms(10);
    for (index, pump) in victims.iter().copied().enumerate() {
        sim.at(at, move |sim| {
            if sim.ward.bedside.pumps[index].is_online(sim.now) {
                call(sim, cabinet, index, &[]);
            } else {
                Connection::unanswered(&mut sim.net, sim.now, cabinet, pump, PUMP.port);
            }
        });
        at += dice.skewed(secs(11), 0.4);
    }
    Cast { victims, attackers: vec![cabinet], end: at + MINUTE }
}

/// How long beds sleep until somebody looks.
const ASLEEP: std::time::Duration = MINUTE.saturating_mul(35);

/// Stations may admit and discharge for their monitors, and do so without asking at the bed; whoever has the station can do
/// it for all (ICSMA-20-254-01, patient information centres). Staff admit the patients again when they see it.
fn discharged(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("beds discharged", 0);
    let mut beds = monitors::in_use(sim);
    if beds.is_empty() {
        monitors::admit(sim, 0);
        beds.push(0);
    }
    let central = sim.ward.bedside.monitors[*dice.pick(&beds)].central;
    beds.retain(|&bed| sim.ward.bedside.monitors[bed].central == central);
    let station = sim.ward.bedside.centrals[central].device;
    let victims = beds.iter().map(|&bed| sim.ward.bedside.monitors[bed].host).collect();
    let (mut at, end) = (sim.now + secs(2), sim.now + ASLEEP + MINUTE * beds.len() as u32);
    for bed in beds.iter().copied() {
        sim.ward.bedside.monitors[bed].held = end + MINUTE;
        sim.at(at, move |sim| put_to_sleep(sim, bed));
        at += dice.skewed(secs(12), 0.5);
    }
    for (number, bed) in (1..).zip(beds) {
        sim.at(sim.now + ASLEEP + MINUTE * number, move |sim| admit_again(sim, bed));
    }
    Cast { victims, attackers: vec![station], end }
}

/// When what is written of its vitals has been sent, the station says so, and it sends no more.
fn put_to_sleep(sim: &mut Sim, bed: usize) {
    let monitor = &mut sim.ward.bedside.monitors[bed];
    (monitor.stream, monitor.alarms) = (Stream::Silent, false);
    let at = monitor.written.max(sim.now) + ms(40);
    sim.at(at, move |sim| {
        let Bedside { monitors, voice, .. } = &mut sim.ward.bedside;
        let air = &mut Air { net: &mut sim.net, voice };
        monitors[bed].session.exchange(air, sim.now, Side::Answerer, [BED, ACKNOWLEDGED], ms(12));
    });
}

/// Which is no attack.
fn admit_again(sim: &mut Sim, bed: usize) {
    sim.net.mark = 0;
    let Bedside { monitors, voice, .. } = &mut sim.ward.bedside;
    let monitor = &mut monitors[bed];
    monitor.tell(&mut Air { net: &mut sim.net, voice }, sim.now, BED);
    (monitor.stream, monitor.alarms) = (Stream::Own, true);
}

/// A message that it cannot read stands first in its queue, and is read again after each start (CWE-248): no farewell to
/// devices, which find their connections reset, and come back.
fn crashes(sim: &mut Sim) -> Cast {
    let (gateway, end) = (sim.ward.site().device_gateway, sim.now + 65 * MINUTE);
    let mut dice = sim.dice("device gateway crashes", 0);
    sim.repeat(sim.now + secs(1), move |sim| {
        crash(sim, gateway, &mut dice);
        Some(sim.now + dice.around(4 * MINUTE, 0.3)).filter(|next| *next < end)
    });
    let stations = sim.ward.bedside.centrals.iter().map(|central| central.device);
    let victims = stations.chain([gateway]).collect();
    Cast { victims, attackers: Vec::new(), end: end + MINUTE }
}

fn crash(sim: &mut Sim, gateway: HostId, dice: &mut Dice) {
    let now = sim.now;
    let Bedside { machines, centrals, .. } = &mut sim.ward.bedside;
    let sessions = machines.iter_mut().map(|machine| &mut machine.session).chain(centrals);
    for session in sessions.filter(|session| session.server == gateway) {
        session.reset(&mut sim.net, now, Side::Answerer);
    }
    sim.restart(gateway, dice.around(secs(40), 0.3));
}
