//! Application entities: who talks DICOM, under which title, and with whose software.

use std::time::Duration;

use crate::clock::ms;
use crate::network::HostId;
use crate::queue::Mark;
use crate::wire::dicom::pdu::{Proposal, User};
use crate::wire::dicom::uid;

/// An application entity by its place in [`super::Imaging::entities`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntityId(pub usize);

/// Whether an application answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// As it should.
    Serves,
    /// It is not running: connections are reset.
    Stopped,
    /// It starts, or is overloaded: associations are rejected for now.
    Congested,
}

/// Software that talks DICOM.
#[derive(Clone, Copy, Debug)]
pub struct Make {
    /// Manufacturer as (0008,0070) has it.
    pub manufacturer: &'static str,
    /// Under which it makes UIDs.
    pub root: &'static str,
    /// What it says of itself.
    pub user: User,
    /// It takes and prefers explicit VR.
    pub explicit: bool,
    /// It waits for the report of a storage commitment instead of releasing the association.
    pub waits_for_report: bool,
}

const fn make(
    manufacturer: &'static str,
    root: &'static str,
    [implementation, version]: [&'static str; 2],
    max_pdu: u32,
) -> Make {
    let user = User { max_pdu, implementation, version, window: false };
    Make { manufacturer, root, user, explicit: true, waits_for_report: false }
}

/// Makes of this hospital: invented versions below the manufacturers' real roots.
pub mod makes {
    use super::{Make, User, make};

    /// Computed tomography.
    pub const CT: Make = make("SIEMENS", "1.3.12.2.1107.5.1.4", ["1.3.12.2.1107.5.99.3.3", "SIEMENS_SWVA48A"], 28_672);
    /// Magnetic resonance.
    pub const MR: Make = make("SIEMENS", "1.3.12.2.1107.5.2.18", ["1.3.12.2.1107.5.8.2", "MR_VE11E"], 65_536);
    /// Ultrasound.
    pub const US: Make = Make {
        waits_for_report: true,
        explicit: false,
        ..make("GE Ultrasound", "1.2.840.113619.2.256", ["1.2.840.113619.6.360", "LOGIQ_R3"], 16_384)
    };
    /// Radiography.
    pub const XR: Make = make("Philips", "1.3.46.670589.30.1", ["1.3.46.670589.42.2.5", "PHILIPS_DR_3"], 32_768);
    /// The picture archive.
    pub const PACS: Make = {
        let made = make("PACS", "1.2.840.113669.632", ["1.2.840.113669.2.931128", "PACS_SCP_7_4"], 131_072);
        Make { user: User { window: true, ..made.user }, ..made }
    };
    /// The long-term archive.
    pub const ARCHIVE: Make = make("ARCHIVE", "1.2.40.0.13.1", ["1.2.40.0.13.1.3", "dcm4che-5.31.2"], 16_378);
    /// The radiology information system.
    pub const RIS: Make = make("RIS", "1.2.276.0.37.1", ["1.2.276.0.7230010.3.0.3.6.4", "OFFIS_DCMTK_364"], 16_384);
    /// Workstations.
    pub const READING: Make =
        make("READING", "1.2.826.0.1.3680043.8", ["1.2.826.0.1.3680043.8.641", "READER_12"], 65_536);
    /// What can be had for nothing, and is used by whoever has no modality.
    pub const TOOLKIT: Make =
        make("", "1.2.826.0.1.3680043.8.498", ["1.2.826.0.1.3680043.9.3811.2.1.1", "PYNETDICOM_211"], 16_382);
    /// Another of that kind.
    pub const TOOLS: Make =
        make("", "1.2.276.0.7230010.3.1", ["1.2.276.0.7230010.3.0.3.6.8", "OFFIS_DCMTK_368"], 16_384);
}

/// Encodings in the order of preference.
pub const EITHER: &[&str] = &[uid::EXPLICIT, uid::IMPLICIT];
/// The encoding that everybody must take (PS3.5 section 10.1).
pub const PLAIN: &[&str] = &[uid::IMPLICIT];
/// Compressed too, where the other end can.
pub const COMPRESSED: &[&str] = &[uid::JPEG_LOSSLESS, uid::EXPLICIT, uid::IMPLICIT];

/// All kinds of images of this hospital.
pub const IMAGES: [&str; 5] = [uid::CT, uid::MR, uid::US, uid::DX, uid::SECONDARY];
const ARCHIVE_SERVES: &[&str] = &[
    uid::VERIFICATION,
    uid::CT,
    uid::MR,
    uid::US,
    uid::DX,
    uid::SECONDARY,
    uid::PDF,
    uid::FIND,
    uid::MOVE,
    uid::GET,
    uid::COMMITMENT,
];
const READING_SERVES: &[&str] = &[uid::VERIFICATION, uid::CT, uid::MR, uid::US, uid::DX, uid::SECONDARY];
const RIS_SERVES: &[&str] = &[uid::VERIFICATION, uid::WORKLIST, uid::PROCEDURE_STEP];
const MODALITY_SERVES: &[&str] = &[uid::VERIFICATION, uid::COMMITMENT];

/// An application entity.
#[derive(Clone, Debug)]
pub struct Entity {
    /// Where it runs.
    pub host: HostId,
    /// Its AE title.
    pub title: String,
    /// Where it listens.
    pub port: u16,
    /// Its software.
    pub make: &'static Make,
    /// Abstract syntaxes that it accepts.
    pub serves: &'static [&'static str],
    /// How long it takes for an answer, about.
    pub answer: Duration,
    /// Scenarios make this more than 1.0: answers become slow.
    pub slowness: f64,
    /// Whether it answers.
    pub condition: Condition,
    /// The share of its transfers of images that it breaks off.
    pub aborts: f64,
    /// The status of every C-STORE, where it is not success.
    pub refusal: Option<u16>,
    /// A scenario has other software take associations in its stead.
    pub before: Option<(&'static Make, Mark)>,
}

impl Entity {
    fn new(host: HostId, title: String, port: u16, make: &'static Make, serves: &'static [&'static str]) -> Self {
        let (answer, condition) = (ms(9), Condition::Serves);
        let (slowness, aborts, refusal, before) = (1.0, 0.002, None, None);
        Self { host, title, port, make, serves, answer, slowness, condition, aborts, refusal, before }
    }

    /// A picture archive.
    pub fn archive(host: HostId, title: &str, make: &'static Make) -> Self {
        Self::new(host, title.into(), 11_112, make, ARCHIVE_SERVES)
    }

    /// The radiology information system.
    pub fn ris(host: HostId) -> Self {
        Self { answer: ms(25), ..Self::new(host, "RIS".into(), 11_112, &makes::RIS, RIS_SERVES) }
    }

    /// A workstation, or whoever else takes images.
    pub fn reading(host: HostId, title: String, make: &'static Make) -> Self {
        Self { answer: ms(6), ..Self::new(host, title, 11_112, make, READING_SERVES) }
    }

    /// A modality.
    pub fn modality(host: HostId, title: String, make: &'static Make) -> Self {
        Self { answer: ms(18), ..Self::new(host, title, 104, make, MODALITY_SERVES) }
    }

    /// The software that takes associations.
    pub fn taker(&self) -> &'static Make {
        self.before.map_or(self.make, |(make, _)| make)
    }

    /// A proposal of this software.
    pub fn propose(&self, syntax: &'static str) -> Proposal {
        let transfer = match (self.make.explicit, IMAGES.contains(&syntax)) {
            (true, true) => COMPRESSED,
            (true, false) => EITHER,
            (false, _) => PLAIN,
        };
        Proposal { syntax, transfer, roles: None }
    }
}
