//! Which format a capture has, by its first bytes; or what is there instead, and what to do.

use std::io;

use wardtap_net::packet::LinkType;

use crate::{
    damage::DamageReason,
    error::CaptureError,
    feed::Feed,
    pcap::{self, Pcap},
    pcapng::{self, Pcapng},
    source::{Record, Stop, Tally},
};

/// The format of a capture, with its state.
#[derive(Debug)]
pub(crate) enum Format {
    Pcap(Pcap),
    Pcapng(Pcapng),
}

impl Format {
    pub(crate) fn walk(
        &mut self,
        bytes: &[u8],
        at: u32,
        records: &mut Vec<Record>,
        tally: &mut Tally,
    ) -> (usize, Stop) {
        match self {
            Self::Pcap(pcap) => pcap.walk(bytes, at, records, tally),
            Self::Pcapng(pcapng) => pcapng.walk(bytes, at, records, tally),
        }
    }

    pub(crate) fn links(&self) -> Vec<LinkType> {
        match self {
            Self::Pcap(pcap) => vec![pcap.link()],
            Self::Pcapng(pcapng) => pcapng.links().to_vec(),
        }
    }

    pub(crate) fn snaplen(&self) -> u32 {
        match self {
            Self::Pcap(pcap) => pcap.snaplen(),
            Self::Pcapng(pcapng) => pcapng.snaplen(),
        }
    }
}

/// Where first bytes were read from, as an operator is told.
#[derive(Clone, Copy)]
pub(crate) enum Origin {
    File,
    /// A pipe, a FIFO or a device: it cannot be copied.
    Stream,
    Unpacked,
}

impl Origin {
    const fn name(self) -> &'static str {
        match self {
            Self::File => "the file",
            Self::Stream => "the stream",
            Self::Unpacked => "what is unpacked from it",
        }
    }

    /// What to do when nothing came.
    const fn refill(self) -> &'static str {
        match self {
            Self::File | Self::Unpacked => "copy or take it again",
            Self::Stream => "see what the program that writes to it says",
        }
    }
}

/// Reads as much as a file header needs, or all there is.
pub(crate) fn read_head(capture: &str, feed: &mut Feed) -> Result<Vec<u8>, CaptureError> {
    let mut head = vec![0; pcap::FILE_HEADER];
    let mut filled = 0_usize;
    while let Some(into @ [_, ..]) = head.get_mut(filled..) {
        match feed.read(into) {
            Ok(0) => break,
            Ok(more) => filled = filled.saturating_add(more),
            Err(DamageReason::Read { what }) => {
                return Err(CaptureError::Io { capture: capture.to_owned(), source: io::Error::other(what) });
            }
            Err(reason @ DamageReason::PackedWindow { .. }) => {
                return Err(CaptureError::Window { capture: capture.to_owned(), what: reason.to_string() });
            }
            Err(reason) => return Err(CaptureError::Packed { capture: capture.to_owned(), what: reason.to_string() }),
        }
    }
    head.truncate(filled);
    Ok(head)
}

/// The format that these first bytes begin.
pub(crate) fn recognise(capture: &str, origin: Origin, head: &[u8]) -> Result<Format, CaptureError> {
    let name = || capture.to_owned();
    let cut = |format, need| CaptureError::CutHeader { capture: name(), format, have: head.len(), need };
    let magic = head.first_chunk().copied().unwrap_or_default();
    if Pcap::recognises(magic) {
        let header = head.first_chunk().ok_or_else(|| cut("pcap", pcap::FILE_HEADER))?;
        return Pcap::new(header).map(Format::Pcap).map_err(|(major, minor)| CaptureError::Version {
            capture: name(),
            format: "pcap",
            major,
            minor,
            known: "2.0 to 2.4, 543.0",
        });
    }
    if Pcapng::recognises(magic) {
        let header = head.first_chunk().ok_or_else(|| cut("pcapng", pcapng::LEAST_SECTION))?;
        return match Pcapng::section(header) {
            Ok(_) => Ok(Format::Pcapng(Pcapng::default())),
            Err(DamageReason::Version { major, minor }) => {
                Err(CaptureError::Version { capture: name(), format: "pcapng", major, minor, known: "1.0" })
            }
            Err(reason) => Err(CaptureError::Header { capture: name(), format: "pcapng", what: reason.to_string() }),
        };
    }
    Err(if head.is_empty() {
        CaptureError::Empty { capture: name(), what: origin.name(), advice: origin.refill() }
    } else {
        CaptureError::NotACapture { capture: name(), what: origin.name(), advice: advice(head) }
    })
}

/// What it is that begins so and is no capture, where that tells, and what to do.
///
/// Only what holds for certain is said, and nothing of it is quoted.
fn advice(head: &[u8]) -> &'static str {
    const KNOWN: [(&[u8], &str); 9] = [
        (b"\xfd7zXZ\0", "it is packed with xz: unpack it first (xz -dc FILE | wardtap ... -)"),
        (b"BZh", "it is packed with bzip2: unpack it first (bzip2 -dc FILE | wardtap ... -)"),
        (b"\x04\x22\x4d\x18", "it is packed with lz4: unpack it first (lz4 -dc FILE | wardtap ... -)"),
        (b"PK\x03\x04", "it is a zip archive: unpack it first (unzip -p FILE | wardtap ... -)"),
        (b"snoop\0\0\0", "it is a snoop capture: convert it first (editcap -F pcapng FILE OUT.pcapng)"),
        (b"GMBU", "it is a Network Monitor capture: convert it first (editcap -F pcapng FILE OUT.pcapng)"),
        (b"RTSS", "it is a Network Monitor capture: convert it first (editcap -F pcapng FILE OUT.pcapng)"),
        (b"TRSNIFF data", "it is a Sniffer capture: convert it first (editcap -F pcapng FILE OUT.pcapng)"),
        (b"XCP\0", "it is a NetXRay capture: convert it first (editcap -F pcapng FILE OUT.pcapng)"),
    ];
    /// What Wireshark reads, editcap converts.
    const OTHER: &str = "if it is a capture of another format, convert it first (editcap -F pcapng FILE OUT.pcapng)";
    /// Octets of a format's mark.
    const MARK: usize = 4;
    let is_text = |octet: &u8| octet.is_ascii_graphic() || octet.is_ascii_whitespace();
    match KNOWN.iter().find(|(begin, _)| head.starts_with(begin)) {
        Some((_, text)) => text,
        None if head.len() < MARK => "it is shorter than that: copy or take it again",
        None if head.iter().all(|octet| *octet == 0) => "it begins with zeros alone: copy or take it again",
        None if head.iter().all(is_text) => {
            "it begins with printable characters alone: if it is a packet list or a hex dump, name the capture that it was printed from"
        }
        None => OTHER,
    }
}
