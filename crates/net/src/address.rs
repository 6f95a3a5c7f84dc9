//! IP addresses as 128 bits, and the shard that a pair of them belongs to.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An IPv4 or IPv6 address. IPv4 is kept as RFC 4291 section 2.5.5.2 maps it, so that one comparison serves both.
///
/// The order is that of the bytes on the wire, which is the order that Community ID asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    high: u64,
    low: u64,
}

const MAPPED: u64 = 0xffff_0000_0000;

impl Address {
    /// From the four octets of an IPv4 address, as a big-endian number.
    #[inline]
    #[must_use]
    pub const fn v4(octets: u32) -> Self {
        Self { high: 0, low: MAPPED | octets as u64 }
    }

    /// From the sixteen octets of an IPv6 address.
    #[inline]
    #[must_use]
    pub const fn v6(octets: [u8; 16]) -> Self {
        let all = u128::from_be_bytes(octets);
        #[allow(clippy::cast_possible_truncation)] // two halves of 128 bits
        Self { high: (all >> 64) as u64, low: all as u64 }
    }

    /// The address as the standard library knows it.
    #[must_use]
    pub const fn ip(self) -> IpAddr {
        match self.as_v4() {
            Some(octets) => IpAddr::V4(Ipv4Addr::from_bits(octets)),
            None => IpAddr::V6(Ipv6Addr::from_bits(((self.high as u128) << 64) | self.low as u128)),
        }
    }

    /// The IPv4 address, where it is one.
    #[inline]
    #[must_use]
    pub const fn as_v4(self) -> Option<u32> {
        #[allow(clippy::cast_possible_truncation)] // the upper half was just compared
        if self.high == 0 && self.low >> 32 == 0xffff { Some(self.low as u32) } else { None }
    }

    /// The two halves, most significant first: for hashing.
    #[inline]
    #[must_use]
    pub const fn halves(self) -> (u64, u64) {
        (self.high, self.low)
    }

    /// From what [`Self::halves`] gave.
    #[inline]
    #[must_use]
    pub const fn from_halves(high: u64, low: u64) -> Self {
        Self { high, low }
    }

    /// True for an address that one host can have: not unspecified, multicast or broadcast.
    #[must_use]
    pub fn is_host(self) -> bool {
        match self.ip() {
            IpAddr::V4(ip) => !(ip.is_multicast() || ip.is_broadcast() || ip.octets().first() == Some(&0)),
            IpAddr::V6(ip) => !(ip.is_multicast() || ip.is_unspecified()),
        }
    }
}

impl From<IpAddr> for Address {
    fn from(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => Self::v4(ip.to_bits()),
            IpAddr::V6(ip) => Self::v6(ip.octets()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ip().fmt(f)
    }
}

/// A MAC address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// All zeros stands for "not known".
    #[must_use]
    pub fn is_known(self) -> bool {
        self.0 != [0; 6]
    }

    /// True where it can be a host's: known, and no group's (IEEE 802 section 8.2: the bit sent first).
    #[must_use]
    pub const fn is_host(self) -> bool {
        let [first, b, c, d, e, f] = self.0;
        first & 1 == 0 && (first | b | c | d | e | f) != 0
    }

    /// True where several routers or servers take turns in answering to it: it names an address, never a device.
    ///
    /// VRRP (RFC 9568 section 7.3) and CARP, which uses VRRP's; HSRP version 1, 2 and 2 for IPv6, and GLBP (Cisco).
    #[must_use]
    pub const fn is_virtual(self) -> bool {
        matches!(
            self.0,
            [0x00, 0x00, 0x5e, 0x00, 0x01 | 0x02, _]
                | [0x00, 0x00, 0x0c, 0x07, 0xac, _]
                | [0x00, 0x00, 0x0c, 0x9f, 0xf0..=0xff, _]
                | [0x00, 0x05, 0x73, 0xa0, 0x00..=0x0f, _]
                | [0x00, 0x07, 0xb4, 0x00..=0x03, _, _]
        )
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// How many shards the tables are split into: fixed, so that no decision depends on the number of workers.
pub const SHARDS: usize = 64;

/// The shard of an unordered pair of addresses.
///
/// Not seeded: the same capture must fill the same shards in every run. Ports are left out since fragments have none.
#[inline]
#[must_use]
pub const fn shard_of(a: Address, b: Address) -> u8 {
    let mixed = (a.low ^ b.low) ^ (a.high ^ b.high).rotate_left(29);
    let product = mixed.wrapping_add(a.low.wrapping_add(b.low) << 7).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    #[allow(clippy::cast_possible_truncation)] // the six highest bits
    let shard = (product >> 58) as u8;
    shard
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v4_and_v6_print_as_themselves() {
        assert_eq!(Address::v4(0x0a01_0203).to_string(), "10.1.2.3");
        let v6: IpAddr = "2001:db8::1".parse().unwrap();
        assert_eq!(Address::from(v6).to_string(), "2001:db8::1");
        assert_eq!(Address::from(v6).as_v4(), None);
        assert!(Address::v4(0x0a01_0203) < Address::v4(0x0a01_0204));
        assert!(!Address::v4(0xffff_ffff).is_host() && !Address::v4(0xe000_0001).is_host());
    }

    #[test]
    fn macs_of_hosts_groups_and_pairs_of_routers() {
        let known = |text: &str| {
            let mut octets = text.split(':').map(|octet| u8::from_str_radix(octet, 16).unwrap());
            Mac(std::array::from_fn(|_| octets.next().unwrap()))
        };
        for (text, host, is_virtual) in [
            ("00:09:fb:01:02:03", true, false),
            ("02:00:00:00:00:01", true, false),
            ("00:00:00:00:00:00", false, false),
            ("ff:ff:ff:ff:ff:ff", false, false),
            ("01:00:5e:00:00:12", false, false),
            ("00:00:5e:00:01:0a", true, true),
            ("00:00:5e:00:02:0a", true, true),
            ("00:00:5e:00:03:0a", true, false),
            ("00:00:0c:07:ac:01", true, true),
            ("00:00:0c:9f:f0:01", true, true),
            ("00:00:0c:9f:e0:01", true, false),
            ("00:05:73:a0:0f:ff", true, true),
            ("00:07:b4:00:01:01", true, true),
        ] {
            assert_eq!((known(text).is_host(), known(text).is_virtual()), (host, is_virtual), "{text}");
        }
    }

    #[test]
    fn a_pair_has_one_shard_and_pairs_spread() {
        let mut filled = [0u32; SHARDS];
        for client in 0..64u32 {
            for server in 0..64u32 {
                let (a, b) = (Address::v4(0x0a14_0100 + client), Address::v4(0x0a1e_0000 + server));
                assert_eq!(shard_of(a, b), shard_of(b, a));
                filled[usize::from(shard_of(a, b))] += 1;
            }
        }
        assert!(filled.iter().all(|&count| (16..=192).contains(&count)), "{filled:?}");
    }
}
