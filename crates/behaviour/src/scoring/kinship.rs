//! What links have in common with others. It is made of all of them, which takes as long as reading them does, and is asked only
//! where there is news.

use std::hash::BuildHasher;
use std::sync::LazyLock;

use hashbrown::HashSet;

use crate::baseline::file::BaselineError;
use crate::baseline::kin::Kin;
use crate::baseline::normal::PackedLinks;
use crate::baseline::novelty::circumstances;
use crate::baseline::profile::LinkProfile;
use crate::parties::ANYBODY;

/// What links have in common with others.
#[derive(Default)]
pub struct Kinship {
    pub(super) kin: Kin,
    /// Digests of who answers, or asks, with which operation: there are far fewer than it would take for two of them to be
    /// the same.
    operations: HashSet<u64, foldhash::fast::RandomState>,
    digests: foldhash::quality::RandomState,
}

/// It, or what makes it once it is asked.
pub(super) type LazyKinship = LazyLock<Kinship, Box<dyn FnOnce() -> Kinship + Send>>;

impl Kinship {
    /// Of the links of a baseline.
    ///
    /// # Errors
    /// When they are not what wardtap writes.
    pub fn of(links: &PackedLinks) -> Result<Self, BaselineError> {
        let mut kinship = Self::default();
        links.each(|key, profile, _| {
            kinship.take([key.initiator, key.responder], (key.transport, key.port), &profile);
        })?;
        kinship.kin.shrink();
        kinship.operations.shrink_to_fit();
        Ok(kinship)
    }

    /// Takes in what is done between an initiator and a responder, on a transport and port; of what is the same for any
    /// initiator nothing.
    pub(super) fn take(&mut self, ends: [&str; 2], service: (u8, u16), profile: &LinkProfile) {
        let [initiator, responder] = ends;
        if initiator == ANYBODY {
            return;
        }
        self.kin.add(ends, service, profile);
        for name in profile.operations.names() {
            let name = self.digests.hash_one(name);
            for end in [(responder, true), (initiator, false)] {
                self.operations.insert(self.digests.hash_one((end, name)));
            }
        }
    }

    /// The circumstances of a new operation that others may know.
    pub(super) fn of_operation(&self, [initiator, responder]: [&str; 2], name: &str) -> u16 {
        let name = self.digests.hash_one(name);
        let knows = |end: (&str, bool)| self.operations.contains(&self.digests.hash_one((end, name)));
        let responder = if knows((responder, true)) { circumstances::KNOWN_TO_RESPONDER } else { 0 };
        let initiator = if knows((initiator, false)) { circumstances::KNOWN_TO_INITIATOR } else { 0 };
        responder | initiator
    }
}
