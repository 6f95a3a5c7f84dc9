//! The fence: text that may leave a dissector.
//!
//! Outputs accept [`Public`] only, and a `Public` is made only here, from a field that has the shape its standard
//! gives it. Whatever has another shape reads `(unreadable)`: a damaged or shifted message must not carry a patient's
//! name out in the place of an application's.

/// Text fit for events, alerts and reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Public<'a>(&'a str);

/// What stands for text that does not have its field's shape.
pub const UNREADABLE: &str = "(unreadable)";

impl<'a> Public<'a> {
    /// A word from our own vocabulary.
    #[must_use]
    pub const fn word(word: &'static str) -> Public<'static> {
        Public(word)
    }

    /// `bytes` where every one satisfies `allowed` and there are at most `longest`; else `(unreadable)`.
    ///
    /// For use in a protocol's `wire.rs`, beside the reason why the field is safe.
    pub(crate) fn shaped(bytes: &'a [u8], longest: usize, allowed: fn(u8) -> bool) -> Self {
        let fits = bytes.len() <= longest && bytes.iter().all(|&byte| byte.is_ascii() && allowed(byte));
        Public(if fits { std::str::from_utf8(bytes).unwrap_or(UNREADABLE) } else { UNREADABLE })
    }

    /// A DICOM or ISO object identifier: digits and dots, at most 64 (PS3.5 section 9.1), components without leading
    /// zeros are not insisted on.
    pub(crate) fn uid(bytes: &'a [u8]) -> Self {
        Self::shaped(bytes, 64, |byte| byte.is_ascii_digit() || byte == b'.')
    }

    /// The text.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// True where the field did not have its shape.
    #[must_use]
    pub fn is_unreadable(self) -> bool {
        self.0 == UNREADABLE
    }
}

impl std::fmt::Display for Public<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_the_shape_leaves() {
        let shaped = |bytes| Public::shaped(bytes, 4, |byte| byte != b'?');
        for (bytes, shown) in [(&b""[..], ""), (b"abcd", "abcd"), (b" | ", " | ")] {
            assert_eq!(shaped(bytes).as_str(), shown);
        }
        // Too long; a byte that is not allowed at each place; none but ASCII, whatever is allowed, whether it is UTF-8
        // or not.
        for bytes in [&b"abcde"[..], b"?bcd", b"ab?d", b"abc?", "\u{fc}".as_bytes(), b"\xfc", b"a\xc3"] {
            let hidden = shaped(bytes);
            assert!(hidden.is_unreadable(), "{bytes:?}");
            assert_eq!(hidden.to_string(), "(unreadable)");
        }
    }

    #[test]
    fn an_identifier_is_digits_and_dots() {
        let longest = "1.".repeat(31) + "10";
        assert_eq!(longest.len(), 64);
        for uid in ["1.2.840.10008.1.1", "0", &longest] {
            assert_eq!(Public::uid(uid.as_bytes()).as_str(), uid);
        }
        for not in ["1.2.840.A", "1.2 ", "CANARY", "1.2\u{660}", &format!("{longest}0")] {
            assert!(Public::uid(not.as_bytes()).is_unreadable(), "{not}");
        }
    }
}
