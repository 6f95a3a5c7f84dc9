//! Addresses that are built into devices: whoever calls one does what its maker, or somebody else, had it do.

use std::sync::LazyLock;

use wardtap_net::address::Address;

/// The data file.
const DATA: &str = include_str!("call_home.tsv");

/// An address that is built into devices.
#[derive(Debug)]
pub struct BuiltIn {
    /// The address.
    pub address: Address,
    /// Which products call it.
    pub products: &'static str,
    /// Who published it.
    pub source: &'static str,
}

/// All of them. The file is part of the program and read once; a test reads it too, so that it is right.
static ALL: LazyLock<Vec<BuiltIn>> = LazyLock::new(|| lines().filter_map(read).collect());

fn lines() -> impl Iterator<Item = &'static str> {
    DATA.lines().filter(|line| !line.starts_with('#'))
}

fn read(line: &'static str) -> Option<BuiltIn> {
    let mut fields = line.split('\t');
    let (address, products, source) = (fields.next()?, fields.next()?, fields.next()?);
    Some(BuiltIn { address: address.parse::<std::net::IpAddr>().ok()?.into(), products, source })
}

/// What is known of an address.
#[inline]
#[must_use]
pub fn built_in(address: Address) -> Option<&'static BuiltIn> {
    ALL.iter().find(|known| known.address == address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_of_the_file_is_an_address_outside_with_its_products_and_a_source() {
        assert_eq!(ALL.len(), lines().count());
        for BuiltIn { address, products, source } in ALL.iter() {
            assert!(!crate::site::Site::default().is_inside(*address), "{address:?}");
            assert!(products.len() > 5 && source.len() > 10, "{address:?}");
        }
    }
}
