//! `--inventory`: which devices there are, what shows what they are, and how it is written.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::pcap::{PLAIN, Packet, pcap};
use crate::run::{captures_of, wardtap};

/// A capture of the simulated hospital, with many classes of device.
const WARD: &str = "captures/simulated/dicom-executable-stored.pcap.zst";

/// The inventory of captures, written to a file of this name.
fn inventory(captures: &[&str], name: &str, options: &[&str]) -> String {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    let mut arguments = vec!["replay"];
    arguments.extend(captures);
    arguments.extend(["--inventory", path.to_str().unwrap()]);
    arguments.extend(options);
    wardtap(&arguments).expect(0);
    fs::read_to_string(&path).unwrap()
}

fn parsed(captures: &[&str]) -> Vec<Value> {
    serde_json::from_str(&inventory(captures, "devices.json", &[])).unwrap()
}

#[test]
fn each_device_that_was_heard_is_there_once_with_what_shows_what_it_is() {
    let devices = parsed(&[WARD]);
    let summary = wardtap(&["replay", WARD]).expect(0).stdout;
    assert!(summary.contains(&format!("Devices  {}", devices.len())), "{} in\n{summary}", devices.len());
    let mut ids: Vec<&str> = devices.iter().map(|device| device["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), devices.len());
    let named = |name: &str| {
        let has =
            |device: &&Value| device["identity"]["names"].as_array().unwrap().iter().any(|of| of["value"] == name);
        devices.iter().find(has).unwrap_or_else(|| panic!("{name}"))
    };
    let archive = named("PACS");
    assert_eq!(archive["identity"]["network_card"], "VMware, Inc.");
    assert!(archive["roles"].as_array().unwrap().contains(&"DICOM SCP".into()), "{archive}");
    let dicom = |of: &Value| of["protocols"][0] == "dicom" && of["peers"].as_u64() >= Some(1);
    assert!(archive["offers"].as_array().unwrap().iter().any(dicom), "{archive}");
    let in_clear = |of: &Value| of["kind"] == "health-data-in-clear" && of["protocol"] == "dicom";
    assert!(archive["exposure"].as_array().unwrap().iter().any(in_clear), "{archive}");
    // What a name rests on: the frame that said it first, in that capture.
    let name = &archive["identity"]["names"][0];
    assert_eq!((&name["kind"], &name["frame"]["capture"]), (&"ae-title".into(), &WARD.into()));
    assert!(name["messages"].as_u64() >= Some(1) && name["frame"]["frame"].as_u64() >= Some(1), "{name}");
}

#[test]
fn transfers_count_as_use_of_the_port_at_which_they_were_asked_for() {
    // A server of TFTP takes a port of its own for each of six transfers, half of them above its client's.
    for (capture, service) in [("captures/tftp/transfers.pcap", "udp/69"), ("captures/tftp/odd-port.pcap", "udp/6900")]
    {
        for (workers, device) in ["1", "3"].into_iter().flat_map(|workers| [(workers, 0), (workers, 1)]) {
            let devices = inventory(&[capture], "devices.json", &["--workers", workers]);
            let devices: Vec<Value> = serde_json::from_str(&devices).unwrap();
            let [uses, offers] = ["uses", "offers"].map(|what| devices[device][what].as_array().unwrap());
            let (used, other) = if device == 0 { (uses, offers) } else { (offers, uses) };
            assert!(other.is_empty(), "{other:?}");
            let [used] = used.as_slice() else { panic!("{used:?}") };
            assert_eq!(
                (&used["service"], &used["protocols"][0], &used["conversations"]),
                (&service.into(), &"tftp".into(), &12.into())
            );
        }
    }
}

#[test]
fn what_stores_images_of_a_kind_is_of_that_class() {
    let all: Vec<String> = captures_of("simulated");
    let class = |device: &Value| device["identity"]["class"]["value"].as_str().unwrap_or_default().to_owned();
    let mut stored = 0;
    for capture in &all {
        for device in parsed(&[capture]) {
            let evidence = device["identity"]["class"]["evidence"].as_array().cloned().unwrap_or_default();
            let shows = |says: &str| evidence.iter().any(|sign| sign["says"] == says);
            for (says, of) in [("stores CT images", "ct"), ("stores MR images", "mr")] {
                if shows(says) {
                    stored += 1;
                    assert_eq!(class(&device), of, "{capture}: {device}");
                    assert_eq!(device["identity"]["class"]["confidence"], "high", "{capture}: {device}");
                }
            }
        }
    }
    assert!(stored >= 1, "no capture has a modality: the test proves nothing");
}

#[test]
fn the_assets_file_is_compared_with_what_is_seen() {
    let folder = TempDir::new().unwrap();
    let archive = parsed(&[WARD]).into_iter().find(|device| device["identity"]["names"][0]["value"] == "PACS").unwrap();
    let assets = folder.path().join("assets.csv");
    fs::write(&assets, format!("address,name,class\n{},Archive 1,infusion-pump\n", archive["ip"].as_str().unwrap()))
        .unwrap();
    let devices: Vec<Value> =
        serde_json::from_str(&inventory(&[WARD], "x.json", &["--assets", assets.to_str().unwrap()])).unwrap();
    let listed: Vec<&Value> = devices.iter().filter(|device| device["listed"] == true).collect();
    let [listed] = listed[..] else { panic!("{listed:?}") };
    assert_eq!((&listed["name"], &listed["class"]), (&"Archive 1".into(), &"infusion-pump".into()));
    let concluded = &listed["identity"]["class"];
    assert_eq!(concluded["differs_from_assets"], true, "{concluded}");
}

#[test]
fn a_table_and_a_bill_of_materials_hold_the_devices_of_the_site() {
    let devices = parsed(&[WARD]);
    let inside: Vec<&str> = devices
        .iter()
        .filter(|device| device["outside"] != true)
        .map(|device| device["id"].as_str().unwrap())
        .collect();
    assert!(!inside.is_empty());
    let table = inventory(&[WARD], "devices.csv", &[]);
    let ids: Vec<&str> = table.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(ids, inside);
    let bill: Value = serde_json::from_str(&inventory(&[WARD], "devices.cdx.json", &[])).unwrap();
    assert_eq!((&bill["bomFormat"], &bill["specVersion"]), (&"CycloneDX".into(), &"1.6".into()));
    let components = bill["components"].as_array().unwrap();
    let refs: Vec<&str> = components.iter().map(|component| component["bom-ref"].as_str().unwrap()).collect();
    assert_eq!(refs, inside);
    assert!(components.iter().all(|component| component["type"] == "device"));
}

#[test]
fn it_goes_to_standard_output_and_the_summary_to_standard_error() {
    let ran = wardtap(&["replay", WARD, "--inventory", "-"]).expect(0);
    assert!(serde_json::from_str::<Vec<Value>>(&ran.stdout).is_ok());
    assert!(ran.stderr.contains("Devices"), "{}", ran.stderr);
    let two = wardtap(&["replay", WARD, "--inventory", "-", "--events", "-"]).expect(2).stderr;
    assert!(two.contains("--events and --inventory both write to -"), "{two}");
    let over = wardtap(&["replay", WARD, "--inventory", WARD]).expect(2).stderr;
    assert!(over.contains("--inventory") && over.contains("write over"), "{over}");
    let nowhere = wardtap(&["replay", WARD, "--inventory", "/nonexistent/x.json"]).expect(1).stderr;
    assert!(nowhere.contains("cannot write the inventory") && nowhere.contains("make the folder"), "{nowhere}");
}

#[test]
fn a_capture_without_packets_has_no_devices() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("empty.pcap");
    fs::write(&path, pcap(&[] as &[Packet], PLAIN)).unwrap();
    assert_eq!(inventory(&[path.to_str().unwrap()], "devices.json", &[]), "[\n]\n");
}

/// The address of the server of captures of real peers.
const SERVER: &str = "10.77.0.20";

fn device<'a>(devices: &'a [Value], address: &str) -> &'a Value {
    let is_it = |device: &&Value| device["addresses"].as_array().unwrap().contains(&address.into());
    devices.iter().find(is_it).unwrap_or_else(|| panic!("{address}"))
}

#[test]
fn what_devices_announce_is_their_identity() {
    let bacnet = "captures/bacnet/controller.pcap";
    let modbus = "captures/modbus/device-id.pcap";
    let snmp = "captures/snmp/agent.pcap";
    let ssdp = "captures/ssdp/device.pcap";
    for (capture, of, value, confidence, kind) in [
        (bacnet, "vendor", "Invented Devices", "high", "bacnet-maker"),
        (bacnet, "model", "Isolation room controller 4", "high", "bacnet-model"),
        (bacnet, "firmware", "4.2.1", "high", "bacnet-firmware"),
        (modbus, "vendor", "Wardtap Peers", "medium", "modbus-maker"),
        (modbus, "model", "CH-9", "medium", "modbus-model"),
        (modbus, "firmware", "3.0", "medium", "modbus-revision"),
        (snmp, "model", "Invented Devices InfusionGateway 7", "low", "snmp-description"),
        (snmp, "firmware", "4.2.1", "medium", "snmp-description"),
        (ssdp, "model", "InventedGateway", "medium", "ssdp-server"),
        (ssdp, "firmware", "4.2.1", "medium", "ssdp-server"),
        (ssdp, "operating_system", "Linux", "medium", "ssdp-server"),
        ("captures/mdns/avahi.pcap", "model", "Invented LabelWriter 3", "medium", "mdns-model"),
        ("captures/ssh/login.pcap", "operating_system", "Linux", "medium", "ssh-software"),
        ("captures/ssh/dropbear.pcap", "operating_system", "embedded", "low", "ssh-software"),
    ] {
        let devices = parsed(&[capture]);
        let facts = device(&devices, SERVER)["identity"][of].as_array().unwrap().clone();
        let fact =
            facts.iter().find(|fact| fact["value"] == value).unwrap_or_else(|| panic!("{capture}: {of} {facts:?}"));
        assert_eq!(fact["confidence"], confidence, "{capture}: {fact}");
        let evidence = &fact["evidence"][0];
        assert_eq!((&evidence["kind"], &evidence["frame"]["capture"]), (&kind.into(), &capture.into()), "{fact}");
        assert!(evidence["messages"].as_u64() >= Some(1), "{fact}");
    }
}

#[test]
fn neighbours_on_the_link_say_what_they_are_and_what_contradicts_is_shown() {
    let agent = "captures/snmp/agent.pcap";
    let devices = parsed(&["captures/lldp/neighbours.pcap", agent]);
    for (address, description) in [
        ("10.77.0.10", "Invented Devices InfusionGateway 7, firmware 4.2.1"),
        (SERVER, "Invented Networks S24, firmware 9.1"),
    ] {
        let software = device(&devices, address)["identity"]["software"].as_array().unwrap();
        let said = |of: &Value| of["kind"] == "lldp-description" && of["value"] == description;
        assert!(software.iter().any(said), "{address}: {software:?}");
    }
    let text = inventory(&["captures/lldp/cdp.pcap", agent], "devices.json", &[]);
    assert!(!text.contains("CANARY") && !text.contains("switch-ward3"), "{text}");
    let devices: Vec<Value> = serde_json::from_str(&text).unwrap();
    let switch = &device(&devices, SERVER)["identity"];
    let model = switch["model"].as_array().unwrap();
    assert_eq!((&model[0]["value"], &model[0]["confidence"]), (&"S24".into(), &"high".into()), "{switch}");
    // By CDP it is another one than by SNMP: both are there, and say so.
    let firmware = switch["firmware"].as_array().unwrap();
    let shown: Vec<_> = firmware.iter().map(|fact| (&fact["value"], &fact["confidence"], &fact["disputed"])).collect();
    let expected = [("4.2.1", "low"), ("9.1", "low")].map(|(value, sure)| (value.into(), sure.into(), true.into()));
    assert_eq!(shown, expected.iter().map(|(value, sure, disputed)| (value, sure, disputed)).collect::<Vec<_>>());
}

#[test]
fn a_table_and_a_bill_of_materials_say_what_devices_announce() {
    let capture = "captures/bacnet/controller.pcap";
    let table = inventory(&[capture], "devices.csv", &[]);
    let mut lines = table.lines();
    let column = lines.next().unwrap().split(',').position(|name| name == "said_model").unwrap();
    let models: Vec<&str> = lines.filter_map(|line| line.split(',').nth(column)).collect();
    assert!(models.contains(&"Isolation room controller 4"), "{table}");
    let bill: Value = serde_json::from_str(&inventory(&[capture], "devices.cdx.json", &[])).unwrap();
    let components = bill["components"].as_array().unwrap();
    let made = |of: &&Value| of["manufacturer"]["name"] == "Invented Devices" && of["version"] == "4.2.1";
    assert_eq!(components.iter().filter(made).count(), 1, "{bill}");
}

#[test]
fn a_table_and_a_bill_of_materials_say_where_the_assets_file_says_otherwise() {
    let capture = "captures/bacnet/controller.pcap";
    let folder = TempDir::new().unwrap();
    let assets = folder.path().join("assets.csv");
    // Of which model and class, but not of which vendor, the file is wrong; of the other nothing stands in it.
    fs::write(&assets, format!("address,class,vendor,model\n{SERVER},ups,Invented Devices,Power 3000\n")).unwrap();
    let options = ["--assets", assets.to_str().unwrap()];
    let differs = ["class controller", "model Isolation room controller 4"];

    let table = inventory(&[capture], "devices.csv", &options);
    let mut lines = table.lines();
    let column = lines.next().unwrap().split(',').position(|name| name == "differs_from_assets").unwrap();
    let cells: Vec<&str> = lines.filter_map(|line| line.split(',').nth(column)).collect();
    assert!(cells.contains(&differs.join("; ").as_str()), "{table}");
    assert_eq!(cells.iter().filter(|cell| !cell.is_empty()).count(), 1, "{table}");

    let bill: Value = serde_json::from_str(&inventory(&[capture], "devices.cdx.json", &options)).unwrap();
    let components = bill["components"].as_array().unwrap();
    let properties = components.iter().flat_map(|component| component["properties"].as_array().unwrap());
    let shown = properties.filter(|property| property["name"] == "wardtap:differs_from_assets");
    assert_eq!(shown.map(|property| &property["value"]).collect::<Vec<_>>(), differs);
}

#[test]
fn what_was_seen_to_be_open_is_exposed_and_nothing_else() {
    // Which kinds of exposure a server shows by messages, and at which service.
    for (capture, shown) in [
        ("ftp/transfers", &["login-in-clear tcp/21"][..]),
        ("ftp/anonymous", &["no-login tcp/21"]),
        ("ftp/tls", &[]),
        ("telnet/login", &["login-in-clear tcp/23"]),
        ("http/requests", &["health-data-in-clear tcp/80", "login-in-clear tcp/80"]),
        ("http/python", &[]),
        ("snmp/agent", &["default-community udp/161", "login-in-clear udp/161"]),
        ("snmp/v3", &[]),
        ("vnc/open", &["no-login tcp/5900"]),
        ("vnc/password", &[]),
        ("mqtt/v311", &["login-in-clear tcp/1883"]),
        ("smb/smb1", &["outdated-smb tcp/139", "outdated-smb tcp/445"]),
        ("smb/session", &[]),
        ("rdp/standard", &["rdp-without-nla tcp/3389"]),
        ("rdp/tls", &["rdp-without-nla tcp/3389"]),
        // At last the client does without.
        ("rdp/refused", &["rdp-without-nla tcp/3389"]),
        ("bacnet/controller", &["commands-without-login udp/47808"]),
        ("tls/expired", &["expired-certificate tcp/8443"]),
        ("tls/tls13", &[]),
    ] {
        let devices = parsed(&[&format!("captures/{capture}.pcap")]);
        let exposure = device(&devices, SERVER)["exposure"].as_array().unwrap();
        let by_messages: Vec<&Value> = exposure.iter().filter(|of| of["messages"].as_u64() >= Some(1)).collect();
        assert!(by_messages.iter().all(|of| of["frame"]["frame"].as_u64() >= Some(1)), "{capture}: {exposure:?}");
        let text = |of: &&Value| format!("{} {}", of["kind"].as_str().unwrap(), of["service"].as_str().unwrap());
        let found: Vec<String> = by_messages.iter().map(text).collect();
        let mut found: Vec<&str> = found.iter().map(String::as_str).collect();
        found.sort_unstable();
        assert_eq!(found, shown, "{capture}");
    }
}

#[test]
fn the_summary_says_what_is_exposed_where_an_inventory_is_made() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("devices.json");
    let telnet = "captures/telnet/login.pcap";
    let with = wardtap(&["replay", telnet, "--inventory", path.to_str().unwrap()]).expect(0).stdout;
    let section: Vec<&str> =
        with.lines().skip_while(|line| !line.starts_with("Exposure")).take_while(|line| !line.is_empty()).collect();
    assert_eq!(section.first(), Some(&"Exposure  1 device"), "{with}");
    assert!(section.len() <= 10 && section.iter().any(|line| line.contains("10.77.0.20  login-in-clear")), "{with}");
    let without = wardtap(&["replay", telnet]).expect(0).stdout;
    assert!(!without.contains("Exposure"), "{without}");
}
