//! What systemd is told: that the sensor watches, once a second that packets still go through it, and that it ends.
//!
//! systemd's protocol is a line in a datagram (sd_notify(3)). The socket is made before the sandbox is, which lets none be
//! made later: that is why the crate `sd-notify`, which makes one for each line, cannot be used here.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Arc;

use anyhow::Context;

/// Names the socket; an abstract one begins with `@`.
const SOCKET: &str = "NOTIFY_SOCKET";

/// Who started this process, if it wants to be told.
#[derive(Clone, Default)]
pub struct Notify(Option<Arc<UnixDatagram>>);

impl Notify {
    /// Connects to whom the environment names.
    pub fn from_environment() -> anyhow::Result<Self> {
        let Ok(name) = std::env::var(SOCKET) else { return Ok(Self::default()) };
        let socket = connect(&name).with_context(|| {
            format!("{SOCKET} is {name}, and nothing can be told there: start wardtap by systemd, or without it")
        })?;
        Ok(Self(Some(Arc::new(socket))))
    }

    /// It watches, and has given up its rights.
    pub fn ready(&self, interfaces: &str) {
        self.tell(&format!("READY=1\nSTATUS=watching {interfaces}"));
    }

    /// A second of packets, or of an idle wire, went through: systemd starts it anew where this is not told for long
    /// (`WatchdogSec=`).
    pub fn alive(&self) {
        self.tell("WATCHDOG=1");
    }

    /// It ends, as it was asked to.
    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// What is not taken is not told again: the next second is.
    fn tell(&self, line: &str) {
        if let Some(socket) = &self.0 {
            drop(socket.send(line.as_bytes()));
        }
    }
}

fn connect(name: &str) -> io::Result<UnixDatagram> {
    let address = match name.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(name)?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.connect_addr(&address)?;
    // Whoever does not read must not hold up packets.
    socket.set_nonblocking(true)?;
    Ok(socket)
}
