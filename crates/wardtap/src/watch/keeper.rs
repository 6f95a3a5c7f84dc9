//! The thread that keeps checkpoints, and makes the baseline once enough was learned: beside the packets, since it takes time.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use wardtap_behaviour::baseline::file::Baseline;
use wardtap_capture::live::release_free_memory;

use super::pulse::moment;
use super::state::{Checkpoint, State};
use crate::baselines;
use crate::commands::baseline::report;
use crate::output::Replacement;

/// After a baseline that could not be written, until the next try.
const RETRY: Duration = Duration::from_secs(10);

/// For so long the end waits for a baseline that is being made.
const END_WAIT: Duration = Duration::from_secs(1);

/// Held by whoever replaces the baseline's file.
pub type Pen = Arc<Mutex<()>>;

/// What came of it.
#[derive(Default)]
pub struct Kept {
    pub stored: AtomicU64,
    pub failed: AtomicU64,
    /// When the latest one was stored, in nanoseconds since 1970, and its octets.
    pub latest: AtomicU64,
    pub octets: AtomicU64,
    /// How long storing it took, in nanoseconds.
    pub took: AtomicU64,
    /// The last one could not be stored.
    pub is_failing: AtomicBool,
}

/// What is to be done.
enum Job {
    Store(Box<Checkpoint>),
    /// Enough was learned: it becomes a baseline.
    Finish(Box<Checkpoint>),
}

/// What the thread needs to finish learning.
pub struct Finishing {
    /// Where the baseline goes.
    pub baseline: PathBuf,
    pub pen: Pen,
    /// Has the baseline compared with.
    pub then: Box<dyn Fn() + Send>,
}

/// The thread.
pub struct Keeper {
    to: Sender<Job>,
    thread: JoinHandle<State>,
    /// Nothing comes; it is closed once the thread has ended.
    ended: Receiver<()>,
    kept: Arc<Kept>,
}

impl Keeper {
    /// Begins it.
    pub fn begin(state: State, finishing: Option<Finishing>, kept: Arc<Kept>) -> io::Result<Self> {
        let (to, from) = bounded(1);
        let told = Arc::clone(&kept);
        let (ending, ended) = bounded(0);
        let thread = thread::Builder::new().name("keeper".to_owned()).spawn(move || {
            let _ending = ending;
            keep(&state, finishing.as_ref(), &told, &from);
            state
        })?;
        Ok(Self { to, thread, ended, kept })
    }

    /// Has a checkpoint stored. False where the one before is still being stored.
    pub fn store(&self, checkpoint: Checkpoint) -> bool {
        self.to.try_send(Job::Store(Box::new(checkpoint))).is_ok()
    }

    /// Has what was learned become the baseline.
    pub fn finish(&self, checkpoint: Checkpoint) -> bool {
        self.to.try_send(Job::Finish(Box::new(checkpoint))).is_ok()
    }

    /// Whether a job would find room.
    pub fn is_free(&self) -> bool {
        !self.to.is_full()
    }

    /// Stores the last checkpoint, once what was begun is done. Without one a baseline is being made: where that takes long it is
    /// let go, since whoever starts again makes it of the checkpoint that there is.
    pub fn end(self, last: Option<Checkpoint>) {
        let Self { to, thread, ended, kept } = self;
        drop(to);
        if last.is_none() && ended.recv_timeout(END_WAIT) == Err(RecvTimeoutError::Timeout) {
            eprintln!(
                "wardtap: what was learned is not a baseline in force yet: the next start goes on from what was kept"
            );
            return;
        }
        let Ok(state) = thread.join() else {
            eprintln!("wardtap: the thread that keeps the state had ended before");
            return;
        };
        if let Some(last) = last {
            store(&state, &last, &kept);
        }
    }
}

fn keep(state: &State, finishing: Option<&Finishing>, kept: &Kept, from: &Receiver<Job>) {
    while let Ok(job) = from.recv() {
        match job {
            Job::Store(checkpoint) => store(state, &checkpoint, kept),
            Job::Finish(checkpoint) => {
                // Until there is a baseline, whoever starts again finishes this.
                store(state, &checkpoint, kept);
                let (Some(finishing), Some(learned)) = (finishing, checkpoint.learned) else { continue };
                finish(*learned, finishing, from);
            }
        }
    }
}

/// Makes a baseline of what was learned, however often it takes until there is room for it, or the run ends.
fn finish(mut learned: Baseline, finishing: &Finishing, from: &Receiver<Job>) {
    let path = &finishing.baseline;
    let budget = learned.front.profiles.thresholds.budget;
    let mut told = false;
    loop {
        let done = learned.calibrate(budget).map_err(anyhow::Error::from).and_then(|()| {
            let _pen = finishing.pen.lock().unwrap_or_else(PoisonError::into_inner);
            baselines::put(&learned, Replacement::of(path, "the baseline")?)
        });
        match done {
            Ok(()) => break,
            Err(error) if !std::mem::replace(&mut told, true) => {
                eprintln!("wardtap: {error:#}: learning is over, and this is tried again until it is written");
            }
            Err(_) => {}
        }
        // Nothing else comes: the pipeline neither learns nor compares meanwhile.
        if from.recv_timeout(RETRY).is_err_and(|error| error == RecvTimeoutError::Disconnected) {
            return;
        }
    }
    eprintln!("wardtap: learning is over; from here on it is compared with {}:", path.display());
    eprint!("{}", report::write(&learned, &path.display().to_string()));
    // What is compared with is read from the file, and takes its place.
    drop(learned);
    release_free_memory();
    (finishing.then)();
}

fn store(state: &State, checkpoint: &Checkpoint, kept: &Kept) {
    let begun = moment();
    match state.store(checkpoint) {
        Ok(octets) => {
            let took = moment().saturating_duration_since(begun).as_nanos();
            kept.took.store(u64::try_from(took).unwrap_or(u64::MAX), Ordering::Relaxed);
            kept.stored.fetch_add(1, Ordering::Relaxed);
            kept.latest.store(checkpoint.kept.time, Ordering::Relaxed);
            kept.octets.store(octets, Ordering::Relaxed);
            if kept.is_failing.swap(false, Ordering::Relaxed) {
                eprintln!("wardtap: {}: is kept again", state.folder().display());
            }
        }
        Err(error) => {
            kept.failed.fetch_add(1, Ordering::Relaxed);
            if !kept.is_failing.swap(true, Ordering::Relaxed) {
                eprintln!("wardtap: {error:#}; the checkpoint before it stays; all else goes on");
            }
        }
    }
}
