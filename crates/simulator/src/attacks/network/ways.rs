//! Ways in and out that nobody thinks of: echoes, backups, a page of results, a vendor's session.

use super::{Cast, pc, scenario, stranger, within_normal};
use crate::attacks::{Family, Scenario};
use crate::clock::{HOUR, MINUTE, Time, ms, secs};
use crate::dice::Dice;
use crate::network::HostId;
use crate::sim::Sim;
use crate::tcp::{Connection, Side};
use crate::ward::office::nightly::{BACKUP_PORT, carry};
use crate::ward::office::secure::{Session, Visit, page};
use crate::ward::remote;
use crate::ward::remote::consoles::{Console, Kind};
use crate::wire::tls::PROGRAM;
use crate::wire::{http, noise};

/// All of them.
pub const ALL: &[Scenario] = &[
    scenario(
        "vendor-visits-all",
        "a vendor's account goes through all devices that it serves, one after the other",
        Family::Access,
        &[
            "T0822",
            "T0886",
            "T0859",
            "T0883",
            "T0846",
            "T1133",
            "T1078",
            "T1021",
            "T1021.001",
            "T1021.004",
            "T1021.005",
        ],
        "A stolen vendor's account is used to look for the device that is most worth it.",
        12.6,
        visits_all,
    ),
    within_normal(scenario(
        "vendor-session-carries",
        "a vendor's session by day carries tens of megabytes out of the device that it serves",
        Family::Theft,
        &[
            "T0882",
            "T0811",
            "T0822",
            "T0886",
            "T0859",
            "T0883",
            "T1133",
            "T1041",
            "T1048",
            "T1078",
            "T1005",
            "T1020",
            "T1021",
            "T1021.001",
            "T1021.004",
        ],
        "Images or settings of the device leave the hospital under the eyes of all.",
        14.2,
        session_carries,
    )),
    scenario(
        "icmp-tunnel",
        "a reading workstation carries data out in echo requests",
        Family::Theft,
        &["T0869", "T0884", "T0885", "T0882", "T1095", "T1048", "T1048.003", "T1572", "T1041", "T1020"],
        "Patient data leaves the hospital in what looks like a test of the line.",
        17.4,
        icmp_tunnel,
    ),
    within_normal(scenario(
        "backup-fetched",
        "the pump server fetches from the backup server, to which it otherwise only brings",
        Family::Theft,
        &["T0882", "T0811", "T0802", "T0893", "T1005", "T1039", "T1119", "T1074", "T1530", "T1213", "T1078"],
        "Copies of all patients' records are taken where nobody watches over them.",
        13.9,
        backup_fetched,
    )),
    within_normal(scenario(
        "results-page-injected",
        "a ward's PC makes the laboratory's page of results give out whole tables",
        Family::Theft,
        &["T0811", "T0882", "T0802", "T0866", "T1190", "T1210", "T1213", "T1119", "T1005", "T1059", "T1505.003"],
        "Results of all patients leave the laboratory's system.",
        18.7,
        page_injected,
    )),
    within_normal(scenario(
        "backups-refused",
        "the backup server takes nothing any more at night: its service was stopped",
        Family::Availability,
        &["T0881", "T0826", "T0814", "T0809", "T1489", "T1490", "T1485", "T1562.001", "T1499"],
        "What is lost from now on, as by encryption, cannot be brought back.",
        22.4,
        backups_refused,
    )),
    scenario(
        "record-mines-coins",
        "the health record's server works for a mining pool outside",
        Family::Malware,
        &["T0869", "T0883", "T0885", "T0826", "T1496", "T1496.001", "T1071", "T1095", "T1571", "T1059"],
        "The health record gets slow, and whoever put the program there can do more than that.",
        20.7,
        mining,
    ),
];

/// Four minutes on each, as far as they are switched on: what a jump host lets a thief do who has one password.
fn visits_all(sim: &mut Sim) -> Cast {
    let site = sim.ward.site();
    let (vendor, jump) = (site.vendor, site.jump);
    let victims = sim.ward.remote.serves.clone();
    let mut dice = sim.dice("vendor-visits-all", 0);
    let mut at = sim.now;
    for target in victims.iter().copied() {
        let own = dice.fork();
        sim.at(at, move |sim| {
            if sim.net.host(target).up {
                remote::serve(sim, target, 4 * MINUTE, own);
            }
        });
        at += dice.around(6 * MINUTE, 0.1);
    }
    Cast { victims, attackers: vec![vendor, jump], end: at + MINUTE }
}

/// Octets that are carried out at once, and how often.
const LOAD: (usize, u32) = (60_000, 700);

/// On the device that the vendor served last, in office hours and no longer than usual.
fn session_carries(sim: &mut Sim) -> Cast {
    let (site, remote) = (sim.ward.site(), &sim.ward.remote);
    let (jump, vendor, victim) = (site.jump, site.vendor, remote.last.unwrap_or(remote.serves[0]));
    let mut dice = sim.dice("session-carries", 0);
    let visit = Visit { from: vendor, to: jump, label: 0, port: 443, client: &PROGRAM, through: None };
    let (mut tunnel, at) = sim.visit(sim.now, &visit, &mut dice);
    let at = tunnel.exchange(&mut sim.net, at + secs(2), [700, 400], ms(20), &mut dice);
    let kind = Kind::of(sim.net.host(victim).role);
    let (console, ready) = sim.console(at + secs(20), jump, victim, kind, "service", &mut dice);
    sim.at(ready, move |sim| carry_out(sim, tunnel, console, LOAD.1, dice));
    Cast { victims: vec![victim], attackers: vec![vendor, jump], end: sim.now + 40 * MINUTE }
}

fn carry_out(sim: &mut Sim, mut tunnel: Session, mut console: Console, left: u32, mut dice: Dice) {
    let shown = console.fetch(&mut sim.net, sim.now, LOAD.0, &mut dice);
    let at = tunnel.send(&mut sim.net, shown + ms(2), Side::Answerer, LOAD.0 + 60, &mut dice);
    if left == 0 {
        let at = console.close(&mut sim.net, at, &mut dice);
        tunnel.close(&mut sim.net, at + secs(1), &mut dice);
        return;
    }
    let pause = dice.skewed(secs(2), 0.5);
    sim.at(at + pause, move |sim| carry_out(sim, tunnel, console, left - 1, dice));
}

/// Echo requests (RFC 792) of a kilobyte, and replies that say what is wanted next.
fn icmp_tunnel(sim: &mut Sim) -> Cast {
    let outside = stranger(sim, "relay.speed-check.example", 83);
    let stations = &sim.ward.site().reading;
    let (attacker, end) = (stations[stations.len() - 1], sim.now + 20 * MINUTE);
    let (mut dice, mut number) = (sim.dice("icmp-tunnel", 0), 0_u16);
    sim.repeat(sim.now + ms(10), move |sim| {
        number = number.wrapping_add(1);
        let (data, wanted) = (noise::piece(&mut dice, 1_000), dice.range(40..120) as usize);
        let data = [data, noise::piece(&mut dice, wanted)];
        sim.net.echo(sim.now, [attacker, outside], number, data);
        Some(sim.now + dice.skewed(ms(500), 0.4)).filter(|next| *next < end)
    });
    Cast { victims: vec![attacker], attackers: vec![outside], end }
}

/// Restored to the wrong place, as Conti's people did with the passwords that they found: copies are as good as what was
/// copied.
fn backup_fetched(sim: &mut Sim) -> Cast {
    let (thief, backup) = (sim.ward.site().pump_gateway, sim.ward.site().backup);
    let (mut dice, end) = (sim.dice("backup-fetched", 0), sim.now + 12 * MINUTE);
    for round in 0..3 {
        let mut dice = dice.fork();
        sim.after(3 * MINUTE * round + ms(10), move |sim| {
            let visit = Visit { from: thief, to: backup, label: 0, port: BACKUP_PORT, client: &PROGRAM, through: None };
            let (mut session, at) = sim.visit(sim.now, &visit, &mut dice);
            let at = session.send(&mut sim.net, at, Side::Opener, 600, &mut dice);
            sim.at(at + ms(40), move |sim| carry(sim, session, Side::Answerer, 15_000_000, dice));
        });
    }
    dice.bits();
    Cast { victims: vec![backup], attackers: vec![thief], end }
}

/// SQL in a field of the page (CWE-89), as in file transfer servers with patients' data (MOVEit, CVE-2023-34362): first until
/// it fails no more, then table after table.
fn page_injected(sim: &mut Sim) -> Cast {
    let (attacker, lis) = (pc(sim, 0), sim.ward.site().lis);
    let mut dice = sim.dice("page-injected", 0);
    let (mut number, asked) = (0_u32, 110);
    sim.repeat(sim.now + ms(10), move |sim| {
        number += 1;
        if sim.net.host(lis).up {
            inject(sim, [attacker, lis], number, &mut dice);
        }
        (number < asked).then(|| sim.now + dice.skewed(secs(9), 0.5))
    });
    Cast { victims: vec![lis], attackers: vec![attacker], end: sim.now + 25 * MINUTE }
}

fn inject(sim: &mut Sim, [from, to]: [HostId; 2], number: u32, dice: &mut Dice) {
    let columns: Vec<String> = (1..=1 + number.min(14)).map(|column| format!("c{column}")).collect();
    let query =
        format!("31337'%20UNION%20SELECT%20{}%20FROM%20results%20LIMIT%20{},200--%20", columns.join(","), number * 200);
    let name = sim.name_of(to, 0);
    let net = &mut sim.net;
    let (mut open, ready) = Connection::open(net, sim.now, from, to, 80);
    let request = http::get(&name, &format!("/results/list?case={query}"));
    let heard = open.send(net, ready, Side::Opener, &request).arrived;
    // Until the columns are as many as the page has.
    let answer = if number < 14 {
        http::FAILED.to_vec()
    } else {
        let shown = dice.range(35_000..60_000) as usize;
        http::ok("text/html", page(dice, shown).as_bytes())
    };
    let told = open.send(net, heard + ms(70), Side::Answerer, &answer).arrived;
    open.close(net, told + ms(3), Side::Opener);
}

/// Before they encrypt, they stop what saves (Ryuk, Conti): each server tries it four times, and gives up.
fn backups_refused(sim: &mut Sim) -> Cast {
    let end: Time = sim.now + HOUR.mul_f64(3.6);
    let site = sim.ward.site();
    let mut victims = vec![site.backup];
    victims.extend([
        site.ehr,
        site.pacs,
        site.ris,
        site.lis,
        site.pharmacy,
        site.engine,
        site.files,
        site.pump_gateway,
    ]);
    sim.ward.office.no_backups = Some(sim.net.mark);
    sim.at(end, |sim| sim.ward.office.no_backups = None);
    Cast { victims, attackers: Vec::new(), end }
}

/// How a miner says who is to be paid.
const LOGIN: &str = concat!(
    r#"{"id":1,"jsonrpc":"2.0","method":"login","params":{"login":"48edfHu7V9Z84YzzMa6fUueoELZ9ZRXq","#,
    r#""pass":"x","agent":"XMRig/6.21.0"}}"#,
    "\n"
);

/// Stratum, as pools speak it: lines of JSON on a connection that stays. A hospital in Tennessee found such a program on its
/// record's server in 2018.
fn mining(sim: &mut Sim) -> Cast {
    let outside = stranger(sim, "xmr.pool-hash.example", 103);
    let (victim, end) = (sim.ward.site().ehr, sim.now + 2 * HOUR);
    let (mut dice, mut pool, mut job) = (sim.dice("record-mines-coins", 0), None, 0_u64);
    sim.repeat(sim.now + ms(10), move |sim| {
        if !sim.net.host(victim).up {
            // It comes back with the server.
            pool = None;
            return Some(sim.now + MINUTE).filter(|next| *next < end);
        }
        let (mut open, ready) = pool.take().unwrap_or_else(|| log_in(sim, [victim, outside]));
        if sim.now >= end {
            open.close(&mut sim.net, ready, Side::Opener);
            return None;
        }
        job += 1;
        let at = mine(sim, &mut open, ready.max(sim.now), job, &mut dice);
        let next = (at + dice.skewed(secs(30), 0.4)).min(end.max(at));
        pool = Some((open, next));
        Some(next)
    });
    Cast { victims: vec![victim], attackers: vec![outside], end: end + MINUTE }
}

fn log_in(sim: &mut Sim, [from, to]: [HostId; 2]) -> (Connection, Time) {
    let (mut pool, ready) = Connection::open(&mut sim.net, sim.now, from, to, 3333);
    let at = pool.send(&mut sim.net, ready, Side::Opener, LOGIN.as_bytes()).arrived;
    (pool, at + ms(20))
}

/// A piece of work from the pool, and what is found of it.
fn mine(sim: &mut Sim, pool: &mut Connection, at: Time, job: u64, dice: &mut Dice) -> Time {
    let blob: String = (0..9).map(|_| format!("{:016x}", dice.bits())).collect();
    let params = format!(r#"{{"job_id":"{job}","blob":"{blob}"}}"#);
    let work = format!("{{\"jsonrpc\":\"2.0\",\"method\":\"job\",\"params\":{params}}}\n");
    let mut at = pool.send(&mut sim.net, at, Side::Answerer, work.as_bytes()).arrived;
    for share in 0..dice.range(0..4) {
        let params = format!(r#"{{"job_id":"{job}","nonce":"{:08x}"}}"#, dice.bits() as u32);
        let found = format!("{{\"id\":{job}{share},\"method\":\"submit\",\"params\":{params}}}\n");
        at = pool.send(&mut sim.net, at + dice.skewed(secs(4), 0.6), Side::Opener, found.as_bytes()).arrived;
        at = pool.send(&mut sim.net, at + ms(2), Side::Answerer, b"{\"result\":{\"status\":\"OK\"}}\n").arrived;
    }
    at
}
