//! What was typed.

use clap::builder::{RangedU64ValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, value_parser};
use std::path::PathBuf;

use crate::attacks::{self, Scenario};
use crate::evaluate::Severity;
use crate::ward::site;

/// The longest that anything is simulated: ten years.
const DAYS_MAX: u32 = 3650;

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
    /// Measure what detectors find of what is played, and their false alerts; tables on standard output
    #[command(after_help = EVALUATE_EXAMPLES)]
    Evaluate(Evaluate),
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
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = devices())]
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
    #[arg(long, value_name = "DAYS", default_value_t = 0.0, value_parser = days)]
    pub skip: f64,
    /// Days that the capture spans
    #[arg(long, value_name = "DAYS", default_value_t = 1.0, value_parser = some_days)]
    pub days: f64,
    /// Play these scenarios, each at its hour of a day of its own, the first on the capture's first day (see `list`)
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', value_parser = attacks::named)]
    pub scenarios: Vec<&'static Scenario>,
    /// Write only what lies so near to a scenario's own frames, before and after
    #[arg(long, value_name = "SECONDS", requires = "scenarios", value_parser = value_parser!(u64).range(..=86_400))]
    pub around: Option<u64>,
    /// Write what was played: when, by whom, to whom, in which frames, a line of JSON each
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// Write what the hospital knows of the devices that it has when the capture begins: a list as wardtap's `--assets` takes
    /// it (CSV)
    #[arg(long, value_name = "FILE")]
    pub assets: Option<PathBuf>,
    /// Write every HL7, DICOM and Modbus message that was sent, a line of JSON each
    #[arg(long, value_name = "FILE")]
    pub messages: Option<PathBuf>,
    /// Faults of the tap.
    #[command(flatten)]
    pub faults: Faults,
}

const EVALUATE_EXAMPLES: &str = "\
Examples:
  wardtap-simulator evaluate --detector target/release/wardtap \\
      --detector 'target/release/naive-detector edges' --detector 'target/release/naive-detector counts'
  wardtap-simulator evaluate --quick --detector target/release/wardtap --json quick.json
  wardtap-simulator evaluate --detector target/release/wardtap --scenarios NAME --work /tmp/why";

/// Options of `evaluate`.
#[derive(Clone, Debug, Args)]
pub struct Evaluate {
    /// A detector's command line, words with blanks between them; may stand several times. It must know `learn - --out FILE`
    /// and `replay - --baseline FILE --events FILE --event-types alert,incident`, as wardtap does
    #[arg(long = "detector", value_name = "COMMAND", required = true)]
    pub detectors: Vec<String>,
    /// A small measurement: 50 devices, 3 days to learn, 2 clean ones, a dozen scenarios that are not kept out of tuning
    #[arg(long)]
    pub quick: bool,
    /// Seed of all chance: the same seed gives the same tables
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// How many devices there are, about (50 to 1000) [default: 200]
    #[arg(long, value_name = "N", value_parser = devices())]
    pub devices: Option<usize>,
    /// Days that detectors learn [default: 14]
    #[arg(long, value_name = "DAYS", value_parser = whole_days())]
    pub learn: Option<u32>,
    /// Days without scenarios, for false alerts [default: 14]
    #[arg(long, value_name = "DAYS", value_parser = whole_days())]
    pub clean: Option<u32>,
    /// Play these scenarios alone (see `list`)
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', value_parser = attacks::named)]
    pub scenarios: Vec<&'static Scenario>,
    /// Minutes after a scenario's end in which alerts about it may come
    #[arg(long, value_name = "MINUTES", default_value_t = 60, value_parser = value_parser!(u32).range(..=1440))]
    pub tolerance: u32,
    /// Look only at alerts of this severity or above
    #[arg(long, value_name = "SEVERITY", value_enum, default_value_t = Severity::Info)]
    pub severity: Severity,
    /// What detections are about whose alerts name no techniques: a JSON object of lists of families, by detection
    #[arg(long, value_name = "FILE")]
    pub families: Option<PathBuf>,
    /// Write the report as JSON too
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Put the tables into a document too, between the lines `<!-- evaluate: begin -->` and `<!-- evaluate: end -->`
    #[arg(long, value_name = "FILE")]
    pub into: Option<PathBuf>,
    /// Keep baselines, events and what is true of each day in this folder, to look into
    #[arg(long, value_name = "FOLDER")]
    pub work: Option<PathBuf>,
    /// Tell detectors what the hospital knows of its devices, by `--assets FILE`
    #[arg(long)]
    pub assets: bool,
    /// Days that are simulated side by side [default: as many as there are processors]
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=1024))]
    pub jobs: Option<usize>,
    /// Faults of the tap.
    #[command(flatten)]
    pub faults: Faults,
}

/// Faults of the tap.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Faults of the tap")]
pub struct Faults {
    /// Lose this share of the frames (0 to 1)
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub loss: f64,
    /// Capture this share of the frames twice (0 to 1)
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub duplicates: f64,
    /// See only one direction of every conversation
    #[arg(long)]
    pub one_direction: bool,
    /// Cut frames to so many octets
    #[arg(long, value_name = "OCTETS", value_parser = RangedU64ValueParser::<usize>::new().range(1..=65_535))]
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

fn devices() -> impl TypedValueParser<Value = usize> {
    RangedU64ValueParser::new().range(*site::DEVICES.start() as u64..=*site::DEVICES.end() as u64)
}

fn whole_days() -> impl TypedValueParser<Value = u32> {
    value_parser!(u32).range(1..=i64::from(DAYS_MAX))
}

fn share(text: &str) -> Result<f64, String> {
    number(text).filter(|share| (0.0..=1.0).contains(share)).ok_or_else(|| "a share lies between 0 and 1".into())
}

fn days(text: &str) -> Result<f64, String> {
    let all = 0.0..=f64::from(DAYS_MAX);
    number(text).filter(|days| all.contains(days)).ok_or_else(|| format!("days are a number from 0 to {DAYS_MAX}"))
}

fn some_days(text: &str) -> Result<f64, String> {
    days(text).and_then(|days| if days > 0.0 { Ok(days) } else { Err("a capture spans more than no time".into()) })
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use clap::error::ErrorKind;

    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Cli, ErrorKind> {
        let words = ["wardtap-simulator", "generate", "--out", "-"];
        Cli::try_parse_from(words.iter().chain(arguments)).map_err(|error| error.kind())
    }

    #[test]
    fn what_makes_no_sense_is_wrong_usage() {
        let wrong = [
            ["--devices", "49"],
            ["--devices", "1001"],
            ["--days", "0"],
            ["--days", "nan"],
            ["--days", "inf"],
            ["--skip=-1", "--vlan"],
            ["--loss", "1.1"],
            ["--duplicates=-0.1", "--vlan"],
            ["--snaplen", "0"],
            ["--scenarios", "rogue-dhpc"],
        ];
        for arguments in wrong {
            assert_eq!(parsed(&arguments).map(|_| ()), Err(ErrorKind::ValueValidation), "{arguments:?}");
        }
        let right = [["--devices", "50"], ["--devices", "1000"], ["--days", "0.01"], ["--skip", "0"], ["--loss", "1"]];
        for arguments in right {
            assert!(parsed(&arguments).is_ok(), "{arguments:?}");
        }
    }
}
