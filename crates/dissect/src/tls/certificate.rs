//! The certificate that an end shows (RFC 5280 section 4), before TLS 1.3 in clear (RFC 5246 section 7.4.2).

use sha2::{Digest, Sha256};
use wardtap_net::hexadecimal::hexadecimal;
use wardtap_net::packet::Timestamp;
use wardtap_net::reader::Reader;
use x509_parser::certificate::X509Certificate;
use x509_parser::der_parser::oid;
use x509_parser::oid_registry::{self as known, Oid};
use x509_parser::prelude::FromDer;
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

use super::wire::{be24, body};
use crate::clues::{is_of_host, is_of_product};
use crate::public::Public;

/// Characters of a name: upper bounds of X.520 (RFC 5280 appendix A.1, ub-common-name and ub-organization-name), those of
/// organisations a little less, so that both make a clue.
const COMMON_NAME_MAX: usize = 64;
const ORGANISATION_MAX: usize = 60;

/// Digits of a fingerprint that are shown: enough to tell the certificates of a network apart.
const FINGERPRINT_DIGITS: usize = 16;

/// Bits of RSA and DSA keys that are not to be used any more below this, and of keys on elliptic curves (NIST SP 800-131A
/// revision 2 sections 3 and 5).
const RSA_BITS: usize = 2048;
const CURVE_BITS: usize = 224;

/// RFC 3279 section 2.2.3.
const ECDSA_WITH_SHA1: Oid<'_> = oid!(1.2.840.10045.4.1);

/// What a certificate says.
pub(super) struct Certificate<'a> {
    pub fingerprint: String,
    /// The same of its issuer's name.
    pub authority: String,
    pub subject: Names<'a>,
    pub issuer: Names<'a>,
    pub not_before: i64,
    pub not_after: i64,
    /// The issuer is the subject; its signature is not verified.
    pub is_self_signed: bool,
    pub key_bits: Option<u64>,
    /// A short key, or a signature over MD5 or SHA-1.
    pub is_weak: bool,
}

/// Who a certificate is of, or from.
#[derive(Clone, Copy, Default)]
pub(super) struct Names<'a> {
    pub name: Option<Public<'a>>,
    pub organisation: Option<Public<'a>>,
}

impl<'a> Names<'a> {
    /// Where they have the shape: people's names stand in certificates, too, and so do names that they give to machines.
    fn read(names: &'a X509Name<'a>, allowed: fn(u8) -> bool) -> Self {
        let shaped = |bytes: Option<&'a [u8]>, longest, allowed| {
            let text = Public::shaped(bytes?, longest, allowed);
            (!text.is_unreadable() && !text.as_str().is_empty()).then_some(text)
        };
        let value = |first: Option<&AttributeTypeAndValue<'a>>| first.map(|first| first.attr_value().data);
        Self {
            name: shaped(value(names.iter_common_name().next()), COMMON_NAME_MAX, allowed),
            organisation: shaped(value(names.iter_organization().next()), ORGANISATION_MAX, is_of_product),
        }
    }

    /// Both in one line.
    pub(super) fn line(self) -> Option<String> {
        match (self.organisation, self.name) {
            (Some(organisation), Some(name)) => Some(format!("{organisation}, {name}")),
            (Some(one), None) | (None, Some(one)) => Some(one.to_string()),
            (None, None) => None,
        }
    }
}

/// The first certificate of a message; None where there is none.
pub(super) fn leaf(message: &[u8]) -> Option<&[u8]> {
    let mut body = body(message);
    be24(&mut body)?;
    let length = be24(&mut body)?;
    body.take(length).filter(|leaf| !leaf.is_empty())
}

/// Takes a certificate apart.
pub(super) fn parse(bytes: &[u8]) -> Option<X509Certificate<'_>> {
    X509Certificate::from_der(bytes).ok().map(|(_, certificate)| certificate)
}

impl<'a> Certificate<'a> {
    /// Of one that [`parse`] gave.
    pub(super) fn of(certificate: &'a X509Certificate<'a>, bytes: &[u8]) -> Self {
        let digits = |bytes: &[u8]| {
            let mut digits = hexadecimal(&Sha256::digest(bytes));
            digits.truncate(FINGERPRINT_DIGITS);
            digits
        };
        let algorithm = &certificate.public_key().algorithm.algorithm;
        let is_curve = *algorithm == known::OID_KEY_TYPE_EC_PUBLIC_KEY;
        // Of a curve of 521 bits, coordinates fill up 66 octets.
        let bits = certificate.public_key().parsed().map_or(0, |key| key.key_size());
        let bits = if is_curve && bits == 528 { 521 } else { bits };
        let least = if is_curve { CURVE_BITS } else { RSA_BITS };
        let is_self_signed = certificate.subject().as_raw() == certificate.issuer().as_raw();
        let signed_by = &certificate.signature_algorithm.algorithm;
        let old = [
            known::OID_PKCS1_MD2WITHRSAENC,
            known::OID_PKCS1_MD4WITHRSAENC,
            known::OID_PKCS1_MD5WITHRSAENC,
            known::OID_PKCS1_SHA1WITHRSA,
            known::OID_SIG_DSA_WITH_SHA1,
            ECDSA_WITH_SHA1,
        ];
        // RFC 5280 section 4.1.2.4: the issuer of what is not self-signed is an authority, and has a name like a product's.
        let allowed = if is_self_signed { is_of_certified_host } else { is_of_product };
        Self {
            fingerprint: digits(bytes),
            authority: digits(certificate.issuer().as_raw()),
            subject: Names::read(certificate.subject(), is_of_certified_host),
            issuer: Names::read(certificate.issuer(), allowed),
            not_before: certificate.validity().not_before.timestamp(),
            not_after: certificate.validity().not_after.timestamp(),
            is_self_signed,
            key_bits: (bits > 0).then_some(bits as u64),
            is_weak: bits > 0 && bits < least || old.contains(signed_by),
        }
    }

    /// Whether it holds no more at a time.
    pub(super) fn is_expired(&self, time: Timestamp) -> bool {
        let now = i64::try_from(time.nanos() / 1_000_000_000).unwrap_or(i64::MAX);
        now > self.not_after
    }
}

/// A host's name, and what stands for some of them (RFC 6125 section 6.4.3).
fn is_of_certified_host(byte: u8) -> bool {
    is_of_host(byte) || byte == b'*'
}

/// Whether the list of certificates is empty.
pub(super) fn is_none(message: &[u8]) -> bool {
    let mut body: Reader<'_> = body(message);
    be24(&mut body) == Some(0)
}
