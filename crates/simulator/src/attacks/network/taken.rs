//! What is carried off on ways that others use for their work: a database, a viewer, mailboxes.

use super::{Cast, pc, scenario, within_normal};
use crate::attacks::{Family, Scenario};
use crate::clock::{MINUTE, ms, secs};
use crate::dice::Dice;
use crate::sim::Sim;
use crate::tcp::{Connection, Side};
use crate::ward::office::secure::Visit;
use crate::wire::postgres;
use crate::wire::tls::BROWSER;

/// All of them.
pub const ALL: &[Scenario] = &[
    scenario(
        "database-dumped",
        "a PC logs in to the laboratory system's database, past the system itself, and copies its tables out",
        Family::Theft,
        &[
            "T0811",
            "T0802",
            "T0882",
            "T0859",
            "T0893",
            "T0886",
            "T1213",
            "T1213.006",
            "T1005",
            "T1074",
            "T1078",
            "T1119",
            "T1040",
        ],
        "All results of all patients are in the hands of somebody who needs none of them.",
        20.1,
        dumped,
    ),
    within_normal(scenario(
        "viewer-emptied",
        "a reading workstation opens one study after the other in the archive's viewer all evening, faster than anybody reads",
        Family::Theft,
        &["T0811", "T0802", "T0882", "T0859", "T1005", "T1078", "T1119", "T1213", "T1074"],
        "Images of many patients are taken out of the archive where no log of DICOM shows it.",
        18.9,
        viewer_emptied,
    )),
    within_normal(scenario(
        "mailboxes-fetched",
        "a ward's PC fetches whole mailboxes from the mail that is kept outside, in the middle of the night",
        Family::Theft,
        &["T0811", "T0802", "T0882", "T0859", "T1114", "T1114.002", "T1078", "T1078.004", "T1119", "T1213", "T1550"],
        "Letters about patients, and what staff write one another, are being read by a stranger.",
        1.9,
        mailboxes,
    )),
];

/// Tables: columns, and rows.
const TABLES: [(&str, u8, u32); 11] = [
    ("pg_catalog.pg_class", 4, 420),
    ("public.site", 6, 40),
    ("public.users", 9, 310),
    ("public.physicians", 8, 260),
    ("public.analytes", 12, 190),
    ("public.patients", 14, 9_000),
    ("public.specimens", 9, 14_000),
    ("public.orders", 11, 15_000),
    ("public.results", 12, 32_000),
    ("public.results_archive", 12, 26_000),
    ("public.audit", 7, 6_000),
];

/// pg_dump with the system's own user, whose password stands in a file of each of its clients; databases of such systems
/// listen to all of the network (CWE-260, and as in 2019 with a collection agency's for laboratories, the data of twenty
/// million patients).
fn dumped(sim: &mut Sim) -> Cast {
    let (attacker, victim) = (pc(sim, 3), sim.ward.site().lis);
    let mut dice = sim.dice("database dumped", 0);
    let (mut open, ready) = Connection::open(&mut sim.net, sim.now, attacker, victim, postgres::PORT);
    let salt = (dice.bits() as u32).to_be_bytes();
    let digest = u128::from(dice.bits()) << 64 | u128::from(dice.bits());
    let says = [
        (Side::Opener, postgres::start("lisapp", "lis", "pg_dump")),
        (Side::Answerer, postgres::challenge(salt)),
        (Side::Opener, postgres::password(digest)),
        (Side::Answerer, postgres::welcome()),
    ];
    let at = says.iter().fold(ready, |at, (side, said)| open.send(&mut sim.net, at + ms(2), *side, said).arrived);
    let mut tables = TABLES.into_iter();
    sim.repeat(at + ms(400), move |sim| {
        let net = &mut sim.net;
        let Some((table, columns, rows)) = tables.next() else {
            let at = open.send(net, sim.now, Side::Opener, &postgres::goodbye()).arrived;
            open.close(net, at, Side::Opener);
            return None;
        };
        let asked = postgres::query(&format!("COPY {table} TO STDOUT;"));
        let heard = open.send(net, sim.now, Side::Opener, &asked).arrived;
        let told = postgres::copied(columns, (0..rows).map(|number| row(number, columns, &mut dice)));
        let at = open.send(net, heard + ms(30), Side::Answerer, &told).arrived;
        Some(at + dice.skewed(ms(600), 0.5))
    });
    Cast { victims: vec![victim], attackers: vec![attacker], end: sim.now + 5 * MINUTE }
}

fn row(number: u32, columns: u8, dice: &mut Dice) -> String {
    let bits = dice.bits();
    let fields = (2..columns).map(|column| format!("{}", bits >> (4 * column) & 0xfff));
    [format!("{}", 2_700_000 + number), "CANARY".into()].into_iter().chain(fields).collect::<Vec<_>>().join("\t")
}

/// By the same page, certificate and program as ever: who has the workstation has its session, and images as the page shows
/// them are good enough to sell (exposed archives were emptied so by the hundred: Greenbone Networks, 2019).
fn viewer_emptied(sim: &mut Sim) -> Cast {
    let (station, victim, end) = (sim.ward.site().reading[0], sim.ward.site().archive, sim.now + 75 * MINUTE);
    let mut dice = sim.dice("viewer emptied", 0);
    sim.repeat(sim.now + ms(10), move |sim| {
        if sim.net.host(station).up && sim.net.host(victim).up {
            sim.view_many(station, 5..11, 20_000..90_000, &mut dice);
        }
        Some(sim.now + dice.skewed(secs(55), 0.5)).filter(|next| *next < end)
    });
    Cast { victims: vec![victim], attackers: vec![station], end: end + MINUTE }
}

/// Letters that are fetched of a mailbox before the next session.
const LETTERS: u64 = 18;

/// With a token that was stolen out of a browser (AA23-193A; business mail of hospitals was read so for weeks): folder after
/// folder, each letter with what hangs on it, by the way that all mail goes.
fn mailboxes(sim: &mut Sim) -> Cast {
    let (attacker, proxy, outside) = (pc(sim, 0), sim.ward.site().proxy, sim.ward.site().web[0]);
    let (mut dice, end) = (sim.dice("mailboxes fetched", 0), sim.now + 50 * MINUTE);
    sim.repeat(sim.now + ms(10), move |sim| {
        if !sim.net.host(proxy).up {
            return Some(sim.now + MINUTE).filter(|next| *next < end);
        }
        let visit = Visit { from: attacker, to: outside, label: 6, port: 443, client: &BROWSER, through: Some(proxy) };
        let (mut session, mut at) = sim.visit(sim.now, &visit, &mut dice);
        for _ in 0..LETTERS {
            let told = dice.log_normal(20_000.0, 1.0).clamp(2_000.0, 400_000.0) as usize;
            at = session.exchange(&mut sim.net, at + dice.skewed(secs(2), 0.4), [740, told], ms(60), &mut dice);
        }
        let over = session.close(&mut sim.net, at + secs(1), &mut dice);
        Some(over + dice.skewed(secs(45), 0.5)).filter(|next| *next < end)
    });
    Cast { victims: vec![attacker], attackers: vec![outside], end: end + 2 * MINUTE }
}
