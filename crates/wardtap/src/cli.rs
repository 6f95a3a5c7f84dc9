//! The command line: what was typed, nothing opened yet.

/// Stands behind the help of every command; a macro, since only literals can be joined at compile time.
macro_rules! exit_status {
    () => {
        "\
Exit status:
  0  done
  1  could not do it: the message says which file, where, and how to mend it
  2  wrong usage
  3  done, but an input was damaged or cut short: all that could be read was processed
  4  an alert of the severity of --fail-on or above was raised (wins over 3)"
    };
}

mod baseline;
mod intake;
mod judging;
mod learn;
mod watch;

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Parser, Subcommand, ValueEnum};

pub use self::baseline::{
    ApproveChange, BaselineArgs, BaselineCommand, DiffBaselines, FacetName, MergeBaselines, ShowBaseline, words,
};
use self::intake::is_same;
pub use self::intake::{Intake, MEMORY_MIN, Processing, size, workers};
pub use self::judging::{EventType, Judging};
pub use self::learn::Learn;
pub use self::watch::{Method, RotateArgs, Watch};

const EXIT_STATUS: &str = exit_status!();

/// Watches clinical networks without touching them: exact HL7, DICOM and Modbus messages, alerts told as clinical risk.
#[derive(Parser)]
#[command(name = "wardtap", version, max_term_width = 100, after_help = EXIT_STATUS)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Read captures offline and say what is in them
    ///
    /// Takes the packets apart into HL7 v2, DICOM and Modbus messages and prints a summary on standard output: what was
    /// read, which devices speak what, how many messages there were and how fast they were answered, what was odd, and
    /// alerts with what they mean for care. Nothing is sent, the captures are not changed, and no patient data are
    /// written.
    #[command(after_help = EXIT_STATUS, after_long_help = REPLAY_EXAMPLES)]
    Replay(Box<Replay>),
    /// Print the JSON Schema that every event validates against, or an inventory
    Schema {
        /// Of which output
        #[arg(long, value_enum, value_name = "WHAT", default_value = "events")]
        of: SchemaOf,
    },
    /// Learn what is normal from captures, as a baseline
    ///
    /// Counts who uses what of whom, which messages they exchange, how many, how large, at which hours, and works out from
    /// which point on something deviates, so that the site's alert budget is kept. Says how far the baseline is from being
    /// trustworthy. What alerts were raised for while learning is kept out of it, and listed.
    #[command(after_help = EXIT_STATUS, after_long_help = learn::EXAMPLES)]
    Learn(Box<Learn>),
    /// Look into baselines, compare and merge them, and accept changes into them
    #[command(after_help = EXIT_STATUS, after_long_help = baseline::EXAMPLES)]
    Baseline(Box<BaselineArgs>),
    /// Watch interfaces, without end and without ever sending
    ///
    /// The live sensor, for a mirror (SPAN) port or a tap: finds what `replay` finds, as it happens. Writes events, serves metrics
    /// and health over HTTP, gives up every right that it does not need once its sockets are open. Ends at SIGTERM, with
    /// everything written.
    #[command(after_help = watch::EXIT_STATUS, after_long_help = watch::EXAMPLES)]
    Watch(Box<Watch>),
    #[command(hide = true)]
    Extract(NotBuilt),
    /// Check a configuration, an assets file and an interface, and say what is wrong and how to mend it
    ///
    /// Reads nothing but these files. Prints what wardtap understands of them, so that a column that was meant otherwise
    /// shows. Of an interface it prints whether it can be watched, and tries what `watch` must not be able to do once it has
    /// begun: each attempt must be refused. Nothing is sent.
    #[command(after_help = EXIT_STATUS, after_long_help = CHECK_EXAMPLES)]
    Check(Check),
}

const REPLAY_EXAMPLES: &str = concat!(
    "\
Examples:
  The summary of one capture, and of a night's:
    wardtap replay ward.pcap
    wardtap replay night-*.pcap.gz --from 2026-11-23T22:00:00Z
  Alerts and devices as JSON Lines, and metrics, in files:
    wardtap replay ward.pcap --events events.jsonl --metrics ward.prom
  Every HL7, DICOM and Modbus message, from two taps, into another program:
    wardtap replay tap-a.pcapng tap-b.pcapng --events - --event-types message | jq .message
  With the hospital's own names for its devices, and its time zone:
    wardtap replay ward.pcap --config wardtap.toml --assets assets.csv
  One device, with and without a VLAN tag:
    wardtap replay ward.pcap --filter 'host 10.20.1.7 or (vlan and host 10.20.1.7)'
  What tcpdump captures just now:
    tcpdump -i eth1 -U -w - | wardtap replay -

",
    exit_status!()
);

const CHECK_EXAMPLES: &str = concat!(
    "\
Examples:
  A configuration, with the assets file that it names:
    wardtap check --config wardtap.toml
  An assets file before it is used:
    wardtap check --assets assets.csv
  A mirror port, and what is in force when it is watched:
    wardtap check --interface span0 --user wardtap

",
    exit_status!()
);

/// Check a configuration, an assets file and an interface.
#[derive(Args)]
#[group(required = true, multiple = true)]
pub struct Check {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// The assets file; else the one that the configuration names
    #[arg(long, value_name = "FILE")]
    pub assets: Option<PathBuf>,

    /// The interface: it is opened as `watch` does, and what can be done from there on is tried
    #[arg(long, value_name = "IF")]
    pub interface: Option<String>,

    /// Become this user, as `watch` does
    #[arg(long, value_name = "USER", requires = "interface")]
    pub user: Option<String>,

    /// Take an interface that has an address, as `watch` does
    #[arg(long, requires = "interface")]
    pub allow_addressed: bool,
}

/// What belongs to a command that is not built yet.
#[derive(Args)]
pub struct NotBuilt {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    pub rest: Vec<String>,
}

/// Read captures offline and say what is in them.
#[derive(Args)]
pub struct Replay {
    #[command(flatten)]
    pub judging: Judging,

    /// Write the final metrics to FILE in Prometheus' text format; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub metrics: Option<PathBuf>,

    /// Write the devices seen, what each is, offers and exposes, to FILE: a JSON array, or by the name of FILE a table (.csv) or a
    /// CycloneDX bill of materials (.cdx.json); `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub inventory: Option<PathBuf>,

    #[command(flatten)]
    pub intake: Intake,

    /// Exit with status 4 when an alert of this severity or above was raised
    #[arg(long, value_name = "SEVERITY")]
    pub fail_on: Option<SeverityName>,

    #[command(flatten)]
    pub later: Later,
}

/// Options of the contract that are not built yet: named when they are given, never ignored.
#[derive(Args)]
pub struct Later {
    #[arg(long, hide = true)]
    pub event_format: Option<String>,
    #[arg(long, hide = true)]
    pub report: Option<String>,
    #[arg(long, hide = true)]
    pub policy: Option<String>,
    #[arg(long, hide = true)]
    pub device: Option<String>,
}

/// The options that stand on the command line, by the names of their fields.
#[derive(Clone, Default)]
pub struct Given(BTreeSet<String>);

impl Given {
    /// Those of a command.
    pub fn of(matches: &ArgMatches) -> Self {
        let typed = |id: &&str| matches.value_source(id) == Some(ValueSource::CommandLine);
        Self(matches.ids().map(clap::Id::as_str).filter(typed).map(str::to_owned).collect())
    }

    /// True for one that was typed.
    pub fn has(&self, option: &str) -> bool {
        self.0.contains(option)
    }
}

impl Replay {
    /// What was asked for that is not built yet.
    pub fn not_built(&self) -> Option<&'static str> {
        self.later.given()
    }

    /// What contradicts itself or would do harm, in a sentence.
    pub fn nonsense(&self) -> Option<String> {
        if let Some(nonsense) = self.intake.nonsense() {
            return Some(nonsense);
        }
        let outputs =
            [("--events", &self.judging.events), ("--metrics", &self.metrics), ("--inventory", &self.inventory)];
        let outputs = outputs.map(|(option, output)| Some((option, output.as_deref()?)));
        for (place, (one, output)) in outputs.iter().enumerate().filter_map(|(place, it)| Some((place, (*it)?))) {
            let mut before = outputs.iter().take(place).flatten();
            if let Some((other, _)) = before.find(|(_, other)| is_same(other, output)) {
                return Some(format!("{other} and {one} both write to {}: name two files", output.display()));
            }
        }
        outputs.into_iter().flatten().find_map(|(option, output)| {
            self.intake.over_capture(option, output).or_else(|| self.judging.over_input(option, output))
        })
    }
}

impl Later {
    /// The first option given that is not built yet.
    fn given(&self) -> Option<&'static str> {
        let native = self.event_format.as_deref().is_none_or(|format| format == "native");
        [
            (!native, "--event-format (other than native)"),
            (self.report.is_some(), "--report"),
            (self.policy.is_some(), "--policy"),
            (self.device.is_some(), "--device"),
        ]
        .into_iter()
        .find_map(|(given, name)| given.then_some(name))
    }
}

/// What has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// The events
    Events,
    /// The inventory as JSON
    Inventory,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SeverityName {
    Info,
    Low,
    Medium,
    High,
    Critical,
}
