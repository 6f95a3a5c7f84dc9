//! What a device's company shows: whom it serves, whom it uses, and who does the same.

use std::collections::{BTreeMap, BTreeSet};

use wardtap_behaviour::class::Class;
use wardtap_behaviour::device::DeviceId;
use wardtap_behaviour::inventory::{Doing, ServiceUse};
use wardtap_behaviour::links::Service;
use wardtap_dissect::clues::Clue;
use wardtap_net::address::Address;

/// The first port that is not a system's (RFC 6335 section 6): below are services of any network, which hosts of all classes
/// use.
const REGISTERED_PORTS: u16 = 1024;

/// Devices that are surely of a class, for another one to be taken for one of them.
const KIN_MIN: usize = 2;

/// Devices of whatever makers that use a service, for another that uses it to be taken for one of them.
const PEERS_MIN: usize = 4;

/// Makers of network cards that no hand has touched: those of virtual machines are of no kin.
const VIRTUAL: [&str; 4] = ["VMware", "Xensource", "Microsoft Corporation", "Proxmox"];

/// Who is who, and who made whose network card.
pub(super) type All = BTreeMap<DeviceId, (Doing, Option<&'static str>)>;

/// Which devices use which services of which others.
pub(super) struct Company<'a> {
    all: &'a All,
    at: &'a dyn Fn(Address) -> Option<DeviceId>,
    users: BTreeMap<(DeviceId, Service), Vec<DeviceId>>,
    /// Who speaks a protocol with a device, at whichever of its services.
    speakers: BTreeMap<(DeviceId, Box<str>), Vec<DeviceId>>,
    /// Who asks for its address in the same words.
    clients: BTreeMap<Vec<&'a str>, Vec<DeviceId>>,
}

impl<'a> Company<'a> {
    pub(super) fn new(all: &'a All, at: &'a dyn Fn(Address) -> Option<DeviceId>) -> Self {
        let mut users: BTreeMap<(DeviceId, Service), Vec<DeviceId>> = BTreeMap::new();
        for (user, (doing, _)) in all {
            for (service, used) in doing.uses.iter().filter(|(service, _)| is_of_few(service)) {
                let peers: BTreeSet<DeviceId> = used.inside.iter().filter_map(at).collect();
                for peer in peers {
                    users.entry((peer, *service)).or_default().push(*user);
                }
            }
        }
        let mut speakers: BTreeMap<(DeviceId, Box<str>), Vec<DeviceId>> = BTreeMap::new();
        let mut clients: BTreeMap<Vec<&'a str>, Vec<DeviceId>> = BTreeMap::new();
        for (device, (doing, _)) in all {
            for spoken in spoken(doing, at) {
                speakers.entry(spoken).or_default().push(*device);
            }
            if let Some(words) = words_of_client(doing) {
                clients.entry(words).or_default().push(*device);
            }
        }
        Self { all, at, users, speakers, clients }
    }

    /// How many devices of these classes use one service of a device, where they are half of those who do.
    pub(super) fn served(&self, device: DeviceId, classes: &[String], taken: &BTreeMap<DeviceId, Class>) -> usize {
        let Some((doing, _)) = self.all.get(&device) else { return 0 };
        let of_service = |used: &ServiceUse| {
            let peers: BTreeSet<DeviceId> = used.inside.iter().filter_map(self.at).collect();
            let is_one = |peer: &&DeviceId| **peer != device && is_of(taken.get(*peer), classes);
            let ones = peers.iter().filter(is_one).count();
            if ones * 2 >= peers.len() { ones } else { 0 }
        };
        let own = doing.offers.iter().filter(|(service, _)| is_of_few(service));
        own.map(|(_, used)| of_service(used)).max().unwrap_or(0)
    }

    /// How many devices with network cards of one maker, a device among them, use the same service of one of these classes.
    pub(super) fn asking(&self, device: DeviceId, classes: &[String], taken: &BTreeMap<DeviceId, Class>) -> usize {
        let of_those = self.services(device).filter(|(peer, _)| is_of(taken.get(peer), classes));
        of_those.map(|service| self.alike(device, service).count()).max().unwrap_or(0)
    }

    /// The class of those that are surely of one, use the same service as a device or speak the same protocol with the same
    /// host, and have network cards of the same maker, where all of them are of the same one.
    pub(super) fn kin(&self, device: DeviceId, sure: &BTreeMap<DeviceId, Class>) -> Option<Class> {
        let by_service = self.services(device).find_map(|service| {
            let users = self.users.get(&service).into_iter().flatten().copied();
            self.one_class(device, users, sure)
        });
        by_service.or_else(|| {
            let (doing, _) = self.all.get(&device)?;
            spoken(doing, self.at).into_iter().find_map(|spoken| {
                let speakers = self.speakers.get(&spoken).into_iter().flatten().copied();
                self.one_class(device, speakers, sure)
            })
        })
    }

    /// The class of those that are surely of one, ask for their address in the same words, and have network cards of the same
    /// maker, where all of them are of the same one.
    pub(super) fn twins(&self, device: DeviceId, sure: &BTreeMap<DeviceId, Class>) -> Option<Class> {
        let words = words_of_client(&self.all.get(&device)?.0)?;
        self.one_class(device, self.clients.get(&words)?.iter().copied(), sure)
    }

    /// The class of all others that use a service, whoever made their network cards, where it is known of each of them.
    pub(super) fn fellows(&self, device: DeviceId, taken: &BTreeMap<DeviceId, Class>) -> Option<Class> {
        self.services(device).find_map(|service| {
            let others = self.users.get(&service)?.iter().filter(|user| **user != device);
            let classes: Option<Vec<Class>> = others.map(|other| taken.get(other).copied()).collect();
            let classes = classes?;
            let first = *classes.first()?;
            (classes.len() >= PEERS_MIN && classes.iter().all(|class| *class == first)).then_some(first)
        })
    }

    /// The class of those with network cards of the same maker that are surely of one, where all of them are of the same one.
    fn one_class(
        &self,
        device: DeviceId,
        others: impl Iterator<Item = DeviceId>,
        sure: &BTreeMap<DeviceId, Class>,
    ) -> Option<Class> {
        let kin = others.filter(|other| *other != device && self.is_of_same_maker(device, *other));
        let classes: Vec<Class> = kin.filter_map(|other| sure.get(&other).copied()).collect();
        let first = *classes.first()?;
        (classes.len() >= KIN_MIN && classes.iter().all(|class| *class == first)).then_some(first)
    }

    /// What a device uses of whom.
    fn services(&self, device: DeviceId) -> impl Iterator<Item = (DeviceId, Service)> {
        let used = self.all.get(&device).into_iter().flat_map(|(doing, _)| doing.uses.iter());
        used.filter(|(service, _)| is_of_few(service)).flat_map(|(service, used)| {
            let peers: BTreeSet<DeviceId> = used.inside.iter().filter_map(self.at).collect();
            peers.into_iter().map(|peer| (peer, *service))
        })
    }

    /// Who uses a service with a network card of the maker of that of a device.
    fn alike(&self, device: DeviceId, service: (DeviceId, Service)) -> impl Iterator<Item = DeviceId> {
        let users = self.users.get(&service).into_iter().flatten().copied();
        users.filter(move |user| self.is_of_same_maker(device, *user))
    }

    fn is_of_same_maker(&self, device: DeviceId, other: DeviceId) -> bool {
        let maker = |device: DeviceId| self.all.get(&device).and_then(|(_, maker)| *maker);
        let is_real = |own: &str| !VIRTUAL.iter().any(|begins| own.starts_with(begins));
        maker(device).is_some_and(|own| maker(other) == Some(own) && is_real(own))
    }
}

/// With whom a device speaks what, where it is who asks: protocols of few, at whatever ports. A server of HL7 often has a port
/// for each of its senders.
fn spoken(doing: &Doing, at: &dyn Fn(Address) -> Option<DeviceId>) -> BTreeSet<(DeviceId, Box<str>)> {
    let used = doing.uses.iter().filter(|(service, _)| is_of_few(service));
    used.flat_map(|(_, used)| {
        let peers: BTreeSet<DeviceId> = used.inside.iter().filter_map(at).collect();
        peers.into_iter().flat_map(|peer| used.protocols.iter().map(move |protocol| (peer, protocol.clone())))
    })
    .collect()
}

/// By which words a DHCP client asks for its address: what it says that it is, and what it asks for. One that says neither
/// is like any other.
fn words_of_client(doing: &Doing) -> Option<Vec<&str>> {
    let of = |kind: Clue| doing.says.iter().filter(move |(clue, ..)| *clue == kind).map(|(_, text, _)| text);
    let class: Vec<&str> = of(Clue::DhcpVendorClass).collect();
    (!class.is_empty()).then(|| class.into_iter().chain(of(Clue::DhcpParameters)).collect())
}

fn is_of(class: Option<&Class>, classes: &[String]) -> bool {
    class.is_some_and(|class| classes.iter().any(|of| of == class.name()))
}

fn is_of_few(service: &Service) -> bool {
    service.port >= REGISTERED_PORTS
}
