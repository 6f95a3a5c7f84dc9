//! `evaluate` from end to end, with the naive detectors and two scenarios of its own.
//!
//! One test alone, since it forks: no other thread of this program should be at work then.

use std::time::Duration;
use wardtap_simulator::attacks::{Cast, Family, Scenario};
use wardtap_simulator::clock::{MINUTE, secs};
use wardtap_simulator::evaluate::{self, Families, Plan, Severity, markdown};
use wardtap_simulator::sim::Sim;
use wardtap_simulator::tap::Faults;
use wardtap_simulator::tcp::{Connection, Side};

/// A PC opens a connection to a port of the record's that nobody uses: one new edge.
fn unusual_port(sim: &mut Sim) -> Cast {
    let (pc, ehr) = (sim.ward.site().pcs[0], sim.ward.site().ehr);
    let (mut connection, ready) = Connection::open(&mut sim.net, sim.now, pc, ehr, 9999);
    let sent = connection.send(&mut sim.net, ready, Side::Opener, b"hello");
    let end = connection.close(&mut sim.net, sent.arrived, Side::Opener);
    // What it leaves behind must not reach the next scenario.
    let printer = sim.ward.site().printers[0];
    sim.net.host_mut(printer).up = false;
    Cast { victims: vec![ehr], attackers: vec![pc], end }
}

/// Nothing happens: whoever finds it is wrong.
fn nothing(sim: &mut Sim) -> Cast {
    assert!(sim.net.host(sim.ward.site().printers[0]).up);
    Cast { victims: vec![sim.ward.site().printers[0]], attackers: Vec::new(), end: sim.now + secs(600) }
}

const UNUSUAL_PORT: Scenario = Scenario {
    name: "unusual-port",
    title: "A PC opens a connection to a port that nobody uses",
    family: Family::Access,
    techniques: &["T0886"],
    endangers: "Nothing.",
    within_normal: false,
    held_out: false,
    tool: None,
    hour: 3.0,
    prepared: Duration::ZERO,
    start: unusual_port,
};

const NOTHING: Scenario = Scenario { name: "nothing", hour: 4.0, held_out: true, start: nothing, ..UNUSUAL_PORT };

const FAILING: Scenario = Scenario { name: "failing", start: |_| panic!("as it should"), ..UNUSUAL_PORT };

static SCENARIOS: [Scenario; 3] = [UNUSUAL_PORT, NOTHING, FAILING];

fn plan(work: &std::path::Path, jobs: usize) -> Plan {
    let naive = env!("CARGO_BIN_EXE_naive-detector");
    Plan {
        seed: 1,
        devices: 50,
        learn: 1,
        clean: 1,
        tolerance: MINUTE * 60,
        severity: Severity::Info,
        detectors: vec![format!("{naive} edges"), format!("{naive} counts"), "true".into()],
        scenarios: SCENARIOS.iter().collect(),
        families: Families::from([("new-edge".into(), [Family::Access].into())]),
        assets: false,
        faults: Faults::default(),
        jobs,
        work: work.into(),
    }
}

#[test]
fn what_is_played_is_found_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let report = evaluate::run(&plan(folder.path(), 2)).unwrap();
    assert_eq!(report.failures, ["failing"]);
    let [edges, counts, idle] = &report.detectors[..] else { panic!("three detectors") };

    assert!(edges.learned && counts.learned && !idle.learned);
    let [Some(found), Some(silent), None] = &edges.verdicts[..] else { panic!("{:?}", edges.verdicts) };
    assert!(found.found && !found.without && !silent.found);
    assert_eq!((found.right, found.alerts, found.incidents), (Some(true), 1, None));
    assert!(found.after.unwrap() < Duration::from_secs(1));
    assert_eq!(found.by.iter().map(|finder| &*finder.detection).collect::<Vec<_>>(), ["new-edge"]);
    // A day on which nothing happens is the clean one.
    assert_eq!(edges.clean.all.alerts.count, silent.others as u64);
    assert!((0.0..=1.0).contains(&found.chance));

    assert!(idle.notes.iter().any(|note| note.contains("replays failed")), "it writes no events: {:?}", idle.notes);
    assert!(idle.verdicts.iter().flatten().all(|verdict| !verdict.found));

    let text = markdown::render(&report);
    assert!(text.contains("| `unusual-port` | access | yes | yes | `new-edge` | medium | < 1 s | 1 |"), "{text}");
    assert!(text.contains("Could not be simulated: failing"), "{text}");

    // One after the other it is the same.
    let again = evaluate::run(&plan(folder.path(), 1)).unwrap();
    assert_eq!(markdown::render(&again), text);
}
