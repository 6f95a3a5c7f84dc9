//! Each guard of MSH and MSA by itself: where one alone is missing, a test here fails.

use super::super::wire::{Acknowledgement, Header, LINE_MAX};
use crate::public::Public;

const MSH: &str = "MSH|^~\\&|REG|MAIN|EHR|HOSP|20260921120000||ADT^A01^ADT_A01|C1|P|2.5.1|1||AL|NE";
const MSA: &str = "MSA|AA|C1|text|12|D||3|07";

fn text(public: Option<Public<'_>>) -> String {
    public.map_or_else(String::new, |public| public.to_string())
}

fn header(line: &str) -> Header<'_> {
    Header::new(line.as_bytes(), true)
}

/// MSA-1 and MSA-2 as they are shown, with everything in order but what a test changes.
fn shown(line: &str, ended: bool, header: &Header<'_>, (requested, alone): (bool, bool)) -> [String; 2] {
    let mut read = Acknowledgement::new(line.as_bytes(), ended, header);
    read.vouch(requested, alone);
    [text(read.code()), text(read.control_id())]
}

#[test]
fn a_header_must_be_whole() {
    let whole = header(MSH);
    assert!(whole.is_sound());
    assert_eq!(text(whole.namespace(3)), "REG");
    let cut = Header::new(MSH.as_bytes(), false);
    assert!(!cut.is_sound());
    for hidden in [cut.namespace(3), cut.message_code(), cut.trigger_event(), cut.message_structure()] {
        assert_eq!(text(hidden), "(unreadable)");
    }
    for hidden in [cut.control_id(), cut.processing_id(), cut.version()] {
        assert_eq!(text(hidden), "(unreadable)");
    }
    assert!(cut.event().text().is_none() && cut.control_id_bytes().is_empty());
    let long = format!("{MSH}{}", "|".repeat(LINE_MAX));
    assert!(!header(&long).is_sound());
}

#[test]
fn every_anchor_of_a_header_holds_it() {
    for (field, with) in [
        ("ADT^", "ADTX^"),
        ("ADT^", "AD^"),
        ("ADT^", "DOE^"),
        ("|P|", "|X|"),
        ("2.5.1", "2.5.7"),
        ("2.5.1", ""),
        ("|2026", "|x2026"),
        ("|1||AL", "|1a||AL"),
        ("|AL|", "|ALL|"),
        ("|AL|", "|al|"),
        ("|NE", "|NEX"),
        ("^~\\&", "^"),
        ("^~\\&", "^~^&"),
    ] {
        let changed = MSH.replacen(field, with, 1);
        assert_ne!(changed, MSH);
        assert!(!header(&changed).is_sound(), "{changed}");
    }
}

#[test]
fn a_control_id_stands_behind_a_type_in_shape() {
    assert_eq!(text(header(MSH).control_id()), "C1");
    for (field, with) in [("^A01^", "^DOE^"), ("ADT_A01", "DOE_A01"), ("ADT_A01", "ADT_DOE"), ("ADT_A01", "ADTXA01")] {
        let changed = MSH.replacen(field, with, 1);
        assert!(header(&changed).is_sound());
        assert_eq!(text(header(&changed).control_id()), "(unreadable)", "{changed}");
    }
    for known in ["ADT", "ADT^A01", "PGL^PC6^PGL_PC6", "ZAB^Z0A^ZAB"] {
        assert_eq!(text(header(&MSH.replacen("ADT^A01^ADT_A01", known, 1)).control_id()), "C1", "{known}");
    }
}

#[test]
fn every_anchor_of_an_acknowledgement_holds_it() {
    let whole = header(MSH);
    let hidden = ["(unreadable)".to_owned(), "(unreadable)".to_owned()];
    assert_eq!(shown(MSA, true, &whole, (true, true)), ["AA", "C1"]);
    assert_eq!(shown("MSA|AA|C1", true, &whole, (true, true)), ["AA", "C1"]);
    assert_eq!(shown(MSA, false, &whole, (true, true)), hidden);
    assert_eq!(shown(MSA, true, &Header::new(MSH.as_bytes(), false), (true, true)), hidden);
    for (field, with) in [
        ("|AA|", "|DOE|"),
        ("|AA|", "|AX|"),
        ("|12|", "|12a|"),
        ("|D|", "|X|"),
        ("|3|", "|3a|"),
        ("|07", "|DOE"),
        ("|07", "|07|DOE"),
        ("|07", &format!("|07{}", "|".repeat(LINE_MAX))),
    ] {
        let changed = MSA.replacen(field, with, 1);
        assert_ne!(changed, MSA);
        assert_eq!(shown(&changed, true, &whole, (true, true)), hidden, "{changed}");
    }
    // Another separator than the header's: all in order, but not of this message.
    assert_eq!(shown(&MSA.replace('|', "!"), true, &whole, (true, true)), hidden);
}

#[test]
fn an_id_that_is_answered_is_vouched_for() {
    let whole = header(MSH);
    let id = |id: &str, vouched| {
        let [code, id] = shown(&format!("MSA|AA|{id}"), true, &whole, vouched);
        assert_eq!(code, "AA");
        id
    };
    // Asked for on this flow; or with a digit, in a message of nothing else.
    assert_eq!(id("DOE", (true, false)), "DOE");
    assert_eq!(id("C1", (false, true)), "C1");
    assert_eq!(id("DOE", (false, true)), "(unreadable)");
    assert_eq!(id("C1", (false, false)), "(unreadable)");
    for shapeless in ["DOE JOHN 7", "DOE^7", "doe@7", &"7".repeat(200)] {
        assert_eq!(id(shapeless, (true, true)), "(unreadable)", "{shapeless}");
    }
}
