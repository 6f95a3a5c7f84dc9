//! Messages that nobody of the hospital means.

use super::{Cast, Intrusion, accept, hours, port, to_application};
use crate::attacks::any_pc;
use crate::clock::{HOUR, MINUTE, ms, secs};
use crate::sim::Sim;
use crate::ward::laboratory;
use crate::ward::links::LinkId;
use crate::ward::records::{self, engine, orders};
use crate::wire::hl7::{Message, Sender, with_field};

/// Patients in a sweep.
const SWEPT: u64 = 400;

/// The health record's feed, from a PC: transfers and discharges under control ids of its own making.
pub(super) fn admissions(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("forged admissions", sim.now.0);
    let (pc, engine, ehr) = (any_pc(sim, &mut dice), sim.ward.site().engine, sim.ward.site().ehr);
    let link = engine::feed(sim, ehr);
    let intrusion = Intrusion { from: pc, to: engine, port: port(sim, link), answer: accept };
    let mut sender = Sender::new("EHR", "2.5.1||||||8859/1", "E", 71_000_100);
    let end = intrusion.run(sim, 14, 25.0, move |sim, dice| {
        let patient = records::somebody(sim, dice)?;
        let event = *dice.pick(&["ADT^A03^ADT_A03", "ADT^A08^ADT_A01", "ADT^A02^ADT_A02"]);
        let time = sim.calendar.digits(sim.now);
        let segments = vec![format!("EVN|{}|{time}", &event[4..7]), patient.pid(), patient.pv1(sim.calendar, "")];
        let message = sender.message(time, "ENGINE", event, segments);
        // The engine does its work with what it has accepted.
        engine::dispatch(sim, ehr, &message);
        Some(message)
    });
    Cast { victims: vec![engine], attackers: vec![pc], end }
}

/// The engine's link to the record, from a cabinet: corrected results that are far too high.
pub(super) fn results(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("forged results", sim.now.0);
    let (from, ehr) = (*dice.pick(&sim.ward.site().cabinets), sim.ward.site().ehr);
    let link = to_application(sim, "EHR");
    let intrusion = Intrusion { from, to: ehr, port: port(sim, link), answer: accept };
    let mut count = 0;
    let end = intrusion.run(sim, 9, 70.0, move |sim, dice| {
        let patient = records::somebody(sim, dice)?;
        // Its numbers are not the laboratory's: these go on as ever.
        let lis = sim.ward.laboratory.lis.clone();
        let mut message = laboratory::invented_report(sim, dice, patient, 3.0);
        sim.ward.laboratory.lis = lis;
        count += 1;
        message.control_id = format!("L269{count:06}");
        message.ends[2] = "EHR".into();
        Some(message)
    });
    Cast { victims: vec![ehr], attackers: vec![from], end }
}

/// Records what goes by on a link for a while, and then has `work` done with it.
fn record(sim: &mut Sim, link: LinkId, minutes: u32, work: impl FnOnce(&mut Sim, Vec<Message>) + 'static) {
    sim.ward.links.get_mut(link).recorded = Some(Vec::new());
    sim.after(MINUTE * minutes, move |sim| {
        let recorded = sim.ward.links.get_mut(link).recorded.take().unwrap_or_default();
        work(sim, recorded);
    });
}

/// Reports of half an hour, again after one, two and three hours.
pub(super) fn replay(sim: &mut Sim) -> Cast {
    let (lis, engine) = (sim.ward.site().lis, sim.ward.site().engine);
    let link = engine::feed(sim, lis);
    record(sim, link, 30, move |sim, recorded| {
        for (round, hours) in (0_u64..).zip([1, 2, 3]) {
            for (place, message) in (0_u64..).zip(recorded.iter().take(25).cloned()) {
                let wait = HOUR * hours + ms(1700 * place + 211 * round);
                sim.after(wait, move |sim| engine::forward(sim, lis, message));
            }
        }
    });
    Cast { victims: vec![engine], attackers: vec![lis], end: hours(sim, 3.7) }
}

/// Orders once more: drugs in another amount, and another test of the blood.
pub(super) fn reused_ids(sim: &mut Sim) -> Cast {
    let (ehr, engine) = (sim.ward.site().ehr, sim.ward.site().engine);
    let link = engine::feed(sim, ehr);
    record(sim, link, 90, move |sim, mut recorded| {
        recorded.retain(|message| matches!(message.event[0].as_str(), "RDE" | "OML"));
        for (place, mut message) in (0_u64..).zip(recorded.into_iter().take(12)) {
            if let Some(segment) = message.segment_mut("RXE") {
                *segment = with_field(segment, 3, "5000");
            } else if let Some(segment) = message.segment_mut("OBR") {
                *segment = with_field(segment, 4, "XMATCH^Crossmatch^L");
            }
            sim.after(secs(900 + 140 * place), move |sim| engine::forward(sim, ehr, message));
        }
    });
    Cast { victims: vec![engine, sim.ward.site().pharmacy], attackers: vec![ehr], end: hours(sim, 2.3) }
}

/// Laboratory orders for everybody, again and again.
pub(super) fn order_flood(sim: &mut Sim) -> Cast {
    let (ehr, lis) = (sim.ward.site().ehr, sim.ward.site().lis);
    let mut dice = sim.dice("order flood", sim.now.0);
    let mut left = 2500;
    sim.repeat(sim.now, move |sim| {
        left -= 1;
        let (sender, orders) = (sim.ward.records.ehr.clone(), sim.ward.records.orders);
        if let Some(patient) = records::somebody(sim, &mut dice) {
            let panel = dice.range(0..laboratory::PANELS.len() as u64) as usize;
            sim.ward.records.orders += 1_000_000 + left;
            let (mut message, _) = orders::laboratory_order(sim, &patient, panel, true);
            message.control_id = format!("E9{left:06}");
            engine::forward(sim, ehr, message);
        }
        (sim.ward.records.ehr, sim.ward.records.orders) = (sender, orders);
        (left > 0).then(|| sim.now + dice.around(ms(330), 0.6))
    });
    Cast { victims: vec![lis, sim.ward.site().engine], attackers: vec![ehr], end: hours(sim, 0.4) }
}

/// A discharge of everybody who lies in the house.
pub(super) fn discharge_flood(sim: &mut Sim) -> Cast {
    let site = sim.ward.site();
    let (ehr, victims) = (site.ehr, vec![site.engine, site.pump_gateway, site.device_gateway, site.pharmacy]);
    let mut dice = sim.dice("discharge flood", sim.now.0);
    let mut sender = Sender::new("EHR", "2.5.1||||||8859/1", "E", 95_000_000);
    let mut wait = ms(0);
    for patient in sim.ward.records.patients.clone() {
        wait += dice.around(secs(2), 0.5);
        let time = sim.calendar.digits(sim.now + wait);
        let segments = vec![format!("EVN|A03|{time}"), patient.pid(), patient.pv1(sim.calendar, "")];
        let message = sender.message(time, "ENGINE", "ADT^A03^ADT_A03", segments);
        sim.after(wait, move |sim| engine::forward(sim, ehr, message));
    }
    Cast { victims, attackers: vec![ehr], end: sim.now + wait + MINUTE }
}

/// RGV^O15 from the laboratory.
pub(super) fn foreign_orders(sim: &mut Sim) -> Cast {
    let (lis, engine, gateway) = (sim.ward.site().lis, sim.ward.site().engine, sim.ward.site().pump_gateway);
    let mut dice = sim.dice("foreign orders", sim.now.0);
    let mut sender = Sender::new("LIS", "2.5.1||||||8859/1", "L26", 8_800_000);
    for number in 0..6_u64 {
        let Some(patient) = records::somebody(sim, &mut dice) else { continue };
        let wait = secs(200 * number);
        let time = sim.calendar.digits(sim.now + wait);
        let segments = vec![
            patient.pid(),
            patient.pv1(sim.calendar, ""),
            format!("ORC|NW|{}^EHR|||||||{time}", 7_700_000 + number),
            "RXG|1|1||3^^|5000||mg||||||||400|mL/h|5000|mg".into(),
            "RXR|IV^^HL70162".into(),
        ];
        let message = sender.message(time, "ENGINE", "RGV^O15^RGV_O15", segments);
        sim.after(wait, move |sim| engine::forward(sim, lis, message));
    }
    Cast { victims: vec![engine, gateway], attackers: vec![lis], end: hours(sim, 0.4) }
}

/// Hundreds of queries, as an analyser asks them, from a PC.
pub(super) fn query_sweep(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("query sweep", sim.now.0);
    let (from, lis) = (any_pc(sim, &mut dice), sim.ward.site().lis);
    let intrusion = Intrusion { from, to: lis, port: laboratory::ANALYSER_PORT, answer: tell };
    let mut sender = Sender::new("COBAS", "2.5.1", "99", 1);
    let first = sim.ward.records.orders;
    let mut asked = 0;
    let end = intrusion.run(sim, SWEPT, 1.1, move |sim, _| {
        asked += 1;
        let time = sim.calendar.digits(sim.now);
        Some(laboratory::query(&mut sender, time, &format!("{}-1", first - asked)))
    });
    Cast { victims: vec![lis], attackers: vec![from], end }
}

/// The information system answers whoever asks.
fn tell(message: &Message, control_id: String, time: String) -> Message {
    let tube = message.segments[0].split('|').nth(2).unwrap_or_default().to_owned();
    let mut answer = message.acknowledge("AA", control_id, time);
    answer.event = ["RSP", "K11", "RSP_K11"].map(str::to_owned);
    answer.segments.extend([
        format!("QAK|{tube}|OK|WOS^Work Order Step^IHE_LABTF"),
        message.segments[0].clone(),
        format!("PID|1||{tube}^^^WARD^MR||CANARY^{tube}||19500101|F"),
        format!("SPM|1|{tube}||SER^^HL70487"),
    ]);
    answer
}
