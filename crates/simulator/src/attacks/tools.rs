//! Attacks with real tools, recorded against real servers (tools/SOURCES.md) and spliced in.
//!
//! In every recording .30 attacks and .40 and the following are attacked. Where nothing in a recording waits, it is played
//! some times slower than it was made: a laboratory of one machine has no cables.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::splice::{self, Parts, Recording};
use super::{Cast, Family, Scenario};
use crate::network::{HostId, LINUX, OUTSIDE, ZoneId};
use crate::recording;
use crate::sim::Sim;
use crate::ward::site::Site;

/// Intel's, as in laptops.
const LAPTOP: [u8; 3] = [0x00, 0x1b, 0x21];

/// Devices get their addresses from below, a stranger takes one from above.
const STRANGERS: std::ops::RangeInclusive<u8> = 241..=250;

/// What most of them have in common.
const COMMON: Scenario = Scenario {
    name: "",
    title: "",
    family: Family::Reconnaissance,
    techniques: &[],
    endangers: "",
    within_normal: false,
    held_out: false,
    tool: None,
    hour: 0.0,
    prepared: Duration::ZERO,
    start: |sim| Cast { victims: Vec::new(), attackers: Vec::new(), end: sim.now },
};

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "tool-nmap-syn",
        title: "an office PC scans the ports of four servers and devices",
        techniques: &["T0846", "T0840", "T0888", "T1046", "T1018", "T1595.001"],
        endangers: "Nothing yet: somebody looks which systems could be attacked, and small devices can fail under it.",
        tool: Some("nmap 7.93: nmap -sS -n --max-rate 1500 -p 1-110,..."),
        hour: 10.4,
        start: nmap_syn,
        ..COMMON
    },
    Scenario {
        name: "tool-nmap-quiet",
        title: "a strange laptop on a ward tries the ports of a monitor, a pump and a ventilator, slowly",
        techniques: &["T0846", "T0840", "T0888", "T0864", "T1046", "T1018", "T1200"],
        endangers: "Nothing yet: somebody looks which devices at the bedside could be attacked.",
        tool: Some("nmap 7.93: nmap -sS -T2 -n -p 22,23,80,..."),
        hour: 5.2,
        start: nmap_quiet,
        ..COMMON
    },
    Scenario {
        name: "tool-nmap-dicom",
        title: "a strange laptop guesses the archive's AE title",
        family: Family::Access,
        techniques: &[
            "T0812",
            "T0859",
            "T0846",
            "T0888",
            "T1110",
            "T1110.001",
            "T1110.003",
            "T1046",
            "T1078",
            "T0864",
            "T1200",
        ],
        endangers: "Who knows the archive's AE title can fetch, change and delete all patients' images.",
        tool: Some("nmap 7.93: nmap --script dicom-ping,dicom-brute"),
        hour: 13.2,
        start: |sim| stranger(sim, &recording!("nmap-dicom"), 8.0, |site| (site.zones.imaging, site.pacs)),
        ..COMMON
    },
    Scenario {
        name: "tool-nmap-modbus-discover",
        title: "an office PC asks every unit behind the blood fridges' gateway who it is",
        techniques: &["T0846", "T0888", "T0840", "T1046", "T0848"],
        endangers: "Nothing yet: somebody looks which blood fridges could be switched, and the gateway has little time for its work.",
        tool: Some("nmap 7.93: nmap --script modbus-discover"),
        hour: 22.6,
        start: |sim| inside(sim, &recording!("nmap-modbus-discover"), 1.0, |site| (site.pcs[0], site.fridges)),
        ..COMMON
    },
    Scenario {
        name: "tool-movescu",
        title: "a strange laptop has the archive send it all images of a study",
        family: Family::Theft,
        techniques: &["T0811", "T0802", "T0882", "T0864", "T1200", "T0859", "T1213", "T1119"],
        endangers: "Patients' images leave the hospital.",
        tool: Some("dcmtk 3.6.7: movescu -S -aet THIEF -aem THIEF"),
        hour: 2.7,
        start: |sim| stranger(sim, &recording!("movescu"), 4.0, |site| (site.zones.wards[0], site.pacs)),
        ..COMMON
    },
    Scenario {
        name: "tool-storescu-forged",
        title: "an office PC stores images under a scanner's AE title",
        family: Family::Integrity,
        techniques: &["T0856", "T1692.002", "T0855", "T1692.001", "T0832", "T0849", "T0859", "T1565", "T1565.001"],
        endangers: "Radiologists see images that no scanner has made: a wrong diagnosis, a wrong operation.",
        tool: Some("dcmtk 3.6.7: storescu -aet CT1"),
        hour: 18.3,
        start: |sim| inside(sim, &recording!("storescu-forged"), 4.0, |site| (last(&site.pcs), site.pacs)),
        ..COMMON
    },
    Scenario {
        name: "tool-arpspoof-modbus",
        title: "a strange laptop puts itself between the building management system and a medical gas panel",
        family: Family::Integrity,
        techniques: &["T0830", "T1557", "T1557.002", "T0849", "T0864", "T1200", "T0856", "T1692.002", "T0842", "T1040"],
        endangers: "Who stands between them can hide a gas alarm or change the pressure.",
        tool: Some("dsniff 2.4b1: arpspoof -t 10.77.0.40 10.77.0.41, and the other way"),
        hour: 15.7,
        start: arpspoof_modbus,
        ..COMMON
    },
    Scenario {
        name: "tool-mbpoll-write",
        title: "the vendors' jump host writes registers and coils of an isolation room's controller",
        family: Family::Command,
        techniques: &["T0855", "T1692.001", "T0836", "T0831", "T0806", "T0835", "T0848", "T0886"],
        endangers: "The room's pressure turns round: germs leave an isolation room, or enter it.",
        tool: Some("mbpoll 1.4.11: mbpoll -1 -a 1 -t 4 -r 5 HOST 9999 9999 9999"),
        hour: 20.1,
        start: |sim| inside(sim, &recording!("mbpoll-write"), 60.0, |site| (site.jump, site.isolation[0])),
        ..COMMON
    },
    Scenario {
        name: "tool-netcat-hl7-resend",
        title: "an office PC sends the same laboratory result to the interface engine four times",
        family: Family::Integrity,
        techniques: &["T0856", "T1692.002", "T0855", "T1692.001", "T0832", "T0849", "T1565", "T1565.002"],
        endangers: "An old result counts as a new one: a patient is treated for values that he no longer has.",
        tool: Some("netcat-openbsd 1.219: nc -q 1 HOST 6661 < message"),
        hour: 11.6,
        start: |sim| inside(sim, &recording!("netcat-hl7-resend"), 1.0, |site| (site.pcs[1], site.engine)),
        ..COMMON
    },
    Scenario {
        name: "tool-hydra-ssh",
        title: "an office PC guesses passwords of the device gateway",
        family: Family::Access,
        techniques: &["T0812", "T0859", "T0886", "T1110", "T1110.001", "T1110.003", "T1021", "T1021.004", "T1078"],
        endangers: "Who is let in sees and changes what all monitors and ventilators report.",
        tool: Some("hydra 9.4: hydra -l service -P passwords -t 4 ssh://HOST"),
        hour: 3.9,
        start: |sim| inside(sim, &recording!("hydra-ssh"), 1.0, |site| (site.pcs[2], site.device_gateway)),
        ..COMMON
    },
    Scenario {
        name: "tool-hping3-syn-flood",
        title: "a printer floods the archive with connection attempts from invented addresses",
        family: Family::Availability,
        techniques: &[
            "T0814",
            "T0813",
            "T0815",
            "T0826",
            "T1498",
            "T1498.001",
            "T1499",
            "T1499.001",
            "T1499.002",
            "T0849",
        ],
        endangers: "The archive takes no images and gives none.",
        tool: Some("hping3 3.a2.ds2: hping3 -S --rand-source -p 11112 -i u1500"),
        hour: 9.8,
        start: |sim| inside(sim, &recording!("hping3-syn-flood"), 1.0, |site| (site.printers[0], site.pacs)),
        ..COMMON
    },
    Scenario {
        name: "tool-slowhttptest",
        title: "an office PC holds all connections of the nurse call server's web page with unfinished requests",
        family: Family::Availability,
        techniques: &["T0814", "T0813", "T0815", "T0826", "T1499", "T1499.002", "T1499.003"],
        endangers: "Nurses no longer see who calls.",
        tool: Some("slowhttptest 1.8.2: slowhttptest -H -c 100 -r 20 -i 4"),
        hour: 16.9,
        start: |sim| inside(sim, &recording!("slowhttptest"), 1.0, |site| (site.pcs[3], site.nurse_call)),
        ..COMMON
    },
    Scenario {
        name: "tool-dhcpstarv",
        title: "a strange laptop takes all addresses that the servers' zone has to give",
        family: Family::Availability,
        techniques: &["T0814", "T0826", "T0864", "T0849", "T1498", "T1499", "T1499.002", "T1200", "T1557.003"],
        endangers: "Devices that start, or come back, get no address and stay dumb.",
        tool: Some("dhcpstarv 0.2.2: dhcpstarv -i eth0"),
        hour: 6.5,
        start: |sim| stranger(sim, &recording!("dhcpstarv"), 1.0, |site| (site.zones.servers, site.domain[0])),
        ..COMMON
    },
    Scenario {
        name: "tool-dnsmasq-rogue-dhcp",
        title: "a strange laptop gives office PCs their addresses, with itself as router and name server",
        family: Family::Integrity,
        techniques: &["T0830", "T0849", "T0864", "T1557", "T1557.003", "T1200"],
        endangers: "What the PCs ask and answer goes through a stranger: passwords, records, orders.",
        tool: Some("dnsmasq 2.90: dnsmasq --dhcp-range=... --dhcp-option=3,SELF --dhcp-option=6,SELF"),
        hour: 7.6,
        start: rogue_dhcp,
        ..COMMON
    },
    Scenario {
        name: "tool-onesixtyone",
        title: "an office PC guesses SNMP communities of a power supply, a printer and the blood fridges' gateway",
        family: Family::Access,
        techniques: &[
            "T0812",
            "T0859",
            "T0846",
            "T0888",
            "T1110",
            "T1110.001",
            "T1110.003",
            "T1046",
            "T1602",
            "T1602.001",
        ],
        endangers: "Who knows the community of a power supply can switch off what hangs on it.",
        tool: Some("onesixtyone 0.3.4: onesixtyone -c communities -i hosts -w 40"),
        hour: 19.4,
        start: onesixtyone,
        ..COMMON
    },
    Scenario {
        name: "tool-iodine",
        title: "an office PC sends files out in names that it asks the name server for",
        family: Family::Theft,
        techniques: &[
            "T0884",
            "T0885",
            "T0869",
            "T0882",
            "T1048",
            "T1048.003",
            "T1041",
            "T1071",
            "T1071.004",
            "T1572",
            "T1132",
        ],
        endangers: "Patients' data leave the hospital past the proxy.",
        tool: Some("iodine 0.7.0: iodine -f -r -T TXT -M 200 -m 500"),
        hour: 23.3,
        start: iodine,
        ..COMMON
    },
    Scenario {
        name: "tool-smbclient-take",
        title: "an office PC takes all letters of a share",
        family: Family::Theft,
        techniques: &["T0811", "T0802", "T0882", "T0886", "T1039", "T1119", "T1135", "T1083", "T1021.002", "T1005"],
        endangers: "Patients' letters leave the hospital.",
        tool: Some("smbclient 4.17.12: smbclient -N //HOST/letters -c 'prompt off; mget *'"),
        within_normal: true,
        hour: 1.8,
        start: |sim| inside(sim, &recording!("smbclient-take"), 8.0, |site| (last(&site.pcs), site.files)),
        ..COMMON
    },
    Scenario {
        name: "tool-smbclient-encrypt",
        title: "a reading workstation replaces the files of a share by scrambled ones and leaves a note",
        family: Family::Malware,
        techniques: &[
            "T0809",
            "T0826",
            "T0828",
            "T0867",
            "T0886",
            "T1486",
            "T1485",
            "T1070.004",
            "T1039",
            "T1021.002",
            "T1083",
        ],
        endangers: "Letters, plans and lists cannot be read, and the wards go back to paper.",
        tool: Some("smbclient 4.17.12: get, put NAME.locked, del NAME for each file"),
        within_normal: true,
        hour: 4.6,
        start: |sim| inside(sim, &recording!("smbclient-encrypt"), 8.0, |site| (site.reading[0], site.files)),
        ..COMMON
    },
    Scenario {
        name: "tool-smbclient-mz-dicom",
        title: "a strange laptop puts an image with a program in its preamble on the archive's share",
        family: Family::Malware,
        techniques: &[
            "T0867",
            "T0863",
            "T0886",
            "T0864",
            "T1200",
            "T1570",
            "T1080",
            "T1204.002",
            "T1021.002",
            "T1027",
            "T1036",
        ],
        endangers: "Whoever opens the image as a program runs what an attacker wrote, on a system full of patients' data.",
        tool: Some("smbclient 4.17.12: put infected.dcm image4.dcm (CVE-2019-11687)"),
        hour: 14.3,
        start: |sim| stranger(sim, &recording!("smbclient-mz-dicom"), 8.0, |site| (site.zones.imaging, site.pacs)),
        ..COMMON
    },
];

/// The last of some hosts, of which there is always one.
fn last(hosts: &[HostId]) -> HostId {
    hosts[hosts.len() - 1]
}

/// Plays a recording in which the first part attacks and the others are attacked.
fn played(sim: &mut Sim, recording: &Recording, parts: Parts, slower: f64) -> Cast {
    let (attackers, victims): (Vec<HostId>, _) =
        parts.iter().map(|(_, host)| *host).partition(|host| *host == parts[0].1);
    // An office's PC may have been off.
    attackers.iter().for_each(|host| sim.net.host_mut(*host).up = true);
    let end = splice::play(sim, recording, parts, slower);
    Cast { victims, attackers, end }
}

/// One host of the hospital attacks another.
fn inside(sim: &mut Sim, recording: &Recording, slower: f64, ends: fn(&Site) -> (HostId, HostId)) -> Cast {
    let (attacker, victim) = ends(sim.ward.site());
    played(sim, recording, with(attacker, &[victim]), slower)
}

/// A laptop that does not belong to the hospital attacks from a zone.
fn stranger(sim: &mut Sim, recording: &Recording, slower: f64, place: fn(&Site) -> (ZoneId, HostId)) -> Cast {
    let (zone, victim) = place(sim.ward.site());
    let laptop = laptop(sim, zone);
    played(sim, recording, with(laptop, &[victim]), slower)
}

fn laptop(sim: &mut Sim, zone: ZoneId) -> HostId {
    let addresses = STRANGERS.rev().map(|number| sim.net.zones[usize::from(zone.0)].address(number));
    let free = addresses.clone().find(|ip| sim.net.owner(*ip).is_none());
    let ip = free.unwrap_or_else(|| sim.net.zones[usize::from(zone.0)].address(*STRANGERS.start()));
    sim.net.add_host_at(format!("laptop-{}", ip.octets()[3]), "stranger", zone, LAPTOP, LINUX, ip)
}

fn nmap_syn(sim: &mut Sim) -> Cast {
    let site = sim.ward.site();
    let parts = with(last(&site.pcs), &[site.pacs, site.gas[0], site.engine, site.ehr]);
    played(sim, &recording!("nmap-syn"), parts, 1.0)
}

fn nmap_quiet(sim: &mut Sim) -> Cast {
    let site = sim.ward.site();
    let (zone, targets) = (site.zones.wards[0], [site.monitors[0], site.pumps[0], site.ventilators[0]]);
    let laptop = laptop(sim, zone);
    played(sim, &recording!("nmap-quiet"), with(laptop, &targets), 1.0)
}

/// Of PCs in one zone there are three even in the smallest hospital.
fn rogue_dhcp(sim: &mut Sim) -> Cast {
    let site = sim.ward.site();
    let zone = site.zones.offices[0];
    let near = site.pcs.iter().copied().filter(|pc| sim.net.host(*pc).zone == zone);
    let targets: Vec<HostId> = near.take(3).collect();
    let laptop = laptop(sim, zone);
    played(sim, &recording!("dnsmasq-rogue-dhcp"), with(laptop, &targets), 1.0)
}

/// The attacker and, from .40 on, the attacked.
fn with(attacker: HostId, attacked: &[HostId]) -> Parts {
    std::iter::once((30, attacker)).chain((40..).zip(attacked.iter().copied())).collect()
}

fn onesixtyone(sim: &mut Sim) -> Cast {
    let site = sim.ward.site();
    let parts = with(site.pcs[4], &[site.ups[0], site.printers[0], site.fridges]);
    played(sim, &recording!("onesixtyone"), parts, 1.0)
}

/// The two hosts that talk are the victims.
fn arpspoof_modbus(sim: &mut Sim) -> Cast {
    let site = sim.ward.site();
    let (bms, panel, zone) = (site.bms, site.gas[0], site.zones.building);
    let laptop = laptop(sim, zone);
    played(sim, &recording!("arpspoof-modbus"), with(laptop, &[bms, panel]), 1.0)
}

/// The tunnel's other end is outside, and there packets need milliseconds, not microseconds.
fn iodine(sim: &mut Sim) -> Cast {
    let (pc, name_server) = (sim.ward.site().pcs[2], sim.ward.site().domain[0]);
    sim.net.host_mut(pc).up = true;
    let ip = Ipv4Addr::new(198, 51, 100, 77);
    let tunnel = sim.net.add_host_at("t.canary.example".into(), "tunnel", OUTSIDE, LAPTOP, LINUX, ip);
    let end = splice::play(sim, &recording!("iodine"), vec![(30, pc), (40, name_server), (50, tunnel)], 60.0);
    Cast { victims: vec![name_server], attackers: vec![pc, tunnel], end }
}

#[cfg(test)]
mod tests;
