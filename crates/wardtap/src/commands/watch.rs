//! `wardtap watch`: the live sensor.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use wardtap_capture::live::{Live, LiveOptions, Stopper};
use wardtap_capture::{DamageReason, Filter, PacketSource};
use wardtap_export::event::StatsEvent;
use wardtap_export::statistics::Run;

use crate::USAGE;
use crate::cli::{Given, Judging, MEMORY_MIN, Watch};
use crate::config::Config;
use crate::judgement::{Events, Judgement};
use crate::knowledge::{self, Knowledge};
use crate::memory::Shares;
use crate::output::{open, place, unwritable};
use crate::pipeline::Outcome;
use crate::reading::{self, Wanted, tell_damage};
use crate::totals;
use crate::watch::behind::{Behind, Inbox};
use crate::watch::event_file::EventFile;
use crate::watch::pulse::Pulse;
use crate::watch::recorder::Recorder;
use crate::watch::rights::{self, Account};
use crate::watch::sandbox::{self, Files};
use crate::watch::server::Server;
use crate::watch::signals::{Caught, Deeds};

/// An interface is gone.
const GONE: u8 = 5;

/// The part of `--memory` that the rings of interfaces have: an eighth.
const RING_SHARE: u64 = 8;

/// The least for the ring of an interface.
const RING_BYTES_MIN: u64 = 4 << 20;

pub fn run(mut watch: Watch, given: &Given) -> anyhow::Result<u8> {
    if let Some(option) = watch.not_built() {
        eprintln!("wardtap: {option} is not built yet; `wardtap watch --help` lists what is");
        return Ok(USAGE);
    }
    let typed = watch.judging.clone();
    let config = watch.judging.config.as_deref().map(Config::read).transpose()?.unwrap_or_default();
    config.options.judging.fill(&mut watch.judging, given);
    config.options.processing.fill(&mut watch.processing, given);
    if let Some(nonsense) = watch.nonsense().or_else(|| too_little(&watch)) {
        eprintln!("wardtap: {nonsense}");
        return Ok(USAGE);
    }
    let caught = Caught::new()?;
    let (mut live, stopper) = open_interfaces(&watch)?;
    let server = watch.listen.0.map(Server::bind).transpose()?;
    rights::give_up(watch.user.as_deref().map(Account::find).transpose()?)?;
    let judging = watch.judging.clone();
    let knowledge = Knowledge::read(&judging, config.site, config.suppressions, config.sha256)?;
    let types = knowledge::event_types(&judging);
    let event_file = event_file(&watch)?;
    let to: Option<Box<dyn Write + Send>> = match (&event_file, &judging.events) {
        (Some(file), _) => Some(Box::new(file.clone())),
        (None, Some(path)) => Some(open(path, "events")?),
        (None, None) => None,
    };
    let recorder = watch.record.as_deref().map(|path| Recorder::begin(path, &live.inputs())).transpose()?;
    let run = Run {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        options: knowledge::options(&judging, &watch.processing),
        digests: knowledge.digests.clone(),
        unwatched: None,
    };
    let shares = Shares::of(watch.processing.memory - ring_bytes(&watch));
    let (pulse, inbox) = (Arc::new(Pulse::default()), Inbox::default());
    let mut behind = Behind {
        run: run.clone(),
        events: event_file.clone(),
        recorder,
        pulse: Arc::clone(&pulse),
        inbox: inbox.clone(),
    };
    let captures = live.inputs().into_iter().map(|input| input.capture).collect();
    let mut judgement = knowledge.judgement(Events { to, types }, captures, &shares)?;
    judgement.after = Some(Box::new(move |judgement, batch, counted| behind.batch(judgement, batch, counted)));
    live.start()?;
    let landlock = sandbox::enter(&files(&watch), &live.descriptors())?;
    say_begun(&watch, server.as_ref(), landlock)?;
    if let Some(server) = server {
        server.serve(Arc::clone(&pulse))?;
    }
    let listening = caught.listen(deeds(stopper, typed, given.clone(), inbox, pulse, event_file))?;
    let wanted = Wanted { links: judging.baseline.is_some(), messages: types.message, flows: types.flow };
    let outcome = reading::open_live(live, &watch.processing, shares)
        .run(wanted, &mut judgement)?
        .map_err(|error| unwritable("events", &place(judging.events.as_deref()), error))?;
    listening.end();
    finish(&watch, run, &outcome, judgement)
}

/// Opens the interfaces, with the filter.
fn open_interfaces(watch: &Watch) -> anyhow::Result<(Live, Stopper)> {
    Ok(Live::open(LiveOptions {
        interfaces: watch.interfaces.clone(),
        allow_addressed: watch.allow_addressed,
        filter: watch.processing.filter.as_deref().map(Filter::compile).transpose()?,
        ring_bytes: usize::try_from(ring_bytes(watch))?,
    })?)
}

/// Octets of all rings.
fn ring_bytes(watch: &Watch) -> u64 {
    (watch.processing.memory / RING_SHARE).max(RING_BYTES_MIN * watch.interfaces.len() as u64)
}

/// Where the rings leave too little for all else, that in a sentence.
fn too_little(watch: &Watch) -> Option<String> {
    let rest = watch.processing.memory.saturating_sub(ring_bytes(watch));
    (rest < MEMORY_MIN).then(|| {
        let (rest, least) = (rest >> 20, MEMORY_MIN >> 20);
        format!("--memory leaves {rest} MiB beside the rings of the interfaces, and {least} MiB are needed: give more")
    })
}

/// The events file; None for standard output, or none at all.
fn event_file(watch: &Watch) -> anyhow::Result<Option<EventFile>> {
    let path = watch.judging.events.as_deref().filter(|path| *path != Path::new("-"));
    path.map(|path| EventFile::open(path, watch.rotate)).transpose()
}

/// The files that are needed again.
fn files(watch: &Watch) -> Files {
    let Judging { config, assets, baseline, .. } = &watch.judging;
    let events = watch.judging.events.iter().filter(|path| *path != Path::new("-"));
    Files {
        read: [config, assets, baseline].into_iter().flatten().cloned().collect(),
        written: events.cloned().collect(),
    }
}

fn say_begun(watch: &Watch, server: Option<&Server>, landlock: &str) -> io::Result<()> {
    eprintln!("wardtap: {}; Landlock is {landlock}; seccomp is in force", rights::told());
    let interfaces = watch.interfaces.join(", ");
    match server {
        Some(server) => eprintln!("wardtap: watching {interfaces}; http://{}/metrics", server.address()?),
        None => eprintln!("wardtap: watching {interfaces}"),
    }
    Ok(())
}

/// What signals bring about.
fn deeds(
    stopper: Stopper,
    typed: Judging,
    given: Given,
    inbox: Inbox,
    pulse: Arc<Pulse>,
    events: Option<EventFile>,
) -> Deeds {
    let reload = move || match read_again(&typed, &given) {
        Ok(knowledge) => inbox.put(knowledge),
        Err(error) => {
            pulse.reloaded(false);
            eprintln!("wardtap: nothing was read again, what was read before holds: {error:#}");
        }
    };
    Deeds {
        end: Box::new(move || stopper.stop()),
        reload: Box::new(reload),
        reopen: Box::new(move || events.iter().for_each(EventFile::reopen)),
    }
}

/// Reads configuration, assets and baseline as at the start. What else a configuration says holds from the next start on.
fn read_again(typed: &Judging, given: &Given) -> anyhow::Result<Knowledge> {
    let mut judging = typed.clone();
    let config = judging.config.as_deref().map(Config::read).transpose()?.unwrap_or_default();
    config.options.judging.fill(&mut judging, given);
    Knowledge::read(&judging, config.site, config.suppressions, config.sha256)
}

/// Writes the last event, and chooses the exit status.
fn finish(watch: &Watch, run: Run, outcome: &Outcome, mut judgement: Judgement) -> anyhow::Result<u8> {
    let totals = totals::add_up(run, &outcome.front.read(), &outcome.workers, &judgement);
    let stats = StatsEvent::new(outcome.front.now(), totals.statistics);
    let events = &mut judgement.events;
    events
        .write(&stats)
        .and_then(|()| events.to.as_mut().map_or(Ok(()), Write::flush))
        .map_err(|error| unwritable("events", &place(watch.judging.events.as_deref()), error))?;
    tell_damage(&stats.stats.damage);
    let damage = outcome.front.source().damage();
    let is_gone = damage.iter().any(|damage| damage.reason == DamageReason::InterfaceGone);
    Ok(match damage.is_empty() {
        true => 0,
        false if is_gone => GONE,
        false => crate::FAILED,
    })
}
