//! Who a device is: what changes of it are events, who is there below IP, and which names are shown.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::pcap::{PLAIN, Packet, pcap, read};
use crate::run::{Replayed, replay};
use crate::schema::validator;

const CONTROLLER: &str = "captures/bacnet/controller.pcap";
const HOUR: u64 = 3600 * 1_000_000_000;
const DAY: u64 = 24 * HOUR;

/// The packets of a capture so much later, with other text of the same length in the place of some.
fn later(capture: &str, nanos: u64, (from, to): (&str, &str)) -> Vec<Packet> {
    assert_eq!(from.len(), to.len());
    let mut packets = read(capture).unwrap();
    let mut found = 0;
    for packet in &mut packets {
        packet.time += nanos;
        for at in 0..packet.bytes.len().saturating_sub(from.len()) {
            let place = &mut packet.bytes[at..at + from.len()];
            if place == from.as_bytes() {
                place.copy_from_slice(to.as_bytes());
                found += 1;
            }
        }
    }
    assert!(found > 0, "{capture} does not say {from}");
    packets
}

fn written(folder: &TempDir, packets: &[Packet]) -> String {
    let path = folder.path().join("capture.pcap");
    fs::write(&path, pcap(packets, PLAIN)).unwrap();
    path.to_str().unwrap().to_owned()
}

fn replayed(packets: &[Packet], options: &[&str]) -> Replayed {
    let folder = TempDir::new().unwrap();
    let replayed = replay(&written(&folder, packets), options);
    assert_eq!(replayed.ran.status, 0, "{}", replayed.ran.stderr);
    replayed
}

/// Changes of one field, as "from to".
fn changes(replayed: &Replayed, field: &str) -> Vec<String> {
    let events = replayed.parsed();
    let devices = events.iter().filter(|event| event["type"] == "device");
    let all = devices.flat_map(|event| event["device"]["changes"].as_array().cloned().unwrap_or_default());
    let text = |change: &Value, name: &str| change[name].as_str().unwrap_or("nothing").to_owned();
    all.filter(|change| change["field"] == field)
        .map(|change| format!("{} {}", text(&change, "from"), text(&change, "to")))
        .collect()
}

#[test]
fn other_firmware_than_before_is_a_change_and_the_first_word_is_none() {
    let first = read(CONTROLLER).unwrap();
    assert_eq!(changes(&replayed(&first, &[]), "firmware"), [""; 0]);
    let updated = [first.clone(), later(CONTROLLER, 2 * HOUR, ("4.2.1", "4.2.9"))].concat();
    let replayed_once = replayed(&updated, &["--workers", "1"]);
    assert_eq!(changes(&replayed_once, "firmware"), ["4.2.1 4.2.9"]);
    let events = replayed_once.parsed();
    let event = events.iter().find(|event| event["device"]["changes"][0]["field"] == "firmware").unwrap();
    let change = &event["device"]["changes"][0];
    assert_eq!((&change["kind"], event["device"]["firmware"].as_str()), (&"bacnet-firmware".into(), Some("4.2.9")));
    let frames = u64::try_from(first.len()).unwrap();
    assert!(change["frame"]["frame"].as_u64() > Some(frames), "{change}");
    assert_eq!(event["time"], change["frame"]["time"]);
    let schema = validator(&["schema"]);
    assert!(events.iter().all(|event| schema.is_valid(event)));
    // The same by any number of workers, and nothing where the same is said again, or other words are the usual ones.
    for workers in ["2", "5"] {
        let lines = |events: &[Value]| {
            let devices = events.iter().filter(|event| event["type"] == "device");
            // Each time the capture lies in another folder.
            devices
                .map(|event| {
                    event
                        .to_string()
                        .replace(event["device"]["changes"][0]["frame"]["capture"].as_str().unwrap_or("no capture"), "")
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(lines(&replayed(&updated, &["--workers", workers]).parsed()), lines(&events));
    }
    let again = [first.clone(), later(CONTROLLER, 2 * HOUR, ("4.2.1", "4.2.1"))].concat();
    assert_eq!(changes(&replayed(&again, &[]), "firmware"), [""; 0]);
    let soon = [first, later(CONTROLLER, HOUR / 2, ("4.2.1", "4.2.9"))].concat();
    assert_eq!(changes(&replayed(&soon, &[]), "firmware"), [""; 0], "it is got to know");
}

#[test]
fn what_comes_back_after_days_is_a_change_and_what_takes_turns_is_not() {
    let turn = |number: u64, after: u64, text: &str| later(CONTROLLER, number * after, ("4.2.1", text));
    let of = |after: u64| -> Vec<Packet> {
        let texts = ["4.2.1", "4.2.9", "4.2.9", "4.2.1", "4.2.9"];
        (0u64..).zip(texts).flat_map(|(number, text)| turn(number, after, text)).collect()
    };
    assert_eq!(changes(&replayed(&of(2 * HOUR), &[]), "firmware"), ["4.2.1 4.2.9"]);
    assert_eq!(changes(&replayed(&of(2 * DAY), &[]), "firmware"), ["4.2.1 4.2.9", "4.2.9 4.2.1", "4.2.1 4.2.9"]);
}

#[test]
fn who_makes_itself_up_anew_each_time_is_not_told_each_time() {
    let texts: Vec<String> = (0..60).map(|number| format!("4.{number:03}")).collect();
    let packets: Vec<Packet> =
        (0u64..).zip(&texts).flat_map(|(number, text)| later(CONTROLLER, number * HOUR / 3, ("4.2.1", text))).collect();
    let told = changes(&replayed(&packets, &[]), "firmware").len();
    assert!((1..=8).contains(&told), "{told}");
}

/// A frame on Ethernet.
fn frame(time: u64, source: [u8; 6], ethertype: u16, rest: &[u8]) -> Packet {
    let mut bytes = [[0xff; 6], source].concat();
    bytes.extend(ethertype.to_be_bytes());
    bytes.extend(rest);
    bytes.resize(bytes.len().max(60), 0);
    Packet { time, sent: u32::try_from(bytes.len()).unwrap(), bytes }
}

/// A DHCPDISCOVER with a host name (RFC 2131, RFC 2132 section 3.14).
fn discover(time: u64, source: [u8; 6], name: &str) -> Packet {
    let mut message = vec![1, 1, 6, 0];
    message.extend([0; 24]);
    message.extend(source);
    message.resize(236, 0);
    message.extend([0x63, 0x82, 0x53, 0x63, 53, 1, 1, 12, u8::try_from(name.len()).unwrap()]);
    message.extend(name.as_bytes());
    message.push(255);
    let length = |more: usize| u16::try_from(message.len() + more).unwrap().to_be_bytes();
    let udp = [&[0, 68, 0, 67], length(8).as_slice(), &[0, 0], &message].concat();
    let mut ip = [&[0x45, 0], length(28).as_slice(), &[0, 0, 0, 0, 64, 17, 0, 0, 0, 0, 0, 0], &[0xff; 4]].concat();
    let sum = ip.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum::<u32>();
    let sum = !u16::try_from((sum & 0xffff) + (sum >> 16)).unwrap();
    ip[10..12].copy_from_slice(&sum.to_be_bytes());
    frame(time, source, 0x0800, &[ip, udp].concat())
}

const PROFINET: [u8; 6] = [0x00, 0x0e, 0x8c, 1, 2, 3];
const PRINTER: [u8; 6] = [0x3c, 0xd9, 0x2b, 0x3f, 0x02, 0xab];
const PHONE: [u8; 6] = [0x00, 0x1b, 0x54, 1, 2, 3];
const PROBES: [u8; 6] = [0x00, 0x09, 0xfb, 1, 2, 3];

fn below_ip() -> Vec<Packet> {
    let probe = [&[0, 1, 8, 0, 6, 4, 0, 1][..], &PROBES, &[0; 4], &[0; 6], &[10, 0, 0, 9]].concat();
    vec![
        frame(HOUR, PROFINET, 0x8892, &[0x80, 0x20]),
        frame(HOUR + 1, PROBES, 0x0806, &probe),
        discover(HOUR + 2, PRINTER, "NPI3F02AB"),
        discover(HOUR + 3, PHONE, "Jane-Canarys-phone"),
        frame(HOUR + 4, PROFINET, 0x8892, &[0x80, 0x20]),
    ]
}

#[test]
fn who_has_no_address_is_in_the_inventory_by_its_own_one() {
    let replayed = replayed(&below_ip(), &[]);
    let devices: Value = serde_json::from_str(&replayed.inventory).unwrap();
    assert!(validator(&["schema", "--of", "inventory"]).is_valid(&devices), "{devices}");
    let of = |id: &str| {
        let all = devices.as_array().unwrap();
        all.iter().find(|device| device["id"] == id).unwrap_or_else(|| panic!("{id} in {devices}"))
    };
    for (id, maker, carried, messages) in [
        ("mac:00:0e:8c:01:02:03", "Siemens AG", "industrial-ethernet", 2),
        ("mac:00:09:fb:01:02:03", "Philips Patient Monitoring", "arp", 1),
        ("mac:3c:d9:2b:3f:02:ab", "Hewlett Packard", "dhcp", 1),
    ] {
        let device = of(id);
        assert_eq!(device["identity"]["network_card"], maker, "{device}");
        assert!(device["ip"].is_null() && device["addresses"] == Value::Array(Vec::new()), "{device}");
        let software = device["identity"]["software"].as_array().unwrap();
        let carries = software.iter().find(|of| of["kind"] == "link-protocol" && of["value"] == carried);
        assert_eq!(carries.unwrap_or_else(|| panic!("{device}"))["messages"], messages);
    }
    assert_eq!(of("mac:00:09:fb:01:02:03")["identity"]["class"]["value"], "patient-monitor");
}

#[test]
fn who_has_no_address_is_in_tables_too_and_listed_where_the_assets_file_has_it() {
    let folder = TempDir::new().unwrap();
    let capture = written(&folder, &below_ip());
    let assets = folder.path().join("assets.csv");
    let listed = "mac,address,name,class\n00:0e:8c:01:02:03,,GAS-9,medical-gas-panel\n,10.9.9.9,CT-9,ct\n";
    fs::write(&assets, listed).unwrap();
    let of = |name: &str| {
        let path = folder.path().join(name);
        let path = path.to_str().unwrap();
        let options = ["replay", &capture, "--inventory", path, "--assets", assets.to_str().unwrap()];
        crate::run::wardtap(&options).expect(0);
        fs::read_to_string(Path::new(path)).unwrap()
    };
    let table = of("devices.csv");
    assert!(table.lines().any(|line| line.starts_with("mac:00:0e:8c:01:02:03,GAS-9,,")), "{table}");
    assert!(table.contains("NPI3F02AB") && !table.contains("withheld") && !table.contains("Jane"), "{table}");
    let unheard: Vec<&str> = table.lines().filter(|line| line.ends_with(",true,")).collect();
    assert!(matches!(unheard[..], [line] if line.starts_with("ip:10.9.9.9,CT-9,10.9.9.9,")), "{table}");
    let bill: Value = serde_json::from_str(&of("devices.cdx.json")).unwrap();
    let gas = bill["components"].as_array().unwrap().iter().find(|component| component["name"] == "GAS-9").unwrap();
    assert_eq!(
        (&gas["manufacturer"]["name"], &gas["description"]),
        (&"Siemens AG".into(), &"medical-gas-panel".into())
    );
}

#[test]
fn a_name_that_its_maker_gave_is_shown_and_that_of_a_person_is_only_counted() {
    let replayed = replayed(&below_ip(), &[]);
    assert!(replayed.everything().iter().all(|text| !text.contains("Jane") && !text.contains("Canary")));
    let devices: Vec<Value> = serde_json::from_str(&replayed.inventory).unwrap();
    let names = |id: &str| {
        let device = devices.iter().find(|device| device["id"] == id).unwrap();
        let names = device["identity"]["names"].as_array().unwrap();
        names.iter().map(|name| format!("{} {}", name["kind"], name["value"])).collect::<Vec<_>>()
    };
    assert_eq!(names("mac:3c:d9:2b:3f:02:ab"), [r#""host-name" "NPI3F02AB""#]);
    assert_eq!(names("mac:00:1b:54:01:02:03"), [r#""host-name" "(withheld)""#]);
}
