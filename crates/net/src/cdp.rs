//! CDP, Cisco's discovery protocol: what a device says of itself to its neighbour on the link.
//!
//! It has no standard; names and types are those of Cisco's "Frame formats" (`CatOS` manual, appendix), of Wireshark and
//! tcpdump. As with [`lldp`](crate::lldp) nothing is believed but its form.

use crate::address::Address;
use crate::lldp::text;
use crate::reader::Reader;

/// Types of TLVs.
const DEVICE: u16 = 1;
const ADDRESSES: u16 = 2;
const PORT: u16 = 3;
const CAPABILITIES: u16 = 4;
const SOFTWARE: u16 = 5;
const PLATFORM: u16 = 6;
const NATIVE_VLAN: u16 = 0x0a;
const SYSTEM_NAME: u16 = 0x14;
const MANAGEMENT: u16 = 0x16;

/// Octets of a TLV's type and length, which its length counts.
const TLV_HEADER: usize = 4;

/// The most octets of a name, port or platform.
const NAME_MAX: usize = 255;

/// The most octets of a software version, which is several lines long.
const SOFTWARE_TEXT_MAX: usize = 1024;

/// Addresses kept of each list.
pub const ADDRESSES_MAX: usize = 4;

/// Capabilities, as bits of [`Cdp::capabilities`].
pub mod capability {
    /// A router.
    pub const ROUTER: u32 = 1;
    /// A transparent bridge.
    pub const BRIDGE: u32 = 1 << 1;
    /// A source-route bridge.
    pub const SOURCE_ROUTE_BRIDGE: u32 = 1 << 2;
    /// A switch.
    pub const SWITCH: u32 = 1 << 3;
    /// A host.
    pub const HOST: u32 = 1 << 4;
    /// Forwards by IGMP.
    pub const IGMP: u32 = 1 << 5;
    /// A repeater.
    pub const REPEATER: u32 = 1 << 6;
    /// A telephone.
    pub const TELEPHONE: u32 = 1 << 7;
    /// Managed from afar.
    pub const REMOTELY_MANAGED: u32 = 1 << 8;
}

/// A message: of each kind of TLV the first that has its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cdp<'a> {
    /// 1 or 2.
    pub version: u8,
    /// For how many seconds it holds.
    pub time_to_live: u8,
    /// What the device calls itself: a host's name, a serial number, a MAC address.
    pub device: &'a str,
    /// The port that the message was sent from.
    pub port: Option<&'a str>,
    /// What it is: bits of [`capability`].
    pub capabilities: Option<u32>,
    /// The operating system with its version; several lines.
    pub software: Option<&'a str>,
    /// The model.
    pub platform: Option<&'a str>,
    /// The VLAN of frames without tag.
    pub native_vlan: Option<u16>,
    /// The administrator's name for it.
    pub system_name: Option<&'a str>,
    /// Its IP addresses, the first [`ADDRESSES_MAX`].
    pub addresses: Vec<Address>,
    /// Where it is managed, the first [`ADDRESSES_MAX`].
    pub management: Vec<Address>,
}

impl<'a> Cdp<'a> {
    /// Reads a message from its version on; `None` for another version, or where it does not say who speaks. It may be
    /// cut, or padded.
    #[must_use]
    pub fn read(message: &'a [u8]) -> Option<Self> {
        let mut message = Reader::new(message);
        let (version, time_to_live) = (message.u8()?, message.u8()?);
        message.skip(2)?; // the checksum
        if !(1..=2).contains(&version) {
            return None;
        }
        let mut device = None;
        let mut cdp = Self {
            version,
            time_to_live,
            device: "",
            port: None,
            capabilities: None,
            software: None,
            platform: None,
            native_vlan: None,
            system_name: None,
            addresses: Vec::new(),
            management: Vec::new(),
        };
        while let Some((kind, value)) = tlv(&mut message) {
            match kind {
                DEVICE => device = device.or(text(value, NAME_MAX)),
                PORT => cdp.port = cdp.port.or(text(value, NAME_MAX)),
                SOFTWARE => cdp.software = cdp.software.or(text(value, SOFTWARE_TEXT_MAX)),
                PLATFORM => cdp.platform = cdp.platform.or(text(value, NAME_MAX)),
                SYSTEM_NAME => cdp.system_name = cdp.system_name.or(text(value, NAME_MAX)),
                CAPABILITIES => cdp.capabilities = cdp.capabilities.or(number(value).map(u32::from_be_bytes)),
                NATIVE_VLAN => cdp.native_vlan = cdp.native_vlan.or(number(value).map(u16::from_be_bytes)),
                ADDRESSES if cdp.addresses.is_empty() => cdp.addresses = addresses(value),
                MANAGEMENT if cdp.management.is_empty() => cdp.management = addresses(value),
                _ => {}
            }
        }
        cdp.device = device?;
        Some(cdp)
    }
}

/// Type and length, which counts these; none where the length cannot be, as in the padding of short frames.
fn tlv<'a>(message: &mut Reader<'a>) -> Option<(u16, &'a [u8])> {
    let (kind, length) = (message.be16()?, message.be16()?);
    Some((kind, message.take(usize::from(length).checked_sub(TLV_HEADER)?)?))
}

fn number<const N: usize>(value: &[u8]) -> Option<[u8; N]> {
    value.try_into().ok()
}

/// The IP addresses of hosts in a list: a count, and for each protocol and address with their lengths. IPv4 is the network
/// layer protocol identifier 0xcc, IPv6 an EtherType behind LLC and SNAP.
fn addresses(value: &[u8]) -> Vec<Address> {
    const NLPID: Protocol<'_> = (1, &[0xcc]);
    const SNAP: Protocol<'_> = (2, &[0xaa, 0xaa, 3, 0, 0, 0, 0x86, 0xdd]);

    let (mut list, mut found) = (Reader::new(value), Vec::new());
    // Each takes octets of the list, so that a count that is made up ends with it.
    for _ in 0..list.be32().unwrap_or(0) {
        let Some((protocol, octets)) = listed(&mut list) else { break };
        let address = match protocol {
            NLPID => number(octets).map(|octets| Address::v4(u32::from_be_bytes(octets))),
            SNAP => number(octets).map(Address::v6),
            _ => None,
        };
        found.extend(address.filter(|address| address.is_host()));
        if found.len() == ADDRESSES_MAX {
            break;
        }
    }
    found
}

/// How a protocol's number is meant, and the number.
type Protocol<'a> = (u8, &'a [u8]);

/// The next protocol and address.
fn listed<'a>(list: &mut Reader<'a>) -> Option<(Protocol<'a>, &'a [u8])> {
    let (kind, length) = (list.u8()?, list.u8()?);
    let protocol = (kind, list.take(usize::from(length))?);
    let length = list.be16()?;
    Some((protocol, list.take(usize::from(length))?))
}

#[cfg(test)]
mod tests;
