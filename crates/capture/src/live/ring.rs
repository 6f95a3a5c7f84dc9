//! The memory that a packet socket shares with the kernel: blocks that belong to one of the two at a time.
//!
//! A block's status word says whose it is. The kernel hands blocks over in order, with all packets in them written, and
//! takes one back when we say so.
#![allow(unsafe_code)]

use std::{
    io,
    os::fd::{AsRawFd, BorrowedFd},
    ptr::{self, NonNull},
    slice,
    sync::atomic::{AtomicU32, Ordering},
};

use super::RING_BLOCK_BYTES;

/// Where the status stands in a block: behind a version and an offset, each of 32 bits (`tpacket_block_desc`).
const STATUS_AT: usize = 8;

/// A ring.
#[derive(Debug)]
pub(super) struct Ring {
    base: NonNull<u8>,
    blocks: usize,
    /// The block that is handed over next.
    next: usize,
}

// SAFETY: the mapping belongs to this value alone, and is reached through `&self` by atomic loads and by reads of a block
// that the kernel does not write to; nothing about it is tied to a thread.
unsafe impl Send for Ring {}

impl Ring {
    /// Maps the ring of a socket, which must have been made with so many blocks.
    pub(super) fn map(socket: BorrowedFd<'_>, blocks: u32) -> io::Result<Self> {
        let blocks = usize::try_from(blocks).map_err(|_| io::ErrorKind::InvalidInput)?;
        let length = blocks.checked_mul(RING_BLOCK_BYTES).ok_or(io::ErrorKind::InvalidInput)?;
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: without an address asked for, a mapping touches no memory that anything else refers to. The kernel checks
        // that the length is that of the ring, and fails otherwise.
        let base = unsafe { libc::mmap(ptr::null_mut(), length, access, libc::MAP_SHARED, socket.as_raw_fd(), 0) };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let base = NonNull::new(base.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { base, blocks, next: 0 })
    }

    /// The oldest block that is ours, if there is one.
    pub(super) fn block(&self) -> Option<&[u8]> {
        if !self.is_ours(self.next) {
            return None;
        }
        let begin = self.at(self.next);
        // SAFETY: `begin` is the first of RING_BLOCK_BYTES mapped, initialised octets (the kernel zeroes a new ring). The
        // status, loaded with acquire, says that the kernel has written all of the block and writes no more of it until
        // `release`, which takes `&mut self` and so ends this borrow first. The mapping lives as long as `self`.
        Some(unsafe { slice::from_raw_parts(begin.as_ptr(), RING_BLOCK_BYTES) })
    }

    /// Gives the oldest block back.
    pub(super) fn release(&mut self) {
        if !self.is_ours(self.next) {
            return;
        }
        // Release: whatever we read of the block was read before.
        self.status(self.next).store(libc::TP_STATUS_KERNEL, Ordering::Release);
        self.next = self.next.wrapping_add(1).checked_rem(self.blocks).unwrap_or(0);
    }

    /// Whether at least so many blocks of the ring, counted from the oldest, are ours.
    pub(super) fn has_waiting(&self, count: usize) -> bool {
        let last = self.next.wrapping_add(count.saturating_sub(1));
        // They are handed over in order: where this one is ours, so are those before it.
        last.checked_rem(self.blocks).is_some_and(|last| self.is_ours(last))
    }

    /// How many blocks there are.
    pub(super) const fn blocks(&self) -> usize {
        self.blocks
    }

    fn is_ours(&self, block: usize) -> bool {
        self.status(block).load(Ordering::Acquire) & libc::TP_STATUS_USER != 0
    }

    fn status(&self, block: usize) -> &AtomicU32 {
        let begin = self.at(block);
        // SAFETY: the status lies within the block's mapped octets, at a multiple of 4 since blocks begin at multiples of a
        // page. It is only ever reached as an atomic, or read within `block`, while the kernel leaves it alone. The mapping
        // lives as long as `self`.
        unsafe { AtomicU32::from_ptr(begin.add(STATUS_AT).cast().as_ptr()) }
    }

    /// Where a block begins; of a number beyond the last, the first.
    fn at(&self, block: usize) -> NonNull<u8> {
        let number = if block < self.blocks { block } else { 0 };
        // SAFETY: the number is below that of the blocks, so the offset lies within the mapping, whose length was checked
        // not to overflow.
        unsafe { self.base.add(number.wrapping_mul(RING_BLOCK_BYTES)) }
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        let length = self.blocks.wrapping_mul(RING_BLOCK_BYTES);
        // SAFETY: this is the mapping that `map` made, whole; nothing borrows from `self` any more. That it cannot fail for
        // a mapping of this process is why there is nothing to be done with the answer.
        unsafe { libc::munmap(self.base.as_ptr().cast(), length) };
    }
}
