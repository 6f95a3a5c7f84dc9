//! An interface by libpcap: for kernels whose ring is another one, and to compare with.
//!
//! It has a ring of its own, puts VLAN tags back itself, and hands out a packet at a time, which is kept here until it is
//! passed. What it drops is counted as lost in the ring.
#![allow(unsafe_code)]

use std::{
    io,
    os::fd::{AsRawFd, BorrowedFd},
};

use pcap::{Active, Capture, Error, Precision};
use wardtap_net::packet::{LinkType, NANOS_PER_SECOND, Timestamp};

use super::{RETIRE_MILLIS, reader::Head};

/// Octets of a packet that are taken: what libpcap takes at most.
const SNAPLEN: i32 = 262_144;

/// An interface that libpcap has opened.
pub(super) struct Library {
    capture: Capture<Active>,
    /// The packet that is next, and its octets.
    held: Option<Head>,
    bytes: Vec<u8>,
    /// What libpcap has counted so far, which it does in 32 bits.
    dropped: u32,
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Library").field("held", &self.held).finish_non_exhaustive()
    }
}

impl Library {
    /// Opens an interface, which is heard from here on; answers how its frames begin.
    pub(super) fn open(name: &str, bytes: usize, filter: Option<&str>) -> io::Result<(Self, LinkType)> {
        let millis = i32::try_from(RETIRE_MILLIS).unwrap_or(i32::MAX);
        let room = i32::try_from(bytes).unwrap_or(i32::MAX);
        let inactive = Capture::from_device(name).map_err(failed)?;
        let inactive = inactive.promisc(true).snaplen(SNAPLEN).timeout(millis).buffer_size(room);
        let capture = inactive.precision(Precision::Nano).open().map_err(failed)?;
        let mut capture = capture.setnonblock().map_err(failed)?;
        if let Some(filter) = filter {
            capture.filter(filter, true).map_err(failed)?;
        }
        // DLT_RAW and DLT_NULL are other numbers in files than live; the rest is the same.
        let link = match capture.get_datalink().0 {
            12 => LinkType::RAW,
            other => LinkType(u16::try_from(other).unwrap_or(u16::MAX)),
        };
        Ok((Self { capture, held: None, bytes: Vec::new(), dropped: 0 }, link))
    }

    /// The next packet, if there is one.
    pub(super) fn head(&mut self) -> Option<Head> {
        if self.held.is_none() {
            // An interface that is down or gone says so here; which of the two it is, others ask.
            let packet = self.capture.next_packet().ok()?;
            let (seconds, nanos) = (packet.header.ts.tv_sec, packet.header.ts.tv_usec);
            let seconds = u64::try_from(seconds).unwrap_or(0).saturating_mul(NANOS_PER_SECOND);
            self.bytes.clear();
            self.bytes.extend_from_slice(packet.data);
            self.held = Some(Head {
                time: Timestamp::from_nanos(seconds).plus(u64::try_from(nanos).unwrap_or(0)),
                begin: 0,
                captured: self.bytes.len(),
                sent: packet.header.len,
                tag: None,
                next: 0,
                at: 0,
            });
        }
        self.held
    }

    /// The octets of the packet that is next.
    pub(super) fn frame(&self) -> &[u8] {
        &self.bytes
    }

    /// Passes it.
    pub(super) const fn pass(&mut self) {
        self.held = None;
    }

    /// Packets dropped since this was last asked.
    pub(super) fn dropped(&mut self) -> u64 {
        let Ok(counted) = self.capture.stats() else { return 0 };
        let more = counted.dropped.wrapping_sub(self.dropped);
        self.dropped = counted.dropped;
        u64::from(more)
    }

    /// What is waited on for packets.
    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        // SAFETY: libpcap keeps its descriptor open for as long as the capture lives, which this borrows.
        unsafe { BorrowedFd::borrow_raw(self.capture.as_raw_fd()) }
    }
}

fn failed(error: Error) -> io::Error {
    let text = error.to_string();
    let denied = text.contains("permission") || text.contains("Operation not permitted");
    io::Error::new(if denied { io::ErrorKind::PermissionDenied } else { io::ErrorKind::Other }, text)
}
