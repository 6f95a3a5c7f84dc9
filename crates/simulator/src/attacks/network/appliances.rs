//! Appliances and servers that are logged in to, broken into, silenced and called out for.

use super::{Cast, intruder, pc, scenario, stranger, within_normal};
use crate::attacks::{Family, Scenario};
use crate::clock::{HOUR, MINUTE, ms, secs};
use crate::network::HostId;
use crate::sim::Sim;
use crate::tcp::{Connection, Side};
use crate::ward::office::management::Viewer;
use crate::wire::{bacnet, dns, http, noise};

/// All of them.
pub const ALL: &[Scenario] = &[
    scenario(
        "ward-called-out",
        "a foreign device on a ward calls out for medical devices, printers and services of all kinds",
        Family::Reconnaissance,
        &["T0846", "T0840", "T0888", "T0864", "T1018", "T1046", "T1200", "T1016"],
        "A foreign device is plugged in at the bedside, and learns what stands around it.",
        18.2,
        called_out,
    ),
    within_normal(scenario(
        "telnet-passwords-guessed",
        "the building management tries one password after the other at the blood fridges' gateway",
        Family::Access,
        &["T0812", "T0859", "T0886", "T0891", "T1110", "T1110.001", "T1078", "T1078.001", "T1021"],
        "Who gets in can say of spoilt blood that it is cold.",
        16.3,
        passwords_guessed,
    )),
    scenario(
        "rexec-factory-password",
        "a PC has an ultrasound device run commands, with the password that all such devices were delivered with",
        Family::Access,
        &["T0859", "T0812", "T0886", "T0891", "T0807", "T1021", "T1078", "T1078.001", "T1059", "T1040"],
        "Somebody can read patients' images on the device, change them, or switch it off.",
        17.7,
        factory_password,
    ),
    scenario(
        "engine-broken-into",
        "a PC breaks into the interface engine by its web page, and the engine calls somebody outside",
        Family::Access,
        &[
            "T0819",
            "T0866",
            "T0886",
            "T0807",
            "T0869",
            "T0885",
            "T1190",
            "T1210",
            "T1059",
            "T1059.004",
            "T1071",
            "T1095",
            "T1571",
            "T1041",
            "T1105",
        ],
        "Whoever has the engine reads and changes all orders, results and admissions.",
        13.3,
        broken_into,
    ),
    within_normal(scenario(
        "bacnet-rooms-silenced",
        "the building management orders isolation rooms to say nothing any more",
        Family::Command,
        &["T0855", "T1692.001", "T0814", "T0815", "T0829", "T0804", "T1691.002", "T0836", "T0881", "T0826"],
        "Nobody sees any more whether isolation rooms are as warm and as tight as they must be.",
        10.7,
        rooms_silenced,
    )),
    within_normal(scenario(
        "viewer-certificate-expired",
        "the archive's viewer shows a certificate whose time is over, and workstations turn away",
        Family::Fault,
        &["T0814", "T0826", "T0815", "T0830", "T1557", "T1499"],
        "Radiologists cannot open older images to compare new ones with.",
        13.6,
        certificate_expired,
    )),
];

/// M-SEARCH (UPnP Device Architecture 2.0 section 1.3.2).
const SEARCH: &[u8] = b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 2\r\n\
    ST: ssdp:all\r\n\r\n";

/// WS-Discovery as ISO/IEEE 11073 SDC has it, SSDP and multicast DNS, again and again; nobody here speaks any of them.
fn called_out(sim: &mut Sim) -> Cast {
    let zone = sim.ward.site().zones.wards[0];
    let rogue = intruder(sim, zone);
    let ready = sim.join_network(rogue, true);
    let mut dice = sim.dice("called-out", 0);
    let own = sim.net.next_port(rogue);
    let end = sim.now + 15 * MINUTE;
    sim.repeat(ready + secs(5), move |sim| {
        let at = sim.now;
        let probe = probe_for("dpws:Device mdpws:MedicalDevice", dice.bits());
        sim.net.multicast(at, rogue, [239, 255, 255, 250].into(), [own, 3702], probe.as_bytes());
        sim.net.multicast(at + ms(400), rogue, [239, 255, 255, 250].into(), [own, 1900], SEARCH);
        for (number, service) in (0..).zip(["_dicom._tcp", "_http._tcp", "_ipp._tcp", "_workstation._tcp"]) {
            let query = dns::query(0, &format!("{service}.local"), dns::PTR);
            sim.net.multicast(at + ms(700 + 90 * number), rogue, [224, 0, 0, 251].into(), [5353; 2], &query);
        }
        let names = dns::netbios_query(dice.bits() as u16, "*", 0);
        sim.net.broadcast(at + secs(2), rogue, [137, 137], &names);
        Some(sim.now + dice.around(secs(45), 0.2)).filter(|next| *next < end)
    });
    sim.at(end, move |sim| sim.net.host_mut(rogue).up = false);
    let site = sim.ward.site();
    let devices = site.pumps.iter().chain(&site.monitors).copied();
    let victims = devices.filter(|host| sim.net.host(*host).zone == zone).collect();
    Cast { victims, attackers: vec![rogue], end }
}

/// A Probe (OASIS WS-Discovery 1.1 section 5.2).
fn probe_for(types: &str, id: u64) -> String {
    format!(
        "<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
         xmlns:a=\"http://www.w3.org/2005/08/addressing\" xmlns:d=\"http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01\" \
         xmlns:dpws=\"http://docs.oasis-open.org/ws-dd/ns/dpws/2009/01\" \
         xmlns:mdpws=\"http://standards.ieee.org/downloads/11073/11073-20702-2016\"><s:Header>\
         <a:Action>http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01/Probe</a:Action>\
         <a:MessageID>urn:uuid:{id:08x}-0000-4000-8000-{id:012x}</a:MessageID>\
         <a:To>urn:docs-oasis-open-org:ws-dd:ns:discovery:2009:01</a:To></s:Header>\
         <s:Body><d:Probe><d:Types>{types}</d:Types></d:Probe></s:Body></s:Envelope>"
    )
}

/// Telnet as the management's script uses it every day, and never with success: serial gateways know no limit of attempts.
fn passwords_guessed(sim: &mut Sim) -> Cast {
    let site = sim.ward.site();
    let (attacker, victim, end) = (site.bms, site.fridges, sim.now + 14 * MINUTE);
    let mut dice = sim.dice("passwords-guessed", 0);
    sim.repeat(sim.now + ms(10), move |sim| {
        let password = format!("{:06}\r\n", dice.range(0..1_000_000));
        let lines: [&[u8]; 5] = [
            b"\xff\xfd\x18\xff\xfb\x01login: ",
            b"admin\r\n",
            b"Password: ",
            password.as_bytes(),
            b"\r\nLogin incorrect\r\n",
        ];
        if sim.net.host(attacker).up && sim.net.host(victim).up {
            let (mut open, at) = sim.lines(sim.now, [attacker, victim], 23, &lines, ms(60));
            open.close(&mut sim.net, at + ms(20), Side::Answerer);
        }
        Some(sim.now + dice.skewed(secs(14), 0.3)).filter(|next| *next < end)
    });
    Cast { victims: vec![victim], attackers: vec![attacker], end }
}

/// Remote execution as of 4.3BSD: a port for errors, a user, a password and a command, each ended by NUL. The maker's
/// maintenance works so on a hundred kinds of devices (MDhex, CVE-2020-25179).
fn factory_password(sim: &mut Sim) -> Cast {
    const COMMANDS: [&str; 6] = ["id", "uname -a", "ls /export/home", "ls -l /images", "cat /etc/passwd", "df -k"];
    let (attacker, victim) = (pc(sim, 4), sim.ward.site().us[0]);
    let mut dice = sim.dice("factory-password", 0);
    let mut at = sim.now + ms(10);
    for command in COMMANDS.into_iter().chain(COMMANDS.into_iter().skip(2)) {
        let count = dice.range(2..60) as usize;
        sim.at(at, move |sim| {
            if !sim.net.host(victim).up {
                return;
            }
            let net = &mut sim.net;
            let (mut open, ready) = Connection::open(net, sim.now, attacker, victim, 512);
            let asked = format!("0\0insite\0secret-of-it\0{command}\0");
            let heard = open.send(net, ready, Side::Opener, asked.as_bytes()).arrived;
            let lines = "-rw-r--r-- 1 insite users 524288 Jan 05 10:11 IM\n".repeat(count);
            let told = open.send(net, heard + ms(90), Side::Answerer, format!("\0{lines}").as_bytes()).arrived;
            open.close(net, told + ms(5), Side::Answerer);
        });
        at += dice.skewed(secs(50), 0.5);
    }
    Cast { victims: vec![victim], attackers: vec![attacker], end: at + secs(20) }
}

/// Mirth Connect before 4.4.1 takes objects out of requests before it asks who sends them (CVE-2023-43208): the version is
/// asked for, two requests fail as they do then, and a shell goes out from the engine to a port that nobody uses.
fn broken_into(sim: &mut Sim) -> Cast {
    let outside = stranger(sim, "vps7.hosting-east.example", 97);
    let (attacker, engine) = (pc(sim, 0), sim.ward.site().engine);
    let mut dice = sim.dice("broken-into", 0);
    let address = sim.net.host(engine).ip;
    let body = "<sorted-set><string>x</string><dynamic-proxy><interface>java.lang.Comparable</interface>\
                </dynamic-proxy></sorted-set>";
    let head = |what: &str| {
        format!(
            "{what} HTTP/1.1\r\nHost: {address}:8080\r\nUser-Agent: python-requests/2.31.0\r\nX-Requested-With: OpenAPI\r\n"
        )
    };
    let version = format!("{}\r\n", head("GET /api/server/version"));
    let poison = format!(
        "{}Content-Type: application/xml\r\nContent-Length: {}\r\n\r\n{body}",
        head("POST /api/users"),
        body.len()
    );
    let net = &mut sim.net;
    let (mut open, ready) = Connection::open(net, sim.now, attacker, engine, 8080);
    let mut at = open.send(net, ready, Side::Opener, version.as_bytes()).arrived;
    at = open.send(net, at + ms(12), Side::Answerer, &http::ok("text/plain", b"4.4.0")).arrived;
    for _ in 0..2 {
        at = open.send(net, at + secs(8), Side::Opener, poison.as_bytes()).arrived;
        at = open.send(net, at + ms(60), Side::Answerer, http::FAILED).arrived;
    }
    open.close(net, at + secs(1), Side::Opener);
    let end = sim.now + 25 * MINUTE;
    sim.at(at + ms(200), move |sim| {
        let (mut shell, ready) = Connection::open(&mut sim.net, sim.now, engine, outside, 4444);
        sim.repeat(ready, move |sim| {
            if !sim.net.host(engine).up {
                return None;
            }
            if sim.now >= end {
                shell.close(&mut sim.net, sim.now, Side::Answerer);
                return None;
            }
            let asked = noise::piece(&mut dice, 12 + sim.now.0 as usize % 30);
            let heard = shell.send(&mut sim.net, sim.now, Side::Answerer, asked).arrived;
            let shown = dice.log_normal(900.0, 1.0).clamp(30.0, 30_000.0) as usize;
            let told = shell.send(&mut sim.net, heard + ms(15), Side::Opener, noise::piece(&mut dice, shown)).arrived;
            Some((told + dice.skewed(secs(18), 0.7)).min(end.max(told)))
        });
    });
    Cast { victims: vec![engine], attackers: vec![attacker, outside], end: end + MINUTE }
}

/// For how many minutes rooms are told to be silent, and how often.
const SILENT: (u8, u32) = (10, 5);

/// DeviceCommunicationControl (ANSI/ASHRAE 135 clause 16.1), with the password that stands on the maker's first page: a device
/// that is silent takes nothing but this, so it is told again before its time is over.
fn rooms_silenced(sim: &mut Sim) -> Cast {
    let (bms, rooms) = (sim.ward.site().bms, sim.ward.site().isolation.clone());
    let victims: Vec<HostId> = rooms.into_iter().take(3).collect();
    let (minutes, rounds) = SILENT;
    for round in 0..rounds {
        for (number, room) in (0..).zip(victims.iter().copied()) {
            sim.after(9 * MINUTE * round + secs(8) * number, move |sim| {
                let said = [bacnet::silence(240, minutes, "filister"), bacnet::silenced(240)];
                sim.asked(sim.now, [bms, room], [bacnet::PORT; 2], [&said[0], &said[1]]);
                sim.ward.office.quiet_rooms.push(room);
            });
        }
    }
    let end = sim.now + 9 * MINUTE * (rounds - 1) + MINUTE * u32::from(minutes);
    sim.at(end, |sim| sim.ward.office.quiet_rooms.clear());
    Cast { victims, attackers: vec![bms], end }
}

/// The server was restored from last year's image, and with it its certificate of that time.
fn certificate_expired(sim: &mut Sim) -> Cast {
    let (archive, station) = (sim.ward.site().archive, sim.ward.site().reading[0]);
    sim.ward.office.viewer = Viewer { number: 1003, expired: true, mark: sim.net.mark, ..Viewer::default() };
    let mut dice = sim.dice("certificate-expired", 0);
    // Whoever is turned away tries it again.
    for minute in [0, 1, 3] {
        let mut dice = dice.fork();
        sim.after(MINUTE * minute, move |sim| sim.view(station, &mut dice));
    }
    dice.bits();
    let end = sim.now + 2 * HOUR;
    sim.at(end, |sim| sim.ward.office.viewer = Viewer::default());
    Cast { victims: vec![archive], attackers: Vec::new(), end }
}
