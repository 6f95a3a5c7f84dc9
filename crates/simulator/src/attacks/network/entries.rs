//! Ways in that are kept open or looked for: a program for help from afar, a shell by hand, pages that nobody links to.

use super::{Cast, pc, scenario, stranger, within_normal};
use crate::attacks::{Family, Scenario};
use crate::clock::{MINUTE, Time, ms, secs};
use crate::dice::Dice;
use crate::network::HostId;
use crate::sim::Sim;
use crate::tcp::{Connection, Side};
use crate::ward::office::secure::{Session, Visit, page};
use crate::wire::http;
use crate::wire::tls::{Client, Version};

/// All of them.
pub const ALL: &[Scenario] = &[
    within_normal(scenario(
        "results-pages-tried",
        "a PC tries hundreds of pages at the laboratory's web server that nobody links to",
        Family::Reconnaissance,
        &[
            "T0846",
            "T0888",
            "T0840",
            "T1046",
            "T1083",
            "T1190",
            "T1592",
            "T1592.002",
            "T1595",
            "T1595.002",
            "T1595.003",
        ],
        "Somebody looks for a forgotten page by which he gets into the laboratory's system.",
        16.4,
        pages_tried,
    )),
    scenario(
        "remote-help-installed",
        "an ultrasound device keeps a connection to a service for remote help outside, and somebody works on it by that",
        Family::Access,
        &[
            "T0822",
            "T0883",
            "T0886",
            "T0823",
            "T0859",
            "T0869",
            "T0885",
            "T1219",
            "T1133",
            "T1071",
            "T1071.001",
            "T1090",
            "T1105",
            "T1572",
            "T1573",
        ],
        "Somebody outside sees and operates an ultrasound device, past the gate that vendors come in by.",
        19.7,
        remote_help,
    ),
    within_normal(scenario(
        "serial-gateway-by-hand",
        "somebody at the building management types commands at the blood fridges' gateway for an evening",
        Family::Access,
        &["T0859", "T0886", "T0807", "T0812", "T0888", "T1021", "T1059", "T1059.008", "T1078", "T1078.001", "T1040"],
        "Somebody who has the management's host is on the way to the fridges, and may set them otherwise.",
        22.2,
        by_hand,
    )),
];

/// Words of a list for such programs, and what is put behind each.
const WORDS: [&str; 48] = [
    "admin",
    "administrator",
    "api",
    "app",
    "archive",
    "assets",
    "auth",
    "backup",
    "bak",
    "bin",
    "cgi-bin",
    "config",
    "console",
    "css",
    "data",
    "db",
    "debug",
    "dev",
    "docs",
    "download",
    "dump",
    "export",
    "files",
    "help",
    "images",
    "include",
    "index",
    "install",
    "js",
    "lib",
    "log",
    "login",
    "logs",
    "manager",
    "old",
    "phpmyadmin",
    "private",
    "reports",
    "results",
    "server-status",
    "setup",
    "sql",
    "status",
    "temp",
    "test",
    "tmp",
    "upload",
    "web.config",
];
const ENDINGS: [&str; 8] = ["", "/", ".jsp", ".php", ".txt", ".bak", ".old", ".zip"];

/// Pages that there are, and those that are not for everybody.
const THERE: [&str; 3] = ["/results", "/results/", "/help/"];
const GUARDED: [&str; 3] = ["/manager", "/manager/", "/server-status"];

/// As gobuster does it with its common list (ATT&CK T1595.003), held back to a few a second: each of its connections is used
/// for a row of questions.
fn pages_tried(sim: &mut Sim) -> Cast {
    let (attacker, victim) = (pc(sim, 3), sim.ward.site().lis);
    let mut dice = sim.dice("pages tried", 0);
    let paths: Vec<String> =
        WORDS.iter().flat_map(|word| ENDINGS.iter().map(move |ending| format!("/{word}{ending}"))).collect();
    let end = sim.now + ms(220) * paths.len() as u32 + MINUTE;
    let mut rows = paths.chunks(24).map(<[String]>::to_vec).collect::<Vec<_>>().into_iter();
    sim.repeat(sim.now + ms(10), move |sim| {
        let row = rows.next()?;
        let next = sim.now + dice.around(ms(220), 0.1) * row.len() as u32;
        if sim.net.host(victim).up {
            try_row(sim, [attacker, victim], &row, &mut dice);
        }
        Some(next)
    });
    Cast { victims: vec![victim], attackers: vec![attacker], end }
}

fn try_row(sim: &mut Sim, [from, to]: [HostId; 2], row: &[String], dice: &mut Dice) {
    let name = sim.name_of(to, 0);
    let net = &mut sim.net;
    let (mut open, mut at) = Connection::open(net, sim.now, from, to, 80);
    for path in row {
        let asked =
            format!("GET {path} HTTP/1.1\r\nHost: {name}\r\nUser-Agent: gobuster/3.6\r\nAccept-Encoding: gzip\r\n\r\n");
        let heard = open.send(net, at, Side::Opener, asked.as_bytes()).arrived;
        let told = match path.as_str() {
            path if THERE.contains(&path) => http::ok("text/html", page(dice, 6_200).as_bytes()),
            path if GUARDED.contains(&path) => http::FORBIDDEN.to_vec(),
            _ => http::NOT_FOUND.to_vec(),
        };
        at = open.send(net, heard + ms(4), Side::Answerer, &told).arrived + dice.around(ms(190), 0.4);
    }
    open.close(net, at, Side::Opener);
}

/// The program's hello.
const HELPER: Client = Client {
    newest: Version::V12,
    ciphers: &[0xc02c, 0xc030, 0x009f, 0xcca9, 0xcca8, 0xccaa, 0xc02b, 0xc02f, 0x009e, 0xc024, 0xc028],
    protocols: &[],
};

/// Spells of work.
const SPELLS: u32 = 16;

/// A technician has put it there, or somebody in his name (CISA AA23-025A: such programs are what ransomware comes back by):
/// it waits at its service, and what is shown goes out as it is looked at.
fn remote_help(sim: &mut Sim) -> Cast {
    let relay = stranger(sim, "relay-8d2.remote-help.example", 131);
    let (victim, end) = (sim.ward.site().us[0], sim.now + 110 * MINUTE);
    let mut dice = sim.dice("remote help", 0);
    let visit = Visit { from: victim, to: relay, label: 0, port: 443, client: &HELPER, through: None };
    let (session, at) = sim.visit(sim.now, &visit, &mut dice);
    sim.at(at, move |sim| wait_for_work(sim, session, end, SPELLS, dice));
    Cast { victims: vec![victim], attackers: vec![relay], end: end + MINUTE }
}

/// A word every half minute; now and then somebody works.
fn wait_for_work(sim: &mut Sim, mut session: Session, end: Time, left: u32, mut dice: Dice) {
    let net = &mut sim.net;
    let mut at = session.exchange(net, sim.now, [36, 36], ms(2), &mut dice);
    if at >= end {
        session.close(net, at, &mut dice);
        return;
    }
    let works = left > 0 && dice.chance(0.09);
    for _ in 0..if works { dice.range(20..70) } else { 0 } {
        let shown = dice.log_normal(3_500.0, 1.1).clamp(120.0, 60_000.0) as usize;
        at = session.send(net, at + dice.skewed(ms(450), 0.6), Side::Answerer, 64, &mut dice);
        at = session.send(net, at + ms(25), Side::Opener, shown, &mut dice);
    }
    let left = left - u32::from(works);
    let pause = dice.around(secs(30), 0.02);
    sim.at(at + pause, move |sim| wait_for_work(sim, session, end, left, dice));
}

/// What is typed, and about how much is shown.
const TYPED: [(&str, usize); 14] = [
    ("help", 1_400),
    ("show version", 260),
    ("show network", 420),
    ("show users", 190),
    ("show port all", 900),
    ("show log", 3_800),
    ("show arp", 340),
    ("ping 10.20.40.20", 300),
    ("show tcp sessions", 520),
    ("set log off", 30),
    ("show port 1 counters", 480),
    ("monitor port 1", 2_600),
    ("export config", 5_200),
    ("show config", 4_700),
];

/// By the way that a script takes every morning with two questions: this time somebody reads what comes, thinks, and goes on.
fn by_hand(sim: &mut Sim) -> Cast {
    let site = sim.ward.site();
    let (attacker, victim) = (site.bms, site.fridges);
    let mut dice = sim.dice("serial gateway by hand", 0);
    let mut at = sim.now + ms(10);
    for session in 0..3 {
        let mut own = dice.fork();
        let commands = &TYPED[session * 3..];
        sim.at(at, move |sim| {
            if sim.net.host(attacker).up && sim.net.host(victim).up {
                type_away(sim, [attacker, victim], commands, &mut own);
            }
        });
        at += dice.around(17 * MINUTE, 0.3);
    }
    Cast { victims: vec![victim], attackers: vec![attacker], end: at }
}

fn type_away(sim: &mut Sim, ends: [HostId; 2], commands: &[(&str, usize)], dice: &mut Dice) {
    let lines: [&[u8]; 5] =
        [b"\xff\xfd\x18\xff\xfb\x01login: ", b"admin\r\n", b"Password: ", b"secret-of-it\r\n", b"\r\nNPort> "];
    let (mut open, mut at) = sim.lines(sim.now, ends, 23, &lines, secs(3));
    for (typed, shown) in commands {
        let wait = dice.skewed(secs(14), 0.7);
        at = open.send(&mut sim.net, at + wait, Side::Opener, format!("{typed}\r\n").as_bytes()).arrived;
        let text = format!("{typed}\r\n{}\r\nNPort> ", "port 1 ok 19200 8E1 ".repeat(1 + shown / 20));
        at = open.send(&mut sim.net, at + ms(30), Side::Answerer, text.as_bytes()).arrived;
    }
    open.close(&mut sim.net, at + secs(4), Side::Opener);
}
