//! Captures out and in: pcap with nanoseconds (draft-ietf-opsawg-pcap), little endian out, either byte order in.

use anyhow::{Context, Result, bail, ensure};
use std::io::{self, Read, Write};

use crate::clock::Time;

const NANOSECONDS: u32 = 0xa1b2_3c4d;
const MICROSECONDS: u32 = 0xa1b2_c3d4;
const ETHERNET: u32 = 1;
const SNAPLEN: u32 = 262_144;

/// Octets of a capture that are written in one go: more than that would leave the processor's cache before.
const BATCH: usize = 1 << 17;

/// Writes a capture.
#[derive(Debug)]
pub struct Writer<W: Write> {
    to: W,
    batch: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Begins a capture of Ethernet frames.
    pub fn new(to: W) -> Self {
        let mut batch = Vec::with_capacity(BATCH + 4096);
        batch.extend_from_slice(&NANOSECONDS.to_le_bytes());
        batch.extend_from_slice(&[2, 0, 4, 0]);
        batch.extend_from_slice(&[0; 8]);
        batch.extend_from_slice(&SNAPLEN.to_le_bytes());
        batch.extend_from_slice(&ETHERNET.to_le_bytes());
        Self { to, batch }
    }

    /// One frame, of which the capture holds `bytes` and the wire carried `length`.
    ///
    /// # Errors
    /// What the writer below says.
    pub fn frame(&mut self, time: Time, bytes: &[u8], length: usize) -> io::Result<()> {
        let words = [time.secs() as u32, (time.0 % 1_000_000_000) as u32, bytes.len() as u32, length as u32];
        let mut header = [0; 16];
        for (place, word) in header.chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        self.batch.extend_from_slice(&header);
        self.batch.extend_from_slice(bytes);
        if self.batch.len() >= BATCH {
            self.to.write_all(&self.batch)?;
            self.batch.clear();
        }
        Ok(())
    }

    /// Ends the capture.
    ///
    /// # Errors
    /// What the writer below says.
    pub fn finish(mut self) -> io::Result<()> {
        self.to.write_all(&self.batch)?;
        self.to.flush()
    }
}

/// A frame of a capture that was read.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// When it was captured.
    pub time: Time,
    /// Its octets.
    pub bytes: Vec<u8>,
}

/// Longer records are damage: no link carries them.
const LONGEST: usize = SNAPLEN as usize;

/// Reads a capture of Ethernet frames, one after the other.
#[derive(Debug)]
pub struct Reader<R> {
    from: R,
    big_endian: bool,
    /// Nanoseconds of a unit of the fraction.
    unit: u64,
}

impl<R: Read> Reader<R> {
    /// Reads the capture's header.
    ///
    /// # Errors
    /// Where it cannot be read, or is another.
    pub fn new(mut from: R) -> Result<Self> {
        let mut header = [0; 24];
        from.read_exact(&mut header).context("it is shorter than a header")?;
        let little = word(&header, 0, false);
        let (big_endian, unit) = match (little, little.swap_bytes()) {
            (NANOSECONDS, _) => (false, 1),
            (MICROSECONDS, _) => (false, 1000),
            (_, NANOSECONDS) => (true, 1),
            (_, MICROSECONDS) => (true, 1000),
            _ => bail!("it begins with {little:#010x}"),
        };
        let link = word(&header, 20, big_endian) & 0xffff;
        ensure!(link == ETHERNET, "its link type is {link}");
        Ok(Self { from, big_endian, unit })
    }

    /// Reads the next frame into `frame`; false where there is none.
    ///
    /// # Errors
    /// What the reader below says; of [`io::ErrorKind::InvalidData`] where a record is cut short, or makes no sense.
    pub fn next(&mut self, frame: &mut Frame) -> io::Result<bool> {
        let mut header = [0; 16];
        match fill(&mut self.from, &mut header)? {
            0 => return Ok(false),
            16 => {}
            _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "a record's header is cut short")),
        }
        let word = |at| word(&header, at, self.big_endian);
        let length = word(8) as usize;
        frame.time = Time(u64::from(word(0)) * 1_000_000_000 + u64::from(word(4)) * self.unit);
        frame.bytes.resize(length.min(LONGEST), 0);
        if length > LONGEST || fill(&mut self.from, &mut frame.bytes)? < length {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a record is cut short"));
        }
        Ok(true)
    }
}

fn word(bytes: &[u8], at: usize, big_endian: bool) -> u32 {
    let raw = std::array::from_fn(|place| bytes[at + place]);
    if big_endian { u32::from_be_bytes(raw) } else { u32::from_le_bytes(raw) }
}

/// Fills `bytes` as far as there is something to read.
fn fill(from: &mut impl Read, bytes: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < bytes.len() {
        match from.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// All frames of a small capture.
///
/// # Errors
/// Where it is something else than a capture of Ethernet frames, or damaged.
pub fn parse(bytes: &[u8]) -> Result<Vec<Frame>> {
    let mut reader = Reader::new(bytes)?;
    let (mut frames, mut frame) = (Vec::new(), Frame::default());
    while reader.next(&mut frame)? {
        frames.push(frame.clone());
    }
    Ok(frames)
}
