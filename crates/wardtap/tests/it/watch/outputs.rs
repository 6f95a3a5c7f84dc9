//! Files that a sensor writes and somebody takes away, or lets it write no longer.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::wire::{Sensor, Wire, open_folder, unpacked, wait};
use super::{SETPOINT, TAMPERED, stats};
use crate::run::replay;

#[test]
fn a_recording_that_is_renamed_or_removed_is_begun_anew_and_each_part_is_whole() {
    let Some(wire) = Wire::new() else { return };
    let folder = open_folder();
    let (played, packets) = unpacked(TAMPERED, folder.path());
    let sensor = Sensor::start_in(&wire, folder, &["--record", "recording.pcapng"]);
    let recording = sensor.path("recording.pcapng");
    let mut expected = 0.0;
    let mut play = || {
        wire.play(&played, &["--pps=20000"]);
        expected += packets as f64;
        sensor.wait_for_packets(expected);
    };
    play();
    fs::rename(&recording, sensor.path("moved.pcapng")).unwrap();
    wait("another one is begun", || recording.exists());
    play();
    fs::remove_file(&recording).unwrap();
    wait("another one is begun", || recording.exists());
    play();
    let ended = sensor.end();
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    let told = "recording.pcapng: was renamed or removed: another one is written";
    assert_eq!(ended.stderr.matches(told).count(), 2, "{}", ended.stderr);
    let read = |name: &Path| replay(name.to_str().unwrap(), &[]).stats()["packets"].clone();
    assert_eq!(read(&ended.folder.path().join("moved.pcapng")), packets, "whole");
    assert_eq!(read(&ended.folder.path().join("recording.pcapng")), packets, "whole");
    assert_eq!(stats(&ended)["packets"], 3 * packets);
}

#[test]
fn an_inventory_that_cannot_be_written_is_told_and_so_is_that_it_is_again() {
    use std::os::unix::fs::PermissionsExt;
    let Some(wire) = Wire::new() else { return };
    let folder = open_folder();
    let (played, packets) = unpacked(SETPOINT, folder.path());
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let mode = |mode: u32| fs::set_permissions(&inner, fs::Permissions::from_mode(mode)).unwrap();
    mode(0o777);
    let options = ["--inventory", "inner/devices.json", "--checkpoint-every", "1s"];
    let sensor = Sensor::start_in(&wire, folder, &options);
    wire.play(&played, &["--pps=20000"]);
    sensor.wait_for_packets(packets as f64);
    wait("it is written", || inner.join("devices.json").exists());
    mode(0o755);
    wait("it is told", || sensor.get("/readyz") == (503, "the inventory cannot be written\n".to_owned()));
    assert_eq!((sensor.metric("wardtap_ready"), sensor.get("/healthz").0), (0.0, 200));
    mode(0o777);
    wait("it is written again", || sensor.get("/readyz").0 == 200);
    let ended = sensor.end();
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("inner/devices.json: cannot write the inventory").count(), 1, "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("the inventory is written again").count(), 1, "{}", ended.stderr);
    let alerts: Vec<&Value> =
        ended.events.iter().filter(|event| event["alert"]["detection"] == "sensor-cannot-write").collect();
    let new = alerts.iter().filter(|event| event["alert"]["state"] == "new").count();
    assert_eq!((new, &alerts[0]["alert"]["observed"]), (1, &"the inventory cannot be written".into()), "{alerts:#?}");
    let devices: Vec<Value> = serde_json::from_str(&fs::read_to_string(inner.join("devices.json")).unwrap()).unwrap();
    assert!(!devices.is_empty());
}
