//! `generate`: a capture, with what is true of it beside it.

use anyhow::{Context, Result, ensure};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use crate::assets;
use crate::attacks;
use crate::cli;
use crate::clock::{DAY, OPENING, Time, secs};
use crate::sim::Sim;
use crate::tap::{Faults, Tap, write_line};
use crate::ward;

/// Writes the capture.
///
/// # Errors
/// Where a file cannot be written.
pub fn run(options: &cli::Generate) -> Result<()> {
    // What lies around a scenario's frames is known once it was played: a hospital of the same seed goes ahead.
    let wanted = options.around.map(|seconds| around(options, secs(seconds))).transpose()?;
    let is_wanted = |time: Time| wanted.as_ref().is_none_or(|spans| is_within(spans, time));
    let (mut sim, end) = begin(options)?;
    if let Some(path) = &options.assets {
        assets::write(&sim, &mut create_lines(path)?).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let capture = create(&options.out)?;
    let messages = options.messages.as_deref().map(create_lines).transpose()?;
    let mut tap = Tap::new(capture, messages, options.faults.into(), sim.dice("tap", 0));
    while sim.now < end {
        let until = tap.look_around(&sim.net, sim.now).min(end);
        sim.run(until, |frame| if is_wanted(frame.time) { tap.see(&frame) } else { Ok(()) })?;
    }
    if let Some(path) = &options.labels {
        let mut labels = create_lines(path)?;
        for played in &sim.played {
            let frames = tap.spans.get(&played.mark).copied().unwrap_or_default();
            write_line(&mut labels, &played.label(&sim, frames))?;
        }
        labels.flush()?;
    }
    tap.finish()
}

/// A hospital just before the capture begins, with its scenarios to come; and when the capture ends.
fn begin(options: &cli::Generate) -> Result<(Sim, Time)> {
    let mut sim = Sim::new(options.hospital.seed, OPENING);
    sim.net.keep_messages = options.messages.is_some();
    ward::open(&mut sim, options.hospital.devices);
    let begin = OPENING + DAY.mul_f64(options.skip);
    sim.run(begin, |_| Ok::<_, anyhow::Error>(()))?;
    for (day, &scenario) in (0..).zip(&options.scenarios) {
        let needed = f64::from(day) + scenario.hour / 24.0;
        ensure!(
            needed < options.days,
            "{} would begin {needed:.2} days into the capture, which spans {}: --days {} holds it",
            scenario.name,
            options.days,
            day + 1
        );
        attacks::play(&mut sim, scenario, begin + DAY * day);
    }
    Ok((sim, begin + DAY.mul_f64(options.days)))
}

/// Whether a time lies in one of the spans, which ascend.
fn is_within(spans: &[Range<Time>], time: Time) -> bool {
    let begun = spans.partition_point(|span| span.start <= time);
    spans[..begun].last().is_some_and(|span| span.contains(&time))
}

/// The times so near to a scenario's frames.
fn around(options: &cli::Generate, near: Duration) -> Result<Vec<Range<Time>>> {
    let (mut sim, end) = begin(options)?;
    let mut spans: Vec<Range<Time>> = Vec::new();
    sim.run(end, |frame| {
        if frame.mark != 0 {
            match spans.last_mut().filter(|span| span.contains(&(frame.time - near))) {
                Some(span) => span.end = frame.time + near,
                None => spans.push(frame.time - near..frame.time + near),
            }
        }
        Ok::<_, anyhow::Error>(())
    })?;
    Ok(spans)
}

/// Opens a file for writing; `-` is standard output.
fn create(path: &Path) -> Result<Box<dyn Write>> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(io::stdout()));
    }
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Box::new(file))
}

/// As [`create`], for many short writes.
fn create_lines(path: &Path) -> Result<Box<dyn Write>> {
    Ok(Box::new(BufWriter::new(create(path)?)))
}

impl From<cli::Faults> for Faults {
    fn from(typed: cli::Faults) -> Self {
        let cli::Faults { loss, duplicates, one_direction, snaplen, vlan, routed, erspan } = typed;
        Self { loss, duplicates, one_direction, snaplen, vlan, routed, erspan }
    }
}
