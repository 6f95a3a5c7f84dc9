//! `--record`: what was dissected, as pcapng; rotated as events are.
//!
//! Each file is a recording by itself, without a hole: where it cannot be written on, for example since the disk is full, it
//! ends behind its last whole packet, and a new one begins once there is room again. The same where somebody renames or removes it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use wardtap_capture::{Block, Input, Recording};
use wardtap_net::packet::Timestamp;

use super::event_file::shift;
use super::whereabouts::Whereabouts;
use crate::cli::RotateArgs;
use crate::output::{place, unwritable};

/// Packets go out in pieces of this size.
const PIECE: usize = 1 << 20;

/// After a file that ended before its time, seconds until the next one is tried.
const RETRY_SECONDS: u64 = 10;

/// Records.
pub struct Recorder {
    path: PathBuf,
    rotate: RotateArgs,
    inputs: Vec<Input>,
    going_on: Option<GoingOn>,
    /// When the file at hand began.
    since: Option<Timestamp>,
    /// No new file before this.
    retry: u64,
    whereabouts: Whereabouts,
}

struct GoingOn {
    recording: Recording<BufWriter<Counted>>,
    /// Octets of whole packets that have reached the file.
    whole: u64,
}

/// A file, and how many octets have reached it.
struct Counted {
    file: File,
    octets: u64,
}

impl Write for Counted {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let written = self.file.write(octets)?;
        self.octets += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Recorder {
    /// Begins a file; what is there is rotated away.
    pub fn begin(path: &Path, rotate: RotateArgs, inputs: &[Input]) -> anyhow::Result<Self> {
        let refused = |error| unwritable("the recording", &place(Some(path)), error);
        let inputs = inputs.to_vec();
        let (path, whereabouts) = (path.to_owned(), Whereabouts::default());
        let mut recorder = Self { path, rotate, inputs, going_on: None, since: None, retry: 0, whereabouts };
        recorder.going_on = Some(recorder.open().map_err(refused)?);
        Ok(recorder)
    }

    /// Records a block.
    pub fn take(&mut self, block: &Block) {
        self.attempt(|recording| recording.write(block));
    }

    /// Has all of it reach the file.
    pub fn flush(&mut self) {
        self.attempt(Recording::flush);
        if let Some(going_on) = &mut self.going_on {
            going_on.whole = going_on.recording.to().get_ref().octets;
        }
    }

    /// A second is over: flushes, and begins the next file when it is time.
    pub fn second(&mut self, now: Timestamp) {
        self.flush();
        let since = *self.since.get_or_insert(now);
        let is_elsewhere = self.is_elsewhere();
        let begins = match &self.going_on {
            Some(_) if is_elsewhere => true,
            Some(going_on) => {
                let old = now.since(since) / 1_000_000_000 >= self.rotate.rotate_age.as_secs();
                (old || going_on.whole >= self.rotate.rotate_size) && now.seconds() >= self.retry
            }
            None if self.retry == 0 => {
                self.retry = now.seconds() + RETRY_SECONDS;
                false
            }
            None => now.seconds() >= self.retry,
        };
        if !begins {
            return;
        }
        match self.open() {
            Ok(next) => {
                let path = self.path.display();
                match self.going_on.replace(next) {
                    None => eprintln!("wardtap: {path}: a new recording begins"),
                    Some(_) if is_elsewhere => {
                        eprintln!("wardtap: {path}: was renamed or removed: another one is written")
                    }
                    Some(_) => {}
                }
                (self.since, self.retry, self.whereabouts) = (Some(now), 0, Whereabouts::default());
            }
            Err(error) => {
                if self.going_on.is_some() {
                    let path = self.path.display();
                    eprintln!("wardtap: {path}: cannot be begun anew: {error}: the old file is written on");
                }
                self.retry = now.seconds() + RETRY_SECONDS;
            }
        }
    }

    /// Whether it goes on, where it can be found.
    pub const fn is_going_on(&self) -> bool {
        self.going_on.is_some() && !self.whereabouts.is_lost()
    }

    /// Whether somebody has renamed or removed the file, so that another one is to be begun.
    fn is_elsewhere(&mut self) -> bool {
        let Some(going_on) = &self.going_on else { return false };
        self.whereabouts.second(&self.path, &going_on.recording.to().get_ref().file)
    }

    /// Begins a file in place of what is there: for its owner alone, since packets hold what is said of patients.
    fn open(&self) -> io::Result<GoingOn> {
        // A pipe is written on, and a file without a packet is of no use to anybody.
        if fs::metadata(&self.path).is_ok_and(|facts| facts.is_file() && facts.len() > 0) {
            shift(&self.path, self.rotate.rotate_keep)?;
        }
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&self.path)?;
        let begun = self.begin_in(file);
        if begun.is_err() && fs::metadata(&self.path).is_ok_and(|facts| facts.is_file()) {
            // Else what there was room for of its head would be rotated as a recording, and one that is whole would go for it.
            drop(fs::remove_file(&self.path));
        }
        begun
    }

    fn begin_in(&self, file: File) -> io::Result<GoingOn> {
        let to = BufWriter::with_capacity(PIECE, Counted { file, octets: 0 });
        let recording = Recording::begin(to, concat!("wardtap ", env!("CARGO_PKG_VERSION")), &self.inputs)?;
        let mut going_on = GoingOn { recording, whole: 0 };
        going_on.recording.flush()?;
        going_on.whole = going_on.recording.to().get_ref().octets;
        Ok(going_on)
    }

    fn attempt(&mut self, act: impl FnOnce(&mut Recording<BufWriter<Counted>>) -> io::Result<()>) {
        let Some(going_on) = &mut self.going_on else { return };
        let Err(error) = act(&mut going_on.recording) else { return };
        if let Some(GoingOn { recording, whole }) = self.going_on.take() {
            // What waits is let go; of a packet of which a part was written, that is cut off.
            let (Counted { file, .. }, _) = recording.into_inner().into_parts();
            drop(file.set_len(whole));
        }
        let path = self.path.display();
        eprintln!(
            "wardtap: {path}: the recording ends here: {error}: make room there; all else goes on, and a new one begins then"
        );
    }
}

#[cfg(test)]
mod tests {
    use wardtap_capture::Record;
    use wardtap_net::packet::LinkType;

    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(1_700_000_000 + seconds)
    }

    fn block(number: u64) -> Block {
        let mut block = Block::new();
        let link = LinkType::ETHERNET;
        block.push(
            Record { time: at(number), frame: number, offset: 0, captured: 0, sent: 60, input: 0, link },
            &[7; 60],
        );
        block
    }

    fn input() -> Input {
        Input::begun("span0", LinkType::ETHERNET)
    }

    fn packets(path: &Path) -> u64 {
        let mut source = wardtap_capture::open(&[path.to_owned()]).unwrap();
        let (mut block, mut packets) = (Block::new(), 0);
        while source.fill(&mut block) {
            packets += block.records.len() as u64;
        }
        assert_eq!(source.damage(), [], "{}", path.display());
        packets
    }

    #[test]
    fn each_file_is_a_whole_recording_and_a_disk_that_was_full_begins_the_next() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("recording");
        let rotate = RotateArgs { rotate_size: 400, rotate_age: std::time::Duration::from_secs(100), rotate_keep: 3 };
        let mut recorder = Recorder::begin(&path, rotate, &[input()]).unwrap();
        for second in 1..=4 {
            recorder.take(&block(second));
            recorder.second(at(second));
        }
        let numbered = |number| super::super::event_file::numbered(&path, number);
        assert!(numbered(1).exists(), "by size");
        let rotated: u64 = [&path, &numbered(1), &numbered(2)]
            .into_iter()
            .filter(|path| path.exists())
            .map(|path| packets(path))
            .sum();
        assert_eq!(rotated, 4);
        recorder.take(&block(5));
        recorder.second(at(5));
        let before = packets(&path);
        // The disk is full.
        if let Some(going_on) = &mut recorder.going_on {
            let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
            let (whole, file) =
                (going_on.whole, std::mem::replace(&mut going_on.recording.to_mut().get_mut().file, full));
            drop((whole, file));
        }
        recorder.take(&block(6));
        recorder.second(at(6));
        assert!(!recorder.is_going_on());
        recorder.take(&block(7));
        recorder.second(at(7));
        assert_eq!(packets(&path), before, "what was whole stays");
        recorder.second(at(30));
        assert!(recorder.is_going_on());
        recorder.take(&block(31));
        recorder.flush();
        assert_eq!((packets(&path), packets(&numbered(1))), (1, before));
    }

    #[test]
    fn a_recording_that_somebody_has_taken_away_ends_whole_and_another_one_begins() {
        let folder = tempfile::TempDir::new().unwrap();
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).unwrap();
        let (path, moved) = (inner.join("recording"), folder.path().join("moved"));
        let rotate =
            RotateArgs { rotate_size: 1 << 20, rotate_age: std::time::Duration::from_secs(1000), rotate_keep: 3 };
        let mut recorder = Recorder::begin(&path, rotate, &[input()]).unwrap();
        let mut seconds = 0;
        let mut pass = |recorder: &mut Recorder, count: u64| {
            for _ in 0..count {
                seconds += 1;
                recorder.take(&block(seconds));
                recorder.second(at(seconds));
            }
        };
        pass(&mut recorder, 1);
        fs::rename(&path, &moved).unwrap();
        pass(&mut recorder, 1);
        assert!(!path.exists(), "who has renamed it may be about to say so");
        pass(&mut recorder, 3);
        assert_eq!((packets(&moved), packets(&path)), (3, 2));
        // Removed, and its folder with it: what is written nobody finds, and that is no recording that goes on.
        let gone = folder.path().join("gone");
        fs::rename(&inner, &gone).unwrap();
        pass(&mut recorder, 2);
        assert!(recorder.is_going_on());
        pass(&mut recorder, 1);
        assert!(!recorder.is_going_on());
        fs::rename(&gone, &inner).unwrap();
        pass(&mut recorder, 1);
        assert!(recorder.is_going_on(), "it is found again");
        fs::remove_file(&path).unwrap();
        pass(&mut recorder, 3);
        assert_eq!(packets(&path), 1);
    }
}
