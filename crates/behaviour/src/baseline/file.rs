//! The baseline file: a line that people can read, then two parts, then the SHA-256 of all before it.
//!
//! ```text
//! wardtap baseline 7 <octets of the first part> <octets of the second>\n
//! <first part><second part>
//! <SHA-256, in hexadecimal>\n
//! ```
//! The first part holds the site, the captures that were learned, what was kept out and what was approved, and the
//! profiles: all that scoring reads. The second holds the store and what was set aside: what learning goes on from. Both are as `postcard` (wire format 1) writes the types named here, field by
//! field in the order in which they are declared. Maps are in order and nothing depends on the clock: what was learned from
//! the same captures has the same octets.

use postcard::ser_flavors::Flavor;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use wardtap_net::hexadecimal::hexadecimal;

use super::approval::Approval;
use super::calibrate::profiles;
use super::check;
use super::kept_out::{self, KeptOut};
use super::profile::Profiles;
use super::store::Store;
use super::watched::Watched;
use crate::site::{Site, SiteError};

/// The version of the format.
pub const VERSION: u32 = 7;

/// What every baseline begins with.
pub const MAGIC: &str = "wardtap baseline ";

/// The longest first line.
pub const LINE_MAX: usize = 160;

/// Octets of the last line: a SHA-256 in hexadecimal.
const LAST_LINE: usize = 65;

/// The most octets of a baseline: of 10,000 devices two weeks take 0.6 GB.
pub const FILE_MAX: u64 = 4 << 30;

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
    /// Made by an older wardtap.
    #[error(
        "has version {0} of the format, and this wardtap reads version {VERSION}: learn the captures again with this one"
    )]
    Older(u32),
    /// Shorter or longer than it says.
    #[error("has {found} octets and should have {expected}: it was cut or added to: take a copy that is whole")]
    Length {
        /// Octets that there are.
        found: u64,
        /// Octets that there should be.
        expected: u64,
    },
    /// More than any baseline is read or written with.
    #[error("would have {0} octets, more than any baseline: learn fewer days, or a part of the site")]
    TooLarge(u64),
    /// The digest differs.
    #[error("was damaged or changed: its digest is wrong: take a copy that is whole")]
    Digest,
    /// The digest is right, and the content is not.
    #[error("holds what no wardtap writes: {0}: make it anew")]
    Content(String),
}

/// A capture that was learned, or the part of it that was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LearnedCapture {
    /// What tells it from others, whatever its name and however it is packed: SHA-256 over its first records.
    pub digest: [u8; 32],
    /// The time from which on it was learned, in nanoseconds since 1970.
    pub first: u64,
    /// The time up to which it was learned.
    pub last: u64,
    /// Records of the whole capture.
    pub packets: u64,
}

impl LearnedCapture {
    /// Whether the two have something in common: parts of one capture, at the same time.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.digest == other.digest && self.first <= other.last && other.first <= self.last
    }
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

/// What a baseline file holds in front.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Front {
    /// The site.
    pub site: StoredSite,
    /// The captures that were learned, in order of their times.
    pub captures: Vec<LearnedCapture>,
    /// What detections that need no baseline found while learning, in order of days.
    pub kept_out: Vec<KeptOut>,
    /// What somebody accepted, in order of time.
    pub approvals: Vec<Approval>,
    /// What is normal: what was learned, and what was accepted.
    pub profiles: Profiles,
}

/// A baseline.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Baseline {
    /// What scoring reads.
    pub front: Front,
    /// What learning goes on from.
    pub store: Store,
    /// What was learned and is kept out.
    pub aside: Store,
}

/// Baselines of different sites do not go together.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("they are of different sites: {field} is {one} in the one and {other} in the other")]
pub struct OtherSite {
    /// What differs.
    pub field: &'static str,
    /// What it is in the one.
    pub one: String,
    /// What it is in the other.
    pub other: String,
}

impl Baseline {
    /// All that was seen, also what is kept out: learning goes on from it. [`Self::calibrate`] sets aside anew.
    #[must_use]
    pub fn take_learned(&mut self) -> Store {
        let mut store = std::mem::take(&mut self.store);
        store.merge(std::mem::take(&mut self.aside));
        store
    }

    /// Works out what is normal, for a budget of alerts a week.
    ///
    /// # Errors
    /// When the site is none.
    pub fn calibrate(&mut self, budget: f64) -> Result<(), SiteError> {
        let site = self.front.site.site()?;
        self.front.captures.sort_by_key(|capture| (capture.first, capture.last, capture.digest, capture.packets));
        kept_out::in_order(&mut self.front.kept_out);
        self.front.approvals.sort_by_cached_key(|approval| (approval.time, octets(approval)));
        self.front.approvals.dedup();
        let mut store = self.take_learned();
        let kept_out: Vec<KeptOut> = self.front.still_kept_out().cloned().collect();
        self.aside = store.set_aside(&kept_out);
        self.store = store;
        self.front.profiles = profiles(&self.store, &Watched::of(&self.front.captures), &site, budget);
        for approval in &self.front.approvals {
            approval.accepted.apply(&mut self.front.profiles);
        }
        Ok(())
    }

    /// Joins what another has learned and accepted. Of two budgets the smaller one holds.
    ///
    /// # Errors
    /// When the other is of another site.
    pub fn merge(&mut self, other: Self) -> Result<(), OtherSite> {
        self.front.site.is_same(&other.front.site)?;
        let budgets = [&self.front, &other.front].map(|front| front.profiles.thresholds.budget);
        self.front.profiles.thresholds.budget = budgets[0].min(budgets[1]);
        self.front.captures.extend(other.front.captures);
        self.front.kept_out.extend(other.front.kept_out);
        self.front.approvals.extend(other.front.approvals);
        self.store.merge(other.store);
        self.aside.merge(other.aside);
        Ok(())
    }

    /// As a file.
    ///
    /// # Errors
    /// When something is too large to be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BaselineError> {
        let (line, octets) = self.line()?;
        let mut file = Vec::with_capacity(usize::try_from(octets).unwrap_or(0));
        let written = self.write(&line, &mut |piece| {
            file.extend_from_slice(piece);
            Ok::<(), BaselineError>(())
        });
        written.map_err(|failed| failed.unwrap_or(BaselineError::TooLarge(octets)))?;
        Ok(file)
    }

    /// The first line of its file, and how many octets the file has.
    ///
    /// # Errors
    /// When something is too large to be written.
    pub fn line(&self) -> Result<(String, u64), BaselineError> {
        let (mut front, mut store) = (0, 0);
        in_pieces(&self.front, &mut |piece| front += piece.len() as u64).map_err(content)?;
        in_pieces(&(&self.store, &self.aside), &mut |piece| store += piece.len() as u64).map_err(content)?;
        let line = format!("{MAGIC}{VERSION} {front} {store}\n");
        let octets = line.len() as u64 + front + store + LAST_LINE as u64;
        if octets > FILE_MAX { Err(BaselineError::TooLarge(octets)) } else { Ok((line, octets)) }
    }

    /// Writes its file, a piece at a time: as a whole it would take as much memory again. `line` is its [first](Self::line).
    ///
    /// # Errors
    /// The first one of `to`. None where something cannot be written at all, which that line would have said.
    pub fn write<E>(&self, line: &str, to: &mut dyn FnMut(&[u8]) -> Result<(), E>) -> Result<(), Option<E>> {
        let (mut digest, mut failed) = (Sha256::new(), None);
        let mut put = |piece: &[u8]| {
            if failed.is_none() {
                digest.update(piece);
                failed = to(piece).err();
            }
        };
        put(line.as_bytes());
        let written = in_pieces(&self.front, &mut put).and_then(|()| in_pieces(&(&self.store, &self.aside), &mut put));
        match (failed, written) {
            (None, Ok(())) => to(last_line(digest).as_bytes()).map_err(Some),
            (failed, _) => Err(failed),
        }
    }

    /// From a file.
    ///
    /// # Errors
    /// When it is none, newer, or damaged.
    pub fn from_bytes(file: &[u8]) -> Result<Self, BaselineError> {
        let (front, store) = parts(file)?;
        let front: Front = whole(front)?;
        check::front(&front).map_err(BaselineError::Content)?;
        let (store, aside) = whole(store)?;
        for store in [&store, &aside] {
            check::store(store).map_err(BaselineError::Content)?;
        }
        Ok(Self { front, store, aside })
    }
}

/// The last line of a file whose other octets have this digest.
fn last_line(digest: Sha256) -> String {
    hexadecimal(&digest.finalize()) + "\n"
}

/// So much of a file is written at once.
const PIECE: usize = 1 << 16;

/// Hands on what is written, a piece at a time.
struct Pieces<'a> {
    piece: Vec<u8>,
    to: &'a mut dyn FnMut(&[u8]),
}

impl Flavor for Pieces<'_> {
    type Output = ();

    fn try_push(&mut self, octet: u8) -> postcard::Result<()> {
        self.try_extend(&[octet])
    }

    fn try_extend(&mut self, octets: &[u8]) -> postcard::Result<()> {
        if self.piece.len() + octets.len() > PIECE {
            (self.to)(&self.piece);
            self.piece.clear();
        }
        self.piece.extend_from_slice(octets);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        (self.to)(&self.piece);
        Ok(())
    }
}

fn in_pieces(what: &impl Serialize, to: &mut dyn FnMut(&[u8])) -> postcard::Result<()> {
    postcard::serialize_with_flavor(what, Pieces { piece: Vec::with_capacity(PIECE), to })
}

/// What settles an order that nothing else does.
fn octets(approval: &Approval) -> Vec<u8> {
    postcard::to_stdvec(approval).unwrap_or_default()
}

impl StoredSite {
    /// Whether another describes the same site.
    ///
    /// # Errors
    /// With the field that differs.
    pub fn is_same(&self, other: &Self) -> Result<(), OtherSite> {
        let list = |list: &[String]| if list.is_empty() { "none".to_owned() } else { list.join(", ") };
        let timezones = [&self.timezone, &other.timezone].map(Clone::clone);
        let holidays = [&self.holidays, &other.holidays].map(|holidays| list(holidays));
        let networks = [&self.networks, &other.networks].map(|networks| list(networks));
        let fields = [("the time zone", timezones), ("the holidays", holidays), ("the networks", networks)];
        match fields.into_iter().find(|(_, [one, other])| one != other) {
            Some((field, [one, other])) => Err(OtherSite { field, one, other }),
            None => Ok(()),
        }
    }
}

/// What is said of octets behind all that a part holds.
pub(super) const BEHIND: &str = "something stands behind a part";

pub(super) fn content(error: postcard::Error) -> BaselineError {
    BaselineError::Content(error.to_string())
}

/// Takes a file piece by piece and keeps only what scoring reads: the rest, which grows with every learned day, is checked
/// and let go.
pub struct FrontReader {
    header: Header,
    front: Vec<u8>,
    /// The first part was given away.
    given: bool,
    /// Of all but the last line.
    digest: Sha256,
    last_line: Vec<u8>,
    seen: u64,
}

impl FrontReader {
    /// For a file that begins with this header.
    #[must_use]
    pub fn new(header: Header) -> Self {
        let mut front = Vec::new();
        // Where there is not as much room as a damaged line says, it grows as far as the file goes.
        drop(front.try_reserve_exact(header.front));
        Self { header, front, given: false, digest: Sha256::new(), last_line: Vec::new(), seen: 0 }
    }

    /// Takes the octets that follow: all of the file, its first line as well.
    pub fn take(&mut self, octets: &[u8]) {
        let before = |end: u64| usize::try_from(end.saturating_sub(self.seen)).unwrap_or(usize::MAX).min(octets.len());
        let (line, front) = (before(self.header.line as u64), before(self.header.front_end()));
        if !self.given {
            self.front.extend(octets.get(line..front).unwrap_or_default());
        }
        let (digested, rest) = octets.split_at(before(self.header.body_end()));
        self.digest.update(digested);
        self.last_line.extend(rest.get(..LAST_LINE.saturating_sub(self.last_line.len())).unwrap_or(rest));
        self.seen = self.seen.saturating_add(octets.len() as u64);
    }

    /// The first part.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn finish(mut self) -> Result<Front, BaselineError> {
        let octets = std::mem::take(&mut self.front);
        self.check()?;
        let front = whole(&octets)?;
        check::front(&front).map_err(BaselineError::Content)?;
        Ok(front)
    }

    /// The octets of the first part, once all of them were taken: what follows takes as long to check as they take to read,
    /// and may be taken meanwhile. Only [`Self::check`] says whether they are what they should be.
    pub fn first_part(&mut self) -> Option<Vec<u8>> {
        if self.given || self.front.len() < self.header.front {
            return None;
        }
        self.given = true;
        let mut front = std::mem::take(&mut self.front);
        front.shrink_to_fit();
        Some(front)
    }

    /// All was taken: the SHA-256 of the file, in hexadecimal.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn check(self) -> Result<String, BaselineError> {
        let Self { header, mut digest, last_line: found, seen, .. } = self;
        if seen != header.octets() {
            return Err(BaselineError::Length { found: seen, expected: header.octets() });
        }
        if found != last_line(digest.clone()).as_bytes() {
            return Err(BaselineError::Digest);
        }
        digest.update(&found);
        Ok(hexadecimal(&digest.finalize()))
    }
}

impl Front {
    /// From a file.
    ///
    /// # Errors
    /// When it is none, newer, or damaged.
    pub fn from_bytes(file: &[u8]) -> Result<Self, BaselineError> {
        let mut reader = FrontReader::new(Header::of(file)?);
        reader.take(file);
        reader.finish()
    }

    /// What was kept out and not accepted since.
    pub fn still_kept_out(&self) -> impl Iterator<Item = &KeptOut> {
        self.kept_out.iter().filter(|kept| self.accepted_by(kept).is_none())
    }

    /// Who accepted what was kept out.
    #[must_use]
    pub fn accepted_by(&self, kept: &KeptOut) -> Option<&Approval> {
        let is_it = |approval: &&Approval| approval.accepted.kept_out.iter().any(|it| it.is_about_the_same(kept));
        self.approvals.iter().find(is_it)
    }
}

/// The first line of a file.
#[derive(Clone, Copy)]
pub struct Header {
    line: usize,
    front: usize,
    store: usize,
}

impl Header {
    /// From how a file begins: its first [`LINE_MAX`] octets are enough.
    ///
    /// # Errors
    /// When it is no baseline, or of another version.
    pub fn of(start: &[u8]) -> Result<Self, BaselineError> {
        let none = || BaselineError::NoBaseline;
        let start = start.get(..LINE_MAX).unwrap_or(start);
        let end = start.iter().position(|&byte| byte == b'\n').ok_or_else(none)?;
        let line = start.get(..end).and_then(|line| std::str::from_utf8(line).ok()).ok_or_else(none)?;
        let mut words = line.strip_prefix(MAGIC).ok_or_else(none)?.split(' ');
        let version: u32 = words.next().and_then(|word| word.parse().ok()).ok_or_else(none)?;
        match version {
            VERSION => {}
            0 => return Err(none()),
            older @ 1..VERSION => return Err(BaselineError::Older(older)),
            newer => return Err(BaselineError::Newer(newer)),
        }
        let mut length = || words.next().and_then(|word| word.parse::<usize>().ok());
        let (front, store) = length().zip(length()).filter(|_| words.next().is_none()).ok_or_else(none)?;
        let header = Self { line: end + 1, front, store };
        if header.octets() > FILE_MAX {
            return Err(BaselineError::TooLarge(header.octets()));
        }
        Ok(header)
    }

    /// Where the first part ends.
    const fn front_end(&self) -> u64 {
        (self.line as u64).saturating_add(self.front as u64)
    }

    /// Where the second part ends.
    const fn body_end(&self) -> u64 {
        self.front_end().saturating_add(self.store as u64)
    }

    /// How many octets the file should have.
    #[must_use]
    pub const fn octets(&self) -> u64 {
        self.body_end().saturating_add(LAST_LINE as u64)
    }
}

/// The two parts of a file.
fn parts(file: &[u8]) -> Result<(&[u8], &[u8]), BaselineError> {
    let header = Header::of(file)?;
    if file.len() as u64 != header.octets() {
        return Err(BaselineError::Length { found: file.len() as u64, expected: header.octets() });
    }
    let (body, found) = file.split_at_checked(file.len() - LAST_LINE).ok_or(BaselineError::NoBaseline)?;
    if found != last_line(Sha256::new_with_prefix(body)).as_bytes() {
        return Err(BaselineError::Digest);
    }
    body.get(header.line..).and_then(|body| body.split_at_checked(header.front)).ok_or(BaselineError::NoBaseline)
}

/// What a part holds, with nothing behind it.
fn whole<'a, T: Deserialize<'a>>(part: &'a [u8]) -> Result<T, BaselineError> {
    match postcard::take_from_bytes(part) {
        Ok((content, [])) => Ok(content),
        Ok(_) => Err(BaselineError::Content(BEHIND.to_owned())),
        Err(error) => Err(content(error)),
    }
}
