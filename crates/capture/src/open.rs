//! Captures by their paths: opened, several merged, and those whose turn is far off closed again.

use std::{
    fs::File,
    io::{self, ErrorKind, Read},
    os::fd::AsFd,
    path::{Path, PathBuf},
};

use crate::{
    bounds::Bounds,
    error::CaptureError,
    file::FileSource,
    merge::{Lane, Merge},
    source::PacketSource,
};

/// The path that stands for standard input.
const STANDARD_INPUT: &str = "-";

/// How many captures can be merged: records number them with 16 bits.
const MOST_INPUTS: usize = 65_536;

/// Of more captures than this, each is closed once its first record was seen, until the others have come to there: a
/// sensor's rotated files are thousands, more than may be open, and a packed one takes a megabyte and its window.
const MOST_OPEN: usize = 16;

/// Opens one or several captures; `-` is standard input. Several are merged by time.
///
/// Plain and packed captures are told apart by their first bytes, which are read here, so this waits for a FIFO or a pipe
/// that has nothing to say yet.
///
/// # Errors
/// When one of them cannot be opened, or holds nothing that can be read. A capture that is damaged further on opens
/// and reports [`Damage`](crate::Damage).
pub fn open(paths: &[PathBuf]) -> Result<Box<dyn PacketSource>, CaptureError> {
    open_within(paths, Bounds::default())
}

/// [`open`], within bounds.
///
/// # Errors
/// As [`open`]; and when one of them needs more than `bounds` to be unpacked, from its first frame on.
pub fn open_within(paths: &[PathBuf], bounds: Bounds) -> Result<Box<dyn PacketSource>, CaptureError> {
    let count = paths.len();
    if count > MOST_INPUTS {
        return Err(CaptureError::TooMany { given: count, most: MOST_INPUTS });
    }
    if paths.iter().filter(|path| path.as_os_str() == STANDARD_INPUT).count() > 1 {
        return Err(CaptureError::StandardInputTwice);
    }
    let mut lanes = Vec::with_capacity(count);
    for (index, path) in paths.iter().enumerate() {
        let place = Place { path: path.clone(), input: number(index), bounds };
        let source = place.open()?;
        // Only a file of known length is one that can be read twice.
        let again = source.total().is_some() && count > MOST_OPEN;
        let mut lane = Lane::new(source, count, bounds.blocks);
        if again {
            lane.park(place);
        }
        lanes.push(lane);
    }
    together(lanes)
}

/// Opens a capture from any reader, under the name it is to have in messages and records.
///
/// # Errors
/// As [`open`].
pub fn open_bytes(capture: &str, reader: Box<dyn Read + Send>) -> Result<Box<dyn PacketSource>, CaptureError> {
    open_readers(vec![(capture.to_owned(), reader)])
}

/// Opens several captures from readers, each under its name, and merges them by time.
///
/// # Errors
/// As [`open`].
pub fn open_readers(captures: Vec<(String, Box<dyn Read + Send>)>) -> Result<Box<dyn PacketSource>, CaptureError> {
    let count = captures.len();
    if count > MOST_INPUTS {
        return Err(CaptureError::TooMany { given: count, most: MOST_INPUTS });
    }
    let lane = |(index, (capture, reader))| {
        let bounds = Bounds::default();
        Ok(Lane::new(FileSource::new(capture, number(index), reader, None, bounds)?, count, bounds.blocks))
    };
    together(captures.into_iter().enumerate().map(lane).collect::<Result<_, _>>()?)
}

/// One source of all; merged where there are several.
fn together(mut lanes: Vec<Lane>) -> Result<Box<dyn PacketSource>, CaptureError> {
    if lanes.len() > 1 {
        return Ok(Box::new(Merge::new(lanes)));
    }
    lanes.pop().map(|only| Box::new(only.into_source()) as Box<dyn PacketSource>).ok_or(CaptureError::Nothing)
}

/// An index as records carry it.
fn number(index: usize) -> u16 {
    u16::try_from(index).unwrap_or(u16::MAX)
}

/// Where a capture is found, and how it is opened.
pub(crate) struct Place {
    path: PathBuf,
    input: u16,
    bounds: Bounds,
}

impl Place {
    /// Opens it, from its beginning.
    pub(crate) fn open(&self) -> Result<FileSource, CaptureError> {
        let (reader, total) = open_path(&self.path)?;
        FileSource::new(self.path.display().to_string(), self.input, reader, total, self.bounds)
    }
}

/// A path's bytes, and how many there are where that is known.
fn open_path(path: &Path) -> Result<(Box<dyn Read + Send>, Option<u64>), CaptureError> {
    let fault = |source: io::Error| CaptureError::Io { capture: path.display().to_string(), source };
    let is_standard_input = path.as_os_str() == STANDARD_INPUT;
    let file = if is_standard_input {
        File::from(io::stdin().as_fd().try_clone_to_owned().map_err(fault)?)
    } else {
        File::open(path).map_err(fault)?
    };
    let facts = file.metadata().map_err(fault)?;
    if facts.is_dir() {
        if is_standard_input {
            return Err(fault(ErrorKind::IsADirectory.into()));
        }
        let capture = path.display().to_string();
        return Err(CaptureError::Directory { inside: capture.trim_end_matches('/').to_owned(), capture });
    }
    let total = facts.is_file().then_some(facts.len());
    Ok((Box::new(file), total))
}
