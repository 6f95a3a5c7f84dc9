//! What the design promises of the sources: the tables are complete, and imports go down only.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use wardtap_behaviour::detections::DETECTIONS;
use wardtap_dissect::PROTOCOLS;

use crate::run::{captures_of, root};

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn is_kebab(name: &str) -> bool {
    !name.is_empty()
        && name
            .split('-')
            .all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
}

#[test]
fn every_protocol_has_its_page_captures_and_names() {
    for (index, protocol) in PROTOCOLS.iter().enumerate() {
        let name = protocol.name;
        assert_eq!(protocol.index, index, "{name} stands at another place than it says");
        let page = text(&format!("crates/dissect/src/{name}/README.md"));
        assert!(page.starts_with("# ") && page.len() > 500, "{name}: its README is its page");
        let captures = captures_of(name);
        assert!(!captures.is_empty(), "{name}: no captures");
        let sources = text("captures/SOURCES.md");
        for capture in captures {
            let short = capture.strip_prefix("captures/").unwrap();
            assert!(sources.contains(&format!("`{short}`")), "{capture} has no line in captures/SOURCES.md");
        }
        for word in protocol.anomalies {
            assert!(is_kebab(word), "{name}: {word}");
        }
        for word in protocol.kinds {
            // A standard's own names stand as they are (ORU).
            assert!(is_kebab(&word.to_ascii_lowercase()), "{name}: {word}");
        }
        for (what, words) in [("kinds", protocol.kinds), ("anomalies", protocol.anomalies)] {
            assert_eq!(words.iter().collect::<BTreeSet<_>>().len(), words.len(), "{name}: {what} that stand twice");
            for word in words.iter().filter(|_| what == "anomalies") {
                assert!(page.contains(word), "{name}: its README does not explain the anomaly {word}");
            }
        }
    }
}

#[test]
fn every_detection_has_its_page_and_words() {
    /// The headings of a page, in this order.
    const HEADINGS: [&str; 5] = [
        "\n## What it sees\n",
        "\n## Why it matters to care\n",
        "\n## What looks alike and is fine\n",
        "\n## What it needs learned\n",
        "\n## How to respond\n",
    ];
    /// What nobody does on purpose has no technique.
    const NO_ATTACK: [&str; 3] = ["feed-lossy", "out-of-service", "sensor-cannot-write"];
    let names: BTreeSet<&str> = DETECTIONS.iter().map(|about| about.name).collect();
    assert_eq!(names.len(), DETECTIONS.len(), "a name stands twice");
    for about in DETECTIONS {
        let name = about.name;
        assert!(is_kebab(name), "{name}");
        let page = text(&format!("crates/behaviour/src/detections/{}.md", name.replace('-', "_")));
        assert_eq!(page, about.page, "{name}: its page is that of its file");
        let places: Vec<Option<usize>> = HEADINGS.iter().map(|heading| page.find(heading)).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{name}: headings {places:?}");
        for (what, words) in [("title", about.title), ("impact", about.impact), ("response", about.response)] {
            assert!(words.len() > 10, "{name}: {what}");
        }
        assert_eq!(about.attack.is_empty(), NO_ATTACK.contains(&name), "{name}: techniques");
    }
    let files = fs::read_dir(root().join("crates/behaviour/src/detections")).unwrap();
    let pages = files.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|end| end == "md")).count();
    assert_eq!(pages, DETECTIONS.len(), "a page without a detection");
}

/// The crates of ours that each may use.
const LAYERS: [(&str, &[&str]); 7] = [
    ("wardtap-net", &[]),
    ("wardtap-capture", &["wardtap-net"]),
    ("wardtap-dissect", &["wardtap-net"]),
    ("wardtap-behaviour", &["wardtap-dissect", "wardtap-net"]),
    ("wardtap-export", &["wardtap-behaviour", "wardtap-dissect", "wardtap-net"]),
    ("wardtap", &["wardtap-behaviour", "wardtap-capture", "wardtap-dissect", "wardtap-export", "wardtap-net"]),
    ("wardtap-simulator", &[]),
];

/// Each package's normal dependencies.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let done = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&done.stdout).expect("cargo metadata is JSON");
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages
        .map(|package| {
            let normal = package["dependencies"].as_array().unwrap().iter().filter(|it| it["kind"].is_null());
            let names = normal.map(|it| it["name"].as_str().unwrap().to_owned()).collect();
            (package["name"].as_str().unwrap().to_owned(), names)
        })
        .collect()
}

#[test]
fn imports_go_down_only() {
    let dependencies = dependencies();
    for (name, allowed) in LAYERS {
        let uses = dependencies.get(name).unwrap_or_else(|| panic!("no package {name}"));
        let ours: Vec<&str> = uses.iter().map(String::as_str).filter(|used| used.starts_with("wardtap")).collect();
        for used in ours {
            assert!(allowed.contains(&used), "{name} may not use {used}");
        }
        let serialises = uses.iter().any(|used| used == "serde" || used == "serde_json");
        // Of serialised formats it knows one: that of the baseline file.
        let baseline = name == "wardtap-behaviour" && !uses.contains("serde_json");
        assert!(
            !serialises || baseline || ["wardtap-export", "wardtap", "wardtap-simulator"].contains(&name),
            "{name} may not know serialised formats"
        );
    }
    for (name, uses) in &dependencies {
        assert!(!uses.contains("wardtap"), "{name} may not use the program");
        let known = LAYERS.iter().any(|(layer, _)| layer == name);
        let ours = uses.iter().any(|used| used.starts_with("wardtap"));
        assert!(known || !ours || name.ends_with("-benches"), "{name} has no place among the layers");
    }
}

/// Rust files below a folder.
fn sources(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty(), "{folder}");
    found.sort();
    found
}

/// True for files that hold tests only.
fn is_tests(path: &Path) -> bool {
    let inside = path.strip_prefix(root()).unwrap_or(path);
    inside.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs")
}

/// A file's code: without comments, and without the tests at its end.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect()
}

/// The first of `words` in the code of a folder, `except` for some files.
fn find(folder: &str, words: &[&str], except: impl Fn(&Path) -> bool) -> Option<String> {
    for path in sources(folder).into_iter().filter(|path| !is_tests(path) && !except(path)) {
        let code = code(&path);
        for (number, line) in code.lines().enumerate() {
            if let Some(word) = words.iter().find(|word| line.contains(*word)) {
                return Some(format!("{}: {word} in code line {}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    None
}

#[test]
fn net_dissect_and_behaviour_are_pure() {
    let words = [
        "std::fs",
        "fs::File",
        "std::thread",
        "thread::spawn",
        "Instant::now",
        "std::time::Instant",
        "SystemTime",
        "std::io",
        "std::env",
        "std::process",
        "TcpStream",
        "UdpSocket",
        "println!",
        "eprintln!",
    ];
    for folder in ["crates/net/src", "crates/dissect/src", "crates/behaviour/src"] {
        assert_eq!(find(folder, &words, |_| false), None);
    }
    // The search finds what is there.
    assert!(find("crates/wardtap/src", &["std::fs"], |_| false).is_some());
}

#[test]
fn protocols_are_named_where_they_belong_only() {
    let names: Vec<&str> = PROTOCOLS.iter().flat_map(|protocol| [protocol.name, protocol.title]).collect();
    assert!(names.contains(&"hl7") && names.contains(&"DICOM"));
    // Who has which address is told below the protocols: where DHCP gives them is read there, and which time
    // servers it names.
    let told_there = |name: &str| ["dhcp", "ntp"].iter().any(|known| name.eq_ignore_ascii_case(known));
    let below: Vec<&str> = names.iter().copied().filter(|name| !told_there(name)).collect();
    assert_eq!(find("crates/net/src", &below, |_| false), None);
    assert_eq!(find("crates/capture/src", &names, |_| false), None);
    // MITRE's names of techniques hold names of protocols.
    let may_name =
        |path: &Path| path.components().any(|part| part.as_os_str() == "detections") || path.ends_with("attack.rs");
    assert_eq!(find("crates/behaviour/src", &below, may_name), None);
    assert!(find("crates/dissect/src", &names, |_| false).is_some());
}

#[test]
fn nothing_but_live_capture_is_unsafe_and_nothing_sends() {
    let live = |path: &Path| path.components().any(|part| part.as_os_str() == "live");
    for name in ["net", "capture", "dissect", "behaviour", "export", "wardtap"] {
        let folder = format!("crates/{name}/src");
        assert_eq!(find(&folder, &["unsafe {", "unsafe fn", "unsafe impl"], live), None);
        assert_eq!(find(&folder, &["sendpacket", "pcap_inject", "UdpSocket", "TcpStream"], |_| false), None);
        if name != "capture" {
            let top = if name == "wardtap" { "main.rs" } else { "lib.rs" };
            assert!(text(&format!("{folder}/{top}")).contains("#![forbid(unsafe_code)]"), "{name}");
        }
    }
}
