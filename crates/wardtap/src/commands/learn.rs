//! `wardtap learn`: turns captures into a baseline.

use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, anyhow};
use wardtap_behaviour::baseline::file::{Baseline, StoredSite};
use wardtap_behaviour::baseline::learner::Learner;
use wardtap_behaviour::baseline::measure::Measure;
use wardtap_behaviour::baseline::novelty::Facet;
use wardtap_behaviour::judge::{Behaviour, Judge};
use wardtap_behaviour::parties::Parties;
use wardtap_behaviour::site::Site;
use wardtap_capture::Bounds;
use wardtap_net::defragment::Defragmenter;
use wardtap_net::flow::HashKey;
use wardtap_net::flow_table::{Limits, Seeker};

use super::replay::{LINKS_MAX, OPERATIONS_MAX};
use crate::cli::Learn;
use crate::front::{Front, Selection};
use crate::judgement::{EventTypes, Events, Judgement};
use crate::memory::Shares;
use crate::pipeline;
use crate::progress::Progress;
use crate::worker::WorkerOptions;

pub fn run(learn: &Learn) -> anyhow::Result<u8> {
    let shares = Shares::of(learn.memory);
    let bounds = Bounds { zstd_window: shares.zstd_window, blocks: usize::try_from(shares.blocks)? };
    let mut baseline = match &learn.into {
        Some(path) => {
            let file = std::fs::read(path).with_context(|| format!("{}: cannot read the baseline", path.display()))?;
            Baseline::from_bytes(&file).map_err(|error| anyhow!("{} {error}", path.display()))?
        }
        None => {
            let mut baseline = Baseline::default();
            baseline.front.site = StoredSite::of(&Site::default());
            baseline
        }
    };
    let source = wardtap_capture::open_within(&learn.captures, bounds)?;
    let captures: Vec<String> = source.inputs().into_iter().map(|input| input.capture).collect();
    let mut parties = Parties::new(baseline.front.site.site()?);
    let learner = Learner::going_on(std::mem::take(&mut baseline.store), &mut parties);
    let mut judge = Judge::new(usize::try_from(shares.devices)?, usize::try_from(shares.alerts)?);
    judge.with_behaviour(Behaviour::new(parties, None, Some(learner)));
    let events = Events { to: None, types: EventTypes::default() };
    let mut judgement = Judgement::new(events, captures, judge, 0);
    let random = RandomState::new();
    let options = WorkerOptions {
        limits: Limits {
            flows_max: usize::try_from(shares.flows)?,
            held_bytes_max: usize::try_from(shares.held_bytes)?,
            by_vlan: false,
        },
        pairs_max: usize::try_from(shares.pairs)?,
        targets_bytes_max: usize::try_from(shares.targets)?,
        dissectors_bytes_max: usize::try_from(shares.dissectors)?,
        rendered_bytes_max: usize::try_from(shares.rendered)?,
        links: true,
        links_max: LINKS_MAX,
        operations_max: OPERATIONS_MAX,
        messages: false,
        flows: false,
        captures: Vec::new(),
        key: HashKey(random.hash_one(1u8), random.hash_one(2u8)),
    };
    let progress = Progress::new();
    let front = Front::new(
        source,
        Selection::default(),
        Seeker { key: options.key, by_vlan: false },
        Defragmenter::new(usize::try_from(shares.fragments)?),
    );
    pipeline::run(front, usize::from(learn.workers), &options, &mut judgement, &mut |read, of, packets| {
        progress.at(read, of, packets);
    })?;
    progress.end();
    let Some(behaviour) = judgement.judge.behaviour().take() else { return Err(anyhow!("nothing was learned")) };
    let Behaviour { parties, learner, .. } = *behaviour;
    baseline.store = learner.unwrap_or_default().into_store(&parties, judgement.judge.devices());
    baseline.calibrate(learn.budget)?;
    let path = learn.out.as_deref().or(learn.into.as_deref()).unwrap_or(Path::new("-"));
    let bytes = baseline.to_bytes()?;
    std::fs::write(path, &bytes).with_context(|| format!("{}: cannot write the baseline", path.display()))?;
    report(&baseline, bytes.len())?;
    Ok(0)
}

fn report(baseline: &Baseline, bytes: usize) -> io::Result<()> {
    let profiles = &baseline.front.profiles;
    let mut out = io::stdout().lock();
    let operations: usize = profiles.links.values().map(|link| link.operations.len()).sum();
    writeln!(
        out,
        "{} days, {} devices, {} links, {operations} operations, {bytes} octets",
        profiles.days.len(),
        profiles.devices.len(),
        profiles.links.len(),
    )?;
    for (measure, (factor, beyond)) in
        Measure::ALL.iter().zip(profiles.thresholds.factors.iter().zip(&profiles.thresholds.beyond))
    {
        writeln!(out, "  {measure:?}: factor {factor:.2}, {beyond} beyond")?;
    }
    for (facet, rarity) in Facet::ALL.iter().zip(&profiles.thresholds.novelty.facets) {
        writeln!(out, "  new {facet:?}: {} seen, cutoff {:.2}, {} beyond", rarity.all, rarity.cutoff, rarity.beyond)?;
    }
    Ok(())
}
