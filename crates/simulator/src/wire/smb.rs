//! SMB 2.1 (MS-SMB2) over TCP, with a login by NTLM (MS-NLMP) in SPNEGO (RFC 4178).

use crate::clock::Time;
use crate::dice::Dice;
use crate::wire::der::{self, OCTETS, OID, SEQUENCE};
use crate::wire::noise;

const NEGOTIATE: u16 = 0;
const SESSION_SETUP: u16 = 1;
const LOGOFF: u16 = 2;
const TREE_CONNECT: u16 = 3;
const CREATE: u16 = 5;
const CLOSE: u16 = 6;
const READ: u16 = 8;
const WRITE: u16 = 9;
const SET_INFO: u16 = 17;

/// STATUS_MORE_PROCESSING_REQUIRED (MS-ERREF).
const MORE: u32 = 0xc000_0016;
/// STATUS_LOGON_FAILURE.
const LOGON_FAILURE: u32 = 0xc000_006d;

/// The most that is read or written at once: one credit's worth.
pub const LARGEST: usize = 1 << 16;

/// A session's numbers, as they stand in headers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Numbers {
    message: u64,
    tree: u32,
    session: u64,
}

/// What is asked, with what it needs.
#[derive(Clone, Copy, Debug)]
pub enum Ask<'a> {
    /// Which dialect.
    Negotiate,
    /// First step of the login.
    Hello,
    /// Second step, as this user of this workstation.
    Login(&'a str, &'a str),
    /// A share.
    Tree(&'a str),
    /// A file by its path; `true` to change it.
    Open(&'a str, bool),
    /// So many octets from an offset.
    Read(usize, u64),
    /// So many octets to an offset.
    Write(usize, u64),
    /// Another path for the open file.
    Rename(&'a str),
    /// The open file goes when it is closed.
    Delete,
    /// The end of the file.
    Close,
    /// The end of the session.
    Logoff,
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// 100 ns since 1601, as Windows counts.
fn file_time(time: Time) -> [u8; 8] {
    (time.0 / 100 + 116_444_736_000_000_000).to_le_bytes()
}

/// A message: NetBIOS length, header (MS-SMB2 section 2.2.1.2) and body.
fn message(out: &mut Vec<u8>, numbers: &Numbers, command: u16, answer: Option<u32>, body: &[&[u8]]) {
    let length: usize = 64 + body.iter().map(|part| part.len()).sum::<usize>();
    out.extend_from_slice(&(length as u32).to_be_bytes());
    out.extend_from_slice(&[0xfe, b'S', b'M', b'B', 64, 0, 1, 0]);
    out.extend_from_slice(&answer.unwrap_or(0).to_le_bytes());
    out.extend_from_slice(&command.to_le_bytes());
    out.extend_from_slice(&[if answer.is_some() { 1 } else { 31 }, 0]);
    out.extend_from_slice(&u32::from(answer.is_some()).to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&numbers.message.to_le_bytes());
    out.extend_from_slice(&[0xff, 0xfe, 0, 0]);
    out.extend_from_slice(&numbers.tree.to_le_bytes());
    out.extend_from_slice(&numbers.session.to_le_bytes());
    out.extend_from_slice(&[0; 16]);
    for part in body {
        out.extend_from_slice(part);
    }
}

/// The file handle that a server gives, the same for all of a session.
const HANDLE: [u8; 16] = [0x11, 0, 0, 0, 0, 0, 0, 0, 0x05, 0, 0, 0, 0, 0, 0, 0];

/// Writes a request; the answer goes with the same numbers.
pub fn ask(out: &mut Vec<u8>, numbers: &Numbers, asked: Ask<'_>, dice: &mut Dice) {
    let mut send = |command: u16, body: &[&[u8]]| message(out, numbers, command, None, body);
    match asked {
        Ask::Negotiate => {
            let client: [u8; 16] = noise::fresh(dice);
            // Dialects 2.0.2 and 2.1, signing enabled (section 2.2.3).
            let fixed = [36, 0, 2, 0, 1, 0, 0, 0, 0x01, 0, 0, 0];
            send(NEGOTIATE, &[&fixed, &client, &[0; 8], &[0x02, 0x02, 0x10, 0x02]]);
        }
        Ask::Hello => setup(&mut send, &spnego_first(&ntlm_negotiate())),
        Ask::Login(user, station) => setup(&mut send, &spnego_next(&ntlm_authenticate(user, station, dice), None)),
        Ask::Tree(share) => {
            let path = utf16(share);
            let [low, high] = (path.len() as u16).to_le_bytes();
            send(TREE_CONNECT, &[&[9, 0, 0, 0, 72, 0, low, high], &path]);
        }
        Ask::Open(path, change) => create(&mut send, path, change),
        Ask::Read(length, offset) => {
            let mut body = vec![49, 0, 0x50, 0];
            body.extend_from_slice(&(length as u32).to_le_bytes());
            body.extend_from_slice(&offset.to_le_bytes());
            body.extend_from_slice(&HANDLE);
            body.extend_from_slice(&[0; 17]);
            send(READ, &[&body]);
        }
        Ask::Write(length, offset) => {
            let mut body = vec![49, 0, 112, 0];
            body.extend_from_slice(&(length as u32).to_le_bytes());
            body.extend_from_slice(&offset.to_le_bytes());
            body.extend_from_slice(&HANDLE);
            body.extend_from_slice(&[0; 16]);
            send(WRITE, &[&body, noise::piece(dice, length)]);
        }
        Ask::Rename(path) => rename(&mut send, path),
        Ask::Delete => {
            // SET_INFO with FileDispositionInformation (MS-FSCC section 2.4.11).
            let fixed = [33, 0, 1, 13, 1, 0, 0, 0, 96, 0, 0, 0, 0, 0, 0, 0];
            send(SET_INFO, &[&fixed, &HANDLE, &[1]]);
        }
        Ask::Close => send(CLOSE, &[&[24, 0, 1, 0, 0, 0, 0, 0], &HANDLE]),
        Ask::Logoff => send(LOGOFF, &[&[4, 0, 0, 0]]),
    }
}

type Send<'a> = dyn FnMut(u16, &[&[u8]]) + 'a;

fn setup(send: &mut Send<'_>, blob: &[u8]) {
    let [low, high] = (blob.len() as u16).to_le_bytes();
    let fixed = [25, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 88, 0, low, high, 0, 0, 0, 0, 0, 0, 0, 0];
    send(SESSION_SETUP, &[&fixed, blob]);
}

/// CREATE (section 2.2.13) without contexts.
fn create(send: &mut Send<'_>, path: &str, change: bool) {
    let name = utf16(path);
    let mut body = vec![57, 0, 0, 0, 2, 0, 0, 0];
    body.extend_from_slice(&[0; 16]);
    let access: u32 = if change { 0x0013_019f } else { 0x0012_0089 };
    for number in [access, 0x80, 7, if change { 3 } else { 1 }, 0x40] {
        body.extend_from_slice(&number.to_le_bytes());
    }
    let [low, high] = (name.len() as u16).to_le_bytes();
    body.extend_from_slice(&[120, 0, low, high, 0, 0, 0, 0, 0, 0, 0, 0]);
    send(CREATE, &[&body, &name]);
}

/// SET_INFO with FileRenameInformation (MS-FSCC section 2.4.42.2).
fn rename(send: &mut Send<'_>, path: &str) {
    let name = utf16(path);
    let mut body = vec![33, 0, 1, 10];
    body.extend_from_slice(&((20 + name.len()) as u32).to_le_bytes());
    body.extend_from_slice(&[96, 0, 0, 0, 0, 0, 0, 0]);
    body.extend_from_slice(&HANDLE);
    body.extend_from_slice(&[0; 16]);
    body.extend_from_slice(&(name.len() as u32).to_le_bytes());
    send(SET_INFO, &[&body, &name]);
}

/// Writes the answer; `refused` for a login that fails.
pub fn answer(out: &mut Vec<u8>, numbers: &mut Numbers, asked: Ask<'_>, now: Time, refused: bool, dice: &mut Dice) {
    match asked {
        Ask::Hello => numbers.session = 0x4000_0000_0001 | (dice.range(1..0xffff) << 8),
        Ask::Tree(_) => numbers.tree = 5,
        _ => {}
    }
    let own = *numbers;
    let mut send = |command: u16, status: u32, body: &[&[u8]]| message(out, &own, command, Some(status), body);
    match asked {
        Ask::Negotiate => {
            let server = [&[65, 0, 1, 0, 0x10, 0x02, 0, 0][..], &[0x5a; 16], &[7, 0, 0, 0]].concat();
            let sizes = [0, 0, 1, 0].repeat(3);
            let blob = spnego_offer();
            let tail = [128, 0, blob.len() as u8, 0, 0, 0, 0, 0];
            send(NEGOTIATE, 0, &[&server, &sizes, &file_time(now), &[0; 8], &tail, &blob]);
        }
        Ask::Hello => {
            let blob = spnego_next(&ntlm_challenge(now, dice), Some(1));
            send(SESSION_SETUP, MORE, &[&[9, 0, 0, 0, 72, 0], &(blob.len() as u16).to_le_bytes(), &blob]);
        }
        // An error's body is empty (section 2.2.2).
        Ask::Login(..) if refused => send(SESSION_SETUP, LOGON_FAILURE, &[&[9, 0, 0, 0, 0, 0, 0, 0, 0]]),
        Ask::Login(..) => {
            // accept-completed
            let blob = [0xa1, 0x07, 0x30, 0x05, 0xa0, 0x03, 0x0a, 0x01, 0x00];
            send(SESSION_SETUP, 0, &[&[9, 0, 0, 0, 72, 0, 9, 0], &blob]);
        }
        Ask::Tree(_) => send(TREE_CONNECT, 0, &[&[16, 0, 1, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0xff, 0x01, 0x1f, 0x00]]),
        Ask::Open(..) => {
            let times = file_time(now).repeat(4);
            let sizes = [0, 0, 0x10, 0, 0, 0, 0, 0].repeat(2);
            send(
                CREATE,
                0,
                &[&[89, 0, 0, 0, 1, 0, 0, 0], &times, &sizes, &[0x20, 0, 0, 0, 0, 0, 0, 0], &HANDLE, &[0; 8]],
            );
        }
        Ask::Read(length, _) => {
            let mut body = vec![17, 0, 80, 0];
            body.extend_from_slice(&(length as u32).to_le_bytes());
            body.extend_from_slice(&[0; 8]);
            send(READ, 0, &[&body, noise::piece(dice, length)]);
        }
        Ask::Write(length, _) => {
            send(WRITE, 0, &[&[17, 0, 0, 0], &(length as u32).to_le_bytes(), &[0; 8]]);
        }
        Ask::Rename(_) | Ask::Delete => send(SET_INFO, 0, &[&[2, 0]]),
        Ask::Close => send(CLOSE, 0, &[&[60, 0, 0, 0, 0, 0, 0, 0], &[0; 52]]),
        Ask::Logoff => send(LOGOFF, 0, &[&[4, 0, 0, 0]]),
    }
    numbers.message += 1;
}

const SPNEGO: &[u8] = &[0x2b, 6, 1, 5, 5, 2];
const NTLMSSP: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 10];

fn mechanisms() -> Vec<u8> {
    der::value(0xa0, &[&der::value(SEQUENCE, &[&der::value(OID, &[NTLMSSP])])])
}

fn spnego_offer() -> Vec<u8> {
    let init = der::value(0xa0, &[&der::value(SEQUENCE, &[&mechanisms()])]);
    der::value(0x60, &[&der::value(OID, &[SPNEGO]), &init])
}

fn spnego_first(token: &[u8]) -> Vec<u8> {
    let token = der::value(0xa2, &[&der::value(OCTETS, &[token])]);
    let init = der::value(0xa0, &[&der::value(SEQUENCE, &[&mechanisms(), &token])]);
    der::value(0x60, &[&der::value(OID, &[SPNEGO]), &init])
}

/// NegTokenResp: a server's has a state, and the mechanism that it took.
fn spnego_next(token: &[u8], state: Option<u8>) -> Vec<u8> {
    let mut parts = Vec::new();
    if let Some(state) = state {
        parts.extend_from_slice(&[0xa0, 0x03, 0x0a, 0x01, state]);
        parts.extend_from_slice(&der::value(0xa1, &[&der::value(OID, &[NTLMSSP])]));
    }
    parts.extend_from_slice(&der::value(0xa2, &[&der::value(OCTETS, &[token])]));
    der::value(0xa1, &[&der::value(SEQUENCE, &[&parts])])
}

const FLAGS: u32 = 0xe288_8215;
const WINDOWS_10: [u8; 8] = [10, 0, 0x61, 0x4a, 0, 0, 0, 15];

/// Where a field lies: length twice, and offset (MS-NLMP section 2.2.1).
fn field(out: &mut Vec<u8>, length: usize, offset: &mut usize) {
    let [low, high] = (length as u16).to_le_bytes();
    out.extend_from_slice(&[low, high, low, high]);
    out.extend_from_slice(&(*offset as u32).to_le_bytes());
    *offset += length;
}

fn ntlm(kind: u8) -> Vec<u8> {
    let mut out = b"NTLMSSP\0".to_vec();
    out.extend_from_slice(&[kind, 0, 0, 0]);
    out
}

/// NEGOTIATE_MESSAGE.
pub(crate) fn ntlm_negotiate() -> Vec<u8> {
    let mut out = ntlm(1);
    out.extend_from_slice(&FLAGS.to_le_bytes());
    out.extend_from_slice(&[0; 16]);
    out.extend_from_slice(&WINDOWS_10);
    out
}

/// AV pairs (section 2.2.2.1): the domain's name and the time.
fn target_information(now: [u8; 8]) -> Vec<u8> {
    let domain = utf16("HOSPITAL");
    let mut out = vec![2, 0, domain.len() as u8, 0];
    out.extend_from_slice(&domain);
    out.extend_from_slice(&[7, 0, 8, 0]);
    out.extend_from_slice(&now);
    out.extend_from_slice(&[0; 4]);
    out
}

/// CHALLENGE_MESSAGE.
pub(crate) fn ntlm_challenge(now: Time, dice: &mut Dice) -> Vec<u8> {
    let (name, information) = (utf16("HOSPITAL"), target_information(file_time(now)));
    let mut out = ntlm(2);
    let mut offset = 56;
    field(&mut out, name.len(), &mut offset);
    out.extend_from_slice(&FLAGS.to_le_bytes());
    out.extend_from_slice(&noise::fresh::<8>(dice));
    out.extend_from_slice(&[0; 8]);
    field(&mut out, information.len(), &mut offset);
    out.extend_from_slice(&WINDOWS_10);
    out.extend_from_slice(&name);
    out.extend_from_slice(&information);
    out
}

/// AUTHENTICATE_MESSAGE.
pub(crate) fn ntlm_authenticate(user: &str, station: &str, dice: &mut Dice) -> Vec<u8> {
    // NTLMv2_RESPONSE: the proof, then NTLMv2_CLIENT_CHALLENGE (sections 2.2.2.8 and 2.2.2.7).
    let mut response = noise::fresh::<16>(dice).to_vec();
    response.extend_from_slice(&[1, 1, 0, 0, 0, 0, 0, 0]);
    let now = (133_000_000_000_000_000_u64 + dice.range(0..1 << 40)).to_le_bytes();
    response.extend_from_slice(&now);
    response.extend_from_slice(&noise::fresh::<8>(dice));
    response.extend_from_slice(&[0; 4]);
    response.extend_from_slice(&target_information(now));
    response.extend_from_slice(&[0; 4]);
    let parts =
        [utf16("HOSPITAL"), utf16(user), utf16(station), vec![0; 24], response, noise::fresh::<16>(dice).to_vec()];
    let mut out = ntlm(3);
    let mut offset = 88;
    let [domain, user, station, lm, nt, key] = &parts;
    let mut fields = Vec::new();
    for part in [domain, user, station, lm, nt, key] {
        let mut one = Vec::new();
        field(&mut one, part.len(), &mut offset);
        fields.push(one);
    }
    // In the header the responses come first; behind it the names do.
    for at in [3, 4, 0, 1, 2, 5] {
        out.extend_from_slice(&fields[at]);
    }
    out.extend_from_slice(&FLAGS.to_le_bytes());
    out.extend_from_slice(&WINDOWS_10);
    out.extend_from_slice(&noise::fresh::<16>(dice));
    for part in &parts {
        out.extend_from_slice(part);
    }
    out
}
