//! `wardtap watch`: the live sensor.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use wardtap_behaviour::inventory::Inventory;
use wardtap_behaviour::judge::Behaviour;
use wardtap_behaviour::site::Site;
use wardtap_capture::live::{self, Live, LiveOptions, Stopper};
use wardtap_capture::{DamageReason, Filter, Input, PacketSource};
use wardtap_export::event::StatsEvent;
use wardtap_export::statistics::{DamageBody, Run};
use wardtap_net::packet::Timestamp;

use crate::USAGE;
use crate::baselines;
use crate::cli::{Given, Judging, MEMORY_MIN, Method, Watch};
use crate::config::Config;
use crate::judgement::{EventTypes, Events, Judgement};
use crate::knowledge::{self, Knowledge};
use crate::memory::{Shares, Sought};
use crate::output::{open, place, unwritable};
use crate::pipeline::Outcome;
use crate::reading::{self, Wanted};
use crate::totals;
use crate::watch::again::{Again, Manner};
use crate::watch::approvals::{Desk, Office};
use crate::watch::behind::{Behind, Inbox, Memory};
use crate::watch::due::Due;
use crate::watch::event_file::EventFile;
use crate::watch::keeper::{self, Finishing, Keeper, Pen};
use crate::watch::learning::Learning;
use crate::watch::lister::Lister;
use crate::watch::notify::Notify;
use crate::watch::recorder::Recorder;
use crate::watch::rights::{self, Account};
use crate::watch::sandbox::{self, Files};
use crate::watch::server::Server;
use crate::watch::signals::{Caught, Deeds};
use crate::watch::state::{Checkpoint, State};

/// An interface is gone.
const GONE: u8 = 5;

/// The part of `--memory` that the rings of interfaces have: an eighth.
const RING_SHARE: u64 = 8;

/// The least for the ring of an interface.
const RING_BYTES_MIN: u64 = 4 << 20;

pub fn run(watch: Watch, given: &Given) -> anyhow::Result<u8> {
    let plan = match Plan::of(watch, given)? {
        Ok(plan) => plan,
        Err(nonsense) => {
            eprintln!("wardtap: {nonsense}");
            return Ok(USAGE);
        }
    };
    let sockets = Sockets::open(&plan.watch)?;
    rights::give_up(plan.watch.user.as_deref().map(Account::find).transpose()?)?;
    let past = Past::open(plan.watch.state.as_deref())?;
    let (watch, sensor) = Sensor::make(plan, past, &sockets.live.inputs())?;
    watch_on(&watch, sockets, sensor)
}

/// What is asked for, by the command line and the configuration.
struct Plan {
    watch: Watch,
    /// As it was typed, which counts when the configuration is read again.
    typed: Judging,
    given: Given,
    config: Config,
}

impl Plan {
    /// Reads the configuration. What cannot be done answers with a sentence.
    fn of(mut watch: Watch, given: &Given) -> anyhow::Result<Result<Self, String>> {
        if let Some(option) = watch.not_built() {
            return Ok(Err(format!("{option} is not built yet; `wardtap watch --help` lists what is")));
        }
        let typed = watch.judging.clone();
        let mut config = watch.judging.config.as_deref().map(Config::read).transpose()?.unwrap_or_default();
        let options = std::mem::take(&mut config.options);
        options.judging.fill(&mut watch.judging, given);
        options.processing.fill(&mut watch.processing, given);
        if let Some(nonsense) = watch.nonsense().or_else(|| too_little(&watch)) {
            return Ok(Err(nonsense));
        }
        Ok(Ok(Self { watch, typed, given: given.clone(), config }))
    }
}

/// What is opened with rights that are given up then, and the signals, which are not to be missed from here on.
struct Sockets {
    caught: Caught,
    live: Live,
    stopper: Stopper,
    server: Option<Server>,
    notify: Notify,
}

impl Sockets {
    fn open(watch: &Watch) -> anyhow::Result<Self> {
        let caught = Caught::new()?;
        let (live, stopper) = open_interfaces(watch)?;
        let server = watch.listen.0.map(Server::bind).transpose()?;
        Ok(Self { caught, live, stopper, server, notify: Notify::from_environment()? })
    }
}

/// The state folder, and what an earlier run has left there.
#[derive(Default)]
struct Past {
    state: Option<State>,
    office: Option<Office>,
    checkpoint: Option<Checkpoint>,
}

impl Past {
    fn open(folder: Option<&Path>) -> anyhow::Result<Self> {
        let Some(folder) = folder else { return Ok(Self::default()) };
        let state = State::open(folder)?;
        let office = Office::open(state.folder())?;
        let checkpoint = state.load();
        Ok(Self { state: Some(state), office: Some(office), checkpoint })
    }
}

/// What judges, and what it writes to: all files are open.
struct Sensor {
    judgement: Judgement,
    types: EventTypes,
    events: Option<EventFile>,
    recorder: Option<Recorder>,
    run: Run,
    shares: Shares,
    again: Again,
    /// Up to when an earlier run had watched.
    since: Option<Timestamp>,
    learning: Option<Learning>,
    state: Option<State>,
    office: Option<Office>,
}

impl Sensor {
    /// Reads what packets are judged by, opens what is written, and goes on from what was kept. Of the plan the options are left.
    fn make(plan: Plan, past: Past, inputs: &[Input]) -> anyhow::Result<(Watch, Self)> {
        let Plan { watch, typed, given, config: Config { site, suppressions, sha256, .. } } = plan;
        let manner = Manner::of(&watch);
        let judging = manner.now(watch.judging.clone());
        let shares = shares(&watch, judging.baseline.as_deref())?;
        let knowledge = Knowledge::read(&judging, site.clone(), suppressions, sha256)?;
        let types = knowledge::event_types(&judging);
        let events = event_file(&watch)?;
        let to: Option<Box<dyn Write + Send>> = match (&events, &judging.events) {
            (Some(file), _) => Some(Box::new(file.clone())),
            (None, Some(path)) => Some(open(path, "events")?),
            (None, None) => None,
        };
        let recorder = watch.record.as_deref().map(|path| Recorder::begin(path, watch.rotate, inputs)).transpose()?;
        let run = Run {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            options: knowledge::options(&judging, &watch.processing),
            digests: knowledge.digests.clone(),
            unwatched: None,
        };
        let inbox = Inbox::with(knowledge.digests.get("baseline").cloned());
        let room = shares.baseline_file();
        let again = Again { typed, given, manner, inbox, pulse: Arc::default(), pen: Pen::default(), room };
        let captures = inputs.iter().map(|input| input.capture.clone()).collect();
        let mut judgement = knowledge.judgement(Events { to, types }, captures, &shares)?;
        if watch.inventory.is_some() {
            judgement.judge.with_inventory(Inventory::new(site.clone(), usize::try_from(shares.inventory)?));
        }
        let Past { state, office, checkpoint } = past;
        let since = checkpoint.as_ref().map(|before| Timestamp::from_nanos(before.kept.time));
        let learning = go_on(&watch, &judging, &site, checkpoint, &run, &mut judgement)?;
        let sensor = Self { judgement, types, events, recorder, run, shares, again, since, learning, state, office };
        Ok((watch, sensor))
    }
}

/// What works beside the packets. Each has threads of its own, behind the walls.
struct Beside {
    lister: Option<Lister>,
    memory: Option<Memory>,
}

impl Beside {
    fn begin(
        watch: &Watch,
        again: &Again,
        server: Option<Server>,
        state: Option<State>,
        office: Option<Office>,
    ) -> anyhow::Result<Self> {
        if let Some(server) = server {
            server.serve(Arc::clone(&again.pulse))?;
        }
        let lister = lister(watch)?;
        let memory = state.map(|state| remember(watch, state, again)).transpose()?;
        if let Some(office) = office {
            office.serve(desk(watch, again))?;
        }
        Ok(Self { lister, memory })
    }
}

/// Begins to hear, gives up what can be given up from then on, and watches until it is told to end.
fn watch_on(watch: &Watch, sockets: Sockets, sensor: Sensor) -> anyhow::Result<u8> {
    let Sockets { caught, mut live, stopper, server, notify } = sockets;
    let Sensor { mut judgement, types, events, recorder, run, shares, again, since, learning, state, office } = sensor;
    live.start()?;
    let landlock = sandbox::enter(&files(watch), &live.descriptors())?;
    say_begun(watch, server.as_ref(), landlock, learning.as_ref())?;
    let Beside { lister, memory } = Beside::begin(watch, &again, server, state, office)?;
    let links_every = learning.as_ref().and(memory.as_ref()).map(|memory| memory.due.told_every());
    let pulse = Arc::clone(&again.pulse);
    let mut behind = Behind {
        run: run.clone(),
        events: events.clone(),
        recorder,
        pulse: Arc::clone(&pulse),
        inbox: again.inbox.clone(),
        memory,
        lister,
        learning,
        finishing: false,
        before: since,
        addressed: BTreeSet::new(),
        last: None,
        counts: None,
        notify: notify.clone(),
    };
    judgement.after = Some(Box::new(move |judgement, batch, counted| behind.batch(judgement, batch, counted)));
    let listening = caught.listen(deeds(stopper, again, events))?;
    notify.ready(&watch.interfaces.join(", "));
    // Also without a baseline: SIGHUP may bring one.
    let clues = watch.inventory.is_some() || types.device && watch.judging.events.is_some();
    let wanted = Wanted { links: true, links_every, clues, messages: types.message, flows: types.flow };
    let outcome = reading::open_live(live, &watch.processing, shares)
        .run(wanted, &mut judgement)?
        .map_err(|error| unwritable("events", &place(watch.judging.events.as_deref()), error))?;
    notify.stopping();
    listening.end();
    // As it became while it ran.
    let run = pulse.said().map_or(run, |news| news.totals.statistics.run.clone());
    finish(watch, run, &outcome, judgement)
}

/// Goes on from what an earlier run has left: learns, where the baseline is not there yet, or lets what is normal be as wide as
/// it was.
fn go_on(
    watch: &Watch,
    judging: &Judging,
    site: &Site,
    before: Option<Checkpoint>,
    run: &Run,
    judgement: &mut Judgement,
) -> anyhow::Result<Option<Learning>> {
    if let Some(length) = watch.learn_for.filter(|_| judging.baseline.is_none()) {
        let (learning, behaviour) = Learning::begin(length.as_secs(), site, before, &watch.interfaces)?;
        judgement.judge.with_behaviour(behaviour);
        return Ok(Some(learning));
    }
    if let Some(Checkpoint { kept, .. }) = before
        && kept.baseline.is_some()
        && kept.baseline.as_ref() == run.digests.get("baseline")
        && let Some(Behaviour { parties, scorer: Some(scorer), .. }) = judgement.judge.behaviour().as_deref_mut()
    {
        scorer.adapted_before(kept.adapted, parties);
    }
    Ok(None)
}

/// Begins to keep what is kept from one start to the next.
fn remember(watch: &Watch, state: State, again: &Again) -> io::Result<Memory> {
    let kept = Arc::new(keeper::Kept::default());
    let finishing = watch.learn_for.and(watch.judging.baseline.clone()).map(|baseline| {
        let again = again.clone();
        Finishing { baseline, pen: Arc::clone(&again.pen), then: Box::new(move || again.read()) }
    });
    let keeper = Keeper::begin(state, finishing, Arc::clone(&kept))?;
    Ok(Memory { keeper: Some(keeper), kept, due: Due::every(watch.checkpoint_every) })
}

/// Begins to write the inventory.
fn lister(watch: &Watch) -> anyhow::Result<Option<Lister>> {
    let path = watch.inventory.clone();
    path.map(|path| Lister::begin(path, watch.interfaces.clone(), watch.checkpoint_every)).transpose()
}

/// What approvals are answered from.
fn desk(watch: &Watch, again: &Again) -> Desk {
    Desk {
        baseline: watch.judging.baseline.clone(),
        events: watch.judging.events.clone().filter(|path| path != Path::new("-")),
        rotated: watch.rotate.rotate_keep,
        pen: Arc::clone(&again.pen),
        inbox: again.inbox.clone(),
        approvals: Arc::clone(&again.pulse.approvals),
    }
}

/// Opens the interfaces, with the filter.
fn open_interfaces(watch: &Watch) -> anyhow::Result<(Live, Stopper)> {
    Ok(Live::open(LiveOptions {
        interfaces: watch.interfaces.clone(),
        allow_addressed: watch.allow_addressed,
        filter: watch.processing.filter.as_deref().map(Filter::compile).transpose()?,
        kernel_filter: watch.kernel_filter,
        method: match watch.capture {
            Method::Auto => live::Method::Auto,
            Method::Ring => live::Method::Ring,
            Method::Libpcap => live::Method::Library,
        },
        ring_bytes: usize::try_from(ring_bytes(watch.processing.memory, watch))?,
    })?)
}

/// Octets of all rings.
fn ring_bytes(memory: u64, watch: &Watch) -> u64 {
    (memory / RING_SHARE).max(RING_BYTES_MIN * watch.interfaces.len() as u64)
}

/// Where the rings leave too little for all else, that in a sentence.
fn too_little(watch: &Watch) -> Option<String> {
    let rest = watch.processing.memory.saturating_sub(ring_bytes(watch.processing.memory, watch));
    (rest < MEMORY_MIN).then(|| {
        let (rest, least) = (rest >> 20, MEMORY_MIN >> 20);
        format!("--memory leaves {rest} MiB beside the rings of the interfaces, and {least} MiB are needed: give more")
    })
}

/// What each part may hold; an error where the baseline would go beyond that.
fn shares(watch: &Watch, baseline: Option<&Path>) -> anyhow::Result<Shares> {
    let memory = watch.processing.memory;
    let length = baseline.map(baselines::length).transpose()?.unwrap_or(0);
    let sought =
        Sought { learns: baseline.is_none() && watch.learn_for.is_some(), baseline: length, ..Sought::default() };
    let of = |memory: u64| Shares::live(memory - ring_bytes(memory, watch), sought);
    let shares = of(memory);
    if let Some(path) = baseline.filter(|_| length > shares.baseline_file()) {
        // Doubling it ends: a file's length has 63 bits.
        let enough = std::iter::successors(Some(memory), |memory| memory.checked_mul(2));
        let enough = enough.into_iter().find(|memory| length <= of(*memory).baseline_file()).unwrap_or(u64::MAX);
        anyhow::bail!(
            "{}: this baseline has {length} octets, and --memory {} MiB leaves room for one of {} at most: give --memory {}M",
            path.display(),
            memory >> 20,
            shares.baseline_file(),
            enough >> 20,
        );
    }
    Ok(shares)
}

/// The events file; None for standard output, or none at all.
fn event_file(watch: &Watch) -> anyhow::Result<Option<EventFile>> {
    let path = watch.judging.events.as_deref().filter(|path| *path != Path::new("-"));
    path.map(|path| EventFile::open(path, watch.rotate)).transpose()
}

/// The files that are needed again.
fn files(watch: &Watch) -> Files {
    let Judging { config, assets, baseline, events, .. } = &watch.judging;
    let events = events.as_ref().filter(|path| *path != Path::new("-"));
    // With a state folder the baseline is written: what was learned, and what is approved.
    let learned = watch.state.is_some().then_some(baseline.as_ref()).flatten();
    let state = watch.state.as_ref().map(|folder| folder.join("checkpoint"));
    let written = [events, watch.record.as_ref(), learned, state.as_ref(), watch.inventory.as_ref()];
    Files {
        read: [config, assets, baseline].into_iter().flatten().cloned().collect(),
        written: written.into_iter().flatten().cloned().collect(),
    }
}

fn say_begun(watch: &Watch, server: Option<&Server>, landlock: &str, learning: Option<&Learning>) -> io::Result<()> {
    if let Some(learning) = learning {
        let left = humantime::format_duration(Duration::from_secs(learning.left()));
        eprintln!("wardtap: learning what is normal, for {left} from now on");
    }
    eprintln!("wardtap: {}; Landlock is {landlock}; seccomp is in force", rights::told());
    let interfaces = watch.interfaces.join(", ");
    match server {
        Some(server) => eprintln!("wardtap: watching {interfaces}; http://{}/metrics", server.address()?),
        None => eprintln!("wardtap: watching {interfaces}"),
    }
    Ok(())
}

/// What signals bring about.
fn deeds(stopper: Stopper, again: Again, events: Option<EventFile>) -> Deeds {
    Deeds {
        end: Box::new(move || stopper.stop()),
        reload: Box::new(move || again.read()),
        reopen: Box::new(move || events.iter().for_each(EventFile::reopen)),
    }
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
    for DamageBody { capture, reason, .. } in &stats.stats.damage {
        eprintln!("wardtap: {capture}: {reason}; everything before that was processed");
    }
    let damage = outcome.front.source().damage();
    let is_gone = damage.iter().any(|damage| damage.reason == DamageReason::InterfaceGone);
    Ok(match damage.is_empty() {
        true => 0,
        false if is_gone => GONE,
        false => crate::FAILED,
    })
}
