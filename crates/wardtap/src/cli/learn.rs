//! What `wardtap learn` takes.

use std::path::{Path, PathBuf};

use clap::Args;

use super::intake::Intake;

/// Stands behind the help.
pub(super) const EXAMPLES: &str = concat!(
    "\
Examples:
  Two weeks into a new baseline, and one more day into the same:
    wardtap learn week-1.pcap.zst week-2.pcap.zst --out site.baseline
    wardtap learn monday.pcap --into site.baseline
  A working day for an office that wants at most two alerts a week:
    wardtap learn day.pcap --budget 2 --out site.baseline
  What tcpdump captures, until it is stopped:
    tcpdump -i eth1 -U -w - | wardtap learn - --out site.baseline

",
    exit_status!()
);

/// Learn what is normal from captures.
#[derive(Args)]
pub struct Learn {
    /// Write the baseline to FILE
    #[arg(long, value_name = "FILE", required_unless_present = "into")]
    pub out: Option<PathBuf>,

    /// Go on learning the baseline in FILE
    #[arg(long, value_name = "FILE", conflicts_with = "out")]
    pub into: Option<PathBuf>,

    /// Learn a capture that the baseline has learned already
    #[arg(long)]
    pub again: bool,

    /// Alerts that the site is ready to look at in a week [default: 5, or what the baseline was learned with]
    #[arg(long, value_name = "ALERTS", value_parser = budget)]
    pub budget: Option<f64>,

    #[command(flatten)]
    pub intake: Intake,

    /// Read the site (time zone, holidays, networks) and options from FILE, as for `replay`; a baseline keeps the site that it
    /// was begun with
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl Learn {
    /// Where the baseline goes.
    pub fn output(&self) -> &Path {
        // One of the two is always there: clap asks for it.
        self.out.as_deref().or(self.into.as_deref()).unwrap_or(Path::new("-"))
    }

    /// What contradicts itself or would do harm, in a sentence.
    pub fn nonsense(&self) -> Option<String> {
        let option = if self.into.is_some() { "--into" } else { "--out" };
        self.intake.nonsense().or_else(|| self.intake.over_capture(option, self.output()))
    }
}

fn budget(text: &str) -> Result<f64, String> {
    let budget = text.parse().ok().filter(|budget: &f64| (0.1..=1000.0).contains(budget));
    budget.ok_or_else(|| "a number from 0.1 to 1000 is wanted".to_owned())
}
