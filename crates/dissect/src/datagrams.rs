//! Dissectors of datagrams alone: each is read by itself, and none that is lost is missed by the next.

use wardtap_net::stream::{Chunk, Side};

use crate::{Dissector, Gap, MessageHandler, Progress, Protocol};

/// One conversation's state where datagrams carry it, and nothing else does.
pub(crate) trait Datagrams: Send {
    /// What it reads.
    fn protocol(&self) -> &'static Protocol;

    /// Reads a datagram.
    fn datagram(&mut self, chunk: &Chunk<'_>, to: &mut dyn MessageHandler);

    /// The end that sends the requests, as far as messages have shown.
    fn requester(&self) -> Option<Side>;

    /// Octets on the heap: see [`Dissector::held_bytes`].
    fn held_bytes(&self) -> usize {
        0
    }
}

impl<T: Datagrams> Dissector for T {
    fn protocol(&self) -> &'static Protocol {
        Datagrams::protocol(self)
    }

    fn dissect(&mut self, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) -> Progress {
        self.datagram(chunk, to);
        Progress::All
    }

    fn gap(&mut self, _: &Gap<'_>, _: &mut dyn MessageHandler) {}

    fn finish(&mut self, _: [Chunk<'_>; 2], _: &mut dyn MessageHandler) {}

    fn requester(&self) -> Option<Side> {
        Datagrams::requester(self)
    }

    fn held_bytes(&self) -> usize {
        Datagrams::held_bytes(self)
    }
}
