//! LDAP (RFC 4511): as much of it as a program needs that is sent to a directory for code, or that reads a directory out.

use crate::wire::der::{self, INTEGER, OCTETS, SEQUENCE, SET};

/// APPLICATION tags of operations (section 4).
const BIND: u8 = 0x60;
const BOUND: u8 = 0x61;
const UNBIND: u8 = 0x42;
const SEARCH: u8 = 0x63;
const ENTRY: u8 = 0x64;
const DONE: u8 = 0x65;
const ENUMERATED: u8 = 0x0a;
const BOOLEAN: u8 = 0x01;

fn message(number: u8, operation: &[u8]) -> Vec<u8> {
    der::value(SEQUENCE, &[&der::positive(&[number]), operation])
}

fn text(text: &str) -> Vec<u8> {
    der::value(OCTETS, &[text.as_bytes()])
}

/// Success, without a name or a word (section 4.1.9).
fn success(kind: u8) -> Vec<u8> {
    der::value(kind, &[&[ENUMERATED, 1, 0, OCTETS, 0, OCTETS, 0]])
}

/// An anonymous bind.
pub fn bind() -> Vec<u8> {
    message(1, &der::value(BIND, &[&[INTEGER, 1, 3, OCTETS, 0, 0x80, 0]]))
}

/// It is welcome.
pub fn bound() -> Vec<u8> {
    message(1, &success(BOUND))
}

/// An object is looked up by its name, whatever it is.
pub fn search(name: &str) -> Vec<u8> {
    let limits = [ENUMERATED, 1, 0, ENUMERATED, 1, 3, INTEGER, 1, 0, INTEGER, 1, 0, BOOLEAN, 1, 0];
    let present = der::value(0x87, &[b"objectClass"]);
    message(2, &der::value(SEARCH, &[&text(name), &limits, &present, &[SEQUENCE, 0]]))
}

/// The object: a Java class that is to be fetched from elsewhere (RFC 2713 section 2), and that this was all.
pub fn reference(name: &str, class: &str, place: &str) -> Vec<u8> {
    let attribute = |kind: &str, value: &str| der::value(SEQUENCE, &[&text(kind), &der::value(SET, &[&text(value)])]);
    let attributes = [
        attribute("javaClassName", class),
        attribute("javaCodeBase", place),
        attribute("objectClass", "javaNamingReference"),
        attribute("javaFactory", class),
    ];
    let entry = der::value(ENTRY, &[&text(name), &der::value(SEQUENCE, &[&attributes.concat()])]);
    [message(2, &entry), message(2, &success(DONE))].concat()
}

/// The end.
pub fn unbind() -> Vec<u8> {
    message(3, &[UNBIND, 0])
}

/// A bind with a name and a password.
pub fn bind_as(name: &str, password: &str) -> Vec<u8> {
    let secret = der::value(0x80, &[password.as_bytes()]);
    message(1, &der::value(BIND, &[&[INTEGER, 1, 3], &text(name), &secret]))
}

/// All objects of a kind below a base, with some of their attributes.
pub fn find(number: u8, base: &str, class: &str, attributes: &[&str]) -> Vec<u8> {
    let limits = [ENUMERATED, 1, 2, ENUMERATED, 1, 0, INTEGER, 1, 0, INTEGER, 1, 0, BOOLEAN, 1, 0];
    let filter = der::value(0xa3, &[&text("objectClass"), &text(class)]);
    let wanted: Vec<u8> = attributes.iter().flat_map(|attribute| text(attribute)).collect();
    message(number, &der::value(SEARCH, &[&text(base), &limits, &filter, &der::value(SEQUENCE, &[&wanted])]))
}

/// An object that was found.
pub fn found(number: u8, name: &str, attributes: &[(&str, &str)]) -> Vec<u8> {
    let attribute =
        |(kind, value): &(&str, &str)| der::value(SEQUENCE, &[&text(kind), &der::value(SET, &[&text(value)])]);
    let attributes: Vec<u8> = attributes.iter().flat_map(attribute).collect();
    message(number, &der::value(ENTRY, &[&text(name), &der::value(SEQUENCE, &[&attributes])]))
}

/// That were all.
pub fn all_found(number: u8) -> Vec<u8> {
    message(number, &success(DONE))
}
