//! Writes JSON objects into a reused buffer, for message events: the one output that is written per message.
//!
//! Text enters as [`Public`] or as our own words, so that nothing has to be judged here; it is escaped all the same.

use crate::public::Public;

/// An object being written; [`Object::end`] closes it.
pub struct Object<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> Object<'a> {
    /// Writes the opening brace.
    pub fn begin(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, empty: true }
    }

    /// Writes `"name":` and gives the buffer for the value, which the caller appends as valid JSON.
    #[inline]
    pub fn key(&mut self, name: &'static str) -> &mut Vec<u8> {
        self.out.extend_from_slice(if self.empty { b"\"" } else { b",\"" });
        self.empty = false;
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    /// A number.
    #[inline]
    pub fn number(&mut self, name: &'static str, value: u64) {
        let out = self.key(name);
        number(out, value);
    }

    /// A number, where there is one.
    #[inline]
    pub fn optional_number(&mut self, name: &'static str, value: Option<u64>) {
        if let Some(value) = value {
            self.number(name, value);
        }
    }

    /// Text.
    pub fn text(&mut self, name: &'static str, value: Public<'_>) {
        let out = self.key(name);
        string(out, value.as_str());
    }

    /// One of our own words: letters, digits and punctuation that need no escape.
    #[inline]
    pub fn word(&mut self, name: &'static str, value: &'static str) {
        debug_assert!(is_plain(value), "{value} needs an escape");
        let out = self.key(name);
        out.push(b'"');
        out.extend_from_slice(value.as_bytes());
        out.push(b'"');
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, name: &'static str, value: bool) {
        self.key(name).extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// Writes the closing brace.
    pub fn end(self) {
        self.out.push(b'}');
    }
}

/// A decimal number.
#[inline]
pub fn number(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// True for text that stands in a JSON string as it is.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\')
}

/// A quoted, escaped string (RFC 8259 section 7).
pub fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    if is_plain(text) {
        out.extend_from_slice(text.as_bytes());
    } else {
        for byte in text.bytes() {
            match byte {
                b'"' => out.extend_from_slice(b"\\\""),
                b'\\' => out.extend_from_slice(b"\\\\"),
                0x00..=0x1f => {
                    out.extend_from_slice(b"\\u00");
                    hex(out, byte);
                }
                _ => out.push(byte),
            }
        }
    }
    out.push(b'"');
}

/// Two lower-case hexadecimal digits.
pub fn hex(out: &mut Vec<u8>, byte: u8) {
    for nibble in [byte >> 4, byte & 15] {
        out.push(match nibble {
            0..=9 => b'0'.saturating_add(nibble),
            _ => b'a'.saturating_add(nibble.saturating_sub(10)),
        });
    }
}

/// A JSON array, its elements appended by `write`.
pub fn array<T>(out: &mut Vec<u8>, items: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut Vec<u8>, T)) {
    out.push(b'[');
    for (position, item) in items.into_iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}
