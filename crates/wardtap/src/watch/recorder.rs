//! `--record`: what was dissected, as pcapng.

use std::fs::OpenOptions;
use std::io::{self, BufWriter};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use wardtap_capture::{Block, Input, Recording};

use crate::output::{place, unwritable};

/// Packets go out in pieces of this size.
const PIECE: usize = 1 << 20;

/// Records until it fails: a recording with a hole would replay as something that did not happen.
pub struct Recorder {
    path: PathBuf,
    recording: Option<Recording<BufWriter<std::fs::File>>>,
}

impl Recorder {
    /// Begins a file, in place of what is there: for its owner alone, since packets hold what is said of patients.
    pub fn begin(path: &Path, inputs: &[Input]) -> anyhow::Result<Self> {
        let refused = |error| unwritable("the recording", &place(Some(path)), error);
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
        let program = concat!("wardtap ", env!("CARGO_PKG_VERSION"));
        let to = BufWriter::with_capacity(PIECE, file.map_err(refused)?);
        let recording = Recording::begin(to, program, inputs).map_err(refused)?;
        Ok(Self { path: path.to_owned(), recording: Some(recording) })
    }

    /// Records a block.
    pub fn take(&mut self, block: &Block) {
        self.attempt(|recording| recording.write(block));
    }

    /// Has all of it reach the file.
    pub fn flush(&mut self) {
        self.attempt(Recording::flush);
    }

    /// Whether it goes on.
    pub const fn is_going_on(&self) -> bool {
        self.recording.is_some()
    }

    fn attempt(&mut self, act: impl FnOnce(&mut Recording<BufWriter<std::fs::File>>) -> io::Result<()>) {
        let Some(recording) = &mut self.recording else { return };
        if let Err(error) = act(recording) {
            let path = self.path.display();
            eprintln!("wardtap: {path}: the recording ends here: {error}: all else goes on; make room and start again");
            self.recording = None;
        }
    }
}
