//! Octets as digests and identifiers are written.

/// Two lower-case digits of each octet.
#[must_use]
pub fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_digits_of_each_octet() {
        assert_eq!(hexadecimal(&[0, 0x0a, 0xf0, 0xff]), "000af0ff");
    }
}
