//! Which hosts the hospital has, and where they stand.

use std::net::Ipv4Addr;

use crate::network::{EMBEDDED, HostId, LINUX, Network, OUTSIDE, Stack, WINDOWS, ZoneId};

/// The fewest and the most devices of a hospital.
pub const DEVICES: std::ops::RangeInclusive<usize> = 50..=1000;

/// Devices of a ward's zone, below the 245 addresses that it has.
const ZONE_DEVICES: usize = 150;

/// All hosts by what they are.
#[derive(Clone, Debug)]
pub struct Site {
    /// Infusion pumps, on the wireless network.
    pub pumps: Vec<HostId>,
    /// The server that all pumps talk to.
    pub pump_gateway: HostId,
    /// Patient monitors.
    pub monitors: Vec<HostId>,
    /// Central stations, each with some of the monitors.
    pub central_stations: Vec<HostId>,
    /// Ventilators.
    pub ventilators: Vec<HostId>,
    /// Anaesthesia machines.
    pub anaesthesia: Vec<HostId>,
    /// The gateway that makes HL7 of what ventilators, monitors and anaesthesia machines say.
    pub device_gateway: HostId,
    /// Computed tomography.
    pub ct: Vec<HostId>,
    /// Magnetic resonance.
    pub mr: Vec<HostId>,
    /// Ultrasound.
    pub us: Vec<HostId>,
    /// Radiography.
    pub xr: Vec<HostId>,
    /// The picture archive.
    pub pacs: HostId,
    /// The long-term archive behind it.
    pub archive: HostId,
    /// Radiologists' workstations.
    pub reading: Vec<HostId>,
    /// The radiology information system: worklists and procedure steps.
    pub ris: HostId,
    /// Laboratory analysers.
    pub analysers: Vec<HostId>,
    /// The laboratory information system.
    pub lis: HostId,
    /// The electronic health record.
    pub ehr: HostId,
    /// The interface engine, through which all HL7 goes.
    pub engine: HostId,
    /// The pharmacy's server.
    pub pharmacy: HostId,
    /// Dispensing cabinets.
    pub cabinets: Vec<HostId>,
    /// The building management system.
    pub bms: HostId,
    /// Medical gas panels.
    pub gas: Vec<HostId>,
    /// Pressure controllers of isolation rooms.
    pub isolation: Vec<HostId>,
    /// Uninterruptible power supplies.
    pub ups: Vec<HostId>,
    /// A serial gateway with the blood fridges behind it, each a unit.
    pub fridges: HostId,
    /// The nurse call server.
    pub nurse_call: HostId,
    /// Nurse call panels.
    pub panels: Vec<HostId>,
    /// Office PCs, nurses' and doctors' too.
    pub pcs: Vec<HostId>,
    /// Domain controllers: names, addresses and time for everybody.
    pub domain: Vec<HostId>,
    /// The file server.
    pub files: HostId,
    /// The backup server.
    pub backup: HostId,
    /// The web proxy.
    pub proxy: HostId,
    /// Printers.
    pub printers: Vec<HostId>,
    /// The jump host of vendors' remote access.
    pub jump: HostId,
    /// A vendor's service centre, outside.
    pub vendor: HostId,
    /// Web servers outside.
    pub web: Vec<HostId>,
    /// Further devices that are not there at first: on loan, new ones.
    pub spare: Vec<HostId>,
    /// The zones.
    pub zones: Zones,
}

/// The hospital's zones.
#[derive(Clone, Debug)]
pub struct Zones {
    /// Bedside devices, one zone for a couple of wards.
    pub wards: Vec<ZoneId>,
    /// Imaging.
    pub imaging: ZoneId,
    /// The laboratory.
    pub laboratory: ZoneId,
    /// Servers.
    pub servers: ZoneId,
    /// Building automation.
    pub building: ZoneId,
    /// Offices and clinical PCs.
    pub offices: Vec<ZoneId>,
    /// Where vendors come in.
    pub remote: ZoneId,
}

const PHILIPS: [u8; 3] = [0x00, 0x09, 0xfb];
const DRAEGER: [u8; 3] = [0x00, 0x30, 0xe6];
const SIEMENS: [u8; 3] = [0x00, 0x0e, 0x8c];
const GE: [u8; 3] = [0x00, 0x40, 0x84];
const SCHNEIDER: [u8; 3] = [0x00, 0x80, 0xf4];
const APC: [u8; 3] = [0x00, 0xc0, 0xb7];
const MOXA: [u8; 3] = [0x00, 0x90, 0xe8];
const VMWARE: [u8; 3] = [0x00, 0x50, 0x56];
const DELL: [u8; 3] = [0x00, 0x14, 0x22];
const HP: [u8; 3] = [0x3c, 0xd9, 0x2b];
const CISCO: [u8; 3] = [0x00, 0x1b, 0x54];

/// What a host is called and how it is built.
struct Kind {
    name: &'static str,
    role: &'static str,
    oui: [u8; 3],
    stack: Stack,
}

const fn kind(name: &'static str, role: &'static str, oui: [u8; 3], stack: Stack) -> Kind {
    Kind { name, role, oui, stack }
}

struct Builder<'a> {
    net: &'a mut Network,
}

impl Builder<'_> {
    fn one(&mut self, zone: ZoneId, of: &Kind) -> HostId {
        self.net.add_host(of.name.into(), of.role, zone, of.oui, of.stack)
    }

    fn many(&mut self, zones: &[ZoneId], count: usize, of: &Kind) -> Vec<HostId> {
        (0..count)
            .map(|number| {
                let zone = zones[number % zones.len()];
                self.net.add_host(format!("{}-{:03}", of.name, number + 1), of.role, zone, of.oui, of.stack)
            })
            .collect()
    }
}

impl Site {
    /// A hospital of about so many devices.
    ///
    /// # Panics
    /// Where they are not in [`DEVICES`].
    pub fn build(net: &mut Network, devices: usize) -> Self {
        assert!(DEVICES.contains(&devices), "a hospital of {devices} devices");
        // Of 200 devices so many are of a kind; never fewer than `least`.
        let share = |of_200: usize, least: usize| (of_200 * devices / 200).max(least);
        let ward_count = (devices * 3 / 5).div_ceil(ZONE_DEVICES);
        let office_count = (devices / 5).div_ceil(ZONE_DEVICES);
        let wards: Vec<ZoneId> =
            (0..ward_count).map(|n| net.add_zone("ward", 110 + n as u16, [10, 20, 10 + n as u8])).collect();
        let zones = Zones {
            wards,
            imaging: net.add_zone("imaging", 120, [10, 20, 20]),
            laboratory: net.add_zone("laboratory", 130, [10, 20, 30]),
            servers: net.add_zone("servers", 140, [10, 20, 40]),
            building: net.add_zone("building", 150, [10, 20, 50]),
            offices: (0..office_count)
                .map(|n| net.add_zone("office", 160 + n as u16, [10, 20, 60 + n as u8]))
                .collect(),
            remote: net.add_zone("remote", 180, [10, 20, 80]),
        };
        let build = &mut Builder { net };
        let server = |name, role| kind(name, role, VMWARE, LINUX);
        let windows = |name, role| kind(name, role, VMWARE, WINDOWS);
        let servers = zones.servers;

        Self {
            domain: build.many(&[servers], 2, &windows("dc", "domain-controller")),
            engine: build.one(servers, &server("engine", "interface-engine")),
            ehr: build.one(servers, &windows("ehr", "ehr")),
            pacs: build.one(servers, &windows("pacs", "pacs")),
            archive: build.one(servers, &server("archive", "archive")),
            ris: build.one(servers, &windows("ris", "ris")),
            lis: build.one(servers, &server("lis", "lis")),
            pharmacy: build.one(servers, &windows("pharmacy", "pharmacy")),
            pump_gateway: build.one(servers, &server("pump-gateway", "pump-gateway")),
            device_gateway: build.one(servers, &server("device-gateway", "device-gateway")),
            nurse_call: build.one(servers, &server("nurse-call", "nurse-call")),
            files: build.one(servers, &windows("files", "file-server")),
            backup: build.one(servers, &server("backup", "backup")),
            proxy: build.one(servers, &server("proxy", "proxy")),
            bms: build.one(zones.building, &kind("bms", "bms", DELL, WINDOWS)),
            gas: build.many(&[zones.building], share(4, 2), &kind("gas", "gas-panel", SCHNEIDER, EMBEDDED)),
            isolation: build.many(
                &[zones.building],
                share(5, 2),
                &kind("isolation", "isolation-room", SIEMENS, EMBEDDED),
            ),
            ups: build.many(&[zones.building], share(3, 1), &kind("ups", "ups", APC, EMBEDDED)),
            fridges: build.one(zones.building, &kind("fridges", "fridge-gateway", MOXA, EMBEDDED)),
            pumps: build.many(&zones.wards, share(50, 8), &kind("pump", "pump", GE, EMBEDDED)),
            monitors: build.many(&zones.wards, share(36, 6), &kind("monitor", "monitor", PHILIPS, EMBEDDED)),
            ventilators: build.many(&zones.wards, share(10, 2), &kind("ventilator", "ventilator", DRAEGER, EMBEDDED)),
            anaesthesia: build.many(&zones.wards, share(6, 1), &kind("anaesthesia", "anaesthesia", DRAEGER, EMBEDDED)),
            central_stations: build.many(&zones.wards, share(3, 1), &kind("central", "central-station", DELL, WINDOWS)),
            panels: build.many(&zones.wards, share(8, 2), &kind("panel", "nurse-call-panel", CISCO, EMBEDDED)),
            cabinets: build.many(&zones.wards, share(8, 2), &kind("cabinet", "cabinet", HP, WINDOWS)),
            ct: build.many(&[zones.imaging], share(2, 1), &kind("ct", "ct", SIEMENS, WINDOWS)),
            mr: build.many(&[zones.imaging], share(2, 1), &kind("mr", "mr", SIEMENS, LINUX)),
            us: build.many(&[zones.imaging], share(4, 1), &kind("us", "us", GE, WINDOWS)),
            xr: build.many(&[zones.imaging], share(4, 1), &kind("xr", "xr", PHILIPS, WINDOWS)),
            reading: build.many(&[zones.imaging], share(8, 2), &kind("reading", "workstation", HP, WINDOWS)),
            analysers: build.many(&[zones.laboratory], share(8, 2), &kind("analyser", "analyser", HP, WINDOWS)),
            pcs: build.many(&zones.offices, share(30, 5), &kind("pc", "pc", DELL, WINDOWS)),
            printers: build.many(&zones.offices, share(3, 1), &kind("printer", "printer", HP, EMBEDDED)),
            jump: build.one(zones.remote, &windows("jump", "jump-host")),
            vendor: build.net.add_host_at(
                "service.vendor.example".into(),
                "vendor",
                OUTSIDE,
                CISCO,
                LINUX,
                Ipv4Addr::new(198, 51, 100, 20),
            ),
            web: (0..12)
                .map(|n| {
                    let ip = Ipv4Addr::new(203, 0, 113, 10 + n);
                    build.net.add_host_at(format!("www{n}.example"), "web", OUTSIDE, CISCO, LINUX, ip)
                })
                .collect(),
            spare: Vec::new(),
            zones,
        }
    }

    /// All modalities.
    pub fn modalities(&self) -> impl Iterator<Item = HostId> {
        [&self.ct, &self.mr, &self.us, &self.xr].into_iter().flatten().copied()
    }
}
