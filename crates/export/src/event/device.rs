//! `device` events, and how every event names a device.

use schemars::JsonSchema;
use serde::Serialize;
use wardtap_behaviour::alert::SENSOR;
use wardtap_behaviour::assets::{Asset, Assets, Criticality};
use wardtap_behaviour::class::Class;
use wardtap_behaviour::device::{self, Devices};
use wardtap_behaviour::judge::DeviceNews;
use wardtap_dissect::PROTOCOLS;
use wardtap_net::address::Address;

use super::{DeviceType, Schema, Time};

/// A device, as far as it is known.
#[derive(Clone, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct DeviceBody {
    /// `mac:…` on evidence that the MAC address is its own, else `ip:…`.
    #[schemars(regex(pattern = r"^(mac:([0-9a-f]{2}:){5}[0-9a-f]{2}|ip:[0-9a-f:.]+(@\d+)?)$"))]
    pub id: String,
    /// Its address.
    #[schemars(regex(pattern = r"^[0-9a-f:.]+$"))]
    pub ip: String,
    /// Its own MAC address, on evidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^([0-9a-f]{2}:){5}[0-9a-f]{2}$"))]
    pub mac: Option<String>,
    /// The VLAN in which it was first heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 4095))]
    pub vlan: Option<u16>,
    /// What the hospital calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who made it, as the assets file says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Which of the maker's, as the assets file says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Its class, as the assets file says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[a-z]+(-[a-z]+)*$"))]
    pub class: Option<&'static str>,
    /// Where it is, as the assets file says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// What it does for patients, as the assets file says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// What depends on it, as the assets file says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["low", "medium", "high", "life-supporting"]))]
    pub criticality: Option<&'static str>,
    /// In `device` events: the id of the older device that it proved to be, by which it goes from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^(mac:([0-9a-f]{2}:){5}[0-9a-f]{2}|ip:[0-9a-f:.]+(@\d+)?)$"))]
    pub same_as: Option<String>,
}

/// All that is known of devices: what was heard, and what the hospital says.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// The devices heard.
    pub devices: &'a Devices,
    /// What the hospital knows of its devices.
    pub assets: &'a Assets,
}

impl<'a> Known<'a> {
    /// The hospital's entry of the device of an address.
    #[must_use]
    pub fn asset(self, address: Address) -> Option<&'a Asset> {
        self.assets.of(address, self.devices.of(address).and_then(|device| device.mac))
    }

    /// The id of the device of an address.
    #[must_use]
    pub fn id(self, address: Address) -> String {
        self.devices.of(address).map_or_else(|| format!("ip:{address}"), device::Device::id)
    }

    /// The device of an address: known, or named by the address.
    #[must_use]
    pub fn body(self, address: Address) -> DeviceBody {
        let device = self.devices.of(address);
        let asset = self.asset(address);
        let said = |said: fn(&Asset) -> &str| asset.map(said).filter(|said| !said.is_empty()).map(ToOwned::to_owned);
        DeviceBody {
            id: self.id(address),
            ip: address.to_string(),
            mac: device.and_then(|device| device.mac).map(|mac| mac.to_string()),
            vlan: device.and_then(|device| device.vlan),
            name: said(|asset| &asset.name).or_else(|| (address == SENSOR).then(|| "sensor".to_owned())),
            vendor: said(|asset| &asset.vendor),
            model: said(|asset| &asset.model),
            class: asset.map(|asset| asset.class).filter(|class| *class != Class::Unknown).map(Class::name),
            location: said(|asset| &asset.location),
            function: said(|asset| &asset.function),
            criticality: asset.and_then(|asset| asset.criticality).map(Criticality::name),
            same_as: None,
        }
    }

    /// What explains a deviation, with the hospital's names for the devices where it has them.
    pub(crate) fn explanation(self, text: &str, device: Address, peer: Option<Address>) -> String {
        let mut text = text.to_owned();
        for address in [Some(device), peer].into_iter().flatten() {
            if let Some(asset) = self.asset(address).filter(|asset| !asset.name.is_empty()) {
                text = renamed(&text, &address.to_string(), &asset.name);
            }
        }
        text
    }
}

/// A text with a name in place of an address; not of a longer one that begins or ends alike.
fn renamed(text: &str, address: &str, name: &str) -> String {
    let within = |text: &str| text.starts_with(|c: char| c.is_ascii_hexdigit());
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(address) {
        let begins = before.ends_with(|c: char| c.is_ascii_hexdigit() || c == ':' || c == '.');
        // A point or colon ends a part of a sentence, unless a digit follows.
        let goes_on = within(after) || after.strip_prefix(['.', ':']).is_some_and(within);
        out.push_str(before);
        out.push_str(if begins || goes_on { address } else { name });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// A device was heard for the first time, or its identity has changed: it has a further address, its MAC address has become
/// known, or it proved to be another.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct DeviceEvent {
    /// See [`SCHEMA`].
    pub schema: Schema,
    /// `device`.
    #[serde(rename = "type")]
    pub kind: DeviceType,
    /// When.
    pub time: Time,
    /// Which.
    pub device: DeviceBody,
}

impl DeviceEvent {
    /// The event of what is new of a device.
    #[must_use]
    pub fn new(news: &DeviceNews, known: Known<'_>) -> Self {
        let mut device = known.body(news.address);
        if let Some(was) = news.was {
            let older = std::mem::replace(&mut device.id, was.to_string());
            device.same_as = Some(older);
        }
        Self { schema: Schema::V1, kind: DeviceType::Is, time: news.time.into(), device }
    }
}

/// The roles of a device, in words.
#[must_use]
pub fn roles(device: &device::Device) -> Vec<&'static str> {
    let mut roles = Vec::new();
    for (index, asks, answers) in device.roles() {
        let Some(protocol) = PROTOCOLS.get(index) else { continue };
        if answers {
            roles.push(protocol.responder_role);
        }
        if asks {
            roles.extend(protocol.requester_role);
        }
    }
    roles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_its_address_only() {
        let text = "10.0.0.1 asks 10.0.0.12, 110.0.0.1 and 10.0.0.1: a lot of 10.0.0.1.";
        assert_eq!(renamed(text, "10.0.0.1", "CT-2"), "CT-2 asks 10.0.0.12, 110.0.0.1 and CT-2: a lot of CT-2.");
    }
}
