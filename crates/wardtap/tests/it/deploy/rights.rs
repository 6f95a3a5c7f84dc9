//! The rights that a container gives at most, and what of them is left.

use std::fs;
use std::process::Command;

use super::text;
use crate::watch::wire::{Sensor, Wire, open_folder};

#[test]
fn the_capabilities_of_the_container_are_enough_and_none_is_left() {
    let Some(wire) = Wire::new() else { return };
    let containerfile = text("deploy/container/Containerfile");
    let named = containerfile.lines().find_map(|line| line.split("--cap-add ").nth(1)?.split(' ').next()).unwrap();
    let set: Vec<String> = named.split(',').map(|name| format!("+{}", name.to_lowercase())).collect();
    let bounding = format!("--bounding-set=-all,{}", set.join(","));
    let mut root = Command::new("setpriv");
    root.args([&bounding, "--inh-caps=-all", "--no-new-privs", env!("CARGO_BIN_EXE_wardtap")]);
    let sensor = Sensor::start_by(&mut root, &wire, open_folder(), &[]);
    let status = fs::read_to_string(format!("/proc/{}/status", sensor.id())).unwrap();
    assert!(status.contains("CapEff:\t0000000000000000") && status.contains("CapBnd:\t0000000000000000"), "{status}");
    assert!(status.contains("Uid:\t65534\t65534"), "{status}");
    assert_eq!(sensor.end().status, 0);
    // One fewer, and it does not start.
    for missing in named.split(',').filter(|name| *name != "SETPCAP") {
        let fewer = bounding.replace(&format!("+{}", missing.to_lowercase()), "").replace(",,", ",");
        let done = Command::new("setpriv")
            .args([fewer.trim_end_matches(','), "--inh-caps=-all", env!("CARGO_BIN_EXE_wardtap"), "watch"])
            .args(["--interface", &wire.near, "--user", "nobody", "--listen", "off"])
            .output()
            .unwrap();
        assert_eq!(done.status.code(), Some(1), "without {missing}: {}", String::from_utf8_lossy(&done.stderr));
    }
}
