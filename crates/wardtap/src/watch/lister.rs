//! The inventory of a live run: made between batches now and then, written by a thread beside the packets.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use wardtap_export::inventory;
use wardtap_net::packet::Timestamp;

use super::pulse::moment;
use crate::judgement::Judgement;
use crate::output::Replacement;

/// The thread, and what it is to be given when.
pub struct Lister {
    to: Sender<Vec<u8>>,
    thread: JoinHandle<()>,
    format: inventory::Format,
    interfaces: Vec<String>,
    every: Duration,
    latest: Option<Instant>,
    /// The last one could not be written.
    is_failing: Arc<AtomicBool>,
}

impl Lister {
    /// Begins it, for a file that is written anew so often. What can never be written fails here, not minutes later.
    pub fn begin(path: PathBuf, interfaces: Vec<String>, every: Duration) -> anyhow::Result<Self> {
        drop(Replacement::of(&path, "the inventory")?);
        let format = inventory::Format::of(&path.to_string_lossy());
        let (to, from) = bounded(1);
        let is_failing = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&is_failing);
        let thread = thread::Builder::new().name("lister".to_owned()).spawn(move || write(&path, &from, &told))?;
        Ok(Self { to, thread, format, interfaces, every, latest: None, is_failing })
    }

    /// Whether the last one could not be written.
    pub fn is_failing(&self) -> bool {
        self.is_failing.load(Ordering::Relaxed)
    }

    /// Has it written, when it is time.
    pub fn second(&mut self, judgement: &Judgement, now: Timestamp) {
        let moment = moment();
        let latest = *self.latest.get_or_insert(moment);
        if moment.saturating_duration_since(latest) < self.every || self.to.is_full() {
            return;
        }
        self.latest = Some(moment);
        if let Some(file) = self.make(judgement, now) {
            // It has room: nobody else gives it anything.
            drop(self.to.try_send(file));
        }
    }

    /// Writes it for the last time.
    pub fn end(self, judgement: &Judgement, now: Timestamp) {
        if let Some(file) = self.make(judgement, now) {
            drop(self.to.send(file));
        }
        drop(self.to);
        if self.thread.join().is_err() {
            eprintln!("wardtap: the thread that writes the inventory had ended before");
        }
    }

    fn make(&self, judgement: &Judgement, now: Timestamp) -> Option<Vec<u8>> {
        let devices = inventory::devices(judgement.judge.inventory()?, judgement.known(), &self.interfaces);
        match self.format.write(&devices, now) {
            Ok(file) => Some(file),
            Err(error) => {
                eprintln!("wardtap: the inventory cannot be made: {error}");
                None
            }
        }
    }
}

fn write(path: &std::path::Path, from: &Receiver<Vec<u8>>, is_failing: &AtomicBool) {
    while let Ok(file) = from.recv() {
        match Replacement::of(path, "the inventory").and_then(|to| to.put(&file)) {
            Ok(()) if is_failing.swap(false, Ordering::Relaxed) => {
                eprintln!("wardtap: {}: the inventory is written again", path.display());
            }
            Ok(()) => {}
            Err(error) if !is_failing.swap(true, Ordering::Relaxed) => {
                eprintln!("wardtap: {error:#}; the one before it stays; all else goes on");
            }
            Err(_) => {}
        }
    }
}
