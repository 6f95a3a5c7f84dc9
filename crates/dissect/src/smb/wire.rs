//! NetBIOS framing, and the headers of SMB (RFC 1002 section 4.3, MS-SMB2 section 2.2, MS-CIFS section 2.2).

use wardtap_net::reader::Reader;

use super::PORTS;
use super::names::{self, Share};
use crate::{Evidence, Probe};

/// Octets of the header of a session's packet (RFC 1002 section 4.3.1).
pub(super) const FRAME_HEADER: usize = 4;
/// Octets of a header of SMB 2 and 3 (MS-SMB2 section 2.2.1).
pub(super) const HEADER: usize = 64;
/// Octets of a header of SMB 1 (MS-CIFS section 2.2.3.1).
const HEADER_1: usize = 32;

/// Octets of a security token that are looked at: what NTLM says of the system stands in front.
const TOKEN_MAX: usize = 1024;
/// Octets of a share's path: 80 characters of a share's name, 255 of a server's, and what stands between (MS-SMB2 section
/// 2.2.9).
const PATH_MAX: usize = 700;
/// Octets of a file's path that are looked at: who has a longer one is not followed.
const FILE_MAX: usize = 1024;
/// Dialects of an offer; there are six.
const DIALECTS_MAX: usize = 32;

/// Numbers of commands of SMB 2 (MS-SMB2 section 2.2.1.2).
pub(super) mod command {
    pub(in super::super) const NEGOTIATE: u16 = 0;
    pub(in super::super) const SESSION_SETUP: u16 = 1;
    pub(in super::super) const TREE_CONNECT: u16 = 3;
    pub(in super::super) const TREE_DISCONNECT: u16 = 4;
    pub(in super::super) const CREATE: u16 = 5;
    pub(in super::super) const READ: u16 = 8;
    pub(in super::super) const WRITE: u16 = 9;
    pub(in super::super) const CANCEL: u16 = 12;
    pub(in super::super) const SET_INFO: u16 = 17;
    /// The highest of them.
    pub(in super::super) const OPLOCK_BREAK: u16 = 18;
}

/// What a packet of a session is (RFC 1002 section 4.3.1).
pub(super) enum Frame {
    /// Messages of SMB, of so many octets.
    Messages(usize),
    /// The session's own: asked for, accepted, refused, kept alive.
    Session(usize),
}

impl Frame {
    pub(super) fn read(header: [u8; FRAME_HEADER]) -> Option<Self> {
        let [kind, rest @ ..] = header;
        let length = rest.into_iter().fold(0usize, |length, octet| (length << 8) | usize::from(octet));
        match kind {
            0 => Some(Self::Messages(length)),
            // A session's request has two names of 34 octets, any answer has 6 at most.
            0x81..=0x85 if length <= 512 => Some(Self::Session(length)),
            _ => None,
        }
    }
}

/// What a message begins with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Magic {
    Smb2,
    Encrypted,
    Compressed,
    Smb1,
}

impl Magic {
    pub(super) const fn read(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xfe, b'S', b'M', b'B', ..] => Some(Self::Smb2),
            [0xfd, b'S', b'M', b'B', ..] => Some(Self::Encrypted),
            [0xfc, b'S', b'M', b'B', ..] => Some(Self::Compressed),
            [0xff, b'S', b'M', b'B', ..] => Some(Self::Smb1),
            _ => None,
        }
    }
}

/// Whether the bytes of either end begin SMB.
pub(super) fn probe(evidence: &Evidence<'_>) -> Probe {
    let netbios = evidence.flow.uses_port(&PORTS);
    let mut answer = Probe::No;
    for bytes in evidence.bytes {
        match bytes {
            [] => {}
            [0, rest @ ..] if rest.len() < 7 => {
                let magic = rest.get(3..).unwrap_or_default();
                if [0xfe, 0xfd, 0xfc, 0xff].iter().any(|first| [*first, b'S', b'M', b'B'].starts_with(magic)) {
                    answer = Probe::Unsure;
                }
            }
            [0, _, _, _, rest @ ..] if Magic::read(rest).is_some() => return Probe::Yes(None),
            // A session is asked for by two encoded names of 32 letters from A to P (RFC 1002 section 4.1).
            [0x81, rest @ ..] if netbios => {
                let expected = [Some(0), Some(0), Some(68), Some(32)].into_iter().chain([None; 32]);
                let fits = rest.iter().zip(expected).all(|(octet, expected)| match expected {
                    Some(expected) => *octet == expected,
                    None => (b'A'..=b'P').contains(octet),
                });
                match (fits, rest.len() >= 36) {
                    (true, true) => return Probe::Yes(None),
                    (true, false) => answer = Probe::Unsure,
                    (false, _) => {}
                }
            }
            _ => {}
        }
    }
    answer
}

/// A header of SMB 2 or 3 (MS-SMB2 section 2.2.1).
#[derive(Clone, Copy)]
pub(super) struct Header {
    pub status: u32,
    pub command: u16,
    flags: u32,
    /// Where the next message of a compound begins; 0 in the last one.
    pub next: usize,
    pub message_id: u64,
    /// Not of one that is answered later.
    pub tree: Option<u32>,
}

impl Header {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut header = Reader::new(bytes.get(4..HEADER)?);
        if usize::from(header.le16()?) != HEADER {
            return None;
        }
        header.skip(2)?;
        let (status, command) = (header.le32()?, header.le16()?);
        header.skip(2)?;
        let (flags, next) = (header.le32()?, header.le32()?.try_into().ok()?);
        let message_id = u64::from(header.le32()?) | u64::from(header.le32()?) << 32;
        header.skip(4)?;
        let tree = header.le32()?;
        // SMB2_FLAGS_ASYNC_COMMAND: an id of its own stands there instead.
        let tree = (flags & 2 == 0).then_some(tree);
        Some(Self { status, command, flags, next, message_id, tree })
    }

    /// SMB2_FLAGS_SERVER_TO_REDIR.
    pub(super) const fn is_response(&self) -> bool {
        self.flags & 1 != 0
    }

    /// SMB2_FLAGS_RELATED_OPERATIONS: on what the message before it is on.
    pub(super) const fn is_related(&self) -> bool {
        self.flags & 4 != 0
    }

    /// Octets of the message that are read, where it has as many.
    pub(super) const fn wanted(&self) -> usize {
        let body = match (self.command, self.is_response()) {
            (command::NEGOTIATE, _) => 36 + 2 * DIALECTS_MAX,
            (command::SESSION_SETUP, _) => 24 + TOKEN_MAX,
            (command::TREE_CONNECT, false) => 8 + PATH_MAX,
            (command::CREATE, false) => 56 + FILE_MAX,
            (command::SET_INFO, false) => 32 + 20 + FILE_MAX,
            (command::TREE_CONNECT | command::READ, true) | (command::WRITE, false) => 16,
            _ => 0,
        };
        HEADER.saturating_add(body)
    }
}

/// The path of a file, as a digest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Path {
    digest: u64,
    octets: usize,
}

impl Path {
    /// Of a path as a message has it (UTF-16, from the share's root on).
    pub(super) fn of(path: &[u8]) -> Self {
        // FNV-1a: it only has to tell paths apart.
        let take = |hash: u64, octet: &u8| (hash ^ u64::from(*octet)).wrapping_mul(0x0000_0100_0000_01b3);
        Self { digest: path.iter().fold(0xcbf2_9ce4_8422_2325, take), octets: path.len() }
    }

    /// Whether a path is this one and an ending behind it.
    pub(super) fn is_lengthened(&self, path: &[u8]) -> bool {
        let Some((before, behind)) = path.split_at_checked(self.octets) else { return false };
        behind.starts_with(&[b'.', 0]) && behind.len() > 2 && Self::of(before) == *self
    }
}

/// The path that a request has: of a CREATE (MS-SMB2 section 2.2.13), or the new one of a rename (MS-FSCC section
/// 2.4.42.2).
pub(super) fn path(number: u16, message: &[u8]) -> Option<&[u8]> {
    let mut body = Reader::new(message.get(HEADER..)?);
    if number == command::CREATE {
        body.skip(44)?;
        let (offset, length) = (body.le16()?, body.le16()?);
        let path = field(message, offset, length);
        return (path.len() == usize::from(length)).then_some(path);
    }
    body.skip(8)?;
    let information = message.get(usize::from(body.le16()?)..)?;
    let mut rename = Reader::new(information);
    rename.skip(16)?;
    let length = usize::try_from(rename.le32()?).ok()?;
    // Some clients begin with the root.
    rename.take(length).map(|path| path.strip_prefix(&[b'\\', 0]).unwrap_or(path))
}

/// What is read of a message beside its header.
#[derive(Clone, Copy, Default)]
pub(super) struct Facts {
    pub dialect: Option<&'static str>,
    pub signing: Option<&'static str>,
    /// Of a request: what its path says. Of an answer: what it says; `share_type` then.
    pub share: Option<Share>,
    pub share_type: Option<u8>,
    pub pipe: Option<&'static str>,
    pub change: Option<&'static str>,
    pub octets: Option<u64>,
    /// It asks to be let write or delete.
    pub writes: bool,
    /// Nobody is logged in, though the answer is yes.
    pub login: Option<&'static str>,
}

/// SMB2_NEGOTIATE_SIGNING_ENABLED and _REQUIRED (MS-SMB2 section 2.2.3).
const fn signing(mode: u16) -> &'static str {
    match mode & 3 {
        0 => "none",
        1 => "enabled",
        _ => "required",
    }
}

/// Rights to change a file (MS-SMB2 section 2.2.13.1.1): FILE_WRITE_DATA, FILE_APPEND_DATA, DELETE, GENERIC_ALL,
/// GENERIC_WRITE.
const WRITES: u32 = 0x0000_0002 | 0x0000_0004 | 0x0001_0000 | 0x1000_0000 | 0x4000_0000;
/// FILE_DELETE_ON_CLOSE (MS-SMB2 section 2.2.13).
const DELETE_ON_CLOSE: u32 = 0x0000_1000;

/// What stands at the offset (from the header on) and has the length that two fields of a message say, as far as it is there.
fn field(message: &[u8], offset: u16, length: u16) -> &[u8] {
    let rest = message.get(usize::from(offset)..).unwrap_or_default();
    rest.get(..usize::from(length)).unwrap_or(rest)
}

impl Facts {
    /// None where the body is not what the command's section says.
    pub(super) fn of_request(number: u16, message: &[u8]) -> Option<Self> {
        let mut facts = Self::default();
        let mut body = Reader::new(message.get(HEADER..)?);
        match number {
            // MS-SMB2 section 2.2.3.
            command::NEGOTIATE => {
                body.skip(2)?;
                let count = usize::from(body.le16()?).min(DIALECTS_MAX);
                facts.signing = Some(signing(body.le16()?));
                body.skip(30)?;
                let highest = (0..count).map_while(|_| body.le16()).filter(|of| names::dialect(*of).is_some()).max();
                facts.dialect = highest.and_then(names::dialect);
            }
            // Section 2.2.9.
            command::TREE_CONNECT => {
                body.skip(4)?;
                let (offset, length) = (body.le16()?, body.le16()?);
                let path = field(message, offset, length);
                facts.share = if path.len() == usize::from(length) { Share::of_path(path) } else { None };
            }
            // Section 2.2.13.
            command::CREATE => {
                body.skip(24)?;
                facts.writes = body.le32()? & WRITES != 0;
                body.skip(12)?;
                facts.change = (body.le32()? & DELETE_ON_CLOSE != 0).then_some("delete");
                let (offset, length) = (body.le16()?, body.le16()?);
                facts.pipe = Some(names::pipe(field(message, offset, length)));
            }
            // Section 2.2.21.
            command::WRITE => {
                body.skip(4)?;
                facts.octets = Some(body.le32()?.into());
            }
            // Section 2.2.39; the information of classes is that of MS-FSCC section 2.4.
            command::SET_INFO => {
                body.skip(2)?;
                let (kind, class) = (body.u8()?, body.u8()?);
                body.skip(4)?;
                let first = usize::from(body.le16()?);
                let flags = message.get(first).copied().unwrap_or_default();
                facts.change = match (kind, class) {
                    (1, 10 | 65) => Some("rename"),
                    (1, 13 | 64) if flags & 1 != 0 => Some("delete"),
                    _ => None,
                };
            }
            _ => {}
        }
        Some(facts)
    }

    /// The same of an answer that says yes.
    pub(super) fn of_response(number: u16, message: &[u8]) -> Option<Self> {
        let mut facts = Self::default();
        let mut body = Reader::new(message.get(HEADER..)?);
        match number {
            // Section 2.2.4.
            command::NEGOTIATE => {
                body.skip(2)?;
                facts.signing = Some(signing(body.le16()?));
                facts.dialect = names::dialect(body.le16()?);
            }
            // Section 2.2.6.
            command::SESSION_SETUP => {
                body.skip(2)?;
                facts.login = match body.le16()? & 3 {
                    0 => None,
                    1 => Some("guest"),
                    _ => Some("anonymous"),
                };
            }
            // Section 2.2.10.
            command::TREE_CONNECT => {
                body.skip(2)?;
                facts.share_type = Some(body.u8()?);
            }
            // Section 2.2.20.
            command::READ => {
                body.skip(4)?;
                facts.octets = Some(body.le32()?.into());
            }
            _ => {}
        }
        Some(facts)
    }
}

/// What is read of a message of SMB 1 (MS-CIFS section 2.2.3.1).
#[derive(Clone, Copy)]
pub(super) struct Old {
    pub command: u8,
    pub status: u32,
    pub is_response: bool,
    /// Process and multiplex ids: an answer has those of its request.
    pub id: u64,
    pub dialect: Option<&'static str>,
}

/// Commands of SMB 1 that open a session and a share (MS-CIFS sections 2.2.4.52, 2.2.4.53, 2.2.4.55).
pub(super) const NEGOTIATE_1: u8 = 0x72;
pub(super) const SESSION_SETUP_1: u8 = 0x73;
pub(super) const TREE_CONNECT_1: u8 = 0x75;

impl Old {
    pub(super) const HEADER: usize = HEADER_1;
    /// Octets of such a message that are looked at.
    pub(super) const WANTED: usize = HEADER_1 + TOKEN_MAX;

    pub(super) fn read(message: &[u8]) -> Option<Self> {
        let mut header = Reader::new(message.get(4..)?);
        let (command, status, flags) = (header.u8()?, header.le32()?, header.u8()?);
        header.skip(16)?;
        let process = header.le16()?;
        header.skip(2)?;
        let id = u64::from(process) << 16 | u64::from(header.le16()?);
        // SMB_FLAGS_REPLY.
        let is_response = flags & 0x80 != 0;
        let words = header.u8();
        let dialect = match (command, is_response, words) {
            (NEGOTIATE_1, false, Some(0)) => Self::offered(header.rest()),
            // By what the answer looks like (MS-CIFS section 2.2.4.52.2).
            (NEGOTIATE_1, true, Some(17)) => Some("1.0"),
            (NEGOTIATE_1, true, Some(1 | 13)) => Some("older"),
            _ => None,
        };
        Some(Self { command, status, is_response, id, dialect })
    }

    /// The highest of the dialects that are offered by name, each behind an octet of 2 and before one of 0.
    fn offered(names: &[u8]) -> Option<&'static str> {
        let mut highest = 0usize;
        for name in names.split(|octet| *octet == 0).take(DIALECTS_MAX) {
            let rank = match name.strip_prefix(&[2]).or_else(|| name.get(2..)?.strip_prefix(&[2])) {
                Some(b"SMB 2.???") => 4,
                Some(b"SMB 2.002") => 3,
                Some(b"NT LM 0.12") => 2,
                Some(_) => 1,
                None => 0,
            };
            highest = highest.max(rank);
        }
        [None, Some("older"), Some("1.0"), Some("2.0.2"), Some("2.x")].get(highest).copied().flatten()
    }
}
