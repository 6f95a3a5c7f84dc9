//! Two naive detectors to measure others against: what an afternoon's work finds, and at what price.
//!
//! Both keep as much of wardtap's outside surface as `evaluate` needs: `learn CAPTURE --out FILE` and
//! `replay CAPTURE --baseline FILE --events FILE`. They look at headers alone.

mod counts;
mod edges;
mod events;
mod packets;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use self::counts::Counts;
use self::edges::Edges;
use self::events::Events;
use self::packets::Packet;
use crate::commands::print;

/// Two naive detectors, to measure others against.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
pub struct Cli {
    /// Which of the two
    #[arg(value_enum)]
    pub kind: Kind,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Which detector.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Kind {
    /// Alerts on every (source, destination, port) that it has not learned
    Edges,
    /// Alerts when a device's packets of five minutes are far from the mean of that hour of the day
    Counts,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Learn a baseline
    Learn {
        /// A capture in pcap; `-` is standard input
        capture: PathBuf,
        /// The baseline to write
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Say what differs from a baseline
    Replay(Replay),
}

/// Options of `replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// A capture in pcap; `-` is standard input
    pub capture: PathBuf,
    /// What was learned; without it there are no alerts
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Where events go, a line of JSON each; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub events: Option<PathBuf>,
    /// Which events; `stats` is always written
    #[arg(long, value_name = "LIST", value_enum, value_delimiter = ',', default_value = "alert")]
    pub event_types: Vec<EventType>,
}

/// Types of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EventType {
    /// What differs from what was learned
    Alert,
    /// Counts, at the end
    Stats,
}

/// What a detector does with packets.
trait Detector: Default + Serialize + DeserializeOwned {
    /// Learns from a packet.
    fn learn(&mut self, packet: &Packet);
    /// The last packet has been learned.
    fn learned(&mut self);
    /// Judges a packet.
    ///
    /// # Errors
    /// Where an alert cannot be written.
    fn judge(&mut self, packet: &Packet, events: &mut Events) -> Result<()>;
}

/// Does what was typed; gives whether the capture was damaged.
///
/// # Errors
/// Where a file cannot be read or written.
pub fn run(cli: &Cli) -> Result<bool> {
    match cli.kind {
        Kind::Edges => run_as::<Edges>(&cli.command),
        Kind::Counts => run_as::<Counts>(&cli.command),
    }
}

fn run_as<D: Detector>(command: &Command) -> Result<bool> {
    match command {
        Command::Learn { capture, out } => {
            let mut detector = D::default();
            let seen = packets::read(capture, |packet| {
                detector.learn(packet);
                Ok(())
            })?;
            detector.learned();
            let mut file = create(out)?;
            serde_json::to_writer(&mut file, &detector)?;
            file.flush()?;
            Ok(seen.damaged)
        }
        Command::Replay(options) => replay::<D>(options),
    }
}

fn replay<D: Detector>(options: &Replay) -> Result<bool> {
    let mut detector = options.baseline.as_deref().map(load::<D>).transpose()?;
    let wanted = options.event_types.contains(&EventType::Alert);
    let mut events = Events::new(options.events.as_deref().map(create).transpose()?, wanted);
    let seen = packets::read(&options.capture, |packet| match &mut detector {
        Some(detector) => detector.judge(packet, &mut events),
        None => Ok(()),
    })?;
    let alerts = events.finish(&seen)?;
    let told = format!("{} packets, {alerts} alerts\n", seen.packets);
    if options.events.as_deref() == Some(Path::new("-")) {
        std::io::stderr().write_all(told.as_bytes())?;
    } else {
        print(&told)?;
    }
    Ok(seen.damaged)
}

fn load<D: Detector>(path: &Path) -> Result<D> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_reader(BufReader::new(file)).with_context(|| format!("{} is no baseline", path.display()))
}

fn create(path: &Path) -> Result<Box<dyn Write>> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(std::io::stdout()));
    }
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Box::new(BufWriter::new(file)))
}
