//! The systemd unit: valid, hardened, and with options that the program knows.

use std::fs;

use tempfile::TempDir;

use super::{is_there, passes, text};
use crate::run::wardtap;

const UNIT: &str = "deploy/systemd/wardtap.service";

/// Of a scale to 10: below this a service is well contained.
const EXPOSURE_MAX: &str = "--threshold=20";

#[test]
fn the_unit_is_valid_and_exposes_little() {
    if !is_there("systemd-analyze") {
        return;
    }
    let folder = TempDir::new().unwrap();
    let unit = folder.path().join("wardtap.service");
    // What is not installed here is put in its place.
    let here = text(UNIT).replace("/usr/bin/wardtap", env!("CARGO_BIN_EXE_wardtap")).replace("man:wardtap(1) ", "");
    fs::write(&unit, here).unwrap();
    let told = passes("systemd-analyze", &["verify", unit.to_str().unwrap()]);
    assert!(!told.contains("wardtap.service"), "{told}");
    passes("systemd-analyze", &["security", "--offline=true", EXPOSURE_MAX, unit.to_str().unwrap()]);
}

#[test]
fn the_program_knows_what_the_unit_and_its_configuration_say() {
    let folder = TempDir::new().unwrap();
    let config = folder.path().join("wardtap.toml");
    let shipped = text("deploy/systemd/wardtap.toml");
    // As it is, and with all that is commented out but the file that is not there.
    let all = shipped.replace("\n#assets", "\n# assets").replace("\n#", "\n");
    let all: String =
        all.lines().filter(|line| line.starts_with('[') || line.contains('=')).map(|l| format!("{l}\n")).collect();
    for text in [&shipped, &all.replace(" assets = ", "#")] {
        fs::write(&config, text).unwrap();
        wardtap(&["check", "--config", config.to_str().unwrap()]).expect(0);
    }
    let unit = text(UNIT);
    let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/bin/wardtap ")).unwrap();
    let events = folder.path().join("events.jsonl");
    let defaults = text("deploy/systemd/wardtap.default");
    let learning =
        defaults.lines().find_map(|line| line.strip_prefix("WARDTAP_LEARNING=\"")?.strip_suffix('"')).unwrap();
    let start = start
        .replace("$WARDTAP_LEARNING", learning)
        .replace("$WARDTAP_INTERFACES", "--interface nosuch0")
        .replace("$WARDTAP_OPTIONS", "--listen off")
        .replace("/etc/wardtap/wardtap.toml", config.to_str().unwrap())
        .replace("/var/log/wardtap/events.jsonl", events.to_str().unwrap());
    let refused = wardtap(&start.split(' ').collect::<Vec<_>>()).expect(1);
    assert!(refused.stderr.contains("nosuch0: there is no such interface"), "{}", refused.stderr);
}

#[test]
fn the_man_page_names_every_command() {
    let help = wardtap(&["--help"]).expect(0).stdout;
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let commands = commands.lines().take_while(|line| !line.is_empty());
    let names = commands.filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).filter(|name| !name.is_empty());
    let page = text("deploy/debian/wardtap.1");
    let mut count = 0;
    for name in names.filter(|name| *name != "help") {
        assert!(page.contains(&format!("\n.B {name}\n")), "no {name}");
        count += 1;
    }
    assert!(count >= 6, "{help}");
}
