//! Runs the program, and finds the captures.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use wardtap_dissect::PROTOCOLS;

/// All event types there are, built ones.
pub(crate) const ALL_TYPES: &str = "alert,incident,device,message,flow,stats";

/// No run of a small capture takes this long: it hangs.
const DEADLINE: Duration = Duration::from_secs(120);

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The captures of one protocol, or the simulated ones, as paths from the root, sorted.
pub(crate) fn captures_of(protocol: &str) -> Vec<String> {
    let folder = root().join("captures").join(protocol);
    let mut found: Vec<String> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter(|name| is_capture(name))
        .map(|name| format!("captures/{protocol}/{name}"))
        .collect();
    found.sort();
    found
}

/// All captures of the repository, as paths from the root.
pub(crate) fn captures() -> Vec<String> {
    [recordings(), captures_of("simulated")].concat()
}

/// The captures of real peers, each with what they say they sent.
pub(crate) fn recordings() -> Vec<String> {
    let all: Vec<String> = PROTOCOLS.iter().flat_map(|protocol| captures_of(protocol.name)).collect();
    assert!(all.len() >= 50, "only {} captures found", all.len());
    all
}

/// Those of them whose peers say which messages they sent.
pub(crate) fn told_recordings() -> Vec<String> {
    ["hl7", "dicom", "modbus"].iter().flat_map(|protocol| captures_of(protocol)).collect()
}

fn is_capture(name: &str) -> bool {
    let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(name);
    name.ends_with(".pcap") || name.ends_with(".pcapng")
}

/// What a run left behind.
pub(crate) struct Ran {
    /// The exit status; -1 when a signal ended it.
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Fails unless the run ended with this status.
    #[track_caller]
    pub(crate) fn expect(self, status: i32) -> Self {
        assert_eq!(self.status, status, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}

/// `wardtap` with arguments, run at the root.
pub(crate) fn wardtap(arguments: &[&str]) -> Ran {
    wardtap_fed(arguments, Stdio::null())
}

/// `wardtap` with arguments and standard input.
pub(crate) fn wardtap_fed(arguments: &[&str], input: Stdio) -> Ran {
    let folder = TempDir::new().unwrap();
    let (out, err) = (folder.path().join("out"), folder.path().join("err"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_wardtap"))
        .args(arguments)
        .current_dir(root())
        .stdin(input)
        .stdout(File::create(&out).unwrap())
        .stderr(File::create(&err).unwrap())
        .spawn()
        .unwrap();
    // A watch on a process that hangs: nothing that a test compares depends on it.
    #[allow(clippy::disallowed_methods)]
    let began = Instant::now();
    let mut pause = Duration::from_millis(1);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if began.elapsed() > DEADLINE {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("wardtap {arguments:?} hangs");
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    };
    let text = |path: &Path| String::from_utf8(fs::read(path).unwrap()).expect("output is UTF-8");
    Ran { status: status.code().unwrap_or(-1), stdout: text(&out), stderr: text(&err) }
}

/// A replay with everything that it can write.
pub(crate) struct Replayed {
    pub(crate) ran: Ran,
    /// The events file, empty when there is none.
    pub(crate) events: String,
    /// The metrics file, empty when there is none.
    pub(crate) metrics: String,
    /// The inventory, empty when there is none.
    pub(crate) inventory: String,
}

impl Replayed {
    /// The events, parsed.
    pub(crate) fn parsed(&self) -> Vec<Value> {
        self.events
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
            .collect()
    }

    /// The last event, which is the stats.
    #[track_caller]
    pub(crate) fn stats(&self) -> Value {
        let last = self.events.lines().last().expect("there are events");
        let last: Value = serde_json::from_str(last).unwrap();
        assert_eq!(last["type"], "stats", "the last event");
        last["stats"].clone()
    }

    /// All outputs in one text.
    pub(crate) fn everything(&self) -> [&str; 5] {
        [&self.events, &self.metrics, &self.inventory, &self.ran.stdout, &self.ran.stderr]
    }
}

/// Replays a capture with events of all types, metrics and the inventory.
pub(crate) fn replay(capture: &str, options: &[&str]) -> Replayed {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (events, metrics, inventory) = (path("events.jsonl"), path("metrics.prom"), path("inventory.json"));
    let mut arguments = vec!["replay", capture, "--events", &events, "--metrics", &metrics, "--event-types", ALL_TYPES];
    arguments.extend(["--inventory", &inventory]);
    arguments.extend(options);
    let ran = wardtap(&arguments);
    let text =
        |path: &str| fs::read(path).map_or_else(|_| String::new(), |bytes| String::from_utf8(bytes).expect("UTF-8"));
    Replayed { ran, events: text(&events), metrics: text(&metrics), inventory: text(&inventory) }
}

/// The shared corpus of captures from other projects; not part of the repository.
pub(crate) fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("WARDTAP_CAPTURES").map_or_else(|| root().join("../shared/captures"), PathBuf::from);
    folder.is_dir().then_some(folder)
}

/// All files of the corpus, sorted.
pub(crate) fn corpus_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            match entry.file_type().unwrap() {
                kind if kind.is_dir() => folders.push(entry.path()),
                kind if kind.is_file() => files.push(entry.path()),
                _ => {}
            }
        }
    }
    files.sort();
    files
}
