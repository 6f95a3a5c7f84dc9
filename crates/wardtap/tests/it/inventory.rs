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
