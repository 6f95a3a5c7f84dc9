//! Orders, doses, names and persons that are not what was meant any more, and an analyser that is none.

use super::{Cast, FORGED, Intrusion, accept, fault, hours, paced, to_application};
use crate::attacks::Family::{Command, Fault, Integrity};
use crate::attacks::Scenario;
use crate::clock::{HOUR, MINUTE, secs};
use crate::dice::Dice;
use crate::network::WINDOWS;
use crate::sim::Sim;
use crate::ward::bedside::monitors;
use crate::ward::laboratory::{self, ANALYSER_PORT, ANALYTES, Order, PANELS};
use crate::ward::links::{LinkId, Tamper};
use crate::ward::records::{self, engine};
use crate::wire::hl7::{Message, Sender, with_field};

/// What they have in common.
const BASE: Scenario = Scenario { within_normal: true, start: stopped, ..super::BASE };

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "drug-orders-stopped",
        title: "The health record's feed stops drug orders of all patients, one after the other in an evening",
        family: Command,
        techniques: &[
            "T0855",
            "T1692",
            "T1692.001",
            "T0831",
            "T0836",
            "T0813",
            "T0826",
            "T0827",
            "T0848",
            "T0859",
            "T1078",
            "T1485",
            "T1565",
            "T1565.001",
        ],
        endangers: "Cabinets give no heparin, insulin or antibiotics out any more, and patients go without them.",
        hour: 22.3,
        start: stopped,
        ..BASE
    },
    Scenario {
        name: "infusion-rates-changed",
        title: "Infusion orders reach the pumps' server with ten times the rate that was ordered",
        family: Integrity,
        techniques: &[
            "T0830",
            "T0855",
            "T0856",
            "T1692",
            "T1692.001",
            "T1692.002",
            "T0831",
            "T0832",
            "T0836",
            "T1557",
            "T1565",
            "T1565.002",
        ],
        endangers: "Pumps offer ten times the dose, and whoever only confirms it gives it.",
        hour: 8.7,
        start: rates,
        ..BASE
    },
    Scenario {
        name: "hl7-letters-broken",
        title: "After an upgrade the interface engine sends names to the laboratory in another encoding than it says",
        family: Fault,
        techniques: &["T0832", "T0856", "T1692", "T1692.002", "T1565", "T1565.001", "T1565.002"],
        endangers: "The laboratory finds patients with umlauts in their names no more, and makes others of them.",
        hour: 6.8,
        start: letters,
        ..BASE
    },
    Scenario {
        name: "vitals-to-wrong-patients",
        title: "The device gateway files each bed's vitals under the patient of the next bed",
        family: Fault,
        techniques: &["T0832", "T0856", "T1692", "T1692.002", "T0831", "T1565", "T1565.001"],
        endangers: "Physicians treat by the blood pressure of the neighbour.",
        hour: 14.8,
        start: exchanged,
        ..BASE
    },
    Scenario {
        name: "analyser-impersonated",
        title: "A laptop in the laboratory sends results to its system as if it were an analyser",
        family: Integrity,
        techniques: FORGED,
        endangers: "Physicians treat by results that no analyser measured, and the laboratory vouches for them.",
        within_normal: false,
        hour: 13.3,
        start: impersonated,
        ..BASE
    },
];

/// Orders that are stopped of each patient.
const ORDERS: usize = 2;

/// Orders with the control code DC (HL7 v2.5.1 table 0119), as the record sends one of eight: here nothing else, from
/// whoever is logged in there with another's rights.
fn stopped(sim: &mut Sim) -> Cast {
    let mut left: Vec<_> = sim.ward.records.patients.iter().flat_map(|one| vec![one.clone(); ORDERS]).collect();
    let count = left.len() as u64;
    let end = paced(sim, "orders stopped", count, 1_500.0 / count.max(1) as f64, move |sim, dice, number| {
        let Some(patient) = left.pop() else { return };
        // Its numbers are not the record's own: these go on as ever.
        let record = sim.ward.records.ehr.clone();
        let mut message = records::message(sim, &patient, "RDE^O11^RDE_O11", "");
        sim.ward.records.ehr = record;
        message.control_id = format!("E{}", 97_300_000 + number);
        let (order, time) = (sim.ward.records.orders - dice.range(1..900), sim.calendar.digits(sim.now));
        let (code, name) = *dice.pick(&[("5224", "Heparin"), ("5856", "Insulin"), ("2193", "Ceftriaxone")]);
        message.segments.extend([
            format!("ORC|DC|{order}^EHR|||||||{time}|||{}", patient.physician()),
            format!("TQ1|1|1|Q8H|||{time}"),
            format!("RXE||{code}^{name}^RXNORM|1||mg|||||1"),
            "RXR|IV^^HL70162".into(),
        ]);
        records::send(sim, message);
    });
    Cast { victims: vec![sim.ward.site().pharmacy], attackers: vec![sim.ward.site().ehr], end }
}

/// Has what goes over a link changed for so many hours.
fn change(sim: &mut Sim, link: LinkId, length: f64, change: fn(&mut Message, &mut Dice) -> bool) {
    sim.ward.links.get_mut(link).tamper = Some(Tamper { mark: sim.net.mark, change });
    sim.after(HOUR.mul_f64(length), move |sim| sim.ward.links.get_mut(link).tamper = None);
}

/// RXG-15 (HL7 v2.5.1 section 4.14.6): a decimal point that is moved is the commonest error of doses, and nothing in HL7
/// protects a field on its way (Pestilential Protocol, Black Hat 2018).
fn rates(sim: &mut Sim) -> Cast {
    let link = to_application(sim, "PUMPSRV");
    change(sim, link, 9.0, |message, _| {
        let Some(segment) = message.segment_mut("RXG") else { return false };
        let rate: Option<u32> = segment.split('|').nth(15).and_then(|rate| rate.parse().ok());
        let Some(rate) = rate else { return false };
        *segment = with_field(segment, 15, &(rate * 10).to_string());
        true
    });
    let site = sim.ward.site();
    fault(vec![site.pump_gateway, site.engine], hours(sim, 9.0))
}

/// UTF-8, while MSH-18 still says 8859/1 (HL7 v2.5.1 section 2.14.9.18).
fn letters(sim: &mut Sim) -> Cast {
    let link = to_application(sim, "LIS");
    change(sim, link, 5.0, |message, _| {
        let broken: Vec<String> = message.segments.iter().map(|segment| in_two(segment)).collect();
        let changed = broken != message.segments;
        message.segments = broken;
        changed
    });
    let site = sim.ward.site();
    fault(vec![site.lis, site.engine], hours(sim, 5.0))
}

/// Text whose letters beyond ASCII have become two each.
fn in_two(text: &str) -> String {
    text.bytes().map(char::from).collect()
}

/// After beds were set up anew in the gateway the list of patients stands a line beside that of beds, until somebody sees
/// it: a device that is associated with the wrong patient is among the hazards of IHE's device integration (PCD-01).
fn exchanged(sim: &mut Sim) -> Cast {
    let (gateway, length) = (sim.ward.site().device_gateway, 3.2);
    let beds = monitors::in_use(sim);
    let right: Vec<u64> = beds.iter().map(|&bed| sim.ward.bedside.monitors[bed].patient).collect();
    let mut wrong = right.clone();
    wrong.rotate_left(1.min(right.len()));
    for (bed, patient) in beds.iter().zip(&wrong) {
        sim.ward.bedside.monitors[*bed].patient = *patient;
    }
    if let Some(link) = sim.ward.bedside.gateway.as_ref().map(|gateway| gateway.link) {
        change(sim, link, length, |message, _| {
            message.segments.iter().any(|segment| segment.starts_with("PV1|") && segment.contains("^^monitor"))
        });
    }
    let end = hours(sim, length);
    sim.at(end, move |sim| {
        for (bed, (right, wrong)) in beds.into_iter().zip(right.into_iter().zip(wrong)) {
            let monitor = &mut sim.ward.bedside.monitors[bed];
            // Where somebody else lies by now, he was entered rightly.
            if monitor.patient == wrong {
                monitor.patient = right;
            }
        }
    });
    fault(vec![gateway, sim.ward.site().engine], end)
}

/// Results that are sent.
const RESULTS: u64 = 14;

/// OUL^R22 (IHE LAW, LAB-29) on the port where analysers report: who they are nobody asks them. What comes is released as
/// everything else.
fn impersonated(sim: &mut Sim) -> Cast {
    let (zone, lis) = (sim.ward.site().zones.laboratory, sim.ward.site().lis);
    let laptop = sim.net.add_host("laptop-3f".into(), "laptop", zone, [0x8c, 0x16, 0x45], WINDOWS);
    sim.net.announce(sim.now, laptop);
    let mut sender = Sender::new("COBAS", "2.5.1", "11", 51_200);
    let intrusion = Intrusion { from: laptop, to: lis, port: ANALYSER_PORT, answer: accept };
    let end = intrusion.run(sim, RESULTS, 130.0, move |sim, dice| {
        let patient = records::somebody(sim, dice)?;
        let number = sim.ward.records.orders - dice.range(1..120);
        let (time, panel) = (sim.calendar.digits(sim.now), &PANELS[0]);
        let results: Vec<String> = (1..)
            .zip(panel.analytes.clone())
            .map(|(at, analyte)| ANALYTES[analyte].obx(at, ANALYTES[analyte].measure(dice, 1.8), 'F', &time))
            .collect();
        let code = panel.order.0;
        let mut segments = vec![
            format!("SPM|1|{number}-1||SER^^HL70487|||||||P^^HL70369"),
            format!("OBR|1|{number}-1||{code}^^L"),
            format!("ORC|SC||||CM||||{time}"),
        ];
        segments.extend_from_slice(&results);
        let order = Order { number, panel: 0, urgent: false, patient };
        sim.after(dice.skewed(secs(40), 0.6), move |sim| {
            let report = laboratory::report_message(sim, &order, results, 'F');
            engine::forward(sim, sim.ward.site().lis, report);
        });
        Some(sender.message(time, "LIS", "OUL^R22^OUL_R22", segments))
    });
    let end = end + 3 * MINUTE;
    sim.at(end, move |sim| sim.net.host_mut(laptop).up = false);
    Cast { victims: vec![lis, sim.ward.site().ehr], attackers: vec![laptop], end }
}
