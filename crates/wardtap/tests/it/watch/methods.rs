//! The ways by which packets are taken from the kernel come to the same.

use std::fs;

use super::wire::{Sensor, Wire, open_folder, tagged, unpacked};
use super::{FILTERS, TAMPERED, nothing_dropped, stats, told};
use crate::run::{replay, wardtap};

#[test]
fn libpcap_gives_what_the_ring_gives() {
    if !FILTERS {
        return;
    }
    let Some(wire) = Wire::new() else { return };
    let folder = open_folder();
    let (played, packets) = unpacked(TAMPERED, folder.path());
    fs::write(&played, tagged(&fs::read(&played).unwrap(), 0x6123)).unwrap();
    let options = ["--capture", "libpcap", "--record", "recording.pcapng"];
    let sensor = Sensor::start_in(&wire, folder, &options);
    wire.play(&played, &["--pps=20000"]);
    sensor.wait_for_packets(packets as f64);
    let ended = sensor.end();
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    let stats = stats(&ended);
    assert_eq!(stats["packets"], packets);
    nothing_dropped(stats);
    let recording = ended.folder.path().join("recording.pcapng");
    let tags = fs::read(&recording).unwrap().windows(4).filter(|window| *window == [0x81, 0, 0x61, 0x23]).count();
    assert!(tags >= packets, "{tags} tags in {packets} packets");
    assert_eq!(told(&ended.events), told(&replay(recording.to_str().unwrap(), &[]).parsed()));
    assert!(ended.events.len() > 100);
}

#[test]
fn an_interface_that_is_gone_ends_it_by_libpcap_too() {
    if !FILTERS {
        return;
    }
    let Some(wire) = Wire::new() else { return };
    let folder = open_folder();
    let (played, packets) = unpacked(TAMPERED, folder.path());
    let sensor = Sensor::start(&wire, &["--capture", "libpcap"]);
    wire.play(&played, &["--pps=20000"]);
    sensor.wait_for_packets(packets as f64);
    super::run("ip", &["link", "del", &wire.near]).unwrap();
    let ended = sensor.ended();
    assert_eq!((ended.status, &stats(&ended)["packets"]), (5, &packets.into()), "{}", ended.stderr);
}

#[test]
fn the_kernel_filters_as_we_do() {
    if !FILTERS {
        return;
    }
    let Some(wire) = Wire::new() else { return };
    let mut passed = Vec::new();
    for options in [&["--kernel-filter"][..], &["--kernel-filter", "--capture", "libpcap"], &[]] {
        let folder = open_folder();
        let (played, packets) = unpacked(TAMPERED, folder.path());
        let expected = replay(played.to_str().unwrap(), &["--filter", "tcp port 6661 or udp port 53"]).stats();
        let wanted = packets as u64 - expected["filtered"].as_u64().unwrap();
        let options = [&["--filter", "tcp port 6661 or udp port 53"], options].concat();
        let sensor = Sensor::start_in(&wire, folder, &options);
        wire.play(&played, &["--pps=20000"]);
        let by_kernel = options.contains(&"--kernel-filter");
        sensor.wait_for_packets(if by_kernel { wanted as f64 } else { packets as f64 });
        let ended = sensor.end();
        let stats = stats(&ended);
        nothing_dropped(stats);
        assert_eq!(stats["packets"], if by_kernel { wanted } else { packets as u64 });
        assert!(wanted > 20 && wanted < packets as u64, "{wanted} of {packets}");
        passed.push(stats["messages"].clone());
    }
    assert!(passed.iter().all(|messages| *messages == passed[0]), "{passed:?}");
    let refused = ["watch", "--interface", &wire.near, "--listen", "off", "--filter", "vlan 5", "--kernel-filter"];
    let refused = wardtap(&refused).expect(2);
    assert!(refused.stderr.contains("has taken VLAN tags out before it filters"), "{}", refused.stderr);
}
