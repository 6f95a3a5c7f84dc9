//! How a TLS client offers what it can (RFC 8446 section 4.1.2): it hardly changes between the sessions of a program and tells
//! it from others. As JA3 (BSD 3-clause) and JA4 (the client's alone, BSD 3-clause), so that public lists can be used.

use std::borrow::Cow;

use md5::{Digest, Md5};
use sha2::Sha256;
use wardtap_net::reader::Reader;

use super::{Clue, is_of_host, shaped};

/// Record and handshake types (RFC 8446 sections 5.1 and 4).
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;

/// Extensions (RFC 8446 section 4.2, RFC 6066, RFC 7301, RFC 8422).
const SERVER_NAME: u16 = 0;
const GROUPS: u16 = 10;
const POINT_FORMATS: u16 = 11;
const SIGNATURES: u16 = 13;
const PROTOCOLS: u16 = 16;
const VERSIONS: u16 = 43;

/// What is read of each list.
const LISTED_MAX: usize = 256;

#[derive(Default)]
struct Offer<'a> {
    version: u16,
    ciphers: Vec<u16>,
    extensions: Vec<u16>,
    groups: Vec<u16>,
    formats: &'a [u8],
    signatures: Vec<u16>,
    versions: Vec<u16>,
    name: Option<&'a [u8]>,
    protocol: &'a [u8],
}

pub(super) fn read(bytes: &[u8], to: &mut dyn FnMut(Clue, Cow<'_, str>)) {
    let Some(offer) = Offer::read(bytes) else { return };
    to(Clue::TlsJa3, Cow::Owned(offer.ja3()));
    to(Clue::TlsJa4, Cow::Owned(offer.ja4()));
    if let Some(name) = offer.name {
        shaped(Clue::TlsServerName, name, is_of_host, to);
    }
}

impl<'a> Offer<'a> {
    /// The offer that a segment begins with; None where it is something else, or cut.
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut record = Reader::new(bytes);
        if record.u8()? != HANDSHAKE || record.u8()? != 3 {
            return None;
        }
        record.skip(3)?;
        if record.u8()? != CLIENT_HELLO {
            return None;
        }
        record.skip(3)?;
        let mut offer = Self { version: record.be16()?, ..Self::default() };
        record.skip(32)?;
        let session = record.u8()?;
        record.skip(session.into())?;
        let length = record.be16()?;
        offer.ciphers = numbers(record.take(length.into())?);
        let compression = record.u8()?;
        record.skip(compression.into())?;
        let Some(length) = record.be16() else { return Some(offer) };
        let mut extensions = Reader::new(record.take(length.into())?);
        while let (Some(kind), Some(length)) = (extensions.be16(), extensions.be16()) {
            let value = extensions.take(length.into())?;
            if !is_grease(kind) && offer.extensions.len() < LISTED_MAX {
                offer.extensions.push(kind);
            }
            offer.extension(kind, value);
        }
        Some(offer)
    }

    fn extension(&mut self, kind: u16, value: &'a [u8]) {
        let mut value = Reader::new(value);
        match kind {
            SERVER_NAME => self.name = host(value),
            GROUPS => {
                self.groups = value.be16().and_then(|length| value.take(length.into())).map_or_else(Vec::new, numbers)
            }
            POINT_FORMATS => self.formats = value.u8().and_then(|length| value.take(length.into())).unwrap_or_default(),
            SIGNATURES => {
                self.signatures =
                    value.be16().and_then(|length| value.take(length.into())).map_or_else(Vec::new, numbers);
            }
            PROTOCOLS => {
                let first = value.skip(2).and_then(|()| value.u8()).and_then(|length| value.take(length.into()));
                self.protocol = first.unwrap_or_default();
            }
            VERSIONS => {
                self.versions = value.u8().and_then(|length| value.take(length.into())).map_or_else(Vec::new, numbers)
            }
            _ => {}
        }
    }

    /// Version, cipher suites, extensions, groups and point formats, in decimal, digested by MD5.
    fn ja3(&self) -> String {
        let formats: Vec<u16> = self.formats.iter().map(|format| u16::from(*format)).collect();
        let lists = [&self.ciphers, &self.extensions, &self.groups, &formats].map(|list| {
            let numbers: Vec<String> = list.iter().map(ToString::to_string).collect();
            numbers.join("-")
        });
        let text = format!("{},{}", self.version, lists.join(","));
        hexadecimal(&Md5::digest(text.as_bytes()))
    }

    /// JA4: `t13d1516h2_8daaf6152771_e5627efa2ab1`.
    fn ja4(&self) -> String {
        let version = match self.versions.iter().max().copied().unwrap_or(self.version) {
            0x0304 => "13",
            0x0303 => "12",
            0x0302 => "11",
            0x0301 => "10",
            0x0300 => "s3",
            0x0002 => "s2",
            _ => "00",
        };
        let name = if self.extensions.contains(&SERVER_NAME) { 'd' } else { 'i' };
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
        let mut others: Vec<u16> =
            self.extensions.iter().copied().filter(|kind| !matches!(*kind, SERVER_NAME | PROTOCOLS)).collect();
        others.sort_unstable();
        let mut rest = listed(&others);
        if !self.signatures.is_empty() {
            rest.push('_');
            rest.push_str(&listed(&self.signatures));
        }
        let none = others.is_empty();
        format!(
            "t{version}{name}{ciphers:02}{extensions:02}{ends}_{}_{}",
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

/// Twelve digits of a SHA-256, or as many zeros for nothing.
fn shortened(text: &str, is_nothing: bool) -> String {
    if is_nothing {
        return "0".repeat(12);
    }
    hexadecimal(&Sha256::digest(text.as_bytes())).chars().take(12).collect()
}

fn hexadecimal(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
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
