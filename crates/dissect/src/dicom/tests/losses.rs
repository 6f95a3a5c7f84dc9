//! Gaps, contradictions and nonsense: one of them never ends a flow.

use wardtap_net::stream::Side;

use super::wire::*;
use crate::exercise::{Step, transcript};

fn echo(id: u16) -> Vec<u8> {
    data(1, 3, &request(0x0030, id, VERIFICATION, false))
}

fn gap(missing: usize) -> Step {
    Step::Gap(Side::A, Some(missing as u64))
}

#[test]
fn a_gap_in_a_data_set_shortens_it() {
    let object = patient(5000);
    let pdu = data(1, 2, &object);
    let steps = [a(data(1, 3, &store_rq(1))), a(&pdu[..1000]), gap(1460), a(&pdu[2460..]), a(echo(2))];
    let seen = told(&steps);
    assert!(seen.anomalies.is_empty());
    assert!(head(&seen.messages[0]).ends_with("incomplete"));
    assert_eq!(field(&seen.messages[0], "dimse.dataset_bytes"), object.len());
    assert!(head(&seen.messages[1]).contains("c-echo-rq"));
}

/// Response times are what others judge devices by: one is told only where both ends of it are known.
#[test]
fn how_long_an_answer_took_is_told_only_where_its_request_is_known_to_be_whole_by_then() {
    let object = patient(5000);
    let pdu = data(1, 2, &object);
    let stored = || b(data(1, 3, &response(0x8001, 1, 0, false)));
    let paired = |steps: &[Step]| {
        let seen = told(steps);
        seen.messages.iter().filter(|line| line.contains(" paired")).count()
    };
    let begun = || a([data(1, 3, &store_rq(1)), pdu[..1000].to_vec()].concat());
    assert_eq!(paired(&[begun(), a(&pdu[1000..]), stored()]), 1);
    assert_eq!(paired(&[begun(), gap(1460), a(&pdu[2460..]), stored()]), 1, "its middle is missing");
    assert_eq!(paired(&[begun(), gap(pdu.len() - 1000), stored()]), 0, "its end is missing");
    assert_eq!(paired(&[begun(), gap(pdu.len()), stored()]), 0, "its end and more is missing");
    // The place in the stream is lost, and the end of another object looks like that of the first.
    let other = data(1, 2, &patient(200));
    assert_eq!(paired(&[begun(), gap(7000), a(other), stored()]), 0);
}

#[test]
fn an_answer_belongs_to_no_request_from_before_a_loss() {
    let asked = |id| a(echo(id));
    let answered = |id| b(data(1, 3, &response(0x8030, id, 0, false)));
    let paired = |steps: &[Step]| {
        let seen = told(steps);
        seen.messages.iter().filter(|line| line.contains(" paired")).count()
    };
    assert_eq!(paired(&[asked(1), answered(1), asked(1), answered(1)]), 2, "many peers number all requests 1");
    let lost_answer = Step::Gap(Side::B, Some(echo(1).len() as u64));
    assert_eq!(paired(&[asked(1), lost_answer, asked(1), answered(1), answered(1)]), 1, "the first gave way");
    assert_eq!(paired(&[asked(1), gap(echo(1).len()), answered(1)]), 0, "it may be the one that was lost");
    assert_eq!(paired(&[asked(1), gap(echo(1).len()), asked(2), answered(2)]), 1);
}

#[test]
fn a_gap_at_every_place() {
    let object = patient(600);
    let (x, y) = object.split_at(300);
    let stream = [data(1, 3, &store_rq(1)), data(1, 0, x), data(1, 2, y), echo(2), echo(3), echo(4)].concat();
    let echoes = stream.len() - 3 * echo(2).len();
    for length in [1, 5, 100] {
        for start in 0..echoes - length {
            let steps = [a(&stream[..start]), gap(length), a(&stream[start + length..])];
            let seen = told_lightly(&steps);
            let known = seen.messages.iter().filter(|line| head(line).contains("c-echo-rq")).count();
            assert!(known >= 2, "gap of {length} at {start}: {seen:?}");
            assert!(seen.messages.len() <= 4);
            let unknown = [a(&stream[..start]), Step::Gap(Side::A, None), a(&stream[start + length..])];
            let seen = told_lightly(&unknown);
            let known = seen.messages.iter().filter(|line| head(line).contains("c-echo-rq")).count();
            assert!(known >= 2, "unknown gap of {length} at {start}: {seen:?}");
        }
    }
}

#[test]
fn a_gap_in_a_command_loses_that_message_only() {
    let pdu = data(1, 3, &store_rq(1));
    let object = data(1, 2, &patient(100));
    let steps = [a(&pdu[..40]), gap(20), a(&pdu[60..]), a(object), a(echo(2))];
    let seen = told(&steps);
    assert_eq!(seen.anomalies, ["command-lost"]);
    assert_eq!(seen.messages.len(), 1, "{seen:?}");
    assert!(head(&seen.messages[0]).contains("c-echo-rq"));
}

#[test]
fn a_gap_in_an_association_request() {
    let request = associate_rq();
    for start in 6..request.len() - 4 {
        let steps = [a(&request[..start]), gap(4), a(&request[start + 4..]), b(associate_ac()), a(echo(1))];
        let flow = from_start();
        let seen = transcript(&flow, &steps);
        private(&seen);
        // Named at the latest by the answer or by the command.
        assert!(heads(&seen).iter().any(|line| line.contains("c-echo-rq")), "{start}: {seen:?}");
    }
    // Known as DICOM, the cut request is told with what is there of it.
    let steps = [b(associate_ac()), a(&request[..150]), gap(4), a(&request[154..]), a(echo(1))];
    let seen = checked(&from_start(), &steps);
    assert_eq!(head(&seen.messages[1]), format!("A dicom associate-rq request {} incomplete", request.len()));
    assert_eq!(field(&seen.messages[1], "calling_ae"), "CT1");
    assert!(head(&seen.messages[2]).contains("c-echo-rq"));
    assert!(seen.anomalies.is_empty());
}

#[test]
fn cut_off_at_the_end() {
    let object = patient(600);
    let stream = [data(1, 3, &store_rq(1)), data(1, 2, &object)].concat();
    for length in 0..stream.len() {
        let seen = told(&[a(&stream[..length])]);
        let expected = usize::from(length >= data(1, 3, &store_rq(1)).len());
        assert_eq!(seen.messages.len(), expected, "{length}");
        if expected == 1 {
            assert!(head(&seen.messages[0]).ends_with("incomplete"));
        }
    }
}

#[test]
fn contradicting_lengths() {
    let mut too_long = data(1, 2, &patient(50));
    too_long[9] = 0xff;
    let mut too_short = data(1, 2, &patient(50));
    too_short[6..10].copy_from_slice(&[0, 0, 0, 1]);
    let mut huge = data(1, 2, &patient(50));
    huge[6..10].copy_from_slice(&[0xff; 4]);
    let mut leftover = pdv(1, 3, &request(0x0030, 9, VERIFICATION, false));
    leftover.extend([0, 0, 0]);
    for bad in [too_long, too_short, huge, pdu(4, &leftover)] {
        let seen = told(&[a(bad), a(echo(2)), a(echo(3))]);
        assert_eq!(seen.anomalies, ["pdv-length"]);
        assert!(head(seen.messages.last().unwrap()).contains("c-echo-rq"));
        assert!(seen.messages.len() >= 2, "{seen:?}");
    }
}

#[test]
fn unknown_and_misshapen_pdus() {
    for bad in [
        pdu(0, &[1; 10]),
        pdu(9, &[9; 30]),
        pdu(0xff, &[]),
        pdu(5, &[]),
        pdu(1, &[0; 20]),
        pdu(7, &[0; 300]),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
    ] {
        let seen = told(&[a(bad), a(echo(2))]);
        assert_eq!(seen.anomalies, ["unknown-pdu"]);
        assert_eq!(seen.messages.len(), 1, "{seen:?}");
    }
    for (odd, messages) in [(pdu(5, &[0; 9]), 2), (pdu(4, &[]), 1), (pdu(4, &[0; 5]), 1)] {
        let seen = told(&[a(odd), a(echo(2))]);
        assert_eq!(seen.anomalies, ["pdu-length"]);
        assert_eq!(seen.messages.len(), messages);
    }
}

#[test]
fn bits_and_ids_that_have_no_meaning() {
    let seen = told(&[a(data(2, 0x83, &request(0x0030, 2, VERIFICATION, false)))]);
    assert_eq!(seen.anomalies, ["context-id", "control-header"]);
    assert_eq!(seen.messages.len(), 1);
}

#[test]
fn data_sets_and_commands_that_do_not_fit_together() {
    let seen = told(&[a(data(1, 2, &patient(10))), a(echo(2))]);
    assert_eq!(seen.anomalies, ["dataset-without-command"]);
    let seen = told(&[a(data(1, 3, &store_rq(1))), a(echo(2))]);
    assert_eq!(seen.anomalies, ["message-unfinished"]);
    assert!(head(&seen.messages[0]).ends_with("incomplete"));
    assert_eq!(seen.messages.len(), 2);
    let (x, y) = (store_rq(1)[..40].to_vec(), store_rq(1)[40..].to_vec());
    let seen = told(&[a(data(1, 1, &x)), a(data(1, 0, &patient(9))), a(data(1, 3, &y)), a(data(1, 2, &[0; 9]))]);
    assert_eq!(seen.anomalies, ["pdv-order"]);
    assert_eq!(seen.messages.len(), 1);
    let seen = told(&[a(data(1, 3, &request(0x0030, 2, VERIFICATION, false))), a(data(1, 2, &patient(10)))]);
    assert_eq!(seen.anomalies, ["dataset-without-command"]);
}

#[test]
fn command_sets_that_the_walk_refuses() {
    let bomb = {
        let mut bytes = number(0, 0);
        bytes.extend([0, 0, 2, 0, 0xf0, 0xff, 0xff, 0xef, b'1']);
        bytes
    };
    let foreign = command(&[number(0x0100, 0x0030), implicit(0x10, 0x10, CANARIES[0].as_bytes())]);
    let unordered = command(&[number(0x0110, 1), number(0x0100, 0x0030)]);
    let wide = command(&[implicit(0, 0x0100, &[1, 2, 3])]);
    let undefined = {
        let mut bytes = command(&[number(0x0100, 0x0030)]);
        bytes.extend([0, 0, 0x10, 0x01, 0xff, 0xff, 0xff, 0xff]);
        bytes
    };
    let headless = [number(0x0100, 0x0030), number(0x0800, 0x0101)].concat();
    let titled = command(&[
        text(0x0002, CANARIES[4]),
        number(0x0100, 0x0021),
        text(0x0600, CANARIES[3]),
        number(0x0800, 0x0101),
        text(0x1030, CANARIES[3]),
        vec![1, 2, 3],
    ]);
    for bad in [bomb, foreign, unordered, wide, undefined, headless, titled, vec![], vec![0; 7], b"MSH|^~\\&|".to_vec()]
    {
        let seen = told(&[a(data(1, 3, &bad)), a(echo(2))]);
        assert_eq!(seen.anomalies, ["command-set"], "{bad:?}");
        assert_eq!(seen.messages.len(), 2, "{seen:?}");
        assert!(head(&seen.messages[1]).contains("c-echo-rq"));
        for text in ["move_destination", "move_originator", "sop_class_uid"] {
            assert_eq!(field(&seen.messages[0], &format!("dimse.{text}")), serde_json::Value::Null);
        }
    }
    // What it knew before it refused still says what the message is.
    let seen = told(&[a(data(1, 3, &command(&[number(0x0100, 0x0030), number(0x0110, 7), vec![9]])))]);
    assert_eq!(field(&seen.messages[0], "dimse.command"), "C-ECHO-RQ");
    assert_eq!(field(&seen.messages[0], "dimse.message_id"), 7);
}

#[test]
fn a_command_too_long_to_be_gathered() {
    let mut long = store_rq(1);
    long.extend(implicit(0, 0x5000, &vec![1; 70_000]));
    let pdu = data(1, 3, &long);
    let seen = told(&[a(pdu), a(data(1, 2, &patient(10))), a(echo(2))]);
    assert_eq!(seen.anomalies, ["command-too-long"]);
    assert_eq!(seen.messages.len(), 1);
    let fragments: Vec<_> = long.chunks(30_000).map(|piece| a(data(1, 1, piece))).collect();
    let mut steps = fragments;
    steps.extend([a(data(1, 3, &[])), a(data(1, 2, &patient(10))), a(echo(2))]);
    let seen = told(&steps);
    assert_eq!(seen.anomalies, ["command-too-long"]);
    assert_eq!(seen.messages.len(), 1);
}

#[test]
fn commands_gathered_at_once_are_limited_together() {
    let fragment = [store_rq(1), implicit(0, 0x5000, &[1; 20_000])].concat();
    let steps: Vec<_> = (0..6u8).map(|number| a(data(number * 2 + 1, 1, &fragment))).collect();
    let seen = told(&steps);
    assert_eq!(seen.anomalies, ["command-too-long"; 3]);
}

#[test]
fn four_gigabytes_of_data_set() {
    let mut pdu = vec![4, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfb, 1, 2];
    pdu.extend(patient(3000));
    let seen = told(&[a(data(1, 3, &store_rq(1))), a(pdu), gap(0xfff0_0000), a(vec![0; 50_000])]);
    assert!(seen.anomalies.is_empty());
    assert!(head(&seen.messages[0]).ends_with("incomplete"));
    assert!(seen.held_max < 8192, "{}", seen.held_max);
}

#[test]
fn what_could_have_been_a_pdu_is_searched_at_the_end() {
    // The start of an association request that never goes on, with a whole command in what it would be waited for.
    let mut bytes = b"lost".to_vec();
    bytes.extend([1, 0, 0, 0, 1, 0]);
    bytes.extend([0x41; 20]);
    bytes.extend(&echo(2)[..84]);
    let seen = told(&[a(bytes.clone()), Step::Gap(Side::A, Some(6)), a(echo(3))]);
    assert_eq!(seen.anomalies, ["unknown-pdu", "command-lost"]);
    assert_eq!(seen.messages.len(), 1);
    let short = data(1, 3, &command(&[number(0x0100, 0x0fff), number(0x0120, 5), number(0x0800, 0x0101)]));
    bytes.truncate(10);
    bytes.extend([&short[..], &[1; 3]].concat());
    assert_eq!(told(&[a(bytes)]).messages.len(), 1);
}
