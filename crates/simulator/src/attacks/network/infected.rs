//! Hosts that are infected, and what they do then: wake others, obey a master, and destroy.

use super::scans::{probe, syn};
use super::{Cast, pc, scenario, stranger, within_normal};
use crate::attacks::{Family, Scenario};
use crate::clock::{HOUR, MINUTE, Time, ms, secs, us};
use crate::dice::Dice;
use crate::frame::Mac;
use crate::network::HostId;
use crate::sim::Sim;
use crate::tcp::{Connection, Side};
use crate::ward::office::management;
use crate::ward::office::shares::Share;
use crate::wire::{mqtt, noise};

/// All of them.
pub const ALL: &[Scenario] = &[
    scenario(
        "pcs-woken-at-night",
        "a PC wakes all PCs that are off at night and puts a program on each",
        Family::Malware,
        &[
            "T0867",
            "T0866",
            "T0846",
            "T0859",
            "T0886",
            "T1205",
            "T1570",
            "T1021",
            "T1021.002",
            "T1018",
            "T1016",
            "T1080",
        ],
        "All PCs are to be encrypted in one night, also those that were safe because they were off.",
        3.3,
        woken,
    ),
    scenario(
        "panel-in-botnet",
        "a nurse call panel looks for others outside by Telnet, and floods whom its master names",
        Family::Malware,
        &[
            "T0866",
            "T0883",
            "T0885",
            "T0869",
            "T0846",
            "T0814",
            "T1071",
            "T1095",
            "T1571",
            "T1498",
            "T1498.001",
            "T1110",
            "T1595",
            "T1595.001",
            "T1584.005",
        ],
        "A nurse call panel does a stranger's work, and may call late or not at all.",
        20.0,
        botnet,
    ),
    within_normal(scenario(
        "mqtt-carries-commands",
        "the blood fridges' gateway, which only tells readings, takes commands by way of the building management's broker",
        Family::Malware,
        &[
            "T0869",
            "T0884",
            "T0885",
            "T0807",
            "T0867",
            "T1071",
            "T1071.005",
            "T1090",
            "T1090.001",
            "T1132",
            "T1132.001",
            "T1059",
            "T1105",
            "T1572",
        ],
        "The device that says whether blood is cold enough does what a stranger tells it.",
        10.5,
        commands,
    )),
    within_normal(scenario(
        "files-wiped",
        "a PC overwrites the beginnings of the file server's files and deletes them, one after the other",
        Family::Malware,
        &["T0809", "T0826", "T0829", "T0859", "T1485", "T1070.004", "T1021.002", "T1083", "T1565.001"],
        "Plans, lists and letters are gone, and nobody asks for money who could give them back.",
        0.3,
        wiped,
    )),
];

/// A magic packet: six octets of ones, and the Ethernet address sixteen times.
fn magic(mac: Mac) -> Vec<u8> {
    [&[0xff; 6][..], &mac.repeat(16)].concat()
}

/// What Ryuk did in hospitals in autumn 2020 (ATT&CK S0446): every Ethernet address that is known of the segment is woken,
/// and after a minute each is tried, and the program put on its administrative share. At the end they are off again.
fn woken(sim: &mut Sim) -> Cast {
    let attacker = pc(sim, 0);
    let zone = sim.net.host(attacker).zone;
    let pcs = sim.ward.site().pcs.iter().copied();
    let targets: Vec<HostId> = pcs.filter(|host| *host != attacker && sim.net.host(*host).zone == zone).collect();
    let asleep: Vec<HostId> = targets.iter().copied().filter(|host| !sim.net.host(*host).up).collect();
    let mut dice = sim.dice("pcs-woken-at-night", 0);
    let own = sim.net.next_port(attacker);
    let mut at = sim.now + ms(10);
    for round in 0..2 {
        for host in targets.iter().copied() {
            let packet = magic(sim.net.host(host).mac);
            sim.at(at, move |sim| _ = sim.net.broadcast(sim.now, attacker, [own, 7], &packet));
            at += dice.skewed(ms(40), 0.4);
        }
        at += secs(10) * (1 - round);
    }
    for host in asleep.iter().copied() {
        sim.at(at + dice.skewed(secs(25), 0.4), move |sim| {
            sim.net.host_mut(host).up = true;
            sim.forget_names(host);
            sim.join_network(host, false);
        });
    }
    let mut then = at + 90 * secs(1);
    for host in targets.iter().copied() {
        let mut own = dice.fork();
        sim.at(then, move |sim| {
            let answered = sim.net.ping(sim.now, attacker, host, 1);
            if !sim.net.host(host).up {
                return probe(sim, answered, attacker, host, 445);
            }
            let (mut share, at) = sim.share(answered + ms(50), attacker, host, "C$", &mut own);
            let at = share.file(&mut sim.net, at, "Users\\Public\\kfvxw.exe", 140_000, true, &mut own);
            share.close(&mut sim.net, at + ms(30), &mut own);
        });
        then += dice.skewed(secs(20), 0.5);
    }
    let end = then + 5 * MINUTE;
    sim.at(end, move |sim| asleep.into_iter().for_each(|host| sim.net.host_mut(host).up = false));
    Cast { victims: targets, attackers: vec![attacker], end }
}

/// Where its master listens, and the ports of Telnet.
const MASTER: u16 = 48_101;
const TELNET: [u16; 2] = [23, 2323];

/// Datagrams of a flood in a second, and seconds of it.
const FLOOD: (u64, u64) = (250, 14);

/// As Mirai and what came of it do, at the pace of a small processor: a word to its master every minute, SYNs to port 23 of
/// anybody, one in ten to port 2323, and two floods by order.
fn botnet(sim: &mut Sim) -> Cast {
    let master = stranger(sim, "cnc.rapper-net.example", 117);
    let target = stranger(sim, "play.voxel-world.example", 119);
    let (victim, end) = (sim.ward.site().panels[0], sim.now + 30 * MINUTE);
    let (mut open, ready) = Connection::open(&mut sim.net, sim.now, victim, master, MASTER);
    let ready = open.send(&mut sim.net, ready, Side::Opener, &[0, 0, 0, 1]).arrived;
    sim.repeat(ready + secs(1), move |sim| {
        if sim.now >= end || !sim.net.host(victim).up {
            open.reset(&mut sim.net, sim.now, Side::Opener);
            return None;
        }
        let heard = open.send(&mut sim.net, sim.now, Side::Opener, &[0, 0]).arrived;
        open.send(&mut sim.net, heard + ms(1), Side::Answerer, &[0, 0]);
        Some(sim.now + MINUTE)
    });
    let mut dice = sim.dice("panel-in-botnet", 0);
    for minute in [8, 21] {
        let mut dice = dice.fork();
        let mut second = 0;
        sim.repeat(sim.now + MINUTE * minute, move |sim| {
            flood(sim, [victim, target], &mut dice);
            second += 1;
            (second < FLOOD.1).then_some(sim.now + secs(1))
        });
    }
    sim.repeat(ready + secs(2), move |sim| {
        let bits = dice.bits().to_le_bytes();
        // Nobody's private or reserved addresses.
        let to = [60 + bits[0] % 36, bits[1], bits[2], bits[3].max(1)];
        let port = TELNET[usize::from(dice.chance(0.1))];
        if sim.net.host(victim).up {
            syn(sim, sim.now, victim, to.into(), port);
        }
        Some(sim.now + dice.skewed(ms(330), 0.5)).filter(|next| *next < end)
    });
    Cast { victims: vec![victim], attackers: vec![master, target], end }
}

/// A second of it.
fn flood(sim: &mut Sim, [from, to]: [HostId; 2], dice: &mut Dice) {
    let gap = 1_000_000 / FLOOD.0;
    let own = 30_000 + dice.range(0..10_000) as u16;
    for step in 0..FLOOD.0 {
        let at = sim.now + us(step * gap + dice.range(0..gap / 2));
        sim.net.udp_away(at, from, to, [own, 25_565], &[0x56; 512]);
    }
}

/// A broker is no server that anybody looks for a master behind (WailingCrab, 2023): a session stays open, to which
/// commands are published, and what comes of them goes out as another reading, in Base64.
fn commands(sim: &mut Sim) -> Cast {
    let (victim, broker, end) = (sim.ward.site().fridges, sim.ward.site().bms, sim.now + 2 * HOUR);
    let mut dice = sim.dice("mqtt-carries-commands", 0);
    let mut session = None;
    sim.repeat(sim.now + ms(10), move |sim| {
        if !sim.net.host(victim).up || !sim.net.host(broker).up {
            session = None;
            return Some(sim.now + MINUTE).filter(|next| *next < end);
        }
        let (mut open, ready): (Connection, Time) = session.take().unwrap_or_else(|| {
            management::subscribe(sim, [victim, broker], ["fridges-cfg", "fridges"], "fridges/cfg/in")
        });
        let net = &mut sim.net;
        if sim.now >= end {
            let at = open.send(net, ready.max(sim.now), Side::Opener, mqtt::GOODBYE).arrived;
            open.close(net, at, Side::Opener);
            return None;
        }
        let mut at = open.send(net, ready.max(sim.now), Side::Opener, mqtt::PING).arrived;
        at = open.send(net, at + ms(1), Side::Answerer, mqtt::ALIVE).arrived;
        if dice.chance(0.6) {
            let wanted = dice.range(40..220) as usize;
            let order = mqtt::publish("fridges/cfg/in", &noise::base64(&mut dice, wanted));
            at = open.send(net, at + dice.skewed(secs(4), 0.5), Side::Answerer, &order).arrived;
            let told = dice.log_normal(1_500.0, 1.0).clamp(60.0, 30_000.0) as usize;
            let report = mqtt::publish("fridges/cfg/out", &noise::base64(&mut dice, told));
            at = open.send(net, at + dice.skewed(secs(1), 0.6), Side::Opener, &report).arrived;
        }
        let next = (at + dice.around(secs(50), 0.1)).min(end.max(at));
        session = Some((open, next));
        Some(next)
    });
    Cast { victims: vec![victim], attackers: vec![broker], end: end + MINUTE }
}

/// Files that are deleted.
const FILES: u32 = 320;

/// Nothing is read and nothing renamed: a wiper wants no money (NotPetya took hospitals' transcription in 2017, and later
/// ones came with wars). A block of noise, so that nobody brings the file back; then it goes.
fn wiped(sim: &mut Sim) -> Cast {
    let (attacker, victim) = (pc(sim, 3), sim.ward.site().files);
    let mut dice = sim.dice("files-wiped", 0);
    let (share, at) = sim.share(sim.now, attacker, victim, "Departments", &mut dice);
    sim.at(at, move |sim| wipe(sim, share, FILES, dice));
    Cast { victims: vec![victim], attackers: vec![attacker], end: sim.now + 12 * MINUTE }
}

fn wipe(sim: &mut Sim, mut share: Share, left: u32, mut dice: Dice) {
    let net = &mut sim.net;
    let path = format!("Ward {}\\{}\\plan-{left:03}.docx", 1 + left % 8, 2021 + left / 8 % 6);
    let at = share.file(net, sim.now, &path, 4_096, true, &mut dice);
    let at = share.delete(net, at + ms(5), &path, &mut dice);
    if left == 0 {
        share.close(net, at, &mut dice);
        return;
    }
    let pause = dice.skewed(ms(900), 0.6);
    sim.at(at + pause, move |sim| wipe(sim, share, left - 1, dice));
}
