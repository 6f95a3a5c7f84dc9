//! The first octets of a data set: the level of a query and whether anything narrows it down, and whether the "object" is a
//! program.
//!
//! Nothing else of a data set is looked at, ever. What is said of it here is one word of a closed set.

use wardtap_net::reader::{Reader, be32_at};

/// How many octets of a data set are looked at. (0008,0052) is among the first elements, since tags ascend, and a
/// preamble with its mark takes 132; the header of a Windows program usually lies within as well.
pub(super) const START_MAX: usize = 512;

/// (0008,0052) Query/Retrieve Level (PS3.4 C.6.1, C.6.2, K.6): a closed vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QueryLevel {
    Patient,
    Study,
    Series,
    Image,
}

impl QueryLevel {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Patient => "PATIENT",
            Self::Study => "STUDY",
            Self::Series => "SERIES",
            Self::Image => "IMAGE",
        }
    }

    fn of(value: &[u8]) -> Option<Self> {
        let end = value.iter().rposition(|byte| !matches!(byte, 0 | b' ')).map_or(0, |last| last.saturating_add(1));
        match value.get(..end)? {
            b"PATIENT" => Some(Self::Patient),
            b"STUDY" => Some(Self::Study),
            b"SERIES" => Some(Self::Series),
            b"IMAGE" => Some(Self::Image),
            _ => None,
        }
    }
}

/// How the elements of a data set are encoded (PS3.5 annex A).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    ImplicitLittle,
    ExplicitLittle,
    ExplicitBig,
    /// Deflated: not looked into.
    Deflated,
}

impl Encoding {
    /// By transfer syntax; every one but these is explicit VR little endian (PS3.5 A.4).
    pub(super) fn of(transfer_syntax: &[u8]) -> Self {
        match transfer_syntax {
            b"1.2.840.10008.1.2" => Self::ImplicitLittle,
            b"1.2.840.10008.1.2.2" => Self::ExplicitBig,
            b"1.2.840.10008.1.2.1.99" | b"1.2.840.10008.1.2.4.95" => Self::Deflated,
            _ => Self::ExplicitLittle,
        }
    }
}

/// What an identifier asks for (PS3.4 C.2.2.2, C.4.1.1.3): at which level, and of whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) level: Option<QueryLevel>,
    /// Nothing narrows it down: every key is empty, or `*` (universal matching, C.2.2.2.3).
    pub(super) is_of_all: bool,
}

impl Query {
    /// What the identifier that starts with `start` asks for; `whole`, where that is all of it.
    ///
    /// Without a known encoding all are tried: a wrong one does not happen to find the element with a valid word.
    pub(super) fn of(start: &[u8], encoding: Option<Encoding>, whole: bool) -> Self {
        const PLAIN: [Encoding; 3] = [Encoding::ExplicitLittle, Encoding::ImplicitLittle, Encoding::ExplicitBig];
        let read = |encoding| {
            let level = level_in(start, encoding)?;
            Some(Self { level: Some(level), is_of_all: whole && is_of_all(start, encoding) })
        };
        let found = encoding.map_or_else(|| PLAIN.into_iter().find_map(read), read);
        found.unwrap_or_default()
    }
}

/// (0008,0052).
const LEVEL: (u16, u16) = (0x0008, 0x0052);

fn level_in(start: &[u8], encoding: Encoding) -> Option<QueryLevel> {
    let mut reader = Reader::new(start);
    loop {
        let (tag, value) = element(&mut reader, encoding)?;
        match tag {
            LEVEL => return QueryLevel::of(value),
            tag if tag > LEVEL => return None,
            _ => {}
        }
    }
}

/// Whether no element of a whole identifier narrows it down. What says how it is written or where to look does not: group
/// lengths, (0008,0005) character set, (0008,0053) query or retrieve view, (0008,0054) retrieve AE, (0008,0201) time zone.
fn is_of_all(whole: &[u8], encoding: Encoding) -> bool {
    let mut reader = Reader::new(whole);
    while !reader.rest().is_empty() {
        let Some((tag, value)) = element(&mut reader, encoding) else { return false };
        let narrows = !matches!(tag, (_, 0) | (0x0008, 0x0005 | 0x0052 | 0x0053 | 0x0054 | 0x0201))
            && !value.iter().all(|octet| matches!(octet, b'*' | b' ' | 0));
        if narrows {
            return false;
        }
    }
    true
}

/// The next element; None where there is no whole one.
fn element<'a>(reader: &mut Reader<'a>, encoding: Encoding) -> Option<((u16, u16), &'a [u8])> {
    let big = encoding == Encoding::ExplicitBig;
    let half = |reader: &mut Reader<'_>| if big { reader.be16() } else { reader.le16() };
    let word = |reader: &mut Reader<'_>| if big { reader.be32() } else { reader.le32() };
    let tag = (half(reader)?, half(reader)?);
    let length = match encoding {
        Encoding::Deflated => return None,
        Encoding::ImplicitLittle => word(reader)?,
        Encoding::ExplicitLittle | Encoding::ExplicitBig => match reader.take(2)? {
            // Two reserved octets and a length of 32 bits (PS3.5 7.1.2).
            b"OB" | b"OD" | b"OF" | b"OL" | b"OV" | b"OW" | b"SQ" | b"SV" | b"UC" | b"UN" | b"UR" | b"UT" | b"UV" => {
                reader.skip(2)?;
                word(reader)?
            }
            [b'A'..=b'Z', b'A'..=b'Z'] => u32::from(half(reader)?),
            _ => return None,
        },
    };
    Some((tag, reader.take(usize::try_from(length).ok()?)?))
}

/// What kind of program a data set is, and where: at its start, or in the preamble of a file that was sent whole.
///
/// Strict, since a false alarm costs trust: a data set starts with a tag of an even group, deflated ones with anything.
/// So a few magic octets do only where the encoding is known and no data set begins so ("MZ" would be group 5A4DH, or
/// 4D5AH, before the groups that every object has); else the fields behind them have to make sense as well.
pub(super) fn executable(start: &[u8], encoding: Option<Encoding>) -> Option<(&'static str, &'static str)> {
    // A file has a preamble of 128 octets that may hold anything, then its mark (PS3.10 7.1). Behind that mark there is
    // room for the real header of a program, so the header's own place cannot be checked (CVE-2019-11687).
    if start.get(128..132) == Some(b"DICM") {
        let windows = start.starts_with(b"MZ").then_some("Windows PE");
        return windows.or_else(|| program(start)).map(|format| (format, "in the preamble of a DICOM file"));
    }
    let inflated = encoding.is_some_and(|encoding| encoding != Encoding::Deflated);
    let dos = (inflated && start.starts_with(b"MZ")).then_some("DOS or Windows program");
    windows(start).or(dos).or_else(|| program(start)).map(|format| (format, "at the start of a data set"))
}

/// The header of a DOS program, and behind it that of a Windows one (Microsoft PE format, "MS-DOS Stub").
fn windows(start: &[u8]) -> Option<&'static str> {
    let header = start.get(..64).filter(|header| header.starts_with(b"MZ"))?;
    let mut reader = Reader::new(header.get(2..)?);
    let (last_page, pages, _relocations, header_paragraphs) =
        (reader.le16()?, reader.le16()?, reader.le16()?, reader.le16()?);
    let relocations_at = header.get(0x18..)?.first_chunk::<2>().map(|field| u16::from_le_bytes(*field))?;
    let next = header.get(0x3c..)?.first_chunk::<4>().map(|field| u32::from_le_bytes(*field))?;
    let next = usize::try_from(next).ok()?;
    match next.checked_add(4).and_then(|end| start.get(next..end)) {
        Some(b"PE\0\0") if next >= 4 => return Some("Windows PE"),
        Some([b'N' | b'L', b'E' | b'X', ..]) if next >= 64 => return Some("Windows or OS/2 program"),
        _ => {}
    }
    let sane = last_page < 512 && pages >= 1 && (2..=64).contains(&header_paragraphs) && relocations_at <= 0x100;
    let beyond = start.len() >= START_MAX && next > START_MAX.saturating_sub(4);
    let behind = beyond && next <= 0x1_0000 && relocations_at >= 0x40;
    // What every linker's stub says.
    let stub = start.windows(12).any(|window| window == b"This program");
    (sane && (behind || stub)).then_some(if behind { "Windows PE" } else { "DOS program" })
}

/// Programs of other systems.
fn program(start: &[u8]) -> Option<&'static str> {
    match start {
        // Class, byte order and version (System V ABI, "ELF Identification"), then type and machine.
        [0x7f, b'E', b'L', b'F', 1 | 2, 1 | 2, 1, ..] => Some("ELF"),
        // Mach-O: the CPU type, and the file type among the first sixteen.
        [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] => {
            (cpu(be32_at(start, 4)?) && (1..=16).contains(&be32_at(start, 12)?)).then_some("Mach-O")
        }
        [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => {
            let swapped = |offset| be32_at(start, offset).map(u32::swap_bytes);
            (cpu(swapped(4)?) && (1..=16).contains(&swapped(12)?)).then_some("Mach-O")
        }
        // For several CPUs at once, or a Java class: told apart by what follows, a count or a version.
        [0xca, 0xfe, 0xba, 0xbe, ..] => match be32_at(start, 4)? {
            1..=16 if cpu(be32_at(start, 8)?) => Some("Mach-O"),
            45..=100 => Some("Java class"),
            _ => None,
        },
        [b'#', b'!', line @ ..] => script(line).then_some("script"),
        _ => None,
    }
}

/// VAX to POWERPC64 of `mach/machine.h`, without the bit for 64 bits.
fn cpu(kind: u32) -> bool {
    matches!(kind & 0x00ff_ffff, 7 | 12 | 18) && kind >> 24 <= 2
}

/// The rest of a script's first line: the absolute path of an interpreter, printable to the line's end.
fn script(line: &[u8]) -> bool {
    let line = line.get(..127).unwrap_or(line);
    let Some(end) = line.iter().position(|&byte| byte == b'\n') else { return false };
    let line = line.get(..end).unwrap_or_default().trim_ascii();
    matches!(line, [b'/', b'a'..=b'z', ..]) && line.iter().all(|byte| matches!(byte, b'\t' | 0x20..=0x7e))
}
