//! What there is to know of an interface before it is opened.

use std::{io, net::IpAddr};

use nix::{
    ifaddrs::getifaddrs,
    net::if_::if_nametoindex,
    sys::socket::{SockaddrLike, SockaddrStorage},
};
use wardtap_net::packet::LinkType;

use crate::error::CaptureError;

/// ARPHRD_ETHER, which is what wireless interfaces say of themselves too unless they monitor.
const ETHERNET: u16 = 1;
/// ARPHRD_LOOPBACK: frames with an Ethernet header of zeroes.
const LOOPBACK: u16 = 772;
/// ARPHRD_NONE and ARPHRD_RAWIP: tunnels, whose packets begin with the IP header.
const HEADERLESS: [u16; 2] = [0xfffe, 519];

/// An interface as it was when it was looked up.
#[derive(Debug)]
pub(super) struct Interface {
    pub(super) name: String,
    pub(super) index: i32,
    pub(super) link: LinkType,
    /// Addresses that it has, which was allowed.
    pub(super) addresses: Vec<IpAddr>,
    pub(super) may_have_address: bool,
}

impl Interface {
    /// Finds it; refuses one that has an address unless that is allowed: a monitored port that has one answers.
    pub(super) fn find(name: &str, allow_addressed: bool) -> Result<Self, CaptureError> {
        let fault = |source: io::Error| CaptureError::Interface { interface: name.to_owned(), source };
        let index = if_nametoindex(name)
            .map_err(|_| CaptureError::NoInterface { interface: name.to_owned(), known: known() })?;
        let index = i32::try_from(index).map_err(|_| fault(io::ErrorKind::InvalidInput.into()))?;
        let (mut kind, mut addresses) = (None, Vec::new());
        for entry in getifaddrs().map_err(|error| fault(error.into()))?.filter(|entry| entry.interface_name == name) {
            let Some(address) = entry.address else { continue };
            if let Some(link) = address.as_link_addr() {
                kind = Some(link.hatype());
            } else if let Some(address) = ip(&address) {
                if !allow_addressed {
                    return Err(CaptureError::Addressed { interface: name.to_owned(), address: address.to_string() });
                }
                addresses.push(address);
            }
        }
        let link = match kind {
            Some(ETHERNET | LOOPBACK) => LinkType::ETHERNET,
            Some(kind) if HEADERLESS.contains(&kind) => LinkType::RAW,
            kind => {
                return Err(CaptureError::InterfaceKind { interface: name.to_owned(), kind: kind.unwrap_or_default() });
            }
        };
        Ok(Self { name: name.to_owned(), index, link, addresses, may_have_address: allow_addressed })
    }
}

/// An IP address.
fn ip(address: &SockaddrStorage) -> Option<IpAddr> {
    address.family()?;
    let v4 = address.as_sockaddr_in().map(|address| IpAddr::from(address.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|address| IpAddr::from(address.ip())))
}

/// The names of the interfaces that there are, for whoever mistyped one.
fn known() -> String {
    let mut names: Vec<String> = getifaddrs().into_iter().flatten().map(|entry| entry.interface_name).collect();
    names.sort();
    names.dedup();
    names.join(", ")
}
