//! A short digest that is the same for ever and on any machine: what it stands for need not be kept. It keeps nobody from
//! making two things alike.

/// FNV-1a of 32 bits (RFC 9923 section 2).
pub(crate) fn digest(octets: impl Iterator<Item = u8>) -> u32 {
    octets.fold(0x811c_9dc5, |hash, octet| (hash ^ u32::from(octet)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_standard() {
        assert_eq!(digest(b"".iter().copied()), 0x811c_9dc5);
        assert_eq!(digest(b"foobar".iter().copied()), 0xbf9c_f968);
    }
}
