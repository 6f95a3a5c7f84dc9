//! What is in a sensor's memory stays there: nobody of its user looks into it, and no core file holds it.

use std::fs;
use std::process::Command;

use super::wire::{Sensor, Wire, open_folder, run, wait};
use crate::run::wardtap;

/// As systemd starts it: as its user, with one capability, which a change of user does not make undumpable.
const AS_NOBODY: [&str; 5] = ["--core=unlimited", "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

/// Whether another process of the same user sees what a process has in its environment, and which files it has open.
fn seen(id: u32) -> [bool; 2] {
    [("cat", "environ"), ("ls", "fd")].map(|(program, what)| {
        run("prlimit", &[&AS_NOBODY[..], &[program, &format!("/proc/{id}/{what}")]].concat()).is_ok()
    })
}

fn core_limit(id: u32) -> String {
    let limits = fs::read_to_string(format!("/proc/{id}/limits")).unwrap();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).unwrap();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn nobody_of_its_user_looks_into_a_sensor_and_no_core_is_made_of_it() {
    let Some(wire) = Wire::new() else { return };
    // The control: another process of the user, which is seen.
    let mut other = Command::new("prlimit").args(AS_NOBODY).args(["sleep", "1000"]).spawn().unwrap();
    wait("it is seen", || seen(other.id()) == [true; 2]);
    assert_eq!(core_limit(other.id()), "unlimited unlimited bytes");
    other.kill().unwrap();
    other.wait().unwrap();
    let mut command = Command::new("prlimit");
    command.args(AS_NOBODY).args(["--inh-caps=+net_raw", "--ambient-caps=+net_raw", env!("CARGO_BIN_EXE_wardtap")]);
    let sensor = Sensor::start_by(&mut command, &wire, open_folder(), &[]);
    assert_eq!(seen(sensor.id()), [false; 2]);
    assert_eq!(core_limit(sensor.id()), "0 0 bytes");
    wait("it counts its own threads all the same", || sensor.metric("process_threads") > 1.0);
    assert_eq!(sensor.end().status, 0);
    let tried = wardtap(&["check", "--interface", &wire.near, "--user", "nobody"]).expect(0);
    assert!(tried.stdout.contains("  memory        no core dumps, no tracing\n"), "{}", tried.stdout);
}
