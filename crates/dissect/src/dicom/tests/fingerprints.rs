//! What tells an object from others, and what it is: once it is stored.

use super::wire::*;
use crate::exercise::Step;
use crate::fingerprint::Fingerprint;

/// Stores an object under a UID, and answers with a status.
fn store(uid: &str, object: &[u8], status: u16) -> Vec<Step> {
    let asked = command(&[
        text(0x0002, CT),
        number(0x0100, 0x0001),
        number(0x0110, 7),
        number(0x0700, 1),
        number(0x0800, 0),
        text(0x1000, uid),
    ]);
    vec![a(data(1, 3, &asked)), a(data(1, 2, object)), b(data(1, 3, &response(0x8001, 7, status, false)))]
}

fn stored(uid: &str, object: &[u8], status: u16) -> Option<Fingerprint> {
    told(&store(uid, object, status)).accepted.first().copied()
}

#[test]
fn an_object_is_known_by_its_uid_and_told_from_others_by_its_start_and_length() {
    let object = patient(3000);
    let first = stored("1.2.3.4", &object, 0).expect("it was stored");
    assert!(first.for_ever);
    assert_eq!(stored("1.2.3.4", &object, 0), Some(first), "the same once more");
    let mut renamed = object.clone();
    renamed[30] ^= 1;
    for other in [patient(3001), renamed] {
        let other = stored("1.2.3.4", &other, 0).expect("it was stored");
        assert_eq!(other.identity, first.identity);
        assert_ne!(other.content, first.content);
    }
    assert_ne!(stored("1.2.3.5", &object, 0).expect("it was stored").identity, first.identity);
}

#[test]
fn only_once_it_is_stored_and_whole() {
    let object = patient(3000);
    assert!(stored("1.2.3.4", &object, 0xb000).is_some(), "stored, with a remark");
    assert_eq!(stored("1.2.3.4", &object, 0xa700), None);
    let mut steps = store("1.2.3.4", &object, 0);
    steps.truncate(2);
    assert_eq!(told(&steps).accepted, []);
    assert_eq!(
        told(&[a(data(3, 3, &request(0x0020, 2, STUDY_ROOT_FIND, true))), a(data(3, 2, &query("STUDY")))]).accepted,
        []
    );
}
