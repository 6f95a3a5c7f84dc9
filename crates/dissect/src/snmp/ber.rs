//! ASN.1 in the basic encoding rules, as far as SNMP has it (RFC 3417 section 8): definite lengths, tags of one octet.

use wardtap_net::reader::Reader;

/// Octets of a length, its first one not counted: a datagram has no longer contents.
const LENGTH_OCTETS: u8 = 4;

/// Sub-identifiers of an object identifier (RFC 2578 section 3.5).
const ARCS_MAX: usize = 128;

pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;

/// The next element: its tag and contents.
pub(super) fn element<'a>(reader: &mut Reader<'a>) -> Option<(u8, &'a [u8])> {
    let tag = reader.u8()?;
    // Tags from 31 on have further octets: SNMP has none (X.690 section 8.1.2.4).
    if tag & 0x1f == 0x1f {
        return None;
    }
    let length = match reader.u8()? {
        short @ 0..=0x7f => usize::from(short),
        long => {
            let octets = long & 0x7f;
            if !(1..=LENGTH_OCTETS).contains(&octets) {
                return None;
            }
            let length = reader.take(octets.into())?.iter().fold(0u32, |length, octet| length << 8 | u32::from(*octet));
            usize::try_from(length).ok()?
        }
    };
    Some((tag, reader.take(length)?))
}

/// The contents of the next element, where it has this tag.
pub(super) fn expect<'a>(reader: &mut Reader<'a>, tag: u8) -> Option<&'a [u8]> {
    element(reader).filter(|(found, _)| *found == tag).map(|(_, contents)| contents)
}

/// An integer of at most 64 bits (X.690 section 8.3).
pub(super) fn integer(reader: &mut Reader<'_>) -> Option<i64> {
    let contents = expect(reader, INTEGER)?;
    let (first, rest) = contents.split_first().filter(|_| contents.len() <= size_of::<i64>())?;
    let start = i64::from(first.cast_signed());
    Some(rest.iter().fold(start, |value, octet| value << 8 | i64::from(*octet)))
}

/// An object identifier, as it is encoded. Each has one encoding: they are compared by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Oid<'a>(pub &'a [u8]);

impl<'a> Oid<'a> {
    /// What follows these arcs.
    pub(super) fn below(self, root: &[u8]) -> Option<Self> {
        self.0.strip_prefix(root).map(Self)
    }

    /// The arc at the start of what follows others.
    pub(super) fn arc(self) -> Option<u32> {
        arc(&mut Reader::new(self.0))
    }

    /// The arcs; what does not fit 32 bits, or ends within one, ends them.
    pub(super) fn arcs(self) -> impl Iterator<Item = u32> + use<'a> {
        let mut reader = Reader::new(self.0);
        // The first two stand in one number (X.690 section 8.19.4).
        let both = arc(&mut reader).map(|both| {
            let first = (both / 40).min(2);
            [first, both.saturating_sub(first.saturating_mul(40))]
        });
        both.into_iter().flatten().chain(std::iter::from_fn(move || arc(&mut reader))).take(ARCS_MAX)
    }
}

fn arc(reader: &mut Reader<'_>) -> Option<u32> {
    let mut arc = 0u32;
    loop {
        let octet = reader.u8()?;
        if arc > u32::MAX >> 7 {
            return None;
        }
        arc = arc << 7 | u32::from(octet & 0x7f);
        if octet & 0x80 == 0 {
            return Some(arc);
        }
    }
}
