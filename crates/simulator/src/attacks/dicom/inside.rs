//! What is done, or goes wrong, between the entities that talk with one another every day, on the ports that they always use.

use super::{COLLECTION, OUTAGE, ailing, borrowed, odd};
use crate::attacks::Family::{Access, Availability, Fault, Integrity, Malware, Theft};
use crate::attacks::Scenario;

/// What they have in common.
const BASE: Scenario = Scenario { within_normal: true, start: borrowed::other_software, ..super::BASE };

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "dicom-other-software",
        title: "Another program than the viewer fetches studies from a reading workstation, under its title",
        family: Theft,
        techniques: COLLECTION,
        endangers: "Images of patients leave the archive by a program that nobody has installed.",
        hour: 14.4,
        start: borrowed::other_software,
        ..BASE
    },
    Scenario {
        name: "dicom-neighbours-title",
        title: "A reading workstation looks for patients under the title of its neighbour",
        family: Access,
        techniques: &["T0859", "T0848", "T0812", "T1078", "T1036", "T1550", "T0811", "T0802", "T1213"],
        endangers: "Whoever looks up patients does it in the name of another.",
        hour: 15.7,
        start: borrowed::neighbours_title,
        ..BASE
    },
    Scenario {
        name: "dicom-neighbour-destination",
        title: "A reading workstation has the archive send studies to another workstation, which it never does",
        family: Theft,
        techniques: &["T0811", "T0802", "T0882", "T0859", "T1213", "T1119", "T1074", "T1074.002", "T1078", "T1570"],
        endangers: "Patients' images gather where nobody has asked for them.",
        hour: 18.4,
        start: borrowed::neighbour_destination,
        ..BASE
    },
    Scenario {
        name: "dicom-slow-harvest",
        title: "The workstation of who is on call fetches a few studies an hour all night",
        family: Theft,
        techniques: COLLECTION,
        endangers: "Images of many patients leave the archive, a few at a time.",
        hour: 21.5,
        start: borrowed::slow_harvest,
        ..BASE
    },
    Scenario {
        name: "dicom-get",
        title: "A reading workstation takes studies with C-GET, which the archive lets it do and nobody uses",
        family: Theft,
        techniques: COLLECTION,
        endangers: "Images leave the archive past the list of allowed destinations.",
        hour: 12.9,
        start: borrowed::get,
        ..BASE
    },
    Scenario {
        name: "dicom-modality-queries",
        title: "An X-ray unit asks the archive for all studies of two months, day by day",
        family: Theft,
        techniques: COLLECTION,
        endangers: "Names and examinations of all patients go to a device that only takes pictures.",
        hour: 6.2,
        start: borrowed::modality_queries,
        ..BASE
    },
    Scenario {
        name: "dicom-pdf-stored",
        title: "A CT stores documents with scripts in them in the archive, beside its images",
        family: Malware,
        techniques: &[
            "T0867",
            "T0863",
            "T0866",
            "T1570",
            "T1080",
            "T1105",
            "T1204",
            "T1204.002",
            "T1059",
            "T1059.007",
            "T1027",
            "T1036",
            "T1203",
        ],
        endangers: "The archive hands a script on to every workstation that opens the document.",
        hour: 11.1,
        start: odd::documents,
        ..BASE
    },
    Scenario {
        name: "dicom-packed-images",
        title: "A CT stores images at night that are some twenty-five times as large as its own",
        family: Theft,
        techniques: &[
            "T0882",
            "T0811",
            "T0802",
            "T1074",
            "T1074.002",
            "T1119",
            "T1001",
            "T1027",
            "T1036",
            "T1560",
            "T1570",
        ],
        endangers: "Stolen data lie in the archive as images, for somebody to fetch.",
        hour: 2.7,
        start: odd::packed,
        ..BASE
    },
    Scenario {
        name: "dicom-steps-discontinued",
        title: "A CT ends dozens of procedure steps without images",
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
            "T1565",
            "T1565.001",
        ],
        endangers: "Examinations vanish from worklists, and patients wait for them.",
        hour: 9.4,
        start: odd::discontinue,
        ..BASE
    },
    Scenario {
        name: "dicom-echo-flood",
        title: "An X-ray unit asks the archive four times a second whether it is there",
        family: Availability,
        techniques: &["T0814", "T0815", "T0826", "T0829", "T0813", "T1499", "T1499.002", "T1499.003", "T1498"],
        endangers: "The archive is kept from its work.",
        hour: 13.8,
        start: ailing::echo,
        ..BASE
    },
    Scenario {
        name: "worklist-empty",
        title: "Worklists come empty all morning, though patients are scheduled",
        family: Availability,
        techniques: OUTAGE,
        endangers: "Technicians type patients in by hand, and images go to the wrong ones.",
        hour: 7.2,
        start: ailing::no_worklist,
        ..BASE
    },
    Scenario {
        name: "pacs-reports-missing",
        title: "The archive is asked to commit to images, and reports nothing any more",
        family: Availability,
        techniques: OUTAGE,
        endangers: "Modalities keep images until they are full, or delete some that no archive has.",
        hour: 8.7,
        start: ailing::no_reports,
        ..BASE
    },
    Scenario {
        name: "pacs-warnings",
        title: "The archive takes each image with a warning that its data set does not match",
        family: Fault,
        techniques: &["T0814", "T0826", "T0832", "T1565.001"],
        endangers: "Images may lack what is needed to find and to show them.",
        hour: 10.6,
        start: ailing::warn,
        ..BASE
    },
    Scenario {
        name: "modality-aborts",
        title: "A CT breaks off most transfers of images and tries them again",
        family: Fault,
        techniques: &["T0814", "T0826", "T0804", "T1691.002", "T0815"],
        endangers: "Images come late, or in part.",
        hour: 9.1,
        start: ailing::abort,
        ..BASE
    },
    Scenario {
        name: "modality-repeats",
        title: "An X-ray unit stores the same study again and again",
        family: Fault,
        techniques: &["T0814", "T1499", "T0856", "T1692.002", "T0832"],
        endangers: "The archive fills with copies, and radiologists read them twice.",
        hour: 15.1,
        start: ailing::repeat,
        ..BASE
    },
    Scenario {
        name: "worklists-of-all-stations",
        title: "An ultrasound device asks for the worklists of all stations, weeks ahead",
        family: Theft,
        techniques: COLLECTION,
        endangers: "Who comes when and why is known to somebody whom it does not concern.",
        hour: 18.9,
        start: odd::worklists,
        ..BASE
    },
    Scenario {
        name: "pacs-cannot-deliver",
        title: "Workstations take no images any more: the archive finds their ports closed, and says that it could not",
        family: Availability,
        techniques: OUTAGE,
        endangers: "Radiologists wait for images that lie ready in the archive.",
        hour: 9.9,
        start: ailing::undelivered,
        ..BASE
    },
];
