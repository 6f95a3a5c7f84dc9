//! `device` events, and how every event names a device.

use schemars::JsonSchema;
use serde::Serialize;
use wardtap_behaviour::alert::SENSOR;
use wardtap_behaviour::assets::{Asset, Assets, Criticality};
use wardtap_behaviour::class::Class;
use wardtap_behaviour::device::{self, Devices, Reworded, Words};
use wardtap_behaviour::judge::{DeviceChange, DeviceNews};
use wardtap_dissect::PROTOCOLS;
use wardtap_dissect::clues::Clue;
use wardtap_net::address::{Address, Mac};
use wardtap_net::packet::Timestamp;

use super::{DeviceType, Frame, Schema, Time};
use crate::inventory::identity::{self, Of, settled};
use crate::inventory::{Concerns, Concluded};

/// A device, as far as it is known.
#[derive(Clone, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct DeviceBody {
    /// `mac:…` on evidence that the MAC address is its own, else `ip:…`.
    #[schemars(regex(pattern = r"^(mac:([0-9a-f]{2}:){5}[0-9a-f]{2}|ip:[0-9a-f:.]+(@\d+)?)$"))]
    pub id: String,
    /// Its address; absent in the inventory where it was heard below IP alone.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(default, regex(pattern = r"^[0-9a-f:.]+$"))]
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
    /// Who made it, as the assets file says, else by its own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Which of the maker's, as the assets file says, else by its own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The version of its software, by its own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firmware: Option<String>,
    /// Its class, as the assets file says, else where what it does shows it surely (and an inventory is made).
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
    /// Which of `vendor`, `model`, `firmware` and `class` are concluded from traffic: nobody has confirmed them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub concluded: Vec<&'static str>,
    /// In `device` events: what has changed of a device that was known; absent where it was heard for the first time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub changes: Vec<ChangeBody>,
    /// In `device` events: the id of the older device that it proved to be, by which it goes from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^(mac:([0-9a-f]{2}:){5}[0-9a-f]{2}|ip:[0-9a-f:.]+(@\d+)?)$"))]
    pub same_as: Option<String>,
}

/// What has changed of a device.
#[derive(Clone, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ChangeBody {
    /// Of what it is.
    #[schemars(extend("enum" = [
        "address", "class", "firmware", "id", "mac", "model", "name", "operating_system", "role", "serial", "software", "vendor"
    ]))]
    pub field: &'static str,
    /// What it was: of `address` the id of the device that had it, of `name` one that it had before and may still have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What it is.
    pub to: String,
    /// What kind of clue or name says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[a-z]+(-[a-z0-9]+)*$"))]
    pub kind: Option<&'static str>,
    /// Messages that said so, in the minute in which the first did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages: Option<u64>,
    /// The first frame that showed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame: Option<Frame>,
    /// Of `class`: what the device does that shows it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub because: Vec<&'static str>,
}

impl ChangeBody {
    pub(crate) fn new(field: &'static str, to: impl Into<String>) -> Self {
        Self { field, from: None, to: to.into(), kind: None, messages: None, frame: None, because: Vec::new() }
    }
}

/// All that is known of devices: what was heard, and what the hospital says.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// The devices heard.
    pub devices: &'a Devices,
    /// What they say that they are.
    pub words: &'a Words,
    /// What is concluded of them.
    pub concluded: &'a Concluded,
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

    /// The device of an address: known, or named by the address, with what it says of itself where the hospital says nothing.
    #[must_use]
    pub fn body(self, address: Address) -> DeviceBody {
        let mut body = self.listed(address);
        let Some(device) = self.devices.owner(address) else { return body };
        let said = |of| settled(self.words.of(device), of);
        for (name, field, of) in [
            ("vendor", &mut body.vendor, Of::Vendor),
            ("model", &mut body.model, Of::Model),
            ("firmware", &mut body.firmware, Of::Firmware),
        ] {
            if field.is_none() {
                *field = said(of);
                body.concluded.extend(field.is_some().then_some(name));
            }
        }
        if body.class.is_none() {
            body.class = self.concluded.class(device).map(Class::name);
            body.concluded.extend(body.class.is_some().then_some("class"));
        }
        body
    }

    /// The device of an address, with what the hospital says of it alone.
    #[must_use]
    pub fn listed(self, address: Address) -> DeviceBody {
        let device = self.devices.of(address);
        let mut body = listed(self.asset(address));
        body.id = self.id(address);
        body.ip = address.to_string();
        body.mac = device.and_then(|device| device.mac).map(|mac| mac.to_string());
        body.vlan = device.and_then(|device| device.vlan);
        body.name = body.name.or_else(|| (address == SENSOR).then(|| "sensor".to_owned()));
        body
    }

    /// A device that was heard below IP alone.
    #[must_use]
    pub fn without_address(self, mac: Mac) -> DeviceBody {
        let mut body = listed(self.assets.of_mac(mac));
        (body.id, body.mac) = (format!("mac:{mac}"), Some(mac.to_string()));
        body
    }

    /// A device of the assets file that was not heard.
    #[must_use]
    pub fn unheard(self, asset: &Asset) -> DeviceBody {
        let mut body = listed(Some(asset));
        body.mac = asset.macs.first().map(ToString::to_string);
        body.ip = asset.addresses.first().map(ToString::to_string).unwrap_or_default();
        body.id = body.mac.as_ref().map_or_else(|| format!("ip:{}", body.ip), |mac| format!("mac:{mac}"));
        body
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

/// A device as the hospital knows it; nothing names it yet.
fn listed(asset: Option<&Asset>) -> DeviceBody {
    let said = |said: fn(&Asset) -> &str| asset.map(said).filter(|said| !said.is_empty()).map(ToOwned::to_owned);
    DeviceBody {
        id: String::new(),
        ip: String::new(),
        mac: None,
        vlan: None,
        name: said(|asset| &asset.name),
        vendor: said(|asset| &asset.vendor),
        model: said(|asset| &asset.model),
        firmware: None,
        class: asset.map(|asset| asset.class).filter(|class| *class != Class::Unknown).map(Class::name),
        location: said(|asset| &asset.location),
        function: said(|asset| &asset.function),
        criticality: asset.and_then(|asset| asset.criticality).map(Criticality::name),
        concluded: Vec::new(),
        changes: Vec::new(),
        same_as: None,
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
/// known, it proved to be another, says something else of itself than before, or does what it did not.
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
    /// The event of what is new of a device; `captures` are the names of the inputs.
    #[must_use]
    pub fn new(news: &DeviceNews, known: Known<'_>, captures: &[String]) -> Self {
        let mut device = known.body(news.address);
        match &news.change {
            None => {}
            Some(DeviceChange::Mac) => device.changes.extend(device.mac.clone().map(|mac| ChangeBody::new("mac", mac))),
            Some(DeviceChange::Address(from)) => {
                let mut change = ChangeBody::new("address", news.address.to_string());
                change.from = from.map(|from| known.devices.id_of(from));
                device.changes.push(change);
            }
            Some(DeviceChange::Same(was)) => {
                let older = std::mem::replace(&mut device.id, was.to_string());
                let mut change = ChangeBody::new("id", older.clone());
                change.from = Some(was.to_string());
                device.changes.push(change);
                device.same_as = Some(older);
            }
            Some(DeviceChange::Said(reworded)) => device.changes = said(reworded, captures),
            Some(DeviceChange::Role(protocol, place)) => {
                let mut change = ChangeBody::new("role", protocol.responder_role);
                change.frame = Some(Frame::of(*place, captures));
                device.changes.push(change);
            }
        }
        Self { schema: Schema::V1, kind: DeviceType::Is, time: news.time.into(), device }
    }

    /// The event of what is concluded anew of a device.
    #[must_use]
    pub fn concluded(concerns: Concerns, time: Timestamp, known: Known<'_>) -> Self {
        let mut device = known.body(concerns.address);
        device.changes = concerns.changes;
        Self { schema: Schema::V1, kind: DeviceType::Is, time: time.into(), device }
    }
}

/// What other words of a device say that has changed.
fn said(reworded: &Reworded, captures: &[String]) -> Vec<ChangeBody> {
    let Reworded { clue, from, to, count, place } = reworded;
    let told = |field, from: Option<String>, to: String| {
        let mut change = ChangeBody::new(field, to);
        change.from = from;
        change.kind = Some(clue.name());
        change.messages = Some(*count);
        change.frame = Some(Frame::of(*place, captures));
        change
    };
    let facts = Of::ALL.into_iter().filter_map(|of| {
        let [was, is] = [from, to].map(|text| identity::said(*clue, text, of));
        let is = is.filter(|is| was.as_ref() != Some(is))?;
        Some(told(of.name(), was, is))
    });
    let changes: Vec<ChangeBody> = facts.collect();
    if changes.is_empty() {
        let field = if *clue == Clue::HostName { "name" } else { "software" };
        return vec![told(field, Some(from.to_string()), to.to_string())];
    }
    changes
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
