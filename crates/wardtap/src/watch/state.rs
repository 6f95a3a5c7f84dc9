//! The state of a live run, kept in a folder from one start to the next.
//!
//! ```text
//! wardtap checkpoint 1 <octets of the first part> <octets of the second> <SHA-256 of both>\n
//! ```
//! The first part is JSON: up to when was watched, and how far what is normal has widened. The second, while learning, is what
//! was learned, as a baseline file. Both stand in one file, so that they are always of one moment. It is written beside the old
//! one and takes its name, and the old one becomes `checkpoint.1`: whenever the machine stops, one of the two is whole.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use wardtap_behaviour::baseline::file::{Baseline, FILE_MAX};
use wardtap_behaviour::scoring::Adapted;
use wardtap_net::hexadecimal::hexadecimal;

use crate::output::{place, unwritable};

/// What every checkpoint begins with.
const MAGIC: &str = "wardtap checkpoint 1 ";
/// The longest first line.
const LINE_MAX: usize = 160;
/// The most octets of the first part: what ten thousand devices can have widened takes a tenth of it.
const KEPT_MAX: u64 = 256 << 20;

/// Characters of a SHA-256.
const DIGEST_CHARS: usize = 64;

/// The latest checkpoint, the one before, and one that was damaged.
const LATEST: &str = "checkpoint";
const BEFORE: &str = "checkpoint.1";
const DAMAGED: &str = "checkpoint.damaged";
/// One that is being written.
const NEW: &str = "checkpoint.new";
/// Whoever holds its lock has the folder.
const LOCK: &str = "lock";

/// The folder. Nobody else has it while this lives.
pub struct State {
    folder: PathBuf,
    lock: File,
}

impl Drop for State {
    fn drop(&mut self) {
        // Closing does not do it where a program is being started: until it runs, its process has the descriptor too.
        drop(self.lock.unlock());
    }
}

/// What is kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// Up to when was watched, in nanoseconds since 1970.
    pub time: u64,
    /// While learning: for how many seconds was watched.
    pub learned_seconds: Option<u64>,
    /// Of the baseline that was compared with: SHA-256.
    pub baseline: Option<String>,
    /// How far what is normal has widened.
    pub adapted: Vec<Adapted>,
}

/// A checkpoint.
#[derive(Clone, Debug, Default)]
pub struct Checkpoint {
    pub kept: Kept,
    /// What was learned, while learning.
    pub learned: Option<Box<Baseline>>,
}

impl State {
    /// Opens the folder, which is made where it is missing.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        let refused = |error: io::Error| {
            let folder = folder.display();
            let sentence = format!(
                "{folder}: cannot keep the state there: {error}: make the folder, and let the user who runs wardtap write to it"
            );
            anyhow::Error::new(error).context(sentence)
        };
        match fs::DirBuilder::new().mode(0o750).create(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(refused(error)),
            _ => {}
        }
        let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(folder.join(LOCK));
        let lock = lock.map_err(refused)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { folder: folder.to_owned(), lock }),
            Err(TryLockError::WouldBlock) => {
                bail!("{}: another wardtap keeps its state there: name another folder", folder.display())
            }
            Err(TryLockError::Error(error)) => Err(refused(error)),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The latest checkpoint; where it is damaged, which is told, the one before.
    pub fn load(&self) -> Option<Checkpoint> {
        for name in [LATEST, BEFORE] {
            let path = self.folder.join(name);
            match read(&path) {
                Ok(checkpoint) => return Some(checkpoint),
                Err(error) if is_missing(&error) => {}
                Err(error) => {
                    let next =
                        if name == LATEST { "the one before it is taken" } else { "none is left, so it begins anew" };
                    eprintln!("wardtap: {}: {error:#}; {next}", path.display());
                    // Else it would become the one before, in place of one that is whole.
                    drop(fs::rename(&path, self.folder.join(DAMAGED)));
                }
            }
        }
        None
    }

    /// Keeps a checkpoint; answers its octets.
    pub fn store(&self, checkpoint: &Checkpoint) -> anyhow::Result<u64> {
        let file = Written::of(checkpoint)?;
        let new = self.folder.join(NEW);
        self.put(&new, &file).map_err(|error| unwritable("the state", &place(Some(&self.folder)), error))
    }

    fn put(&self, new: &Path, file: &Written<'_>) -> io::Result<u64> {
        // One that a killed run has left, or a link that somebody has put there: it is made anew, never written through.
        match fs::remove_file(new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(new).and_then(|mut to| {
            let octets = file.write(&mut to)?;
            to.sync_all()?;
            Ok(octets)
        });
        let octets = match written {
            Ok(octets) => octets,
            Err(error) => {
                // A disk that is full has room for other things again.
                drop(fs::remove_file(new));
                return Err(error);
            }
        };
        let latest = self.folder.join(LATEST);
        match fs::rename(&latest, self.folder.join(BEFORE)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::rename(new, latest)?;
        File::open(&self.folder)?.sync_all()?;
        Ok(octets)
    }
}

/// A checkpoint as it is written: what was learned goes out piece by piece, since a copy of it would take as much memory as
/// it has octets.
struct Written<'a> {
    kept: Vec<u8>,
    learned: Option<(&'a Baseline, String)>,
    /// How many octets that has.
    octets: u64,
}

impl<'a> Written<'a> {
    fn of(checkpoint: &'a Checkpoint) -> anyhow::Result<Self> {
        let kept = serde_json::to_vec(&checkpoint.kept)?;
        let Some(learned) = checkpoint.learned.as_deref() else { return Ok(Self { kept, learned: None, octets: 0 }) };
        let (line, octets) = learned.line()?;
        Ok(Self { kept, learned: Some((learned, line)), octets })
    }

    /// Answers its octets.
    fn write(&self, to: &mut (impl Write + Seek)) -> io::Result<u64> {
        let line = |digest: &str| format!("{MAGIC}{} {} {digest}\n", self.kept.len(), self.octets);
        // The digest is known once all is written, and takes its place then.
        let placeholder = line(&"0".repeat(DIGEST_CHARS));
        to.write_all(placeholder.as_bytes())?;
        let mut digest = Sha256::new();
        let mut put = |octets: &[u8]| {
            digest.update(octets);
            to.write_all(octets)
        };
        put(&self.kept)?;
        if let Some((learned, line)) = &self.learned {
            learned
                .write(line, &mut put)
                .map_err(|failed| failed.unwrap_or_else(|| io::ErrorKind::InvalidData.into()))?;
        }
        to.seek(SeekFrom::Start(0))?;
        to.write_all(line(&hexadecimal(&digest.finalize())).as_bytes())?;
        Ok(placeholder.len() as u64 + self.kept.len() as u64 + self.octets)
    }
}

fn is_missing(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
}

fn read(path: &Path) -> anyhow::Result<Checkpoint> {
    let mut file = Vec::new();
    File::open(path)?.take(LINE_MAX as u64 + KEPT_MAX + FILE_MAX + 1).read_to_end(&mut file)?;
    parse(&file)
}

fn parse(file: &[u8]) -> anyhow::Result<Checkpoint> {
    let none = || anyhow!("is no checkpoint of this wardtap");
    let start = file.get(..LINE_MAX).unwrap_or(file);
    let end = start.iter().position(|octet| *octet == b'\n').ok_or_else(none)?;
    let line = start.get(..end).and_then(|line| std::str::from_utf8(line).ok()).ok_or_else(none)?;
    let words: Vec<&str> = line.strip_prefix(MAGIC).ok_or_else(none)?.split(' ').collect();
    let [kept, learned, expected] = words[..] else { return Err(none()) };
    let (kept, learned): (usize, usize) = (kept.parse()?, learned.parse()?);
    let body = file.get(end + 1..).unwrap_or_default();
    if Some(body.len()) != kept.checked_add(learned) {
        bail!("is damaged: it has {} octets behind its first line and should have {kept} and {learned}", body.len());
    }
    let (kept, learned) = body.split_at_checked(kept).ok_or_else(none)?;
    if digest(&[kept, learned]) != expected {
        bail!("is damaged: its digest is wrong");
    }
    let kept = serde_json::from_slice(kept).context("holds what no wardtap writes")?;
    let learned = Some(learned).filter(|learned| !learned.is_empty());
    let learned = learned.map(|learned| Baseline::from_bytes(learned).map(Box::new)).transpose()?;
    Ok(Checkpoint { kept, learned })
}

fn digest(parts: &[&[u8]]) -> String {
    let mut digest = Sha256::new();
    parts.iter().for_each(|part| digest.update(part));
    hexadecimal(&digest.finalize())
}

#[cfg(test)]
mod tests {
    use wardtap_behaviour::baseline::file::StoredSite;
    use wardtap_behaviour::site::Site;

    use super::*;

    fn at(time: u64) -> Checkpoint {
        let mut baseline = Baseline::default();
        baseline.front.site = StoredSite::of(&Site::default());
        let learned = Some(Box::new(baseline)).filter(|_| time.is_multiple_of(2));
        Checkpoint { kept: Kept { time, learned_seconds: Some(7), ..Kept::default() }, learned }
    }

    #[test]
    fn what_is_stored_is_loaded_and_the_one_before_where_the_latest_is_damaged_anywhere() {
        let folder = tempfile::TempDir::new().unwrap();
        let state = State::open(&folder.path().join("state")).unwrap();
        assert!(state.load().is_none());
        for time in 1..=3 {
            assert!(state.store(&at(time)).unwrap() > 0);
            assert_eq!(state.load().unwrap().kept.time, time);
        }
        let latest = state.folder().join(LATEST);
        let whole = fs::read(&latest).unwrap();
        for place in [0, 25, whole.len() / 2, whole.len() - 1] {
            let mut damaged = whole.clone();
            damaged[place] ^= 1;
            fs::write(&latest, &damaged).unwrap();
            assert_eq!(state.load().unwrap().kept.time, 2, "damaged at {place}");
        }
        for length in 0..whole.len() {
            fs::write(&latest, &whole[..length]).unwrap();
            assert_eq!(state.load().unwrap().kept.time, 2, "cut to {length}");
        }
        // As a machine that stops between the two renamings leaves it.
        assert!(!latest.exists());
        assert_eq!(state.load().unwrap().kept.time, 2);
        state.store(&at(4)).unwrap();
        assert_eq!(state.load().unwrap().kept.time, 4);
        assert!(state.load().unwrap().learned.is_some());
    }

    #[test]
    fn nothing_is_written_through_a_link_in_the_folder() {
        let folder = tempfile::TempDir::new().unwrap();
        let state = State::open(&folder.path().join("state")).unwrap();
        let other = folder.path().join("other");
        fs::write(&other, "somebody's").unwrap();
        for name in [NEW, LATEST, BEFORE] {
            std::os::unix::fs::symlink(&other, state.folder().join(name)).unwrap();
        }
        for time in [1, 3, 5] {
            state.store(&at(time)).unwrap();
        }
        assert_eq!(state.load().unwrap().kept.time, 5);
        assert_eq!(fs::read_to_string(&other).unwrap(), "somebody's");
        let is_file = |name: &str| fs::symlink_metadata(state.folder().join(name)).unwrap().is_file();
        assert!(is_file(LATEST) && is_file(BEFORE));
    }

    #[test]
    fn a_folder_is_one_wardtaps() {
        let folder = tempfile::TempDir::new().unwrap();
        let first = State::open(folder.path()).unwrap();
        let second = State::open(folder.path()).err().unwrap().to_string();
        assert!(second.contains("another wardtap keeps its state there"), "{second}");
        // As a program that is being started has it.
        let _copy = first.lock.try_clone().unwrap();
        drop(first);
        State::open(folder.path()).map(drop).unwrap();
    }
}
