//! The events file of a run that never ends: whole lines, appended; rotated, reopened, and written again when the disk has
//! room again.
//!
//! A disk that is full stops nothing. What could not be written waits, up to [`WAITING_MAX`]; lines beyond that are lost and
//! counted. A line is never left torn: what was written of one when the disk was full is cut off again, and so is one that
//! an earlier run left when it was killed.
//!
//! A file that somebody has renamed or removed without saying so (SIGUSR1) is noticed: what nobody finds nobody reads.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wardtap_net::packet::Timestamp;

use super::whereabouts::Whereabouts;
use crate::cli::RotateArgs;
use crate::output::{place, unwritable};

/// Octets that wait to be written: minutes of alerts.
const WAITING_MAX: usize = 4 << 20;

/// From here on they are written without being asked for.
const PIECE: usize = 256 * 1024;

/// After a rotation that failed, seconds until the next try.
const RETRY_SECONDS: u64 = 60;

/// Octets at the end of a file in which its last whole line is looked for: more than any event has.
const TAIL: u64 = 1 << 20;

/// An events file, shared by whoever writes it and whoever rotates it.
#[derive(Clone)]
pub struct EventFile(Arc<Mutex<Inner>>);

struct Inner {
    path: PathBuf,
    rotate: RotateArgs,
    file: File,
    /// Octets of whole lines in it.
    length: u64,
    /// When its first line was written, or it was opened.
    since: Option<Timestamp>,
    waiting: Vec<u8>,
    /// Lines lost.
    lost: u64,
    /// The last write failed.
    failing: bool,
    /// No rotation before this.
    retry: u64,
    whereabouts: Whereabouts,
}

impl EventFile {
    /// Opens a file, at whose end is appended.
    pub fn open(path: &Path, rotate: RotateArgs) -> anyhow::Result<Self> {
        let (file, length) = append(path).map_err(|error| unwritable("events", &place(Some(path)), error))?;
        Ok(Self(Arc::new(Mutex::new(Inner {
            path: path.to_owned(),
            rotate,
            file,
            length,
            since: None,
            waiting: Vec::new(),
            lost: 0,
            failing: false,
            retry: 0,
            whereabouts: Whereabouts::default(),
        }))))
    }

    /// Writes what waits, and rotates when it is time.
    pub fn second(&self, now: Timestamp) {
        let mut inner = self.lock();
        inner.write_waiting();
        inner.follow();
        inner.rotate(now);
    }

    /// Opens the file of this name again, which somebody else may have renamed.
    pub fn reopen(&self) {
        let mut inner = self.lock();
        inner.write_waiting();
        inner.reopen();
    }

    /// Lines that were lost, since they could not be written for too long.
    pub fn lost(&self) -> u64 {
        self.lock().lost
    }

    /// Whether the last write failed, or went where nobody finds it.
    pub fn is_failing(&self) -> bool {
        let inner = self.lock();
        inner.failing || inner.whereabouts.is_lost()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing is left half done where it can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for EventFile {
    /// Takes whole lines.
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let mut inner = self.lock();
        if inner.waiting.len() + lines.len() > WAITING_MAX {
            inner.write_waiting();
        }
        if inner.waiting.len() + lines.len() > WAITING_MAX && inner.failing {
            inner.lost += lines.iter().filter(|octet| **octet == b'\n').count() as u64;
            return Ok(lines.len());
        }
        inner.waiting.extend_from_slice(lines);
        if inner.waiting.len() >= PIECE && !inner.failing {
            inner.write_waiting();
        }
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut inner = self.lock();
        // Where it fails, once a second is often enough to try.
        if !inner.failing {
            inner.write_waiting();
        }
        Ok(())
    }
}

impl Inner {
    fn write_waiting(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        match self.file.write_all(&self.waiting) {
            Ok(()) => {
                self.length += self.waiting.len() as u64;
                self.waiting.clear();
                self.waiting.shrink_to(2 * PIECE);
                if std::mem::take(&mut self.failing) {
                    eprintln!("wardtap: {}: is written again; {} events were lost", self.path.display(), self.lost);
                }
            }
            Err(error) => {
                // What was written of it is cut off: it comes again as a whole. A pipe cannot be cut, nor be full; what somebody
                // has cut before is not to grow by it.
                let there = self.file.metadata().map_or(0, |facts| facts.len());
                self.length = self.length.min(there);
                drop(self.file.set_len(self.length));
                if !std::mem::replace(&mut self.failing, true) {
                    let path = self.path.display();
                    eprintln!("wardtap: {path}: cannot be written: {error}: make room there; all else goes on");
                }
            }
        }
    }

    /// Sees whether the file of this name is still the one that is written.
    fn follow(&mut self) {
        // What somebody has cut goes on from there. A pipe has no length, and is never rotated.
        self.length = self.file.metadata().map_or(self.length, |facts| self.length.min(facts.len()));
        if self.whereabouts.second(&self.path, &self.file) && self.reopen() {
            eprintln!("wardtap: {}: was renamed or removed: another one is written", self.path.display());
            self.whereabouts = Whereabouts::default();
        }
    }

    fn rotate(&mut self, now: Timestamp) {
        let since = *self.since.get_or_insert(now);
        let old = now.since(since) / 1_000_000_000 >= self.rotate.rotate_age.as_secs();
        if self.length == 0 || !(old || self.length >= self.rotate.rotate_size) || now.seconds() < self.retry {
            return;
        }
        if let Err(error) = shift(&self.path, self.rotate.rotate_keep) {
            self.retry = now.seconds() + RETRY_SECONDS;
            let path = self.path.display();
            eprintln!("wardtap: {path}: cannot be rotated: {error}: let the user who runs wardtap write to its folder");
            return;
        }
        self.since = Some(now);
        self.reopen();
    }

    /// True where it was opened.
    fn reopen(&mut self) -> bool {
        match append(&self.path) {
            Ok((file, length)) => (self.file, self.length) = (file, length),
            Err(error) => {
                let path = self.path.display();
                eprintln!("wardtap: {path}: cannot be opened again: {error}: the old file is written on");
                return false;
            }
        }
        true
    }
}

/// FILE.1 becomes FILE.2, and so on, and FILE becomes FILE.1; the last one goes.
pub fn shift(path: &Path, keep: u8) -> io::Result<()> {
    if keep == 0 {
        return fs::remove_file(path);
    }
    for number in (1..keep).rev() {
        match fs::rename(numbered(path, number), numbered(path, number + 1)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::rename(path, numbered(path, 1))
}

/// FILE.N.
pub fn numbered(path: &Path, number: u8) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

/// Opens a file to append to, behind its last whole line; answers how long it is up to there.
fn append(path: &Path) -> io::Result<(File, u64)> {
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o640);
    // What may be written but not read, as a pipe, has no torn line that could be seen.
    let is_file = fs::metadata(path).map_or(true, |facts| facts.is_file());
    let mut file = options.read(is_file).open(path)?;
    if !is_file {
        return Ok((file, 0));
    }
    let length = file.metadata()?.len();
    let begin = length.saturating_sub(TAIL);
    file.seek(SeekFrom::Start(begin))?;
    let mut tail = Vec::new();
    Read::by_ref(&mut file).take(TAIL).read_to_end(&mut tail)?;
    let whole = tail.iter().rposition(|octet| *octet == b'\n').map_or(0, |end| end + 1) as u64;
    let end = begin + whole;
    if end < length && (begin == 0 || whole > 0) {
        file.set_len(end)?;
        return Ok((file, end));
    }
    Ok((file, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rotate(size: u64, keep: u8) -> RotateArgs {
        RotateArgs { rotate_size: size, rotate_age: std::time::Duration::from_secs(3600), rotate_keep: keep }
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(1_700_000_000 + seconds)
    }

    #[test]
    fn a_torn_line_of_an_earlier_run_is_cut_off_and_whole_ones_stay() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("events");
        for (before, after) in [("", "3\n"), ("1\n", "1\n3\n"), ("1\n2", "1\n3\n"), ("12", "3\n")] {
            fs::write(&path, before).unwrap();
            let mut file = EventFile::open(&path, rotate(1 << 20, 3)).unwrap();
            file.write_all(b"3\n").unwrap();
            file.flush().unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), after, "{before:?}");
        }
    }

    #[test]
    fn it_is_rotated_by_size_and_by_age_and_the_oldest_go() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("events");
        let mut file = EventFile::open(&path, rotate(4, 2)).unwrap();
        for line in 1..=4 {
            writeln!(file, "00{line}").unwrap();
            file.second(at(line));
        }
        let text = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(
            (text("events"), text("events.1"), text("events.2")),
            (String::new(), "004\n".into(), "003\n".into())
        );
        assert!(!folder.path().join("events.3").exists());
        writeln!(file, "5").unwrap();
        file.second(at(3603));
        assert_eq!(text("events"), "5\n", "neither large nor old");
        file.second(at(3604));
        assert_eq!((text("events"), text("events.1")), (String::new(), "5\n".into()), "an hour old");
    }

    #[test]
    fn it_is_opened_again_when_somebody_has_renamed_it() {
        let folder = tempfile::TempDir::new().unwrap();
        let (path, other) = (folder.path().join("events"), folder.path().join("other"));
        let mut file = EventFile::open(&path, rotate(1 << 20, 3)).unwrap();
        file.write_all(b"1\n").unwrap();
        fs::rename(&path, &other).unwrap_or_default();
        file.reopen();
        file.write_all(b"2\n").unwrap();
        file.flush().unwrap();
        assert_eq!(
            (fs::read_to_string(&other).unwrap(), fs::read_to_string(&path).unwrap()),
            ("1\n".into(), "2\n".into())
        );
    }

    #[test]
    fn a_file_that_somebody_has_taken_away_is_made_again_and_one_that_was_cut_does_not_grow() {
        let folder = tempfile::TempDir::new().unwrap();
        let (path, other) = (folder.path().join("events"), folder.path().join("other"));
        let text = |path: &Path| fs::read_to_string(path).unwrap();
        let mut file = EventFile::open(&path, rotate(1 << 20, 3)).unwrap();
        let line = |file: &mut EventFile, number: u64| {
            writeln!(file, "{number}").unwrap();
            file.second(at(number));
        };
        line(&mut file, 1);
        fs::rename(&path, &other).unwrap();
        line(&mut file, 2);
        assert!(!path.exists(), "who has renamed it may be about to say so");
        line(&mut file, 3);
        line(&mut file, 4);
        assert_eq!((text(&other), text(&path)), ("1\n2\n3\n".into(), "4\n".into()));
        fs::remove_file(&path).unwrap();
        line(&mut file, 5);
        line(&mut file, 6);
        line(&mut file, 7);
        assert_eq!(text(&path), "7\n");
        // Copied and cut: what comes then stands at the beginning, also behind a disk that was full meanwhile.
        File::options().write(true).open(&path).unwrap().set_len(0).unwrap();
        let whole = std::mem::replace(&mut file.lock().file, File::options().write(true).open("/dev/full").unwrap());
        line(&mut file, 8);
        assert!(file.is_failing());
        file.lock().file = whole;
        line(&mut file, 9);
        assert_eq!(text(&path), "8\n9\n");
        assert_eq!(file.lock().length, 4);
        // Where no other can be begun, what is written counts as not written.
        let (inner, gone) = (folder.path().join("inner"), folder.path().join("gone"));
        fs::create_dir(&inner).unwrap();
        let mut file = EventFile::open(&inner.join("events"), rotate(1 << 20, 3)).unwrap();
        fs::rename(&inner, &gone).unwrap();
        (11..=12).for_each(|number| line(&mut file, number));
        assert!(!file.is_failing());
        line(&mut file, 13);
        assert!(file.is_failing());
        fs::rename(&gone, &inner).unwrap();
        line(&mut file, 14);
        assert!(!file.is_failing(), "it is found again");
    }

    #[test]
    fn a_full_disk_loses_only_what_there_is_no_room_for_and_is_recovered_from() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("events");
        let mut file = EventFile::open(&path, rotate(1 << 40, 3)).unwrap();
        file.lock().file = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let line = [&[b'x'; 1023][..], b"\n"].concat();
        for _ in 0..WAITING_MAX / 1024 + 10 {
            file.write_all(&line).unwrap();
            file.flush().unwrap();
        }
        assert!(file.is_failing());
        assert_eq!(file.lost(), 10);
        file.lock().reopen();
        file.second(at(1));
        assert!(!file.is_failing());
        assert_eq!(fs::metadata(&path).unwrap().len() as usize, WAITING_MAX);
    }
}
