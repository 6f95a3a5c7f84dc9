//! A flow: who talks with whom, how much, and since when.

use crate::address::{Address, Mac};
use crate::community_id;
use crate::packet::Timestamp;
use crate::stream::Side;

/// What makes packets one flow: innermost addresses and ports in order, transport, tunnel and (if configured) VLAN.
///
/// End A is the one with the smaller (address, port).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FlowKey {
    /// The addresses of ends A and B.
    pub addresses: [Address; 2],
    /// The ports of ends A and B; ICMP has its type and code here as Community ID wants them.
    pub ports: [u16; 2],
    /// The tunnel, see [`crate::peel::Layout::tunnel`].
    pub tunnel: u32,
    /// The VLAN where the site wants flows kept apart by it, else 0.
    pub vlan: u16,
    /// The IP protocol.
    pub transport: u8,
}

impl FlowKey {
    /// Of no flow.
    pub const NONE: Self =
        Self { addresses: [Address::from_halves(0, 0); 2], ports: [0; 2], tunnel: 0, vlan: 0, transport: 0 };

    /// Orders two ends; gives back the key and which of the two the first one (the sender) is.
    ///
    /// Without branches: which end is the smaller one is as good as random.
    #[inline]
    #[must_use]
    pub const fn new(
        sender: (Address, u16),
        receiver: (Address, u16),
        transport: u8,
        tunnel: u32,
        vlan: u16,
    ) -> (Self, Side) {
        let ((s_high, s_low), (r_high, r_low)) = (sender.0.halves(), receiver.0.halves());
        let s_rest = (s_low as u128) << 16 | sender.1 as u128;
        let r_rest = (r_low as u128) << 16 | receiver.1 as u128;
        let turned = (r_high < s_high) | ((r_high == s_high) & (r_rest < s_rest));
        let mask = (turned as u64).wrapping_neg();
        let (high, low) = ((s_high ^ r_high) & mask, (s_low ^ r_low) & mask);
        #[allow(clippy::cast_possible_truncation)] // all ones or none
        let port = (sender.1 ^ receiver.1) & mask as u16;
        let addresses =
            [Address::from_halves(s_high ^ high, s_low ^ low), Address::from_halves(r_high ^ high, r_low ^ low)];
        let side = if turned { Side::B } else { Side::A };
        (Self { addresses, ports: [sender.1 ^ port, receiver.1 ^ port], tunnel, vlan, transport }, side)
    }

    /// True for the same key; as `==`, but in one comparison, and not inlined: where it is, its dozen loads are made, and
    /// kept, before the search that may not need them.
    #[inline(never)]
    pub(crate) const fn is(&self, other: &Self) -> bool {
        let ([a, b], [c, d]) = (self.addresses, other.addresses);
        let (a, b, c, d) = (a.halves(), b.halves(), c.halves(), d.halves());
        let addresses = (a.0 ^ c.0) | (a.1 ^ c.1) | (b.0 ^ d.0) | (b.1 ^ d.1);
        addresses | (self.ends() ^ other.ends()) | (self.kind() ^ other.kind()) == 0
    }

    /// Both ports and the tunnel.
    #[inline]
    const fn ends(&self) -> u64 {
        let [a, b] = self.ports;
        (a as u64) << 48 | (b as u64) << 32 | self.tunnel as u64
    }

    /// Transport and VLAN.
    #[inline]
    const fn kind(&self) -> u64 {
        (self.transport as u64) << 16 | self.vlan as u64
    }

    /// A hash for tables, keyed so that peers cannot aim at one bucket: no part meets another before the key has.
    #[inline]
    #[must_use]
    pub const fn hash(&self, key: HashKey) -> u64 {
        let [a, b] = self.addresses;
        let ((a_high, a_low), (b_high, b_low)) = (a.halves(), b.halves());
        let low = fold(a_low ^ key.0, b_low ^ key.1);
        let high = fold(a_high ^ key.1, b_high ^ key.0.rotate_left(32));
        let rest = fold(self.ends() ^ key.0.rotate_left(16), self.kind() ^ key.1.rotate_left(48));
        fold(low ^ rest, high ^ key.0)
    }
}

/// Secret of one run for the hashes of tables; nothing written depends on it.
#[derive(Clone, Copy, Debug)]
pub struct HashKey(pub u64, pub u64);

/// Multiplies to 128 bits and folds the halves: every input bit reaches every output bit, unless the other factor is 0.
#[inline]
#[must_use]
pub const fn fold(a: u64, b: u64) -> u64 {
    let product = (a as u128).wrapping_mul(b as u128);
    #[allow(clippy::cast_possible_truncation)] // the halves are folded
    let folded = product as u64 ^ (product >> 64) as u64;
    folded
}

/// Why an end is taken for the one that opened the flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrientedBy {
    /// It sent the SYN.
    Syn,
    /// The other one sent the SYN-ACK.
    SynAck,
    /// The application protocol shows who asks.
    Protocol,
    /// The other one's port is the smaller; the first to be heard where they are equal.
    Port,
}

impl OrientedBy {
    /// The name in events.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Syn => "syn",
            Self::SynAck => "syn-ack",
            Self::Protocol => "protocol",
            Self::Port => "port",
        }
    }
}

/// How a flow stands, as far as the packets show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FlowState {
    /// Not TCP, or TCP without a handshake seen.
    #[default]
    Seen,
    /// A SYN was seen, no answer.
    SynSent,
    /// A SYN and its answer were seen.
    Established,
    /// One end has sent FIN.
    Closing,
    /// Both ends have sent FIN.
    Closed,
    /// An end has sent RST.
    Reset,
}

impl FlowState {
    /// The name in events.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::SynSent => "syn-sent",
            Self::Established => "established",
            Self::Closing => "closing",
            Self::Closed => "closed",
            Self::Reset => "reset",
        }
    }

    /// True when no more data is expected.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Closed | Self::Reset)
    }
}

/// Packets and octets that one end has sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// Packets, duplicates of the mirror not counted.
    pub packets: u64,
    /// Octets of their frames as sent.
    pub bytes: u64,
}

/// What went wrong on a flow: made when the first thing does.
#[derive(Clone, Debug, Default)]
pub struct Troubles {
    /// TCP segments sent again.
    pub retransmissions: u64,
    /// Segments sent again with other bytes than the first time: the first are kept.
    pub conflicts: u64,
    /// Copies made by the mirror, not by the sender.
    pub duplicates: u64,
    /// Segments that came before their time.
    pub out_of_order: u64,
    /// Keep-alive probes.
    pub keep_alives: u64,
    /// Segments far outside of what the receiver can expect: ignored.
    pub out_of_window: u64,
    /// Times at which bytes were missing for good.
    pub gaps: u64,
    /// Bytes that were missing, as far as their number is known.
    pub gap_bytes: u64,
}

/// What names a flow, copied out of the table.
#[derive(Clone, Copy, Debug)]
pub struct FlowIdentity {
    /// The key.
    pub key: FlowKey,
    /// The time of its first packet.
    pub first: Timestamp,
    /// Who opened it.
    pub originator: Side,
    /// How that is known.
    pub oriented_by: OrientedBy,
    /// The MAC addresses that the ends sent from, in key order.
    pub macs: [Mac; 2],
    /// The outermost VLAN of its first packet.
    pub vlan: Option<u16>,
}

/// A flow in the table; `S` is what the application layer keeps of it.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Flow<S> {
    pub(crate) head: FlowHead,
    /// Kept by the application layer.
    pub application: S,
}

/// A flow without what the application layer keeps of it.
///
/// In the order in which it is needed, each cache line full: what finds the flow; what every packet changes; what only its
/// beginning and end need, and what the application layer keeps.
#[derive(Debug, Default)]
#[repr(C)]
pub struct FlowHead {
    pub(crate) key: FlowKey,
    /// The time of its first packet.
    pub first: Timestamp,
    /// The time of its latest packet.
    pub last: Timestamp,

    pub(crate) volume: [Volume; 2],
    pub(crate) troubles: Option<Box<crate::reassembler::Rare>>,
    pub(crate) tcp: [crate::reassembler::Half; 2],
    pub(crate) oriented: Option<(Side, OrientedBy)>,
    pub(crate) state: FlowState,
    /// Who sent its first packet; None where no flow is in this place.
    pub(crate) first_sender: Option<Side>,
    pub(crate) vlan: u16,

    pub(crate) macs: [Mac; 2],
    pub(crate) wheel_next: u32,
}

const _: () = assert!(size_of::<FlowHead>() == 144);

impl<S> std::ops::Deref for Flow<S> {
    type Target = FlowHead;

    #[inline]
    fn deref(&self) -> &FlowHead {
        &self.head
    }
}

impl<S> std::ops::DerefMut for Flow<S> {
    #[inline]
    fn deref_mut(&mut self) -> &mut FlowHead {
        &mut self.head
    }
}

impl<S> Flow<S> {
    /// The flow and what the application layer keeps of it, to be used side by side.
    #[inline]
    pub const fn parts(&mut self) -> (&mut FlowHead, &mut S) {
        (&mut self.head, &mut self.application)
    }
}

impl FlowHead {
    /// True where a flow is in this place.
    #[inline]
    pub(crate) const fn is_live(&self) -> bool {
        self.first_sender.is_some()
    }

    /// The key.
    #[inline]
    #[must_use]
    pub const fn key(&self) -> &FlowKey {
        &self.key
    }

    /// What each end has sent, in key order.
    #[must_use]
    pub const fn volume(&self) -> &[Volume; 2] {
        &self.volume
    }

    /// The MAC address that each end was last seen to send from, in key order (all zeros: not known).
    #[must_use]
    pub const fn macs(&self) -> &[Mac; 2] {
        &self.macs
    }

    /// The outermost VLAN of its first packet.
    #[must_use]
    pub const fn vlan(&self) -> Option<u16> {
        if self.vlan == u16::MAX { None } else { Some(self.vlan) }
    }

    /// The state of the connection.
    #[must_use]
    pub const fn state(&self) -> FlowState {
        self.state
    }

    /// What went wrong.
    #[must_use]
    pub fn troubles(&self) -> Troubles {
        self.troubles.as_ref().map_or_else(Troubles::default, |rare| rare.troubles.clone())
    }

    /// True when an end was heard.
    #[must_use]
    pub const fn is_heard(&self, side: Side) -> bool {
        side.of(&self.volume).packets > 0
    }

    /// True for an end that is there and was not heard: the other end has acknowledged what it sent (RFC 9293 section 3.4: a
    /// segment without an acknowledgement is sent only before the first one came).
    #[must_use]
    pub const fn is_unheard(&self, side: Side) -> bool {
        !self.is_heard(side) && side.other().of(&self.tcp).acknowledges()
    }

    /// True when only one end was heard so far.
    #[must_use]
    pub const fn is_one_sided(&self) -> bool {
        let [a, b] = &self.volume;
        a.packets == 0 || b.packets == 0
    }

    /// Whether the stream of each end was seen from its first byte on.
    #[must_use]
    pub const fn from_start(&self) -> [bool; 2] {
        let [a, b] = &self.tcp;
        [a.is_from_start(), b.is_from_start()]
    }

    /// Who opened the flow where a handshake showed it, or where it was settled before.
    #[must_use]
    pub fn originator(&self) -> Option<Side> {
        self.oriented.map(|(side, _)| side)
    }

    /// Bytes missing so far.
    #[must_use]
    pub fn gap_bytes(&self) -> u64 {
        self.troubles.as_ref().map_or(0, |rare| rare.troubles.gap_bytes)
    }

    /// What names the flow in events. Settles, for good, who opened it: the handshake says, else the end that the
    /// protocol shows to ask (`requester`), else the ports.
    pub fn identity(&mut self, requester: Option<Side>) -> FlowIdentity {
        let (originator, oriented_by) = self.orientation(requester);
        self.oriented = Some((originator, oriented_by));
        FlowIdentity { key: self.key, first: self.first, originator, oriented_by, macs: self.macs, vlan: self.vlan() }
    }

    /// Who opened the flow, as far as it shows now, and how that is known; see [`Self::identity`].
    #[must_use]
    pub fn orientation(&self, requester: Option<Side>) -> (Side, OrientedBy) {
        self.oriented.unwrap_or_else(|| {
            if let Some(side) = requester.or_else(|| community_id::asking(&self.key)) {
                return (side, OrientedBy::Protocol);
            }
            let [a, b] = self.key.ports;
            let side = match a.cmp(&b) {
                std::cmp::Ordering::Less => Side::B,
                std::cmp::Ordering::Greater => Side::A,
                std::cmp::Ordering::Equal => self.first_sender.unwrap_or(Side::A),
            };
            (side, OrientedBy::Port)
        })
    }
}
