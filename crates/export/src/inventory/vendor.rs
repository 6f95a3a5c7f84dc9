//! Who made the network card of a device: the registries of the IEEE, packed, and unpacked once they are asked for.
//!
//! A table in the program's data would cost each run 6 MiB and 9 MB of program, inventory or not (docs/decisions/0021).

use std::io::Read;
use std::sync::LazyLock;

use flate2::read::GzDecoder;
use wardtap_net::address::Mac;

/// `vendors.py` makes it: a line a prefix, sorted, with a tab behind the prefix.
const PACKED: &[u8] = include_bytes!("vendors.tsv.gz");

static REGISTERED: LazyLock<Registry> = LazyLock::new(Registry::unpack);

/// Digits of the prefixes that are registered: MA-S and IAB, MA-M, MA-L and CID.
const DIGITS: [usize; 3] = [9, 7, 6];

struct Registry {
    text: String,
    /// Where each line begins.
    lines: Vec<u32>,
}

impl Registry {
    fn unpack() -> Self {
        let mut text = String::new();
        // The file is part of the program: a test reads it.
        if let Err(error) = GzDecoder::new(PACKED).read_to_string(&mut text) {
            panic!("vendors.tsv.gz: {error}");
        }
        let ends = text.bytes().zip(1u32..).filter(|(byte, _)| *byte == b'\n').map(|(_, end)| end);
        let lines = std::iter::once(0).chain(ends).take_while(|begin| (*begin as usize) < text.len()).collect();
        Self { text, lines }
    }

    fn line(&self, begin: u32) -> (&str, &str) {
        let line = self.text.get(begin as usize..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        line.split_once('\t').unwrap_or_default()
    }

    fn find(&self, prefix: &str) -> Option<&str> {
        let place = self.lines.binary_search_by(|begin| self.line(*begin).0.cmp(prefix)).ok()?;
        Some(self.line(*self.lines.get(place)?).1)
    }
}

/// Who has registered the prefix of a hardware address with the IEEE; None for addresses that are made up locally.
///
/// It names the maker of a network card, which need not be that of the device.
#[must_use]
pub fn of_mac(mac: Mac) -> Option<&'static str> {
    let is_local = mac.0.first().is_none_or(|first| first & 0b10 != 0);
    if is_local {
        return None;
    }
    let digits = mac.0.map(|octet| format!("{octet:02X}")).concat();
    DIGITS.into_iter().find_map(|length| REGISTERED.find(digits.get(..length)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_is_sorted_and_each_prefix_is_there_once() {
        let prefixes: Vec<&str> = REGISTERED.lines.iter().map(|begin| REGISTERED.line(*begin).0).collect();
        assert!(prefixes.len() > 40_000, "{}", prefixes.len());
        assert!(prefixes.is_sorted_by(|one, next| one < next));
        assert!(prefixes.iter().all(|prefix| DIGITS.contains(&prefix.len())));
    }

    #[test]
    fn a_card_is_its_makers_by_the_longest_prefix() {
        let of = |octets: [u8; 6]| of_mac(Mac(octets));
        assert_eq!(of([0x00, 0x09, 0xfb, 1, 2, 3]), Some("Philips Patient Monitoring"));
        assert_eq!(of([0x00, 0x50, 0x56, 1, 2, 3]), Some("VMware, Inc."));
        // Made up locally; a group's; registered by nobody.
        assert_eq!(of([0x02, 0x09, 0xfb, 1, 2, 3]), None);
        assert_eq!(of([0xff; 6]), None);
        // A block whose first 24 bits the registry itself holds: what is longer says whose.
        let shared = REGISTERED.lines.iter().map(|begin| REGISTERED.line(*begin)).find(|(prefix, _)| prefix.len() == 9);
        let (prefix, maker) = shared.unwrap();
        let digit = |at: usize| u8::from_str_radix(&format!("{prefix}000")[at..at + 2], 16).unwrap();
        let octets = [digit(0), digit(2), digit(4), digit(6), digit(8), digit(10)];
        assert_eq!(of(octets), Some(maker).filter(|_| octets[0] & 2 == 0));
    }
}
