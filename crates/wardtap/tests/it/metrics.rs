//! The metrics file is Prometheus' text format, and counts what the `stats` event counts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use wardtap_behaviour::alert::Severity;
use wardtap_behaviour::class::Class;
use wardtap_behaviour::detections::DETECTIONS;
use wardtap_behaviour::suppression::Why;
use wardtap_dissect::PROTOCOLS;
use wardtap_net::peel::Undecoded;

use crate::run::{captures, replay, wardtap};

/// What a contract promises; more may be there.
const PROMISED: [(&str, &[&str]); 15] = [
    ("wardtap_packets_total", &[]),
    ("wardtap_bytes_total", &[]),
    ("wardtap_packets_dropped_total", &["stage"]),
    ("wardtap_messages_total", &["kind", "protocol"]),
    ("wardtap_alerts_total", &["detection", "severity"]),
    ("wardtap_incidents_open", &["severity"]),
    ("wardtap_incidents_total", &["severity"]),
    ("wardtap_devices", &["class"]),
    // Of devices of an assets file or a baseline only: announced, without a series.
    ("wardtap_device_last_seen_timestamp_seconds", &["device"]),
    ("wardtap_response_seconds", &["protocol"]),
    ("wardtap_stream_gaps_total", &[]),
    ("wardtap_malformed_total", &["protocol", "reason"]),
    ("wardtap_copied_bytes_total", &[]),
    ("wardtap_evicted_total", &["table"]),
    ("wardtap_build_info", &["revision", "version"]),
];

type Labels = BTreeMap<String, String>;

/// The families of a text, by name.
struct Families(BTreeMap<String, Family>);

struct Family {
    kind: String,
    samples: Vec<(String, Labels, f64)>,
}

impl Families {
    /// Reads the text exposition format 0.0.4, strictly: what Prometheus would refuse or warn of fails here.
    fn parse(text: &str) -> Result<Self, String> {
        let mut families: BTreeMap<String, Family> = BTreeMap::new();
        let mut help = BTreeSet::new();
        let mut current = String::new();
        let mut series = BTreeSet::new();
        if !text.ends_with('\n') {
            return Err("the last line has no end".to_owned());
        }
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, words) = rest.split_once(' ').ok_or("HELP without text")?;
                if words.is_empty() || !help.insert(name.to_owned()) {
                    return Err(format!("HELP of {name} is empty or stands twice"));
                }
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').ok_or("TYPE without a type")?;
                current = name.to_owned();
                let family = Family { kind: kind.to_owned(), samples: Vec::new() };
                if !help.contains(name) || families.insert(current.clone(), family).is_some() {
                    return Err(format!("TYPE of {name} stands twice, or without HELP"));
                }
            } else {
                let (name, labels, value) = sample(line).ok_or_else(|| format!("no sample: {line}"))?;
                let family = families.get_mut(&current).ok_or("a sample before any TYPE")?;
                let own = name == current
                    || family.kind == "histogram"
                        && ["_bucket", "_sum", "_count"].iter().any(|end| name.strip_suffix(end) == Some(&current));
                if !own {
                    return Err(format!("{name} stands among the samples of {current}"));
                }
                if !series.insert((name.clone(), labels.clone())) {
                    return Err(format!("a series stands twice: {line}"));
                }
                family.samples.push((name, labels, value));
            }
        }
        Ok(Self(families))
    }

    /// The value of a series.
    #[track_caller]
    fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let labels: Labels = labels.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        let found =
            self.0.values().flat_map(|family| &family.samples).find(|(its, has, _)| its == name && *has == labels);
        found.unwrap_or_else(|| panic!("no {name} {labels:?}")).2
    }
}

/// `name{label="value",...} number`.
fn sample(line: &str) -> Option<(String, Labels, f64)> {
    let (series, value) = line.rsplit_once(' ')?;
    let value = if value == "+Inf" { f64::INFINITY } else { value.parse().ok()? };
    let (name, labels) = match series.split_once('{') {
        Some((name, labels)) => (name, labels.strip_suffix('}')?),
        None => (series, ""),
    };
    let word = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !text.starts_with(|c: char| c.is_ascii_digit())
    };
    let mut read = Labels::new();
    // No label of ours has a quote, a comma or a backslash in its value.
    for label in labels.split(',').filter(|label| !label.is_empty()) {
        let (name, value) = label.split_once("=\"")?;
        let value = value.strip_suffix('"').filter(|value| !value.contains(['"', '\\']))?;
        if !word(name) || read.insert(name.to_owned(), value.to_owned()).is_some() {
            return None;
        }
    }
    (word(name) && !name.is_empty()).then(|| (name.to_owned(), read, value))
}

/// The closed set of a label's values.
fn closed(name: &str, label: &str) -> BTreeSet<String> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    match (name, label) {
        (_, "protocol") => PROTOCOLS.iter().map(|protocol| protocol.name.to_owned()).collect(),
        (_, "kind") => PROTOCOLS.iter().flat_map(|protocol| protocol.kinds).map(|kind| (*kind).to_owned()).collect(),
        (_, "detection") => DETECTIONS.iter().map(|about| about.name.to_owned()).collect(),
        (_, "severity") => Severity::ALL.iter().map(|severity| severity.name().to_owned()).collect(),
        ("wardtap_alerts_suppressed_total", "reason") => Why::ALL.map(|why| why.name().to_owned()).into(),
        ("wardtap_malformed_total", "reason") => {
            PROTOCOLS.iter().flat_map(|protocol| protocol.anomalies).map(|reason| (*reason).to_owned()).collect()
        }
        ("wardtap_undecoded_packets_total", "reason") => {
            Undecoded::ALL.iter().map(|reason| reason.name().to_owned()).chain(["arp".to_owned()]).collect()
        }
        (_, "stage") => words(&["interface", "ring", "pipeline"]),
        (_, "table") => words(&TABLES),
        (_, "class") => Class::all().map(|class| class.name().to_owned()).collect(),
        (_, "version") => words(&[env!("CARGO_PKG_VERSION")]),
        (_, "revision") => BTreeSet::new(),
        (_, "le") => BTreeSet::new(),
        _ => panic!("{name} has a label {label} of which this test knows no closed set"),
    }
}

/// What can be given up for want of room.
const TABLES: [&str; 12] = [
    "flows",
    "holes",
    "dissectors",
    "pairs",
    "targets",
    "devices",
    "links",
    "names",
    "inventory",
    "watched",
    "alerts",
    "incidents",
];

fn check_names_and_labels(families: &Families) {
    for (name, family) in &families.0 {
        assert!(name.starts_with("wardtap_"), "{name}");
        assert_eq!(name.ends_with("_total"), family.kind == "counter", "{name} is a {}", family.kind);
        assert!(["counter", "gauge", "histogram"].contains(&family.kind.as_str()), "{name} is a {}", family.kind);
        for (series, labels, value) in &family.samples {
            assert!(*value >= 0.0, "{series} {labels:?} {value}");
            for (label, text) in labels {
                let allowed = closed(name, label);
                assert!(allowed.is_empty() || allowed.contains(text), "{series}: {label}=\"{text}\"");
            }
        }
        // Every series of a closed set is there from the beginning, so that its first rise shows as one.
        let first: Vec<&String> =
            family.samples.first().map(|(_, labels, _)| labels.keys().collect()).unwrap_or_default();
        if let [label] = first.as_slice()
            && family.kind == "counter"
        {
            let told: BTreeSet<String> = family.samples.iter().map(|(_, labels, _)| labels[*label].clone()).collect();
            assert_eq!(told, closed(name, label), "{name}");
        }
    }
    for (name, labels) in PROMISED {
        let family = families.0.get(name).unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!(family.samples.is_empty(), name == "wardtap_device_last_seen_timestamp_seconds", "{name}");
        for (series, has, _) in &family.samples {
            let has: Vec<&str> = has.keys().map(String::as_str).filter(|label| *label != "le").collect();
            assert_eq!(has, labels, "{series}");
        }
    }
}

fn check_histogram(families: &Families, name: &str) {
    for protocol in PROTOCOLS {
        let labels = [("protocol", protocol.name)];
        let count = families.value(&format!("{name}_count"), &labels);
        let sum = families.value(&format!("{name}_sum"), &labels);
        assert_eq!(count == 0.0, sum == 0.0, "{name} of {}", protocol.name);
        let mut last = (f64::NEG_INFINITY, 0.0);
        for (series, labels, value) in &families.0[name].samples {
            let (Some(bound), true) = (labels.get("le"), labels["protocol"] == protocol.name) else { continue };
            let bound = if bound == "+Inf" { f64::INFINITY } else { bound.parse().unwrap() };
            assert!(bound > last.0 && *value >= last.1, "{series} {labels:?} {value} after {last:?}");
            last = (bound, *value);
        }
        assert_eq!(last, (f64::INFINITY, count), "{name} of {}: the last bucket", protocol.name);
    }
}

#[test]
fn metrics_are_well_formed_and_equal_the_stats() {
    for capture in captures() {
        let replayed = replay(&capture, &[]);
        let families = Families::parse(&replayed.metrics).unwrap_or_else(|error| panic!("{capture}: {error}"));
        check_names_and_labels(&families);
        check_histogram(&families, "wardtap_response_seconds");
        check_counts(&capture, &families, &replayed.stats(), &replayed.parsed());
    }
}

fn check_counts(capture: &str, families: &Families, stats: &Value, events: &[Value]) {
    let equal = |name: &str, labels: &[(&str, &str)], pointer: &str| {
        let count = stats.pointer(pointer).and_then(Value::as_f64).unwrap_or_else(|| panic!("no {pointer} in {stats}"));
        assert_eq!(families.value(name, labels), count, "{capture}: {name} {labels:?}");
    };
    for (name, pointer) in [
        ("wardtap_packets_total", "/packets"),
        ("wardtap_bytes_total", "/bytes"),
        ("wardtap_filtered_packets_total", "/filtered"),
        ("wardtap_streams_total", "/streams/seen"),
        ("wardtap_streams_one_sided_total", "/streams/one_sided"),
        ("wardtap_streams_with_gaps_total", "/streams/with_gaps"),
        ("wardtap_stream_gaps_total", "/transport/gaps"),
        ("wardtap_stream_gap_bytes_total", "/transport/gap_bytes"),
        ("wardtap_duplicate_packets_total", "/transport/duplicates"),
        ("wardtap_tcp_retransmissions_total", "/transport/retransmissions"),
        ("wardtap_tcp_conflicts_total", "/transport/conflicts"),
        ("wardtap_bad_checksums_total", "/transport/bad_checksums"),
        ("wardtap_copied_bytes_total", "/copied_bytes"),
    ] {
        equal(name, &[], pointer);
    }
    let devices: f64 = Class::all().map(|class| families.value("wardtap_devices", &[("class", class.name())])).sum();
    assert_eq!(devices, stats["devices"].as_f64().unwrap(), "{capture}: devices of all classes");
    for table in TABLES {
        equal("wardtap_evicted_total", &[("table", table)], &format!("/evicted/{table}"));
    }
    let told = |wanted: &dyn Fn(&Value) -> bool| events.iter().filter(|event| wanted(event)).count() as f64;
    // A device is told again when it comes to another address, and goes by another's id when they prove to be one.
    let told_of = |same: bool| -> BTreeSet<&str> {
        let told = events.iter().filter(|event| event["type"] == "device");
        let told = told.filter(|event| event["device"]["same_as"].is_string() == same);
        told.filter_map(|event| event["device"]["id"].as_str()).collect()
    };
    let devices = told_of(false).difference(&told_of(true)).count() as f64;
    assert_eq!(devices, stats["devices"].as_f64().unwrap(), "{capture}");
    for protocol in PROTOCOLS {
        let name = protocol.name;
        let sum: f64 = protocol
            .kinds
            .iter()
            .map(|kind| families.value("wardtap_messages_total", &[("protocol", name), ("kind", kind)]))
            .sum();
        // Of all but the first three, `stats` tells only those of which there are messages.
        let counted = stats["messages"].get(name).map_or(0.0, |count| count.as_f64().unwrap());
        assert_eq!(sum, counted, "{capture}: messages of {name}");
        assert_eq!(sum, told(&|event| event["message"]["protocol"] == name), "{capture}: message events of {name}");
        let timed =
            told(&|event| event["message"]["protocol"] == name && event["message"]["response_seconds"].is_number());
        assert_eq!(families.value("wardtap_response_seconds_count", &[("protocol", name)]), timed, "{capture}: {name}");
        for reason in protocol.anomalies {
            let count = stats["malformed"][name].get(reason).map_or(0.0, |count| count.as_f64().unwrap());
            let labels = [("protocol", name), ("reason", *reason)];
            assert_eq!(families.value("wardtap_malformed_total", &labels), count, "{capture}: {reason}");
        }
    }
    for about in DETECTIONS {
        for severity in Severity::ALL {
            let labels = [("detection", about.name), ("severity", severity.name())];
            let raised = told(&|event| {
                let alert = &event["alert"];
                alert["state"] == "new" && alert["detection"] == about.name && alert["severity"] == severity.name()
            });
            assert_eq!(families.value("wardtap_alerts_total", &labels), raised, "{capture}: {labels:?}");
        }
    }
}

#[test]
fn a_malformed_text_is_noticed() {
    let good = "# HELP wardtap_a_total A.\n# TYPE wardtap_a_total counter\nwardtap_a_total{x=\"1\"} 1\n";
    let families = Families::parse(good).unwrap();
    assert_eq!(families.value("wardtap_a_total", &[("x", "1")]), 1.0);
    for (what, bad) in [
        ("no end of line", good.trim_end().to_owned()),
        ("a series twice", format!("{good}wardtap_a_total{{x=\"1\"}} 2\n")),
        ("another name", format!("{good}wardtap_b_total 2\n")),
        ("no number", format!("{good}wardtap_a_total{{x=\"2\"}} two\n")),
        ("a family twice", format!("{good}{good}")),
        ("no TYPE", "wardtap_a_total 1\n".to_owned()),
        ("no HELP", "# TYPE wardtap_a_total counter\nwardtap_a_total 1\n".to_owned()),
    ] {
        assert!(Families::parse(&bad).is_err(), "{what}");
    }
}

#[test]
fn metrics_can_go_to_standard_output() {
    let capture = "captures/hl7/feeds.pcap";
    let ran = wardtap(&["replay", capture, "--metrics", "-"]).expect(0);
    assert_eq!(ran.stdout, replay(capture, &[]).metrics);
    assert!(ran.stderr.starts_with("Capture\n"), "the summary goes to standard error: {}", ran.stderr);
}
