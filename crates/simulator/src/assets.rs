//! What the hospital knows of its devices, as a list that its clinical engineers might keep (CSV).

use std::io::{self, Write};

use crate::network::{Host, OUTSIDE};
use crate::sim::Sim;

/// What is known of all hosts of a role.
struct Known {
    role: &'static str,
    class: &'static str,
    model: &'static str,
    function: &'static str,
    criticality: &'static str,
    /// It keeps its address.
    fixed: bool,
}

const fn known(role: &'static str, [class, model, function, criticality]: [&'static str; 4], fixed: bool) -> Known {
    Known { role, class, model, function, criticality, fixed }
}

const KNOWN: [Known; 38] = [
    known("pump", ["infusion-pump", "Infusion 3", "gives drugs and fluids", "life-supporting"], false),
    known("pump-gateway", ["pump-gateway", "Pump server", "drug libraries, orders and alarms of pumps", "high"], true),
    known("monitor", ["patient-monitor", "Bedside 8", "watches a patient's vital signs", "life-supporting"], false),
    known(
        "central-station",
        ["central-station", "Central 2", "shows the ward its patients' vital signs", "life-supporting"],
        false,
    ),
    known("ventilator", ["ventilator", "Vent 5", "ventilates a patient", "life-supporting"], false),
    known(
        "anaesthesia",
        ["anaesthesia-machine", "Anaesthesia 4", "anaesthesia in a theatre", "life-supporting"],
        false,
    ),
    known(
        "device-gateway",
        ["server", "Device gateway", "brings bedside devices' values into the record", "medium"],
        true,
    ),
    known("nurse-call", ["nurse-call", "Call server", "passes patients' calls on", "high"], true),
    known("nurse-call-panel", ["nurse-call", "Call panel", "calls a nurse", "high"], false),
    known("ct", ["ct", "CT 64", "computed tomography", "high"], true),
    known("mr", ["mr", "MR 15", "magnetic resonance", "medium"], true),
    known("us", ["ultrasound", "US 9", "ultrasound", "medium"], true),
    known("xr", ["x-ray", "XR 7", "radiography", "medium"], true),
    known("pacs", ["image-archive", "Archive", "keeps images", "high"], true),
    known("archive", ["image-archive", "Long-term archive", "keeps images for years", "medium"], true),
    known("workstation", ["reading-workstation", "Reading", "shows images to radiologists", "medium"], true),
    known("ris", ["server", "Radiology", "radiology's worklists and reports", "medium"], true),
    known("analyser", ["analyser", "Analyser", "measures samples", "high"], true),
    known("lis", ["laboratory-system", "Laboratory", "the laboratory's orders and results", "high"], true),
    known("ehr", ["health-record", "Record", "the patients' record", "high"], true),
    known("interface-engine", ["interface-engine", "Engine", "passes messages between systems", "high"], true),
    known("pharmacy", ["server", "Pharmacy", "checks and passes on drug orders", "high"], true),
    known("cabinet", ["pharmacy-cabinet", "Cabinet", "dispenses drugs on a ward", "high"], false),
    known("bms", ["building-management", "Building", "ventilation, gas and fridges", "high"], true),
    known("gas-panel", ["medical-gas-panel", "MGP 8", "watches oxygen and vacuum", "life-supporting"], true),
    known("isolation-room", ["pressure-controller", "Room 2", "keeps an isolation room's pressure", "high"], true),
    known("ups", ["ups", "UPS 20", "power while there is none", "high"], true),
    known("fridge-gateway", ["blood-fridge", "Fridges", "blood and drug fridges", "high"], true),
    known("domain-controller", ["server", "Domain", "names, addresses and time for all", "high"], true),
    known("file-server", ["server", "Files", "files of departments", "medium"], true),
    known("backup", ["server", "Backup", "copies of all servers", "medium"], true),
    known("proxy", ["server", "Proxy", "the way to the web", "low"], true),
    known("pc", ["pc", "Desktop", "desk or nurses' station", "low"], false),
    known("printer", ["printer", "Printer", "prints", "low"], false),
    known("jump-host", ["server", "Jump host", "where vendors come in", "medium"], true),
    known("engineering-station", ["pc", "Engineering", "estates' maintenance", "low"], true),
    known("inventory-scanner", ["server", "Inventory", "looks which devices there are", "low"], true),
    known("server", ["server", "Server", "", "medium"], true),
];

/// Who made what has such addresses.
const VENDORS: [([u8; 3], &str); 11] = [
    ([0x00, 0x09, 0xfb], "Philips"),
    ([0x00, 0x30, 0xe6], "Draeger"),
    ([0x00, 0x0e, 0x8c], "Siemens"),
    ([0x00, 0x40, 0x84], "GE"),
    ([0x00, 0x80, 0xf4], "Schneider"),
    ([0x00, 0xc0, 0xb7], "APC"),
    ([0x00, 0x90, 0xe8], "Moxa"),
    ([0x00, 0x50, 0x56], "VMware"),
    ([0x00, 0x14, 0x22], "Dell"),
    ([0x3c, 0xd9, 0x2b], "HP"),
    ([0x00, 0x1b, 0x54], "Cisco"),
];

/// Writes the list of all devices that the hospital has by now; what comes later, nobody has entered yet.
///
/// # Errors
/// Where it cannot be written.
pub fn write(sim: &Sim, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "address,mac,name,class,vendor,model,location,clinical function,criticality")?;
    for host in sim.net.hosts.iter().filter(|host| host.zone != OUTSIDE) {
        if let Some(known) = KNOWN.iter().find(|known| known.role == host.role) {
            write_host(sim, host, known, out)?;
        }
    }
    out.flush()
}

fn write_host(sim: &Sim, host: &Host, known: &Known, out: &mut dyn Write) -> io::Result<()> {
    let Host { name, ip, mac, zone, .. } = host;
    let address = if known.fixed { ip.to_string() } else { String::new() };
    let zone = &sim.net.zones[usize::from(zone.0)];
    let vendor = VENDORS.iter().find(|(oui, _)| mac.starts_with(oui)).map_or("", |(_, vendor)| vendor);
    let mac: Vec<String> = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    let (mac, location) = (mac.join(":"), format!("{} {}", zone.name, zone.vlan));
    let Known { class, model, function, criticality, .. } = known;
    writeln!(out, "{address},{mac},{name},{class},{vendor},{model},{location},\"{function}\",{criticality}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::clock::OPENING;
    use crate::ward;

    #[test]
    fn every_device_is_known_once() {
        let mut sim = Sim::new(1, OPENING);
        ward::open(&mut sim, 50);
        let mut list = Vec::new();
        write(&sim, &mut list).unwrap();
        let list = String::from_utf8(list).unwrap();
        let lines: Vec<&str> = list.lines().skip(1).collect();
        let inside: Vec<&Host> = sim.net.hosts.iter().filter(|host| host.zone != OUTSIDE).collect();
        let missing: Vec<&str> =
            inside.iter().map(|host| host.role).filter(|role| KNOWN.iter().all(|known| known.role != *role)).collect();
        assert_eq!(missing, Vec::<&str>::new());
        assert_eq!(lines.len(), inside.len());
        let macs: BTreeSet<&str> = lines.iter().filter_map(|line| line.split(',').nth(1)).collect();
        assert_eq!(macs.len(), lines.len(), "each has an address of its own");
        assert!(KNOWN.iter().all(|known| !known.function.contains('"') && !known.model.contains(',')));
    }
}
