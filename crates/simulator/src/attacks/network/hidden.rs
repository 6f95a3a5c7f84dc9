//! Malware where nobody looks for it: in a pipe between PCs, in folders of a share, in a panel's settings, on paper.

use super::{Cast, pc, scenario, within_normal};
use crate::attacks::{Family, Scenario};
use crate::clock::{HOUR, MINUTE, Time, ms, secs};
use crate::dice::Dice;
use crate::network::HostId;
use crate::sim::Sim;
use crate::tcp::{Connection, Side};
use crate::ward::office::shares::Share;

/// All of them.
pub const ALL: &[Scenario] = &[
    scenario(
        "pipe-carries-commands",
        "a PC works through another one, to which it holds a pipe by SMB, every few seconds",
        Family::Malware,
        &[
            "T0869",
            "T0884",
            "T0886",
            "T0859",
            "T0867",
            "T1071",
            "T1071.002",
            "T1090",
            "T1090.001",
            "T1021",
            "T1021.002",
            "T1559",
            "T1572",
            "T1570",
            "T1078",
        ],
        "Somebody outside has a second PC in his hands, which never talks to the outside itself.",
        18.3,
        pipe,
    ),
    scenario(
        "ransom-notes-printed",
        "the file server prints the same page on every printer, over and over in the early morning",
        Family::Malware,
        &["T0826", "T0828", "T0829", "T0814", "T0855", "T1486", "T1491", "T1491.001", "T1499", "T1657", "T1080"],
        "All paper is gone, and whoever reads it knows that the hospital's files are encrypted.",
        4.9,
        notes_printed,
    ),
    within_normal(scenario(
        "links-in-shares",
        "a PC puts a link and a hidden program into folder after folder of the file server",
        Family::Malware,
        &[
            "T0863",
            "T0866",
            "T0867",
            "T0859",
            "T1080",
            "T1204",
            "T1204.002",
            "T1036",
            "T1547.009",
            "T1564.001",
            "T1570",
            "T1021.002",
            "T1083",
            "T1105",
        ],
        "Whoever opens the folder starts the program, and his PC does the same.",
        18.1,
        links,
    )),
    scenario(
        "panels-fetch-program",
        "nurse call panels fetch a program beside their settings from their server at night, and start anew with it",
        Family::Malware,
        &[
            "T0857",
            "T1693.001",
            "T0839",
            "T1693.002",
            "T0843",
            "T0862",
            "T0867",
            "T0889",
            "T0816",
            "T1072",
            "T1105",
            "T1195",
            "T1195.002",
            "T1542",
            "T1542.005",
            "T1570",
            "T1601",
        ],
        "All panels of the hospital do what somebody else's program says, from this night on.",
        3.7,
        panels_fed,
    ),
];

/// As beacons are chained that may not go out themselves (Cobalt Strike, ATT&CK S0154; so in the attack on Ireland's health
/// service in 2021): what is wanted is written into the pipe, and what came of it is read.
fn pipe(sim: &mut Sim) -> Cast {
    let (attacker, victim, end) = (pc(sim, 0), pc(sim, 3), sim.now + HOUR.mul_f64(1.7));
    let mut dice = sim.dice("pipe", 0);
    let (share, at) = sim.share(sim.now, attacker, victim, "IPC$", &mut dice);
    sim.at(at, move |sim| work(sim, share, end, dice));
    Cast { victims: vec![victim], attackers: vec![attacker], end: end + MINUTE }
}

fn work(sim: &mut Sim, mut share: Share, end: Time, mut dice: Dice) {
    let net = &mut sim.net;
    let (asked, told) = if dice.chance(0.12) {
        (dice.range(200..4_000) as usize, dice.log_normal(6_000.0, 1.1).clamp(200.0, 60_000.0) as usize)
    } else {
        (72, 72)
    };
    let mut at = share.file(net, sim.now, "msagent_4f", asked, true, &mut dice);
    at = share.file(net, at + ms(30), "msagent_4f", told, false, &mut dice);
    if at >= end {
        share.close(net, at, &mut dice);
        return;
    }
    let pause = dice.around(secs(9), 0.3);
    sim.at(at + pause, move |sim| work(sim, share, end, dice));
}

/// Pages on each printer.
const PAGES: u32 = 40;

/// As Egregor and others do it once all is encrypted (2020), by whatever host they have, straight to the port that takes
/// whatever comes.
fn notes_printed(sim: &mut Sim) -> Cast {
    let (attacker, victims) = (sim.ward.site().files, sim.ward.site().printers.clone());
    let mut dice = sim.dice("notes printed", 0);
    let mut at = sim.now + ms(10);
    for _ in 0..PAGES {
        for printer in victims.iter().copied() {
            sim.at(at, move |sim| {
                if sim.net.host(attacker).up && sim.net.host(printer).up {
                    print(sim, attacker, printer);
                }
            });
            at += dice.skewed(ms(700), 0.4);
        }
        at += dice.around(secs(6), 0.4);
    }
    Cast { victims, attackers: vec![attacker], end: at + MINUTE }
}

fn print(sim: &mut Sim, from: HostId, printer: HostId) {
    let note = "YOUR NETWORK IS LOCKED AND YOUR PATIENTS' DATA IS WITH US.\r\n\
                You have 3 days to contact us, or everything will be published. Do not switch anything off.\r\n";
    let page = format!(
        "\x1b%-12345X@PJL JOB NAME=\"note\"\r\n@PJL ENTER LANGUAGE=PCL\r\n\x1bE{}\x0c\x1bE\x1b%-12345X@PJL EOJ\r\n\
         \x1b%-12345X",
        note.repeat(12)
    );
    let net = &mut sim.net;
    let (mut open, ready) = Connection::open(net, sim.now, from, printer, 9100);
    let at = open.send(net, ready, Side::Opener, page.as_bytes()).arrived;
    open.close(net, at + ms(300), Side::Opener);
}

/// Wards and years that have a folder each.
const FOLDERS: (u32, u32) = (8, 6);

/// Shortcuts that are called as the folder is (ATT&CK T1080 and T1547.009; Raspberry Robin, which Microsoft found in 2022
/// in nearly a thousand networks): a look at what is there, the program once for each ward, and a link for each folder.
fn links(sim: &mut Sim) -> Cast {
    let (attacker, victim) = (pc(sim, 3), sim.ward.site().files);
    let mut dice = sim.dice("links in shares", 0);
    let (share, at) = sim.share(sim.now, attacker, victim, "Departments", &mut dice);
    sim.at(at, move |sim| put(sim, share, 0, dice));
    Cast { victims: vec![victim], attackers: vec![attacker], end: sim.now + 45 * MINUTE }
}

fn put(sim: &mut Sim, mut share: Share, number: u32, mut dice: Dice) {
    let (wards, years) = FOLDERS;
    let (ward, year) = (1 + number / years, 2021 + number % years);
    let net = &mut sim.net;
    let mut at = sim.now;
    if ward > wards {
        share.close(net, at, &mut dice);
        return;
    }
    if number.is_multiple_of(years) {
        at = share.file(net, at, &format!("Ward {ward}\\~thumbs.db.exe"), 236_000, true, &mut dice);
    }
    let folder = format!("Ward {ward}\\{year}");
    at = share.file(net, at + ms(300), &format!("{folder}\\plan-{:03}.docx", 1 + number), 900, false, &mut dice);
    at = share.file(net, at + ms(200), &format!("{folder}.lnk"), 1_850, true, &mut dice);
    let pause = dice.skewed(secs(24), 0.5);
    sim.at(at + pause, move |sim| put(sim, share, number + 1, dice));
}

/// Octets of the program.
const PROGRAM: usize = 88_000;

/// What their settings name they fetch from where these come from, and TFTP asks nobody who he is (ATT&CK T1542.005): whoever
/// has the server has the panels.
fn panels_fed(sim: &mut Sim) -> Cast {
    let (server, panels) = (sim.ward.site().nurse_call, sim.ward.site().panels.clone());
    let mut dice = sim.dice("panels fed", 0);
    let mut at = sim.now + ms(10);
    for (index, panel) in panels.iter().copied().enumerate() {
        let mut own = dice.fork();
        sim.at(at, move |sim| {
            if sim.net.host(server).up && sim.net.host(panel).up {
                sim.tftp([panel, server], false, "panel.cfg", 1_960, &mut own);
                sim.after(secs(2), move |sim| fetch(sim, [panel, server], index, own));
            }
        });
        at += dice.skewed(secs(70), 0.4);
    }
    Cast { victims: panels, attackers: vec![server], end: at + 4 * MINUTE }
}

/// It fetches the program, and is away for a minute.
fn fetch(sim: &mut Sim, [panel, server]: [HostId; 2], index: usize, mut dice: Dice) {
    sim.tftp([panel, server], false, "image.bin", PROGRAM, &mut dice);
    sim.after(secs(25), move |sim| {
        let now = sim.now;
        sim.ward.bedside.panels[index].session.close(&mut sim.net, now);
        sim.after(secs(1), move |sim| sim.restart(panel, dice.around(secs(55), 0.2)));
    });
}
