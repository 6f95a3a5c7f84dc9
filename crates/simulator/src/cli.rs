//! What was typed.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// A simulated hospital network: captures with labelled attacks, and the measure of a detector's work on them.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a capture of a hospital's traffic, with its messages and labels beside it
    Generate(Generate),
    /// List the scenarios
    List,
}

/// Which hospital, and when.
#[derive(Clone, Debug, Args)]
pub struct Hospital {
    /// Seed of all chance: the same seed gives the same bytes
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// How many devices there are, about (50 to 1000)
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub devices: usize,
}

/// Options of `generate`.
#[derive(Clone, Debug, Args)]
pub struct Generate {
    /// Which hospital.
    #[command(flatten)]
    pub hospital: Hospital,
    /// The capture to write; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Days of the hospital's life that pass before the capture begins
    #[arg(long, value_name = "DAYS", default_value_t = 0.0)]
    pub skip: f64,
    /// Days that the capture spans
    #[arg(long, value_name = "DAYS", default_value_t = 1.0)]
    pub days: f64,
    /// Play these scenarios, each at its hour of a day of its own, the first on the capture's first day (see `list`)
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub scenarios: Vec<String>,
    /// Write what was played: when, by whom, to whom, in which frames, a line of JSON each
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// Write every HL7, DICOM and Modbus message that was sent, a line of JSON each
    #[arg(long, value_name = "FILE")]
    pub messages: Option<PathBuf>,
    /// Faults of the tap.
    #[command(flatten)]
    pub faults: Faults,
}

/// Faults of the tap.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Faults of the tap")]
pub struct Faults {
    /// Lose this share of the frames
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub loss: f64,
    /// Capture this share of the frames twice
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub duplicates: f64,
    /// See only one direction of every conversation
    #[arg(long)]
    pub one_direction: bool,
    /// Cut frames to so many octets
    #[arg(long, value_name = "OCTETS")]
    pub snaplen: Option<usize>,
    /// Tag frames with their VLAN
    #[arg(long)]
    pub vlan: bool,
    /// See routed frames behind the router, with the router's Ethernet address
    #[arg(long)]
    pub routed: bool,
    /// Get frames in ERSPAN
    #[arg(long)]
    pub erspan: bool,
}
