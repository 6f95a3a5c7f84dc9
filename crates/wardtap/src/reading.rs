//! Captures and interfaces through the pipeline: what `replay`, `learn` and `watch` have in common.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::PathBuf;

use wardtap_capture::live::Live;
use wardtap_capture::{Bounds, PacketSource};
use wardtap_export::statistics::DamageBody;
use wardtap_net::defragment::Defragmenter;
use wardtap_net::flow::HashKey;
use wardtap_net::flow_table::{Limits, Seeker};

use crate::cli::{Intake, Processing};
use crate::front::{Front, Selection};
use crate::heads::Heads;
use crate::judgement::Judgement;
use crate::memory::{Shares, Sought};
use crate::pipeline::{self, Outcome};
use crate::progress::Progress;
use crate::worker::{SECONDS_PER_MINUTE, WorkerOptions};

/// Exit status: an input was damaged.
pub const DAMAGED: u8 = 3;

/// What the workers are to find.
#[derive(Clone, Copy, Default)]
pub struct Wanted {
    /// What links do.
    pub links: bool,
    /// Every so many seconds, where not once a minute.
    pub links_every: Option<u64>,
    /// What ends say of themselves.
    pub clues: bool,
    /// `message` events.
    pub messages: bool,
    /// `flow` events.
    pub flows: bool,
}

/// Captures that are open.
pub struct Opened {
    source: Box<dyn PacketSource>,
    selection: Selection,
    /// What each part may hold.
    pub shares: Shares,
    /// The captures as given.
    pub captures: Vec<String>,
    workers: u8,
    flows_by_vlan: bool,
    heads: Option<Heads>,
    /// It is said each second what was read, and no progress is shown.
    live: bool,
}

/// Opens the captures; what is sought has its share of the memory.
pub fn open(intake: &Intake, sought: Sought) -> anyhow::Result<Opened> {
    let selection = Selection {
        filter: intake.processing.filter.as_deref().map(wardtap_capture::Filter::compile).transpose()?,
        from: intake.from,
        to: intake.to,
    };
    let memory = intake.processing.memory;
    let shares = Shares::with(memory, sought);
    let source = wardtap_capture::open_within(&intake.captures, bounds(&shares)?)?;
    let captures = source.inputs().into_iter().map(|input| input.capture).collect();
    let &Processing { workers, flows_by_vlan, .. } = &intake.processing;
    Ok(Opened { source, selection, shares, captures, workers, flows_by_vlan, heads: None, live: false })
}

/// Interfaces that are open, as captures. What their filter leaves out does not reach us.
pub fn open_live(source: Live, processing: &Processing, shares: Shares) -> Opened {
    let captures = source.inputs().into_iter().map(|input| input.capture).collect();
    let &Processing { workers, flows_by_vlan, .. } = processing;
    let (source, selection) = (Box::new(source), Selection::default());
    Opened { source, selection, shares, captures, workers, flows_by_vlan, heads: None, live: true }
}

/// How each capture begins that can be read twice; None for the others.
pub fn heads(intake: &Intake) -> anyhow::Result<Vec<Option<[u8; 32]>>> {
    let bounds = bounds(&Shares::of(intake.processing.memory))?;
    let is_file = |path: &PathBuf| std::fs::metadata(path).is_ok_and(|file| file.is_file());
    let head = |path: &PathBuf| {
        if !is_file(path) {
            return Ok(None);
        }
        let mut source = wardtap_capture::open_within(std::slice::from_ref(path), bounds)?;
        Ok(Heads::of(source.as_mut()))
    };
    intake.captures.iter().map(head).collect()
}

fn bounds(shares: &Shares) -> anyhow::Result<Bounds> {
    Ok(Bounds { zstd_window: shares.zstd_window, blocks: usize::try_from(shares.blocks)? })
}

impl Opened {
    /// Has the captures told apart while they are read.
    pub fn with_heads(mut self) -> Self {
        self.heads = Some(Heads::new(self.captures.len()));
        self
    }

    /// Runs the captures through. The inner error is one of writing events.
    pub fn run(self, wanted: Wanted, judgement: &mut Judgement) -> anyhow::Result<io::Result<Outcome>> {
        let options = self.worker_options(wanted)?;
        let Self { source, selection, shares, workers, heads, live, .. } = self;
        let fragments = Defragmenter::new(usize::try_from(shares.fragments)?);
        let seeker = Seeker { key: options.key, by_vlan: options.limits.by_vlan };
        let front = Front::new(source, selection, seeker, fragments).with_heads(heads);
        if live {
            let outcome = pipeline::run(front.saying(), usize::from(workers), &options, judgement, &mut |_, _, _| {});
            return Ok(outcome);
        }
        let progress = Progress::new();
        let mut at = |read, of, packets| progress.at(read, of, packets);
        let outcome = pipeline::run(front, usize::from(workers), &options, judgement, &mut at);
        if outcome.is_ok() {
            progress.end();
        }
        Ok(outcome)
    }

    fn worker_options(&self, wanted: Wanted) -> anyhow::Result<WorkerOptions> {
        let random = RandomState::new();
        let shares = &self.shares;
        Ok(WorkerOptions {
            limits: Limits {
                flows_max: usize::try_from(shares.flows)?,
                held_bytes_max: usize::try_from(shares.held_bytes)?,
                by_vlan: self.flows_by_vlan,
            },
            pairs_max: usize::try_from(shares.pairs)?,
            targets_bytes_max: usize::try_from(shares.targets)?,
            dissectors_bytes_max: usize::try_from(shares.dissectors)?,
            rendered_bytes_max: usize::try_from(shares.rendered)?,
            links: wanted.links,
            links_room: shares.room()?,
            links_every: wanted.links_every.unwrap_or(SECONDS_PER_MINUTE),
            clues: wanted.clues,
            messages: wanted.messages,
            flows: wanted.flows,
            captures: self.captures.iter().map(serde_json::to_vec).collect::<Result<_, _>>()?,
            key: HashKey(random.hash_one(1u8), random.hash_one(2u8)),
        })
    }
}

/// What was damaged.
pub fn damage(source: &dyn PacketSource) -> Vec<DamageBody> {
    let body = |damage: wardtap_capture::Damage| DamageBody {
        capture: damage.capture,
        offset: damage.offset,
        reason: damage.reason.to_string(),
    };
    source.damage().into_iter().map(body).collect()
}

/// Says what was damaged.
pub fn tell_damage(damage: &[DamageBody]) {
    for DamageBody { capture, offset, reason } in damage {
        eprintln!(
            "wardtap: {capture}: at byte {offset}: {reason}; everything before it was processed: to have the rest, copy or take the capture again"
        );
    }
}

/// Says of which link types nothing passed because the filter has no meaning there: else all would seem to be well.
pub fn tell_refusals(expression: Option<&str>, front: &Front) {
    let Some((expression, filter)) = expression.zip(front.filter()) else { return };
    for (link, what) in filter.refusals() {
        eprintln!(
            "wardtap: filter \"{expression}\": no packet of link type {} passed, since it has no meaning there: {what}: write one for that link type",
            link.0
        );
    }
}
