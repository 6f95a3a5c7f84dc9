//! The baseline file: a line that people can read, then two parts.
//!
//! ```text
//! wardtap baseline 1 <octets of the first part> <octets of the second> <SHA-256 of both>\n
//! ```
//! The first part holds the site, the captures that were learned and the profiles: all that scoring reads. The second holds
//! the store: what learning goes on from. Both are as `postcard` (wire format 1) writes the types named here, field by
//! field in the order in which they are declared. Maps are in order and nothing depends on the clock: what was learned from
//! the same captures has the same octets.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::calibrate::profiles;
use super::profile::Profiles;
use super::store::Store;
use crate::site::{Site, SiteError};

/// The version of the format.
pub const VERSION: u32 = 1;

/// What every baseline begins with.
pub const MAGIC: &str = "wardtap baseline ";

/// The longest first line.
const LINE_MAX: usize = 160;

/// Why a baseline cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// Something else.
    #[error("is no baseline of wardtap: `wardtap learn` makes one")]
    NoBaseline,
    /// Made by a newer wardtap.
    #[error(
        "has version {0} of the format, and this wardtap reads version {VERSION}: use the wardtap that made it, or a newer one"
    )]
    Newer(u32),
    /// Shorter or longer than it says.
    #[error("has {found} octets and should have {expected}: it was cut or added to: take a copy that is whole")]
    Length {
        /// Octets that there are.
        found: u64,
        /// Octets that there should be.
        expected: u64,
    },
    /// The digest differs.
    #[error("was damaged or changed: its digest is wrong: take a copy that is whole")]
    Digest,
    /// The digest is right, and the content is not.
    #[error("holds what no wardtap writes: {0}: make it anew")]
    Content(String),
}

/// A capture that was learned.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LearnedCapture {
    /// What tells it from others: SHA-256 over its first and last records and their number.
    pub digest: [u8; 32],
    /// The time of its first record, in nanoseconds since 1970.
    pub first: u64,
    /// The time of its last record.
    pub last: u64,
    /// Records.
    pub packets: u64,
}

/// The site as a baseline keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredSite {
    /// Its time zone.
    pub timezone: String,
    /// Its holidays.
    pub holidays: Vec<String>,
    /// Its networks.
    pub networks: Vec<String>,
}

impl StoredSite {
    /// Of a site.
    #[must_use]
    pub fn of(site: &Site) -> Self {
        Self {
            timezone: site.timezone_name().to_owned(),
            holidays: site.holidays().iter().map(ToString::to_string).collect(),
            networks: site.networks().iter().map(ToString::to_string).collect(),
        }
    }

    /// The site.
    ///
    /// # Errors
    /// When it describes none.
    pub fn site(&self) -> Result<Site, SiteError> {
        let (holidays, networks) = (self.holidays.iter(), self.networks.iter());
        Site::from_text(&self.timezone, holidays.map(String::as_str), networks.map(String::as_str))
    }
}

/// What detections that need no baseline found while learning: kept out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KeptOut {
    /// The id of the device at risk.
    pub device: String,
    /// The id of who did it.
    pub peer: String,
    /// On which day, counted from 1970.
    pub day: u32,
    /// Which detection.
    pub detection: String,
    /// What it saw.
    pub observed: String,
}

/// What a baseline file holds in front.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Front {
    /// The site.
    pub site: StoredSite,
    /// The captures that were learned, in order of their times.
    pub captures: Vec<LearnedCapture>,
    /// What was kept out.
    pub kept_out: Vec<KeptOut>,
    /// What is normal.
    pub profiles: Profiles,
}

/// A baseline.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Baseline {
    /// What scoring reads.
    pub front: Front,
    /// What learning goes on from.
    pub store: Store,
}

impl Baseline {
    /// Works out what is normal, for a budget of alerts a week.
    pub fn calibrate(&mut self, budget: f64) -> Result<(), SiteError> {
        let site = self.front.site.site()?;
        self.front.captures.sort_unstable_by_key(|capture| (capture.first, capture.last, capture.digest));
        self.front.kept_out.sort_unstable();
        self.front.kept_out.dedup();
        self.front.profiles = profiles(&self.store, &site, budget);
        Ok(())
    }

    /// As a file.
    ///
    /// # Errors
    /// When something is too large to be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BaselineError> {
        let content = |error: postcard::Error| BaselineError::Content(error.to_string());
        let front = postcard::to_stdvec(&self.front).map_err(content)?;
        let store = postcard::to_stdvec(&self.store).map_err(content)?;
        let mut digest = Sha256::new();
        digest.update(&front);
        digest.update(&store);
        let digest: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let mut file = format!("{MAGIC}{VERSION} {} {} {digest}\n", front.len(), store.len()).into_bytes();
        file.extend(front);
        file.extend(store);
        Ok(file)
    }

    /// From a file.
    ///
    /// # Errors
    /// When it is none, newer, or damaged.
    pub fn from_bytes(file: &[u8]) -> Result<Self, BaselineError> {
        let (front, store) = parts(file)?;
        let content = |error: postcard::Error| BaselineError::Content(error.to_string());
        let front = postcard::from_bytes(front).map_err(content)?;
        Ok(Self { front, store: postcard::from_bytes(store).map_err(content)? })
    }
}

impl Front {
    /// From a file.
    ///
    /// # Errors
    /// When it is none, newer, or damaged.
    pub fn from_bytes(file: &[u8]) -> Result<Self, BaselineError> {
        let (front, _) = parts(file)?;
        postcard::from_bytes(front).map_err(|error| BaselineError::Content(error.to_string()))
    }
}

/// The two parts of a file.
fn parts(file: &[u8]) -> Result<(&[u8], &[u8]), BaselineError> {
    let start = file.get(..LINE_MAX.min(file.len())).unwrap_or_default();
    let end = start.iter().position(|&byte| byte == b'\n').ok_or(BaselineError::NoBaseline)?;
    let line = std::str::from_utf8(&start[..end]).map_err(|_| BaselineError::NoBaseline)?;
    let mut words = line.strip_prefix(MAGIC).ok_or(BaselineError::NoBaseline)?.split(' ');
    let version: u32 = words.next().and_then(|word| word.parse().ok()).ok_or(BaselineError::NoBaseline)?;
    if version > VERSION {
        return Err(BaselineError::Newer(version));
    }
    let mut length = || words.next().and_then(|word| word.parse::<usize>().ok());
    let (front, store) = length().zip(length()).ok_or(BaselineError::NoBaseline)?;
    let body = &file[end + 1..];
    let expected = front.saturating_add(store);
    if body.len() != expected {
        let line = end as u64 + 1;
        let (found, expected) = (file.len() as u64, (expected as u64).saturating_add(line));
        return Err(BaselineError::Length { found, expected });
    }
    let digest: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
    if words.next() != Some(digest.as_str()) {
        return Err(BaselineError::Digest);
    }
    Ok(body.split_at(front))
}
