//! What ends of conversations say of themselves in passing, gathered a minute at a time.

use std::borrow::Cow;
use std::collections::HashMap;

use foldhash::fast::RandomState;
use wardtap_behaviour::observation::{Clued, Observation, Place, Who};
use wardtap_dissect::clues::{self, Clue};
use wardtap_net::address::Mac;
use wardtap_net::lldp::{Id, Lldp};
use wardtap_net::packet::Packet;
use wardtap_net::peel::{Discovery, Layout, protocol};

use super::hands::Hands;

/// Clues of a shard that are told apart in a minute; further ones are counted.
pub const CLUES_MAX: usize = 512;

/// Octets of the header of UDP (RFC 768).
const UDP_HEADER: usize = 8;

/// What a shard has gathered in the minute at hand, in the order in which it was first said.
#[derive(Default)]
pub struct Clues {
    places: HashMap<(Who, Clue, Box<str>), usize, RandomState>,
    all: Vec<Clued>,
}

impl Clues {
    /// Takes a clue; false where there is no room.
    fn take(&mut self, who: Who, clue: Clue, text: Cow<'_, str>, first: Place) -> bool {
        let key = (who, clue, Box::from(&*text));
        if let Some(known) = self.places.get(&key).and_then(|place| self.all.get_mut(*place)) {
            known.count += 1;
            return true;
        }
        if self.all.len() >= CLUES_MAX {
            return false;
        }
        self.all.push(Clued { who, clue, text: key.2.clone(), count: 1, first });
        self.places.insert(key, self.all.len() - 1);
        true
    }
}

impl Hands<'_> {
    /// Takes a clue, where there is room.
    pub fn take_clue(&mut self, who: Who, clue: Clue, text: Cow<'_, str>, place: Place) {
        let is_there = self.kept.clues.take(who, clue, text, place);
        self.shared.counts.clues_lost += u64::from(!is_there);
    }

    /// A host was heard that shows no address of IP: by what its frame carries.
    pub fn heard_below_ip(&mut self, mac: Mac, carried: &'static str) {
        if self.shared.options.clues {
            self.take_clue(Who::Mac(mac), Clue::LinkProtocol, Cow::Borrowed(carried), self.place);
        }
    }

    /// What a DHCP client says when it asks.
    pub fn clues_of_dhcp(&mut self, packet: &Packet<'_>, layout: &Layout) {
        if layout.protocol() != protocol::UDP {
            return;
        }
        let place = self.place;
        let mut said: Vec<(Clue, String)> = Vec::new();
        let client = clues::client(payload(packet, layout), &mut |clue, text| said.push((clue, text.into_owned())));
        let Some(client) = client else { return };
        self.heard_below_ip(client, "dhcp");
        for (clue, text) in said {
            self.take_clue(Who::Mac(client), clue, Cow::Owned(text), place);
        }
    }

    /// What a neighbour on the link says of itself. It is known by the address that it sends from: a switch sends from those
    /// of its ports, and says itself which one is its own.
    pub fn clues_of_neighbour(&mut self, message: Discovery<'_>, sender: Mac) {
        let mut said: Vec<(Clue, String)> = Vec::new();
        let mut take = |clue: Clue, text: Cow<'_, str>| said.push((clue, text.into_owned()));
        let (is_read, chassis) = match message {
            Discovery::Lldp(unit) => (clues::lldp(unit, &mut take), chassis(unit)),
            Discovery::Cdp(message) => (clues::cdp(message, &mut take), None),
        };
        if !is_read {
            let counts = &mut self.shared.counts;
            match message {
                Discovery::Lldp(_) => counts.bad_lldp += 1,
                Discovery::Cdp(_) => counts.bad_cdp += 1,
            }
        }
        let place = self.place;
        for who in [Some(sender), chassis.filter(|chassis| *chassis != sender)].into_iter().flatten() {
            for (clue, text) in &said {
                self.take_clue(Who::Mac(who), *clue, Cow::Borrowed(text), place);
            }
        }
    }

    /// Hands over what was said in the minute that is over.
    pub fn hand_clues_over(&mut self) {
        self.kept.clues.places.clear();
        let key = self.key;
        let told = self.kept.clues.all.drain(..).map(|clued| (key, Observation::Clued(Box::new(clued))));
        self.shared.bundle.observations.extend(told);
    }
}

/// The address of the system behind a port, where that is how it is named.
fn chassis(unit: &[u8]) -> Option<Mac> {
    match Lldp::read(unit)?.chassis {
        Id::Mac(mac) => Some(mac),
        _ => None,
    }
}

/// What a datagram carries.
fn payload<'a>(packet: &Packet<'a>, layout: &Layout) -> &'a [u8] {
    let end = layout.end().min(packet.bytes.len());
    packet.bytes.get(usize::from(layout.transport) + UDP_HEADER..end).unwrap_or_default()
}
