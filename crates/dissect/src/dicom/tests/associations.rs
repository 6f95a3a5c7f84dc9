//! Association PDUs: what they say, whatever else is in them.

use wardtap_net::stream::Side;

use super::wire::*;
use crate::exercise::{Step, transcript};
use crate::{Evidence, FlowFacts, Probe};

#[test]
fn a_whole_association() {
    let mut steps = vec![a(associate_rq()), b(associate_ac())];
    let [rq, rp] = release();
    steps.extend([a(rq), b(rp)]);
    let seen = checked(&from_start(), &steps);
    assert_eq!(
        heads(&seen),
        [
            &format!("A dicom associate-rq request {}", associate_rq().len())[..],
            &format!("B dicom associate-ac response {} positive paired", associate_ac().len()),
            "A dicom release-rq request 10",
            "B dicom release-rp response 10 positive paired",
        ]
    );
    assert!(seen.anomalies.is_empty());
    let [request, accept, ..] = &seen.messages[..] else { panic!() };
    assert_eq!(
        &request[request.find('{').unwrap()..],
        concat!(
            r#"{"pdu":"A-ASSOCIATE-RQ","calling_ae":"CT1","called_ae":"ARCHIVE","#,
            r#""application_context":"1.2.840.10008.3.1.1.1","#,
            r#""implementation_class_uid":"1.2.276.0.7230010.3.0.3.6.7","implementation_version":"OFFIS_DCMTK_367","#,
            r#""max_pdu":16384,"presentation_contexts":[{"id":1,"abstract_syntax":"1.2.840.10008.5.1.4.1.1.2","#,
            r#""transfer_syntaxes":["1.2.840.10008.1.2.1","1.2.840.10008.1.2"]},"#,
            r#"{"id":3,"abstract_syntax":"1.2.840.10008.5.1.4.1.2.2.1","transfer_syntaxes":["1.2.840.10008.1.2"]}]}"#
        )
    );
    assert_eq!(field(accept, "presentation_contexts.0.abstract_syntax"), CT);
    assert_eq!(field(accept, "presentation_contexts.0.transfer_syntaxes.0"), EXPLICIT);
    assert_eq!(field(accept, "presentation_contexts.1.result"), 0);
    assert_eq!(field(&seen.messages[3], "called_ae"), "ARCHIVE");
}

#[test]
fn negotiation_and_user_identity() {
    let mut more = item(0x53, &[0, 5, 0, 1]);
    let mut role = (CT.len() as u16).to_be_bytes().to_vec();
    role.extend(CT.as_bytes());
    role.extend([0, 1]);
    more.extend(item(0x54, &role));
    more.extend(item(0x56, b"\x00\x04canary-secret"));
    let mut identity = vec![2, 1, 0, 11];
    identity.extend(CANARIES[0].as_bytes());
    identity.extend([0, 13]);
    identity.extend(CANARIES[5].as_bytes());
    more.extend(item(0x58, &identity));
    more.extend(item(0x7f, CANARIES[5].as_bytes()));
    let mut body = fixed("ARCHIVE", "CT1");
    body.extend(application_context());
    body.extend(item(0x99, CANARIES[1].as_bytes()));
    body.extend(user_information(&more));
    let seen = checked(&from_start(), &[a(pdu(1, &body))]);
    assert!(seen.anomalies.is_empty(), "{seen:?}");
    let line = &seen.messages[0];
    assert_eq!(field(line, "user_identity"), "username-and-passcode");
    assert_eq!(field(line, "asynchronous_operations.invoked"), 5);
    assert_eq!(field(line, "roles.0.scp"), true);
    assert_eq!(field(line, "roles.0.scu"), false);
    assert_eq!(field(line, "extended_negotiations"), 1);
}

#[test]
fn rejected_and_aborted() {
    let steps = [a(associate_rq()), b(pdu(3, &[0, 1, 1, 7])), a(pdu(7, &[0, 0, 2, 1]))];
    let seen = checked(&from_start(), &steps);
    assert_eq!(
        heads(&seen)[1..],
        ["B dicom associate-rj response 10 negative paired", "A dicom abort request 10 negative"]
    );
    assert_eq!(field(&seen.messages[1], "reject.reason_name"), "called-ae-title-not-recognized");
    assert_eq!(field(&seen.messages[1], "reject.source"), 1);
    assert_eq!(field(&seen.messages[1], "calling_ae"), "CT1");
    assert_eq!(field(&seen.messages[2], "abort.reason_name"), "unrecognized-pdu");
}

#[test]
fn reserved_octets_are_not_tested() {
    let mut request = associate_rq();
    request[1] = 0x55;
    request[8..10].fill(0xaa);
    request[42..74].fill(0x33);
    request[75] = 9;
    let mut release = pdu(5, &[1, 2, 3, 4]);
    release[1] = 7;
    let seen = checked(&from_start(), &[a(request), a(release)]);
    assert_eq!(heads(&seen)[1], "A dicom release-rq request 10");
    assert_eq!(field(&seen.messages[0], "called_ae"), "ARCHIVE");
    assert!(seen.anomalies.is_empty());
}

#[test]
fn titles_without_their_shape_do_not_go_out() {
    for (called, calling) in [("AR\\CHIVE", "C\tT1"), ("\u{fc}", "C\n")] {
        let mut body = fixed(called, calling);
        body.truncate(36);
        body.resize(68, 0);
        body.extend(application_context());
        body.extend(user_information(&[]));
        let seen = checked(&from_start(), &[a(pdu(1, &body))]);
        for name in ["called_ae", "calling_ae"] {
            assert_eq!(field(&seen.messages[0], name), "(unreadable)", "{name}");
        }
    }
    // Without an application context the fields in front of it may be anything.
    let mut body = fixed(CANARIES[3], CANARIES[0]);
    body.extend(proposed(1, CT, &[IMPLICIT]));
    // Nor where it is not the first item, or no identifier.
    let late = [&body[..], &application_context(), &user_information(&[])].concat();
    let odd = [&fixed(CANARIES[3], CANARIES[0])[..], &item(0x10, b"CANARY"), &user_information(&[])].concat();
    for body in [[&body[..], &user_information(&[])].concat(), body, late, odd] {
        let seen = checked(&from_start(), &[a(associate_rq()), a(pdu(1, &body))]);
        assert_eq!(seen.anomalies, ["association-items"]);
        for name in ["called_ae", "calling_ae"] {
            assert_eq!(field(&seen.messages[1], name), "(unreadable)");
        }
        assert_eq!(field(&seen.messages[1], "implementation_version"), serde_json::Value::Null);
    }
}

#[test]
fn shapes_of_titles_identifiers_and_versions() {
    use super::super::wire::{ae_title, uid, version_name};
    for (text, shown) in [
        ("ARCHIVE-1 a.b", "ARCHIVE-1 a.b"),
        (" CT1  ", "CT1"),
        ("ABCDEFGHIJKLMNOP", "ABCDEFGHIJKLMNOP"),
        ("ABCDEFGHIJKLMNOPQ", "(unreadable)"),
        ("A\\B", "(unreadable)"),
        ("A\tB", "(unreadable)"),
        ("M\u{dc}LLER", "(unreadable)"),
    ] {
        assert_eq!(ae_title(text.as_bytes()).as_str(), shown, "{text}");
        assert_eq!(version_name(text.as_bytes()).as_str(), shown, "{text}");
    }
    let longest = format!("1.{}", "2".repeat(62));
    for (text, shown) in [
        (CT, CT),
        (&longest[..], &longest[..]),
        (&format!("{longest}2"), "(unreadable)"),
        ("47110815", "(unreadable)"),
        ("3.1", "(unreadable)"),
        ("1..2", "(unreadable)"),
        ("1.2.", "(unreadable)"),
        ("1.2.A", "(unreadable)"),
    ] {
        assert_eq!(uid(text.as_bytes()).unwrap().as_str(), shown, "{text}");
    }
}

#[test]
fn titles_padded_with_nul_or_shifted_by_spaces() {
    let mut request = associate_rq();
    request[10..26].copy_from_slice(b"  ARCHIVE\0\0\0\0\0\0\0");
    let seen = checked(&from_start(), &[a(request)]);
    assert_eq!(field(&seen.messages[0], "called_ae"), "ARCHIVE");
}

#[test]
fn items_that_do_not_fit() {
    let mut body = fixed("ARCHIVE", "CT1");
    body.extend(application_context());
    body.extend(proposed(1, CT, &[IMPLICIT]));
    body.extend([0x20, 0, 0xff, 0xff, 3, 0]);
    let seen = checked(&from_start(), &[a(pdu(1, &body)), b(associate_ac())]);
    assert_eq!(seen.anomalies, ["association-items"]);
    assert_eq!(field(&seen.messages[0], "presentation_contexts.0.abstract_syntax"), CT);
    assert_eq!(seen.messages.len(), 2);
}

#[test]
fn more_contexts_than_ids() {
    let mut body = fixed("ARCHIVE", "CT1");
    body.extend(application_context());
    for number in 0..200u8 {
        body.extend(proposed(number | 1, CT, &[IMPLICIT, EXPLICIT]));
    }
    let seen = checked(&from_start(), &[a(pdu(1, &body))]);
    assert_eq!(seen.anomalies, ["too-many-contexts"]);
    assert_eq!(field(&seen.messages[0], "presentation_contexts").as_array().unwrap().len(), 128);
}

#[test]
fn too_long_to_be_gathered() {
    let mut body = fixed("ARCHIVE", "CT1");
    body.extend(application_context());
    for _ in 0..5 {
        body.extend(item(0x99, &[0x55; 60_000]));
    }
    let long = pdu(1, &body);
    let seen = checked(&from_start(), &[a(long.clone()), a(release()[0].clone())]);
    assert_eq!(seen.anomalies, ["association-too-long"]);
    assert_eq!(head(&seen.messages[0]), format!("A dicom associate-rq request {}", long.len()));
    assert_eq!(field(&seen.messages[0], "calling_ae"), "CT1");
    assert_eq!(head(&seen.messages[1]), "A dicom release-rq request 10");
    assert!(seen.held_max < 2048, "{}", seen.held_max);
}

#[test]
fn four_gigabytes_announced() {
    let mut hostile = vec![1, 0, 0xff, 0xff, 0xff, 0xff];
    hostile.extend(fixed("ARCHIVE", "CT1"));
    hostile.extend(application_context());
    hostile.extend([0; 2000]);
    let seen = checked(&from_start(), &[a(associate_rq()), a(hostile.clone())]);
    assert_eq!(seen.anomalies, ["association-too-long"]);
    assert_eq!(seen.messages.len(), 2);
    // Without an application context such a length is not believed.
    hostile[74] = 0;
    hostile.extend(associate_rq());
    let seen = checked(&from_start(), &[a(associate_rq()), a(hostile)]);
    assert_eq!(seen.anomalies, ["unknown-pdu"]);
    assert_eq!(seen.messages.len(), 2);
}

#[test]
fn an_answer_alone() {
    let seen = checked(&midstream(), &[b(associate_ac())]);
    assert_eq!(field(&seen.messages[0], "calling_ae"), "CT1");
    assert_eq!(head(&seen.messages[0]), format!("B dicom associate-ac response {} positive", associate_ac().len()));
}

fn ask(flow: &FlowFacts, a: &[u8], b: &[u8]) -> Probe {
    (super::super::PROTOCOL.probe)(&Evidence { flow, bytes: [a, b], first: Side::A })
}

#[test]
fn probe_knows_it_on_any_port() {
    let anywhere = FlowFacts { ports: [50000, 50001], ..FlowFacts::default() };
    let usual = midstream();
    let store = data(1, 3, &store_rq(1));
    let pixels = data(1, 0, &[7; 300]);
    let two = [pixels.clone(), pixels.clone()].concat();
    for (bytes, answer) in
        [(associate_rq(), Some(Side::A)), (associate_ac(), Some(Side::B)), (store, None), (two, None)]
    {
        assert_eq!(ask(&anywhere, &bytes, &[]), Probe::Yes(answer));
        let mut sure = false;
        for length in 0..bytes.len() {
            match ask(&anywhere, &bytes[..length], &[]) {
                Probe::Unsure => assert!(!sure),
                yes => {
                    assert_eq!(yes, Probe::Yes(answer));
                    sure = true;
                }
            }
        }
    }
    assert_eq!(ask(&usual, &pixels[..100], &[]), Probe::Yes(None));
    assert_eq!(ask(&anywhere, &pixels[..100], &[]), Probe::Unsure);
    let [rq, rp] = release();
    assert_eq!(ask(&anywhere, &rq, &[]), Probe::Unsure);
    assert_eq!(ask(&anywhere, &rq, b"no"), Probe::No);
    assert_eq!(ask(&usual, &rq, &[]), Probe::Yes(None));
    assert_eq!(ask(&anywhere, &rq, &rp), Probe::Yes(None));
}

#[test]
fn an_acceptance_sent_again_and_again_takes_no_room() {
    let once = [a(associate_rq()), b(associate_ac())];
    let again: Vec<Step> = once.iter().cloned().chain((0..1000).map(|_| b(associate_ac()))).collect();
    assert_eq!(transcript(&from_start(), &again).held_max, transcript(&from_start(), &once).held_max);
}

#[test]
fn probe_refuses_others() {
    let usual = midstream();
    for bytes in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"\x0bMSH|^~\\&|A|B\r\x1c\r",
        &[0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1],
        &[1, 0, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1],
        &[4, 0, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1],
        &[5, 0, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1],
        &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 1],
        &[4; 400],
        &[0; 400],
    ] {
        assert_eq!(ask(&usual, bytes, &[]), Probe::No, "{bytes:?}");
    }
}

#[test]
fn the_requester_is_who_asked_for_the_association() {
    use crate::Dissector;
    let mut dicom = super::super::dissector::Dicom::new(&midstream());
    let mut to = crate::exercise::Transcript::default();
    // A C-GET sub-operation: the archive stores.
    for step in [b(data(1, 3, &store_rq(1))), b(data(1, 2, &patient(10)))] {
        let Step::Bytes(side, bytes) = step else { panic!() };
        let time = wardtap_net::packet::Timestamp::EPOCH;
        dicom.dissect(&wardtap_net::stream::Chunk { side, time, frame: 1, bytes: &bytes }, &mut to);
    }
    assert_eq!(to.messages.len(), 1);
    assert_eq!(dicom.requester(), Some(Side::A));
    assert!(size_of_val(&dicom) <= 96, "{}", size_of_val(&dicom));
}
