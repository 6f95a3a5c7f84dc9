//! Conversations over TCP, for the tests of dissectors.

use wardtap_net::stream::Side;

use crate::exercise::{Step, Transcript, exercise};
use crate::{FlowFacts, Transport};
use proptest::strategy::Strategy;

/// One that was seen from its start, opened by `Side::A`, with a port of `Side::B`.
pub(crate) const fn flow(port: u16) -> FlowFacts {
    FlowFacts {
        ports: [40_000, port],
        originator: Some(Side::A),
        from_start: [true; 2],
        requester: None,
        transport: Transport::Tcp,
    }
}

/// What is read of it, the same with several ways to cut it.
pub(crate) fn run(port: u16, steps: &[Step]) -> Transcript {
    for lengths in [&[1usize][..], &[3, 50], &[13], &[1000]] {
        exercise(&flow(port), steps, lengths);
    }
    exercise(&flow(port), steps, &[7])
}

/// [`run`], without loss.
pub(crate) fn read(port: u16, steps: &[(Side, &[u8])]) -> Transcript {
    run(port, &steps.iter().map(|(side, bytes)| Step::Bytes(*side, bytes.to_vec())).collect::<Vec<_>>())
}

/// What happens to a conversation on its way.
#[derive(Debug)]
pub(crate) struct Change {
    /// Octets that are others.
    octets: Vec<(usize, u8)>,
    /// Before which step how much is lost.
    loss: (usize, Option<u64>),
    /// How it is cut.
    lengths: Vec<usize>,
}

/// Whatever may happen to a conversation.
pub(crate) fn change() -> impl Strategy<Value = Change> {
    let octets = proptest::collection::vec((0usize..4000, proptest::num::u8::ANY), 0..6);
    let loss = (0usize..24, proptest::option::of(0u64..400));
    let lengths = proptest::collection::vec(1usize..60, 1..6);
    (octets, loss, lengths).prop_map(|(octets, loss, lengths)| Change { octets, loss, lengths })
}

impl Change {
    /// Exercises a conversation with a port to which it happens.
    pub(crate) fn exercise(&self, port: u16, mut all: Vec<(Side, Vec<u8>)>) {
        for (place, octet) in &self.octets {
            let of = place % all.len();
            if let Some(at) = place.checked_rem(all[of].1.len()) {
                all[of].1[at] = *octet;
            }
        }
        let mut steps: Vec<Step> = all.into_iter().map(|(side, bytes)| Step::Bytes(side, bytes)).collect();
        let (place, missing) = self.loss;
        if place < steps.len() {
            steps.insert(place, Step::Gap(if place % 2 == 0 { Side::A } else { Side::B }, missing));
        }
        exercise(&flow(port), &steps, &self.lengths);
    }
}
