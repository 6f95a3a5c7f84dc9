//! SNMP version 2c (RFC 3416), as a management station and a printer speak it.

use crate::wire::der::{self, INTEGER, OCTETS, OID, SEQUENCE};

/// hrPrinterStatus.1 and prtMarkerSuppliesLevel.1.1 (RFC 2790, RFC 3805).
const PRINTER: [&[u8]; 2] = [&[0x2b, 6, 1, 2, 1, 25, 3, 5, 1, 1, 1], &[0x2b, 6, 1, 2, 1, 43, 11, 1, 1, 9, 1, 1]];

/// What is asked of a printer (`values` none), or what it answers.
pub fn printer(request: u32, values: Option<[u8; 2]>) -> Vec<u8> {
    let binding = |place: usize| {
        let value = match values {
            Some(values) => der::positive(&[values[place]]),
            None => vec![0x05, 0x00],
        };
        der::value(SEQUENCE, &[&der::value(OID, &[PRINTER[place]]), &value])
    };
    let bindings = der::value(SEQUENCE, &[&binding(0), &binding(1)]);
    let zero = der::value(INTEGER, &[&[0]]);
    let id = der::positive(&(request & 0x7fff_ffff).to_be_bytes());
    let pdu = der::value(if values.is_some() { 0xa2 } else { 0xa0 }, &[&id, &zero, &zero, &bindings]);
    der::value(SEQUENCE, &[&der::value(INTEGER, &[&[1]]), &der::value(OCTETS, &[b"public"]), &pdu])
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pdu {
    /// A variable is asked for.
    Get = 0xa0,
    /// The one behind it: so tables are walked.
    Next = 0xa1,
    /// Its value.
    Response = 0xa2,
    /// It is set.
    Set = 0xa3,
}

/// An object identifier below another (X.690 section 8.19): numbers in octets of seven bits.
pub fn below(prefix: &[u8], numbers: &[u32]) -> Vec<u8> {
    let mut out = prefix.to_vec();
    for number in numbers {
        let groups = (0..5).rev().map(|place| (number >> (7 * place)) as u8 & 0x7f);
        let digits: Vec<u8> = groups.skip_while(|group| *group == 0).collect();
        let (last, first) = digits.split_last().unwrap_or((&0, &[]));
        out.extend(first.iter().map(|digit| digit | 0x80));
        out.push(*last);
    }
    out
}

/// upsBatteryStatus.0 and upsShutdownAfterDelay.0 (RFC 1628).
pub const BATTERY: &[u8] = &[0x2b, 6, 1, 2, 1, 33, 1, 2, 1, 0];
/// See above.
pub const SHUTDOWN: &[u8] = &[0x2b, 6, 1, 2, 1, 33, 1, 8, 2, 0];

/// A message about one variable, a number where it has a value.
pub fn message(community: &str, pdu: Pdu, request: u32, variable: &[u8], value: Option<u8>) -> Vec<u8> {
    carry(community, pdu, request, variable, &value.map_or(vec![0x05, 0x00], |value| der::positive(&[value])))
}

/// A message about one variable with a value of any type.
pub fn carry(community: &str, pdu: Pdu, request: u32, variable: &[u8], value: &[u8]) -> Vec<u8> {
    let binding = der::value(SEQUENCE, &[&der::value(OID, &[variable]), value]);
    let zero = der::value(INTEGER, &[&[0]]);
    let id = der::positive(&(request & 0x7fff_ffff).to_be_bytes());
    let pdu = der::value(pdu as u8, &[&id, &zero, &zero, &der::value(SEQUENCE, &[&binding])]);
    der::value(SEQUENCE, &[&der::value(INTEGER, &[&[1]]), &der::value(OCTETS, &[community.as_bytes()]), &pdu])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_identifiers_have_seven_bits_an_octet() {
        assert_eq!(
            below(&[0x2b], &[0, 5, 127, 128, 311, 65_536]),
            [0x2b, 0, 5, 127, 0x81, 0, 0x82, 0x37, 0x84, 0x80, 0]
        );
    }
}
