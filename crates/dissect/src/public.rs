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
