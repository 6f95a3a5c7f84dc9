//! Doors that are there for others: the vendors' gate, a printer's socket, passwords that are right.

use super::{Cast, pc, scenario, within_normal};
use crate::attacks::{Family, Scenario};
use crate::clock::{HOUR, MINUTE, Time, ms, secs};
use crate::dice::Dice;
use crate::network::{HostId, LINUX, OUTSIDE, WINDOWS};
use crate::sim::Sim;
use crate::ward::office::secure::Visit;
use crate::wire::tls::{Client, PROGRAM, Version};

/// All of them.
pub const ALL: &[Scenario] = &[
    scenario(
        "jump-host-guessed",
        "forty addresses outside try passwords at the vendors' jump host in turn, until one is right",
        Family::Access,
        &["T0822", "T0812", "T0859", "T0883", "T0886", "T1110", "T1110.001", "T1110.003", "T1133", "T1078", "T1090"],
        "Who gets in there stands before all devices that vendors serve from afar.",
        3.6,
        jump_host_guessed,
    ),
    scenario(
        "printer-place-taken",
        "a laptop takes a printer's place, with its address and its Ethernet address, and goes to the servers",
        Family::Access,
        &[
            "T0864",
            "T0849",
            "T0846",
            "T0859",
            "T0886",
            "T1200",
            "T1036",
            "T1078",
            "T1021",
            "T1021.002",
            "T1046",
            "T1557",
        ],
        "Somebody is in the hospital's network as a printer, to whom all doors are open that are open to printers.",
        18.7,
        printer_place_taken,
    ),
    within_normal(scenario(
        "stolen-logins-tried",
        "a PC logs in at the file server as one user after the other, and every password is right",
        Family::Access,
        &[
            "T0859",
            "T0812",
            "T0886",
            "T1078",
            "T1078.002",
            "T1550",
            "T1550.002",
            "T1110.004",
            "T1021",
            "T1021.002",
            "T1135",
        ],
        "Somebody has the passwords of many, and with them whatever each of them may see.",
        21.9,
        stolen_logins_tried,
    )),
];

/// A program for trying passwords: its hello is unlike the vendor's.
const GUESSER: Client = Client {
    newest: Version::V13,
    ciphers: &[0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc009, 0xc013, 0xc00a, 0xc014, 0x1301, 0x1302, 0x1303],
    protocols: &["h2", "http/1.1"],
};

/// Addresses that take part, and tries.
const GUESSERS: (u8, u32) = (40, 370);

/// Slow for each address, as gates were tried all over the world in spring 2024 (Cisco Talos): by way of anonymizing
/// proxies, a few tries each. A name and a password go in, and a page comes back that says no; to the last one, what users
/// are shown.
fn jump_host_guessed(sim: &mut Sim) -> Cast {
    let jump = sim.ward.site().jump;
    let (addresses, tries) = GUESSERS;
    let guessers: Vec<HostId> = (0..addresses)
        .map(|number| {
            let ip = [203, 0, 113, 100 + number].into();
            sim.net.add_host_at(format!("exit{number}.example"), "proxy", OUTSIDE, [0x00, 0x1b, 0x54], LINUX, ip)
        })
        .collect();
    let mut dice = sim.dice("jump-host-guessed", 0);
    let (attackers, mut left) = (guessers.clone(), tries);
    let end = sim.now + HOUR.mul_f64(2.4);
    sim.repeat(sim.now + ms(10), move |sim| {
        left -= 1;
        if !sim.net.host(jump).up {
            return (left > 0).then(|| sim.now + MINUTE);
        }
        let from = *dice.pick(&guessers);
        let visit = Visit { from, to: jump, label: 0, port: 443, client: &GUESSER, through: None };
        let (mut session, mut at) = sim.visit(sim.now, &visit, &mut dice);
        at = session.exchange(&mut sim.net, at, [310, 5_200], ms(15), &mut dice);
        at = session.exchange(&mut sim.net, at + ms(30), [640 + dice.range(0..24) as usize, 1_150], ms(350), &mut dice);
        if left == 0 {
            for shown in [9_400, 3_100, 2_600, 7_000] {
                at = session.exchange(&mut sim.net, at + dice.skewed(secs(4), 0.5), [700, shown], ms(40), &mut dice);
            }
        }
        session.close(&mut sim.net, at + ms(200), &mut dice);
        (left > 0).then(|| sim.now + dice.skewed(secs(18), 0.6))
    });
    Cast { victims: vec![jump], attackers, end }
}

/// Ports know who may be there by his Ethernet address, and printers cannot say more (MAC authentication bypass): whoever
/// unplugs one and calls himself so is let in. Its lease it has too; what it says of itself when it asks for that is a
/// PC's.
fn printer_place_taken(sim: &mut Sim) -> Cast {
    let printer = sim.ward.site().printers[0];
    let (zone, mac, ip) = (sim.net.host(printer).zone, sim.net.host(printer).mac, sim.net.host(printer).ip);
    sim.net.host_mut(printer).up = false;
    let laptop = sim.net.add_host_at("desktop-7k2m".into(), "stranger", zone, [0; 3], WINDOWS, ip);
    sim.net.host_mut(laptop).mac = mac;
    let (mut dice, end) = (sim.dice("printer-place-taken", 0), sim.now + 50 * MINUTE);
    sim.after(secs(40), move |sim| {
        let ready = sim.join_as(laptop, ip, false);
        sim.at(ready + secs(20), move |sim| go_round(sim, laptop, end, &mut dice));
    });
    sim.at(end, move |sim| {
        sim.net.host_mut(laptop).up = false;
        sim.after(2 * MINUTE, move |sim| {
            // It is plugged in again, by whoever unplugged it.
            sim.net.mark = 0;
            sim.net.readdress(printer, ip);
            sim.net.host_mut(printer).up = true;
            sim.join_as(printer, ip, false);
        });
    });
    Cast { victims: vec![printer, sim.ward.site().files], attackers: vec![laptop], end: end + 3 * MINUTE }
}

/// The domain as a guest, the record's page, and the file server with a password that printers have; then what can be read
/// there.
fn go_round(sim: &mut Sim, laptop: HostId, end: Time, dice: &mut Dice) {
    let (ehr, files) = (sim.ward.site().ehr, sim.ward.site().files);
    let mut at = sim.now;
    if let Some(controller) = sim.controller(laptop) {
        at = sim.share_refused(at, laptop, controller, "guest", dice);
        at = sim.share_refused(at + secs(9), laptop, controller, "scanner", dice);
    }
    let visit = Visit { from: laptop, to: ehr, label: 0, port: 443, client: &PROGRAM, through: None };
    let (mut session, ready) = sim.visit(at + secs(30), &visit, dice);
    let shown = session.exchange(&mut sim.net, ready, [420, 6_300], ms(40), dice);
    session.close(&mut sim.net, shown + secs(5), dice);
    let mut own = dice.fork();
    sim.at(shown + MINUTE, move |sim| {
        let (mut share, ready) = sim.share_as(sim.now, "scan2mail", [laptop, files], "Departments", &mut own);
        let mut number = 0;
        sim.repeat(ready, move |sim| {
            number += 1;
            let path = format!("Ward {}\\2026\\scan-{number:03}.pdf", 1 + number % 8);
            let length = own.log_normal(60_000.0, 0.8).clamp(2_000.0, 600_000.0) as usize;
            let at = share.file(&mut sim.net, sim.now, &path, length, false, &mut own);
            Some(at + own.skewed(secs(20), 0.6)).filter(|next| *next < end)
        });
    });
}

/// Users whose passwords are tried.
const USERS: u32 = 34;

/// What stealers sell by the hundred is tried where all have an account, and looked at for a moment: no login fails (AT&T
/// and others of Snowflake's customers lost their data so in 2024).
fn stolen_logins_tried(sim: &mut Sim) -> Cast {
    let (attacker, victim) = (pc(sim, 0), sim.ward.site().files);
    let mut dice = sim.dice("stolen-logins-tried", 0);
    let mut left = USERS;
    sim.repeat(sim.now + ms(10), move |sim| {
        left -= 1;
        if sim.net.host(victim).up {
            let user = format!("u{:04}", 1_000 + dice.range(0..900));
            let (mut share, mut at) = sim.share_as(sim.now, &user, [attacker, victim], "Home", &mut dice);
            for file in 0..dice.range(0..3) {
                let length = dice.log_normal(15_000.0, 0.9).clamp(300.0, 300_000.0) as usize;
                let path = format!("{user}\\Documents\\notes-{file}.docx");
                at = share.file(&mut sim.net, at + secs(2), &path, length, false, &mut dice);
            }
            share.close(&mut sim.net, at + secs(1), &mut dice);
        }
        (left > 0).then(|| sim.now + dice.skewed(secs(75), 0.5))
    });
    Cast { victims: vec![victim], attackers: vec![attacker], end: sim.now + 75 * MINUTE }
}
