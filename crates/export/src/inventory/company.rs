//! What a device's company shows: whom it serves, whom it uses, and who does the same.

use std::collections::{BTreeMap, BTreeSet};

use wardtap_behaviour::class::Class;
use wardtap_behaviour::device::DeviceId;
use wardtap_behaviour::inventory::{Doing, ServiceUse};
use wardtap_behaviour::links::Service;
use wardtap_net::address::Address;

/// The first port that is not a system's (RFC 6335 section 6): below are services of any network, which hosts of all classes
/// use.
const REGISTERED_PORTS: u16 = 1024;

/// Devices that are surely of a class, for another one to be taken for one of them.
const KIN_MIN: usize = 2;

/// Who is who, and who made whose network card.
pub(super) type All = BTreeMap<DeviceId, (Doing, Option<&'static str>)>;

/// Which devices use which services of which others.
pub(super) struct Company<'a> {
    all: &'a All,
    at: &'a dyn Fn(Address) -> Option<DeviceId>,
    users: BTreeMap<(DeviceId, Service), Vec<DeviceId>>,
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
        Self { all, at, users }
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

    /// The class of those that are surely of one, use the same service as a device and have network cards of the same maker,
    /// where all of them are of the same one.
    pub(super) fn kin(&self, device: DeviceId, sure: &BTreeMap<DeviceId, Class>) -> Option<Class> {
        let of_service = |service| {
            let kin = self.alike(device, service).filter(|other| *other != device);
            let classes: Vec<Class> = kin.filter_map(|other| sure.get(&other).copied()).collect();
            let first = *classes.first()?;
            (classes.len() >= KIN_MIN && classes.iter().all(|class| *class == first)).then_some(first)
        };
        self.services(device).find_map(of_service)
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
        let maker = |device: DeviceId| self.all.get(&device).and_then(|(_, maker)| *maker);
        let own = maker(device);
        let users = self.users.get(&service).into_iter().flatten().copied();
        users.filter(move |user| own.is_some() && maker(*user) == own)
    }
}

fn is_of(class: Option<&Class>, classes: &[String]) -> bool {
    class.is_some_and(|class| classes.iter().any(|of| of == class.name()))
}

fn is_of_few(service: &Service) -> bool {
    service.port >= REGISTERED_PORTS
}
