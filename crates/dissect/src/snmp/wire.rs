//! Messages of SNMP: version 1 (RFC 1157), 2c (RFC 1901, RFC 3416) and 3 (RFC 3412, RFC 3414).

use wardtap_net::reader::Reader;

use super::ber::{OBJECT_IDENTIFIER, OCTET_STRING, Oid, SEQUENCE, element, expect, integer};

/// Bindings looked at: requests have some ten, answers in bulk some hundred at most.
const BINDINGS_MAX: usize = 256;

/// Tags of what is asked (RFC 1157 section 4.1, RFC 3416 section 3), as the protocol's kinds number them.
const GET: u8 = 0xa0;
const TRAP_1: u8 = 0xa4;
const INFORM: u8 = 0xa6;
const TRAP_2: u8 = 0xa7;
const REPORT: u8 = 0xa8;

/// snmpTrapOID.0, 1.3.6.1.6.3.1.1.4.1.0 (RFC 3418): which notification it is.
const TRAP_OID: &[u8] = &[0x2b, 6, 1, 6, 3, 1, 1, 4, 1, 0];

/// The traps that all systems have, 1.3.6.1.6.3.1.1.5 (RFC 3418).
pub(super) const GENERIC_TRAPS: &[u8] = &[0x2b, 6, 1, 6, 3, 1, 1, 5];

/// A message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Snmp<'a> {
    pub version: Version<'a>,
    /// What is asked; none where it is encrypted.
    pub pdu: Option<Pdu<'a>>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Version<'a> {
    /// 1 and 2c: the community. It is a password.
    Community { is_2c: bool, community: &'a [u8] },
    /// 3: the number of the message, its flags, and the authoritative engine (RFC 3412 section 6, RFC 3414 section 2.4).
    Three { id: i64, flags: u8, engine: &'a [u8] },
}

/// What is asked or answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pdu<'a> {
    tag: u8,
    pub request: i64,
    /// The error status, or how many are not repeated.
    status: i64,
    /// The error index, or how many times the rest is repeated.
    index: i64,
    /// Which trap, by its object identifier (version 2) or generic number (version 1).
    pub trap: Option<Trap<'a>>,
    /// The object identifier that a version 1 trap begins with.
    enterprise: Option<Oid<'a>>,
    bindings: &'a [u8],
    /// How many bindings, as far as they are looked at.
    pub count: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Trap<'a> {
    Generic(u64),
    Named(Oid<'a>),
}

/// A variable and its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Binding<'a> {
    pub oid: Oid<'a>,
    pub tag: u8,
    pub value: &'a [u8],
}

impl<'a> Snmp<'a> {
    /// Reads a message that fills the datagram.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut datagram = Reader::new(bytes);
        let mut message = Reader::new(expect(&mut datagram, SEQUENCE)?);
        if !datagram.is_empty() {
            return None;
        }
        let version = integer(&mut message)?;
        let read = match version {
            0 | 1 => {
                let community = expect(&mut message, OCTET_STRING)?;
                let pdu = Pdu::read(&mut message, version == 0)?;
                Self { version: Version::Community { is_2c: version == 1, community }, pdu: Some(pdu) }
            }
            3 => Self::three(&mut message)?,
            _ => return None,
        };
        message.is_empty().then_some(read)
    }

    fn three(message: &mut Reader<'a>) -> Option<Self> {
        let mut header = Reader::new(expect(message, SEQUENCE)?);
        let (id, _) = (integer(&mut header)?, integer(&mut header)?);
        let [flags] = *expect(&mut header, OCTET_STRING)?.first_chunk::<1>()?;
        // The user-based security model (RFC 3411 section 5: 3); what others say in their parameters is theirs.
        let is_user_based = integer(&mut header)? == 3;
        let security = expect(message, OCTET_STRING)?;
        let engine = if is_user_based { engine(security)? } else { &[] };
        let pdu = match element(message)? {
            (OCTET_STRING, _) => None,
            (SEQUENCE, scoped) => {
                let mut scoped = Reader::new(scoped);
                let _context = (expect(&mut scoped, OCTET_STRING)?, expect(&mut scoped, OCTET_STRING)?);
                Some(Pdu::read(&mut scoped, false)?)
            }
            _ => return None,
        };
        Some(Self { version: Version::Three { id, flags, engine }, pdu })
    }
}

/// The engine id in the parameters of the user-based security model.
fn engine(parameters: &[u8]) -> Option<&[u8]> {
    let mut parameters = Reader::new(expect(&mut Reader::new(parameters), SEQUENCE)?);
    expect(&mut parameters, OCTET_STRING)
}

impl<'a> Pdu<'a> {
    fn read(reader: &mut Reader<'a>, is_first: bool) -> Option<Self> {
        let (tag, contents) = element(reader)?;
        // RFC 1157 has the first five, RFC 3416 all but the trap of version 1.
        if !(GET..=REPORT).contains(&tag) || is_first && tag > TRAP_1 || !is_first && tag == TRAP_1 {
            return None;
        }
        let mut contents = Reader::new(contents);
        let mut pdu = if tag == TRAP_1 { Self::trap(&mut contents)? } else { Self::plain(&mut contents, tag)? };
        pdu.bindings = expect(&mut contents, SEQUENCE)?;
        if !contents.is_empty() {
            return None;
        }
        let mut bindings = Reader::new(pdu.bindings);
        while !bindings.is_empty() && pdu.count < BINDINGS_MAX {
            let binding = binding(&mut bindings)?;
            if matches!(tag, INFORM | TRAP_2) && binding.oid == Oid(TRAP_OID) && binding.tag == OBJECT_IDENTIFIER {
                pdu.trap = Some(Trap::Named(Oid(binding.value)));
            }
            pdu.count = pdu.count.saturating_add(1);
        }
        Some(pdu)
    }

    fn plain(contents: &mut Reader<'a>, tag: u8) -> Option<Self> {
        let (request, status, index) = (integer(contents)?, integer(contents)?, integer(contents)?);
        Some(Self { tag, request, status, index, trap: None, enterprise: None, bindings: &[], count: 0 })
    }

    /// RFC 1157 section 4.1.6.
    fn trap(contents: &mut Reader<'a>) -> Option<Self> {
        let enterprise = Oid(expect(contents, OBJECT_IDENTIFIER)?);
        // The address of the agent, and when it was.
        let _agent = element(contents)?;
        let (generic, specific) = (integer(contents)?, integer(contents)?);
        let _time = element(contents)?;
        let trap = Some(Trap::Generic(u64::try_from(generic).ok()?));
        let enterprise = Some(enterprise);
        Some(Self { tag: TRAP_1, request: specific, status: 0, index: 0, trap, enterprise, bindings: &[], count: 0 })
    }

    /// Its place among the protocol's kinds.
    pub(super) fn kind(&self) -> usize {
        match self.tag {
            // Both traps are one.
            TRAP_2 => usize::from(TRAP_1.saturating_sub(GET)),
            REPORT => usize::from(REPORT.saturating_sub(GET)).saturating_sub(1),
            tag => usize::from(tag.saturating_sub(GET)),
        }
    }

    /// The error status of an answer.
    pub(super) const fn status(&self) -> i64 {
        self.status
    }

    /// How often what is asked in bulk is repeated (RFC 3416 section 4.2.3).
    pub(super) fn repetitions(&self) -> Option<u64> {
        u64::try_from(self.index).ok()
    }

    /// What it is about: the first variable, or of a version 1 trap who makes the system.
    pub(super) fn subject(&self) -> Option<Oid<'a>> {
        self.enterprise.or_else(|| self.bindings().next().map(|binding| binding.oid))
    }

    /// The variables, as far as they are looked at.
    pub(super) fn bindings(&self) -> impl Iterator<Item = Binding<'a>> + use<'a> {
        let mut reader = Reader::new(self.bindings);
        std::iter::from_fn(move || binding(&mut reader)).take(BINDINGS_MAX)
    }
}

fn binding<'a>(reader: &mut Reader<'a>) -> Option<Binding<'a>> {
    let mut binding = Reader::new(expect(reader, SEQUENCE)?);
    let oid = Oid(expect(&mut binding, OBJECT_IDENTIFIER)?);
    let (tag, value) = element(&mut binding)?;
    Some(Binding { oid, tag, value })
}
