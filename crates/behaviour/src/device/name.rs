//! What names a device in events, baselines and the assets file.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use wardtap_net::address::{Address, Mac};

/// A device's id: `mac:00:09:fb:01:02:03`, `ip:10.0.0.1` or `ip:10.0.0.1@20`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    /// The MAC address is its own.
    Mac(Mac),
    /// All that is known is an address.
    Ip {
        /// The address.
        address: Address,
        /// The VLAN, where different devices have the address in different ones.
        vlan: Option<u16>,
    },
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mac(mac) => write!(f, "mac:{mac}"),
            Self::Ip { address, vlan: None } => write!(f, "ip:{address}"),
            Self::Ip { address, vlan: Some(vlan) } => write!(f, "ip:{address}@{vlan}"),
        }
    }
}

/// A text is no device's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAName;

impl FromStr for Name {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        if let Some(text) = text.strip_prefix("mac:") {
            return mac(text).map(Self::Mac).ok_or(NotAName);
        }
        let text = text.strip_prefix("ip:").ok_or(NotAName)?;
        let (address, vlan) = match text.split_once('@') {
            Some((address, vlan)) => (address, Some(vlan.parse().map_err(|_| NotAName)?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NotAName)?;
        Ok(Self::Ip { address: address.into(), vlan })
    }
}

/// Six octets of two hexadecimal digits, with colons between.
fn mac(text: &str) -> Option<Mac> {
    let mut octets = text.split(':');
    let mut mac = [0; 6];
    for octet in &mut mac {
        let digits = octets.next().filter(|digits| digits.len() == 2 && !digits.starts_with('+'))?;
        *octet = u8::from_str_radix(digits, 16).ok()?;
    }
    octets.next().is_none().then_some(Mac(mac))
}
