//! How a Remote Desktop connection begins, before TLS (MS-RDPBCGR sections 2.2.1.1 and 2.2.1.2).

/// The client's X.224 connection request with a user's cookie, asking for CredSSP.
pub fn request(user: &str) -> Vec<u8> {
    let cookie = format!("Cookie: mstshash={user}\r\n");
    let negotiation = [1, 0, 8, 0, 3, 0, 0, 0];
    let header = [6 + (cookie.len() + negotiation.len()) as u8, 0xe0, 0, 0, 0, 0, 0];
    tpkt(&[&header, cookie.as_bytes(), &negotiation])
}

/// The server's confirmation: CredSSP, so TLS follows.
pub fn confirm() -> Vec<u8> {
    tpkt(&[&[14, 0xd0, 0, 0, 0x12, 0x34, 0, 2, 0x1f, 8, 0, 2, 0, 0, 0]])
}

/// TPKT (RFC 1006 section 6).
fn tpkt(parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = 4 + parts.iter().map(|part| part.len()).sum::<usize>();
    let mut out = vec![3, 0, (length >> 8) as u8, length as u8];
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}
