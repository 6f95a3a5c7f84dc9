//! Answers that come on a flow of their own: a server of TFTP takes another port for each transfer (RFC 1350 section 4).
//!
//! Both flows are between the same two addresses, so they are of one shard, whatever the number of workers.

use std::collections::VecDeque;

use wardtap_dissect::{FlowFacts, Protocol, Transport};
use wardtap_net::address::Address;
use wardtap_net::flow::{Flow, FlowKey};
use wardtap_net::packet::Timestamp;
use wardtap_net::peel::protocol;
use wardtap_net::stream::Side;

use super::hands::Hands;
use super::{Application, packet};

/// Answers that a shard waits for. Requests that begin so many more within [`AWAITED_SECONDS`] are of who makes them up.
pub const AWAITED_MAX: usize = 64;

/// How long an answer is waited for: who asks asks again after some seconds, from the same port (RFC 1123 section 4.2.3.2).
const AWAITED_SECONDS: u64 = 30;

/// Octets of the header of UDP (RFC 768).
const HEADER: usize = 8;

/// Requests whose answers come from another port, in the order in which they were made.
#[derive(Default)]
pub struct Awaited(VecDeque<Request>);

/// Who asked whom for what.
#[derive(Clone, Copy)]
struct Request {
    requester: (Address, u16),
    responder: Address,
    /// Tunnel and VLAN.
    within: (u32, u16),
    /// The port that was asked.
    service: u16,
    protocol: &'static Protocol,
    made: Timestamp,
}

impl Awaited {
    /// Waits for the answer to what was asked on a flow. Who was asked first gives way.
    fn add(&mut self, protocol: &'static Protocol, key: &FlowKey, requester: Side, made: Timestamp) {
        let responder = requester.other();
        let request = Request {
            requester: (*requester.of(&key.addresses), *requester.of(&key.ports)),
            responder: *responder.of(&key.addresses),
            within: (key.tunnel, key.vlan),
            service: *responder.of(&key.ports),
            protocol,
            made,
        };
        let ends = |request: &Request| (request.requester, request.responder, request.within);
        self.0.retain(|other| ends(other) != ends(&request));
        if self.0.len() >= AWAITED_MAX {
            self.0.pop_front();
        }
        self.0.push_back(request);
    }

    /// The request that a flow may answer, and who made it. It waits on: asked twice, a server may answer twice.
    fn find(&self, key: &FlowKey) -> Option<(Request, Side)> {
        self.0.iter().rev().find_map(|request| {
            let is_of = |side: Side| {
                request.requester == (*side.of(&key.addresses), *side.of(&key.ports))
                    && request.responder == *side.other().of(&key.addresses)
            };
            let side = Side::BOTH.into_iter().find(|side| is_of(*side))?;
            (request.within == (key.tunnel, key.vlan)).then_some((*request, side))
        })
    }

    /// Waits no longer for what does not come.
    pub fn expire(&mut self, now: Timestamp) {
        if !self.0.is_empty() {
            self.0.retain(|request| now.seconds().saturating_sub(request.made.seconds()) < AWAITED_SECONDS);
        }
    }

    /// True where nothing is waited for.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Hands<'_> {
    /// Waits for the answer to what was asked on a flow.
    pub(super) fn await_answer(&mut self, protocol: &'static Protocol, key: &FlowKey, requester: Side) {
        if key.transport == protocol::UDP {
            self.kept.awaited.add(protocol, key, requester, self.place.time);
        }
    }

    /// Names a flow whose first packet is at hand by what was asked for on another one: it counts as that one's.
    #[cold]
    pub(super) fn take_up(&mut self, flow: &mut Flow<Application>, side: Side) {
        let Some(here) = self.here.filter(|_| flow.key().transport == protocol::UDP) else { return };
        let Some((request, requester)) = self.kept.awaited.find(flow.key()) else { return };
        let layout = &here.entry.layout;
        let bytes = packet(here.batch, here.record, here.entry).bytes;
        let end = layout.end().min(bytes.len());
        let payload = bytes.get(usize::from(layout.transport) + HEADER..end).unwrap_or_default();
        let (conversation, to) = self.conversation(flow, self.place);
        let facts = FlowFacts { transport: Transport::Udp, requester: Some(requester), ..to.facts() };
        if conversation.take_up(request.protocol, &facts, side, payload) {
            flow.application.extra.get_or_insert_default().service = Some(request.service);
        }
    }
}
