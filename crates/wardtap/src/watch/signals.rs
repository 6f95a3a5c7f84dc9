//! Signals, on a thread of their own: what takes time is done there, not where packets are.

use std::io;
use std::thread::{self, JoinHandle};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::{Handle, Signals};

/// What signals bring about.
pub struct Deeds {
    /// SIGTERM and SIGINT.
    pub end: Box<dyn Fn() + Send>,
    /// SIGHUP.
    pub reload: Box<dyn Fn() + Send>,
    /// SIGUSR1.
    pub reopen: Box<dyn Fn() + Send>,
}

/// Signals that are caught; they wait until there are deeds for them.
pub struct Caught(Signals);

/// The thread.
pub struct Listening {
    handle: Handle,
    thread: JoinHandle<()>,
}

impl Caught {
    /// Catches them from here on.
    pub fn new() -> io::Result<Self> {
        Signals::new([SIGTERM, SIGINT, SIGHUP, SIGUSR1]).map(Self)
    }

    /// Does something about them.
    pub fn listen(self, deeds: Deeds) -> io::Result<Listening> {
        let Self(mut signals) = self;
        let handle = signals.handle();
        let thread = thread::Builder::new().name("signals".to_owned()).spawn(move || {
            for signal in signals.forever() {
                match signal {
                    SIGHUP => (deeds.reload)(),
                    SIGUSR1 => (deeds.reopen)(),
                    _ => (deeds.end)(),
                }
            }
        })?;
        Ok(Listening { handle, thread })
    }
}

impl Listening {
    /// No longer.
    pub fn end(self) {
        self.handle.close();
        if self.thread.join().is_err() {
            eprintln!("wardtap: the thread for signals had ended before");
        }
    }
}
