//! `wardtap replay`: reads captures offline and says what is in them.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use wardtap_behaviour::alert::Severity;
use wardtap_behaviour::class::Class;
use wardtap_behaviour::judge::{Behaviour, Judge};
use wardtap_behaviour::parties::Parties;
use wardtap_behaviour::scoring::{Adaptation, Scorer};
use wardtap_dissect::PROTOCOLS;
use wardtap_export::clinical::class_of;
use wardtap_export::event::{Known, StatsEvent};
use wardtap_export::metrics::{self, Measured, responses};
use wardtap_export::statistics::{InputBody, Run, Statistics, Streams, Transport};
use wardtap_export::summary::{self, Summarised};
use wardtap_net::flow_table::Counters;

use crate::USAGE;
use crate::assets;
use crate::baselines;
use crate::cli::{EventType, Given, Replay, SeverityName};
use crate::config::Config;
use crate::judgement::{EventTypes, Events, Judgement, Kept, SUMMARY_INCIDENTS_MAX};
use crate::output::{open, place, unwritable};
use crate::pipeline::Outcome;
use crate::reading::{self, DAMAGED, Wanted, damage, tell_damage, tell_refusals};
use crate::worker::{Counted, WorkerCounts};

/// An alert was bad enough for `--fail-on`.
const ALERTED: u8 = 4;

pub fn run(mut replay: Replay, given: &Given) -> anyhow::Result<u8> {
    if let Some(option) = replay.not_built() {
        eprintln!("wardtap: {option} is not built yet; `wardtap replay --help` lists what is");
        return Ok(USAGE);
    }
    let config = replay.config.as_deref().map(Config::read).transpose()?.unwrap_or_default();
    config.options.fill(&mut replay, given);
    if given.has("event_types") && replay.events.is_none() {
        eprintln!("wardtap: --event-types says which events to write: say with --events <FILE> where");
        return Ok(USAGE);
    }
    if let Some(nonsense) = replay.nonsense() {
        eprintln!("wardtap: {nonsense}");
        return Ok(USAGE);
    }
    let opened = reading::open(&replay.intake)?;
    let types = event_types(&replay);
    // Both are opened before the work begins, which may take hours.
    let events = Events { to: replay.events.as_deref().map(|path| open(path, "events")).transpose()?, types };
    let metrics = replay.metrics.as_deref().map(|path| open(path, "the metrics")).transpose()?;
    let assets = replay.assets.as_deref().map(|path| assets::read(path, &config.site)).transpose()?.unwrap_or_default();
    for (option, sha256) in [("config", &config.sha256), ("assets", &assets.sha256)] {
        replay.digests.extend(sha256.clone().map(|sha256| (option.to_owned(), sha256)));
    }
    if let Some(passed_over) = &assets.passed_over {
        eprintln!("wardtap: {passed_over}");
    }
    let shares = &opened.shares;
    let incidents = usize::try_from(shares.incidents)?;
    let mut judge = Judge::new(usize::try_from(shares.devices)?, usize::try_from(shares.alerts)?, incidents)
        .informed(assets.assets, config.suppressions.all());
    let mut site = config.site;
    if let Some(path) = &replay.baseline {
        let behaviour = scoring(path, replay.adapt)?;
        site = behaviour.parties.site().clone();
        judge.with_behaviour(behaviour);
    }
    let kept =
        Kept { alerts: usize::try_from(shares.summary_alerts)?, incidents: incidents.min(SUMMARY_INCIDENTS_MAX) };
    let mut judgement = Judgement::new(events, opened.captures.clone(), judge, site, kept);
    let wanted = Wanted { links: replay.baseline.is_some(), messages: types.message, flows: types.flow };
    let outcome = opened
        .run(wanted, &mut judgement)?
        .map_err(|error| unwritable("events", &place(replay.events.as_deref()), error))?;
    for ended in config.suppressions.ended(outcome.front.now()) {
        eprintln!("wardtap: {ended}");
    }
    finish(&replay, outcome, judgement, metrics)
}

/// Adds up, writes the last event, the metrics and the summary, and chooses the exit status.
fn finish(
    replay: &Replay,
    outcome: Outcome,
    mut judgement: Judgement,
    metrics: Option<Box<dyn Write + Send>>,
) -> anyhow::Result<u8> {
    let now = outcome.front.now();
    let (totals, statistics) = add_up(replay, &outcome, &judgement);
    let stats = StatsEvent::new(now, statistics);
    let events = &mut judgement.events;
    events
        .write(&stats)
        .and_then(|()| events.to.as_mut().map_or(Ok(()), Write::flush))
        .map_err(|error| unwritable("events", &place(replay.events.as_deref()), error))?;
    let statistics = stats.stats;
    let alerts: Vec<_> =
        judgement.judge.alerts().raised().iter().map(|(about, raised)| (about.name, *raised)).collect();
    if let Some(mut to) = metrics {
        let text = metrics::render(&Measured {
            statistics: &statistics,
            kinds: &totals.kinds,
            responses: &totals.responses,
            response_sums: &totals.response_sums,
            alerts,
            incidents_open: judgement.judge.incidents().open(),
            incidents: judgement.judge.incidents().raised(),
            classes: classes(judgement.known()),
            version: env!("CARGO_PKG_VERSION"),
            revision: option_env!("WARDTAP_REVISION").unwrap_or("unknown"),
        })?;
        to.write_all(&text)
            .and_then(|()| to.flush())
            .map_err(|error| unwritable("the metrics", &place(replay.metrics.as_deref()), error))?;
    }
    let (incidents, worst_first) = (judgement.take_incidents(), judgement.take_alerts());
    let text = summary::write(&Summarised {
        statistics: &statistics,
        kinds: &totals.kinds,
        responses: &totals.responses,
        known: judgement.known(),
        incidents: &incidents,
        incidents_total: judgement.incidents_total(),
        alerts: &worst_first,
        raised: judgement.judge.alerts().raised().iter().map(|(_, raised)| raised.iter().sum::<u64>()).sum(),
    });
    if [&replay.events, &replay.metrics].into_iter().flatten().any(|path| path == Path::new("-")) {
        io::stderr().write_all(text.as_bytes()).map_err(|error| unwritable("the summary", "standard error", error))?;
    } else {
        io::stdout().write_all(text.as_bytes()).map_err(|error| unwritable("the summary", &place(None), error))?;
        // The summary may have gone to a file or nowhere: damage is said where a person looks.
        tell_damage(&statistics.damage);
    }
    if let Some(doubt) = replay.intake.doubtful() {
        eprintln!("wardtap: {doubt}");
    }
    tell_refusals(replay.intake.filter.as_deref(), &outcome.front);
    let worst = judgement.worst;
    // The process is about to end, and its memory with it: a large baseline takes longer to take apart than to read.
    std::mem::forget(judgement);
    Ok(match replay.fail_on.map(severity) {
        Some(limit) if worst.is_some_and(|worst| worst >= limit) => ALERTED,
        _ if !statistics.damage.is_empty() => DAMAGED,
        _ => 0,
    })
}

/// Compares with a baseline.
fn scoring(path: &Path, adapts: bool) -> anyhow::Result<Behaviour> {
    let front = baselines::front(path)?;
    let site = front.site.site().with_context(|| format!("{}: the site of this baseline", path.display()))?;
    let mut parties = Parties::new(site);
    let scorer = Scorer::new(front.profiles, &mut parties).adapting(adapts.then(Adaptation::default));
    Ok(Behaviour::new(parties, Some(scorer), None))
}

/// How many devices there are of each class.
fn classes(known: Known<'_>) -> BTreeMap<Class, u64> {
    let mut classes = BTreeMap::new();
    for (id, device) in known.devices.iter().filter(|(_, device)| device.is_heard()) {
        *classes
            .entry(class_of(Some(device), known.devices.address_of(id).and_then(|address| known.asset(address))))
            .or_default() += 1;
    }
    classes
}

fn event_types(replay: &Replay) -> EventTypes {
    let has = |wanted| replay.event_types.contains(&wanted) && replay.events.is_some();
    EventTypes {
        alert: has(EventType::Alert),
        incident: has(EventType::Incident),
        device: has(EventType::Device),
        message: has(EventType::Message),
        flow: has(EventType::Flow),
    }
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

fn add_up(replay: &Replay, outcome: &Outcome, judgement: &Judgement) -> (WorkerCounts, Statistics) {
    let mut totals = WorkerCounts::default();
    let mut flows = Counters::default();
    let (mut evicted_pairs, mut evicted_targets, mut evicted_links) = (0, 0, judgement.judge.links_refused());
    for Counted { counts, tables, pairs, targets, links } in &outcome.workers {
        add_counts(&mut totals, counts);
        tables.iter().for_each(|shard| flows.add(shard));
        evicted_pairs += pairs;
        evicted_targets += targets;
        evicted_links += links;
    }
    let front = outcome.front_counts();
    let source = outcome.front.source();
    let mut undecoded: BTreeMap<String, u64> =
        front.undecoded.iter().map(|(reason, count)| (reason.name().to_owned(), *count)).collect();
    if totals.bad_arp > 0 {
        undecoded.insert("arp".to_owned(), totals.bad_arp);
    }
    let named = |counts: &[Vec<u64>]| {
        PROTOCOLS.iter().zip(counts).map(|(protocol, kinds)| (protocol.name.to_owned(), kinds.iter().sum())).collect()
    };
    let statistics = Statistics {
        packets: front.packets,
        bytes: front.bytes,
        filtered: front.filtered,
        dropped: Default::default(),
        undecoded,
        streams: Streams { seen: flows.opened, one_sided: flows.one_sided, with_gaps: flows.with_gaps },
        messages: named(&totals.kinds),
        malformed: PROTOCOLS
            .iter()
            .zip(&totals.anomalies)
            .map(|(protocol, counts)| {
                let reasons = protocol.anomalies.iter().zip(counts).filter(|(_, count)| **count > 0);
                (protocol.name.to_owned(), reasons.map(|(reason, count)| ((*reason).to_owned(), *count)).collect())
            })
            .collect(),
        transport: Transport {
            duplicates: flows.duplicates + front.duplicates,
            retransmissions: flows.retransmissions,
            conflicts: flows.conflicts,
            out_of_order: flows.out_of_order,
            out_of_window: flows.out_of_window,
            gaps: flows.gaps,
            gap_bytes: flows.gap_bytes,
            bad_headers: flows.bad_transport,
            fragments: front.fragments,
            reassembled: front.reassembled,
            overlapping_fragments: front.overlapping_fragments,
            bad_checksums: flows.bad_checksums,
            untimed: source.untimed(),
            time_went_back: front.time_went_back,
        },
        devices: judgement.judge.devices().iter().filter(|(_, device)| device.is_heard()).count() as u64,
        alerts_suppressed: suppressed(judgement),
        evicted: [
            ("flows", flows.evicted_flows),
            ("holes", flows.evicted_holes),
            ("dissectors", totals.forgotten),
            ("pairs", evicted_pairs),
            ("targets", evicted_targets),
            ("links", evicted_links),
            ("devices", judgement.judge.devices().refused()),
            ("watched", judgement.judge.forgotten()),
            ("alerts", judgement.judge.alerts().evicted()),
            ("incidents", judgement.judge.incidents().evicted()),
        ]
        .into_iter()
        .map(|(table, count)| (table.to_owned(), count))
        .collect(),
        copied_bytes: totals.copied + front.copied,
        damage: damage(source),
        inputs: source
            .inputs()
            .into_iter()
            .map(|input| InputBody {
                capture: input.capture,
                bytes: input.bytes,
                packets: input.packets,
                first: input.first.map(|time| time.to_string()),
                last: input.last.map(|time| time.to_string()),
                link_types: input.link_types.iter().map(|link| link.0).collect(),
                snaplen: input.snaplen,
            })
            .collect(),
        run: Run {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            options: options(replay),
            digests: replay.digests.clone(),
        },
    };
    (totals, statistics)
}

/// How many alerts were suppressed, by detection and reason.
fn suppressed(judgement: &Judgement) -> BTreeMap<String, BTreeMap<String, u64>> {
    let mut counts: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    for (about, why, count) in judgement.judge.alerts().suppressed() {
        counts.entry(about.name.to_owned()).or_default().insert(why.name().to_owned(), *count);
    }
    counts
}

fn add_counts(totals: &mut WorkerCounts, counts: &WorkerCounts) {
    let add = |into: &mut [Vec<u64>], from: &[Vec<u64>]| {
        for (into, from) in into.iter_mut().flatten().zip(from.iter().flatten()) {
            *into += from;
        }
    };
    add(&mut totals.kinds, &counts.kinds);
    add(&mut totals.anomalies, &counts.anomalies);
    for (into, from) in totals.responses.iter_mut().zip(&counts.responses) {
        // Same bounds on both sides: adding cannot fail.
        if into.add(from).is_err() {
            *into = responses();
        }
    }
    for (into, from) in totals.response_sums.iter_mut().zip(&counts.response_sums) {
        *into = into.saturating_add(*from);
    }
    totals.copied += counts.copied;
    totals.bad_arp += counts.bad_arp;
    totals.forgotten += counts.forgotten;
}

/// The options that bear on what comes out; not the number of workers, which does not.
fn options(replay: &Replay) -> BTreeMap<String, String> {
    let mut options = BTreeMap::new();
    let mut set = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            options.insert(name.to_owned(), value);
        }
    };
    let named = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    set("config", named(&replay.config));
    set("assets", named(&replay.assets));
    set("filter", replay.intake.filter.clone());
    set("from", replay.intake.from.map(|time| time.to_string()));
    set("to", replay.intake.to.map(|time| time.to_string()));
    set("memory", Some(replay.intake.memory.to_string()));
    set("baseline", named(&replay.baseline));
    set("adapt", replay.adapt.then(|| "true".to_owned()));
    set("flows-by-vlan", replay.intake.flows_by_vlan.then(|| "true".to_owned()));
    options
}
