//! DNS messages (RFC 1035).

/// Address of a host.
pub const A: u16 = 1;
/// IPv6 address of a host.
pub const AAAA: u16 = 28;
/// Text.
pub const TXT: u16 = 16;
/// The name that belongs to an address.
pub const PTR: u16 = 12;
const SOA: u16 = 6;
const HEADER: usize = 12;

/// A name as labels (RFC 1035 section 3.1).
fn name(out: &mut Vec<u8>, text: &str) {
    for label in text.split('.') {
        out.push(label.len() as u8);
        out.extend_from_slice(label.as_bytes());
    }
    out.push(0);
}

/// A question, with recursion desired.
pub fn query(id: u16, text: &str, kind: u16) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER + text.len() + 6);
    out.extend_from_slice(&id.to_be_bytes());
    out.extend_from_slice(&[0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0]);
    name(&mut out, text);
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&[0, 1]);
    out
}

/// Its answer with one record; `own` where the server is the authority.
pub fn answer(query: &[u8], own: bool, kind: u16, ttl: u32, data: &[u8]) -> Vec<u8> {
    let mut out = query.to_vec();
    out[2..4].copy_from_slice(&[if own { 0x85 } else { 0x81 }, 0x80]);
    out[7] = 1;
    record(&mut out, &[0xc0, HEADER as u8], kind, ttl, data);
    out
}

/// Its answer without a record of that kind: the zone's SOA says how long that may be kept (RFC 2308 section 2.2).
pub fn nothing(query: &[u8], own: bool, zone: &str) -> Vec<u8> {
    let mut out = query.to_vec();
    out[2..4].copy_from_slice(&[if own { 0x85 } else { 0x81 }, 0x80]);
    out[9] = 1;
    let mut apex = Vec::new();
    name(&mut apex, zone);
    let mut data = Vec::new();
    name(&mut data, &format!("ns.{zone}"));
    name(&mut data, &format!("hostmaster.{zone}"));
    for number in [412_u32, 900, 600, 86_400, 900] {
        data.extend_from_slice(&number.to_be_bytes());
    }
    record(&mut out, &apex, SOA, 900, &data);
    out
}

/// Its answer where there is no such name (RFC 2308 section 2.1).
pub fn unknown(query: &[u8], own: bool, zone: &str) -> Vec<u8> {
    let mut out = nothing(query, own, zone);
    out[3] |= 3;
    out
}

/// Its answer where the server has failed (RCODE 2, RFC 1035 section 4.1.1).
pub fn failed(query: &[u8]) -> Vec<u8> {
    let mut out = query.to_vec();
    out[2..4].copy_from_slice(&[0x81, 0x82]);
    out
}

/// The name under which the name of an address is asked for (RFC 1035 section 3.5).
pub fn reverse(address: [u8; 4]) -> String {
    let [a, b, c, d] = address;
    format!("{d}.{c}.{b}.{a}.in-addr.arpa")
}

/// A name as the data of a record.
pub fn pointer(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    name(&mut out, text);
    out
}

fn record(out: &mut Vec<u8>, owner: &[u8], kind: u16, ttl: u32, data: &[u8]) {
    out.extend_from_slice(owner);
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&[0, 1]);
    out.extend_from_slice(&ttl.to_be_bytes());
    out.extend_from_slice(&(data.len() as u16).to_be_bytes());
    out.extend_from_slice(data);
}

/// A NetBIOS name query (RFC 1002 section 4.2.12): the name in half octets, padded to 15, with its suffix.
pub fn netbios_query(id: u16, text: &str, suffix: u8) -> Vec<u8> {
    let mut out = Vec::with_capacity(50);
    out.extend_from_slice(&id.to_be_bytes());
    out.extend_from_slice(&[0x01, 0x10, 0, 1, 0, 0, 0, 0, 0, 0, 32]);
    let padded = text.bytes().map(|octet| octet.to_ascii_uppercase()).chain(std::iter::repeat(b' ')).take(15);
    for octet in padded.chain([suffix]) {
        out.extend_from_slice(&[b'A' + (octet >> 4), b'A' + (octet & 15)]);
    }
    out.extend_from_slice(&[0, 0, 0x20, 0, 1]);
    out
}

/// A positive answer to that (RFC 1002 section 4.2.13): the name is this address's.
pub fn netbios_answer(query: &[u8], address: [u8; 4]) -> Vec<u8> {
    let mut out = query[..2].to_vec();
    out.extend_from_slice(&[0x85, 0x00, 0, 0, 0, 1, 0, 0, 0, 0]);
    record(&mut out, &query[HEADER..HEADER + 34], 0x20, 165, &[&[0, 0][..], &address].concat());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claimed_name_is_the_one_that_was_asked_for() {
        let query = netbios_query(7, "WPAD", 0);
        let answer = netbios_answer(&query, [10, 20, 60, 11]);
        assert_eq!(answer[HEADER..HEADER + 34], query[HEADER..HEADER + 34]);
        assert_eq!(answer[answer.len() - 6..], [0, 0, 10, 20, 60, 11]);
    }

    #[test]
    fn addresses_are_asked_for_backwards() {
        assert_eq!(reverse([10, 20, 30, 4]), "4.30.20.10.in-addr.arpa");
    }
}
