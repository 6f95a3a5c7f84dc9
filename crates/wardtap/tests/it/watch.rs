//! `wardtap watch` on a wire: what it finds, what it never does, and how it goes on and ends.

mod approvals;
mod last_seen;
mod memory;
mod methods;
mod outputs;
mod state;
pub(crate) mod wire;

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use self::wire::{Ended, Sensor, Wire, frames, open_folder, run, tagged, unpacked, wait};
use crate::run::{replay, wardtap};

const TAMPERED: &str = "captures/simulated/hl7-results-tampered.pcap.zst";
const SETPOINT: &str = "captures/simulated/modbus-isolation-setpoint.pcap.zst";
const SPOOFED: &str = "captures/simulated/tool-arpspoof-modbus.pcap.zst";
const STORED: &str = "captures/simulated/dicom-executable-stored.pcap.zst";

/// A build without libpcap has no filters.
const FILTERS: bool = cfg!(feature = "pcap");

/// Events without the names of captures, and without the last one, which counts.
fn told(events: &[Value]) -> Vec<String> {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(map) => {
                map.remove("capture");
                map.values_mut().for_each(strip);
            }
            Value::Array(all) => all.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let events = events.iter().filter(|event| event["type"] != "stats");
    events
        .map(|event| {
            let mut event = event.clone();
            strip(&mut event);
            event.to_string()
        })
        .collect()
}

fn count(events: &[Value], kind: &str) -> usize {
    events.iter().filter(|event| event["type"] == kind).count()
}

/// The stats, which are the last event.
#[track_caller]
fn stats(ended: &Ended) -> &Value {
    let last = ended.events.last().expect("there are events");
    assert_eq!(last["type"], "stats", "{}", ended.stderr);
    &last["stats"]
}

#[track_caller]
fn nothing_dropped(stats: &Value) {
    assert_eq!(stats["dropped"], serde_json::json!({"interface": 0, "pipeline": 0, "ring": 0}));
}

#[test]
fn what_is_told_live_is_what_the_replay_of_the_recording_tells() {
    let Some(wire) = Wire::new() else { return };
    let (mut alerts, mut messages) = (0, 0);
    for (capture, baseline, options) in [
        (SPOOFED, None, &[][..]),
        (STORED, None, &["--workers", "3"][..]),
        (SETPOINT, Some(TAMPERED), &["--workers", "2"]),
        (TAMPERED, Some(SETPOINT), if FILTERS { &["--filter", "not port 104", "--memory", "64M"] } else { &[] }),
    ] {
        let folder = open_folder();
        let (played, packets) = unpacked(capture, folder.path());
        let learned = folder.path().join("baseline").to_str().unwrap().to_owned();
        let mut options = options.to_vec();
        if let Some(from) = baseline {
            wardtap(&["learn", from, "--out", &learned]).expect(0);
            options.extend(["--baseline", &learned]);
        }
        let recorded: Vec<&str> = [&options[..], &["--record", "recording.pcapng"]].concat();
        let sensor = Sensor::start_in(&wire, folder, &recorded);
        wire.play(&played, &["--pps=20000"]);
        sensor.wait_for_packets(packets as f64);
        // Seconds in which nothing comes.
        std::thread::sleep(Duration::from_millis(2500));
        let ended = sensor.end();
        assert_eq!(ended.status, 0, "{}", ended.stderr);
        assert_eq!(stats(&ended)["packets"], packets);
        nothing_dropped(stats(&ended));
        alerts += count(&ended.events, "alert");
        let recording = ended.folder.path().join("recording.pcapng");
        let octets = fs::read(&recording).unwrap();
        let first = |what: &[u8]| octets.windows(what.len()).position(|window| window == what).unwrap();
        let packet = frames(&fs::read(&played).unwrap())[0];
        let packet = &fs::read(&played).unwrap()[packet.0 + 16..packet.0 + 16 + packet.1];
        assert!(first(b"wardtap: idle") < first(packet), "the first record says that it was live");
        let again = replay(recording.to_str().unwrap(), &options);
        let (live, replayed) = (told(&ended.events), told(&again.parsed()));
        let differ = live.iter().zip(&replayed).find(|(live, replayed)| live != replayed);
        assert!(live == replayed, "{capture}: {} and {} events; {differ:#?}", live.len(), replayed.len());
        messages += count(&ended.events, "message");
    }
    assert!(alerts > 5 && messages > 100, "{alerts} alerts and {messages} messages are few to compare");
}

#[test]
fn both_sides_of_a_tap_are_one_conversation() {
    let Some(wire) = Wire::new() else { return };
    let folder = open_folder();
    let (played, packets) = unpacked(TAMPERED, folder.path());
    let expected = replay(played.to_str().unwrap(), &[]).stats();
    let sides = folder.path().join("sides").to_str().unwrap().to_owned();
    run("tcpprep", &["--port", "--pcap", played.to_str().unwrap(), "--cachefile", &sides]).unwrap();
    let other = wire.other();
    let sensor = Sensor::start_in(&wire, folder, &["--interface", &other]);
    wire.play(&played, &["--pps=5000", "--intf2", wire::OTHER, "--cachefile", &sides]);
    sensor.wait_for_packets(packets as f64);
    let ended = sensor.end();
    let stats = stats(&ended);
    nothing_dropped(stats);
    let heard: Vec<u64> = stats["inputs"].as_array().unwrap().iter().filter_map(|it| it["packets"].as_u64()).collect();
    assert!(heard.len() == 2 && heard.iter().all(|count| *count > 100), "each side has its interface: {heard:?}");
    assert_eq!(stats["transport"]["time_went_back"], 0, "merged by time");
    assert_eq!(stats["messages"], expected["messages"]);
}

#[test]
fn vlan_tags_that_the_kernel_takes_out_are_there_again() {
    let Some(wire) = Wire::new() else { return };
    let folder = open_folder();
    let (played, packets) = unpacked(TAMPERED, folder.path());
    fs::write(&played, tagged(&fs::read(&played).unwrap(), 0x6123)).unwrap();
    let filter = if FILTERS { &["--filter", "vlan 291"][..] } else { &[] };
    let sensor = Sensor::start_in(&wire, folder, &[&["--record", "recording.pcapng"], filter].concat());
    wire.play(&played, &["--pps=20000"]);
    sensor.wait_for_packets(packets as f64);
    let ended = sensor.end();
    let stats = stats(&ended);
    assert_eq!((&stats["packets"], &stats["filtered"]), (&packets.into(), &0.into()), "all are in VLAN 291");
    let recording = fs::read(ended.folder.path().join("recording.pcapng")).unwrap();
    let tags = recording.windows(4).filter(|window| *window == [0x81, 0, 0x61, 0x23]).count();
    assert!(tags >= packets, "{tags} tags in {packets} packets: priority and id as they were sent");
    let devices: Vec<&Value> = ended.events.iter().filter(|event| event["type"] == "device").collect();
    assert!(devices.len() > 20 && devices.iter().all(|event| event["device"]["vlan"] == 291), "{:?}", devices.first());
}

#[test]
fn not_one_frame_leaves_the_watched_interface() {
    let Some(wire) = Wire::new() else { return };
    let folder = open_folder();
    let (played, packets) = unpacked(SPOOFED, folder.path());
    let heard = wire.listen(&folder.path().join("heard.pcap"));
    wire.far("ip", &["address", "add", "192.0.2.1/24", "dev", "tx0"]);
    wire.far("sysctl", &["-qw", "net.ipv6.conf.tx0.disable_ipv6=0"]);
    let sensor = Sensor::start(&wire, &[]);
    wire.play(&played, &["--pps=20000"]);
    // ARP for an address that nobody has, a ping to everybody, neighbour solicitations, and a connection.
    wire.try_far("ping", &["-c", "2", "-W", "1", "192.0.2.2"]);
    wire.try_far("ping", &["-b", "-c", "1", "-W", "1", "192.0.2.255"]);
    wire.try_far("ping", &["-6", "-c", "2", "-W", "1", "ff02::1%tx0"]);
    wire.try_far("bash", &["-c", "timeout 1 bash -c '>/dev/tcp/192.0.2.2/80'"]);
    sensor.wait_for_packets(packets as f64 + 1.0);
    let ended = sensor.end();
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    assert_eq!(heard.heard(), 0, "frames came out of the watched interface");
    // The control: with an address and ARP, the same machine answers the same ping, and that is heard.
    let heard = wire.listen(&ended.folder.path().join("control.pcap"));
    run("ip", &["link", "set", &wire.near, "arp", "on"]).unwrap();
    run("ip", &["address", "add", "192.0.2.2/24", "dev", &wire.near]).unwrap();
    wire.try_far("ping", &["-c", "2", "-W", "1", "192.0.2.2"]);
    assert!(heard.heard() > 0, "an interface that answers is heard");
    let refused = wardtap(&["watch", "--interface", &wire.near, "--listen", "off"]).expect(1);
    assert!(refused.stderr.contains("has the address 192.0.2.2") && refused.stderr.contains("--allow-addressed"));
}

#[test]
fn what_a_sensor_must_not_be_able_to_do_is_refused() {
    let Some(wire) = Wire::new() else { return };
    let sensor = Sensor::start(&wire, &[]);
    let status = fs::read_to_string(format!("/proc/{}/status", sensor.id())).unwrap();
    let field =
        |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned();
    assert_eq!((field("Seccomp:"), field("NoNewPrivs:")), ("2".into(), "1".into()));
    for set in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
        assert_eq!(field(set), "0000000000000000", "{set}");
    }
    assert!(field("Uid:").starts_with("65534"), "{}", field("Uid:"));
    // All threads, not the first alone.
    for task in fs::read_dir(format!("/proc/{}/task", sensor.id())).unwrap() {
        let status = fs::read_to_string(task.unwrap().path().join("status")).unwrap();
        assert!(status.contains("Seccomp:\t2\n") && status.contains("CapEff:\t0000000000000000\n"), "{status}");
    }
    assert_eq!(sensor.end().status, 0);
    let tried = wardtap(&["check", "--interface", &wire.near, "--user", "nobody"]).expect(0);
    assert_eq!(tried.stdout.matches(" refused\n").count(), 7, "{}", tried.stdout);
    assert!(!tried.stdout.contains("NOT REFUSED"), "{}", tried.stdout);
}

#[test]
fn an_interface_that_goes_down_comes_back_and_one_that_is_gone_ends_it() {
    let Some(wire) = Wire::new() else { return };
    let folder = open_folder();
    let (played, packets) = unpacked(TAMPERED, folder.path());
    let sensor = Sensor::start(&wire, &[]);
    wire.play(&played, &["--pps=20000"]);
    sensor.wait_for_packets(packets as f64);
    assert_eq!(sensor.get("/readyz"), (200, "ok\n".to_owned()));
    run("ip", &["link", "set", &wire.near, "down"]).unwrap();
    wait("blindness is told", || sensor.get("/readyz") == (503, format!("{}: the link is down\n", wire.near)));
    assert_eq!(sensor.get("/healthz"), (200, "ok\n".to_owned()), "blind, but well");
    assert_eq!(sensor.metric(&format!("wardtap_interface_up{{interface=\"{}\"}}", wire.near)), 0.0);
    run("ip", &["link", "set", &wire.near, "up"]).unwrap();
    wait("it sees again", || sensor.get("/readyz").0 == 200);
    wire.play(&played, &["--pps=20000"]);
    sensor.wait_for_packets(2.0 * packets as f64);
    run("ip", &["link", "del", &wire.near]).unwrap();
    let ended = sensor.ended();
    assert_eq!(ended.status, 5, "{}", ended.stderr);
    assert!(ended.stderr.contains("the interface is gone: plug or make it again"), "{}", ended.stderr);
    assert_eq!(stats(&ended)["packets"], 2 * packets);
}

#[test]
fn an_address_that_comes_while_it_watches_is_told_and_so_is_that_it_goes() {
    let Some(wire) = Wire::new() else { return };
    let folder = open_folder();
    let (played, packets) = unpacked(TAMPERED, folder.path());
    let sensor = Sensor::start(&wire, &[]);
    wire.play(&played, &["--pps=20000"]);
    sensor.wait_for_packets(packets as f64);
    let series = format!("wardtap_interface_addressed{{interface=\"{}\"}}", wire.near);
    assert_eq!((sensor.metric(&series), sensor.get("/readyz").0), (0.0, 200));
    for address in ["192.0.2.2/24", "2001:db8::2/64"] {
        drop(fs::write(format!("/proc/sys/net/ipv6/conf/{}/disable_ipv6", wire.near), "0"));
        run("ip", &["address", "add", address, "dev", &wire.near]).unwrap();
        let plain = address.split('/').next().unwrap();
        wait("it is told", || sensor.get("/readyz").1.contains(&format!("has the address {plain} by now")));
        assert_eq!((sensor.metric(&series), sensor.get("/healthz").0), (1.0, 200));
        run("ip", &["address", "del", address, "dev", &wire.near]).unwrap();
        wait("it is gone", || sensor.metric(&series) == 0.0);
    }
    let ended = sensor.end();
    let told = ended.stderr.matches("has an address by now").count();
    assert_eq!(told, 2, "{}", ended.stderr);
}

#[test]
fn it_ends_in_two_seconds_with_everything_written_while_packets_come() {
    let Some(wire) = Wire::new() else { return };
    let folder = open_folder();
    let (played, packets) = unpacked(TAMPERED, folder.path());
    for signal in ["TERM", "INT"] {
        let sensor = Sensor::start(&wire, &["--event-types", "alert"]);
        let played = played.clone();
        std::thread::scope(|scope| {
            let playing = scope.spawn(|| wire.play(&played, &["--pps=50000", "--loop=100", "-K"]));
            sensor.wait_for_packets(2.0 * packets as f64);
            sensor.signal(signal);
            let ended = sensor.ended();
            assert!(!playing.is_finished(), "packets still came");
            assert_eq!(ended.status, 0, "{}", ended.stderr);
            assert!(ended.took < Duration::from_secs(2), "{:?}", ended.took);
            assert!(stats(&ended)["packets"].as_u64().unwrap() as usize >= 2 * packets);
        });
    }
}

#[test]
fn a_sensor_that_is_held_up_gives_up_the_oldest_and_counts_every_packet() {
    let Some(wire) = Wire::new() else { return };
    let folder = open_folder();
    let (played, packets) = unpacked(TAMPERED, folder.path());
    let sensor = Sensor::start(&wire, &["--memory", "32M", "--event-types", "alert"]);
    wire.play(&played, &["--pps=20000"]);
    sensor.wait_for_packets(packets as f64);
    // It is stopped, as by a machine that is overloaded, until its ring of 4 MiB has overflowed.
    sensor.signal("STOP");
    wire.play(&played, &["-t", "--loop=20", "-K"]);
    sensor.signal("CONT");
    sensor.wait_for_packets(21.0 * packets as f64);
    wire.play(&played, &["--pps=20000"]);
    sensor.wait_for_packets(22.0 * packets as f64);
    let ended = sensor.end();
    let stats = stats(&ended);
    let dropped = |stage: &str| stats["dropped"][stage].as_u64().unwrap();
    assert!(dropped("ring") > 0 && dropped("pipeline") > 0, "{}", stats["dropped"]);
    let all = stats["packets"].as_u64().unwrap() + dropped("ring") + dropped("pipeline");
    assert_eq!(all, 22 * packets as u64, "read or lost, and which: {}", stats["dropped"]);
    let told: Vec<&Value> =
        ended.events.iter().filter(|event| event["alert"]["detection"] == "sensor-overloaded").collect();
    let ids: BTreeSet<&str> = told.iter().filter_map(|event| event["alert"]["id"].as_str()).collect();
    assert_eq!((ids.len(), &told[0]["device"]["id"]), (1, &"ip:0.0.0.0".into()), "one alert, of the sensor: {told:#?}");
    assert_eq!(told.last().unwrap()["alert"]["count"], dropped("ring") + dropped("pipeline"));
}

#[test]
fn killed_at_any_moment_it_has_written_whole_events_and_goes_on_behind_them() {
    let Some(wire) = Wire::new() else { return };
    let mut folder = open_folder();
    let (played, packets) = unpacked(TAMPERED, folder.path());
    let mut before = String::new();
    for round in 0..10 {
        let sensor = Sensor::start_in(&wire, folder, &[]);
        std::thread::scope(|scope| {
            let playing = scope.spawn(|| wire.play(&played, &["--pps=50000", "--loop=5", "-K"]));
            sensor.wait_for_packets(packets as f64 / 2.0);
            std::thread::sleep(Duration::from_millis(13 * round));
            sensor.signal("KILL");
            playing.join().unwrap();
        });
        let text = fs::read_to_string(sensor.path("events.jsonl")).unwrap();
        let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
        assert!(whole.starts_with(&before), "what was written stays");
        assert!(whole.len() > before.len(), "and more came");
        assert!(whole.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
        before = whole.to_owned();
        folder = sensor.killed();
    }
}

#[test]
fn a_full_disk_stops_nothing_but_events_and_is_recovered_from() {
    let Some(wire) = Wire::new() else { return };
    let folder = open_folder();
    let (played, packets) = unpacked(TAMPERED, folder.path());
    let disk = folder.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let Ok(mounted) = wire::Disk::mount(&disk, "96k") else { return println!("skipped: nothing can be mounted") };
    let filler = disk.join("filler");
    fs::write(&filler, vec![0; 64 << 10]).unwrap();
    let sensor = Sensor::start_in(&wire, folder, &["--events", "disk/events.jsonl"]);
    wire.play(&played, &["--pps=20000"]);
    wait("a full disk is told", || sensor.get("/readyz") == (503, "events cannot be written\n".to_owned()));
    sensor.wait_for_packets(packets as f64);
    assert_eq!((sensor.metric("wardtap_events_failing"), sensor.get("/healthz").0), (1.0, 200));
    run("mount", &["-o", "remount,size=8m", disk.to_str().unwrap()]).unwrap();
    wait("there is room again", || sensor.get("/readyz").0 == 200);
    let ended = sensor.end();
    assert!(
        ended.stderr.contains("cannot be written: ") && ended.stderr.contains("is written again; 0 events were lost")
    );
    let text = fs::read_to_string(disk.join("events.jsonl")).unwrap();
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.last().unwrap()["stats"]["packets"], packets);
    assert_eq!(count(&events, "message") as u64, sum(&events.last().unwrap()["stats"]["messages"]));
    let told: Vec<&Value> =
        events.iter().filter(|event| event["alert"]["detection"] == "sensor-cannot-write").collect();
    let new = told.iter().filter(|event| event["alert"]["state"] == "new").count();
    assert_eq!((new, &told[0]["alert"]["observed"]), (1, &"events cannot be written".into()), "{told:#?}");
    drop(mounted);
}

/// All numbers of an object together.
fn sum(counts: &Value) -> u64 {
    counts.as_object().unwrap().values().filter_map(Value::as_u64).sum()
}

#[test]
fn signals_reopen_events_and_read_assets_again() {
    let Some(wire) = Wire::new() else { return };
    let folder = open_folder();
    let (played, packets) = unpacked(TAMPERED, folder.path());
    let assets = folder.path().join("assets.csv");
    fs::write(&assets, "address,name\n10.20.40.24,before\n").unwrap();
    let sensor = Sensor::start_in(&wire, folder, &["--assets", "assets.csv", "--event-types", "device"]);
    fs::rename(sensor.path("events.jsonl"), sensor.path("renamed.jsonl")).unwrap();
    sensor.signal("USR1");
    wait("the file is there again", || sensor.path("events.jsonl").exists());
    fs::write(&assets, "address,name\n10.20.40.24,\u{2014}after\nnonsense\n").unwrap();
    sensor.signal("HUP");
    wait("a mistake is told", || sensor.metric("wardtap_reloads_total{result=\"failed\"}") == 1.0);
    fs::write(&assets, "address,name\n10.20.40.24,after\n").unwrap();
    sensor.signal("HUP");
    wait("it is read again", || sensor.metric("wardtap_reloads_total{result=\"done\"}") == 1.0);
    wire.play(&played, &["--pps=20000"]);
    sensor.wait_for_packets(packets as f64);
    let ended = sensor.end();
    assert_eq!(stats(&ended)["packets"], packets);
    let names: Vec<&str> = ended.events.iter().filter_map(|event| event["device"]["name"].as_str()).collect();
    assert!(names.contains(&"after") && !names.contains(&"before"), "{names:?}");
    assert_eq!(fs::read_to_string(ended.folder.path().join("renamed.jsonl")).unwrap(), "", "all came later");
}

#[test]
fn whoever_is_slow_or_hostile_gets_a_place_for_ten_seconds_at_most() {
    let Some(wire) = Wire::new() else { return };
    let sensor = Sensor::start(&wire, &[]);
    wait("metrics", || sensor.get("/metrics").0 == 200);
    assert_eq!(sensor.get("/nothing").0, 404);
    // A head without end is refused, whatever its form.
    for filler in ["X-Filler: x\r\n", "x"] {
        let mut stream = TcpStream::connect(sensor.address()).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\n").unwrap();
        let mut answer = Vec::new();
        for _ in 0..100_000 {
            if stream.write_all(filler.as_bytes()).is_err() {
                break;
            }
        }
        drop(stream.read_to_end(&mut answer));
        assert!(!String::from_utf8_lossy(&answer).contains("200 OK"));
    }
    // Sixteen that say nothing take all places of a peer, for as long as a connection may last.
    let silent: Vec<TcpStream> = (0..16).map(|_| TcpStream::connect(sensor.address()).unwrap()).collect();
    wait("the seventeenth is turned away", || sensor.get("/healthz").0 == 0);
    wait("their time is over", || sensor.get("/healthz").0 == 200);
    drop(silent);
    assert_eq!(sensor.end().status, 0);
}

#[test]
fn what_cannot_be_watched_is_refused_with_what_to_do() {
    let nothing = wardtap(&["watch", "--interface", "nosuch0", "--listen", "off"]).expect(1);
    assert!(nothing.stderr.contains("nosuch0: there is no such interface: name one of"), "{}", nothing.stderr);
    let later = wardtap(&["watch", "--interface", "lo", "--policy", "zones.toml"]).expect(2);
    assert!(later.stderr.contains("--policy is not built yet"), "{}", later.stderr);
    let nowhere = wardtap(&["watch", "--interface", "lo", "--learn-for", "7d", "--state", "state"]).expect(2);
    assert!(nowhere.stderr.contains("--learn-for needs --baseline"), "{}", nowhere.stderr);
    let unfiltered = wardtap(&["watch", "--interface", "lo", "--kernel-filter"]).expect(2);
    assert!(unfiltered.stderr.contains("--kernel-filter needs --filter"), "{}", unfiltered.stderr);
    let mixed = wardtap(&["watch", "--interface", "lo", "--record", "-"]).expect(2);
    assert!(mixed.stderr.contains("name a file"), "{}", mixed.stderr);
    let same = ["watch", "--interface", "lo", "--record", "one", "--inventory", "one"];
    let same = wardtap(&same).expect(2);
    assert!(same.stderr.contains("--record and --inventory both write to one: name two files"), "{}", same.stderr);
    let over = ["watch", "--interface", "lo", "--assets", "Cargo.toml", "--inventory", "Cargo.toml"];
    let over = wardtap(&over).expect(2);
    assert!(over.stderr.contains("--inventory"), "{}", over.stderr);
    let little = wardtap(&["watch", "--interface", "lo", "--memory", "16M"]).expect(2);
    assert!(little.stderr.contains("--memory leaves 12 MiB beside the rings"), "{}", little.stderr);
    let Some(wire) = Wire::new() else { return };
    let powerless = ["--reuid=65534", "--regid=65534", "--clear-groups", env!("CARGO_BIN_EXE_wardtap"), "watch"];
    let arguments = [&powerless[..], &["--interface", &wire.near, "--listen", "off"]].concat();
    let refused = run("setpriv", &arguments).unwrap_err();
    assert!(refused.contains("CAP_NET_RAW is missing: start wardtap as root"), "{refused}");
    let nowhere = ["watch", "--interface", &wire.near, "--listen", "off", "--inventory", "/nonexistent/devices.json"];
    let nowhere = wardtap(&nowhere).expect(1);
    assert!(nowhere.stderr.contains("/nonexistent/devices.json: cannot write the inventory"), "{}", nowhere.stderr);
    let user = wardtap(&["watch", "--interface", &wire.near, "--listen", "off", "--user", "nosuchuser"]).expect(1);
    assert!(user.stderr.contains("--user nosuchuser: there is no such user in /etc/passwd"), "{}", user.stderr);
}
