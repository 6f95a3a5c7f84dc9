//! Captures of other projects, broken and hostile ones among them: no crash, no hang, no lost packet.

use std::process::{Command, Stdio};

use crate::run::{ALL_TYPES, corpus, corpus_files, replay, wardtap};

#[test]
fn every_capture_of_the_corpus_replays() {
    let Some(folder) = corpus() else {
        eprintln!("skipped: no corpus (set WARDTAP_CAPTURES)");
        return;
    };
    let tcpdump = Command::new("tcpdump").arg("--version").stderr(Stdio::null()).stdout(Stdio::null()).status().is_ok();
    if !tcpdump {
        eprintln!("no tcpdump: packet counts are not compared");
    }
    let (mut read, mut compared, mut differences) = (0, 0, Vec::new());
    for file in corpus_files(&folder) {
        let file = file.to_str().unwrap();
        let replayed = replay(file, &[]);
        let stderr = &replayed.ran.stderr;
        match replayed.ran.status {
            0 | 3 => read += 1,
            1 => {
                assert!(replayed.events.lines().all(|line| line.is_empty()), "{file}: events, and then a failure");
                assert!(stderr.starts_with(&format!("wardtap: {file}: ")) && stderr.lines().count() == 1, "{stderr}");
                continue;
            }
            status => panic!("{file}: exit status {status}\n{stderr}"),
        }
        if tcpdump && let Some(count) = counted_by_tcpdump(file) {
            compared += 1;
            let packets = replayed.stats()["packets"].as_u64().unwrap();
            if packets != count {
                differences.push(format!("{file}: wardtap {packets}, tcpdump {count}"));
            }
        }
    }
    assert!(read > 100, "{read} captures read");
    assert!(!tcpdump || compared > 100, "{compared} captures compared");
    assert!(differences.is_empty(), "{} of {compared} differ:\n{}", differences.len(), differences.join("\n"));
}

/// The packets that libpcap reads from a file; `None` where it does not read all of it.
fn counted_by_tcpdump(file: &str) -> Option<u64> {
    let done = Command::new("tcpdump").args(["--count", "-r", file]).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&done.stdout);
    done.status.success().then(|| text.split_whitespace().next()?.parse().ok()).flatten()
}

#[test]
fn captures_of_the_corpus_survive_little_memory() {
    /// Every so many files are taken.
    const STEP: usize = 9;
    let Some(folder) = corpus() else {
        eprintln!("skipped: no corpus (set WARDTAP_CAPTURES)");
        return;
    };
    for file in corpus_files(&folder).iter().step_by(STEP) {
        let file = file.to_str().unwrap();
        let ran = wardtap(&["replay", file, "--memory", "16M", "--events", "-", "--event-types", ALL_TYPES]);
        assert!([0, 1, 3].contains(&ran.status), "{file}: exit status {}\n{}", ran.status, ran.stderr);
    }
}
