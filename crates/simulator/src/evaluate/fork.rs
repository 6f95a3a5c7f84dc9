//! Copies of the process, each for one piece of work.
//!
//! A hospital's tasks are closures and cannot be copied; the process that holds them can. Its copies share the past's memory
//! until they write to it.

use anyhow::{Context, Result};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use crate::clock::ms;

/// Copies at work.
#[derive(Debug)]
pub(super) struct Pool {
    limit: usize,
    running: Vec<(libc::pid_t, String)>,
    /// Names of those that failed.
    pub(super) failed: Vec<String>,
    done: usize,
    all: usize,
}

impl Pool {
    /// At most so many at a time, and so many in all.
    pub(super) fn new(limit: usize, all: usize) -> Self {
        Self { limit: limit.max(1), running: Vec::new(), failed: Vec::new(), done: 0, all }
    }

    /// Has a copy do something, as soon as there is room for one more.
    pub(super) fn spawn(&mut self, name: String, work: impl FnOnce() -> Result<()>) -> Result<()> {
        self.wait_below(self.limit)?;
        let pid = fork(work).with_context(|| format!("cannot fork for {name}"))?;
        self.running.push((pid, name));
        Ok(())
    }

    /// Waits for all.
    pub(super) fn finish(&mut self) -> Result<()> {
        self.wait_below(1)
    }

    fn wait_below(&mut self, limit: usize) -> Result<()> {
        loop {
            for place in (0..self.running.len()).rev() {
                let Some(well) = ended(self.running[place].0).context("cannot wait for a copy")? else { continue };
                let (_, name) = self.running.remove(place);
                self.done += 1;
                eprintln!("[{}/{}] {name}{}", self.done, self.all, if well { "" } else { ": FAILED" });
                if !well {
                    self.failed.push(name);
                }
            }
            if self.running.len() < limit {
                return Ok(());
            }
            thread::sleep(ms(20));
        }
    }
}

/// Makes a copy, which does its work and ends.
fn fork(work: impl FnOnce() -> Result<()>) -> io::Result<libc::pid_t> {
    // SAFETY: `evaluate` runs in one thread, so nobody else holds a lock or is half way through something in the copy.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            let code = match catch_unwind(AssertUnwindSafe(work)) {
                Ok(Ok(())) => 0,
                Ok(Err(error)) => {
                    eprintln!("wardtap-simulator: {error:#}");
                    1
                }
                Err(_) => 101,
            };
            // SAFETY: it ends the copy here. What the original has begun (buffers, files to be removed) is not the copy's
            // to finish.
            unsafe { libc::_exit(code) }
        }
        pid => Ok(pid),
    }
}

/// Whether a copy has ended, and whether well.
fn ended(pid: libc::pid_t) -> io::Result<Option<bool>> {
    let mut status = 0;
    // SAFETY: `status` outlives the call, and `pid` is a child that nobody else waits for.
    match unsafe { libc::waitpid(pid, &raw mut status, libc::WNOHANG) } {
        0 => Ok(None),
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(Some(status == 0)),
    }
}
