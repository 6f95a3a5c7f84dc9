//! `wardtap learn`: turns captures into a baseline.

use std::io::{self, Write};
use std::path::Path;

use anyhow::{anyhow, bail};
use wardtap_behaviour::baseline::calibrate::BUDGET;
use wardtap_behaviour::baseline::file::{Baseline, LearnedCapture, StoredSite};
use wardtap_behaviour::baseline::learner::Learner;
use wardtap_behaviour::judge::{Behaviour, Judge};
use wardtap_behaviour::parties::Parties;
use wardtap_behaviour::site::Site;
use wardtap_net::packet::Timestamp;

use super::baseline::report;
use crate::cli::{Given, Learn};
use crate::config::Config;
use crate::front::Front;
use crate::judgement::{EventTypes, Events, Judgement, Kept};
use crate::memory::Sought;
use crate::output::{Replacement, place, unwritable};
use crate::reading::{self, DAMAGED, Wanted, damage, tell_damage, tell_refusals};
use crate::{USAGE, baselines};

pub fn run(mut learn: Learn, given: &Given) -> anyhow::Result<u8> {
    let config = learn.config.as_deref().map(Config::read).transpose()?;
    let site = config.as_ref().map(|config| StoredSite::of(&config.site));
    if let Some(config) = config {
        config.options.processing.fill(&mut learn.intake.processing, given);
    }
    let learn = &learn;
    if let Some(nonsense) = learn.nonsense() {
        eprintln!("wardtap: {nonsense}");
        return Ok(USAGE);
    }
    let mut baseline = beginning(learn, site)?;
    let opened = reading::open(&learn.intake, Sought { links: true, learns: true, ..Sought::default() })?.with_heads();
    if !learn.again {
        // Before the work, which may take hours; what cannot be read twice is known only behind it.
        let parts: Vec<Option<LearnedCapture>> =
            reading::heads(&learn.intake)?.into_iter().map(|digest| Some(part(learn, digest?, Span::ALL))).collect();
        refuse_learned(&baseline, &opened.captures, &parts)?;
    }
    let replacement = Replacement::of(learn.output(), "the baseline")?;
    let captures = opened.captures.clone();
    let shares = &opened.shares;
    let (devices, alerts) = (usize::try_from(shares.devices)?, usize::try_from(shares.alerts)?);
    let site = baseline.front.site.site()?;
    let mut parties = Parties::new(site.clone());
    let learner = Learner::going_on(baseline.take_learned(), &mut parties);
    let mut judge =
        Judge::new(devices, alerts, usize::try_from(shares.incidents)?).learning(usize::try_from(shares.learned)?);
    judge.with_behaviour(Behaviour::new(parties, None, Some(learner)));
    let events = Events { to: None, types: EventTypes::default() };
    let mut judgement = Judgement::new(events, captures.clone(), judge, site, Kept::default());
    let outcome = opened.run(Wanted { links: true, ..Wanted::default() }, &mut judgement)??;
    let parts = learned_parts(learn, &outcome.front);
    if !learn.again {
        refuse_learned(&baseline, &captures, &parts)?;
    }
    baseline.front.captures.extend(parts.into_iter().flatten());
    let Some(behaviour) = judgement.judge.behaviour().take() else { bail!("nothing was learned") };
    let Behaviour { parties, learner, .. } = *behaviour;
    let learner = learner.unwrap_or_default();
    let unlearned = learner.refused();
    baseline.front.kept_out.extend(learner.kept_out());
    baseline.store = learner.into_store(&parties, judgement.judge.devices());
    baseline.calibrate(learn.budget.unwrap_or(baseline.front.profiles.thresholds.budget))?;
    baselines::put(&baseline, replacement)?;
    tell(&baseline, learn.output())?;
    let damage = damage(outcome.front.source());
    tell_damage(&damage);
    let unlearned = unlearned + outcome.workers.iter().map(|counted| counted.links).sum::<u64>();
    if unlearned > 0 {
        eprintln!(
            "wardtap: not all conversations were learned, there were too many: {unlearned} times one was left out"
        );
    }
    tell_refusals(learn.intake.processing.filter.as_deref(), &outcome.front);
    Ok(if damage.is_empty() { 0 } else { DAMAGED })
}

/// The baseline to go on with, or a new one of a site.
fn beginning(learn: &Learn, site: Option<StoredSite>) -> anyhow::Result<Baseline> {
    if let Some(path) = &learn.into {
        let baseline = baselines::whole(path)?;
        if let (Some(site), Some(config)) = (&site, &learn.config) {
            baseline.front.site.is_same(site).map_err(|error| {
                anyhow!(
                    "{} and {}: {error}: a baseline keeps the site that it was begun with: learn a new one with --out",
                    path.display(),
                    config.display()
                )
            })?;
        }
        return Ok(baseline);
    }
    let mut baseline = Baseline::default();
    baseline.front.site = site.unwrap_or_else(|| StoredSite::of(&Site::default()));
    baseline.front.profiles.thresholds.budget = BUDGET;
    Ok(baseline)
}

/// Says what was learned; where the baseline goes to standard output, on standard error.
fn tell(baseline: &Baseline, path: &Path) -> anyhow::Result<()> {
    let text = report::write(baseline, &place(Some(path)));
    let (said, to) = if path == Path::new("-") {
        (io::stderr().write_all(text.as_bytes()), "standard error")
    } else {
        (io::stdout().write_all(text.as_bytes()), "standard output")
    };
    said.map_err(|error| unwritable("the summary", to, error))
}

/// The time that a capture spans, as far as it is known.
struct Span {
    first: Timestamp,
    last: Timestamp,
    packets: u64,
}

impl Span {
    const ALL: Self = Self { first: Timestamp::EPOCH, last: Timestamp::from_nanos(u64::MAX), packets: 0 };
}

/// The part of a capture that is learned.
fn part(learn: &Learn, digest: [u8; 32], span: Span) -> LearnedCapture {
    let first = learn.intake.from.map_or(span.first, |from| span.first.max(from)).nanos();
    let last = learn.intake.to.map_or(span.last, |to| span.last.min(to)).nanos();
    LearnedCapture { digest, first, last, packets: span.packets }
}

/// The parts that were learned; None for a capture of which nothing was.
fn learned_parts(learn: &Learn, front: &Front) -> Vec<Option<LearnedCapture>> {
    let digests = front.heads().into_iter().flat_map(|heads| heads.digests());
    let learned = |(digest, input): (Option<[u8; 32]>, wardtap_capture::Input)| {
        let (first, last) = (input.first.unwrap_or_default(), input.last.unwrap_or_default());
        let part = part(learn, digest?, Span { first, last, packets: input.packets });
        Some(part).filter(|part| part.first <= part.last)
    };
    digests.zip(front.source().inputs()).map(learned).collect()
}

/// Refuses what was learned before, or stands there twice.
fn refuse_learned(baseline: &Baseline, captures: &[String], parts: &[Option<LearnedCapture>]) -> anyhow::Result<()> {
    let parts: Vec<(&String, &LearnedCapture)> =
        captures.iter().zip(parts).filter_map(|(capture, part)| Some((capture, part.as_ref()?))).collect();
    for (place, (capture, part)) in parts.iter().enumerate() {
        if let Some(learned) = baseline.front.captures.iter().find(|learned| learned.overlaps(part)) {
            let (first, last) = (Timestamp::from_nanos(learned.first), Timestamp::from_nanos(learned.last));
            bail!(
                "{capture}: was learned already, from {first} to {last}, and would count twice: give --from or --to for what came before or since, or --again to learn it once more"
            );
        }
        let before = parts.iter().take(place).find(|(_, before)| before.overlaps(part));
        if let Some((before, _)) = before {
            return Err(anyhow!(
                "{before} and {capture} begin alike: they are one capture, which would count twice: name it once, or give --again"
            ));
        }
    }
    Ok(())
}
