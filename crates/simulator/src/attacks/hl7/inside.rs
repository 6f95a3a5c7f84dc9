//! What is done, or goes wrong, inside the HL7 links that are there every day: from the right host, to the right port.

use super::{BLOCKED, COLLECTED, FORGED, abused, astray};
use crate::attacks::Family::{Availability, Command, Integrity, Malware, Theft};
use crate::attacks::Scenario;

/// What they have in common.
const BASE: Scenario = Scenario { within_normal: true, start: astray::test_data, ..super::BASE };

/// An application that is trusted tells others to do what nobody ordered.
const ORDERED: &[&str] = &[
    "T0855",
    "T1692",
    "T1692.001",
    "T0831",
    "T0836",
    "T0821",
    "T0848",
    "T0859",
    "T0878",
    "T1078",
    "T1565",
    "T1565.001",
];

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "hl7-merge-storm",
        title: "The health record's feed merges the records of ninety patients with others",
        family: Integrity,
        techniques: FORGED,
        endangers: "Patients have one another's allergies, blood groups and results.",
        hour: 14.1,
        start: abused::merges,
        ..BASE
    },
    Scenario {
        name: "hl7-orders-at-night",
        title: "Drug orders in grams instead of milligrams go out for one patient after the other at three at night",
        family: Command,
        techniques: ORDERED,
        endangers: "Patients are given a thousand times the dose.",
        hour: 3.1,
        start: abused::night_orders,
        ..BASE
    },
    Scenario {
        name: "hl7-allergies-deleted",
        title: "The health record's feed deletes allergies, a kind of message that it never sends",
        family: Integrity,
        techniques: FORGED,
        endangers: "The pharmacy warns of no allergy any more.",
        hour: 11.6,
        start: abused::allergies,
        ..BASE
    },
    Scenario {
        name: "hl7-reference-ranges",
        title: "The health record's feed changes the laboratory's reference ranges",
        family: Command,
        techniques: ORDERED,
        endangers: "Results that call for treatment are shown as normal ones.",
        hour: 16.9,
        start: abused::reference_ranges,
        ..BASE
    },
    Scenario {
        name: "hl7-results-corrected",
        title: "The laboratory's feed corrects a hundred results in an evening hour",
        family: Integrity,
        techniques: FORGED,
        endangers: "Right results in patients' records are replaced by wrong ones.",
        hour: 20.6,
        start: abused::corrected,
        ..BASE
    },
    Scenario {
        name: "hl7-foreign-application",
        title: "The laboratory's system sends reports in the name of the radiology's",
        family: Integrity,
        techniques: FORGED,
        endangers: "Physicians read findings that no radiologist wrote.",
        hour: 13.6,
        start: abused::foreign_application,
        ..BASE
    },
    Scenario {
        name: "hl7-analyser-harvest",
        title: "An analyser asks at night for one tube's patient after the other",
        family: Theft,
        techniques: COLLECTED,
        endangers: "Patients' data leave the laboratory's system for a device that needs none of them.",
        hour: 1.3,
        start: abused::analyser_harvest,
        ..BASE
    },
    Scenario {
        name: "hl7-growing-segments",
        title: "What the pharmacy sends to a cabinet carries more and more in a segment of its own",
        family: Theft,
        techniques: &[
            "T0882",
            "T0869",
            "T0885",
            "T0811",
            "T1020",
            "T1030",
            "T1041",
            "T1048",
            "T1048.003",
            "T1071",
            "T1074",
            "T1119",
            "T1132",
            "T1570",
        ],
        endangers: "Data are gathered on a device that nobody watches, to be carried away.",
        hour: 8.5,
        start: abused::growing,
        ..BASE
    },
    Scenario {
        name: "hl7-letters-with-programs",
        title: "Letters from the radiology's system carry programs",
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
            "T1027",
            "T1036",
            "T1036.008",
            "T1071",
        ],
        endangers: "Whoever opens the letter in the health record starts the program.",
        hour: 10.8,
        start: abused::letters,
        ..BASE
    },
    Scenario {
        name: "hl7-test-data",
        title: "Invented results of a training system go out on the laboratory's feed",
        techniques: &["T0856", "T1692.002", "T0832", "T1565.001"],
        endangers: "Results that nobody measured stand in patients' records.",
        hour: 9.8,
        start: astray::test_data,
        ..BASE
    },
    Scenario {
        name: "hl7-engine-loop",
        title: "After a change of its rules the interface engine sends each result to the record seven times",
        techniques: &["T0814", "T1499", "T0856", "T1692.002", "T0832"],
        endangers: "The record is kept busy, and results are counted several times.",
        hour: 12.2,
        start: astray::engine_loop,
        ..BASE
    },
    Scenario {
        name: "hl7-orders-lost",
        title: "The laboratory's system accepts orders at once, and does nothing with them",
        family: Availability,
        techniques: BLOCKED,
        endangers: "Blood is drawn and not measured, and nobody is told.",
        hour: 10.3,
        start: astray::orders_lost,
        ..BASE
    },
];
