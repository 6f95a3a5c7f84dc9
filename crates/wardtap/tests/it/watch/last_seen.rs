//! When devices that the hospital knows were last heard, as /metrics has it: over a restart, and beside strangers without number.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::wire::{Sensor, Wire, open_folder, unpacked, wait};
use super::{TAMPERED, stats};
use crate::pcap::{PLAIN, Packet, pcap};

/// Of the capture, one that is listed; another one never says anything.
const KNOWN: &str = "ip:10.20.40.24";
const ASSETS: &str = "address,name\n10.20.40.24,one\n10.99.99.99,never heard\n";
/// More than there is room for with little memory.
const STRANGERS: u32 = 30_000;

/// The series, by device.
fn last_seen(sensor: &Sensor) -> BTreeMap<String, f64> {
    let (_, page) = sensor.get("/metrics");
    let series = page.lines().filter_map(|line| {
        let (device, value) =
            line.strip_prefix("wardtap_device_last_seen_timestamp_seconds{device=\"")?.split_once("\"} ")?;
        Some((device.to_owned(), value.parse().unwrap()))
    });
    series.collect()
}

/// A datagram from each of many that nobody knows.
fn strangers(path: &Path) {
    let frame = |number: u32| {
        let [_, a, b, c] = number.to_be_bytes();
        let mut bytes = vec![2; 12];
        bytes.extend([8, 0, 0x45, 0, 0, 36, 0, 0, 0, 0, 64, 17, 0, 0, 10, 200 + a, b, c, 10, 250, 0, 1]);
        bytes.extend([200, 0, 200, 1, 0, 16, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
        Packet { time: 1_790_000_000_000_000_000, sent: bytes.len() as u32, bytes }
    };
    let frames: Vec<Packet> = (0..STRANGERS).map(frame).collect();
    fs::write(path, pcap(&frames, PLAIN)).unwrap();
}

#[test]
fn when_a_known_device_was_last_heard_is_told_over_a_restart_and_beside_strangers_without_number() {
    let Some(wire) = Wire::new() else { return };
    let folder = open_folder();
    let (played, packets) = unpacked(TAMPERED, folder.path());
    let flood = folder.path().join("flood.pcap");
    strangers(&flood);
    fs::write(folder.path().join("assets.csv"), ASSETS).unwrap();
    let options = ["--assets", "assets.csv", "--state", "state", "--memory", "32M", "--event-types", "alert"];

    let sensor = Sensor::start_in(&wire, folder, &options);
    let clock = |sensor: &Sensor| sensor.metric("wardtap_clock_timestamp_seconds");
    wait("it watches", || clock(&sensor) > 0.0);
    let begun = clock(&sensor);
    wire.play(&played, &["--pps=20000"]);
    sensor.wait_for_packets(packets as f64);
    let heard = clock(&sensor);
    wait("a minute is over", || !last_seen(&sensor).is_empty());
    let first = last_seen(&sensor);
    assert_eq!(first.keys().collect::<Vec<_>>(), [KNOWN], "of what is listed and was heard, and of nothing else");
    assert!(first[KNOWN] >= begun - 1.0 && first[KNOWN] <= heard + 1.0, "{begun} {first:?} {heard}");
    let folder = sensor.end().folder;

    let sensor = Sensor::start_in(&wire, folder, &options);
    wait("it watches", || clock(&sensor) > 0.0);
    assert!(last_seen(&sensor).is_empty(), "since this start nothing was heard");
    wire.play(&played, &["--pps=20000"]);
    wire.play(&flood, &["--pps=20000", "-K"]);
    sensor.wait_for_packets((packets + STRANGERS as usize) as f64);
    wait("a minute is over", || !last_seen(&sensor).is_empty());
    let second = last_seen(&sensor);
    assert_eq!(second.keys().collect::<Vec<_>>(), [KNOWN]);
    assert!(second[KNOWN] > first[KNOWN] && second[KNOWN] <= clock(&sensor), "{first:?} {second:?}");
    assert!(sensor.metric("wardtap_evicted_total{table=\"devices\"}") > 0.0, "there was no room for all of them");
    let ended = sensor.end();
    assert_eq!((ended.status, &stats(&ended)["damage"]), (0, &serde_json::json!([])), "{}", ended.stderr);
}
