//! Opens an interface as `watch` does, gives up the same rights, and tries what must be refused then.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, ErrorKind, Write as _};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::Command;

use wardtap_capture::PacketSource;
use wardtap_capture::live::{Live, LiveOptions, Method};

use super::rights::{self, Account};
use super::sandbox::{self, Files};
use crate::cli::Check;

/// Octets of the ring that is made for it.
const RING_BYTES: usize = 4 << 20;

/// Says what an interface is watched with. False where something was not refused.
pub fn tell(out: &mut String, interface: &str, check: &Check) -> anyhow::Result<bool> {
    let (mut live, _stopper) = Live::open(options(interface, check.allow_addressed))?;
    rights::give_up(check.user.as_deref().map(Account::find).transpose()?)?;
    live.start()?;
    let landlock = sandbox::enter(&Files::default(), &live.descriptors())?;
    let up = live.interfaces().first().and_then(|interface| interface.up);
    let link = match up {
        Some(true) => "the link is up",
        Some(false) => "the link is DOWN: plug it in, or ip link set dev IF up",
        None => "whether the link is up is not known",
    };
    writeln!(out, "{interface}: good")?;
    writeln!(out, "  link          {link}")?;
    writeln!(out, "  rights        {}", rights::told())?;
    writeln!(out, "  Landlock      {landlock}")?;
    writeln!(out, "  seccomp       in force")?;
    let mut all = sandbox::memory_is_kept()?;
    writeln!(
        out,
        "  memory        {}",
        if all { "no core dumps, no tracing" } else { "NOT KEPT from core dumps and tracing" }
    )?;
    for (what, tried) in attempts(live, interface, check) {
        let refused = tried.err().filter(|error| error.kind() == ErrorKind::PermissionDenied);
        all &= refused.is_some();
        writeln!(out, "    {what:40}{}", if refused.is_some() { "refused" } else { "NOT REFUSED" })?;
    }
    Ok(all)
}

fn options(interface: &str, allow_addressed: bool) -> LiveOptions {
    LiveOptions {
        interfaces: vec![interface.to_owned()],
        allow_addressed,
        filter: None,
        kernel_filter: false,
        method: Method::Auto,
        ring_bytes: RING_BYTES,
    }
}

/// What is tried, and what came of it.
fn attempts(live: Live, interface: &str, check: &Check) -> Vec<(&'static str, io::Result<()>)> {
    let again = Live::open(options(interface, check.allow_addressed)).map(drop);
    // What stands in its way is told by errors of other kinds; that there is one is what counts.
    let again = again.map_err(|_| io::Error::from(ErrorKind::PermissionDenied));
    let mut attempts = vec![
        ("open another packet socket", again),
        ("listen on a port", TcpListener::bind("127.0.0.1:0").map(drop)),
        ("start a program", Command::new("/proc/self/exe").arg("--version").output().map(drop)),
        ("read /etc/passwd", File::open("/etc/passwd").map(drop)),
        ("write a file", File::create(std::env::temp_dir().join("wardtap-check")).map(drop)),
    ];
    for socket in live.into_sockets() {
        let duplicate = socket.try_clone().map(drop);
        attempts.push(("give the capture socket another number", duplicate));
        attempts.push(("send on the capture socket", send_nothing(socket)));
    }
    attempts
}

/// Sends no octets, which the kernel takes for a mistake, and the filter refuses before that.
fn send_nothing(socket: OwnedFd) -> io::Result<()> {
    File::from(socket).write(&[]).map(drop)
}
