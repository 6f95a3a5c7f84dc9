//! What packets are judged by, and which events are written of it: what `replay` and `watch` have in common.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::intake::is_same;

/// What packets are judged by, and which events are written of it.
#[derive(Args, Clone)]
pub struct Judging {
    /// Read the site, suppressions and options from FILE (TOML, docs/configuration.md); what the command line says wins
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Read what the hospital knows of its devices from FILE (CSV or TOML, docs/assets.md): names, classes, locations, what
    /// depends on them, what to do without them
    #[arg(long, value_name = "FILE")]
    pub assets: Option<PathBuf>,

    /// Write events to FILE, one JSON object a line (`wardtap schema` describes them); `-` is standard output (a summary
    /// then goes to standard error)
    #[arg(long, value_name = "FILE")]
    pub events: Option<PathBuf>,

    /// Event types to write, with commas between them; `stats` is always written
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_values = ["alert", "incident", "device"])]
    pub event_types: Vec<EventType>,

    /// Compare with the baseline in FILE, which `wardtap learn` makes; it is not changed
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,

    /// Let what is normal widen during this run, as a site grows: quantities alone, each by at most 5 % a day and to twice what the
    /// baseline has, where nothing was told. The baseline is not changed
    #[arg(long, requires = "baseline")]
    pub adapt: bool,
}

impl Judging {
    /// An output that is one of the files read, in a sentence.
    pub(super) fn over_input(&self, option: &str, output: &Path) -> Option<String> {
        let read = [("configuration", &self.config), ("assets file", &self.assets), ("baseline", &self.baseline)];
        let mut read = read.into_iter().filter_map(|(what, read)| Some((what, read.as_deref()?)));
        read.find(|(_, read)| is_same(read, output)).map(|(what, read)| {
            let (output, read) = (output.display(), read.display());
            format!("{option} {output} would write over the {what} {read}: name another file")
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EventType {
    /// What looks wrong, told as a risk to care
    Alert,
    /// Alerts that belong together
    Incident,
    /// Devices heard for the first time
    Device,
    /// Every application message
    Message,
    /// Finished conversations
    Flow,
    /// Counts, at the end
    Stats,
}
