//! Which flow a packet belongs to, and what it brings: all that its headers are read for.

use super::segment::{Segment, endpoints};
use crate::address::Address;
use crate::community_id;
use crate::flow::{FlowKey, HashKey};
use crate::packet::Packet;
use crate::peel::{Layout, protocol};
use crate::reader::be32_at;
use crate::stream::Side;

/// What a packet says of the flow that it belongs to: all that its headers are read for.
#[derive(Clone, Copy, Debug)]
pub struct Sought {
    pub(super) key: FlowKey,
    pub(super) hash: u64,
    pub(super) segment: Segment,
    /// Who sent the packet.
    pub(super) side: Side,
    pub(super) kind: Kind,
}

/// How much of a packet's headers could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Not enough.
    Broken,
    /// TCP.
    Tcp,
    /// Anything else that is a flow.
    Other,
}

impl Sought {
    /// Of a packet that belongs to no flow.
    pub const NONE: Self =
        Self { key: FlowKey::NONE, hash: 0, segment: Segment::NONE, side: Side::A, kind: Kind::Broken };

    /// The two ends of the flow.
    #[inline]
    #[must_use]
    pub const fn addresses(&self) -> &[Address; 2] {
        &self.key.addresses
    }

    /// The part of the hash that the index keeps.
    #[inline]
    pub(super) const fn tag(&self) -> u32 {
        tag(self.hash)
    }
}

/// How packets are told to belong to a flow; the same for all tables of a run.
#[derive(Clone, Copy, Debug)]
pub struct Seeker {
    /// The secret of hashes.
    pub key: HashKey,
    /// Keep flows of different VLANs apart.
    pub by_vlan: bool,
}

impl Seeker {
    /// Reads a packet's headers: which flow it belongs to, and what it brings.
    ///
    /// Written where it is to stand: what is put together elsewhere in small parts, and copied in large ones, has the
    /// processor wait for each of them.
    #[inline]
    pub fn seek(&self, packet: &Packet<'_>, layout: &Layout, sought: &mut Sought) {
        // TCP in IPv4 without options: almost every packet, and all of its headers in one look.
        if layout.transport.wrapping_sub(layout.network) == 20
            && layout.protocol() == protocol::TCP
            && let Some(headers) =
                packet.bytes.get(usize::from(layout.network)..).and_then(|rest| rest.first_chunk::<40>())
        {
            self.seek_plain(headers, packet, layout, sought);
        } else {
            *sought = self.seek_any(packet, layout);
        }
    }

    #[inline]
    fn seek_plain(&self, headers: &[u8; 40], packet: &Packet<'_>, layout: &Layout, sought: &mut Sought) {
        sought.kind = Kind::Broken;
        let (ip, tcp) = headers.split_at(20);
        let (Some(ip), Some(tcp)) = (ip.first_chunk::<20>(), tcp.first_chunk::<20>()) else { return };
        let [_, _, _, _, i0, i1, _, _, _, _, _, _, s0, s1, s2, s3, d0, d1, d2, d3] = *ip;
        let [p0, p1, q0, q1, ..] = *tcp;
        let source = Address::v4(u32::from_be_bytes([s0, s1, s2, s3]));
        let destination = Address::v4(u32::from_be_bytes([d0, d1, d2, d3]));
        let (sender, receiver) = ((source, u16::from_be_bytes([p0, p1])), (destination, u16::from_be_bytes([q0, q1])));
        let vlan = if self.by_vlan { layout.vlan().unwrap_or(0) } else { 0 };
        let (key, side) = FlowKey::new(sender, receiver, protocol::TCP, layout.tunnel, vlan);
        sought.hash = key.hash(self.key);
        sought.key = key;
        sought.side = side;
        let identification = u32::from(u16::from_be_bytes([i0, i1]));
        if let Some(segment) = Segment::new(tcp, identification, packet, layout) {
            sought.segment = segment;
            sought.kind = Kind::Tcp;
        }
    }

    fn seek_any(&self, packet: &Packet<'_>, layout: &Layout) -> Sought {
        let Some((key, side)) = self.key_of(packet, layout) else { return Sought::NONE };
        let mut sought = Sought { key, hash: key.hash(self.key), segment: Segment::NONE, side, kind: Kind::Other };
        if key.transport == protocol::TCP {
            sought.kind = Kind::Broken;
            if let Some(segment) = Segment::read(packet, layout) {
                (sought.segment, sought.kind) = (segment, Kind::Tcp);
            }
        }
        sought
    }

    /// The key of a packet's flow, and who sent the packet.
    #[inline]
    fn key_of(&self, packet: &Packet<'_>, layout: &Layout) -> Option<(FlowKey, Side)> {
        let (source, destination) = endpoints(packet.bytes, layout)?;
        let transport = layout.protocol();
        let vlan = if self.by_vlan { layout.vlan().unwrap_or(0) } else { 0 };
        if matches!(transport, protocol::TCP | protocol::UDP | protocol::SCTP) {
            // Both ports; cut off where the packet ends before.
            let at = usize::from(layout.transport);
            let ports = be32_at(packet.bytes, at).filter(|_| layout.end() >= at.saturating_add(4))?;
            #[allow(clippy::cast_possible_truncation)] // two halves of 32 bits
            let (sender, receiver) = ((source, (ports >> 16) as u16), (destination, ports as u16));
            return Some(FlowKey::new(sender, receiver, transport, layout.tunnel, vlan));
        }
        Some(Self::key_without_ports(datagram(packet, layout), (source, destination), layout, vlan))
    }

    fn key_without_ports(
        datagram: &[u8],
        (source, destination): (Address, Address),
        layout: &Layout,
        vlan: u16,
    ) -> (FlowKey, Side) {
        let (transport, tunnel) = (layout.protocol(), layout.tunnel);
        let (ports, one_way) = match (transport, datagram) {
            (protocol::ICMP | protocol::ICMPV6, [kind, code, ..]) => {
                (community_id::icmp_ports(transport, *kind, *code), community_id::is_one_way(transport, *kind))
            }
            _ => ((0, 0), false),
        };
        if one_way {
            let (addresses, ports) = ([source, destination], [ports.0, ports.1]);
            return (FlowKey { addresses, ports, tunnel, vlan, transport }, Side::A);
        }
        FlowKey::new((source, ports.0), (destination, ports.1), transport, tunnel, vlan)
    }
}

/// The part of a hash that the index keeps.
#[inline]
#[allow(clippy::cast_possible_truncation)] // the upper half
pub(super) const fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32
}

/// What was captured of the innermost packet behind its IP header.
#[inline]
pub(super) fn datagram<'a>(packet: &Packet<'a>, layout: &Layout) -> &'a [u8] {
    let end = layout.end().min(packet.bytes.len());
    packet.bytes.get(usize::from(layout.transport)..end).unwrap_or_default()
}
