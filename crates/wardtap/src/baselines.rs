//! Reads and writes baseline files.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::thread;

use anyhow::anyhow;
use sha2::{Digest, Sha256};
use wardtap_behaviour::baseline::file::{Baseline, BaselineError, Front, FrontReader, Header, LINE_MAX};
use wardtap_behaviour::baseline::normal::Normal;
use wardtap_net::hexadecimal::hexadecimal;

use crate::output::Replacement;

/// So much of a file is read at once.
const PIECE: u64 = 1 << 18;

/// All of a baseline.
pub fn whole(path: &Path) -> anyhow::Result<Baseline> {
    let file = octets(path)?;
    Baseline::from_bytes(&file).map_err(|error| anyhow!("{}: {error}", path.display()))
}

/// The first part of a baseline.
pub fn front(path: &Path) -> anyhow::Result<Front> {
    reader(path)?.finish().map_err(|error| anyhow!("{}: {error}", path.display()))
}

/// Makes something of what scoring goes by, while the rest of the file is read; and the file's SHA-256.
pub fn normal<T>(path: &Path, make: impl FnOnce(Normal) -> Result<T, BaselineError>) -> anyhow::Result<(T, String)> {
    let begun = begin(path)?;
    let (front_to, front) = crossbeam_channel::bounded(1);
    let checked = move || -> anyhow::Result<String> {
        let mut reader = FrontReader::new(begun.1);
        in_pieces(path, begun, |piece| {
            reader.take(piece);
            // Whoever waits for it waits until it is there.
            reader.first_part().into_iter().for_each(|front| drop(front_to.send(front)));
        })?;
        reader.check().map_err(|error| wrong(path, &error))
    };
    let (checked, made) = thread::scope(|scope| {
        let checked = scope.spawn(checked);
        let made = front.recv().ok().map(|front| Normal::of(front).and_then(make));
        (checked.join(), made)
    });
    // What is damaged is that first of all, whatever it seems to hold.
    let digest = checked.map_err(|_| anyhow!("{}: cannot be checked", path.display()))??;
    let made = made.unwrap_or(Err(BaselineError::NoBaseline));
    let made = made.map_err(|error| wrong(path, &error))?;
    Ok((made, digest))
}

fn reader(path: &Path) -> anyhow::Result<FrontReader> {
    let begun = begin(path)?;
    let mut reader = FrontReader::new(begun.1);
    in_pieces(path, begun, |piece| reader.take(piece))?;
    Ok(reader)
}

/// How many octets a baseline has by its first line; none where that is no file, which can be read only once.
pub fn length(path: &Path) -> anyhow::Result<u64> {
    if !fs::metadata(path).map_err(|error| unreadable(path, error))?.is_file() {
        return Ok(0);
    }
    Ok(begin(path)?.1.octets() as u64)
}

/// A file, a piece at a time.
fn in_pieces(
    path: &Path,
    (mut piece, header, mut file): (Vec<u8>, Header, File),
    mut take: impl FnMut(&[u8]),
) -> anyhow::Result<()> {
    // One more shows that it is longer than it says.
    let mut rest = header.octets().saturating_add(1).saturating_sub(piece.len() as u64);
    while !piece.is_empty() {
        take(&piece);
        piece.clear();
        rest -= read(&mut piece, &mut file, rest.min(PIECE)).map_err(|error| unreadable(path, error))? as u64;
    }
    Ok(())
}

/// The octets of a file that begins as a baseline does: of another, however large, no more than its beginning is read.
fn octets(path: &Path) -> anyhow::Result<Vec<u8>> {
    let (mut octets, header, mut file) = begin(path)?;
    // One more shows that it is longer than it says.
    let rest = header.octets().saturating_add(1).saturating_sub(octets.len() as u64);
    read(&mut octets, &mut file, rest).map_err(|error| unreadable(path, error))?;
    Ok(octets)
}

/// The SHA-256 of a baseline file; None of a pipe, which can be read only once.
pub fn digest(path: &Path) -> anyhow::Result<Option<String>> {
    if !fs::metadata(path).map_err(|error| unreadable(path, error))?.is_file() {
        return Ok(None);
    }
    let mut file = File::open(path).map_err(|error| unreadable(path, error))?;
    let (mut digest, mut piece) = (Sha256::new(), Vec::new());
    while read(&mut piece, &mut file, PIECE).map_err(|error| unreadable(path, error))? > 0 {
        digest.update(&piece);
        piece.clear();
    }
    Ok(Some(hexadecimal(&digest.finalize())))
}

/// Puts a baseline in its place.
pub fn put(baseline: &Baseline, place: Replacement) -> anyhow::Result<()> {
    let (line, _) = baseline.line()?;
    place.put_by(|to| {
        let written = baseline.write(&line, &mut |piece| to.write_all(piece));
        written.map_err(|failed| failed.unwrap_or_else(|| io::ErrorKind::InvalidData.into()))
    })
}

/// How a file begins.
fn begin(path: &Path) -> anyhow::Result<(Vec<u8>, Header, File)> {
    let mut file = File::open(path).map_err(|error| unreadable(path, error))?;
    let mut octets = Vec::new();
    read(&mut octets, &mut file, LINE_MAX as u64).map_err(|error| unreadable(path, error))?;
    let header = Header::of(&octets).map_err(|error: BaselineError| anyhow!("{}: {error}", path.display()))?;
    Ok((octets, header, file))
}

fn wrong(path: &Path, error: &BaselineError) -> anyhow::Error {
    anyhow!("{}: {error}", path.display())
}

fn read(into: &mut Vec<u8>, from: &mut File, at_most: u64) -> io::Result<usize> {
    from.take(at_most).read_to_end(into)
}

fn unreadable(path: &Path, error: io::Error) -> anyhow::Error {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => {
            anyhow!("{path}: there is no such baseline: `wardtap learn CAPTURE... --out {path}` makes one")
        }
        _ => anyhow!(
            "{path}: cannot read the baseline: {error}: name a file that `wardtap learn` made and that may be read"
        ),
    }
}
