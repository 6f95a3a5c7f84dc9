//! A conversation in messages of DNS, whatever carries them: what is the same for all protocols of its kind.

use wardtap_net::stream::{Chunk, Side};

use super::wire::{Fault, Message};
use super::{Framed, Part};
use crate::{Dissector, FlowFacts, Gap, MessageHandler, Progress, Protocol, Transport};

/// What a protocol makes of its messages.
pub(crate) trait Talk: Send {
    /// Which it is.
    fn protocol(&self) -> &'static Protocol;

    /// Tells a message.
    fn message(&mut self, message: &Message<'_>, part: &Part<'_>, chunk: &Chunk<'_>, to: &mut dyn MessageHandler);

    /// The end that sends the requests, as far as messages have shown.
    fn requester(&self) -> Option<Side>;

    /// Octets on the heap.
    fn held_bytes(&self) -> usize {
        0
    }
}

/// Anomaly of all of them: what has no header, or questions that cannot be read.
const UNREADABLE: usize = 0;

/// A conversation over UDP or TCP.
pub(crate) struct Carried<T> {
    transport: Transport,
    framed: Framed,
    talk: T,
}

impl<T: Talk> Carried<T> {
    pub(crate) fn new(flow: &FlowFacts, talk: T) -> Self {
        Self { transport: flow.transport, framed: Framed::new(flow), talk }
    }
}

impl<T: Talk> Dissector for Carried<T> {
    fn protocol(&self) -> &'static Protocol {
        self.talk.protocol()
    }

    fn dissect(&mut self, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) -> Progress {
        let Self { framed, talk, transport } = self;
        match transport {
            Transport::Udp => {
                let part = Part { bytes: chunk.bytes, length: chunk.bytes.len(), incomplete: false };
                read(talk, &part, chunk, to);
                Progress::All
            }
            Transport::Tcp => framed.dissect(chunk, &mut |part| match part {
                Some(part) => read(talk, &part, chunk, to),
                None => to.anomaly(talk.protocol(), UNREADABLE),
            }),
        }
    }

    fn gap(&mut self, gap: &Gap<'_>, to: &mut dyn MessageHandler) {
        let Self { framed, talk, .. } = self;
        framed.gap(gap, &mut |part| cut_short(talk, &gap.held, &part, to));
    }

    fn finish(&mut self, held: [Chunk<'_>; 2], to: &mut dyn MessageHandler) {
        let Self { framed, talk, .. } = self;
        framed.finish(&held, |held, part| cut_short(talk, held, &part, to));
    }

    fn requester(&self) -> Option<Side> {
        self.talk.requester()
    }

    fn held_bytes(&self) -> usize {
        self.talk.held_bytes()
    }
}

fn cut_short(talk: &mut dyn Talk, held: &Chunk<'_>, part: &Part<'_>, to: &mut dyn MessageHandler) {
    to.at(held.time, held.frame);
    read(talk, part, held, to);
}

fn read(talk: &mut dyn Talk, part: &Part<'_>, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
    match Message::read(part.bytes) {
        Ok(message) => talk.message(&message, part, chunk, to),
        // What was cut off may have had the rest.
        Err(Fault::Short) if part.incomplete => {}
        Err(_) => to.anomaly(talk.protocol(), UNREADABLE),
    }
}
