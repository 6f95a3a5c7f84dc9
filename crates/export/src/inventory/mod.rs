//! The inventory: which devices there are, what each is and on what evidence, what it offers, uses and exposes.

mod company;
mod conclusions;
mod exposure;
mod formats;
mod guess;
pub(crate) mod identity;
mod vendor;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;
use wardtap_behaviour::assets::{Asset, Status};
use wardtap_behaviour::class::Class;
use wardtap_behaviour::device::{Device, DeviceId};
use wardtap_behaviour::inventory::{Doing, Happened, Inventory, ServiceUse, Services};
use wardtap_behaviour::links::Service;
use wardtap_behaviour::observation::Place;
use wardtap_dissect::clues::Clue;
use wardtap_net::address::Mac;
use wardtap_net::packet::Timestamp;

use crate::event::{DeviceBody, Frame, Known, Time, roles};
use company::All;
pub use conclusions::{Concerns, Concluded};
pub use exposure::{Exposure, Kind};
pub use formats::Format;
use guess::{Guess, Shown};
use identity::{Fact, Of};
pub use vendor::of_mac;

/// A device of the inventory.
#[derive(Serialize, JsonSchema)]
pub struct InventoryDevice {
    /// As events name it.
    #[serde(flatten)]
    pub device: DeviceBody,
    /// All its addresses, the latest first; none where it was heard below IP alone.
    pub addresses: Vec<String>,
    /// When it was first heard; absent where the assets file alone has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<Time>,
    /// When it was last heard with somebody: to the minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Time>,
    /// True for a host outside of the site: a peer, not a device of the hospital.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    pub outside: bool,
    /// True where the assets file lists it.
    pub listed: bool,
    /// True where the assets file has it in service, and it was not heard.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    pub unheard: bool,
    /// What it does in the protocols that are read.
    pub roles: Vec<&'static str>,
    /// What it is, and what shows it.
    pub identity: Identity,
    /// What it answers for.
    pub offers: Vec<ServiceBody>,
    /// What it asks others for.
    pub uses: Vec<ServiceBody>,
    /// What can be misused.
    pub exposure: Vec<Exposure>,
}

/// What a device is, and what shows it.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Identity {
    /// Who has registered the prefix of its MAC address: the maker of its network card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_card: Option<&'static str>,
    /// What it is taken for, where something shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<ClassBody>,
    /// Who made it, by its own words; the surest first.
    pub vendor: Vec<FactBody>,
    /// Which product it is.
    pub model: Vec<FactBody>,
    /// The version of its own software.
    pub firmware: Vec<FactBody>,
    /// Its serial number.
    pub serial: Vec<FactBody>,
    /// What kind of operating system runs on it.
    pub operating_system: Vec<FactBody>,
    /// What it calls itself, or others call it.
    pub names: Vec<SaidBody>,
    /// What it says of its software, in passing.
    pub software: Vec<SaidBody>,
}

/// A conclusion on a device's class.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ClassBody {
    /// The class.
    #[schemars(regex(pattern = r"^[a-z]+(-[a-z]+)*$"))]
    pub value: &'static str,
    /// How sure it is.
    #[schemars(extend("enum" = ["low", "medium", "high"]))]
    pub confidence: &'static str,
    /// What shows it.
    pub evidence: Vec<SignBody>,
    /// What speaks for other classes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub conflicts: Vec<SignBody>,
    /// The assets file says otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    pub differs_from_assets: bool,
}

/// Something that speaks for a class.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct SignBody {
    /// For which.
    #[schemars(regex(pattern = r"^[a-z]+(-[a-z]+)*$"))]
    pub class: &'static str,
    /// What the device does.
    pub says: &'static str,
    /// How much it says.
    pub weight: u32,
    /// Messages that show it, where messages do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages: Option<u64>,
    /// The first frame that showed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame: Option<Frame>,
}

/// Something that a device's words say that it is.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct FactBody {
    /// What they say.
    pub value: String,
    /// Of an operating system, which version, where a clue shows it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub versions: Vec<String>,
    /// How sure it is.
    #[schemars(extend("enum" = ["low", "medium", "high"]))]
    pub confidence: &'static str,
    /// Other words say something else: see the other values.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    pub disputed: bool,
    /// The assets file says otherwise, of a vendor or model.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    pub differs_from_assets: bool,
    /// The words.
    pub evidence: Vec<SaidBody>,
}

/// Something that a device says of itself.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct SaidBody {
    /// What kind of name or clue.
    #[schemars(regex(pattern = r"^[a-z]+(-[a-z0-9]+)*$"))]
    pub kind: &'static str,
    /// What was said.
    pub value: String,
    /// Messages that said it.
    pub messages: u64,
    /// The first frame that did.
    pub frame: Frame,
}

/// A service, offered or used.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ServiceBody {
    /// Transport and port (`tcp/104`); `dynamic` stands for any port from 49152 on.
    #[schemars(regex(pattern = r"^[a-z0-9]+(/[a-z0-9]+)?$"))]
    pub service: String,
    /// What is spoken there, as far as it is read.
    pub protocols: Vec<String>,
    /// Peers inside of the site.
    pub peers: u64,
    /// Peers outside.
    pub outside_peers: u64,
    /// There were more than are told apart: both are the least that there can be.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    pub more_peers: bool,
    /// Conversations that began.
    pub conversations: u64,
    /// Octets that this device sent.
    pub bytes_sent: u64,
    /// Octets that its peers sent to it.
    pub bytes_received: u64,
    /// The minute in which it was first seen.
    pub first_seen: Time,
    /// The end of that in which it was last seen.
    pub last_seen: Time,
}

/// The kind of name that is one of a toolkit, not of a system.
const IMPLEMENTATION: &str = "implementation-class";

/// True for clues that are a system's name.
const fn is_name(clue: Clue) -> bool {
    matches!(clue, Clue::TlsServerName | Clue::TlsSubject | Clue::HostName)
}

/// What each device does, and who made its network card.
fn everything(inventory: &Inventory, known: Known<'_>) -> All {
    let maker = |id: DeviceId| known.devices.get(id).and_then(|device| of_mac(device.mac?));
    inventory.by_device(known.devices).into_iter().map(|(id, doing)| (id, (doing, maker(id)))).collect()
}

/// The class that the assets file has for a device.
fn listed(known: Known<'_>, id: DeviceId) -> Option<Class> {
    let asset = known.devices.addresses(id).find_map(|address| known.asset(address))?;
    (asset.class != Class::Unknown).then_some(asset.class)
}

/// The devices that were heard, in the order in which they were, behind them those without an address of IP, by their
/// hardware addresses, and those of the assets file that were not heard; `captures` are the names of the inputs.
#[must_use]
pub fn devices(inventory: &Inventory, known: Known<'_>, captures: &[String]) -> Vec<InventoryDevice> {
    let all = everything(inventory, known);
    let listed = |id: DeviceId| listed(known, id);
    let mut guesses = guess::classes(&all, inventory.worked(), listed, &|address| known.devices.owner(address));
    let frame = |place: Place| Frame::of(place, captures);
    let identity = |doing: &Doing, vendor: Option<&'static str>, class: Option<ClassBody>, asset: Option<&Asset>| {
        let said = |(kind, value, happened): (&'static str, String, Happened)| SaidBody {
            kind,
            value,
            messages: happened.count,
            frame: frame(happened.first),
        };
        let clues = |names: bool| {
            let is_wanted = move |clue: Clue| is_name(clue) == names && clue != Clue::TlsCertificate;
            let clues = doing.says.iter().filter(move |(clue, ..)| is_wanted(*clue));
            clues.map(|(clue, text, happened)| (clue.name(), text.to_owned(), happened))
        };
        let facts = |of: Of| facts(identity::facts(doing.says.iter(), of), said);
        let (names, software): (Vec<_>, Vec<_>) =
            guess::names(doing).into_iter().partition(|(kind, ..)| *kind != IMPLEMENTATION);
        let compared = |of: Of, said: fn(&Asset) -> &str| {
            let mut facts = facts(of);
            let listed = asset.map(said).filter(|listed| !listed.is_empty());
            for fact in &mut facts {
                fact.differs_from_assets = listed.is_some_and(|listed| identity::differ(listed, &fact.value));
            }
            facts
        };
        Identity {
            network_card: vendor,
            class,
            vendor: compared(Of::Vendor, |asset| &asset.vendor),
            model: compared(Of::Model, |asset| &asset.model),
            firmware: facts(Of::Firmware),
            serial: facts(Of::Serial),
            operating_system: facts(Of::OperatingSystem),
            names: names.into_iter().chain(clues(true)).map(said).collect(),
            software: software.into_iter().chain(clues(false)).map(said).collect(),
        }
    };
    let nothing = (Doing::default(), None);
    let heard = known.devices.iter().filter(|(_, device)| device.is_heard()).filter_map(|(id, device)| {
        let address = known.devices.address_of(id)?;
        let (doing, vendor) = all.get(&id).unwrap_or(&nothing);
        let class = guesses.remove(&id).map(|guess| class_body(&guess, listed(id), &frame));
        let asset = known.asset(address);
        Some(InventoryDevice {
            device: known.listed(address),
            addresses: known.devices.addresses(id).map(|address| address.to_string()).collect(),
            first_seen: Some(device.first.into()),
            last_seen: (doing.last > Timestamp::default()).then(|| doing.last.into()),
            outside: !inventory.site().is_inside(address),
            listed: asset.is_some(),
            unheard: false,
            roles: roles(device),
            identity: identity(doing, vendor.or_else(|| of_mac(device.mac?)), class, asset),
            offers: services(&doing.offers, true),
            uses: services(&doing.uses, false),
            exposure: exposure::of(doing, &frame),
        })
    });
    let below_ip = inventory.without_address(known.devices);
    let macs: BTreeSet<Mac> = below_ip.iter().map(|(mac, _)| *mac).collect();
    let without_address = below_ip.into_iter().map(|(mac, says)| {
        let doing = Doing::saying(says.clone());
        let asset = known.assets.of_mac(mac);
        let class = asset.map(|asset| asset.class).filter(|class| *class != Class::Unknown);
        let vendor = of_mac(mac);
        let guess = guess::by_itself(&doing, vendor, inventory.worked());
        let first = says.iter().map(|(.., happened)| happened.first.time).min().unwrap_or_default();
        InventoryDevice {
            device: known.without_address(mac),
            addresses: Vec::new(),
            first_seen: Some(first.into()),
            last_seen: None,
            outside: false,
            listed: asset.is_some(),
            unheard: false,
            roles: Vec::new(),
            identity: identity(&doing, vendor, guess.map(|guess| class_body(&guess, class, &frame)), asset),
            offers: Vec::new(),
            uses: Vec::new(),
            exposure: Vec::new(),
        }
    });
    let was_heard = |asset: &Asset| {
        let is_heard = |device: Option<&Device>| device.is_some_and(Device::is_heard);
        let of_mac = |mac: &Mac| is_heard(known.devices.with_mac(*mac).and_then(|id| known.devices.get(id)));
        asset.macs.iter().any(|mac| macs.contains(mac) || of_mac(mac))
            || asset.addresses.iter().any(|address| is_heard(known.devices.of(*address)))
    };
    let is_missed = |asset: &&Asset| asset.status == Status::InService && !was_heard(asset);
    let unheard = known.assets.iter().filter(is_missed).map(|asset| InventoryDevice {
        device: known.unheard(asset),
        addresses: asset.addresses.iter().map(ToString::to_string).collect(),
        first_seen: None,
        last_seen: None,
        outside: false,
        listed: true,
        unheard: true,
        roles: Vec::new(),
        identity: identity(&nothing.0, asset.macs.first().and_then(|mac| of_mac(*mac)), None, None),
        offers: Vec::new(),
        uses: Vec::new(),
        exposure: Vec::new(),
    });
    heard.chain(without_address).chain(unheard).collect()
}

fn facts(facts: Vec<Fact>, said: impl Fn((&'static str, String, Happened)) -> SaidBody) -> Vec<FactBody> {
    let body = |fact: Fact| FactBody {
        value: fact.value,
        versions: fact.versions,
        confidence: fact.confidence.name(),
        disputed: fact.is_disputed,
        differs_from_assets: false,
        evidence: fact.said_by.into_iter().map(|by| said((by.kind, by.text, by.happened))).collect(),
    };
    facts.into_iter().map(body).collect()
}

fn class_body(guess: &Guess, listed: Option<Class>, frame: &impl Fn(Place) -> Frame) -> ClassBody {
    let sign = |shown: &Shown| SignBody {
        class: shown.class.name(),
        says: shown.says,
        weight: shown.weight,
        messages: shown.happened.map(|happened| happened.count),
        frame: shown.happened.map(|happened| frame(happened.first)),
    };
    ClassBody {
        value: guess.class.name(),
        confidence: guess.confidence.name(),
        evidence: guess.shown_by.iter().map(sign).collect(),
        conflicts: guess.against.iter().map(sign).collect(),
        differs_from_assets: listed.is_some_and(|listed| listed != guess.class),
    }
}

fn services(services: &Services, offers: bool) -> Vec<ServiceBody> {
    let body = |(service, used): (&Service, &ServiceUse)| {
        let [asked, answered] = used.bytes;
        let (bytes_sent, bytes_received) = if offers { (answered, asked) } else { (asked, answered) };
        ServiceBody {
            service: service.to_string(),
            protocols: used.protocols.iter().map(ToString::to_string).collect(),
            peers: used.inside.len() as u64,
            outside_peers: used.outside.len() as u64,
            more_peers: used.inside.more || used.outside.more,
            conversations: used.conversations,
            bytes_sent,
            bytes_received,
            first_seen: used.first.into(),
            last_seen: used.last.into(),
        }
    };
    services.iter().map(body).collect()
}
