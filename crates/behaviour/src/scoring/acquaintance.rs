//! Who has to do with what: what the baseline holds of devices and services, beside which a new link or operation is judged.
//!
//! It grows with the baseline and with nothing else.

use hashbrown::{HashMap, HashSet};

use crate::baseline::makes::{Habit, Makes};
use crate::baseline::novelty::circumstances;
use crate::links::Service;
use crate::parties::{Parties, Party, PartyLink};

/// Who has to do with what.
#[derive(Default)]
pub(super) struct Acquaintance {
    /// Whether a party is a device that was learned, by its place among parties.
    devices: Vec<bool>,
    count: u32,
    /// What is offered, to how many.
    offered: HashMap<(Party, Service), u32, foldhash::fast::RandomState>,
    used: HashSet<(Party, Service), foldhash::fast::RandomState>,
    /// Who asks whom.
    pairs: HashSet<(Party, Party), foldhash::fast::RandomState>,
    makes: Makes<Party>,
}

/// A service that every fourth device uses is there for all.
const COMMON_SHARE: u32 = 4;

impl Acquaintance {
    /// Takes in a device.
    pub(super) fn device(&mut self, party: Party, parties: &Parties) {
        if self.devices.len() <= party.index() {
            self.devices.resize(party.index() + 1, false);
        }
        self.count += u32::from(!std::mem::replace(&mut self.devices[party.index()], true));
        self.makes.device(parties.make(party));
    }

    /// Takes in a link.
    pub(super) fn link(&mut self, link: PartyLink, parties: &Parties) {
        let PartyLink { initiator, responder, service } = link;
        *self.offered.entry((responder, service)).or_default() += 1;
        self.used.insert((initiator, service));
        self.pairs.insert((initiator, responder));
        for (party, habit) in [initiator, responder].into_iter().zip(habits(link)) {
            self.makes.has(parties.make(party), habit, &[]);
        }
    }

    /// All is taken in: gives back the room that was made for more.
    pub(super) fn shrink(&mut self) {
        self.offered.shrink_to_fit();
        self.used.shrink_to_fit();
        self.pairs.shrink_to_fit();
        self.makes.shrink();
    }

    /// Whether a device was learned.
    pub(super) fn has_device(&self, party: Party) -> bool {
        self.devices.get(party.index()).is_some_and(|is_device| *is_device)
    }

    /// Whether a good part of all devices use a service of a responder.
    pub(super) fn is_common(&self, link: PartyLink) -> bool {
        let users = self.offered.get(&(link.responder, link.service)).copied().unwrap_or(0);
        users.saturating_mul(COMMON_SHARE) > self.count
    }

    /// Whether the responder offers the service to others.
    pub(super) fn is_offered(&self, link: PartyLink) -> bool {
        self.offered.contains_key(&(link.responder, link.service))
    }

    /// Whether a link is what most devices of the initiator's make, and of the responder's, have.
    pub(super) fn is_typical(&self, link: PartyLink, parties: &Parties) -> [bool; 2] {
        let [of_initiator, of_responder] = habits(link);
        let is_typical = |party, habit| self.makes.is_typical(parties.make(party), habit, None);
        [is_typical(link.initiator, of_initiator), is_typical(link.responder, of_responder)]
    }

    /// The circumstances of a new link, see [`circumstances`]; what is typical was asked already.
    pub(super) fn of_link(&self, link: PartyLink, typical: [bool; 2]) -> u16 {
        let PartyLink { initiator, responder, service } = link;
        let all = [
            (circumstances::OFFERED, self.is_offered(link)),
            (circumstances::USED, self.used.contains(&(initiator, service))),
            (circumstances::ACQUAINTED, self.asks(initiator, responder) || self.asks(responder, initiator)),
            (circumstances::TYPICAL_OF_INITIATOR, typical[0]),
            (circumstances::TYPICAL_OF_RESPONDER, typical[1]),
        ];
        all.into_iter().filter(|(_, holds)| *holds).fold(0, |all, (bit, _)| all | bit)
    }

    /// Whether a party has ever asked another for anything.
    pub(super) fn asks(&self, initiator: Party, responder: Party) -> bool {
        self.pairs.contains(&(initiator, responder))
    }
}

/// What the initiator and the responder of a link do.
const fn habits(link: PartyLink) -> [Habit<Party>; 2] {
    let service = (link.service.transport, link.service.port);
    [
        Habit { other: link.responder, service, initiates: true },
        Habit { other: link.initiator, service, initiates: false },
    ]
}
