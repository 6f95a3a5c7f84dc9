//! A progress bar for long replays: on a terminal only.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// A bar on standard error, or nothing.
pub struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    pub fn new() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self { bar: None };
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        bar.set_style(style("{bytes} read  {binary_bytes_per_sec}  {msg}"));
        Self { bar: Some(bar) }
    }

    /// Shows how far the inputs are read.
    pub fn at(&self, read: u64, of: Option<u64>, packets: u64) {
        let Some(bar) = &self.bar else { return };
        if bar.length().is_none()
            && let Some(of) = of
        {
            bar.set_length(of);
            bar.set_style(style("{wide_bar} {bytes}/{total_bytes}  {binary_bytes_per_sec}  {msg}  {left} left"));
        }
        bar.set_position(read);
        let seconds = bar.elapsed().as_secs_f64();
        if seconds > 0.2 {
            bar.set_message(format!("{:.2} M packets/s", packets as f64 / seconds / 1e6));
        }
    }

    /// Takes the bar away.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).with_key(
        "left",
        |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            let left = Duration::from_secs(state.eta().as_secs());
            // A bar that cannot be drawn is no reason to stop a replay.
            write!(out, "{}", humantime::format_duration(left)).unwrap_or_default();
        },
    )
}
