//! The command line: what was typed, nothing opened yet.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Parser, Subcommand, ValueEnum};
use wardtap_net::packet::Timestamp;

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
    /// Print the JSON Schema that every event validates against
    Schema,
    /// Learn what is normal from captures, as a baseline
    ///
    /// Counts who uses what of whom, which messages they exchange, how many, how large, at which hours, and works out from
    /// which point on something deviates, so that the site's alert budget is kept. Says how far the baseline is from being
    /// trustworthy. What alerts were raised for while learning is kept out of it, and listed.
    #[command(after_help = EXIT_STATUS, after_long_help = LEARN_EXAMPLES)]
    Learn(Box<Learn>),
    /// Look into baselines, compare and merge them, and accept changes into them
    #[command(after_help = EXIT_STATUS, after_long_help = BASELINE_EXAMPLES)]
    Baseline(Box<BaselineArgs>),
    #[command(hide = true)]
    Watch(NotBuilt),
    #[command(hide = true)]
    Extract(NotBuilt),
    /// Check a configuration and an assets file, and say what is wrong and how to mend it
    ///
    /// Reads nothing but these files. Prints what wardtap understands of them, so that a column that was meant otherwise
    /// shows.
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

",
    exit_status!()
);

const LEARN_EXAMPLES: &str = concat!(
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

/// Check a configuration and an assets file.
#[derive(Args)]
#[group(required = true, multiple = true)]
pub struct Check {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// The assets file; else the one that the configuration names
    #[arg(long, value_name = "FILE")]
    pub assets: Option<PathBuf>,
}

const BASELINE_EXAMPLES: &str = concat!(
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

",
    exit_status!()
);

/// What belongs to a command that is not built yet.
#[derive(Args)]
pub struct NotBuilt {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    pub rest: Vec<String>,
}

/// Learn what is normal from captures.
#[derive(Args)]
pub struct Learn {
    /// Captures, as for `replay`; `-` is standard input
    #[arg(required = true, value_name = "CAPTURE")]
    pub captures: Vec<PathBuf>,

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

    /// Learn only from packets that match this filter, as for `replay`
    #[arg(long, value_name = "EXPR")]
    pub filter: Option<String>,

    /// Learn only from packets from TIME on (RFC 3339, for example 2026-11-24T08:00:00Z)
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub from: Option<Timestamp>,

    /// Learn only from packets up to and including TIME
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub to: Option<Timestamp>,

    /// The bound on all tables and buffers together, but for what is learned: a number with K, M or G, at least 16M
    #[arg(long, value_name = "SIZE", default_value = "512M", value_parser = size)]
    pub memory: u64,

    /// Worker threads, 1 to 64; what is learned does not depend on their number
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = workers)]
    pub workers: u8,

    /// Keep flows of different VLANs apart, as for `replay`
    #[arg(long)]
    pub flows_by_vlan: bool,

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
        empty_span(self.from, self.to).or_else(|| over_capture(&self.captures, option, self.output()))
    }
}

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
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Accept what the alert with this id is about; may be given several times
    #[arg(long, value_name = "ID", requires = "events", group = "what")]
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

fn words(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("a few words are wanted".to_owned()),
        text if text.len() > WORDS_MAX => Err(format!("at most {WORDS_MAX} octets are wanted")),
        text if text.contains(char::is_control) => Err("one line is wanted".to_owned()),
        text => Ok(text.to_owned()),
    }
}

fn budget(text: &str) -> Result<f64, String> {
    let budget = text.parse().ok().filter(|budget: &f64| (0.1..=1000.0).contains(budget));
    budget.ok_or_else(|| "a number from 0.1 to 1000 is wanted".to_owned())
}

/// Read captures offline and say what is in them.
#[derive(Args)]
pub struct Replay {
    /// Captures: pcap or pcapng, plain, gzip or zstd (told by content); `-` is standard input. Several are merged by time
    #[arg(required = true, value_name = "CAPTURE")]
    pub captures: Vec<PathBuf>,

    /// Read the site, suppressions and options from FILE (TOML, docs/configuration.md); what the command line says wins
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Read what the hospital knows of its devices from FILE (CSV or TOML, docs/assets.md): names, classes, locations, what
    /// depends on them, what to do without them
    #[arg(long, value_name = "FILE")]
    pub assets: Option<PathBuf>,

    /// Write events to FILE, one JSON object a line (`wardtap schema` describes them); `-` is standard output (the summary
    /// then goes to standard error)
    #[arg(long, value_name = "FILE")]
    pub events: Option<PathBuf>,

    /// Event types to write, with commas between them; `stats` is always written
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_values = ["alert", "incident", "device"])]
    pub event_types: Vec<EventType>,

    /// Write the final metrics to FILE in Prometheus' text format; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub metrics: Option<PathBuf>,

    /// Look only at packets that match this filter, in the syntax of tcpdump (pcap-filter), and as there applied to the
    /// outermost frame. Tagged traffic needs `vlan and ...`: 'tcp port 104 or (vlan and tcp port 104)'. Names of hosts and networks
    /// are refused, since looking them up would send packets: write addresses
    #[arg(long, value_name = "EXPR")]
    pub filter: Option<String>,

    /// Look only at packets from TIME on (RFC 3339, for example 2026-11-24T08:00:00Z)
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub from: Option<Timestamp>,

    /// Look only at packets up to and including TIME
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub to: Option<Timestamp>,

    /// The bound on all tables and buffers together: a number with K, M or G, at least 16M
    #[arg(long, value_name = "SIZE", default_value = "512M", value_parser = size)]
    pub memory: u64,

    /// Worker threads, 1 to 64; what is written does not depend on their number
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = workers)]
    pub workers: u8,

    /// Exit with status 4 when an alert of this severity or above was raised
    #[arg(long, value_name = "SEVERITY")]
    pub fail_on: Option<SeverityName>,

    /// Keep flows of different VLANs apart (off by default: a mirror shows one conversation in several VLANs)
    #[arg(long)]
    pub flows_by_vlan: bool,

    /// Compare with the baseline in FILE, which `wardtap learn` makes; it is not changed
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Of what was read beside captures, by option: SHA-256.
    #[arg(skip)]
    pub digests: BTreeMap<String, String>,

    #[command(flatten)]
    pub later: Later,
}

/// Options of the contract that are not built yet: named when they are given, never ignored.
#[derive(Args)]
pub struct Later {
    #[arg(long, hide = true)]
    pub adapt: bool,
    #[arg(long, hide = true)]
    pub event_format: Option<String>,
    #[arg(long, hide = true)]
    pub inventory: Option<String>,
    #[arg(long, hide = true)]
    pub report: Option<String>,
    #[arg(long, hide = true)]
    pub policy: Option<String>,
    #[arg(long, hide = true)]
    pub device: Option<String>,
}

/// The options that stand on the command line, by the names of their fields.
#[derive(Default)]
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

    /// What was hardly meant, in a sentence: a capture that is named twice.
    pub fn doubtful(&self) -> Option<String> {
        let (one, other) = same_twice(&self.captures)?;
        let (one, other) = (one.display(), other.display());
        Some(format!("{one} and {other} are one capture, so that its packets are there twice: name it once"))
    }

    /// What contradicts itself or would do harm, in a sentence.
    pub fn nonsense(&self) -> Option<String> {
        if let Some(nonsense) = empty_span(self.from, self.to) {
            return Some(nonsense);
        }
        let outputs = [("--events", &self.events), ("--metrics", &self.metrics)];
        if let (Some(events), Some(metrics)) = (&self.events, &self.metrics)
            && is_same(events, metrics)
        {
            return Some(format!("--events and --metrics both write to {}: name two files", events.display()));
        }
        let outputs = outputs.into_iter().filter_map(|(option, output)| Some((option, output.as_deref()?)));
        for (option, output) in outputs {
            if let Some(nonsense) = over_capture(&self.captures, option, output) {
                return Some(nonsense);
            }
            let read = [("configuration", &self.config), ("assets file", &self.assets), ("baseline", &self.baseline)];
            for (what, read) in read.into_iter().filter_map(|(what, read)| Some((what, read.as_deref()?))) {
                if is_same(read, output) {
                    let (output, read) = (output.display(), read.display());
                    return Some(format!("{option} {output} would write over the {what} {read}: name another file"));
                }
            }
        }
        None
    }
}

/// No packet could be left.
fn empty_span(from: Option<Timestamp>, to: Option<Timestamp>) -> Option<String> {
    let (from, to) = from.zip(to).filter(|(from, to)| from > to)?;
    Some(format!("--from {from} is after --to {to}: no packet could be left"))
}

/// An output that is one of the captures.
fn over_capture(captures: &[PathBuf], option: &str, output: &Path) -> Option<String> {
    if output == Path::new("-") {
        return None;
    }
    let capture = captures.iter().find(|capture| is_same(capture, output))?;
    let (output, capture) = (output.display(), capture.display());
    Some(format!("{option} {output} would write over the capture {capture}: name another file"))
}

/// Two names of one file: by a link of either kind as well.
fn is_same(one: &Path, other: &Path) -> bool {
    one == other || identity(one).is_some_and(|one| identity(other) == Some(one))
}

/// The first two names of one file. A FIFO or standard input may be named as often as somebody writes to it.
fn same_twice(paths: &[PathBuf]) -> Option<(&Path, &Path)> {
    let mut seen = HashMap::with_capacity(paths.len());
    paths.iter().find_map(|path| seen.insert(identity(path)?, path.as_path()).map(|before| (before, path.as_path())))
}

/// What a file is whatever its name; None for what is no file.
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|file| (file.dev(), file.ino()))
}

impl Later {
    /// The first option given that is not built yet.
    fn given(&self) -> Option<&'static str> {
        let native = self.event_format.as_deref().is_none_or(|format| format == "native");
        [
            (self.adapt, "--adapt"),
            (!native, "--event-format (other than native)"),
            (self.inventory.is_some(), "--inventory"),
            (self.report.is_some(), "--report"),
            (self.policy.is_some(), "--policy"),
            (self.device.is_some(), "--device"),
        ]
        .into_iter()
        .find_map(|(given, name)| given.then_some(name))
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SeverityName {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

fn moment(text: &str) -> Result<Timestamp, String> {
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
const MEMORY_MIN: u64 = 16 << 20;

pub fn size(text: &str) -> Result<u64, String> {
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
    match bytes {
        Some(bytes) if bytes >= MEMORY_MIN => Ok(bytes),
        Some(_) => Err("less than 16M leaves no room for the tables: give more".to_owned()),
        None => Err("that is more than any machine has: give less".to_owned()),
    }
}
