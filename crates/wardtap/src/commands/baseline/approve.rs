//! `wardtap baseline approve`: accepts as normal what was not learned, and records who did and why.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, anyhow, bail};
use serde::Deserialize;
use wardtap_behaviour::baseline::approval::{Accepted, Approval};
use wardtap_behaviour::baseline::change::CHANGES_MAX;
use wardtap_behaviour::baseline::file::{Baseline, Front};
use wardtap_export::event::DepartureBody;
use wardtap_net::address::Address;

use super::text::{counted, operation, plain, print};
use crate::USAGE;
use crate::baselines;
use crate::cli::ApproveChange;
use crate::output::{Replacement, place};
use crate::watch::approvals;

pub fn run(approve: &ApproveChange) -> anyhow::Result<u8> {
    if let Some(folder) = &approve.state {
        return at_sensor(approve, folder);
    }
    let Some(file) = &approve.file else { bail!("name a baseline, or a sensor's --state folder") };
    if !approve.alert.is_empty() && approve.events.is_none() {
        eprintln!("wardtap: --alert needs --events FILE, which `replay --events` wrote, or --state DIR of a sensor");
        return Ok(USAGE);
    }
    let mut baseline = baselines::whole(file)?;
    let front = &baseline.front;
    let mut accepted = Accepted::default();
    let mut said = Vec::new();
    if let Some(events) = &approve.events {
        said = add_alerts(&mut accepted, front, &approve.alert, std::slice::from_ref(events))?;
    }
    if let Some(path) = &approve.diff {
        let other = baselines::front(path)?;
        accepted.add_difference(&front.profiles, &other.profiles);
        said.push(format!("what {} holds beyond {}", path.display(), file.display()));
    }
    for id in &approve.kept_out {
        let before = accepted.kept_out.len();
        accepted.kept_out.extend(front.still_kept_out().filter(|kept| kept.concerns(id)).cloned());
        let more = accepted.kept_out.len() - before;
        if more == 0 {
            bail!(
                "{}: nothing is kept out of what {} did: `wardtap baseline show` lists what is",
                file.display(),
                plain(id)
            );
        }
        said.push(format!("{} that {} had to do with", counted(more, "finding"), plain(id)));
    }
    if accepted.is_empty() {
        bail!("{}: it holds all of that already: there is nothing to approve", file.display());
    }
    let time = approve.at.map_or_else(now, |at| Ok(at.nanos()))?;
    enter(&mut baseline, time, approve.by.clone(), approve.reason.clone(), approve.alert.clone(), accepted)?;
    let path = approve.out.as_deref().unwrap_or(file);
    baselines::put(&baseline, Replacement::of(path, "the baseline")?)?;
    if path != Path::new("-") {
        let mut text = format!("{}: approved by {}\n", place(Some(path)), approve.by);
        said.iter().for_each(|line| text += &format!("  {line}\n"));
        print(&text)?;
    }
    Ok(0)
}

/// Has a sensor that is running accept what alerts are about.
fn at_sensor(approve: &ApproveChange, folder: &Path) -> anyhow::Result<u8> {
    let request = approvals::Request::Approve {
        alerts: approve.alert.clone(),
        by: approve.by.clone(),
        reason: approve.reason.clone(),
    };
    let said = approvals::ask(folder, &request)?;
    let mut text = format!("{}: approved by {}\n", folder.display(), plain(&approve.by));
    said.iter().for_each(|line| text += &format!("  {}\n", plain(line)));
    print(&text)?;
    Ok(0)
}

/// Enters an approval into a baseline, and works out anew what is normal.
pub fn enter(
    baseline: &mut Baseline,
    time: u64,
    by: String,
    reason: String,
    alerts: Vec<String>,
    accepted: Accepted,
) -> anyhow::Result<()> {
    baseline.front.approvals.push(Approval { time, by, reason, alerts, accepted });
    baseline.calibrate(baseline.front.profiles.thresholds.budget)?;
    Ok(())
}

/// The time by the clock: somebody approves now. Nothing that is computed depends on it.
#[expect(clippy::disallowed_methods, reason = "an approval is no packet's: see docs/decisions/0013")]
pub fn now() -> anyhow::Result<u64> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Ok(u64::try_from(since.context("the clock is before 1970: set it, or give --at")?.as_nanos())?)
}

/// The longest line of an events file: no alert comes near it.
const LINE_MAX: u64 = 1 << 20;

/// What approving needs of an `alert` event.
#[derive(Deserialize)]
struct Event {
    device: Device,
    alert: Alert,
}

#[derive(Deserialize)]
struct Device {
    ip: String,
}

#[derive(Deserialize)]
struct Alert {
    id: String,
    detection: String,
    observed: String,
    #[serde(default)]
    departures: Vec<DepartureBody>,
}

/// Adds what alerts are about; says what that is.
pub fn add_alerts(
    accepted: &mut Accepted,
    front: &Front,
    ids: &[String],
    files: &[PathBuf],
) -> anyhow::Result<Vec<String>> {
    let mut alerts = BTreeMap::new();
    for file in files {
        // The first file is the latest, and its line holds.
        for (id, event) in find(ids, file)? {
            alerts.entry(id).or_insert(event);
        }
        if alerts.len() == ids.len() {
            break;
        }
    }
    let events = files.first().map_or(Path::new("-"), PathBuf::as_path);
    let mut said = Vec::new();
    for id in ids {
        let Some(Event { device, alert }) = alerts.get(id.as_str()) else {
            bail!("{}: there is no alert {}: take the id and the events of one replay", events.display(), plain(id));
        };
        if alert.departures.is_empty() {
            bail!(
                "alert {id} is of {}, for which no baseline is needed: nothing can be approved; what learning kept out because of it, --kept-out accepts",
                plain(&alert.detection)
            );
        }
        let address = device.ip.parse().ok().map(|ip: std::net::IpAddr| Address::from(ip));
        for departure in &alert.departures {
            let change = departure.change().ok_or_else(|| {
                anyhow!(
                    "{}: alert {id} says what this wardtap does not know: use the wardtap that raised it",
                    events.display()
                )
            })?;
            accepted.add(&change, address, &front.profiles).map_err(|error| anyhow!("alert {id}: {error}"))?;
        }
        said.push(format!("{}: {}", plain(&alert.detection), operation(&alert.observed)));
        if alert.departures.len() == CHANGES_MAX {
            said.push(format!(
                "  {CHANGES_MAX} changes, all that an alert tells of: replay again to see whether there are more"
            ));
        }
    }
    Ok(said)
}

/// The alerts with these ids; of several lines of one, the last.
fn find(ids: &[String], path: &Path) -> anyhow::Result<BTreeMap<String, Event>> {
    let unreadable = |error: io::Error| {
        anyhow!("{}: cannot read the events: {error}: name the file that `replay --events` wrote", path.display())
    };
    let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
    let mut found = BTreeMap::new();
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if file.by_ref().take(LINE_MAX).read_until(b'\n', &mut line).map_err(unreadable)? == 0 {
            break;
        }
        let Ok(text) = std::str::from_utf8(&line) else {
            bail!("{}: line {number} is no text: give the file that `replay --events` wrote", path.display());
        };
        // An incident names alerts as well: only an alert is of that type.
        if !text.contains(r#""type":"alert""#) || !ids.iter().any(|id| text.contains(id.as_str())) {
            continue;
        }
        let event: Event = serde_json::from_str(text).with_context(|| {
            format!(
                "{}: line {number} is no event of wardtap: give the file that `replay --events` wrote",
                path.display()
            )
        })?;
        if ids.contains(&event.alert.id) {
            found.insert(event.alert.id.clone(), event);
        }
    }
    Ok(found)
}
