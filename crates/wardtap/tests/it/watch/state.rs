//! What a sensor keeps from one start to the next: learning in place, checkpoints, and the knowledge that SIGHUP brings.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::wire::{Sensor, Wire, open_folder, run, unpacked, wait};
use super::{SETPOINT, TAMPERED, stats};
use crate::run::wardtap;

const KEPT: [&str; 6] = ["--state", "state", "--checkpoint-every", "1s", "--baseline", "site.baseline"];

#[test]
fn it_learns_in_place_over_a_kill_and_compares_with_what_it_learned() {
    let Some(wire) = Wire::new() else { return };
    let folder = open_folder();
    let (played, packets) = unpacked(TAMPERED, folder.path());
    let learning = [&KEPT[..], &["--learn-for", "1h"]].concat();
    let sensor = Sensor::start_in(&wire, folder, &learning);
    wire.play(&played, &["--pps=20000"]);
    sensor.wait_for_packets(packets as f64);
    assert_eq!((sensor.metric("wardtap_learning"), sensor.path("site.baseline").exists()), (1.0, false));
    // What links did in a minute is learned once the minute is over.
    wait("something was learned, and kept", || sensor.metric("wardtap_checkpoint_bytes") > 2000.0);
    sensor.signal("KILL");
    let folder = sensor.killed();
    // Long enough was learned already: what was kept becomes the baseline.
    let enough = [&KEPT[..], &["--learn-for", "1s"]].concat();
    let sensor = Sensor::start_in(&wire, folder, &enough);
    wait("learning is over", || sensor.path("site.baseline").exists() && sensor.metric("wardtap_learning") == 0.0);
    wait("it is compared with", || sensor.metric("wardtap_reloads_total{result=\"done\"}") == 1.0);
    assert!(sensor.metric("wardtap_unwatched_seconds") < 3600.0);
    let shown = wardtap(&["baseline", "show", sensor.path("site.baseline").to_str().unwrap(), "--json"]).expect(0);
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert!(shown["links"].as_array().unwrap().len() > 20, "what was played before the kill");
    assert_eq!(shown["captures"][0]["packets"], packets);
    let (other, more) = unpacked(SETPOINT, &open_folder().keep());
    wire.play(&other, &["--pps=20000"]);
    sensor.wait_for_packets(more as f64);
    let ended = sensor.end();
    assert!(ended.stderr.contains("wardtap: goes on from 20"), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("learning is over; from here on it is compared with site.baseline"),
        "{}",
        ended.stderr
    );
    assert!(stats(&ended)["run"]["unwatched"]["seconds"].as_u64().unwrap() < 3600);
    assert!(stats(&ended)["run"]["digests"]["baseline"].is_string(), "{}", stats(&ended)["run"]);
    let deviates = |event: &&Value| !event["alert"]["departures"].is_null();
    assert!(ended.events.iter().any(|event| deviates(&event)), "what was never seen before is told");
    // From here on FILE is there, and nothing is learned any more.
    let sensor = Sensor::start_in(&wire, ended.folder, &enough);
    wait("it compares", || sensor.metric("wardtap_clock_timestamp_seconds") > 0.0);
    assert_eq!(sensor.metric("wardtap_learning"), 0.0);
    assert_eq!(sensor.end().status, 0);
}

#[test]
fn a_checkpoint_that_is_damaged_is_told_and_a_second_sensor_is_refused() {
    let Some(wire) = Wire::new() else { return };
    let folder = open_folder();
    let state = ["--state", "state", "--checkpoint-every", "1s"];
    let sensor = Sensor::start_in(&wire, folder, &state);
    wait("two are kept", || sensor.path("state/checkpoint.1").exists());
    let second = ["watch", "--interface", &wire.near, "--listen", "off", "--user", "nobody", "--state"];
    let kept = sensor.path("state");
    let second = wardtap(&[&second[..], &[kept.to_str().unwrap()]].concat()).expect(1);
    assert!(second.stderr.contains("another wardtap keeps its state there"), "{}", second.stderr);
    let ended = sensor.end();
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    let latest = ended.folder.path().join("state/checkpoint");
    let mut octets = fs::read(&latest).unwrap();
    let last = octets.len() - 1;
    octets[last] ^= 1;
    fs::write(&latest, octets).unwrap();
    let sensor = Sensor::start_in(&wire, ended.folder, &state);
    wait("it goes on from the one before", || sensor.metric("wardtap_clock_timestamp_seconds") > 0.0);
    let ended = sensor.end();
    let told = "state/checkpoint: is damaged: its digest is wrong; the one before it is taken";
    assert!(ended.stderr.contains(told), "{}", ended.stderr);
    assert!(ended.stderr.contains("goes on from 20"), "{}", ended.stderr);
}

#[test]
fn sighup_brings_a_baseline_where_there_was_none() {
    let Some(wire) = Wire::new() else { return };
    let folder = open_folder();
    let (played, packets) = unpacked(SETPOINT, folder.path());
    wardtap(&["learn", TAMPERED, "--out", folder.path().join("site.baseline").to_str().unwrap()]).expect(0);
    fs::write(folder.path().join("wardtap.toml"), "").unwrap();
    let sensor = Sensor::start_in(&wire, folder, &["--config", "wardtap.toml"]);
    fs::write(sensor.path("wardtap.toml"), "baseline = \"site.baseline\"\n").unwrap();
    sensor.signal("HUP");
    wait("it is read", || sensor.metric("wardtap_reloads_total{result=\"done\"}") == 1.0);
    wire.play(&played, &["--pps=20000"]);
    sensor.wait_for_packets(packets as f64);
    let ended = sensor.end();
    assert!(ended.events.iter().any(|event| !event["alert"]["departures"].is_null()), "{}", ended.stderr);
    assert!(stats(&ended)["run"]["digests"]["baseline"].is_string());
}

#[test]
fn the_inventory_is_written_while_it_watches_and_at_the_end() {
    let Some(wire) = Wire::new() else { return };
    let folder = open_folder();
    let (played, packets) = unpacked(SETPOINT, folder.path());
    let sensor = Sensor::start_in(&wire, folder, &["--inventory", "devices.json", "--checkpoint-every", "1s"]);
    wire.play(&played, &["--pps=20000"]);
    sensor.wait_for_packets(packets as f64);
    wait("it is written", || sensor.path("devices.json").exists());
    let ended = sensor.end();
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    let inventory = fs::read_to_string(ended.folder.path().join("devices.json")).unwrap();
    let devices: Vec<Value> = serde_json::from_str(&inventory).unwrap();
    let answers = |device: &&Value| device["roles"].as_array().unwrap().contains(&"Modbus server".into());
    assert!(devices.iter().filter(answers).count() >= 1, "{inventory}");
    let offers = |device: &&Value| device["offers"][0]["service"] == "tcp/502";
    assert!(devices.iter().any(|device| offers(&device)), "what links did up to the end is in it");
}

#[test]
fn it_ends_in_two_seconds_while_it_reads_again_or_makes_a_baseline() {
    let Some(wire) = Wire::new() else { return };
    let learning = [&KEPT[..], &["--learn-for", "1s"]].concat();
    for (options, is_learning) in [(&[][..], false), (&learning, true)] {
        let folder = open_folder();
        // Assets that come by a pipe: who reads them waits until somebody writes.
        let assets = folder.path().join("assets.csv");
        run("mkfifo", &["-m", "666", assets.to_str().unwrap()]).unwrap();
        let written = assets.clone();
        let writing = std::thread::spawn(move || fs::write(written, "address,name\n10.20.40.24,one\n").unwrap());
        let sensor = Sensor::start_in(&wire, folder, &[&["--assets", "assets.csv"], options].concat());
        writing.join().unwrap();
        if is_learning {
            wait("what was learned is a baseline, and is read", || sensor.path("site.baseline").exists());
        }
        sensor.signal("HUP");
        sensor.signal("HUP");
        fs::rename(sensor.path("events.jsonl"), sensor.path("renamed.jsonl")).unwrap();
        sensor.signal("USR1");
        wait("other signals are heard meanwhile", || sensor.path("events.jsonl").exists());
        let ended = sensor.end();
        assert_eq!(ended.status, 0, "{}", ended.stderr);
        assert!(ended.took < Duration::from_secs(2), "{:?}", ended.took);
        assert_eq!(stats(&ended)["packets"], 0, "all is written");
        assert_eq!(ended.stderr.contains("is not a baseline in force yet"), is_learning, "{}", ended.stderr);
    }
}

/// The baseline, as long as `octets` by its first line.
fn of_length(baseline: &Path, octets: u64) -> Vec<u8> {
    let file = fs::read(baseline).unwrap();
    let line = file.iter().position(|&octet| octet == b'\n').unwrap();
    let mut words: Vec<String> = std::str::from_utf8(&file[..line]).unwrap().split(' ').map(str::to_owned).collect();
    words[4] = octets.to_string();
    [words.join(" ").as_bytes(), &file[line..]].concat()
}

#[test]
fn a_baseline_for_which_there_is_no_room_is_refused_and_the_one_before_holds() {
    let Some(wire) = Wire::new() else { return };
    let folder = open_folder();
    let (played, packets) = unpacked(SETPOINT, folder.path());
    let baseline = folder.path().join("site.baseline");
    wardtap(&["learn", TAMPERED, "--out", baseline.to_str().unwrap()]).expect(0);
    let whole = fs::read(&baseline).unwrap();
    let sensor = Sensor::start_in(&wire, folder, &["--baseline", "site.baseline"]);
    fs::write(&baseline, of_length(&baseline, 40 << 20)).unwrap();
    sensor.signal("HUP");
    wait("it is refused", || sensor.metric("wardtap_reloads_total{result=\"failed\"}") == 1.0);
    fs::write(&baseline, &whole).unwrap();
    sensor.signal("HUP");
    wait("it is read", || sensor.metric("wardtap_reloads_total{result=\"done\"}") == 1.0);
    wire.play(&played, &["--pps=20000"]);
    sensor.wait_for_packets(packets as f64);
    let ended = sensor.end();
    let told = "site.baseline: this baseline has 419";
    assert!(
        ended.stderr.contains(told) && ended.stderr.contains("start it again, which sets more aside"),
        "{}",
        ended.stderr
    );
    assert!(ended.events.iter().any(|event| !event["alert"]["departures"].is_null()), "{}", ended.stderr);
    // At the start what would be enough is told.
    let baseline = ended.folder.path().join("site.baseline");
    fs::write(&baseline, of_length(&baseline, 120 << 20)).unwrap();
    let start = ["watch", "--interface", &wire.near, "--listen", "off", "--user", "nobody", "--baseline"];
    let refused = wardtap(&[&start[..], &[baseline.to_str().unwrap()]].concat()).expect(1);
    assert!(refused.stderr.contains("--memory 512 MiB leaves room for one of"), "{}", refused.stderr);
    assert!(refused.stderr.contains("give --memory 1024M"), "{}", refused.stderr);
}
