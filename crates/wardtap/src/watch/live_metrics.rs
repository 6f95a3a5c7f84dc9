//! The metrics of a live run: those of a replay, and what only a process and its interfaces have.
//!
//! Names that begin with `process_` are those of Prometheus' own client libraries, which dashboards know.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::pulse::{News, Pulse};

/// Ticks of a second in /proc: USER_HZ, the same on every Linux.
const TICKS: f64 = 100.0;
/// Octets of a page, as /proc counts them; larger on some machines that are no PCs, where the figure is too small.
const PAGE: f64 = 4096.0;

/// What the kernel says of this process. Its file is opened before the process may open no more.
pub struct Process {
    stat: Mutex<Option<File>>,
    started: f64,
}

impl Process {
    /// Opens it.
    pub fn new() -> Self {
        #[allow(clippy::disallowed_methods, reason = "when a process was started its machine's clock knows")]
        let started = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
        Self { stat: Mutex::new(File::open("/proc/self/stat").ok()), started }
    }

    /// All metrics, in Prometheus' text format.
    pub fn metrics(&self, pulse: &Pulse) -> anyhow::Result<Vec<u8>> {
        let Some(said) = pulse.said() else {
            anyhow::bail!("nothing was counted yet: ask again in a second");
        };
        let mut text = said.totals.metrics()?;
        let mut more = String::new();
        family(&mut more, "wardtap_ready", "gauge", "1 while /readyz has no complaint: it sees, and can tell.")?;
        writeln!(more, "wardtap_ready {}", u8::from(pulse.troubles().is_empty()))?;
        interfaces(&mut more, &said)?;
        family(&mut more, "wardtap_events_lost_total", "counter", "Events lost, since they could not be written.")?;
        writeln!(more, "wardtap_events_lost_total {}", said.events_lost)?;
        family(&mut more, "wardtap_events_failing", "gauge", "1 while events cannot be written.")?;
        writeln!(more, "wardtap_events_failing {}", u8::from(said.events_failing))?;
        family(
            &mut more,
            "wardtap_clock_timestamp_seconds",
            "gauge",
            "The time up to which everything was processed.",
        )?;
        writeln!(more, "wardtap_clock_timestamp_seconds {}", seconds(said.now.nanos()))?;
        family(&mut more, "wardtap_reloads_total", "counter", "SIGHUPs, by what came of them.")?;
        for (result, count) in [("done", &pulse.reloads), ("failed", &pulse.reloads_failed)] {
            writeln!(more, "wardtap_reloads_total{{result=\"{result}\"}} {}", count.load(Ordering::Relaxed))?;
        }
        state(&mut more, &said, pulse)?;
        self.process(&mut more)?;
        text.extend_from_slice(more.as_bytes());
        Ok(text)
    }

    fn process(&self, out: &mut String) -> std::fmt::Result {
        let Some([cpu, threads, resident]) = self.stat() else { return Ok(()) };
        family(out, "process_cpu_seconds_total", "counter", "Processor time, in user and kernel mode.")?;
        writeln!(out, "process_cpu_seconds_total {}", cpu / TICKS)?;
        family(out, "process_resident_memory_bytes", "gauge", "Memory in use, the rings of interfaces included.")?;
        writeln!(out, "process_resident_memory_bytes {}", resident * PAGE)?;
        family(out, "process_threads", "gauge", "Threads.")?;
        writeln!(out, "process_threads {threads}")?;
        family(out, "process_start_time_seconds", "gauge", "When the process was started, since 1970.")?;
        writeln!(out, "process_start_time_seconds {}", self.started)
    }

    /// Processor time in ticks, threads, and resident memory in pages: proc(5).
    fn stat(&self) -> Option<[f64; 3]> {
        let mut file = self.stat.lock().unwrap_or_else(PoisonError::into_inner);
        let file = file.as_mut()?;
        file.seek(SeekFrom::Start(0)).ok()?;
        let mut text = String::new();
        file.take(4096).read_to_string(&mut text).ok()?;
        // Behind the name, which may hold anything, in parentheses: the state is field 3.
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<f64> = rest.split_whitespace().map(|field| field.parse().unwrap_or(0.0)).collect();
        let field = |number: usize| fields.get(number - 3).copied();
        Some([field(14)? + field(15)?, field(20)?, field(24)?])
    }
}

fn interfaces(out: &mut String, said: &News) -> std::fmt::Result {
    family(out, "wardtap_interface_up", "gauge", "1 while the link is up.")?;
    for interface in said.interfaces.iter().filter(|interface| interface.up.is_some()) {
        let up = u8::from(interface.up == Some(true));
        writeln!(out, "wardtap_interface_up{{interface=\"{}\"}} {up}", label(&interface.name))?;
    }
    family(
        out,
        "wardtap_interface_addressed",
        "gauge",
        "1 while it has an address, so that this machine may answer there.",
    )?;
    for interface in &said.interfaces {
        let addressed = u8::from(interface.address.is_some());
        writeln!(out, "wardtap_interface_addressed{{interface=\"{}\"}} {addressed}", label(&interface.name))?;
    }
    family(out, "wardtap_interface_packets_total", "counter", "Packets heard, filtered or not.")?;
    for interface in &said.interfaces {
        let (name, packets) = (label(&interface.name), interface.packets);
        writeln!(out, "wardtap_interface_packets_total{{interface=\"{name}\"}} {packets}")?;
    }
    let last = "wardtap_interface_last_packet_timestamp_seconds";
    family(out, last, "gauge", "When a packet was last heard; 0 before the first.")?;
    for interface in &said.interfaces {
        let time = seconds(interface.last.map_or(0, |last| last.nanos()));
        writeln!(out, "{last}{{interface=\"{}\"}} {time}", label(&interface.name))?;
    }
    Ok(())
}

/// What is kept, learned and approved.
fn state(out: &mut String, said: &News, pulse: &Pulse) -> std::fmt::Result {
    if let Some(kept) = &said.kept {
        family(out, "wardtap_checkpoints_total", "counter", "Checkpoints, by what came of them.")?;
        for (result, count) in [("done", &kept.stored), ("failed", &kept.failed)] {
            writeln!(out, "wardtap_checkpoints_total{{result=\"{result}\"}} {}", count.load(Ordering::Relaxed))?;
        }
        let latest = "wardtap_checkpoint_timestamp_seconds";
        family(out, latest, "gauge", "Of when the latest checkpoint is; 0 before the first.")?;
        writeln!(out, "{latest} {}", seconds(kept.latest.load(Ordering::Relaxed)))?;
        family(out, "wardtap_checkpoint_bytes", "gauge", "Octets of the latest checkpoint.")?;
        writeln!(out, "wardtap_checkpoint_bytes {}", kept.octets.load(Ordering::Relaxed))?;
        family(out, "wardtap_approvals_total", "counter", "Approvals while it runs, by what came of them.")?;
        for (result, count) in [("done", &pulse.approvals.done), ("refused", &pulse.approvals.refused)] {
            writeln!(out, "wardtap_approvals_total{{result=\"{result}\"}} {}", count.load(Ordering::Relaxed))?;
        }
    }
    family(out, "wardtap_learning", "gauge", "1 while what is normal is being learned.")?;
    writeln!(out, "wardtap_learning {}", u8::from(said.learning_left.is_some()))?;
    family(out, "wardtap_learning_left_seconds", "gauge", "For how long is still to be learned.")?;
    writeln!(out, "wardtap_learning_left_seconds {}", said.learning_left.unwrap_or(0))?;
    family(out, "wardtap_adapted_quantities", "gauge", "Quantities of which more is normal by now than was approved.")?;
    writeln!(out, "wardtap_adapted_quantities {}", said.adapted.unwrap_or(0))?;
    family(out, "wardtap_unwatched_seconds", "gauge", "For how long nothing was watched before this start.")?;
    writeln!(out, "wardtap_unwatched_seconds {}", said.unwatched.unwrap_or(0))
}

fn family(out: &mut String, name: &str, kind: &str, help: &str) -> std::fmt::Result {
    writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}")
}

/// Linux lets a name hold all but a slash and white space.
fn label(name: &str) -> String {
    name.replace('\\', "\\\\").replace('"', "\\\"")
}

fn seconds(nanos: u64) -> String {
    format!("{}.{:03}", nanos / 1_000_000_000, nanos / 1_000_000 % 1000)
}
