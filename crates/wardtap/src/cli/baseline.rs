//! What `wardtap baseline` takes.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use wardtap_net::packet::Timestamp;

use super::intake::moment;

/// Stands behind the help.
pub(super) const EXAMPLES: &str = concat!(
    "\
Examples:
  What is normal at the site, and for one device:
    wardtap baseline show site.baseline
    wardtap baseline show site.baseline --device ip:10.20.1.7 --facet operations
  What has changed since last month, by device:
    wardtap baseline diff october.baseline november.baseline
  Two halves of a site, or two taps, in one:
    wardtap baseline merge ward-a.baseline ward-b.baseline --out site.baseline
  An alert was for something that is all right:
    wardtap replay today.pcap --baseline site.baseline --events events.jsonl
    wardtap baseline approve site.baseline --alert 5f0c8d1e2a3b4c5d --events events.jsonl \\
      --by 'A. Jansen' --reason 'new archive since Monday'
  The same, of a sensor that is running:
    wardtap baseline approve --state /var/lib/wardtap --alert 5f0c8d1e2a3b4c5d \\
      --by 'A. Jansen' --reason 'new archive since Monday'

",
    exit_status!()
);

/// Look into baselines.
#[derive(Args)]
pub struct BaselineArgs {
    #[command(subcommand)]
    pub command: BaselineCommand,
}

#[derive(Subcommand)]
pub enum BaselineCommand {
    /// Show what a baseline holds: the site at a glance, or one device
    Show(ShowBaseline),
    /// Compare two baselines: devices, conversations and operations that came or went, and what became wider
    Diff(DiffBaselines),
    /// Merge baselines of one site: in any order, with the same result
    Merge(MergeBaselines),
    /// Accept as normal what was not learned: it is recorded who did and why
    Approve(ApproveChange),
}

#[derive(Args)]
pub struct ShowBaseline {
    /// The baseline
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Show what this device does: its id, as events and the list of devices have it, or an address
    #[arg(long, value_name = "ID")]
    pub device: Option<String>,

    /// Show only these facets, with commas between them
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub facet: Vec<FacetName>,

    /// Write JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FacetName {
    /// Who uses what of whom
    Links,
    /// What they do there
    Operations,
    /// At which hours
    Hours,
    /// How much, how many and how fast at most
    Quantities,
    /// How long they are silent
    Silences,
    /// Between which bounds values lie
    Values,
}

#[derive(Args)]
pub struct DiffBaselines {
    /// The earlier baseline
    #[arg(value_name = "EARLIER")]
    pub earlier: PathBuf,

    /// The later baseline
    #[arg(value_name = "LATER")]
    pub later: PathBuf,

    /// Write JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct MergeBaselines {
    /// The baselines
    #[arg(required = true, num_args = 2.., value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Write the merged baseline to FILE
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,

    /// Merge baselines that have learned the same capture: it then counts twice
    #[arg(long)]
    pub again: bool,
}

#[derive(Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
pub struct ApproveChange {
    /// The baseline, which is replaced by the one with the approval unless --out names another file
    #[arg(value_name = "FILE", required_unless_present = "state")]
    pub file: Option<PathBuf>,

    /// Have the sensor do it that is running with this `--state` folder: it finds the alert in its events, and goes by the
    /// approval at once
    #[arg(
        long,
        value_name = "DIR",
        requires = "alert",
        conflicts_with_all = ["file", "events", "diff", "kept_out", "at", "out"]
    )]
    pub state: Option<PathBuf>,

    /// Accept what the alert with this id is about; may be given several times
    #[arg(long, value_name = "ID", group = "what")]
    pub alert: Vec<String>,

    /// The events of the replay that raised the alerts
    #[arg(long, value_name = "FILE", requires = "alert")]
    pub events: Option<PathBuf>,

    /// Accept all that this other baseline holds beyond FILE, as `baseline diff` shows it
    #[arg(long, value_name = "OTHER", group = "what")]
    pub diff: Option<PathBuf>,

    /// Accept what was kept out of what this device did while learning; may be given several times
    #[arg(long, value_name = "DEVICE", group = "what")]
    pub kept_out: Vec<String>,

    /// Who accepts it
    #[arg(long, value_name = "WHO", value_parser = words)]
    pub by: String,

    /// Why it is all right
    #[arg(long, value_name = "TEXT", value_parser = words)]
    pub reason: String,

    /// When it was accepted [default: now]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub at: Option<Timestamp>,

    /// Write the baseline with the approval to FILE, and leave the other one alone
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// The longest text of an approval.
const WORDS_MAX: usize = 400;

pub fn words(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("a few words are wanted".to_owned()),
        text if text.len() > WORDS_MAX => Err(format!("at most {WORDS_MAX} octets are wanted")),
        text if text.contains(char::is_control) => Err("one line is wanted".to_owned()),
        text => Ok(text.to_owned()),
    }
}
