//! The inventory as files: JSON, CSV, and CycloneDX for who keeps bills of materials.

use serde_json::{Value, json};
use wardtap_dissect::clues::names::WITHHELD;
use wardtap_net::packet::Timestamp;

use super::guess::Confidence;
use super::{ClassBody, FactBody, Identity, InventoryDevice, SaidBody};

/// How the inventory is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A JSON array with all that is known of each device, a line a device.
    Json,
    /// A table with a row a device, for spreadsheets. Hosts outside of the site are left out.
    Csv,
    /// A CycloneDX bill of materials: a component of type `device` each. Hosts outside of the site are left out.
    CycloneDx,
}

impl Format {
    /// That of a file, by how its name ends: `.csv`, `.cdx.json`; JSON else.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        match () {
            () if name.ends_with(".csv") => Self::Csv,
            () if name.ends_with(".cdx.json") => Self::CycloneDx,
            () => Self::Json,
        }
    }

    /// The file; `now` is how far capture time has come.
    ///
    /// # Errors
    /// None that the data can cause: what cannot be written is a mistake of ours.
    pub fn write(
        self,
        devices: &[InventoryDevice],
        now: Timestamp,
    ) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        match self {
            Self::Json => json_array(devices).map_err(Into::into),
            Self::Csv => csv_table(devices),
            Self::CycloneDx => {
                let mut file = serde_json::to_vec_pretty(&cyclonedx(devices, now))?;
                file.push(b'\n');
                Ok(file)
            }
        }
    }
}

/// A line a device: what has changed between two of them shows by line.
fn json_array(devices: &[InventoryDevice]) -> serde_json::Result<Vec<u8>> {
    let mut file = b"[".to_vec();
    for (place, device) in devices.iter().enumerate() {
        file.extend_from_slice(if place == 0 { b"\n" } else { b",\n" });
        serde_json::to_writer(&mut file, device)?;
    }
    file.extend_from_slice(b"\n]\n");
    Ok(file)
}

const COLUMNS: [&str; 26] = [
    "id",
    "name",
    "addresses",
    "mac",
    "vlan",
    "network_card",
    "vendor",
    "model",
    "class",
    "class_by",
    "confidence",
    "location",
    "roles",
    "names",
    "offers",
    "exposure",
    "listed",
    "first_seen",
    "last_seen",
    "said_vendor",
    "said_model",
    "said_firmware",
    "said_serial",
    "operating_system",
    "unheard",
    "differs_from_assets",
];

fn csv_table(devices: &[InventoryDevice]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(COLUMNS)?;
    for InventoryDevice {
        device,
        addresses,
        first_seen,
        last_seen,
        listed,
        unheard,
        roles,
        identity,
        offers,
        exposure,
        ..
    } in devices
    {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let (class, class_by, confidence) = match (device.class, &identity.class) {
            (Some(class), _) => (class, "assets", ""),
            (None, Some(ClassBody { value, confidence, .. })) => (*value, "traffic", *confidence),
            (None, None) => ("", "", ""),
        };
        let exposed = exposure.iter().map(|exposure| format!("{} {}", exposure.kind.name(), exposure.service));
        table.write_record(
            [
                device.id.clone(),
                text(&device.name),
                addresses.join(" "),
                text(&device.mac),
                device.vlan.map(|vlan| vlan.to_string()).unwrap_or_default(),
                identity.network_card.unwrap_or_default().to_owned(),
                text(&device.vendor),
                text(&device.model),
                class.to_owned(),
                class_by.to_owned(),
                confidence.to_owned(),
                text(&device.location),
                roles.join("; "),
                names(identity).map(|name| name.value.as_str()).collect::<Vec<_>>().join(" "),
                offers.iter().map(|offer| offer.service.as_str()).collect::<Vec<_>>().join(" "),
                exposed.collect::<Vec<_>>().join("; "),
                listed.to_string(),
                first_seen.as_ref().map(|time| time.as_str().to_owned()).unwrap_or_default(),
                last_seen.as_ref().map(|time| time.as_str().to_owned()).unwrap_or_default(),
                cell(&identity.vendor),
                cell(&identity.model),
                cell(&identity.firmware),
                cell(&identity.serial),
                cell(&identity.operating_system),
                unheard.to_string(),
                differing(identity).collect::<Vec<_>>().join("; "),
            ]
            .map(harmless),
        )?;
    }
    Ok(table.into_inner()?)
}

/// What a device's words say that it is; several values, the surest first, where they say several.
fn cell(facts: &[FactBody]) -> String {
    facts.iter().map(told).collect::<Vec<_>>().join("; ")
}

/// What was seen where the assets file says otherwise: which field, and what it should be by what was seen.
fn differing(identity: &Identity) -> impl Iterator<Item = String> {
    let class = identity.class.iter().filter(|class| class.differs_from_assets).map(|class| class.value.to_owned());
    let words = |facts: &[FactBody]| {
        let facts = facts.iter().filter(|fact| fact.differs_from_assets);
        facts.map(told).collect::<Vec<_>>()
    };
    let [vendor, model] = [&identity.vendor, &identity.model].map(|facts| words(facts));
    let of = |field: &'static str| move |value: String| format!("{field} {value}");
    class.map(of("class")).chain(vendor.into_iter().map(of("vendor"))).chain(model.into_iter().map(of("model")))
}

/// The names that are shown.
fn names(identity: &Identity) -> impl Iterator<Item = &SaidBody> {
    identity.names.iter().filter(|name| name.value != WITHHELD)
}

/// A value, with the versions of an operating system.
fn told(fact: &FactBody) -> String {
    let versions = fact.versions.join(", ");
    if versions.is_empty() { fact.value.clone() } else { format!("{} ({versions})", fact.value) }
}

/// What is said and nothing else contradicts, but weakly.
fn settled(facts: &[FactBody]) -> Option<&str> {
    let surest = facts.first().filter(|fact| fact.confidence != Confidence::Low.name())?;
    let rival = facts.get(1).filter(|fact| fact.disputed && fact.confidence == surest.confidence);
    rival.is_none().then_some(surest.value.as_str())
}

/// No spreadsheet takes a cell for a formula: names come from the wire.
fn harmless(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}

/// A bill of materials (CycloneDX 1.6, ECMA-424). It has no serial number: that would differ each time.
fn cyclonedx(devices: &[InventoryDevice], now: Timestamp) -> Value {
    let components: Vec<Value> = devices.iter().filter(|of| !of.outside).map(component).collect();
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": now.to_string(),
            "tools": { "components": [{ "type": "application", "name": "wardtap", "version": env!("CARGO_PKG_VERSION") }] },
        },
        "components": components,
    })
}

fn component(of: &InventoryDevice) -> Value {
    let InventoryDevice { device, addresses, identity, offers, exposure, first_seen, last_seen, unheard, .. } = of;
    let mut component = json!({
        "type": "device",
        "bom-ref": device.id,
        "name": device.name.as_ref().unwrap_or(&device.id),
    });
    let maker = device.vendor.as_deref().or(settled(&identity.vendor)).or(identity.network_card);
    if let Some(maker) = maker {
        component["manufacturer"] = json!({ "name": maker });
    }
    if let Some(firmware) = settled(&identity.firmware) {
        component["version"] = json!(firmware);
    }
    let class = device.class.or_else(|| identity.class.as_ref().map(|class| class.value));
    if let Some(class) = class {
        component["description"] = json!(class);
    }
    let mut properties: Vec<(&str, String)> = Vec::new();
    properties.extend(addresses.iter().map(|address| ("wardtap:address", address.clone())));
    properties.extend(device.mac.iter().map(|mac| ("wardtap:mac", mac.clone())));
    properties.extend(device.model.iter().map(|model| ("wardtap:model", model.clone())));
    for (name, facts) in [
        ("wardtap:said_vendor", &identity.vendor),
        ("wardtap:said_model", &identity.model),
        ("wardtap:said_firmware", &identity.firmware),
        ("wardtap:said_serial", &identity.serial),
        ("wardtap:operating_system", &identity.operating_system),
    ] {
        properties.extend(facts.iter().map(|fact| (name, told(fact))));
    }
    properties.extend(differing(identity).map(|differs| ("wardtap:differs_from_assets", differs)));
    properties.extend(names(identity).map(|name| ("wardtap:name", format!("{} {}", name.kind, name.value))));
    properties.extend(offers.iter().map(|offer| ("wardtap:offers", offer.service.clone())));
    properties.extend(
        exposure.iter().map(|exposure| ("wardtap:exposure", format!("{} {}", exposure.kind.name(), exposure.service))),
    );
    properties.extend(first_seen.iter().map(|time| ("wardtap:first_seen", time.as_str().to_owned())));
    properties.extend(last_seen.iter().map(|time| ("wardtap:last_seen", time.as_str().to_owned())));
    properties.extend(unheard.then(|| ("wardtap:unheard", "true".to_owned())));
    let properties = properties.into_iter().map(|(name, value)| json!({ "name": name, "value": value }));
    component["properties"] = properties.collect();
    component
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_says_how_it_is_written() {
        assert_eq!(Format::of("site.json"), Format::Json);
        assert_eq!(Format::of("-"), Format::Json);
        assert_eq!(Format::of("Site.CSV"), Format::Csv);
        assert_eq!(Format::of("site.cdx.json"), Format::CycloneDx);
    }

    #[test]
    fn a_spreadsheet_finds_no_formula() {
        assert_eq!(harmless("=1+1".to_owned()), "'=1+1");
        assert_eq!(harmless("CT01".to_owned()), "CT01");
    }
}
