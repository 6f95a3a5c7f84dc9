//! A client's hello, put together: its pieces come in any order, in several datagrams, and some clients see to it that they do.

/// Octets of a hello that are gathered, as of TLS over TCP.
const HELLO_MAX: usize = 16_384;

/// Stretches of it with holes between them.
const STRETCHES_MAX: usize = 64;

/// The type of a client's hello (RFC 8446 section 4).
const CLIENT_HELLO: u8 = 1;

/// What came of a hello.
#[derive(Default)]
pub(super) struct Hello {
    bytes: Vec<u8>,
    /// Where it is there, in order, with holes between them.
    stretches: Vec<(usize, usize)>,
}

/// It is too long, in too many pieces, or none.
#[derive(Debug)]
pub(super) struct Unreadable;

impl Hello {
    /// Puts a piece in its place.
    pub(super) fn add(&mut self, offset: u64, piece: &[u8]) -> Result<(), Unreadable> {
        let start = usize::try_from(offset).map_err(|_| Unreadable)?;
        let end = start.checked_add(piece.len()).filter(|end| *end <= HELLO_MAX).ok_or(Unreadable)?;
        if piece.is_empty() {
            return Ok(());
        }
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        self.bytes.get_mut(start..end).ok_or(Unreadable)?.copy_from_slice(piece);
        let (mut start, mut end) = (start, end);
        self.stretches.retain(|&(from, to)| {
            let apart = to < start || end < from;
            if !apart {
                (start, end) = (start.min(from), end.max(to));
            }
            apart
        });
        let place = self.stretches.partition_point(|&(from, _)| from < start);
        self.stretches.insert(place, (start, end));
        if self.stretches.len() > STRETCHES_MAX { Err(Unreadable) } else { Ok(()) }
    }

    /// The whole message, once it is there.
    pub(super) fn whole(&self) -> Result<Option<&[u8]>, Unreadable> {
        let Some(&(0, end)) = self.stretches.first() else { return Ok(None) };
        let there = self.bytes.get(..end).unwrap_or_default();
        match *there {
            [CLIENT_HELLO, a, b, c, ..] => {
                let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).map_err(|_| Unreadable)?;
                let length = length.checked_add(4).filter(|length| *length <= HELLO_MAX).ok_or(Unreadable)?;
                Ok(there.get(..length))
            }
            [] | [CLIENT_HELLO, ..] => Ok(None),
            _ => Err(Unreadable),
        }
    }

    /// Octets on the heap.
    pub(super) fn held_bytes(&self) -> usize {
        let stretches = self.stretches.capacity().saturating_mul(size_of::<(usize, usize)>());
        self.bytes.capacity().saturating_add(stretches)
    }
}
