//! Answers: what a receiver tells of itself by them, and answers that belong to other messages.

use super::{Cast, fault, hours, paced, to_application};
use crate::attacks::Family::{Fault, Reconnaissance};
use crate::attacks::Scenario;
use crate::clock::HOUR;
use crate::sim::Sim;
use crate::ward::links::Reply;
use crate::ward::records::engine;
use crate::wire::hl7::Sender;

/// What they have in common.
const BASE: Scenario = Scenario { within_normal: true, start: probe, ..super::BASE };

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "hl7-events-probed",
        title: "The laboratory's system tries which kinds of messages the interface engine takes, and is refused most",
        family: Reconnaissance,
        techniques: &["T0846", "T0888", "T0840", "T0855", "T1692", "T1692.001", "T1046", "T1592", "T1592.002"],
        endangers: "Nothing yet: somebody learns which records could be asked for, and which could be changed.",
        hour: 19.8,
        start: probe,
        ..BASE
    },
    Scenario {
        name: "hl7-acknowledgements-shifted",
        title: "The pharmacy acknowledges each message as if it were the one before",
        family: Fault,
        techniques: &["T0832", "T0856", "T1692", "T1692.002", "T0804", "T1691.002", "T0814", "T1565", "T1565.002"],
        endangers: "A drug order that the pharmacy refuses counts as taken, and nobody sends it again.",
        hour: 17.3,
        start: shifted,
        ..BASE
    },
];

/// Messages of other departments, queries, and what changes records and master files (HL7 tables 0076 and 0003).
const KINDS: [[&str; 2]; 30] = [
    ["QRY", "A19"],
    ["QRY", "R02"],
    ["QRY", "PC4"],
    ["QRY", "Q01"],
    ["QBP", "Q13"],
    ["QBP", "Q21"],
    ["QBP", "Q22"],
    ["QBP", "Q23"],
    ["VXQ", "V01"],
    ["VXU", "V04"],
    ["RQI", "I01"],
    ["REF", "I12"],
    ["PPR", "PC1"],
    ["PMU", "B01"],
    ["ADT", "A18"],
    ["ADT", "A24"],
    ["ADT", "A28"],
    ["ADT", "A37"],
    ["BAR", "P01"],
    ["BAR", "P06"],
    ["MFQ", "M01"],
    ["MFN", "M02"],
    ["MFN", "M04"],
    ["MFN", "M15"],
    ["OSQ", "Q06"],
    ["SQM", "S25"],
    ["SRM", "S01"],
    ["NMQ", "N01"],
    ["SSU", "U03"],
    ["EAC", "U07"],
];

/// Those that the engine has a rule for, though nobody uses it.
const TAKEN: [&str; 3] = ["A28", "M02", "V04"];

/// Without a patient: what is wanted is the answer, AR with a code of table 0357 (HL7 v2.5.1 section 2.9.2.2), as whoever
/// feels out a system on the network does it by its errors. Whose hands hold the laboratory's system gets at its feed alone.
fn probe(sim: &mut Sim) -> Cast {
    let (lis, engine) = (sim.ward.site().lis, sim.ward.site().engine);
    let feed = engine::feed(sim, lis);
    // Its numbers are not the laboratory's own: these go on as ever.
    let mut sender = Sender::new("LIS", "2.5.1||||||8859/1", "L26", 9_700_000);
    let end = paced(sim, "events probed", KINDS.len() as u64, 25.0, move |sim, _, number| {
        let [code, trigger] = KINDS[number as usize];
        let time = sim.calendar.digits(sim.now);
        let message = sender.message(time, "ENGINE", &format!("{code}^{trigger}"), Vec::new());
        let (msa, error) = match trigger {
            trigger if TAKEN.contains(&trigger) => ("AA", None),
            _ if matches!(code, "ADT" | "MFN" | "QBP") => ("AR", Some("201^Unsupported event code")),
            _ => ("AR", Some("200^Unsupported message type")),
        };
        let segments = error.map(|error| format!("ERR||MSH^1^9|{error}^HL70357|E")).into_iter().collect();
        sim.query(feed, message, Reply { code: msa, event: ["ACK", trigger, "ACK"], segments }, |_, _| {});
    });
    Cast { victims: vec![engine], attackers: vec![lis], end }
}

/// An answer came after the sender had given it up, and since then each is taken for that of the next message: what
/// interfaces without sequence numbers do for days until somebody restarts them.
fn shifted(sim: &mut Sim) -> Cast {
    let (mark, pharmacy, engine) = (sim.net.mark, sim.ward.site().pharmacy, sim.ward.site().engine);
    let link = to_application(sim, "RXSYS");
    let state = sim.ward.links.get_mut(link);
    (state.lagging, state.mark) = (true, mark);
    sim.after(HOUR * 2, move |sim| {
        let state = sim.ward.links.get_mut(link);
        (state.lagging, state.mark) = (false, 0);
    });
    fault(vec![pharmacy, engine], hours(sim, 2.0))
}
