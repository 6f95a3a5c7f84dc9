//! Where the messages of link-layer discovery are: frames in which no IP packet is found.

use super::{Layout, Peeled, Peeler, Undecoded, innermost};
use crate::address::Mac;
use crate::packet::Packet;

/// SNAP's organisation and protocol of CDP.
const CDP: [u8; 5] = [0, 0, 0x0c, 0x20, 0];

/// A message, from behind what carries it to the end of the frame: it may be padded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discovery<'a> {
    /// LLDP (IEEE 802.1AB): for [`Lldp`](crate::lldp::Lldp).
    Lldp(&'a [u8]),
    /// CDP: for [`Cdp`](crate::cdp::Cdp).
    Cdp(&'a [u8]),
}

/// The message in a frame that [`peel`](super::peel) counts as [`Undecoded::Lldp`] or [`Undecoded::Snap`], whatever tags and
/// tunnels it is in, and the MAC address that sent it.
#[must_use]
pub fn discovery<'a>(packet: &Packet<'a>) -> Option<(Discovery<'a>, Option<Mac>)> {
    let end = (packet.sent as usize).max(packet.bytes.len());
    let mut peeler = Peeler { frame: packet.bytes, at: 0, end, layout: Layout::default(), datagram: None };
    let Peeled::Stopped(reason) = innermost(packet.link, &mut peeler) else { return None };
    let (before, message) = packet.bytes.split_at_checked(peeler.at)?;
    let found = match reason {
        Undecoded::Lldp => Discovery::Lldp(message),
        Undecoded::Snap if before.ends_with(&CDP) => Discovery::Cdp(message),
        _ => return None,
    };
    Some((found, peeler.layout.source_mac(packet.bytes)))
}
