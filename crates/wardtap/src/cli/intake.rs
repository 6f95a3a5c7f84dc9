//! Which captures are read, and how: what `replay` and `learn` have in common, and in part `watch`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use clap::Args;
use wardtap_net::packet::Timestamp;

/// Which captures are read, and how.
#[derive(Args)]
pub struct Intake {
    /// Captures: pcap or pcapng, plain, gzip or zstd (told by content); `-` is standard input. Several are merged by time
    #[arg(required = true, value_name = "CAPTURE")]
    pub captures: Vec<PathBuf>,

    /// Read only packets from TIME on (RFC 3339, for example 2026-11-24T08:00:00Z)
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub from: Option<Timestamp>,

    /// Read only packets up to and including TIME
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub to: Option<Timestamp>,

    #[command(flatten)]
    pub processing: Processing,
}

/// How packets are gone through, wherever they come from.
#[derive(Args)]
pub struct Processing {
    /// Read only packets that match this filter, in the syntax of tcpdump (pcap-filter), and as there applied to the
    /// outermost frame. Tagged traffic needs `vlan and ...`: 'tcp port 104 or (vlan and tcp port 104)'. Names of hosts and networks
    /// are refused, since looking them up would send packets: write addresses
    #[arg(long, value_name = "EXPR")]
    pub filter: Option<String>,

    /// The bound on all tables and buffers together, but for what a baseline holds: a number with K, M or G, at least 16M
    #[arg(long, value_name = "SIZE", default_value = "512M", value_parser = size)]
    pub memory: u64,

    /// Worker threads, 1 to 64; what comes out does not depend on their number
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = workers)]
    pub workers: u8,

    /// Keep flows of different VLANs apart (off by default: a mirror shows one conversation in several VLANs)
    #[arg(long)]
    pub flows_by_vlan: bool,
}

impl Intake {
    /// No packet could be left, in a sentence.
    pub(super) fn nonsense(&self) -> Option<String> {
        let (from, to) = self.from.zip(self.to).filter(|(from, to)| from > to)?;
        Some(format!("--from {from} is after --to {to}: no packet could be left"))
    }

    /// An output that is one of the captures, in a sentence.
    pub(super) fn over_capture(&self, option: &str, output: &Path) -> Option<String> {
        if output == Path::new("-") {
            return None;
        }
        let capture = self.captures.iter().find(|capture| is_same(capture, output))?;
        let (output, capture) = (output.display(), capture.display());
        Some(format!("{option} {output} would write over the capture {capture}: name another file"))
    }

    /// What was hardly meant, in a sentence: a capture that is named twice.
    pub fn doubtful(&self) -> Option<String> {
        let (one, other) = self.same_twice()?;
        let (one, other) = (one.display(), other.display());
        Some(format!("{one} and {other} are one capture, so that its packets are there twice: name it once"))
    }

    /// The first two names of one file. A FIFO or standard input may be named as often as somebody writes to it.
    fn same_twice(&self) -> Option<(&Path, &Path)> {
        let mut seen = HashMap::with_capacity(self.captures.len());
        let mut paths = self.captures.iter().map(PathBuf::as_path);
        paths.find_map(|path| seen.insert(identity(path)?, path).map(|before| (before, path)))
    }
}

/// Two names of one file: by a link of either kind as well.
pub(super) fn is_same(one: &Path, other: &Path) -> bool {
    one == other || identity(one).is_some_and(|one| identity(other) == Some(one))
}

/// What a file is whatever its name; None for what is no file.
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|file| (file.dev(), file.ino()))
}

pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    const BEGIN: &str = "times begin with 1970-01-01T00:00:00Z";
    let time = humantime::parse_rfc3339_weak(text).map_err(|error| match error {
        humantime::TimestampError::OutOfRange => format!("there is no such time, or it is too early: {BEGIN}"),
        _ => "a time looks like 2026-11-24T08:00:00Z, and is in UTC".to_owned(),
    })?;
    let since = time.duration_since(std::time::SystemTime::UNIX_EPOCH).map_err(|_| BEGIN.to_owned())?;
    u64::try_from(since.as_nanos()).map(Timestamp::from_nanos).map_err(|_| "times end with 2554-07-21".to_owned())
}

/// The most worker threads: there are no more shards to share out.
const WORKERS_MAX: u8 = 64;

pub fn workers(text: &str) -> Result<u8, String> {
    let number = text.parse().ok().filter(|number| (1..=WORKERS_MAX).contains(number));
    number.ok_or_else(|| format!("a number from 1 to {WORKERS_MAX} is wanted"))
}

/// The least memory that the fixed parts fit in.
pub const MEMORY_MIN: u64 = 16 << 20;

/// Memory, as much as the fixed parts need or more.
pub fn size(text: &str) -> Result<u64, String> {
    match size_of_any(text)? {
        bytes if bytes >= MEMORY_MIN => Ok(bytes),
        _ => Err("less than 16M leaves no room for the tables: give more".to_owned()),
    }
}

pub(super) fn size_of_any(text: &str) -> Result<u64, String> {
    const SIZE: &str = "a size is a whole number with K, M or G, for example 512M";
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let shift = match text.get(digits.len()..).unwrap_or_default().to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KB" | "KIB" => 10,
        "M" | "MB" | "MIB" => 20,
        "G" | "GB" | "GIB" => 30,
        _ => return Err(SIZE.to_owned()),
    };
    let number: u64 = digits.parse().map_err(|_| SIZE.to_owned())?;
    let bytes = number.checked_shl(shift).filter(|bytes| bytes >> shift == number);
    bytes.ok_or_else(|| "that is more than any machine has: give less".to_owned())
}
