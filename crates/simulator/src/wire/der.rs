//! ASN.1 in DER (X.690): certificates, SPNEGO and SNMP are written in it.

/// SEQUENCE.
pub const SEQUENCE: u8 = 0x30;
/// SET.
pub const SET: u8 = 0x31;
/// INTEGER.
pub const INTEGER: u8 = 0x02;
/// OCTET STRING.
pub const OCTETS: u8 = 0x04;
/// BIT STRING.
pub const BITS: u8 = 0x03;
/// OBJECT IDENTIFIER.
pub const OID: u8 = 0x06;
/// UTF8String.
pub const TEXT: u8 = 0x0c;

/// A value with its tag and length (X.690 section 8.1), of parts that are put together.
pub fn value(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(length + 6);
    out.push(tag);
    match length {
        0..0x80 => out.push(length as u8),
        0x80..0x100 => out.extend_from_slice(&[0x81, length as u8]),
        _ => out.extend_from_slice(&[0x82, (length >> 8) as u8, length as u8]),
    }
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// An INTEGER from the magnitude of a positive number.
pub fn positive(magnitude: &[u8]) -> Vec<u8> {
    let start = magnitude.iter().position(|&octet| octet != 0).unwrap_or(magnitude.len().saturating_sub(1));
    let digits = &magnitude[start..];
    let sign: &[u8] = if digits.first().is_none_or(|&octet| octet >= 0x80) { &[0] } else { &[] };
    value(INTEGER, &[sign, digits])
}
