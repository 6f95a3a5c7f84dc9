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

/// Reads as much as a file header needs, or all there is.
pub(crate) fn read_head(capture: &str, feed: &mut Feed, head: &mut Vec<u8>) -> Result<(), CaptureError> {
    head.resize(pcap::FILE_HEADER, 0);
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
    if head.is_empty() {
        return Err(CaptureError::Empty { capture: capture.to_owned() });
    }
    Ok(())
}

/// The format that these first bytes begin.
pub(crate) fn recognise(capture: &str, unpacked: &'static str, head: &[u8]) -> Result<Format, CaptureError> {
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
    Err(CaptureError::NotACapture { capture: name(), unpacked, begin: quote(head), advice: advice(head) })
}

/// How a file begins that is no capture. Of text no letter is told: a list of patients named by mistake is text.
pub(crate) fn quote(head: &[u8]) -> String {
    /// A format's mark has about so many octets, and more of them tell nobody more.
    const MARK: usize = 4;
    /// Among so many octets of no text, one at least is none of text.
    const LOOK: usize = 8;
    let is_control = |octet: &u8| octet.is_ascii_control() && !b"\t\r\n".contains(octet);
    if !head.iter().take(LOOK).any(is_control) {
        return "what may be text".to_owned();
    }
    let hex: Vec<String> = head.iter().take(MARK).map(|octet| format!("{octet:02x}")).collect();
    format!("the bytes {}{}", hex.join(" "), if head.len() > MARK { "…" } else { "" })
}

/// What a file that is no capture is, and what to do, where its first bytes tell.
fn advice(head: &[u8]) -> &'static str {
    const KNOWN: [(&[u8], &str); 9] = [
        (b"\xfd7zXZ\0", ": it is packed with xz: unpack it first (xz -dc FILE | wardtap ... -)"),
        (b"BZh", ": it is packed with bzip2: unpack it first (bzip2 -dc FILE | wardtap ... -)"),
        (b"\x04\x22\x4d\x18", ": it is packed with lz4: unpack it first (lz4 -dc FILE | wardtap ... -)"),
        (b"PK\x03\x04", ": it is a zip archive: unpack it first (unzip -p FILE | wardtap ... -)"),
        (b"snoop\0\0\0", ": it is a snoop capture: convert it first (editcap -F pcapng FILE OUT.pcapng)"),
        (b"GMBU", ": it is a Network Monitor capture: convert it first (editcap -F pcapng FILE OUT.pcapng)"),
        (b"RTSS", ": it is a Network Monitor capture: convert it first (editcap -F pcapng FILE OUT.pcapng)"),
        (b"TRSNIFF data", ": it is a Sniffer capture: convert it first (editcap -F pcapng FILE OUT.pcapng)"),
        (b"XCP\0", ": it is a NetXRay capture: convert it first (editcap -F pcapng FILE OUT.pcapng)"),
    ];
    /// What Wireshark reads, editcap converts.
    const OTHER: &str = ": if it is a capture of another format, convert it first (editcap -F pcapng FILE OUT.pcapng)";
    KNOWN.iter().find(|(begin, _)| head.starts_with(begin)).map_or(OTHER, |(_, text)| text)
}
