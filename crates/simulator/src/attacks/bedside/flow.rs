//! What flows between the bedside and its servers: fetched in bulk, held up on its way, and turned away.

use super::PLAIN;
use crate::attacks::{Cast, Family, Scenario};
use crate::clock::{HOUR, MINUTE, ms, secs};
use crate::network::HostId;
use crate::sim::Sim;
use crate::tcp::Side;
use crate::ward::bedside::session::Air;
use crate::wire::opaque::{WAVES, WAVES_WANTED};

/// What they have in common.
const BASE: Scenario = Scenario { within_normal: true, start: waves, ..PLAIN };

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "station-waves-fetched",
        title: "the device gateway fetches the stored waves of all beds from a central station at night",
        family: Family::Theft,
        techniques: &[
            "T0811", "T0802", "T0882", "T0861", "T0801", "T0893", "T1005", "T1119", "T1213", "T1074", "T1039",
        ],
        endangers: "Three days of heartbeats of all patients of a ward are being taken away.",
        hour: 3.4,
        start: waves,
        ..BASE
    },
    Scenario {
        name: "vitals-in-clumps",
        title: "a monitor's vitals come in clumps: nothing for up to a minute, then all of it at once",
        family: Family::Fault,
        techniques: &["T0815", "T0829", "T0804", "T1691.002", "T0814", "T0832"],
        endangers: "The central station shows what was a minute ago, and alarms come as late.",
        hour: 16.3,
        start: clumps,
        ..BASE
    },
    Scenario {
        name: "pump-connections-refused",
        title: "the pump gateway has no connection left for a part of the pumps, which try again and again",
        family: Family::Availability,
        techniques: &[
            "T0813",
            "T0814",
            "T0815",
            "T0826",
            "T0827",
            "T0829",
            "T0804",
            "T1691.002",
            "T0805",
            "T1695",
            "T1499",
            "T1499.002",
        ],
        endangers: "Alarms of these pumps reach nobody outside the room, and orders do not reach the pumps.",
        hour: 6.6,
        start: refused,
        ..BASE
    },
];

/// Full disclosure, which stations keep for three days and for every bed, by the connection that carries vitals otherwise: of
/// one maker's stations it was found that they give out what patients' monitors tell them (ICSMA-20-254-01).
fn waves(sim: &mut Sim) -> Cast {
    let (mut dice, end) = (sim.dice("station-waves-fetched", sim.now.secs()), sim.now + 40 * MINUTE);
    let central = dice.range(0..sim.ward.bedside.centrals.len() as u64) as usize;
    let (station, gateway) = (sim.ward.bedside.centrals[central].device, sim.ward.bedside.centrals[central].server);
    sim.repeat(sim.now + secs(1), move |sim| {
        let bedside = &mut sim.ward.bedside;
        let air = &mut Air { net: &mut sim.net, voice: &mut bedside.voice };
        let wait = dice.skewed(ms(45), 0.4);
        let told = bedside.centrals[central].exchange(air, sim.now, Side::Answerer, [WAVES_WANTED, WAVES], wait);
        Some(told.max(sim.now) + dice.skewed(ms(2800), 0.4)).filter(|next| *next < end)
    });
    Cast { victims: vec![station], attackers: vec![gateway], end: end + MINUTE }
}

/// A switch port or an access point with a full buffer (clinical engineers call it dropouts, since stations blank a wave
/// that is late): the numbers of an hour are the same as before.
fn clumps(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("vitals-in-clumps", sim.now.secs());
    let (end, mark) = (sim.now + 2 * HOUR, sim.net.mark);
    let index = super::monitors::hold_one(sim, &mut dice, end + 2 * MINUTE);
    let monitor = &mut sim.ward.bedside.monitors[index];
    (monitor.clumps, monitor.mark) = (true, mark);
    let victims = vec![monitor.host, monitor.session.server];
    sim.at(end, move |sim| {
        let monitor = &mut sim.ward.bedside.monitors[index];
        (monitor.clumps, monitor.mark) = (false, 0);
    });
    Cast { victims, attackers: Vec::new(), end: end + MINUTE }
}

/// A licence for so many connections has run out at night: the gateway keeps as many as it may still have, throws the other
/// pumps out, and refuses each of them with every heartbeat.
fn refused(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("pump-connections-refused", sim.now.secs());
    let (end, mark) = (sim.now + 3 * HOUR, sim.net.mark);
    let gateway = sim.ward.site().pump_gateway;
    super::pumps::hold_one(sim, &mut dice, end);
    let online: Vec<usize> = super::pumps::in_reach(sim);
    let outside: Vec<usize> = online.iter().copied().skip(online.len() / 2).collect();
    let now = sim.now;
    for index in outside.iter().copied() {
        let pump = &mut sim.ward.bedside.pumps[index];
        pump.held = end;
        pump.session.reset(&mut sim.net, now, Side::Answerer);
        pump.session.refused = Some(mark);
    }
    let victims: Vec<HostId> = outside.iter().map(|&index| sim.ward.bedside.pumps[index].host).collect();
    sim.at(end, move |sim| {
        for index in outside {
            sim.ward.bedside.pumps[index].session.refused = None;
        }
    });
    Cast { victims: victims.into_iter().chain([gateway]).collect(), attackers: Vec::new(), end }
}
