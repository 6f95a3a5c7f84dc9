//! The identity of the device behind a sender: read once a stream, from the first message with observations.
//!
//! OBX-18 (equipment instance identifier) and PRT-10 and 16 (participation device, its UDI) say which device measured.
//! Identifiers of devices are no patient's data, where they have the shape of one: an EUI-64, as IHE PCD demands, or
//! the device identifier of a UDI, a GTIN whose check digit fits. Names and serial numbers have no shape, and stay in.
//!
//! The general parser `hl7-parser` reads here, since time does not matter: it takes some 660 bytes of memory for a field
//! and 30 ns for a byte, so it gets two lines, each capped, with a capped number of separators. Its way of decoding
//! escapes (`Separators::decode`) panics on text that is not ASCII and is never called.

use hl7_parser::Message;

use super::scan::each;
use super::segments::Name;
use super::wire::LINE_MAX;
use crate::public::Public;

/// The most separators that two lines handed to the parser may have together: MSH has at most 26 fields, OBX 33.
const SEPARATORS_MAX: usize = 256;

/// What identifies a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceIdentity {
    scheme: &'static str,
    text: [u8; 16],
    length: usize,
}

impl DeviceIdentity {
    /// `EUI-64` or `UDI-DI`.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// 16 hexadecimal or 14 decimal digits: nothing else is taken for an identity.
    #[must_use]
    pub fn id(&self) -> Public<'_> {
        Public::shaped(self.text.get(..self.length).unwrap_or_default(), 16, |byte| byte.is_ascii_hexdigit())
    }

    fn new(scheme: &'static str, id: &str) -> Self {
        let mut text = [0; 16];
        let mut length = 0usize;
        for (slot, byte) in text.iter_mut().zip(id.bytes()) {
            *slot = byte.to_ascii_uppercase();
            length = length.saturating_add(1);
        }
        Self { scheme, text, length }
    }

    /// 64 bits in hexadecimal, by the name of the scheme (HL7 table 0301).
    fn eui64(id: &str, scheme: &str) -> Option<Self> {
        let fits = scheme == "EUI-64" && id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        fits.then(|| Self::new("EUI-64", id))
    }

    /// A GTIN of 14 digits, with or without the application identifier 01 (GS1 General Specifications 7.9).
    fn udi(id: &str) -> Option<Self> {
        let id = id.strip_prefix("(01)").unwrap_or(id).get(..14)?;
        let weighted = |(at, digit): (usize, u32)| if at.is_multiple_of(2) { digit.wrapping_mul(3) } else { digit };
        let digits: Option<Vec<u32>> = id.chars().map(|digit| digit.to_digit(10)).collect();
        let sum: u32 = digits?.into_iter().enumerate().map(weighted).sum();
        (sum.is_multiple_of(10) && sum > 0).then(|| Self::new("UDI-DI", id))
    }
}

/// Whether a line of this name can identify a device.
pub(super) fn may_identify(name: Name) -> bool {
    name == Name::OBX || name == Name::PRT
}

/// Whether the field that would identify a device is there at all: OBX-18, or PRT-10.
pub(super) fn has_identity(line: &[u8]) -> bool {
    let number = if Name::first_of(line) == Some(Name::OBX) { 18u8 } else { 10 };
    let Some(&separator) = line.get(3) else { return false };
    let (mut count, mut start) = (0u8, line.len());
    let mut end = line.len();
    each(line, separator, |at| {
        if count == number {
            end = at;
            return false;
        }
        count = count.saturating_add(1);
        if count == number {
            start = at.saturating_add(1);
        }
        true
    });
    start < end
}

/// Reads the identity in an OBX or PRT line, by the separators of the MSH line.
pub(super) fn identify(header: &[u8], line: &[u8]) -> Option<DeviceIdentity> {
    if header.len() > LINE_MAX || line.len() > LINE_MAX {
        return None;
    }
    let text = [header, b"\r", line].concat();
    // Latin-1 is common: what is not UTF-8 becomes a replacement character, which no identity has.
    let text = String::from_utf8_lossy(&text);
    if text.bytes().filter(u8::is_ascii_punctuation).count() > SEPARATORS_MAX {
        return None;
    }
    let message = Message::parse_with_lenient_newlines(&text, true).ok()?;
    // A segment that it cannot read ends its parse without an error: then there is nothing to find.
    let component = |segment: &str, field: usize, component: usize| {
        let field = message.segment(segment)?.field(field)?;
        Some(field.repeat(1)?.component(component)?.raw_value().trim())
    };
    let entity = |segment, field| {
        let scheme = component(segment, field, 4).unwrap_or_default();
        let id = |at| component(segment, field, at).and_then(|id| DeviceIdentity::eui64(id, scheme));
        id(3).or_else(|| id(1))
    };
    let udi = |field| component("PRT", field, 1).and_then(DeviceIdentity::udi);
    entity("OBX", 18).or_else(|| entity("PRT", 10)).or_else(|| udi(16)).or_else(|| udi(10))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<String> {
        let seen = has_identity(line.as_bytes()).then(|| identify(b"MSH|^~\\&|A", line.as_bytes())).flatten()?;
        Some(format!("{} {}", seen.scheme(), seen.id()))
    }

    #[test]
    fn devices_and_nobody_else() {
        let obx = |field: &str| read(&format!("OBX|1|NM|1^A^L||7|||||||||||||{field}"));
        let prt = |ten: &str, sixteen: &str| read(&format!("PRT|1|UC||EQUIP||||||{ten}||||||{sixteen}|"));
        assert_eq!(obx("MON1^ACME^00122100000000af^EUI-64|").unwrap(), "EUI-64 00122100000000AF");
        assert_eq!(obx("0012210000000001^^^EUI-64~2").unwrap(), "EUI-64 0012210000000001");
        assert_eq!(prt("0012210000000001^^0012210000000001^EUI-64", "").unwrap(), "EUI-64 0012210000000001");
        assert_eq!(prt("X", "(01)00643169001763(11)141231").unwrap(), "UDI-DI 00643169001763");
        assert_eq!(prt("00643169001763", "").unwrap(), "UDI-DI 00643169001763");
        for nothing in [
            "",
            "CANARYNAME^ACME^CANARY^EUI-64",
            "0012210000000001",
            "00122100000000ZZ^^^EUI-64",
            "Hospira Plum A+",
            "00643169001763",
        ] {
            assert_eq!(obx(nothing), None, "{nothing}");
        }
        for nothing in ["", "00643169001764", "19811128", "00000000000000", "M\u{fc}ller \\F\\"] {
            assert_eq!(prt(nothing, nothing), None, "{nothing}");
        }
        assert_eq!(read("OBX|1|NM"), None);
        assert_eq!(obx(&format!("0012210000000001^^^EUI-64|{}", "|".repeat(5000))), None);
    }
}
