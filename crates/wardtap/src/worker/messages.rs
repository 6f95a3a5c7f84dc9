//! From what a dissector reads to tallies, observations and message lines.

use std::borrow::Cow;
use std::hash::BuildHasher;

use sha2::{Digest, Sha256};
use wardtap_behaviour::links::manner::Manner;
use wardtap_behaviour::observation::{Content, Observation, Place, Who};
use wardtap_behaviour::tally::{Pair, PairSlot};
use wardtap_dissect::clues::Clue;
use wardtap_dissect::public::Public;
use wardtap_dissect::{Finding, FlowFacts, Message, MessageHandler, Protocol, Transport};
use wardtap_export::message::{self, Circumstances};
use wardtap_net::flow::{FlowHead, HashKey};
use wardtap_net::packet::Timestamp;
use wardtap_net::stream::{FrameLabel, Side};

use super::hands::{Hands, used_ports};
use super::{Extra, Shared};

/// Takes what the dissector of one flow reads.
pub struct ToMessages<'b, 'a> {
    pub hands: &'b mut Hands<'a>,
    pub flow: &'b mut FlowHead,
    pub pair: &'b mut Option<PairSlot>,
    pub extra: &'b mut Option<Box<Extra>>,
    pub chunk_place: Place,
}

impl MessageHandler for ToMessages<'_, '_> {
    fn message(&mut self, message: &dyn Message) {
        let envelope = message.envelope();
        let protocol = message.protocol();
        let shared = &mut *self.hands.shared;
        shared.counts.message(protocol.index, envelope);
        let requester = envelope.requester();
        let ends = self.flow.key().addresses;
        let pair = || Pair { requester: *requester.of(&ends), responder: *requester.other().of(&ends), protocol };
        let digest = &shared.digest;
        let features = || message.features(&|text| digest.hash_one(text));
        // Read once: links want them of every message, pairs of few.
        let all = shared.options.links.then(features);
        let folded = || all.unwrap_or_else(features);
        let slot = self.hands.pairs.fold(*self.pair, pair, message, envelope, folded, self.chunk_place);
        if self.pair.replace(slot).is_none() {
            for side in Side::BOTH.into_iter().filter(|side| self.flow.is_heard(*side)) {
                self.hands.tell_role(*side.of(&ends), protocol, side == requester);
            }
        }
        if let Some(beneath) = message.beneath() {
            let ends = [*requester.of(&ends), *requester.other().of(&ends)];
            if let Some(asked) = self.hands.kept.parents.take(ends, beneath, self.chunk_place) {
                let (key, bundle) = (self.hands.key, &mut self.hands.shared.bundle);
                bundle.observations.push((key, Observation::AskedBelow(asked)));
            }
        }
        if let Some(features) = &all {
            let extra = self.extra.get_or_insert_default();
            self.hands.link_message(self.flow, extra, message, envelope, (features, self.chunk_place));
        }
        if self.hands.shared.options.messages {
            self.write(message, protocol, requester);
        }
    }

    fn anomaly(&mut self, protocol: &'static Protocol, reason: usize) {
        let anomalies = &mut self.hands.shared.counts.anomalies;
        if let Some(count) = anomalies.get_mut(protocol.index).and_then(|reasons| reasons.get_mut(reason)) {
            *count += 1;
        }
    }

    fn finding(&mut self, protocol: &'static Protocol, finding: Finding) {
        let side = finding.side();
        let addresses = self.flow.key().addresses;
        let here = self.hands.here;
        let content = Content {
            finding,
            protocol,
            sender: *side.of(&addresses),
            receiver: *side.other().of(&addresses),
            flow: self.flow.identity(None),
            gap_bytes: self.flow.gap_bytes(),
            one_sided: self.flow.is_one_sided(),
            place: self.chunk_place,
            // Of a segment that was held until now only the payload is left: no digest is better than another frame's.
            sha256: here
                .filter(|_| self.chunk_place == self.hands.place)
                .map(|here| Sha256::digest(here.batch.block.frame(here.record)).into()),
        };
        let (key, bundle) = (self.hands.key, &mut self.hands.shared.bundle);
        bundle.observations.push((key, Observation::Content(Box::new(content))));
    }

    fn at(&mut self, time: Timestamp, frame: u64) {
        self.chunk_place = Place { frame: FrameLabel::from_bits(frame), time };
    }

    fn copied(&mut self, bytes: usize) {
        self.hands.shared.counts.copied += bytes as u64;
        self.hands.held_changed = true;
    }

    fn clue(&mut self, side: Side, clue: Clue, text: &Public<'_>) {
        if self.hands.shared.options.clues {
            let side = if clue.is_of_peer() { side.other() } else { side };
            let address = *side.of(&self.flow.key().addresses);
            self.hands.take_clue(Who::Address(address), clue, Cow::Borrowed(text.as_str()), self.chunk_place);
        }
    }

    fn fingerprints(&self) -> Option<HashKey> {
        let options = &self.hands.shared.options;
        options.links.then_some(options.key)
    }

    fn login(&mut self, _: Side, user: u32) {
        let linked = self.extra.as_ref().and_then(|extra| extra.link);
        let (now, ends) = (self.chunk_place.time, &self.flow.key().addresses);
        if let Some(linked) = linked
            && !self.hands.kept.said.is_name_repeated(ends, user, now)
        {
            self.hands.links.manner(linked.slot(), Manner::OtherName);
        }
    }

    fn held_changed(&mut self) {
        self.hands.held_changed = true;
    }

    fn awaits(&mut self, protocol: &'static Protocol, requester: Side) {
        self.hands.await_answer(protocol, self.flow.key(), requester);
    }
}

impl ToMessages<'_, '_> {
    /// What a dissector may know of the flow.
    pub fn facts(&self) -> FlowFacts {
        FlowFacts {
            ports: self.flow.key().ports,
            originator: self.flow.originator(),
            from_start: self.flow.from_start(),
            requester: None,
            transport: Transport::Tcp,
        }
    }

    fn write(&mut self, message: &dyn Message, protocol: &'static Protocol, requester: Side) {
        let head = &mut self.flow;
        let Shared { bundle, options, .. } = &mut *self.hands.shared;
        let kept = &mut *self.hands.kept;
        let once;
        let extra = self.extra.get_or_insert_default();
        let service = extra.service;
        let flow: &[u8] = match &mut extra.rendered {
            Some(flow) => flow,
            None => {
                let flow = message::render_flow(&head.identity(Some(requester)));
                if kept.rendered + flow.len() <= options.rendered_bytes_max {
                    kept.rendered += flow.len();
                    extra.rendered.insert(flow)
                } else {
                    once = flow;
                    &once
                }
            }
        };
        let label = self.chunk_place.frame;
        let ports = used_ports(head.key(), service);
        let around = Circumstances {
            time: self.chunk_place.time,
            frame: label.number(),
            capture: options.captures.get(label.input()).map_or(b"\"\"", Vec::as_slice),
            flow,
            unusual_port: !ports.iter().any(|port| protocol.ports.contains(port)),
        };
        message::write(&mut bundle.lines, message, &around);
        bundle.end_line(self.hands.key);
    }
}
