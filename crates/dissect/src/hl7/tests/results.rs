//! Results, as they are folded: whatever else the message holds, and however it was cut.

use super::*;
use crate::hl7::{DAYS_APART, ORDER_CONTROL, OWN_SEGMENTS, RESULT_STATUS, VERSION};
use crate::results::RESULTS_MAX;

const ORU: &str = "MSH|^~\\&|LAB|MAIN|EHR|HOSP|20260921120000||ORU^R01^ORU_R01|C1|P|2.5.1\r\
    PID|1||00042^^^HOSP^MR||CANARYNAME^CANARYGIVEN||19811128|M\rOBR|1|||CHEM^^L\r\
    OBX|1|NM|2951-2^Sodium^LN||138|mmol/L|135-145|N|||F|||20260921115900\r\
    OBX|2|NM|2823-3^Potassium^LN||4.2|mmol/L|3.5-5.1|N|||F|||20260921115900\r\
    OBX|3|TX|8251-1^Comment^LN||CANARYTEXT||||||F\r\
    OBX|4|NM|K^Potassium^L||4.3|mmol/L|||||F\r\
    OBX|5|NM|2075-0^Chloride^LN||104|mmol/L|98-107|N|||P\r\
    NTE|1|L|CANARYNOTE\r\
    OBX|6|NM|1988-5^CRP^LN||-0.5|mg/L|0-5|N|||C\r";

fn results(steps: &[Step]) -> Vec<(String, i64)> {
    run(steps).results.iter().map(|result| (result.analyte.to_string(), result.value)).collect()
}

#[test]
fn final_numbers_of_known_analytes_and_nothing_else() {
    let read = results(&[sent(framed(ORU))]);
    let expected = [("2951-2", 138_000_000), ("2823-3", 4_200_000), ("1988-5", -500_000)];
    assert_eq!(read, expected.map(|(analyte, value)| (analyte.to_owned(), value)));
    let tabs = ORU.replace('|', "\t").replace('^', "!");
    assert_eq!(results(&[sent(framed(&tabs))]), read, "by the message's own separators");
}

#[test]
fn those_of_control_material_and_of_answers_do_not_count() {
    let of = |role: &str| ORU.replace("OBR|1", &format!("SPM|1|T1||SER^^HL70487|||||||{role}^^HL70369\rOBR|1"));
    assert_eq!(results(&[sent(framed(&of("P")))]).len(), 3);
    assert_eq!(results(&[sent(framed(&of("Q")))]), []);
    let answer = ORU.replace("ORU^R01^ORU_R01", "RSP^K11^RSP_K11").replace("PID|1", "MSA|AA|C9\rPID|1");
    assert_eq!(results(&[sent(framed(ADT)), answered(framed(&answer))]), []);
}

#[test]
fn a_line_that_is_not_whole_has_none() {
    let at = ORU.find("|4.2|").unwrap() + 3;
    let steps = [
        sent([b"\x0b", &ORU.as_bytes()[..at]].concat()),
        Step::Gap(Side::B, Some(4)),
        sent([&ORU.as_bytes()[at + 4..], b"\x1c\r"].concat()),
    ];
    let read: Vec<String> = results(&steps).into_iter().map(|(analyte, _)| analyte).collect();
    assert_eq!(read, ["2951-2", "1988-5"]);
}

#[test]
fn no_more_of_a_message_than_the_cap_and_none_of_a_long_line() {
    let line = "OBX|1|NM|2951-2^Sodium^LN||138|mmol/L|135-145|N|||F\r";
    let many = format!("{}{}", ORU.split("OBX").next().unwrap(), line.repeat(RESULTS_MAX + 20));
    assert_eq!(results(&[sent(framed(&many))]).len(), RESULTS_MAX);
    let long = ORU.replace("Sodium", &"S".repeat(300));
    assert_eq!(results(&[sent(framed(&long))]).len(), 2);
}

#[test]
fn results_that_replace_final_ones_are_known_as_such() {
    let are_corrected = |steps: &[Step]| run(steps).features.iter().any(|of| of[RESULT_STATUS] != crate::NO_VALUE);
    let deleted = ORU.replace("|||C\r", "|||D\r");
    assert!(are_corrected(&[sent(framed(&deleted))]));
    let first = ORU.replace("|||C\r", "|||F\r");
    assert!(!are_corrected(&[sent(framed(&first))]));
    assert!(are_corrected(&[sent(framed(ORU))]), "one of them: OBX-11");
    let of_order = |fields: usize, status: &str| {
        let order = format!("OBR|1|||CHEM^^L{}{status}\r", "|".repeat(fields));
        first.replace("OBR|1|||CHEM^^L\r", &order)
    };
    assert!(are_corrected(&[sent(framed(&of_order(21, "C")))]), "all of them: OBR-25");
    let repeated = of_order(21, "F").replace("NTE|1|L|CANARYNOTE", &format!("OBR|2{}C\rOBR|3", "|".repeat(24)));
    assert!(are_corrected(&[sent(framed(&repeated))]), "those of another order");
    for (fields, status) in [(21, "F"), (21, "CANARY"), (20, "C"), (22, "C")] {
        assert!(!are_corrected(&[sent(framed(&of_order(fields, status)))]), "{fields} {status}");
    }
    let long = of_order(21, "C").replace("CHEM", &"C".repeat(1024));
    assert!(!are_corrected(&[sent(framed(&long))]));
    let tabs = of_order(21, "C").replace('|', "\t");
    assert!(are_corrected(&[sent(framed(&tabs))]), "by the message's own separators");
}

#[test]
fn what_becomes_of_orders_and_the_version_are_habits() {
    // Features of text are the lengths of it here: what it is shows the dissector's own test of the codes.
    let of = |feature: usize, message: &str| run(&[sent(framed(message))]).features[0][feature];
    let ordered = |lines: &str| ORU.replace("NTE|1|L|CANARYNOTE", lines);
    for none in ["NTE|1", "ORC|CANARY|1", "ORC||1"] {
        assert_eq!(of(ORDER_CONTROL, &ordered(none)), crate::NO_VALUE, "{none}");
    }
    let long = format!("ORC|NW|{}", "1".repeat(900));
    for some in ["ORC|NW|1", "ORC|NW", "ORC|NW|1\rORC|CA|2", &long] {
        assert_eq!(of(ORDER_CONTROL, &ordered(some)), 2, "{some}");
        assert_eq!(of(ORDER_CONTROL, &ordered(some).replace('|', "\t")), 2, "{some}");
    }
    assert_eq!(of(VERSION, ORU), 5);
    assert_eq!(of(VERSION, &ORU.replace("|P|2.5.1", "|P|2.3")), 3);
}

#[test]
fn days_apart_and_segments_of_a_sites_own_are_habits() {
    let of = |feature: usize, message: &str| run(&[sent(framed(message))]).features[0][feature];
    // What the steps are sent at is near the beginning of 1970.
    assert_eq!(of(DAYS_APART, ORU), 20_717, "2026-09-21");
    assert_eq!(of(DAYS_APART, &ORU.replace("20260921120000||ORU", "19700102||ORU")), 0);
    assert_eq!(of(DAYS_APART, &ORU.replace("20260921120000||ORU", "||ORU")), crate::NO_VALUE);
    assert_eq!(of(OWN_SEGMENTS, ORU), crate::NO_VALUE);
    assert_ne!(of(OWN_SEGMENTS, &ORU.replace("NTE|1|L|", "ZXP|1|")), crate::NO_VALUE);
}
