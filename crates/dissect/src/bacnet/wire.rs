//! The layers below the services: BVLL (ASHRAE 135 annex J), NPDU (clause 6) and the heads of APDUs (clause 20.1).

use wardtap_net::reader::Reader;

/// The type of a BVLL message over IPv4 (annex J.2).
const BVLL: u8 = 0x81;

/// Octets of the head of a BVLL message.
const BVLL_HEAD: usize = 4;

/// The only version of the network layer (clause 6.2.1).
const NPDU_VERSION: u8 = 1;

/// Bits of the NPDU's control octet (clause 6.2.2).
const IS_NETWORK_MESSAGE: u8 = 0x80;
const HAS_DESTINATION: u8 = 0x20;
const HAS_SOURCE: u8 = 0x08;
const RESERVED: u8 = 0x50;

/// Octets of a hardware address: seven is the longest in use (a VMAC or IPv6 is fewer, LonTalk's is).
const ADDRESS_MAX: u8 = 18;

/// What a BVLL message does (annex J.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Result,
    WriteTable,
    ReadTable,
    ReadTableAck,
    Forwarded,
    RegisterForeign,
    ReadForeign,
    ReadForeignAck,
    DeleteForeign,
    Distribute,
    Unicast,
    Broadcast,
    Secure,
}

impl Function {
    const ALL: [Self; 13] = [
        Self::Result,
        Self::WriteTable,
        Self::ReadTable,
        Self::ReadTableAck,
        Self::Forwarded,
        Self::RegisterForeign,
        Self::ReadForeign,
        Self::ReadForeignAck,
        Self::DeleteForeign,
        Self::Distribute,
        Self::Unicast,
        Self::Broadcast,
        Self::Secure,
    ];
}

/// A BVLL message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bvll<'a> {
    pub function: Function,
    /// What follows the head; of what is forwarded, behind the address of its sender.
    pub body: Reader<'a>,
    /// The datagram is as long as the head says.
    pub is_whole: bool,
}

impl<'a> Bvll<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        if reader.u8()? != BVLL {
            return None;
        }
        let function = *Function::ALL.get(usize::from(reader.u8()?))?;
        let length = usize::from(reader.be16()?);
        let body = bytes.get(BVLL_HEAD..length.min(bytes.len()))?;
        let mut body = Reader::new(body);
        if function == Function::Forwarded {
            body.skip(6)?;
        }
        Some(Self { function, body, is_whole: length == bytes.len() })
    }

    /// True where a message of the network layer follows.
    pub(super) const fn carries_npdu(&self) -> bool {
        matches!(self.function, Function::Forwarded | Function::Distribute | Function::Unicast | Function::Broadcast)
    }
}

/// An end behind a router: its network, and what tells its address there from others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Remote {
    pub network: u16,
    pub address: u64,
}

/// The head of a message of the network layer, and what follows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Npdu<'a> {
    pub destination: Option<Remote>,
    pub source: Option<Remote>,
    pub is_network_message: bool,
    pub body: Reader<'a>,
}

impl<'a> Npdu<'a> {
    pub(super) fn read(mut reader: Reader<'a>) -> Option<Self> {
        if reader.u8()? != NPDU_VERSION {
            return None;
        }
        let control = reader.u8()?;
        if control & RESERVED != 0 {
            return None;
        }
        let destination = if control & HAS_DESTINATION != 0 { Some(remote(&mut reader)?) } else { None };
        let source = if control & HAS_SOURCE != 0 { Some(remote(&mut reader)?) } else { None };
        if destination.is_some() {
            // The hop count.
            reader.skip(1)?;
        }
        Some(Self { destination, source, is_network_message: control & IS_NETWORK_MESSAGE != 0, body: reader })
    }
}

/// A network, and an address on it: none is a broadcast there.
fn remote(reader: &mut Reader<'_>) -> Option<Remote> {
    let network = reader.be16()?;
    let length = reader.u8()?;
    if length > ADDRESS_MAX {
        return None;
    }
    let address = reader.take(length.into())?;
    let fold = |fold: u64, octet: &u8| fold.rotate_left(8) ^ u64::from(*octet);
    Some(Remote { network, address: address.iter().fold(0, fold) })
}

/// Where a message stands that was cut into several (clause 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub number: u8,
    pub more_follow: bool,
}

/// The head of an APDU (clauses 20.1.2 to 20.1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Apdu {
    Confirmed { invoke: u8, service: u8, segment: Option<Segment> },
    Unconfirmed { service: u8 },
    SimpleAck { invoke: u8, service: u8 },
    ComplexAck { invoke: u8, service: u8, segment: Option<Segment> },
    SegmentAck { by_server: bool, is_negative: bool },
    Error { invoke: u8, service: u8 },
    Reject { invoke: u8, reason: u8 },
    Abort { invoke: u8, reason: u8, by_server: bool },
}

impl Apdu {
    /// Reads the head; the reader then stands at the parameters of the service.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let first = reader.u8()?;
        Some(match first >> 4 {
            0 => {
                reader.skip(1)?;
                let invoke = reader.u8()?;
                let segment = segment(first, reader)?;
                Self::Confirmed { invoke, service: reader.u8()?, segment }
            }
            1 => Self::Unconfirmed { service: reader.u8()? },
            2 => Self::SimpleAck { invoke: reader.u8()?, service: reader.u8()? },
            3 => {
                let invoke = reader.u8()?;
                let segment = segment(first, reader)?;
                Self::ComplexAck { invoke, service: reader.u8()?, segment }
            }
            4 => {
                reader.skip(3)?;
                Self::SegmentAck { by_server: first & 1 != 0, is_negative: first & 2 != 0 }
            }
            5 => Self::Error { invoke: reader.u8()?, service: reader.u8()? },
            6 => Self::Reject { invoke: reader.u8()?, reason: reader.u8()? },
            7 => Self::Abort { invoke: reader.u8()?, reason: reader.u8()?, by_server: first & 1 != 0 },
            _ => return None,
        })
    }
}

/// The number of a segment and the window, where there are some: outer none is a head that is cut.
#[allow(clippy::option_option)]
fn segment(first: u8, reader: &mut Reader<'_>) -> Option<Option<Segment>> {
    if first & 8 == 0 {
        return Some(None);
    }
    let number = reader.u8()?;
    reader.skip(1)?;
    Some(Some(Segment { number, more_follow: first & 4 != 0 }))
}
