//! What all stages counted, added up: what the `stats` event, the metrics and the summary are made of.

use std::collections::BTreeMap;

use wardtap_behaviour::class::Class;
use wardtap_behaviour::device::Device;
use wardtap_behaviour::inventory::Inventory;
use wardtap_capture::{Input, InterfaceState, Losses};
use wardtap_dissect::PROTOCOLS;
use wardtap_export::clinical::class_of;
use wardtap_export::event::Known;
use wardtap_export::metrics::{self, LAST_SEEN_MAX, Measured, responses};
use wardtap_export::statistics::{DamageBody, InputBody, Run, Statistics, Streams, Transport};
use wardtap_net::flow_table::Counters;
use wardtap_net::packet::Timestamp;

use crate::front::FrontCounts;
use crate::judgement::Judgement;
use crate::worker::{Counted, WorkerCounts};

/// What was read so far, as the front stage and its source say.
#[derive(Clone, Debug)]
pub struct Read {
    pub counts: FrontCounts,
    pub inputs: Vec<Input>,
    pub damage: Vec<DamageBody>,
    pub untimed: u64,
    pub losses: Losses,
    /// None but in a live run.
    pub interfaces: Vec<InterfaceState>,
    /// The time of the capture.
    pub now: Timestamp,
}

/// All counts together.
pub struct Totals {
    pub statistics: Statistics,
    pub counts: WorkerCounts,
    alerts: Vec<(&'static str, [u64; 5])>,
    incidents_open: [u64; 5],
    incidents: [u64; 5],
    classes: BTreeMap<Class, u64>,
    last_seen: Vec<(String, u32)>,
}

impl Totals {
    /// In Prometheus' text format.
    pub fn metrics(&self) -> anyhow::Result<Vec<u8>> {
        Ok(metrics::render(&Measured {
            statistics: &self.statistics,
            kinds: &self.counts.kinds,
            responses: &self.counts.responses,
            response_sums: &self.counts.response_sums,
            alerts: self.alerts.clone(),
            incidents_open: self.incidents_open,
            incidents: self.incidents,
            classes: self.classes.clone(),
            last_seen: self.last_seen.clone(),
            version: env!("CARGO_PKG_VERSION"),
            revision: option_env!("WARDTAP_REVISION").unwrap_or("unknown"),
        })?)
    }
}

/// Protocols, the first ones, that `stats` names also where there was no message: who reads it relies on HL7, DICOM and Modbus.
const ALWAYS_TOLD: usize = 3;

/// Adds up what all stages counted.
pub fn add_up(run: Run, read: &Read, workers: &[Counted], judgement: &Judgement) -> Totals {
    let mut totals = WorkerCounts::default();
    let mut flows = Counters::default();
    let (mut evicted_pairs, mut evicted_targets, mut evicted_links) = (0, 0, judgement.judge.links_refused());
    let mut evicted_parents = 0;
    for Counted { counts, tables, pairs, targets, links, parents } in workers {
        add_counts(&mut totals, counts);
        tables.iter().for_each(|shard| flows.add(shard));
        evicted_pairs += pairs;
        evicted_parents += parents;
        evicted_targets += targets;
        evicted_links += links;
    }
    let front = &read.counts;
    let mut undecoded: BTreeMap<String, u64> =
        front.undecoded.iter().map(|(reason, count)| (reason.name().to_owned(), *count)).collect();
    if totals.bad_arp > 0 {
        undecoded.insert("arp".to_owned(), totals.bad_arp);
    }
    let mut malformed: BTreeMap<String, BTreeMap<String, u64>> = PROTOCOLS
        .iter()
        .zip(&totals.anomalies)
        .filter(|(protocol, counts)| protocol.index < ALWAYS_TOLD || counts.iter().any(|count| *count > 0))
        .map(|(protocol, counts)| {
            let reasons = protocol.anomalies.iter().zip(counts).filter(|(_, count)| **count > 0);
            (protocol.name.to_owned(), reasons.map(|(reason, count)| ((*reason).to_owned(), *count)).collect())
        })
        .collect();
    // Their frames stand in `undecoded` already, which tells what holds no IP packet.
    for (name, reason, count) in [("lldp", "not-lldp", totals.bad_lldp), ("cdp", "not-cdp", totals.bad_cdp)] {
        if count > 0 {
            malformed.insert(name.to_owned(), [(reason.to_owned(), count)].into());
        }
    }
    let named = |counts: &[Vec<u64>]| {
        let sums = PROTOCOLS.iter().zip(counts).map(|(protocol, kinds)| (protocol, kinds.iter().sum::<u64>()));
        let told = sums.filter(|(protocol, sum)| protocol.index < ALWAYS_TOLD || *sum > 0);
        told.map(|(protocol, sum)| (protocol.name.to_owned(), sum)).collect()
    };
    let statistics = Statistics {
        packets: front.packets,
        bytes: front.bytes,
        filtered: front.filtered,
        dropped: dropped(read),
        undecoded,
        streams: Streams {
            seen: flows.opened,
            one_sided: flows.one_sided,
            with_gaps: flows.with_gaps,
            abandoned: totals.abandoned,
        },
        messages: named(&totals.kinds),
        malformed,
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
            untimed: read.untimed,
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
            ("names", evicted_parents),
            ("devices", judgement.judge.devices().refused()),
            ("inventory", judgement.judge.inventory().map_or(0, Inventory::refused) + totals.clues_lost),
            ("watched", judgement.judge.forgotten()),
            ("alerts", judgement.judge.alerts().evicted()),
            ("incidents", judgement.judge.incidents().evicted()),
        ]
        .into_iter()
        .map(|(table, count)| (table.to_owned(), count))
        .collect(),
        copied_bytes: totals.copied + front.copied,
        damage: read.damage.clone(),
        inputs: read.inputs.iter().map(input).collect(),
        run,
    };
    let alerts = judgement.judge.alerts();
    Totals {
        statistics,
        counts: totals,
        alerts: alerts.raised().iter().map(|(about, raised)| (about.name, *raised)).collect(),
        incidents_open: judgement.judge.incidents().open(),
        incidents: judgement.judge.incidents().raised(),
        classes: classes(judgement.known()),
        last_seen: last_seen(judgement.known()),
    }
}

/// What was lost before it could be read, by stage; nothing in a replay.
fn dropped(read: &Read) -> BTreeMap<String, u64> {
    if read.interfaces.is_empty() {
        return BTreeMap::new();
    }
    let Losses { interface, ring, pipeline } = read.losses;
    [("interface", interface), ("ring", ring), ("pipeline", pipeline)]
        .map(|(stage, lost)| (stage.to_owned(), lost))
        .into()
}

fn input(input: &Input) -> InputBody {
    InputBody {
        capture: input.capture.clone(),
        bytes: input.bytes,
        packets: input.packets,
        first: input.first.map(|time| time.to_string()),
        last: input.last.map(|time| time.to_string()),
        link_types: input.link_types.iter().map(|link| link.0).collect(),
        snaplen: input.snaplen,
    }
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
    totals.bad_lldp += counts.bad_lldp;
    totals.bad_cdp += counts.bad_cdp;
    totals.forgotten += counts.forgotten;
    totals.clues_lost += counts.clues_lost;
    totals.abandoned += counts.abandoned;
}

/// When devices of the assets file or the baseline were last heard.
fn last_seen(known: Known<'_>) -> Vec<(String, u32)> {
    let is_known = |id, device: &Device| {
        device.is_learned() || known.devices.addresses(id).any(|address| known.asset(address).is_some())
    };
    let seen = known.devices.iter().filter_map(|(id, device)| Some((id, device, device.last_seen()?)));
    let seen = seen.filter(|(id, device, _)| is_known(*id, device)).take(LAST_SEEN_MAX);
    seen.map(|(_, device, last)| (device.id(), last)).collect()
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
