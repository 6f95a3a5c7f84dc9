//! Community ID v1 with seed 0 (github.com/corelight/community-id-spec): the flow id that other tools share.

use sha1::{Digest, Sha1};

use crate::flow::FlowKey;
use crate::peel::protocol;
use crate::stream::Side;

/// Appends `1:` and the Base64 of the SHA-1 of the flow's tuple.
///
/// A key's ends are ordered by (address, port) already, which is the order that the specification asks for.
pub fn write(key: &FlowKey, out: &mut Vec<u8>) {
    let mut hash = Sha1::new();
    hash.update([0, 0]);
    for address in key.addresses {
        match address.as_v4() {
            Some(v4) => hash.update(v4.to_be_bytes()),
            None => {
                let (high, low) = address.halves();
                hash.update(high.to_be_bytes());
                hash.update(low.to_be_bytes());
            }
        }
    }
    hash.update([key.transport, 0]);
    if has_ports(key.transport) {
        for port in key.ports {
            hash.update(port.to_be_bytes());
        }
    }
    out.extend_from_slice(b"1:");
    base64(&hash.finalize(), out);
}

const fn has_ports(transport: u8) -> bool {
    matches!(transport, protocol::TCP | protocol::UDP | protocol::SCTP | protocol::ICMP | protocol::ICMPV6)
}

/// The "ports" of an ICMP message: its type for the sender, the type that answers it for the receiver; the code where
/// nothing answers (then the message is one-way and its ends must not be swapped: see [`is_one_way`]).
#[must_use]
pub fn icmp_ports(transport: u8, kind: u8, code: u8) -> (u16, u16) {
    (u16::from(kind), u16::from(answering(transport, kind).unwrap_or(code)))
}

/// True for ICMP messages that nothing answers.
#[must_use]
pub fn is_one_way(transport: u8, kind: u8) -> bool {
    answering(transport, kind).is_none()
}

/// The end of an ICMP flow that asks, or tells without being asked; `None` for other transports.
#[must_use]
pub fn asking(key: &FlowKey) -> Option<Side> {
    let [a, b] = key.ports;
    match key.transport {
        protocol::ICMP | protocol::ICMPV6 => {
            let b_asks =
                pairs(key.transport).iter().any(|&(ask, answer)| (u16::from(answer), u16::from(ask)) == (a, b));
            Some(if b_asks { Side::B } else { Side::A })
        }
        _ => None,
    }
}

/// Types of messages that ask, and of those that answer them.
const fn pairs(transport: u8) -> &'static [(u8, u8)] {
    if transport == protocol::ICMP {
        &[(8, 0), (13, 14), (15, 16), (17, 18), (10, 9)]
    } else {
        &[(128, 129), (130, 131), (133, 134), (135, 136), (139, 140), (144, 145)]
    }
}

fn answering(transport: u8, kind: u8) -> Option<u8> {
    pairs(transport).iter().find_map(|&(ask, answer)| match kind {
        kind if kind == ask => Some(answer),
        kind if kind == answer => Some(ask),
        _ => None,
    })
}

/// RFC 4648 section 4.
fn base64(bytes: &[u8], out: &mut Vec<u8>) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for group in bytes.chunks(3) {
        let mut bits = 0u32;
        for position in 0..3 {
            bits = bits << 8 | u32::from(group.get(position).copied().unwrap_or(0));
        }
        for (position, shift) in [18u32, 12, 6, 0].into_iter().enumerate() {
            let symbol = ALPHABET.get((bits >> shift & 63) as usize).copied().unwrap_or(b'=');
            out.push(if position <= group.len() { symbol } else { b'=' });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;

    fn id(sender: (&str, u16), receiver: (&str, u16), transport: u8) -> String {
        let end = |(ip, port): (&str, u16)| (Address::from(ip.parse::<std::net::IpAddr>().unwrap()), port);
        let (key, _) = FlowKey::new(end(sender), end(receiver), transport, 0, 0);
        let mut out = Vec::new();
        write(&key, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn vectors_of_the_specification() {
        for (sender, receiver, transport, expected) in [
            (("192.168.1.42", 4242), ("8.8.8.8", 53), 17, "1:vTdrngJjlP5eZ9mw9JtnKyn99KM="),
            (("128.232.110.120", 34855), ("66.35.250.204", 80), 6, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
        ] {
            assert_eq!(id(sender, receiver, transport), expected);
            assert_eq!(id(receiver, sender, transport), expected);
        }
    }
}
