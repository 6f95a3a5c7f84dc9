//! DCE/RPC (C706, MS-RPCE) over TCP: where an interface is to be found, and calls to it that are encrypted.

use crate::clock::Time;
use crate::dice::Dice;
use crate::wire::{noise, smb};

/// The endpoint mapper's port.
pub const MAPPER: u16 = 135;

/// UUIDs as they stand in octets: the endpoint mapper, the directory's replication (MS-DRSR), and NDR as encoding.
const EPM: [u8; 16] = [8, 0x83, 0xaf, 0xe1, 0x1f, 0x5d, 0xc9, 0x11, 0x91, 0xa4, 8, 0, 0x2b, 0x14, 0xa0, 0xfa];
const DRSUAPI: [u8; 16] = [0x35, 0x42, 0x51, 0xe3, 6, 0x4b, 0xd1, 0x11, 0xab, 4, 0, 0xc0, 0x4f, 0xc2, 0xdc, 0xd2];
const NDR: [u8; 16] = [4, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8, 8, 0, 0x2b, 0x10, 0x48, 0x60];

const REQUEST: u8 = 0;
const RESPONSE: u8 = 2;
const BIND: u8 = 11;
const BOUND: u8 = 12;
const AUTH3: u8 = 16;

/// The longest fragment, and what it carries at most beside an authentication.
const FRAGMENT: u16 = 5_840;
const PART: usize = 5_760;

/// A PDU (C706 section 12.6): flags say whether it is the first and the last of a call; behind the body may stand an
/// authentication by NTLM with privacy (MS-RPCE section 2.2.2.11).
fn pdu(kind: u8, flags: u8, call: u32, body: &[&[u8]], authentication: &[u8]) -> Vec<u8> {
    let mut out = vec![5, 0, kind, flags, 0x10, 0, 0, 0, 0, 0];
    out.extend_from_slice(&(authentication.len() as u16).to_le_bytes());
    out.extend_from_slice(&call.to_le_bytes());
    body.iter().for_each(|part| out.extend_from_slice(part));
    if !authentication.is_empty() {
        let padding = out.len().next_multiple_of(4) - out.len();
        out.resize(out.len() + padding, 0);
        out.extend_from_slice(&[10, 6, padding as u8, 0, 0x11, 0, 0, 0]);
        out.extend_from_slice(authentication);
    }
    let length = (out.len() as u16).to_le_bytes();
    out[8..10].copy_from_slice(&length);
    out
}

/// One context: an interface with its version, in NDR.
fn bind(call: u32, interface: &[u8], version: u8, authentication: &[u8]) -> Vec<u8> {
    let [low, high] = FRAGMENT.to_le_bytes();
    let sizes = [low, high, low, high, 0, 0, 0, 0];
    let context = [&[1, 0, 0, 0, 0, 0, 1, 0], interface, &[version, 0, 0, 0], &NDR, &[2, 0, 0, 0]].concat();
    pdu(BIND, 3, call, &[&sizes, &context], authentication)
}

/// It is taken, at this port.
fn bound(call: u32, port: u16, authentication: &[u8]) -> Vec<u8> {
    let [low, high] = FRAGMENT.to_le_bytes();
    let name = format!("{port}\0");
    let mut body = vec![low, high, low, high, 0x55, 0, 0, 0];
    body.extend_from_slice(&(name.len() as u16).to_le_bytes());
    body.extend_from_slice(name.as_bytes());
    body.resize(body.len().next_multiple_of(4), 0);
    body.extend_from_slice(&[1, 0, 0, 0, 0, 0, 0, 0]);
    body.extend_from_slice(&[&NDR[..], &[2, 0, 0, 0]].concat());
    pdu(BOUND, 3, call, &[&body], authentication)
}

/// A protocol tower (C706 appendix L): the interface over NDR over connections over TCP over IP.
fn tower(port: u16, address: [u8; 4]) -> Vec<u8> {
    let mut out = vec![5, 0];
    let mut floor = |left: &[u8], right: &[u8]| {
        for side in [left, right] {
            out.extend_from_slice(&(side.len() as u16).to_le_bytes());
            out.extend_from_slice(side);
        }
    };
    floor(&[&[0x0d], &DRSUAPI[..], &[4, 0]].concat(), &[0, 0]);
    floor(&[&[0x0d], &NDR[..], &[2, 0]].concat(), &[0, 0]);
    floor(&[0x0b], &[0, 0]);
    floor(&[0x07], &port.to_be_bytes());
    floor(&[0x09], &address);
    out
}

/// What is said at the endpoint mapper, turn by turn: bind, bound, where is the replication (ept_map), there.
pub fn lookup(port: u16, address: [u8; 4]) -> [Vec<u8>; 4] {
    let (wanted, there) = (tower(135, [0; 4]), tower(port, address));
    let number = |number: usize| (number as u32).to_le_bytes();
    let framed = |tower: &[u8]| [&number(tower.len())[..], &number(tower.len()), tower, &[0]].concat();
    let asked = [&[0; 4][..], &[2, 0, 0, 0], &framed(&wanted), &[0; 20], &number(1)].concat();
    let told = [&[0; 20][..], &number(1), &number(1), &number(0), &number(1), &[3, 0, 0, 0], &framed(&there), &[0; 4]];
    [
        bind(1, &EPM, 3, &[]),
        bound(1, MAPPER, &[]),
        pdu(REQUEST, 3, 2, &[&number(asked.len()), &[0, 0, 3, 0], &asked], &[]),
        pdu(RESPONSE, 3, 2, &[&number(told.concat().len()), &[0; 4], &told.concat()], &[]),
    ]
}

/// How a session with the replication begins: bind, bound, and the last word of the login.
pub fn log_in(user: &str, station: &str, port: u16, now: Time, dice: &mut Dice) -> [Vec<u8>; 3] {
    [
        bind(1, &DRSUAPI, 4, &smb::ntlm_negotiate()),
        bound(1, port, &smb::ntlm_challenge(now, dice)),
        pdu(AUTH3, 3, 1, &[&[0; 4]], &smb::ntlm_authenticate(user, station, dice)),
    ]
}

/// A call of an operation, with so many octets that nobody can read.
pub fn call(number: u32, operation: u8, length: usize, dice: &mut Dice) -> Vec<u8> {
    let head = [&(length as u32).to_le_bytes()[..], &[0, 0, operation, 0]].concat();
    let signature = noise::fresh::<16>(dice);
    pdu(REQUEST, 3, number, &[&head, noise::piece(dice, length.next_multiple_of(16))], &signature)
}

/// Its answer, in fragments.
pub fn answer(number: u32, length: usize, dice: &mut Dice) -> Vec<u8> {
    let mut out = Vec::with_capacity(length + 64);
    let mut left = length.next_multiple_of(16);
    let mut first = 1;
    while left > 0 {
        let part = left.min(PART);
        let head = [&(left as u32).to_le_bytes()[..], &[0; 4]].concat();
        let (flags, signature) = (first | if part == left { 2 } else { 0 }, noise::fresh::<16>(dice));
        out.extend(pdu(RESPONSE, flags, number, &[&head, noise::piece(dice, part)], &signature));
        (left, first) = (left - part, 0);
    }
    out
}
