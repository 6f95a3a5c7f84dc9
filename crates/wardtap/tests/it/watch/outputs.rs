//! Files that a sensor writes and somebody takes away, or lets it write no longer.

use std::fs;
use std::path::Path;

use super::wire::{Sensor, Wire, open_folder, unpacked, wait};
use super::{TAMPERED, stats};
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
