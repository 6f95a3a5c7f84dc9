//! Names that are asked for below one that somebody has registered: many of them, long and all different, may be data.
//!
//! No name leaves: digests tell whether two are the same, and are good for nothing else.

/// Characters below a registered name from which on they may hold data.
pub const BELOW_MIN: u16 = 12;

/// A name that is asked for, as digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beneath {
    /// Of the name that is registered.
    pub parent: u64,
    /// Of what stands below it.
    pub below: u64,
    /// Characters of that, without dots.
    pub octets: u16,
}

impl Beneath {
    /// Of the labels of a name, the first one first; None where too little stands below what is registered. That is taken to
    /// be the last two labels, and three where the last two are short ("co.uk", "com.au").
    #[must_use]
    pub fn of<'a>(labels: impl Iterator<Item = &'a [u8]> + Clone) -> Option<Self> {
        let count = labels.clone().count();
        let from_end = |place: usize| labels.clone().nth(count.checked_sub(place)?);
        let (last, second) = (from_end(1)?, from_end(2)?);
        // Names of addresses (RFC 1035 section 3.5) are all different by their nature.
        if last.eq_ignore_ascii_case(b"arpa") {
            return None;
        }
        let registered = if last.len() == 2 && second.len() <= 3 { 3 } else { 2 };
        let below = labels.clone().take(count.checked_sub(registered)?);
        let octets = below.clone().fold(0usize, |sum, label| sum.saturating_add(label.len()));
        let octets = u16::try_from(octets).ok().filter(|octets| *octets >= BELOW_MIN)?;
        let parent = digest(labels.skip(count.checked_sub(registered)?));
        Some(Self { parent, below: digest(below), octets })
    }
}

/// FNV-1a over lower-case labels: it only has to tell names apart, the same in every run.
fn digest<'a>(labels: impl Iterator<Item = &'a [u8]>) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut take = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    for label in labels {
        label.iter().for_each(|byte| take(byte.to_ascii_lowercase()));
        take(b'.');
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Option<Beneath> {
        let labels: Vec<&[u8]> = name.split('.').map(str::as_bytes).collect();
        Beneath::of(labels.iter().copied())
    }

    #[test]
    fn what_stands_below_a_registered_name_is_told_apart() {
        let one = of("abcdefghijkl.mn.evil.example").unwrap();
        let other = of("ABCDEFGHIJKM.mn.evil.example").unwrap();
        assert_eq!((one.parent, one.octets), (other.parent, 14));
        assert_ne!(one.below, other.below);
        assert_eq!(of("ABCDEFGHIJKL.mn.Evil.example"), Some(one), "names have no case (RFC 4343)");
        assert_ne!(of("abcdefghijkl.mn.other.example").unwrap().parent, one.parent);
    }

    #[test]
    fn what_a_country_registers_below_two_labels_is_a_parent() {
        let one = of("abcdefghijkl.trust.nhs.uk").unwrap();
        assert_eq!(one.octets, 12);
        assert_ne!(one.parent, of("abcdefghijkl.other.nhs.uk").unwrap().parent);
    }

    #[test]
    fn short_names_and_those_of_addresses_are_not_counted() {
        for name in ["www.example", "abcdefghijkl.example", "short.evil.example", "10.0.0.127.in-addr.arpa", ""] {
            assert_eq!(of(name), None, "{name}");
        }
        assert_eq!(of("0.0.0.0.0.0.0.0.0.0.0.0.0.1.ip6.arpa"), None);
    }
}
