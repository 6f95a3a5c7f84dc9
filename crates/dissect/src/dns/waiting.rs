//! Requests that wait for an answer with their id: of DNS and what is like it.

use wardtap_net::packet::Timestamp;

use crate::MessageHandler;
use crate::pending::Pending;

/// Requests that wait in one flow: a resolver asks some at once, and each again a few times at most.
const WAITING_MAX: usize = 32;

/// How long the same id asks for the same: who gets no answer asks again within seconds; later the id is taken anew.
const AGAIN_NANOS: u64 = 30_000_000_000;

/// The requests of a flow.
#[derive(Default)]
pub(crate) struct Waiting(Pending<(u32, Timestamp)>);

impl Waiting {
    /// Takes a request, or a response: how long after its request it came.
    pub(crate) fn pair(
        &mut self,
        id: u32,
        is_response: bool,
        time: Timestamp,
        to: &mut dyn MessageHandler,
    ) -> Option<u64> {
        to.held_changed();
        if is_response {
            return self.answer(id, time);
        }
        self.ask(id, time);
        None
    }

    /// One is asked. Where it was asked before, that counts.
    fn ask(&mut self, id: u32, time: Timestamp) {
        let before = self.0.take(|(asked, _)| *asked == id).map(|(_, before)| before);
        let first = before.filter(|before| time.since(*before) <= AGAIN_NANOS).unwrap_or(time);
        if self.0.len() >= WAITING_MAX {
            self.0.pop_oldest();
        }
        self.0.push((id, first));
    }

    /// One is answered: how long after it was asked.
    fn answer(&mut self, id: u32, time: Timestamp) -> Option<u64> {
        self.0.take(|(asked, _)| *asked == id).map(|(_, asked)| time.since(asked))
    }

    /// Octets on the heap.
    pub(crate) fn held_bytes(&self) -> usize {
        self.0.held_bytes()
    }
}
