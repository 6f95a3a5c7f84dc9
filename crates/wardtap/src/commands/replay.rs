//! `wardtap replay`: reads captures offline and says what is in them.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use wardtap_behaviour::alert::Severity;
use wardtap_behaviour::inventory::Inventory;
use wardtap_export::event::StatsEvent;
use wardtap_export::inventory::{self, InventoryDevice};
use wardtap_export::statistics::Run;
use wardtap_export::summary::{self, Summarised};
use wardtap_net::packet::Timestamp;

use crate::USAGE;
use crate::baselines;
use crate::cli::{Given, Replay, SeverityName};
use crate::config::Config;
use crate::judgement::{Events, Judgement};
use crate::knowledge::{self, Knowledge};
use crate::memory::Sought;
use crate::output::{Replacement, open, place, unwritable};
use crate::pipeline::Outcome;
use crate::reading::{self, DAMAGED, Wanted, tell_damage, tell_refusals};
use crate::totals::{self, Totals};

/// An alert was bad enough for `--fail-on`.
const ALERTED: u8 = 4;

pub fn run(mut replay: Replay, given: &Given) -> anyhow::Result<u8> {
    if let Some(option) = replay.not_built() {
        eprintln!("wardtap: {option} is not built yet; `wardtap replay --help` lists what is");
        return Ok(USAGE);
    }
    let config = replay.judging.config.as_deref().map(Config::read).transpose()?.unwrap_or_default();
    config.options.fill(&mut replay, given);
    if given.has("event_types") && replay.judging.events.is_none() {
        eprintln!("wardtap: --event-types says which events to write: say with --events <FILE> where");
        return Ok(USAGE);
    }
    if let Some(nonsense) = replay.nonsense() {
        eprintln!("wardtap: {nonsense}");
        return Ok(USAGE);
    }
    let judging = &replay.judging;
    let inventory = replay.inventory.is_some();
    let links = judging.baseline.is_some() || inventory;
    let baseline = judging.baseline.as_deref().map(baselines::length).transpose()?.unwrap_or(0);
    let opened = reading::open(&replay.intake, Sought { inventory, links, learns: false, baseline })?;
    let types = knowledge::event_types(judging);
    // Both are opened before the work begins, which may take hours.
    let events = Events { to: judging.events.as_deref().map(|path| open(path, "events")).transpose()?, types };
    let metrics = replay.metrics.as_deref().map(|path| open(path, "the metrics")).transpose()?;
    let knowledge = Knowledge::read(judging, config.site, config.suppressions.clone(), config.sha256)?;
    let (digests, site) = (knowledge.digests.clone(), knowledge.site.clone());
    if let Some(passed_over) = &knowledge.passed_over {
        eprintln!("wardtap: {passed_over}");
    }
    let captures = opened.captures.clone();
    let mut judgement = knowledge.judgement(events, captures.clone(), &opened.shares)?;
    let inventory = replay.inventory.as_deref().map(|path| Replacement::of(path, "the inventory")).transpose()?;
    if inventory.is_some() {
        judgement.judge.with_inventory(Inventory::new(site, usize::try_from(opened.shares.inventory)?));
    }
    // What devices say of themselves tells which of them have changed.
    let clues = inventory.is_some() || types.device && judging.events.is_some();
    let wanted = Wanted { links, clues, messages: types.message, flows: types.flow, ..Wanted::default() };
    let outcome = opened
        .run(wanted, &mut judgement)?
        .map_err(|error| unwritable("events", &place(judging.events.as_deref()), error))?;
    for ended in config.suppressions.ended(outcome.front.now()) {
        eprintln!("wardtap: {ended}");
    }
    let run =
        Run { version: env!("CARGO_PKG_VERSION").to_owned(), options: options(&replay), digests, unwatched: None };
    let listed = match (inventory, &replay.inventory) {
        (Some(to), Some(path)) => write_inventory(to, path, &judgement, &captures, outcome.front.now())?,
        _ => None,
    };
    finish(&replay, run, outcome, judgement, Written { metrics, listed: listed.as_deref() })
}

/// What else is written.
struct Written<'a> {
    metrics: Option<Box<dyn Write + Send>>,
    listed: Option<&'a [InventoryDevice]>,
}

/// Writes what was found of devices.
fn write_inventory(
    to: Replacement,
    path: &Path,
    judgement: &Judgement,
    captures: &[String],
    now: Timestamp,
) -> anyhow::Result<Option<Vec<InventoryDevice>>> {
    let Some(inventory) = judgement.judge.inventory() else { return Ok(None) };
    let devices = inventory::devices(inventory, judgement.known(), captures);
    let file =
        inventory::Format::of(&path.to_string_lossy()).write(&devices, now).map_err(anyhow::Error::from_boxed)?;
    to.put(&file)?;
    Ok(Some(devices))
}

/// Adds up, writes the last event, the metrics and the summary, and chooses the exit status.
fn finish(
    replay: &Replay,
    run: Run,
    outcome: Outcome,
    mut judgement: Judgement,
    Written { metrics, listed }: Written<'_>,
) -> anyhow::Result<u8> {
    let totals = totals::add_up(run, &outcome.front.read(), &outcome.workers, &judgement);
    let stats = StatsEvent::new(outcome.front.now(), totals.statistics.clone());
    let events = &mut judgement.events;
    events
        .write(&stats)
        .and_then(|()| events.to.as_mut().map_or(Ok(()), Write::flush))
        .map_err(|error| unwritable("events", &place(replay.judging.events.as_deref()), error))?;
    if let Some(mut to) = metrics {
        to.write_all(&totals.metrics()?)
            .and_then(|()| to.flush())
            .map_err(|error| unwritable("the metrics", &place(replay.metrics.as_deref()), error))?;
    }
    let Totals { statistics, counts, .. } = &totals;
    let (incidents, worst_first) = (judgement.take_incidents(), judgement.take_alerts());
    let text = summary::write(&Summarised {
        statistics,
        kinds: &counts.kinds,
        responses: &counts.responses,
        known: judgement.known(),
        incidents: &incidents,
        incidents_total: judgement.incidents_total(),
        alerts: &worst_first,
        inventory: listed,
        raised: judgement.judge.alerts().raised().iter().map(|(_, raised)| raised.iter().sum::<u64>()).sum(),
    });
    if [&replay.judging.events, &replay.metrics, &replay.inventory]
        .into_iter()
        .flatten()
        .any(|path| path == Path::new("-"))
    {
        io::stderr().write_all(text.as_bytes()).map_err(|error| unwritable("the summary", "standard error", error))?;
    } else {
        io::stdout().write_all(text.as_bytes()).map_err(|error| unwritable("the summary", &place(None), error))?;
        // The summary may have gone to a file or nowhere: damage is said where a person looks.
        tell_damage(&statistics.damage);
    }
    if let Some(doubt) = replay.intake.doubtful() {
        eprintln!("wardtap: {doubt}");
    }
    tell_refusals(replay.intake.processing.filter.as_deref(), &outcome.front);
    let worst = judgement.worst;
    // The process is about to end, and its memory with it: a large baseline takes longer to take apart than to read.
    std::mem::forget(judgement);
    Ok(match replay.fail_on.map(severity) {
        Some(limit) if worst.is_some_and(|worst| worst >= limit) => ALERTED,
        _ if !statistics.damage.is_empty() => DAMAGED,
        _ => 0,
    })
}

const fn severity(name: SeverityName) -> Severity {
    match name {
        SeverityName::Info => Severity::Info,
        SeverityName::Low => Severity::Low,
        SeverityName::Medium => Severity::Medium,
        SeverityName::High => Severity::High,
        SeverityName::Critical => Severity::Critical,
    }
}

/// The options that bear on what comes out.
fn options(replay: &Replay) -> BTreeMap<String, String> {
    let mut options = knowledge::options(&replay.judging, &replay.intake.processing);
    let times = [("from", replay.intake.from), ("to", replay.intake.to)];
    options.extend(times.into_iter().filter_map(|(name, time)| Some((name.to_owned(), time?.to_string()))));
    options
}
