//! What ends of conversations say of themselves in passing: the software that greets, the maker that a DHCP client names.
//!
//! Dissectors tell them ([`MessageHandler::clue`](crate::MessageHandler::clue)); what a DHCP client says before it has an address, and
//! what neighbours on a link tell each other, is read here. What has not its standard's shape is no clue. They identify systems. Names
//! that people give to their machines (DHCP option 12, NetBIOS, LLDP) are none: on a hospital's network they are those of patients'
//! phones, too. Those that makers give are ([`names`]).

mod dhcp;
pub mod names;
mod neighbour;

use std::borrow::Cow;

pub use dhcp::client;
pub use neighbour::{cdp, lldp};

/// What kind of clue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Clue {
    /// What a DHCP client says that it is (RFC 2132 section 9.13).
    DhcpVendorClass,
    /// What a DHCP client asks for, in its order (RFC 2132 section 9.8): it differs by operating system.
    DhcpParameters,
    /// The software of an end of SSH (RFC 4253 section 4.2).
    SshSoftware,
    /// What an end of SSH offers, as HASSH.
    SshHassh,
    /// The software of a web server (RFC 9110 section 10.2.4).
    HttpServer,
    /// The software of a web client (RFC 9110 section 10.1.5).
    HttpAgent,
    /// How a TLS client offers, as JA3.
    TlsJa3,
    /// How a TLS client offers, as JA4.
    TlsJa4,
    /// What a TLS server is called by who asks it (RFC 6066 section 3).
    TlsServerName,
    /// What the certificate of a TLS server says that it is: its organisation and its host (RFC 5280 section 4.1.2.6).
    TlsSubject,
    /// What is wrong with the certificate of a TLS server: it had expired (RFC 5280 section 4.1.2.5).
    TlsCertificate,
    /// The version of the remote framebuffer protocol that a VNC server offers (RFC 6143 section 7.1.1).
    RfbVersion,
    /// What a name server says that it is, where it is asked for its version (RFC 4892 section 2).
    DnsSoftware,
    /// A type of service that an end of mDNS announces (RFC 6763 section 7).
    MdnsService,
    /// The model that an end of mDNS says that it is, in the text of a service (RFC 6763 section 6).
    MdnsModel,
    /// The version of its firmware, said there.
    MdnsVersion,
    /// What an SNMP agent says that its system is (RFC 3418, sysDescr).
    SnmpDescription,
    /// The number that its maker gave to what it is (RFC 3418, sysObjectID).
    SnmpObjectId,
    /// The number of who made an engine of SNMP version 3 (RFC 3411 section 5).
    SnmpEngine,
    /// The version of Windows that an end of SMB states where it logs in or is logged in to (MS-NLMP section 2.2.2.10).
    SmbSystem,
    /// The dialect that an SMB server chooses (MS-SMB2 section 2.2.4).
    SmbDialect,
    /// What an FTP server says when it greets (RFC 959 section 5.4, reply 220).
    FtpServer,
    /// The maker of a BACnet device, by the number that ASHRAE gave to it (ASHRAE 135 clause 16.10).
    BacnetVendor,
    /// The maker of a BACnet device by name (ASHRAE 135 clause 12.11).
    BacnetMaker,
    /// The model of a BACnet device (ASHRAE 135 clause 12.11).
    BacnetModel,
    /// The firmware of a BACnet device (ASHRAE 135 clause 12.11).
    BacnetFirmware,
    /// The version of a BACnet device's application (ASHRAE 135 clause 12.11).
    BacnetApplication,
    /// The software of a UPnP device (UPnP Device Architecture 2.0 section 1.2.2).
    SsdpServer,
    /// The types that a device announces by WS-Discovery (WS-Discovery 1.1 section 4.1).
    WsdType,
    /// The maker that a Modbus server names (APS 6.21, VendorName).
    ModbusMaker,
    /// The product that a Modbus server says that it is (APS 6.21, ProductCode).
    ModbusProduct,
    /// Its revision, said there (APS 6.21, MajorMinorRevision).
    ModbusRevision,
    /// The model that it says that it is (APS 6.21, ModelName).
    ModbusModel,
    /// What a neighbour on the link says that its system is (IEEE 802.1AB clause 8.5.7).
    LldpDescription,
    /// What a neighbour does on the network, in the words of IEEE 802.1AB table 8-4.
    LldpCapability,
    /// The maker in its inventory (ANSI/TIA-1057 section 10.2.6).
    LldpMaker,
    /// The model in its inventory.
    LldpModel,
    /// The firmware's revision in its inventory.
    LldpFirmware,
    /// The software's revision in its inventory.
    LldpSoftware,
    /// The serial number in its inventory.
    LldpSerial,
    /// The model that a speaker of CDP says that it is.
    CdpPlatform,
    /// Its software and the version of that, said there.
    CdpSoftware,
    /// What it does on the network, said there.
    CdpCapability,
    /// What a host calls itself (RFC 2132 section 3.14; RFC 1002; RFC 6762), where that is a name that its maker gave.
    HostName,
    /// It was heard without an address of IP: what its frames carry.
    LinkProtocol,
}

impl Clue {
    /// All of them.
    pub const ALL: [Self; 45] = [
        Self::DhcpVendorClass,
        Self::DhcpParameters,
        Self::SshSoftware,
        Self::SshHassh,
        Self::HttpServer,
        Self::HttpAgent,
        Self::TlsJa3,
        Self::TlsJa4,
        Self::TlsServerName,
        Self::TlsSubject,
        Self::TlsCertificate,
        Self::RfbVersion,
        Self::DnsSoftware,
        Self::MdnsService,
        Self::MdnsModel,
        Self::MdnsVersion,
        Self::SnmpDescription,
        Self::SnmpObjectId,
        Self::SnmpEngine,
        Self::SmbSystem,
        Self::SmbDialect,
        Self::FtpServer,
        Self::BacnetVendor,
        Self::BacnetMaker,
        Self::BacnetModel,
        Self::BacnetFirmware,
        Self::BacnetApplication,
        Self::SsdpServer,
        Self::WsdType,
        Self::ModbusMaker,
        Self::ModbusProduct,
        Self::ModbusRevision,
        Self::ModbusModel,
        Self::LldpDescription,
        Self::LldpCapability,
        Self::LldpMaker,
        Self::LldpModel,
        Self::LldpFirmware,
        Self::LldpSoftware,
        Self::LldpSerial,
        Self::CdpPlatform,
        Self::CdpSoftware,
        Self::CdpCapability,
        Self::HostName,
        Self::LinkProtocol,
    ];

    /// The name in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DhcpVendorClass => "dhcp-vendor-class",
            Self::DhcpParameters => "dhcp-parameters",
            Self::SshSoftware => "ssh-software",
            Self::SshHassh => "ssh-hassh",
            Self::HttpServer => "http-server",
            Self::HttpAgent => "http-user-agent",
            Self::TlsJa3 => "tls-ja3",
            Self::TlsJa4 => "tls-ja4",
            Self::TlsServerName => "tls-server-name",
            Self::TlsSubject => "tls-subject",
            Self::TlsCertificate => "tls-certificate",
            Self::RfbVersion => "rfb-version",
            Self::DnsSoftware => "dns-software",
            Self::MdnsService => "mdns-service",
            Self::MdnsModel => "mdns-model",
            Self::MdnsVersion => "mdns-version",
            Self::SnmpDescription => "snmp-description",
            Self::SnmpObjectId => "snmp-object-id",
            Self::SnmpEngine => "snmp-engine",
            Self::SmbSystem => "smb-system",
            Self::SmbDialect => "smb-dialect",
            Self::FtpServer => "ftp-server",
            Self::BacnetVendor => "bacnet-vendor",
            Self::BacnetMaker => "bacnet-maker",
            Self::BacnetModel => "bacnet-model",
            Self::BacnetFirmware => "bacnet-firmware",
            Self::BacnetApplication => "bacnet-application",
            Self::SsdpServer => "ssdp-server",
            Self::WsdType => "wsd-type",
            Self::ModbusMaker => "modbus-maker",
            Self::ModbusProduct => "modbus-product",
            Self::ModbusRevision => "modbus-revision",
            Self::ModbusModel => "modbus-model",
            Self::LldpDescription => "lldp-description",
            Self::LldpCapability => "lldp-capability",
            Self::LldpMaker => "lldp-maker",
            Self::LldpModel => "lldp-model",
            Self::LldpFirmware => "lldp-firmware",
            Self::LldpSoftware => "lldp-software",
            Self::LldpSerial => "lldp-serial",
            Self::CdpPlatform => "cdp-platform",
            Self::CdpSoftware => "cdp-software",
            Self::CdpCapability => "cdp-capability",
            Self::HostName => "host-name",
            Self::LinkProtocol => "link-protocol",
        }
    }

    /// True for what a device has one of at a time, so that another one is a change: its system, its model, its firmware. A host
    /// has many agents, offers and names of servers.
    #[must_use]
    pub const fn is_of_one(self) -> bool {
        matches!(
            self,
            Self::DhcpVendorClass
                | Self::DnsSoftware
                | Self::MdnsModel
                | Self::MdnsVersion
                | Self::SnmpDescription
                | Self::SnmpObjectId
                | Self::SmbSystem
                | Self::FtpServer
                | Self::BacnetVendor
                | Self::BacnetMaker
                | Self::BacnetModel
                | Self::BacnetFirmware
                | Self::BacnetApplication
                | Self::ModbusMaker
                | Self::ModbusProduct
                | Self::ModbusRevision
                | Self::ModbusModel
                | Self::LldpDescription
                | Self::LldpMaker
                | Self::LldpModel
                | Self::LldpFirmware
                | Self::LldpSoftware
                | Self::LldpSerial
                | Self::CdpPlatform
                | Self::CdpSoftware
                | Self::HostName
        )
    }

    /// True for what is said of the other end, not of who says it.
    #[must_use]
    pub const fn is_of_peer(self) -> bool {
        matches!(self, Self::TlsServerName)
    }
}

/// Characters of a clue.
pub const CLUE_MAX: usize = 128;

/// A clue where all of it is of these characters, and not too long.
fn shaped(clue: Clue, bytes: &[u8], allowed: fn(u8) -> bool, to: &mut dyn FnMut(Clue, Cow<'_, str>)) {
    let text = crate::public::Public::shaped(bytes, CLUE_MAX, allowed);
    if !bytes.is_empty() && !text.is_unreadable() {
        to(clue, Cow::Borrowed(text.as_str()));
    }
}

/// Characters of the names and versions of products: RFC 9110 tokens, and what stands between them and in comments. None that
/// begins an address of a person or a web page.
pub(crate) fn is_of_product(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" ./-_();,+:".contains(&byte)
}

/// Characters of a host's name (RFC 1123 section 2.1), and the underscore that is used all the same.
pub(crate) fn is_of_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._".contains(&byte)
}

#[cfg(test)]
mod tests;
