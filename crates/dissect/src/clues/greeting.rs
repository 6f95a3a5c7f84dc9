//! Servers that speak first, and say what they are.

use std::borrow::Cow;

use super::{Clue, shaped};

pub(super) fn read(bytes: &[u8], to: &mut dyn FnMut(Clue, Cow<'_, str>)) {
    if let Some(version) = bytes.strip_prefix(b"RFB ")
        && let [version @ .., b'\n'] = version
    {
        // RFC 6143 section 7.1.1: "RFB 003.008\n", alone.
        let is_version = version.len() == 7 && version.get(3) == Some(&b'.');
        if is_version {
            shaped(Clue::RfbVersion, version, |byte| byte.is_ascii_digit() || byte == b'.', to);
        }
    }
}
