//! How payloads are sent that are not read: nothing is known of what they say, and yet who speaks when says much.

/// A manner that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// The responder speaks though it spoke last, and both were silent meanwhile: it asks.
    Unasked,
    /// The initiator was silent for long, in a conversation that goes on.
    Late,
    /// The initiator says again what it has said before, octet for octet.
    Repeated,
}

/// How often there was each, in the order of [`Manner::ALL`].
pub type Manners = [u32; Manner::ALL.len()];

impl Manner {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Unasked, Self::Late, Self::Repeated];
}

/// Adds what there was more of.
pub fn add(to: &mut Manners, more: &Manners) {
    for (to, more) in to.iter_mut().zip(more) {
        *to = to.saturating_add(*more);
    }
}
