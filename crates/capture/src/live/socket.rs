//! The packet socket of an interface: packet(7).
#![allow(unsafe_code)]

use std::{
    io,
    mem::{size_of, zeroed},
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
    ptr,
};

use nix::sys::socket::{AddressFamily, SockFlag, SockType, getsockopt, socket, sockopt::SocketError};

use super::{RETIRE_MILLIS, RING_BLOCK_BYTES};

/// Of `tpacket_req3`: the kernel wants one that divides a block, and uses it for nothing else in version 3.
const RING_FRAME_BYTES: u32 = 2048;

/// A packet socket. It hears nothing until it is bound.
#[derive(Debug)]
pub(super) struct PacketSocket {
    descriptor: OwnedFd,
}

impl PacketSocket {
    /// Opens one; needs CAP_NET_RAW, and nothing after this does.
    pub(super) fn open() -> io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let descriptor = socket(AddressFamily::Packet, SockType::Raw, flags, None)?;
        Ok(Self { descriptor })
    }

    /// Whether the kernel has rings of the kind that is read here.
    pub(super) fn has_rings(&self) -> bool {
        let version = libc::tpacket_versions::TPACKET_V3 as libc::c_int;
        self.set(libc::PACKET_VERSION, &version).is_ok()
    }

    /// Has the kernel leave out what a filter does not let pass. Before it hears anything, so that nothing slips by.
    pub(super) fn filter(&self, program: &[libc::sock_filter]) -> io::Result<()> {
        let length = u16::try_from(program.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let program = libc::sock_fprog { len: length, filter: program.as_ptr().cast_mut() };
        // SAFETY: the pointer is to a live sock_fprog of that length, which names `len` live instructions; the kernel copies
        // them during the call and writes to none. The descriptor is ours and open.
        let done = unsafe {
            libc::setsockopt(
                self.descriptor.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_ATTACH_FILTER,
                ptr::from_ref(&program).cast(),
                length_of(&program),
            )
        };
        outcome(done)
    }

    /// Makes its ring, of so many blocks.
    pub(super) fn ring(&self, blocks: u32) -> io::Result<()> {
        let version = libc::tpacket_versions::TPACKET_V3 as libc::c_int;
        self.set(libc::PACKET_VERSION, &version)?;
        let block = u32::try_from(RING_BLOCK_BYTES).unwrap_or(u32::MAX);
        let request = libc::tpacket_req3 {
            tp_block_size: block,
            tp_block_nr: blocks,
            tp_frame_size: RING_FRAME_BYTES,
            tp_frame_nr: blocks.saturating_mul(block.div_euclid(RING_FRAME_BYTES)),
            tp_retire_blk_tov: RETIRE_MILLIS,
            tp_sizeof_priv: 0,
            tp_feature_req_word: 0,
        };
        self.set(libc::PACKET_RX_RING, &request)
    }

    /// Binds it to an interface, promiscuous from here on and for as long as the socket is open.
    pub(super) fn listen(&self, interface: i32) -> io::Result<()> {
        // What this machine itself sends: nothing on a monitored port, and on the loopback each packet a second time.
        // Kernels before 4.20 do not know the option.
        let ignored = self.set(libc::PACKET_IGNORE_OUTGOING, &1_i32);
        if let Err(error) = ignored
            && error.raw_os_error() != Some(libc::ENOPROTOOPT)
        {
            return Err(error);
        }
        self.bind(interface)?;
        let membership = libc::packet_mreq {
            mr_ifindex: interface,
            mr_type: u16::try_from(libc::PACKET_MR_PROMISC).unwrap_or_default(),
            mr_alen: 0,
            mr_address: [0; 8],
        };
        self.set(libc::PACKET_ADD_MEMBERSHIP, &membership)
    }

    fn bind(&self, interface: i32) -> io::Result<()> {
        // SAFETY: all bytes zero is a value of sockaddr_ll, which is integers and an array of them.
        let mut address: libc::sockaddr_ll = unsafe { zeroed() };
        address.sll_family = u16::try_from(libc::AF_PACKET).unwrap_or_default();
        address.sll_protocol = u16::try_from(libc::ETH_P_ALL).unwrap_or_default().to_be();
        address.sll_ifindex = interface;
        let length = length_of(&address);
        // SAFETY: the pointer is to a live sockaddr_ll of that length, which the kernel reads during the call only; the
        // descriptor is ours and open.
        let done = unsafe { libc::bind(self.descriptor.as_raw_fd(), ptr::from_ref(&address).cast(), length) };
        outcome(done)
    }

    /// Packets that the ring had no room for since this was last asked.
    pub(super) fn dropped(&self) -> io::Result<u64> {
        let mut statistics = libc::tpacket_stats_v3 { tp_packets: 0, tp_drops: 0, tp_freeze_q_cnt: 0 };
        let mut length = length_of(&statistics);
        // SAFETY: both pointers are to live values that nothing else refers to; the kernel writes at most `length` octets to
        // the first, all of whose bit patterns are values.
        let done = unsafe {
            libc::getsockopt(
                self.descriptor.as_raw_fd(),
                libc::SOL_PACKET,
                libc::PACKET_STATISTICS,
                ptr::from_mut(&mut statistics).cast(),
                &mut length,
            )
        };
        outcome(done).map(|()| u64::from(statistics.tp_drops))
    }

    /// The error that waits on it (which takes it away): ENETDOWN when its interface went down or is gone.
    pub(super) fn take_error(&self) -> Option<io::Error> {
        match getsockopt(&self.descriptor, SocketError) {
            Ok(0) | Err(_) => None,
            Ok(number) => Some(io::Error::from_raw_os_error(number)),
        }
    }

    /// Whether its interface is gone for good; one of the same name that comes later is another one.
    pub(super) fn is_orphaned(&self, interface: i32) -> bool {
        // SAFETY: all bytes zero is a value of sockaddr_ll, which is integers and an array of them.
        let mut address: libc::sockaddr_ll = unsafe { zeroed() };
        let mut length = length_of(&address);
        // SAFETY: both pointers are to live values that nothing else refers to; the kernel writes at most `length` octets to
        // the first, all of whose bit patterns are values.
        let done =
            unsafe { libc::getsockname(self.descriptor.as_raw_fd(), ptr::from_mut(&mut address).cast(), &mut length) };
        // The kernel says -1 then.
        done == 0 && address.sll_ifindex != interface
    }

    /// The descriptor alone.
    pub(super) fn into_descriptor(self) -> OwnedFd {
        self.descriptor
    }

    fn set<T>(&self, option: libc::c_int, value: &T) -> io::Result<()> {
        // SAFETY: the pointer is to a live value of that length, a C structure or integer, which the kernel reads during the
        // call only; the descriptor is ours and open.
        let done = unsafe {
            libc::setsockopt(
                self.descriptor.as_raw_fd(),
                libc::SOL_PACKET,
                option,
                ptr::from_ref(value).cast(),
                length_of(value),
            )
        };
        outcome(done)
    }
}

impl AsFd for PacketSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

fn length_of<T>(_: &T) -> libc::socklen_t {
    libc::socklen_t::try_from(size_of::<T>()).unwrap_or(libc::socklen_t::MAX)
}

fn outcome(done: libc::c_int) -> io::Result<()> {
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
