//! Accepting what somebody approved while it is compared: as if the baseline had held it from the start.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::live::LiveParty;
use super::{Scorer, at_place};
use crate::baseline::approval::Accepted;
use crate::baseline::packed::PackedLink;
use crate::baseline::store::LinkKey;
use crate::links::Service;
use crate::parties::{Parties, PartyLink};

impl Scorer {
    /// Widens what is normal by what was accepted. Of the links that it is about what was gathered begins anew; all others go
    /// on as they were.
    pub fn accept(&mut self, accepted: &Accepted, parties: &mut Parties) {
        let keys: BTreeSet<&LinkKey> =
            accepted.unmeasured.iter().map(|(key, _)| key).chain(accepted.links.keys()).collect();
        let mut known = BTreeSet::new();
        for key in keys {
            let link = named(key, parties);
            if let Some(normal) = self.links.find(link).and_then(|id| self.links.at_mut(id).normal.take()) {
                known.insert(link);
                self.profiles.links.insert(key.clone(), Box::new(normal.unpack()));
            }
        }
        accepted.apply(&mut self.profiles);
        for (key, profile) in std::mem::take(&mut self.profiles.links) {
            let link = named(&key, parties);
            if !known.contains(&link) {
                self.acquaintance.link(link, parties);
            }
            let ends = [&*key.initiator, &*key.responder];
            LazyLock::force_mut(&mut self.kinship).take(ends, (key.transport, key.port), &profile);
            self.links.learned(link, PackedLink::of(&profile));
            self.begin_anew(link);
        }
        let with_parts = accepted.devices.keys().chain(accepted.unmeasured.iter().flat_map(|(key, _)| ends(key)));
        for id in with_parts {
            let Some(device) = self.profiles.devices.get(id) else { continue };
            let party = parties.named(id);
            if !self.acquaintance.has_device(party) {
                self.acquaintance.device(party, parties);
            }
            self.new_devices.remove(&party);
            if accepted.devices.contains_key(id) {
                *at_place(&mut self.active, party) = LiveParty::new(device);
            }
        }
    }

    /// Forgets what a link has done so far.
    fn begin_anew(&mut self, link: PartyLink) {
        let Some(id) = self.links.find(link) else { return };
        self.links.begin_anew(id);
        self.unheard.retain(|unheard| *unheard != id);
    }
}

fn ends(key: &LinkKey) -> [&String; 2] {
    [&key.initiator, &key.responder]
}

fn named(key: &LinkKey, parties: &mut Parties) -> PartyLink {
    let service = Service { transport: key.transport, port: key.port };
    PartyLink { initiator: parties.named(&key.initiator), responder: parties.named(&key.responder), service }
}
