//! What an operator is told when a capture cannot be read at all: which file, what, where, how to mend it.

use std::io;

/// A capture cannot be opened. One sentence, complete in itself: callers print it as it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// The operating system refused to open or to read it.
    #[error("{capture}: cannot be read: {source}{}", mend(source))]
    Io {
        /// The capture as given.
        capture: String,
        /// What the system said.
        source: io::Error,
    },
    /// A folder was named.
    #[error("{capture}: is a directory: name the captures in it, for example {inside}/*.pcap")]
    Directory {
        /// The capture as given.
        capture: String,
        /// The same without a slash at its end.
        inside: String,
    },
    /// Nothing to read, not even a header.
    #[error("{capture}: {what} is empty, and even a capture without packets has a header: {advice}")]
    Empty {
        /// The capture as given.
        capture: String,
        /// What is empty: "the file", "the stream" or "what is unpacked from it".
        what: &'static str,
        /// How to mend it.
        advice: &'static str,
    },
    /// The first bytes belong to no format known here. They are not told: a list of patients may be named by mistake.
    #[error(
        "{capture}: not a capture: {what} does not begin like pcap (a1b2c3d4 or a1b23c4d, in either byte order), pcapng (0a0d0d0a), gzip (1f8b) or zstd (28b52ffd): {advice}"
    )]
    NotACapture {
        /// The capture as given.
        capture: String,
        /// What does not: "the file", "the stream" or "what is unpacked from it".
        what: &'static str,
        /// What it is, where the first bytes tell, and what to do.
        advice: &'static str,
    },
    /// What is packed in it is packed as well.
    #[error("{capture}: is packed twice: unpack it once before ({program} -dc FILE | wardtap ... -)")]
    PackedTwice {
        /// The capture as given.
        capture: String,
        /// The program that unpacks it: "gzip" or "zstd".
        program: &'static str,
    },
    /// The file ends inside its own header.
    #[error(
        "{capture}: cut short: it ends after {have} bytes, inside the {format} file header of {need} bytes, so that no packet can be read: copy or take it again"
    )]
    CutHeader {
        /// The capture as given.
        capture: String,
        /// "pcap" or "pcapng".
        format: &'static str,
        /// Bytes there are.
        have: usize,
        /// Bytes the header has.
        need: usize,
    },
    /// A version of the format that nobody has defined.
    #[error(
        "{capture}: {format} version {major}.{minor} is not known (known: {known}): let a tool that reads it write it anew (editcap -F pcapng FILE OUT.pcapng)"
    )]
    Version {
        /// The capture as given.
        capture: String,
        /// "pcap" or "pcapng".
        format: &'static str,
        /// The major version it states.
        major: u16,
        /// The minor version it states.
        minor: u16,
        /// The versions that can be read.
        known: &'static str,
    },
    /// A header that contradicts itself.
    #[error("{capture}: the {format} file header is damaged: {what}: copy or take it again")]
    Header {
        /// The capture as given.
        capture: String,
        /// "pcap" or "pcapng".
        format: &'static str,
        /// The contradiction.
        what: String,
    },
    /// Packed data are damaged before the capture's own header was whole.
    #[error("{capture}: cannot be unpacked: {what}: copy or pack it again")]
    Packed {
        /// The capture as given.
        capture: String,
        /// What is wrong with it.
        what: String,
    },
    /// Unpacking takes more memory than it may.
    #[error("{capture}: cannot be unpacked: {what}")]
    Window {
        /// The capture as given.
        capture: String,
        /// What it needs, what it may have, and what to do.
        what: String,
    },
    /// Standard input can be read only once.
    #[error("- (standard input) is given more than once, and can be read only once: name it once")]
    StandardInputTwice,
    /// No capture was named.
    #[error("no capture given: name at least one, or - for standard input")]
    Nothing,
    /// More captures than records can number.
    #[error(
        "{given} captures given: at most {most} can be merged at once: merge some of them first, for example with mergecap"
    )]
    TooMany {
        /// How many were given.
        given: usize,
        /// How many can be.
        most: usize,
    },
    /// There is no such interface.
    #[error("{interface}: there is no such interface: name one of {known}")]
    NoInterface {
        /// As given.
        interface: String,
        /// Those that there are.
        known: String,
    },
    /// An interface was named twice.
    #[error("{interface}: is named twice, so that its packets would be there twice: name it once")]
    InterfaceTwice {
        /// As given.
        interface: String,
    },
    /// More interfaces than one sensor reads.
    #[error("{given} interfaces given: one wardtap reads at most {most}: start another one for the rest")]
    TooManyInterfaces {
        /// How many were given.
        given: usize,
        /// How many can be.
        most: usize,
    },
    /// An interface with an address, from which this machine would answer.
    #[error(
        "{interface}: has the address {address}, so that this machine may answer and can be attacked there: take it away (ip address flush dev {interface}; sysctl -w net.ipv6.conf.{interface}.disable_ipv6=1), or give --allow-addressed"
    )]
    Addressed {
        /// As given.
        interface: String,
        /// One of its addresses.
        address: String,
    },
    /// An interface whose frames cannot be read.
    #[error(
        "{interface}: is of a kind (ARPHRD {kind}) whose frames are not read live: capture with tcpdump -i {interface} -U -w - | wardtap replay -"
    )]
    InterfaceKind {
        /// As given.
        interface: String,
        /// As Linux numbers kinds of hardware.
        kind: u16,
    },
    /// The operating system refused to open an interface.
    #[error("{interface}: cannot be captured from: {source}{}", mend_interface(source))]
    Interface {
        /// As given.
        interface: String,
        /// What the system said.
        source: io::Error,
    },
    /// A filter expression that does not compile.
    #[error("filter \"{expression}\": {what} (the syntax is that of pcap-filter(7), as tcpdump takes it)")]
    Filter {
        /// The expression as given.
        expression: String,
        /// What libpcap says.
        what: String,
    },
    /// A filter expression with a word that libpcap would look up, or does not know.
    #[error("filter \"{expression}\": \"{word}\" {why}")]
    FilterWord {
        /// The expression as given.
        expression: String,
        /// The word.
        word: String,
        /// Why it may not stand there, and how to mend it.
        why: &'static str,
    },
    /// This build has no filters.
    #[error(
        "filter \"{expression}\": this build of wardtap has no filter support: build it with the feature \"pcap\" (needs libpcap), or filter before: tcpdump -r CAPTURE -w - '{expression}' | wardtap replay -"
    )]
    NoFilters {
        /// The expression as given.
        expression: String,
    },
}

/// What to do where the system refuses.
fn mend(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename => {
            ": check its name, and the folder it is in"
        }
        io::ErrorKind::IsADirectory => ": name the captures in it",
        io::ErrorKind::PermissionDenied => ": let the user who runs wardtap read it (chmod, or its group)",
        _ => ": copy it again, or read it from another place",
    }
}

/// What to do where the system refuses an interface.
fn mend_interface(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::PermissionDenied => {
            ": CAP_NET_RAW is missing: start wardtap as root and give --user, or by systemd with AmbientCapabilities=CAP_NET_RAW"
        }
        io::ErrorKind::OutOfMemory => {
            ": there is too little memory for its ring: make room, or give a smaller --memory"
        }
        _ => ": see that the interface is there (ip link), and that the kernel has CONFIG_PACKET",
    }
}
