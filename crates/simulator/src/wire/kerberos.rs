//! Kerberos (RFC 4120) over TCP: tickets that are asked for, and given.

use crate::dice::Dice;
use crate::wire::der::{self, BITS, INTEGER, OCTETS, SEQUENCE};
use crate::wire::noise;

/// The port of the key distribution centre.
pub const PORT: u16 = 88;

/// Encryption by AES-256 (RFC 3962), and by RC4 (RFC 4757), which is broken as fast as its password is weak.
pub const AES: u8 = 18;
/// See above.
pub const RC4: u8 = 23;

const STRING: u8 = 0x1b;
const TIME: u8 = 0x18;

/// An element of a sequence by its number.
fn part(number: u8, value: &[u8]) -> Vec<u8> {
    der::value(0xa0 | number, &[value])
}

fn small(number: u8) -> Vec<u8> {
    der::value(INTEGER, &[&[number]])
}

fn string(text: &str) -> Vec<u8> {
    der::value(STRING, &[text.as_bytes()])
}

/// PrincipalName (section 5.2.2): 1 a user, 2 a service.
fn principal(kind: u8, parts: &[&str]) -> Vec<u8> {
    let names: Vec<u8> = parts.iter().flat_map(|part| string(part)).collect();
    der::value(SEQUENCE, &[&part(0, &small(kind)), &part(1, &der::value(SEQUENCE, &[&names]))])
}

/// EncryptedData (section 5.2.9).
fn encrypted(cipher: u8, length: usize, dice: &mut Dice) -> Vec<u8> {
    let data = der::value(OCTETS, &[noise::piece(dice, length)]);
    der::value(SEQUENCE, &[&part(0, &small(cipher)), &part(2, &data)])
}

/// Ticket (section 5.3).
fn ticket(realm: &str, service: &[&str], cipher: u8, dice: &mut Dice) -> Vec<u8> {
    let sealed = encrypted(cipher, 1_080, dice);
    let parts = [part(0, &small(5)), part(1, &string(realm)), part(2, &principal(2, service)), part(3, &sealed)];
    der::value(0x61, &[&der::value(SEQUENCE, &[&parts.concat()])])
}

/// A message behind its length (section 7.2.2).
fn message(kind: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    let body = der::value(kind, &[&der::value(SEQUENCE, &[&parts.concat()])]);
    [&(body.len() as u32).to_be_bytes()[..], &body].concat()
}

/// KDC-REQ-BODY (section 5.4.1): for whom, of which realm, for which service, and by which ciphers.
fn wanted(user: Option<&str>, realm: &str, service: &[&str], ciphers: &[u8], dice: &mut Dice) -> Vec<u8> {
    let ciphers: Vec<u8> = ciphers.iter().flat_map(|cipher| small(*cipher)).collect();
    let nonce = (dice.bits() as u32 >> 1).to_be_bytes();
    let parts = [
        part(0, &der::value(BITS, &[&[0, 0x40, 0x81, 0, 0x10]])),
        user.map(|user| part(1, &principal(1, &[user]))).unwrap_or_default(),
        part(2, &string(realm)),
        part(3, &principal(2, service)),
        part(5, &der::value(TIME, &[b"20370913024805Z"])),
        part(7, &der::positive(&nonce)),
        part(8, &der::value(SEQUENCE, &[&ciphers])),
    ];
    der::value(SEQUENCE, &[&parts.concat()])
}

/// PA-DATA (section 5.2.7).
fn beforehand(kind: u8, value: &[u8]) -> Vec<u8> {
    let one = der::value(SEQUENCE, &[&part(1, &small(kind)), &part(2, &der::value(OCTETS, &[value]))]);
    part(3, &der::value(SEQUENCE, &[&one]))
}

/// AS-REQ: a user who proves that he knows his password asks for the ticket that gives others.
pub fn log_in(user: &str, realm: &str, dice: &mut Dice) -> Vec<u8> {
    let proof = beforehand(2, &encrypted(AES, 56, dice));
    let body = wanted(Some(user), realm, &["krbtgt", realm], &[AES, 17, RC4], dice);
    message(0x6a, &[part(1, &small(5)), part(2, &small(10)), proof, part(4, &body)])
}

/// AS-REP.
pub fn logged_in(user: &str, realm: &str, dice: &mut Dice) -> Vec<u8> {
    answer([0x6b, 11], user, realm, (&["krbtgt", realm], AES), dice)
}

/// TGS-REQ: a ticket for a service, by these ciphers.
pub fn ask(realm: &str, service: &[&str], ciphers: &[u8], dice: &mut Dice) -> Vec<u8> {
    let request = [
        part(0, &small(5)),
        part(1, &small(14)),
        part(2, &der::value(BITS, &[&[0, 0, 0, 0, 0]])),
        part(3, &ticket(realm, &["krbtgt", realm], AES, dice)),
        part(4, &encrypted(AES, 180, dice)),
    ];
    let request = der::value(0x6e, &[&der::value(SEQUENCE, &[&request.concat()])]);
    let body = wanted(None, realm, service, ciphers, dice);
    message(0x6c, &[part(1, &small(5)), part(2, &small(12)), beforehand(1, &request), part(4, &body)])
}

/// TGS-REP: the ticket, by the cipher that was chosen.
pub fn given(user: &str, realm: &str, service: &[&str], cipher: u8, dice: &mut Dice) -> Vec<u8> {
    answer([0x6d, 13], user, realm, (service, cipher), dice)
}

fn answer([tag, kind]: [u8; 2], user: &str, realm: &str, of: (&[&str], u8), dice: &mut Dice) -> Vec<u8> {
    let parts = [
        part(0, &small(5)),
        part(1, &small(kind)),
        part(3, &string(realm)),
        part(4, &principal(1, &[user])),
        part(5, &ticket(realm, of.0, of.1, dice)),
        part(6, &encrypted(AES, 280, dice)),
    ];
    message(tag, &parts)
}
