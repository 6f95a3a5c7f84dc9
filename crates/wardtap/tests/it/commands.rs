//! Commands, options, exit statuses and messages.

use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::pcap::{PLAIN, pcap, read};
use crate::run::{Ran, captures, replay, root, wardtap, wardtap_fed};

/// A capture that raises one alert of severity medium.
const SWEEP: &str = "captures/modbus/unit-sweep.pcap";

/// A file with this content, in a folder of its own.
struct Made {
    folder: TempDir,
    name: String,
}

impl Made {
    fn new(bytes: &[u8]) -> Self {
        let folder = TempDir::new().unwrap();
        let name = folder.path().join("made.pcap").to_str().unwrap().to_owned();
        fs::write(&name, bytes).unwrap();
        Self { folder, name }
    }
}

/// Wrong usage: status 2, nothing on stdout, and a message that holds all of this.
#[track_caller]
fn refuses(arguments: &[&str], message: &[&str]) {
    let ran = wardtap(arguments).expect(2);
    assert_eq!(ran.stdout, "", "{arguments:?}");
    says(&ran, message);
}

/// Could not do it: status 1, nothing on stdout, one line that holds all of this.
#[track_caller]
fn fails(arguments: &[&str], message: &[&str]) {
    let ran = wardtap(arguments).expect(1);
    assert_eq!(ran.stdout, "", "{arguments:?}");
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.starts_with("wardtap: "), "{}", ran.stderr);
    says(&ran, message);
}

#[track_caller]
fn says(ran: &Ran, message: &[&str]) {
    for part in message {
        assert!(ran.stderr.contains(part), "{part:?} is not in:\n{}", ran.stderr);
    }
}

#[test]
fn help_and_version_are_no_failure() {
    let help = wardtap(&["--help"]).expect(0);
    assert!(help.stdout.contains("Exit status:") && help.stderr.is_empty());
    let help = wardtap(&["replay", "--help"]).expect(0);
    for option in [
        "--events",
        "--event-types",
        "--metrics",
        "--filter",
        "--from",
        "--to",
        "--memory",
        "--workers",
        "--fail-on",
        "--config",
        "--assets",
    ] {
        assert!(help.stdout.contains(&format!("\n      {option} <")), "{option}");
    }
    assert!(help.stdout.contains("vlan and"), "a filter for tagged traffic is explained");
    assert!(!help.stdout.contains("--report"), "--report is not built: help must not offer it");
    let version = wardtap(&["--version"]).expect(0);
    assert_eq!(version.stdout, format!("wardtap {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn of_many_captures_the_first_are_listed_and_all_are_counted() {
    let captures = captures();
    let names: Vec<&str> = captures.iter().map(String::as_str).collect();
    let ran = wardtap(&[&["replay"], &names[..]].concat()).expect(0);
    let shown: Vec<&str> = ran.stdout.lines().skip(1).take(13).collect();
    for (line, name) in shown.iter().zip(&names).take(10) {
        assert!(line.starts_with(&format!("  {name} ")) && line.contains(" packets, "), "{line}");
    }
    assert_eq!(shown[10], format!("  and {} more (--events FILE lists all)", names.len() - 10));
    assert!(shown[11].starts_with("  together  ") && shown[12].starts_with("    from 2026-"), "{shown:?}");
    // Of two, both and their sum; of one, its span alone.
    let two = wardtap(&["replay", SWEEP, names[0]]).expect(0).stdout;
    assert!(two.contains("\n  together  ") && !two.contains(" more ("), "{two}");
    assert!(!wardtap(&["replay", SWEEP]).expect(0).stdout.contains("together"));
}

#[test]
fn what_is_not_built_says_so() {
    refuses(&["extract", SWEEP, "--alert", "1"], &["extract", "is not built yet", "wardtap --help"]);
    for option in ["event-format", "report", "policy", "device"] {
        let option = format!("--{option}");
        refuses(&["replay", SWEEP, &option, "x"], &[&option, "is not built yet", "wardtap replay --help"]);
    }
    wardtap(&["replay", SWEEP, "--event-format", "native"]).expect(0);
}

#[test]
fn wrong_usage_names_what_is_wrong() {
    refuses(&[], &["Usage: wardtap"]);
    refuses(&["reply"], &["'reply'", "similar subcommand"]);
    refuses(&["replay"], &["<CAPTURE>"]);
    refuses(&["replay", SWEEP, "--adapt"], &["--baseline <FILE>"]);
    refuses(&["replay", SWEEP, "--evnts", "x"], &["--evnts", "--events"]);
    refuses(&["replay", "-", "-"], &["standard input", "only once: name it once"]);
    for workers in ["0", "65", "-1", "two", "300"] {
        refuses(&["replay", SWEEP, &format!("--workers={workers}")], &["--workers", "1 to 64"]);
    }
    refuses(&["replay", SWEEP, "--memory", "1M"], &["less than 16M"]);
    for no_size in ["lots", "3X", "1.5G", "-1", ""] {
        refuses(&["replay", SWEEP, &format!("--memory={no_size}")], &["--memory", "a whole number", "512M"]);
    }
    refuses(&["replay", SWEEP, "--memory", "99999999999999G"], &["more than any machine has"]);
    refuses(&["replay", SWEEP, "--fail-on", "worst"], &["info, low, medium, high, critical"]);
    refuses(&["replay", SWEEP, "--event-types", "alert"], &["--events <FILE>"]);
    refuses(
        &["replay", SWEEP, "--events", "-", "--event-types", "alerts"],
        &["alert, incident, device, message, flow, stats"],
    );
    for no_time in ["yesterday", "2026-11-24", "2026-11-24T08:00:00+01:00"] {
        refuses(&["replay", SWEEP, "--from", no_time], &["--from", no_time, "2026-11-24T08:00:00Z, and is in UTC"]);
    }
    refuses(&["replay", SWEEP, "--to", "2026-13-01T00:00:00Z"], &["--to", "there is no such time"]);
    refuses(&["replay", SWEEP, "--to", "1969-12-31T23:59:59Z"], &["--to", "times begin with 1970-01-01"]);
    refuses(&["replay", SWEEP, "--to", "2600-01-01T00:00:00Z"], &["--to", "times end with 2554-07-21"]);
    refuses(
        &["replay", SWEEP, "--from", "2026-11-25T00:00:00Z", "--to", "2026-11-24T00:00:00Z"],
        &["--from 2026-11-25T00:00:00", "is after --to 2026-11-24T00:00:00"],
    );
}

#[test]
fn an_output_never_takes_the_place_of_a_capture_or_another_output() {
    let bytes = fs::read(root().join(SWEEP)).unwrap();
    let capture = Made::new(&bytes);
    // The same file by another name.
    let link = capture.folder.path().join("link").to_str().unwrap().to_owned();
    std::os::unix::fs::symlink(&capture.name, &link).unwrap();
    let hard = capture.folder.path().join("hard").to_str().unwrap().to_owned();
    fs::hard_link(&capture.name, &hard).unwrap();
    for option in ["--events", "--metrics"] {
        for output in [&capture.name, &link, &hard] {
            refuses(&["replay", &capture.name, option, output], &[option, output, "write over the capture"]);
        }
    }
    assert!(fs::read(&capture.name).unwrap() == bytes, "the capture was written over");
    let out = capture.folder.path().join("out").to_str().unwrap().to_owned();
    refuses(&["replay", SWEEP, "--events", &out, "--metrics", &out], &["--events and --metrics", "two files"]);
    refuses(&["replay", SWEEP, "--events", "-", "--metrics", "-"], &["--events and --metrics"]);
}

#[test]
fn what_cannot_be_read_is_named_with_what_to_do() {
    let folder = TempDir::new().unwrap();
    let missing = folder.path().join("missing.pcap").to_str().unwrap().to_owned();
    let ran = wardtap(&["replay", &missing]).expect(1);
    says(&ran, &[&missing, "No such file", "check its name"]);
    assert_eq!(ran.stderr.matches("No such file").count(), 1, "said once: {}", ran.stderr);
    fails(&["replay", "captures"], &["captures: is a directory", "captures/*.pcap"]);
    let empty = Made::new(b"");
    fails(&["replay", &empty.name], &[&empty.name, "the file is empty", "copy or take it again"]);
    let text = Made::new(b"CANARYNAME list\n");
    let read = ["not a capture: the file does not begin like pcap (a1b2c3d4", "printable characters"];
    fails(&["replay", &text.name], &[&[text.name.as_str()], &read[..]].concat());
    assert!(!wardtap(&["replay", &text.name]).stderr.contains("CANARY"));
    let noise = Made::new(b"\xa3\x8f\xc4\xe9\x99\xf1\xd2\x88\xb7");
    fails(&["replay", &noise.name], &[&noise.name, "does not begin like pcap", "editcap -F pcapng"]);
    assert!(!wardtap(&["replay", &noise.name]).stderr.contains("text"), "nothing says so");
    let snoop = Made::new(b"snoop\0\0\0\0\0\0\x02\0\0\0\x04");
    fails(&["replay", &snoop.name], &["it is a snoop capture: convert it first (editcap -F pcapng"]);
    let header = Made::new(&fs::read(root().join(SWEEP)).unwrap()[..10]);
    fails(&["replay", &header.name], &[&header.name, "10 bytes", "24 bytes"]);
    // One bad input among good ones: nothing is done by halves.
    fails(&["replay", SWEEP, &missing], &[&missing]);
    let mut version = fs::read(root().join(SWEEP)).unwrap();
    version[4] = 9;
    let version = Made::new(&version);
    fails(&["replay", &version.name], &["version 9.4", "2.4", "editcap -F pcapng"]);
}

#[test]
fn what_comes_through_standard_input_is_named_so() {
    // Nothing writes to it, as when tcpdump before the pipe may not capture.
    fails(&["replay", "-"], &["wardtap: -: the stream is empty", "see what the program that writes to it says"]);
    let folder = Stdio::from(fs::File::open(root().join("captures")).unwrap());
    let ran = wardtap_fed(&["replay", "-"], folder).expect(1);
    says(&ran, &["wardtap: -: cannot be read: is a directory: name the captures in it"]);
}

#[test]
#[cfg(target_os = "linux")]
fn what_may_not_be_read_or_written_is_named_with_what_to_do() {
    use std::os::unix::fs::PermissionsExt;
    let capture = Made::new(&fs::read(root().join(SWEEP)).unwrap());
    fs::set_permissions(&capture.name, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(&capture.name).is_ok() {
        return; // The superuser may do anything.
    }
    fails(&["replay", &capture.name], &[&capture.name, "Permission denied", "let the user who runs wardtap read it"]);
    let out = capture.folder.path().join("out").to_str().unwrap().to_owned();
    fs::set_permissions(capture.folder.path(), fs::Permissions::from_mode(0o500)).unwrap();
    for option in ["--events", "--metrics"] {
        fails(&["replay", SWEEP, option, &out], &[&out, "Permission denied", "write there, or name another file"]);
    }
    fs::set_permissions(capture.folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn a_capture_given_twice_is_named_under_any_name() {
    let capture = Made::new(&fs::read(root().join(SWEEP)).unwrap());
    let link = capture.folder.path().join("link").to_str().unwrap().to_owned();
    std::os::unix::fs::symlink(&capture.name, &link).unwrap();
    for other in [&capture.name, &link] {
        let message = format!("{} and {other} are one capture", capture.name);
        says(&wardtap(&["replay", &capture.name, SWEEP, other]).expect(0), &[&message, "name it once"]);
    }
}

/// A capture's bytes, and where its record of this index begins.
fn record(capture: &str, index: usize) -> (Vec<u8>, usize) {
    let packets = read(capture).unwrap();
    let begin = 24 + packets.iter().take(index).map(|packet| 16 + packet.bytes.len()).sum::<usize>();
    (fs::read(root().join(capture)).unwrap(), begin)
}

#[test]
fn a_capture_cut_in_a_record_is_read_up_to_there() {
    let (mut bytes, begin) = record(SWEEP, 100);
    for cut in [begin + 5, begin + 16, begin + 20] {
        bytes.truncate(bytes.len());
        let made = Made::new(&bytes[..cut]);
        let replayed = replay(&made.name, &[]);
        assert_eq!(replayed.ran.status, 3, "{}", replayed.ran.stderr);
        let stats = replayed.stats();
        assert_eq!(stats["packets"], 100, "cut at {cut}");
        assert_eq!(stats["damage"].as_array().map(Vec::len), Some(1));
        assert_eq!(stats["damage"][0]["offset"], begin);
        assert_eq!(stats["damage"][0]["capture"], made.name.as_str());
        // On both: the summary, and where a person looks who has sent that to a file.
        assert!(replayed.ran.stdout.contains("Damage"), "{}", replayed.ran.stdout);
        says(
            &replayed.ran,
            &[
                &made.name,
                &format!("at byte {begin}"),
                "cut short",
                "everything before it was processed",
                "copy or take",
            ],
        );
        assert!(replayed.metrics.contains("\nwardtap_damaged_inputs_total 1\n"));
    }
    bytes.truncate(begin);
    assert_eq!(replay(&Made::new(&bytes).name, &[]).ran.status, 0, "cut between records: nothing shows it");
}

#[test]
fn a_length_that_lies_is_named_with_its_offset() {
    let (mut bytes, begin) = record(SWEEP, 7);
    bytes[begin + 8..begin + 12].copy_from_slice(&0x7fff_ffffu32.to_le_bytes());
    let made = Made::new(&bytes);
    let replayed = replay(&made.name, &[]);
    assert_eq!(replayed.ran.status, 3);
    assert_eq!(replayed.stats()["packets"], 7);
    says(&replayed.ran, &[&made.name, &format!("at byte {begin}"), "2147483647"]);
}

#[test]
fn damage_to_one_capture_does_not_stop_the_others() {
    let (bytes, begin) = record(SWEEP, 3);
    let made = Made::new(&bytes[..begin + 20]);
    let whole = "captures/hl7/feeds.pcap";
    let replayed = replay(&made.name, &[whole]);
    assert_eq!(replayed.ran.status, 3);
    assert_eq!(replayed.stats()["packets"], 3 + read(whole).unwrap().len());
    assert_eq!(replayed.stats()["messages"]["hl7"], 24);
}

#[test]
fn a_damaged_gzip_is_damage() {
    let whole = fs::read(root().join("captures/hl7/attachment.pcap.gz")).unwrap();
    let made = Made::new(&whole[..whole.len() / 2]);
    let replayed = replay(&made.name, &[]);
    assert_eq!(replayed.ran.status, 3, "{}", replayed.ran.stderr);
    assert!(replayed.stats()["packets"].as_u64().is_some_and(|packets| packets > 0));
    says(&replayed.ran, &[&made.name, "cut short: the gzip data end early", "copy or take"]);
    // So early that no header comes out.
    let made = Made::new(&whole[..15]);
    fails(&["replay", &made.name], &[&made.name, "cannot be unpacked: cut short: the gzip data end early", "copy or"]);
}

#[test]
fn fail_on_is_the_severity_or_above_and_wins_over_damage() {
    for (severity, status) in [("info", 4), ("low", 4), ("medium", 4), ("high", 0), ("critical", 0)] {
        wardtap(&["replay", SWEEP, "--fail-on", severity]).expect(status);
    }
    wardtap(&["replay", "captures/dicom/executable-elf.pcap", "--fail-on", "critical"]).expect(4);
    wardtap(&["replay", "captures/dicom/echo.pcap", "--fail-on", "info"]).expect(0);
    let bytes = fs::read(root().join(SWEEP)).unwrap();
    let made = Made::new(&bytes[..bytes.len() - 5]);
    wardtap(&["replay", &made.name, "--fail-on", "medium"]).expect(4);
    wardtap(&["replay", &made.name, "--fail-on", "high"]).expect(3);
}

#[test]
fn from_and_to_are_inclusive_and_count_what_they_leave_out() {
    let packets = read(SWEEP).unwrap();
    let (first, last) = (100, 199);
    let time = |index: usize| {
        let since = std::time::Duration::from_nanos(packets[index].time);
        humantime::format_rfc3339_nanos(std::time::UNIX_EPOCH + since).to_string()
    };
    let stats = replay(SWEEP, &["--from", &time(first), "--to", &time(last)]).stats();
    assert_eq!(stats["packets"], packets.len());
    assert_eq!(stats["filtered"], packets.len() - (last - first + 1));
    assert_eq!(stats["run"]["options"]["from"], time(first).as_str());
    let stats = replay(SWEEP, &["--from", &time(last)]).stats();
    assert_eq!(stats["filtered"], last);
}

#[cfg(not(feature = "pcap"))]
#[test]
fn a_build_without_filters_says_so() {
    let ran = wardtap(&["replay", SWEEP, "--filter", "arp"]);
    assert!([1, 2].contains(&ran.status) && ran.stderr.contains("pcap"), "{} {}", ran.status, ran.stderr);
}

#[cfg(feature = "pcap")]
#[test]
fn a_filter_is_applied_and_a_bad_one_refused() {
    let packets = read(SWEEP).unwrap();
    let stats = replay(SWEEP, &["--filter", "arp"]).stats();
    let arp = packets.iter().filter(|packet| packet.bytes[12..14] == [8, 6]).count();
    assert!(arp > 0);
    assert_eq!(stats["filtered"], packets.len() - arp);
    assert_eq!(stats["packets"], packets.len());
    assert_eq!(stats["messages"]["modbus"], 0);
    assert_eq!(stats["run"]["options"]["filter"], "arp");
    assert_eq!(replay(SWEEP, &["--filter", "tcp port 502"]).stats()["messages"]["modbus"], 494);
    refuses(&["replay", SWEEP, "--filter", "tcp prot 502"], &["tcp prot 502", "\"prot\"", "pcap-filter"]);
    refuses(&["replay", SWEEP, "--filter", "tcp port"], &["\"tcp port\"", "syntax error", "pcap-filter"]);
    let lookup = ["\"host pacs\"", "\"pacs\" is neither", "would send packets: write the address"];
    refuses(&["replay", SWEEP, "--filter", "host pacs"], &lookup);
}

#[cfg(feature = "pcap")]
#[test]
fn a_filter_that_has_no_meaning_for_a_link_type_says_so() {
    let replayed = replay(SWEEP, &["--filter", "wlan type mgt"]);
    assert_eq!(replayed.ran.status, 0, "{}", replayed.ran.stderr);
    assert_eq!(replayed.stats()["filtered"], replayed.stats()["packets"]);
    says(
        &replayed.ran,
        &["filter \"wlan type mgt\"", "no packet of link type 1 passed", "write one for that link type"],
    );
    assert_eq!(replayed.ran.stderr.lines().count(), 1, "once: {}", replayed.ran.stderr);
    assert_eq!(replay(SWEEP, &["--filter", "arp"]).ran.stderr, "");
}

#[test]
fn events_on_standard_output_leave_the_summary_to_standard_error() {
    let ran = wardtap(&["replay", SWEEP, "--events", "-"]).expect(0);
    let types: Vec<String> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["type"].as_str().unwrap().to_owned())
        .collect();
    // The default: all but `message` and `flow`.
    assert_eq!(types, ["device", "device", "alert", "incident", "alert", "incident", "stats"]);
    assert!(ran.stderr.starts_with("Capture\n") && ran.stderr.contains("Alerts  1\n"), "{}", ran.stderr);
    let quiet = wardtap(&["replay", SWEEP]).expect(0);
    assert_eq!(quiet.stdout, ran.stderr);
    assert_eq!(quiet.stderr, "", "no progress bar where there is no terminal");
}

#[test]
fn event_types_are_a_list_and_stats_are_always_written() {
    let types = |list: &str| {
        let ran = wardtap(&["replay", SWEEP, "--events", "-", "--event-types", list]).expect(0);
        let mut types: Vec<String> = ran
            .stdout
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["type"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(types.pop().as_deref(), Some("stats"), "the last line of a replay");
        types.sort();
        types.dedup();
        types
    };
    assert_eq!(types("stats"), [""; 0]);
    assert_eq!(types("flow"), ["flow"]);
    assert_eq!(types("message,flow"), ["flow", "message"]);
    assert_eq!(types("flow,message,flow"), ["flow", "message"]);
    assert_eq!(types("alert,device,message,flow,stats"), ["alert", "device", "flow", "message"]);
}

#[test]
fn what_cannot_be_written_is_named_before_the_work_begins() {
    let folder = TempDir::new().unwrap();
    let nowhere = folder.path().join("no/such/events.jsonl").to_str().unwrap().to_owned();
    fails(&["replay", SWEEP, "--events", &nowhere], &[&nowhere, "cannot write events", "make the folder"]);
    fails(&["replay", SWEEP, "--metrics", &nowhere], &[&nowhere, "cannot write the metrics", "make the folder"]);
    fails(
        &["replay", SWEEP, "--events", "captures"],
        &["captures: cannot write events", "directory", "name a file in it"],
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_no_success() {
    let ran = wardtap(&["replay", SWEEP, "--events", "/dev/full"]).expect(1);
    says(&ran, &["/dev/full: cannot write events", "No space left", "make room there"]);
    assert_eq!(ran.stderr.matches("No space left").count(), 1, "said once: {}", ran.stderr);
    let ran = wardtap(&["replay", SWEEP, "--metrics", "/dev/full"]).expect(1);
    says(&ran, &["/dev/full: cannot write the metrics", "No space left", "make room there"]);
}

/// Runs with a standard output whose reader has gone after `read` octets.
fn with_a_reader_that_leaves(arguments: &[&str], read: usize) -> (Option<i32>, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_wardtap"))
        .args(arguments)
        .current_dir(root())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    let mut some = vec![0; read];
    out.read_exact(&mut some).unwrap();
    drop(out);
    let done = child.wait_with_output().unwrap();
    (done.status.code(), String::from_utf8(done.stderr).unwrap())
}

#[test]
fn a_reader_that_has_seen_enough_ends_it_quietly() {
    // More than a pipe holds, so that writing fails for certain.
    let all: Vec<PathBuf> = crate::run::captures().into_iter().map(PathBuf::from).collect();
    let mut arguments = vec!["replay"];
    arguments.extend(all.iter().map(|capture| capture.to_str().unwrap()));
    arguments.extend(["--events", "-", "--event-types", "message,flow"]);
    for workers in ["1", "3"] {
        let mut arguments = arguments.clone();
        arguments.extend(["--workers", workers]);
        assert_eq!(with_a_reader_that_leaves(&arguments, 10), (Some(0), String::new()), "{workers} workers");
    }
}

#[test]
fn a_capture_without_packets_is_a_capture() {
    let made = Made::new(&pcap(&[], PLAIN));
    let replayed = replay(&made.name, &[]);
    assert_eq!(replayed.ran.status, 0, "{}", replayed.ran.stderr);
    let events = replayed.parsed();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["time"], "1970-01-01T00:00:00.000000000Z");
    assert_eq!(events[0]["stats"]["packets"], 0);
}
