//! DIMSE messages: one each, however they are cut into items and PDUs.

use super::wire::*;
use crate::exercise::{Step, transcript};

#[test]
fn a_store_over_many_pdus() {
    let object = patient(70_000);
    let mut steps = vec![a(data(1, 3, &store_rq(7)))];
    let mut bytes = data(1, 3, &store_rq(7)).len();
    let pieces: Vec<_> = object.chunks(16_000).collect();
    for (number, piece) in pieces.iter().enumerate() {
        let pdu = data(1, if number + 1 == pieces.len() { 2 } else { 0 }, piece);
        bytes += pdu.len();
        steps.push(a(pdu));
    }
    steps.push(b(data(1, 3, &response(0x8001, 7, 0, false))));
    let seen = told(&steps);
    assert!(seen.anomalies.is_empty(), "{:?}", seen.anomalies);
    assert_eq!(head(&seen.messages[0]), format!("A dicom c-store-rq request {bytes}"));
    assert_eq!(
        &seen.messages[0][seen.messages[0].find('{').unwrap()..],
        format!(
            concat!(
                r#"{{"pdu":"P-DATA-TF","calling_ae":"CT1","called_ae":"ARCHIVE","dimse":{{"command":"C-STORE-RQ","#,
                r#""message_id":7,"sop_class_uid":"1.2.840.10008.5.1.4.1.1.2","priority":1,"dataset_bytes":{},"#,
                r#""context_id":1,"abstract_syntax":"1.2.840.10008.5.1.4.1.1.2","#,
                r#""transfer_syntax":"1.2.840.10008.1.2.1"}}}}"#
            ),
            object.len()
        )
    );
    let length = data(1, 3, &response(0x8001, 7, 0, false)).len();
    assert_eq!(head(&seen.messages[1]), format!("B dicom c-store-rsp response {length} positive paired"));
    assert_eq!(field(&seen.messages[1], "dimse.status"), "0000");
    assert_eq!(field(&seen.messages[1], "dimse.message_id"), 7);
    assert!(seen.findings.is_empty());
}

#[test]
fn a_find_with_pending_answers() {
    let mut steps = vec![a(data(3, 3, &request(0x0020, 2, STUDY_ROOT_FIND, true))), a(data(3, 2, &query("STUDY")))];
    for _ in 0..3 {
        steps.push(b(data(3, 3, &response(0x8020, 2, 0xff00, true))));
        steps.push(b(data(3, 2, &query("STUDY"))));
    }
    steps.push(b(data(3, 3, &response(0x8020, 2, 0, false))));
    steps.push(b(data(3, 3, &response(0x8020, 2, 0, false))));
    let seen = told(&steps);
    let heads: Vec<_> = heads(&seen).iter().map(|line| line.split(' ').skip(2).collect::<Vec<_>>()).collect();
    assert_eq!(heads[0][0], "c-find-rq");
    assert_eq!(field(&seen.messages[0], "dimse.query_level"), "STUDY");
    for line in &heads[1..4] {
        assert_eq!(line[0], "c-find-rsp");
        assert_eq!(line[3], "paired", "pending, so neutral");
    }
    assert_eq!(heads[4][3..], ["positive", "paired"]);
    assert_eq!(heads[5][3..], ["positive"], "answered for good before");
    assert_eq!(field(&seen.messages[1], "dimse.status"), "FF00");
    assert_eq!(field(&seen.messages[1], "dimse.query_level"), serde_json::Value::Null);
}

#[test]
fn a_move_and_its_counts() {
    let ask = command(&[
        text(0x0002, "1.2.840.10008.5.1.4.1.2.2.2"),
        number(0x0100, 0x0021),
        number(0x0110, 9),
        text(0x0600, "ELSEWHERE "),
        number(0x0700, 2),
        number(0x0800, 0),
    ]);
    let answer = command(&[
        number(0x0100, 0x8021),
        number(0x0120, 9),
        number(0x0800, 0x0101),
        number(0x0900, 0xb000),
        number(0x1020, 0),
        number(0x1021, 40),
        number(0x1022, 2),
        number(0x1023, 1),
    ]);
    let seen = told(&[a(data(3, 3, &ask)), a(data(3, 2, &query("SERIES"))), b(data(3, 3, &answer))]);
    assert_eq!(field(&seen.messages[0], "dimse.move_destination"), "ELSEWHERE");
    assert_eq!(field(&seen.messages[0], "dimse.query_level"), "SERIES");
    let line = &seen.messages[1];
    assert!(head(line).ends_with("positive paired"), "{line}");
    assert_eq!(field(line, "dimse.status_class"), "warning");
    for (name, count) in [("remaining", 0), ("completed", 40), ("failed", 2), ("warning", 1)] {
        assert_eq!(field(line, &format!("dimse.suboperations_{name}")), count);
    }
}

#[test]
fn every_command_has_its_name() {
    for (field_value, name) in [
        (0x0001u16, "c-store"),
        (0x0010, "c-get"),
        (0x0020, "c-find"),
        (0x0021, "c-move"),
        (0x0030, "c-echo"),
        (0x0100, "n-event-report"),
        (0x0110, "n-get"),
        (0x0120, "n-set"),
        (0x0130, "n-action"),
        (0x0140, "n-create"),
        (0x0150, "n-delete"),
    ] {
        let seen = told(&[
            a(data(1, 3, &request(field_value, 1, CT, false))),
            b(data(1, 3, &response(field_value | 0x8000, 1, 0x0124, false))),
        ]);
        assert!(head(&seen.messages[0]).contains(&format!(" {name}-rq request")), "{:?}", seen.messages);
        assert!(head(&seen.messages[1]).contains(&format!(" {name}-rsp response")), "{:?}", seen.messages);
        assert!(head(&seen.messages[1]).ends_with("negative paired"));
        assert_eq!(field(&seen.messages[0], "dimse.command"), format!("{}-RQ", name.to_uppercase()));
    }
    let cancel = command(&[number(0x0100, 0x0fff), number(0x0120, 5), number(0x0800, 0x0101)]);
    let seen = told(&[a(data(1, 3, &cancel)), a(data(1, 3, &request(0x0777, 1, CT, false)))]);
    assert!(head(&seen.messages[0]).contains(" c-cancel-rq request"));
    assert_eq!(field(&seen.messages[0], "dimse.message_id"), 5);
    assert!(head(&seen.messages[1]).contains(" other-dimse request"));
    assert_eq!(field(&seen.messages[1], "dimse.command_field"), 0x0777);
}

#[test]
fn fragmented_commands_empty_items_and_shared_pdus() {
    let command = store_rq(3);
    let (first, second) = command.split_at(30);
    let object = patient(100);
    // One PDU: a command in three fragments, one of them empty; then the data set, its last fragment empty.
    let mut body = pdv(1, 1, first);
    body.extend(pdv(1, 1, &[]));
    body.extend(pdv(1, 3, second));
    body.extend(pdv(1, 0, &object));
    let pdu_of_two = pdu(4, &body);
    let seen = told(&[a(pdu_of_two.clone()), a(data(1, 2, &[])), a(data(1, 3, &store_rq(4)))]);
    assert!(seen.anomalies.is_empty(), "{:?}", seen.anomalies);
    assert_eq!(head(&seen.messages[0]), format!("A dicom c-store-rq request {}", pdu_of_two.len() + 12));
    assert_eq!(field(&seen.messages[0], "dimse.dataset_bytes"), object.len());
    // The last one never got its data set.
    assert!(head(&seen.messages[1]).ends_with("incomplete"), "{:?}", seen.messages);
}

#[test]
fn two_messages_in_one_pdu() {
    let mut body = pdv(1, 3, &request(0x0030, 1, VERIFICATION, false));
    body.extend(pdv(1, 3, &request(0x0030, 2, VERIFICATION, false)));
    let seen = told(&[a(pdu(4, &body))]);
    let item = pdv(1, 3, &request(0x0030, 1, VERIFICATION, false)).len();
    assert_eq!(
        heads(&seen),
        [format!("A dicom c-echo-rq request {}", item + 6), format!("A dicom c-echo-rq request {item}")]
    );
}

#[test]
fn interleaved_contexts() {
    let object = patient(1000);
    let (x, y) = object.split_at(500);
    let mut body = pdv(1, 3, &store_rq(1));
    body.extend(pdv(3, 3, &request(0x0020, 2, STUDY_ROOT_FIND, true)));
    body.extend(pdv(1, 0, x));
    body.extend(pdv(3, 2, &query("PATIENT")));
    body.extend(pdv(1, 2, y));
    let seen = told(&[a(pdu(4, &body))]);
    assert!(seen.anomalies.is_empty());
    assert_eq!(seen.messages.len(), 2);
    assert_eq!(field(&seen.messages[0], "dimse.query_level"), "PATIENT");
    assert_eq!(field(&seen.messages[1], "dimse.dataset_bytes"), object.len());
}

#[test]
fn more_open_messages_than_are_followed() {
    let steps: Vec<Step> = (0..10u8).map(|number| a(data(number * 2 + 1, 3, &store_rq(number.into())))).collect();
    let seen = told(&steps);
    assert_eq!(seen.anomalies, ["too-many-open"; 2]);
    assert_eq!(seen.messages.len(), 10);
    assert!(seen.messages.iter().all(|line| head(line).ends_with("incomplete")));
}

#[test]
fn caught_in_the_middle() {
    let object = patient(3000);
    let steps = [
        a(object[100..].to_vec()),
        a(data(1, 3, &store_rq(8))),
        a(data(1, 2, &object)),
        b(data(1, 3, &response(0x8001, 8, 0xa700, false))),
    ];
    // The first bytes are the rest of a PDU, so only the second step can name the flow.
    let seen = transcript(&midstream(), &steps);
    private(&seen);
    assert_eq!(seen.messages.len(), 2, "{seen:?}");
    assert_eq!(field(&seen.messages[0], "dimse.command"), "C-STORE-RQ");
    assert_eq!(field(&seen.messages[0], "dimse.abstract_syntax"), serde_json::Value::Null);
    assert!(head(&seen.messages[1]).ends_with("negative paired"));
}

#[test]
fn pairing_is_by_id_and_operation() {
    let steps = [
        a(data(1, 3, &request(0x0030, 1, VERIFICATION, false))),
        a(data(1, 3, &request(0x0030, 2, VERIFICATION, false))),
        b(data(1, 3, &response(0x8030, 2, 0, false))),
        b(data(1, 3, &response(0x8001, 1, 0, false))),
        b(data(1, 3, &response(0x8030, 1, 0, false))),
        b(data(1, 3, &response(0x8030, 1, 0, false))),
    ];
    let seen = told(&steps);
    let paired: Vec<_> = heads(&seen)[2..].iter().map(|line| line.ends_with(" paired")).collect();
    assert_eq!(paired, [true, false, true, false]);
}

#[test]
fn requests_without_answers_are_capped() {
    let steps: Vec<_> = (0..1100).map(|id| a(data(1, 3, &request(0x0030, id, VERIFICATION, false)))).collect();
    let mut all = vec![a(associate_rq()), b(associate_ac())];
    all.extend(steps);
    let seen = transcript(&from_start(), &all);
    assert_eq!(seen.messages.len(), 1102);
    assert_eq!(seen.anomalies.len(), 1100 - crate::pending::PENDING_MAX);
    assert!(seen.held_max < 64 * 1024, "{}", seen.held_max);
}

#[test]
fn features_are_what_people_read() {
    use super::super::{CALLED_AE, CALLING_AE, CLASS, COMMAND, DATASET_BYTES, PROTOCOL, QUERY_LEVEL, STATUS};
    use crate::{Finding, Message, MessageHandler, NO_VALUE, Protocol};

    #[derive(Default)]
    struct Texts(Vec<Vec<String>>);
    impl MessageHandler for Texts {
        fn message(&mut self, message: &dyn Message) {
            let features = message.features(&|text| text.len() as u64);
            let text = |index| message.feature_text(index).map_or("-".to_owned(), |text| text.to_string());
            for index in [COMMAND, CALLING_AE, CALLED_AE, CLASS, QUERY_LEVEL, STATUS] {
                let known = message.feature_text(index).map_or(NO_VALUE, |text| text.as_str().len() as u64);
                assert_eq!(features[index], known);
            }
            let mut texts: Vec<String> = (0..DATASET_BYTES).map(text).collect();
            texts.push(features[DATASET_BYTES].to_string());
            self.0.push(texts);
        }
        fn anomaly(&mut self, _: &'static Protocol, _: usize) {}
        fn finding(&mut self, _: &'static Protocol, _: Finding) {}
        fn copied(&mut self, _: usize) {}
    }

    let texts = |steps: &[Step]| {
        let mut dicom = (PROTOCOL.dissector)(&from_start());
        let mut seen = Texts::default();
        for step in steps {
            let Step::Bytes(side, bytes) = step else { panic!() };
            let time = wardtap_net::packet::Timestamp::EPOCH;
            dicom.dissect(&wardtap_net::stream::Chunk { side: *side, time, frame: 1, bytes }, &mut seen);
        }
        seen.0
    };
    let steps = [
        a(associate_rq()),
        a(data(3, 3, &request(0x0020, 2, STUDY_ROOT_FIND, true))),
        a(data(3, 2, &query("STUDY"))),
        b(data(3, 3, &response(0x8020, 2, 0xa700, false))),
        b(pdu(3, &[0, 1, 1, 3])),
    ];
    let none = u64::MAX.to_string();
    let length = query("STUDY").len().to_string();
    assert_eq!(
        texts(&steps),
        [
            ["A-ASSOCIATE-RQ", "CT1", "ARCHIVE", "1.2.276.0.7230010.3.0.3.6.7", "-", "-", "-", &none],
            ["C-FIND-RQ", "CT1", "ARCHIVE", STUDY_ROOT_FIND, "STUDY", "-", "-", &length],
            ["C-FIND-RSP", "CT1", "ARCHIVE", STUDY_ROOT_FIND, "-", "failure", "-", "0"],
            ["A-ASSOCIATE-RJ", "CT1", "ARCHIVE", "-", "-", "calling-ae-title-not-recognized", "-", &none],
        ]
    );
    let status = |results: &[u8]| {
        let contexts = results.iter().zip([1, 3]).flat_map(|(result, id)| answered(id, *result, IMPLICIT));
        let body: Vec<u8> = fixed("ARCHIVE", "CT1").into_iter().chain(application_context()).chain(contexts).collect();
        texts(&[a(associate_rq()), b(pdu(2, &body))])[1][STATUS].clone()
    };
    assert_eq!(status(&[3, 4]), "none-accepted", "PS3.8 9.3.3.2: neither the class, nor a transfer syntax");
    assert_eq!(status(&[3, 0]), "-");
    assert_eq!(status(&[]), "-", "it answers nothing");
}
