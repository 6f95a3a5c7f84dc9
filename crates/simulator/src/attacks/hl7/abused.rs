//! Links that are there every day, used by somebody who has the sender in his hands.

use super::{Cast, hours, paced};
use crate::clock::{HOUR, Time};
use crate::dice::Dice;
use crate::sim::Sim;
use crate::ward::laboratory::{self, ANALYTES};
use crate::ward::links::{Reply, Tamper};
use crate::ward::pharmacy::of_ward;
use crate::ward::records::{self, engine};
use crate::wire::hl7::{Message, Sender};
use crate::wire::noise;

/// How a program for Windows begins (MZ and what follows), in Base64.
const PROGRAM: &str = "TVqQAAMAAAAEAAAA//8AALgAAAAAAAAAQAAAAAAAAAAA";

/// Somebody has the health record in his hands.
fn by_record(sim: &Sim, more: &[crate::network::HostId], end: Time) -> Cast {
    let site = sim.ward.site();
    Cast { victims: [site.engine].iter().chain(more).copied().collect(), attackers: vec![site.ehr], end }
}

/// ADT^A40: one or two a day are usual.
pub(super) fn merges(sim: &mut Sim) -> Cast {
    let end = paced(sim, "merge storm", 90, 14.0, |sim, dice, _| {
        let (Some(kept), Some(gone)) = (records::somebody(sim, dice), records::somebody(sim, dice)) else { return };
        if kept.number == gone.number {
            return;
        }
        let mut message = records::message(sim, &kept, "ADT^A40^ADT_A39", "");
        message.segments.insert(2, format!("MRG|{}^^^WARD^MR", gone.number));
        records::send(sim, message);
    });
    by_record(sim, &[sim.ward.site().lis, sim.ward.site().pharmacy], end)
}

/// RDE^O11 when hardly anybody prescribes.
pub(super) fn night_orders(sim: &mut Sim) -> Cast {
    let end = paced(sim, "night orders", 45, 35.0, |sim, dice, number| {
        let Some(patient) = records::somebody(sim, dice) else { return };
        // Its numbers are not the record's own: these go on as ever.
        let (number, time) = (sim.ward.records.orders + 70_000 + number, sim.calendar.digits(sim.now));
        let mut message = records::message(sim, &patient, "RDE^O11^RDE_O11", "");
        message.segments.extend([
            format!("ORC|NW|{number}^EHR|||||||{time}|||{}", patient.physician()),
            format!("TQ1|1|1|Q6H|||{time}"),
            "RXE||7052^Morphine^RXNORM|10||g|||||1".into(),
            "RXR|IV^^HL70162".into(),
        ]);
        records::send(sim, message);
    });
    by_record(sim, &[sim.ward.site().pharmacy], end)
}

/// ADT^A60 with action code D (HL7 v2.5.1 sections 3.3.60 and 3.4.7): nobody here sends such messages.
pub(super) fn allergies(sim: &mut Sim) -> Cast {
    let end = paced(sim, "allergies", 35, 40.0, |sim, dice, _| {
        let Some(patient) = records::somebody(sim, dice) else { return };
        let mut message = records::message(sim, &patient, "ADT^A60^ADT_A60", "");
        message.segments.push("IAM|1|DA|70618^Penicillin^RXNORM|MO|Rash|D|A1^EHR".into());
        records::send(sim, message);
    });
    by_record(sim, &[sim.ward.site().pharmacy], end)
}

/// MFN^M08 (HL7 v2.5.1 section 8.8.3), an analyte after the other: twice as wide as before.
pub(super) fn reference_ranges(sim: &mut Sim) -> Cast {
    let end = paced(sim, "reference ranges", ANALYTES.len() as u64, 45.0, |sim, _, number| {
        let analyte = &ANALYTES[number as usize];
        let (time, (low, high)) = (sim.calendar.digits(sim.now), analyte.normal);
        let segments = vec![
            "MFI|OMA^Numerical observation master file^HL70175|EHR|UPD|||AL".into(),
            format!("MFE|MUP|{number}|{time}|{}^LN|CE", analyte.code),
            format!("OM1|{}|{}^LN|NM|Y|LAB", number + 1, analyte.code),
            format!("OM2|{}|{}||||{:.2}&{:.2}", number + 1, analyte.unit, low * 0.5, high * 2.0),
        ];
        let message = sim.ward.records.ehr.message(time, "ENGINE", "MFN^M08^MFN_M08", segments);
        records::send(sim, message);
    });
    by_record(sim, &[sim.ward.site().lis], end)
}

/// Reports with status C of what was final long ago.
pub(super) fn corrected(sim: &mut Sim) -> Cast {
    let (lis, ehr) = (sim.ward.site().lis, sim.ward.site().ehr);
    let end = paced(sim, "corrected", 100, 24.0, move |sim, dice, _| {
        let Some(patient) = records::somebody(sim, dice) else { return };
        let bias = dice.between(-1.5, 1.5);
        let message = laboratory::invented_report(sim, dice, patient, bias);
        engine::forward(sim, lis, message);
    });
    Cast { victims: vec![ehr, sim.ward.site().engine], attackers: vec![lis], end }
}

/// The host is right, the port is right, and MSH-3 is that of another.
pub(super) fn foreign_application(sim: &mut Sim) -> Cast {
    let (lis, ris) = (sim.ward.site().lis, sim.ward.site().ris);
    let mut sender = Sender::new("RIS", "2.3.1", "R", 1_612_400);
    sender.trailing = true;
    let end = paced(sim, "foreign application", 14, 240.0, move |sim, dice, _| {
        let Some(patient) = records::somebody(sim, dice) else { return };
        let (time, number) = (sim.calendar.digits(sim.now), sim.ward.records.orders - dice.range(0..300));
        let segments = vec![
            patient.pid(),
            patient.pv1(sim.calendar, ""),
            format!("OBR|1|{number}^EHR|{number}^RIS|CTHEAD^CT head^L|||{time}|||||||||||||||{time}||CT|F"),
            "OBX|1|TX|&GDT^Report^L||No intracranial haemorrhage, no midline shift, no mass effect.||||||F".into(),
        ];
        let message = sender.message(time, "ENGINE", "ORU^R01", segments);
        engine::forward(sim, lis, message);
    });
    let site = sim.ward.site();
    Cast { victims: vec![ris, site.ehr, site.engine], attackers: vec![lis], end }
}

/// QBP^Q11 as an analyser asks for a tube that was put on it, for tubes that were not.
pub(super) fn analyser_harvest(sim: &mut Sim) -> Cast {
    let (lis, analyser) = (sim.ward.site().lis, sim.ward.laboratory.analysers[0].host);
    let newest = sim.ward.records.orders;
    let end = paced(sim, "analyser harvest", 300, 4.5, move |sim, dice, number| {
        let Some(patient) = records::somebody(sim, dice) else { return };
        let (order, time) = (newest - number, sim.calendar.digits(sim.now));
        let tube = format!("{order}-1");
        let analyser = &mut sim.ward.laboratory.analysers[0];
        let query = laboratory::query(&mut analyser.sender, time, &tube);
        let reply = Reply {
            code: "AA",
            event: ["RSP", "K11", "RSP_K11"],
            segments: vec![
                format!("QAK|{tube}|OK|WOS^Work Order Step^IHE_LABTF"),
                format!("QPD|WOS^Work Order Step^IHE_LABTF|{tube}|{tube}"),
                patient.pid(),
                format!("SPM|1|{tube}||SER^^HL70487"),
                format!("ORC|NW|{order}^EHR"),
                format!("OBR|1|{order}^EHR||CHEM^^L"),
            ],
        };
        let link = analyser.link;
        sim.query(link, query, reply, |_, _| {});
    });
    Cast { victims: vec![lis], attackers: vec![analyser], end }
}

/// All orders that go to the cabinet of a ward for nine hours.
pub(super) fn growing(sim: &mut Sim) -> Cast {
    let (pharmacy, mark) = (sim.ward.site().pharmacy, sim.net.mark);
    let drugs = &sim.ward.pharmacy;
    let cabinet = sim.ward.records.patients.first().and_then(|patient| of_ward(drugs, patient.ward()));
    let Some(cabinet) = cabinet.map(|cabinet| &drugs.cabinets[cabinet]) else {
        return super::fault(Vec::new(), sim.now);
    };
    let (host, link) = (cabinet.host, cabinet.down);
    sim.ward.links.get_mut(link).tamper = Some(Tamper { mark, change: append });
    sim.after(HOUR * 9, move |sim| sim.ward.links.get_mut(link).tamper = None);
    Cast { victims: vec![pharmacy], attackers: vec![host], end: hours(sim, 9.0) }
}

/// From some hundred letters in the morning to some thousands in the afternoon.
fn append(message: &mut Message, dice: &mut Dice) -> bool {
    let digits = |from: usize| message.time.get(from..from + 2).and_then(|digits| digits.parse().ok()).unwrap_or(0);
    let minutes: usize = digits(8) * 60 + digits(10);
    let letters = (minutes * 12).saturating_sub(5_800).max(120);
    message.segments.push(format!("ZXP|1|{}", noise::base64(dice, letters)));
    true
}

/// OBX of type ED with Base64 in it (HL7 v2.5.1 section 2.A.24), between letters of plain text.
pub(super) fn letters(sim: &mut Sim) -> Cast {
    let ris = sim.ward.site().ris;
    let end = paced(sim, "letters with programs", 7, 400.0, move |sim, dice, _| {
        let Some(patient) = records::somebody(sim, dice) else { return };
        let (time, number) = (sim.calendar.digits(sim.now), sim.ward.records.orders);
        let letters = 4 * dice.range(15_000..40_000) as usize;
        let segments = vec![
            format!("EVN|T02|{time}"),
            patient.pid(),
            patient.pv1(sim.calendar, ""),
            format!("TXA|1|DS^Discharge summary|AP|{time}||||||||{number}^RIS||||AU"),
            format!(
                "OBX|1|ED|&GDT^Report^L||RIS^application^octet-stream^Base64^{PROGRAM}{}||||||F",
                noise::base64(dice, letters)
            ),
        ];
        let message = sim.ward.records.ris.message(time, "ENGINE", "MDM^T02", segments);
        engine::forward(sim, ris, message);
    });
    let site = sim.ward.site();
    Cast { victims: vec![site.ehr, site.engine], attackers: vec![ris], end }
}
