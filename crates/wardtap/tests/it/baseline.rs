//! Learning, and what is done with baselines: from outside.

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;
use wardtap_simulator::clock::{HOUR, OPENING};
use wardtap_simulator::sim::Sim;
use wardtap_simulator::tap::{Faults, Tap};
use wardtap_simulator::ward;

use crate::pcap::{PLAIN, Packet, pcap, pcapng, read};
use crate::run::{Ran, captures, root, wardtap, wardtap_fed};

/// A folder with files of these tests.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn capture(&self, name: &str, packets: &[Packet]) -> String {
        let path = self.path(name);
        fs::write(&path, pcap(packets, PLAIN)).unwrap();
        path
    }

    /// What was learned of captures.
    fn learn(&self, captures: &[&str], name: &str, options: &[&str]) -> Vec<u8> {
        let path = self.path(name);
        wardtap(&[&["learn", "--out", &path], captures, options].concat()).expect(0);
        fs::read(path).unwrap()
    }

    /// The names of all files in it.
    fn names(&self) -> BTreeSet<String> {
        fs::read_dir(self.0.path()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    }
}

fn show(baseline: &str) -> Value {
    serde_json::from_str(&wardtap(&["baseline", "show", baseline, "--json"]).expect(0).stdout).unwrap()
}

/// Some hours of a simulated ward, as its mirror saw them.
fn ward_hours(hours: u32) -> Vec<Packet> {
    let folder = Folder::new();
    let mut sim = Sim::new(2026, OPENING);
    ward::open(&mut sim, 50);
    let path = folder.path("ward.pcap");
    let file = Box::new(std::io::BufWriter::new(fs::File::create(&path).unwrap()));
    let mut tap = Tap::new(file, None, Faults::default(), sim.dice("tap", 0));
    tap.look_around(&sim.net, OPENING);
    sim.run(OPENING + HOUR * hours, |frame| tap.see(&frame)).unwrap();
    tap.finish().unwrap();
    read(&path).unwrap()
}

#[track_caller]
fn fails(arguments: &[&str], message: &[&str]) -> Ran {
    let ran = wardtap(arguments).expect(1);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    for part in message {
        assert!(ran.stderr.contains(part), "{part:?} is not in:\n{}", ran.stderr);
    }
    ran
}

/// Nanoseconds in a day.
const DAY: u64 = 86_400 * 1_000_000_000;

/// Conversations that begin and end within a minute, again every 48 minutes of some days: between two of them there is
/// less than the hour after which capture time is believed only when it is confirmed.
fn closed(days: std::ops::Range<u64>) -> Vec<Packet> {
    const A_DAY: u64 = 30;
    let one = read("captures/modbus/libmodbus.pcap").unwrap();
    let (first, day) = (one[0].time, one[0].time / DAY);
    let at = |number: u64| day * DAY + DAY / A_DAY * number + 30 * 1_000_000_000;
    let later = |number: u64, packet: &Packet| Packet { time: packet.time - first + at(number), ..packet.clone() };
    let numbers = days.start * A_DAY..days.end * A_DAY;
    numbers.flat_map(|number| one.iter().map(|packet| later(number, packet)).collect::<Vec<_>>()).collect()
}

#[test]
fn learning_on_is_learning_at_once_where_no_flow_is_open() {
    let folder = Folder::new();
    let (a, b) = (folder.capture("a.pcap", &closed(0..2)), folder.capture("b.pcap", &closed(2..5)));
    let at_once = folder.learn(&[&a, &b], "at-once", &[]);
    folder.learn(&[&a], "one-by-one", &[]);
    let path = folder.path("one-by-one");
    wardtap(&["learn", &b, "--into", &path]).expect(0);
    assert!(
        fs::read(&path).unwrap() == at_once,
        "{}",
        wardtap(&["baseline", "diff", &path, &folder.path("at-once")]).stdout
    );
    let shown = show(&path);
    assert_eq!((shown["days"].as_array().unwrap().len(), shown["captures"].as_array().unwrap().len()), (5, 2));
    assert!(!shown["links"].as_array().unwrap().is_empty());
}

#[test]
fn where_flows_are_open_only_their_links_differ() {
    let folder = Folder::new();
    let all = ward_hours(9);
    let cut = all[all.len() / 2].time;
    let (a, b): (Vec<Packet>, Vec<Packet>) = all.into_iter().partition(|packet| packet.time < cut);
    let (a, b) = (folder.capture("a.pcap", &a), folder.capture("b.pcap", &b));
    folder.learn(&[&a, &b], "at-once", &[]);
    folder.learn(&[&a], "one-by-one", &[]);
    wardtap(&["learn", &b, "--into", &folder.path("one-by-one")]).expect(0);
    // Whose flows were under way when the first capture ended.
    let events = folder.path("events");
    wardtap(&["replay", &a, "--events", &events, "--event-types", "flow"]).expect(0);
    let mut open = BTreeSet::new();
    for event in fs::read_to_string(events).unwrap().lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        if event["type"] == "flow" && !["closed", "reset"].contains(&event["flow"]["state"].as_str().unwrap()) {
            for end in ["src", "dst"] {
                open.insert(event["flow"][end]["ip"].as_str().unwrap().to_owned());
            }
        }
    }
    let (one, other) = (show(&folder.path("at-once")), show(&folder.path("one-by-one")));
    assert_eq!(one["devices"], other["devices"]);
    let links = |of: &Value| of["links"].as_array().unwrap().clone();
    let (one, other) = (links(&one), links(&other));
    assert!(one.len() > 50, "{}", one.len());
    let is_open = |link: &Value| {
        let ends = [&link["initiator"], &link["responder"]].map(|end| end.as_str().unwrap().to_owned());
        // Ids by MAC address, the outside and groups stand for more addresses than one can tell here.
        ends.iter().any(|end| end.strip_prefix("ip:").is_none_or(|ip| open.contains(ip)))
    };
    let differ: Vec<&Value> = one.iter().filter(|link| !other.contains(link)).collect();
    let unexplained: Vec<&&Value> = differ.iter().filter(|link| !is_open(link)).collect();
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    assert!(differ.len() * 2 < one.len(), "{} of {}", differ.len(), one.len());
}

#[test]
fn what_is_learned_does_not_depend_on_workers_names_and_packing() {
    let folder = Folder::new();
    let packets = ward_hours(3);
    let plain = folder.capture("ward.pcap", &packets);
    let one = folder.learn(&[&plain], "1", &[]);
    for workers in ["2", "3", "7"] {
        assert!(folder.learn(&[&plain], workers, &["--workers", workers]) == one, "{workers} workers");
    }
    let other = folder.path("other.pcapng");
    fs::write(&other, pcapng(&packets, true)).unwrap();
    assert!(folder.learn(&[&other], "other", &[]) == one, "as pcapng");
}

#[test]
fn a_capture_is_not_learned_twice() {
    let folder = Folder::new();
    let capture = folder.capture("a.pcap", &closed(0..2));
    let learned = folder.learn(&[&capture], "baseline", &[]);
    let path = folder.path("baseline");
    // Under another name, packed otherwise, grown since, through a pipe.
    let packed = folder.path("b.pcap.zst");
    fs::write(&packed, zstd::encode_all(&*fs::read(&capture).unwrap(), 1).unwrap()).unwrap();
    let grown = folder.capture("grown.pcap", &closed(0..3));
    for again in [&capture, &packed, &grown] {
        fails(&["learn", again, "--into", &path], &[again, "was learned already", "--again", "--from"]);
    }
    let piped = wardtap_fed(&["learn", "-", "--into", &path], Stdio::from(fs::File::open(&capture).unwrap())).expect(1);
    assert!(piped.stderr.contains("was learned already"), "{}", piped.stderr);
    fails(&["learn", &capture, &packed, "--out", &folder.path("c")], &["begin alike", "name it once"]);
    assert!(fs::read(&path).unwrap() == learned, "nothing was written");
    let names: BTreeSet<String> = ["a.pcap", "b.pcap.zst", "baseline", "grown.pcap"].map(str::to_owned).into();
    assert_eq!(folder.names(), names, "nothing is left behind");
    // What came since is another part of it.
    let last = show(&path)["captures"][0]["last"].as_str().unwrap().replace(' ', "T");
    let last = format!("{}.999999999Z", last.trim_end_matches('Z'));
    wardtap(&["learn", &grown, "--into", &path, "--from", &last]).expect(0);
    assert_eq!(show(&path)["days"].as_array().unwrap().len(), 3);
    fails(&["baseline", "merge", &path, &path, "--out", &folder.path("d")], &["would count twice", "--again"]);
    wardtap(&["learn", &capture, "--into", &path, "--again"]).expect(0);
    assert_eq!(show(&path)["captures"].as_array().unwrap().len(), 3);
}

#[test]
fn damage_is_named_and_what_could_be_read_is_learned() {
    let folder = Folder::new();
    let whole = fs::read(folder.capture("whole.pcap", &closed(0..2))).unwrap();
    let cut = folder.path("cut.pcap");
    fs::write(&cut, &whole[..whole.len() - 7]).unwrap();
    let path = folder.path("baseline");
    let ran = wardtap(&["learn", &cut, "--out", &path]).expect(3);
    assert!(ran.stderr.contains(&cut) && ran.stderr.contains("at byte"), "{}", ran.stderr);
    assert!(!show(&path)["links"].as_array().unwrap().is_empty());
}

#[test]
fn merging_gives_the_same_in_any_order() {
    let folder = Folder::new();
    let capture = |name: &str, days| folder.capture(name, &closed(days));
    let captures = [capture("a.pcap", 0..2), capture("b.pcap", 2..3), capture("c.pcap", 3..5)];
    let [a, b, c] = ["a", "b", "c"].map(|name| folder.path(name));
    for (capture, baseline) in captures.iter().zip([&a, &b, &c]) {
        wardtap(&["learn", capture, "--out", baseline]).expect(0);
    }
    let merge = |files: &[&str], out: &str| {
        let out = folder.path(out);
        wardtap(&[&["baseline", "merge", "--out", &out], files].concat()).expect(0);
        fs::read(out).unwrap()
    };
    let all = merge(&[&a, &b, &c], "abc");
    assert!(merge(&[&c, &b, &a], "cba") == all);
    merge(&[&b, &c], "bc");
    assert!(merge(&[&folder.path("bc"), &a], "bc-a") == all);
    let config = folder.path("wardtap.toml");
    fs::write(&config, "[site]\ntimezone = \"Europe/Berlin\"\n").unwrap();
    let berlin = folder.path("berlin");
    wardtap(&["learn", &captures[0], "--out", &berlin, "--config", &config]).expect(0);
    fails(&["baseline", "merge", &b, &berlin, "--out", &folder.path("x")], &["the time zone", "Europe/Berlin", "UTC"]);
    fails(&["learn", &captures[0], "--into", &b, "--config", &config], &["the time zone", "Europe/Berlin"]);
}

#[test]
fn what_alerts_were_raised_for_is_kept_out_until_it_is_approved() {
    const SWEEP: &str = "captures/modbus/unit-sweep.pcap";
    let folder = Folder::new();
    let path = folder.path("baseline");
    let said = wardtap(&["learn", SWEEP, "--out", &path]).expect(0).stdout;
    let (who, whom) = ("mac:02:57:54:00:00:0a", "mac:02:57:54:00:00:14");
    assert!(said.contains(&format!("sweep: all of {who}, which met {whom}")), "{said}");
    assert!(said.contains("baseline approve") && said.contains("--kept-out"), "{said}");
    let shown = show(&path);
    assert_eq!(shown["kept_out"][0]["peer"], who);
    assert!(shown["links"].as_array().unwrap().iter().all(|link| link["initiator"] != who), "{shown:#}");
    let by = ["--by", "A. Jansen", "--reason", "our own inventory"];
    let none = folder.path("none");
    fails(&[&["baseline", "approve", &path, "--kept-out", "ip:10.9.9.9", "--out", &none], &by[..]].concat(), &[&path]);
    let at = ["--kept-out", who, "--at", "2026-11-25T08:00:00Z"];
    wardtap(&[&["baseline", "approve", &path], &at[..], &by[..]].concat()).expect(0);
    let shown = show(&path);
    assert!(shown["links"].as_array().unwrap().iter().any(|link| link["initiator"] == who), "{shown:#}");
    assert_eq!(shown["kept_out"][0]["accepted_by"], "A. Jansen");
    assert_eq!(shown["approvals"][0]["time"], "2026-11-25 08:00:00Z");
    // It stays so when learning goes on.
    wardtap(&["learn", &folder.capture("a.pcap", &closed(0..2)), "--into", &path]).expect(0);
    assert!(show(&path)["links"].as_array().unwrap().iter().any(|link| link["initiator"] == who));
}

/// The alerts of a replay with a baseline, as last told.
fn alerts(folder: &Folder, capture: &str, baseline: &str) -> Vec<Value> {
    let events = folder.path("events");
    wardtap(&["replay", capture, "--baseline", baseline, "--events", &events, "--event-types", "alert"]).expect(0);
    let text = fs::read_to_string(events).unwrap();
    let all = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    all.filter(|event| event["type"] == "alert" && event["alert"]["state"] == "closed").collect()
}

#[test]
fn what_is_approved_is_not_told_again() {
    let folder = Folder::new();
    let path = folder.path("baseline");
    wardtap(&["learn", &folder.capture("a.pcap", &closed(0..4)), "--out", &path]).expect(0);
    let foreign = "captures/modbus/functions.pcap";
    let mut rounds = 0;
    loop {
        let told = alerts(&folder, foreign, &path);
        let departing: Vec<&Value> = told.iter().filter(|event| event["alert"]["departures"].is_array()).collect();
        if departing.is_empty() {
            break;
        }
        let ids: Vec<&str> = departing.iter().map(|event| event["alert"]["id"].as_str().unwrap()).collect();
        let events = folder.path("events");
        let mut arguments =
            vec!["baseline", "approve", &path, "--events", &events, "--by", "me", "--reason", "planned"];
        ids.iter().for_each(|id| arguments.extend(["--alert", id]));
        let said = wardtap(&arguments).expect(0).stdout;
        assert!(said.contains("approved by me"), "{said}");
        rounds += 1;
        assert!(rounds < 5, "{departing:#?}");
    }
    assert!(rounds > 0, "nothing was told: the test proves nothing");
    assert_eq!(show(&path)["approvals"].as_array().unwrap().len(), rounds);
    let events = folder.path("events");
    let by = ["--by", "me", "--reason", "planned"];
    let approve = ["baseline", "approve", &path, "--alert", "0123456789abcdef", "--events", &events];
    fails(&[&approve[..], &by].concat(), &["there is no alert 0123456789abcdef"]);
}

#[test]
fn diff_tells_what_came_and_approve_takes_it_in() {
    let folder = Folder::new();
    let [few, more] = ["few", "more"].map(|name| folder.path(name));
    let a = folder.capture("a.pcap", &closed(0..2));
    wardtap(&["learn", &a, "--out", &few]).expect(0);
    wardtap(&["learn", &a, "captures/modbus/functions.pcap", "--out", &more]).expect(0);
    let diff = |one: &str, other: &str| wardtap(&["baseline", "diff", one, other]).expect(0).stdout;
    assert_eq!(diff(&few, &few), "no difference\n");
    assert!(diff(&few, &more).contains("\n  new     "), "{}", diff(&few, &more));
    assert!(diff(&more, &few).contains("\n  gone    "), "{}", diff(&more, &few));
    let json: Value =
        serde_json::from_str(&wardtap(&["baseline", "diff", &few, &more, "--json"]).expect(0).stdout).unwrap();
    assert!(json.as_array().unwrap().iter().any(|it| it["change"] == "new" && it["transport"].is_u64()), "{json:#}");
    let by = ["--by", "me", "--reason", "planned"];
    wardtap(&[&["baseline", "approve", &few, "--diff", &more], &by[..]].concat()).expect(0);
    assert_eq!(diff(&few, &more), "no difference\n");
    fails(&[&["baseline", "approve", &few, "--diff", &more], &by[..]].concat(), &["nothing to approve"]);
}

#[test]
fn files_that_are_no_baseline_get_one_clear_message() {
    let folder = Folder::new();
    let path = folder.path("baseline");
    let file = folder.learn(&["captures/hl7/feeds.pcap"], "baseline", &[]);
    let said = |bytes: &[u8], message: &[&str]| {
        let bad = folder.path("bad");
        fs::write(&bad, bytes).unwrap();
        for arguments in [
            &["baseline", "show", &bad][..],
            &["baseline", "diff", &path, &bad],
            &["learn", "captures/hl7/feeds.pcap", "--into", &bad],
            &["replay", "captures/hl7/feeds.pcap", "--baseline", &bad],
        ] {
            fails(arguments, &[&[bad.as_str()], message].concat());
        }
        assert!(fs::read(&bad).unwrap() == bytes, "it is left as it was");
    };
    said(b"", &["no baseline", "wardtap learn"]);
    said(&file[..file.len() - 1], &["cut", "take a copy"]);
    said(&[&file[..], b"x"].concat(), &["added to", "take a copy"]);
    let newer = String::from_utf8(file[..20].to_vec()).unwrap().replacen("baseline 7", "baseline 9", 1);
    said(&[newer.as_bytes(), &file[20..]].concat(), &["version 9", "newer"]);
    let mut flipped = file.clone();
    *flipped.last_mut().unwrap() ^= 1;
    said(&flipped, &["damaged", "digest"]);
    said(format!("wardtap baseline 7 1 {}\n", u64::MAX).as_bytes(), &["more than any baseline"]);
    let absent = folder.path("absent");
    let makes_one = format!("`wardtap learn CAPTURE... --out {absent}` makes one\n");
    for arguments in [
        &["baseline", "show", &absent][..],
        &["replay", "captures/hl7/feeds.pcap", "--baseline", &absent],
        &["learn", "captures/hl7/feeds.pcap", "--into", &absent],
    ] {
        fails(arguments, &["there is no such baseline", &makes_one]);
    }
    fails(&["baseline", "show", &folder.path("")], &["cannot read the baseline", "name a file"]);
    fails(&["baseline", "show", &path, "--device", "10.9.8.7"], &["no device 10.9.8.7"]);
    let ran = wardtap(&["learn", "captures/hl7/feeds.pcap", "--out", &folder.path("no/where")]).expect(1);
    assert!(ran.stderr.contains("make the folder"), "{}", ran.stderr);
}

#[test]
fn no_canary_is_in_a_baseline() {
    let folder = Folder::new();
    let all = captures();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let path = folder.path("baseline");
    let ran = wardtap(&[&["learn", "--again", "--out", &path], &all[..]].concat());
    assert!([0, 3].contains(&ran.status), "{}", ran.stderr);
    let file = fs::read(&path).unwrap();
    let canaries = fs::read_to_string(root().join("captures/peers/canaries.txt")).unwrap();
    assert!(file.len() > 10_000, "{}", file.len());
    let shown = wardtap(&["baseline", "show", &path, "--facet", "operations,values"]).expect(0);
    for canary in canaries.lines() {
        let is_in = |bytes: &[u8]| bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
        assert!(!is_in(&file) && !is_in(shown.stdout.as_bytes()), "{canary}");
    }
}

#[test]
fn adapting_changes_neither_the_baseline_nor_what_comes_out_with_more_workers() {
    let folder = Folder::new();
    let capture = folder.capture("ward.pcap", &ward_hours(2));
    let path = folder.path("baseline");
    let learned = folder.learn(&[&capture], "baseline", &[]);
    let events = |workers: &str| {
        let events = folder.path("events");
        let options = ["--baseline", &path, "--adapt", "--workers", workers, "--events", &events];
        wardtap(&[&["replay", &capture], &options[..]].concat()).expect(0);
        fs::read_to_string(events).unwrap()
    };
    let (one, three) = (events("1"), events("3"));
    assert!(one == three, "the number of workers shows");
    let stats: Value = serde_json::from_str(one.lines().last().unwrap()).unwrap();
    assert_eq!(stats["stats"]["run"]["options"]["adapt"], "true");
    assert!(fs::read(&path).unwrap() == learned, "the baseline was changed");
}
