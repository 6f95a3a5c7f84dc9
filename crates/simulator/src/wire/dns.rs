//! DNS messages (RFC 1035).

/// Address of a host.
pub const A: u16 = 1;
/// IPv6 address of a host.
pub const AAAA: u16 = 28;
/// Text.
pub const TXT: u16 = 16;
/// The name that belongs to an address.
pub const PTR: u16 = 12;
/// All records of a zone (RFC 5936).
pub const AXFR: u16 = 252;
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
    authority(&mut out, zone);
    out
}

/// The SOA record of a zone (RFC 1035 section 3.3.13).
fn authority(out: &mut Vec<u8>, zone: &str) {
    let mut data = pointer(&format!("ns.{zone}"));
    name(&mut data, &format!("hostmaster.{zone}"));
    for number in [412_u32, 900, 600, 86_400, 900] {
        data.extend_from_slice(&number.to_be_bytes());
    }
    record(out, &pointer(zone), SOA, 900, &data);
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

/// Its answer where the server will not (RCODE 5).
pub fn refused(query: &[u8]) -> Vec<u8> {
    let mut out = failed(query);
    out[3] = 0x85;
    out
}

/// All of a zone to who asks for that, from SOA to SOA (RFC 5936 section 2.2), in messages of so many records.
pub fn transfer(query: &[u8], zone: &str, hosts: &[(String, [u8; 4])]) -> Vec<Vec<u8>> {
    const RECORDS: usize = 40;
    let mut records = vec![Vec::new(); hosts.len() + 2];
    let last = records.len() - 1;
    [0, last].into_iter().for_each(|place| authority(&mut records[place], zone));
    for (out, (host, address)) in records[1..].iter_mut().zip(hosts) {
        record(out, &pointer(&format!("{host}.{zone}")), A, 3600, address);
    }
    let message = |part: &[Vec<u8>]| {
        let mut out = query.to_vec();
        out[2..4].copy_from_slice(&[0x84, 0x00]);
        out[7] = part.len() as u8;
        out.extend(part.concat());
        out
    };
    records.chunks(RECORDS).map(message).collect()
}

/// As messages stand in a stream: each with its length in front (RFC 1035 section 4.2.2).
pub fn in_stream(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u16).to_be_bytes(), message].concat()
}

/// A server is to have an address for a name from now on (RFC 2136 section 2.5.1); none takes all addresses of the name away
/// (section 2.5.2).
pub fn update(id: u16, zone: &str, text: &str, address: Option<[u8; 4]>) -> Vec<u8> {
    let mut out = query(id, zone, SOA);
    (out[2], out[9]) = (0x28, 1);
    match address {
        Some(address) => record(&mut out, &pointer(text), A, 600, &address),
        None => {
            record(&mut out, &pointer(text), A, 0, &[]);
            // Of any class.
            let class = out.len() - 7;
            out[class] = 255;
        }
    }
    out
}

/// It is done: nothing but the zone is repeated (section 3.8).
pub fn updated(update: &[u8], zone: &str) -> Vec<u8> {
    let mut out = query(u16::from_be_bytes([update[0], update[1]]), zone, SOA);
    out[2] = 0xa8;
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
