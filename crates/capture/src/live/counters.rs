//! What the kernel counts of an interface beside the socket: packets that its card had no room for, and its state.
//!
//! The files are opened once, before the process gives up its rights, and read again from their beginning.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
};

/// Of an interface.
#[derive(Debug)]
pub(super) struct Counters {
    /// What the card had no room for (`rx_missed_errors`) and what overran its queue (`rx_fifo_errors`). Not `rx_dropped`:
    /// that counts packets which nobody but us wanted.
    missed: Vec<File>,
    state: Option<File>,
    /// As it was at the beginning.
    before: u64,
}

impl Counters {
    /// Of the interface of this name. What cannot be opened counts nothing.
    pub(super) fn of(name: &str) -> Self {
        let folder = format!("/sys/class/net/{name}");
        let open = |file: &str| File::open(format!("{folder}/{file}")).ok();
        let missed = ["statistics/rx_missed_errors", "statistics/rx_fifo_errors"].into_iter().filter_map(open);
        let mut counters = Self { missed: missed.collect(), state: open("operstate"), before: 0 };
        counters.before = counters.sum();
        counters
    }

    /// Packets lost in the card since the beginning.
    pub(super) fn lost(&mut self) -> u64 {
        self.sum().saturating_sub(self.before)
    }

    /// Whether the link is up, as far as that is known. The loopback and tunnels say "unknown" while they work.
    pub(super) fn is_up(&mut self) -> Option<bool> {
        let state = text(self.state.as_mut()?)?;
        Some(matches!(state.trim(), "up" | "unknown"))
    }

    /// Whether the interface is gone: its files are there no more.
    #[cfg(feature = "pcap")]
    pub(super) fn is_gone(&mut self) -> bool {
        self.state.as_mut().is_some_and(|state| text(state).is_none())
    }

    fn sum(&mut self) -> u64 {
        let number = |file: &mut File| text(file)?.trim().parse::<u64>().ok();
        self.missed.iter_mut().filter_map(number).fold(0, u64::saturating_add)
    }
}

/// What a file says now; None where it cannot be read, for example since its interface is gone.
fn text(file: &mut File) -> Option<String> {
    /// More than any of these files has.
    const OCTETS: u64 = 64;
    file.seek(SeekFrom::Start(0)).ok()?;
    let mut text = String::new();
    file.take(OCTETS).read_to_string(&mut text).ok()?;
    Some(text)
}
