//! A real Prometheus with the rules of `deploy/prometheus`, on loopback, that scrapes and judges every second.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::{files, is_there, text};
use crate::watch::wire::{get, wait};

/// A running Prometheus.
pub(super) struct Prometheus {
    child: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Prometheus {
    /// One that scrapes a sensor, once it is up; None where there is none to be started.
    pub(super) fn start(sensor: SocketAddr) -> Option<Self> {
        if !is_there("prometheus") {
            return None;
        }
        let folder = TempDir::new().unwrap();
        let config = text("deploy/prometheus/prometheus.yml");
        assert!(config.contains("15s") && config.contains("127.0.0.1:9464"), "what is replaced is there");
        let config = config.replace("15s", "1s").replace("127.0.0.1:9464", &sensor.to_string());
        fs::write(folder.path().join("prometheus.yml"), config).unwrap();
        for rules in files("deploy/prometheus", ".rules.yml") {
            fs::copy(&rules, folder.path().join(rules.file_name().unwrap())).unwrap();
        }
        // Somebody else may take the port in between; then it does not start, and the test says so.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let errors = folder.path().join("stderr");
        let mut child = Command::new("prometheus")
            .arg(format!("--web.listen-address={address}"))
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--log.level=error"])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&errors).unwrap())
            .spawn()
            .unwrap();
        wait("Prometheus is ready", || {
            assert!(child.try_wait().unwrap().is_none(), "{}", fs::read_to_string(&errors).unwrap());
            std::net::TcpStream::connect(address).is_ok() && get(address, "/-/ready").0 == 200
        });
        Some(Self { child, address, _folder: folder })
    }

    /// What its API answers.
    pub(super) fn ask(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Value, String> {
        let parameters: Vec<String> =
            parameters.iter().map(|(name, value)| format!("{name}={}", percent_encoded(value))).collect();
        let (_, body) = get(self.address, &format!("/api/v1/{path}?{}", parameters.join("&")));
        let answer: Value = serde_json::from_str(&body).map_err(|error| format!("{error}: {body}"))?;
        match answer["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(answer["data"].clone()),
        }
    }

    /// The samples that an expression gives now.
    pub(super) fn query(&self, expression: &str) -> Result<Vec<Value>, String> {
        let data = self.ask("query", &[("query", expression)]).map_err(|error| format!("{expression}: {error}"))?;
        Ok(data["result"].as_array().cloned().unwrap_or_default())
    }

    /// Alerts that are in a state (`firing`, `pending`), with how often each name is.
    pub(super) fn alerts(&self, state: &str) -> BTreeMap<String, usize> {
        let mut all = BTreeMap::new();
        for sample in self.query(&format!("ALERTS{{alertstate=\"{state}\"}}")).unwrap() {
            *all.entry(sample["metric"]["alertname"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        all
    }

    /// Its rules.
    pub(super) fn rules(&self) -> Vec<Value> {
        let groups = self.ask("rules", &[]).unwrap();
        let groups = groups["groups"].as_array().unwrap().iter();
        groups.flat_map(|group| group["rules"].as_array().unwrap().clone()).collect()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn percent_encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => out.push(byte.into()),
            _ => write!(out, "%{byte:02X}").unwrap(),
        }
    }
    out
}

#[test]
fn promtool_finds_nothing_wrong() {
    if !is_there("promtool") {
        return;
    }
    super::passes("promtool", &["check", "config", "deploy/prometheus/prometheus.yml"]);
    super::passes("promtool", &["test", "rules", "deploy/prometheus/rules.test.yml"]);
}
