//! What a message is about: addresses and quantities, as a request hands them on to its answer.

/// The addresses and quantities of a message, each known or not, packed into two words: they go from request to answer
/// for every message, and stores of half words that are loaded as words at once stall.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fields {
    /// 16 bits for each; 0 for one that is not known.
    values: u64,
    /// All 16 bits set for one that is known.
    known: u64,
}

/// A place in [`Fields`]: how far to the left.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Address = 0,
    Quantity = 16,
    WriteAddress = 32,
    WriteQuantity = 48,
}

impl Fields {
    #[inline]
    pub(super) fn with(self, place: Place, value: Option<u16>) -> Self {
        let Some(value) = value else { return self };
        let at = place as u32;
        Self {
            values: self.values | u64::from(value).wrapping_shl(at),
            known: self.known | 0xffff_u64.wrapping_shl(at),
        }
    }

    #[inline]
    fn get(&self, place: Place) -> Option<u16> {
        let at = place as u32;
        let known = self.known.wrapping_shr(at) & 1 == 1;
        known.then(|| u16::try_from(self.values.wrapping_shr(at) & 0xffff).unwrap_or(0))
    }

    /// The first address.
    #[inline]
    pub(super) fn address(&self) -> Option<u16> {
        self.get(Place::Address)
    }

    /// How many coils or registers.
    #[inline]
    pub(super) fn quantity(&self) -> Option<u16> {
        self.get(Place::Quantity)
    }

    /// The first address written, of function 23, which reads and writes.
    #[inline]
    pub(super) fn write_address(&self) -> Option<u16> {
        self.get(Place::WriteAddress)
    }

    /// How many registers are written, of function 23.
    #[inline]
    pub(super) fn write_quantity(&self) -> Option<u16> {
        self.get(Place::WriteQuantity)
    }

    /// These, and `asked` where they are silent.
    #[inline]
    pub(super) fn or(self, asked: Self) -> Self {
        Self { values: self.values | (asked.values & !self.known), known: self.known | asked.known }
    }

    /// True when something is known of both and is not the same.
    #[inline]
    pub(super) fn differ(self, other: Self) -> bool {
        (self.values ^ other.values) & self.known & other.known != 0
    }
}
