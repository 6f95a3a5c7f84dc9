//! The bedside: pumps and monitors that fall silent, lie or are talked to by the wrong host.

pub mod afar;
pub mod alarms;
pub mod flow;
mod machines;
mod monitors;
mod pumps;
pub mod stations;

use std::time::Duration;

use super::{Family, Scenario};

/// Silence of a device: a view is denied or lost, reports are blocked, a service is gone.
const SILENCE: &[&str] =
    &["T0815", "T0829", "T0826", "T0804", "T1691.002", "T0814", "T0813", "T0827", "T1695", "T0805"];
/// A device is told what to do by one who may not, or what it should not.
const COMMAND: &[&str] = &["T0855", "T1692.001", "T0836", "T0831", "T0848", "T0886", "T0879", "T0806"];
/// What is reported is not so.
const FORGED: &[&str] = &["T0856", "T1692.002", "T0832", "T0830", "T0831", "T0849"];

/// What they have in common; each sets what is its own.
const PLAIN: Scenario = Scenario {
    name: "",
    title: "",
    family: Family::Availability,
    techniques: SILENCE,
    endangers: "",
    within_normal: false,
    held_out: false,
    tool: None,
    hour: 0.0,
    prepared: Duration::ZERO,
    start: monitors::stream_stops,
};

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "pump-foreign-commands",
        title: "an office PC calls infusion pumps on their service port and changes rates",
        family: Family::Command,
        techniques: &[
            "T0855",
            "T1692.001",
            "T0836",
            "T0831",
            "T0848",
            "T0886",
            "T0879",
            "T0888",
            "T0846",
            "T0866",
            "T0869",
        ],
        endangers: "Infusions run faster or slower than ordered, without anybody at the bedside having changed them.",
        hour: 11.2,
        start: pumps::foreign_commands,
        ..PLAIN
    },
    Scenario {
        name: "pump-night-rates",
        title: "the pump gateway changes the rates of all pumps in reach at three at night",
        family: Family::Command,
        techniques: COMMAND,
        endangers: "All infusions get another rate at once, while few people are on the wards.",
        within_normal: true,
        hour: 3.05,
        start: pumps::night_rates,
        ..PLAIN
    },
    Scenario {
        name: "pump-firmware-stranger",
        title: "a foreign host in the ward's network sends firmware to pumps",
        family: Family::Command,
        techniques: &[
            "T0800",
            "T0857",
            "T1693.001",
            "T0839",
            "T1693.002",
            "T0843",
            "T0855",
            "T1692.001",
            "T0848",
            "T0864",
            "T0886",
            "T0867",
            "T0816",
        ],
        endangers: "Pumps run software that nobody has tested, and may infuse what they like.",
        hour: 22.4,
        start: pumps::firmware_stranger,
        ..PLAIN
    },
    Scenario {
        name: "pump-call-home",
        title: "a pump calls a hard-coded address outside again and again",
        family: Family::Malware,
        techniques: &[
            "T0862", "T0891", "T0883", "T0884", "T0885", "T0869", "T1041", "T1048", "T1071", "T1571", "T1195", "T0882",
        ],
        endangers: "A pump sends what it knows of its patient to an unknown place, from where it may be changed too.",
        hour: 9.7,
        start: pumps::call_home,
        ..PLAIN
    },
    Scenario {
        name: "pump-reboots",
        title: "a pump restarts again and again",
        family: Family::Fault,
        techniques: &["T0816", "T0814", "T0826"],
        endangers: "An infusion is interrupted with every restart, and its alarms with it.",
        within_normal: true,
        hour: 14.3,
        start: pumps::reboots,
        ..PLAIN
    },
    Scenario {
        name: "monitor-stream-stops",
        title: "a monitor sends no vitals any more while it keeps its connection and answers",
        endangers: "The central station shows nothing of a patient whom the ward believes to be watched.",
        within_normal: true,
        hour: 13.4,
        start: monitors::stream_stops,
        ..PLAIN
    },
    Scenario {
        name: "monitor-vanishes",
        title: "a monitor is gone in the night and stays away for hours",
        endangers: "A patient is watched by nobody.",
        within_normal: true,
        hour: 1.6,
        start: monitors::vanishes,
        ..PLAIN
    },
    Scenario {
        name: "alarm-suppression",
        title: "the monitors of a ward tell no alarms any more while vitals go on",
        techniques: &["T0878", "T0838", "T0804", "T1691.002", "T0815", "T0829", "T0836"],
        endangers: "Nobody is called when a patient's heart or breathing fails.",
        within_normal: true,
        hour: 8.5,
        start: monitors::alarms_stop,
        ..PLAIN
    },
    Scenario {
        name: "monitor-spoofed",
        title: "a second host takes a monitor's address and sends vitals in its name",
        family: Family::Integrity,
        techniques: &["T0856", "T1692.002", "T0832", "T0830", "T1557", "T1557.002", "T0849", "T0864", "T0848", "T0831"],
        endangers: "The central station shows invented vitals of a patient.",
        hour: 15.8,
        start: monitors::spoofed,
        ..PLAIN
    },
    Scenario {
        name: "vitals-replayed",
        title: "a monitor's vitals of some minutes are sent again and again instead of new ones",
        family: Family::Integrity,
        techniques: FORGED,
        endangers: "A patient looks well at the central station whatever happens at the bed.",
        within_normal: true,
        hour: 4.2,
        start: monitors::replayed,
        ..PLAIN
    },
    Scenario {
        name: "vitals-copied",
        title: "a central station sends the vitals of all its monitors to an office PC as well",
        family: Family::Theft,
        techniques: &[
            "T0811", "T0802", "T0882", "T0861", "T0842", "T0893", "T1020", "T1041", "T1048", "T1119", "T1074",
        ],
        endangers: "Health data of all watched patients leave the ward.",
        hour: 10.3,
        start: monitors::copied,
        ..PLAIN
    },
    Scenario {
        name: "ventilator-flood",
        title: "a flood at a ventilator's network port, which stays dead until it is restarted",
        techniques: &[
            "T0814",
            "T0813",
            "T0815",
            "T0826",
            "T0829",
            "T0804",
            "T1691.002",
            "T0805",
            "T1695",
            "T1498",
            "T1498.001",
            "T1499",
            "T1499.001",
            "T1499.002",
            "T0864",
        ],
        endangers: "A ventilator's alarms and values no longer reach anybody outside the room.",
        hour: 17.1,
        start: machines::ventilator_flood,
        ..PLAIN
    },
    Scenario {
        name: "nurse-call-silent",
        title: "a nurse call panel keeps its heartbeat and passes no call on",
        endangers: "Patients of a ward call and nobody hears.",
        within_normal: true,
        hour: 7.4,
        start: machines::calls_stop,
        ..PLAIN
    },
    Scenario {
        name: "pump-library-by-day",
        title: "the pump gateway sends all pumps a drug library at noon, more than twice as large as any before",
        family: Family::Command,
        techniques: &["T0836", "T0855", "T1692.001", "T0831", "T0843", "T0889", "T0839", "T1693.002", "T0879", "T0838"],
        endangers: "Pumps warn of wrong doses by limits that nobody has checked, or not at all.",
        within_normal: true,
        hour: 12.3,
        start: pumps::library_by_day,
        ..PLAIN
    },
    Scenario {
        name: "pump-reports-suppressed",
        title: "pumps tell the gateway only that they are there: no status, no alarm, no log",
        techniques: &["T0878", "T0804", "T1691.002", "T0815", "T0829", "T0826", "T0832", "T0849"],
        endangers: "Nobody outside the room learns that an infusion has stopped or that a pump alarms.",
        within_normal: true,
        hour: 9.6,
        start: pumps::reports_stop,
        ..PLAIN
    },
    Scenario {
        name: "monitor-alarm-storm",
        title: "a loose lead makes a monitor alarm every two seconds",
        family: Family::Fault,
        techniques: &["T0814", "T0856", "T1692.002", "T0832"],
        endangers: "Real alarms of the ward go under among those of one bed.",
        within_normal: true,
        hour: 18.2,
        start: monitors::alarm_storm,
        ..PLAIN
    },
    Scenario {
        name: "monitor-limits-from-afar",
        title: "a central station sets the alarm limits of all its monitors at night, which is otherwise done at the bed",
        family: Family::Command,
        techniques: &["T0838", "T0836", "T0855", "T1692.001", "T0878", "T0831"],
        endangers: "Monitors raise no alarm when a patient's heart or breathing fails.",
        within_normal: true,
        hour: 2.9,
        start: monitors::limits_set,
        ..PLAIN
    },
    Scenario {
        name: "vitals-half-rate",
        title: "a monitor sends its vitals half as often as before",
        family: Family::Fault,
        techniques: &["T0815", "T0829", "T0804", "T1691.002"],
        endangers: "The central station shows a patient's vitals late and with gaps.",
        within_normal: true,
        hour: 11.7,
        start: monitors::half_rate,
        ..PLAIN
    },
    Scenario {
        name: "station-reconnects",
        title: "a central station loses its connection to the device gateway every few seconds and opens it again",
        endangers: "Vitals and alarms of the station's beds reach records and other systems late, or not at all.",
        within_normal: true,
        hour: 21.2,
        start: monitors::reconnects,
        ..PLAIN
    },
    Scenario {
        name: "nurse-call-stuck",
        title: "the button of a nurse call panel is stuck and calls every few seconds",
        family: Family::Fault,
        techniques: &["T0814", "T0856", "T1692.002", "T0832"],
        endangers: "Calls of other patients go under, and staff no longer heed the panel.",
        within_normal: true,
        hour: 0.9,
        start: machines::button_stuck,
        ..PLAIN
    },
];
