//! What names and texts of DNS-based service discovery say (RFC 6763).

use crate::clues::{CLUE_MAX, Clue, is_of_product};
use crate::dns::wire::{Message, Name};
use crate::public::Public;

/// Characters of a service's name with its underscore (RFC 6335 section 5.1).
const SERVICE_MAX: usize = 16;

/// Octets of "_tcp" and "_udp".
const TRANSPORT: usize = 4;

/// The service type of all service types (RFC 6763 section 9).
const ALL: &[u8] = b"_dns-sd._udp";

/// A service type, "_ipp._tcp" (RFC 6763 section 7): a word of IANA's registry, or of who makes a program. People name
/// instances, not types.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Service {
    text: [u8; SERVICE_MAX + 1 + TRANSPORT],
    length: u8,
}

impl Service {
    /// The type that a name ends with: `<Instance>.<Service>.<Domain>`, in the domain "local".
    pub(super) fn of(message: &Message<'_>, name: Name) -> Option<Self> {
        let [mut service, mut transport, mut domain]: [&[u8]; 3] = [&[]; 3];
        for label in message.labels(name) {
            (service, transport, domain) = (transport, domain, label);
        }
        let is_transport = transport.eq_ignore_ascii_case(b"_tcp") || transport.eq_ignore_ascii_case(b"_udp");
        if !is_transport || !domain.eq_ignore_ascii_case(b"local") || !is_service(service) {
            return None;
        }
        let mut text = [0; SERVICE_MAX + 1 + TRANSPORT];
        let mut length = 0u8;
        // RFC 1035 section 2.3.3: names are the same whatever their case.
        for (place, byte) in text.iter_mut().zip([service, b".", transport].into_iter().flatten()) {
            *place = byte.to_ascii_lowercase();
            length = length.saturating_add(1);
        }
        Some(Self { text, length })
    }

    pub(super) fn text(&self) -> Public<'_> {
        let text = self.text.get(..usize::from(self.length)).unwrap_or_default();
        Public::shaped(text, self.text.len(), |byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    }

    /// It stands for all of them.
    pub(super) fn is_all(&self) -> bool {
        self.text.starts_with(ALL)
    }
}

fn is_service(label: &[u8]) -> bool {
    let Some((b'_', name)) = label.split_first() else { return false };
    label.len() <= SERVICE_MAX
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
        && name.iter().any(u8::is_ascii_alphabetic)
}

/// Keys of texts whose values are names of products: device-info, HomeKit and Google Cast, printers (Bonjour Printing 1.2.1
/// section 9), AirPlay; and the version of what is in it.
const KEYS: [(&[u8], Clue); 6] = [
    (b"model", Clue::MdnsModel),
    (b"md", Clue::MdnsModel),
    (b"ty", Clue::MdnsModel),
    (b"usb_MDL", Clue::MdnsModel),
    (b"am", Clue::MdnsModel),
    (b"fv", Clue::MdnsVersion),
];

/// The clues in the data of a TXT record, `key=value` each (RFC 6763 section 6.3).
pub(super) fn clues_of<'a>(data: &'a [u8], mut each: impl FnMut(Clue, Public<'a>)) {
    let mut rest = data;
    while let Some((length, behind)) = rest.split_first() {
        let Some((text, behind)) = behind.split_at_checked(usize::from(*length)) else { return };
        rest = behind;
        let Some(end) = text.iter().position(|byte| *byte == b'=') else { continue };
        let (key, value) = text.split_at(end);
        let value = value.get(1..).unwrap_or_default();
        let known = KEYS.iter().find(|(known, _)| known.eq_ignore_ascii_case(key));
        let text = Public::shaped(value, CLUE_MAX, is_of_product);
        if let Some((_, clue)) = known
            && !value.is_empty()
            && !text.is_unreadable()
        {
            each(*clue, text);
        }
    }
}
