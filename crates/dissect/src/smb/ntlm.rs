//! What a message of NTLM says of the system of its sender (MS-NLMP section 2.2.1), wherever it is wrapped.

use memchr::memmem;
use wardtap_net::reader::Reader;

use crate::digest::digest;

/// What it begins with.
const SIGNATURE: &[u8] = b"NTLMSSP\0";

/// The sender states its version (MS-NLMP section 2.2.2.5, bit T).
const NEGOTIATE_VERSION: u32 = 0x0200_0000;

/// OIDs of Kerberos in SPNEGO (RFC 4121 section 1, and the one that MS-SPNG section 3.1.5.2 tells of).
const KERBEROS: [&[u8]; 2] = [b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02", b"\x2a\x86\x48\x82\xf7\x12\x01\x02\x02"];

/// How one logs in, as the token shows that is sent: what is only offered does not count.
pub(super) fn scheme(token: &[u8]) -> Option<&'static str> {
    if memmem::find(token, SIGNATURE).is_some() {
        Some("ntlm")
    } else if KERBEROS.iter().any(|oid| memmem::find(token, oid).is_some()) {
        Some("kerberos")
    } else {
        None
    }
}

/// A digest of the name under which one logs in: UserName of an AUTHENTICATE_MESSAGE (section 2.2.1.3), which is compared without
/// regard to case (section 3.3.2), of ASCII alone here.
pub(super) fn user(token: &[u8]) -> Option<u32> {
    const AUTHENTICATE: u8 = 3;
    const USER_NAME: usize = 36;
    let message = token.get(memmem::find(token, SIGNATURE)?..)?;
    if message.get(SIGNATURE.len()) != Some(&AUTHENTICATE) {
        return None;
    }
    let mut field = Reader::new(message.get(USER_NAME..)?);
    let (length, _, at) = (usize::from(field.le16()?), field.le16()?, usize::try_from(field.le32()?).ok()?);
    let name = message.get(at..at.checked_add(length)?)?;
    (!name.is_empty()).then(|| digest(name.iter().map(u8::to_ascii_lowercase)))
}

/// The version of the sender's system: major, minor, build. None of who says build 0, which no system has.
pub(super) fn version(token: &[u8]) -> Option<(u8, u8, u16)> {
    let message = token.get(memmem::find(token, SIGNATURE)?..)?;
    // NEGOTIATE, CHALLENGE, AUTHENTICATE (sections 2.2.1.1 to 2.2.1.3): where the flags stand, and the version.
    let (flags, version) = match message.get(SIGNATURE.len())? {
        1 => (12, 32),
        2 => (20, 48),
        3 => (60, 64),
        _ => return None,
    };
    if Reader::new(message.get(flags..)?).le32()? & NEGOTIATE_VERSION == 0 {
        return None;
    }
    let mut version = Reader::new(message.get(version..)?);
    let (major, minor, build) = (version.u8()?, version.u8()?, version.le16()?);
    (build > 0).then_some((major, minor, build))
}
