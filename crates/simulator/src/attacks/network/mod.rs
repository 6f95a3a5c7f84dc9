//! The network: scans, false identities, tunnels, theft and malware.

pub mod appliances;
mod between;
mod channels;
mod damage;
pub mod directory;
pub mod doors;
pub mod entries;
pub mod flood;
pub mod hidden;
pub mod infected;
mod intruders;
pub mod leases;
pub mod lookups;
pub mod outages;
pub mod papers;
pub mod plant;
pub mod programs;
mod scans;
pub mod services;
pub mod tables;
pub mod taken;
mod usual;
pub mod ways;

use std::net::Ipv4Addr;
use std::time::Duration;

use self::between::{arp_gas_panel, arp_modality, dns_spoofing, gateway_claimed, rogue_dhcp};
use self::channels::{beacon, dns_tunnel, exfiltration_night, exfiltration_slow};
use self::damage::{broadcast_storm, clocks_wrong, ransomware, record_downgraded, record_unencrypted, syn_flood};
use self::intruders::{console_lateral, password_spray, ssh_guessing, vendor_at_night};
use self::scans::{port_scan, rogue_device, sweep};
use self::usual::{
    backup_swollen, clocks_lost, dhcp_other_router, files_at_night, logins_refused, printer_flooded, record_snooping,
    vendor_for_hours, vendor_report_swollen, vendor_way_misused,
};
use super::{Cast, Family, Scenario};
use crate::network::{HostId, LINUX, OUTSIDE, ZoneId};
use crate::sim::Sim;

/// A scenario of this file: not inside normal connections, and without a tool.
const fn scenario(
    name: &'static str,
    title: &'static str,
    family: Family,
    techniques: &'static [&'static str],
    endangers: &'static str,
    hour: f64,
    start: fn(&mut Sim) -> Cast,
) -> Scenario {
    Scenario {
        name,
        title,
        family,
        techniques,
        endangers,
        within_normal: false,
        held_out: false,
        tool: None,
        hour,
        prepared: Duration::ZERO,
        start,
    }
}

/// Inside connections of every day.
const fn within_normal(scenario: Scenario) -> Scenario {
    Scenario { within_normal: true, ..scenario }
}

/// All of them.
pub const ALL: &[Scenario] = &[
    scenario(
        "port-scan-imaging",
        "a PC scans the ports of all imaging devices",
        Family::Reconnaissance,
        &["T0846", "T0840", "T0888", "T1046", "T1018"],
        "Scanners and imaging workstations are being felt out before an attack, and old ones may hang from it.",
        10.6,
        port_scan,
    ),
    scenario(
        "sweep-wards",
        "a PC asks slowly, one after the other, which addresses of the wards there are",
        Family::Reconnaissance,
        &["T0846", "T0840", "T1018", "T1046"],
        "Somebody makes a list of the devices at the bedside.",
        13.2,
        sweep,
    ),
    scenario(
        "rogue-device-ward",
        "a foreign device joins a ward's network and looks around slowly",
        Family::Access,
        &["T0864", "T0846", "T0840", "T0848", "T1200", "T1046", "T1018"],
        "A foreign device is plugged in beside pumps and monitors and can reach them.",
        20.3,
        rogue_device,
    ),
    scenario(
        "arp-spoof-gas-panel",
        "a foreign host stands between the building management and a gas panel",
        Family::Integrity,
        &["T0830", "T0849", "T1557", "T1557.002", "T0864"],
        "Readings and settings of medical gas pass through a stranger, who can change them.",
        11.1,
        arp_gas_panel,
    ),
    scenario(
        "arp-spoof-modality",
        "a workstation stands between a scanner and its gateway",
        Family::Integrity,
        &["T0830", "T0849", "T1557", "T1557.002"],
        "Images pass through a stranger on their way to the archive, who can read and change them.",
        9.4,
        arp_modality,
    ),
    scenario(
        "gateway-claimed",
        "a foreign host in a ward claims the gateway's address",
        Family::Integrity,
        &["T0830", "T0849", "T1557", "T1557.002", "T0814", "T0815", "T0864"],
        "All that bedside devices of a ward send goes through a stranger, or nowhere.",
        15.7,
        gateway_claimed,
    ),
    scenario(
        "rogue-dhcp",
        "a second DHCP server makes itself gateway and name server of an office",
        Family::Integrity,
        &["T0830", "T0849", "T1557", "T1557.003", "T0864", "T1200"],
        "PCs of doctors and nurses go through a stranger, who can read passwords and change what they see.",
        6.4,
        rogue_dhcp,
    ),
    scenario(
        "dns-spoofing",
        "a PC answers questions for the health record's name with its own address",
        Family::Integrity,
        &["T0830", "T0849", "T1557", "T1557.001", "T1565.002"],
        "Staff log in to a false health record and give their passwords away.",
        9.0,
        dns_spoofing,
    ),
    scenario(
        "dns-tunnel",
        "a reading workstation carries data out in DNS questions",
        Family::Theft,
        &["T0869", "T0884", "T0885", "T0882", "T1071.004", "T1048", "T1048.003", "T1572", "T1041"],
        "Patient data leaves the hospital, hidden in name questions.",
        18.6,
        dns_tunnel,
    ),
    scenario(
        "beacon-outside",
        "a PC talks to an unknown server outside every five minutes",
        Family::Malware,
        &["T0869", "T0885", "T0883", "T1071", "T1071.001", "T1573", "T1041", "T1571"],
        "A PC is under somebody's control from outside, who can move on to medical devices.",
        10.2,
        beacon,
    ),
    scenario(
        "exfiltration-pacs-night",
        "the picture archive sends a large volume to an unknown server outside at night",
        Family::Theft,
        &["T0882", "T0811", "T0869", "T0885", "T0883", "T1041", "T1048", "T1048.002", "T1567"],
        "Images of many patients leave the hospital.",
        2.4,
        exfiltration_night,
    ),
    within_normal(scenario(
        "exfiltration-slow",
        "a PC sends a little through the proxy to a known site, all day long",
        Family::Theft,
        &["T0882", "T0811", "T0869", "T0884", "T0885", "T1030", "T1041", "T1048", "T1048.002", "T1567", "T1071.001"],
        "Patient data leaves the hospital in small pieces.",
        8.2,
        exfiltration_slow,
    )),
    scenario(
        "rdp-lateral",
        "a PC opens the screen of a CT scanner and brings a program",
        Family::Access,
        &["T0886", "T0866", "T0867", "T0859", "T1021", "T1021.001", "T1078", "T1570", "T1105"],
        "Somebody works on a CT scanner who has no business there.",
        12.4,
        console_lateral,
    ),
    scenario(
        "vendor-at-night",
        "a vendor's account works at 3 a.m. without appointment, on a device it never serves",
        Family::Access,
        &["T0822", "T0886", "T0859", "T0883", "T1133", "T1078", "T1021", "T1021.001", "T1021.004"],
        "A stolen vendor's account is used to reach a device that no vendor serves from outside.",
        3.1,
        vendor_at_night,
    ),
    scenario(
        "ssh-guessing",
        "a PC guesses passwords of the pump server until one is right",
        Family::Access,
        &["T0812", "T0859", "T0886", "T0891", "T1110", "T1110.001", "T1021.004", "T1078"],
        "Who gets into the pump server can change drug libraries and what pumps are told.",
        21.4,
        ssh_guessing,
    ),
    scenario(
        "password-spray",
        "a PC tries a password with every user of the domain",
        Family::Access,
        &["T0812", "T0859", "T0886", "T1110", "T1110.001", "T1110.003", "T1021.002", "T1078"],
        "Who finds a right password can open patient records and reach devices.",
        19.2,
        password_spray,
    ),
    within_normal(scenario(
        "smb-ransomware",
        "a PC reads, encrypts and renames all files of the file server",
        Family::Malware,
        &["T0809", "T0826", "T0828", "T0866", "T0882", "T1486", "T1485", "T1021.002", "T1083", "T1039", "T1080"],
        "Documents and working instructions become unreadable, and what spreads so reaches devices next.",
        4.3,
        ransomware,
    )),
    within_normal(scenario(
        "record-tls-downgraded",
        "the health record speaks only TLS 1.0",
        Family::Integrity,
        &["T0830", "T1557", "T1562.010", "T1600"],
        "What staff read and write in the health record can be read by others.",
        8.6,
        record_downgraded,
    )),
    scenario(
        "record-unencrypted",
        "the health record is served without encryption",
        Family::Integrity,
        &["T0830", "T1557", "T1562.010", "T1040"],
        "Patient data of the health record crosses the network readable for everybody.",
        14.2,
        record_unencrypted,
    ),
    scenario(
        "syn-flood-engine",
        "a PC floods the interface engine with half-open connections",
        Family::Availability,
        &[
            "T0813",
            "T0814",
            "T0815",
            "T0826",
            "T0803",
            "T0804",
            "T1691.001",
            "T1691.002",
            "T0805",
            "T1695",
            "T1498",
            "T1498.001",
            "T1499",
            "T1499.001",
            "T1499.002",
        ],
        "Orders, results and alarms between all systems come late or not at all.",
        16.2,
        syn_flood,
    ),
    within_normal(scenario(
        "broadcast-storm",
        "a loop between switches lets broadcasts of a ward go round",
        Family::Fault,
        &["T0814", "T1498", "T1498.001"],
        "Monitors and pumps of a ward lose their connection to the central station.",
        5.2,
        broadcast_storm,
    )),
    within_normal(scenario(
        "clocks-wrong",
        "the hospital's time servers tell a time that is an hour off",
        Family::Fault,
        &["T0856", "T1692.002", "T0832"],
        "Measurements, images and doses are filed under the wrong time.",
        7.3,
        clocks_wrong,
    )),
    within_normal(scenario(
        "record-snooping",
        "a ward's PC opens hundreds of patients' records in an evening",
        Family::Theft,
        &["T0882", "T0811", "T0802", "T1213", "T1119", "T1078"],
        "Somebody reads the records of patients whom he does not treat.",
        20.4,
        record_snooping,
    )),
    within_normal(scenario(
        "files-at-night",
        "a ward's PC reads file after file of the file server at night",
        Family::Theft,
        &["T0882", "T0811", "T0893", "T1039", "T1119", "T1083", "T1074", "T1005"],
        "Documents of all wards are being collected, to be carried out of the hospital.",
        2.2,
        files_at_night,
    )),
    within_normal(scenario(
        "vendor-for-hours",
        "a vendor's account works for hours at night on a device that it serves",
        Family::Access,
        &["T0822", "T0886", "T0859", "T0883", "T1133", "T1078", "T1021", "T1021.001", "T1021.004", "T1021.005"],
        "A stolen vendor's account is used, and nobody at the device knows what is done to it.",
        1.8,
        vendor_for_hours,
    )),
    within_normal(scenario(
        "vendor-report-swollen",
        "a scanner's report to its vendor is hundreds of times as large as on other days",
        Family::Theft,
        &["T0882", "T0811", "T0869", "T0884", "T0885", "T1020", "T1041", "T1048", "T1048.002", "T1567"],
        "Images of many patients leave the hospital on a way that is trusted.",
        0.7,
        vendor_report_swollen,
    )),
    within_normal(scenario(
        "vendor-way-misused",
        "a scanner calls its vendor's site every few minutes, with a program that it does not have",
        Family::Malware,
        &["T0869", "T0884", "T0885", "T1071", "T1071.001", "T1573", "T1090", "T1041", "T1195", "T0862"],
        "A scanner is under somebody's control from outside.",
        12.1,
        vendor_way_misused,
    )),
    within_normal(scenario(
        "backup-swollen",
        "the file server saves fifteen times as much as on other nights",
        Family::Malware,
        &["T0809", "T0826", "T1486", "T1485", "T1565", "T1565.001", "T1490"],
        "Nearly all documents have been changed in a day, as when they are encrypted; the good copies are written over next.",
        4.6,
        backup_swollen,
    )),
    within_normal(scenario(
        "logins-refused",
        "a PC tries to log in at the file server as another user every few minutes, in vain",
        Family::Access,
        &["T0812", "T0859", "T0886", "T1110", "T1110.001", "T1110.003", "T1021.002", "T1078"],
        "Who finds a right password can open patient records and reach devices.",
        9.3,
        logins_refused,
    )),
    within_normal(scenario(
        "printer-flooded",
        "a PC sends its printer job after job at night",
        Family::Availability,
        &["T0814", "T0826", "T0815", "T1499", "T1499.003", "T1498", "T0813"],
        "The ward cannot print what it needs, as labels and orders; something on the PC is out of control.",
        23.1,
        printer_flooded,
    )),
    scenario(
        "dhcp-other-router",
        "the DHCP server names a PC as the router of an office",
        Family::Integrity,
        &["T0830", "T0849", "T1557", "T1557.003", "T0864", "T1565.002"],
        "PCs of doctors and nurses go through somebody's PC, who can read passwords and change what they see.",
        6.2,
        dhcp_other_router,
    ),
    within_normal(scenario(
        "clocks-lost",
        "the hospital's time servers say that they do not know the time",
        Family::Fault,
        &["T0814", "T0826", "T0856", "T1692.002", "T0832"],
        "Clocks of devices drift apart: measurements, images and doses are filed under the wrong time.",
        10.2,
        clocks_lost,
    )),
];

/// A server outside that the hospital has never talked to.
fn stranger(sim: &mut Sim, name: &str, last: u8) -> HostId {
    let ip = Ipv4Addr::new(192, 0, 2, last);
    sim.net.add_host_at(name.into(), "stranger", OUTSIDE, [0x00, 0x1b, 0x54], LINUX, ip)
}

/// A foreign device with an address of the zone that nobody has: a small computer.
fn intruder(sim: &mut Sim, zone: ZoneId) -> HostId {
    let place = &sim.net.zones[usize::from(zone.0)];
    let free = (180..254).rev().map(|last| place.address(last)).find(|ip| sim.net.owner(*ip).is_none());
    let ip = free.unwrap_or(place.address(254));
    sim.net.add_host_at("raspberrypi".into(), "rogue", zone, [0xdc, 0xa6, 0x32], LINUX, ip)
}

/// A PC of the wards, which is never off; from the `place`th on.
fn pc(sim: &Sim, place: usize) -> HostId {
    let pcs = &sim.ward.site().pcs;
    let up = pcs.iter().cycle().skip(place).take(pcs.len()).find(|host| sim.net.host(**host).up);
    *up.unwrap_or(&pcs[0])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::attacks;
    use crate::clock::{DAY, Time};
    use crate::ward;

    /// In the smallest hospital, on one day: nothing may hang on there being many of a kind, nor be sent too late.
    #[test]
    fn every_scenario_leaves_frames_of_its_own() {
        let start = Time::from_secs(1_767_567_600);
        let mut sim = Sim::new(5, start);
        ward::open(&mut sim, 50);
        let lists = [ALL, services::ALL, appliances::ALL, flood::ALL, lookups::ALL, programs::ALL, ways::ALL];
        let later = [doors::ALL, infected::ALL, leases::ALL, papers::ALL, tables::ALL];
        let newest = [directory::ALL, entries::ALL, hidden::ALL, outages::ALL, plant::ALL, taken::ALL];
        let all = || lists.into_iter().chain(later).chain(newest).flatten();
        for scenario in all() {
            attacks::play(&mut sim, scenario, start);
        }
        let mut frames = BTreeMap::<u16, u64>::new();
        let counted = sim.run(start + DAY, |frame| {
            *frames.entry(frame.mark).or_default() += 1;
            Ok::<_, std::convert::Infallible>(())
        });
        assert!(counted.is_ok());
        assert_eq!(sim.played.len(), all().count());
        for played in &sim.played {
            let count = frames.get(&played.mark).copied().unwrap_or_default();
            assert!(count >= 10, "{:?} left {count} frames", played.scenario);
            assert!(!played.cast.victims.is_empty(), "{:?} concerns nobody", played.scenario);
        }
        assert!(sim.net.queue.detours.is_empty(), "who stood between is gone");
    }
}
