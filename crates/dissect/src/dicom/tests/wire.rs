//! Writes PDUs, command sets and data sets.

use wardtap_net::stream::Side;

use crate::exercise::{Step, Transcript, cut, exercise, transcript};
use crate::{FlowFacts, Transport, json};

pub(super) const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
pub(super) const STUDY_ROOT_FIND: &str = "1.2.840.10008.5.1.4.1.2.2.1";
pub(super) const VERIFICATION: &str = "1.2.840.10008.1.1";
pub(super) const IMPLICIT: &str = "1.2.840.10008.1.2";
pub(super) const EXPLICIT: &str = "1.2.840.10008.1.2.1";
pub(super) const BIG: &str = "1.2.840.10008.1.2.2";
/// Patient data: must not show anywhere.
pub(super) const CANARIES: [&str; 6] =
    ["CANARY^ANNA", "MRN-4711-CANARY", "19331224", "CANARYSTREET", "1.2.3.99.77.55", "canary-secret"];

pub(super) fn pdu(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind, 0];
    bytes.extend((body.len() as u32).to_be_bytes());
    bytes.extend(body);
    bytes
}

pub(super) fn item(kind: u8, value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind, 0];
    bytes.extend((value.len() as u16).to_be_bytes());
    bytes.extend(value);
    bytes
}

pub(super) fn fixed(called: &str, calling: &str) -> Vec<u8> {
    let mut body = vec![0, 1, 0, 0];
    body.extend(format!("{called:<16}").as_bytes());
    body.extend(format!("{calling:<16}").as_bytes());
    body.extend([0; 32]);
    body
}

pub(super) fn application_context() -> Vec<u8> {
    item(0x10, b"1.2.840.10008.3.1.1.1")
}

pub(super) fn user_information(more: &[u8]) -> Vec<u8> {
    let mut value = item(0x51, &16384u32.to_be_bytes());
    value.extend(item(0x52, b"1.2.276.0.7230010.3.0.3.6.7"));
    value.extend(item(0x55, b"OFFIS_DCMTK_367"));
    value.extend(more);
    item(0x50, &value)
}

pub(super) fn proposed(id: u8, abstract_syntax: &str, transfer_syntaxes: &[&str]) -> Vec<u8> {
    let mut value = vec![id, 0, 0xff, 0];
    value.extend(item(0x30, abstract_syntax.as_bytes()));
    for syntax in transfer_syntaxes {
        value.extend(item(0x40, syntax.as_bytes()));
    }
    item(0x20, &value)
}

pub(super) fn answered(id: u8, result: u8, transfer_syntax: &str) -> Vec<u8> {
    let mut value = vec![id, 0, result, 0];
    value.extend(item(0x40, transfer_syntax.as_bytes()));
    item(0x21, &value)
}

pub(super) fn associate_rq() -> Vec<u8> {
    let mut body = fixed("ARCHIVE", "CT1");
    body.extend(application_context());
    body.extend(proposed(1, CT, &[EXPLICIT, IMPLICIT]));
    body.extend(proposed(3, STUDY_ROOT_FIND, &[IMPLICIT]));
    body.extend(user_information(&[]));
    pdu(1, &body)
}

pub(super) fn associate_ac() -> Vec<u8> {
    let mut body = fixed("ARCHIVE", "CT1");
    body.extend(application_context());
    body.extend(answered(1, 0, EXPLICIT));
    body.extend(answered(3, 0, IMPLICIT));
    body.extend(user_information(&[]));
    pdu(2, &body)
}

/// An element in implicit VR little endian.
pub(super) fn implicit(group: u16, element: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = group.to_le_bytes().to_vec();
    bytes.extend(element.to_le_bytes());
    bytes.extend((value.len() as u32).to_le_bytes());
    bytes.extend(value);
    bytes
}

/// An element in explicit VR with a short length.
pub(super) fn explicit(big: bool, group: u16, element: u16, vr: &[u8; 2], value: &[u8]) -> Vec<u8> {
    let half = |number: u16| if big { number.to_be_bytes() } else { number.to_le_bytes() };
    let mut bytes = half(group).to_vec();
    bytes.extend(half(element));
    bytes.extend(vr);
    bytes.extend(half(value.len() as u16));
    bytes.extend(value);
    bytes
}

fn even(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    bytes
}

pub(super) fn number(element: u16, value: u16) -> Vec<u8> {
    implicit(0, element, &value.to_le_bytes())
}

pub(super) fn text(element: u16, value: &str) -> Vec<u8> {
    implicit(0, element, &even(value))
}

/// A command set of `elements`, with its group length.
pub(super) fn command(elements: &[Vec<u8>]) -> Vec<u8> {
    let rest = elements.concat();
    let mut bytes = implicit(0, 0, &(rest.len() as u32).to_le_bytes());
    bytes.extend(rest);
    bytes
}

pub(super) fn store_rq(id: u16) -> Vec<u8> {
    command(&[
        text(0x0002, CT),
        number(0x0100, 0x0001),
        number(0x0110, id),
        number(0x0700, 1),
        number(0x0800, 0),
        text(0x1000, CANARIES[4]),
    ])
}

pub(super) fn response(field: u16, id: u16, status: u16, data_set: bool) -> Vec<u8> {
    command(&[
        number(0x0100, field),
        number(0x0120, id),
        number(0x0800, if data_set { 1 } else { 0x0101 }),
        number(0x0900, status),
        text(0x0902, CANARIES[0]),
    ])
}

pub(super) fn request(field: u16, id: u16, sop_class: &str, data_set: bool) -> Vec<u8> {
    command(&[
        text(0x0002, sop_class),
        number(0x0100, field),
        number(0x0110, id),
        number(0x0700, 0),
        number(0x0800, if data_set { 1 } else { 0x0101 }),
    ])
}

pub(super) fn pdv(context: u8, control: u8, fragment: &[u8]) -> Vec<u8> {
    let mut bytes = (fragment.len() as u32 + 2).to_be_bytes().to_vec();
    bytes.extend([context, control]);
    bytes.extend(fragment);
    bytes
}

/// A P-DATA-TF of one item.
pub(super) fn data(context: u8, control: u8, fragment: &[u8]) -> Vec<u8> {
    pdu(4, &pdv(context, control, fragment))
}

/// A data set full of patient data, in explicit VR little endian.
pub(super) fn patient(pixels: usize) -> Vec<u8> {
    let mut bytes = explicit(false, 8, 0x0005, b"CS", b"ISO_IR 100");
    bytes.extend(explicit(false, 8, 0x0018, b"UI", CANARIES[4].as_bytes()));
    bytes.extend(explicit(false, 0x10, 0x0010, b"PN", CANARIES[0].as_bytes()));
    bytes.extend(explicit(false, 0x10, 0x0020, b"LO", CANARIES[1].as_bytes()));
    bytes.extend(explicit(false, 0x10, 0x0030, b"DA", CANARIES[2].as_bytes()));
    bytes.extend(explicit(false, 0x10, 0x1040, b"LO", CANARIES[3].as_bytes()));
    bytes.extend((0..pixels).map(|pixel| (pixel % 9) as u8));
    bytes
}

/// A query in implicit VR little endian.
pub(super) fn query(level: &str) -> Vec<u8> {
    let mut bytes = implicit(8, 0x0005, b"ISO_IR 100");
    bytes.extend(implicit(8, 0x0052, &even(level).iter().map(|&b| if b == 0 { b' ' } else { b }).collect::<Vec<_>>()));
    bytes.extend(implicit(0x10, 0x0010, CANARIES[0].as_bytes()));
    bytes.extend(implicit(0x10, 0x0020, CANARIES[1].as_bytes()));
    bytes
}

pub(super) fn release() -> [Vec<u8>; 2] {
    [pdu(5, &[0; 4]), pdu(6, &[0; 4])]
}

pub(super) fn from_start() -> FlowFacts {
    FlowFacts {
        ports: [50000, 104],
        originator: Some(Side::A),
        from_start: [true; 2],
        requester: None,
        transport: Transport::Tcp,
    }
}

pub(super) fn midstream() -> FlowFacts {
    FlowFacts { ports: [50000, 104], ..FlowFacts::default() }
}

pub(super) fn a(bytes: impl Into<Vec<u8>>) -> Step {
    Step::Bytes(Side::A, bytes.into())
}

pub(super) fn b(bytes: impl Into<Vec<u8>>) -> Step {
    Step::Bytes(Side::B, bytes.into())
}

/// The beginning of a conversation, then `rest`, checked under many cuts and searched for patient data.
pub(super) fn told(rest: &[Step]) -> Transcript {
    let mut steps = vec![a(associate_rq()), b(associate_ac())];
    steps.extend(rest.iter().cloned());
    let mut seen = checked(&from_start(), &steps);
    seen.messages.drain(..2);
    seen
}

/// Like [`told`] with two kinds of cuts only, for tests that have thousands of conversations.
pub(super) fn told_lightly(rest: &[Step]) -> Transcript {
    let mut steps = vec![a(associate_rq()), b(associate_ac())];
    steps.extend(rest.iter().cloned());
    let mut seen = same_however_cut(&from_start(), &steps, &[&[1], &[7, 100, 12]]);
    seen.messages.drain(..2);
    seen
}

pub(super) fn checked(flow: &FlowFacts, steps: &[Step]) -> Transcript {
    let cuts = [&[1][..], &[2, 3, 5], &[6], &[7, 12, 1], &[11, 13, 100], &[74, 1], &[511, 2], &[1460]];
    same_however_cut(flow, steps, &cuts)
}

/// The invariants of every dissector, and that anomalies do not depend on cuts either.
pub(super) fn same_however_cut(flow: &FlowFacts, steps: &[Step], cuts: &[&[usize]]) -> Transcript {
    let seen = transcript(flow, steps);
    for lengths in cuts {
        exercise(flow, steps, lengths);
        assert_eq!(seen.anomalies, transcript(flow, &cut(steps, lengths)).anomalies, "{lengths:?}");
    }
    private(&seen);
    seen
}

/// No canary shows, and every line's JSON can be read.
pub(super) fn private(seen: &Transcript) {
    let all = format!("{seen:?}");
    for canary in CANARIES {
        assert!(!all.contains(canary), "{canary} in {all}");
    }
    for line in &seen.messages {
        field(line, "pdu");
    }
}

/// A value of a line's JSON, by its path.
pub(super) fn field(line: &str, path: &str) -> serde_json::Value {
    let start = line.find('{').unwrap();
    let value: serde_json::Value = serde_json::from_str(&line[start..]).unwrap();
    path.split('.').fold(value, |value, key| match key.parse::<usize>() {
        Ok(index) => value[index].clone(),
        Err(_) => value[key].clone(),
    })
}

/// The words of a line before its JSON.
pub(super) fn head(line: &str) -> &str {
    line.split('{').next().unwrap().trim()
}

pub(super) fn heads(seen: &Transcript) -> Vec<&str> {
    seen.messages.iter().map(|line| head(line)).collect()
}

#[test]
fn writes_what_it_says() {
    let mut out = Vec::new();
    json::hex(&mut out, 0xaf);
    assert_eq!(out, b"af");
    assert_eq!(data(1, 3, &[9]), [4, 0, 0, 0, 0, 7, 0, 0, 0, 3, 1, 3, 9]);
}
