//! DICOM: pictures taken away, changed or poisoned, and archives felt out.

mod ailing;
mod borrowed;
mod devices;
pub mod feigned;
pub mod gates;
mod images;
pub mod inside;
mod odd;
pub mod past;
mod queries;

use std::time::Duration;

use super::Family::{Availability, Integrity, Malware, Reconnaissance, Theft};
use super::Scenario;

/// Images or records are collected from the archive, by whom it trusts or not (ICS v18.1, Enterprise).
const COLLECTION: &[&str] = &["T0811", "T0802", "T0882", "T0859", "T1213", "T1119", "T1078", "T1005"];
/// What was sent is not what arrives, or comes from somebody else; T1692.002 replaces T0856 in ICS v19.
const FORGERY: &[&str] = &[
    "T0830",
    "T0832",
    "T0849",
    "T0856",
    "T1692.002",
    "T0848",
    "T1557",
    "T1557.002",
    "T1565",
    "T1565.001",
    "T1565.002",
];
/// Something does not answer any more, or does not say anything; T1691.002 and T1695 replace T0804 and T0805.
const OUTAGE: &[&str] =
    &["T0813", "T0814", "T0815", "T0826", "T0829", "T0804", "T1691.002", "T0805", "T1695", "T0881", "T1499", "T1489"];

/// What the everyday scenario is like; each changes what is its own.
const BASE: Scenario = Scenario {
    name: "",
    title: "",
    family: Reconnaissance,
    techniques: &[],
    endangers: "",
    within_normal: false,
    held_out: false,
    tool: None,
    hour: 10.0,
    prepared: Duration::ZERO,
    start: queries::guess_titles,
};

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "dicom-title-guessing",
        title: "A PC tries AE titles until the archive and the worklist let it in",
        family: Reconnaissance,
        techniques: &["T0846", "T0888", "T0840", "T0812", "T0859", "T1046", "T1110", "T1110.001", "T1078", "T1078.001"],
        endangers: "Whoever knows a title may fetch or replace any patient's images.",
        hour: 13.4,
        start: queries::guess_titles,
        ..BASE
    },
    Scenario {
        name: "dicom-bulk-move",
        title: "A reading workstation has the archive send it hundreds of studies at night",
        family: Theft,
        techniques: COLLECTION,
        endangers: "Images of hundreds of patients leave the archive.",
        within_normal: true,
        hour: 2.3,
        start: queries::move_all,
        ..BASE
    },
    Scenario {
        name: "dicom-wildcard-harvest",
        title: "A reading workstation asks the archive for all patients, letter by letter",
        family: Theft,
        techniques: COLLECTION,
        endangers: "Names, birth dates and examinations of all patients leave the archive.",
        within_normal: true,
        hour: 15.2,
        start: queries::harvest,
        ..BASE
    },
    Scenario {
        name: "dicom-executable-stored",
        title: "An office PC stores images in the archive that are programs at the same time",
        family: Malware,
        techniques: &[
            "T0867",
            "T0863",
            "T0866",
            "T0886",
            "T1570",
            "T1080",
            "T1105",
            "T1204",
            "T1204.002",
            "T1036",
            "T1036.008",
            "T1027",
            "T1027.009",
        ],
        endangers: "The archive hands malware on to every workstation that opens these images.",
        hour: 11.3,
        start: images::store_programs,
        ..BASE
    },
    Scenario {
        name: "dicom-images-in-the-middle",
        title: "A box between a CT and its socket changes images on their way to the archive",
        family: Integrity,
        techniques: FORGERY,
        endangers: "Findings may be added to or removed from images, and patients treated for them.",
        hour: 8.6,
        start: images::intercept,
        ..BASE
    },
    Scenario {
        name: "dicom-foreign-destination",
        title: "A workstation has the archive send studies to a notebook that nobody knows",
        family: Theft,
        techniques: &[
            "T0811",
            "T0802",
            "T0882",
            "T0864",
            "T0859",
            "T0848",
            "T1213",
            "T1119",
            "T1020",
            "T1074",
            "T1074.002",
            "T1200",
            "T1078",
        ],
        endangers: "Patients' images leave the archive for a device outside the hospital's control.",
        hour: 19.3,
        start: queries::move_abroad,
        ..BASE
    },
    Scenario {
        name: "dicom-second-destination",
        title: "An X-ray unit sends each of its images to an office PC too",
        family: Theft,
        techniques: &["T0882", "T0811", "T0802", "T0836", "T1020", "T1020.001", "T1119", "T1074", "T1048", "T1041"],
        endangers: "Patients' images are copied to a place where nobody protects them.",
        hour: 9.3,
        start: images::copy,
        ..BASE
    },
    Scenario {
        name: "dicom-images-replaced",
        title: "A workstation that only reads stores changed images in the archive",
        family: Integrity,
        techniques: &[
            "T0832",
            "T0849",
            "T0856",
            "T1692.002",
            "T0855",
            "T1692.001",
            "T0859",
            "T1565",
            "T1565.001",
            "T1078",
        ],
        endangers: "Physicians see findings that are not the patient's.",
        within_normal: true,
        hour: 16.2,
        start: images::replace,
        ..BASE
    },
    Scenario {
        name: "dicom-worklist-tampering",
        title: "A PC calls itself a CT and ends procedure steps that it never began",
        family: Integrity,
        techniques: &[
            "T0856",
            "T1692.002",
            "T0855",
            "T1692.001",
            "T0832",
            "T0831",
            "T0849",
            "T0848",
            "T0859",
            "T0830",
            "T1565",
            "T1565.001",
            "T1565.002",
            "T1036",
            "T1078",
        ],
        endangers: "Examinations vanish from worklists, or are booked for the wrong patient.",
        hour: 10.7,
        start: devices::tamper_with_worklist,
        ..BASE
    },
    Scenario {
        name: "pacs-refuses-images",
        title: "The archive has no room left and refuses all images",
        family: Availability,
        techniques: OUTAGE,
        endangers: "New images reach nobody, and emergencies are read late.",
        within_normal: true,
        hour: 10.2,
        start: devices::refuse,
        ..BASE
    },
    Scenario {
        name: "pacs-slow",
        title: "The archive answers so slowly that images queue up in the modalities",
        family: Availability,
        techniques: OUTAGE,
        endangers: "Images come late to those who decide about treatment.",
        within_normal: true,
        hour: 13.1,
        start: devices::slow,
        ..BASE
    },
    Scenario {
        name: "modality-silent",
        title: "A CT says nothing any more in the middle of a working day",
        family: Availability,
        techniques: OUTAGE,
        endangers: "Emergencies cannot be scanned there, and nobody may have noticed.",
        within_normal: true,
        hour: 9.7,
        start: devices::silence,
        ..BASE
    },
    Scenario {
        name: "dicom-reject-storm",
        title: "A workstation with a wrong title is rejected by the archive again and again",
        family: Availability,
        techniques: &["T0814", "T0815", "T0826", "T0829", "T0812", "T0859", "T1499", "T1110"],
        endangers: "A radiologist sees no images, and the archive is kept busy.",
        within_normal: true,
        hour: 7.9,
        start: devices::storm,
        ..BASE
    },
    Scenario {
        name: "dicom-association-flood",
        title: "A PC opens associations with the archive and never releases them",
        family: Availability,
        techniques: &["T0814", "T0813", "T0815", "T0826", "T0829", "T1499", "T1499.002", "T1499.003", "T1498"],
        endangers: "The archive accepts nobody any more: no new images, no old ones.",
        hour: 14.2,
        start: devices::flood,
        ..BASE
    },
];
