//! The table of techniques.

use std::collections::BTreeSet;

use crate::attack::{RENUMBERED, TECHNIQUES, technique};
use crate::detections::DETECTIONS;

#[test]
fn the_table_is_sorted_and_has_each_technique_once() {
    for pair in TECHNIQUES.windows(2) {
        assert!(pair[0].id < pair[1].id, "{} stands behind {}", pair[1].id, pair[0].id);
    }
    for known in TECHNIQUES {
        assert_eq!(technique(known.id), *known);
        let is_ics = known.id.starts_with("T0");
        assert_eq!(known.matrix == crate::attack::Matrix::Ics, is_ics, "{}", known.id);
        assert!(!known.name.is_empty() && !known.tactic.is_empty(), "{}", known.id);
        // A name of two parts belongs to an identifier of two parts.
        assert_eq!(known.name.contains(": "), known.id.contains('.'), "{}", known.id);
    }
    for about in DETECTIONS {
        assert!(about.attack.iter().all(|named| TECHNIQUES.contains(named)), "{}", about.name);
    }
}

#[test]
fn tactics_are_those_of_the_matrices() {
    let ics = [
        "Initial Access",
        "Execution",
        "Persistence",
        "Privilege Escalation",
        "Evasion",
        "Discovery",
        "Lateral Movement",
        "Collection",
        "Command and Control",
        "Inhibit Response Function",
        "Impair Process Control",
        "Impact",
    ];
    let enterprise = ["Reconnaissance", "Credential Access", "Defense Evasion", "Exfiltration"];
    let known: BTreeSet<&str> = ics.into_iter().chain(enterprise).collect();
    for technique in TECHNIQUES {
        assert!(known.contains(technique.tactic), "{}: {}", technique.id, technique.tactic);
        assert!(ics.contains(&technique.tactic) || technique.id.starts_with("T1"), "{}", technique.id);
    }
}

#[test]
fn what_was_renumbered_is_in_the_table_under_its_number_here() {
    for (here, later) in RENUMBERED {
        assert!(TECHNIQUES.iter().any(|known| known.id == *here), "{here}");
        assert!(!TECHNIQUES.iter().any(|known| known.id == *later), "{later}");
    }
}
