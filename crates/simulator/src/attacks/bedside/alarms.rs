//! Alarms that nobody had, and calls that nobody answered.

use super::PLAIN;
use crate::attacks::{Cast, Family, Scenario};
use crate::clock::{HOUR, MINUTE, secs};
use crate::network::HostId;
use crate::sim::Sim;
use crate::ward::bedside::gateway::{self, Event};

/// What they have in common.
const BASE: Scenario = Scenario { within_normal: true, start: invented, ..PLAIN };

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "alarms-invented",
        title: "the device gateway reports alarms of one bed after the other at night, of which no monitor knows",
        family: Family::Integrity,
        techniques: &[
            "T0856",
            "T1692.002",
            "T0832",
            "T0849",
            "T0855",
            "T1692.001",
            "T0814",
            "T0815",
            "T0878",
            "T1565",
            "T1565.001",
        ],
        endangers: "Nurses run to patients who are well, and soon to none: the one true alarm goes under.",
        hour: 1.1,
        start: invented,
        ..BASE
    },
    Scenario {
        name: "nurse-calls-ended",
        title: "the nurse call server ends every call three seconds after it has come, before anybody can go",
        family: Family::Command,
        techniques: &[
            "T0855",
            "T1692.001",
            "T0878",
            "T0831",
            "T0832",
            "T0813",
            "T0815",
            "T0826",
            "T0804",
            "T1691.002",
            "T0836",
        ],
        endangers: "Patients call, the lamp goes out, and nobody comes.",
        hour: 15.5,
        start: ended,
        ..BASE
    },
];

/// Alarms of the bed that each is told of (IHE PCD-04: ORU^R40 with the phases start and end), as whoever has the server
/// can raise them that stands between monitors and nurses' phones (GE Carescape telemetry server, MDhex, CVE-2020-6961 and
/// others).
fn invented(sim: &mut Sim) -> Cast {
    let (mut dice, end) = (sim.dice("alarms-invented", sim.now.secs()), sim.now + 45 * MINUTE);
    let beds: Vec<(u64, String)> = (sim.ward.bedside.monitors.iter())
        .filter(|monitor| monitor.present)
        .map(|monitor| (monitor.patient, sim.net.host(monitor.host).name.clone()))
        .collect();
    let (gateway, engine) = (sim.ward.site().device_gateway, sim.ward.site().engine);
    sim.repeat(sim.now, move |sim| {
        let (patient, bed) = dice.pick(&beds).clone();
        gateway::tell(sim, Event::Alarm("start"), patient, &bed, &mut dice);
        let (lasts, mut over) = (dice.skewed(secs(14), 0.6), dice.fork());
        sim.after(lasts, move |sim| gateway::tell(sim, Event::Alarm("end"), patient, &bed, &mut over));
        Some(sim.now + dice.skewed(secs(25), 0.6)).filter(|next| *next < end)
    });
    Cast { victims: vec![engine], attackers: vec![gateway], end: end + MINUTE }
}

/// A call stands until somebody says that it is over, and the server may say so too. Nurse call systems came first in a
/// survey of which devices of hospitals are the riskiest (Armis, 2023): most have gaps that are known and not mended.
fn ended(sim: &mut Sim) -> Cast {
    let end = sim.now + 3 * HOUR;
    sim.ward.bedside.calls_ended = Some(sim.net.mark);
    sim.at(end, |sim| sim.ward.bedside.calls_ended = None);
    let victims: Vec<HostId> = sim.ward.bedside.panels.iter().map(|panel| panel.host).collect();
    Cast { victims, attackers: vec![sim.ward.site().nurse_call], end }
}
