//! What a hospital does all day: one file a department. Each sets up its state in [`Ward`] and its first tasks, and goes on
//! by itself; scenarios reach into that state.

pub mod activity;
pub mod bedside;
pub mod building;
pub mod events;
pub mod imaging;
pub mod laboratory;
pub mod links;
pub mod office;
pub mod pharmacy;
pub mod records;
pub mod remote;
pub mod site;

use self::links::Links;
use self::site::Site;
use crate::sim::Sim;

/// The state of all departments.
#[derive(Debug, Default)]
pub struct Ward {
    /// HL7 links.
    pub links: Links,
    /// See [`records`].
    pub records: records::Records,
    /// See [`laboratory`].
    pub laboratory: laboratory::Laboratory,
    /// See [`pharmacy`].
    pub pharmacy: pharmacy::Pharmacy,
    /// See [`bedside`].
    pub bedside: bedside::Bedside,
    /// See [`imaging`].
    pub imaging: imaging::Imaging,
    /// See [`building`].
    pub building: building::Building,
    /// See [`office`].
    pub office: office::Office,
    /// See [`remote`].
    pub remote: remote::Remote,
    /// See [`events`].
    pub events: events::Events,
    site: Option<Site>,
}

impl Ward {
    /// The hosts.
    ///
    /// # Panics
    /// Before [`open`].
    pub fn site(&self) -> &Site {
        self.site.as_ref().expect("a hospital that was opened")
    }
}

/// Opens a hospital of about so many devices.
pub fn open(sim: &mut Sim, devices: usize) {
    let site = Site::build(&mut sim.net, devices);
    sim.ward.site = Some(site);
    records::open(sim);
    laboratory::open(sim);
    pharmacy::open(sim);
    bedside::open(sim);
    imaging::open(sim);
    building::open(sim);
    office::open(sim);
    remote::open(sim);
    events::open(sim);
}
