//! The device gateway: makes HL7 of what monitors and ventilators say (IHE PCD technical framework, PCD-01 and PCD-04).

use std::time::Duration;

use super::machines::Machine;
use super::monitors::Monitor;
use crate::clock::{MINUTE, Time, seconds};
use crate::dice::Dice;
use crate::sim::Sim;
use crate::ward::links::LinkId;
use crate::wire::hl7::Message;

/// The interface engine's port for it.
const PORT: u16 = 6680;

/// What it has under way.
#[derive(Debug)]
pub struct Gateway {
    /// Its link to the interface engine.
    pub link: LinkId,
    count: u64,
    dice: Dice,
}

/// What a monitor measures: code of ISO/IEEE 11073-10101, its unit, the middle, and how much it varies.
const MEASURES: [(&str, &str, f64, f64); 7] = [
    ("147842^MDC_ECG_HEART_RATE^MDC", "264864^MDC_DIM_BEAT_PER_MIN^MDC", 82.0, 12.0),
    ("150456^MDC_PULS_OXIM_SAT_O2^MDC", "262688^MDC_DIM_PERCENT^MDC", 96.0, 1.4),
    ("151562^MDC_RESP_RATE^MDC", "264928^MDC_DIM_RESP_PER_MIN^MDC", 16.0, 3.0),
    ("150021^MDC_PRESS_BLD_NONINV_SYS^MDC", "266016^MDC_DIM_MMHG^MDC", 124.0, 14.0),
    ("150022^MDC_PRESS_BLD_NONINV_DIA^MDC", "266016^MDC_DIM_MMHG^MDC", 74.0, 9.0),
    ("150037^MDC_PRESS_BLD_ART_ABP_SYS^MDC", "266016^MDC_DIM_MMHG^MDC", 121.0, 13.0),
    ("150344^MDC_TEMP^MDC", "268192^MDC_DIM_DEGC^MDC", 37.1, 0.4),
];

/// What a ventilator measures.
const BREATHS: [(&str, &str, f64, f64); 4] = [
    ("151586^MDC_VENT_RESP_RATE^MDC", "264928^MDC_DIM_RESP_PER_MIN^MDC", 15.0, 2.0),
    ("151868^MDC_VOL_AWAY_TIDAL^MDC", "263762^MDC_DIM_MILLI_L^MDC", 470.0, 40.0),
    ("151976^MDC_VENT_PRESS_AWAY_END_EXP_POS^MDC", "266048^MDC_DIM_CM_H2O^MDC", 8.0, 1.0),
    ("152196^MDC_CONC_AWAY_O2^MDC", "262688^MDC_DIM_PERCENT^MDC", 40.0, 6.0),
];

/// Alarms that monitors raise.
const ALARMS: [(&str, &str); 5] = [
    ("196670^MDC_EVT_LO^MDC", "150456^MDC_PULS_OXIM_SAT_O2^MDC"),
    ("196648^MDC_EVT_HI^MDC", "147842^MDC_ECG_HEART_RATE^MDC"),
    ("196670^MDC_EVT_LO^MDC", "147842^MDC_ECG_HEART_RATE^MDC"),
    ("196648^MDC_EVT_HI^MDC", "151562^MDC_RESP_RATE^MDC"),
    ("196916^MDC_EVT_LEADS_OFF^MDC", "131328^MDC_ECG_ELEC_POTL^MDC"),
];

/// Sets its link up.
pub fn open(sim: &mut Sim) {
    let (gateway, engine) = (sim.ward.site().device_gateway, sim.ward.site().engine);
    let link = sim.link(gateway, engine, PORT);
    let dice = sim.dice("device gateway", 0);
    sim.ward.bedside.gateway = Some(Gateway { link, count: 0, dice });
}

/// Has the vitals of a monitor sent every five minutes.
pub fn chart_monitor(sim: &mut Sim, index: usize) {
    let mut dice = sim.dice("monitor chart", index as u64);
    sim.repeat(sim.now + dice.around(3 * MINUTE, 0.9), move |sim| {
        let monitor = &sim.ward.bedside.monitors[index];
        if monitor.is_seen() {
            let bed = sim.net.host(monitor.host).name.clone();
            send(sim, Event::Vitals(&MEASURES), monitor.patient, &bed);
        }
        Some(sim.now + dice.around(5 * MINUTE, 0.02))
    });
}

/// Has what a ventilator measures sent every quarter of an hour.
pub fn chart_machine(sim: &mut Sim, index: usize) {
    let mut dice = sim.dice("machine chart", index as u64);
    sim.repeat(sim.now + dice.around(8 * MINUTE, 0.9), move |sim| {
        let Machine { in_use, patient, host, .. } = sim.ward.bedside.machines[index];
        if in_use && sim.net.host(host).up {
            let bed = sim.net.host(host).name.clone();
            send(sim, Event::Vitals(&BREATHS), patient, &bed);
        }
        Some(sim.now + dice.around(15 * MINUTE, 0.02))
    });
}

/// Sends a monitor's alarm, and its end.
pub fn pass_alarm(sim: &mut Sim, index: usize, at: Time, lasts: Duration) {
    for (time, phase) in [(at, "start"), (at + lasts, "end")] {
        sim.at(time, move |sim| {
            let Monitor { patient, host, .. } = sim.ward.bedside.monitors[index];
            let bed = sim.net.host(host).name.clone();
            send(sim, Event::Alarm(phase), patient, &bed);
        });
    }
}

/// What a message tells.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// What is measured (PCD-01).
    Vitals(&'static [(&'static str, &'static str, f64, f64)]),
    /// An alarm in its phase (PCD-04).
    Alarm(&'static str),
}

/// Sends a message about a patient at a bed.
fn send(sim: &mut Sim, event: Event, patient: u64, bed: &str) {
    let Some(mut dice) = sim.ward.bedside.gateway.as_ref().map(|gateway| gateway.dice.clone()) else { return };
    tell(sim, event, patient, bed, &mut dice);
    if let Some(gateway) = &mut sim.ward.bedside.gateway {
        gateway.dice = dice;
    }
}

/// The same with other dice: of one who makes it up.
pub fn tell(sim: &mut Sim, event: Event, patient: u64, bed: &str, dice: &mut Dice) {
    let time = sim.calendar.digits(sim.now);
    let Some(gateway) = &mut sim.ward.bedside.gateway else { return };
    gateway.count += 1;
    let count = gateway.count;
    let mut segments = vec![
        format!("PID|||B{patient}^^^HOSP^PI||CANARY^BED{}", patient % 977),
        format!("PV1||I|WARD^^{bed}"),
        format!("OBR|1|{count}^DEVGW|{count}^DEVGW|182777000^monitoring of patient^SCT|||{time}"),
    ];
    let trigger = match event {
        Event::Vitals(measures) => {
            for (number, (code, unit, middle, deviation)) in (1_u8..).zip(measures) {
                let value = dice.normal(*middle, *deviation).max(middle / 4.0).min(middle * 2.0);
                let value = if *deviation < 1.0 { format!("{value:.1}") } else { format!("{value:.0}") };
                let number = number.to_string();
                let parts =
                    ["OBX|", &number, "|NM|", code, "|1.1.1.", &number, "|", &value, "|", unit, "|||||R|||", &time];
                segments.push(parts.concat());
            }
            "R01"
        }
        Event::Alarm(phase) => {
            let (alarm, source) = *dice.pick(&ALARMS);
            segments.push(format!("OBX|1|CWE|196616^MDC_EVT_ALARM^MDC|1.1.1.1|{alarm}||||||F|||{time}"));
            segments.push(format!("OBX|2|CWE|68480^MDC_ATTR_ALERT_SOURCE^MDC|1.1.1.2|{source}||||||F"));
            segments.push(format!("OBX|3|ST|68481^MDC_ATTR_EVENT_PHASE^MDC|1.1.1.3|{phase}||||||F"));
            "R40"
        }
    };
    let message = Message {
        ends: ["DEVGW".into(), "WARD".into(), "ENGINE".into(), "WARD".into()],
        time,
        event: ["ORU".into(), trigger.into(), format!("ORU_{trigger}")],
        control_id: format!("DG{count:08}"),
        processing: 'P',
        version: "2.6",
        segments,
    };
    let link = gateway.link;
    sim.deliver(link, message, |_, _| {});
}

/// A duration of so many minutes, as dice give them.
pub fn minutes(count: f64) -> Duration {
    seconds(count * 60.0)
}
