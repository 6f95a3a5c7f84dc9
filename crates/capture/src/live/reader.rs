//! The reader of one interface: goes through the packets in the blocks of its ring, in order.
//!
//! Offsets and lengths in a block are the kernel's, not the wire's. They are checked all the same: what does not fit ends
//! the block, and what was left of it counts as lost.

use std::{
    io,
    net::IpAddr,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use wardtap_net::packet::{LinkType, NANOS_PER_SECOND, Timestamp};

#[cfg(feature = "pcap")]
use super::portable::Library;
use super::{RING_BLOCK_BYTES, counters::Counters, interface::Interface, ring::Ring, socket::PacketSocket};
use crate::source::{Input, InterfaceState};

/// Octets before the VLAN tag of a frame: two addresses.
const ADDRESSES: usize = 12;

/// The VLAN's id, in `tp_vlan_tci` (TP_STATUS_VLAN_VALID).
const HAS_TAG: u32 = 0x10;
/// The tag's EtherType is in `tp_vlan_tpid` (TP_STATUS_VLAN_TPID_VALID); else it is 802.1Q's.
const HAS_TAG_TYPE: u32 = 0x40;
const DOT1Q: u16 = 0x8100;

/// A packet in the ring: where it is, and what the kernel says of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) time: Timestamp,
    pub(super) begin: usize,
    pub(super) captured: usize,
    pub(super) sent: u32,
    /// The VLAN tag that the card or kernel took out, as it stood in the frame.
    pub(super) tag: Option<[u8; 4]>,
    /// Where the next one is, from this one.
    pub(super) next: usize,
    pub(super) at: usize,
}

/// Where in the oldest block.
#[derive(Clone, Copy, Debug)]
struct Place {
    at: usize,
    left: u32,
}

/// Where the packets of an interface come from.
#[derive(Debug)]
enum Feed {
    /// A socket and its ring, once it has one.
    Ring { socket: PacketSocket, ring: Option<Ring>, place: Option<Place> },
    /// libpcap.
    #[cfg(feature = "pcap")]
    Library(Box<Library>),
}

/// What one interface gives.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) interface: Interface,
    feed: Feed,
    counters: Counters,
    /// An address that it has.
    pub(super) address: Option<IpAddr>,
    pub(super) packets: u64,
    pub(super) bytes: u64,
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
    /// Packets lost in the card, in the ring, and given up here for want of time.
    pub(super) lost_interface: u64,
    pub(super) lost_ring: u64,
    pub(super) lost_pipeline: u64,
    pub(super) up: Option<bool>,
}

impl Reader {
    /// Opens the socket of an interface, which hears nothing yet; of its packets only those that a filter lets pass.
    pub(super) fn by_ring(interface: Interface, filter: Option<&[libc::sock_filter]>) -> io::Result<Self> {
        let socket = PacketSocket::open()?;
        if let Some(filter) = filter {
            socket.filter(filter)?;
        }
        Ok(Self::of(interface, Feed::Ring { socket, ring: None, place: None }))
    }

    /// Opens an interface by libpcap, with so many octets of room.
    #[cfg(feature = "pcap")]
    pub(super) fn by_library(mut interface: Interface, bytes: usize, filter: Option<&str>) -> io::Result<Self> {
        let (library, link) = Library::open(&interface.name, bytes, filter)?;
        interface.link = link;
        Ok(Self::of(interface, Feed::Library(Box::new(library))))
    }

    fn of(interface: Interface, feed: Feed) -> Self {
        let mut counters = Counters::of(&interface.name);
        let up = counters.is_up();
        Self {
            feed,
            counters,
            address: interface.addresses.first().copied(),
            interface,
            packets: 0,
            bytes: 0,
            first: None,
            last: None,
            lost_interface: 0,
            lost_ring: 0,
            lost_pipeline: 0,
            up,
        }
    }

    /// Begins to hear.
    pub(super) fn start(&mut self, blocks: u32) -> io::Result<()> {
        match &mut self.feed {
            Feed::Ring { socket, ring, .. } => {
                socket.ring(blocks)?;
                *ring = Some(Ring::map(socket.as_fd(), blocks)?);
                socket.listen(self.interface.index)
            }
            #[cfg(feature = "pcap")]
            Feed::Library(_) => Ok(()),
        }
    }

    /// The next packet, if there is one. Blocks that were gone through are given back.
    pub(super) fn head(&mut self) -> Option<Head> {
        let (ring, place) = match &mut self.feed {
            Feed::Ring { ring, place, .. } => (ring.as_mut()?, place),
            #[cfg(feature = "pcap")]
            Feed::Library(library) => return library.head(),
        };
        loop {
            let block = ring.block()?;
            let at = place.unwrap_or_else(|| Place { at: number(block, 16), left: word(block, 12) });
            *place = Some(at);
            if at.left > 0 {
                let head = parse(block, at.at, self.interface.link);
                if head.is_some() {
                    return head;
                }
                self.lost_ring = self.lost_ring.saturating_add(u64::from(at.left));
            }
            *place = None;
            ring.release();
        }
    }

    /// The octets of a packet that `head` gave, as long as it was not passed.
    pub(super) fn frame(&self, head: &Head) -> &[u8] {
        let block = match &self.feed {
            Feed::Ring { ring, .. } => ring.as_ref().and_then(Ring::block).unwrap_or_default(),
            #[cfg(feature = "pcap")]
            Feed::Library(library) => library.frame(),
        };
        block.get(head.begin..head.begin.saturating_add(head.captured)).unwrap_or_default()
    }

    /// Passes a packet that `head` gave.
    pub(super) fn pass(&mut self, head: &Head) {
        let (ring, place) = match &mut self.feed {
            Feed::Ring { ring, place, .. } => (ring, place),
            #[cfg(feature = "pcap")]
            Feed::Library(library) => return library.pass(),
        };
        if let Some(at) = place {
            at.at = head.at.saturating_add(head.next);
            at.left = if head.next == 0 { 0 } else { at.left.saturating_sub(1) };
            if at.left == 0 {
                *place = None;
                if let Some(ring) = ring {
                    ring.release();
                }
            }
        }
    }

    /// Gives up the oldest packets once three quarters of the ring wait, until a half does. The kernel would lose as many
    /// of the newest, here and there, and go on for as long as nothing is caught up with; so there is one gap, and what is
    /// told then is of now. What waits in libpcap cannot be seen.
    pub(super) fn shed(&mut self) {
        let Feed::Ring { ring: Some(ring), place, .. } = &mut self.feed else { return };
        let quarter = ring.blocks().div_euclid(4).max(1);
        if !ring.has_waiting(quarter.saturating_mul(3)) {
            return;
        }
        for _ in 0..quarter {
            let Some(block) = ring.block() else { break };
            let left = place.take().map_or_else(|| word(block, 12), |place| place.left);
            self.lost_pipeline = self.lost_pipeline.saturating_add(u64::from(left));
            ring.release();
        }
    }

    /// Looks at what the kernel counts, and at the link.
    pub(super) fn look(&mut self) {
        self.lost_interface = self.counters.lost();
        // A socket whose interface is gone still answers.
        let dropped = match &mut self.feed {
            Feed::Ring { socket, .. } => socket.dropped().unwrap_or(0),
            #[cfg(feature = "pcap")]
            Feed::Library(library) => library.dropped(),
        };
        self.lost_ring = self.lost_ring.saturating_add(dropped);
        self.up = self.counters.is_up().or(self.up);
    }

    /// Whether the interface is gone for good.
    pub(super) fn is_gone(&mut self) -> bool {
        match &self.feed {
            Feed::Ring { socket, ring, .. } => ring.is_some() && socket.is_orphaned(self.interface.index),
            #[cfg(feature = "pcap")]
            Feed::Library(_) => self.counters.is_gone(),
        }
    }

    /// Takes the error away that waits on its socket.
    pub(super) fn take_error(&self) {
        match &self.feed {
            Feed::Ring { socket, .. } => drop(socket.take_error()),
            #[cfg(feature = "pcap")]
            Feed::Library(_) => {}
        }
    }

    /// What is waited on for packets.
    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        match &self.feed {
            Feed::Ring { socket, .. } => socket.as_fd(),
            #[cfg(feature = "pcap")]
            Feed::Library(library) => library.descriptor(),
        }
    }

    /// Its socket alone; libpcap keeps its own.
    pub(super) fn into_socket(self) -> Option<OwnedFd> {
        match self.feed {
            Feed::Ring { socket, .. } => Some(socket.into_descriptor()),
            #[cfg(feature = "pcap")]
            Feed::Library(_) => None,
        }
    }

    /// As captures are told of.
    pub(super) fn input(&self) -> Input {
        Input {
            bytes: self.bytes,
            packets: self.packets,
            first: self.first,
            last: self.last,
            snaplen: u32::try_from(RING_BLOCK_BYTES).unwrap_or(u32::MAX),
            ..Input::begun(&self.interface.name, self.interface.link)
        }
    }

    /// As interfaces are told of.
    pub(super) fn state(&self) -> InterfaceState {
        InterfaceState {
            name: self.interface.name.clone(),
            up: self.up,
            packets: self.packets,
            last: self.last,
            address: self.address.map(|address| address.to_string()),
            may_have_address: self.interface.may_have_address,
        }
    }
}

/// A packet's header (`tpacket3_hdr`), which stands at `at` in its block.
fn parse(block: &[u8], at: usize, link: LinkType) -> Option<Head> {
    let header = block.get(at..)?.first_chunk::<48>()?;
    let (seconds, nanos) = (word(header, 4), word(header, 8));
    let (captured, sent, status) = (number(header, 12), word(header, 16), word(header, 20));
    let begin = at.checked_add(usize::from(half(header, 24)))?;
    block.get(begin..begin.checked_add(captured)?)?;
    let tagged = status & HAS_TAG != 0 && link == LinkType::ETHERNET && captured >= ADDRESSES;
    let tag = tagged.then(|| {
        let kind = if status & HAS_TAG_TYPE != 0 { half(header, 36) } else { DOT1Q };
        let [k0, k1] = kind.to_be_bytes();
        // Priority and id are 16 bits, whatever the field has room for.
        let [_, _, t0, t1] = word(header, 32).to_be_bytes();
        [k0, k1, t0, t1]
    });
    let time = Timestamp::from_nanos(u64::from(seconds).saturating_mul(NANOS_PER_SECOND)).plus(u64::from(nanos));
    Some(Head { time, begin, captured, sent, tag, next: number(header, 0), at })
}

/// Appends a frame, with its VLAN tag where it was taken out.
pub(super) fn restore(frame: &[u8], tag: Option<[u8; 4]>, into: &mut Vec<u8>) {
    match (tag, frame.split_at_checked(ADDRESSES)) {
        (Some(tag), Some((addresses, rest))) => {
            into.extend_from_slice(addresses);
            into.extend_from_slice(&tag);
            into.extend_from_slice(rest);
        }
        _ => into.extend_from_slice(frame),
    }
}

/// 32 bits in the order of this machine; 0 where there are none.
fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |octets| u32::from_ne_bytes(*octets))
}

/// The same as an offset.
fn number(bytes: &[u8], at: usize) -> usize {
    usize::try_from(word(bytes, at)).unwrap_or(usize::MAX)
}

fn half(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |octets| u16::from_ne_bytes(*octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A packet header and 20 octets of frame behind it, at 48 of a block.
    fn block(captured: u32, status: u32, mac: u16) -> Vec<u8> {
        let mut block = vec![0; 256];
        for (at, value) in [(0, 0), (4, 7), (8, 9), (12, captured), (16, 1500), (20, status), (32, 0x6123)] {
            block[48 + at..52 + at].copy_from_slice(&u32::to_ne_bytes(value));
        }
        block[72..74].copy_from_slice(&mac.to_ne_bytes());
        block[84..86].copy_from_slice(&0x88a8_u16.to_ne_bytes());
        block
    }

    #[test]
    fn a_tag_that_was_taken_out_is_put_back_with_its_type() {
        let of = |status| parse(&block(20, status, 82), 48, LinkType::ETHERNET).unwrap();
        let head = of(1);
        assert_eq!((head.time.nanos(), head.begin, head.captured, head.sent), (7_000_000_009, 130, 20, 1500));
        assert_eq!(head.tag, None);
        assert_eq!(of(0x11).tag, Some([0x81, 0, 0x61, 0x23]));
        assert_eq!(of(0x51).tag, Some([0x88, 0xa8, 0x61, 0x23]));
        let mut frame = Vec::new();
        restore(b"ffffffffffff0800", Some([0x81, 0, 0, 5]), &mut frame);
        assert_eq!(frame, b"ffffffffffff\x81\0\0\x050800");
    }

    #[test]
    fn what_does_not_fit_its_block_is_no_packet() {
        let parse = |captured, mac, at| parse(&block(captured, 1, mac), at, LinkType::ETHERNET);
        assert!(parse(126, 82, 48).is_some());
        assert!(parse(127, 82, 48).is_none(), "one octet behind the block");
        assert!(parse(u32::MAX, 82, 48).is_none());
        assert!(parse(20, u16::MAX, 48).is_none());
        assert!(parse(20, 82, 209).is_none(), "a header behind the block");
        assert!(parse(20, 82, usize::MAX).is_none());
    }
}
