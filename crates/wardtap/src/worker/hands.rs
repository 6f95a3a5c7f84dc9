//! What a worker does with what the flow table finds in a packet, or at a tick: conversations are read on, and facts are told.

use wardtap_behaviour::call_home;
use wardtap_behaviour::links::Links;
use wardtap_behaviour::observation::{Called, Observation, Place};
use wardtap_behaviour::tally::Pairs;
use wardtap_capture::Record;
use wardtap_dissect::identify::{Conversation, Recognised};
use wardtap_dissect::{FlowFacts, PROTOCOLS, Protocol, Transport, dicom, hl7, modbus, tls};
use wardtap_export::event::{Finished, FlowEvent};
use wardtap_net::address::Address;
use wardtap_net::flow::{Flow, FlowKey};
use wardtap_net::flow_table::{FlowTable, Sought};
use wardtap_net::packet::Timestamp;
use wardtap_net::reassembler::StreamHandler;
use wardtap_net::stream::{Chunk, FrameLabel, Side};

#[cfg(test)]
use super::TRIP;
use super::messages::ToMessages;
use super::told::{HEARD, MET, role_bit};
use super::{Application, Kept, Shared, packet};
use crate::batch::{Batch, Entry, Key};

/// Takes what the flow table finds in one packet or at one tick.
pub struct Hands<'a> {
    pub(super) pairs: &'a mut Pairs,
    pub(super) links: &'a mut Links,
    pub(super) kept: &'a mut Kept,
    pub(super) shared: &'a mut Shared,
    pub(super) key: Key,
    pub(super) place: Place,
    /// None at a tick.
    pub(super) here: Option<Here<'a>>,
    /// What the flow at hand holds may have changed.
    pub(super) held_changed: bool,
}

/// The record at hand.
#[derive(Clone, Copy)]
pub struct Here<'a> {
    pub(super) batch: &'a Batch,
    pub(super) record: &'a Record,
    pub(super) entry: &'a Entry,
    pub(super) number: u64,
}

impl<'a> Hands<'a> {
    pub(super) fn at(
        pairs: &'a mut Pairs,
        links: &'a mut Links,
        kept: &'a mut Kept,
        shared: &'a mut Shared,
        key: Key,
        now: Timestamp,
    ) -> Self {
        let place = Place { time: now, ..Place::default() };
        Self { pairs, links, kept, shared, key, place, here: None, held_changed: false }
    }

    #[inline]
    pub(super) fn hold_too_much(&self) -> bool {
        self.kept.held > self.shared.options.dissectors_bytes_max
    }

    /// The flow that holds most of those looked at gives it up; if that is not enough, so does the flow that wanted more.
    #[cold]
    pub(super) fn make_room(&mut self, table: &mut FlowTable<Application>, sought: &Sought) {
        if let Some(flow) = table.heaviest(Some(sought), Application::weight) {
            self.forget(flow);
        }
        if self.hold_too_much()
            && let Some(flow) = table.flow(sought)
        {
            self.forget(flow);
        }
    }

    pub(super) fn forget(&mut self, flow: &mut Flow<Application>) {
        self.shared.counts.forgotten += 1;
        self.fenced(flow, |hands, flow| {
            let (conversation, mut to) = hands.conversation(flow, hands.place);
            let facts = to.facts();
            conversation.forget(&facts, &mut to);
        });
        self.count_held(flow);
    }

    #[inline]
    pub(super) fn count_held(&mut self, flow: &mut Flow<Application>) {
        self.held_changed = false;
        self.kept.held = self.kept.held.saturating_add_signed(flow.application.conversation.count_held());
    }

    pub(super) fn hand_over(&mut self) {
        let (key, bundle) = (self.key, &mut self.shared.bundle);
        self.pairs.hand_over(|tally| bundle.observations.push((key, Observation::Tally(Box::new(tally)))));
    }

    #[inline]
    pub(super) fn conversation<'b>(
        &'b mut self,
        flow: &'b mut Flow<Application>,
        chunk_place: Place,
    ) -> (&'b mut Conversation, ToMessages<'b, 'a>) {
        let (flow, application) = flow.parts();
        let Application { conversation, pair, extra } = application;
        (conversation, ToMessages { hands: self, flow, pair, extra, chunk_place })
    }

    /// The VLAN of the record at hand.
    pub(super) fn vlan(&self) -> Option<u16> {
        self.here?.entry.layout.vlan()
    }

    /// By which hardware addresses a frame comes from one address to another.
    pub(super) fn tell_met(&mut self, from: Address, to: Address) {
        let Some(Here { batch, record, entry, .. }) = self.here else { return };
        let frame = packet(batch, record, entry).bytes;
        let macs = [(from, entry.layout.source_mac(frame)), (to, entry.layout.destination_mac(frame))];
        for (address, mac) in macs {
            let Some(mac) = mac.filter(|mac| mac.is_host() && !mac.is_virtual()) else { continue };
            if address.is_host() && self.shared.told.is_news(address, MET) {
                let seen = Observation::Met { address, mac, vlan: self.vlan(), place: self.place };
                self.shared.bundle.observations.push((self.key, seen));
            }
        }
    }

    /// What an end speaks. To be told once it was heard on the same flow: of an address that was not, the judge knows nothing.
    pub(super) fn tell_role(&mut self, address: Address, protocol: &'static Protocol, requester: bool) {
        if self.shared.told.is_news(address, role_bit(protocol.index, requester)) {
            let seen = Observation::Role { address, protocol, requester, place: self.place };
            self.shared.bundle.observations.push((self.key, seen));
        }
    }
}

impl StreamHandler for Hands<'_> {
    type Application = Application;

    #[inline]
    fn chunk(&mut self, flow: &mut Flow<Application>, chunk: &Chunk<'_>) {
        let place = Place { frame: FrameLabel::from_bits(chunk.frame), time: chunk.time };
        #[cfg(test)]
        assert!(!chunk.bytes.starts_with(TRIP), "a mistake that quotes its input: {chunk:?}");
        let links = self.shared.options.links;
        let (conversation, mut to) = self.conversation(flow, place);
        if !conversation.push_named(chunk, &mut to) {
            let facts = to.facts();
            conversation.push(&facts, chunk, &mut to);
        }
        if links && conversation.is_opaque() {
            self.link_opaque(flow, chunk, place);
        }
        if self.held_changed {
            self.count_held(flow);
        }
    }

    fn gap(&mut self, flow: &mut Flow<Application>, side: Side, missing: Option<u64>) {
        let application = &flow.application;
        if let Some(slot) = application.pair
            && application.conversation.requester() == Some(slot.requester())
        {
            self.pairs.gap(slot, missing.unwrap_or(0));
        }
        if self.shared.options.links {
            self.link_gap(flow, side, missing.unwrap_or(0));
        }
        self.fenced(flow, |hands, flow| {
            let (conversation, mut to) = hands.conversation(flow, hands.place);
            conversation.gap(side, missing, &mut to);
        });
        self.count_held(flow);
    }

    fn heard(&mut self, flow: &mut Flow<Application>, side: Side) {
        if !self.kept.awaited.is_empty() {
            self.take_up(flow, side);
        }
        let address = *side.of(&flow.key().addresses);
        if self.shared.options.links {
            self.tell_met(address, *side.other().of(&flow.key().addresses));
        }
        if address.is_host() && self.shared.told.is_news(address, HEARD) {
            let seen = Observation::Heard { address, vlan: self.vlan(), place: self.place };
            self.shared.bundle.observations.push((self.key, seen));
        }
        let peer = *side.other().of(&flow.key().addresses);
        if let Some(known) = call_home::built_in(peer) {
            let flow = flow.parts().0.identity(None);
            let called = Called { from: address, known, flow, place: self.place };
            self.shared.bundle.observations.push((self.key, Observation::Called(Box::new(called))));
        }
        if let Some(slot) = flow.application.pair
            && let Recognised::Protocol(protocol) = flow.application.conversation.recognised()
        {
            self.tell_role(address, protocol, side == slot.requester());
        }
        if self.shared.options.links {
            self.link_flow(flow);
        }
    }

    fn datagram(&mut self, flow: &mut Flow<Application>, chunk: &Chunk<'_>) {
        let (place, links) = (self.place, self.shared.options.links);
        let (conversation, mut to) = self.conversation(flow, place);
        let facts = FlowFacts { transport: Transport::Udp, ..to.facts() };
        conversation.datagram(&facts, chunk, &mut to);
        if links && conversation.is_opaque() {
            self.link_opaque(flow, chunk, place);
        }
        if self.held_changed {
            self.count_held(flow);
        }
    }

    fn finished(&mut self, flow: &mut Flow<Application>, time: Timestamp) {
        self.fenced(flow, |hands, flow| {
            let (conversation, mut to) = hands.conversation(flow, hands.place);
            conversation.finish(&mut to);
        });
        if self.shared.options.links {
            self.link_finished(flow);
        }
        let Application { conversation, extra, .. } = &flow.application;
        let service = extra.as_ref().and_then(|extra| extra.service);
        let rendered = extra.as_ref().and_then(|extra| extra.rendered.as_ref());
        self.kept.held = self.kept.held.saturating_sub(conversation.counted_bytes());
        self.kept.rendered = self.kept.rendered.saturating_sub(rendered.map_or(0, |text| text.len()));
        if !self.shared.options.flows {
            return;
        }
        let ports = used_ports(flow.key(), service);
        let (head, application) = flow.parts();
        let recognised = application.conversation.recognised();
        let identity = head.identity(application.conversation.requester());
        let event = FlowEvent::new(
            time,
            Finished {
                identity: &identity,
                protocol: match recognised {
                    Recognised::Unknown => None,
                    Recognised::Protocol(protocol) => Some(protocol.name),
                },
                port_facts: port_facts(recognised, ports),
                state: flow.state().name(),
                last: flow.last,
                volume: *flow.volume(),
                troubles: flow.troubles(),
            },
        );
        let bundle = &mut self.shared.bundle;
        if serde_json::to_writer(&mut bundle.lines, &event).is_ok() {
            bundle.lines.push(b'\n');
            bundle.end_line(self.key);
        }
    }

    fn copied(&mut self, bytes: usize) {
        self.shared.counts.copied += bytes as u64;
    }
}

/// The ports of a flow; where it was asked for at another one, that one only.
pub(super) fn used_ports(key: &FlowKey, service: Option<u16>) -> [u16; 2] {
    service.map_or(key.ports, |port| [port; 2])
}

/// What is unusual about a protocol and the ports of its flow.
pub(super) fn port_facts(recognised: Recognised, ports: [u16; 2]) -> Vec<&'static str> {
    let usual = |protocol: &Protocol| ports.iter().any(|port| protocol.ports.contains(port));
    let is_tls = |protocol: &Protocol| protocol.name == tls::PROTOCOL.name;
    let medical: [&Protocol; 3] = [&hl7::PROTOCOL, &dicom::PROTOCOL, &modbus::PROTOCOL];
    match recognised {
        Recognised::Protocol(protocol) if usual(protocol) => vec![],
        Recognised::Protocol(protocol) if is_tls(protocol) && medical.into_iter().any(usual) => vec!["tls-on-port"],
        Recognised::Protocol(_) if PROTOCOLS.iter().any(|other| usual(other)) => {
            vec!["unusual-port", "other-protocol-on-port"]
        }
        // It is usual everywhere.
        Recognised::Protocol(protocol) if is_tls(protocol) => vec![],
        Recognised::Protocol(_) => vec!["unusual-port"],
        Recognised::Unknown => vec![],
    }
}
