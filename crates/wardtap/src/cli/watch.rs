//! What `wardtap watch` takes.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::intake::{Processing, is_same, size_of_any};
use super::judging::Judging;

/// Stands behind the short help.
pub(super) const EXIT_STATUS: &str = "\
Exit status:
  0  ended at SIGTERM or SIGINT, everything written
  1  could not do it: the message says which interface or file, and how to mend it
  2  wrong usage
  5  an interface is gone: everything before it was processed and written";

/// Stands behind the long help.
pub(super) const EXAMPLES: &str = "\
Examples:
  A mirror port, with a baseline, as a user of its own:
    wardtap watch --interface span0 --user wardtap --baseline site.baseline --events /var/log/wardtap/events.jsonl
  The same, which learns for a week what is normal, then compares with it, and goes on where it was after a restart:
    wardtap watch --interface span0 --user wardtap --state /var/lib/wardtap --learn-for 7d \\
      --baseline /var/lib/wardtap/site.baseline --events /var/log/wardtap/events.jsonl
  Both sides of a tap, kept as pcapng as well:
    wardtap watch --interface tap0 --interface tap1 --events events.jsonl --record shift.pcapng
  Is it well, and does it see anything?
    curl -s http://127.0.0.1:9464/readyz

Signals:
  SIGTERM, SIGINT  end
  SIGHUP           read the configuration, assets and baseline again
  SIGUSR1          open the events file again, for logrotate

Exit status:
  0  ended at SIGTERM or SIGINT, everything written
  1  could not do it: the message says which interface or file, and how to mend it
  2  wrong usage
  5  an interface is gone: everything before it was processed and written";

/// Watch interfaces, without end.
#[derive(Args)]
pub struct Watch {
    /// The interface of a mirror port or tap; may be given again for further ones, which are merged by time
    #[arg(long = "interface", required = true, value_name = "IF")]
    pub interfaces: Vec<String>,

    /// Take an interface that has an address, though this machine can then be reached, and answer, through it
    #[arg(long)]
    pub allow_addressed: bool,

    #[command(flatten)]
    pub judging: Judging,

    /// Learn what is normal for so long (7d), where the baseline is not there yet; then it is written there and compared with.
    /// Needs --baseline and --state
    #[arg(long, value_name = "TIME", requires = "state", value_parser = age)]
    pub learn_for: Option<Duration>,

    /// Keep in DIR, from one start to the next, what was learned so far and how far what is normal has widened; and take
    /// approvals there (`wardtap baseline approve --state DIR`)
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,

    /// Write the devices seen since the start, what each is, offers and exposes, to FILE, anew as often as --checkpoint-every has
    /// it and at the end: a JSON array, or by the name of FILE a table (.csv) or a CycloneDX bill of materials (.cdx.json)
    #[arg(long, value_name = "FILE")]
    pub inventory: Option<PathBuf>,

    /// Keep it this often, for example 5m: whatever happens, no more of what was learned is lost
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = age)]
    pub checkpoint_every: Duration,

    /// Do not let what is normal widen as the site grows, as --adapt has it for `replay` and `watch` has it by itself
    #[arg(long, conflicts_with = "adapt")]
    pub frozen: bool,

    #[command(flatten)]
    pub rotate: RotateArgs,

    #[command(flatten)]
    pub processing: Processing,

    /// Have the kernel apply --filter, before packets cost anything: as tcpdump does it live. What it leaves out is not counted,
    /// and words about VLANs have no meaning there
    #[arg(long)]
    pub kernel_filter: bool,

    /// How packets are taken from the kernel
    #[arg(long, value_name = "METHOD", default_value = "auto")]
    pub capture: Method,

    /// Write every packet that is dissected to FILE (pcapng), in sequence: its replay gives the same alerts. Rotated as the
    /// events file is
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,

    /// Serve /metrics, /healthz and /readyz here; `off` serves nothing
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:9464", value_parser = listen)]
    pub listen: Listen,

    /// Become this user (a name or number) once the sockets are open
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,

    #[command(flatten)]
    pub later: WatchLater,
}

/// How packets are taken from the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Method {
    /// By its ring; where the kernel has none, by libpcap
    Auto,
    /// By its ring (TPACKET_V3)
    Ring,
    /// By libpcap, which works wherever that does, and is slower
    Libpcap,
}

/// When the events file is rotated, and the recording: FILE becomes FILE.1, that FILE.2, and so on.
#[derive(Args, Clone, Copy)]
pub struct RotateArgs {
    /// Rotate the events file, and the recording, when it has this size: a number with K, M or G
    #[arg(long, value_name = "SIZE", default_value = "1G", value_parser = size_of_any)]
    pub rotate_size: u64,

    /// Rotate the events file, and the recording, when it is this old, for example 12h or 7days
    #[arg(long, value_name = "AGE", default_value = "1day", value_parser = age)]
    pub rotate_age: Duration,

    /// Keep so many rotated files of each, 0 to 99; older ones are deleted
    #[arg(long, value_name = "N", default_value_t = 14, value_parser = clap::value_parser!(u8).range(0..=99))]
    pub rotate_keep: u8,
}

/// Where to serve.
#[derive(Clone, Copy)]
pub struct Listen(pub Option<SocketAddr>);

/// Options of the contract that are not built yet.
#[derive(Args)]
pub struct WatchLater {
    #[arg(long, hide = true)]
    event_format: Option<String>,
    #[arg(long, hide = true)]
    policy: Option<String>,
}

impl Watch {
    /// What was asked for that is not built yet.
    pub fn not_built(&self) -> Option<&'static str> {
        let later = &self.later;
        let native = later.event_format.as_deref().is_none_or(|format| format == "native");
        [(!native, "--event-format (other than native)"), (later.policy.is_some(), "--policy")]
            .into_iter()
            .find_map(|(given, name)| given.then_some(name))
    }

    /// What contradicts itself or would do harm, in a sentence.
    pub fn nonsense(&self) -> Option<String> {
        let outputs =
            [("--events", &self.judging.events), ("--record", &self.record), ("--inventory", &self.inventory)];
        let written = || outputs.iter().filter_map(|(option, output)| Some((*option, output.as_deref()?)));
        for (number, (option, output)) in written().enumerate() {
            if let Some((other, _)) = written().skip(number + 1).find(|(_, other)| is_same(output, other)) {
                return Some(format!("{option} and {other} both write to {}: name two files", output.display()));
            }
        }
        if self.record.as_deref() == Some(Path::new("-")) {
            return Some("--record - would mix packets with what is said there: name a file".to_owned());
        }
        if self.inventory.as_deref() == Some(Path::new("-")) {
            return Some("--inventory is written again and again: name a file".to_owned());
        }
        if self.learn_for.is_some() && self.judging.baseline.is_none() {
            return Some("--learn-for needs --baseline FILE, where the baseline goes".to_owned());
        }
        if self.kernel_filter && self.processing.filter.is_none() {
            return Some("--kernel-filter needs --filter EXPR, which the kernel is to apply".to_owned());
        }
        written().find_map(|(option, output)| self.judging.over_input(option, output))
    }
}

fn listen(text: &str) -> Result<Listen, String> {
    if text == "off" {
        return Ok(Listen(None));
    }
    let address = text.parse().map_err(|_| "an address and port are wanted, for example 127.0.0.1:9464, or off")?;
    Ok(Listen(Some(address)))
}

fn age(text: &str) -> Result<Duration, String> {
    let age = humantime::parse_duration(text).ok().filter(|age| age.as_secs() >= 1);
    age.ok_or_else(|| "a time like 12h or 7days is wanted, a second at least".to_owned())
}
