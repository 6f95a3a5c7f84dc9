//! Addresses that interfaces come to while they are watched: rtnetlink(7).
//!
//! The kernel tells of them by itself, to whoever has joined its groups: nothing is ever asked, and so nothing sent.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::IpAddr,
    os::fd::{AsFd, AsRawFd, OwnedFd, RawFd},
};

use nix::sys::socket::{AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, socket};

/// `RTMGRP_IPV4_IFADDR` and `RTMGRP_IPV6_IFADDR`.
const GROUPS: u32 = 0x10 | 0x100;
/// `RTM_NEWADDR` and `RTM_DELADDR`.
const NEW: u16 = 20;
const GONE: u16 = 21;
/// `IFA_ADDRESS` and `IFA_LOCAL`: of a point-to-point link the first is the peer's.
const ADDRESS: u16 = 1;
const LOCAL: u16 = 2;

/// Octets before the addresses: of every message, and of one about an address.
const HEAD: usize = 16;
const ABOUT: usize = 8;

/// Messages taken at a time; the rest a second later.
const MESSAGES_MAX: usize = 256;
/// Addresses of an interface that are told apart.
const ADDRESSES_MAX: usize = 64;

/// What is known of addresses, by number of interface.
#[derive(Debug)]
pub(super) struct Addresses {
    socket: Option<OwnedFd>,
    all: BTreeMap<i32, BTreeSet<IpAddr>>,
}

impl Addresses {
    /// Of interfaces, with those that they have; what changes from here on is heard. Without the kernel's telling, that stays.
    pub(super) fn of(interfaces: impl Iterator<Item = (i32, Vec<IpAddr>)>) -> Self {
        let all = interfaces.map(|(index, addresses)| (index, addresses.into_iter().collect())).collect();
        Self { socket: listen().ok(), all }
    }

    /// The socket, on which nothing needs to be sent.
    pub(super) fn descriptor(&self) -> Option<RawFd> {
        self.socket.as_ref().map(|socket| socket.as_fd().as_raw_fd())
    }

    /// Takes what has changed.
    pub(super) fn look(&mut self) {
        let Some(socket) = &self.socket else { return };
        let mut message = [0; 8192];
        for _ in 0..MESSAGES_MAX {
            let Ok(octets) = recv(socket.as_raw_fd(), &mut message, MsgFlags::MSG_DONTWAIT) else { return };
            take(message.get(..octets).unwrap_or_default(), &mut self.all);
        }
    }

    /// An address of an interface.
    pub(super) fn first(&self, interface: i32) -> Option<IpAddr> {
        self.all.get(&interface)?.first().copied()
    }
}

fn listen() -> io::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket = socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkRoute)?;
    bind(socket.as_raw_fd(), &NetlinkAddr::new(0, GROUPS))?;
    Ok(socket)
}

/// Takes messages, one behind the other, about interfaces that are known.
fn take(mut rest: &[u8], all: &mut BTreeMap<i32, BTreeSet<IpAddr>>) {
    while let (Some(length), Some(kind)) = (word(rest, 0), half(rest, 4)) {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let Some(message) = rest.get(..length).filter(|message| message.len() >= HEAD) else { return };
        if let (NEW | GONE, Some(index)) = (kind, word(message, HEAD.saturating_add(4)))
            && let Some(known) = i32::try_from(index).ok().and_then(|index| all.get_mut(&index))
            && let Some(address) = address(message.get(HEAD.saturating_add(ABOUT)..).unwrap_or_default())
        {
            if kind == GONE {
                known.remove(&address);
            } else if known.len() < ADDRESSES_MAX {
                known.insert(address);
            }
        }
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
}

/// The address that attributes give to the interface itself.
fn address(mut rest: &[u8]) -> Option<IpAddr> {
    let mut found = None;
    while let (Some(length), Some(kind)) = (half(rest, 0), half(rest, 2)) {
        let length = usize::from(length);
        let value = rest.get(4..length)?;
        let ip = <[u8; 4]>::try_from(value).ok().map(IpAddr::from);
        let ip = ip.or_else(|| <[u8; 16]>::try_from(value).ok().map(IpAddr::from));
        match kind {
            LOCAL => return ip,
            ADDRESS => found = ip,
            _ => {}
        }
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    found
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|octets| u32::from_ne_bytes(*octets))
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|octets| u16::from_ne_bytes(*octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u16, interface: u32, attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut rest = vec![2, 24, 0, 0];
        rest.extend(interface.to_ne_bytes());
        for (kind, value) in attributes {
            rest.extend((4 + value.len() as u16).to_ne_bytes());
            rest.extend(kind.to_ne_bytes());
            rest.extend(*value);
            rest.resize(rest.len().next_multiple_of(4), 0);
        }
        let mut message = (16 + rest.len() as u32).to_ne_bytes().to_vec();
        message.extend(kind.to_ne_bytes());
        message.extend([0; 10]);
        message.extend(rest);
        message
    }

    #[test]
    fn addresses_come_and_go_and_what_is_cut_changes_nothing() {
        let mut all = BTreeMap::from([(7, BTreeSet::new())]);
        let new = message(NEW, 7, &[(ADDRESS, &[10, 0, 0, 9]), (LOCAL, &[10, 0, 0, 1]), (3, b"span0\0")]);
        let other = message(NEW, 8, &[(LOCAL, &[10, 0, 0, 2])]);
        let both = [&other[..], &new].concat();
        for length in 0..both.len() {
            take(&both[..length], &mut all);
            assert!(all[&7].is_empty(), "cut to {length}");
        }
        take(&both, &mut all);
        assert_eq!(all[&7].iter().map(ToString::to_string).collect::<Vec<_>>(), ["10.0.0.1"]);
        take(&message(NEW, 7, &[(ADDRESS, &[0xfe; 16])]), &mut all);
        assert_eq!(all[&7].len(), 2);
        take(&message(GONE, 7, &[(LOCAL, &[10, 0, 0, 1])]), &mut all);
        assert_eq!(all[&7].len(), 1);
    }
}
