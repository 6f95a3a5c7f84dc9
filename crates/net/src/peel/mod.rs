//! Finds the innermost IP packet of a frame, whatever carries it.
//!
//! A SPAN sensor meets VLAN tags, MPLS, GRE with ERSPAN, VXLAN, Geneve and IP in IP, in any order; where providers, wireless
//! networks and old ones are mirrored, PPP, GTP-U, IEEE 802.11 and more. Peeling never fails: it answers where the
//! innermost headers are, or by name why it stopped. Almost every frame is Ethernet, perhaps a VLAN tag, IPv4 or IPv6
//! without extensions, TCP or UDP: that takes a short path here, and everything else goes header by header, at most
//! [`DEPTH_MAX`] of them.

mod datagram;
mod discovery;
mod ethernet;
mod ip;
mod linux_sll;
mod macsec;
mod ppp;
mod ring;
mod tunnel;
mod wlan;

pub use discovery::{Discovery, below_ip, discovery};

use crate::address::Mac;
use crate::packet::{LinkType, Packet};
use crate::reader::{be16_at, be32_at};

/// The most headers peeled from one frame. Real nesting (QinQ in MPLS in GRE with ERSPAN, VXLAN inside) stays below.
pub const DEPTH_MAX: usize = 16;

/// IP protocol numbers (IANA) that are read here.
pub mod protocol {
    /// ICMP.
    pub const ICMP: u8 = 1;
    /// IPv4 in IP.
    pub const IPV4: u8 = 4;
    /// TCP.
    pub const TCP: u8 = 6;
    /// UDP.
    pub const UDP: u8 = 17;
    /// IPv6 in IP.
    pub const IPV6: u8 = 41;
    /// GRE.
    pub const GRE: u8 = 47;
    /// ICMPv6.
    pub const ICMPV6: u8 = 58;
    /// SCTP.
    pub const SCTP: u8 = 132;
    /// MPLS in IP (RFC 4023).
    pub const MPLS: u8 = 137;
}

/// Where the innermost headers of a frame are. 16 bytes, so that it can stand in a batch beside each record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Offset of the innermost IP header.
    pub network: u16,
    /// Offset of what follows it and its extensions.
    pub transport: u16,
    /// Offset of the innermost source MAC address; 0 where the link has none.
    source_mac: u16,
    /// Bits 0..12 the outermost VLAN id, bits 12..15 the [`Place`] of the destination MAC, bit 15 "VLAN known".
    link_bits: u16,
    /// Bits 0..24 the end of the IP packet by its own length, bits 24..32 the IP protocol.
    end_and_protocol: u32,
    /// VXLAN or Geneve network identifier, GRE key or NVGRE subnet; 0 without a tunnel that has one.
    ///
    /// An ERSPAN session is not one: it names the mirror, and two mirrors may each carry one direction of a flow. Nor are
    /// the tunnels of GTP-U, L2TP and PPTP, which have a number for each direction.
    pub tunnel: u32,
}

const VLAN_KNOWN: u16 = 1 << 15;
const DESTINATION_MAC: u16 = Place::Six as u16;
const END_BITS: u32 = 24;
const END_MASK: u32 = (1 << END_BITS) - 1;

/// Where the destination MAC address begins, seen from the source MAC address.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// There is none.
    Nowhere = 0,
    /// Twelve octets before.
    Twelve = 1 << 12,
    /// Six octets behind.
    Behind = 2 << 12,
    /// Eight octets before.
    Eight = 3 << 12,
    /// Six octets before, as on Ethernet.
    Six = 4 << 12,
}

impl Place {
    /// The bits of all of them.
    const MASK: u16 = 7 << 12;
}

impl Layout {
    /// Of a frame in which nothing was found.
    pub const EMPTY: Self =
        Self { network: 0, transport: 0, source_mac: 0, link_bits: 0, end_and_protocol: 0, tunnel: 0 };

    /// The IP protocol of the innermost packet, behind IPv6 extension headers.
    #[inline]
    #[must_use]
    pub const fn protocol(&self) -> u8 {
        #[allow(clippy::cast_possible_truncation)] // eight bits are left
        let protocol = (self.end_and_protocol >> END_BITS) as u8;
        protocol
    }

    /// Offset at which the innermost IP packet ends by its own length field: may lie beyond what was captured.
    #[inline]
    #[must_use]
    pub const fn end(&self) -> usize {
        (self.end_and_protocol & END_MASK) as usize
    }

    fn set_end(&mut self, end: usize, protocol: u8) {
        let end = u32::try_from(end).unwrap_or(u32::MAX).min(END_MASK);
        self.end_and_protocol = u32::from(protocol) << END_BITS | end;
    }

    /// Takes VLAN and tunnel over from the frame of a fragment: the datagram put together has lost them.
    #[must_use]
    pub const fn inherit(mut self, fragment: &Self) -> Self {
        self.link_bits |= fragment.link_bits & (VLAN_KNOWN | 0x0fff);
        if self.tunnel == 0 {
            self.tunnel = fragment.tunnel;
        }
        self
    }

    /// The outermost VLAN id.
    #[must_use]
    pub const fn vlan(&self) -> Option<u16> {
        if self.link_bits & VLAN_KNOWN != 0 { Some(self.link_bits & 0x0fff) } else { None }
    }

    /// The innermost source MAC address, where the link has one.
    #[must_use]
    pub fn source_mac(&self, frame: &[u8]) -> Option<Mac> {
        let offset = usize::from(self.source_mac);
        (offset != 0).then(|| frame.get(offset..)?.first_chunk().copied().map(Mac)).flatten()
    }

    /// The innermost destination MAC address, where the link has one.
    #[must_use]
    pub fn destination_mac(&self, frame: &[u8]) -> Option<Mac> {
        const TWELVE: u16 = Place::Twelve as u16;
        const BEHIND: u16 = Place::Behind as u16;
        const EIGHT: u16 = Place::Eight as u16;
        let source = usize::from(self.source_mac);
        let offset = match self.link_bits & Place::MASK {
            DESTINATION_MAC => source.checked_sub(6)?,
            TWELVE => source.checked_sub(12)?,
            BEHIND => source.saturating_add(6),
            EIGHT => source.checked_sub(8)?,
            _ => return None,
        };
        frame.get(offset..)?.first_chunk().copied().map(Mac)
    }
}

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peeled {
    /// An IP packet, whole or the only fragment.
    Ip(Layout),
    /// A fragment of an IP packet: `transport` is where its piece of the payload begins.
    Fragment(Layout, Piece),
    /// ARP; the offset of its header.
    Arp(Layout),
    /// Something else, or nothing readable.
    Stopped(Undecoded),
}

/// Which piece of which datagram a fragment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The identification field (16 bits in IPv4, 32 in IPv6).
    pub id: u32,
    /// Where the piece begins in the payload of the datagram, in octets.
    pub offset: u32,
    /// Further pieces follow.
    pub more: bool,
}

macro_rules! undecoded {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// Why a frame gave no IP packet: a closed set, the label of `undecoded` in statistics.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Undecoded { $($(#[$doc])* $variant,)* }

        impl Undecoded {
            /// Every reason.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name in events and metrics.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

undecoded! {
    /// A link type that is not read.
    LinkType = "link-type",
    /// Fewer octets captured than the headers need.
    Truncated = "truncated",
    /// An EtherType that is not read and has no name here.
    EtherType = "ethertype",
    /// LLDP.
    Lldp = "lldp",
    /// IEEE 802.3 with LLC and no SNAP (spanning tree and the like).
    Llc = "llc",
    /// SNAP with an organisation's own protocol (CDP and the like).
    Snap = "snap",
    /// PPPoE discovery.
    Pppoe = "pppoe",
    /// PPP with something inside that is neither IP nor MPLS (negotiation, compressed or encrypted packets).
    Ppp = "ppp-payload",
    /// Frame Relay or Cisco's HDLC with something inside that is not read.
    Serial = "serial-payload",
    /// Token Ring or FDDI without LLC (the ring's own management).
    Ring = "ring-management",
    /// IEEE 802.11 management, control, and data frames that hold no data.
    WlanWithoutData = "wlan-without-data",
    /// IEEE 802.11 data that is encrypted.
    WlanProtected = "wlan-protected",
    /// A fragment of IEEE 802.11 data.
    WlanFragment = "wlan-fragment",
    /// IEEE 802.11 received with a bad check sequence, or of an unknown version, or behind a header that is.
    WlanDamaged = "wlan-damaged",
    /// MACsec that is encrypted, or of another version.
    Macsec = "macsec",
    /// A VN-Tag of an unknown version.
    VnTag = "vn-tag",
    /// EAP over LAN.
    Eapol = "eapol",
    /// PROFINET, PTP, GOOSE and other protocols straight on Ethernet.
    Industrial = "industrial-ethernet",
    /// Ethernet loopback and other link tests.
    LinkTest = "link-test",
    /// An address family that is not IP, on loopback links.
    AddressFamily = "address-family",
    /// IPX, AppleTalk and other network layers of old.
    Legacy = "legacy-network-layer",
    /// An IP header that contradicts itself.
    IpHeader = "ip-header",
    /// MPLS with something inside that is neither IP nor Ethernet.
    Mpls = "mpls-payload",
    /// GRE with a payload that is not read, or of another version or kind.
    Gre = "gre-payload",
    /// VXLAN or Geneve with a payload that is not read.
    Overlay = "overlay-payload",
    /// More nested headers than are peeled.
    Nesting = "nesting",
    /// A fragment whose datagram never became whole.
    Fragment = "fragment",
}

/// Peels one frame.
#[must_use]
pub fn peel(packet: &Packet<'_>) -> Peeled {
    if packet.link == LinkType::ETHERNET
        && let Some(layout) = fast(packet.bytes, packet.sent as usize)
    {
        return Peeled::Ip(layout);
    }
    peel_slowly(packet)
}

/// Peels the very shape of most frames, in one look, to save the call of [`peel`] for them: Ethernet, at most one VLAN
/// tag, IPv4 without options, not fragmented, TCP. None for all others.
#[inline]
#[must_use]
pub fn peel_plain(packet: &Packet<'_>) -> Option<Layout> {
    if packet.link != LinkType::ETHERNET {
        return None;
    }
    let [.., e0, e1, v0, v1, w0, w1] = *packet.bytes.first_chunk::<18>()?;
    match u16::from_be_bytes([e0, e1]) {
        ethernet::IPV4 => plain(packet, 14, DESTINATION_MAC),
        ethernet::VLAN if u16::from_be_bytes([w0, w1]) == ethernet::IPV4 => {
            plain(packet, 18, DESTINATION_MAC | VLAN_KNOWN | u16::from_be_bytes([v0, v1]) & 0x0fff)
        }
        _ => None,
    }
}

#[inline]
fn plain(packet: &Packet<'_>, network: u16, link_bits: u16) -> Option<Layout> {
    let header = packet.bytes.get(usize::from(network)..)?.first_chunk::<20>()?;
    let [version, _, total0, total1, _, _, f0, f1, _, protocol, ..] = *header;
    let total = u16::from_be_bytes([total0, total1]);
    let end = u32::from(network).wrapping_add(u32::from(total));
    let whole = u16::from_be_bytes([f0, f1]) & 0x3fff == 0;
    if version != 0x45 || !whole || protocol != protocol::TCP || total < 20 || end > packet.sent {
        return None;
    }
    Some(Layout {
        network,
        transport: network.wrapping_add(20),
        source_mac: 6,
        link_bits,
        end_and_protocol: u32::from(protocol::TCP) << END_BITS | end,
        tunnel: 0,
    })
}

/// Ethernet, at most one VLAN tag, IPv4 or IPv6 without extensions, not fragmented, TCP or UDP that is no tunnel.
#[inline]
fn fast(frame: &[u8], sent: usize) -> Option<Layout> {
    let mut layout = Layout { source_mac: 6, link_bits: DESTINATION_MAC, ..Layout::default() };
    let mut ethertype = be16_at(frame, 12)?;
    let mut network = 14usize;
    if ethertype == ethernet::VLAN {
        layout.link_bits |= VLAN_KNOWN | (be16_at(frame, 14)? & 0x0fff);
        ethertype = be16_at(frame, 16)?;
        network = 18;
    }
    let header = frame.get(network..)?;
    let (transport, end, protocol) = match ethertype {
        ethernet::IPV4 => {
            let header = header.first_chunk::<20>()?;
            let [version_and_length, _, total_high, total_low, _, _, fragment_high, fragment_low, _, protocol, ..] =
                *header;
            let header_length = usize::from(version_and_length & 15).wrapping_mul(4);
            let total = usize::from(u16::from_be_bytes([total_high, total_low]));
            let fragment = u16::from_be_bytes([fragment_high, fragment_low]) & 0x3fff;
            if version_and_length >> 4 != 4 || header_length < 20 || total < header_length || fragment != 0 {
                return None;
            }
            (network.wrapping_add(header_length), network.wrapping_add(total), protocol)
        }
        ethernet::IPV6 => {
            let header = header.first_chunk::<40>()?;
            let [version, _, _, _, length_high, length_low, next, ..] = *header;
            let length = usize::from(u16::from_be_bytes([length_high, length_low]));
            if version >> 4 != 6 || length == 0 {
                return None;
            }
            (network.wrapping_add(40), network.wrapping_add(40).wrapping_add(length), next)
        }
        _ => return None,
    };
    let ports = be32_at(frame, transport)?;
    if end > sent || !(protocol == protocol::TCP || protocol == protocol::UDP && !tunnel::is_tunnel_port(ports)) {
        return None;
    }
    #[allow(clippy::cast_possible_truncation)] // below 18 + 60
    {
        layout.network = network as u16;
        layout.transport = transport as u16;
    }
    layout.set_end(end, protocol);
    Some(layout)
}

/// A header to be peeled next.
#[derive(Clone, Copy, Debug)]
enum Next {
    Ethernet,
    EtherType(u16),
    /// IPv4 or IPv6, told apart by the version nibble.
    Ip,
    /// What stands behind an IP header of this protocol: a tunnel, perhaps.
    Gre,
    Mpls,
    Ppp,
    /// IEEE 802.11, from the frame control field on.
    Wlan,
    /// UDP with the header of an overlay.
    Overlay,
}

/// The state of the slow path: what is left to look at, and what was found so far.
struct Peeler<'a> {
    frame: &'a [u8],
    /// Offset of the next header.
    at: usize,
    /// Where the present layer ends by its own word, at most what was sent.
    end: usize,
    layout: Layout,
    /// The innermost datagram that was taken for a tunnel whose header proves little: what the frame holds where the inside
    /// turns out to be nothing.
    datagram: Option<Layout>,
}

/// What one header led to.
type Step = Result<Next, Peeled>;

impl Peeler<'_> {
    fn rest(&self) -> &[u8] {
        self.frame.get(self.at..).unwrap_or_default()
    }

    fn be16(&self, offset: usize) -> Result<u16, Peeled> {
        be16_at(self.rest(), offset).ok_or(TRUNCATED)
    }

    fn be32(&self, offset: usize) -> Result<u32, Peeled> {
        be32_at(self.rest(), offset).ok_or(TRUNCATED)
    }

    fn u8(&self, offset: usize) -> Result<u8, Peeled> {
        self.rest().get(offset).copied().ok_or(TRUNCATED)
    }

    /// Moves past `octets` of header, which must have been captured.
    fn advance(&mut self, octets: usize) -> Result<(), Peeled> {
        let at = self.at.saturating_add(octets);
        if at > self.frame.len() {
            return Err(TRUNCATED);
        }
        self.at = at;
        Ok(())
    }

    fn offset(&self, at: usize) -> Result<u16, Peeled> {
        u16::try_from(at).map_err(|_| Peeled::Stopped(Undecoded::Nesting))
    }

    /// Remembers the source MAC address at `offset` from here, and where the destination MAC address is.
    fn source_mac(&mut self, offset: usize, destination: Place) -> Result<(), Peeled> {
        self.layout.source_mac = self.offset(self.at.saturating_add(offset))?;
        self.layout.link_bits = self.layout.link_bits & !Place::MASK | destination as u16;
        Ok(())
    }
}

const TRUNCATED: Peeled = Peeled::Stopped(Undecoded::Truncated);

fn peel_slowly(packet: &Packet<'_>) -> Peeled {
    let end = (packet.sent as usize).max(packet.bytes.len());
    let mut peeler = Peeler { frame: packet.bytes, at: 0, end, layout: Layout::default(), datagram: None };
    match (innermost(packet.link, &mut peeler), peeler.datagram) {
        (Peeled::Stopped(_), Some(datagram)) => Peeled::Ip(datagram),
        (found, _) => found,
    }
}

fn innermost(link: LinkType, peeler: &mut Peeler<'_>) -> Peeled {
    let mut next = match first(link, peeler) {
        Ok(next) => next,
        Err(stop) => return stop,
    };
    for _ in 0..DEPTH_MAX {
        let step = match next {
            Next::Ethernet => ethernet::ethernet(peeler),
            Next::EtherType(ethertype) => ethernet::ethertype(peeler, ethertype),
            Next::Ip => ip::ip(peeler),
            Next::Gre => tunnel::gre(peeler),
            Next::Mpls => tunnel::mpls(peeler),
            Next::Ppp => ppp::ppp(peeler),
            Next::Wlan => wlan::frame(peeler, false),
            Next::Overlay => tunnel::overlay(peeler),
        };
        match step {
            Ok(following) => next = following,
            Err(stop) => return stop,
        }
    }
    Peeled::Stopped(Undecoded::Nesting)
}

/// The first header, by the capture's link type.
fn first(link: LinkType, peeler: &mut Peeler<'_>) -> Step {
    match link {
        LinkType::ETHERNET => Ok(Next::Ethernet),
        LinkType::LINUX_SLL => linux_sll::v1(peeler),
        LinkType::LINUX_SLL2 => linux_sll::v2(peeler),
        LinkType::NULL | LinkType::LOOP => ip::loopback(peeler),
        LinkType::RAW | LinkType::RAW_DLT_12 | LinkType::RAW_DLT_14 | LinkType::IPV4 | LinkType::IPV6 => Ok(Next::Ip),
        LinkType::IEEE802_11 => Ok(Next::Wlan),
        LinkType::IEEE802_11_RADIOTAP => wlan::radiotap(peeler),
        LinkType::IEEE802_11_AVS => wlan::avs(peeler),
        LinkType::IEEE802_11_PRISM => wlan::prism(peeler),
        LinkType::PPP => Ok(Next::Ppp),
        LinkType::PPP_HDLC => ppp::serial(peeler),
        LinkType::PPP_ETHER => ppp::over_ethernet(peeler),
        LinkType::C_HDLC => ppp::hdlc(peeler),
        LinkType::FRELAY => ppp::frame_relay(peeler),
        LinkType::IEEE802_5 => ring::token_ring(peeler),
        LinkType::FDDI => ring::fddi(peeler),
        _ => Err(Peeled::Stopped(Undecoded::LinkType)),
    }
}

#[cfg(test)]
mod tests;
