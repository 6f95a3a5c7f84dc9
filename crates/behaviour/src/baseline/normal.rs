//! What scoring reads of a baseline file: its links stay as they stand there, see [`super::packed`].

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::approval::Approval;
use super::calibrate::Thresholds;
use super::check;
use super::file::{BEHIND, BaselineError, Front, LearnedCapture, StoredSite, content};
use super::kept_out::KeptOut;
use super::named::in_order;
use super::packed::PackedLink;
use super::pauses::Coverage;
use super::profile::{DeviceProfile, LinkProfile, Profiles};

/// What scoring goes by: the devices and thresholds of a baseline, and its links as they stand in the file.
pub struct Normal {
    /// The site.
    pub site: StoredSite,
    /// What is normal, without the links.
    pub profiles: Profiles,
    /// The links.
    pub links: PackedLinks,
}

/// The links of a file. A copy takes nothing.
#[derive(Clone)]
pub struct PackedLinks {
    octets: Arc<Vec<u8>>,
    /// Where they begin.
    first: usize,
}

/// The key of a link, as it stands in a file: a [`LinkKey`](super::store::LinkKey).
#[derive(Deserialize)]
pub struct PackedKey<'a> {
    /// Who opens conversations.
    pub initiator: &'a str,
    /// Who answers.
    pub responder: &'a str,
    /// The IP protocol.
    pub transport: u8,
    /// The port.
    pub port: u16,
}

/// The fields of [`Front`], in its order, up to the links of its profiles, which are its last.
#[derive(Deserialize)]
struct BeforeLinks {
    site: StoredSite,
    captures: Vec<LearnedCapture>,
    kept_out: Vec<KeptOut>,
    approvals: Vec<Approval>,
    days: Vec<u32>,
    coverage: Coverage,
    thresholds: Thresholds,
    missing: u32,
    #[serde(deserialize_with = "in_order")]
    devices: BTreeMap<String, DeviceProfile>,
}

impl Normal {
    /// Of the first part of a file.
    ///
    /// # Errors
    /// When it holds what no wardtap writes.
    pub fn of(octets: Vec<u8>) -> Result<Self, BaselineError> {
        let (before, links) = postcard::take_from_bytes::<BeforeLinks>(&octets).map_err(content)?;
        let first = octets.len() - links.len();
        let BeforeLinks { site, captures, kept_out, approvals, days, coverage, thresholds, missing, devices } = before;
        let profiles = Profiles { days, coverage, thresholds, missing, devices, links: BTreeMap::new() };
        let front = Front { site, captures, kept_out, approvals, profiles };
        check::front(&front).map_err(BaselineError::Content)?;
        let Front { site, profiles, .. } = front;
        Ok(Self { site, profiles, links: PackedLinks { octets: Arc::new(octets), first } })
    }
}

impl PackedLinks {
    /// Reads each link once, and checks it.
    ///
    /// # Errors
    /// When they are not what wardtap writes.
    pub fn each(&self, mut to: impl FnMut(PackedKey<'_>, LinkProfile, PackedLink)) -> Result<(), BaselineError> {
        let behind = self.octets.get(self.first..).unwrap_or_default();
        let (count, mut rest) = postcard::take_from_bytes::<u64>(behind).map_err(content)?;
        for _ in 0..count {
            let (key, behind) = postcard::take_from_bytes::<PackedKey<'_>>(rest).map_err(content)?;
            let start = self.octets.len() - behind.len();
            let (packed, profile) = PackedLink::at(&self.octets, start).map_err(content)?;
            check::link(key.initiator, key.responder, &profile).map_err(BaselineError::Content)?;
            rest = behind.get(packed.len()..).unwrap_or_default();
            to(key, profile, packed);
        }
        if rest.is_empty() { Ok(()) } else { Err(BaselineError::Content(BEHIND.to_owned())) }
    }
}
