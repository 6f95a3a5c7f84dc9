//! What an agent says that it is.

use super::ber::{OBJECT_IDENTIFIER, OCTET_STRING, Oid};
use super::wire::{Binding, Pdu};
use crate::clues::{CLUE_MAX, is_of_product};
use crate::public::Public;

/// sysDescr.0 and sysObjectID.0, 1.3.6.1.2.1.1.1.0 and 1.3.6.1.2.1.1.2.0 (RFC 3418). Beside them are its name, contact and place, which are people's.
const DESCRIPTION: &[u8] = &[0x2b, 6, 1, 2, 1, 1, 1, 0];
const OBJECT_ID: &[u8] = &[0x2b, 6, 1, 2, 1, 1, 2, 0];

/// What systems begin with that describe themselves by `uname -a`: the next word is what people call the host.
const UNAME: [&[u8]; 11] =
    [b"Linux", b"FreeBSD", b"OpenBSD", b"NetBSD", b"DragonFly", b"SunOS", b"Darwin", b"AIX", b"HP-UX", b"QNX", b"Unix"];

/// Octets of a description that are looked at (RFC 3418: DisplayString of at most 255).
const DESCRIPTION_MAX: usize = 255;

/// Text that is made here, of characters that may leave.
pub(crate) struct Text {
    bytes: [u8; CLUE_MAX],
    length: usize,
}

impl Text {
    const fn empty() -> Self {
        Self { bytes: [0; CLUE_MAX], length: 0 }
    }

    /// Adds all of it, or nothing.
    fn add(&mut self, part: &[u8]) -> bool {
        let end = self.length.saturating_add(part.len());
        let Some(place) = self.bytes.get_mut(self.length..end) else { return false };
        place.copy_from_slice(part);
        self.length = end;
        true
    }

    /// Adds a word, a space before it unless it is the first.
    fn add_word(&mut self, word: &[u8]) -> bool {
        let before = self.length;
        let fits = (before == 0 || self.add(b" ")) && self.add(word);
        if !fits {
            self.length = before;
        }
        fits
    }

    /// A number.
    pub(super) fn of_number(number: u32) -> Self {
        let mut text = Self::empty();
        text.add(itoa::Buffer::new().format(number).as_bytes());
        text
    }

    pub(crate) fn public(&self) -> Option<Public<'_>> {
        let text = self.bytes.get(..self.length).filter(|text| !text.is_empty())?;
        Some(Public::shaped(text, CLUE_MAX, is_of_product)).filter(|text| !text.is_unreadable())
    }
}

/// What an answer says that the system is.
pub(super) fn description(pdu: &Pdu<'_>) -> Option<Text> {
    let is_it = |binding: &Binding<'_>| binding.tag == OCTET_STRING && binding.oid == Oid(DESCRIPTION);
    describe(pdu.bindings().find(is_it)?.value)
}

/// The words of a description that have the characters of a product's name, as far as there is room, but not the name of the
/// host.
pub(crate) fn describe(value: &[u8]) -> Option<Text> {
    let value = value.get(..DESCRIPTION_MAX).unwrap_or(value);
    let mut words = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let mut text = Text::empty();
    let first = words.next()?;
    if UNAME.contains(&first) {
        words.next();
    }
    for word in [first].into_iter().chain(words) {
        // "#1" of a kernel.
        let word = word.strip_prefix(b"#").unwrap_or(word);
        if !word.is_empty() && word.iter().all(|byte| is_of_product(*byte)) && !text.add_word(word) {
            break;
        }
    }
    Some(text)
}

/// Which system it is by its maker's numbers.
pub(super) fn object_id(pdu: &Pdu<'_>) -> Option<Text> {
    let is_it = |binding: &Binding<'_>| binding.tag == OBJECT_IDENTIFIER && binding.oid == Oid(OBJECT_ID);
    let value = Oid(pdu.bindings().find(is_it)?.value);
    let mut text = Text::empty();
    for arc in value.arcs() {
        let is_first = text.length == 0;
        if !(is_first || text.add(b".")) || !text.add(itoa::Buffer::new().format(arc).as_bytes()) {
            return None;
        }
    }
    Some(text)
}

/// The number of who makes an engine, in its id (RFC 3411 section 5, SnmpEngineID): the other octets are an address or text.
pub(super) fn maker(engine: &[u8]) -> Option<u32> {
    let number = wardtap_net::reader::be32_at(engine, 0)?;
    Some(number & 0x7fff_ffff).filter(|number| *number > 0)
}
