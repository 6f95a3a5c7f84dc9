//! How many octets are missing in what was kept of a stream, reckoned from TCP headers.

use super::recording::Recording;
use super::segment::{ACK, FIN, SYN, Segment};

/// Octets that are missing.
#[derive(Default)]
pub(crate) struct Missing {
    /// In front of others that were kept.
    pub(crate) between: usize,
    /// Behind all that were kept: those that the other end acknowledged, or that the end of the stream shows.
    pub(crate) behind: usize,
    /// One octet more or less, where FIN was not seen: it is acknowledged like an octet.
    pub(crate) unsure: usize,
}

/// What is missing of a way. Of one that was caught in the middle nobody knows what was before; of one from which nothing
/// at all was seen that is not a gap, but a flow heard from one end only.
pub(crate) fn missing(recording: &Recording, way: usize, kept: &[bool]) -> Missing {
    let way = &recording.ways[way];
    let segments =
        || (0..kept.len()).filter(|&record| kept[record]).filter_map(|record| recording.segments[record].as_ref());
    if !segments().any(|segment| way.is_of(segment)) {
        return Missing::default();
    }
    let mut pieces = way.pieces.iter().filter(|piece| kept[piece.record]).peekable();
    let announces =
        |segment: &Segment| segment.has(SYN) && (way.is_of(segment) || way.is_against(segment) && segment.has(ACK));
    let Some(start) = (if segments().any(announces) { Some(0) } else { pieces.peek().map(|piece| piece.octets.start) })
    else {
        return Missing::default();
    };
    let (mut next, mut between) = (start, 0);
    for piece in pieces {
        between += piece.octets.start - next;
        next = piece.octets.end;
    }
    let octets_until = |number: u32| number.wrapping_sub(way.first) as usize;
    let ends = segments().filter_map(|segment| {
        if way.is_of(segment) && segment.has(FIN) {
            Some(octets_until(segment.sequence) + segment.payload.len())
        } else if way.is_against(segment) && segment.has(ACK) {
            Some(octets_until(segment.acknowledgement).min(way.len()))
        } else {
            None
        }
    });
    let ended = segments().any(|segment| way.is_of(segment) && segment.has(FIN));
    Missing { between, behind: ends.max().unwrap_or(0).saturating_sub(next), unsure: usize::from(!ended) }
}
