//! Interfaces as a packet source.
//!
//! Packets of several interfaces are merged by time: both directions of a tap are one conversation. A packet waits until
//! every other interface has shown what came before it, or cannot have anything any more: 40 ms.
//!
//! **Marks.** While nothing comes, time goes on: once a second a record without a frame says which time it is, 40 ms ago, by
//! when all that came has been delivered. The very first record is one as well: by that whoever goes through a recording knows
//! that it was live. The machine's clock is read here and nowhere behind.
//!
//! Limits: a ring's memory, and one block.

use std::{
    io::PipeReader,
    os::fd::{AsFd, AsRawFd, OwnedFd, RawFd},
};

use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
};
use wardtap_net::packet::{NANOS_PER_SECOND, Timestamp};

use super::{
    HOLD_NANOS, RING_BLOCK_BYTES,
    addresses::Addresses,
    clock::LiveClock,
    interface::Interface,
    reader::{Head, Reader, restore},
    socket::PacketSocket,
    stop::Stopper,
};
use crate::{
    damage::{Damage, DamageReason},
    error::CaptureError,
    filter::Filter,
    source::{BLOCK_BYTES, Block, Input, InterfaceState, LeftOut, Losses, PacketSource, Record},
};

/// The most interfaces of one sensor.
const INTERFACES_MAX: usize = 16;

/// The least blocks that a ring works with: a quarter of them is given up at a time.
const LEAST_BLOCKS: usize = 16;

/// How packets are taken from the kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// By its ring; where it has none of the kind, by libpcap.
    #[default]
    Auto,
    /// By its ring.
    Ring,
    /// By libpcap.
    Library,
}

/// What is to be captured.
#[derive(Debug)]
pub struct LiveOptions {
    /// The names of the interfaces.
    pub interfaces: Vec<String>,
    /// Take interfaces that have an address.
    pub allow_addressed: bool,
    /// Only these packets.
    pub filter: Option<Filter>,
    /// The kernel applies the filter.
    pub kernel_filter: bool,
    /// How they are taken from the kernel.
    pub method: Method,
    /// Octets of all rings together.
    pub ring_bytes: usize,
}

/// Interfaces that are open.
#[derive(Debug)]
pub struct Live {
    readers: Vec<Reader>,
    addresses: Addresses,
    stop: PipeReader,
    filter: Option<Filter>,
    blocks: u32,
    left_out: LeftOut,
    copied: u64,
    frames: u64,
    clock: LiveClock,
    /// The latest time that was given, of a packet or a mark.
    given: Timestamp,
    /// When the kernel's counters were last looked at.
    looked: Timestamp,
    /// When it was told to end, or had to.
    ending: Option<Timestamp>,
    gone: Option<String>,
    broken: Option<String>,
}

impl Live {
    /// Opens interfaces. They are heard from [`Live::start`] on; rights are needed for this call alone.
    ///
    /// # Errors
    /// When there is no such interface, it has an address, or may not be opened.
    pub fn open(options: LiveOptions) -> Result<(Self, Stopper), CaptureError> {
        let LiveOptions { interfaces, allow_addressed, mut filter, kernel_filter, method, ring_bytes } = options;
        if interfaces.is_empty() {
            return Err(CaptureError::Nothing);
        }
        if interfaces.len() > INTERFACES_MAX {
            return Err(CaptureError::TooManyInterfaces { given: interfaces.len(), most: INTERFACES_MAX });
        }
        let count = ring_bytes.div_euclid(RING_BLOCK_BYTES).checked_div(interfaces.len()).unwrap_or(0);
        let blocks = u32::try_from(count.max(LEAST_BLOCKS)).unwrap_or(u32::MAX);
        let together = interfaces.len();
        let mut readers: Vec<Reader> = Vec::with_capacity(together);
        for name in interfaces {
            if readers.iter().any(|reader| reader.interface.name == name) {
                return Err(CaptureError::InterfaceTwice { interface: name });
            }
            let interface = Interface::find(&name, allow_addressed)?;
            let kernel = filter.as_ref().filter(|_| kernel_filter);
            let bytes = ring_bytes.checked_div(together.max(1)).unwrap_or(ring_bytes);
            readers.push(open_reader(interface, method, kernel, bytes)?);
        }
        filter = filter.filter(|_| !kernel_filter);
        for reader in &readers {
            // Has it compiled for this kind of frame, which opens files, while the process may.
            filter.as_mut().map(|filter| filter.matches(reader.interface.link, &[0; 64], 64));
        }
        let (stopper, stop) =
            Stopper::pair().map_err(|source| CaptureError::Interface { interface: String::new(), source })?;
        let indexes = readers.iter().map(|reader| (reader.interface.index, reader.interface.addresses.clone()));
        let live = Self {
            addresses: Addresses::of(indexes),
            readers,
            stop,
            filter,
            blocks,
            left_out: LeftOut::default(),
            copied: 0,
            frames: 0,
            clock: LiveClock::default(),
            given: Timestamp::EPOCH,
            looked: Timestamp::EPOCH,
            ending: None,
            gone: None,
            broken: None,
        };
        Ok((live, stopper))
    }

    /// Begins to hear.
    ///
    /// # Errors
    /// When the kernel refuses a ring, or the interface has gone.
    pub fn start(&mut self) -> Result<(), CaptureError> {
        for reader in &mut self.readers {
            reader
                .start(self.blocks)
                .map_err(|source| CaptureError::Interface { interface: reader.interface.name.clone(), source })?;
        }
        Ok(())
    }

    /// The sockets' descriptors, so that sending on them can be refused.
    #[must_use]
    pub fn descriptors(&self) -> Vec<RawFd> {
        let sockets = self.readers.iter().map(|reader| reader.descriptor().as_raw_fd());
        sockets.chain(self.addresses.descriptor()).collect()
    }

    /// The sockets themselves: no packet is delivered any more.
    #[must_use]
    pub fn into_sockets(self) -> Vec<OwnedFd> {
        self.readers.into_iter().filter_map(Reader::into_socket).collect()
    }

    /// The reader whose packet is next, and that packet. None while a packet of another may still come before it.
    fn next(&mut self, now: Timestamp) -> Option<(usize, Head)> {
        let several = self.readers.len() > 1;
        let mut next: Option<(usize, Head)> = None;
        let mut silent = false;
        for (index, reader) in self.readers.iter_mut().enumerate() {
            // Times as they are given out: all that is compared with them is.
            match reader.head().map(|head| Head { time: self.clock.of(head.time), ..head }) {
                Some(head) if next.is_none_or(|(_, first)| head.time < first.time) => next = Some((index, head)),
                Some(_) => {}
                None => silent = true,
            }
        }
        let (index, head) = next?;
        if let Some(end) = self.ending {
            return (head.time <= end).then_some((index, head));
        }
        let waits = several && silent && head.time.plus(HOLD_NANOS) > now;
        (!waits).then_some((index, head))
    }

    /// Copies packets until the block is full or none is left that may go.
    fn take(&mut self, block: &mut Block, now: Timestamp) {
        while let Some((index, head)) = self.next(now) {
            let Some(reader) = self.readers.get_mut(index) else { return };
            let tag = head.tag.map_or(0, |tag| tag.len());
            if !block.records.is_empty()
                && block.bytes.len().saturating_add(head.captured).saturating_add(tag) > BLOCK_BYTES
            {
                return;
            }
            let link = reader.interface.link;
            let begin = block.bytes.len();
            let sent = head.sent.saturating_add(u32::try_from(tag).unwrap_or(0));
            // Without a tag to restore, what does not pass is not copied.
            let frame = reader.frame(&head);
            let passed = tag > 0 || self.filter.as_mut().is_none_or(|filter| filter.matches(link, frame, sent));
            if passed {
                restore(frame, head.tag, &mut block.bytes);
            }
            let restored = block.bytes.get(begin..).unwrap_or_default();
            let captured = u32::try_from(restored.len()).unwrap_or(u32::MAX);
            let octets = u64::from(captured);
            self.copied = self.copied.saturating_add(octets);
            let passed =
                passed && (tag == 0 || self.filter.as_mut().is_none_or(|filter| filter.matches(link, restored, sent)));
            reader.pass(&head);
            reader.packets = reader.packets.saturating_add(1);
            reader.first = reader.first.or(Some(head.time));
            reader.last = reader.last.max(Some(head.time));
            if !passed {
                block.bytes.truncate(begin);
                self.left_out.packets = self.left_out.packets.saturating_add(1);
                self.left_out.bytes =
                    self.left_out.bytes.saturating_add(u64::try_from(head.captured).unwrap_or(u64::MAX));
                continue;
            }
            reader.bytes = reader.bytes.saturating_add(octets);
            self.frames = self.frames.saturating_add(1);
            self.given = self.given.max(head.time);
            block.latest = block.latest.max(head.time);
            block.records.push(Record {
                time: head.time,
                frame: self.frames,
                offset: u32::try_from(begin).unwrap_or(u32::MAX),
                captured,
                sent: sent.max(captured),
                input: u16::try_from(index).unwrap_or(u16::MAX),
                link,
            });
        }
    }

    /// Says when it begins: before all packets that are there already.
    fn begin(&mut self, block: &mut Block, now: Timestamp) {
        let waiting = self.readers.iter_mut().filter_map(|reader| reader.head());
        let first = waiting.map(|head| self.clock.of(head.time)).min().unwrap_or(now);
        let time = first.min(Timestamp::from_nanos(now.nanos().saturating_sub(HOLD_NANOS)));
        self.given = time;
        block.latest = time;
        block.records.push(Record::mark(time));
    }

    /// Says which time it is, once a second, when nothing has said so.
    fn mark(&mut self, block: &mut Block, now: Timestamp) {
        let time = Timestamp::from_nanos(now.nanos().saturating_sub(HOLD_NANOS));
        if self.ending.is_none() && time.seconds() > self.given.seconds() {
            self.given = time;
            block.latest = time;
            block.records.push(Record::mark(time));
        }
    }

    /// Looks at counters and links, once a second, and whether an interface is gone.
    fn look(&mut self, now: Timestamp) {
        if now.seconds() == self.looked.seconds() {
            return;
        }
        self.looked = now;
        self.readers.iter_mut().for_each(Reader::look);
        self.addresses.look();
        for reader in &mut self.readers {
            reader.address = self.addresses.first(reader.interface.index);
        }
        self.look_for_gone(now);
    }

    fn look_for_gone(&mut self, now: Timestamp) {
        if self.gone.is_none()
            && let Some(reader) = self.readers.iter_mut().find_map(|reader| reader.is_gone().then_some(reader))
        {
            self.gone = Some(reader.interface.name.clone());
            self.ending = self.ending.or(Some(now));
        }
    }

    /// Waits for packets, for the next second or to be told to end.
    fn wait(&mut self, now: Timestamp) {
        let held = self.readers.iter_mut().filter_map(|reader| reader.head());
        let held = held.map(|head| self.clock.of(head.time)).min();
        let heard: Vec<usize> = self
            .readers
            .iter_mut()
            .enumerate()
            .filter_map(|(index, it)| it.head().is_none().then_some(index))
            .collect();
        // The mark stands 40 ms behind the clock.
        let into = now.nanos().saturating_sub(HOLD_NANOS).checked_rem(NANOS_PER_SECOND).unwrap_or(0);
        let mut left = NANOS_PER_SECOND.saturating_sub(into);
        if let Some(held) = held.or(self.ending) {
            left = left.min(held.plus(HOLD_NANOS).since(now));
        }
        let millis = left.div_ceil(1_000_000);
        let mut waited: Vec<PollFd<'_>> = heard
            .iter()
            .filter_map(|index| self.readers.get(*index))
            .map(|reader| PollFd::new(reader.descriptor(), PollFlags::POLLIN))
            .collect();
        // Once it was told to end, there is nothing more to be told.
        if self.ending.is_none() {
            waited.push(PollFd::new(self.stop.as_fd(), PollFlags::POLLIN));
        }
        let timeout = PollTimeout::try_from(millis).unwrap_or(PollTimeout::MAX);
        let polled = poll(&mut waited, timeout);
        let told =
            self.ending.is_none() && waited.last().and_then(PollFd::revents).is_some_and(|events| !events.is_empty());
        let failed = waited.iter().any(|one| one.revents().is_some_and(|events| events.contains(PollFlags::POLLERR)));
        if failed {
            // A link that went down says so once; the socket hears again when it comes up.
            self.readers.iter().for_each(Reader::take_error);
            self.look_for_gone(now);
        }
        if told {
            self.ending = Some(self.clock.now(self.given));
        }
        match polled {
            Ok(_) | Err(Errno::EINTR | Errno::EAGAIN) => {}
            Err(error) => {
                self.broken = Some(error.desc().to_owned());
                self.ending = self.ending.or(Some(now));
            }
        }
    }
}

/// Opens an interface, by whatever is wanted and there is.
fn open_reader(
    interface: Interface,
    method: Method,
    filter: Option<&Filter>,
    bytes: usize,
) -> Result<Reader, CaptureError> {
    let name = interface.name.clone();
    let failed = |source| CaptureError::Interface { interface: name, source };
    let by_library = match method {
        Method::Library => true,
        Method::Ring => false,
        Method::Auto => cfg!(feature = "pcap") && PacketSocket::open().is_ok_and(|socket| !socket.has_rings()),
    };
    if !by_library {
        let program = filter.map(|filter| filter.for_kernel(interface.link)).transpose()?;
        return Reader::by_ring(interface, program.as_deref()).map_err(failed);
    }
    #[cfg(feature = "pcap")]
    return Reader::by_library(interface, bytes, filter.map(Filter::expression)).map_err(failed);
    #[cfg(not(feature = "pcap"))]
    {
        let _ = bytes;
        Err(failed(std::io::Error::new(std::io::ErrorKind::Unsupported, "this build of wardtap has no libpcap")))
    }
}

impl PacketSource for Live {
    fn fill(&mut self, block: &mut Block) -> bool {
        block.restart_empty();
        loop {
            self.readers.iter_mut().for_each(Reader::shed);
            let now = self.clock.now(self.given);
            self.look(now);
            if self.given == Timestamp::EPOCH {
                self.begin(block, now);
                return true;
            }
            self.take(block, now);
            if block.records.is_empty() {
                self.mark(block, now);
            }
            if !block.records.is_empty() {
                return true;
            }
            // What came before the end is in a block that the kernel still holds open, for 40 ms at most.
            if self.ending.is_some_and(|end| now > end.plus(HOLD_NANOS)) || self.broken.is_some() {
                self.readers.iter_mut().for_each(Reader::look);
                return false;
            }
            self.wait(now);
        }
    }

    fn inputs(&self) -> Vec<Input> {
        self.readers.iter().map(Reader::input).collect()
    }

    fn damage(&self) -> Vec<Damage> {
        let of = |capture: &str, reason| Damage { capture: capture.to_owned(), offset: self.progress().0, reason };
        let gone = self.gone.as_deref().map(|name| of(name, DamageReason::InterfaceGone));
        let broken = self.broken.clone().map(|what| of("interfaces", DamageReason::Read { what }));
        gone.into_iter().chain(broken).collect()
    }

    fn untimed(&self) -> u64 {
        0
    }

    fn copied_bytes(&self) -> u64 {
        self.copied
    }

    fn progress(&self) -> (u64, Option<u64>) {
        (self.readers.iter().fold(0, |sum, reader| sum.saturating_add(reader.bytes)), None)
    }

    fn left_out(&self) -> LeftOut {
        self.left_out
    }

    fn losses(&self) -> Losses {
        let sum = |of: fn(&Reader) -> u64| self.readers.iter().map(of).fold(0, u64::saturating_add);
        Losses {
            interface: sum(|reader| reader.lost_interface),
            ring: sum(|reader| reader.lost_ring),
            pipeline: sum(|reader| reader.lost_pipeline),
        }
    }

    fn interfaces(&self) -> Vec<InterfaceState> {
        self.readers.iter().map(Reader::state).collect()
    }
}
