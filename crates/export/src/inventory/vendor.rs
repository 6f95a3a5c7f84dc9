//! Who made the network card of a device.

use wardtap_net::address::Mac;

/// Who has registered the prefix of a hardware address with the IEEE; None for addresses that are made up locally.
///
/// It names the maker of a network card, which need not be that of the device.
#[must_use]
pub fn of_mac(mac: Mac) -> Option<&'static str> {
    let is_local = mac.0.first().is_none_or(|first| first & 0b10 != 0);
    if is_local {
        return None;
    }
    oui_data::lookup(&mac.to_string())
        .map(oui_data::OuiData::organization)
        .filter(|name| !name.is_empty() && *name != "Private")
}
