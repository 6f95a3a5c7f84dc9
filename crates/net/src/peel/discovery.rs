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

impl Undecoded {
    /// True for frames of hosts that speak below IP, or of which nobody but their peers can tell what they carry.
    #[must_use]
    pub const fn is_of_link(self) -> bool {
        matches!(
            self,
            Self::EtherType
                | Self::Lldp
                | Self::Llc
                | Self::Snap
                | Self::Pppoe
                | Self::WlanWithoutData
                | Self::WlanProtected
                | Self::Macsec
                | Self::Eapol
                | Self::Industrial
                | Self::LinkTest
                | Self::Legacy
        )
    }
}

/// Why a frame is not read ([`Undecoded::is_of_link`]), and whose it is.
///
/// On the air, addresses that are made up locally are left out: telephones take another one each time.
#[must_use]
pub fn below_ip(packet: &Packet<'_>) -> Option<(Undecoded, Mac)> {
    const LOCAL: u8 = 0b10;
    let end = (packet.sent as usize).max(packet.bytes.len());
    let mut peeler = Peeler { frame: packet.bytes, at: 0, end, layout: Layout::default(), datagram: None };
    let Peeled::Stopped(reason) = innermost(packet.link, &mut peeler) else { return None };
    let is_of_air = matches!(reason, Undecoded::WlanWithoutData | Undecoded::WlanProtected);
    let sender = peeler.layout.source_mac(packet.bytes).filter(|sender| sender.is_host())?;
    let is_local = sender.0.first().is_some_and(|first| first & LOCAL != 0);
    (reason.is_of_link() && !(is_of_air && is_local)).then_some((reason, sender))
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
