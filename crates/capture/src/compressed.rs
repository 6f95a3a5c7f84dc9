//! Unpacks gzip (RFC 1952) and zstd (RFC 8878) on a thread of its own.
//!
//! The thread unpacks into buffers that go round between it and the reader: [`CHUNKS`] of them, so it is at most that
//! far ahead. Several gzip members, several zstd frames and skippable frames follow each other as one stream; zeros
//! after a gzip member are padding, as gzip has it.
//!
//! Limits: what is unpacked may not exceed [`FREE_BYTES`] plus [`MOST_RATIO`] times what is packed, so that no small
//! file fills a day of work or a disk; a zstd window may not exceed what [`Bounds`] allow, because it is memory.
//! Something packed twice is not unpacked twice.
//!
//! The thread ends at its next hand-over once the reader is gone.

use std::{
    io::{self, ErrorKind, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use crate::{
    bounds::Bounds,
    damage::DamageReason,
    unpacker::{Step, Unpacker},
};

/// Bytes of one hand-over.
const CHUNK_BYTES: usize = 256 * 1024;
/// Buffers going round.
const CHUNKS: usize = 3;
/// Bytes read at once of what is packed.
const PACKED_BYTES: usize = 64 * 1024;
/// What may be unpacked whatever is packed.
const FREE_BYTES: u64 = 64 * 1024 * 1024;
/// What may be unpacked beyond that of each packed byte. Captures pack to a fifth, dull ones to a fiftieth.
const MOST_RATIO: u64 = 250;

/// How a capture is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    Gzip,
    Zstd,
}

impl Packing {
    /// The packing of a file that begins so. Names say nothing: `.pcap` files are packed in place by log rotation.
    pub(crate) fn recognise(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            // A skippable frame (RFC 8878, 3.1.2) may stand first.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            _ => None,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// A buffer going round, with so many bytes in it that mean something.
struct Chunk {
    bytes: Vec<u8>,
    filled: usize,
}

/// What the thread hands over. After a fault nothing more comes; without one, the end is an empty chunk.
type Handed = Result<Chunk, DamageReason>;

/// The reader's side of the thread.
pub(crate) struct Unpacked {
    full: Receiver<Handed>,
    empty: SyncSender<Chunk>,
    present: Chunk,
    taken: usize,
    ended: bool,
    stored: Arc<AtomicU64>,
    copied: u64,
    packing: Packing,
}

impl Unpacked {
    /// Starts unpacking `reader`.
    pub(crate) fn start(packing: Packing, bounds: Bounds, reader: Box<dyn Read + Send>) -> io::Result<Self> {
        let (to_reader, full) = sync_channel(CHUNKS);
        let (empty, from_reader) = sync_channel(CHUNKS);
        for _ in 1..CHUNKS {
            // There is room for all of them.
            if empty.try_send(Chunk { bytes: vec![0; CHUNK_BYTES], filled: 0 }).is_err() {
                break;
            }
        }
        let stored = Arc::new(AtomicU64::new(0));
        let work = Work {
            packing,
            bounds,
            reader,
            stored: Arc::clone(&stored),
            to_reader,
            from_reader,
            chunk: Chunk { bytes: vec![0; CHUNK_BYTES], filled: 0 },
            packed: 0,
            unpacked: 0,
        };
        thread::Builder::new().name(format!("unpack-{}", packing.name())).spawn(move || work.run())?;
        let present = Chunk { bytes: Vec::new(), filled: 0 };
        Ok(Self { full, empty, present, taken: 0, ended: false, stored, copied: 0, packing })
    }

    /// Copies out what has been unpacked, waiting for some; 0 is the end.
    pub(crate) fn read(&mut self, into: &mut [u8]) -> Result<usize, DamageReason> {
        while self.taken >= self.present.filled {
            if self.ended {
                return Ok(0);
            }
            match self.full.recv() {
                Ok(Ok(chunk)) => {
                    self.ended = chunk.filled == 0;
                    let done = std::mem::replace(&mut self.present, chunk);
                    self.taken = 0;
                    // The thread may have ended; then nobody wants it.
                    if !done.bytes.is_empty() && self.empty.try_send(done).is_err() && self.ended {
                        return Ok(0);
                    }
                }
                Ok(Err(reason)) => {
                    self.ended = true;
                    return Err(reason);
                }
                Err(_) => {
                    self.ended = true;
                    let what = "the unpacker stopped without a word".to_owned();
                    return Err(DamageReason::Packed { format: self.packing.name(), what });
                }
            }
        }
        let ready = self.present.bytes.get(self.taken..self.present.filled).unwrap_or_default();
        let length = ready.len().min(into.len());
        if let (Some(to), Some(from)) = (into.get_mut(..length), ready.get(..length)) {
            to.copy_from_slice(from);
        }
        self.taken = self.taken.saturating_add(length);
        self.copied = self.copied.saturating_add(u64::try_from(length).unwrap_or(0));
        Ok(length)
    }

    /// Bytes read of what is packed.
    pub(crate) fn stored(&self) -> u64 {
        self.stored.load(Ordering::Relaxed)
    }

    /// Bytes copied out.
    pub(crate) const fn copied(&self) -> u64 {
        self.copied
    }
}

/// The thread's side.
struct Work {
    packing: Packing,
    bounds: Bounds,
    reader: Box<dyn Read + Send>,
    stored: Arc<AtomicU64>,
    to_reader: SyncSender<Handed>,
    from_reader: Receiver<Chunk>,
    chunk: Chunk,
    packed: u64,
    unpacked: u64,
}

/// Why the thread stops.
enum End {
    /// All is unpacked.
    Clean,
    /// The data are faulty.
    Fault(DamageReason),
    /// The reader is gone.
    Alone,
}

impl Work {
    fn run(mut self) {
        let end = self.unpack().err().unwrap_or(End::Clean);
        if matches!(end, End::Alone) || self.chunk.filled > 0 && self.hand_over().is_err() {
            return;
        }
        let last = match end {
            End::Clean => Ok(Chunk { bytes: Vec::new(), filled: 0 }),
            End::Fault(reason) => Err(reason),
            End::Alone => return,
        };
        // An error means that the reader is gone, which is its right.
        drop(self.to_reader.send(last));
    }

    /// Unpacks to the end.
    fn unpack(&mut self) -> Result<(), End> {
        let format = self.packing.name();
        let mut unpacker = Unpacker::new(self.packing, self.bounds).map_err(|what| fault(format, &what))?;
        let mut input = vec![0_u8; PACKED_BYTES];
        // Whether a member or frame has ended and no other begun, and whether any has ended.
        let (mut between, mut any) = (false, false);
        loop {
            let read = self.read(&mut input)?;
            let mut rest = input.get(..read).unwrap_or_default();
            if read == 0 {
                // What the unpacker still holds back comes out without more input.
                while !between {
                    let step = self.step(&mut unpacker, &mut rest)?;
                    between = step.ended;
                    if !between && step.written == 0 {
                        return Err(End::Fault(DamageReason::PackedCut { format }));
                    }
                }
                return Ok(());
            }
            while !rest.is_empty() {
                if between {
                    if self.packing == Packing::Gzip {
                        let zeros = rest.iter().take_while(|octet| **octet == 0).count();
                        rest = rest.get(zeros..).unwrap_or_default();
                        if rest.is_empty() {
                            break;
                        }
                    }
                    unpacker.renew();
                }
                match self.step(&mut unpacker, &mut rest) {
                    Ok(step) => {
                        between = step.ended;
                        any |= step.ended;
                        if !step.ended && step.written == 0 && step.read == 0 {
                            return Err(fault(format, "it makes no progress"));
                        }
                    }
                    Err(End::Fault(DamageReason::Packed { .. })) if any && unpacker.fresh => {
                        return Err(End::Fault(DamageReason::PackedTrailing { format }));
                    }
                    Err(end) => return Err(end),
                }
            }
            // A pipe that had no more to say: its reader need not wait for a whole chunk.
            if read < input.len() && self.chunk.filled > 0 {
                self.hand_over()?;
            }
        }
    }

    /// Unpacks some of `rest` into the chunk, handing it over when it is full.
    fn step(&mut self, unpacker: &mut Unpacker, rest: &mut &[u8]) -> Result<Step, End> {
        let format = self.packing.name();
        let room = self.chunk.bytes.get_mut(self.chunk.filled..).unwrap_or_default();
        let (step, end) = unpacker.step(rest, room);
        *rest = rest.get(step.read..).unwrap_or_default();
        self.chunk.filled = self.chunk.filled.saturating_add(step.written);
        self.packed = self.packed.saturating_add(wide(step.read));
        self.unpacked = self.unpacked.saturating_add(wide(step.written));
        if let Some(reason) = end {
            return Err(End::Fault(reason));
        }
        let limit = self.packed.saturating_mul(MOST_RATIO).saturating_add(FREE_BYTES);
        if self.unpacked > limit {
            return Err(End::Fault(DamageReason::PackedBomb { format, limit }));
        }
        if self.chunk.filled >= self.chunk.bytes.len() {
            self.hand_over()?;
        }
        Ok(step)
    }

    /// Gives the chunk to the reader and waits for an empty one.
    fn hand_over(&mut self) -> Result<(), End> {
        let mut empty = self.from_reader.recv().map_err(|_| End::Alone)?;
        empty.filled = 0;
        let full = std::mem::replace(&mut self.chunk, empty);
        self.to_reader.send(Ok(full)).map_err(|_| End::Alone)
    }

    /// Reads once of what is packed.
    fn read(&mut self, into: &mut [u8]) -> Result<usize, End> {
        loop {
            match self.reader.read(into) {
                Ok(read) => {
                    let read = read.min(into.len());
                    self.stored.fetch_add(wide(read), Ordering::Relaxed);
                    return Ok(read);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(End::Fault(DamageReason::Read { what: error.to_string() })),
            }
        }
    }
}

fn fault(format: &'static str, what: &str) -> End {
    End::Fault(DamageReason::Packed { format, what: what.to_owned() })
}

fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
