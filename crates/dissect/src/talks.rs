//! Conversations over TCP, for the tests of dissectors.

use wardtap_net::stream::Side;

use crate::exercise::{Step, Transcript, exercise};
use crate::{FlowFacts, Transport};

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
