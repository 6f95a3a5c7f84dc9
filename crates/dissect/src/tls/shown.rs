//! What is told of a client's offer: by TLS, and by QUIC, which carries the same message.

use wardtap_net::stream::Side;

use super::offer::Offer;
use super::wire::version_name;
use crate::MessageHandler;
use crate::clues::{CLUE_MAX, Clue, is_of_host, is_of_product};
use crate::plain::Value;
use crate::public::Public;

/// Characters of the name of a protocol inside: IANA's registry has none that is longer.
const PROTOCOL_NAME_MAX: usize = 32;

/// An offer, as it is told.
pub(crate) struct Shown<'a> {
    offer: &'a Offer<'a>,
    ja3: String,
    ja4: String,
    ciphers: Hex,
    newest: Version,
}

impl<'a> Shown<'a> {
    /// Of what is carried by TCP (`t`) or QUIC (`q`).
    pub(crate) fn of(offer: &'a Offer<'a>, carrier: char) -> Self {
        Self {
            offer,
            ja3: offer.ja3(),
            ja4: offer.ja4(carrier),
            ciphers: Hex::of(offer.suites()),
            newest: Version::of(offer.newest()),
        }
    }

    /// JA4 shows the ends of the protocol inside, letters and digits.
    fn fingerprints(&self) -> [Public<'_>; 2] {
        [&self.ja3, &self.ja4]
            .map(|text| Public::shaped(text.as_bytes(), CLUE_MAX, |byte| byte.is_ascii_alphanumeric() || byte == b'_'))
    }

    fn name(&self) -> Option<Public<'a>> {
        self.offer.name.and_then(|name| readable(name, CLUE_MAX, is_of_host))
    }

    /// Tells what shows who the client is.
    pub(crate) fn clues(&self, client: Side, to: &mut dyn MessageHandler) {
        let [ja3, ja4] = self.fingerprints();
        to.clue(client, Clue::TlsJa3, &ja3);
        to.clue(client, Clue::TlsJa4, &ja4);
        if let Some(name) = self.name() {
            to.clue(client, Clue::TlsServerName, &name);
        }
    }

    /// A digest of the cipher suites.
    pub(crate) fn ciphers(&self) -> Public<'_> {
        self.ciphers.text()
    }

    /// The fields of a message.
    pub(crate) fn fields(&self) -> [(&'static str, Value<'_>); 6] {
        let [ja3, ja4] = self.fingerprints();
        [
            ("newest", Value::Text(self.newest.text())),
            ("server_name", Value::text(self.name())),
            ("alpn", Value::text(protocol_name(self.offer.protocol))),
            ("ja3", Value::Text(ja3)),
            ("ja4", Value::Text(ja4)),
            ("resumes", flag(self.offer.resumes())),
        ]
    }
}

/// The name of a protocol inside, where it has the shape of one.
pub(super) fn protocol_name(name: &[u8]) -> Option<Public<'_>> {
    readable(name, PROTOCOL_NAME_MAX, is_of_product)
}

/// Text that has its shape, and is not empty.
fn readable(bytes: &[u8], longest: usize, allowed: fn(u8) -> bool) -> Option<Public<'_>> {
    let text = Public::shaped(bytes, longest, allowed);
    (!bytes.is_empty() && !text.is_unreadable()).then_some(text)
}

/// Yes, or nothing.
pub(super) fn flag(is_it: bool) -> Value<'static> {
    if is_it { Value::Flag(true) } else { Value::None }
}

/// A number in hexadecimal.
struct Hex(String);

impl Hex {
    fn of(number: u32) -> Self {
        Self(format!("{number:08x}"))
    }

    fn text(&self) -> Public<'_> {
        Public::shaped(self.0.as_bytes(), 8, |byte| byte.is_ascii_hexdigit())
    }
}

/// A version, by its name or as four digits.
pub(super) enum Version {
    Known(&'static str),
    Other(String),
}

impl Version {
    pub(super) fn of(version: u16) -> Self {
        version_name(version).map_or_else(|| Self::Other(format!("{version:04x}")), Self::Known)
    }

    pub(super) fn text(&self) -> Public<'_> {
        match self {
            Self::Known(name) => Public::word(name),
            Self::Other(digits) => Public::shaped(digits.as_bytes(), 4, |byte| byte.is_ascii_hexdigit()),
        }
    }
}
