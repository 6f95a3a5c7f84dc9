//! What systemd is told, and that a sensor needs no more than the unit gives it.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use crate::watch::wire::{Sensor, Wire, open_folder, run, unpacked, wait};

const TAMPERED: &str = "captures/simulated/hl7-results-tampered.pcap.zst";

/// wardtap with one capability and as nobody from the start, as the unit starts it.
fn by_a_unit(socket: &str) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", "--bounding-set=-all,+net_raw"])
        .args(["--inh-caps=+net_raw", "--ambient-caps=+net_raw", env!("CARGO_BIN_EXE_wardtap")])
        .env("NOTIFY_SOCKET", socket);
    command
}

/// Lines that have come to a socket and were not taken yet.
fn told(socket: &UnixDatagram) -> Vec<String> {
    let mut all = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(length) = socket.recv(&mut buffer) {
        all.push(String::from_utf8(buffer[..length].to_vec()).unwrap());
    }
    all
}

#[test]
fn systemd_is_told_of_the_begin_of_every_second_that_goes_through_and_of_the_end() {
    let Some(wire) = Wire::new() else { return };
    let folder = open_folder();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
    socket.set_nonblocking(true).unwrap();
    let (played, packets) = unpacked(TAMPERED, folder.path());
    let fifo = folder.path().join("fifo");
    run("mkfifo", &["-m", "666", fifo.to_str().unwrap()]).unwrap();
    // Held open, and not read.
    let unread = OpenOptions::new().read(true).write(true).open(&fifo).unwrap();
    let sensor = Sensor::start_by(&mut by_a_unit(path.to_str().unwrap()), &wire, folder, &["--events", "fifo"]);

    let mut all = Vec::new();
    wait("it pings on an idle wire", || {
        all.extend(told(&socket));
        all.iter().filter(|line| *line == "WATCHDOG=1").count() >= 3
    });
    assert_eq!(all[0], format!("READY=1\nSTATUS=watching {}", wire.near), "first of all");

    // Events that nobody reads hold the pipeline up once the pipe is full. The process lives, and must not say so.
    wire.play(&played, &["--pps=20000"]);
    wait("the pipeline stands still", || sensor.get("/healthz").1.contains("stands still"));
    told(&socket);
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(told(&socket), Vec::<String>::new(), "no ping while nothing goes through");

    let reading = std::thread::spawn(move || std::io::copy(&mut &unread, &mut std::io::sink()));
    wait("it goes on", || told(&socket).contains(&"WATCHDOG=1".to_owned()));
    sensor.wait_for_packets(packets as f64);
    assert_eq!(sensor.end().status, 0);
    assert!(told(&socket).contains(&"STOPPING=1".to_owned()));
    // It reads its own end, too, for ever.
    drop(reading);
}

#[test]
fn nothing_to_tell_anybody_is_no_reason_not_to_start_but_a_wrong_name_is() {
    let Some(wire) = Wire::new() else { return };
    let mut command = by_a_unit("/nonexistent/notify");
    let done = command.args(["watch", "--interface", &wire.near, "--listen", "off"]).output().unwrap();
    let told = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(1), "{told}");
    assert!(told.contains("NOTIFY_SOCKET is /nonexistent/notify"), "{told}");
}
