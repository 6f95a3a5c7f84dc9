//! Servers that speak first, and say what they are.

use std::borrow::Cow;

use super::{Clue, is_of_product, shaped};

/// Octets of an identification string, its end included (RFC 4253 section 4.2).
const SSH_MAX: usize = 255;

pub(super) fn read(bytes: &[u8], to: &mut dyn FnMut(Clue, Cow<'_, str>)) {
    if let Some(rest) = bytes.strip_prefix(b"SSH-2.0-").or_else(|| bytes.strip_prefix(b"SSH-1.99-")) {
        // "SSH-protoversion-softwareversion SP comments CR LF"; the comments name distributions and their versions.
        let line = rest.get(..SSH_MAX).unwrap_or(rest).split(|byte| matches!(byte, b'\r' | b'\n')).next();
        shaped(Clue::SshSoftware, line.unwrap_or_default(), is_of_product, to);
    } else if let Some(version) = bytes.strip_prefix(b"RFB ")
        && let [version @ .., b'\n'] = version
    {
        // RFC 6143 section 7.1.1: "RFB 003.008\n", alone.
        let is_version = version.len() == 7 && version.get(3) == Some(&b'.');
        if is_version {
            shaped(Clue::RfbVersion, version, |byte| byte.is_ascii_digit() || byte == b'.', to);
        }
    }
}
