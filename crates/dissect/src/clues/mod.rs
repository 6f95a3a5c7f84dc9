//! What ends of conversations say of themselves in passing, whatever they speak: the software that greets, the maker that a
//! DHCP client names.
//!
//! A clue is read from the first octets of a segment or from one datagram; nothing is held, and what has not its standard's
//! shape is no clue. They identify systems. Names that people give to their machines (DHCP option 12, NetBIOS) are none: on a
//! hospital's network they are those of patients' phones, too.

mod dhcp;
mod greeting;

use std::borrow::Cow;

pub use dhcp::client;

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
    /// The version of the remote framebuffer protocol that a VNC server offers (RFC 6143 section 7.1.1).
    RfbVersion,
}

impl Clue {
    /// All of them.
    pub const ALL: [Self; 11] = [
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
        Self::RfbVersion,
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
            Self::RfbVersion => "rfb-version",
        }
    }

    /// True for what is said of the other end, not of who says it.
    #[must_use]
    pub const fn is_of_peer(self) -> bool {
        matches!(self, Self::TlsServerName)
    }
}

/// Octets of a segment that are looked at: what greets stands at its start.
pub const LOOKED_AT_MAX: usize = 4096;

/// Characters of a clue.
pub const CLUE_MAX: usize = 128;

/// What a segment of a stream that no dissector reads shows.
#[inline]
pub fn of_stream(bytes: &[u8], to: &mut dyn FnMut(Clue, Cow<'_, str>)) {
    let bytes = bytes.get(..LOOKED_AT_MAX).unwrap_or(bytes);
    greeting::read(bytes, to);
}

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
