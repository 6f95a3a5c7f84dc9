//! From flows to what their links do.

use wardtap_behaviour::links::manner::Manner;
use wardtap_behaviour::links::{Link, LinkSlot, Opened, Service};
use wardtap_behaviour::observation::{Observation, Place};
use wardtap_dissect::{Envelope, Features, Message};
use wardtap_net::flow::{Flow, FlowHead, FlowState, OrientedBy, Volume};
use wardtap_net::peel::protocol;
use wardtap_net::stream::{Chunk, Side};

use super::hands::Hands;
use super::{Application, Extra};

/// A flow's place among the links, and what of it was told there.
#[derive(Clone, Copy)]
pub struct LinkedFlow {
    slot: LinkSlot,
    initiator: Side,
    told: [Volume; 2],
}

impl LinkedFlow {
    /// The place of its link.
    pub const fn slot(&self) -> LinkSlot {
        self.slot
    }
}

impl Hands<'_> {
    /// What a flow carried since this was last said goes to its link.
    pub fn link_carried(&mut self, flow: &mut Flow<Application>) {
        let Some(linked) = self.link_flow(flow) else { return };
        let now = *flow.volume();
        let more = |side: Side| {
            let (now, told) = (side.of(&now), side.of(&linked.told));
            Volume { packets: now.packets.saturating_sub(told.packets), bytes: now.bytes.saturating_sub(told.bytes) }
        };
        let more = [more(linked.initiator), more(linked.initiator.other())];
        if more.iter().any(|more| more.packets > 0) {
            self.links.sent(linked.slot, more);
            for (from, end) in [(0, linked.initiator), (1, linked.initiator.other())] {
                if flow.is_unheard(end) {
                    self.links.unheard(linked.slot, from);
                }
            }
            extra(&mut flow.application).link = Some(LinkedFlow { told: now, ..linked });
        }
    }

    /// The flow has ended.
    pub fn link_finished(&mut self, flow: &mut Flow<Application>) {
        self.link_carried(flow);
        let Some(linked) = flow.application.extra.as_ref().and_then(|extra| extra.link) else {
            return self.links.turned_away();
        };
        let answers = linked.initiator.other().of(flow.volume()).packets;
        let refused = flow.state() == FlowState::Reset && answers <= 1;
        let is_answered = flow.is_unheard(linked.initiator.other());
        if (flow.state() == FlowState::SynSent || refused) && !is_answered {
            self.links.failed(linked.slot);
        } else if flow.state().is_over() {
            self.links.closed(linked.slot);
        }
    }

    /// Bytes of an end of a flow are missing.
    pub fn link_gap(&mut self, flow: &mut Flow<Application>, side: Side, missing: u64) {
        if let Some(linked) = self.link_flow(flow) {
            self.links.gap(linked.slot, u8::from(side != linked.initiator), missing);
        }
    }

    /// The place of a flow's link, while there is room for it.
    pub fn link_flow(&mut self, flow: &mut Flow<Application>) -> Option<LinkedFlow> {
        let place = self.place;
        let (head, application) = flow.parts();
        let requester = application.conversation.requester();
        self.link(head, extra(application), requester, place)
    }

    fn link(
        &mut self,
        head: &FlowHead,
        extra: &mut Extra,
        requester: Option<Side>,
        place: Place,
    ) -> Option<LinkedFlow> {
        let Extra { link: linked, service, .. } = extra;
        if let Some(linked) = *linked
            && self.links.holds(linked.slot)
        {
            return Some(linked);
        }
        // Who opened it stays as it was first taken, whatever messages show later: what was told counts for that link.
        let orientation = linked.map_or_else(|| Orientation::of(head, requester), Orientation::settled);
        let mut initiator = orientation.initiator;
        let mut link = link_of(head, initiator, *service);
        if orientation.either_way && !self.links.is_known(&link) && self.links.is_known(&link.reversed()) {
            (initiator, link) = (initiator.other(), link.reversed());
        }
        let (slot, is_new) = self.links.open(link, place)?;
        if linked.is_none() {
            self.links.began(slot, place);
        }
        if is_new {
            let opened = Opened { link, place, either_way: orientation.either_way };
            self.shared.bundle.observations.push((self.key, Observation::Opened(Box::new(opened))));
        }
        let told = linked.map_or([Volume::default(); 2], |linked| linked.told);
        Some(*linked.insert(LinkedFlow { slot, initiator, told }))
    }

    /// Folds a message in.
    pub fn link_message(
        &mut self,
        head: &FlowHead,
        extra: &mut Extra,
        message: &dyn Message,
        envelope: &Envelope,
        (features, place): (&Features, Place),
    ) {
        let Some(linked) = self.link(head, extra, Some(envelope.requester()), place) else { return };
        let from = u8::from(envelope.side != linked.initiator);
        if let Some(news) = self.links.message(linked.slot, from, message, envelope, features, place) {
            self.shared.bundle.observations.push((self.key, Observation::Operation(news)));
        }
    }

    /// Folds in a payload of a protocol that is not read.
    pub fn link_opaque(&mut self, flow: &mut Flow<Application>, chunk: &Chunk<'_>, place: Place) {
        let Some(linked) = self.link_flow(flow) else { return };
        let from = u8::from(chunk.side != linked.initiator);
        if let Some(news) = self.links.opaque(linked.slot, from, chunk.bytes.len() as u64, place) {
            self.shared.bundle.observations.push((self.key, Observation::Operation(news)));
        }
        if let Some(manner) = extra(&mut flow.application).spoken.manner(from, place.time) {
            self.links.manner(linked.slot, manner);
        }
        if from == 0 && self.kept.said.is_repeated(&flow.key().addresses, chunk.bytes) {
            self.links.manner(linked.slot, Manner::Repeated);
        }
    }

    /// Hands over what links did in the minute that is over.
    pub fn hand_links_over(&mut self, next: u64) {
        let (key, bundle) = (self.key, &mut self.shared.bundle);
        self.links.hand_over(next, |used| bundle.observations.push((key, Observation::Used(Box::new(used)))));
    }
}

/// Who opened a flow.
struct Orientation {
    initiator: Side,
    /// Or the other: they use the same port, and nothing shows who began.
    either_way: bool,
}

impl Orientation {
    fn of(head: &FlowHead, requester: Option<Side>) -> Self {
        let (initiator, by) = head.orientation(requester);
        let [one, other] = head.key().ports;
        Self { initiator, either_way: by == OrientedBy::Port && one == other }
    }

    /// As it was taken before.
    const fn settled(linked: LinkedFlow) -> Self {
        Self { initiator: linked.initiator, either_way: false }
    }
}

/// The link of a flow, at the port where it was asked for if that is another than its own.
fn link_of(head: &FlowHead, initiator: Side, service: Option<u16>) -> Link {
    let (key, responder) = (head.key(), initiator.other());
    let service = match key.transport {
        protocol::TCP | protocol::UDP => Service::at(key.transport, service.unwrap_or(*responder.of(&key.ports))),
        other => Service::at(other, 0),
    };
    Link { initiator: *initiator.of(&key.addresses), responder: *responder.of(&key.addresses), service }
}

fn extra(application: &mut Application) -> &mut Extra {
    application.extra.get_or_insert_default()
}
