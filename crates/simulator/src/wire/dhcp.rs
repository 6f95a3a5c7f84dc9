//! DHCP messages (RFC 2131), options of RFC 2132.

use std::net::Ipv4Addr;

use crate::frame::Mac;

/// DHCPDISCOVER and the others, as option 53 numbers them (RFC 2132 section 9.6).
pub const DISCOVER: u8 = 1;
/// See above.
pub const OFFER: u8 = 2;
/// See above.
pub const REQUEST: u8 = 3;
/// See above.
pub const ACK: u8 = 5;

/// The fields that change.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    /// `DISCOVER`, `OFFER`, `REQUEST` or `ACK`.
    pub kind: u8,
    /// Transaction identifier.
    pub xid: u32,
    /// `chaddr`: the client's Ethernet address.
    pub client: Mac,
    /// `ciaddr`: the client's address, while it has one.
    pub has: Ipv4Addr,
    /// `yiaddr`: the address it is given.
    pub gets: Ipv4Addr,
    /// `giaddr`: the relay's address.
    pub relay: Ipv4Addr,
}

/// The message with its options behind option 53, at least as long as BOOTP's 300 octets.
pub fn encode(message: &Message, options: &[(u8, &[u8])]) -> Vec<u8> {
    let mut out = vec![0; 240];
    let answers = matches!(message.kind, OFFER | ACK);
    // Each relay on the way to the server counts itself (RFC 1542 section 4.1.1).
    let hops = u8::from(!answers && message.relay != Ipv4Addr::UNSPECIFIED);
    out[..4].copy_from_slice(&[if answers { 2 } else { 1 }, 1, 6, hops]);
    out[4..8].copy_from_slice(&message.xid.to_be_bytes());
    out[12..16].copy_from_slice(&message.has.octets());
    out[16..20].copy_from_slice(&message.gets.octets());
    out[24..28].copy_from_slice(&message.relay.octets());
    out[28..34].copy_from_slice(&message.client);
    out[236..].copy_from_slice(&[99, 130, 83, 99]);
    out.extend_from_slice(&[53, 1, message.kind]);
    for (code, value) in options {
        out.extend_from_slice(&[*code, value.len() as u8]);
        out.extend_from_slice(value);
    }
    out.push(255);
    out.resize(out.len().max(300), 0);
    out
}
