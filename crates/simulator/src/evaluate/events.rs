//! Alerts and incidents as detectors write them: the part of the contract that scoring rests on.

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use crate::clock::Time;

/// How bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// To know.
    Info,
    /// To look at some time.
    Low,
    /// To look at today.
    Medium,
    /// To look at now.
    High,
    /// To act on now.
    Critical,
}

impl Severity {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// An alert, as the last line with its id says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Alert {
    pub(super) id: String,
    /// When it was told first: the time of the first line with its id.
    pub(super) raised: Time,
    pub(super) first_seen: Time,
    pub(super) last_seen: Time,
    pub(super) detection: String,
    pub(super) severity: Severity,
    /// Addresses of the device, Ethernet's too.
    pub(super) device: BTreeSet<String>,
    /// Those of the peer.
    pub(super) peer: BTreeSet<String>,
    pub(super) techniques: BTreeSet<String>,
    /// Numbers of the frames that show it.
    pub(super) frames: Vec<u64>,
}

/// What a detector told.
#[derive(Clone, Debug, Default)]
pub(super) struct Events {
    /// In the order in which they were raised.
    pub(super) alerts: Vec<Alert>,
    /// By their ids.
    pub(super) incidents: BTreeMap<String, Incident>,
}

/// An incident, as the last line with its id says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Incident {
    /// When it was told first.
    pub(super) raised: Time,
    /// Ids of its alerts.
    pub(super) alerts: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "type")]
    kind: String,
    time: String,
    device: Option<Party>,
    peer: Option<Party>,
    alert: Option<Body>,
    incident: Option<Bundle>,
}

#[derive(Deserialize)]
struct Party {
    id: Option<String>,
    ip: Option<String>,
    mac: Option<String>,
}

impl Party {
    fn addresses(self) -> BTreeSet<String> {
        // An id is an address behind a word, and perhaps before a VLAN.
        let of_id = self.id.as_deref().and_then(|id| id.strip_prefix("ip:").or(id.strip_prefix("mac:")));
        let of_id = of_id.and_then(|rest| rest.split('@').next()).map(str::to_owned);
        [of_id, self.ip, self.mac].into_iter().flatten().map(|address| address.to_lowercase()).collect()
    }
}

#[derive(Deserialize)]
struct Body {
    id: String,
    detection: String,
    severity: Severity,
    first_seen: String,
    last_seen: String,
    #[serde(default)]
    attack: Vec<Technique>,
    #[serde(default)]
    evidence: Evidence,
}

#[derive(Deserialize)]
struct Technique {
    technique: String,
}

#[derive(Default, Deserialize)]
struct Evidence {
    #[serde(default)]
    frames: Vec<Shown>,
}

#[derive(Deserialize)]
struct Shown {
    frame: u64,
}

#[derive(Deserialize)]
struct Bundle {
    id: String,
    #[serde(default)]
    alerts: BTreeSet<String>,
}

impl Events {
    /// Reads a file of events.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut events = Self::default();
        let mut places = BTreeMap::new();
        for (number, line) in (1..).zip(BufReader::new(file).lines()) {
            let line = line.with_context(|| format!("cannot read {}", path.display()))?;
            events.take_in(&line, &mut places).with_context(|| format!("line {number} of its events"))?;
        }
        Ok(events)
    }

    fn take_in(&mut self, line: &str, places: &mut BTreeMap<String, usize>) -> Result<()> {
        let line: Line = serde_json::from_str(line)?;
        match (line.kind.as_str(), line.alert, line.incident) {
            ("alert", Some(body), _) => {
                let raised = parse_time(&line.time)?;
                let place = *places.entry(body.id.clone()).or_insert(self.alerts.len());
                let mut alert = Alert {
                    id: body.id,
                    raised,
                    first_seen: parse_time(&body.first_seen)?,
                    last_seen: parse_time(&body.last_seen)?,
                    detection: body.detection,
                    severity: body.severity,
                    device: line.device.map(Party::addresses).unwrap_or_default(),
                    peer: line.peer.map(Party::addresses).unwrap_or_default(),
                    techniques: body.attack.into_iter().map(|attack| attack.technique).collect(),
                    frames: body.evidence.frames.into_iter().map(|shown| shown.frame).collect(),
                };
                match self.alerts.get_mut(place) {
                    Some(before) => {
                        alert.raised = before.raised;
                        *before = alert;
                    }
                    None => self.alerts.push(alert),
                }
            }
            ("incident", _, Some(Bundle { id, alerts })) => {
                let raised = parse_time(&line.time)?;
                self.incidents.entry(id).or_insert(Incident { raised, alerts: BTreeSet::new() }).alerts = alerts;
            }
            ("alert" | "incident", ..) => bail!("an event without the object of its type"),
            _ => {}
        }
        Ok(())
    }
}

/// Reads a time in RFC 3339 and UTC.
fn parse_time(text: &str) -> Result<Time> {
    time(text).with_context(|| format!("{text:?} is no time in RFC 3339 and UTC"))
}

fn time(text: &str) -> Option<Time> {
    let (date, clock) = text.strip_suffix('Z')?.split_once('T')?;
    let numbers = |text: &str, between| text.split(between).map(|part| part.parse().ok()).collect::<Option<Vec<u64>>>();
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let &[year @ 1970..=9999, month @ 1..=12, day @ 1..=31] = numbers(date, '-')?.as_slice() else { return None };
    let &[hour @ 0..24, minute @ 0..60, second @ 0..=60] = numbers(clock, ':')?.as_slice() else { return None };
    let nanos: u64 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    // days_from_civil of Howard Hinnant: years begin in March.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + (153 * month + 2) / 5 + day - 1;
    let days = (era * 146_097 + day_of_era).checked_sub(719_468)?;
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second;
    Some(Time(seconds.checked_mul(1_000_000_000)? + nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &str) -> Result<Events> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), lines).unwrap();
        Events::read(file.path())
    }

    #[test]
    fn times_are_read_as_they_are_written() {
        for time in
            [Time(1), Time::from_secs(1_772_323_199), Time(1_767_567_600_123_456_789), Time(4_102_444_800 << 30)]
        {
            assert_eq!(parse_time(&time.rfc3339()).unwrap(), time);
        }
        assert_eq!(parse_time("2026-03-01T00:00:00Z").unwrap(), Time::from_secs(1_772_323_200));
        assert_eq!(parse_time("2026-03-01T00:00:00.5Z").unwrap().0 % 1_000_000_000, 500_000_000);
        for wrong in ["", "2026-03-01", "2026-13-01T00:00:00Z", "2026-03-01T00:00:00+01:00", "2026-03-01T24:00:00Z"] {
            assert!(parse_time(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_last_line_of_an_id_holds_and_the_first_says_when() {
        let line = |time: &str, severity: &str, state: &str| {
            format!(
                r#"{{"type":"alert","time":"2026-01-01T{time}Z","device":{{"id":"mac:AA:00:00:00:00:01","ip":"10.0.0.1"}},
                "peer":{{"id":"ip:10.0.0.2@110"}},"alert":{{"id":"a","state":"{state}","detection":"d","severity":"{severity}",
                "first_seen":"2026-01-01T00:00:00Z","last_seen":"2026-01-01T{time}Z","attack":[{{"technique":"T0846"}}],
                "evidence":{{"frames":[{{"frame":7}}]}}}}}}"#
            )
            .replace('\n', "")
        };
        let lines = [
            line("01:00:00", "low", "new"),
            r#"{"type":"incident","time":"2026-01-01T01:00:00Z","incident":{"id":"i","alerts":[]}}"#.into(),
            line("02:00:00", "high", "update"),
            r#"{"type":"incident","time":"2026-01-01T02:00:00Z","incident":{"id":"i","alerts":["a"]}}"#.into(),
            line("03:00:00", "high", "closed"),
            r#"{"type":"stats","time":"2026-01-01T04:00:00Z","stats":{}}"#.into(),
        ];
        let events = read(&lines.join("\n")).unwrap();
        let [alert] = &events.alerts[..] else { panic!("{:?}", events.alerts) };
        assert_eq!(alert.raised, parse_time("2026-01-01T01:00:00Z").unwrap());
        assert_eq!(alert.last_seen, parse_time("2026-01-01T03:00:00Z").unwrap());
        assert_eq!(alert.severity, Severity::High);
        assert!(alert.device.contains("aa:00:00:00:00:01") && alert.device.contains("10.0.0.1"));
        assert_eq!(alert.peer, BTreeSet::from(["10.0.0.2".to_owned()]));
        assert_eq!(alert.frames, [7]);
        let raised = parse_time("2026-01-01T01:00:00Z").unwrap();
        assert_eq!(events.incidents["i"], Incident { raised, alerts: BTreeSet::from(["a".to_owned()]) });
    }

    #[test]
    fn what_keeps_no_contract_is_an_error_that_names_the_line() {
        let error = read("{\"type\":\"stats\",\"time\":\"\"}\n{\"type\":\"alert\",\"time\":\"\"}\n").unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
        assert!(read("nonsense\n").is_err());
    }
}
