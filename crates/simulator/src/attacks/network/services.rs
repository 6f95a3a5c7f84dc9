//! Services that devices are managed by, logged in to and asked for: by one who never did, or as they never were.

use super::{Cast, pc, scenario, stranger, within_normal};
use crate::attacks::{Family, Scenario};
use crate::clock::{HOUR, MINUTE, ms, secs};
use crate::dice::Dice;
use crate::sim::Sim;
use crate::tcp::{Connection, Side};
use crate::ward::office::management::{self, COMMUNITY, MANAGER_PORT, Viewer};
use crate::ward::office::shares::Share;
use crate::wire::snmp::{self, Pdu};
use crate::wire::{bacnet, mqtt, noise, vnc};

/// All of them.
pub const ALL: &[Scenario] = &[
    scenario(
        "snmp-set-stranger",
        "a PC sets when a power supply is to switch off",
        Family::Command,
        &["T0855", "T0836", "T0831", "T0816", "T0812", "T0859"],
        "A power supply may switch off what it is to keep running.",
        11.4,
        snmp_set_stranger,
    ),
    within_normal(scenario(
        "snmp-set-manager",
        "the building management, which only ever asks power supplies, sets when they are to switch off",
        Family::Command,
        &["T0855", "T0836", "T0831", "T0816"],
        "Power supplies may switch off what they are to keep running.",
        14.6,
        snmp_set_manager,
    )),
    within_normal(scenario(
        "snmp-delivered-password",
        "the building management's host gets at power supplies with the passwords that they were delivered with",
        Family::Access,
        &["T0812", "T0859", "T1078", "T1078.001"],
        "Whoever has that host can switch power supplies off.",
        16.2,
        snmp_delivered_password,
    )),
    scenario(
        "firmware-by-tftp",
        "a PC puts firmware on a nurse call panel",
        Family::Command,
        &["T0857", "T0839", "T0843", "T0889", "T0867"],
        "A nurse call panel may call nobody any more, or only whom it is told to.",
        13.7,
        firmware_by_tftp,
    ),
    scenario(
        "firmware-by-http",
        "a PC puts firmware on a power supply, with the password that it was delivered with",
        Family::Command,
        &["T0857", "T0839", "T0843", "T0889", "T0867", "T0812", "T0859"],
        "A power supply does what somebody else's program says.",
        16.2,
        firmware_by_http,
    ),
    within_normal(scenario(
        "viewer-other-authority",
        "the archive's viewer shows a certificate of an unknown authority",
        Family::Integrity,
        &["T0830", "T0849", "T1557"],
        "Somebody may stand between radiologists and older images, and read along.",
        9.3,
        viewer_other_authority,
    )),
    within_normal(scenario(
        "viewer-self-signed",
        "the archive's viewer shows a certificate that it has signed itself",
        Family::Integrity,
        &["T0830", "T0849", "T1557"],
        "Somebody may stand between radiologists and older images, and read along.",
        10.3,
        viewer_self_signed,
    )),
    within_normal(scenario(
        "viewer-weak-cipher",
        "the archive's viewer chooses triple DES",
        Family::Integrity,
        &["T1562.010", "T1600", "T1557", "T0830"],
        "What radiologists see can be read, and their passwords with it.",
        11.8,
        viewer_weak_cipher,
    )),
    scenario(
        "dns-labels",
        "a PC carries data out in names of which each is asked for once, and hardly anything comes back",
        Family::Theft,
        &["T0869", "T0885", "T0882", "T1071.004", "T1048", "T1048.003", "T1572", "T1041"],
        "Patient data leaves the hospital, hidden in name questions.",
        15.1,
        dns_labels,
    ),
    within_normal(scenario(
        "smb-encryption-slow",
        "a PC encrypts and renames files of the file server, one every few seconds",
        Family::Malware,
        &["T0809", "T0826", "T0828", "T0866", "T0882", "T1486", "T1485", "T1021.002", "T1083", "T1039", "T1080"],
        "Documents and working instructions become unreadable, and nobody notices for long.",
        14.1,
        smb_encryption_slow,
    )),
    scenario(
        "telnet-login",
        "a PC logs in to the blood fridges' gateway by Telnet",
        Family::Access,
        &["T0859", "T0812", "T0886", "T1040", "T1078", "T1078.001"],
        "Somebody is on the device that says whether blood is cold enough.",
        17.4,
        telnet_login,
    ),
    scenario(
        "ftp-login",
        "a PC logs in to a magnetic resonance scanner by FTP and stores a file",
        Family::Access,
        &["T0859", "T0812", "T0886", "T0867", "T1040", "T1078", "T1078.001", "T1570", "T1080"],
        "Somebody can put files on a scanner.",
        12.9,
        ftp_login,
    ),
    scenario(
        "resolver-changed",
        "a workstation asks an unknown server outside for all names",
        Family::Integrity,
        &["T0830", "T1557", "T1071.004", "T1565.002"],
        "Who answers there sends the workstation wherever he likes.",
        10.7,
        resolver_changed,
    ),
    within_normal(scenario(
        "clocks-minutes-off",
        "the domain controllers' clocks are four minutes ahead",
        Family::Fault,
        &["T0832", "T0856", "T0836", "T0814", "T0835"],
        "Results and alarms bear wrong times, and cannot be laid side by side.",
        8.4,
        clocks_minutes_off,
    )),
    scenario(
        "mqtt-all-topics",
        "a PC listens to everything that devices publish",
        Family::Theft,
        &["T0801", "T0802", "T0811", "T0842", "T0861", "T0882", "T1119"],
        "Somebody reads along whatever devices report.",
        9.9,
        mqtt_all_topics,
    ),
    scenario(
        "bacnet-write-stranger",
        "a PC sets the temperature of isolation rooms",
        Family::Command,
        &["T0855", "T0836", "T0831", "T0848"],
        "Rooms for patients with infections get too warm or lose their pressure.",
        19.2,
        bacnet_write_stranger,
    ),
    scenario(
        "vnc-open",
        "a PC looks at an ultrasound device's screen, which asks for no password",
        Family::Access,
        &["T0886", "T0859", "T0812", "T1021", "T1078", "T1040"],
        "Somebody sees patients' images, and can work on the device.",
        18.1,
        vnc_open,
    ),
];

fn snmp_set_stranger(sim: &mut Sim) -> Cast {
    let (attacker, victim) = (pc(sim, 0), sim.ward.site().ups[0]);
    let own = sim.net.next_port(attacker);
    for number in 0..6 {
        let at = sim.now + secs(3) * number;
        let (pdu, variable) = if number < 2 { (Pdu::Get, snmp::BATTERY) } else { (Pdu::Set, snmp::SHUTDOWN) };
        let question = snmp::message("private", pdu, number, variable, (pdu == Pdu::Set).then_some(30));
        let answer = snmp::message("private", Pdu::Response, number, variable, Some(30));
        sim.asked(at, [attacker, victim], [own, 161], [&question, &answer]);
    }
    Cast { victims: vec![victim], attackers: vec![attacker], end: sim.now + MINUTE }
}

/// The communities of power supplies of several makers, as they are delivered.
const DELIVERED: [&str; 5] = ["public", "private", "admin", "apcread", "manager"];

/// Asks for the battery alone, as ever: only the community is another.
fn snmp_delivered_password(sim: &mut Sim) -> Cast {
    let (attacker, victims) = (sim.ward.site().bms, sim.ward.site().ups.clone());
    for (place, victim) in (0..).zip(&victims) {
        for (number, community) in (0..).zip(DELIVERED) {
            let (at, request) = (sim.now + secs(4) * (number + DELIVERED.len() as u32 * place), 80_000 + number);
            let question = snmp::message(community, Pdu::Get, request, snmp::BATTERY, None);
            let answer = snmp::message(community, Pdu::Response, request, snmp::BATTERY, Some(2));
            sim.asked(at, [attacker, *victim], [MANAGER_PORT, 161], [&question, &answer]);
        }
    }
    Cast { victims, attackers: vec![attacker], end: sim.now + MINUTE }
}

fn snmp_set_manager(sim: &mut Sim) -> Cast {
    let (attacker, victims) = (sim.ward.site().bms, sim.ward.site().ups.clone());
    for (place, victim) in victims.iter().enumerate() {
        for number in 0..6 {
            let at = sim.now + secs(5) * (number + 7 * place as u32);
            let question = snmp::message(COMMUNITY, Pdu::Set, 70_000 + number, snmp::SHUTDOWN, Some(60));
            let answer = snmp::message(COMMUNITY, Pdu::Response, 70_000 + number, snmp::SHUTDOWN, Some(60));
            sim.asked(at, [attacker, *victim], [MANAGER_PORT, 161], [&question, &answer]);
        }
    }
    Cast { victims, attackers: vec![attacker], end: sim.now + 3 * MINUTE }
}

fn firmware_by_tftp(sim: &mut Sim) -> Cast {
    let (attacker, victim) = (pc(sim, 1), sim.ward.site().panels[0]);
    let mut dice = sim.dice("firmware-by-tftp", 0);
    sim.tftp([attacker, victim], true, "panel-2.9.1.bin", 90_000, &mut dice);
    Cast { victims: vec![victim], attackers: vec![attacker], end: sim.now + 2 * MINUTE }
}

fn firmware_by_http(sim: &mut Sim) -> Cast {
    let (attacker, victim) = (pc(sim, 1), sim.ward.site().ups[0]);
    let mut dice = sim.dice("firmware-by-http", 0);
    let address = sim.net.host(victim).ip;
    let head = format!(
        "PUT /update/ups-7.4.2.bin HTTP/1.1\r\nHost: {address}\r\nUser-Agent: curl/8.5.0\r\n\
         Authorization: Basic YXBjOmFwYw==\r\nContent-Length: 120000\r\n\r\n"
    );
    let net = &mut sim.net;
    let (mut open, ready) = Connection::open(net, sim.now, attacker, victim, 80);
    let mut at = open.send(net, ready, Side::Opener, head.as_bytes()).arrived;
    for _ in 0..6 {
        at = open.send(net, at + ms(3), Side::Opener, noise::piece(&mut dice, 20_000)).arrived;
    }
    let answer = b"HTTP/1.1 200 OK\r\nServer: Allegro-Software-RomPager/4.34\r\nContent-Length: 0\r\n\r\n";
    at = open.send(net, at + secs(4), Side::Answerer, answer).arrived;
    open.close(net, at, Side::Opener);
    Cast { victims: vec![victim], attackers: vec![attacker], end: sim.now + 2 * MINUTE }
}

/// The viewer's server is not as it was, for two hours; its users are as busy as ever, and one comes at once.
fn viewer_becomes(sim: &mut Sim, viewer: Viewer) -> Cast {
    let (victim, station) = (sim.ward.site().archive, sim.ward.site().reading[0]);
    sim.ward.office.viewer = Viewer { mark: sim.net.mark, ..viewer };
    let mut dice = sim.dice("viewer-becomes", viewer.number);
    sim.view(station, &mut dice);
    let end = sim.now + 2 * HOUR;
    sim.at(end, |sim| sim.ward.office.viewer = Viewer::default());
    Cast { victims: vec![victim], attackers: Vec::new(), end }
}

fn viewer_other_authority(sim: &mut Sim) -> Cast {
    viewer_becomes(sim, Viewer { issuer: Some("Gateway Inspection CA"), number: 1001, ..Viewer::default() })
}

fn viewer_self_signed(sim: &mut Sim) -> Cast {
    viewer_becomes(sim, Viewer { issuer: None, number: 1002, ..Viewer::default() })
}

fn viewer_weak_cipher(sim: &mut Sim) -> Cast {
    viewer_becomes(sim, Viewer { cipher: 0x000a, ..Viewer::default() })
}

/// Names that are asked for.
const NAMES: u32 = 900;

fn dns_labels(sim: &mut Sim) -> Cast {
    let outside = stranger(sim, "ns1.cloud-metrics.example", 79);
    let (attacker, mut left) = (pc(sim, 0), NAMES);
    let mut dice = sim.dice("dns-labels", 0);
    sim.repeat(sim.now + ms(10), move |sim| {
        if let Some(server) = sim.controller(attacker) {
            let name = format!("{:016x}{:012x}.cloud-metrics.example", dice.bits(), dice.bits() & 0xffff_ffff_ffff);
            sim.name_outside(sim.now, [attacker, server, outside], &name, dice.bits() as u16);
        }
        left -= 1;
        (left > 0).then(|| sim.now + dice.skewed(ms(1200), 0.5))
    });
    Cast { victims: vec![attacker], attackers: vec![outside], end: sim.now + 25 * MINUTE }
}

fn smb_encryption_slow(sim: &mut Sim) -> Cast {
    let (attacker, victim) = (pc(sim, 0), sim.ward.site().files);
    let mut dice = sim.dice("smb-encryption-slow", 0);
    let (share, at) = sim.share(sim.now, attacker, victim, "Departments", &mut dice);
    sim.at(at, move |sim| encrypt(sim, share, 70, dice));
    Cast { victims: vec![victim], attackers: vec![attacker], end: sim.now + 12 * MINUTE }
}

/// A file: read, written over and renamed; then, after a while, the next.
fn encrypt(sim: &mut Sim, mut share: Share, left: u32, mut dice: Dice) {
    let net = &mut sim.net;
    let path = format!("Ward {}\\2025\\plan-{:03}.docx", 1 + left % 8, 400 + left);
    let length = dice.log_normal(12_000.0, 0.6).clamp(800.0, 60_000.0) as usize;
    let mut at = share.file(net, sim.now, &path, length, false, &mut dice);
    at = share.file(net, at + ms(20), &path, length + 272, true, &mut dice);
    at = share.rename(net, at, (&path, &format!("{path}.8base")), &mut dice);
    if left == 0 {
        share.close(net, at, &mut dice);
        return;
    }
    let pause = dice.skewed(secs(8), 0.4);
    sim.at(at + pause, move |sim| encrypt(sim, share, left - 1, dice));
}

fn telnet_login(sim: &mut Sim) -> Cast {
    let (attacker, victim) = (pc(sim, 0), sim.ward.site().fridges);
    let mut dice = sim.dice("telnet-login", 0);
    let end = sim.telnet([attacker, victim], 6, secs(4), &mut dice);
    Cast { victims: vec![victim], attackers: vec![attacker], end: end + secs(1) }
}

fn ftp_login(sim: &mut Sim) -> Cast {
    let (attacker, victim) = (pc(sim, 3), sim.ward.site().mr[0]);
    let mut dice = sim.dice("ftp-login", 0);
    sim.ftp_store([attacker, victim], "service", "patch.dat", 24_000, &mut dice);
    Cast { victims: vec![victim], attackers: vec![attacker], end: sim.now + MINUTE }
}

fn resolver_changed(sim: &mut Sim) -> Cast {
    let outside = stranger(sim, "dns.open-resolver.example", 81);
    let (victim, end) = (sim.ward.site().reading[1], sim.now + HOUR);
    let mut dice = sim.dice("resolver-changed", 0);
    sim.repeat(sim.now + ms(10), move |sim| {
        let target = *dice.pick(&sim.ward.site().web);
        let name = sim.name_of(target, dice.range(0..8) as u8);
        let address = sim.net.host(target).ip.octets();
        let query = crate::wire::dns::query(dice.bits() as u16, &name, crate::wire::dns::A);
        let reply = crate::wire::dns::answer(&query, false, crate::wire::dns::A, 60, &address);
        let own = sim.net.next_port(victim);
        sim.asked(sim.now, [victim, outside], [own, 53], [&query, &reply]);
        Some(sim.now + dice.skewed(secs(40), 0.7)).filter(|next| *next < end)
    });
    Cast { victims: vec![victim], attackers: vec![outside], end }
}

fn clocks_minutes_off(sim: &mut Sim) -> Cast {
    let (mark, end) = (sim.net.mark, sim.now + 3 * HOUR);
    let clocks = &mut sim.ward.office.clocks;
    (clocks.ahead, clocks.mark) = (240, mark);
    sim.at(end, |sim| sim.ward.office.clocks.ahead = 0);
    Cast { victims: sim.ward.site().domain.clone(), attackers: Vec::new(), end }
}

fn mqtt_all_topics(sim: &mut Sim) -> Cast {
    let (attacker, victim) = (pc(sim, 1), sim.ward.site().bms);
    let mut dice = sim.dice("mqtt-all-topics", 0);
    let published: Vec<Vec<u8>> = (0..80)
        .map(|number| {
            let topic = format!("fridges/{}/temperature", 1 + number % 4);
            mqtt::publish(&topic, &format!("{:.1}", dice.normal(4.0, 0.3)))
        })
        .collect();
    let end = management::listen(sim, [attacker, victim], "mqtt-explorer", "#", &published);
    Cast { victims: vec![victim], attackers: vec![attacker], end }
}

fn bacnet_write_stranger(sim: &mut Sim) -> Cast {
    let (attacker, victims) = (pc(sim, 1), sim.ward.site().isolation.clone());
    for (place, victim) in victims.iter().take(2).enumerate() {
        for number in 0..4_u8 {
            let at = sim.now + secs(6) * (u32::from(number) + 5 * place as u32);
            let said = if number == 0 {
                [bacnet::read(number, 10), bacnet::answer(number, 10, 21.5)]
            } else {
                [bacnet::write(number, 10, 33.0), bacnet::done(number)]
            };
            sim.asked(at, [attacker, *victim], [bacnet::PORT; 2], [&said[0], &said[1]]);
        }
    }
    Cast { victims: victims.into_iter().take(2).collect(), attackers: vec![attacker], end: sim.now + 2 * MINUTE }
}

fn vnc_open(sim: &mut Sim) -> Cast {
    let (attacker, victim) = (pc(sim, 4), sim.ward.site().us[0]);
    let mut dice = sim.dice("vnc-open", 0);
    let screen = vnc::screen("us-001");
    let net = &mut sim.net;
    let (mut open, mut at) = Connection::open(net, sim.now, attacker, victim, 5900);
    let begin: [(Side, &[u8]); 8] = [
        (Side::Answerer, vnc::VERSION),
        (Side::Opener, vnc::VERSION),
        (Side::Answerer, vnc::OPEN),
        (Side::Opener, vnc::NO_PASSWORD),
        (Side::Answerer, vnc::WELCOME),
        (Side::Opener, vnc::SHARED),
        (Side::Answerer, &screen),
        (Side::Opener, vnc::ENCODINGS),
    ];
    for (side, bytes) in begin {
        at = open.send(net, at + ms(2), side, bytes).arrived;
    }
    for _ in 0..120 {
        at = open.send(net, at + dice.skewed(secs(2), 0.5), Side::Opener, &vnc::look(&mut dice)).arrived;
        at = open.send(net, at + ms(5), Side::Answerer, &vnc::update(60, &mut dice)).arrived;
    }
    let end = open.close(net, at, Side::Opener);
    Cast { victims: vec![victim], attackers: vec![attacker], end }
}
