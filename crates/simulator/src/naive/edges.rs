//! A rule: whoever has never opened a connection to this port of that host does something new.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use super::Detector;
use super::events::{Events, Finding};
use super::packets::{Packet, Transport};

/// Source, destination, whether it is UDP, and the destination's port.
type Edge = (Ipv4Addr, Ipv4Addr, bool, u16);

/// Edges that are known.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Edges {
    edges: BTreeSet<Edge>,
    /// The last datagram's edge: most have the same as the one before.
    #[serde(skip)]
    last: Option<Edge>,
}

impl Edges {
    /// The edge of a packet, where it opens a connection or is a datagram: the service is at the lower port.
    fn of(&mut self, packet: &Packet) -> Option<Edge> {
        let Packet { src, dst, .. } = *packet;
        let edge = match packet.transport {
            Transport::Syn([_, port]) => (src, dst, false, port),
            Transport::Udp([from, to]) if from < to => (dst, src, true, from),
            Transport::Udp([_, to]) => (src, dst, true, to),
            Transport::Other => return None,
        };
        (self.last.replace(edge) != Some(edge)).then_some(edge)
    }
}

impl Detector for Edges {
    fn learn(&mut self, packet: &Packet) {
        if let Some(edge) = self.of(packet) {
            self.edges.insert(edge);
        }
    }

    fn learned(&mut self) {}

    fn judge(&mut self, packet: &Packet, events: &mut Events) -> Result<()> {
        let Some(edge) = self.of(packet).filter(|edge| !self.edges.contains(edge)) else { return Ok(()) };
        self.edges.insert(edge);
        let (peer, device, udp, port) = edge;
        let subject = format!("{peer}>{device}:{port}/{}", if udp { "udp" } else { "tcp" });
        events.tell(&Finding {
            subject: &subject,
            detection: "new-edge",
            severity: "medium",
            device,
            peer: Some(peer),
            first: packet.time,
            last: packet.time,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Time;

    fn packet(src: u8, dst: u8, transport: Transport) -> Packet {
        let address = |last| Ipv4Addr::new(10, 0, 0, last);
        Packet { time: Time::from_secs(1), src: address(src), dst: address(dst), transport }
    }

    #[test]
    fn an_edge_is_new_once() {
        let mut edges = Edges::default();
        edges.learn(&packet(1, 2, Transport::Syn([50_000, 104])));
        edges.learn(&packet(1, 3, Transport::Udp([50_000, 53])));
        edges.learned();
        let mut events = Events::new(None, true);
        for packet in [
            packet(1, 2, Transport::Syn([50_001, 104])),
            // The answer to a datagram is the same edge.
            packet(3, 1, Transport::Udp([53, 50_002])),
            packet(2, 1, Transport::Other),
            // These two are new, one of them twice.
            packet(4, 2, Transport::Syn([50_001, 104])),
            packet(1, 2, Transport::Syn([50_001, 105])),
            packet(4, 2, Transport::Syn([50_003, 104])),
        ] {
            edges.judge(&packet, &mut events).unwrap();
        }
        assert_eq!(events.finish(&Default::default()).unwrap(), 2);
    }
}
