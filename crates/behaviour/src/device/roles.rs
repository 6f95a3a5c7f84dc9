//! What an end does in each protocol: whether it asks, whether it answers.

use wardtap_dissect::PROTOCOLS;

/// Two bits a protocol, in the order of [`PROTOCOLS`]: it asks, it answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Roles(u64);

const _: () = assert!(PROTOCOLS.len() * 2 <= u64::BITS as usize);

impl Roles {
    /// One role.
    #[inline]
    #[must_use]
    pub(super) fn one(protocol: usize, requester: bool) -> Self {
        Self(1u64.checked_shl((protocol * 2 + usize::from(!requester)) as u32).unwrap_or(0))
    }

    /// Takes the roles of another; true where one of them is new.
    #[inline]
    pub(super) const fn add(&mut self, more: Self) -> bool {
        let is_news = more.0 & !self.0 != 0;
        self.0 |= more.0;
        is_news
    }

    /// Of each protocol that is spoken: its index, it asks, it answers.
    pub(super) fn each(self) -> impl Iterator<Item = (usize, bool, bool)> {
        let of = move |protocol: usize| (self.0 >> (protocol * 2) & 1 == 1, self.0 >> (protocol * 2 + 1) & 1 == 1);
        (0..PROTOCOLS.len())
            .map(move |protocol| (protocol, of(protocol)))
            .filter(|(_, (asks, answers))| *asks || *answers)
            .map(|(protocol, (asks, answers))| (protocol, asks, answers))
    }
}
