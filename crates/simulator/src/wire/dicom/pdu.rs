//! Protocol data units of the upper layer (PS3.8 section 9.3).

use super::uid;

/// Octets of a PDU's type, reserved octet and length.
pub const HEADER: usize = 6;

/// A-RELEASE-RQ (PS3.8 section 9.3.6).
pub const RELEASE_RQ: [u8; 10] = [5, 0, 0, 0, 0, 4, 0, 0, 0, 0];
/// A-RELEASE-RP (PS3.8 section 9.3.7).
pub const RELEASE_RP: [u8; 10] = [6, 0, 0, 0, 0, 4, 0, 0, 0, 0];

/// What a requester proposes: a presentation context for one abstract syntax.
#[derive(Clone, Copy, Debug)]
pub struct Proposal {
    /// What is to be talked about.
    pub syntax: &'static str,
    /// In which encodings.
    pub transfer: &'static [&'static str],
    /// The roles as SCU and SCP, where they are negotiated (PS3.7 annex D.3.3.4).
    pub roles: Option<[bool; 2]>,
}

/// What an acceptor says to a presentation context: its id, the result, and the encoding.
#[derive(Clone, Copy, Debug)]
pub struct Verdict {
    /// An odd number.
    pub id: u8,
    /// 0 is acceptance (PS3.8 table 9-18).
    pub result: u8,
    /// The encoding, of an accepted one.
    pub transfer: &'static str,
}

/// User information (PS3.8 annex D, PS3.7 annex D.3.3).
#[derive(Clone, Copy, Debug)]
pub struct User {
    /// The longest P-DATA-TF that is received.
    pub max_pdu: u32,
    /// Implementation class UID.
    pub implementation: &'static str,
    /// Implementation version name.
    pub version: &'static str,
    /// The asynchronous operations window, where it is negotiated.
    pub window: bool,
}

/// An item: type, reserved octet, length of two octets, and what `write` appends.
fn item(out: &mut Vec<u8>, kind: u8, write: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(&[kind, 0, 0, 0]);
    let start = out.len();
    write(out);
    let length = (out.len() - start) as u16;
    out[start - 2..start].copy_from_slice(&length.to_be_bytes());
}

fn text(out: &mut Vec<u8>, kind: u8, value: &str) {
    item(out, kind, |out| out.extend_from_slice(value.as_bytes()));
}

/// A PDU whose length counts four octets.
fn pdu(out: &mut Vec<u8>, kind: u8, write: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(&[kind, 0, 0, 0, 0, 0]);
    let start = out.len();
    write(out);
    let length = (out.len() - start) as u32;
    out[start - 4..start].copy_from_slice(&length.to_be_bytes());
}

/// An AE title in its 16 octets.
fn title(out: &mut Vec<u8>, value: &str) {
    let mut padded = [b' '; 16];
    for (place, octet) in padded.iter_mut().zip(value.bytes()) {
        *place = octet;
    }
    out.extend_from_slice(&padded);
}

/// Protocol version, titles and application context, which request and acceptance have alike.
fn head(out: &mut Vec<u8>, called: &str, calling: &str) {
    out.extend_from_slice(&[0, 1, 0, 0]);
    title(out, called);
    title(out, calling);
    out.extend_from_slice(&[0; 32]);
    text(out, 0x10, uid::APPLICATION);
}

fn user(out: &mut Vec<u8>, user: &User, proposals: &[Proposal]) {
    item(out, 0x50, |out| {
        item(out, 0x51, |out| out.extend_from_slice(&user.max_pdu.to_be_bytes()));
        text(out, 0x52, user.implementation);
        if user.window {
            item(out, 0x53, |out| out.extend_from_slice(&[0, 1, 0, 1]));
        }
        for (syntax, [scu, scp]) in proposals.iter().filter_map(|proposal| Some((proposal.syntax, proposal.roles?))) {
            item(out, 0x54, |out| {
                out.extend_from_slice(&(syntax.len() as u16).to_be_bytes());
                out.extend_from_slice(syntax.as_bytes());
                out.extend_from_slice(&[u8::from(scu), u8::from(scp)]);
            });
        }
        text(out, 0x55, user.version);
    });
}

/// The id of the presentation context at a place: odd, from 1.
pub fn context_id(place: usize) -> u8 {
    (2 * place + 1) as u8
}

/// A-ASSOCIATE-RQ (PS3.8 section 9.3.2).
pub fn associate_rq(out: &mut Vec<u8>, called: &str, calling: &str, proposals: &[Proposal], own: &User) {
    pdu(out, 1, |out| {
        head(out, called, calling);
        for (place, proposal) in proposals.iter().enumerate() {
            item(out, 0x20, |out| {
                out.extend_from_slice(&[context_id(place), 0, 0, 0]);
                text(out, 0x30, proposal.syntax);
                for transfer in proposal.transfer {
                    text(out, 0x40, transfer);
                }
            });
        }
        user(out, own, proposals);
    });
}

/// A-ASSOCIATE-AC (PS3.8 section 9.3.3): it repeats the titles, and the roles that were proposed.
pub fn associate_ac(
    out: &mut Vec<u8>,
    [called, calling]: [&str; 2],
    verdicts: &[Verdict],
    own: &User,
    proposals: &[Proposal],
) {
    pdu(out, 2, |out| {
        head(out, called, calling);
        for verdict in verdicts {
            item(out, 0x21, |out| {
                out.extend_from_slice(&[verdict.id, 0, verdict.result, 0]);
                text(out, 0x40, verdict.transfer);
            });
        }
        user(out, own, proposals);
    });
}

/// A-ASSOCIATE-RJ (PS3.8 section 9.3.4): result, source and reason.
pub fn associate_rj([result, source, reason]: [u8; 3]) -> [u8; 10] {
    [3, 0, 0, 0, 0, 4, 0, result, source, reason]
}

/// A-ABORT (PS3.8 section 9.3.8): source and reason.
pub fn abort([source, reason]: [u8; 2]) -> [u8; 10] {
    [7, 0, 0, 0, 0, 4, 0, 0, source, reason]
}

/// P-DATA-TF (PS3.8 section 9.3.5): a command set or a data set, whose octets come in two parts, in as many PDUs of one
/// item as the other end's maximum length asks for (annex D.1: it counts what stands behind the PDU's header).
pub fn data(out: &mut Vec<u8>, context: u8, command: bool, [mut head, mut tail]: [&[u8]; 2], max_pdu: u32) {
    // The item's length, context id and control header; fragments are of even length (annex E.2).
    let room = (max_pdu as usize - HEADER) & !1;
    let mut left = head.len() + tail.len();
    while left > 0 {
        let length = left.min(room);
        left -= length;
        let control = u8::from(command) | if left == 0 { 2 } else { 0 };
        out.extend_from_slice(&[4, 0]);
        out.extend_from_slice(&(length as u32 + 6).to_be_bytes());
        out.extend_from_slice(&(length as u32 + 2).to_be_bytes());
        out.extend_from_slice(&[context, control]);
        let from_head = length.min(head.len());
        let (now, later) = head.split_at(from_head);
        out.extend_from_slice(now);
        head = later;
        let (now, later) = tail.split_at(length - from_head);
        out.extend_from_slice(now);
        tail = later;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_fragment_is_longer_than_the_other_end_allows_and_all_octets_are_there_in_order() {
        let octets: Vec<u8> = (0..100).collect();
        for split in [0, 7, 16, 50, 100] {
            let mut out = Vec::new();
            let (head, tail) = octets.split_at(split);
            data(&mut out, 5, false, [head, tail], 23);
            let (mut rest, mut seen) = (&out[..], Vec::new());
            while let [4, 0, a, b, c, d, after @ ..] = rest {
                let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
                assert!(length <= 23 && length.is_multiple_of(2));
                let last = after.len() == length;
                assert_eq!(after[4..6], [5, if last { 2 } else { 0 }]);
                seen.extend_from_slice(&after[6..length]);
                rest = &after[length..];
            }
            assert!(rest.is_empty());
            assert_eq!(seen, octets);
        }
    }
}
