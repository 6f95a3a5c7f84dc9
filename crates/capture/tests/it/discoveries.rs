//! What devices say of themselves in LLDP and CDP, against tshark, on real captures.
//!
//! Skipped, saying so, without captures or tshark.

use std::path::Path;
use std::process::Command;

use wardtap_capture::{Block, open};
use wardtap_net::cdp::Cdp;
use wardtap_net::lldp::{Id, Lldp};
use wardtap_net::packet::{LinkType, Packet};
use wardtap_net::peel::{Discovery, discovery};

use crate::corpus::{files, folder};

const FIELDS: [&str; 12] = [
    "lldp.chassis.id.mac",
    "lldp.port.id",
    "lldp.time_to_live",
    "lldp.tlv.system.name",
    "lldp.tlv.system.desc",
    "lldp.tlv.enable_system_cap",
    "cdp.deviceid",
    "cdp.platform",
    "cdp.portid",
    "cdp.software_version",
    "cdp.capabilities",
    "cdp.native_vlan",
];

/// The fields as tshark writes them, for frames that have a message: of LLDP the first six, of CDP the others.
fn read_here(path: &Path) -> Vec<(u64, Vec<String>)> {
    let Ok(mut source) = open(&[path.to_owned()]) else { return Vec::new() };
    let (mut found, mut block) = (Vec::new(), Block::new());
    while source.fill(&mut block) {
        for record in block.records.iter().filter(|record| record.link == LinkType::ETHERNET) {
            let packet = Packet { time: record.time, link: record.link, bytes: block.frame(record), sent: record.sent };
            let mut fields = match discovery(&packet) {
                Some((Discovery::Lldp(unit), _)) => {
                    let lldp = Lldp::read(unit).unwrap();
                    let (mac, port) = match (lldp.chassis, lldp.port) {
                        (Id::Mac(mac), Id::Text(port)) => (mac.to_string(), port.to_owned()),
                        other => panic!("{other:?}"),
                    };
                    let mut fields = vec![mac, port, lldp.time_to_live.to_string()];
                    fields.extend([lldp.system_name, lldp.system_description].map(owned));
                    fields.push(lldp.capabilities.map_or(String::new(), |all| format!("{:#06x}", all.enabled)));
                    fields
                }
                Some((Discovery::Cdp(message), _)) => {
                    let cdp = Cdp::read(message).unwrap();
                    let mut fields = vec![String::new(); 6];
                    fields.push(cdp.device.to_owned());
                    fields.extend([cdp.platform, cdp.port].map(owned));
                    fields.push(owned(cdp.software).replace('\n', ","));
                    fields.push(cdp.capabilities.map_or(String::new(), |all| format!("{all:#010x}")));
                    fields.push(cdp.native_vlan.map_or(String::new(), |vlan| vlan.to_string()));
                    fields
                }
                None => continue,
            };
            fields.resize(FIELDS.len(), String::new());
            found.push((record.frame, fields));
        }
    }
    found
}

fn owned(text: Option<&str>) -> String {
    text.unwrap_or_default().to_owned()
}

#[test]
fn what_devices_say_of_themselves() {
    let Some(folder) = folder() else {
        return eprintln!("skipped: no captures (WARDTAP_CAPTURES names no folder)");
    };
    if Command::new("tshark").arg("--version").output().is_err() {
        return eprintln!("skipped: tshark is not on the path");
    }
    let mut compared = [0, 0];
    for path in files(&folder) {
        let ours = read_here(&path);
        if ours.is_empty() {
            continue;
        }
        let mut command = Command::new("tshark");
        command.args(["-n", "-Y", "lldp or cdp", "-T", "fields", "-e", "frame.number"]);
        FIELDS.iter().for_each(|field| {
            command.args(["-e", field]);
        });
        let done = command.arg("-r").arg(&path).output().unwrap();
        let text = String::from_utf8(done.stdout).unwrap();
        for (frame, ours) in ours {
            let line = text.lines().find_map(|line| line.strip_prefix(&format!("{frame}\t")));
            let theirs: Vec<String> =
                line.unwrap_or_default().split('\t').map(|field| field.replace("\\r\\n", "\r\n")).collect();
            assert_eq!(ours, theirs, "{} {frame}", path.display());
            compared[usize::from(ours[0].is_empty())] += 1;
        }
    }
    eprintln!("{compared:?} messages compared, of LLDP and CDP");
    assert!(compared.iter().all(|&count| count > 4), "{compared:?}");
}
