//! Long headers (RFC 9000 section 17.2, RFC 8999 section 5.1) and frames of Initial packets (RFC 9000 section 19).

use wardtap_net::reader::Reader;

/// Octets of a connection's id in the versions that are read (RFC 9000 section 17.2).
pub(super) const ID_MAX: usize = 20;

/// The least octets of a datagram with an Initial packet of a client (RFC 9000 section 14.1).
pub(super) const INITIAL_LEAST: usize = 1200;

/// Versions of a version negotiation that are looked through.
const VERSIONS_MAX: usize = 64;

/// The form of the header: it is a long one.
const LONG: u8 = 0x80;

/// The fixed bit.
const FIXED: u8 = 0x40;

/// A version whose packets are read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Version {
    pub name: &'static str,
    /// What the keys of Initial packets are made with (RFC 9001 section 5.2).
    pub salt: [u8; 20],
    /// What the labels of keys begin with (RFC 9369 section 3.3.1).
    pub label: &'static [u8],
    /// The two bits of the type, for Initial, 0-RTT, Handshake and Retry packets (RFC 9369 section 3.2).
    types: [u8; 4],
}

/// Also of draft-ietf-quic-tls-33 and -34.
const SALT_1: [u8; 20] = [
    0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f,
    0x0a,
];

/// RFC 9369 section 3.3.1.
const SALT_2: [u8; 20] = [
    0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e,
    0xd9,
];

/// draft-ietf-quic-tls-29 to -32.
const SALT_29: [u8; 20] = [
    0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8,
    0x99,
];

static VERSION_1: Version = Version { name: "1", salt: SALT_1, label: b"quic ", types: [0, 1, 2, 3] };
static VERSION_2: Version = Version { name: "2", salt: SALT_2, label: b"quicv2 ", types: [1, 2, 3, 0] };
static DRAFT_29: Version = Version { name: "draft", salt: SALT_29, label: b"quic ", types: [0, 1, 2, 3] };
static DRAFT_33: Version = Version { name: "draft", salt: SALT_1, label: b"quic ", types: [0, 1, 2, 3] };

impl Version {
    const fn of(number: u32) -> Option<&'static Self> {
        match number {
            1 => Some(&VERSION_1),
            0x6b33_43cf => Some(&VERSION_2),
            0xff00_001d..=0xff00_0020 => Some(&DRAFT_29),
            0xff00_0021..=0xff00_0022 => Some(&DRAFT_33),
            _ => None,
        }
    }
}

/// A connection's id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Id {
    length: u8,
    octets: [u8; ID_MAX],
}

impl Id {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let length = reader.u8()?;
        let bytes = reader.take(length.into())?;
        if bytes.len() > ID_MAX {
            return None;
        }
        let mut octets = [0; ID_MAX];
        octets.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Some(Self { length, octets })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.octets.get(..usize::from(self.length)).unwrap_or_default()
    }
}

/// What a packet is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Where the number of the packet is, and where the packet ends.
    Initial(&'static Version, usize, usize),
    /// 0-RTT or Handshake, and where it ends.
    Sealed(usize),
    Retry(&'static Version),
    /// The server knows other versions.
    Negotiation,
    /// Of a version that is not read.
    Unknown,
}

/// A packet with a long header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet {
    pub kind: Kind,
    pub destination: Id,
    pub source: Id,
}

impl Packet {
    /// The first packet of these bytes; None where they begin with none.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let first = reader.u8().filter(|first| first & LONG != 0)?;
        let number = reader.be32()?;
        let (destination, source) = (Id::read(&mut reader)?, Id::read(&mut reader)?);
        let kind = match (number, Version::of(number)) {
            (0, _) => negotiation(reader)?,
            _ if first & FIXED == 0 => return None,
            (_, None) => Kind::Unknown,
            (_, Some(version)) => Self::kind(version, first >> 4 & 3, bytes.len(), &mut reader)?,
        };
        Some(Self { kind, destination, source })
    }

    fn kind(version: &'static Version, bits: u8, length: usize, reader: &mut Reader<'_>) -> Option<Kind> {
        let [initial, _, _, retry] = version.types;
        if bits == retry {
            // A token that is not empty, and 16 octets that prove it whole.
            return (reader.remaining() > 16).then_some(Kind::Retry(version));
        }
        if bits == initial {
            let token = usize::try_from(number(reader)?).ok()?;
            reader.skip(token)?;
        }
        let rest = usize::try_from(number(reader)?).ok()?;
        let start = length.checked_sub(reader.remaining())?;
        // A number, and as much as protects it (RFC 9001 section 5.4.2).
        reader.take(rest).filter(|rest| rest.len() >= 20)?;
        let end = start.checked_add(rest)?;
        Some(if bits == initial { Kind::Initial(version, start, end) } else { Kind::Sealed(end) })
    }

    /// Of a version that is read, or says which.
    pub(super) const fn is_known(&self) -> bool {
        !matches!(self.kind, Kind::Unknown)
    }
}

/// The versions that a server knows: any number of them, one that is read among them (RFC 9000 section 17.2.1).
fn negotiation(mut reader: Reader<'_>) -> Option<Kind> {
    if reader.is_empty() || !reader.remaining().is_multiple_of(4) {
        return None;
    }
    let mut versions = std::iter::from_fn(|| reader.be32()).take(VERSIONS_MAX);
    versions.any(|version| Version::of(version).is_some()).then_some(Kind::Negotiation)
}

/// An integer of variable length (RFC 9000 section 16).
fn number(reader: &mut Reader<'_>) -> Option<u64> {
    let first = reader.u8()?;
    let more = reader.take((1_usize << (first >> 6)).saturating_sub(1))?;
    Some(more.iter().fold(u64::from(first & 0x3f), |number, byte| number << 8 | u64::from(*byte)))
}

/// Gives what is in the CRYPTO frames of an Initial packet, each with its place; false where something else than its frames is
/// there (RFC 9000 section 12.4).
pub(super) fn each_piece(payload: &[u8], mut take: impl FnMut(u64, &[u8])) -> bool {
    let mut reader = Reader::new(payload);
    while !reader.is_empty() {
        if frame(&mut reader, &mut take).is_none() {
            return false;
        }
    }
    true
}

fn frame(reader: &mut Reader<'_>, take: &mut impl FnMut(u64, &[u8])) -> Option<()> {
    match number(reader)? {
        // PADDING, PING.
        0 | 1 => {}
        // ACK: the largest, a delay, and ranges; the second kind has three counters behind them.
        kind @ (2 | 3) => {
            number(reader)?;
            number(reader)?;
            let ranges = number(reader)?;
            number(reader)?;
            let more = ranges.checked_mul(2)?.checked_add(if kind == 3 { 3 } else { 0 })?;
            // Each takes an octet at least.
            (more <= reader.remaining() as u64).then_some(())?;
            for _ in 0..more {
                number(reader)?;
            }
        }
        6 => {
            let offset = number(reader)?;
            let length = usize::try_from(number(reader)?).ok()?;
            take(offset, reader.take(length)?);
        }
        // CONNECTION_CLOSE: an error, the type of a frame, and a reason for people.
        0x1c => {
            number(reader)?;
            number(reader)?;
            let length = usize::try_from(number(reader)?).ok()?;
            reader.skip(length)?;
        }
        _ => return None,
    }
    Some(())
}
