//! Captures out and in: pcap with nanoseconds (draft-ietf-opsawg-pcap), little endian out, either byte order in.

use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use crate::clock::Time;

const NANOSECONDS: u32 = 0xa1b2_3c4d;
const MICROSECONDS: u32 = 0xa1b2_c3d4;
const ETHERNET: u32 = 1;
const SNAPLEN: u32 = 262_144;

/// Writes a capture.
#[derive(Debug)]
pub struct Writer<W: Write> {
    to: W,
}

impl<W: Write> Writer<W> {
    /// Begins a capture of Ethernet frames.
    ///
    /// # Errors
    /// What `to` says.
    pub fn new(mut to: W) -> io::Result<Self> {
        let mut header = Vec::with_capacity(24);
        header.extend_from_slice(&NANOSECONDS.to_le_bytes());
        header.extend_from_slice(&[2, 0, 4, 0]);
        header.extend_from_slice(&[0; 8]);
        header.extend_from_slice(&SNAPLEN.to_le_bytes());
        header.extend_from_slice(&ETHERNET.to_le_bytes());
        to.write_all(&header)?;
        Ok(Self { to })
    }

    /// One frame, of which the capture holds `bytes` and the wire carried `length`.
    ///
    /// # Errors
    /// What the writer below says.
    pub fn frame(&mut self, time: Time, bytes: &[u8], length: usize) -> io::Result<()> {
        let mut header = [0; 16];
        header[..4].copy_from_slice(&(time.secs() as u32).to_le_bytes());
        header[4..8].copy_from_slice(&((time.0 % 1_000_000_000) as u32).to_le_bytes());
        header[8..12].copy_from_slice(&(bytes.len() as u32).to_le_bytes());
        header[12..].copy_from_slice(&(length as u32).to_le_bytes());
        self.to.write_all(&header)?;
        self.to.write_all(bytes)
    }

    /// Ends the capture.
    ///
    /// # Errors
    /// What the writer below says.
    pub fn finish(mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// A frame of a capture that was read.
#[derive(Clone, Debug)]
pub struct Frame {
    /// When it was captured.
    pub time: Time,
    /// Its octets.
    pub bytes: Vec<u8>,
}

/// Reads a small capture of Ethernet frames whole.
///
/// # Errors
/// Where it cannot be read or is something else.
pub fn read(path: &Path) -> Result<Vec<Frame>> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    parse(&bytes).with_context(|| format!("{} is no capture of Ethernet frames in pcap", path.display()))
}

/// A small capture of Ethernet frames from its octets.
///
/// # Errors
/// Where it is something else, or cut short.
pub fn parse(bytes: &[u8]) -> Result<Vec<Frame>> {
    ensure!(bytes.len() >= 24, "it is shorter than a header");
    let raw = |at: usize| -> [u8; 4] { std::array::from_fn(|place| bytes[at + place]) };
    let little = u32::from_le_bytes(raw(0));
    let (big_endian, unit) = match (little, little.swap_bytes()) {
        (NANOSECONDS, _) => (false, 1),
        (MICROSECONDS, _) => (false, 1000),
        (_, NANOSECONDS) => (true, 1),
        (_, MICROSECONDS) => (true, 1000),
        _ => bail!("it begins with {little:#010x}"),
    };
    let word = |at: usize| if big_endian { u32::from_be_bytes(raw(at)) } else { u32::from_le_bytes(raw(at)) };
    ensure!(word(20) & 0xffff == ETHERNET, "its link type is {}", word(20) & 0xffff);
    let mut frames = Vec::new();
    let mut at = 24;
    while at < bytes.len() {
        ensure!(at + 16 <= bytes.len(), "a record's header is cut short at octet {at}");
        let length = word(at + 8) as usize;
        let data =
            bytes.get(at + 16..at + 16 + length).with_context(|| format!("a record is cut short at octet {at}"))?;
        let time = Time(u64::from(word(at)) * 1_000_000_000 + u64::from(word(at + 4)) * unit);
        frames.push(Frame { time, bytes: data.to_vec() });
        at += 16 + length;
    }
    Ok(frames)
}
