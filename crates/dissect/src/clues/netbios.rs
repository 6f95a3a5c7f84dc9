//! The NetBIOS name service over UDP (RFC 1002): a host registers or refreshes the name that it has.

use std::borrow::Cow;

use wardtap_net::reader::Reader;

use super::{CLUE_MAX, Clue};

/// Its port (RFC 1002 section 4.2).
pub(super) const PORT: u16 = 137;

/// Operations that claim a name (RFC 1002 section 4.2.1.1): registration and refresh.
const REGISTRATION: u16 = 5;
const REFRESH: u16 = 8;
/// What a name stands for: a workstation, a file server (the 16th character of a name).
const HOST: [u8; 2] = [0x00, 0x20];
/// Of the flags of a name: it is a group's.
const GROUP: u16 = 0x8000;

pub(super) fn read(bytes: &[u8], to: &mut dyn FnMut(Clue, Cow<'_, str>)) {
    if let Some(name) = claimed(bytes) {
        to(Clue::NetbiosName, Cow::Owned(name));
    }
}

/// The name that a request claims for its sender alone.
fn claimed(bytes: &[u8]) -> Option<String> {
    let mut message = Reader::new(bytes);
    message.skip(2)?;
    let flags = message.be16()?;
    let is_response = flags & 0x8000 != 0;
    if is_response || !matches!(flags >> 11 & 0xf, REGISTRATION | REFRESH | 9) || message.be16()? != 1 {
        return None;
    }
    message.skip(6)?;
    // First-level encoding (section 4.1 of RFC 1001): 32 letters for 16 octets.
    if message.u8()? != 32 {
        return None;
    }
    let (pairs, _) = message.take(32)?.as_chunks::<2>();
    let half = |letter: u8| letter.checked_sub(b'A').filter(|value| *value < 16);
    let octets: Option<Vec<u8>> = pairs.iter().map(|[high, low]| Some(half(*high)? << 4 | half(*low)?)).collect();
    let octets = octets?;
    let (name, suffix) = octets.split_at_checked(15)?;
    if !suffix.first().is_some_and(|suffix| HOST.contains(suffix)) {
        return None;
    }
    // Scope, type, class; the additional record: its name, type, class, time to live, length, flags.
    let scope_end = message.u8()?;
    message.skip(4)?;
    let pointer = message.be16()?;
    message.skip(10)?;
    if scope_end != 0 || pointer >> 14 != 3 || message.be16()? & GROUP != 0 {
        return None;
    }
    let name = std::str::from_utf8(name).ok()?.trim_end_matches(' ');
    let is_name = !name.is_empty() && name.len() <= CLUE_MAX && name.bytes().all(super::is_of_host);
    is_name.then(|| name.to_owned())
}
