//! A wire for tests: a veth pair whose far end lies in a network namespace of its own, and a sensor on the near end.
//!
//! Needs root, `ip netns`, tcpreplay and tcpdump; a test says that it skips where they are missing. With
//! `WARDTAP_WIRE=required`, which `.ci/test` sets where it is root, it fails then.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::run::root;

/// Nothing here takes this long: it hangs. What is learned of a minute is there once the next one has begun.
const DEADLINE: Duration = Duration::from_secs(150);

/// A veth pair.
pub(crate) struct Wire {
    namespace: String,
    /// The end in this namespace, to be watched.
    pub(crate) near: String,
}

/// The end that sends.
const FAR: &str = "tx0";
/// The end that sends on a second pair.
pub(crate) const OTHER: &str = "tx1";

impl Wire {
    /// A new one; None where there can be none.
    pub(crate) fn new() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("wt{}n{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let wire = Self { namespace: name.clone(), near: name };
        if let Some(missing) = wire.make() {
            assert!(std::env::var_os("WARDTAP_WIRE").is_none(), "no wire: {missing}");
            println!("skipped: {missing}");
            return None;
        }
        Some(wire)
    }

    /// A second pair into the same namespace, for the other direction of a tap: the near end.
    pub(crate) fn other(&self) -> String {
        let other = format!("{}b", self.near);
        self.pair(&other, OTHER);
        other
    }

    fn pair(&self, near: &str, far: &str) {
        run("ip", &["link", "add", near, "type", "veth", "peer", "name", far, "netns", &self.namespace]).unwrap();
        // As the documents have it: no address, no IPv6, no ARP.
        drop(fs::write(format!("/proc/sys/net/ipv6/conf/{near}/disable_ipv6"), "1"));
        run("ip", &["link", "set", near, "addrgenmode", "none"]).unwrap();
        run("ip", &["link", "set", near, "mtu", "9000", "arp", "off", "up"]).unwrap();
        // It says nothing by itself, so that every packet is one that was played.
        self.far("sysctl", &["-qw", &format!("net.ipv6.conf.{far}.disable_ipv6=1")]);
        self.far("ip", &["link", "set", far, "mtu", "9000", "up"]);
    }

    fn make(&self) -> Option<String> {
        for tool in ["ip", "tcpreplay", "tcpdump", "ping"] {
            if Command::new(tool).arg("--version").output().is_err() && Command::new(tool).arg("-V").output().is_err() {
                return Some(format!("there is no {tool}"));
            }
        }
        let Self { namespace, near } = self;
        let made = run("ip", &["netns", "add", namespace]);
        if let Err(error) = made {
            return Some(format!("no network namespaces (root is needed): {error}"));
        }
        self.pair(near, FAR);
        None
    }

    /// Runs a program at the far end.
    pub(crate) fn far(&self, program: &str, arguments: &[&str]) -> String {
        run("ip", &[&["netns", "exec", &self.namespace, program], arguments].concat()).unwrap()
    }

    /// The same, whatever comes of it.
    pub(crate) fn try_far(&self, program: &str, arguments: &[&str]) {
        drop(run("ip", &[&["netns", "exec", &self.namespace, program], arguments].concat()));
    }

    /// Plays a capture into the wire.
    pub(crate) fn play(&self, capture: &Path, options: &[&str]) {
        let capture = capture.to_str().unwrap();
        self.far("tcpreplay", &[&["-q", "-i", FAR], options, &[capture]].concat());
    }

    /// Begins to write down what comes out of the watched end.
    pub(crate) fn listen(&self, to: &Path) -> Ears {
        let arguments = ["netns", "exec", &self.namespace, "tcpdump", "-i", FAR, "-Q", "in", "-U", "-n", "-w"];
        let errors = to.with_extension("err");
        let child = Command::new("ip")
            .args(arguments)
            .arg(to)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&errors).unwrap())
            .spawn()
            .unwrap();
        wait("tcpdump listens", || fs::read_to_string(&errors).unwrap().contains("listening on"));
        Ears { child, to: to.to_owned() }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        // The pair goes with either of its ends.
        drop(run("ip", &["link", "del", &self.near]));
        drop(run("ip", &["netns", "del", &self.namespace]));
    }
}

/// tcpdump at the far end.
pub(crate) struct Ears {
    child: Child,
    to: PathBuf,
}

impl Ears {
    /// How many frames have come.
    pub(crate) fn heard(mut self) -> usize {
        run("kill", &["-INT", &self.child.id().to_string()]).unwrap();
        self.child.wait().unwrap();
        run("tcpdump", &["-n", "-r", self.to.to_str().unwrap()]).unwrap().lines().count()
    }
}

/// A running `wardtap watch`.
pub(crate) struct Sensor {
    child: Child,
    folder: TempDir,
    address: SocketAddr,
}

/// How a sensor ended.
pub(crate) struct Ended {
    pub(crate) status: i32,
    pub(crate) took: Duration,
    pub(crate) events: Vec<Value>,
    pub(crate) stderr: String,
    pub(crate) folder: TempDir,
}

impl Sensor {
    /// Starts one that is watching once this returns: as nobody, with events of all types.
    pub(crate) fn start(wire: &Wire, options: &[&str]) -> Self {
        Self::start_in(wire, open_folder(), options)
    }

    /// The same, in a folder that holds what the options name.
    pub(crate) fn start_in(wire: &Wire, folder: TempDir, options: &[&str]) -> Self {
        Self::start_by(&mut Command::new(env!("CARGO_BIN_EXE_wardtap")), wire, folder, options)
    }

    /// The same, by a command that runs wardtap with the arguments that are added.
    pub(crate) fn start_by(command: &mut Command, wire: &Wire, folder: TempDir, options: &[&str]) -> Self {
        let errors = folder.path().join("stderr");
        let mut child = command
            .args(["watch", "--interface", &wire.near, "--listen", "127.0.0.1:0", "--user", "nobody"])
            .args(if options.contains(&"--events") { &[][..] } else { &["--events", "events.jsonl"] })
            .args(["--event-types", crate::run::ALL_TYPES])
            .args(options)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&errors).unwrap())
            .spawn()
            .unwrap();
        let mut address = String::new();
        wait("the sensor watches", || {
            let text = fs::read_to_string(&errors).unwrap();
            assert!(child.try_wait().unwrap().is_none(), "{text}");
            let line = text.lines().find(|line| line.starts_with("wardtap: watching") && line.ends_with("/metrics"));
            address = line.and_then(|line| line.rsplit_once("http://")).map_or("", |(_, address)| address).to_owned();
            !address.is_empty()
        });
        let address = address.strip_suffix("/metrics").unwrap().parse().unwrap();
        Self { child, folder, address }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Asks over HTTP; answers status and body.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        get(self.address, path)
    }

    /// The value of a series of /metrics; 0 before there are any.
    pub(crate) fn metric(&self, series: &str) -> f64 {
        let (_, text) = self.get("/metrics");
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.map_or(0.0, |value| value.parse().unwrap())
    }

    /// Waits until so many packets were read or lost.
    pub(crate) fn wait_for_packets(&self, count: f64) {
        wait("packets", || {
            let lost = ["ring", "pipeline"]
                .map(|stage| self.metric(&format!("wardtap_packets_dropped_total{{stage=\"{stage}\"}}")));
            self.metric("wardtap_packets_total") + lost.iter().sum::<f64>() >= count
        });
    }

    pub(crate) fn signal(&self, name: &str) {
        run("kill", &[&format!("-{name}"), &self.child.id().to_string()]).unwrap();
    }

    /// Waits for its end by SIGKILL; gives its folder back.
    pub(crate) fn killed(mut self) -> TempDir {
        self.child.wait().unwrap();
        std::mem::replace(&mut self.folder, TempDir::new().unwrap())
    }

    /// Ends it by SIGTERM.
    pub(crate) fn end(self) -> Ended {
        self.signal("TERM");
        self.ended()
    }

    /// Waits until it ends by itself.
    pub(crate) fn ended(mut self) -> Ended {
        let begun = now();
        let mut status = None;
        wait("the sensor ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        let took = begun.elapsed();
        let text = |name: &str| fs::read_to_string(self.path(name)).unwrap_or_default();
        let events = text("events.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let (stderr, status) = (text("stderr"), status.and_then(|status| status.code()).unwrap_or(-1));
        let folder = std::mem::replace(&mut self.folder, TempDir::new().unwrap());
        Ended { status, took, events, stderr, folder }
    }
}

impl Drop for Sensor {
    fn drop(&mut self) {
        // It has ended, unless the test has failed.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Asks over HTTP; answers status and body, and 0 where the connection is reset.
pub(crate) fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut text = String::new();
    // Of 1.0 are answers that come in one piece.
    if write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").is_err()
        || stream.read_to_string(&mut text).is_err()
        || text.is_empty()
    {
        return (0, String::new());
    }
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// A disk of its own, in memory.
pub(crate) struct Disk(PathBuf);

impl Disk {
    /// Mounts one of a size, in which anybody may write.
    pub(crate) fn mount(at: &Path, size: &str) -> Result<Self, String> {
        let options = format!("size={size},mode=777");
        run("mount", &["-t", "tmpfs", "-o", &options, "tmpfs", at.to_str().unwrap()])?;
        Ok(Self(at.to_owned()))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(run("umount", &["-l", self.0.to_str().unwrap()]));
    }
}

/// A folder in which anybody may write.
pub(crate) fn open_folder() -> TempDir {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    folder
}

/// Waits for something.
#[track_caller]
pub(crate) fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let begun = now();
    while !done() {
        assert!(begun.elapsed() < DEADLINE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn now() -> Instant {
    #[allow(clippy::disallowed_methods, reason = "how long another process takes")]
    Instant::now()
}

/// Runs a program; answers what it printed, or why it failed.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Result<String, String> {
    let done = Command::new(program).args(arguments).output().map_err(|error| format!("{program}: {error}"))?;
    if !done.status.success() {
        return Err(format!("{program} {arguments:?}: {}", String::from_utf8_lossy(&done.stderr)));
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// A capture of the repository, unpacked into a folder; and how many packets it has.
pub(crate) fn unpacked(name: &str, folder: &Path) -> (PathBuf, usize) {
    let packed = fs::read(root().join(name)).unwrap();
    #[allow(clippy::disallowed_methods, reason = "a capture of this repository")]
    let bytes = if name.ends_with(".zst") { zstd::stream::decode_all(&packed[..]).unwrap() } else { packed };
    let path = folder.join("played.pcap");
    fs::write(&path, &bytes).unwrap();
    (path, frames(&bytes).len())
}

/// Where each frame of a little-endian pcap begins (its record header), and its length.
pub(crate) fn frames(pcap: &[u8]) -> Vec<(usize, usize)> {
    let mut all = Vec::new();
    let mut at = 24;
    while at < pcap.len() {
        let length = u32::from_le_bytes(pcap[at + 8..at + 12].try_into().unwrap()) as usize;
        all.push((at, length));
        at += 16 + length;
    }
    all
}

/// The same capture with every frame in a VLAN.
pub(crate) fn tagged(pcap: &[u8], vlan: u16) -> Vec<u8> {
    let mut out = pcap[..24].to_vec();
    for (at, length) in frames(pcap) {
        let longer = (length as u32 + 4).to_le_bytes();
        out.extend_from_slice(&pcap[at..at + 8]);
        out.extend_from_slice(&longer);
        out.extend_from_slice(&longer);
        out.extend_from_slice(&pcap[at + 16..at + 28]);
        out.extend_from_slice(&[0x81, 0]);
        out.extend_from_slice(&vlan.to_be_bytes());
        out.extend_from_slice(&pcap[at + 28..at + 16 + length]);
    }
    out
}
