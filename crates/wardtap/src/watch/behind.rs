//! What is done behind each batch of a live run: recording, flushing, and once a second what others want to know.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wardtap_behaviour::baseline::approval::Accepted;
use wardtap_behaviour::sensor::{Hindrance, Trouble, Unwritten};
use wardtap_capture::InterfaceState;
use wardtap_export::statistics::{self, Run};
use wardtap_net::packet::Timestamp;

use super::due::Due;
use super::event_file::EventFile;
use super::keeper::{self, Keeper};
use super::learning::Learning;
use super::lister::Lister;
use super::notify::Notify;
use super::pulse::{News, Pulse, moment};
use super::recorder::Recorder;
use super::state::{Checkpoint, Kept};
use crate::batch::{Batch, Last};
use crate::judgement::Judgement;
use crate::knowledge::Knowledge;
use crate::totals::{self, Read};
use crate::worker::Counted;

/// Approvals that wait to be taken; whoever wants more is told to wait.
const MAIL_MAX: usize = 64;

/// How often within a second alerts are said as they come.
const SAID_MAX: u8 = 10;
/// How far apart they are said beyond that: a storm of them takes none of the time that its packets need.
const STORM_PAUSE: Duration = Duration::from_millis(50);

/// What comes from outside while it watches.
pub enum Mail {
    /// What SIGHUP has read, or what was learned.
    Knowledge(Box<Knowledge>),
    /// What somebody approved, and the SHA-256 of the baseline that holds it by now.
    Approved(Box<Accepted>, Option<String>),
}

/// What has come from outside, until the pipeline takes it.
#[derive(Clone, Default)]
pub struct Inbox(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    mail: Vec<Mail>,
    /// Of the baseline that is compared with, or will be once the mail is taken: SHA-256.
    in_force: Option<String>,
}

impl Inbox {
    /// For a run that begins with a baseline of this SHA-256.
    pub fn with(baseline: Option<String>) -> Self {
        Self(Arc::new(Mutex::new(Waiting { mail: Vec::new(), in_force: baseline })))
    }

    /// Puts something in; knowledge in place of what was not taken yet.
    pub fn put(&self, mail: Mail) {
        let mut waiting = self.lock();
        waiting.in_force = match &mail {
            Mail::Knowledge(knowledge) => {
                waiting.mail.clear();
                knowledge.digests.get("baseline").cloned()
            }
            Mail::Approved(_, digest) => digest.clone(),
        };
        waiting.mail.push(mail);
    }

    /// True where an approval must wait.
    pub fn is_full(&self) -> bool {
        self.lock().mail.len() >= MAIL_MAX
    }

    /// The SHA-256 of the baseline that is compared with.
    pub fn baseline_in_force(&self) -> Option<String> {
        self.lock().in_force.clone()
    }

    fn take(&self) -> Vec<Mail> {
        std::mem::take(&mut self.lock().mail)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is done behind each batch.
pub struct Behind {
    pub run: Run,
    pub events: Option<EventFile>,
    pub recorder: Option<Recorder>,
    pub pulse: Arc<Pulse>,
    pub inbox: Inbox,
    pub notify: Notify,
    pub memory: Option<Memory>,
    pub lister: Option<Lister>,
    pub learning: Option<Learning>,
    /// Learning is over, and its baseline is being made.
    pub finishing: bool,
    /// Up to when an earlier run had watched.
    pub before: Option<Timestamp>,
    /// Interfaces of which it was said that they have an address: no more than there are interfaces.
    pub addressed: BTreeSet<String>,
    /// What was read and lost up to the last second.
    pub last: Option<(Timestamp, u64, u64)>,
    /// What was counted up to the last second.
    pub counts: Option<Counts>,
}

/// What was counted up to a second, and how often alerts were said since then.
pub struct Counts {
    read: Read,
    counted: Vec<Counted>,
    alerts: u64,
    said: u8,
}

/// What is kept from one start to the next.
pub struct Memory {
    pub keeper: Option<Keeper>,
    pub kept: Arc<keeper::Kept>,
    pub due: Due,
}

impl Behind {
    /// Does it. An error is one of writing events to a pipe that nobody reads.
    pub fn batch(&mut self, judgement: &mut Judgement, batch: &Batch, counted: Vec<Counted>) -> io::Result<()> {
        if let Some(recorder) = &mut self.recorder {
            recorder.take(&batch.block);
        }
        if let Some(to) = &mut judgement.events.to {
            to.flush()?;
        }
        if let Some(last) = batch.last {
            if let Some(recorder) = &mut self.recorder {
                recorder.flush();
            }
            if last.is_all() {
                self.end(judgement, last);
            }
        }
        for (tick, since) in batch.ticks.iter().filter_map(|tick| Some((tick, tick.unwatched?))) {
            let now = tick.now;
            eprintln!(
                "wardtap: nothing was watched from {since} to {now}: the clock was set, or this machine stood still"
            );
        }
        let Some(read) = &batch.read else {
            self.say_alerts(judgement);
            return Ok(());
        };
        if let Some(recorder) = &mut self.recorder {
            recorder.second(read.now);
        }
        if let Some(events) = &self.events {
            events.second(read.now);
        }
        self.note_gap(read.now);
        self.note_addresses(&read.interfaces);
        for mail in self.inbox.take() {
            self.open(mail, judgement);
        }
        self.learn(judgement, read);
        self.keep(judgement, read.now);
        if let Some(lister) = &mut self.lister {
            lister.second(judgement, read.now);
        }
        self.tell_troubles(judgement, read)?;
        self.pulse.say(self.news(judgement, read, &counted));
        self.counts = Some(Counts { read: (**read).clone(), counted, alerts: raised(judgement), said: 0 });
        self.notify.alive();
        Ok(())
    }

    /// Says at once which alerts there are; all else that is counted is as of the last second.
    fn say_alerts(&mut self, judgement: &mut Judgement) {
        let alerts = raised(judgement);
        let Some(mut counts) = self.counts.take_if(|counts| counts.alerts != alerts) else { return };
        if counts.said < SAID_MAX || self.pulse.age() >= Some(STORM_PAUSE) {
            self.pulse.say(self.news(judgement, &counts.read, &counts.counted));
            (counts.alerts, counts.said) = (alerts, counts.said.saturating_add(1));
        }
        self.counts = Some(counts);
    }

    /// Notes for how long nothing was watched.
    fn note_gap(&mut self, now: Timestamp) {
        let Some(before) = self.before.take() else { return };
        if before > now {
            eprintln!("wardtap: goes on from {before}, which is ahead of the clock: it was set back");
            return;
        }
        let seconds = now.since(before) / 1_000_000_000;
        let unwatched = statistics::Unwatched { from: before.to_string(), to: now.to_string(), seconds };
        let long = humantime::format_duration(Duration::from_secs(seconds));
        eprintln!("wardtap: goes on from {before}: nothing was watched for {long}");
        self.run.unwatched = Some(unwatched);
    }

    /// Says it once when an interface has come to an address.
    fn note_addresses(&mut self, interfaces: &[InterfaceState]) {
        for interface in interfaces {
            let (name, is_new) = (&interface.name, !self.addressed.contains(&interface.name));
            match &interface.address {
                Some(address) if is_new => {
                    self.addressed.insert(name.clone());
                    if !interface.may_have_address {
                        eprintln!(
                            "wardtap: {name}: has an address by now, {address}, so that this machine may answer there: take it away (ip address flush dev {name})"
                        );
                    }
                }
                Some(_) => {}
                None => drop(self.addressed.remove(name)),
            }
        }
    }

    fn open(&mut self, mail: Mail, judgement: &mut Judgement) {
        match mail {
            Mail::Knowledge(knowledge) => {
                let keeps = knowledge.digests.get("baseline") == self.run.digests.get("baseline");
                self.run.digests = knowledge.digests.clone();
                if knowledge.behaviour.is_some() {
                    (self.learning, self.finishing) = (None, false);
                }
                judgement.inform(*knowledge, keeps);
                self.pulse.reloaded(true);
                eprintln!("wardtap: configuration, assets and baseline were read again");
            }
            Mail::Approved(accepted, digest) => {
                if let Some(behaviour) = judgement.judge.behaviour()
                    && let Some(scorer) = &mut behaviour.scorer
                {
                    scorer.accept(&accepted, &mut behaviour.parties);
                }
                self.run.digests.extend(digest.map(|digest| ("baseline".to_owned(), digest)));
            }
        }
    }

    /// Learns on; once that is over, what was learned becomes the baseline.
    fn learn(&mut self, judgement: &mut Judgement, read: &Read) {
        let Some(learning) = &mut self.learning else { return };
        learning.second(read.now, read.counts.packets);
        let keeper = self.memory.as_ref().and_then(|memory| memory.keeper.as_ref());
        let Some(keeper) = keeper.filter(|keeper| learning.is_over() && keeper.is_free()) else { return };
        if keeper.finish(learning.checkpoint(&mut judgement.judge)) {
            *judgement.judge.behaviour() = None;
            (self.learning, self.finishing) = (None, true);
        }
    }

    /// Has a checkpoint kept, when it is time.
    fn keep(&mut self, judgement: &mut Judgement, now: Timestamp) {
        let Some(memory) = &mut self.memory else { return };
        let took = Duration::from_nanos(memory.kept.took.load(Ordering::Relaxed));
        let Some(keeper) = memory.keeper.as_ref().filter(|keeper| keeper.is_free() && !self.finishing) else { return };
        if !memory.due.is_now(moment(), took) {
            return;
        }
        // It is free: nothing else gives it work.
        keeper.store(checkpoint(self.learning.as_ref(), &self.run, judgement, now));
    }

    /// The last inventory and checkpoint.
    fn end(&mut self, judgement: &mut Judgement, last: Last) {
        if let Some(lister) = self.lister.take() {
            lister.end(judgement, last.now);
        }
        let Some(keeper) = self.memory.as_mut().and_then(|memory| memory.keeper.take()) else { return };
        let kept = || checkpoint(self.learning.as_ref(), &self.run, judgement, last.now);
        keeper.end((!self.finishing).then(kept));
    }

    /// Tells, as an alert, what keeps the sensor from its work.
    fn tell_troubles(&mut self, judgement: &mut Judgement, read: &Read) -> io::Result<()> {
        let lost = read.losses.interface + read.losses.ring + read.losses.pipeline;
        let packets = read.counts.packets;
        let (since, packets_before, lost_before) = self.last.replace((read.now, packets, lost)).unwrap_or_default();
        let first = if since == Timestamp::EPOCH { read.now } else { since };
        let overload = Hindrance::Overload {
            lost: lost.saturating_sub(lost_before),
            read: packets.saturating_sub(packets_before),
        };
        let state = self.memory.as_ref().is_some_and(|memory| memory.kept.is_failing.load(Ordering::Relaxed));
        let unwritten = [
            (self.events.as_ref().is_some_and(EventFile::is_failing), Unwritten::Events),
            (self.recorder.as_ref().is_some_and(|recorder| !recorder.is_going_on()), Unwritten::Recording),
            (state, Unwritten::State),
            (self.lister.as_ref().is_some_and(Lister::is_failing), Unwritten::Inventory),
        ];
        let unwritten = unwritten.into_iter().find_map(|(is_so, what)| is_so.then_some(Hindrance::Unwritten { what }));
        let overload = Some(overload).filter(|_| lost > lost_before);
        for what in overload.into_iter().chain(unwritten) {
            judgement.sensor(&Trouble { what, first, last: read.now })?;
        }
        Ok(())
    }

    fn news(&self, judgement: &mut Judgement, read: &Read, counted: &[Counted]) -> News {
        let behaviour = judgement.judge.behaviour().as_deref();
        let adapted = behaviour.and_then(|behaviour| behaviour.scorer.as_ref()).map(|scorer| scorer.widened());
        News {
            totals: totals::add_up(self.run.clone(), read, counted, judgement),
            interfaces: read.interfaces.clone(),
            now: read.now,
            events_lost: self.events.as_ref().map_or(0, EventFile::lost),
            events_failing: self.events.as_ref().is_some_and(EventFile::is_failing),
            recording: self.recorder.as_ref().map(Recorder::is_going_on),
            inventory_failing: self.lister.as_ref().is_some_and(Lister::is_failing),
            kept: self.memory.as_ref().map(|memory| Arc::clone(&memory.kept)),
            learning_left: self.learning.as_ref().map(Learning::left),
            adapted,
            unwatched: self.run.unwatched.as_ref().map(|unwatched| unwatched.seconds),
        }
    }
}

/// Alerts that were raised so far.
fn raised(judgement: &Judgement) -> u64 {
    judgement.judge.alerts().raised().iter().flat_map(|(_, raised)| raised).sum()
}

/// What is to be kept of the moment.
fn checkpoint(learning: Option<&Learning>, run: &Run, judgement: &mut Judgement, now: Timestamp) -> Checkpoint {
    if let Some(learning) = learning {
        return learning.checkpoint(&mut judgement.judge);
    }
    let behaviour = judgement.judge.behaviour().as_deref();
    let scorer = behaviour.and_then(|behaviour| Some((behaviour.scorer.as_ref()?, &behaviour.parties)));
    let kept = Kept {
        time: now.nanos(),
        learned_seconds: None,
        baseline: run.digests.get("baseline").cloned(),
        adapted: scorer.map(|(scorer, parties)| scorer.adapted(parties)).unwrap_or_default(),
    };
    Checkpoint { kept, learned: None }
}
