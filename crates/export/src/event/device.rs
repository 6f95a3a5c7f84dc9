//! `device` events, and how every event names a device.

use schemars::JsonSchema;
use serde::Serialize;
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
    /// In `device` events: the id of the older device that it proved to be, by which it goes from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^(mac:([0-9a-f]{2}:){5}[0-9a-f]{2}|ip:[0-9a-f:.]+(@\d+)?)$"))]
    pub same_as: Option<String>,
}

/// The device of an address: known, or named by the address.
#[must_use]
pub fn device_body(devices: &Devices, address: Address) -> DeviceBody {
    let device = devices.owner(address).and_then(|device| devices.get(device));
    DeviceBody {
        id: device.map_or_else(|| format!("ip:{address}"), device::Device::id),
        ip: address.to_string(),
        mac: device.and_then(|device| device.mac).map(|mac| mac.to_string()),
        vlan: device.and_then(|device| device.vlan),
        same_as: None,
    }
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
    pub fn new(news: &DeviceNews, devices: &Devices) -> Self {
        let mut device = device_body(devices, news.address);
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
            roles.push(protocol.requester_role);
        }
    }
    roles
}
