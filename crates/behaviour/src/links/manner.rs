//! How it is spoken, beside what is said: who speaks when, what is said again, and under which names.

/// A manner that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// The responder of what is not read speaks though it spoke last, and both were silent meanwhile: it asks.
    Unasked,
    /// The initiator of what is not read was silent for long, in a conversation that goes on.
    Late,
    /// The initiator of what is not read says again what it has said before, octet for octet.
    Repeated,
    /// The initiator logs in under a name under which it has not in this hour.
    OtherName,
}

/// How often there was each, in the order of [`Manner::ALL`].
pub type Manners = [u32; Manner::ALL.len()];

impl Manner {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Unasked, Self::Late, Self::Repeated, Self::OtherName];

    /// Whether it says something only where the initiator has something to say all the time.
    #[must_use]
    pub const fn is_of_streams(self) -> bool {
        !matches!(self, Self::OtherName)
    }
}

/// Adds what there was more of.
pub fn add(to: &mut Manners, more: &Manners) {
    for (to, more) in to.iter_mut().zip(more) {
        *to = to.saturating_add(*more);
    }
}
