//! `generate`: a capture, with what is true of it beside it.

use anyhow::{Context, Result};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::attacks;
use crate::cli;
use crate::clock::{DAY, Time};
use crate::sim::Sim;
use crate::tap::{Faults, Tap};
use crate::ward;

/// When every hospital opens: a Monday, midnight on its own clocks.
pub const OPENING: Time = Time::from_secs(1_767_567_600); // 2026-01-04T23:00:00Z

/// Writes the capture.
///
/// # Errors
/// Where a file cannot be written.
pub fn run(options: &cli::Generate) -> Result<()> {
    let mut sim = Sim::new(options.hospital.seed, OPENING);
    sim.net.keep_messages = options.messages.is_some();
    ward::open(&mut sim, options.hospital.devices);
    let begin = OPENING + DAY.mul_f64(options.skip);
    sim.run(begin, |_| Ok::<_, anyhow::Error>(()))?;
    for (day, name) in (0..).zip(&options.scenarios) {
        attacks::play(&mut sim, attacks::named(name)?, begin + DAY * day);
    }
    let capture = create(&options.out)?;
    let messages = options.messages.as_deref().map(create).transpose()?;
    let mut tap = Tap::new(capture, messages, options.faults.into(), sim.dice("tap", 0))?;
    tap.look_around(&sim.net);
    sim.run(begin + DAY.mul_f64(options.days), |frame| tap.see(&frame))?;
    if let Some(path) = &options.labels {
        let mut labels = create(path)?;
        for played in &sim.played {
            let frames = tap.spans.get(&played.mark).copied().unwrap_or_default();
            serde_json::to_writer(&mut labels, &played.label(&sim, frames))?;
            labels.write_all(b"\n")?;
        }
        labels.flush()?;
    }
    tap.finish()
}

/// Opens a file for writing; `-` is standard output.
fn create(path: &Path) -> Result<Box<dyn Write>> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(BufWriter::with_capacity(1 << 18, io::stdout())));
    }
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Box::new(BufWriter::with_capacity(1 << 18, file)))
}

impl From<cli::Faults> for Faults {
    fn from(typed: cli::Faults) -> Self {
        let cli::Faults { loss, duplicates, one_direction, snaplen, vlan, routed, erspan } = typed;
        Self { loss, duplicates, one_direction, snaplen, vlan, routed, erspan }
    }
}
