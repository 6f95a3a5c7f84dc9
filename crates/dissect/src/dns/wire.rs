//! Messages of the Domain Name System (RFC 1035 section 4), as all protocols of its kind have them.
//!
//! Names are measured, never told. Compressed ones (RFC 1035 section 4.1.4) point backwards, each before the name that it
//! is in: going through one ends.

use wardtap_net::reader::Reader;

/// Octets of the header (RFC 1035 section 4.1.1).
pub(crate) const HEADER: usize = 12;

/// Octets of a name on the wire, its end included (RFC 1035 section 2.3.4).
const NAME_MAX: usize = 255;

/// Questions passed over: one is usual, mDNS asks some ten at once.
const QUESTIONS_MAX: u16 = 64;

/// Records looked at: answers have some ten.
const RECORDS_MAX: usize = 256;

/// Octets of the shortest question and of the shortest record: those of the root (RFC 1035 sections 4.1.2 and 4.1.3).
const QUESTION: usize = 5;
const RECORD: usize = 11;

/// Types and classes that are asked for by number elsewhere (RFC 1035 section 3.2).
pub(crate) const A: u16 = 1;
pub(crate) const AAAA: u16 = 28;
pub(crate) const PTR: u16 = 12;
pub(crate) const TXT: u16 = 16;
pub(crate) const SRV: u16 = 33;
const OPT: u16 = 41;
pub(crate) const IN: u16 = 1;
pub(crate) const CHAOS: u16 = 3;
pub(crate) const ANY: u16 = 255;

/// Bits of the header's second word.
const RESPONSE: u16 = 0x8000;
pub(crate) const AUTHORITATIVE: u16 = 0x0400;
pub(crate) const TRUNCATED: u16 = 0x0200;
pub(crate) const RECURSION_DESIRED: u16 = 0x0100;
pub(crate) const RECURSION_AVAILABLE: u16 = 0x0080;
pub(crate) const MUST_BE_ZERO: u16 = 0x0040;

/// A name within a message: where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name(usize);

/// What is asked (RFC 1035 section 4.1.2).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    pub name: Name,
    pub kind: u16,
    pub class: u16,
}

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Answer,
    Authority,
    Additional,
}

/// A resource record (RFC 1035 section 4.1.3).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    pub section: Section,
    pub name: Name,
    pub kind: u16,
    pub class: u16,
    pub ttl: u32,
    pub data: &'a [u8],
    /// Where the data begins in the message: names in it may point backwards.
    pub data_at: usize,
}

/// How the records end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Where the message does.
    Whole,
    /// Octets follow that no record has.
    Behind,
    /// More records follow than are looked at.
    TooMany,
    /// The message ends before them.
    Short,
    /// One is not as a record is.
    Malformed,
}

/// Why a part cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It goes on behind the bytes that are there.
    Short,
    /// No more bytes would help.
    Malformed,
}

impl From<Fault> for End {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Short => Self::Short,
            Fault::Malformed => Self::Malformed,
        }
    }
}

/// What EDNS says (RFC 6891 section 6.1.3).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edns {
    /// The largest datagram that the sender takes.
    pub size: u16,
    /// The upper bits of the response code.
    code: u8,
}

/// A message: its header and first question are read, its records on demand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    bytes: &'a [u8],
    pub id: u16,
    flags: u16,
    /// Questions, answers, authority records, additional records.
    pub counts: [u16; 4],
    pub question: Option<Question>,
    records_at: usize,
}

impl<'a> Message<'a> {
    /// Reads the header and the questions.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Fault> {
        let mut reader = Reader::new(bytes);
        let (id, flags, counts) = header(&mut reader).ok_or(Fault::Short)?;
        let [questions, ..] = counts;
        if questions > QUESTIONS_MAX {
            return Err(Fault::Malformed);
        }
        let mut first = None;
        for _ in 0..questions {
            let question = question(&mut reader)?;
            first = first.or(Some(question));
        }
        Ok(Self { bytes, id, flags, counts, question: first, records_at: reader.position() })
    }

    /// It answers.
    pub(crate) const fn is_response(&self) -> bool {
        self.flags & RESPONSE != 0
    }

    /// What kind of question it is (RFC 1035 section 4.1.1, RFC 1002 section 4.2.1.1).
    pub(crate) const fn opcode(&self) -> u8 {
        (self.flags >> 11 & 15) as u8
    }

    /// The response code without what EDNS adds.
    pub(crate) const fn code(&self) -> u8 {
        (self.flags & 15) as u8
    }

    /// A bit of the header.
    pub(crate) const fn has(&self, bit: u16) -> bool {
        self.flags & bit != 0
    }

    /// Octets behind the questions: all records.
    pub(crate) fn record_octets(&self, length: usize) -> usize {
        length.saturating_sub(self.records_at)
    }

    /// The labels of a name, with those that it points to.
    pub(crate) const fn labels(&self, name: Name) -> Labels<'a> {
        Labels { bytes: self.bytes, at: name.0, before: name.0, left: NAME_MAX }
    }

    /// Goes through the records, in order.
    pub(crate) fn walk(&self, mut each: impl FnMut(&Record<'a>)) -> End {
        let mut reader = Reader::new(self.bytes);
        if reader.skip(self.records_at).is_none() {
            return End::Short;
        }
        let [_, answers, authorities, additional] = self.counts;
        let sections =
            [(Section::Answer, answers), (Section::Authority, authorities), (Section::Additional, additional)];
        let mut seen = 0usize;
        for (section, count) in sections {
            for _ in 0..count {
                if seen >= RECORDS_MAX {
                    return End::TooMany;
                }
                match record(&mut reader, section) {
                    Ok(record) => each(&record),
                    Err(fault) => return fault.into(),
                }
                seen = seen.saturating_add(1);
            }
        }
        if reader.is_empty() { End::Whole } else { End::Behind }
    }

    /// How the records end, and what EDNS says.
    pub(crate) fn ending(&self) -> (End, Option<Edns>) {
        let mut edns = None;
        let end = self.walk(|record| {
            if record.kind == OPT && record.section == Section::Additional {
                let code = record.ttl.to_be_bytes()[0];
                edns = Some(Edns { size: record.class, code });
            }
        });
        (end, edns)
    }

    /// Characters and labels of a name, as people write it, without the dot at its end.
    pub(crate) fn measure(&self, name: Name) -> (u64, u64) {
        let (mut octets, mut labels) = (0u64, 0u64);
        for label in self.labels(name) {
            octets = octets.saturating_add(label.len() as u64);
            labels = labels.saturating_add(1);
        }
        (octets.saturating_add(labels.saturating_sub(1)), labels)
    }

    /// The header is as a server or a resolver makes it: no bit that must be zero, codes in answers only, as many records as
    /// there may be.
    pub(crate) fn is_plausible(&self) -> bool {
        is_plausible(self.flags, self.counts)
    }

    /// It can hardly be anything else, on whatever port: one question for a name of printable labels, of a type that there
    /// is, in the Internet's class or for a server's version, and records that end where the message does.
    pub(crate) fn is_surely_one(&self) -> bool {
        let [questions, ..] = self.counts;
        let Some(question) = self.question.filter(|_| questions == 1 && self.opcode() == 0) else { return false };
        self.is_plausible() && self.is_common(&question) && self.ending().0 == End::Whole
    }

    /// It asks for a name of printable labels, for a type that has one, in the class IN or any, or for a text in the class
    /// CH: what a server says of itself (RFC 4892 section 3).
    fn is_common(&self, question: &Question) -> bool {
        let mut labels = self.labels(question.name);
        (matches!(question.class, IN | ANY) || (question.class, question.kind) == (CHAOS, TXT))
            && super::names::kind(question.kind) != super::names::OTHER
            && labels.next().is_some_and(is_printable)
            && labels.all(is_printable)
    }
}

impl Edns {
    /// The whole response code (RFC 6891 section 6.1.3).
    pub(crate) fn code(self, of_header: u8) -> u16 {
        u16::from(self.code) << 4 | u16::from(of_header)
    }
}

/// The labels of a name, in order.
#[derive(Clone, Debug)]
pub(crate) struct Labels<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where the part at hand begins: a pointer goes to before it.
    before: usize,
    /// Octets that the name may still have.
    left: usize,
}

impl<'a> Iterator for Labels<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            let mut reader = Reader::new(self.bytes.get(self.at..)?);
            match reader.u8()? {
                0 => return None,
                length @ 1..=63 => {
                    let label = reader.take(length.into())?;
                    self.left = self.left.checked_sub(label.len().saturating_add(1))?;
                    self.at = self.at.saturating_add(reader.position());
                    return Some(label);
                }
                high @ 0xc0.. => {
                    let target = pointer(high, reader.u8()?);
                    // Before it at each turn: that ends.
                    (self.at, self.before) = (target < self.before).then_some((target, target))?;
                }
                _ => return None,
            }
        }
    }
}

/// How the first octets of a message over TCP, its length before it, turn out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begins {
    /// They begin one; it is an answer.
    Yes(bool),
    No,
    /// So far.
    Maybe,
}

/// Octets of a message over TCP that is named on a port of its own: questions, and answers to most of them.
const STRANGE_MAX: usize = 4096;

/// Whether the bytes begin a message with its length before it (RFC 1035 section 4.2.2) and one question. On a port that is
/// not usual only what [`Message::is_surely_one`] would be.
pub(crate) fn begins(bytes: &[u8], is_usual: bool) -> Begins {
    let mut reader = Reader::new(bytes);
    let Some(length) = reader.be16().map(usize::from) else { return Begins::Maybe };
    if length < HEADER.saturating_add(QUESTION) || !is_usual && length > STRANGE_MAX {
        return Begins::No;
    }
    let message = bytes.get(2..).unwrap_or_default();
    let message = message.get(..length).unwrap_or(message);
    // As soon as they are there: most other things have another word in this place.
    if let Some(flags) = wardtap_net::reader::be16_at(message, 2)
        && !is_plausible(flags, [1, 0, 0, 0])
    {
        return Begins::No;
    }
    match Message::read(message) {
        Err(Fault::Malformed) => Begins::No,
        Err(Fault::Short) if message.len() >= length => Begins::No,
        Err(Fault::Short) if has_other_counts(message) => Begins::No,
        Err(Fault::Short) => Begins::Maybe,
        Ok(read) => {
            let is_one = read.counts[0] == 1 && read.is_plausible();
            let is_sure = || read.opcode() == 0 && read.question.is_some_and(|question| read.is_common(&question));
            if is_one && (is_usual || is_sure()) { Begins::Yes(read.is_response()) } else { Begins::No }
        }
    }
}

/// The counts are there, and not those of one question.
fn has_other_counts(message: &[u8]) -> bool {
    header(&mut Reader::new(message)).is_some_and(|(_, flags, counts)| counts[0] != 1 || !is_plausible(flags, counts))
}

fn is_plausible(flags: u16, [questions, answers, authorities, additional]: [u16; 4]) -> bool {
    // A question has at most the SOA record of an incremental transfer (RFC 1995 section 3) and EDNS, TSIG, SIG behind it.
    const ASKED_WITH: u16 = 3;
    let opcode = flags >> 11 & 15;
    // RFC 1035, 1996, 2136: query, inverse query, status, notify, update.
    if flags & MUST_BE_ZERO != 0 || !matches!(opcode, 0..=2 | 4 | 5) {
        return false;
    }
    let octets = [(questions, QUESTION), (answers, RECORD), (authorities, RECORD), (additional, RECORD)]
        .into_iter()
        .fold(HEADER, |octets, (count, least)| octets.saturating_add(usize::from(count).saturating_mul(least)));
    if octets > usize::from(u16::MAX) {
        return false;
    }
    if flags & RESPONSE != 0 {
        return true;
    }
    let answers_only = AUTHORITATIVE | TRUNCATED | RECURSION_AVAILABLE | 15;
    match opcode {
        // Without a question only for a cookie (RFC 7873 section 5.4).
        0 if questions == 0 && additional == 0 => false,
        0 => flags & answers_only == 0 && answers == 0 && authorities <= 1 && additional <= ASKED_WITH,
        _ => flags & 15 == 0,
    }
}

/// Characters that names on a network have. A tunnel may have others: on the usual port all are taken.
fn is_printable(label: &[u8]) -> bool {
    label.iter().all(|byte| (0x21..=0x7e).contains(byte))
}

fn header(reader: &mut Reader<'_>) -> Option<(u16, u16, [u16; 4])> {
    Some((reader.be16()?, reader.be16()?, [reader.be16()?, reader.be16()?, reader.be16()?, reader.be16()?]))
}

fn question(reader: &mut Reader<'_>) -> Result<Question, Fault> {
    let name = name(reader)?;
    let kind = reader.be16().ok_or(Fault::Short)?;
    let class = reader.be16().ok_or(Fault::Short)?;
    Ok(Question { name, kind, class })
}

fn record<'a>(reader: &mut Reader<'a>, section: Section) -> Result<Record<'a>, Fault> {
    let name = name(reader)?;
    let fixed = |reader: &mut Reader<'a>| Some((reader.be16()?, reader.be16()?, reader.be32()?, reader.be16()?));
    let (kind, class, ttl, length) = fixed(reader).ok_or(Fault::Short)?;
    let data_at = reader.position();
    let data = reader.take(length.into()).ok_or(Fault::Short)?;
    Ok(Record { section, name, kind, class, ttl, data, data_at })
}

impl Record<'_> {
    /// The name that the data begins with (RFC 1035 section 3.3.12).
    pub(crate) const fn data_name(&self) -> Name {
        Name(self.data_at)
    }
}

/// Passes over a name.
fn name(reader: &mut Reader<'_>) -> Result<Name, Fault> {
    let at = reader.position();
    loop {
        match reader.u8().ok_or(Fault::Short)? {
            0 => break,
            length @ 1..=63 => reader.skip(length.into()).ok_or(Fault::Short)?,
            high @ 0xc0.. => {
                let target = pointer(high, reader.u8().ok_or(Fault::Short)?);
                if !(HEADER..at).contains(&target) {
                    return Err(Fault::Malformed);
                }
                break;
            }
            // RFC 1035 section 4.1.4: 01 and 10 are reserved; RFC 6891 section 5 obsoletes what had them.
            _ => return Err(Fault::Malformed),
        }
        if reader.position().saturating_sub(at) >= NAME_MAX {
            return Err(Fault::Malformed);
        }
    }
    Ok(Name(at))
}

fn pointer(high: u8, low: u8) -> usize {
    usize::from(u16::from_be_bytes([high & 0x3f, low]))
}
