//! Approvals while it watches, by a Unix socket in the state folder: one request a connection, a line of JSON each way.
//!
//! Whoever may write to the socket (its owner and group) may approve. Requests are served one after the other, on a thread of
//! their own; a client that is slow is cut off, and nothing that it says reaches the pipeline but what it approves.

use std::fs::{self, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use wardtap_behaviour::baseline::approval::Accepted;

use super::behind::{Inbox, Mail};
use super::event_file::numbered;
use super::keeper::Pen;
use crate::baselines;
use crate::commands::baseline::approve;
use crate::output::Replacement;

/// The socket's name in the state folder.
pub const SOCKET: &str = "approve.sock";
/// The longest request: a hundred ids and a few words.
pub const REQUEST_MAX: usize = 4096;
/// The longest answer.
pub const ANSWER_MAX: u64 = 64 * 1024;
/// The most alerts of one request.
pub const ALERTS_MAX: usize = 64;
/// How long a client may take to say what it wants, and to hear the answer.
const CLIENT_MILLIS_MAX: u64 = 2000;
/// After an error of accepting.
const PAUSE: Duration = Duration::from_millis(100);

/// What is asked for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Request {
    /// Accepts what alerts are about.
    Approve {
        /// Their ids.
        alerts: Vec<String>,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It was done: what, in lines.
    Done(Vec<String>),
    /// It was not: why.
    Refused(String),
}

/// Approvals, by what came of them.
#[derive(Default)]
pub struct Approvals {
    pub done: AtomicU64,
    pub refused: AtomicU64,
}

/// The socket, bound.
pub struct Office(UnixListener);

/// What requests are answered from.
pub struct Desk {
    /// The baseline's file.
    pub baseline: Option<PathBuf>,
    /// The events file, and how many rotated ones there may be.
    pub events: Option<PathBuf>,
    pub rotated: u8,
    pub pen: Pen,
    pub inbox: Inbox,
    pub approvals: Arc<Approvals>,
}

impl Office {
    /// Takes the socket in the state folder, which nobody else has.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(SOCKET);
        let bound = || {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let listener = UnixListener::bind(&path)?;
            fs::set_permissions(&path, Permissions::from_mode(0o660))?;
            Ok(listener)
        };
        let listener = bound().with_context(|| {
            format!("{}: cannot be listened on: name a --state folder with a shorter name, to which the user who runs wardtap may write", path.display())
        })?;
        Ok(Self(listener))
    }

    /// Serves until the process ends.
    pub fn serve(self, desk: Desk) -> io::Result<()> {
        thread::Builder::new().name("approvals".to_owned()).spawn(move || {
            loop {
                match self.0.accept() {
                    Ok((stream, _)) => desk.serve(&stream),
                    Err(_) => thread::sleep(PAUSE),
                }
            }
        })?;
        Ok(())
    }
}

impl Desk {
    fn serve(&self, stream: &UnixStream) {
        let answer = match request(stream).and_then(|request| self.answer(&request)) {
            Ok(said) => {
                self.approvals.done.fetch_add(1, Ordering::Relaxed);
                Answer::Done(said)
            }
            Err(error) => {
                self.approvals.refused.fetch_add(1, Ordering::Relaxed);
                Answer::Refused(format!("{error:#}"))
            }
        };
        let mut line = serde_json::to_vec(&answer).unwrap_or_default();
        line.push(b'\n');
        // Whether it is still there to hear it is the client's affair.
        drop(stream.set_write_timeout(Some(Duration::from_millis(CLIENT_MILLIS_MAX))));
        drop((&*stream).write_all(&line));
    }

    fn answer(&self, request: &Request) -> anyhow::Result<Vec<String>> {
        let Request::Approve { alerts, by, reason } = request;
        if alerts.is_empty() || alerts.len() > ALERTS_MAX {
            bail!("1 to {ALERTS_MAX} alerts can be approved at once");
        }
        let by = crate::cli::words(by).map_err(|error| anyhow::anyhow!("by: {error}"))?;
        let reason = crate::cli::words(reason).map_err(|error| anyhow::anyhow!("reason: {error}"))?;
        let Some(in_force) = self.inbox.baseline_in_force() else {
            bail!("there is nothing to approve: this sensor compares with no baseline, or is still learning one");
        };
        let (Some(path), Some(events)) = (&self.baseline, &self.events) else {
            bail!("alerts are looked up in the events file, and this sensor writes none: give it --events FILE");
        };
        if self.inbox.is_full() {
            bail!("too much was approved within a second: try again");
        }
        let _pen = self.pen.lock().unwrap_or_else(PoisonError::into_inner);
        if baselines::digest(path)?.as_ref() != Some(&in_force) {
            bail!("{}: has changed since it was read: send SIGHUP, then approve again", path.display());
        }
        let files: Vec<PathBuf> = std::iter::once(events.clone())
            .chain((1..=self.rotated).map(|number| numbered(events, number)).filter(|path| path.exists()))
            .collect();
        let mut baseline = baselines::whole(path)?;
        let mut accepted = Accepted::default();
        let said = approve::add_alerts(&mut accepted, &baseline.front, alerts, &files)?;
        approve::enter(&mut baseline, approve::now()?, by.clone(), reason, alerts.clone(), accepted.clone())?;
        baselines::put(&baseline, Replacement::of(path, "the baseline")?)?;
        let digest = baselines::digest(path)?;
        self.inbox.put(Mail::Approved(Box::new(accepted), digest));
        eprintln!("wardtap: {}: {by} has approved {}", path.display(), alerts.join(", "));
        Ok(said)
    }
}

/// What a client asks for, if it says so in time.
fn request(stream: &UnixStream) -> anyhow::Result<Request> {
    let begun = moment();
    let (mut line, mut piece) = (Vec::new(), [0; 1024]);
    while !line.contains(&b'\n') {
        let left = Duration::from_millis(CLIENT_MILLIS_MAX).saturating_sub(begun.elapsed());
        if left.is_zero() {
            bail!("that took too long");
        }
        stream.set_read_timeout(Some(left))?;
        let read = (&*stream).read(&mut piece).context("that took too long")?;
        if read == 0 {
            bail!("a request is one line");
        }
        line.extend_from_slice(piece.get(..read).unwrap_or_default());
        if line.len() > REQUEST_MAX {
            bail!("that is more than {REQUEST_MAX} octets: approve fewer alerts at once");
        }
    }
    serde_json::from_slice(&line).context("that is no request that this wardtap knows")
}

fn moment() -> Instant {
    #[allow(clippy::disallowed_methods, reason = "how long somebody takes who is no packet")]
    Instant::now()
}

/// Asks the sensor that keeps its state in a folder.
pub fn ask(folder: &Path, request: &Request) -> anyhow::Result<Vec<String>> {
    let path = folder.join(SOCKET);
    let unreachable = || {
        format!(
            "{}: no sensor answers there: is `wardtap watch --state {}` running, and may you write to its socket?",
            path.display(),
            folder.display()
        )
    };
    let mut stream = UnixStream::connect(&path).with_context(unreachable)?;
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    // An answer takes as long as it takes to read and write the baseline; others may be served before.
    stream.set_read_timeout(Some(Duration::from_secs(300)))?;
    let mut answer = Vec::new();
    // Where it is refused before all of it was said, the answer says why.
    drop(stream.write_all(&line));
    stream.take(ANSWER_MAX).read_to_end(&mut answer).with_context(unreachable)?;
    match serde_json::from_slice(&answer).with_context(unreachable)? {
        Answer::Done(said) => Ok(said),
        Answer::Refused(why) => bail!("{why}"),
    }
}
