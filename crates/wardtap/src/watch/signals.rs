//! Signals, on a thread of their own, and what takes time on another: neither packets nor the end wait for it.

use std::io;
use std::thread::{self, JoinHandle};

use crossbeam_channel::bounded;
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
        let Deeds { end, reload, reopen } = deeds;
        let (to, from) = bounded(1);
        // Nobody waits for it at the end: it only reads.
        thread::Builder::new().name("reloader".to_owned()).spawn(move || from.iter().for_each(|()| reload()))?;
        let thread = thread::Builder::new().name("signals".to_owned()).spawn(move || {
            for signal in signals.forever() {
                match signal {
                    // Where one waits already, that one finds all that there is by then.
                    SIGHUP => drop(to.try_send(())),
                    SIGUSR1 => reopen(),
                    _ => end(),
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
