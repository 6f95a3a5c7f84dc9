//! `device` events, and how every event names a device.

use schemars::JsonSchema;
use serde::Serialize;
use wardtap_behaviour::device::{self, Devices};
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
}

impl From<&device::Device> for DeviceBody {
    fn from(device: &device::Device) -> Self {
        Self {
            id: device.id(),
            ip: device.address.to_string(),
            mac: device.mac.map(|mac| mac.to_string()),
            vlan: device.vlan,
        }
    }
}

/// The device of an address: known, or named by the address.
#[must_use]
pub fn device_body(devices: &Devices, address: Address) -> DeviceBody {
    devices.get(address).map_or_else(
        || DeviceBody { id: format!("ip:{address}"), ip: address.to_string(), mac: None, vlan: None },
        DeviceBody::from,
    )
}

/// A device was heard for the first time.
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
    /// The event of a device's first appearance.
    #[must_use]
    pub fn first(device: &device::Device) -> Self {
        Self { schema: Schema::V1, kind: DeviceType::Is, time: device.first.into(), device: device.into() }
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
