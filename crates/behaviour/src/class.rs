//! Classes of device: what a device is to those who care for patients.
//!
//! A closed list, so that texts, metrics and baselines can go by it. What each class means for care stands in
//! `crates/export/src/clinical.toml`.

use std::fmt;
use std::str::FromStr;

/// A class of device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Gives drugs or fluids.
    InfusionPump,
    /// Connects infusion pumps with their server.
    PumpGateway,
    /// Watches a patient's vital signs.
    PatientMonitor,
    /// Shows many monitors' signs and alarms.
    CentralStation,
    /// Breathes for a patient.
    Ventilator,
    /// Keeps a patient under.
    AnaesthesiaMachine,
    /// Computed tomography.
    Ct,
    /// Magnetic resonance.
    Mr,
    /// Sonography.
    Ultrasound,
    /// Radiography, fluoroscopy, angiography.
    XRay,
    /// Keeps and serves images.
    ImageArchive,
    /// Shows images to those who report them.
    ReadingWorkstation,
    /// Passes messages on between systems.
    InterfaceEngine,
    /// The electronic health record.
    HealthRecord,
    /// The laboratory's system.
    LaboratorySystem,
    /// Measures samples.
    Analyser,
    /// Hands out drugs.
    PharmacyCabinet,
    /// Watches or switches medical gases.
    MedicalGasPanel,
    /// Keeps a room's air from others, or others' from it.
    PressureController,
    /// Bridges a loss of power.
    Ups,
    /// Keeps blood, or drugs, cold.
    BloodFridge,
    /// Runs the building.
    BuildingManagement,
    /// Calls nurses.
    NurseCall,
    /// Commands something; which is not known.
    Controller,
    /// Somebody's desk.
    Pc,
    /// Serves others; which is not known.
    Server,
    /// Prints.
    Printer,
    /// Carries calls.
    Phone,
    /// Passes packets on.
    NetworkDevice,
    /// Nobody has said.
    #[default]
    Unknown,
}

/// Every class with its name, and other words that people use for it.
const NAMES: [(Class, &str, &[&str]); 30] = [
    (Class::InfusionPump, "infusion-pump", &["pump", "syringe-pump", "infusion"]),
    (Class::PumpGateway, "pump-gateway", &["pump-server", "infusion-gateway"]),
    (Class::PatientMonitor, "patient-monitor", &["monitor", "bedside-monitor"]),
    (Class::CentralStation, "central-station", &["central-monitor", "monitoring-centre"]),
    (Class::Ventilator, "ventilator", &["respirator"]),
    (Class::AnaesthesiaMachine, "anaesthesia-machine", &["anesthesia-machine", "anaesthesia", "anesthesia"]),
    (Class::Ct, "ct", &["ct-scanner", "computed-tomography"]),
    (Class::Mr, "mr", &["mri", "mr-scanner", "magnetic-resonance"]),
    (Class::Ultrasound, "ultrasound", &["us", "sonography"]),
    (Class::XRay, "x-ray", &["xray", "radiography", "fluoroscopy", "angiography"]),
    (Class::ImageArchive, "image-archive", &["pacs", "archive", "vna"]),
    (Class::ReadingWorkstation, "reading-workstation", &["diagnostic-workstation", "viewer"]),
    (Class::InterfaceEngine, "interface-engine", &["integration-engine"]),
    (Class::HealthRecord, "health-record", &["ehr", "emr", "his"]),
    (Class::LaboratorySystem, "laboratory-system", &["lis", "lims"]),
    (Class::Analyser, "analyser", &["analyzer"]),
    (Class::PharmacyCabinet, "pharmacy-cabinet", &["dispensing-cabinet"]),
    (Class::MedicalGasPanel, "medical-gas-panel", &["medical-gas", "gas-panel"]),
    (Class::PressureController, "pressure-controller", &["isolation-room-controller", "room-pressure"]),
    (Class::Ups, "ups", &["uninterruptible-power-supply"]),
    (Class::BloodFridge, "blood-fridge", &["blood-refrigerator", "fridge", "refrigerator"]),
    (Class::BuildingManagement, "building-management", &["bms", "building-automation"]),
    (Class::NurseCall, "nurse-call", &[]),
    (Class::Controller, "controller", &["plc"]),
    (Class::Pc, "pc", &["workstation", "computer", "desktop", "laptop"]),
    (Class::Server, "server", &[]),
    (Class::Printer, "printer", &["label-printer", "multifunction-printer"]),
    (Class::Phone, "phone", &["telephone", "ip-phone", "handset"]),
    (Class::NetworkDevice, "network-device", &["switch", "router", "firewall", "access-point"]),
    (Class::Unknown, "unknown", &["other"]),
];

impl Class {
    /// All classes.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|&(class, ..)| class)
    }

    /// The name in files, events and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|&&(class, ..)| class == self).map_or("unknown", |&(_, name, _)| name)
    }

    /// Other words for it.
    #[must_use]
    pub fn synonyms(self) -> &'static [&'static str] {
        NAMES.iter().find(|&&(class, ..)| class == self).map_or(&[], |&(_, _, synonyms)| synonyms)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that names no class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoClass;

impl FromStr for Class {
    type Err = NoClass;

    /// By name or another word for it, whatever the case and whether words are joined by hyphens, spaces or underscores.
    fn from_str(text: &str) -> Result<Self, NoClass> {
        let word = text.trim().to_lowercase().replace([' ', '_'], "-");
        let known = |&&(_, name, synonyms): &&(Self, &str, &[&str])| name == word || synonyms.contains(&word.as_str());
        NAMES.iter().find(known).map(|&(class, ..)| class).ok_or(NoClass)
    }
}
