//! LLDP (IEEE 802.1AB-2016): what a station says of itself to its neighbour on the link, with the inventory of LLDP-MED.
//!
//! [`discovery`](crate::peel::discovery()) says where one is in a frame. Nothing here is believed but its form: a station may say
//! of itself what it likes. Names and descriptions are free text; what may leave the program of it is for others to say.

use crate::address::{Address, Mac};
use crate::reader::Reader;

/// Types of TLVs (table 8-1).
const END: u16 = 0;
const CHASSIS: u16 = 1;
const PORT: u16 = 2;
const TIME_TO_LIVE: u16 = 3;
const PORT_DESCRIPTION: u16 = 4;
const SYSTEM_NAME: u16 = 5;
const SYSTEM_DESCRIPTION: u16 = 6;
const CAPABILITIES: u16 = 7;
const MANAGEMENT: u16 = 8;
const ORGANISATION: u16 = 127;

/// LLDP-MED (ANSI/TIA-1057 section 10.2).
const MED: [u8; 3] = [0, 0x12, 0xbb];

/// The most octets of a name or description (clauses 8.5.5 to 8.5.7).
const TEXT_MAX: usize = 255;

/// The most octets of a string of LLDP-MED's inventory (ANSI/TIA-1057 section 10.2.6).
const INVENTORY_TEXT_MAX: usize = 32;

/// Management addresses kept; a station has one or two.
pub const MANAGEMENT_MAX: usize = 4;

/// Capabilities (table 8-4), as bits of [`Capabilities`].
pub mod capability {
    /// None of the others.
    pub const OTHER: u16 = 1;
    /// A repeater.
    pub const REPEATER: u16 = 1 << 1;
    /// A bridge: a switch.
    pub const BRIDGE: u16 = 1 << 2;
    /// A wireless access point.
    pub const ACCESS_POINT: u16 = 1 << 3;
    /// A router.
    pub const ROUTER: u16 = 1 << 4;
    /// A telephone.
    pub const TELEPHONE: u16 = 1 << 5;
    /// A DOCSIS cable device.
    pub const CABLE_DEVICE: u16 = 1 << 6;
    /// A station only: with none of the others.
    pub const STATION: u16 = 1 << 7;
}

/// What names a chassis or a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Id<'a> {
    /// A MAC address.
    Mac(Mac),
    /// A network address.
    Address(Address),
    /// Text: the name or alias of an interface, a component, or what was assigned locally.
    Text(&'a str),
    /// Octets in some other form.
    Other(&'a [u8]),
}

/// What a system can do, and what of it is in use: bits of [`capability`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// What it can.
    pub supported: u16,
    /// What it does.
    pub enabled: u16,
}

/// What LLDP-MED tells of what a device is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inventory<'a> {
    /// The hardware's revision.
    pub hardware: Option<&'a str>,
    /// The firmware's revision.
    pub firmware: Option<&'a str>,
    /// The software's revision.
    pub software: Option<&'a str>,
    /// The serial number.
    pub serial: Option<&'a str>,
    /// The manufacturer.
    pub manufacturer: Option<&'a str>,
    /// The model.
    pub model: Option<&'a str>,
    /// The asset identifier.
    pub asset: Option<&'a str>,
}

/// An LLDPDU: the three TLVs that each has, and of the others the first of its kind that has its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lldp<'a> {
    /// Who speaks.
    pub chassis: Id<'a>,
    /// From which of its ports.
    pub port: Id<'a>,
    /// For how many seconds it holds; 0 takes all back (clause 8.5.4).
    pub time_to_live: u16,
    /// Of the port.
    pub port_description: Option<&'a str>,
    /// The administrator's name for it.
    pub system_name: Option<&'a str>,
    /// Hardware, operating system, software.
    pub system_description: Option<&'a str>,
    /// What it is.
    pub capabilities: Option<Capabilities>,
    /// Where it is managed: IP addresses, the first [`MANAGEMENT_MAX`].
    pub management: Vec<Address>,
    /// What LLDP-MED tells.
    pub inventory: Inventory<'a>,
}

impl<'a> Lldp<'a> {
    /// Reads an LLDPDU, from behind the EtherType; `None` where it does not begin with chassis, port and time to live in
    /// this order, or has one of them again (clause 9.2.7.7.1). It may be cut behind these.
    #[must_use]
    pub fn read(unit: &'a [u8]) -> Option<Self> {
        let mut unit = Reader::new(unit);
        let chassis = chassis(mandatory(&mut unit, CHASSIS)?)?;
        let port = port(mandatory(&mut unit, PORT)?)?;
        let time_to_live = Reader::new(mandatory(&mut unit, TIME_TO_LIVE)?).be16()?;
        let mut lldp = Self {
            chassis,
            port,
            time_to_live,
            port_description: None,
            system_name: None,
            system_description: None,
            capabilities: None,
            management: Vec::new(),
            inventory: Inventory::default(),
        };
        while let Some((kind, value)) = tlv(&mut unit) {
            match kind {
                END => break,
                CHASSIS | PORT | TIME_TO_LIVE => return None,
                PORT_DESCRIPTION => first(&mut lldp.port_description, text(value, TEXT_MAX)),
                SYSTEM_NAME => first(&mut lldp.system_name, text(value, TEXT_MAX)),
                SYSTEM_DESCRIPTION => first(&mut lldp.system_description, text(value, TEXT_MAX)),
                CAPABILITIES => first(&mut lldp.capabilities, capabilities(value)),
                MANAGEMENT if lldp.management.len() < MANAGEMENT_MAX => lldp.management.extend(management(value)),
                ORGANISATION => lldp.inventory.take(value),
                _ => {}
            }
        }
        Some(lldp)
    }
}

impl<'a> Inventory<'a> {
    /// An organisation's own TLV: its identifier, subtype, content.
    fn take(&mut self, value: &'a [u8]) {
        let Some((organisation, [subtype, content @ ..])) = value.split_first_chunk() else { return };
        let field = match (*organisation, subtype) {
            (MED, 5) => &mut self.hardware,
            (MED, 6) => &mut self.firmware,
            (MED, 7) => &mut self.software,
            (MED, 8) => &mut self.serial,
            (MED, 9) => &mut self.manufacturer,
            (MED, 10) => &mut self.model,
            (MED, 11) => &mut self.asset,
            _ => return,
        };
        first(field, text(content, INVENTORY_TEXT_MAX));
    }
}

/// A type of seven bits, a length of nine, and so many octets (clause 8.4).
fn tlv<'a>(unit: &mut Reader<'a>) -> Option<(u16, &'a [u8])> {
    let header = unit.be16()?;
    Some((header >> 9, unit.take(usize::from(header & 0x1ff))?))
}

fn mandatory<'a>(unit: &mut Reader<'a>, kind: u16) -> Option<&'a [u8]> {
    tlv(unit).filter(|(found, _)| *found == kind).map(|(_, value)| value)
}

fn first<T>(field: &mut Option<T>, value: Option<T>) {
    if field.is_none() {
        *field = value;
    }
}

/// Subtypes of table 8-2.
fn chassis(value: &[u8]) -> Option<Id<'_>> {
    match *value.first()? {
        4 => id(value, Form::Mac),
        5 => id(value, Form::Address),
        1..=3 | 6 | 7 => id(value, Form::Text),
        _ => id(value, Form::Other),
    }
}

/// Subtypes of table 8-3.
fn port(value: &[u8]) -> Option<Id<'_>> {
    match *value.first()? {
        3 => id(value, Form::Mac),
        4 => id(value, Form::Address),
        1 | 2 | 5 | 7 => id(value, Form::Text),
        _ => id(value, Form::Other),
    }
}

enum Form {
    Mac,
    Address,
    Text,
    Other,
}

/// 1 to 255 octets behind the subtype (clauses 8.5.2 and 8.5.3); those that have not the form their subtype says are
/// octets.
fn id(value: &[u8], form: Form) -> Option<Id<'_>> {
    let octets = value.get(1..).filter(|octets| (1..=TEXT_MAX).contains(&octets.len()))?;
    let formed = match form {
        Form::Mac => <[u8; 6]>::try_from(octets).ok().map(|octets| Id::Mac(Mac(octets))),
        Form::Address => address(octets).map(Id::Address),
        Form::Text => text(octets, TEXT_MAX).map(Id::Text),
        Form::Other => None,
    };
    Some(formed.unwrap_or(Id::Other(octets)))
}

/// A number of IANA's address families, and an address: 1 is IPv4, 2 is IPv6.
fn address(octets: &[u8]) -> Option<Address> {
    match octets {
        [1, v4 @ ..] => <[u8; 4]>::try_from(v4).ok().map(|octets| Address::v4(u32::from_be_bytes(octets))),
        [2, v6 @ ..] => <[u8; 16]>::try_from(v6).ok().map(Address::v6),
        _ => None,
    }
}

fn capabilities(value: &[u8]) -> Option<Capabilities> {
    let mut reader = Reader::new(value);
    let capabilities = Capabilities { supported: reader.be16()?, enabled: reader.be16()? };
    reader.is_empty().then_some(capabilities)
}

/// The IP address of a host in a management address (clause 8.5.9): length, family and address, then the interface's
/// number and an object identifier.
fn management(value: &[u8]) -> Option<Address> {
    let mut reader = Reader::new(value);
    let length = reader.u8()?;
    let address = address(reader.take(usize::from(length))?)?;
    reader.skip(5)?;
    let object = reader.u8()?;
    reader.skip(usize::from(object))?;
    (reader.is_empty() && address.is_host()).then_some(address)
}

/// Text without control characters but line ends and tabs, of so many octets at most; what fills it up to a fixed length
/// is taken off.
pub(crate) fn text(octets: &[u8], most: usize) -> Option<&str> {
    let text = std::str::from_utf8(octets).ok()?.trim_matches(['\0', ' ', '\r', '\n', '\t']);
    let is_fit = |letter: char| !letter.is_control() || matches!(letter, '\r' | '\n' | '\t');
    (!text.is_empty() && text.len() <= most && text.chars().all(is_fit)).then_some(text)
}

#[cfg(test)]
mod tests;
