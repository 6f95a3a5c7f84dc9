//! How a client offers what it can (RFC 8446 section 4.1.2): it hardly changes between the sessions of a program and tells
//! it from others. As JA3 (BSD 3-clause) and JA4 (the client's alone, BSD 3-clause), so that public lists can be used.

use md5::{Digest, Md5};
use sha2::Sha256;
use wardtap_net::hexadecimal::hexadecimal;
use wardtap_net::reader::Reader;

use super::wire::body;
use crate::digest::digest;

/// What is read of each list.
const LISTED_MAX: usize = 256;

/// Cipher suites that are digested.
const SUITES_MAX: usize = 128;

/// An extension (RFC 8446 section 4.2, RFC 5077, RFC 6066, RFC 7301, RFC 8422).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Extension(pub u16);

impl Extension {
    pub(super) const SERVER_NAME: Self = Self(0);
    const GROUPS: Self = Self(10);
    const POINT_FORMATS: Self = Self(11);
    const SIGNATURES: Self = Self(13);
    pub(super) const PROTOCOLS: Self = Self(16);
    const TICKET: Self = Self(35);
    pub(super) const SHARED_KEY: Self = Self(41);
    pub(super) const VERSIONS: Self = Self(43);
}

/// What a client offers.
#[derive(Default)]
pub(crate) struct Offer<'a> {
    /// As the message has it: that of 1.3 is that of 1.2.
    pub version: u16,
    pub session: &'a [u8],
    suites: &'a [u8],
    ciphers: Vec<u16>,
    extensions: Vec<u16>,
    groups: Vec<u16>,
    formats: &'a [u8],
    signatures: Vec<u16>,
    versions: Vec<u16>,
    pub name: Option<&'a [u8]>,
    /// The protocol inside that it would like best.
    pub protocol: &'a [u8],
    has_ticket: bool,
    has_shared_key: bool,
}

impl<'a> Offer<'a> {
    /// Of a whole message.
    pub(crate) fn read(message: &'a [u8]) -> Option<Self> {
        let mut hello = body(message);
        let mut offer = Self { version: hello.be16()?, ..Self::default() };
        hello.skip(32)?;
        let session = hello.u8()?;
        offer.session = hello.take(session.into())?;
        let length = hello.be16()?;
        offer.suites = hello.take(length.into())?;
        offer.ciphers = numbers(offer.suites);
        let compression = hello.u8()?;
        hello.skip(compression.into())?;
        let Some(length) = hello.be16() else { return Some(offer) };
        let mut extensions = Reader::new(hello.take(length.into())?);
        while let (Some(kind), Some(length)) = (extensions.be16(), extensions.be16()) {
            let value = extensions.take(length.into())?;
            if !is_grease(kind) && offer.extensions.len() < LISTED_MAX {
                offer.extensions.push(kind);
            }
            offer.extension(Extension(kind), value);
        }
        Some(offer)
    }

    fn extension(&mut self, kind: Extension, bytes: &'a [u8]) {
        let mut value = Reader::new(bytes);
        match kind {
            Extension::SERVER_NAME => self.name = host(value),
            Extension::GROUPS => self.groups = list(&mut value),
            Extension::POINT_FORMATS => {
                self.formats = value.u8().and_then(|length| value.take(length.into())).unwrap_or_default();
            }
            Extension::SIGNATURES => self.signatures = list(&mut value),
            Extension::PROTOCOLS => {
                let first = value.skip(2).and_then(|()| value.u8()).and_then(|length| value.take(length.into()));
                self.protocol = first.unwrap_or_default();
            }
            Extension::TICKET => self.has_ticket = !bytes.is_empty(),
            Extension::SHARED_KEY => self.has_shared_key = true,
            Extension::VERSIONS => {
                self.versions = value.u8().and_then(|length| value.take(length.into())).map_or_else(Vec::new, numbers);
            }
            _ => {}
        }
    }

    /// A digest of the cipher suites in their order.
    pub(super) fn suites(&self) -> u32 {
        let (suites, _) = self.suites.as_chunks::<2>();
        let suites = suites.iter().take(SUITES_MAX).map(|suite| u16::from_be_bytes(*suite));
        digest(suites.filter(|suite| !is_grease(*suite)).flat_map(u16::to_be_bytes))
    }

    /// The newest version that it offers.
    pub(super) fn newest(&self) -> u16 {
        self.versions.iter().max().copied().unwrap_or(self.version)
    }

    /// It would like to go on with an earlier session: by a key that both have, a ticket, or, before TLS 1.3 (whose clients
    /// always send one), the session's id.
    pub(super) fn resumes(&self) -> bool {
        self.has_shared_key || self.has_ticket || !self.session.is_empty() && self.versions.is_empty()
    }

    /// Version, cipher suites, extensions, groups and point formats, in decimal, digested by MD5.
    pub(super) fn ja3(&self) -> String {
        let formats: Vec<u16> = self.formats.iter().map(|format| u16::from(*format)).collect();
        let lists = [&self.ciphers, &self.extensions, &self.groups, &formats].map(|list| {
            let numbers: Vec<String> = list.iter().map(ToString::to_string).collect();
            numbers.join("-")
        });
        let text = format!("{},{}", self.version, lists.join(","));
        hexadecimal(&Md5::digest(text.as_bytes()))
    }

    /// JA4: `t13d1516h2_8daaf6152771_e5627efa2ab1`; the first letter says what carries it.
    pub(super) fn ja4(&self, carrier: char) -> String {
        let version = match self.newest() {
            0x0304 => "13",
            0x0303 => "12",
            0x0302 => "11",
            0x0301 => "10",
            0x0300 => "s3",
            0x0002 => "s2",
            _ => "00",
        };
        let name = if self.extensions.contains(&Extension::SERVER_NAME.0) { 'd' } else { 'i' };
        let (ciphers, extensions) = (self.ciphers.len().min(99), self.extensions.len().min(99));
        let ends = match *self.protocol {
            [first, .., last] if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() => {
                format!("{}{}", char::from(first), char::from(last))
            }
            [only] if only.is_ascii_alphanumeric() => format!("{0}{0}", char::from(only)),
            [] => "00".to_owned(),
            // Not of letters and digits: the ends of it in hexadecimal.
            [first, ..] => {
                let last = self.protocol.last().copied().unwrap_or(first);
                format!("{:x}{:x}", first >> 4, last & 0xf)
            }
        };
        let mut sorted = self.ciphers.clone();
        sorted.sort_unstable();
        let is_counted = |kind: &u16| ![Extension::SERVER_NAME, Extension::PROTOCOLS].contains(&Extension(*kind));
        let mut others: Vec<u16> = self.extensions.iter().copied().filter(is_counted).collect();
        others.sort_unstable();
        let mut rest = listed(&others);
        if !self.signatures.is_empty() {
            rest.push('_');
            rest.push_str(&listed(&self.signatures));
        }
        let none = others.is_empty();
        format!(
            "{carrier}{version}{name}{ciphers:02}{extensions:02}{ends}_{}_{}",
            shortened(&listed(&sorted), sorted.is_empty()),
            shortened(&rest, none)
        )
    }
}

/// The host of a list of names, each with its type; 0 is that of a host (RFC 6066 section 3).
fn host(mut names: Reader<'_>) -> Option<&[u8]> {
    names.skip(2)?;
    let kind = names.u8()?;
    let length = names.be16()?;
    names.take(length.into()).filter(|_| kind == 0)
}

/// A list of numbers behind its length.
fn list(value: &mut Reader<'_>) -> Vec<u16> {
    value.be16().and_then(|length| value.take(length.into())).map_or_else(Vec::new, numbers)
}

/// Twelve digits of a SHA-256, or as many zeros for nothing.
fn shortened(text: &str, is_nothing: bool) -> String {
    if is_nothing {
        return "0".repeat(12);
    }
    hexadecimal(&Sha256::digest(text.as_bytes())).chars().take(12).collect()
}

/// In hexadecimal, with commas between them.
fn listed(numbers: &[u16]) -> String {
    numbers.iter().map(|number| format!("{number:04x}")).collect::<Vec<_>>().join(",")
}

/// Numbers of two octets, without those that mean nothing.
fn numbers(bytes: &[u8]) -> Vec<u16> {
    let (pairs, _) = bytes.as_chunks::<2>();
    let numbers = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
    numbers.filter(|number| !is_grease(*number)).take(LISTED_MAX).collect()
}

/// Values that mean nothing, and differ each time (RFC 8701 section 2).
const fn is_grease(number: u16) -> bool {
    number & 0x0f0f == 0x0a0a && number >> 8 == number & 0xff
}
